//! Purpose: the SQL of api_answers.

use crate::sql::Statement;
use serde::Deserialize;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

/// Which request an idempotency key belongs to.
#[derive(Debug, Clone)]
pub struct Place {
    pub guild: Id<GuildMarker>,
    pub user: Id<UserMarker>,
    pub key: String,
}

fn bind(statement: Statement, place: &Place) -> Statement {
    statement.bind(place.guild).bind(place.user).bind(&place.key)
}

/// Claims the key for a request; no change when it was claimed before.
pub fn claim(place: &Place, request_hash: &str, now: i64) -> Statement {
    let statement = Statement::new(
        "INSERT OR IGNORE INTO api_answers (guild_id, user_id, key, request_hash, began_at) VALUES (?1, ?2, ?3, ?4, ?5)",
    );
    bind(statement, place).bind(request_hash).bind(now)
}

#[derive(Debug, Deserialize)]
pub struct Row {
    pub request_hash: String,
    pub began_at: i64,
    pub status: Option<u16>,
    pub body: Option<String>,
}

pub fn get(place: &Place) -> Statement {
    let statement = Statement::new(
        "SELECT request_hash, began_at, status, body FROM api_answers WHERE guild_id = ?1 AND user_id = ?2 AND key = ?3",
    );
    bind(statement, place)
}

pub fn finish(place: &Place, status: u16, body: &str) -> Statement {
    let statement = Statement::new(
        "UPDATE api_answers SET status = ?4, body = ?5 WHERE guild_id = ?1 AND user_id = ?2 AND key = ?3",
    );
    bind(statement, place).bind(i64::from(status)).bind(body)
}

/// Gives the key back, so that the same request may be tried again.
pub fn release(place: &Place) -> Statement {
    bind(Statement::new("DELETE FROM api_answers WHERE guild_id = ?1 AND user_id = ?2 AND key = ?3"), place)
}

pub fn delete_old(before: i64, limit: u32) -> Statement {
    Statement::new(
        "DELETE FROM api_answers WHERE (guild_id, user_id, key) IN
         (SELECT guild_id, user_id, key FROM api_answers WHERE began_at < ?1 ORDER BY began_at LIMIT ?2)",
    )
    .bind(before)
    .bind(limit)
}
