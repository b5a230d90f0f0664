//! Purpose: REST for channels: read, change, delete, overwrites, pins, typing.

use serde_json::{Value, json};

use crate::{
    Sim, check,
    ids::{Id, timestamp},
    permissions as p,
    world::{Channel, ChannelKind, Overwrite, StoredMessage},
};

use super::{ApiError, Ctx, FormErrors, Reply, Unknown};

/// Pinned messages in a channel (Discord reference; 50 before 2025).
const MAX_PINS: usize = 250;
/// Overwrites on a channel (error 30060).
const MAX_OVERWRITES: usize = 1_000;

pub(super) fn get(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    Reply::ok(sim.world.channel_json(sim.visible_channel(ctx)?))
}

pub(super) fn edit(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let channel = sim.visible_channel(ctx)?.clone();
    if channel.kind.is_thread() {
        may_edit_thread(sim, &channel, &ctx.body)?;
    } else {
        sim.need(channel.id, p::MANAGE_CHANNELS)?;
    }
    let id = channel.id;
    let mut edited = apply(sim, channel, &ctx.body)?;
    apply_thread(&mut edited, &ctx.body, sim.world.now_ms)?;
    let json = sim.world.channel_json(&edited);
    sim.world.channels.insert(id, edited);
    sim.emit_channel("CHANNEL_UPDATE", id);
    Reply::ok(json)
}

/// Anyone may wake an unlocked thread; the owner may rename and archive it; all else needs MANAGE_THREADS.
fn may_edit_thread(sim: &Sim, channel: &Channel, body: &Value) -> Result<(), ApiError> {
    if sim.need(channel.id, p::MANAGE_THREADS).is_ok() {
        return Ok(());
    }
    let Some(thread) = &channel.thread else {
        return Ok(());
    };
    let only = |keys: &[&str]| body.as_object().is_some_and(|body| body.keys().all(|key| keys.contains(&key.as_str())));
    let own = thread.owner_id == sim.app && only(&["name", "archived", "auto_archive_duration", "invitable"]);
    let waking = only(&["archived"]) && body["archived"] == false;
    if !thread.locked && (own || waking) {
        return Ok(());
    }
    Err(ApiError::missing_permissions())
}

/// Changes what channels of all kinds have by a body.
pub(super) fn apply(sim: &Sim, mut channel: Channel, body: &Value) -> Result<Channel, ApiError> {
    let mut errors = FormErrors::default();
    if let Some(name) = check::text(&body["name"], "name", &mut errors) {
        errors.length("name", name, 1, 100);
        // Text channels have no capitals and no spaces; the client writes them so, the server makes them so.
        channel.name = match channel.kind {
            ChannelKind::Text | ChannelKind::Announcement | ChannelKind::Forum => name.to_lowercase().replace(' ', "-"),
            _ => name.into(),
        };
    }
    if body.get("topic").is_some() {
        let topic = check::text(&body["topic"], "topic", &mut errors).map(str::to_owned);
        let max = if channel.kind == ChannelKind::Forum { 4096 } else { 1024 };
        errors.length("topic", topic.as_deref().unwrap_or_default(), 0, max);
        channel.topic = topic.filter(|topic| !topic.is_empty());
    }
    if let Some(slowmode) = check::number(&body["rate_limit_per_user"], "rate_limit_per_user", 0, 21_600, &mut errors) {
        channel.slowmode = u64::try_from(slowmode).unwrap_or(0);
    }
    channel.nsfw = body["nsfw"].as_bool().unwrap_or(channel.nsfw);
    channel.position = body["position"].as_i64().unwrap_or(channel.position);
    if body.get("parent_id").is_some() && !channel.kind.is_thread() {
        channel.parent_id = body["parent_id"].as_str().and_then(|id| id.parse().ok());
    }
    if let Some(list) = check::list(&body["permission_overwrites"], "permission_overwrites", &mut errors) {
        channel.overwrites = read_overwrites(list, &mut errors);
    }
    errors.done()?;
    check_overwrites(sim, &channel)?;
    Ok(channel)
}

fn read_overwrites(list: &[Value], errors: &mut FormErrors) -> Vec<Overwrite> {
    let mut overwrites = Vec::new();
    for (index, entry) in list.iter().enumerate() {
        match entry["id"].as_str().and_then(|id| id.parse().ok()) {
            Some(id) => overwrites.push(read_overwrite(id, entry)),
            None => errors.required(&format!("permission_overwrites.{index}.id")),
        }
    }
    overwrites
}

fn read_overwrite(id: Id, entry: &Value) -> Overwrite {
    let bits =
        |key: &str| entry[key].as_u64().or_else(|| entry[key].as_str().and_then(|text| text.parse().ok())).unwrap_or(0);
    Overwrite { id, kind: u8::from(entry["type"] == 1), allow: bits("allow"), deny: bits("deny") }
}

/// Nobody gives in an overwrite what they do not have themselves. Error: 50013.
fn check_overwrites(sim: &Sim, channel: &Channel) -> Result<(), ApiError> {
    let old = sim.world.channels.get(&channel.id).map(|channel| channel.overwrites.as_slice()).unwrap_or_default();
    let own =
        channel.guild_id.and_then(|id| sim.world.guilds.get(&id)).and_then(|guild| guild.base_permissions(sim.app));
    let own = own.unwrap_or(0);
    let changed = channel.overwrites.iter().filter(|entry| !old.contains(entry));
    if changed.into_iter().any(|entry| (entry.allow | entry.deny) & !own != 0) {
        return Err(ApiError::missing_permissions());
    }
    if channel.overwrites.len() > MAX_OVERWRITES {
        return Err(ApiError::new(400, 30060, "Maximum number of channel permission overwrites reached (1000)"));
    }
    Ok(())
}

fn apply_thread(channel: &mut Channel, body: &Value, now_ms: u64) -> Result<(), ApiError> {
    let Some(thread) = channel.thread.as_mut() else {
        return Ok(());
    };
    if let Some(archived) = body["archived"].as_bool()
        && archived != thread.archived
    {
        thread.archived = archived;
        thread.archived_at_ms = now_ms;
    }
    thread.locked = body["locked"].as_bool().unwrap_or(thread.locked);
    thread.invitable = body["invitable"].as_bool().unwrap_or(thread.invitable);
    if let Some(minutes) = body["auto_archive_duration"].as_u64() {
        super::threads::check_duration(minutes)?;
        thread.auto_archive_minutes = minutes;
    }
    Ok(())
}

pub(super) fn delete(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let channel = sim.visible_channel(ctx)?;
    let json = sim.world.channel_json(channel);
    let (id, kind) = (channel.id, channel.kind);
    if kind == ChannelKind::Dm {
        return Reply::ok(json);
    }
    sim.need(id, if kind.is_thread() { p::MANAGE_THREADS } else { p::MANAGE_CHANNELS })?;
    sim.drop_channel(id);
    Reply::ok(json)
}

pub(super) fn put_overwrite(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let mut channel = sim.visible_channel(ctx)?.clone();
    sim.need(channel.id, p::MANAGE_ROLES)?;
    let target = ctx.id("overwrite_id")?;
    channel.overwrites.retain(|entry| entry.id != target);
    channel.overwrites.push(read_overwrite(target, &ctx.body));
    check_overwrites(sim, &channel)?;
    let id = channel.id;
    sim.world.channels.insert(id, channel);
    sim.emit_channel("CHANNEL_UPDATE", id);
    Ok(Reply::Empty)
}

pub(super) fn delete_overwrite(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let channel = sim.visible_channel(ctx)?.id;
    sim.need(channel, p::MANAGE_ROLES)?;
    let target = ctx.id("overwrite_id")?;
    let Some(stored) = sim.world.channels.get_mut(&channel) else {
        return Err(ApiError::unknown(Unknown::Channel));
    };
    let before = stored.overwrites.len();
    stored.overwrites.retain(|entry| entry.id != target);
    if stored.overwrites.len() == before {
        return Err(ApiError::unknown(Unknown::Overwrite));
    }
    sim.emit_channel("CHANNEL_UPDATE", channel);
    Ok(Reply::Empty)
}

pub(super) fn typing(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let channel = sim.visible_channel(ctx)?;
    let right = if channel.kind.is_thread() { p::SEND_MESSAGES_IN_THREADS } else { p::SEND_MESSAGES };
    sim.need(channel.id, right)?;
    Ok(Reply::Empty)
}

/// Newest pin first. The time of pinning is not kept apart; a message's last change stands for it.
fn pinned(sim: &Sim, channel: Id) -> Vec<&StoredMessage> {
    sim.world.in_channel(channel).rev().filter(|message| message.pinned).collect()
}

pub(super) fn pins_legacy(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let channel = sim.visible_channel(ctx)?.id;
    let list = pinned(sim, channel).into_iter().map(|message| sim.message_json(message, sim.app));
    Reply::ok(Value::Array(list.collect()))
}

pub(super) fn pins(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let channel = sim.visible_channel(ctx)?.id;
    let limit = usize::try_from(ctx.query_number("limit", 50, 1, 50)?).unwrap_or(50);
    let all = pinned(sim, channel);
    let item = |message: &&StoredMessage| {
        let at = message.edited_ms.unwrap_or(message.created_ms);
        json!({"pinned_at": timestamp(at), "message": sim.message_json(message, sim.app)})
    };
    let items: Vec<Value> = all.iter().take(limit).map(item).collect();
    Reply::ok(json!({"items": items, "has_more": all.len() > limit}))
}

fn set_pin(sim: &mut Sim, ctx: &Ctx, pin: bool) -> Result<Reply, ApiError> {
    let channel = sim.visible_channel(ctx)?.clone();
    // Since February 2026 pinning is a right of its own, no longer part of MANAGE_MESSAGES.
    sim.need(channel.id, p::PIN_MESSAGES)?;
    let message = sim.message_in(channel.id, ctx.id("message_id")?)?.id;
    sim.not_archived(&channel)?;
    if pin && pinned(sim, channel.id).len() >= MAX_PINS {
        return Err(ApiError::new(400, 30003, "Maximum number of pins reached for the channel (250)"));
    }
    let now = sim.world.now_ms;
    if let Some(stored) = sim.world.messages.get_mut(&message) {
        stored.pinned = pin;
    }
    if let Some(stored) = sim.world.channels.get_mut(&channel.id).filter(|_| pin) {
        stored.last_pin_ms = Some(now);
    }
    sim.emit_message("message_update", message);
    Ok(Reply::Empty)
}

pub(super) fn pin(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    set_pin(sim, ctx, true)
}

pub(super) fn unpin(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    set_pin(sim, ctx, false)
}
