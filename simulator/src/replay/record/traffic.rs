//! Purpose: what happens in a recording: conversations in bursts, replies, spam, edits, deletions, reactions, voice.

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::{
    events::intents,
    ids::{DISCORD_EPOCH_MS, timestamp},
    replay::file::Kind,
};

use super::{
    dice::Dice,
    guild::{self, Guild},
    people, words,
};

const TRAFFIC: u64 = 5;
/// Conversations going on at the same time.
const TALKS: usize = 96;
/// Messages of a conversation that may still be edited, deleted, answered or reacted to.
const REMEMBERED: usize = 12;

/// One event of a recording.
pub(super) struct Happening {
    pub kind: Kind,
    pub guild: u64,
    pub intents: u64,
    pub name: &'static str,
    pub data: Value,
}

/// A handful of people who write to each other for a while.
struct Talk {
    guild: usize,
    channel: u64,
    people: Vec<u64>,
    left: u64,
    /// One person who writes the same again and again.
    spam: Option<String>,
    messages: VecDeque<Value>,
}

/// The stream of everything that happens, without end.
pub(super) struct Traffic<'a> {
    seed: u64,
    guilds: &'a [Guild],
    /// Sums of the guilds' shares, for choosing one by its share.
    shares: Vec<u64>,
    dice: Dice,
    talks: Vec<Talk>,
    seats: Vec<(usize, u64, u64)>,
    /// Microseconds since the recording began.
    clock_us: u64,
    start_ms: u64,
    gap_us: u64,
    /// Percent of the average pace at the moment, and for how many events still.
    mood: (u64, u64),
    last_id: u64,
}

impl<'a> Traffic<'a> {
    pub(super) fn new(seed: u64, guilds: &'a [Guild], start_ms: u64, per_second: u64) -> Self {
        let mut sum = 0;
        // A guild of sixteen times the size talks eight times as much.
        let shares = guilds.iter().map(|guild| {
            sum += guild.members.isqrt() * guild.members.isqrt().isqrt() + 1;
            sum
        });
        let shares = shares.collect();
        let each = guilds.iter().enumerate();
        let seats =
            each.flat_map(|(at, guild)| guild.talking.iter().map(move |(member, channel)| (at, *member, *channel)));
        let seats = seats.collect();
        let dice = Dice::of(seed, TRAFFIC, 0);
        let gap_us = 1_000_000 / per_second.max(1);
        Self {
            seed,
            guilds,
            shares,
            dice,
            talks: Vec::new(),
            seats,
            clock_us: 0,
            start_ms,
            gap_us,
            mood: (100, 0),
            last_id: 0,
        }
    }

    /// The next event; nothing when there are no guilds.
    pub(super) fn next(&mut self) -> Option<Happening> {
        let slot = self.dice.below(TALKS as u64) as usize;
        while self.talks.len() <= slot || self.talks.get(slot).is_some_and(|talk| talk.left == 0) {
            let fresh = self.new_talk()?;
            match self.talks.get_mut(slot) {
                Some(ended) => *ended = fresh,
                None => self.talks.push(fresh),
            }
        }
        let happened = match self.dice.below(1_000) {
            0..815 => None,
            815..850 => self.edit(slot),
            850..862 => self.delete(slot),
            862..930 => self.react(slot, true),
            930..940 => self.react(slot, false),
            940..980 => self.voice(),
            980..985 => self.membership("GUILD_MEMBER_ADD"),
            985..989 => self.membership("GUILD_MEMBER_REMOVE"),
            _ => self.membership("GUILD_MEMBER_UPDATE"),
        };
        match happened {
            Some(happening) => Some(happening),
            None => self.message(slot),
        }
    }

    /// A message that says that a guild's traffic is over, by a bot, in the guild's first channel.
    pub(super) fn end(&mut self, guild: &Guild, bot: &Value) -> Happening {
        let id = self.tick();
        let mut data = self.blank(guild, guild.id, id);
        data["content"] = json!(super::END);
        data["author"] = bot.clone();
        data["member"] = people::member(self.seed, guild, 0);
        Happening { kind: Kind::End, guild: guild.id, intents: intents::GUILD_MESSAGES, name: "MESSAGE_CREATE", data }
    }

    /// Lets time pass until the next message, and gives its id.
    fn tick(&mut self) -> u64 {
        if self.mood.1 == 0 {
            self.mood = (self.dice.one_of(&[30, 60, 100, 100, 150, 400, 900]).max(1), self.dice.between(50, 400));
        }
        self.mood.1 -= 1;
        self.clock_us += self.dice.below(self.gap_us * 2 * 100 / self.mood.0 + 1);
        let base = (self.now_ms() - DISCORD_EPOCH_MS) << 22;
        self.last_id = base.max(self.last_id + 1);
        self.last_id
    }

    fn now_ms(&self) -> u64 {
        self.start_ms.max(DISCORD_EPOCH_MS) + self.clock_us / 1_000
    }

    fn new_talk(&mut self) -> Option<Talk> {
        let sum = *self.shares.last()?;
        let at = self.dice.below(sum);
        let guild = self.shares.partition_point(|share| *share <= at);
        let place = self.guilds.get(guild)?;
        let channel = self.dice.skewed(place.text.len() as u64) as usize;
        let spam = self.dice.often(25).then(|| words::spam(&mut self.dice));
        let crowd = if spam.is_some() { 1 } else { self.dice.between(1, 6) };
        let people = (0..crowd).map(|_| self.dice.skewed(place.members)).collect();
        let left = if spam.is_some() { self.dice.between(4, 25) } else { 1 + self.dice.skewed(60) };
        Some(Talk { guild, channel: *place.text.get(channel)?, people, left, spam, messages: VecDeque::new() })
    }

    fn message(&mut self, slot: usize) -> Option<Happening> {
        let id = self.tick();
        let talk = self.talks.get(slot)?;
        let guild = self.guilds.get(talk.guild)?;
        let (seed, channel, spam) = (self.seed, talk.channel, talk.spam.clone());
        let writer = self.dice.one_of(&talk.people);
        let answered = talk.messages.back().filter(|_| spam.is_none()).cloned();
        let mut data = self.blank(guild, channel, id);
        data["author"] = people::user(seed, guild, writer);
        data["member"] = people::member(seed, guild, writer);
        data["nonce"] = json!((id + (self.dice.below(400) << 22)).to_string());
        data["content"] = json!(spam.unwrap_or_else(|| words::content(&mut self.dice)));
        self.decorate(&mut data, guild, channel, answered);
        let talk = self.talks.get_mut(slot)?;
        talk.left -= 1;
        talk.messages.push_back(data.clone());
        if talk.messages.len() > REMEMBERED {
            talk.messages.pop_front();
        }
        Some(Happening {
            kind: Kind::Message,
            guild: guild.id,
            intents: intents::GUILD_MESSAGES,
            name: "MESSAGE_CREATE",
            data,
        })
    }

    /// A message as every message is.
    fn blank(&self, guild: &Guild, channel: u64, id: u64) -> Value {
        json!({
            "type": 0, "tts": false, "timestamp": timestamp(self.now_ms()), "pinned": false, "mentions": [], "mention_roles": [],
            "mention_everyone": false, "id": id.to_string(), "flags": 0, "embeds": [], "edited_timestamp": null, "content": "",
            "components": [], "channel_type": 0, "channel_id": channel.to_string(), "attachments": [], "guild_id": guild.id.to_string(),
        })
    }

    /// What some messages have: an answered message, mentions, emojis, pictures, previews; some are written by bots.
    fn decorate(&mut self, data: &mut Value, guild: &Guild, channel: u64, answered: Option<Value>) {
        let dice = &mut self.dice;
        if let Some(mut answered) = answered.filter(|_| dice.often(180)) {
            data["type"] = json!(19);
            data["message_reference"] = json!({
                "type": 0, "channel_id": channel.to_string(), "message_id": answered["id"], "guild_id": guild.id.to_string(),
            });
            let mut mentioned = answered["author"].clone();
            mentioned["member"] = answered["member"].take();
            data["mentions"] = json!([mentioned]);
            if let Some(map) = answered.as_object_mut() {
                map.retain(|key, _| !["member", "guild_id", "referenced_message", "nonce"].contains(&key.as_str()));
            }
            data["referenced_message"] = answered;
        }
        let mut add =
            |text: String| data["content"] = json!(format!("{} {text}", data["content"].as_str().unwrap_or("")));
        if dice.often(40) {
            let member = dice.skewed(guild.members);
            add(format!("<@{}>", people::user_id(self.seed, guild, member)));
            let mut user = people::user(self.seed, guild, member);
            user["member"] = people::member(self.seed, guild, member);
            if let Some(list) = data["mentions"].as_array_mut() {
                list.push(user);
            }
        } else if dice.often(60) && !guild.emojis.is_empty() {
            add(format!("<:{}:{}>", words::word(dice), dice.one_of(&guild.emojis)));
        } else if dice.often(12) && !guild.roles.is_empty() {
            let role = dice.one_of(&guild.roles);
            add(format!("<@&{role}>"));
            data["mention_roles"] = json!([role.to_string()]);
        }
        if dice.often(45) {
            data["attachments"] = json!([picture(dice, channel)]);
            if dice.often(500) {
                data["content"] = json!("");
            }
        }
        if dice.often(30) {
            let (title, text) = (words::name(dice), words::content(dice));
            data["embeds"] = json!([{
                "type": "article", "url": "https://example.org/article", "title": title, "description": text, "content_scan_version": 1,
                "thumbnail": {"url": "https://example.org/a.png", "proxy_url": "https://images.example.org/a.png", "width": 1200, "height": 630},
            }]);
        }
        if dice.often(35) {
            data["author"]["bot"] = json!(true);
            data["author"]["discriminator"] = json!(format!("{:04}", dice.below(10_000)));
            data["application_id"] = data["author"]["id"].clone();
        }
    }

    /// A remembered message of a conversation, with what every event about it repeats.
    fn remembered(&mut self, slot: usize) -> Option<(Value, &'a Guild)> {
        let talk = self.talks.get(slot)?;
        let at = self.dice.below(talk.messages.len() as u64) as usize;
        Some((talk.messages.get(at)?.clone(), self.guilds.get(talk.guild)?))
    }

    fn edit(&mut self, slot: usize) -> Option<Happening> {
        let (mut data, guild) = self.remembered(slot)?;
        data["edited_timestamp"] = json!(timestamp(self.now_ms()));
        data["content"] = json!(format!("{}*", data["content"].as_str().unwrap_or_default()));
        data.as_object_mut().map(|map| map.remove("nonce"));
        Some(other(guild, intents::GUILD_MESSAGES, "MESSAGE_UPDATE", data))
    }

    fn delete(&mut self, slot: usize) -> Option<Happening> {
        let talk = self.talks.get_mut(slot)?;
        let message = talk.messages.pop_front()?;
        let guild = self.guilds.get(talk.guild)?;
        let data = json!({"id": message["id"], "channel_id": message["channel_id"], "guild_id": guild.id.to_string()});
        Some(other(guild, intents::GUILD_MESSAGES, "MESSAGE_DELETE", data))
    }

    fn react(&mut self, slot: usize, adds: bool) -> Option<Happening> {
        let (message, guild) = self.remembered(slot)?;
        let member = self.dice.skewed(guild.members);
        let mut data = json!({
            "user_id": people::user_id(self.seed, guild, member).to_string(), "type": 0, "message_id": message["id"],
            "channel_id": message["channel_id"], "guild_id": guild.id.to_string(), "burst": false,
            "emoji": {"id": null, "name": words::emoji(&mut self.dice)},
        });
        if adds {
            data["member"] = people::member(self.seed, guild, member);
            data["member"]["user"] = people::user(self.seed, guild, member);
            data["message_author_id"] = message["author"]["id"].clone();
        }
        let name = if adds { "MESSAGE_REACTION_ADD" } else { "MESSAGE_REACTION_REMOVE" };
        Some(other(guild, intents::GUILD_MESSAGE_REACTIONS, name, data))
    }

    /// Somebody joins, changes or leaves a voice channel.
    fn voice(&mut self) -> Option<Happening> {
        let joins = self.seats.is_empty() || self.dice.often(450);
        let at = self.dice.below(self.seats.len() as u64) as usize;
        let (guild, member, channel) = if joins {
            let sum = *self.shares.last()?;
            let share = self.dice.below(sum);
            let guild = self.shares.partition_point(|known| *known <= share);
            let place = self.guilds.get(guild)?;
            (guild, self.dice.skewed(place.members), Some(self.dice.one_of(&place.voice)))
        } else if self.dice.often(700) {
            let (guild, member, _) = self.seats.swap_remove(at);
            (guild, member, None)
        } else {
            let (guild, member, channel) = *self.seats.get(at)?;
            (guild, member, Some(channel))
        };
        if joins {
            self.seats.retain(|(known, who, _)| (*known, *who) != (guild, member));
            self.seats.push((guild, member, channel?));
        }
        let place = self.guilds.get(guild)?;
        let data = guild::voice_state(self.seed, place, member, channel, &mut self.dice);
        Some(other(place, intents::GUILD_VOICE_STATES, "VOICE_STATE_UPDATE", data))
    }

    fn membership(&mut self, name: &'static str) -> Option<Happening> {
        let sum = *self.shares.last()?;
        let share = self.dice.below(sum);
        let guild = self.guilds.get(self.shares.partition_point(|known| *known <= share))?;
        // Who comes and goes is nobody of the first members, who do the talking.
        let member = guild.members / 2 + self.dice.below(guild.members / 2 + 1);
        let user = people::user(self.seed, guild, member);
        let mut data = json!({"user": user, "guild_id": guild.id.to_string()});
        if name != "GUILD_MEMBER_REMOVE" {
            data = people::member(self.seed, guild, member);
            data["user"] = user;
            data["guild_id"] = json!(guild.id.to_string());
        }
        Some(other(guild, intents::GUILD_MEMBERS, name, data))
    }
}

fn other(guild: &Guild, intents: u64, name: &'static str, data: Value) -> Happening {
    Happening { kind: Kind::Other, guild: guild.id, intents, name, data }
}

fn picture(dice: &mut Dice, channel: u64) -> Value {
    let (id, width, height) = (1 << 60 | dice.next() >> 4, dice.between(200, 2_400), dice.between(200, 2_400));
    let address = format!("/attachments/{channel}/{id}/image.png?ex=6840a3f1&is=683f5271&hm={:016x}", dice.next());
    json!({
        "id": id.to_string(), "filename": "image.png", "size": dice.between(9_000, 4_000_000), "content_type": "image/png",
        "url": format!("https://cdn.discordapp.com{address}"), "proxy_url": format!("https://media.discordapp.net{address}"),
        "width": width, "height": height, "placeholder": "2/cFDYJneIiPh4eHeA==", "placeholder_version": 1, "content_scan_version": 1,
    })
}
