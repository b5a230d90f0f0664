//! Purpose: one shard: a connection that is kept up. twilight carries one connection (heartbeats, login, decompression, dead
//! connections); what comes after it is decided by our own table.

use crate::{
    closing::{Ending, Next, after},
    intents,
    logins::Logins,
    pipeline::Signal,
    random,
    run::{Shared, told},
    sender::backoff,
    status::Standing,
};
use futures_util::StreamExt;
use std::{future::poll_fn, sync::Arc, task::Poll, time::Duration};
use tokio::{sync::watch, time::timeout};
use twilight_gateway::{
    CloseFrame, ConfigBuilder, Intents, Message, Session, Shard, ShardId, error::ReceiveMessageErrorType,
};

/// Discord greets at once; a server that does not is none.
const HELLO_WITHIN: Duration = Duration::from_secs(20);
/// How long the other side may take to let a close frame through.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);
/// Keeps the session alive at Discord; 1000 and 1001 would end it.
const KEEP: CloseFrame<'static> = CloseFrame::new(4000, "");
const END: CloseFrame<'static> = CloseFrame::new(1000, "");

/// How carrying one connection ended.
enum Ended {
    By(Ending),
    /// The session lacks intents that are needed now.
    IntentsGrew,
    Stopped,
}

/// Holds one shard until the process stops, or until Discord says something that trying again would not change.
pub struct Holder {
    shared: Arc<Shared>,
    number: u32,
    gateway_url: String,
    logins: Logins,
    wanted: watch::Receiver<Intents>,
    stop: watch::Receiver<bool>,
    /// Endings in a row without a login or resume between them.
    failures: u32,
}

impl Holder {
    /// `number` is below the total of `shared.held`.
    pub fn new(shared: Arc<Shared>, number: u32, gateway_url: String, logins: Logins) -> Self {
        let (wanted, stop) = (shared.intents.subscribe(), shared.stop.subscribe());
        Self { shared, number, gateway_url, logins, wanted, stop, failures: 0 }
    }

    pub async fn run(mut self) {
        loop {
            let asked = *self.wanted.borrow_and_update();
            let mut shard = self.connection(asked);
            self.standing(Standing::Connecting);
            let ended = self.carry(&mut shard, asked).await;
            drop(shard);
            self.shared.pipeline().disconnected(self.number);
            let pause = match ended {
                Ended::Stopped => break,
                Ended::IntentsGrew => Duration::ZERO,
                Ended::By(ending) => match self.ended(ending, asked).await {
                    Some(pause) => pause,
                    None => break,
                },
            };
            self.standing(Standing::Waiting);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = told(&mut self.stop) => break,
            }
        }
        self.standing(Standing::Stopped);
    }

    fn standing(&self, state: Standing) {
        self.shared.status.shard(self.number, |shard| shard.state = state);
    }

    /// A connection that resumes what there is to resume.
    fn connection(&self, asked: Intents) -> Shard<Logins> {
        let mut pipeline = self.shared.pipeline();
        if !pipeline.covers(self.number, asked) {
            pipeline.forget_session(self.number);
        }
        pipeline.connecting(self.number, asked);
        let token = self.shared.options.token.get().to_owned();
        let mut config =
            ConfigBuilder::new(token, asked).queue(self.logins.clone()).proxy_url(self.gateway_url.clone());
        if let Some(session) = pipeline.session(self.number) {
            config = config.session(Session::new(session.sequence, session.id.clone()));
            // After two failures the address itself is in doubt.
            if let Some(url) = session.resume_url.clone().filter(|_| self.failures < 2) {
                config = config.resume_url(url);
            }
        }
        let total = self.shared.held.total;
        Shard::with_config(ShardId::new(self.number, total), config.build())
    }

    /// Reads one connection until it ends.
    async fn carry(&mut self, shard: &mut Shard<Logins>, asked: Intents) -> Ended {
        let mut is_greeted = false;
        loop {
            let item = tokio::select! {
                biased;
                () = told(&mut self.stop) => {
                    close(shard, KEEP).await;
                    return Ended::Stopped;
                }
                Ok(()) = self.wanted.changed() => {
                    if asked.contains(*self.wanted.borrow_and_update()) {
                        continue;
                    }
                    tracing::info!(shard = self.number, "logs in anew, because a feature needs more intents");
                    close(shard, END).await;
                    self.shared.pipeline().forget_session(self.number);
                    return Ended::IntentsGrew;
                }
                item = shard.next() => item,
                () = tokio::time::sleep(HELLO_WITHIN), if !is_greeted => return Ended::By(Ending::Unreachable),
            };
            match item {
                Some(Ok(Message::Text(text))) => {
                    is_greeted = true;
                    if let Some(ending) = self.take(&text, shard) {
                        finish(shard).await;
                        return Ended::By(ending);
                    }
                }
                Some(Ok(Message::Close(frame))) => {
                    return Ended::By(Ending::Closed(frame.map(|frame| frame.code)));
                }
                Some(Err(error)) => match error.kind() {
                    ReceiveMessageErrorType::Reconnect => return Ended::By(Ending::Unreachable),
                    ReceiveMessageErrorType::Compression => return Ended::By(Ending::Closed(None)),
                    _ => tracing::warn!(shard = self.number, kind = "unreadable", "a payload was skipped"),
                },
                None => return Ended::By(Ending::Closed(None)),
            }
        }
    }

    /// Gives a payload to the pipeline. Gives how the connection ends, if it does by it.
    fn take(&mut self, text: &str, shard: &Shard<Logins>) -> Option<Ending> {
        let now = self.shared.clock.now();
        let (signal, is_full) = {
            let mut pipeline = self.shared.pipeline();
            (pipeline.payload(self.number, text, now), pipeline.is_full())
        };
        if is_full {
            self.shared.to_flush.notify_one();
        }
        match signal {
            Signal::Nothing => {
                // Acknowledged heartbeats are the shortest payloads there are.
                if text.len() < 64 {
                    let latency = shard.latency().recent().first().copied();
                    let latency = latency.map(|latency| u64::try_from(latency.as_millis()).unwrap_or(u64::MAX));
                    self.shared.status.shard(self.number, |status| status.latency_ms = latency.or(status.latency_ms));
                }
                None
            }
            Signal::Ready | Signal::Resumed => {
                self.failures = 0;
                self.standing(Standing::Connected);
                let how = if signal == Signal::Ready { "logged in" } else { "resumed" };
                tracing::info!(shard = self.number, how, "shard is connected");
                // A session is worth keeping before anything happens on it.
                self.shared.to_flush.notify_one();
                None
            }
            Signal::Reconnect => Some(Ending::ReconnectAsked),
            Signal::InvalidSession(resumable) => Some(Ending::InvalidSession(resumable)),
        }
    }

    /// What follows from an ending: the pause until the next connection, or `None` for no more.
    async fn ended(&mut self, ending: Ending, asked: Intents) -> Option<Duration> {
        self.shared.status.shard(self.number, |shard| shard.reconnects += 1);
        let next = after(ending);
        tracing::info!(shard = self.number, ?ending, ?next, "a connection ended");
        self.failures = self.failures.saturating_add(1);
        let patience = if self.failures > 1 { backoff(self.failures - 1) } else { Duration::ZERO };
        match next {
            Next::Resume => Some(patience),
            Next::NewSession => {
                self.shared.pipeline().forget_session(self.number);
                // Discord's reference, "Resuming": a random time between 1 and 5 seconds.
                Some(patience.max(random::between(Duration::from_secs(1), Duration::from_secs(5))))
            }
            Next::FewerIntents => {
                let off = intents::refused(asked, self.shared.application_flags().await);
                self.shared.pipeline().forget_session(self.number);
                if off.is_empty() {
                    self.shared.fail("Discord refuses the intents (4013, 4014), and none of them is privileged: install a newer muster-gateway.");
                    return None;
                }
                self.shared.leave_off(off);
                Some(patience)
            }
            Next::Fatal(sentence) => {
                self.shared.fail(sentence);
                None
            }
        }
    }
}

/// Lets the close frame that twilight holds ready go out. Never asked again after that: twilight would connect anew by itself,
/// beside the connection that comes next.
async fn finish(shard: &mut Shard<Logins>) {
    let closed = poll_fn(|cx| {
        loop {
            let polled = shard.poll_next_unpin(cx);
            if !shard.state().is_identified() {
                return Poll::Ready(());
            }
            match polled {
                Poll::Ready(Some(Ok(Message::Text(_)))) => {}
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    });
    // A server that takes no more bytes is left.
    let _ = timeout(CLOSE_WITHIN, closed).await;
}

async fn close(shard: &mut Shard<Logins>, frame: CloseFrame<'static>) {
    shard.close(frame);
    finish(shard).await;
}
