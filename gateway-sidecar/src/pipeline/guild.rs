//! Purpose: what is kept of each guild: its channels' places, its rules, who is in voice, and counts for its statistics.

use super::{
    frame::{Channel, VoiceState},
    member::Map,
};
use chrono::{DateTime, Datelike};
use muster_core::{
    guild_config::GuildConfig,
    time_zone::Zone,
    xp::{LevelSettings, Presence, Silence, VoiceFloor},
};
use std::collections::BTreeMap;
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, RoleMarker, UserMarker},
};

/// A guild has 500 channels and 1,000 active threads at most; what is beyond are threads that ended.
const PLACES_MAX: usize = 5_000;
/// Zones differ from UTC by whole quarters of an hour, so no midnight lies inside one.
const QUARTER_MS: i64 = 15 * 60_000;
pub const HOUR_MS: i64 = 3_600_000;
/// Channels and hours counted before they are reported early.
const COUNTS_MAX: usize = 2_000;

/// The rules that hold in a guild where levels are on.
#[derive(Debug, Clone)]
pub struct Rules {
    pub levels: LevelSettings,
    pub zone: Zone,
}

impl Rules {
    /// `None` where levels are off.
    pub fn of(config: GuildConfig) -> Option<Self> {
        let zone = config.zone();
        config.levels.enabled.then_some(Self { levels: config.levels, zone })
    }
}

/// Somebody in voice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occupant {
    pub channel: Id<ChannelMarker>,
    pub is_bot: bool,
    pub roles: Vec<Id<RoleMarker>>,
    /// What was last said about their time.
    pub silence: Option<Silence>,
}

/// Messages and seconds in voice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub messages: u32,
    pub voice_seconds: u32,
}

/// What changed since the last report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changed {
    pub places: bool,
    pub voice: bool,
    pub counts: bool,
}

#[derive(Default)]
pub struct Guild {
    pub shard: u32,
    /// What a channel lies in: a thread's channel, a channel's category.
    parents: Map<Id<ChannelMarker>, Id<ChannelMarker>>,
    pub rules: Option<Rules>,
    pub floor: VoiceFloor,
    pub occupants: BTreeMap<Id<UserMarker>, Occupant>,
    pub voice_taken: i64,
    pub counts: BTreeMap<(Id<ChannelMarker>, i64), Count>,
    pub counts_sent: i64,
    pub changed: Changed,
    day: (i64, i32),
}

/// The channel and what it lies in.
pub struct Places([Id<ChannelMarker>; 3], usize);

impl Places {
    pub fn get(&self) -> &[Id<ChannelMarker>] {
        &self.0[..self.1]
    }
}

impl Guild {
    pub fn places(&self, channel: Id<ChannelMarker>) -> Places {
        let mut places = Places([channel; 3], 1);
        // A thread lies in a channel, which lies in a category: no deeper.
        while let Some(parent) = self.parents.get(&places.0[places.1 - 1]).filter(|_| places.1 < 3) {
            places.0[places.1] = *parent;
            places.1 += 1;
        }
        places
    }

    pub fn set_parent(&mut self, channel: &Channel) {
        let before = match channel.parent_id {
            Some(parent) => self.parents.insert(channel.id, parent),
            None => self.parents.remove(&channel.id),
        };
        self.changed.places |= before != channel.parent_id;
        if self.parents.len() > PLACES_MAX {
            self.forget_oldest_places();
        }
    }

    pub fn remove_place(&mut self, channel: Id<ChannelMarker>) {
        self.changed.places |= self.parents.remove(&channel).is_some();
    }

    /// The half with the smaller ids goes: threads that were made long ago.
    fn forget_oldest_places(&mut self) {
        let categories: std::collections::BTreeSet<_> = self.parents.values().copied().collect();
        let mut threads: Vec<_> = self.parents.keys().copied().filter(|id| !categories.contains(id)).collect();
        threads.sort_unstable();
        for thread in threads.iter().take(PLACES_MAX / 2) {
            self.parents.remove(thread);
        }
    }

    pub fn replace_places<'a>(&mut self, channels: impl Iterator<Item = &'a Channel>) {
        self.parents.clear();
        channels.for_each(|channel| self.set_parent(channel));
        self.changed.places = true;
    }

    pub fn restore_places(&mut self, parents: Vec<(Id<ChannelMarker>, Id<ChannelMarker>)>) {
        self.parents = parents.into_iter().collect();
    }

    pub fn all_places(&self) -> impl Iterator<Item = (Id<ChannelMarker>, Id<ChannelMarker>)> {
        self.parents.iter().map(|(channel, parent)| (*channel, *parent))
    }

    /// The calendar day of the guild at `at` (Unix milliseconds), counted from the common era's first.
    pub fn day(&mut self, at: i64) -> i32 {
        let quarter = at.div_euclid(QUARTER_MS);
        if self.day.0 != quarter || self.day.1 == 0 {
            let zone = self.rules.as_ref().map_or(Zone::UTC, |rules| rules.zone);
            let day = DateTime::from_timestamp_millis(at).map_or(0, |at| at.with_timezone(&zone).num_days_from_ce());
            self.day = (quarter, day);
        }
        self.day.1
    }

    pub fn set_rules(&mut self, rules: Option<Rules>) {
        self.rules = rules;
        self.day = (0, 0);
    }

    pub fn count(&mut self, channel: Id<ChannelMarker>, at: i64, messages: u32, voice_seconds: u32) {
        let hour = at.div_euclid(HOUR_MS) * HOUR_MS;
        let count = self.counts.entry((channel, hour)).or_default();
        count.messages = count.messages.saturating_add(messages);
        count.voice_seconds = count.voice_seconds.saturating_add(voice_seconds);
        self.changed.counts = true;
    }

    /// Counts that are to be reported now: those of hours that ended, and all of them every `every` milliseconds.
    pub fn take_counts(&mut self, now: i64, every: i64) -> Vec<((Id<ChannelMarker>, i64), Count)> {
        if self.counts.is_empty() {
            return Vec::new();
        }
        let all = !(0..every).contains(&(now - self.counts_sent)) || self.counts.len() > COUNTS_MAX;
        if all {
            self.counts_sent = now;
        }
        let due = |hour: i64| all || hour + HOUR_MS <= now;
        let taken: Vec<_> =
            self.counts.iter().filter(|((_, hour), _)| due(*hour)).map(|(place, count)| (*place, *count)).collect();
        self.counts.retain(|(_, hour), _| !due(*hour));
        self.changed.counts |= !taken.is_empty();
        taken
    }

    /// Applies one voice state, and gives everybody whose time stopped counting by it, with the reason and the place.
    pub fn voice(&mut self, now: i64, state: VoiceState) -> Vec<(Id<UserMarker>, Id<ChannelMarker>, Silence)> {
        let user = state.user_id;
        let before = self.occupants.remove(&user);
        let left = before.as_ref().map(|occupant| occupant.channel);
        let presence = presence(&state, before.as_ref().is_some_and(|occupant| occupant.is_bot));
        self.floor.apply(now, user, presence);
        if let Some(presence) = presence {
            // Without a member, what was known of them still holds.
            let roles = match state.member {
                Some(member) => member.roles,
                None => before.as_ref().map(|occupant| occupant.roles.clone()).unwrap_or_default(),
            };
            let silence = before.filter(|before| before.channel == presence.channel).and_then(|before| before.silence);
            let occupant = Occupant { channel: presence.channel, is_bot: presence.is_bot, roles, silence };
            self.occupants.insert(user, occupant);
        }
        self.changed.voice = true;
        self.standings([left, presence.map(|presence| presence.channel)])
    }

    /// Everybody who is in voice, after a time in which events may have been missed.
    pub fn replace_voice(
        &mut self,
        now: i64,
        states: Vec<VoiceState>,
    ) -> Vec<(Id<UserMarker>, Id<ChannelMarker>, Silence)> {
        let before = std::mem::take(&mut self.occupants);
        let mut present = Vec::new();
        for state in states {
            let known = before.get(&state.user_id);
            let Some(presence) = presence(&state, known.is_some_and(|known| known.is_bot)) else { continue };
            present.push((state.user_id, presence));
            let roles = state.member.map(|member| member.roles).or_else(|| known.map(|known| known.roles.clone()));
            let silence = known.filter(|known| known.channel == presence.channel).and_then(|known| known.silence);
            let roles = roles.unwrap_or_default();
            let occupant = Occupant { channel: presence.channel, is_bot: presence.is_bot, roles, silence };
            self.occupants.insert(state.user_id, occupant);
        }
        self.changed.voice |= !(before.is_empty() && present.is_empty());
        self.floor.replace(now, present);
        let channels: Vec<_> = self.occupants.values().map(|occupant| Some(occupant.channel)).collect();
        self.standings(channels)
    }

    pub fn set_afk(&mut self, now: i64, channel: Option<Id<ChannelMarker>>) {
        self.floor.set_afk_channel(now, channel);
        self.changed.voice = true;
    }

    fn standings(
        &mut self,
        channels: impl IntoIterator<Item = Option<Id<ChannelMarker>>>,
    ) -> Vec<(Id<UserMarker>, Id<ChannelMarker>, Silence)> {
        let channels: Vec<_> = channels.into_iter().flatten().collect();
        let mut silenced = Vec::new();
        for (user, occupant) in &mut self.occupants {
            if occupant.is_bot || !channels.contains(&occupant.channel) {
                continue;
            }
            let silence = self.floor.standing(*user).and_then(Result::err);
            if let Some(silence) = silence.filter(|_| silence != occupant.silence) {
                silenced.push((*user, occupant.channel, silence));
            }
            occupant.silence = silence;
        }
        silenced
    }
}

fn presence(state: &VoiceState, was_bot: bool) -> Option<Presence> {
    let user = state.member.as_ref().and_then(|member| member.user.as_ref());
    Some(Presence {
        channel: state.channel_id?,
        is_bot: user.map_or(was_bot, |user| user.bot),
        muted: state.mute || state.self_mute,
        deafened: state.deaf || state.self_deaf,
        suppressed: state.suppress,
    })
}
