//! Purpose: the `job` door: what comes from the queue and from the cron tick, and what the sweeper looks for.
//!
//! Everything here may come twice, late or never: rows decide what is left to do.

use crate::{
    ctx::Ctx,
    error::Result,
    outbox,
    ports::{Level, Timer},
    registration, registry,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use twilight_model::id::{Id, marker::GuildMarker};

/// A row this long past its time was missed by its alarm.
const OVERDUE_MS: i64 = 15_000;
/// Guilds or messages taken up per tick: Cloudflare's free plan allows 50 outside calls per invocation.
const PER_TICK: u32 = 20;

/// A queue message. Ids only: what is to be done stands in the row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Job {
    /// Deliver an outbox row.
    Outbox { id: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobOutcome {
    Done,
    /// Hand it out again after so many seconds.
    Retry {
        seconds: u32,
    },
}

/// One queue message.
pub async fn job(ctx: &Ctx, job: &Job) -> JobOutcome {
    let Job::Outbox { id } = job;
    match outbox::deliver(ctx, id).await {
        Ok(None) => JobOutcome::Done,
        Ok(Some(wait_ms)) => {
            JobOutcome::Retry { seconds: u32::try_from(wait_ms / 1_000 + 1).unwrap_or(u32::MAX).min(3_600) }
        }
        Err(error) => {
            ctx.warn("job failed", json!({ "outbox": id, "error": error.to_string() }));
            JobOutcome::Retry { seconds: 10 }
        }
    }
}

/// One cron tick. Each part stands alone: one that fails does not keep the others from running.
pub async fn cron(ctx: &Ctx) {
    report(ctx, "timers", sweep_timers(ctx).await);
    report(ctx, "outbox", outbox::sweep(ctx, PER_TICK).await);
    report(ctx, "commands", registration::register_if_changed(ctx).await);
}

fn report(ctx: &Ctx, part: &str, result: Result<()>) {
    if let Err(error) = result {
        let fields = json!({ "part": part, "error": error.to_string() });
        ctx.log.write(Level::Error, "cron part failed", fields);
    }
}

/// Wakes the clocks of guilds whose rows are overdue: an alarm gives up after its retries, a row does not.
pub async fn sweep_timers(ctx: &Ctx) -> Result<()> {
    wake(ctx, ctx.now() - OVERDUE_MS).await
}

/// Arms the clocks for every row due before `before`.
async fn wake(ctx: &Ctx, before: i64) -> Result<()> {
    let mut by_guild: BTreeMap<Id<GuildMarker>, Vec<Timer>> = BTreeMap::new();
    for (guild, timer) in registry::overdue(ctx, before, PER_TICK).await? {
        by_guild.entry(guild).or_default().push(timer);
    }
    for (guild, timers) in by_guild {
        let late = ctx.now() - timers.iter().map(|timer| timer.due_at).min().unwrap_or_default();
        ctx.warn("waking an overdue guild", json!({ "guild": guild, "timers": timers.len(), "late_ms": late }));
        if let Err(error) = ctx.timers.arm(guild, timers).await {
            ctx.warn("a guild's clock could not be armed", json!({ "guild": guild, "error": error }));
        }
    }
    Ok(())
}

/// Development only: after the clock was moved, alarms stand at the old times. Arms everything that has a due time.
pub async fn clock_moved(ctx: &Ctx) -> Result<()> {
    wake(ctx, i64::MAX >> 12).await
}
