//! Purpose: `/levels ignore`: channels, categories and roles in which or with which nobody earns anything.

use super::{
    super::{
        admin_view as view,
        settings::{self, change},
    },
    places::{self, Named},
};
use crate::{
    ctx::Ctx,
    error::{Error, Result},
    guild_config,
    interaction::Interaction,
    reply::Reply,
};
use twilight_interactions::command::{CommandModel, CreateCommand};
use twilight_model::{
    application::command::CommandOptionChoice,
    id::{
        Id,
        marker::{ChannelMarker, RoleMarker},
    },
};

#[derive(CommandModel, CreateCommand)]
#[command(name = "ignore", desc = "Channels, categories and roles without XP")]
pub enum Ignore {
    #[command(name = "add")]
    Add(Add),
    #[command(name = "remove")]
    Remove(Remove),
    #[command(name = "list")]
    List(List),
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "add", desc = "No XP in a channel or category, or with a role")]
pub struct Add {
    /// A channel with its threads, or a category with all its channels
    channel: Option<Id<ChannelMarker>>,
    /// People with this role
    role: Option<Id<RoleMarker>>,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "remove", desc = "XP again in a channel or category, or with a role")]
pub struct Remove {
    /// Which one
    #[command(autocomplete = true, max_length = 40)]
    ignored: String,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "list", desc = "Where and with which roles nobody earns XP")]
pub struct List;

pub async fn on_command(ctx: &Ctx, interaction: &Interaction, command: Ignore) -> Result<Reply> {
    match command {
        Ignore::Add(add) => on_add(ctx, interaction, &add).await?,
        Ignore::Remove(remove) => on_remove(ctx, interaction, remove.ignored.trim()).await?,
        Ignore::List(List) => {}
    }
    let config = guild_config::fresh(ctx, interaction.guild_id).await?;
    Ok(Reply::Private(view::ignored(config.config())))
}

async fn on_add(ctx: &Ctx, interaction: &Interaction, wanted: &Add) -> Result<()> {
    if wanted.channel.is_none() && wanted.role.is_none() {
        return Err(Error::user("Choose a `channel` (or category) or a `role` to ignore."));
    }
    if let Some(channel) = wanted.channel {
        places::require_channel(ctx, interaction.guild_id, channel).await?;
    }
    if let Some(role) = wanted.role {
        places::require_role(ctx, interaction.guild_id, role).await?;
    }
    change(ctx, &interaction.into(), "ignored", view::show_ignored, |levels| {
        if let Some(channel) = wanted.channel {
            settings::ignore(&mut levels.text.no_xp_channels, channel)?;
        }
        if let Some(role) = wanted.role {
            settings::ignore(&mut levels.text.no_xp_roles, role)?;
        }
        Ok(())
    })
    .await
}

async fn on_remove(ctx: &Ctx, interaction: &Interaction, wanted: &str) -> Result<()> {
    change(ctx, &interaction.into(), "ignored", view::show_ignored, |levels| {
        let rules = &mut levels.text;
        let before = rules.no_xp_channels.len() + rules.no_xp_roles.len();
        rules.no_xp_channels.retain(|id| format!("channel.{id}") != wanted);
        rules.no_xp_roles.retain(|id| format!("role.{id}") != wanted);
        if rules.no_xp_channels.len() + rules.no_xp_roles.len() == before {
            return Err(Error::user("That is not ignored. Choose one from the list that opens while you type."));
        }
        Ok(())
    })
    .await
}

pub async fn suggest(ctx: &Ctx, interaction: &Interaction, typed: &str) -> Result<Vec<CommandOptionChoice>> {
    let config = guild_config::cached(ctx, interaction.guild_id).await?;
    let rules = &config.levels.text;
    let channels = rules.no_xp_channels.iter().map(|id| (String::new(), Named::Channel(*id), format!("channel.{id}")));
    let roles = rules.no_xp_roles.iter().map(|id| (String::new(), Named::Role(*id), format!("role.{id}")));
    places::suggest(ctx, interaction.guild_id, channels.chain(roles).collect(), typed).await
}
