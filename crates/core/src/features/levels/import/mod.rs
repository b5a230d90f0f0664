//! Purpose: totals taken over from another bot: previewed, confirmed once, and written some at a time by the guild's clock.

pub mod parse;
pub mod store;
pub mod view;

use super::{NAME, settings, store as levels, sync};
use crate::{
    audit::{self, Author},
    ctx::Ctx,
    error::{Error, Result},
    guild_config,
    leaderboard::changed_at,
    ports::{StatementResult, Timer},
};
use parse::Parsed;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use store::{Mode, Row, RunningRow, SliceRow};
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

/// Timers of imports are this and the import's id.
const TIMER: &str = "import.";
/// Entries per step: one statement reads the members, one writes them.
const PER_STEP: u32 = 500;
const STEP_PAUSE_MS: i64 = 1_000;
/// Members asked for at once.
const LIST_MAX: usize = 2_000;
/// How long a preview may be confirmed.
const PREVIEW_MS: i64 = 15 * 60_000;

/// A file, kept until somebody confirms it, and what its members have now.
pub struct Preview {
    pub row: Row,
    pub parsed: Parsed,
    pub totals: HashMap<Id<UserMarker>, u64>,
}

impl Preview {
    fn now(&self, user: u64) -> u64 {
        Id::new_checked(user).and_then(|user| self.totals.get(&user)).copied().unwrap_or_default()
    }

    /// What each member of the file has now and would have.
    pub fn steps(&self) -> impl Iterator<Item = (u64, u64, u64)> {
        self.parsed.entries.iter().map(|entry| {
            let now = self.now(entry.user);
            (entry.user, now, parse::total_after(self.row.mode, now, entry.xp))
        })
    }

    /// How many members of the file have nothing here yet.
    pub fn newcomers(&self) -> usize {
        self.parsed.entries.len().saturating_sub(self.totals.len())
    }

    /// How many totals would change, and how many of them to less.
    pub fn changes(&self) -> (usize, usize) {
        let changed = self.steps().filter(|(_, now, after)| now != after).count();
        (changed, self.steps().filter(|(_, now, after)| after < now).count())
    }

    /// The steps of those with most in the file, the first `count` of them.
    pub fn best(&self, count: usize) -> Vec<(u64, u64, u64)> {
        let mut all: Vec<_> = self.parsed.entries.iter().zip(self.steps()).collect();
        all.sort_by_key(|(entry, _)| (std::cmp::Reverse(entry.xp), entry.user));
        all.into_iter().take(count).map(|(_, step)| step).collect()
    }
}

/// Reads a file and keeps it for a while. Nobody's total changes.
///
/// # Errors
/// `User` with what is wrong with the file.
pub async fn preview(
    ctx: &Ctx,
    guild: Id<GuildMarker>,
    actor: Id<UserMarker>,
    text: &str,
    mode: Mode,
) -> Result<Preview> {
    let parsed = parse::parse(text).map_err(Error::User)?;
    let entries: Vec<_> =
        parsed.entries.iter().map(|entry| json!([entry.user.to_string(), entry.xp, entry.messages])).collect();
    let entries = json!(entries).to_string();
    let digest = Sha256::digest(format!("{} {entries}", mode.as_str()).as_bytes());
    let row = Row {
        id: ctx.random_hex(8),
        mode,
        digest: hex::encode(&digest[..8]),
        total: parsed.entries.len() as u64,
        expires_at: ctx.now() + PREVIEW_MS,
        started_at: None,
        position: 0,
        changed: 0,
    };
    let users: Vec<_> = parsed.entries.iter().filter_map(|entry| Id::new_checked(entry.user)).collect();
    let totals = totals(ctx, guild, &users).await?;
    let now = ctx.now();
    ctx.batch(vec![store::delete_expired(guild, now), store::insert(&row, guild, actor, now, &entries)]).await?;
    Ok(Preview { row, parsed, totals })
}

/// Confirms a preview; doing so again changes nothing. `None` where there is none of that content, `started_at` is `None` where it
/// came too late.
///
/// # Errors
/// When D1 or the guild's clock does not answer.
pub async fn start(ctx: &Ctx, author: &Author, id: &str, digest: &str) -> Result<Option<Row>> {
    let (guild, now) = (author.guild, ctx.now());
    let config = guild_config::cached(ctx, guild).await?;
    let start =
        vec![store::start(guild, id, digest, now), settings::add_guild(ctx, guild, &config), store::get(guild, id)];
    let results = ctx.batch(start).await?;
    let row: Option<Row> = results.last().map(|result| result.first()).transpose()?.flatten();
    let row = row.filter(|row| row.digest == digest);
    if row.as_ref().is_some_and(|row| row.started_at.is_some()) {
        ctx.query(audit::store::insert(&audit::store::Entry {
            guild_id: guild,
            at: now,
            actor_id: author.user,
            source: author.source,
            action: "levels",
            target: "import".to_owned(),
            before: None,
            after: Some(format!("file {digest}")),
            cause: format!("import:{id}"),
        }))
        .await?;
        arm(ctx, guild, id).await?;
    }
    Ok(row)
}

/// What the members of an import have in total now, where they have anything.
pub async fn totals(
    ctx: &Ctx,
    guild: Id<GuildMarker>,
    users: &[Id<UserMarker>],
) -> Result<HashMap<Id<UserMarker>, u64>> {
    let mut known = HashMap::new();
    for chunk in users.chunks(LIST_MAX) {
        let asked: Vec<_> = chunk.iter().map(|user| json!([guild, user])).collect();
        let members: Vec<levels::Member> = ctx.query(levels::list(&json!(asked).to_string())).await?.all()?;
        known.extend(members.into_iter().map(|member| (member.user_id, member.total())));
    }
    Ok(known)
}

/// Has the guild's clock begin; should that be lost, the sweeper finds the row.
pub async fn arm(ctx: &Ctx, guild: Id<GuildMarker>, id: &str) -> Result<()> {
    let timer = Timer { feature: NAME.to_owned(), id: format!("{TIMER}{id}"), due_at: ctx.now() };
    ctx.timers.arm(guild, vec![timer]).await.map_err(Error::retryable)
}

/// The timers of imports that are not written to the end, out of what [`store::list_running`] gave.
pub fn overdue(found: &StatementResult) -> Result<Vec<(Id<GuildMarker>, Timer)>> {
    let rows: Vec<RunningRow> = found.all()?;
    let timer = |row: RunningRow| {
        (row.guild_id, Timer { feature: NAME.to_owned(), id: format!("{TIMER}{}", row.id), due_at: row.due_at })
    };
    Ok(rows.into_iter().map(timer).collect())
}

/// Writes the next entries of an import. The statement that writes and the one that notes how far it is hold for the same
/// position only, in one transaction: whoever comes second writes nothing.
pub async fn on_timer(ctx: &Ctx, guild: Id<GuildMarker>, timer: &str) -> Result<Option<i64>> {
    let Some(id) = timer.strip_prefix(TIMER) else { return Ok(None) };
    let row: Option<Row> = ctx.query(store::get(guild, id)).await?.first()?;
    let Some(row) = row.filter(|row| row.started_at.is_some() && !row.is_done()) else { return Ok(None) };
    let slice: Option<SliceRow> = ctx.query(store::slice(guild, id, row.position, PER_STEP)).await?.first()?;
    let entries: Vec<(Id<UserMarker>, u64, u64)> = slice
        .map(|slice| crate::json::from_str(&slice.entries))
        .transpose()
        .map_err(Error::internal)?
        .unwrap_or_default();
    let config = guild_config::fresh(ctx, guild).await?;
    let levels = &config.config().levels;
    let users: Vec<_> = entries.iter().map(|(user, ..)| *user).collect();
    let totals = totals(ctx, guild, &users).await?;
    let mut changes = 0;
    let mut rows = Vec::with_capacity(entries.len());
    for (user, xp, messages) in &entries {
        let now = totals.get(user).copied().unwrap_or_default();
        changes += u64::from(parse::total_after(row.mode, now, *xp) != now);
        rows.push(json!([user, xp, messages, parse::level_after(levels.curve, row.mode, now, *xp)]));
    }
    let due = (!levels.rewards.is_empty()).then(|| ctx.now());
    // A row whose list is shorter than its number says is done with what there is.
    let by = if entries.len() < PER_STEP as usize { row.total - row.position } else { entries.len() as u64 };
    ctx.batch(vec![
        store::write(guild, &row, &json!(rows).to_string(), due, changed_at(ctx.now())),
        store::advance(guild, &row, by, changes),
    ])
    .await?;
    if row.position + by < row.total {
        return Ok(Some(ctx.now() + STEP_PAUSE_MS));
    }
    if due.is_some() {
        sync::arm(ctx, guild).await?;
    }
    Ok(None)
}
