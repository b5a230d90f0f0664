//! Purpose: the dashboard's settings: which page answers what, and what the pages have in common.

mod history;
mod settings;

use super::document;
use crate::{
    access::{Area, GuildAccess, May},
    ctx::Ctx,
    discord,
    error::{Error, Result},
    guild_config::{
        GuildConfig, versions,
        words::{Change, Names},
    },
    web::{Request, Response, message::JSON},
};

pub async fn on_request(ctx: &Ctx, request: &Request, access: &GuildAccess, rest: &[&str]) -> Result<Option<Response>> {
    let ["settings", rest @ ..] = rest else { return Ok(None) };
    let may = if request.is_safe() { May::View } else { May::Manage };
    access.require(ctx, Area::Settings, may)?;
    match (request.method.as_str(), rest) {
        ("GET", []) => settings::show(ctx, request, access).await,
        ("POST", []) => settings::save(ctx, request, access).await,
        ("POST", ["switch"]) => settings::switch(ctx, request, access).await,
        ("GET", ["export"]) => export(ctx, access).await,
        ("GET", ["history"]) => history::list(ctx, request, access).await,
        ("GET", ["history", version]) => history::show(ctx, request, access, version).await,
        ("POST", ["history", version]) => history::roll_back(ctx, request, access, version).await,
        _ => return Ok(None),
    }
    .map(Some)
}

/// What the guild's roles and channels are called now.
pub async fn names(ctx: &Ctx, access: &GuildAccess) -> Result<Names> {
    let channels = discord::list_channels(ctx, access.guild).await?;
    Ok(Names {
        roles: access.facts.roles.iter().map(|role| (role.id.to_string(), role.name.clone())).collect(),
        channels: channels.into_iter().map(|one| (one.id.to_string(), one.name.unwrap_or_default())).collect(),
    })
}

async fn export(ctx: &Ctx, access: &GuildAccess) -> Result<Response> {
    let current = versions::current(ctx, access.guild).await?;
    let text = document::export(access, &current, &names(ctx, access).await?, ctx.now())?;
    let name = format!("muster-{}-v{}.json", access.guild, current.version);
    Ok(Response::file(JSON, &name, text))
}

/// Settings of levels and the right to run giveaways belong to areas of their own: whoever changes them through the whole document
/// needs the right to those, too.
///
/// # Errors
/// `Denied`.
pub fn require_areas(ctx: &Ctx, access: &GuildAccess, before: &GuildConfig, after: &GuildConfig) -> Result<()> {
    if before.levels != after.levels {
        access.require(ctx, Area::Levels, May::Manage)?;
    }
    if before.giveaway_managers != after.giveaway_managers {
        access.require(ctx, Area::Giveaways, May::Manage)?;
    }
    Ok(())
}

/// A version out of a path or form.
///
/// # Errors
/// `NotFound` for what is none.
pub fn parse_version(text: &str) -> Result<i64> {
    let is_number = !text.is_empty() && text.len() <= 15 && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| is_number).ok_or(Error::NotFound)
}

/// The settings in which two versions differ, as one line.
pub fn summary(changes: &[Change]) -> String {
    let labels: Vec<&str> = changes.iter().map(|one| one.label.as_str()).collect();
    labels.join(", ")
}
