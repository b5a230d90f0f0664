//! Purpose: reading a REST request: who asks, path parameters, query, JSON or multipart body, audit log reason.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::{
    Sim,
    ids::{Id, NotASnowflake},
    multipart,
};

use super::{ApiError, RestRequest, RestResponse, routes::Found};

/// Longest accepted request body: 25 MiB (Discord reference, "Uploading Files").
const MAX_BODY: usize = 25 * 1024 * 1024;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Auth {
    Bot,
    /// A person, through an OAuth2 access token.
    Bearer {
        user: Id,
        scopes: Vec<String>,
    },
    Nobody,
}

/// A file that came with a multipart body.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    /// Number in `files[n]`.
    pub index: u64,
    pub filename: String,
    pub content_type: String,
    pub bytes: Vec<u8>,
}

/// A request that was read.
pub(crate) struct Ctx {
    pub auth: Auth,
    params: Vec<(&'static str, String)>,
    query: Vec<(String, String)>,
    /// The JSON body; null without one.
    pub body: Value,
    pub files: Vec<Upload>,
    pub reason: Option<String>,
}

/// A successful answer.
pub(crate) enum Reply {
    Json(u16, Value),
    Empty,
}

impl Reply {
    pub(crate) fn ok(value: Value) -> Result<Self, ApiError> {
        Ok(Self::Json(200, value))
    }

    pub(crate) fn response(self) -> RestResponse {
        match self {
            Self::Json(status, value) => super::plain(status, value),
            Self::Empty => RestResponse { status: 204, headers: Vec::new(), body: Vec::new(), delay_ms: 0 },
        }
    }
}

impl Ctx {
    /// A path parameter as it stands in the path; empty when the route has none of that name.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.params.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    /// A path parameter that must be a snowflake.
    pub(crate) fn id(&self, name: &str) -> Result<Id, ApiError> {
        let text = self.text(name);
        text.parse().map_err(|NotASnowflake| {
            ApiError::invalid(name, "NUMBER_TYPE_COERCE", &format!("Value \"{text}\" is not snowflake."))
        })
    }

    /// A query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A number from the query within bounds, or the default.
    pub(crate) fn query_number(&self, name: &str, default: u64, min: u64, max: u64) -> Result<u64, ApiError> {
        let Some(text) = self.query(name) else {
            return Ok(default);
        };
        let Ok(number) = text.parse::<u64>() else {
            return Err(ApiError::invalid(name, "NUMBER_TYPE_COERCE", &format!("Value \"{text}\" is not int.")));
        };
        if number < min {
            let message = format!("int value should be greater than or equal to {min}.");
            return Err(ApiError::invalid(name, "NUMBER_TYPE_MIN", &message));
        }
        if number > max {
            let message = format!("int value should be less than or equal to {max}.");
            return Err(ApiError::invalid(name, "NUMBER_TYPE_MAX", &message));
        }
        Ok(number)
    }

    /// A snowflake from the query.
    pub(crate) fn query_id(&self, name: &str) -> Result<Option<Id>, ApiError> {
        let Some(text) = self.query(name) else {
            return Ok(None);
        };
        let message = format!("Value \"{text}\" is not snowflake.");
        text.parse().map(Some).map_err(|NotASnowflake| ApiError::invalid(name, "NUMBER_TYPE_COERCE", &message))
    }
}

/// Reads a request for a route. Errors are Discord's: 40333 without User-Agent, 401, 50109 for broken JSON, 413.
pub(crate) fn read(sim: &Sim, request: &RestRequest, found: &Found) -> Result<Ctx, ApiError> {
    if request.header("user-agent").is_none_or(|agent| agent.trim().is_empty()) {
        return Err(ApiError::new(403, 40333, "internal network error"));
    }
    let auth = authorise(sim, request)?;
    if auth == Auth::Nobody && !found.open {
        return Err(ApiError::unauthorized());
    }
    if matches!(auth, Auth::Bearer { .. }) && !found.open && !found.bearer {
        return Err(ApiError::unauthorized());
    }
    if request.body.len() > MAX_BODY {
        return Err(ApiError::new(413, 40005, "Request entity too large"));
    }
    let query = request.path_and_query.split_once('?').map_or("", |(_, query)| query);
    let (body, files) = read_body(request)?;
    Ok(Ctx { auth, params: found.params.clone(), query: read_query(query), body, files, reason: read_reason(request)? })
}

fn authorise(sim: &Sim, request: &RestRequest) -> Result<Auth, ApiError> {
    let Some(header) = request.header("authorization") else {
        return Ok(Auth::Nobody);
    };
    if let Some(token) = header.strip_prefix("Bot ") {
        return if token == sim.options.bot_token { Ok(Auth::Bot) } else { Err(ApiError::unauthorized()) };
    }
    let token = header.strip_prefix("Bearer ").ok_or_else(ApiError::unauthorized)?;
    let grant = sim.world.oauth.by_access_token(token, sim.world.now_ms).ok_or_else(ApiError::unauthorized)?;
    Ok(Auth::Bearer { user: grant.user, scopes: grant.scopes.clone() })
}

fn read_body(request: &RestRequest) -> Result<(Value, Vec<Upload>), ApiError> {
    if request.body.is_empty() {
        return Ok((Value::Null, Vec::new()));
    }
    let kind = request.header("content-type").unwrap_or("");
    if kind.starts_with("multipart/form-data") {
        return multipart::read(kind, &request.body);
    }
    if !kind.starts_with("application/json") {
        let message = format!("Expected \"Content-Type\" header to be one of {{'application/json'}}.  Got {kind:?}");
        return Err(ApiError::new(400, 50035, message));
    }
    Ok((parse_json(&request.body)?, Vec::new()))
}

pub(crate) fn parse_json(bytes: &[u8]) -> Result<Value, ApiError> {
    serde_json::from_slice(bytes).map_err(|_| ApiError::new(400, 50109, "The request body contains invalid JSON."))
}

/// Splits a query string (or form body) into decoded pairs.
pub(crate) fn read_query(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

/// `X-Audit-Log-Reason`: URL-encoded UTF-8, 1 to 512 characters (Discord reference, "Audit Logs Resource").
fn read_reason(request: &RestRequest) -> Result<Option<String>, ApiError> {
    let Some(raw) = request.header("x-audit-log-reason") else {
        return Ok(None);
    };
    let reason = percent_decode_str(raw).decode_utf8_lossy().into_owned();
    if reason.chars().count() > 512 {
        return Err(ApiError::invalid("reason", "BASE_TYPE_MAX_LENGTH", "Must be 512 or fewer in length."));
    }
    Ok(Some(reason).filter(|reason| !reason.is_empty()))
}
