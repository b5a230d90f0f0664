//! Purpose: whom a mission is for: everyone, a role, or chosen members; asked whenever somebody is about to take part.

pub mod store;

use super::store::Mission;
use crate::{ctx::Ctx, error::Result};
use twilight_model::id::{
    Id,
    marker::{RoleMarker, UserMarker},
};

/// The role that a mission is for.
pub fn role_of(mission: &Mission) -> Option<Id<RoleMarker>> {
    mission.assigned.strip_prefix("role:").and_then(crate::access::parse_id)
}

/// Whether a mission is for a member who has these roles now.
pub async fn includes(ctx: &Ctx, mission: &Mission, user: Id<UserMarker>, roles: &[Id<RoleMarker>]) -> Result<bool> {
    if mission.assigned.starts_with("role:") {
        return Ok(role_of(mission).is_some_and(|role| roles.contains(&role)));
    }
    if mission.assigned != "members" {
        return Ok(true);
    }
    Ok(ctx.query(store::get(mission, user)).await?.first::<store::Assignee>()?.is_some())
}

/// The members that were chosen; none for a mission that is for others.
pub async fn chosen(ctx: &Ctx, mission: &Mission) -> Result<Vec<Id<UserMarker>>> {
    if mission.assigned != "members" {
        return Ok(Vec::new());
    }
    let rows: Vec<store::Assignee> = ctx.query(store::list(mission)).await?.all()?;
    Ok(rows.into_iter().map(|row| row.user_id).collect())
}
