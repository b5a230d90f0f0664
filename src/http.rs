//! Purpose: the router: which path goes to which door of core, with body caps and security headers.

use crate::{env, gateway, interactions, ports::clock};
use muster_core::api::{ApiRequest, ApiResponse};
use serde_json::{Value, json};
use worker::{Context, Env, Method, Request, Response, Result};

/// Discord's interactions and webhook events are a few kilobytes.
const MAX_BODY: usize = 256 * 1_024;

pub async fn route(mut request: Request, env: Env, context: Context) -> Result<Response> {
    let path = request.path();
    let method = request.method();
    match (&method, path.as_str()) {
        (Method::Post, "/interactions" | "/webhooks/discord") => signed(&mut request, &env, &context, &path).await,
        (_, "/interactions" | "/webhooks/discord") => refuse(405, "Discord posts here."),
        (Method::Post, muster_protocol::PATH) => gateway::deliver(&mut request, &env, &context).await,
        (Method::Get, "/healthz") => health(&env).await,
        (Method::Post, "/dev/clock") if env::is_dev(&env) => move_clock(&mut request, &env).await,
        (Method::Get, "/") => home(),
        _ => match path.strip_prefix("/api/v1/") {
            Some(rest) => api(&request, &env, &context, rest).await,
            None => refuse(404, "There is nothing at this address."),
        },
    }
}

pub fn refuse(status: u16, why: &str) -> Result<Response> {
    json_response(status, &json!({ "error": why }))
}

fn json_response(status: u16, body: &Value) -> Result<Response> {
    secure(Response::from_json(body)?.with_status(status))
}

pub fn secure(response: Response) -> Result<Response> {
    let headers = response.headers();
    headers.set("x-content-type-options", "nosniff")?;
    headers.set("referrer-policy", "no-referrer")?;
    headers.set("content-security-policy", "default-src 'none'; frame-ancestors 'none'")?;
    headers.set("strict-transport-security", "max-age=31536000; includeSubDomains")?;
    Ok(response)
}

fn home() -> Result<Response> {
    secure(Response::ok("Muster is running. Its commands are in Discord: type /help.\n")?)
}

/// The body up to the cap, or `None` beyond it; the rest is never read.
pub async fn read_capped(request: &mut Request, most: usize) -> Result<Option<Vec<u8>>> {
    use futures_util::StreamExt;
    let declared = request.headers().get("content-length")?.and_then(|text| text.parse::<usize>().ok());
    if declared.is_some_and(|length| length > most) {
        return Ok(None);
    }
    let mut body = Vec::new();
    let Ok(mut stream) = request.stream() else {
        return Ok(Some(body));
    };
    while let Some(chunk) = stream.next().await {
        body.extend_from_slice(&chunk?);
        if body.len() > most {
            return Ok(None);
        }
    }
    Ok(Some(body))
}

/// What `entry.js` did not take, and Discord's webhook events. 401 for anything that is not signed.
async fn signed(request: &mut Request, env: &Env, context: &Context, path: &str) -> Result<Response> {
    let unsigned = || secure(Response::error("invalid request signature", 401)?);
    let headers = request.headers();
    let (Some(signature), Some(timestamp)) =
        (headers.get("x-signature-ed25519")?, headers.get("x-signature-timestamp")?)
    else {
        return unsigned();
    };
    let Some(body) = read_capped(request, MAX_BODY).await? else {
        return refuse(413, "That body is longer than anything Discord sends.");
    };
    if !interactions::is_signed(env, &timestamp, &signature, &body) {
        return unsigned();
    }
    let ctx = match env::ctx(env) {
        Ok(ctx) => ctx,
        Err(missing) => return refuse(503, &missing),
    };
    if path == "/interactions" {
        return interactions::answer(&ctx, context, &body).await;
    }
    let Ok(event) = serde_json::from_slice::<Value>(&body) else {
        return refuse(400, "This is not a webhook event.");
    };
    // Type 0 is the ping of webhook events; both are answered 204 without a body.
    if event["type"] == 1 {
        let kind = event["event"]["type"].as_str().unwrap_or_default().to_owned();
        let application = ctx.settings.application_id.to_string();
        if event["application_id"].as_str() != Some(application.as_str()) {
            return unsigned();
        }
        let later = ctx.clone();
        ctx.after(async move { muster_core::event(&later, &kind, &event["event"]["data"]).await });
        interactions::finish_after(&ctx, context);
    }
    Ok(Response::empty()?.with_status(204))
}

async fn health(env: &Env) -> Result<Response> {
    let ctx = match env::ctx(env) {
        Ok(ctx) => ctx,
        Err(missing) => return refuse(503, &missing),
    };
    match muster_core::health::health(&ctx).await {
        Ok(health) => json_response(200, &serde_json::to_value(&health)?),
        Err(error) => {
            worker::console_error!("health: {error}");
            refuse(503, "The database does not answer, or migrations have not been applied.")
        }
    }
}

async fn api(request: &Request, env: &Env, context: &Context, rest: &str) -> Result<Response> {
    let ctx = match env::ctx(env) {
        Ok(ctx) => ctx,
        Err(missing) => return refuse(503, &missing),
    };
    let api_request = ApiRequest {
        method: request.method().to_string(),
        segments: rest.split('/').map(str::to_owned).collect(),
        query: request.url()?.query_pairs().into_owned().collect(),
    };
    let ApiResponse { status, body, max_age } = muster_core::api(&ctx, &api_request).await;
    interactions::finish_after(&ctx, context);
    let response = Response::from_bytes(body.into_bytes())?.with_status(status);
    let headers = response.headers();
    headers.set("content-type", "application/json")?;
    // Proofs are public: a page anywhere may read and check them.
    headers.set("access-control-allow-origin", "*")?;
    let caching = if max_age > 0 { format!("public, max-age={max_age}") } else { "no-store".to_owned() };
    headers.set("cache-control", &caching)?;
    secure(response)
}

/// Development only: sets how far this isolate's clock is from the real one, and wakes what is due by it.
async fn move_clock(request: &mut Request, env: &Env) -> Result<Response> {
    #[derive(serde::Deserialize)]
    struct Move {
        offset_ms: i64,
    }
    let Ok(Move { offset_ms }) = request.json().await else {
        return refuse(400, "Send {\"offset_ms\": number}.");
    };
    clock::set_offset(offset_ms);
    let ctx = match env::ctx(env) {
        Ok(ctx) => ctx,
        Err(missing) => return refuse(503, &missing),
    };
    if let Err(error) = muster_core::jobs::clock_moved(&ctx).await {
        worker::console_error!("clock: {error}");
    }
    Ok(Response::empty()?.with_status(204))
}
