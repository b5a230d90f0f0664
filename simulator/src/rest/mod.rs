//! Purpose: Discord's REST v10: from a request to an answer, with authorisation, faults, rate limits and the call log.

mod applications;
mod callback;
mod channels;
mod command_check;
mod commands;
mod error;
mod guilds;
mod members;
mod messages;
mod reactions;
mod request;
mod roles;
mod routes;
mod threads;
mod users;
mod webhooks;

pub(crate) use error::{ApiError, FormErrors, Unknown};
pub(crate) use request::{Auth, Ctx, Reply, Upload, parse_json, read_query};
pub(crate) use routes::Found;
#[cfg(test)]
pub(crate) use routes::all as all_routes;

use serde_json::{Value, json};

use crate::{
    Sim,
    calls::Call,
    faults::{FaultKind, RateLimitScope},
    ratelimit::Verdict,
};

/// A REST request as it came over the wire.
#[derive(Clone, Debug, Default)]
pub struct RestRequest {
    pub method: String,
    /// Such as `/api/v10/channels/1/messages?limit=5`.
    pub path_and_query: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// An answer ready for the wire.
#[derive(Clone, Debug)]
pub struct RestResponse {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// How many milliseconds later than usual the answer comes (fault `Slow`); 0 otherwise.
    pub delay_ms: u64,
}

/// What became of a request.
#[derive(Clone, Debug)]
pub enum RestOutcome {
    Answer(RestResponse),
    /// No answer will ever come. `reset` tells a cut connection from one that hangs.
    NoAnswer {
        took_effect: bool,
        reset: bool,
    },
}

impl RestRequest {
    /// A request with the bot's token and a proper `User-Agent`, as the Worker would send it.
    pub fn by_bot(sim: &Sim, method: &str, path_and_query: &str, body: Option<&Value>) -> Self {
        let mut headers = vec![
            ("authorization".to_owned(), format!("Bot {}", sim.options.bot_token)),
            ("user-agent".to_owned(), "DiscordBot (https://example.org/muster, 0.1)".to_owned()),
        ];
        if body.is_some() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        Self { method: method.into(), path_and_query: path_and_query.into(), headers, body }
    }

    /// A header's value, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

impl RestOutcome {
    /// The answer's status and JSON body (null if it has none); nothing when there is no answer.
    pub fn json(&self) -> Option<(u16, Value)> {
        match self {
            Self::Answer(response) => {
                Some((response.status, serde_json::from_slice(&response.body).unwrap_or(Value::Null)))
            }
            Self::NoAnswer { .. } => None,
        }
    }
}

impl Sim {
    /// Answers one REST request as Discord would, and one under `/social/` as that platform would. Never fails: what is wrong with a request comes back as Discord's error.
    pub fn rest(&mut self, request: RestRequest) -> RestOutcome {
        if request.path_and_query.starts_with("/social/") {
            return self.social(&request);
        }
        let found = routes::find(&request.method, &request.path_and_query);
        let token_route = token_route(&request);
        let route = token_route.or(found.as_ref().map(|found| found.template)).unwrap_or_default();
        let fault = self.strike(&request.method, route);
        let mut call = self.new_call(&request, route, &fault);
        let outcome = self.rest_with_fault(&request, found, fault, &mut call);
        self.log_call(call);
        outcome
    }

    /// `rest` for the common case: the bot calls with a JSON body; gives status and JSON answer, (0, null) without answer.
    pub fn rest_json(&mut self, method: &str, path_and_query: &str, body: Option<&Value>) -> (u16, Value) {
        let request = RestRequest::by_bot(self, method, path_and_query, body);
        self.rest(request).json().unwrap_or((0, Value::Null))
    }

    fn new_call(&self, request: &RestRequest, route: &str, fault: &Option<FaultKind>) -> Call {
        Call {
            at_ms: self.world.now_ms,
            method: request.method.clone(),
            path: request.path_and_query.clone(),
            route: route.into(),
            body: Value::Null,
            status: 0,
            response: Value::Null,
            reason: None,
            fault: fault.as_ref().map(|fault| format!("{fault:?}")),
            violations: Vec::new(),
        }
    }

    fn rest_with_fault(
        &mut self,
        request: &RestRequest,
        found: Option<routes::Found>,
        fault: Option<FaultKind>,
        call: &mut Call,
    ) -> RestOutcome {
        let delay_ms = match &fault {
            Some(FaultKind::HangBefore) => {
                return RestOutcome::NoAnswer { took_effect: false, reset: false };
            }
            Some(FaultKind::RateLimited { scope, retry_after }) => {
                return self.finish(call, limited(*scope, *retry_after), 0);
            }
            Some(FaultKind::Status { status, code, message }) => {
                let message = if message.is_empty() { format!("{status}: scripted") } else { message.clone() };
                return self.finish(call, plain(*status, json!({"message": message, "code": code})), 0);
            }
            Some(FaultKind::HtmlBlock) => return self.finish(call, html_block(), 0),
            Some(FaultKind::Slow { ms }) => *ms,
            _ => 0,
        };
        let response = self.rest_for_real(request, found, call);
        match fault {
            Some(FaultKind::HangAfterEffect) => RestOutcome::NoAnswer { took_effect: true, reset: false },
            Some(FaultKind::ResetAfterEffect) => RestOutcome::NoAnswer { took_effect: true, reset: true },
            _ => self.finish(call, response, delay_ms),
        }
    }

    fn finish(&mut self, call: &mut Call, mut response: RestResponse, delay_ms: u64) -> RestOutcome {
        response.delay_ms = delay_ms;
        call.status = response.status;
        call.response = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
        RestOutcome::Answer(response)
    }

    fn rest_for_real(&mut self, request: &RestRequest, found: Option<routes::Found>, call: &mut Call) -> RestResponse {
        if let Some(route) = token_route(request) {
            return self.oauth_call(request, route == REVOKE_ROUTE);
        }
        let Some(found) = found else {
            return plain(404, json!({"message": "404: Not Found", "code": 0}));
        };
        let mut ctx = match request::read(self, request, &found) {
            Ok(ctx) => ctx,
            Err(error) => return error.response(),
        };
        call.body = ctx.body.clone();
        call.reason = ctx.reason.clone();
        let headers = match self.count_against_limits(&found, &ctx) {
            Verdict::Pass(headers) => headers,
            Verdict::Stop(response) => return *response,
        };
        let result = (found.handler)(self, &mut ctx);
        let mut response = match result {
            Ok(reply) => reply.response(),
            Err(error) => error.response(),
        };
        response.headers.extend(headers);
        self.check_call(&found, &ctx, &response, call);
        response
    }

    fn check_call(&mut self, found: &routes::Found, ctx: &Ctx, response: &RestResponse, call: &mut Call) {
        let Some(openapi) = self.openapi.as_mut() else {
            return;
        };
        let body = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
        // A request Discord itself refuses may break the description; its answer may not.
        if response.status < 400 && !ctx.body.is_null() {
            call.violations = openapi.request_violations(found.method, found.template, &ctx.body);
        }
        call.violations.extend(openapi.response_violations(found.method, found.template, response.status, &body));
    }
}

const TOKEN_ROUTE: &str = "/oauth2/token";
const REVOKE_ROUTE: &str = "/oauth2/token/revoke";

/// The token routes take forms instead of JSON and the client's secret instead of a token, with or without the version.
fn token_route(request: &RestRequest) -> Option<&'static str> {
    let path = request.path_and_query.split('?').next().unwrap_or_default();
    let path = path.strip_prefix("/api/v10").or_else(|| path.strip_prefix("/api"))?;
    let known = [TOKEN_ROUTE, REVOKE_ROUTE].into_iter().find(|route| *route == path);
    known.filter(|_| request.method.eq_ignore_ascii_case("POST"))
}

/// A JSON answer without rate limit headers.
pub(crate) fn plain(status: u16, body: Value) -> RestResponse {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    RestResponse { status, headers, body: body.to_string().into_bytes(), delay_ms: 0 }
}

/// A 429 as Discord words it; `retry_after` in seconds.
pub(crate) fn limited(scope: RateLimitScope, retry_after: f64) -> RestResponse {
    let global = scope == RateLimitScope::Global;
    let message = match scope {
        RateLimitScope::Shared => "The resource is being rate limited.",
        _ => "You are being rate limited.",
    };
    let mut response = plain(429, json!({"message": message, "retry_after": retry_after, "global": global}));
    let name = match scope {
        RateLimitScope::User => "user",
        RateLimitScope::Global => "global",
        RateLimitScope::Shared => "shared",
    };
    // The header counts whole seconds, rounded up; only the body is exact.
    response.headers.push(("retry-after".into(), format!("{}", retry_after.max(0.0).ceil())));
    response.headers.push(("x-ratelimit-scope".into(), name.into()));
    if global {
        response.headers.push(("x-ratelimit-global".into(), "true".into()));
    }
    response
}

/// The edge's block page, the same for everybody behind it.
pub(crate) fn html_block() -> RestResponse {
    let body = "<!DOCTYPE html><html><head><title>Access denied | discord.com used Cloudflare to restrict access</title></head>\
        <body><h1>Error 1015</h1><p>You are being rate limited</p></body></html>";
    let headers = vec![("content-type".into(), "text/html; charset=UTF-8".into()), ("retry-after".into(), "60".into())];
    RestResponse { status: 429, headers, body: body.into(), delay_ms: 0 }
}
