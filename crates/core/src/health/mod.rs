//! Purpose: `/healthz`: is this deployment whole, and is anything late.

pub mod store;

use crate::{ctx::Ctx, error::Result, gateway, outbox, registry};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A due row this late is a late timer.
const LATE_MS: i64 = 60_000;
const COUNTED: u32 = 100;

#[derive(Debug, Serialize)]
pub struct Health {
    /// `ok`, or `attention` when something is late or held, or the sidecar is gone.
    pub status: &'static str,
    pub version: String,
    /// The newest applied migration.
    pub migration: String,
    pub migrations: u32,
    /// Outbox rows that are not delivered, by state.
    pub outbox: BTreeMap<String, u32>,
    /// Due rows that nobody has handled for a minute; counted up to 100.
    pub late_timers: usize,
    /// The gateway sidecar, if there ever was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<GatewayHealth>,
}

#[derive(Debug, Serialize)]
pub struct GatewayHealth {
    /// `ok`, or `gone`: then levels and whatever else lives on messages wait for it, and everything else works.
    pub status: &'static str,
    pub seen_seconds_ago: i64,
}

#[derive(Deserialize)]
struct StateCount {
    state: String,
    n: u32,
}

pub async fn health(ctx: &Ctx) -> Result<Health> {
    let results =
        ctx.batch(vec![store::migrations(), outbox::store::count_open(), gateway::store::last_seen()]).await?;
    let [migrations, open, seen] = &results[..] else {
        return Err(crate::Error::internal("three results expected"));
    };
    let migrations: store::Migrations = migrations.first()?.unwrap_or_default();
    let outbox: BTreeMap<String, u32> = open.all::<StateCount>()?.into_iter().map(|row| (row.state, row.n)).collect();
    let late_timers = registry::overdue(ctx, ctx.now() - LATE_MS, COUNTED).await?.len();
    let held = outbox.contains_key("held");
    let gateway = seen.first::<gateway::store::SeenRow>()?.and_then(|row| gateway_health(row.seen_at, ctx.now()));
    let gone = gateway.as_ref().is_some_and(|gateway| gateway.status == "gone");
    Ok(Health {
        status: if late_timers > 0 || held || gone { "attention" } else { "ok" },
        version: ctx.settings.version.clone(),
        migration: migrations.newest.unwrap_or_default(),
        migrations: migrations.n,
        outbox,
        late_timers,
        gateway,
    })
}

fn gateway_health(seen_at: Option<i64>, now: i64) -> Option<GatewayHealth> {
    let age = now - seen_at?;
    let status = if age > gateway::GONE_MS { "gone" } else { "ok" };
    Some(GatewayHealth { status, seen_seconds_ago: age / 1_000 })
}

/// The sidecar alone, for commands; `None` where there never was one.
pub async fn sidecar(ctx: &Ctx) -> Result<Option<GatewayHealth>> {
    let seen: Option<gateway::store::SeenRow> = ctx.query(gateway::store::last_seen()).await?.first()?;
    Ok(seen.and_then(|row| gateway_health(row.seen_at, ctx.now())))
}

/// Whether messages reach Muster at all, and the sentence about it.
pub fn say_sidecar(health: Option<&GatewayHealth>) -> (bool, String) {
    let seen_ago = |health: &GatewayHealth| crate::time::say_duration(health.seen_seconds_ago * 1_000);
    match health {
        None => {
            let how = "Whoever runs Muster starts it: `gateway-sidecar/README.md` says how.";
            (false, format!("The gateway sidecar was never connected, so nobody earns anything yet. {how}"))
        }
        Some(health) if health.status == "ok" => {
            (true, "The gateway sidecar is connected: messages and voice are seen.".to_owned())
        }
        Some(health) => {
            let ago = seen_ago(health);
            (false, format!("The gateway sidecar was last heard of {ago} ago. Nobody earns anything until it is back."))
        }
    }
}
