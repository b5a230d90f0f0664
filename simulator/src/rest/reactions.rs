//! Purpose: REST for reactions.

use serde_json::{Value, json};

use crate::{
    Sim,
    events::{Event, intents},
    ids::Id,
    permissions as p,
    render::emoji_json,
    world::Reaction,
};

use super::{ApiError, Ctx, Reply, Unknown};

/// Different emoji on one message (Discord reference: error 30010 above).
const MAX_KINDS: usize = 20;

impl Sim {
    /// Sets a reaction. False when it was set already. Error: 30010.
    pub(crate) fn set_reaction(&mut self, message: Id, user: Id, emoji: &str) -> Result<bool, ApiError> {
        let Some(stored) = self.world.messages.get_mut(&message) else {
            return Err(ApiError::unknown(Unknown::Message));
        };
        let kinds = stored.reactions.len();
        match stored.reactions.iter_mut().find(|reaction| reaction.key == emoji) {
            Some(reaction) if reaction.users.contains(&user) => return Ok(false),
            Some(reaction) => reaction.users.push(user),
            None if kinds >= MAX_KINDS => {
                return Err(ApiError::new(400, 30010, "Maximum number of reactions reached (20)"));
            }
            None => stored.reactions.push(Reaction { key: emoji.into(), users: vec![user] }),
        }
        self.emit_reaction("MESSAGE_REACTION_ADD", message, user, emoji);
        Ok(true)
    }

    /// Takes a reaction back. False when there was none.
    pub(crate) fn unset_reaction(&mut self, message: Id, user: Id, emoji: &str) -> bool {
        let Some(stored) = self.world.messages.get_mut(&message) else {
            return false;
        };
        let Some(reaction) = stored.reactions.iter_mut().find(|reaction| reaction.key == emoji) else {
            return false;
        };
        let before = reaction.users.len();
        reaction.users.retain(|known| *known != user);
        let removed = reaction.users.len() < before;
        stored.reactions.retain(|reaction| !reaction.users.is_empty());
        if removed {
            self.emit_reaction("MESSAGE_REACTION_REMOVE", message, user, emoji);
        }
        removed
    }

    fn emit_reaction(&mut self, name: &'static str, message: Id, user: Id, emoji: &str) {
        let Some(stored) = self.world.messages.get(&message) else {
            return;
        };
        let (guild, channel) = (stored.guild_id, stored.channel_id);
        let mut data = json!({
            "user_id": user, "channel_id": channel, "message_id": message, "emoji": emoji_json(emoji), "burst": false, "type": 0,
        });
        if name == "MESSAGE_REACTION_ADD" {
            data["message_author_id"] = json!(stored.author);
            data["burst_colors"] = json!([]);
            let member = guild.and_then(|id| self.world.guilds.get(&id)).and_then(|guild| guild.members.get(&user));
            if let Some(member) = member {
                data["member"] = self.world.member_json(member);
            }
        }
        if let Some(guild) = guild {
            data["guild_id"] = json!(guild);
        }
        self.emit_about_reactions(name, message, data);
    }

    /// All reactions of a message went at once, or all with one emoji.
    fn emit_reactions_gone(&mut self, message: Id, emoji: Option<&str>) {
        let Some(stored) = self.world.messages.get(&message) else {
            return;
        };
        let mut data = json!({"channel_id": stored.channel_id, "message_id": message});
        if let Some(guild) = stored.guild_id {
            data["guild_id"] = json!(guild);
        }
        let name = match emoji {
            Some(emoji) => {
                data["emoji"] = emoji_json(emoji);
                "MESSAGE_REACTION_REMOVE_EMOJI"
            }
            None => "MESSAGE_REACTION_REMOVE_ALL",
        };
        self.emit_about_reactions(name, message, data);
    }

    fn emit_about_reactions(&mut self, name: &'static str, message: Id, data: Value) {
        let Some(stored) = self.world.messages.get(&message) else {
            return;
        };
        let (guild, channel) = (stored.guild_id, stored.channel_id);
        let intents =
            if guild.is_some() { intents::GUILD_MESSAGE_REACTIONS } else { intents::DIRECT_MESSAGE_REACTIONS };
        let mut event = Event::bare("message_update", json!({"id": message, "channel_id": channel, "guild_id": guild}));
        (event.guild, event.channel, event.only_for) = (guild, Some(channel), stored.ephemeral_for);
        self.emit(event.dispatching(name, intents, data));
    }
}

/// Channel and message of the path, and the emoji.
fn place(sim: &Sim, ctx: &Ctx) -> Result<(Id, Id, String), ApiError> {
    let channel = sim.visible_channel(ctx)?.id;
    sim.need(channel, p::READ_MESSAGE_HISTORY)?;
    let message = sim.message_in(channel, ctx.id("message_id")?)?.id;
    let emoji = ctx.text("emoji_name").to_owned();
    Ok((channel, message, emoji))
}

/// A character outside ASCII, or `name:id`. Discord knows the list of emoji; letters and words are none. Error: 10014.
fn known_emoji(emoji: &str) -> Result<(), ApiError> {
    let own = emoji.rsplit_once(':').is_some_and(|(name, id)| !name.is_empty() && id.parse::<Id>().is_ok());
    let keycap = emoji.contains('\u{20e3}');
    let symbol =
        !emoji.is_empty() && emoji.chars().count() <= 12 && !emoji.chars().any(|c| c.is_ascii() || c.is_alphabetic());
    if own || symbol || keycap { Ok(()) } else { Err(ApiError::unknown(Unknown::Emoji)) }
}

pub(super) fn add(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let (channel, message, emoji) = place(sim, ctx)?;
    known_emoji(&emoji)?;
    let exists = sim.message_in(channel, message)?.reactions.iter().any(|reaction| reaction.key == emoji);
    if !exists {
        sim.need(channel, p::ADD_REACTIONS)?;
    }
    sim.set_reaction(message, sim.app, &emoji)?;
    Ok(Reply::Empty)
}

pub(super) fn remove_own(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let (_, message, emoji) = place(sim, ctx)?;
    sim.unset_reaction(message, sim.app, &emoji);
    Ok(Reply::Empty)
}

pub(super) fn remove(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let (channel, message, emoji) = place(sim, ctx)?;
    let user = ctx.id("user_id")?;
    if user != sim.app {
        sim.need(channel, p::MANAGE_MESSAGES)?;
    }
    sim.unset_reaction(message, user, &emoji);
    Ok(Reply::Empty)
}

pub(super) fn list(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let (channel, message, emoji) = place(sim, ctx)?;
    let limit = usize::try_from(ctx.query_number("limit", 25, 1, 100)?).unwrap_or(25);
    let after = ctx.query_id("after")?;
    let message = sim.message_in(channel, message)?;
    let reaction = message.reactions.iter().find(|reaction| reaction.key == emoji);
    let mut users: Vec<Id> = reaction.map(|reaction| reaction.users.clone()).unwrap_or_default();
    users.sort();
    let page = users.into_iter().filter(|user| after.is_none_or(|after| *user > after)).take(limit);
    Reply::ok(Value::Array(page.map(|user| sim.world.user_json_by_id(user)).collect()))
}

pub(super) fn clear(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let (channel, message, _) = place(sim, ctx)?;
    sim.need(channel, p::MANAGE_MESSAGES)?;
    if let Some(stored) = sim.world.messages.get_mut(&message) {
        stored.reactions.clear();
    }
    sim.emit_reactions_gone(message, None);
    Ok(Reply::Empty)
}

pub(super) fn clear_emoji(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let (channel, message, emoji) = place(sim, ctx)?;
    sim.need(channel, p::MANAGE_MESSAGES)?;
    if let Some(stored) = sim.world.messages.get_mut(&message) {
        stored.reactions.retain(|reaction| reaction.key != emoji);
    }
    sim.emit_reactions_gone(message, Some(&emoji));
    Ok(Reply::Empty)
}
