//! Purpose: times as people write and read them: durations, wall times in a guild's zone, Discord's timestamps.

use crate::time_zone::Zone;
use chrono::{DateTime, Datelike, Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike, Weekday};

/// Discord's epoch, 2015-01-01T00:00:00Z, in Unix milliseconds.
const DISCORD_EPOCH_MS: u64 = 1_420_070_400_000;

/// When a snowflake was made, Unix milliseconds.
pub fn snowflake_ms(id: u64) -> i64 {
    i64::try_from((id >> 22) + DISCORD_EPOCH_MS).unwrap_or(i64::MAX)
}

/// The smallest snowflake of that time (Unix milliseconds).
pub fn snowflake_at(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0).saturating_sub(DISCORD_EPOCH_MS) << 22
}

/// Unix milliseconds, or `None` for what is no RFC 3339 time.
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp_millis())
}

/// `2026-11-20T18:00:00Z`, for files and JSON.
pub fn rfc3339(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms)
        .map(|time| time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
        .unwrap_or_default()
}

/// Discord's markup for a time that each reader sees in their own zone, with "in 5 minutes" beside it.
pub fn show(ms: i64) -> String {
    let seconds = ms.div_euclid(1_000);
    format!("<t:{seconds}:F> (<t:{seconds}:R>)")
}

/// "in 5 minutes", kept current by the client.
pub fn relative(ms: i64) -> String {
    format!("<t:{}:R>", ms.div_euclid(1_000))
}

/// `3 days`, `1 hour 30 minutes`: for settings and refusals.
pub fn say_duration(ms: i64) -> String {
    let units = [(86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1_000, "second")];
    let mut left = ms.max(0);
    let mut parts = Vec::new();
    for (size, name) in units {
        let n = left / size;
        left %= size;
        if n > 0 && parts.len() < 2 {
            parts.push(crate::text::count(n.unsigned_abs(), name, &format!("{name}s")));
        }
    }
    if parts.is_empty() {
        return "0 seconds".to_owned();
    }
    parts.join(" ")
}

/// `10m`, `2h 30m`, `3 days`, `1w`. Milliseconds, or `None`.
pub fn parse_duration(text: &str) -> Option<i64> {
    let text = text.trim().to_lowercase();
    // A bare number is ambiguous, and humantime would take 0.
    if text.is_empty() || text.len() > 40 || text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let duration = humantime::parse_duration(&text).ok()?;
    i64::try_from(duration.as_millis()).ok().filter(|ms| *ms > 0)
}

/// The IANA zone of that name, spelled in any case.
pub fn parse_zone(name: &str) -> Option<Zone> {
    Zone::named(name.trim())
}

/// The instant of a wall time. A time skipped by the switch to summer time means the first instant after the
/// gap; a doubled one means its first occurrence.
pub fn wall_to_ms(zone: Zone, wall: NaiveDateTime) -> Option<i64> {
    match zone.from_local_datetime(&wall) {
        LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => Some(time.timestamp_millis()),
        LocalResult::None => {
            // Gaps are at most a few hours and end on a full quarter of an hour.
            (1..=96).find_map(|quarters| {
                let shifted = wall.checked_add_signed(chrono::Duration::minutes(15 * quarters))?;
                let later = zone.from_local_datetime(&shifted).earliest()?;
                // The first valid instant, not the shifted wall time.
                let start = shifted - chrono::Duration::minutes(shifted.and_utc().timestamp().rem_euclid(900) / 60);
                zone.from_local_datetime(&start).earliest().or(Some(later)).map(|time| time.timestamp_millis())
            })
        }
    }
}

/// `18:00`, `18.00`, `6:00pm`, `6:00 pm`. Split by hand: chrono's format strings bring 36 KB of parser into the Worker.
fn parse_clock(text: &str) -> Option<NaiveTime> {
    let (clock, shift) = match (text.strip_suffix("am"), text.strip_suffix("pm")) {
        (Some(clock), _) => (clock.trim_end(), Some(0)),
        (_, Some(clock)) => (clock.trim_end(), Some(12)),
        _ => (text, None),
    };
    let (hour, minute) = clock.split_once(':').or_else(|| clock.split_once('.'))?;
    let (hour, minute) = (number(hour, 2)?, number(minute, 2)?);
    let hour = match shift {
        Some(shift) => (1..=12).contains(&hour).then_some(hour % 12 + shift)?,
        None => hour,
    };
    NaiveTime::from_hms_opt(hour, minute, 0)
}

/// Digits only, at most so many.
fn number(text: &str, digits: usize) -> Option<u32> {
    let is_number = !text.is_empty() && text.len() <= digits && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

/// `2026-12-24`, `24.12.2026`, `2026/12/24`.
fn parse_date(text: &str) -> Option<NaiveDate> {
    let separator = ['-', '.', '/'].into_iter().find(|separator| text.contains(*separator))?;
    let parts: Vec<&str> = text.split(separator).collect();
    let [first, month, last] = parts.try_into().ok()?;
    let (year, day) = if separator == '.' { (last, first) } else { (first, last) };
    NaiveDate::from_ymd_opt(i32::try_from(number(year, 4)?).ok()?, number(month, 2)?, number(day, 2)?)
}

fn parse_weekday(text: &str) -> Option<Weekday> {
    text.parse().ok()
}

fn parse_day(text: &str, today: NaiveDate) -> Option<NaiveDate> {
    match text {
        "today" => Some(today),
        "tomorrow" => today.checked_add_days(Days::new(1)),
        _ => {
            if let Some(weekday) = parse_weekday(text) {
                let ahead = (7 + weekday.num_days_from_monday() - today.weekday().num_days_from_monday()) % 7;
                return today.checked_add_days(Days::new(u64::from(ahead)));
            }
            parse_date(text)
        }
    }
}

/// `18:05`.
pub fn show_clock(wall: &impl Timelike) -> String {
    format!("{:02}:{:02}", wall.hour(), wall.minute())
}

/// `Fri 20 Nov 2026, 18:05`.
pub fn say_wall(wall: &DateTime<Zone>) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = MONTHS.get(wall.month0() as usize).unwrap_or(&"");
    format!("{} {} {month} {}, {}", wall.weekday(), wall.day(), wall.year(), show_clock(wall))
}

/// An end given as a duration (`10m`, `2 days`) or as a wall time in `zone` (`18:00`, `tomorrow 18:00`,
/// `friday 20:00`, `2026-12-24 18:00`). Unix milliseconds; a time without a day is its next occurrence.
pub fn parse_when(text: &str, now: i64, zone: Zone) -> Option<i64> {
    if let Some(duration) = parse_duration(text) {
        return now.checked_add(duration);
    }
    let text = text.trim().to_lowercase().replace(" at ", " ").replace(" pm", "pm").replace(" am", "am");
    let local = DateTime::from_timestamp_millis(now)?.with_timezone(&zone);
    let today = local.date_naive();
    if let Some(clock) = parse_clock(&text) {
        let at = wall_to_ms(zone, today.and_time(clock))?;
        if at > now {
            return Some(at);
        }
        return wall_to_ms(zone, today.checked_add_days(Days::new(1))?.and_time(clock));
    }
    // "2026-12-24t18:00" is the only form without a space.
    let (day, clock) = text.rsplit_once(' ').or_else(|| text.split_once('t'))?;
    let clock = parse_clock(clock.trim())?;
    let date = parse_day(day.trim(), today)?;
    let at = wall_to_ms(zone, date.and_time(clock))?;
    if at <= now && parse_weekday(day.trim()).is_some() {
        return wall_to_ms(zone, date.checked_add_days(Days::new(7))?.and_time(clock));
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> i64 {
        parse_rfc3339(text).unwrap()
    }

    fn when(text: &str, zone: Zone) -> Option<String> {
        parse_when(text, at("2026-11-20T12:00:00Z"), zone).map(rfc3339)
    }

    #[test]
    fn ends_are_read_in_the_guilds_zone() {
        let berlin = parse_zone("Europe/Berlin").unwrap();
        assert_eq!(when("10m", berlin).as_deref(), Some("2026-11-20T12:10:00Z"));
        assert_eq!(when("1 day 2h", berlin).as_deref(), Some("2026-11-21T14:00:00Z"));
        assert_eq!(when("18:00", berlin).as_deref(), Some("2026-11-20T17:00:00Z"));
        assert_eq!(when("12:30", berlin).as_deref(), Some("2026-11-21T11:30:00Z"));
        assert_eq!(when("tomorrow 18:00", berlin).as_deref(), Some("2026-11-21T17:00:00Z"));
        assert_eq!(when("friday 09:00", berlin).as_deref(), Some("2026-11-27T08:00:00Z"));
        assert_eq!(when("saturday 09:00", berlin).as_deref(), Some("2026-11-21T08:00:00Z"));
        assert_eq!(when("2026-12-24 18:00", berlin).as_deref(), Some("2026-12-24T17:00:00Z"));
        assert_eq!(when("2026-12-24T18:00", berlin).as_deref(), Some("2026-12-24T17:00:00Z"));
        assert_eq!(when("24.12.2026 6:05 pm", berlin).as_deref(), Some("2026-12-24T17:05:00Z"));
        assert_eq!(when("2026/12/24 12:30am", berlin).as_deref(), Some("2026-12-23T23:30:00Z"));
        assert_eq!(when("18.00", berlin).as_deref(), Some("2026-11-20T17:00:00Z"));
        for wrong in
            ["24:00", "0:30pm", "13:00pm", "12:60", "2026-13-01 18:00", "2026-02-30 18:00", "1.2 18:00", "+1:30"]
        {
            assert_eq!(when(wrong, berlin), None, "{wrong}");
        }
        assert_eq!(when("5", berlin), None);
        assert_eq!(when("soon", berlin), None);
        assert_eq!(when("-5m", berlin), None);
    }

    #[test]
    fn skipped_and_doubled_hours_mean_one_instant() {
        let berlin = parse_zone("Europe/Berlin").unwrap();
        let skipped = NaiveDate::from_ymd_opt(2026, 3, 29).unwrap().and_hms_opt(2, 30, 0).unwrap();
        assert_eq!(wall_to_ms(berlin, skipped), Some(at("2026-03-29T01:00:00Z")));
        let doubled = NaiveDate::from_ymd_opt(2026, 10, 25).unwrap().and_hms_opt(2, 30, 0).unwrap();
        assert_eq!(wall_to_ms(berlin, doubled), Some(at("2026-10-25T00:30:00Z")));
    }

    #[test]
    fn durations_are_said_in_two_units() {
        assert_eq!(say_duration(5_400_000), "1 hour 30 minutes");
        assert_eq!(say_duration(86_400_000 * 3), "3 days");
        assert_eq!(say_duration(0), "0 seconds");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,60}") {
            let _ = parse_when(&text, 1_800_000_000_000, parse_zone("America/New_York").unwrap());
            let _ = parse_zone(&text);
        }
    }
}
