//! Purpose: what happened per channel and hour, counted for analytics: messages, voice, joins, leaves, commands.
//!
//! Tables: activity_hours. Rows older than [`KEEP_DAYS`] are deleted by the guild's daily clock, and by the cron where a
//! guild has none.

pub mod report;
pub mod store;

use crate::{ctx::Ctx, error::Result, gateway::Arrived, interaction::Interaction, sql::Statement};
use muster_protocol::EventKind;
use serde_json::{Value, json};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const DELETE_AT_ONCE: u32 = 2_000;
/// Thirteen months, so that a month can be compared with the one a year ago.
pub const KEEP_DAYS: i64 = 400;
/// Rows per statement: at 100 characters each they stay far below D1's 2 MB per value.
const ROWS_MAX: usize = 5_000;

fn hour_of(at: i64) -> i64 {
    at.div_euclid(HOUR_MS) * HOUR_MS
}

/// Forgets some of what is too old.
pub async fn delete_old(ctx: &Ctx) -> Result<()> {
    ctx.query(store::delete_oldest(ctx.now() - KEEP_DAYS * DAY_MS, DELETE_AT_ONCE)).await?;
    Ok(())
}

/// Counts a command once its answer is out. One that is lost with the process is not missed by a figure of this kind.
pub fn count_command(ctx: &Ctx, interaction: &Interaction) {
    let statement = store::add_command(interaction.guild_id, hour_of(ctx.now()), interaction.channel_id);
    let later = ctx.clone();
    ctx.after(async move {
        if let Err(error) = later.query(statement).await {
            later.warn("a command was not counted", json!({ "error": error.to_string() }));
        }
    });
}

/// What a batch adds.
pub fn statements(arrived: &Arrived) -> Vec<Statement> {
    let rows: Vec<Value> = arrived
        .batch
        .events
        .iter()
        .filter_map(|event| {
            let guild = event.guild;
            match &event.kind {
                EventKind::Activity { channel, hour, messages, voice_seconds } => {
                    Some(json!([guild, hour_of(*hour), channel, messages, voice_seconds, 0, 0]))
                }
                EventKind::MemberJoined { bot: false, .. } => Some(json!([guild, hour_of(event.at), "0", 0, 0, 1, 0])),
                EventKind::MemberLeft { .. } => Some(json!([guild, hour_of(event.at), "0", 0, 0, 0, 1])),
                _ => None,
            }
        })
        .collect();
    let chunks = rows.chunks(ROWS_MAX);
    chunks.map(|chunk| store::add(&json!(chunk).to_string(), &arrived.batch.source, arrived.number())).collect()
}
