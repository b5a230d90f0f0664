//! Purpose: levels: experience from messages and voice, ranks and boards, roles for levels, weeks and months with winners.
//!
//! Tables: levels_members, levels_guilds, levels_periods, levels_imports.
//! Custom ids: `levels:mine:…` (one's own rank), `levels:board`, `levels:page:<list>:<number or me>:<owner>` and
//! `levels:list:<owner>` (leaderboard), `levels:config:…` (the card of settings), `levels:reset:<user>` and `levels:resetall`
//! (confirmations of `/xp reset`), `levels:sync:<start or look>`, `levels:import:<go or look>:…`.
//! Timers: `rewards` (members with `rewards_due`), `rollover` (`levels_guilds.rollover_at`, daily), `reset`
//! (`levels_guilds.reset_after`, while everybody is being reset), `import.<id>` (an import that was confirmed, until it is written).
//! Not here: what earns experience; those rules are `crate::xp`, used where messages are seen. The ranked index is
//! `crate::leaderboard`.

mod admin_view;
mod api;
mod cards;
mod commands;
mod events;
mod import;
mod input;
mod jobs;
mod pages;
mod privacy;
pub mod rules;
mod settings;
pub mod store;
mod sync;
mod view;
mod watch;

use crate::{
    access::{Area, GuildAccess},
    ctx::Ctx,
    custom_id::CustomId,
    error::Result,
    feature::Feature,
    gateway::Arrived,
    guild_config::{self, GuildConfig},
    interaction::{Interaction, ModalData},
    ports::Timer,
    reply::Reply,
    sql::Statement,
    watch::{Attention, Due, Figure, Progress, Scene},
    web::{Request, Response, Tab},
};
use serde_json::Value;
use twilight_model::{
    application::{
        command::{Command, CommandOptionChoice},
        interaction::application_command::CommandData,
    },
    id::{
        Id,
        marker::{GuildMarker, UserMarker},
    },
};
use utoipa::OpenApi as _;

const NAME: &str = "levels";
const REWARDS: &str = "rewards";
const ROLLOVER: &str = "rollover";
const RESET: &str = "reset";
pub const COMMANDS: &[&str] = commands::COMMANDS;

pub struct Levels;

impl Feature for Levels {
    const NAME: &'static str = NAME;

    fn commands() -> Vec<Command> {
        commands::definitions()
    }

    async fn on_command(ctx: &Ctx, interaction: &Interaction, data: CommandData) -> Result<Reply> {
        commands::on_command(ctx, interaction, data).await
    }

    async fn on_autocomplete(
        ctx: &Ctx,
        interaction: &Interaction,
        data: CommandData,
    ) -> Result<Vec<CommandOptionChoice>> {
        commands::on_autocomplete(ctx, interaction, data).await
    }

    async fn on_component(ctx: &Ctx, interaction: &Interaction, id: &CustomId, values: &[String]) -> Result<Reply> {
        commands::on_component(ctx, interaction, id, values).await
    }

    async fn on_modal(ctx: &Ctx, interaction: &Interaction, id: &CustomId, data: &ModalData) -> Result<Reply> {
        commands::on_modal(ctx, interaction, id, data).await
    }

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

    fn description() -> utoipa::openapi::OpenApi {
        api::Description::openapi()
    }

    async fn api(ctx: &Ctx, request: &Request) -> Result<Option<Response>> {
        api::on_request(ctx, request).await
    }

    fn tabs() -> Vec<Tab> {
        vec![Tab { path: NAME, title: "Levels", area: Area::Levels }]
    }

    async fn page(ctx: &Ctx, request: &Request, access: &GuildAccess, rest: &[&str]) -> Result<Option<Response>> {
        pages::on_request(ctx, request, access, rest).await
    }

    async fn public_page(ctx: &Ctx, request: &Request, path: &[&str]) -> Result<Option<Response>> {
        match path {
            ["leaderboard", guild] if request.method == "GET" => {
                Ok(Some(pages::show_public(ctx, request, guild).await?))
            }
            _ => Ok(None),
        }
    }

    async fn personal_data(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<Option<Value>> {
        privacy::export(ctx, guild, user).await
    }

    async fn forget(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<Option<String>> {
        privacy::forget(ctx, guild, user).await
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

    async fn figures(ctx: &Ctx, guild: Id<GuildMarker>, config: &GuildConfig) -> Result<Vec<Figure>> {
        watch::figures(ctx, guild, config).await
    }

    async fn attention(ctx: &Ctx, scene: &Scene<'_>) -> Result<Vec<Attention>> {
        watch::attention(ctx, scene).await
    }

    fn waits_for_gateway(config: &GuildConfig) -> Option<&'static str> {
        watch::waits_for_gateway(config)
    }

    async fn due(ctx: &Ctx, guild: Id<GuildMarker>, before: i64, _limit: u32) -> Result<Vec<Due>> {
        watch::due(ctx, guild, before).await
    }

    async fn progress(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<Vec<Progress>> {
        watch::progress(ctx, guild).await
    }

    fn name_effect(effect: &str) -> &'static str {
        watch::name_effect(effect)
    }
}
