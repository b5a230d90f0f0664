//! Purpose: jobs and timers as JSON.

use crate::{
    access::{self, Area, May},
    ctx::Ctx,
    error::{Error, Result},
    outbox::{
        people::{self, Cursor},
        store::OpenRow,
    },
    registry, time,
    watch::{Due, Progress},
    web::{Request, Response},
};
use serde::{Deserialize, Serialize};

/// A message that did not go out.
#[derive(Serialize)]
struct Job {
    id: String,
    /// `pending`, `failed` or `held`.
    state: String,
    what: &'static str,
    /// How the message begins.
    preview: String,
    /// Empty for edits; `@` and an id for a private message.
    channel_id: String,
    attempts: i64,
    created_at: String,
    next_at: Option<String>,
    error: Option<String>,
}

#[derive(Serialize)]
struct JobList {
    state: &'static str,
    jobs: Vec<Job>,
    /// For `cursor`; null at the end.
    next: Option<String>,
}

#[derive(Serialize)]
struct Timers {
    late: Vec<Due>,
    work: Vec<Progress>,
}

/// What became of a decision.
#[derive(Serialize)]
struct Decided {
    /// False when somebody else decided already.
    is_done: bool,
}

/// How a message is closed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Close {
    /// Link or id of the message, when it did arrive.
    #[serde(default)]
    message: String,
}

pub async fn on_request(ctx: &Ctx, request: &Request) -> Result<Option<Response>> {
    let segments = request.segments();
    let ["guilds", guild, rest @ ..] = &segments[..] else { return Ok(None) };
    let (method, may) = match (request.method.as_str(), rest) {
        ("GET", ["jobs"] | ["timers"]) => ("GET", May::View),
        ("POST", ["jobs", _, "retry" | "close"]) => ("POST", May::Manage),
        _ => return Ok(None),
    };
    let access = access::enter(ctx, request, guild).await?;
    access.require(ctx, Area::Jobs, may)?;
    if method == "GET" {
        if *rest == ["timers"] {
            let late = super::late(ctx, &access).await?;
            let work = registry::progress(ctx, access.guild).await?;
            return Response::of(200, &Timers { late, work }).map(Some);
        }
        return list(ctx, request, &access).await.map(Some);
    }
    let author = access.author(&once(ctx, request));
    let is_done = match rest {
        ["jobs", id, "retry"] => people::retry(ctx, &author, id).await?,
        ["jobs", id, _] => {
            let close: Close = request.json()?;
            people::close(ctx, &author, id, close.message.trim()).await?
        }
        _ => return Ok(None),
    };
    Response::of(200, &Decided { is_done }).map(Some)
}

/// The key that the caller names the request by, or one of ours.
fn once(ctx: &Ctx, request: &Request) -> String {
    request.header("idempotency-key").map_or_else(|| ctx.random_hex(8), str::to_owned)
}

async fn list(ctx: &Ctx, request: &Request, access: &access::GuildAccess) -> Result<Response> {
    let state = request.param("state").unwrap_or("held");
    let Some(state) = people::STATES.into_iter().find(|known| *known == state) else {
        return Err(Error::user("The state is held, failed or pending."));
    };
    let from = match request.param("cursor") {
        None => Cursor::start(),
        Some(text) => Cursor::parse(text).ok_or_else(|| Error::user("Use the cursor as `next` gave it."))?,
    };
    let (rows, next) = people::list(ctx, access.guild, state, &from).await?;
    let jobs = rows.into_iter().map(job).collect();
    Response::of(200, &JobList { state, jobs, next: next.map(|next| next.text()) })
}

fn job(row: OpenRow) -> Job {
    Job {
        what: people::name(&row),
        preview: people::preview(&row),
        created_at: time::rfc3339(row.created_at),
        next_at: (row.state == "pending").then(|| time::rfc3339(row.next_at)),
        id: row.id,
        state: row.state,
        channel_id: row.channel_id,
        attempts: row.attempts,
        error: row.error,
    }
}
