//! Purpose: keeping the commands at Discord equal to those of this build, globally or in one guild, by difference.

pub mod store;

use crate::{
    ctx::Ctx,
    discord::{Call, Route, call},
    error::{Error, Result},
    ports::Level,
    registry,
};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, sync::OnceLock};
use twilight_model::{
    application::command::{Command, CommandType},
    id::{Id, marker::GuildMarker},
};

/// Discord's limits per scope: 100 slash, 15 user and 15 message commands; 130 in all.
const MAX_PER_TYPE: [(CommandType, usize); 3] =
    [(CommandType::ChatInput, 100), (CommandType::User, 15), (CommandType::Message, 15)];

/// What changes at Discord.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    pub added: Vec<String>,
    pub changed: Vec<String>,
    pub removed: Vec<String>,
}

impl Difference {
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

/// Refuses what Discord would refuse, before anything is sent: the commands that are there stay.
///
/// # Errors
/// Names the command and the limit.
pub fn check(commands: &[Command]) -> Result<()> {
    for (kind, max) in MAX_PER_TYPE {
        let count = commands.iter().filter(|command| command.kind == kind).count();
        if count > max {
            return Err(Error::internal(format!("{count} commands of kind {kind:?}, Discord takes {max}")));
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    for command in commands {
        if !seen.insert((u8::from(command.kind), &command.name)) {
            return Err(Error::internal(format!("two commands are named {}", command.name)));
        }
        twilight_validate::command::command(command)
            .map_err(|error| Error::internal(format!("command {}: {error}", command.name)))?;
    }
    Ok(())
}

/// Removes what means nothing: Discord fills in defaults and adds fields of its own.
fn normal(value: &Value) -> Value {
    const IGNORED: [&str; 14] = [
        "id",
        "application_id",
        "guild_id",
        "version",
        "nsfw",
        "dm_permission",
        "default_permission",
        "name_localized",
        "description_localized",
        "name_localizations",
        "description_localizations",
        "integration_types",
        "contexts",
        "handler",
    ];
    match value {
        Value::Object(map) => {
            let kept: Map<String, Value> = map
                .iter()
                .filter(|(key, _)| !IGNORED.contains(&key.as_str()))
                .map(|(key, value)| (key.clone(), normal(value)))
                .filter(|(_, value)| !matches!(value, Value::Null | Value::Bool(false)) && value != &json!([]))
                .collect();
            Value::Object(kept)
        }
        Value::Array(items) => Value::Array(items.iter().map(normal).collect()),
        Value::Number(number) => json!(number.as_f64()),
        other => other.clone(),
    }
}

/// Compares by kind and name.
pub fn difference(wanted: &[Value], current: &[Value]) -> Difference {
    let by_name = |commands: &[Value]| -> BTreeMap<(i64, String), Value> {
        let named = commands.iter().map(|command| {
            let kind = command["type"].as_i64().unwrap_or(1);
            let name = command["name"].as_str().unwrap_or_default().to_owned();
            ((kind, name), normal(command))
        });
        named.collect()
    };
    let (wanted, current) = (by_name(wanted), by_name(current));
    let mut difference = Difference::default();
    for (key, command) in &wanted {
        match current.get(key) {
            None => difference.added.push(key.1.clone()),
            Some(there) if there != command => difference.changed.push(key.1.clone()),
            Some(_) => {}
        }
    }
    difference.removed = current.keys().filter(|key| !wanted.contains_key(*key)).map(|key| key.1.clone()).collect();
    difference
}

fn wanted() -> Result<Vec<Value>> {
    let commands: Vec<Command> = registry::commands().into_iter().map(|(_, command)| command).collect();
    check(&commands)?;
    commands
        .iter()
        .map(|command| {
            let mut value = crate::json::to_value(command).map_err(Error::internal)?;
            // Servers only: every command of Muster belongs to a guild.
            value["contexts"] = json!([0]);
            value["integration_types"] = json!([0]);
            if let Some(map) = value.as_object_mut() {
                map.retain(|_, field| !field.is_null());
                map.remove("version");
            }
            Ok(value)
        })
        .collect()
}

/// Makes the commands of one scope equal to this build's. One PUT, which Discord takes whole or not at all.
pub async fn register(ctx: &Ctx, guild: Option<Id<GuildMarker>>) -> Result<Difference> {
    let application = ctx.settings.application_id;
    let path = match guild {
        None => format!("/applications/{application}/commands"),
        Some(guild) => format!("/applications/{application}/guilds/{guild}/commands"),
    };
    let wanted = wanted()?;
    let current = call(ctx, &Route::new("GET", path.clone()), Call::default()).await?;
    let difference = difference(&wanted, current.as_array().map_or(&[], Vec::as_slice));
    if !difference.is_empty() {
        call(ctx, &Route::new("PUT", path), Call::json(Value::Array(wanted))).await?;
        let fields = json!({ "guild": guild, "added": difference.added, "changed": difference.changed, "removed": difference.removed });
        ctx.log.write(Level::Info, "commands registered", fields);
    }
    Ok(difference)
}

/// Names this build's commands; the same for as long as the process lives.
fn fingerprint() -> Result<&'static str> {
    static FINGERPRINT: OnceLock<String> = OnceLock::new();
    if let Some(known) = FINGERPRINT.get() {
        return Ok(known);
    }
    let made = hex::encode(Sha256::digest(Value::Array(wanted()?).to_string()));
    Ok(FINGERPRINT.get_or_init(|| made))
}

/// After a deploy the first cron tick registers; later ticks read one row and do nothing.
pub async fn register_if_changed(ctx: &Ctx) -> Result<()> {
    let guild = ctx.settings.commands_guild;
    let scope = guild.map_or("global".to_owned(), |guild| guild.to_string());
    let key = format!("commands:{scope}");
    let fingerprint = fingerprint()?;
    let known: Option<store::ValueRow> = ctx.query(store::get(&key)).await?.first()?;
    if known.is_some_and(|row| row.value == fingerprint) {
        return Ok(());
    }
    register(ctx, guild).await?;
    ctx.query(store::put(&key, fingerprint)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_builds_commands_are_ones_discord_takes() {
        let commands: Vec<Command> = registry::commands().into_iter().map(|(_, command)| command).collect();
        check(&commands).unwrap();
    }

    #[test]
    fn too_many_or_doubled_commands_are_refused_before_anything_is_sent() {
        let (_, one) = registry::commands().remove(0);
        assert!(check(&[one.clone(), one.clone()]).unwrap_err().to_string().contains("two commands"));
        let many: Vec<Command> = (0..131).map(|n| Command { name: format!("c{n}"), ..one.clone() }).collect();
        assert!(check(&many).unwrap_err().to_string().contains("Discord takes 100"));
        let invalid = Command { name: "Not A Name".into(), ..one };
        assert!(check(&[invalid]).is_err());
    }

    #[test]
    fn only_real_differences_count() {
        let wanted = [json!({ "name": "a", "type": 1, "description": "x", "options": [{ "name": "o", "type": 3 }] })];
        let current = [json!({
            "id": "1", "name": "a", "type": 1, "description": "x", "nsfw": false, "version": "9",
            "options": [{ "name": "o", "type": 3, "required": false, "choices": [] }],
        })];
        assert!(difference(&wanted, &current).is_empty());
        let other = [json!({ "name": "b", "type": 1, "description": "x" })];
        assert_eq!(
            difference(&wanted, &other),
            Difference { added: vec!["a".into()], changed: vec![], removed: vec!["b".into()] }
        );
    }
}
