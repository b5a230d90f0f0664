//! Purpose: REST for threads: making them, their members, and the active ones of a guild.

use serde_json::{Value, json};

use crate::{
    Sim,
    build::blank_channel,
    check::message::{self, Source},
    events::{Event, intents},
    ids::{Id, timestamp},
    permissions as p,
    post::Posting,
    world::{Channel, ChannelKind, ThreadState},
};

use super::{ApiError, Ctx, FormErrors, Reply, Unknown};

/// Auto-archive durations in minutes (Discord reference, "Thread Metadata Object").
const DURATIONS: [u64; 4] = [60, 1440, 4320, 10080];
/// What the stand-in takes when nothing is said.
const DEFAULT_DURATION: u64 = 4320;
/// Message flag.
const HAS_THREAD: u64 = 1 << 5;

pub(super) fn check_duration(minutes: u64) -> Result<(), ApiError> {
    if DURATIONS.contains(&minutes) {
        return Ok(());
    }
    let message = "Value must be one of (60, 1440, 4320, 10080).";
    Err(ApiError::invalid("auto_archive_duration", "BASE_TYPE_CHOICES", message))
}

fn read_name(body: &Value) -> Result<String, ApiError> {
    let mut errors = FormErrors::default();
    let name = body["name"].as_str().unwrap_or_default();
    errors.length("name", name, 1, 100);
    errors.done()?;
    Ok(name.to_owned())
}

impl Sim {
    /// Puts a thread under a channel, with its owner as the only member. `id` is the starting message's, if there is one.
    pub(crate) fn put_thread(&mut self, parent: &Channel, id: Id, kind: ChannelKind, owner: Id, name: &str) {
        let now = self.world.now_ms;
        let mut channel = blank_channel(id, kind, parent.guild_id, name);
        channel.parent_id = Some(parent.id);
        channel.thread = Some(ThreadState {
            owner_id: owner,
            members: [(owner, now)].into(),
            archived: false,
            locked: false,
            auto_archive_minutes: DEFAULT_DURATION,
            archived_at_ms: now,
            invitable: true,
        });
        self.world.channels.insert(id, channel);
    }

    /// Hangs a thread on the message it began with.
    pub(crate) fn tie_thread(&mut self, message: Id) {
        if let Some(stored) = self.world.messages.get_mut(&message) {
            stored.thread_id = Some(message);
            stored.flags |= HAS_THREAD;
        }
        self.emit_message("message_update", message);
    }
}

/// Makes a thread of the bot's; `id` is the starting message's, if there is one.
fn make(sim: &mut Sim, parent: &Channel, id: Id, kind: ChannelKind, body: &Value) -> Result<Id, ApiError> {
    let name = read_name(body)?;
    let minutes = body["auto_archive_duration"].as_u64().unwrap_or(DEFAULT_DURATION);
    check_duration(minutes)?;
    sim.put_thread(parent, id, kind, sim.app, &name);
    if let Some(thread) = sim.world.channels.get_mut(&id).and_then(|channel| channel.thread.as_mut()) {
        thread.auto_archive_minutes = minutes;
        thread.invitable = body["invitable"].as_bool().unwrap_or(true);
    }
    sim.emit_channel("CHANNEL_CREATE", id);
    Ok(id)
}

fn reply(sim: &Sim, id: Id) -> Result<Reply, ApiError> {
    let channel = sim.world.channels.get(&id).ok_or_else(|| ApiError::unknown(Unknown::Channel))?;
    Ok(Reply::Json(201, sim.world.channel_json(channel)))
}

pub(super) fn from_message(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let parent = sim.visible_channel(ctx)?.clone();
    if !matches!(parent.kind, ChannelKind::Text | ChannelKind::Announcement) {
        return Err(ApiError::new(400, 50024, "Cannot execute action on this channel type"));
    }
    sim.need(parent.id, p::CREATE_PUBLIC_THREADS)?;
    let message = sim.message_in(parent.id, ctx.id("message_id")?)?;
    let id = message.id;
    if message.thread_id.is_some() {
        return Err(ApiError::new(400, 160_004, "A thread has already been created for this message"));
    }
    make(sim, &parent, id, ChannelKind::PublicThread, &ctx.body)?;
    sim.tie_thread(id);
    reply(sim, id)
}

pub(super) fn create(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let parent = sim.visible_channel(ctx)?.clone();
    if parent.kind == ChannelKind::Forum {
        return create_post(sim, ctx, &parent);
    }
    if !matches!(parent.kind, ChannelKind::Text | ChannelKind::Announcement) {
        return Err(ApiError::new(400, 50024, "Cannot execute action on this channel type"));
    }
    // Without a type Discord makes a private thread (Discord reference: "this may change in a future API version").
    let kind = match ctx.body["type"].as_u64() {
        None | Some(12) => ChannelKind::PrivateThread,
        Some(11) => ChannelKind::PublicThread,
        _ => {
            return Err(ApiError::invalid("type", "BASE_TYPE_CHOICES", "Value must be one of {10, 11, 12}."));
        }
    };
    let right = if kind == ChannelKind::PrivateThread { p::CREATE_PRIVATE_THREADS } else { p::CREATE_PUBLIC_THREADS };
    sim.need(parent.id, right)?;
    let id = sim.world.next_id();
    let id = make(sim, &parent, id, kind, &ctx.body)?;
    reply(sim, id)
}

/// In a forum a thread comes with its first message.
fn create_post(sim: &mut Sim, ctx: &mut Ctx, parent: &Channel) -> Result<Reply, ApiError> {
    sim.need(parent.id, p::SEND_MESSAGES)?;
    let draft = message::read_new(&ctx.body["message"], &ctx.files, Source::Bot)?;
    let id = sim.world.next_id();
    make(sim, parent, id, ChannelKind::PublicThread, &ctx.body)?;
    let posting = Posting::plain(sim.app, id);
    sim.post(posting, draft, std::mem::take(&mut ctx.files));
    reply(sim, id)
}

/// The thread of the path. Error: 50024 for other channels.
fn thread(sim: &Sim, ctx: &Ctx) -> Result<(Id, ThreadState), ApiError> {
    let channel = sim.visible_channel(ctx)?;
    let state = channel.thread.clone();
    state
        .map(|state| (channel.id, state))
        .ok_or_else(|| ApiError::new(400, 50024, "Cannot execute action on this channel type"))
}

fn member_json(channel: Id, user: Id, joined_ms: u64) -> Value {
    json!({"id": channel, "user_id": user, "join_timestamp": timestamp(joined_ms), "flags": 0})
}

pub(super) fn members(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let (channel, state) = thread(sim, ctx)?;
    Reply::ok(Value::Array(state.members.iter().map(|(user, joined)| member_json(channel, *user, *joined)).collect()))
}

fn change_members(sim: &mut Sim, channel: Id, user: Id, join: bool) -> Result<Reply, ApiError> {
    let now = sim.world.now_ms;
    let state = sim.world.channels.get_mut(&channel).and_then(|channel| channel.thread.as_mut());
    let state = state.ok_or_else(|| ApiError::unknown(Unknown::Channel))?;
    if state.archived {
        return Err(ApiError::new(400, 50083, "Thread is archived"));
    }
    let changed = if join {
        state.members.insert(user, *state.members.get(&user).unwrap_or(&now)).is_none()
    } else {
        state.members.remove(&user).is_some()
    };
    if changed {
        emit_thread_members(sim, channel, user, join);
    }
    Ok(Reply::Empty)
}

/// THREAD_MEMBERS_UPDATE: the bot's own coming and going needs no intent for members.
fn emit_thread_members(sim: &mut Sim, channel: Id, user: Id, join: bool) {
    let Some((thread, state)) = sim.world.channels.get(&channel).and_then(|c| Some((c, c.thread.as_ref()?))) else {
        return;
    };
    let guild = thread.guild_id;
    let mut data = json!({"id": channel, "guild_id": guild, "member_count": state.members.len()});
    if join {
        let mut added = member_json(channel, user, sim.world.now_ms);
        let member = guild.and_then(|id| sim.world.guilds.get(&id)).and_then(|guild| guild.members.get(&user));
        added["member"] = member.map_or(Value::Null, |member| sim.world.member_json(member));
        added["presence"] = Value::Null;
        data["added_members"] = json!([added]);
    } else {
        data["removed_member_ids"] = json!([user]);
    }
    let intents = if user == sim.app { intents::GUILDS } else { intents::GUILD_MEMBERS };
    sim.emit(Event::state().in_guild(guild).dispatching("THREAD_MEMBERS_UPDATE", intents, data));
}

pub(super) fn join(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let (channel, _) = thread(sim, ctx)?;
    change_members(sim, channel, sim.app, true)
}

pub(super) fn leave(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let (channel, _) = thread(sim, ctx)?;
    change_members(sim, channel, sim.app, false)
}

pub(super) fn add_member(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let (channel, _) = thread(sim, ctx)?;
    sim.need(channel, p::SEND_MESSAGES_IN_THREADS)?;
    let user = ctx.id("user_id")?;
    let guild = sim.world.channels.get(&channel).and_then(|channel| channel.guild_id);
    if !guild.and_then(|id| sim.world.guilds.get(&id)).is_some_and(|guild| guild.members.contains_key(&user)) {
        return Err(ApiError::unknown(Unknown::Member));
    }
    change_members(sim, channel, user, true)
}

pub(super) fn remove_member(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let (channel, state) = thread(sim, ctx)?;
    if state.owner_id != sim.app {
        sim.need(channel, p::MANAGE_THREADS)?;
    }
    change_members(sim, channel, ctx.id("user_id")?, false)
}

pub(super) fn active(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let guild = sim.joined_guild(ctx)?.id;
    let is_active = |channel: &&Channel| {
        channel.guild_id == Some(guild)
            && channel.thread.as_ref().is_some_and(|thread| !thread.archived)
            && sim.can_read(sim.app, channel.id)
    };
    let threads: Vec<&Channel> = sim.world.channels.values().filter(is_active).collect();
    let own = threads.iter().filter_map(|channel| {
        let joined = channel.thread.as_ref()?.members.get(&sim.app)?;
        Some(member_json(channel.id, sim.app, *joined))
    });
    let list: Vec<Value> = threads.iter().map(|channel| sim.world.channel_json(channel)).collect();
    Reply::ok(json!({"threads": list, "members": own.collect::<Vec<_>>(), "has_more": false}))
}
