//! Purpose: one folder per feature. Features do not import each other.

pub mod analytics;
pub mod config;
pub mod connect;
pub mod giveaways;
pub mod grants;
pub mod help;
pub mod jobs;
pub mod keys;
pub mod levels;
pub mod links;
pub mod logs;
pub mod missions;
pub mod overview;
pub mod ping;
pub mod privacy;
pub mod setup;
