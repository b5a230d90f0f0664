//! Purpose: a page of a board as JSON, whatever it counts.

use crate::web::description::Snowflake;
use serde::Serialize;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};
use utoipa::ToSchema;

/// One page of a board.
#[derive(Serialize, ToSchema)]
pub struct Leaderboard {
    #[schema(value_type = Snowflake)]
    pub guild_id: Id<GuildMarker>,
    /// `all`, `week`, `month` or `missions`.
    pub board: &'static str,
    /// `total`, `text` or `voice`; `points` on the board of missions.
    pub kind: &'static str,
    /// `2026-W47` or `2026-11`; null for boards of all time.
    pub period: Option<String>,
    /// The page on which the first of these stands.
    pub page: usize,
    pub pages: usize,
    /// How many are on the board.
    pub members: usize,
    pub entries: Vec<Entry>,
    /// For `cursor`; null at the end.
    pub next_cursor: Option<String>,
}

/// A place on a board.
#[derive(Serialize, ToSchema)]
pub struct Entry {
    /// On the board of missions equal points share a place.
    pub place: usize,
    #[schema(value_type = Snowflake)]
    pub user_id: Id<UserMarker>,
    /// Experience, or points.
    pub score: i64,
    /// On the board of all time only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<u32>,
}
