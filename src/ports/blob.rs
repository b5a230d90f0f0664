//! Purpose: the `Blob` port on R2.

use crate::env;
use async_trait::async_trait;
use muster_core::ports::Blob;
use worker::{Env, HttpMetadata};

pub struct R2 {
    env: Env,
}

impl R2 {
    pub fn new(env: Env) -> Self {
        Self { env }
    }
}

fn text(error: worker::Error) -> String {
    error.to_string()
}

#[async_trait(?Send)]
impl Blob for R2 {
    async fn put(&self, key: &str, media_type: &str, bytes: Vec<u8>) -> Result<(), String> {
        let metadata = HttpMetadata { content_type: Some(media_type.to_owned()), ..HttpMetadata::default() };
        let bucket = env::bucket(&self.env).map_err(text)?;
        bucket.put(key, bytes).http_metadata(metadata).execute().await.map(|_| ()).map_err(text)
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        let bucket = env::bucket(&self.env).map_err(text)?;
        let Some(object) = bucket.get(key).execute().await.map_err(text)? else { return Ok(None) };
        let body = object.body().ok_or("an object without a body")?;
        body.bytes().await.map(Some).map_err(text)
    }

    async fn delete(&self, keys: Vec<String>) -> Result<(), String> {
        let bucket = env::bucket(&self.env).map_err(text)?;
        bucket.delete_multiple(keys).await.map_err(text)
    }
}
