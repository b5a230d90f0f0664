//! Purpose: what the caller may do in a guild, as JSON: the first thing that a program asks.

use crate::{
    access::{self, Area, May},
    ctx::Ctx,
    error::Result,
    web::{Request, Response},
};
use serde::Serialize;
use std::collections::BTreeMap;
use twilight_model::id::{Id, marker::GuildMarker};

/// A guild as the caller sees it.
#[derive(Serialize)]
struct Guild<'a> {
    id: Id<GuildMarker>,
    name: &'a str,
    /// By area; what is missing is not allowed.
    rights: BTreeMap<Area, May>,
}

pub async fn on_request(ctx: &Ctx, request: &Request) -> Result<Option<Response>> {
    match (request.method.as_str(), &request.segments()[..]) {
        ("GET", ["guilds", guild]) => {
            let access = access::enter(ctx, request, guild).await?;
            let guild = Guild { id: access.guild, name: &access.facts.name, rights: access.rights.iter().collect() };
            Response::of(200, &guild).map(Some)
        }
        _ => Ok(None),
    }
}
