//! Purpose: the page behind `/connect`, and the way to a platform's consent page and back.

use crate::{
    ctx::Ctx,
    error::{Error, Result},
    social::{Kind, accounts, store::Account},
    web::{Request, Response, Shell, render},
};
use askama::Template;

/// A platform as the page shows it.
struct Line {
    key: &'static str,
    name: &'static str,
    /// As whom; empty while nothing is connected.
    account: String,
    is_lost: bool,
    /// What to know before connecting; empty for nothing.
    caution: &'static str,
}

#[derive(Template)]
#[template(path = "features/connect/connect.html")]
struct ConnectPage {
    shell: Shell,
    user_name: String,
    guild_name: String,
    link: String,
    lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "features/connect/connected.html")]
struct ConnectedPage {
    shell: Shell,
    platform: &'static str,
    account: String,
}

pub async fn route(ctx: &Ctx, request: &Request, path: &[&str]) -> Result<Option<Response>> {
    match (request.method.as_str(), path) {
        ("GET", ["connect", link]) => page(ctx, request, link).await.map(Some),
        ("POST", ["oauth", platform, "start"]) => accounts::start(ctx, request, kind_of(platform)?).await.map(Some),
        ("GET", ["oauth", platform, "callback"]) => callback(ctx, request, kind_of(platform)?).await.map(Some),
        _ => Ok(None),
    }
}

fn kind_of(platform: &str) -> Result<Kind> {
    Kind::of(platform).ok_or(Error::NotFound)
}

async fn page(ctx: &Ctx, request: &Request, link: &str) -> Result<Response> {
    let Some(of) = accounts::of_link(ctx, link).await? else {
        return Err(Error::user("This link has expired. Use /connect in Discord again for a new one."));
    };
    let accounts = accounts::list(ctx, of.guild_id, of.user_id).await?;
    let line = |kind: Kind, app: &crate::social::App| {
        let account = accounts.iter().find(|one| one.platform == kind.key());
        Line {
            key: kind.key(),
            name: kind.name(),
            account: account.map(|one| one.account_name.clone()).unwrap_or_default(),
            is_lost: account.is_some_and(|one| !one.is_active()),
            caution: kind.platform().capabilities(app).caution.unwrap_or_default(),
        }
    };
    let page = ConnectPage {
        shell: Shell::new(ctx, request, "Connect accounts"),
        user_name: of.user_name,
        guild_name: of.guild_name,
        link: link.to_owned(),
        lines: ctx.settings.social.iter().map(|(kind, app)| line(*kind, app)).collect(),
    };
    render(200, &page)
}

async fn callback(ctx: &Ctx, request: &Request, kind: Kind) -> Result<Response> {
    let account: Account = accounts::finish(ctx, request, kind).await?;
    let page = ConnectedPage {
        shell: Shell::new(ctx, request, "Connected"),
        platform: kind.name(),
        account: account.account_name,
    };
    render(200, &page)
}
