//! Purpose: idempotency keys: a POST that is sent again with the same key gets the answer of the first.
//!
//! Tables: api_answers. What a request changes is idempotent by itself (its cause is derived from the key); this keeps the answer.

mod store;

use super::{
    message::{Request, Response},
    problem,
};
use crate::{
    access::parse_id,
    ctx::Ctx,
    error::{Error, FieldError, Result},
    identity::Caller,
};
use sha2::{Digest, Sha256};
use store::{Place, Row};

/// Answers are kept for a day: whoever tries again later asks anew.
const KEEP_MS: i64 = 24 * 3_600_000;
/// A request that takes longer died half-way, and may be carried out again.
const PENDING_MS: i64 = 30_000;
const KEY_MAX: usize = 100;
const DELETE_AT_ONCE: u32 = 500;

/// What is to be done with a request.
pub enum Turn {
    /// Not one that carries a key.
    Free,
    /// Carry it out, then `finish`.
    First(Place),
    /// This was answered before, or cannot be carried out.
    Answered(Response),
}

/// Claims the key of a POST to a guild's route, when it has one.
///
/// # Errors
/// `Invalid` for a key of another form; and when the database does not answer.
pub async fn begin(ctx: &Ctx, request: &Request) -> Result<Turn> {
    let Some(key) = request.header("idempotency-key").filter(|_| request.method == "POST") else {
        return Ok(Turn::Free);
    };
    if key.is_empty() || key.len() > KEY_MAX || !key.bytes().all(|b| b.is_ascii_graphic()) {
        let why = format!("An idempotency key has 1 to {KEY_MAX} visible ASCII characters.");
        return Err(Error::Invalid(vec![FieldError::new("Idempotency-Key", why)]));
    }
    let (segments, user) = (request.segments(), caller(request));
    let (["guilds", guild, ..], Some(user)) = (&segments[..], user) else { return Ok(Turn::Free) };
    let Some(guild) = parse_id(guild) else { return Ok(Turn::Free) };
    let place = Place { guild, user, key: key.to_owned() };
    let hash = fingerprint(request);
    let now = ctx.now();
    let results = ctx.batch(vec![store::claim(&place, &hash, now), store::get(&place)]).await?;
    let [claimed, row] = &results[..] else { return Err(Error::internal("two results expected")) };
    if claimed.changes > 0 {
        return Ok(Turn::First(place));
    }
    let Some(row) = row.first::<Row>()? else { return Ok(Turn::First(place)) };
    if row.request_hash != hash {
        return Ok(Turn::Answered(problem::of(
            422,
            "This idempotency key was used for another request. Take a new one for each thing that you want done.",
        )));
    }
    Ok(match (row.status, row.body) {
        (Some(status), Some(body)) => Turn::Answered(replayed(status, body)),
        _ if now - row.began_at < PENDING_MS => Turn::Answered(
            problem::of(409, "The first request with this key is still being carried out.").with("retry-after", "1"),
        ),
        _ => Turn::First(place),
    })
}

fn replayed(status: u16, body: String) -> Response {
    let response = Response::json_text(status, body).with("idempotent-replayed", "true");
    if status >= 400 { Response { content_type: problem::TYPE, ..response } } else { response }
}

fn caller(request: &Request) -> Option<twilight_model::id::Id<twilight_model::id::marker::UserMarker>> {
    match &request.caller {
        Caller::Session(session) => Some(session.user),
        Caller::Key(key) => Some(key.created_by),
        Caller::Nobody => None,
    }
}

fn fingerprint(request: &Request) -> String {
    let mut hash = Sha256::new();
    for segment in &request.segments {
        hash.update(segment.as_bytes());
        hash.update([0]);
    }
    hash.update(&request.body);
    hex::encode(hash.finalize())
}

/// What a change is to be known by: the same for the same request under the same key; else something that there was never before.
pub fn cause(ctx: &Ctx, request: &Request) -> String {
    let Some(key) = request.header("idempotency-key") else { return ctx.random_hex(8) };
    hex::encode(&Sha256::digest(format!("{key} {}", fingerprint(request)))[..16])
}

/// Keeps the answer; one that says that something broke is not kept, so that the request can be tried again.
///
/// # Errors
/// When the database does not answer; the request was carried out then.
pub async fn finish(ctx: &Ctx, place: &Place, response: &Response) -> Result<()> {
    let is_final = response.status < 500 && !matches!(response.status, 401 | 404 | 409 | 429);
    let statement =
        if is_final { store::finish(place, response.status, &response.body) } else { store::release(place) };
    ctx.query(statement).await?;
    Ok(())
}

/// Forgets answers of yesterday.
///
/// # Errors
/// When the database does not answer.
pub async fn tidy(ctx: &Ctx) -> Result<()> {
    ctx.query(store::delete_old(ctx.now() - KEEP_MS, DELETE_AT_ONCE)).await?;
    Ok(())
}
