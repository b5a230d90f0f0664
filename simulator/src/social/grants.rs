//! Purpose: codes and tokens of the platforms: one use, an end by the stand-in's clock, and what is wrong with a token.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use sha2::{Digest, Sha256};

use crate::Sim;

use super::{
    Platform,
    kept::{Account, Code, Grant},
    request::Req,
};

/// A code is good for ten minutes: the longest RFC 6749 recommends. LinkedIn says 30 minutes, Meta an hour; a client has
/// to be quicker than any.
pub(super) const CODE_LIVES_MS: u64 = 10 * 60 * 1_000;
const DAY_MS: u64 = 24 * 3_600 * 1_000;

/// Why a token does not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    Unknown,
    Expired,
    Revoked,
    Scope,
}

/// Whose token it is.
#[derive(Clone, Debug)]
pub(super) struct Holder {
    pub account: Account,
    pub token: String,
}

/// What to make: how long tokens live, and whether there is a refresh token.
pub(super) struct Terms {
    pub access_prefix: &'static str,
    pub access_ms: u64,
    pub refresh_prefix: Option<&'static str>,
    /// 365 days at LinkedIn ("Programmatic Refresh Tokens") and TikTok ("Manage User Access Tokens").
    pub refresh_ms: u64,
    /// Meta's token of an hour.
    pub short: bool,
}

impl Terms {
    pub(super) fn access(prefix: &'static str, access_ms: u64) -> Self {
        Self { access_prefix: prefix, access_ms, refresh_prefix: None, refresh_ms: 0, short: false }
    }

    pub(super) fn with_refresh(self, prefix: &'static str) -> Self {
        Self { refresh_prefix: Some(prefix), refresh_ms: 365 * DAY_MS, ..self }
    }
}

/// What is wrong with a code.
pub(super) enum BadCode {
    /// Never made, used before, or too old.
    Code,
    Redirect,
    Verifier,
}

impl Sim {
    /// The holder of a token that lives and has this scope; an empty scope asks for none.
    pub(super) fn holder(&self, platform: Platform, token: Option<&str>, scope: &str) -> Result<Holder, Trouble> {
        let token = token.unwrap_or_default();
        let grants = &self.world.social.grants;
        let grant = grants.iter().find(|grant| grant.platform == platform && grant.access == token);
        let grant = grant.ok_or(Trouble::Unknown)?;
        if grant.revoked {
            return Err(Trouble::Revoked);
        }
        if self.world.now_ms >= grant.expires_ms {
            return Err(Trouble::Expired);
        }
        if !scope.is_empty() && !grant.scopes.iter().any(|held| held == scope) {
            return Err(Trouble::Scope);
        }
        let account = self.world.social.account(platform, &grant.account).ok_or(Trouble::Unknown)?.clone();
        Ok(Holder { account, token: token.to_owned() })
    }

    pub(super) fn grant_at(&self, platform: Platform, access: &str) -> Option<&Grant> {
        self.world.social.grants.iter().find(|grant| grant.platform == platform && grant.access == access)
    }

    /// Takes a code: right or wrong, it is spent.
    pub(super) fn take_code(&mut self, req: &Req) -> Result<Code, BadCode> {
        let now = self.world.now_ms;
        let wanted = req.form("code").unwrap_or_default();
        let known = |code: &&mut Code| code.platform == req.platform && code.code == wanted;
        let code = self.world.social.codes.iter_mut().find(known).ok_or(BadCode::Code)?;
        let was_used = std::mem::replace(&mut code.used, true);
        if was_used || now >= code.expires_ms {
            return Err(BadCode::Code);
        }
        if req.form("redirect_uri") != Some(code.redirect_uri.as_str()) {
            return Err(BadCode::Redirect);
        }
        let verifier = req.form("code_verifier").unwrap_or_default();
        match &code.challenge {
            Some(challenge) if *challenge != challenge_of(req.platform, verifier) => Err(BadCode::Verifier),
            _ => Ok(code.clone()),
        }
    }

    /// Makes tokens for an account. The grant is the last of the list.
    pub(super) fn grant_social(
        &mut self,
        platform: Platform,
        account: &str,
        scopes: &[String],
        terms: &Terms,
    ) -> Grant {
        let now = self.world.now_ms;
        let access = format!("{}{}", terms.access_prefix, self.secret("social access"));
        let refresh = terms.refresh_prefix.map(|prefix| format!("{prefix}{}", self.secret("social refresh")));
        let grant = Grant {
            platform,
            account: account.to_owned(),
            scopes: scopes.to_vec(),
            access,
            issued_ms: now,
            expires_ms: now + terms.access_ms,
            short: terms.short,
            refresh,
            refresh_expires_ms: now + terms.refresh_ms,
            revoked: false,
        };
        self.world.social.grants.push(grant.clone());
        grant
    }

    /// The living grant of a refresh token.
    pub(super) fn by_refresh(&mut self, platform: Platform, token: &str) -> Option<&mut Grant> {
        let now = self.world.now_ms;
        let lives = |grant: &&mut Grant| {
            grant.platform == platform
                && grant.refresh.as_deref() == Some(token)
                && !grant.revoked
                && now < grant.refresh_expires_ms
        };
        self.world.social.grants.iter_mut().find(lives)
    }

    /// Ends every grant that this token belongs to: all of that person's to the application. False when it is unknown.
    pub(super) fn revoke_by_token(&mut self, platform: Platform, token: &str) -> bool {
        let grants = &self.world.social.grants;
        let of = |grant: &&Grant| {
            grant.platform == platform && (grant.access == token || grant.refresh.as_deref() == Some(token))
        };
        let Some(account) = grants.iter().find(of).map(|grant| grant.account.clone()) else {
            return false;
        };
        self.revoke_social(platform, &account);
        true
    }

    pub(super) fn revoke_social(&mut self, platform: Platform, account: &str) {
        let grants = self.world.social.grants.iter_mut();
        for grant in grants.filter(|grant| grant.platform == platform && grant.account == account) {
            grant.revoked = true;
        }
    }
}

/// TikTok wants hexadecimal ("Login Kit for Desktop"), everybody else base64url (RFC 7636, 4.2).
fn challenge_of(platform: Platform, verifier: &str) -> String {
    let digest = Sha256::digest(verifier.as_bytes());
    match platform {
        Platform::TikTok => hex::encode(digest),
        _ => URL_SAFE_NO_PAD.encode(digest),
    }
}

/// Id and secret as `Authorization: Basic` carries them.
pub(super) fn basic(req: &Req) -> Option<(String, String)> {
    let encoded = req.raw.header("authorization")?.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    text.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned()))
}

/// Whether id (under this name) and secret in the form are the application's.
pub(super) fn knows_client(req: &Req, id_name: &str) -> bool {
    req.form(id_name) == Some(&req.platform.client_id())
        && req.form("client_secret") == Some(&req.platform.client_secret())
}
