//! Purpose: what two configurations differ in, setting by setting, in words.

use super::GuildConfig;
use crate::{text, time};
use serde_json::Value;
use std::collections::BTreeMap;

/// Names of roles and channels by their ids; what is missing was deleted.
#[derive(Debug, Clone, Default)]
pub struct Names {
    pub roles: BTreeMap<String, String>,
    pub channels: BTreeMap<String, String>,
}

impl Names {
    fn role(&self, id: &str) -> String {
        self.roles.get(id).map_or_else(|| format!("deleted role {id}"), |name| format!("@{name}"))
    }

    fn channel(&self, id: &str) -> String {
        self.channels.get(id).map_or_else(|| format!("deleted channel {id}"), |name| format!("#{name}"))
    }
}

/// One setting that is different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its place in the document, as `levels.text.min_xp`.
    pub path: String,
    pub label: String,
    pub before: String,
    pub after: String,
}

/// How a value is said.
#[derive(Clone, Copy)]
enum Kind {
    Plain,
    Color,
    Seconds,
    Days,
    Roles,
    Channels,
    Place,
    Rewards,
    Quiet,
    Multipliers,
    Quarters,
}

/// What is not in here is shown by its path, so that nothing is left out.
const SETTINGS: &[(&str, &str, Kind)] = &[
    ("time_zone", "Time zone", Kind::Plain),
    ("color", "Colour", Kind::Color),
    ("giveaway_managers", "Giveaway managers", Kind::Roles),
    ("giveaway_log_channel", "Giveaway log", Kind::Channels),
    ("giveaway_claim_seconds", "Time to claim a prize", Kind::Seconds),
    ("giveaway_reroll_limit", "Automatic rerolls", Kind::Plain),
    ("giveaway_winner_cooldown_days", "Pause for winners", Kind::Days),
    ("levels.enabled", "Levels", Kind::Plain),
    ("levels.text.min_xp", "Least XP for a message", Kind::Plain),
    ("levels.text.max_xp", "Most XP for a message", Kind::Plain),
    ("levels.text.cooldown_seconds", "Pause between messages that count", Kind::Seconds),
    ("levels.text.min_length", "Shortest message that counts", Kind::Plain),
    ("levels.text.no_xp_channels", "Channels without XP", Kind::Channels),
    ("levels.text.no_xp_roles", "Roles without XP", Kind::Roles),
    ("levels.text.multipliers", "Multipliers", Kind::Multipliers),
    ("levels.voice_xp", "XP for a minute in voice", Kind::Plain),
    ("levels.curve.base", "Base of the curve", Kind::Plain),
    ("levels.curve.exponent_quarters", "Exponent of the curve", Kind::Quarters),
    ("levels.announce.in", "Where new levels are said", Kind::Place),
    ("levels.announce.text", "Words for a new level", Kind::Plain),
    ("levels.announce.quiet", "Levels without a word", Kind::Quiet),
    ("levels.announce.winners", "Where winners of week and month are named", Kind::Channels),
    ("levels.rewards", "Roles for levels", Kind::Rewards),
    ("levels.stack_rewards", "Keep every role that was reached", Kind::Plain),
    ("levels.keep_leavers_days", "Remember who left", Kind::Days),
    ("levels.public", "Public leaderboard", Kind::Plain),
];

fn known(path: &str) -> Option<&'static (&'static str, &'static str, Kind)> {
    SETTINGS.iter().find(|(known, ..)| *known == path)
}

/// The settings of a document by their paths.
fn leaves<'a>(value: &'a Value, path: &str, into: &mut BTreeMap<String, &'a Value>) {
    match value {
        Value::Object(map) if known(path).is_none() => {
            for (field, value) in map {
                let path = if path.is_empty() { field.clone() } else { format!("{path}.{field}") };
                leaves(value, &path, into);
            }
        }
        _ => {
            into.insert(path.to_owned(), value);
        }
    }
}

fn listed(value: &Value, one: impl Fn(&Value) -> String) -> String {
    let items: Vec<String> = match value {
        Value::Array(items) => items.iter().map(one).collect(),
        Value::Null => Vec::new(),
        single => vec![one(single)],
    };
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}

fn id(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

fn say_plain(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(true) => "on".to_owned(),
        Value::Bool(false) => "off".to_owned(),
        Value::String(text) => text::clean(text),
        other => other.to_string(),
    }
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

fn say_multiplier(value: &Value, names: &Names) -> String {
    let scope = match value["scope"].as_str() {
        Some("role") => names.role(id(&value["id"])),
        Some("channel") => names.channel(id(&value["id"])),
        _ => {
            let bits = number(&value["days"]);
            let days = DAYS.iter().enumerate().filter(|(day, _)| bits & (1 << day) != 0).map(|(_, name)| *name);
            let clock = |minute: u64| format!("{:02}:{:02}", minute / 60, minute % 60);
            let (from, to) = (clock(number(&value["from"])), clock(number(&value["to"])));
            format!("{} {from} to {to}", days.collect::<Vec<_>>().join(" "))
        }
    };
    format!("{scope} {} %", number(&value["percent"]))
}

fn say(kind: Kind, value: &Value, names: &Names) -> String {
    match kind {
        Kind::Plain => say_plain(value),
        Kind::Color => format!("#{:06X}", number(value)),
        Kind::Seconds => time::say_duration(value.as_i64().unwrap_or_default().saturating_mul(1_000)),
        Kind::Days => match number(value) {
            0 => "off".to_owned(),
            days => text::count(days, "day", "days"),
        },
        Kind::Roles => listed(value, |one| names.role(id(one))),
        Kind::Channels => listed(value, |one| names.channel(id(one))),
        Kind::Place => match value {
            Value::String(place) if place == "same" => "where the level was reached".to_owned(),
            Value::String(place) if place == "direct" => "in private".to_owned(),
            Value::String(_) => "nowhere".to_owned(),
            other => names.channel(id(&other["channel"])),
        },
        Kind::Rewards => {
            listed(value, |one| format!("{} from level {}", names.role(id(&one["role"])), number(&one["level"])))
        }
        Kind::Quiet => listed(value, |one| match (number(&one[0]), number(&one[1])) {
            (from, to) if from == to => from.to_string(),
            (from, to) => format!("{from}-{to}"),
        }),
        Kind::Multipliers => listed(value, |one| say_multiplier(one, names)),
        Kind::Quarters => format!("{}.{:02}", number(value) / 4, number(value) % 4 * 25),
    }
}

/// Every setting in which they differ, in the order of the dashboard.
pub fn changes(before: &GuildConfig, after: &GuildConfig, names: &Names) -> Vec<Change> {
    let documents = (crate::json::to_value(before), crate::json::to_value(after));
    let (Ok(before), Ok(after)) = documents else { return Vec::new() };
    let (mut was, mut is) = (BTreeMap::new(), BTreeMap::new());
    leaves(&before, "", &mut was);
    leaves(&after, "", &mut is);
    let mut paths: Vec<&String> = was.keys().chain(is.keys()).filter(|path| was.get(*path) != is.get(*path)).collect();
    paths.sort_by_key(|path| (SETTINGS.iter().position(|(known, ..)| known == path).unwrap_or(usize::MAX), *path));
    paths.dedup();
    let change = |path: &String| {
        let (label, kind) = known(path).map_or((path.as_str(), Kind::Plain), |(_, label, kind)| (*label, *kind));
        let say = |value: Option<&&Value>| value.map_or_else(|| "none".to_owned(), |value| say(kind, value, names));
        Change { path: path.clone(), label: label.to_owned(), before: say(was.get(path)), after: say(is.get(path)) }
    };
    paths.into_iter().map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_has_a_name_of_its_own() {
        let value = serde_json::to_value(GuildConfig::default()).unwrap();
        let mut all = BTreeMap::new();
        leaves(&value, "", &mut all);
        for path in all.keys() {
            assert!(known(path).is_some(), "{path} has no label in SETTINGS");
        }
    }

    #[test]
    fn differences_are_said_in_words() {
        let before: GuildConfig = serde_json::from_str(r#"{"giveaway_managers":["11"]}"#).unwrap();
        let after: GuildConfig = serde_json::from_str(
            r#"{"color":255,"giveaway_claim_seconds":3600,"levels":{"enabled":true,"announce":{"in":{"channel":"21"},"quiet":[[1,4],[6,6]]},
            "rewards":[{"level":5,"role":"11"}],"text":{"multipliers":[{"scope":"window","days":96,"from":600,"to":720,"percent":200}]}}}"#,
        )
        .unwrap();
        let names = Names {
            roles: [("11".to_owned(), "Regular".to_owned())].into(),
            channels: [("21".to_owned(), "general".to_owned())].into(),
        };
        let said: Vec<String> = changes(&before, &after, &names)
            .into_iter()
            .map(|one| format!("{}: {} -> {}", one.label, one.before, one.after))
            .collect();
        assert_eq!(
            said,
            [
                "Colour: #D98E04 -> #0000FF",
                "Giveaway managers: @Regular -> none",
                "Time to claim a prize: 5 minutes -> 1 hour",
                "Levels: off -> on",
                "Multipliers: none -> Sat Sun 10:00 to 12:00 200 %",
                "Where new levels are said: where the level was reached -> #general",
                "Levels without a word: none -> 1-4, 6",
                "Roles for levels: none -> @Regular from level 5",
            ]
        );
        assert!(changes(&after, &after, &names).is_empty());
    }
}
