//! Purpose: the `Kv` port on Workers KV.

use crate::env;
use async_trait::async_trait;
use muster_core::ports::Kv;
use std::cell::Cell;
use worker::Env;

thread_local! {
    static WRITES: Cell<u32> = const { Cell::new(0) };
}

/// How often this isolate has written: what it remembers of KV is old then.
pub fn writes() -> u32 {
    WRITES.get()
}

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
        WRITES.set(WRITES.get().wrapping_add(1));
        let put = kv.put(key, value).map_err(|error| error.to_string())?;
        put.expiration_ttl(u64::from(ttl_seconds)).execute().await.map_err(|error| error.to_string())
    }
}
