//! Purpose: X API v2: OAuth with PKCE and single-use refresh tokens, posts, their price, public metrics.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    Sim,
    ids::timestamp,
    rest::{RestResponse, plain},
};

use super::{
    Platform, consent,
    grants::{BadCode, Holder, Terms, Trouble, basic},
    kept::{Account, Container, Download, Grant, Post},
    request::{Handled, Req, Route},
};

/// Access tokens live two hours (X docs, "OAuth 2.0 Authorization Code Flow with PKCE"); refresh tokens half a year [M].
const ACCESS_MS: u64 = 2 * 3_600 * 1_000;
/// Longest post, in weighted characters (X docs, "Counting Characters").
const MAX_WEIGHT: usize = 280;
/// What an address counts, however long it is ("Counting Characters").
const URL_WEIGHT: usize = 23;
/// Prices in millionths of a dollar (X docs, "Pricing", 2026-04): a post, one with an address, a post read, an own post
/// read, a user read.
const POST_PRICE: u64 = 15_000;
const POST_WITH_URL_PRICE: u64 = 200_000;
const READ_PRICE: u64 = 5_000;
const OWN_READ_PRICE: u64 = 1_000;
const USER_PRICE: u64 = 10_000;
/// Largest picture in bytes, and how long an uploaded one can be used (X docs, "Media best practices", "Upload media").
const MAX_PICTURE: usize = 5_000_000;
const MEDIA_MS: u64 = 24 * 3_600 * 1_000;
/// Posts of one user within 15 minutes (X docs, "Rate limits").
const POSTS_PER_WINDOW: usize = 100;
const WINDOW_MS: u64 = 15 * 60 * 1_000;

pub(super) const ROUTES: &[Route] = &[
    ("GET", "/social/x/i/oauth2/authorize", consent::page),
    ("POST", "/social/x/i/oauth2/authorize", consent::decide),
    ("POST", "/social/x/2/oauth2/token", token),
    ("POST", "/social/x/2/oauth2/revoke", revoke),
    ("GET", "/social/x/2/users/me", me),
    ("POST", "/social/x/2/media/upload", upload),
    ("POST", "/social/x/2/tweets", publish),
    ("GET", "/social/x/2/tweets", read),
    ("DELETE", "/social/x/2/tweets/{id}", remove),
    ("GET", "/social/x/2/users/{id}/tweets", timeline),
];

fn problem(status: u16, title: &str, detail: &str) -> RestResponse {
    plain(status, json!({"title": title, "detail": detail, "type": "about:blank", "status": status}))
}

/// A problem with the title its status has (X docs, "Response Codes & Errors").
pub(super) fn error(status: u16, detail: &str) -> RestResponse {
    let title = match status {
        400 => "Invalid Request",
        401 => "Unauthorized",
        402 => "CreditsDepleted",
        403 => "Forbidden",
        404 => "Not Found Error",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    };
    problem(status, title, detail)
}

fn oauth_error(status: u16, error: &str, description: &str) -> RestResponse {
    plain(status, json!({"error": error, "error_description": description}))
}

/// Confidential clients say who they are by Basic (X docs, "OAuth 2.0 Making requests on behalf of users").
fn check_client(req: &Req) -> Result<(), RestResponse> {
    if !req.is_form() {
        return Err(oauth_error(400, "invalid_request", "The body must be form-encoded"));
    }
    if basic(req) == Some((Platform::X.client_id(), Platform::X.client_secret())) {
        return Ok(());
    }
    Err(oauth_error(401, "unauthorized_client", "Missing valid authorization header"))
}

fn tokens(sim: &mut Sim, account: &str, scopes: &[String]) -> RestResponse {
    let terms = Terms::access("", ACCESS_MS);
    let offline = scopes.iter().any(|scope| scope == "offline.access");
    let terms = if offline { terms.with_refresh("") } else { terms };
    let grant = sim.grant_social(Platform::X, account, scopes, &terms);
    let mut body = json!({
        "token_type": "bearer",
        "expires_in": ACCESS_MS / 1_000,
        "access_token": grant.access,
        "scope": grant.scopes.join(" "),
    });
    if let Some(refresh) = grant.refresh {
        body["refresh_token"] = json!(refresh);
    }
    plain(200, body)
}

fn token(sim: &mut Sim, req: &Req) -> Handled {
    check_client(req)?;
    match req.form("grant_type") {
        Some("authorization_code") => {
            let code = sim.take_code(req).map_err(|bad| match bad {
                BadCode::Code => {
                    oauth_error(400, "invalid_grant", "Value passed for the authorization code was invalid.")
                }
                BadCode::Redirect => oauth_error(
                    400,
                    "invalid_grant",
                    "Value passed for the redirect uri did not match the uri of the code.",
                ),
                BadCode::Verifier => oauth_error(
                    400,
                    "invalid_grant",
                    "Value passed for the code verifier did not match the code challenge.",
                ),
            })?;
            Ok(tokens(sim, &code.account, &code.scopes))
        }
        Some("refresh_token") => refresh(sim, req),
        _ => Err(oauth_error(400, "unsupported_grant_type", "Grant type is not supported")),
    }
}

/// A refresh token works once, and the access token beside it ends with it. X calls a spent one an invalid request, not an invalid grant.
fn refresh(sim: &mut Sim, req: &Req) -> Handled {
    let given = req.form("refresh_token").unwrap_or_default();
    let old: Grant = sim
        .by_refresh(Platform::X, given)
        .cloned()
        .ok_or_else(|| oauth_error(400, "invalid_request", "Value passed for the token was invalid."))?;
    sim.world.social.grants.retain(|grant| grant.access != old.access);
    Ok(tokens(sim, &old.account, &old.scopes))
}

fn revoke(sim: &mut Sim, req: &Req) -> Handled {
    check_client(req)?;
    let known = sim.revoke_by_token(Platform::X, req.form("token").unwrap_or_default());
    Ok(plain(200, json!({"revoked": known})))
}

fn holder(sim: &Sim, req: &Req, scope: &str) -> Result<Holder, RestResponse> {
    sim.holder(Platform::X, req.bearer(), scope).map_err(|trouble| match trouble {
        Trouble::Scope => {
            error(403, "Your client app is not configured with the appropriate oauth2 scopes for this endpoint.")
        }
        _ => error(401, "Unauthorized"),
    })
}

/// Takes a price from the credit; 402 when there is not enough left.
fn charge(sim: &mut Sim, micros: u64) -> Result<(), RestResponse> {
    let app = sim.world.social.apps.entry(Platform::X).or_default();
    let spent = app.spent_micros.saturating_add(micros);
    #[expect(clippy::cast_precision_loss, reason = "dollars for a comparison")]
    let depleted = app.credit.is_some_and(|credit| spent as f64 / 1e6 > credit + 1e-9);
    if depleted {
        return Err(error(402, "Your enrolled account does not have any credits to fulfill this request."));
    }
    app.spent_micros = spent;
    Ok(())
}

fn me(sim: &mut Sim, req: &Req) -> Handled {
    let account = holder(sim, req, "users.read")?.account;
    charge(sim, USER_PRICE)?;
    Ok(plain(200, json!({"data": {"id": account.id, "username": account.username, "name": account.name}})))
}

/// A word in two: what stands before an address in it, and whether there is one.
fn before_url(word: &str) -> (&str, bool) {
    let found = word.find("https://").or_else(|| word.find("http://"));
    match found.and_then(|at| word.split_at_checked(at)) {
        Some((before, _)) => (before, true),
        None => (word, false),
    }
}

/// Weighted length: addresses count 23; Latin and its like 1, everything else and each emoji 2.
pub(super) fn weight(text: &str) -> usize {
    let mut sum = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let (plain, has_url) = before_url(word);
        if has_url {
            sum += URL_WEIGHT + word.chars().count() - word.trim_end().chars().count();
        }
        let mut joined = false;
        for c in plain.chars() {
            let code = u32::from(c);
            // A joiner, a variation selector and a skin tone belong to the emoji before them.
            let part_of_emoji = joined || matches!(code, 0x200D | 0xFE0F | 0x1F3FB..=0x1F3FF);
            joined = code == 0x200D;
            if !part_of_emoji {
                let light = matches!(code, 0..=0x10FF | 0x2000..=0x200D | 0x2010..=0x201F | 0x2032..=0x2037);
                sum += if light { 1 } else { 2 };
            }
        }
    }
    sum
}

fn publish(sim: &mut Sim, req: &Req) -> Handled {
    let account = holder(sim, req, "tweet.write")?.account;
    let Some(text) = req.json["text"].as_str().filter(|text| !text.trim().is_empty()) else {
        return Err(error(400, "One or more parameters to your request was invalid: text is required"));
    };
    if weight(text) > MAX_WEIGHT {
        return Err(error(403, "Your Tweet text is too long. For more information see Counting Characters."));
    }
    if sim.world.social.posts_of(&account).any(|post| post.sent == text) {
        return Err(error(403, "You are not allowed to create a Tweet with duplicate content."));
    }
    let with_url = before_url(text).1;
    let key = format!("x posts {}", account.id);
    let now = sim.world.now_ms;
    if !sim.world.social.count(key.clone(), now, WINDOW_MS, POSTS_PER_WINDOW) {
        let oldest = sim.world.social.counted.get(&key).and_then(|times| times.first()).copied().unwrap_or(now);
        #[expect(clippy::cast_precision_loss, reason = "at most 900,000")]
        let left = (oldest + WINDOW_MS).saturating_sub(now) as f64 / 1_000.0;
        return Err(sim.too_many(Some(Platform::X), left));
    }
    charge(sim, if with_url { POST_WITH_URL_PRICE } else { POST_PRICE })?;
    let media = match req.json["media"]["media_ids"][0].as_str() {
        Some(id) => vec![picture_key(sim, id, &account.id)?],
        None => Vec::new(),
    };
    let id = sim.add_post(&account, text, text, media, "PUBLIC");
    Ok(plain(201, json!({"data": {"id": id, "text": text, "edit_history_tweet_ids": [id]}})))
}

/// The picture behind a media id: the author's own, and uploaded within the last day.
fn picture_key(sim: &Sim, id: &str, account: &str) -> Result<String, RestResponse> {
    let now = sim.world.now_ms;
    let media = sim.world.social.container(Platform::X, id);
    let media = media.filter(|media| media.account == account && now < media.created_ms + MEDIA_MS);
    match media.and_then(|media| media.downloads.first()) {
        Some(Download::Done { key, .. }) => Ok(key.clone()),
        _ => Err(error(400, "Your media IDs are invalid.")),
    }
}

/// One picture in base64 (X docs, "Upload media").
fn upload(sim: &mut Sim, req: &Req) -> Handled {
    let account = holder(sim, req, "media.write")?.account;
    if req.json["media_category"] != "tweet_image" {
        return Err(error(400, "media_category must be tweet_image, dm_image or subtitles"));
    }
    let bytes = STANDARD.decode(req.json["media"].as_str().unwrap_or_default()).unwrap_or_default();
    let kind = match bytes.as_slice() {
        [0xFF, 0xD8, 0xFF, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        _ => return Err(error(400, "media type unrecognized")),
    };
    if bytes.len() > MAX_PICTURE {
        return Err(error(400, "The size of the file exceeds the maximum of 5 MB"));
    }
    let key = sim.keep_picture(kind, &bytes);
    let (id, now) = (sim.world.next_id().to_string(), sim.world.now_ms);
    sim.world.social.containers.push(Container {
        platform: Platform::X,
        id: id.clone(),
        account: account.id,
        text: String::new(),
        kind: "IMAGE".to_owned(),
        visibility: String::new(),
        downloads: vec![Download::Done { key, url: "upload".to_owned(), at_ms: now }],
        created_ms: now,
        info: Value::Null,
        post: None,
    });
    let data =
        json!({"id": id, "media_key": format!("3_{id}"), "size": bytes.len(), "expires_after_secs": MEDIA_MS / 1_000});
    Ok(plain(200, json!({"data": data})))
}

fn post_json(sim: &Sim, req: &Req, post: &Post) -> Value {
    let wanted = req.query("tweet.fields").unwrap_or_default();
    let mut json = json!({"id": post.id, "text": post.text, "edit_history_tweet_ids": [post.id]});
    if wanted.split(',').any(|field| field == "public_metrics") {
        let m = sim.metrics(post);
        json["public_metrics"] = json!({
            "like_count": m.reactions,
            "reply_count": m.comments,
            "retweet_count": m.shares,
            "quote_count": m.quotes,
            "bookmark_count": 0,
            "impression_count": m.views,
        });
    }
    if wanted.split(',').any(|field| field == "created_at") {
        json["created_at"] = json!(format!("{}.000Z", timestamp(post.published_ms).split('.').next().unwrap_or("")));
    }
    if wanted.split(',').any(|field| field == "author_id") {
        json["author_id"] = json!(post.account);
    }
    json
}

/// What is not there stands under `errors` beside a 200 (X docs, "Response Codes & Errors": partial errors).
fn read(sim: &mut Sim, req: &Req) -> Handled {
    let account = holder(sim, req, "tweet.read")?.account;
    let ids: Vec<&str> = req.query("ids").unwrap_or_default().split(',').filter(|id| !id.is_empty()).collect();
    if ids.is_empty() || ids.len() > 100 || ids.iter().any(|id| !id.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err(error(400, "The `ids` query parameter must hold 1 to 100 ids"));
    }
    let (mut data, mut errors, mut price) = (Vec::new(), Vec::new(), 0);
    for id in ids {
        match sim.world.social.post(Platform::X, id) {
            Some(post) => {
                price += if post.account == account.id { OWN_READ_PRICE } else { READ_PRICE };
                data.push(post_json(sim, req, post));
            }
            None => errors.push(json!({
                "value": id,
                "detail": format!("Could not find tweet with ids: [{id}]."),
                "title": "Not Found Error",
                "resource_type": "tweet",
                "parameter": "ids",
                "resource_id": id,
                "type": "https://api.twitter.com/2/problems/resource-not-found",
            })),
        }
    }
    charge(sim, price)?;
    let mut body = serde_json::Map::new();
    for (name, list) in [("data", data), ("errors", errors)] {
        if !list.is_empty() {
            body.insert(name.to_owned(), Value::Array(list));
        }
    }
    Ok(plain(200, Value::Object(body)))
}

fn remove(sim: &mut Sim, req: &Req) -> Handled {
    let account = holder(sim, req, "tweet.write")?.account;
    let id = req.param("id");
    let own = sim.world.social.post(Platform::X, id).is_some_and(|post| post.account == account.id);
    let deleted = own && sim.delete_post(id);
    Ok(plain(200, json!({"data": {"deleted": deleted}})))
}

fn find_user(sim: &Sim, id: &str) -> Result<Account, RestResponse> {
    let found = sim.world.social.accounts.iter().find(|account| account.platform == Platform::X && account.id == id);
    found.cloned().ok_or_else(|| error(404, "Could not find user"))
}

fn timeline(sim: &mut Sim, req: &Req) -> Handled {
    let holder = holder(sim, req, "tweet.read")?;
    let account = find_user(sim, req.param("id"))?;
    let most: usize = req.query("max_results").map_or(Ok(10), str::parse).unwrap_or(0);
    // 5 to 100 (X docs, "Get Posts by User").
    if !(5..=100).contains(&most) {
        return Err(error(400, "The `max_results` query parameter must be between 5 and 100"));
    }
    let posts = sim.world.social.listed(&account, sim.world.now_ms).take(most);
    let posts: Vec<Value> = posts.map(|post| post_json(sim, req, post)).collect();
    let each = if holder.account.id == account.id { OWN_READ_PRICE } else { READ_PRICE };
    charge(sim, each * u64::try_from(posts.len()).unwrap_or(0))?;
    let mut body = json!({"meta": {"result_count": posts.len()}});
    if !posts.is_empty() {
        body["data"] = Value::Array(posts);
    }
    Ok(plain(200, body))
}
