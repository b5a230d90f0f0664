//! Purpose: rules for message components, legacy rows and Components V2 alike, and components as Discord gives them back
//! (Discord reference, "Component Reference").

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::{look::flatten, rest::FormErrors};

use super::{link, list, media, number, text};

/// Rows of a legacy message.
const MAX_ROWS: usize = 5;
/// Components of a V2 message, nested ones included.
const MAX_COMPONENTS: usize = 40;
/// Characters of all text displays of a V2 message together.
const MAX_TEXT: usize = 4_000;
/// Buttons in a row.
const MAX_BUTTONS: usize = 5;
/// Options of a select.
const MAX_OPTIONS: usize = 25;

const ROW: u64 = 1;
const BUTTON: u64 = 2;
const SECTION: u64 = 9;
const TEXT: u64 = 10;
const THUMBNAIL: u64 = 11;
const GALLERY: u64 = 12;
const FILE: u64 = 13;
const SEPARATOR: u64 = 14;
const CONTAINER: u64 = 17;

/// What is counted over a whole message or modal.
#[derive(Default)]
pub(crate) struct Tally {
    components: usize,
    text: usize,
    custom_ids: BTreeSet<String>,
    next_id: u64,
    taken_ids: BTreeSet<u64>,
    /// Ids the sender chose anywhere in the message: ids that Discord makes keep clear of them.
    given_ids: BTreeSet<u64>,
    /// Names that `attachment://` may point at.
    pub(super) files: Vec<String>,
}

/// Checks a message's components and gives them as Discord stores them. `files`: names of the message's attachments.
pub(crate) fn read(value: &Value, v2: bool, files: Vec<String>, errors: &mut FormErrors) -> Vec<Value> {
    let Some(components) = list(value, "components", errors) else {
        return Vec::new();
    };
    if !v2 && components.len() > MAX_ROWS {
        errors.add("components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.");
    }
    let mut tally = Tally { files, given_ids: given_ids(value), ..Tally::default() };
    let allowed: &[u64] = if v2 { &[ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR, CONTAINER] } else { &[ROW] };
    let read = read_list(components, "components", allowed, &mut tally, errors);
    if tally.components > MAX_COMPONENTS {
        let message = "The total number of components in a message cannot exceed 40.";
        errors.add("components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", message);
    }
    if tally.text > MAX_TEXT {
        let message = "The total displayable text size in components exceeds maximum size of 4000.";
        errors.add("components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", message);
    }
    read
}

fn given_ids(components: &Value) -> BTreeSet<u64> {
    let mut all = Vec::new();
    flatten(components, &mut all);
    all.iter().filter_map(|item| item["id"].as_u64()).collect()
}

fn read_list(items: &[Value], path: &str, allowed: &[u64], tally: &mut Tally, errors: &mut FormErrors) -> Vec<Value> {
    let each = items.iter().enumerate();
    each.map(|(index, item)| read_one(item, &format!("{path}.{index}"), allowed, tally, errors)).collect()
}

pub(crate) fn read_one(item: &Value, path: &str, allowed: &[u64], tally: &mut Tally, errors: &mut FormErrors) -> Value {
    tally.components += 1;
    let kind = item["type"].as_u64().unwrap_or(0);
    if !allowed.contains(&kind) {
        let names: Vec<String> = allowed.iter().map(u64::to_string).collect();
        errors.choices(&format!("{path}.type"), &format!("{{{}}}", names.join(", ")));
        return item.clone();
    }
    let mut kept = Map::new();
    kept.insert("type".into(), json!(kind));
    kept.insert("id".into(), json!(tally.id_for(item, path, errors)));
    match kind {
        ROW => row(item, path, tally, errors, &mut kept),
        BUTTON => button(item, path, tally, errors, &mut kept),
        3 | 5..=8 => select(item, path, tally, errors, &mut kept),
        SECTION => section(item, path, tally, errors, &mut kept),
        TEXT => text_display(item, path, tally, errors, &mut kept),
        THUMBNAIL => media::media_item(item, "media", path, tally, errors, &mut kept),
        GALLERY => media::gallery(item, path, tally, errors, &mut kept),
        FILE => media::file(item, path, tally, errors, &mut kept),
        SEPARATOR => separator(item, path, errors, &mut kept),
        CONTAINER => container(item, path, tally, errors, &mut kept),
        _ => {}
    }
    Value::Object(kept)
}

impl Tally {
    /// The sender's `id` or the next free one; ids are unique in a message.
    fn id_for(&mut self, item: &Value, path: &str, errors: &mut FormErrors) -> u64 {
        // 0 counts as no id; anything above 32 bits is refused (Discord reference, "Anatomy of a Component").
        let given = number(&item["id"], &format!("{path}.id"), 0, i64::from(i32::MAX), errors);
        if let Some(id) = given.and_then(|id| u64::try_from(id).ok()).filter(|id| *id > 0) {
            if !self.taken_ids.insert(id) {
                errors.add(&format!("{path}.id"), "COMPONENT_ID_DUPLICATED", "Component id cannot be duplicated");
            }
            return id;
        }
        loop {
            self.next_id += 1;
            if !self.given_ids.contains(&self.next_id) && self.taken_ids.insert(self.next_id) {
                return self.next_id;
            }
        }
    }

    /// `custom_id`: 1 to 100 characters, once per message.
    pub(crate) fn custom_id(&mut self, item: &Value, path: &str, errors: &mut FormErrors) {
        let path = format!("{path}.custom_id");
        let Some(id) = text(&item["custom_id"], &path, errors) else {
            errors.required(&path);
            return;
        };
        errors.length(&path, id, 1, 100);
        if !self.custom_ids.insert(id.to_owned()) {
            errors.add(&path, "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated");
        }
    }
}

fn row(item: &Value, path: &str, tally: &mut Tally, errors: &mut FormErrors, kept: &mut Map<String, Value>) {
    let path = format!("{path}.components");
    let children = list(&item["components"], &path, errors).unwrap_or_default();
    if children.is_empty() || children.len() > MAX_BUTTONS {
        errors.add(&path, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.");
    }
    let selects = children.iter().filter(|child| child["type"].as_u64() != Some(BUTTON)).count();
    if selects > 0 && children.len() > 1 {
        errors.add(&path, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The specified component exceeds the maximum width");
    }
    kept.insert("components".into(), json!(read_list(children, &path, &[BUTTON, 3, 5, 6, 7, 8], tally, errors)));
}

fn button(item: &Value, path: &str, tally: &mut Tally, errors: &mut FormErrors, kept: &mut Map<String, Value>) {
    let style = item["style"].as_u64().unwrap_or(0);
    if !(1..=6).contains(&style) {
        errors.choices(&format!("{path}.style"), "{1, 2, 3, 4, 5, 6}");
    }
    kept.insert("style".into(), json!(style));
    if let Some(label) = text(&item["label"], &format!("{path}.label"), errors) {
        errors.length(&format!("{path}.label"), label, 0, 80);
    }
    let has_label = item["label"].as_str().is_some_and(|label| !label.is_empty());
    if style != 6 && !has_label && !item["emoji"].is_object() {
        errors.add(path, "BUTTON_COMPONENT_INVALID_LABEL_OR_EMOJI", "A button must have a label or emoji");
    }
    match style {
        5 => {
            if item["url"].as_str().is_none_or(str::is_empty) {
                errors.add(path, "BUTTON_COMPONENT_URL_REQUIRED", "A url is required");
            }
            if item["url"].as_str().is_some_and(|url| url.chars().count() > 512) {
                errors.add(&format!("{path}.url"), "BASE_TYPE_MAX_LENGTH", "Must be 512 or fewer in length.");
            }
            link_or_app(&item["url"], &format!("{path}.url"), errors);
            if !item["custom_id"].is_null() {
                let message = "A custom id and url cannot both be specified";
                errors.add(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", message);
            }
        }
        6 => {}
        _ => {
            tally.custom_id(item, path, errors);
            if !item["url"].is_null() {
                let message = "A custom id and url cannot both be specified";
                errors.add(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", message);
            }
        }
    }
    keep(item, kept, &["label", "emoji", "custom_id", "url", "sku_id"]);
    if item["disabled"] == true {
        kept.insert("disabled".into(), json!(true));
    }
}

/// A link button may also lead into the client: `discord://`.
fn link_or_app(value: &Value, path: &str, errors: &mut FormErrors) {
    if !value.as_str().is_some_and(|url| url.starts_with("discord://")) {
        link(value, path, false, errors);
    }
}

pub(crate) fn select(
    item: &Value,
    path: &str,
    tally: &mut Tally,
    errors: &mut FormErrors,
    kept: &mut Map<String, Value>,
) {
    tally.custom_id(item, path, errors);
    if let Some(placeholder) = text(&item["placeholder"], &format!("{path}.placeholder"), errors) {
        errors.length(&format!("{path}.placeholder"), placeholder, 0, 150);
    }
    let min = number(&item["min_values"], &format!("{path}.min_values"), 0, 25, errors).unwrap_or(1);
    let max = number(&item["max_values"], &format!("{path}.max_values"), 1, 25, errors).unwrap_or(1);
    if min > max {
        errors.add(path, "SELECT_COMPONENT_INVALID_MIN_VALUES", "Must be less than or equal to max_values");
    }
    if item["type"] == 3 {
        let options = options(item, path, errors);
        if usize::try_from(max).is_ok_and(|max| max > options) && options > 0 {
            let message = "Must be less than or equal to the number of options";
            errors.add(&format!("{path}.max_values"), "SELECT_COMPONENT_INVALID_MAX_VALUES", message);
        }
        kept.insert("options".into(), stored_options(&item["options"]));
    }
    kept.insert("min_values".into(), json!(min));
    kept.insert("max_values".into(), json!(max));
    keep(item, kept, &["custom_id", "placeholder", "channel_types", "default_values", "required"]);
    if item["disabled"] == true {
        kept.insert("disabled".into(), json!(true));
    }
}

/// Checks a string select's options and gives their number.
fn options(item: &Value, path: &str, errors: &mut FormErrors) -> usize {
    let path = format!("{path}.options");
    let options = list(&item["options"], &path, errors).unwrap_or_default();
    if options.is_empty() || options.len() > MAX_OPTIONS {
        errors.add(&path, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 25 in length.");
    }
    let mut values = BTreeSet::new();
    for (index, option) in options.iter().enumerate() {
        for (key, min) in [("label", 1), ("value", 1), ("description", 0)] {
            let path = format!("{path}.{index}.{key}");
            match text(&option[key], &path, errors) {
                Some(text) => errors.length(&path, text, min, 100),
                None if min > 0 => errors.required(&path),
                None => {}
            }
        }
        if !values.insert(option["value"].as_str().unwrap_or_default()) {
            let message = "The specified option value is already used";
            errors.add(&format!("{path}.{index}.value"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", message);
        }
    }
    options.len()
}

fn stored_options(options: &Value) -> Value {
    let stored = options.as_array().into_iter().flatten().map(|option| {
        let mut kept = Map::new();
        keep(option, &mut kept, &["label", "value", "description", "emoji", "default"]);
        Value::Object(kept)
    });
    Value::Array(stored.collect())
}

fn section(item: &Value, path: &str, tally: &mut Tally, errors: &mut FormErrors, kept: &mut Map<String, Value>) {
    let inner = format!("{path}.components");
    let children = list(&item["components"], &inner, errors).unwrap_or_default();
    if children.is_empty() || children.len() > 3 {
        errors.add(&inner, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 3 in length.");
    }
    kept.insert("components".into(), json!(read_list(children, &inner, &[TEXT], tally, errors)));
    if item["accessory"].is_null() {
        errors.required(&format!("{path}.accessory"));
        return;
    }
    let accessory = read_one(&item["accessory"], &format!("{path}.accessory"), &[BUTTON, THUMBNAIL], tally, errors);
    kept.insert("accessory".into(), accessory);
}

fn text_display(item: &Value, path: &str, tally: &mut Tally, errors: &mut FormErrors, kept: &mut Map<String, Value>) {
    let path = format!("{path}.content");
    match text(&item["content"], &path, errors) {
        Some(content) => {
            errors.length(&path, content, 1, MAX_TEXT);
            tally.text += content.chars().count();
        }
        None => errors.required(&path),
    }
    keep(item, kept, &["content"]);
}

fn separator(item: &Value, path: &str, errors: &mut FormErrors, kept: &mut Map<String, Value>) {
    let spacing = number(&item["spacing"], &format!("{path}.spacing"), 1, 2, errors).unwrap_or(1);
    kept.insert("spacing".into(), json!(spacing));
    kept.insert("divider".into(), json!(item["divider"].as_bool().unwrap_or(true)));
}

fn container(item: &Value, path: &str, tally: &mut Tally, errors: &mut FormErrors, kept: &mut Map<String, Value>) {
    let inner = format!("{path}.components");
    let children = list(&item["components"], &inner, errors).unwrap_or_default();
    if children.is_empty() || children.len() > MAX_COMPONENTS {
        errors.add(&inner, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 40 in length.");
    }
    let allowed = [ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR];
    kept.insert("components".into(), json!(read_list(children, &inner, &allowed, tally, errors)));
    let color = number(&item["accent_color"], &format!("{path}.accent_color"), 0, 0xFF_FFFF, errors);
    kept.insert("accent_color".into(), json!(color));
    kept.insert("spoiler".into(), json!(item["spoiler"] == true));
}

/// Copies keys that are there and not null.
pub(crate) fn keep(item: &Value, kept: &mut Map<String, Value>, keys: &[&str]) {
    for key in keys {
        if !item[*key].is_null() {
            kept.insert((*key).into(), item[*key].clone());
        }
    }
}
