//! Purpose: Discord's rate limits: a bucket per route and top-level resource, and the global limit.
//!
//! Discord publishes no numbers and says to read the headers. These are the ones long seen in the wild; what matters is that
//! the headers tell the truth about them.

use std::collections::BTreeMap;

use serde_json::json;

use crate::{
    Sim,
    faults::RateLimitScope,
    ids::Id,
    rest::{self, Auth, Ctx, Found, RestResponse},
};

/// Requests a second of one bot over all routes (Discord reference, "Global Rate Limit").
const GLOBAL_PER_SECOND: u64 = 50;

/// Buckets by method and route: how many requests in how many milliseconds.
const LIMITS: &[(&str, &str, u64, u64)] = &[
    ("POST", "/channels/{channel_id}/messages", 5, 5_000),
    ("PATCH", "/channels/{channel_id}/messages/{message_id}", 5, 5_000),
    ("DELETE", "/channels/{channel_id}/messages/{message_id}", 5, 1_000),
    ("POST", "/channels/{channel_id}/messages/bulk-delete", 1, 1_000),
    ("GET", "/channels/{channel_id}/messages", 5, 5_000),
    ("PUT", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me", 1, 250),
    ("PATCH", "/channels/{channel_id}", 5, 15_000),
    ("POST", "/webhooks/{webhook_id}/{webhook_token}", 5, 2_000),
    ("PATCH", "/webhooks/{webhook_id}/{webhook_token}/messages/@original", 5, 2_000),
    ("PATCH", "/guilds/{guild_id}/members/{user_id}", 10, 10_000),
    ("PUT", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}", 10, 10_000),
    ("DELETE", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}", 10, 10_000),
    ("GET", "/users/@me/guilds", 1, 1_000),
    ("POST", "/users/@me/channels", 10, 10_000),
    ("PUT", "/applications/{application_id}/commands", 2, 60_000),
    ("GET", "/gateway/bot", 2, 5_000),
];
/// Edits of messages older than an hour have a bucket of their own (error 30046). Discord names no number; users of bots that
/// edit old messages saw three in twenty seconds for a channel.
const OLD_EDITS: (u64, u64) = (3, 20_000);
/// From what age on a message counts as old for that.
const OLD_AFTER_MS: u64 = 3_600 * 1_000;
/// Every other route.
const OTHERWISE: (u64, u64) = (10, 5_000);

#[derive(Clone, Copy, Debug)]
struct Window {
    used: u64,
    ends_ms: u64,
}

/// Counters of all buckets.
#[derive(Clone, Debug, Default)]
pub(crate) struct RateLimits {
    enforced: bool,
    buckets: BTreeMap<String, Window>,
    global: Option<Window>,
}

/// Whether a request may go on.
pub(crate) enum Verdict {
    /// Headers to add to the answer.
    Pass(Vec<(String, String)>),
    Stop(Box<RestResponse>),
}

impl RateLimits {
    pub(crate) fn forget(&mut self) {
        self.buckets.clear();
        self.global = None;
    }
}

impl Sim {
    /// Whether buckets really stop requests. Off at first; the headers are right either way.
    pub fn enforce_rate_limits(&mut self, on: bool) {
        self.limits.enforced = on;
    }

    pub(crate) fn count_against_limits(&mut self, found: &Found, ctx: &Ctx) -> Verdict {
        let now = self.world.now_ms;
        let enforced = self.limits.enforced;
        // Interaction endpoints do not count against the bot's global limit (Discord reference).
        if ctx.auth == Auth::Bot && !found.open && over_global(&mut self.limits, now) && enforced {
            return Verdict::Stop(Box::new(rest::limited(RateLimitScope::Global, 1.0)));
        }
        let old_edit = edits_old_message(found, ctx, now);
        let (limit, window_ms) = if old_edit { OLD_EDITS } else { limit_of(found) };
        let resource = top_level_resource(ctx);
        let key = format!("{} {} {resource} {old_edit}", found.method, found.template);
        let fresh = Window { used: 0, ends_ms: now + window_ms };
        let bucket = self.limits.buckets.entry(key).or_insert(fresh);
        // A window that ends later than a new one would was opened before the clock went back.
        if bucket.ends_ms <= now || bucket.ends_ms > fresh.ends_ms {
            *bucket = fresh;
        }
        let stopped = bucket.used >= limit;
        if !stopped {
            bucket.used += 1;
        }
        let headers = headers(found, limit, *bucket, now);
        if stopped && enforced {
            let retry_after = seconds(bucket.ends_ms - now);
            let mut response = if old_edit {
                too_many_old_edits(retry_after)
            } else {
                rest::limited(RateLimitScope::User, retry_after)
            };
            response.headers.extend(headers);
            return Verdict::Stop(Box::new(response));
        }
        Verdict::Pass(headers)
    }
}

fn edits_old_message(found: &Found, ctx: &Ctx, now: u64) -> bool {
    let edits = found.method == "PATCH" && found.template == "/channels/{channel_id}/messages/{message_id}";
    let message = ctx.text("message_id").parse::<Id>();
    edits && message.is_ok_and(|id| id.created_ms() + OLD_AFTER_MS < now)
}

fn too_many_old_edits(retry_after: f64) -> RestResponse {
    let mut response = rest::limited(RateLimitScope::User, retry_after);
    let message = "Maximum number of edits to messages older than 1 hour reached. Try again later.";
    let body = json!({"message": message, "code": 30046, "retry_after": retry_after, "global": false});
    response.body = body.to_string().into_bytes();
    response
}

fn over_global(limits: &mut RateLimits, now: u64) -> bool {
    let window = limits.global.get_or_insert(Window { used: 0, ends_ms: 0 });
    if window.ends_ms <= now || window.ends_ms > now + 1_000 {
        *window = Window { used: 0, ends_ms: now + 1_000 };
    }
    window.used += 1;
    window.used > GLOBAL_PER_SECOND
}

fn limit_of(found: &Found) -> (u64, u64) {
    let known = LIMITS.iter().find(|(method, route, ..)| *method == found.method && *route == found.template);
    known.map_or(OTHERWISE, |(_, _, limit, window)| (*limit, *window))
}

/// Channel, guild, or webhook with its token: requests for different ones never share a bucket (Discord reference).
fn top_level_resource(ctx: &Ctx) -> String {
    ["channel_id", "guild_id", "webhook_id", "webhook_token", "interaction_id"].map(|name| ctx.text(name)).join(" ")
}

fn headers(found: &Found, limit: u64, window: Window, now: u64) -> Vec<(String, String)> {
    let left = window.ends_ms.saturating_sub(now);
    [
        ("x-ratelimit-limit", limit.to_string()),
        ("x-ratelimit-remaining", (limit - window.used.min(limit)).to_string()),
        ("x-ratelimit-reset", format!("{:.3}", seconds(window.ends_ms))),
        ("x-ratelimit-reset-after", format!("{:.3}", seconds(left))),
        ("x-ratelimit-bucket", bucket_name(found)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn seconds(ms: u64) -> f64 {
    // Exact for every time a clock shows: an f64 holds whole numbers up to 2^53.
    ms as f64 / 1_000.0
}

/// Opaque but stable, as Discord's: FNV-1a over method and route.
fn bucket_name(found: &Found) -> String {
    let text = found.method.bytes().chain(found.template.bytes());
    let hash =
        text.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}{:016x}", hash.rotate_left(29))
}
