//! Purpose: the `Kv` port on Workers KV.

use crate::env;
use async_trait::async_trait;
use muster_core::ports::Kv;
use worker::Env;

pub struct WorkerKv {
    env: Env,
}

impl WorkerKv {
    pub fn new(env: Env) -> Self {
        Self { env }
    }
}

#[async_trait(?Send)]
impl Kv for WorkerKv {
    async fn get(&self, key: &str) -> Result<Option<String>, String> {
        let kv = env::kv(&self.env).map_err(|error| error.to_string())?;
        kv.get(key).text().await.map_err(|error| error.to_string())
    }

    async fn put(&self, key: &str, value: &str, ttl_seconds: u32) -> Result<(), String> {
        let kv = env::kv(&self.env).map_err(|error| error.to_string())?;
        let put = kv.put(key, value).map_err(|error| error.to_string())?;
        put.expiration_ttl(u64::from(ttl_seconds)).execute().await.map_err(|error| error.to_string())
    }
}
