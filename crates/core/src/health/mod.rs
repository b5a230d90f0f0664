//! Purpose: `/healthz`: is this deployment whole, and is anything late.

pub mod store;

use crate::{ctx::Ctx, error::Result, outbox, registry};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A due row this late is a late timer.
const LATE_MS: i64 = 60_000;
const COUNTED: u32 = 100;

#[derive(Debug, Serialize)]
pub struct Health {
    /// `ok`, or `attention` when something is late or held.
    pub status: &'static str,
    pub version: String,
    /// The newest applied migration.
    pub migration: String,
    pub migrations: u32,
    /// Outbox rows that are not delivered, by state.
    pub outbox: BTreeMap<String, u32>,
    /// Due rows that nobody has handled for a minute; counted up to 100.
    pub late_timers: usize,
}

#[derive(Deserialize)]
struct StateCount {
    state: String,
    n: u32,
}

pub async fn health(ctx: &Ctx) -> Result<Health> {
    let results = ctx.batch(vec![store::migrations(), outbox::store::count_open()]).await?;
    let [migrations, open] = &results[..] else {
        return Err(crate::Error::internal("two results expected"));
    };
    let migrations: store::Migrations = migrations.first()?.unwrap_or_default();
    let outbox: BTreeMap<String, u32> = open.all::<StateCount>()?.into_iter().map(|row| (row.state, row.n)).collect();
    let late_timers = registry::overdue(ctx, ctx.now() - LATE_MS, COUNTED).await?.len();
    let held = outbox.contains_key("held");
    Ok(Health {
        status: if late_timers > 0 || held { "attention" } else { "ok" },
        version: ctx.settings.version.clone(),
        migration: migrations.newest.unwrap_or_default(),
        migrations: migrations.n,
        outbox,
        late_timers,
    })
}
