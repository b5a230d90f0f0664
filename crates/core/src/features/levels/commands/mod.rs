//! Purpose: the commands of levels: which file answers which command, button and form.

mod config;
mod ignore;
mod import;
mod leaderboard;
mod levels;
mod multipliers;
mod places;
mod rank;
mod rewards;
mod sync;
mod why;
pub mod xp;

use crate::{
    ctx::Ctx,
    custom_id::CustomId,
    error::{Error, Result},
    interaction::{Interaction, ModalData},
    reply::Reply,
};
use twilight_model::application::{
    command::{Command, CommandOptionChoice},
    interaction::application_command::CommandData,
};

pub use leaderboard::current as current_board;

pub const COMMANDS: &[&str] = &["rank", "leaderboard", "levels", "xp", "why"];

pub fn definitions() -> Vec<Command> {
    vec![rank::definition(), leaderboard::definition(), levels::definition(), xp::definition(), why::definition()]
}

pub async fn on_command(ctx: &Ctx, interaction: &Interaction, data: CommandData) -> Result<Reply> {
    match data.name.as_str() {
        "rank" => rank::on_command(ctx, interaction, data).await,
        "leaderboard" => leaderboard::on_command(ctx, interaction, data).await,
        "levels" => levels::on_command(ctx, interaction, data).await,
        "xp" => xp::on_command(ctx, interaction, data).await,
        "why" => why::on_command(ctx, interaction, data).await,
        _ => Err(other_version()),
    }
}

pub async fn on_autocomplete(
    ctx: &Ctx,
    interaction: &Interaction,
    data: CommandData,
) -> Result<Vec<CommandOptionChoice>> {
    match data.name.as_str() {
        "levels" => levels::on_autocomplete(ctx, interaction, &data).await,
        _ => Ok(Vec::new()),
    }
}

pub async fn on_component(ctx: &Ctx, interaction: &Interaction, id: &CustomId, values: &[String]) -> Result<Reply> {
    match id.action.as_str() {
        "mine" => rank::on_mine(ctx, interaction).await,
        "board" => leaderboard::on_board(ctx, interaction).await,
        "page" => leaderboard::on_page(ctx, interaction, id).await,
        "list" => leaderboard::on_list(ctx, interaction, id, values).await,
        "config" | "sync" | "import" => levels::on_component(ctx, interaction, id, values).await,
        "reset" => xp::reset::on_button(ctx, interaction, id).await,
        _ => Err(other_version()),
    }
}

pub async fn on_modal(ctx: &Ctx, interaction: &Interaction, id: &CustomId, data: &ModalData) -> Result<Reply> {
    match id.action.as_str() {
        "config" => levels::on_modal(ctx, interaction, id, data).await,
        "resetall" => xp::reset::on_form(ctx, interaction, data).await,
        _ => Err(other_version()),
    }
}

fn other_version() -> Error {
    Error::user("This belongs to another version of Muster. Please use the command again.")
}

/// What cannot be read of a command's options.
pub fn unreadable(error: impl std::fmt::Display) -> Error {
    Error::user(format!("Muster could not read that command: {error}. Please type it again."))
}
