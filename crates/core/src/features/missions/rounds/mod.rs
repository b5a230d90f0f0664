//! Purpose: what comes round by itself: counts of posts every hour, the end of a month.

pub mod months;
pub mod polls;
pub mod store;
