//! Purpose: what clicks come to: each once, each visitor once per link and day, bursts and one's own clicks held.
//!
//! Clicks are looked at in slots of five minutes, all of a guild together: what is held then does not depend on how the queue cut them
//! into batches.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};

pub const SLOT_MS: i64 = 300_000;
pub const DAY_MS: i64 = 86_400_000;
/// The day of a link's numbers over all time.
pub const ALL_TIME: i64 = -1;

/// More visitors than this from one network (/24, /48) to one link in one slot, and all of them there are held: nobody's household has
/// so many, and a mobile provider's gate rarely does.
const NETWORK_MAX: usize = 10;
/// More visitors than this to one link in one minute, while the link is new to the world, and all of that minute are held.
const SUDDEN_MAX: usize = 50;
/// Counted visitors after which a link is not new any more.
const KNOWN_FROM: u64 = 100;
/// Visitors that are kept per day for all links of a mission: with nine characters each they stay under the 2 MB of a row of D1. More
/// are in the raw number only.
const VISITORS_MAX: usize = 150_000;
/// Different countries and referrers kept per link and day; what comes after them is `other`.
const COUNTRIES_MAX: usize = 40;
const REFERRERS_MAX: usize = 20;
/// Characters of a pack's numbers from which countries and referrers are given up to stay under the 2 MB of a row.
const NUMBERS_MAX: usize = 1_500_000;

/// A visitor's hash, as eight characters.
type Visitor = u64;
/// One character for what became of a visitor, and the hash.
const ENTRY: usize = 9;

/// Why a visitor does not count yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// Many from one network within minutes.
    Network,
    /// Very many within a minute on a new link.
    Sudden,
    /// Seen with the link's own member while they were signed in.
    Own,
}

impl Held {
    pub const ALL: [Self; 3] = [Self::Network, Self::Sudden, Self::Own];

    fn letter(self) -> u8 {
        match self {
            Self::Network => b'n',
            Self::Sudden => b's',
            Self::Own => b'o',
        }
    }

    /// For people.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Network => "many from one network within five minutes",
            Self::Sudden => "a sudden crowd on a new link",
            Self::Own => "from the member's own device",
        }
    }
}

const COUNTED: u8 = b'c';
const REFUSED: u8 = b'r';

/// A link's numbers, of a day or over all time. As JSON an array, in this order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "[u64; 5]", into = "[u64; 5]")]
pub struct Numbers {
    /// Every request that was sent on.
    pub raw: u64,
    /// Those of crawlers, unfurlers, prefetches and HEAD.
    pub machines: u64,
    /// Visitors, each once a day.
    pub counted: u64,
    pub held: u64,
    pub refused: u64,
}

impl From<[u64; 5]> for Numbers {
    fn from([raw, machines, counted, held, refused]: [u64; 5]) -> Self {
        Self { raw, machines, counted, held, refused }
    }
}

impl From<Numbers> for [u64; 5] {
    fn from(n: Numbers) -> Self {
        [n.raw, n.machines, n.counted, n.held, n.refused]
    }
}

type Tally = BTreeMap<String, u64>;

/// Numbers, and where visitors came from: countries, and hosts of referrers. Those two are empty over all time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry(pub Numbers, pub Tally, pub Tally);

/// By slug.
pub type Entries = BTreeMap<String, Entry>;

/// What is known about the links of a pack on one day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Book {
    pub all_time: Entries,
    pub day: Entries,
    /// By slug, [`ENTRY`] characters for each visitor.
    pub visitors: BTreeMap<String, String>,
}

/// A click as its line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Click<'a> {
    pub id: &'a str,
    /// Seconds since the slot began.
    pub second: u32,
    pub slug: &'a str,
    /// `None` for a machine.
    pub visitor: Option<&'a str>,
    pub network: &'a str,
    pub country: &'a str,
    pub referrer: &'a str,
    /// Not counted yet.
    pub is_new: bool,
}

/// The line of a click: nothing in it holds a blank.
pub fn line(click: &Click<'_>) -> String {
    let Click { id, second, slug, visitor, network, country, referrer, .. } = click;
    format!("{id} {second} {slug} {} {network} {country} {referrer}\n", visitor.unwrap_or("-"))
}

fn parse(line: &str) -> Option<Click<'_>> {
    let mut parts = line.split(' ');
    let mut next = || parts.next().filter(|part| !part.is_empty());
    let click = Click {
        id: next()?,
        second: next()?.parse().ok()?,
        slug: next()?,
        visitor: next().filter(|visitor| visitor.len() == ENTRY - 1),
        network: next()?,
        country: next()?,
        referrer: next()?,
        is_new: true,
    };
    Some(click)
}

/// The clicks of a slot, each once, in the order of their time. `parts` are its texts with how many characters of each are counted.
pub fn read<'a>(parts: &[(&'a str, usize)]) -> Vec<Click<'a>> {
    let mut seen = HashSet::new();
    let mut clicks = Vec::new();
    for is_new in [false, true] {
        for (text, counted) in parts {
            let cut = text.split_at_checked(*counted).unwrap_or((text, ""));
            let text = if is_new { cut.1 } else { cut.0 };
            for click in text.lines().filter_map(parse) {
                if seen.insert(click.id) {
                    clicks.push(Click { is_new, ..click });
                }
            }
        }
    }
    clicks.sort_by(|a, b| (a.second, a.id).cmp(&(b.second, b.id)));
    clicks
}

fn number(visitor: &str) -> Option<Visitor> {
    visitor.as_bytes().try_into().ok().map(u64::from_be_bytes)
}

/// The visitors of a text with what became of them.
fn entries(text: &str) -> impl Iterator<Item = (u8, Visitor)> {
    text.as_bytes().chunks_exact(ENTRY).filter_map(|chunk| {
        let (letter, visitor) = chunk.split_first()?;
        Some((*letter, u64::from_be_bytes(visitor.try_into().ok()?)))
    })
}

/// How many visitors each link had from each network in the slot, and in each minute of it.
struct Crowds<'a> {
    networks: HashMap<(&'a str, &'a str), HashSet<Visitor>>,
    minutes: HashMap<(&'a str, u32), HashSet<Visitor>>,
}

impl<'a> Crowds<'a> {
    fn of(clicks: &[Click<'a>]) -> Self {
        let mut crowds = Self { networks: HashMap::new(), minutes: HashMap::new() };
        for click in clicks {
            let Some(visitor) = click.visitor.and_then(number) else { continue };
            crowds.networks.entry((click.slug, click.network)).or_default().insert(visitor);
            crowds.minutes.entry((click.slug, click.second / 60)).or_default().insert(visitor);
        }
        crowds
    }

    fn hold(&self, click: &Click<'_>, is_known: bool) -> Option<Held> {
        let many = |crowd: Option<&HashSet<Visitor>>, most: usize| crowd.is_some_and(|crowd| crowd.len() > most);
        if many(self.networks.get(&(click.slug, click.network)), NETWORK_MAX) {
            return Some(Held::Network);
        }
        let is_sudden = !is_known && many(self.minutes.get(&(click.slug, click.second / 60)), SUDDEN_MAX);
        is_sudden.then_some(Held::Sudden)
    }
}

/// Adds the new ones of a slot's clicks to the book of their pack. `own` are the visitors that are the links' own members.
pub fn count(book: &mut Book, clicks: &[Click<'_>], own: &HashMap<String, HashSet<String>>) {
    let crowds = Crowds::of(clicks);
    let mut kept: usize = book.visitors.values().map(|text| text.len() / ENTRY).sum();
    let mut seen: HashMap<&str, HashSet<Visitor>> = HashMap::new();
    let mut known: HashMap<&str, bool> = HashMap::new();
    for click in clicks.iter().filter(|click| click.is_new) {
        let slug = click.slug;
        let is_known = *known
            .entry(slug)
            .or_insert_with(|| book.all_time.get(slug).is_some_and(|entry| entry.0.counted >= KNOWN_FROM));
        let all_time = book.all_time.entry(slug.to_owned()).or_default();
        let day = book.day.entry(slug.to_owned()).or_default();
        let mut add = |field: fn(&mut Numbers) -> &mut u64| {
            *field(&mut all_time.0) += 1;
            *field(&mut day.0) += 1;
        };
        add(|numbers| &mut numbers.raw);
        let Some((text, visitor)) = click.visitor.and_then(|text| Some((text, number(text)?))) else {
            add(|numbers| &mut numbers.machines);
            continue;
        };
        let visitors = book.visitors.entry(slug.to_owned()).or_default();
        let seen = seen.entry(slug).or_insert_with(|| entries(visitors).map(|(_, visitor)| visitor).collect());
        if kept >= VISITORS_MAX || !seen.insert(visitor) {
            continue;
        }
        kept += 1;
        let is_own = own.get(slug).is_some_and(|own| own.contains(text));
        let held = if is_own { Some(Held::Own) } else { crowds.hold(click, is_known) };
        visitors.push(char::from(held.map_or(COUNTED, Held::letter)));
        visitors.push_str(text);
        add(if held.is_some() { |numbers| &mut numbers.held } else { |numbers| &mut numbers.counted });
        tally(&mut day.1, click.country, COUNTRIES_MAX);
        tally(&mut day.2, click.referrer, REFERRERS_MAX);
    }
}

fn tally(tally: &mut Tally, key: &str, most: usize) {
    let key = if tally.contains_key(key) || tally.len() < most { key } else { "other" };
    *tally.entry(key.to_owned()).or_default() += 1;
}

/// Numbers as they are kept: what would not fit into a row loses its countries and referrers.
pub fn fit(entries: &mut Entries, written: usize) -> bool {
    if written <= NUMBERS_MAX {
        return true;
    }
    for entry in entries.values_mut() {
        entry.1.clear();
        entry.2.clear();
    }
    false
}

/// How many of a link's visitors are held, by reason.
pub fn reasons(visitors: &str) -> Vec<(Held, u64)> {
    let count = |held: Held| entries(visitors).filter(|(letter, _)| *letter == held.letter()).count() as u64;
    Held::ALL.into_iter().map(|held| (held, count(held))).filter(|(_, count)| *count > 0).collect()
}

/// Takes in what is held of a link's visitors, or refuses it, for good. Gives the text and how many there were.
pub fn review(visitors: &str, accept: bool) -> (String, u64) {
    let letter = char::from(if accept { COUNTED } else { REFUSED });
    let mut decided = 0;
    let mut text = String::with_capacity(visitors.len());
    for chunk in visitors.as_bytes().chunks_exact(ENTRY) {
        let held = chunk.first().is_some_and(|first| Held::ALL.iter().any(|held| held.letter() == *first));
        decided += u64::from(held);
        for (index, byte) in chunk.iter().enumerate() {
            text.push(if held && index == 0 { letter } else { char::from(*byte) });
        }
    }
    (text, decided)
}

impl Numbers {
    /// So many held ones were decided.
    pub fn decide(&mut self, decided: u64, accept: bool) {
        self.held = self.held.saturating_sub(decided);
        *(if accept { &mut self.counted } else { &mut self.refused }) += decided;
    }

    pub fn add(&mut self, other: Self) {
        self.raw += other.raw;
        self.machines += other.machines;
        self.counted += other.counted;
        self.held += other.held;
        self.refused += other.refused;
    }
}
