//! Purpose: the SQL of web_logins and web_sessions.

use crate::sql::Statement;
use serde::Deserialize;
use twilight_model::id::{Id, marker::UserMarker};

pub struct NewLogin<'a> {
    pub state_hash: &'a str,
    pub browser_hash: &'a str,
    pub verifier: &'a str,
    pub return_to: &'a str,
    pub expires_at: i64,
}

pub fn insert_login(login: &NewLogin<'_>) -> Statement {
    Statement::new(
        "INSERT INTO web_logins (state_hash, browser_hash, verifier, return_to, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )
    .bind(login.state_hash)
    .bind(login.browser_hash)
    .bind(login.verifier)
    .bind(login.return_to)
    .bind(login.expires_at)
}

#[derive(Debug, Deserialize)]
pub struct Login {
    pub verifier: String,
    pub return_to: String,
}

/// Takes a login for good: a row only the first time, in the browser that began it, before it expires.
pub fn take_login(state_hash: &str, browser_hash: &str, now: i64) -> Statement {
    Statement::new(
        "UPDATE web_logins SET used_at = ?3
         WHERE state_hash = ?1 AND browser_hash = ?2 AND used_at IS NULL AND expires_at > ?3
         RETURNING verifier, return_to",
    )
    .bind(state_hash)
    .bind(browser_hash)
    .bind(now)
}

pub fn delete_expired_logins(now: i64, limit: u32) -> Statement {
    Statement::new(
        "DELETE FROM web_logins WHERE state_hash IN
         (SELECT state_hash FROM web_logins WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)",
    )
    .bind(now)
    .bind(limit)
}

/// Discord's tokens as they lie in the database.
#[derive(Debug, Clone, Deserialize)]
pub struct Sealed {
    pub access_token: String,
    pub refresh_token: String,
    /// Unix milliseconds.
    pub token_expires_at: i64,
    pub sealed_by: String,
}

pub struct NewSession<'a> {
    pub id: &'a str,
    pub user: Id<UserMarker>,
    pub name: &'a str,
    pub device: &'a str,
    pub now: i64,
    pub expires_at: i64,
    pub tokens: Sealed,
}

pub fn insert_session(session: &NewSession<'_>) -> Statement {
    Statement::new(
        "INSERT INTO web_sessions (id, user_id, name, device, created_at, last_seen_at, expires_at,
           access_token, refresh_token, token_expires_at, sealed_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8, ?9, ?10)",
    )
    .bind(session.id)
    .bind(session.user)
    .bind(session.name)
    .bind(session.device)
    .bind(session.now)
    .bind(session.expires_at)
    .bind(&session.tokens.access_token)
    .bind(&session.tokens.refresh_token)
    .bind(session.tokens.token_expires_at)
    .bind(&session.tokens.sealed_by)
}

#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    pub id: String,
    pub user_id: Id<UserMarker>,
    pub name: String,
    pub device: String,
    pub created_at: i64,
    pub last_seen_at: i64,
}

/// A session that holds now.
pub fn get_session(id: &str, now: i64) -> Statement {
    Statement::new(
        "SELECT id, user_id, name, device, created_at, last_seen_at FROM web_sessions
         WHERE id = ?1 AND revoked_at IS NULL AND expires_at > ?2",
    )
    .bind(id)
    .bind(now)
}

pub fn touch_session(id: &str, now: i64) -> Statement {
    Statement::new("UPDATE web_sessions SET last_seen_at = ?2 WHERE id = ?1").bind(id).bind(now)
}

/// All of somebody's sessions that hold now, the newest first.
pub fn list_sessions(user: Id<UserMarker>, now: i64) -> Statement {
    Statement::new(
        "SELECT id, user_id, name, device, created_at, last_seen_at FROM web_sessions
         WHERE user_id = ?1 AND revoked_at IS NULL AND expires_at > ?2 ORDER BY created_at DESC LIMIT 100",
    )
    .bind(user)
    .bind(now)
}

/// Ends one session of that person; the row stays for a while, its tokens do not.
pub fn revoke_session(id: &str, user: Id<UserMarker>, now: i64) -> Statement {
    Statement::new(
        "UPDATE web_sessions SET revoked_at = ?3, access_token = '', refresh_token = '', sealed_by = ''
         WHERE id = ?1 AND user_id = ?2 AND revoked_at IS NULL",
    )
    .bind(id)
    .bind(user)
    .bind(now)
}

pub fn revoke_all(user: Id<UserMarker>, now: i64) -> Statement {
    Statement::new(
        "UPDATE web_sessions SET revoked_at = ?2, access_token = '', refresh_token = '', sealed_by = ''
         WHERE user_id = ?1 AND revoked_at IS NULL",
    )
    .bind(user)
    .bind(now)
}

pub fn delete_expired_sessions(now: i64, limit: u32) -> Statement {
    Statement::new(
        "DELETE FROM web_sessions WHERE id IN
         (SELECT id FROM web_sessions WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)",
    )
    .bind(now)
    .bind(limit)
}

pub fn get_tokens(id: &str) -> Statement {
    Statement::new(
        "SELECT access_token, refresh_token, token_expires_at, sealed_by FROM web_sessions
         WHERE id = ?1 AND revoked_at IS NULL",
    )
    .bind(id)
}

#[derive(Debug, Deserialize)]
pub struct Stale {
    pub id: String,
    #[serde(flatten)]
    pub tokens: Sealed,
}

/// Sessions whose tokens another key sealed.
pub fn list_sealed_by_others(key: &str, limit: u32) -> Statement {
    Statement::new(
        "SELECT id, access_token, refresh_token, token_expires_at, sealed_by FROM web_sessions
         WHERE sealed_by > '' AND (sealed_by < ?1 OR sealed_by > ?1) LIMIT ?2",
    )
    .bind(key)
    .bind(limit)
}

/// Puts the tokens of a session in place of those that `before` sealed.
pub fn replace_tokens(id: &str, before: &Sealed, after: &Sealed) -> Statement {
    Statement::new(
        "UPDATE web_sessions SET access_token = ?3, refresh_token = ?4, token_expires_at = ?5, sealed_by = ?6
         WHERE id = ?1 AND access_token = ?2 AND revoked_at IS NULL",
    )
    .bind(id)
    .bind(&before.access_token)
    .bind(&after.access_token)
    .bind(&after.refresh_token)
    .bind(after.token_expires_at)
    .bind(&after.sealed_by)
}

/// For tokens that cannot be opened any more.
pub fn clear_tokens(id: &str) -> Statement {
    Statement::new(
        "UPDATE web_sessions SET access_token = '', refresh_token = '', token_expires_at = 0, sealed_by = '' WHERE id = ?1",
    )
    .bind(id)
}
