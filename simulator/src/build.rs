//! Purpose: building the world from outside: guilds, channels, roles, people. No permission is asked here.

use crate::{
    Sim,
    acting::Refusal,
    events::{Event, intents},
    ids::Id,
    permissions as p,
    world::{Channel, ChannelKind, Guild, Member, Overwrite, Role, User},
};
use serde_json::json;

/// What the bot's own role may do in a guild it was added to: what Muster asks for at install.
pub const BOT_PERMISSIONS: u64 = p::VIEW_CHANNEL
    | p::SEND_MESSAGES
    | p::SEND_MESSAGES_IN_THREADS
    | p::EMBED_LINKS
    | p::ATTACH_FILES
    | p::READ_MESSAGE_HISTORY
    | p::ADD_REACTIONS
    | p::USE_EXTERNAL_EMOJIS
    | p::MANAGE_MESSAGES
    | p::MANAGE_ROLES
    | p::MANAGE_CHANNELS
    | p::MANAGE_THREADS
    | p::CREATE_PUBLIC_THREADS
    | p::CREATE_PRIVATE_THREADS
    | p::KICK_MEMBERS
    | p::BAN_MEMBERS
    | p::MODERATE_MEMBERS
    | p::MANAGE_NICKNAMES
    | p::PIN_MESSAGES;

/// An account to make.
#[derive(Clone, Debug, Default)]
pub struct NewUser {
    pub username: String,
    pub global_name: Option<String>,
    pub bot: bool,
    /// When the account was made, in Unix milliseconds; nothing means now. It decides the id.
    pub created_ms: Option<u64>,
    /// Client language; empty means `en-US`.
    pub locale: String,
    /// Hash of the picture; nothing means one of Discord's default pictures.
    pub avatar: Option<String>,
}

/// A channel to make.
#[derive(Clone, Debug, Default)]
pub struct NewChannel {
    pub name: String,
    /// Text when nothing is said.
    pub kind: Option<ChannelKind>,
    /// Category, by id.
    pub parent: Option<String>,
    pub topic: Option<String>,
    pub overwrites: Vec<Overwrite>,
}

/// A role to make. It is put right above @everyone, as Discord does.
#[derive(Clone, Debug, Default)]
pub struct NewRole {
    pub name: String,
    pub permissions: u64,
    pub color: u32,
    pub hoist: bool,
    pub mentionable: bool,
    pub managed: bool,
    pub premium_subscriber: bool,
}

/// How a user joins a guild.
#[derive(Clone, Debug, Default)]
pub struct NewMember {
    /// Roles by id or name.
    pub roles: Vec<String>,
    pub nick: Option<String>,
    /// Unix milliseconds; nothing means now.
    pub joined_ms: Option<u64>,
    /// Boosting since, in Unix milliseconds.
    pub premium_since_ms: Option<u64>,
    pub pending: bool,
}

impl Sim {
    /// Makes an account and gives its id.
    pub fn add_user(&mut self, new: NewUser) -> String {
        let id = match new.created_ms {
            Some(created) => self.world.mint.backdated(created),
            None => self.world.next_id(),
        };
        let locale = if new.locale.is_empty() { "en-US".into() } else { new.locale };
        let user = User {
            id,
            username: new.username,
            global_name: new.global_name,
            bot: new.bot,
            locale,
            accepts_dms: !new.bot,
            avatar: new.avatar,
        };
        self.world.users.insert(id, user);
        self.emit(Event::state());
        id.to_string()
    }

    /// Makes a guild with its owner and @everyone, adds the application with its own role, and gives the id.
    pub fn add_guild(&mut self, name: &str, owner: &str) -> Result<String, Refusal> {
        let owner_id = self.need_user(owner)?;
        let id = self.world.next_id();
        let everyone = Role { permissions: p::EVERYONE_DEFAULT, ..blank_role(id, "@everyone") };
        let guild = Guild {
            id,
            name: name.into(),
            owner_id,
            description: None,
            locale: "en-US".into(),
            roles: [(id, everyone)].into(),
            members: [(owner_id, blank_member(owner_id, self.world.now_ms))].into(),
            bans: Default::default(),
            installed: false,
            afk_channel_id: None,
            icon: None,
        };
        self.world.guilds.insert(id, guild);
        self.install_app(&id.to_string(), BOT_PERMISSIONS)?;
        Ok(id.to_string())
    }

    /// Adds the application to a guild, its managed role included; a second call only changes that role's permissions.
    pub fn install_app(&mut self, guild: &str, permissions: u64) -> Result<(), Refusal> {
        let guild_id = self.need_guild(guild)?;
        let (app, now) = (self.app, self.world.now_ms);
        let fresh = self.world.next_id();
        let Some(guild) = self.world.guilds.get_mut(&guild_id) else {
            return Ok(());
        };
        guild.installed = true;
        if let Some(role) = guild.roles.values_mut().find(|role| role.bot_id == Some(app)) {
            role.permissions = permissions;
            let id = role.id;
            self.emit_role("GUILD_ROLE_UPDATE", guild_id, id);
            return Ok(());
        }
        make_room_at_bottom(guild);
        let role = Role {
            permissions,
            managed: true,
            bot_id: Some(app),
            position: 1,
            color: 0xE8A33D,
            ..blank_role(fresh, "Muster")
        };
        guild.roles.insert(fresh, role);
        guild.members.insert(app, Member { roles: vec![fresh], ..blank_member(app, now) });
        self.emit_guild_create(guild_id);
        Ok(())
    }

    /// Takes the application out of a guild, with its role and its guild commands.
    pub fn uninstall_app(&mut self, guild: &str) -> Result<(), Refusal> {
        let guild_id = self.need_guild(guild)?;
        let app = self.app;
        if let Some(guild) = self.world.guilds.get_mut(&guild_id) {
            guild.installed = false;
            guild.members.remove(&app);
            guild.roles.retain(|_, role| role.bot_id != Some(app));
        }
        self.world.commands.retain(|_, command| command.guild_id != Some(guild_id));
        let event = Event::state().in_guild(Some(guild_id));
        self.emit(event.dispatching("GUILD_DELETE", intents::GUILDS, json!({"id": guild_id})));
        Ok(())
    }

    /// Makes a channel below the others and gives its id.
    pub fn add_channel(&mut self, guild: &str, new: NewChannel) -> Result<String, Refusal> {
        let guild_id = self.need_guild(guild)?;
        let parent_id = match &new.parent {
            Some(parent) => {
                Some(self.named_in_guild(guild_id, parent).map_or_else(|| self.need_channel(parent, None), Ok)?)
            }
            None => None,
        };
        let id = self.world.next_id();
        let position = self.world.channels.values().filter(|channel| channel.guild_id == Some(guild_id)).count();
        let channel = Channel {
            topic: new.topic,
            parent_id,
            position: i64::try_from(position).unwrap_or(i64::MAX),
            overwrites: new.overwrites,
            ..blank_channel(id, new.kind.unwrap_or(ChannelKind::Text), Some(guild_id), &new.name)
        };
        self.world.channels.insert(id, channel);
        self.emit_channel("CHANNEL_CREATE", id);
        Ok(id.to_string())
    }

    /// Makes a role right above @everyone and gives its id.
    pub fn add_role(&mut self, guild: &str, new: NewRole) -> Result<String, Refusal> {
        let guild_id = self.need_guild(guild)?;
        let id = self.world.next_id();
        let Some(guild) = self.world.guilds.get_mut(&guild_id) else {
            return Ok(id.to_string());
        };
        make_room_at_bottom(guild);
        let role = Role {
            permissions: new.permissions,
            position: 1,
            color: new.color,
            hoist: new.hoist,
            mentionable: new.mentionable,
            managed: new.managed,
            premium_subscriber: new.premium_subscriber,
            ..blank_role(id, &new.name)
        };
        guild.roles.insert(id, role);
        self.emit_role("GUILD_ROLE_CREATE", guild_id, id);
        Ok(id.to_string())
    }

    /// Puts roles (by id or name) in an order, highest first; roles not named keep their order below.
    pub fn order_roles(&mut self, guild: &str, from_top: &[&str]) -> Result<(), Refusal> {
        let guild_id = self.need_guild(guild)?;
        let mut order = Vec::new();
        for name in from_top {
            order.push(self.need_role(guild_id, name)?);
        }
        let Some(guild) = self.world.guilds.get_mut(&guild_id) else {
            return Ok(());
        };
        let mut rest: Vec<&Role> =
            guild.roles.values().filter(|role| role.id != guild_id && !order.contains(&role.id)).collect();
        rest.sort_by_key(|role| std::cmp::Reverse(role.position));
        order.extend(rest.iter().map(|role| role.id).collect::<Vec<_>>());
        let mut position = i64::try_from(order.len()).unwrap_or(i64::MAX);
        let mut moved = Vec::new();
        for id in order {
            if let Some(role) = guild.roles.get_mut(&id) {
                moved.extend((role.position != position).then_some(id));
                role.position = position;
                position -= 1;
            }
        }
        for id in moved {
            self.emit_role("GUILD_ROLE_UPDATE", guild_id, id);
        }
        Ok(())
    }

    /// A user joins a guild. Who is banned cannot; who is a member already keeps their membership.
    pub fn add_member(&mut self, guild: &str, user: &str, new: NewMember) -> Result<(), Refusal> {
        let (guild_id, user_id) = (self.need_guild(guild)?, self.need_user(user)?);
        let mut roles = Vec::new();
        for role in &new.roles {
            roles.push(self.need_role(guild_id, role)?);
        }
        let now = self.world.now_ms;
        let Some(guild) = self.world.guilds.get_mut(&guild_id) else {
            return Ok(());
        };
        if guild.bans.contains_key(&user_id) {
            return Err(Refusal::new("banned", "You are banned from this server"));
        }
        if guild.members.contains_key(&user_id) {
            return Err(Refusal::new("already_member", "You are already in this server"));
        }
        let member = Member {
            nick: new.nick,
            roles,
            premium_since_ms: new.premium_since_ms,
            pending: new.pending,
            ..blank_member(user_id, new.joined_ms.unwrap_or(now))
        };
        guild.members.insert(user_id, member);
        self.emit_member("GUILD_MEMBER_ADD", guild_id, user_id);
        Ok(())
    }

    /// A member leaves (or is thrown out). Nothing happens to who is no member.
    pub fn remove_member(&mut self, guild: &str, user: &str) -> Result<(), Refusal> {
        let (guild_id, user_id) = (self.need_guild(guild)?, self.need_user(user)?);
        self.take_member_out(guild_id, user_id);
        Ok(())
    }

    /// Replaces a member's roles (by id or name).
    pub fn set_roles(&mut self, guild: &str, user: &str, roles: &[&str]) -> Result<(), Refusal> {
        let (guild_id, user_id) = (self.need_guild(guild)?, self.need_user(user)?);
        let mut ids = Vec::new();
        for role in roles {
            ids.push(self.need_role(guild_id, role)?);
        }
        let member = self.world.guilds.get_mut(&guild_id).and_then(|guild| guild.members.get_mut(&user_id));
        let member = member.ok_or_else(|| Refusal::new("not_a_member", "That user is not in this server"))?;
        member.roles = ids;
        self.emit_member("GUILD_MEMBER_UPDATE", guild_id, user_id);
        Ok(())
    }

    /// Sets what a role (by id or name; `@everyone` too) may do in the guild.
    pub fn set_role_permissions(&mut self, guild: &str, role: &str, permissions: u64) -> Result<(), Refusal> {
        let guild_id = self.need_guild(guild)?;
        let role_id = self.need_role(guild_id, role)?;
        if let Some(role) = self.world.guilds.get_mut(&guild_id).and_then(|guild| guild.roles.get_mut(&role_id)) {
            role.permissions = permissions;
        }
        self.emit_role("GUILD_ROLE_UPDATE", guild_id, role_id);
        Ok(())
    }

    /// Sets one channel overwrite for a role or member (by id or name); both sets 0 removes it.
    pub fn set_permissions(&mut self, channel: &str, target: &str, allow: u64, deny: u64) -> Result<(), Refusal> {
        let channel_id = self.need_channel(channel, None)?;
        let guild_id = self.world.channels.get(&channel_id).and_then(|channel| channel.guild_id);
        let guild_id = guild_id.ok_or_else(|| Refusal::new("unknown_channel", "Direct messages have no overwrites"))?;
        let (id, kind) = match self.need_role(guild_id, target) {
            Ok(role) => (role, 0),
            Err(_) => (self.need_user(target)?, 1),
        };
        if let Some(channel) = self.world.channels.get_mut(&channel_id) {
            channel.overwrites.retain(|entry| entry.id != id);
            if allow | deny != 0 {
                channel.overwrites.push(Overwrite { id, kind, allow, deny });
            }
        }
        self.emit_channel("CHANNEL_UPDATE", channel_id);
        Ok(())
    }

    /// Removes a channel with its messages, as a person with the right would.
    pub fn remove_channel(&mut self, channel: &str) -> Result<(), Refusal> {
        let id = self.need_channel(channel, None)?;
        self.drop_channel(id);
        Ok(())
    }

    /// Whether the user takes direct messages from bots.
    pub fn set_accepts_dms(&mut self, user: &str, accepts: bool) -> Result<(), Refusal> {
        let id = self.need_user(user)?;
        if let Some(user) = self.world.users.get_mut(&id) {
            user.accepts_dms = accepts;
        }
        Ok(())
    }

    pub(crate) fn take_member_out(&mut self, guild_id: Id, user_id: Id) -> bool {
        self.leave_voice(guild_id, user_id);
        let removed = self.world.guilds.get_mut(&guild_id).and_then(|guild| guild.members.remove(&user_id)).is_some();
        if removed {
            let user = self.world.user_json_by_id(user_id);
            let event = Event::state().in_guild(Some(guild_id));
            let data = json!({"guild_id": guild_id, "user": user});
            self.emit(event.dispatching("GUILD_MEMBER_REMOVE", intents::GUILD_MEMBERS, data));
        }
        removed
    }

    pub(crate) fn drop_channel(&mut self, id: Id) {
        self.empty_voice(id);
        let afk = self.world.guilds.values_mut().find(|guild| guild.afk_channel_id == Some(id));
        if let Some(guild) = afk {
            guild.afk_channel_id = None;
            let guild = guild.id;
            self.emit_guild_update(guild);
        }
        self.emit_channel("CHANNEL_DELETE", id);
        let threads: Vec<Id> = self
            .world
            .channels
            .values()
            .filter(|channel| channel.kind.is_thread() && channel.parent_id == Some(id))
            .map(|channel| channel.id)
            .collect();
        for gone in threads.into_iter().chain([id]) {
            self.world.channels.remove(&gone);
            for message in self.world.by_channel.remove(&gone).unwrap_or_default() {
                self.world.messages.remove(&message);
            }
        }
    }

    pub(crate) fn emit_channel(&mut self, name: &'static str, id: Id) {
        let Some(channel) = self.world.channels.get(&id) else {
            return;
        };
        let name = match (channel.kind.is_thread(), name) {
            (true, "CHANNEL_CREATE") => "THREAD_CREATE",
            (true, "CHANNEL_UPDATE") => "THREAD_UPDATE",
            (true, "CHANNEL_DELETE") => "THREAD_DELETE",
            (_, name) => name,
        };
        let (guild, mut data) = (channel.guild_id, self.world.channel_json(channel));
        match name {
            "THREAD_CREATE" => data["newly_created"] = json!(true),
            "THREAD_DELETE" => {
                data =
                    json!({"id": id, "guild_id": guild, "parent_id": channel.parent_id, "type": channel.kind.number()});
            }
            _ => {}
        }
        let event = Event::state().in_guild(guild);
        // Threads the bot cannot see stay unknown to it; channels are told to everybody in the guild.
        let hidden = channel.kind.is_thread() && !self.can_read(self.app, id);
        self.emit(if hidden { event } else { event.dispatching(name, intents::GUILDS, data) });
    }

    pub(crate) fn emit_role(&mut self, name: &'static str, guild: Id, role: Id) {
        let Some(data) = self.world.guilds.get(&guild).and_then(|guild| guild.roles.get(&role)).map(|role| role.json())
        else {
            return;
        };
        let data = json!({"guild_id": guild, "role": data});
        self.emit(Event::state().in_guild(Some(guild)).dispatching(name, intents::GUILDS, data));
    }

    fn emit_guild_create(&mut self, guild: Id) {
        let data = self.world.guild_create_json(guild, self.app);
        self.emit(Event::state().in_guild(Some(guild)).dispatching("GUILD_CREATE", intents::GUILDS, data));
    }
}

pub(crate) fn blank_role(id: Id, name: &str) -> Role {
    Role {
        id,
        name: name.into(),
        permissions: 0,
        position: 0,
        color: 0,
        hoist: false,
        mentionable: false,
        managed: false,
        bot_id: None,
        premium_subscriber: false,
    }
}

pub(crate) fn blank_member(user_id: Id, joined_ms: u64) -> Member {
    Member {
        user_id,
        nick: None,
        roles: Vec::new(),
        joined_ms,
        premium_since_ms: None,
        pending: false,
        timeout_until_ms: None,
        voice_channel: None,
        voice: Default::default(),
        avatar: None,
    }
}

pub(crate) fn blank_channel(id: Id, kind: ChannelKind, guild_id: Option<Id>, name: &str) -> Channel {
    Channel {
        id,
        kind,
        guild_id,
        name: name.into(),
        topic: None,
        parent_id: None,
        position: 0,
        nsfw: false,
        slowmode: 0,
        overwrites: Vec::new(),
        recipients: Vec::new(),
        thread: None,
        last_message_id: None,
        last_pin_ms: None,
    }
}

pub(crate) fn make_room_at_bottom(guild: &mut Guild) {
    for role in guild.roles.values_mut().filter(|role| role.position > 0) {
        role.position += 1;
    }
}
