//! Purpose: the `http` door: pages, signing in, and the JSON API, over the same features.
//!
//! Nothing changes by GET. Whatever changes something in the name of a session must come from this site (Origin, Sec-Fetch-Site)
//! and carry the session's form token.

pub mod choices;
mod guard;
pub mod message;
mod pages;
pub mod problem;
pub mod shell;

pub use message::{Form, Request, Response};
pub use shell::{Shell, Tab, render};

use crate::{
    access,
    ctx::Ctx,
    error::{Error, InternalKind, Result},
    identity::{Caller, login, session},
    ports::Level,
    registry,
};
use serde_json::json;
use std::rc::Rc;

/// Answers a request of the web. Every error has become a page or a problem here.
pub async fn http(ctx: &Ctx, request: Request) -> Response {
    let mut request = request;
    let is_api = matches!(request.segments().as_slice(), ["api", "v1", ..]);
    let response = match prepare(ctx, &mut request).await {
        Ok(()) if is_api => api(ctx, &mut request).await,
        Ok(()) => page(ctx, &request).await,
        Err(error) => Err(error),
    };
    let mut response = response
        .unwrap_or_else(|error| if is_api { problem_of(ctx, error) } else { pages::error(ctx, &request, error) });
    if let Some(token) = request.caller.session().and_then(|session| session.renewed.as_ref())
        && response.header("set-cookie").is_none()
    {
        response = session::renew(ctx, response, token);
    }
    if is_api && response.status == 200 && matches!(request.caller, Caller::Nobody) {
        // What anybody may read, a page anywhere may read and check.
        response = response.with("access-control-allow-origin", "*");
    }
    guard::secure(ctx, response)
}

/// Who asks, and whether it comes from where it must.
async fn prepare(ctx: &Ctx, request: &mut Request) -> Result<()> {
    request.caller = match session::of_request(ctx, request).await? {
        Some(session) => Caller::Session(Rc::new(session)),
        None => Caller::Nobody,
    };
    guard::check_origin(ctx, request)
}

async fn api(ctx: &Ctx, request: &mut Request) -> Result<Response> {
    request.segments.drain(..2);
    Ok(registry::api(ctx, request).await?.unwrap_or_else(Response::not_found))
}

async fn page(ctx: &Ctx, request: &Request) -> Result<Response> {
    let segments = request.segments();
    match (request.method.as_str(), &segments[..]) {
        ("POST", ["auth", "login"]) => login::start(ctx, request).await,
        ("GET", ["auth", "callback"]) => login::finish(ctx, request).await,
        ("POST", ["auth", "logout"]) => login::end(ctx, request).await,
        ("GET", [] | [""]) => pages::home(ctx, request),
        ("GET", ["guilds"]) => pages::guilds(ctx, request).await,
        ("GET", ["sessions"]) => pages::sessions(ctx, request).await,
        (_, ["g", guild, rest @ ..]) => {
            let access = access::enter(ctx, request, guild).await?;
            registry::page(ctx, request, &access, rest).await?.ok_or(Error::NotFound)
        }
        (_, rest) => registry::public_page(ctx, request, rest).await?.ok_or(Error::NotFound),
    }
}

/// The one place where an error of the API becomes an answer.
fn problem_of(ctx: &Ctx, error: Error) -> Response {
    let status = status_of(&error);
    match error {
        Error::Invalid(fields) => problem::invalid(&fields),
        Error::Internal(internal) => {
            let id = ctx.random_hex(4);
            ctx.log.write(Level::Error, "api failed", json!({ "error_id": id, "what": internal.what }));
            problem::internal(status, &id)
        }
        Error::TooMany(seconds) => {
            problem::of(status, &Error::TooMany(seconds).to_string()).with("retry-after", seconds.to_string())
        }
        other => problem::of(status, &other.to_string()),
    }
}

fn status_of(error: &Error) -> u16 {
    match error {
        Error::User(_) => 400,
        Error::SignIn => 401,
        Error::Denied(_) => 403,
        Error::NotFound => 404,
        Error::Stale => 412,
        Error::Invalid(_) => 422,
        Error::TooMany(_) => 429,
        Error::Internal(internal) if internal.kind == InternalKind::Retryable => 503,
        Error::Internal(_) => 500,
    }
}
