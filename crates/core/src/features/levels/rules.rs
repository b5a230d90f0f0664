//! Purpose: which weeks and months are meant and when they end, which roles a level gives, what a new level says.

use crate::{
    time_zone::Zone,
    xp::{Announce, LevelSettings},
};
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta};
use twilight_model::id::{Id, marker::RoleMarker};

/// A day is closed five minutes after midnight: reports of its last messages are in by then.
const GRACE_MINUTES: i64 = 5;

/// A week (ISO 8601: Monday to Sunday) as 202647, a month as 202611: later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Periods {
    pub week: u32,
    pub month: u32,
}

fn of_day(day: NaiveDate) -> Periods {
    let week = day.iso_week();
    Periods {
        week: u32::try_from(week.year()).unwrap_or(0) * 100 + week.week(),
        month: u32::try_from(day.year()).unwrap_or(0) * 100 + day.month(),
    }
}

fn local_day(at: i64, zone: Zone) -> NaiveDate {
    DateTime::from_timestamp_millis(at).map(|utc| utc.with_timezone(&zone).date_naive()).unwrap_or_default()
}

/// The week and month in which `at` (Unix milliseconds) lies in the guild's time zone.
pub fn periods(at: i64, zone: Zone) -> Periods {
    of_day(local_day(at, zone))
}

/// When the guild's clock goes off next: five minutes past its midnight.
pub fn next_rollover(now: i64, zone: Zone) -> i64 {
    let today = local_day(now, zone);
    let days = [Some(today), today.checked_add_days(Days::new(1)), today.checked_add_days(Days::new(2))];
    let times = days.into_iter().flatten().filter_map(|day| {
        crate::time::wall_to_ms(zone, day.and_time(NaiveTime::MIN + TimeDelta::minutes(GRACE_MINUTES)))
    });
    times.filter(|at| *at > now).min().unwrap_or(now + 86_400_000)
}

/// The week and month that ended last, as seen from `now`: what the clock has to close if it is not closed yet. Of several missed
/// ones only the last: whoever won a week long ago does not care for the news.
pub fn ended(now: i64, zone: Zone) -> Periods {
    let today = local_day(now, zone);
    let last_week = today.checked_sub_days(Days::new(7)).unwrap_or(today);
    let last_month = today.with_day(1).and_then(|first| first.pred_opt()).unwrap_or(today);
    Periods { week: of_day(last_week).week, month: of_day(last_month).month }
}

/// `Week 47, 2026` and `November 2026`.
pub fn week_name(period: u32) -> String {
    format!("Week {}, {}", period % 100, period / 100)
}

pub fn month_name(period: u32) -> String {
    let month = u8::try_from(period % 100).ok().and_then(|month| chrono::Month::try_from(month).ok());
    month.map_or_else(|| period.to_string(), |month| format!("{} {}", month.name(), period / 100))
}

/// The roles that somebody at `level` should hold of all the guild's rewards.
pub fn rewards_at(settings: &LevelSettings, level: u32) -> Vec<Id<RoleMarker>> {
    let mut reached: Vec<_> = settings.rewards.iter().filter(|reward| reward.level <= level).collect();
    reached.sort_by_key(|reward| reward.level);
    if !settings.stack_rewards {
        let highest = reached.last().map(|reward| reward.level);
        reached.retain(|reward| Some(reward.level) == highest);
    }
    let mut roles: Vec<_> = reached.into_iter().map(|reward| reward.role).collect();
    roles.dedup();
    roles
}

/// Whether a change of level changes which roles are due.
pub fn rewards_change(settings: &LevelSettings, before: u32, after: u32) -> bool {
    rewards_at(settings, before) != rewards_at(settings, after)
}

/// What somebody has to be given and to lose, of the guild's rewards only.
pub fn reward_steps(
    settings: &LevelSettings,
    level: u32,
    held: &[Id<RoleMarker>],
) -> (Vec<Id<RoleMarker>>, Vec<Id<RoleMarker>>) {
    let due = rewards_at(settings, level);
    let give = due.iter().filter(|role| !held.contains(role)).copied().collect();
    let mut take: Vec<_> = settings.rewards.iter().map(|reward| reward.role).collect();
    take.sort_unstable();
    take.dedup();
    take.retain(|role| held.contains(role) && !due.contains(role));
    (give, take)
}

/// Whether nothing is said about reaching `level`.
pub fn is_quiet(announce: &Announce, level: u32) -> bool {
    announce.quiet.iter().any(|(from, to)| (*from..=*to).contains(&level))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xp::Reward;
    use proptest::prelude::*;
    use rstest::rstest;

    fn ms(text: &str) -> i64 {
        crate::time::parse_rfc3339(text).expect("a time")
    }

    fn named(zone: &str) -> Zone {
        Zone::named(zone).expect("a zone")
    }

    #[rstest]
    #[case::sunday_evening_in_berlin("2026-11-22T22:59:59Z", "Europe/Berlin", 202_647, 202_611)]
    #[case::monday_in_berlin("2026-11-22T23:00:00Z", "Europe/Berlin", 202_648, 202_611)]
    #[case::still_sunday_in_utc("2026-11-22T23:00:00Z", "UTC", 202_647, 202_611)]
    #[case::last_iso_week_of_a_long_year("2027-01-01T12:00:00Z", "UTC", 202_653, 202_701)]
    fn weeks_and_months_are_the_guilds(#[case] at: &str, #[case] zone: &str, #[case] week: u32, #[case] month: u32) {
        assert_eq!(periods(ms(at), named(zone)), Periods { week, month });
    }

    #[rstest]
    #[case::same_day("2026-11-20T00:01:00Z", "UTC", "2026-11-20T00:05:00Z")]
    #[case::next_day("2026-11-20T00:05:00Z", "UTC", "2026-11-21T00:05:00Z")]
    #[case::zone("2026-11-20T12:00:00Z", "America/New_York", "2026-11-21T05:05:00Z")]
    #[case::midnight_that_is_skipped("2026-09-05T12:00:00Z", "America/Santiago", "2026-09-06T04:00:00Z")]
    fn the_clock_goes_off_after_midnight(#[case] now: &str, #[case] zone: &str, #[case] next: &str) {
        assert_eq!(next_rollover(ms(now), named(zone)), ms(next));
    }

    #[test]
    fn what_ended_is_named_once_the_new_one_began() {
        assert_eq!(ended(ms("2026-11-23T00:05:00Z"), Zone::UTC), Periods { week: 202_647, month: 202_610 });
        assert_eq!(ended(ms("2026-12-01T00:05:00Z"), Zone::UTC), Periods { week: 202_648, month: 202_611 });
        assert_eq!((week_name(202_647), month_name(202_611)), ("Week 47, 2026".into(), "November 2026".into()));
    }

    fn settings(stack: bool) -> LevelSettings {
        let reward = |level, role| Reward { level, role: Id::new(role) };
        LevelSettings { rewards: vec![reward(10, 2), reward(5, 1)], stack_rewards: stack, ..LevelSettings::default() }
    }

    #[test]
    fn rewards_are_stacked_or_replaced_and_taken_back() {
        let (five, ten) = (Id::new(1), Id::new(2));
        assert_eq!(rewards_at(&settings(true), 12), [five, ten]);
        assert_eq!(rewards_at(&settings(false), 12), [ten]);
        assert_eq!(reward_steps(&settings(false), 12, &[five, Id::new(9)]), (vec![ten], vec![five]));
        assert_eq!(reward_steps(&settings(true), 4, &[five, Id::new(9)]), (vec![], vec![five]));
        assert!(rewards_change(&settings(true), 4, 5) && !rewards_change(&settings(true), 5, 9));
    }

    proptest! {
        #[test]
        fn the_clock_always_goes_off_within_two_days(now in 0..4_000_000_000_000_i64, zone in prop::sample::select(Zone::all().collect::<Vec<_>>())) {
            let next = next_rollover(now, zone);
            prop_assert!(next > now && next <= now + 2 * 86_400_000 + 3_600_000);
        }
    }
}
