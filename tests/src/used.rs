//! Purpose: what a stretch of a story used of the platform, for the stories about cost.

use crate::World;

/// Outside calls by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Used {
    pub d1_round_trips: u64,
    pub d1_statements: u64,
    /// Calls to Discord's REST API.
    pub discord: u64,
    /// Requests to Durable Objects.
    pub timers: u64,
    /// Messages or batches sent to the queue.
    pub queue: u64,
}

impl Used {
    pub fn since(self, before: Self) -> Self {
        Self {
            d1_round_trips: self.d1_round_trips - before.d1_round_trips,
            d1_statements: self.d1_statements - before.d1_statements,
            discord: self.discord - before.discord,
            timers: self.timers - before.timers,
            queue: self.queue - before.queue,
        }
    }
}

impl World {
    /// Everything since the world began.
    pub fn used(&self) -> Used {
        let calls = self.faults().log();
        let count = |prefix: &str| calls.iter().filter(|call| call.contains(prefix)).count() as u64;
        Used {
            d1_round_trips: self.story_db.round_trips.get(),
            d1_statements: self.story_db.statements.get(),
            discord: count(" /api/"),
            timers: count(" timers "),
            queue: count(" queue "),
        }
    }
}
