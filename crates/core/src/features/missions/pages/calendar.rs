//! Purpose: a month of missions: when they start and end, and when posts that wait will be published.

use super::{href, nav, shell, store};
use crate::{
    access::GuildAccess,
    ctx::Ctx,
    error::{Error, Result},
    features::missions::store::Mission,
    guild_config, points,
    text::count,
    time::{self, show_clock},
    time_zone::Zone,
    web::{Request, Response, Shell, render},
};
use askama::Template;
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime};
use std::collections::BTreeMap;

const MISSIONS_MAX: u32 = 500;
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

struct Event {
    href: String,
    /// `18:00`, in the guild's zone; empty for several.
    clock: String,
    what: String,
    title: String,
}

struct Day {
    number: u32,
    /// `Friday 20`, for a small screen.
    label: String,
    is_today: bool,
    /// Of the months around.
    is_outside: bool,
    events: Vec<Event>,
}

#[derive(Template)]
#[template(path = "features/missions/calendar.html")]
struct CalendarPage {
    shell: Shell,
    nav: String,
    href: String,
    month: String,
    zone: String,
    weekdays: [&'static str; 7],
    weeks: Vec<Vec<Day>>,
    before: String,
    after: String,
    is_empty: bool,
}

/// The first day of `2026-11`.
fn first_of(text: &str) -> Option<NaiveDate> {
    if !points::is_month(text) {
        return None;
    }
    let (year, month) = text.split_once('-')?;
    NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, 1)
}

fn local(at: i64, zone: Zone) -> Option<DateTime<Zone>> {
    Some(DateTime::from_timestamp_millis(at)?.with_timezone(&zone))
}

/// Everything that happens from `from` to before `until`, by day.
async fn events(
    ctx: &Ctx,
    access: &GuildAccess,
    (from, until): (i64, i64),
    zone: Zone,
) -> Result<BTreeMap<NaiveDate, Vec<Event>>> {
    let results = ctx
        .batch(vec![
            store::list_between(access.guild, from, until, MISSIONS_MAX),
            store::scheduled_between(access.guild, from, until),
        ])
        .await?;
    let [missions, scheduled] = &results[..] else { return Err(Error::internal("two results expected")) };
    let mut all: Vec<(i64, String, &'static str, String)> = Vec::new();
    for mission in missions.all::<Mission>()? {
        let place = href(access, &mission.id);
        let (starts, ends) = match mission.state.as_str() {
            "draft" => ("would start", "would end"),
            "closed" => ("started", "closed"),
            _ => ("starts", "ends"),
        };
        let begun = mission.pushed_at.unwrap_or(mission.starts_at).max(mission.starts_at);
        all.push((begun, place.clone(), starts, mission.title.clone()));
        all.push((mission.closed_at.unwrap_or(mission.ends_at), place, ends, mission.title));
    }
    all.retain(|(at, ..)| (from..until).contains(at));
    all.sort_unstable();
    let mut days: BTreeMap<NaiveDate, Vec<Event>> = BTreeMap::new();
    for (at, href, what, title) in all {
        let Some(time) = local(at, zone) else { continue };
        let event = Event { href, clock: show_clock(&time), what: what.to_owned(), title };
        days.entry(time.date_naive()).or_default().push(event);
    }
    // Posts that wait, by day and mission.
    let mut waiting: BTreeMap<(NaiveDate, String), (String, u64)> = BTreeMap::new();
    for post in scheduled.all::<store::Scheduled>()? {
        let Some(time) = local(post.due_at, zone) else { continue };
        waiting.entry((time.date_naive(), post.mission_id)).or_insert((post.title, 0)).1 += 1;
    }
    for ((day, mission), (title, posts)) in waiting {
        let what = format!("{} for", count(posts, "post waits", "posts wait"));
        days.entry(day).or_default().push(Event { href: href(access, &mission), clock: String::new(), what, title });
    }
    Ok(days)
}

pub async fn show(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let config = guild_config::cached(ctx, access.guild).await?;
    let zone = config.zone();
    let today = local(ctx.now(), zone).map(|now| now.date_naive()).unwrap_or_default();
    let first = request.param("month").and_then(first_of).or_else(|| today.with_day(1)).unwrap_or(today);
    let next = first.checked_add_months(Months::new(1)).ok_or(Error::NotFound)?;
    let last_month = first.checked_sub_months(Months::new(1)).ok_or(Error::NotFound)?;
    // Whole weeks, from Monday to Sunday.
    let begin = first - Days::new(first.weekday().num_days_from_monday().into());
    let end = next + Days::new((7 - next.weekday().num_days_from_monday() as u64) % 7);
    let at = |day: NaiveDate| time::wall_to_ms(zone, day.and_time(NaiveTime::MIN)).ok_or(Error::NotFound);
    let mut by_day = events(ctx, access, (at(begin)?, at(end)?), zone).await?;
    let is_empty = !by_day.keys().any(|day| (first..next).contains(day));
    let day = |date: NaiveDate| {
        let name = WEEKDAYS.get(date.weekday().num_days_from_monday() as usize).unwrap_or(&"");
        Day {
            number: date.day(),
            label: format!("{name} {}", date.day()),
            is_today: date == today,
            is_outside: !(first..next).contains(&date),
            events: by_day.remove(&date).unwrap_or_default(),
        }
    };
    let days: Vec<NaiveDate> = begin.iter_days().take_while(|date| *date < end).collect();
    let mut all: Vec<Day> = days.into_iter().map(day).collect();
    let mut weeks = Vec::new();
    while !all.is_empty() {
        let rest = all.split_off(7.min(all.len()));
        weeks.push(std::mem::replace(&mut all, rest));
    }
    let base = href(access, "calendar");
    let link = |date: NaiveDate| format!("{base}?month={}", date.format("%Y-%m"));
    let page = CalendarPage {
        shell: shell(ctx, request, access, "Calendar"),
        nav: nav(access, "calendar"),
        month: format!("{} {}", MONTHS.get(first.month0() as usize).unwrap_or(&""), first.year()),
        zone: config.time_zone.clone(),
        weekdays: WEEKDAYS,
        weeks,
        before: link(last_month),
        after: link(next),
        is_empty,
        href: base,
    };
    render(200, &page)
}
