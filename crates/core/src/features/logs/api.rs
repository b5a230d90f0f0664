//! Purpose: the logs as JSON, by pages with a cursor.

use super::{list, read};
use crate::{
    access::{self, Area, May},
    ctx::Ctx,
    error::{Error, Result},
    time,
    watch::LogLine,
    web::{Request, Response},
};
use serde::Serialize;

/// One line of a log.
#[derive(Serialize)]
struct Line {
    at: String,
    /// Who did it; null for Muster itself.
    actor_id: Option<String>,
    source: String,
    action: String,
    target: String,
    before: Option<String>,
    after: Option<String>,
}

#[derive(Serialize)]
struct Log {
    kind: &'static str,
    /// Newest first. With a filter there may be fewer than fit, or none, while `next` goes on.
    lines: Vec<Line>,
    /// For `cursor`; null at the end.
    next: Option<String>,
}

pub async fn on_request(ctx: &Ctx, request: &Request) -> Result<Option<Response>> {
    let ("GET", ["guilds", guild, "logs"]) = (request.method.as_str(), &request.segments()[..]) else {
        return Ok(None);
    };
    let access = access::enter(ctx, request, guild).await?;
    access.require(ctx, Area::Logs, May::View)?;
    let (asked, errors) = read(request);
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    let (lines, next) = list(ctx, &access, &asked).await?;
    let line = |line: LogLine| Line {
        at: time::rfc3339(line.at),
        actor_id: line.actor_id,
        source: line.source,
        action: line.action,
        target: line.target,
        before: line.before,
        after: line.after,
    };
    let log = Log { kind: asked.kind.name(), lines: lines.into_iter().map(line).collect(), next };
    Response::of(200, &log).map(Some)
}
