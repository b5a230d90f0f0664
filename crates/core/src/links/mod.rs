//! Purpose: short links: made for a member and a mission or by hand, looked up by the edge, clicked, counted, reviewed.
//!
//! Tables: links, link_clicks, link_slots, link_counts, link_visitors, link_devices.
//! A link's target is fixed when it is made. Its numbers are right some minutes after a click, and never change by a click that the
//! queue delivers twice.

pub mod clicks;
pub mod hashes;
pub mod rules;
pub mod stats;
pub mod store;
pub mod visit;

pub use clicks::VISITORS_KEPT_DAYS;
pub use store::{Link, NewLink};
pub use visit::open;

use crate::{
    ctx::Ctx,
    error::{Error, Result},
    jobs::Job,
    sql::Statement,
    web::Request,
};
use hashes::Day;
use rules::{
    count::{DAY_MS, Entries},
    target::{self, Utm},
};
use serde_json::json;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

/// 62^8 slugs: with a million links, one guess in 218 million finds one.
pub const SLUG_LENGTH: usize = 8;
/// KV takes 1,000 writes a minute from one invocation, but six at a time; a chunk is done within seconds.
const REFRESH_AT_ONCE: u32 = 40;
/// Numbers that changed so short ago are not settled: a step that began earlier may still commit.
pub const SETTLED_MS: i64 = 30_000;
/// More members of one mission are not told; far beyond what one guild's mission has.
const MEMBERS_MAX: u32 = 20_000;

/// A slug that nobody can guess.
pub fn new_slug(ctx: &Ctx) -> String {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut slug = String::new();
    while slug.len() < SLUG_LENGTH {
        let mut bytes = [0; 16];
        ctx.rng.fill(&mut bytes);
        // 248 is the last multiple of 62 in a byte: each letter as often as the others.
        let fair = bytes.iter().filter(|byte| **byte < 248).filter_map(|byte| LETTERS.get(usize::from(byte % 62)));
        slug.extend(fair.map(|letter| char::from(*letter)).take(SLUG_LENGTH - slug.len()));
    }
    slug
}

/// Where people open a link.
pub fn url(ctx: &Ctx, slug: &str) -> String {
    format!("{}/l/{slug}", ctx.settings.public_url)
}

/// A target as it is kept: checked, with UTM.
///
/// # Errors
/// `User` with a sentence about the address.
pub fn target(ctx: &Ctx, address: &str, utm: &Utm) -> Result<String> {
    let own_host = target::host(&ctx.settings.public_url);
    let checked = target::check(address, own_host).and_then(|target| target::with_utm(&target, utm));
    checked.map_err(|why| Error::User(why.to_string()))
}

/// The statement that makes a member's link of a mission; nothing happens where it is there. `target` comes from [`target`]. What the
/// link is then says [`of_member`], and [`publish`] puts it where the edge finds it.
pub fn insert_for_mission(
    ctx: &Ctx,
    guild: Id<GuildMarker>,
    mission: &str,
    owner: Id<UserMarker>,
    (name, target): (&str, &str),
    expires_at: Option<i64>,
) -> Statement {
    store::insert(&NewLink {
        slug: &new_slug(ctx),
        guild,
        mission: Some(mission),
        owner: Some(owner),
        name,
        target,
        created_by: owner,
        cause: &format!("mission:{guild}:{mission}:{owner}"),
        at: ctx.now(),
        expires_at,
    })
}

/// A member's link of a mission.
pub async fn of_member(
    ctx: &Ctx,
    guild: Id<GuildMarker>,
    mission: &str,
    owner: Id<UserMarker>,
) -> Result<Option<Link>> {
    Ok(ctx.query(store::get_of_member(guild, mission, owner)).await?.first()?)
}

/// Puts a link where the edge finds it without D1. Failing is no loss: whoever opens it has it looked up.
pub async fn publish(ctx: &Ctx, link: &Link) {
    if let Err(error) = visit::publish(ctx, link).await {
        ctx.warn("a link was not written to KV", json!({ "error": error.to_string() }));
    }
}

/// The statement that ends every link of a mission. KV follows ([`refresh`]).
pub fn close_mission(ctx: &Ctx, guild: Id<GuildMarker>, mission: &str) -> Statement {
    store::close_mission(guild, mission, ctx.now())
}

/// The statement that opens those again that closing the mission ended.
pub fn reopen_mission(ctx: &Ctx, guild: Id<GuildMarker>, mission: &str) -> Statement {
    store::reopen_mission(guild, mission, ctx.now())
}

/// The statement that moves the end of every link of a mission (Unix milliseconds).
pub fn expire_mission(ctx: &Ctx, guild: Id<GuildMarker>, mission: &str, expires_at: Option<i64>) -> Statement {
    store::expire_mission(guild, mission, expires_at, ctx.now())
}

/// Writes links that changed into KV. Gives whether some are left. Runs by itself every minute; after a change it may be called at
/// once.
pub async fn refresh(ctx: &Ctx) -> Result<bool> {
    let links: Vec<Link> = ctx.query(store::list_stale(REFRESH_AT_ONCE)).await?.all()?;
    let mut done = Vec::new();
    for link in &links {
        visit::publish(ctx, link).await?;
        done.push(json!([link.slug, link.stale_at]));
    }
    if !done.is_empty() {
        ctx.query(store::fresh(&json!(done).to_string())).await?;
    }
    Ok(links.len() == REFRESH_AT_ONCE as usize)
}

/// Has KV told about links that changed: a few at once, many by jobs.
pub async fn sweep(ctx: &Ctx) -> Result<()> {
    if refresh(ctx).await? {
        ctx.queue.send(Job::RefreshLinks, 0).await.map_err(Error::retryable)?;
    }
    Ok(())
}

/// Remembers for today that somebody whom Muster knows uses this browser at this address: their clicks on their own links are held.
/// Nothing but a hash is kept, for a few days. `guild`: where they connect an account; none for whoever signs in to the pages, which
/// holds in every guild. Nothing to write where the browser or its address is not known.
pub fn note_device(
    ctx: &Ctx,
    guild: Option<Id<GuildMarker>>,
    user: Id<UserMarker>,
    request: &Request,
) -> Option<Statement> {
    let (address, agent) = (request.header("cf-connecting-ip")?, request.header("user-agent")?);
    let today = ctx.now().div_euclid(DAY_MS);
    let device = Day::of(ctx, today).device(address, agent);
    Some(store::insert_device(today, guild, user, &device))
}

/// How far somebody has read what changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Cursor {
    /// Unix milliseconds.
    pub at: i64,
    pub guild: String,
    pub mission: String,
}

/// The counted visitors of a mission's members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedMission {
    pub guild: Id<GuildMarker>,
    pub mission: String,
    /// Member, slug, visitors counted over all time; those without any are left out.
    pub members: Vec<(Id<UserMarker>, String, u64)>,
}

/// A mission whose numbers changed.
#[derive(Debug, Clone)]
pub struct Changed {
    pub guild: Id<GuildMarker>,
    /// For going on after it; names the mission.
    pub cursor: Cursor,
    /// Nobody who began before can still commit a change that stands before this one.
    pub is_settled: bool,
}

/// Missions whose numbers changed after `cursor`, at most `limit`, in the order of change, those that are settled first. A mission that
/// changes again comes again.
///
/// # Errors
/// When the database does not answer.
pub async fn changed_since(ctx: &Ctx, cursor: &Cursor, limit: u32) -> Result<Vec<Changed>> {
    let after = (cursor.at, cursor.guild.as_str(), cursor.mission.as_str());
    let changed: Vec<store::ChangedPack> = ctx.query(store::list_changed(after, limit)).await?.all()?;
    let settled = ctx.now() - SETTLED_MS;
    let of = |pack: store::ChangedPack| {
        let cursor = Cursor { at: pack.changed_at, guild: pack.guild_id.to_string(), mission: pack.pack };
        Changed { guild: pack.guild_id, cursor, is_settled: pack.changed_at < settled }
    };
    Ok(changed.into_iter().map(of).collect())
}

/// The counted visitors of one mission's members now.
pub async fn counted_of(ctx: &Ctx, guild: Id<GuildMarker>, mission: &str) -> Result<CountedMission> {
    let statements = vec![store::get_all_time(guild, mission), store::list_of_mission(guild, mission, MEMBERS_MAX)];
    let results = ctx.batch(statements).await?;
    let [numbers, links] = &results[..] else { return Err(Error::internal("two answers were expected")) };
    let row: Option<store::CountRow> = numbers.first()?;
    let entries: Entries = clicks::parse(row.as_ref().map(|row| row.numbers.as_str()))?;
    let links: Vec<store::MemberLink> = links.all()?;
    let members = links.into_iter().filter_map(|link| {
        let counted = entries.get(&link.slug)?.0.counted;
        (counted > 0).then_some((link.owner_id, link.slug, counted))
    });
    Ok(CountedMission { guild, mission: mission.to_owned(), members: members.collect() })
}
