//! Purpose: the two kinds of error, and nothing else: what a person did, and what broke here.

use crate::ports::DbError;
use std::fmt;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug)]
pub enum Error {
    /// A sentence for the person, shown to them alone. Says what is wrong and what to do.
    User(String),
    /// A right that was missing at the moment of the act: shown like `User`, and written to the audit log.
    Denied(String),
    /// Something broke here or outside: logged with an id, the person sees the id.
    Internal(Internal),
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
        matches!(self, Self::Internal(internal) if internal.kind == InternalKind::Retryable)
    }

    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Internal(internal) if internal.kind == InternalKind::Conflict)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(text) | Self::Denied(text) => f.write_str(text),
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
