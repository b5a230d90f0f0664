//! Purpose: what each gateway event does to the pipeline.

use super::{
    Pipeline,
    frame::{
        Channel, GuildCreate, GuildDelete, GuildUpdate, Member, MemberEvent, Message, MessagesDeleted, Reaction, Text,
        Threads, VoiceState,
    },
    guild::Guild,
    member::{Decided, Key, Reason},
};
use muster_core::xp::{self, Refusal, Silence};
use muster_protocol::{EventKind, Surface};
use serde::Deserialize;
use serde_json::{Result, value::RawValue};
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, GuildMarker, MessageMarker, UserMarker},
};

/// The first second of 2015, from which Discord counts (Discord's reference, "Snowflakes").
const DISCORD_EPOCH_MS: i64 = 1_420_070_400_000;

fn sent_at(message: Id<MessageMarker>) -> i64 {
    i64::try_from(message.get() >> 22).unwrap_or(0) + DISCORD_EPOCH_MS
}

impl Pipeline {
    pub(super) fn event(&mut self, shard: u32, name: &str, data: &RawValue, now: i64) -> Result<()> {
        match name {
            "MESSAGE_CREATE" => self.message(&Message::deserialize(data)?, now),
            "VOICE_STATE_UPDATE" => self.voice_state(VoiceState::deserialize(data)?, now),
            "GUILD_MEMBER_ADD" | "GUILD_MEMBER_UPDATE" | "GUILD_MEMBER_REMOVE" => {
                self.member(name, MemberEvent::deserialize(data)?, now);
            }
            "GUILD_CREATE" => self.guild_create(shard, GuildCreate::deserialize(data)?, now)?,
            "GUILD_UPDATE" => self.guild_update(&GuildUpdate::deserialize(data)?, now),
            "GUILD_DELETE" => self.guild_delete(&GuildDelete::deserialize(data)?, now),
            "CHANNEL_CREATE" | "CHANNEL_UPDATE" | "THREAD_CREATE" | "THREAD_UPDATE" => {
                self.channel(&Channel::deserialize(data)?, true);
            }
            "CHANNEL_DELETE" | "THREAD_DELETE" => self.channel(&Channel::deserialize(data)?, false),
            "THREAD_LIST_SYNC" => {
                let sync = Threads::deserialize(data)?;
                if let Some(guild) = self.guilds.get_mut(&sync.guild_id) {
                    sync.threads.iter().for_each(|thread| guild.set_parent(thread));
                }
            }
            "MESSAGE_UPDATE" if self.wanted.edits => self.edited(&Message::deserialize(data)?, now),
            "MESSAGE_DELETE" | "MESSAGE_DELETE_BULK" if self.wanted.deletions => {
                self.deleted(MessagesDeleted::deserialize(data)?, now);
            }
            "MESSAGE_REACTION_ADD" | "MESSAGE_REACTION_REMOVE" if self.wanted.reactions => {
                self.reaction(&Reaction::deserialize(data)?, name == "MESSAGE_REACTION_ADD", now);
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn message(&mut self, message: &Message<'_>, now: i64) {
        let (Some(guild_id), Some(author)) = (message.guild_id, &message.author) else { return };
        // 19 is a reply; all other kinds are Discord's own announcements or answers of applications.
        let is_automated = author.bot || message.webhook_id.is_some() || !matches!(message.kind, 0 | 19);
        let Some(guild) = self.guilds.get_mut(&guild_id).filter(|_| !is_automated) else { return };
        let Some(rules) = &guild.rules else { return };
        let at = sent_at(message.id);
        let places = guild.places(message.channel_id);
        let shown = message.content.as_ref().map(|Text(content)| content.as_ref());
        let text = shown.filter(|content| self.text_visible || !content.is_empty());
        let asked = xp::Message {
            id: message.id,
            at,
            is_automated,
            places: places.get(),
            roles: message.member.as_ref().map(|member| member.roles.as_slice()).unwrap_or_default(),
            text,
        };
        let key = (guild_id, author.id);
        let member = self.members.get(key);
        let outcome = xp::decide(&rules.levels.text, rules.zone, &mut member.recent, &asked);
        if outcome == Err(Refusal::Seen) {
            return;
        }
        self.counters.decided += 1;
        self.counters.earned += u64::from(outcome.is_ok());
        guild.count(message.channel_id, at, 1, 0);
        let day = guild.day(at);
        let earned = outcome.unwrap_or(0);
        let reason = outcome.err().map(Reason::Text);
        let decided = Decided(at, Surface::Text, message.channel_id, earned, reason);
        self.note(key, day, now, decided, |accrual| {
            accrual.text = accrual.text.saturating_add(earned);
            accrual.messages = accrual.messages.saturating_add(1);
        });
    }

    fn voice_state(&mut self, state: VoiceState, now: i64) {
        let Some(guild_id) = state.guild_id else { return };
        let (user, channel) = (state.user_id, state.channel_id);
        let Some(guild) = self.guilds.get_mut(&guild_id) else { return };
        let before = guild.occupants.get(&user).map(|occupant| occupant.channel);
        let silenced = guild.voice(now, state);
        self.silenced(guild_id, silenced, now);
        if self.wanted.voice && before != channel {
            self.wait(guild_id, now, EventKind::Voice { user, channel });
        }
    }

    /// Notes why somebody's time stopped counting.
    fn silenced(
        &mut self,
        guild_id: Id<GuildMarker>,
        silenced: Vec<(Id<UserMarker>, Id<ChannelMarker>, Silence)>,
        now: i64,
    ) {
        let Some(guild) = self.guilds.get_mut(&guild_id).filter(|guild| guild.rules.is_some()) else { return };
        let day = guild.day(now);
        for (user, channel, silence) in silenced {
            let decided = Decided(now, Surface::Voice, channel, 0, Some(Reason::Voice(silence)));
            self.note((guild_id, user), day, now, decided, |_| {});
        }
    }

    /// Pays the minutes in voice of a guild.
    pub(super) fn pay_voice(&mut self, guild_id: Id<GuildMarker>, now: i64) {
        let Some(guild) = self.guilds.get_mut(&guild_id) else { return };
        guild.voice_taken = now;
        guild.changed.voice = true;
        let taken = guild.floor.take_minutes(now);
        let day = guild.day(now);
        for (user, channel, minutes) in taken {
            self.pay((guild_id, user), channel, minutes, day, now);
        }
    }

    fn pay(&mut self, key: Key, channel: Id<ChannelMarker>, minutes: u32, day: i32, now: i64) {
        let Some(guild) = self.guilds.get_mut(&key.0) else { return };
        let Some(rules) = &guild.rules else { return };
        let places = guild.places(channel);
        let roles = guild.occupants.get(&key.1).map(|occupant| occupant.roles.as_slice()).unwrap_or_default();
        let outcome = rules.levels.earn_voice(rules.zone, roles, places.get(), now, minutes);
        let seconds = minutes.saturating_mul(60);
        guild.count(channel, now, 0, seconds);
        let earned = outcome.unwrap_or(0);
        let decided = Decided(now, Surface::Voice, channel, earned, outcome.err().map(Reason::Text));
        self.note(key, day, now, decided, |accrual| {
            if earned > 0 {
                accrual.voice = accrual.voice.saturating_add(earned);
                accrual.seconds = accrual.seconds.saturating_add(seconds);
            }
        });
    }

    fn guild_create(&mut self, shard: u32, mut create: GuildCreate<'_>, now: i64) -> Result<()> {
        if create.unavailable {
            return Ok(());
        }
        if let Some(members) = create.members.filter(|_| !create.voice_states.is_empty()) {
            let members = Vec::<Member>::deserialize(members)?;
            for state in create.voice_states.iter_mut().filter(|state| state.member.is_none()) {
                let is_them = |member: &&Member| member.user.as_ref().is_some_and(|user| user.id == state.user_id);
                state.member = members.iter().find(is_them).map(|member| Member {
                    user: member.user.as_ref().map(|user| super::frame::User { id: user.id, bot: user.bot }),
                    roles: member.roles.clone(),
                });
            }
        }
        let guild = self.guilds.entry(create.id).or_default();
        guild.shard = shard;
        guild.replace_places(create.channels.iter().chain(&create.threads));
        guild.voice_taken = now;
        guild.set_afk(now, create.afk_channel_id);
        let silenced = guild.replace_voice(now, create.voice_states);
        self.silenced(create.id, silenced, now);
        Ok(())
    }

    fn guild_update(&mut self, update: &GuildUpdate, now: i64) {
        if let Some(guild) = self.guilds.get_mut(&update.id) {
            guild.set_afk(now, update.afk_channel_id);
        }
    }

    fn guild_delete(&mut self, delete: &GuildDelete, now: i64) {
        if !self.guilds.contains_key(&delete.id) {
            return;
        }
        // What was earned until now stays; who is in voice during an outage is not known.
        self.pay_voice(delete.id, now);
        if delete.unavailable {
            if let Some(guild) = self.guilds.get_mut(&delete.id) {
                guild.replace_voice(now, Vec::new());
            }
            return;
        }
        self.report_counts(delete.id, now, true);
        // The rules stay: should the bot be added again, they hold at once.
        if let Some(Guild { rules, .. }) = self.guilds.remove(&delete.id)
            && rules.is_some()
        {
            self.guilds.entry(delete.id).or_default().rules = rules;
        }
        self.gone.push(delete.id);
    }

    fn channel(&mut self, channel: &Channel, is_there: bool) {
        let Some(guild) = channel.guild_id.and_then(|guild| self.guilds.get_mut(&guild)) else { return };
        if is_there {
            guild.set_parent(channel);
        } else {
            guild.remove_place(channel.id);
        }
    }

    fn member(&mut self, name: &str, event: MemberEvent, now: i64) {
        let MemberEvent { guild_id, user, roles } = event;
        let Some(guild) = self.guilds.get_mut(&guild_id) else { return };
        if let Some(occupant) = guild.occupants.get_mut(&user.id).filter(|_| name == "GUILD_MEMBER_UPDATE") {
            occupant.roles.clone_from(&roles);
            guild.changed.voice = true;
        }
        if guild.rules.is_none() {
            return;
        }
        match name {
            "GUILD_MEMBER_ADD" => self.wait(guild_id, now, EventKind::MemberJoined { user: user.id, bot: user.bot }),
            "GUILD_MEMBER_REMOVE" => self.wait(guild_id, now, EventKind::MemberLeft { user: user.id }),
            _ => {
                let kind = EventKind::MemberRoles { user: user.id, roles };
                // The newest roles replace those that were not reported yet.
                match self.roles.get(&(guild_id, user.id)).and_then(|place| self.events.get_mut(*place)) {
                    Some(waiting) => (waiting.at, waiting.kind) = (now, kind),
                    None => {
                        self.roles.insert((guild_id, user.id), self.events.len());
                        self.wait(guild_id, now, kind);
                    }
                }
            }
        }
        if name != "GUILD_MEMBER_UPDATE" {
            // Roles before and after leaving are two facts.
            self.roles.remove(&(guild_id, user.id));
        }
    }

    fn edited(&mut self, message: &Message<'_>, now: i64) {
        let Some(guild) = message.guild_id else { return };
        let after = message.content.as_ref().map(|Text(content)| content.clone().into_owned());
        let user = message.author.as_ref().map(|author| author.id);
        let (channel, message) = (message.channel_id, message.id);
        self.wait(guild, now, EventKind::MessageEdited { channel, message, user, before: None, after });
    }

    fn deleted(&mut self, deleted: MessagesDeleted, now: i64) {
        let Some(guild) = deleted.guild_id else { return };
        let messages = deleted.id.into_iter().chain(deleted.ids).collect();
        let kind = EventKind::MessagesDeleted { channel: deleted.channel_id, messages, user: None, content: None };
        self.wait(guild, now, kind);
    }

    fn reaction(&mut self, reaction: &Reaction<'_>, added: bool, now: i64) {
        let Some(guild) = reaction.guild_id else { return };
        let name = reaction.emoji.name.as_ref().map_or("", |Text(name)| name);
        let emoji = reaction.emoji.id.map_or_else(|| name.to_owned(), |id| format!("{name}:{id}"));
        let (user, channel, message) = (reaction.user_id, reaction.channel_id, reaction.message_id);
        self.wait(guild, now, EventKind::Reaction { user, channel, message, emoji, added });
    }
}
