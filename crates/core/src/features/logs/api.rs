//! Purpose: the logs as JSON, by pages with a cursor.

use super::{list, read};
use crate::{
    access::{self, Area, May},
    ctx::Ctx,
    error::{Error, Result},
    time,
    watch::LogLine,
    web::{
        Request, Response,
        description::{Filtered, Snowflake, Time},
    },
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

/// One line of a log.
#[derive(Serialize, ToSchema)]
struct LogEntry {
    #[schema(value_type = Time)]
    at: String,
    /// Who did it; null for Muster itself.
    #[schema(value_type = Option<Snowflake>)]
    actor_id: Option<String>,
    source: String,
    action: String,
    target: String,
    before: Option<String>,
    after: Option<String>,
}

/// A page of a log.
#[derive(Serialize, ToSchema)]
struct Log {
    #[schema(value_type = LogKind)]
    kind: &'static str,
    /// Newest first. With a filter there may be fewer than fit, or none, while `next_cursor` goes on.
    lines: Vec<LogEntry>,
    /// For `cursor`; null at the end.
    next_cursor: Option<String>,
}

pub async fn on_request(ctx: &Ctx, request: &Request) -> Result<Option<Response>> {
    match (request.method.as_str(), &request.segments()[..]) {
        ("GET", ["guilds", guild, "logs"]) => get_logs(ctx, request, guild).await.map(Some),
        _ => Ok(None),
    }
}

/// One of the logs, newest first, at most 50 lines at once.
#[utoipa::path(
    get,
    path = "/api/v1/guilds/{guild}/logs",
    tag = "Logs",
    params(
        ("guild" = Snowflake, Path),
        ("kind" = Option<LogKind>, Query, description = "`changes` unless given"),
        ("person" = Option<Snowflake>, Query, description = "What this person did"),
        ("action" = Option<String>, Query),
        ("source" = Option<String>, Query, description = "`discord`, `dashboard` or `api`"),
        ("text" = Option<String>, Query, description = "Found in what was changed, before and after"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, body = Log), Filtered),
    security(("key" = []))
)]
async fn get_logs(ctx: &Ctx, request: &Request, guild: &str) -> Result<Response> {
    let access = access::enter(ctx, request, guild).await?;
    access.require(ctx, Area::Logs, May::View)?;
    let (asked, errors) = read(request);
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    let (lines, next_cursor) = list(ctx, &access, &asked).await?;
    let line = |line: LogLine| LogEntry {
        at: time::rfc3339(line.at),
        actor_id: line.actor_id,
        source: line.source,
        action: line.action,
        target: line.target,
        before: line.before,
        after: line.after,
    };
    let log = Log { kind: asked.kind.name(), lines: lines.into_iter().map(line).collect(), next_cursor };
    Response::of(200, &log)
}

/// Which log.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "a name for the API's description")]
enum LogKind {
    /// Settings and what else people changed.
    Changes,
    Giveaways,
    /// What was refused for a missing right.
    Attempts,
    /// Messages that did not go out.
    Jobs,
}

#[derive(OpenApi)]
#[openapi(paths(get_logs))]
pub struct Description;
