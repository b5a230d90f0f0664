//! Purpose: who a message mentions, who of them may be pinged, and who really is.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    ids::Id,
    permissions as p,
    rest::{ApiError, FormErrors},
    world::World,
};

/// What a sender allows to ping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Allowed {
    everyone: bool,
    all_users: bool,
    all_roles: bool,
    users: Vec<Id>,
    roles: Vec<Id>,
    pub replied_user: bool,
}

/// The outcome for one message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mentions {
    pub users: Vec<Id>,
    pub roles: Vec<Id>,
    pub everyone: bool,
    pub pings: BTreeSet<Id>,
}

/// Most ids in `users` or `roles` (Discord reference, "Allowed Mentions Object").
const MAX_IDS: usize = 100;

impl Allowed {
    /// An ordinary message without `allowed_mentions`: everything pings.
    pub(crate) fn all() -> Self {
        let none = Vec::new;
        Self { everyone: true, all_users: true, all_roles: true, users: none(), roles: none(), replied_user: true }
    }

    /// An answer to an interaction without `allowed_mentions`: only users ping.
    pub(crate) fn users_only() -> Self {
        Self { everyone: false, all_roles: false, ..Self::all() }
    }

    /// Reads the object; what is not allowed in it goes to `errors`.
    pub(crate) fn read(value: &Value, errors: &mut FormErrors) -> Self {
        let parse: Vec<&str> = value["parse"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (index, kind) in parse.iter().enumerate() {
            if !["roles", "users", "everyone"].contains(kind) {
                errors.choices(&format!("allowed_mentions.parse.{index}"), "('users', 'roles', 'everyone')");
            }
        }
        let users = read_ids(value, "users", &parse, errors);
        let roles = read_ids(value, "roles", &parse, errors);
        Self {
            everyone: parse.contains(&"everyone"),
            all_users: parse.contains(&"users"),
            all_roles: parse.contains(&"roles"),
            users,
            roles,
            replied_user: value["replied_user"].as_bool().unwrap_or(false),
        }
    }
}

fn read_ids(value: &Value, key: &str, parse: &[&str], errors: &mut FormErrors) -> Vec<Id> {
    let list = value[key].as_array().map(Vec::as_slice).unwrap_or_default();
    let path = format!("allowed_mentions.{key}");
    if list.len() > MAX_IDS {
        errors.add(&path, "BASE_TYPE_MAX_LENGTH", "Must be 100 or fewer in length.");
    }
    if !list.is_empty() && parse.contains(&key) {
        let message = format!("parse:[\"{key}\"] and {key}: [ids...] are mutually exclusive.");
        errors.add("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message);
    }
    let mut ids = Vec::new();
    for (index, entry) in list.iter().enumerate() {
        match entry.as_str().and_then(|text| text.parse().ok()) {
            Some(id) => ids.push(id),
            None => {
                errors.add(&format!("{path}.{index}"), "NUMBER_TYPE_COERCE", format!("Value {entry} is not snowflake."))
            }
        }
    }
    ids
}

/// Works out who a message from `author` in `channel` mentions and pings.
pub(crate) fn resolve(world: &World, author: Id, channel: Id, text: &str, allowed: &Allowed) -> Mentions {
    let found = scan(text);
    let mut mentions = Mentions::default();
    for user in found.users {
        if (allowed.all_users || allowed.users.contains(&user)) && world.users.contains_key(&user) {
            mentions.users.push(user);
        }
    }
    let rights = world.permissions_in(author, channel);
    let guild = world.channels.get(&channel).and_then(|channel| channel.guild_id).and_then(|id| world.guilds.get(&id));
    for id in found.roles {
        let Some(role) = guild.and_then(|guild| guild.roles.get(&id)) else {
            continue;
        };
        let may = role.mentionable || rights & p::MENTION_EVERYONE != 0;
        if (allowed.all_roles || allowed.roles.contains(&id)) && may {
            mentions.roles.push(id);
        }
    }
    mentions.everyone = (found.everyone || found.here) && allowed.everyone && rights & p::MENTION_EVERYONE != 0;
    mentions.pings = mentions.users.iter().copied().collect();
    for member in guild.into_iter().flat_map(|guild| guild.members.values()) {
        if mentions.everyone || member.roles.iter().any(|role| mentions.roles.contains(role)) {
            mentions.pings.insert(member.user_id);
        }
    }
    // Nobody is pinged by their own words, nor by what they cannot see.
    mentions.pings.retain(|user| *user != author && world.permissions_in(*user, channel) & p::VIEW_CHANNEL != 0);
    mentions
}

#[derive(Default)]
struct Scan {
    users: Vec<Id>,
    roles: Vec<Id>,
    everyone: bool,
    here: bool,
}

fn scan(text: &str) -> Scan {
    let text = without_code(text);
    let mut found = Scan { everyone: text.contains("@everyone"), here: text.contains("@here"), ..Scan::default() };
    for piece in text.split("<@").skip(1) {
        let Some((inner, _)) = piece.split_once('>') else {
            continue;
        };
        let (list, digits) = match inner.strip_prefix('&') {
            Some(digits) => (&mut found.roles, digits),
            None => (&mut found.users, inner.strip_prefix('!').unwrap_or(inner)),
        };
        if let Ok(id) = digits.parse::<Id>()
            && !list.contains(&id)
        {
            list.push(id);
        }
    }
    found
}

/// What stands between backticks is shown as it is and mentions nobody.
fn without_code(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('`') {
        let fence_length = rest[start..].bytes().take_while(|byte| *byte == b'`').count();
        let fence = &rest[start..start + fence_length];
        let after = &rest[start + fence_length..];
        plain.push_str(&rest[..start]);
        match after.find(fence) {
            Some(end) => rest = &after[end + fence_length..],
            None => {
                plain.push_str(fence);
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain
}

/// Shape of `allowed_mentions` for callers that only check it.
pub(crate) fn read_allowed(body: &Value, default: Allowed, errors: &mut FormErrors) -> Allowed {
    match &body["allowed_mentions"] {
        Value::Null => default,
        value if value.is_object() => Allowed::read(value, errors),
        _ => {
            errors.add("allowed_mentions", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType");
            default
        }
    }
}

/// A body that must be an object.
pub(crate) fn need_object(body: &Value) -> Result<(), ApiError> {
    if body.is_object() || body.is_null() {
        return Ok(());
    }
    Err(ApiError::invalid("", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mentions_are_found_outside_of_code_only() {
        let found = scan("hi <@11> <@!12> <@&13> <@11> `<@14> @everyone` ```\n<@15>``` <@x> ` @here");
        assert_eq!(found.users, [Id(11), Id(12)]);
        assert_eq!(found.roles, [Id(13)]);
        assert!(!found.everyone);
        assert!(found.here);
    }

    #[test]
    fn naming_ids_and_parsing_the_same_kind_is_refused() {
        let mut errors = FormErrors::default();
        Allowed::read(&serde_json::json!({"parse": ["users", "x"], "users": ["1"]}), &mut errors);
        let body = errors.into_error().body();
        assert_eq!(
            body["errors"]["allowed_mentions"]["_errors"][0]["code"],
            "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE"
        );
        assert_eq!(body["errors"]["allowed_mentions"]["parse"]["1"]["_errors"][0]["code"], "BASE_TYPE_CHOICES");
    }
}
