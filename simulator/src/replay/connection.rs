//! Purpose: one client of the replay: greeting, identify or resume, then the recording as fast as it reads.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncWriteExt, BufReader},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{mpsc, watch},
};

use crate::gateway::{Transport, close};

use super::{
    APPLICATION,
    feed::{Feed, Sent, Shard, Wire},
    record::own_user,
    server::Replay,
    socket::{CLOSE, Incoming, PONG, put_head, read_frame},
};

/// Heartbeat interval, in milliseconds: Discord's.
const HEARTBEAT_MS: u64 = 41_250;
/// Bytes written at a time.
const CHUNK: usize = 256 * 1024;
/// How often a paced shard looks for what is due.
const STEP: Duration = Duration::from_millis(5);

/// How far a shard has come; read by `GET /replay/state`.
#[derive(Debug, Default)]
pub(super) struct Progress {
    shard: (u64, u64),
    intents: u32,
    sequence: AtomicU64,
    guilds: AtomicU64,
    messages: AtomicU64,
    events: AtomicU64,
    bytes: AtomicU64,
    /// Milliseconds between the first byte after the guilds and the last one.
    elapsed_ms: AtomicU64,
    finished: AtomicBool,
    gone: AtomicBool,
}

impl Progress {
    pub(super) fn of(shard: Shard, intents: u32) -> Self {
        Self { shard: (shard.id, shard.of), intents, ..Self::default() }
    }

    pub(super) fn describe(&self) -> Value {
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
        json!({
            "shard": [self.shard.0, self.shard.1],
            "intents": self.intents,
            "sequence": read(&self.sequence),
            "guilds": read(&self.guilds),
            "messages": read(&self.messages),
            "events": read(&self.events),
            "bytes": read(&self.bytes),
            "elapsed_ms": read(&self.elapsed_ms),
            "finished": self.finished.load(Ordering::Relaxed),
            "connected": !self.gone.load(Ordering::Relaxed),
        })
    }

    fn note(&self, sent: Sent, bytes: usize, elapsed: Duration) {
        self.sequence.store(sent.sequence, Ordering::Relaxed);
        self.guilds.store(sent.guilds, Ordering::Relaxed);
        self.messages.store(sent.messages, Ordering::Relaxed);
        self.events.store(sent.events, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.elapsed_ms.store(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// What a client wants, as far as the replay cares.
enum Wish {
    Heartbeat,
    Identify { shard: Shard, intents: u32 },
    Resume { shard: Shard, intents: u32, after: u64 },
    Pong(Vec<u8>),
    Wrong(u16),
    Gone,
}

/// Serves a websocket until it ends. Errors: the client is gone, or the file cannot be read any more.
pub(super) async fn serve(stream: TcpStream, replay: Arc<Replay>, query: &str) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (read, write) = stream.into_split();
    let (tell, wishes) = mpsc::unbounded_channel();
    let listener = tokio::spawn(listen(BufReader::new(read), tell));
    let mut client = Client { write, wishes, wire: Wire::new(Transport::of(query)), progress: Arc::default() };
    let ended = client.run(&replay).await;
    client.progress.gone.store(true, Ordering::Relaxed);
    listener.abort();
    ended
}

async fn listen(mut input: BufReader<OwnedReadHalf>, tell: mpsc::UnboundedSender<Wish>) {
    loop {
        let wish = match read_frame(&mut input).await {
            Ok(Incoming::Message(text)) => read_wish(&text),
            Ok(Incoming::Ping(payload)) => Some(Wish::Pong(payload)),
            Ok(Incoming::Pong) => None,
            Ok(Incoming::Close) | Err(_) => Some(Wish::Gone),
        };
        let over = matches!(wish, Some(Wish::Gone));
        if wish.is_some_and(|wish| tell.send(wish).is_err()) || over {
            return;
        }
    }
}

/// Reads a payload; nothing for what needs no answer here (presence, voice, member requests).
fn read_wish(text: &[u8]) -> Option<Wish> {
    let Ok(payload) = serde_json::from_slice::<Value>(text) else {
        return Some(Wish::Wrong(close::DECODE_ERROR));
    };
    let data = &payload["d"];
    match payload["op"].as_u64() {
        Some(1) => Some(Wish::Heartbeat),
        Some(2) => {
            let shard = match &data["shard"] {
                Value::Null => Some((0, 1)),
                shard => shard[0].as_u64().zip(shard[1].as_u64()).filter(|(id, of)| id < of),
            };
            let intents = data["intents"].as_u64().and_then(|bits| u32::try_from(bits).ok());
            Some(match (shard, intents) {
                (None, _) => Wish::Wrong(close::INVALID_SHARD),
                (_, None) => Wish::Wrong(close::INVALID_INTENTS),
                (Some((id, of)), Some(intents)) => Wish::Identify { shard: Shard { id, of }, intents },
            })
        }
        Some(6) => {
            let session = data["session_id"].as_str().and_then(read_session);
            let after = data["seq"].as_u64().unwrap_or(0);
            Some(session.map_or(Wish::Wrong(close::SESSION_TIMED_OUT), |(shard, intents)| Wish::Resume {
                shard,
                intents,
                after,
            }))
        }
        Some(3 | 4 | 8 | 31) => None,
        _ => Some(Wish::Wrong(close::UNKNOWN_OPCODE)),
    }
}

/// A session is all that decides what it gets, so nothing has to be remembered for a resume.
fn session_id(shard: Shard, intents: u32) -> String {
    format!("replay-{}-{}-{intents}", shard.id, shard.of)
}

fn read_session(id: &str) -> Option<(Shard, u32)> {
    let mut parts = id.strip_prefix("replay-")?.split('-');
    let shard = Shard { id: parts.next()?.parse().ok()?, of: parts.next()?.parse().ok()? };
    Some((shard, parts.next()?.parse().ok()?)).filter(|(shard, _)| shard.id < shard.of)
}

struct Client {
    write: OwnedWriteHalf,
    wishes: mpsc::UnboundedReceiver<Wish>,
    wire: Wire,
    progress: Arc<Progress>,
}

impl Client {
    async fn run(&mut self, replay: &Replay) -> io::Result<()> {
        let hello = json!({"t": null, "s": null, "op": 10, "d": {"heartbeat_interval": HEARTBEAT_MS, "_trace": []}});
        self.wire.put(hello.to_string().as_bytes())?;
        self.flush().await?;
        let (shard, intents, after) = loop {
            match self.wishes.recv().await {
                Some(Wish::Identify { shard, intents }) => break (shard, intents, None),
                Some(Wish::Resume { shard, intents, after }) => break (shard, intents, Some(after)),
                Some(wish) => self.grant(wish)?,
                None => return Ok(()),
            }
            self.flush().await?;
        };
        self.progress = replay.begin(shard, intents);
        let mut feed = Feed::open(&replay.options.file, shard, intents, after.unwrap_or(0))?;
        let guilds = replay.guilds_of(shard);
        feed.event(&mut self.wire, "READY", ready(replay, shard, intents, &guilds).to_string().as_bytes())?;
        while !feed.guilds(&mut self.wire, guilds.len() as u64, CHUNK)? {
            self.send(&feed, Duration::ZERO).await?;
        }
        self.send(&feed, Duration::ZERO).await?;
        if after.is_none() {
            self.wait_for_start(replay.started.subscribe()).await?;
        }
        self.traffic(replay, &mut feed, after).await?;
        self.progress.finished.store(true, Ordering::Relaxed);
        loop {
            let wish = self.wishes.recv().await.unwrap_or(Wish::Gone);
            self.grant(wish)?;
            self.flush().await?;
        }
    }

    /// Everything after the guilds, at the asked pace.
    async fn traffic(&mut self, replay: &Replay, feed: &mut Feed, resumed_after: Option<u64>) -> io::Result<()> {
        if resumed_after.is_some() {
            // Runs up to the first event that is new to the client, then says where the rest begins.
            feed.events(&mut self.wire, u64::MAX, 1)?;
            self.wire.put_event(feed.sent.sequence, b"RESUMED", b"{\"_trace\":[]}")?;
        }
        let (began, from) = (Instant::now(), feed.passed);
        while !feed.ended {
            let due = replay.options.rate.map(|rate| began.elapsed().as_micros() * u128::from(rate) / 1_000_000);
            let due = due.map_or(u64::MAX, |due| u64::try_from(due).unwrap_or(u64::MAX).saturating_add(from));
            feed.events(&mut self.wire, due, CHUNK)?;
            let idle = self.wire.out.is_empty();
            self.send(feed, began.elapsed()).await?;
            if idle {
                self.pause().await?;
            }
            while let Ok(wish) = self.wishes.try_recv() {
                self.grant(wish)?;
            }
        }
        self.send(feed, began.elapsed()).await
    }

    async fn pause(&mut self) -> io::Result<()> {
        tokio::select! {
            wish = self.wishes.recv() => self.grant(wish.unwrap_or(Wish::Gone)),
            () = tokio::time::sleep(STEP) => Ok(()),
        }
    }

    async fn wait_for_start(&mut self, mut started: watch::Receiver<bool>) -> io::Result<()> {
        while !*started.borrow_and_update() {
            tokio::select! {
                wish = self.wishes.recv() => self.grant(wish.unwrap_or(Wish::Gone))?,
                changed = started.changed() => changed.map_err(io::Error::other)?,
            }
            self.flush().await?;
        }
        Ok(())
    }

    /// Does what a client asks in between. Errors end the connection.
    fn grant(&mut self, wish: Wish) -> io::Result<()> {
        match wish {
            Wish::Heartbeat => self.wire.put(br#"{"t":null,"s":null,"op":11,"d":null}"#),
            Wish::Pong(payload) => {
                put_head(&mut self.wire.out, PONG, payload.len());
                self.wire.out.extend(payload);
                Ok(())
            }
            Wish::Identify { .. } | Wish::Resume { .. } => self.refuse(close::ALREADY_AUTHENTICATED),
            Wish::Wrong(code) => self.refuse(code),
            Wish::Gone => Err(io::ErrorKind::ConnectionReset.into()),
        }
    }

    fn refuse(&mut self, code: u16) -> io::Result<()> {
        self.wire.out.clear();
        put_head(&mut self.wire.out, CLOSE, 2);
        self.wire.out.extend(code.to_be_bytes());
        // The few bytes fit any socket that is not full; who does not read will not see why anyway.
        let _ = self.write.try_write(&self.wire.out);
        Err(io::ErrorKind::ConnectionAborted.into())
    }

    async fn send(&mut self, feed: &Feed, elapsed: Duration) -> io::Result<()> {
        let bytes = self.wire.out.len();
        self.flush().await?;
        self.progress.note(feed.sent, bytes, elapsed);
        Ok(())
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.write.write_all(&self.wire.out).await?;
        self.wire.out.clear();
        Ok(())
    }
}

fn ready(replay: &Replay, shard: Shard, intents: u32, guilds: &[u64]) -> Value {
    let guilds: Vec<Value> = guilds.iter().map(|id| json!({"id": id.to_string(), "unavailable": true})).collect();
    json!({
        "v": 10,
        "user": own_user(),
        "application": {"id": APPLICATION, "flags": super::server::FLAGS},
        "guilds": guilds,
        "session_id": session_id(shard, intents),
        "session_type": "normal",
        "resume_gateway_url": replay.gateway_url(),
        "shard": [shard.id, shard.of],
        "private_channels": [], "presences": [], "relationships": [], "user_settings": {}, "geo_ordered_rtc_regions": [],
        "_trace": [],
    })
}
