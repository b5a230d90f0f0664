//! Purpose: the SQL of imports: a preview, what of it is written, and the writing itself, once per entry.

use crate::sql::Statement;
use serde::{Deserialize, Serialize};
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

/// What happens to experience that somebody has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    Add,
    Higher,
    Replace,
}

impl Mode {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Higher => "higher",
            Self::Replace => "replace",
        }
    }
}

/// An import without its entries.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    pub id: String,
    pub mode: Mode,
    pub digest: String,
    pub total: u64,
    pub expires_at: i64,
    pub started_at: Option<i64>,
    /// So many entries are written.
    pub position: u64,
    /// So many of them changed somebody's total.
    pub changed: u64,
}

impl Row {
    pub fn is_done(&self) -> bool {
        self.position >= self.total
    }
}

/// `entries` is a JSON list of [user, xp, messages].
pub fn insert(row: &Row, guild: Id<GuildMarker>, actor: Id<UserMarker>, now: i64, entries: &str) -> Statement {
    Statement::new(
        "INSERT INTO levels_imports (id, guild_id, actor_id, created_at, state, entries, mode, digest, total, expires_at)
         VALUES (?1, ?2, ?3, ?4, 'preview', ?5, ?6, ?7, ?8, ?9)",
    )
    .bind(&row.id)
    .bind(guild)
    .bind(actor)
    .bind(now)
    .bind(entries)
    .bind(row.mode.as_str())
    .bind(&row.digest)
    .bind(i64::try_from(row.total).unwrap_or(i64::MAX))
    .bind(row.expires_at)
}

/// Forgets previews of a guild that nobody confirmed in time.
pub fn delete_expired(guild: Id<GuildMarker>, now: i64) -> Statement {
    Statement::new("DELETE FROM levels_imports WHERE guild_id = ?1 AND started_at IS NULL AND expires_at < ?2")
        .bind(guild)
        .bind(now)
}

pub fn get(guild: Id<GuildMarker>, id: &str) -> Statement {
    Statement::new(
        "SELECT id, mode, digest, total, expires_at, started_at, position, changed FROM levels_imports
         WHERE guild_id = ?1 AND id = ?2",
    )
    .bind(guild)
    .bind(id)
}

/// Confirms a preview, once and in time.
pub fn start(guild: Id<GuildMarker>, id: &str, digest: &str, now: i64) -> Statement {
    Statement::new(
        "UPDATE levels_imports SET started_at = ?4
         WHERE guild_id = ?1 AND id = ?2 AND digest = ?3 AND started_at IS NULL AND expires_at >= ?4",
    )
    .bind(guild)
    .bind(id)
    .bind(digest)
    .bind(now)
}

#[derive(Debug, Deserialize)]
pub struct SliceRow {
    /// JSON list of [user, xp, messages].
    pub entries: String,
}

/// The entries from `from` on, at most `limit`.
pub fn slice(guild: Id<GuildMarker>, id: &str, from: u64, limit: u32) -> Statement {
    Statement::new(
        "SELECT json_group_array(json(entry.value)) AS entries
         FROM levels_imports AS import, json_each(import.entries) AS entry
         WHERE import.guild_id = ?1 AND import.id = ?2 AND entry.key >= ?3 AND entry.key < ?3 + ?4",
    )
    .bind(guild)
    .bind(id)
    .bind(i64::try_from(from).unwrap_or(i64::MAX))
    .bind(limit)
}

/// Writes entries while the import stands at `position`. `rows` is a JSON list of [user, xp, messages, level]; `due` when roles
/// follow.
pub fn write(guild: Id<GuildMarker>, row: &Row, rows: &str, due: Option<i64>, changed: i64) -> Statement {
    Statement::new(
        "INSERT INTO levels_members (guild_id, user_id, text_xp, messages, level, rewards_due, changed)
         SELECT ?1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, ?4, ?5 FROM json_each(?2)
         WHERE EXISTS (SELECT 1 FROM levels_imports WHERE guild_id = ?1 AND id = ?6 AND position = ?7
           AND started_at IS NOT NULL AND state = 'preview')
         ON CONFLICT (guild_id, user_id) DO UPDATE SET
           text_xp = CASE ?3 WHEN 'add' THEN text_xp + excluded.text_xp
             WHEN 'higher' THEN max(text_xp, excluded.text_xp - voice_xp - bonus_xp)
             ELSE excluded.text_xp END,
           voice_xp = CASE ?3 WHEN 'replace' THEN 0 ELSE voice_xp END,
           bonus_xp = CASE ?3 WHEN 'replace' THEN 0 ELSE bonus_xp END,
           messages = CASE ?3 WHEN 'add' THEN messages + excluded.messages
             WHEN 'higher' THEN max(messages, excluded.messages) ELSE excluded.messages END,
           epoch = epoch + (?3 = 'replace' AND excluded.level < level),
           level = CASE ?3 WHEN 'replace' THEN excluded.level ELSE max(level, excluded.level) END,
           rewards_due = COALESCE(excluded.rewards_due, rewards_due), changed = excluded.changed",
    )
    .bind(guild)
    .bind(rows)
    .bind(row.mode.as_str())
    .bind(due)
    .bind(changed)
    .bind(&row.id)
    .bind(i64::try_from(row.position).unwrap_or(i64::MAX))
}

/// The import stands `by` entries further; what it wrote is forgotten with the last of them.
pub fn advance(guild: Id<GuildMarker>, row: &Row, by: u64, changed: u64) -> Statement {
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    Statement::new(
        "UPDATE levels_imports SET position = position + ?4, changed = changed + ?5,
           state = CASE WHEN position + ?4 >= total THEN 'done' ELSE state END,
           entries = CASE WHEN position + ?4 >= total THEN '[]' ELSE entries END
         WHERE guild_id = ?1 AND id = ?2 AND position = ?3 AND started_at IS NOT NULL AND state = 'preview'",
    )
    .bind(guild)
    .bind(&row.id)
    .bind(number(row.position))
    .bind(number(by))
    .bind(number(changed))
}

#[derive(Debug, Deserialize)]
pub struct RunningRow {
    pub guild_id: Id<GuildMarker>,
    pub id: String,
    pub due_at: i64,
}

/// Imports that are not written to the end.
pub fn list_running(before: i64, limit: u32) -> Statement {
    Statement::new(
        "SELECT guild_id, id, started_at AS due_at FROM levels_imports
         WHERE started_at IS NOT NULL AND state = 'preview' AND started_at <= ?1 ORDER BY started_at LIMIT ?2",
    )
    .bind(before)
    .bind(limit)
}
