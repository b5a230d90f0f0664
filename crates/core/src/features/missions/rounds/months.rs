//! Purpose: a month ends on the 1st at 00:05 in the guild's zone, once: its first ten are kept and announced.
//!
//! Sums are kept by month, so nothing is reset and the size of the guild does not matter.

use super::{store, store::Clock};
use crate::{
    ctx::Ctx,
    error::{Error, Result},
    features::missions::{NAME, view},
    guild_config,
    outbox::{self, Effect, EffectKind},
    points, time,
    time_zone::Zone,
};
use chrono::{Datelike, NaiveDate};
use twilight_model::id::{Id, marker::GuildMarker};

const WINNERS: u32 = 10;

/// When the month of `at` ends, and the name of that month.
pub fn of(zone: Zone, at: i64) -> Option<(String, i64)> {
    let month = points::month_of(zone, at);
    let (year, number) = month.split_once('-')?;
    let first = NaiveDate::from_ymd_opt(year.parse().ok()?, number.parse().ok()?, 1)?;
    let next = if first.month() == 12 {
        NaiveDate::from_ymd_opt(first.year() + 1, 1, 1)
    } else {
        NaiveDate::from_ymd_opt(first.year(), first.month() + 1, 1)
    };
    let due = time::wall_to_ms(zone, next?.and_hms_opt(0, 5, 0)?)?;
    Some((month, due))
}

/// Starts the guild's clock, unless it runs.
pub async fn start(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<crate::sql::Statement> {
    let zone = guild_config::cached(ctx, guild).await?.zone();
    let (month, due_at) = of(zone, ctx.now()).ok_or_else(|| Error::internal("the month has no end"))?;
    Ok(store::insert_clock(guild, &month, due_at))
}

/// The clock is due: ends the month.
pub async fn on_timer(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<Option<i64>> {
    let clock: Option<Clock> = ctx.query(store::get_clock(guild)).await?.first()?;
    let Some(clock) = clock else { return Ok(None) };
    let now = ctx.now();
    if clock.due_at > now {
        return Ok(Some(clock.due_at));
    }
    let config = guild_config::cached(ctx, guild).await?;
    let (month, due_at) = of(config.zone(), now).ok_or_else(|| Error::internal("the month has no end"))?;
    let results = ctx
        .batch(vec![points::store::top(guild, &clock.month, WINNERS, 0), points::store::count(guild, &clock.month)])
        .await?;
    let [top, members] = &results[..] else { return Err(Error::internal("two results expected")) };
    let winners: Vec<points::store::Total> = top.all()?;
    let members: u32 = members.first::<points::store::Counted>()?.map_or(0, |counted| counted.n);
    let kept: Vec<_> =
        winners.iter().map(|one| serde_json::json!({ "user": one.user_id, "points": one.points })).collect();
    let mut statements = vec![
        store::insert_month(guild, &clock.month, now, members, &serde_json::Value::from(kept).to_string()),
        store::set_clock(guild, &clock.month, &month, due_at),
    ];
    let rules = points::rules(ctx, guild).await?.rules;
    let mut ids = Vec::new();
    if let Some(channel) = rules.channel.filter(|_| !winners.is_empty()) {
        let post = Effect {
            guild_id: guild,
            feature: NAME,
            key: format!("missions:month:{guild}:{}", clock.month),
            reference: String::new(),
            kind: EffectKind::Post {
                channel,
                body: view::winners(&clock.month, &winners, members, config.color).create_body(),
                marker: view::month_marker(&clock.month),
            },
        };
        let prepared = outbox::prepare_many(ctx, std::slice::from_ref(&post));
        statements.push(prepared.statement);
        ids = prepared.ids;
    }
    match ctx.batch(statements).await {
        Ok(_) => outbox::deliver_soon(ctx, ids),
        // Somebody else ended it.
        Err(error) if error.is_conflict() => {}
        Err(error) => return Err(error),
    }
    Ok(Some(due_at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_end_in_the_guilds_zone() {
        let berlin = time::parse_zone("Europe/Berlin").unwrap();
        let at = |text| time::parse_rfc3339(text).unwrap();
        let end = |text| of(berlin, at(text)).map(|(month, due)| (month, time::rfc3339(due)));
        assert_eq!(end("2026-11-20T12:00:00Z"), Some(("2026-11".to_owned(), "2026-11-30T23:05:00Z".to_owned())));
        assert_eq!(end("2026-11-30T23:30:00Z"), Some(("2026-12".to_owned(), "2026-12-31T23:05:00Z".to_owned())));
        assert_eq!(end("2026-06-30T12:00:00Z"), Some(("2026-06".to_owned(), "2026-06-30T22:05:00Z".to_owned())));
    }
}
