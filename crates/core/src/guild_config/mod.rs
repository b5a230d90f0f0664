//! Purpose: a guild's settings: typed, with defaults, in D1, with a cache that only serves what may be stale.
//!
//! Tables: guild_config, guild_config_versions. Reads for display use `cached`; a security decision takes `Fresh`, which only `fresh`
//! can make, so that the compiler keeps a stale value out of it.

pub mod check;
pub mod limits;
pub mod references;
pub mod store;
pub mod versions;
pub mod words;

use crate::{
    audit::{self, Author},
    ctx::Ctx,
    error::Result,
    ports::StatementResult,
    time_zone::Zone,
    web::description::Snowflake,
    xp::LevelSettings,
};
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, rc::Rc};
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, GuildMarker, RoleMarker},
};
use utoipa::ToSchema;

/// How long a display value may be old in one isolate.
const CACHE_MS: i64 = 30_000;
const CACHE_MAX: usize = 2_000;

/// Everything a guild can set. A missing field has its default, so that a new one needs no migration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct GuildConfig {
    /// IANA name; wall times are read and shown in it.
    pub time_zone: String,
    /// 0xRRGGBB.
    pub color: u32,
    /// People with one of these roles run giveaways without Manage Server.
    #[schema(value_type = Vec<Snowflake>)]
    pub giveaway_managers: Vec<Id<RoleMarker>>,
    #[schema(value_type = Option<Snowflake>)]
    pub giveaway_log_channel: Option<Id<ChannelMarker>>,
    /// Seconds a winner has to press Claim Prize.
    pub giveaway_claim_seconds: u32,
    /// How often unclaimed prizes are drawn again by themselves, per giveaway.
    pub giveaway_reroll_limit: u32,
    /// Days in which somebody who won is passed over; 0 for never.
    pub giveaway_winner_cooldown_days: u32,
    pub levels: LevelSettings,
}

impl Default for GuildConfig {
    fn default() -> Self {
        Self {
            time_zone: "UTC".to_owned(),
            color: crate::reply::DEFAULT_COLOR,
            giveaway_managers: Vec::new(),
            giveaway_log_channel: None,
            giveaway_claim_seconds: 300,
            giveaway_reroll_limit: 3,
            giveaway_winner_cooldown_days: 0,
            levels: LevelSettings::default(),
        }
    }
}

impl GuildConfig {
    pub fn zone(&self) -> Zone {
        crate::time::parse_zone(&self.time_zone).unwrap_or(Zone::UTC)
    }
}

/// A value read from D1 for this very act.
pub struct Fresh<'a, T: ?Sized>(&'a T);

impl<'a, T: ?Sized> Fresh<'a, T> {
    pub fn get(&self) -> &'a T {
        self.0
    }
}

impl<'a> Fresh<'a, [Id<RoleMarker>]> {
    /// Roles that run missions, from rules that were just read.
    pub fn managers(rules: &'a crate::points::rules::Rules) -> Self {
        Self(&rules.managers)
    }
}

impl Fresh<'static, [Id<RoleMarker>]> {
    /// No role stands in for the permission.
    pub fn nobody() -> Self {
        Self(&[])
    }
}

/// The configuration as D1 has it now.
pub struct FreshConfig(GuildConfig);

impl FreshConfig {
    pub fn giveaway_managers(&self) -> Fresh<'_, [Id<RoleMarker>]> {
        Fresh(&self.0.giveaway_managers)
    }

    pub fn config(&self) -> &GuildConfig {
        &self.0
    }
}

#[derive(Default)]
pub struct GuildConfigCache(HashMap<Id<GuildMarker>, (i64, Rc<GuildConfig>)>);

fn parse(row: Option<store::Row>) -> GuildConfig {
    // A document that an older or newer version wrote still reads: unknown fields are ignored, missing ones default.
    row.and_then(|row| crate::json::from_str(&row.settings).ok()).unwrap_or_default()
}

/// As D1 has it now; needed for every decision about rights.
pub async fn fresh(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<FreshConfig> {
    let row = ctx.query(store::get(guild)).await?.first()?;
    let config = parse(row);
    remember(ctx, guild, &config);
    Ok(FreshConfig(config))
}

/// At most 30 s old: for colours, time zones and default values.
pub async fn cached(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<Rc<GuildConfig>> {
    let now = ctx.now();
    if let Some((until, config)) = ctx.memory.guild_configs.borrow().0.get(&guild)
        && *until > now
    {
        return Ok(config.clone());
    }
    let row = ctx.query(store::get(guild)).await?.first()?;
    Ok(remember(ctx, guild, &parse(row)))
}

/// Those of several guilds, at most 30 s old, in one reading for all that are not known.
pub async fn cached_many(ctx: &Ctx, guilds: &[Id<GuildMarker>]) -> Result<HashMap<Id<GuildMarker>, Rc<GuildConfig>>> {
    let now = ctx.now();
    let mut known = HashMap::with_capacity(guilds.len());
    for guild in guilds {
        if let Some((until, config)) = ctx.memory.guild_configs.borrow().0.get(guild)
            && *until > now
        {
            known.insert(*guild, config.clone());
        }
    }
    let missing: Vec<_> = guilds.iter().filter(|guild| !known.contains_key(guild)).collect();
    if missing.is_empty() {
        return Ok(known);
    }
    let ids = serde_json::to_string(&missing).map_err(crate::Error::internal)?;
    let mut rows: HashMap<Id<GuildMarker>, store::Row> = HashMap::new();
    for row in ctx.query(store::list(&ids)).await?.all::<store::GuildRow>()? {
        rows.insert(row.guild_id, store::Row { settings: row.settings });
    }
    for guild in missing {
        known.insert(*guild, remember(ctx, *guild, &parse(rows.remove(guild))));
    }
    Ok(known)
}

fn remember(ctx: &Ctx, guild: Id<GuildMarker>, config: &GuildConfig) -> Rc<GuildConfig> {
    let config = Rc::new(config.clone());
    let mut cache = ctx.memory.guild_configs.borrow_mut();
    if cache.0.len() >= CACHE_MAX {
        cache.0.clear();
    }
    cache.0.insert(guild, (ctx.now() + CACHE_MS, config.clone()));
    config
}

/// How often an edit starts over because somebody else was quicker.
const EDITS_MAX: usize = 5;

/// Changes one part of the document for `author`, with a line in the audit log. `change` gets the document
/// as it stands now and gives the new JSON of the top-level field `field` and what the log says about before and after; it runs
/// again when somebody else changed the document meanwhile. A second delivery of the event changes nothing.
///
/// # Errors
/// What `change` refuses, and `Retryable` when others keep changing the document.
pub async fn edit(
    ctx: &Ctx,
    author: &Author,
    field: &str,
    target: &str,
    change: impl Fn(&GuildConfig) -> Result<Edit>,
) -> Result<()> {
    let guild = author.guild;
    let done = || audit::store::get_by_cause(guild, &author.cause, "config");
    let is_done = |result: &StatementResult| Ok::<_, crate::Error>(result.first::<audit::store::Row>()?.is_some());
    for _ in 0..EDITS_MAX {
        let results = ctx.batch(vec![store::get_versioned(guild), done()]).await?;
        let [row, known] = &results[..] else {
            return Err(crate::Error::internal("two results expected"));
        };
        if is_done(known)? {
            return Ok(());
        }
        let row: Option<store::VersionedRow> = row.first()?;
        let version = row.as_ref().map_or(0, |row| row.version);
        let edit = change(&parse(row.map(|row| store::Row { settings: row.settings })))?;
        let now = ctx.now();
        let entry = audit::store::Entry {
            guild_id: guild,
            at: now,
            actor_id: author.user,
            source: author.source,
            action: "config",
            target: target.to_owned(),
            before: Some(edit.before),
            after: Some(edit.after),
            cause: author.cause.clone(),
        };
        let value = edit.value.to_string();
        // Both hold for that version only, so either both happen or neither; the note first, while it is still that version.
        let note = audit::store::insert_if_config(&entry, version);
        let replace = store::replace_key(guild, &format!("$.{field}"), &value, now, version);
        let results = ctx.batch(vec![note, replace, store::note_cause(guild, &author.cause), done()]).await?;
        forget(ctx, guild);
        if results.last().map(is_done).transpose()?.unwrap_or_default() {
            return Ok(());
        }
    }
    Err(crate::Error::retryable("others keep changing the configuration"))
}

/// What an edit makes of a part of the document.
pub struct Edit {
    pub value: serde_json::Value,
    /// For the audit log.
    pub before: String,
    pub after: String,
}

/// Forgets what this isolate remembers, after a change.
pub fn forget(ctx: &Ctx, guild: Id<GuildMarker>) {
    ctx.memory.guild_configs.borrow_mut().0.remove(&guild);
}
