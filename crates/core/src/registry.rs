//! Purpose: the list of features, and the static dispatch to them. A feature adds one line here.

use crate::{
    access::GuildAccess,
    ctx::Ctx,
    custom_id::CustomId,
    error::{Error, Result},
    feature::Feature,
    features,
    gateway::Arrived,
    guild_config::GuildConfig,
    interaction::{Interaction, ModalData},
    outbox::{Delivered, Rendered},
    ports::Timer,
    reply::Reply,
    sql::Statement,
    watch::{Attention, Due, Figure, LogFilter, LogPage, Progress, Scene},
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

macro_rules! features {
    ($($folder:ident :: $feature:ident),+ $(,)?) => {
        /// The names of all features, in the order of `/help`.
        pub const NAMES: &[&str] = &[$(<features::$folder::$feature as Feature>::NAME),+];

        /// Every command with the name of its feature.
        pub fn commands() -> Vec<(&'static str, Command)> {
            let mut all = Vec::new();
            $(all.extend(
                features::$folder::$feature::commands()
                    .into_iter()
                    .map(|command| (<features::$folder::$feature as Feature>::NAME, command)),
            );)+
            all
        }

        /// Which feature has a command of that name.
        fn owner(command: &str) -> Option<&'static str> {
            match command {
                $(name if features::$folder::COMMANDS.contains(&name) => Some(<features::$folder::$feature as Feature>::NAME),)+
                _ => None,
            }
        }

        pub async fn on_command(ctx: &Ctx, interaction: &Interaction, data: CommandData) -> Result<Reply> {
            match owner(&data.name) {
                $(Some(<features::$folder::$feature as Feature>::NAME) => {
                    features::$folder::$feature::on_command(ctx, interaction, data).await
                })+
                _ => Err(unknown_command(&data.name)),
            }
        }

        pub async fn on_autocomplete(ctx: &Ctx, interaction: &Interaction, data: CommandData) -> Result<Vec<CommandOptionChoice>> {
            match owner(&data.name) {
                $(Some(<features::$folder::$feature as Feature>::NAME) => {
                    features::$folder::$feature::on_autocomplete(ctx, interaction, data).await
                })+
                _ => Ok(Vec::new()),
            }
        }

        pub async fn on_component(ctx: &Ctx, interaction: &Interaction, id: &CustomId, values: &[String]) -> Result<Reply> {
            match id.feature.as_str() {
                $(<features::$folder::$feature as Feature>::NAME => {
                    features::$folder::$feature::on_component(ctx, interaction, id, values).await
                })+
                _ => Err(forged()),
            }
        }

        pub async fn on_modal(ctx: &Ctx, interaction: &Interaction, id: &CustomId, data: &ModalData) -> Result<Reply> {
            match id.feature.as_str() {
                $(<features::$folder::$feature as Feature>::NAME => {
                    features::$folder::$feature::on_modal(ctx, interaction, id, data).await
                })+
                _ => Err(forged()),
            }
        }

        /// Every feature hears every event; one that fails does not keep it from the others.
        pub async fn on_event(ctx: &Ctx, kind: &str, event: &Value) -> Vec<(&'static str, Error)> {
            let mut failed = Vec::new();
            $(if let Err(error) = features::$folder::$feature::on_event(ctx, kind, event).await {
                failed.push((<features::$folder::$feature as Feature>::NAME, error));
            })+
            failed
        }

        pub async fn gateway_statements(ctx: &Ctx, arrived: &Arrived) -> Result<Vec<Statement>> {
            let mut all = Vec::new();
            $(all.extend(features::$folder::$feature::gateway_statements(ctx, arrived).await?);)+
            Ok(all)
        }

        pub async fn on_gateway(ctx: &Ctx, arrived: &Arrived) -> Result<()> {
            $(features::$folder::$feature::on_gateway(ctx, arrived).await?;)+
            Ok(())
        }

        pub async fn on_timer(ctx: &Ctx, guild: Id<GuildMarker>, timer: &Timer) -> Result<Option<i64>> {
            match timer.feature.as_str() {
                $(<features::$folder::$feature as Feature>::NAME => {
                    features::$folder::$feature::on_timer(ctx, guild, &timer.id).await
                })+
                // A feature that is gone has no due rows.
                _ => Ok(None),
            }
        }

        pub async fn overdue(ctx: &Ctx, before: i64, limit: u32) -> Result<Vec<(Id<GuildMarker>, Timer)>> {
            let mut all = Vec::new();
            $(all.extend(features::$folder::$feature::overdue(ctx, before, limit).await?);)+
            Ok(all)
        }

        pub fn on_delivered(feature: &str, delivered: &Delivered) -> Vec<Statement> {
            match feature {
                $(<features::$folder::$feature as Feature>::NAME => {
                    features::$folder::$feature::on_delivered(delivered)
                })+
                _ => Vec::new(),
            }
        }

        pub async fn render(ctx: &Ctx, feature: &str, guild: Id<GuildMarker>, reference: &str) -> Result<Option<Rendered>> {
            match feature {
                $(<features::$folder::$feature as Feature>::NAME => {
                    features::$folder::$feature::render(ctx, guild, reference).await
                })+
                _ => Ok(None),
            }
        }

        pub async fn api(ctx: &Ctx, request: &Request) -> Result<Option<Response>> {
            $(if let Some(response) = features::$folder::$feature::api(ctx, request).await? {
                return Ok(Some(response));
            })+
            Ok(None)
        }

        /// The routes of all features.
        pub fn descriptions() -> Vec<utoipa::openapi::OpenApi> {
            vec![$(features::$folder::$feature::description()),+]
        }

        pub fn tabs() -> Vec<Tab> {
            let mut all = Vec::new();
            $(all.extend(features::$folder::$feature::tabs());)+
            all
        }

        pub async fn page(ctx: &Ctx, request: &Request, access: &GuildAccess, rest: &[&str]) -> Result<Option<Response>> {
            $(if let Some(response) = features::$folder::$feature::page(ctx, request, access, rest).await? {
                return Ok(Some(response));
            })+
            Ok(None)
        }

        pub async fn public_page(ctx: &Ctx, request: &Request, path: &[&str]) -> Result<Option<Response>> {
            $(if let Some(response) = features::$folder::$feature::public_page(ctx, request, path).await? {
                return Ok(Some(response));
            })+
            Ok(None)
        }

        pub async fn figures(ctx: &Ctx, guild: Id<GuildMarker>, config: &GuildConfig) -> Result<Vec<Figure>> {
            let mut all = Vec::new();
            $(all.extend(features::$folder::$feature::figures(ctx, guild, config).await?);)+
            Ok(all)
        }

        pub async fn attention(ctx: &Ctx, scene: &Scene<'_>) -> Result<Vec<Attention>> {
            let mut all = Vec::new();
            $(all.extend(features::$folder::$feature::attention(ctx, scene).await?);)+
            Ok(all)
        }

        pub fn waits_for_gateway(config: &GuildConfig) -> Vec<&'static str> {
            let mut all = Vec::new();
            $(all.extend(features::$folder::$feature::waits_for_gateway(config));)+
            all
        }

        pub async fn due(ctx: &Ctx, guild: Id<GuildMarker>, before: i64, limit: u32) -> Result<Vec<Due>> {
            let mut all = Vec::new();
            $(all.extend(features::$folder::$feature::due(ctx, guild, before, limit).await?);)+
            Ok(all)
        }

        pub async fn progress(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<Vec<Progress>> {
            let mut all = Vec::new();
            $(all.extend(features::$folder::$feature::progress(ctx, guild).await?);)+
            Ok(all)
        }

        pub async fn log_page(ctx: &Ctx, feature: &str, guild: Id<GuildMarker>, filter: &LogFilter) -> Result<Option<LogPage>> {
            match feature {
                $(<features::$folder::$feature as Feature>::NAME => {
                    features::$folder::$feature::log_page(ctx, guild, filter).await
                })+
                _ => Ok(None),
            }
        }

        pub fn name_effect(feature: &str, effect: &str) -> &'static str {
            match feature {
                $(<features::$folder::$feature as Feature>::NAME => features::$folder::$feature::name_effect(effect),)+
                _ => "Message",
            }
        }

        /// A member's level from whichever feature keeps levels in that guild; `None` while none does.
        pub async fn member_level(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<Option<u32>> {
            $(if let Some(level) = features::$folder::$feature::member_level(ctx, guild, user).await? {
                return Ok(Some(level));
            })+
            Ok(None)
        }

        /// What each feature keeps about somebody, by the feature's name.
        pub async fn personal_data(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<Vec<(&'static str, Value)>> {
            let mut all = Vec::new();
            $(if let Some(data) = features::$folder::$feature::personal_data(ctx, guild, user).await? {
                all.push((<features::$folder::$feature as Feature>::NAME, data));
            })+
            Ok(all)
        }

        /// What each feature says about forgetting somebody.
        pub async fn forget(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<Vec<String>> {
            let mut all = Vec::new();
            $(all.extend(features::$folder::$feature::forget(ctx, guild, user).await?);)+
            Ok(all)
        }

        pub async fn keeps_levels(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<bool> {
            $(if features::$folder::$feature::keeps_levels(ctx, guild).await? {
                return Ok(true);
            })+
            Ok(false)
        }
    };
}

features! {
    giveaways::Giveaways,
    levels::Levels,
    missions::Missions,
    connect::Connect,
    links::Links,
    config::Config,
    overview::Overview,
    analytics::Analytics,
    logs::Logs,
    jobs::Jobs,
    keys::Keys,
    grants::Grants,
    setup::Setup,
    privacy::Privacy,
    help::Help,
    ping::Ping,
}

fn unknown_command(name: &str) -> Error {
    let name = crate::text::escape_markdown(&crate::text::clean_line(name, 32));
    Error::user(format!(
        "Muster does not know the command /{name}. It may belong to a version that is no longer running."
    ))
}

fn forged() -> Error {
    Error::Denied("This button is not one that Muster made, or it is from a version long gone.".to_owned())
}
