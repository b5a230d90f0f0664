//! Purpose: TikTok: OAuth with its own PKCE, content posting with the limits of an unaudited client, video metrics.

use serde_json::{Value, json};

use crate::{
    Sim,
    rest::{RestResponse, plain},
};

use super::{
    Platform, consent,
    grants::{BadCode, Holder, Terms, Trouble, knows_client},
    kept::{Account, Container, Download, Grant},
    posts::Progress,
    request::{Handled, Req, Route},
};

/// Access tokens live 24 hours, refresh tokens 365 days (TikTok docs, "Manage User Access Tokens").
const ACCESS_MS: u64 = 24 * 3_600 * 1_000;
const DAY_MS: u64 = 24 * 3_600 * 1_000;
const MINUTE_MS: u64 = 60_000;
/// Calls per token and minute: init 6, status 30, creator info 20 (TikTok docs, "Direct Post", "Get Post Status",
/// "Query Creator Info").
const INITS: usize = 6;
const STATUSES: usize = 30;
const CREATOR_INFOS: usize = 20;
/// Users who may post in 24 hours through a client that is not audited (TikTok docs, "Content Sharing Guidelines").
const UNAUDITED_USERS: usize = 5;
/// Posts of one account in 24 hours: typically about 15 ("Content Sharing Guidelines").
const POSTS_A_DAY: usize = 15;
/// Public posts are looked at first, which usually takes less than a minute ("Get Post Status").
const MODERATION_MS: u64 = 60_000;
/// Longest title of a photo post and of a video, longest description, in UTF-16 units; most photos ("Photo Post").
const MAX_PHOTO_TITLE: usize = 90;
const MAX_VIDEO_TITLE: usize = 2_200;
const MAX_DESCRIPTION: usize = 4_000;
const MAX_PHOTOS: usize = 35;

pub(super) const ROUTES: &[Route] = &[
    ("GET", "/social/tiktok/v2/auth/authorize/", consent::page),
    ("POST", "/social/tiktok/v2/auth/authorize/", consent::decide),
    ("POST", "/social/tiktok/v2/oauth/token/", token),
    ("POST", "/social/tiktok/v2/oauth/revoke/", revoke),
    ("GET", "/social/tiktok/v2/user/info/", user_info),
    ("POST", "/social/tiktok/v2/post/publish/creator_info/query/", creator_info),
    ("POST", "/social/tiktok/v2/post/publish/content/init/", photo_init),
    ("POST", "/social/tiktok/v2/post/publish/video/init/", video_init),
    ("POST", "/social/tiktok/v2/post/publish/status/fetch/", status),
    ("POST", "/social/tiktok/v2/video/query/", videos),
    ("PUT", "/social/tiktok/upload/{id}", upload),
];

/// `{error: {code, message, log_id}}` (TikTok docs, "API v2 Error Handling").
pub(super) fn error(status: u16, code: &str, message: &str) -> RestResponse {
    plain(status, json!({"data": {}, "error": {"code": code, "message": message, "log_id": "20250301120000SIMULATED"}}))
}

fn ok(data: Value) -> Handled {
    let error = json!({"code": "ok", "message": "", "log_id": "20250301120000SIMULATED"});
    Ok(plain(200, json!({"data": data, "error": error})))
}

/// What is wrong with a token request comes with status 200 [M]; the body says it ("OAuth Error Handling").
fn oauth_error(error: &str, description: &str) -> RestResponse {
    let body = json!({"error": error, "error_description": description, "log_id": "20250301120000SIMULATED"});
    plain(200, body)
}

fn check_client(req: &Req) -> Result<(), RestResponse> {
    if !req.is_form() {
        return Err(oauth_error("invalid_request", "Only `application/x-www-form-urlencoded` is supported."));
    }
    if !knows_client(req, "client_key") {
        return Err(oauth_error("invalid_client", "Client key or secret is incorrect."));
    }
    Ok(())
}

fn tokens(sim: &mut Sim, account: &str, scopes: &[String], refresh_end: Option<u64>) -> RestResponse {
    let terms = Terms::access("act.", ACCESS_MS).with_refresh("rft.");
    let mut grant = sim.grant_social(Platform::TikTok, account, scopes, &terms);
    if let (Some(end), Some(kept)) = (refresh_end, sim.world.social.grants.last_mut()) {
        (kept.refresh_expires_ms, grant.refresh_expires_ms) = (end, end);
    }
    plain(
        200,
        json!({
            "access_token": grant.access,
            "expires_in": ACCESS_MS / 1_000,
            "open_id": grant.account,
            "refresh_expires_in": (grant.refresh_expires_ms - sim.world.now_ms) / 1_000,
            "refresh_token": grant.refresh,
            "scope": grant.scopes.join(","),
            "token_type": "Bearer",
        }),
    )
}

fn token(sim: &mut Sim, req: &Req) -> Handled {
    check_client(req)?;
    match req.form("grant_type") {
        Some("authorization_code") => {
            let code = sim.take_code(req).map_err(|bad| match bad {
                BadCode::Code => oauth_error("invalid_grant", "Authorization code is expired."),
                BadCode::Redirect => {
                    oauth_error("invalid_request", "Redirect_uri is not matched with the uri when requesting code.")
                }
                BadCode::Verifier => oauth_error("invalid_request", "Code verifier or code challenge is invalid."),
            })?;
            Ok(tokens(sim, &code.account, &code.scopes, None))
        }
        Some("refresh_token") => refresh(sim, req),
        _ => Err(oauth_error("unsupported_grant_type", "The grant type is not supported.")),
    }
}

/// The refresh token may change, and here always does; its end stays (TikTok docs, "Manage User Access Tokens").
fn refresh(sim: &mut Sim, req: &Req) -> Handled {
    let given = req.form("refresh_token").unwrap_or_default();
    let old: Grant = sim
        .by_refresh(Platform::TikTok, given)
        .cloned()
        .ok_or_else(|| oauth_error("invalid_grant", "Refresh token is invalid or expired."))?;
    sim.world.social.grants.retain(|grant| grant.access != old.access);
    Ok(tokens(sim, &old.account, &old.scopes, Some(old.refresh_expires_ms)))
}

fn revoke(sim: &mut Sim, req: &Req) -> Handled {
    check_client(req)?;
    if !sim.revoke_by_token(Platform::TikTok, req.form("token").unwrap_or_default()) {
        return Err(oauth_error("invalid_request", "The token is invalid."));
    }
    Ok(plain(200, json!({})))
}

fn holder(sim: &Sim, req: &Req, scope: &str) -> Result<Holder, RestResponse> {
    sim.holder(Platform::TikTok, req.bearer(), scope).map_err(|trouble| match trouble {
        Trouble::Scope => error(
            401,
            "scope_not_authorized",
            "The user did not authorize the scope required for completing this request.",
        ),
        _ => error(401, "access_token_invalid", "The access token is invalid or not found in the request."),
    })
}

/// Counts a call against a limit per token and minute.
fn count(sim: &mut Sim, holder: &Holder, what: &str, most: usize) -> Result<(), RestResponse> {
    let key = format!("tiktok {what} {}", holder.token);
    let now = sim.world.now_ms;
    if sim.world.social.count(key, now, MINUTE_MS, most) {
        Ok(())
    } else {
        Err(sim.too_many(Some(Platform::TikTok), 60.0))
    }
}

fn user_info(sim: &mut Sim, req: &Req) -> Handled {
    let account = holder(sim, req, "user.info.basic")?.account;
    let fields = req.fields();
    if fields.is_empty() {
        return Err(error(400, "invalid_params", "The fields parameter is required"));
    }
    let whole = json!({"open_id": account.id, "display_name": account.name, "union_id": account.id, "avatar_url": ""});
    let mut user = super::request::pick(&whole, &fields);
    user.as_object_mut().map(|user| user.remove("id"));
    ok(json!({"user": user}))
}

/// What the creator may choose ("Query Creator Info").
fn privacy_options(account: &Account) -> [&'static str; 3] {
    let widest = if account.private { "FOLLOWER_OF_CREATOR" } else { "PUBLIC_TO_EVERYONE" };
    [widest, "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"]
}

/// What stops this account from posting now: its own posts of a day, or too many others through an unaudited client.
fn stopped(sim: &Sim, account: &Account) -> Option<&'static str> {
    let social = &sim.world.social;
    let since = sim.world.now_ms.saturating_sub(DAY_MS);
    let recent = |container: &&Container| container.platform == Platform::TikTok && container.created_ms > since;
    let recent: Vec<&Container> = social.containers.iter().filter(recent).collect();
    if recent.iter().filter(|container| container.account == account.id).count() >= POSTS_A_DAY {
        return Some("spam_risk_too_many_posts");
    }
    let mut users: Vec<&str> = recent.iter().map(|container| container.account.as_str()).collect();
    users.sort_unstable();
    users.dedup();
    let full = !social.app(Platform::TikTok).audited && users.len() >= UNAUDITED_USERS;
    (full && !users.contains(&account.id.as_str())).then_some("reached_active_user_cap")
}

/// Here a stop comes with status 200 ("Query Creator Info": error codes).
fn creator_info(sim: &mut Sim, req: &Req) -> Handled {
    let holder = holder(sim, req, "video.publish")?;
    count(sim, &holder, "creator info", CREATOR_INFOS)?;
    let account = holder.account;
    if let Some(code) = stopped(sim, &account) {
        return Err(error(200, code, "The creator cannot make posts at the moment."));
    }
    ok(json!({
        "creator_avatar_url": "",
        "creator_username": account.username,
        "creator_nickname": account.name,
        "privacy_level_options": privacy_options(&account),
        "comment_disabled": account.comments_off,
        "duet_disabled": false,
        "stitch_disabled": false,
        "max_video_post_duration_sec": 600,
    }))
}

/// Checks that photos and videos share. Gives the account.
fn check_init(sim: &mut Sim, req: &Req, title: usize) -> Result<Account, RestResponse> {
    let holder = holder(sim, req, "video.publish")?;
    count(sim, &holder, "init", INITS)?;
    let account = holder.account;
    let info = &req.json["post_info"];
    let invalid = |message: String| error(400, "invalid_params", &message);
    let Some(level) = info["privacy_level"].as_str() else {
        return Err(invalid("post_info.privacy_level is required".to_owned()));
    };
    for (name, most) in [("title", title), ("description", MAX_DESCRIPTION)] {
        let text = info[name].as_str().unwrap_or_default();
        if text.encode_utf16().count() > most {
            return Err(invalid(format!("post_info.{name} is longer than {most}")));
        }
    }
    if !privacy_options(&account).contains(&level) {
        let message = "The privacy_level is not one of those that creator_info gave";
        return Err(error(403, "privacy_level_option_mismatch", message));
    }
    if info["brand_content_toggle"] == true && level == "SELF_ONLY" {
        // "Content Sharing Guidelines": branded content cannot be for its author only.
        return Err(invalid("Branded content cannot be posted with privacy_level SELF_ONLY".to_owned()));
    }
    if account.comments_off && info["disable_comment"] != true {
        // Stricter than TikTok says of itself: an application that does not read comment_disabled is to be found out.
        return Err(invalid("disable_comment must be true where creator_info says comment_disabled".to_owned()));
    }
    let audited = sim.world.social.app(Platform::TikTok).audited;
    if !audited && (level != "SELF_ONLY" || !account.private) {
        let message = "Unaudited clients can only post to a private account, for nobody but its owner.";
        return Err(error(403, "unaudited_client_can_only_post_to_private_accounts", message));
    }
    if let Some(code) = stopped(sim, &account) {
        return Err(error(403, code, "The creator cannot make posts at the moment."));
    }
    Ok(account)
}

/// Addresses must lie under a verified prefix ("Media Transfer Guide": URL ownership).
fn check_url(sim: &Sim, url: &str) -> Result<(), RestResponse> {
    if !(url.starts_with("https://") || url.starts_with("http://")) {
        return Err(error(400, "invalid_params", "The address of the media is invalid"));
    }
    let prefixes = sim.world.social.app(Platform::TikTok).pull_prefixes;
    if prefixes.is_empty() || prefixes.iter().any(|prefix| url.starts_with(prefix.as_str())) {
        return Ok(());
    }
    Err(error(403, "url_ownership_unverified", "The ownership of this address was not verified"))
}

fn start(sim: &mut Sim, account: &Account, kind: &str, text: &str, info: &Value, downloads: Vec<Download>) -> String {
    let id = format!("{}_pub_url~v2.{}", if kind == "VIDEO" { "v" } else { "p" }, sim.world.next_id());
    sim.add_container(Container {
        platform: Platform::TikTok,
        id,
        account: account.id.clone(),
        text: text.to_owned(),
        kind: kind.to_owned(),
        visibility: info["privacy_level"].as_str().unwrap_or_default().to_owned(),
        info: info.clone(),
        downloads,
        created_ms: sim.world.now_ms,
        post: None,
    })
}

fn photo_init(sim: &mut Sim, req: &Req) -> Handled {
    let account = check_init(sim, req, MAX_PHOTO_TITLE)?;
    let body = &req.json;
    if body["post_mode"] != "DIRECT_POST" || body["media_type"] != "PHOTO" {
        return Err(error(400, "invalid_params", "post_mode must be DIRECT_POST and media_type PHOTO"));
    }
    let images: Vec<&str> =
        body["source_info"]["photo_images"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let cover = body["source_info"]["photo_cover_index"].as_u64();
    let cover_there = cover.and_then(|at| usize::try_from(at).ok()).is_some_and(|at| at < images.len());
    if body["source_info"]["source"] != "PULL_FROM_URL" || images.len() > MAX_PHOTOS || !cover_there {
        let message = "source must be PULL_FROM_URL, with 1 to 35 photo_images and a photo_cover_index among them";
        return Err(error(400, "invalid_params", message));
    }
    for url in &images {
        check_url(sim, url)?;
    }
    let texts = [&body["post_info"]["title"], &body["post_info"]["description"]];
    let texts: Vec<&str> = texts.into_iter().filter_map(Value::as_str).filter(|text| !text.is_empty()).collect();
    let downloads = images.iter().map(|url| Download::Wanted { url: (*url).to_owned() }).collect();
    let id = start(sim, &account, "PHOTO", &texts.join("\n"), &body["post_info"], downloads);
    ok(json!({"publish_id": id}))
}

fn video_init(sim: &mut Sim, req: &Req) -> Handled {
    let account = check_init(sim, req, MAX_VIDEO_TITLE)?;
    let body = &req.json;
    let title = body["post_info"]["title"].as_str().unwrap_or_default();
    let source = &body["source_info"];
    match source["source"].as_str() {
        Some("PULL_FROM_URL") => {
            let url = source["video_url"].as_str().unwrap_or_default();
            check_url(sim, url)?;
            let downloads = vec![Download::Wanted { url: url.to_owned() }];
            let id = start(sim, &account, "VIDEO", title, &body["post_info"], downloads);
            ok(json!({"publish_id": id}))
        }
        Some("FILE_UPLOAD") if source["video_size"].as_u64().is_some_and(|size| size > 0) => {
            let downloads = vec![Download::Wanted { url: "upload".to_owned() }];
            let id = start(sim, &account, "VIDEO", title, &body["post_info"], downloads);
            let upload = format!("{}/social/tiktok/upload/{id}", sim.options.base_url);
            ok(json!({"publish_id": id, "upload_url": upload}))
        }
        _ => Err(error(400, "invalid_params", "source must be PULL_FROM_URL or FILE_UPLOAD with a video_size")),
    }
}

/// The whole video in one chunk. The address itself is the permission.
fn upload(sim: &mut Sim, req: &Req) -> Handled {
    let known = sim.world.social.container(Platform::TikTok, req.param("id"));
    if !known.is_some_and(
        |container| matches!(container.downloads.as_slice(), [Download::Wanted { url }] if url == "upload"),
    ) {
        return Err(error(404, "invalid_params", "There is no such upload"));
    }
    let key = sim.keep_picture("video/mp4", &req.raw.body);
    let (id, now) = (req.param("id"), sim.world.now_ms);
    let mut containers = sim.world.social.containers.iter_mut();
    if let Some(container) = containers.find(|container| container.id == id) {
        container.downloads = vec![Download::Done { key, url: "upload".to_owned(), at_ms: now }];
    }
    Ok(RestResponse { status: 201, headers: Vec::new(), body: Vec::new(), delay_ms: 0 })
}

/// The post's id stands there only for public posts, once they were looked at ("Get Post Status").
fn status(sim: &mut Sim, req: &Req) -> Handled {
    let holder = holder(sim, req, "video.publish")?;
    count(sim, &holder, "status", STATUSES)?;
    let id = req.json["publish_id"].as_str().unwrap_or_default();
    let container = sim.world.social.container(Platform::TikTok, id);
    let container = container.filter(|container| container.account == holder.account.id);
    let container = container.ok_or_else(|| error(400, "invalid_publish_id", "The publish_id does not exist"))?;
    let (status, reason) = match sim.progress(container) {
        Progress::Working
            if container.downloads.iter().any(|one| matches!(one, Download::Wanted { url } if url == "upload")) =>
        {
            ("PROCESSING_UPLOAD", "")
        }
        Progress::Working => ("PROCESSING_DOWNLOAD", ""),
        Progress::Ready(_) => ("PUBLISH_COMPLETE", ""),
        Progress::Failed(why) if why.contains("fetched") && container.kind == "VIDEO" => {
            ("FAILED", "video_pull_failed")
        }
        Progress::Failed(why) if why.contains("fetched") => ("FAILED", "photo_pull_failed"),
        Progress::Failed(_) => ("FAILED", "file_format_check_failed"),
    };
    let post = container.post.as_deref().and_then(|post| sim.world.social.post(Platform::TikTok, post));
    let shown = |at: u64| sim.world.now_ms >= at + MODERATION_MS;
    let public = post.filter(|post| post.visibility == "PUBLIC_TO_EVERYONE" && shown(post.published_ms));
    let ids: Vec<u64> = public.and_then(|post| post.id.parse().ok()).into_iter().collect();
    ok(json!({"status": status, "fail_reason": reason, "publicaly_available_post_id": ids, "uploaded_bytes": 0}))
}

/// What is not there, or not this person's, is left out ("Query Videos").
fn videos(sim: &mut Sim, req: &Req) -> Handled {
    let account = holder(sim, req, "video.list")?.account;
    let fields = req.fields();
    let ids: Vec<String> = req.json["filters"]["video_ids"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned))
        .collect();
    if fields.is_empty() || ids.is_empty() || ids.len() > 20 {
        return Err(error(400, "invalid_params", "fields and 1 to 20 filters.video_ids are required"));
    }
    let found = ids.iter().filter_map(|id| sim.world.social.post(Platform::TikTok, id));
    let videos: Vec<Value> = found
        .filter(|post| post.account == account.id)
        .map(|post| {
            let m = sim.metrics(post);
            let whole = json!({
                "id": post.id,
                "title": post.text,
                "view_count": m.views,
                "like_count": m.reactions,
                "comment_count": m.comments,
                "share_count": m.shares,
                "create_time": post.published_ms / 1_000,
            });
            super::request::pick(&whole, &fields)
        })
        .collect();
    ok(json!({"videos": videos, "cursor": 0, "has_more": false}))
}
