//! Purpose: REST for guilds and their list of channels.

use serde_json::{Value, json};

use crate::{
    Sim,
    build::blank_channel,
    permissions as p,
    world::{ChannelKind, Guild},
};

use super::{ApiError, Ctx, FormErrors, Reply, Unknown, channels};
use crate::ids::Id;

impl Sim {
    /// The guild of the path, of which the bot must be a member. Error: 10004.
    pub(super) fn joined_guild(&self, ctx: &Ctx) -> Result<&Guild, ApiError> {
        let guild = self.world.guilds.get(&ctx.id("guild_id")?);
        // Discord does not tell a guild without the bot from one that never was.
        guild.filter(|guild| guild.members.contains_key(&self.app)).ok_or_else(|| ApiError::unknown(Unknown::Guild))
    }

    /// The bot must have these rights in the guild as a whole. Error: 50013.
    pub(super) fn need_in_guild(&self, guild: &Guild, rights: u64) -> Result<(), ApiError> {
        if guild.base_permissions(self.app).unwrap_or(0) & rights == rights {
            return Ok(());
        }
        Err(ApiError::missing_permissions())
    }
}

pub(super) fn get(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let guild = sim.joined_guild(ctx)?;
    let mut json = sim.world.guild_json(guild);
    if ctx.query("with_counts").is_some_and(|value| value == "true" || value == "1") {
        json["approximate_member_count"] = json!(guild.members.len());
        json["approximate_presence_count"] = json!(guild.members.len());
    }
    Reply::ok(json)
}

pub(super) fn channels(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let guild = sim.joined_guild(ctx)?.id;
    let of_guild = sim.world.channels.values().filter(|c| c.guild_id == Some(guild) && !c.kind.is_thread());
    Reply::ok(Value::Array(of_guild.map(|channel| sim.world.channel_json(channel)).collect()))
}

pub(super) fn create_channel(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let guild = sim.joined_guild(ctx)?;
    sim.need_in_guild(guild, p::MANAGE_CHANNELS)?;
    let guild_id = guild.id;
    let mut errors = FormErrors::default();
    match ctx.body["name"].as_str() {
        Some(name) => errors.length("name", name, 1, 100),
        None => errors.required("name"),
    }
    let kind = match &ctx.body["type"] {
        Value::Null => Some(ChannelKind::Text),
        value => value.as_u64().and_then(ChannelKind::from_number).filter(|k| !k.is_thread() && *k != ChannelKind::Dm),
    };
    if kind.is_none() {
        errors.choices("type", "{0, 2, 4, 5, 13, 15}");
    }
    let parent: Option<Id> = ctx.body["parent_id"].as_str().and_then(|id| id.parse().ok());
    let is_category = |id: &Id| sim.world.channels.get(id).is_some_and(|c| c.kind == ChannelKind::Category);
    if parent.is_some_and(|parent| !is_category(&parent)) {
        errors.add("parent_id", "CHANNEL_PARENT_INVALID", "Category does not exist");
    }
    errors.done()?;
    // 500 channels a guild (Discord reference, error 30013).
    if sim.world.channels.values().filter(|channel| channel.guild_id == Some(guild_id)).count() >= 500 {
        return Err(ApiError::new(400, 30013, "Maximum number of guild channels reached (500)"));
    }
    let id = sim.world.next_id();
    let mut channel = blank_channel(id, kind.unwrap_or(ChannelKind::Text), Some(guild_id), "");
    channel.parent_id = parent;
    let edited = channels::apply(sim, channel, &ctx.body)?;
    sim.world.channels.insert(id, edited);
    sim.emit_channel("CHANNEL_CREATE", id);
    let channel = sim.world.channels.get(&id).ok_or_else(|| ApiError::unknown(Unknown::Channel))?;
    Ok(Reply::Json(201, sim.world.channel_json(channel)))
}
