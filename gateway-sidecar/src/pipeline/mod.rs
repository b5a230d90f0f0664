//! Purpose: from gateway payloads to what members earned: pure, synchronous, without IO. Text goes in, reports come out.
//!
//! Time is an argument everywhere (Unix milliseconds, the Worker's clock). Memory is bounded: members by
//! [`MEMBERS_MAX`], everything of a guild in `guild.rs`, events that wait for a report by [`EVENTS_WAITING_MAX`].

mod events;
mod frame;
mod guild;
mod member;
mod report;
mod saved;

pub use guild::Rules;
pub use member::{MEMBERS_MAX, Map};
pub use report::{Extent, Report, Reported, SessionRow};

use crate::intents::Needs;
use frame::{Frame, MessageFrame, Text};
use guild::Guild;
use member::{Accrual, Decided, Key, Members, Why};
use muster_protocol::EventKind;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use twilight_gateway::Intents;
use twilight_model::id::{
    Id,
    marker::{ApplicationMarker, GuildMarker, UserMarker},
};

/// Events of members that wait for a report; a report is asked for before that many are there.
pub const EVENTS_WAITING_MAX: usize = 100_000;
/// So many changes are worth a report at once, before the time for one has come.
const REPORT_AT: usize = 20_000;

/// Which events are reported beyond those that levels need.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    pub edits: bool,
    pub deletions: bool,
    pub reactions: bool,
    pub voice: bool,
}

/// What a payload means for the connection it came on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    Nothing,
    Ready,
    Resumed,
    /// Op 7.
    Reconnect,
    /// Op 9, with whether the session can be resumed.
    InvalidSession(bool),
}

/// A gateway session as it must be known to resume it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: String,
    pub resume_url: Option<String>,
    /// The last payload that is contained in what this pipeline knows.
    pub sequence: u64,
    pub intents: Intents,
}

struct Shard {
    session: Option<Session>,
    /// What the next login asks for.
    intents: Intents,
    /// Logged in or resumed, and not gone since: only then time in voice is known to pass.
    live: bool,
    changed: bool,
}

impl Default for Shard {
    fn default() -> Self {
        Self { session: None, intents: Intents::empty(), live: false, changed: false }
    }
}

/// Counted since the process began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Payloads of any kind.
    pub payloads: u64,
    /// Messages of people in guilds with levels.
    pub decided: u64,
    /// Those of them that earned something.
    pub earned: u64,
    /// Payloads that could not be read.
    pub unreadable: u64,
    /// Events that found no room to wait.
    pub dropped: u64,
}

/// An event that waits for the next report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub guild: Id<GuildMarker>,
    pub at: i64,
    pub kind: EventKind,
}

pub struct Pipeline {
    guilds: Map<Id<GuildMarker>, Guild>,
    members: Members,
    shards: BTreeMap<u32, Shard>,
    /// Accruals of a calendar day that is over, with the decisions that led to them.
    closed: Vec<(Key, Accrual, Why)>,
    events: Vec<Waiting>,
    /// Where in `events` the last roles of somebody wait.
    roles: Map<(Id<GuildMarker>, Id<UserMarker>), usize>,
    /// Members with an accrual that was left for a later report.
    held: Vec<Key>,
    gone: Vec<Id<GuildMarker>>,
    wanted: Wanted,
    text_visible: bool,
    application: Option<Id<ApplicationMarker>>,
    counters: Counters,
}

impl Default for Pipeline {
    fn default() -> Self {
        Self::with_members(MEMBERS_MAX)
    }
}

/// Discord puts the name of an event first; other servers may put it last. Only a hint: the name is compared after parsing.
fn looks_like_message(text: &str) -> bool {
    text.starts_with(r#"{"t":"MESSAGE_CREATE""#) || text.ends_with(r#""t":"MESSAGE_CREATE"}"#)
}

/// Only an address that a connection can be made to is kept: a broken one must not take the process down later.
fn usable(url: Text<'_>) -> Option<String> {
    let parsed: axum::http::Uri = url.0.parse().ok()?;
    let is_socket = matches!(parsed.scheme_str(), Some("ws" | "wss"));
    (is_socket && parsed.host().is_some()).then(|| url.0.trim_end_matches('/').to_owned())
}

impl Pipeline {
    pub fn with_members(max: usize) -> Self {
        Self {
            guilds: Map::default(),
            members: Members::new(max),
            shards: BTreeMap::new(),
            closed: Vec::new(),
            events: Vec::new(),
            roles: Map::default(),
            held: Vec::new(),
            gone: Vec::new(),
            wanted: Wanted::default(),
            text_visible: true,
            application: None,
            counters: Counters::default(),
        }
    }

    /// Takes one payload as it came on the connection of `shard`.
    pub fn payload(&mut self, shard: u32, text: &str, now: i64) -> Signal {
        self.counters.payloads += 1;
        if looks_like_message(text)
            && let Ok(frame) = serde_json::from_str::<MessageFrame<'_>>(text)
            && frame.t == "MESSAGE_CREATE"
        {
            if self.is_new(shard, frame.s) {
                self.message(&frame.d, now);
            }
            return Signal::Nothing;
        }
        let Ok(frame) = serde_json::from_str::<Frame<'_>>(text) else {
            self.counters.unreadable += 1;
            return Signal::Nothing;
        };
        match frame.op {
            0 => self.dispatch(shard, &frame, now),
            7 => Signal::Reconnect,
            9 => Signal::InvalidSession(frame.d.is_some_and(|d| d.get() == "true")),
            _ => Signal::Nothing,
        }
    }

    /// Whether this payload is not contained in what is known; from now on it is.
    fn is_new(&mut self, shard: u32, sequence: u64) -> bool {
        let Some(shard) = self.shards.get_mut(&shard) else { return true };
        let Some(session) = &mut shard.session else { return true };
        let is_new = sequence > session.sequence;
        if is_new {
            session.sequence = sequence;
            shard.changed = true;
        }
        is_new
    }

    fn dispatch(&mut self, shard: u32, frame: &Frame<'_>, now: i64) -> Signal {
        let (Some(Text(name)), Some(data)) = (&frame.t, frame.d) else { return Signal::Nothing };
        if name == "READY" {
            return self.ready(shard, data, frame.s.unwrap_or(0));
        }
        if frame.s.is_some_and(|sequence| !self.is_new(shard, sequence)) {
            return Signal::Nothing;
        }
        if name == "RESUMED" {
            self.shards.entry(shard).or_default().live = true;
            return Signal::Resumed;
        }
        if self.event(shard, name, data, now).is_err() {
            self.counters.unreadable += 1;
            // The content stays out of the log.
            tracing::warn!(event = %name, bytes = data.get().len(), "an event could not be read and was skipped");
        }
        Signal::Nothing
    }

    fn ready(&mut self, shard: u32, data: &RawValue, sequence: u64) -> Signal {
        let Ok(ready) = frame::Ready::deserialize(data) else {
            self.counters.unreadable += 1;
            return Signal::Nothing;
        };
        self.application = Some(ready.application.id);
        let shard = self.shards.entry(shard).or_default();
        let resume_url = ready.resume_gateway_url.and_then(usable);
        let id = ready.session_id.0.into_owned();
        shard.session = Some(Session { id, resume_url, sequence, intents: shard.intents });
        (shard.live, shard.changed) = (true, true);
        Signal::Ready
    }

    /// A connection begins; a login on it asks for `intents`.
    pub fn connecting(&mut self, shard: u32, intents: Intents) {
        self.shards.entry(shard).or_default().intents = intents;
    }

    /// A connection ended: until the next READY or RESUMED nobody in voice there is known to be there.
    pub fn disconnected(&mut self, shard: u32) {
        if let Some(shard) = self.shards.get_mut(&shard) {
            shard.live = false;
        }
    }

    pub fn session(&self, shard: u32) -> Option<&Session> {
        self.shards.get(&shard)?.session.as_ref()
    }

    pub fn forget_session(&mut self, shard: u32) {
        if let Some(shard) = self.shards.get_mut(&shard) {
            shard.changed |= shard.session.take().is_some();
        }
    }

    /// Takes over a session that was saved.
    pub fn set_session(&mut self, shard: u32, session: Session) {
        self.shards.entry(shard).or_default().session = Some(session);
    }

    pub fn application(&self) -> Option<Id<ApplicationMarker>> {
        self.application
    }

    /// A guild's rules from now on; `None` switches levels off.
    pub fn set_rules(&mut self, guild: Id<GuildMarker>, rules: Option<Rules>) {
        if rules.is_some() || self.guilds.contains_key(&guild) {
            self.guilds.entry(guild).or_default().set_rules(rules);
        }
    }

    pub fn set_wanted(&mut self, wanted: Wanted) {
        self.wanted = wanted;
    }

    /// Whether Discord shows what messages say.
    pub fn set_text_visible(&mut self, visible: bool) {
        self.text_visible = visible;
    }

    pub fn needs(&self) -> Needs {
        let levels = self.guilds.values().any(|guild| guild.rules.is_some());
        Needs { levels, reactions: self.wanted.reactions }
    }

    pub fn counters(&self) -> Counters {
        self.counters
    }

    pub fn sequence(&self, shard: u32) -> u64 {
        self.session(shard).map_or(0, |session| session.sequence)
    }

    pub fn guild_count(&self) -> usize {
        self.guilds.len()
    }

    pub fn member_count(&self) -> usize {
        self.members.len()
    }

    /// Whether so much came together that a report should not wait.
    pub fn is_full(&self) -> bool {
        self.events.len() + self.members.touched() + self.closed.len() >= REPORT_AT
    }

    /// Notes a decision, and what it earned, for the next report.
    fn note(&mut self, key: Key, day: i32, now: i64, decided: Decided, add: impl FnOnce(&mut Accrual)) {
        let Decided(at, _, channel, _, _) = decided;
        let member = self.members.touch(key);
        if let Some(over) = member.accrual.take_if(|accrual| accrual.day != day) {
            self.closed.push((key, over, member.why.clone()));
        }
        member.why.push(decided);
        let fresh = Accrual { day, at, since: now, channel, text: 0, voice: 0, messages: 0, seconds: 0 };
        let accrual = member.accrual.get_or_insert(fresh);
        accrual.at = accrual.at.max(at);
        accrual.channel = channel;
        add(accrual);
    }

    fn wait(&mut self, guild: Id<GuildMarker>, at: i64, kind: EventKind) {
        if self.events.len() >= EVENTS_WAITING_MAX {
            self.counters.dropped += 1;
            return;
        }
        self.events.push(Waiting { guild, at, kind });
    }
}
