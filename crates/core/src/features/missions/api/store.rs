//! Purpose: the SQL of the API's lists: missions, and lines of the ledger.

use crate::{
    features::missions::store::{Mission, with_counts},
    sql::Statement,
};
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

/// Where a page of missions goes on: after this one.
#[derive(Debug, Clone)]
pub struct After {
    pub created_at: i64,
    pub id: String,
}

impl After {
    pub fn of(mission: &Mission) -> Self {
        Self { created_at: mission.created_at, id: mission.id.clone() }
    }
}

/// Missions in a state that come after one, the newest first.
pub fn list_after(guild: Id<GuildMarker>, state: &str, after: &After, limit: u32) -> Statement {
    with_counts!(
        "WHERE guild_id = ?1 AND state = ?2 AND (created_at, id) < (?3, ?4)
         ORDER BY created_at DESC, id DESC LIMIT ?5"
    )
    .bind(guild)
    .bind(state)
    .bind(after.created_at)
    .bind(&after.id)
    .bind(limit)
}

/// A member's entries that come after one (its time and id), the newest first.
pub fn list_entries_after(
    guild: Id<GuildMarker>,
    user: Id<UserMarker>,
    (at, id): (i64, &str),
    limit: u32,
) -> Statement {
    Statement::new(
        "SELECT id, mission_id, post_id, kind, points, rule_version, reason, month, at FROM points
         WHERE guild_id = ?1 AND user_id = ?2 AND (at, id) < (?3, ?4) ORDER BY at DESC, id DESC LIMIT ?5",
    )
    .bind(guild)
    .bind(user)
    .bind(at)
    .bind(id)
    .bind(limit)
}
