//! Purpose: REST for answering an interaction by a call instead of in the HTTP response.

use serde_json::json;

use crate::{Sim, answer::Answer};

use super::{ApiError, Ctx, Reply, Unknown};

pub(super) fn callback(sim: &mut Sim, ctx: &mut Ctx) -> Result<Reply, ApiError> {
    let id = ctx.id("interaction_id")?;
    let interaction = sim.world.interactions.get(&id).ok_or_else(|| ApiError::unknown(Unknown::Interaction))?;
    if interaction.token != ctx.text("interaction_token") {
        return Err(ApiError::new(401, 50027, "Invalid Webhook Token"));
    }
    let files = std::mem::take(&mut ctx.files);
    let answer = sim.take_answer(id, &ctx.body, files)?;
    if !ctx.query("with_response").is_some_and(|value| value == "true" || value == "1") {
        return Ok(Reply::Empty);
    }
    let Some(interaction) = sim.world.interactions.get(&id) else {
        return Err(ApiError::unknown(Unknown::Interaction));
    };
    let mut json = json!({"interaction": {
        "id": id,
        "type": interaction.kind,
        "response_message_id": interaction.original,
        "response_message_loading": matches!(answer, Answer::Deferred { .. }),
        "response_message_ephemeral": false,
        "channel_id": interaction.channel,
        "guild_id": interaction.guild,
    }});
    if let Answer::Message(message) | Answer::Updated(message) = &answer {
        json["interaction"]["response_message_ephemeral"] = json!(message.is_ephemeral());
        json["resource"] = json!({"type": ctx.body["type"], "message": message.json});
    }
    if let Some(map) = json["interaction"].as_object_mut() {
        map.retain(|_, value| !value.is_null());
    }
    Reply::ok(json)
}
