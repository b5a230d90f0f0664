//! Purpose: Instagram: containers, publishing, the quota, insights; and Instagram Login.

use serde_json::{Value, json};

use crate::{Sim, rest::plain};

use super::{
    consent,
    kept::{Account, Post},
    meta::{self, error},
    request::{Handled, Req, Route, pick},
};

/// 100 posts by API in 24 hours (Instagram docs, "Content Publishing").
const QUOTA: u64 = 100;
/// Longest caption, most hashtags and mentions (Instagram docs, "IG User Media").
const MAX_CAPTION: usize = 2_200;
const MAX_HASHTAGS: usize = 30;
const MAX_MENTIONS: usize = 20;

const BASIC: &str = "instagram_business_basic";
const PUBLISH: &str = "instagram_business_content_publish";
const INSIGHTS: &str = "instagram_business_manage_insights";

pub(super) const ROUTES: &[Route] = &[
    ("GET", "/social/instagram/oauth/authorize", consent::page),
    ("POST", "/social/instagram/oauth/authorize", consent::decide),
    ("POST", "/social/instagram/oauth/access_token", meta::exchange_code),
    ("GET", "/social/instagram/access_token", |sim, req| meta::exchange_short(sim, req, "ig_exchange_token")),
    ("GET", "/social/instagram/refresh_access_token", |sim, req| meta::refresh(sim, req, "ig_refresh_token")),
    ("GET", "/social/instagram/v23.0/me", me),
    ("GET", "/social/instagram/v23.0/{id}", object),
    ("POST", "/social/instagram/v23.0/{id}/media", create),
    ("GET", "/social/instagram/v23.0/{id}/media", media),
    ("POST", "/social/instagram/v23.0/{id}/media_publish", publish),
    ("GET", "/social/instagram/v23.0/{id}/content_publishing_limit", limit),
    ("GET", "/social/instagram/v23.0/{id}/insights", insights),
];

fn me(sim: &mut Sim, req: &Req) -> Handled {
    let account = meta::holder(sim, req, BASIC)?.account;
    let whole = json!({
        "id": account.id,
        "user_id": account.id,
        "username": account.username,
        "name": account.name,
        "account_type": account.account_type,
    });
    Ok(plain(200, pick(&whole, &req.fields())))
}

fn post_json(sim: &Sim, account: &Account, post: &Post) -> Value {
    let metrics = sim.metrics(post);
    let picture = post.media.first().map(|key| format!("{}/social/pictures/{key}", sim.options.base_url));
    json!({
        "id": post.id,
        "caption": post.text,
        "permalink": format!("{}/social/instagram/p/{}/", sim.options.base_url, post.id),
        "timestamp": meta::time(post.published_ms),
        "media_type": "IMAGE",
        "media_url": picture,
        "username": account.username,
        "like_count": metrics.reactions,
        "comments_count": metrics.comments,
    })
}

/// A container or a post, whichever has the id.
pub(super) fn object(sim: &mut Sim, req: &Req) -> Handled {
    let account = meta::account(sim, req, BASIC)?;
    let id = req.param("id");
    if let Some(container) = meta::own_container(sim, &account, id) {
        let (code, why) = meta::status_of(sim, &container);
        let status = if why.is_empty() { code.to_owned() } else { format!("Error: {why}") };
        return Ok(plain(200, pick(&json!({"id": id, "status_code": code, "status": status}), &req.fields())));
    }
    let post = meta::own_post(sim, &account, id)?;
    Ok(plain(200, pick(&post_json(sim, &account, &post), &req.fields())))
}

pub(super) fn create(sim: &mut Sim, req: &Req) -> Handled {
    let account = meta::owner(sim, req, PUBLISH)?;
    let caption = req.either("caption").unwrap_or_default();
    if caption.chars().count() > MAX_CAPTION {
        return Err(error(400, 100, 2_207_010, "The caption was too long"));
    }
    let words = |mark: char| caption.split_whitespace().filter(|word| word.starts_with(mark) && word.len() > 1).count();
    if words('#') > MAX_HASHTAGS || words('@') > MAX_MENTIONS {
        return Err(error(400, 100, 2_207_040, "Cannot use more than 30 hashtags or 20 mentions"));
    }
    let url = meta::media_url(req, "image_url")?;
    let id = meta::add_container(sim, &account, "IMAGE", caption, Some(url));
    Ok(plain(200, json!({"id": id})))
}

pub(super) fn media(sim: &mut Sim, req: &Req) -> Handled {
    let account = meta::owner(sim, req, BASIC)?;
    meta::list(sim, req, &account, post_json)
}

/// Codes and subcodes: Instagram docs, "Error Codes".
pub(super) fn publish(sim: &mut Sim, req: &Req) -> Handled {
    let account = meta::owner(sim, req, PUBLISH)?;
    let id = req.either("creation_id").unwrap_or_default();
    let container = meta::own_container(sim, &account, id);
    let container = container.ok_or_else(|| error(400, 24, 2_207_006, "The media was not found"))?;
    match meta::status_of(sim, &container).0 {
        "IN_PROGRESS" => {
            return Err(error(
                400,
                9_007,
                2_207_027,
                "The media is not ready for publishing, please wait for a moment",
            ));
        }
        "PUBLISHED" => return Err(error(400, 9_007, 2_207_032, "The media was published already")),
        "EXPIRED" => return Err(error(400, 24, 2_207_008, "The media container has expired")),
        "ERROR" => return Err(error(400, 9_004, 2_207_052, "The media could not be fetched from this uri")),
        _ => {}
    }
    let (used, total) = meta::quota(sim, &account, QUOTA);
    if used >= total {
        let message = "The user has reached the maximum number of posts that are allowed in a 24 hour window";
        return Err(error(400, 9, 2_207_042, message));
    }
    Ok(plain(200, json!({"id": meta::publish(sim, &account, &container)})))
}

pub(super) fn limit(sim: &mut Sim, req: &Req) -> Handled {
    let account = meta::owner(sim, req, PUBLISH)?;
    meta::publishing_limit(sim, req, &account, QUOTA)
}

pub(super) fn insights(sim: &mut Sim, req: &Req) -> Handled {
    let account = meta::account(sim, req, INSIGHTS)?;
    let post = meta::own_post(sim, &account, req.param("id"))?;
    let m = sim.metrics(&post);
    let all = m.reactions + m.comments + m.shares;
    let reach = m.views * 4 / 5;
    meta::insights(
        req,
        &[
            ("views", m.views),
            ("likes", m.reactions),
            ("comments", m.comments),
            ("shares", m.shares),
            ("reach", reach),
            ("saved", m.quotes),
            ("total_interactions", all),
        ],
    )
}
