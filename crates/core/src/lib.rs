//! Purpose: all of Muster's features and rules, without IO. Six doors lead in: `interaction`, `gateway`, `event`,
//! `timer`, `job` (with `cron`) and `http`.

// Text from outside is cut at characters: a byte in the middle of one would panic.
#![cfg_attr(not(test), deny(clippy::string_slice))]

pub mod access;
pub mod activity;
pub mod api_keys;
pub mod audit;
pub mod ctx;
pub mod custom_id;
pub mod discord;
pub mod error;
pub mod feature;
pub mod features;
pub mod gateway;
pub mod guild_config;
pub mod health;
pub mod identity;
pub mod interaction;
pub mod jobs;
mod json;
pub mod leaderboard;
pub mod links;
mod mac;
pub mod media;
pub mod outbox;
pub mod people;
pub mod permissions;
pub mod points;
pub mod ports;
pub mod registration;
pub mod registry;
pub mod reply;
pub mod signature;
pub mod social;
pub mod sql;
pub mod text;
pub mod time;
pub mod time_zone;
pub mod timers;
pub mod vault;
pub mod watch;
pub mod web;
pub mod xp;

pub use ctx::Ctx;
pub use error::{Error, Result};
pub use gateway::{GatewayAnswer, gateway};
pub use interaction::{Answer, interaction};
pub use jobs::{Job, JobOutcome, cron, job};
pub use web::http;

use ports::{Level, Timer};
use serde_json::{Value, json};
use twilight_model::id::{Id, marker::GuildMarker};

/// The `event` door: something outside interactions happened, such as Discord's webhook events.
pub async fn event(ctx: &Ctx, kind: &str, event: &Value) {
    for (feature, error) in registry::on_event(ctx, kind, event).await {
        let fields = json!({ "feature": feature, "event": kind, "error": error.to_string() });
        ctx.log.write(Level::Error, "event failed", fields);
    }
}

/// The `timer` door: a row is due. Gives the time at which the row wants to be woken next.
///
/// # Errors
/// The clock tries again later; the row is unchanged or half a step further, never twice.
pub async fn timer(ctx: &Ctx, guild: Id<GuildMarker>, timer: &Timer) -> Result<Option<i64>> {
    registry::on_timer(ctx, guild, timer).await
}
