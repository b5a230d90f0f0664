//! Purpose: messages that must not be sent twice or lost: a row commits with the state change that caused it, and
//! is delivered at once, again by the queue, and in the end by the sweeper.
//!
//! Tables: outbox. States: `sending` (leased until `lease_until`), `pending` (waits for `next_at`), `sent`,
//! `failed` (Discord refused it), `held` (still unknown after a day: a person decides). A call without an answer is
//! unknown, not failed: it is repeated under the same nonce while Discord remembers nonces, and after that the
//! channel is read back before anything is sent again.

pub mod people;
pub mod store;

use crate::{
    ctx::Ctx,
    discord::{self, Call, CallError, Route, call},
    error::{Error, Result},
    jobs::Job,
    registry,
    sql::Statement,
    time,
};
use serde_json::{Value, json};
use store::Row;
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, GuildMarker, UserMarker},
};

/// One delivery's lease: longer than the call's own timeout, so that nobody sends in parallel.
pub const LEASE_MS: i64 = 30_000;
/// Discord answers a repeated nonce with the first message for "the past few minutes"; two are safe.
const NONCE_MS: i64 = 120_000;
/// A row whose outcome stays unknown this long is held for a person.
const GIVE_UP_MS: i64 = 24 * 3_600_000;
/// The sweeper leaves the queue this much time.
const SWEEP_AFTER_MS: i64 = 20_000;

/// The row's time is ours, the messages' ids are Discord's.
const CLOCK_SKEW_MS: i64 = 60_000;
/// Pages of 100 messages read back from the time of the row.
const READ_BACK_PAGES: usize = 5;

/// Delivered rows are kept this long, for whoever asks what was sent.
const KEEP_SENT_MS: i64 = 7 * 24 * 3_600_000;
const DELETE_PER_TICK: u32 = 500;
/// So many refused posts to a channel within a day, and less important ones are no longer tried there.
const GIVEN_UP_AFTER: u32 = 3;
const GIVEN_UP_MS: i64 = 24 * 3_600_000;
/// How long an edit that Discord refused is not repeated by itself.
const REFUSED_PAUSE_MS: i64 = 600_000;

/// What is to be sent.
#[derive(Debug, Clone)]
pub struct Effect {
    pub guild_id: Id<GuildMarker>,
    pub feature: &'static str,
    /// Names the effect; unique, so that one cause has one visible effect.
    pub key: String,
    /// The feature's own words for what this is, given back on delivery.
    pub reference: String,
    pub kind: EffectKind,
}

#[derive(Debug, Clone)]
pub enum EffectKind {
    /// A new message. `marker` is a text that only this message contains, at the end of one of its texts, for reading the channel
    /// back.
    Post { channel: Id<ChannelMarker>, body: Value, marker: String },
    /// A message to somebody in private, otherwise like `Post`.
    Direct { user: Id<UserMarker>, body: Value, marker: String },
    /// An edit whose content is rendered at delivery; the newest request wins.
    Render,
}

/// An effect that reached Discord.
#[derive(Debug, Clone)]
pub struct Delivered {
    pub guild_id: Id<GuildMarker>,
    pub reference: String,
    pub message_id: String,
    /// Unix milliseconds.
    pub at: i64,
}

/// An edit as it should be now.
#[derive(Debug, Clone)]
pub struct Rendered {
    pub channel_id: Id<ChannelMarker>,
    pub message_id: String,
    pub body: Value,
    /// Changes whenever the content does: when it differs after the edit, the edit is done again.
    pub version: String,
}

/// A row to be delivered by this invocation once its batch has committed.
#[must_use = "insert the statement with the change it belongs to, then deliver"]
pub struct Prepared {
    pub id: String,
    pub statement: Statement,
}

/// An outbox row leased to this invocation.
pub fn prepare(ctx: &Ctx, effect: &Effect) -> Prepared {
    // 24 hex characters: the id is also the nonce, of which Discord takes 25.
    let id = ctx.random_hex(12);
    let statement = store::insert(&id, effect, ctx.now(), ctx.now() + LEASE_MS);
    Prepared { id, statement }
}

/// Rows of several effects by one statement. Effects that are known already are left out: their cause was carried out before.
#[must_use = "insert the statement with the change it belongs to, then deliver"]
pub struct PreparedMany {
    pub ids: Vec<String>,
    pub statement: Statement,
}

pub fn prepare_many(ctx: &Ctx, effects: &[Effect]) -> PreparedMany {
    let ids: Vec<String> = effects.iter().map(|_| ctx.random_hex(12)).collect();
    let statement = store::insert_new(&ids, effects, ctx.now(), ctx.now() + LEASE_MS);
    PreparedMany { ids, statement }
}

/// Delivers the first `at_once` rows after the answer is out and leaves the rest to the queue.
pub fn deliver_some(ctx: &Ctx, mut ids: Vec<String>, at_once: usize) {
    let rest = ids.split_off(at_once.min(ids.len()));
    let later = ctx.clone();
    ctx.after(async move {
        if !rest.is_empty() {
            let jobs = rest.into_iter().map(|id| Job::Outbox { id }).collect();
            if let Err(error) = later.queue.send_batch(jobs).await {
                later.warn("the queue took nothing; the sweeper will find the rows", json!({ "error": error }));
            }
        }
        deliver_now(&later, ids).await;
    });
}

/// Delivers rows that were just committed, after the answer is out.
pub fn deliver_soon(ctx: &Ctx, ids: Vec<String>) {
    let later = ctx.clone();
    ctx.after(async move { deliver_now(&later, ids).await });
}

/// Delivers rows that this invocation has leased by inserting them; what does not go through is left to the queue.
pub async fn deliver_now(ctx: &Ctx, ids: Vec<String>) {
    for id in ids {
        let outcome = async {
            match ctx.query(store::get(&id)).await?.first::<Row>()? {
                Some(row) if row.state == "sending" => attempt(ctx, row).await,
                _ => Ok(None),
            }
        };
        let wait = match outcome.await {
            Ok(None) => continue,
            Ok(Some(wait)) => wait,
            Err(error) => {
                ctx.warn("delivery broke off", json!({ "outbox": id, "error": error.to_string() }));
                LEASE_MS
            }
        };
        enqueue(ctx, id, wait).await;
    }
}

async fn enqueue(ctx: &Ctx, id: String, wait_ms: i64) {
    let seconds = u32::try_from(wait_ms / 1_000 + 1).unwrap_or(1);
    if let Err(error) = ctx.queue.send(Job::Outbox { id: id.clone() }, seconds).await {
        ctx.warn("the queue took nothing; the sweeper will find the row", json!({ "outbox": id, "error": error }));
    }
}

/// Claims a row and delivers it. `Some(ms)`: not done, come back then.
pub async fn deliver(ctx: &Ctx, id: &str) -> Result<Option<i64>> {
    let now = ctx.now();
    let results = ctx.batch(vec![store::claim(id, now, now + LEASE_MS), store::get(id)]).await?;
    let [claimed, current] = &results[..] else {
        return Ok(None);
    };
    let Some(row) = current.first::<Row>()? else {
        return Ok(None);
    };
    if claimed.changes == 1 {
        return attempt(ctx, row).await;
    }
    // Somebody else holds it, it waits for its time, or it is finished.
    Ok(match row.state.as_str() {
        "sending" => Some((row.lease_until - now).max(1_000)),
        "pending" => Some((row.next_at - now).max(1_000)),
        _ => None,
    })
}

/// One attempt on a leased row.
async fn attempt(ctx: &Ctx, row: Row) -> Result<Option<i64>> {
    let outcome = if row.body.is_some() { post(ctx, &row).await } else { edit(ctx, &row).await? };
    match outcome {
        Ok(message_id) => {
            mark_sent(ctx, &row, message_id).await?;
            Ok(None)
        }
        Err(error) => mark_not_sent(ctx, &row, &error).await,
    }
}

/// The channel of a row: the one that it names, or the one in which somebody is written to in private.
async fn channel_of(ctx: &Ctx, row: &Row) -> Result<Id<ChannelMarker>, CallError> {
    let no_id = || CallError::Refused { status: 400, code: 0, message: "the row's channel is no id".to_owned() };
    match row.channel_id.strip_prefix('@') {
        Some(user) => discord::open_direct(ctx, user.parse().map_err(|_| no_id())?).await,
        None => row.channel_id.parse().map_err(|_| no_id()),
    }
}

async fn post(ctx: &Ctx, row: &Row) -> Result<String, CallError> {
    let channel = channel_of(ctx, row).await?;
    if ctx.now() - row.first_sent_at > NONCE_MS {
        // Too late for the nonce: look whether it is there before sending again.
        if let Some(found) = read_back(ctx, row, channel).await? {
            return Ok(found);
        }
    }
    let mut body: Value = serde_json::from_str(row.body.as_deref().unwrap_or("{}")).unwrap_or_default();
    body["nonce"] = json!(row.id);
    body["enforce_nonce"] = json!(true);
    let route = Route::new("POST", format!("/channels/{channel}/messages"));
    let message = call(ctx, &route, Call::json(body)).await?;
    Ok(message["id"].as_str().unwrap_or_default().to_owned())
}

async fn read_back(ctx: &Ctx, row: &Row, channel: Id<ChannelMarker>) -> Result<Option<String>, CallError> {
    let me = ctx.settings.application_id.to_string();
    // A marker ends its text: without the quote, version 1 would be found in version 12.
    let marker = format!("{}\"", row.marker);
    let is_it = |message: &Value| message["author"]["id"] == me.as_str() && message.to_string().contains(&marker);
    let mut after = time::snowflake_at(row.first_sent_at - CLOCK_SKEW_MS);
    for _ in 0..READ_BACK_PAGES {
        let page = discord::list_messages_after(ctx, channel, after).await?;
        if let Some(found) = page.iter().find(|message| is_it(message)) {
            return Ok(found["id"].as_str().map(str::to_owned));
        }
        let newest = page.iter().filter_map(|message| message["id"].as_str()?.parse().ok()).max();
        match newest {
            Some(newest) if page.len() == 100 => after = newest,
            _ => return Ok(None),
        }
    }
    Err(CallError::Unknown("too many messages since then to be sure".to_owned()))
}

/// Edits until the message shows the newest version: an older edit that was overtaken corrects itself.
async fn edit(ctx: &Ctx, row: &Row) -> Result<Result<String, CallError>> {
    for _ in 0..4 {
        let Some(rendered) = registry::render(ctx, &row.feature, row.guild_id, &row.reference).await? else {
            return Ok(Ok(String::new()));
        };
        let path = format!("/channels/{}/messages/{}", rendered.channel_id, rendered.message_id);
        if let Err(error) = call(ctx, &Route::new("PATCH", path), Call::json(rendered.body)).await {
            return Ok(Err(error));
        }
        let after = registry::render(ctx, &row.feature, row.guild_id, &row.reference).await?;
        if after.is_none_or(|after| after.version == rendered.version) {
            return Ok(Ok(rendered.message_id));
        }
    }
    // Changing faster than we edit: come back shortly.
    Ok(Err(CallError::RateLimited { retry_after_ms: 5_000 }))
}

async fn mark_sent(ctx: &Ctx, row: &Row, message_id: String) -> Result<()> {
    let (reference, at) = (row.reference.clone(), ctx.now());
    let delivered = Delivered { guild_id: row.guild_id, reference, message_id: message_id.clone(), at };
    let mut statements = vec![store::mark_sent(&row.id, row.lease_until, &message_id, at)];
    if row.body.is_some() {
        statements.extend(registry::on_delivered(&row.feature, &delivered));
    }
    ctx.batch(statements).await?;
    Ok(())
}

async fn mark_not_sent(ctx: &Ctx, row: &Row, error: &CallError) -> Result<Option<i64>> {
    let now = ctx.now();
    let text = error.to_string();
    let verdict = judge(row, error, now);
    let fields = json!({ "outbox": row.id, "effect": row.effect, "guild": row.guild_id, "error": text });
    match verdict {
        Verdict::Wait { ms, counts } => {
            ctx.warn("delivery will be repeated", fields);
            ctx.query(store::mark_pending(&row.id, row.lease_until, now + ms, counts, &text)).await?;
            Ok(Some(ms))
        }
        Verdict::Failed | Verdict::Held => {
            let state = if verdict == Verdict::Held { "held" } else { "failed" };
            ctx.log.write(crate::ports::Level::Error, "delivery ended", fields);
            ctx.query(store::mark_ended(&row.id, row.lease_until, state, &text)).await?;
            Ok(None)
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// `counts`: an attempt that may have reached Discord.
    Wait {
        ms: i64,
        counts: bool,
    },
    Failed,
    Held,
}

fn judge(row: &Row, error: &CallError, now: i64) -> Verdict {
    match error {
        CallError::RateLimited { retry_after_ms } => Verdict::Wait { ms: (*retry_after_ms).max(250), counts: false },
        CallError::Breaker { retry_after_ms } => Verdict::Wait { ms: (*retry_after_ms).max(1_000), counts: false },
        // A dead token is the operator's to mend; the message waits for it. 30046: edits of old messages are limited.
        CallError::Refused { status: 401, .. } | CallError::Refused { code: 30_046, .. } => {
            Verdict::Wait { ms: 300_000, counts: false }
        }
        CallError::Refused { .. } => Verdict::Failed,
        CallError::Unknown(_) if now - row.created_at > GIVE_UP_MS => Verdict::Held,
        CallError::Unknown(_) => Verdict::Wait { ms: 2_000 << row.attempts.clamp(0, 8), counts: true },
    }
}

/// Hands rows that nobody is delivering any more to the queue.
pub async fn sweep(ctx: &Ctx, limit: u32) -> Result<()> {
    let before = ctx.now() - SWEEP_AFTER_MS;
    let forgotten: Vec<store::IdRow> = ctx.query(store::list_forgotten(before, limit)).await?.all()?;
    if forgotten.is_empty() {
        return Ok(());
    }
    let jobs = forgotten.into_iter().map(|row| Job::Outbox { id: row.id });
    ctx.queue.send_batch(jobs.collect()).await.map_err(Error::retryable)
}

/// Forgets what was delivered long ago. What was not stays until somebody has looked at it.
pub async fn delete_old(ctx: &Ctx) -> Result<()> {
    ctx.query(store::delete_sent(ctx.now() - KEEP_SENT_MS, DELETE_PER_TICK)).await?;
    Ok(())
}

/// Whether an effect whose key starts with `prefix` is still to be delivered. The prefix ends in a colon.
pub async fn is_on_its_way(ctx: &Ctx, prefix: &str) -> Result<bool> {
    let row: Option<store::CountRow> = ctx.query(store::count_waiting(prefix)).await?.first()?;
    Ok(row.is_some_and(|row| row.n > 0))
}

/// Whether Discord refused this effect lately. Each refusal counts against every server's budget, so what comes again by
/// itself, such as the count on a card, waits.
pub async fn was_refused(ctx: &Ctx, effect: &str) -> Result<bool> {
    let row: Option<store::CountRow> =
        ctx.query(store::count_refused(effect, ctx.now() - REFUSED_PAUSE_MS)).await?.first()?;
    Ok(row.is_some_and(|row| row.n > 0))
}

/// Whether posts to this channel have been refused so often lately that asking again only spends Discord's patience
/// (it counts refusals). `/setup` shows what is wrong with the channel.
pub async fn is_given_up(ctx: &Ctx, channel: Id<ChannelMarker>) -> Result<bool> {
    let since = ctx.now() - GIVEN_UP_MS;
    let row: Option<store::CountRow> = ctx.query(store::count_failed(channel, since)).await?.first()?;
    Ok(row.is_some_and(|row| row.n >= GIVEN_UP_AFTER))
}

/// How long what was not delivered is shown to the guild.
const SHOW_UNDELIVERED_MS: i64 = 7 * 24 * 3_600_000;
const SHOWN_UNDELIVERED: u32 = 10;

/// Messages of this guild that were refused, or whose fate is unknown: for a person to decide.
pub async fn undelivered(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<Vec<store::Undelivered>> {
    let since = ctx.now() - SHOW_UNDELIVERED_MS;
    Ok(ctx.query(store::list_undelivered(guild, since, SHOWN_UNDELIVERED)).await?.all()?)
}

/// Tries them again, now that somebody mended what was wrong. Gives how many.
pub async fn retry_undelivered(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<usize> {
    let rows = undelivered(ctx, guild).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let now = ctx.now();
    ctx.batch(rows.iter().map(|row| store::reopen(guild, &row.id, now)).collect()).await?;
    let count = rows.len();
    for row in rows {
        enqueue(ctx, row.id, 0).await;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(attempts: i64) -> Row {
        Row {
            id: "ab".into(),
            guild_id: Id::new(1),
            feature: "giveaways".into(),
            effect: "x".into(),
            reference: "x".into(),
            channel_id: "1".into(),
            body: Some("{}".into()),
            marker: "m".into(),
            state: "sending".into(),
            attempts,
            next_at: 0,
            lease_until: 0,
            first_sent_at: 0,
            created_at: 0,
        }
    }

    #[test]
    fn unknown_backs_off_and_is_held_after_a_day() {
        let unknown = CallError::Unknown("timed out".into());
        assert_eq!(judge(&row(0), &unknown, 10), Verdict::Wait { ms: 2_000, counts: true });
        assert_eq!(judge(&row(99), &unknown, 10), Verdict::Wait { ms: 512_000, counts: true });
        assert_eq!(judge(&row(3), &unknown, GIVE_UP_MS + 1), Verdict::Held);
    }

    #[test]
    fn rate_limits_never_count_and_refusals_end() {
        let limited = CallError::RateLimited { retry_after_ms: 2_370 };
        assert_eq!(judge(&row(5), &limited, GIVE_UP_MS * 2), Verdict::Wait { ms: 2_370, counts: false });
        let refused = CallError::Refused { status: 404, code: 10_003, message: String::new() };
        assert_eq!(judge(&row(0), &refused, 10), Verdict::Failed);
    }
}
