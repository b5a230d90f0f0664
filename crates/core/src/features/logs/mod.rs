//! Purpose: the logs of a guild on the dashboard: changes, giveaways, refused attempts, and messages that did not go out.
//!
//! Tables: none of its own. Every page is read from an index in its order and looks through a bounded number of rows, however
//! long the log is.

mod api;
mod pages;
mod rules;

use crate::{
    access::{Area, GuildAccess},
    audit,
    ctx::Ctx,
    error::{Error, FieldError, Result},
    feature::Feature,
    outbox::people::{self, Cursor},
    registry,
    watch::{LOG_PAGE, LogFilter, LogLine},
    web::{Request, Response, Tab, WRONG_CURSOR},
};
use utoipa::OpenApi as _;

pub const COMMANDS: &[&str] = &[];

pub struct Logs;

impl Feature for Logs {
    const NAME: &'static str = "logs";

    fn tabs() -> Vec<Tab> {
        vec![Tab { path: "logs", title: "Logs", area: Area::Logs }]
    }

    fn description() -> utoipa::openapi::OpenApi {
        api::Description::openapi()
    }

    async fn api(ctx: &Ctx, request: &Request) -> Result<Option<Response>> {
        api::on_request(ctx, request).await
    }

    async fn page(ctx: &Ctx, request: &Request, access: &GuildAccess, rest: &[&str]) -> Result<Option<Response>> {
        pages::on_request(ctx, request, access, rest).await
    }
}

/// Which log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Changes,
    Giveaways,
    Attempts,
    Jobs,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Changes, Self::Giveaways, Self::Attempts, Self::Jobs];

    /// In addresses.
    fn name(self) -> &'static str {
        match self {
            Self::Changes => "changes",
            Self::Giveaways => "giveaways",
            Self::Attempts => "attempts",
            Self::Jobs => "jobs",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Changes => "Changes",
            Self::Giveaways => "Giveaways",
            Self::Attempts => "Refused attempts",
            Self::Jobs => "Undelivered messages",
        }
    }
}

/// What a request asks for.
struct Asked {
    kind: Kind,
    filter: LogFilter,
    /// As they were typed, for the form.
    person: String,
    text: String,
    cursor: String,
}

/// # Errors
/// `Invalid` for values that mean nothing; the page shows them beside their fields.
fn read(request: &Request) -> (Asked, Vec<FieldError>) {
    let given = |name| request.param(name).unwrap_or_default().trim().to_owned();
    let mut errors = Vec::new();
    let kind = given("kind");
    let kind = match Kind::ALL.into_iter().find(|known| known.name() == kind) {
        None if !kind.is_empty() => {
            errors.push(FieldError::new("kind", "The kind is changes, giveaways, attempts or jobs."));
            Kind::Changes
        }
        found => found.unwrap_or(Kind::Changes),
    };
    let (person, text, cursor) = (given("person"), given("text"), given("cursor"));
    let mut filter = LogFilter { action: given("action"), source: given("source"), ..LogFilter::default() };
    match rules::person(&person) {
        Ok(actor) => filter.actor = actor,
        Err(why) => errors.push(FieldError::new("person", why)),
    }
    match rules::pattern(&text) {
        Ok(pattern) => filter.pattern = pattern,
        Err(why) => errors.push(FieldError::new("text", why)),
    }
    if kind != Kind::Jobs && !cursor.is_empty() {
        match cursor.parse::<i64>().ok().filter(|before| (0..=crate::sql::MAX_SAFE_INTEGER).contains(before)) {
            Some(before) => filter.before = Some(before),
            None => errors.push(FieldError::new("cursor", WRONG_CURSOR)),
        }
    }
    if kind == Kind::Jobs && !cursor.is_empty() && Cursor::parse(&cursor).is_none() {
        errors.push(FieldError::new("cursor", WRONG_CURSOR));
    }
    (Asked { kind, filter, person, text, cursor }, errors)
}

/// Lines of a log, newest first, and the cursor of the next page.
async fn list(ctx: &Ctx, access: &GuildAccess, asked: &Asked) -> Result<(Vec<LogLine>, Option<String>)> {
    let guild = access.guild;
    let page = match asked.kind {
        Kind::Changes => audit::log_page(ctx, guild, false, &asked.filter).await?,
        Kind::Attempts => audit::log_page(ctx, guild, true, &asked.filter).await?,
        Kind::Giveaways => registry::log_page(ctx, "giveaways", guild, &asked.filter).await?.unwrap_or_default(),
        Kind::Jobs => return jobs(ctx, access, &asked.cursor).await,
    };
    Ok((page.lines, page.next.map(|next| next.to_string())))
}

async fn jobs(ctx: &Ctx, access: &GuildAccess, cursor: &str) -> Result<(Vec<LogLine>, Option<String>)> {
    let from = if cursor.is_empty() { Cursor::start() } else { Cursor::parse(cursor).ok_or(Error::NotFound)? };
    let (rows, next) = people::list_all(ctx, access.guild, &from, LOG_PAGE).await?;
    let line = |row: crate::outbox::store::OpenRow| LogLine {
        id: row.created_at,
        at: row.created_at,
        actor_id: None,
        action: row.state.clone(),
        target: people::name(&row).to_owned(),
        before: None,
        after: row.error.clone(),
        source: row.feature,
    };
    Ok((rows.into_iter().map(line).collect(), next.map(|next| next.text())))
}
