//! Purpose: the SQL of guild_config.

use crate::sql::Statement;
use serde::Deserialize;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

#[derive(Debug, Deserialize)]
pub struct Row {
    /// A JSON object of the settings that differ from their defaults.
    pub settings: String,
}

pub fn get(guild: Id<GuildMarker>) -> Statement {
    Statement::new("SELECT settings FROM guild_config WHERE guild_id = ?1").bind(guild)
}

#[derive(Debug, Deserialize)]
pub struct GuildRow {
    pub guild_id: Id<GuildMarker>,
    pub settings: String,
}

/// Of several guilds; `ids` is a JSON list.
pub fn list(ids: &str) -> Statement {
    Statement::new("SELECT guild_id, settings FROM guild_config WHERE guild_id IN (SELECT value FROM json_each(?1))")
        .bind(ids)
}

/// Sets one key, leaving the others as whoever else is changing them has them. `value` is JSON.
/// Skipped when the audit log shows that `cause` was already carried out.
pub fn set_key(guild: Id<GuildMarker>, path: &str, value: &str, now: i64, cause: &str) -> Statement {
    Statement::new(
        "INSERT INTO guild_config (guild_id, version, settings, updated_at)
         SELECT ?1, 1, json_set('{}', ?2, json(?3)), ?4
         WHERE NOT EXISTS (SELECT 1 FROM audit_log WHERE cause = ?5 AND action = 'config')
         ON CONFLICT (guild_id) DO UPDATE SET
           version = version + 1, settings = json_set(settings, ?2, json(?3)), updated_at = ?4",
    )
    .bind(guild)
    .bind(path)
    .bind(value)
    .bind(now)
    .bind(cause)
}

/// Replaces one key of the document of that `version` (0 for a guild without one). `value` is JSON. Skipped when somebody changed
/// the document meanwhile.
pub fn replace_key(guild: Id<GuildMarker>, path: &str, value: &str, now: i64, version: i64) -> Statement {
    Statement::new(
        "INSERT INTO guild_config (guild_id, version, settings, updated_at)
         SELECT ?1, ?5 + 1, json_set('{}', ?2, json(?3)), ?4
         WHERE COALESCE((SELECT version FROM guild_config WHERE guild_id = ?1), 0) = ?5
         ON CONFLICT (guild_id) DO UPDATE SET
           version = version + 1, settings = json_set(settings, ?2, json(?3)), updated_at = ?4",
    )
    .bind(guild)
    .bind(path)
    .bind(value)
    .bind(now)
    .bind(version)
}

#[derive(Debug, Deserialize)]
pub struct VersionedRow {
    pub version: i64,
    pub settings: String,
}

pub fn get_versioned(guild: Id<GuildMarker>) -> Statement {
    Statement::new("SELECT version, settings FROM guild_config WHERE guild_id = ?1").bind(guild)
}

/// Back to the default, unless `cause` was already carried out.
pub fn remove_key(guild: Id<GuildMarker>, path: &str, now: i64, cause: &str) -> Statement {
    Statement::new(
        "UPDATE guild_config SET version = version + 1, settings = json_remove(settings, ?2), updated_at = ?3
         WHERE guild_id = ?1 AND NOT EXISTS (SELECT 1 FROM audit_log WHERE cause = ?4 AND action = 'config')",
    )
    .bind(guild)
    .bind(path)
    .bind(now)
    .bind(cause)
}

/// Replaces the whole document of that `version` (0 for a guild without one). Skipped when somebody changed it meanwhile.
pub fn replace_document(guild: Id<GuildMarker>, settings: &str, now: i64, version: i64) -> Statement {
    Statement::new(
        "INSERT INTO guild_config (guild_id, version, settings, updated_at)
         SELECT ?1, ?4 + 1, ?2, ?3
         WHERE COALESCE((SELECT version FROM guild_config WHERE guild_id = ?1), 0) = ?4
         ON CONFLICT (guild_id) DO UPDATE SET version = version + 1, settings = ?2, updated_at = ?3",
    )
    .bind(guild)
    .bind(settings)
    .bind(now)
    .bind(version)
}

/// Notes at the newest version which event made it. For the same batch as the change and its line in the audit log; nothing where
/// that line is missing or the event made an earlier version.
pub fn note_cause(guild: Id<GuildMarker>, cause: &str) -> Statement {
    Statement::new(
        "UPDATE guild_config_versions SET cause = ?2
         WHERE guild_id = ?1 AND version = (SELECT version FROM guild_config WHERE guild_id = ?1) AND cause IS NULL
           AND EXISTS (SELECT 1 FROM audit_log WHERE cause = ?2 AND action = 'config')
           AND NOT EXISTS (SELECT 1 FROM guild_config_versions WHERE guild_id = ?1 AND cause = ?2)",
    )
    .bind(guild)
    .bind(cause)
}

/// A version, and who made it as far as that is known.
#[derive(Debug, Clone, Deserialize)]
pub struct HistoryRow {
    pub version: i64,
    pub settings: String,
    pub at: i64,
    pub actor_id: Option<Id<UserMarker>>,
    pub source: Option<String>,
    pub target: Option<String>,
}

/// Versions below `before`, newest first.
pub fn list_versions(guild: Id<GuildMarker>, before: i64, limit: u32) -> Statement {
    Statement::new(
        "SELECT v.version, v.settings, v.at, a.actor_id, a.source, a.target FROM guild_config_versions v
         LEFT JOIN audit_log a ON a.cause = v.cause AND a.action = 'config' AND a.guild_id = v.guild_id
         WHERE v.guild_id = ?1 AND v.version < ?2 ORDER BY v.version DESC LIMIT ?3",
    )
    .bind(guild)
    .bind(before)
    .bind(limit)
}

/// One version, while it is kept.
pub fn get_version(guild: Id<GuildMarker>, version: i64) -> Statement {
    Statement::new("SELECT settings FROM guild_config_versions WHERE guild_id = ?1 AND version = ?2")
        .bind(guild)
        .bind(version)
}
