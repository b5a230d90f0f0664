//! Purpose: pictures for missions, uploaded by programs and by the mission's page.

use super::refuse;
use crate::{
    access::GuildAccess,
    ctx::Ctx,
    error::Result,
    media, time,
    web::{
        Request, Response,
        description::{Changing, IdempotencyKey, Snowflake, Time},
    },
};
use serde::Serialize;
use utoipa::ToSchema;

/// A picture that the server keeps.
#[derive(Serialize, ToSchema)]
#[schema(as = MissionPicture)]
pub struct Picture {
    /// What a mission's `image_url` takes.
    image_url: String,
    /// Where anybody sees it for an hour.
    url: String,
    #[schema(value_type = Time)]
    url_expires_at: String,
    width: u32,
    height: u32,
}

/// Keeps a picture for missions: JPEG, or PNG where the platforms take it, of at most 4 MB. It goes again when no mission uses it
/// within a day.
#[utoipa::path(
    post,
    path = "/api/v1/guilds/{guild}/media",
    tag = "Missions",
    params(("guild" = Snowflake, Path), ("Idempotency-Key" = Option<IdempotencyKey>, Header)),
    request_body(content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png")), description = "The file as it is."),
    responses((status = 201, body = Picture), Changing),
    security(("key" = []))
)]
pub async fn keep_picture(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let kept = match media::keep(ctx, access.guild, access.user, request.body.clone()).await {
        Ok(kept) => kept,
        Err(error) => return refuse(error),
    };
    let until = ctx.now() + media::ADDRESS_MS;
    let picture = Picture {
        image_url: kept.reference(),
        url: media::address(ctx, access.guild, &kept.reference(), until),
        url_expires_at: time::rfc3339(until),
        width: kept.image.width,
        height: kept.image.height,
    };
    Response::of(201, &picture)
}
