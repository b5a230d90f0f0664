//! Purpose: the cron tick into core's `cron` door.

use crate::env;
use worker::Env;

pub async fn tick(env: &Env) {
    match env::ctx(env) {
        Ok(ctx) => {
            muster_core::cron(&ctx).await;
            env::run_after(&ctx).await;
        }
        Err(missing) => worker::console_error!("cron: {missing}"),
    }
}
