//! Purpose: the leaderboard and members' ranks as JSON, for guilds that made theirs public.
//!
//! A guild that did not looks like one that Muster never heard of.

use super::{
    cards::{self, KINDS, LISTS, List},
    rules, store,
};
use crate::{
    ctx::Ctx,
    error::{Error, Result},
    guild_config::{self, FreshConfig},
    leaderboard::{Board, Of, Question, Span},
    web::{Request, Response, problem},
};
use serde_json::{Value, json};
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

/// Seconds that anyone may keep an answer: reports come every few seconds, and lists are looked at often.
const MAX_AGE: u32 = 15;

pub async fn on_request(ctx: &Ctx, request: &Request) -> Result<Option<Response>> {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    let (guild, member) = match segments[..] {
        ["guilds", guild, "leaderboard"] => (guild, None),
        ["guilds", guild, "members", user, "rank"] => (guild, Some(user)),
        _ => return Ok(None),
    };
    if request.method != "GET" {
        return Ok(Some(problem::of(405, "Ranks can only be read.")));
    }
    let Ok(guild) = guild.parse::<Id<GuildMarker>>() else {
        return Ok(Some(Response::not_found()));
    };
    let config = guild_config::fresh(ctx, guild).await?;
    let levels = &config.config().levels;
    if !(levels.enabled && levels.public) {
        return Ok(Some(Response::not_found()));
    }
    let body = match member {
        None => leaderboard(ctx, guild, &config, request).await?,
        Some(user) => match user.parse() {
            Ok(user) => rank(ctx, guild, &config, user).await?,
            Err(_) => None,
        },
    };
    Ok(Some(body.map_or_else(Response::not_found, |body| Response { max_age: MAX_AGE, ..Response::json(200, &body) })))
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

fn period_text(span: Span, period: u32) -> Value {
    match span {
        Span::All => Value::Null,
        Span::Week => json!(format!("{}-W{:02}", period / 100, period % 100)),
        Span::Month => json!(format!("{}-{:02}", period / 100, period % 100)),
    }
}

async fn leaderboard(
    ctx: &Ctx,
    guild: Id<GuildMarker>,
    config: &FreshConfig,
    request: &Request,
) -> Result<Option<Value>> {
    let month = match given(request, "month") {
        Some(text) => Some(parse_month(text).ok_or_else(|| Error::user("Write the month like 2026-11."))?),
        None => None,
    };
    let board = given(request, "board").unwrap_or(if month.is_some() { "month" } else { "all" });
    let span = LISTS.iter().find(|(_, key, _)| *key == board).map(|(span, ..)| *span);
    let span = span.ok_or_else(|| Error::user("The board is all, week or month."))?;
    let kind = given(request, "kind").unwrap_or("total");
    let of = KINDS.iter().find(|(_, key, _)| *key == kind).map(|(of, ..)| *of);
    let of = of.ok_or_else(|| Error::user("The kind is total, text or voice."))?;
    if month.is_some() && span != Span::Month {
        return Err(Error::user("A month goes with board=month."));
    }
    let page: usize = match given(request, "page").unwrap_or("1").parse() {
        Ok(page @ 1..=1_000_000) => page,
        _ => return Err(Error::user("Pages are numbered from 1.")),
    };
    let current = super::commands::current_board(ctx, config.config(), List { span, of });
    match month {
        Some(month) if month != current.period => past(ctx, guild, of, month).await,
        _ => live(ctx, guild, config, current, page).await.map(Some),
    }
}

async fn live(ctx: &Ctx, guild: Id<GuildMarker>, config: &FreshConfig, board: Board, page: usize) -> Result<Value> {
    let question = Question::Page { board, skip: (page - 1) * cards::PER_PAGE, count: cards::PER_PAGE };
    let answer = ctx.leaderboards.ask(guild, question).await.map_err(Error::retryable)?;
    let curve = config.config().levels.curve;
    let shows_level = board.span == Span::All && board.of == Of::Total;
    let entries = answer.page.iter().map(|place| {
        let mut entry = json!({ "place": place.place, "user_id": place.user, "score": place.score });
        if shows_level {
            entry["level"] = json!(curve.level(place.score.into()));
        }
        entry
    });
    let entries: Vec<Value> = entries.collect();
    let list = List { span: board.span, of: board.of }.key();
    let (span, of) = list.split_once('.').unwrap_or_default();
    Ok(json!({
        "guild_id": guild, "board": span, "kind": of, "period": period_text(board.span, board.period),
        "page": page, "pages": cards::pages(answer.members), "members": answer.members, "entries": entries,
    }))
}

/// A month that is over: its winners, as they were named. Kinds were not kept apart.
async fn past(ctx: &Ctx, guild: Id<GuildMarker>, of: Of, month: u32) -> Result<Option<Value>> {
    if of != Of::Total {
        return Err(Error::user("Of months that are over only kind=total is kept."));
    }
    let row: Option<store::PeriodRow> = ctx.query(store::get_period(guild, "month", month)).await?.first()?;
    let body = row.map(|row| {
        let winners = row.winners();
        let entries = winners
            .iter()
            .enumerate()
            .map(|(index, winner)| json!({ "place": index + 1, "user_id": winner.user_id, "score": winner.score }));
        json!({
            "guild_id": guild, "board": "month", "kind": "total", "period": period_text(Span::Month, month),
            "page": 1, "pages": 1, "members": row.members, "entries": entries.collect::<Vec<_>>(),
        })
    });
    Ok(body)
}

/// `None` for somebody who earned nothing here, or left.
async fn rank(ctx: &Ctx, guild: Id<GuildMarker>, config: &FreshConfig, user: Id<UserMarker>) -> Result<Option<Value>> {
    let row: Option<store::Member> = ctx.query(store::get(guild, user)).await?.first()?;
    let Some(row) = row.filter(|row| row.left_at.is_none()) else {
        return Ok(None);
    };
    let periods = rules::periods(ctx.now(), config.config().zone());
    let of = |span, period| Board { span, of: Of::Total, period };
    let boards = vec![of(Span::All, 0), of(Span::Week, periods.week), of(Span::Month, periods.month)];
    let answer = ctx.leaderboards.ask(guild, Question::Places { boards, user }).await.map_err(Error::retryable)?;
    let place = |index: usize| answer.places.get(index).copied().flatten();
    let stretch = |index: usize, period: Value| {
        let place = place(index);
        json!({ "period": period, "score": place.map_or(0, |place| place.score), "place": place.map(|place| place.place) })
    };
    let standing = config.config().levels.curve.standing(row.total());
    Ok(Some(json!({
        "guild_id": guild, "user_id": user,
        "total": row.total(), "text": row.text_xp, "voice": row.voice_xp, "bonus": row.bonus_xp,
        "level": standing.level, "into_level": standing.into_level, "level_takes": standing.level_takes,
        "rank": place(0).map(|place| place.place), "members": answer.members,
        "messages": row.messages, "voice_seconds": row.voice_seconds,
        "week": stretch(1, period_text(Span::Week, periods.week)),
        "month": stretch(2, period_text(Span::Month, periods.month)),
    })))
}

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
