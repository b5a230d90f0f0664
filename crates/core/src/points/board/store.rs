//! Purpose: the SQL of the board of mission points.

use crate::sql::Statement;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

/// Those who come after a member with so many points, whether or not that member is still there.
pub fn top_after(guild: Id<GuildMarker>, month: &str, points: i64, user: Id<UserMarker>, limit: u32) -> Statement {
    Statement::new(
        "SELECT user_id, points FROM points_totals WHERE guild_id = ?1 AND month = ?2 AND points <= ?3
           AND (points < ?3 OR user_id > ?4) ORDER BY points DESC, user_id LIMIT ?5",
    )
    .bind(guild)
    .bind(month)
    .bind(points)
    .bind(user)
    .bind(limit)
}

/// Members with more points.
pub fn count_above(guild: Id<GuildMarker>, month: &str, points: i64) -> Statement {
    Statement::new("SELECT COUNT(*) AS n FROM points_totals WHERE guild_id = ?1 AND month = ?2 AND points > ?3")
        .bind(guild)
        .bind(month)
        .bind(points)
}

/// Rows of the board that stand before that of a member with so many points.
pub fn count_before(guild: Id<GuildMarker>, month: &str, points: i64, user: Id<UserMarker>) -> Statement {
    Statement::new(
        "SELECT COUNT(*) AS n FROM points_totals WHERE guild_id = ?1 AND month = ?2 AND points >= ?3
           AND (points > ?3 OR user_id < ?4)",
    )
    .bind(guild)
    .bind(month)
    .bind(points)
    .bind(user)
}
