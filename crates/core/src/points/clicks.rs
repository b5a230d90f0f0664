//! Purpose: clicks become points: every five minutes, what was counted since is compared with what was paid.
//!
//! An entry says how many steps it paid (tens of clicks, by the rules of its time) and up to which number of clicks; what is paid twice
//! has the same cause. Only members with a published post of the mission are paid, on a platform that brings points; clicks that came
//! before it count with the next that come, or with the mission's end.

use super::{
    Versioned, month_of, rules,
    rules::Rules,
    store,
    store::{At, Clicks},
};
use crate::{
    ctx::Ctx,
    error::{Error, Result},
    guild_config,
    jobs::Job,
    links::{self, CountedMission, Cursor},
    registration,
    social::Kind,
};
use serde_json::json;
use std::collections::{HashMap, HashSet};
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

/// Missions of one job: each is up to seven statements, and an invocation of Cloudflare's free plan makes 50.
const MISSIONS: u32 = 6;
/// Entries of one statement: as JSON far below the 2 MB of a bound text.
const ENTRIES: usize = 2_000;
const CURSOR: &str = "points_clicks";
/// Seconds after which a mission that could not be paid is tried again, by itself.
const AGAIN_S: u32 = 60;
/// Seconds after which numbers are settled ([`links::SETTLED_MS`]), and a little more.
const SETTLED_S: u32 = 35;

async fn cursor(ctx: &Ctx) -> Result<Cursor> {
    let row: Option<registration::store::ValueRow> = ctx.query(registration::store::get(CURSOR)).await?.first()?;
    Ok(row.and_then(|row| crate::json::from_str(&row.value).ok()).unwrap_or_default())
}

/// Has a job pay what was counted since the last time, if anything was.
///
/// # Errors
/// When the database or the queue does not answer; the next tick goes on.
pub async fn sweep(ctx: &Ctx) -> Result<()> {
    if links::changed_since(ctx, &cursor(ctx).await?, 1).await?.is_empty() {
        return Ok(());
    }
    ctx.queue.send(Job::PayClicks, 0).await.map_err(Error::retryable)
}

/// Pays some missions whose numbers changed, in the order of change, and has another job go on until none is left: one whose numbers
/// change all the time is behind those that wait, never before them.
///
/// # Errors
/// When the database or the queue does not answer; the same job goes on.
pub async fn sync(ctx: &Ctx) -> Result<()> {
    let changed = links::changed_since(ctx, &cursor(ctx).await?, MISSIONS).await?;
    let mut paid = None;
    for one in changed.iter().filter(|one| one.is_settled) {
        if let Err(error) = of_mission(ctx, one.guild, &one.cursor.mission).await {
            // The others do not wait for it.
            let fields = json!({ "guild": one.guild, "mission": one.cursor.mission, "error": error.to_string() });
            ctx.warn("clicks of a mission were not paid", fields);
            let again = Job::PayMission { guild: one.guild, mission: one.cursor.mission.clone() };
            ctx.queue.send(again, AGAIN_S).await.map_err(Error::retryable)?;
        }
        paid = Some(&one.cursor);
    }
    if let Some(cursor) = paid {
        let text = serde_json::to_string(cursor).map_err(Error::internal)?;
        ctx.query(registration::store::put(CURSOR, &text)).await?;
    }
    // What was counted just now is waited for: the next tick may come when it has just been counted again.
    let wait = if changed.iter().any(|one| !one.is_settled) { Some(SETTLED_S) } else { None };
    let more = (changed.len() == MISSIONS as usize).then_some(0);
    if let Some(seconds) = wait.or(more) {
        ctx.queue.send(Job::PayClicks, seconds).await.map_err(Error::retryable)?;
    }
    Ok(())
}

/// Pays what the members of one mission are owed for the clicks that are counted now.
///
/// # Errors
/// When the database does not answer.
pub async fn of_mission(ctx: &Ctx, guild: Id<GuildMarker>, mission: &str) -> Result<()> {
    let counted = links::counted_of(ctx, guild, mission).await?;
    let rules = rules(ctx, guild).await?;
    pay(ctx, &counted, &rules).await
}

/// The platforms on which posts bring points, as a JSON list.
fn rewarded(rules: &Rules) -> String {
    json!(Kind::ALL.into_iter().filter(|kind| rules.rewards(*kind)).map(Kind::key).collect::<Vec<_>>()).to_string()
}

/// Of the counted members of a mission those with a published post that brings points.
///
/// # Errors
/// When the database does not answer.
pub async fn only_publishers(ctx: &Ctx, mission: &mut CountedMission, rules: &Rules) -> Result<()> {
    let published = store::list_published(mission.guild, &mission.mission, &rewarded(rules));
    let published: Vec<store::Member> = ctx.query(published).await?.all()?;
    let published: HashSet<Id<UserMarker>> = published.into_iter().map(|row| row.user_id).collect();
    mission.members.retain(|(user, ..)| published.contains(user));
    Ok(())
}

/// Pays what a mission's members are owed for clicks.
///
/// # Errors
/// When the database does not answer.
pub async fn pay(ctx: &Ctx, mission: &CountedMission, rules: &Versioned) -> Result<()> {
    let Versioned { version, rules } = rules;
    let step = u64::from(rules.clicks_per_point);
    if step == 0 {
        return Ok(());
    }
    let mut mission = mission.clone();
    only_publishers(ctx, &mut mission, rules).await?;
    let paid: Vec<store::Paid> = ctx.query(store::list_paid(mission.guild, &mission.mission, "clicks")).await?.all()?;
    let paid: HashMap<Id<UserMarker>, i64> = paid.into_iter().map(|row| (row.user_id, row.units)).collect();
    let mut lines: Vec<Clicks> = Vec::new();
    for (user, _, counted) in &mission.members {
        // Clicks that were paid by other steps before stay paid: what counts is the number of clicks they were paid up to.
        let (before, reached) =
            (paid.get(user).copied().unwrap_or(0), i64::try_from(counted - counted % step).unwrap_or(0));
        if reached <= before {
            continue;
        }
        let points = (reached - before) / i64::from(rules.clicks_per_point);
        if points == 0 {
            continue;
        }
        lines.push(Clicks {
            user: *user,
            before,
            units: reached - before,
            points,
            reason: format!("{reached} people opened your link"),
            cause: format!("clicks:{}:{user}:{reached}", mission.mission),
        });
    }
    if lines.is_empty() {
        return Ok(());
    }
    let month = month_of(guild_config::cached(ctx, mission.guild).await?.zone(), ctx.now());
    let at = At { guild: mission.guild, rule_version: *version, month: &month, at: ctx.now() };
    for part in lines.chunks(ENTRIES) {
        ctx.query(store::insert_clicks(&at, &mission.mission, part)?).await?;
    }
    Ok(())
}
