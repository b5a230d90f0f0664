//! Purpose: clicks become points: every five minutes, what was counted since is compared with what was paid.
//!
//! An entry says how many steps it paid (tens of clicks, by the rules of its time) and up to which number of clicks; what is paid twice
//! has the same cause.

use super::{Versioned, month_of, rules, store};
use crate::{
    ctx::Ctx,
    error::Result,
    guild_config,
    links::{self, CountedMission, Cursor},
    registration,
    sql::Statement,
};
use std::collections::HashMap;
use twilight_model::id::{Id, marker::UserMarker};

/// Missions per tick: each is a few statements, and an invocation of Cloudflare's free plan makes 50.
const MISSIONS: u32 = 8;
/// Entries of one batch.
const ENTRIES: usize = 20;
const CURSOR: &str = "points_clicks";

/// Pays what was counted since the last time. A tick that breaks off goes on where it was.
///
/// # Errors
/// When the database does not answer; the next tick goes on.
pub async fn sync(ctx: &Ctx) -> Result<()> {
    let row: Option<registration::store::ValueRow> = ctx.query(registration::store::get(CURSOR)).await?.first()?;
    let cursor: Cursor = row.and_then(|row| crate::json::from_str(&row.value).ok()).unwrap_or_default();
    let (missions, next) = links::counted_since(ctx, &cursor, MISSIONS).await?;
    for mission in &missions {
        pay(ctx, mission).await?;
    }
    if next != cursor {
        let text = serde_json::to_string(&next).map_err(crate::Error::internal)?;
        ctx.query(registration::store::put(CURSOR, &text)).await?;
    }
    Ok(())
}

/// Pays what a mission's members are owed for clicks.
pub async fn pay(ctx: &Ctx, mission: &CountedMission) -> Result<()> {
    let Versioned { version, rules } = rules(ctx, mission.guild).await?;
    let step = u64::from(rules.clicks_per_point);
    if step == 0 {
        return Ok(());
    }
    let paid: Vec<store::Paid> = ctx.query(store::list_paid(mission.guild, &mission.mission, "clicks")).await?.all()?;
    let paid: HashMap<Id<UserMarker>, i64> = paid.into_iter().map(|row| (row.user_id, row.units)).collect();
    let month = month_of(guild_config::cached(ctx, mission.guild).await?.zone(), ctx.now());
    let mut statements: Vec<Statement> = Vec::new();
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
        let reason = format!("{reached} people opened your link");
        let cause = format!("clicks:{}:{user}:{reached}", mission.mission);
        statements.push(store::insert_clicks(
            &store::Entry {
                id: ctx.random_hex(8),
                guild: mission.guild,
                user: *user,
                mission: &mission.mission,
                post: "",
                kind: "clicks",
                units: reached - before,
                points,
                rule_version: version,
                reason: &reason,
                month: &month,
                at: ctx.now(),
                cause: &cause,
            },
            before,
        ));
    }
    while !statements.is_empty() {
        let rest = statements.split_off(ENTRIES.min(statements.len()));
        ctx.batch(std::mem::replace(&mut statements, rest)).await?;
    }
    Ok(())
}
