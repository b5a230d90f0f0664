//! Purpose: the fields of forms as HTML, for the macros of `web/fields.html`. Functions, because askama writes a macro out at
//! every use.

use super::{choices::Choice, shell::Shell};
use askama::Template;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Area,
    One,
    Many,
}

#[derive(Template)]
#[template(path = "web/field.html")]
struct Field<'a> {
    kind: Kind,
    name: &'a str,
    label: &'a str,
    value: &'a str,
    error: &'a str,
    help: &'a str,
    choices: &'a [Choice],
    /// What an empty choice is called; empty when one has to be made.
    none: &'a str,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% if !error.is_empty() %}<small class="field-error" id="{{ name }}-error">{{ error }}</small>{% endif %}"#
)]
struct Told<'a> {
    name: &'a str,
    error: &'a str,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<input type="hidden" name="form_token" value="{{ shell.form_token }}"><input type="hidden" name="once" value="{{ shell.once }}">"#
)]
struct Guard<'a> {
    shell: &'a Shell,
}

/// A part of a page from its template. Writing into a string does not fail.
pub fn html(template: &impl Template) -> String {
    template.render().unwrap_or_default()
}

fn input(kind: Kind, name: &str, label: &str, value: &str, error: &str, help: &str) -> String {
    html(&Field { kind, name, label, value, error, help, choices: &[], none: "" })
}

/// What every form that changes something carries.
pub fn guard(shell: &Shell) -> String {
    html(&Guard { shell })
}

/// What is wrong with a field; nothing when nothing is.
pub fn error_of(name: &str, error: &str) -> String {
    html(&Told { name, error })
}

pub fn text(name: &str, label: &str, value: &str, error: &str, help: &str) -> String {
    input(Kind::Text, name, label, value, error, help)
}

pub fn number(name: &str, label: &str, value: &str, error: &str, help: &str) -> String {
    input(Kind::Number, name, label, value, error, help)
}

/// Text of several lines.
pub fn area(name: &str, label: &str, value: &str, error: &str, help: &str) -> String {
    input(Kind::Area, name, label, value, error, help)
}

/// One of `choices`; `none` is what an empty choice is called, or empty when one has to be made.
pub fn one(name: &str, label: &str, choices: &[Choice], none: &str, error: &str) -> String {
    html(&Field { kind: Kind::One, name, label, value: "", error, help: "", choices, none })
}

/// Any number of `choices`, as boxes in a group that scrolls.
pub fn many(name: &str, label: &str, choices: &[Choice], error: &str) -> String {
    html(&Field { kind: Kind::Many, name, label, value: "", error, help: "", choices, none: "" })
}
