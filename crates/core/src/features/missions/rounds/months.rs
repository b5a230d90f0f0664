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
use chrono::{Datelike, Months, NaiveDate};
use twilight_model::id::{Id, marker::GuildMarker};

const WINNERS: u32 = 10;

/// The 1st of a month by its name.
fn first_of(month: &str) -> Option<NaiveDate> {
    let (year, number) = month.split_once('-')?;
    NaiveDate::from_ymd_opt(year.parse().ok()?, number.parse().ok()?, 1)
}

/// The month after one, by name.
fn after(month: &str) -> Option<String> {
    let next = first_of(month)?.checked_add_months(Months::new(1))?;
    Some(format!("{:04}-{:02}", next.year(), next.month()))
}

/// When a month ends in a zone.
fn end_of(zone: Zone, month: &str) -> Option<i64> {
    time::wall_to_ms(zone, first_of(&after(month)?)?.and_hms_opt(0, 5, 0)?)
}

/// Starts the guild's clock, unless it runs.
pub async fn start(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<crate::sql::Statement> {
    let zone = guild_config::cached(ctx, guild).await?.zone();
    let month = points::month_of(zone, ctx.now());
    let due_at = end_of(zone, &month).ok_or_else(|| Error::internal("the month has no end"))?;
    Ok(store::insert_clock(guild, &month, due_at))
}

/// The clock is due, or the guild's zone was changed: ends the month, if it is over in the zone that holds now. Months that nothing
/// ended meanwhile follow one by one.
pub async fn on_timer(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<Option<i64>> {
    let clock: Option<Clock> = ctx.query(store::get_clock(guild)).await?.first()?;
    let Some(clock) = clock else { return Ok(None) };
    let now = ctx.now();
    if clock.due_at > now && clock.look_at.is_none() {
        return Ok(Some(clock.due_at));
    }
    // A zone that was changed half a minute ago decides already.
    let config = guild_config::fresh(ctx, guild).await?;
    let config = config.config();
    let has_no_end = || Error::internal("the month has no end");
    let end = end_of(config.zone(), &clock.month).ok_or_else(has_no_end)?;
    if end > now {
        ctx.query(store::set_clock(guild, &clock, &clock.month, end)).await?;
        return Ok(Some(end));
    }
    let next = after(&clock.month).ok_or_else(has_no_end)?;
    let due_at = end_of(config.zone(), &next).ok_or_else(has_no_end)?;
    let results = ctx
        .batch(vec![
            store::is_ended(guild, &clock.month),
            points::store::winners(guild, &clock.month, WINNERS),
            points::store::count(guild, &clock.month),
            store::newest_channel(guild, &clock.month),
        ])
        .await?;
    let [ended, top, members, newest] = &results[..] else { return Err(Error::internal("four results expected")) };
    if ended.first::<points::store::Counted>()?.is_some_and(|ended| ended.n > 0) {
        ctx.query(store::set_clock(guild, &clock, &next, due_at)).await?;
        return Ok(Some(due_at));
    }
    let winners: Vec<points::store::Total> = top.all()?;
    let members: u32 = members.first::<points::store::Counted>()?.map_or(0, |counted| counted.n);
    let kept: Vec<_> =
        winners.iter().map(|one| serde_json::json!({ "user": one.user_id, "points": one.points })).collect();
    let mut statements = vec![
        store::insert_month(guild, &clock.month, now, members, &serde_json::Value::from(kept).to_string()),
        store::set_clock(guild, &clock, &next, due_at),
    ];
    let rules = points::rules(ctx, guild).await?.rules;
    let newest = newest.first::<store::NewestChannel>()?.map(|mission| mission.channel_id);
    let mut ids = Vec::new();
    // Without a mission there is no channel in which anybody expects it.
    if let Some(channel) = rules.channel.or(newest).filter(|_| !winners.is_empty()) {
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
        // Somebody else ended it, and moved the clock with it.
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
        let end = |zone, month| {
            let end = end_of(time::parse_zone(zone).unwrap(), month).map(time::rfc3339);
            end.unwrap_or_default()
        };
        assert_eq!(end("Europe/Berlin", "2026-11"), "2026-11-30T23:05:00Z");
        assert_eq!(end("Europe/Berlin", "2026-12"), "2026-12-31T23:05:00Z");
        assert_eq!(end("Europe/Berlin", "2026-06"), "2026-06-30T22:05:00Z");
        assert_eq!(end("Asia/Kolkata", "2026-11"), "2026-11-30T18:35:00Z");
        // The 1st on which summer time ends there, at two in the night.
        assert_eq!(end("America/New_York", "2026-10"), "2026-11-01T04:05:00Z");
        // Five past midnight comes twice on this 1st; the first time counts.
        assert_eq!(end("America/Havana", "2026-10"), "2026-11-01T04:05:00Z");
    }

    #[test]
    fn months_follow_each_other() {
        assert_eq!(after("2026-11").as_deref(), Some("2026-12"));
        assert_eq!(after("2026-12").as_deref(), Some("2027-01"));
        assert_eq!(after("all"), None);
    }
}
