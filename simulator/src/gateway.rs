//! Purpose: the gateway without sockets: sessions, sequence numbers, replay, heartbeats, close codes
//! (Discord reference, "Gateway"). The server feeds it text and sends what it says.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use crate::{
    Sim,
    events::{Dispatch, Event, intents},
    ids::Id,
};

/// Heartbeat interval Discord hands out, in milliseconds.
const HEARTBEAT_MS: u64 = 41_250;
/// Largest payload an application may send, in bytes.
const MAX_PAYLOAD: usize = 4_096;
/// Payloads an application may send in a minute.
const MAX_PER_MINUTE: usize = 120;
/// Events kept for a resume. Discord names no number.
const KEPT: usize = 2_000;
/// How long a lost session can be resumed. Discord names no number; some minutes are seen.
const RESUMABLE_MS: u64 = 3 * 60 * 1_000;

/// Close codes (Discord reference, "Gateway Close Event Codes").
pub mod close {
    pub const UNKNOWN_OPCODE: u16 = 4001;
    pub const DECODE_ERROR: u16 = 4002;
    pub const NOT_AUTHENTICATED: u16 = 4003;
    pub const AUTHENTICATION_FAILED: u16 = 4004;
    pub const ALREADY_AUTHENTICATED: u16 = 4005;
    pub const INVALID_SEQUENCE: u16 = 4007;
    pub const RATE_LIMITED: u16 = 4008;
    pub const SESSION_TIMED_OUT: u16 = 4009;
    pub const INVALID_SHARD: u16 = 4010;
    pub const INVALID_VERSION: u16 = 4012;
    pub const INVALID_INTENTS: u16 = 4013;
    pub const DISALLOWED_INTENTS: u16 = 4014;
}

/// What the server is to do on a connection.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    Send(Value),
    Close(u16),
}

/// Something Discord does to all connections on its own account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Op 7.
    Reconnect,
    /// Op 9; the session survives only if `resumable`.
    Invalidate { resumable: bool },
    /// Closes with this code.
    Close(u16),
}

struct Session {
    intents: u64,
    shard: (u64, u64),
    seq: u64,
    events: VecDeque<(u64, Value)>,
    orders: VecDeque<Act>,
    /// Since when no connection carries it, in milliseconds of the server's own clock.
    lost_at_ms: Option<u64>,
}

/// One websocket connection.
pub struct Connection {
    session: Option<String>,
    /// Last sequence number that went out on it.
    sent: u64,
    heard_at_ms: u64,
    received_at_ms: VecDeque<u64>,
}

/// All sessions, and how the gateway behaves. Times (`at_ms`) are the server's own and only go forward.
pub struct Gateway {
    sessions: BTreeMap<String, Session>,
    pub heartbeat_interval_ms: u64,
    /// Intents the application was granted; others are refused with 4014.
    pub allowed_intents: u64,
    /// Whether heartbeats are acknowledged; without, clients must notice that the connection is dead.
    pub acknowledges: bool,
    identified: u64,
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            sessions: BTreeMap::new(),
            heartbeat_interval_ms: HEARTBEAT_MS,
            allowed_intents: intents::ALL,
            acknowledges: true,
            identified: 0,
        }
    }
}

impl Gateway {
    /// A new connection with its query string: HELLO, or 4012 for another version than 10.
    pub fn open(&self, query: &str, at_ms: u64) -> (Connection, Vec<Act>) {
        let connection = Connection { session: None, sent: 0, heard_at_ms: at_ms, received_at_ms: VecDeque::new() };
        let version = query.split('&').find_map(|pair| pair.strip_prefix("v="));
        if version != Some("10") {
            return (connection, vec![Act::Close(close::INVALID_VERSION)]);
        }
        let hello = json!({"op": 10, "d": {"heartbeat_interval": self.heartbeat_interval_ms, "_trace": []}});
        (connection, vec![Act::Send(hello)])
    }

    /// A text message from the application.
    pub fn receive(&mut self, sim: &mut Sim, connection: &mut Connection, text: &str, at_ms: u64) -> Vec<Act> {
        connection.received_at_ms.retain(|then| at_ms.saturating_sub(*then) < 60_000);
        connection.received_at_ms.push_back(at_ms);
        if connection.received_at_ms.len() > MAX_PER_MINUTE {
            return vec![Act::Close(close::RATE_LIMITED)];
        }
        let parsed = serde_json::from_str::<Value>(text).ok().filter(|_| text.len() <= MAX_PAYLOAD);
        let Some(payload) = parsed else {
            return vec![Act::Close(close::DECODE_ERROR)];
        };
        let data = &payload["d"];
        match payload["op"].as_u64() {
            Some(1) => {
                connection.heard_at_ms = at_ms;
                if self.acknowledges { vec![Act::Send(json!({"op": 11}))] } else { Vec::new() }
            }
            Some(2 | 6) if connection.session.is_some() => {
                vec![Act::Close(close::ALREADY_AUTHENTICATED)]
            }
            Some(2) => self.identify(sim, connection, data),
            Some(6) => self.resume(sim, connection, data, at_ms),
            Some(3 | 4 | 8) if connection.session.is_none() => {
                vec![Act::Close(close::NOT_AUTHENTICATED)]
            }
            Some(3 | 4) => Vec::new(),
            Some(8) => self.request_members(sim, connection, data),
            _ => vec![Act::Close(close::UNKNOWN_OPCODE)],
        }
    }

    fn identify(&mut self, sim: &mut Sim, connection: &mut Connection, data: &Value) -> Vec<Act> {
        if !right_token(sim, data) {
            return vec![Act::Close(close::AUTHENTICATION_FAILED)];
        }
        let Some(wanted) = data["intents"].as_u64().filter(|bits| bits & !intents::ALL == 0) else {
            return vec![Act::Close(close::INVALID_INTENTS)];
        };
        if wanted & intents::PRIVILEGED & !self.allowed_intents != 0 {
            return vec![Act::Close(close::DISALLOWED_INTENTS)];
        }
        let shard = match &data["shard"] {
            Value::Null => Some((0, 1)),
            shard => shard[0].as_u64().zip(shard[1].as_u64()).filter(|(id, count)| id < count),
        };
        let Some(shard) = shard else {
            return vec![Act::Close(close::INVALID_SHARD)];
        };
        self.identified += 1;
        let id = sim.secret("gateway session").chars().take(32).collect::<String>();
        let events = VecDeque::new();
        let session = Session { intents: wanted, shard, seq: 0, events, orders: VecDeque::new(), lost_at_ms: None };
        self.sessions.insert(id.clone(), session);
        connection.session = Some(id.clone());
        self.greet(sim, &id, shard);
        self.pending(connection)
    }

    /// READY with the guilds as unavailable, then each of them.
    fn greet(&mut self, sim: &Sim, id: &str, shard: (u64, u64)) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        let guilds: Vec<Id> =
            sim.guilds().filter(|guild| guild.installed && on_shard(guild.id, shard)).map(|g| g.id).collect();
        let mut user = sim.world.user_json_by_id(sim.app);
        user["mfa_enabled"] = json!(true);
        user["verified"] = json!(true);
        user["email"] = Value::Null;
        let ready = json!({
            "v": 10,
            "user": user,
            "guilds": guilds.iter().map(|guild| json!({"id": guild, "unavailable": true})).collect::<Vec<_>>(),
            "session_id": id,
            "resume_gateway_url": gateway_url(sim),
            "shard": [shard.0, shard.1],
            "application": {"id": sim.app, "flags": 0},
            "session_type": "normal",
            "private_channels": [],
            "presences": [],
            "relationships": [],
            "user_settings": {},
            "geo_ordered_rtc_regions": [],
            "_trace": [],
        });
        session.push("READY", ready);
        if session.intents & intents::GUILDS == 0 {
            return;
        }
        for guild in guilds {
            session.push("GUILD_CREATE", sim.world.guild_create_json(guild));
        }
    }

    fn resume(&mut self, sim: &Sim, connection: &mut Connection, data: &Value, at_ms: u64) -> Vec<Act> {
        if !right_token(sim, data) {
            return vec![Act::Close(close::AUTHENTICATION_FAILED)];
        }
        self.forget_lost(at_ms);
        let id = data["session_id"].as_str().unwrap_or_default();
        let seq = data["seq"].as_u64().unwrap_or(0);
        let Some(session) = self.sessions.get_mut(id) else {
            return vec![invalid_session(false)];
        };
        if seq > session.seq {
            return vec![Act::Close(close::INVALID_SEQUENCE)];
        }
        let missed = session.seq - seq;
        if usize::try_from(missed).map_or(true, |missed| missed > session.events.len()) {
            self.sessions.remove(id);
            return vec![invalid_session(false)];
        }
        session.lost_at_ms = None;
        session.orders.clear();
        session.push("RESUMED", json!({"_trace": []}));
        connection.session = Some(id.to_owned());
        connection.sent = seq;
        self.pending(connection)
    }

    /// GUILD_MEMBERS_CHUNK, a thousand members each. A full list needs the intent for members.
    fn request_members(&mut self, sim: &Sim, connection: &mut Connection, data: &Value) -> Vec<Act> {
        let Some(session) = connection.session.as_ref().and_then(|id| self.sessions.get_mut(id)) else {
            return Vec::new();
        };
        let guild =
            data["guild_id"].as_str().and_then(|id| id.parse().ok()).and_then(|id: Id| sim.world.guilds.get(&id));
        let Some(guild) = guild else {
            return Vec::new();
        };
        let query = data["query"].as_str().map(str::to_lowercase);
        let limit = data["limit"].as_u64().unwrap_or(0);
        if query.as_deref() == Some("") && session.intents & intents::GUILD_MEMBERS == 0 {
            return vec![Act::Close(close::DISALLOWED_INTENTS)];
        }
        let asked: Vec<Id> = ids(&data["user_ids"]);
        let named = |user: &Id| {
            sim.world.users.get(user).is_some_and(|user| {
                query.as_ref().is_some_and(|query| user.username.to_lowercase().starts_with(query.as_str()))
            })
        };
        let found = guild.members.values().filter(|member| asked.contains(&member.user_id) || named(&member.user_id));
        let mut members: Vec<Value> = found.map(|member| sim.world.member_json(member)).collect();
        if limit > 0 {
            members.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        let not_found: Vec<Id> = asked.into_iter().filter(|id| !guild.members.contains_key(id)).collect();
        let chunks: Vec<&[Value]> = if members.is_empty() { vec![&[]] } else { members.chunks(1_000).collect() };
        for (index, chunk) in chunks.iter().enumerate() {
            let mut json = json!({
                "guild_id": guild.id, "members": chunk, "chunk_index": index, "chunk_count": chunks.len(), "not_found": not_found,
            });
            if data["nonce"].is_string() {
                json["nonce"] = data["nonce"].clone();
            }
            session.push("GUILD_MEMBERS_CHUNK", json);
        }
        self.pending(connection)
    }

    /// Gives an event to every session it is for, connected or not.
    pub fn dispatch(&mut self, sim: &Sim, event: &Event) {
        let Some(dispatch) = &event.dispatch else {
            return;
        };
        for session in self.sessions.values_mut() {
            if reaches(sim, session, event, dispatch) {
                session.push(dispatch.name, stripped(sim, session, dispatch));
            }
        }
    }

    /// What is waiting to go out on a connection.
    pub fn pending(&mut self, connection: &mut Connection) -> Vec<Act> {
        let Some(session) = connection.session.as_ref().and_then(|id| self.sessions.get_mut(id)) else {
            return Vec::new();
        };
        let fresh =
            session.events.iter().filter(|(seq, _)| *seq > connection.sent).map(|(_, event)| Act::Send(event.clone()));
        let mut acts: Vec<Act> = fresh.collect();
        connection.sent = session.seq;
        acts.extend(session.orders.drain(..));
        acts
    }

    /// Closes a connection whose heart stopped: nothing heard for one and a half intervals.
    pub fn tick(&mut self, connection: &Connection, at_ms: u64) -> Vec<Act> {
        let silent = at_ms.saturating_sub(connection.heard_at_ms);
        if silent > self.heartbeat_interval_ms.saturating_mul(3) / 2 {
            return vec![Act::Close(close::SESSION_TIMED_OUT)];
        }
        Vec::new()
    }

    /// A connection ended; `code` is what the application closed it with. 1000 and 1001 end the session too.
    pub fn closed(&mut self, connection: &Connection, code: Option<u16>, at_ms: u64) {
        let Some(id) = &connection.session else {
            return;
        };
        if matches!(code, Some(1000 | 1001)) {
            self.sessions.remove(id);
        } else if let Some(session) = self.sessions.get_mut(id) {
            session.lost_at_ms = Some(at_ms);
        }
        self.forget_lost(at_ms);
    }

    fn forget_lost(&mut self, at_ms: u64) {
        self.sessions
            .retain(|_, session| session.lost_at_ms.is_none_or(|lost| at_ms.saturating_sub(lost) < RESUMABLE_MS));
    }

    /// Does something to all connections.
    pub fn order(&mut self, order: Order) {
        for session in self.sessions.values_mut() {
            session.orders.push_back(match order {
                Order::Reconnect => Act::Send(json!({"op": 7, "d": null})),
                Order::Invalidate { resumable } => invalid_session(resumable),
                Order::Close(code) => Act::Close(code),
            });
            if order == (Order::Invalidate { resumable: false }) {
                // Nothing of it can be replayed any more.
                session.events.clear();
            }
        }
    }

    /// What there is, for whoever looks.
    pub fn describe(&self) -> Value {
        let sessions = self.sessions.iter().map(|(id, session)| {
            json!({"session_id": id, "seq": session.seq, "intents": session.intents, "connected": session.lost_at_ms.is_none(),
                "shard": [session.shard.0, session.shard.1]})
        });
        json!({
            "sessions": sessions.collect::<Vec<_>>(),
            "identified": self.identified,
            "heartbeat_interval_ms": self.heartbeat_interval_ms,
            "allowed_intents": self.allowed_intents,
            "acknowledges": self.acknowledges,
        })
    }
}

impl Session {
    fn push(&mut self, name: &str, data: Value) {
        self.seq += 1;
        self.events.push_back((self.seq, json!({"op": 0, "t": name, "s": self.seq, "d": data})));
        if self.events.len() > KEPT {
            self.events.pop_front();
        }
    }
}

/// Where the gateway is reachable.
pub(crate) fn gateway_url(sim: &Sim) -> String {
    format!("{}/gateway", sim.options.base_url.replacen("http", "ws", 1))
}

fn right_token(sim: &Sim, data: &Value) -> bool {
    let token = data["token"].as_str().unwrap_or_default();
    token.strip_prefix("Bot ").unwrap_or(token) == sim.options.bot_token
}

fn invalid_session(resumable: bool) -> Act {
    Act::Send(json!({"op": 9, "d": resumable}))
}

/// Which shard a guild belongs to (Discord reference, "Sharding").
fn on_shard(guild: Id, (id, count): (u64, u64)) -> bool {
    (guild.0 >> 22) % count.max(1) == id
}

fn ids(value: &Value) -> Vec<Id> {
    let one = value.as_str().and_then(|id| id.parse().ok());
    let many = value.as_array().into_iter().flatten().filter_map(|id| id.as_str()?.parse().ok());
    one.into_iter().chain(many).collect()
}

fn reaches(sim: &Sim, session: &Session, event: &Event, dispatch: &Dispatch) -> bool {
    if event.only_for.is_some() || (dispatch.intents != 0 && session.intents & dispatch.intents == 0) {
        return false;
    }
    // Direct messages go to shard 0.
    let shard = event.guild.map_or(session.shard.0 == 0, |guild| on_shard(guild, session.shard));
    let joined = |guild: Id| sim.world.guilds.get(&guild).is_some_and(|guild| guild.members.contains_key(&sim.app));
    let member = event.guild.is_none_or(|guild| dispatch.name == "GUILD_DELETE" || joined(guild));
    let sees = event.channel.is_none_or(|channel| sim.can_read(sim.app, channel));
    shard && member && sees
}

/// Without the intent for content, messages come without any, unless they are the bot's own, direct, or mention it.
fn stripped(sim: &Sim, session: &Session, dispatch: &Dispatch) -> Value {
    let mut data = dispatch.data.clone();
    let is_message = matches!(dispatch.name, "MESSAGE_CREATE" | "MESSAGE_UPDATE");
    if !is_message || session.intents & intents::MESSAGE_CONTENT != 0 {
        return data;
    }
    let app = json!(sim.app);
    let mentioned = data["mentions"].as_array().is_some_and(|users| users.iter().any(|user| user["id"] == app));
    if data["author"]["id"] == app || data["guild_id"].is_null() || mentioned {
        return data;
    }
    data["content"] = json!("");
    for key in ["embeds", "attachments", "components"] {
        data[key] = json!([]);
    }
    if let Some(map) = data.as_object_mut() {
        map.remove("poll");
    }
    data
}
