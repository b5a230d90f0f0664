//! Purpose: the `job` door: what comes from the queue and from the cron tick, and what the sweeper looks for.
//!
//! Everything here may come twice, late or never: rows decide what is left to do.

use crate::{
    activity, audit,
    ctx::Ctx,
    error::{Error, Result},
    identity, links, media, outbox, points,
    ports::{Level, Timer},
    registration, registry, social,
    sql::MAX_SAFE_INTEGER,
    web,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use twilight_model::id::{Id, marker::GuildMarker};

/// A row this long past its time was missed by its alarm.
const OVERDUE_MS: i64 = 15_000;
/// Overdue rows looked up per tick. They go to the queue in batches of a hundred, so that even this many are ten outside
/// calls of the 50 that Cloudflare's free plan allows per invocation, and each is then handled with a budget of its own.
const PER_TICK: u32 = 1_000;

/// A queue message. Ids only, but for clicks: what is to be done stands in the row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Job {
    /// Deliver an outbox row.
    Outbox { id: String },
    /// Arm a guild's clock for a row whose alarm was missed.
    Wake { guild: Id<GuildMarker>, timer: Timer },
    /// Clicks on short links, in a queue of their own, where a batch is taken together ([`links::clicks::take`]).
    Clicks { lines: String },
    /// Count what was clicked in a guild.
    CountClicks { guild: Id<GuildMarker> },
    /// Tell KV about links that changed.
    RefreshLinks,
    /// Pay what was clicked in missions, a few at a time.
    PayClicks,
    /// Pay what was clicked in one mission.
    PayMission { guild: Id<GuildMarker>, mission: String },
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
    let result = match job {
        Job::Outbox { id } => outbox::deliver(ctx, id).await,
        Job::Wake { guild, timer } => {
            let armed = ctx.timers.arm(*guild, vec![timer.clone()]).await;
            armed.map(|()| None).map_err(Error::retryable)
        }
        Job::Clicks { lines } => links::clicks::take(ctx, &[lines]).await.map(|()| None),
        Job::CountClicks { guild } => links::clicks::count(ctx, *guild).await.map(|more| more.then_some(0)),
        Job::RefreshLinks => links::refresh(ctx).await.map(|more| more.then_some(0)),
        Job::PayClicks => points::clicks::sync(ctx).await.map(|()| None),
        Job::PayMission { guild, mission } => points::clicks::of_mission(ctx, *guild, mission).await.map(|()| None),
    };
    match result {
        Ok(None) => JobOutcome::Done,
        Ok(Some(wait_ms)) => {
            JobOutcome::Retry { seconds: u32::try_from(wait_ms / 1_000 + 1).unwrap_or(u32::MAX).min(3_600) }
        }
        Err(error) => {
            ctx.warn("job failed", json!({ "job": job, "error": error.to_string() }));
            JobOutcome::Retry { seconds: 10 }
        }
    }
}

/// One cron tick. Each part stands alone: one that fails does not keep the others from running.
pub async fn cron(ctx: &Ctx) {
    report(ctx, "timers", sweep_timers(ctx).await);
    report(ctx, "outbox", outbox::sweep(ctx, PER_TICK).await);
    report(ctx, "sealed tokens", identity::reseal(ctx).await);
    // A minute after each slot of five is over; looking more often finds nothing.
    if ctx.now().div_euclid(60_000).rem_euclid(5) == 1 {
        report(ctx, "clicks", links::clicks::sweep(ctx).await);
        report(ctx, "sealed accounts", social::tokens::reseal(ctx).await);
    }
    // By then what was clicked in the slot is counted.
    if ctx.now().div_euclid(60_000).rem_euclid(5) == 3 {
        report(ctx, "points for clicks", points::clicks::sweep(ctx).await);
    }
    report(ctx, "links", links::sweep(ctx).await);
    // Once an hour is often enough, whichever tick that is.
    if ctx.now().div_euclid(60_000).rem_euclid(60) == 0 {
        report(ctx, "old messages", outbox::delete_old(ctx).await);
        report(ctx, "old attempts", audit::delete_old(ctx).await);
        report(ctx, "old counts", activity::delete_old(ctx).await);
        report(ctx, "old sessions", identity::delete_old(ctx).await);
        report(ctx, "old consents", social::accounts::delete_old(ctx).await);
        report(ctx, "old answers", web::once::tidy(ctx).await);
        report(ctx, "old clicks", links::clicks::delete_old(ctx).await);
        report(ctx, "old pictures", media::sweep(ctx).await);
    }
    if ctx.now().div_euclid(60_000).rem_euclid(24 * 60) == 0 {
        social::versions::log(ctx);
    }
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

/// Has the clocks armed for every row due before `before`, each by a queue message of its own.
async fn wake(ctx: &Ctx, before: i64) -> Result<()> {
    let overdue = registry::overdue(ctx, before, PER_TICK).await?;
    let Some(earliest) = overdue.iter().map(|(_, timer)| timer.due_at).min() else {
        return Ok(());
    };
    ctx.warn("waking overdue rows", json!({ "rows": overdue.len(), "late_ms": ctx.now() - earliest }));
    let jobs = overdue.into_iter().map(|(guild, timer)| Job::Wake { guild, timer });
    ctx.queue.send_batch(jobs.collect()).await.map_err(Error::retryable)
}

/// Development only: after the clock was moved, alarms stand at the old times. Arms everything that has a due time.
pub async fn clock_moved(ctx: &Ctx) -> Result<()> {
    for (guild, timer) in registry::overdue(ctx, MAX_SAFE_INTEGER, PER_TICK).await? {
        ctx.timers.arm(guild, vec![timer]).await.map_err(Error::retryable)?;
    }
    Ok(())
}
