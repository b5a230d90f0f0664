//! Purpose: what the caller may do in a guild, as JSON: the first thing that a program asks.

use crate::{
    access::{self, Area, May},
    ctx::Ctx,
    error::Result,
    web::{
        Request, Response,
        description::{Guarded, Snowflake},
    },
};
use serde::Serialize;
use std::collections::BTreeMap;
use twilight_model::id::{Id, marker::GuildMarker};
use utoipa::{OpenApi, ToSchema};

/// A guild as the caller sees it.
#[derive(Serialize, ToSchema)]
struct Guild<'a> {
    #[schema(value_type = Snowflake)]
    id: Id<GuildMarker>,
    name: &'a str,
    /// By area; what is missing is not allowed.
    rights: BTreeMap<Area, May>,
}

pub async fn on_request(ctx: &Ctx, request: &Request) -> Result<Option<Response>> {
    match (request.method.as_str(), &request.segments()[..]) {
        ("GET", ["guilds", guild]) => get_guild(ctx, request, guild).await.map(Some),
        _ => Ok(None),
    }
}

/// The guild, and what the caller may see and change in it now.
#[utoipa::path(
    get,
    path = "/api/v1/guilds/{guild}",
    tag = "Guild",
    params(("guild" = Snowflake, Path)),
    responses((status = 200, body = Guild), Guarded),
    security(("key" = []))
)]
async fn get_guild(ctx: &Ctx, request: &Request, guild: &str) -> Result<Response> {
    let access = access::enter(ctx, request, guild).await?;
    let guild = Guild { id: access.guild, name: &access.facts.name, rights: access.rights.iter().collect() };
    Response::of(200, &guild)
}

#[derive(OpenApi)]
#[openapi(paths(get_guild))]
pub struct Description;
