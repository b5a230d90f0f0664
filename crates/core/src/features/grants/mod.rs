//! Purpose: who may see and change what on the dashboard: what the owner and administrators grant to roles, part by part.
//!
//! Tables: dashboard_grants, which `access` reads at every request.

mod pages;
mod store;

use crate::{
    access::{
        self, Area, GuildAccess, May,
        store::{Grant, list_grants},
    },
    audit::{self, Author},
    ctx::Ctx,
    error::{Error, FieldError, Result},
    feature::Feature,
    web::{Request, Response, Tab},
};
use std::collections::BTreeSet;
use twilight_model::id::{Id, marker::RoleMarker};

pub const COMMANDS: &[&str] = &[];

/// Roles with grants in one guild: more than anybody keeps in mind.
const ROLES_MAX: usize = 25;

pub struct Grants;

impl Feature for Grants {
    const NAME: &'static str = "grants";

    fn tabs() -> Vec<Tab> {
        vec![Tab { path: "access", title: "Access", area: Area::Access }]
    }

    async fn page(ctx: &Ctx, request: &Request, access: &GuildAccess, rest: &[&str]) -> Result<Option<Response>> {
        pages::on_request(ctx, request, access, rest).await
    }
}

/// `Levels: change, Logs: see`, or nothing.
fn say(grants: &[(Area, May)]) -> String {
    let one = |(area, may): &(Area, May)| format!("{}: {}", area.title(), say_may(*may));
    grants.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn say_may(may: May) -> &'static str {
    match may {
        May::View => "see",
        May::Manage => "change",
    }
}

/// Puts these grants in the place of all that the role has; none takes it off the list. It holds from the next request on. A second
/// delivery of the same event changes nothing.
///
/// # Errors
/// `Invalid` for a role or a right that cannot be granted.
async fn set(
    ctx: &Ctx,
    access: &GuildAccess,
    author: &Author,
    role: Id<RoleMarker>,
    rights: &[(Area, May)],
) -> Result<()> {
    let guild = access.guild;
    let refused = |field: &str, why: &str| Err(Error::Invalid(vec![FieldError::new(field, why)]));
    let grants: Vec<Grant> = ctx.query(list_grants(guild)).await?.all()?;
    let known = access.facts.roles.iter().find(|known| known.id == role && role != guild.cast::<RoleMarker>());
    if !rights.is_empty() {
        if known.is_none() {
            return refused("role", "Choose a role of this server.");
        }
        if rights.iter().any(|(area, _)| *area == Area::Access) {
            return refused("rights", "Only the owner and administrators decide who has access.");
        }
        let others: BTreeSet<_> = grants.iter().map(|grant| grant.role_id).filter(|id| *id != role).collect();
        if others.len() >= ROLES_MAX {
            return refused("role", &format!("{ROLES_MAX} roles have access already. Remove one first."));
        }
    }
    let had: Vec<(Area, May)> =
        grants.iter().filter(|grant| grant.role_id == role).map(|grant| (grant.area, grant.may)).collect();
    let name = known.map_or_else(|| format!("deleted role {role}"), |known| known.name.clone());
    let side = |rights: &[(Area, May)]| (!rights.is_empty()).then(|| say(rights));
    let entry = audit::store::Entry {
        guild_id: guild,
        at: ctx.now(),
        actor_id: author.user,
        source: author.source,
        action: "access",
        target: format!("{name} ({role})"),
        before: side(&had),
        after: side(rights),
        cause: author.cause.clone(),
    };
    let rows: Vec<(&str, &str)> = rights.iter().map(|(area, may)| (area.name(), may.name())).collect();
    let rows = serde_json::to_string(&rows).map_err(Error::internal)?;
    ctx.batch(vec![
        store::delete_grants(guild, role, &author.cause),
        store::insert_grants(guild, role, &rows, &author.cause),
        audit::store::insert(&entry),
    ])
    .await?;
    Ok(())
}

/// A role out of a form.
fn parse_role(text: &str) -> Result<Id<RoleMarker>> {
    access::parse_id(text)
        .ok_or_else(|| Error::Invalid(vec![FieldError::new("role", "Choose the role that gets access.")]))
}
