//! Purpose: the SQL of watching a guild's giveaways.

use crate::{
    sql::Statement,
    watch::{LOG_LIMIT, LogFilter},
};
use serde::Deserialize;
use twilight_model::id::{Id, marker::GuildMarker};

#[derive(Debug, Default, Deserialize)]
pub struct Open {
    pub running: u64,
    pub claiming: u64,
    pub paused: u64,
    pub entries: u64,
}

pub fn count_open(guild: Id<GuildMarker>) -> Statement {
    Statement::new(
        "SELECT COUNT(*) AS running, COALESCE(SUM(state = 'claiming'), 0) AS claiming,
           COALESCE(SUM(state = 'paused'), 0) AS paused, COALESCE(SUM(entrant_count), 0) AS entries
         FROM giveaways INDEXED BY giveaways_open
         WHERE guild_id = ?1 AND state NOT IN ('finished', 'cancelled')",
    )
    .bind(guild)
}

#[derive(Debug, Deserialize)]
pub struct DueRow {
    pub id: String,
    pub prize: String,
    pub state: String,
    pub due_at: i64,
}

pub fn list_due(guild: Id<GuildMarker>, before: i64, limit: u32) -> Statement {
    Statement::new(
        "SELECT id, prize, state, due_at FROM giveaways INDEXED BY giveaways_open
         WHERE guild_id = ?1 AND state NOT IN ('finished', 'cancelled') AND due_at <= ?2
         ORDER BY due_at LIMIT ?3",
    )
    .bind(guild)
    .bind(before)
    .bind(limit)
}

/// The steps of all giveaways of a guild, newest first, out of a window that their index gives in order. Entries are not in
/// it: each giveaway's own log has them.
pub fn list_log_page(guild: Id<GuildMarker>, filter: &LogFilter) -> [Statement; 2] {
    let before = filter.before.unwrap_or(i64::MAX >> 11);
    let lines = Statement::new(
        "SELECT l.id, l.at, l.actor_id, 'giveaways' AS source, l.action, COALESCE(g.prize, l.giveaway_id) AS target,
           NULL AS before, NULLIF(l.detail, '') AS after
         FROM (SELECT id, at, actor_id, action, detail, giveaway_id FROM giveaway_log INDEXED BY giveaway_log_steps
               WHERE guild_id = ?1 AND id < ?2 AND action NOT IN ('entered', 'left') ORDER BY id DESC LIMIT ?3) l
         LEFT JOIN giveaways g ON g.id = l.giveaway_id
         WHERE (?4 = '' OR l.actor_id = ?4) AND (?5 = '' OR l.action = ?5)
           AND (?6 = '' OR g.prize LIKE ?6 ESCAPE '\\' OR l.detail LIKE ?6 ESCAPE '\\')
         ORDER BY l.id DESC LIMIT ?7",
    )
    .bind(guild)
    .bind(before)
    .bind(filter.window())
    .bind(filter.actor_text())
    .bind(&filter.action)
    .bind(&filter.pattern)
    .bind(LOG_LIMIT);
    let end = Statement::new(
        "SELECT MIN(id) AS last, COUNT(*) AS n FROM (
           SELECT id FROM giveaway_log INDEXED BY giveaway_log_steps
           WHERE guild_id = ?1 AND id < ?2 AND action NOT IN ('entered', 'left') ORDER BY id DESC LIMIT ?3)",
    )
    .bind(guild)
    .bind(before)
    .bind(filter.window());
    [lines, end]
}
