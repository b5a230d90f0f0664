//! Purpose: the control API around the world: clock, faults, call log, dump and load.

use std::time::Duration;

use axum::{Json, body::Bytes, extract::State as Extract};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Event, Fault};

use super::{Answered, Fail, State, deliver::read};

/// How far the clock may be from real time either way: a hundred years in milliseconds.
const MAX_OFFSET_MS: i64 = 100 * 365 * 24 * 3_600 * 1_000;

fn clock_json(state: &State) -> Value {
    let now = state.now_ms();
    json!({"now": now, "now_ms": now, "offset_ms": state.offset_ms()})
}

pub(super) async fn clock(Extract(state): Extract<State>) -> Answered {
    Ok(Json(clock_json(&state)))
}

#[derive(Deserialize)]
struct Advance {
    advance_ms: i64,
}

/// Moves the clock, tells the Worker, and says whether it heard.
pub(super) async fn advance(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let body: Advance = read(&body)?;
    let target = state.offset_ms().checked_add(body.advance_ms).filter(|offset| offset.abs() <= MAX_OFFSET_MS);
    if target.is_none() {
        return Err(Fail::bad("The clock may be moved by a hundred years at most"));
    }
    let offset = state.advance(body.advance_ms);
    let worker = tell_worker(&state, offset).await;
    let mut json = clock_json(&state);
    state.with(|sim| sim.emit(Event::bare("clock", json.clone())));
    json["worker"] = worker;
    Ok(Json(json))
}

/// The Worker's development route takes the whole offset from real time and answers 204.
async fn tell_worker(state: &State, offset_ms: i64) -> Value {
    let Some(url) = reqwest::Url::parse(&state.interactions_url).ok().and_then(|url| url.join("/dev/clock").ok())
    else {
        return json!({"told": false, "error": "the interactions URL is no URL"});
    };
    let body = json!({"offset_ms": offset_ms}).to_string();
    // Timers that came due fire inside this call, so it may take longer than an interaction.
    let request =
        state.http.post(url).timeout(Duration::from_secs(30)).header("content-type", "application/json").body(body);
    match request.send().await {
        Ok(response) => {
            let status = response.status().as_u16();
            json!({"told": status == 204, "status": status})
        }
        Err(error) => json!({"told": false, "error": error.to_string()}),
    }
}

pub(super) async fn faults(Extract(state): Extract<State>) -> Answered {
    Ok(Json(json!({"faults": state.with(|sim| sim.faults())})))
}

pub(super) async fn add_fault(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let fault: Fault = read(&body)?;
    state.with(|sim| sim.add_fault(fault));
    faults(Extract(state)).await
}

pub(super) async fn clear_faults(Extract(state): Extract<State>) -> Answered {
    state.with(|sim| sim.clear_faults());
    Ok(Json(json!({"faults": []})))
}

pub(super) async fn calls(Extract(state): Extract<State>) -> Answered {
    Ok(Json(state.with(|sim| {
        let violations = sim.openapi_violations();
        json!({"calls": sim.calls(), "checked": sim.checks_openapi(), "violations": violations})
    })))
}

pub(super) async fn clear_calls(Extract(state): Extract<State>) -> Answered {
    state.with(|sim| sim.clear_calls());
    Ok(Json(json!({})))
}

pub(super) async fn dump(Extract(state): Extract<State>) -> Answered {
    let mut dump = state.with(|sim| sim.dump());
    dump["offset_ms"] = json!(state.offset_ms());
    Ok(Json(dump))
}

pub(super) async fn load(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let dump: Value = read(&body)?;
    let offset = dump["offset_ms"].as_i64().filter(|offset| offset.abs() <= MAX_OFFSET_MS);
    state.with(|sim| sim.load(dump)).map_err(Fail::bad)?;
    if let Some(offset) = offset {
        state.set_offset(offset);
        tell_worker(&state, offset).await;
    }
    let json = clock_json(&state);
    state.with(|sim| sim.emit(Event::bare("clock", json.clone())));
    Ok(Json(json))
}

/// The demo world anew. The application's global commands and the clock stay.
pub(super) async fn reset(Extract(state): Extract<State>) -> Answered {
    state.with(|sim| sim.seed_demo());
    Ok(Json(clock_json(&state)))
}

pub(super) async fn health(Extract(state): Extract<State>) -> Answered {
    Ok(Json(
        state.with(|sim| json!({"ok": true, "guilds": sim.guilds().count(), "checks_openapi": sim.checks_openapi()})),
    ))
}
