//! Purpose: what levels keeps about one member, for them to read, and forgetting it.

mod store;

use super::store as levels;
use crate::{ctx::Ctx, error::Result, outbox, time};
use serde_json::{Map, Value, json};
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

pub async fn export(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<Option<Value>> {
    let results = ctx.batch(vec![store::get_everything(guild, user), store::list_wins(guild, user)]).await?;
    let [row, wins] = &results[..] else {
        return Ok(None);
    };
    let mut row: Option<Map<String, Value>> = row.first()?;
    let wins: Vec<store::Win> = wins.all()?;
    if row.is_none() && wins.is_empty() {
        return Ok(None);
    }
    let wins: Vec<Value> = wins
        .iter()
        .map(|win| json!({ "span": win.span, "period": win.period, "closed_at": time::rfc3339(win.closed_at) }))
        .collect();
    if let Some(decisions) = row.as_mut().and_then(|row| row.get_mut("last_decisions")) {
        *decisions = decisions.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    }
    Ok(Some(json!({ "member": row, "named_among_winners": wins })))
}

/// A report of the gateway that comes later carries what was earned since the one before, never a total: it brings nothing back.
pub async fn forget(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<Option<String>> {
    let statements = vec![
        // The ranked index follows changes; of what is gone it hears by being made anew.
        store::bump_index_if_known(guild, user),
        levels::delete(guild, user),
        store::strike_wins(guild, user),
        outbox::store::delete_by_prefix(&format!("levels:{guild}:{user}:")),
    ];
    let results = ctx.batch(statements).await?;
    let changed = |index: usize| results.get(index).is_some_and(|result| result.changes > 0);
    Ok((changed(1) || changed(2)).then(|| {
        "Your experience, levels and places are deleted. Roles that you have for levels stay until the server takes them."
            .to_owned()
    }))
}
