//! Purpose: a gateway for measuring others: sends recorded traffic as fast as its clients read, with little work of its own.

mod connection;
mod feed;
pub mod file;
pub mod record;
mod server;
mod socket;

pub use record::{END, Parameters, Recorded, record};
pub use server::{Options, Replay};

/// Snowflake of the application, the same as the stand-in's.
pub const APPLICATION: &str = "1100000000000000001";

#[cfg(test)]
mod tests;
