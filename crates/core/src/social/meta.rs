//! Purpose: what Instagram and Threads share: how a login goes, calls of the graph, containers, quotas, insights.

use super::{Acting, App, Consent, Found, Metrics, Progress, Quota, Refusal, Sought, Tokens, Told, facebook, wire};
use crate::ports::{HttpRequest, HttpResponse};
use serde_json::Value;

/// The query of a consent page.
pub fn consent(app: &App, consent: &Consent<'_>, scopes: &str) -> String {
    wire::query(&[
        ("client_id", &app.client_id),
        ("redirect_uri", consent.redirect_uri),
        ("response_type", "code"),
        ("scope", scopes),
        ("state", consent.state),
    ])
}

/// A code for a token; `base` is the host, with a version where the host wants one here.
pub fn exchange(base: &str, app: &App, consent: &Consent<'_>, code: &str) -> HttpRequest {
    wire::post_form(
        format!("{base}/oauth/access_token"),
        &[
            ("client_id", &app.client_id),
            ("client_secret", &app.client_secret),
            ("grant_type", "authorization_code"),
            ("redirect_uri", consent.redirect_uri),
            ("code", code),
        ],
    )
}

/// A token of an hour for one of 60 days; `grant` is the login's own word.
pub fn extend(app: &App, tokens: &Tokens, grant: &str) -> HttpRequest {
    let query =
        wire::query(&[("grant_type", grant), ("client_secret", &app.client_secret), ("access_token", &tokens.access)]);
    wire::get(format!("{}/access_token?{query}", app.api))
}

/// A token of 60 days for another of 60 days.
pub fn refresh(app: &App, tokens: &Tokens, grant: &str) -> HttpRequest {
    let query = wire::query(&[("grant_type", grant), ("access_token", &tokens.access)]);
    wire::get(format!("{}/refresh_access_token?{query}", app.api))
}

/// What a call carries beside its own parameters.
fn signed(app: &App, access: &str, pairs: &[(&str, &str)]) -> String {
    let proof = facebook::proof(app, access);
    let mut all = pairs.to_vec();
    all.push(("access_token", access));
    all.extend(proof.as_deref().map(|proof| ("appsecret_proof", proof)));
    wire::query(&all)
}

pub fn url(app: &App, access: &str, path: &str, pairs: &[(&str, &str)]) -> String {
    format!("{}/{path}?{}", app.api, signed(app, access, pairs))
}

/// `path` begins with the version.
pub fn get(acting: &Acting<'_>, path: &str, pairs: &[(&str, &str)]) -> HttpRequest {
    wire::get(url(acting.app, acting.access, path, pairs))
}

pub fn post(acting: &Acting<'_>, path: &str, pairs: &[(&str, &str)]) -> HttpRequest {
    wire::post_query(format!("{}/{path}", acting.app.api), signed(acting.app, acting.access, pairs))
}

/// Insights come as a list of names with values; likes of a post and the like.
fn read_insights(body: &Value) -> Metrics {
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

/// The insights of one post; none of one that is gone.
pub fn read_metrics(answer: &HttpResponse, ids: &[&str]) -> Told<Vec<(String, Metrics)>> {
    if wire::is_gone(answer) {
        return Ok(Vec::new());
    }
    let body = wire::ok(answer)?;
    let Some(id) = ids.first() else { return Err(Refusal::Unknown("no post was asked for".to_owned())) };
    Ok(vec![((*id).to_owned(), read_insights(&body))])
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

/// The last part of a post's address: a code of its own, whatever host and query stand around it.
fn code_of(url: &str) -> &str {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

/// A post among the account's newest: by the address that a person gave, otherwise by its text, which stands under `field`.
pub fn find(answer: &HttpResponse, field: &str, sought: &Sought<'_>) -> Told<Found> {
    let text = sought.text.trim();
    let code = code_of(sought.url);
    if !code.is_empty() {
        return wire::find(answer, "timestamp", i64::MIN / 2, |post| {
            post["permalink"].as_str().is_some_and(|url| code_of(url) == code)
        });
    }
    if text.is_empty() {
        return Ok(Found::Unsure);
    }
    wire::find(answer, "timestamp", sought.since, |post| post[field].as_str().is_some_and(|shown| shown.trim() == text))
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
