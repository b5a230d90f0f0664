//! Purpose: the rules of giveaways: pure, never async; time and randomness are arguments.

pub mod draw;
pub mod entry;
pub mod plan;
pub mod state;
