//! Purpose: the SQL of a sync: whose roles are looked at, how far it is, what came of it.

use crate::sql::Statement;
use serde::Deserialize;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

/// The last sync of a guild.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Row {
    pub sync_at: Option<i64>,
    /// The member id up to which members are marked; `None` once all are.
    pub sync_after: Option<String>,
    pub sync_members: u64,
    pub sync_looked: u64,
    pub sync_given: u64,
    pub sync_taken: u64,
    pub sync_failed: u64,
    pub sync_done_at: Option<i64>,
}

impl Row {
    pub fn is_running(&self) -> bool {
        self.sync_at.is_some() && self.sync_done_at.is_none()
    }
}

pub fn get(guild: Id<GuildMarker>) -> Statement {
    Statement::new(
        "SELECT sync_at, sync_after, sync_members, sync_looked, sync_given, sync_taken, sync_failed, sync_done_at
         FROM levels_guilds WHERE guild_id = ?1",
    )
    .bind(guild)
}

/// Begins one, unless one is running.
pub fn start(guild: Id<GuildMarker>, now: i64) -> Statement {
    Statement::new(
        "UPDATE levels_guilds SET sync_at = ?2, sync_after = '', sync_looked = 0, sync_given = 0, sync_taken = 0,
           sync_failed = 0, sync_done_at = NULL,
           sync_members = (SELECT COUNT(*) FROM levels_members WHERE guild_id = ?1 AND left_at IS NULL)
         WHERE guild_id = ?1 AND (sync_at IS NULL OR sync_done_at IS NOT NULL)",
    )
    .bind(guild)
    .bind(now)
}

/// Marks the next members after `after`, while the sync still stands there.
pub fn mark_next(guild: Id<GuildMarker>, after: &str, limit: u32, now: i64) -> Statement {
    Statement::new(
        "UPDATE levels_members SET rewards_due = ?4 WHERE guild_id = ?1 AND user_id IN (
           SELECT user_id FROM levels_members WHERE guild_id = ?1 AND user_id > ?2 AND left_at IS NULL
           ORDER BY user_id LIMIT ?3)
         AND EXISTS (SELECT 1 FROM levels_guilds WHERE guild_id = ?1 AND sync_after = ?2 AND sync_done_at IS NULL)",
    )
    .bind(guild)
    .bind(after)
    .bind(limit)
    .bind(now)
}

/// The sync stands behind those that [`mark_next`] marked; behind the last there is nobody.
pub fn advance(guild: Id<GuildMarker>, after: &str, limit: u32) -> Statement {
    Statement::new(
        "UPDATE levels_guilds SET sync_after = (SELECT MAX(user_id) FROM (
           SELECT user_id FROM levels_members WHERE guild_id = ?1 AND user_id > ?2 AND left_at IS NULL
           ORDER BY user_id LIMIT ?3))
         WHERE guild_id = ?1 AND sync_after = ?2",
    )
    .bind(guild)
    .bind(after)
    .bind(limit)
}

/// What came of one member, while a sync is running.
pub fn count(guild: Id<GuildMarker>, given: u32, taken: u32, failed: u32) -> Statement {
    Statement::new(
        "UPDATE levels_guilds SET sync_looked = sync_looked + 1, sync_given = sync_given + ?2, sync_taken = sync_taken + ?3,
           sync_failed = sync_failed + ?4
         WHERE guild_id = ?1 AND sync_at IS NOT NULL AND sync_done_at IS NULL",
    )
    .bind(guild)
    .bind(given)
    .bind(taken)
    .bind(failed)
}

/// A member whose settled level (`settled`, unless it rose meanwhile) the curve no longer gives reaches it anew: then it is said
/// again.
pub fn lower_level(guild: Id<GuildMarker>, user: Id<UserMarker>, settled: u32, level: u32) -> Statement {
    Statement::new(
        "UPDATE levels_members SET level = ?4, epoch = epoch + 1
         WHERE guild_id = ?1 AND user_id = ?2 AND level = ?3 AND level > ?4",
    )
    .bind(guild)
    .bind(user)
    .bind(settled)
    .bind(level)
}

pub fn finish(guild: Id<GuildMarker>, now: i64) -> Statement {
    Statement::new(
        "UPDATE levels_guilds SET sync_done_at = ?2
         WHERE guild_id = ?1 AND sync_at IS NOT NULL AND sync_after IS NULL AND sync_done_at IS NULL",
    )
    .bind(guild)
    .bind(now)
}

/// Guilds with a sync that is not done.
pub fn list_running(before: i64, limit: u32) -> Statement {
    Statement::new(
        "SELECT guild_id, sync_at AS due_at FROM levels_guilds
         WHERE sync_at IS NOT NULL AND sync_done_at IS NULL AND sync_at <= ?1 ORDER BY sync_at LIMIT ?2",
    )
    .bind(before)
    .bind(limit)
}
