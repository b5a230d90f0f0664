//! Purpose: what was counted, over a day, a week or a month of a guild's time zone.

use super::{
    HOUR_MS, hour_of,
    store::{self, ChannelRow, HourRow, Sums},
};
use crate::{ctx::Ctx, error::Result, time, time_zone::Zone};
use chrono::{DateTime, Days, NaiveTime};
use std::rc::Rc;
use twilight_model::id::{Id, marker::GuildMarker};

/// Channels in a report.
const CHANNELS: u32 = 15;
/// How old a report may be: a month of a large guild is a hundred thousand rows.
const KEEP_MS: [i64; 3] = [30_000, 60_000, 600_000];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    Day,
    Week,
    Month,
}

impl Span {
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Day => "24 hours",
            Self::Week => "7 days",
            Self::Month => "30 days",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|span| span.name() == name)
    }

    /// Where the hours or days of a report begin, the oldest first, and where the last one ends. Days are the zone's.
    pub fn starts(self, now: i64, zone: Zone) -> Vec<i64> {
        let days = match self {
            Self::Day => return (0..=24).map(|n| hour_of(now) - (23 - n) * HOUR_MS).collect(),
            Self::Week => 7,
            Self::Month => 30,
        };
        let today = DateTime::from_timestamp_millis(now).unwrap_or_default().with_timezone(&zone).date_naive();
        let start = |ago: u64| {
            let day = if ago == 0 {
                today.checked_add_days(Days::new(1))
            } else {
                today.checked_sub_days(Days::new(ago - 1))
            };
            day.and_then(|day| time::wall_to_ms(zone, day.and_time(NaiveTime::MIN)))
        };
        (0..=days).rev().filter_map(start).collect()
    }
}

/// One hour or day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Unix milliseconds.
    pub start: i64,
    pub sums: Sums,
}

#[derive(Debug, Clone)]
pub struct Report {
    /// The oldest first; ones without anything are there, too.
    pub buckets: Vec<Bucket>,
    pub total: Sums,
    pub channels: Vec<ChannelRow>,
}

fn add(to: &mut Sums, more: &Sums) {
    to.messages += more.messages;
    to.voice_seconds += more.voice_seconds;
    to.joins += more.joins;
    to.leaves += more.leaves;
    to.commands += more.commands;
}

/// Puts hours into the hours or days that begin at `starts`; the last of those is the end.
fn fill(starts: &[i64], hours: &[HourRow]) -> Vec<Bucket> {
    let last = starts.len().saturating_sub(1);
    let mut buckets: Vec<Bucket> =
        starts.iter().take(last).map(|start| Bucket { start: *start, sums: Sums::default() }).collect();
    for row in hours {
        let place = starts.partition_point(|start| *start <= row.hour);
        if let Some(bucket) = place.checked_sub(1).and_then(|place| buckets.get_mut(place)) {
            add(&mut bucket.sums, &row.sums);
        }
    }
    buckets
}

/// At most a minute old for a day or week, ten minutes for a month.
pub async fn report(ctx: &Ctx, guild: Id<GuildMarker>, span: Span, zone: Zone) -> Result<Rc<Report>> {
    let now = ctx.now();
    let key = format!("activity:{guild}:{}:{}", span.name(), zone.name());
    if let Some(known) = ctx.memory.recall::<Report>(&key, now) {
        return Ok(known);
    }
    let starts = span.starts(now, zone);
    // A zone's day may begin within an hour: that hour counts to the day before.
    let since = starts.first().copied().unwrap_or(now);
    let until = starts.last().copied().unwrap_or(now);
    let statements = vec![store::list_hours(guild, since, until), store::list_channels(guild, since, until, CHANNELS)];
    let results = ctx.batch(statements).await?;
    let [hours, channels] = &results[..] else {
        return Err(crate::Error::internal("two results expected"));
    };
    let buckets = fill(&starts, &hours.all::<HourRow>()?);
    let mut total = Sums::default();
    buckets.iter().for_each(|bucket| add(&mut total, &bucket.sums));
    let report = Rc::new(Report { buckets, total, channels: channels.all()? });
    let keep = KEEP_MS[Span::ALL.iter().position(|one| *one == span).unwrap_or(0)];
    ctx.memory.remember(key, report.clone(), now + keep);
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        time::parse_rfc3339(text).expect("a time")
    }

    #[test]
    fn days_are_those_of_the_zone_also_when_clocks_change() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let starts = Span::Week.starts(at("2026-10-27T12:00:00Z"), berlin);
        assert_eq!(starts.len(), 8);
        assert_eq!(starts[0], at("2026-10-20T22:00:00Z"));
        // The day on which summer time ends has 25 hours.
        assert_eq!(starts[5] - starts[4], 25 * HOUR_MS);
        assert_eq!(starts[7], at("2026-10-27T23:00:00Z"));
        assert_eq!(Span::Month.starts(at("2026-10-27T12:00:00Z"), Zone::UTC).len(), 31);
        let day = Span::Day.starts(at("2026-10-27T12:30:00Z"), berlin);
        assert_eq!((day.len(), day[0], day[24]), (25, at("2026-10-26T13:00:00Z"), at("2026-10-27T13:00:00Z")));
    }

    #[test]
    fn hours_fall_into_their_days_and_days_without_any_are_there() {
        let row = |hour, messages| HourRow { hour, sums: Sums { messages, ..Sums::default() } };
        let buckets = fill(&[0, 10, 20, 30], &[row(0, 1), row(9, 2), row(25, 4), row(30, 8)]);
        let messages: Vec<_> = buckets.iter().map(|bucket| bucket.sums.messages).collect();
        assert_eq!(messages, [3, 0, 4]);
    }
}
