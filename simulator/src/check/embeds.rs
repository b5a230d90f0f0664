//! Purpose: limits of embeds (Discord reference, "Embed Limits"), and embeds as Discord gives them back.

use serde_json::{Map, Value, json};

use crate::{ids, rest::FormErrors};

use super::{link, list, number, text};

/// Embeds in one message.
const MAX_EMBEDS: usize = 10;
/// Characters of all embeds of a message together: title, description, field names and values, footer, author.
const MAX_TOTAL: usize = 6_000;
/// Fields in one embed.
const MAX_FIELDS: usize = 25;

/// Checks the embeds of a message and gives them as Discord stores them.
pub(crate) fn read(value: &Value, errors: &mut FormErrors) -> Vec<Value> {
    let Some(embeds) = list(value, "embeds", errors) else {
        return Vec::new();
    };
    if embeds.len() > MAX_EMBEDS {
        errors.add("embeds", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.");
    }
    let mut total = 0;
    let mut read = Vec::new();
    for (index, embed) in embeds.iter().enumerate() {
        let path = format!("embeds.{index}");
        total += read_text_length(embed, &path, errors);
        check_rest(embed, &path, errors);
        read.push(stored(embed));
    }
    if total > MAX_TOTAL {
        errors.add("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000");
    }
    read
}

/// Checks all texts of an embed and gives their length together.
fn read_text_length(embed: &Value, path: &str, errors: &mut FormErrors) -> usize {
    let mut total = 0;
    let mut measure = |value: &Value, path: String, max: usize, errors: &mut FormErrors| {
        let Some(text) = text(value, &path, errors) else {
            return;
        };
        errors.length(&path, text.trim(), 0, max);
        total += text.trim().chars().count();
    };
    measure(&embed["title"], format!("{path}.title"), 256, errors);
    measure(&embed["description"], format!("{path}.description"), 4096, errors);
    measure(&embed["footer"]["text"], format!("{path}.footer.text"), 2048, errors);
    measure(&embed["author"]["name"], format!("{path}.author.name"), 256, errors);
    let fields = list(&embed["fields"], &format!("{path}.fields"), errors).unwrap_or_default();
    if fields.len() > MAX_FIELDS {
        errors.add(&format!("{path}.fields"), "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.");
    }
    for (index, field) in fields.iter().enumerate() {
        for (key, max) in [("name", 256), ("value", 1024)] {
            let path = format!("{path}.fields.{index}.{key}");
            if field[key].as_str().is_none_or(|text| text.trim().is_empty()) {
                errors.required(&path);
            }
            measure(&field[key], path, max, errors);
        }
    }
    total
}

fn check_rest(embed: &Value, path: &str, errors: &mut FormErrors) {
    if !embed.is_object() {
        errors.add(path, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType");
        return;
    }
    let shown = ["title", "description", "fields", "image", "thumbnail", "author", "footer", "url", "video"];
    let is_shown = |key: &str| match &embed[key] {
        Value::Null => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    };
    if !shown.into_iter().any(is_shown) {
        errors.required(&format!("{path}.description"));
    }
    number(&embed["color"], &format!("{path}.color"), 0, 0xFF_FFFF, errors);
    link(&embed["url"], &format!("{path}.url"), false, errors);
    for key in ["image", "thumbnail"] {
        link(&embed[key]["url"], &format!("{path}.{key}.url"), true, errors);
    }
    for key in ["footer", "author"] {
        link(&embed[key]["icon_url"], &format!("{path}.{key}.icon_url"), true, errors);
    }
    link(&embed["author"]["url"], &format!("{path}.author.url"), false, errors);
    if let Some(time) = text(&embed["timestamp"], &format!("{path}.timestamp"), errors)
        && ids::parse_timestamp(time).is_none()
    {
        errors.add(
            &format!("{path}.timestamp"),
            "DATE_TIME_TYPE_PARSE",
            format!("Could not parse {time}. Should be ISO8601."),
        );
    }
}

/// Discord keeps what it knows, marks the embed `rich`, and drops nulls and empty texts.
fn stored(embed: &Value) -> Value {
    let mut kept = Map::new();
    kept.insert("type".into(), json!("rich"));
    for key in ["title", "description", "url", "color", "author", "footer", "image", "thumbnail"] {
        let value = without_nulls(&embed[key]);
        if !value.is_null() && value != "" {
            kept.insert(key.into(), value);
        }
    }
    if let Some(time) = embed["timestamp"].as_str().and_then(ids::parse_timestamp) {
        kept.insert("timestamp".into(), json!(ids::timestamp(time)));
    }
    let fields: Vec<Value> = embed["fields"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|field| json!({"name": field["name"], "value": field["value"], "inline": field["inline"].as_bool().unwrap_or(false)}))
        .collect();
    if !fields.is_empty() {
        kept.insert("fields".into(), Value::Array(fields));
    }
    Value::Object(kept)
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept =
                map.iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| (key.clone(), value.clone()));
            Value::Object(kept.collect())
        }
        Value::String(text) => Value::String(text.trim().to_owned()),
        other => other.clone(),
    }
}
