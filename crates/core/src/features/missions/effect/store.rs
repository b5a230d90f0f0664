//! Purpose: the SQL of what a comparison of rules looks at.

use crate::sql::Statement;
use serde::Deserialize;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

/// A published post, as far as rules look at it.
#[derive(Debug, Deserialize)]
pub struct RewardedPost {
    pub user_id: Id<UserMarker>,
    pub platform: String,
    pub views: Option<u64>,
    pub reactions: Option<u64>,
    /// From the mission's begin to the call that published it; below 0 where the member was early.
    pub late_ms: i64,
    /// The mission's own, -1 for the rules'.
    pub publish_points: i64,
}

/// Posts that were confirmed since then and are published.
pub fn posts_since(guild: Id<GuildMarker>, since: i64, limit: u32) -> Statement {
    Statement::new(
        "SELECT post.user_id, post.platform, post.views, post.reactions, mission.publish_points,
           COALESCE(post.sent_at, post.created_at) - MAX(COALESCE(mission.pushed_at, mission.starts_at), mission.starts_at) AS late_ms
         FROM mission_posts AS post JOIN missions AS mission ON mission.id = post.mission_id
         WHERE post.guild_id = ?1 AND post.state = 'published' AND post.created_at >= ?2 ORDER BY post.created_at LIMIT ?3",
    )
    .bind(guild)
    .bind(since)
    .bind(limit)
}

/// What was paid for by number: clicks, and places by clicks.
#[derive(Debug, Deserialize)]
pub struct PaidUnits {
    pub user_id: Id<UserMarker>,
    pub kind: String,
    /// Of a place; empty for clicks.
    pub cause: String,
    pub units: i64,
}

/// Clicks and places that were paid for since then, by member.
pub fn paid_since(guild: Id<GuildMarker>, since: i64) -> Statement {
    Statement::new(
        "SELECT user_id, kind, CASE kind WHEN 'top' THEN cause ELSE '' END AS cause, SUM(units) AS units FROM points
         WHERE guild_id = ?1 AND at >= ?2 AND kind IN ('clicks', 'top') GROUP BY 1, 2, 3",
    )
    .bind(guild)
    .bind(since)
}

/// A published post whose counts are still read.
#[derive(Debug, Deserialize)]
pub struct AskedPost {
    pub id: String,
    pub platform: String,
    pub views: Option<u64>,
    pub reactions: Option<u64>,
}

/// Posts that were published since then.
pub fn posts_asked(guild: Id<GuildMarker>, since: i64, limit: u32) -> Statement {
    Statement::new(
        "SELECT id, platform, views, reactions FROM mission_posts
         WHERE guild_id = ?1 AND state = 'published' AND published_at > ?2 LIMIT ?3",
    )
    .bind(guild)
    .bind(since)
    .bind(limit)
}

/// A tier that was paid, told by its reason.
#[derive(Debug, Deserialize)]
pub struct PaidTier {
    pub post_id: String,
    pub reason: String,
}

pub fn paid_tiers(guild: Id<GuildMarker>, since: i64) -> Statement {
    Statement::new("SELECT post_id, reason FROM points WHERE guild_id = ?1 AND at >= ?2 AND kind = 'engagement'")
        .bind(guild)
        .bind(since)
}
