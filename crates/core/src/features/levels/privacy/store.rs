//! Purpose: the SQL of everything that levels keeps about one member.

use crate::sql::Statement;
use serde::Deserialize;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

/// The row as it is, read as a JSON object.
pub fn get_everything(guild: Id<GuildMarker>, user: Id<UserMarker>) -> Statement {
    Statement::new(
        "SELECT text_xp, voice_xp, bonus_xp, messages, voice_seconds, level,
           week, week_text, week_voice, last_week, last_week_text, last_week_voice,
           month, month_text, month_voice, last_month, last_month_text, last_month_voice,
           why AS last_decisions, left_at
         FROM levels_members WHERE guild_id = ?1 AND user_id = ?2",
    )
    .bind(guild)
    .bind(user)
}

#[derive(Debug, Deserialize)]
pub struct Win {
    pub span: String,
    pub period: u32,
    pub closed_at: i64,
}

/// Weeks and months among whose winners they are.
pub fn list_wins(guild: Id<GuildMarker>, user: Id<UserMarker>) -> Statement {
    Statement::new(
        "SELECT span, period, closed_at FROM levels_periods
         WHERE guild_id = ?1 AND EXISTS (SELECT 1 FROM json_each(winners) WHERE value ->> 'user_id' = ?2)
         ORDER BY closed_at",
    )
    .bind(guild)
    .bind(user)
}

/// Takes them off the winners; the others keep their order.
pub fn strike_wins(guild: Id<GuildMarker>, user: Id<UserMarker>) -> Statement {
    Statement::new(
        "UPDATE levels_periods SET winners =
           (SELECT json_group_array(json(value)) FROM json_each(winners) WHERE value ->> 'user_id' <> ?2)
         WHERE guild_id = ?1 AND EXISTS (SELECT 1 FROM json_each(winners) WHERE value ->> 'user_id' = ?2)",
    )
    .bind(guild)
    .bind(user)
}

/// Has the ranked index made anew, where there is something to take off it.
pub fn bump_index_if_known(guild: Id<GuildMarker>, user: Id<UserMarker>) -> Statement {
    Statement::new(
        "UPDATE levels_guilds SET index_epoch = index_epoch + 1
         WHERE guild_id = ?1 AND EXISTS (SELECT 1 FROM levels_members WHERE guild_id = ?1 AND user_id = ?2)",
    )
    .bind(guild)
    .bind(user)
}
