//! Purpose: files of other bots, read strictly: MEE6 JSON and tables of `user_id,xp`; what cannot be read is told by its line. Pure.

use super::store::Mode;
use crate::{
    text::{clean_line, escape_markdown},
    xp::Curve,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// More would not fit into one value of D1, which takes 2 MB.
pub const ENTRIES_MAX: usize = 40_000;
/// More experience than the highest level takes at the default curve is a typing error.
pub const XP_MAX: u64 = 2_000_000_000;
const MESSAGES_MAX: u64 = 1_000_000_000;
/// What is wrong is listed so far; the rest is counted.
const PROBLEMS_SHOWN: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub user: u64,
    pub xp: u64,
    pub messages: u64,
}

/// A file that could be read.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    pub entries: Vec<Entry>,
    /// Sentences about lines that are left out, the first of them.
    pub problems: Vec<String>,
    pub left_out: usize,
}

impl Parsed {
    fn problem(&mut self, line: usize, what: impl AsRef<str>) {
        self.left_out += 1;
        if self.problems.len() < PROBLEMS_SHOWN {
            self.problems.push(format!("Line {line}: {}", what.as_ref()));
        }
    }
}

fn quoted(text: &str) -> String {
    escape_markdown(&clean_line(text, 40))
}

/// # Errors
/// A sentence about what is wrong with the whole file.
pub fn parse(text: &str) -> Result<Parsed, String> {
    let text = text.trim_start_matches('\u{FEFF}');
    let mut parsed = match text.trim_start().chars().next() {
        None => return Err("The file is empty.".to_owned()),
        Some('[' | '{') => parse_json(text)?,
        Some(_) => parse_table(text)?,
    };
    drop_repeated(&mut parsed);
    if parsed.entries.is_empty() {
        let first = parsed.problems.first().map_or(String::new(), |problem| format!(" {problem}"));
        return Err(format!("There is nobody in this file.{first}"));
    }
    if parsed.entries.len() > ENTRIES_MAX {
        return Err(format!("The file has {} members; {ENTRIES_MAX} fit into one. Split it.", parsed.entries.len()));
    }
    Ok(parsed)
}

/// Whoever is named twice is left out both times: nobody can tell which line is right.
fn drop_repeated(parsed: &mut Parsed) {
    let mut seen: BTreeMap<u64, usize> = BTreeMap::new();
    for entry in &parsed.entries {
        *seen.entry(entry.user).or_default() += 1;
    }
    seen.retain(|_, times| *times > 1);
    for (user, times) in &seen {
        parsed.left_out += times;
        if parsed.problems.len() < PROBLEMS_SHOWN {
            parsed.problems.push(format!("The member {user} stands {times} times in the file."));
        }
    }
    parsed.entries.retain(|entry| !seen.contains_key(&entry.user));
}

/// Discord's ids have 17 to 20 digits and fit into 63 bits for the next centuries.
fn user_id(text: &str) -> Option<u64> {
    let text = text.trim().trim_start_matches("<@").trim_start_matches('!').trim_end_matches('>');
    let is_id = (17..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|id| is_id && *id < 1 << 63)
}

fn amount(text: &str, max: u64) -> Option<u64> {
    let text = text.trim();
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|number| is_number && *number <= max)
}

#[derive(Deserialize)]
struct Export<'a> {
    #[serde(borrow, alias = "leaderboard", alias = "members", alias = "data")]
    players: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Player<'a> {
    #[serde(borrow, alias = "user_id", alias = "userId", alias = "discord_id")]
    id: &'a RawValue,
    #[serde(borrow, alias = "total_xp", alias = "totalXp", alias = "exp")]
    xp: &'a RawValue,
    #[serde(borrow, default, alias = "messages", alias = "messageCount")]
    message_count: Option<&'a RawValue>,
}

fn parse_json(text: &str) -> Result<Parsed, String> {
    let is_list = text.trim_start().starts_with('[');
    let players: Result<Vec<&RawValue>, _> = if is_list {
        serde_json::from_str(text)
    } else {
        serde_json::from_str(text).map(|export: Export<'_>| export.players)
    };
    let players = players.map_err(|error| {
        if error.is_data() {
            return "This JSON has no list of players: Muster reads MEE6's `{\"players\": [{\"id\", \"xp\", …}]}`, or the list alone.".to_owned();
        }
        format!("This JSON is broken in line {}, column {}.", error.line(), error.column())
    })?;
    let mut parsed = Parsed::default();
    let (mut line, mut read_to) = (1, 0);
    for raw in players {
        // Where it stands, for people: the raw value borrows from the text.
        let at = (raw.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize).min(text.len());
        line += text.as_bytes().get(read_to..at).unwrap_or_default().iter().filter(|byte| **byte == b'\n').count();
        read_to = at.max(read_to);
        let Ok(player) = serde_json::from_str::<Player<'_>>(raw.get()) else {
            parsed.problem(line, "a player has an `id` and an `xp`; this one does not.");
            continue;
        };
        let plain = |raw: &RawValue| raw.get().trim_matches('"').to_owned();
        add(
            &mut parsed,
            line,
            &plain(player.id),
            &plain(player.xp),
            &player.message_count.map(plain).unwrap_or_default(),
        );
    }
    Ok(parsed)
}

fn add(parsed: &mut Parsed, line: usize, user: &str, xp: &str, messages: &str) {
    let Some(user) = user_id(user) else {
        return parsed.problem(line, format!("“{}” is no id of a Discord account.", quoted(user)));
    };
    let Some(xp) = amount(xp, XP_MAX) else {
        return parsed.problem(line, format!("“{}” is no XP: a whole number up to {XP_MAX}.", quoted(xp)));
    };
    let messages = match messages.trim() {
        "" | "null" => Some(0),
        text => amount(text, MESSAGES_MAX),
    };
    let Some(messages) = messages else {
        return parsed.problem(line, "the number of messages is no whole number.");
    };
    parsed.entries.push(Entry { user, xp, messages });
}

/// Which column holds what.
struct Columns {
    user: usize,
    xp: usize,
    messages: Option<usize>,
}

/// The fields of a line; a separator inside quotes is none.
fn fields(line: &str, separator: char) -> Vec<String> {
    let (mut fields, mut is_quoted) = (vec![String::new()], false);
    for letter in line.chars() {
        if letter == '"' {
            is_quoted = !is_quoted;
        } else if letter == separator && !is_quoted {
            fields.push(String::new());
        } else if let Some(field) = fields.last_mut() {
            field.push(letter);
        }
    }
    for field in &mut fields {
        *field = field.trim().to_owned();
    }
    fields
}

fn header(line: &str, separator: char) -> Option<Columns> {
    let names: Vec<String> = fields(line, separator).into_iter().map(|name| name.to_lowercase()).collect();
    let find = |known: &[&str]| names.iter().position(|name| known.contains(&name.as_str()));
    Some(Columns {
        user: find(&["user_id", "userid", "id", "user id", "discord_id", "member_id", "user"])?,
        xp: find(&["xp", "total_xp", "totalxp", "exp", "experience", "total xp"])?,
        messages: find(&["messages", "message_count", "messagecount", "message count"]),
    })
}

fn parse_table(text: &str) -> Result<Parsed, String> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).peekable();
    let Some((_, first)) = lines.peek().copied() else {
        return Err("The file is empty.".to_owned());
    };
    let separator =
        [',', ';', '\t'].into_iter().max_by_key(|separator| first.matches(*separator).count()).unwrap_or(',');
    let columns = match header(first, separator) {
        Some(columns) => {
            lines.next();
            columns
        }
        None if fields(first, separator).first().is_some_and(|field| user_id(field).is_some()) => {
            Columns { user: 0, xp: 1, messages: Some(2) }
        }
        None => {
            return Err(format!(
                "Line 1 is neither a header with `user_id` and `xp` nor a member: “{}”. Write one member per line, like `123456789012345678,4200`.",
                quoted(first)
            ));
        }
    };
    let mut parsed = Parsed::default();
    for (index, line) in lines {
        let fields = fields(line, separator);
        let (Some(user), Some(xp)) = (fields.get(columns.user), fields.get(columns.xp)) else {
            parsed.problem(index + 1, "a member has an id and an XP; this line has fewer columns.");
            continue;
        };
        let messages = columns.messages.and_then(|column| fields.get(column)).map_or("", String::as_str);
        add(&mut parsed, index + 1, user, xp, messages);
    }
    Ok(parsed)
}

/// What somebody has in total after an entry of `xp`.
pub fn total_after(mode: Mode, now: u64, xp: u64) -> u64 {
    match mode {
        Mode::Add => now.saturating_add(xp),
        Mode::Higher => now.max(xp),
        Mode::Replace => xp,
    }
}

/// The level that is settled without a word after an import.
pub fn level_after(curve: Curve, mode: Mode, now: u64, xp: u64) -> u32 {
    curve.level(total_after(mode, now, xp))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    const ADA: u64 = 123_456_789_012_345_678;
    const BELA: u64 = 223_456_789_012_345_678;

    fn both() -> Vec<Entry> {
        vec![Entry { user: ADA, xp: 4_200, messages: 7 }, Entry { user: BELA, xp: 10, messages: 0 }]
    }

    #[rstest]
    #[case::mee6(r#"{"admin":false,"players":[{"avatar":"x","detailed_xp":[1,2,3],"id":"123456789012345678","level":9,"message_count":7,"username":"ada","xp":4200},{"id":"223456789012345678","xp":10}]}"#)]
    #[case::list(
        "[\n {\"id\": \"123456789012345678\", \"xp\": 4200, \"message_count\": 7},\n {\"userId\": \"223456789012345678\", \"xp\": \"10\", \"message_count\": null}\n]"
    )]
    #[case::number_ids(r#"[{"id":123456789012345678,"xp":4200,"messages":7},{"id":223456789012345678,"xp":10}]"#)]
    #[case::csv("user_id,xp,messages\n123456789012345678,4200,7\n223456789012345678,10,\n")]
    #[case::semicolons_and_quotes(
        "\u{FEFF}\"Name\";\"ID\";\"Messages\";\"Total XP\"\r\n\"ada; lovelace\";\"123456789012345678\";\"7\";\"4200\"\r\n\r\n\"bela\";\"223456789012345678\";\"0\";\"10\"\r\n"
    )]
    #[case::tabs_without_header("123456789012345678\t4200\t7\n223456789012345678\t10")]
    fn files_of_other_bots_are_read(#[case] text: &str) {
        assert_eq!(parse(text), Ok(Parsed { entries: both(), ..Parsed::default() }));
    }

    #[rstest]
    #[case::empty("  \n", "The file is empty")]
    #[case::broken("[\n{\"id\":\n}", "broken in line 3, column 1")]
    #[case::other_json(r#"{"guild":{"id":"1"}}"#, "no list of players")]
    #[case::prose("Dear Muster,\nplease", "neither a header")]
    #[case::header_only("user_id,xp\n", "nobody in this file")]
    #[case::nobody_valid("user_id,xp\nada,5\n", "nobody in this file. Line 2: “ada” is no id")]
    fn what_is_no_export_is_refused_with_the_place(#[case] text: &str, #[case] why: &str) {
        assert!(parse(text).unwrap_err().contains(why), "{:?}", parse(text));
    }

    #[test]
    fn bad_lines_are_named_and_left_out() {
        let text = "user_id,xp\n123456789012345678,4200\n12,5\n323456789012345678,-5\n423456789012345678,1e9\n523456789012345678\n\
            623456789012345678,99999999999\n723456789012345678,1\n723456789012345678,2\n";
        let parsed = parse(text).unwrap();
        assert_eq!(parsed.entries, [Entry { user: ADA, xp: 4_200, messages: 0 }]);
        assert_eq!(parsed.left_out, 7);
        let problems = parsed.problems.join("\n");
        for part in [
            "Line 3: “12” is no id",
            "Line 4: “-5” is no XP",
            "Line 5",
            "Line 6: a member has",
            "Line 7",
            "stands 2 times",
        ] {
            assert!(problems.contains(part), "{part} in {problems}");
        }
        let json = "{\"players\": [\n{\"id\": \"123456789012345678\", \"xp\": 1},\n{\"id\": \"x\", \"xp\": 1},\n5]}";
        assert_eq!(parse(json).unwrap().problems.join(" ").matches("Line 3: “x”").count(), 1);
        assert!(parse(json).unwrap().problems[1].starts_with("Line 4: a player has"));
    }

    #[test]
    fn the_longest_list_fits_into_one_value() {
        let longest = ENTRIES_MAX * r#"["12345678901234567890",2000000000,1000000000],"#.len();
        assert!(longest < 2_000_000, "{longest}");
    }

    proptest! {
        #[test]
        fn no_file_makes_the_parser_panic(text in "\\PC{0,200}", list in "[\\[\\]{}\":,0-9a-z \n]{0,80}") {
            let _ = (parse(&text), parse(&list), parse(&format!("[{list}]")), parse(&format!("user_id,xp\n{text}")));
        }

        #[test]
        fn totals_follow_the_mode(now in 0..u64::from(u32::MAX), xp in 0..XP_MAX) {
            prop_assert_eq!(total_after(Mode::Add, now, xp), now + xp);
            prop_assert!(total_after(Mode::Higher, now, xp) >= now);
            prop_assert_eq!(total_after(Mode::Replace, now, xp), xp);
        }
    }
}
