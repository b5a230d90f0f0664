//! Purpose: Threads: containers, publishing, the quota, insights.

use serde_json::{Value, json};

use crate::{Sim, rest::plain};

use super::{
    consent,
    kept::{Account, Post},
    meta::{self, error},
    request::{Handled, Req, Route, pick},
};

/// 250 posts by API in 24 hours (Threads docs, "Overview: Rate limiting").
const QUOTA: u64 = 250;
/// Longest text (Threads docs, "Posts"); an emoji counts as its bytes in UTF-8.
const MAX_TEXT: usize = 500;

const BASIC: &str = "threads_basic";
const PUBLISH: &str = "threads_content_publish";
const INSIGHTS: &str = "threads_manage_insights";

pub(super) const ROUTES: &[Route] = &[
    ("GET", "/social/threads/oauth/authorize", consent::page),
    ("POST", "/social/threads/oauth/authorize", consent::decide),
    ("POST", "/social/threads/oauth/access_token", meta::exchange_code),
    ("GET", "/social/threads/access_token", |sim, req| meta::exchange_short(sim, req, "th_exchange_token")),
    ("GET", "/social/threads/refresh_access_token", |sim, req| meta::refresh(sim, req, "th_refresh_token")),
    ("GET", "/social/threads/v1.0/me", me),
    ("GET", "/social/threads/v1.0/{id}", object),
    ("POST", "/social/threads/v1.0/{id}/threads", create),
    ("GET", "/social/threads/v1.0/{id}/threads", media),
    ("POST", "/social/threads/v1.0/{id}/threads_publish", publish),
    ("GET", "/social/threads/v1.0/{id}/threads_publishing_limit", limit),
    ("GET", "/social/threads/v1.0/{id}/insights", insights),
];

fn me(sim: &mut Sim, req: &Req) -> Handled {
    let account = meta::holder(sim, req, BASIC)?.account;
    let whole = json!({"id": account.id, "username": account.username, "name": account.name});
    Ok(plain(200, pick(&whole, &req.fields())))
}

fn post_json(sim: &Sim, account: &Account, post: &Post) -> Value {
    json!({
        "id": post.id,
        "text": post.text,
        "permalink": format!("{}/social/threads/@{}/post/{}", sim.options.base_url, account.username, post.id),
        "timestamp": meta::time(post.published_ms),
        "media_type": if post.media.is_empty() { "TEXT_POST" } else { "IMAGE" },
        "username": account.username,
    })
}

/// A container or a post, whichever has the id.
fn object(sim: &mut Sim, req: &Req) -> Handled {
    let account = meta::holder(sim, req, BASIC)?.account;
    let id = req.param("id");
    if let Some(container) = meta::own_container(sim, &account, id) {
        let (status, why) = meta::status_of(sim, &container);
        let mut whole = json!({"id": id, "status": status});
        if !why.is_empty() {
            // Threads docs, "Troubleshooting": error messages are names such as FAILED_DOWNLOADING_VIDEO.
            whole["error_message"] = json!("FAILED_DOWNLOADING_IMAGE");
        }
        return Ok(plain(200, pick(&whole, &req.fields())));
    }
    let post = meta::own_post(sim, &account, id)?;
    Ok(plain(200, pick(&post_json(sim, &account, &post), &req.fields())))
}

fn length(text: &str) -> usize {
    text.chars().map(|c| if c > '\u{ffff}' { c.len_utf8() } else { 1 }).sum()
}

fn create(sim: &mut Sim, req: &Req) -> Handled {
    let account = meta::owner(sim, req, PUBLISH)?;
    let text = req.either("text").unwrap_or_default();
    if length(text) > MAX_TEXT {
        return Err(error(400, 100, 0, "Param text must be at most 500 characters long."));
    }
    let (kind, url) = match req.either("media_type") {
        Some("TEXT") if text.trim().is_empty() => return Err(error(400, 100, 0, "Param text is required")),
        Some("TEXT") => ("TEXT", None),
        Some("IMAGE") => ("IMAGE", Some(meta::media_url(req, "image_url")?)),
        _ => return Err(error(400, 100, 0, "Param media_type must be one of {TEXT, IMAGE}")),
    };
    let id = meta::add_container(sim, &account, kind, text, url);
    Ok(plain(200, json!({"id": id})))
}

fn media(sim: &mut Sim, req: &Req) -> Handled {
    let account = meta::owner(sim, req, BASIC)?;
    meta::list(sim, req, &account, post_json)
}

/// A container that is not ready is "not found", as clients report who publish too early [M].
fn publish(sim: &mut Sim, req: &Req) -> Handled {
    let account = meta::owner(sim, req, PUBLISH)?;
    let id = req.either("creation_id").unwrap_or_default();
    let container = meta::own_container(sim, &account, id);
    let gone = || error(400, 24, 4_279_009, "The requested resource does not exist");
    let container = container.ok_or_else(gone)?;
    match meta::status_of(sim, &container).0 {
        "FINISHED" => {}
        "PUBLISHED" => return Err(error(400, 100, 0, "The media container was published already")),
        _ => return Err(gone()),
    }
    let (used, total) = meta::quota(sim, &account, QUOTA);
    if used >= total {
        let message = "User has reached the maximum number of posts that are allowed in a 24 hour window";
        return Err(error(400, 9, 2_207_042, message));
    }
    Ok(plain(200, json!({"id": meta::publish(sim, &account, &container)})))
}

fn limit(sim: &mut Sim, req: &Req) -> Handled {
    let account = meta::owner(sim, req, PUBLISH)?;
    meta::publishing_limit(sim, req, &account, QUOTA)
}

fn insights(sim: &mut Sim, req: &Req) -> Handled {
    let account = meta::holder(sim, req, INSIGHTS)?.account;
    let post = meta::own_post(sim, &account, req.param("id"))?;
    let m = sim.metrics(&post);
    let values = [
        ("views", m.views),
        ("likes", m.reactions),
        ("replies", m.comments),
        ("reposts", m.shares),
        ("quotes", m.quotes),
        ("shares", m.shares),
    ];
    meta::insights(req, &values)
}
