//! Purpose: the settings that people can change: how each is read, shown and suggested.

use crate::{
    guild_config::{GuildConfig, limits},
    text::escape_markdown,
    time,
};
use serde_json::{Value, json};

/// One setting; `name` is its field in `GuildConfig`.
pub struct Field {
    pub name: &'static str,
    pub about: &'static str,
    /// JSON for the stored document, or a sentence saying what to write instead.
    pub parse: fn(&str) -> Result<Value, String>,
    pub show: fn(&GuildConfig) -> String,
    /// Values that start like what is typed (lower case).
    pub suggest: fn(&str) -> Vec<String>,
}

/// Settings that name a channel to post in.
pub const CHANNELS: &[&str] = &["giveaway_log_channel"];

pub const FIELDS: &[Field] = &[
    Field {
        name: "time_zone",
        about: "The zone in which times like 18:00 are read",
        parse: parse_zone,
        show: |config| config.time_zone.clone(),
        suggest: suggest_zones,
    },
    Field {
        name: "color",
        about: "The colour of Muster's messages",
        parse: parse_color,
        show: |config| format!("#{:06X}", config.color),
        suggest: |_| ["#D98E04", "#2F6F5E", "#5865F2", "#C0392B"].map(str::to_owned).to_vec(),
    },
    Field {
        name: "giveaway_managers",
        about: "Roles that run giveaways without Manage Server",
        parse: parse_roles,
        show: |config| match config.giveaway_managers.len() {
            0 => "nobody else".to_owned(),
            _ => config.giveaway_managers.iter().map(|role| format!("<@&{role}>")).collect::<Vec<_>>().join(" "),
        },
        suggest: |_| Vec::new(),
    },
    Field {
        name: "giveaway_log_channel",
        about: "Where every step of a giveaway is noted",
        parse: parse_channel,
        show: |config| config.giveaway_log_channel.map_or("none".to_owned(), |channel| format!("<#{channel}>")),
        suggest: |_| vec!["none".to_owned()],
    },
    Field {
        name: "giveaway_claim_seconds",
        about: "How long winners have to press Claim Prize",
        parse: |text| {
            parse_seconds(text, i64::from(*limits::CLAIM_SECONDS.start()), i64::from(*limits::CLAIM_SECONDS.end()))
        },
        show: |config| time::say_duration(i64::from(config.giveaway_claim_seconds) * 1_000),
        suggest: |_| ["5m", "30m", "1h", "1d"].map(str::to_owned).to_vec(),
    },
    Field {
        name: "giveaway_reroll_limit",
        about: "How often an unclaimed prize is drawn again by itself",
        parse: |text| parse_number(text, limits::REROLLS_MAX),
        show: |config| config.giveaway_reroll_limit.to_string(),
        suggest: |_| ["0", "1", "3", "10"].map(str::to_owned).to_vec(),
    },
    Field {
        name: "giveaway_winner_cooldown_days",
        about: "Days in which somebody who won is passed over; 0 for never",
        parse: |text| parse_number(text, limits::COOLDOWN_DAYS_MAX),
        show: |config| match config.giveaway_winner_cooldown_days {
            0 => "off".to_owned(),
            days => crate::text::count(days.into(), "day", "days"),
        },
        suggest: |_| ["0", "7", "30", "90"].map(str::to_owned).to_vec(),
    },
];

fn quoted(text: &str) -> String {
    escape_markdown(&crate::text::clean_line(text, 60))
}

fn parse_zone(text: &str) -> Result<Value, String> {
    let zone = time::parse_zone(text).ok_or_else(|| {
        format!(
            "“{}” is no time zone. Choose one from the list that opens while you type, like Europe/Berlin.",
            quoted(text)
        )
    })?;
    Ok(json!(zone.name()))
}

fn suggest_zones(typed: &str) -> Vec<String> {
    let typed = typed.replace(' ', "_");
    let matching = crate::time_zone::Zone::all().map(crate::time_zone::Zone::name);
    matching.filter(|name| name.to_lowercase().contains(&typed)).take(25).map(str::to_owned).collect()
}

fn parse_color(text: &str) -> Result<Value, String> {
    let digits = text.trim().trim_start_matches('#');
    let is_hex = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    let color = is_hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten();
    color.map(|color| json!(color)).ok_or_else(|| "Write the colour as six hex digits, like #D98E04.".to_owned())
}

/// Ids out of mentions or plain ids; Discord's ids have 17 to 20 digits and fit into 64 bits.
fn ids(text: &str) -> Vec<String> {
    let digits = text.split(|c: char| !c.is_ascii_digit());
    let is_id = |part: &&str| (17..=20).contains(&part.len()) && part.parse::<std::num::NonZeroU64>().is_ok();
    digits.filter(is_id).map(str::to_owned).collect()
}

/// Whether somebody is mentioned: `<@123>` or `<@!123>`, where a role is `<@&123>`.
fn is_user(text: &str) -> bool {
    text.split("<@").skip(1).any(|rest| !rest.starts_with('&'))
}

fn parse_roles(text: &str) -> Result<Value, String> {
    if matches!(text.trim(), "none" | "nobody" | "-") {
        return Ok(json!([]));
    }
    let roles = ids(text);
    if roles.is_empty() || roles.len() > limits::MANAGERS_MAX || is_user(text) {
        return Err("Mention between one and ten roles, like @Moderator @Events, or write `none`.".to_owned());
    }
    Ok(json!(roles))
}

fn parse_channel(text: &str) -> Result<Value, String> {
    if matches!(text.trim(), "none" | "-") {
        return Ok(Value::Null);
    }
    match &ids(text)[..] {
        [channel] => Ok(json!(channel)),
        _ => Err("Mention one channel, like #giveaway-log, or write `none`.".to_owned()),
    }
}

fn parse_seconds(text: &str, min: i64, max: i64) -> Result<Value, String> {
    let seconds = time::parse_duration(text).map(|ms| ms / 1_000).filter(|s| (min..=max).contains(s));
    seconds.map(|seconds| json!(seconds)).ok_or_else(|| {
        format!(
            "Write a duration between {} and {}, like `5m`, `1h` or `2d`.",
            time::say_duration(min * 1_000),
            time::say_duration(max * 1_000)
        )
    })
}

fn parse_number(text: &str, max: u32) -> Result<Value, String> {
    let number = text.trim().parse::<u32>().ok().filter(|n| *n <= max);
    number.map(|n| json!(n)).ok_or_else(|| format!("Write a number from 0 to {max}."))
}
