//! Purpose: the two things that Discord's REST API is asked: where the gateway is, and what the application may see.

use crate::options::Secret;
use serde::{Deserialize, de::DeserializeOwned};
use std::time::Duration;
use twilight_model::id::{Id, marker::ApplicationMarker};

const TIMEOUT: Duration = Duration::from_secs(10);
/// What a compatible server gets that says nothing about it.
const SHARDS_DEFAULT: u32 = 1;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("Discord does not take the bot token: put the current one into DISCORD_TOKEN or --token-file")]
    Unauthorized,
    #[error("{0}")]
    Later(String),
}

/// GET /gateway/bot.
#[derive(Debug, Clone, Deserialize)]
pub struct Gateway {
    pub url: String,
    #[serde(default)]
    pub shards: Option<u32>,
    #[serde(default)]
    pub session_start_limit: Option<StartLimit>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct StartLimit {
    pub remaining: u32,
    pub max_concurrency: u32,
}

impl Gateway {
    pub fn shards(&self) -> u32 {
        self.shards.unwrap_or(SHARDS_DEFAULT)
    }

    /// Logins at once.
    pub fn concurrency(&self) -> u32 {
        self.session_start_limit.as_ref().map_or(1, |limit| limit.max_concurrency.max(1))
    }
}

/// GET /applications/@me.
#[derive(Debug, Clone, Deserialize)]
pub struct Application {
    pub id: Id<ApplicationMarker>,
    #[serde(default)]
    pub flags: Option<u64>,
}

pub struct Discord {
    http: reqwest::Client,
    api: String,
    token: Secret,
}

impl Discord {
    pub fn new(http: reqwest::Client, api: &str, token: Secret) -> Self {
        Self { http, api: api.to_owned(), token }
    }

    /// # Errors
    /// When the token is wrong, or Discord cannot be asked now.
    pub async fn gateway(&self) -> Result<Gateway, Error> {
        self.get("/gateway/bot").await
    }

    /// # Errors
    /// When the token is wrong, or Discord cannot be asked now.
    pub async fn application(&self) -> Result<Application, Error> {
        self.get("/applications/@me").await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        let later =
            |error: reqwest::Error| Error::Later(format!("GET {path} was not answered: {}", error.without_url()));
        let request = self.http.get(format!("{}{path}", self.api)).timeout(TIMEOUT);
        let request = request.header("authorization", format!("Bot {}", self.token.get()));
        let response = request.header("user-agent", USER_AGENT).send().await.map_err(later)?;
        match response.status().as_u16() {
            200 => response.json().await.map_err(later),
            401 => Err(Error::Unauthorized),
            status => Err(Error::Later(format!("GET {path} was answered with status {status}"))),
        }
    }
}

/// Discord's reference, "User Agent": who calls, and which version.
const USER_AGENT: &str = concat!("DiscordBot (https://github.com/muster-bot/muster, ", env!("CARGO_PKG_VERSION"), ")");
