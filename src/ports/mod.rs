//! Purpose: core's ports on Cloudflare's platform, one file each.

pub mod blob;
pub mod clock;
pub mod d1;
pub mod http;
pub mod kv;
pub mod leaderboards;
pub mod log;
pub mod queue;
pub mod rng;
pub mod timers;
