//! Purpose: the gateway sidecar: holds Discord's gateway, decides what messages and voice earn with Muster's own rules,
//! and reports it to the Worker in numbered batches that survive both sides' deaths.
//!
//! `pipeline` is pure and does the deciding; `store` is the disk; `sender`, `shard` and `watch` are the three networks.

// Text from outside is cut at characters: a byte in the middle of one would panic.
#![cfg_attr(not(test), deny(clippy::string_slice))]

pub mod clock;
pub mod closing;
pub mod discord;
pub mod identify;
pub mod intents;
pub mod logins;
pub mod options;
pub mod pipeline;
pub mod random;
pub mod run;
pub mod sender;
pub mod shard;
pub mod sharding;
pub mod status;
pub mod store;
pub mod watch;

#[cfg(test)]
mod testing;
