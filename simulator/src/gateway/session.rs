//! Purpose: one gateway session: what it subscribed to, what went out under which number, what an event becomes for it.

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::{
    Sim,
    events::{Dispatch, Event, intents},
    ids::Id,
};

use super::Act;

pub(super) struct Session {
    pub(super) intents: u64,
    pub(super) shard: (u64, u64),
    /// From how many members on a guild counts as large.
    pub(super) large_threshold: u64,
    pub(super) seq: u64,
    /// The last number that went out on the connection that carries it.
    pub(super) delivered: u64,
    /// Events kept for a resume, with their numbers.
    pub(super) events: VecDeque<(u64, Value)>,
    pub(super) orders: VecDeque<Act>,
    /// The connection that carries it. Of two the younger one does.
    pub(super) carrier: u64,
    /// Since when no connection carries it, in milliseconds of the server's own clock.
    pub(super) lost_at_ms: Option<u64>,
    /// Discord has given it up: nobody can resume it any more.
    pub(super) forgotten: bool,
}

impl Session {
    pub(super) fn new(intents: u64, shard: (u64, u64), large_threshold: u64, carrier: u64) -> Self {
        let (events, orders) = (VecDeque::new(), VecDeque::new());
        Self {
            intents,
            shard,
            large_threshold,
            seq: 0,
            delivered: 0,
            events,
            orders,
            carrier,
            lost_at_ms: None,
            forgotten: false,
        }
    }

    pub(super) fn push(&mut self, name: &str, data: Value) {
        self.seq += 1;
        self.events.push_back((self.seq, json!({"op": 0, "t": name, "s": self.seq, "d": data})));
    }

    /// Lets go of the oldest events beyond this number. What a live connection has not been given yet stays.
    pub(super) fn trim(&mut self, kept: usize) {
        let delivered = if self.lost_at_ms.is_some() { self.seq } else { self.delivered };
        while self.events.len() > kept && self.events.front().is_some_and(|(seq, _)| *seq <= delivered) {
            self.events.pop_front();
        }
    }

    /// Whether everything after this number is still there.
    pub(super) fn remembers(&self, seq: u64) -> bool {
        let missed = self.seq.saturating_sub(seq);
        !self.forgotten && usize::try_from(missed).is_ok_and(|missed| missed <= self.events.len())
    }

    /// The newest event that went out (of this name, when one is given).
    pub(super) fn last(&self, name: Option<&str>) -> Option<&Value> {
        let mut events = self.events.iter().rev().map(|(_, event)| event);
        events.find(|event| name.is_none_or(|name| event["t"] == name))
    }

    pub(super) fn describe(&self, id: &str) -> Value {
        json!({
            "session_id": id,
            "seq": self.seq,
            "intents": self.intents,
            "connected": self.lost_at_ms.is_none(),
            "resumable": !self.forgotten,
            "shard": [self.shard.0, self.shard.1],
        })
    }

    /// Whether an event is for this session, by intents and shard.
    pub(super) fn gets(&self, event: &Event, dispatch: &Dispatch) -> bool {
        let wanted = dispatch.intents == 0 || self.intents & dispatch.intents != 0;
        // Direct messages go to shard 0.
        let shard = event.guild.map_or(self.shard.0 == 0, |guild| on_shard(guild, self.shard));
        event.only_for.is_none() && wanted && shard
    }

    /// The data as this session gets it.
    pub(super) fn view(&self, sim: &Sim, name: &str, mut data: Value) -> Value {
        match name {
            "GUILD_CREATE" => self.thin_out(sim, &mut data),
            "MESSAGE_CREATE" | "MESSAGE_UPDATE" if self.intents & intents::MESSAGE_CONTENT == 0 => {
                strip_content(sim.app, &mut data);
            }
            _ => {}
        }
        data
    }

    /// Without the intent for presences a guild comes with the bot itself and with whoever is in voice.
    fn thin_out(&self, sim: &Sim, guild: &mut Value) {
        guild["large"] = json!(guild["member_count"].as_u64().unwrap_or(0) > self.large_threshold);
        if self.intents & intents::GUILD_PRESENCES != 0 {
            return;
        }
        let mut kept: Vec<Value> = guild["voice_states"].as_array().into_iter().flatten().map(user_of_state).collect();
        kept.push(json!(sim.app));
        if let Some(members) = guild["members"].as_array_mut() {
            members.retain(|member| kept.contains(&member["user"]["id"]));
        }
    }
}

fn user_of_state(state: &Value) -> Value {
    state["user_id"].clone()
}

/// Without the intent for content, messages come without any, unless they are the bot's own, direct, or mention it.
fn strip_content(app: Id, message: &mut Value) {
    if message["referenced_message"].is_object() {
        message["referenced_message"]["guild_id"] = message["guild_id"].clone();
        strip_content(app, &mut message["referenced_message"]);
        if let Some(map) = message["referenced_message"].as_object_mut() {
            map.remove("guild_id");
        }
    }
    let app = json!(app);
    let mentioned = message["mentions"].as_array().is_some_and(|users| users.iter().any(|user| user["id"] == app));
    if message["author"]["id"] == app || message["guild_id"].is_null() || mentioned {
        return;
    }
    message["content"] = json!("");
    for key in ["embeds", "attachments", "components"] {
        message[key] = json!([]);
    }
    if let Some(map) = message.as_object_mut() {
        map.remove("poll");
    }
}

/// Which shard a guild belongs to (Discord reference, "Sharding").
pub(super) fn on_shard(guild: Id, (id, count): (u64, u64)) -> bool {
    (guild.0 >> 22) % count.max(1) == id
}
