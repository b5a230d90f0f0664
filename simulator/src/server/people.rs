//! Purpose: people doing things other than interactions: talking, reacting, joining, leaving, getting roles.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State as Extract},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::json;

use crate::{NewMember, NewUser};

use super::{
    Answered, Fail, State,
    deliver::read,
    places::given,
    state::{Viewer, message_json},
};

const DAY_MS: u64 = 24 * 3_600 * 1_000;

#[derive(Deserialize)]
struct Say {
    /// Who writes; with `webhook` nobody does.
    #[serde(default)]
    user: String,
    channel: String,
    #[serde(default)]
    content: String,
    /// The name under which the channel's webhook writes.
    webhook: Option<String>,
    /// Another message type than 0: a system message, which has no content.
    #[serde(rename = "type", default)]
    kind: u8,
}

pub(super) async fn say(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let body: Say = read(&body)?;
    let message = state.with(|sim| {
        let message = match (&body.webhook, body.kind) {
            (Some(name), _) => sim.webhook_say(&body.channel, name, &body.content)?,
            (None, 0) => sim.say(&body.user, &body.channel, &body.content)?,
            (None, kind) => sim.system_message(&body.user, &body.channel, kind)?,
        };
        Ok::<_, Fail>(message_json(sim, &message, &message.author_id))
    })?;
    Ok(Json(json!({"message": message})))
}

#[derive(Deserialize)]
struct Edit {
    user: String,
    content: String,
}

pub(super) async fn edit_message(Extract(state): Extract<State>, Path(id): Path<String>, body: Bytes) -> Answered {
    let body: Edit = read(&body)?;
    let message = state.with(|sim| {
        let message = sim.edit_message(&body.user, &id, &body.content)?;
        Ok::<_, Fail>(message_json(sim, &message, &message.author_id))
    })?;
    Ok(Json(json!({"message": message})))
}

#[derive(Deserialize)]
struct Clear {
    user: String,
    messages: Vec<String>,
}

/// Several messages at once, as a moderator's tool deletes them.
pub(super) async fn delete_messages(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let body: Clear = read(&body)?;
    let ids: Vec<&str> = body.messages.iter().map(String::as_str).collect();
    state.with(|sim| sim.delete_messages(&body.user, &ids))?;
    Ok(Json(json!({})))
}

pub(super) async fn delete_message(
    Extract(state): Extract<State>,
    Path(id): Path<String>,
    Query(viewer): Query<Viewer>,
) -> Answered {
    state.with(|sim| {
        let me = viewer.id(sim)?.to_string();
        sim.delete_message(&me, &id).map_err(Fail::from)
    })?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct React {
    user: String,
    message: String,
    emoji: String,
}

/// Sets a reaction, or takes it back when it was set.
pub(super) async fn react(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let body: React = read(&body)?;
    let set = state.with(|sim| {
        let user = sim.need_user(&body.user)?;
        let had = sim.message(&body.message).is_some_and(|message| {
            let id = message.id.parse().ok().and_then(|id| sim.world.messages.get(&id));
            id.is_some_and(|stored| stored.reactions.iter().any(|r| r.key == body.emoji && r.users.contains(&user)))
        });
        if had {
            sim.unreact(&body.user, &body.message, &body.emoji)?;
        } else {
            sim.react(&body.user, &body.message, &body.emoji)?;
        }
        Ok::<_, Fail>(!had)
    })?;
    Ok(Json(json!({"set": set})))
}

#[derive(Deserialize)]
struct MemberBody {
    guild: String,
    user: String,
    #[serde(default)]
    roles: Vec<String>,
    nick: Option<String>,
}

pub(super) async fn join(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let body: MemberBody = read(&body)?;
    let member = NewMember { roles: body.roles, nick: body.nick, ..NewMember::default() };
    state.with(|sim| sim.add_member(&body.guild, &body.user, member))?;
    Ok(Json(json!({})))
}

pub(super) async fn leave(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let body: MemberBody = read(&body)?;
    state.with(|sim| sim.remove_member(&body.guild, &body.user))?;
    Ok(Json(json!({})))
}

/// Changes of a member; what is absent stays.
#[derive(Deserialize)]
struct MemberEdit {
    guild: String,
    user: String,
    /// All roles the member is to have.
    roles: Option<Vec<String>>,
    /// One more.
    give: Option<String>,
    /// One less.
    take: Option<String>,
    /// Hash of a picture for this guild alone, or null for none.
    #[serde(default, deserialize_with = "given")]
    avatar: Option<Option<String>>,
}

pub(super) async fn edit_member(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let body: MemberEdit = read(&body)?;
    state.with(|sim| {
        if let Some(roles) = &body.roles {
            let roles: Vec<&str> = roles.iter().map(String::as_str).collect();
            sim.set_roles(&body.guild, &body.user, &roles)?;
        }
        if let Some(role) = &body.give {
            sim.give_role(&body.guild, &body.user, role)?;
        }
        if let Some(role) = &body.take {
            sim.take_role(&body.guild, &body.user, role)?;
        }
        if let Some(avatar) = &body.avatar {
            sim.set_guild_avatar(&body.guild, &body.user, picture_hash(avatar.as_deref())?)?;
        }
        Ok::<_, Fail>(())
    })?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct UserBody {
    username: String,
    global_name: Option<String>,
    #[serde(default)]
    created_days_ago: f64,
    /// Joins this guild at once.
    guild: Option<String>,
    /// Another bot.
    #[serde(default)]
    bot: bool,
    /// Hash of a picture.
    avatar: Option<String>,
}

#[derive(Deserialize)]
struct UserEdit {
    user: String,
    /// Hash of a picture, or null for none.
    #[serde(default, deserialize_with = "given")]
    avatar: Option<Option<String>>,
}

pub(super) async fn edit_user(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let body: UserEdit = read(&body)?;
    if let Some(avatar) = &body.avatar {
        let hash = picture_hash(avatar.as_deref())?;
        state.with(|sim| sim.set_avatar(&body.user, hash))?;
    }
    Ok(Json(json!({})))
}

/// Discord's picture hashes are hexadecimal; they stand in addresses.
pub(super) fn picture_hash(hash: Option<&str>) -> Result<Option<&str>, Fail> {
    let fits = |hash: &str| (1..=64).contains(&hash.len()) && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hash.is_some_and(|hash| !fits(hash)) {
        return Err(Fail::bad("A picture's hash is 1 to 64 hexadecimal digits"));
    }
    Ok(hash)
}

pub(super) async fn add_user(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let body: UserBody = read(&body)?;
    let username = body.username.trim().to_lowercase();
    // Discord's names: 2 to 32 of letters, digits, underscore and dot.
    let plain = username.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
    if !plain || !(2..=32).contains(&username.len()) {
        return Err(Fail::bad("A username has 2 to 32 letters, digits, dots or underscores"));
    }
    if !body.created_days_ago.is_finite() || !(0.0..=4_000.0).contains(&body.created_days_ago) {
        return Err(Fail::bad("An account is between 0 and 4000 days old"));
    }
    let avatar = picture_hash(body.avatar.as_deref())?.map(str::to_owned);
    // Bounded above, so nothing is lost.
    let age_ms = (body.created_days_ago * DAY_MS as f64) as u64;
    let id = state.with(|sim| {
        if sim.user_id(&username).is_some() {
            return Err(Fail(StatusCode::CONFLICT, format!("There is a user {username:?} already")));
        }
        let created_ms = Some(sim.now().saturating_sub(age_ms));
        let global_name = body.global_name.clone();
        let id = sim.add_user(NewUser {
            username: username.clone(),
            global_name,
            created_ms,
            bot: body.bot,
            avatar: avatar.clone(),
            ..NewUser::default()
        });
        if let Some(guild) = &body.guild {
            sim.add_member(guild, &id, NewMember::default())?;
        }
        Ok(id)
    })?;
    Ok(Json(json!({"user": {"id": id, "username": username}})))
}
