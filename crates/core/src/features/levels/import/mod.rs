//! Purpose: totals taken over from another bot: previewed, confirmed once, and written some at a time by the guild's clock.

pub mod parse;
pub mod store;
pub mod view;

use super::{NAME, store as levels, sync};
use crate::{
    ctx::Ctx,
    error::{Error, Result},
    guild_config,
    leaderboard::changed_at,
    ports::{StatementResult, Timer},
};
use serde_json::json;
use std::collections::HashMap;
use store::{Row, RunningRow, SliceRow};
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

/// Timers of imports are this and the import's id.
const TIMER: &str = "import.";
/// Entries per step: one statement reads the members, one writes them.
const PER_STEP: u32 = 500;
const STEP_PAUSE_MS: i64 = 1_000;
/// Members asked for at once.
const LIST_MAX: usize = 2_000;

/// What the members of an import have in total now, where they have anything.
pub async fn totals(
    ctx: &Ctx,
    guild: Id<GuildMarker>,
    users: &[Id<UserMarker>],
) -> Result<HashMap<Id<UserMarker>, u64>> {
    let mut known = HashMap::new();
    for chunk in users.chunks(LIST_MAX) {
        let asked: Vec<_> = chunk.iter().map(|user| json!([guild, user])).collect();
        let members: Vec<levels::Member> = ctx.query(levels::list(&json!(asked).to_string())).await?.all()?;
        known.extend(members.into_iter().map(|member| (member.user_id, member.total())));
    }
    Ok(known)
}

/// Has the guild's clock begin; should that be lost, the sweeper finds the row.
pub async fn arm(ctx: &Ctx, guild: Id<GuildMarker>, id: &str) -> Result<()> {
    let timer = Timer { feature: NAME.to_owned(), id: format!("{TIMER}{id}"), due_at: ctx.now() };
    ctx.timers.arm(guild, vec![timer]).await.map_err(Error::retryable)
}

/// The timers of imports that are not written to the end, out of what [`store::list_running`] gave.
pub fn overdue(found: &StatementResult) -> Result<Vec<(Id<GuildMarker>, Timer)>> {
    let rows: Vec<RunningRow> = found.all()?;
    let timer = |row: RunningRow| {
        (row.guild_id, Timer { feature: NAME.to_owned(), id: format!("{TIMER}{}", row.id), due_at: row.due_at })
    };
    Ok(rows.into_iter().map(timer).collect())
}

/// Writes the next entries of an import. The statement that writes and the one that notes how far it is hold for the same
/// position only, in one transaction: whoever comes second writes nothing.
pub async fn on_timer(ctx: &Ctx, guild: Id<GuildMarker>, timer: &str) -> Result<Option<i64>> {
    let Some(id) = timer.strip_prefix(TIMER) else { return Ok(None) };
    let row: Option<Row> = ctx.query(store::get(guild, id)).await?.first()?;
    let Some(row) = row.filter(|row| row.started_at.is_some() && !row.is_done()) else { return Ok(None) };
    let slice: Option<SliceRow> = ctx.query(store::slice(guild, id, row.position, PER_STEP)).await?.first()?;
    let entries: Vec<(Id<UserMarker>, u64, u64)> = slice
        .map(|slice| serde_json::from_str(&slice.entries))
        .transpose()
        .map_err(Error::internal)?
        .unwrap_or_default();
    let config = guild_config::fresh(ctx, guild).await?;
    let levels = &config.config().levels;
    let users: Vec<_> = entries.iter().map(|(user, ..)| *user).collect();
    let totals = totals(ctx, guild, &users).await?;
    let mut changes = 0;
    let mut rows = Vec::with_capacity(entries.len());
    for (user, xp, messages) in &entries {
        let now = totals.get(user).copied().unwrap_or_default();
        changes += u64::from(parse::total_after(row.mode, now, *xp) != now);
        rows.push(json!([user, xp, messages, parse::level_after(levels.curve, row.mode, now, *xp)]));
    }
    let due = (!levels.rewards.is_empty()).then(|| ctx.now());
    // A row whose list is shorter than its number says is done with what there is.
    let by = if entries.len() < PER_STEP as usize { row.total - row.position } else { entries.len() as u64 };
    ctx.batch(vec![
        store::write(guild, &row, &json!(rows).to_string(), due, changed_at(ctx.now())),
        store::advance(guild, &row, by, changes),
    ])
    .await?;
    if row.position + by < row.total {
        return Ok(Some(ctx.now() + STEP_PAUSE_MS));
    }
    if due.is_some() {
        sync::arm(ctx, guild).await?;
    }
    Ok(None)
}
