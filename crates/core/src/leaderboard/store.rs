//! Purpose: the SQL that the ranked index is made from; it only reads `levels_members` and `levels_guilds`.

use super::index::{Scores, Stretch};
use crate::sql::Statement;
use serde::Deserialize;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

/// Which making of the index is valid; a guild without a row has none.
#[derive(Debug, Deserialize)]
pub struct EpochRow {
    pub index_epoch: i64,
}

pub fn get_epoch(guild: Id<GuildMarker>) -> Statement {
    Statement::new("SELECT index_epoch FROM levels_guilds WHERE guild_id = ?1").bind(guild)
}

/// Many members in one text, a line each: a row object per member would be ten times as much to carry and to parse.
#[derive(Debug, Deserialize)]
pub struct PackedRow {
    pub lines: Option<String>,
}

/// One line of a [`PackedRow`].
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    pub user: Id<UserMarker>,
    /// `None` for who is gone.
    pub scores: Option<Scores>,
    pub changed: i64,
}

macro_rules! packed {
    ($where:literal) => {
        concat!(
            "SELECT group_concat(line, char(10)) AS lines FROM (
               SELECT user_id || ' ' || max(0, text_xp + voice_xp + bonus_xp) || ' ' || text_xp || ' ' || voice_xp || ' ' || week
                 || ' ' || week_text || ' ' || week_voice || ' ' || month || ' ' || month_text || ' ' || month_voice
                 || ' ' || changed || ' ' || (left_at IS NOT NULL) AS line
               FROM levels_members WHERE ",
            $where,
            " LIMIT ?3)"
        )
    };
}

/// Everybody, by id, after `after`.
pub fn list_all(guild: Id<GuildMarker>, after: &str, limit: u32) -> Statement {
    Statement::new(packed!("guild_id = ?1 AND user_id > ?2 AND left_at IS NULL ORDER BY user_id"))
        .bind(guild)
        .bind(after)
        .bind(limit)
}

/// Who changed in or after `since` (a number of five minutes), oldest change first.
pub fn list_changed(guild: Id<GuildMarker>, since: i64, limit: u32) -> Statement {
    Statement::new(packed!("guild_id = ?1 AND changed >= ?2 ORDER BY changed")).bind(guild).bind(since).bind(limit)
}

fn small(text: &str) -> Option<u32> {
    text.parse::<i64>().ok().map(|number| u32::try_from(number.max(0)).unwrap_or(u32::MAX))
}

impl PackedRow {
    pub fn parse(&self) -> Vec<Line> {
        self.lines.as_deref().unwrap_or_default().lines().filter_map(parse_line).collect()
    }
}

fn parse_line(line: &str) -> Option<Line> {
    let mut fields = line.split(' ');
    let user = fields.next()?.parse().ok()?;
    let mut next = || fields.next().and_then(small);
    let scores = Scores {
        total: next()?,
        text: next()?,
        voice: next()?,
        week: Stretch { period: next()?, text: next()?, voice: next()? },
        month: Stretch { period: next()?, text: next()?, voice: next()? },
    };
    let changed = fields.next()?.parse().ok()?;
    let is_here = fields.next()? == "0";
    Some(Line { user, scores: is_here.then_some(scores), changed })
}
