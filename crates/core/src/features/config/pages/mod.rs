//! Purpose: the dashboard's settings: which page answers what, and what the pages have in common.

pub mod history;
pub mod import;
mod settings;

use super::{document, replace};
use crate::{
    access::{Area, GuildAccess, May},
    ctx::Ctx,
    error::{Error, Result},
    guild_config::versions,
    web::{Request, Response, message::JSON},
};

pub async fn on_request(ctx: &Ctx, request: &Request, access: &GuildAccess, rest: &[&str]) -> Result<Option<Response>> {
    let ["settings", rest @ ..] = rest else { return Ok(None) };
    let may = if request.is_safe() { May::View } else { May::Manage };
    access.require(ctx, Area::Settings, may)?;
    if *rest == ["import"] {
        return import::on_request(ctx, request, access).await;
    }
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

async fn export(ctx: &Ctx, access: &GuildAccess) -> Result<Response> {
    let current = versions::current(ctx, access.guild).await?;
    let text = document::export(access, &current, &replace::names(ctx, access).await?, ctx.now())?;
    let name = format!("muster-{}-v{}.json", access.guild, current.version);
    Ok(Response::file(JSON, &name, text))
}

/// A version out of a path or form.
///
/// # Errors
/// `NotFound` for what is none.
pub fn parse_version(text: &str) -> Result<i64> {
    let is_number = !text.is_empty() && text.len() <= 15 && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| is_number).ok_or(Error::NotFound)
}
