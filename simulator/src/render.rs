//! Purpose: Discord's JSON objects made of what is kept: users, members, roles, channels, guilds, messages.

use serde_json::{Map, Value, json};

use crate::{
    ids::{Id, timestamp},
    permissions::VIEW_CHANNEL,
    world::{Channel, ChannelKind, Guild, Member, Role, StoredMessage, User, World},
};

impl User {
    /// Discord's user object.
    pub fn json(&self) -> Value {
        let mut user = json!({
            "id": self.id,
            "username": self.username,
            "global_name": self.global_name,
            "avatar": self.avatar,
            "avatar_decoration_data": null,
            "banner": null,
            "accent_color": null,
            "collectibles": null,
            "discriminator": "0",
            "public_flags": 0,
            "flags": 0,
            "primary_guild": null,
        });
        if self.bot {
            user["bot"] = json!(true);
        }
        user
    }
}

impl Role {
    /// Discord's role object.
    pub fn json(&self) -> Value {
        let mut role = json!({
            "id": self.id,
            "name": self.name,
            "description": null,
            "permissions": self.permissions.to_string(),
            "position": self.position,
            "color": self.color,
            "colors": {"primary_color": self.color, "secondary_color": null, "tertiary_color": null},
            "hoist": self.hoist,
            "managed": self.managed,
            "mentionable": self.mentionable,
            "icon": null,
            "unicode_emoji": null,
            "flags": 0,
        });
        if let Some(bot) = self.bot_id {
            role["tags"] = json!({"bot_id": bot});
        } else if self.premium_subscriber {
            role["tags"] = json!({"premium_subscriber": null});
        }
        role
    }
}

impl World {
    pub(crate) fn user_json_by_id(&self, id: Id) -> Value {
        match self.users.get(&id) {
            Some(user) => user.json(),
            None => User {
                id,
                username: "Deleted User".into(),
                global_name: None,
                bot: false,
                locale: "en-US".into(),
                accepts_dms: false,
                avatar: None,
            }
            .json(),
        }
    }

    /// Discord's member object.
    pub(crate) fn member_json(&self, member: &Member) -> Value {
        let mut json = self.member_json_without_user(member);
        json["user"] = self.user_json_by_id(member.user_id);
        json
    }

    pub(crate) fn member_json_without_user(&self, member: &Member) -> Value {
        json!({
            "avatar": member.avatar,
            "avatar_decoration_data": null,
            "banner": null,
            "collectibles": null,
            "communication_disabled_until": member.timeout_until_ms.map(timestamp),
            "flags": 0,
            "joined_at": timestamp(member.joined_ms),
            "nick": member.nick,
            "pending": member.pending,
            "premium_since": member.premium_since_ms.map(timestamp),
            "roles": member.roles,
            "mute": member.voice.mute,
            "deaf": member.voice.deaf,
        })
    }

    /// Discord's channel object, of whatever kind the channel is.
    pub(crate) fn channel_json(&self, channel: &Channel) -> Value {
        match channel.kind {
            ChannelKind::Dm => self.dm_json(channel),
            kind if kind.is_thread() => self.thread_json(channel),
            _ => guild_channel_json(channel),
        }
    }

    fn dm_json(&self, channel: &Channel) -> Value {
        // A bot sees the person it talks with, not itself.
        let others = channel.recipients.iter().filter(|id| self.users.get(id).is_none_or(|user| !user.bot));
        let recipients: Vec<Value> = others.map(|id| self.user_json_by_id(*id)).collect();
        json!({
            "id": channel.id, "type": 1, "flags": 0, "last_message_id": channel.last_message_id, "recipients": recipients,
        })
    }

    fn thread_json(&self, channel: &Channel) -> Value {
        let Some(thread) = &channel.thread else {
            return guild_channel_json(channel);
        };
        let count = self.by_channel.get(&channel.id).map_or(0, |ids| ids.len());
        let mut metadata = json!({
            "archived": thread.archived,
            "archive_timestamp": timestamp(thread.archived_at_ms),
            "auto_archive_duration": thread.auto_archive_minutes,
            "locked": thread.locked,
            "create_timestamp": timestamp(channel.id.created_ms()),
        });
        if channel.kind == ChannelKind::PrivateThread {
            metadata["invitable"] = json!(thread.invitable);
        }
        json!({
            "id": channel.id,
            "type": channel.kind.number(),
            "flags": 0,
            "guild_id": channel.guild_id,
            "name": channel.name,
            "owner_id": thread.owner_id,
            "parent_id": channel.parent_id,
            "thread_metadata": metadata,
            "message_count": count,
            "member_count": thread.members.len(),
            "total_message_sent": count,
            "rate_limit_per_user": channel.slowmode,
            "last_message_id": channel.last_message_id,
        })
    }

    /// Discord's guild object as `GET /guilds/{guild_id}` answers it.
    pub(crate) fn guild_json(&self, guild: &Guild) -> Value {
        let mut roles: Vec<&Role> = guild.roles.values().collect();
        roles.sort_by_key(|role| (role.position, role.id));
        let roles: Vec<Value> = roles.into_iter().map(Role::json).collect();
        let boosts = guild.members.values().filter(|member| member.premium_since_ms.is_some()).count();
        let mut json = guild_constants();
        json.extend(
            [
                ("id", json!(guild.id)),
                ("name", json!(guild.name)),
                ("icon", json!(guild.icon)),
                ("description", json!(guild.description)),
                ("owner_id", json!(guild.owner_id)),
                ("roles", json!(roles)),
                ("premium_subscription_count", json!(boosts)),
                ("preferred_locale", json!(guild.locale)),
                ("afk_channel_id", json!(guild.afk_channel_id)),
            ]
            .map(|(key, value)| (key.to_owned(), value)),
        );
        Value::Object(json)
    }

    /// The GUILD_CREATE event as the application gets it: the guild with its channels, members and the threads it may see.
    pub(crate) fn guild_create_json(&self, id: Id, app: Id) -> Value {
        let Some(guild) = self.guilds.get(&id) else {
            return json!({"id": id, "unavailable": true});
        };
        let mut json = self.guild_json(guild);
        let of_guild = || self.channels.values().filter(|channel| channel.guild_id == Some(id));
        let channels: Vec<Value> = of_guild().filter(|c| !c.kind.is_thread()).map(|c| self.channel_json(c)).collect();
        let active = |channel: &&Channel| {
            channel.thread.as_ref().is_some_and(|thread| !thread.archived)
                && self.permissions_in(app, channel.id) & VIEW_CHANNEL != 0
        };
        let threads: Vec<Value> = of_guild().filter(active).map(|c| self.channel_json(c)).collect();
        let members: Vec<Value> = guild.members.values().map(|member| self.member_json(member)).collect();
        let voice: Vec<Value> = guild.members.values().filter_map(bare_voice_state).collect();
        let joined_ms = guild.members.get(&app).map_or(id.created_ms(), |member| member.joined_ms);
        let extra = json!({
            "joined_at": timestamp(joined_ms),
            "large": false,
            "unavailable": false,
            "member_count": guild.members.len(),
            "channels": channels,
            "threads": threads,
            "members": members,
            "voice_states": voice,
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        });
        if let (Value::Object(target), Value::Object(extra)) = (&mut json, extra) {
            target.extend(extra);
        }
        json
    }

    /// Discord's message object as `viewer` reads it (that decides `me` of reactions).
    pub(crate) fn message_json(&self, message: &StoredMessage, viewer: Id) -> Value {
        let mut json = self.basic_message_json(message);
        if !message.reactions.is_empty() {
            let reactions =
                message.reactions.iter().map(|reaction| reaction_json(&reaction.key, &reaction.users, viewer));
            json["reactions"] = Value::Array(reactions.collect());
        }
        if let Some(replied) = message.reply_to {
            json["message_reference"] = json!({"type": 0, "channel_id": message.channel_id, "message_id": replied, "guild_id": message.guild_id});
            let original = self.messages.get(&replied);
            json["referenced_message"] = original.map_or(Value::Null, |original| self.basic_message_json(original));
        }
        if let Some(thread) = message.thread_id.and_then(|id| self.channels.get(&id)) {
            json["thread"] = self.channel_json(thread);
        }
        json
    }

    fn basic_message_json(&self, message: &StoredMessage) -> Value {
        let mentions: Vec<Value> = message.mentions.iter().map(|id| self.user_json_by_id(*id)).collect();
        let mut json = json!({
            "id": message.id,
            "type": message.kind,
            "channel_id": message.channel_id,
            "author": self.user_json_by_id(message.author),
            "content": message.content,
            "timestamp": timestamp(message.created_ms),
            "edited_timestamp": message.edited_ms.map(timestamp),
            "tts": message.tts,
            "mention_everyone": message.mention_everyone,
            "mentions": mentions,
            "mention_roles": message.mention_roles,
            "attachments": message.attachments,
            "embeds": message.embeds,
            "components": message.components,
            "pinned": message.pinned,
            "flags": message.flags,
        });
        if let Some(nonce) = &message.nonce {
            json["nonce"] = nonce.clone();
        }
        if let Some(poll) = &message.poll {
            json["poll"] = poll.clone();
        }
        if let Some(metadata) = &message.interaction_metadata {
            json["interaction_metadata"] = self.filled_metadata(metadata);
        }
        if let Some(name) = &message.webhook {
            json["author"] = webhook_author(message.author, name);
            json["webhook_id"] = json!(message.author);
        }
        if self.users.get(&message.author).is_some_and(|author| author.bot) && message.interaction.is_some() {
            json["application_id"] = json!(message.author);
            json["webhook_id"] = json!(message.author);
        }
        json
    }

    /// Metadata keeps only the user's id; the user object is put in when it is read.
    fn filled_metadata(&self, metadata: &Value) -> Value {
        let mut filled = metadata.clone();
        if let Some(user) = metadata["user"].as_str().and_then(|id| id.parse().ok()) {
            filled["user"] = self.user_json_by_id(user);
        }
        if metadata["triggering_interaction_metadata"].is_object() {
            filled["triggering_interaction_metadata"] =
                self.filled_metadata(&metadata["triggering_interaction_metadata"]);
        }
        filled
    }
}

fn guild_channel_json(channel: &Channel) -> Value {
    let overwrites: Vec<Value> = channel
        .overwrites
        .iter()
        .map(|entry| {
            json!({"id": entry.id, "type": entry.kind, "allow": entry.allow.to_string(), "deny": entry.deny.to_string()})
        })
        .collect();
    let mut json = json!({
        "id": channel.id,
        "type": channel.kind.number(),
        "flags": 0,
        "guild_id": channel.guild_id,
        "name": channel.name,
        "position": channel.position,
        "parent_id": channel.parent_id,
        "permission_overwrites": overwrites,
    });
    if channel.kind == ChannelKind::Category {
        return json;
    }
    json["nsfw"] = json!(channel.nsfw);
    json["last_message_id"] = json!(channel.last_message_id);
    json["rate_limit_per_user"] = json!(channel.slowmode);
    if channel.kind.has_voice() {
        json["bitrate"] = json!(64_000);
        json["user_limit"] = json!(0);
        json["rtc_region"] = Value::Null;
        return json;
    }
    json["topic"] = json!(channel.topic);
    if let Some(pin) = channel.last_pin_ms {
        json["last_pin_timestamp"] = json!(timestamp(pin));
    }
    if channel.kind == ChannelKind::Forum {
        json["available_tags"] = json!([]);
        json["default_reaction_emoji"] = Value::Null;
        json["default_sort_order"] = Value::Null;
    }
    json
}

/// A guild's voice state of a member; of who is in no channel it says just that.
pub(crate) fn voice_state_json(guild: Id, member: &Member) -> Value {
    let voice = member.voice;
    json!({
        "guild_id": guild,
        "channel_id": member.voice_channel,
        "user_id": member.user_id,
        "session_id": format!("voice{}-{}", member.user_id, voice.stays),
        "deaf": voice.deaf,
        "mute": voice.mute,
        "self_deaf": voice.self_deaf,
        "self_mute": voice.self_mute,
        "self_video": voice.self_video,
        "self_stream": voice.self_stream,
        "suppress": voice.suppress,
        "request_to_speak_timestamp": null,
    })
}

/// The same inside GUILD_CREATE, which does not repeat the guild; nothing for who is in no channel.
fn bare_voice_state(member: &Member) -> Option<Value> {
    member.voice_channel?;
    let mut state = voice_state_json(Id(0), member);
    state.as_object_mut()?.remove("guild_id");
    Some(state)
}

/// The user object that a channel's webhook shows as author.
fn webhook_author(id: Id, name: &str) -> Value {
    json!({
        "id": id, "username": name, "global_name": null, "avatar": null, "discriminator": "0000", "bot": true,
        "public_flags": 0, "flags": 0,
    })
}

fn reaction_json(key: &str, users: &[Id], viewer: Id) -> Value {
    json!({
        "emoji": emoji_json(key),
        "count": users.len(),
        "count_details": {"burst": 0, "normal": users.len()},
        "burst_colors": [],
        "me_burst": false,
        "burst_me": false,
        "me": users.contains(&viewer),
    })
}

/// An emoji of a reaction key: `name:id` for a guild's own, otherwise the character.
pub(crate) fn emoji_json(key: &str) -> Value {
    match key.rsplit_once(':') {
        Some((name, id)) => json!({"id": id, "name": name.trim_start_matches("a:")}),
        None => json!({"id": null, "name": key}),
    }
}

/// What no story needs to differ between guilds.
pub(crate) fn guild_constants() -> Map<String, Value> {
    let constants = json!({
        "home_header": null,
        "splash": null,
        "discovery_splash": null,
        "features": [],
        "banner": null,
        "application_id": null,
        "region": "deprecated",
        "afk_timeout": 300,
        "system_channel_id": null,
        "system_channel_flags": 0,
        "widget_enabled": false,
        "widget_channel_id": null,
        "verification_level": 1,
        "default_message_notifications": 1,
        "mfa_level": 0,
        "explicit_content_filter": 0,
        "max_presences": null,
        "max_members": 500_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "vanity_url_code": null,
        "premium_tier": 0,
        "rules_channel_id": null,
        "safety_alerts_channel_id": null,
        "public_updates_channel_id": null,
        "premium_progress_bar_enabled": false,
        "nsfw": false,
        "nsfw_level": 0,
        "emojis": [],
        "stickers": [],
        "incidents_data": null,
    });
    match constants {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
