//! Purpose: the time zones of the IANA database, small enough for a Worker: what tzdata says from 2020 to 2099, packed by `build.rs`.

use chrono::{Duration, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone};
use std::fmt;

include!(concat!(env!("OUT_DIR"), "/time_zones.rs"));

/// 2020-01-01T00:00:00Z in minutes since 1970, where the table begins; before that each zone keeps its first offset.
const BEGIN: i64 = 1_577_836_800 / 60;

/// A zone of the IANA database (an index into the table).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Zone(u16);

/// What a zone's clocks are ahead of UTC at some time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ZoneOffset {
    zone: Zone,
    fixed: FixedOffset,
}

impl Zone {
    pub const UTC: Self = Self(UTC);

    /// Every zone, in the order of names.
    pub fn all() -> impl Iterator<Item = Self> + Clone {
        (0..ZONES.len()).filter_map(|index| u16::try_from(index).ok()).map(Self)
    }

    /// The zone of that name, spelled in any case.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|zone| zone.name().eq_ignore_ascii_case(name))
    }

    fn row(self) -> &'static (&'static str, i8, u8) {
        &ZONES[usize::from(self.0)]
    }

    /// `Europe/Berlin`.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// Ahead of UTC at that instant.
    fn at(self, utc: NaiveDateTime) -> ZoneOffset {
        let (_, first, list) = *self.row();
        let list = usize::from(list);
        let begin = list.checked_sub(1).map_or(0, |before| usize::from(ENDS[before]));
        let now = utc.and_utc().timestamp().div_euclid(60);
        let (mut at, mut quarters) = (BEGIN, i32::from(first));
        for (after, change) in &SWITCHES[begin..usize::from(ENDS[list])] {
            at += i64::from(*after);
            if at > now {
                break;
            }
            quarters += i32::from(*change);
        }
        // No zone is a day ahead: the table's offsets are at most 14 hours.
        let fixed = FixedOffset::east_opt(quarters * 900).unwrap_or_else(|| chrono::Utc.fix());
        ZoneOffset { zone: self, fixed }
    }
}

impl TimeZone for Zone {
    type Offset = ZoneOffset;

    fn from_offset(offset: &ZoneOffset) -> Self {
        offset.zone
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> ZoneOffset {
        self.at(*utc)
    }

    fn offset_from_utc_date(&self, utc: &NaiveDate) -> ZoneOffset {
        self.at(utc.and_time(NaiveTime::MIN))
    }

    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> LocalResult<ZoneOffset> {
        // What holds a day before and a day after are the only candidates: no zone switches twice in two days.
        let near =
            |days| local.checked_add_signed(Duration::days(days)).map_or_else(|| self.at(*local), |utc| self.at(utc));
        let holds =
            |offset: &ZoneOffset| local.checked_sub_offset(offset.fixed).is_some_and(|utc| self.at(utc) == *offset);
        let (before, after) = (near(-1), near(1));
        match (holds(&before), holds(&after)) {
            (true, true) if before != after => LocalResult::Ambiguous(before, after),
            (true, _) => LocalResult::Single(before),
            (false, true) => LocalResult::Single(after),
            (false, false) => LocalResult::None,
        }
    }

    fn offset_from_local_date(&self, local: &NaiveDate) -> LocalResult<ZoneOffset> {
        self.offset_from_local_datetime(&local.and_time(NaiveTime::MIN))
    }
}

impl Offset for ZoneOffset {
    fn fix(&self) -> FixedOffset {
        self.fixed
    }
}

impl fmt::Debug for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.fixed, f)
    }
}

impl fmt::Display for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.fixed, f)
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use chrono_tz::TZ_VARIANTS;
    use proptest::prelude::*;

    #[test]
    fn the_names_are_those_of_the_database() {
        assert!(Zone::all().map(Zone::name).eq(TZ_VARIANTS.iter().map(|zone| zone.name())));
        assert_eq!(Zone::UTC.name(), "UTC");
        assert_eq!(Zone::named("europe/BERLIN").map(Zone::name), Some("Europe/Berlin"));
        assert_eq!(Zone::named("Europe/Atlantis"), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        /// Seconds from 2020 to 2099.
        #[test]
        fn every_clock_shows_what_tzdata_says(seconds in 1_577_836_800_i64..4_102_444_800, zone in 0..TZ_VARIANTS.len()) {
            let utc = DateTime::from_timestamp(seconds, 0).unwrap().naive_utc();
            let theirs = TZ_VARIANTS[zone];
            let ours = Zone::named(theirs.name()).unwrap();
            prop_assert_eq!(ours.offset_from_utc_datetime(&utc).fix(), theirs.offset_from_utc_datetime(&utc).fix());
        }

        /// Wall times around each zone's own switches: a minute of the week in which its clocks change.
        #[test]
        fn wall_times_are_skipped_and_doubled_as_tzdata_says(seconds in 1_577_900_000_i64..4_102_300_000, near in -7_200_i64..7_200, zone in 0..TZ_VARIANTS.len()) {
            let theirs = TZ_VARIANTS[zone];
            let ours = Zone::named(theirs.name()).unwrap();
            let mut at = BEGIN;
            let (_, _, list) = *ours.row();
            let begin = usize::from(list).checked_sub(1).map_or(0, |before| usize::from(ENDS[before]));
            let switches = SWITCHES[begin..usize::from(ENDS[usize::from(list)])].iter().map(|(after, _)| { at += i64::from(*after); at * 60 });
            let switch = switches.take_while(|at| *at < seconds).last().unwrap_or(seconds);
            let local = DateTime::from_timestamp(switch + near, 0).unwrap().with_timezone(&theirs).naive_local();
            for minutes in [-60, 0, 60] {
                let local = local + Duration::minutes(minutes);
                let found = ours.from_local_datetime(&local).map(|time| time.timestamp());
                prop_assert_eq!(found, theirs.from_local_datetime(&local).map(|time| time.timestamp()));
            }
        }
    }
}
