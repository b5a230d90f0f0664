//! Purpose: channels and roles that admins name: whether they are this server's, and what they are called in suggestions.

use super::rewards::choice;
use crate::{
    ctx::Ctx,
    discord::{self, CallError},
    error::{Error, Result},
    text::{clean_line, limits},
};
use twilight_model::{
    application::command::CommandOptionChoice,
    id::{
        Id,
        marker::{ChannelMarker, GuildMarker, RoleMarker},
    },
};

/// # Errors
/// `User` for a channel that is not this server's, or that Muster cannot see: nobody earns anything there anyway.
pub async fn require_channel(ctx: &Ctx, guild: Id<GuildMarker>, channel: Id<ChannelMarker>) -> Result<()> {
    match discord::get_channel(ctx, channel).await {
        Ok(Some(facts)) if facts.guild_id == Some(guild) => Ok(()),
        Ok(_) => Err(Error::user("Choose a channel or category of this server.")),
        Err(CallError::Refused { status: 403, .. }) => {
            Err(Error::user("Muster cannot see that channel, so nobody earns anything there."))
        }
        Err(error) => Err(error.into()),
    }
}

/// # Errors
/// `User` for a role that is not this server's, or that everybody has.
pub async fn require_role(ctx: &Ctx, guild: Id<GuildMarker>, role: Id<RoleMarker>) -> Result<()> {
    if role == guild.cast() {
        return Err(Error::user("Everybody has @everyone. Change what everybody earns in `/levels config`."));
    }
    let facts = discord::get_guild(ctx, guild).await?;
    if facts.roles.iter().any(|known| known.id == role) {
        return Ok(());
    }
    Err(Error::user("Choose a role of this server."))
}

/// What a suggestion is about.
pub enum Named {
    Role(Id<RoleMarker>),
    Channel(Id<ChannelMarker>),
    Other(String),
}

/// Suggestions of things as `(words before the name, thing, value)` whose name contains what is typed.
pub async fn suggest(
    ctx: &Ctx,
    guild: Id<GuildMarker>,
    things: Vec<(String, Named, String)>,
    typed: &str,
) -> Result<Vec<CommandOptionChoice>> {
    let has_roles = things.iter().any(|(_, thing, _)| matches!(thing, Named::Role(_)));
    let has_channels = things.iter().any(|(_, thing, _)| matches!(thing, Named::Channel(_)));
    let roles = if has_roles { discord::get_guild(ctx, guild).await?.roles } else { Vec::new() };
    let channels = if has_channels { discord::list_channels(ctx, guild).await? } else { Vec::new() };
    let name = |thing: &Named| match thing {
        Named::Role(id) => {
            let known = roles.iter().find(|role| role.id == *id);
            known.map_or_else(
                || format!("a role that is gone ({id})"),
                |role| format!("@{}", clean_line(&role.name, 60)),
            )
        }
        // Threads are not in the list of channels.
        Named::Channel(id) => {
            let known = channels.iter().find(|channel| channel.id == *id).and_then(|channel| channel.name.as_deref());
            known.map_or_else(
                || format!("a thread or a channel that is gone ({id})"),
                |name| format!("#{}", clean_line(name, 60)),
            )
        }
        Named::Other(name) => name.clone(),
    };
    let typed = typed.trim().to_lowercase();
    let all = things.into_iter().map(|(before, thing, value)| (format!("{before}{}", name(&thing)), value));
    let matching = all.filter(|(name, _)| name.to_lowercase().contains(&typed)).take(limits::CHOICES);
    Ok(matching.map(|(name, value)| choice(&name, value)).collect())
}
