//! Purpose: the SQL of mission_polls, mission_reads, mission_clocks, mission_months, mission_logs and mission_notes, and of a post's counts.

use crate::features::missions::store::Post;
use crate::{
    social::{Kind, Metrics},
    sql::Statement,
};
use serde::Deserialize;
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, GuildMarker, UserMarker},
};

#[derive(Debug, Clone, Deserialize)]
pub struct Poll {
    pub guild_id: Id<GuildMarker>,
    pub user_id: Id<UserMarker>,
    pub platform: String,
    pub after_id: String,
    pub failures: u32,
    pub due_at: i64,
}

/// Has a member's counts read by `due_at` at the latest.
pub fn insert_poll(post: &Post, due_at: i64) -> Statement {
    Statement::new(
        "INSERT INTO mission_polls (guild_id, user_id, platform, due_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (guild_id, user_id, platform) DO UPDATE SET due_at = MIN(due_at, excluded.due_at)",
    )
    .bind(post.guild_id)
    .bind(post.user_id)
    .bind(&post.platform)
    .bind(due_at)
}

pub fn get_poll(guild: Id<GuildMarker>, user: Id<UserMarker>, kind: Kind) -> Statement {
    Statement::new("SELECT * FROM mission_polls WHERE guild_id = ?1 AND user_id = ?2 AND platform = ?3")
        .bind(guild)
        .bind(user)
        .bind(kind.key())
}

pub fn set_poll(next: &Poll, before: &Poll) -> Statement {
    Statement::new(
        "UPDATE mission_polls SET after_id = ?4, failures = ?5, due_at = ?6
         WHERE guild_id = ?1 AND user_id = ?2 AND platform = ?3 AND due_at = ?7",
    )
    .bind(next.guild_id)
    .bind(next.user_id)
    .bind(&next.platform)
    .bind(&next.after_id)
    .bind(next.failures)
    .bind(next.due_at)
    .bind(before.due_at)
}

pub fn delete_poll(poll: &Poll) -> Statement {
    Statement::new("DELETE FROM mission_polls WHERE guild_id = ?1 AND user_id = ?2 AND platform = ?3 AND due_at = ?4")
        .bind(poll.guild_id)
        .bind(poll.user_id)
        .bind(&poll.platform)
        .bind(poll.due_at)
}

/// A post that was refused so often in a row is no longer asked about.
pub const GIVE_UP: u32 = 6;

/// Published posts of a member on a platform that came after `since`, in the order of a round.
pub fn list_polled(poll: &Poll, since: i64, limit: u32) -> Statement {
    Statement::new(
        "SELECT * FROM mission_posts WHERE guild_id = ?1 AND user_id = ?2 AND platform = ?3 AND id > ?4
           AND state = 'published' AND post_ref <> '' AND published_at > ?5 AND refusals < ?7 ORDER BY id LIMIT ?6",
    )
    .bind(poll.guild_id)
    .bind(poll.user_id)
    .bind(&poll.platform)
    .bind(&poll.after_id)
    .bind(since)
    .bind(limit)
    .bind(GIVE_UP)
}

/// Counts only grow: a platform that shows less for a while takes nothing back.
pub fn set_metrics(post: &Post, metrics: &Metrics, now: i64) -> Statement {
    let int = |count: Option<u64>| count.and_then(|count| i64::try_from(count).ok());
    Statement::new(
        "UPDATE mission_posts SET views = MAX(COALESCE(views, 0), ?3), reactions = MAX(COALESCE(reactions, 0), ?4),
           comments = MAX(COALESCE(comments, 0), ?5), shares = MAX(COALESCE(shares, 0), ?6), metrics_at = ?7,
           refusals = 0, ask_after = 0, reason = ''
         WHERE guild_id = ?1 AND id = ?2",
    )
    .bind(post.guild_id)
    .bind(&post.id)
    .bind(int(metrics.views).unwrap_or(0))
    .bind(int(metrics.reactions).unwrap_or(0))
    .bind(int(metrics.comments).unwrap_or(0))
    .bind(int(metrics.shares).unwrap_or(0))
    .bind(now)
}

/// The platform did not give a post's counts, `refusals` times in a row.
pub fn set_refused(post: &Post, refusals: u32, ask_after: i64, reason: &str, now: i64) -> Statement {
    Statement::new(
        "UPDATE mission_posts SET refusals = ?3, ask_after = ?4, reason = ?5, metrics_at = ?6
         WHERE guild_id = ?1 AND id = ?2 AND state = 'published'",
    )
    .bind(post.guild_id)
    .bind(&post.id)
    .bind(refusals)
    .bind(ask_after)
    .bind(reason)
    .bind(now)
}

#[derive(Debug, Deserialize)]
pub struct Reads {
    pub posts: u32,
}

/// Posts that were read since a day, where that costs something.
pub fn count_reads(guild: Id<GuildMarker>, kind: Kind, since: i64) -> Statement {
    Statement::new(
        "SELECT COALESCE(SUM(posts), 0) AS posts FROM mission_reads WHERE guild_id = ?1 AND platform = ?2 AND day >= ?3",
    )
    .bind(guild)
    .bind(kind.key())
    .bind(since)
}

pub fn add_reads(guild: Id<GuildMarker>, kind: Kind, day: i64, posts: u32) -> Statement {
    Statement::new(
        "INSERT INTO mission_reads (guild_id, platform, day, posts) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (guild_id, platform, day) DO UPDATE SET posts = posts + excluded.posts",
    )
    .bind(guild)
    .bind(kind.key())
    .bind(day)
    .bind(posts)
}

pub fn delete_reads(guild: Id<GuildMarker>, kind: Kind, before: i64) -> Statement {
    Statement::new("DELETE FROM mission_reads WHERE guild_id = ?1 AND platform = ?2 AND day < ?3")
        .bind(guild)
        .bind(kind.key())
        .bind(before)
}

#[derive(Debug, Deserialize)]
pub struct Clock {
    pub month: String,
    pub due_at: i64,
    /// The guild's zone was changed then.
    pub look_at: Option<i64>,
}

pub fn insert_clock(guild: Id<GuildMarker>, month: &str, due_at: i64) -> Statement {
    Statement::new("INSERT INTO mission_clocks (guild_id, month, due_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")
        .bind(guild)
        .bind(month)
        .bind(due_at)
}

pub fn get_clock(guild: Id<GuildMarker>) -> Statement {
    Statement::new("SELECT month, due_at, look_at FROM mission_clocks WHERE guild_id = ?1").bind(guild)
}

/// Moves the clock on, unless somebody else did, or changed the zone, since `before` was read.
pub fn set_clock(guild: Id<GuildMarker>, before: &Clock, month: &str, due_at: i64) -> Statement {
    Statement::new(
        "UPDATE mission_clocks SET month = ?5, due_at = ?6, look_at = NULL
         WHERE guild_id = ?1 AND month = ?2 AND due_at = ?3 AND look_at IS ?4",
    )
    .bind(guild)
    .bind(&before.month)
    .bind(before.due_at)
    .bind(before.look_at)
    .bind(month)
    .bind(due_at)
}

/// 1 if the month has ended.
pub fn is_ended(guild: Id<GuildMarker>, month: &str) -> Statement {
    Statement::new("SELECT COUNT(*) AS n FROM mission_months WHERE guild_id = ?1 AND month = ?2")
        .bind(guild)
        .bind(month)
}

#[derive(Debug, Deserialize)]
pub struct NewestChannel {
    pub channel_id: Id<ChannelMarker>,
}

/// The channel of the newest mission that brought points in a month, or else of the newest there is. Looks at the newest 100.
pub fn newest_channel(guild: Id<GuildMarker>, month: &str) -> Statement {
    Statement::new(
        "SELECT channel_id FROM (SELECT id, channel_id, pushed_at FROM missions
           WHERE guild_id = ?1 AND state IN ('live', 'closed') ORDER BY pushed_at DESC, id DESC LIMIT 100) AS newest
         ORDER BY EXISTS (SELECT 1 FROM points WHERE guild_id = ?1 AND mission_id = newest.id AND month = ?2) DESC,
           pushed_at DESC, id DESC LIMIT 1",
    )
    .bind(guild)
    .bind(month)
}

/// Fails when the month has ended already.
pub fn insert_month(guild: Id<GuildMarker>, month: &str, now: i64, members: u32, winners: &str) -> Statement {
    Statement::new(
        "INSERT INTO mission_months (guild_id, month, closed_at, members, winners) VALUES (?1, ?2, ?3, ?4, ?5)",
    )
    .bind(guild)
    .bind(month)
    .bind(now)
    .bind(members)
    .bind(winners)
}

/// A month that has ended.
#[derive(Debug, Deserialize)]
pub struct Month {
    pub month: String,
    /// Unix milliseconds.
    pub closed_at: i64,
}

/// Months that have ended, the newest first.
pub fn list_months(guild: Id<GuildMarker>, limit: u32) -> Statement {
    Statement::new("SELECT month, closed_at FROM mission_months WHERE guild_id = ?1 ORDER BY month DESC LIMIT ?2")
        .bind(guild)
        .bind(limit)
}

// ---- the log in a channel ---------------------------------------------------------------------------------------

#[derive(Debug, Deserialize)]
pub struct LogRow {
    pub channel_id: Id<ChannelMarker>,
    pub due_at: Option<i64>,
}

pub fn get_log(guild: Id<GuildMarker>) -> Statement {
    Statement::new("SELECT channel_id, due_at FROM mission_logs WHERE guild_id = ?1").bind(guild)
}

/// What waits to be posted.
#[derive(Debug, Deserialize)]
pub struct Note {
    pub id: i64,
    pub user_id: Id<UserMarker>,
    /// `post`, `counts` or `points`.
    pub kind: String,
    pub detail: String,
    /// Unix milliseconds.
    pub at: i64,
}

/// The oldest first.
pub fn list_notes(guild: Id<GuildMarker>, limit: usize) -> Statement {
    Statement::new("SELECT id, user_id, kind, detail, at FROM mission_notes WHERE guild_id = ?1 ORDER BY id LIMIT ?2")
        .bind(guild)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
}

pub fn delete_notes(guild: Id<GuildMarker>, until: i64) -> Statement {
    Statement::new("DELETE FROM mission_notes WHERE guild_id = ?1 AND id <= ?2").bind(guild).bind(until)
}

/// When the next message is due; at once where something was noted after `last` and no time is given.
pub fn set_log_due(guild: Id<GuildMarker>, last: i64, due_at: Option<i64>) -> Statement {
    Statement::new(
        "UPDATE mission_logs SET due_at = COALESCE(?3, (SELECT MIN(at) FROM mission_notes WHERE guild_id = ?1 AND id > ?2))
         WHERE guild_id = ?1",
    )
    .bind(guild)
    .bind(last)
    .bind(due_at)
}
