//! Purpose: the log of missions in a channel: every post, change of counts and change of points, many to a message.
//!
//! Triggers note them (`mission_notes`) where the guild has a log (`mission_logs`); a minute later they are posted and forgotten in one
//! transaction.

use super::{store, store::Note};
use crate::{
    ctx::Ctx,
    error::{Error, Result},
    features::missions::{NAME, view},
    guild_config,
    outbox::{self, Effect, EffectKind},
};
use twilight_model::id::{Id, marker::GuildMarker};

/// Lines of one message: an embed's description holds 4,096 characters (Discord, "Embed limits"), and a line has at most 200.
const LINES: usize = 20;
/// Between two messages while more waits: far below the five messages in five seconds that a channel takes.
const PAUSE_MS: i64 = 5_000;

/// Something is to be posted. Gives when the next is.
pub async fn on_timer(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<Option<i64>> {
    let results = ctx.batch(vec![store::get_log(guild), store::list_notes(guild, LINES + 1)]).await?;
    let [log, notes] = &results[..] else { return Err(Error::internal("two results expected")) };
    let Some(log) = log.first::<store::LogRow>()? else { return Ok(None) };
    let now = ctx.now();
    match log.due_at {
        None => return Ok(None),
        Some(due) if due > now => return Ok(Some(due)),
        Some(_) => {}
    }
    let mut notes: Vec<Note> = notes.all()?;
    let next = (notes.len() > LINES).then_some(now + PAUSE_MS);
    notes.truncate(LINES);
    let Some(last) = notes.last().map(|note| note.id) else {
        ctx.query(store::set_log_due(guild, 0, None)).await?;
        return Ok(None);
    };
    let post = Effect {
        guild_id: guild,
        feature: NAME,
        key: format!("missions:log:{guild}:{last}"),
        reference: String::new(),
        kind: EffectKind::Post {
            channel: log.channel_id,
            body: view::log(&notes, last, guild_config::cached(ctx, guild).await?.color).create_body(),
            marker: view::log_marker(last),
        },
    };
    let prepared = outbox::prepare_many(ctx, std::slice::from_ref(&post));
    let statements = vec![prepared.statement, store::delete_notes(guild, last), store::set_log_due(guild, last, next)];
    match ctx.batch(statements).await {
        Ok(_) => outbox::deliver_soon(ctx, prepared.ids),
        // Somebody else posted it.
        Err(error) if error.is_conflict() => {}
        Err(error) => return Err(error),
    }
    Ok(next)
}
