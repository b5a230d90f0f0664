//! Purpose: short links as JSON: listed, made, changed, and their numbers.

use super::{
    actions::{self, Change, Wish},
    commands::DAYS,
    pages,
};
use crate::{
    access::{self, Area, GuildAccess, May},
    ctx::Ctx,
    error::{Error, Result},
    guild_config,
    links::{self, Link, rules::count::Numbers, rules::target::Utm, stats, store},
    time,
    web::{
        Request, Response,
        description::{Changing, Guarded, IdempotencyKey, Snowflake, Time},
        once,
    },
};
use serde::{Deserialize, Serialize};
use twilight_model::id::{Id, marker::UserMarker};
use utoipa::{OpenApi, ToSchema};

/// Requests and visitors of a link.
#[derive(Serialize, ToSchema)]
#[schema(as = LinkNumbers)]
struct Counted {
    /// Every request that was sent on.
    raw: u64,
    /// Those of crawlers, unfurlers, prefetches and HEAD.
    machines: u64,
    /// Visitors, each once a day.
    counted: u64,
    /// Visitors that wait for a decision.
    held: u64,
    /// Visitors that somebody refused.
    refused: u64,
}

impl From<Numbers> for Counted {
    fn from(n: Numbers) -> Self {
        Self { raw: n.raw, machines: n.machines, counted: n.counted, held: n.held, refused: n.refused }
    }
}

/// A short link.
#[derive(Serialize, ToSchema)]
#[schema(as = Link)]
struct Shown {
    slug: String,
    url: String,
    name: String,
    target: String,
    mission: Option<String>,
    #[schema(value_type = Option<Snowflake>)]
    owner_id: Option<Id<UserMarker>>,
    #[schema(value_type = Time)]
    created_at: String,
    #[schema(value_type = Option<Time>)]
    expires_at: Option<String>,
    is_disabled: bool,
    numbers: Counted,
}

impl Shown {
    fn new(ctx: &Ctx, link: Link, numbers: Numbers) -> Self {
        Self {
            url: links::url(ctx, &link.slug),
            slug: link.slug,
            name: link.name,
            target: link.target,
            mission: link.mission,
            owner_id: link.owner_id,
            created_at: time::rfc3339(link.created_at),
            expires_at: link.expires_at.map(time::rfc3339),
            is_disabled: link.ended_at.is_some(),
            numbers: numbers.into(),
        }
    }
}

#[derive(Serialize, ToSchema)]
struct LinkList {
    links: Vec<Shown>,
    next_cursor: Option<String>,
}

/// Visitors by where they came from.
#[derive(Serialize, ToSchema)]
struct LinkOrigin {
    /// A country (ISO 3166) or a host; `direct` for none, `other` for what is rare.
    name: String,
    visitors: u64,
}

/// What is held for one reason.
#[derive(Serialize, ToSchema)]
struct LinkHeld {
    reason: links::rules::count::Held,
    visitors: u64,
}

#[derive(Serialize, ToSchema)]
struct LinkDay {
    /// UTC.
    day: String,
    numbers: Counted,
}

/// A link with its last 30 days.
#[derive(Serialize, ToSchema)]
struct LinkStats {
    link: Shown,
    days: Vec<LinkDay>,
    countries: Vec<LinkOrigin>,
    referrers: Vec<LinkOrigin>,
    held: Vec<LinkHeld>,
    /// Requests of the last minutes that are not in the numbers yet.
    waiting: u64,
}

/// A link to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewLink {
    target: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    utm_source: String,
    #[serde(default)]
    utm_medium: String,
    #[serde(default)]
    utm_campaign: String,
    #[serde(default)]
    utm_content: String,
    #[schema(value_type = Option<Time>)]
    expires_at: Option<String>,
}

/// What is to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LinkEdit {
    is_disabled: Option<bool>,
    /// Empty for never.
    expires_at: Option<String>,
}

pub async fn on_request(ctx: &Ctx, request: &Request) -> Result<Option<Response>> {
    let segments = request.segments();
    let ["guilds", guild, "links", rest @ ..] = &segments[..] else { return Ok(None) };
    let may = match (request.method.as_str(), rest) {
        ("GET", [] | [_]) => May::View,
        ("POST", []) | ("PATCH", [_]) => May::Manage,
        _ => return Ok(None),
    };
    let access = access::enter(ctx, request, guild).await?;
    access.require(ctx, Area::Missions, may)?;
    let response = match (may, rest) {
        (May::View, []) => list_links(ctx, request, &access).await?,
        (May::View, [slug, ..]) => get_link(ctx, &access, slug).await?,
        (May::Manage, []) => make_link(ctx, request, &access).await?,
        (May::Manage, [slug, ..]) => edit_link(ctx, request, &access, slug).await?,
    };
    Ok(Some(response))
}

/// Links made by hand, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/guilds/{guild}/links",
    tag = "Links",
    params(
        ("guild" = Snowflake, Path),
        ("search" = Option<String>, Query, description = "part of a name or target"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "25 unless given"),
    ),
    responses((status = 200, body = LinkList), Guarded),
    security(("key" = []))
)]
async fn list_links(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let search = request.param("search").unwrap_or_default();
    let cursor = request.cursor(pages::parse_cursor)?;
    let (found, next_cursor) = pages::page_of(ctx, access, search, cursor, request.limit(25)?).await?;
    let numbers = stats::all_time(ctx, access.guild, "").await?;
    let shown = |link: Link| {
        let own = numbers.get(&link.slug).map(|entry| entry.0).unwrap_or_default();
        Shown::new(ctx, link, own)
    };
    Response::of(200, &LinkList { links: found.into_iter().map(shown).collect(), next_cursor })
}

/// One link with its numbers; also one that a mission made.
#[utoipa::path(
    get,
    path = "/api/v1/guilds/{guild}/links/{slug}",
    tag = "Links",
    params(("guild" = Snowflake, Path), ("slug" = String, Path)),
    responses((status = 200, body = LinkStats), Guarded),
    security(("key" = []))
)]
async fn get_link(ctx: &Ctx, access: &GuildAccess, slug: &str) -> Result<Response> {
    let link = load(ctx, access, slug).await?;
    show(ctx, 200, link).await
}

async fn load(ctx: &Ctx, access: &GuildAccess, slug: &str) -> Result<Link> {
    ctx.query(store::get(access.guild, slug)).await?.first()?.ok_or(Error::NotFound)
}

async fn show(ctx: &Ctx, status: u16, link: Link) -> Result<Response> {
    let seen = stats::stats(ctx, &link, DAYS).await?;
    let origins =
        |tally: Vec<(String, u64)>| tally.into_iter().map(|(name, visitors)| LinkOrigin { name, visitors }).collect();
    let days = seen.days.iter().map(|(day, numbers)| LinkDay { day: pages::say_day(*day), numbers: (*numbers).into() });
    let body = LinkStats {
        days: days.collect(),
        link: Shown::new(ctx, link, seen.all_time),
        countries: origins(seen.countries),
        referrers: origins(seen.referrers),
        held: seen.held.into_iter().map(|(reason, visitors)| LinkHeld { reason, visitors }).collect(),
        waiting: seen.waiting,
    };
    Response::of(status, &body)
}

/// Makes a link.
#[utoipa::path(
    post,
    path = "/api/v1/guilds/{guild}/links",
    tag = "Links",
    params(("guild" = Snowflake, Path), ("Idempotency-Key" = Option<IdempotencyKey>, Header)),
    request_body = NewLink,
    responses((status = 201, body = LinkStats), Changing),
    security(("key" = []))
)]
async fn make_link(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let new: NewLink = request.json()?;
    let utm =
        Utm { source: new.utm_source, medium: new.utm_medium, campaign: new.utm_campaign, content: new.utm_content };
    let wish = Wish { name: new.name, target: new.target, utm, expires: new.expires_at.unwrap_or_default() };
    let zone = guild_config::cached(ctx, access.guild).await?.zone();
    let author = access.author(&once::cause(ctx, request));
    show(ctx, 201, actions::create(ctx, &author, &wish, zone).await?).await
}

/// Switches a link off or on, or moves its end.
#[utoipa::path(
    patch,
    path = "/api/v1/guilds/{guild}/links/{slug}",
    tag = "Links",
    params(("guild" = Snowflake, Path), ("slug" = String, Path)),
    request_body = LinkEdit,
    responses((status = 200, body = LinkStats), Changing),
    security(("key" = []))
)]
async fn edit_link(ctx: &Ctx, request: &Request, access: &GuildAccess, slug: &str) -> Result<Response> {
    let edit: LinkEdit = request.json()?;
    let link = load(ctx, access, slug).await?;
    let zone = guild_config::cached(ctx, access.guild).await?.zone();
    let end = edit.expires_at.map(|text| actions::parse_end(&text, ctx.now(), zone)).transpose()?;
    let change = Change { expires_at: end, is_disabled: edit.is_disabled };
    let author = access.author(&once::cause(ctx, request));
    show(ctx, 200, actions::change(ctx, &author, link, change).await?).await
}

#[derive(OpenApi)]
#[openapi(paths(list_links, get_link, make_link, edit_link))]
pub struct Description;
