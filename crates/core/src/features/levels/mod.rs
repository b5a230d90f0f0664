//! Purpose: levels: experience from messages and voice, ranks and boards, roles for levels, weeks and months with winners.
//!
//! Tables: levels_members, levels_guilds, levels_periods, levels_imports.
//! Custom ids: `levels:mine:…` (one's own rank).
//! Timers: `rewards` (members with `rewards_due`), `rollover` (`levels_guilds.rollover_at`, daily).
//! Not here: what earns experience; those rules are `crate::xp`, used where messages are seen. The ranked index is
//! `crate::leaderboard`.

mod events;
mod jobs;
pub mod rules;
pub mod store;
mod view;

use crate::{ctx::Ctx, error::Result, feature::Feature, gateway::Arrived, guild_config, ports::Timer, sql::Statement};
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

const NAME: &str = "levels";
const REWARDS: &str = "rewards";
const ROLLOVER: &str = "rollover";
pub const COMMANDS: &[&str] = &[];

pub struct Levels;

impl Feature for Levels {
    const NAME: &'static str = NAME;

    async fn gateway_statements(ctx: &Ctx, arrived: &Arrived) -> Result<Vec<Statement>> {
        Ok(events::statements(ctx, arrived))
    }

    async fn on_gateway(ctx: &Ctx, arrived: &Arrived) -> Result<()> {
        events::settle(ctx, arrived).await
    }

    async fn on_timer(ctx: &Ctx, guild: Id<GuildMarker>, id: &str) -> Result<Option<i64>> {
        jobs::on_timer(ctx, guild, id).await
    }

    async fn overdue(ctx: &Ctx, before: i64, limit: u32) -> Result<Vec<(Id<GuildMarker>, Timer)>> {
        jobs::overdue(ctx, before, limit).await
    }

    async fn member_level(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<Option<u32>> {
        let config = guild_config::cached(ctx, guild).await?;
        if !config.levels.enabled {
            return Ok(None);
        }
        let row: Option<store::Member> = ctx.query(store::get(guild, user)).await?.first()?;
        Ok(Some(row.map_or(0, |row| config.levels.curve.level(row.total()))))
    }

    async fn keeps_levels(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<bool> {
        Ok(guild_config::cached(ctx, guild).await?.levels.enabled)
    }
}
