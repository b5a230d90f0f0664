//! Purpose: a queue batch into core: each job is acknowledged or retried by itself, clicks all together.

use crate::env;
use muster_core::{Ctx, Job, JobOutcome, links::clicks};
use worker::{Env, MessageBatch, MessageExt, QueueRetryOptionsBuilder, RawMessage, Result};

/// Clicks that could not be written come again after so many seconds.
const CLICKS_AGAIN_SECONDS: u32 = 10;

pub async fn consume(batch: MessageBatch<Job>, env: &Env) -> Result<()> {
    let ctx = env::ctx(env).map_err(worker::Error::RustError)?;
    let mut clicked = Vec::new();
    for message in batch.raw_iter() {
        // A message of another version is no reason to redeliver the whole batch: its row is found by the sweeper.
        let Ok(job) = serde_wasm_bindgen::from_value::<Job>(message.body()) else {
            worker::console_error!("a queue message of an unknown shape was dropped");
            message.ack();
            continue;
        };
        if let Job::Clicks { lines } = job {
            clicked.push((message, lines));
            continue;
        }
        match muster_core::job(&ctx, &job).await {
            JobOutcome::Done => message.ack(),
            JobOutcome::Retry { seconds } => again(&message, seconds),
        }
        env::run_after(&ctx).await;
    }
    take(&ctx, &clicked).await;
    Ok(())
}

fn again(message: &RawMessage, seconds: u32) {
    message.retry_with_options(&QueueRetryOptionsBuilder::new().with_delay_seconds(seconds).build());
}

/// A whole batch of clicks costs a row for each guild.
async fn take(ctx: &Ctx, clicked: &[(RawMessage, String)]) {
    if clicked.is_empty() {
        return;
    }
    let lines: Vec<&str> = clicked.iter().map(|(_, lines)| lines.as_str()).collect();
    let taken = clicks::take(ctx, &lines).await;
    if let Err(error) = &taken {
        worker::console_error!("clicks come again: {error}");
    }
    for (message, _) in clicked {
        if taken.is_ok() { message.ack() } else { again(message, CLICKS_AGAIN_SECONDS) }
    }
}
