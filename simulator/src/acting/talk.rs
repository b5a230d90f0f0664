//! Purpose: people talking: messages, edits, deletions and reactions of their own.

use serde_json::json;

use crate::{
    Sim,
    check::message::{self, Source},
    ids::Id,
    look::Message,
    permissions as p,
    post::Posting,
    rest::ApiError,
    world::{Channel, ChannelKind, StoredMessage},
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

    /// A message of another kind than people write: 7 for "joined", 8 for a boost, 6 for a pin (Discord reference,
    /// "Message Types"). Nobody typed it, so it has no content.
    pub fn system_message(&mut self, user: &str, channel: &str, kind: u8) -> Result<Message, Refusal> {
        let user = self.need_user(user)?;
        let channel = self.need_channel(channel, Some(user))?;
        let posting = Posting { kind, ..Posting::plain(user, channel) };
        self.put(posting, "nobody typed this")
    }

    /// The webhook of a channel writes under a name. Each channel has one webhook, made when it is first used.
    pub fn webhook_say(&mut self, channel: &str, name: &str, content: &str) -> Result<Message, Refusal> {
        let channel = self.need_channel(channel, None)?;
        let webhook = match self.world.webhooks.get(&channel) {
            Some(known) => *known,
            None => self.world.next_id(),
        };
        self.world.webhooks.insert(channel, webhook);
        let posting = Posting { webhook: Some(name.to_owned()), ..Posting::plain(webhook, channel) };
        self.put(posting, content)
    }

    fn put(&mut self, posting: Posting, content: &str) -> Result<Message, Refusal> {
        let mut draft = message::read_new(&json!({"content": content}), &[], Source::Bot).map_err(refused)?;
        if posting.kind != 0 {
            draft.content.clear();
        }
        let id = self.post(posting, draft, Vec::new());
        self.message(&id.to_string()).ok_or_else(|| Refusal::new("unknown_message", "The message is gone"))
    }

    /// A person changes the text of their own message.
    pub fn edit_message(&mut self, user: &str, message_id: &str, content: &str) -> Result<Message, Refusal> {
        let (user, message) = self.readable(user, message_id)?;
        if message.author != user {
            return Err(Refusal::new("no_permission", "You cannot edit somebody else's message"));
        }
        let draft = message::read_edit(&message, &json!({"content": content}), &[], Source::Bot).map_err(refused)?;
        self.apply_edit(message.id, draft, Vec::new());
        self.message(message_id).ok_or_else(|| Refusal::new("unknown_message", "The message is gone"))
    }

    /// Somebody with the right clears several messages of a channel at once, as moderation bots do.
    pub fn delete_messages(&mut self, user: &str, message_ids: &[&str]) -> Result<(), Refusal> {
        let mut ids = Vec::new();
        for id in message_ids {
            let (user, message) = self.readable(user, id)?;
            if self.world.permissions_in(user, message.channel_id) & p::MANAGE_MESSAGES == 0 {
                return Err(Refusal::new("no_permission", "You cannot delete these messages"));
            }
            ids.push(message.id);
        }
        self.remove_messages(&ids);
        Ok(())
    }

    /// A person starts a public thread in a text channel, on a message of it if one is named, and gives the thread's id.
    pub fn start_thread(
        &mut self,
        user: &str,
        channel: &str,
        name: &str,
        message_id: Option<&str>,
    ) -> Result<String, Refusal> {
        let user_id = self.need_user(user)?;
        let parent = self.need_channel(channel, Some(user_id))?;
        if self.world.permissions_in(user_id, parent) & p::CREATE_PUBLIC_THREADS == 0 {
            return Err(Refusal::new("no_permission", "You do not have permission to create threads here"));
        }
        let parent = self.world.channels.get(&parent).cloned();
        let threads = |parent: &Channel| matches!(parent.kind, ChannelKind::Text | ChannelKind::Announcement);
        let Some(parent) = parent.filter(threads) else {
            return Err(Refusal::new("unknown_channel", "There are no threads in such a channel"));
        };
        let start = message_id.map(|id| self.readable(user, id)).transpose()?.map(|(_, message)| message);
        if start.as_ref().is_some_and(|start| start.thread_id.is_some() || start.channel_id != parent.id) {
            return Err(Refusal::new("refused", "This message cannot start a thread here"));
        }
        let id = start.as_ref().map_or_else(|| self.world.next_id(), |start| start.id);
        self.put_thread(&parent, id, ChannelKind::PublicThread, user_id, name);
        self.emit_channel("CHANNEL_CREATE", id);
        if start.is_some() {
            self.tie_thread(id);
        }
        Ok(id.to_string())
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
