//! Purpose: TikTok's Content Posting API: photos by address, asked for until they are there.

use super::{
    Acting, App, Capabilities, Consent, Creator, Draft, Found, Metrics, Person, Platform, Progress, Promotion,
    Published, Refusal, Sought, Tokens, Told, caption, jpeg_only, versions::TIKTOK, wire,
};
use crate::{
    media::image::Image,
    ports::{HttpRequest, HttpResponse},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const SCOPES: &str = "user.info.basic,video.publish,video.list";
/// Posts that one call asks about (POST /v2/video/query/).
const AT_ONCE: usize = 20;
/// Who may see a post ("Query Creator Info": privacy_level_options).
const LEVELS: [(&str, &str); 4] = [
    ("PUBLIC_TO_EVERYONE", "Everyone"),
    ("MUTUAL_FOLLOW_FRIENDS", "Friends"),
    ("FOLLOWER_OF_CREATOR", "Followers"),
    (ONLY_AUTHOR, "Only you"),
];
const ONLY_AUTHOR: &str = "SELF_ONLY";

pub struct TikTok;

/// TikTok may answer 200 and say in the body that it refused.
fn ok(answer: &HttpResponse) -> Told<Value> {
    let body: Value = crate::json::from_slice(&answer.body).unwrap_or_default();
    let code = body["error"]["code"].as_str().unwrap_or(if answer.status == 200 { "ok" } else { "" });
    match code {
        "ok" => Ok(body),
        "access_token_invalid" | "scope_not_authorized" => Err(Refusal::Token),
        "rate_limit_exceeded" => Err(Refusal::Later(60_000)),
        "reached_active_user_cap" => Err(Refusal::Rejected(
            "TikTok lets this application publish for so many people a day and no more (five until it has been audited)".to_owned(),
        )),
        "spam_risk_too_many_posts" => {
            Err(Refusal::Rejected("TikTok takes no more posts of this account today".to_owned()))
        }
        "" | "internal_error" => wire::ok(answer).and(Err(Refusal::Unknown("no readable answer".to_owned()))),
        _ => Err(Refusal::Rejected(wire::name(&body["error"]["message"]))),
    }
}

impl Platform for TikTok {
    fn authorize(&self, app: &App, consent: &Consent<'_>) -> String {
        // Hexadecimal, unlike everywhere else (TikTok's Login Kit).
        let challenge = hex::encode(Sha256::digest(consent.verifier));
        let query = wire::query(&[
            ("client_key", &app.client_id),
            ("response_type", "code"),
            ("scope", SCOPES),
            ("redirect_uri", consent.redirect_uri),
            ("state", consent.state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        format!("{}/{TIKTOK}/auth/authorize/?{query}", app.web)
    }

    fn exchange(&self, app: &App, consent: &Consent<'_>, code: &str) -> HttpRequest {
        wire::post_form(
            format!("{}/{TIKTOK}/oauth/token/", app.tokens),
            &[
                ("client_key", &app.client_id),
                ("client_secret", &app.client_secret),
                ("code", code),
                ("grant_type", "authorization_code"),
                ("redirect_uri", consent.redirect_uri),
                ("code_verifier", consent.verifier),
            ],
        )
    }

    fn refresh(&self, app: &App, tokens: &Tokens) -> Option<HttpRequest> {
        (!tokens.refresh.is_empty()).then(|| {
            wire::post_form(
                format!("{}/{TIKTOK}/oauth/token/", app.tokens),
                &[
                    ("client_key", &app.client_id),
                    ("client_secret", &app.client_secret),
                    ("grant_type", "refresh_token"),
                    ("refresh_token", &tokens.refresh),
                ],
            )
        })
    }

    fn revoke(&self, app: &App, tokens: &Tokens) -> Option<HttpRequest> {
        Some(wire::post_form(
            format!("{}/{TIKTOK}/oauth/revoke/", app.tokens),
            &[("client_key", &app.client_id), ("client_secret", &app.client_secret), ("token", &tokens.access)],
        ))
    }

    fn publish_scope(&self) -> &'static str {
        "video.publish"
    }

    fn identify(&self, app: &App, access: &str) -> HttpRequest {
        wire::bearer(wire::get(format!("{}/{TIKTOK}/user/info/?fields=open_id,display_name", app.api)), access)
    }

    fn read_person(&self, answer: &HttpResponse) -> Told<Person> {
        let body = ok(answer)?;
        Ok(Person {
            id: wire::id_at(&body, "/data/user/open_id")?,
            name: wire::name(&body["data"]["user"]["display_name"]),
        })
    }

    fn capabilities(&self, app: &App) -> Capabilities {
        let caution = if app.has("audited") {
            "TikTok allows no brand names, logos or links on the picture or in the text."
        } else {
            "This application has not been audited by TikTok: posts are visible to their author only, and at most five people can publish in 24 hours."
        };
        Capabilities {
            uploads: false,
            needs_image: true,
            reads_back: false,
            has_metrics: app.has("audited"),
            has_quota: false,
            forbids_rewards: None,
            caution: Some(caution),
        }
    }

    /// TikTok's content sharing guidelines: nothing promotional, no link among it, is put into a post by an application.
    fn takes_links(&self) -> bool {
        false
    }

    /// TikTok's content sharing guidelines: what is agreed to, and the label that TikTok puts on the post, follow what it promotes.
    fn agreement(&self, promotion: Option<Promotion>) -> Option<&'static str> {
        Some(match promotion {
            None | Some(Promotion::Nothing) => "By publishing you agree to TikTok's Music Usage Confirmation.",
            Some(Promotion::OwnBrand) => {
                "By publishing you agree to TikTok's Music Usage Confirmation. TikTok labels the post “Promotional content”."
            }
            Some(Promotion::Paid | Promotion::Both) => {
                "By publishing you agree to TikTok's Branded Content Policy and Music Usage Confirmation. TikTok labels the post “Paid partnership”."
            }
        })
    }

    fn privacy_levels(&self) -> &'static [(&'static str, &'static str)] {
        &LEVELS
    }

    fn only_privacy(&self, app: &App) -> Option<&'static str> {
        (!app.has("audited")).then_some(ONLY_AUTHOR)
    }

    fn ask_privacy(&self, acting: &Acting<'_>) -> Option<HttpRequest> {
        let url = format!("{}/{TIKTOK}/post/publish/creator_info/query/", acting.app.api);
        Some(wire::bearer(wire::post_json(url, &json!({})), acting.access))
    }

    fn read_privacy(&self, answer: &HttpResponse) -> Told<Creator> {
        let body = ok(answer)?;
        let data = &body["data"];
        let words = |level: &str| LEVELS.iter().find(|(word, _)| *word == level).map(|(_, name)| *name);
        let levels = data["privacy_level_options"].as_array().map(Vec::as_slice).unwrap_or_default();
        let privacy =
            levels.iter().filter_map(Value::as_str).filter_map(|level| Some((level.to_owned(), words(level)?)));
        let name = wire::name(&data["creator_nickname"]);
        let name = if name.is_empty() { wire::name(&data["creator_username"]) } else { name };
        let may_comment = data["comment_disabled"] != true;
        Ok(Creator { name, privacy: privacy.collect(), may_comment })
    }

    fn count(&self, text: &str) -> caption::Count {
        caption::tiktok(text)
    }

    fn refuses(&self, image: Image) -> Option<&'static str> {
        jpeg_only(image)
    }

    fn check(&self, acting: &Acting<'_>, container: &str) -> Option<HttpRequest> {
        // Nothing is prepared: only what publishing left processing is asked for.
        (!container.is_empty()).then(|| {
            let url = format!("{}/{TIKTOK}/post/publish/status/fetch/", acting.app.api);
            wire::bearer(wire::post_json(url, &json!({ "publish_id": container })), acting.access)
        })
    }

    fn read_progress(&self, answer: &HttpResponse) -> Told<Progress> {
        let body = ok(answer)?;
        let data = &body["data"];
        Ok(match data["status"].as_str().unwrap_or_default() {
            "PUBLISH_COMPLETE" => Progress::Post(wire::id_at(data, "/publicaly_available_post_id/0").ok()),
            "FAILED" => Progress::Failed(wire::name(&data["fail_reason"])),
            _ => Progress::NotYet,
        })
    }

    fn publish(&self, acting: &Acting<'_>, draft: &Draft, _container: &str) -> HttpRequest {
        let choice = &draft.choice;
        // Without a choice, the narrowest.
        let privacy = if choice.privacy.is_empty() { ONLY_AUTHOR } else { &choice.privacy };
        // What was confirmed with an older version was a paid partnership unless it was for its author only, and could be commented on.
        let is_older = choice.promotion.is_none();
        let older = if privacy == ONLY_AUTHOR { Promotion::Nothing } else { Promotion::Paid };
        let promotion = choice.promotion.unwrap_or(older);
        let body = json!({
            "post_info": {
                "description": draft.text, "privacy_level": privacy,
                "disable_comment": !choice.allows_comments && !is_older, "auto_add_music": true,
                "brand_content_toggle": promotion.is_paid(),
                "brand_organic_toggle": matches!(promotion, Promotion::OwnBrand | Promotion::Both),
            },
            "source_info": { "source": "PULL_FROM_URL", "photo_cover_index": 0, "photo_images": [draft.image] },
            "post_mode": "DIRECT_POST",
            "media_type": "PHOTO",
        });
        wire::bearer(
            wire::post_json(format!("{}/{TIKTOK}/post/publish/content/init/", acting.app.api), &body),
            acting.access,
        )
    }

    fn read_published(&self, answer: &HttpResponse) -> Told<Published> {
        wire::id_at(&ok(answer)?, "/data/publish_id").map(Published::Processing)
    }

    fn tells_id_later(&self, container: &str, privacy: &str) -> bool {
        // Of public posts, once they were looked at, which may take hours ("Get Post Status").
        privacy == "PUBLIC_TO_EVERYONE" && !container.is_empty()
    }

    fn ask_id(&self, acting: &Acting<'_>, container: &str) -> Option<HttpRequest> {
        self.check(acting, container)
    }

    fn read_late_id(&self, answer: &HttpResponse, _sought: &Sought<'_>) -> Told<Found> {
        Ok(match self.read_progress(answer)? {
            Progress::Post(Some(id)) => Found::Post(id),
            _ => Found::Absent,
        })
    }

    fn id_in(&self, app: &App, address: &str) -> Option<String> {
        let path = wire::path_at(address, &["tiktok.com"], &app.web)?;
        wire::number_behind(path, &["photo", "video"]).map(str::to_owned)
    }

    fn address(&self, app: &App, person: &str, id: &str) -> Option<String> {
        (!id.is_empty()).then(|| format!("{}/@{person}/photo/{id}", app.web))
    }

    fn metrics_at_once(&self) -> usize {
        AT_ONCE
    }

    fn metrics(&self, acting: &Acting<'_>, ids: &[&str]) -> HttpRequest {
        let url = format!(
            "{}/{TIKTOK}/video/query/?fields=id,view_count,like_count,comment_count,share_count",
            acting.app.api
        );
        wire::bearer(wire::post_json(url, &json!({ "filters": { "video_ids": ids } })), acting.access)
    }

    fn read_metrics(&self, answer: &HttpResponse, _ids: &[&str]) -> Told<Vec<(String, Metrics)>> {
        let body = ok(answer)?;
        let mut all = Vec::new();
        for post in body["data"]["videos"].as_array().map(Vec::as_slice).unwrap_or_default() {
            let of = |name: &str| post[name].as_u64();
            let metrics = Metrics {
                views: of("view_count"),
                reactions: of("like_count"),
                comments: of("comment_count"),
                shares: of("share_count"),
            };
            all.push((wire::id_at(post, "/id")?, metrics));
        }
        Ok(all)
    }
}
