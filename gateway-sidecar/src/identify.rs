//! Purpose: how often this machine may log in: Discord's concurrency per five seconds, and a budget per day below the number at
//! which Discord resets the token. One small SQLite file that all processes of the machine share.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use std::{path::Path, time::Duration};

/// Discord's reference, "Rate Limiting": one identify per bucket in 5 seconds.
const BUCKET_MS: i64 = 5_000;
/// The day in which identifies are counted: any 24 hours.
const DAY_MS: i64 = 24 * 3_600_000;
/// Another process holds the file for microseconds; longer means a sick disk.
const BUSY: Duration = Duration::from_secs(2);

/// Whether a shard may log in now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// Yes, and it is written down.
    Granted,
    /// In so many milliseconds.
    Wait(i64),
    /// The day's budget is used up; the first login falls out of the count in so many milliseconds.
    Spent(i64),
}

/// The shared file.
pub struct Ledger {
    db: Connection,
    /// Other bots on this machine have counts of their own.
    application: String,
    budget: u32,
    concurrency: u32,
}

impl Ledger {
    /// # Errors
    /// When the file cannot be opened or made.
    pub fn open(path: &Path, application: &str, budget: u32, concurrency: u32) -> rusqlite::Result<Self> {
        let db = Connection::open(path)?;
        db.busy_timeout(BUSY)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.execute_batch(
            "CREATE TABLE IF NOT EXISTS identifies (application TEXT NOT NULL, at INTEGER NOT NULL, bucket INTEGER NOT NULL);
             CREATE INDEX IF NOT EXISTS identifies_at ON identifies (application, at);",
        )?;
        Ok(Self { db, application: application.to_owned(), budget, concurrency: concurrency.max(1) })
    }

    /// Asks for shard `shard` at `now` (Unix milliseconds of the machine's own clock).
    ///
    /// # Errors
    /// When the file cannot be read or written: then nobody may log in.
    pub fn ask(&mut self, shard: u32, now: i64) -> rusqlite::Result<Permit> {
        let bucket = shard % self.concurrency;
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let forget = "DELETE FROM identifies WHERE application = ?1 AND at <= ?2";
        transaction.execute(forget, params![self.application, now - DAY_MS])?;
        // What lies in the future was written before the clock was put back: it counts, but holds nobody up for hours.
        let tame = "UPDATE identifies SET at = ?2 WHERE application = ?1 AND at > ?2";
        transaction.execute(tame, params![self.application, now])?;
        let (count, first): (u32, Option<i64>) = transaction.query_row(
            "SELECT count(*), min(at) FROM identifies WHERE application = ?1",
            [&self.application],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let last: Option<i64> = transaction
            .query_row(
                "SELECT max(at) FROM identifies WHERE application = ?1 AND bucket = ?2",
                params![self.application, bucket],
                |row| row.get(0),
            )
            .optional()?
            .flatten();
        let permit = if count >= self.budget {
            Permit::Spent(first.map_or(DAY_MS, |first| first + DAY_MS - now))
        } else if let Some(last) = last.filter(|last| now - last < BUCKET_MS) {
            Permit::Wait(last + BUCKET_MS - now)
        } else {
            let note = "INSERT INTO identifies (application, at, bucket) VALUES (?1, ?2, ?3)";
            transaction.execute(note, params![self.application, now, bucket])?;
            Permit::Granted
        };
        transaction.commit()?;
        Ok(permit)
    }

    /// How many logins are left of the last 24 hours.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn left(&self, now: i64) -> rusqlite::Result<u32> {
        let used: u32 = self.db.query_row(
            "SELECT count(*) FROM identifies WHERE application = ?1 AND at > ?2",
            params![self.application, now - DAY_MS],
            |row| row.get(0),
        )?;
        Ok(self.budget.saturating_sub(used))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_763_155_800_000;

    fn file() -> (crate::testing::Folder, std::path::PathBuf) {
        let folder = crate::testing::Folder::new();
        let path = folder.path().join("identify.sqlite");
        (folder, path)
    }

    #[test]
    fn shards_of_one_bucket_log_in_five_seconds_apart_and_others_at_once() {
        let (_folder, path) = file();
        let mut ledger = Ledger::open(&path, "1", 900, 2).unwrap();
        assert_eq!(ledger.ask(0, NOW).unwrap(), Permit::Granted);
        assert_eq!(ledger.ask(1, NOW).unwrap(), Permit::Granted);
        assert_eq!(ledger.ask(2, NOW + 1_000).unwrap(), Permit::Wait(4_000));
        assert_eq!(ledger.ask(2, NOW + 5_000).unwrap(), Permit::Granted);
    }

    #[test]
    fn two_processes_of_one_machine_share_the_buckets_and_the_budget() {
        let (_folder, path) = file();
        let mut one = Ledger::open(&path, "1", 2, 1).unwrap();
        let mut two = Ledger::open(&path, "1", 2, 1).unwrap();
        assert_eq!(one.ask(0, NOW).unwrap(), Permit::Granted);
        assert_eq!(two.ask(1, NOW).unwrap(), Permit::Wait(5_000));
        assert_eq!(two.ask(1, NOW + 5_000).unwrap(), Permit::Granted);
        assert_eq!(one.ask(0, NOW + 60_000).unwrap(), Permit::Spent(DAY_MS - 60_000));
        let mut other_bot = Ledger::open(&path, "2", 2, 1).unwrap();
        assert_eq!(other_bot.ask(0, NOW + 60_000).unwrap(), Permit::Granted);
    }

    #[test]
    fn the_budget_comes_back_after_a_day_and_is_shown() {
        let (_folder, path) = file();
        let mut ledger = Ledger::open(&path, "1", 3, 1).unwrap();
        for n in 0..3 {
            assert_eq!(ledger.ask(0, NOW + n * BUCKET_MS).unwrap(), Permit::Granted);
        }
        assert_eq!(ledger.left(NOW + 20_000).unwrap(), 0);
        assert_eq!(ledger.ask(0, NOW + 20_000).unwrap(), Permit::Spent(DAY_MS - 20_000));
        assert_eq!(ledger.ask(0, NOW + DAY_MS).unwrap(), Permit::Granted);
        assert_eq!(ledger.left(NOW + DAY_MS).unwrap(), 0);
        assert_eq!(ledger.left(NOW + 2 * DAY_MS).unwrap(), 3);
    }

    #[test]
    fn a_clock_that_was_put_back_holds_nobody_up_for_long() {
        let (_folder, path) = file();
        let mut ledger = Ledger::open(&path, "1", 900, 1).unwrap();
        assert_eq!(ledger.ask(0, NOW).unwrap(), Permit::Granted);
        assert_eq!(ledger.ask(0, NOW - 3_600_000).unwrap(), Permit::Wait(5_000));
        assert_eq!(ledger.ask(0, NOW - 3_595_000).unwrap(), Permit::Granted);
        assert_eq!(ledger.left(NOW - 3_595_000).unwrap(), 898);
    }
}
