//! Purpose: the only file that names a binding or a setting: builds the Ctx from the Worker's environment.

use crate::ports::{
    blob::R2, clock::WorkerClock, d1::D1, http::FetchHttp, kv::WorkerKv, leaderboards::GuildLeaderboards,
    log::ConsoleLog, queue::JobQueue, rng::WebRng, timers::GuildTimers,
};
use muster_core::{
    Ctx,
    ctx::{Memory, Settings},
    identity::{SessionKeys, WebSettings},
    ports::Blob,
    signature::DiscordKey,
    social::{Apps, Kind},
    vault::Vault,
};
use std::{cell::RefCell, rc::Rc};
use worker::{Bucket, D1Database, Env, ObjectNamespace, Queue, kv::KvStore};

thread_local! {
    /// One per isolate: ports hold bindings, which live as long as the isolate.
    static CTX: RefCell<Option<Ctx>> = const { RefCell::new(None) };
}

fn setting(env: &Env, name: &str) -> Option<String> {
    // Secrets and vars look alike from here.
    let value = env.var(name).map(|var| var.to_string()).ok()?;
    (!value.is_empty()).then_some(value)
}

fn required(env: &Env, name: &str) -> Result<String, String> {
    setting(env, name).ok_or_else(|| {
        format!("the setting {name} is missing: `./scripts/deploy` asks for it, `./scripts/dev` sets it")
    })
}

/// Discord's public keys for this application; several while one is being rotated, separated by commas.
pub fn public_keys(env: &Env) -> Vec<DiscordKey> {
    let configured = setting(env, "DISCORD_PUBLIC_KEY").unwrap_or_default();
    let keys: Vec<DiscordKey> = configured.split(',').filter_map(|key| DiscordKey::from_hex(key.trim())).collect();
    if keys.is_empty() {
        worker::console_error!("DISCORD_PUBLIC_KEY holds no usable key: every interaction will be refused");
    }
    keys
}

/// The sidecars' keys; none when no sidecar was set up.
fn gateway_keys(env: &Env) -> Vec<muster_protocol::Key> {
    let configured = setting(env, "GATEWAY_KEY").unwrap_or_default();
    muster_protocol::parse_keys(&configured).unwrap_or_else(|why| {
        worker::console_error!("GATEWAY_KEY: {why}; every batch of a sidecar will be refused");
        Vec::new()
    })
}

/// What signing in on the web takes; `None` while something of it is missing or broken.
fn web(env: &Env) -> Option<WebSettings> {
    let client_secret = setting(env, "DISCORD_CLIENT_SECRET")?;
    let session_keys = SessionKeys::parse(&setting(env, "SESSION_KEYS")?)
        .map_err(|why| worker::console_error!("SESSION_KEYS: {why}; nobody can sign in"));
    let vault = Vault::parse(&setting(env, "TOKEN_KEYS")?)
        .map_err(|why| worker::console_error!("TOKEN_KEYS: {why}; nobody can sign in"));
    Some(WebSettings { client_secret, session_keys: Rc::new(session_keys.ok()?), vault: Rc::new(vault.ok()?) })
}

/// The applications on social platforms, each out of one secret such as SOCIAL_LINKEDIN.
fn social(env: &Env) -> Apps {
    let of = |kind: Kind| {
        let secret = setting(env, &format!("SOCIAL_{}", kind.key().to_uppercase()))?;
        let app = kind.app(&secret, |name, default| base_url(env, name, default));
        if app.is_none() {
            worker::console_error!("SOCIAL_{}: expected client_id:client_secret", kind.key().to_uppercase());
        }
        Some((kind, app?))
    };
    Kind::ALL.into_iter().filter_map(of).collect()
}

fn base_url(env: &Env, name: &str, default: &str) -> String {
    let url = setting(env, name).unwrap_or_else(|| default.to_owned());
    url.trim_end_matches('/').to_owned()
}

fn settings(env: &Env) -> Result<Settings, String> {
    let application = required(env, "DISCORD_APPLICATION_ID")?;
    Ok(Settings {
        application_id: application.parse().map_err(|_| "DISCORD_APPLICATION_ID is no id".to_owned())?,
        bot_token: required(env, "DISCORD_TOKEN")?,
        gateway_keys: gateway_keys(env),
        discord_api: base_url(env, "DISCORD_API", "https://discord.com/api/v10"),
        discord_web: base_url(env, "DISCORD_WEB", "https://discord.com"),
        discord_cdn: base_url(env, "DISCORD_CDN", "https://cdn.discordapp.com"),
        public_url: base_url(env, "PUBLIC_URL", "http://127.0.0.1:8787"),
        commands_guild: setting(env, "COMMANDS_GUILD").and_then(|id| id.parse().ok()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        web: web(env),
        social: social(env),
    })
}

/// The Ctx of this invocation.
///
/// # Errors
/// A sentence naming the setting that is missing.
pub fn ctx(env: &Env) -> Result<Ctx, String> {
    CTX.with(|known| {
        let mut known = known.borrow_mut();
        if known.is_none() {
            *known = Some(build(env)?);
        }
        let ctx = known.as_ref().ok_or("unreachable")?;
        // Work after the answer belongs to one invocation.
        Ok(Ctx { after: Rc::default(), reads: Rc::default(), ..ctx.clone() })
    })
}

fn build(env: &Env) -> Result<Ctx, String> {
    Ok(Ctx {
        db: Rc::new(D1::new(env.clone())),
        http: Rc::new(FetchHttp),
        queue: Rc::new(JobQueue::new(env.clone())),
        timers: Rc::new(GuildTimers::new(env.clone())),
        leaderboards: Rc::new(GuildLeaderboards::new(env.clone())),
        kv: Rc::new(WorkerKv::new(env.clone())),
        blob: bucket(env).is_ok().then(|| Rc::new(R2::new(env.clone())) as Rc<dyn Blob>),
        clock: Rc::new(WorkerClock),
        rng: Rc::new(WebRng),
        log: Rc::new(ConsoleLog),
        settings: Rc::new(settings(env)?),
        memory: Rc::new(Memory::default()),
        reads: Rc::default(),
        after: Rc::default(),
    })
}

pub fn database(env: &Env) -> worker::Result<D1Database> {
    env.d1("DB")
}

pub fn kv(env: &Env) -> worker::Result<KvStore> {
    env.kv("KV")
}

/// An error where the deployment has none: R2 has to be switched on for an account.
pub fn bucket(env: &Env) -> worker::Result<Bucket> {
    env.bucket("MEDIA")
}

pub fn jobs(env: &Env) -> worker::Result<Queue> {
    env.queue("JOBS")
}

pub fn clicks(env: &Env) -> worker::Result<Queue> {
    env.queue("CLICKS")
}

pub fn timers(env: &Env) -> worker::Result<ObjectNamespace> {
    env.durable_object("TIMERS")
}

pub fn leaderboards(env: &Env) -> worker::Result<ObjectNamespace> {
    env.durable_object("LEADERBOARDS")
}

/// Whether the clock may be moved: set by `scripts/dev` and the tests, and only believed beside a local Discord.
pub fn is_dev(env: &Env) -> bool {
    let local = setting(env, "DISCORD_API").is_some_and(|url| url.starts_with("http://127.0.0.1:"));
    local && setting(env, "DEV_CLOCK").as_deref() == Some("1")
}

/// Finishes what core put off, and what that put off in turn.
pub async fn run_after(ctx: &Ctx) {
    loop {
        let work: Vec<_> = ctx.after.borrow_mut().drain(..).collect();
        if work.is_empty() {
            return;
        }
        for one in work {
            one.await;
        }
    }
}
