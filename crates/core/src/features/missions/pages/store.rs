//! Purpose: the SQL that only the dashboard's pages of missions ask.
//!
//! What is asked of one mission goes by its id alone where an index begins with it: the mission was found under its guild before.

use crate::{features::missions::store::with_counts, social::Kind, sql::Statement};
use serde::Deserialize;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

/// Missions that are not over: live ones first, then the newest.
pub fn list_open(guild: Id<GuildMarker>, limit: u32) -> Statement {
    with_counts!(
        "WHERE guild_id = ?1 AND state IN ('live', 'draft') ORDER BY state DESC, created_at DESC, id DESC LIMIT ?2"
    )
    .bind(guild)
    .bind(limit)
}

/// The largest whole number of JavaScript, through which D1's values go.
const FAR: i64 = 9_007_199_254_740_991;

/// Closed missions, the newest first, after `before` (created at, id).
pub fn list_closed(guild: Id<GuildMarker>, before: Option<(i64, &str)>, limit: u32) -> Statement {
    let (at, id) = before.unwrap_or((FAR, ""));
    with_counts!(
        "WHERE guild_id = ?1 AND state = 'closed' AND created_at <= ?2 AND (created_at < ?2 OR id < ?3)
         ORDER BY created_at DESC, id DESC LIMIT ?4"
    )
    .bind(guild)
    .bind(at)
    .bind(id)
    .bind(limit)
}

#[derive(Debug, Deserialize)]
pub struct MissionPoints {
    pub mission_id: String,
    pub points: i64,
}

/// Sums of points by mission; `missions` is a JSON list of ids.
pub fn list_points_of(guild: Id<GuildMarker>, missions: &str) -> Statement {
    Statement::new(
        "SELECT mission_id, SUM(points) AS points FROM points
         WHERE guild_id = ?1 AND mission_id IN (SELECT value FROM json_each(?2)) GROUP BY mission_id",
    )
    .bind(guild)
    .bind(missions)
}

/// A mission's posts on one platform, summed up.
#[derive(Debug, Default, Deserialize)]
pub struct PlatformSums {
    pub platform: String,
    pub published: u64,
    pub under_way: u64,
    pub failed: u64,
    pub held: u64,
    pub views: u64,
    pub reactions: u64,
    pub comments: u64,
    pub shares: u64,
}

pub fn sums_by_platform(mission: &str) -> Statement {
    Statement::new(
        "SELECT platform, COUNT(*) FILTER (WHERE state = 'published') AS published,
           COUNT(*) FILTER (WHERE state IN ('scheduled', 'queued', 'container', 'publishing', 'processing')) AS under_way,
           COUNT(*) FILTER (WHERE state = 'failed') AS failed,
           COUNT(*) FILTER (WHERE state IN ('unknown', 'held')) AS held,
           COALESCE(SUM(views), 0) AS views, COALESCE(SUM(reactions), 0) AS reactions,
           COALESCE(SUM(comments), 0) AS comments, COALESCE(SUM(shares), 0) AS shares
         FROM mission_posts WHERE mission_id = ?1 GROUP BY platform",
    )
    .bind(mission)
}

/// A post as tables show it.
#[derive(Debug, Deserialize)]
pub struct PostLine {
    pub user_id: Id<UserMarker>,
    pub platform: String,
    pub state: String,
    pub url: String,
    pub reason: String,
    /// When the row came into its state.
    pub step_at: i64,
    pub due_at: Option<i64>,
    pub views: Option<u64>,
    pub reactions: Option<u64>,
    pub comments: Option<u64>,
    pub shares: Option<u64>,
}

impl PostLine {
    pub fn platform_name(&self) -> &'static str {
        Kind::of(&self.platform).map_or("?", Kind::name)
    }
}

macro_rules! post_lines {
    ($rest:literal) => {
        Statement::new(concat!(
            "SELECT user_id, platform, state, url, reason, step_at, due_at, views, reactions, comments, shares
             FROM mission_posts ",
            $rest
        ))
    };
}

/// A mission's posts by member, after `after` (member, platform).
pub fn list_posts(mission: &str, after: (&str, &str), limit: u32) -> Statement {
    post_lines!("WHERE mission_id = ?1 AND (user_id, platform) > (?2, ?3) ORDER BY user_id, platform LIMIT ?4")
        .bind(mission)
        .bind(after.0)
        .bind(after.1)
        .bind(limit)
}

/// Something by day (days since 1970, UTC).
#[derive(Debug, Deserialize)]
pub struct DayCount {
    pub day: i64,
    pub n: i64,
}

/// Posts of a mission by the day on which they were published.
pub fn posts_by_day(mission: &str, since: i64) -> Statement {
    Statement::new(
        "SELECT published_at / 86400000 AS day, COUNT(*) AS n FROM mission_posts
         WHERE mission_id = ?1 AND state = 'published' AND published_at >= ?2 * 86400000 GROUP BY day ORDER BY day",
    )
    .bind(mission)
    .bind(since)
}

/// Points of a mission by the day on which they were given.
pub fn points_by_day(guild: Id<GuildMarker>, mission: &str, since: i64) -> Statement {
    Statement::new(
        "SELECT at / 86400000 AS day, SUM(points) AS n FROM points
         WHERE guild_id = ?1 AND mission_id = ?2 AND +at >= ?3 * 86400000 GROUP BY day ORDER BY day",
    )
    .bind(guild)
    .bind(mission)
    .bind(since)
}

/// What a mission's posts gained on a day.
#[derive(Debug, Deserialize)]
pub struct DayEngagement {
    pub day: i64,
    pub views: i64,
    /// Reactions, comments and shares.
    pub responses: i64,
}

pub fn engagement_by_day(mission: &str, since: i64) -> Statement {
    Statement::new(
        "SELECT day, views, reactions + comments + shares AS responses FROM mission_engagement
         WHERE mission_id = ?1 AND day >= ?2 ORDER BY day",
    )
    .bind(mission)
    .bind(since)
}

#[derive(Debug, Deserialize)]
pub struct MemberPoints {
    pub user_id: Id<UserMarker>,
    pub points: i64,
}

/// Who has the most points by a mission.
pub fn top_of(guild: Id<GuildMarker>, mission: &str, limit: u32) -> Statement {
    Statement::new(
        "SELECT user_id, SUM(points) AS points FROM points WHERE guild_id = ?1 AND mission_id = ?2
         GROUP BY user_id ORDER BY points DESC, user_id LIMIT ?3",
    )
    .bind(guild)
    .bind(mission)
    .bind(limit)
}

/// A post whose outcome is not known.
#[derive(Debug, Deserialize)]
pub struct HeldLine {
    pub id: String,
    pub mission_id: String,
    pub user_id: Id<UserMarker>,
    pub platform: String,
    pub state: String,
    pub reason: String,
    pub text: String,
    pub step_at: i64,
    /// The mission's.
    pub title: String,
}

impl HeldLine {
    pub fn platform_name(&self) -> &'static str {
        Kind::of(&self.platform).map_or("?", Kind::name)
    }
}

/// Posts whose outcome is not known, the oldest first.
pub fn list_held(guild: Id<GuildMarker>, limit: u32) -> Statement {
    Statement::new(
        "SELECT post.id, post.mission_id, post.user_id, post.platform, post.state, post.reason, post.text, post.step_at,
           COALESCE((SELECT title FROM missions WHERE missions.id = post.mission_id), '') AS title
         FROM mission_posts AS post WHERE post.guild_id = ?1 AND post.state IN ('held', 'unknown')
         ORDER BY post.created_at, post.id LIMIT ?2",
    )
    .bind(guild)
    .bind(limit)
}

/// A line of the ledger as the page shows it.
#[derive(Debug, Deserialize)]
pub struct LedgerLine {
    pub id: String,
    pub user_id: Id<UserMarker>,
    pub kind: String,
    pub points: i64,
    pub rule_version: u32,
    pub reason: String,
    pub at: i64,
    /// Lines that have taken it back: none or one.
    pub voids: u8,
    /// The mission's title.
    pub mission: Option<String>,
}

macro_rules! ledger {
    ($rest:literal) => {
        Statement::new(concat!(
            "SELECT id, user_id, kind, points, rule_version, reason, at,
               EXISTS (SELECT 1 FROM points AS void WHERE void.guild_id = points.guild_id AND void.cause = 'void:' || points.id) AS voids,
               (SELECT title FROM missions WHERE missions.id = points.mission_id AND missions.guild_id = ?1) AS mission
             FROM points ",
            $rest
        ))
    };
}

/// Lines of everybody or one member, the newest first, after `before` (at, id).
pub fn list_ledger(
    guild: Id<GuildMarker>,
    user: Option<Id<UserMarker>>,
    before: Option<(i64, &str)>,
    limit: u32,
) -> Statement {
    let (at, id) = before.unwrap_or((FAR, ""));
    let statement = match user {
        None => ledger!("WHERE guild_id = ?1 AND at <= ?2 AND (at < ?2 OR id < ?3) ORDER BY at DESC, id DESC LIMIT ?4"),
        Some(_) => ledger!(
            "WHERE guild_id = ?1 AND at <= ?2 AND (at < ?2 OR id < ?3) AND user_id = ?5 ORDER BY at DESC, id DESC LIMIT ?4"
        ),
    };
    let statement = statement.bind(guild).bind(at).bind(id).bind(limit);
    match user {
        None => statement,
        Some(user) => statement.bind(user),
    }
}

/// Missions that start or end in a time, or were closed in it.
pub fn list_between(guild: Id<GuildMarker>, from: i64, until: i64, limit: u32) -> Statement {
    Statement::new(
        "SELECT * FROM missions WHERE guild_id = ?1 AND (starts_at BETWEEN ?2 AND ?3 OR pushed_at BETWEEN ?2 AND ?3
           OR ends_at BETWEEN ?2 AND ?3 OR closed_at BETWEEN ?2 AND ?3) ORDER BY starts_at, id LIMIT ?4",
    )
    .bind(guild)
    .bind(from)
    .bind(until)
    .bind(limit)
}

/// A post that waits for its time.
#[derive(Debug, Deserialize)]
pub struct Scheduled {
    pub mission_id: String,
    pub due_at: i64,
    /// The mission's.
    pub title: String,
}

/// Posts that wait for a time between these; the first thousand.
pub fn scheduled_between(guild: Id<GuildMarker>, from: i64, until: i64) -> Statement {
    Statement::new(
        "SELECT post.mission_id, post.due_at,
           COALESCE((SELECT title FROM missions WHERE missions.id = post.mission_id), '') AS title
         FROM mission_posts AS post WHERE post.guild_id = ?1 AND post.state = 'scheduled' AND post.due_at >= ?2
           AND post.due_at < ?3 LIMIT 1000",
    )
    .bind(guild)
    .bind(from)
    .bind(until)
}

/// What the first page says of a guild's missions.
#[derive(Debug, Default, Deserialize)]
pub struct AtAGlance {
    pub live: u64,
    pub held: u64,
}

pub fn at_a_glance(guild: Id<GuildMarker>) -> Statement {
    Statement::new(
        "SELECT (SELECT COUNT(*) FROM missions WHERE guild_id = ?1 AND state = 'live') AS live,
           (SELECT COUNT(*) FROM mission_posts WHERE guild_id = ?1 AND state = 'held') AS held",
    )
    .bind(guild)
}
