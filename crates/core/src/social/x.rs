//! Purpose: X, API v2: posts with a spending cap in mind, and their public counts.

use super::{
    Acting, App, Capabilities, Consent, Draft, Found, Metrics, Person, Platform, Published, Refusal, Sought, Tokens,
    Told, caption, versions::X as VERSION, wire,
};
use crate::{
    media::image::Image,
    ports::{HttpRequest, HttpResponse},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const SCOPES: &str = "tweet.read tweet.write users.read media.write offline.access";
/// Posts that one call asks about (GET /2/tweets).
const AT_ONCE: usize = 100;
/// Thousandths of a US dollar for a post with an address in it, and for one without (X's price list of April 2026).
const PRICE_WITH_ADDRESS: u32 = 200;
const PRICE: u32 = 15;
/// What X says of a refresh token that was used or taken back, as `invalid_request` where RFC 6749 has `invalid_grant` (as clients of its
/// token endpoint see it; X describes no errors of it).
const SPENT: &str = "token was invalid";
/// Where a post says when it appeared.
const TIME: &str = "created_at";

pub struct X;

fn token_call(app: &App, pairs: &[(&str, &str)]) -> HttpRequest {
    let secret = STANDARD.encode(format!("{}:{}", app.client_id, app.client_secret));
    let request = wire::post_form(format!("{}/{VERSION}/oauth2/token", app.tokens), pairs);
    wire::with(request, "authorization", format!("Basic {secret}"))
}

/// X says in a header when its window ends, in seconds, and never how long to wait.
fn told(answer: &HttpResponse, body: Told<Value>) -> Told<Value> {
    match answer.status {
        402 => Err(Refusal::Rejected("the application has no credit left on X".to_owned())),
        _ => body,
    }
}

/// Where the addresses in a post lead, as far as X says: a shortened one that it does not resolve stays as it is.
fn targets(post: &Value) -> impl Iterator<Item = &str> {
    let urls = post["entities"]["urls"].as_array().map(Vec::as_slice).unwrap_or_default();
    let shown = caption::addresses(post["text"].as_str().unwrap_or_default());
    let is_open = move |word: &&str| !urls.iter().any(|url| url["url"] == **word && url["expanded_url"].is_string());
    urls.iter().filter_map(|url| url["expanded_url"].as_str()).chain(shown.filter(is_open))
}

impl Platform for X {
    fn authorize(&self, app: &App, consent: &Consent<'_>) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(consent.verifier));
        let query = wire::query(&[
            ("response_type", "code"),
            ("client_id", &app.client_id),
            ("redirect_uri", consent.redirect_uri),
            ("scope", SCOPES),
            ("state", consent.state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        format!("{}/i/oauth2/authorize?{query}", app.web)
    }

    fn exchange(&self, app: &App, consent: &Consent<'_>, code: &str) -> HttpRequest {
        token_call(
            app,
            &[
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", consent.redirect_uri),
                ("code_verifier", consent.verifier),
            ],
        )
    }

    fn refresh(&self, app: &App, tokens: &Tokens) -> Option<HttpRequest> {
        let pairs = [("grant_type", "refresh_token"), ("refresh_token", tokens.refresh.as_str())];
        (!tokens.refresh.is_empty()).then(|| token_call(app, &pairs))
    }

    fn revoke(&self, app: &App, tokens: &Tokens) -> Option<HttpRequest> {
        let secret = STANDARD.encode(format!("{}:{}", app.client_id, app.client_secret));
        // Without the refresh token nothing comes after the access token's two hours (RFC 7009, section 2.1).
        let token = if tokens.refresh.is_empty() { &tokens.access } else { &tokens.refresh };
        let request = wire::post_form(format!("{}/{VERSION}/oauth2/revoke", app.tokens), &[("token", token)]);
        Some(wire::with(request, "authorization", format!("Basic {secret}")))
    }

    fn read_tokens(&self, answer: &HttpResponse, now: i64) -> Told<Tokens> {
        let told = wire::read_tokens(answer, now, wire::DEFAULT_LIFE_S);
        match told {
            Err(Refusal::Rejected(said)) if said.contains(SPENT) => Err(Refusal::Token),
            told => told,
        }
    }

    fn publish_scope(&self) -> &'static str {
        "tweet.write"
    }

    fn identify(&self, app: &App, access: &str) -> HttpRequest {
        wire::bearer(wire::get(format!("{}/{VERSION}/users/me", app.api)), access)
    }

    fn read_person(&self, answer: &HttpResponse) -> Told<Person> {
        let body = wire::ok(answer)?;
        Ok(Person { id: wire::id_at(&body, "/data/id")?, name: wire::name(&body["data"]["username"]) })
    }

    fn capabilities(&self, _app: &App) -> Capabilities {
        Capabilities {
            uploads: true,
            needs_image: false,
            reads_back: true,
            has_metrics: true,
            has_quota: false,
            forbids_rewards: Some(
                "Since January 2026 X takes away the access of applications that reward people for posting on X. Points for X are off; switch them on at your own risk.",
            ),
            caution: Some("X takes money for every post: $0.015, and $0.20 with a link in it."),
        }
    }

    fn count(&self, text: &str) -> caption::Count {
        caption::x(text)
    }

    fn prepare(&self, acting: &Acting<'_>, draft: &Draft) -> Option<HttpRequest> {
        let picture = draft.picture.as_ref()?;
        let media_type = Image::of(picture)?.format.media_type();
        let body =
            json!({ "media": STANDARD.encode(picture), "media_category": "tweet_image", "media_type": media_type });
        let request = wire::post_json(format!("{}/{VERSION}/media/upload", acting.app.api), &body);
        Some(wire::patient(wire::bearer(request, acting.access)))
    }

    fn read_prepared(&self, answer: &HttpResponse) -> Told<String> {
        wire::id_at(&told(answer, wire::ok(answer))?, "/data/id")
    }

    fn publish(&self, acting: &Acting<'_>, draft: &Draft, container: &str) -> HttpRequest {
        let mut body = json!({ "text": draft.text });
        if !container.is_empty() {
            body["media"] = json!({ "media_ids": [container] });
        }
        wire::bearer(wire::post_json(format!("{}/{VERSION}/tweets", acting.app.api), &body), acting.access)
    }

    fn read_published(&self, answer: &HttpResponse) -> Told<Published> {
        let body = told(answer, wire::ok(answer))?;
        wire::id_at(&body, "/data/id").map(Published::Post)
    }

    fn price(&self, text: &str) -> u32 {
        if caption::leads_somewhere(text) { PRICE_WITH_ADDRESS } else { PRICE }
    }

    fn look_back(&self, acting: &Acting<'_>, _container: &str) -> Option<HttpRequest> {
        let fields = "max_results=10&tweet.fields=created_at,entities";
        let url = format!("{}/{VERSION}/users/{}/tweets?{fields}", acting.app.api, acting.account);
        Some(wire::bearer(wire::get(url), acting.access))
    }

    fn read_back(&self, answer: &HttpResponse, sought: &Sought<'_>) -> Told<Found> {
        // X writes addresses in its own way, and takes the same words only once.
        let essence = caption::essence(sought.text);
        let says = |post: &Value| caption::essence(post["text"].as_str().unwrap_or_default()) == essence;
        if !essence.is_empty() {
            return wire::find(answer, TIME, sought.since, says);
        }
        // Any text without letters has these words. Its link is the member's own.
        let Some(link) = caption::addresses(sought.text).next() else { return Ok(Found::Unsure) };
        let leads = |post: &Value| targets(post).any(|target| target == link);
        match wire::find(answer, TIME, sought.since, leads)? {
            Found::Absent => {}
            found => return Ok(found),
        }
        let is_hidden = |post: &Value| says(post) && targets(post).any(|target| target.contains("://t.co/"));
        match wire::find(answer, TIME, sought.since, is_hidden)? {
            Found::Absent => Ok(Found::Absent),
            _ => Ok(Found::Unsure),
        }
    }

    fn id_in(&self, app: &App, address: &str) -> Option<String> {
        let path = wire::path_at(address, &["x.com", "twitter.com"], &app.web)?;
        wire::number_behind(path, &["status"]).map(str::to_owned)
    }

    fn address(&self, app: &App, person: &str, id: &str) -> Option<String> {
        let name = if person.is_empty() { "i" } else { person };
        Some(format!("{}/{name}/status/{id}", app.web))
    }

    fn metrics_at_once(&self) -> usize {
        AT_ONCE
    }

    fn metrics(&self, acting: &Acting<'_>, ids: &[&str]) -> HttpRequest {
        let url = format!("{}/{VERSION}/tweets?ids={}&tweet.fields=public_metrics", acting.app.api, ids.join(","));
        wire::bearer(wire::get(url), acting.access)
    }

    fn read_metrics(&self, answer: &HttpResponse, _ids: &[&str]) -> Told<Vec<(String, Metrics)>> {
        // Without credit no post can be read: that says nothing of this one.
        if answer.status == 402 {
            return Err(Refusal::Later(super::DAY_MS));
        }
        let body = wire::ok(answer)?;
        let mut all = Vec::new();
        for post in body["data"].as_array().map(Vec::as_slice).unwrap_or_default() {
            let of = |name: &str| post["public_metrics"][name].as_u64();
            let shares = of("retweet_count").map(|count| count + of("quote_count").unwrap_or(0));
            let metrics = Metrics {
                views: of("impression_count"),
                reactions: of("like_count"),
                comments: of("reply_count"),
                shares,
            };
            all.push((wire::id_at(post, "/id")?, metrics));
        }
        Ok(all)
    }
}
