//! Purpose: the page of logs: which one, its filters, and its lines.

use super::{Asked, Kind, list, read, rules};
use crate::{
    access::{Area, GuildAccess, May, parse_id},
    ctx::Ctx,
    error::{FieldError, Result},
    people, time,
    watch::LogLine,
    web::{Request, Response, Shell, choices::error_of, render},
};
use askama::Template;
use std::collections::HashMap;
use twilight_model::id::{Id, marker::UserMarker};

/// Actions that are offered as a filter, with their names for people.
const ACTIONS: [(&str, &str); 8] = [
    ("config", "Settings"),
    ("levels", "Work on levels"),
    ("xp", "Experience"),
    ("job", "Jobs and timers"),
    ("api_key_created", "API key made"),
    ("api_key_revoked", "API key revoked"),
    ("giveaway blacklist add", "Excluded from giveaways"),
    ("giveaway blacklist remove", "Let into giveaways again"),
];

const SOURCES: [(&str, &str); 3] = [("interaction", "In Discord"), ("dashboard", "Dashboard"), ("api", "API")];

struct KindLink {
    href: String,
    title: &'static str,
    is_current: bool,
}

struct Line {
    at: String,
    who: String,
    /// Leads to what else they did; empty for Muster itself.
    who_href: String,
    action: String,
    target: String,
    source: String,
    changes: Vec<rules::Change>,
}

struct Offered {
    value: &'static str,
    title: &'static str,
    is_chosen: bool,
}

#[derive(Template)]
#[template(path = "features/logs/logs.html")]
struct LogsPage {
    shell: Shell,
    kinds: Vec<KindLink>,
    kind: &'static str,
    about: &'static str,
    has_filters: bool,
    has_sources: bool,
    person: String,
    text: String,
    actions: Vec<Offered>,
    sources: Vec<Offered>,
    lines: Vec<Line>,
    is_filtered: bool,
    newest: String,
    older: String,
    errors: Vec<FieldError>,
}

impl LogsPage {
    fn error(&self, field: &str) -> &str {
        error_of(&self.errors, field)
    }
}

pub async fn on_request(ctx: &Ctx, request: &Request, access: &GuildAccess, rest: &[&str]) -> Result<Option<Response>> {
    if request.method != "GET" || *rest != ["logs"] {
        return Ok(None);
    }
    access.require(ctx, Area::Logs, May::View)?;
    let (asked, errors) = read(request);
    let (lines, next) = if errors.is_empty() { list(ctx, access, &asked).await? } else { (Vec::new(), None) };
    let mut people: Vec<Id<UserMarker>> = lines.iter().filter_map(|line| parse_id(line.actor_id.as_deref()?)).collect();
    people.dedup();
    let names = people::names(ctx, access.guild, &people).await;
    let status = if errors.is_empty() { 200 } else { 422 };
    render(status, &page(ctx, request, access, asked, Found { lines, next, names, errors })).map(Some)
}

struct Found {
    lines: Vec<LogLine>,
    next: Option<String>,
    names: HashMap<Id<UserMarker>, String>,
    errors: Vec<FieldError>,
}

fn page(ctx: &Ctx, request: &Request, access: &GuildAccess, asked: Asked, found: Found) -> LogsPage {
    let base = format!("/g/{}/logs", access.guild);
    let kinds = Kind::ALL.into_iter().map(|kind| KindLink {
        href: format!("{base}?kind={}", kind.name()),
        title: kind.title(),
        is_current: kind == asked.kind,
    });
    let kind = asked.kind;
    let filter = &asked.filter;
    let options = |known: &[(&'static str, &'static str)], chosen: &str| {
        known.iter().map(|(value, title)| Offered { value, title, is_chosen: *value == chosen }).collect::<Vec<_>>()
    };
    let address = |cursor: &str| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("kind", kind.name());
        let fields = [
            ("person", asked.person.as_str()),
            ("action", &filter.action),
            ("source", &filter.source),
            ("text", &asked.text),
            ("cursor", cursor),
        ];
        query.extend_pairs(fields.iter().filter(|(_, value)| !value.is_empty()));
        format!("{base}?{}", query.finish())
    };
    let is_filtered =
        filter.actor.is_some() || !(filter.action.is_empty() && filter.source.is_empty() && filter.pattern.is_empty());
    LogsPage {
        shell: Shell::of_guild(ctx, request, access, "Logs", "logs"),
        kinds: kinds.collect(),
        kind: kind.name(),
        about: about(kind),
        has_filters: kind != Kind::Jobs,
        has_sources: matches!(kind, Kind::Changes | Kind::Attempts),
        actions: if kind == Kind::Changes { options(&ACTIONS, &filter.action) } else { Vec::new() },
        sources: options(&SOURCES, &filter.source),
        lines: found.lines.into_iter().map(|line| shown(line, kind, &base, &found.names)).collect(),
        is_filtered,
        newest: if asked.cursor.is_empty() { String::new() } else { address("") },
        older: found.next.map(|next| address(&next)).unwrap_or_default(),
        errors: found.errors,
        person: asked.person.clone(),
        text: asked.text.clone(),
    }
}

fn about(kind: Kind) -> &'static str {
    match kind {
        Kind::Changes => "Who changed what, from where. Changes are kept for good.",
        Kind::Giveaways => "What happened to giveaways. Who entered and left stands with each giveaway.",
        Kind::Attempts => "What somebody tried without the right to it. Kept for 90 days.",
        Kind::Jobs => "Messages that wait, were refused or are held. Decide about them under Jobs and timers.",
    }
}

fn titled(known: &[(&'static str, &'static str)], value: &str) -> String {
    known
        .iter()
        .find(|(name, _)| *name == value)
        .map_or_else(|| value.replace('_', " "), |(_, title)| (*title).to_owned())
}

/// What a line is about, without what only programs read: a right as keys name it, the row's id behind a message's name, and a
/// setting's name in the document.
fn named(target: String) -> String {
    if let Some((area, may)) = target.split_once(':')
        && let (Some(area), Some(may)) = (Area::parse(area), May::parse(may))
    {
        return format!("{}: {}", area.title(), if may == May::Manage { "change" } else { "see" });
    }
    let is_id = |text: &str| text.len() >= 16 && text.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase());
    if let Some((name, id)) = target.strip_suffix(')').and_then(|target| target.rsplit_once(" ("))
        && is_id(id)
    {
        return name.to_owned();
    }
    if target.contains('_') && target.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
        let words = target.replace('_', " ");
        let mut chars = words.chars();
        return chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect();
    }
    target
}

fn shown(line: LogLine, kind: Kind, base: &str, names: &HashMap<Id<UserMarker>, String>) -> Line {
    let actor: Option<Id<UserMarker>> = line.actor_id.as_deref().and_then(parse_id);
    let who = actor.map(|actor| names.get(&actor).cloned().unwrap_or_else(|| people::by_id(actor)));
    let who_href = actor.map(|actor| format!("{base}?kind={}&person={actor}", kind.name()));
    let changes = if kind == Kind::Changes || kind == Kind::Giveaways {
        rules::changes(line.before.as_deref(), line.after.as_deref())
    } else {
        rules::changes(None, line.after.as_deref())
    };
    // What the line is about is not said twice.
    let changes =
        changes.into_iter().filter(|change| !change.before.is_empty() || change.after != line.target).collect();
    let action = match kind {
        Kind::Attempts => String::new(),
        Kind::Jobs => match line.action.as_str() {
            "held" => "Needs a decision".to_owned(),
            "failed" => "Refused by Discord".to_owned(),
            _ => "Waiting".to_owned(),
        },
        _ => titled(&ACTIONS, &line.action),
    };
    Line {
        at: time::rfc3339(line.at),
        who: who.unwrap_or_else(|| "Muster".to_owned()),
        who_href: who_href.unwrap_or_default(),
        action,
        target: named(line.target),
        source: if kind == Kind::Giveaways || kind == Kind::Jobs {
            String::new()
        } else {
            titled(&SOURCES, &line.source)
        },
        changes,
    }
}
