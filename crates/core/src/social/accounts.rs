//! Purpose: connecting and disconnecting: from a link in Discord over the platform's consent page to a row with sealed tokens.
//!
//! A consent is good once, for ten minutes, for the platform and in the browser that began it (F36). One account belongs to one member
//! at a time; after a disconnect another member can take it only when a while has passed.

use super::{Acting, App, Consent, Kind, Refusal, Tokens, Told, store, store::Account, tokens};
use crate::{
    ctx::Ctx,
    error::{Error, Result},
    identity::session,
    links,
    ports::{HttpRequest, HttpResponse},
    web::{Request, Response},
};
use sha2::{Digest, Sha256};
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

/// How long the link from `/connect` leads somewhere; connecting all five takes some minutes.
pub const LINK_MS: i64 = 30 * 60_000;
/// RFC 6749, section 4.1.2, recommends ten minutes at most for a code; the state lives as long.
const CONSENT_MS: i64 = 10 * 60_000;
/// How long an account stays its last member's after a disconnect.
pub const RELINK_MS: i64 = 30 * super::DAY_MS;
/// 256 bits: more than the 128 that ASVS 5.0, 11.5.1, asks for.
const SECRET_BYTES: usize = 32;
const COOKIE: &str = "connect";
const DELETE_AT_ONCE: u32 = 500;

fn hashed(secret: &str) -> String {
    hex::encode(Sha256::digest(secret))
}

/// One row per member and platform, whatever account it holds.
fn row_id(guild: Id<GuildMarker>, user: Id<UserMarker>, kind: Kind) -> String {
    hashed(&format!("{guild}:{user}:{}", kind.key())).chars().take(24).collect()
}

fn account_hash(kind: Kind, account: &str) -> String {
    hashed(&format!("{}:{account}", kind.key()))
}

/// Names the account that a row holds without keeping it: what was confirmed for one is not published by another.
pub fn hash_of(account: &Account, kind: Kind) -> String {
    account_hash(kind, &account.account_id)
}

fn redirect_uri(ctx: &Ctx, kind: Kind) -> String {
    format!("{}/oauth/{}/callback", ctx.settings.public_url, kind.key())
}

/// A link at which this member connects accounts.
pub async fn offer(ctx: &Ctx, link: &store::Link) -> Result<String> {
    tokens::vault(ctx)?;
    let token = ctx.random_hex(SECRET_BYTES);
    ctx.query(store::insert_link(&hashed(&token), link, ctx.now() + LINK_MS)).await?;
    Ok(format!("{}/connect/{token}", ctx.settings.public_url))
}

/// For whom a link connects; `None` once it has expired.
pub async fn of_link(ctx: &Ctx, token: &str) -> Result<Option<store::Link>> {
    Ok(ctx.query(store::get_link(&hashed(token), ctx.now())).await?.first()?)
}

fn not_set_up(kind: Kind) -> Error {
    Error::User(format!("{} is not set up on this deployment.", kind.name()))
}

/// `POST /oauth/{platform}/start`: remembers the consent, and sends the browser to the platform.
pub async fn start(ctx: &Ctx, request: &Request, kind: Kind) -> Result<Response> {
    let form = request.form();
    let gone = || Error::user("This link has expired. Use /connect in Discord again for a new one.");
    let link = of_link(ctx, form.get("link")).await?.ok_or_else(gone)?;
    let app = tokens::app_of(ctx, kind).ok_or_else(|| not_set_up(kind))?;
    let (state, verifier) = (ctx.random_hex(SECRET_BYTES), ctx.random_hex(SECRET_BYTES));
    let name = session::cookie_name(ctx, COOKIE);
    let is_secret = |text: &&str| text.len() == SECRET_BYTES * 2 && text.bytes().all(|b| b.is_ascii_hexdigit());
    // Two tabs may connect at once: they share the browser's secret, each has its own state.
    let browser = request.cookie(&name).filter(is_secret).map_or_else(|| ctx.random_hex(SECRET_BYTES), str::to_owned);
    let login = store::NewLogin {
        state_hash: &hashed(&state),
        browser_hash: &hashed(&browser),
        guild: link.guild_id,
        user: link.user_id,
        kind,
        verifier: &verifier,
        expires_at: ctx.now() + CONSENT_MS,
    };
    ctx.query(store::insert_login(&login)).await?;
    let redirect_uri = redirect_uri(ctx, kind);
    let consent = Consent { redirect_uri: &redirect_uri, state: &state, verifier: &verifier };
    let response = Response::see(kind.platform().authorize(app, &consent));
    Ok(session::set_cookie(ctx, response, COOKIE, &browser, CONSENT_MS / 1_000))
}

async fn ask<T>(ctx: &Ctx, kind: Kind, request: HttpRequest, read: impl Fn(&HttpResponse) -> Told<T>) -> Result<T> {
    let name = kind.name();
    let told = match ctx.http.send(request).await {
        Ok(answer) => read(&answer),
        Err(why) => Err(Refusal::Unknown(why.0)),
    };
    told.map_err(|refusal| match refusal {
        Refusal::Nobody(what_to_do) => Error::user(what_to_do),
        Refusal::Token | Refusal::Rejected(_) => {
            Error::User(format!("{name} did not accept this connection. Begin again with /connect in Discord."))
        }
        Refusal::Later(_) | Refusal::Unknown(_) => {
            Error::User(format!("{name} does not answer just now. Nothing is connected; try again in a few minutes."))
        }
    })
}

async fn exchange(ctx: &Ctx, app: &App, kind: Kind, consent: &Consent<'_>, code: &str) -> Result<Tokens> {
    let platform = kind.platform();
    let now = ctx.now();
    let read = |answer: &HttpResponse| platform.read_tokens(answer, now);
    // A code is spent by the first try, so a try without an answer means to begin again.
    let short = ask(ctx, kind, platform.exchange(app, consent, code), read).await?;
    if !short.scopes.is_empty() && !short.scopes.iter().any(|scope| scope == platform.publish_scope()) {
        if let Some(request) = platform.revoke(app, &short) {
            // Nothing is kept of it either way.
            let _ = ctx.http.send(request).await;
        }
        return Err(Error::User(format!(
            "{} says that you did not allow Muster to post for you, so nothing is connected. Use /connect in Discord again, and leave posting ticked.",
            kind.name()
        )));
    }
    match platform.extend(app, &short) {
        Some(request) => ask(ctx, kind, request, read).await,
        None => Ok(short),
    }
}

/// `GET /oauth/{platform}/callback`: the platform sent the browser back. Gives the account that is connected now.
pub async fn finish(ctx: &Ctx, request: &Request, kind: Kind) -> Result<Account> {
    let name = kind.name();
    let again = || {
        Error::user(
            "This connection was not begun here, was used before, or took longer than ten minutes. Use /connect in Discord again.",
        )
    };
    let (Some(state), Some(browser)) = (request.param("state"), request.cookie(&session::cookie_name(ctx, COOKIE)))
    else {
        return Err(again());
    };
    let now = ctx.now();
    let taken = ctx.query(store::take_login(&hashed(state), &hashed(browser), kind, now)).await?;
    let login: store::Login = taken.first()?.ok_or_else(again)?;
    // What else the platform says about an error is not repeated: anybody can write it into a link.
    let Some(code) = request.param("code").filter(|_| request.param("error").is_none()) else {
        return Err(Error::User(format!(
            "Nothing was connected, because {name} was told no. Use /connect whenever you like."
        )));
    };
    let app = tokens::app_of(ctx, kind).ok_or_else(|| not_set_up(kind))?;
    let redirect_uri = redirect_uri(ctx, kind);
    let consent = Consent { redirect_uri: &redirect_uri, state, verifier: &login.verifier };
    // Meta puts `#_` behind its codes, Facebook `#_=_`.
    let code = code.trim_end_matches("#_=_").trim_end_matches("#_");
    let fresh = exchange(ctx, app, kind, &consent, code).await?;
    let platform = kind.platform();
    let person = ask(ctx, kind, platform.identify(app, &fresh.access), |answer| platform.read_person(answer)).await?;
    let mut account = Account {
        id: row_id(login.guild_id, login.user_id, kind),
        guild_id: login.guild_id,
        user_id: login.user_id,
        platform: kind.key().to_owned(),
        account_id: person.id,
        account_name: if person.name.is_empty() { name.to_owned() } else { person.name },
        state: "active".to_owned(),
        connected_at: now,
        access_token: String::new(),
        refresh_token: String::new(),
        sealed_by: String::new(),
        token_at: now,
        token_expires_at: fresh.expires_at,
        due_at: None,
        lease_until: 0,
        reminded_at: None,
    };
    tokens::seal(ctx, &mut account, &fresh)?;
    insert(ctx, &account, kind).await?;
    // From here on, clicks of this browser on this member's own links are held.
    if let Some(note) = links::note_device(ctx, Some(account.guild_id), account.user_id, request)
        && let Err(error) = ctx.query(note).await
    {
        ctx.warn("a member's browser was not noted", serde_json::json!({ "error": error.to_string() }));
    }
    Ok(account)
}

async fn insert(ctx: &Ctx, account: &Account, kind: Kind) -> Result<()> {
    let name = kind.name();
    let hash = account_hash(kind, &account.account_id);
    match ctx.query(store::upsert_account(account, &hash)).await {
        Ok(done) if done.changes > 0 => Ok(()),
        Ok(_) => {
            let row: Option<Account> = ctx.query(store::get_account(account.guild_id, &account.id)).await?.first()?;
            Err(match row {
                Some(other) => Error::User(format!(
                    "You have another {name} account connected here: {}. Use /disconnect first.",
                    other.account_name
                )),
                None => Error::User(format!(
                    "This {name} account was connected to another member until lately. It can be theirs again at once, and yours in a month at the latest."
                )),
            })
        }
        Err(error) if error.is_conflict() => {
            Err(Error::User(format!("This {name} account is connected to another member of this server.")))
        }
        Err(error) => Err(error),
    }
}

pub async fn list(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<Vec<Account>> {
    Ok(ctx.query(store::list_accounts(guild, user)).await?.all()?)
}

/// What came of taking an account back.
pub struct Disconnected {
    pub name: String,
    pub told: TookBack,
}

/// Whether the platform knows that the access is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TookBack {
    Told,
    /// It was not told, or has no way to be.
    NotTold,
    /// The same account is connected in another server, which would lose it too.
    InUse,
}

/// Revokes and erases; `None` where nothing was connected.
pub async fn disconnect(
    ctx: &Ctx,
    guild: Id<GuildMarker>,
    user: Id<UserMarker>,
    kind: Kind,
) -> Result<Option<Disconnected>> {
    let id = row_id(guild, user, kind);
    let row: Option<Account> = ctx.query(store::get_account(guild, &id)).await?.first()?;
    let Some(account) = row else { return Ok(None) };
    let told = if account.is_active() { revoke(ctx, &account, kind).await? } else { TookBack::NotTold };
    let hash = account_hash(kind, &account.account_id);
    ctx.batch(store::delete_account(&account, &hash, ctx.now() + RELINK_MS).to_vec()).await?;
    Ok(Some(Disconnected { name: account.account_name, told }))
}

async fn revoke(ctx: &Ctx, account: &Account, kind: Kind) -> Result<TookBack> {
    // A platform may take back everything that the person allowed, whichever token it is told.
    let elsewhere: Option<store::Elsewhere> = ctx.query(store::count_elsewhere(account)).await?.first()?;
    if elsewhere.is_some_and(|found| found.n > 0) {
        return Ok(TookBack::InUse);
    }
    let Some(app) = tokens::app_of(ctx, kind) else { return Ok(TookBack::NotTold) };
    // Platforms do not know tokens any more that have run out.
    let live = tokens::fresh(ctx, account).await;
    let row: Option<Account> = ctx.query(store::get_account(account.guild_id, &account.id)).await?.first()?;
    let row = row.filter(|row| live.is_ok() && row.is_active());
    let request = row.and_then(|row| kind.platform().revoke(app, &tokens::open(ctx, &row).ok()?));
    let Some(request) = request else { return Ok(TookBack::NotTold) };
    let is_told = ctx.http.send(request).await.is_ok_and(|answer| (200..300).contains(&answer.status));
    Ok(if is_told { TookBack::Told } else { TookBack::NotTold })
}

/// Somebody's connections are erased with everything else about them.
pub async fn forget(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<usize> {
    let accounts = list(ctx, guild, user).await?;
    for account in &accounts {
        if let Some(kind) = account.kind() {
            disconnect(ctx, guild, user, kind).await?;
        }
    }
    Ok(accounts.len())
}

/// Forgets what has expired.
///
/// # Errors
/// When the database does not answer.
pub async fn delete_old(ctx: &Ctx) -> Result<()> {
    ctx.batch(store::delete_expired(ctx.now(), DELETE_AT_ONCE).to_vec()).await?;
    Ok(())
}

/// Who acts, with which token, for a platform's calls.
pub fn acting<'a>(app: &'a App, account: &'a Account, access: &'a str) -> Acting<'a> {
    Acting { app, account: &account.account_id, access }
}
