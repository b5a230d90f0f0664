//! Purpose: what a short link may lead to, who counts as a visitor, and what clicks come to.

pub mod count;
pub mod machines;
pub mod target;
