//! Purpose: an account's token for one call: opened, refreshed ahead of its end by one process at a time, and given up when it is dead.
//!
//! A refresh token may be good for one use: of two processes one refreshes under the row's lease, the other waits for its tokens.
//! What the platform gave is written as often as the lease allows. A process that dies before that has lost the new tokens: the next
//! refresh is refused, and the member is asked to connect again, once.

use super::{Kind, Refusal, Tokens, linkedin, store, store::Account};
use crate::{
    ctx::Ctx,
    error::{Error, Result},
    outbox::{self, Effect, EffectKind},
    reply::Message,
    sql::Statement,
    text,
    vault::{Place, Vault},
};
use serde_json::json;
use std::rc::Rc;

/// A token with less than this left is refreshed before it is used.
const MARGIN_MS: i64 = 10 * 60_000;
/// Meta refreshes tokens of 24 hours and more.
const YOUNG_MS: i64 = super::DAY_MS;
/// Longer than a call may take.
const LEASE_MS: i64 = 30_000;
/// How often, and how long, one waits for the other's refresh.
const WAITS: u32 = 20;
const WAIT_MS: u64 = 500;
const RESEAL_AT_ONCE: u32 = 50;
/// What is refused without a word about the grant, or does not open, is kept for so long after its end: most likely this deployment's
/// settings are wrong, and somebody mends them.
const PATIENCE_MS: i64 = 7 * super::DAY_MS;
const ACCESS: &str = "access_token";
const REFRESH: &str = "refresh_token";

/// Why there is no token.
pub enum Trouble {
    /// Gone for good; the member was told.
    Lost,
    /// Not now.
    Later(String),
    Failed(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// # Errors
/// `User` where signing in, and with it the keys for tokens, was not set up.
pub fn vault(ctx: &Ctx) -> Result<Rc<Vault>> {
    let missing = || Error::user("This deployment has no keys for tokens yet, so nothing can be connected.");
    ctx.settings.web.as_ref().map(|web| web.vault.clone()).ok_or_else(missing)
}

fn place<'a>(id: &'a str, column: &'a str) -> Place<'a> {
    Place { table: "social_accounts", row: id, column }
}

/// Puts tokens into a row that is about to be written.
pub fn seal(ctx: &Ctx, account: &mut Account, tokens: &Tokens) -> Result<()> {
    let vault = vault(ctx)?;
    let seal = |column, text: &str| {
        let sealed = vault.seal(&*ctx.rng, place(&account.id, column), text.as_bytes());
        sealed.map_err(|error| Error::internal(format!("a token was not sealed: {error}")))
    };
    let (access, refresh) = (seal(ACCESS, &tokens.access)?, seal(REFRESH, &tokens.refresh)?);
    account.access_token = access;
    account.refresh_token = refresh;
    account.sealed_by = vault.current().to_owned();
    account.token_at = ctx.now();
    account.token_expires_at = tokens.expires_at;
    account.due_at = Some(due_at(account));
    Ok(())
}

/// When the account is looked at next: ten days before a token of 60 days ends, some hours apart from the others.
fn due_at(account: &Account) -> i64 {
    let spread = account.id.bytes().fold(0_i64, |sum, byte| sum * 31 % 1_440 + i64::from(byte)) * 60_000;
    account.token_at + linkedin::REMIND_MS - spread
}

/// # Errors
/// `Internal` when a key is missing or the text was changed.
pub fn open(ctx: &Ctx, account: &Account) -> Result<Tokens> {
    let vault = vault(ctx)?;
    let open = |column, text: &str| {
        let bytes = vault.open(place(&account.id, column), text);
        let bytes = bytes.map_err(|error| Error::internal(format!("a token of an account does not open: {error}")))?;
        String::from_utf8(bytes).map_err(Error::internal)
    };
    Ok(Tokens {
        access: open(ACCESS, &account.access_token)?,
        refresh: open(REFRESH, &account.refresh_token)?,
        expires_at: account.token_expires_at,
        scopes: Vec::new(),
    })
}

/// The platform and this deployment's application for it.
pub fn app_of(ctx: &Ctx, kind: Kind) -> Option<&super::App> {
    ctx.settings.social.iter().find(|(one, _)| *one == kind).map(|(_, app)| app)
}

/// An access token that holds for a while.
pub async fn fresh(ctx: &Ctx, account: &Account) -> Result<String, Trouble> {
    renewed(ctx, account.clone(), MARGIN_MS).await
}

/// Refreshes when less than `margin` is left.
async fn renewed(ctx: &Ctx, mut account: Account, margin: i64) -> Result<String, Trouble> {
    let known = account.token_at;
    for _ in 0..WAITS {
        if !account.is_active() {
            return Err(Trouble::Lost);
        }
        let left = account.token_expires_at - ctx.now();
        // What somebody else renewed meanwhile is new, however much is asked for.
        if left > margin || (account.token_at != known && left > 0) {
            return Ok(open(ctx, &account)?.access);
        }
        let until = ctx.now() + LEASE_MS;
        let leased = ctx.query(store::lease(&account, ctx.now(), until)).await?.changes == 1;
        if leased {
            return refresh(ctx, account, until).await;
        }
        ctx.clock.sleep(WAIT_MS).await;
        let again = ctx.query(store::get_account(account.guild_id, &account.id)).await?;
        account = again.first().map_err(Error::from)?.ok_or(Trouble::Lost)?;
    }
    // Whoever has the lease got no answer, or died over it.
    if account.token_expires_at > ctx.now() {
        return Ok(open(ctx, &account)?.access);
    }
    Err(Trouble::Later("somebody else is refreshing the connection".to_owned()))
}

async fn refresh(ctx: &Ctx, mut account: Account, lease: i64) -> Result<String, Trouble> {
    let tokens = open(ctx, &account)?;
    let setup = account.kind().and_then(|kind| Some((kind.platform(), app_of(ctx, kind)?)));
    let Some((platform, app)) = setup else {
        return Err(Trouble::Later("this platform is not set up any more".to_owned()));
    };
    let Some(request) = platform.refresh(app, &tokens) else {
        return if tokens.expires_at > ctx.now() { Ok(tokens.access) } else { Err(lost(ctx, &account, lease).await?) };
    };
    let told = match ctx.http.send(request).await {
        Ok(answer) => platform.read_tokens(&answer, ctx.now()),
        Err(why) => Err(Refusal::Unknown(why.0)),
    };
    // Whoever comes next need not wait for a clear answer, nor where the token that is there goes on being used, which the platform may
    // refuse then. Otherwise the platform may still be at it.
    let is_held = match &told {
        Ok(_) | Err(Refusal::Token) => true,
        Err(Refusal::Unknown(_)) => tokens.expires_at <= ctx.now(),
        Err(_) => false,
    };
    if !is_held {
        ctx.query(store::release(&account, lease)).await?;
    }
    match told {
        Ok(mut fresh) => {
            if fresh.refresh.is_empty() {
                fresh.refresh = tokens.refresh;
            }
            seal(ctx, &mut account, &fresh)?;
            if keep(ctx, &account, lease).await? {
                return Ok(fresh.access);
            }
            // Written before, by a call whose answer was lost; or the member connected again meanwhile.
            let row = ctx.query(store::get_account(account.guild_id, &account.id)).await?;
            let row: Option<Account> = row.first().map_err(Error::from)?;
            let row = row.filter(Account::is_active).ok_or(Trouble::Lost)?;
            Ok(open(ctx, &row)?.access)
        }
        Err(Refusal::Token) => Err(lost(ctx, &account, lease).await?),
        // The token that is there may still do.
        Err(why) if tokens.expires_at > ctx.now() => {
            note_refused(ctx, &account, &why);
            Ok(tokens.access)
        }
        // An application's secret that is wrong today would cost everybody their connection.
        Err(Refusal::Rejected(_) | Refusal::Nobody(_)) if tokens.expires_at + PATIENCE_MS < ctx.now() => {
            Err(lost(ctx, &account, lease).await?)
        }
        Err(ref why @ Refusal::Rejected(ref said)) => {
            note_refused(ctx, &account, why);
            Err(Trouble::Later(format!("the platform does not renew the connection now: {said}")))
        }
        Err(Refusal::Nobody(_)) => Err(Trouble::Later("the platform does not renew the connection now".to_owned())),
        Err(Refusal::Later(_)) => Err(Trouble::Later("the platform asks for patience".to_owned())),
        Err(Refusal::Unknown(why)) => Err(Trouble::Later(format!("no answer to the refresh: {why}"))),
    }
}

/// Writes new tokens; the old ones may be good for nothing any more, so a database that does not answer is asked again while the lease
/// holds. False where the lease is over.
async fn keep(ctx: &Ctx, account: &Account, lease: i64) -> Result<bool> {
    let mut wait = WAIT_MS;
    loop {
        match ctx.query(store::set_tokens(account, lease)).await {
            Ok(done) => return Ok(done.changes > 0),
            Err(error) if ctx.now() + wait.cast_signed() >= lease => {
                ctx.warn(
                    "renewed tokens could not be written, and may be lost",
                    json!({ "platform": account.platform }),
                );
                return Err(error);
            }
            Err(_) => ctx.clock.sleep(wait).await,
        }
        wait *= 2;
    }
}

/// For whoever runs this: the member is not the one who can do something about it.
fn note_refused(ctx: &Ctx, account: &Account, why: &Refusal) {
    if let Refusal::Rejected(said) = why {
        ctx.warn("a platform refuses to renew a connection", json!({ "platform": account.platform, "said": said }));
    }
}

/// A connection that is over: wiped, and told to its member once, whoever notices. Not while it is being renewed by somebody whose lease
/// ends after `lease`, and not with other tokens than these: those may be good.
async fn lost(ctx: &Ctx, account: &Account, lease: i64) -> Result<Trouble> {
    let text = format!(
        "Your {} account **{}** is no longer connected: the platform does not accept Muster's access any more. Nothing was published with it. Use `/connect` in the server to connect it again.",
        account.kind().map_or("social", Kind::name),
        text::escape_markdown(&account.account_name),
    );
    match tell(ctx, store::lose(account, lease), &note(account, "lost", &text)).await {
        Err(error) if error.is_conflict() => Ok(Trouble::Later("somebody else is renewing the connection".to_owned())),
        told => told.map(|()| Trouble::Lost),
    }
}

/// Changes a row and says so, together; whoever comes second changes and says nothing.
async fn tell(ctx: &Ctx, change: Statement, note: &Effect) -> Result<()> {
    let prepared = outbox::prepare_many(ctx, std::slice::from_ref(note));
    let results = ctx.batch(vec![change, prepared.statement]).await?;
    if results.last().is_some_and(|inserted| inserted.changes == 1) {
        outbox::deliver_soon(ctx, prepared.ids);
    }
    Ok(())
}

/// Words to the member in private, once per token.
fn note(account: &Account, what: &str, text: &str) -> Effect {
    let marker = format!("-# {what} {} {}", account.id, account.token_at);
    Effect {
        guild_id: account.guild_id,
        feature: "connect",
        key: format!("connect:{what}:{}:{}", account.id, account.token_at),
        reference: String::new(),
        kind: EffectKind::Direct {
            user: account.user_id,
            body: Message::text(format!("{text}\n{marker}")).create_body(),
            marker,
        },
    }
}

/// The row is due: refreshed where that is possible, otherwise the member is reminded in time.
pub async fn look(ctx: &Ctx, account: Account) -> Result<Option<i64>> {
    let Some(app) = account.kind().and_then(|kind| app_of(ctx, kind)) else {
        return later(ctx, &account, super::DAY_MS).await;
    };
    let platform = account.kind().map(Kind::platform);
    let can_refresh = platform
        .is_some_and(|platform| open(ctx, &account).is_ok_and(|tokens| platform.refresh(app, &tokens).is_some()));
    let (now, end) = (ctx.now(), account.token_expires_at);
    if can_refresh {
        if now - account.token_at < YOUNG_MS {
            return later(ctx, &account, YOUNG_MS).await;
        }
        return match renewed(ctx, account.clone(), i64::MAX / 4).await {
            Ok(_) => {
                let row: Option<Account> =
                    ctx.query(store::get_account(account.guild_id, &account.id)).await?.first()?;
                match row.and_then(|row| row.due_at).filter(|due| *due > now) {
                    Some(due) => Ok(Some(due)),
                    None => later(ctx, &account, super::HOUR_MS).await,
                }
            }
            Err(Trouble::Lost) => Ok(None),
            Err(Trouble::Later(_)) => later(ctx, &account, super::HOUR_MS).await,
            Err(Trouble::Failed(error)) => Err(error),
        };
    }
    if now >= end {
        lost(ctx, &account, now).await?;
        return Ok(None);
    }
    let text = format!(
        "Your {} account **{}** stays connected until <t:{}:D>. {} lets nobody prolong that: use `/connect` in the server and choose it again, and it holds for another two months.",
        account.kind().map_or("social", Kind::name),
        text::escape_markdown(&account.account_name),
        end / 1_000,
        account.kind().map_or("The platform", Kind::name),
    );
    tell(ctx, store::remind(&account, now, end), &note(&account, "ends", &text)).await?;
    Ok(Some(end))
}

async fn later(ctx: &Ctx, account: &Account, wait: i64) -> Result<Option<i64>> {
    let at = ctx.now() + wait;
    ctx.query(store::set_due(account, at)).await?;
    Ok(Some(at))
}

/// Moves tokens to the key that seals today.
///
/// # Errors
/// When the database does not answer; the next tick goes on.
pub async fn reseal(ctx: &Ctx) -> Result<()> {
    let Ok(vault) = vault(ctx) else { return Ok(()) };
    let rows: Vec<Account> = ctx.query(store::list_sealed_by_others(vault.current(), RESEAL_AT_ONCE)).await?.all()?;
    let mut closed = 0;
    for row in rows {
        match open(ctx, &row) {
            Ok(tokens) => {
                let mut again = row.clone();
                seal(ctx, &mut again, &tokens)?;
                ctx.query(store::reseal(&row, &again.access_token, &again.refresh_token, &again.sealed_by)).await?;
            }
            Err(_) if row.token_expires_at + PATIENCE_MS < ctx.now() => {
                lost(ctx, &row, ctx.now()).await?;
            }
            // Its key may come back into TOKEN_KEYS.
            Err(_) => closed += 1,
        }
    }
    if closed > 0 {
        ctx.warn("tokens of accounts do not open: a key is missing from TOKEN_KEYS", json!({ "accounts": closed }));
    }
    Ok(())
}

/// The platform says that the token is dead, though it should hold: the connection is over, unless the token was renewed meanwhile, which
/// ends the one before: then this is false.
///
/// # Errors
/// When the database does not answer.
pub async fn refused(ctx: &Ctx, account: &Account) -> Result<bool> {
    Ok(matches!(lost(ctx, account, ctx.now()).await?, Trouble::Lost))
}
