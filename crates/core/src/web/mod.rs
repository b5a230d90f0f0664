//! Purpose: the `http` door: pages, signing in, and the JSON API, over the same features.
//!
//! Nothing changes by GET. Whatever changes something in the name of a session must come from this site (Origin, Sec-Fetch-Site)
//! and carry the session's form token.

pub mod choices;
pub mod description;
pub mod fields;
mod guard;
mod limits;
pub mod message;
pub mod once;
mod pages;
pub mod problem;
pub mod shell;
pub mod table;

pub use limits::{guesses_too_much, note_guess};
pub use message::{Form, Request, Response, WRONG_CURSOR};
pub use pages::say;
pub use shell::{Shell, Tab, render};

use crate::{
    access, api_keys,
    ctx::Ctx,
    error::{Error, Result},
    identity::{Caller, login, session},
    links, media,
    ports::Level,
    registry,
};
use serde_json::json;
use std::rc::Rc;

/// Answers a request of the web. Every error has become a page or a problem here.
pub async fn http(ctx: &Ctx, request: Request) -> Response {
    let mut request = request;
    ctx.reads.begin();
    // HEAD is GET without the body; and a slash at the end means nothing.
    let is_head = request.method == "HEAD";
    if is_head {
        request.method = "GET".to_owned();
    }
    if request.segments.len() > 1 && request.segments.last().is_some_and(String::is_empty) {
        request.segments.pop();
    }
    if let ("GET", ["l", slug]) = (request.method.as_str(), &request.segments()[..]) {
        // For everybody, whoever is signed in: no session is read, and none renewed.
        let method = if is_head { "HEAD" } else { "GET" };
        let mut response = links::open(ctx, &request, slug, method).await;
        if is_head {
            response.body.clear();
        }
        return guard::secure(ctx, response);
    }
    if let ("GET", ["media", guild, name]) = (request.method.as_str(), &request.segments()[..]) {
        let mut response = media::open(ctx, &request, guild, name).await;
        if is_head {
            response.bytes.clear();
            response.body.clear();
        }
        return guard::secure(ctx, response);
    }
    let is_api = matches!(request.segments().as_slice(), ["api", "v1", ..]);
    let mut response = if is_api {
        api(ctx, &mut request).await
    } else {
        let page = match prepare(ctx, &mut request, false).await {
            Ok(()) => page(ctx, &request).await,
            Err(error) => Err(error),
        };
        page.unwrap_or_else(|error| pages::error(ctx, &request, error))
    };
    if let Some(token) = request.caller.session().and_then(|session| session.renewed.as_ref())
        && response.header("set-cookie").is_none()
    {
        response = session::renew(ctx, response, token);
    }
    if is_api && response.status == 200 && matches!(request.caller, Caller::Nobody) {
        // What anybody may read, a page anywhere may read and check.
        response = response.with("access-control-allow-origin", "*");
    }
    guard::log_refusal(ctx, &request, response.status);
    if is_head {
        response.body.clear();
    }
    guard::secure(ctx, response)
}

/// Who asks, and whether it comes from where it must.
async fn prepare(ctx: &Ctx, request: &mut Request, is_api: bool) -> Result<()> {
    // A header that names a key means that key and nothing else, whatever cookies come along.
    request.caller = match request.header("authorization").filter(|_| is_api) {
        Some(header) => Caller::Key(api_keys::of_header(ctx, header).await?),
        None => match session::of_request(ctx, request).await? {
            Some(session) => Caller::Session(Rc::new(session)),
            None => Caller::Nobody,
        },
    };
    guard::check_origin(ctx, request)
}

async fn api(ctx: &Ctx, request: &mut Request) -> Response {
    let prepared = prepare(ctx, request, true).await;
    let left = limits::take_api(ctx, request);
    request.segments.drain(..2);
    lengthen(request);
    let response = match prepared {
        Err(error) => Err(error),
        Ok(()) if left.is_over => Err(Error::TooMany(left.seconds)),
        Ok(()) => api_once(ctx, request).await,
    };
    limits::tell(response.unwrap_or_else(|error| problem_of(ctx, error)), left)
}

/// A key is for one guild, so `/missions` with a key means `/guilds/{that guild}/missions`. A giveaway's proof is everybody's.
fn lengthen(request: &mut Request) {
    let is_short = !matches!(request.segments().as_slice(), ["guilds", ..] | ["giveaways", _, "proof"]);
    let Caller::Key(key) = &request.caller else { return };
    if is_short {
        let guild = ["guilds".to_owned(), key.guild.to_string()];
        request.segments.splice(..0, guild);
    }
}

async fn api_once(ctx: &Ctx, request: &Request) -> Result<Response> {
    let place = match once::begin(ctx, request).await? {
        once::Turn::Answered(response) => return Ok(response),
        once::Turn::First(place) => Some(place),
        once::Turn::Free => None,
    };
    let response = match registry::api(ctx, request).await {
        Ok(response) => response.unwrap_or_else(Response::not_found),
        Err(error) => problem_of(ctx, error),
    };
    if let Some(place) = place
        && let Err(error) = once::finish(ctx, &place, &response).await
    {
        ctx.warn("an answer was not kept", json!({ "error": error.to_string() }));
    }
    Ok(response)
}

async fn page(ctx: &Ctx, request: &Request) -> Result<Response> {
    let segments = request.segments();
    match (request.method.as_str(), &segments[..]) {
        ("POST", ["auth", "login"]) => {
            let left = limits::take_sign_in(ctx, request);
            if left.is_over { Err(Error::TooMany(left.seconds)) } else { login::start(ctx, request).await }
        }
        ("GET", ["auth", "callback"]) => login::finish(ctx, request).await,
        ("POST", ["auth", "logout"]) => login::end(ctx, request).await,
        ("GET", [] | [""]) => pages::home(ctx, request),
        ("GET", ["api", "docs"]) => pages::docs(ctx, request),
        ("GET", ["guilds"]) => pages::guilds(ctx, request).await,
        ("GET", ["sessions"]) => pages::sessions(ctx, request).await,
        (_, ["g", guild, rest @ ..]) => {
            let access = access::enter(ctx, request, guild).await?;
            // Whatever it changes could not be told from another change, and a second delivery not from a first.
            if !request.is_safe() && request.form().once().is_empty() {
                return Err(Error::user("This form is too old. Load the page again and repeat what you did."));
            }
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
        Error::SignIn => {
            let why = "Send a key of the guild as `Authorization: Bearer muster_…`, or sign in.";
            problem::of(status, why).with("www-authenticate", "Bearer realm=\"muster\"")
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
        error if error.is_retryable() => 503,
        Error::Internal(_) => 500,
    }
}
