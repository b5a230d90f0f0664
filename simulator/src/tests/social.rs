//! Purpose: what the tests of the platforms share: calls, people at consent pages, tokens.

use serde_json::{Value, json};

use crate::{Platform, RestOutcome, RestRequest, RestResponse, Sim, SimOptions, SocialChoice};

/// RFC 7636, appendix B, and its challenges: base64url for X, hexadecimal for TikTok.
pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(super) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(super) const HEX_CHALLENGE: &str = "13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3";
pub(super) const REDIRECT: &str = "http://127.0.0.1:8787/connect/callback";
pub(super) const MINUTE_MS: u64 = 60_000;
pub(super) const HOUR_MS: u64 = 60 * MINUTE_MS;
pub(super) const DAY_MS: u64 = 24 * HOUR_MS;
pub(super) const JPEG: &[u8] = &[0xFF, 0xD8, 0xFF, 0xE0, 1, 2, 3];

pub(super) fn sim() -> Sim {
    Sim::new(SimOptions::default())
}

pub(super) fn advance(sim: &mut Sim, ms: u64) {
    sim.set_now(sim.now() + ms);
}

/// A call with these headers; `path` starts behind `/social/`.
pub(super) fn send(sim: &mut Sim, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> RestOutcome {
    sim.rest(RestRequest {
        method: method.to_owned(),
        path_and_query: format!("/social/{path}"),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: body.to_vec(),
    })
}

pub(super) fn answer(outcome: RestOutcome) -> RestResponse {
    match outcome {
        RestOutcome::Answer(response) => response,
        RestOutcome::NoAnswer { .. } => panic!("no answer"),
    }
}

pub(super) fn header<'a>(response: &'a RestResponse, name: &str) -> &'a str {
    response.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
}

fn parsed(response: &RestResponse) -> (u16, Value) {
    (response.status, serde_json::from_slice(&response.body).unwrap_or(Value::Null))
}

pub(super) fn get(sim: &mut Sim, path: &str, token: &str) -> (u16, Value) {
    parsed(&answer(send(sim, "GET", path, &[("authorization", &format!("Bearer {token}"))], b"")))
}

pub(super) fn post_json(sim: &mut Sim, path: &str, token: &str, body: &Value) -> (u16, Value) {
    let headers = [("authorization", format!("Bearer {token}")), ("content-type", "application/json".to_owned())];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    parsed(&answer(send(sim, "POST", path, &headers, body.to_string().as_bytes())))
}

/// Values are escaped.
pub(super) fn form(fields: &[(&str, &str)]) -> String {
    let escape =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    fields.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect::<Vec<_>>().join("&")
}

pub(super) fn post_form(sim: &mut Sim, path: &str, fields: &[(&str, &str)]) -> (u16, Value) {
    let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
    let basic = fields.iter().find(|(name, _)| *name == "basic").map(|(_, value)| format!("Basic {value}"));
    if let Some(basic) = &basic {
        headers.push(("authorization", basic));
    }
    let fields: Vec<(&str, &str)> = fields.iter().filter(|(name, _)| *name != "basic").copied().collect();
    parsed(&answer(send(sim, "POST", path, &headers, form(&fields).as_bytes())))
}

fn authorize_path(platform: Platform) -> &'static str {
    match platform {
        Platform::LinkedIn => "linkedin/oauth/v2/authorization",
        Platform::Instagram => "instagram/oauth/authorize",
        Platform::TikTok => "tiktok/v2/auth/authorize/",
        Platform::X => "x/i/oauth2/authorize",
        Platform::Threads => "threads/oauth/authorize",
        Platform::Facebook => "facebook/v23.0/dialog/oauth",
    }
}

pub(super) fn scopes(platform: Platform) -> &'static str {
    match platform {
        Platform::LinkedIn => "openid profile w_member_social",
        Platform::Instagram => {
            "instagram_business_basic,instagram_business_content_publish,instagram_business_manage_insights"
        }
        Platform::TikTok => "user.info.basic,video.publish,video.list",
        Platform::X => "tweet.read tweet.write users.read offline.access",
        Platform::Threads => "threads_basic,threads_content_publish,threads_manage_insights",
        Platform::Facebook => {
            "instagram_basic,instagram_content_publish,instagram_manage_insights,pages_show_list,business_management"
        }
    }
}

/// The address a browser is sent to.
pub(super) fn authorize_url(platform: Platform) -> String {
    let id_name = if platform == Platform::TikTok { "client_key" } else { "client_id" };
    let id = platform.client_id();
    let mut fields = vec![
        (id_name, id.as_str()),
        ("response_type", "code"),
        ("redirect_uri", REDIRECT),
        ("scope", scopes(platform)),
        ("state", "s t&#"),
    ];
    match platform {
        Platform::X => fields.extend([("code_challenge", CHALLENGE), ("code_challenge_method", "S256")]),
        Platform::TikTok => fields.extend([("code_challenge", HEX_CHALLENGE), ("code_challenge_method", "S256")]),
        _ => {}
    }
    format!("http://127.0.0.1:8788/social/{}?{}", authorize_path(platform), form(&fields))
}

/// A part of an address's query, decoded as a browser's server sees it: without the fragment.
pub(super) fn part(url: &str, name: &str) -> String {
    let query = url.split('#').next().and_then(|url| url.split_once('?')).map_or("", |(_, query)| query);
    let pairs = crate::rest::read_query(query);
    pairs.into_iter().find(|(known, _)| known == name).map(|(_, value)| value).unwrap_or_default()
}

pub(super) fn allow(sim: &mut Sim, platform: Platform, who: &str) -> String {
    let choice = SocialChoice { account: who.to_owned(), ..SocialChoice::default() };
    let target = sim.social_consent(&authorize_url(platform), &choice).expect("allowed");
    assert_eq!(part(&target, "state"), "s t&#", "{target}");
    part(&target, "code")
}

pub(super) fn token_path(platform: Platform) -> &'static str {
    match platform {
        Platform::LinkedIn => "linkedin/oauth/v2/accessToken",
        Platform::Instagram => "instagram/oauth/access_token",
        Platform::TikTok => "tiktok/v2/oauth/token/",
        Platform::X => "x/2/oauth2/token",
        Platform::Threads => "threads/oauth/access_token",
        Platform::Facebook => "facebook/v23.0/oauth/access_token",
    }
}

/// `Basic` of X's client.
pub(super) fn basic() -> String {
    use base64::Engine;
    let pair = format!("{}:{}", Platform::X.client_id(), Platform::X.client_secret());
    base64::engine::general_purpose::STANDARD.encode(pair)
}

/// A call of the token endpoint with the client's credentials where the platform wants them.
pub(super) fn token_call(sim: &mut Sim, platform: Platform, path: &str, fields: &[(&str, &str)]) -> (u16, Value) {
    let id_name = if platform == Platform::TikTok { "client_key" } else { "client_id" };
    let (id, secret, basic) = (platform.client_id(), platform.client_secret(), basic());
    let mut all = match platform {
        Platform::X => vec![("basic", basic.as_str())],
        _ => vec![(id_name, id.as_str()), ("client_secret", secret.as_str())],
    };
    all.extend_from_slice(fields);
    post_form(sim, path, &all)
}

pub(super) fn exchange(sim: &mut Sim, platform: Platform, code: &str) -> (u16, Value) {
    let fields =
        [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", REDIRECT), ("code_verifier", VERIFIER)];
    token_call(sim, platform, token_path(platform), &fields)
}

pub(super) fn refresh(sim: &mut Sim, platform: Platform, token: &str) -> (u16, Value) {
    token_call(sim, platform, token_path(platform), &[("grant_type", "refresh_token"), ("refresh_token", token)])
}

/// Connects an account as the application would; gives all the token endpoint said, with a long-lived token for Meta.
pub(super) fn connect(sim: &mut Sim, platform: Platform, who: &str) -> Value {
    let code = allow(sim, platform, who);
    let (status, mut body) = exchange(sim, platform, &code);
    assert_eq!((status, body["error"].is_null()), (200, true), "{body}");
    let grant = match platform {
        Platform::Instagram => "ig_exchange_token",
        Platform::Threads => "th_exchange_token",
        _ => return body,
    };
    let secret = platform.client_secret();
    let fields =
        [("grant_type", grant), ("client_secret", secret.as_str()), ("access_token", text(&body, "access_token"))];
    let path = format!("{}/access_token?{}", platform.name(), form(&fields));
    let (status, long) = get(sim, &path, "");
    assert_eq!((status, &long["expires_in"]), (200, &json!(5_184_000)), "{long}");
    body["access_token"] = long["access_token"].clone();
    body
}

/// Connects; gives the access token.
pub(super) fn token(sim: &mut Sim, platform: Platform, who: &str) -> String {
    text(&connect(sim, platform, who), "access_token").to_owned()
}

pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// The id of an account.
pub(super) fn account(sim: &mut Sim, platform: Platform, who: &str) -> String {
    sim.add_social_account(platform, who, who).id
}

/// Publishes a text (with a picture where the platform wants one); gives the outcome of the very call that publishes.
pub(super) fn publish(sim: &mut Sim, platform: Platform, token: &str, words: &str) -> RestOutcome {
    let bearer = format!("Bearer {token}");
    match platform {
        Platform::LinkedIn => {
            let sub = text(&get(sim, "linkedin/v2/userinfo", token).1, "sub").to_owned();
            let body = linkedin_post(&sub, words);
            send(sim, "POST", "linkedin/rest/posts", &linkedin_headers(&bearer), body.to_string().as_bytes())
        }
        Platform::X => {
            let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
            send(sim, "POST", "x/2/tweets", &headers, json!({"text": words}).to_string().as_bytes())
        }
        Platform::TikTok => {
            let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
            let body = photo_post(words, "SELF_ONLY");
            send(sim, "POST", "tiktok/v2/post/publish/content/init/", &headers, body.to_string().as_bytes())
        }
        Platform::Facebook => panic!("nobody publishes there"),
        Platform::Instagram | Platform::Threads => {
            let container = ready_container(sim, platform, token, words);
            let headers = [("content-type", "application/x-www-form-urlencoded")];
            let body = form(&[("creation_id", &container), ("access_token", token)]);
            send(sim, "POST", publish_path(platform), &headers, body.as_bytes())
        }
    }
}

pub(super) fn publish_path(platform: Platform) -> &'static str {
    match platform {
        Platform::Instagram => "instagram/v23.0/me/media_publish",
        Platform::Threads => "threads/v1.0/me/threads_publish",
        Platform::LinkedIn => "linkedin/rest/posts",
        Platform::X => "x/2/tweets",
        Platform::TikTok => "tiktok/v2/post/publish/content/init/",
        Platform::Facebook => panic!("nobody publishes there"),
    }
}

pub(super) const PICTURE: &str = "http://127.0.0.1:8787/picture.jpg";

pub(super) fn container(sim: &mut Sim, platform: Platform, token: &str, words: &str) -> (u16, Value) {
    match platform {
        Platform::Instagram => post_form(
            sim,
            "instagram/v23.0/me/media",
            &[("image_url", PICTURE), ("caption", words), ("access_token", token)],
        ),
        _ => post_form(
            sim,
            "threads/v1.0/me/threads",
            &[("media_type", "TEXT"), ("text", words), ("access_token", token)],
        ),
    }
}

pub(super) fn ready_container(sim: &mut Sim, platform: Platform, token: &str, words: &str) -> String {
    let (status, made) = container(sim, platform, token, words);
    assert_eq!(status, 200, "{made}");
    for url in sim.take_downloads() {
        sim.picture_arrived(&url, 200, "image/jpeg", JPEG);
    }
    advance(sim, 5_000);
    text(&made, "id").to_owned()
}

pub(super) fn linkedin_headers(bearer: &str) -> [(&str, &str); 4] {
    [
        ("authorization", bearer),
        ("content-type", "application/json"),
        ("linkedin-version", "202607"),
        ("x-restli-protocol-version", "2.0.0"),
    ]
}

pub(super) fn linkedin_post(sub: &str, words: &str) -> Value {
    json!({
        "author": format!("urn:li:person:{sub}"),
        "commentary": words,
        "visibility": "PUBLIC",
        "distribution": {"feedDistribution": "MAIN_FEED"},
        "lifecycleState": "PUBLISHED",
    })
}

pub(super) fn photo_post(words: &str, level: &str) -> Value {
    json!({
        "post_info": {"title": words, "privacy_level": level, "disable_comment": false},
        "source_info": {"source": "PULL_FROM_URL", "photo_cover_index": 0, "photo_images": [PICTURE]},
        "post_mode": "DIRECT_POST",
        "media_type": "PHOTO",
    })
}
