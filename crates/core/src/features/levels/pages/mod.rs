//! Purpose: the pages of levels on the dashboard: which file shows and changes what, and what they have in common.

mod board;
mod curve;
mod exceptions;
mod form;
mod import;
mod rewards;

pub use board::show_public;

use super::NAME;
use crate::{
    access::{Area, GuildAccess, May},
    audit,
    ctx::Ctx,
    error::{Error, FieldError, Result},
    web::{
        Request, Response, Shell,
        choices::{self, Choice},
    },
};

/// The pages under the tab: path and title.
const SECTIONS: [(&str, &str); 6] = [
    ("", "Settings"),
    ("curve", "Curve"),
    ("rewards", "Rewards"),
    ("exceptions", "Exceptions"),
    ("board", "Leaderboard"),
    ("import", "Import"),
];

/// A link to one of them.
struct Section {
    href: String,
    title: &'static str,
    is_current: bool,
}

/// Where a page of levels is; `path` as in [`SECTIONS`] or below.
fn href(access: &GuildAccess, path: &str) -> String {
    let slash = if path.is_empty() { "" } else { "/" };
    format!("/g/{}/{NAME}{slash}{path}", access.guild)
}

fn sections(access: &GuildAccess, current: &str) -> Vec<Section> {
    let section = |(path, title)| Section { href: href(access, path), title, is_current: path == current };
    SECTIONS.map(section).into()
}

/// What the last act did, by the code in the address.
fn done(request: &Request) -> &'static str {
    match request.param("done") {
        Some("saved") => "Saved.",
        Some("same") => "Nothing was different from what is in force.",
        Some("curve") => "The curve is saved. Nobody's XP changed; a sync under Rewards sets the roles by it.",
        Some("reward") => "The role comes with its level from now on. A sync gives it to who is there already.",
        Some("removed") => "Removed.",
        Some("stack") => "Saved. A sync puts it in force for who has roles already.",
        Some("sync") => "The sync is on its way. It goes on by itself.",
        _ => "",
    }
}

fn shell(ctx: &Ctx, request: &Request, access: &GuildAccess, title: &str) -> Shell {
    Shell::of_guild(ctx, request, access, title, NAME).notice(done(request))
}

/// A sentence written for Discord, as it reads on a page: names instead of mentions, no marks.
fn plain(text: &str, access: &GuildAccess, channels: &[Choice]) -> String {
    let mut plain = text.replace("**", "").replace('`', "");
    if plain.contains("<@") {
        for role in &access.facts.roles {
            plain = plain.replace(&format!("<@&{}>", role.id), &format!("@{}", role.name));
        }
        plain = plain.replace(&format!("<@{}>", access.user), &format!("@{}", access.name));
    }
    for channel in channels {
        plain = plain.replace(&format!("<#{}>", channel.value), &channel.name);
    }
    plain
}

/// What a refused form says, and its status: a right that was missing is noted in the log, too. Everything that is not about what
/// was asked for goes on as an error.
fn refused(ctx: &Ctx, access: &GuildAccess, what: &str, error: Error) -> Result<(u16, Vec<FieldError>)> {
    if let Error::Denied(why) = error {
        audit::note_denied(ctx, access.guild, access.user, access.source, &format!("{NAME}:{what}"), &why);
        return Ok((403, vec![FieldError::new("", why)]));
    }
    let mut errors = choices::field_errors(error)?;
    for error in &mut errors {
        error.message = plain(&error.message, access, &[]);
    }
    Ok((422, errors))
}

pub async fn on_request(ctx: &Ctx, request: &Request, access: &GuildAccess, rest: &[&str]) -> Result<Option<Response>> {
    let [NAME, rest @ ..] = rest else { return Ok(None) };
    let may = if request.is_safe() { May::View } else { May::Manage };
    access.require(ctx, Area::Levels, may)?;
    let response = match (request.method.as_str(), rest) {
        ("GET", []) => form::show(ctx, request, access).await?,
        ("POST", []) => form::save(ctx, request, access).await?,
        ("GET", ["curve"]) => curve::show(ctx, request, access).await?,
        ("POST", ["curve"]) => curve::save(ctx, request, access).await?,
        ("GET", ["rewards"]) => rewards::show(ctx, request, access).await?,
        ("GET", ["rewards", "sync"]) => rewards::show_sync(ctx, request, access).await?,
        ("POST", ["rewards", what]) => rewards::save(ctx, request, access, what).await?,
        ("GET", ["exceptions"]) => exceptions::show(ctx, request, access).await?,
        ("POST", ["exceptions", what]) => exceptions::save(ctx, request, access, what).await?,
        ("GET", ["import"]) => import::show(ctx, request, access)?,
        ("POST", ["import"]) => import::preview(ctx, request, access).await?,
        ("GET", ["import", id]) => import::show_progress(ctx, request, access, id).await?,
        ("POST", ["import", id]) => import::start(ctx, request, access, id).await?,
        ("GET", ["board"]) => board::show(ctx, request, access).await?,
        _ => return Ok(None),
    };
    Ok(Some(response))
}
