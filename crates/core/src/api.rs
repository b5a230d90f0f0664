//! Purpose: the `http` door for the JSON API and health: request in, response out, no platform types.

use serde_json::{Value, json};

#[derive(Debug, Clone)]
pub struct ApiRequest {
    pub method: String,
    /// Path segments after `/api/v1/`, as they were sent.
    pub segments: Vec<String>,
    /// Query parameters, decoded.
    pub query: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ApiResponse {
    pub status: u16,
    /// JSON.
    pub body: String,
    /// Seconds that anyone may keep the answer; 0 for not at all.
    pub max_age: u32,
}

impl ApiResponse {
    pub fn json(status: u16, body: &Value) -> Self {
        Self { status, body: body.to_string(), max_age: 0 }
    }

    pub fn not_found() -> Self {
        Self::json(404, &json!({ "error": "There is nothing at this address." }))
    }
}
