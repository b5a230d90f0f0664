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

use crate::gateway::{Act, Order, close};

use super::{Answered, Fail, State, deliver::read};

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
    let (mut connection, mut acts) = state.with_gateway(|_, gateway, at_ms| gateway.open(&query, at_ms));
    let code = loop {
        if let Some(ended) = perform(&mut socket, acts).await {
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
async fn perform(socket: &mut WebSocket, acts: Vec<Act>) -> Option<Option<u16>> {
    for act in acts {
        let sent = match act {
            Act::Send(payload) => socket.send(Message::Text(payload.to_string().into())).await,
            Act::Close(code) => {
                let frame = CloseFrame { code, reason: "".into() };
                // Whether the other side hears it or is gone already, the connection is over.
                let _ = socket.send(Message::Close(Some(frame))).await;
                return Some(None);
            }
        };
        if sent.is_err() {
            return Some(None);
        }
    }
    None
}

#[derive(Deserialize)]
struct Control {
    /// `reconnect`, `invalidate` or `close`.
    action: Option<String>,
    #[serde(default)]
    resumable: bool,
    code: Option<u16>,
    heartbeat_interval_ms: Option<u64>,
    allowed_intents: Option<u64>,
    acknowledges: Option<bool>,
}

pub(super) async fn describe(Extract(state): Extract<State>) -> Answered {
    Ok(Json(state.with_gateway(|_, gateway, _| gateway.describe())))
}

pub(super) async fn control(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let body: Control = read(&body)?;
    let order = match body.action.as_deref() {
        None => None,
        Some("reconnect") => Some(Order::Reconnect),
        Some("invalidate") => Some(Order::Invalidate { resumable: body.resumable }),
        Some("close") => Some(Order::Close(body.code.filter(|code| (1000..5000).contains(code)).unwrap_or(4000))),
        Some(other) => return Err(Fail::bad(format!("There is no action {other:?}"))),
    };
    if body.heartbeat_interval_ms == Some(0) {
        return Err(Fail::bad("The heartbeat interval is at least a millisecond"));
    }
    let json = state.with_gateway(|_, gateway, _| {
        gateway.heartbeat_interval_ms = body.heartbeat_interval_ms.unwrap_or(gateway.heartbeat_interval_ms);
        gateway.allowed_intents = body.allowed_intents.unwrap_or(gateway.allowed_intents);
        gateway.acknowledges = body.acknowledges.unwrap_or(gateway.acknowledges);
        if let Some(order) = order {
            gateway.order(order);
        }
        gateway.describe()
    });
    state.changes.send_modify(|count| *count = count.wrapping_add(1));
    Ok(Json(json))
}
