//! Purpose: giveaways: start, enter, draw so that anyone can check it, claim, draw again.
//!
//! Tables: giveaways, giveaway_entries, giveaway_picks, giveaway_log, giveaway_blacklist.
//! Custom ids: `giveaways:enter:<id>`, `giveaways:claim:<id>:<version>`, `giveaways:create` (modal),
//! `giveaways:page:<list>:<id>:<page>`.
//! Timers: `<id>` (due_at of the row), `card:<id>` (the count on the card).
//! Not here: levels; a minimum level is asked through the registry.

mod actions;
mod api;
mod begin;
mod commands;
mod components;
mod jobs;
mod pages;
mod privacy;
pub mod rules;
pub mod store;
mod view;
mod watch;

use crate::{
    access::{Area, GuildAccess},
    ctx::Ctx,
    custom_id::CustomId,
    error::{Error, Result},
    feature::Feature,
    guild_config::GuildConfig,
    interaction::{Interaction, ModalData},
    outbox::{Delivered, Rendered},
    ports::Timer,
    reply::Reply,
    sql::Statement,
    watch::{Attention, Due, Figure, LogFilter, LogPage, Scene},
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

const NAME: &str = "giveaways";
pub const COMMANDS: &[&str] = &["giveaway"];

/// The count on the card is at most this old while people press, and edited at most this often.
const COLLECT_MS: i64 = 5_000;

pub struct Giveaways;

impl Feature for Giveaways {
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
        commands::on_autocomplete(ctx, interaction, &data).await
    }

    async fn on_component(ctx: &Ctx, interaction: &Interaction, id: &CustomId, _values: &[String]) -> Result<Reply> {
        match id.action.as_str() {
            "enter" => components::on_enter(ctx, interaction, id.get(0)).await,
            "claim" => components::on_claim(ctx, interaction, id.get(0)).await,
            "page" => components::on_page(ctx, interaction, id).await,
            _ => Err(Error::user("This button belongs to another version of Muster.")),
        }
    }

    async fn on_modal(ctx: &Ctx, interaction: &Interaction, id: &CustomId, data: &ModalData) -> Result<Reply> {
        match id.action.as_str() {
            "create" => commands::on_create_form(ctx, interaction, data).await,
            _ => Err(Error::user("This form belongs to another version of Muster.")),
        }
    }

    async fn on_timer(ctx: &Ctx, guild: Id<GuildMarker>, id: &str) -> Result<Option<i64>> {
        jobs::on_timer(ctx, guild, id).await
    }

    async fn overdue(ctx: &Ctx, before: i64, limit: u32) -> Result<Vec<(Id<GuildMarker>, Timer)>> {
        jobs::overdue(ctx, before, limit).await
    }

    fn on_delivered(delivered: &Delivered) -> Vec<Statement> {
        let guild = delivered.guild_id;
        match delivered.reference.split(':').collect::<Vec<_>>()[..] {
            // A card that was changed before it was posted could not be edited until now.
            ["announce", id] => vec![
                store::set_message(guild, id, &delivered.message_id),
                crate::outbox::store::reopen_edit(&jobs::card_key(id)),
            ],
            // Nobody could claim before the button was there.
            ["drawn", id, claim_by] => {
                vec![store::restart_claims(id, claim_by, delivered.at), store::follow_claims(guild, id)]
            }
            _ => Vec::new(),
        }
    }

    async fn render(ctx: &Ctx, guild: Id<GuildMarker>, reference: &str) -> Result<Option<Rendered>> {
        match reference.strip_prefix("card:") {
            Some(id) => jobs::render_card(ctx, guild, id).await,
            None => Ok(None),
        }
    }

    async fn personal_data(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<Option<Value>> {
        privacy::export(ctx, guild, user).await
    }

    async fn forget(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<Option<String>> {
        privacy::forget(ctx, guild, user).await
    }

    fn description() -> utoipa::openapi::OpenApi {
        api::Description::openapi()
    }

    async fn api(ctx: &Ctx, request: &Request) -> Result<Option<Response>> {
        api::on_request(ctx, request).await
    }

    fn tabs() -> Vec<Tab> {
        vec![Tab { path: pages::PATH, title: "Giveaways", area: Area::Giveaways }]
    }

    async fn page(ctx: &Ctx, request: &Request, access: &GuildAccess, rest: &[&str]) -> Result<Option<Response>> {
        pages::on_request(ctx, request, access, rest).await
    }

    async fn public_page(ctx: &Ctx, request: &Request, path: &[&str]) -> Result<Option<Response>> {
        pages::proof::on_request(ctx, request, path).await
    }

    async fn figures(ctx: &Ctx, guild: Id<GuildMarker>, _config: &GuildConfig) -> Result<Vec<Figure>> {
        watch::figures(ctx, guild).await
    }

    async fn attention(_ctx: &Ctx, scene: &Scene<'_>) -> Result<Vec<Attention>> {
        Ok(watch::attention(scene))
    }

    async fn due(ctx: &Ctx, guild: Id<GuildMarker>, before: i64, limit: u32) -> Result<Vec<Due>> {
        watch::due(ctx, guild, before, limit).await
    }

    async fn log_page(ctx: &Ctx, guild: Id<GuildMarker>, filter: &LogFilter) -> Result<Option<LogPage>> {
        watch::log_page(ctx, guild, filter).await.map(Some)
    }

    fn name_effect(effect: &str) -> &'static str {
        watch::name_effect(effect)
    }
}
