//! Purpose: the SQL that replaces a role's grants as a whole.

use crate::sql::Statement;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, RoleMarker},
};

/// All of a role's, unless `cause` was already carried out.
pub fn delete_grants(guild: Id<GuildMarker>, role: Id<RoleMarker>, cause: &str) -> Statement {
    Statement::new(
        "DELETE FROM dashboard_grants WHERE guild_id = ?1 AND role_id = ?2
           AND NOT EXISTS (SELECT 1 FROM audit_log WHERE cause = ?3 AND action = 'access')",
    )
    .bind(guild)
    .bind(role)
    .bind(cause)
}

/// Adds grants to a role that has none; `rows` is a JSON list of area and right. Nothing where `cause` was already carried out.
pub fn insert_grants(guild: Id<GuildMarker>, role: Id<RoleMarker>, rows: &str, cause: &str) -> Statement {
    Statement::new(
        "INSERT INTO dashboard_grants (guild_id, role_id, area, may)
         SELECT ?1, ?2, json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?3)
         WHERE NOT EXISTS (SELECT 1 FROM audit_log WHERE cause = ?4 AND action = 'access')",
    )
    .bind(guild)
    .bind(role)
    .bind(rows)
    .bind(cause)
}
