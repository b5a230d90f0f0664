//! Purpose: who somebody is on the web: signing in with Discord, sessions, and Discord's tokens behind them.
//!
//! Tables: web_logins, web_sessions.

pub mod login;
pub mod session;
pub mod store;

pub use session::{Session, SessionKeys};

use crate::{
    api_keys::ApiKey,
    ctx::Ctx,
    error::{Error, Result},
    vault::{Place, Vault},
};
use sha2::{Digest, Sha256};
use std::rc::Rc;

/// What signing in on the web takes; a deployment without it has no dashboard.
#[derive(Clone)]
pub struct WebSettings {
    /// The application's OAuth2 secret.
    pub client_secret: String,
    pub session_keys: Rc<SessionKeys>,
    pub vault: Rc<Vault>,
}

/// Who asks.
#[derive(Debug, Clone, Default)]
pub enum Caller {
    #[default]
    Nobody,
    Session(Rc<Session>),
    /// A program, in the name of whoever made its key.
    Key(Rc<ApiKey>),
}

impl Caller {
    pub fn session(&self) -> Option<&Session> {
        match self {
            Self::Session(session) => Some(session),
            Self::Nobody | Self::Key(_) => None,
        }
    }
}

fn not_set_up() -> Error {
    Error::user(
        "Signing in is not set up on this deployment yet. Whoever runs it finds what is missing in the README under Dashboard.",
    )
}

/// How a secret that only has to be recognised again is kept.
fn hashed(secret: &str) -> String {
    hex::encode(Sha256::digest(secret))
}

const ACCESS: &str = "access_token";
const REFRESH: &str = "refresh_token";

fn place<'a>(session: &'a str, column: &'a str) -> Place<'a> {
    Place { table: "web_sessions", row: session, column }
}

/// Discord's tokens in the clear, for the length of one call.
struct Tokens {
    access: String,
    refresh: String,
    /// Unix milliseconds.
    expires_at: i64,
}

fn seal(ctx: &Ctx, vault: &Vault, session: &str, tokens: &Tokens) -> Result<store::Sealed> {
    let seal = |column, text: &str| {
        vault
            .seal(&*ctx.rng, place(session, column), text.as_bytes())
            .map_err(|error| Error::internal(format!("a token was not sealed: {error}")))
    };
    Ok(store::Sealed {
        access_token: seal(ACCESS, &tokens.access)?,
        refresh_token: seal(REFRESH, &tokens.refresh)?,
        token_expires_at: tokens.expires_at,
        sealed_by: vault.current().to_owned(),
    })
}

fn open(vault: &Vault, session: &str, sealed: &store::Sealed) -> Result<Tokens> {
    let open = |column, text: &str| {
        let bytes = vault.open(place(session, column), text);
        let bytes = bytes.map_err(|error| Error::internal(format!("a token of a session does not open: {error}")))?;
        String::from_utf8(bytes).map_err(Error::internal)
    };
    Ok(Tokens {
        access: open(ACCESS, &sealed.access_token)?,
        refresh: open(REFRESH, &sealed.refresh_token)?,
        expires_at: sealed.token_expires_at,
    })
}

/// The access token of a session; `None` when the session ended, or its token ran out (Discord's hold for a week).
pub async fn access_token(ctx: &Ctx, session: &Session) -> Result<Option<String>> {
    let Some(web) = &ctx.settings.web else { return Ok(None) };
    let sealed: Option<store::Sealed> = ctx.query(store::get_tokens(&session.id)).await?.first()?;
    let Some(sealed) = sealed.filter(|sealed| sealed.token_expires_at > ctx.now()) else { return Ok(None) };
    Ok(Some(open(&web.vault, &session.id, &sealed)?.access))
}

/// Rows per minute that move to the newest key: a thousand sessions take twenty minutes.
const RESEAL_AT_ONCE: u32 = 50;
const DELETE_AT_ONCE: u32 = 500;

/// Forgets what has expired.
///
/// # Errors
/// When the database does not answer.
pub async fn delete_old(ctx: &Ctx) -> Result<()> {
    let now = ctx.now();
    ctx.batch(vec![
        store::delete_expired_logins(now, DELETE_AT_ONCE),
        store::delete_expired_sessions(now, DELETE_AT_ONCE),
    ])
    .await?;
    Ok(())
}

/// Moves tokens to the key that seals today.
///
/// # Errors
/// When the database does not answer; the next tick goes on.
pub async fn reseal(ctx: &Ctx) -> Result<()> {
    let Some(web) = &ctx.settings.web else { return Ok(()) };
    let stale: Vec<store::Stale> =
        ctx.query(store::list_sealed_by_others(web.vault.current(), RESEAL_AT_ONCE)).await?.all()?;
    let mut statements = Vec::new();
    for row in &stale {
        match open(&web.vault, &row.id, &row.tokens) {
            Ok(tokens) => {
                let again = seal(ctx, &web.vault, &row.id, &tokens)?;
                statements.push(store::replace_tokens(&row.id, &row.tokens, &again));
            }
            // Its key is gone: nothing can be done with it any more.
            Err(_) => statements.push(store::clear_tokens(&row.id)),
        }
    }
    if !statements.is_empty() {
        ctx.batch(statements).await?;
    }
    Ok(())
}
