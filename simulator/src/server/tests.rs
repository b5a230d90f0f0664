//! Purpose: the server as a whole, over real sockets on loopback, with a small Worker of its own.

use std::time::Duration;

use axum::{Json, Router, body::Bytes, extract::State as Extract, http::StatusCode, routing::post};
use ed25519_dalek::{Signature, VerifyingKey};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;

use crate::{Sim, SimOptions};

use super::{Shared, packer::unpacking::Unpack, router};

/// A Worker that verifies and answers commands with a button, presses with an update, `/slow` never.
async fn worker(
    Extract(key): Extract<String>,
    headers: axum::http::HeaderMap,
    body: Bytes,
) -> (StatusCode, Json<Value>) {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !verified(&key, header("x-signature-timestamp"), header("x-signature-ed25519"), &body) {
        return (StatusCode::UNAUTHORIZED, Json(json!({})));
    }
    let interaction: Value = serde_json::from_slice(&body).expect("signed, so ours");
    if interaction["data"]["name"] == "slow" {
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    let button = json!([{"type": 1, "components": [{"type": 2, "style": 1, "label": "Go", "custom_id": "go"}]}]);
    let answer = match interaction["type"].as_u64() {
        Some(2) => json!({"type": 4, "data": {"content": "hi", "components": button}}),
        Some(3) => json!({"type": 7, "data": {"content": "pressed"}}),
        Some(4) => json!({"type": 8, "data": {"choices": [{"name": "One", "value": "1"}]}}),
        _ => json!({"type": 1}),
    };
    (StatusCode::OK, Json(answer))
}

fn verified(key: &str, timestamp: &str, signature: &str, body: &[u8]) -> bool {
    let (mut key_bytes, mut signature_bytes) = ([0; 32], [0; 64]);
    let decoded = hex::decode_to_slice(key, &mut key_bytes).and(hex::decode_to_slice(signature, &mut signature_bytes));
    let message = [timestamp.as_bytes(), body].concat();
    decoded.is_ok()
        && VerifyingKey::from_bytes(&key_bytes)
            .is_ok_and(|key| key.verify_strict(&message, &Signature::from_bytes(&signature_bytes)).is_ok())
}

/// Starts Worker and simulator; gives the simulator's address without scheme.
async fn start() -> String {
    let mut sim = Sim::new(SimOptions::default());
    sim.set_now(std::time::UNIX_EPOCH.elapsed().map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(0)));
    sim.seed_demo();
    let commands = json!([{"name": "hello", "description": "d", "options": [
        {"type": 3, "name": "a", "description": "d", "autocomplete": true}]}, {"name": "slow", "description": "d"}]);
    let path = format!("/api/v10/applications/{}/commands", sim.application_id());
    assert_eq!(sim.rest_json("PUT", &path, Some(&commands)).0, 200);
    let clock = post(|| async { StatusCode::NO_CONTENT });
    let app =
        Router::new().route("/interactions", post(worker)).route("/dev/clock", clock).with_state(sim.public_key());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let worker_address = listener.local_addr().expect("bound");
    tokio::spawn(async move { axum::serve(listener, app).await });
    let state =
        Shared::with_patience(sim, &format!("http://{worker_address}/interactions"), Duration::from_millis(300))
            .expect("a client");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound").to_string();
    tokio::spawn(async move { axum::serve(listener, router(state)).await });
    address
}

async fn call(address: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    let client = reqwest::Client::new();
    let url = format!("http://{address}{path}");
    let request = match body {
        Some(body) => client.post(url).body(body.to_string()),
        None => client.get(url),
    };
    let response = request.send().await.expect("answered");
    (response.status().as_u16(), response.json().await.unwrap_or(Value::Null))
}

#[tokio::test]
async fn commands_presses_and_suggestions_reach_the_worker() {
    let at = start().await;
    let line = json!({"user": "emil", "channel": "#general", "line": "/hello"});
    let (_, body) = call(&at, "/sim/interactions/command", Some(line)).await;
    let answer = &body["answer"];
    assert_eq!((&answer["kind"], &answer["message"]["interaction"]["name"]), (&json!("message"), &json!("hello")));
    let press = json!({"user": "emil", "message": answer["message"]["id"], "custom_id": "go"});
    let (_, body) = call(&at, "/sim/interactions/component", Some(press)).await;
    assert_eq!((&body["answer"]["kind"], &body["answer"]["message"]["content"]), (&json!("update"), &json!("pressed")));
    let typing = json!({"user": "emil", "channel": "#general", "name": "hello",
        "options": [{"name": "a", "value": "x", "focused": true}]});
    let (_, body) = call(&at, "/sim/interactions/autocomplete", Some(typing)).await;
    assert_eq!(body["choices"][0]["name"], "One");
    let (_, body) = call(&at, "/sim/interactions/ping", Some(json!({}))).await;
    assert_eq!(body, json!({"pong": true, "refuses_bad_signature": true, "detail": null}));
    let line = json!({"user": "emil", "channel": "#general", "line": "/nothing"});
    let (status, body) = call(&at, "/sim/interactions/command", Some(line)).await;
    assert_eq!((status, body["error"].is_string()), (404, true));
}

#[tokio::test]
async fn a_worker_that_is_too_slow_did_not_respond() {
    let at = start().await;
    let line = json!({"user": "emil", "channel": "#general", "line": "/slow"});
    let (_, body) = call(&at, "/sim/interactions/command", Some(line)).await;
    assert_eq!(body["answer"]["kind"], "error");
    assert_eq!(body["answer"]["error"], "The application did not respond");
}

#[tokio::test]
async fn the_clock_moves_and_the_worker_is_told() {
    let at = start().await;
    let before = call(&at, "/sim/clock", None).await.1["now"].as_u64().expect("a time");
    let (_, moved) = call(&at, "/sim/clock", Some(json!({"advance_ms": 600_000}))).await;
    assert!(moved["now"].as_u64().expect("a time") >= before + 600_000);
    assert_eq!((&moved["offset_ms"], &moved["worker"]["told"]), (&json!(600_000), &json!(true)));
    assert_eq!(call(&at, "/sim/clock", Some(json!({"advance_ms": i64::MAX}))).await.0, 400);
}

#[tokio::test]
async fn people_join_talk_and_leave_and_the_world_can_be_kept() {
    let at = start().await;
    let (status, body) = call(&at, "/sim/users", Some(json!({"username": "zoe", "guild": "Lantern Café"}))).await;
    assert_eq!(status, 200, "{body}");
    let (_, dump) = call(&at, "/sim/dump", None).await;
    let said = json!({"user": "zoe", "channel": "#general", "content": "hi @everyone"});
    assert_eq!(call(&at, "/sim/messages", Some(said)).await.0, 200);
    let list = call(&at, "/sim/channels/%23general/messages?as=zoe", None).await.1;
    assert_eq!(
        list["messages"].as_array().and_then(|all| all.last()).map(|last| &last["pinged_me"]),
        Some(&json!(false))
    );
    let (_, state) = call(&at, "/sim/state?as=zoe", None).await;
    let names: Vec<&str> =
        state["guilds"][0]["channels"].as_array().into_iter().flatten().filter_map(|c| c["name"].as_str()).collect();
    assert_eq!(
        names,
        ["Front room", "Events", "welcome", "general", "giveaways", "Window seat", "Long table", "Gone for a walk"]
    );
    assert_eq!(call(&at, "/sim/load", Some(dump)).await.0, 200);
    assert_eq!(call(&at, "/sim/load", Some(json!({}))).await.0, 400);
    assert_eq!(call(&at, "/sim/reset", Some(json!({}))).await.0, 200);
    assert_eq!(call(&at, "/sim/state?as=zoe", None).await.0, 404);
    let commands = call(&at, "/sim/commands?as=emil", None).await.1;
    assert_eq!(commands["commands"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn faults_cut_connections_and_foreign_pages_are_kept_out() {
    let at = start().await;
    let fault = json!({"method": "GET", "route": "/gateway", "kind": "reset_after_effect", "count": 1});
    assert_eq!(call(&at, "/sim/faults", Some(fault)).await.0, 200);
    let client = reqwest::Client::new();
    let get = |path: &str| client.get(format!("http://{at}{path}")).header("user-agent", "test");
    assert!(get("/api/v10/gateway").send().await.is_err());
    assert_eq!(get("/api/v10/gateway").send().await.map(|r| r.status().as_u16()).ok(), Some(200));
    let foreign = get("/sim/health").header("origin", "https://evil.example").send().await;
    assert_eq!(foreign.map(|response| response.status().as_u16()).ok(), Some(403));
    let rebound = get("/sim/health").header("host", "evil.example").send().await;
    assert_eq!(rebound.map(|response| response.status().as_u16()).ok(), Some(403));
}

#[tokio::test]
async fn the_gateway_speaks_websocket() {
    let at = start().await;
    let (mut socket, _) =
        tokio_tungstenite::connect_async(format!("ws://{at}/gateway/?v=10&encoding=json")).await.expect("open");
    let token = SimOptions::default().bot_token;
    let identify = json!({"op": 2, "d": {"token": token, "intents": 513, "properties": {}}});
    socket.send(Message::text(identify.to_string())).await.expect("sent");
    let mut seen = Vec::new();
    while !seen.contains(&"MESSAGE_CREATE".to_owned()) {
        let message = socket.next().await.expect("more").expect("open");
        let event: Value = serde_json::from_str(message.to_text().expect("text")).expect("json");
        let name = event["t"].as_str().unwrap_or("HELLO").to_owned();
        if name == "GUILD_CREATE" && !seen.contains(&name) {
            let said = json!({"user": "emil", "channel": "#general", "content": "hi"});
            assert_eq!(call(&at, "/sim/messages", Some(said)).await.0, 200);
        }
        seen.push(name);
    }
    assert_eq!(seen, ["HELLO", "READY", "GUILD_CREATE", "GUILD_CREATE", "MESSAGE_CREATE"]);
    assert_eq!(call(&at, "/sim/gateway", Some(json!({"action": "close", "code": 4000}))).await.0, 200);
    let closed = socket.next().await.expect("more").expect("open");
    assert!(matches!(closed, Message::Close(Some(frame)) if u16::from(frame.code) == 4000));
}

#[tokio::test]
async fn the_consent_page_sends_the_browser_back() {
    let at = start().await;
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let app = SimOptions::default().application_id;
    let query = format!("client_id={app}&response_type=code&scope=identify&state=x&redirect_uri=http://127.0.0.1/back");
    let page = client.get(format!("http://{at}/oauth2/authorize?{query}")).send().await.expect("answered");
    let text = page.text().await.expect("a page");
    assert!(text.contains("identify") && text.contains("@ada"), "{text}");
    let quoted = query.replace('&', "%26").replace('=', "%3D");
    for (decision, wanted) in [("allow", "http://127.0.0.1/back?code="), ("deny", "http://127.0.0.1/back?error=")] {
        let form = format!("query={quoted}&user=ada&decision={decision}");
        let answer = client.post(format!("http://{at}/oauth2/authorize")).body(form).send().await.expect("answered");
        let target = answer.headers().get("location").and_then(|value| value.to_str().ok()).unwrap_or_default();
        assert!(answer.status().as_u16() == 303 && target.starts_with(wanted), "{target}");
    }
}

async fn greeted_through(compress: &str, mut unpack: impl Unpack) {
    let at = start().await;
    let url = format!("ws://{at}/gateway/?v=10&encoding=json&compress={compress}");
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.expect("open");
    let token = SimOptions::default().bot_token;
    let identify = json!({"op": 2, "d": {"token": token, "intents": 513, "properties": {}}});
    socket.send(Message::text(identify.to_string())).await.expect("sent");
    let mut seen = Vec::new();
    for _ in 0..4 {
        let message = socket.next().await.expect("more").expect("open");
        let Message::Binary(bytes) = message else { panic!("{message:?} is not packed") };
        let event: Value = serde_json::from_str(&unpack.unpack(&bytes)).expect("json");
        seen.push(event["t"].as_str().unwrap_or("HELLO").to_owned());
    }
    assert_eq!(seen, ["HELLO", "READY", "GUILD_CREATE", "GUILD_CREATE"]);
    assert_eq!(call(&at, "/sim/gateway", Some(json!({"action": "drop"}))).await.0, 200);
    let end = socket.next().await;
    assert!(!matches!(end, Some(Ok(_))), "the connection breaks without a word: {end:?}");
}

#[tokio::test]
async fn the_gateway_packs_what_it_sends_as_zlib_stream() {
    greeted_through("zlib-stream", flate2::Decompress::new(true)).await;
}

#[tokio::test]
async fn the_gateway_packs_what_it_sends_as_zstd_stream() {
    greeted_through("zstd-stream", zstd::stream::raw::Decoder::new().expect("a decoder")).await;
}

#[tokio::test]
async fn people_act_in_voice_threads_and_roles_over_http() {
    let at = start().await;
    let (cafe, emil) = ("Lantern Café", "emil");
    let post = |path: &'static str, body: Value| {
        let at = at.clone();
        async move { call(&at, path, Some(body)).await }
    };
    let joined = json!({"user": emil, "guild": cafe, "channel": "Long table", "self_mute": true});
    assert_eq!(post("/sim/voice", joined).await.0, 200);
    let muted = json!({"user": emil, "guild": cafe, "mute": true});
    assert_eq!(post("/sim/voice", muted.clone()).await.0, 200);
    let dump = call(&at, "/sim/dump", None).await.1;
    assert!(dump.to_string().contains(r#""mute":true"#));
    assert_eq!(post("/sim/voice", json!({"user": emil, "guild": cafe, "channel": null})).await.0, 200);
    assert_eq!(post("/sim/voice", muted).await.0, 400, "who is not in voice cannot be muted");
    let (_, thread) = post("/sim/threads", json!({"user": emil, "channel": "#general", "name": "Tea"})).await;
    let said = json!({"channel": thread["thread"]["id"], "webhook": "News", "content": "hot"});
    assert_eq!(post("/sim/messages", said).await.1["message"]["author"]["username"], "News");
    let (_, said) = post("/sim/messages", json!({"user": emil, "channel": "#general", "content": "a"})).await;
    let id = said["message"]["id"].as_str().expect("an id").to_owned();
    let client = reqwest::Client::new();
    let edit = client.patch(format!("http://{at}/sim/messages/{id}"));
    let edited = edit.body(json!({"user": emil, "content": "b"}).to_string()).send().await.expect("answered");
    assert_eq!(edited.status().as_u16(), 200);
    let clear = json!({"user": "jonas", "messages": [id]});
    assert_eq!(post("/sim/messages/delete", clear).await.0, 200);
    let channel = json!({"guild": cafe, "name": "quiet", "kind": "voice", "parent": "Front room"});
    assert_eq!(post("/sim/channels", channel).await.0, 200);
    let patch = client.patch(format!("http://{at}/sim/guilds"));
    let body = json!({"guild": cafe, "afk_channel": "quiet"}).to_string();
    assert_eq!(patch.body(body).send().await.expect("answered").status().as_u16(), 200);
    let roles = client.patch(format!("http://{at}/sim/members"));
    let body = json!({"guild": cafe, "user": emil, "give": "Newcomer"}).to_string();
    assert_eq!(roles.body(body).send().await.expect("answered").status().as_u16(), 200);
    let terms = json!({"shards": 4, "max_concurrency": 2, "remaining": 7, "kept": 10});
    let (_, told) = post("/sim/gateway", terms).await;
    assert_eq!((&told["shards"], &told["session_start_limit"]["remaining"]), (&json!(4), &json!(7)));
}
