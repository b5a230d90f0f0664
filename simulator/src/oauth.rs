//! Purpose: OAuth2 as Discord does it: authorisation codes with PKCE, access and refresh tokens, revocation
//! (Discord reference, "OAuth2").

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    Sim,
    acting::Refusal,
    ids::Id,
    permissions as p,
    rest::{RestRequest, RestResponse, plain, read_query},
};

/// An access token lives a week (Discord reference: `expires_in` 604800).
const ACCESS_LIVES_MS: u64 = 604_800 * 1_000;
/// A code is good for ten minutes, the longest RFC 6749 recommends; Discord names no number.
const CODE_LIVES_MS: u64 = 10 * 60 * 1_000;
/// Scopes the stand-in knows.
const SCOPES: [&str; 7] =
    ["identify", "email", "guilds", "guilds.members.read", "connections", "bot", "applications.commands"];

/// What a person granted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub user: Id,
    pub scopes: Vec<String>,
    pub access_token: String,
    pub refresh_token: String,
    pub expires_ms: u64,
}

/// A code waiting to be exchanged.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Code {
    code: String,
    user: Id,
    scopes: Vec<String>,
    redirect_uri: String,
    challenge: Option<String>,
    expires_ms: u64,
}

/// All grants and codes not yet used.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Grants {
    pub grants: Vec<Grant>,
    codes: Vec<Code>,
    /// Redirect addresses registered besides loopback ones.
    redirects: Vec<String>,
    /// Addresses under which everything is registered, with the platforms.
    #[serde(default)]
    bases: Vec<String>,
}

impl Grants {
    /// The grant of an access token that has not expired.
    pub(crate) fn by_access_token(&self, token: &str, now_ms: u64) -> Option<&Grant> {
        self.grants.iter().find(|grant| grant.access_token == token && now_ms < grant.expires_ms)
    }
}

/// A checked authorisation request: what the consent page shows.
#[derive(Clone, Debug)]
pub struct Consent {
    pub scopes: Vec<String>,
    pub redirect_uri: String,
    pub state: Option<String>,
    /// Permissions asked for with the scope `bot`.
    pub permissions: u64,
    /// Guild chosen beforehand.
    pub guild_id: Option<String>,
    challenge: Option<String>,
}

impl Consent {
    /// Whether the application is to be added to a guild.
    pub fn installs(&self) -> bool {
        self.scopes.iter().any(|scope| scope == "bot")
    }

    fn redirect(&self, parts: &[(&str, &str)]) -> String {
        let mut query: Vec<String> = Vec::new();
        let state = self.state.as_deref().map(|state| ("state", state));
        for (name, value) in parts.iter().copied().chain(state) {
            let value = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
            query.push(format!("{name}={value}"));
        }
        let joint = if self.redirect_uri.contains('?') { '&' } else { '?' };
        format!("{}{joint}{}", self.redirect_uri, query.join("&"))
    }
}

impl Sim {
    /// Registers a redirect address. Those on loopback need no registration here.
    pub fn add_redirect_uri(&mut self, uri: &str) {
        self.world.oauth.redirects.push(uri.to_owned());
    }

    /// Registers all addresses that begin like this with the platforms under `/social`. Discord wants each by itself.
    pub fn add_redirect_base(&mut self, base: &str) {
        self.world.oauth.bases.push(base.to_owned());
    }

    /// Whether a platform's application without redirect addresses of its own takes this one.
    pub(crate) fn knows_social_redirect(&self, uri: &str) -> bool {
        self.knows_redirect(uri) || self.world.oauth.bases.iter().any(|base| uri.starts_with(base.as_str()))
    }

    /// Checks the query of an authorisation URL as the consent page does. Refusals are what that page would show.
    pub fn consent(&self, query: &str) -> Result<Consent, Refusal> {
        let pairs = read_query(query);
        let value = |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        if value("client_id").as_deref() != Some(&self.app.to_string()) {
            return Err(Refusal::new("unknown_application", "Unknown Application"));
        }
        let scopes: Vec<String> = value("scope").unwrap_or_default().split_whitespace().map(str::to_owned).collect();
        if scopes.is_empty() || scopes.iter().any(|scope| !SCOPES.contains(&scope.as_str())) {
            return Err(Refusal::new("invalid_scope", "The requested scope is invalid, unknown, or malformed."));
        }
        let only_install = scopes.iter().all(|scope| scope == "bot" || scope == "applications.commands");
        let redirect_uri = value("redirect_uri").unwrap_or_default();
        if value("response_type").as_deref() != Some("code") && !only_install {
            return Err(Refusal::new("invalid_request", "This stand-in knows response_type=code only"));
        }
        let redirects = !redirect_uri.is_empty() || !only_install;
        if redirects && !self.knows_redirect(&redirect_uri) {
            return Err(Refusal::new("invalid_redirect", "Invalid OAuth2 redirect_uri"));
        }
        let challenge = value("code_challenge");
        if challenge.is_some() && value("code_challenge_method").as_deref() != Some("S256") {
            return Err(Refusal::new("invalid_request", "code_challenge_method must be S256"));
        }
        let permissions = value("permissions").and_then(|bits| bits.parse().ok()).unwrap_or(0);
        Ok(Consent { scopes, redirect_uri, state: value("state"), permissions, guild_id: value("guild_id"), challenge })
    }

    fn knows_redirect(&self, uri: &str) -> bool {
        let loopback = ["http://127.0.0.1", "http://localhost"]
            .iter()
            .any(|start| uri.strip_prefix(start).is_some_and(|rest| rest.starts_with([':', '/']) || rest.is_empty()));
        loopback || self.world.oauth.redirects.iter().any(|known| known == uri)
    }

    /// A person agrees. Gives where the browser goes next: the redirect address with `code` and `state`; empty when the
    /// application was only added to a guild and nothing was to be redirected. With the scope `bot` a guild is needed in
    /// which the person has MANAGE_GUILD.
    pub fn authorize(&mut self, user: &str, query: &str, guild: Option<&str>) -> Result<String, Refusal> {
        let consent = self.consent(query)?;
        let user = self.need_user(user)?;
        let mut parts = Vec::new();
        let mut guild_text = String::new();
        if consent.installs() {
            let wanted = guild.or(consent.guild_id.as_deref()).unwrap_or_default();
            let guild_id = self.need_guild(wanted)?;
            let rights = self.world.guilds.get(&guild_id).and_then(|guild| guild.base_permissions(user)).unwrap_or(0);
            if rights & (p::MANAGE_GUILD | p::ADMINISTRATOR) == 0 {
                return Err(Refusal::new("no_permission", "You need Manage Server to add a bot"));
            }
            guild_text = guild_id.to_string();
            self.install_app(&guild_text, consent.permissions)?;
        }
        if consent.redirect_uri.is_empty() {
            return Ok(String::new());
        }
        let code = self.secret("oauth2 code");
        self.world.oauth.codes.push(Code {
            code: code.clone(),
            user,
            scopes: consent.scopes.clone(),
            redirect_uri: consent.redirect_uri.clone(),
            challenge: consent.challenge.clone(),
            expires_ms: self.world.now_ms + CODE_LIVES_MS,
        });
        parts.push(("code", code.as_str()));
        let permissions = consent.permissions.to_string();
        if !guild_text.is_empty() {
            parts.extend([("guild_id", guild_text.as_str()), ("permissions", permissions.as_str())]);
        }
        Ok(consent.redirect(&parts))
    }

    /// A person declines. Gives where the browser goes next.
    pub fn decline(&self, query: &str) -> Result<String, Refusal> {
        let consent = self.consent(query)?;
        let description = "The resource owner or authorization server denied the request";
        Ok(consent.redirect(&[("error", "access_denied"), ("error_description", description)]))
    }

    /// `POST /oauth2/token` and `/oauth2/token/revoke`.
    pub(crate) fn oauth_call(&mut self, request: &RestRequest, revoke: bool) -> RestResponse {
        let outcome = self
            .read_token_request(request)
            .and_then(|form| if revoke { self.revoke(&form) } else { self.exchange(&form) });
        match outcome {
            Ok(body) => plain(200, body),
            Err(error) => plain(error.0, json!({"error": error.1, "error_description": error.2})),
        }
    }

    fn read_token_request(&self, request: &RestRequest) -> Result<Form, TokenError> {
        let kind = request.header("content-type").unwrap_or_default();
        if !kind.starts_with("application/x-www-form-urlencoded") {
            return Err(TokenError(400, "invalid_request", "The body must be form-encoded"));
        }
        let form = Form(read_query(&String::from_utf8_lossy(&request.body)));
        let basic = request.header("authorization").and_then(|header| header.strip_prefix("Basic "));
        let (id, secret) = match basic {
            Some(encoded) => {
                let decoded =
                    STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
                decoded.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned())).unwrap_or_default()
            }
            None => (form.get("client_id").to_owned(), form.get("client_secret").to_owned()),
        };
        if id != self.app.to_string() || secret != self.options.client_secret {
            return Err(TokenError(401, "invalid_client", "The client is unknown or its secret is wrong"));
        }
        Ok(form)
    }

    fn exchange(&mut self, form: &Form) -> Result<Value, TokenError> {
        match form.get("grant_type") {
            "authorization_code" => self.exchange_code(form),
            "refresh_token" => self.refresh(form),
            _ => Err(TokenError(400, "unsupported_grant_type", "Grant type None is not supported")),
        }
    }

    fn exchange_code(&mut self, form: &Form) -> Result<Value, TokenError> {
        const INVALID: TokenError = TokenError(400, "invalid_grant", "Invalid \"code\" in request.");
        let position = self.world.oauth.codes.iter().position(|code| code.code == form.get("code"));
        // A code is spent by the first try, right or wrong.
        let code = position.map(|at| self.world.oauth.codes.remove(at)).ok_or(INVALID)?;
        if self.world.now_ms >= code.expires_ms {
            return Err(INVALID);
        }
        if code.redirect_uri != form.get("redirect_uri") {
            return Err(TokenError(400, "invalid_grant", "Invalid \"redirect_uri\" in request."));
        }
        if let Some(challenge) = &code.challenge {
            let digest = Sha256::digest(form.get("code_verifier").as_bytes());
            if URL_SAFE_NO_PAD.encode(digest) != *challenge {
                return Err(TokenError(400, "invalid_grant", "Invalid \"code_verifier\" in request."));
            }
        }
        Ok(self.grant(code.user, code.scopes))
    }

    fn refresh(&mut self, form: &Form) -> Result<Value, TokenError> {
        let grants = &mut self.world.oauth.grants;
        let position = grants.iter().position(|grant| grant.refresh_token == form.get("refresh_token"));
        // Refresh tokens rotate: the old pair is dead at once.
        let old = position.map(|at| grants.remove(at));
        let old = old.ok_or(TokenError(400, "invalid_grant", "Invalid \"refresh_token\" in request."))?;
        Ok(self.grant(old.user, old.scopes))
    }

    fn grant(&mut self, user: Id, scopes: Vec<String>) -> Value {
        let access_token = self.secret("oauth2 access");
        let refresh_token = self.secret("oauth2 refresh");
        let json = json!({
            "token_type": "Bearer",
            "access_token": access_token,
            "refresh_token": refresh_token,
            "expires_in": ACCESS_LIVES_MS / 1_000,
            "scope": scopes.join(" "),
        });
        let expires_ms = self.world.now_ms + ACCESS_LIVES_MS;
        self.world.oauth.grants.push(Grant { user, scopes, access_token, refresh_token, expires_ms });
        json
    }

    /// Revoking any token of an authorisation ends all tokens that person gave this application (Discord reference).
    fn revoke(&mut self, form: &Form) -> Result<Value, TokenError> {
        let token = form.get("token");
        let grants = &mut self.world.oauth.grants;
        let user =
            grants.iter().find(|grant| grant.access_token == token || grant.refresh_token == token).map(|g| g.user);
        grants.retain(|grant| Some(grant.user) != user);
        Ok(json!({}))
    }
}

/// HTTP status, RFC 6749 error code, description.
struct TokenError(u16, &'static str, &'static str);

struct Form(Vec<(String, String)>);

impl Form {
    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}
