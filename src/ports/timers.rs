//! Purpose: the `Timers` port: arming the guild's Durable Object.

use crate::{env, timers_do::Arm};
use async_trait::async_trait;
use muster_core::ports::{Timer, Timers};
use twilight_model::id::{Id, marker::GuildMarker};
use worker::{Env, Method, Request, RequestInit};

pub struct GuildTimers {
    env: Env,
}

impl GuildTimers {
    pub fn new(env: Env) -> Self {
        Self { env }
    }

    async fn send(&self, arm: &Arm) -> worker::Result<()> {
        // A stub that threw may be broken, so each call takes a new one.
        let stub = env::timers(&self.env)?.get_by_name(&arm.guild.to_string())?;
        let mut init = RequestInit::new();
        init.with_method(Method::Post).with_body(Some(serde_json::to_string(arm)?.into()));
        stub.fetch_with_request(Request::new_with_init("https://timers/arm", &init)?).await?;
        Ok(())
    }
}

#[async_trait(?Send)]
impl Timers for GuildTimers {
    async fn arm(&self, guild: Id<GuildMarker>, timers: Vec<Timer>) -> Result<(), String> {
        self.send(&Arm { guild, timers }).await.map_err(|error| error.to_string())
    }
}
