//! Purpose: a clock that stands still until a story moves it; sleeping moves it by itself once nothing else is to do.

use async_trait::async_trait;
use muster_core::ports::Clock;
use std::time::Duration;
use tokio::time::Instant;

/// Runs on tokio's paused time: `#[tokio::test(start_paused = true)]`.
pub struct MovedClock {
    start_ms: i64,
    started: Instant,
}

impl MovedClock {
    /// `start_ms`: Unix milliseconds.
    pub fn new(start_ms: i64) -> Self {
        Self { start_ms, started: Instant::now() }
    }

    pub async fn advance(&self, milliseconds: u64) {
        tokio::time::advance(Duration::from_millis(milliseconds)).await;
    }
}

#[async_trait(?Send)]
impl Clock for MovedClock {
    fn now(&self) -> i64 {
        self.start_ms + i64::try_from(self.started.elapsed().as_millis()).unwrap_or(0)
    }

    async fn sleep(&self, milliseconds: u64) {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
}
