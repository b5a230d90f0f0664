//! Purpose: the SQL of social_links, social_logins, social_accounts and social_locks.

use super::Kind;
use crate::sql::Statement;
use serde::Deserialize;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

#[derive(Debug, Clone, Deserialize)]
pub struct Link {
    pub guild_id: Id<GuildMarker>,
    pub user_id: Id<UserMarker>,
    pub user_name: String,
    pub guild_name: String,
}

pub fn insert_link(token_hash: &str, link: &Link, expires_at: i64) -> Statement {
    Statement::new(
        "INSERT INTO social_links (token_hash, guild_id, user_id, user_name, guild_name, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
    )
    .bind(token_hash)
    .bind(link.guild_id)
    .bind(link.user_id)
    .bind(&link.user_name)
    .bind(&link.guild_name)
    .bind(expires_at)
}

pub fn get_link(token_hash: &str, now: i64) -> Statement {
    Statement::new(
        "SELECT guild_id, user_id, user_name, guild_name FROM social_links WHERE token_hash = ?1 AND expires_at > ?2",
    )
    .bind(token_hash)
    .bind(now)
}

pub struct NewLogin<'a> {
    pub state_hash: &'a str,
    pub browser_hash: &'a str,
    pub guild: Id<GuildMarker>,
    pub user: Id<UserMarker>,
    pub kind: Kind,
    pub verifier: &'a str,
    pub expires_at: i64,
}

pub fn insert_login(login: &NewLogin<'_>) -> Statement {
    Statement::new(
        "INSERT INTO social_logins (state_hash, browser_hash, guild_id, user_id, platform, verifier, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )
    .bind(login.state_hash)
    .bind(login.browser_hash)
    .bind(login.guild)
    .bind(login.user)
    .bind(login.kind.key())
    .bind(login.verifier)
    .bind(login.expires_at)
}

#[derive(Debug, Deserialize)]
pub struct Login {
    pub guild_id: Id<GuildMarker>,
    pub user_id: Id<UserMarker>,
    pub verifier: String,
}

/// Takes a consent for good: a row only the first time, for the platform and in the browser that began it, before it expires.
pub fn take_login(state_hash: &str, browser_hash: &str, kind: Kind, now: i64) -> Statement {
    Statement::new(
        "UPDATE social_logins SET used_at = ?4
         WHERE state_hash = ?1 AND browser_hash = ?2 AND platform = ?3 AND used_at IS NULL AND expires_at > ?4
         RETURNING guild_id, user_id, verifier",
    )
    .bind(state_hash)
    .bind(browser_hash)
    .bind(kind.key())
    .bind(now)
}

/// Forgets links, consents and locks that ended before `now`.
pub fn delete_expired(now: i64, limit: u32) -> [Statement; 3] {
    let of = |text| Statement::new(text).bind(now).bind(limit);
    [
        of("DELETE FROM social_links WHERE token_hash IN
            (SELECT token_hash FROM social_links WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)"),
        of("DELETE FROM social_logins WHERE state_hash IN
            (SELECT state_hash FROM social_logins WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)"),
        of("DELETE FROM social_locks WHERE (guild_id, account_hash) IN
            (SELECT guild_id, account_hash FROM social_locks WHERE until < ?1 ORDER BY until LIMIT ?2)"),
    ]
}

/// A connected account. Not `Debug`: it holds sealed tokens.
#[derive(Clone, Deserialize)]
pub struct Account {
    pub id: String,
    pub guild_id: Id<GuildMarker>,
    pub user_id: Id<UserMarker>,
    pub platform: String,
    pub account_id: String,
    pub account_name: String,
    pub state: String,
    pub connected_at: i64,
    pub access_token: String,
    pub refresh_token: String,
    pub sealed_by: String,
    pub token_at: i64,
    pub token_expires_at: i64,
    pub due_at: Option<i64>,
    pub lease_until: i64,
    pub reminded_at: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub struct Elsewhere {
    pub n: u32,
}

/// In how many other guilds the same account is connected; nothing else of them is read.
pub fn count_elsewhere(account: &Account) -> Statement {
    Statement::new(
        "SELECT COUNT(*) AS n FROM social_accounts
         WHERE platform = ?1 AND account_id = ?2 AND guild_id <> ?3 AND state = 'active'",
    )
    .bind(&account.platform)
    .bind(&account.account_id)
    .bind(account.guild_id)
}

impl Account {
    pub fn is_active(&self) -> bool {
        self.state == "active"
    }

    /// `None` for a row of a platform that this version does not know.
    pub fn kind(&self) -> Option<Kind> {
        Kind::of(&self.platform)
    }
}

/// Connects an account, or puts new tokens to it. No row changes when the member has another account there, or when the account was
/// another member's until lately; a constraint fails when it is another member's now.
pub fn upsert_account(account: &Account, account_hash: &str) -> Statement {
    Statement::new(
        "INSERT INTO social_accounts (id, guild_id, user_id, platform, account_id, account_name, state, connected_at,
           access_token, refresh_token, sealed_by, token_at, token_expires_at, due_at)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, 'active', ?7, ?8, ?9, ?10, ?11, ?12, ?13
         WHERE NOT EXISTS (SELECT 1 FROM social_locks
           WHERE guild_id = ?2 AND account_hash = ?14 AND user_id <> ?3 AND until > ?7)
         ON CONFLICT (guild_id, user_id, platform) DO UPDATE SET account_name = excluded.account_name, state = 'active',
           access_token = excluded.access_token, refresh_token = excluded.refresh_token, sealed_by = excluded.sealed_by,
           token_at = excluded.token_at, token_expires_at = excluded.token_expires_at, due_at = excluded.due_at,
           lease_until = 0, reminded_at = NULL
         WHERE social_accounts.account_id = excluded.account_id",
    )
    .bind(&account.id)
    .bind(account.guild_id)
    .bind(account.user_id)
    .bind(&account.platform)
    .bind(&account.account_id)
    .bind(&account.account_name)
    .bind(account.connected_at)
    .bind(&account.access_token)
    .bind(&account.refresh_token)
    .bind(&account.sealed_by)
    .bind(account.token_at)
    .bind(account.token_expires_at)
    .bind(account.due_at)
    .bind(account_hash)
}

pub fn get_account(guild: Id<GuildMarker>, id: &str) -> Statement {
    Statement::new("SELECT * FROM social_accounts WHERE guild_id = ?1 AND id = ?2").bind(guild).bind(id)
}

pub fn list_accounts(guild: Id<GuildMarker>, user: Id<UserMarker>) -> Statement {
    Statement::new("SELECT * FROM social_accounts WHERE guild_id = ?1 AND user_id = ?2 ORDER BY platform")
        .bind(guild)
        .bind(user)
}

#[derive(Debug, Deserialize)]
pub struct DueRow {
    pub guild_id: Id<GuildMarker>,
    pub id: String,
    pub due_at: i64,
}

pub fn list_due(before: i64, limit: u32) -> Statement {
    Statement::new(
        "SELECT guild_id, id, due_at FROM social_accounts WHERE due_at IS NOT NULL AND due_at < ?1 ORDER BY due_at LIMIT ?2",
    )
    .bind(before)
    .bind(limit)
}

/// Takes the right to refresh for a while; no row while somebody else has it, or once the tokens are others.
pub fn lease(account: &Account, now: i64, until: i64) -> Statement {
    Statement::new(
        "UPDATE social_accounts SET lease_until = ?4
         WHERE guild_id = ?1 AND id = ?2 AND token_at = ?3 AND state = 'active' AND lease_until < ?5",
    )
    .bind(account.guild_id)
    .bind(&account.id)
    .bind(account.token_at)
    .bind(until)
    .bind(now)
}

/// New tokens, by whoever holds the lease.
pub fn set_tokens(account: &Account, lease_until: i64) -> Statement {
    Statement::new(
        "UPDATE social_accounts SET access_token = ?3, refresh_token = ?4, sealed_by = ?5, token_at = ?6, token_expires_at = ?7,
           due_at = ?8, lease_until = 0, reminded_at = NULL
         WHERE guild_id = ?1 AND id = ?2 AND lease_until = ?9",
    )
    .bind(account.guild_id)
    .bind(&account.id)
    .bind(&account.access_token)
    .bind(&account.refresh_token)
    .bind(&account.sealed_by)
    .bind(account.token_at)
    .bind(account.token_expires_at)
    .bind(account.due_at)
    .bind(lease_until)
}

/// Gives the lease back before its end.
pub fn release(account: &Account, lease_until: i64) -> Statement {
    Statement::new("UPDATE social_accounts SET lease_until = 0 WHERE guild_id = ?1 AND id = ?2 AND lease_until = ?3")
        .bind(account.guild_id)
        .bind(&account.id)
        .bind(lease_until)
}

/// The connection is over: its tokens are wiped, the member has to connect again. With other tokens in the row, or a lease that ends after
/// `lease_until`, the state becomes null, which the table refuses together with whatever is said about it.
pub fn lose(account: &Account, lease_until: i64) -> Statement {
    Statement::new(
        "UPDATE social_accounts SET state = CASE WHEN token_at = ?3 AND lease_until <= ?4 THEN 'lost' END,
           access_token = '', refresh_token = '', sealed_by = '', due_at = NULL, lease_until = 0
         WHERE guild_id = ?1 AND id = ?2 AND state = 'active'",
    )
    .bind(account.guild_id)
    .bind(&account.id)
    .bind(account.token_at)
    .bind(lease_until)
}

pub fn remind(account: &Account, now: i64, due_at: i64) -> Statement {
    Statement::new(
        "UPDATE social_accounts SET reminded_at = ?4, due_at = ?5
         WHERE guild_id = ?1 AND id = ?2 AND token_at = ?3 AND reminded_at IS NULL",
    )
    .bind(account.guild_id)
    .bind(&account.id)
    .bind(account.token_at)
    .bind(now)
    .bind(due_at)
}

pub fn set_due(account: &Account, due_at: i64) -> Statement {
    Statement::new("UPDATE social_accounts SET due_at = ?3 WHERE guild_id = ?1 AND id = ?2 AND due_at IS NOT NULL")
        .bind(account.guild_id)
        .bind(&account.id)
        .bind(due_at)
}

/// Erases an account, and keeps whose it was as a hash until `until`.
pub fn delete_account(account: &Account, account_hash: &str, until: i64) -> [Statement; 2] {
    [
        Statement::new(
            "INSERT INTO social_locks (guild_id, account_hash, user_id, until) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (guild_id, account_hash) DO UPDATE SET user_id = excluded.user_id, until = excluded.until",
        )
        .bind(account.guild_id)
        .bind(account_hash)
        .bind(account.user_id)
        .bind(until),
        Statement::new("DELETE FROM social_accounts WHERE guild_id = ?1 AND id = ?2")
            .bind(account.guild_id)
            .bind(&account.id),
    ]
}

/// Accounts whose tokens another key sealed.
pub fn list_sealed_by_others(key: &str, limit: u32) -> Statement {
    Statement::new("SELECT * FROM social_accounts WHERE sealed_by > '' AND (sealed_by < ?1 OR sealed_by > ?1) LIMIT ?2")
        .bind(key)
        .bind(limit)
}

/// The same tokens under another key, unless they changed meanwhile.
pub fn reseal(account: &Account, access_token: &str, refresh_token: &str, sealed_by: &str) -> Statement {
    Statement::new(
        "UPDATE social_accounts SET access_token = ?3, refresh_token = ?4, sealed_by = ?5
         WHERE guild_id = ?1 AND id = ?2 AND access_token = ?6",
    )
    .bind(account.guild_id)
    .bind(&account.id)
    .bind(access_token)
    .bind(refresh_token)
    .bind(sealed_by)
    .bind(&account.access_token)
}

/// A connection as the team sees it: without its tokens.
#[derive(Debug, Deserialize)]
pub struct Connection {
    pub user_id: Id<UserMarker>,
    pub platform: String,
    pub account_name: String,
    pub state: String,
    pub connected_at: i64,
    pub token_expires_at: i64,
    pub reminded_at: Option<i64>,
}

/// A guild's connections by member, after `after` (member, platform).
pub fn list_connections(guild: Id<GuildMarker>, after: (&str, &str), limit: u32) -> Statement {
    Statement::new(
        "SELECT user_id, platform, account_name, state, connected_at, token_expires_at, reminded_at FROM social_accounts
         WHERE guild_id = ?1 AND (user_id, platform) > (?2, ?3) ORDER BY user_id, platform LIMIT ?4",
    )
    .bind(guild)
    .bind(after.0)
    .bind(after.1)
    .bind(limit)
}

#[derive(Debug, Deserialize)]
pub struct Connected {
    pub platform: String,
    pub active: u64,
    pub lost: u64,
}

/// How many accounts of a guild are connected, by platform.
pub fn count_connections(guild: Id<GuildMarker>) -> Statement {
    Statement::new(
        "SELECT platform, COUNT(*) FILTER (WHERE state = 'active') AS active, COUNT(*) FILTER (WHERE state = 'lost') AS lost
         FROM social_accounts WHERE guild_id = ?1 GROUP BY platform",
    )
    .bind(guild)
}
