//! Purpose: Discord's REST errors: HTTP status, JSON code, sentence, and the nested `errors` object of an invalid form.

use serde_json::{Map, Value, json};

use super::RestResponse;

/// An error as Discord answers it.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub status: u16,
    pub code: u64,
    pub message: String,
    pub errors: Option<Value>,
}

impl ApiError {
    pub(crate) fn new(status: u16, code: u64, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), errors: None }
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(401, 0, "401: Unauthorized")
    }

    pub(crate) fn unknown(what: Unknown) -> Self {
        let (code, message) = match what {
            Unknown::Channel => (10003, "Unknown Channel"),
            Unknown::Guild => (10004, "Unknown Guild"),
            Unknown::Member => (10007, "Unknown Member"),
            Unknown::Message => (10008, "Unknown Message"),
            Unknown::Overwrite => (10009, "Unknown Overwrite"),
            Unknown::Role => (10011, "Unknown Role"),
            Unknown::User => (10013, "Unknown User"),
            Unknown::Emoji => (10014, "Unknown Emoji"),
            Unknown::Webhook => (10015, "Unknown Webhook"),
            Unknown::Ban => (10026, "Unknown Ban"),
            Unknown::Interaction => (10062, "Unknown interaction"),
            Unknown::Command => (10063, "Unknown application command"),
            Unknown::CommandPermissions => (10066, "Unknown application command permissions"),
        };
        Self::new(404, code, message)
    }

    pub(crate) fn missing_access() -> Self {
        Self::new(403, 50001, "Missing Access")
    }

    pub(crate) fn missing_permissions() -> Self {
        Self::new(403, 50013, "Missing Permissions")
    }

    /// One field of a form is wrong. `path` is dotted: `embeds.0.title`.
    pub(crate) fn invalid(path: &str, code: &str, message: &str) -> Self {
        let mut errors = FormErrors::default();
        errors.add(path, code, message);
        errors.into_error()
    }

    pub(crate) fn response(&self) -> RestResponse {
        super::plain(self.status, self.body())
    }

    /// The JSON body.
    pub(crate) fn body(&self) -> Value {
        let mut body = json!({"message": self.message, "code": self.code});
        if let Some(errors) = &self.errors {
            body["errors"] = errors.clone();
        }
        body
    }
}

/// Things that can be unknown, each with its own JSON code.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unknown {
    Channel,
    Guild,
    Member,
    Message,
    Overwrite,
    Role,
    User,
    Emoji,
    Webhook,
    Ban,
    Interaction,
    Command,
    CommandPermissions,
}

/// Collects what is wrong with a form and words it as Discord's 50035.
#[derive(Debug, Default)]
pub(crate) struct FormErrors(Vec<(String, String, String)>);

impl FormErrors {
    pub(crate) fn add(&mut self, path: &str, code: &str, message: impl Into<String>) {
        self.0.push((path.to_owned(), code.to_owned(), message.into()));
    }

    /// Checks a text's length in Unicode scalar values.
    pub(crate) fn length(&mut self, path: &str, text: &str, min: usize, max: usize) {
        let length = text.chars().count();
        if length > max && min == 0 {
            self.add(path, "BASE_TYPE_MAX_LENGTH", format!("Must be {max} or fewer in length."));
        } else if length < min || length > max {
            self.add(path, "BASE_TYPE_BAD_LENGTH", format!("Must be between {min} and {max} in length."));
        }
    }

    pub(crate) fn required(&mut self, path: &str) {
        self.add(path, "BASE_TYPE_REQUIRED", "This field is required");
    }

    pub(crate) fn choices(&mut self, path: &str, allowed: &str) {
        self.add(path, "BASE_TYPE_CHOICES", format!("Value must be one of {allowed}."));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Passes when nothing was found wrong.
    pub(crate) fn done(self) -> Result<(), ApiError> {
        if self.is_empty() { Ok(()) } else { Err(self.into_error()) }
    }

    pub(crate) fn into_error(self) -> ApiError {
        let mut root = Map::new();
        for (path, code, message) in self.0 {
            insert(&mut root, &path, json!({"code": code, "message": message}));
        }
        ApiError { status: 400, code: 50035, message: "Invalid Form Body".into(), errors: Some(Value::Object(root)) }
    }
}

fn insert(root: &mut Map<String, Value>, path: &str, entry: Value) {
    let mut node = root;
    for part in path.split('.').filter(|part| !part.is_empty()) {
        let next = node.entry(part).or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(map) = next else { return };
        node = map;
    }
    if let Value::Array(list) = node.entry("_errors").or_insert_with(|| json!([])) {
        list.push(entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_nest_along_the_path() {
        let mut errors = FormErrors::default();
        errors.length("embeds.0.title", &"x".repeat(257), 0, 256);
        assert_eq!(
            errors.into_error().body(),
            json!({
                "message": "Invalid Form Body",
                "code": 50035,
                "errors": {"embeds": {"0": {"title": {"_errors": [
                    {"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 256 or fewer in length."}
                ]}}}}
            })
        );
    }
}
