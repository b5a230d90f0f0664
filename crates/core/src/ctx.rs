//! Purpose: what one invocation has at hand: the ports, the settings of this deployment, and this isolate's memory.

use crate::{
    discord::{rate_limits::RateLimits, reads::Reads},
    error::Result,
    guild_config::GuildConfigCache,
    identity::WebSettings,
    ports::{Blob, Clock, Db, Http, Kv, Leaderboards, Level, Log, Queue, Rng, StatementResult, Timers},
    social::Apps,
    sql::Statement,
};
use futures_util::future::LocalBoxFuture;
use std::{any::Any, cell::RefCell, collections::HashMap, rc::Rc};
use twilight_model::id::{
    Id,
    marker::{ApplicationMarker, GuildMarker},
};

/// Settings of this deployment. Outside base URLs are configuration, so that Muster runs against any
/// Discord-compatible server; none ends in a slash. Not `Debug`: it holds the token.
#[derive(Clone)]
pub struct Settings {
    pub application_id: Id<ApplicationMarker>,
    pub bot_token: String,
    /// Keys by which sidecars sign; two while one replaces the other.
    pub gateway_keys: Vec<muster_protocol::Key>,
    /// `https://discord.com/api/v10` unless configured.
    pub discord_api: String,
    /// Where links to messages lead, `https://discord.com` unless configured.
    pub discord_web: String,
    /// Where pictures and attachments lie, `https://cdn.discordapp.com` unless configured.
    pub discord_cdn: String,
    /// Where people open proofs and pages, e.g. `https://muster.example.workers.dev`.
    pub public_url: String,
    /// Commands are registered in this guild only, for trying things out; globally without it.
    pub commands_guild: Option<Id<GuildMarker>>,
    pub version: String,
    /// `None` where signing in on the web was not set up.
    pub web: Option<WebSettings>,
    /// The social platforms that were set up.
    pub social: Apps,
}

/// What an isolate remembers between requests. Everything here may vanish at any moment, and is never the
/// reason for a security decision.
#[derive(Default)]
pub struct Memory {
    pub rate_limits: RefCell<RateLimits>,
    pub guild_configs: RefCell<GuildConfigCache>,
    notes: RefCell<HashMap<String, Note>>,
}

/// A value that a feature keeps by key until a time (Unix milliseconds).
type Note = (i64, Rc<dyn Any>);

/// More than this many notes and the memory starts over: an isolate has 128 MB for everything.
const NOTES_MAX: usize = 5_000;

impl Memory {
    /// What was remembered under `key`, unless it has expired.
    pub fn recall<T: 'static>(&self, key: &str, now: i64) -> Option<Rc<T>> {
        let notes = self.notes.borrow();
        let (expires_at, value) = notes.get(key)?;
        if *expires_at <= now {
            return None;
        }
        value.clone().downcast().ok()
    }

    pub fn remember<T: 'static>(&self, key: String, value: Rc<T>, expires_at: i64) {
        let mut notes = self.notes.borrow_mut();
        if notes.len() >= NOTES_MAX {
            notes.clear();
        }
        notes.insert(key, (expires_at, value));
    }

    pub fn forget(&self, key: &str) {
        self.notes.borrow_mut().remove(key);
    }
}

/// Cheap to clone; a clone may outlive the request (work after the answer).
#[derive(Clone)]
pub struct Ctx {
    pub db: Rc<dyn Db>,
    pub http: Rc<dyn Http>,
    pub queue: Rc<dyn Queue>,
    pub timers: Rc<dyn Timers>,
    pub leaderboards: Rc<dyn Leaderboards>,
    pub kv: Rc<dyn Kv>,
    /// `None` where this deployment keeps no files.
    pub blob: Option<Rc<dyn Blob>>,
    pub clock: Rc<dyn Clock>,
    pub rng: Rc<dyn Rng>,
    pub log: Rc<dyn Log>,
    pub settings: Rc<Settings>,
    pub memory: Rc<Memory>,
    /// What this request of the web asked Discord already.
    pub reads: Rc<Reads>,
    /// Work to finish after the answer was given; the shell hands it to `waitUntil`.
    pub after: Rc<RefCell<Vec<LocalBoxFuture<'static, ()>>>>,
}

impl Ctx {
    /// Unix milliseconds.
    pub fn now(&self) -> i64 {
        self.clock.now()
    }

    /// Runs `future` once the answer is on its way. It may be lost with the process: whatever it does
    /// must also be found by the sweeper.
    pub fn after(&self, future: impl Future<Output = ()> + 'static) {
        self.after.borrow_mut().push(Box::pin(future));
    }

    pub fn warn(&self, message: &str, fields: serde_json::Value) {
        self.log.write(Level::Warn, message, fields);
    }

    /// All statements in one transaction and one round trip.
    pub async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<StatementResult>> {
        Ok(self.db.batch(statements).await?)
    }

    /// One statement.
    pub async fn query(&self, statement: Statement) -> Result<StatementResult> {
        let mut results = self.db.batch(vec![statement]).await?;
        results.pop().ok_or_else(|| crate::Error::internal("the database answered without a result"))
    }

    /// One idempotent statement of a crowd: see [`Db::together`].
    pub async fn query_together(&self, statement: Statement) -> Result<StatementResult> {
        Ok(self.db.together(statement).await?)
    }

    /// An unguessable id: `bytes` random bytes as lower-case hex.
    pub fn random_hex(&self, bytes: usize) -> String {
        let mut buffer = vec![0; bytes];
        self.rng.fill(&mut buffer);
        hex::encode(buffer)
    }
}
