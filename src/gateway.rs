//! Purpose: where the gateway sidecar posts its batches: body and headers to core, its answer back.

use crate::{env, http, interactions};
use muster_core::GatewayAnswer;
use muster_protocol::{BODY_MAX, Headers, header};
use worker::{Context, Env, Request, Response, Result};

pub async fn deliver(request: &mut Request, env: &Env, context: &Context) -> Result<Response> {
    let Some(headers) = headers(request)? else {
        return http::refuse(401, "The sidecar signs its batches.");
    };
    let Some(body) = http::read_capped(request, BODY_MAX).await? else {
        return http::refuse(413, "That body is longer than a batch may be.");
    };
    let ctx = match env::ctx(env) {
        Ok(ctx) => ctx,
        Err(missing) => return http::refuse(503, &missing),
    };
    let GatewayAnswer { status, body } = muster_core::gateway(&ctx, &headers, &body).await;
    interactions::finish_after(&ctx, context);
    let response = Response::from_bytes(body.into_bytes())?.with_status(status);
    response.headers().set("content-type", "application/json")?;
    http::secure(response)
}

/// `None` for what is not signed at all.
fn headers(request: &Request) -> Result<Option<Headers>> {
    let get = |name: &str| request.headers().get(name);
    let timestamp = get(header::TIMESTAMP)?.and_then(|text| text.parse().ok());
    Ok(match (get(header::KEY_ID)?, timestamp, get(header::NONCE)?, get(header::SIGNATURE)?) {
        (Some(key_id), Some(timestamp), Some(nonce), Some(signature)) => {
            Some(Headers { key_id, timestamp, nonce, signature })
        }
        _ => None,
    })
}
