//! Purpose: what happened, for those who watch: the playground page (server-sent events) and gateway sessions.

use serde_json::{Value, json};

use crate::{Sim, ids::Id};

/// How many events are kept for a watcher that has not fetched them; older ones are dropped first.
const KEPT: usize = 10_000;

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct Event {
    /// `message_create`, `message_update`, `message_delete`, `state`, `clock` or `interaction`.
    pub kind: &'static str,
    pub guild: Option<Id>,
    pub channel: Option<Id>,
    /// Only this user may see it (ephemeral messages).
    pub only_for: Option<Id>,
    pub data: Value,
    /// What a gateway session gets, when it has the intents for it.
    pub dispatch: Option<Dispatch>,
}

/// A gateway event: its name, its data, and the intents of which one is enough (0: everybody gets it).
#[derive(Clone, Debug)]
pub struct Dispatch {
    pub name: &'static str,
    pub data: Value,
    pub intents: u64,
}

impl Event {
    /// Members, roles, channels or commands changed: read the state anew.
    pub fn state() -> Self {
        Self::bare("state", Value::Null)
    }

    /// An event without place or gateway form.
    pub fn bare(kind: &'static str, data: Value) -> Self {
        Self { kind, guild: None, channel: None, only_for: None, data, dispatch: None }
    }

    pub(crate) fn in_guild(mut self, guild: Option<Id>) -> Self {
        self.guild = guild;
        self
    }

    pub(crate) fn dispatching(mut self, name: &'static str, intents: u64, data: Value) -> Self {
        self.dispatch = Some(Dispatch { name, data, intents });
        self
    }
}

/// Gateway intents by the events they bring (Discord reference, "List of Intents").
pub mod intents {
    pub const GUILDS: u64 = 1;
    pub const GUILD_MEMBERS: u64 = 1 << 1;
    pub const GUILD_MODERATION: u64 = 1 << 2;
    pub const GUILD_VOICE_STATES: u64 = 1 << 7;
    pub const GUILD_PRESENCES: u64 = 1 << 8;
    pub const GUILD_MESSAGES: u64 = 1 << 9;
    pub const GUILD_MESSAGE_REACTIONS: u64 = 1 << 10;
    pub const DIRECT_MESSAGES: u64 = 1 << 12;
    pub const DIRECT_MESSAGE_REACTIONS: u64 = 1 << 13;
    pub const MESSAGE_CONTENT: u64 = 1 << 15;
    /// Every intent that exists: bits 0-16, 20, 21, 24 and 25.
    pub const ALL: u64 = 0x1_ffff | 1 << 20 | 1 << 21 | 1 << 24 | 1 << 25;
    /// Those an application must be granted.
    pub const PRIVILEGED: u64 = GUILD_MEMBERS | GUILD_PRESENCES | MESSAGE_CONTENT;
}

impl Sim {
    pub(crate) fn emit(&mut self, mut event: Event) {
        if !self.concerns_app(&event) {
            event.dispatch = None;
        }
        if self.events.len() >= KEPT {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// Whether the bot is where it happened and sees it, at the moment it happens: a moment later all may be gone.
    fn concerns_app(&self, event: &Event) -> bool {
        let leaving = event.dispatch.as_ref().is_some_and(|dispatch| dispatch.name == "GUILD_DELETE");
        let joined = |id: Id| self.world.guilds.get(&id).is_some_and(|guild| guild.members.contains_key(&self.app));
        event.guild.is_none_or(|guild| leaving || joined(guild))
            && event.channel.is_none_or(|channel| self.can_read(self.app, channel))
    }

    /// What happened since the last call, oldest first.
    pub fn take_events(&mut self) -> Vec<Event> {
        self.events.drain(..).collect()
    }

    pub(crate) fn emit_message(&mut self, kind: &'static str, id: Id) {
        let Some(message) = self.world.messages.get(&id) else {
            return;
        };
        let (guild, channel, only_for) = (message.guild_id, message.channel_id, message.ephemeral_for);
        let mut dispatch = self.message_json(message, self.app);
        if let Some(guild_id) = guild {
            dispatch["guild_id"] = json!(guild_id);
            // Webhooks are no members; their ids never are in the list.
            let member = self.world.guilds.get(&guild_id).and_then(|guild| guild.members.get(&message.author));
            if let Some(member) = member {
                dispatch["member"] = self.world.member_json_without_user(member);
            }
        }
        let name = if kind == "message_create" { "MESSAGE_CREATE" } else { "MESSAGE_UPDATE" };
        let intents = if guild.is_some() { intents::GUILD_MESSAGES } else { intents::DIRECT_MESSAGES };
        let mut event = Event::bare(kind, json!({"id": id, "channel_id": channel, "guild_id": guild}));
        (event.guild, event.channel, event.only_for) = (guild, Some(channel), only_for);
        // Ephemeral messages never reach the gateway.
        if only_for.is_none() {
            event = event.dispatching(name, intents, dispatch);
        }
        self.emit(event);
    }

    pub(crate) fn emit_message_delete(&mut self, id: Id, channel: Id, guild: Option<Id>, only_for: Option<Id>) {
        let mut data = json!({"id": id, "channel_id": channel});
        if let Some(guild) = guild {
            data["guild_id"] = json!(guild);
        }
        let intents = if guild.is_some() { intents::GUILD_MESSAGES } else { intents::DIRECT_MESSAGES };
        let mut event = Event::bare("message_delete", data.clone());
        (event.guild, event.channel, event.only_for) = (guild, Some(channel), only_for);
        if only_for.is_none() {
            event = event.dispatching("MESSAGE_DELETE", intents, data);
        }
        self.emit(event);
    }

    pub(crate) fn emit_bulk_delete(&mut self, ids: &[Id], channel: Id, guild: Option<Id>) {
        for (index, id) in ids.iter().enumerate() {
            let mut event = Event::bare("message_delete", json!({"id": id, "channel_id": channel, "guild_id": guild}));
            (event.guild, event.channel) = (guild, Some(channel));
            if index == 0 {
                let data = json!({"ids": ids, "channel_id": channel, "guild_id": guild});
                event = event.dispatching("MESSAGE_DELETE_BULK", intents::GUILD_MESSAGES, data);
            }
            self.emit(event);
        }
    }

    pub(crate) fn emit_member(&mut self, name: &'static str, guild: Id, user: Id) {
        let Some(data) = self.member_event_data(guild, user) else {
            return;
        };
        // Changes of the bot's own membership come without the privileged intent.
        let own = user == self.app && name == "GUILD_MEMBER_UPDATE";
        let intents = if own { intents::GUILDS } else { intents::GUILD_MEMBERS };
        self.emit(Event::state().in_guild(Some(guild)).dispatching(name, intents, data));
    }

    /// GUILD_UPDATE: what `GET /guilds/{guild_id}` answers now.
    pub(crate) fn emit_guild_update(&mut self, guild: Id) {
        let Some(data) = self.world.guilds.get(&guild).map(|guild| self.world.guild_json(guild)) else {
            return;
        };
        self.emit(Event::state().in_guild(Some(guild)).dispatching("GUILD_UPDATE", intents::GUILDS, data));
    }

    fn member_event_data(&self, guild: Id, user: Id) -> Option<Value> {
        let member = self.world.guilds.get(&guild)?.members.get(&user)?;
        let mut data = self.world.member_json(member);
        data["guild_id"] = json!(guild);
        Some(data)
    }
}
