//! Purpose: a configuration as a file: with the names of what it mentions, so that another server can be told what it means.
//!
//! What is read back may come from anywhere: nothing in it is trusted, and nothing in it is dropped without a word.

use crate::{
    access::GuildAccess,
    error::{Error, FieldError, Result},
    guild_config::{GuildConfig, check, versions::Versioned, words::Names},
    text::clean_line,
    time,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, GuildMarker, RoleMarker},
};

/// Names the format; `FORMAT_VERSION` grows when an older reader would misread a file.
const FORMAT: &str = "muster-config";
const FORMAT_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    format_version: u32,
    exported_at: String,
    guild: Guild<'a>,
    /// Version of the configuration in its guild.
    version: i64,
    settings: &'a GuildConfig,
    /// Names of the roles and channels that the settings mention; those that are gone have none.
    roles: BTreeMap<Id<RoleMarker>, &'a str>,
    channels: BTreeMap<Id<ChannelMarker>, &'a str>,
}

#[derive(Serialize)]
struct Guild<'a> {
    id: Id<GuildMarker>,
    name: &'a str,
}

/// The file's text.
///
/// # Errors
/// Only when the settings cannot be written as JSON, which is a defect.
pub fn export(access: &GuildAccess, current: &Versioned, names: &Names, now: i64) -> Result<String> {
    let (roles, channels) = current.config.references();
    let document = Document {
        format: FORMAT,
        format_version: FORMAT_VERSION,
        exported_at: time::rfc3339(now),
        guild: Guild { id: access.guild, name: &access.facts.name },
        version: current.version,
        settings: &current.config,
        roles: roles.into_iter().filter_map(|id| Some((id, names.roles.get(&id.to_string())?.as_str()))).collect(),
        channels: channels
            .into_iter()
            .filter_map(|id| Some((id, names.channels.get(&id.to_string())?.as_str())))
            .collect(),
    };
    serde_json::to_string_pretty(&document).map_err(Error::internal)
}

/// Settings that are listed as unknown.
const UNKNOWN_MAX: usize = 20;
const NAME_MAX: usize = 100;

/// A file as it was read.
#[derive(Debug, Default, PartialEq)]
pub struct Imported {
    pub config: GuildConfig,
    pub guild_name: String,
    pub exported_at: String,
    /// What the file calls the roles and channels that its settings mention.
    pub roles: BTreeMap<Id<RoleMarker>, String>,
    pub channels: BTreeMap<Id<ChannelMarker>, String>,
    /// Places of settings that this Muster does not know.
    pub unknown: Vec<String>,
}

/// The parts of a file besides its settings.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Head {
    format: String,
    format_version: u32,
    exported_at: String,
    guild: GuildName,
    roles: BTreeMap<Id<RoleMarker>, String>,
    channels: BTreeMap<Id<ChannelMarker>, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GuildName {
    name: String,
}

/// Reads what [`export`] wrote, here or on another server.
///
/// # Errors
/// What is wrong with it, in a sentence.
pub fn import(text: &str) -> Result<Imported, String> {
    if text.trim().is_empty() {
        return Err("Choose the file that “Export” saved, or paste what is in it.".to_owned());
    }
    let document: Value = serde_json::from_str(text).map_err(|error| format!("This is no JSON file: {error}."))?;
    import_value(document)
}

/// The same for a document that is JSON already.
///
/// # Errors
/// What is wrong with it, in a sentence.
pub fn import_value(mut document: Value) -> Result<Imported, String> {
    let settings = document.get_mut("settings").map(Value::take);
    let head: Head = serde_json::from_value(document).map_err(|error| format!("This file cannot be read: {error}."))?;
    let Some(settings) = settings.filter(|_| head.format == FORMAT) else {
        return Err("This is no configuration of Muster. Choose the file that “Export” saved.".to_owned());
    };
    if head.format_version > FORMAT_VERSION {
        return Err("A newer Muster wrote this file. Update this one first.".to_owned());
    }
    let (config, unknown) = read_settings(settings).map_err(|error| {
        if error.field.is_empty() { error.message } else { format!("{}: {}", error.field, error.message) }
    })?;
    let (roles, channels) = config.references();
    let named = |name: Option<&String>| {
        name.map(|name| clean_line(name, NAME_MAX)).filter(|name| !name.is_empty()).unwrap_or_else(|| "?".to_owned())
    };
    Ok(Imported {
        config,
        guild_name: clean_line(&head.guild.name, NAME_MAX),
        exported_at: time::parse_rfc3339(&head.exported_at).map(time::rfc3339).unwrap_or_default(),
        roles: roles.into_iter().map(|id| (id, named(head.roles.get(&id)))).collect(),
        channels: channels.into_iter().map(|id| (id, named(head.channels.get(&id)))).collect(),
        unknown,
    })
}

/// Settings out of JSON, and the places of those that there are not.
///
/// # Errors
/// The place that cannot be read.
pub fn read_settings(settings: Value) -> Result<(GuildConfig, Vec<String>), FieldError> {
    if !settings.is_object() {
        return Err(FieldError::new("", "The settings are a JSON object."));
    }
    let mut config: GuildConfig = match serde_json::from_value(settings.clone()) {
        Ok(config) => config,
        Err(error) => {
            let place = culprit(&settings, &[]);
            return Err(FieldError::new(place.join("."), format!("This cannot be read: {error}.")));
        }
    };
    check::tidy(&mut config);
    let known = crate::json::to_value(&config).unwrap_or_default();
    let mut unknown = Vec::new();
    find_unknown(&settings, &known, "", &mut unknown);
    unknown.truncate(UNKNOWN_MAX);
    Ok((config, unknown))
}

/// The setting that cannot be read: the smallest part that cannot be read by itself either.
fn culprit<'a>(value: &'a Value, place: &[&'a str]) -> Vec<&'a str> {
    let Value::Object(parts) = value else { return place.to_vec() };
    for (name, part) in parts {
        let place = [place, &[name.as_str()]].concat();
        let alone = place.iter().rev().fold(part.clone(), |inner, name| json!({ *name: inner }));
        if serde_json::from_value::<GuildConfig>(alone).is_err() {
            return culprit(part, &place);
        }
    }
    place.to_vec()
}

fn find_unknown(given: &Value, known: &Value, place: &str, into: &mut Vec<String>) {
    let (Value::Object(given), Value::Object(known)) = (given, known) else { return };
    for (name, value) in given {
        let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
        match known.get(name) {
            None => into.push(clean_line(&place, NAME_MAX)),
            Some(known) => find_unknown(value, known, &place, into),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case::nothing(" ", "Choose the file")]
    #[case::no_json("{", "This is no JSON file")]
    #[case::another_file(r#"{"name":"package"}"#, "no configuration of Muster")]
    #[case::no_object("[]", "no configuration of Muster")]
    #[case::newer(r#"{"format":"muster-config","format_version":2,"settings":{}}"#, "newer Muster")]
    #[case::broken(
        r#"{"format":"muster-config","format_version":1,"settings":{"levels":{"text":{"min_xp":"many"}}}}"#,
        "levels.text.min_xp: "
    )]
    #[case::id(
        r#"{"format":"muster-config","format_version":1,"settings":{"giveaway_managers":["0"]}}"#,
        "giveaway_managers: "
    )]
    fn what_cannot_be_read_is_said(#[case] text: &str, #[case] said: &str) {
        let error = import(text).unwrap_err();
        assert!(error.contains(said), "{error}");
    }

    #[test]
    fn settings_of_another_version_are_named() {
        let text = r#"{"format":"muster-config","format_version":1,"settings":{"colour":1,"levels":{"text":{"emoji":2}},"time_zone":"europe/berlin"}}"#;
        let imported = import(text).unwrap();
        assert_eq!(imported.unknown, ["colour", "levels.text.emoji"]);
        assert_eq!(imported.config.time_zone, "Europe/Berlin");
    }

    proptest! {
        #[test]
        fn no_file_makes_it_panic(text in "\\PC{0,200}", field in "[a-z_.]{0,20}") {
            let _ = import(&text);
            let _ = import_value(json!({ "format": FORMAT, "settings": { field: text } }));
        }
    }
}
