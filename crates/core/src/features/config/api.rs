//! Purpose: the configuration as JSON: read, replaced by whoever saw the version that holds, gone back, and compared with a file.
//!
//! Its `ETag` is its version. Whoever changes it says by `If-Match` which one they looked at, so that nobody overwrites what they
//! have not seen.

use super::{
    document::{self, Imported},
    pages::{history, import::Targets},
    replace,
};
use crate::{
    access::{self, Area, GuildAccess, May},
    ctx::Ctx,
    error::{Error, FieldError, Result},
    guild_config::{
        GuildConfig,
        versions::{self, Versioned},
        words::{self, Change},
    },
    web::{
        Request, Response,
        description::{Changing, Guarded, Snowflake},
        once, problem,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, RoleMarker},
};
use utoipa::{OpenApi, ToSchema};

/// Versions on one page, unless asked for.
const PAGE: usize = 20;

/// The configuration that holds.
#[derive(Serialize, ToSchema)]
struct Configuration<'a> {
    /// 0 for a guild that never changed anything. The `ETag` is the same.
    version: i64,
    settings: &'a GuildConfig,
}

/// One setting that is different, in words.
#[derive(Serialize, ToSchema)]
struct ChangedSetting {
    /// Its place in the document, as `levels.text.min_xp`.
    path: String,
    label: String,
    before: String,
    after: String,
}

impl From<Change> for ChangedSetting {
    fn from(change: Change) -> Self {
        Self { path: change.path, label: change.label, before: change.before, after: change.after }
    }
}

/// A version of the configuration.
#[derive(Serialize, ToSchema)]
struct ConfigVersion {
    version: i64,
    at: String,
    /// Who made it, where that is known.
    #[schema(value_type = Option<Snowflake>)]
    by: Option<String>,
    /// `interaction`, `dashboard` or `api`; empty where that is not known.
    source: String,
    changes: Vec<ChangedSetting>,
}

#[derive(Serialize, ToSchema)]
struct ConfigVersions {
    versions: Vec<ConfigVersion>,
    /// For `cursor`; null at the end.
    next_cursor: Option<String>,
}

/// Which version to go back to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Rollback {
    version: i64,
}

/// A role or channel of this server; null for none.
#[derive(ToSchema)]
#[schema(value_type = Option<Snowflake>)]
struct Target(#[expect(dead_code, reason = "a name for the API's description")] Option<String>);

/// A file, and what its roles and channels become here. Those that are not named become what has the same id, else the same name;
/// null leaves one out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Import {
    /// What the export gave.
    #[schema(value_type = Object)]
    document: Value,
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Target>)]
    roles: BTreeMap<Id<RoleMarker>, Option<Id<RoleMarker>>>,
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Target>)]
    channels: BTreeMap<Id<ChannelMarker>, Option<Id<ChannelMarker>>>,
}

/// What a file would change. Nothing is changed by it: `PUT` the settings to put them in force.
#[derive(Serialize, ToSchema)]
struct ImportPreview<'a> {
    /// The version that it is compared with.
    version: i64,
    settings: &'a GuildConfig,
    changes: Vec<ChangedSetting>,
    /// What keeps these settings from being put in force.
    problems: Vec<ImportProblem>,
    /// Places of settings that this Muster does not know.
    unknown: Vec<String>,
    /// What each role and channel of the file becomes; null for those that are left out.
    #[schema(value_type = BTreeMap<String, Target>)]
    roles: BTreeMap<Id<RoleMarker>, Option<Id<RoleMarker>>>,
    #[schema(value_type = BTreeMap<String, Target>)]
    channels: BTreeMap<Id<ChannelMarker>, Option<Id<ChannelMarker>>>,
}

#[derive(Serialize, ToSchema)]
struct ImportProblem {
    field: String,
    message: String,
}

pub async fn on_request(ctx: &Ctx, request: &Request) -> Result<Option<Response>> {
    let segments = request.segments();
    let ["guilds", guild, "config", rest @ ..] = &segments[..] else { return Ok(None) };
    let may = match (request.method.as_str(), rest) {
        ("GET", [] | ["export"] | ["versions"]) => May::View,
        ("PUT", []) | ("POST", ["rollback"] | ["import"]) => May::Manage,
        _ => return Ok(None),
    };
    let access = access::enter(ctx, request, guild).await?;
    access.require(ctx, Area::Settings, may)?;
    match (request.method.as_str(), rest) {
        ("GET", []) => get_config(ctx, request, &access).await,
        ("GET", ["export"]) => export_config(ctx, &access).await,
        ("GET", _) => list_config_versions(ctx, request, &access).await,
        ("PUT", _) => put_config(ctx, request, &access).await,
        (_, ["rollback"]) => roll_back_config(ctx, request, &access).await,
        _ => preview_import(ctx, request, &access).await,
    }
    .map(Some)
}

fn tag(version: i64) -> String {
    format!("\"{version}\"")
}

fn answer(held: &Versioned) -> Result<Response> {
    let body = Configuration { version: held.version, settings: &held.config };
    Ok(Response::of(200, &body)?.with("etag", tag(held.version)))
}

/// The version that the caller looked at; `None` when they do not say one: `*` is whichever holds.
///
/// # Errors
/// `Stale` for what never was a version.
fn expected(request: &Request) -> Result<Option<i64>> {
    let Some(header) = request.header("if-match").filter(|header| header.trim() != "*") else { return Ok(None) };
    let version = header.trim().strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    version.and_then(|text| text.parse().ok()).ok_or(Error::Stale).map(Some)
}

fn say_which() -> Response {
    problem::of(428, "Read the configuration first, and send its ETag as If-Match: somebody else may have changed it.")
}

/// The configuration that holds, with its version as ETag.
#[utoipa::path(
    get,
    path = "/api/v1/guilds/{guild}/config",
    tag = "Configuration",
    params(("guild" = Snowflake, Path), ("If-None-Match" = Option<String>, Header, description = "An ETag: what is the same is not sent again.")),
    responses(
        (status = 200, body = Configuration, headers(("ETag" = String, description = "Its version."))),
        (status = 304, description = "The caller has it."),
        Guarded
    ),
    security(("key" = []))
)]
async fn get_config(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let current = versions::current(ctx, access.guild).await?;
    let tag = tag(current.version);
    // Weak comparison (RFC 9110, 13.1.2): whatever stands between may have marked it.
    let is_same = |header: &str| header.split(',').any(|one| one.trim().trim_start_matches("W/") == tag);
    if request.header("if-none-match").is_some_and(is_same) {
        return Ok(Response { status: 304, ..Response::json_text(304, String::new()) }.with("etag", tag));
    }
    answer(&current)
}

/// Puts a whole configuration in force; a setting that is missing gets its default.
#[utoipa::path(
    put,
    path = "/api/v1/guilds/{guild}/config",
    tag = "Configuration",
    params(("guild" = Snowflake, Path), ("If-Match" = String, Header, description = "The ETag of the configuration that is replaced.")),
    request_body = GuildConfig,
    responses((status = 200, body = Configuration, headers(("ETag" = String, description = "The new version."))), Changing),
    security(("key" = []))
)]
async fn put_config(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let Some(expected) = expected(request)? else { return Ok(say_which()) };
    let (settings, unknown) = document::read_settings(request.json()?).map_err(|error| Error::Invalid(vec![error]))?;
    if !unknown.is_empty() {
        let error = |path| FieldError::new(path, "There is no such setting.");
        return Err(Error::Invalid(unknown.into_iter().map(error).collect()));
    }
    answer(&replace::replace(ctx, access, &once::cause(ctx, request), expected, &settings, "").await?)
}

/// Every version that is kept, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/guilds/{guild}/config/versions",
    tag = "Configuration",
    params(
        ("guild" = Snowflake, Path),
        ("cursor" = Option<String>, Query, description = "As `next_cursor` gave it."),
        ("limit" = Option<u32>, Query, description = "20 unless given", minimum = 1, maximum = 100)
    ),
    responses((status = 200, body = ConfigVersions), Guarded),
    security(("key" = []))
)]
async fn list_config_versions(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let is_cursor = |text: &&str| !text.is_empty() && text.len() <= 15 && text.bytes().all(|b| b.is_ascii_digit());
    let before = request.cursor(|text| Some(text).filter(is_cursor).and_then(|text| text.parse().ok()))?;
    let limit = u32::try_from(request.limit(PAGE)?).map_err(Error::internal)?;
    let names = replace::names(ctx, access).await?;
    let (lines, next) = history::page_of(ctx, access.guild, &names, before, limit).await?;
    let versions = lines.into_iter().map(|line| ConfigVersion {
        version: line.version,
        at: line.at,
        by: line.by,
        source: line.source,
        changes: line.changes.into_iter().map(Into::into).collect(),
    });
    Response::of(200, &ConfigVersions { versions: versions.collect(), next_cursor: next.map(|next| next.to_string()) })
}

/// Puts an earlier version in force again; what was deleted on the server since is left out.
#[utoipa::path(
    post,
    path = "/api/v1/guilds/{guild}/config/rollback",
    tag = "Configuration",
    params(
        ("guild" = Snowflake, Path),
        ("If-Match" = String, Header, description = "The ETag of the configuration that is replaced."),
        ("Idempotency-Key" = Option<String>, Header, description = "Names the request: sent again, it is carried out once.")
    ),
    request_body = Rollback,
    responses((status = 200, body = Configuration, headers(("ETag" = String, description = "The new version."))), Changing),
    security(("key" = []))
)]
async fn roll_back_config(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let Some(expected) = expected(request)? else { return Ok(say_which()) };
    let Rollback { version } = request.json()?;
    answer(&history::back(ctx, access, &once::cause(ctx, request), version, expected).await?)
}

/// The configuration as a file, with the names of what it mentions, for another server.
#[utoipa::path(
    get,
    path = "/api/v1/guilds/{guild}/config/export",
    tag = "Configuration",
    params(("guild" = Snowflake, Path)),
    responses((status = 200, body = Object), Guarded),
    security(("key" = []))
)]
async fn export_config(ctx: &Ctx, access: &GuildAccess) -> Result<Response> {
    let current = versions::current(ctx, access.guild).await?;
    let text = document::export(access, &current, &replace::names(ctx, access).await?, ctx.now())?;
    Ok(Response::json_text(200, text))
}

/// What a file would change here, this server's or another's. Changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/guilds/{guild}/config/import",
    tag = "Configuration",
    params(("guild" = Snowflake, Path)),
    request_body = Import,
    responses((status = 200, body = ImportPreview, headers(("ETag" = String, description = "The version that it is compared with."))), Changing),
    security(("key" = []))
)]
async fn preview_import(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let import: Import = request.json()?;
    let invalid = |message| Error::Invalid(vec![FieldError::new("document", message)]);
    let imported = document::import_value(import.document).map_err(invalid)?;
    let names = replace::names(ctx, access).await?;
    let mut targets = Targets::guess(&imported, &names);
    for (id, target) in import.roles {
        targets.set_role(id, target);
    }
    for (id, target) in import.channels {
        targets.set_channel(id, target);
    }
    let Imported { config, roles, channels, unknown, .. } = imported;
    let after = config.with_references(&targets.roles, &targets.channels);
    let current = versions::current(ctx, access.guild).await?;
    let problems = replace::problems(ctx, access, &names, &current.config, &after).await?;
    let preview = ImportPreview {
        version: current.version,
        settings: &after,
        changes: words::changes(&current.config, &after, &names).into_iter().map(Into::into).collect(),
        problems: problems.into_iter().map(|one| ImportProblem { field: one.field, message: one.message }).collect(),
        unknown,
        roles: roles.into_keys().map(|id| (id, targets.roles.get(&id).copied())).collect(),
        channels: channels.into_keys().map(|id| (id, targets.channels.get(&id).copied())).collect(),
    };
    Ok(Response::of(200, &preview)?.with("etag", tag(current.version)))
}

#[derive(OpenApi)]
#[openapi(paths(get_config, put_config, list_config_versions, roll_back_config, export_config, preview_import))]
pub struct Description;
