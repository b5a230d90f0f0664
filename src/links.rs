//! Purpose: what `links.js` asks of core: the time, whether KV changed, and clicks as they go into the queue.

use crate::{
    env,
    ports::{clock::WorkerClock, kv},
};
use muster_core::{links::clicks, ports::Clock};
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

/// Visits as core's `clicks::read` takes them, as lines for the queue; empty when that cannot be. `ahead`: milliseconds that `clock_ms` is ahead
/// of JavaScript's clock, by which they are timed.
#[wasm_bindgen]
#[expect(clippy::cast_possible_truncation, reason = "milliseconds between two clocks are far below 2^53")]
pub fn click_lines(visits: &str, ahead: f64, env: Env) -> String {
    match env::ctx(&env) {
        Ok(ctx) => clicks::lines(&ctx, &clicks::read(visits, ahead as i64)),
        Err(missing) => {
            worker::console_error!("{missing}");
            String::new()
        }
    }
}
