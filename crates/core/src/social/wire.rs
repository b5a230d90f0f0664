//! Purpose: what the platforms' calls have in common: forms, bearer tokens, and how refusals are told apart.

use super::{Found, Refusal, TIMEOUT_MS, Tokens, Told};
use crate::{
    ports::{HttpRequest, HttpResponse},
    text::clean_line,
};
use serde_json::Value;

/// Milliseconds for sending a picture. With the other calls of its step it stays under the lease of a post.
const UPLOAD_TIMEOUT_MS: u64 = 20_000;
/// Where a platform says "too many" without saying how long.
const PAUSE_MS: i64 = 15 * 60_000;
/// Between two looks at something that is not ready.
pub const LOOK_AGAIN_MS: i64 = 60_000;
/// How far a platform's clock may be behind ours, and its times rounded.
const CLOCKS_MS: i64 = 60_000;
const REASON_MAX: usize = 200;
/// Tokens without a lifetime are taken to live an hour, Meta's shortest.
pub const DEFAULT_LIFE_S: i64 = 3_600;

pub fn query(pairs: &[(&str, &str)]) -> String {
    let mut all = form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs {
        all.append_pair(name, value);
    }
    all.finish()
}

fn request(method: &'static str, url: String, kind: &str, body: Vec<u8>) -> HttpRequest {
    let mut headers = vec![("accept".to_owned(), "application/json".to_owned())];
    if !kind.is_empty() {
        headers.push(("content-type".to_owned(), kind.to_owned()));
    }
    HttpRequest { method, url, headers, body, timeout_ms: TIMEOUT_MS }
}

pub fn get(url: String) -> HttpRequest {
    request("GET", url, "", Vec::new())
}

pub fn delete(url: String) -> HttpRequest {
    request("DELETE", url, "", Vec::new())
}

pub fn post_form(url: String, pairs: &[(&str, &str)]) -> HttpRequest {
    post_query(url, query(pairs))
}

pub fn post_query(url: String, query: String) -> HttpRequest {
    request("POST", url, "application/x-www-form-urlencoded", query.into_bytes())
}

pub fn post_json(url: String, body: &Value) -> HttpRequest {
    request("POST", url, "application/json", body.to_string().into_bytes())
}

/// Bytes, as they are.
pub fn put(url: String, bytes: Vec<u8>) -> HttpRequest {
    patient(request("PUT", url, "application/octet-stream", bytes))
}

/// With the time that a picture takes.
pub fn patient(request: HttpRequest) -> HttpRequest {
    HttpRequest { timeout_ms: UPLOAD_TIMEOUT_MS, ..request }
}

pub fn with(mut request: HttpRequest, name: &str, value: impl Into<String>) -> HttpRequest {
    request.headers.push((name.to_owned(), value.into()));
    request
}

pub fn bearer(request: HttpRequest, access: &str) -> HttpRequest {
    with(request, "authorization", format!("Bearer {access}"))
}

/// The reason in whichever place the platforms put it.
fn reason(body: &Value) -> String {
    let places = ["/error/error_user_msg", "/error/message", "/error_description", "/detail", "/message", "/error"];
    let found = places.iter().find_map(|place| body.pointer(place)?.as_str());
    clean_line(found.unwrap_or("no reason given"), REASON_MAX)
}

/// `Retry-After` in seconds; or X's `x-rate-limit-reset` in Unix seconds, by the clock of the answer itself.
fn wait_of(answer: &HttpResponse) -> i64 {
    let seconds = |name: &str| answer.header(name)?.parse::<i64>().ok();
    let date = || chrono::DateTime::parse_from_rfc2822(answer.header("date")?).ok().map(|date| date.timestamp());
    let until_reset = || Some(seconds("x-rate-limit-reset")? - date()?);
    let seconds = seconds("retry-after").or_else(until_reset);
    seconds.map_or(PAUSE_MS, |seconds| seconds.clamp(1, 86_400) * 1_000)
}

/// Meta's codes for too many calls of an application, a user, a Page, an account; they come with 400 or 403 (Graph API, "Rate Limits").
fn is_limit(code: &Value) -> bool {
    matches!(code.as_u64(), Some(4 | 17 | 32 | 613 | 80_002))
}

/// The JSON body of a success.
///
/// # Errors
/// What the status says: a token, later, rejected, or unknown where the platform broke in between.
pub fn ok(answer: &HttpResponse) -> Told<Value> {
    let body: Value = crate::json::from_slice(&answer.body).unwrap_or_default();
    match answer.status {
        200..=299 => Ok(body),
        // Meta's code for a token that is no longer good comes with 400.
        401 => Err(Refusal::Token),
        400 if is_dead_grant(&body) => Err(Refusal::Token),
        429 => Err(Refusal::Later(wait_of(answer))),
        400 | 403 if is_limit(&body["error"]["code"]) => Err(Refusal::Later(wait_of(answer))),
        400..=499 => Err(Refusal::Rejected(reason(&body))),
        status => Err(Refusal::Unknown(format!("the platform had an error of its own (status {status})"))),
    }
}

/// Meta says of what was deleted that it "does not exist" (code 100, subcode 33).
pub fn is_gone(answer: &HttpResponse) -> bool {
    let body: Value = crate::json::from_slice(&answer.body).unwrap_or_default();
    answer.status == 404 || (answer.status == 400 && body["error"]["error_subcode"] == 33)
}

/// A time as X or as Meta writes it (`2026-11-22T12:00:00.000Z`, `2026-11-22T12:00:00+0000`), in Unix milliseconds.
fn time_of(value: &Value) -> Option<i64> {
    let text = value.as_str()?;
    let time = chrono::DateTime::parse_from_rfc3339(text)
        .or_else(|_| chrono::DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%z"));
    time.ok().map(|time| time.timestamp_millis())
}

/// The newest of the account's posts that `is_it` takes for the one that is sought; `time`: the field that says when it appeared. What is
/// older is another post, whatever it says.
pub fn find(answer: &HttpResponse, time: &str, since: i64, is_it: impl Fn(&Value) -> bool) -> Told<Found> {
    let body = ok(answer)?;
    let posts = body["data"].as_array().map(Vec::as_slice).unwrap_or_default();
    for post in posts.iter().filter(|post| is_it(post)) {
        match time_of(&post[time]) {
            Some(at) if at >= since - CLOCKS_MS => return Ok(Found::Post(id_at(post, "/id")?)),
            Some(_) => {}
            None => return Err(Refusal::Unknown("a post without a time".to_owned())),
        }
    }
    Ok(Found::Absent)
}

/// What stands before the query in an address of one of these hosts, or of a host below them; `own`: where this deployment's platform is.
pub fn path_at<'a>(address: &'a str, hosts: &[&str], own: &str) -> Option<&'a str> {
    let address = address.split(['?', '#']).next().unwrap_or_default();
    if let Some(path) = address.strip_prefix(own).filter(|path| path.starts_with('/')) {
        return Some(path);
    }
    let rest = address.strip_prefix("https://")?;
    let at = rest.find('/')?;
    let (host, path) = rest.split_at_checked(at)?;
    let is_theirs = |known: &&str| host.strip_suffix(*known).is_some_and(|sub| sub.is_empty() || sub.ends_with('.'));
    hosts.iter().any(is_theirs).then_some(path)
}

/// A number that stands alone between slashes, behind one of these words.
pub fn number_behind<'a>(path: &'a str, words: &[&str]) -> Option<&'a str> {
    let mut parts = path.split('/');
    parts.find(|part| words.contains(part))?;
    parts.next().filter(|id| (1..=25).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A text or number under `name`.
pub fn read_id(answer: &HttpResponse, name: &str) -> Told<String> {
    id_at(&ok(answer)?, &format!("/{name}"))
}

pub fn id_at(body: &Value, place: &str) -> Told<String> {
    let id = match body.pointer(place) {
        Some(Value::String(id)) => id.clone(),
        Some(Value::Number(id)) => id.to_string(),
        _ => String::new(),
    };
    let is_plain = id.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:~".contains(c));
    if id.is_empty() || id.len() > 200 || !is_plain {
        return Err(Refusal::Unknown("the platform's answer has no id in it".to_owned()));
    }
    Ok(id)
}

/// RFC 6749, sections 5.1 and 5.2; `life_s` is how many seconds a token lives that has no `expires_in`.
///
/// # Errors
/// `Token` only where the platform says so of the grant itself. A refused application (`invalid_client` and whatever else comes with 401
/// or 403) says nothing about anybody's connection.
pub fn read_tokens(answer: &HttpResponse, now: i64, life_s: i64) -> Told<Tokens> {
    let body = match ok(answer) {
        Err(Refusal::Token) if !is_dead_grant(&crate::json::from_slice(&answer.body).unwrap_or_default()) => {
            return Err(Refusal::Rejected(reason(&crate::json::from_slice(&answer.body).unwrap_or_default())));
        }
        other => other?,
    };
    if is_dead_grant(&body) {
        return Err(Refusal::Token);
    }
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let access = text("access_token");
    if access.is_empty() {
        return Err(Refusal::Rejected(reason(&body)));
    }
    let life = body["expires_in"].as_i64().unwrap_or(life_s).clamp(0, 400 * 86_400);
    Ok(Tokens { access, refresh: text("refresh_token"), expires_at: now + life * 1_000, scopes: scopes(&body) })
}

/// What was allowed: `scope`, between blanks or commas, or Instagram's `permissions`.
fn scopes(body: &Value) -> Vec<String> {
    let words = |text: &str| text.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    match (&body["scope"], &body["permissions"]) {
        (Value::String(text), _) | (_, Value::String(text)) => words(text),
        (_, Value::Array(all)) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// `invalid_grant`, or Meta's code for a token that is no longer good.
fn is_dead_grant(body: &Value) -> bool {
    body["error"] == "invalid_grant" || body["error"]["code"] == 190
}

/// A name that came from outside, for one line.
pub fn name(value: &Value) -> String {
    clean_line(value.as_str().unwrap_or_default(), 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn too_many(headers: &[(&str, &str)]) -> i64 {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        wait_of(&HttpResponse { status: 429, headers, body: Vec::new() })
    }

    #[test]
    fn a_platform_says_how_long_to_wait_in_one_of_two_ways() {
        assert_eq!(too_many(&[("retry-after", "90")]), 90_000);
        let date = ("date", "Sat, 21 Nov 2026 12:00:00 GMT");
        assert_eq!(too_many(&[date, ("x-rate-limit-reset", "1795262700")]), 300_000);
        assert_eq!(too_many(&[date, ("x-rate-limit-reset", "1")]), 1_000, "over already");
        assert_eq!(too_many(&[("x-rate-limit-reset", "1795262700")]), PAUSE_MS, "by no clock");
        assert_eq!(too_many(&[]), PAUSE_MS);
    }

    #[test]
    fn only_what_is_said_of_the_grant_ends_a_connection() {
        let told = |status: u16, body: &str| {
            let answer = HttpResponse { status, headers: Vec::new(), body: body.as_bytes().to_vec() };
            read_tokens(&answer, 0, 60).map(|_| ())
        };
        for (status, body) in [
            (400, r#"{"error": "invalid_grant"}"#),
            (401, r#"{"error": "invalid_grant"}"#),
            (200, r#"{"error": "invalid_grant"}"#),
            (400, r#"{"error": {"code": 190, "message": "expired"}}"#),
        ] {
            assert_eq!(told(status, body), Err(Refusal::Token), "{status} {body}");
        }
        for (status, body) in [
            (401, r#"{"error": "invalid_client"}"#),
            (400, r#"{"error": "invalid_request"}"#),
            (403, "<html>blocked</html>"),
            (200, "{}"),
        ] {
            assert!(matches!(told(status, body), Err(Refusal::Rejected(_))), "{status} {body}");
        }
        assert!(matches!(told(503, ""), Err(Refusal::Unknown(_))));
    }

    #[test]
    fn metas_limits_come_without_429() {
        let told = |status: u16, code: u32| {
            let body = format!(r#"{{"error": {{"message": "(#{code}) Limit", "code": {code}}}}}"#).into_bytes();
            ok(&HttpResponse { status, headers: Vec::new(), body }).map(|_| ())
        };
        assert_eq!(told(403, 4), Err(Refusal::Later(PAUSE_MS)));
        assert_eq!(told(400, 80_002), Err(Refusal::Later(PAUSE_MS)));
        assert_eq!(told(400, 9), Err(Refusal::Rejected("(#9) Limit".to_owned())), "a day's posts are no pause");
    }
}
