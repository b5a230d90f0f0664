//! Purpose: Instagram with Instagram Login: containers, publishing and insights of professional accounts.

use super::{
    Acting, App, Capabilities, Consent, Draft, Found, Metrics, Person, Platform, Progress, Published, Quota, Refusal,
    Tokens, Told, caption, jpeg_only, meta, wire,
};
use crate::{
    media::image::Image,
    ports::{HttpRequest, HttpResponse},
};

/// Meta's versions live about two years.
pub const VERSION: &str = "v23.0";
const SCOPES: &str = "instagram_business_basic,instagram_business_content_publish,instagram_business_manage_insights";

pub struct Instagram;

fn url(acting: &Acting<'_>, path: &str, pairs: &[(&str, &str)]) -> String {
    format!("{}/{VERSION}/{path}?{}", acting.app.api, wire::query(pairs))
}

impl Platform for Instagram {
    fn authorize(&self, app: &App, consent: &Consent<'_>) -> String {
        let query = wire::query(&[
            ("client_id", &app.client_id),
            ("redirect_uri", consent.redirect_uri),
            ("response_type", "code"),
            ("scope", SCOPES),
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
            ("grant_type", "ig_exchange_token"),
            ("client_secret", &app.client_secret),
            ("access_token", &tokens.access),
        ]);
        Some(wire::get(format!("{}/access_token?{query}", app.api)))
    }

    fn refresh(&self, app: &App, tokens: &Tokens) -> Option<HttpRequest> {
        let query = wire::query(&[("grant_type", "ig_refresh_token"), ("access_token", &tokens.access)]);
        Some(wire::get(format!("{}/refresh_access_token?{query}", app.api)))
    }

    fn revoke(&self, _app: &App, _tokens: &Tokens) -> Option<HttpRequest> {
        // Instagram has no call for it: people remove an app in their settings.
        None
    }

    fn identify(&self, app: &App, access: &str) -> HttpRequest {
        let query = wire::query(&[("fields", "user_id,username,account_type"), ("access_token", access)]);
        wire::get(format!("{}/{VERSION}/me?{query}", app.api))
    }

    fn read_person(&self, answer: &HttpResponse) -> Told<Person> {
        let body = wire::ok(answer)?;
        Ok(Person { id: wire::id_at(&body, "/user_id")?, name: wire::name(&body["username"]) })
    }

    fn capabilities(&self, _app: &App) -> Capabilities {
        Capabilities {
            uploads: false,
            needs_image: true,
            reads_back: true,
            has_metrics: true,
            has_quota: true,
            forbids_rewards: None,
            caution: Some(
                "Only professional Instagram accounts (creator or business) can publish through an application.",
            ),
        }
    }

    fn count(&self, text: &str) -> caption::Count {
        caption::instagram(text)
    }

    fn ask_quota(&self, acting: &Acting<'_>) -> Option<HttpRequest> {
        let fields = [("fields", "quota_usage,config"), ("access_token", acting.access)];
        Some(wire::get(url(acting, &format!("{}/content_publishing_limit", acting.account), &fields)))
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
        Some(wire::post_form(
            format!("{}/{VERSION}/{}/media", acting.app.api, acting.account),
            &[("image_url", image), ("caption", &draft.text), ("access_token", acting.access)],
        ))
    }

    fn check(&self, acting: &Acting<'_>, container: &str) -> Option<HttpRequest> {
        Some(wire::get(url(acting, container, &[("fields", "status_code"), ("access_token", acting.access)])))
    }

    fn read_progress(&self, answer: &HttpResponse) -> Told<Progress> {
        meta::read_container(answer, "status_code")
    }

    fn publish(&self, acting: &Acting<'_>, _draft: &Draft, container: &str) -> HttpRequest {
        wire::post_form(
            format!("{}/{VERSION}/{}/media_publish", acting.app.api, acting.account),
            &[("creation_id", container), ("access_token", acting.access)],
        )
    }

    fn read_published(&self, answer: &HttpResponse) -> Told<Published> {
        wire::read_id(answer, "id").map(Published::Post)
    }

    fn look_back(&self, acting: &Acting<'_>, _container: &str) -> Option<HttpRequest> {
        let fields = [("fields", "id,caption,timestamp"), ("limit", "25"), ("access_token", acting.access)];
        Some(wire::get(url(acting, &format!("{}/media", acting.account), &fields)))
    }

    fn read_back(&self, answer: &HttpResponse, draft: &Draft) -> Told<Found> {
        wire::find_text(answer, "caption", |text| text.trim() == draft.text.trim())
    }

    fn address(&self, _app: &App, _person: &str, _id: &str) -> Option<String> {
        None
    }

    fn locate(&self, acting: &Acting<'_>, id: &str) -> Option<HttpRequest> {
        Some(wire::get(url(acting, id, &[("fields", "permalink"), ("access_token", acting.access)])))
    }

    fn metrics(&self, acting: &Acting<'_>, ids: &[&str]) -> HttpRequest {
        let id = ids.first().copied().unwrap_or_default();
        let fields = [("metric", "views,likes,comments,shares"), ("access_token", acting.access)];
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
