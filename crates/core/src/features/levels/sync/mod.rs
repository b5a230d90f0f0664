//! Purpose: everybody's roles looked at, some at a time: the guild's clock marks members, and sets the roles of the marked.

pub mod store;

use super::REWARDS;
use crate::{
    ctx::Ctx,
    error::{Error, Result},
    ports::Timer,
};
use twilight_model::id::{Id, marker::GuildMarker};

/// Members marked at once; the clock then sets their roles, a few per second, before it marks more.
const MARKED_AT_ONCE: u32 = 500;

/// Nobody is due: marks the next members, or says that the sync is done. Gives when to go on.
pub async fn go_on(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<Option<i64>> {
    let row: store::Row = ctx.query(store::get(guild)).await?.first()?.unwrap_or_default();
    if !row.is_running() {
        return Ok(None);
    }
    let Some(after) = &row.sync_after else {
        ctx.query(store::finish(guild, ctx.now())).await?;
        return Ok(None);
    };
    ctx.batch(vec![
        store::mark_next(guild, after, MARKED_AT_ONCE, ctx.now()),
        store::advance(guild, after, MARKED_AT_ONCE),
    ])
    .await?;
    Ok(Some(ctx.now()))
}

/// Has the guild's clock begin; should that be lost, the sweeper finds the row.
pub async fn arm(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<()> {
    let timer = Timer { feature: super::NAME.to_owned(), id: REWARDS.to_owned(), due_at: ctx.now() };
    ctx.timers.arm(guild, vec![timer]).await.map_err(Error::retryable)
}
