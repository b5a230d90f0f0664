//! Purpose: LinkedIn: OAuth without PKCE, Posts API with its text format, image upload, member post analytics.

use serde_json::{Value, json};

use crate::{
    Sim,
    rest::{RestResponse, plain},
};

use super::{
    Platform, consent,
    grants::{BadCode, Holder, Terms, Trouble, knows_client},
    kept::{Container, Download},
    request::{Handled, Req, Route},
};

/// Access tokens live 60 days (LinkedIn docs, "3-legged OAuth Flow").
const ACCESS_MS: u64 = 60 * 24 * 3_600 * 1_000;
/// Longest commentary: 3,000 characters [M].
const MAX_TEXT: usize = 3_000;
/// What starts markup in a commentary unless a backslash stands before it (LinkedIn docs, "little Text Format").
const RESERVED: &str = "|{}@[]()<>#*_~";
/// Posts of one member a day: 150 [M]; the day ends at midnight UTC ("API Rate Limiting"), here 24 hours later.
const POSTS_A_DAY: usize = 150;

pub(super) const ROUTES: &[Route] = &[
    ("GET", "/social/linkedin/oauth/v2/authorization", consent::page),
    ("POST", "/social/linkedin/oauth/v2/authorization", consent::decide),
    ("POST", "/social/linkedin/oauth/v2/accessToken", token),
    ("POST", "/social/linkedin/oauth/v2/revoke", revoke),
    ("GET", "/social/linkedin/v2/userinfo", userinfo),
    ("POST", "/social/linkedin/rest/posts", publish),
    ("GET", "/social/linkedin/rest/posts/{urn}", read),
    ("POST", "/social/linkedin/rest/images", start_image),
    ("GET", "/social/linkedin/rest/images/{urn}", read_image),
    ("PUT", "/social/linkedin/upload/{id}", upload),
    ("GET", "/social/linkedin/rest/memberCreatorPostAnalytics", analytics),
];

/// `{status, code, message}` (LinkedIn docs, "Error Handling").
pub(super) fn error(status: u16, code: &str, message: &str) -> RestResponse {
    plain(status, json!({"status": status, "code": code, "message": message}))
}

fn oauth_error(error: &str, description: &str) -> RestResponse {
    plain(400, json!({"error": error, "error_description": description}))
}

fn token(sim: &mut Sim, req: &Req) -> Handled {
    if !req.is_form() {
        return Err(oauth_error("invalid_request", "A required parameter \"grant_type\" is missing"));
    }
    if !knows_client(req, "client_id") {
        return Err(plain(
            401,
            json!({"error": "invalid_client", "error_description": "Client authentication failed"}),
        ));
    }
    match req.form("grant_type") {
        Some("authorization_code") => exchange(sim, req),
        Some("refresh_token") => refresh(sim, req),
        _ => Err(oauth_error("unsupported_grant_type", "The grant type is not supported")),
    }
}

fn exchange(sim: &mut Sim, req: &Req) -> Handled {
    let code = sim.take_code(req).map_err(|bad| match bad {
        BadCode::Code => oauth_error(
            "invalid_request",
            "Unable to retrieve access token: appid/redirect uri/code verifier does not match authorization code. \
             Or authorization code expired.",
        ),
        _ => oauth_error("invalid_redirect_uri", "Unable to retrieve access token: redirect uri does not match"),
    })?;
    let terms = Terms::access("AQX", ACCESS_MS);
    let refreshes = sim.world.social.app(Platform::LinkedIn).refresh;
    let terms = if refreshes { terms.with_refresh("AQY") } else { terms };
    let grant = sim.grant_social(Platform::LinkedIn, &code.account, &code.scopes, &terms);
    let mut body = json!({
        "access_token": grant.access,
        "expires_in": ACCESS_MS / 1_000,
        "scope": grant.scopes.join(","),
        "token_type": "Bearer",
    });
    if let Some(refresh) = grant.refresh {
        body["refresh_token"] = json!(refresh);
        body["refresh_token_expires_in"] = json!((grant.refresh_expires_ms - sim.world.now_ms) / 1_000);
    }
    Ok(plain(200, body))
}

/// The refresh token stays, and so does its end (LinkedIn docs, "Programmatic Refresh Tokens").
fn refresh(sim: &mut Sim, req: &Req) -> Handled {
    let now = sim.world.now_ms;
    let access = format!("AQX{}", sim.secret("social access"));
    let grant = sim.by_refresh(Platform::LinkedIn, req.form("refresh_token").unwrap_or_default());
    let grant =
        grant.ok_or_else(|| oauth_error("invalid_grant", "The provided refresh token is invalid or expired"))?;
    (grant.access, grant.issued_ms, grant.expires_ms) = (access, now, now + ACCESS_MS);
    Ok(plain(
        200,
        json!({
            "access_token": grant.access,
            "expires_in": ACCESS_MS / 1_000,
            "refresh_token": grant.refresh,
            "refresh_token_expires_in": (grant.refresh_expires_ms - now) / 1_000,
            "scope": grant.scopes.join(","),
        }),
    ))
}

fn revoke(sim: &mut Sim, req: &Req) -> Handled {
    if !knows_client(req, "client_id") {
        return Err(plain(
            401,
            json!({"error": "invalid_client", "error_description": "Client authentication failed"}),
        ));
    }
    if !sim.revoke_by_token(Platform::LinkedIn, req.form("token").unwrap_or_default()) {
        return Err(oauth_error("invalid_request", "The token is invalid"));
    }
    Ok(plain(200, json!({})))
}

fn holder(sim: &Sim, req: &Req, scope: &str) -> Result<Holder, RestResponse> {
    sim.holder(Platform::LinkedIn, req.bearer(), scope).map_err(|trouble| {
        let (status, service, code, message) = match trouble {
            Trouble::Unknown => (401, 65_600, "INVALID_ACCESS_TOKEN", "Invalid access token"),
            Trouble::Expired => (401, 65_602, "EXPIRED_ACCESS_TOKEN", "The token used in the request has expired"),
            Trouble::Revoked => {
                (401, 65_601, "REVOKED_ACCESS_TOKEN", "The token used in the request has been revoked by the user")
            }
            Trouble::Scope => (403, 100, "ACCESS_DENIED", "Not enough permissions to access this resource"),
        };
        plain(status, json!({"status": status, "serviceErrorCode": service, "code": code, "message": message}))
    })
}

/// Versioned calls need both headers (LinkedIn docs, "Versioning").
fn check_version(sim: &Sim, req: &Req) -> Result<(), RestResponse> {
    let version = req.raw.header("linkedin-version").unwrap_or_default();
    if version.is_empty() {
        let message = "A version must be present. Please specify a version by adding the LinkedIn-Version header.";
        return Err(error(400, "VERSION_MISSING", message));
    }
    let number: u32 = version.parse().unwrap_or(0);
    let is_month = version.len() == 6 && (1..=12).contains(&(number % 100)) && number > 202_000;
    if !is_month || number < sim.world.social.app(Platform::LinkedIn).oldest_version {
        let message = format!("Requested version {version} is not active");
        return Err(error(426, "NONEXISTENT_VERSION", &message));
    }
    if req.raw.header("x-restli-protocol-version") != Some("2.0.0") {
        return Err(error(400, "PROTOCOL_VERSION", "The header X-Restli-Protocol-Version: 2.0.0 is needed"));
    }
    Ok(())
}

fn userinfo(sim: &mut Sim, req: &Req) -> Handled {
    let account = holder(sim, req, "openid")?.account;
    let (given, family) = account.name.split_once(' ').unwrap_or((&account.name, ""));
    Ok(plain(
        200,
        json!({
            "sub": account.id,
            "name": account.name,
            "given_name": given,
            "family_name": family,
            "locale": {"country": "US", "language": "en"},
        }),
    ))
}

/// The text as members see it: escapes taken away, mentions by name, and everything from the first bare reserved character
/// on lost, as the real one does without a word (LinkedIn docs, "little Text Format"; truncation [M]).
pub(super) fn shown_text(commentary: &str) -> String {
    let mut shown = String::new();
    let mut rest = commentary;
    while let Some(c) = rest.chars().next() {
        let after = rest.strip_prefix(c).unwrap_or_default();
        if c == '\\' {
            let next = after.chars().next().filter(|next| *next == '\\' || RESERVED.contains(*next));
            shown.push(next.unwrap_or('\\'));
            rest = next.map_or(after, |next| after.strip_prefix(next).unwrap_or_default());
            continue;
        }
        if !RESERVED.contains(c) {
            shown.push(c);
            rest = after;
            continue;
        }
        let Some((text, left)) = markup(rest) else {
            return shown.trim_end().to_owned();
        };
        shown.push_str(&text);
        rest = left;
    }
    shown
}

/// A mention `@[Name](urn)`, a hashtag `#word` or `{hashtag|\#|word}`: what is shown of it, and what follows.
fn markup(text: &str) -> Option<(String, &str)> {
    if let Some(mention) = text.strip_prefix("@[") {
        let (name, after) = mention.split_once("](")?;
        let (urn, after) = after.split_once(')')?;
        return urn.starts_with("urn:li:").then(|| (name.to_owned(), after));
    }
    if let Some(template) = text.strip_prefix("{hashtag|\\#|") {
        let (word, after) = template.split_once('}')?;
        return Some((format!("#{word}"), after));
    }
    let after = text.strip_prefix('#')?;
    let left = after.trim_start_matches(char::is_alphanumeric);
    let word = after.strip_suffix(left)?;
    (!word.is_empty()).then(|| (format!("#{word}"), left))
}

/// The first thing that is wrong with a post's body, as a sentence.
fn wrong_with(body: &Value, author: &str) -> Option<(u16, String)> {
    let required = |path: &str| format!("Field {path} is required but not found and has no default value");
    for (path, value) in [
        ("/author", &body["author"]),
        ("/commentary", &body["commentary"]),
        ("/visibility", &body["visibility"]),
        ("/distribution/feedDistribution", &body["distribution"]["feedDistribution"]),
        ("/lifecycleState", &body["lifecycleState"]),
    ] {
        if !value.is_string() {
            return Some((422, required(path)));
        }
    }
    if body["author"] != author {
        return Some((403, format!("The author must be {author}")));
    }
    let known = [("visibility", "PUBLIC"), ("visibility", "CONNECTIONS"), ("lifecycleState", "PUBLISHED")];
    for name in ["visibility", "lifecycleState"] {
        if !known.iter().any(|(known, value)| *known == name && body[name] == *value) {
            return Some((422, format!("{name}: {} is not a member of the enum", body[name])));
        }
    }
    if body["distribution"]["feedDistribution"] != "MAIN_FEED" {
        return Some((422, "feedDistribution must be MAIN_FEED".to_owned()));
    }
    None
}

fn publish(sim: &mut Sim, req: &Req) -> Handled {
    check_version(sim, req)?;
    let account = holder(sim, req, "w_member_social")?.account;
    let author = format!("urn:li:person:{}", account.id);
    if let Some((status, message)) = wrong_with(&req.json, &author) {
        let code = if status == 403 { "ACCESS_DENIED" } else { "UNPROCESSABLE_ENTITY" };
        return Err(error(status, code, &message));
    }
    let sent = req.json["commentary"].as_str().unwrap_or_default();
    let text = shown_text(sent);
    let length = sent.chars().filter(|c| *c != '\\').count();
    if length > MAX_TEXT {
        let message = format!("The commentary has {length} characters; at most {MAX_TEXT} are allowed");
        return Err(error(400, "INVALID_COMMENTARY", &message));
    }
    let media = match req.json["content"]["media"]["id"].as_str() {
        Some(urn) => vec![image_key(sim, urn, &account.id)?],
        None => Vec::new(),
    };
    let window = 24 * 3_600 * 1_000;
    let (key, now) = (format!("linkedin posts {}", account.id), sim.world.now_ms);
    if !sim.world.social.count(key, now, window, POSTS_A_DAY) {
        return Err(sim.too_many(Some(Platform::LinkedIn), 3_600.0));
    }
    let visibility = req.json["visibility"].as_str().unwrap_or_default();
    let id = sim.add_post(&account, &text, sent, media, visibility);
    let mut response = plain(201, Value::Null);
    response.body.clear();
    response.headers.push(("x-restli-id".into(), format!("urn:li:share:{id}")));
    response.headers.push(("x-linkedin-id".into(), format!("urn:li:share:{id}")));
    Ok(response)
}

/// The picture behind an image's URN: uploaded, and the author's own.
fn image_key(sim: &Sim, urn: &str, account: &str) -> Result<String, RestResponse> {
    let id = urn.strip_prefix("urn:li:image:").unwrap_or_default();
    let image = sim.world.social.container(Platform::LinkedIn, id).filter(|image| image.account == account);
    match image.and_then(|image| image.downloads.first()) {
        Some(Download::Done { key, .. }) => Ok(key.clone()),
        Some(_) => Err(error(400, "MEDIA_ASSET_WAITING_UPLOAD", &format!("{urn} was not uploaded yet"))),
        None => Err(error(400, "INVALID_URN_ID", &format!("{urn} is no image of the author's"))),
    }
}

fn read(sim: &mut Sim, req: &Req) -> Handled {
    check_version(sim, req)?;
    holder(sim, req, "r_member_social")?;
    let id = req.param("urn").strip_prefix("urn:li:share:").unwrap_or_default();
    let post = sim.world.social.post(Platform::LinkedIn, id);
    let post = post.ok_or_else(|| error(404, "NOT_FOUND", "The post was not found"))?;
    Ok(plain(200, json!({"id": format!("urn:li:share:{id}"), "commentary": post.sent, "lifecycleState": "PUBLISHED"})))
}

fn start_image(sim: &mut Sim, req: &Req) -> Handled {
    check_version(sim, req)?;
    let account = holder(sim, req, "w_member_social")?.account;
    if req.query("action") != Some("initializeUpload") {
        return Err(error(400, "ILLEGAL_ARGUMENT", "The action is unknown"));
    }
    let owner = format!("urn:li:person:{}", account.id);
    if req.json["initializeUploadRequest"]["owner"] != owner {
        return Err(error(403, "ACCESS_DENIED", &format!("The owner must be {owner}")));
    }
    let id = format!("C4E10{}", sim.world.next_id());
    let upload = format!("{}/social/linkedin/upload/{id}", sim.options.base_url);
    sim.world.social.containers.push(Container {
        platform: Platform::LinkedIn,
        id: id.clone(),
        account: account.id,
        text: String::new(),
        kind: "IMAGE".to_owned(),
        visibility: String::new(),
        downloads: vec![Download::Wanted { url: "upload".to_owned() }],
        created_ms: sim.world.now_ms,
        info: Value::Null,
        post: None,
    });
    let image = format!("urn:li:image:{id}");
    // An upload address lives a day (LinkedIn docs, "Images API": uploadUrlExpiresAt).
    let expires = sim.world.now_ms + 24 * 3_600 * 1_000;
    Ok(plain(200, json!({"value": {"uploadUrl": upload, "uploadUrlExpiresAt": expires, "image": image}})))
}

fn upload(sim: &mut Sim, req: &Req) -> Handled {
    holder(sim, req, "w_member_social")?;
    let kind = match req.raw.body.as_slice() {
        [0xFF, 0xD8, 0xFF, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [b'G', b'I', b'F', b'8', ..] => "image/gif",
        _ => return Err(error(400, "UNSUPPORTED_MEDIA", "Only JPEG, PNG and GIF are taken")),
    };
    let key = sim.keep_picture(kind, &req.raw.body);
    let now = sim.world.now_ms;
    let id = req.param("id");
    let containers = &mut sim.world.social.containers;
    let image = containers.iter_mut().find(|image| image.platform == Platform::LinkedIn && image.id == id);
    let image = image.ok_or_else(|| error(404, "NOT_FOUND", "There is no such upload"))?;
    image.downloads = vec![Download::Done { key, url: "upload".to_owned(), at_ms: now }];
    Ok(RestResponse { status: 201, headers: Vec::new(), body: Vec::new(), delay_ms: 0 })
}

fn read_image(sim: &mut Sim, req: &Req) -> Handled {
    check_version(sim, req)?;
    holder(sim, req, "w_member_social")?;
    let id = req.param("urn").strip_prefix("urn:li:image:").unwrap_or_default();
    let image = sim.world.social.container(Platform::LinkedIn, id);
    let image = image.ok_or_else(|| error(404, "NOT_FOUND", "There is no such image"))?;
    let done = matches!(image.downloads.first(), Some(Download::Done { .. }));
    let status = if done { "AVAILABLE" } else { "WAITING_UPLOAD" };
    Ok(plain(200, json!({"id": format!("urn:li:image:{id}"), "status": status})))
}

/// `entity=(share:urn%3Ali%3Ashare%3A1)` (LinkedIn docs, "Member Post Analytics"; only for approved applications).
fn analytics(sim: &mut Sim, req: &Req) -> Handled {
    check_version(sim, req)?;
    let allowed = sim.world.social.app(Platform::LinkedIn).analytics;
    let account = holder(sim, req, if allowed { "" } else { "r_member_postAnalytics" })?.account;
    if !allowed {
        return Err(error(403, "ACCESS_DENIED", "Not enough permissions to access: memberCreatorPostAnalytics.FINDER"));
    }
    if req.query("q") != Some("entity") || req.query("aggregation") != Some("TOTAL") {
        return Err(error(400, "ILLEGAL_ARGUMENT", "q=entity and aggregation=TOTAL are needed"));
    }
    // The address is percent-encoded inside as well as outside: once decoded by the query, once here.
    let entity = req.query("entity").unwrap_or_default();
    let entity = percent_encoding::percent_decode_str(entity).decode_utf8_lossy().into_owned();
    let urn = entity.strip_prefix("(share:").and_then(|rest| rest.strip_suffix(')')).unwrap_or_default();
    let id = urn.strip_prefix("urn:li:share:").unwrap_or_default();
    let post = sim.world.social.post(Platform::LinkedIn, id).filter(|post| post.account == account.id);
    let post = post.ok_or_else(|| error(404, "NOT_FOUND", "The post was not found"))?;
    let metrics = sim.metrics(post);
    let (count, kind) = match req.query("queryType") {
        Some("REACTION") => (metrics.reactions, "REACTION"),
        Some("COMMENT") => (metrics.comments, "COMMENT"),
        Some("RESHARE") => (metrics.shares, "RESHARE"),
        Some("IMPRESSION") => (metrics.views, "IMPRESSION"),
        _ => return Err(error(400, "ILLEGAL_ARGUMENT", "The queryType is unknown")),
    };
    Ok(plain(200, json!({"elements": [{"count": count, "metricType": kind, "targetEntity": {"share": urn}}]})))
}
