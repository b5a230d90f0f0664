//! Purpose: one clock per guild: due rows of D1 by key, one alarm for the earliest. Holds nothing that D1 does not
//! know; what to do at an alarm is core's.

use crate::{env, ports::clock};
use muster_core::{
    ports::Timer,
    timers::{self, Wake},
};
use serde::{Deserialize, Serialize};
use twilight_model::id::{Id, marker::GuildMarker};
use wasm_bindgen::JsValue;
use worker::{DurableObject, Env, ListOptions, Request, Response, Result, ScheduledTime, State, durable_object};

/// Rows woken per alarm; the rest follow in the next one, which comes at once and has outside calls of its own (the free
/// plan allows 50 per invocation).
const PER_ALARM: usize = 1;
/// Set before any work: should this instance die in the middle, the clock still goes off again.
const DEAD_MAN_MS: i64 = 60_000;
const PREFIX: &str = "timer:";

/// What the Worker sends.
#[derive(Serialize, Deserialize)]
pub struct Arm {
    /// An object does not know its own name.
    pub guild: Id<GuildMarker>,
    pub timers: Vec<Timer>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    timer: Timer,
    attempts: u32,
}

#[durable_object(alarm)]
pub struct GuildTimers {
    state: State,
    env: Env,
}

impl DurableObject for GuildTimers {
    fn new(state: State, env: Env) -> Self {
        Self { state, env }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let arm: Arm = request.json().await?;
        let storage = self.state.storage();
        storage.put("guild", &arm.guild.to_string()).await?;
        for timer in arm.timers {
            let known: Option<Stored> = storage.get(&key(&timer)).await?;
            if !known.is_some_and(|known| timers::stands(&known.timer, &timer, clock::now())) {
                storage.put(&key(&timer), &Stored { timer, attempts: 0 }).await?;
            }
        }
        self.set_alarm().await?;
        Response::empty()
    }

    async fn alarm(&self) -> Result<Response> {
        self.set_alarm_at(clock::now() + DEAD_MAN_MS).await?;
        let guild: Option<String> = self.state.storage().get("guild").await?;
        let Some(guild) = guild.and_then(|id| id.parse::<Id<GuildMarker>>().ok()) else {
            return Response::empty();
        };
        let now = clock::now();
        let mut due: Vec<Stored> = self.list().await?.into_iter().filter(|stored| stored.timer.due_at <= now).collect();
        due.sort_by_key(|stored| stored.timer.due_at);
        for stored in due.into_iter().take(PER_ALARM) {
            self.wake(guild, stored).await?;
        }
        self.set_alarm().await?;
        Response::empty()
    }
}

fn key(timer: &Timer) -> String {
    format!("{PREFIX}{}:{}", timer.feature, timer.id)
}

impl GuildTimers {
    async fn wake(&self, guild: Id<GuildMarker>, stored: Stored) -> Result<()> {
        let ctx = env::ctx(&self.env).map_err(worker::Error::RustError)?;
        let outcome = timers::wake(&ctx, guild, &stored.timer, stored.attempts).await;
        env::run_after(&ctx).await;
        let storage = self.state.storage();
        let key = key(&stored.timer);
        // While this one was being handled it may have been armed anew: then that stands.
        let current: Option<Stored> = storage.get(&key).await?;
        if current.is_some_and(|current| current.timer.due_at != stored.timer.due_at) {
            return Ok(());
        }
        match outcome {
            Wake::Done => {
                storage.delete(&key).await?;
            }
            Wake::Again { due_at, attempts } => {
                let timer = Timer { due_at, ..stored.timer };
                storage.put(&key, &Stored { timer, attempts }).await?;
            }
        }
        Ok(())
    }

    async fn list(&self) -> Result<Vec<Stored>> {
        let map = self.state.storage().list_with_options(ListOptions::new().prefix(PREFIX)).await?;
        let values = map.values().into_iter().flatten();
        Ok(values.filter_map(|value: JsValue| serde_wasm_bindgen::from_value(value).ok()).collect())
    }

    async fn set_alarm(&self) -> Result<()> {
        match self.list().await?.iter().map(|stored| stored.timer.due_at).min() {
            Some(due_at) => self.set_alarm_at(due_at).await,
            None => self.state.storage().delete_alarm().await,
        }
    }

    async fn set_alarm_at(&self, due_at: i64) -> Result<()> {
        let delay = u64::try_from(due_at - clock::now()).unwrap_or(0);
        self.state.storage().set_alarm(ScheduledTime::from(std::time::Duration::from_millis(delay))).await
    }
}
