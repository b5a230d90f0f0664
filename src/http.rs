//! Purpose: the router: which path goes to which door of core, with body caps and security headers.

use crate::{env, gateway, interactions, ports::clock, scheduled_cron};
use muster_core::web;
use serde_json::{Value, json};
use worker::{Context, Env, Method, Request, Response, Result};

/// Discord's interactions and webhook events are a few kilobytes.
const MAX_BODY: usize = 256 * 1_024;
/// Forms, and configurations and lists that are imported: as a form, a file of 2 MB has up to 4.
const MAX_WEB_BODY: usize = 4 * 1_024 * 1_024;
/// What else a short link's visitor says about themselves.
const VISITOR_HEADERS: [&str; 6] = ["cf-ipcountry", "purpose", "referer", "sec-purpose", "x-moz", "x-purpose"];
/// The headers that core reads; each one costs a call into the platform.
const HEADERS: [&str; 13] = [
    "accept",
    "authorization",
    "cf-connecting-ip",
    "content-type",
    "cookie",
    "hx-request",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "origin",
    "sec-fetch-site",
    "user-agent",
    "x-form-token",
];

pub async fn route(mut request: Request, env: Env, context: Context) -> Result<Response> {
    let (path, query) = address(&request.inner().url());
    let method = request.method();
    match (&method, path.as_str()) {
        (Method::Post, "/interactions" | "/webhooks/discord") => signed(&mut request, &env, &context, &path).await,
        (_, "/interactions" | "/webhooks/discord") => refuse(405, "Discord posts here."),
        (Method::Post, muster_protocol::PATH) => gateway::deliver(&mut request, &env, &context).await,
        (Method::Get, "/healthz") => health(&env).await,
        (Method::Post, "/dev/clock") if env::is_dev(&env) => move_clock(&mut request, &env).await,
        // wrangler's own address for this does not get through to a Worker with static assets (workers-sdk issue 9882).
        (Method::Post, "/dev/cron") if env::is_dev(&env) => {
            scheduled_cron::tick(&env).await;
            Ok(Response::empty()?.with_status(204))
        }
        _ => web(&mut request, &env, &context, (&path, &query)).await,
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

/// Path and query of a request's address, which the platform has parsed and written out: the `url` crate would bring the tables of
/// international host names along.
fn address(url: &str) -> (String, String) {
    let url = url.split('#').next().unwrap_or_default();
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let path =
        address.split_once("://").and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..))).unwrap_or("/");
    (path.to_owned(), query.to_owned())
}

/// Pages and the JSON API: headers, body and answer in core's own types.
async fn web(request: &mut Request, env: &Env, context: &Context, (path, query): (&str, &str)) -> Result<Response> {
    let ctx = match env::ctx(env) {
        Ok(ctx) => ctx,
        Err(missing) => return refuse(503, &missing),
    };
    let Some(body) = read_capped(request, MAX_WEB_BODY).await? else {
        return secure(send(web::problem::of(413, "That is longer than four megabytes."))?);
    };
    let headers = request.headers();
    let read = |name: &str| Ok::<_, worker::Error>(headers.get(name)?.map(|value| (name.to_owned(), value)));
    let visitor: &[&str] = if path.starts_with("/l/") { &VISITOR_HEADERS } else { &[] };
    let web_request = web::Request {
        method: request.method().to_string(),
        segments: path.trim_start_matches('/').split('/').map(str::to_owned).collect(),
        query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        headers: HEADERS.iter().chain(visitor).filter_map(|name| read(name).transpose()).collect::<Result<_>>()?,
        body,
        ..web::Request::default()
    };
    let answer = muster_core::http(&ctx, web_request).await;
    interactions::finish_after(&ctx, context);
    send(answer)
}

fn send(answer: web::Response) -> Result<Response> {
    let body = if answer.bytes.is_empty() { answer.body.into_bytes() } else { answer.bytes };
    let response = Response::from_bytes(body)?.with_status(answer.status);
    let headers = response.headers();
    headers.set("content-type", answer.content_type)?;
    for (name, value) in answer.headers {
        // Several cookies are several headers.
        headers.append(name, &value)?;
    }
    Ok(response)
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
