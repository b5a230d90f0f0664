//! Purpose: everything core needs from outside, as traits: the shell and the testkit implement them.
//!
//! Not here: any implementation, and any rule. A port moves bytes; what they mean is decided in core.

use crate::{
    jobs::Job,
    leaderboard::{Answer, Question},
    sql::Statement,
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::fmt;
use twilight_model::id::{Id, marker::GuildMarker};

/// What one statement of a batch gave back.
#[derive(Debug)]
pub struct StatementResult {
    /// A JSON array of row objects (column name to value).
    pub rows: Box<RawValue>,
    /// Rows inserted, updated or deleted by this statement.
    pub changes: u64,
}

/// Why a batch did not commit, or may not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DbError {
    /// A unique key or other constraint refused a row; nothing of the batch was written.
    Constraint(String),
    /// D1 sheds load (`D1 DB is overloaded`, `Too many requests queued`): do not try again now.
    Overloaded(String),
    /// The connection broke; a write may have committed or not. Only idempotent work may be repeated.
    Lost(String),
    /// Anything else: a wrong statement, a limit, a missing table.
    Failed(String),
}

impl fmt::Display for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constraint(text) => write!(f, "constraint: {text}"),
            Self::Overloaded(text) => write!(f, "database overloaded: {text}"),
            Self::Lost(text) => write!(f, "database connection lost: {text}"),
            Self::Failed(text) => write!(f, "database: {text}"),
        }
    }
}

impl DbError {
    /// Sorts D1's and SQLite's error texts into the kinds that are handled differently.
    /// The texts are those of Cloudflare's D1 "retryable errors" page.
    pub fn from_message(message: &str) -> Self {
        const OVERLOADED: [&str; 5] = [
            "overloaded",
            "Too many requests queued",
            "exceeded its CPU time limit",
            "isolate exceeded its memory limit",
            "exceeded timeout",
        ];
        const LOST: [&str; 5] = [
            "Network connection lost",
            "storage caused object to be reset",
            "reset because its code was updated",
            "transient issue on remote node",
            "Internal error",
        ];
        let text = message.to_owned();
        let any = |list: &[&str]| list.iter().any(|needle| message.contains(needle));
        if message.contains("constraint") {
            Self::Constraint(text)
        } else if any(&OVERLOADED) {
            Self::Overloaded(text)
        } else if any(&LOST) || message.contains("SQLITE_BUSY") {
            Self::Lost(text)
        } else {
            Self::Failed(text)
        }
    }
}

/// D1: the record of everything.
#[async_trait(?Send)]
pub trait Db {
    /// Runs all statements in one round trip and one transaction: all of them or none.
    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<StatementResult>, DbError>;

    /// One statement that may share its transaction with statements of other requests arriving at the same time, so that
    /// a crowd costs few round trips. It must stand alone, and a repetition must change nothing.
    async fn together(&self, statement: Statement) -> Result<StatementResult, DbError> {
        let mut results = self.batch(vec![statement]).await?;
        results.pop().ok_or_else(|| DbError::Failed("the database answered without a result".to_owned()))
    }
}

/// An outside HTTP call. The body is bytes; `timeout_ms` bounds the whole exchange.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    pub method: &'static str,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub timeout_ms: u64,
}

#[derive(Debug, Clone)]
pub struct HttpResponse {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl HttpResponse {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// No answer came. Whether the other side acted on the request is unknown.
#[derive(Debug, Clone)]
pub struct NoAnswer(pub String);

#[async_trait(?Send)]
pub trait Http {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, NoAnswer>;
}

/// A due time that a feature's row holds; the Timers Durable Object wakes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// Which feature's row, by the feature's name.
    pub feature: String,
    /// Which row. The meaning belongs to the feature.
    pub id: String,
    /// Unix milliseconds.
    pub due_at: i64,
}

/// One clock per guild that wakes due rows. It may be late, or fire twice: handlers look at their row.
#[async_trait(?Send)]
pub trait Timers {
    async fn arm(&self, guild: Id<GuildMarker>, timers: Vec<Timer>) -> Result<(), String>;
}

/// A guild's ranked lists, derived from D1: the object behind this calls `leaderboard::serve`.
#[async_trait(?Send)]
pub trait Leaderboards {
    async fn ask(&self, guild: Id<GuildMarker>, question: Question) -> Result<Answer, String>;
}

/// At-least-once, unordered delivery to the `job` door.
#[async_trait(?Send)]
pub trait Queue {
    async fn send(&self, job: Job, delay_seconds: u32) -> Result<(), String>;
    /// Many at once, in one outside call per hundred.
    async fn send_batch(&self, jobs: Vec<Job>) -> Result<(), String>;
}

/// KV: reads that may be a minute old. Never locks, dedupe, counters or security decisions.
#[async_trait(?Send)]
pub trait Kv {
    async fn get(&self, key: &str) -> Result<Option<String>, String>;
    /// `ttl_seconds` is at least 60, KV's own minimum.
    async fn put(&self, key: &str, value: &str, ttl_seconds: u32) -> Result<(), String>;
}

#[async_trait(?Send)]
pub trait Clock {
    /// Unix milliseconds.
    fn now(&self) -> i64;
    async fn sleep(&self, milliseconds: u64);
}

/// R2: files by key, the same right after they are written.
#[async_trait(?Send)]
pub trait Blob {
    async fn put(&self, key: &str, media_type: &str, bytes: Vec<u8>) -> Result<(), String>;
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String>;
    /// Up to 1,000 at once; one that is not there is no error.
    async fn delete(&self, keys: Vec<String>) -> Result<(), String>;
}

/// Cryptographic randomness.
pub trait Rng {
    fn fill(&self, bytes: &mut [u8]);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Info,
    Warn,
    Error,
}

/// Structured logs. Callers never pass tokens, interaction tokens or signatures.
pub trait Log {
    fn write(&self, level: Level, message: &str, fields: serde_json::Value);
}
