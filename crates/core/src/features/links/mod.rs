//! Purpose: short links for people: `/link`, the dashboard's page, the API. Making, looking up and counting is `crate::links`.
//!
//! Custom ids: `links:review:<slug>:<yes or no>`.

mod actions;
mod api;
mod commands;
mod pages;
mod privacy;
mod qr;
mod view;

use crate::{
    access::{Area, GuildAccess},
    ctx::Ctx,
    custom_id::CustomId,
    error::{Error, Result},
    feature::Feature,
    interaction::Interaction,
    reply::Reply,
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

const NAME: &str = "links";
pub const COMMANDS: &[&str] = &["link"];

pub struct Links;

impl Feature for Links {
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
            "review" => commands::on_review(ctx, interaction, id).await,
            _ => Err(Error::user("This button belongs to another version of Muster.")),
        }
    }

    fn description() -> utoipa::openapi::OpenApi {
        api::Description::openapi()
    }

    async fn api(ctx: &Ctx, request: &Request) -> Result<Option<Response>> {
        api::on_request(ctx, request).await
    }

    fn tabs() -> Vec<Tab> {
        vec![Tab { path: pages::PATH, title: "Links", area: Area::Missions }]
    }

    async fn page(ctx: &Ctx, request: &Request, access: &GuildAccess, rest: &[&str]) -> Result<Option<Response>> {
        pages::on_request(ctx, request, access, rest).await
    }

    async fn personal_data(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<Option<Value>> {
        privacy::export(ctx, guild, user).await
    }

    async fn forget(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<Option<String>> {
        privacy::forget(ctx, guild, user).await
    }
}
