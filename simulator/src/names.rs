//! Purpose: finding people, channels and roles by what a reader calls them, so that stories read well.

use crate::{
    Sim,
    acting::Refusal,
    ids::Id,
    world::{ChannelKind, Guild},
};

impl Sim {
    /// A user by id, `<@id>`, username or display name, with or without `@`.
    pub fn user_id(&self, who: &str) -> Option<String> {
        self.find_user(who).map(|id| id.to_string())
    }

    /// A guild by id or name.
    pub fn guild_id(&self, guild: &str) -> Option<String> {
        self.find_guild(guild).map(|id| id.to_string())
    }

    /// A channel by id, `<#id>`, `#name`, or `Guild name/#name`; a bare name is looked up guild by guild, oldest first.
    pub fn channel_id(&self, channel: &str) -> Option<String> {
        self.find_channel(channel, None).map(|id| id.to_string())
    }

    /// A role by id, `<@&id>` or name (with or without `@`) in a guild given by id or name.
    pub fn role_id(&self, guild: &str, role: &str) -> Option<String> {
        let guild = self.world.guilds.get(&self.find_guild(guild)?)?;
        find_role(guild, role).map(|id| id.to_string())
    }

    pub(crate) fn find_user(&self, who: &str) -> Option<Id> {
        let bare = strip(who, &["<@!", "<@", "@"]);
        if let Ok(id) = bare.parse::<Id>()
            && self.world.users.contains_key(&id)
        {
            return Some(id);
        }
        let users = || self.world.users.values();
        users()
            .find(|user| user.username.eq_ignore_ascii_case(bare))
            .or_else(|| {
                users().find(|user| user.global_name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(bare)))
            })
            .map(|user| user.id)
    }

    pub(crate) fn find_guild(&self, guild: &str) -> Option<Id> {
        if let Ok(id) = guild.parse::<Id>()
            && self.world.guilds.contains_key(&id)
        {
            return Some(id);
        }
        self.world.guilds.values().find(|known| known.name == guild).map(|known| known.id)
    }

    /// `for_user` narrows names to guilds the user is in, and finds their direct messages under `DM`.
    pub(crate) fn find_channel(&self, channel: &str, for_user: Option<Id>) -> Option<Id> {
        let bare = strip(channel, &["<#"]);
        if let Ok(id) = bare.parse::<Id>()
            && self.world.channels.contains_key(&id)
        {
            return Some(id);
        }
        if bare == "DM"
            && let Some(user) = for_user
        {
            return self.world.dm_between(user, self.app);
        }
        let (guild, name) = match bare.split_once("/#") {
            Some((guild, name)) => (Some(self.find_guild(guild)?), name),
            None => (None, bare.strip_prefix('#').unwrap_or(bare)),
        };
        let shared = |id: &Id| {
            guild.is_none_or(|wanted| wanted == *id)
                && for_user
                    .is_none_or(|user| self.world.guilds.get(id).is_some_and(|guild| guild.members.contains_key(&user)))
        };
        self.world.guilds.keys().filter(|id| shared(id)).find_map(|id| self.named_in_guild(*id, name))
    }

    /// A channel by name within one guild; text channels before others of the same name.
    pub(crate) fn named_in_guild(&self, guild: Id, name: &str) -> Option<Id> {
        let name = name.strip_prefix('#').unwrap_or(name);
        let mut found: Vec<_> = self
            .world
            .channels
            .values()
            .filter(|channel| channel.guild_id == Some(guild) && channel.name == name)
            .collect();
        found.sort_by_key(|channel| (channel.kind != ChannelKind::Text, channel.id));
        found.first().map(|channel| channel.id)
    }

    pub(crate) fn need_user(&self, who: &str) -> Result<Id, Refusal> {
        self.find_user(who).ok_or_else(|| Refusal::new("unknown_user", format!("There is no user {who:?} here")))
    }

    pub(crate) fn need_guild(&self, guild: &str) -> Result<Id, Refusal> {
        self.find_guild(guild).ok_or_else(|| Refusal::new("unknown_guild", format!("There is no guild {guild:?} here")))
    }

    pub(crate) fn need_channel(&self, channel: &str, for_user: Option<Id>) -> Result<Id, Refusal> {
        self.find_channel(channel, for_user)
            .ok_or_else(|| Refusal::new("unknown_channel", format!("There is no channel {channel:?} here")))
    }

    pub(crate) fn need_role(&self, guild: Id, role: &str) -> Result<Id, Refusal> {
        let found = self.world.guilds.get(&guild).and_then(|guild| find_role(guild, role));
        found.ok_or_else(|| Refusal::new("unknown_role", format!("There is no role {role:?} in this guild")))
    }
}

/// A role by id, mention or name.
pub(crate) fn find_role(guild: &Guild, role: &str) -> Option<Id> {
    let bare = strip(role, &["<@&"]);
    if let Ok(id) = bare.parse::<Id>()
        && guild.roles.contains_key(&id)
    {
        return Some(id);
    }
    let bare = bare.strip_prefix('@').unwrap_or(bare);
    let named =
        |known: &&crate::world::Role| known.name.strip_prefix('@').unwrap_or(&known.name).eq_ignore_ascii_case(bare);
    guild.roles.values().find(named).map(|known| known.id)
}

fn strip<'a>(text: &'a str, prefixes: &[&str]) -> &'a str {
    let text = text.trim();
    for prefix in prefixes {
        if let Some(rest) = text.strip_prefix(prefix) {
            return rest.strip_suffix('>').unwrap_or(rest);
        }
    }
    text
}
