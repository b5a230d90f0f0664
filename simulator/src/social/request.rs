//! Purpose: a request to a platform: its parts, its route, the fault that strikes it, and its line in the call log.

use serde_json::{Value, json};

use crate::{
    Sim,
    calls::Call,
    faults::FaultKind,
    rest::{RestOutcome, RestRequest, RestResponse, html_block, plain, read_query},
};

use super::{Platform, consent, facebook, instagram, linkedin, posts, threads, tiktok, x};

/// Longest body that is read; longer ones get 413.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// What a handler gives: an answer, good or bad.
pub(super) type Handled = Result<RestResponse, RestResponse>;
pub(super) type Handler = fn(&mut Sim, &Req) -> Handled;
/// Method, route as faults name it, handler.
pub(super) type Route = (&'static str, &'static str, Handler);

/// A request that was taken apart.
pub(crate) struct Req<'a> {
    pub raw: &'a RestRequest,
    pub platform: Platform,
    params: Vec<(&'static str, String)>,
    query: Vec<(String, String)>,
    form: Vec<(String, String)>,
    /// The JSON body; null without one, or when it is none.
    pub json: Value,
}

fn of<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

impl Req<'_> {
    /// A part of the path; empty when the route has none of that name.
    pub fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    pub fn query(&self, name: &str) -> Option<&str> {
        of(&self.query, name)
    }

    pub fn form(&self, name: &str) -> Option<&str> {
        of(&self.form, name)
    }

    /// From the form or the query: Meta takes parameters in either.
    pub fn either(&self, name: &str) -> Option<&str> {
        self.form(name).or_else(|| self.query(name))
    }

    pub fn bearer(&self) -> Option<&str> {
        self.raw.header("authorization").and_then(|header| header.strip_prefix("Bearer "))
    }

    /// The query as it came.
    pub fn raw_query(&self) -> &str {
        self.raw.path_and_query.split_once('?').map_or("", |(_, query)| query)
    }

    /// Whether a form came as a form.
    pub fn is_form(&self) -> bool {
        let kind = self.raw.header("content-type").unwrap_or_default();
        kind.starts_with("application/x-www-form-urlencoded")
    }

    /// Comma-separated names in `fields`.
    pub fn fields(&self) -> Vec<&str> {
        self.either("fields").unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty()).collect()
    }
}

/// Only the asked fields of an object, and always `id`, as Meta's graph answers.
pub(super) fn pick(whole: &Value, fields: &[&str]) -> Value {
    let mut picked = serde_json::Map::new();
    for (name, value) in whole.as_object().into_iter().flatten() {
        if name == "id" || fields.contains(&name.as_str()) {
            picked.insert(name.clone(), value.clone());
        }
    }
    Value::Object(picked)
}

fn all_routes() -> impl Iterator<Item = &'static Route> {
    let platforms = [
        linkedin::ROUTES,
        instagram::ROUTES,
        facebook::ROUTES,
        threads::ROUTES,
        tiktok::ROUTES,
        x::ROUTES,
        posts::ROUTES,
    ];
    platforms.into_iter().flatten()
}

/// Every route with its method.
#[cfg(test)]
pub(crate) fn routes() -> Vec<(&'static str, &'static str)> {
    all_routes().map(|(method, route, _)| (*method, *route)).collect()
}

/// The parts of a path that fill a route's names in braces; nothing when it is another route.
fn filled(route: &'static str, path: &str) -> Option<Vec<(&'static str, String)>> {
    let mut params = Vec::new();
    let (mut wanted, mut given) = (route.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(params),
            (Some(name), Some(value)) => match name.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(name) if !value.is_empty() => {
                    let value = percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned();
                    params.push((name, value));
                }
                _ if name == value => {}
                _ => return None,
            },
            _ => return None,
        }
    }
}

struct Found {
    route: &'static str,
    handler: Handler,
    params: Vec<(&'static str, String)>,
}

fn find(request: &RestRequest) -> Option<Found> {
    let path = request.path_and_query.split('?').next().unwrap_or_default();
    // A route without names in braces comes before one with: `me` is nobody's id.
    let mut found: Option<Found> = None;
    for (method, route, handler) in all_routes() {
        if !request.method.eq_ignore_ascii_case(method) {
            continue;
        }
        if let Some(params) = filled(route, path)
            && found.as_ref().is_none_or(|found| params.len() < found.params.len())
        {
            found = Some(Found { route, handler: *handler, params });
        }
    }
    found
}

/// Whether it is a page for people: a consent page, a post, a picture.
fn is_page(route: &str) -> bool {
    route.contains("/authoriz")
        || route.ends_with("/dialog/oauth")
        || posts::ROUTES.iter().any(|(_, known, _)| *known == route)
}

/// The platform of a path such as `/social/linkedin/rest/posts`.
fn platform_of(path: &str) -> Option<Platform> {
    path.strip_prefix("/social/").and_then(|rest| rest.split(['/', '?']).next()).and_then(Platform::from_name)
}

impl Sim {
    /// Answers one request under `/social` as the platform would, or as the fault says that strikes it.
    pub(crate) fn social(&mut self, request: &RestRequest) -> RestOutcome {
        self.settle_social();
        let found = find(request);
        let route = found.as_ref().map_or("", |found| found.route);
        // Pages that people open are no calls of the application: faults do not strike them.
        let fault = if is_page(route) { None } else { self.strike(&request.method, route) };
        let platform = platform_of(&request.path_and_query);
        let mut call = Call {
            at_ms: self.world.now_ms,
            method: request.method.clone(),
            path: request.path_and_query.clone(),
            route: route.to_owned(),
            body: Value::Null,
            status: 0,
            response: Value::Null,
            reason: None,
            fault: fault.as_ref().map(|fault| format!("{fault:?}")),
            violations: Vec::new(),
        };
        let outcome = self.social_with_fault(request, found, platform, fault, &mut call);
        if let RestOutcome::Answer(response) = &outcome {
            call.status = response.status;
            call.response = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
        }
        self.log_call(call);
        outcome
    }

    fn social_with_fault(
        &mut self,
        request: &RestRequest,
        found: Option<Found>,
        platform: Option<Platform>,
        fault: Option<FaultKind>,
        call: &mut Call,
    ) -> RestOutcome {
        let delay_ms = match &fault {
            Some(FaultKind::HangBefore) => return RestOutcome::NoAnswer { took_effect: false, reset: false },
            Some(FaultKind::RateLimited { retry_after, .. }) => {
                return RestOutcome::Answer(self.too_many(platform, *retry_after));
            }
            Some(FaultKind::Status { status, code, message }) => {
                let message = if message.is_empty() { format!("{status}: scripted") } else { message.clone() };
                return RestOutcome::Answer(broken(platform, *status, *code, &message));
            }
            Some(FaultKind::HtmlBlock) => return RestOutcome::Answer(html_block()),
            Some(FaultKind::Slow { ms }) => *ms,
            _ => 0,
        };
        let mut response = self.social_for_real(request, found, platform, call);
        match fault {
            Some(FaultKind::HangAfterEffect) => RestOutcome::NoAnswer { took_effect: true, reset: false },
            Some(FaultKind::ResetAfterEffect) => RestOutcome::NoAnswer { took_effect: true, reset: true },
            _ => {
                response.delay_ms = delay_ms;
                RestOutcome::Answer(response)
            }
        }
    }

    fn social_for_real(
        &mut self,
        request: &RestRequest,
        found: Option<Found>,
        platform: Option<Platform>,
        call: &mut Call,
    ) -> RestResponse {
        let Some(found) = found else {
            return broken(platform, 404, 0, "Not Found");
        };
        if request.body.len() > MAX_BODY {
            return broken(platform, 413, 0, "Request entity too large");
        }
        let query = request.path_and_query.split_once('?').map_or("", |(_, query)| query);
        let mut req = Req {
            raw: request,
            // Pictures belong to no platform; their handler does not ask.
            platform: platform.unwrap_or(Platform::LinkedIn),
            params: found.params,
            query: read_query(query),
            form: Vec::new(),
            json: Value::Null,
        };
        if req.is_form() {
            req.form = read_query(&String::from_utf8_lossy(&request.body));
            call.body = req.form.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        } else {
            req.json = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
            call.body = req.json.clone();
        }
        match (found.handler)(self, &req) {
            Ok(response) | Err(response) => response,
        }
    }

    /// A 429 as the platform words it; `retry_after` in seconds. X tells the moment (X docs, "Rate limits"); Meta and
    /// TikTok tell nothing, and Facebook's graph answers 403 with its code.
    pub(super) fn too_many(&self, platform: Option<Platform>, retry_after: f64) -> RestResponse {
        if platform == Some(Platform::Facebook) {
            return broken(platform, 403, 4, "(#4) Application request limit reached");
        }
        let mut response = broken(platform, 429, 0, "Too Many Requests");
        let seconds = retry_after.clamp(0.0, 1e9).ceil();
        match platform {
            Some(Platform::X) => {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped above")]
                let reset = self.world.now_ms / 1_000 + seconds as u64;
                response.headers.push(("x-rate-limit-limit".into(), "100".into()));
                response.headers.push(("x-rate-limit-remaining".into(), "0".into()));
                response.headers.push(("x-rate-limit-reset".into(), reset.to_string()));
            }
            Some(Platform::LinkedIn) => response.headers.push(("retry-after".into(), seconds.to_string())),
            _ => {}
        }
        response
    }
}

/// An error that is about no particular call, in the platform's form.
pub(super) fn broken(platform: Option<Platform>, status: u16, code: u64, message: &str) -> RestResponse {
    match platform {
        Some(Platform::LinkedIn) => {
            let name = if status == 429 { "TOO_MANY_REQUESTS" } else { "SCRIPTED" };
            linkedin::error(status, name, message)
        }
        Some(Platform::Instagram | Platform::Threads | Platform::Facebook) => {
            // Graph API, "Handling Errors": 4 is the application's limit, 2 a temporary trouble, 1 an unknown one.
            let code = match (code, status) {
                (0, 429) => 4,
                (0, 500..) => 2,
                (0, _) => 1,
                (code, _) => code,
            };
            super::meta::error(status, code, 0, message)
        }
        Some(Platform::TikTok) => {
            let name = match status {
                429 => "rate_limit_exceeded",
                500.. => "internal_error",
                401 => "access_token_invalid",
                _ => "invalid_params",
            };
            tiktok::error(status, name, message)
        }
        Some(Platform::X) => x::error(status, message),
        None => plain(status, json!({"error": message})),
    }
}

/// A page of the stand-in's own: small, plain, never inside a frame.
pub(super) fn html(status: u16, body: String) -> RestResponse {
    let headers = vec![
        ("content-type".to_owned(), "text/html; charset=utf-8".to_owned()),
        ("cache-control".to_owned(), "no-store".to_owned()),
        ("content-security-policy".to_owned(), "frame-ancestors 'none'".to_owned()),
    ];
    RestResponse { status, headers, body: consent::framed(&body).into_bytes(), delay_ms: 0 }
}
