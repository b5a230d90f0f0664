//! Purpose: looking at the world from outside: what a person sees in a channel, who was pinged, who has which role.

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    Sim,
    ids::Id,
    permissions as p,
    world::{Channel, Guild, Member, Role, StoredMessage},
};

/// A message as a reader sees it.
#[derive(Clone, Debug, Serialize)]
pub struct Message {
    pub id: String,
    pub channel_id: String,
    pub author_id: String,
    pub author: String,
    pub content: String,
    pub flags: u64,
    /// Unix milliseconds.
    pub created_ms: u64,
    pub edited_ms: Option<u64>,
    /// Only this user sees it.
    pub ephemeral_for: Option<String>,
    /// Users who got a real notification from it.
    pub pinged: Vec<String>,
    /// The Discord message object.
    pub json: Value,
}

/// A notification somebody got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ping {
    pub message_id: String,
    pub channel_id: String,
    /// Whether the message came from a bot.
    pub by_bot: bool,
}

impl Message {
    /// Whether only one person sees it.
    pub fn is_ephemeral(&self) -> bool {
        self.ephemeral_for.is_some()
    }

    /// Whether it is the "is thinking..." of a deferred answer.
    pub fn is_loading(&self) -> bool {
        self.flags & 128 != 0
    }

    /// Every component, nested ones included, in reading order.
    pub fn components(&self) -> Vec<&Value> {
        let mut found = Vec::new();
        flatten(&self.json["components"], &mut found);
        found
    }

    /// Buttons, link buttons included.
    pub fn buttons(&self) -> Vec<&Value> {
        self.components().into_iter().filter(|component| component["type"] == 2).collect()
    }

    /// The `custom_id` of the first enabled button with this label.
    pub fn button(&self, label: &str) -> Option<String> {
        let button =
            self.buttons().into_iter().find(|button| button["label"] == label && button["disabled"] != true)?;
        button["custom_id"].as_str().map(str::to_owned)
    }

    /// All a person can read: content, embeds, V2 text and labels, one piece per line.
    pub fn text(&self) -> String {
        let mut lines = vec![self.content.clone()];
        for embed in self.json["embeds"].as_array().into_iter().flatten() {
            lines.extend(embed_text(embed));
        }
        for component in self.components() {
            for key in ["content", "label", "placeholder", "description"] {
                lines.extend(component[key].as_str().map(str::to_owned));
            }
        }
        lines.retain(|line| !line.is_empty());
        lines.join("\n")
    }
}

fn embed_text(embed: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    let mut take = |value: &Value| lines.extend(value.as_str().map(str::to_owned));
    take(&embed["author"]["name"]);
    take(&embed["title"]);
    take(&embed["description"]);
    for field in embed["fields"].as_array().into_iter().flatten() {
        take(&field["name"]);
        take(&field["value"]);
    }
    take(&embed["footer"]["text"]);
    lines
}

/// Collects a component tree in reading order: children, a section's accessory, a label's inner component.
pub(crate) fn flatten<'a>(components: &'a Value, found: &mut Vec<&'a Value>) {
    for component in components.as_array().into_iter().flatten() {
        found.push(component);
        flatten(&component["components"], found);
        for key in ["accessory", "component"] {
            if component[key].is_object() {
                found.push(&component[key]);
                flatten(&component[key]["components"], found);
            }
        }
    }
}

impl Sim {
    /// Messages of a channel (id or name), oldest first. With a user: what that user sees; without: all of them.
    pub fn messages(&self, channel: &str, as_user: Option<&str>) -> Vec<Message> {
        let viewer = as_user.and_then(|user| self.find_user(user));
        let Some(channel) = self.find_channel(channel, viewer) else {
            return Vec::new();
        };
        if as_user.is_some() && !viewer.is_some_and(|user| self.can_read(user, channel)) {
            return Vec::new();
        }
        let seen = |message: &&StoredMessage| {
            as_user.is_none() || message.ephemeral_for.is_none_or(|only| Some(only) == viewer)
        };
        self.world.in_channel(channel).filter(seen).map(|message| self.show(message, viewer)).collect()
    }

    /// One message by id, ephemeral or not.
    pub fn message(&self, id: &str) -> Option<Message> {
        let message = self.world.messages.get(&id.parse().ok()?)?;
        Some(self.show(message, None))
    }

    /// The newest message a user sees in a channel.
    pub fn last_message(&self, channel: &str, as_user: Option<&str>) -> Option<Message> {
        self.messages(channel, as_user).pop()
    }

    /// Direct messages between a user and the application, oldest first.
    pub fn direct_messages(&self, user: &str) -> Vec<Message> {
        let channel = self.find_user(user).and_then(|user| self.world.dm_between(user, self.app));
        channel.map(|channel| self.messages(&channel.to_string(), None)).unwrap_or_default()
    }

    /// Notifications a user (id or name) really got, oldest first.
    pub fn pings(&self, user: &str) -> Vec<Ping> {
        let Some(user) = self.find_user(user) else {
            return Vec::new();
        };
        let by_bot = |message: &StoredMessage| self.world.users.get(&message.author).is_some_and(|author| author.bot);
        self.world
            .messages
            .values()
            .filter(|message| message.pings.contains(&user))
            .map(|message| Ping {
                message_id: message.id.to_string(),
                channel_id: message.channel_id.to_string(),
                by_bot: by_bot(message),
            })
            .collect()
    }

    /// A member of a guild (each by id or name).
    pub fn member(&self, guild: &str, user: &str) -> Option<&Member> {
        self.world.guilds.get(&self.find_guild(guild)?)?.members.get(&self.find_user(user)?)
    }

    /// Names of a member's roles, highest first.
    pub fn roles_of(&self, guild: &str, user: &str) -> Vec<String> {
        let Some(guild) = self.guild(guild) else {
            return Vec::new();
        };
        let member = self.find_user(user).and_then(|user| guild.members.get(&user));
        let held = member.map(|member| member.roles.as_slice()).unwrap_or_default();
        let mut roles: Vec<&Role> = held.iter().filter_map(|role| guild.roles.get(role)).collect();
        roles.sort_by_key(|role| std::cmp::Reverse(role.position));
        roles.into_iter().map(|role| role.name.clone()).collect()
    }

    /// A guild by id or name.
    pub fn guild(&self, guild: &str) -> Option<&Guild> {
        self.world.guilds.get(&self.find_guild(guild)?)
    }

    /// Guilds in the order they were made.
    pub fn guilds(&self) -> impl Iterator<Item = &Guild> {
        self.world.guilds.values()
    }

    /// A role by id or name.
    pub fn role(&self, guild: &str, role: &str) -> Option<&Role> {
        let guild = self.guild(guild)?;
        guild.roles.get(&crate::names::find_role(guild, role)?)
    }

    /// A channel by id or name.
    pub fn channel(&self, channel: &str) -> Option<&Channel> {
        self.world.channels.get(&self.find_channel(channel, None)?)
    }

    /// What a user may do in a channel, as a permission set. 0 for who cannot see it.
    pub fn permissions_in(&self, user: &str, channel: &str) -> u64 {
        let Some(user) = self.find_user(user) else {
            return 0;
        };
        self.find_channel(channel, Some(user)).map_or(0, |channel| self.world.permissions_in(user, channel))
    }

    /// Registered commands a user sees in a guild (both by id or name), as Discord's command objects.
    pub fn commands_for(&self, guild: &str, as_user: Option<&str>) -> Vec<Value> {
        let Some(guild) = self.find_guild(guild) else {
            return Vec::new();
        };
        let user = as_user.and_then(|user| self.find_user(user));
        let fits = |command: &&crate::world::Command| command.guild_id.is_none_or(|only| only == guild);
        let usable =
            |command: &&crate::world::Command| user.is_none_or(|user| self.may_use(user, Some(guild), command));
        self.world.commands.values().filter(fits).filter(usable).map(|command| command.body.clone()).collect()
    }

    pub(crate) fn can_read(&self, user: Id, channel: Id) -> bool {
        self.world.permissions_in(user, channel) & p::VIEW_CHANNEL != 0
    }

    pub(crate) fn show(&self, message: &StoredMessage, viewer: Option<Id>) -> Message {
        let author = self.world.users.get(&message.author);
        let mut json = self.message_json(message, viewer.unwrap_or(self.app));
        if let Some(guild) = message.guild_id {
            json["guild_id"] = json!(guild);
        }
        Message {
            id: message.id.to_string(),
            channel_id: message.channel_id.to_string(),
            author_id: message.author.to_string(),
            author: message.webhook.clone().or(author.map(|user| user.username.clone())).unwrap_or_default(),
            content: message.content.clone(),
            flags: message.flags,
            created_ms: message.created_ms,
            edited_ms: message.edited_ms,
            ephemeral_for: message.ephemeral_for.map(|id| id.to_string()),
            pinged: message.pings.iter().map(Id::to_string).collect(),
            json,
        }
    }
}
