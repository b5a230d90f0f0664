//! Purpose: the SQL of activity_hours.

use crate::sql::Statement;
use serde::{Deserialize, Serialize};
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, GuildMarker},
};

/// `rows` is a JSON list of [guild, hour, channel, messages, voice seconds, joins, leaves].
pub fn add(rows: &str, source: &str, number: i64) -> Statement {
    Statement::new(
        "INSERT INTO activity_hours (guild_id, hour, channel_id, messages, voice_seconds, joins, leaves)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6 FROM json_each(?1)
         WHERE NOT EXISTS (SELECT 1 FROM gateway_sources WHERE source = ?2 AND taken >= ?3)
         ON CONFLICT (guild_id, hour, channel_id) DO UPDATE SET
           messages = messages + excluded.messages, voice_seconds = voice_seconds + excluded.voice_seconds,
           joins = joins + excluded.joins, leaves = leaves + excluded.leaves",
    )
    .bind(rows)
    .bind(source)
    .bind(number)
}

/// `rows` is a JSON list of [guild, hour, channel, commands].
pub fn add_commands(rows: &str) -> Statement {
    Statement::new(
        "INSERT INTO activity_hours (guild_id, hour, channel_id, commands)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?1) WHERE true
         ON CONFLICT (guild_id, hour, channel_id) DO UPDATE SET commands = commands + excluded.commands",
    )
    .bind(rows)
}

/// Of any guild, at most `limit`.
pub fn delete_oldest(before: i64, limit: u32) -> Statement {
    Statement::new(
        "DELETE FROM activity_hours WHERE (guild_id, hour, channel_id) IN (
           SELECT guild_id, hour, channel_id FROM activity_hours WHERE hour < ?1 ORDER BY hour LIMIT ?2)",
    )
    .bind(before)
    .bind(limit)
}

pub fn delete_old(guild: Id<GuildMarker>, before: i64) -> Statement {
    Statement::new("DELETE FROM activity_hours WHERE guild_id = ?1 AND hour < ?2").bind(guild).bind(before)
}

/// What was counted in an hour, or in more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, utoipa::ToSchema)]
#[schema(as = Counts)]
pub struct Sums {
    pub messages: u64,
    pub voice_seconds: u64,
    pub joins: u64,
    pub leaves: u64,
    pub commands: u64,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct HourRow {
    /// Its first millisecond.
    pub hour: i64,
    #[serde(flatten)]
    pub sums: Sums,
}

/// A guild's hours in order, all channels together; as many rows are read as channels had something to count.
pub fn list_hours(guild: Id<GuildMarker>, since: i64, until: i64) -> Statement {
    Statement::new(
        "SELECT hour, SUM(messages) AS messages, SUM(voice_seconds) AS voice_seconds, SUM(joins) AS joins,
           SUM(leaves) AS leaves, SUM(commands) AS commands
         FROM activity_hours WHERE guild_id = ?1 AND hour >= ?2 AND hour < ?3 GROUP BY hour ORDER BY hour",
    )
    .bind(guild)
    .bind(since)
    .bind(until)
}

#[derive(Debug, Clone, Deserialize, Serialize, utoipa::ToSchema)]
#[schema(as = ChannelCounts)]
pub struct ChannelRow {
    #[schema(value_type = crate::web::description::Snowflake)]
    pub channel_id: Id<ChannelMarker>,
    pub messages: u64,
    pub voice_seconds: u64,
    pub commands: u64,
}

/// The busiest channels; joins and leaves stand under channel 0 and belong to none.
pub fn list_channels(guild: Id<GuildMarker>, since: i64, until: i64, limit: u32) -> Statement {
    Statement::new(
        "SELECT channel_id, SUM(messages) AS messages, SUM(voice_seconds) AS voice_seconds, SUM(commands) AS commands
         FROM activity_hours WHERE guild_id = ?1 AND hour >= ?2 AND hour < ?3 AND channel_id <> '0'
         GROUP BY channel_id ORDER BY SUM(messages) + SUM(voice_seconds) / 60 + SUM(commands) DESC, channel_id LIMIT ?4",
    )
    .bind(guild)
    .bind(since)
    .bind(until)
    .bind(limit)
}
