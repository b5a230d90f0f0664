//! Purpose: what giveaways keep about one member, for them to read, and forgetting what nothing depends on.

mod store;

use crate::{ctx::Ctx, error::Result, text::count, time};
use serde_json::{Value, json};
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

/// Rows of each kind in an export, newest first.
const ROWS_MAX: u32 = 2_000;
/// How long an old press may still be delivered: its entry remembers that it was overtaken.
const PRESS_LIVES_MS: i64 = 20 * 60_000;

/// The team's note on an exclusion is theirs and not in it; that there is one, and since when, is.
pub async fn export(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<Option<Value>> {
    let statements = vec![
        store::list_entries_of(guild, user, ROWS_MAX),
        store::list_picks_of(guild, user, ROWS_MAX),
        store::list_hosted_by(guild, user, ROWS_MAX),
        store::get_exclusion(guild, user),
    ];
    let results = ctx.batch(statements).await?;
    let [entries, picks, hosted, exclusion] = &results[..] else {
        return Ok(None);
    };
    let entries: Vec<store::EntryOf> = entries.all()?;
    let picks: Vec<store::PickOf> = picks.all()?;
    let hosted: Vec<store::HostedBy> = hosted.all()?;
    let exclusion: Option<store::Exclusion> = exclusion.first()?;
    if entries.is_empty() && picks.is_empty() && hosted.is_empty() && exclusion.is_none() {
        return Ok(None);
    }
    let entry = |row: &store::EntryOf| {
        let left = row.left_at.map(time::rfc3339);
        json!({ "giveaway": row.id, "prize": row.prize, "entries": row.weight, "entered_at": time::rfc3339(row.entered_at), "left_at": left })
    };
    let pick = |row: &store::PickOf| json!({ "giveaway": row.id, "prize": row.prize, "outcome": row.outcome, "reason": row.reason, "at": time::rfc3339(row.at) });
    let host = |row: &store::HostedBy| json!({ "giveaway": row.id, "prize": row.prize, "started_at": time::rfc3339(row.created_at) });
    Ok(Some(json!({
        "entries": entries.iter().map(entry).collect::<Vec<_>>(),
        "drawn": picks.iter().map(pick).collect::<Vec<_>>(),
        "hosted": hosted.iter().map(host).collect::<Vec<_>>(),
        "excluded_since": exclusion.map(|row| time::rfc3339(row.added_at)),
    })))
}

pub async fn forget(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<Option<String>> {
    let before = ctx.now() - PRESS_LIVES_MS;
    let statements = vec![
        store::hide_in_log(guild, user, before),
        store::uncount_cancelled(guild, user),
        store::delete_spare_entries(guild, user, before),
        store::count_left(guild, user),
    ];
    let results = ctx.batch(statements).await?;
    let deleted = results.get(2).map_or(0, |result| result.changes);
    let left: Option<store::Left> = results.get(3).map(|result| result.first()).transpose()?.flatten();
    let left = left.unwrap_or_default();
    let mut said = Vec::new();
    if deleted > 0 {
        said.push(format!("{} deleted.", count(deleted, "giveaway entry is", "giveaway entries are")));
    }
    if left.running > 0 {
        let running = count(left.running.into(), "running giveaway", "running giveaways");
        said.push(format!("You are still in {running}: press Leave there, and ask again later."));
    }
    if left.drawn > 0 {
        let drawn = count(left.drawn.into(), "finished giveaway", "finished giveaways");
        said.push(format!("Your entry in {drawn} stays: the draw can only be checked with the whole list."));
    }
    if left.hosted > 0 {
        said.push("Giveaways that you hosted stay with your name.".to_owned());
    }
    if left.excluded > 0 {
        said.push("That you are excluded from giveaways here stays: the server's team decided it.".to_owned());
    }
    Ok((!said.is_empty()).then(|| said.join(" ")))
}
