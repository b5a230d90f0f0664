//! Purpose: the SQL of outbox.

use super::{Effect, EffectKind};
use crate::{audit, sql::Statement};
use serde::Deserialize;
use serde_json::json;
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, GuildMarker},
};

#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    pub id: String,
    pub guild_id: Id<GuildMarker>,
    pub feature: String,
    pub effect: String,
    pub reference: String,
    pub channel_id: String,
    /// JSON of Create Message; NULL for an edit that is rendered at delivery.
    pub body: Option<String>,
    pub marker: String,
    pub state: String,
    /// Attempts that may have reached Discord.
    pub attempts: i64,
    pub next_at: i64,
    pub lease_until: i64,
    pub first_sent_at: i64,
    pub created_at: i64,
}

#[derive(Debug, Deserialize)]
pub struct IdRow {
    pub id: String,
}

/// A row leased to whoever inserts it. A post fails on a known effect (the cause was already carried out); an edit
/// re-opens its row.
pub fn insert(id: &str, effect: &Effect, now: i64, lease_until: i64) -> Statement {
    let statement = match &effect.kind {
        EffectKind::Post { .. } | EffectKind::Direct { .. } => Statement::new(
            "INSERT INTO outbox (id, guild_id, feature, effect, reference, channel_id, body, marker, state, attempts,
               next_at, lease_until, first_sent_at, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'sending', 0, ?9, ?10, ?9, ?9)",
        ),
        EffectKind::Render => Statement::new(
            "INSERT INTO outbox (id, guild_id, feature, effect, reference, channel_id, body, marker, state, attempts,
               next_at, lease_until, first_sent_at, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'sending', 0, ?9, ?10, ?9, ?9)
             ON CONFLICT (effect) DO UPDATE SET id = ?1, state = 'sending', attempts = 0, next_at = ?9,
               lease_until = ?10, first_sent_at = ?9, created_at = ?9, error = NULL",
        ),
    };
    let (channel, body, marker) = target(&effect.kind);
    statement
        .bind(id)
        .bind(effect.guild_id)
        .bind(effect.feature)
        .bind(&effect.key)
        .bind(&effect.reference)
        .bind(channel)
        .bind(body)
        .bind(marker)
        .bind(now)
        .bind(lease_until)
}

/// Channel (a private one by its person, `@id`), body and marker.
fn target(kind: &EffectKind) -> (String, Option<String>, &str) {
    match kind {
        EffectKind::Post { channel, body, marker } => (channel.to_string(), Some(body.to_string()), marker),
        EffectKind::Direct { user, body, marker } => (format!("@{user}"), Some(body.to_string()), marker),
        EffectKind::Render => (String::new(), None, ""),
    }
}

/// Several new posts, leased like by [`insert`]; known effects are left out.
pub fn insert_new(ids: &[String], effects: &[Effect], now: i64, lease_until: i64) -> Statement {
    let rows: Vec<serde_json::Value> = ids
        .iter()
        .zip(effects)
        .map(|(id, effect)| {
            let (channel, body, marker) = target(&effect.kind);
            json!([id, effect.guild_id, effect.feature, effect.key, effect.reference, channel, body, marker])
        })
        .collect();
    Statement::new(
        "INSERT OR IGNORE INTO outbox (id, guild_id, feature, effect, reference, channel_id, body, marker, state, attempts,
           next_at, lease_until, first_sent_at, created_at)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
           'sending', 0, ?2, ?3, ?2, ?2 FROM json_each(?1)",
    )
    .bind(json!(rows).to_string())
    .bind(now)
    .bind(lease_until)
}

pub fn get(id: &str) -> Statement {
    Statement::new(
        "SELECT id, guild_id, feature, effect, reference, channel_id, body, marker, state, attempts, next_at,
           lease_until, first_sent_at, created_at FROM outbox WHERE id = ?1",
    )
    .bind(id)
}

/// Takes a row that waits or whose holder died. One caller gets it.
pub fn claim(id: &str, now: i64, lease_until: i64) -> Statement {
    Statement::new(
        "UPDATE outbox SET state = 'sending', lease_until = ?3
         WHERE id = ?1 AND ((state = 'pending' AND next_at <= ?2) OR (state = 'sending' AND lease_until <= ?2))",
    )
    .bind(id)
    .bind(now)
    .bind(lease_until)
}

/// The lease names the holder: who lost it changes nothing.
pub fn mark_sent(id: &str, lease_until: i64, message_id: &str, now: i64) -> Statement {
    Statement::new(
        "UPDATE outbox SET state = 'sent', message_id = ?3, next_at = ?4, error = NULL
         WHERE id = ?1 AND state = 'sending' AND lease_until = ?2",
    )
    .bind(id)
    .bind(lease_until)
    .bind(message_id)
    .bind(now)
}

pub fn mark_pending(id: &str, lease_until: i64, next_at: i64, counts: bool, error: &str) -> Statement {
    Statement::new(
        "UPDATE outbox SET state = 'pending', next_at = ?3, attempts = attempts + ?4, error = ?5
         WHERE id = ?1 AND state = 'sending' AND lease_until = ?2",
    )
    .bind(id)
    .bind(lease_until)
    .bind(next_at)
    .bind(counts)
    .bind(error)
}

pub fn mark_ended(id: &str, lease_until: i64, state: &str, error: &str) -> Statement {
    Statement::new("UPDATE outbox SET state = ?3, error = ?4 WHERE id = ?1 AND state = 'sending' AND lease_until = ?2")
        .bind(id)
        .bind(lease_until)
        .bind(state)
        .bind(error)
}

pub fn list_forgotten(before: i64, limit: u32) -> Statement {
    Statement::new(
        "SELECT id FROM outbox
         WHERE (state = 'pending' AND next_at <= ?1) OR (state = 'sending' AND lease_until <= ?1)
         ORDER BY created_at LIMIT ?2",
    )
    .bind(before)
    .bind(limit)
}

/// Rows of each state that is not `sent`, for health.
pub fn count_open() -> Statement {
    Statement::new(
        "SELECT state, COUNT(*) AS n FROM outbox WHERE state IN ('sending', 'pending', 'failed', 'held') GROUP BY state",
    )
}

pub fn delete_sent(before: i64, limit: u32) -> Statement {
    Statement::new(
        "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE state = 'sent' AND next_at < ?1 LIMIT ?2)",
    )
    .bind(before)
    .bind(limit)
}

/// Effects whose key begins with `prefix`, which ends in a colon, apart from one that is being delivered right now.
pub fn delete_by_prefix(prefix: &str) -> Statement {
    // ';' follows ':', so that the unique index on `effect` finds them.
    let end = format!("{};", prefix.trim_end_matches(':'));
    Statement::new("DELETE FROM outbox WHERE effect >= ?1 AND effect < ?2 AND state <> 'sending'")
        .bind(prefix)
        .bind(end)
}

#[derive(Debug, Deserialize)]
pub struct CountRow {
    pub n: u32,
}

/// Has an edit made once more, whether it was done or somebody is at it: what it edits was not there before.
pub fn reopen_edit(effect: &str) -> Statement {
    Statement::new(
        "UPDATE outbox SET state = 'pending', next_at = 0, error = NULL
         WHERE effect = ?1 AND body IS NULL AND state IN ('sent', 'sending')",
    )
    .bind(effect)
}

/// By range instead of LIKE, so that the unique index answers; `;` follows `:`.
pub fn count_waiting(prefix: &str) -> Statement {
    let end = format!("{};", prefix.trim_end_matches(':'));
    Statement::new(
        "SELECT COUNT(*) AS n FROM outbox WHERE effect >= ?1 AND effect < ?2 AND state IN ('sending', 'pending')",
    )
    .bind(prefix)
    .bind(end)
}

pub fn count_refused(effect: &str, since: i64) -> Statement {
    Statement::new("SELECT COUNT(*) AS n FROM outbox WHERE effect = ?1 AND state = 'failed' AND created_at > ?2")
        .bind(effect)
        .bind(since)
}

pub fn count_failed(channel: Id<ChannelMarker>, since: i64) -> Statement {
    Statement::new("SELECT COUNT(*) AS n FROM outbox WHERE state = 'failed' AND channel_id = ?1 AND next_at > ?2")
        .bind(channel)
        .bind(since)
}

#[derive(Debug, Deserialize)]
pub struct Undelivered {
    pub id: String,
    pub channel_id: String,
    pub state: String,
    pub error: Option<String>,
    pub created_at: i64,
}

/// What Discord refused, or what nobody could find out about, newest first.
pub fn list_undelivered(guild: Id<GuildMarker>, since: i64, limit: u32) -> Statement {
    Statement::new(
        "SELECT id, channel_id, state, error, created_at FROM outbox
         WHERE guild_id = ?1 AND state IN ('failed', 'held') AND state IN ('pending', 'failed', 'held') AND created_at > ?2
         ORDER BY created_at DESC LIMIT ?3",
    )
    .bind(guild)
    .bind(since)
    .bind(limit)
}

/// Opens one such row again. Its time of sending stays, so that the channel is read back before anything is sent.
pub fn reopen(guild: Id<GuildMarker>, id: &str, now: i64) -> Statement {
    Statement::new(
        "UPDATE outbox SET state = 'pending', next_at = ?3, created_at = ?3, error = NULL
         WHERE id = ?2 AND guild_id = ?1 AND state IN ('failed', 'held')",
    )
    .bind(guild)
    .bind(id)
    .bind(now)
}

/// What did not go out, with as much as somebody needs to decide about it.
#[derive(Debug, Clone, Deserialize)]
pub struct OpenRow {
    pub id: String,
    pub feature: String,
    pub effect: String,
    pub reference: String,
    pub channel_id: String,
    pub body: Option<String>,
    pub marker: String,
    pub state: String,
    pub attempts: i64,
    pub next_at: i64,
    pub first_sent_at: i64,
    pub created_at: i64,
    pub error: Option<String>,
}

macro_rules! open_columns {
    () => {
        "SELECT id, feature, effect, reference, channel_id, body, marker, state, attempts, next_at, first_sent_at, created_at, \
         error FROM outbox"
    };
}

/// Rows of one state, `pending`, `failed` or `held`, newest first, after a row made at `before` with the id `before_id`.
pub fn list_open(guild: Id<GuildMarker>, state: &str, before: i64, before_id: &str, limit: u32) -> Statement {
    Statement::new(concat!(
        open_columns!(),
        " INDEXED BY outbox_open WHERE guild_id = ?1 AND state IN ('pending', 'failed', 'held') AND state = ?2
            AND created_at <= ?3
            AND (created_at < ?3 OR id < ?4)
          ORDER BY created_at DESC, id DESC LIMIT ?5"
    ))
    .bind(guild)
    .bind(state)
    .bind(before)
    .bind(before_id)
    .bind(limit)
}

pub fn get_open(guild: Id<GuildMarker>, id: &str) -> Statement {
    Statement::new(concat!(open_columns!(), " WHERE guild_id = ?1 AND id = ?2")).bind(guild).bind(id)
}

/// How many wait, were refused or are held, each counted up to a limit.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct OpenCounts {
    pub pending: u32,
    pub failed: u32,
    pub held: u32,
}

pub fn count_open_of(guild: Id<GuildMarker>, limit: u32) -> Statement {
    macro_rules! count {
        ($state:literal) => {
            concat!(
                "(SELECT COUNT(*) FROM (SELECT 1 FROM outbox INDEXED BY outbox_open WHERE guild_id = ?1 AND state = '",
                $state,
                "' AND state IN ('pending', 'failed', 'held') LIMIT ?2)) AS ",
                $state
            )
        };
    }
    Statement::new(concat!("SELECT ", count!("pending"), ", ", count!("failed"), ", ", count!("held")))
        .bind(guild)
        .bind(limit)
}

/// Notes what somebody decided about a row, while it is there to be decided about.
pub fn note_decision(entry: &audit::store::Entry, id: &str) -> Statement {
    let statement = Statement::new(
        "INSERT OR IGNORE INTO audit_log (guild_id, at, actor_id, source, action, target, before, after, cause)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9
         WHERE EXISTS (SELECT 1 FROM outbox WHERE id = ?10 AND guild_id = ?1 AND state IN ('failed', 'held'))",
    );
    audit::store::bind(statement, entry).bind(id)
}

/// Nothing more is done about the row. `message`: where it stands, when somebody found it.
pub fn close(guild: Id<GuildMarker>, id: &str, message: Option<String>, now: i64) -> Statement {
    Statement::new(
        "UPDATE outbox SET state = 'sent', message_id = ?3, next_at = ?4, error = NULL
         WHERE id = ?2 AND guild_id = ?1 AND state IN ('failed', 'held')",
    )
    .bind(guild)
    .bind(id)
    .bind(message)
    .bind(now)
}

/// The newest of what did not go out, whatever its state, after a row made at `before` with the id `before_id`.
pub fn list_troubles(guild: Id<GuildMarker>, before: i64, before_id: &str, limit: u32) -> Statement {
    Statement::new(concat!(
        open_columns!(),
        " INDEXED BY outbox_troubles WHERE guild_id = ?1 AND state IN ('pending', 'failed', 'held') AND created_at <= ?2
            AND (created_at < ?2 OR id < ?3)
          ORDER BY created_at DESC, id DESC LIMIT ?4"
    ))
    .bind(guild)
    .bind(before)
    .bind(before_id)
    .bind(limit)
}
