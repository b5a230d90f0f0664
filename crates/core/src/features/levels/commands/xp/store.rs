//! Purpose: the SQL of experience that is changed by hand, for one member or for everybody.

use crate::{
    audit::store::{self, Entry},
    sql::Statement,
};
use serde::Deserialize;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

/// A row to change, for somebody who has none. Its epoch is that of `add_earned`.
pub fn ensure(guild: Id<GuildMarker>, user: Id<UserMarker>, changed: i64) -> Statement {
    Statement::new(
        "INSERT INTO levels_members (guild_id, user_id, epoch, changed) VALUES (?1, ?2, ?3, ?3)
         ON CONFLICT (guild_id, user_id) DO NOTHING",
    )
    .bind(guild)
    .bind(user)
    .bind(changed)
}

/// What a total was made of when it was read: a change holds only while it still is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    pub text: i64,
    pub voice: i64,
    pub bonus: i64,
}

/// Notes a change in the audit log, once per cause and only while the total is what it was.
pub fn note(entry: &Entry, user: Id<UserMarker>, parts: Parts) -> Statement {
    let statement = Statement::new(
        "INSERT OR IGNORE INTO audit_log (guild_id, at, actor_id, source, action, target, before, after, cause)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE EXISTS (
           SELECT 1 FROM levels_members
           WHERE guild_id = ?1 AND user_id = ?10 AND text_xp = ?11 AND voice_xp = ?12 AND bonus_xp = ?13)",
    );
    store::bind(statement, entry).bind(user).bind(parts.text).bind(parts.voice).bind(parts.bonus)
}

/// What is given or taken by hand.
#[derive(Debug, Clone, Copy)]
pub struct Change {
    pub bonus: i64,
    /// The level that is settled from now on.
    pub level: u32,
    /// Whether levels above it may be announced again.
    pub is_lower: bool,
    /// Whether roles have to be given or taken.
    pub roles_change: bool,
}

/// The change itself: only while the total is what it was, and once `note` is in the log.
pub fn change(entry: &Entry, user: Id<UserMarker>, parts: Parts, change: Change, changed: i64) -> Statement {
    Statement::new(
        "UPDATE levels_members SET bonus_xp = ?6, level = ?7, epoch = epoch + ?8,
           rewards_due = CASE WHEN ?9 AND left_at IS NULL THEN ?10 ELSE rewards_due END, changed = ?11
         WHERE guild_id = ?1 AND user_id = ?2 AND text_xp = ?3 AND voice_xp = ?4 AND bonus_xp = ?5
           AND EXISTS (SELECT 1 FROM audit_log WHERE cause = ?12 AND action = ?13)",
    )
    .bind(entry.guild_id)
    .bind(user)
    .bind(parts.text)
    .bind(parts.voice)
    .bind(parts.bonus)
    .bind(change.bonus)
    .bind(change.level)
    .bind(change.is_lower)
    .bind(change.roles_change)
    .bind(entry.at)
    .bind(changed)
    .bind(&entry.cause)
    .bind(entry.action)
}

macro_rules! from_nothing {
    () => {
        "UPDATE levels_members SET text_xp = 0, voice_xp = 0, bonus_xp = 0, messages = 0, voice_seconds = 0,
           week_text = 0, week_voice = 0, last_week_text = 0, last_week_voice = 0,
           month_text = 0, month_voice = 0, last_month_text = 0, last_month_voice = 0,
           rewards_due = CASE WHEN ?4 AND level > 0 AND left_at IS NULL THEN ?3 ELSE rewards_due END,
           level = 0, epoch = epoch + 1, why = '[]', changed = ?2 "
    };
}

/// One member starts from nothing, unless the audit log shows that it was done.
pub fn reset(
    guild: Id<GuildMarker>,
    user: Id<UserMarker>,
    changed: i64,
    now: i64,
    has_rewards: bool,
    cause: &str,
) -> Statement {
    Statement::new(concat!(
        from_nothing!(),
        "WHERE guild_id = ?1 AND user_id = ?5
           AND NOT EXISTS (SELECT 1 FROM audit_log WHERE cause = ?6 AND action = 'xp')"
    ))
    .bind(guild)
    .bind(changed)
    .bind(now)
    .bind(has_rewards)
    .bind(user)
    .bind(cause)
}

/// Begins to reset everybody, unless the audit log shows that this was begun. `rollover` is for a guild that is not known yet.
pub fn begin_reset(guild: Id<GuildMarker>, rollover: i64, cause: &str) -> Statement {
    Statement::new(
        "INSERT INTO levels_guilds (guild_id, rollover_at, reset_after)
         SELECT ?1, ?2, '' WHERE NOT EXISTS (SELECT 1 FROM audit_log WHERE cause = ?3 AND action = 'xp')
         ON CONFLICT (guild_id) DO UPDATE SET reset_after = ''",
    )
    .bind(guild)
    .bind(rollover)
    .bind(cause)
}

#[derive(Debug, Deserialize)]
pub struct ResetRow {
    pub reset_after: Option<String>,
}

pub fn get_reset(guild: Id<GuildMarker>) -> Statement {
    Statement::new("SELECT reset_after FROM levels_guilds WHERE guild_id = ?1").bind(guild)
}

#[derive(Debug, Deserialize)]
pub struct StretchRow {
    pub last: Option<String>,
    pub members: u32,
}

/// The next so many members after `after`: how many there are, and the last of them.
pub fn get_stretch(guild: Id<GuildMarker>, after: &str, limit: u32) -> Statement {
    Statement::new(
        "SELECT MAX(user_id) AS last, COUNT(*) AS members FROM (
           SELECT user_id FROM levels_members WHERE guild_id = ?1 AND user_id > ?2 ORDER BY user_id LIMIT ?3)",
    )
    .bind(guild)
    .bind(after)
    .bind(limit)
}

/// The members after `after` up to `last` start from nothing, unless somebody else has done these already.
pub fn reset_stretch(
    guild: Id<GuildMarker>,
    changed: i64,
    now: i64,
    has_rewards: bool,
    after: &str,
    last: &str,
) -> Statement {
    Statement::new(concat!(
        from_nothing!(),
        "WHERE guild_id = ?1 AND user_id > ?5 AND user_id <= ?6
           AND EXISTS (SELECT 1 FROM levels_guilds WHERE guild_id = ?1 AND reset_after = ?5)"
    ))
    .bind(guild)
    .bind(changed)
    .bind(now)
    .bind(has_rewards)
    .bind(after)
    .bind(last)
}

/// `next` is `None` when everybody is done.
pub fn move_reset(guild: Id<GuildMarker>, after: &str, next: Option<&str>) -> Statement {
    Statement::new("UPDATE levels_guilds SET reset_after = ?3 WHERE guild_id = ?1 AND reset_after = ?2")
        .bind(guild)
        .bind(after)
        .bind(next.map(str::to_owned))
}

/// Guilds in which everybody is being reset, as due at that time.
pub fn list_resets(due_at: i64, limit: u32) -> Statement {
    Statement::new("SELECT guild_id, ?1 AS due_at FROM levels_guilds WHERE reset_after IS NOT NULL LIMIT ?2")
        .bind(due_at)
        .bind(limit)
}
