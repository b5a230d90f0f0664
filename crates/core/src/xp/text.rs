//! Purpose: what a message earns, or the one reason why it earns nothing.

use super::multipliers::{Multiplier, percent};
use crate::{time_zone::Zone, web::description::Snowflake};
use serde::{Deserialize, Serialize};
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, MessageMarker, RoleMarker},
};
use utoipa::ToSchema;

/// More messages than this within [`BURST_MS`] are a flood, whatever the cooldown is.
const BURST_MAX: u8 = 6;
const BURST_MS: i64 = 10_000;
/// A message is compared with so many before it.
const REMEMBERED: usize = 3;
/// Fingerprints of 64 bits that differ in at most so many are of the same text with little changes; those of unrelated texts
/// differ in about 32, hardly ever in fewer than 16.
const SIMILAR_BITS: u32 = 13;
/// Texts of fewer words are the same only if they are equal: everybody says "good morning".
const WORDS_MIN: usize = 5;

/// A guild's rules for messages. A missing field has its default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct TextRules {
    /// A message earns something between these two, both included. The defaults are MEE6's: 15 to 25, once a minute.
    pub min_xp: u32,
    pub max_xp: u32,
    pub cooldown_seconds: u32,
    /// Characters, blanks around not counted. 0 takes every message, those without text too.
    pub min_length: u32,
    /// Channels, categories with all their channels, and threads.
    #[schema(value_type = Vec<Snowflake>)]
    pub no_xp_channels: Vec<Id<ChannelMarker>>,
    #[schema(value_type = Vec<Snowflake>)]
    pub no_xp_roles: Vec<Id<RoleMarker>>,
    pub multipliers: Vec<Multiplier>,
}

impl Default for TextRules {
    fn default() -> Self {
        Self {
            min_xp: 15,
            max_xp: 25,
            cooldown_seconds: 60,
            min_length: 0,
            no_xp_channels: Vec::new(),
            no_xp_roles: Vec::new(),
            multipliers: Vec::new(),
        }
    }
}

/// What the rules look at.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    pub id: Id<MessageMarker>,
    /// When it was sent, Unix milliseconds.
    pub at: i64,
    /// Sent by a bot, a webhook, or Discord itself.
    pub is_automated: bool,
    /// The channel first, then what it lies in: a thread's channel, a channel's category.
    pub places: &'a [Id<ChannelMarker>],
    pub roles: &'a [Id<RoleMarker>],
    /// `None` where Discord does not show the text: then nothing is asked of it.
    pub text: Option<&'a str>,
}

/// What is remembered of one member, 56 bytes whatever they write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent {
    /// The newest message seen; older ones come a second time and count for nothing.
    newest: Option<Id<MessageMarker>>,
    rewarded_at: Option<i64>,
    burst_began: i64,
    burst: u8,
    /// Fingerprints of the last messages with text, newest first; 0 for none.
    texts: [u64; REMEMBERED],
}

/// Why a message earned nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// By a bot, a webhook or Discord.
    Automated,
    /// Delivered a second time, or long after newer ones.
    Seen,
    NoXpChannel,
    NoXpRole,
    TooShort,
    /// Too many messages within seconds.
    Flood,
    /// Like one of the messages just before.
    Repeated,
    Cooldown,
    /// The multipliers leave nothing of it.
    Multiplied,
}

/// Decides one message of one member, and notes in `recent` what the next decision needs.
///
/// # Errors
/// The first reason, in the order of [`Refusal`], for which it earns nothing.
pub fn decide(rules: &TextRules, zone: Zone, recent: &mut Recent, message: &Message<'_>) -> Result<u32, Refusal> {
    if message.is_automated {
        return Err(Refusal::Automated);
    }
    if recent.newest >= Some(message.id) {
        return Err(Refusal::Seen);
    }
    recent.newest = Some(message.id);
    let is_flood = note_burst(recent, message.at);
    let is_repeated = message.text.is_some_and(|text| note_text(recent, text));
    if message.places.iter().any(|place| rules.no_xp_channels.contains(place)) {
        return Err(Refusal::NoXpChannel);
    }
    if message.roles.iter().any(|role| rules.no_xp_roles.contains(role)) {
        return Err(Refusal::NoXpRole);
    }
    let is_long = |text: &str| text.trim().chars().take(rules.min_length as usize).count() >= rules.min_length as usize;
    if message.text.is_some_and(|text| !is_long(text)) {
        return Err(Refusal::TooShort);
    }
    if is_flood {
        return Err(Refusal::Flood);
    }
    if is_repeated {
        return Err(Refusal::Repeated);
    }
    let cooldown_ms = i64::from(rules.cooldown_seconds) * 1_000;
    if recent.rewarded_at.is_some_and(|at| message.at.saturating_sub(at) < cooldown_ms) {
        return Err(Refusal::Cooldown);
    }
    let percent = percent(&rules.multipliers, message.roles, message.places, message.at, zone);
    let xp = u64::from(amount(rules, message.id)) * u64::from(percent) / 100;
    if xp == 0 {
        return Err(Refusal::Multiplied);
    }
    recent.rewarded_at = Some(message.at);
    Ok(u32::try_from(xp).unwrap_or(u32::MAX))
}

/// Evenly spread over the range, and the same whenever this message is looked at.
fn amount(rules: &TextRules, message: Id<MessageMarker>) -> u32 {
    let (low, high) = (rules.min_xp.min(rules.max_xp), rules.min_xp.max(rules.max_xp));
    let span = u64::from(high - low) + 1;
    // The high half of a product maps 64 even bits onto the span without a remainder's bias.
    let drawn = (u128::from(mix(message.get())) * u128::from(span)) >> 64;
    low + u32::try_from(drawn).unwrap_or(0)
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every bit of the input reaches every bit of the output.
fn mix(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// Whether this is one message too many.
fn note_burst(recent: &mut Recent, at: i64) -> bool {
    if !(0..BURST_MS).contains(&at.saturating_sub(recent.burst_began)) {
        recent.burst_began = at;
        recent.burst = 0;
    }
    recent.burst = recent.burst.saturating_add(1);
    recent.burst > BURST_MAX
}

/// Whether this text is like one of the last.
fn note_text(recent: &mut Recent, text: &str) -> bool {
    let Some((print, is_long)) = fingerprint(text) else {
        return false;
    };
    let alike =
        |known: &u64| *known == print || (is_long && *known != 0 && (known ^ print).count_ones() <= SIMILAR_BITS);
    let is_repeated = recent.texts.iter().any(alike);
    recent.texts.rotate_right(1);
    recent.texts[0] = print;
    is_repeated
}

/// A similarity hash (Charikar 2002): each bit is what most words' hashes say of it, so that few changed words change few bits.
/// Short texts get a hash of their own. `None` for texts without a letter or digit.
fn fingerprint(text: &str) -> Option<(u64, bool)> {
    let mut print = Fingerprint::default();
    if text.is_ascii() {
        // Most texts are, and bytes are quicker than characters. Both ways give the same.
        for word in text.as_bytes().split(|byte| !byte.is_ascii_alphanumeric()) {
            print.word(word.iter().map(|byte| u64::from(byte.to_ascii_lowercase())));
        }
    } else {
        for word in text.split(|c: char| !c.is_alphanumeric()) {
            print.word(word.chars().flat_map(char::to_lowercase).map(|letter| u64::from(u32::from(letter))));
        }
    }
    let bits = if print.words < WORDS_MIN { print.whole } else { print.majority() };
    (print.words > 0).then(|| (bits.max(1), print.words >= WORDS_MIN))
}

#[derive(Default)]
struct Fingerprint {
    /// How many words' hashes have each bit, all 64 counts side by side: `planes[n]` holds digit `n` of every count.
    /// A message has 4,000 characters at most, so 16 digits hold every count.
    planes: [u64; 16],
    words: usize,
    /// Of all words in their order.
    whole: u64,
}

impl Fingerprint {
    fn word(&mut self, letters: impl Iterator<Item = u64>) {
        // One multiplication per letter, and the thorough mixing once per word. Odd, so only no letter at all gives 0.
        let hash =
            letters.fold(0_u64, |hash, letter| (hash.rotate_left(5) ^ letter).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        if hash == 0 {
            return;
        }
        let hash = mix(hash);
        self.count(hash);
        self.whole = mix(self.whole ^ hash);
        self.words += 1;
    }

    fn count(&mut self, hash: u64) {
        let mut carry = hash;
        for plane in &mut self.planes {
            (*plane, carry) = (*plane ^ carry, *plane & carry);
            if carry == 0 {
                break;
            }
        }
    }

    /// The bits that more than half of the words have.
    fn majority(&self) -> u64 {
        let half = self.words / 2;
        let (mut more, mut equal) = (0, u64::MAX);
        for (digit, plane) in self.planes.iter().enumerate().rev() {
            if half >> digit & 1 == 0 {
                more |= equal & plane;
                equal &= !plane;
            } else {
                equal &= plane;
            }
        }
        more
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xp::Scope;
    use proptest::prelude::*;
    use rstest::rstest;

    const AT: i64 = 1_763_155_800_000;
    const PLACES: [Id<ChannelMarker>; 2] = [Id::new(10), Id::new(11)];
    const ROLES: [Id<RoleMarker>; 1] = [Id::new(20)];

    fn said(number: u64, seconds: i64, text: &str) -> Message<'_> {
        Message {
            id: Id::new(1_000 + number),
            at: AT + seconds * 1_000,
            is_automated: false,
            places: &PLACES,
            roles: &ROLES,
            text: Some(text),
        }
    }

    fn ask(rules: &TextRules, recent: &mut Recent, message: &Message<'_>) -> Result<u32, Refusal> {
        decide(rules, Zone::UTC, recent, message)
    }

    #[test]
    fn a_message_earns_once_a_minute_and_something_in_the_range() {
        let (rules, mut recent) = (TextRules::default(), Recent::default());
        assert!((15..=25).contains(&ask(&rules, &mut recent, &said(1, 0, "hello there")).unwrap()));
        assert_eq!(ask(&rules, &mut recent, &said(2, 59, "how are you")), Err(Refusal::Cooldown));
        assert!(ask(&rules, &mut recent, &said(3, 60, "fine, thank you")).is_ok());
    }

    #[test]
    fn a_message_that_comes_again_earns_nothing_and_the_same_amount_elsewhere() {
        let (rules, mut recent) = (TextRules::default(), Recent::default());
        let first = ask(&rules, &mut recent, &said(1, 0, "hello")).unwrap();
        assert_eq!(ask(&rules, &mut recent, &said(1, 0, "hello")), Err(Refusal::Seen));
        assert_eq!(ask(&rules, &mut Recent::default(), &said(1, 0, "hello")), Ok(first));
    }

    #[rstest]
    #[case::bot(|_: &mut TextRules| {}, true, "hello", Refusal::Automated)]
    #[case::channel(|rules: &mut TextRules| rules.no_xp_channels.push(PLACES[0]), false, "hello", Refusal::NoXpChannel)]
    #[case::category(|rules: &mut TextRules| rules.no_xp_channels.push(PLACES[1]), false, "hello", Refusal::NoXpChannel)]
    #[case::role(|rules: &mut TextRules| rules.no_xp_roles.push(ROLES[0]), false, "hello", Refusal::NoXpRole)]
    #[case::short(|rules: &mut TextRules| rules.min_length = 6, false, "  hello  ", Refusal::TooShort)]
    #[case::nothing_left(|rules: &mut TextRules| rules.multipliers.push(Multiplier { scope: Scope::Role { id: ROLES[0] }, percent: 0 }), false, "hello", Refusal::Multiplied)]
    fn each_reason(
        #[case] change: fn(&mut TextRules),
        #[case] is_automated: bool,
        #[case] text: &str,
        #[case] reason: Refusal,
    ) {
        let mut rules = TextRules::default();
        change(&mut rules);
        let message = Message { is_automated, ..said(1, 0, text) };
        assert_eq!(ask(&rules, &mut Recent::default(), &message), Err(reason));
    }

    #[test]
    fn without_the_text_nothing_is_asked_of_it() {
        let rules = TextRules { min_length: 50, ..TextRules::default() };
        let message = Message { text: None, ..said(1, 0, "") };
        assert!(ask(&rules, &mut Recent::default(), &message).is_ok());
    }

    #[rstest]
    #[case::same("good morning", "good morning", true)]
    #[case::case_and_signs("Good morning!!", "good  morning", true)]
    #[case::other_short("good morning", "good evening", false)]
    #[case::one_word_changed(
        "check out my new channel for free skins and daily drops everyone 1",
        "check out my new channel for free skins and daily drops everyone 2",
        true
    )]
    #[case::other_long(
        "has anybody seen the keys to the boat house on the pier",
        "we meet at eight in front of the old cinema, bring a coat",
        false
    )]
    #[case::emoji_only("🎉🎉", "🎉🎉", false)]
    fn repetitions(#[case] before: &str, #[case] after: &str, #[case] repeated: bool) {
        let rules = TextRules { cooldown_seconds: 0, ..TextRules::default() };
        let mut recent = Recent::default();
        assert!(ask(&rules, &mut recent, &said(1, 0, before)).is_ok());
        let answer = ask(&rules, &mut recent, &said(2, 5, after));
        assert_eq!(answer.err(), repeated.then_some(Refusal::Repeated));
    }

    #[test]
    fn a_flood_earns_nothing_even_without_a_cooldown() {
        let rules = TextRules { cooldown_seconds: 0, ..TextRules::default() };
        let mut recent = Recent::default();
        let texts = ["one", "two", "three", "four", "five", "six", "seven", "eight"];
        let answers = (1..).zip(texts).map(|(n, text)| ask(&rules, &mut recent, &said(n, 1, text)));
        let refused: Vec<_> = answers.filter_map(Result::err).collect();
        assert_eq!(refused, [Refusal::Flood, Refusal::Flood]);
        assert!(ask(&rules, &mut recent, &said(20, 12, "later")).is_ok());
    }

    #[test]
    fn amounts_are_spread_evenly() {
        let rules = TextRules { min_xp: 1, max_xp: 4, ..TextRules::default() };
        let mut seen = [0_u32; 4];
        for id in 1..=40_000 {
            seen[amount(&rules, Id::new(id << 22)) as usize - 1] += 1;
        }
        // 10,000 each, with a standard deviation of 87.
        assert!(seen.iter().all(|count| count.abs_diff(10_000) < 500), "{seen:?}");
    }

    #[test]
    fn what_is_remembered_stays_small() {
        assert!(size_of::<Recent>() <= 64);
    }

    proptest! {
        #[test]
        fn whatever_the_rules_nobody_earns_more_than_ten_times_the_range(
            min_xp in any::<u32>(), max_xp in any::<u32>(), percent in any::<u32>(), at in any::<i64>(), text in ".{0,80}", id in 1..u64::MAX,
        ) {
            let multipliers = vec![Multiplier { scope: Scope::Role { id: ROLES[0] }, percent }];
            let rules = TextRules { min_xp, max_xp, multipliers, ..TextRules::default() };
            let message = Message { id: Id::new(id), at, ..said(1, 0, &text) };
            if let Ok(xp) = ask(&rules, &mut Recent::default(), &message) {
                prop_assert!(u64::from(xp) <= u64::from(min_xp.max(max_xp)) * 10);
            }
        }
    }
}
