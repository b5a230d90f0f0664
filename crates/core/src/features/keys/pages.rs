//! Purpose: the list of keys, a form for a new one, and the one time that a key is shown.

use crate::{
    access::{Area, GuildAccess, May},
    api_keys::{self, parse_scope, store},
    ctx::Ctx,
    error::{FieldError, Result},
    time,
    web::{Request, Response, Shell, choices::error_of, choices::field_errors, render},
};
use askama::Template;

struct KeyLine {
    id: String,
    name: String,
    scopes: String,
    made: String,
    /// Empty when it was never used.
    used: String,
}

struct ScopeRow {
    area: &'static str,
    title: &'static str,
    view: bool,
    manage: bool,
}

#[derive(Template)]
#[template(path = "features/keys/keys.html")]
struct KeysPage {
    shell: Shell,
    keys: Vec<KeyLine>,
    scopes: Vec<ScopeRow>,
    name: String,
    errors: Vec<FieldError>,
    /// The key that was just made.
    made: String,
    public_url: String,
    guild: String,
}

impl KeysPage {
    fn error(&self, field: &str) -> &str {
        error_of(&self.errors, field)
    }
}

pub async fn on_request(ctx: &Ctx, request: &Request, access: &GuildAccess, rest: &[&str]) -> Result<Option<Response>> {
    match (request.method.as_str(), rest) {
        ("GET", ["keys"]) => {
            access.require(ctx, Area::Access, May::View)?;
            let notice = if request.param("done") == Some("revoked") {
                "The key is revoked: it opens nothing any more."
            } else {
                ""
            };
            show(ctx, request, access, Shown { notice, ..Shown::default() }).await.map(Some)
        }
        ("POST", ["keys"]) => create(ctx, request, access).await.map(Some),
        ("POST", ["keys", id, "revoke"]) => {
            access.require(ctx, Area::Access, May::Manage)?;
            api_keys::revoke(ctx, &access.author(request.form().once()), id).await?;
            Ok(Some(Response::see(format!("/g/{}/keys?done=revoked", access.guild))))
        }
        _ => Ok(None),
    }
}

/// `levels:manage` in words.
fn say_scope(scope: &str) -> String {
    let say = |(area, may): (Area, May)| {
        let verb = if may == May::Manage { "change" } else { "see" };
        format!("{}: {verb}", area.title())
    };
    parse_scope(scope).map_or_else(|| scope.to_owned(), say)
}

/// What a page shows besides the list.
#[derive(Default)]
struct Shown {
    notice: &'static str,
    made: String,
    name: String,
    chosen: Vec<String>,
    errors: Vec<FieldError>,
}

async fn create(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    access.require(ctx, Area::Access, May::Manage)?;
    let form = request.form();
    let chosen: Vec<String> = form.all("scope").map(str::to_owned).collect();
    let scopes: Vec<_> = chosen.iter().filter_map(|scope| parse_scope(scope)).collect();
    let shown = match api_keys::create(ctx, &access.author(form.once()), form.get("name"), &scopes).await {
        Ok(made) => Shown { made, ..Shown::default() },
        Err(error) => {
            Shown { name: form.get("name").to_owned(), chosen, errors: field_errors(error)?, ..Shown::default() }
        }
    };
    show(ctx, request, access, shown).await
}

async fn show(ctx: &Ctx, request: &Request, access: &GuildAccess, shown: Shown) -> Result<Response> {
    let rows: Vec<store::Row> = ctx.query(store::list(access.guild)).await?.all()?;
    let line = |row: store::Row| KeyLine {
        scopes: row.scopes.split(' ').map(say_scope).collect::<Vec<_>>().join(", "),
        made: time::rfc3339(row.created_at),
        used: row.last_used_at.map(time::rfc3339).unwrap_or_default(),
        id: row.id,
        name: row.name,
    };
    let is_chosen =
        |area: Area, may: May| shown.chosen.iter().any(|scope| *scope == format!("{}:{}", area.name(), may.name()));
    let scopes = Area::ALL.into_iter().filter(|area| *area != Area::Access).map(|area| ScopeRow {
        area: area.name(),
        title: area.title(),
        view: is_chosen(area, May::View),
        manage: is_chosen(area, May::Manage),
    });
    let status = if shown.errors.is_empty() { 200 } else { 422 };
    let page = KeysPage {
        shell: Shell::of_guild(ctx, request, access, "API keys", "keys").notice(shown.notice),
        keys: rows.into_iter().map(line).collect(),
        scopes: scopes.collect(),
        name: shown.name,
        errors: shown.errors,
        made: shown.made,
        public_url: ctx.settings.public_url.clone(),
        guild: access.guild.to_string(),
    };
    render(status, &page)
}
