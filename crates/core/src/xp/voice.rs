//! Purpose: which time in voice counts, and whose: a guild's voice channels as a small state machine over events.
//!
//! Time is settled whenever something in a channel changes, by what held until then: nobody earns for a moment in which they
//! were muted, and a restart that keeps this state loses or doubles nothing.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, UserMarker},
};

/// One settlement pays at most this much: longer without any event means that events were missed, not that
/// somebody talked through. Six hours.
pub const SILENCE_MAX_MS: i64 = 6 * 3_600_000;

/// Where somebody is in voice and how, as Discord's voice state says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    pub channel: Id<ChannelMarker>,
    pub is_bot: bool,
    /// By themselves or by a moderator.
    pub muted: bool,
    pub deafened: bool,
    /// In the audience of a stage.
    pub suppressed: bool,
}

/// Why time in voice does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Silence {
    Bot,
    AfkChannel,
    Deafened,
    Muted,
    Suppressed,
    /// No other person is in the channel; bots are no company.
    Alone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Occupant {
    presence: Presence,
    /// Up to when this person's time is settled, Unix milliseconds.
    settled: i64,
}

/// Who is in voice in one guild, and the time that they have earned and that nobody has taken yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceFloor {
    afk: Option<Id<ChannelMarker>>,
    occupants: BTreeMap<Id<UserMarker>, Occupant>,
    /// Milliseconds that count, by person and channel.
    earned: BTreeMap<Id<UserMarker>, BTreeMap<Id<ChannelMarker>, i64>>,
}

impl VoiceFloor {
    /// Whether this person's time counts now, or why not; `None` for somebody who is not in voice.
    pub fn standing(&self, user: Id<UserMarker>) -> Option<Result<(), Silence>> {
        let presence = self.occupants.get(&user)?.presence;
        Some(self.judge(user, &presence))
    }

    fn judge(&self, user: Id<UserMarker>, presence: &Presence) -> Result<(), Silence> {
        let has_company = || {
            self.occupants
                .iter()
                .any(|(other, o)| *other != user && o.presence.channel == presence.channel && !o.presence.is_bot)
        };
        match presence {
            _ if presence.is_bot => Err(Silence::Bot),
            _ if self.afk == Some(presence.channel) => Err(Silence::AfkChannel),
            _ if presence.deafened => Err(Silence::Deafened),
            _ if presence.muted => Err(Silence::Muted),
            _ if presence.suppressed => Err(Silence::Suppressed),
            _ if !has_company() => Err(Silence::Alone),
            _ => Ok(()),
        }
    }

    /// Credits everybody in `channel` for the time up to `now`, by how things stood.
    fn settle(&mut self, channel: Id<ChannelMarker>, now: i64) {
        let inside: Vec<(Id<UserMarker>, Occupant)> =
            self.occupants.iter().filter(|(_, o)| o.presence.channel == channel).map(|(u, o)| (*u, *o)).collect();
        for (user, occupant) in inside {
            let elapsed = now.saturating_sub(occupant.settled);
            // An event from before the last one changes who is there, but gives no time twice.
            if elapsed <= 0 {
                continue;
            }
            if self.judge(user, &occupant.presence).is_ok() {
                let earned = self.earned.entry(user).or_default().entry(channel).or_default();
                *earned = earned.saturating_add(elapsed.min(SILENCE_MAX_MS));
            }
            if let Some(known) = self.occupants.get_mut(&user) {
                known.settled = now;
            }
        }
    }

    fn settle_all(&mut self, now: i64) {
        let channels: BTreeSet<_> = self.occupants.values().map(|occupant| occupant.presence.channel).collect();
        for channel in channels {
            self.settle(channel, now);
        }
    }

    /// Somebody came, moved, changed how they are there, or (`None`) left. The same event twice changes nothing.
    pub fn apply(&mut self, now: i64, user: Id<UserMarker>, presence: Option<Presence>) {
        let before = self.occupants.get(&user).map(|occupant| occupant.presence.channel);
        for channel in [before, presence.map(|presence| presence.channel)].into_iter().flatten() {
            self.settle(channel, now);
        }
        match presence {
            None => {
                self.occupants.remove(&user);
            }
            Some(presence) => {
                // What was settled stays settled, also for somebody who comes back by an event that arrives late.
                let settled = self.occupants.get(&user).map_or(now, |occupant| occupant.settled.max(now));
                self.occupants.insert(user, Occupant { presence, settled });
            }
        }
    }

    pub fn set_afk_channel(&mut self, now: i64, channel: Option<Id<ChannelMarker>>) {
        for affected in [self.afk, channel].into_iter().flatten() {
            self.settle(affected, now);
        }
        self.afk = channel;
    }

    /// The whole truth about who is in voice, after a time in which events may have been missed. That time counts for nobody:
    /// what happened in it is not known.
    pub fn replace(&mut self, now: i64, present: impl IntoIterator<Item = (Id<UserMarker>, Presence)>) {
        self.occupants =
            present.into_iter().map(|(user, presence)| (user, Occupant { presence, settled: now })).collect();
    }

    /// Whether somebody has a whole minute that nobody has taken: also people who are gone.
    pub fn owes(&self) -> bool {
        self.earned.values().flat_map(BTreeMap::values).any(|milliseconds| *milliseconds >= 60_000)
    }

    /// Takes what was earned up to `now`, in whole minutes; the rest of a minute stays for the next time.
    pub fn take_minutes(&mut self, now: i64) -> Vec<(Id<UserMarker>, Id<ChannelMarker>, u32)> {
        self.settle_all(now);
        let mut taken = Vec::new();
        for (user, channels) in &mut self.earned {
            for (channel, milliseconds) in channels.iter_mut() {
                let minutes = *milliseconds / 60_000;
                *milliseconds %= 60_000;
                if minutes > 0 {
                    taken.push((*user, *channel, u32::try_from(minutes).unwrap_or(u32::MAX)));
                }
            }
            channels.retain(|_, milliseconds| *milliseconds > 0);
        }
        self.earned.retain(|_, channels| !channels.is_empty());
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    const MINUTE: i64 = 60_000;
    const LOUNGE: Id<ChannelMarker> = Id::new(10);
    const STAGE: Id<ChannelMarker> = Id::new(11);
    const ADA: Id<UserMarker> = Id::new(1);
    const BELA: Id<UserMarker> = Id::new(2);

    fn talking(channel: Id<ChannelMarker>) -> Presence {
        Presence { channel, is_bot: false, muted: false, deafened: false, suppressed: false }
    }

    /// Ada and Bela in the lounge since 0.
    fn two() -> VoiceFloor {
        let mut floor = VoiceFloor::default();
        floor.apply(0, ADA, Some(talking(LOUNGE)));
        floor.apply(0, BELA, Some(talking(LOUNGE)));
        floor
    }

    fn minutes_of(floor: &mut VoiceFloor, user: Id<UserMarker>, now: i64) -> u32 {
        floor.take_minutes(now).into_iter().filter(|(who, _, _)| *who == user).map(|(_, _, minutes)| minutes).sum()
    }

    #[test]
    fn two_people_talking_both_earn_and_parts_of_minutes_are_kept() {
        let mut floor = two();
        assert_eq!(floor.take_minutes(90_000), [(ADA, LOUNGE, 1), (BELA, LOUNGE, 1)]);
        assert_eq!(floor.take_minutes(110_000), []);
        assert_eq!(floor.take_minutes(120_000), [(ADA, LOUNGE, 1), (BELA, LOUNGE, 1)]);
    }

    #[rstest]
    #[case::bot(Presence { is_bot: true, ..talking(LOUNGE) }, Silence::Bot)]
    #[case::muted(Presence { muted: true, ..talking(LOUNGE) }, Silence::Muted)]
    #[case::deafened(Presence { deafened: true, muted: true, ..talking(LOUNGE) }, Silence::Deafened)]
    #[case::audience(Presence { suppressed: true, ..talking(LOUNGE) }, Silence::Suppressed)]
    #[case::alone(talking(STAGE), Silence::Alone)]
    fn time_that_does_not_count(#[case] presence: Presence, #[case] reason: Silence) {
        let mut floor = two();
        floor.apply(5 * MINUTE, ADA, Some(presence));
        assert_eq!(floor.standing(ADA), Some(Err(reason)));
        assert_eq!(minutes_of(&mut floor, ADA, 30 * MINUTE), 5, "what came before counts");
    }

    #[test]
    fn company_counts_only_while_it_is_there_and_bots_are_none() {
        let mut floor = two();
        floor.apply(MINUTE, Id::new(3), Some(Presence { is_bot: true, ..talking(LOUNGE) }));
        floor.apply(10 * MINUTE, BELA, None);
        assert_eq!(floor.standing(ADA), Some(Err(Silence::Alone)));
        assert_eq!(floor.standing(BELA), None);
        assert_eq!(floor.take_minutes(60 * MINUTE), [(ADA, LOUNGE, 10), (BELA, LOUNGE, 10)]);
    }

    #[test]
    fn nobody_earns_in_the_afk_channel_from_the_moment_it_is_one() {
        let mut floor = two();
        floor.set_afk_channel(3 * MINUTE, Some(LOUNGE));
        floor.set_afk_channel(8 * MINUTE, None);
        assert_eq!(minutes_of(&mut floor, ADA, 10 * MINUTE), 5);
    }

    #[test]
    fn the_gap_of_a_lost_connection_counts_for_nobody() {
        let mut floor = two();
        floor.take_minutes(5 * MINUTE);
        floor.replace(65 * MINUTE, [(ADA, talking(LOUNGE)), (BELA, talking(LOUNGE))]);
        assert_eq!(minutes_of(&mut floor, ADA, 70 * MINUTE), 5);
    }

    #[test]
    fn a_week_without_an_event_pays_six_hours() {
        let mut floor = two();
        assert_eq!(minutes_of(&mut floor, ADA, 7 * 24 * 60 * MINUTE), 360);
    }

    proptest! {
        /// The same minute for minute, by looking at the state in every second.
        #[test]
        fn settling_by_events_equals_looking_every_second(
            events in prop::collection::vec((1..90_i64, 1..4_u64, prop::option::of((10..12_u64, any::<bool>(), any::<bool>()))), 1..40),
            restart_at in 0..40_usize, twice in any::<bool>(),
        ) {
            let mut floor = VoiceFloor::default();
            let mut states: BTreeMap<u64, Presence> = BTreeMap::new();
            let mut model: BTreeMap<u64, i64> = BTreeMap::new();
            let mut now = 0;
            for (index, (wait, user, change)) in events.iter().enumerate() {
                for (who, state) in &states {
                    let company = states.iter().any(|(other, o)| other != who && o.channel == state.channel && !o.is_bot);
                    if company && !state.is_bot && !state.muted {
                        *model.entry(*who).or_default() += wait;
                    }
                }
                now += wait * 1_000;
                let presence = change.map(|(channel, is_bot, muted)| Presence { is_bot, muted, ..talking(Id::new(channel)) });
                for _ in 0..=usize::from(twice) {
                    floor.apply(now, Id::new(*user), presence);
                }
                match presence {
                    Some(presence) => { states.insert(*user, presence); }
                    None => { states.remove(user); }
                }
                if index == restart_at {
                    // What is kept on disk and read again is the same floor.
                    floor = serde_json::from_str(&serde_json::to_string(&floor).unwrap()).unwrap();
                }
            }
            floor.settle_all(now);
            let earned: BTreeMap<u64, i64> = floor.earned.iter().map(|(user, channels)| (user.get(), channels.values().sum::<i64>() / 1_000)).collect();
            model.retain(|_, seconds| *seconds > 0);
            prop_assert_eq!(earned, model);
        }
    }
}
