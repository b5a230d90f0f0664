//! Purpose: what comes round by itself: counts of posts every hour, the log in a channel, the end of a month.

pub mod budget;
pub mod log;
pub mod months;
pub mod polls;
pub mod store;
