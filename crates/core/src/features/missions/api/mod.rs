//! Purpose: missions as JSON: listed, written, changed, pushed, closed and given to members, by the rules of the commands.

mod media;
mod post;
mod score;
mod store;
mod types;

use super::{
    actions::{self, Wish},
    assignees,
    store::{self as missions, Mission},
};
use crate::{
    access::{self, Area, GuildAccess, May},
    audit::Author,
    ctx::Ctx,
    error::{Error, FieldError, Result},
    guild_config, permissions, points,
    sql::MAX_SAFE_INTEGER,
    text::plain,
    web::{
        Request, Response,
        description::{Changing, Guarded, IdempotencyKey, Snowflake},
        once, problem,
    },
};
use store::After;
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, RoleMarker},
};
use types::{Assignment, Fields, MissionList, Shown, State, path_of};
use utoipa::OpenApi;

pub async fn on_request(ctx: &Ctx, request: &Request) -> Result<Option<Response>> {
    let segments = request.segments();
    let ["guilds", guild, rest @ ..] = &segments[..] else { return Ok(None) };
    let response = match (request.method.as_str(), rest) {
        ("GET", ["users", user, "score"]) => score::get_score(ctx, request, guild, user).await?,
        ("GET", ["leaderboard"]) => {
            let access = let_in(ctx, request, guild, May::View).await?;
            score::get_board(ctx, request, &access).await?
        }
        ("GET", ["missions"]) => {
            let access = let_in(ctx, request, guild, May::View).await?;
            list_missions(ctx, request, &access).await?
        }
        ("GET", ["missions", id]) => {
            let access = let_in(ctx, request, guild, May::View).await?;
            get_mission(ctx, &access, id).await?
        }
        ("POST", ["missions", id, "post"]) => {
            // Every member publishes for themselves; a program does only where it may change missions.
            let access = access::member(ctx, request, guild).await?;
            if access.source == "api" {
                access.require(ctx, Area::Missions, May::Manage)?;
            }
            post::post_mission(ctx, request, &access, id).await?
        }
        ("POST", ["media"]) => {
            let access = let_in(ctx, request, guild, May::Manage).await?;
            media::keep_picture(ctx, request, &access).await?
        }
        ("POST", ["missions"]) => {
            let access = let_in(ctx, request, guild, May::Manage).await?;
            make_mission(ctx, request, &access).await?
        }
        ("PATCH", ["missions", id]) => {
            let access = let_in(ctx, request, guild, May::Manage).await?;
            edit_mission(ctx, request, &access, id).await?
        }
        ("POST", ["missions", id, "assign"]) => {
            let access = let_in(ctx, request, guild, May::Manage).await?;
            assign_mission(ctx, request, &access, id).await?
        }
        _ => return Ok(None),
    };
    Ok(Some(response))
}

async fn let_in(ctx: &Ctx, request: &Request, guild: &str, may: May) -> Result<GuildAccess> {
    let access = access::enter(ctx, request, guild).await?;
    access.require(ctx, Area::Missions, may)?;
    Ok(access)
}

/// Missions in one state, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/guilds/{guild}/missions",
    tag = "Missions",
    params(
        ("guild" = Snowflake, Path),
        ("status" = Option<State>, Query, description = "`live` unless given"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "20 unless given"),
    ),
    responses((status = 200, body = MissionList), Guarded),
    security(("key" = []))
)]
async fn list_missions(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let state = State::parse(request.param("status").unwrap_or("live"));
    let state = state.ok_or_else(|| Error::user("The status is draft, live or closed."))?;
    let after = request.cursor(parse_cursor)?.unwrap_or(After { created_at: MAX_SAFE_INTEGER, id: String::new() });
    let limit = request.limit(20)?;
    let rows = store::list_after(access.guild, state.name(), &after, limit as u32 + 1);
    let mut rows: Vec<Mission> = ctx.query(rows).await?.all()?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| has_more).map(After::of);
    let next_cursor = last.map(|last| format!("{}.{}", last.created_at, last.id));
    let missions = rows.into_iter().map(|mission| Shown::new(mission, Vec::new(), None)).collect();
    Response::of(200, &MissionList { missions, next_cursor })
}

/// A number of a cursor that the database takes exactly.
fn number(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number| (-MAX_SAFE_INTEGER..=MAX_SAFE_INTEGER).contains(number))
}

fn parse_cursor(cursor: &str) -> Option<After> {
    let (created_at, id) = cursor.split_once('.')?;
    Some(After { created_at: number(created_at)?, id: id.to_owned() })
}

/// One mission, with how its posts stand and whom it is for.
#[utoipa::path(
    get,
    path = "/api/v1/guilds/{guild}/missions/{mission}",
    tag = "Missions",
    params(("guild" = Snowflake, Path), ("mission" = String, Path)),
    responses((status = 200, body = Shown, headers(("ETag" = String, description = "Its version."))), Guarded),
    security(("key" = []))
)]
async fn get_mission(ctx: &Ctx, access: &GuildAccess, id: &str) -> Result<Response> {
    let mission = find(ctx, access, id).await?;
    show(ctx, 200, mission).await
}

async fn find(ctx: &Ctx, access: &GuildAccess, id: &str) -> Result<Mission> {
    actions::load(ctx, access.guild, id).await?.ok_or(Error::NotFound)
}

async fn show(ctx: &Ctx, status: u16, mission: Mission) -> Result<Response> {
    let totals: Option<missions::Totals> = ctx.query(missions::totals(&mission.id)).await?.first()?;
    let members = assignees::chosen(ctx, &mission).await?;
    let tag = format!("\"{}\"", mission.version);
    Ok(Response::of(status, &Shown::new(mission, members, totals))?.with("etag", tag))
}

/// Writes a mission; it stays a draft until it is pushed.
#[utoipa::path(
    post,
    path = "/api/v1/guilds/{guild}/missions",
    tag = "Missions",
    params(("guild" = Snowflake, Path), ("Idempotency-Key" = Option<IdempotencyKey>, Header)),
    request_body = Fields,
    responses((status = 201, body = Shown, headers(("ETag" = String, description = "Its version."))), Changing),
    security(("key" = []))
)]
async fn make_mission(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let fields: Fields = request.json()?;
    if fields.state.is_some_and(|state| state != State::Draft) {
        return Err(wrong("state", "A mission begins as a draft. Change its state once it is there."));
    }
    let usual = points::rules(ctx, access.guild).await?.rules.channel;
    let missing = || wrong("channel_id", "Say in which channel the mission's card is posted.");
    let channel = fields.channel_id.or(usual).ok_or_else(missing)?;
    let wish = read(ctx, access, fields).await?;
    let needed = |is_there: bool, name: &str, why: &str| (!is_there).then(|| FieldError::new(name, why));
    let problems: Vec<FieldError> = [
        needed(wish.title.is_some(), "title", "Give the mission a title."),
        needed(wish.copy.is_some(), "text", "Write the text that members publish."),
        needed(wish.platforms.is_some(), "platforms", "Name at least one platform."),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    answer(ctx, 201, actions::create(ctx, &author(ctx, request, access), channel, &wish).await).await
}

/// Changes a mission, pushes or closes it. What waits for its time was confirmed for what the mission said before: it is called off
/// with the change. With `If-Match`, nothing happens to a mission that somebody else changed meanwhile.
#[utoipa::path(
    patch,
    path = "/api/v1/guilds/{guild}/missions/{mission}",
    tag = "Missions",
    params(
        ("guild" = Snowflake, Path),
        ("mission" = String, Path),
        ("If-Match" = Option<String>, Header, description = "The ETag of the mission that is changed."),
    ),
    request_body = Fields,
    responses((status = 200, body = Shown, headers(("ETag" = String, description = "The new version."))), Changing),
    security(("key" = []))
)]
async fn edit_mission(ctx: &Ctx, request: &Request, access: &GuildAccess, id: &str) -> Result<Response> {
    let fields: Fields = request.json()?;
    let mission = find(ctx, access, id).await?;
    check_version(request, &mission)?;
    let author = author(ctx, request, access);
    let Some(state) = fields.state.filter(|state| state.name() != mission.state) else {
        if !fields.has_fields() {
            return show(ctx, 200, mission).await;
        }
        let wish = read(ctx, access, fields).await?;
        return answer(ctx, 200, actions::edit(ctx, &author, mission, &wish).await).await;
    };
    if fields.has_fields() {
        return Err(wrong("state", "Change the state in a request of its own."));
    }
    let changed = match state {
        State::Live => {
            require_channel(ctx, access, mission.channel_id).await?;
            actions::push(ctx, &author, mission).await
        }
        State::Closed => actions::close(ctx, &author, mission).await,
        State::Draft => Err(Error::user("A mission that was live does not become a draft again. Write a new one.")),
    };
    answer(ctx, 200, changed).await
}

/// Says whom a mission is for, instead of whom it was for before. What others scheduled is called off with it.
#[utoipa::path(
    post,
    path = "/api/v1/guilds/{guild}/missions/{mission}/assign",
    tag = "Missions",
    params(
        ("guild" = Snowflake, Path),
        ("mission" = String, Path),
        ("Idempotency-Key" = Option<IdempotencyKey>, Header),
        ("If-Match" = Option<String>, Header, description = "The ETag of the mission that is changed."),
    ),
    request_body = Assignment,
    responses((status = 200, body = Shown, headers(("ETag" = String, description = "The new version."))), Changing),
    security(("key" = []))
)]
async fn assign_mission(ctx: &Ctx, request: &Request, access: &GuildAccess, id: &str) -> Result<Response> {
    let assignment: Assignment = request.json()?;
    let mission = find(ctx, access, id).await?;
    check_version(request, &mission)?;
    let mut wish = Wish::default();
    if let Some(problem) = assignment.put(&mut wish, &roles(access), access.guild.cast()) {
        let path = problem.field.trim_start_matches("assigned.").to_owned();
        return Err(wrong(&path, &problem.message));
    }
    let changed = actions::edit(ctx, &author(ctx, request, access), mission, &wish).await;
    let changed = changed.map_err(|error| match error {
        Error::Invalid(mut fields) => {
            for field in &mut fields {
                if field.field == "members" {
                    "member_ids".clone_into(&mut field.field);
                }
            }
            Error::Invalid(fields)
        }
        other => other,
    });
    answer(ctx, 200, changed).await
}

fn wrong(field: &str, why: &str) -> Error {
    Error::Invalid(vec![FieldError::new(field, why)])
}

/// `If-Match` names the version that the caller looked at, where they say one: `*` is whichever holds.
fn check_version(request: &Request, mission: &Mission) -> Result<()> {
    let Some(tag) = request.header("if-match").filter(|tag| tag.trim() != "*") else { return Ok(()) };
    let is_same = tag.trim() == format!("\"{}\"", mission.version);
    if is_same { Ok(()) } else { Err(Error::Stale) }
}

fn author(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Author {
    access.author(&once::cause(ctx, request))
}

fn roles(access: &GuildAccess) -> Vec<Id<RoleMarker>> {
    access.facts.roles.iter().map(|role| role.id).collect()
}

/// What was sent as a wish; a channel in it is one where caller and Muster may post.
async fn read(ctx: &Ctx, access: &GuildAccess, fields: Fields) -> Result<Wish> {
    let channel = fields.channel_id;
    let zone = guild_config::cached(ctx, access.guild).await?.zone();
    let wish = fields.wish(ctx, zone, &roles(access), access.guild.cast())?;
    if let Some(channel) = channel {
        require_channel(ctx, access, channel).await?;
    }
    Ok(wish)
}

async fn require_channel(ctx: &Ctx, access: &GuildAccess, channel: Id<ChannelMarker>) -> Result<()> {
    match permissions::require_may_post(ctx, access, channel).await {
        Err(Error::User(why)) => Err(wrong("channel_id", &plain(&why))),
        other => other,
    }
}

/// The mission, or a refusal in the words of JSON: values by their path, and what does not work now as a conflict.
async fn answer(ctx: &Ctx, status: u16, done: Result<Mission>) -> Result<Response> {
    match done {
        Ok(mission) => show(ctx, status, mission).await,
        Err(error) => refuse(error),
    }
}

fn refuse(error: Error) -> Result<Response> {
    let told = |field: FieldError| FieldError::new(path_of(&field.field), plain(&field.message));
    match error {
        Error::User(why) => Ok(problem::of(409, &plain(&why))),
        Error::Invalid(fields) => Err(Error::Invalid(fields.into_iter().map(told).collect())),
        other => Err(other),
    }
}

#[derive(OpenApi)]
#[openapi(paths(
    list_missions,
    get_mission,
    make_mission,
    edit_mission,
    assign_mission,
    media::keep_picture,
    post::post_mission,
    score::get_score
))]
struct Description;

pub fn description() -> utoipa::openapi::OpenApi {
    Description::openapi()
}
