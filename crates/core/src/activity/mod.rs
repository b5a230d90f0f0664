//! Purpose: what happened per channel and hour, counted for analytics: messages, voice, joins, leaves, commands.
//!
//! Tables: activity_hours. Rows older than [`KEEP_DAYS`] are deleted by the guild's daily clock, and by the cron where a
//! guild has none.

pub mod report;
pub mod store;

use crate::{ctx::Ctx, error::Result, gateway::Arrived, interaction::Interaction, sql::Statement};
use muster_protocol::EventKind;
use serde_json::{Value, json};
use std::{cell::RefCell, collections::BTreeMap, rc::Rc};
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, GuildMarker},
};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const DELETE_AT_ONCE: u32 = 2_000;
/// Thirteen months, so that a month can be compared with the one a year ago.
pub const KEEP_DAYS: i64 = 400;
/// Rows per statement: at 100 characters each they stay far below D1's 2 MB per value.
const ROWS_MAX: usize = 5_000;
/// Commands of this time (milliseconds) are written together.
const COLLECT_MS: u64 = 500;

fn hour_of(at: i64) -> i64 {
    at.div_euclid(HOUR_MS) * HOUR_MS
}

/// Forgets some of what is too old.
pub async fn delete_old(ctx: &Ctx) -> Result<()> {
    ctx.query(store::delete_oldest(ctx.now() - KEEP_DAYS * DAY_MS, DELETE_AT_ONCE)).await?;
    Ok(())
}

/// Commands that this isolate answered and no row counts yet, by guild, hour and channel.
#[derive(Default)]
struct Uncounted {
    commands: BTreeMap<(Id<GuildMarker>, i64, Id<ChannelMarker>), u32>,
    /// Since when somebody waits to write them (Unix milliseconds).
    led_since: Option<i64>,
}

/// Counts a command some time after its answer, in one statement with the others of that time: a row for each would cost more than most
/// answers. One that is lost with the process is not missed by a figure of this kind.
pub fn count_command(ctx: &Ctx, interaction: &Interaction) {
    const KEY: &str = "activity:commands";
    let now = ctx.now();
    let uncounted = ctx.memory.recall::<RefCell<Uncounted>>(KEY, now).unwrap_or_else(|| {
        let none = Rc::<RefCell<Uncounted>>::default();
        ctx.memory.remember(KEY.to_owned(), none.clone(), i64::MAX);
        none
    });
    let mut waiting = uncounted.borrow_mut();
    *waiting.commands.entry((interaction.guild_id, hour_of(now), interaction.channel_id)).or_default() += 1;
    // Whoever waits for longer than this has died with their request.
    if waiting.led_since.is_some_and(|since| now - since <= 10 * COLLECT_MS.cast_signed()) {
        return;
    }
    waiting.led_since = Some(now);
    drop(waiting);
    let later = ctx.clone();
    ctx.after(async move {
        later.clock.sleep(COLLECT_MS).await;
        let commands = std::mem::take(&mut *uncounted.borrow_mut()).commands;
        let rows: Vec<Value> =
            commands.iter().map(|((guild, hour, channel), n)| json!([guild, hour, channel, n])).collect();
        if rows.is_empty() {
            return;
        }
        if let Err(error) = later.query(store::add_commands(&json!(rows).to_string())).await {
            later.warn("commands were not counted", json!({ "error": error.to_string() }));
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
