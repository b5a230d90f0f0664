//! Purpose: the SQL of links, link_clicks, link_slots, link_counts, link_visitors and link_devices.
//!
//! Whoever changes numbers names the version that they read: a version that is not there makes the column null, which D1 refuses, and
//! with it the whole batch.

use crate::sql::{Statement, Value};
use serde::Deserialize;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

/// A link to be made.
#[derive(Debug, Clone)]
pub struct NewLink<'a> {
    pub slug: &'a str,
    pub guild: Id<GuildMarker>,
    pub mission: Option<&'a str>,
    pub owner: Option<Id<UserMarker>>,
    pub name: &'a str,
    /// Checked, with UTM.
    pub target: &'a str,
    pub created_by: Id<UserMarker>,
    pub cause: &'a str,
    /// Unix milliseconds.
    pub at: i64,
    pub expires_at: Option<i64>,
}

/// Changes nothing where the cause, or this member's link of the mission, is there.
pub fn insert(link: &NewLink<'_>) -> Statement {
    Statement::new(
        "INSERT INTO links (slug, guild_id, mission, owner_id, name, target, created_by, cause, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING",
    )
    .bind(link.slug)
    .bind(link.guild)
    .bind(link.mission)
    .bind(link.owner)
    .bind(link.name)
    .bind(link.target)
    .bind(link.created_by)
    .bind(link.cause)
    .bind(link.at)
    .bind(link.expires_at)
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Link {
    pub slug: String,
    pub guild_id: Id<GuildMarker>,
    pub mission: Option<String>,
    pub owner_id: Option<Id<UserMarker>>,
    pub name: String,
    pub target: String,
    pub created_by: Option<Id<UserMarker>>,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    pub ended_at: Option<i64>,
    pub ended_as: Option<String>,
    pub stale_at: Option<i64>,
}

/// For the redirect, which knows no guild: a slug is a secret of its own.
pub fn find(slug: &str) -> Statement {
    Statement::new("SELECT * FROM links WHERE slug = ?1").bind(slug)
}

pub fn get(guild: Id<GuildMarker>, slug: &str) -> Statement {
    Statement::new("SELECT * FROM links WHERE slug = ?2 AND guild_id = ?1").bind(guild).bind(slug)
}

pub fn get_by_cause(guild: Id<GuildMarker>, cause: &str) -> Statement {
    Statement::new("SELECT * FROM links WHERE cause = ?2 AND guild_id = ?1").bind(guild).bind(cause)
}

pub fn get_of_member(guild: Id<GuildMarker>, mission: &str, owner: Id<UserMarker>) -> Statement {
    Statement::new("SELECT * FROM links WHERE guild_id = ?1 AND mission = ?2 AND owner_id = ?3")
        .bind(guild)
        .bind(mission)
        .bind(owner)
}

/// Links made by hand whose name or target contains `part`, newest first, after a place in that order.
pub fn list(guild: Id<GuildMarker>, part: &str, before: Option<(i64, &str)>, limit: usize) -> Statement {
    Statement::new(
        "SELECT * FROM links WHERE guild_id = ?1 AND mission IS NULL AND created_at <= ?3 AND (created_at, slug) < (?3, ?4)
           AND (?2 = '' OR instr(lower(name), ?2) > 0 OR instr(lower(target), ?2) > 0 OR slug = ?6)
         ORDER BY created_at DESC, slug DESC LIMIT ?5",
    )
    .bind(guild)
    // As SQLite's `lower` does it: other letters stand for themselves on both sides.
    .bind(part.to_ascii_lowercase())
    .bind(before.map_or(crate::sql::MAX_SAFE_INTEGER, |(at, _)| at))
    .bind(before.map_or("", |(_, slug)| slug))
    .bind(i64::try_from(limit).unwrap_or(100))
    .bind(part)
}

/// How many made by hand still lead somewhere.
pub fn count_open(guild: Id<GuildMarker>) -> Statement {
    Statement::new("SELECT COUNT(*) AS n FROM links WHERE guild_id = ?1 AND mission IS NULL AND ended_at IS NULL")
        .bind(guild)
}

/// What became of one link. `ended_as` null opens it again.
pub fn change(
    guild: Id<GuildMarker>,
    slug: &str,
    expires_at: Option<i64>,
    ended_as: Option<&str>,
    at: i64,
) -> Statement {
    Statement::new(
        "UPDATE links SET expires_at = ?3, ended_as = ?4, ended_at = CASE WHEN ?4 IS NULL THEN NULL ELSE COALESCE(ended_at, ?5) END,
           stale_at = ?5
         WHERE slug = ?2 AND guild_id = ?1",
    )
    .bind(guild)
    .bind(slug)
    .bind(expires_at)
    .bind(ended_as)
    .bind(at)
}

/// Ends every link of a mission.
pub fn close_mission(guild: Id<GuildMarker>, mission: &str, at: i64) -> Statement {
    Statement::new(
        "UPDATE links SET ended_at = ?3, ended_as = 'closed', stale_at = ?3
         WHERE guild_id = ?1 AND mission = ?2 AND ended_at IS NULL",
    )
    .bind(guild)
    .bind(mission)
    .bind(at)
}

/// Opens those again that closing the mission ended.
pub fn reopen_mission(guild: Id<GuildMarker>, mission: &str, at: i64) -> Statement {
    Statement::new(
        "UPDATE links SET ended_at = NULL, ended_as = NULL, stale_at = ?3
         WHERE guild_id = ?1 AND mission = ?2 AND ended_as = 'closed'",
    )
    .bind(guild)
    .bind(mission)
    .bind(at)
}

/// Every link of a mission ends then; never with null.
pub fn expire_mission(guild: Id<GuildMarker>, mission: &str, expires_at: Option<i64>, at: i64) -> Statement {
    Statement::new(
        "UPDATE links SET expires_at = ?3, stale_at = ?4 WHERE guild_id = ?1 AND mission = ?2 AND expires_at IS NOT ?3",
    )
    .bind(guild)
    .bind(mission)
    .bind(expires_at)
    .bind(at)
}

/// Links that KV may not know as they are, longest first.
pub fn list_stale(limit: u32) -> Statement {
    Statement::new("SELECT * FROM links WHERE stale_at IS NOT NULL ORDER BY stale_at LIMIT ?1").bind(limit)
}

/// KV knows them, unless they changed again. `rows` is a JSON list of [slug, stale_at].
pub fn fresh(rows: &str) -> Statement {
    Statement::new(
        "UPDATE links SET stale_at = NULL WHERE stale_at IS NOT NULL
           AND slug IN (SELECT value ->> 0 FROM json_each(?1) WHERE value ->> 1 = links.stale_at)",
    )
    .bind(rows)
}

/// What somebody's links are, at most 500.
pub fn list_of_owner(guild: Id<GuildMarker>, user: Id<UserMarker>) -> Statement {
    Statement::new("SELECT * FROM links WHERE guild_id = ?1 AND owner_id = ?2 LIMIT 500").bind(guild).bind(user)
}

/// Ends somebody's links and takes their id out of them.
pub fn forget_owner(guild: Id<GuildMarker>, user: Id<UserMarker>, at: i64) -> Statement {
    Statement::new(
        "UPDATE links SET ended_at = COALESCE(ended_at, ?3), ended_as = COALESCE(ended_as, 'disabled'), stale_at = ?3,
           owner_id = NULL, created_by = NULL, cause = 'forgotten:' || slug
         WHERE guild_id = ?1 AND owner_id = ?2",
    )
    .bind(guild)
    .bind(user)
    .bind(at)
}

/// Appends to a slot's last row, or begins a new one where that would be longer than `most`. Changes nothing when the slot has `parts` rows.
pub fn append(slot: i64, guild: &str, clicks: &str, most: usize, parts: u32) -> Statement {
    let int = |size: usize| i64::try_from(size).unwrap_or(i64::MAX);
    Statement::new(
        "INSERT INTO link_clicks (slot, guild_id, part, clicks, size)
         SELECT ?1, ?2, last.part, ?3, ?4 FROM (
           SELECT COALESCE((SELECT part + (size + ?4 > ?5) FROM link_clicks WHERE slot = ?1 AND guild_id = ?2 ORDER BY part DESC LIMIT 1), 0) AS part
         ) AS last WHERE last.part < ?6
         ON CONFLICT (slot, guild_id, part) DO UPDATE SET clicks = clicks || excluded.clicks, size = size + excluded.size",
    )
    .bind(slot)
    .bind(guild)
    .bind(clicks)
    .bind(int(clicks.len()))
    .bind(int(most))
    .bind(parts)
}

/// There is something to count in that slot.
pub fn open_slot(slot: i64, guild: &str) -> Statement {
    Statement::new("INSERT OR IGNORE INTO link_slots (slot, guild_id) VALUES (?1, ?2)").bind(slot).bind(guild)
}

#[derive(Debug, Deserialize)]
pub struct OpenSlot {
    pub slot: i64,
    pub guild_id: Id<GuildMarker>,
}

/// Slots before `before` that wait, oldest first.
pub fn list_slots(before: i64, limit: u32) -> Statement {
    Statement::new("SELECT slot, guild_id FROM link_slots WHERE slot < ?1 ORDER BY slot LIMIT ?2")
        .bind(before)
        .bind(limit)
}

/// Of one guild.
pub fn list_slots_of(guild: Id<GuildMarker>, before: i64, limit: u32) -> Statement {
    Statement::new("SELECT slot, guild_id FROM link_slots WHERE guild_id = ?1 AND slot < ?2 ORDER BY slot LIMIT ?3")
        .bind(guild)
        .bind(before)
        .bind(limit)
}

#[derive(Debug, Deserialize)]
pub struct Part {
    pub part: u32,
    pub clicks: String,
    pub counted: usize,
}

pub fn list_parts(slot: i64, guild: Id<GuildMarker>) -> Statement {
    Statement::new("SELECT part, clicks, counted FROM link_clicks WHERE slot = ?1 AND guild_id = ?2 ORDER BY part")
        .bind(slot)
        .bind(guild)
}

/// So much of a part is counted; fails where it was not counted as far as `before`.
pub fn set_counted(slot: i64, guild: Id<GuildMarker>, part: u32, before: usize, after: usize) -> Statement {
    let int = |size: usize| i64::try_from(size).unwrap_or(i64::MAX);
    Statement::new(
        "UPDATE link_clicks SET counted = CASE WHEN counted = ?4 THEN ?5 END WHERE slot = ?1 AND guild_id = ?2 AND part = ?3",
    )
    .bind(slot)
    .bind(guild)
    .bind(part)
    .bind(int(before))
    .bind(int(after))
}

/// The slot waits no longer, unless something was appended meanwhile.
pub fn close_slot(slot: i64, guild: Id<GuildMarker>) -> Statement {
    Statement::new(
        "DELETE FROM link_slots WHERE slot = ?1 AND guild_id = ?2
           AND NOT EXISTS (SELECT 1 FROM link_clicks WHERE slot = ?1 AND guild_id = ?2 AND size > counted)",
    )
    .bind(slot)
    .bind(guild)
}

#[derive(Debug, Deserialize)]
pub struct Uncounted {
    pub clicks: String,
}

/// What came in of a guild and is not counted, up to some 30,000 clicks.
pub fn list_uncounted(guild: Id<GuildMarker>) -> Statement {
    Statement::new(
        "SELECT substr(c.clicks, c.counted + 1, 100000) AS clicks FROM link_slots s JOIN link_clicks c USING (slot, guild_id)
         WHERE s.guild_id = ?1 AND c.size > c.counted ORDER BY s.slot DESC, c.part LIMIT 20",
    )
    .bind(guild)
}

#[derive(Debug, Deserialize)]
pub struct Owned {
    pub slug: String,
    pub mission: Option<String>,
    pub owner_id: Option<Id<UserMarker>>,
}

/// Whose links these are. `slugs` is a JSON list.
pub fn list_owned(guild: Id<GuildMarker>, slugs: &str) -> Statement {
    Statement::new(
        "SELECT slug, mission, owner_id FROM links WHERE slug IN (SELECT value FROM json_each(?2)) AND guild_id = ?1",
    )
    .bind(guild)
    .bind(slugs)
}

#[derive(Debug, Deserialize)]
pub struct CountRow {
    pub pack: String,
    pub day: i64,
    pub numbers: String,
    pub version: i64,
}

/// Of a guild's packs, on a day and over all time. `packs` is a JSON list.
pub fn list_counts(guild: Id<GuildMarker>, packs: &str, day: i64) -> Statement {
    Statement::new(
        "SELECT pack, day, numbers, version FROM link_counts
         WHERE guild_id = ?1 AND pack IN (SELECT value FROM json_each(?2)) AND day IN (-1, ?3)",
    )
    .bind(guild)
    .bind(packs)
    .bind(day)
}

#[derive(Debug, Deserialize)]
pub struct DayRow {
    pub day: i64,
    /// JSON of an entry; null where nothing was counted for that link.
    pub entry: Option<String>,
}

/// One link's numbers over all time (day -1) and on the days since `since`.
pub fn list_days(guild: Id<GuildMarker>, pack: &str, slug: &str, since: i64) -> Statement {
    Statement::new(
        "SELECT day, (SELECT value FROM json_each(numbers) WHERE key = ?3) AS entry FROM link_counts
         WHERE guild_id = ?1 AND pack = ?2 AND (day = -1 OR day >= ?4) ORDER BY day",
    )
    .bind(guild)
    .bind(pack)
    .bind(slug)
    .bind(since)
}

/// The numbers of all links of a pack over all time.
pub fn get_all_time(guild: Id<GuildMarker>, pack: &str) -> Statement {
    Statement::new("SELECT pack, day, numbers, version FROM link_counts WHERE guild_id = ?1 AND pack = ?2 AND day = -1")
        .bind(guild)
        .bind(pack)
}

/// The numbers of a pack by day.
pub fn list_pack_days(guild: Id<GuildMarker>, pack: &str, since: i64) -> Statement {
    Statement::new(
        "SELECT pack, day, numbers, version FROM link_counts WHERE guild_id = ?1 AND pack = ?2 AND day >= ?3 ORDER BY day",
    )
    .bind(guild)
    .bind(pack)
    .bind(since)
}

/// `rows` is a JSON list of [pack, day, numbers, version]; a version of 1 is a new row. Fails where one is not the next.
pub fn put_counts(guild: Id<GuildMarker>, rows: &str, at: i64) -> Statement {
    Statement::new(
        "INSERT INTO link_counts (guild_id, pack, day, numbers, version, changed_at)
         SELECT ?1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, ?3 FROM json_each(?2) WHERE true
         ON CONFLICT (guild_id, pack, day) DO UPDATE SET numbers = excluded.numbers, changed_at = excluded.changed_at,
           version = CASE WHEN link_counts.version = excluded.version - 1 THEN excluded.version END",
    )
    .bind(guild)
    .bind(rows)
    .bind(at)
}

#[derive(Debug, Deserialize)]
pub struct VisitorRow {
    pub pack: String,
    pub day: i64,
    pub visitors: String,
    pub version: i64,
}

/// `packs` is a JSON list.
pub fn list_visitors(guild: Id<GuildMarker>, packs: &str, day: i64) -> Statement {
    Statement::new(
        "SELECT pack, day, visitors, version FROM link_visitors
         WHERE day = ?3 AND guild_id = ?1 AND pack IN (SELECT value FROM json_each(?2))",
    )
    .bind(guild)
    .bind(packs)
    .bind(day)
}

/// Of one pack on several days; `days` is a JSON list.
pub fn list_visitor_days(guild: Id<GuildMarker>, pack: &str, days: &str) -> Statement {
    Statement::new(
        "SELECT pack, day, visitors, version FROM json_each(?3) JOIN link_visitors ON day = json_each.value
         WHERE guild_id = ?1 AND pack = ?2 ORDER BY day",
    )
    .bind(guild)
    .bind(pack)
    .bind(days)
}

/// Fails where `version` is not the next one; 1 is a new row.
pub fn put_visitors(guild: Id<GuildMarker>, row: &VisitorRow) -> Statement {
    Statement::new(
        "INSERT INTO link_visitors (day, guild_id, pack, visitors, version) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (day, guild_id, pack) DO UPDATE SET visitors = excluded.visitors,
           version = CASE WHEN link_visitors.version = excluded.version - 1 THEN excluded.version END",
    )
    .bind(row.day)
    .bind(guild)
    .bind(&row.pack)
    .bind(&row.visitors)
    .bind(row.version)
}

#[derive(Debug, Deserialize)]
pub struct Device {
    pub user_id: Id<UserMarker>,
    pub device: String,
}

/// `guild`: none for every guild, which is kept as ''.
pub fn insert_device(day: i64, guild: Option<Id<GuildMarker>>, user: Id<UserMarker>, device: &str) -> Statement {
    Statement::new("INSERT OR IGNORE INTO link_devices (day, guild_id, user_id, device) VALUES (?1, ?2, ?3, ?4)")
        .bind(day)
        .bind(guild.map_or_else(String::new, |guild| guild.to_string()))
        .bind(user)
        .bind(device)
}

/// Of the members in a JSON list.
pub fn list_devices(day: i64, guild: Id<GuildMarker>, users: &str) -> Statement {
    Statement::new(
        "SELECT user_id, device FROM link_devices
         WHERE day = ?1 AND guild_id IN (?2, '') AND user_id IN (SELECT value FROM json_each(?3))",
    )
    .bind(day)
    .bind(guild)
    .bind(users)
}

pub fn delete_devices_of(guild: Id<GuildMarker>, user: Id<UserMarker>, days: &str) -> Statement {
    Statement::new(
        "DELETE FROM link_devices WHERE day IN (SELECT value FROM json_each(?3)) AND guild_id IN (?1, '') AND user_id = ?2",
    )
    .bind(guild)
    .bind(user)
    .bind(days)
}

#[derive(Debug, Deserialize)]
pub struct ChangedPack {
    pub guild_id: Id<GuildMarker>,
    pub pack: String,
    pub changed_at: i64,
}

/// Missions whose numbers changed after a place in the order of change.
pub fn list_changed(after: (i64, &str, &str), limit: u32) -> Statement {
    Statement::new(
        "SELECT guild_id, pack, changed_at FROM link_counts
         WHERE day = -1 AND pack <> '' AND changed_at >= ?1 AND (changed_at, guild_id, pack) > (?1, ?2, ?3)
         ORDER BY changed_at, guild_id, pack LIMIT ?4",
    )
    .bind(after.0)
    .bind(after.1)
    .bind(after.2)
    .bind(limit)
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MemberLink {
    pub slug: String,
    pub owner_id: Id<UserMarker>,
}

/// The members' links of a mission, after a slug.
pub fn list_of_mission(guild: Id<GuildMarker>, mission: &str, limit: u32) -> Statement {
    Statement::new(
        "SELECT slug, owner_id FROM links WHERE guild_id = ?1 AND mission = ?2 AND owner_id IS NOT NULL LIMIT ?3",
    )
    .bind(guild)
    .bind(mission)
    .bind(limit)
}

/// What is old: clicks before a slot, visitors and devices before days.
pub fn delete_old(slot: i64, visitors_day: i64, devices_day: i64) -> [Statement; 3] {
    let delete = |sql: &'static str, before: i64| Statement { sql, params: vec![Value::Int(before)] };
    [
        delete(
            "DELETE FROM link_clicks WHERE (slot, guild_id, part) IN
               (SELECT slot, guild_id, part FROM link_clicks WHERE slot < ?1 ORDER BY slot LIMIT 500)",
            slot,
        ),
        delete(
            "DELETE FROM link_visitors WHERE (day, guild_id, pack) IN
               (SELECT day, guild_id, pack FROM link_visitors WHERE day < ?1 ORDER BY day LIMIT 500)",
            visitors_day,
        ),
        delete(
            "DELETE FROM link_devices WHERE (day, guild_id, user_id, device) IN
               (SELECT day, guild_id, user_id, device FROM link_devices WHERE day < ?1 ORDER BY day LIMIT 500)",
            devices_day,
        ),
    ]
}
