//! Purpose: the SQL of audit_log.

use crate::{
    sql::Statement,
    watch::{LOG_LIMIT, LogFilter},
};
use serde::Deserialize;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

#[derive(Debug, Clone)]
pub struct Entry {
    pub guild_id: Id<GuildMarker>,
    /// Unix milliseconds.
    pub at: i64,
    pub actor_id: Id<UserMarker>,
    /// From where: `interaction`, `dashboard` or `api`.
    pub source: &'static str,
    pub action: &'static str,
    pub target: String,
    pub before: Option<String>,
    pub after: Option<String>,
    /// The event that caused it; a second delivery adds nothing.
    pub cause: String,
}

/// Binds an entry's columns as `?1` to `?9`, in the order of the statements below. What follows is a condition's own.
pub fn bind(statement: Statement, entry: &Entry) -> Statement {
    statement
        .bind(entry.guild_id)
        .bind(entry.at)
        .bind(entry.actor_id)
        .bind(entry.source)
        .bind(entry.action)
        .bind(&entry.target)
        .bind(entry.before.clone())
        .bind(entry.after.clone())
        .bind(&entry.cause)
}

pub fn insert(entry: &Entry) -> Statement {
    let statement = Statement::new(
        "INSERT OR IGNORE INTO audit_log (guild_id, at, actor_id, source, action, target, before, after, cause)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    );
    bind(statement, entry)
}

/// The same, only if the guild's configuration is of that version (0 for none).
pub fn insert_if_config(entry: &Entry, version: i64) -> Statement {
    let statement = Statement::new(
        "INSERT OR IGNORE INTO audit_log (guild_id, at, actor_id, source, action, target, before, after, cause)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9
         WHERE COALESCE((SELECT version FROM guild_config WHERE guild_id = ?1), 0) = ?10",
    );
    bind(statement, entry).bind(version)
}

#[derive(Debug, Deserialize)]
pub struct Row {
    pub at: i64,
    pub actor_id: Id<UserMarker>,
    pub source: String,
    pub action: String,
    pub target: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// What this event already did.
pub fn get_by_cause(guild: Id<GuildMarker>, cause: &str, action: &str) -> Statement {
    Statement::new(
        "SELECT at, actor_id, source, action, target, before, after FROM audit_log
         WHERE guild_id = ?1 AND cause = ?2 AND action = ?3",
    )
    .bind(guild)
    .bind(cause)
    .bind(action)
}

/// The newest entries of a guild, newest first.
pub fn list_recent(guild: Id<GuildMarker>, limit: u32) -> Statement {
    Statement::new(
        "SELECT at, actor_id, source, action, target, before, after FROM audit_log
         WHERE guild_id = ?1 ORDER BY id DESC LIMIT ?2",
    )
    .bind(guild)
    .bind(limit)
}

/// What one person did, newest first.
pub fn list_by_actor(guild: Id<GuildMarker>, actor: Id<UserMarker>, limit: u32) -> Statement {
    Statement::new(
        "SELECT at, actor_id, source, action, target, before, after FROM audit_log
         WHERE guild_id = ?1 AND actor_id = ?2 ORDER BY id DESC LIMIT ?3",
    )
    .bind(guild)
    .bind(actor)
    .bind(limit)
}

pub fn delete_denied(before: i64, limit: u32) -> Statement {
    Statement::new(
        "DELETE FROM audit_log WHERE id IN (SELECT id FROM audit_log WHERE action = 'denied' AND at < ?1 LIMIT ?2)",
    )
    .bind(before)
    .bind(limit)
}

/// Lines out of a window of rows that an index gives in their order, so that a search reads no more than the window.
macro_rules! page {
    ($index:literal, $rows:literal) => {
        concat!(
            "SELECT id, at, actor_id, source, action, target, before, after FROM (
               SELECT id, at, actor_id, source, action, target, before, after FROM audit_log INDEXED BY ",
            $index,
            " WHERE guild_id = ?1 AND id < ?2 AND ",
            $rows,
            " ORDER BY id DESC LIMIT ?3)
             WHERE (?4 = '' OR actor_id = ?4) AND (?5 = 'denied') = (action = 'denied') AND (?6 = '' OR action = ?6)
               AND (?7 = '' OR source = ?7)
               AND (?8 = '' OR target LIKE ?8 ESCAPE '\\' OR before LIKE ?8 ESCAPE '\\' OR after LIKE ?8 ESCAPE '\\')
             ORDER BY id DESC LIMIT ?9"
        )
    };
}

macro_rules! end {
    ($index:literal, $rows:literal) => {
        concat!(
            "SELECT MIN(id) AS last, COUNT(*) AS n FROM (SELECT id FROM audit_log INDEXED BY ",
            $index,
            " WHERE guild_id = ?1 AND id < ?2 AND ",
            $rows,
            " ORDER BY id DESC LIMIT ?3)"
        )
    };
}

/// Changes, or refused attempts, that fit a filter, newest first; and where the rows that were looked at end.
pub fn list_page(guild: Id<GuildMarker>, is_denied: bool, filter: &LogFilter) -> [Statement; 2] {
    let (lines, end) = match (filter.actor.is_some(), is_denied) {
        (true, _) => (
            page!("audit_log_actor", "actor_id = ?4"),
            "SELECT MIN(id) AS last, COUNT(*) AS n FROM (SELECT id FROM audit_log INDEXED BY audit_log_actor
             WHERE guild_id = ?1 AND id < ?2 AND actor_id = ?4 ORDER BY id DESC LIMIT ?3)",
        ),
        (false, true) => {
            (page!("audit_log_attempts", "action = 'denied'"), end!("audit_log_attempts", "action = 'denied'"))
        }
        (false, false) => {
            (page!("audit_log_changes", "action <> 'denied'"), end!("audit_log_changes", "action <> 'denied'"))
        }
    };
    let before = filter.before.unwrap_or(i64::MAX >> 11);
    let bounded = |statement: Statement| statement.bind(guild).bind(before).bind(filter.window());
    let mut end = bounded(Statement::new(end));
    if filter.actor.is_some() {
        end = end.bind(filter.actor_text());
    }
    let lines = bounded(Statement::new(lines))
        .bind(filter.actor_text())
        .bind(if is_denied { "denied" } else { "" })
        .bind(&filter.action)
        .bind(&filter.source)
        .bind(&filter.pattern)
        .bind(LOG_LIMIT);
    [lines, end]
}
