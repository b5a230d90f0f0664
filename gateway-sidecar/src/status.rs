//! Purpose: how the sidecar is doing, for whoever watches: one small table that the tasks write and `watch` reads.

use crate::{pipeline::Counters, store::Spool};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// Where a shard stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Connecting,
    Connected,
    Waiting,
    Stopped,
}

#[derive(Debug, Clone, Serialize)]
pub struct ShardStatus {
    pub state: Standing,
    pub sequence: u64,
    pub latency_ms: Option<u64>,
    /// Connections that ended since the process began.
    pub reconnects: u64,
}

impl Default for ShardStatus {
    fn default() -> Self {
        Self { state: Standing::Waiting, sequence: 0, latency_ms: None, reconnects: 0 }
    }
}

/// How the Worker takes what it is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Delivery {
    /// Nothing was sent yet.
    #[default]
    Unknown,
    Fine,
    /// No answer, or one of a broken server: it is tried again.
    Silent(String),
    /// The Worker says no: somebody must do something.
    Refused(String),
}

#[derive(Debug, Clone, Default)]
pub struct Table {
    pub shards: BTreeMap<u32, ShardStatus>,
    pub counters: Counters,
    /// Payloads per second, over the last flush.
    pub rate: f64,
    pub guilds: usize,
    pub members: usize,
    pub spool: Spool,
    pub delivery: Delivery,
    pub batches_taken: u64,
    pub batches_refused: u64,
    pub events_refused: u64,
    /// Answers of the Worker, polls included.
    pub answers: u64,
    pub configs: u64,
    pub identify_left: u32,
    pub identify_spent: bool,
    /// What is asked for, in Discord's names.
    pub intents: Vec<&'static str>,
    pub intents_off: Vec<&'static str>,
    pub clock_offset_ms: i64,
    /// The disk does not take what is written.
    pub disk: Option<String>,
    /// Why the process gave up.
    pub fatal: Option<String>,
}

/// The table, shared.
#[derive(Debug, Default)]
pub struct Status(Mutex<Table>);

impl Status {
    pub fn update<T>(&self, change: impl FnOnce(&mut Table) -> T) -> T {
        // Plain numbers: a writer that died half way leaves nothing dangerous.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn shard(&self, number: u32, change: impl FnOnce(&mut ShardStatus)) {
        self.update(|table| change(table.shards.entry(number).or_default()));
    }

    pub fn table(&self) -> Table {
        self.update(|table| table.clone())
    }
}

/// At this fullness of the spool somebody should look.
const SPOOL_ALARM: f64 = 0.8;

impl Table {
    /// Every problem as a sentence that says what to do.
    pub fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = self.fatal.clone().into_iter().collect();
        problems.extend(self.disk.clone());
        match &self.delivery {
            Delivery::Refused(why) => problems.push(format!("The Worker refuses batches: {why}")),
            Delivery::Silent(why) => problems.push(format!("The Worker does not answer: {why}. Batches wait on disk.")),
            Delivery::Unknown | Delivery::Fine => {}
        }
        if self.spool.fraction() >= SPOOL_ALARM {
            let percent = self.spool.fraction() * 100.0;
            problems.push(format!("The spool is {percent:.0} % full: when it is full, the oldest batches are given up. Bring the Worker back, or raise --spool-max-mb."));
        }
        if self.spool.dropped > 0 {
            problems.push(format!("{} batches were given up because the spool was full.", self.spool.dropped));
        }
        if self.identify_spent {
            problems.push(
                "The logins of 24 hours are used up: shards that lost their session stay out until some come back."
                    .into(),
            );
        }
        problems.extend(self.intents_off.iter().map(|sentence| (*sentence).to_owned()));
        problems
    }

    /// Every shard is connected.
    pub fn is_connected(&self) -> bool {
        !self.shards.is_empty() && self.shards.values().all(|shard| shard.state == Standing::Connected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spool_alarms_at_80_percent() {
        let mut table = Table { spool: Spool { bytes: 79, max_bytes: 100, ..Spool::default() }, ..Table::default() };
        assert!(table.problems().is_empty());
        table.spool.bytes = 80;
        assert!(table.problems()[0].contains("80 % full"), "{:?}", table.problems());
    }
}
