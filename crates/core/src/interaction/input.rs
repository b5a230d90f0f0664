//! Purpose: what somebody typed and chose, out of an interaction's data: a command's options, or the fields of a form.
//!
//! Read by hand from a value: twilight's own deserializers bring those of whole messages, channels and presences into the
//! Worker (150 KB compressed) for the few fields that are used.

use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};
use std::collections::HashMap;
use twilight_model::{
    application::{
        command::{CommandOptionType, CommandType},
        interaction::{
            InteractionDataResolved, InteractionMember,
            application_command::{CommandData, CommandDataOption, CommandOptionValue},
        },
    },
    channel::Attachment,
    guild::{MemberFlags, Permissions},
    id::{Id, marker::CommandMarker},
    user::User,
    util::ImageHash,
};

/// A submitted form.
#[derive(Debug, Default)]
pub struct ModalData {
    pub custom_id: String,
    fields: Vec<(String, Vec<String>)>,
}

impl ModalData {
    /// What a field holds: one text of a text input, the choices of a select; empty for a field that is not there.
    pub fn values(&self, field: &str) -> &[String] {
        self.fields.iter().find(|(name, _)| name == field).map_or(&[], |(_, values)| values)
    }

    /// The text of a text input; empty for a field that is not there.
    pub fn text(&self, field: &str) -> &str {
        self.values(field).first().map_or("", String::as_str)
    }
}

#[derive(Deserialize)]
struct WireModal {
    custom_id: String,
    components: Value,
}

#[derive(Deserialize)]
struct WireCommand {
    id: Id<CommandMarker>,
    #[serde(rename = "type")]
    kind: u8,
    name: String,
    options: Option<Value>,
    resolved: Option<Value>,
}

/// `None` for what is no form.
pub(super) fn modal(data: &RawValue) -> Option<ModalData> {
    let wire: WireModal = serde_json::from_str(data.get()).ok()?;
    let mut modal = ModalData { custom_id: wire.custom_id, fields: Vec::new() };
    add_fields(&wire.components, &mut modal.fields);
    Some(modal)
}

/// Layout holds its parts in `component` (labels) or `components` (rows).
fn add_fields(component: &Value, fields: &mut Vec<(String, Vec<String>)>) {
    if let Value::Array(parts) = component {
        parts.iter().for_each(|part| add_fields(part, fields));
        return;
    }
    if let Some(name) = text(component, "custom_id") {
        let values = match component.get("values") {
            Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => text(component, "value").into_iter().collect(),
        };
        fields.push((name, values));
    }
    for inner in ["component", "components"] {
        if let Some(inner) = component.get(inner) {
            add_fields(inner, fields);
        }
    }
}

/// `None` for what is no command. Of what Discord sends along, people and files are read; options for channels and roles
/// are their ids.
pub(super) fn command(data: &RawValue) -> Option<CommandData> {
    let wire: WireCommand = serde_json::from_str(data.get()).ok()?;
    Some(CommandData {
        guild_id: None,
        id: wire.id,
        kind: CommandType::from(wire.kind),
        name: wire.name,
        options: options(wire.options.as_ref())?,
        resolved: wire.resolved.as_ref().map(resolved),
        target_id: None,
    })
}

fn options(of: Option<&Value>) -> Option<Vec<CommandDataOption>> {
    match of {
        None => Some(Vec::new()),
        Some(options) => options.as_array()?.iter().map(option).collect(),
    }
}

fn option(option: &Value) -> Option<CommandDataOption> {
    let kind = kind(option.get("type")?.as_u64()?)?;
    let typed = option.get("value");
    let value = if option.get("focused").and_then(Value::as_bool) == Some(true) {
        let text = match typed? {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        CommandOptionValue::Focused(text, kind)
    } else {
        match kind {
            CommandOptionType::SubCommand => CommandOptionValue::SubCommand(options(option.get("options"))?),
            CommandOptionType::SubCommandGroup => CommandOptionValue::SubCommandGroup(options(option.get("options"))?),
            CommandOptionType::String => CommandOptionValue::String(text(option, "value")?),
            CommandOptionType::Integer => CommandOptionValue::Integer(typed?.as_i64()?),
            CommandOptionType::Boolean => CommandOptionValue::Boolean(typed?.as_bool()?),
            CommandOptionType::User => CommandOptionValue::User(id(option, "value")?),
            CommandOptionType::Channel => CommandOptionValue::Channel(id(option, "value")?),
            CommandOptionType::Role => CommandOptionValue::Role(id(option, "value")?),
            CommandOptionType::Mentionable => CommandOptionValue::Mentionable(id(option, "value")?),
            CommandOptionType::Number => CommandOptionValue::Number(typed?.as_f64()?),
            CommandOptionType::Attachment => CommandOptionValue::Attachment(id(option, "value")?),
            _ => return None,
        }
    };
    Some(CommandDataOption { name: text(option, "name")?, value })
}

/// The numbers of application command option types in Discord's documentation.
fn kind(number: u64) -> Option<CommandOptionType> {
    Some(match number {
        1 => CommandOptionType::SubCommand,
        2 => CommandOptionType::SubCommandGroup,
        3 => CommandOptionType::String,
        4 => CommandOptionType::Integer,
        5 => CommandOptionType::Boolean,
        6 => CommandOptionType::User,
        7 => CommandOptionType::Channel,
        8 => CommandOptionType::Role,
        9 => CommandOptionType::Mentionable,
        10 => CommandOptionType::Number,
        11 => CommandOptionType::Attachment,
        _ => return None,
    })
}

fn resolved(of: &Value) -> InteractionDataResolved {
    InteractionDataResolved {
        attachments: by_id(of, "attachments", attachment),
        channels: HashMap::new(),
        members: by_id(of, "members", |value| Some(member(value))),
        messages: HashMap::new(),
        roles: HashMap::new(),
        users: by_id(of, "users", user),
    }
}

/// What cannot be read is left out: the command then says that it does not know that id.
fn by_id<M, T>(of: &Value, field: &str, read: impl Fn(&Value) -> Option<T>) -> HashMap<Id<M>, T> {
    let nothing = Map::new();
    let entries = of.get(field).and_then(Value::as_object).unwrap_or(&nothing);
    entries.iter().filter_map(|(id, value)| Some((id.parse().ok()?, read(value)?))).collect()
}

fn user(of: &Value) -> Option<User> {
    Some(User {
        id: id(of, "id")?,
        name: text(of, "username")?,
        global_name: text(of, "global_name"),
        avatar: image(of, "avatar"),
        bot: of.get("bot").and_then(Value::as_bool).unwrap_or(false),
        accent_color: None,
        avatar_decoration: None,
        avatar_decoration_data: None,
        banner: None,
        discriminator: 0,
        email: None,
        flags: None,
        locale: None,
        mfa_enabled: None,
        premium_type: None,
        primary_guild: None,
        public_flags: None,
        system: None,
        verified: None,
    })
}

fn member(of: &Value) -> InteractionMember {
    InteractionMember {
        avatar: image(of, "avatar"),
        nick: text(of, "nick"),
        avatar_decoration_data: None,
        banner: None,
        communication_disabled_until: None,
        flags: MemberFlags::empty(),
        joined_at: None,
        pending: false,
        permissions: Permissions::empty(),
        premium_since: None,
        roles: Vec::new(),
    }
}

fn attachment(of: &Value) -> Option<Attachment> {
    Some(Attachment {
        id: id(of, "id")?,
        filename: text(of, "filename")?,
        size: of.get("size")?.as_u64()?,
        url: text(of, "url")?,
        content_type: text(of, "content_type"),
        ephemeral: false,
        duration_secs: None,
        flags: None,
        description: None,
        height: None,
        placeholder: None,
        placeholder_version: None,
        proxy_url: String::new(),
        title: None,
        waveform: None,
        width: None,
    })
}

fn text(of: &Value, field: &str) -> Option<String> {
    of.get(field)?.as_str().map(str::to_owned)
}

fn id<M>(of: &Value, field: &str) -> Option<Id<M>> {
    of.get(field)?.as_str()?.parse().ok()
}

fn image(of: &Value, field: &str) -> Option<ImageHash> {
    of.get(field)?.as_str()?.parse().ok()
}
