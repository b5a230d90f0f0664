//! Purpose: the gateway without sockets: sessions, sequence numbers, replay, heartbeats, close codes
//! (Discord reference, "Gateway"). The server feeds it text and sends what it says.

mod session;
mod terms;

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use crate::{
    Sim,
    events::{Event, intents},
    ids::Id,
};

pub use terms::GatewayTerms;

use session::{Session, on_shard};
use terms::Start;

/// Heartbeat interval Discord hands out, in milliseconds.
const HEARTBEAT_MS: u64 = 41_250;
/// Largest payload an application may send, in bytes.
const MAX_PAYLOAD: usize = 4_096;
/// Payloads an application may send in a minute.
const MAX_PER_MINUTE: usize = 120;
/// Events kept for a resume. Discord names no number.
const KEPT: usize = 2_000;
/// From how many members on a guild is large, when the application does not say (Discord reference, "Identify").
const LARGE_THRESHOLD: u64 = 50;
/// How long a lost session can be resumed. Discord names no number; some minutes are seen.
const RESUMABLE_MS: u64 = 3 * 60 * 1_000;

/// Close codes (Discord reference, "Gateway Close Event Codes").
pub mod close {
    pub const UNKNOWN_ERROR: u16 = 4000;
    pub const UNKNOWN_OPCODE: u16 = 4001;
    pub const DECODE_ERROR: u16 = 4002;
    pub const NOT_AUTHENTICATED: u16 = 4003;
    pub const AUTHENTICATION_FAILED: u16 = 4004;
    pub const ALREADY_AUTHENTICATED: u16 = 4005;
    pub const INVALID_SEQUENCE: u16 = 4007;
    pub const RATE_LIMITED: u16 = 4008;
    pub const SESSION_TIMED_OUT: u16 = 4009;
    pub const INVALID_SHARD: u16 = 4010;
    pub const SHARDING_REQUIRED: u16 = 4011;
    pub const INVALID_VERSION: u16 = 4012;
    pub const INVALID_INTENTS: u16 = 4013;
    pub const DISALLOWED_INTENTS: u16 = 4014;
}

/// What the server is to do on a connection.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    Send(Value),
    Close(u16),
    /// The connection breaks without a word.
    Drop,
}

/// Something Discord does to connections on its own account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Op 7.
    Reconnect,
    /// Op 9; the session survives only if `resumable`.
    Invalidate { resumable: bool },
    /// Closes with this code.
    Close(u16),
    /// Breaks the connection without a close frame.
    Drop,
    /// Sends the newest event (of this name, if one is given) again, under the same number.
    Repeat(Option<String>),
    /// Gives sessions up without saying so: who comes to resume gets op 9.
    Forget,
}

/// How what is sent is packed (query parameter `compress`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    #[default]
    Plain,
    /// One zlib stream per connection, flushed after each payload.
    Zlib,
    /// One zstd frame per connection, flushed after each payload.
    Zstd,
}

impl Transport {
    /// What a query string asks for.
    pub fn of(query: &str) -> Self {
        match parameter(query, "compress") {
            Some("zlib-stream") => Self::Zlib,
            Some("zstd-stream") => Self::Zstd,
            _ => Self::Plain,
        }
    }
}

fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// One websocket connection.
pub struct Connection {
    number: u64,
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
    /// Whether heartbeats are acknowledged; without, clients must notice that the connection is dead.
    pub acknowledges: bool,
    /// Events kept for a resume.
    pub kept: usize,
    identified: u64,
    resumed: u64,
    connections: u64,
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            sessions: BTreeMap::new(),
            heartbeat_interval_ms: HEARTBEAT_MS,
            acknowledges: true,
            kept: KEPT,
            identified: 0,
            resumed: 0,
            connections: 0,
        }
    }
}

impl Gateway {
    /// A new connection with its query string: HELLO, or 4012 for another version than 10 or another encoding than JSON.
    pub fn open(&mut self, query: &str, at_ms: u64) -> (Connection, Vec<Act>) {
        self.connections += 1;
        let received_at_ms = VecDeque::new();
        let connection =
            Connection { number: self.connections, session: None, sent: 0, heard_at_ms: at_ms, received_at_ms };
        let json_only = parameter(query, "encoding").is_none_or(|encoding| encoding == "json");
        if parameter(query, "v") != Some("10") || !json_only {
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
            Some(2) => self.identify(sim, connection, data, at_ms),
            Some(6) => self.resume(sim, connection, data, at_ms),
            Some(3 | 4 | 8) if connection.session.is_none() => {
                vec![Act::Close(close::NOT_AUTHENTICATED)]
            }
            Some(3 | 4) => Vec::new(),
            Some(8) => self.request_members(sim, connection, data),
            _ => vec![Act::Close(close::UNKNOWN_OPCODE)],
        }
    }

    fn identify(&mut self, sim: &mut Sim, connection: &mut Connection, data: &Value, at_ms: u64) -> Vec<Act> {
        let (wanted, shard) = match read_identify(sim, data) {
            Ok(read) => read,
            Err(code) => return vec![Act::Close(code)],
        };
        let now_ms = sim.now();
        match sim.terms.start(shard.0, at_ms, now_ms) {
            Start::Granted => {}
            Start::TooFast => return vec![invalid_session(false)],
            // Discord ends all sessions and resets the token, which from then on is a wrong one.
            Start::NoneLeft => {
                self.order(&Order::Forget, None);
                self.order(&Order::Close(close::AUTHENTICATION_FAILED), None);
                return vec![Act::Close(close::AUTHENTICATION_FAILED)];
            }
        }
        self.identified += 1;
        let id = sim.secret("gateway session").chars().take(32).collect::<String>();
        let large = data["large_threshold"].as_u64().unwrap_or(LARGE_THRESHOLD);
        self.sessions.insert(id.clone(), Session::new(wanted, shard, large, connection.number));
        connection.session = Some(id.clone());
        self.greet(sim, &id);
        self.pending(connection)
    }

    /// READY with the guilds as unavailable, then each of them.
    fn greet(&mut self, sim: &Sim, id: &str) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        let guilds = guilds_of(sim, session.shard);
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
            "shard": [session.shard.0, session.shard.1],
            "application": {"id": sim.app, "flags": sim.terms.flags()},
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
            let guild = session.view(sim, "GUILD_CREATE", sim.world.guild_create_json(guild, sim.app));
            session.push("GUILD_CREATE", guild);
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
        if !session.remembers(seq) {
            self.sessions.remove(id);
            return vec![invalid_session(false)];
        }
        self.resumed += 1;
        session.lost_at_ms = None;
        session.carrier = connection.number;
        session.orders.clear();
        session.delivered = seq;
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
            if session.gets(event, dispatch) {
                let data = session.view(sim, dispatch.name, dispatch.data.clone());
                session.push(dispatch.name, data);
                session.trim(self.kept);
            }
        }
    }

    /// What is waiting to go out on a connection.
    pub fn pending(&mut self, connection: &mut Connection) -> Vec<Act> {
        let Some(session) = connection.session.as_ref().and_then(|id| self.sessions.get_mut(id)) else {
            return Vec::new();
        };
        if session.carrier != connection.number {
            // The session was resumed on another connection, which carries it from now on.
            return vec![Act::Close(close::UNKNOWN_ERROR)];
        }
        let fresh =
            session.events.iter().filter(|(seq, _)| *seq > connection.sent).map(|(_, event)| Act::Send(event.clone()));
        let mut acts: Vec<Act> = fresh.collect();
        (connection.sent, session.delivered) = (session.seq, session.seq);
        session.trim(self.kept);
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
        let Some(session) = self.sessions.get_mut(id).filter(|session| session.carrier == connection.number) else {
            return;
        };
        session.lost_at_ms = Some(at_ms);
        session.trim(self.kept);
        if matches!(code, Some(1000 | 1001)) {
            self.sessions.remove(id);
        }
        self.forget_lost(at_ms);
    }

    fn forget_lost(&mut self, at_ms: u64) {
        self.sessions
            .retain(|_, session| session.lost_at_ms.is_none_or(|lost| at_ms.saturating_sub(lost) < RESUMABLE_MS));
    }

    /// Does something to all connections, or to those of one shard.
    pub fn order(&mut self, order: &Order, shard: Option<u64>) {
        for session in self.sessions.values_mut().filter(|session| shard.is_none_or(|shard| session.shard.0 == shard)) {
            let act = match order {
                Order::Reconnect => Some(Act::Send(json!({"op": 7, "d": null}))),
                Order::Invalidate { resumable } => Some(invalid_session(*resumable)),
                Order::Close(code) => Some(Act::Close(*code)),
                Order::Drop => Some(Act::Drop),
                Order::Repeat(name) => session.last(name.as_deref()).cloned().map(Act::Send),
                Order::Forget => None,
            };
            session.orders.extend(act);
            session.forgotten |= matches!(order, Order::Invalidate { resumable: false } | Order::Forget);
        }
    }

    /// What there is, for whoever looks.
    pub fn describe(&self, sim: &Sim) -> Value {
        let mut json = sim.terms.describe(sim.now());
        let sessions: Vec<Value> = self.sessions.iter().map(|(id, session)| session.describe(id)).collect();
        json["sessions"] = json!(sessions);
        json["connections"] = json!(self.connections);
        json["identified"] = json!(self.identified);
        json["resumed"] = json!(self.resumed);
        json["heartbeat_interval_ms"] = json!(self.heartbeat_interval_ms);
        json["acknowledges"] = json!(self.acknowledges);
        json["kept"] = json!(self.kept);
        json
    }
}

/// Intents and shard of an identify, or the close code it deserves.
fn read_identify(sim: &Sim, data: &Value) -> Result<(u64, (u64, u64)), u16> {
    if !right_token(sim, data) {
        return Err(close::AUTHENTICATION_FAILED);
    }
    let wanted = data["intents"].as_u64().filter(|bits| bits & !intents::ALL == 0).ok_or(close::INVALID_INTENTS)?;
    if wanted & intents::PRIVILEGED & !sim.terms.allowed_intents != 0 {
        return Err(close::DISALLOWED_INTENTS);
    }
    let shard = match &data["shard"] {
        Value::Null => Some((0, 1)),
        shard => shard[0].as_u64().zip(shard[1].as_u64()).filter(|(id, count)| id < count),
    };
    let shard = shard.ok_or(close::INVALID_SHARD)?;
    let guilds = u64::try_from(guilds_of(sim, shard).len()).unwrap_or(u64::MAX);
    if guilds > sim.terms.guilds_per_shard { Err(close::SHARDING_REQUIRED) } else { Ok((wanted, shard)) }
}

/// Guilds of a shard that the application was added to.
fn guilds_of(sim: &Sim, shard: (u64, u64)) -> Vec<Id> {
    sim.guilds().filter(|guild| guild.installed && on_shard(guild.id, shard)).map(|guild| guild.id).collect()
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

fn ids(value: &Value) -> Vec<Id> {
    let one = value.as_str().and_then(|id| id.parse().ok());
    let many = value.as_array().into_iter().flatten().filter_map(|id| id.as_str()?.parse().ok());
    one.into_iter().chain(many).collect()
}
