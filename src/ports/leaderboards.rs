//! Purpose: the `Leaderboards` port: asking the guild's Durable Object.

use crate::{env, leaderboard_do::Ask};
use async_trait::async_trait;
use muster_core::{
    leaderboard::{Answer, Question},
    ports::Leaderboards,
};
use twilight_model::id::{Id, marker::GuildMarker};
use worker::{Env, Method, Request, RequestInit};

pub struct GuildLeaderboards {
    env: Env,
}

impl GuildLeaderboards {
    pub fn new(env: Env) -> Self {
        Self { env }
    }

    async fn send(&self, ask: &Ask) -> worker::Result<Answer> {
        // A stub that threw may be broken, so each call takes a new one.
        let stub = env::leaderboards(&self.env)?.get_by_name(&ask.guild.to_string())?;
        let mut init = RequestInit::new();
        init.with_method(Method::Post).with_body(Some(serde_json::to_string(ask)?.into()));
        let mut response = stub.fetch_with_request(Request::new_with_init("https://leaderboards/ask", &init)?).await?;
        if response.status_code() != 200 {
            return Err(worker::Error::RustError(response.text().await?));
        }
        response.json().await
    }
}

#[async_trait(?Send)]
impl Leaderboards for GuildLeaderboards {
    async fn ask(&self, guild: Id<GuildMarker>, question: Question) -> Result<Answer, String> {
        self.send(&Ask { guild, question }).await.map_err(|error| error.to_string())
    }
}
