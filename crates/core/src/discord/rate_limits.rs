//! Purpose: Discord's rate limits as this isolate knows them: buckets and global limit from headers, and the
//! breaker that stops us before Discord blocks our address. Pure: time comes in, decisions come out.
//!
//! Isolates do not share this. It keeps one isolate from running into limits it was told of; a 429 is still
//! possible and is then obeyed by whoever retries.

use crate::ports::HttpResponse;
use std::collections::{HashMap, VecDeque};

/// Discord blocks an address after 10,000 answers of 401, 403 or 429 within 10 minutes. Cloudflare's outgoing
/// addresses are shared, so one isolate stops far earlier.
const INVALID_WINDOW_MS: i64 = 600_000;
const INVALID_MAX: usize = 50;
/// How long nothing is sent once the breaker is open.
const BREAKER_MS: i64 = 60_000;
/// A dead token answers 401 to everything: two in a row are enough to stop.
const UNAUTHORIZED_MAX: u32 = 2;
const UNAUTHORIZED_PAUSE_MS: i64 = 300_000;
/// Buckets kept before the oldest knowledge is dropped.
const BUCKETS_MAX: usize = 2_000;

#[derive(Debug, Clone, Copy)]
struct Bucket {
    remaining: i64,
    reset_at: i64,
}

#[derive(Debug, Default)]
pub struct RateLimits {
    /// Route template to Discord's bucket hash.
    hashes: HashMap<String, String>,
    /// Bucket hash and major parameter to what is left.
    buckets: HashMap<String, Bucket>,
    global_until: i64,
    breaker_until: i64,
    /// The bot's token is dead until then; calls that carry their right in the path go on.
    token_until: i64,
    invalid: VecDeque<i64>,
    unauthorized: u32,
}

/// What an answer says about limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limited {
    No,
    /// Try again after so many milliseconds.
    RetryAfter(i64),
    /// An HTML page instead of JSON: Cloudflare in front of Discord refuses our address (error 1015 and the like).
    Blocked,
}

/// Why a call must not be made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Milliseconds until the bucket or the global limit opens.
    Wait(i64),
    /// The breaker is open for so many milliseconds.
    Breaker(i64),
}

/// `PATCH /webhooks/:id/:id/…`: the token stands in the path.
fn is_by_interaction(template: &str) -> bool {
    template.contains(" /webhooks/")
}

fn bucket_key(hash: &str, major: &str) -> String {
    format!("{hash}/{major}")
}

impl RateLimits {
    /// Asks before a call to `template` (route without ids) of `major` (channel, guild or webhook id), and takes
    /// one from the bucket.
    pub fn take(&mut self, template: &str, major: &str, now: i64) -> Result<(), Hold> {
        if self.breaker_until > now {
            return Err(Hold::Breaker(self.breaker_until - now));
        }
        // Answers to interactions need no token and do not count against the global limit (Discord's reference).
        if !is_by_interaction(template) {
            if self.token_until > now {
                return Err(Hold::Breaker(self.token_until - now));
            }
            if self.global_until > now {
                return Err(Hold::Wait(self.global_until - now));
            }
        }
        let Some(hash) = self.hashes.get(template) else {
            return Ok(());
        };
        let Some(bucket) = self.buckets.get_mut(&bucket_key(hash, major)) else {
            return Ok(());
        };
        if bucket.reset_at <= now {
            return Ok(());
        }
        if bucket.remaining <= 0 {
            return Err(Hold::Wait(bucket.reset_at - now));
        }
        bucket.remaining -= 1;
        Ok(())
    }

    /// Learns from an answer. Relative times are used throughout: absolute ones suffer from clock skew.
    pub fn learn(&mut self, template: &str, major: &str, response: &HttpResponse, now: i64) -> Limited {
        self.learn_bucket(template, major, response, now);
        self.learn_invalid(template, response, now);
        if response.status != 429 {
            return Limited::No;
        }
        let Some(after) = retry_after_ms(response) else {
            self.breaker_until = now + BREAKER_MS;
            return Limited::Blocked;
        };
        if is_global(response) {
            self.global_until = self.global_until.max(now + after);
        } else if let Some(hash) = self.hashes.get(template) {
            let closed = Bucket { remaining: 0, reset_at: now + after };
            self.buckets.insert(bucket_key(hash, major), closed);
        }
        Limited::RetryAfter(after)
    }

    fn learn_bucket(&mut self, template: &str, major: &str, response: &HttpResponse, now: i64) {
        let number = |name| response.header(name).and_then(|text| text.parse::<f64>().ok());
        let (Some(hash), Some(remaining), Some(reset_after)) =
            (response.header("x-ratelimit-bucket"), number("x-ratelimit-remaining"), number("x-ratelimit-reset-after"))
        else {
            return;
        };
        if self.buckets.len() >= BUCKETS_MAX {
            self.buckets.clear();
        }
        self.hashes.insert(template.to_owned(), hash.to_owned());
        let bucket = Bucket { remaining: remaining as i64, reset_at: now + seconds_to_ms(reset_after) };
        self.buckets.insert(bucket_key(hash, major), bucket);
    }

    fn learn_invalid(&mut self, template: &str, response: &HttpResponse, now: i64) {
        // Follow-ups carry an interaction's token: that one being over says nothing about the bot's.
        if response.status == 401 && !is_by_interaction(template) {
            self.unauthorized += 1;
            if self.unauthorized >= UNAUTHORIZED_MAX {
                self.token_until = now + UNAUTHORIZED_PAUSE_MS;
            }
        } else if response.status < 400 {
            self.unauthorized = 0;
        }
        let shared = response.header("x-ratelimit-scope") == Some("shared");
        let counts = matches!(response.status, 401 | 403) || (response.status == 429 && !shared);
        if !counts {
            return;
        }
        self.invalid.push_back(now);
        while self.invalid.front().is_some_and(|at| *at <= now - INVALID_WINDOW_MS) {
            self.invalid.pop_front();
        }
        if self.invalid.len() >= INVALID_MAX {
            self.breaker_until = self.breaker_until.max(now + BREAKER_MS);
        }
    }
}

fn seconds_to_ms(seconds: f64) -> i64 {
    // Hostile or broken values end between nothing and an hour.
    (seconds.clamp(0.0, 3_600.0) * 1_000.0).ceil() as i64
}

/// From the JSON body, or the header when the body is not Discord's JSON but the header is there.
fn retry_after_ms(response: &HttpResponse) -> Option<i64> {
    #[derive(serde::Deserialize)]
    struct Body {
        retry_after: f64,
    }
    if let Ok(body) = crate::json::from_slice::<Body>(&response.body) {
        return Some(seconds_to_ms(body.retry_after));
    }
    let is_html = response.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    if is_html {
        return None;
    }
    let header = response.header("retry-after")?;
    header.parse().ok().map(seconds_to_ms)
}

fn is_global(response: &HttpResponse) -> bool {
    response.header("x-ratelimit-global").is_some() || response.header("x-ratelimit-scope") == Some("global")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> HttpResponse {
        HttpResponse {
            status,
            headers: headers.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
            body: body.as_bytes().to_vec(),
        }
    }

    const BUCKET: [(&str, &str); 3] =
        [("x-ratelimit-bucket", "abc"), ("x-ratelimit-remaining", "1"), ("x-ratelimit-reset-after", "2.37")];

    #[test]
    fn an_empty_bucket_waits_by_reset_after_and_other_channels_do_not() {
        let mut limits = RateLimits::default();
        limits.learn("POST /channels/:id/messages", "1", &answer(200, &BUCKET, ""), 1_000);
        assert_eq!(limits.take("POST /channels/:id/messages", "1", 1_000), Ok(()));
        assert_eq!(limits.take("POST /channels/:id/messages", "1", 1_000), Err(Hold::Wait(2_370)));
        assert_eq!(limits.take("POST /channels/:id/messages", "2", 1_000), Ok(()));
        assert_eq!(limits.take("POST /channels/:id/messages", "1", 3_370), Ok(()));
    }

    #[test]
    fn a_global_429_holds_every_route() {
        let mut limits = RateLimits::default();
        let told = answer(429, &[("x-ratelimit-global", "true")], r#"{"retry_after":1.5,"global":true}"#);
        assert_eq!(limits.learn("GET /a", "1", &told, 0), Limited::RetryAfter(1_500));
        assert_eq!(limits.take("PATCH /b", "9", 100), Err(Hold::Wait(1_400)));
    }

    #[test]
    fn an_interaction_that_is_over_says_nothing_about_the_bots_token() {
        let mut limits = RateLimits::default();
        for _ in 0..5 {
            limits.learn("PATCH /webhooks/:id/:id/messages/@original", "1", &answer(401, &[], ""), 0);
        }
        assert_eq!(limits.take("POST /channels/:id/messages", "1", 0), Ok(()));
    }

    #[test]
    fn an_html_page_opens_the_breaker() {
        let mut limits = RateLimits::default();
        let page = answer(429, &[("content-type", "text/html")], "<html>error code: 1015</html>");
        assert_eq!(limits.learn("GET /a", "1", &page, 0), Limited::Blocked);
        assert!(matches!(limits.take("GET /a", "1", 10), Err(Hold::Breaker(_))));
    }

    #[test]
    fn a_dead_token_stops_after_two_calls_and_shared_limits_are_not_our_fault() {
        let mut limits = RateLimits::default();
        let shared = answer(429, &[("x-ratelimit-scope", "shared")], r#"{"retry_after":0.1}"#);
        for _ in 0..200 {
            limits.learn("GET /a", "1", &shared, 0);
        }
        assert_eq!(limits.take("GET /b", "1", 0), Ok(()));
        for _ in 0..2 {
            limits.learn("GET /b", "1", &answer(401, &[], ""), 0);
        }
        assert!(matches!(limits.take("GET /b", "1", 0), Err(Hold::Breaker(_))));
        assert_eq!(limits.take("PATCH /webhooks/:id/:id/messages/@original", "1", 0), Ok(()));
    }
}
