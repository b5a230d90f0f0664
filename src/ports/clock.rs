//! Purpose: the time. In development it can be moved, so that a giveaway of a week is over in a second.

use async_trait::async_trait;
use muster_core::ports::Clock;
use std::cell::Cell;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use worker::Date;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &js_sys::Function, milliseconds: f64) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);
}

thread_local! {
    static OFFSET_MS: Cell<i64> = const { Cell::new(0) };
}

/// Unix milliseconds.
pub fn now() -> i64 {
    i64::try_from(Date::now().as_millis()).unwrap_or(i64::MAX) + OFFSET_MS.get()
}

/// Only reachable in development (`env::is_dev`).
pub fn set_offset(offset_ms: i64) {
    OFFSET_MS.set(offset_ms);
}

pub struct WorkerClock;

#[async_trait(?Send)]
impl Clock for WorkerClock {
    fn now(&self) -> i64 {
        now()
    }

    async fn sleep(&self, milliseconds: u64) {
        sleep(milliseconds).await;
    }
}

pub async fn sleep(milliseconds: u64) {
    let mut timer = Timer::start(milliseconds);
    // A promise of ours is never rejected.
    let _ = (&mut timer.fired).await;
}

/// A timer that wakes whoever polled it last, and is cleared when nobody waits any more. `worker::Delay` wakes whoever polled it
/// first, which in `interactions::now_or_later` is nobody: an answer that took long would then never be put off.
struct Timer {
    id: JsValue,
    fired: JsFuture,
}

impl Timer {
    fn start(milliseconds: u64) -> Self {
        let mut id = JsValue::UNDEFINED;
        let promise = js_sys::Promise::new(&mut |resolve, _| id = set_timeout(&resolve, milliseconds as f64));
        Self { id, fired: JsFuture::from(promise) }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        clear_timeout(&self.id);
    }
}
