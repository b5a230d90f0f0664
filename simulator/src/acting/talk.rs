//! Purpose: people talking: messages, edits, deletions and reactions of their own.

use serde_json::json;

use crate::{
    Sim,
    check::message::{self, Source},
    events::{Event, intents},
    ids::Id,
    look::Message,
    permissions as p,
    post::Posting,
    render::voice_state_json,
    rest::ApiError,
    world::{ChannelKind, StoredMessage},
};

use super::Refusal;

impl Sim {
    /// A person writes into a channel (or, with the channel `DM`, to the bot).
    pub fn say(&mut self, user: &str, channel: &str, content: &str) -> Result<Message, Refusal> {
        let user = self.need_user(user)?;
        if channel == "DM" {
            self.dm_with(user);
        }
        let channel = self.need_channel(channel, Some(user))?;
        let is_thread = self.world.channels.get(&channel).is_some_and(|channel| channel.kind.is_thread());
        let right = if is_thread { p::SEND_MESSAGES_IN_THREADS } else { p::SEND_MESSAGES };
        if self.world.permissions_in(user, channel) & (right | p::VIEW_CHANNEL) != right | p::VIEW_CHANNEL {
            return Err(Refusal::new("no_permission", "You do not have permission to send messages in this channel"));
        }
        let draft = message::read_new(&json!({"content": content}), &[], Source::Bot).map_err(refused)?;
        let id = self.post(Posting::plain(user, channel), draft, Vec::new());
        self.message(&id.to_string()).ok_or_else(|| Refusal::new("unknown_message", "The message is gone"))
    }

    /// A person deletes a message: their own, or any with MANAGE_MESSAGES. An ephemeral one is only dismissed.
    pub fn delete_message(&mut self, user: &str, message_id: &str) -> Result<(), Refusal> {
        let (user, message) = self.readable(user, message_id)?;
        let may = message.author == user
            || message.ephemeral_for == Some(user)
            || self.world.permissions_in(user, message.channel_id) & p::MANAGE_MESSAGES != 0;
        if !may {
            return Err(Refusal::new("no_permission", "You cannot delete this message"));
        }
        self.remove_message(message.id);
        Ok(())
    }

    /// A person sets a reaction.
    pub fn react(&mut self, user: &str, message_id: &str, emoji: &str) -> Result<(), Refusal> {
        let (user, message) = self.readable(user, message_id)?;
        let exists = message.reactions.iter().any(|reaction| reaction.key == emoji);
        if !exists && self.world.permissions_in(user, message.channel_id) & p::ADD_REACTIONS == 0 {
            return Err(Refusal::new("no_permission", "You cannot add reactions here"));
        }
        if message.ephemeral_for.is_some() {
            return Err(Refusal::new("no_permission", "Nobody can react to this message"));
        }
        self.set_reaction(message.id, user, emoji).map(|_| ()).map_err(refused)
    }

    /// A person takes a reaction back.
    pub fn unreact(&mut self, user: &str, message_id: &str, emoji: &str) -> Result<(), Refusal> {
        let (user, message) = self.readable(user, message_id)?;
        self.unset_reaction(message.id, user, emoji);
        Ok(())
    }

    /// A person joins a voice channel of a guild, moves to another, or (with nothing) leaves.
    pub fn voice(&mut self, user: &str, guild: &str, channel: Option<&str>) -> Result<(), Refusal> {
        let (user_id, guild_id) = (self.need_user(user)?, self.need_guild(guild)?);
        let target = match channel {
            Some(name) => Some(self.named_in_guild(guild_id, name).map_or_else(|| self.need_channel(name, None), Ok)?),
            None => None,
        };
        let is_voice = |id: Id| self.world.channels.get(&id).is_some_and(|channel| channel.kind == ChannelKind::Voice);
        if target.is_some_and(|id| !is_voice(id)) {
            return Err(Refusal::new("unknown_channel", "That is no voice channel"));
        }
        let member = self.world.guilds.get_mut(&guild_id).and_then(|guild| guild.members.get_mut(&user_id));
        let member = member.ok_or_else(|| Refusal::new("not_a_member", "That user is not in this server"))?;
        member.voice_channel = target;
        let member = member.clone();
        let left = json!({"guild_id": guild_id, "channel_id": null, "user_id": user_id, "session_id": format!("voice{user_id}"),
            "deaf": false, "mute": false, "self_deaf": false, "self_mute": false, "self_video": false, "suppress": false,
            "request_to_speak_timestamp": null});
        let mut data = voice_state_json(guild_id, &member).unwrap_or(left);
        data["member"] = self.world.member_json(&member);
        let event = Event::state().in_guild(Some(guild_id));
        self.emit(event.dispatching("VOICE_STATE_UPDATE", intents::GUILD_VOICE_STATES, data));
        Ok(())
    }

    fn readable(&self, user: &str, message_id: &str) -> Result<(Id, StoredMessage), Refusal> {
        let user = self.need_user(user)?;
        let message = message_id.parse::<Id>().ok().and_then(|id| self.world.messages.get(&id));
        let message = message.filter(|message| {
            message.ephemeral_for.is_none_or(|only| only == user) && self.can_read(user, message.channel_id)
        });
        let message = message.ok_or_else(|| Refusal::new("unknown_message", "You do not see such a message"))?;
        Ok((user, message.clone()))
    }
}

/// What Discord would refuse, the client does not send.
fn refused(error: ApiError) -> Refusal {
    let detail = error.body().to_string();
    Refusal { detail, ..Refusal::new("refused", error.message) }
}
