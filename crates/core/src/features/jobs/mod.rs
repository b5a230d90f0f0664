//! Purpose: jobs and timers on the dashboard: what waits, was refused, is held or late, and what somebody does about it.
//!
//! Tables: none of its own; messages belong to the outbox, timers and long work to their features.

mod api;
mod pages;

use crate::{
    access::{Area, GuildAccess},
    audit::{self, Author},
    ctx::Ctx,
    error::{Error, Result},
    feature::Feature,
    registry,
    watch::{Due, LATE_MS},
    web::{Request, Response, Tab},
};
use utoipa::OpenApi as _;

pub const COMMANDS: &[&str] = &[];

/// Late timers that are listed.
const LISTED: u32 = 50;

pub struct Jobs;

impl Feature for Jobs {
    const NAME: &'static str = "jobs";

    fn tabs() -> Vec<Tab> {
        vec![Tab { path: "jobs", title: "Jobs and timers", area: Area::Jobs }]
    }

    fn description() -> utoipa::openapi::OpenApi {
        api::Description::openapi()
    }

    async fn api(ctx: &Ctx, request: &Request) -> Result<Option<Response>> {
        api::on_request(ctx, request).await
    }

    async fn page(ctx: &Ctx, request: &Request, access: &GuildAccess, rest: &[&str]) -> Result<Option<Response>> {
        pages::on_request(ctx, request, access, rest).await
    }
}

async fn late(ctx: &Ctx, access: &GuildAccess) -> Result<Vec<Due>> {
    registry::due(ctx, access.guild, ctx.now() - LATE_MS, LISTED).await
}

/// Has the guild's clock look at everything that is late, now. Gives how many rows that were.
async fn wake(ctx: &Ctx, access: &GuildAccess, author: &Author) -> Result<usize> {
    let due = late(ctx, access).await?;
    if due.is_empty() {
        return Ok(0);
    }
    let entry = audit::store::Entry {
        guild_id: author.guild,
        at: ctx.now(),
        actor_id: author.user,
        source: author.source,
        action: "job",
        target: "late timers".to_owned(),
        before: None,
        after: Some(format!("woken: {}", due.len())),
        cause: author.cause.clone(),
    };
    ctx.query(audit::store::insert(&entry)).await?;
    let count = due.len();
    let timers = due.into_iter().map(|due| due.timer).collect();
    ctx.timers.arm(access.guild, timers).await.map_err(Error::retryable)?;
    Ok(count)
}
