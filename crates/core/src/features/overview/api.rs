//! Purpose: the first page as JSON.

use super::pages;
use crate::{
    access::{self, Area, May},
    ctx::Ctx,
    error::Result,
    guild_config,
    watch::{Attention, Figure},
    web::{Request, Response},
};
use serde::Serialize;

/// What goes on in a guild.
#[derive(Serialize)]
struct Overview {
    figures: Vec<Figure>,
    attention: Vec<Attention>,
    gateway: Gateway,
    timers: Timers,
    messages: Messages,
}

#[derive(Serialize)]
struct Gateway {
    is_connected: bool,
    about: String,
    /// What does not go on while it is gone.
    waiting: Vec<&'static str>,
}

#[derive(Serialize)]
struct Timers {
    /// Counted up to 100.
    late: usize,
    about: String,
}

/// Messages that did not go out, each counted up to 1,000.
#[derive(Serialize)]
struct Messages {
    pending: u32,
    failed: u32,
    held: u32,
}

pub async fn on_request(ctx: &Ctx, request: &Request) -> Result<Option<Response>> {
    let ("GET", ["guilds", guild, "overview"]) = (request.method.as_str(), &request.segments()[..]) else {
        return Ok(None);
    };
    let access = access::enter(ctx, request, guild).await?;
    access.require(ctx, Area::Overview, May::View)?;
    let config = guild_config::cached(ctx, access.guild).await?;
    let live = pages::live(ctx, &access, &config).await?;
    let attention = pages::attention(ctx, &access, &config, &live).await?;
    let overview = Overview {
        figures: live.figures,
        attention,
        gateway: Gateway { is_connected: live.is_connected, about: live.gateway, waiting: live.waiting },
        timers: Timers { late: live.late, about: live.timers },
        messages: Messages { pending: live.open.pending, failed: live.open.failed, held: live.open.held },
    };
    Response::of(200, &overview).map(Some)
}
