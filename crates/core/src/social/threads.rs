//! Purpose: Threads: containers, publishing and insights.

use super::{
    Acting, App, Capabilities, Consent, Draft, Found, Metrics, Person, Platform, Progress, Published, Quota, Refusal,
    Tokens, Told, caption, meta, wire,
};
use crate::ports::{HttpRequest, HttpResponse};

pub const VERSION: &str = "v1.0";
const SCOPES: &str = "threads_basic,threads_content_publish,threads_manage_insights";

pub struct Threads;

fn url(acting: &Acting<'_>, path: &str, pairs: &[(&str, &str)]) -> String {
    format!("{}/{VERSION}/{path}?{}", acting.app.api, wire::query(pairs))
}

impl Platform for Threads {
    fn authorize(&self, app: &App, consent: &Consent<'_>) -> String {
        let query = wire::query(&[
            ("client_id", &app.client_id),
            ("redirect_uri", consent.redirect_uri),
            ("scope", SCOPES),
            ("response_type", "code"),
            ("state", consent.state),
        ]);
        format!("{}/oauth/authorize?{query}", app.web)
    }

    fn exchange(&self, app: &App, consent: &Consent<'_>, code: &str) -> HttpRequest {
        wire::post_form(
            format!("{}/oauth/access_token", app.tokens),
            &[
                ("client_id", &app.client_id),
                ("client_secret", &app.client_secret),
                ("grant_type", "authorization_code"),
                ("redirect_uri", consent.redirect_uri),
                ("code", code),
            ],
        )
    }

    fn extend(&self, app: &App, tokens: &Tokens) -> Option<HttpRequest> {
        let query = wire::query(&[
            ("grant_type", "th_exchange_token"),
            ("client_secret", &app.client_secret),
            ("access_token", &tokens.access),
        ]);
        Some(wire::get(format!("{}/access_token?{query}", app.api)))
    }

    fn refresh(&self, app: &App, tokens: &Tokens) -> Option<HttpRequest> {
        let query = wire::query(&[("grant_type", "th_refresh_token"), ("access_token", &tokens.access)]);
        Some(wire::get(format!("{}/refresh_access_token?{query}", app.api)))
    }

    fn revoke(&self, _app: &App, _tokens: &Tokens) -> Option<HttpRequest> {
        // Threads has no call for it either.
        None
    }

    fn identify(&self, app: &App, access: &str) -> HttpRequest {
        let query = wire::query(&[("fields", "id,username"), ("access_token", access)]);
        wire::get(format!("{}/{VERSION}/me?{query}", app.api))
    }

    fn read_person(&self, answer: &HttpResponse) -> Told<Person> {
        let body = wire::ok(answer)?;
        Ok(Person { id: wire::id_at(&body, "/id")?, name: wire::name(&body["username"]) })
    }

    fn capabilities(&self, _app: &App) -> Capabilities {
        Capabilities {
            uploads: false,
            needs_image: false,
            reads_back: true,
            has_metrics: true,
            has_quota: true,
            forbids_rewards: None,
            caution: None,
        }
    }

    fn count(&self, text: &str) -> caption::Count {
        caption::threads(text)
    }

    fn ask_quota(&self, acting: &Acting<'_>) -> Option<HttpRequest> {
        let fields = [("fields", "quota_usage,config"), ("access_token", acting.access)];
        Some(wire::get(url(acting, &format!("{}/threads_publishing_limit", acting.account), &fields)))
    }

    fn read_quota(&self, answer: &HttpResponse) -> Told<Quota> {
        meta::read_quota(answer)
    }

    fn prepare(&self, acting: &Acting<'_>, draft: &Draft) -> Option<HttpRequest> {
        let url = format!("{}/{VERSION}/{}/threads", acting.app.api, acting.account);
        let mut pairs = vec![("text", draft.text.as_str()), ("access_token", acting.access)];
        match &draft.image {
            Some(image) => pairs.extend([("media_type", "IMAGE"), ("image_url", image)]),
            None => pairs.push(("media_type", "TEXT")),
        }
        Some(wire::post_form(url, &pairs))
    }

    fn check(&self, acting: &Acting<'_>, container: &str) -> Option<HttpRequest> {
        Some(wire::get(url(acting, container, &[("fields", "status,error_message"), ("access_token", acting.access)])))
    }

    fn read_progress(&self, answer: &HttpResponse) -> Told<Progress> {
        meta::read_container(answer, "status")
    }

    fn publish(&self, acting: &Acting<'_>, _draft: &Draft, container: &str) -> HttpRequest {
        wire::post_form(
            format!("{}/{VERSION}/{}/threads_publish", acting.app.api, acting.account),
            &[("creation_id", container), ("access_token", acting.access)],
        )
    }

    fn read_published(&self, answer: &HttpResponse) -> Told<Published> {
        wire::read_id(answer, "id").map(Published::Post)
    }

    fn look_back(&self, acting: &Acting<'_>, _container: &str) -> Option<HttpRequest> {
        let fields = [("fields", "id,text,timestamp"), ("limit", "25"), ("access_token", acting.access)];
        Some(wire::get(url(acting, &format!("{}/threads", acting.account), &fields)))
    }

    fn read_back(&self, answer: &HttpResponse, draft: &Draft) -> Told<Found> {
        wire::find_text(answer, "text", |text| text.trim() == draft.text.trim())
    }

    fn address(&self, _app: &App, _person: &str, _id: &str) -> Option<String> {
        None
    }

    fn locate(&self, acting: &Acting<'_>, id: &str) -> Option<HttpRequest> {
        Some(wire::get(url(acting, id, &[("fields", "permalink"), ("access_token", acting.access)])))
    }

    fn metrics(&self, acting: &Acting<'_>, ids: &[&str]) -> HttpRequest {
        let id = ids.first().copied().unwrap_or_default();
        let fields = [("metric", "views,likes,replies,reposts,quotes"), ("access_token", acting.access)];
        wire::get(url(acting, &format!("{id}/insights"), &fields))
    }

    fn read_metrics(&self, answer: &HttpResponse, ids: &[&str]) -> Told<Vec<(String, Metrics)>> {
        if wire::is_gone(answer) {
            return Ok(Vec::new());
        }
        let body = wire::ok(answer)?;
        let Some(id) = ids.first() else { return Err(Refusal::Unknown("no post was asked for".to_owned())) };
        Ok(vec![((*id).to_owned(), meta::read_insights(&body))])
    }
}
