//! Purpose: jobs and timers as JSON.

use crate::{
    access::{self, Area, GuildAccess, May},
    ctx::Ctx,
    error::{Error, Result},
    outbox::{
        people::{self, Cursor},
        store::OpenRow,
    },
    registry, time,
    watch::{Due, Progress},
    web::{
        Request, Response,
        description::{Changing, Guarded, IdempotencyKey, Snowflake, Time},
        once,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

/// A message that did not go out.
#[derive(Serialize, ToSchema)]
struct Job {
    id: String,
    #[schema(value_type = JobState)]
    state: String,
    what: &'static str,
    /// How the message begins.
    preview: String,
    /// Empty for edits; `@` and an id for a private message.
    channel_id: String,
    attempts: i64,
    #[schema(value_type = Time)]
    created_at: String,
    /// When it is tried again; null for what waits for a person.
    #[schema(value_type = Option<Time>)]
    next_at: Option<String>,
    /// What Discord said.
    error: Option<String>,
}

/// Messages of one state, newest first.
#[derive(Serialize, ToSchema)]
struct JobList {
    #[schema(value_type = JobState)]
    state: &'static str,
    jobs: Vec<Job>,
    /// For `cursor`; null at the end.
    next_cursor: Option<String>,
}

/// What is late, and what takes long.
#[derive(Serialize, ToSchema)]
struct Timers {
    /// Rows whose time passed a minute ago or more; at most 50.
    late: Vec<LateTimer>,
    work: Vec<Work>,
}

/// A row whose time has come and which was not looked at.
#[derive(Serialize, ToSchema)]
struct LateTimer {
    /// In words.
    what: String,
    feature: String,
    id: String,
    #[schema(value_type = Time)]
    due_at: String,
}

/// Work that takes many steps.
#[derive(Serialize, ToSchema)]
struct Work {
    what: &'static str,
    done: u64,
    /// 0 when it is not known.
    total: u64,
    #[schema(value_type = Time)]
    started_at: String,
}

/// What became of a decision.
#[derive(Serialize, ToSchema)]
struct Decided {
    /// False when somebody else decided already.
    is_done: bool,
}

/// How a message is closed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Close {
    /// Link or id of the message, when it did arrive.
    #[serde(default)]
    message: String,
}

pub async fn on_request(ctx: &Ctx, request: &Request) -> Result<Option<Response>> {
    let segments = request.segments();
    let ["guilds", guild, rest @ ..] = &segments[..] else { return Ok(None) };
    let may = match (request.method.as_str(), rest) {
        ("GET", ["jobs"] | ["timers"]) => May::View,
        ("POST", ["jobs", _, "retry" | "close"]) => May::Manage,
        _ => return Ok(None),
    };
    let access = access::enter(ctx, request, guild).await?;
    access.require(ctx, Area::Jobs, may)?;
    let response = match rest {
        ["timers"] => get_timers(ctx, &access).await?,
        ["jobs", id, "retry"] => retry_job(ctx, request, &access, id).await?,
        ["jobs", id, _] => close_job(ctx, request, &access, id).await?,
        _ => list_jobs(ctx, request, &access).await?,
    };
    Ok(Some(response))
}

/// What is late, and work that takes long.
#[utoipa::path(
    get,
    path = "/api/v1/guilds/{guild}/timers",
    tag = "Jobs and timers",
    params(("guild" = Snowflake, Path)),
    responses((status = 200, body = Timers), Guarded),
    security(("key" = []))
)]
async fn get_timers(ctx: &Ctx, access: &GuildAccess) -> Result<Response> {
    let late = super::late(ctx, access).await?.into_iter().map(late_timer).collect();
    let work = registry::progress(ctx, access.guild).await?.into_iter().map(work).collect();
    Response::of(200, &Timers { late, work })
}

fn late_timer(due: Due) -> LateTimer {
    let timer = due.timer;
    LateTimer { what: due.what, feature: timer.feature, id: timer.id, due_at: time::rfc3339(timer.due_at) }
}

fn work(progress: Progress) -> Work {
    let Progress { what, done, total, started_at } = progress;
    Work { what, done, total, started_at: time::rfc3339(started_at) }
}

/// Messages that did not go out, 25 at once.
#[utoipa::path(
    get,
    path = "/api/v1/guilds/{guild}/jobs",
    tag = "Jobs and timers",
    params(
        ("guild" = Snowflake, Path),
        ("state" = Option<JobState>, Query, description = "`held` unless given"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, body = JobList), Guarded),
    security(("key" = []))
)]
async fn list_jobs(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let state = request.param("state").unwrap_or("held");
    let Some(state) = people::STATES.into_iter().find(|known| *known == state) else {
        return Err(Error::user("The state is held, failed or pending."));
    };
    let from = request.cursor(Cursor::parse)?.unwrap_or_else(Cursor::start);
    let (rows, next) = people::list(ctx, access.guild, state, &from).await?;
    let jobs = rows.into_iter().map(job).collect();
    Response::of(200, &JobList { state, jobs, next_cursor: next.map(|next| next.text()) })
}

/// Sends a refused or held message again; whether it did arrive is looked up first.
#[utoipa::path(
    post,
    path = "/api/v1/guilds/{guild}/jobs/{job}/retry",
    tag = "Jobs and timers",
    params(
        ("guild" = Snowflake, Path),
        ("job" = String, Path),
        ("Idempotency-Key" = Option<IdempotencyKey>, Header),
    ),
    responses((status = 200, body = Decided), Changing),
    security(("key" = []))
)]
async fn retry_job(ctx: &Ctx, request: &Request, access: &GuildAccess, id: &str) -> Result<Response> {
    let author = access.author(&once::cause(ctx, request));
    Response::of(200, &Decided { is_done: people::retry(ctx, &author, id).await? })
}

/// Nothing more is tried. With a link to the message, what hangs on it goes on as if it had been delivered.
#[utoipa::path(
    post,
    path = "/api/v1/guilds/{guild}/jobs/{job}/close",
    tag = "Jobs and timers",
    params(
        ("guild" = Snowflake, Path),
        ("job" = String, Path),
        ("Idempotency-Key" = Option<IdempotencyKey>, Header),
    ),
    request_body = Close,
    responses((status = 200, body = Decided), Changing),
    security(("key" = []))
)]
async fn close_job(ctx: &Ctx, request: &Request, access: &GuildAccess, id: &str) -> Result<Response> {
    let close: Close = request.json()?;
    let author = access.author(&once::cause(ctx, request));
    Response::of(200, &Decided { is_done: people::close(ctx, &author, id, close.message.trim()).await? })
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

/// What became of a message.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "a name for the API's description")]
enum JobState {
    /// Tried again by itself.
    Pending,
    /// Discord refused it.
    Failed,
    /// Nobody knows whether it arrived.
    Held,
}

#[derive(OpenApi)]
#[openapi(paths(get_timers, list_jobs, retry_job, close_job))]
pub struct Description;
