//! Purpose: batches to the Worker, one at a time and in order, each until it is taken; configuration back.

use crate::{
    random,
    run::{Shared, blocking, told},
    status::Delivery,
    store::Spooled,
};
use muster_protocol::{Answer, CONFIGS_MAX, PATH, Refused, VERSION, header, seal};
use serde::Serialize;
use serde_json::value::RawValue;
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, sleep, timeout_at};
use twilight_model::id::{Id, marker::ApplicationMarker};

/// How long the Worker may take for an answer.
pub const TIMEOUT: Duration = Duration::from_secs(10);
const BACKOFF_MAX: Duration = Duration::from_secs(60);
/// A refusal is repaired by a person, but nobody should have to restart anything then.
const REFUSED_PAUSE: Duration = Duration::from_secs(30);
/// What an answer may weigh: [`CONFIGS_MAX`] documents of a few kilobytes.
const ANSWER_MAX: usize = 16 << 20;

/// `muster_protocol::Batch` with its events as they lie on the disk.
#[derive(Serialize)]
struct Outgoing<'a> {
    version: u16,
    source: &'a str,
    number: u64,
    application: Id<ApplicationMarker>,
    events: &'a RawValue,
    configs_since: i64,
}

/// What came of sending.
#[derive(Debug)]
pub enum Outcome {
    Answered(Box<Answer>),
    /// The Worker read it and says no.
    Refused(String, Option<Refused>),
    /// Nobody knows whether it arrived.
    Unknown(String),
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
enum Then {
    /// There may be more to do at once.
    Again,
    Rest(Duration),
    Idle,
}

pub struct Sender {
    shared: Arc<Shared>,
    http: reqwest::Client,
    failures: u32,
    polled: Option<Instant>,
    /// The Worker has more configurations than fit into one answer.
    more_configs: bool,
    /// The clock was just put right because of a refusal.
    resigned: bool,
}

impl Sender {
    pub fn new(shared: Arc<Shared>, http: reqwest::Client) -> Self {
        Self { shared, http, failures: 0, polled: None, more_configs: true, resigned: false }
    }

    /// Asks for configuration until everything is here or `patience` is over: before the first login, so that it asks for the
    /// right intents.
    pub async fn first_poll(&mut self, patience: Duration) {
        let deadline = Instant::now() + patience;
        while self.more_configs {
            match timeout_at(deadline, self.step()).await {
                Ok(Then::Again | Then::Idle) => {}
                Ok(Then::Rest(pause)) if Instant::now() + pause < deadline => sleep(pause).await,
                Ok(Then::Rest(_)) | Err(_) => return,
            }
        }
    }

    /// Until the process ends; then what can still be sent within a few seconds.
    pub async fn run(mut self) {
        let mut stop = self.shared.stopping.subscribe();
        loop {
            let pause = match self.step().await {
                Then::Again => continue,
                Then::Rest(pause) => pause,
                Then::Idle => self.until_poll(),
            };
            let is_tired = self.failures > 0;
            tokio::select! {
                () = sleep(pause) => {}
                () = self.shared.to_send.notified(), if !is_tired => {}
                () = told(&mut stop) => return,
            }
        }
    }

    /// What waits is sent, as long as the Worker takes it.
    pub async fn drain(&mut self) {
        self.more_configs = false;
        self.polled = Some(Instant::now());
        while self.step().await == Then::Again {}
    }

    fn until_poll(&self) -> Duration {
        let poll = self.shared.options.poll;
        self.polled.map_or(Duration::ZERO, |polled| poll.saturating_sub(polled.elapsed()))
    }

    async fn step(&mut self) -> Then {
        let next = blocking(&self.shared, |shared| shared.store().next()).await;
        let batch = match next {
            Ok(batch) => batch,
            Err(error) => return self.disk_trouble(&error),
        };
        let is_poll = batch.is_none();
        if is_poll && !self.more_configs && !self.until_poll().is_zero() {
            return Then::Idle;
        }
        let batch = batch.unwrap_or_else(|| Spooled { number: 0, events: "[]".to_owned() });
        let Some(outcome) = self.send(&batch).await else { return Then::Rest(Duration::from_secs(1)) };
        self.polled = Some(Instant::now());
        match outcome {
            Outcome::Answered(answer) => self.answered(batch.number, *answer).await,
            Outcome::Refused(why, body) => self.refused(batch.number, why, body),
            Outcome::Unknown(why) => self.silence(why),
        }
    }

    /// `None` while the bot's application is not known.
    async fn send(&self, batch: &Spooled) -> Option<Outcome> {
        let (source, since, stored) = {
            let store = self.shared.store();
            (store.source().to_owned(), store.configs_until().unwrap_or(0), store.application().ok().flatten())
        };
        let application = self.shared.pipeline().application().or(stored)?;
        let events = match serde_json::from_str::<&RawValue>(&batch.events) {
            Ok(events) => events,
            Err(error) => {
                return Some(Outcome::Refused(format!("batch {} is broken on disk: {error}", batch.number), None));
            }
        };
        let outgoing = Outgoing {
            version: VERSION,
            source: &source,
            number: batch.number,
            application,
            events,
            configs_since: since,
        };
        let key = self.shared.options.keys.0.first()?;
        let (headers, body) = match seal(&outgoing, key, self.shared.clock.now(), &random::name()) {
            Ok(sealed) => sealed,
            Err(why) => return Some(Outcome::Refused(format!("batch {} cannot be sealed: {why}", batch.number), None)),
        };
        let request = self
            .http
            .post(format!("{}{PATH}", self.shared.options.worker_url))
            .timeout(TIMEOUT)
            .header("content-type", "application/octet-stream")
            .header(header::KEY_ID, headers.key_id)
            .header(header::TIMESTAMP, headers.timestamp)
            .header(header::NONCE, headers.nonce)
            .header(header::SIGNATURE, headers.signature);
        Some(match request.body(body).send().await {
            Ok(response) => read(response).await,
            Err(error) => Outcome::Unknown(plain(error)),
        })
    }

    async fn answered(&mut self, number: u64, answer: Answer) -> Then {
        self.learn(answer.now);
        (self.failures, self.resigned) = (0, false);
        for refused in &answer.refused {
            tracing::warn!(id = %refused.id, reason = %refused.reason, "the Worker does not understand an event");
        }
        self.more_configs = answer.configs.len() >= CONFIGS_MAX;
        let (taken, refused) = (answer.taken, answer.refused.len() as u64);
        let outcome = blocking(&self.shared, move |shared| shared.take_answer(number, answer)).await;
        if let Err(error) = outcome {
            return self.disk_trouble(&error);
        }
        let arrived = number > 0 && taken >= number;
        self.shared.status.update(|status| {
            status.answers += 1;
            status.events_refused += refused;
            status.batches_taken += u64::from(arrived);
        });
        if number > 0 && !arrived {
            return self.silence(format!("it answered, but has only the batches up to {taken} of {number}"));
        }
        self.shared.status.update(|status| status.delivery = Delivery::Fine);
        if number > 0 || self.more_configs { Then::Again } else { Then::Idle }
    }

    fn refused(&mut self, number: u64, why: String, body: Option<Refused>) -> Then {
        let moved = body.is_some_and(|body| self.learn(body.now));
        if moved && !self.resigned {
            self.resigned = true;
            return Then::Again;
        }
        self.resigned = false;
        tracing::error!(batch = number, %why, "the Worker refuses a batch; it is kept and tried again");
        self.failures = self.failures.saturating_add(1);
        self.shared.status.update(|status| {
            status.batches_refused += 1;
            status.delivery = Delivery::Refused(why);
        });
        Then::Rest(random::between(REFUSED_PAUSE / 2, REFUSED_PAUSE))
    }

    fn silence(&mut self, why: String) -> Then {
        self.failures = self.failures.saturating_add(1);
        let pause = backoff(self.failures);
        tracing::warn!(%why, pause_seconds = pause.as_secs_f32(), "the Worker did not take a batch; it waits on disk");
        self.shared.status.update(|status| status.delivery = Delivery::Silent(why));
        Then::Rest(pause)
    }

    fn disk_trouble(&mut self, error: &crate::store::Error) -> Then {
        tracing::error!(%error, "the spool does not work");
        self.shared.status.update(|status| status.disk = Some(error.to_string()));
        Then::Rest(Duration::from_secs(5))
    }

    fn learn(&self, worker_now: i64) -> bool {
        let moved = self.shared.clock.learn(worker_now);
        if moved {
            let offset = self.shared.clock.offset_ms();
            tracing::info!(offset_ms = offset, "the clock goes by the Worker's now");
            if let Err(error) = self.shared.store().set_clock_offset(offset) {
                tracing::warn!(%error, "the clock's offset could not be saved");
            }
        }
        moved
    }
}

/// 1 s, 2 s, 4 s … a minute, less up to a half, so that many sidecars do not come at once.
pub fn backoff(failures: u32) -> Duration {
    let full = Duration::from_secs(1_u64 << failures.saturating_sub(1).min(6)).min(BACKOFF_MAX);
    random::between(full / 2, full)
}

/// Without the address, which everybody who may read logs need not know.
fn plain(error: reqwest::Error) -> String {
    let is_late = error.is_timeout();
    let error = error.without_url();
    if is_late { format!("no answer within {} s", TIMEOUT.as_secs()) } else { format!("{error}") }
}

async fn read(response: reqwest::Response) -> Outcome {
    let status = response.status();
    let body = match bounded(response).await {
        Ok(body) => body,
        Err(why) => return Outcome::Unknown(why),
    };
    if status.is_success() {
        return match serde_json::from_slice::<Answer>(&body) {
            Ok(answer) => Outcome::Answered(Box::new(answer)),
            Err(error) => Outcome::Unknown(format!("its answer cannot be read: {error}")),
        };
    }
    let refused: Option<Refused> = serde_json::from_slice(&body).ok();
    let why = refused.as_ref().map_or_else(|| format!("status {}", status.as_u16()), |refused| refused.error.clone());
    // Too many requests is the platform's word about its state, not about the batch.
    if status.is_server_error() || status.as_u16() == 429 {
        Outcome::Unknown(why)
    } else {
        Outcome::Refused(why, refused)
    }
}

async fn bounded(mut response: reqwest::Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(plain)? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_MAX {
            return Err("its answer is longer than any answer should be".to_owned());
        }
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_protocol::Batch;

    #[test]
    fn what_goes_out_is_a_batch() {
        let events = r#"[{"id":"s:7:0","guild":"900","at":1,"type":"member_left","user":"5"}]"#;
        let events: &RawValue = serde_json::from_str(events).unwrap();
        let outgoing =
            Outgoing { version: 1, source: "s", number: 7, application: Id::new(100), events, configs_since: 3 };
        let text = serde_json::to_string(&outgoing).unwrap();
        let batch: Batch = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&batch).unwrap(), text);
    }

    #[test]
    fn pauses_grow_to_a_minute() {
        for failures in 1..40 {
            let pause = backoff(failures);
            assert!(pause >= Duration::from_millis(500) && pause <= BACKOFF_MAX, "{pause:?}");
        }
        assert!(backoff(1) <= Duration::from_secs(1));
        assert!(backoff(30) >= Duration::from_secs(30));
    }
}
