//! Purpose: what makes experience count more or less: roles, channels, hours of the week.

use crate::{time_zone::Zone, web::description::Snowflake};
use chrono::{DateTime, Datelike, Timelike};
use serde::{Deserialize, Serialize};
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, RoleMarker},
};
use utoipa::ToSchema;

/// All multipliers together give at most ten times.
pub const PERCENT_MAX: u32 = 1_000;

/// One rule of a guild. 100 % changes nothing, 0 % earns nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Multiplier {
    #[serde(flatten)]
    pub scope: Scope,
    pub percent: u32,
}

/// When a multiplier holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "scope", rename_all = "snake_case")]
pub enum Scope {
    Role {
        #[schema(value_type = Snowflake)]
        id: Id<RoleMarker>,
    },
    /// A channel, a category with all its channels, or a thread.
    Channel {
        #[schema(value_type = Snowflake)]
        id: Id<ChannelMarker>,
    },
    /// Minutes of the day in the guild's time zone, from inclusive, to exclusive; over midnight when `to` is not after `from`.
    /// `days` are those on which the window begins, Monday first, one bit each.
    Window { days: u8, from: u16, to: u16 },
}

fn is_open(days: u8, from: u16, to: u16, local: &DateTime<Zone>) -> bool {
    let minute = local.hour() * 60 + local.minute();
    let (from, to) = (u32::from(from), u32::from(to));
    let today = local.weekday().num_days_from_monday();
    let begins_on = |day: u32| days & (1 << day) != 0;
    if from < to {
        return begins_on(today) && (from..to).contains(&minute);
    }
    (begins_on(today) && minute >= from) || (begins_on((today + 6) % 7) && minute < to)
}

/// The percentage that holds for somebody with `roles` in `places` (the channel first, then what it lies in) at `at` (Unix
/// milliseconds). Of each kind one counts: the highest role, the nearest place, the highest open window. The kinds are
/// multiplied with each other, up to [`PERCENT_MAX`].
pub fn percent(
    rules: &[Multiplier],
    roles: &[Id<RoleMarker>],
    places: &[Id<ChannelMarker>],
    at: i64,
    zone: Zone,
) -> u32 {
    let local = DateTime::from_timestamp_millis(at).map(|utc| utc.with_timezone(&zone));
    let (mut role, mut window) = (None, None);
    let mut place: Option<(usize, u32)> = None;
    for rule in rules {
        match &rule.scope {
            Scope::Role { id } if roles.contains(id) => role = role.max(Some(rule.percent)),
            Scope::Channel { id } => {
                let depth = places.iter().position(|place| place == id);
                if let Some(depth) = depth.filter(|depth| place.is_none_or(|(nearest, _)| *depth < nearest)) {
                    place = Some((depth, rule.percent));
                }
            }
            Scope::Window { days, from, to } if local.is_some_and(|local| is_open(*days, *from, *to, &local)) => {
                window = window.max(Some(rule.percent));
            }
            Scope::Role { .. } | Scope::Window { .. } => {}
        }
    }
    let kinds = [role, place.map(|(_, percent)| percent), window];
    let product = kinds.into_iter().flatten().fold(100, |all: u64, one| all.saturating_mul(one.into()) / 100);
    u32::try_from(product).unwrap_or(u32::MAX).min(PERCENT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const BOOSTER: u64 = 1;
    const STAFF: u64 = 2;
    const THREAD: u64 = 10;
    const CHANNEL: u64 = 11;
    const CATEGORY: u64 = 12;
    /// Friday, 14 November 2025, 22:30 in Berlin.
    const FRIDAY_NIGHT: i64 = 1_763_155_800_000;
    const HOUR: i64 = 3_600_000;

    fn role(id: u64, percent: u32) -> Multiplier {
        Multiplier { scope: Scope::Role { id: Id::new(id) }, percent }
    }

    fn place(id: u64, percent: u32) -> Multiplier {
        Multiplier { scope: Scope::Channel { id: Id::new(id) }, percent }
    }

    /// From 22:00 to 02:00, beginning on Fridays.
    fn friday_night(percent: u32) -> Multiplier {
        Multiplier { scope: Scope::Window { days: 1 << 4, from: 22 * 60, to: 2 * 60 }, percent }
    }

    fn held(rules: &[Multiplier], at: i64) -> u32 {
        let places = [THREAD, CHANNEL, CATEGORY].map(Id::new);
        percent(rules, &[Id::new(BOOSTER), Id::new(STAFF)], &places, at, Zone::named("Europe/Berlin").unwrap())
    }

    #[rstest]
    #[case::none(&[], 100)]
    #[case::highest_role(&[role(BOOSTER, 150), role(STAFF, 120), role(99, 900)], 150)]
    #[case::nearest_place(&[place(CATEGORY, 300), place(CHANNEL, 50)], 50)]
    #[case::a_thread_inherits(&[place(CATEGORY, 300)], 300)]
    #[case::kinds_multiply(&[role(BOOSTER, 150), place(CHANNEL, 200), friday_night(200)], 600)]
    #[case::capped(&[role(BOOSTER, 900), place(CHANNEL, 900)], 1_000)]
    #[case::nothing(&[role(BOOSTER, 900), place(CHANNEL, 0)], 0)]
    #[case::huge(&[role(BOOSTER, u32::MAX), place(CHANNEL, u32::MAX), friday_night(u32::MAX)], 1_000)]
    fn one_of_each_kind_counts(#[case] rules: &[Multiplier], #[case] expected: u32) {
        assert_eq!(held(rules, FRIDAY_NIGHT), expected);
    }

    #[rstest]
    #[case::before(-HOUR, 100)]
    #[case::begins(-HOUR / 2, 200)]
    #[case::after_midnight(3 * HOUR, 200)]
    #[case::over(4 * HOUR, 100)]
    #[case::saturday_night(24 * HOUR, 100)]
    fn a_window_over_midnight_belongs_to_the_day_it_began(#[case] later: i64, #[case] expected: u32) {
        assert_eq!(held(&[friday_night(200)], FRIDAY_NIGHT + later), expected);
    }

    #[test]
    fn the_stored_shape_stays() {
        let text = serde_json::to_string(&[role(1, 150), friday_night(200)]).unwrap();
        assert_eq!(
            text,
            r#"[{"scope":"role","id":"1","percent":150},{"scope":"window","days":16,"from":1320,"to":120,"percent":200}]"#
        );
        assert_eq!(serde_json::from_str::<Vec<Multiplier>>(&text).unwrap(), [role(1, 150), friday_night(200)]);
    }
}
