//! Purpose: everything a guild can set about levels, as it stands in the guild's configuration document.

use super::{
    curve::Curve,
    multipliers::percent,
    text::{Refusal, TextRules},
};
use crate::{time_zone::Zone, web::description::Snowflake};
use serde::{Deserialize, Serialize};
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, RoleMarker},
};
use utoipa::ToSchema;

/// A missing field has its default, so that a new one needs no migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct LevelSettings {
    /// Off until somebody switches it on: nobody's messages are counted unasked.
    pub enabled: bool,
    /// Its channels, roles and multipliers hold for voice too.
    pub text: TextRules,
    /// For a minute in voice that counts; 0 for none.
    pub voice_xp: u32,
    pub curve: Curve,
    pub announce: Announce,
    /// Lowest level first.
    pub rewards: Vec<Reward>,
    /// Whether every reward that was reached is kept, or only the highest.
    pub stack_rewards: bool,
    /// Days after which somebody who left is forgotten.
    pub keep_leavers_days: u32,
    /// Whether anyone on the web may read the leaderboard.
    pub public: bool,
}

impl Default for LevelSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            text: TextRules::default(),
            voice_xp: 5,
            curve: Curve::default(),
            announce: Announce::default(),
            rewards: Vec::new(),
            stack_rewards: true,
            keep_leavers_days: 30,
            public: false,
        }
    }
}

/// How a new level is said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Announce {
    #[serde(rename = "in")]
    #[schema(value_type = AnnounceInSchema)]
    pub place: AnnounceIn,
    /// A guild's own words, with `{user}`, `{level}`, `{previous}`, `{xp}` and `{reward}`.
    pub text: Option<String>,
    /// Levels about which nothing is said, from and to included.
    pub quiet: Vec<(u32, u32)>,
    /// Where the winners of a week and a month are named.
    #[schema(value_type = Option<Snowflake>)]
    pub winners: Option<Id<ChannelMarker>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnnounceIn {
    /// Where the level was reached.
    #[default]
    Same,
    Channel(Id<ChannelMarker>),
    Direct,
    Off,
}

// `AnnounceIn` for the API's description, whose derive takes no ids of others.
/// Where a new level is said.
#[derive(ToSchema)]
#[schema(as = AnnounceIn, rename_all = "snake_case")]
#[expect(dead_code, reason = "a name for the API's description")]
enum AnnounceInSchema {
    Same,
    Channel(Snowflake),
    Direct,
    Off,
}

/// A role for a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct Reward {
    pub level: u32,
    #[schema(value_type = Snowflake)]
    pub role: Id<RoleMarker>,
}

impl LevelSettings {
    /// What minutes in voice that count earn. `places` are the channel and its category, `at` the end of the stretch.
    ///
    /// # Errors
    /// The first reason for which they earn nothing.
    pub fn earn_voice(
        &self,
        zone: Zone,
        roles: &[Id<RoleMarker>],
        places: &[Id<ChannelMarker>],
        at: i64,
        minutes: u32,
    ) -> Result<u32, Refusal> {
        let rules = &self.text;
        if places.iter().any(|place| rules.no_xp_channels.contains(place)) {
            return Err(Refusal::NoXpChannel);
        }
        if roles.iter().any(|role| rules.no_xp_roles.contains(role)) {
            return Err(Refusal::NoXpRole);
        }
        let percent = percent(&rules.multipliers, roles, places, at, zone);
        let xp = u64::from(self.voice_xp) * u64::from(minutes) * u64::from(percent) / 100;
        if xp == 0 {
            return Err(Refusal::Multiplied);
        }
        Ok(u32::try_from(xp).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xp::{Multiplier, Scope};

    #[test]
    fn the_stored_document_stays_readable() {
        let text =
            r#"{"enabled":true,"announce":{"in":{"channel":"7"},"quiet":[[1,4]]},"rewards":[{"level":5,"role":"8"}]}"#;
        let settings: LevelSettings = serde_json::from_str(text).unwrap();
        assert_eq!(settings.announce.place, AnnounceIn::Channel(Id::new(7)));
        assert_eq!(settings.rewards, [Reward { level: 5, role: Id::new(8) }]);
        assert_eq!(settings.voice_xp, 5);
        let again = serde_json::from_str(&serde_json::to_string(&settings).unwrap()).unwrap();
        assert_eq!(settings, again);
    }

    #[test]
    fn voice_obeys_channels_roles_and_multipliers() {
        let mut settings = LevelSettings::default();
        let (lounge, booster) = (Id::new(7), Id::new(8));
        let earn = |settings: &LevelSettings| settings.earn_voice(Zone::UTC, &[booster], &[lounge], 0, 3);
        assert_eq!(earn(&settings), Ok(15));
        settings.text.multipliers = vec![Multiplier { scope: Scope::Role { id: booster }, percent: 150 }];
        assert_eq!(earn(&settings), Ok(22));
        settings.text.no_xp_roles = vec![booster];
        assert_eq!(earn(&settings), Err(Refusal::NoXpRole));
        settings.text.no_xp_channels = vec![lounge];
        assert_eq!(earn(&settings), Err(Refusal::NoXpChannel));
        assert_eq!(
            LevelSettings { voice_xp: 0, ..LevelSettings::default() }.earn_voice(Zone::UTC, &[], &[], 0, 3),
            Err(Refusal::Multiplied)
        );
    }
}
