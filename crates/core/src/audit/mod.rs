//! Purpose: the audit trail of a guild: every change of configuration and every right that was missing.
//!
//! Tables: audit_log.

pub mod store;

use crate::{ctx::Ctx, interaction::Interaction};
use serde_json::json;

/// Notes a refused attempt once the answer is out. Losing one with the process is accepted; the log line stays.
pub fn denied(ctx: &Ctx, interaction: &Interaction, why: &str) {
    let entry = store::Entry {
        guild_id: interaction.guild_id,
        at: ctx.now(),
        actor_id: interaction.actor.id,
        source: "interaction",
        action: "denied",
        target: interaction.name.clone(),
        before: None,
        after: Some(why.to_owned()),
        cause: interaction.id.to_string(),
    };
    let fields = json!({ "guild": entry.guild_id, "user": entry.actor_id, "command": entry.target, "why": why });
    ctx.warn("denied", fields);
    let later = ctx.clone();
    ctx.after(async move {
        if let Err(error) = later.query(store::insert(&entry)).await {
            later.warn("a denied attempt could not be stored", json!({ "error": error.to_string() }));
        }
    });
}
