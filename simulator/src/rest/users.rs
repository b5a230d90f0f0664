//! Purpose: REST for users, the bot itself, and people who come with an OAuth2 token.

use serde_json::{Value, json};

use crate::{
    Sim,
    build::blank_channel,
    ids::Id,
    world::{ChannelKind, Guild},
};

use super::{ApiError, Auth, Ctx, FormErrors, Reply, Unknown};

/// An OAuth2 token must carry the scope. Error: 50025.
fn need_scope(ctx: &Ctx, scope: &str) -> Result<(), ApiError> {
    match &ctx.auth {
        Auth::Bearer { scopes, .. } if !scopes.iter().any(|known| known == scope) => {
            Err(ApiError::new(403, 50025, "Invalid OAuth2 access token provided"))
        }
        _ => Ok(()),
    }
}

fn whose(sim: &Sim, ctx: &Ctx) -> Id {
    match &ctx.auth {
        Auth::Bearer { user, .. } => *user,
        _ => sim.app,
    }
}

pub(super) fn me(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    need_scope(ctx, "identify")?;
    let id = whose(sim, ctx);
    let user = sim.world.users.get(&id).ok_or_else(|| ApiError::unknown(Unknown::User))?;
    let mut json = user.json();
    json["mfa_enabled"] = json!(true);
    json["locale"] = json!(user.locale);
    json["premium_type"] = json!(0);
    if user.bot {
        json["verified"] = json!(true);
        json["email"] = Value::Null;
    }
    if let Auth::Bearer { scopes, .. } = &ctx.auth
        && scopes.iter().any(|scope| scope == "email")
    {
        json["email"] = json!(format!("{}@example.org", user.username));
        json["verified"] = json!(true);
    }
    Reply::ok(json)
}

pub(super) fn get(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let user = sim.world.users.get(&ctx.id("user_id")?).ok_or_else(|| ApiError::unknown(Unknown::User))?;
    Reply::ok(user.json())
}

pub(super) fn my_guilds(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    need_scope(ctx, "guilds")?;
    let id = whose(sim, ctx);
    let limit = usize::try_from(ctx.query_number("limit", 200, 1, 200)?).unwrap_or(200);
    let (before, after) = (ctx.query_id("before")?, ctx.query_id("after")?);
    let counts = ctx.query("with_counts").is_some_and(|value| value == "true" || value == "1");
    let guilds = sim.world.guilds.values().filter(|guild| guild.members.contains_key(&id));
    let paged = guilds.filter(|guild| before.is_none_or(|b| guild.id < b) && after.is_none_or(|a| guild.id > a));
    let list: Vec<Value> = paged.take(limit).map(|guild| my_guild(guild, id, counts)).collect();
    Reply::ok(Value::Array(list))
}

fn my_guild(guild: &Guild, user: Id, counts: bool) -> Value {
    let mut json = json!({
        "id": guild.id,
        "name": guild.name,
        "icon": guild.icon,
        "banner": null,
        "owner": guild.owner_id == user,
        "permissions": guild.base_permissions(user).unwrap_or(0).to_string(),
        "features": [],
    });
    if counts {
        json["approximate_member_count"] = json!(guild.members.len());
        json["approximate_presence_count"] = json!(guild.members.len());
    }
    json
}

pub(super) fn my_member(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    need_scope(ctx, "guilds.members.read")?;
    let id = whose(sim, ctx);
    let guild = sim.world.guilds.get(&ctx.id("guild_id")?).ok_or_else(|| ApiError::unknown(Unknown::Guild))?;
    let member = guild.members.get(&id).ok_or_else(|| ApiError::unknown(Unknown::Guild))?;
    Reply::ok(sim.world.member_json(member))
}

pub(super) fn leave(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let guild = ctx.id("guild_id")?;
    if !sim.world.guilds.get(&guild).is_some_and(|guild| guild.members.contains_key(&sim.app)) {
        return Err(ApiError::unknown(Unknown::Guild));
    }
    // The guild exists, so this cannot fail.
    let _ = sim.uninstall_app(&guild.to_string());
    Ok(Reply::Empty)
}

pub(super) fn open_dm(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let recipient = ctx.body["recipient_id"].as_str().and_then(|id| id.parse::<Id>().ok());
    let Some(recipient) = recipient else {
        let mut errors = FormErrors::default();
        errors.required("recipient_id");
        return Err(errors.into_error());
    };
    let user = sim.world.users.get(&recipient).ok_or_else(|| ApiError::unknown(Unknown::User))?;
    if recipient == sim.app || user.bot {
        return Err(ApiError::new(403, 50007, "Cannot send messages to this user"));
    }
    let id = sim.dm_with(recipient);
    let channel = sim.world.channels.get(&id).ok_or_else(|| ApiError::unknown(Unknown::Channel))?;
    Reply::ok(sim.world.channel_json(channel))
}

impl Sim {
    /// The direct message channel between the bot and a person, made if need be.
    pub(crate) fn dm_with(&mut self, person: Id) -> Id {
        if let Some(known) = self.world.dm_between(self.app, person) {
            return known;
        }
        let id = self.world.next_id();
        let mut channel = blank_channel(id, ChannelKind::Dm, None, "");
        channel.recipients = vec![self.app, person];
        self.world.channels.insert(id, channel);
        id
    }
}

pub(super) fn authorization(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let Auth::Bearer { user, scopes } = &ctx.auth else {
        return Err(ApiError::unauthorized());
    };
    let mut json = json!({
        "application": super::applications::public_json(sim),
        "scopes": scopes,
        "expires": crate::ids::timestamp(sim.world.now_ms + 604_800_000),
    });
    if scopes.iter().any(|scope| scope == "identify") {
        json["user"] = sim.world.user_json_by_id(*user);
    }
    Reply::ok(json)
}
