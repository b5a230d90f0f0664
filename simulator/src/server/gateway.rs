//! Purpose: the gateway's websockets, and orders to them from the control API.

use std::time::Duration;

use axum::{
    Json,
    body::Bytes,
    extract::{
        RawQuery, State as Extract, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket},
    },
    response::Response,
};
use serde::Deserialize;

use crate::{
    Sim,
    gateway::{Act, Gateway, Order, Transport, close},
};

use super::{Answered, Fail, State, deliver::read, packer::Packer};

/// How often a connection is looked after when nothing happens.
const TICK: Duration = Duration::from_millis(500);

pub(super) async fn connect(
    Extract(state): Extract<State>,
    RawQuery(query): RawQuery,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade.on_upgrade(move |socket| serve(socket, state, query.unwrap_or_default()))
}

/// What came of waiting for something to happen.
enum Heard {
    Text(String),
    Unreadable,
    Nothing,
    Gone(Option<u16>),
}

async fn serve(mut socket: WebSocket, state: State, query: String) {
    let mut changes = state.changes.subscribe();
    let mut packer = Packer::new(Transport::of(&query));
    let (mut connection, mut acts) = state.with_gateway(|_, gateway, at_ms| gateway.open(&query, at_ms));
    let code = loop {
        if let Some(ended) = perform(&mut socket, &mut packer, acts).await {
            break ended;
        }
        let heard = tokio::select! {
            message = socket.recv() => hear(message),
            _ = changes.changed() => Heard::Nothing,
            () = tokio::time::sleep(TICK) => Heard::Nothing,
        };
        acts = match heard {
            Heard::Text(text) => {
                state.with_gateway(|sim, gateway, at_ms| gateway.receive(sim, &mut connection, &text, at_ms))
            }
            Heard::Unreadable => vec![Act::Close(close::DECODE_ERROR)],
            Heard::Nothing => state.with_gateway(|_, gateway, at_ms| gateway.tick(&connection, at_ms)),
            Heard::Gone(code) => break code,
        };
        acts.extend(state.with_gateway(|_, gateway, _| gateway.pending(&mut connection)));
    };
    state.with_gateway(|_, gateway, at_ms| gateway.closed(&connection, code, at_ms));
}

fn hear(message: Option<Result<Message, axum::Error>>) -> Heard {
    match message {
        Some(Ok(Message::Text(text))) => Heard::Text(text.to_string()),
        Some(Ok(Message::Binary(bytes))) => String::from_utf8(bytes.to_vec()).map_or(Heard::Unreadable, Heard::Text),
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Heard::Nothing,
        Some(Ok(Message::Close(frame))) => Heard::Gone(frame.map(|frame| frame.code)),
        Some(Err(_)) | None => Heard::Gone(None),
    }
}

/// Sends what is to be sent. Gives the end of the connection when it was closed: a close by us leaves the session resumable.
async fn perform(socket: &mut WebSocket, packer: &mut Packer, acts: Vec<Act>) -> Option<Option<u16>> {
    for act in acts {
        let sent = match act {
            Act::Send(payload) => match packer.pack(payload.to_string()) {
                Ok(message) => socket.send(message).await.is_ok(),
                Err(_) => false,
            },
            Act::Close(code) => {
                let frame = CloseFrame { code, reason: reason(code).into() };
                // Whether the other side hears it or is gone already, the connection is over.
                let _ = socket.send(Message::Close(Some(frame))).await;
                return Some(None);
            }
            Act::Drop => return Some(None),
        };
        if !sent {
            return Some(None);
        }
    }
    None
}

/// What a close frame says besides its code.
fn reason(code: u16) -> &'static str {
    match code {
        close::UNKNOWN_OPCODE => "Unknown opcode.",
        close::DECODE_ERROR => "Error while decoding payload.",
        close::NOT_AUTHENTICATED => "Not authenticated.",
        close::AUTHENTICATION_FAILED => "Authentication failed.",
        close::ALREADY_AUTHENTICATED => "Already authenticated.",
        close::INVALID_SEQUENCE => "Invalid seq.",
        close::RATE_LIMITED => "Rate limited.",
        close::SESSION_TIMED_OUT => "Session timed out.",
        close::INVALID_SHARD => "Invalid shard.",
        close::SHARDING_REQUIRED => "Sharding required.",
        close::INVALID_VERSION => "Only v=10 and encoding=json are spoken here.",
        close::INVALID_INTENTS => "Invalid intent(s).",
        close::DISALLOWED_INTENTS => "Disallowed intent(s).",
        _ => "",
    }
}

#[derive(Deserialize)]
struct Control {
    /// `reconnect`, `invalidate`, `close`, `drop`, `repeat` or `forget`.
    action: Option<String>,
    #[serde(default)]
    resumable: bool,
    code: Option<u16>,
    /// Which shard's connections; all when nothing is said.
    shard: Option<u64>,
    /// Of `repeat`: the newest event of this name.
    event: Option<String>,
    heartbeat_interval_ms: Option<u64>,
    acknowledges: Option<bool>,
    kept: Option<usize>,
    allowed_intents: Option<u64>,
    shards: Option<u64>,
    guilds_per_shard: Option<u64>,
    max_concurrency: Option<u64>,
    identify_window_ms: Option<u64>,
    total: Option<u64>,
    remaining: Option<u64>,
}

impl Control {
    fn order(&self) -> Result<Option<Order>, Fail> {
        Ok(Some(match self.action.as_deref() {
            None => return Ok(None),
            Some("reconnect") => Order::Reconnect,
            Some("invalidate") => Order::Invalidate { resumable: self.resumable },
            Some("close") => Order::Close(self.code.filter(|code| (1000..5000).contains(code)).unwrap_or(4000)),
            Some("drop") => Order::Drop,
            Some("repeat") => Order::Repeat(self.event.clone()),
            Some("forget") => Order::Forget,
            Some(other) => return Err(Fail::bad(format!("There is no action {other:?}"))),
        }))
    }

    fn set(&self, sim: &mut Sim, gateway: &mut Gateway) {
        let now_ms = sim.now();
        let put = |target: &mut u64, value: Option<u64>| *target = value.unwrap_or(*target);
        put(&mut gateway.heartbeat_interval_ms, self.heartbeat_interval_ms);
        gateway.acknowledges = self.acknowledges.unwrap_or(gateway.acknowledges);
        gateway.kept = self.kept.unwrap_or(gateway.kept);
        let terms = sim.gateway_terms();
        put(&mut terms.allowed_intents, self.allowed_intents);
        put(&mut terms.shards, self.shards);
        put(&mut terms.guilds_per_shard, self.guilds_per_shard);
        put(&mut terms.max_concurrency, self.max_concurrency);
        put(&mut terms.identify_window_ms, self.identify_window_ms);
        put(&mut terms.total, self.total);
        if let Some(remaining) = self.remaining {
            terms.set_remaining(remaining, now_ms);
        }
    }
}

pub(super) async fn describe(Extract(state): Extract<State>) -> Answered {
    Ok(Json(state.with_gateway(|sim, gateway, _| gateway.describe(sim))))
}

pub(super) async fn control(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let body: Control = read(&body)?;
    let order = body.order()?;
    if body.heartbeat_interval_ms == Some(0) || body.max_concurrency == Some(0) || body.shards == Some(0) {
        return Err(Fail::bad("Heartbeat interval, concurrency and shards are at least 1"));
    }
    let json = state.with_gateway(|sim, gateway, _| {
        body.set(sim, gateway);
        if let Some(order) = order {
            gateway.order(&order, body.shard);
        }
        gateway.describe(sim)
    });
    state.changes.send_modify(|count| *count = count.wrapping_add(1));
    Ok(Json(json))
}
