//! Purpose: the page of access: who has it by Discord's permissions, which roles were granted what, and the form for that.

use super::{parse_role, say, say_may, set};
use crate::{
    access::{
        Area, GuildAccess, May,
        store::{Grant, list_grants},
    },
    ctx::Ctx,
    error::{FieldError, Result},
    web::{
        Form, Request, Response, Shell,
        choices::{self, Choice, error_of, field_errors},
        render,
    },
};
use askama::Template;
use std::collections::BTreeMap;
use twilight_model::{
    guild::Permissions,
    id::{Id, marker::RoleMarker},
};

struct RoleLine {
    id: String,
    name: String,
    rights: String,
    is_gone: bool,
}

/// A part of the dashboard in the form, with what is chosen.
struct AreaRow {
    area: &'static str,
    title: &'static str,
    /// Value, name, and whether it is chosen.
    options: [(&'static str, &'static str, bool); 3],
}

#[derive(Template)]
#[template(path = "features/grants/access.html")]
struct AccessPage {
    shell: Shell,
    /// Roles that have all of it by Discord's permissions, and those that have all but this page.
    admins: String,
    managers: String,
    lines: Vec<RoleLine>,
    roles: Vec<Choice>,
    areas: Vec<AreaRow>,
    /// Name of the role whose grants are being changed; empty for a new one.
    editing: String,
    errors: Vec<FieldError>,
}

impl AccessPage {
    fn error(&self, field: &str) -> &str {
        error_of(&self.errors, field)
    }
}

pub async fn on_request(ctx: &Ctx, request: &Request, access: &GuildAccess, rest: &[&str]) -> Result<Option<Response>> {
    match (request.method.as_str(), rest) {
        ("GET", ["access"]) => {
            access.require(ctx, Area::Access, May::View)?;
            let notice = match request.param("done") {
                Some("saved") => "Saved. It holds from now on.",
                Some("removed") => "Removed. Whoever had access by this role alone has none any more.",
                _ => "",
            };
            let role = request.param("role").and_then(crate::access::parse_id);
            show(ctx, request, access, Shown { notice, role, ..Shown::default() }).await.map(Some)
        }
        ("POST", ["access"]) => save(ctx, request, access).await.map(Some),
        ("POST", ["access", role, "remove"]) => {
            access.require(ctx, Area::Access, May::Manage)?;
            let role = crate::access::parse_id(role).ok_or(crate::Error::NotFound)?;
            set(ctx, access, &access.author(request.form().once()), role, &[]).await?;
            Ok(Some(Response::see(format!("/g/{}/access?done=removed", access.guild))))
        }
        _ => Ok(None),
    }
}

#[derive(Default)]
struct Shown {
    notice: &'static str,
    role: Option<Id<RoleMarker>>,
    /// What was chosen in a form that did not fit.
    typed: Option<Vec<(Area, May)>>,
    errors: Vec<FieldError>,
}

/// The rights that a form asks for.
fn rights(form: &Form) -> Vec<(Area, May)> {
    Area::ALL.into_iter().filter_map(|area| May::parse(form.get(area.name())).map(|may| (area, may))).collect()
}

async fn save(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    access.require(ctx, Area::Access, May::Manage)?;
    let form = request.form();
    let rights = rights(&form);
    let result = match parse_role(form.get("role")) {
        Ok(_) if rights.is_empty() => {
            let why = "Choose at least one part. To take all access away, use Remove in the list.";
            Err(crate::Error::Invalid(vec![FieldError::new("rights", why)]))
        }
        Ok(role) => set(ctx, access, &access.author(form.once()), role, &rights).await,
        Err(error) => Err(error),
    };
    match result {
        Ok(()) => Ok(Response::see(format!("/g/{}/access?done=saved", access.guild))),
        Err(error) => {
            let errors = field_errors(error)?;
            let role = crate::access::parse_id(form.get("role"));
            show(ctx, request, access, Shown { notice: "", role, typed: Some(rights), errors }).await
        }
    }
}

/// The names of roles with `held` and without `but`.
fn named(access: &GuildAccess, held: Permissions, but: Permissions) -> String {
    let roles = access.facts.roles.iter();
    let roles = roles.filter(|role| role.permissions.contains(held) && !role.permissions.intersects(but));
    roles.map(|role| format!("@{}", role.name.trim_start_matches('@'))).collect::<Vec<_>>().join(", ")
}

async fn show(ctx: &Ctx, request: &Request, access: &GuildAccess, shown: Shown) -> Result<Response> {
    let grants: Vec<Grant> = ctx.query(list_grants(access.guild)).await?.all()?;
    let mut by_role: BTreeMap<Id<RoleMarker>, Vec<(Area, May)>> = BTreeMap::new();
    for grant in grants {
        by_role.entry(grant.role_id).or_default().push((grant.area, grant.may));
    }
    let role = |id: Id<RoleMarker>| access.facts.roles.iter().find(|role| role.id == id);
    let mut lines: Vec<RoleLine> = by_role
        .iter()
        .map(|(id, held)| RoleLine {
            id: id.to_string(),
            name: role(*id).map_or_else(|| format!("deleted role {id}"), |role| role.name.clone()),
            rights: say(held),
            is_gone: role(*id).is_none(),
        })
        .collect();
    lines.sort_by_key(|line| line.name.to_lowercase());
    let chosen = shown.typed.or_else(|| shown.role.and_then(|id| by_role.get(&id).cloned())).unwrap_or_default();
    let area = |area: Area| {
        let held = chosen.iter().find(|(one, _)| *one == area).map(|(_, may)| *may);
        let option = |may: May| (may.name(), say_may(may), held == Some(may));
        AreaRow {
            area: area.name(),
            title: area.title(),
            options: [("", "nothing", held.is_none()), option(May::View), option(May::Manage)],
        }
    };
    let admin = Permissions::ADMINISTRATOR;
    let status = if shown.errors.is_empty() { 200 } else { 422 };
    let editing = shown.role.filter(|id| by_role.contains_key(id)).and_then(role);
    let page = AccessPage {
        shell: Shell::of_guild(ctx, request, access, "Access", "access").notice(shown.notice),
        admins: named(access, admin, Permissions::empty()),
        managers: named(access, Permissions::MANAGE_GUILD, admin),
        lines,
        roles: choices::roles(ctx, access, shown.role.as_slice(), false).await?,
        areas: Area::ALL.into_iter().filter(|one| *one != Area::Access).map(area).collect(),
        editing: editing.map(|role| role.name.clone()).unwrap_or_default(),
        errors: shown.errors,
    };
    render(status, &page)
}
