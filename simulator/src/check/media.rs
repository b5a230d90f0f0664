//! Purpose: rules for pictures and files inside components (Discord reference, "Component Reference").

use serde_json::{Map, Value, json};

use crate::rest::FormErrors;

use super::{components::Tally, link, list, text};

pub(super) fn gallery(
    item: &Value,
    path: &str,
    tally: &mut Tally,
    errors: &mut FormErrors,
    kept: &mut Map<String, Value>,
) {
    let path = format!("{path}.items");
    let items = list(&item["items"], &path, errors).unwrap_or_default();
    if items.is_empty() || items.len() > 10 {
        errors.add(&path, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 10 in length.");
    }
    let stored = items.iter().enumerate().map(|(index, item)| {
        let mut one = Map::new();
        media_item(item, "media", &format!("{path}.{index}"), tally, errors, &mut one);
        Value::Object(one)
    });
    let stored: Vec<Value> = stored.collect();
    kept.insert("items".into(), json!(stored));
}

pub(super) fn file(
    item: &Value,
    path: &str,
    tally: &mut Tally,
    errors: &mut FormErrors,
    kept: &mut Map<String, Value>,
) {
    if !item["file"]["url"].as_str().is_some_and(|url| url.starts_with("attachment://")) {
        let message = "Only attachment:// references are supported here.";
        errors.add(&format!("{path}.file.url"), "URL_TYPE_INVALID_SCHEME", message);
    }
    media_item(item, "file", path, tally, errors, kept);
    kept.remove("description");
    let name = item["file"]["url"].as_str().and_then(|url| url.strip_prefix("attachment://"));
    kept.insert("name".into(), json!(name));
    kept.insert("size".into(), Value::Null);
}

/// Something with a picture or file: `{<key>: {url}, description?, spoiler?}`.
pub(super) fn media_item(
    item: &Value,
    key: &str,
    path: &str,
    tally: &Tally,
    errors: &mut FormErrors,
    kept: &mut Map<String, Value>,
) {
    let url_path = format!("{path}.{key}.url");
    let url = item[key]["url"].as_str().unwrap_or_default();
    if url.is_empty() {
        errors.required(&url_path);
    }
    link(&item[key]["url"], &url_path, true, errors);
    if let Some(name) = url.strip_prefix("attachment://")
        && !tally.files.iter().any(|file| file == name)
    {
        errors.add(
            &url_path,
            "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
            "The referenced attachment was not found",
        );
    }
    if let Some(description) = text(&item["description"], &format!("{path}.description"), errors) {
        errors.length(&format!("{path}.description"), description, 0, 1024);
    }
    kept.insert(
        key.into(),
        json!({"id": "1", "url": url, "proxy_url": url, "content_type": null, "width": null, "height": null}),
    );
    kept.insert("description".into(), item["description"].clone());
    kept.insert("spoiler".into(), json!(item["spoiler"] == true));
}
