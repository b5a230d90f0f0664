//! Purpose: the page of analytics: charts with the same numbers in tables, and files to take away.

use crate::{
    access::{Area, GuildAccess, May},
    activity::{
        report::{Bucket, Report, Span, report},
        store::ChannelRow,
    },
    ctx::Ctx,
    discord,
    error::Result,
    guild_config, health,
    text::number,
    time,
    time_zone::Zone,
    web::{Request, Response, Shell, render},
};
use askama::Template;
use chrono::DateTime;
use serde_json::json;
use std::collections::BTreeMap;

struct SpanLink {
    href: String,
    title: &'static str,
    is_current: bool,
}

struct Chart {
    title: &'static str,
    /// For `charts.js`.
    data: String,
    names: [&'static str; 2],
    /// Whether there is nothing to draw.
    is_empty: bool,
    rows: Vec<ChartRow>,
}

struct ChartRow {
    when: String,
    first: String,
    second: String,
}

struct Channel {
    name: String,
    messages: String,
    minutes: String,
    commands: String,
}

#[derive(Template)]
#[template(path = "features/analytics/analytics.html")]
struct AnalyticsPage {
    shell: Shell,
    spans: Vec<SpanLink>,
    span: &'static str,
    zone: String,
    is_empty: bool,
    is_connected: bool,
    totals: Vec<(&'static str, String)>,
    charts: Vec<Chart>,
    channels: Vec<Channel>,
}

pub async fn on_request(ctx: &Ctx, request: &Request, access: &GuildAccess, rest: &[&str]) -> Result<Option<Response>> {
    let ("GET", ["analytics", rest @ ..]) = (request.method.as_str(), rest) else { return Ok(None) };
    if !matches!(rest, [] | ["time.csv" | "channels.csv"]) {
        return Ok(None);
    }
    access.require(ctx, Area::Analytics, May::View)?;
    let config = guild_config::cached(ctx, access.guild).await?;
    let zone = config.zone();
    let span = request.param("span").and_then(Span::parse).unwrap_or(Span::Week);
    let report = report(ctx, access.guild, span, zone).await?;
    let response = match rest {
        [] => show(ctx, request, access, span, zone, &report).await?,
        ["time.csv"] => file("activity", span, over_time(&report, span, zone)),
        _ => file("channels", span, by_channel(&report, &names(ctx, access).await)),
    };
    Ok(Some(response))
}

fn file(what: &str, span: Span, text: String) -> Response {
    Response::file("text/csv; charset=utf-8", &format!("{what}-{}.csv", span.name()), text)
}

fn over_time(report: &Report, span: Span, zone: Zone) -> String {
    let row = |bucket: &Bucket| {
        let sums = &bucket.sums;
        let numbers = [sums.messages, sums.voice_seconds / 60, sums.joins, sums.leaves, sums.commands];
        let mut row = vec![wall(bucket.start, span, zone)];
        row.extend(numbers.map(|number| number.to_string()));
        row
    };
    super::csv("begins,messages,voice_minutes,joins,leaves,commands", report.buckets.iter().map(row))
}

fn by_channel(report: &Report, names: &BTreeMap<String, String>) -> String {
    let row = |row: &ChannelRow| {
        let id = row.channel_id.to_string();
        let name = names.get(&id).cloned().unwrap_or_default();
        vec![id, name, row.messages.to_string(), (row.voice_seconds / 60).to_string(), row.commands.to_string()]
    };
    super::csv("channel_id,channel,messages,voice_minutes,commands", report.channels.iter().map(row))
}

/// Names of channels by id; none while Discord does not answer.
async fn names(ctx: &Ctx, access: &GuildAccess) -> BTreeMap<String, String> {
    let channels = discord::list_channels(ctx, access.guild).await.unwrap_or_default();
    channels.into_iter().filter_map(|channel| Some((channel.id.to_string(), channel.name?))).collect()
}

/// An hour or a day as it is called in the guild's zone.
fn wall(start: i64, span: Span, zone: Zone) -> String {
    let local = DateTime::from_timestamp_millis(start).unwrap_or_default().with_timezone(&zone);
    let day = local.date_naive();
    if span == Span::Day { format!("{day} {}", time::show_clock(&local)) } else { day.to_string() }
}

fn chart(
    title: &'static str,
    names: [&'static str; 2],
    report: &Report,
    (span, zone): (Span, Zone),
    values: impl Fn(&Bucket) -> [u64; 2],
) -> Chart {
    let numbers: Vec<[u64; 2]> = report.buckets.iter().map(values).collect();
    let line = |index: usize| {
        let values: Vec<u64> = numbers.iter().map(|pair| pair[index]).collect();
        json!({ "label": names[index], "values": values })
    };
    let mut series = vec![line(0)];
    if !names[1].is_empty() {
        series.push(line(1));
    }
    let row = |(bucket, [first, second]): (&Bucket, &[u64; 2])| ChartRow {
        when: wall(bucket.start, span, zone),
        first: number(*first),
        second: number(*second),
    };
    let rows = report.buckets.iter().zip(&numbers).map(row).collect();
    let is_empty = numbers.iter().all(|pair| *pair == [0, 0]);
    let x: Vec<i64> = report.buckets.iter().map(|bucket| bucket.start / 1_000).collect();
    let data = json!({ "x": x, "time": true, "zone": zone.name(), "series": series }).to_string();
    Chart { title, data, names, is_empty, rows }
}

async fn show(
    ctx: &Ctx,
    request: &Request,
    access: &GuildAccess,
    span: Span,
    zone: Zone,
    report: &Report,
) -> Result<Response> {
    let base = format!("/g/{}/analytics", access.guild);
    let link = |one: Span| SpanLink {
        href: format!("{base}?span={}", one.name()),
        title: one.title(),
        is_current: one == span,
    };
    let place = (span, zone);
    let charts = vec![
        chart("Messages", ["Messages", ""], report, place, |bucket| [bucket.sums.messages, 0]),
        chart("Minutes in voice", ["Minutes", ""], report, place, |bucket| [bucket.sums.voice_seconds / 60, 0]),
        chart("Joins and leaves", ["Joined", "Left"], report, place, |bucket| [bucket.sums.joins, bucket.sums.leaves]),
        chart("Commands", ["Commands", ""], report, place, |bucket| [bucket.sums.commands, 0]),
    ];
    let total = &report.total;
    let totals = [
        ("Messages", total.messages),
        ("Minutes in voice", total.voice_seconds / 60),
        ("Joined", total.joins),
        ("Left", total.leaves),
        ("Commands", total.commands),
    ];
    let known = if report.channels.is_empty() { BTreeMap::new() } else { names(ctx, access).await };
    let channel = |row: &ChannelRow| {
        let id = row.channel_id.to_string();
        Channel {
            name: known.get(&id).map_or_else(|| format!("deleted channel {id}"), |name| format!("#{name}")),
            messages: number(row.messages),
            minutes: number(row.voice_seconds / 60),
            commands: number(row.commands),
        }
    };
    let (is_connected, _) = health::say_sidecar(health::sidecar(ctx).await?.as_ref());
    let page = AnalyticsPage {
        shell: Shell::of_guild(ctx, request, access, "Analytics", "analytics"),
        spans: Span::ALL.into_iter().map(link).collect(),
        span: span.name(),
        zone: zone.name().to_owned(),
        is_empty: totals.iter().all(|(_, number)| *number == 0),
        is_connected,
        totals: totals.map(|(name, total)| (name, number(total))).into(),
        charts,
        channels: report.channels.iter().map(channel).collect(),
    };
    render(200, &page)
}
