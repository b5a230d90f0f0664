//! Purpose: what `links.js` asks of core: the time, whether KV changed, and clicks as they go into the queue.

use crate::{
    env,
    ports::{clock::WorkerClock, kv},
};
use muster_core::{
    links::clicks::{self, Visit},
    ports::Clock,
};
use wasm_bindgen::prelude::wasm_bindgen;
use worker::Env;

/// Unix milliseconds, by the clock that development moves.
#[wasm_bindgen]
#[expect(clippy::cast_precision_loss, reason = "a time in milliseconds is far below 2^53")]
pub fn clock_ms() -> f64 {
    WorkerClock.now() as f64
}

/// How often this isolate has written to KV.
#[wasm_bindgen]
pub fn kv_writes() -> u32 {
    kv::writes()
}

/// Visits as JSON, as lines for the queue; empty when they cannot be read.
#[wasm_bindgen]
pub fn click_lines(visits: &str, env: Env) -> String {
    let visits: Vec<Visit> = match serde_json::from_str(visits) {
        Ok(visits) => visits,
        Err(error) => {
            worker::console_error!("clicks were not read: {error}");
            return String::new();
        }
    };
    match env::ctx(&env) {
        Ok(ctx) => clicks::lines(&ctx, &visits),
        Err(missing) => {
            worker::console_error!("{missing}");
            String::new()
        }
    }
}
