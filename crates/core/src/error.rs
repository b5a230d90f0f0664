//! Purpose: what a person did and what broke here, told apart; and nothing else.

use crate::ports::DbError;
use std::fmt;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug)]
pub enum Error {
    /// A sentence for the person, shown to them alone. Says what is wrong and what to do.
    User(String),
    /// A right that was missing at the moment of the act: shown like `User`, and written to the audit log.
    Denied(String),
    /// Values that do not fit, each shown beside its field.
    Invalid(Vec<FieldError>),
    /// There is no such thing, or none that this person may know of.
    NotFound,
    /// Whoever asks has to sign in first. On the web only.
    SignIn,
    /// Somebody changed the thing after the caller looked at it. On the web only.
    Stale,
    /// Too much at once; again after so many seconds. On the web only.
    TooMany(u32),
    /// Something broke here or outside: logged with an id, the person sees the id.
    Internal(Internal),
}

/// What is wrong with one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name in the form, or its path in the document.
    pub field: String,
    pub message: String,
}

impl FieldError {
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

#[derive(Debug)]
pub struct Internal {
    pub what: String,
    pub kind: InternalKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InternalKind {
    /// Somebody else wrote first (a unique key refused the batch): load again and decide again.
    Conflict,
    /// Worth repeating a little later.
    Retryable,
    /// Nothing was done: worth repeating after so many milliseconds, and no failure until then.
    Later(i64),
    /// Repeating makes it worse or changes nothing.
    Fatal,
}

impl Error {
    pub fn user(text: impl Into<String>) -> Self {
        Self::User(text.into())
    }

    pub fn internal(what: impl fmt::Display) -> Self {
        Self::Internal(Internal { what: what.to_string(), kind: InternalKind::Fatal })
    }

    pub fn retryable(what: impl fmt::Display) -> Self {
        Self::Internal(Internal { what: what.to_string(), kind: InternalKind::Retryable })
    }

    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Internal(internal) if matches!(internal.kind, InternalKind::Retryable | InternalKind::Later(_)))
    }

    /// In how many milliseconds it may be tried, when that is known.
    pub fn later_ms(&self) -> Option<i64> {
        match self {
            Self::Internal(Internal { kind: InternalKind::Later(ms), .. }) => Some(*ms),
            _ => None,
        }
    }

    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Internal(internal) if internal.kind == InternalKind::Conflict)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(text) | Self::Denied(text) => f.write_str(text),
            Self::Invalid(fields) => {
                let lines: Vec<&str> = fields.iter().map(|one| one.message.as_str()).collect();
                f.write_str(&lines.join(" "))
            }
            Self::NotFound => f.write_str("There is nothing at this address."),
            Self::SignIn => f.write_str("Sign in first."),
            Self::Stale => {
                f.write_str("Somebody changed this after you opened it. Load it again and look at what is different.")
            }
            Self::TooMany(seconds) => write!(f, "Too many requests. Try again in {seconds} seconds."),
            Self::Internal(internal) => f.write_str(&internal.what),
        }
    }
}

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        let kind = match error {
            DbError::Constraint(_) => InternalKind::Conflict,
            DbError::Lost(_) => InternalKind::Retryable,
            DbError::Overloaded(_) | DbError::Failed(_) => InternalKind::Fatal,
        };
        Self::Internal(Internal { what: error.to_string(), kind })
    }
}
