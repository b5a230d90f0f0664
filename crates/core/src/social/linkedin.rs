//! Purpose: LinkedIn: posts of a member (Posts API, "Share on LinkedIn"), and their counts where the application may read them.

use super::{
    Acting, App, Capabilities, Consent, DAY_MS, Draft, Metrics, Person, Platform, Published, Refusal, Tokens, Told,
    caption, versions, wire,
};
use crate::ports::{HttpRequest, HttpResponse};
use serde_json::json;

const SCOPES: &str = "openid profile w_member_social";
const ANALYTICS: &str = "r_member_postAnalytics";

pub struct LinkedIn;

fn versioned(request: HttpRequest, access: &str) -> HttpRequest {
    let request = wire::with(request, "linkedin-version", versions::LINKEDIN);
    wire::bearer(wire::with(request, "x-restli-protocol-version", "2.0.0"), access)
}

fn owner(acting: &Acting<'_>) -> String {
    format!("urn:li:person:{}", acting.account)
}

/// What means something in LinkedIn's "little" text format has a backslash before it, or the text ends there without a word.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        // A hashtag stays one; a lone # would end the text.
        let is_tag = c == '#' && rest.peek().is_some_and(|next| next.is_alphanumeric());
        if !is_tag && r"\|{}@[]()<>#*_~".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

impl Platform for LinkedIn {
    fn authorize(&self, app: &App, consent: &Consent<'_>) -> String {
        let scope = if app.has("analytics") { format!("{SCOPES} {ANALYTICS}") } else { SCOPES.to_owned() };
        let query = wire::query(&[
            ("response_type", "code"),
            ("client_id", &app.client_id),
            ("redirect_uri", consent.redirect_uri),
            ("state", consent.state),
            ("scope", &scope),
        ]);
        format!("{}/oauth/v2/authorization?{query}", app.web)
    }

    fn exchange(&self, app: &App, consent: &Consent<'_>, code: &str) -> HttpRequest {
        let url = format!("{}/oauth/v2/accessToken", app.tokens);
        wire::post_form(
            url,
            &[
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", consent.redirect_uri),
                ("client_id", &app.client_id),
                ("client_secret", &app.client_secret),
            ],
        )
    }

    fn refresh(&self, app: &App, tokens: &Tokens) -> Option<HttpRequest> {
        // Only approved partners get a refresh token.
        (!tokens.refresh.is_empty()).then(|| {
            wire::post_form(
                format!("{}/oauth/v2/accessToken", app.tokens),
                &[
                    ("grant_type", "refresh_token"),
                    ("refresh_token", &tokens.refresh),
                    ("client_id", &app.client_id),
                    ("client_secret", &app.client_secret),
                ],
            )
        })
    }

    fn revoke(&self, app: &App, tokens: &Tokens) -> Option<HttpRequest> {
        Some(wire::post_form(
            format!("{}/oauth/v2/revoke", app.tokens),
            &[("client_id", &app.client_id), ("client_secret", &app.client_secret), ("token", &tokens.access)],
        ))
    }

    fn publish_scope(&self) -> &'static str {
        "w_member_social"
    }

    fn identify(&self, app: &App, access: &str) -> HttpRequest {
        wire::bearer(wire::get(format!("{}/v2/userinfo", app.api)), access)
    }

    fn read_person(&self, answer: &HttpResponse) -> Told<Person> {
        let body = wire::ok(answer)?;
        Ok(Person { id: wire::id_at(&body, "/sub")?, name: wire::name(&body["name"]) })
    }

    fn capabilities(&self, app: &App) -> Capabilities {
        let caution = if app.has("refresh") {
            None
        } else {
            Some(
                "This application gets no refresh tokens from LinkedIn: members connect again every 60 days, and are reminded from day 50.",
            )
        };
        Capabilities {
            uploads: true,
            needs_image: false,
            reads_back: false,
            has_metrics: app.has("analytics"),
            has_quota: false,
            forbids_rewards: None,
            caution,
        }
    }

    fn count(&self, text: &str) -> caption::Count {
        caption::linkedin(text)
    }

    fn prepare(&self, acting: &Acting<'_>, draft: &Draft) -> Option<HttpRequest> {
        let body = json!({ "initializeUploadRequest": { "owner": owner(acting) } });
        let url = format!("{}/rest/images?action=initializeUpload", acting.app.api);
        draft.picture.is_some().then(|| versioned(wire::post_json(url, &body), acting.access))
    }

    fn read_prepared(&self, answer: &HttpResponse) -> Told<String> {
        wire::id_at(&wire::ok(answer)?, "/value/image")
    }

    fn upload(&self, acting: &Acting<'_>, draft: &Draft, prepared: &HttpResponse) -> Told<Option<HttpRequest>> {
        let Some(picture) = &draft.picture else { return Ok(None) };
        let body = wire::ok(prepared)?;
        let url = body["value"]["uploadUrl"].as_str().unwrap_or_default();
        // The member's token goes to LinkedIn and nowhere else.
        let is_theirs = |base: &String| url.strip_prefix(base.as_str()).is_some_and(|rest| rest.starts_with('/'));
        if ![&acting.app.web, &acting.app.api].into_iter().any(is_theirs) {
            return Err(Refusal::Rejected("LinkedIn named no place for the picture".to_owned()));
        }
        Ok(Some(wire::bearer(wire::put(url.to_owned(), picture.clone()), acting.access)))
    }

    fn publish(&self, acting: &Acting<'_>, draft: &Draft, container: &str) -> HttpRequest {
        let mut body = json!({
            "author": owner(acting),
            "commentary": escaped(&draft.text),
            "visibility": "PUBLIC",
            "distribution": { "feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": [] },
            "lifecycleState": "PUBLISHED",
            "isReshareDisabledByAuthor": false,
        });
        if !container.is_empty() {
            body["content"] = json!({ "media": { "id": container } });
        }
        versioned(wire::post_json(format!("{}/rest/posts", acting.app.api), &body), acting.access)
    }

    fn read_published(&self, answer: &HttpResponse) -> Told<Published> {
        wire::ok(answer)?;
        let id = answer.header("x-restli-id").unwrap_or_default();
        let is_urn = id.starts_with("urn:li:") && id.chars().all(|c| c.is_ascii_alphanumeric() || ":_-".contains(c));
        if is_urn {
            Ok(Published::Post(id.to_owned()))
        } else {
            Err(Refusal::Unknown("the platform's answer has no id in it".to_owned()))
        }
    }

    fn address(&self, app: &App, _person: &str, id: &str) -> Option<String> {
        Some(format!("{}/feed/update/{id}", app.web))
    }

    fn id_in(&self, app: &App, address: &str) -> Option<String> {
        let path = wire::path_at(address, &["linkedin.com"], &app.web)?.replace("%3A", ":").replace("%3a", ":");
        // A post has a number as an activity too, of which its counts cannot be asked.
        ["share", "ugcPost"].into_iter().find_map(|kind| {
            let places = [format!("urn:li:{kind}:"), format!("-{kind}-")];
            let rest = places.iter().find_map(|place| Some(path.split_once(place.as_str())?.1))?;
            let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
            (1..=25).contains(&number.len()).then(|| format!("urn:li:{kind}:{number}"))
        })
    }

    fn metrics(&self, acting: &Acting<'_>, ids: &[&str]) -> HttpRequest {
        let id = ids.first().copied().unwrap_or_default();
        let kind = if id.starts_with("urn:li:ugcPost") { "ugc" } else { "share" };
        // Urns in lists are percent-encoded whole.
        let entity = format!("({kind}:{})", id.replace(':', "%3A"));
        let url = format!(
            "{}/rest/memberCreatorPostAnalytics?q=entity&entity={entity}&queryType=REACTION&aggregation=TOTAL",
            acting.app.api
        );
        versioned(wire::get(url), acting.access)
    }

    fn read_metrics(&self, answer: &HttpResponse, ids: &[&str]) -> Told<Vec<(String, Metrics)>> {
        if answer.status == 404 {
            return Ok(Vec::new());
        }
        let body = wire::ok(answer)?;
        let Some(id) = ids.first() else { return Ok(Vec::new()) };
        let counted = body.pointer("/elements/0/count").and_then(serde_json::Value::as_u64);
        Ok(vec![((*id).to_owned(), Metrics { reactions: Some(counted.unwrap_or(0)), ..Metrics::default() })])
    }
}

/// Days after which a member without a refresh token is reminded, and after which LinkedIn's token ends.
pub const REMIND_MS: i64 = 50 * DAY_MS;
