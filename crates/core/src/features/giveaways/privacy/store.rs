//! Purpose: the SQL of what giveaways keep about one member.

use crate::sql::Statement;
use serde::Deserialize;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

#[derive(Debug, Deserialize)]
pub struct EntryOf {
    pub id: String,
    pub prize: String,
    pub weight: u32,
    pub entered_at: i64,
    pub left_at: Option<i64>,
}

pub fn list_entries_of(guild: Id<GuildMarker>, user: Id<UserMarker>, limit: u32) -> Statement {
    Statement::new(
        "SELECT g.id, g.prize, e.weight, e.entered_at, e.left_at
         FROM giveaways g CROSS JOIN giveaway_entries e ON e.giveaway_id = g.id AND e.user_id = ?2
         WHERE g.guild_id = ?1 ORDER BY g.created_at DESC LIMIT ?3",
    )
    .bind(guild)
    .bind(user)
    .bind(limit)
}

#[derive(Debug, Deserialize)]
pub struct PickOf {
    pub id: String,
    pub prize: String,
    pub outcome: String,
    pub reason: Option<String>,
    pub at: i64,
}

pub fn list_picks_of(guild: Id<GuildMarker>, user: Id<UserMarker>, limit: u32) -> Statement {
    Statement::new(
        "SELECT g.id, g.prize, p.outcome, p.reason, p.at
         FROM giveaways g CROSS JOIN giveaway_picks p ON p.giveaway_id = g.id AND p.user_id = ?2
         WHERE g.guild_id = ?1 ORDER BY g.created_at DESC LIMIT ?3",
    )
    .bind(guild)
    .bind(user)
    .bind(limit)
}

#[derive(Debug, Deserialize)]
pub struct HostedBy {
    pub id: String,
    pub prize: String,
    pub created_at: i64,
}

pub fn list_hosted_by(guild: Id<GuildMarker>, user: Id<UserMarker>, limit: u32) -> Statement {
    Statement::new(
        "SELECT id, prize, created_at FROM giveaways WHERE guild_id = ?1 AND host_id = ?2
         ORDER BY created_at DESC LIMIT ?3",
    )
    .bind(guild)
    .bind(user)
    .bind(limit)
}

#[derive(Debug, Deserialize)]
pub struct Exclusion {
    pub added_at: i64,
}

pub fn get_exclusion(guild: Id<GuildMarker>, user: Id<UserMarker>) -> Statement {
    Statement::new("SELECT added_at FROM giveaway_blacklist WHERE guild_id = ?1 AND user_id = ?2")
        .bind(guild)
        .bind(user)
}

/// The giveaways of guild ?1 in which nothing depends on the entry of ?2: it was left before ?3, or the giveaway was called off.
macro_rules! spare {
    () => {
        "SELECT g.id FROM giveaways g CROSS JOIN giveaway_entries e ON e.giveaway_id = g.id AND e.user_id = ?2
         WHERE g.guild_id = ?1 AND (g.state = 'cancelled' OR e.left_at < ?3)"
    };
}

/// Takes their name off the log lines about entries that go. Lines stay: their number and times belong to the giveaway.
pub fn hide_in_log(guild: Id<GuildMarker>, user: Id<UserMarker>, before: i64) -> Statement {
    Statement::new(concat!(
        "UPDATE giveaway_log SET actor_id = NULL
         WHERE actor_id = ?2 AND version IS NULL AND action IN ('entered', 'left') AND giveaway_id IN (",
        spare!(),
        ")"
    ))
    .bind(guild)
    .bind(user)
    .bind(before)
}

/// One entrant less where an entry goes that was never left.
pub fn uncount_cancelled(guild: Id<GuildMarker>, user: Id<UserMarker>) -> Statement {
    Statement::new(
        "UPDATE giveaways SET entrant_count = entrant_count - 1
         WHERE guild_id = ?1 AND state = 'cancelled' AND EXISTS (
           SELECT 1 FROM giveaway_entries e WHERE e.giveaway_id = giveaways.id AND e.user_id = ?2 AND e.left_at IS NULL)",
    )
    .bind(guild)
    .bind(user)
}

pub fn delete_spare_entries(guild: Id<GuildMarker>, user: Id<UserMarker>, before: i64) -> Statement {
    Statement::new(concat!("DELETE FROM giveaway_entries WHERE user_id = ?2 AND giveaway_id IN (", spare!(), ")"))
        .bind(guild)
        .bind(user)
        .bind(before)
}

/// What stays.
#[derive(Debug, Default, Deserialize)]
pub struct Left {
    pub running: u32,
    pub drawn: u32,
    pub hosted: u32,
    pub excluded: u32,
}

pub fn count_left(guild: Id<GuildMarker>, user: Id<UserMarker>) -> Statement {
    Statement::new(
        "SELECT
           COALESCE(SUM(e.user_id IS NOT NULL AND e.left_at IS NULL AND g.entrants_hash IS NULL), 0) AS running,
           COALESCE(SUM(e.user_id IS NOT NULL AND e.left_at IS NULL AND g.entrants_hash IS NOT NULL), 0) AS drawn,
           COALESCE(SUM(g.host_id = ?2), 0) AS hosted,
           (SELECT COUNT(*) FROM giveaway_blacklist WHERE guild_id = ?1 AND user_id = ?2) AS excluded
         FROM giveaways g LEFT JOIN giveaway_entries e ON e.giveaway_id = g.id AND e.user_id = ?2 WHERE g.guild_id = ?1",
    )
    .bind(guild)
    .bind(user)
}
