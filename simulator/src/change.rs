//! Purpose: changing what is there from outside: guild settings, roles taken and given, names, pictures. No permission is asked.

use serde_json::json;

use crate::{
    Sim,
    acting::Refusal,
    events::{Event, intents},
    ids::Id,
    world::Member,
};

impl Sim {
    /// Sets the voice channel (by id or name) where a guild puts idle people, or with nothing takes the setting back.
    pub fn set_afk_channel(&mut self, guild: &str, channel: Option<&str>) -> Result<(), Refusal> {
        let guild_id = self.need_guild(guild)?;
        let channel = match channel {
            Some(name) => Some(self.named_in_guild(guild_id, name).map_or_else(|| self.need_channel(name, None), Ok)?),
            None => None,
        };
        let is_voice = |id: &Id| {
            let channel = self.world.channels.get(id).filter(|channel| channel.guild_id == Some(guild_id));
            channel.is_some_and(|channel| channel.kind.has_voice())
        };
        if channel.is_some_and(|id| !is_voice(&id)) {
            return Err(Refusal::new("unknown_channel", "That is no voice channel of this server"));
        }
        if let Some(guild) = self.world.guilds.get_mut(&guild_id) {
            guild.afk_channel_id = channel;
        }
        self.emit_guild_update(guild_id);
        Ok(())
    }

    /// Gives a guild another name.
    pub fn rename_guild(&mut self, guild: &str, name: &str) -> Result<(), Refusal> {
        let guild_id = self.need_guild(guild)?;
        if let Some(guild) = self.world.guilds.get_mut(&guild_id) {
            guild.name = name.into();
        }
        self.emit_guild_update(guild_id);
        Ok(())
    }

    /// Gives a channel or thread another name.
    pub fn rename_channel(&mut self, channel: &str, name: &str) -> Result<(), Refusal> {
        let id = self.need_channel(channel, None)?;
        if let Some(channel) = self.world.channels.get_mut(&id) {
            channel.name = name.into();
        }
        self.emit_channel("CHANNEL_UPDATE", id);
        Ok(())
    }

    /// Archives a thread, or wakes it.
    pub fn set_archived(&mut self, thread: &str, archived: bool) -> Result<(), Refusal> {
        let id = self.need_channel(thread, None)?;
        let now = self.world.now_ms;
        let state = self.world.channels.get_mut(&id).and_then(|channel| channel.thread.as_mut());
        let state = state.ok_or_else(|| Refusal::new("unknown_channel", "That is no thread"))?;
        (state.archived, state.archived_at_ms) = (archived, now);
        self.emit_channel("CHANNEL_UPDATE", id);
        Ok(())
    }

    /// Gives a member a role (by id or name) besides those they have.
    pub fn give_role(&mut self, guild: &str, user: &str, role: &str) -> Result<(), Refusal> {
        self.change_member(guild, user, role, |member, role| {
            member.roles.retain(|held| *held != role);
            member.roles.push(role);
        })
    }

    /// Takes a role (by id or name) from a member.
    pub fn take_role(&mut self, guild: &str, user: &str, role: &str) -> Result<(), Refusal> {
        self.change_member(guild, user, role, |member, role| member.roles.retain(|held| *held != role))
    }

    fn change_member(
        &mut self,
        guild: &str,
        user: &str,
        role: &str,
        change: impl FnOnce(&mut Member, Id),
    ) -> Result<(), Refusal> {
        let (guild_id, user_id) = (self.need_guild(guild)?, self.need_user(user)?);
        let role = self.need_role(guild_id, role)?;
        let member = self.world.guilds.get_mut(&guild_id).and_then(|guild| guild.members.get_mut(&user_id));
        let member = member.ok_or_else(|| Refusal::new("not_a_member", "That user is not in this server"))?;
        let before = member.roles.clone();
        change(member, role);
        if member.roles != before {
            self.emit_member("GUILD_MEMBER_UPDATE", guild_id, user_id);
        }
        Ok(())
    }

    /// Removes a role (by id or name) from a guild and from everybody who has it.
    pub fn remove_role(&mut self, guild: &str, role: &str) -> Result<(), Refusal> {
        let guild_id = self.need_guild(guild)?;
        let role = self.need_role(guild_id, role)?;
        self.drop_role(guild_id, role);
        Ok(())
    }

    /// Sets the hash of a user's picture, or with nothing takes it away.
    pub fn set_avatar(&mut self, user: &str, hash: Option<&str>) -> Result<(), Refusal> {
        let id = self.need_user(user)?;
        if let Some(user) = self.world.users.get_mut(&id) {
            user.avatar = hash.map(str::to_owned);
        }
        let guilds: Vec<Id> = self.guilds().filter(|guild| guild.members.contains_key(&id)).map(|g| g.id).collect();
        for guild in guilds {
            self.emit_member("GUILD_MEMBER_UPDATE", guild, id);
        }
        Ok(())
    }

    /// Sets the hash of a member's picture for one guild, or with nothing takes it away.
    pub fn set_guild_avatar(&mut self, guild: &str, user: &str, hash: Option<&str>) -> Result<(), Refusal> {
        let (guild_id, user_id) = (self.need_guild(guild)?, self.need_user(user)?);
        let member = self.world.guilds.get_mut(&guild_id).and_then(|guild| guild.members.get_mut(&user_id));
        let member = member.ok_or_else(|| Refusal::new("not_a_member", "That user is not in this server"))?;
        member.avatar = hash.map(str::to_owned);
        self.emit_member("GUILD_MEMBER_UPDATE", guild_id, user_id);
        Ok(())
    }

    /// Sets the hash of a guild's icon, or with nothing takes it away.
    pub fn set_guild_icon(&mut self, guild: &str, hash: Option<&str>) -> Result<(), Refusal> {
        let id = self.need_guild(guild)?;
        if let Some(guild) = self.world.guilds.get_mut(&id) {
            guild.icon = hash.map(str::to_owned);
        }
        self.emit_guild_update(id);
        Ok(())
    }

    pub(crate) fn drop_role(&mut self, guild_id: Id, role: Id) {
        let Some(guild) = self.world.guilds.get_mut(&guild_id) else {
            return;
        };
        guild.roles.remove(&role);
        let mut held = Vec::new();
        for member in guild.members.values_mut().filter(|member| member.roles.contains(&role)) {
            member.roles.retain(|known| *known != role);
            held.push(member.user_id);
        }
        let data = json!({"guild_id": guild_id, "role_id": role});
        let event = Event::state().in_guild(Some(guild_id));
        self.emit(event.dispatching("GUILD_ROLE_DELETE", intents::GUILDS, data));
        for user in held {
            self.emit_member("GUILD_MEMBER_UPDATE", guild_id, user);
        }
    }
}
