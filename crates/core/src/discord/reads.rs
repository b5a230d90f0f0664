//! Purpose: what one request of the web asks Discord: the same thing once, and with the patience that an interaction does not have.
//!
//! A page decides about rights, names channels and checks roles, and each of them asks for the same guild. Nothing here outlives the
//! request: the next one asks anew.

use super::client::{Call, CallError, Route, call};
use crate::ctx::Ctx;
use serde_json::Value;
use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
};

/// A page may take a few seconds when Discord's limit is reached; its limits per route last one to five.
const PATIENCE_MS: i64 = 5_000;
const TRIES: usize = 3;
/// Discord's clock and ours are not the same.
const MARGIN_MS: u64 = 50;

/// Off unless the request is one of the web.
#[derive(Default)]
pub struct Reads {
    is_on: Cell<bool>,
    answers: RefCell<HashMap<String, Value>>,
}

impl Reads {
    /// From here on the same is asked once.
    pub fn begin(&self) {
        self.is_on.set(true);
    }

    /// Something was changed at Discord: what was read may be different now.
    pub fn forget(&self) {
        self.answers.borrow_mut().clear();
    }
}

/// The answer of a GET.
///
/// # Errors
/// See [`CallError`]; `RateLimited` when the limit lasts longer than a page may wait.
pub async fn get(ctx: &Ctx, path: String) -> Result<Value, CallError> {
    let route = Route::new("GET", path.clone());
    let ask = || call(ctx, &route, Call::default());
    if !ctx.reads.is_on.get() {
        return ask().await;
    }
    if let Some(answer) = ctx.reads.answers.borrow().get(&path) {
        return Ok(answer.clone());
    }
    let mut answer = ask().await;
    for _ in 1..TRIES {
        let Err(CallError::RateLimited { retry_after_ms }) = answer else { break };
        if retry_after_ms > PATIENCE_MS {
            break;
        }
        ctx.clock.sleep(retry_after_ms.max(0).unsigned_abs() + MARGIN_MS).await;
        answer = ask().await;
    }
    let answer = answer?;
    ctx.reads.answers.borrow_mut().insert(path, answer.clone());
    Ok(answer)
}
