//! Purpose: the redirect: `/l/{slug}` out of KV, D1 behind it, and what the visitor reads when it leads nowhere.
//!
//! `src/links.js` answers what is in KV and leads somewhere without coming here; it reads the same text ([`record`]). KV may be a
//! minute old, and D1 is the record: what was disabled may lead on for that long.

use super::{
    clicks::{self, Visit},
    store::{self, Link},
};
use crate::{
    ctx::Ctx,
    error::{Error, Result},
    jobs::Job,
    web::{self, Request, Response},
};
use serde_json::json;
use std::rc::Rc;

/// Kept in KV so long, in seconds: who asks for it then has it written again.
const KEPT_SECONDS: u32 = 30 * 24 * 3_600;
/// That there is no such link is remembered in this isolate's memory only: KV takes 1,000 writes a day on the free plan, and whoever
/// guesses would use them up.
const UNKNOWN_MS: i64 = 60_000;

pub fn key(slug: &str) -> String {
    format!("l:{slug}")
}

/// A link as KV holds it: `L guild expiry target` leads on (expiry in Unix milliseconds, 0 for never), `D` and `C` do not.
pub fn record(link: &Link) -> String {
    match link.ended_as.as_deref() {
        Some("closed") => "C".to_owned(),
        Some(_) => "D".to_owned(),
        None => format!("L {} {} {}", link.guild_id, link.expires_at.unwrap_or_default(), link.target),
    }
}

/// Writes a link into KV.
pub async fn publish(ctx: &Ctx, link: &Link) -> Result<()> {
    ctx.kv.put(&key(&link.slug), &record(link), KEPT_SECONDS).await.map_err(Error::retryable)
}

/// Letters and digits, as slugs are made.
fn is_slug(slug: &str) -> bool {
    slug.len() == super::SLUG_LENGTH && slug.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Answers `/l/{slug}`; `method` is what was asked with.
pub async fn open(ctx: &Ctx, request: &Request, slug: &str, method: &str) -> Response {
    let answer = match look_up(ctx, request, slug).await {
        Ok(Some(record)) => lead(ctx, request, slug, method, &record),
        Ok(None) => unknown(ctx, request),
        Err(error) => Err(error),
    };
    answer.unwrap_or_else(|error| match error {
        Error::TooMany(_) => {
            page(ctx, request, 429, "Slow down", "Too many links that do not exist. Try again in a minute.")
        }
        error => {
            ctx.warn("a link was not looked up", json!({ "error": error.to_string() }));
            page(ctx, request, 503, "Try again", "This link could not be looked up. Try again in a moment.")
        }
    })
}

async fn look_up(ctx: &Ctx, request: &Request, slug: &str) -> Result<Option<String>> {
    if !is_slug(slug) {
        return Ok(None);
    }
    // KV is a cache: without it D1 answers.
    if let Ok(Some(record)) = ctx.kv.get(&key(slug)).await {
        return Ok(Some(record));
    }
    if let Some(seconds) = web::guesses_too_much(ctx, request) {
        return Err(Error::TooMany(seconds));
    }
    let (note, now) = (format!("links:none:{slug}"), ctx.now());
    if ctx.memory.recall::<()>(&note, now).is_some() {
        return Ok(None);
    }
    let Some(link) = ctx.query(store::find(slug)).await?.first::<Link>()? else {
        ctx.memory.remember(note, Rc::new(()), now + UNKNOWN_MS);
        return Ok(None);
    };
    let (record, later) = (record(&link), ctx.clone());
    ctx.after(async move {
        if let Err(error) = publish(&later, &link).await {
            later.warn("a link was not written to KV", json!({ "error": error.to_string() }));
        }
    });
    Ok(Some(record))
}

fn lead(ctx: &Ctx, request: &Request, slug: &str, method: &str, record: &str) -> Result<Response> {
    let ended = |heading, text| Ok(page(ctx, request, 410, heading, text));
    let mut parts = record.splitn(4, ' ');
    let (Some("L"), Some(guild), Some(expires_at), Some(target)) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return if record == "C" {
            ended("This campaign is over", "The link belongs to a campaign that has been closed.")
        } else {
            ended("This link is switched off", "Whoever made it has switched it off.")
        };
    };
    let expires_at: i64 = expires_at.parse().unwrap_or_default();
    if expires_at != 0 && expires_at <= ctx.now() {
        return ended("This link has expired", "It led somewhere for a time, and that time is over.");
    }
    note(ctx, request, guild, slug, method);
    let response = Response::html(302, String::new()).with("location", target);
    Ok(response.with("cache-control", "private, no-store").with("referrer-policy", "no-referrer"))
}

/// Has the click counted once the answer is out. One that dies with the process is lost.
fn note(ctx: &Ctx, request: &Request, guild: &str, slug: &str, method: &str) {
    let header = |name: &str| request.header(name).unwrap_or_default();
    let purpose = ["purpose", "sec-purpose", "x-purpose", "x-moz"].map(header).join(" ");
    let visit = Visit {
        guild,
        slug,
        at: ctx.now(),
        method,
        user_agent: header("user-agent"),
        purpose: &purpose,
        address: header("cf-connecting-ip"),
        country: header("cf-ipcountry"),
        referrer: header("referer"),
    };
    let (lines, later) = (clicks::lines(ctx, &[visit]), ctx.clone());
    ctx.after(async move {
        if let Err(error) = later.queue.send(Job::Clicks { lines }, 0).await {
            later.warn("a click was lost", json!({ "error": error }));
        }
    });
}

fn unknown(ctx: &Ctx, request: &Request) -> Result<Response> {
    web::note_guess(ctx, request);
    Ok(page(ctx, request, 404, "No such link", "There is no such short link. Check that you have all of it."))
}

/// Shown to visitors; nothing of what they asked for is in it.
fn page(ctx: &Ctx, request: &Request, status: u16, heading: &'static str, text: &str) -> Response {
    web::say(ctx, request, status, heading, text)
}
