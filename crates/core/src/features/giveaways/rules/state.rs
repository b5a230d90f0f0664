//! Purpose: what a giveaway is: its row, its picks, and the states both can be in.

use super::entry::Requirements;
use serde::{Deserialize, Serialize};
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, GuildMarker, RoleMarker, UserMarker},
};

/// Where a giveaway stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = GiveawayState)]
pub enum State {
    Active,
    Paused,
    /// Closed for entries; picks are being made for the open slots.
    Drawing,
    /// Winners are announced, at least one claim window is open.
    Claiming,
    Finished,
    Cancelled,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Drawing => "drawing",
            Self::Claiming => "claiming",
            Self::Finished => "finished",
            Self::Cancelled => "cancelled",
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct Giveaway {
    pub id: String,
    pub guild_id: Id<GuildMarker>,
    pub channel_id: Id<ChannelMarker>,
    pub message_id: Option<String>,
    pub host_id: Id<UserMarker>,
    pub interaction_id: String,
    pub prize: String,
    pub description: String,
    pub image_url: Option<String>,
    pub mention_role: Option<Id<RoleMarker>>,
    pub winners: u32,
    /// JSON of `Requirements`; read it with `requirements()`.
    pub requirements: String,
    pub min_entrants: u32,
    pub too_few: String,
    pub extensions: u32,
    pub claim_seconds: u32,
    pub reroll_limit: u32,
    pub rerolls_used: u32,
    pub winner_cooldown_days: u32,
    pub state: State,
    pub created_at: i64,
    pub duration_ms: i64,
    pub ends_at: i64,
    pub paused_left_ms: Option<i64>,
    pub due_at: Option<i64>,
    pub version: i64,
    /// Secret until the draw; 64 hex digits.
    pub seed: String,
    pub commitment: String,
    pub entrant_count: u32,
    pub entrants_hash: Option<String>,
    /// JSON array of slot numbers.
    pub open_slots: String,
    pub picks_drawn: u32,
}

impl Giveaway {
    pub fn requirements(&self) -> Requirements {
        crate::json::from_str(&self.requirements).unwrap_or_default()
    }

    pub fn open_slots(&self) -> Vec<u32> {
        crate::json::from_str(&self.open_slots).unwrap_or_default()
    }

    pub fn set_open_slots(&mut self, slots: &[u32]) {
        self.open_slots = serde_json::json!(slots).to_string();
    }

    pub fn extend_if_too_few(&self) -> bool {
        self.too_few == "extend"
    }

    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Finished | State::Cancelled)
    }

    /// The seed may be told: the entrant list is closed and the picks are decided.
    pub fn is_drawn(&self) -> bool {
        self.entrants_hash.is_some()
    }
}

/// What became of a pick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PickOutcome)]
pub enum Outcome {
    /// Did not qualify when picked; the next pick took the slot.
    Passed,
    Won,
    Claimed,
    /// Did not claim in time.
    Lapsed,
    /// Drawn again by a person.
    Replaced,
}

impl Outcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Won => "won",
            Self::Claimed => "claimed",
            Self::Lapsed => "lapsed",
            Self::Replaced => "replaced",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pick {
    pub pick: u32,
    pub slot: u32,
    pub user_id: String,
    pub outcome: Outcome,
    pub reason: Option<String>,
    pub at: i64,
    pub claim_by: Option<i64>,
}
