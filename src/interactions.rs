//! Purpose: interactions: the signature over the raw body first, then core, then the answer as JSON.

use crate::env;
use muster_core::{Answer, Ctx, signature::DiscordKey};
use std::{
    cell::OnceCell,
    future::Future,
    task::{Poll, Waker},
};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::future_to_promise;
use worker::{Env, Response, worker_sys};

thread_local! {
    static KEYS: OnceCell<Vec<DiscordKey>> = const { OnceCell::new() };
}

/// Ed25519 over timestamp and raw body, with any of the configured keys. Nothing is parsed before this.
pub fn is_signed(env: &Env, timestamp: &str, signature: &str, body: &[u8]) -> bool {
    KEYS.with(|keys| {
        keys.get_or_init(|| env::public_keys(env))
            .iter()
            .any(|key| key.signed(timestamp.as_bytes(), body, signature.as_bytes()))
    })
}

/// Called by `entry.js`. A string is the JSON answer with status 200; `undefined` was not signed by Discord; a
/// promise resolves to a string or a Response; a Response is an answer of another status.
#[wasm_bindgen]
pub fn interaction(timestamp: &str, signature: &str, body: String, env: Env, context: worker_sys::Context) -> JsValue {
    if !is_signed(&env, timestamp, signature, body.as_bytes()) {
        return JsValue::UNDEFINED;
    }
    let ctx = match env::ctx(&env) {
        Ok(ctx) => ctx,
        Err(error) => return unavailable(&error),
    };
    now_or_later(async move {
        let answer = muster_core::interaction(&ctx, body.as_bytes()).await;
        finish_after(&ctx, &worker::Context::new(context));
        to_js(answer)
    })
}

/// The same for bodies that the router had to read, as status and JSON.
pub async fn answer(ctx: &Ctx, context: &worker::Context, body: &[u8]) -> worker::Result<Response> {
    let answer = muster_core::interaction(ctx, body).await;
    finish_after(ctx, context);
    to_response(answer)
}

fn to_response(answer: Answer) -> worker::Result<Response> {
    let response = Response::from_bytes(answer.body.into_bytes())?.with_status(answer.status);
    response.headers().set("content-type", "application/json")?;
    Ok(response)
}

fn to_js(answer: Answer) -> JsValue {
    if answer.status == 200 {
        return JsValue::from_str(&answer.body);
    }
    match to_response(answer) {
        Ok(response) => web_sys::Response::from(response).into(),
        Err(_) => JsValue::UNDEFINED,
    }
}

fn unavailable(error: &str) -> JsValue {
    worker::console_error!("{error}");
    let answer = Answer {
        status: 503,
        body: "{\"error\":\"Muster is not configured yet; its log says what is missing.\"}".to_owned(),
    };
    to_js(answer)
}

/// Work that core put off until the answer is out.
pub fn finish_after(ctx: &Ctx, context: &worker::Context) {
    if ctx.after.borrow().is_empty() {
        return;
    }
    let ctx = ctx.clone();
    context.wait_until(async move { env::run_after(&ctx).await });
}

/// A future that needs no storage is done at its first poll; only one that waits is worth a JavaScript promise.
fn now_or_later(future: impl Future<Output = JsValue> + 'static) -> JsValue {
    let mut future = Box::pin(future);
    match future.as_mut().poll(&mut std::task::Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        // Polled again at once, so that a wake-up lost to the noop waker is made good.
        Poll::Pending => future_to_promise(async move { Ok(future.await) }).into(),
    }
}
