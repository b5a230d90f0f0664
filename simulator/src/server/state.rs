//! Purpose: what the playground page reads: the world as one person sees it.

use std::time::Duration;

use axum::{
    Json,
    extract::{Path, Query, State as Extract},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Message, Sim,
    ids::{Id, timestamp},
    permissions as p,
    world::{Channel, Guild, Role, User},
};

use super::{Answered, Fail, State};

#[derive(Deserialize)]
pub(super) struct Viewer {
    #[serde(rename = "as")]
    user: Option<String>,
    guild: Option<String>,
}

impl Viewer {
    /// The person who looks; without a name the first guild's owner.
    pub(super) fn id(&self, sim: &Sim) -> Result<Id, Fail> {
        match &self.user {
            Some(name) => sim
                .find_user(name)
                .ok_or_else(|| Fail(StatusCode::NOT_FOUND, format!("There is no user {name:?} here"))),
            None => {
                let owner = sim.guilds().next().map(|guild| guild.owner_id);
                owner.ok_or_else(|| Fail(StatusCode::NOT_FOUND, "There is nobody here yet".into()))
            }
        }
    }
}

pub(super) async fn state(Extract(state): Extract<State>, Query(viewer): Query<Viewer>) -> Answered {
    let reachable = reachable(&state.interactions_url).await;
    let json = state.with(|sim| {
        let me = viewer.id(sim)?;
        let guilds: Vec<Value> = sim.world.guilds.values().map(|guild| guild_json(sim, guild, me)).collect();
        let dm = sim.world.dm_between(me, sim.app);
        Ok::<_, Fail>(json!({
            "now": sim.now(),
            "worker": {"url": state.interactions_url, "reachable": reachable},
            "application_id": sim.application_id(),
            "me": sim.world.users.get(&me).map(user_json),
            "users": sim.world.users.values().map(user_json).collect::<Vec<_>>(),
            "dm_channel_id": dm,
            "guilds": guilds,
        }))
    })?;
    Ok(Json(json))
}

/// Whether something listens where the Worker should be.
pub(super) async fn reachable(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else {
        return false;
    };
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return false;
    };
    let connect = tokio::net::TcpStream::connect((host.to_owned(), port));
    matches!(tokio::time::timeout(Duration::from_millis(300), connect).await, Ok(Ok(_)))
}

fn user_json(user: &User) -> Value {
    json!({
        "id": user.id,
        "username": user.username,
        "global_name": user.global_name,
        "bot": user.bot,
        "avatar_url": user.avatar.as_ref().map(|hash| format!("/cdn/avatars/{}/{hash}.png", user.id)),
        "created_at": timestamp(user.id.created_ms()),
    })
}

/// A guild with the channels this person sees. Who is no member sees no channels, but may join.
fn guild_json(sim: &Sim, guild: &Guild, me: Id) -> Value {
    let mine = |channel: &&Channel| channel.guild_id == Some(guild.id) && sim.can_read(me, channel.id);
    let mut channels: Vec<&Channel> = sim.world.channels.values().filter(mine).collect();
    channels.sort_by_key(|channel| (channel.position, channel.id));
    let mut roles: Vec<&Role> = guild.roles.values().collect();
    roles.sort_by_key(|role| (std::cmp::Reverse(role.position), role.id));
    let members: Vec<Value> = guild
        .members
        .values()
        .map(|member| {
            json!({
                "user": sim.world.users.get(&member.user_id).map(user_json),
                "nick": member.nick,
                "avatar_url": member.avatar.as_ref().map(|hash| {
                    format!("/cdn/guilds/{}/users/{}/avatars/{hash}.png", guild.id, member.user_id)
                }),
                "roles": member.roles,
                "joined_at": timestamp(member.joined_ms),
                "premium_since": member.premium_since_ms.map(timestamp),
                "timeout_until": member.timeout_until_ms.map(timestamp),
                "voice_channel_id": member.voice_channel,
            })
        })
        .collect();
    json!({
        "id": guild.id,
        "name": guild.name,
        "icon_url": guild.icon.as_ref().map(|hash| format!("/cdn/icons/{}/{hash}.png", guild.id)),
        "owner_id": guild.owner_id,
        "installed": guild.installed,
        "channels": channels.into_iter().map(|channel| channel_json(sim, channel, me)).collect::<Vec<_>>(),
        "roles": roles.into_iter().map(Role::json).collect::<Vec<_>>(),
        "members": members,
    })
}

fn channel_json(sim: &Sim, channel: &Channel, me: Id) -> Value {
    let right = if channel.kind.is_thread() { p::SEND_MESSAGES_IN_THREADS } else { p::SEND_MESSAGES };
    let can_send = channel.kind.takes_messages() && sim.world.permissions_in(me, channel.id) & right != 0;
    json!({
        "id": channel.id,
        "name": channel.name,
        "type": channel.kind.number(),
        "topic": channel.topic,
        "parent_id": channel.parent_id,
        "position": channel.position,
        "last_message_id": channel.last_message_id,
        "can_send": can_send,
    })
}

pub(super) async fn messages(
    Extract(state): Extract<State>,
    Path(channel): Path<String>,
    Query(viewer): Query<Viewer>,
) -> Answered {
    let list = state.with(|sim| {
        let me = viewer.id(sim)?;
        let id = sim.need_channel(&channel, Some(me))?;
        if !sim.can_read(me, id) {
            return Err(Fail(StatusCode::FORBIDDEN, "This person cannot see that channel".into()));
        }
        let me = me.to_string();
        Ok(sim
            .messages(&id.to_string(), Some(&me))
            .iter()
            .map(|message| message_json(sim, message, &me))
            .collect::<Vec<_>>())
    })?;
    Ok(Json(json!({"messages": list})))
}

/// A Discord message with what the page wants to know besides.
pub(super) fn message_json(sim: &Sim, message: &Message, me: &str) -> Value {
    let mut json = message.json.clone();
    json["ephemeral_for"] = json!(message.ephemeral_for);
    json["pinged_me"] = json!(message.pinged.iter().any(|user| user == me));
    let metadata = &json["interaction_metadata"];
    if metadata.is_object() {
        let used =
            metadata["id"].as_str().and_then(|id| id.parse().ok()).and_then(|id| sim.world.interactions.get(&id));
        let name = used.map(|interaction| interaction.label.clone()).unwrap_or_default();
        json["interaction"] =
            json!({"id": metadata["id"], "type": metadata["type"], "name": name, "user": metadata["user"]});
    }
    json
}

pub(super) async fn commands(Extract(state): Extract<State>, Query(viewer): Query<Viewer>) -> Answered {
    let commands = state.with(|sim| {
        let guild = viewer.guild.clone().or_else(|| sim.guilds().next().map(|guild| guild.id.to_string()));
        let guild = sim.need_guild(&guild.unwrap_or_default())?;
        let user = viewer.user.as_ref().map(|_| viewer.id(sim)).transpose()?.map(|id| id.to_string());
        Ok::<_, Fail>(sim.commands_for(&guild.to_string(), user.as_deref()))
    })?;
    Ok(Json(json!({"commands": commands})))
}
