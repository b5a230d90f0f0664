//! Purpose: the `Queue` port on Cloudflare Queues.

use crate::env;
use async_trait::async_trait;
use muster_core::{Job, ports::Queue};
use worker::{BatchMessageBuilder, Env, MessageBuilder};

/// Queues delay a message by at most 12 hours.
const MAX_DELAY_SECONDS: u32 = 43_200;
/// Queues take at most 100 messages per call.
const PER_BATCH: usize = 100;

pub struct JobQueue {
    env: Env,
}

impl JobQueue {
    pub fn new(env: Env) -> Self {
        Self { env }
    }
}

#[async_trait(?Send)]
impl Queue for JobQueue {
    async fn send(&self, job: Job, delay_seconds: u32) -> Result<(), String> {
        let is_clicks = matches!(job, Job::Clicks { .. });
        let queue = if is_clicks { env::clicks(&self.env) } else { env::jobs(&self.env) };
        let queue = queue.map_err(|error| error.to_string())?;
        let message = MessageBuilder::new(job).delay_seconds(delay_seconds.min(MAX_DELAY_SECONDS)).build();
        queue.send(message).await.map_err(|error| error.to_string())
    }

    async fn send_batch(&self, jobs: Vec<Job>) -> Result<(), String> {
        let queue = env::jobs(&self.env).map_err(|error| error.to_string())?;
        for batch in jobs.chunks(PER_BATCH) {
            let batch = BatchMessageBuilder::new().messages(batch.to_vec()).build();
            queue.send_batch(batch).await.map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}
