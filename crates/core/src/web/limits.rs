//! Purpose: how often somebody may ask, counted in this isolate's memory and said in every answer of the API.
//!
//! Headers: IETF draft "RateLimit header fields for HTTP" (draft-ietf-httpapi-ratelimit-headers-10). An isolate serves one place of the
//! world, so somebody who comes in at several places has that many limits: this keeps a loop from eating the plan, and no more.

use super::message::{Request, Response};
use crate::{ctx::Ctx, identity::Caller};
use std::{cell::Cell, rc::Rc};

const WINDOW_MS: i64 = 60_000;

/// A limit for one kind of caller, per minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Policy {
    name: &'static str,
    quota: u32,
}

/// A program polls some numbers every few seconds; somebody at the dashboard presses what they like; whoever is not signed in shares
/// an address with others.
fn policy(caller: &Caller) -> Policy {
    match caller {
        Caller::Key(_) => Policy { name: "key", quota: 300 },
        Caller::Session(_) => Policy { name: "session", quota: 600 },
        Caller::Nobody => Policy { name: "address", quota: 1_200 },
    }
}

/// Sign-ins that one address may begin.
const SIGN_IN: Policy = Policy { name: "sign-in", quota: 30 };

/// Short links that do not exist and that one address may ask for: nobody mistypes so many.
const GUESSES: Policy = Policy { name: "guess", quota: 30 };

/// What is left of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    policy: Policy,
    remaining: u32,
    /// Seconds until it is whole again.
    pub seconds: u32,
    pub is_over: bool,
}

fn key(policy: Policy, who: &str, now: i64) -> String {
    format!("limit:{}:{who}:{}", policy.name, now.div_euclid(WINDOW_MS))
}

fn take(ctx: &Ctx, policy: Policy, who: &str) -> Left {
    let now = ctx.now();
    let ends = (now.div_euclid(WINDOW_MS) + 1) * WINDOW_MS;
    let key = key(policy, who, now);
    let count = ctx.memory.recall::<Cell<u32>>(&key, now).unwrap_or_else(|| {
        let count = Rc::new(Cell::new(0));
        ctx.memory.remember(key, count.clone(), ends);
        count
    });
    count.set(count.get().saturating_add(1));
    Left {
        policy,
        remaining: policy.quota.saturating_sub(count.get()),
        seconds: u32::try_from((ends - now + 999) / 1_000).unwrap_or(60),
        is_over: count.get() > policy.quota,
    }
}

fn address(request: &Request) -> &str {
    request.header("cf-connecting-ip").unwrap_or_default()
}

/// Counts a request of the API.
pub fn take_api(ctx: &Ctx, request: &Request) -> Left {
    let who = match &request.caller {
        Caller::Key(key) => key.id.clone(),
        Caller::Session(session) => session.user.to_string(),
        Caller::Nobody => address(request).to_owned(),
    };
    take(ctx, policy(&request.caller), &who)
}

/// Counts a sign-in that begins.
pub fn take_sign_in(ctx: &Ctx, request: &Request) -> Left {
    take(ctx, SIGN_IN, address(request))
}

/// Counts a short link that does not exist.
pub fn note_guess(ctx: &Ctx, request: &Request) {
    take(ctx, GUESSES, address(request));
}

/// In how many seconds this address may ask for a link again; `None` for now.
pub fn guesses_too_much(ctx: &Ctx, request: &Request) -> Option<u32> {
    let count = ctx.memory.recall::<Cell<u32>>(&key(GUESSES, address(request), ctx.now()), ctx.now())?;
    (count.get() >= GUESSES.quota).then_some(60)
}

/// Says what is left.
pub fn tell(response: Response, left: Left) -> Response {
    let Policy { name, quota } = left.policy;
    response
        .with("ratelimit-policy", format!("\"{name}\";q={quota};w={}", WINDOW_MS / 1_000))
        .with("ratelimit", format!("\"{name}\";r={};t={}", left.remaining, left.seconds))
}
