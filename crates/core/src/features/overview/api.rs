//! Purpose: the first page as JSON.

use super::pages;
use crate::{
    access::{self, Area, May},
    ctx::Ctx,
    error::Result,
    guild_config,
    watch::{Attention, Figure},
    web::{
        Request, Response,
        description::{Guarded, Snowflake},
    },
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

/// What goes on in a guild.
#[derive(Serialize, ToSchema)]
struct Overview {
    figures: Vec<Figure>,
    attention: Vec<Attention>,
    gateway: Gateway,
    timers: TimerCounts,
    messages: MessageCounts,
}

/// The process that holds the connection to Discord's gateway.
#[derive(Serialize, ToSchema)]
struct Gateway {
    is_connected: bool,
    /// In a sentence.
    about: String,
    /// What does not go on while it is gone.
    waiting: Vec<&'static str>,
}

/// Rows that are due and were not looked at in time.
#[derive(Serialize, ToSchema)]
struct TimerCounts {
    /// Counted up to 100.
    late: usize,
    /// In a sentence.
    about: String,
}

/// Messages that did not go out, each counted up to 1,000.
#[derive(Serialize, ToSchema)]
struct MessageCounts {
    pending: u32,
    failed: u32,
    held: u32,
}

pub async fn on_request(ctx: &Ctx, request: &Request) -> Result<Option<Response>> {
    match (request.method.as_str(), &request.segments()[..]) {
        ("GET", ["guilds", guild, "overview"]) => get_overview(ctx, request, guild).await.map(Some),
        _ => Ok(None),
    }
}

/// The first page: figures, what needs attention, the gateway, timers and messages.
#[utoipa::path(
    get,
    path = "/api/v1/guilds/{guild}/overview",
    tag = "Overview",
    params(("guild" = Snowflake, Path)),
    responses((status = 200, body = Overview), Guarded),
    security(("key" = []))
)]
async fn get_overview(ctx: &Ctx, request: &Request, guild: &str) -> Result<Response> {
    let access = access::enter(ctx, request, guild).await?;
    access.require(ctx, Area::Overview, May::View)?;
    let config = guild_config::cached(ctx, access.guild).await?;
    let live = pages::live(ctx, &access, &config).await?;
    let attention = pages::attention(ctx, &access, &config, &live).await?;
    let overview = Overview {
        figures: live.figures,
        attention,
        gateway: Gateway { is_connected: live.is_connected, about: live.gateway, waiting: live.waiting },
        timers: TimerCounts { late: live.late, about: live.timers },
        messages: MessageCounts { pending: live.open.pending, failed: live.open.failed, held: live.open.held },
    };
    Response::of(200, &overview)
}

#[derive(OpenApi)]
#[openapi(paths(get_overview))]
pub struct Description;
