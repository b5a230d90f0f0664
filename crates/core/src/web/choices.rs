//! Purpose: what a form offers where a role or a channel of the guild is asked for, with what speaks against each.

use crate::{
    access::GuildAccess,
    ctx::Ctx,
    discord,
    error::{Error, FieldError, Result},
    permissions,
};
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, RoleMarker},
};

/// One line of a list to choose from, for `web/fields.html`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub value: String,
    pub name: String,
    /// What does not work with it, in words that follow its name; empty when nothing does.
    pub problem: &'static str,
    pub is_chosen: bool,
}

/// All roles of the guild but @everyone, the highest first. With `handed_out` what keeps Muster from giving a role is shown.
/// Roles that were chosen and are gone are listed, too, so that saving does not drop them silently.
///
/// # Errors
/// When Discord does not say which roles Muster has.
pub async fn roles(
    ctx: &Ctx,
    access: &GuildAccess,
    chosen: &[Id<RoleMarker>],
    handed_out: bool,
) -> Result<Vec<Choice>> {
    let rights =
        if handed_out { Some(permissions::role_rights(ctx, access.guild, &access.facts).await?) } else { None };
    let everyone: Id<RoleMarker> = access.guild.cast();
    let mut known: Vec<_> = access.facts.roles.iter().filter(|role| role.id != everyone).collect();
    known.sort_by_key(|role| (std::cmp::Reverse(role.position), role.id));
    let mut choices: Vec<Choice> = known
        .iter()
        .map(|role| Choice {
            value: role.id.to_string(),
            name: role.name.clone(),
            problem: rights.as_ref().and_then(|rights| rights.obstacle(&access.facts, role.id)).unwrap_or_default(),
            is_chosen: chosen.contains(&role.id),
        })
        .collect();
    for gone in chosen.iter().filter(|id| !known.iter().any(|role| role.id == **id)) {
        choices.push(Choice {
            value: gone.to_string(),
            name: format!("deleted role {gone}"),
            problem: "does not exist any more",
            is_chosen: true,
        });
    }
    Ok(choices)
}

/// Which channels a list offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channels {
    /// Text and announcement channels, where messages can be sent.
    Text,
    /// All of them, categories first.
    All,
}

/// The guild's channels in the order of their names; a chosen one that is gone is listed, too.
///
/// # Errors
/// When Discord does not answer.
pub async fn channels(
    ctx: &Ctx,
    access: &GuildAccess,
    kinds: Channels,
    chosen: &[Id<ChannelMarker>],
) -> Result<Vec<Choice>> {
    let mut known = discord::list_channels(ctx, access.guild).await?;
    known.retain(|channel| kinds == Channels::All || matches!(channel.kind, 0 | 5));
    known.sort_by_key(|channel| (channel.kind != 4, channel.name.clone()));
    let mut choices: Vec<Choice> = known
        .iter()
        .map(|channel| {
            let mark = match channel.kind {
                4 => "Category: ",
                2 | 13 => "Voice: ",
                _ => "#",
            };
            let name = channel.name.as_deref().unwrap_or("without a name");
            let is_chosen = chosen.contains(&channel.id);
            Choice { value: channel.id.to_string(), name: format!("{mark}{name}"), problem: "", is_chosen }
        })
        .collect();
    for gone in chosen.iter().filter(|id| !known.iter().any(|channel| channel.id == **id)) {
        choices.push(Choice {
            value: gone.to_string(),
            name: format!("deleted channel {gone}"),
            problem: "does not exist any more",
            is_chosen: true,
        });
    }
    Ok(choices)
}

/// What is wrong with a field, for the template; empty when nothing is.
pub fn error_of<'a>(errors: &'a [FieldError], field: &str) -> &'a str {
    errors.iter().find(|error| error.field == field).map_or("", |error| error.message.as_str())
}

/// The errors of a form that is shown again; everything else goes on as an error.
///
/// # Errors
/// Whatever is not about fields.
pub fn field_errors(error: Error) -> Result<Vec<FieldError>> {
    match error {
        Error::Invalid(fields) => Ok(fields),
        Error::User(text) => Ok(vec![FieldError::new("", text)]),
        other => Err(other),
    }
}
