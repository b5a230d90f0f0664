//! Purpose: signing in with Discord: OAuth2's code flow with state and PKCE, bound to the browser that began it.
//!
//! Discord's reference, "OAuth2". Every step may come twice, late or forged: a state is good once, for ten minutes, in one browser.

use super::{
    Tokens, hashed, not_set_up, seal,
    session::{self, ABSOLUTE_MS},
    store,
};
use crate::{
    ctx::Ctx,
    discord,
    error::{Error, Result},
    links,
    ports::{HttpRequest, HttpResponse, Level},
    text::clean_line,
    web::{Request, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use twilight_model::id::{Id, marker::UserMarker};

/// RFC 6749, section 4.1.2, recommends ten minutes at most for a code; the state lives as long.
const LOGIN_MS: i64 = 10 * 60_000;
const TIMEOUT_MS: u64 = 8_000;
/// How long a read waits for its turn, and how often.
const PATIENCE_SECONDS: f64 = 2.0;
const TRIES: usize = 3;
const SCOPES: &str = "identify guilds";
const LOGIN_COOKIE: &str = "login";
/// 256 bits: more than the 128 that ASVS 5.0, 11.5.1, asks for.
const SECRET_BYTES: usize = 32;
const NAME_MAX: usize = 32;
const DEVICE_MAX: usize = 60;

fn redirect_uri(ctx: &Ctx) -> String {
    format!("{}/auth/callback", ctx.settings.public_url)
}

/// A path of this site, or the list of servers: nothing that a browser could read as another site.
fn safe_return(path: &str) -> &str {
    let is_plain = path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-_.~?&=%,".contains(&b));
    // A slash after the first leads to another host; an encoded slash or backslash is one to some servers in between.
    let is_here = path.strip_prefix('/').is_some_and(|rest| !rest.starts_with(['%', '\\', '/']));
    if is_here && is_plain && path.len() <= 500 { path } else { "/guilds" }
}

/// `POST /auth/login`: remembers the sign-in, and sends the browser to Discord.
pub async fn start(ctx: &Ctx, request: &Request) -> Result<Response> {
    if ctx.settings.web.is_none() {
        return Err(not_set_up());
    }
    let form = request.form();
    let state = ctx.random_hex(SECRET_BYTES);
    let verifier = ctx.random_hex(SECRET_BYTES);
    // Two tabs may sign in at once: they share the browser's secret, each has its own state.
    let known = request.cookie(&session::cookie_name(ctx, LOGIN_COOKIE)).filter(|known| is_secret(known));
    let browser = known.map_or_else(|| ctx.random_hex(SECRET_BYTES), str::to_owned);
    let login = store::NewLogin {
        state_hash: &hashed(&state),
        browser_hash: &hashed(&browser),
        verifier: &verifier,
        return_to: safe_return(form.get("return_to")),
        expires_at: ctx.now() + LOGIN_MS,
    };
    ctx.query(store::insert_login(&login)).await?;
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", &ctx.settings.application_id.to_string())
        .append_pair("scope", SCOPES)
        .append_pair("redirect_uri", &redirect_uri(ctx))
        .append_pair("state", &state)
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256")
        .append_pair("prompt", "none")
        .finish();
    let response = Response::see(format!("{}/oauth2/authorize?{query}", ctx.settings.discord_web));
    Ok(session::set_cookie(ctx, response, LOGIN_COOKIE, &browser, LOGIN_MS / 1_000))
}

fn is_secret(text: &str) -> bool {
    text.len() == SECRET_BYTES * 2 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// `GET /auth/callback`: Discord sent the browser back. What became of it stands in the log (ASVS 5.0, 16.3.1); what the browser
/// brought does not.
pub async fn finish(ctx: &Ctx, request: &Request) -> Result<Response> {
    let finished = complete(ctx, request).await;
    if let Err(error) = &finished {
        ctx.warn("sign-in failed", json!({ "why": error.to_string() }));
    }
    finished
}

async fn complete(ctx: &Ctx, request: &Request) -> Result<Response> {
    let Some(web) = &ctx.settings.web else { return Err(not_set_up()) };
    let again = || {
        Error::user("This sign-in was not begun here, was used before, or took longer than ten minutes. Sign in again.")
    };
    let (Some(state), Some(browser)) =
        (request.param("state"), request.cookie(&session::cookie_name(ctx, LOGIN_COOKIE)))
    else {
        return Err(again());
    };
    let now = ctx.now();
    let taken = ctx.query(store::take_login(&hashed(state), &hashed(browser), now)).await?;
    let login: store::Login = taken.first()?.ok_or_else(again)?;
    // What else Discord says about an error is not repeated: anybody can write it into a link.
    let Some(code) = request.param("code").filter(|_| request.param("error").is_none()) else {
        return Err(Error::user(
            "You were not signed in, because Discord was told no. Sign in again whenever you like.",
        ));
    };
    let tokens = exchange(ctx, &web.client_secret, code, &login.verifier).await?;
    let user = get_user(ctx, &tokens.access).await?;
    let id = ctx.random_hex(SECRET_BYTES);
    let name = clean_line(user.global_name.as_deref().unwrap_or(&user.username), NAME_MAX);
    let session = store::NewSession {
        id: &id,
        user: user.id,
        name: &name,
        device: &device(request.header("user-agent").unwrap_or_default()),
        now,
        expires_at: now + ABSOLUTE_MS,
        tokens: seal(ctx, &web.vault, &id, &tokens)?,
    };
    let mut statements = vec![store::insert_session(&session)];
    statements.extend(links::note_device(ctx, None, user.id, request));
    ctx.batch(statements).await?;
    // What was signed in before in this browser ends: a new sign-in is a new session.
    if let Some(before) = request.caller.session() {
        ctx.query(store::revoke_session(&before.id, before.user, now)).await?;
    }
    ctx.log.write(Level::Info, "signed in", json!({ "user": user.id, "device": session.device }));
    session::begin(ctx, Response::see(safe_return(&login.return_to)), user.id, &id)
}

/// Browser and system in a few words, for the list of devices.
fn device(agent: &str) -> String {
    let first =
        |names: &[(&str, &'static str)]| names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    // Most browsers name those they descend from as well, so the order matters.
    let browser = first(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    let text = match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "Unknown browser".to_owned(),
    };
    clean_line(&text, DEVICE_MAX)
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    refresh_token: String,
    /// Seconds.
    expires_in: i64,
    #[serde(default)]
    scope: String,
}

fn silent() -> Error {
    Error::user("Discord does not answer just now. You are not signed in; try again in a moment.")
}

async fn exchange(ctx: &Ctx, secret: &str, code: &str, verifier: &str) -> Result<Tokens> {
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .append_pair("redirect_uri", &redirect_uri(ctx))
        .append_pair("code_verifier", verifier)
        .append_pair("client_id", &ctx.settings.application_id.to_string())
        .append_pair("client_secret", secret)
        .finish();
    let response = post_form(ctx, "/oauth2/token", body).await?;
    if response.status >= 500 || response.status == 429 {
        return Err(silent());
    }
    if response.status == 401 {
        ctx.log.write(Level::Error, "Discord refuses the client secret", json!({}));
        return Err(Error::user(
            "Discord does not accept this deployment's client secret. Whoever runs it has to renew DISCORD_CLIENT_SECRET.",
        ));
    }
    let answer: TokenAnswer = crate::json::from_slice(&response.body)
        .map_err(|_| Error::user("Discord does not know this sign-in any more. Sign in again."))?;
    if SCOPES.split(' ').any(|needed| !answer.scope.split(' ').any(|given| given == needed)) {
        return Err(Error::user(
            "Muster needs to know who you are and which servers you are on. Sign in again and allow both.",
        ));
    }
    Ok(Tokens {
        access: answer.access_token,
        refresh: answer.refresh_token,
        expires_at: ctx.now().saturating_add(answer.expires_in.saturating_mul(1_000)),
    })
}

async fn post_form(ctx: &Ctx, path: &str, body: String) -> Result<HttpResponse> {
    let request = HttpRequest {
        method: "POST",
        url: format!("{}{path}", ctx.settings.discord_api),
        headers: vec![
            ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
            ("user-agent".to_owned(), discord::agent(ctx)),
        ],
        body: body.into_bytes(),
        timeout_ms: TIMEOUT_MS,
    };
    // A code is spent by the first try, so a try without an answer means to begin again.
    ctx.http.send(request).await.map_err(|_| silent())
}

#[derive(Deserialize)]
struct User {
    id: Id<UserMarker>,
    username: String,
    #[serde(default)]
    global_name: Option<String>,
}

async fn get_user(ctx: &Ctx, access: &str) -> Result<User> {
    let response = get(ctx, access, "/users/@me").await?;
    crate::json::from_slice(&response.body).map_err(|_| silent())
}

/// A read in somebody's name.
///
/// # Errors
/// `User` when Discord does not answer with 200.
pub async fn get(ctx: &Ctx, access: &str, path: &str) -> Result<HttpResponse> {
    let request = HttpRequest {
        method: "GET",
        url: format!("{}{path}", ctx.settings.discord_api),
        headers: vec![
            ("authorization".to_owned(), format!("Bearer {access}")),
            ("user-agent".to_owned(), discord::agent(ctx)),
        ],
        body: Vec::new(),
        timeout_ms: TIMEOUT_MS,
    };
    for _ in 0..TRIES {
        let response = ctx.http.send(request.clone()).await.map_err(|_| silent())?;
        let wait = response.header("retry-after").and_then(|text| text.parse::<f64>().ok());
        match (response.status, wait) {
            (200, _) => return Ok(response),
            // The list of servers may be asked for about once a second.
            (429, Some(seconds)) if (0.0..=PATIENCE_SECONDS).contains(&seconds) => {
                ctx.clock.sleep((seconds * 1_000.0) as u64).await;
            }
            _ => return Err(silent()),
        }
    }
    Err(silent())
}

/// `POST /auth/logout`: ends this session, or all of this person's.
pub async fn end(ctx: &Ctx, request: &Request) -> Result<Response> {
    let Some(session) = request.caller.session() else { return Ok(Response::see("/")) };
    let form = request.form();
    let now = ctx.now();
    let (statement, target) = match (form.get("session"), form.get("everywhere")) {
        (_, "yes") => (store::revoke_all(session.user, now), "/"),
        ("", _) => (store::revoke_session(&session.id, session.user, now), "/"),
        (other, _) => {
            (store::revoke_session(other, session.user, now), if other == session.id { "/" } else { "/sessions" })
        }
    };
    // The tokens are wiped with the row; Discord is not asked to revoke them, because that would end all of this
    // person's sessions.
    ctx.query(statement).await?;
    ctx.log.write(
        Level::Info,
        "signed out",
        json!({ "user": session.user, "everywhere": form.get("everywhere") == "yes" }),
    );
    let response = Response::see(target);
    Ok(if target == "/" { session::set_cookie(ctx, response, session::SESSION_COOKIE, "", 0) } else { response })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("/g/123/levels?tab=rewards")]
    #[case("/")]
    fn paths_of_this_site_are_kept(#[case] path: &str) {
        assert_eq!(safe_return(path), path);
    }

    #[rstest]
    #[case("")]
    #[case("//evil.example")]
    #[case("/\\evil.example")]
    #[case("https:evil.example")]
    #[case("https://evil.example/")]
    #[case("/%2f%2fevil.example")]
    #[case("/%5cevil.example")]
    #[case("javascript:alert(1)")]
    #[case("/@evil.example")]
    #[case("/a\nb")]
    #[case("/\u{202e}")]
    fn everything_else_leads_to_the_servers(#[case] path: &str) {
        assert_eq!(safe_return(path), "/guilds");
    }

    #[test]
    fn devices_are_named_in_a_few_words() {
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36";
        assert_eq!(device(chrome), "Chrome on Linux");
        assert_eq!(device("curl/8"), "Unknown browser");
    }
}
