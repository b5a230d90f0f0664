//! Purpose: a queue batch into core's `job` door; each message is acknowledged or retried by itself.

use crate::env;
use muster_core::{Job, JobOutcome};
use worker::{Env, MessageBatch, MessageExt, QueueRetryOptionsBuilder, Result};

pub async fn consume(batch: MessageBatch<Job>, env: &Env) -> Result<()> {
    let ctx = env::ctx(env).map_err(worker::Error::RustError)?;
    for message in batch.raw_iter() {
        // A message of another version is no reason to redeliver the whole batch: its row is found by the sweeper.
        let Ok(job) = serde_wasm_bindgen::from_value::<Job>(message.body()) else {
            worker::console_error!("a queue message of an unknown shape was dropped");
            message.ack();
            continue;
        };
        match muster_core::job(&ctx, &job).await {
            JobOutcome::Done => message.ack(),
            JobOutcome::Retry { seconds } => {
                let options = QueueRetryOptionsBuilder::new().with_delay_seconds(seconds).build();
                message.retry_with_options(&options);
            }
        }
        env::run_after(&ctx).await;
    }
    Ok(())
}
