//! Purpose: the rank card and the boards, as people see them.

use super::{NAME, rules, store, view::number};
use crate::{
    custom_id::CustomId,
    leaderboard::{Answer, Of, Place, Span},
    reply::{self, Message, cards},
    text::{self, escape_markdown},
    time,
    xp::{Curve, LevelSettings, curve::LEVEL_MAX},
};
use twilight_model::{
    channel::message::{Component, component::ButtonStyle},
    id::{Id, marker::UserMarker},
};

/// Parts of the bar towards the next level.
const BAR: u64 = 14;
/// Members on one page of a board.
pub const PER_PAGE: usize = 10;

/// Whose card it is.
pub struct Person {
    pub id: Id<UserMarker>,
    /// As others see it; somebody else's text.
    pub name: String,
    pub picture: String,
    pub is_bot: bool,
}

/// What the ranked index knows beside the row; all of it is missing while the index does not answer.
#[derive(Default)]
pub struct Places {
    pub members: usize,
    pub overall: Option<Place>,
    pub week: Option<Place>,
    pub week_text: u32,
    pub week_voice: u32,
}

fn name(person: &Person) -> String {
    escape_markdown(&text::clean_line(&person.name, 60))
}

pub fn bar(part: u64, whole: u64) -> String {
    let full = (part.min(whole) * BAR).checked_div(whole).unwrap_or(BAR);
    let repeat = |sign: &str, n: u64| sign.repeat(usize::try_from(n).unwrap_or(0));
    format!("{}{}", repeat("▰", full), repeat("▱", BAR - full))
}

fn progress(curve: Curve, total: u64) -> String {
    let standing = curve.standing(total);
    if standing.level >= LEVEL_MAX {
        return format!("{}\nThere is no higher level.", bar(1, 1));
    }
    let (into, takes) = (number(standing.into_level), number(standing.level_takes));
    format!(
        "{}\n**{into}** of {takes} XP towards level {}",
        bar(standing.into_level, standing.level_takes),
        standing.level + 1
    )
}

fn unsigned(amount: i64) -> String {
    number(amount.max(0).unsigned_abs())
}

fn totals(row: &store::Member) -> String {
    let messages = if row.messages == 1 { "message" } else { "messages" };
    let messages = format!("{} {messages}", unsigned(row.messages));
    let voice = match row.voice_seconds {
        ..=0 => "no time".to_owned(),
        seconds => time::say_duration(seconds.saturating_mul(1_000)),
    };
    let mut lines = vec![
        format!("✨ **{}** XP in all", number(row.total())),
        format!("💬 **{}** from {messages}", unsigned(row.text_xp)),
        format!("🔊 **{}** from {voice} in voice", unsigned(row.voice_xp)),
    ];
    if row.bonus_xp != 0 {
        let sign = if row.bonus_xp < 0 { "−" } else { "+" };
        lines.push(format!("🎁 **{sign}{}** by the server's team", number(row.bonus_xp.unsigned_abs())));
    }
    lines.join("\n")
}

fn week_line(places: &Places) -> String {
    let Some(week) = places.week else {
        return "📅 Nothing earned this week yet.".to_owned();
    };
    format!(
        "📅 This week **{}** XP (💬 {} · 🔊 {}) · place **#{}**",
        number(week.score.into()),
        number(places.week_text.into()),
        number(places.week_voice.into()),
        number(week.place as u64)
    )
}

fn next_reward(settings: &LevelSettings, level: u32) -> Option<String> {
    let next = settings.rewards.iter().filter(|reward| reward.level > level).min_by_key(|reward| reward.level)?;
    Some(format!("🎯 Next role: <@&{}> at level {}", next.role, next.level))
}

/// Somebody's level, how far the next one is, their place and what they did for it.
pub fn rank(settings: &LevelSettings, color: u32, person: &Person, row: &store::Member, places: &Places) -> Message {
    let level = settings.curve.level(row.total());
    let mut headline = format!("**Level {level}**");
    if let Some(overall) = places.overall {
        headline.push_str(&format!(" · **#{}** of {}", number(overall.place as u64), number(places.members as u64)));
    }
    let name = name(person);
    let about = format!("The picture of {}", text::clean_line(&person.name, 60));
    let mut below = vec![totals(row)];
    if places.overall.is_some() {
        below.push(week_line(places));
    }
    below.extend(next_reward(settings, level));
    let buttons = vec![
        reply::button(&CustomId::new(NAME, "board"), "Leaderboard", ButtonStyle::Secondary, Some("🏆")),
        reply::button(&CustomId::new(NAME, "mine"), "My rank", ButtonStyle::Secondary, Some("📈")),
    ];
    let top = cards::section(
        vec![format!("## {name}\n{headline}"), progress(settings.curve, row.total())],
        person.picture.clone(),
        &about,
    );
    let parts = vec![top, cards::separator(), cards::text(below.join("\n")), cards::row(buttons)];
    cards::message(vec![cards::container(color, parts)])
}

/// For whom there is no row, or nothing in it.
pub fn nothing_yet(person: &Person, is_own: bool) -> String {
    if person.is_bot {
        return format!("{} is a bot, and bots earn no experience.", name(person));
    }
    if is_own {
        return "You have not earned anything here yet. Write a message, or talk with others in voice: it shows here within seconds.".to_owned();
    }
    format!("{} has not earned anything here yet.", name(person))
}

pub const LEVELS_OFF: &str =
    "Levels are off in this server. Somebody with **Manage Server** can switch them on with `/levels config`.";

/// One list of the ranked index, as it stands in custom ids and in the API: `week.text`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct List {
    pub span: Span,
    pub of: Of,
}

pub const LISTS: [(Span, &str, &str); 3] =
    [(Span::All, "all", "All time"), (Span::Week, "week", "This week"), (Span::Month, "month", "This month")];
pub const KINDS: [(Of, &str, &str); 3] =
    [(Of::Total, "total", "everything"), (Of::Text, "text", "messages"), (Of::Voice, "voice", "voice")];

impl List {
    pub fn parse(text: &str) -> Option<Self> {
        let (span, of) = text.split_once('.')?;
        let span = LISTS.iter().find(|(_, key, _)| *key == span)?.0;
        let of = KINDS.iter().find(|(_, key, _)| *key == of)?.0;
        Some(Self { span, of })
    }

    fn names(self) -> (&'static str, &'static str, &'static str, &'static str) {
        let span = LISTS.iter().find(|(span, ..)| *span == self.span).unwrap_or(&LISTS[0]);
        let of = KINDS.iter().find(|(of, ..)| *of == self.of).unwrap_or(&KINDS[0]);
        (span.1, of.1, span.2, of.2)
    }

    /// The board and the kind in one word each.
    pub fn words(self) -> (&'static str, &'static str) {
        let (span, of, ..) = self.names();
        (span, of)
    }

    pub fn key(self) -> String {
        let (span, of, ..) = self.names();
        format!("{span}.{of}")
    }

    pub fn label(self) -> String {
        let (_, _, span, of) = self.names();
        format!("{span} · {of}")
    }

    fn all() -> impl Iterator<Item = Self> {
        LISTS.iter().flat_map(|(span, ..)| KINDS.iter().map(|(of, ..)| Self { span: *span, of: *of }))
    }
}

/// One page of a board, and where the one who asked for it stands.
pub struct Page {
    pub list: List,
    /// From 0.
    pub number: usize,
    pub answer: Answer,
    pub own: Option<Place>,
    pub owner: Id<UserMarker>,
    /// `Week 47, 2026` where the board is of one.
    pub period: Option<String>,
}

/// How many pages so many members take, one for none.
pub fn pages(members: usize) -> usize {
    members.div_ceil(PER_PAGE).max(1)
}

pub fn board(settings: &LevelSettings, color: u32, page: &Page) -> Message {
    let shows_level = page.list.span == Span::All && page.list.of == Of::Total;
    let line = |place: &Place| {
        let score = number(place.score.into());
        let level = shows_level.then(|| format!("level **{}** · ", settings.curve.level(place.score.into())));
        let level = level.unwrap_or_default();
        let you = if place.user == page.owner { " ← you" } else { "" };
        format!("{} <@{}> · {level}**{score}** XP{you}", super::view::place(place.place), place.user)
    };
    let lines: Vec<String> = page.answer.page.iter().map(line).collect();
    let text = if lines.is_empty() {
        "Nobody is on this list yet. Messages and time in voice with others count from now on.".to_owned()
    } else {
        lines.join("\n")
    };
    let period = page.period.as_ref().map_or_else(String::new, |period| format!(" · {period}"));
    let mut parts = vec![
        cards::text(format!("## 🏆 Leaderboard\n{}{period}", page.list.label())),
        cards::text(text),
        cards::separator(),
        cards::text(footer(page)),
    ];
    if pages(page.answer.members) > 1 {
        parts.push(cards::row(steps(page)));
    }
    parts.push(chooser(page));
    cards::message(vec![cards::container(color, parts)])
}

fn footer(page: &Page) -> String {
    let own = match page.own {
        Some(own) => format!("You: **#{}** with {} XP", number(own.place as u64), number(own.score.into())),
        None => "You are not on this list yet".to_owned(),
    };
    let members = text::count(page.answer.members as u64, "member", "members");
    format!("-# {own} · page {} of {} · {members}", page.number + 1, pages(page.answer.members))
}

fn steps(page: &Page) -> Vec<Component> {
    let last = pages(page.answer.members) - 1;
    let id = |target: usize, name: &str| {
        let id = CustomId::new(NAME, "page").arg(page.list.key()).arg(target).arg(page.owner);
        // Two buttons may lead to the same page, but Discord wants their ids to differ.
        id.arg(name)
    };
    let before = page.number.saturating_sub(1);
    let after = (page.number + 1).min(last);
    let own = page.own.map(|own| (own.place - 1) / PER_PAGE);
    let me = CustomId::new(NAME, "page").arg(page.list.key()).arg("me").arg(page.owner);
    vec![
        cards::step(&id(0, "first"), "First", "⏮️", page.number > 0),
        cards::step(&id(before, "previous"), "Previous", "◀️", page.number > 0),
        cards::step(&me, "Jump to me", "📍", own.is_some_and(|own| own != page.number)),
        cards::step(&id(after, "next"), "Next", "▶️", page.number < last),
        cards::step(&id(last, "last"), "Last", "⏭️", page.number < last),
    ]
}

fn chooser(page: &Page) -> Component {
    let options: Vec<_> = List::all().map(|list| (list.key(), list.label(), list == page.list)).collect();
    cards::select(&CustomId::new(NAME, "list").arg(page.owner), &options)
}

/// The name of the week or month of a list.
pub fn period_name(span: Span, period: u32) -> Option<String> {
    match span {
        Span::All => None,
        Span::Week => Some(rules::week_name(period)),
        Span::Month => Some(rules::month_name(period)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(0, 100, 0)]
    #[case(99, 100, 13)]
    #[case(100, 100, 14)]
    #[case(500, 100, 14)]
    #[case(0, 0, 14)]
    fn bars_are_full_only_at_the_end(#[case] part: u64, #[case] whole: u64, #[case] full: usize) {
        let bar = bar(part, whole);
        assert_eq!((bar.matches('▰').count(), bar.chars().count()), (full, 14));
    }

    #[test]
    fn lists_are_named_and_read_back() {
        for list in List::all() {
            assert_eq!(List::parse(&list.key()), Some(list));
        }
        for bad in ["", "all", "all.", ".total", "year.total", "all.total.x", "ALL.total"] {
            assert_eq!(List::parse(bad), None, "{bad}");
        }
        assert_eq!([0, 1, 10, 11].map(pages), [1, 1, 1, 2]);
    }
}
