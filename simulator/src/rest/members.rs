//! Purpose: REST for members: lists, roles, nicknames, timeouts, kicks and bans.

use serde_json::{Value, json};

use crate::{
    Sim,
    events::{Event, intents},
    ids::{self, Id},
    permissions as p,
    world::{Guild, Member},
};

use super::{ApiError, Ctx, FormErrors, Reply, Unknown};

/// Longest timeout: 28 days (Discord reference, "Modify Guild Member").
const MAX_TIMEOUT_MS: u64 = 28 * 24 * 3_600 * 1_000;
/// How much history a ban may delete: 7 days in seconds.
const MAX_DELETE_SECONDS: i64 = 604_800;

fn member_of(guild: &Guild, user: Id) -> Result<&Member, ApiError> {
    guild.members.get(&user).ok_or_else(|| ApiError::unknown(Unknown::Member))
}

/// The bot must stand above the person; nobody stands above the owner. Error: 50013.
fn above(sim: &Sim, guild: &Guild, user: Id) -> Result<(), ApiError> {
    if guild.rank(sim.app) > guild.rank(user) && guild.owner_id != user {
        return Ok(());
    }
    Err(ApiError::missing_permissions())
}

pub(super) fn get(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let guild = sim.joined_guild(ctx)?;
    let user = ctx.id("user_id")?;
    if !sim.world.users.contains_key(&user) {
        return Err(ApiError::unknown(Unknown::User));
    }
    Reply::ok(sim.world.member_json(member_of(guild, user)?))
}

pub(super) fn list(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let guild = sim.joined_guild(ctx)?;
    let limit = usize::try_from(ctx.query_number("limit", 1, 1, 1000)?).unwrap_or(1);
    let after = ctx.query_id("after")?;
    let page = guild.members.values().filter(|member| after.is_none_or(|after| member.user_id > after)).take(limit);
    Reply::ok(Value::Array(page.map(|member| sim.world.member_json(member)).collect()))
}

pub(super) fn search(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let guild = sim.joined_guild(ctx)?;
    let limit = usize::try_from(ctx.query_number("limit", 1, 1, 1000)?).unwrap_or(1);
    let Some(query) = ctx.query("query").map(str::to_lowercase).filter(|query| !query.is_empty()) else {
        let mut errors = FormErrors::default();
        errors.required("query");
        return Err(errors.into_error());
    };
    let starts = |name: Option<&str>| name.is_some_and(|name| name.to_lowercase().starts_with(&query));
    let fits = |member: &&Member| {
        let user = sim.world.users.get(&member.user_id);
        starts(member.nick.as_deref())
            || user.is_some_and(|user| starts(Some(&user.username)) || starts(user.global_name.as_deref()))
    };
    let page = guild.members.values().filter(fits).take(limit);
    Reply::ok(Value::Array(page.map(|member| sim.world.member_json(member)).collect()))
}

/// A role that may be handed out by the bot. Errors: 10011, 50013.
fn assignable(sim: &Sim, guild: &Guild, role: Id) -> Result<(), ApiError> {
    let role = guild.roles.get(&role).ok_or_else(|| ApiError::unknown(Unknown::Role))?;
    if role.managed || role.id == guild.id {
        return Err(ApiError::new(400, 50028, "Invalid Role"));
    }
    if role.position >= guild.rank(sim.app) {
        return Err(ApiError::missing_permissions());
    }
    Ok(())
}

fn change_role(sim: &mut Sim, ctx: &Ctx, give: bool) -> Result<Reply, ApiError> {
    let guild = sim.joined_guild(ctx)?;
    let (user, role) = (ctx.id("user_id")?, ctx.id("role_id")?);
    member_of(guild, user)?;
    sim.need_in_guild(guild, p::MANAGE_ROLES)?;
    assignable(sim, guild, role)?;
    let guild_id = guild.id;
    let member = sim.world.guilds.get_mut(&guild_id).and_then(|guild| guild.members.get_mut(&user));
    let member = member.ok_or_else(|| ApiError::unknown(Unknown::Member))?;
    let had = member.roles.contains(&role);
    member.roles.retain(|held| *held != role);
    if give {
        member.roles.push(role);
    }
    if had != give {
        sim.emit_member("GUILD_MEMBER_UPDATE", guild_id, user);
    }
    Ok(Reply::Empty)
}

pub(super) fn add_role(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    change_role(sim, ctx, true)
}

pub(super) fn remove_role(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    change_role(sim, ctx, false)
}

pub(super) fn edit(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let guild = sim.joined_guild(ctx)?;
    let user = ctx.id("user_id")?;
    let mut member = member_of(guild, user)?.clone();
    let body = &ctx.body;
    if body.get("nick").is_some() {
        sim.need_in_guild(guild, p::MANAGE_NICKNAMES)?;
        above(sim, guild, user)?;
        member.nick = read_nick(&body["nick"])?;
    }
    if let Some(roles) = body["roles"].as_array() {
        sim.need_in_guild(guild, p::MANAGE_ROLES)?;
        member.roles = read_roles(sim, guild, &member, roles)?;
    }
    if body.get("communication_disabled_until").is_some() {
        sim.need_in_guild(guild, p::MODERATE_MEMBERS)?;
        above(sim, guild, user)?;
        if guild.base_permissions(user).unwrap_or(0) & p::ADMINISTRATOR != 0 {
            return Err(ApiError::missing_permissions());
        }
        member.timeout_until_ms = read_timeout(&body["communication_disabled_until"], sim.world.now_ms)?;
    }
    let guild_id = guild.id;
    let json = sim.world.member_json(&member);
    if let Some(guild) = sim.world.guilds.get_mut(&guild_id) {
        guild.members.insert(user, member);
    }
    sim.emit_member("GUILD_MEMBER_UPDATE", guild_id, user);
    Reply::ok(json)
}

pub(super) fn edit_me(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let guild = sim.joined_guild(ctx)?;
    sim.need_in_guild(guild, p::CHANGE_NICKNAME)?;
    let nick = read_nick(&ctx.body["nick"])?;
    let (guild_id, app) = (guild.id, sim.app);
    let member = sim.world.guilds.get_mut(&guild_id).and_then(|guild| guild.members.get_mut(&app));
    let member = member.ok_or_else(|| ApiError::unknown(Unknown::Member))?;
    member.nick = nick;
    let json = member.clone();
    sim.emit_member("GUILD_MEMBER_UPDATE", guild_id, app);
    Reply::ok(sim.world.member_json(&json))
}

fn read_nick(value: &Value) -> Result<Option<String>, ApiError> {
    let mut errors = FormErrors::default();
    let nick = value.as_str().map(str::to_owned).filter(|nick| !nick.is_empty());
    errors.length("nick", nick.as_deref().unwrap_or_default(), 0, 32);
    errors.done()?;
    Ok(nick)
}

/// A whole new set of roles: only differences need the right.
fn read_roles(sim: &Sim, guild: &Guild, member: &Member, roles: &[Value]) -> Result<Vec<Id>, ApiError> {
    let mut wanted = Vec::new();
    for role in roles {
        let id: Id = role.as_str().and_then(|id| id.parse().ok()).ok_or_else(|| ApiError::unknown(Unknown::Role))?;
        if !wanted.contains(&id) {
            wanted.push(id);
        }
    }
    let changed = wanted
        .iter()
        .filter(|id| !member.roles.contains(id))
        .chain(member.roles.iter().filter(|id| !wanted.contains(id)));
    for role in changed {
        assignable(sim, guild, *role)?;
    }
    Ok(wanted)
}

fn read_timeout(value: &Value, now_ms: u64) -> Result<Option<u64>, ApiError> {
    let Some(text) = value.as_str() else {
        return Ok(None);
    };
    let path = "communication_disabled_until";
    let Some(until) = ids::parse_timestamp(text) else {
        return Err(ApiError::invalid(
            path,
            "DATE_TIME_TYPE_PARSE",
            &format!("Could not parse {text}. Should be ISO8601."),
        ));
    };
    if until > now_ms + MAX_TIMEOUT_MS {
        let message = "Communication disabled timestamp must be within 28 days.";
        return Err(ApiError::invalid(path, "GUILD_MEMBER_COMMUNICATION_DISABLED_TOO_LONG", message));
    }
    Ok(Some(until).filter(|until| *until > now_ms))
}

pub(super) fn kick(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let guild = sim.joined_guild(ctx)?;
    let user = ctx.id("user_id")?;
    member_of(guild, user)?;
    sim.need_in_guild(guild, p::KICK_MEMBERS)?;
    above(sim, guild, user)?;
    let guild_id = guild.id;
    sim.take_member_out(guild_id, user);
    Ok(Reply::Empty)
}

fn ban_json(sim: &Sim, user: Id, reason: &Option<String>) -> Value {
    json!({"user": sim.world.user_json_by_id(user), "reason": reason})
}

pub(super) fn bans(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let guild = sim.joined_guild(ctx)?;
    sim.need_in_guild(guild, p::BAN_MEMBERS)?;
    let limit = usize::try_from(ctx.query_number("limit", 1000, 1, 1000)?).unwrap_or(1000);
    let (before, after) = (ctx.query_id("before")?, ctx.query_id("after")?);
    let inside = |user: &Id| before.is_none_or(|before| *user < before) && after.is_none_or(|after| *user > after);
    let page = guild.bans.iter().filter(|(user, _)| inside(user)).take(limit);
    Reply::ok(Value::Array(page.map(|(user, reason)| ban_json(sim, *user, reason)).collect()))
}

pub(super) fn ban_of(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let guild = sim.joined_guild(ctx)?;
    sim.need_in_guild(guild, p::BAN_MEMBERS)?;
    let user = ctx.id("user_id")?;
    let reason = guild.bans.get(&user).ok_or_else(|| ApiError::unknown(Unknown::Ban))?;
    Reply::ok(ban_json(sim, user, reason))
}

pub(super) fn ban(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let guild = sim.joined_guild(ctx)?;
    let user = ctx.id("user_id")?;
    sim.need_in_guild(guild, p::BAN_MEMBERS)?;
    if !sim.world.users.contains_key(&user) {
        return Err(ApiError::unknown(Unknown::User));
    }
    if guild.members.contains_key(&user) {
        above(sim, guild, user)?;
    }
    let mut errors = FormErrors::default();
    let path = "delete_message_seconds";
    let seconds = crate::check::number(&ctx.body[path], path, 0, MAX_DELETE_SECONDS, &mut errors).unwrap_or(0);
    errors.done()?;
    let guild_id = guild.id;
    if let Some(guild) = sim.world.guilds.get_mut(&guild_id) {
        guild.bans.insert(user, ctx.reason.clone());
    }
    sim.take_member_out(guild_id, user);
    delete_history(sim, guild_id, user, u64::try_from(seconds).unwrap_or(0) * 1_000);
    emit_ban(sim, "GUILD_BAN_ADD", guild_id, user);
    Ok(Reply::Empty)
}

fn delete_history(sim: &mut Sim, guild: Id, user: Id, window_ms: u64) {
    let since = sim.world.now_ms.saturating_sub(window_ms);
    let recent = |message: &&crate::world::StoredMessage| {
        message.author == user && message.guild_id == Some(guild) && message.created_ms > since
    };
    let gone: Vec<Id> = sim.world.messages.values().filter(recent).map(|message| message.id).collect();
    sim.remove_messages(&gone);
}

pub(super) fn unban(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let guild = sim.joined_guild(ctx)?;
    sim.need_in_guild(guild, p::BAN_MEMBERS)?;
    let (guild_id, user) = (guild.id, ctx.id("user_id")?);
    let lifted = sim.world.guilds.get_mut(&guild_id).and_then(|guild| guild.bans.remove(&user));
    lifted.ok_or_else(|| ApiError::unknown(Unknown::Ban))?;
    emit_ban(sim, "GUILD_BAN_REMOVE", guild_id, user);
    Ok(Reply::Empty)
}

fn emit_ban(sim: &mut Sim, name: &'static str, guild: Id, user: Id) {
    let data = json!({"guild_id": guild, "user": sim.world.user_json_by_id(user)});
    sim.emit(Event::state().in_guild(Some(guild)).dispatching(name, intents::GUILD_MODERATION, data));
}
