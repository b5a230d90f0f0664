//! Purpose: `/levels`: its subcommands, the right that all of them need, and which file carries out which.

use super::{config, other_version, unreadable};
use crate::{ctx::Ctx, custom_id::CustomId, error::Result, interaction::Interaction, permissions, reply::Reply};
use twilight_interactions::command::{CommandModel, CreateCommand};
use twilight_model::{
    application::{
        command::Command,
        interaction::{application_command::CommandData, modal::ModalInteractionData},
    },
    guild::Permissions,
};

#[derive(CommandModel, CreateCommand)]
#[command(name = "levels", desc = "How levels work here", default_permissions = "manage_guild")]
enum LevelsCommand {
    #[command(name = "config")]
    Config(config::Show),
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
    }
}

pub async fn on_component(ctx: &Ctx, interaction: &Interaction, id: &CustomId, values: &[String]) -> Result<Reply> {
    permissions::require_user_strictly(interaction, Permissions::MANAGE_GUILD)?;
    match id.action.as_str() {
        "config" => config::on_component(ctx, interaction, id, values).await,
        _ => Err(other_version()),
    }
}

pub async fn on_modal(
    ctx: &Ctx,
    interaction: &Interaction,
    id: &CustomId,
    data: &ModalInteractionData,
) -> Result<Reply> {
    permissions::require_user_strictly(interaction, Permissions::MANAGE_GUILD)?;
    match id.action.as_str() {
        "config" => config::on_form(ctx, interaction, id, data).await,
        _ => Err(other_version()),
    }
}
