//! Purpose: scripted misbehaviour of Discord, so that stories can show what the application does about it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Sim;

/// Who a 429 is about (header `X-RateLimit-Scope`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RateLimitScope {
    #[default]
    User,
    Global,
    Shared,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// 429 as JSON, `retry_after` in seconds.
    RateLimited {
        /// Only Discord tells it.
        #[serde(default)]
        scope: RateLimitScope,
        retry_after: f64,
    },
    /// A status of Discord's own without effect: 500, 502, 503, 401, 403, 404 ... with a JSON code.
    Status {
        status: u16,
        #[serde(default)]
        code: u64,
        #[serde(default)]
        message: String,
    },
    /// The edge's block page: 429 with HTML ("error 1015") instead of JSON.
    HtmlBlock,
    /// The request is swallowed: nothing happens and no answer comes.
    HangBefore,
    /// The request takes effect, but no answer ever comes.
    HangAfterEffect,
    /// The request takes effect, then the connection is cut.
    ResetAfterEffect,
    /// All goes well, this many milliseconds late.
    Slow { ms: u64 },
    /// An interaction is delivered twice. Only on the route `INTERACTION`.
    Duplicate,
}

/// A fault and when it strikes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// `GET`, `POST` ...; `*` for all. `INTERACTION` routes ignore it.
    #[serde(default = "any")]
    pub method: String,
    /// A route such as `/channels/{channel_id}/messages` or `/social/linkedin/rest/posts` (names in braces do not matter), `*` for all, or `INTERACTION`
    /// for deliveries to the application (there a status or a hang before means that it is never delivered).
    pub route: String,
    /// How many matching calls go well first.
    #[serde(default)]
    pub after: u64,
    /// How often it strikes; nothing means for good.
    #[serde(default)]
    pub count: Option<u64>,
    #[serde(flatten)]
    pub kind: FaultKind,
}

fn any() -> String {
    "*".into()
}

impl Fault {
    /// A fault that strikes the next matching call, once.
    pub fn once(method: &str, route: &str, kind: FaultKind) -> Self {
        Self { method: method.into(), route: route.into(), after: 0, count: Some(1), kind }
    }

    /// A fault that strikes every matching call until `clear_faults`.
    pub fn always(method: &str, route: &str, kind: FaultKind) -> Self {
        Self { method: method.into(), route: route.into(), after: 0, count: None, kind }
    }
}

/// A fault with its counters.
#[derive(Clone, Debug)]
pub(crate) struct ActiveFault {
    pub fault: Fault,
    pub seen: u64,
    pub struck: u64,
}

impl Sim {
    /// Arms a fault. Several may be armed; the oldest that matches strikes.
    pub fn add_fault(&mut self, fault: Fault) {
        self.faults.push(ActiveFault { fault, seen: 0, struck: 0 });
    }

    /// Disarms all faults.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// Armed faults with how often each was met and struck.
    pub fn faults(&self) -> Value {
        let list = self
            .faults
            .iter()
            .map(|active| json!({"fault": active.fault, "seen": active.seen, "struck": active.struck}));
        Value::Array(list.collect())
    }

    /// The fault that strikes this call now, if any; counts it.
    pub(crate) fn strike(&mut self, method: &str, route: &str) -> Option<FaultKind> {
        for active in &mut self.faults {
            if !matches(&active.fault, method, route) {
                continue;
            }
            active.seen += 1;
            let spent = active.fault.count.is_some_and(|count| active.struck >= count);
            if active.seen > active.fault.after && !spent {
                active.struck += 1;
                return Some(active.fault.kind.clone());
            }
        }
        None
    }
}

fn matches(fault: &Fault, method: &str, route: &str) -> bool {
    if route == "INTERACTION" || fault.route == "INTERACTION" {
        return fault.route == route;
    }
    let method_fits = fault.method == "*" || fault.method.eq_ignore_ascii_case(method);
    method_fits && (fault.route == "*" || same_route(&fault.route, route))
}

/// Routes are equal when they differ only in the names of their parameters.
fn same_route(one: &str, other: &str) -> bool {
    let is_parameter = |part: &str| part.starts_with('{') && part.ends_with('}');
    // TikTok's routes end with a slash that nobody remembers.
    let (mut one, mut other) = (one.trim_end_matches('/').split('/'), other.trim_end_matches('/').split('/'));
    loop {
        match (one.next(), other.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if a == b || (is_parameter(a) && is_parameter(b)) => {}
            _ => return false,
        }
    }
}
