//! Purpose: the control API for guilds as places: voice, channels, threads, settings, the application coming and going.

use axum::{Json, body::Bytes, extract::State as Extract};
use serde::Deserialize;
use serde_json::json;

use crate::{BOT_PERMISSIONS, NewChannel, NewRole, Sim, VoiceChange, world::ChannelKind};

use super::{Answered, Fail, State, deliver::read, people::picture_hash};

#[derive(Deserialize)]
struct Voice {
    user: String,
    guild: String,
    /// Where to: a channel, or null to leave. Left out, the member stays.
    #[serde(default, deserialize_with = "given")]
    channel: Option<Option<String>>,
    self_mute: Option<bool>,
    self_deaf: Option<bool>,
    self_stream: Option<bool>,
    self_video: Option<bool>,
    mute: Option<bool>,
    deaf: Option<bool>,
    suppress: Option<bool>,
}

/// Tells `null` from what is left out.
pub(super) fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(deserializer).map(Some)
}

impl Voice {
    fn change(&self) -> VoiceChange {
        VoiceChange {
            self_mute: self.self_mute,
            self_deaf: self.self_deaf,
            self_stream: self.self_stream,
            self_video: self.self_video,
            mute: self.mute,
            deaf: self.deaf,
            suppress: self.suppress,
        }
    }
}

pub(super) async fn voice(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let body: Voice = read(&body)?;
    state.with(|sim| {
        let change = body.change();
        match &body.channel {
            Some(channel) => sim.voice(&body.user, &body.guild, channel.as_deref())?,
            // Neither a channel nor a change: leaves, too.
            None if change == VoiceChange::default() => sim.voice(&body.user, &body.guild, None)?,
            None => {}
        }
        if change != VoiceChange::default() {
            sim.set_voice(&body.user, &body.guild, change)?;
        }
        Ok::<_, Fail>(())
    })?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct Channel {
    guild: String,
    name: String,
    /// `text`, `voice`, `category`, `announcement`, `forum` or `stage`.
    kind: Option<ChannelKind>,
    /// A category, by id or name.
    parent: Option<String>,
    topic: Option<String>,
}

pub(super) async fn add_channel(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let body: Channel = read(&body)?;
    if body.kind.is_some_and(|kind| kind.is_thread() || kind == ChannelKind::Dm) {
        return Err(Fail::bad("Threads and direct messages are not made here"));
    }
    let Channel { guild, name, kind, parent, topic } = body;
    let new = NewChannel { name, kind, parent, topic, ..NewChannel::default() };
    let id = state.with(|sim| sim.add_channel(&guild, new))?;
    Ok(Json(json!({"channel": {"id": id}})))
}

#[derive(Deserialize)]
struct ChannelEdit {
    channel: String,
    name: Option<String>,
    archived: Option<bool>,
}

pub(super) async fn edit_channel(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let body: ChannelEdit = read(&body)?;
    state.with(|sim| {
        if let Some(name) = &body.name {
            sim.rename_channel(&body.channel, name)?;
        }
        if let Some(archived) = body.archived {
            sim.set_archived(&body.channel, archived)?;
        }
        Ok::<_, Fail>(())
    })?;
    Ok(Json(json!({})))
}

pub(super) async fn remove_channel(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let body: ChannelEdit = read(&body)?;
    state.with(|sim| sim.remove_channel(&body.channel))?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct Thread {
    user: String,
    channel: String,
    name: String,
    message: Option<String>,
}

pub(super) async fn start_thread(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let body: Thread = read(&body)?;
    let id = state.with(|sim| sim.start_thread(&body.user, &body.channel, &body.name, body.message.as_deref()))?;
    Ok(Json(json!({"thread": {"id": id}})))
}

#[derive(Deserialize)]
struct Role {
    guild: String,
    name: String,
    #[serde(default)]
    permissions: u64,
}

pub(super) async fn add_role(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let body: Role = read(&body)?;
    let new = NewRole { name: body.name, permissions: body.permissions, ..NewRole::default() };
    let id = state.with(|sim| sim.add_role(&body.guild, new))?;
    Ok(Json(json!({"role": {"id": id}})))
}

pub(super) async fn remove_role(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let body: Role = read(&body)?;
    state.with(|sim| sim.remove_role(&body.guild, &body.name))?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct NewGuild {
    name: String,
    owner: String,
}

/// A guild to which the application is added at once.
pub(super) async fn add_guild(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let body: NewGuild = read(&body)?;
    let id = state.with(|sim| sim.add_guild(&body.name, &body.owner))?;
    Ok(Json(json!({"guild": {"id": id}})))
}

#[derive(Deserialize)]
struct GuildEdit {
    guild: String,
    name: Option<String>,
    /// A voice channel, or null for none.
    #[serde(default, deserialize_with = "given")]
    afk_channel: Option<Option<String>>,
    /// Hash of a picture, or null for none.
    #[serde(default, deserialize_with = "given")]
    icon: Option<Option<String>>,
    /// Whether the application is in it.
    installed: Option<bool>,
}

pub(super) async fn edit_guild(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let body: GuildEdit = read(&body)?;
    state.with(|sim| {
        let id = sim.need_guild(&body.guild)?.to_string();
        if let Some(name) = &body.name {
            sim.rename_guild(&id, name)?;
        }
        if let Some(channel) = &body.afk_channel {
            sim.set_afk_channel(&id, channel.as_deref())?;
        }
        if let Some(icon) = &body.icon {
            sim.set_guild_icon(&id, picture_hash(icon.as_deref())?)?;
        }
        install(sim, &id, body.installed)
    })?;
    Ok(Json(json!({})))
}

fn install(sim: &mut Sim, guild: &str, installed: Option<bool>) -> Result<(), Fail> {
    match installed {
        Some(true) => sim.install_app(guild, BOT_PERMISSIONS)?,
        Some(false) => sim.uninstall_app(guild)?,
        None => {}
    }
    Ok(())
}
