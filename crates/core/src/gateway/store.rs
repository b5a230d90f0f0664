//! Purpose: the SQL of gateway_sources, and of the configurations that sidecars follow.

use crate::sql::Statement;
use serde::Deserialize;
use twilight_model::id::{Id, marker::GuildMarker};

#[derive(Debug, Deserialize)]
pub struct TakenRow {
    pub taken: u64,
}

pub fn get_taken(source: &str) -> Statement {
    Statement::new("SELECT taken FROM gateway_sources WHERE source = ?1").bind(source)
}

/// Stands last in the transaction of a batch: whatever a batch writes is guarded by its number not being taken yet.
pub fn take(source: &str, number: i64, now: i64) -> Statement {
    Statement::new(
        "INSERT INTO gateway_sources (source, taken, seen_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (source) DO UPDATE SET taken = ?2, seen_at = ?3 WHERE taken < ?2",
    )
    .bind(source)
    .bind(number)
    .bind(now)
}

/// Notes that a sidecar is there, at most once a minute.
pub fn touch(source: &str, now: i64, before: i64) -> Statement {
    Statement::new(
        "INSERT INTO gateway_sources (source, taken, seen_at) VALUES (?1, 0, ?2)
         ON CONFLICT (source) DO UPDATE SET seen_at = ?2 WHERE seen_at < ?3",
    )
    .bind(source)
    .bind(now)
    .bind(before)
}

#[derive(Debug, Deserialize)]
pub struct SeenRow {
    pub seen_at: Option<i64>,
}

/// When any sidecar was heard last.
pub fn last_seen() -> Statement {
    Statement::new("SELECT MAX(seen_at) AS seen_at FROM gateway_sources")
}

#[derive(Debug, Deserialize)]
pub struct ConfigRow {
    pub guild_id: Id<GuildMarker>,
    pub version: u64,
    pub settings: String,
    pub updated_at: i64,
}

pub fn list_configs(since: i64, limit: u32) -> Statement {
    Statement::new(
        "SELECT guild_id, version, settings, updated_at FROM guild_config WHERE updated_at > ?1
         ORDER BY updated_at LIMIT ?2",
    )
    .bind(since)
    .bind(limit)
}
