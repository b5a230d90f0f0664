//! Purpose: reading a slash command as a person types it into option objects.

use serde_json::{Value, json};

use super::Refusal;

/// The first word of a line, without the slash.
pub(super) fn command_name(line: &str) -> Result<&str, Refusal> {
    let name = line.trim().strip_prefix('/').and_then(|rest| rest.split_whitespace().next());
    name.ok_or_else(|| Refusal::new("no_command", "A command begins with a slash"))
}

/// Options of a line, nested under their subcommands, values still as text. `command` is the command's definition.
pub(super) fn parse(line: &str, command: &Value) -> Result<Value, Refusal> {
    let rest = line.trim().trim_start_matches('/');
    let rest = rest.split_once(char::is_whitespace).map_or("", |(_, rest)| rest).trim();
    level(rest, &command["options"])
}

fn level(rest: &str, defined: &Value) -> Result<Value, Refusal> {
    let defined = defined.as_array().map(Vec::as_slice).unwrap_or_default();
    let nested = defined.first().is_some_and(|first| matches!(first["type"].as_u64(), Some(1 | 2)));
    if !nested {
        return values(rest, defined);
    }
    let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let Some(definition) = defined.iter().find(|known| known["name"] == word) else {
        let names: Vec<&str> = defined.iter().filter_map(|known| known["name"].as_str()).collect();
        return Err(Refusal::new("missing_subcommand", format!("Choose one of the subcommands: {}", names.join(", "))));
    };
    let inner = level(after.trim(), &definition["options"])?;
    Ok(json!([{"name": word, "type": definition["type"], "options": inner}]))
}

/// `name:value` pairs. A value is quoted, or goes on until the next known name.
fn values(rest: &str, defined: &[Value]) -> Result<Value, Refusal> {
    let mut found = Vec::new();
    let mut rest = rest.trim_start();
    while !rest.is_empty() {
        let name = starts_with_option(rest, defined);
        let name = name.ok_or_else(|| Refusal::new("unknown_option", format!("There is no option at {rest:?}")))?;
        let after = &rest[name.len() + 1..];
        let (value, left) = match after.strip_prefix('"') {
            Some(quoted) => until_quote(quoted)?,
            None => until_next(after, defined),
        };
        found.push(json!({"name": name, "value": value}));
        rest = left.trim_start();
    }
    Ok(Value::Array(found))
}

fn starts_with_option<'a>(text: &'a str, defined: &[Value]) -> Option<&'a str> {
    let (name, _) = text.split_once(':')?;
    defined.iter().any(|known| known["name"] == name).then_some(name)
}

/// Text up to the closing quote; `\"` and `\\` stand for the characters themselves.
fn until_quote(text: &str) -> Result<(String, &str), Refusal> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((value, &text[at + 1..])),
            '\\' => value.extend(characters.next().map(|(_, escaped)| if escaped == 'n' { '\n' } else { escaped })),
            other => value.push(other),
        }
    }
    Err(Refusal::new("open_quote", "A quote is not closed"))
}

fn until_next<'a>(text: &'a str, defined: &[Value]) -> (String, &'a str) {
    let spaces = text.char_indices().filter(|(_, character)| character.is_whitespace());
    for (at, character) in spaces {
        let after = &text[at + character.len_utf8()..];
        if starts_with_option(after.trim_start(), defined).is_some() {
            return (text[..at].trim_end().to_owned(), after);
        }
    }
    (text.trim_end().to_owned(), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Value {
        json!({"options": [{"name": "start", "type": 1, "options": [
            {"name": "prize", "type": 3}, {"name": "winners", "type": 4}, {"name": "role", "type": 8}
        ]}]})
    }

    #[test]
    fn quoted_and_bare_values_are_read() {
        let options = parse(r#"/giveaway start prize:"A \"fine\" lamp: red" winners:2 role:@Member"#, &command());
        assert_eq!(
            options.ok(),
            Some(json!([{"name": "start", "type": 1, "options": [
                {"name": "prize", "value": "A \"fine\" lamp: red"},
                {"name": "winners", "value": "2"},
                {"name": "role", "value": "@Member"},
            ]}]))
        );
    }

    #[test]
    fn bare_values_go_on_until_the_next_option() {
        let options = parse("/giveaway start prize:A lamp at 12:30 winners:2", &command());
        let inner = options.ok().map(|options| options[0]["options"].clone());
        assert_eq!(
            inner,
            Some(json!([{"name": "prize", "value": "A lamp at 12:30"}, {"name": "winners", "value": "2"}]))
        );
    }

    #[test]
    fn what_the_client_would_not_send_is_refused() {
        for (line, code) in [
            ("/giveaway", "missing_subcommand"),
            ("/giveaway begin prize:x", "missing_subcommand"),
            ("/giveaway start price:x", "unknown_option"),
            ("/giveaway start prize:\"x", "open_quote"),
        ] {
            assert_eq!(parse(line, &command()).err().map(|refusal| refusal.code), Some(code), "{line}");
        }
        assert_eq!(command_name("giveaway").err().map(|refusal| refusal.code), Some("no_command"));
    }
}
