//! Purpose: pressing buttons, choosing in selects, submitting modals; and what a tampered client may send.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    Sim,
    check::message::flags,
    ids::Id,
    look::flatten,
    permissions as p,
    world::{OpenModal, StoredMessage},
};

use super::{Delivery, ModalId, Refusal, options::Resolved, payload::Act};

impl Sim {
    /// Presses a button. It must stand on that message, be enabled, and the message be visible to the user.
    pub fn press(&mut self, user: &str, message_id: &str, custom_id: &str) -> Result<Delivery, Refusal> {
        let (user, message) = self.on_screen(user, message_id)?;
        let component = enabled_component(&message, custom_id)?;
        if component["type"] != 2 {
            return Err(Refusal::new("no_such_component", "This is no button"));
        }
        let data = json!({"custom_id": custom_id, "component_type": 2, "id": component["id"]});
        self.use_component(user, &message, data)
    }

    /// Chooses in a select. Values are option values, or ids or names of users, roles and channels.
    pub fn select(
        &mut self,
        user: &str,
        message_id: &str,
        custom_id: &str,
        values: &[String],
    ) -> Result<Delivery, Refusal> {
        let (user, message) = self.on_screen(user, message_id)?;
        let component = enabled_component(&message, custom_id)?;
        let mut resolved = Resolved::default();
        let values = self.chosen(&component, values, message.guild_id, message.channel_id, &mut resolved)?;
        let kind = &component["type"];
        let mut data = json!({"custom_id": custom_id, "component_type": kind, "id": component["id"], "values": values});
        if let Some(resolved) = resolved.into_json() {
            data["resolved"] = resolved;
        }
        self.use_component(user, &message, data)
    }

    /// Submits an open form with values by `custom_id`. Lengths and required fields are enforced as the client does.
    pub fn submit_modal(&mut self, user: &str, modal: &ModalId, fields: &[(&str, &str)]) -> Result<Delivery, Refusal> {
        let fields = fields.iter().map(|(id, value)| ((*id).to_owned(), json!(value))).collect();
        self.submit_modal_values(user, modal, fields)
    }

    /// The same with lists for selects and groups: `{"tags": ["a", "b"]}`.
    pub fn submit_modal_values(
        &mut self,
        user: &str,
        modal: &ModalId,
        fields: BTreeMap<String, Value>,
    ) -> Result<Delivery, Refusal> {
        let user = self.need_user(user)?;
        let open = modal.0.parse::<Id>().ok().and_then(|id| self.world.modals.get(&id)).cloned();
        let open = open.filter(|open| open.user == user);
        let open = open.ok_or_else(|| Refusal::new("no_such_modal", "That form is not open on your screen"))?;
        let mut left = fields;
        let mut resolved = Resolved::default();
        let mut components = Vec::new();
        for item in open.body["components"].as_array().into_iter().flatten() {
            components.push(self.filled_item(&open, item, &mut left, &mut resolved)?);
        }
        if let Some(name) = left.keys().next() {
            return Err(Refusal::new("no_such_field", format!("The form has no field {name:?}")));
        }
        let mut data = json!({"custom_id": open.body["custom_id"], "components": components});
        if let Some(resolved) = resolved.into_json() {
            data["resolved"] = resolved;
        }
        self.send_modal(&open, data)
    }

    /// A tampered client: presses or selects anything on any message, offered or not, seen or not.
    pub fn forge_component(
        &mut self,
        user: &str,
        channel: &str,
        message_id: &str,
        custom_id: &str,
        values: &[String],
    ) -> Result<Delivery, Refusal> {
        let user = self.need_user(user)?;
        let channel = self.need_channel(channel, None)?;
        let source = message_id.parse::<Id>().ok().filter(|id| self.world.messages.contains_key(id));
        let kind = if values.is_empty() { 2 } else { 3 };
        let mut data = json!({"custom_id": custom_id, "component_type": kind, "id": 1});
        if !values.is_empty() {
            data["values"] = json!(values);
        }
        self.interact(component_act(user, channel, source, data))
    }

    /// A tampered client: submits any form data, whether a form is open or not.
    pub fn forge_modal(&mut self, user: &str, channel: &str, data: Value) -> Result<Delivery, Refusal> {
        let user = self.need_user(user)?;
        let channel = self.need_channel(channel, None)?;
        self.interact(Act { kind: 5, ..component_act(user, channel, None, data) })
    }

    /// A message as it stands on a user's screen.
    fn on_screen(&self, user: &str, message_id: &str) -> Result<(Id, StoredMessage), Refusal> {
        let user = self.need_user(user)?;
        let message = message_id.parse::<Id>().ok().and_then(|id| self.world.messages.get(&id));
        let visible = |message: &&StoredMessage| {
            message.ephemeral_for.is_none_or(|only| only == user) && self.can_read(user, message.channel_id)
        };
        let message = message.filter(visible);
        let message = message.ok_or_else(|| Refusal::new("unknown_message", "You do not see such a message"))?;
        if message.flags & flags::LOADING != 0 {
            return Err(Refusal::new("loading", "The application is still thinking"));
        }
        if message.author != self.app {
            return Err(Refusal::new("no_such_component", "This message is not the application's"));
        }
        // A timed-out member keeps reading and loses everything else, buttons too.
        let rights = self.world.permissions_in(user, message.channel_id);
        if rights & p::USE_APPLICATION_COMMANDS == 0 && self.timed_out(user, message.guild_id) {
            return Err(Refusal::new("timed_out", "You are timed out in this server"));
        }
        Ok((user, message.clone()))
    }

    fn timed_out(&self, user: Id, guild: Option<Id>) -> bool {
        let guild = guild.and_then(|id| self.world.guilds.get(&id));
        let member = guild.and_then(|guild| guild.members.get(&user));
        member.and_then(|member| member.timeout_until_ms).is_some_and(|until| until > self.world.now_ms)
    }

    fn use_component(&mut self, user: Id, message: &StoredMessage, data: Value) -> Result<Delivery, Refusal> {
        self.interact(component_act(user, message.channel_id, Some(message.id), data))
    }

    /// Checks a select's values and fills in what they stand for.
    fn chosen(
        &self,
        component: &Value,
        values: &[String],
        guild: Option<Id>,
        channel: Id,
        resolved: &mut Resolved,
    ) -> Result<Vec<String>, Refusal> {
        let count = u64::try_from(values.len()).unwrap_or(u64::MAX);
        let min = component["min_values"].as_u64().unwrap_or(1);
        let max = component["max_values"].as_u64().unwrap_or(1);
        if count < min || count > max {
            return Err(Refusal::new("invalid_selection", format!("Choose between {min} and {max}")));
        }
        let mut sent: Vec<String> = Vec::new();
        for value in values {
            let value = self.chosen_one(component, value, guild, channel, resolved)?;
            if sent.contains(&value) {
                return Err(Refusal::new("invalid_selection", "The same is chosen twice"));
            }
            sent.push(value);
        }
        Ok(sent)
    }

    fn chosen_one(
        &self,
        component: &Value,
        value: &str,
        guild: Option<Id>,
        channel: Id,
        resolved: &mut Resolved,
    ) -> Result<String, Refusal> {
        let role = || guild.and_then(|guild| self.need_role(guild, value).ok().map(|role| (guild, role)));
        match component["type"].as_u64() {
            Some(6 | 7) if role().is_some() => {
                let Some((guild, role)) = role() else {
                    return Ok(value.to_owned());
                };
                self.resolve_role(guild, role, resolved);
                Ok(role.to_string())
            }
            Some(5 | 7) => {
                let user = self.need_user(value)?;
                self.resolve_user(guild, channel, user, resolved);
                Ok(user.to_string())
            }
            Some(8) => {
                let id = guild.and_then(|guild| self.named_in_guild(guild, value));
                let id = id.map_or_else(|| self.need_channel(value, None), Ok)?;
                resolved.put("channels", id, self.resolved_channel(id));
                Ok(id.to_string())
            }
            Some(3 | 21 | 22) => {
                let offered = component["options"].as_array().into_iter().flatten();
                let found = offered.into_iter().find(|option| option["value"] == value || option["label"] == value);
                let found = found.and_then(|option| option["value"].as_str().map(str::to_owned));
                found.ok_or_else(|| Refusal::new("invalid_selection", format!("{value:?} is not offered")))
            }
            _ => Err(Refusal::new("no_such_component", "This is no select")),
        }
    }

    fn filled_item(
        &self,
        open: &OpenModal,
        item: &Value,
        left: &mut BTreeMap<String, Value>,
        resolved: &mut Resolved,
    ) -> Result<Value, Refusal> {
        let id = &item["id"];
        match item["type"].as_u64() {
            Some(1) => {
                let inner = self.filled_input(open, &item["components"][0], left, resolved)?;
                Ok(json!({"type": 1, "id": id, "components": [inner]}))
            }
            Some(18) => {
                let inner = self.filled_input(open, &item["component"], left, resolved)?;
                Ok(json!({"type": 18, "id": id, "component": inner}))
            }
            _ => Ok(json!({"type": 10, "id": id})),
        }
    }

    fn filled_input(
        &self,
        open: &OpenModal,
        input: &Value,
        left: &mut BTreeMap<String, Value>,
        resolved: &mut Resolved,
    ) -> Result<Value, Refusal> {
        let custom_id = input["custom_id"].as_str().unwrap_or_default();
        let given = left.remove(custom_id);
        let kind = input["type"].as_u64().unwrap_or(0);
        let mut sent = json!({"type": kind, "id": 1, "custom_id": custom_id});
        match kind {
            4 => {
                let default = input["value"].as_str().unwrap_or_default().to_owned();
                let value =
                    given.map_or(default, |given| given.as_str().map_or_else(|| given.to_string(), str::to_owned));
                check_text_input(input, &value)?;
                sent["value"] = json!(value);
            }
            23 => sent["value"] = given.unwrap_or_else(|| json!(input["default"] == true)),
            _ => {
                let list = match given {
                    Some(Value::Array(list)) => list,
                    Some(one) => vec![one],
                    None => Vec::new(),
                };
                let list: Vec<String> = list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect();
                let optional = input["required"] == false && list.is_empty();
                let Some(channel) = open.channel else {
                    return Ok(sent);
                };
                let values =
                    if optional { Vec::new() } else { self.chosen(input, &list, open.guild, channel, resolved)? };
                // A radio group sends one value, everything else a list.
                if kind == 21 {
                    sent["value"] = json!(values.first());
                } else {
                    sent["values"] = json!(values);
                }
            }
        }
        Ok(sent)
    }

    fn send_modal(&mut self, open: &OpenModal, data: Value) -> Result<Delivery, Refusal> {
        let Some(channel) = open.channel else {
            return Err(Refusal::new("unknown_channel", "There is no channel"));
        };
        let opened_by = self.world.interactions.get(&open.interaction).map(|first| self.interaction_metadata(first));
        let act = component_act(open.user, channel, open.source_message, data);
        self.interact(Act { kind: 5, opened_by, ..act })
    }
}

fn component_act(user: Id, channel: Id, source_message: Option<Id>, data: Value) -> Act {
    Act { kind: 3, user, channel, data, source_message, label: String::new(), command_type: 0, opened_by: None }
}

fn enabled_component(message: &StoredMessage, custom_id: &str) -> Result<Value, Refusal> {
    let tree = Value::Array(message.components.clone());
    let mut flat = Vec::new();
    flatten(&tree, &mut flat);
    let found = flat.into_iter().find(|component| component["custom_id"] == custom_id);
    let found = found.ok_or_else(|| Refusal::new("no_such_component", "There is no such button or select"))?;
    if found["disabled"] == true {
        return Err(Refusal::new("disabled", "This button or select is disabled"));
    }
    Ok(found.clone())
}

fn check_text_input(input: &Value, value: &str) -> Result<(), Refusal> {
    let name = input["custom_id"].as_str().unwrap_or_default();
    let length = u64::try_from(value.chars().count()).unwrap_or(u64::MAX);
    // Fields are required unless they say otherwise (Discord reference, "Text Input").
    if length == 0 {
        if input["required"] == false {
            return Ok(());
        }
        return Err(Refusal::new("missing_field", format!("{name}: This field is required")));
    }
    let min = input["min_length"].as_u64().unwrap_or(0);
    let max = input["max_length"].as_u64().unwrap_or(4_000);
    if length < min || length > max {
        return Err(Refusal::new("invalid_field", format!("{name}: Must be between {min} and {max} in length")));
    }
    Ok(())
}
