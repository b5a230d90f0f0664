//! Purpose: REST for roles.

use serde_json::Value;

use crate::{
    Sim,
    build::{blank_role, make_room_at_bottom},
    ids::Id,
    permissions as p,
    world::{Guild, Role},
};

use super::{ApiError, Ctx, FormErrors, Reply, Unknown};

/// Roles in a guild (Discord reference, error 30005).
const MAX_ROLES: usize = 250;

fn role_of<'a>(guild: &'a Guild, ctx: &Ctx) -> Result<&'a Role, ApiError> {
    guild.roles.get(&ctx.id("role_id")?).ok_or_else(|| ApiError::unknown(Unknown::Role))
}

/// The bot must hold MANAGE_ROLES and stand above the role. Error: 50013.
fn may_manage(sim: &Sim, guild: &Guild, role: &Role) -> Result<(), ApiError> {
    sim.need_in_guild(guild, p::MANAGE_ROLES)?;
    if role.id != guild.id && role.position >= guild.rank(sim.app) {
        return Err(ApiError::missing_permissions());
    }
    Ok(())
}

pub(super) fn list(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let guild = sim.joined_guild(ctx)?;
    Reply::ok(Value::Array(guild.roles.values().map(Role::json).collect()))
}

pub(super) fn get(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    Reply::ok(role_of(sim.joined_guild(ctx)?, ctx)?.json())
}

pub(super) fn create(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let guild = sim.joined_guild(ctx)?;
    sim.need_in_guild(guild, p::MANAGE_ROLES)?;
    if guild.roles.len() >= MAX_ROLES {
        return Err(ApiError::new(400, 30005, "Maximum number of server roles reached (250)"));
    }
    let (guild_id, everyone) = (guild.id, guild.roles.get(&guild.id).map_or(0, |role| role.permissions));
    let own = guild.base_permissions(sim.app).unwrap_or(0);
    let fresh = Role { permissions: everyone & own, ..blank_role(Id(0), "new role") };
    let mut role = apply(fresh, &ctx.body, own)?;
    role.id = sim.world.next_id();
    role.position = 1;
    let (id, json) = (role.id, role.json());
    if let Some(guild) = sim.world.guilds.get_mut(&guild_id) {
        make_room_at_bottom(guild);
        guild.roles.insert(id, role);
    }
    sim.emit_role("GUILD_ROLE_CREATE", guild_id, id);
    Reply::ok(json)
}

/// Changes a role by a body. A permission the bot lacks cannot be given: 50013.
fn apply(mut role: Role, body: &Value, own: u64) -> Result<Role, ApiError> {
    let mut errors = FormErrors::default();
    if let Some(name) = body["name"].as_str() {
        errors.length("name", name, 1, 100);
        role.name = name.into();
    }
    if let Some(color) = body["color"].as_u64().or_else(|| body["colors"]["primary_color"].as_u64()) {
        match u32::try_from(color).ok().filter(|color| *color <= 0xFF_FFFF) {
            Some(color) => role.color = color,
            None => errors.add("color", "NUMBER_TYPE_MAX", "int value should be less than or equal to 16777215."),
        }
    }
    if !body["permissions"].is_null() {
        let value =
            body["permissions"].as_u64().or_else(|| body["permissions"].as_str().and_then(|text| text.parse().ok()));
        match value {
            Some(bits) if bits & !own & !role.permissions != 0 => {
                return Err(ApiError::missing_permissions());
            }
            Some(bits) => role.permissions = bits,
            None => errors.add("permissions", "NUMBER_TYPE_COERCE", "Value is not int."),
        }
    }
    role.hoist = body["hoist"].as_bool().unwrap_or(role.hoist);
    role.mentionable = body["mentionable"].as_bool().unwrap_or(role.mentionable);
    errors.done()?;
    Ok(role)
}

pub(super) fn edit(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let guild = sim.joined_guild(ctx)?;
    let role = role_of(guild, ctx)?;
    may_manage(sim, guild, role)?;
    let (guild_id, own) = (guild.id, guild.base_permissions(sim.app).unwrap_or(0));
    let role = apply(role.clone(), &ctx.body, own)?;
    let (id, json) = (role.id, role.json());
    if let Some(guild) = sim.world.guilds.get_mut(&guild_id) {
        guild.roles.insert(id, role);
    }
    sim.emit_role("GUILD_ROLE_UPDATE", guild_id, id);
    Reply::ok(json)
}

pub(super) fn delete(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let guild = sim.joined_guild(ctx)?;
    let role = role_of(guild, ctx)?;
    if role.id == guild.id || role.managed {
        return Err(ApiError::new(400, 50028, "Invalid Role"));
    }
    may_manage(sim, guild, role)?;
    let (guild_id, id) = (guild.id, role.id);
    sim.drop_role(guild_id, id);
    Ok(Reply::Empty)
}

pub(super) fn reorder(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let guild = sim.joined_guild(ctx)?;
    let guild_id = guild.id;
    let mut moves = Vec::new();
    for entry in ctx.body.as_array().into_iter().flatten() {
        let role = entry["id"].as_str().and_then(|id| id.parse::<Id>().ok()).and_then(|id| guild.roles.get(&id));
        let role = role.ok_or_else(|| ApiError::unknown(Unknown::Role))?;
        may_manage(sim, guild, role)?;
        let Some(position) = entry["position"].as_i64() else {
            continue;
        };
        if position >= guild.rank(sim.app) {
            return Err(ApiError::missing_permissions());
        }
        moves.push((role.id, position));
    }
    let Some(guild) = sim.world.guilds.get_mut(&guild_id) else {
        return Err(ApiError::unknown(Unknown::Guild));
    };
    for (id, position) in &moves {
        if let Some(role) = guild.roles.get_mut(id) {
            role.position = *position;
        }
    }
    let json = Value::Array(guild.roles.values().map(Role::json).collect());
    for (id, _) in moves {
        sim.emit_role("GUILD_ROLE_UPDATE", guild_id, id);
    }
    Reply::ok(json)
}
