//! Purpose: REST for application commands, global and of one guild, and their permissions.

use serde_json::{Value, json};

use crate::{Sim, events::Event, ids::Id, world::Command};

use super::{ApiError, Ctx, FormErrors, Reply, Unknown, command_check};

/// Longest list for a bulk overwrite (Discord's OpenAPI description).
const MAX_BULK: usize = 130;

/// Whose commands: all guilds' (nothing) or one guild's. Errors: 10002 for another application, 50001 for a foreign guild.
fn scope(sim: &Sim, ctx: &Ctx) -> Result<Option<Id>, ApiError> {
    if ctx.id("application_id")? != sim.app {
        return Err(ApiError::new(403, 20012, "You are not authorized to perform this action on this application"));
    }
    if ctx.text("guild_id").is_empty() {
        return Ok(None);
    }
    let guild = ctx.id("guild_id")?;
    match sim.world.guilds.get(&guild) {
        Some(known) if known.installed => Ok(Some(guild)),
        Some(_) => Err(ApiError::missing_access()),
        None => Err(ApiError::missing_access()),
    }
}

fn of_scope(sim: &Sim, scope: Option<Id>) -> impl Iterator<Item = &Command> {
    sim.world.commands.values().filter(move |command| command.guild_id == scope)
}

fn command_of(sim: &Sim, ctx: &Ctx) -> Result<Command, ApiError> {
    let scope = scope(sim, ctx)?;
    let command = sim.world.commands.get(&ctx.id("command_id")?).filter(|command| command.guild_id == scope);
    command.cloned().ok_or_else(|| ApiError::unknown(Unknown::Command))
}

pub(super) fn list(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let scope = scope(sim, ctx)?;
    Reply::ok(Value::Array(of_scope(sim, scope).map(|command| command.body.clone()).collect()))
}

pub(super) fn get(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    Reply::ok(command_of(sim, ctx)?.body)
}

/// Puts a checked command into the world: under its old id when one of that name and type is there.
fn keep(sim: &mut Sim, scope: Option<Id>, mut body: Value, id: Option<Id>) -> Command {
    let kind = u8::try_from(body["type"].as_u64().unwrap_or(1)).unwrap_or(1);
    let name = body["name"].as_str().unwrap_or_default().to_owned();
    let same =
        of_scope(sim, scope).find(|command| command.kind == kind && command.name == name).map(|command| command.id);
    let version = sim.world.next_id();
    let id = id.or(same).unwrap_or_else(|| sim.world.next_id());
    body["id"] = json!(id);
    body["application_id"] = json!(sim.app);
    body["version"] = json!(version);
    match scope {
        Some(guild) => body["guild_id"] = json!(guild),
        None => {
            body["dm_permission"] =
                json!(body["contexts"].as_array().is_none_or(|contexts| contexts.contains(&json!(1))));
        }
    }
    let command = Command { id, guild_id: scope, kind, name, body };
    sim.world.commands.insert(id, command.clone());
    command
}

/// What only global commands have: where they show and for whom they are installed.
fn add_global_parts(stored: &mut Value, asked: &Value, scope: Option<Id>) {
    if scope.is_some() {
        return;
    }
    let dm_forbidden = asked["dm_permission"] == false;
    stored["contexts"] = match &asked["contexts"] {
        Value::Array(contexts) => json!(contexts),
        _ if dm_forbidden => json!([0]),
        _ => Value::Null,
    };
    stored["integration_types"] =
        if asked["integration_types"].is_array() { asked["integration_types"].clone() } else { json!([0]) };
}

pub(super) fn create(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let scope = scope(sim, ctx)?;
    let mut errors = FormErrors::default();
    let mut body = command_check::read(&ctx.body, "", &mut errors);
    errors.done()?;
    add_global_parts(&mut body, &ctx.body, scope);
    let (kind, name) = (body["type"].as_u64().unwrap_or(1), body["name"].clone());
    let exists = of_scope(sim, scope).any(|command| u64::from(command.kind) == kind && json!(command.name) == name);
    if !exists {
        let fresh = u8::try_from(kind).unwrap_or(1);
        command_check::check_counts(of_scope(sim, scope).map(|command| command.kind).chain([fresh]))?;
    }
    let command = keep(sim, scope, body, None);
    sim.emit(Event::state());
    Ok(Reply::Json(if exists { 200 } else { 201 }, command.body))
}

pub(super) fn edit(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let command = command_of(sim, ctx)?;
    let mut merged = command.body.clone();
    for (key, value) in ctx.body.as_object().into_iter().flatten() {
        merged[key.as_str()] = value.clone();
    }
    merged["type"] = json!(command.kind);
    let mut errors = FormErrors::default();
    let mut body = command_check::read(&merged, "", &mut errors);
    let taken = of_scope(sim, command.guild_id)
        .any(|other| other.id != command.id && other.kind == command.kind && body["name"] == json!(other.name));
    if taken {
        errors.add("name", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique");
    }
    errors.done()?;
    add_global_parts(&mut body, &merged, command.guild_id);
    let command = keep(sim, command.guild_id, body, Some(command.id));
    sim.emit(Event::state());
    Reply::ok(command.body)
}

pub(super) fn delete(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let command = command_of(sim, ctx)?;
    sim.world.commands.remove(&command.id);
    sim.emit(Event::state());
    Ok(Reply::Empty)
}

/// Replaces a scope's commands as a whole; when anything is wrong with any of them, nothing changes.
pub(super) fn overwrite(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let scope = scope(sim, ctx)?;
    let list = ctx.body.as_array().cloned().unwrap_or_default();
    let mut errors = FormErrors::default();
    if !ctx.body.is_array() {
        errors.add("", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType");
    }
    if list.len() > MAX_BULK {
        errors.add("", "BASE_TYPE_MAX_LENGTH", "Must be 130 or fewer in length.");
    }
    let mut bodies: Vec<Value> = Vec::new();
    for (index, asked) in list.iter().enumerate() {
        let mut body = command_check::read(asked, &index.to_string(), &mut errors);
        if bodies.iter().any(|other| other["name"] == body["name"] && other["type"] == body["type"]) {
            let message = "Application command names must be unique";
            errors.add(&index.to_string(), "APPLICATION_COMMANDS_DUPLICATE_NAME", message);
        }
        add_global_parts(&mut body, asked, scope);
        bodies.push(body);
    }
    errors.done()?;
    command_check::check_counts(
        bodies.iter().map(|body| u8::try_from(body["type"].as_u64().unwrap_or(1)).unwrap_or(1)),
    )?;
    let kept: Vec<Command> = bodies.into_iter().map(|body| keep(sim, scope, body, None)).collect();
    sim.world.commands.retain(|id, command| command.guild_id != scope || kept.iter().any(|known| known.id == *id));
    sim.emit(Event::state());
    Reply::ok(Value::Array(kept.into_iter().map(|command| command.body).collect()))
}

pub(super) fn all_permissions(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    scope(sim, ctx)?;
    Reply::ok(json!([]))
}

pub(super) fn permissions(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    scope(sim, ctx)?;
    if !sim.world.commands.contains_key(&ctx.id("command_id")?) {
        return Err(ApiError::unknown(Unknown::Command));
    }
    // No overwrites are kept, and Discord answers 10066 where there are none.
    Err(ApiError::unknown(Unknown::CommandPermissions))
}
