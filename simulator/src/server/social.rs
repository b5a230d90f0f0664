//! Purpose: the platforms in the control API, and the pictures they download.

use std::time::Duration;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State as Extract},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{AppChange, Platform, SocialChoice};

use super::{Answered, Fail, State, deliver::read};

/// How long a picture may take, and how large it may be in bytes.
const PATIENCE: Duration = Duration::from_secs(20);
const MAX_BYTES: usize = 16 * 1024 * 1024;

pub(super) async fn everything(Extract(state): Extract<State>) -> Answered {
    Ok(Json(state.with(|sim| sim.social_state())))
}

#[derive(Deserialize)]
pub(super) struct NewAccount {
    platform: Platform,
    username: String,
    name: Option<String>,
    /// TikTok: whether only followers see it.
    private: Option<bool>,
    /// TikTok: whether nobody may comment on what it posts.
    comments_off: Option<bool>,
    /// Instagram: `BUSINESS`, `MEDIA_CREATOR` or `PERSONAL`.
    account_type: Option<String>,
    /// Facebook: the Instagram accounts, by name, that the person's Pages are linked to.
    pages: Option<Vec<String>>,
}

/// Makes an account, or changes the one of that name.
pub(super) async fn add_account(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let body: NewAccount = read(&body)?;
    let account = state.with(|sim| {
        let name = body.name.as_deref().unwrap_or(&body.username);
        let account = sim.add_social_account(body.platform, &body.username, name);
        sim.change_social_account(body.platform, &account.id, body.private, body.account_type.as_deref())?;
        if let Some(are_off) = body.comments_off {
            sim.close_comments(body.platform, &account.id, are_off)?;
        }
        if let Some(pages) = body.pages.as_deref().filter(|_| body.platform == Platform::Facebook) {
            sim.set_pages(&account.id, pages)?;
        }
        Ok::<_, Fail>(sim.add_social_account(body.platform, &body.username, name))
    })?;
    Ok(Json(json!({"account": account})))
}

/// `{platform, post, views: 10, reactions: 3 ...}`.
pub(super) async fn set_metrics(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let body: Value = read(&body)?;
    let platform: Platform = serde_json::from_value(body["platform"].clone())
        .map_err(|_| Fail::bad("platform must be linkedin, instagram, tiktok, x or threads"))?;
    let post = body["post"].as_str().ok_or_else(|| Fail::bad("post must be the id of a post"))?;
    for (name, value) in body.as_object().into_iter().flatten() {
        if name == "platform" || name == "post" {
            continue;
        }
        let value = value.as_u64().ok_or_else(|| Fail::bad(format!("{name} must be a whole number")))?;
        state.with(|sim| sim.set_social_metric(platform, post, name, value))?;
    }
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
pub(super) struct AppEdit {
    platform: Platform,
    #[serde(flatten)]
    change: AppChange,
}

pub(super) async fn edit_app(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let body: AppEdit = read(&body)?;
    let app = state.with(|sim| {
        sim.change_social_app(body.platform, body.change);
        sim.social_app(body.platform)
    });
    Ok(Json(json!({"app": app})))
}

pub(super) async fn remove_post(Extract(state): Extract<State>, Path(id): Path<String>) -> Answered {
    if state.with(|sim| sim.delete_post(&id)) {
        return Ok(Json(json!({})));
    }
    Err(Fail(StatusCode::NOT_FOUND, format!("There is no post {id:?} here")))
}

#[derive(Deserialize)]
pub(super) struct Revoked {
    platform: Platform,
    account: String,
}

pub(super) async fn revoke(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let body: Revoked = read(&body)?;
    state.with(|sim| sim.revoke_social_account(body.platform, &body.account))?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
pub(super) struct Consent {
    /// Where the application sent the browser.
    url: String,
    #[serde(default)]
    account: String,
    scopes: Option<Vec<String>>,
    #[serde(default)]
    deny: bool,
}

/// A person at a consent page, for programs: gives where the browser goes next.
pub(super) async fn consent(Extract(state): Extract<State>, body: Bytes) -> Answered {
    let body: Consent = read(&body)?;
    let choice = SocialChoice { account: body.account, scopes: body.scopes, deny: body.deny };
    let redirect = state.with(|sim| sim.social_consent(&body.url, &choice))?;
    Ok(Json(json!({"redirect": redirect})))
}

/// Downloads what the platforms want, each picture on its own, and comes back at once.
pub(super) fn fetch_pictures(state: &State) {
    for url in state.with(|sim| sim.take_downloads()) {
        let state = state.clone();
        tokio::spawn(async move {
            let (status, kind, bytes) = fetch(&state, &url).await.unwrap_or_default();
            state.with(|sim| sim.picture_arrived(&url, status, &kind, &bytes));
        });
    }
}

/// Status, media type and bytes; nothing without an answer. Nothing leaves this machine: other addresses fail.
async fn fetch(state: &State, url: &str) -> Option<(u16, String, Vec<u8>)> {
    let url = reqwest::Url::parse(url).ok()?;
    if !matches!(url.host_str()?, "127.0.0.1" | "localhost" | "[::1]") {
        return None;
    }
    let mut response = state.http.get(url).timeout(PATIENCE).send().await.ok()?;
    let status = response.status().as_u16();
    let kind = response.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.to_owned();
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_BYTES {
            return None;
        }
    }
    Some((status, kind, bytes))
}
