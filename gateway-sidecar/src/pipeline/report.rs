//! Purpose: what goes out of the pipeline at once: events for the Worker, and everything that a restart must know.

use super::{
    Pipeline, Waiting,
    guild::Count,
    member::{Accrual, Key, Map, Why},
};
use muster_protocol::{EventKind, MemberXp};
use twilight_gateway::Intents;
use twilight_model::id::{Id, marker::GuildMarker};

/// Members per `Xp` event.
const MEMBERS_PER_EVENT: usize = 1_000;
/// Whole minutes count, so voice is looked at once a minute.
const VOICE_EVERY_MS: i64 = 60_000;
/// How often counts for statistics are reported.
const COUNTS_EVERY_MS: i64 = 5 * 60_000;
/// Messages that earned nothing may wait so long for company: most people write again, and each report of a member
/// is a row written at the other end.
const IDLE_EVERY_MS: i64 = 30_000;

/// The session of one shard, `None` when it has none any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    pub shard: u32,
    pub session: Option<super::Session>,
}

/// One report: to be stored as a whole before anything of it is sent.
#[derive(Debug, Default)]
pub struct Report {
    pub events: Vec<Reported>,
    pub sessions: Vec<SessionRow>,
    /// What changed, for [`Pipeline::restore`]; `None` when nothing did.
    pub segment: Option<Vec<u8>>,
    /// Whether `segment` holds everything, so that older ones may go.
    pub is_whole: bool,
}

/// An event without its id, which follows from the batch it gets into.
pub type Reported = Waiting;

impl Report {
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.sessions.is_empty() && self.segment.is_none()
    }
}

/// How much goes into a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    /// Also what would wait for a later report, because this is the last one of the process.
    pub everything: bool,
    /// Everything that a restart must know, changed or not.
    pub whole: bool,
}

type Groups = Map<(Id<GuildMarker>, i32), (i64, Vec<MemberXp>)>;

impl Pipeline {
    /// Takes what is to be reported at `now`.
    pub fn report(&mut self, now: i64, extent: Extent) -> Report {
        self.pay_all_voice(now);
        let mut touched = self.members.take_touched();
        let mut events = self.report_members(&mut touched, now, extent.everything);
        let guilds: Vec<Id<GuildMarker>> = self.guilds.keys().copied().collect();
        for guild in guilds {
            self.report_counts(guild, now, extent.everything);
        }
        events.append(&mut self.events);
        self.roles.clear();
        let segment = self.segment(&touched, extent.whole);
        for key in &touched {
            if let Some(member) = self.members.find(*key) {
                member.touched = false;
            }
        }
        Report { events, sessions: self.changed_sessions(), segment, is_whole: extent.whole }
    }

    fn pay_all_voice(&mut self, now: i64) {
        let live = |shard: u32| self.shards.get(&shard).is_some_and(|shard| shard.live);
        let due = self.guilds.iter().filter(|(_, guild)| {
            let passed = now - guild.voice_taken;
            // A clock that was put back must not stop the pay.
            // Whoever left still has what they earned.
            let is_open = !guild.occupants.is_empty() || guild.floor.owes();
            is_open && live(guild.shard) && !(0..VOICE_EVERY_MS).contains(&passed)
        });
        let due: Vec<Id<GuildMarker>> = due.map(|(guild, _)| *guild).collect();
        for guild in due {
            self.pay_voice(guild, now);
        }
    }

    /// Members that were held back and are reported now join `touched`: a restart must know that they were.
    fn report_members(&mut self, touched: &mut Vec<Key>, now: i64, everything: bool) -> Vec<Reported> {
        let mut groups = Groups::default();
        let mut add = |(guild, user): Key, accrual: &Accrual, why: &Why| {
            let (at, members) = groups.entry((guild, accrual.day)).or_insert((accrual.at, Vec::new()));
            *at = (*at).max(accrual.at);
            members.push(accrual.told(user, why));
        };
        for (key, accrual, why) in self.closed.drain(..) {
            add(key, &accrual, &why);
        }
        let mut held = std::mem::take(&mut self.held);
        held.sort_unstable();
        held.dedup();
        held.retain(|key| self.members.find(*key).is_some_and(|member| !member.touched));
        let changed = touched.len();
        touched.append(&mut held);
        let mut index = 0;
        touched.retain(|key| {
            let was_held = index >= changed;
            index += 1;
            let Some(member) = self.members.find(*key) else { return true };
            let waits =
                |accrual: &Accrual| accrual.earned_nothing() && (0..IDLE_EVERY_MS).contains(&(now - accrual.since));
            if !everything && member.accrual.as_ref().is_some_and(waits) {
                self.held.push(*key);
                return !was_held;
            }
            if let Some(accrual) = member.accrual.take() {
                add(*key, &accrual, &member.why);
            }
            true
        });
        in_events(groups)
    }

    pub(super) fn report_counts(&mut self, guild_id: Id<GuildMarker>, now: i64, everything: bool) {
        let Some(guild) = self.guilds.get_mut(&guild_id) else { return };
        let taken = guild.take_counts(now, if everything { 0 } else { COUNTS_EVERY_MS });
        for ((channel, hour), Count { messages, voice_seconds }) in taken {
            self.wait(guild_id, hour, EventKind::Activity { channel, hour, messages, voice_seconds });
        }
    }

    fn changed_sessions(&mut self) -> Vec<SessionRow> {
        let changed = self.shards.iter_mut().filter(|(_, shard)| shard.changed).map(|(number, shard)| {
            shard.changed = false;
            SessionRow { shard: *number, session: shard.session.clone() }
        });
        changed.collect()
    }

    /// Asks for these intents at the next login of `shard`, whatever its session has.
    pub fn covers(&self, shard: u32, intents: Intents) -> bool {
        self.session(shard).is_some_and(|session| session.intents.contains(intents))
    }
}

/// In the order of guilds and days, so that equal reports are equal.
fn in_events(groups: Groups) -> Vec<Reported> {
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_unstable_by_key(|(place, _)| *place);
    let mut events = Vec::new();
    for ((guild, _), (at, mut members)) in groups {
        members.sort_by_key(|member| member.user);
        while !members.is_empty() {
            let rest = members.split_off(members.len().min(MEMBERS_PER_EVENT));
            events.push(Reported { guild, at, kind: EventKind::Xp { members } });
            members = rest;
        }
    }
    events
}
