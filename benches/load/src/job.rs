//! Purpose: what one run of the generator is asked to do, and the limits it refuses to pass.

use serde::{Deserialize, Deserializer, de::Error};

/// One run never sends more than this, so a mistyped job cannot run for hours or fill memory.
const MAX_REQUESTS: usize = 200_000;
/// Sockets held open at once; past this the generator measures its own scheduler.
const MAX_CONCURRENCY: usize = 512;
const MAX_SECONDS: u64 = 600;

/// One run, read as JSON from stdin.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Loopback port of the Worker.
    pub port: u16,
    /// Path that takes interactions, such as `/interactions`.
    pub path: String,
    pub case: Case,
    pub requests: usize,
    pub concurrency: usize,
    /// The run is cut off, and reported as an error, after this many seconds.
    pub timeout_seconds: u64,
    /// What every answer must be.
    pub expect: Expect,
    /// After everything is answered, the first so many requests are sent once more, byte for byte, as Discord's own
    /// retries are. They are checked and counted apart, and are not part of the time.
    #[serde(default)]
    pub redeliver: usize,
}

/// The kind of interaction sent. Snowflakes are text, as JavaScript numbers would lose their digits.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Case {
    /// Discord's health check, type 1.
    Ping,
    /// A slash command without options, type 2.
    Command { name: String, guild_id: String },
    /// A press of a button, type 3; each request comes from another member, counted up from `first_user_id`.
    Button {
        custom_id: String,
        guild_id: String,
        message_id: String,
        #[serde(deserialize_with = "from_text")]
        first_user_id: u64,
    },
    /// A slash command whose signature does not fit its body.
    Forged,
    /// A browser that opens the path by GET; each from another address. `{n}` in the path is a number in eight digits: the request's, counted
    /// up from `first`, or, where `among` is above 0, one below it drawn by Zipf's law, the same for the same request.
    Visit {
        first: usize,
        #[serde(default)]
        among: u32,
    },
}

/// What an answer must look like to count as good.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    pub status: u16,
    /// Discord's response type in the JSON body (`1` pong, `4` message); absent when the body is not looked at.
    pub response_type: Option<u8>,
    /// Text the body must hold.
    pub contains: Option<String>,
}

fn from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

impl Job {
    /// Refuses a job outside the limits, with a sentence saying which.
    pub fn check(&self) -> Result<(), String> {
        if self.requests == 0 || self.requests > MAX_REQUESTS {
            return Err(format!("requests must be 1 to {MAX_REQUESTS}"));
        }
        if self.concurrency == 0 || self.concurrency > MAX_CONCURRENCY {
            return Err(format!("concurrency must be 1 to {MAX_CONCURRENCY}"));
        }
        if self.timeout_seconds == 0 || self.timeout_seconds > MAX_SECONDS {
            return Err(format!("timeout_seconds must be 1 to {MAX_SECONDS}"));
        }
        if self.redeliver > self.requests {
            return Err("redeliver must not be more than requests".into());
        }
        if !self.path.starts_with('/') {
            return Err("path must start with /".into());
        }
        Ok(())
    }
}
