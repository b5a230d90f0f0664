//! Purpose: `/levels`: its subcommands, the right that all of them need, and which file carries out which.

use super::{config, ignore, import, multipliers, other_version, rewards, sync, unreadable};
use crate::{
    ctx::Ctx,
    custom_id::CustomId,
    error::Result,
    interaction::{Interaction, ModalData},
    permissions,
    reply::Reply,
};
use twilight_interactions::command::{CommandModel, CreateCommand};
use twilight_model::{
    application::{
        command::{Command, CommandOptionChoice},
        interaction::application_command::{CommandData, CommandDataOption, CommandOptionValue},
    },
    guild::Permissions,
};

#[derive(CommandModel, CreateCommand)]
#[command(name = "levels", desc = "How levels work here", default_permissions = "manage_guild")]
enum LevelsCommand {
    #[command(name = "config")]
    Config(config::Show),
    #[command(name = "rewards")]
    Rewards(rewards::Rewards),
    #[command(name = "multipliers")]
    Multipliers(multipliers::Multipliers),
    #[command(name = "ignore")]
    Ignore(ignore::Ignore),
    #[command(name = "sync")]
    Sync(sync::Sync),
    #[command(name = "import")]
    Import(Box<import::Import>),
    #[command(name = "rebuild")]
    Rebuild(sync::Rebuild),
}

fn manage_guild() -> Permissions {
    Permissions::MANAGE_GUILD
}

pub fn definition() -> Command {
    LevelsCommand::create_command().into()
}

pub async fn on_command(ctx: &Ctx, interaction: &Interaction, data: CommandData) -> Result<Reply> {
    permissions::require_user_strictly(interaction, Permissions::MANAGE_GUILD)?;
    match LevelsCommand::from_interaction(data.into()).map_err(unreadable)? {
        LevelsCommand::Config(config::Show) => config::on_show(ctx, interaction).await,
        LevelsCommand::Rewards(command) => rewards::on_command(ctx, interaction, command).await,
        LevelsCommand::Multipliers(command) => multipliers::on_command(ctx, interaction, command).await,
        LevelsCommand::Ignore(command) => ignore::on_command(ctx, interaction, command).await,
        LevelsCommand::Sync(sync::Sync) => sync::on_sync(ctx, interaction).await,
        LevelsCommand::Import(command) => import::on_import(ctx, interaction, &command).await,
        LevelsCommand::Rebuild(sync::Rebuild) => sync::on_rebuild(ctx, interaction).await,
    }
}

pub async fn on_component(ctx: &Ctx, interaction: &Interaction, id: &CustomId, values: &[String]) -> Result<Reply> {
    permissions::require_user_strictly(interaction, Permissions::MANAGE_GUILD)?;
    match id.action.as_str() {
        "config" => config::on_component(ctx, interaction, id, values).await,
        "sync" => sync::on_component(ctx, interaction, id).await,
        "import" => import::on_component(ctx, interaction, id).await,
        _ => Err(other_version()),
    }
}

pub async fn on_modal(ctx: &Ctx, interaction: &Interaction, id: &CustomId, data: &ModalData) -> Result<Reply> {
    permissions::require_user_strictly(interaction, Permissions::MANAGE_GUILD)?;
    match id.action.as_str() {
        "config" => config::on_form(ctx, interaction, id, data).await,
        _ => Err(other_version()),
    }
}

/// The option in which somebody types, with what stands there: of a subcommand, or of one in a group.
fn focused(options: &[CommandDataOption]) -> Option<(&str, &str)> {
    options.iter().find_map(|option| match &option.value {
        CommandOptionValue::Focused(typed, _) => Some((option.name.as_str(), typed.as_str())),
        CommandOptionValue::SubCommand(inner) | CommandOptionValue::SubCommandGroup(inner) => focused(inner),
        _ => None,
    })
}

pub async fn on_autocomplete(
    ctx: &Ctx,
    interaction: &Interaction,
    data: &CommandData,
) -> Result<Vec<CommandOptionChoice>> {
    permissions::require_user_strictly(interaction, Permissions::MANAGE_GUILD)?;
    match focused(&data.options) {
        Some(("reward", typed)) => rewards::suggest(ctx, interaction, typed).await,
        Some(("multiplier", typed)) => multipliers::suggest(ctx, interaction, typed).await,
        Some(("ignored", typed)) => ignore::suggest(ctx, interaction, typed).await,
        _ => Ok(Vec::new()),
    }
}
