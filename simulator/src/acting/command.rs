//! Purpose: using commands: who sees which, slash lines, command objects, autocomplete.

use serde_json::{Value, json};

use crate::{Sim, files::NewFile, ids::Id, permissions as p, world::Command};

use super::{
    Delivery, Refusal, line,
    options::{self, Resolved},
    payload::Act,
};

/// Where a command is used.
struct Place {
    user: Id,
    channel: Id,
    guild: Option<Id>,
}

impl Sim {
    /// Types a slash command: `/giveaway start prize:"A lamp" winners:2 role:@Member`. Users, roles and channels may be
    /// named. Refuses what the client would not send: unknown or forbidden commands, missing or impossible options.
    pub fn slash(&mut self, user: &str, channel: &str, line: &str) -> Result<Delivery, Refusal> {
        let place = self.place(user, channel)?;
        let name = line::command_name(line)?;
        let command = self.usable(&place, 1, name)?;
        let options = line::parse(line, &command.body)?;
        self.run(&place, &command, &options, None)
    }

    /// The same with a file, which goes into the command's attachment option (the first that the line leaves out).
    pub fn slash_with_file(
        &mut self,
        user: &str,
        channel: &str,
        line: &str,
        file: &NewFile,
    ) -> Result<Delivery, Refusal> {
        let place = self.place(user, channel)?;
        let command = self.usable(&place, 1, line::command_name(line)?)?;
        let mut options = line::parse(line, &command.body)?;
        options::add_file(&mut options, &command.body["options"], file)?;
        self.run(&place, &command, &options, None)
    }

    /// Uses a command given as `{"name": .., "options": [..]}`, with `"type": 2` or `3` and `"target_id"` for context menus.
    pub fn command(&mut self, user: &str, channel: &str, command: Value) -> Result<Delivery, Refusal> {
        let place = self.place(user, channel)?;
        let kind = u8::try_from(command["type"].as_u64().unwrap_or(1)).unwrap_or(1);
        let known = self.usable(&place, kind, command["name"].as_str().unwrap_or_default())?;
        let target = command["target_id"].as_str();
        self.run(&place, &known, &command["options"], target)
    }

    /// Asks for suggestions: a command object in which one option has `"focused": true`.
    pub fn autocomplete(&mut self, user: &str, channel: &str, command: Value) -> Result<Delivery, Refusal> {
        let place = self.place(user, channel)?;
        let known = self.usable(&place, 1, command["name"].as_str().unwrap_or_default())?;
        let (options, resolved) = self.focused_options(place.guild, place.channel, &known.body, &command["options"])?;
        let data = command_data(&known, options, resolved);
        self.interact(act(&place, 4, data, &known))
    }

    fn place(&self, user: &str, channel: &str) -> Result<Place, Refusal> {
        let user = self.need_user(user)?;
        let channel = self.need_channel(channel, Some(user))?;
        if !self.can_read(user, channel) {
            return Err(Refusal::new("no_access", "You cannot see this channel"));
        }
        let guild = self.world.channels.get(&channel).and_then(|channel| channel.guild_id);
        Ok(Place { user, channel, guild })
    }

    /// A command the client offers here: the guild's own before a global one of the same name.
    fn usable(&self, place: &Place, kind: u8, name: &str) -> Result<Command, Refusal> {
        let named = |command: &&Command| command.kind == kind && command.name == name;
        let here = |command: &&Command| command.guild_id.is_none() || command.guild_id == place.guild;
        let mut found: Vec<&Command> = self.world.commands.values().filter(named).filter(here).collect();
        found.sort_by_key(|command| command.guild_id.is_none());
        let Some(command) = found.first() else {
            return Err(Refusal::new("unknown_command", format!("There is no command /{name} here")));
        };
        if !self.may_use(place.user, place.guild, command) {
            return Err(Refusal::new("no_permission", "You do not have permission to use this command"));
        }
        let rights = self.world.permissions_in(place.user, place.channel);
        if rights & p::USE_APPLICATION_COMMANDS == 0 {
            return Err(Refusal::new("no_permission", "You do not have permission to use commands in this channel"));
        }
        Ok((*command).clone())
    }

    /// Whether the client offers a command: contexts, installation, `default_member_permissions`.
    pub(crate) fn may_use(&self, user: Id, guild: Option<Id>, command: &Command) -> bool {
        let contexts = command.body["contexts"].as_array();
        let context = if guild.is_some() { 0 } else { 1 };
        if contexts.is_some_and(|contexts| !contexts.iter().any(|known| known == context)) {
            return false;
        }
        let Some(guild) = guild else {
            return command.guild_id.is_none();
        };
        let Some(guild) = self.world.guilds.get(&guild).filter(|guild| guild.installed) else {
            return false;
        };
        let Some(rights) = guild.base_permissions(user) else {
            return false;
        };
        match command.body["default_member_permissions"].as_str().and_then(|bits| bits.parse::<u64>().ok()) {
            None => true,
            // "0" hides a command from all but administrators.
            Some(0) => rights & p::ADMINISTRATOR != 0,
            Some(wanted) => rights & wanted == wanted,
        }
    }

    fn run(
        &mut self,
        place: &Place,
        command: &Command,
        options: &Value,
        target: Option<&str>,
    ) -> Result<Delivery, Refusal> {
        if command.kind != 1 {
            return self.run_on_target(place, command, target.unwrap_or_default());
        }
        let (options, resolved) = self.filled_options(place.guild, place.channel, &command.body, options)?;
        let data = command_data(command, options, resolved);
        self.interact(act(place, 2, data, command))
    }

    /// Context menu commands: on a user (by id or name) or a message (by id).
    fn run_on_target(&mut self, place: &Place, command: &Command, target: &str) -> Result<Delivery, Refusal> {
        let mut resolved = Resolved::default();
        let target = if command.kind == 2 {
            let user = self.need_user(target)?;
            self.resolve_user(place.guild, place.channel, user, &mut resolved);
            user
        } else {
            let message = target.parse::<Id>().ok().and_then(|id| self.world.messages.get(&id));
            let message = message.filter(|message| message.channel_id == place.channel);
            let message = message.ok_or_else(|| Refusal::new("unknown_message", "There is no such message here"))?;
            resolved.put("messages", message.id, self.message_json(message, place.user));
            message.id
        };
        let mut data = command_data(command, Vec::new(), resolved);
        data["target_id"] = json!(target);
        self.interact(act(place, 2, data, command))
    }
}

fn act(place: &Place, kind: u8, data: Value, command: &Command) -> Act {
    Act {
        kind,
        user: place.user,
        channel: place.channel,
        data,
        source_message: None,
        label: command.name.clone(),
        command_type: command.kind,
        opened_by: None,
    }
}

fn command_data(command: &Command, options: Vec<Value>, resolved: Resolved) -> Value {
    let mut data = json!({"id": command.id, "name": command.name, "type": command.kind});
    if let Some(guild) = command.guild_id {
        data["guild_id"] = json!(guild);
    }
    if !options.is_empty() {
        data["options"] = Value::Array(options);
    }
    if let Some(resolved) = resolved.into_json() {
        data["resolved"] = resolved;
    }
    data
}
