//! Purpose: the SQL of mission_syncs.

use crate::sql::Statement;
use serde::Deserialize;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

/// A look at everybody's roles.
#[derive(Debug, Clone, Deserialize)]
pub struct Sync {
    pub guild_id: Id<GuildMarker>,
    pub after_id: String,
    pub started_at: i64,
    /// Members with points when it began.
    pub members: u64,
    pub looked: u64,
    pub given: u64,
    pub taken: u64,
    pub gone: u64,
    pub refused: u64,
    /// `None` once it is through.
    pub due_at: Option<i64>,
}

pub fn get(guild: Id<GuildMarker>) -> Statement {
    Statement::new("SELECT * FROM mission_syncs WHERE guild_id = ?1").bind(guild)
}

/// Begins, or begins anew.
pub fn start(guild: Id<GuildMarker>, now: i64) -> Statement {
    Statement::new(
        "INSERT INTO mission_syncs (guild_id, started_at, members, due_at)
         SELECT ?1, ?2, COUNT(*), ?2 FROM points_roles WHERE guild_id = ?1
         ON CONFLICT (guild_id) DO UPDATE SET after_id = '', started_at = excluded.started_at, members = excluded.members, looked = 0,
           given = 0, taken = 0, gone = 0, refused = 0, due_at = excluded.due_at",
    )
    .bind(guild)
    .bind(now)
}

/// Writes how far it is, unless somebody else was quicker, or began anew.
pub fn set(next: &Sync, before: &Sync) -> Statement {
    let int = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    Statement::new(
        "UPDATE mission_syncs SET after_id = ?4, looked = ?5, given = ?6, taken = ?7, gone = ?8, refused = ?9, due_at = ?10
         WHERE guild_id = ?1 AND started_at = ?2 AND after_id = ?3",
    )
    .bind(before.guild_id)
    .bind(before.started_at)
    .bind(&before.after_id)
    .bind(&next.after_id)
    .bind(int(next.looked))
    .bind(int(next.given))
    .bind(int(next.taken))
    .bind(int(next.gone))
    .bind(int(next.refused))
    .bind(next.due_at)
}

/// A member whose roles are looked at.
#[derive(Debug, Deserialize)]
pub struct Member {
    pub user_id: Id<UserMarker>,
    /// What Muster gave last; empty for none.
    pub role_id: String,
    pub due_at: Option<i64>,
    pub points: i64,
}

/// The next members of a look at everybody.
pub fn list_members(sync: &Sync, limit: u32) -> Statement {
    Statement::new(
        "SELECT role.user_id, role.role_id, role.due_at,
           COALESCE((SELECT points FROM points_totals WHERE guild_id = ?1 AND month = 'all' AND user_id = role.user_id), 0) AS points
         FROM points_roles AS role WHERE role.guild_id = ?1 AND role.user_id > ?2 ORDER BY role.user_id LIMIT ?3",
    )
    .bind(sync.guild_id)
    .bind(&sync.after_id)
    .bind(limit)
}
