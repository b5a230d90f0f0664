//! Purpose: the pages that belong to no guild: home, the list of servers, one's own sessions, and what went wrong.

use super::{
    message::{Request, Response},
    shell::{Shell, render},
    status_of,
};
use crate::{
    access,
    ctx::Ctx,
    discord,
    error::{Error, Result},
    identity::{self, login},
    permissions,
    ports::Level,
    time,
};
use askama::Template;
use futures_util::future;
use serde::Deserialize;
use serde_json::json;
use std::{collections::HashSet, rc::Rc};
use twilight_model::{
    guild::Permissions,
    id::{Id, marker::GuildMarker},
};

#[derive(Template)]
#[template(path = "web/home.html")]
struct Home {
    shell: Shell,
    is_set_up: bool,
    /// Where the stand-in's playground is; empty beside the real Discord.
    playground: String,
    install: String,
}

/// Beside a Discord on this machine there is something to play with.
fn playground(ctx: &Ctx) -> String {
    if ctx.settings.discord_web.starts_with("http://127.0.0.1") {
        ctx.settings.discord_web.clone()
    } else {
        String::new()
    }
}

pub fn home(ctx: &Ctx, request: &Request) -> Result<Response> {
    render(
        200,
        &Home {
            shell: Shell::new(ctx, request, "Muster"),
            is_set_up: ctx.settings.web.is_some(),
            playground: playground(ctx),
            install: install_url(ctx, None),
        },
    )
}

/// Where Muster is added to a server.
fn install_url(ctx: &Ctx, guild: Option<Id<GuildMarker>>) -> String {
    let permissions = permissions::INSTALL.bits();
    let base = format!(
        "{}/oauth2/authorize?client_id={}&scope=bot+applications.commands&permissions={permissions}",
        ctx.settings.discord_web, ctx.settings.application_id
    );
    guild.map_or_else(|| base.clone(), |guild| format!("{base}&guild_id={guild}&disable_guild_select=true"))
}

#[derive(Template)]
#[template(path = "web/docs.html")]
struct Docs {
    shell: Shell,
}

/// What the API offers; the description itself is a static file.
pub fn docs(ctx: &Ctx, request: &Request) -> Result<Response> {
    render(200, &Docs { shell: Shell::new(ctx, request, "The API") })
}

#[derive(Template)]
#[template(path = "web/error.html")]
struct ErrorPage {
    shell: Shell,
    heading: &'static str,
    text: String,
    /// Where to go after signing in; empty when that does not help.
    sign_in: String,
    /// For visitors who come for something else.
    is_plain: bool,
}

/// The one place where an error of a page becomes an answer.
pub fn error(ctx: &Ctx, request: &Request, error: Error) -> Response {
    let status = status_of(&error);
    let (heading, text) = match &error {
        Error::SignIn => ("Sign in first", "This page is for members who may see it. Discord tells Muster who you are.".to_owned()),
        Error::Denied(text) => ("Not allowed", text.clone()),
        Error::NotFound => ("Nothing here", "There is nothing at this address, or nothing that you may see. Check the link, or sign in as somebody else.".to_owned()),
        Error::Stale => ("Changed meanwhile", error.to_string()),
        Error::TooMany(_) => ("Slow down", error.to_string()),
        Error::User(_) | Error::Invalid(_) => ("That did not work", error.to_string()),
        Error::Internal(internal) => {
            let id = ctx.random_hex(4);
            ctx.log.write(Level::Error, "page failed", json!({ "error_id": id, "what": internal.what }));
            ("Something went wrong", format!("That is Muster's fault or Discord's, not yours. What you asked for may have been done or not: have a look, then try again. If it stays, tell whoever runs Muster this number: {id}"))
        }
    };
    let here = format!("/{}", request.segments.join("/"));
    let sign_in = if matches!(error, Error::SignIn) { here } else { String::new() };
    let page = ErrorPage { shell: Shell::new(ctx, request, heading), heading, text, sign_in, is_plain: false };
    render(status, &page).unwrap_or_else(|_| Response::html(status, heading.to_owned()))
}

/// A page of one sentence.
pub fn say(ctx: &Ctx, request: &Request, status: u16, heading: &'static str, text: &str) -> Response {
    let page = ErrorPage {
        shell: Shell::new(ctx, request, heading),
        heading,
        text: text.to_owned(),
        sign_in: String::new(),
        is_plain: true,
    };
    render(status, &page).unwrap_or_else(|_| Response::html(status, heading.to_owned()))
}

#[derive(Debug, Clone, Deserialize)]
struct TheirGuild {
    id: Id<GuildMarker>,
    name: String,
    #[serde(default)]
    owner: bool,
    permissions: Permissions,
}

struct GuildCard {
    name: String,
    initials: String,
    href: String,
}

#[derive(Template)]
#[template(path = "web/guilds.html")]
struct Guilds {
    shell: Shell,
    managed: Vec<GuildCard>,
    installable: Vec<GuildCard>,
}

/// Up to two letters for a server's mark.
pub fn initials(name: &str) -> String {
    name.split_whitespace().filter_map(|word| word.chars().next()).take(2).collect::<String>().to_uppercase()
}

/// Lists of guilds change rarely, and Discord allows this question about once a second.
const GUILDS_KEPT_MS: i64 = 60_000;
/// Bot's guilds per page, and pages: beyond 2,000 guilds the list shows those that were found.
const GUILDS_PER_PAGE: usize = 200;
const GUILD_PAGES_MAX: usize = 10;

async fn their_guilds(ctx: &Ctx, session: &identity::Session) -> Result<Rc<Vec<TheirGuild>>> {
    let (key, now) = (format!("guilds:{}", session.id), ctx.now());
    if let Some(known) = ctx.memory.recall(&key, now) {
        return Ok(known);
    }
    let access = identity::access_token(ctx, session).await?.ok_or(Error::SignIn)?;
    let response = login::get(ctx, &access, "/users/@me/guilds").await?;
    let guilds: Rc<Vec<TheirGuild>> = Rc::new(crate::json::from_slice(&response.body).map_err(Error::internal)?);
    ctx.memory.remember(key, guilds.clone(), now + GUILDS_KEPT_MS);
    Ok(guilds)
}

async fn own_guilds(ctx: &Ctx) -> Result<Rc<HashSet<Id<GuildMarker>>>> {
    let now = ctx.now();
    if let Some(known) = ctx.memory.recall("guilds", now) {
        return Ok(known);
    }
    let mut all = HashSet::new();
    let mut after = 0;
    for _ in 0..GUILD_PAGES_MAX {
        let page = discord::list_own_guilds(ctx, after, GUILDS_PER_PAGE).await?;
        after = page.iter().map(|id| id.get()).max().unwrap_or(after);
        let is_last = page.len() < GUILDS_PER_PAGE;
        all.extend(page);
        if is_last {
            break;
        }
    }
    let all = Rc::new(all);
    ctx.memory.remember("guilds".to_owned(), all.clone(), now + GUILDS_KEPT_MS);
    Ok(all)
}

/// Which of somebody's servers they can manage here, and where they could add Muster. What they may do is asked at each page.
pub async fn guilds(ctx: &Ctx, request: &Request) -> Result<Response> {
    let Some(session) = request.caller.session() else { return Err(Error::SignIn) };
    let (theirs, own) = future::join(their_guilds(ctx, session), own_guilds(ctx)).await;
    let (theirs, own) = (theirs?, own?);
    let ids =
        serde_json::to_string(&theirs.iter().map(|guild| guild.id).collect::<Vec<_>>()).map_err(Error::internal)?;
    #[derive(Deserialize)]
    struct Granting {
        guild_id: Id<GuildMarker>,
    }
    let granting: Vec<Granting> = ctx.query(access::store::list_granting(&ids)).await?.all()?;
    let (mut managed, mut installable) = (Vec::new(), Vec::new());
    for guild in theirs.iter() {
        let manages =
            guild.owner || guild.permissions.intersects(Permissions::ADMINISTRATOR | Permissions::MANAGE_GUILD);
        let card = |href: String| GuildCard { name: guild.name.clone(), initials: initials(&guild.name), href };
        if own.contains(&guild.id) && (manages || granting.iter().any(|row| row.guild_id == guild.id)) {
            managed.push(card(format!("/g/{}", guild.id)));
        } else if manages && !own.contains(&guild.id) {
            installable.push(card(install_url(ctx, Some(guild.id))));
        }
    }
    render(200, &Guilds { shell: Shell::new(ctx, request, "Your servers"), managed, installable })
}

struct SessionLine {
    id: String,
    device: String,
    since: String,
    seen: String,
    is_this: bool,
}

#[derive(Template)]
#[template(path = "web/sessions.html")]
struct Sessions {
    shell: Shell,
    sessions: Vec<SessionLine>,
}

pub async fn sessions(ctx: &Ctx, request: &Request) -> Result<Response> {
    let Some(session) = request.caller.session() else { return Err(Error::SignIn) };
    let rows: Vec<identity::store::Row> =
        ctx.query(identity::store::list_sessions(session.user, ctx.now())).await?.all()?;
    let line = |row: identity::store::Row| SessionLine {
        is_this: row.id == session.id,
        since: time::rfc3339(row.created_at),
        seen: time::rfc3339(row.last_seen_at),
        id: row.id,
        device: row.device,
    };
    let sessions = rows.into_iter().map(line).collect();
    render(200, &Sessions { shell: Shell::new(ctx, request, "Where you are signed in"), sessions })
}
