//! Purpose: what stories stand on: D1 on SQLite with D1's limits, a moved clock, seeded randomness, and faults at the
//! n-th outside call.

pub mod clock;
pub mod faults;
pub mod rng;
pub mod sqlite;

pub use clock::MovedClock;
pub use faults::{FaultMode, Faults};
pub use rng::SeededRng;
pub use sqlite::SqliteDb;
