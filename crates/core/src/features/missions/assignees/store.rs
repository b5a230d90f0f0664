//! Purpose: the SQL of mission_assignees: the members that a mission was given to by name.

use crate::{features::missions::store::Mission, sql::Statement};
use serde::Deserialize;
use twilight_model::id::{Id, marker::UserMarker};

#[derive(Debug, Deserialize)]
pub struct Assignee {
    pub user_id: Id<UserMarker>,
}

/// One row if this member was chosen.
pub fn get(mission: &Mission, user: Id<UserMarker>) -> Statement {
    Statement::new("SELECT user_id FROM mission_assignees WHERE guild_id = ?1 AND mission_id = ?2 AND user_id = ?3")
        .bind(mission.guild_id)
        .bind(&mission.id)
        .bind(user)
}

/// Everybody who was chosen; there are at most `actions::CHOSEN_MAX`.
pub fn list(mission: &Mission) -> Statement {
    Statement::new("SELECT user_id FROM mission_assignees WHERE guild_id = ?1 AND mission_id = ?2 ORDER BY user_id")
        .bind(mission.guild_id)
        .bind(&mission.id)
}

/// Nobody is chosen any more, if the mission stands at `version`.
pub fn clear(mission: &Mission, version: u32) -> Statement {
    Statement::new(
        "DELETE FROM mission_assignees WHERE guild_id = ?1 AND mission_id = ?2
           AND EXISTS (SELECT 1 FROM missions WHERE id = ?2 AND guild_id = ?1 AND version = ?3)",
    )
    .bind(mission.guild_id)
    .bind(&mission.id)
    .bind(version)
}

/// These are chosen, each once, if the mission stands at `version`.
pub fn insert(mission: &Mission, members: &[Id<UserMarker>], version: u32) -> Statement {
    let ids: Vec<String> = members.iter().map(ToString::to_string).collect();
    Statement::new(
        "INSERT INTO mission_assignees (guild_id, mission_id, user_id) SELECT ?1, ?2, value FROM json_each(?3)
         WHERE EXISTS (SELECT 1 FROM missions WHERE id = ?2 AND guild_id = ?1 AND version = ?4) ON CONFLICT DO NOTHING",
    )
    .bind(mission.guild_id)
    .bind(&mission.id)
    .bind(serde_json::Value::from(ids).to_string())
    .bind(version)
}

/// What others confirmed and is surely not there yet is called off, if the mission stands at `version`.
pub fn cancel_others(mission: &Mission, version: u32, reason: &str, now: i64) -> Statement {
    Statement::new(
        "UPDATE mission_posts SET state = 'cancelled', reason = ?4, due_at = NULL, step_at = ?5, version = version + 1
         WHERE mission_id = ?2 AND state IN ('scheduled', 'queued', 'container')
           AND EXISTS (SELECT 1 FROM missions WHERE id = ?2 AND guild_id = ?1 AND version = ?3)
           AND NOT EXISTS (SELECT 1 FROM mission_assignees AS chosen
             WHERE chosen.guild_id = ?1 AND chosen.mission_id = ?2 AND chosen.user_id = mission_posts.user_id)",
    )
    .bind(mission.guild_id)
    .bind(&mission.id)
    .bind(version)
    .bind(reason)
    .bind(now)
}
