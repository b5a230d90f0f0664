//! Purpose: the SQL of api_keys.

use crate::sql::Statement;
use serde::Deserialize;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    pub id: String,
    pub guild_id: Id<GuildMarker>,
    pub name: String,
    pub key_hash: String,
    /// `levels:view giveaways:manage`.
    pub scopes: String,
    pub created_by: Id<UserMarker>,
    pub created_at: i64,
    pub last_used_at: Option<i64>,
}

/// A key that was not revoked.
pub fn get(id: &str) -> Statement {
    Statement::new(
        "SELECT id, guild_id, name, key_hash, scopes, created_by, created_at, last_used_at FROM api_keys
         WHERE id = ?1 AND revoked_at IS NULL",
    )
    .bind(id)
}

/// The keys of a guild that were not revoked, the oldest first.
pub fn list(guild: Id<GuildMarker>) -> Statement {
    Statement::new(
        "SELECT id, guild_id, name, key_hash, scopes, created_by, created_at, last_used_at FROM api_keys
         WHERE guild_id = ?1 AND revoked_at IS NULL ORDER BY created_at LIMIT 100",
    )
    .bind(guild)
}

/// Adds a key while the guild has less than `most`.
pub fn insert(row: &Row, most: u32) -> Statement {
    Statement::new(
        "INSERT OR IGNORE INTO api_keys (id, guild_id, name, key_hash, scopes, created_by, created_at)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7
         WHERE (SELECT COUNT(*) FROM api_keys WHERE guild_id = ?2 AND revoked_at IS NULL) < ?8",
    )
    .bind(&row.id)
    .bind(row.guild_id)
    .bind(&row.name)
    .bind(&row.key_hash)
    .bind(&row.scopes)
    .bind(row.created_by)
    .bind(row.created_at)
    .bind(most)
}

pub fn revoke(guild: Id<GuildMarker>, id: &str, now: i64) -> Statement {
    Statement::new("UPDATE api_keys SET revoked_at = ?3 WHERE guild_id = ?1 AND id = ?2 AND revoked_at IS NULL")
        .bind(guild)
        .bind(id)
        .bind(now)
}

pub fn touch(id: &str, now: i64) -> Statement {
    Statement::new("UPDATE api_keys SET last_used_at = ?2 WHERE id = ?1").bind(id).bind(now)
}
