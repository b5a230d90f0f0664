//! Purpose: what Instagram, Threads and Facebook share: error form, short-lived and long-lived tokens, containers, quotas.

use serde_json::{Value, json};

use crate::{
    Sim,
    ids::timestamp,
    rest::{RestResponse, plain},
};

use super::{
    Platform, facebook,
    grants::{BadCode, Holder, Terms, Trouble, knows_client},
    kept::{Account, Container, Download, Post},
    posts::Progress,
    request::{Handled, Req, pick},
};

const HOUR_MS: u64 = 3_600 * 1_000;
const DAY_MS: u64 = 24 * HOUR_MS;
/// Short-lived tokens live an hour, long-lived ones 60 days (Threads docs, "Long-Lived Access Tokens"; Instagram docs,
/// "Business Login").
const SHORT_MS: u64 = HOUR_MS;
const LONG_MS: u64 = 60 * DAY_MS;
/// Containers expire after 24 hours (Instagram docs, "IG Container").
const CONTAINER_MS: u64 = DAY_MS;
/// How many media a list holds unless `limit` says otherwise.
const PAGE: usize = 25;

/// `{error: {message, type, code, error_subcode, fbtrace_id}}` (Graph API docs, "Handle Errors").
pub(super) fn error(status: u16, code: u64, subcode: u64, message: &str) -> RestResponse {
    let kind = if code == 190 || code == 10 || code == 100 { "OAuthException" } else { "IGApiException" };
    let mut error = json!({"message": message, "type": kind, "code": code, "fbtrace_id": "AsimulatedTrace"});
    if subcode != 0 {
        error["error_subcode"] = json!(subcode);
    }
    plain(status, json!({"error": error}))
}

/// An object that is not there, or not this person's: Graph tells neither apart.
pub(super) fn missing(id: &str) -> RestResponse {
    let message = format!(
        "Unsupported get request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions, or \
         does not support this operation."
    );
    error(400, 100, 33, &message)
}

/// The prefix of a platform's tokens [M].
fn prefix(platform: Platform) -> &'static str {
    match platform {
        Platform::Instagram => "IGAAS",
        Platform::Facebook => "EAAS",
        _ => "THAAS",
    }
}

/// Who calls: the token stands in the query, the form or the header.
pub(super) fn holder(sim: &Sim, req: &Req, scope: &str) -> Result<Holder, RestResponse> {
    let token = req.either("access_token").or_else(|| req.bearer());
    holder_of(sim, req, token, scope)
}

pub(super) fn holder_of(sim: &Sim, req: &Req, token: Option<&str>, scope: &str) -> Result<Holder, RestResponse> {
    sim.holder(req.platform, token, scope).map_err(|trouble| match trouble {
        Trouble::Unknown => error(400, 190, 0, "Invalid OAuth access token - Cannot parse access token"),
        // Subcodes: Graph API docs, "Handle Errors": 463 expired, 458 the person removed the application.
        Trouble::Expired => error(400, 190, 463, "Error validating access token: Session has expired"),
        Trouble::Revoked => {
            error(400, 190, 458, "Error validating access token: The user has not authorized application")
        }
        Trouble::Scope => error(403, 10, 0, "Application does not have permission for this action"),
    })
}

/// The account for which somebody calls: their own, or at Facebook that of the Page which the path leads to.
pub(super) fn account(sim: &Sim, req: &Req, scope: &str) -> Result<Account, RestResponse> {
    match req.platform {
        Platform::Facebook => facebook::account(sim, req, scope),
        _ => Ok(holder(sim, req, scope)?.account),
    }
}

/// The same, when the path names that very account.
pub(super) fn owner(sim: &Sim, req: &Req, scope: &str) -> Result<Account, RestResponse> {
    let account = account(sim, req, scope)?;
    let id = req.param("id");
    if id == account.id || id == "me" { Ok(account) } else { Err(missing(id)) }
}

/// `POST /oauth/access_token`: a code becomes a token of an hour.
pub(super) fn exchange_code(sim: &mut Sim, req: &Req) -> Handled {
    let refused = |message: &str| match req.platform {
        // As all of Graph [M].
        Platform::Facebook => error(400, 100, 36_009, message),
        _ => plain(400, json!({"error_type": "OAuthException", "code": 400, "error_message": message})),
    };
    if !req.is_form() || !knows_client(req, "client_id") {
        return Err(refused("Invalid platform app"));
    }
    if req.form("grant_type") != Some("authorization_code") {
        return Err(refused("grant_type must be authorization_code"));
    }
    let code = sim.take_code(req).map_err(|bad| match bad {
        BadCode::Code => refused("This authorization code has been used or has expired"),
        _ => refused(
            "Error validating verification code. Please make sure your redirect_uri is identical to the one you used \
             in the OAuth dialog request",
        ),
    })?;
    let terms = Terms { short: true, ..Terms::access(prefix(req.platform), SHORT_MS) };
    let grant = sim.grant_social(req.platform, &code.account, &code.scopes, &terms);
    if req.platform == Platform::Facebook {
        let body = json!({"access_token": grant.access, "token_type": "bearer", "expires_in": SHORT_MS / 1_000});
        return Ok(plain(200, body));
    }
    // Real ids come as numbers here, longer than a JavaScript number holds [M].
    let user_id: u64 = grant.account.parse().unwrap_or(0);
    let mut body = json!({"access_token": grant.access, "user_id": user_id});
    if req.platform == Platform::Instagram {
        body["permissions"] = json!(grant.scopes);
    }
    Ok(plain(200, body))
}

pub(super) fn long_lived(sim: &mut Sim, req: &Req, account: &str, scopes: &[String]) -> RestResponse {
    let terms = Terms::access(prefix(req.platform), LONG_MS);
    let grant = sim.grant_social(req.platform, account, scopes, &terms);
    let body = json!({"access_token": grant.access, "token_type": "bearer", "expires_in": LONG_MS / 1_000});
    plain(200, body)
}

/// `GET /access_token`: an hour's token becomes one of 60 days.
pub(super) fn exchange_short(sim: &mut Sim, req: &Req, grant_type: &str) -> Handled {
    if req.query("grant_type") != Some(grant_type) {
        return Err(error(400, 100, 0, &format!("grant_type must be {grant_type}")));
    }
    if req.query("client_secret") != Some(&req.platform.client_secret()) {
        return Err(error(400, 1, 0, "Error validating client secret."));
    }
    let holder = holder(sim, req, "")?;
    let grant = sim.grant_at(req.platform, &holder.token).filter(|grant| grant.short).cloned();
    let grant = grant.ok_or_else(|| error(400, 190, 0, "Only short-lived tokens can be exchanged"))?;
    Ok(long_lived(sim, req, &grant.account, &grant.scopes))
}

/// `GET /refresh_access_token`: only a long-lived token that is at least 24 hours old and lives (Threads docs, "Long-Lived
/// Access Tokens"; Instagram docs, "Refresh Access Token").
pub(super) fn refresh(sim: &mut Sim, req: &Req, grant_type: &str) -> Handled {
    if req.query("grant_type") != Some(grant_type) {
        return Err(error(400, 100, 0, &format!("grant_type must be {grant_type}")));
    }
    let holder = holder(sim, req, "")?;
    let grant = sim.grant_at(req.platform, &holder.token).filter(|grant| !grant.short).cloned();
    let grant = grant.ok_or_else(|| error(400, 190, 0, "Only long-lived tokens can be refreshed"))?;
    if sim.world.now_ms < grant.issued_ms + DAY_MS {
        return Err(error(400, 190, 0, "The token is not old enough to be refreshed: 24 hours are needed"));
    }
    Ok(long_lived(sim, req, &grant.account, &grant.scopes))
}

/// Starts a container. `kind` is `TEXT` or `IMAGE`.
pub(super) fn add_container(sim: &mut Sim, account: &Account, kind: &str, text: &str, url: Option<&str>) -> String {
    let id = sim.world.next_id().to_string();
    sim.add_container(Container {
        platform: account.platform,
        id,
        account: account.id.clone(),
        text: text.to_owned(),
        kind: kind.to_owned(),
        visibility: "PUBLIC".to_owned(),
        downloads: url.map(|url| Download::Wanted { url: url.to_owned() }).into_iter().collect(),
        created_ms: sim.world.now_ms,
        info: Value::Null,
        post: None,
    })
}

/// `IN_PROGRESS`, `FINISHED`, `ERROR`, `EXPIRED` or `PUBLISHED`, and why it failed.
pub(super) fn status_of(sim: &Sim, container: &Container) -> (&'static str, String) {
    if container.post.is_some() {
        return ("PUBLISHED", String::new());
    }
    if sim.world.now_ms >= container.created_ms + CONTAINER_MS {
        return ("EXPIRED", String::new());
    }
    match sim.progress(container) {
        Progress::Working => ("IN_PROGRESS", String::new()),
        Progress::Ready(_) => ("FINISHED", String::new()),
        Progress::Failed(why) => ("ERROR", why),
    }
}

/// A container of this person's, by its id.
pub(super) fn own_container(sim: &Sim, account: &Account, id: &str) -> Option<Container> {
    let container = sim.world.social.container(account.platform, id).filter(|found| found.account == account.id);
    container.cloned()
}

/// How many were published within the last 24 hours, and how many may be.
pub(super) fn quota(sim: &Sim, account: &Account, own: u64) -> (u64, u64) {
    let since = sim.world.now_ms.saturating_sub(DAY_MS);
    let of =
        |post: &&Post| post.platform == account.platform && post.account == account.id && post.published_ms > since;
    let used = sim.world.social.posts.iter().filter(of).count();
    let total = sim.world.social.app(account.platform).quota_total.unwrap_or(own);
    (u64::try_from(used).unwrap_or(u64::MAX), total)
}

/// `GET /{id}/..._publishing_limit`.
pub(super) fn publishing_limit(sim: &Sim, req: &Req, account: &Account, own: u64) -> Handled {
    let (used, total) = quota(sim, account, own);
    let whole = json!({"quota_usage": used, "config": {"quota_total": total, "quota_duration": DAY_MS / 1_000}});
    Ok(plain(200, json!({"data": [pick(&whole, &req.fields())]})))
}

/// Publishes a container that was checked; gives the post's id.
pub(super) fn publish(sim: &mut Sim, account: &Account, container: &Container) -> String {
    let media = Sim::container_media(container);
    let id = sim.add_post(account, &container.text, &container.text, media, "PUBLIC");
    let containers = &mut sim.world.social.containers;
    if let Some(kept) = containers.iter_mut().find(|kept| kept.id == container.id) {
        kept.post = Some(id.clone());
    }
    id
}

/// A post of this person's.
pub(super) fn own_post(sim: &Sim, account: &Account, id: &str) -> Result<Post, RestResponse> {
    let post = sim.world.social.post(account.platform, id).filter(|post| post.account == account.id);
    post.cloned().ok_or_else(|| missing(id))
}

/// A list of posts, newest first, with the asked fields.
pub(super) fn list(sim: &Sim, req: &Req, account: &Account, whole: fn(&Sim, &Account, &Post) -> Value) -> Handled {
    let limit = req.query("limit").and_then(|limit| limit.parse().ok()).unwrap_or(PAGE).clamp(1, 100);
    let fields = req.fields();
    let posts = sim.world.social.listed(account, sim.world.now_ms).take(limit);
    let data: Vec<Value> = posts.map(|post| pick(&whole(sim, account, post), &fields)).collect();
    Ok(plain(200, json!({"data": data})))
}

/// `GET /{media}/insights`: one entry per metric; one unknown name spoils the call.
pub(super) fn insights(req: &Req, values: &[(&str, u64)]) -> Handled {
    let mut data = Vec::new();
    let asked = req.query("metric").unwrap_or_default().split(',').filter(|name| !name.is_empty());
    for name in asked {
        let Some((_, value)) = values.iter().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = values.iter().map(|(known, _)| *known).collect();
            let message = format!("(#100) metric[0] must be one of the following values: {}", known.join(", "));
            return Err(error(400, 100, 0, &message));
        };
        let entry = json!({"name": name, "period": "lifetime", "values": [{"value": value}], "title": name});
        data.push(entry);
    }
    if data.is_empty() {
        return Err(error(400, 100, 0, "(#100) The parameter metric is required."));
    }
    Ok(plain(200, json!({"data": data})))
}

/// Meta's way to write a time: `2025-03-01T12:00:00+0000`.
pub(super) fn time(unix_ms: u64) -> String {
    let text = timestamp(unix_ms);
    format!("{}+0000", text.split('.').next().unwrap_or_default())
}

/// The address of a public web page or file, as far as a container may name one.
pub(super) fn media_url<'a>(req: &'a Req, name: &str) -> Result<&'a str, RestResponse> {
    let url = req.either(name).unwrap_or_default();
    if url.starts_with("https://") || url.starts_with("http://") {
        return Ok(url);
    }
    Err(error(400, 100, 2_207_052, &format!("(#100) The parameter {name} must be the address of a public file")))
}
