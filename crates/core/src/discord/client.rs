//! Purpose: one call to Discord's REST API: limits asked first, a timeout, and three outcomes told apart:
//! done, refused, unknown.

use super::rate_limits::{Hold, Limited};
use crate::{
    ctx::Ctx,
    error::{Error, Internal, InternalKind},
    ports::{HttpRequest, HttpResponse},
};
use serde_json::Value;
use std::fmt;

/// A Worker's outgoing call can hang although Discord received it, so each has its own limit.
const TIMEOUT_MS: u64 = 8_000;
/// A bucket that opens this soon is waited for; longer waits go back to the caller (queue or person).
const PATIENCE_MS: i64 = 1_500;

/// A REST route: the path with its ids, the template without them, and the id that Discord counts by.
#[derive(Debug, Clone)]
pub struct Route {
    pub method: &'static str,
    pub path: String,
    /// Method and path with `:id` for each id: what rate limit buckets are learnt by.
    pub template: String,
    /// Channel, guild or webhook id at the start of the path.
    pub major: String,
}

impl Route {
    /// `path` starts with a slash and holds only ids and names that are ours or checked.
    pub fn new(method: &'static str, path: String) -> Self {
        let without_query = path.split('?').next().unwrap_or_default();
        let mut template = String::from(method);
        template.push(' ');
        for part in without_query.split('/').skip(1) {
            template.push('/');
            let is_id = part.len() > 15 && part.bytes().all(|b| b.is_ascii_digit());
            // Interaction tokens are secrets and longer than any name in a path.
            let is_token = part.len() > 40;
            template.push_str(if is_id || is_token { ":id" } else { part });
        }
        let major = without_query.split('/').nth(2).unwrap_or_default().to_owned();
        Self { method, path, template, major }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallError {
    /// Not sent, or answered 429: try again after so many milliseconds. Never counts as an attempt.
    RateLimited { retry_after_ms: i64 },
    /// Our own breaker is open: nothing was sent.
    Breaker { retry_after_ms: i64 },
    /// Discord understood and said no.
    Refused { status: u16, code: u64, message: String },
    /// 5xx, an HTML page, or no answer in time. It may have taken effect.
    Unknown(String),
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RateLimited { retry_after_ms } => {
                write!(f, "rate limited for {retry_after_ms} ms")
            }
            Self::Breaker { retry_after_ms } => {
                write!(f, "not sent: breaker open for {retry_after_ms} ms")
            }
            Self::Refused { status, code, message } => write!(f, "{status} {code} {message}"),
            Self::Unknown(what) => write!(f, "unknown outcome: {what}"),
        }
    }
}

impl From<CallError> for Error {
    fn from(error: CallError) -> Self {
        let kind = match error {
            CallError::Refused { .. } => InternalKind::Fatal,
            CallError::RateLimited { retry_after_ms } | CallError::Breaker { retry_after_ms } => {
                InternalKind::Later(retry_after_ms)
            }
            CallError::Unknown(_) => InternalKind::Retryable,
        };
        Self::Internal(Internal { what: format!("Discord: {error}"), kind })
    }
}

/// A file sent along with a message.
#[derive(Debug, Clone)]
pub struct File {
    pub name: String,
    pub content_type: &'static str,
    pub bytes: Vec<u8>,
}

/// What to send.
#[derive(Debug, Clone, Default)]
pub struct Call {
    pub body: Option<Value>,
    pub files: Vec<File>,
    /// Shown in the guild's audit log.
    pub reason: Option<String>,
    /// Interaction follow-ups carry their right in the path and must not carry the bot's token.
    pub without_token: bool,
}

impl Call {
    pub fn json(body: Value) -> Self {
        Self { body: Some(body), ..Self::default() }
    }
}

/// # Errors
/// See `CallError`; only `Unknown` may have taken effect.
pub async fn call(ctx: &Ctx, route: &Route, call: Call) -> Result<Value, CallError> {
    wait_for_place(ctx, route).await?;
    if route.method != "GET" {
        ctx.reads.forget();
    }
    let request = build(ctx, route, call);
    let response = match ctx.http.send(request).await {
        Ok(response) => response,
        Err(no_answer) => return Err(CallError::Unknown(no_answer.0)),
    };
    let now = ctx.now();
    let limited = {
        let mut limits = ctx.memory.rate_limits.borrow_mut();
        limits.learn(&route.template, &route.major, &response, now)
    };
    match limited {
        Limited::RetryAfter(retry_after_ms) => Err(CallError::RateLimited { retry_after_ms }),
        Limited::Blocked => Err(CallError::Breaker { retry_after_ms: 60_000 }),
        Limited::No => read(&response),
    }
}

/// Discord requires this form and blocks requests without it (error 40333).
pub fn agent(ctx: &Ctx) -> String {
    format!("DiscordBot (https://github.com/muster-bot/muster, {})", ctx.settings.version)
}

async fn wait_for_place(ctx: &Ctx, route: &Route) -> Result<(), CallError> {
    for _ in 0..3 {
        let now = ctx.now();
        let hold = ctx.memory.rate_limits.borrow_mut().take(&route.template, &route.major, now);
        match hold {
            Ok(()) => return Ok(()),
            Err(Hold::Breaker(retry_after_ms)) => {
                return Err(CallError::Breaker { retry_after_ms });
            }
            Err(Hold::Wait(retry_after_ms)) if retry_after_ms > PATIENCE_MS => {
                return Err(CallError::RateLimited { retry_after_ms });
            }
            Err(Hold::Wait(ms)) => ctx.clock.sleep(ms.unsigned_abs()).await,
        }
    }
    Err(CallError::RateLimited { retry_after_ms: PATIENCE_MS })
}

fn build(ctx: &Ctx, route: &Route, call: Call) -> HttpRequest {
    let settings = &ctx.settings;
    let mut headers = vec![("user-agent".to_owned(), agent(ctx))];
    if !call.without_token {
        headers.push(("authorization".to_owned(), format!("Bot {}", settings.bot_token)));
    }
    if let Some(reason) = &call.reason {
        headers.push(("x-audit-log-reason".to_owned(), encode_reason(reason)));
    }
    let body = match (call.body, call.files.is_empty()) {
        (None, true) => Vec::new(),
        (Some(body), true) => {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
            body.to_string().into_bytes()
        }
        (body, false) => {
            let boundary = format!("muster-{}", ctx.random_hex(16));
            headers.push(("content-type".to_owned(), format!("multipart/form-data; boundary={boundary}")));
            multipart(&boundary, &body.unwrap_or_default(), &call.files)
        }
    };
    HttpRequest {
        method: route.method,
        url: format!("{}{}", settings.discord_api, route.path),
        headers,
        body,
        timeout_ms: TIMEOUT_MS,
    }
}

fn read(response: &HttpResponse) -> Result<Value, CallError> {
    #[derive(serde::Deserialize, Default)]
    struct Refusal {
        #[serde(default)]
        code: u64,
        #[serde(default)]
        message: String,
    }
    match response.status {
        204 => Ok(Value::Null),
        200..=299 => serde_json::from_slice(&response.body)
            .map_err(|_| CallError::Unknown(format!("status {} without JSON", response.status))),
        400..=499 => match crate::json::from_slice::<Refusal>(&response.body) {
            Ok(refusal) => Err(CallError::Refused {
                status: response.status,
                code: refusal.code,
                message: crate::text::shorten(&refusal.message, 200),
            }),
            // A page of whatever stands between us and Discord: nobody there judged the request itself.
            Err(_) => Err(CallError::Unknown(format!("status {} without JSON", response.status))),
        },
        status => Err(CallError::Unknown(format!("status {status}"))),
    }
}

/// Percent-encoded UTF-8, without control characters, cut before encoding at Discord's 512 characters.
fn encode_reason(reason: &str) -> String {
    let line = crate::text::clean_line(reason, crate::text::limits::AUDIT_REASON);
    let mut encoded = String::with_capacity(line.len());
    for byte in line.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'-' | b'_' | b'.' | b',' | b'#' | b':') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn multipart(boundary: &str, body: &Value, files: &[File]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend_from_slice(
        format!("--{boundary}\r\nContent-Disposition: form-data; name=\"payload_json\"\r\nContent-Type: application/json\r\n\r\n{body}\r\n").as_bytes(),
    );
    for (index, file) in files.iter().enumerate() {
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"files[{index}]\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
            file.name, file.content_type
        );
        bytes.extend_from_slice(head.as_bytes());
        bytes.extend_from_slice(&file.bytes);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_templates_without_ids_and_tokens() {
        let route = Route::new("PATCH", "/channels/112233445566778899/messages/998877665544332211".into());
        assert_eq!(route.template, "PATCH /channels/:id/messages/:id");
        assert_eq!(route.major, "112233445566778899");
        let token = "a".repeat(60);
        let route = Route::new("PATCH", format!("/webhooks/112233445566778899/{token}/messages/@original"));
        assert_eq!(route.template, "PATCH /webhooks/:id/:id/messages/@original");
    }

    #[test]
    fn reasons_are_one_encoded_line() {
        assert_eq!(encode_reason("lost\nrole: Käse"), "lost role: K%C3%A4se");
    }
}
