//! Purpose: the id of a post that is there and came without one, asked for later and later until it is known: without it the post has no
//! link, and its views and reactions cannot be counted. Cursor: `asks` of the row.

use super::{Scene, address, postpone, send, sought, write};
use crate::{
    ctx::Ctx,
    error::Result,
    features::missions::{
        rounds::{self, polls},
        store::Post,
    },
    social::{Choice, Found, Kind, Refusal, tokens},
};

const MINUTE_MS: i64 = 60_000;
/// TikTok looks at public posts first, mostly for less than a minute and sometimes for hours ("Get Post Status"). Two days in all.
const WAITS_MS: [i64; 9] = [
    MINUTE_MS,
    2 * MINUTE_MS,
    5 * MINUTE_MS,
    15 * MINUTE_MS,
    60 * MINUTE_MS,
    3 * 60 * MINUTE_MS,
    6 * 60 * MINUTE_MS,
    12 * 60 * MINUTE_MS,
    24 * 60 * MINUTE_MS,
];

/// When the id of a post that is there now is asked for first: at once where a person has given its address.
pub fn first(ctx: &Ctx, kind: Kind, post: &Post) -> Option<i64> {
    let wait = if post.url.is_empty() { WAITS_MS[0] } else { 0 };
    kind.platform().tells_id_later(&post.container, &Choice::of(&post.privacy).privacy).then(|| ctx.now() + wait)
}

/// Asks once.
pub async fn ask(ctx: &Ctx, mut post: Post, scene: &Scene<'_>) -> Result<()> {
    let Some(request) = scene.platform.ask_id(&scene.acting(), &post.container) else {
        return give_up(ctx, post).await;
    };
    let sought = sought(&post);
    match send(ctx, request, |answer| scene.platform.read_late_id(answer, &sought)).await {
        Ok(Found::Post(id)) => {
            if post.url.is_empty() {
                post.url = address(ctx, scene, &id).await;
            }
            post.post_ref = id;
            (post.due_at, post.lease_until) = (None, 0);
            let poll = rounds::store::insert_poll(&post, ctx.now() + polls::interval(scene.kind));
            write(ctx, post, vec![poll]).await
        }
        Err(Refusal::Token) if tokens::refused(ctx, &scene.account).await? => give_up(ctx, post).await,
        Err(Refusal::Later(wait)) => later(ctx, post, wait).await,
        _ => later(ctx, post, 0).await,
    }
}

/// Asks again when the next wait is over, and after `least` at the earliest; after the last not any more.
pub async fn later(ctx: &Ctx, mut post: Post, least: i64) -> Result<()> {
    let wait = usize::try_from(post.asks).ok().and_then(|asks| WAITS_MS.get(asks)).copied();
    post.asks += 1;
    match wait {
        Some(wait) => postpone(ctx, post, wait.max(least)).await,
        None => give_up(ctx, post).await,
    }
}

/// The post stays as it is, without a link or counts.
pub async fn give_up(ctx: &Ctx, mut post: Post) -> Result<()> {
    (post.due_at, post.lease_until) = (None, 0);
    write(ctx, post, Vec::new()).await
}
