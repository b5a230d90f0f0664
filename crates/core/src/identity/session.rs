//! Purpose: who is signed in: a signed cookie names a row of web_sessions, and the row decides.
//!
//! The cookie is a JWT (HS256, nothing else is accepted) for this deployment alone. Ending a session is a change of its row, so it
//! holds at once and everywhere.

use super::store;
use crate::{
    ctx::Ctx,
    error::{Error, Result},
    links,
    mac::{is_mac, mac},
    web::{Request, Response},
};
use jwt_simple::{
    algorithms::{HS256Key, MACLike},
    claims::{Audiences, JWTClaims},
    common::VerificationOptions,
    prelude::{Duration, UnixTimeStamp},
    token::Token,
};
use serde::{Deserialize, Serialize};
use std::{collections::HashSet, fmt};
use twilight_model::id::{Id, marker::UserMarker};

/// Whoever stays away so long signs in again.
const IDLE_MS: i64 = 7 * DAY_MS;
/// Whoever is there all the time signs in again, too.
pub const ABSOLUTE_MS: i64 = 30 * DAY_MS;
/// The cookie is renewed, and the time of the last visit noted, at most so often.
const RENEW_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * 3_600_000;
/// Ours have about 300 characters.
const TOKEN_MAX: usize = 1_024;
const SECRET_BYTES_MIN: usize = 32;
/// The `typ` of a session among this deployment's tokens.
const SESSION: &str = "session";

#[derive(Serialize, Deserialize)]
struct Kind {
    typ: String,
}

struct Key {
    id: String,
    jwt: HS256Key,
    csrf: Vec<u8>,
}

/// The keys that sign sessions: the first signs, all of them verify.
pub struct SessionKeys(Vec<Key>);

/// Names nothing but the keys' ids.
impl fmt::Debug for SessionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

impl SessionKeys {
    /// Keys out of a setting: `id:hex` of at least 32 bytes each, separated by commas, the one to sign with first.
    ///
    /// # Errors
    /// A sentence that says what is wrong and holds nothing of a secret.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut keys: Vec<Key> = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (id, secret) = part.split_once(':').ok_or("a session key looks like id:hex")?;
            let secret = hex::decode(secret).map_err(|_| format!("the secret of session key {id} is not hex"))?;
            if secret.len() < SECRET_BYTES_MIN {
                return Err(format!("the secret of session key {id} has less than {SECRET_BYTES_MIN} bytes"));
            }
            if keys.iter().any(|key| key.id == id) {
                return Err(format!("two session keys have the id {id}"));
            }
            let jwt = HS256Key::from_bytes(&mac(&secret, &["session"])).with_key_id(id);
            keys.push(Key { id: id.to_owned(), jwt, csrf: mac(&secret, &["form"]).to_vec() });
        }
        if keys.is_empty() { Err("there is no session key".to_owned()) } else { Ok(Self(keys)) }
    }

    fn issue(&self, audience: &str, user: Id<UserMarker>, session: &str, now: i64) -> Result<String> {
        let key = self.0.first().ok_or_else(|| Error::internal("no session key"))?;
        let at = |ms: i64| UnixTimeStamp::from_millis(ms.max(0).unsigned_abs());
        let claims = JWTClaims {
            issued_at: Some(at(now)),
            expires_at: Some(at(now + IDLE_MS)),
            invalid_before: Some(at(now)),
            issuer: None,
            subject: Some(user.to_string()),
            audiences: Some(Audiences::AsString(audience.to_owned())),
            jwt_id: Some(session.to_owned()),
            nonce: None,
            custom: Kind { typ: SESSION.to_owned() },
        };
        key.jwt.authenticate(claims).map_err(|error| Error::internal(format!("a session was not signed: {error}")))
    }

    /// User, session and time of issue of a token that holds; `None` for every other text.
    fn verify(&self, audience: &str, token: &str, now: i64) -> Option<(Id<UserMarker>, String, i64)> {
        if token.len() > TOKEN_MAX {
            return None;
        }
        // Which key is looked up among ours; what else a header says about keys is not read.
        let metadata = Token::decode_metadata(token).ok()?;
        let key = self.0.iter().find(|key| metadata.key_id() == Some(key.id.as_str()))?;
        let options = VerificationOptions {
            allowed_audiences: Some(HashSet::from([audience.to_owned()])),
            time_tolerance: Some(Duration::from_secs(0)),
            artificial_time: Some(UnixTimeStamp::from_millis(now.max(0).unsigned_abs())),
            ..VerificationOptions::default()
        };
        let claims = key.jwt.verify_token::<Kind>(token, Some(options)).ok()?;
        if claims.custom.typ != SESSION {
            return None;
        }
        let issued = i64::try_from(claims.issued_at?.as_millis()).ok()?;
        Some((claims.subject?.parse().ok()?, claims.jwt_id?, issued))
    }

    /// What a form of this session carries, so that no other site can send one.
    pub fn form_token(&self, session: &str) -> String {
        self.0.first().map(|key| hex::encode(mac(&key.csrf, &[session]))).unwrap_or_default()
    }

    /// Forms that were open while the key was replaced still hold.
    pub fn accepts_form(&self, session: &str, token: &str) -> bool {
        let Ok(token) = hex::decode(token) else { return false };
        self.0.iter().any(|key| is_mac(&key.csrf, &[session], &token))
    }
}

/// Somebody who is signed in on the web.
#[derive(Debug, Clone)]
pub struct Session {
    pub id: String,
    pub user: Id<UserMarker>,
    pub name: String,
    /// For this session's forms.
    pub form_token: String,
    /// A cookie to send along, when the one that came is an hour old.
    pub renewed: Option<String>,
}

/// The cookie's name and attributes. A name with `__Host-` takes https; plain http is for a laptop only.
fn cookie(ctx: &Ctx, base: &str, value: &str, seconds: i64) -> String {
    let is_secure = ctx.settings.public_url.starts_with("https://");
    let (prefix, secure) = if is_secure { ("__Host-", " Secure;") } else { ("", "") };
    format!("{prefix}{base}={value}; Path=/;{secure} HttpOnly; SameSite=Lax; Max-Age={seconds}")
}

pub fn cookie_name(ctx: &Ctx, base: &str) -> String {
    let prefix = if ctx.settings.public_url.starts_with("https://") { "__Host-" } else { "" };
    format!("{prefix}{base}")
}

/// Sets a cookie of ours.
pub fn set_cookie(ctx: &Ctx, response: Response, base: &str, value: &str, seconds: i64) -> Response {
    response.with("set-cookie", cookie(ctx, base, value, seconds))
}

pub const SESSION_COOKIE: &str = "session";

/// Whoever is signed in with this request.
///
/// # Errors
/// Only when the database does not answer.
pub async fn of_request(ctx: &Ctx, request: &Request) -> Result<Option<Session>> {
    let Some(web) = &ctx.settings.web else { return Ok(None) };
    let Some(token) = request.cookie(&cookie_name(ctx, SESSION_COOKIE)) else { return Ok(None) };
    let now = ctx.now();
    let Some((user, id, issued)) = web.session_keys.verify(&ctx.settings.public_url, token, now) else {
        return Ok(None);
    };
    let row: Option<store::Row> = ctx.query(store::get_session(&id, now)).await?.first()?;
    let Some(row) = row.filter(|row| row.user_id == user) else { return Ok(None) };
    let is_due = now - issued >= RENEW_MS;
    if is_due && now - row.last_seen_at >= RENEW_MS {
        let later = ctx.clone();
        // Once an hour: what the list of devices shows, and, for a session that goes on, this day's hash of its browser.
        let mut statements = vec![store::touch_session(&id, now)];
        statements.extend(links::note_device(ctx, None, user, request));
        ctx.after(async move {
            let _ = later.batch(statements).await;
        });
    }
    let renewed = if is_due { Some(web.session_keys.issue(&ctx.settings.public_url, user, &id, now)?) } else { None };
    let form_token = web.session_keys.form_token(&id);
    Ok(Some(Session { id, user, name: row.name, form_token, renewed }))
}

/// Sends the cookie of a new session along.
pub fn begin(ctx: &Ctx, response: Response, user: Id<UserMarker>, session: &str) -> Result<Response> {
    let web = ctx.settings.web.as_ref().ok_or_else(super::not_set_up)?;
    let token = web.session_keys.issue(&ctx.settings.public_url, user, session, ctx.now())?;
    Ok(set_cookie(ctx, response, SESSION_COOKIE, &token, IDLE_MS / 1_000))
}

/// Sends a renewed cookie along.
pub fn renew(ctx: &Ctx, response: Response, token: &str) -> Response {
    set_cookie(ctx, response, SESSION_COOKIE, token, IDLE_MS / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use serde_json::{Value, json};

    const HERE: &str = "https://muster.test";
    const NOW: i64 = 1_763_700_000_000;

    fn user() -> Id<UserMarker> {
        Id::new(900)
    }

    fn keys(text: &[(&str, &str)]) -> SessionKeys {
        let all: Vec<String> = text.iter().map(|(id, byte)| format!("{id}:{}", byte.repeat(32))).collect();
        SessionKeys::parse(&all.join(",")).unwrap()
    }

    fn issue(keys: &SessionKeys) -> String {
        keys.issue(HERE, user(), "abc", NOW).unwrap()
    }

    fn part(value: &Value) -> String {
        URL_SAFE_NO_PAD.encode(value.to_string())
    }

    #[test]
    fn a_session_is_read_back_until_it_was_idle_for_a_week() {
        let keys = keys(&[("a", "01")]);
        let token = issue(&keys);
        assert_eq!(keys.verify(HERE, &token, NOW), Some((user(), "abc".to_owned(), NOW)));
        assert!(keys.verify(HERE, &token, NOW + IDLE_MS - 1_000).is_some());
        assert_eq!(keys.verify(HERE, &token, NOW + IDLE_MS + 1_000), None);
        assert_eq!(keys.verify(HERE, &token, NOW - 60_000), None, "not before it was made");
        assert_eq!(keys.verify("https://other.test", &token, NOW), None, "another deployment's");
    }

    #[test]
    fn nothing_else_passes_for_a_session() {
        let keys = keys(&[("a", "01")]);
        let token = issue(&keys);
        let parts: Vec<&str> = token.split('.').collect();
        let claims = parts[1];
        for header in [
            json!({ "alg": "none", "typ": "JWT", "kid": "a" }),
            json!({ "alg": "HS512", "typ": "JWT", "kid": "a" }),
            json!({ "alg": "RS256", "typ": "JWT", "kid": "a" }),
            json!({ "alg": "HS256", "typ": "JWT", "kid": "b" }),
            json!({ "alg": "HS256", "typ": "JWT" }),
            json!({ "alg": "HS256", "typ": "JWT", "kid": "a", "jwk": { "kty": "oct", "k": "AA" } }),
        ] {
            for signature in [parts[2], ""] {
                let forged = format!("{}.{claims}.{signature}", part(&header));
                assert_eq!(keys.verify(HERE, &forged, NOW), None, "{header}");
            }
        }
        for end in 0..token.len() {
            assert_eq!(keys.verify(HERE, &token[..end], NOW), None);
        }
        assert_eq!(keys.verify(HERE, &"a".repeat(100_000), NOW), None);
    }

    #[test]
    fn a_token_of_another_kind_is_no_session() {
        let keys = keys(&[("a", "01")]);
        let at = UnixTimeStamp::from_millis(NOW.unsigned_abs());
        let claims = JWTClaims {
            issued_at: Some(at),
            expires_at: Some(at + Duration::from_secs(60)),
            invalid_before: Some(at),
            issuer: None,
            subject: Some(user().to_string()),
            audiences: Some(Audiences::AsString(HERE.to_owned())),
            jwt_id: Some("abc".to_owned()),
            nonce: None,
            custom: Kind { typ: "state".to_owned() },
        };
        let token = keys.0[0].jwt.authenticate(claims).unwrap();
        assert_eq!(keys.verify(HERE, &token, NOW), None);
    }

    #[test]
    fn keys_are_replaced_while_both_verify() {
        let (old, both, new) = (keys(&[("a", "01")]), keys(&[("b", "02"), ("a", "01")]), keys(&[("b", "02")]));
        let token = issue(&old);
        assert!(both.verify(HERE, &token, NOW).is_some());
        assert!(new.verify(HERE, &token, NOW).is_none());
        assert!(new.verify(HERE, &issue(&both), NOW).is_some());
        assert!(both.accepts_form("abc", &old.form_token("abc")));
        assert!(!new.accepts_form("abc", &old.form_token("abc")));
        assert!(!both.accepts_form("abd", &old.form_token("abc")));
        assert!(!both.accepts_form("abc", ""));
    }

    #[test]
    fn settings_that_are_wrong_say_why() {
        for (text, why) in [("", "no session key"), ("abc", "id:hex"), ("a:zz", "not hex"), ("a:00", "32 bytes")] {
            assert!(SessionKeys::parse(text).unwrap_err().contains(why), "{text}");
        }
    }
}
