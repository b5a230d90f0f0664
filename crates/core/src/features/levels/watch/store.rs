//! Purpose: the SQL of watching a guild's levels.

use crate::sql::Statement;
use serde::Deserialize;
use twilight_model::id::{Id, marker::GuildMarker};

#[derive(Debug, Default, Deserialize)]
pub struct Row {
    pub rollover_at: Option<i64>,
    pub reset_after: Option<String>,
    pub sync_at: Option<i64>,
    pub sync_done_at: Option<i64>,
    #[serde(default)]
    pub sync_members: u64,
    #[serde(default)]
    pub sync_looked: u64,
}

pub fn get(guild: Id<GuildMarker>) -> Statement {
    Statement::new(
        "SELECT rollover_at, reset_after, sync_at, sync_done_at, sync_members, sync_looked FROM levels_guilds
         WHERE guild_id = ?1",
    )
    .bind(guild)
}

#[derive(Debug, Default, Deserialize)]
pub struct RewardsDue {
    pub due_at: Option<i64>,
    pub n: u32,
}

/// Members whose roles were due before `before`, counted up to `limit`. All guilds' due rows stand in one small index.
pub fn rewards_due(guild: Id<GuildMarker>, before: i64, limit: u32) -> Statement {
    Statement::new(
        "SELECT MIN(rewards_due) AS due_at, COUNT(*) AS n FROM (
           SELECT rewards_due FROM levels_members INDEXED BY levels_members_rewards
           WHERE rewards_due IS NOT NULL AND rewards_due <= ?2 AND guild_id = ?1 ORDER BY rewards_due LIMIT ?3)",
    )
    .bind(guild)
    .bind(before)
    .bind(limit)
}

#[derive(Debug, Deserialize)]
pub struct ImportRow {
    pub position: u64,
    pub total: u64,
    pub started_at: i64,
}

pub fn list_imports(guild: Id<GuildMarker>) -> Statement {
    Statement::new(
        "SELECT position, total, started_at FROM levels_imports INDEXED BY levels_imports_running
         WHERE started_at IS NOT NULL AND state = 'preview' AND guild_id = ?1 ORDER BY started_at LIMIT 10",
    )
    .bind(guild)
}
