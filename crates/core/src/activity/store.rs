//! Purpose: the SQL of activity_hours.

use crate::sql::Statement;
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

pub fn add_command(guild: Id<GuildMarker>, hour: i64, channel: Id<ChannelMarker>) -> Statement {
    Statement::new(
        "INSERT INTO activity_hours (guild_id, hour, channel_id, commands) VALUES (?1, ?2, ?3, 1)
         ON CONFLICT (guild_id, hour, channel_id) DO UPDATE SET commands = commands + 1",
    )
    .bind(guild)
    .bind(hour)
    .bind(channel)
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
