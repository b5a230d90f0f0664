//! Purpose: the time. In development it can be moved, so that a giveaway of a week is over in a second.

use async_trait::async_trait;
use muster_core::ports::Clock;
use std::{cell::Cell, time::Duration};
use worker::{Date, Delay};

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
        Delay::from(Duration::from_millis(milliseconds)).await;
    }
}
