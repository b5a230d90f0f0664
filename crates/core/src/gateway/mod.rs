//! Purpose: the `gateway` door: signed batches of what the sidecar saw, each taken once.
//!
//! Tables: gateway_sources. Everything a batch writes commits in one D1 transaction together with its number, and every
//! statement of it holds only while that number is not taken: a second delivery changes nothing. What follows from a batch
//! (levels to announce, events to hand on) is done after that and again on a second delivery, and the batch is answered as
//! taken only when it is done.

pub mod store;

use crate::{
    ctx::Ctx,
    error::{Error, Result},
    guild_config::{self, GuildConfig},
    ports::Level,
    registry,
    sql::{MAX_SAFE_INTEGER, Statement},
};
use muster_protocol::{
    Answer, Batch, CONFIGS_MAX, Event, EventKind, GuildSettings, Headers, Refusal, Refused, RefusedEvent, VERSION,
};
use serde_json::json;
use std::{collections::HashMap, rc::Rc};
use store::{ConfigRow, TakenRow};
use twilight_model::id::{Id, marker::GuildMarker};

/// A change of configuration commits at most this long after its `updated_at` was read from a clock, clocks of isolates that
/// differ included: it is looked for again for so long.
const COMMIT_SKEW_MS: i64 = 60_000;
/// How often a sidecar that has nothing to report is noted.
const SEEN_MS: i64 = 60_000;
/// Without a sign for so long a sidecar counts as gone: it asks for configuration every ten seconds.
pub const GONE_MS: i64 = 3 * SEEN_MS;

/// The HTTP answer to the sidecar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayAnswer {
    pub status: u16,
    /// JSON: an [`Answer`] with 200, a [`Refused`] otherwise.
    pub body: String,
}

/// A verified batch with the configurations of its guilds, for features.
pub struct Arrived {
    pub batch: Batch,
    configs: HashMap<Id<GuildMarker>, Rc<GuildConfig>>,
}

impl Arrived {
    /// The configuration of a guild of this batch, at most 30 s old.
    pub fn config(&self, guild: Id<GuildMarker>) -> Rc<GuildConfig> {
        self.configs.get(&guild).cloned().unwrap_or_default()
    }

    /// The batch's number as D1 takes it.
    pub fn number(&self) -> i64 {
        i64::try_from(self.batch.number).unwrap_or(MAX_SAFE_INTEGER).min(MAX_SAFE_INTEGER)
    }
}

fn refuse(ctx: &Ctx, status: u16, error: impl Into<String>) -> GatewayAnswer {
    let refused = Refused { error: error.into(), now: ctx.now() };
    GatewayAnswer { status, body: serde_json::to_string(&refused).unwrap_or_default() }
}

/// Takes one delivery of the sidecar.
pub async fn gateway(ctx: &Ctx, headers: &Headers, body: &[u8]) -> GatewayAnswer {
    if ctx.settings.gateway_keys.is_empty() {
        return refuse(ctx, 503, "The Worker has no GATEWAY_KEY: `./scripts/deploy` makes one and says where it goes.");
    }
    let batch: Batch = match muster_protocol::open(headers, body, &ctx.settings.gateway_keys, ctx.now()) {
        Ok(batch) => batch,
        Err(refusal) => {
            ctx.warn("a gateway batch was refused", json!({ "key": headers.key_id, "why": refusal.to_string() }));
            let status = match refusal {
                Refusal::UnknownKey | Refusal::NotSigned | Refusal::Stale => 401,
                Refusal::TooLong => 413,
                Refusal::Unreadable => 400,
            };
            return refuse(ctx, status, refusal.to_string());
        }
    };
    if batch.version != VERSION {
        return refuse(
            ctx,
            400,
            format!(
                "The Worker speaks version {VERSION} of the protocol, the sidecar {}: bring both to the same release.",
                batch.version
            ),
        );
    }
    if batch.application != ctx.settings.application_id {
        return refuse(
            ctx,
            403,
            "This Worker belongs to another application: its token and the sidecar's must be of the same bot.",
        );
    }
    match take(ctx, batch).await {
        Ok(answer) => match serde_json::to_string(&answer) {
            Ok(body) => GatewayAnswer { status: 200, body },
            Err(error) => refuse(ctx, 500, error.to_string()),
        },
        Err(error) => {
            ctx.log.write(Level::Error, "a gateway batch was not taken", json!({ "error": error.to_string() }));
            refuse(ctx, 503, "The Worker could not take the batch just now; send it again.")
        }
    }
}

async fn take(ctx: &Ctx, batch: Batch) -> Result<Answer> {
    let since = batch.configs_since.clamp(0, MAX_SAFE_INTEGER);
    let now = ctx.now();
    let limit = u32::try_from(CONFIGS_MAX).unwrap_or(u32::MAX);
    let mut statements = vec![store::list_configs(since, limit)];
    let is_question = batch.number == 0;
    let mut guilds: Vec<_> = batch.events.iter().map(|event| event.guild).collect();
    guilds.sort_unstable();
    guilds.dedup();
    let configs = guild_config::cached_many(ctx, &guilds).await?;
    let arrived = Arrived { batch, configs };
    if is_question {
        statements.push(store::touch(&arrived.batch.source, now, now - SEEN_MS));
    } else {
        statements.extend(guarded(ctx, &arrived).await?);
        statements.push(store::take(&arrived.batch.source, arrived.number(), now));
    }
    statements.push(store::get_taken(&arrived.batch.source));
    let results = ctx.batch(statements).await?;
    let (Some(configs), Some(taken)) = (results.first(), results.last()) else {
        return Err(Error::internal("the database answered without results"));
    };
    let configs: Vec<ConfigRow> = configs.all()?;
    let taken = taken.first::<TakenRow>()?.map_or(0, |row| row.taken);
    let refused = if is_question { Vec::new() } else { follow_up(ctx, &arrived).await? };
    let configs_until = asked_until(&configs, since, now);
    Ok(Answer { version: VERSION, taken, refused, configs: settings(configs), configs_until, now })
}

async fn guarded(ctx: &Ctx, arrived: &Arrived) -> Result<Vec<Statement>> {
    let mut statements = registry::gateway_statements(ctx, arrived).await?;
    statements.extend(crate::activity::statements(arrived));
    Ok(statements)
}

/// What a batch causes beside its rows. Gives the events that nobody can make sense of.
async fn follow_up(ctx: &Ctx, arrived: &Arrived) -> Result<Vec<RefusedEvent>> {
    registry::on_gateway(ctx, arrived).await?;
    let mut refused = Vec::new();
    for event in &arrived.batch.events {
        let Some(kind) = kind_of(event) else { continue };
        let value = crate::json::to_value(event).map_err(Error::internal)?;
        let failed = registry::on_event(ctx, &kind, &value).await;
        if let Some((feature, error)) = failed.into_iter().next() {
            if error.is_retryable() {
                return Err(error);
            }
            let fields = json!({ "feature": feature, "event": kind, "id": event.id, "error": error.to_string() });
            ctx.log.write(Level::Error, "a gateway event failed", fields);
            refused.push(RefusedEvent { id: event.id.clone(), reason: format!("{feature} could not take it") });
        }
    }
    Ok(refused)
}

/// The name under which features hear of an event one by one; `None` for what is only counted.
fn kind_of(event: &Event) -> Option<String> {
    if matches!(event.kind, EventKind::Xp { .. } | EventKind::Activity { .. } | EventKind::Unknown) {
        return None;
    }
    let value = crate::json::to_value(&event.kind).ok()?;
    Some(format!("gateway_{}", value["type"].as_str()?))
}

fn settings(rows: Vec<ConfigRow>) -> Vec<GuildSettings> {
    let parsed = rows.into_iter().filter_map(|row| {
        let settings = crate::json::from_str(&row.settings).ok()?;
        Some(GuildSettings { guild: row.guild_id, version: row.version, settings })
    });
    parsed.collect()
}

/// From when on the next question has to look.
fn asked_until(rows: &[ConfigRow], since: i64, now: i64) -> i64 {
    match rows.last() {
        // There may be more of the same millisecond.
        Some(last) if rows.len() >= CONFIGS_MAX => (last.updated_at - 1).max(since + 1),
        _ => (now - COMMIT_SKEW_MS).max(since),
    }
}
