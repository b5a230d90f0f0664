//! Purpose: analytics as JSON.

use crate::{
    access::{self, Area, May},
    activity::{
        report::{Bucket, Span, report},
        store::{ChannelRow, Sums},
    },
    ctx::Ctx,
    error::{Error, Result},
    guild_config, time,
    web::{Request, Response},
};
use serde::Serialize;

/// One hour or day.
#[derive(Serialize)]
struct Part<'a> {
    begins: String,
    #[serde(flatten)]
    sums: &'a Sums,
}

/// What was counted, in the guild's time zone.
#[derive(Serialize)]
struct Analytics<'a> {
    span: &'static str,
    time_zone: &'static str,
    total: &'a Sums,
    /// Hours of a day, days of a week or month; the oldest first.
    parts: Vec<Part<'a>>,
    /// The busiest first.
    channels: &'a [ChannelRow],
}

pub async fn on_request(ctx: &Ctx, request: &Request) -> Result<Option<Response>> {
    let ("GET", ["guilds", guild, "analytics"]) = (request.method.as_str(), &request.segments()[..]) else {
        return Ok(None);
    };
    let access = access::enter(ctx, request, guild).await?;
    access.require(ctx, Area::Analytics, May::View)?;
    let span = Span::parse(request.param("span").unwrap_or("week"))
        .ok_or_else(|| Error::user("The span is day, week or month."))?;
    let zone = guild_config::cached(ctx, access.guild).await?.zone();
    let report = report(ctx, access.guild, span, zone).await?;
    let analytics = Analytics {
        span: span.name(),
        time_zone: zone.name(),
        total: &report.total,
        parts: report.buckets.iter().map(part_of).collect(),
        channels: &report.channels,
    };
    Response::of(200, &analytics).map(Some)
}

fn part_of(bucket: &Bucket) -> Part<'_> {
    Part { begins: time::rfc3339(bucket.start), sums: &bucket.sums }
}
