//! Purpose: REST for what follows an interaction: follow-ups, and reading, changing, deleting its messages.

use serde_json::{Value, json};

use crate::{
    Sim,
    check::message::{self, Source, flags},
    ids::Id,
    post::Posting,
    world::{Interaction, Stage},
};

use super::{ApiError, Ctx, Reply, Unknown};

/// How long an interaction's token works: 15 minutes (Discord reference, "Followup Messages").
pub(crate) const TOKEN_LIVES_MS: u64 = 15 * 60 * 1_000;

/// The interaction of the path. Errors: 10015 unknown or not yet answered, 50027 expired.
fn interaction(sim: &Sim, ctx: &Ctx) -> Result<Interaction, ApiError> {
    if ctx.id("webhook_id")? != sim.app {
        return Err(ApiError::unknown(Unknown::Webhook));
    }
    let id = sim.world.tokens.get(ctx.text("webhook_token")).ok_or_else(|| ApiError::unknown(Unknown::Webhook))?;
    let interaction = sim.world.interactions.get(id).ok_or_else(|| ApiError::unknown(Unknown::Webhook))?;
    if sim.world.now_ms > interaction.created_ms + TOKEN_LIVES_MS {
        return Err(ApiError::new(401, 50027, "Invalid Webhook Token"));
    }
    match interaction.stage {
        Stage::Waiting | Stage::Failed => Err(ApiError::unknown(Unknown::Webhook)),
        Stage::Deferred | Stage::Answered => Ok(interaction.clone()),
    }
}

/// The message of the path: `@original`, or one that this interaction sent. Error: 10008.
fn target(sim: &Sim, ctx: &Ctx, interaction: &Interaction) -> Result<Id, ApiError> {
    let named = ctx.text("message_id");
    let id = if named.is_empty() || named == "@original" { interaction.original } else { Some(ctx.id("message_id")?) };
    let message = id.and_then(|id| sim.world.messages.get(&id));
    let own = |id: Id| interaction.original == Some(id) || interaction.source_message == Some(id);
    let found = message.filter(|message| message.interaction == Some(interaction.id) || own(message.id));
    found.map(|message| message.id).ok_or_else(|| ApiError::unknown(Unknown::Message))
}

pub(super) fn get(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let interaction = interaction(sim, ctx)?;
    let message = target(sim, ctx, &interaction)?;
    sim.message_reply(message)
}

pub(super) fn edit(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let interaction = interaction(sim, ctx)?;
    let id = target(sim, ctx, &interaction)?;
    edit_message(sim, ctx, &interaction, id)
}

fn edit_message(sim: &mut Sim, ctx: &mut Ctx, interaction: &Interaction, id: Id) -> Result<Reply, ApiError> {
    let stored = sim.world.messages.get(&id).cloned().ok_or_else(|| ApiError::unknown(Unknown::Message))?;
    let draft = message::read_edit(&stored, &ctx.body, &ctx.files, Source::Interaction)?;
    sim.apply_edit(id, draft, std::mem::take(&mut ctx.files));
    if let Some(known) = sim.world.interactions.get_mut(&interaction.id) {
        known.stage = Stage::Answered;
    }
    sim.message_reply(id)
}

pub(super) fn delete(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let interaction = interaction(sim, ctx)?;
    let id = target(sim, ctx, &interaction)?;
    sim.remove_message(id);
    Ok(Reply::Empty)
}

pub(super) fn follow_up(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let interaction = interaction(sim, ctx)?;
    let Some(channel) = interaction.channel else {
        return Err(ApiError::unknown(Unknown::Channel));
    };
    // The first follow-up after a defer fills in the loading message, whatever its own flags say.
    let loading = interaction
        .original
        .filter(|id| sim.world.messages.get(id).is_some_and(|message| message.flags & flags::LOADING != 0));
    if let Some(original) = loading {
        return edit_message(sim, ctx, &interaction, original);
    }
    let draft = message::read_new(&ctx.body, &ctx.files, Source::Interaction)?;
    let ephemeral = draft.flags & flags::EPHEMERAL != 0;
    let mut metadata = sim.interaction_metadata(&interaction);
    if let Some(original) = interaction.original {
        metadata["original_response_message_id"] = json!(original);
    }
    let replies_to = interaction.original.filter(|id| sim.world.messages.contains_key(id));
    let posting = Posting {
        author: sim.app,
        channel,
        kind: if replies_to.is_some() { 19 } else { 0 },
        reply_to: replies_to,
        ephemeral_for: ephemeral.then_some(interaction.user),
        interaction: Some(interaction.id),
        metadata: Some(metadata),
        webhook: None,
    };
    let id = sim.post(posting, draft, std::mem::take(&mut ctx.files));
    sim.message_reply(id)
}

impl Sim {
    /// `interaction_metadata` of messages an interaction makes; the user stands as an id until it is read.
    pub(crate) fn interaction_metadata(&self, interaction: &Interaction) -> Value {
        let owner = interaction.guild.map_or_else(|| "0".to_owned(), |guild| guild.to_string());
        let mut metadata = json!({
            "id": interaction.id,
            "type": interaction.kind,
            "user": interaction.user,
            "authorizing_integration_owners": {"0": owner},
        });
        match interaction.kind {
            2 => {
                metadata["name"] = json!(interaction.label);
                metadata["command_type"] = json!(interaction.command_type);
            }
            3 => metadata["interacted_message_id"] = json!(interaction.source_message),
            _ => {
                let first = interaction.answer.clone().filter(Value::is_object);
                metadata["triggering_interaction_metadata"] = first.unwrap_or_else(|| json!({
                    "id": interaction.id, "type": 2, "user": interaction.user, "authorizing_integration_owners": {"0": "0"},
                }));
            }
        }
        metadata
    }
}
