//! Purpose: the SQL of levels, one function per statement.

use crate::sql::{Statement, bool_from_int};
use muster_protocol::Decision;
use serde::Deserialize;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

/// A member's row.
#[derive(Debug, Clone, Deserialize)]
pub struct Member {
    pub guild_id: Id<GuildMarker>,
    pub user_id: Id<UserMarker>,
    pub text_xp: i64,
    pub voice_xp: i64,
    /// Given or taken by hand; may be below zero.
    pub bonus_xp: i64,
    pub messages: i64,
    pub voice_seconds: i64,
    /// The level that was last settled.
    pub level: u32,
    /// Grows whenever a level is taken back, so that it may be announced again. It begins with the five minutes in which the row was
    /// made, so that somebody who was forgotten and comes back begins with another one.
    pub epoch: u32,
    /// JSON of the last decisions.
    pub why: String,
    pub left_at: Option<i64>,
    pub rewards_due: Option<i64>,
}

impl Member {
    pub fn total(&self) -> u64 {
        u64::try_from(self.text_xp + self.voice_xp + self.bonus_xp).unwrap_or(0)
    }

    /// Newest last.
    pub fn decisions(&self) -> Vec<Decision> {
        crate::json::from_str(&self.why).unwrap_or_default()
    }
}

macro_rules! columns {
    () => {
        "guild_id, user_id, text_xp, voice_xp, bonus_xp, messages, voice_seconds, level, epoch, why, left_at, rewards_due"
    };
}

pub fn get(guild: Id<GuildMarker>, user: Id<UserMarker>) -> Statement {
    Statement::new(concat!("SELECT ", columns!(), " FROM levels_members WHERE guild_id = ?1 AND user_id = ?2"))
        .bind(guild)
        .bind(user)
}

/// Several members; `members` is a JSON list of [guild, user].
pub fn list(members: &str) -> Statement {
    Statement::new(
        "SELECT m.guild_id, m.user_id, m.text_xp, m.voice_xp, m.bonus_xp, m.messages, m.voice_seconds, m.level, m.epoch,
           '[]' AS why, m.left_at, m.rewards_due
         FROM json_each(?1) AS asked CROSS JOIN levels_members AS m
         WHERE m.guild_id = asked.value ->> 0 AND m.user_id = asked.value ->> 1",
    )
    .bind(members)
}

/// Adds what members earned. `rows` is a JSON list of [guild, user, text, voice, messages, seconds, week, month, decisions]. Holds
/// only while batch `number` of `source` is not taken. A week or month that is over still takes late reports while it is the last one.
pub fn add_earned(rows: &str, changed: i64, source: &str, number: i64) -> Statement {
    Statement::new(
        "INSERT INTO levels_members (guild_id, user_id, text_xp, voice_xp, messages, voice_seconds,
           week, week_text, week_voice, month, month_text, month_voice, why, epoch, changed)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
           value ->> 6, value ->> 2, value ->> 3, value ->> 7, value ->> 2, value ->> 3, value -> 8, ?2, ?2
         FROM json_each(?1)
         WHERE NOT EXISTS (SELECT 1 FROM gateway_sources WHERE source = ?3 AND taken >= ?4)
         ON CONFLICT (guild_id, user_id) DO UPDATE SET
           text_xp = text_xp + excluded.text_xp, voice_xp = voice_xp + excluded.voice_xp,
           messages = messages + excluded.messages, voice_seconds = voice_seconds + excluded.voice_seconds,
           last_week = CASE WHEN excluded.week > week THEN week ELSE last_week END,
           last_week_text = CASE WHEN excluded.week > week THEN week_text
             WHEN excluded.week = last_week THEN last_week_text + excluded.week_text ELSE last_week_text END,
           last_week_voice = CASE WHEN excluded.week > week THEN week_voice
             WHEN excluded.week = last_week THEN last_week_voice + excluded.week_voice ELSE last_week_voice END,
           week_text = CASE WHEN excluded.week > week THEN excluded.week_text
             WHEN excluded.week = week THEN week_text + excluded.week_text ELSE week_text END,
           week_voice = CASE WHEN excluded.week > week THEN excluded.week_voice
             WHEN excluded.week = week THEN week_voice + excluded.week_voice ELSE week_voice END,
           week = max(week, excluded.week),
           last_month = CASE WHEN excluded.month > month THEN month ELSE last_month END,
           last_month_text = CASE WHEN excluded.month > month THEN month_text
             WHEN excluded.month = last_month THEN last_month_text + excluded.month_text ELSE last_month_text END,
           last_month_voice = CASE WHEN excluded.month > month THEN month_voice
             WHEN excluded.month = last_month THEN last_month_voice + excluded.month_voice ELSE last_month_voice END,
           month_text = CASE WHEN excluded.month > month THEN excluded.month_text
             WHEN excluded.month = month THEN month_text + excluded.month_text ELSE month_text END,
           month_voice = CASE WHEN excluded.month > month THEN excluded.month_voice
             WHEN excluded.month = month THEN month_voice + excluded.month_voice ELSE month_voice END,
           month = max(month, excluded.month),
           why = excluded.why, left_at = NULL, changed = excluded.changed",
    )
    .bind(rows)
    .bind(changed)
    .bind(source)
    .bind(number)
}

/// A guild that has levels from now on; known ones stay as they are. `guilds` is a JSON list of [guild, rollover time].
pub fn add_guilds(guilds: &str) -> Statement {
    Statement::new(
        "INSERT INTO levels_guilds (guild_id, rollover_at)
         SELECT value ->> 0, value ->> 1 FROM json_each(?1) WHERE true ON CONFLICT (guild_id) DO NOTHING",
    )
    .bind(guilds)
}

/// Members that left; `members` is a JSON list of [guild, user, time].
pub fn mark_left(members: &str, changed: i64, source: &str, number: i64) -> Statement {
    Statement::new(
        "UPDATE levels_members SET left_at = asked.value ->> 2, rewards_due = NULL, changed = ?2
         FROM json_each(?1) AS asked
         WHERE guild_id = asked.value ->> 0 AND user_id = asked.value ->> 1 AND left_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM gateway_sources WHERE source = ?3 AND taken >= ?4)",
    )
    .bind(members)
    .bind(changed)
    .bind(source)
    .bind(number)
}

/// Members that came back: their roles are due. `members` is a JSON list of [guild, user, time].
pub fn mark_back(members: &str, changed: i64, source: &str, number: i64) -> Statement {
    Statement::new(
        "UPDATE levels_members SET left_at = NULL, rewards_due = asked.value ->> 2, changed = ?2
         FROM json_each(?1) AS asked
         WHERE guild_id = asked.value ->> 0 AND user_id = asked.value ->> 1
           AND NOT EXISTS (SELECT 1 FROM gateway_sources WHERE source = ?3 AND taken >= ?4)",
    )
    .bind(members)
    .bind(changed)
    .bind(source)
    .bind(number)
}

/// Settles new levels; `levels` is a JSON list of [guild, user, level, whether roles change]. Somebody whose level is settled
/// already stays.
pub fn raise_levels(levels: &str, now: i64) -> Statement {
    Statement::new(
        "UPDATE levels_members SET level = asked.value ->> 2,
           rewards_due = CASE WHEN asked.value ->> 3 THEN ?2 ELSE rewards_due END
         FROM json_each(?1) AS asked
         WHERE guild_id = asked.value ->> 0 AND user_id = asked.value ->> 1 AND level < asked.value ->> 2",
    )
    .bind(levels)
    .bind(now)
}

/// Whose roles are due in a guild, longest first.
pub fn list_rewards_due(guild: Id<GuildMarker>, now: i64, limit: u32) -> Statement {
    Statement::new(concat!(
        "SELECT ",
        columns!(),
        " FROM levels_members WHERE guild_id = ?1 AND rewards_due <= ?2 ORDER BY rewards_due LIMIT ?3"
    ))
    .bind(guild)
    .bind(now)
    .bind(limit)
}

/// The roles are as they should be, unless they became due again meanwhile.
pub fn clear_rewards_due(guild: Id<GuildMarker>, user: Id<UserMarker>, due: i64) -> Statement {
    Statement::new(
        "UPDATE levels_members SET rewards_due = NULL WHERE guild_id = ?1 AND user_id = ?2 AND rewards_due = ?3",
    )
    .bind(guild)
    .bind(user)
    .bind(due)
}

#[derive(Debug, Deserialize)]
pub struct DueRow {
    pub guild_id: Id<GuildMarker>,
    pub due_at: i64,
}

pub fn list_guilds_with_rewards_due(before: i64, limit: u32) -> Statement {
    Statement::new(
        // The plus keeps SQLite from walking all members in the order of guilds; those who are due have an index of their own.
        "SELECT guild_id, MIN(rewards_due) AS due_at FROM levels_members
         WHERE rewards_due IS NOT NULL AND rewards_due <= ?1 GROUP BY +guild_id LIMIT ?2",
    )
    .bind(before)
    .bind(limit)
}

pub fn list_rollovers_due(before: i64, limit: u32) -> Statement {
    Statement::new(
        "SELECT guild_id, rollover_at AS due_at FROM levels_guilds WHERE rollover_at <= ?1 ORDER BY rollover_at LIMIT ?2",
    )
    .bind(before)
    .bind(limit)
}

#[derive(Debug, Deserialize)]
pub struct GuildRow {
    pub rollover_at: i64,
}

pub fn get_guild(guild: Id<GuildMarker>) -> Statement {
    Statement::new("SELECT rollover_at FROM levels_guilds WHERE guild_id = ?1").bind(guild)
}

pub fn set_rollover(guild: Id<GuildMarker>, at: i64) -> Statement {
    Statement::new("UPDATE levels_guilds SET rollover_at = ?2 WHERE guild_id = ?1").bind(guild).bind(at)
}

/// Has the ranked index made anew at the next question.
pub fn bump_index(guild: Id<GuildMarker>) -> Statement {
    Statement::new("UPDATE levels_guilds SET index_epoch = index_epoch + 1 WHERE guild_id = ?1").bind(guild)
}

#[derive(Debug, Clone, Deserialize, serde::Serialize)]
pub struct Winner {
    pub user_id: Id<UserMarker>,
    pub score: i64,
}

/// The best of a week that may be over.
pub fn list_week(guild: Id<GuildMarker>, week: u32, limit: u32) -> Statement {
    Statement::new(
        "SELECT user_id, CASE WHEN week = ?2 THEN week_text + week_voice ELSE last_week_text + last_week_voice END AS score
         FROM levels_members WHERE guild_id = ?1 AND ?2 IN (week, last_week) AND left_at IS NULL AND score > 0
         ORDER BY score DESC, length(user_id), user_id LIMIT ?3",
    )
    .bind(guild)
    .bind(week)
    .bind(limit)
}

pub fn list_month(guild: Id<GuildMarker>, month: u32, limit: u32) -> Statement {
    Statement::new(
        "SELECT user_id, CASE WHEN month = ?2 THEN month_text + month_voice ELSE last_month_text + last_month_voice END AS score
         FROM levels_members WHERE guild_id = ?1 AND ?2 IN (month, last_month) AND left_at IS NULL AND score > 0
         ORDER BY score DESC, length(user_id), user_id LIMIT ?3",
    )
    .bind(guild)
    .bind(month)
    .bind(limit)
}

#[derive(Debug, Deserialize)]
pub struct CountRow {
    pub n: i64,
}

pub fn count_week(guild: Id<GuildMarker>, week: u32) -> Statement {
    Statement::new(
        "SELECT COUNT(*) AS n FROM levels_members WHERE guild_id = ?1 AND ?2 IN (week, last_week) AND left_at IS NULL
           AND CASE WHEN week = ?2 THEN week_text + week_voice ELSE last_week_text + last_week_voice END > 0",
    )
    .bind(guild)
    .bind(week)
}

pub fn count_month(guild: Id<GuildMarker>, month: u32) -> Statement {
    Statement::new(
        "SELECT COUNT(*) AS n FROM levels_members WHERE guild_id = ?1 AND ?2 IN (month, last_month) AND left_at IS NULL
           AND CASE WHEN month = ?2 THEN month_text + month_voice ELSE last_month_text + last_month_voice END > 0",
    )
    .bind(guild)
    .bind(month)
}

/// A week or month that is over. Fails on one that is closed already.
pub fn insert_period(
    guild: Id<GuildMarker>,
    span: &str,
    period: u32,
    now: i64,
    members: i64,
    winners: &str,
) -> Statement {
    Statement::new(
        "INSERT INTO levels_periods (guild_id, span, period, closed_at, members, winners) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )
    .bind(guild)
    .bind(span)
    .bind(period)
    .bind(now)
    .bind(members)
    .bind(winners)
}

#[derive(Debug, Deserialize)]
pub struct PeriodRow {
    pub period: u32,
    pub closed_at: i64,
    pub members: i64,
    /// JSON list of [`Winner`], best first.
    pub winners: String,
}

impl PeriodRow {
    pub fn winners(&self) -> Vec<Winner> {
        crate::json::from_str(&self.winners).unwrap_or_default()
    }
}

pub fn get_period(guild: Id<GuildMarker>, span: &str, period: u32) -> Statement {
    Statement::new(
        "SELECT period, closed_at, members, winners FROM levels_periods WHERE guild_id = ?1 AND span = ?2 AND period = ?3",
    )
    .bind(guild)
    .bind(span)
    .bind(period)
}

/// The newest that are over, newest first.
pub fn list_periods(guild: Id<GuildMarker>, span: &str, limit: u32) -> Statement {
    Statement::new(
        "SELECT period, closed_at, members, winners FROM levels_periods WHERE guild_id = ?1 AND span = ?2
         ORDER BY period DESC LIMIT ?3",
    )
    .bind(guild)
    .bind(span)
    .bind(limit)
}

/// Forgets who left before that time.
pub fn delete_left(guild: Id<GuildMarker>, before: i64, limit: u32) -> Statement {
    Statement::new(
        "DELETE FROM levels_members WHERE (guild_id, user_id) IN (
           SELECT guild_id, user_id FROM levels_members WHERE left_at < ?2 AND guild_id = ?1 LIMIT ?3)",
    )
    .bind(guild)
    .bind(before)
    .bind(limit)
}

/// Everything about somebody in a guild.
pub fn delete(guild: Id<GuildMarker>, user: Id<UserMarker>) -> Statement {
    Statement::new("DELETE FROM levels_members WHERE guild_id = ?1 AND user_id = ?2").bind(guild).bind(user)
}

#[derive(Debug, Deserialize)]
pub struct HasRow {
    #[serde(deserialize_with = "bool_from_int")]
    pub has: bool,
}

pub fn has_members(guild: Id<GuildMarker>) -> Statement {
    Statement::new("SELECT EXISTS (SELECT 1 FROM levels_members WHERE guild_id = ?1) AS has").bind(guild)
}

/// Members with experience that are there.
pub fn count(guild: Id<GuildMarker>) -> Statement {
    Statement::new(
        "SELECT COUNT(*) AS n FROM levels_members
         WHERE guild_id = ?1 AND left_at IS NULL AND text_xp + voice_xp + bonus_xp > 0",
    )
    .bind(guild)
}
