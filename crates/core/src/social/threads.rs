//! Purpose: Threads: containers, publishing and insights.

use super::{
    Acting, App, Capabilities, Consent, Draft, Found, Metrics, Person, Platform, Progress, Published, Quota, Sought,
    Tokens, Told, caption, meta, versions::THREADS, wire,
};
use crate::ports::{HttpRequest, HttpResponse};

const SCOPES: &str = "threads_basic,threads_content_publish,threads_manage_insights";

pub struct Threads;

fn at(path: &str) -> String {
    format!("{THREADS}/{path}")
}

impl Platform for Threads {
    fn authorize(&self, app: &App, consent: &Consent<'_>) -> String {
        format!("{}/oauth/authorize?{}", app.web, meta::consent(app, consent, SCOPES))
    }

    fn exchange(&self, app: &App, consent: &Consent<'_>, code: &str) -> HttpRequest {
        meta::exchange(&app.tokens, app, consent, code)
    }

    fn extend(&self, app: &App, tokens: &Tokens) -> Option<HttpRequest> {
        Some(meta::extend(app, tokens, "th_exchange_token"))
    }

    fn refresh(&self, app: &App, tokens: &Tokens) -> Option<HttpRequest> {
        Some(meta::refresh(app, tokens, "th_refresh_token"))
    }

    fn revoke(&self, _app: &App, _tokens: &Tokens) -> Option<HttpRequest> {
        // Threads has no call for it either.
        None
    }

    fn publish_scope(&self) -> &'static str {
        "threads_content_publish"
    }

    fn identify(&self, app: &App, access: &str) -> HttpRequest {
        wire::get(meta::url(app, access, &at("me"), &[("fields", "id,username")]))
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
        let path = at(&format!("{}/threads_publishing_limit", acting.account));
        Some(meta::get(acting, &path, &[("fields", "quota_usage,config")]))
    }

    fn read_quota(&self, answer: &HttpResponse) -> Told<Quota> {
        meta::read_quota(answer)
    }

    fn prepare(&self, acting: &Acting<'_>, draft: &Draft) -> Option<HttpRequest> {
        let mut pairs = vec![("text", draft.text.as_str())];
        match &draft.image {
            Some(image) => pairs.extend([("media_type", "IMAGE"), ("image_url", image)]),
            None => pairs.push(("media_type", "TEXT")),
        }
        Some(meta::post(acting, &at(&format!("{}/threads", acting.account)), &pairs))
    }

    fn looks(&self) -> (i64, i64) {
        // Threads wants about half a minute before a container is published ("Posts"), and to be asked at most once a minute.
        (30_000, wire::LOOK_AGAIN_MS)
    }

    fn check(&self, acting: &Acting<'_>, container: &str) -> Option<HttpRequest> {
        Some(meta::get(acting, &at(container), &[("fields", "status,error_message")]))
    }

    fn read_progress(&self, answer: &HttpResponse) -> Told<Progress> {
        meta::read_container(answer, "status")
    }

    fn publish(&self, acting: &Acting<'_>, _draft: &Draft, container: &str) -> HttpRequest {
        meta::post(acting, &at(&format!("{}/threads_publish", acting.account)), &[("creation_id", container)])
    }

    fn read_published(&self, answer: &HttpResponse) -> Told<Published> {
        wire::read_id(answer, "id").map(Published::Post)
    }

    fn look_back(&self, acting: &Acting<'_>, _container: &str) -> Option<HttpRequest> {
        let path = at(&format!("{}/threads", acting.account));
        Some(meta::get(acting, &path, &[("fields", "id,text,timestamp,permalink"), ("limit", "25")]))
    }

    fn read_back(&self, answer: &HttpResponse, sought: &Sought<'_>) -> Told<Found> {
        meta::find(answer, "text", sought)
    }

    fn tells_id_later(&self, _container: &str, _privacy: &str) -> bool {
        true
    }

    fn ask_id(&self, acting: &Acting<'_>, container: &str) -> Option<HttpRequest> {
        self.look_back(acting, container)
    }

    fn read_late_id(&self, answer: &HttpResponse, sought: &Sought<'_>) -> Told<Found> {
        meta::find(answer, "text", sought)
    }

    fn address(&self, _app: &App, _person: &str, _id: &str) -> Option<String> {
        None
    }

    fn locate(&self, acting: &Acting<'_>, id: &str) -> Option<HttpRequest> {
        Some(meta::get(acting, &at(id), &[("fields", "permalink")]))
    }

    fn metrics(&self, acting: &Acting<'_>, ids: &[&str]) -> HttpRequest {
        let id = ids.first().copied().unwrap_or_default();
        meta::get(acting, &at(&format!("{id}/insights")), &[("metric", "views,likes,replies,reposts,quotes")])
    }

    fn read_metrics(&self, answer: &HttpResponse, ids: &[&str]) -> Told<Vec<(String, Metrics)>> {
        meta::read_metrics(answer, ids)
    }
}
