//! Purpose: short links on the dashboard: the list with a form, and one link with its numbers, its QR code and what is held.

use super::{
    actions::{self, Change, Wish},
    commands::DAYS,
    qr, view,
};
use crate::{
    access::{Area, GuildAccess, May},
    ctx::Ctx,
    error::{Error, FieldError, Result},
    guild_config,
    links::{
        self, Link,
        rules::{
            count::DAY_MS,
            target::{self, Utm},
        },
        stats::{self, Stats},
        store,
    },
    text::number,
    time,
    web::{
        Form, Request, Response, Shell,
        choices::{error_of, field_errors},
        render,
    },
};
use askama::Template;
use chrono::DateTime;
use serde_json::json;

pub const PATH: &str = "links";
const PER_PAGE: usize = 25;

struct Line {
    name: String,
    href: String,
    url: String,
    host: String,
    state: &'static str,
    tone: &'static str,
    counted: String,
    raw: String,
}

#[derive(Template)]
#[template(path = "features/links/list.html")]
struct ListPage {
    shell: Shell,
    may_manage: bool,
    lines: Vec<Line>,
    search: String,
    older: String,
    form: Wish,
    errors: Vec<FieldError>,
}

impl ListPage {
    fn error(&self, field: &str) -> &str {
        error_of(&self.errors, field)
    }
}

struct DayLine {
    day: String,
    counted: String,
    raw: String,
    held: String,
}

#[derive(Template)]
#[template(path = "features/links/show.html")]
struct ShowPage {
    shell: Shell,
    /// Whether somebody may change it here: not one of a mission.
    may_change: bool,
    may_review: bool,
    slug: String,
    name: String,
    url: String,
    target: String,
    state: &'static str,
    tone: &'static str,
    is_off: bool,
    expires: String,
    totals: Vec<(&'static str, String)>,
    waiting: String,
    /// For `charts.js`; empty when there is nothing to draw.
    chart: String,
    days: Vec<DayLine>,
    origins: Vec<(&'static str, Vec<(String, String)>)>,
    held: Vec<String>,
    svg: String,
    errors: Vec<FieldError>,
}

impl ShowPage {
    fn error(&self, field: &str) -> &str {
        error_of(&self.errors, field)
    }
}

pub async fn on_request(ctx: &Ctx, request: &Request, access: &GuildAccess, rest: &[&str]) -> Result<Option<Response>> {
    let [PATH, rest @ ..] = rest else { return Ok(None) };
    let may = if request.method == "POST" { May::Manage } else { May::View };
    access.require(ctx, Area::Missions, may)?;
    let response = match (request.method.as_str(), rest) {
        ("GET", []) => list(ctx, request, access, Wish::default(), Vec::new()).await?,
        ("POST", []) => create(ctx, request, access).await?,
        ("GET", [slug]) => show(ctx, request, access, load(ctx, access, slug).await?, Vec::new()).await?,
        ("POST", [slug, act]) => act_on(ctx, request, access, load(ctx, access, slug).await?, act).await?,
        _ => return Ok(None),
    };
    Ok(Some(response))
}

async fn load(ctx: &Ctx, access: &GuildAccess, slug: &str) -> Result<Link> {
    ctx.query(store::get(access.guild, slug)).await?.first()?.ok_or(Error::NotFound)
}

/// `1766000000000-AbCdEf12`.
pub fn parse_cursor(text: &str) -> Option<(i64, String)> {
    let (at, slug) = text.split_once('-')?;
    Some((at.parse().ok()?, slug.to_owned()))
}

/// A page of the list, and the cursor of the next one.
pub async fn page_of(
    ctx: &Ctx,
    access: &GuildAccess,
    search: &str,
    before: Option<(i64, String)>,
    limit: usize,
) -> Result<(Vec<Link>, Option<String>)> {
    let place = before.as_ref().map(|(at, slug)| (*at, slug.as_str()));
    let mut found: Vec<Link> = ctx.query(store::list(access.guild, search.trim(), place, limit + 1)).await?.all()?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(|link| format!("{}-{}", link.created_at, link.slug));
    Ok((found, next))
}

/// A day (days since 1970, UTC) as people write it.
pub fn say_day(day: i64) -> String {
    DateTime::from_timestamp_millis(day * DAY_MS).unwrap_or_default().format("%Y-%m-%d").to_string()
}

async fn list(
    ctx: &Ctx,
    request: &Request,
    access: &GuildAccess,
    form: Wish,
    errors: Vec<FieldError>,
) -> Result<Response> {
    let search = request.param("search").unwrap_or_default().to_owned();
    let before = request.param("before").and_then(parse_cursor);
    let (found, next) = page_of(ctx, access, &search, before, PER_PAGE).await?;
    let numbers = stats::all_time(ctx, access.guild, "").await?;
    let base = format!("/g/{}/{PATH}", access.guild);
    let line = |link: Link| {
        let own = numbers.get(&link.slug).map(|entry| entry.0).unwrap_or_default();
        let (state, tone) = view::state(&link, ctx.now());
        Line {
            href: format!("{base}/{}", link.slug),
            url: links::url(ctx, &link.slug),
            host: target::host(&link.target).to_owned(),
            counted: number(own.counted),
            raw: number(own.raw),
            name: link.name,
            state,
            tone,
        }
    };
    let query: String = form_urlencoded::byte_serialize(search.as_bytes()).collect();
    let status = if errors.is_empty() { 200 } else { 422 };
    let page = ListPage {
        shell: Shell::of_guild(ctx, request, access, "Links", PATH),
        may_manage: access.may(Area::Missions, May::Manage),
        lines: found.into_iter().map(line).collect(),
        older: next.map(|next| format!("{base}?search={query}&before={next}")).unwrap_or_default(),
        search,
        form,
        errors,
    };
    render(status, &page)
}

fn wish(form: &Form) -> Wish {
    let get = |name: &str| form.get(name).to_owned();
    let utm = Utm {
        source: get("utm_source"),
        medium: get("utm_medium"),
        campaign: get("utm_campaign"),
        content: get("utm_content"),
    };
    Wish { name: get("name"), target: get("target"), utm, expires: get("expires") }
}

async fn create(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let form = request.form();
    let wish = wish(&form);
    let zone = guild_config::cached(ctx, access.guild).await?.zone();
    match actions::create(ctx, &access.author(form.once()), &wish, zone).await {
        Ok(link) => Ok(Response::see(format!("/g/{}/{PATH}/{}?done=made", access.guild, link.slug))),
        Err(error) => list(ctx, request, access, wish, field_errors(error)?).await,
    }
}

async fn act_on(ctx: &Ctx, request: &Request, access: &GuildAccess, link: Link, act: &str) -> Result<Response> {
    let form = request.form();
    let author = access.author(form.once());
    let slug = link.slug.clone();
    let off = |is_disabled| Change { is_disabled: Some(is_disabled), ..Change::default() };
    let done = match act {
        "disable" => actions::change(ctx, &author, link.clone(), off(true)).await.map(|_| ()),
        "enable" => actions::change(ctx, &author, link.clone(), off(false)).await.map(|_| ()),
        "expire" => {
            let zone = guild_config::cached(ctx, access.guild).await?.zone();
            match actions::parse_end(form.get("expires"), ctx.now(), zone) {
                Ok(end) => {
                    let change = Change { expires_at: Some(end), ..Change::default() };
                    actions::change(ctx, &author, link.clone(), change).await.map(|_| ())
                }
                Err(error) => Err(error),
            }
        }
        "accept" | "refuse" => stats::review(ctx, &link, act == "accept", &author).await.map(|_| ()),
        _ => return Err(Error::NotFound),
    };
    match done {
        Ok(()) => Ok(Response::see(format!("/g/{}/{PATH}/{slug}?done={act}", access.guild))),
        Err(error) => show(ctx, request, access, link, field_errors(error)?).await,
    }
}

fn notice(request: &Request) -> &'static str {
    match request.param("done") {
        Some("made") => "The link is ready.",
        Some("disable") => "The link leads nowhere any more. Elsewhere in the world it may lead on for a minute.",
        Some("enable") => "The link leads on again, everywhere within a minute.",
        Some("expire") => "The end was changed.",
        Some("accept") => "What was held counts now.",
        Some("refuse") => "What was held is refused, and does not count.",
        _ => "",
    }
}

/// The last days, those without a click included.
fn chart(stats: &Stats, today: i64) -> String {
    if stats.days.is_empty() {
        return String::new();
    }
    let days: Vec<i64> = (today - DAYS + 1..=today).collect();
    let of = |value: fn(&links::rules::count::Numbers) -> u64| -> Vec<u64> {
        let on = |day: &i64| stats.days.iter().find(|(known, _)| known == day).map_or(0, |(_, numbers)| value(numbers));
        days.iter().map(on).collect()
    };
    let series = json!([
        { "label": "Counted", "values": of(|numbers| numbers.counted) },
        { "label": "Raw", "values": of(|numbers| numbers.raw) },
    ]);
    let x: Vec<i64> = days.iter().map(|day| day * DAY_MS / 1_000).collect();
    json!({ "x": x, "time": true, "zone": "UTC", "series": series }).to_string()
}

async fn show(
    ctx: &Ctx,
    request: &Request,
    access: &GuildAccess,
    link: Link,
    errors: Vec<FieldError>,
) -> Result<Response> {
    let seen = stats::stats(ctx, &link, DAYS).await?;
    let (state, tone) = view::state(&link, ctx.now());
    let may_manage = access.may(Area::Missions, May::Manage);
    let url = links::url(ctx, &link.slug);
    let all = seen.all_time;
    let totals = [
        ("Counted", all.counted),
        ("Raw", all.raw),
        ("Machines", all.machines),
        ("Held", all.held),
        ("Refused", all.refused),
    ];
    let day = |(day, numbers): &(i64, links::rules::count::Numbers)| DayLine {
        day: say_day(*day),
        counted: number(numbers.counted),
        raw: number(numbers.raw),
        held: number(numbers.held),
    };
    let tally = |tally: &[(String, u64)]| -> Vec<(String, String)> {
        tally.iter().take(PER_PAGE).map(|(name, count)| (name.clone(), number(*count))).collect()
    };
    let status = if errors.is_empty() { 200 } else { 422 };
    let page = ShowPage {
        shell: Shell::of_guild(ctx, request, access, link.name.clone(), PATH).notice(notice(request)),
        may_change: may_manage && link.mission.is_none(),
        may_review: may_manage,
        svg: qr::svg(&url).unwrap_or_default(),
        url,
        is_off: link.ended_at.is_some(),
        expires: link.expires_at.map(time::rfc3339).unwrap_or_default(),
        totals: totals.map(|(name, total)| (name, number(total))).into(),
        waiting: if seen.waiting > 0 { number(seen.waiting) } else { String::new() },
        chart: chart(&seen, ctx.now().div_euclid(DAY_MS)),
        days: seen.days.iter().rev().map(day).collect(),
        origins: vec![("Countries", tally(&seen.countries)), ("Came from", tally(&seen.referrers))],
        held: view::reasons(&seen.held),
        slug: link.slug,
        name: link.name,
        target: link.target,
        state,
        tone,
        errors,
    };
    render(status, &page)
}
