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
    web::{
        Request, Response,
        description::{Guarded, Snowflake, Time},
    },
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

/// One hour or day.
#[derive(Serialize, ToSchema)]
struct AnalyticsPart<'a> {
    #[schema(value_type = Time)]
    begins: String,
    counts: &'a Sums,
}

/// What was counted, in the guild's time zone.
#[derive(Serialize, ToSchema)]
struct Analytics<'a> {
    #[schema(value_type = SpanName)]
    span: &'static str,
    time_zone: &'static str,
    total: &'a Sums,
    /// Hours of a day, days of a week or month; the oldest first.
    parts: Vec<AnalyticsPart<'a>>,
    /// The busiest first.
    channels: &'a [ChannelRow],
}

pub async fn on_request(ctx: &Ctx, request: &Request) -> Result<Option<Response>> {
    match (request.method.as_str(), &request.segments()[..]) {
        ("GET", ["guilds", guild, "analytics"]) => get_analytics(ctx, request, guild).await.map(Some),
        _ => Ok(None),
    }
}

/// Messages, voice, joins and leaves over a day, a week or a month.
#[utoipa::path(
    get,
    path = "/api/v1/guilds/{guild}/analytics",
    tag = "Analytics",
    params(
        ("guild" = Snowflake, Path),
        ("span" = Option<SpanName>, Query, description = "`week` unless given"),
    ),
    responses((status = 200, body = Analytics), Guarded),
    security(("key" = []))
)]
async fn get_analytics(ctx: &Ctx, request: &Request, guild: &str) -> Result<Response> {
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
    Response::of(200, &analytics)
}

fn part_of(bucket: &Bucket) -> AnalyticsPart<'_> {
    AnalyticsPart { begins: time::rfc3339(bucket.start), counts: &bucket.sums }
}

/// How much time.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "a name for the API's description")]
enum SpanName {
    Day,
    Week,
    Month,
}

#[derive(OpenApi)]
#[openapi(paths(get_analytics))]
pub struct Description;
