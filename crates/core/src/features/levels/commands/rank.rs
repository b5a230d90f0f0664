//! Purpose: `/rank`: a member's level, experience and place.

use super::{super::store, unreadable};
use crate::{ctx::Ctx, error::Result, guild_config, interaction::Interaction, reply::Reply};
use twilight_interactions::command::{CommandModel, CreateCommand, ResolvedUser};
use twilight_model::{
    application::{command::Command, interaction::application_command::CommandData},
    id::{Id, marker::UserMarker},
};

#[derive(CommandModel, CreateCommand)]
#[command(name = "rank", desc = "Your level and experience, or somebody else's")]
struct Rank {
    /// Whose; your own unless you choose
    user: Option<ResolvedUser>,
}

pub fn definition() -> Command {
    Rank::create_command().into()
}

pub async fn on_command(ctx: &Ctx, interaction: &Interaction, data: CommandData) -> Result<Reply> {
    let rank = Rank::from_interaction(data.into()).map_err(unreadable)?;
    let user = rank.user.map_or(interaction.actor.id, |user| user.resolved.id);
    show(ctx, interaction, user).await
}

/// The button under a new level: whoever presses sees their own.
pub async fn on_mine(ctx: &Ctx, interaction: &Interaction) -> Result<Reply> {
    show(ctx, interaction, interaction.actor.id).await
}

async fn show(ctx: &Ctx, interaction: &Interaction, user: Id<UserMarker>) -> Result<Reply> {
    let config = guild_config::cached(ctx, interaction.guild_id).await?;
    let row: Option<store::Member> = ctx.query(store::get(interaction.guild_id, user)).await?.first()?;
    let total = row.map_or(0, |row| row.total());
    Ok(Reply::private(format!("<@{user}> · level {} · {total} XP", config.levels.curve.level(total))))
}
