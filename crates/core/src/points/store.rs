//! Purpose: the SQL of points, points_totals, points_roles and mission_rules.

use crate::{
    audit::Author,
    error::{Error, Result},
    sql::Statement,
};
use serde::{Deserialize, Serialize};
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, GuildMarker, RoleMarker, UserMarker},
};

#[derive(Debug, Deserialize)]
pub struct RulesRow {
    pub version: u32,
    pub rules: String,
}

pub fn get_rules(guild: Id<GuildMarker>) -> Statement {
    Statement::new("SELECT version, rules FROM mission_rules WHERE guild_id = ?1 ORDER BY version DESC LIMIT 1")
        .bind(guild)
}

pub fn get_rules_by_cause(author: &Author) -> Statement {
    Statement::new("SELECT version, rules FROM mission_rules WHERE guild_id = ?1 AND cause = ?2")
        .bind(author.guild)
        .bind(&author.cause)
}

pub fn insert_rules(author: &Author, version: u32, rules: &str, now: i64) -> Statement {
    Statement::new(
        "INSERT INTO mission_rules (guild_id, version, rules, created_by, created_at, cause) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )
    .bind(author.guild)
    .bind(version)
    .bind(rules)
    .bind(author.user)
    .bind(now)
    .bind(&author.cause)
}

/// Whether and where the guild has a log; what waits for it goes with it.
pub fn set_log(guild: Id<GuildMarker>, channel: Option<Id<ChannelMarker>>) -> [Statement; 2] {
    let log = match channel {
        Some(channel) => Statement::new(
            "INSERT INTO mission_logs (guild_id, channel_id) VALUES (?1, ?2) ON CONFLICT (guild_id) DO UPDATE SET channel_id = ?2",
        )
        .bind(guild)
        .bind(channel),
        None => Statement::new("DELETE FROM mission_logs WHERE guild_id = ?1").bind(guild),
    };
    let notes =
        "DELETE FROM mission_notes WHERE guild_id = ?1 AND NOT EXISTS (SELECT 1 FROM mission_logs WHERE guild_id = ?1)";
    [log, Statement::new(notes).bind(guild)]
}

/// A line of the ledger that is about to be written.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// Random, for naming it.
    pub id: String,
    pub guild: Id<GuildMarker>,
    pub user: Id<UserMarker>,
    pub mission: &'a str,
    pub post: &'a str,
    pub kind: &'a str,
    pub units: i64,
    pub points: i64,
    pub rule_version: u32,
    /// Why, for people.
    pub reason: &'a str,
    pub month: &'a str,
    pub at: i64,
    pub cause: &'a str,
}

fn bound(text: &'static str, entry: &Entry<'_>) -> Statement {
    Statement::new(text)
        .bind(&entry.id)
        .bind(entry.guild)
        .bind(entry.user)
        .bind(entry.mission)
        .bind(entry.post)
        .bind(entry.kind)
        .bind(entry.units)
        .bind(entry.points)
        .bind(entry.rule_version)
        .bind(entry.reason)
        .bind(entry.month)
        .bind(entry.at)
        .bind(entry.cause)
}

/// Adds an entry unless its cause has one.
pub fn insert(entry: &Entry<'_>) -> Statement {
    bound(
        "INSERT INTO points (id, guild_id, user_id, mission_id, post_id, kind, units, points, rule_version, reason, month, at, cause)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT DO NOTHING",
        entry,
    )
}

/// Adds an entry unless its cause has one, if the post was published by this very step: `version` is the one it wrote.
pub fn insert_if_published(entry: &Entry<'_>, version: u32) -> Statement {
    bound(
        "INSERT INTO points (id, guild_id, user_id, mission_id, post_id, kind, units, points, rule_version, reason, month, at, cause)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13
         WHERE EXISTS (SELECT 1 FROM mission_posts WHERE id = ?5 AND state = 'published' AND version = ?14) ON CONFLICT DO NOTHING",
        entry,
    )
    .bind(version)
}

/// What several entries have in common.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    pub guild: Id<GuildMarker>,
    pub rule_version: u32,
    pub month: &'a str,
    pub at: i64,
}

/// A tier that a post has reached.
#[derive(Debug, Serialize)]
pub struct Tier {
    pub user: Id<UserMarker>,
    pub mission: String,
    pub post: String,
    pub points: i64,
    pub reason: String,
    pub cause: String,
}

/// Adds an entry for each tier that was not paid before, under whatever cause: one statement for all, because an invocation may make 50.
///
/// # Errors
/// None that happen: it is written as JSON.
pub fn insert_tiers(at: &At<'_>, tiers: &[Tier]) -> Result<Statement> {
    let statement = Statement::new(
        "INSERT INTO points (id, guild_id, user_id, mission_id, post_id, kind, units, points, rule_version, reason, month, at, cause)
         SELECT lower(hex(randomblob(8))), ?2, tier.user, tier.mission, tier.post, 'engagement', 1, tier.points, ?3, tier.reason, ?4, ?5,
           tier.cause
         FROM (SELECT json_extract(value, '$.user') AS user, json_extract(value, '$.mission') AS mission,
             json_extract(value, '$.post') AS post, json_extract(value, '$.points') AS points,
             json_extract(value, '$.reason') AS reason, json_extract(value, '$.cause') AS cause FROM json_each(?1)) AS tier
         WHERE NOT EXISTS (SELECT 1 FROM points AS paid WHERE paid.guild_id = ?2 AND paid.mission_id = tier.mission
           AND paid.kind = 'engagement' AND paid.user_id = tier.user AND paid.post_id = tier.post AND paid.reason = tier.reason)
         ON CONFLICT DO NOTHING",
    );
    Ok(together(statement, at, serde_json::to_string(tiers).map_err(Error::internal)?))
}

fn together(statement: Statement, at: &At<'_>, lines: String) -> Statement {
    statement.bind(lines).bind(at.guild).bind(at.rule_version).bind(at.month).bind(at.at)
}

/// Clicks that a member is paid for, once nothing was paid since `before` was read.
#[derive(Debug, Serialize)]
pub struct Clicks {
    pub user: Id<UserMarker>,
    pub before: i64,
    pub units: i64,
    pub points: i64,
    pub reason: String,
    pub cause: String,
}

/// Adds an entry for each member's clicks of a mission.
///
/// # Errors
/// None that happen: it is written as JSON.
pub fn insert_clicks(at: &At<'_>, mission: &str, clicks: &[Clicks]) -> Result<Statement> {
    let statement = Statement::new(
        "INSERT INTO points (id, guild_id, user_id, mission_id, post_id, kind, units, points, rule_version, reason, month, at, cause)
         SELECT lower(hex(randomblob(8))), ?2, line.user, ?6, '', 'clicks', line.units, line.points, ?3, line.reason, ?4, ?5, line.cause
         FROM (SELECT json_extract(value, '$.user') AS user, json_extract(value, '$.before') AS before,
             json_extract(value, '$.units') AS units, json_extract(value, '$.points') AS points,
             json_extract(value, '$.reason') AS reason, json_extract(value, '$.cause') AS cause FROM json_each(?1)) AS line
         WHERE line.before = (SELECT COALESCE(SUM(units), 0) FROM points AS paid
           WHERE paid.guild_id = ?2 AND paid.mission_id = ?6 AND paid.kind = 'clicks' AND paid.user_id = line.user)
         ON CONFLICT DO NOTHING",
    );
    let lines = serde_json::to_string(clicks).map_err(Error::internal)?;
    Ok(together(statement, at, lines).bind(mission))
}

#[derive(Debug, Deserialize)]
pub struct Paid {
    pub user_id: Id<UserMarker>,
    pub units: i64,
}

#[derive(Debug, Deserialize)]
pub struct Member {
    pub user_id: Id<UserMarker>,
}

/// Members with a published post of a mission on one of these platforms, a JSON list of keys.
pub fn list_published(guild: Id<GuildMarker>, mission: &str, platforms: &str) -> Statement {
    Statement::new(
        "SELECT DISTINCT user_id FROM mission_posts WHERE mission_id = ?2 AND guild_id = ?1 AND state = 'published'
           AND platform IN (SELECT value FROM json_each(?3))",
    )
    .bind(guild)
    .bind(mission)
    .bind(platforms)
}

/// What each member was paid for in a mission.
pub fn list_paid(guild: Id<GuildMarker>, mission: &str, kind: &str) -> Statement {
    Statement::new(
        "SELECT user_id, SUM(units) AS units FROM points WHERE guild_id = ?1 AND mission_id = ?2 AND kind = ?3 GROUP BY user_id",
    )
    .bind(guild)
    .bind(mission)
    .bind(kind)
}

#[derive(Debug, Clone, Deserialize)]
pub struct EntryRow {
    pub id: String,
    pub mission_id: String,
    pub post_id: String,
    pub kind: String,
    pub points: i64,
    pub rule_version: u32,
    pub reason: String,
    pub month: String,
    pub at: i64,
    /// The mission's title, where it was asked for.
    #[serde(default)]
    pub mission: Option<String>,
}

/// A member's entries, the newest first, with their missions' titles.
pub fn list(guild: Id<GuildMarker>, user: Id<UserMarker>, limit: u32) -> Statement {
    Statement::new(
        "SELECT id, mission_id, post_id, kind, points, rule_version, reason, month, at,
           (SELECT title FROM missions WHERE missions.id = points.mission_id AND missions.guild_id = ?1) AS mission
         FROM points WHERE guild_id = ?1 AND user_id = ?2 ORDER BY at DESC, id DESC LIMIT ?3",
    )
    .bind(guild)
    .bind(user)
    .bind(limit)
}

/// An entry that can be taken back.
#[derive(Debug, Deserialize)]
pub struct Voidable {
    pub id: String,
    pub user_id: Id<UserMarker>,
    pub mission_id: String,
    pub post_id: String,
    pub kind: String,
    pub points: i64,
    pub reason: String,
}

pub fn get(guild: Id<GuildMarker>, id: &str) -> Statement {
    Statement::new(
        "SELECT id, user_id, mission_id, post_id, kind, points, reason FROM points WHERE guild_id = ?1 AND id = ?2",
    )
    .bind(guild)
    .bind(id)
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct Standing {
    pub points: i64,
    /// From 1; of members without any points, `None`.
    pub place: Option<u32>,
    pub of: u32,
}

/// A member's sum in a month or for ever, and their place by it.
pub fn standing(guild: Id<GuildMarker>, month: &str, user: Id<UserMarker>) -> Statement {
    Statement::new(
        "SELECT mine.points AS points,
           1 + (SELECT COUNT(*) FROM points_totals WHERE guild_id = ?1 AND month = ?2 AND points > mine.points) AS place,
           (SELECT COUNT(*) FROM points_totals WHERE guild_id = ?1 AND month = ?2) AS \"of\"
         FROM points_totals AS mine WHERE mine.guild_id = ?1 AND mine.month = ?2 AND mine.user_id = ?3",
    )
    .bind(guild)
    .bind(month)
    .bind(user)
}

#[derive(Debug, Clone, Deserialize)]
pub struct Total {
    pub user_id: Id<UserMarker>,
    pub points: i64,
}

/// The first of a month or of all time; equal points by the older account.
pub fn top(guild: Id<GuildMarker>, month: &str, limit: u32, offset: u32) -> Statement {
    Statement::new(
        "SELECT user_id, points FROM points_totals WHERE guild_id = ?1 AND month = ?2
         ORDER BY points DESC, user_id LIMIT ?3 OFFSET ?4",
    )
    .bind(guild)
    .bind(month)
    .bind(limit)
    .bind(offset)
}

/// The first of a month who have points at all; equal points by the older account.
pub fn winners(guild: Id<GuildMarker>, month: &str, limit: u32) -> Statement {
    Statement::new(
        "SELECT user_id, points FROM points_totals WHERE guild_id = ?1 AND month = ?2 AND points > 0
         ORDER BY points DESC, user_id LIMIT ?3",
    )
    .bind(guild)
    .bind(month)
    .bind(limit)
}

#[derive(Debug, Deserialize)]
pub struct Counted {
    pub n: u32,
}

/// Members with points in a month.
pub fn count(guild: Id<GuildMarker>, month: &str) -> Statement {
    Statement::new("SELECT COUNT(*) AS n FROM points_totals WHERE guild_id = ?1 AND month = ?2").bind(guild).bind(month)
}

/// The points that a mission brought its members.
pub fn sum_of_mission(guild: Id<GuildMarker>, mission: &str) -> Statement {
    Statement::new("SELECT COALESCE(SUM(points), 0) AS points FROM points WHERE guild_id = ?1 AND mission_id = ?2")
        .bind(guild)
        .bind(mission)
}

#[derive(Debug, Deserialize)]
pub struct Sum {
    pub points: i64,
}

/// A sum that is not what its entries add up to; `None` for one that is missing, or has none.
#[derive(Debug, Deserialize)]
pub struct Wrong {
    pub month: String,
    pub user_id: Id<UserMarker>,
    pub was: Option<i64>,
    pub is: Option<i64>,
}

/// What [`recompute`] will change.
pub fn list_wrong(guild: Id<GuildMarker>, limit: u32) -> Statement {
    Statement::new(
        "SELECT * FROM (
           SELECT sums.month, sums.user_id, total.points AS was, sums.points AS \"is\"
           FROM (SELECT month, user_id, SUM(points) AS points FROM points WHERE guild_id = ?1 GROUP BY month, user_id
             UNION ALL SELECT 'all', user_id, SUM(points) FROM points WHERE guild_id = ?1 GROUP BY user_id) AS sums
           LEFT JOIN points_totals AS total
             ON total.guild_id = ?1 AND total.month = sums.month AND total.user_id = sums.user_id
           WHERE total.points IS NOT sums.points
           UNION ALL SELECT month, user_id, points, NULL FROM points_totals WHERE guild_id = ?1
             AND NOT EXISTS (SELECT 1 FROM points WHERE points.guild_id = ?1 AND points.user_id = points_totals.user_id
               AND (points_totals.month = 'all' OR points.month = points_totals.month)))
         ORDER BY month, user_id LIMIT ?2",
    )
    .bind(guild)
    .bind(limit)
}

/// Makes the sums anew from the entries; writes only those that differ.
pub fn recompute(guild: Id<GuildMarker>) -> [Statement; 3] {
    let of_months = "INSERT INTO points_totals (guild_id, month, user_id, points)
         SELECT guild_id, month, user_id, SUM(points) FROM points WHERE guild_id = ?1 GROUP BY month, user_id
         ON CONFLICT DO UPDATE SET points = excluded.points WHERE points_totals.points <> excluded.points";
    let of_all = "INSERT INTO points_totals (guild_id, month, user_id, points)
         SELECT guild_id, 'all', user_id, SUM(points) FROM points WHERE guild_id = ?1 GROUP BY user_id
         ON CONFLICT DO UPDATE SET points = excluded.points WHERE points_totals.points <> excluded.points";
    // A sum without a line is none.
    let of_none = "DELETE FROM points_totals WHERE guild_id = ?1
         AND NOT EXISTS (SELECT 1 FROM points WHERE points.guild_id = ?1 AND points.user_id = points_totals.user_id
           AND (points_totals.month = 'all' OR points.month = points_totals.month))";
    [of_months, of_all, of_none].map(|text| Statement::new(text).bind(guild))
}

#[derive(Debug, Deserialize)]
pub struct RoleRow {
    /// What Muster gave last; empty for none.
    pub role_id: String,
    pub due_at: Option<i64>,
}

pub fn get_role(guild: Id<GuildMarker>, user: Id<UserMarker>) -> Statement {
    Statement::new("SELECT role_id, due_at FROM points_roles WHERE guild_id = ?1 AND user_id = ?2")
        .bind(guild)
        .bind(user)
}

/// The role that was given, if nothing came between; and when to look again.
pub fn set_role(
    guild: Id<GuildMarker>,
    user: Id<UserMarker>,
    role: Option<Id<RoleMarker>>,
    before: Option<i64>,
    due_at: Option<i64>,
) -> Statement {
    Statement::new(
        "UPDATE points_roles SET role_id = ?3, due_at = CASE WHEN due_at IS ?4 THEN ?5 ELSE due_at END
         WHERE guild_id = ?1 AND user_id = ?2",
    )
    .bind(guild)
    .bind(user)
    .bind(role.map(|role| role.to_string()).unwrap_or_default())
    .bind(before)
    .bind(due_at)
}

/// Has the roles of members looked at whose sums were corrected; `users` is a JSON list.
pub fn reopen_roles(guild: Id<GuildMarker>, users: &str, now: i64) -> Statement {
    Statement::new(
        "UPDATE points_roles SET due_at = ?3 WHERE guild_id = ?1 AND user_id IN (SELECT value FROM json_each(?2))",
    )
    .bind(guild)
    .bind(users)
    .bind(now)
}
