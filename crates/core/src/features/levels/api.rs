//! Purpose: the leaderboard and members' ranks as JSON: for everybody where a guild made them public, else for who may see levels.
//!
//! To everybody else a guild that did not looks like one that Muster never heard of.

use super::{
    cards::{self, KINDS, LISTS, List},
    rules, store,
};
use crate::{
    access::{self, Area, May, parse_id},
    ctx::Ctx,
    error::{Error, Result},
    guild_config::{self, FreshConfig},
    identity::Caller,
    leaderboard::{
        Board, Of, Place, Question, Span,
        shown::{Entry, Leaderboard},
    },
    web::{
        Request, Response,
        description::{Guarded, Snowflake},
        problem,
    },
};
use serde::Serialize;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};
use utoipa::{OpenApi, ToSchema};

/// Seconds that anyone may keep an answer: reports come every few seconds, and lists are looked at often.
const MAX_AGE: u32 = 15;

pub async fn on_request(ctx: &Ctx, request: &Request) -> Result<Option<Response>> {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    let (guild, member) = match segments[..] {
        // The board of missions is theirs to answer.
        ["guilds", _, "leaderboard"] if is_of_missions(request) => return Ok(None),
        ["guilds", guild, "leaderboard"] => (guild, None),
        ["guilds", guild, "members", user, "rank"] => (guild, Some(user)),
        _ => return Ok(None),
    };
    if request.method != "GET" {
        return Ok(Some(problem::of(405, "Ranks can only be read.")));
    }
    let Some(guild) = parse_id::<GuildMarker>(guild) else {
        return Ok(Some(Response::not_found()));
    };
    let config = guild_config::fresh(ctx, guild).await?;
    let levels = &config.config().levels;
    let is_public = levels.enabled && levels.public;
    if !is_public {
        require(ctx, request, guild).await?;
    }
    let response = match member {
        None => leaderboard(ctx, guild, &config, request).await?.map(|board| Response::of(200, &board)),
        Some(user) => match parse_id(user) {
            Some(user) => rank(ctx, guild, &config, user).await?.map(|rank| Response::of(200, &rank)),
            None => None,
        },
    };
    let response = response.transpose()?;
    let max_age = if is_public { MAX_AGE } else { 0 };
    Ok(Some(response.map_or_else(Response::not_found, |response| Response { max_age, ..response })))
}

/// Whether the board of missions is asked for: by its name, or by a month and no board.
fn is_of_missions(request: &Request) -> bool {
    match given(request, "board") {
        Some(board) => board == "missions",
        None => request.param("month").is_some(),
    }
}

/// What is not public is for those who may see levels on the dashboard.
async fn require(ctx: &Ctx, request: &Request, guild: Id<GuildMarker>) -> Result<()> {
    if matches!(request.caller, Caller::Nobody) {
        return Err(Error::NotFound);
    }
    let access = access::enter(ctx, request, &guild.to_string()).await?;
    access.require(ctx, Area::Levels, May::View)
}

/// `None` where a parameter was not given.
fn given<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// `2026-11` as 202611.
fn parse_month(text: &str) -> Option<u32> {
    let (year, month) = text.split_once('-')?;
    let digits = |text: &str, count: usize| {
        (text.len() == count && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse::<u32>().ok()).flatten()
    };
    let (year, month) = (digits(year, 4)?, digits(month, 2)?);
    (1..=12).contains(&month).then_some(year * 100 + month)
}

fn period_text(span: Span, period: u32) -> Option<String> {
    match span {
        Span::All => None,
        Span::Week => Some(format!("{}-W{:02}", period / 100, period % 100)),
        Span::Month => Some(format!("{}-{:02}", period / 100, period % 100)),
    }
}

/// Where somebody stands.
#[derive(Serialize, ToSchema)]
struct Rank {
    #[schema(value_type = Snowflake)]
    guild_id: Id<GuildMarker>,
    #[schema(value_type = Snowflake)]
    user_id: Id<UserMarker>,
    /// Experience from all sources.
    total: u64,
    text: i64,
    voice: i64,
    /// Given by hand.
    bonus: i64,
    level: u32,
    /// Experience since this level began.
    into_level: u64,
    /// Experience from this level to the next.
    level_takes: u64,
    rank: Option<usize>,
    members: usize,
    messages: i64,
    voice_seconds: i64,
    week: Stretch,
    month: Stretch,
}

/// What somebody earned in a week or a month.
#[derive(Serialize, ToSchema)]
struct Stretch {
    period: Option<String>,
    score: u32,
    place: Option<usize>,
}

/// One page of a guild's board. Of levels: for anyone where the guild shows it, else for who may see levels there. A month without a board
/// is the month's board of missions, for who may see missions.
#[utoipa::path(
    get,
    path = "/api/v1/guilds/{guild}/leaderboard",
    tag = "Levels",
    params(
        ("guild" = Snowflake, Path),
        ("board" = Option<BoardName>, Query, description = "`missions` where a month is given, else `all`"),
        ("kind" = Option<KindName>, Query, description = "`total` unless given; not for `missions`"),
        ("month" = Option<String>, Query, description = "As 2026-11, for `missions` or `month`. Of experience a month that is over keeps only its ten winners; of missions all is kept"),
        ("page" = Option<u32>, Query, minimum = 1, maximum = 1_000_000),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before: goes on after its last member, however places moved; instead of `page`"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "10 unless given"),
    ),
    responses((status = 200, body = Leaderboard), Guarded),
    security((), ("key" = []))
)]
async fn leaderboard(
    ctx: &Ctx,
    guild: Id<GuildMarker>,
    config: &FreshConfig,
    request: &Request,
) -> Result<Option<Leaderboard>> {
    let month = match given(request, "month") {
        Some(text) => Some(parse_month(text).ok_or_else(|| Error::user("Write the month like 2026-11."))?),
        None => None,
    };
    let board = given(request, "board").unwrap_or("all");
    let span = LISTS.iter().find(|(_, key, _)| *key == board).map(|(span, ..)| *span);
    let span = span.ok_or_else(|| Error::user("The board is all, week or month."))?;
    let kind = given(request, "kind").unwrap_or("total");
    let of = KINDS.iter().find(|(_, key, _)| *key == kind).map(|(of, ..)| *of);
    let of = of.ok_or_else(|| Error::user("The kind is total, text or voice."))?;
    if month.is_some() && span != Span::Month {
        return Err(Error::user("A month goes with board=month."));
    }
    let count = request.limit(cards::PER_PAGE)?;
    let board = super::commands::current_board(ctx, config.config(), List { span, of });
    let question = question(request, board, count)?;
    match month {
        Some(month) if month != board.period => past(ctx, guild, of, month).await,
        _ => live(ctx, guild, config, board, question, count).await.map(Some),
    }
}

/// A page by its number, or what comes after somebody.
fn question(request: &Request, board: Board, count: usize) -> Result<Question> {
    if let Some(cursor) = request.param("cursor") {
        let parts = cursor.split_once('.').filter(|_| given(request, "page").is_none());
        let parts = parts.and_then(|(score, user)| Some((score.parse().ok()?, parse_id(user)?)));
        let (score, user) =
            parts.ok_or_else(|| Error::user("Use the cursor as `next_cursor` gave it, and without a page."))?;
        return Ok(Question::After { board, user, score, count });
    }
    match given(request, "page").unwrap_or("1").parse() {
        Ok(page @ 1..=1_000_000) => Ok(Question::Page { board, skip: (page - 1) * count, count }),
        _ => Err(Error::user("Pages are numbered from 1.")),
    }
}

async fn live(
    ctx: &Ctx,
    guild: Id<GuildMarker>,
    config: &FreshConfig,
    board: Board,
    question: Question,
    count: usize,
) -> Result<Leaderboard> {
    let asked = if let Question::Page { skip, .. } = question { skip / count + 1 } else { 1 };
    let answer = ctx.leaderboards.ask(guild, question).await.map_err(Error::retryable)?;
    let curve = config.config().levels.curve;
    let shows_level = board.span == Span::All && board.of == Of::Total;
    let entry = |place: &Place| Entry {
        place: place.place,
        user_id: place.user,
        score: place.score.into(),
        level: shows_level.then(|| curve.level(place.score.into())),
    };
    let last = answer.page.last();
    let (board_name, kind) = List { span: board.span, of: board.of }.words();
    Ok(Leaderboard {
        guild_id: guild,
        board: board_name,
        kind,
        period: period_text(board.span, board.period),
        page: answer.page.first().map_or(asked, |first| (first.place - 1) / count + 1),
        pages: answer.members.div_ceil(count).max(1),
        members: answer.members,
        entries: answer.page.iter().map(entry).collect(),
        next_cursor: last
            .filter(|last| last.place < answer.members)
            .map(|last| format!("{}.{}", last.score, last.user)),
    })
}

/// A month that is over: its winners, as they were named. Kinds were not kept apart.
async fn past(ctx: &Ctx, guild: Id<GuildMarker>, of: Of, month: u32) -> Result<Option<Leaderboard>> {
    if of != Of::Total {
        return Err(Error::user("Of months that are over only kind=total is kept."));
    }
    let row: Option<store::PeriodRow> = ctx.query(store::get_period(guild, "month", month)).await?.first()?;
    Ok(row.map(|row| {
        let winners = row.winners();
        let entry = |(index, winner): (usize, &store::Winner)| Entry {
            place: index + 1,
            user_id: winner.user_id,
            score: winner.score,
            level: None,
        };
        Leaderboard {
            guild_id: guild,
            board: "month",
            kind: "total",
            period: period_text(Span::Month, month),
            page: 1,
            pages: 1,
            members: usize::try_from(row.members).unwrap_or(0),
            entries: winners.iter().enumerate().map(entry).collect(),
            next_cursor: None,
        }
    }))
}

/// Where a member stands: for anyone where the guild shows its board, else for who may see levels there. Nothing for somebody who
/// earned nothing here, or left.
#[utoipa::path(
    get,
    path = "/api/v1/guilds/{guild}/members/{user}/rank",
    tag = "Levels",
    params(("guild" = Snowflake, Path), ("user" = Snowflake, Path)),
    responses((status = 200, body = Rank), Guarded),
    security((), ("key" = []))
)]
async fn rank(ctx: &Ctx, guild: Id<GuildMarker>, config: &FreshConfig, user: Id<UserMarker>) -> Result<Option<Rank>> {
    let row: Option<store::Member> = ctx.query(store::get(guild, user)).await?.first()?;
    let Some(row) = row.filter(|row| row.left_at.is_none()) else {
        return Ok(None);
    };
    let periods = rules::periods(ctx.now(), config.config().zone());
    let of = |span, period| Board { span, of: Of::Total, period };
    let boards = vec![of(Span::All, 0), of(Span::Week, periods.week), of(Span::Month, periods.month)];
    let answer = ctx.leaderboards.ask(guild, Question::Places { boards, user }).await.map_err(Error::retryable)?;
    let place = |index: usize| answer.places.get(index).copied().flatten();
    let stretch = |index: usize, period: Option<String>| {
        let place = place(index);
        Stretch { period, score: place.map_or(0, |place| place.score), place: place.map(|place| place.place) }
    };
    let standing = config.config().levels.curve.standing(row.total());
    Ok(Some(Rank {
        guild_id: guild,
        user_id: user,
        total: row.total(),
        text: row.text_xp,
        voice: row.voice_xp,
        bonus: row.bonus_xp,
        level: standing.level,
        into_level: standing.into_level,
        level_takes: standing.level_takes,
        rank: place(0).map(|place| place.place),
        members: answer.members,
        messages: row.messages,
        voice_seconds: row.voice_seconds,
        week: stretch(1, period_text(Span::Week, periods.week)),
        month: stretch(2, period_text(Span::Month, periods.month)),
    }))
}

/// Which board.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "a name for the API's description")]
enum BoardName {
    All,
    Week,
    Month,
    /// Points from missions, of a `month` or of all time; for who may see missions.
    Missions,
}

/// What counts for it.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "a name for the API's description")]
enum KindName {
    Total,
    Text,
    Voice,
}

#[derive(OpenApi)]
#[openapi(paths(leaderboard, rank), components(schemas(BoardName, KindName)))]
pub struct Description;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_read_strictly() {
        assert_eq!(parse_month("2026-11"), Some(202_611));
        for bad in ["", "2026", "2026-00", "2026-13", "26-11", "2026-1", "+026-11", "2026-11-01", "2026-١١"] {
            assert_eq!(parse_month(bad), None, "{bad}");
        }
    }
}
