//! Purpose: every version of the configuration, what it changed and who made it; and going back to one.

use super::{
    super::replace::{self, names, without_missing},
    parse_version,
};
use crate::{
    access::{Area, GuildAccess, May, parse_id},
    ctx::Ctx,
    error::{Error, FieldError, Result},
    guild_config::{
        GuildConfig,
        store::{self, HistoryRow},
        versions::{self, Versioned},
        words::{self, Change, Names},
    },
    people, time,
    web::{Request, Response, Shell, render},
};
use askama::Template;
use twilight_model::id::{Id, marker::GuildMarker};

const PER_PAGE: u32 = 20;

/// A version with what it changed.
pub struct Line {
    pub version: i64,
    pub at: String,
    pub by: Option<String>,
    pub source: String,
    pub changes: Vec<Change>,
}

/// A page of the history below `before`, and where the next one begins.
pub async fn page_of(
    ctx: &Ctx,
    guild: Id<GuildMarker>,
    names: &Names,
    before: Option<i64>,
    count: u32,
) -> Result<(Vec<Line>, Option<i64>)> {
    let before = before.unwrap_or(crate::sql::MAX_SAFE_INTEGER);
    // One more, which the last of the page is compared with.
    let rows: Vec<HistoryRow> = ctx.query(store::list_versions(guild, before, count + 1)).await?.all()?;
    let count = count as usize;
    let mut lines = Vec::new();
    for (index, row) in rows.iter().take(count).enumerate() {
        let earlier = match rows.get(index + 1) {
            Some(earlier) => versions::read(&earlier.settings),
            None if row.version == 1 => GuildConfig::default(),
            // What it was compared with is not kept any more.
            None => versions::read(&row.settings),
        };
        lines.push(Line {
            version: row.version,
            at: time::rfc3339(row.at),
            by: row.actor_id.map(|id| id.to_string()),
            source: row.source.clone().unwrap_or_default(),
            changes: words::changes(&earlier, &versions::read(&row.settings), names),
        });
    }
    let next = (rows.len() > count).then(|| lines.last().map(|line| line.version)).flatten();
    Ok((lines, next))
}

fn say_source(source: &str) -> &'static str {
    match source {
        "interaction" => "by a command",
        "dashboard" => "on the dashboard",
        "api" => "through the API",
        _ => "",
    }
}

struct ShownLine {
    version: i64,
    at: String,
    by: String,
    source: &'static str,
    changes: Vec<Change>,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "features/config/history.html")]
struct HistoryPage {
    shell: Shell,
    lines: Vec<ShownLine>,
    may_manage: bool,
    /// The version in force, which a press says it has seen.
    current: i64,
    next: String,
    is_first: bool,
}

pub async fn list(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let before = request.param("before").map(parse_version).transpose()?;
    let names = names(ctx, access).await?;
    let (lines, next) = page_of(ctx, access.guild, &names, before, PER_PAGE).await?;
    let me = access.user.to_string();
    let authors: Vec<_> = lines.iter().filter_map(|line| parse_id(line.by.as_deref()?)).collect();
    let people = people::names(ctx, access.guild, &authors).await;
    let shown = lines.into_iter().enumerate().map(|(index, line)| ShownLine {
        is_current: before.is_none() && index == 0,
        version: line.version,
        at: line.at,
        by: match line.by {
            Some(id) if id == me => format!("{} (you)", access.name),
            Some(id) => parse_id(&id).and_then(|id| people.get(&id).cloned()).unwrap_or(id),
            None => "unknown".to_owned(),
        },
        source: say_source(&line.source),
        changes: line.changes,
    });
    let page = HistoryPage {
        shell: Shell::of_guild(ctx, request, access, "History", "settings"),
        lines: shown.collect(),
        may_manage: access.may(Area::Settings, May::Manage),
        current: versions::current(ctx, access.guild).await?.version,
        next: next.map(|next| next.to_string()).unwrap_or_default(),
        is_first: before.is_none(),
    };
    render(200, &page)
}

#[derive(Template)]
#[template(path = "features/config/version.html")]
struct VersionPage {
    shell: Shell,
    version: i64,
    current: i64,
    changes: Vec<Change>,
    problems: Vec<FieldError>,
    may_manage: bool,
}

/// What going back to a version would change.
pub async fn show(ctx: &Ctx, request: &Request, access: &GuildAccess, version: &str) -> Result<Response> {
    let version = parse_version(version)?;
    let then = versions::at(ctx, access.guild, version).await?.ok_or(Error::NotFound)?;
    let current = versions::current(ctx, access.guild).await?;
    let names = names(ctx, access).await?;
    let then = without_missing(&then, &names);
    let notice = match request.param("moved") {
        Some(_) => "Somebody changed the settings meanwhile, so nothing was rolled back. This is compared with theirs.",
        None => "",
    };
    let page = VersionPage {
        shell: Shell::of_guild(ctx, request, access, format!("Version {version}"), "settings").notice(notice),
        version,
        current: current.version,
        changes: words::changes(&current.config, &then, &names),
        problems: replace::problems(ctx, access, &names, &current.config, &then).await?,
        may_manage: access.may(Area::Settings, May::Manage),
    };
    render(200, &page)
}

/// Makes a version equal to an earlier one, unless it is not `expected` any more that somebody looked at. Gives the version that
/// holds then.
///
/// # Errors
/// `NotFound` for versions that are not kept, and those of [`replace::replace`].
pub async fn back(ctx: &Ctx, access: &GuildAccess, once: &str, version: i64, expected: i64) -> Result<Versioned> {
    let then = versions::at(ctx, access.guild, version).await?.ok_or(Error::NotFound)?;
    // What was deleted since cannot come back.
    let then = without_missing(&then, &names(ctx, access).await?);
    replace::replace(ctx, access, once, expected, &then, &format!("back to version {version}: ")).await
}

pub async fn roll_back(ctx: &Ctx, request: &Request, access: &GuildAccess, version: &str) -> Result<Response> {
    let form = request.form();
    let expected = parse_version(form.get("version"))?;
    let settings = format!("/g/{}/settings", access.guild);
    match back(ctx, access, form.once(), parse_version(version)?, expected).await {
        Ok(_) => Ok(Response::see(format!("{settings}?done=back"))),
        // The page of that version shows what is different now, and what keeps it from coming back.
        Err(Error::Stale) => Ok(Response::see(format!("{settings}/history/{version}?moved=yes"))),
        Err(Error::Invalid(_)) => Ok(Response::see(format!("{settings}/history/{version}"))),
        Err(error) => Err(error),
    }
}
