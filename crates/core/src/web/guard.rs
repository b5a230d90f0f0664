//! Purpose: where a change may come from, and what every answer tells the browser not to do.

use super::message::{HTML, Request, Response};
use crate::{
    ctx::Ctx,
    error::{Error, Result},
    identity::Caller,
    text::clean_line,
};
use serde_json::json;

/// Characters of an address that the log keeps: more than the longest first word of ours.
const PLACE_MAX: usize = 20;

/// Refuses a change that another site could have sent in somebody's name.
pub fn check_origin(ctx: &Ctx, request: &Request) -> Result<()> {
    if request.is_safe() {
        return Ok(());
    }
    let refused = || {
        Error::Denied(
            "This came from another site, or from a page that is too old. Load the page again and repeat what you did."
                .to_owned(),
        )
    };
    // Browsers send at least one of them with every POST; whoever sends none is no browser, and has no session to lend.
    let origin = request.header("origin");
    let site = request.header("sec-fetch-site");
    if origin.is_some_and(|origin| origin != ctx.settings.public_url) || site.is_some_and(|site| site != "same-origin")
    {
        return Err(refused());
    }
    let Caller::Session(session) = &request.caller else { return Ok(()) };
    if origin.is_none() && site.is_none() {
        return Err(refused());
    }
    let token = match request.header("x-form-token") {
        Some(token) => token.to_owned(),
        None => request.form().get("form_token").to_owned(),
    };
    let accepted = ctx.settings.web.as_ref().is_some_and(|web| web.session_keys.accepts_form(&session.id, &token));
    if accepted { Ok(()) } else { Err(refused()) }
}

/// Refused requests stand in the log (ASVS 5.0, 16.3.1 to 16.3.3): who asked, and for what. Whoever is not signed in and sends no key is
/// asked to sign in, which is no refusal.
pub fn log_refusal(ctx: &Ctx, request: &Request, status: u16) {
    let is_refusal = matches!(status, 403 | 429) || status == 401 && request.header("authorization").is_some();
    if !is_refusal {
        return;
    }
    let who = match &request.caller {
        Caller::Nobody => "nobody".to_owned(),
        Caller::Session(session) => session.user.to_string(),
        Caller::Key(key) => format!("key {}", key.id),
    };
    // The first word only: what follows may be somebody's link, which opens something.
    let place = request.segments.first().map_or_else(String::new, |first| clean_line(first, PLACE_MAX));
    ctx.warn("refused", json!({ "status": status, "method": request.method, "place": place, "who": who }));
}

/// Where a form of this site may end: browsers hold every address that a POST is redirected to against this as well, and a platform sends
/// some on to a host of its own, such as phones from `www` to `m.facebook.com`.
fn form_targets(ctx: &Ctx) -> String {
    let mut all = ctx.settings.discord_web.clone();
    for (_, app) in &ctx.settings.social {
        all.push(' ');
        all.push_str(&app.web.replace("://www.", "://*."));
    }
    all
}

/// Security headers (OWASP ASVS 5.0, 3.4). Scripts and styles come from files of this site only; forms lead here or to Discord.
pub fn secure(ctx: &Ctx, mut response: Response) -> Response {
    let policy = if response.content_type == HTML {
        format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
             form-action 'self' {}; base-uri 'none'; frame-ancestors 'none'",
            form_targets(ctx)
        )
    } else {
        "default-src 'none'; frame-ancestors 'none'".to_owned()
    };
    let caching =
        if response.max_age > 0 { format!("public, max-age={}", response.max_age) } else { "no-store".to_owned() };
    let all = [
        ("content-security-policy", policy),
        ("cache-control", caching),
        ("x-content-type-options", "nosniff".to_owned()),
        ("referrer-policy", "same-origin".to_owned()),
        ("strict-transport-security", "max-age=31536000; includeSubDomains".to_owned()),
        ("cross-origin-opener-policy", "same-origin".to_owned()),
    ];
    // What an answer says itself holds.
    let others = all.into_iter().filter(|(name, _)| response.header(name).is_none()).collect::<Vec<_>>();
    response.headers.extend(others);
    response
}
