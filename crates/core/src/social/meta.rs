//! Purpose: what Instagram and Threads say in the same words: insights, containers, quotas.

use super::{Metrics, Progress, Quota, Refusal, Told, wire};
use crate::ports::HttpResponse;
use serde_json::Value;

/// Insights come as a list of names with values; likes of a post and the like.
pub fn read_insights(body: &Value) -> Metrics {
    let of = |names: &[&str]| {
        let rows = body["data"].as_array()?;
        let row = rows.iter().find(|row| names.iter().any(|name| row["name"] == *name))?;
        row.pointer("/values/0/value").or_else(|| row.pointer("/total_value/value"))?.as_u64()
    };
    Metrics {
        views: of(&["views"]),
        reactions: of(&["likes"]),
        comments: of(&["comments", "replies"]),
        shares: of(&["shares", "reposts"]),
    }
}

/// A container by its state; `field` differs between Instagram and Threads, the words do not.
pub fn read_container(answer: &HttpResponse, field: &str) -> Told<Progress> {
    let body = wire::ok(answer)?;
    Ok(match body[field].as_str().unwrap_or_default() {
        "FINISHED" => Progress::Ready,
        "PUBLISHED" => Progress::Post(None),
        "ERROR" => Progress::Failed("the picture was not taken".to_owned()),
        "EXPIRED" => Progress::Failed("it waited longer than a day".to_owned()),
        _ => Progress::NotYet,
    })
}

/// `content_publishing_limit` of Instagram and `threads_publishing_limit`; both count the last 24 hours.
pub fn read_quota(answer: &HttpResponse) -> Told<Quota> {
    let body = wire::ok(answer)?;
    let number = |at: &str| body.pointer(at).and_then(Value::as_u64);
    match (number("/data/0/quota_usage"), number("/data/0/config/quota_total")) {
        (Some(used), Some(total)) => Ok(Quota { used, total }),
        _ => Err(Refusal::Unknown("no quota was said".to_owned())),
    }
}
