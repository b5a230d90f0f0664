//! Purpose: one guild's ranked lists in memory, made from D1 when they are first asked for. Stores nothing.

use crate::{env, ports::clock};
use muster_core::leaderboard::{self, Kept, Question};
use serde::{Deserialize, Serialize};
use twilight_model::id::{Id, marker::GuildMarker};
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

/// What the Worker asks.
#[derive(Serialize, Deserialize)]
pub struct Ask {
    /// An object does not know its own name.
    pub guild: Id<GuildMarker>,
    pub question: Question,
}

#[durable_object]
pub struct GuildLeaderboard {
    env: Env,
    kept: Kept,
}

impl DurableObject for GuildLeaderboard {
    fn new(_state: State, env: Env) -> Self {
        Self { env, kept: Kept::default() }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let ask: Ask = request.json().await?;
        let ctx = env::ctx(&self.env).map_err(worker::Error::RustError)?;
        match leaderboard::serve(ctx.db.as_ref(), &self.kept, ask.guild, clock::now(), &ask.question).await {
            Ok(answer) => Response::from_json(&answer),
            Err(error) => Response::error(error.to_string(), 503),
        }
    }
}
