//! Purpose: how a log is searched, and how what was and what is are shown side by side.

use crate::{access::parse_id, text::clean_line};
use serde_json::Value;
use twilight_model::id::{Id, marker::UserMarker};

/// D1's limit for LIKE patterns, in bytes.
const PATTERN_BYTES: usize = 50;
/// Parts of one change that are shown; the whole of it stands in the JSON.
const SHOWN: usize = 12;
const TEXT: usize = 300;

/// An id, or a mention of somebody as Discord writes it; empty for everybody.
///
/// # Errors
/// A sentence for the form.
pub fn person(text: &str) -> Result<Option<Id<UserMarker>>, &'static str> {
    if text.is_empty() {
        return Ok(None);
    }
    let id = text.trim_start_matches("<@").trim_start_matches('!').trim_end_matches('>');
    match parse_id(id) {
        Some(id) => Ok(Some(id)),
        None => Err("Paste the person's id: right-click their name in Discord and choose Copy User ID."),
    }
}

/// The LIKE pattern that finds a text as it stands; empty for none.
///
/// # Errors
/// A sentence for the form.
pub fn pattern(text: &str) -> Result<String, &'static str> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let mut pattern = "%".to_owned();
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    if pattern.len() > PATTERN_BYTES {
        return Err("Search for something shorter: at most 48 letters, fewer with letters outside English.");
    }
    Ok(pattern)
}

/// One part of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which value, when there are several; empty otherwise.
    pub path: String,
    /// Empty for nothing.
    pub before: String,
    pub after: String,
}

/// What is different between two texts; documents are compared value by value.
pub fn changes(before: Option<&str>, after: Option<&str>) -> Vec<Change> {
    let document = |text: Option<&str>| {
        text.and_then(|text| serde_json::from_str::<Value>(text).ok()).filter(|value| value.is_object())
    };
    let (was, is) = (document(before), document(after));
    if was.is_none() && is.is_none() {
        let text = |text: Option<&str>| clean_line(text.unwrap_or_default(), TEXT);
        let change = Change { path: String::new(), before: text(before), after: text(after) };
        return if change.before.is_empty() && change.after.is_empty() { Vec::new() } else { vec![change] };
    }
    let mut all = Vec::new();
    compare("", &was.unwrap_or_default(), &is.unwrap_or_default(), &mut all);
    if all.len() > SHOWN {
        let more = all.len() - SHOWN;
        all.truncate(SHOWN);
        all.push(Change { path: format!("and {more} more"), before: String::new(), after: String::new() });
    }
    all
}

fn compare(path: &str, was: &Value, is: &Value, into: &mut Vec<Change>) {
    if was == is {
        return;
    }
    let keys = |value: &Value| value.as_object().map(|map| map.keys().cloned().collect::<Vec<_>>());
    match (keys(was), keys(is)) {
        (None, None) => into.push(Change { path: path.to_owned(), before: shown(was), after: shown(is) }),
        (was_keys, is_keys) => {
            let mut keys: Vec<String> = was_keys.into_iter().chain(is_keys).flatten().collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                compare(&inner, &was[&key], &is[&key], into);
            }
        }
    }
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "on".to_owned(),
        Value::Bool(false) => "off".to_owned(),
        other => other.to_string(),
    };
    clean_line(&text, TEXT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(before: Option<&str>, after: Option<&str>) -> Vec<String> {
        let all = changes(before, after);
        all.iter().map(|change| format!("{}|{}|{}", change.path, change.before, change.after)).collect()
    }

    #[test]
    fn documents_are_compared_value_by_value_and_texts_as_they_are() {
        let (was, is) = (r#"{"a":1,"b":{"c":true,"d":"x"}}"#, r#"{"a":1,"b":{"c":false,"d":"x"},"e":[1]}"#);
        assert_eq!(said(Some(was), Some(is)), ["b.c|on|off", "e||[1]"]);
        assert_eq!(said(Some("UTC"), Some("Europe/Berlin")), ["|UTC|Europe/Berlin"]);
        assert_eq!(said(None, Some("text")), ["||text"]);
        assert!(said(None, None).is_empty());
    }

    #[test]
    fn a_search_is_taken_as_it_stands_and_bounded() {
        assert_eq!(pattern("50%_a").as_deref(), Ok("%50\\%\\_a%"));
        assert_eq!(pattern("").as_deref(), Ok(""));
        assert!(pattern(&"é".repeat(25)).is_err() && pattern(&"a".repeat(48)).is_ok());
    }

    #[test]
    fn people_are_named_by_id_or_mention() {
        assert_eq!(person("<@!123>"), Ok(Some(Id::new(123))));
        assert_eq!(person("123"), Ok(Some(Id::new(123))));
        assert_eq!(person(""), Ok(None));
        assert!(person("mara").is_err());
    }

    proptest! {
        #[test]
        fn any_two_texts_can_be_compared(before in "\\PC{0,40}", after in "\\PC{0,40}") {
            let _ = changes(Some(&before), Some(&after));
        }
    }
}
