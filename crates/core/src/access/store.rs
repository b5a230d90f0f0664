//! Purpose: the SQL of dashboard_grants.

use super::{Area, May};
use crate::sql::Statement;
use serde::Deserialize;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, RoleMarker},
};

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Grant {
    pub role_id: Id<RoleMarker>,
    pub area: Area,
    pub may: May,
}

pub fn list_grants(guild: Id<GuildMarker>) -> Statement {
    Statement::new("SELECT role_id, area, may FROM dashboard_grants WHERE guild_id = ?1 ORDER BY role_id, area")
        .bind(guild)
}

/// Which of these guilds grant anything to any role; `ids` is a JSON list.
pub fn list_granting(ids: &str) -> Statement {
    Statement::new("SELECT DISTINCT guild_id FROM dashboard_grants WHERE guild_id IN (SELECT value FROM json_each(?1))")
        .bind(ids)
}

pub fn upsert_grant(guild: Id<GuildMarker>, grant: &Grant) -> Statement {
    Statement::new(
        "INSERT INTO dashboard_grants (guild_id, role_id, area, may) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (guild_id, role_id, area) DO UPDATE SET may = ?4",
    )
    .bind(guild)
    .bind(grant.role_id)
    .bind(grant.area.name())
    .bind(grant.may.name())
}

pub fn delete_grant(guild: Id<GuildMarker>, role: Id<RoleMarker>, area: Area) -> Statement {
    Statement::new("DELETE FROM dashboard_grants WHERE guild_id = ?1 AND role_id = ?2 AND area = ?3")
        .bind(guild)
        .bind(role)
        .bind(area.name())
}
