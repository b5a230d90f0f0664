//! Purpose: Discord's limits on what an application sends: messages, embeds, components, modals.

pub(crate) mod components;
pub(crate) mod embeds;
mod media;
pub(crate) mod message;
pub(crate) mod modal;

use serde_json::Value;

use crate::rest::FormErrors;

/// A text field: absent and null pass as nothing; other types are refused.
pub(crate) fn text<'a>(value: &'a Value, path: &str, errors: &mut FormErrors) -> Option<&'a str> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        _ => {
            errors.add(path, "STRING_TYPE_CONVERT", "Could not interpret value as string.");
            None
        }
    }
}

/// A list field: absent and null pass as nothing; other types are refused.
pub(crate) fn list<'a>(value: &'a Value, path: &str, errors: &mut FormErrors) -> Option<&'a [Value]> {
    match value {
        Value::Null => None,
        Value::Array(items) => Some(items),
        _ => {
            errors.add(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType");
            None
        }
    }
}

/// A whole number within bounds; absent and null pass as nothing.
pub(crate) fn number(value: &Value, path: &str, min: i64, max: i64, errors: &mut FormErrors) -> Option<i64> {
    if value.is_null() {
        return None;
    }
    let Some(number) = value.as_i64() else {
        errors.add(path, "NUMBER_TYPE_COERCE", format!("Value {value} is not int."));
        return None;
    };
    if number < min {
        errors.add(path, "NUMBER_TYPE_MIN", format!("int value should be greater than or equal to {min}."));
    } else if number > max {
        errors.add(path, "NUMBER_TYPE_MAX", format!("int value should be less than or equal to {max}."));
    }
    Some(number)
}

/// A link: http(s), or `attachment://` where `attachments` says so. At most 2048 characters (Discord's OpenAPI).
pub(crate) fn link(value: &Value, path: &str, attachments: bool, errors: &mut FormErrors) {
    let Some(link) = text(value, path, errors) else {
        return;
    };
    if link.is_empty() {
        return;
    }
    errors.length(path, link, 0, 2048);
    let scheme = link.split_once(':').map_or("", |(scheme, _)| scheme);
    if matches!(scheme, "http" | "https") || (attachments && scheme == "attachment") {
        if link.split_once("://").is_none_or(|(_, rest)| rest.is_empty() || rest.starts_with('/')) {
            errors.add(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.");
        }
        return;
    }
    if scheme.is_empty() {
        errors.add(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.");
    } else {
        let message = format!("Scheme \"{scheme}\" is not supported. Scheme must be one of ('http', 'https').");
        errors.add(path, "URL_TYPE_INVALID_SCHEME", message);
    }
}
