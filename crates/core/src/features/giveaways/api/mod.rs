//! Purpose: giveaways as JSON: listed, started, changed and drawn by programs, by the rules of the pages and commands.

pub mod proof;
mod types;

use super::{
    actions::{self, Change},
    begin,
    pages::{self, begin_as, plain},
    store::{self, EntryRow, Giveaway},
};
use crate::{
    access::{self, Area, GuildAccess, May, parse_id},
    audit::{self, Author},
    ctx::Ctx,
    error::{Error, FieldError, Result},
    guild_config,
    text::clean_line,
    web::{
        Request, Response,
        description::{Changing, Guarded, IdempotencyKey, Snowflake},
        once, problem,
    },
};
use twilight_model::id::marker::UserMarker;
use types::{
    BONUSES, Cancel, Entrant, EntrantList, GiveawayEdit, GiveawayList, NewGiveaway, Pause, Reroll, Shown, path_of,
};
use utoipa::{OpenApi, ToSchema};

pub async fn on_request(ctx: &Ctx, request: &Request) -> Result<Option<Response>> {
    let segments = request.segments();
    let (guild, rest) = match &segments[..] {
        ["giveaways", id, "proof"] => return proof::get_proof(ctx, request, id).await.map(Some),
        ["guilds", guild, "giveaways", rest @ ..] => (guild, rest),
        _ => return Ok(None),
    };
    let may = match (request.method.as_str(), rest) {
        ("GET", [] | [_] | [_, "entrants"]) => May::View,
        ("POST", [] | [_, "pause" | "resume" | "end" | "cancel" | "reroll"]) | ("PATCH", [_]) => May::Manage,
        _ => return Ok(None),
    };
    let access = access::enter(ctx, request, guild).await?;
    access.require(ctx, Area::Giveaways, may)?;
    let response = match (may, rest) {
        (May::View, []) => list_giveaways(ctx, request, &access).await?,
        (May::View, [id]) => get_giveaway(ctx, &access, id).await?,
        (May::View, [id, ..]) => list_entrants(ctx, request, &access, id).await?,
        (May::Manage, []) => start_giveaway(ctx, request, &access).await?,
        (May::Manage, [id]) => edit_giveaway(ctx, request, &access, id).await?,
        (May::Manage, [id, act, ..]) => {
            let change = match *act {
                "pause" => pause_giveaway(ctx, request),
                "cancel" => cancel_giveaway(request),
                "reroll" => reroll_giveaway(request),
                "resume" => Ok(resume_giveaway()),
                _ => Ok(end_giveaway()),
            };
            carry_out(ctx, request, &access, id, &change?).await?
        }
    };
    Ok(Some(response))
}

/// Giveaways that run or are over, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/guilds/{guild}/giveaways",
    tag = "Giveaways",
    params(
        ("guild" = Snowflake, Path),
        ("show" = Option<ShowName>, Query, description = "`open` unless given"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "25 unless given"),
    ),
    responses((status = 200, body = GiveawayList), Guarded),
    security(("key" = []))
)]
async fn list_giveaways(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let is_over = match request.param("show") {
        None | Some("open") => false,
        Some("over") => true,
        Some(_) => return Err(Error::user("Show is open or over.")),
    };
    let after = request.cursor(pages::parse_cursor)?.unwrap_or(pages::NEWEST_FIRST);
    let (giveaways, next_cursor) = pages::page_of(ctx, access, is_over, after, request.limit(25)?).await?;
    let giveaways = giveaways.into_iter().map(|giveaway| Shown::new(giveaway, None)).collect();
    Response::of(200, &GiveawayList { giveaways, next_cursor })
}

/// One giveaway, with who was picked.
#[utoipa::path(
    get,
    path = "/api/v1/guilds/{guild}/giveaways/{giveaway}",
    tag = "Giveaways",
    params(("guild" = Snowflake, Path), ("giveaway" = String, Path)),
    responses((status = 200, body = Shown), Guarded),
    security(("key" = []))
)]
async fn get_giveaway(ctx: &Ctx, access: &GuildAccess, id: &str) -> Result<Response> {
    let giveaway = pages::find(ctx, access, id).await?;
    show(ctx, 200, giveaway).await
}

async fn show(ctx: &Ctx, status: u16, giveaway: Giveaway) -> Result<Response> {
    let picks = ctx.query(store::list_picks(&giveaway.id)).await?.all()?;
    Response::of(status, &Shown::new(giveaway, Some(picks)))
}

/// Who is in.
#[utoipa::path(
    get,
    path = "/api/v1/guilds/{guild}/giveaways/{giveaway}/entrants",
    tag = "Giveaways",
    params(
        ("guild" = Snowflake, Path),
        ("giveaway" = String, Path),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "100 unless given"),
    ),
    responses((status = 200, body = EntrantList), Guarded),
    security(("key" = []))
)]
async fn list_entrants(ctx: &Ctx, request: &Request, access: &GuildAccess, id: &str) -> Result<Response> {
    let limit = request.limit(100)?;
    let after = request.cursor(parse_id::<UserMarker>)?.map_or_else(String::new, |user| user.to_string());
    let giveaway = pages::find(ctx, access, id).await?;
    let rows = store::list_entrants_after(access.guild, &giveaway.id, &after, limit as u32 + 1);
    let mut rows: Vec<EntryRow> = ctx.query(rows).await?.all()?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = rows.last().filter(|_| has_more).map(|row| row.user_id.clone());
    Response::of(200, &EntrantList { entrants: rows.into_iter().map(Entrant::new).collect(), next_cursor })
}

/// Starts a giveaway and announces it.
#[utoipa::path(
    post,
    path = "/api/v1/guilds/{guild}/giveaways",
    tag = "Giveaways",
    params(("guild" = Snowflake, Path), ("Idempotency-Key" = Option<IdempotencyKey>, Header)),
    request_body = NewGiveaway,
    responses((status = 201, body = Shown), Changing),
    security(("key" = []))
)]
async fn start_giveaway(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let new: NewGiveaway = request.json()?;
    if new.bonuses() > BONUSES {
        return Err(begin::at("requirements.bonus", "At most two roles give more entries."));
    }
    let author = author(ctx, request, access);
    let config = guild_config::fresh(ctx, access.guild).await?;
    let begun = match pages::read_wish(ctx, access, config.config(), &new.form()) {
        Ok(wish) => begin_as(ctx, access, &author, config.config(), wish).await,
        Err(errors) => Err(Error::Invalid(errors)),
    };
    match begun {
        Ok(giveaway) => show(ctx, 201, giveaway).await,
        Err(error) => refuse(ctx, access, error),
    }
}

/// Changes a running giveaway. What is the same already changes nothing.
#[utoipa::path(
    patch,
    path = "/api/v1/guilds/{guild}/giveaways/{giveaway}",
    tag = "Giveaways",
    params(("guild" = Snowflake, Path), ("giveaway" = String, Path)),
    request_body = GiveawayEdit,
    responses((status = 200, body = Shown), Changing),
    security(("key" = []))
)]
async fn edit_giveaway(ctx: &Ctx, request: &Request, access: &GuildAccess, id: &str) -> Result<Response> {
    let edit: GiveawayEdit = request.json()?;
    let giveaway = pages::find(ctx, access, id).await?;
    let config = guild_config::fresh(ctx, access.guild).await?;
    let form = edit.form(pages::prefilled(&giveaway));
    match pages::read_edits(ctx, config.config(), &giveaway, &form) {
        Ok(edits) if edits == actions::Edits::default() => show(ctx, 200, giveaway).await,
        Ok(edits) => carry_out(ctx, request, access, id, &Change::Edit(edits)).await,
        Err(errors) => refuse(ctx, access, Error::Invalid(errors)),
    }
}

/// Stops the clock; nobody can enter meanwhile.
#[utoipa::path(
    post,
    path = "/api/v1/guilds/{guild}/giveaways/{giveaway}/pause",
    tag = "Giveaways",
    params(
        ("guild" = Snowflake, Path),
        ("giveaway" = String, Path),
        ("Idempotency-Key" = Option<IdempotencyKey>, Header),
    ),
    request_body = Pause,
    responses((status = 200, body = Shown), Changing),
    security(("key" = []))
)]
fn pause_giveaway(ctx: &Ctx, request: &Request) -> Result<Change> {
    let Pause { seconds } = request.json()?;
    let until = seconds.map(|seconds| begin::parse_pause(&format!("{seconds}s"), ctx.now())).transpose();
    Ok(Change::Pause { until: until.map_err(|_| begin::at("seconds", "Pause it for 1 second up to a year."))? })
}

/// Lets a paused giveaway go on with the time that was left.
#[utoipa::path(
    post,
    path = "/api/v1/guilds/{guild}/giveaways/{giveaway}/resume",
    tag = "Giveaways",
    params(
        ("guild" = Snowflake, Path),
        ("giveaway" = String, Path),
        ("Idempotency-Key" = Option<IdempotencyKey>, Header),
    ),
    responses((status = 200, body = Shown), Changing),
    security(("key" = []))
)]
fn resume_giveaway() -> Change {
    Change::Resume
}

/// Ends a giveaway now, and draws. With too few entrants it is extended or cancelled instead, as it says.
#[utoipa::path(
    post,
    path = "/api/v1/guilds/{guild}/giveaways/{giveaway}/end",
    tag = "Giveaways",
    params(
        ("guild" = Snowflake, Path),
        ("giveaway" = String, Path),
        ("Idempotency-Key" = Option<IdempotencyKey>, Header),
    ),
    responses((status = 200, body = Shown), Changing),
    security(("key" = []))
)]
fn end_giveaway() -> Change {
    Change::End
}

/// Calls a giveaway off; nobody wins.
#[utoipa::path(
    post,
    path = "/api/v1/guilds/{guild}/giveaways/{giveaway}/cancel",
    tag = "Giveaways",
    params(
        ("guild" = Snowflake, Path),
        ("giveaway" = String, Path),
        ("Idempotency-Key" = Option<IdempotencyKey>, Header),
    ),
    request_body = Cancel,
    responses((status = 200, body = Shown), Changing),
    security(("key" = []))
)]
fn cancel_giveaway(request: &Request) -> Result<Change> {
    let Cancel { reason } = request.json()?;
    Ok(Change::Cancel { reason: clean_line(&reason, 300) })
}

/// Draws a prize of an ended giveaway again, or all that were not claimed.
#[utoipa::path(
    post,
    path = "/api/v1/guilds/{guild}/giveaways/{giveaway}/reroll",
    tag = "Giveaways",
    params(
        ("guild" = Snowflake, Path),
        ("giveaway" = String, Path),
        ("Idempotency-Key" = Option<IdempotencyKey>, Header),
    ),
    request_body = Reroll,
    responses((status = 200, body = Shown), Changing),
    security(("key" = []))
)]
fn reroll_giveaway(request: &Request) -> Result<Change> {
    let Reroll { winner_id } = request.json()?;
    Ok(Change::Reroll { winner: winner_id })
}

async fn carry_out(ctx: &Ctx, request: &Request, access: &GuildAccess, id: &str, change: &Change) -> Result<Response> {
    match actions::change(ctx, &author(ctx, request, access), id, change).await {
        Ok(giveaway) => show(ctx, 200, giveaway).await,
        Err(error) => refuse(ctx, access, error),
    }
}

fn author(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Author {
    access.author(&once::cause(ctx, request))
}

/// Refusals in the words of JSON: values by their path, and what does not work now as a conflict.
fn refuse(ctx: &Ctx, access: &GuildAccess, error: Error) -> Result<Response> {
    let told = |field: FieldError| FieldError::new(path_of(&field.field), plain(access, &field.message));
    match error {
        Error::User(why) => Ok(problem::of(409, &plain(access, &why))),
        Error::Invalid(fields) => Err(Error::Invalid(fields.into_iter().map(told).collect())),
        Error::Denied(why) => {
            audit::note_denied(ctx, access.guild, access.user, access.source, "giveaway start", &why);
            Err(Error::Denied(plain(access, &why)))
        }
        other => Err(other),
    }
}

/// Which giveaways.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "a name for the API's description")]
enum ShowName {
    /// Not over.
    Open,
    /// Finished or cancelled.
    Over,
}

#[derive(OpenApi)]
#[openapi(
    paths(
        list_giveaways,
        get_giveaway,
        list_entrants,
        start_giveaway,
        edit_giveaway,
        pause_giveaway,
        resume_giveaway,
        end_giveaway,
        cancel_giveaway,
        reroll_giveaway,
        proof::get_proof
    ),
    components(schemas(ShowName))
)]
pub struct Description;
