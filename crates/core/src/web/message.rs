//! Purpose: a web request and its answer without platform types, and how cookies and forms are read.

use crate::identity::Caller;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

pub const WRONG_CURSOR: &str = "Use the cursor as `next_cursor` gave it.";

/// What came in. Names of headers are in lower case; the body was capped by the shell.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// In capitals.
    pub method: String,
    /// The path's segments as they were sent; under `/api/v1/` those after it.
    pub segments: Vec<String>,
    /// Query parameters, decoded.
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Who asks; set by the door before a feature sees the request.
    pub caller: Caller,
}

impl Request {
    pub fn segments(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first parameter of that name; empty ones count as missing.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// How many rows a page of a list may have; `default` unless asked for.
    ///
    /// # Errors
    /// `User` for what is no number from 1 to 100.
    pub fn limit(&self, default: usize) -> crate::Result<usize> {
        let Some(text) = self.param("limit") else { return Ok(default) };
        let limit = text.parse().ok().filter(|limit| (1..=100).contains(limit));
        limit.ok_or_else(|| crate::Error::user("The limit is a number from 1 to 100."))
    }

    /// Where a page of a list begins; `None` is its start.
    ///
    /// # Errors
    /// `User` for what `parse` does not know.
    pub fn cursor<'a, T>(&'a self, parse: impl Fn(&'a str) -> Option<T>) -> crate::Result<Option<T>> {
        self.param("cursor").map(|text| parse(text).ok_or_else(|| crate::Error::user(WRONG_CURSOR))).transpose()
    }

    pub fn cookie(&self, name: &str) -> Option<&str> {
        let all = self.header("cookie")?;
        all.split(';')
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// Whether nothing may change by it.
    pub fn is_safe(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    }

    /// Sent by htmx, which wants a part of a page.
    pub fn is_partial(&self) -> bool {
        self.header("hx-request") == Some("true")
    }

    fn has_type(&self, expected: &str) -> bool {
        let given = self.header("content-type").unwrap_or_default();
        given.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(expected)
    }

    /// The fields of a posted form; none for any other body.
    pub fn form(&self) -> Form {
        if !self.has_type("application/x-www-form-urlencoded") {
            return Form::default();
        }
        let mut form = Form { fields: form_urlencoded::parse(&self.body).into_owned().collect(), once: String::new() };
        let page = form.get("once");
        if page.len() == 16 && page.bytes().all(|b| b.is_ascii_hexdigit()) {
            let place = self.segments.join("/");
            let digest = Sha256::new().chain_update(place).chain_update("\n").chain_update(&self.body).finalize();
            form.once = hex::encode(&digest[..16]);
        }
        form
    }

    /// The JSON body.
    ///
    /// # Errors
    /// `User` with what is wrong about it.
    pub fn json<T: DeserializeOwned>(&self) -> crate::Result<T> {
        if !self.has_type("application/json") {
            return Err(crate::Error::user("Send the body as application/json."));
        }
        crate::json::from_slice(&self.body)
            .map_err(|error| crate::Error::User(format!("The body cannot be read: {error}.")))
    }
}

/// The fields of a form, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    fields: Vec<(String, String)>,
    once: String,
}

impl Form {
    /// Values that did not come as a form, to be read by a form's rules; it has no name.
    pub fn of(fields: Vec<(&str, String)>) -> Self {
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { fields, once: String::new() }
    }

    /// The field without blanks around it; empty when it is missing.
    pub fn get(&self, name: &str) -> &str {
        self.fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    /// The name of what was sent: the same for the same fields from the same page (see `Shell::once`) to the same place, and another
    /// one for anything else, as when somebody goes back in their browser and presses another button. Empty when the page gave none.
    pub fn once(&self) -> &str {
        &self.once
    }

    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(key, _)| key == name)
    }

    /// Of a field that may be there several times, such as a group of boxes.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }
}

/// What goes out.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    pub status: u16,
    pub content_type: &'static str,
    /// JSON, HTML, CSV.
    pub body: String,
    /// Instead of the text, where there are any: a picture.
    pub bytes: Vec<u8>,
    /// Seconds that anyone may keep the answer; 0 for not at all.
    pub max_age: u32,
    pub headers: Vec<(&'static str, String)>,
}

pub const JSON: &str = "application/json";
pub const HTML: &str = "text/html; charset=utf-8";

impl Response {
    fn new(status: u16, content_type: &'static str, body: String) -> Self {
        Self { status, content_type, body, bytes: Vec::new(), max_age: 0, headers: Vec::new() }
    }

    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, JSON, body.to_string())
    }

    /// A typed body as JSON.
    ///
    /// # Errors
    /// Only when a value cannot be written, which is a defect.
    pub fn of(status: u16, body: &impl serde::Serialize) -> crate::Result<Self> {
        let text = serde_json::to_string(body).map_err(crate::Error::internal)?;
        Ok(Self::new(status, JSON, text))
    }

    pub fn json_text(status: u16, body: String) -> Self {
        Self::new(status, JSON, body)
    }

    pub fn html(status: u16, body: String) -> Self {
        Self::new(status, HTML, body)
    }

    /// A file to be saved. `name` is ours: letters, digits, dots and dashes.
    pub fn file(content_type: &'static str, name: &str, body: String) -> Self {
        Self::new(200, content_type, body).with("content-disposition", format!("attachment; filename=\"{name}\""))
    }

    pub fn bytes(content_type: &'static str, bytes: Vec<u8>) -> Self {
        Self { bytes, ..Self::new(200, content_type, String::new()) }
    }

    /// See there, by GET: after every change, so that reloading repeats nothing.
    pub fn see(path: impl Into<String>) -> Self {
        Self::new(303, HTML, String::new()).with("location", path.into())
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
    }

    /// There is nothing at this address, as a problem in JSON.
    pub fn not_found() -> Self {
        super::problem::of(404, "There is nothing at this address.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_header(name: &str, value: &str) -> Request {
        Request { headers: vec![(name.to_owned(), value.to_owned())], ..Request::default() }
    }

    #[test]
    fn cookies_are_found_by_their_whole_name() {
        let request = with_header("cookie", "a=1; session=x.y.z;  xsession=2");
        assert_eq!(request.cookie("session"), Some("x.y.z"));
        assert_eq!(request.cookie("sess"), None);
        assert_eq!(with_header("cookie", "broken").cookie("broken"), None);
    }

    #[test]
    fn forms_are_read_only_from_forms() {
        let mut request = with_header("content-type", "application/x-www-form-urlencoded; charset=UTF-8");
        request.body = b"name=%20Caf%C3%A9+Nord&role=1&role=&role=2".to_vec();
        let form = request.form();
        assert_eq!(form.get("name"), "Café Nord");
        assert_eq!(form.all("role").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(form.get("other"), "");
        request.headers[0].1 = "text/plain".to_owned();
        assert_eq!(request.form(), Form::default());
    }
}
