//! Purpose: option values as the client sends them: types, limits, choices, and the `resolved` objects beside them.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Map, Value, json};

use crate::{
    Sim,
    files::{NewFile, content_type_of},
    ids::Id,
    rest::Upload,
};

use super::{Refusal, payload::ATTACHMENT_SIZE_LIMIT};

/// Objects that ids in options stand for.
#[derive(Default)]
pub(super) struct Resolved(BTreeMap<&'static str, Map<String, Value>>);

impl Resolved {
    pub(super) fn put(&mut self, kind: &'static str, id: Id, object: Value) {
        self.0.entry(kind).or_default().insert(id.to_string(), object);
    }

    pub(super) fn into_json(self) -> Option<Value> {
        (!self.0.is_empty()).then(|| json!(self.0))
    }
}

/// Option type numbers (Discord reference, "Application Command Option Type").
mod kind {
    pub(super) const SUBCOMMAND: u64 = 1;
    pub(super) const GROUP: u64 = 2;
    pub(super) const STRING: u64 = 3;
    pub(super) const INTEGER: u64 = 4;
    pub(super) const BOOLEAN: u64 = 5;
    pub(super) const USER: u64 = 6;
    pub(super) const CHANNEL: u64 = 7;
    pub(super) const ROLE: u64 = 8;
    pub(super) const MENTIONABLE: u64 = 9;
    pub(super) const NUMBER: u64 = 10;
    pub(super) const ATTACHMENT: u64 = 11;
}

/// Where options are filled in, and how strictly.
struct Filling {
    guild: Option<Id>,
    channel: Id,
    /// While typing nothing is required, and the focused option goes as text.
    typing: bool,
    resolved: Resolved,
}

impl Sim {
    /// Checks given options against a command's definition and writes them as Discord sends them.
    pub(super) fn filled_options(
        &mut self,
        guild: Option<Id>,
        channel: Id,
        command: &Value,
        given: &Value,
    ) -> Result<(Vec<Value>, Resolved), Refusal> {
        let mut filling = Filling { guild, channel, typing: false, resolved: Resolved::default() };
        let options = self.fill_level(&mut filling, &command["options"], given)?;
        Ok((options, filling.resolved))
    }

    /// The same while a person is still typing the focused option.
    pub(super) fn focused_options(
        &mut self,
        guild: Option<Id>,
        channel: Id,
        command: &Value,
        given: &Value,
    ) -> Result<(Vec<Value>, Resolved), Refusal> {
        let mut filling = Filling { guild, channel, typing: true, resolved: Resolved::default() };
        let options = self.fill_level(&mut filling, &command["options"], given)?;
        if count_focused(&options) != 1 {
            return Err(Refusal::new("no_focus", "Exactly one option must be focused for autocomplete"));
        }
        Ok((options, filling.resolved))
    }

    fn fill_level(&mut self, filling: &mut Filling, defined: &Value, given: &Value) -> Result<Vec<Value>, Refusal> {
        let defined = defined.as_array().map(Vec::as_slice).unwrap_or_default();
        let given = given.as_array().map(Vec::as_slice).unwrap_or_default();
        let nested =
            defined.first().is_some_and(|first| matches!(first["type"].as_u64(), Some(kind::SUBCOMMAND | kind::GROUP)));
        if nested && given.len() != 1 {
            return Err(Refusal::new("missing_subcommand", "Choose one of the subcommands"));
        }
        let mut filled = Vec::new();
        for option in given {
            let name = option["name"].as_str().unwrap_or_default();
            let definition = defined.iter().find(|known| known["name"] == name);
            let definition =
                definition.ok_or_else(|| Refusal::new("unknown_option", format!("There is no option {name:?}")))?;
            if filled.iter().any(|other: &Value| other["name"] == name) {
                return Err(Refusal::new("option_twice", format!("The option {name:?} is given twice")));
            }
            filled.push(self.fill_one(filling, definition, option)?);
        }
        if !filling.typing {
            need_required(defined, &filled)?;
        }
        Ok(filled)
    }

    fn fill_one(&mut self, filling: &mut Filling, definition: &Value, given: &Value) -> Result<Value, Refusal> {
        let kind = definition["type"].as_u64().unwrap_or(0);
        let name = &definition["name"];
        if matches!(kind, kind::SUBCOMMAND | kind::GROUP) {
            let inner = self.fill_level(filling, &definition["options"], &given["options"])?;
            return Ok(json!({"name": name, "type": kind, "options": inner}));
        }
        if filling.typing && given["focused"] == true {
            if definition["autocomplete"] != true {
                return Err(Refusal::new("no_autocomplete", format!("The option {name} has no suggestions")));
            }
            // What is being typed goes as text even for numbers: it may not be one yet.
            let typed = given["value"].as_str().map_or_else(|| plain_text(&given["value"]), str::to_owned);
            return Ok(json!({"name": name, "type": kind, "value": typed, "focused": true}));
        }
        let value = self.fill_value(filling, definition, kind, &given["value"])?;
        Ok(json!({"name": name, "type": kind, "value": value}))
    }

    fn fill_value(
        &mut self,
        filling: &mut Filling,
        definition: &Value,
        kind: u64,
        given: &Value,
    ) -> Result<Value, Refusal> {
        let text = plain_text(given);
        let value = match kind {
            kind::STRING => text_value(definition, &text)?,
            kind::INTEGER => {
                json!(text.trim().parse::<i64>().map_err(|_| bad(definition, "a whole number is wanted"))?)
            }
            kind::NUMBER => {
                let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
                json!(number.ok_or_else(|| bad(definition, "a number is wanted"))?)
            }
            kind::BOOLEAN => match text.to_lowercase().as_str() {
                "true" => json!(true),
                "false" => json!(false),
                _ => return Err(bad(definition, "true or false is wanted")),
            },
            kind::USER => {
                let user = self.need_user(&text)?;
                self.resolve_user(filling.guild, filling.channel, user, &mut filling.resolved);
                json!(user)
            }
            kind::CHANNEL => json!(self.fill_channel(filling, definition, &text)?),
            kind::ROLE => json!(self.fill_role(filling, &text)?),
            kind::MENTIONABLE => match self.fill_role(filling, &text) {
                Ok(role) => json!(role),
                Err(_) => {
                    let user = self.need_user(&text)?;
                    self.resolve_user(filling.guild, filling.channel, user, &mut filling.resolved);
                    json!(user)
                }
            },
            kind::ATTACHMENT => json!(self.fill_attachment(filling, definition, given)?),
            _ => return Err(bad(definition, "this kind of option is unknown")),
        };
        check_limits(definition, &value)?;
        check_choice(definition, value)
    }

    fn fill_channel(&self, filling: &mut Filling, definition: &Value, text: &str) -> Result<Id, Refusal> {
        let by_name = filling.guild.and_then(|guild| self.named_in_guild(guild, text));
        let id = by_name.map_or_else(|| self.need_channel(text, None), Ok)?;
        let Some(channel) = self.world.channels.get(&id) else {
            return Err(bad(definition, "there is no such channel"));
        };
        let kinds = definition["channel_types"].as_array();
        if kinds.is_some_and(|kinds| !kinds.is_empty() && !kinds.contains(&json!(channel.kind.number()))) {
            return Err(bad(definition, "this kind of channel cannot be chosen"));
        }
        filling.resolved.put("channels", id, self.resolved_channel(id));
        Ok(id)
    }

    pub(super) fn resolved_channel(&self, id: Id) -> Value {
        let Some(channel) = self.world.channels.get(&id) else {
            return Value::Null;
        };
        let mut json = self.world.channel_json(channel);
        json["permissions"] = json!(self.world.permissions_in(self.app, id).to_string());
        json["app_permissions"] = json["permissions"].clone();
        if let Some(map) = json.as_object_mut() {
            map.remove("permission_overwrites");
        }
        json
    }

    fn fill_role(&self, filling: &mut Filling, text: &str) -> Result<Id, Refusal> {
        let guild = filling.guild.ok_or_else(|| Refusal::new("no_guild", "There are no roles in direct messages"))?;
        let id = self.need_role(guild, text)?;
        self.resolve_role(guild, id, &mut filling.resolved);
        Ok(id)
    }

    pub(super) fn resolve_role(&self, guild: Id, id: Id, resolved: &mut Resolved) {
        if let Some(role) = self.world.guilds.get(&guild).and_then(|guild| guild.roles.get(&id)) {
            resolved.put("roles", id, role.json());
        }
    }

    pub(super) fn resolve_user(&self, guild: Option<Id>, channel: Id, user: Id, resolved: &mut Resolved) {
        resolved.put("users", user, self.world.user_json_by_id(user));
        let member = guild.and_then(|guild| self.world.guilds.get(&guild)).and_then(|guild| guild.members.get(&user));
        let Some(member) = member else { return };
        let mut json = self.world.member_json_without_user(member);
        json["permissions"] = json!(self.world.permissions_in(user, channel).to_string());
        if let Some(map) = json.as_object_mut() {
            map.remove("mute");
            map.remove("deaf");
        }
        resolved.put("members", user, json);
    }

    /// A file: `{"filename": .., "content_type": .., "base64": ..}`, with `content` for plain text instead, or just a name
    /// for an empty one.
    fn fill_attachment(&mut self, filling: &mut Filling, definition: &Value, given: &Value) -> Result<Id, Refusal> {
        let filename = given["filename"].as_str().or(given.as_str()).unwrap_or_default();
        if filename.is_empty() {
            return Err(bad(definition, "a file is wanted"));
        }
        let bytes = match given["base64"].as_str() {
            Some(text) => BASE64.decode(text).map_err(|_| bad(definition, "the file is not in base64"))?,
            None => given["content"].as_str().unwrap_or_default().as_bytes().to_vec(),
        };
        if bytes.len() > ATTACHMENT_SIZE_LIMIT {
            return Err(bad(definition, "your files are too powerful: the limit is 10 MB"));
        }
        let content_type = given["content_type"].as_str().filter(|kind| !kind.is_empty());
        let upload = Upload {
            index: 0,
            filename: filename.to_owned(),
            content_type: content_type.unwrap_or(content_type_of(filename)).to_owned(),
            bytes,
        };
        let stored = self.store_file("ephemeral-attachments", filling.channel, upload, None);
        let id = stored["id"].as_str().and_then(|id| id.parse().ok()).unwrap_or(Id(1));
        filling.resolved.put("attachments", id, stored);
        Ok(id)
    }
}

/// Puts a file into the first attachment option of the chosen command that has no value yet. `options` is what
/// `line::parse` gave.
pub(super) fn add_file(options: &mut Value, defined: &Value, file: &NewFile) -> Result<(), Refusal> {
    if let Some(chosen) = options.get_mut(0).filter(|option| option["options"].is_array()) {
        let inner = defined.as_array().into_iter().flatten().find(|known| known["name"] == chosen["name"]);
        let inner = inner.map_or(Value::Null, |inner| inner["options"].clone());
        return add_file(&mut chosen["options"], &inner, file);
    }
    let given = options.as_array_mut().ok_or_else(|| Refusal::new("unknown_option", "There are no options"))?;
    let free =
        |known: &&Value| known["type"] == kind::ATTACHMENT && !given.iter().any(|one| one["name"] == known["name"]);
    let option = defined.as_array().into_iter().flatten().find(free);
    let option = option.ok_or_else(|| Refusal::new("unknown_option", "This command takes no file"))?;
    let base64 = BASE64.encode(&file.bytes);
    let value = json!({"filename": file.filename, "content_type": file.content_type, "base64": base64});
    given.push(json!({"name": option["name"], "value": value}));
    Ok(())
}

fn plain_text(value: &Value) -> String {
    value.as_str().map_or_else(
        || {
            if value.is_null() { String::new() } else { value.to_string() }
        },
        str::to_owned,
    )
}

fn bad(definition: &Value, why: &str) -> Refusal {
    Refusal::new("invalid_option", format!("{}: {why}", definition["name"].as_str().unwrap_or_default()))
}

fn need_required(defined: &[Value], filled: &[Value]) -> Result<(), Refusal> {
    for definition in defined.iter().filter(|definition| definition["required"] == true) {
        if !filled.iter().any(|option| option["name"] == definition["name"]) {
            let name = definition["name"].as_str().unwrap_or_default();
            return Err(Refusal::new("missing_option", format!("{name}: This option is required. Specify a value")));
        }
    }
    Ok(())
}

fn text_value(definition: &Value, text: &str) -> Result<Value, Refusal> {
    let length = text.chars().count();
    let min = definition["min_length"].as_u64().unwrap_or(0);
    // 6,000 is the most the client lets anyone type (Discord reference, `max_length`).
    let max = definition["max_length"].as_u64().unwrap_or(6_000);
    let length = u64::try_from(length).unwrap_or(u64::MAX);
    if length < min || length > max {
        return Err(bad(definition, &format!("between {min} and {max} characters are wanted")));
    }
    Ok(json!(text))
}

fn check_limits(definition: &Value, value: &Value) -> Result<(), Refusal> {
    let Some(number) = value.as_f64() else {
        return Ok(());
    };
    // Discord's clients hold numbers as doubles: whole numbers beyond 2^53 cannot be typed.
    let limit = 9_007_199_254_740_991.0;
    let min = definition["min_value"].as_f64().unwrap_or(-limit);
    let max = definition["max_value"].as_f64().unwrap_or(limit);
    if number < min || number > max {
        return Err(bad(definition, &format!("a value between {min} and {max} is wanted")));
    }
    Ok(())
}

/// With choices only one of them can be sent; its name may be given instead of its value.
fn check_choice(definition: &Value, value: Value) -> Result<Value, Refusal> {
    let Some(choices) = definition["choices"].as_array().filter(|choices| !choices.is_empty()) else {
        return Ok(value);
    };
    let found = choices.iter().find(|choice| choice["value"] == value || choice["name"] == value);
    found.map(|choice| choice["value"].clone()).ok_or_else(|| bad(definition, "choose one of the choices"))
}

fn count_focused(options: &[Value]) -> usize {
    options
        .iter()
        .map(|option| {
            let inner = option["options"].as_array().map_or(0, |inner| count_focused(inner));
            inner + usize::from(option["focused"] == true)
        })
        .sum()
}
