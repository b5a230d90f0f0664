//! Purpose: the log of REST calls: what the application asked, what it was told, and what broke Discord's rules.

use serde::Serialize;
use serde_json::Value;

use crate::Sim;

/// How many calls are kept at least; older ones are dropped first.
const KEPT: usize = 5_000;

/// One REST call as it was seen.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    /// Unix milliseconds by the stand-in's clock.
    pub at_ms: u64,
    pub method: String,
    /// Path and query as they came.
    pub path: String,
    /// The route as Discord's OpenAPI description writes it, such as `/channels/{channel_id}/messages`; empty if unknown.
    pub route: String,
    /// The JSON body (of a multipart body, its `payload_json`); null without one.
    pub body: Value,
    /// What was answered; 0 when the connection was cut without an answer.
    pub status: u16,
    pub response: Value,
    /// `X-Audit-Log-Reason`, decoded.
    pub reason: Option<String>,
    /// The fault that was in play.
    pub fault: Option<String>,
    /// Where request or answer disagree with Discord's OpenAPI description, one sentence each.
    pub violations: Vec<String>,
}

impl Sim {
    /// REST calls since the start (or the last `clear_calls`), oldest first; of a long run
    /// at least the last 5,000.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// Forgets the call log.
    pub fn clear_calls(&mut self) {
        self.calls.clear();
        self.answer_violations.clear();
    }

    /// Calls of one method on one route, such as `("POST", "/channels/{channel_id}/messages")`.
    pub fn calls_to<'a>(&'a self, method: &'a str, route: &'a str) -> impl Iterator<Item = &'a Call> {
        self.calls.iter().filter(move |call| call.method == method && call.route == route)
    }

    /// Every disagreement with Discord's OpenAPI description so far, in REST calls and in
    /// answers to interactions. Empty too when no description is loaded.
    pub fn openapi_violations(&self) -> Vec<String> {
        let of_calls = self
            .calls
            .iter()
            .flat_map(|call| call.violations.iter().map(move |text| format!("{} {}: {text}", call.method, call.route)));
        of_calls.chain(self.answer_violations.iter().cloned()).collect()
    }

    /// Whether bodies are checked against Discord's OpenAPI description at all.
    pub fn checks_openapi(&self) -> bool {
        self.openapi.is_some()
    }

    pub(crate) fn log_call(&mut self, call: Call) {
        // Dropped a thousand at a time, so that a long run does not move the whole log at every call.
        if self.calls.len() >= KEPT + 1_000 {
            self.calls.drain(..1_000);
        }
        self.calls.push(call);
    }
}
