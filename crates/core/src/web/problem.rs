//! Purpose: errors of the JSON API as problem details (RFC 9457).

use super::message::Response;
use crate::error::FieldError;
use serde_json::{Value, json};

pub const TYPE: &str = "application/problem+json";

/// What each status means in general; `detail` says what it means here.
fn title(status: u16) -> &'static str {
    match status {
        400 => "The request cannot be read",
        401 => "Sign in first",
        403 => "Not allowed",
        404 => "Not found",
        405 => "This method does not exist here",
        409 => "Not possible now",
        412 => "It was changed meanwhile",
        413 => "Too long",
        422 => "Some values do not fit",
        428 => "Say which version you mean",
        429 => "Too many requests",
        503 => "Not available now",
        _ => "Something went wrong",
    }
}

/// A problem without parts of its own.
pub fn of(status: u16, detail: &str) -> Response {
    render(status, json!({ "detail": detail }))
}

/// Values that do not fit, each with its place in the document.
pub fn invalid(fields: &[FieldError]) -> Response {
    let errors: Vec<Value> = fields.iter().map(|one| json!({ "field": one.field, "message": one.message })).collect();
    render(422, json!({ "detail": "See errors for each value.", "errors": errors }))
}

/// Something broke; `id` stands in the log.
pub fn internal(status: u16, id: &str) -> Response {
    render(status, json!({ "detail": "Something went wrong on Muster's side.", "error_id": id }))
}

fn render(status: u16, mut body: Value) -> Response {
    body["type"] = json!("about:blank");
    body["title"] = json!(title(status));
    body["status"] = json!(status);
    Response { content_type: TYPE, ..Response::json(status, &body) }
}
