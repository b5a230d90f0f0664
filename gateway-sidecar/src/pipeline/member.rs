//! Purpose: what is kept of each member: what the next decision needs, the last decisions, and what was earned since the last report.
//!
//! Bounded: [`MEMBERS_MAX`] members, those who did something last; the others begin anew, as if they had been silent.

use foldhash::fast::RandomState;
use muster_core::xp::{Recent, Refusal, Silence};
use muster_protocol::{Decision, MemberXp, Surface};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::HashMap;
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, GuildMarker, UserMarker},
};

/// Members kept: about 60 MB. Whoever is forgotten may earn again before the cooldown ends, at most once per forgetting.
pub const MEMBERS_MAX: usize = 200_000;
/// Decisions kept per member.
const WHY: usize = 5;

pub type Map<K, V> = HashMap<K, V, RandomState>;
pub type Key = (Id<GuildMarker>, Id<UserMarker>);

/// Why something earned nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Reason {
    Text(Refusal),
    Voice(Silence),
}

impl Reason {
    /// The rules' own word for it: the name that they are written as in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text(refusal) => match refusal {
                Refusal::Automated => "automated",
                Refusal::Seen => "seen",
                Refusal::NoXpChannel => "no_xp_channel",
                Refusal::NoXpRole => "no_xp_role",
                Refusal::TooShort => "too_short",
                Refusal::Flood => "flood",
                Refusal::Repeated => "repeated",
                Refusal::Cooldown => "cooldown",
                Refusal::Multiplied => "multiplied",
            },
            Self::Voice(silence) => match silence {
                Silence::Bot => "bot",
                Silence::AfkChannel => "afk_channel",
                Silence::Deafened => "deafened",
                Silence::Muted => "muted",
                Silence::Suppressed => "suppressed",
                Silence::Alone => "alone",
            },
        }
    }
}

/// A decision as it is kept: without a text of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided(
    pub i64,
    pub Surface,
    #[serde(serialize_with = "as_number")] pub Id<ChannelMarker>,
    pub u32,
    pub Option<Reason>,
);

/// How ids are saved: shorter than text, and read as well.
pub fn as_number<T, S: Serializer>(id: &Id<T>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(id.get())
}

/// The last decisions, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Why([Option<Decided>; WHY]);

impl Why {
    pub fn push(&mut self, decided: Decided) {
        // A stretch of voice is one decision, however often it is paid.
        if let Some(last) = self.last_mut()
            && decided.1 == Surface::Voice
            && (last.1, last.2, last.4) == (Surface::Voice, decided.2, decided.4)
        {
            last.0 = decided.0;
            last.3 = last.3.saturating_add(decided.3);
            return;
        }
        match self.0.iter().position(Option::is_none) {
            Some(free) => self.0[free] = Some(decided),
            None => {
                self.0.rotate_left(1);
                self.0[WHY - 1] = Some(decided);
            }
        }
    }

    /// Puts back what was saved, without joining stretches.
    pub fn restore(&mut self, decided: Decided) {
        if let Some(free) = self.0.iter_mut().find(|place| place.is_none()) {
            *free = Some(decided);
        }
    }

    fn last_mut(&mut self) -> Option<&mut Decided> {
        self.0.iter_mut().rev().find_map(Option::as_mut)
    }

    pub fn iter(&self) -> impl Iterator<Item = Decided> {
        self.0.iter().flatten().copied()
    }

    fn told(&self) -> Vec<Decision> {
        let told = |Decided(at, surface, channel, xp, reason): Decided| {
            let reason = reason.map(|reason| reason.word().into());
            Decision { at, surface, channel, xp, reason }
        };
        self.iter().map(told).collect()
    }
}

/// What one member earned since the last report, within one calendar day of the guild.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accrual {
    pub day: i32,
    /// When the last of it happened, Unix milliseconds.
    pub at: i64,
    /// By the pipeline's clock: when the first of it came.
    pub since: i64,
    #[serde(serialize_with = "as_number")]
    pub channel: Id<ChannelMarker>,
    pub text: u32,
    pub voice: u32,
    pub messages: u32,
    pub seconds: u32,
}

impl Accrual {
    pub fn earned_nothing(&self) -> bool {
        self.text == 0 && self.voice == 0
    }

    pub fn told(&self, user: Id<UserMarker>, why: &Why) -> MemberXp {
        MemberXp {
            user,
            text: self.text,
            voice: self.voice,
            messages: self.messages,
            seconds: self.seconds,
            channel: self.channel,
            why: why.told(),
        }
    }
}

#[derive(Debug, Default)]
pub struct Member {
    pub recent: Recent,
    pub why: Why,
    pub accrual: Option<Accrual>,
    /// Listed as changed since the last report.
    pub(super) touched: bool,
}

/// All members in two generations: the younger is asked first, the older is dropped when the younger is full.
#[derive(Default)]
pub struct Members {
    young: Map<Key, Member>,
    old: Map<Key, Member>,
    max: usize,
    touched: Vec<Key>,
}

impl Members {
    pub fn new(max: usize) -> Self {
        Self { max, ..Self::default() }
    }

    pub fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    /// The member, new if need be, without noting a change.
    pub fn get(&mut self, key: Key) -> &mut Member {
        self.make_room(key);
        newest(&mut self.young, &mut self.old, key)
    }

    fn make_room(&mut self, key: Key) {
        if self.young.len() >= self.max / 2 && !self.young.contains_key(&key) {
            self.age();
        }
    }

    /// The older generation's memory is taken again: fresh memory would have to grow, and to be had from the system.
    fn age(&mut self) {
        std::mem::swap(&mut self.young, &mut self.old);
        // What was not reported yet is not forgotten.
        self.young.retain(|_, member| member.touched || member.accrual.is_some());
    }

    /// The member, listed as changed.
    pub fn touch(&mut self, key: Key) -> &mut Member {
        self.make_room(key);
        let member = newest(&mut self.young, &mut self.old, key);
        if !member.touched {
            member.touched = true;
            self.touched.push(key);
        }
        member
    }

    pub fn touched(&self) -> usize {
        self.touched.len()
    }

    /// Those changed since the last call.
    pub fn take_touched(&mut self) -> Vec<Key> {
        std::mem::take(&mut self.touched)
    }

    pub fn find(&mut self, key: Key) -> Option<&mut Member> {
        match self.young.get_mut(&key) {
            Some(member) => Some(member),
            None => self.old.get_mut(&key),
        }
    }

    /// Everybody, those who did something last at the end.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Member)> {
        self.old.iter().chain(self.young.iter())
    }
}

/// The member among the young, fetched from the old or new if need be.
fn newest<'a>(young: &'a mut Map<Key, Member>, old: &mut Map<Key, Member>, key: Key) -> &'a mut Member {
    young.entry(key).or_insert_with(|| old.remove(&key).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reasons_are_told_in_the_words_of_the_rules() {
        let refusals = [
            Refusal::Automated,
            Refusal::Seen,
            Refusal::NoXpChannel,
            Refusal::NoXpRole,
            Refusal::TooShort,
            Refusal::Flood,
            Refusal::Repeated,
            Refusal::Cooldown,
            Refusal::Multiplied,
        ];
        for refusal in refusals {
            assert_eq!(json!(refusal), Reason::Text(refusal).word());
        }
        let silences =
            [Silence::Bot, Silence::AfkChannel, Silence::Deafened, Silence::Muted, Silence::Suppressed, Silence::Alone];
        for silence in silences {
            assert_eq!(json!(silence), Reason::Voice(silence).word());
        }
    }

    #[test]
    fn the_last_five_decisions_are_kept_and_a_stretch_of_voice_is_one() {
        let mut why = Why::default();
        for at in 1..=7 {
            why.push(Decided(at, Surface::Text, Id::new(1), 0, Some(Reason::Text(Refusal::Cooldown))));
        }
        assert_eq!(why.iter().map(|decided| decided.0).collect::<Vec<_>>(), [3, 4, 5, 6, 7]);
        for at in 10..20 {
            why.push(Decided(at, Surface::Voice, Id::new(2), 5, None));
        }
        assert_eq!(why.iter().last(), Some(Decided(19, Surface::Voice, Id::new(2), 50, None)));
        assert_eq!(why.iter().map(|decided| decided.0).collect::<Vec<_>>(), [4, 5, 6, 7, 19]);
    }

    #[test]
    fn memory_is_bounded_and_whoever_was_active_last_is_kept() {
        let mut members = Members::new(1_000);
        let regular = (Id::new(1), Id::new(1));
        for user in 2..50_000_u64 {
            members.get((Id::new(1), Id::new(user)));
            members.get(regular).why.push(Decided(9, Surface::Text, Id::new(1), 1, None));
            assert!(members.len() <= 1_000);
        }
        assert_eq!(members.get(regular).why.iter().count(), 5);
    }

    #[test]
    fn what_was_not_reported_is_never_forgotten() {
        let mut members = Members::new(10);
        let key = (Id::new(1), Id::new(1));
        members.touch(key);
        for user in 2..100_u64 {
            members.get((Id::new(1), Id::new(user)));
        }
        assert!(members.find(key).is_some());
        assert_eq!(members.take_touched(), [key]);
    }
}
