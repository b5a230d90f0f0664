//! Purpose: Discord's rules for application commands, and a command as Discord gives it back
//! (Discord reference, "Application Commands").

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::check::{list, number, text};

use super::{ApiError, FormErrors};

/// Options of a command or subcommand, and choices of an option.
const MAX_OPTIONS: usize = 25;
/// Characters of names, descriptions and choice values of one command together.
const MAX_TOTAL: usize = 8_000;
/// Largest whole number an option takes: 2^53 - 1, what every client holds exactly.
const MAX_INTEGER: i64 = 9_007_199_254_740_991;

const SUBCOMMAND: u64 = 1;
const GROUP: u64 = 2;

/// Checks a command and gives its stored parts: everything but ids and version. `path` prefixes errors.
pub(super) fn read(body: &Value, path: &str, errors: &mut FormErrors) -> Value {
    let at = |key: &str| {
        if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
    };
    let kind = body["type"].as_u64().unwrap_or(1);
    if !(1..=3).contains(&kind) {
        errors.choices(&at("type"), "{1, 2, 3}");
    }
    check_name(&body["name"], &at("name"), kind == 1, errors);
    let description = text(&body["description"], &at("description"), errors).unwrap_or_default();
    if kind == 1 {
        errors.length(&at("description"), description, 1, 100);
    } else if !description.is_empty() {
        let message = "Context menu commands cannot have description";
        errors.add(&at("description"), "APPLICATION_COMMAND_INVALID_DESCRIPTION", message);
    }
    check_localizations(body, &at("name_localizations"), &at("description_localizations"), kind == 1, errors);
    let options = list(&body["options"], &at("options"), errors).unwrap_or_default();
    if kind != 1 && !options.is_empty() {
        errors.add(&at("options"), "APPLICATION_COMMAND_INVALID_OPTIONS", "Context menu commands cannot have options");
    }
    let mut total = longest(&body["name"], &body["name_localizations"])
        + longest(&body["description"], &body["description_localizations"]);
    let stored = read_options(options, &at("options"), 0, &mut total, errors);
    if total > MAX_TOTAL {
        errors.add(path, "APPLICATION_COMMAND_TOO_LARGE", "Command exceeds maximum size (8000)");
    }
    let mut kept = json!({
        "type": kind,
        "name": body["name"],
        "name_localizations": body["name_localizations"],
        "description": description,
        "description_localizations": body["description_localizations"],
        "default_member_permissions": read_permissions(&body["default_member_permissions"], &at("default_member_permissions"), errors),
        "nsfw": body["nsfw"] == true,
    });
    if !stored.is_empty() {
        kept["options"] = json!(stored);
    }
    kept
}

/// `^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$`, in lower case where there is one; context menu names are free text.
fn check_name(value: &Value, path: &str, slash: bool, errors: &mut FormErrors) {
    let Some(name) = text(value, path, errors) else {
        errors.required(path);
        return;
    };
    errors.length(path, name, 1, 32);
    if !slash {
        return;
    }
    // Combining marks of Devanagari and Thai are no letters in Unicode's sense but belong to names.
    let script = |c: char| ('\u{900}'..='\u{97f}').contains(&c) || ('\u{e00}'..='\u{e7f}').contains(&c);
    let fits = |c: char| matches!(c, '-' | '_' | '\'') || c.is_alphanumeric() || script(c);
    if !name.chars().all(fits) || name.to_lowercase() != name {
        errors.add(path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid");
    }
}

fn check_localizations(body: &Value, names: &str, descriptions: &str, slash: bool, errors: &mut FormErrors) {
    for (locale, name) in body["name_localizations"].as_object().into_iter().flatten() {
        check_name(name, &format!("{names}.{locale}"), slash, errors);
    }
    for (locale, description) in body["description_localizations"].as_object().into_iter().flatten() {
        errors.length(&format!("{descriptions}.{locale}"), description.as_str().unwrap_or_default(), 1, 100);
    }
}

/// The longest of a text and its translations counts.
fn longest(text: &Value, translations: &Value) -> usize {
    let length = |value: &Value| value.as_str().map_or(0, |text| text.chars().count());
    let translated = translations.as_object().into_iter().flatten().map(|(_, value)| length(value)).max();
    length(text).max(translated.unwrap_or(0))
}

fn read_permissions(value: &Value, path: &str, errors: &mut FormErrors) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::String(text) if text.parse::<u64>().is_ok() => value.clone(),
        Value::Number(number) if number.is_u64() => json!(number.to_string()),
        _ => {
            errors.add(path, "NUMBER_TYPE_COERCE", format!("Value {value} is not int."));
            Value::Null
        }
    }
}

/// `depth` 0: of the command; 1: of a subcommand or group; 2: of a subcommand in a group.
fn read_options(options: &[Value], path: &str, depth: u8, total: &mut usize, errors: &mut FormErrors) -> Vec<Value> {
    if options.len() > MAX_OPTIONS {
        errors.add(path, "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.");
    }
    let mut names = BTreeSet::new();
    let mut optional_seen = false;
    let nested = |option: &Value| matches!(option["type"].as_u64(), Some(SUBCOMMAND | GROUP));
    if options.iter().any(nested) && !options.iter().all(nested) {
        let message = "Sub-command and sub-command group option types are mutually exclusive to all other types";
        errors.add(path, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message);
    }
    let mut stored = Vec::new();
    for (index, option) in options.iter().enumerate() {
        let path = format!("{path}.{index}");
        let name = option["name"].as_str().unwrap_or_default();
        if !names.insert(name) {
            let message = format!("Option name \"{name}\" already used");
            errors.add(&format!("{path}.name"), "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_USED", message);
        }
        if option["required"] == true && optional_seen {
            let message = "Required options must be placed before non-required options";
            errors.add(&path, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message);
        }
        optional_seen |= option["required"] != true && !nested(option);
        stored.push(read_option(option, &path, depth, total, errors));
    }
    stored
}

fn read_option(option: &Value, path: &str, depth: u8, total: &mut usize, errors: &mut FormErrors) -> Value {
    check_name(&option["name"], &format!("{path}.name"), true, errors);
    let description = text(&option["description"], &format!("{path}.description"), errors).unwrap_or_default();
    errors.length(&format!("{path}.description"), description, 1, 100);
    *total += longest(&option["name"], &option["name_localizations"])
        + longest(&option["description"], &option["description_localizations"]);
    let kind = option["type"].as_u64().unwrap_or(0);
    let allowed = match depth {
        0 => 1..=11,
        1 => SUBCOMMAND..=11,
        _ => 3..=11,
    };
    if !allowed.contains(&kind) || (depth == 1 && kind == GROUP) {
        errors.choices(&format!("{path}.type"), "{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}");
    }
    let mut kept: Map<String, Value> = option.as_object().cloned().unwrap_or_default();
    kept.retain(|_, value| !value.is_null());
    if matches!(kind, SUBCOMMAND | GROUP) {
        let inner = list(&option["options"], &format!("{path}.options"), errors).unwrap_or_default();
        let deeper = if kind == GROUP { 1 } else { 2 };
        kept.insert("options".into(), json!(read_options(inner, &format!("{path}.options"), deeper, total, errors)));
        return Value::Object(kept);
    }
    check_value_rules(option, kind, path, total, errors);
    Value::Object(kept)
}

fn check_value_rules(option: &Value, kind: u64, path: &str, total: &mut usize, errors: &mut FormErrors) {
    let choices = list(&option["choices"], &format!("{path}.choices"), errors).unwrap_or_default();
    if choices.len() > MAX_OPTIONS {
        errors.add(&format!("{path}.choices"), "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.");
    }
    if option["autocomplete"] == true && !choices.is_empty() {
        let message = "choices cannot be used together with autocomplete";
        errors.add(path, "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_CHOICES", message);
    }
    if option["autocomplete"] == true && !matches!(kind, 3 | 4 | 10) {
        errors.add(path, "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID", "Only text and numbers are autocompleted");
    }
    let mut names = BTreeSet::new();
    for (index, choice) in choices.iter().enumerate() {
        let path = format!("{path}.choices.{index}");
        let name = choice["name"].as_str().unwrap_or_default();
        errors.length(&format!("{path}.name"), name, 1, 100);
        if !names.insert(name) {
            errors.add(
                &path,
                "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS",
                "Option choice name already exists",
            );
        }
        *total += longest(&choice["name"], &choice["name_localizations"]);
        match (&choice["value"], kind) {
            (Value::String(value), 3) => {
                errors.length(&format!("{path}.value"), value, 1, 100);
                *total += value.chars().count();
            }
            (Value::Number(number), 4) if number.is_i64() => {}
            (Value::Number(_), 10) => {}
            (value, _) => {
                errors.add(&format!("{path}.value"), "BASE_TYPE_BAD_TYPE", format!("Value {value} does not fit."))
            }
        }
    }
    if kind == 3 {
        number(&option["min_length"], &format!("{path}.min_length"), 0, 6000, errors);
        number(&option["max_length"], &format!("{path}.max_length"), 1, 6000, errors);
    }
    if kind == 4 {
        number(&option["min_value"], &format!("{path}.min_value"), -MAX_INTEGER, MAX_INTEGER, errors);
        number(&option["max_value"], &format!("{path}.max_value"), -MAX_INTEGER, MAX_INTEGER, errors);
    }
}

/// How many commands of each type a scope may hold: 100 slash, 15 user, 15 message. Error: 30032.
pub(super) fn check_counts(kinds: impl Iterator<Item = u8>) -> Result<(), ApiError> {
    let mut counts = [0_u64; 4];
    for kind in kinds {
        counts[usize::from(kind.min(3))] += 1;
    }
    for (kind, max) in [(1, 100), (2, 15), (3, 15)] {
        if counts[kind] > max {
            return Err(ApiError::new(400, 30032, format!("Maximum number of application commands reached ({max})")));
        }
    }
    Ok(())
}
