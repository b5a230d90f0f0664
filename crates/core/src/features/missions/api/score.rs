//! Purpose: a member's points with their reasons, and the board of missions, as JSON.

use super::{number, store};
use crate::{
    access::{self, Area, GuildAccess, May, parse_id},
    ctx::Ctx,
    error::{Error, Result},
    guild_config,
    identity::Caller,
    leaderboard::shown::{Entry, Leaderboard},
    points::{
        self, board,
        store::{EntryRow, Standing},
    },
    sql::MAX_SAFE_INTEGER,
    time,
    web::{
        Request, Response,
        description::{Guarded, Snowflake, Time},
    },
};
use serde::Serialize;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};
use utoipa::ToSchema;

/// A line of the ledger.
#[derive(Serialize, ToSchema)]
#[schema(as = ScoreEntry)]
struct Line {
    id: String,
    #[schema(value_type = Time)]
    at: String,
    points: i64,
    /// publish, on-time, engagement (a tier of views or reactions), clicks, top (a place by clicks), adjust (by hand) or void (taken back).
    kind: String,
    reason: String,
    /// Empty for what belongs to no mission.
    mission_id: String,
    post_id: String,
    rule_version: u32,
}

impl From<EntryRow> for Line {
    fn from(row: EntryRow) -> Self {
        Self {
            id: row.id,
            at: time::rfc3339(row.at),
            points: row.points,
            kind: row.kind,
            reason: row.reason,
            mission_id: row.mission_id,
            post_id: row.post_id,
            rule_version: row.rule_version,
        }
    }
}

/// What somebody earned in the month that runs.
#[derive(Serialize, ToSchema)]
#[schema(as = ScoreMonth)]
struct Month {
    /// 2026-11, in the guild's time zone.
    period: String,
    points: i64,
    place: Option<u32>,
}

/// Somebody's points from missions, and why each was given.
#[derive(Serialize, ToSchema)]
#[schema(as = Score)]
pub struct Shown {
    #[schema(value_type = Snowflake)]
    guild_id: Id<GuildMarker>,
    #[schema(value_type = Snowflake)]
    user_id: Id<UserMarker>,
    total: i64,
    /// Null for whoever has no points yet.
    place: Option<u32>,
    month: Month,
    /// The rank by the guild's rules; null below the first.
    tier: Option<String>,
    /// The newest first.
    entries: Vec<Line>,
    next_cursor: Option<String>,
}

/// A member's points. Members see their own when they are signed in; others' take the right to see missions.
#[utoipa::path(
    get,
    path = "/api/v1/guilds/{guild}/users/{user}/score",
    tag = "Missions",
    params(
        ("guild" = Snowflake, Path),
        ("user" = Snowflake, Path),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Lines of the ledger; 20 unless given"),
    ),
    responses((status = 200, body = Shown), Guarded),
    security(("key" = []))
)]
pub async fn get_score(ctx: &Ctx, request: &Request, guild: &str, user: &str) -> Result<Response> {
    let own = matches!(&request.caller, Caller::Session(session) if session.user.to_string() == user);
    let access =
        if own { access::member(ctx, request, guild).await? } else { access::enter(ctx, request, guild).await? };
    if !own {
        access.require(ctx, Area::Missions, May::View)?;
    }
    let user: Id<UserMarker> = parse_id(user).ok_or(Error::NotFound)?;
    let guild = access.guild;
    let limit = request.limit(20)?;
    let parse = |cursor: &str| cursor.split_once('.').and_then(|(at, id)| Some((number(at)?, id.to_owned())));
    let (at, id) = request.cursor(parse)?.unwrap_or((MAX_SAFE_INTEGER, String::new()));
    let period = points::month_of(guild_config::cached(ctx, guild).await?.zone(), ctx.now());
    let results = ctx
        .batch(vec![
            points::store::standing(guild, points::ALL, user),
            points::store::standing(guild, &period, user),
            store::list_entries_after(guild, user, (at, &id), limit as u32 + 1),
        ])
        .await?;
    let [all, of_month, entries] = &results[..] else { return Err(Error::internal("three results expected")) };
    let (all, of_month) = (all.first::<Standing>()?, of_month.first::<Standing>()?);
    let mut entries: Vec<EntryRow> = entries.all()?;
    let has_more = entries.len() > limit;
    entries.truncate(limit);
    let total = all.map_or(0, |all| all.points);
    let rules = points::rules(ctx, guild).await?.rules;
    Response::of(
        200,
        &Shown {
            guild_id: guild,
            user_id: user,
            total,
            place: all.and_then(|all| all.place),
            month: Month {
                period,
                points: of_month.map_or(0, |month| month.points),
                place: of_month.and_then(|month| month.place),
            },
            tier: rules.rank(total).map(|(_, rank)| rank.name.clone()),
            next_cursor: entries.last().filter(|_| has_more).map(|last| format!("{}.{}", last.at, last.id)),
            entries: entries.into_iter().map(Line::from).collect(),
        },
    )
}

/// The board of missions, of a month or of all time. `levels` describes the route, which is one for all boards.
pub async fn get_board(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let month = request.param("month");
    if month.is_some_and(|month| !points::is_month(month)) {
        return Err(Error::user("Write the month like 2026-11."));
    }
    if request.param("kind").is_some() {
        return Err(Error::user("The board of missions counts points: it has no kind."));
    }
    let limit = request.limit(board::PER_PAGE)?;
    let period = month.unwrap_or(points::ALL);
    let page = request.param("page");
    // A cursor stands instead of a page.
    let parse = |cursor: &str| {
        let (points, user) = cursor.split_once('.').filter(|_| page.is_none())?;
        Some((number(points)?, parse_id(user)?))
    };
    let from = match (request.cursor(parse)?, page.unwrap_or("1").parse::<usize>()) {
        (Some(after), _) => board::From::After(after),
        (None, Ok(page @ 1..=1_000_000)) => board::From::Row((page - 1) * limit),
        _ => return Err(Error::user("Pages are numbered from 1.")),
    };
    let found = board::page(ctx, access.guild, period, from, limit).await?;
    let last = found.rows.last().filter(|_| found.start + found.rows.len() < found.members);
    let next_cursor = last.map(|last| format!("{}.{}", last.points, last.user));
    let entry = |row: &board::Row| Entry { place: row.place, user_id: row.user, score: row.points, level: None };
    Response::of(
        200,
        &Leaderboard {
            guild_id: access.guild,
            board: "missions",
            kind: "points",
            period: month.map(str::to_owned),
            page: found.start / limit + 1,
            pages: found.members.div_ceil(limit).max(1),
            members: found.members,
            entries: found.rows.iter().map(entry).collect(),
            next_cursor,
        },
    )
}
