//! Purpose: which accounts members have connected, what is wrong with each, and what the platforms allow as things are. No tokens.

use super::{href, nav, platform_limits, shell};
use crate::{
    access::GuildAccess,
    ctx::Ctx,
    error::Result,
    people, points,
    social::{
        Kind,
        store::{self, Connection},
        tokens,
    },
    time,
    web::{
        Request, Response, Shell, render,
        table::{Cell, table},
    },
};
use askama::Template;

const PER_PAGE: usize = 50;

#[derive(Template)]
#[template(path = "features/missions/members.html")]
struct MembersPage {
    shell: Shell,
    nav: String,
    href: String,
    platforms: String,
    accounts: String,
    more: String,
}

/// How an account stands: its mark, a word, and what should be done.
fn health(ctx: &Ctx, account: &Connection) -> Cell {
    let state = |tone, text: &str, more: String| Cell::State { tone, text: text.to_owned(), more };
    let Some(kind) = Kind::of(&account.platform) else { return state("", "unknown", String::new()) };
    if account.state != "active" {
        return state("bad", "lost", "The member has to connect again with /connect, and was told.".to_owned());
    }
    if tokens::app_of(ctx, kind).is_none() {
        return state("bad", "not usable", format!("{} is not set up on this deployment any more.", kind.name()));
    }
    if account.reminded_at.is_some() {
        let day = time::rfc3339(account.token_expires_at);
        let day = day.split('T').next().unwrap_or_default();
        let more = format!("Ends on {day} unless the member connects again; they were reminded.");
        return state("held", "ends soon", more);
    }
    state("good", "connected", String::new())
}

pub async fn show(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let after = request.param("after").and_then(|text| text.split_once('-')).unwrap_or_default();
    let limit = u32::try_from(PER_PAGE + 1).unwrap_or(u32::MAX);
    let results = ctx
        .batch(vec![store::list_connections(access.guild, after, limit), store::count_connections(access.guild)])
        .await?;
    let [accounts, counts] = &results[..] else { return Err(crate::Error::internal("two results expected")) };
    let (mut accounts, counts): (Vec<Connection>, Vec<store::Connected>) = (accounts.all()?, counts.all()?);
    let has_more = accounts.len() > PER_PAGE;
    accounts.truncate(PER_PAGE);
    let base = href(access, "members");
    let last = accounts.last().filter(|_| has_more);
    let more = last.map(|last| format!("{base}?after={}-{}", last.user_id, last.platform)).unwrap_or_default();
    let users: Vec<_> = accounts.iter().map(|account| account.user_id).collect();
    let names = people::names(ctx, access.guild, &users).await;
    let rules = points::rules(ctx, access.guild).await?.rules;
    let platform = |kind: Kind| {
        let limits = platform_limits(ctx, &rules, kind);
        let is_open = limits.obstacle.is_empty();
        let count = counts.iter().find(|row| row.platform == kind.key());
        vec![
            Cell::text(kind.name()),
            Cell::State {
                tone: if is_open { "good" } else { "" },
                text: if is_open { "can be used" } else { "cannot be used" }.to_owned(),
                more: limits.obstacle,
            },
            Cell::number(count.map_or(0, |row| row.active)),
            Cell::number(count.map_or(0, |row| row.lost)),
            Cell::text(limits.notes.join(" ")),
        ]
    };
    let account = |account: &Connection| {
        let name = names.get(&account.user_id).cloned().unwrap_or_default();
        vec![
            Cell::Link { href: format!("{}?user={}", href(access, "ledger"), account.user_id), text: name },
            Cell::text(Kind::of(&account.platform).map_or("?", Kind::name)),
            Cell::text(account.account_name.clone()),
            health(ctx, account),
            Cell::at(account.connected_at),
        ]
    };
    let page = MembersPage {
        shell: shell(ctx, request, access, "Connections"),
        nav: nav(access, "members"),
        platforms: table(&["Platform", "State", "Connected", "Lost", "Good to know"], &Kind::ALL.map(platform)),
        accounts: table(
            &["Member", "Platform", "Account", "State", "Since"],
            &accounts.iter().map(account).collect::<Vec<_>>(),
        ),
        href: base,
        more,
    };
    render(200, &page)
}
