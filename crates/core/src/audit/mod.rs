//! Purpose: the audit trail of a guild: every change of configuration and every right that was missing.
//!
//! Tables: audit_log.

pub mod store;

use crate::{ctx::Ctx, error::Result, interaction::Interaction};
use serde_json::json;

/// How long refused attempts are kept; changes are kept for good.
const KEEP_DENIED_MS: i64 = 90 * 24 * 3_600_000;
const DELETE_AT_ONCE: u32 = 500;

/// Forgets refused attempts of long ago.
pub async fn delete_old(ctx: &Ctx) -> Result<()> {
    ctx.query(store::delete_denied(ctx.now() - KEEP_DENIED_MS, DELETE_AT_ONCE)).await?;
    Ok(())
}

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
        // One line per person, command and minute: whoever keeps trying does not fill the table.
        cause: format!("{}:{}:{}", interaction.actor.id, interaction.name, ctx.now() / 60_000),
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
