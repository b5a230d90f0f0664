//! Purpose: what a guild's clock does with a due row: hand it to the `timer` door, and decide when to ask again.

use crate::{
    ctx::Ctx,
    ports::{Level, Timer},
};
use serde_json::json;
use twilight_model::id::{Id, marker::GuildMarker};

/// The platform's own retries end after two minutes, so the clock keeps its own: 2 s, 4 s, … up to 5 minutes.
const FIRST_RETRY_MS: i64 = 2_000;
const MAX_RETRY_MS: i64 = 300_000;
/// The least pause after a limit.
const LIMITED_MS: i64 = 250;

/// What to do with the timer afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    Done,
    Again { due_at: i64, attempts: u32 },
}

/// Whether a timer that is armed already stands when `new` is armed for the same row: waking too early does no harm, the
/// row says when it is due, but presses that each arm "in five seconds" must not put the waking off for ever.
/// One whose time has come is being handled, and is armed anew.
pub fn stands(known: &Timer, new: &Timer, now: i64) -> bool {
    known.due_at > now && known.due_at <= new.due_at
}

/// Never fails: a row that cannot be handled now is asked again later, and the log says why.
pub async fn wake(ctx: &Ctx, guild: Id<GuildMarker>, timer: &Timer, attempts: u32) -> Wake {
    match crate::timer(ctx, guild, timer).await {
        Ok(None) => Wake::Done,
        Ok(Some(due_at)) => Wake::Again { due_at, attempts: 0 },
        // Discord says when: doubling the pause would let whoever asks meanwhile be first every time.
        Err(error) if error.later_ms().is_some() => {
            let pause = error.later_ms().unwrap_or_default().clamp(LIMITED_MS, MAX_RETRY_MS);
            let fields = json!({ "guild": guild, "feature": timer.feature, "timer": timer.id, "pause_ms": pause });
            ctx.warn("timer waits for Discord's limit", fields);
            Wake::Again { due_at: ctx.now() + pause, attempts }
        }
        Err(error) => {
            let retry = (FIRST_RETRY_MS << attempts.min(16)).min(MAX_RETRY_MS);
            let fields = json!({
                "guild": guild, "feature": timer.feature, "timer": timer.id, "attempts": attempts + 1,
                "retry_ms": retry, "error": error.to_string(),
            });
            ctx.log.write(Level::Error, "timer failed", fields);
            Wake::Again { due_at: ctx.now() + retry, attempts: attempts + 1 }
        }
    }
}
