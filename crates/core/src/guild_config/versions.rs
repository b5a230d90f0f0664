//! Purpose: a configuration as a whole document with a version: read, replaced, and looked up as it was.
//!
//! Whoever replaces it says which version they looked at; nobody overwrites what they have not seen.

use super::{GuildConfig, forget, store, words::Change};
use crate::{
    audit::{self, Author},
    ctx::Ctx,
    error::{Error, Result},
    ports::StatementResult,
    text::shorten,
};
use serde_json::{Map, Value};
use twilight_model::id::{Id, marker::GuildMarker};

/// Characters of what the audit log says about a change: every setting has its history besides.
const NOTE_MAX: usize = 1_500;

/// A configuration and the version that it is; 0 for a guild that never changed anything.
#[derive(Debug, Clone, PartialEq)]
pub struct Versioned {
    pub version: i64,
    pub config: GuildConfig,
    /// As it is stored.
    raw: String,
}

impl Versioned {
    fn of(row: Option<store::VersionedRow>) -> Self {
        let (version, raw) = row.map_or_else(|| (0, "{}".to_owned()), |row| (row.version, row.settings));
        Self { version, config: read(&raw), raw }
    }
}

/// A stored document as settings.
pub fn read(settings: &str) -> GuildConfig {
    crate::json::from_str(settings).unwrap_or_default()
}

/// As D1 has it now.
///
/// # Errors
/// When D1 does not answer.
pub async fn current(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<Versioned> {
    Ok(Versioned::of(ctx.query(store::get_versioned(guild)).await?.first()?))
}

/// As it was; `None` when that version is not kept. Version 0 is nothing but defaults.
///
/// # Errors
/// When D1 does not answer.
pub async fn at(ctx: &Ctx, guild: Id<GuildMarker>, version: i64) -> Result<Option<GuildConfig>> {
    if version == 0 {
        return Ok(Some(GuildConfig::default()));
    }
    let row: Option<store::Row> = ctx.query(store::get_version(guild, version)).await?.first()?;
    Ok(row.map(|row| read(&row.settings)))
}

/// The stored document with what is different in `after`: what a newer Worker wrote beside that stays.
fn merged(before: &Versioned, after: &GuildConfig) -> Result<String> {
    let (was, is) = (to_map(&before.config)?, to_map(after)?);
    let mut stored: Map<String, Value> = serde_json::from_str(&before.raw).unwrap_or_default();
    for (field, value) in is {
        if was.get(&field) != Some(&value) {
            stored.insert(field, value);
        }
    }
    serde_json::to_string(&stored).map_err(Error::internal)
}

fn to_map(config: &GuildConfig) -> Result<Map<String, Value>> {
    match crate::json::to_value(config).map_err(Error::internal)? {
        Value::Object(map) => Ok(map),
        _ => Err(Error::internal("settings are an object")),
    }
}

/// Puts `after` in the place of `before` for `author`, with a line in the audit log that says `target` and `changes`. A second
/// delivery of the same event changes nothing. Gives the version that holds then.
///
/// # Errors
/// `Stale` when it is not `before` any more.
pub async fn replace(
    ctx: &Ctx,
    author: &Author,
    before: &Versioned,
    after: &GuildConfig,
    target: &str,
    changes: &[Change],
) -> Result<i64> {
    let guild = author.guild;
    let now = ctx.now();
    let side = |side: fn(&Change) -> &str| {
        let lines: Vec<String> = changes.iter().map(|one| format!("{}: {}", one.label, side(one))).collect();
        Some(shorten(&lines.join(" · "), NOTE_MAX))
    };
    let entry = audit::store::Entry {
        guild_id: guild,
        at: now,
        actor_id: author.user,
        source: author.source,
        action: "config",
        target: target.to_owned(),
        before: side(|one| &one.before),
        after: side(|one| &one.after),
        cause: author.cause.clone(),
    };
    // All hold for that version only; the note first, while it is still that version.
    let results = ctx
        .batch(vec![
            audit::store::insert_if_config(&entry, before.version),
            store::replace_document(guild, &merged(before, after)?, now, before.version),
            store::note_cause(guild, &author.cause),
            audit::store::get_by_cause(guild, &author.cause, entry.action),
            store::get_versioned(guild),
        ])
        .await?;
    forget(ctx, guild);
    let [_, _, _, done, now] = &results[..] else { return Err(Error::internal("five results expected")) };
    let is_done = |result: &StatementResult| Ok::<_, Error>(result.first::<audit::store::Row>()?.is_some());
    if !is_done(done)? {
        return Err(Error::Stale);
    }
    Ok(now.first::<store::VersionedRow>()?.map_or(0, |row| row.version))
}
