//! Purpose: the SQL of media.

use crate::sql::Statement;
use serde::Deserialize;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

pub struct NewMedia<'a> {
    pub guild: Id<GuildMarker>,
    pub name: &'a str,
    pub bytes: usize,
    pub created_by: Id<UserMarker>,
    pub created_at: i64,
    pub due_at: i64,
}

/// Written unless the guild would then keep more than `most` bytes.
pub fn insert(media: &NewMedia<'_>, most: i64) -> Statement {
    Statement::new(
        "INSERT INTO media (guild_id, name, bytes, created_by, created_at, due_at) SELECT ?1, ?2, ?3, ?4, ?5, ?6
         WHERE ?3 + (SELECT COALESCE(SUM(bytes), 0) FROM media WHERE guild_id = ?1) <= ?7",
    )
    .bind(media.guild)
    .bind(media.name)
    .bind(media.bytes as i64)
    .bind(media.created_by)
    .bind(media.created_at)
    .bind(media.due_at)
    .bind(most)
}

/// Keeps a picture that something is about to use; nothing changes for one that is not there, or going.
pub fn touch(guild: Id<GuildMarker>, name: &str, due_at: i64) -> Statement {
    Statement::new("UPDATE media SET due_at = max(due_at, ?3) WHERE guild_id = ?1 AND name = ?2 AND is_going = 0")
        .bind(guild)
        .bind(name)
        .bind(due_at)
}

#[derive(Debug, Deserialize)]
pub struct Due {
    pub guild_id: Id<GuildMarker>,
    pub name: String,
}

/// What is looked at now, in three statements: missions that were closed before `closed_before` let go of theirs, what nothing uses is
/// marked as going, and everything else is looked at again at `again`. A row that is going stays due, so that whoever comes next finds it.
pub fn settle(now: i64, closed_before: i64, again: i64) -> [Statement; 3] {
    let let_go = Statement::new(
        "UPDATE missions SET image_url = '' WHERE state = 'closed' AND closed_at <= ?2 AND image_url <> ''
           AND (guild_id, image_url) IN (SELECT guild_id, 'media:' || name FROM media WHERE due_at <= ?1 AND is_going = 0)",
    )
    .bind(now)
    .bind(closed_before);
    let mark = Statement::new(
        "UPDATE media SET is_going = 1 WHERE due_at <= ?1 AND is_going = 0
           AND NOT EXISTS (SELECT 1 FROM missions WHERE missions.guild_id = media.guild_id
             AND missions.image_url = 'media:' || media.name AND missions.image_url <> '')
           AND NOT EXISTS (SELECT 1 FROM mission_posts WHERE mission_posts.guild_id = media.guild_id
             AND mission_posts.image_url = 'media:' || media.name AND mission_posts.due_at IS NOT NULL
             AND mission_posts.image_url <> '')",
    )
    .bind(now);
    let keep = Statement::new("UPDATE media SET due_at = ?2 WHERE due_at <= ?1 AND is_going = 0").bind(now).bind(again);
    [let_go, mark, keep]
}

pub fn list_going(now: i64, limit: u32) -> Statement {
    Statement::new("SELECT guild_id, name FROM media WHERE due_at <= ?1 AND is_going = 1 ORDER BY due_at LIMIT ?2")
        .bind(now)
        .bind(limit)
}

/// `gone`: a JSON array of `[guild, name]`.
pub fn delete(gone: &str) -> Statement {
    Statement::new(
        "DELETE FROM media WHERE is_going = 1 AND (guild_id, name) IN
           (SELECT value ->> 0, value ->> 1 FROM json_each(?1))",
    )
    .bind(gone)
}
