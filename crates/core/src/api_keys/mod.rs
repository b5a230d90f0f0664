//! Purpose: keys for the JSON API: made by somebody for one guild and some areas, kept as hashes, worth at most what their maker may
//! do at that moment.
//!
//! Tables: api_keys. A key reads `muster_<id>_<secret>`; it is shown once.

pub mod store;

use crate::{
    access::{Area, May},
    audit::{self, Author},
    ctx::Ctx,
    error::{Error, FieldError, Result},
    text::clean_line,
};
use sha2::{Digest, Sha256};
use std::rc::Rc;
use subtle::ConstantTimeEq;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

const ID_BYTES: usize = 8;
/// 256 bits (ASVS 5.0, 11.5.1, asks for 128).
const SECRET_BYTES: usize = 32;
const PREFIX: &str = "muster_";
pub const NAME_MAX: usize = 60;
/// More keys than this in one guild are keys that nobody remembers.
const KEYS_MAX: u32 = 25;
/// The time of the last use is noted at most so often.
const TOUCH_MS: i64 = 60_000;

/// A key that holds now.
#[derive(Debug, Clone)]
pub struct ApiKey {
    pub id: String,
    pub guild: Id<GuildMarker>,
    pub created_by: Id<UserMarker>,
    pub name: String,
    pub scopes: Vec<(Area, May)>,
}

fn hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret))
}

/// `levels:view` as area and right.
pub fn parse_scope(text: &str) -> Option<(Area, May)> {
    let (area, may) = text.split_once(':')?;
    // Who has access is not to be changed by a program.
    let area = Area::parse(area).filter(|area| *area != Area::Access)?;
    Some((area, May::parse(may)?))
}

fn parse_scopes(text: &str) -> Vec<(Area, May)> {
    text.split(' ').filter_map(parse_scope).collect()
}

/// The key of an `Authorization` header.
///
/// # Errors
/// `SignIn` for everything that is not a key that holds.
pub async fn of_header(ctx: &Ctx, header: &str) -> Result<Rc<ApiKey>> {
    let text = header.strip_prefix("Bearer ").ok_or(Error::SignIn)?.trim();
    let (id, secret) = text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_')).ok_or(Error::SignIn)?;
    let is_hex = |text: &str, bytes: usize| text.len() == bytes * 2 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_hex(id, ID_BYTES) || !is_hex(secret, SECRET_BYTES) {
        return Err(Error::SignIn);
    }
    let row: store::Row = ctx.query(store::get(id)).await?.first()?.ok_or(Error::SignIn)?;
    if !bool::from(hash(secret).as_bytes().ct_eq(row.key_hash.as_bytes())) {
        return Err(Error::SignIn);
    }
    let now = ctx.now();
    if row.last_used_at.is_none_or(|at| now - at >= TOUCH_MS) {
        let (later, id) = (ctx.clone(), row.id.clone());
        ctx.after(async move {
            // Only what the list of keys shows.
            let _ = later.query(store::touch(&id, now)).await;
        });
    }
    let scopes = parse_scopes(&row.scopes);
    Ok(Rc::new(ApiKey { id: row.id, guild: row.guild_id, created_by: row.created_by, name: row.name, scopes }))
}

/// Makes a key. Gives its whole text, which is not kept.
///
/// # Errors
/// `Invalid` for a name or scopes that do not fit, and when there are too many keys.
pub async fn create(ctx: &Ctx, author: &Author, name: &str, scopes: &[(Area, May)]) -> Result<String> {
    let name = clean_line(name, NAME_MAX);
    let mut errors = Vec::new();
    if name.is_empty() {
        errors.push(FieldError::new("name", "Give the key a name by which you will know what uses it."));
    }
    if scopes.is_empty() {
        errors.push(FieldError::new("scopes", "Choose at least one thing that the key may do."));
    }
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    // The same form sent twice is the same key.
    let id = hex::encode(&Sha256::digest(&author.cause)[..ID_BYTES]);
    let secret = ctx.random_hex(SECRET_BYTES);
    let scopes: Vec<String> = scopes.iter().map(|(area, may)| format!("{}:{}", area.name(), may.name())).collect();
    let row = store::Row {
        id: id.clone(),
        guild_id: author.guild,
        name: name.clone(),
        key_hash: hash(&secret),
        scopes: scopes.join(" "),
        created_by: author.user,
        created_at: ctx.now(),
        last_used_at: None,
    };
    let entry = entry(ctx, author, "api_key_created", &name, None, Some(format!("{id}: {}", row.scopes)));
    let keys: Vec<store::Row> = ctx.query(store::list(author.guild)).await?.all()?;
    let refused = |why: String| Err(Error::Invalid(vec![FieldError::new("name", why)]));
    if keys.iter().any(|key| key.id == id) {
        return refused("This key was made already, and its text is shown once only. If you did not copy it, revoke it and make another.".to_owned());
    }
    let results = ctx.batch(vec![store::insert(&row, KEYS_MAX), audit::store::insert(&entry)]).await?;
    if results.first().is_none_or(|result| result.changes == 0) {
        return refused(format!("This server has {KEYS_MAX} keys already. Revoke one that nothing uses any more."));
    }
    Ok(format!("{PREFIX}{id}_{secret}"))
}

/// Ends a key at once. A second time changes nothing.
///
/// # Errors
/// `NotFound` for a key that this guild does not have.
pub async fn revoke(ctx: &Ctx, author: &Author, id: &str) -> Result<()> {
    let keys: Vec<store::Row> = ctx.query(store::list(author.guild)).await?.all()?;
    let key = keys.into_iter().find(|key| key.id == id).ok_or(Error::NotFound)?;
    let entry = entry(ctx, author, "api_key_revoked", &key.name, Some(format!("{id}: {}", key.scopes)), None);
    ctx.batch(vec![store::revoke(author.guild, id, ctx.now()), audit::store::insert(&entry)]).await?;
    Ok(())
}

fn entry(
    ctx: &Ctx,
    author: &Author,
    action: &'static str,
    name: &str,
    before: Option<String>,
    after: Option<String>,
) -> audit::store::Entry {
    audit::store::Entry {
        guild_id: author.guild,
        at: ctx.now(),
        actor_id: author.user,
        source: author.source,
        action,
        target: name.to_owned(),
        before,
        after,
        cause: author.cause.clone(),
    }
}
