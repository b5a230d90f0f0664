//! Purpose: everybody's roles looked at, some at a time: the guild's clock marks members, and sets the roles of the marked.

pub mod store;

use super::{REWARDS, admin_view, settings};
use crate::{
    audit::Author,
    ctx::Ctx,
    discord::GuildFacts,
    error::{Error, Result},
    guild_config::GuildConfig,
    permissions,
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

/// Begins a sync unless one is running, with a line in the audit log. Gives how far it is.
///
/// # Errors
/// `User` when there is nothing to give, or Muster may not give it.
pub async fn start(ctx: &Ctx, author: &Author, config: &GuildConfig, facts: &GuildFacts) -> Result<store::Row> {
    let guild = author.guild;
    if config.levels.rewards.is_empty() {
        return Err(Error::user("There are no roles for levels yet. Add one with `/levels rewards add`."));
    }
    if !permissions::role_rights(ctx, guild, facts).await?.manages_roles {
        return Err(Error::user(admin_view::NO_MANAGE_ROLES));
    }
    let statements = vec![
        settings::add_guild(ctx, guild, config),
        store::start(guild, ctx.now()),
        settings::note(ctx, author, "sync", "everybody's roles"),
        store::get(guild),
    ];
    let results = ctx.batch(statements).await?;
    let row: store::Row = results.last().map(|result| result.first()).transpose()?.flatten().unwrap_or_default();
    arm(ctx, guild).await?;
    Ok(row)
}
