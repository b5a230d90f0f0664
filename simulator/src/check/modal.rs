//! Purpose: rules for modals (Discord reference, "Modals"), and a modal as the client holds it.

use serde_json::{Map, Value, json};

use crate::rest::{ApiError, FormErrors};

use super::{
    components::{self, Tally, keep},
    list, number, text,
};

/// Top-level components of a modal.
const MAX_TOP_LEVEL: usize = 5;

const ROW: u64 = 1;
const TEXT_INPUT: u64 = 4;
const TEXT_DISPLAY: u64 = 10;
const LABEL: u64 = 18;

/// Checks a modal (`data` of a type 9 answer) and gives it as the client shows it.
pub(crate) fn read(data: &Value) -> Result<Value, ApiError> {
    let mut errors = FormErrors::default();
    let mut tally = Tally::default();
    for (key, max) in [("custom_id", 100), ("title", 45)] {
        let path = format!("data.{key}");
        match text(&data[key], &path, &mut errors) {
            Some(text) => errors.length(&path, text, 1, max),
            None => errors.required(&path),
        }
    }
    let path = "data.components";
    let items = list(&data["components"], path, &mut errors).unwrap_or_default();
    if items.is_empty() || items.len() > MAX_TOP_LEVEL {
        errors.add(path, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.");
    }
    let mut stored = Vec::new();
    for (index, item) in items.iter().enumerate() {
        stored.push(top_level(item, &format!("{path}.{index}"), &mut tally, &mut errors));
    }
    errors.done()?;
    Ok(json!({"custom_id": data["custom_id"], "title": data["title"], "components": stored}))
}

fn top_level(item: &Value, path: &str, tally: &mut Tally, errors: &mut FormErrors) -> Value {
    match item["type"].as_u64() {
        Some(ROW) => row(item, path, tally, errors),
        Some(LABEL) => label(item, path, tally, errors),
        Some(TEXT_DISPLAY) => components::read_one(item, path, &[TEXT_DISPLAY], tally, errors),
        _ => {
            errors.choices(&format!("{path}.type"), "{1, 10, 18}");
            item.clone()
        }
    }
}

/// The old way: a row with one text input that carries its own label.
fn row(item: &Value, path: &str, tally: &mut Tally, errors: &mut FormErrors) -> Value {
    let inner = format!("{path}.components");
    let children = list(&item["components"], &inner, errors).unwrap_or_default();
    if children.len() != 1 {
        errors.add(&inner, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 1 in length.");
    }
    let stored: Vec<Value> = children
        .iter()
        .enumerate()
        .map(|(index, child)| {
            let path = format!("{inner}.{index}");
            if child["type"] != TEXT_INPUT {
                errors.choices(&format!("{path}.type"), "{4}");
            }
            match text(&child["label"], &format!("{path}.label"), errors) {
                Some(label) => errors.length(&format!("{path}.label"), label, 1, 45),
                None => errors.required(&format!("{path}.label")),
            }
            input(child, &path, tally, errors)
        })
        .collect();
    json!({"type": ROW, "id": 0, "components": stored})
}

fn label(item: &Value, path: &str, tally: &mut Tally, errors: &mut FormErrors) -> Value {
    match text(&item["label"], &format!("{path}.label"), errors) {
        Some(label) => errors.length(&format!("{path}.label"), label, 1, 45),
        None => errors.required(&format!("{path}.label")),
    }
    if let Some(description) = text(&item["description"], &format!("{path}.description"), errors) {
        errors.length(&format!("{path}.description"), description, 1, 100);
    }
    let inner = &item["component"];
    if inner["type"] == TEXT_INPUT && !inner["label"].is_null() {
        let message = "A text input inside a label cannot have its own label";
        errors.add(&format!("{path}.component.label"), "COMPONENT_LABEL_NOT_ALLOWED", message);
    }
    let component = input(inner, &format!("{path}.component"), tally, errors);
    json!({"type": LABEL, "id": 0, "label": item["label"], "description": item["description"], "component": component})
}

fn input(item: &Value, path: &str, tally: &mut Tally, errors: &mut FormErrors) -> Value {
    let mut kept = Map::new();
    kept.insert("type".into(), item["type"].clone());
    match item["type"].as_u64() {
        Some(TEXT_INPUT) => text_input(item, path, tally, errors, &mut kept),
        Some(3 | 5..=8) => components::select(item, path, tally, errors, &mut kept),
        Some(kind @ (19 | 21..=23)) => {
            tally.custom_id(item, path, errors);
            let least = match kind {
                21 => Some(2),
                22 => Some(1),
                _ => None,
            };
            let options = list(&item["options"], &format!("{path}.options"), errors).unwrap_or_default().len();
            if least.is_some_and(|least| options < least || options > 10) {
                let message = format!("Must be between {} and 10 in length.", least.unwrap_or(1));
                errors.add(&format!("{path}.options"), "BASE_TYPE_BAD_LENGTH", message);
            }
            keep(item, &mut kept, &["custom_id", "options", "required", "min_values", "max_values", "default"]);
        }
        _ => errors.choices(&format!("{path}.type"), "{3, 4, 5, 6, 7, 8, 19, 21, 22, 23}"),
    }
    Value::Object(kept)
}

fn text_input(item: &Value, path: &str, tally: &mut Tally, errors: &mut FormErrors, kept: &mut Map<String, Value>) {
    tally.custom_id(item, path, errors);
    if !matches!(item["style"].as_u64(), Some(1 | 2)) {
        errors.choices(&format!("{path}.style"), "{1, 2}");
    }
    let min = number(&item["min_length"], &format!("{path}.min_length"), 0, 4000, errors);
    let max = number(&item["max_length"], &format!("{path}.max_length"), 1, 4000, errors);
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        errors.add(
            &format!("{path}.min_length"),
            "TEXT_INPUT_COMPONENT_INVALID_MIN_LENGTH",
            "Must not be above max_length",
        );
    }
    if let Some(value) = text(&item["value"], &format!("{path}.value"), errors) {
        errors.length(
            &format!("{path}.value"),
            value,
            0,
            max.and_then(|max| usize::try_from(max).ok()).unwrap_or(4000),
        );
    }
    if let Some(placeholder) = text(&item["placeholder"], &format!("{path}.placeholder"), errors) {
        errors.length(&format!("{path}.placeholder"), placeholder, 0, 100);
    }
    keep(item, kept, &["custom_id", "style", "label", "min_length", "max_length", "required", "value", "placeholder"]);
}
