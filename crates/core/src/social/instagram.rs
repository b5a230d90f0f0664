//! Purpose: Instagram: containers, publishing and insights of professional accounts, with Instagram Login or with Facebook's.

use super::{
    Acting, App, Capabilities, Consent, Draft, Found, Metrics, Person, Platform, Progress, Published, Quota, Sought,
    Tokens, Told, caption, facebook, jpeg_only, meta, versions::GRAPH, wire,
};
use crate::{
    media::image::Image,
    ports::{HttpRequest, HttpResponse},
};

const SCOPES: &str = "instagram_business_basic,instagram_business_content_publish,instagram_business_manage_insights";
const CAUTION: &str = "Only professional Instagram accounts (creator or business) can publish through an application.";

/// Which login an application has is decided here and nowhere else; the calls after it are the same on another host.
pub struct Instagram;

fn at(path: &str) -> String {
    format!("{GRAPH}/{path}")
}

impl Platform for Instagram {
    fn authorize(&self, app: &App, consent: &Consent<'_>) -> String {
        if facebook::is_used(app) {
            return facebook::authorize(app, consent);
        }
        format!("{}/oauth/authorize?{}", app.web, meta::consent(app, consent, SCOPES))
    }

    fn exchange(&self, app: &App, consent: &Consent<'_>, code: &str) -> HttpRequest {
        if facebook::is_used(app) {
            return facebook::exchange(app, consent, code);
        }
        meta::exchange(&app.tokens, app, consent, code)
    }

    fn extend(&self, app: &App, tokens: &Tokens) -> Option<HttpRequest> {
        if facebook::is_used(app) {
            return Some(facebook::extend(app, tokens));
        }
        Some(meta::extend(app, tokens, "ig_exchange_token"))
    }

    fn refresh(&self, app: &App, tokens: &Tokens) -> Option<HttpRequest> {
        // Facebook prolongs nothing without the person.
        (!facebook::is_used(app)).then(|| meta::refresh(app, tokens, "ig_refresh_token"))
    }

    fn revoke(&self, app: &App, tokens: &Tokens) -> Option<HttpRequest> {
        // Instagram Login has no call for it: people remove an app in their settings.
        facebook::is_used(app).then(|| facebook::revoke(app, tokens))
    }

    fn read_tokens(&self, answer: &HttpResponse, now: i64) -> Told<Tokens> {
        wire::read_tokens(answer, now, facebook::LIFE_S)
    }

    fn publish_scope(&self) -> &'static str {
        "instagram_business_content_publish"
    }

    fn identify(&self, app: &App, access: &str) -> HttpRequest {
        if facebook::is_used(app) {
            return facebook::identify(app, access);
        }
        wire::get(meta::url(app, access, &at("me"), &[("fields", "user_id,username,account_type")]))
    }

    fn read_person(&self, answer: &HttpResponse) -> Told<Person> {
        let body = wire::ok(answer)?;
        // Facebook answers with the person's Pages.
        if let Some(pages) = body["data"].as_array() {
            return facebook::read_person(pages);
        }
        Ok(Person { id: wire::id_at(&body, "/user_id")?, name: wire::name(&body["username"]) })
    }

    fn capabilities(&self, app: &App) -> Capabilities {
        Capabilities {
            uploads: false,
            needs_image: true,
            reads_back: true,
            has_metrics: true,
            has_quota: true,
            forbids_rewards: None,
            caution: Some(if facebook::is_used(app) { facebook::CAUTION } else { CAUTION }),
        }
    }

    fn count(&self, text: &str) -> caption::Count {
        caption::instagram(text)
    }

    fn ask_quota(&self, acting: &Acting<'_>) -> Option<HttpRequest> {
        let path = at(&format!("{}/content_publishing_limit", acting.account));
        Some(meta::get(acting, &path, &[("fields", "quota_usage,config")]))
    }

    fn read_quota(&self, answer: &HttpResponse) -> Told<Quota> {
        meta::read_quota(answer)
    }

    fn refuses(&self, image: Image) -> Option<&'static str> {
        // Between 4:5 and 1.91:1 (Graph API, "IG User Media").
        let (width, height) = (u64::from(image.width), u64::from(image.height));
        let is_odd = 5 * width < 4 * height || 100 * width > 191 * height;
        jpeg_only(image).or(is_odd.then_some("it takes pictures from 4:5 (upright) to 1.91:1 (wide) only"))
    }

    fn prepare(&self, acting: &Acting<'_>, draft: &Draft) -> Option<HttpRequest> {
        let image = draft.image.as_deref().unwrap_or_default();
        let path = at(&format!("{}/media", acting.account));
        Some(meta::post(acting, &path, &[("image_url", image), ("caption", &draft.text)]))
    }

    fn looks(&self) -> (i64, i64) {
        // At most once a minute (Content Publishing); a picture is mostly ready before that.
        (15_000, wire::LOOK_AGAIN_MS)
    }

    fn check(&self, acting: &Acting<'_>, container: &str) -> Option<HttpRequest> {
        Some(meta::get(acting, &at(container), &[("fields", "status_code")]))
    }

    fn read_progress(&self, answer: &HttpResponse) -> Told<Progress> {
        meta::read_container(answer, "status_code")
    }

    fn publish(&self, acting: &Acting<'_>, _draft: &Draft, container: &str) -> HttpRequest {
        meta::post(acting, &at(&format!("{}/media_publish", acting.account)), &[("creation_id", container)])
    }

    fn read_published(&self, answer: &HttpResponse) -> Told<Published> {
        wire::read_id(answer, "id").map(Published::Post)
    }

    fn look_back(&self, acting: &Acting<'_>, _container: &str) -> Option<HttpRequest> {
        let path = at(&format!("{}/media", acting.account));
        Some(meta::get(acting, &path, &[("fields", "id,caption,timestamp,permalink"), ("limit", "25")]))
    }

    fn read_back(&self, answer: &HttpResponse, sought: &Sought<'_>) -> Told<Found> {
        meta::find(answer, "caption", sought)
    }

    fn tells_id_later(&self, _container: &str, _privacy: &str) -> bool {
        true
    }

    fn ask_id(&self, acting: &Acting<'_>, container: &str) -> Option<HttpRequest> {
        self.look_back(acting, container)
    }

    fn read_late_id(&self, answer: &HttpResponse, sought: &Sought<'_>) -> Told<Found> {
        meta::find(answer, "caption", sought)
    }

    fn address(&self, _app: &App, _person: &str, _id: &str) -> Option<String> {
        None
    }

    fn locate(&self, acting: &Acting<'_>, id: &str) -> Option<HttpRequest> {
        Some(meta::get(acting, &at(id), &[("fields", "permalink")]))
    }

    fn metrics(&self, acting: &Acting<'_>, ids: &[&str]) -> HttpRequest {
        let id = ids.first().copied().unwrap_or_default();
        meta::get(acting, &at(&format!("{id}/insights")), &[("metric", "views,likes,comments,shares")])
    }

    fn read_metrics(&self, answer: &HttpResponse, ids: &[&str]) -> Told<Vec<(String, Metrics)>> {
        meta::read_metrics(answer, ids)
    }
}
