//! Purpose: the SQL of giveaways, one function per statement.

use crate::{sql::Statement, sql::Value};
use serde::{Deserialize, Serialize};
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

pub use super::rules::state::{Giveaway, Outcome, Pick, State};

macro_rules! columns {
    () => {
        "id, guild_id, channel_id, message_id, host_id, interaction_id, prize, description, image_url, mention_role, \
         winners, requirements, min_entrants, too_few, extensions, claim_seconds, reroll_limit, rerolls_used, \
         winner_cooldown_days, state, created_at, duration_ms, ends_at, paused_left_ms, due_at, version, seed, \
         commitment, entrant_count, entrants_hash, open_slots, picks_drawn"
    };
}

pub fn get(guild: Id<GuildMarker>, id: &str) -> Statement {
    Statement::new(concat!("SELECT ", columns!(), " FROM giveaways WHERE id = ?1 AND guild_id = ?2"))
        .bind(id)
        .bind(guild)
}

/// The public proof is found by its unguessable id alone; nothing is changed through it.
pub fn get_for_proof(id: &str) -> Statement {
    Statement::new(concat!("SELECT ", columns!(), " FROM giveaways WHERE id = ?1")).bind(id)
}

pub fn get_by_interaction(guild: Id<GuildMarker>, interaction: &str) -> Statement {
    Statement::new(concat!("SELECT ", columns!(), " FROM giveaways WHERE interaction_id = ?1 AND guild_id = ?2"))
        .bind(interaction)
        .bind(guild)
}

/// Running ones first, then the newest; `offset` pages.
pub fn list(guild: Id<GuildMarker>, limit: u32, offset: u32) -> Statement {
    Statement::new(concat!(
        "SELECT ",
        columns!(),
        " FROM giveaways WHERE guild_id = ?1
          ORDER BY state IN ('finished', 'cancelled'), created_at DESC LIMIT ?2 OFFSET ?3"
    ))
    .bind(guild)
    .bind(limit)
    .bind(offset)
}

/// Giveaways that are not over, or those that are, the newest first; after `after`, which is the last one's time of start and id.
pub fn list_after(guild: Id<GuildMarker>, is_over: bool, after: (i64, &str), limit: u32) -> Statement {
    let text = if is_over {
        concat!(
            "SELECT ",
            columns!(),
            " FROM giveaways WHERE guild_id = ?1 AND (created_at, id) < (?2, ?3)
              AND state IN ('finished', 'cancelled') ORDER BY created_at DESC, id DESC LIMIT ?4"
        )
    } else {
        concat!(
            "SELECT ",
            columns!(),
            " FROM giveaways WHERE guild_id = ?1 AND (created_at, id) < (?2, ?3)
              AND state NOT IN ('finished', 'cancelled') ORDER BY created_at DESC, id DESC LIMIT ?4"
        )
    };
    Statement::new(text).bind(guild).bind(after.0).bind(after.1).bind(limit)
}

#[derive(Debug, Deserialize)]
pub struct Choice {
    pub id: String,
    pub prize: String,
    pub state: State,
}

/// For autocomplete: the newest whose prize or id contains `text` (instr, not LIKE: D1 limits patterns to 50 bytes).
/// SQLite lowers ASCII only, so that other scripts are found as they are written.
pub fn search(guild: Id<GuildMarker>, text: &str) -> Statement {
    Statement::new(
        "SELECT id, prize, state FROM giveaways
         WHERE guild_id = ?1 AND (?2 = '' OR instr(lower(prize), ?2) > 0 OR instr(prize, ?3) > 0 OR id = ?2)
         ORDER BY state IN ('finished', 'cancelled'), created_at DESC LIMIT 25",
    )
    .bind(guild)
    .bind(text.to_lowercase())
    .bind(text)
}

#[derive(Debug, Deserialize)]
pub struct DueRow {
    pub guild_id: Id<GuildMarker>,
    pub id: String,
    pub due_at: i64,
}

pub fn list_due(before: i64, limit: u32) -> Statement {
    Statement::new(
        "SELECT guild_id, id, due_at FROM giveaways WHERE due_at IS NOT NULL AND due_at <= ?1 ORDER BY due_at LIMIT ?2",
    )
    .bind(before)
    .bind(limit)
}

pub fn insert(g: &Giveaway) -> Statement {
    let mut statement = Statement::new(concat!(
        "INSERT INTO giveaways (",
        columns!(),
        ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
           ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32)"
    ));
    let values: [Value; 32] = [
        (&g.id).into(),
        g.guild_id.into(),
        g.channel_id.into(),
        g.message_id.clone().into(),
        g.host_id.into(),
        (&g.interaction_id).into(),
        (&g.prize).into(),
        (&g.description).into(),
        g.image_url.clone().into(),
        g.mention_role.into(),
        g.winners.into(),
        (&g.requirements).into(),
        g.min_entrants.into(),
        (&g.too_few).into(),
        g.extensions.into(),
        g.claim_seconds.into(),
        g.reroll_limit.into(),
        g.rerolls_used.into(),
        g.winner_cooldown_days.into(),
        g.state.as_str().into(),
        g.created_at.into(),
        g.duration_ms.into(),
        g.ends_at.into(),
        g.paused_left_ms.into(),
        g.due_at.into(),
        g.version.into(),
        (&g.seed).into(),
        (&g.commitment).into(),
        g.entrant_count.into(),
        g.entrants_hash.clone().into(),
        (&g.open_slots).into(),
        g.picks_drawn.into(),
    ];
    statement.params.extend(values);
    statement
}

/// Everything that may change, as version `g.version + 1`. The log row of that version is the lock: whoever commits
/// it second is rolled back. `entrant_count` belongs to the triggers and `message_id` to the delivery.
pub fn update(g: &Giveaway) -> Statement {
    Statement::new(
        "UPDATE giveaways SET prize = ?4, description = ?5, image_url = ?6, winners = ?7, extensions = ?8,
           claim_seconds = ?9, reroll_limit = ?10, rerolls_used = ?11, state = ?12, duration_ms = ?13, ends_at = ?14,
           paused_left_ms = ?15, due_at = ?16, entrants_hash = ?17, open_slots = ?18, picks_drawn = ?19,
           version = version + 1
         WHERE id = ?1 AND guild_id = ?2 AND version = ?3",
    )
    .bind(&g.id)
    .bind(g.guild_id)
    .bind(g.version)
    .bind(&g.prize)
    .bind(&g.description)
    .bind(g.image_url.clone())
    .bind(g.winners)
    .bind(g.extensions)
    .bind(g.claim_seconds)
    .bind(g.reroll_limit)
    .bind(g.rerolls_used)
    .bind(g.state.as_str())
    .bind(g.duration_ms)
    .bind(g.ends_at)
    .bind(g.paused_left_ms)
    .bind(g.due_at)
    .bind(g.entrants_hash.clone())
    .bind(&g.open_slots)
    .bind(g.picks_drawn)
}

pub fn set_message(guild: Id<GuildMarker>, id: &str, message: &str) -> Statement {
    Statement::new("UPDATE giveaways SET message_id = ?3 WHERE id = ?1 AND guild_id = ?2")
        .bind(id)
        .bind(guild)
        .bind(message)
}

/// A step. Plain INSERT on purpose: a version or cause that is there already rolls the whole batch back.
pub struct LogRow<'a> {
    pub giveaway_id: &'a str,
    pub guild_id: Id<GuildMarker>,
    /// The version this step makes; `None` for a line that belongs to another step.
    pub version: Option<i64>,
    pub at: i64,
    pub actor_id: Option<Id<UserMarker>>,
    pub action: &'a str,
    pub detail: &'a str,
    pub cause: Option<String>,
}

pub fn insert_log(row: &LogRow<'_>) -> Statement {
    Statement::new(
        "INSERT INTO giveaway_log (giveaway_id, guild_id, version, at, actor_id, action, detail, cause)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )
    .bind(row.giveaway_id)
    .bind(row.guild_id)
    .bind(row.version)
    .bind(row.at)
    .bind(row.actor_id)
    .bind(row.action)
    .bind(row.detail)
    .bind(row.cause.clone())
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LogLine {
    pub at: i64,
    pub actor_id: Option<String>,
    pub action: String,
    pub detail: String,
}

pub fn list_log(guild: Id<GuildMarker>, id: &str, limit: u32) -> Statement {
    Statement::new(
        "SELECT at, actor_id, action, detail FROM giveaway_log WHERE giveaway_id = ?1 AND guild_id = ?2
         ORDER BY giveaway_log.id LIMIT ?3",
    )
    .bind(id)
    .bind(guild)
    .bind(limit)
}

/// A line of the log as the dashboard shows it.
#[derive(Debug, Deserialize)]
pub struct LogEntry {
    pub id: i64,
    pub at: i64,
    pub actor_id: Option<String>,
    pub action: String,
    pub detail: String,
    /// `dashboard`, `api`, `discord`, or empty for what Muster did by itself.
    pub source: String,
}

/// The newest lines with ids below `before`. Where a step came from stands at the beginning of its cause.
pub fn list_log_before(guild: Id<GuildMarker>, id: &str, before: i64, limit: u32) -> Statement {
    Statement::new(
        "SELECT id, at, actor_id, action, detail,
           CASE WHEN actor_id IS NULL THEN '' WHEN cause LIKE 'dashboard:%' THEN 'dashboard'
                WHEN cause LIKE 'api:%' THEN 'api' ELSE 'discord' END AS source
         FROM giveaway_log WHERE giveaway_id = ?1 AND guild_id = ?2 AND giveaway_log.id < ?3
         ORDER BY giveaway_log.id DESC LIMIT ?4",
    )
    .bind(id)
    .bind(guild)
    .bind(before)
    .bind(limit)
}

#[derive(Debug, Deserialize)]
pub struct CauseRow {}

/// Whether this interaction already made its step.
pub fn get_log_by_cause(cause: &str) -> Statement {
    Statement::new("SELECT 1 FROM giveaway_log WHERE cause = ?1").bind(cause)
}

/// Enters, leaves or returns, in one statement that looks at everything that can have changed since the definition was
/// read: state, end, version, blacklist. Only an interaction newer than the last one counts (snowflakes grow with
/// time), so that late and repeated deliveries change nothing. A second press within `?7` ms is a double click.
pub fn toggle_entry(
    g: &Giveaway,
    user: Id<UserMarker>,
    weight: u32,
    interaction: &str,
    now: i64,
    double_ms: i64,
) -> Statement {
    Statement::new(
        "INSERT INTO giveaway_entries (giveaway_id, user_id, weight, entered_at, left_at, last_interaction)
         SELECT g.id, ?3, ?4, ?6, NULL, ?5 FROM giveaways g
         WHERE g.id = ?1 AND g.guild_id = ?2 AND g.state = 'active' AND g.ends_at > ?6 AND g.version = ?8
           AND NOT EXISTS (SELECT 1 FROM giveaway_blacklist b WHERE b.guild_id = g.guild_id AND b.user_id = ?3)
         ON CONFLICT (giveaway_id, user_id) DO UPDATE SET
           left_at = CASE WHEN left_at IS NULL THEN ?6 ELSE NULL END,
           entered_at = CASE WHEN left_at IS NULL THEN entered_at ELSE ?6 END,
           weight = CASE WHEN left_at IS NULL THEN weight ELSE ?4 END,
           last_interaction = ?5
         WHERE CAST(?5 AS INTEGER) > CAST(last_interaction AS INTEGER)
           AND (left_at IS NOT NULL OR entered_at <= ?6 - ?7)
         RETURNING weight, left_at",
    )
    .bind(&g.id)
    .bind(g.guild_id)
    .bind(user)
    .bind(weight)
    .bind(interaction)
    .bind(now)
    .bind(double_ms)
    .bind(g.version)
}

/// Leaves a running giveaway, for somebody who could not enter again; a second press changes nothing.
pub fn leave_entry(g: &Giveaway, user: Id<UserMarker>, interaction: &str, now: i64, double_ms: i64) -> Statement {
    Statement::new(
        "UPDATE giveaway_entries SET left_at = ?5, last_interaction = ?4
         WHERE giveaway_id = ?1 AND user_id = ?3 AND left_at IS NULL
           AND CAST(?4 AS INTEGER) > CAST(last_interaction AS INTEGER) AND entered_at <= ?5 - ?6
           AND EXISTS (SELECT 1 FROM giveaways g
                       WHERE g.id = ?1 AND g.guild_id = ?2 AND g.state = 'active' AND g.ends_at > ?5)",
    )
    .bind(&g.id)
    .bind(g.guild_id)
    .bind(user)
    .bind(interaction)
    .bind(now)
    .bind(double_ms)
}

/// What a toggle that took effect gives back.
#[derive(Debug, Deserialize)]
pub struct Toggled {
    pub weight: u32,
    pub left_at: Option<i64>,
}

/// What the button's answer needs to know when the toggle had no effect.
#[derive(Debug, Deserialize)]
pub struct EntryView {
    pub version: i64,
    pub state: State,
    pub ends_at: i64,
    pub blacklisted: i64,
    pub weight: Option<u32>,
    pub left_at: Option<i64>,
    pub last_interaction: Option<String>,
}

pub fn get_entry_view(guild: Id<GuildMarker>, id: &str, user: Id<UserMarker>) -> Statement {
    Statement::new(
        "SELECT g.version, g.state, g.ends_at, e.weight, e.left_at, e.last_interaction,
           EXISTS (SELECT 1 FROM giveaway_blacklist b WHERE b.guild_id = g.guild_id AND b.user_id = ?3) AS blacklisted
         FROM giveaways g LEFT JOIN giveaway_entries e ON e.giveaway_id = g.id AND e.user_id = ?3
         WHERE g.id = ?1 AND g.guild_id = ?2",
    )
    .bind(id)
    .bind(guild)
    .bind(user)
}

#[derive(Debug, Deserialize)]
pub struct EntriesPage {
    /// `user:weight` lines.
    pub lines: Option<String>,
    pub n: u32,
    pub last: Option<String>,
}

/// One page of entrants after `after`, packed into one text: 100,000 rows as objects would cost more than the draw.
/// 20,000 lines of at most 25 bytes stay under a quarter of D1's 2 MB per value.
pub const ENTRIES_PER_PAGE: u32 = 20_000;

pub fn list_entries(id: &str, after: &str) -> Statement {
    Statement::new(
        "SELECT group_concat(user_id || ':' || weight, char(10)) AS lines, COUNT(*) AS n, MAX(user_id) AS last
         FROM (SELECT user_id, weight FROM giveaway_entries
               WHERE giveaway_id = ?1 AND left_at IS NULL AND user_id > ?2 ORDER BY user_id LIMIT 20000)",
    )
    .bind(id)
    .bind(after)
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EntryRow {
    pub user_id: String,
    pub weight: u32,
    pub entered_at: i64,
}

/// For people to look at: newest first.
pub fn list_entrants(guild: Id<GuildMarker>, id: &str, limit: u32, offset: u32) -> Statement {
    Statement::new(
        "SELECT e.user_id, e.weight, e.entered_at FROM giveaway_entries e JOIN giveaways g ON g.id = e.giveaway_id
         WHERE e.giveaway_id = ?1 AND g.guild_id = ?2 AND e.left_at IS NULL
         ORDER BY e.entered_at DESC, e.user_id LIMIT ?3 OFFSET ?4",
    )
    .bind(id)
    .bind(guild)
    .bind(limit)
    .bind(offset)
}

/// In the order in which the draw counts them, after the user `after`: the key's own order, so that no page sorts them all.
pub fn list_entrants_after(guild: Id<GuildMarker>, id: &str, after: &str, limit: u32) -> Statement {
    Statement::new(
        "SELECT e.user_id, e.weight, e.entered_at FROM giveaway_entries e JOIN giveaways g ON g.id = e.giveaway_id
         WHERE e.giveaway_id = ?1 AND g.guild_id = ?2 AND e.left_at IS NULL AND e.user_id > ?3
         ORDER BY e.user_id LIMIT ?4",
    )
    .bind(id)
    .bind(guild)
    .bind(after)
    .bind(limit)
}

pub fn list_picks(id: &str) -> Statement {
    Statement::new(
        "SELECT pick, slot, user_id, outcome, reason, at, claim_by FROM giveaway_picks WHERE giveaway_id = ?1 ORDER BY pick",
    )
    .bind(id)
}

/// Plain INSERT on purpose: nobody is picked twice, no pick is made twice. One statement for all of them.
pub fn insert_picks(id: &str, picks: &[Pick]) -> Statement {
    Statement::new(
        "INSERT INTO giveaway_picks (giveaway_id, pick, slot, user_id, outcome, reason, at, claim_by)
         SELECT ?1, value ->> 'pick', value ->> 'slot', value ->> 'user_id', value ->> 'outcome', value ->> 'reason',
           value ->> 'at', value ->> 'claim_by'
         FROM json_each(?2)",
    )
    .bind(id)
    .bind(serde_json::json!(picks).to_string())
}

/// A log line of its own for each pick, so that everyone who was passed over is there with the reason.
pub fn insert_pick_log(giveaway: &Giveaway, picks: &[Pick], now: i64) -> Statement {
    Statement::new(
        "INSERT INTO giveaway_log (giveaway_id, guild_id, at, action, detail, cause)
         SELECT ?1, ?2, ?3, CASE value ->> 'outcome' WHEN 'passed' THEN 'passed over' ELSE 'picked' END,
           format('pick %d for slot %d: %s%s', value ->> 'pick', value ->> 'slot', value ->> 'user_id',
             coalesce(' ' || (value ->> 'reason'), '')),
           ?1 || ':pick:' || (value ->> 'pick')
         FROM json_each(?4)",
    )
    .bind(&giveaway.id)
    .bind(giveaway.guild_id)
    .bind(now)
    .bind(serde_json::json!(picks).to_string())
}

/// One statement for however many picks: fifty winners may miss their claim at the same time.
pub fn set_outcome(id: &str, picks: &[u32], outcome: Outcome, reason: Option<&str>) -> Statement {
    Statement::new(
        "UPDATE giveaway_picks SET outcome = ?3, reason = ?4
         WHERE giveaway_id = ?1 AND pick IN (SELECT value FROM json_each(?2))",
    )
    .bind(id)
    .bind(serde_json::json!(picks).to_string())
    .bind(outcome.as_str())
    .bind(reason)
}

/// Starts the claim windows of everyone who was picked and not yet announced.
pub fn open_claims(id: &str, claim_by: i64) -> Statement {
    Statement::new(
        "UPDATE giveaway_picks SET claim_by = ?2 WHERE giveaway_id = ?1 AND outcome = 'won' AND claim_by IS NULL",
    )
    .bind(id)
    .bind(claim_by)
}

/// The claim windows that were to end at `claim_by` begin at `at`, when the announcement was late by more than half a
/// minute. `claim_by` is compared as a number.
pub fn restart_claims(id: &str, claim_by: &str, at: i64) -> Statement {
    Statement::new(
        "UPDATE giveaway_picks SET claim_by = ?3 + (SELECT claim_seconds * 1000 FROM giveaways WHERE id = ?1)
         WHERE giveaway_id = ?1 AND outcome = 'won' AND claim_by = CAST(?2 AS INTEGER)
           AND claim_by + 30000 < ?3 + (SELECT claim_seconds * 1000 FROM giveaways WHERE id = ?1)",
    )
    .bind(id)
    .bind(claim_by)
    .bind(at)
}

/// The row is due when the first claim window ends.
pub fn follow_claims(guild: Id<GuildMarker>, id: &str) -> Statement {
    Statement::new(
        "UPDATE giveaways SET due_at =
           (SELECT MIN(claim_by) FROM giveaway_picks WHERE giveaway_id = ?1 AND outcome = 'won')
         WHERE id = ?1 AND guild_id = ?2 AND state = 'claiming'",
    )
    .bind(id)
    .bind(guild)
}

#[derive(Debug, Deserialize)]
pub struct Standing {
    pub user_id: String,
    pub blacklisted: i64,
    /// When they last claimed a prize of another giveaway in this guild, Unix milliseconds.
    pub last_claim: Option<i64>,
}

/// What speaks against each of these candidates in this guild.
pub fn list_standings(guild: Id<GuildMarker>, giveaway: &str, users: &[&str]) -> Statement {
    Statement::new(
        "SELECT value AS user_id,
           EXISTS (SELECT 1 FROM giveaway_blacklist WHERE guild_id = ?1 AND user_id = value) AS blacklisted,
           (SELECT MAX(p.at) FROM giveaway_picks p JOIN giveaways g ON g.id = p.giveaway_id
            WHERE p.user_id = value AND p.outcome = 'claimed' AND g.guild_id = ?1 AND g.id <> ?2) AS last_claim
         FROM json_each(?3)",
    )
    .bind(guild)
    .bind(giveaway)
    .bind(serde_json::json!(users).to_string())
}

#[derive(Debug, Deserialize)]
pub struct BlacklistRow {
    pub user_id: String,
    pub reason: String,
    pub added_by: String,
    pub added_at: i64,
}

/// Skipped when the audit log shows that `cause` was already carried out.
pub fn insert_blacklist(
    guild: Id<GuildMarker>,
    user: Id<UserMarker>,
    reason: &str,
    by: Id<UserMarker>,
    now: i64,
    cause: &str,
) -> Statement {
    Statement::new(
        "INSERT INTO giveaway_blacklist (guild_id, user_id, reason, added_by, added_at)
         SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS (SELECT 1 FROM audit_log WHERE cause = ?6)
         ON CONFLICT (guild_id, user_id) DO UPDATE SET reason = ?3",
    )
    .bind(guild)
    .bind(user)
    .bind(reason)
    .bind(by)
    .bind(now)
    .bind(cause)
}

/// Skipped when the audit log shows that `cause` was already carried out.
pub fn delete_blacklist(guild: Id<GuildMarker>, user: Id<UserMarker>, cause: &str) -> Statement {
    Statement::new(
        "DELETE FROM giveaway_blacklist
         WHERE guild_id = ?1 AND user_id = ?2 AND NOT EXISTS (SELECT 1 FROM audit_log WHERE cause = ?3)",
    )
    .bind(guild)
    .bind(user)
    .bind(cause)
}

pub fn list_blacklist(guild: Id<GuildMarker>, limit: u32) -> Statement {
    Statement::new(
        "SELECT user_id, reason, added_by, added_at FROM giveaway_blacklist WHERE guild_id = ?1
         ORDER BY added_at DESC LIMIT ?2",
    )
    .bind(guild)
    .bind(limit)
}
