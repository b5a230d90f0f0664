//! Purpose: the time that everything goes by: this machine's, put right by the Worker's.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

/// An answer takes a while, so smaller differences mean nothing.
const TOLERATED_MS: i64 = 2_000;

/// The machine's own time, Unix milliseconds.
pub fn machine_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The Worker's time, as far as it is known.
#[derive(Debug, Default)]
pub struct Clock {
    offset_ms: AtomicI64,
}

impl Clock {
    /// Unix milliseconds.
    pub fn now(&self) -> i64 {
        machine_now().saturating_add(self.offset_ms())
    }

    /// How far the Worker is ahead of this machine.
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::Relaxed)
    }

    /// Notes what the Worker's clock said just now. Gives whether ours was put right.
    pub fn learn(&self, worker_now: i64) -> bool {
        let differs = worker_now.abs_diff(self.now()) > TOLERATED_MS.unsigned_abs();
        if differs {
            self.set_offset(worker_now.saturating_sub(machine_now()));
        }
        differs
    }

    pub fn set_offset(&self, offset_ms: i64) {
        self.offset_ms.store(offset_ms, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workers_clock_wins_unless_the_difference_is_the_way_there() {
        let clock = Clock::default();
        assert!(!clock.learn(machine_now() - 500));
        assert_eq!(clock.offset_ms(), 0);
        assert!(clock.learn(machine_now() + 600_000));
        assert!((599_000..=601_000).contains(&clock.offset_ms()));
        assert!(!clock.learn(machine_now() + 600_500));
        assert!(clock.learn(i64::MAX));
        assert!(clock.learn(machine_now()));
    }
}
