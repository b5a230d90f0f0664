//! Purpose: core's ports for stories. Each call is counted, and may go wrong on purpose.

use async_trait::async_trait;
use muster_core::{
    Job,
    leaderboard::{self, Answer, Kept, Question},
    ports::{
        Blob, Clock, Db, DbError, Http, HttpRequest, HttpResponse, Kv, Leaderboards, Level, Log, NoAnswer, Queue,
        StatementResult, Timer, Timers,
    },
    sql::Statement,
    timers::stands,
};
use muster_sim::{RestOutcome, RestRequest, RestResponse, Sim};
use muster_testkit::{FaultMode, Faults, MovedClock, SqliteDb, faults::die};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};
use tokio::sync::Notify;
use twilight_model::id::{Id, marker::GuildMarker};

/// What all ports of a world share.
pub struct Outside {
    pub faults: Faults,
    pub clock: Rc<MovedClock>,
    /// Told when a fault killed the process.
    pub died: Notify,
    /// How often each call lets others go first, drawn from this; never without it.
    pub turns: Cell<Option<u64>>,
}

impl Outside {
    /// Gives the effect's result, unless this call goes wrong. `lost` makes the error of a lost call.
    async fn call<T, E>(
        &self,
        what: &str,
        effect: impl FnOnce() -> Result<T, E>,
        lost: impl Fn() -> E,
    ) -> Result<T, E> {
        self.take_turns().await;
        let result = self.strike(what, effect, lost).await;
        self.take_turns().await;
        result
    }

    async fn take_turns(&self) {
        let Some(seed) = self.turns.get() else {
            return;
        };
        // Knuth's linear congruential generator; its high bits are good enough to shuffle with.
        let next = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.turns.set(Some(next));
        for _ in 0..next >> 62 {
            tokio::task::yield_now().await;
        }
    }

    async fn strike<T, E>(
        &self,
        what: &str,
        effect: impl FnOnce() -> Result<T, E>,
        lost: impl Fn() -> E,
    ) -> Result<T, E> {
        match self.faults.next(what) {
            None => effect(),
            Some(FaultMode::FailBefore) => Err(lost()),
            Some(FaultMode::FailAfter) => {
                let _ = effect();
                Err(lost())
            }
            Some(mode) => {
                if mode == FaultMode::DieAfter {
                    let _ = effect();
                }
                self.died.notify_one();
                die().await
            }
        }
    }
}

pub struct StoryDb {
    pub db: Rc<SqliteDb>,
    pub outside: Rc<Outside>,
    /// How long the database hangs before each answer, milliseconds.
    pub stall_ms: Cell<u64>,
    pub round_trips: Cell<u64>,
    pub statements: Cell<u64>,
}

#[async_trait(?Send)]
impl Db for StoryDb {
    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<StatementResult>, DbError> {
        if self.stall_ms.get() > 0 {
            self.outside.clock.sleep(self.stall_ms.get()).await;
        }
        self.round_trips.set(self.round_trips.get() + 1);
        self.statements.set(self.statements.get() + statements.len() as u64);
        let first = statements.first().map_or("", |statement| statement.sql);
        let what =
            format!("D1 {} {}", statements.len(), first.split_whitespace().take(4).collect::<Vec<_>>().join(" "));
        let lost = || DbError::Lost("Network connection lost".to_owned());
        self.outside.call(&what, || self.db.batch(&statements), lost).await
    }
}

pub struct StoryHttp {
    pub sim: Rc<RefCell<Sim>>,
    pub outside: Rc<Outside>,
}

impl StoryHttp {
    fn rest(&self, request: &HttpRequest, path: &str) -> RestOutcome {
        let mut sim = self.sim.borrow_mut();
        sim.set_now(u64::try_from(self.outside.clock.now()).unwrap_or(0));
        if let Some(path) = path.strip_prefix("/cdn").filter(|_| request.method == "GET") {
            let (status, kind, body) = match sim.file(path) {
                Some((kind, bytes)) => (200, kind, bytes),
                None => (404, "text/plain".to_owned(), Vec::new()),
            };
            let headers = vec![("content-type".to_owned(), kind)];
            return RestOutcome::Answer(RestResponse { status, headers, body, delay_ms: 0 });
        }
        sim.rest(RestRequest {
            method: request.method.to_owned(),
            path_and_query: path.to_owned(),
            headers: request.headers.clone(),
            body: request.body.clone(),
        })
    }
}

#[async_trait(?Send)]
impl Http for StoryHttp {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, NoAnswer> {
        let Some(path) = request.url.strip_prefix("http://discord.test") else {
            panic!("a call to {}: stories have no network", request.url);
        };
        let what = format!("{} {path}", request.method);
        let outcome =
            self.outside.call(&what, || Ok(self.rest(&request, path)), || NoAnswer("lost".to_owned())).await?;
        match outcome {
            RestOutcome::Answer(response) => {
                if response.delay_ms > 0 {
                    self.outside.clock.sleep(response.delay_ms).await;
                }
                Ok(HttpResponse {
                    status: response.status,
                    headers: response.headers.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect(),
                    body: response.body,
                })
            }
            RestOutcome::NoAnswer { reset: true, .. } => Err(NoAnswer("the connection was cut".to_owned())),
            RestOutcome::NoAnswer { .. } => {
                self.outside.clock.sleep(request.timeout_ms).await;
                Err(NoAnswer("timed out".to_owned()))
            }
        }
    }
}

/// A queued job and when it may be taken.
pub struct Queued {
    pub job: Job,
    pub due_at: i64,
    pub attempts: u32,
}

pub struct StoryQueue {
    pub outside: Rc<Outside>,
    pub waiting: RefCell<Vec<Queued>>,
}

#[async_trait(?Send)]
impl Queue for StoryQueue {
    async fn send(&self, job: Job, delay_seconds: u32) -> Result<(), String> {
        let due_at = self.outside.clock.now() + i64::from(delay_seconds) * 1_000;
        let effect = || {
            self.waiting.borrow_mut().push(Queued { job, due_at, attempts: 0 });
            Ok(())
        };
        self.outside.call("queue send", effect, || "lost".to_owned()).await
    }

    async fn send_batch(&self, jobs: Vec<Job>) -> Result<(), String> {
        let due_at = self.outside.clock.now();
        let effect = || {
            let queued = jobs.into_iter().map(|job| Queued { job, due_at, attempts: 0 });
            self.waiting.borrow_mut().extend(queued);
            Ok(())
        };
        self.outside.call("queue send batch", effect, || "lost".to_owned()).await
    }
}

/// A guild's clock as the Timers object keeps it.
#[derive(Clone)]
pub struct Armed {
    pub timer: Timer,
    pub attempts: u32,
}

pub struct StoryTimers {
    pub outside: Rc<Outside>,
    pub armed: RefCell<BTreeMap<(Id<GuildMarker>, String), Armed>>,
}

pub fn timer_key(timer: &Timer) -> String {
    format!("{}:{}", timer.feature, timer.id)
}

#[async_trait(?Send)]
impl Timers for StoryTimers {
    async fn arm(&self, guild: Id<GuildMarker>, timers: Vec<Timer>) -> Result<(), String> {
        let effect = || {
            let mut armed = self.armed.borrow_mut();
            for timer in timers {
                let known = armed.get(&(guild, timer_key(&timer)));
                if !known.is_some_and(|known| stands(&known.timer, &timer, self.outside.clock.now())) {
                    armed.insert((guild, timer_key(&timer)), Armed { timer, attempts: 0 });
                }
            }
            Ok(())
        };
        self.outside.call("timers arm", effect, || "lost".to_owned()).await
    }
}

/// The guilds' leaderboard objects, each with what it keeps in memory.
pub struct StoryLeaderboards {
    pub db: Rc<StoryDb>,
    pub outside: Rc<Outside>,
    pub kept: RefCell<BTreeMap<Id<GuildMarker>, Rc<Kept>>>,
}

#[async_trait(?Send)]
impl Leaderboards for StoryLeaderboards {
    async fn ask(&self, guild: Id<GuildMarker>, question: Question) -> Result<Answer, String> {
        let kept = self.kept.borrow_mut().entry(guild).or_default().clone();
        self.outside.call("leaderboard ask", || Ok(()), || "lost".to_owned()).await?;
        let now = self.outside.clock.now();
        leaderboard::serve(self.db.as_ref(), &kept, guild, now, &question).await.map_err(|error| error.to_string())
    }
}

pub struct StoryKv {
    pub outside: Rc<Outside>,
    pub values: RefCell<BTreeMap<String, String>>,
}

#[async_trait(?Send)]
impl Kv for StoryKv {
    async fn get(&self, key: &str) -> Result<Option<String>, String> {
        self.outside.call("kv get", || Ok(self.values.borrow().get(key).cloned()), || "lost".to_owned()).await
    }

    async fn put(&self, key: &str, value: &str, _ttl_seconds: u32) -> Result<(), String> {
        let effect = || {
            self.values.borrow_mut().insert(key.to_owned(), value.to_owned());
            Ok(())
        };
        self.outside.call("kv put", effect, || "lost".to_owned()).await
    }
}

/// R2: media type and bytes by key.
pub struct StoryBlob {
    pub outside: Rc<Outside>,
    pub objects: RefCell<BTreeMap<String, (String, Vec<u8>)>>,
    /// Whether it refuses to delete anything.
    pub is_down: Cell<bool>,
}

#[async_trait(?Send)]
impl Blob for StoryBlob {
    async fn put(&self, key: &str, media_type: &str, bytes: Vec<u8>) -> Result<(), String> {
        let effect = || {
            self.objects.borrow_mut().insert(key.to_owned(), (media_type.to_owned(), bytes.clone()));
            Ok(())
        };
        self.outside.call("r2 put", effect, || "lost".to_owned()).await
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        let read = || Ok(self.objects.borrow().get(key).map(|(_, bytes)| bytes.clone()));
        self.outside.call("r2 get", read, || "lost".to_owned()).await
    }

    async fn delete(&self, keys: Vec<String>) -> Result<(), String> {
        let effect = || {
            if self.is_down.get() {
                return Err("R2 does not answer".to_owned());
            }
            self.objects.borrow_mut().retain(|key, _| !keys.contains(key));
            Ok(())
        };
        self.outside.call("r2 delete", effect, || "lost".to_owned()).await
    }
}

/// Keeps every line, for stories about logs and secrets.
#[derive(Default)]
pub struct StoryLog {
    pub lines: RefCell<Vec<String>>,
}

impl Log for StoryLog {
    fn write(&self, level: Level, message: &str, fields: serde_json::Value) {
        self.lines.borrow_mut().push(format!("{level:?} {message} {fields}"));
    }
}
