//! Purpose: REST for messages: list, read, create, edit, delete.

use serde_json::{Value, json};

use crate::{
    Sim,
    check::message::{self, Draft, Source, flags},
    ids::Id,
    permissions as p,
    post::Posting,
    world::{Channel, SeenNonce, StoredMessage},
};

use super::{ApiError, Ctx, FormErrors, Reply, Unknown};

/// How long a nonce is remembered. Discord says "the past few minutes"; five is the reading stories rely on.
const NONCE_KEPT_MS: u64 = 5 * 60 * 1_000;
/// Bulk delete takes nothing older: two weeks (Discord reference, "Bulk Delete Messages").
const BULK_DELETE_MAX_AGE_MS: u64 = 14 * 24 * 3_600 * 1_000;

impl Sim {
    /// The channel of the path, which the bot must see. Errors: 10003, 50001.
    pub(super) fn visible_channel(&self, ctx: &Ctx) -> Result<&Channel, ApiError> {
        let id = ctx.id("channel_id")?;
        let channel = self.world.channels.get(&id).ok_or_else(|| ApiError::unknown(Unknown::Channel))?;
        if self.world.permissions_in(self.app, id) & p::VIEW_CHANNEL == 0 {
            return Err(ApiError::missing_access());
        }
        Ok(channel)
    }

    /// The bot must have all of these rights in the channel. Error: 50013.
    pub(super) fn need(&self, channel: Id, rights: u64) -> Result<(), ApiError> {
        if self.world.permissions_in(self.app, channel) & rights == rights {
            return Ok(());
        }
        Err(ApiError::missing_permissions())
    }

    /// A message of a channel that the bot may read. Ephemeral ones are nobody's over REST.
    pub(super) fn message_in(&self, channel: Id, id: Id) -> Result<&StoredMessage, ApiError> {
        let found = self.world.messages.get(&id).filter(|message| message.channel_id == channel);
        found.filter(|message| message.ephemeral_for.is_none()).ok_or_else(|| ApiError::unknown(Unknown::Message))
    }

    pub(super) fn message_reply(&self, id: Id) -> Result<Reply, ApiError> {
        let message = self.world.messages.get(&id).ok_or_else(|| ApiError::unknown(Unknown::Message))?;
        Reply::ok(self.message_json(message, self.app))
    }

    /// A thread that nobody may change while it is archived. Error: 50083.
    pub(super) fn not_archived(&self, channel: &Channel) -> Result<(), ApiError> {
        if channel.thread.as_ref().is_some_and(|thread| thread.archived) {
            return Err(ApiError::new(400, 50083, "Thread is archived"));
        }
        Ok(())
    }
}

pub(super) fn list(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let channel = sim.visible_channel(ctx)?.id;
    let limit = usize::try_from(ctx.query_number("limit", 50, 1, 100)?).unwrap_or(50);
    let (before, after, around) = (ctx.query_id("before")?, ctx.query_id("after")?, ctx.query_id("around")?);
    // Without the right to read history Discord answers an empty list, not an error.
    if sim.world.permissions_in(sim.app, channel) & p::READ_MESSAGE_HISTORY == 0 {
        return Reply::ok(json!([]));
    }
    let all: Vec<&StoredMessage> =
        sim.world.in_channel(channel).filter(|message| message.ephemeral_for.is_none()).collect();
    let picked: Vec<&StoredMessage> = if let Some(around) = around {
        let middle = all.partition_point(|message| message.id < around);
        let start = middle.saturating_sub(limit / 2);
        all.iter().skip(start).take(limit).copied().collect()
    } else if let Some(after) = after {
        all.iter().filter(|message| message.id > after).take(limit).copied().collect()
    } else {
        let older: Vec<_> =
            all.iter().filter(|message| before.is_none_or(|before| message.id < before)).copied().collect();
        older[older.len().saturating_sub(limit)..].to_vec()
    };
    let newest_first = picked.iter().rev().map(|message| sim.message_json(message, sim.app));
    Reply::ok(Value::Array(newest_first.collect()))
}

pub(super) fn get(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let channel = sim.visible_channel(ctx)?.id;
    sim.need(channel, p::READ_MESSAGE_HISTORY)?;
    let message = sim.message_in(channel, ctx.id("message_id")?)?.id;
    sim.message_reply(message)
}

pub(super) fn create(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let channel = sim.visible_channel(ctx)?.clone();
    may_write(sim, &channel)?;
    let draft = message::read_new(&ctx.body, &ctx.files, Source::Bot)?;
    check_rights(sim, &channel, &draft, !ctx.files.is_empty())?;
    if let Some(known) = already_sent(sim, &draft) {
        return sim.message_reply(known);
    }
    let mut posting = Posting::plain(sim.app, channel.id);
    posting.reply_to = read_reply(sim, &channel, &draft)?;
    if posting.reply_to.is_some() {
        posting.kind = 19;
    }
    let nonce = draft.nonce.as_ref().map(nonce_text);
    let id = sim.post(posting, draft, std::mem::take(&mut ctx.files));
    if let Some(nonce) = nonce {
        let (author, at_ms) = (sim.app, sim.world.now_ms);
        sim.world.nonces.push(SeenNonce { author, channel: channel.id, nonce, message: id, at_ms });
    }
    sim.message_reply(id)
}

fn may_write(sim: &Sim, channel: &Channel) -> Result<(), ApiError> {
    if !channel.kind.takes_messages() {
        return Err(ApiError::new(400, 50008, "Cannot send messages in a non-text channel"));
    }
    if channel.guild_id.is_none() {
        return sim.may_message_person(channel);
    }
    if channel.kind.is_thread() {
        sim.need(channel.id, p::SEND_MESSAGES_IN_THREADS)?;
        let locked = channel.thread.as_ref().is_some_and(|thread| thread.archived && thread.locked);
        if locked && sim.need(channel.id, p::MANAGE_THREADS).is_err() {
            return Err(ApiError::new(400, 50083, "Thread is archived"));
        }
        return Ok(());
    }
    sim.need(channel.id, p::SEND_MESSAGES)
}

impl Sim {
    /// Whether a direct message reaches the person: they take them and share a guild with the bot. Error: 50007.
    fn may_message_person(&self, channel: &Channel) -> Result<(), ApiError> {
        let person = channel.recipients.iter().find(|id| **id != self.app).copied().unwrap_or(self.app);
        let open = self.world.users.get(&person).is_some_and(|user| user.accepts_dms && !user.bot);
        let shared = self
            .world
            .guilds
            .values()
            .any(|guild| guild.members.contains_key(&person) && guild.members.contains_key(&self.app));
        if open && shared {
            return Ok(());
        }
        Err(ApiError::new(403, 50007, "Cannot send messages to this user"))
    }
}

fn check_rights(sim: &Sim, channel: &Channel, draft: &Draft, files: bool) -> Result<(), ApiError> {
    let mut rights = 0;
    if !draft.embeds.is_empty() {
        rights |= p::EMBED_LINKS;
    }
    if files {
        rights |= p::ATTACH_FILES;
    }
    if draft.tts && channel.guild_id.is_some() {
        rights |= p::SEND_TTS_MESSAGES;
    }
    if draft.poll.is_some() {
        rights |= p::SEND_POLLS;
    }
    sim.need(channel.id, rights)
}

fn nonce_text(nonce: &Value) -> String {
    nonce.as_str().map_or_else(|| nonce.to_string(), str::to_owned)
}

fn already_sent(sim: &mut Sim, draft: &Draft) -> Option<Id> {
    let now = sim.world.now_ms;
    sim.world.nonces.retain(|seen| now < seen.at_ms.saturating_add(NONCE_KEPT_MS));
    let nonce = draft.nonce.as_ref().filter(|_| draft.enforce_nonce).map(nonce_text)?;
    let seen = sim.world.nonces.iter().find(|seen| seen.author == sim.app && seen.nonce == nonce)?;
    sim.world.messages.contains_key(&seen.message).then_some(seen.message)
}

fn read_reply(sim: &Sim, channel: &Channel, draft: &Draft) -> Result<Option<Id>, ApiError> {
    let Some(reference) = &draft.reply_to else {
        return Ok(None);
    };
    let target: Option<Id> = reference["message_id"].as_str().and_then(|id| id.parse().ok());
    let known = target.filter(|id| sim.message_in(channel.id, *id).is_ok());
    if known.is_none() {
        if reference["fail_if_not_exists"] == false {
            return Ok(None);
        }
        return Err(ApiError::invalid("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message"));
    }
    if sim.need(channel.id, p::READ_MESSAGE_HISTORY).is_err() {
        return Err(ApiError::new(400, 160_002, "Cannot reply without permission to read message history"));
    }
    Ok(known)
}

pub(super) fn edit(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let channel = sim.visible_channel(ctx)?.clone();
    let message = sim.message_in(channel.id, ctx.id("message_id")?)?.clone();
    sim.not_archived(&channel)?;
    if message.author != sim.app {
        return edit_foreign(sim, ctx, &message);
    }
    let draft = message::read_edit(&message, &ctx.body, &ctx.files, Source::Bot)?;
    sim.apply_edit(message.id, draft, std::mem::take(&mut ctx.files));
    sim.message_reply(message.id)
}

/// Of others' messages only the suppression of embeds may be changed, with MANAGE_MESSAGES. Error: 50005.
fn edit_foreign(sim: &mut Sim, ctx: &Ctx, message: &StoredMessage) -> Result<Reply, ApiError> {
    let only_flags = ctx.body.as_object().is_some_and(|body| body.keys().all(|key| key == "flags"));
    if !only_flags || sim.need(message.channel_id, p::MANAGE_MESSAGES).is_err() {
        return Err(ApiError::new(403, 50005, "Cannot edit a message authored by another user"));
    }
    let suppress = ctx.body["flags"].as_u64().unwrap_or(0) & flags::SUPPRESS_EMBEDS;
    if let Some(stored) = sim.world.messages.get_mut(&message.id) {
        stored.flags = (stored.flags & !flags::SUPPRESS_EMBEDS) | suppress;
    }
    sim.emit_message("message_update", message.id);
    sim.message_reply(message.id)
}

pub(super) fn delete(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let channel = sim.visible_channel(ctx)?.clone();
    let message = sim.message_in(channel.id, ctx.id("message_id")?)?;
    let (id, author) = (message.id, message.author);
    sim.not_archived(&channel)?;
    if author != sim.app {
        if channel.guild_id.is_none() {
            return Err(ApiError::new(403, 50003, "Cannot execute action on a DM channel"));
        }
        sim.need(channel.id, p::MANAGE_MESSAGES)?;
    }
    sim.remove_message(id);
    Ok(Reply::Empty)
}

pub(super) fn bulk_delete(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let channel = sim.visible_channel(ctx)?.id;
    sim.need(channel, p::MANAGE_MESSAGES)?;
    let ids = read_bulk_ids(&ctx.body)?;
    let now = sim.world.now_ms;
    if ids.iter().any(|id| id.created_ms().saturating_add(BULK_DELETE_MAX_AGE_MS) < now) {
        return Err(ApiError::new(400, 50034, "A message provided was too old to bulk delete"));
    }
    // Ids of other channels and of messages long gone are passed over.
    let found: Vec<Id> = ids.into_iter().filter(|id| sim.message_in(channel, *id).is_ok()).collect();
    sim.remove_messages(&found);
    Ok(Reply::Empty)
}

fn read_bulk_ids(body: &Value) -> Result<Vec<Id>, ApiError> {
    let mut errors = FormErrors::default();
    let list = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    if list.len() < 2 || list.len() > 100 {
        return Err(ApiError::new(
            400,
            50016,
            "Provided too few or too many messages to delete. Must provide at least 2 and at most 100 messages.",
        ));
    }
    let mut ids = Vec::new();
    for (index, entry) in list.iter().enumerate() {
        match entry.as_str().and_then(|text| text.parse::<Id>().ok()) {
            Some(id) if ids.contains(&id) => {
                errors.add("messages", "SET_TYPE_ALREADY_CONTAINS_VALUE", "The list already contains this value.");
            }
            Some(id) => ids.push(id),
            None => {
                let message = format!("Value {entry} is not snowflake.");
                errors.add(&format!("messages.{index}"), "NUMBER_TYPE_COERCE", message);
            }
        }
    }
    errors.done()?;
    Ok(ids)
}
