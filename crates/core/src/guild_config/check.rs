//! Purpose: whether a whole configuration makes sense, wherever it came from: the same limits that commands and forms hold to.

use super::{GuildConfig, limits};
use crate::{
    error::FieldError,
    text, time,
    xp::{AnnounceIn, LevelSettings, Scope, curve},
};
use std::ops::RangeInclusive;
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, RoleMarker},
};

/// Brings what came from outside into the form in which commands and forms keep it.
pub fn tidy(config: &mut GuildConfig) {
    if let Some(zone) = time::parse_zone(&config.time_zone) {
        zone.name().clone_into(&mut config.time_zone);
    }
    config.levels.rewards.sort_unstable();
    let words = config.levels.announce.text.take().map(|words| text::clean(&words));
    config.levels.announce.text = words.filter(|words| !words.is_empty());
}

/// What does not fit, each with its place in the document; pure. What only Discord can say is not asked here.
pub fn check(config: &GuildConfig) -> Vec<FieldError> {
    let mut found = Vec::new();
    let mut say = |path: &str, text: String| found.push(FieldError::new(path, text));
    if time::parse_zone(&config.time_zone).is_none_or(|zone| zone.name() != config.time_zone) {
        say("time_zone", "This is no time zone of the IANA database, like Europe/Berlin.".to_owned());
    }
    if config.color > limits::COLOR_MAX {
        say("color", "A colour is a number from 0 to 16777215 (0xFFFFFF).".to_owned());
    }
    if config.giveaway_managers.len() > limits::MANAGERS_MAX {
        say("giveaway_managers", format!("At most {} roles are possible.", limits::MANAGERS_MAX));
    }
    let numbers: [(&str, u32, RangeInclusive<u32>); 3] = [
        ("giveaway_claim_seconds", config.giveaway_claim_seconds, limits::CLAIM_SECONDS),
        ("giveaway_reroll_limit", config.giveaway_reroll_limit, 0..=limits::REROLLS_MAX),
        ("giveaway_winner_cooldown_days", config.giveaway_winner_cooldown_days, 0..=limits::COOLDOWN_DAYS_MAX),
    ];
    for (path, number, range) in numbers {
        if !range.contains(&number) {
            say(path, between(&range));
        }
    }
    check_levels(&config.levels, &mut say);
    found
}

fn between(range: &RangeInclusive<u32>) -> String {
    format!("A whole number from {} to {}.", range.start(), range.end())
}

fn check_levels(levels: &LevelSettings, say: &mut dyn FnMut(&str, String)) {
    let text = &levels.text;
    let numbers: [(&str, u32, RangeInclusive<u32>); 8] = [
        ("levels.text.min_xp", text.min_xp, 0..=limits::XP_MAX),
        ("levels.text.max_xp", text.max_xp, 1..=limits::XP_MAX),
        ("levels.text.cooldown_seconds", text.cooldown_seconds, 0..=limits::COOLDOWN_MAX),
        ("levels.text.min_length", text.min_length, 0..=limits::LENGTH_MAX),
        ("levels.voice_xp", levels.voice_xp, 0..=limits::XP_MAX),
        ("levels.curve.base", levels.curve.base, curve::BASES),
        ("levels.curve.exponent_quarters", levels.curve.exponent_quarters, curve::QUARTERS),
        ("levels.keep_leavers_days", levels.keep_leavers_days, 0..=limits::LEAVERS_MAX),
    ];
    for (path, number, range) in numbers {
        if !range.contains(&number) {
            say(path, between(&range));
        }
    }
    if text.min_xp > text.max_xp {
        say("levels.text.max_xp", "The most must not be below the least.".to_owned());
    }
    let lists: [(&str, usize, usize); 5] = [
        ("levels.text.no_xp_channels", text.no_xp_channels.len(), limits::IGNORED_MAX),
        ("levels.text.no_xp_roles", text.no_xp_roles.len(), limits::IGNORED_MAX),
        ("levels.text.multipliers", text.multipliers.len(), limits::MULTIPLIERS_MAX),
        ("levels.rewards", levels.rewards.len(), limits::REWARDS_MAX),
        ("levels.announce.quiet", levels.announce.quiet.len(), limits::QUIET_MAX),
    ];
    for (path, length, most) in lists {
        if length > most {
            say(path, format!("At most {most} are possible."));
        }
    }
    check_lists(levels, say);
}

fn check_lists(levels: &LevelSettings, say: &mut dyn FnMut(&str, String)) {
    for (index, one) in levels.text.multipliers.iter().enumerate() {
        if one.percent > limits::MULTIPLIER_PERCENT_MAX || one.percent == 100 {
            let most = limits::MULTIPLIER_PERCENT_MAX;
            let text = format!("A percentage is a whole number from 0 to {most}, but not 100, which changes nothing.");
            say("levels.text.multipliers", text);
        }
        if let Scope::Window { days, from, to } = one.scope
            && (!(1..=127).contains(&days) || from >= 1_440 || to >= 1_440)
        {
            let text = "A window has days as bits from 1 to 127, and begins and ends at a minute from 0 to 1439.";
            say("levels.text.multipliers", text.to_owned());
        }
        if levels.text.multipliers.iter().skip(index + 1).any(|other| other.scope == one.scope) {
            say("levels.text.multipliers", "The same role, channel or window is there twice.".to_owned());
        }
    }
    let is_level = |level: u32| (1..=curve::LEVEL_MAX).contains(&level);
    for (index, reward) in levels.rewards.iter().enumerate() {
        if !is_level(reward.level) {
            say("levels.rewards", format!("A level is a number from 1 to {}.", curve::LEVEL_MAX));
        }
        if levels.rewards.iter().skip(index + 1).any(|other| other.role == reward.role) {
            say("levels.rewards", format!("The role {} comes with two levels.", reward.role));
        }
    }
    if levels.announce.quiet.iter().any(|(from, to)| !is_level(*from) || !is_level(*to) || from > to) {
        let text = format!("A range is two levels from 1 to {}, the smaller one first.", curve::LEVEL_MAX);
        say("levels.announce.quiet", text);
    }
    if levels.announce.text.as_ref().is_some_and(|text| text.chars().count() > usize::from(limits::WORDS_MAX)) {
        say("levels.announce.text", format!("At most {} characters fit.", limits::WORDS_MAX));
    }
}

/// A role or channel that a configuration mentions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mention {
    Role(Id<RoleMarker>),
    Channel(Id<ChannelMarker>),
    /// A channel in which Muster posts by itself.
    Posting(Id<ChannelMarker>),
}

/// All of them with their places in the document.
pub fn mentions(config: &GuildConfig) -> Vec<(&'static str, Mention)> {
    let levels = &config.levels;
    let role = |path: &'static str| move |id: &Id<RoleMarker>| (path, Mention::Role(*id));
    let mut all: Vec<(&'static str, Mention)> =
        config.giveaway_managers.iter().map(role("giveaway_managers")).collect();
    all.extend(config.giveaway_log_channel.map(|id| ("giveaway_log_channel", Mention::Posting(id))));
    all.extend(levels.text.no_xp_roles.iter().map(role("levels.text.no_xp_roles")));
    all.extend(levels.text.no_xp_channels.iter().map(|id| ("levels.text.no_xp_channels", Mention::Channel(*id))));
    all.extend(levels.text.multipliers.iter().filter_map(|one| match one.scope {
        Scope::Role { id } => Some(("levels.text.multipliers", Mention::Role(id))),
        Scope::Channel { id } => Some(("levels.text.multipliers", Mention::Channel(id))),
        Scope::Window { .. } => None,
    }));
    if let AnnounceIn::Channel(id) = levels.announce.place {
        all.push(("levels.announce.in", Mention::Posting(id)));
    }
    all.extend(levels.announce.winners.map(|id| ("levels.announce.winners", Mention::Posting(id))));
    all.extend(levels.rewards.iter().map(|reward| ("levels.rewards", Mention::Role(reward.role))));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::{Value, json};
    use std::collections::BTreeSet;

    #[test]
    fn defaults_make_sense() {
        assert_eq!(check(&GuildConfig::default()), []);
    }

    #[rstest]
    #[case::zone("time_zone", json!({ "time_zone": "Mars/Base" }))]
    #[case::spelling("time_zone", json!({ "time_zone": "europe/berlin" }))]
    #[case::color("color", json!({ "color": 0x0100_0000 }))]
    #[case::managers("giveaway_managers", json!({ "giveaway_managers": (1..=11).map(|id| id.to_string()).collect::<Vec<_>>() }))]
    #[case::claim("giveaway_claim_seconds", json!({ "giveaway_claim_seconds": 29 }))]
    #[case::rerolls("giveaway_reroll_limit", json!({ "giveaway_reroll_limit": 51 }))]
    #[case::cooldown("giveaway_winner_cooldown_days", json!({ "giveaway_winner_cooldown_days": 366 }))]
    #[case::order("levels.text.max_xp", json!({ "levels": { "text": { "min_xp": 30, "max_xp": 20 } } }))]
    #[case::voice("levels.voice_xp", json!({ "levels": { "voice_xp": 1_001 } }))]
    #[case::curve("levels.curve.base", json!({ "levels": { "curve": { "base": 9 } } }))]
    #[case::level("levels.rewards", json!({ "levels": { "rewards": [{ "level": 0, "role": "1" }] } }))]
    #[case::twice("levels.rewards", json!({ "levels": { "rewards": [{ "level": 1, "role": "1" }, { "level": 2, "role": "1" }] } }))]
    #[case::quiet("levels.announce.quiet", json!({ "levels": { "announce": { "quiet": [[4, 1]] } } }))]
    #[case::words("levels.announce.text", json!({ "levels": { "announce": { "text": "a".repeat(501) } } }))]
    #[case::percent("levels.text.multipliers", json!({ "levels": { "text": { "multipliers": [{ "scope": "role", "id": "1", "percent": 100 }] } } }))]
    #[case::window("levels.text.multipliers", json!({ "levels": { "text": { "multipliers": [{ "scope": "window", "days": 0, "from": 0, "to": 9, "percent": 50 }] } } }))]
    fn what_no_form_would_take_is_found(#[case] path: &str, #[case] document: Value) {
        let config: GuildConfig = serde_json::from_value(document).unwrap();
        let found = check(&config);
        assert_eq!(found.iter().map(|one| one.field.as_str()).collect::<BTreeSet<_>>(), BTreeSet::from([path]));
    }

    #[test]
    fn every_mention_has_its_place() {
        let config: GuildConfig = serde_json::from_str(super::super::references::EVERY_MENTION).unwrap();
        let (mut roles, mut channels) = (BTreeSet::new(), BTreeSet::new());
        for (_, mention) in mentions(&config) {
            match mention {
                Mention::Role(id) => roles.insert(id.cast()),
                Mention::Channel(id) | Mention::Posting(id) => channels.insert(id),
            };
        }
        assert_eq!((roles, channels), config.references());
    }
}
