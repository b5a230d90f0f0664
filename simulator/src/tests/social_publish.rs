//! Purpose: publishing on each platform: what stands there afterwards, what is refused, and how metrics grow.

use serde_json::{Value, json};

use crate::{AppChange, Platform, Sim};

use super::social::*;

fn texts(sim: &mut Sim, platform: Platform) -> Vec<String> {
    sim.social_state();
    sim.social_posts(platform).into_iter().map(|post| post.text).collect()
}

fn done(sim: &mut Sim, platform: Platform, token: &str, words: &str) -> (u16, Value) {
    let response = answer(publish(sim, platform, token, words));
    (response.status, serde_json::from_slice(&response.body).unwrap_or(Value::Null))
}

#[test]
fn a_post_stands_on_each_platform() {
    for platform in Platform::ALL {
        let mut sim = sim();
        let token = token(&mut sim, platform, "ada");
        let (status, body) = done(&mut sim, platform, &token, "Hello from the café");
        assert!(matches!(status, 200 | 201), "{platform:?} {body}");
        for url in sim.take_downloads() {
            sim.picture_arrived(&url, 200, "image/jpeg", JPEG);
        }
        advance(&mut sim, 5_000);
        assert_eq!(texts(&mut sim, platform), ["Hello from the café"], "{platform:?}");
        let state = sim.social_state();
        assert_eq!((state["posts"].as_array().map(Vec::len), &state["posts"][0]["username"]), (Some(1), &json!("ada")));
    }
}

#[test]
fn linkedin_wants_its_headers_and_every_field() {
    let mut sim = sim();
    let bearer = format!("Bearer {}", token(&mut sim, Platform::LinkedIn, "ada"));
    let sub = account(&mut sim, Platform::LinkedIn, "ada");
    let good = linkedin_post(&sub, "Hi");
    let mut call = |without: &str, body: &Value| {
        let headers = linkedin_headers(&bearer).into_iter().filter(|(name, _)| *name != without).collect::<Vec<_>>();
        answer(send(&mut sim, "POST", "linkedin/rest/posts", &headers, body.to_string().as_bytes()))
    };
    let posted = call("", &good);
    assert_eq!((posted.status, posted.body.is_empty()), (201, true));
    assert!(header(&posted, "x-restli-id").starts_with("urn:li:share:"));
    for (without, status) in [("authorization", 401), ("linkedin-version", 400), ("x-restli-protocol-version", 400)] {
        assert_eq!(call(without, &good).status, status, "{without}");
    }
    for field in ["author", "commentary", "visibility", "distribution", "lifecycleState"] {
        let mut body = good.clone();
        body.as_object_mut().map(|body| body.remove(field));
        assert_eq!(call("", &body).status, 422, "{field}");
    }
    assert_eq!(call("", &linkedin_post("somebody", "Hi")).status, 403);
    assert_eq!(call("", &linkedin_post(&sub, &"x".repeat(3_000))).status, 201);
    assert_eq!(call("", &linkedin_post(&sub, &"x".repeat(3_001))).status, 400);
    sim.change_social_app(Platform::LinkedIn, AppChange { oldest_version: Some(202_608), ..AppChange::default() });
    let headers = linkedin_headers(&bearer);
    let old = answer(send(&mut sim, "POST", "linkedin/rest/posts", &headers, good.to_string().as_bytes()));
    assert_eq!(old.status, 426);
}

#[test]
fn linkedin_loses_what_follows_a_bare_reserved_character() {
    let cases = [
        (r"Plain text, https://example.org/a-b?c=d.", r"Plain text, https://example.org/a-b?c=d."),
        (r"10 \(ten\) \_x\_ \| \{\} \@ \[\] \<\> \# \* \~ \\", r"10 (ten) _x_ | {} @ [] <> # * ~ \"),
        ("Win (today) more", "Win"),
        ("snake_case", "snake"),
        ("Hello #Rust and {hashtag|\\#|Coffee}!", "Hello #Rust and #Coffee!"),
        ("Thanks @[Ada](urn:li:person:1), again", "Thanks Ada, again"),
        ("Thanks @Ada", "Thanks"),
        ("Number # alone", "Number"),
        (r"odd \n end\", r"odd \n end\"),
    ];
    for (sent, shown) in cases {
        let mut sim = sim();
        let token = token(&mut sim, Platform::LinkedIn, "ada");
        assert_eq!(done(&mut sim, Platform::LinkedIn, &token, sent).0, 201);
        assert_eq!(texts(&mut sim, Platform::LinkedIn), [shown]);
    }
}

#[test]
fn linkedin_takes_an_uploaded_picture_and_tells_counts_to_approved_applications() {
    let mut sim = sim();
    let access = token(&mut sim, Platform::LinkedIn, "ada");
    let bearer = format!("Bearer {access}");
    let headers = linkedin_headers(&bearer);
    let sub = account(&mut sim, Platform::LinkedIn, "ada");
    let start = json!({"initializeUploadRequest": {"owner": format!("urn:li:person:{sub}")}});
    let path = "linkedin/rest/images?action=initializeUpload";
    let begun = answer(send(&mut sim, "POST", path, &headers, start.to_string().as_bytes()));
    let value: Value = serde_json::from_slice(&begun.body).expect("JSON");
    let (urn, upload) = (text(&value["value"], "image").to_owned(), text(&value["value"], "uploadUrl").to_owned());
    let mut body = linkedin_post(&sub, "With a picture");
    body["content"] = json!({"media": {"id": urn, "altText": "a lamp"}});
    let post = |sim: &mut Sim, body: &Value| {
        answer(send(sim, "POST", "linkedin/rest/posts", &headers, body.to_string().as_bytes()))
    };
    assert_eq!(post(&mut sim, &body).status, 400, "not uploaded yet");
    let at = upload.split_once("/social/").map(|(_, path)| path).expect("here");
    assert_eq!(answer(send(&mut sim, "PUT", at, &headers[..1], b"no picture")).status, 400);
    assert_eq!(answer(send(&mut sim, "PUT", at, &headers[..1], JPEG)).status, 201);
    let posted = post(&mut sim, &body);
    let id = header(&posted, "x-restli-id").to_owned();
    let key = sim.social_posts(Platform::LinkedIn)[0].media[0].clone();
    let picture = answer(send(&mut sim, "GET", &format!("pictures/{key}"), &[], b""));
    assert_eq!((picture.status, picture.body.as_slice(), header(&picture, "content-type")), (200, JPEG, "image/jpeg"));
    let entity = form(&[("", &id)]).replace('=', "");
    let path = format!(
        "linkedin/rest/memberCreatorPostAnalytics?q=entity&entity=(share:{entity})&queryType=REACTION&aggregation=TOTAL"
    );
    assert_eq!(answer(send(&mut sim, "GET", &path, &headers, b"")).status, 403);
    sim.change_social_app(Platform::LinkedIn, AppChange { analytics: Some(true), ..AppChange::default() });
    sim.set_social_metric(Platform::LinkedIn, &id, "reactions", 12).expect("known");
    let counted = answer(send(&mut sim, "GET", &path, &headers, b""));
    let counted: Value = serde_json::from_slice(&counted.body).expect("JSON");
    assert_eq!(counted["elements"][0]["count"], 12, "{counted}");
    assert!(sim.delete_post(&id));
    assert_eq!(answer(send(&mut sim, "GET", &path, &headers, b"")).status, 404);
}

fn status_of(sim: &mut Sim, platform: Platform, id: &str, token: &str) -> String {
    let (base, field) = match platform {
        Platform::Instagram => ("instagram/v23.0", "status_code"),
        _ => ("threads/v1.0", "status"),
    };
    text(&get(sim, &format!("{base}/{id}?fields={field}"), token).1, field).to_owned()
}

fn publish_container(sim: &mut Sim, platform: Platform, id: &str, token: &str) -> (u16, Value) {
    post_form(sim, publish_path(platform), &[("creation_id", id), ("access_token", token)])
}

#[test]
fn containers_take_their_time_publish_once_and_expire() {
    for platform in [Platform::Instagram, Platform::Threads] {
        let mut sim = sim();
        let token = token(&mut sim, platform, "ada");
        let (_, made) = container(&mut sim, platform, &token, "Hello");
        let id = text(&made, "id");
        assert_eq!(status_of(&mut sim, platform, id, &token), "IN_PROGRESS");
        assert_eq!(publish_container(&mut sim, platform, id, &token).0, 400, "too early");
        for url in sim.take_downloads() {
            sim.picture_arrived(&url, 200, "image/jpeg", JPEG);
        }
        assert!(sim.take_downloads().is_empty());
        advance(&mut sim, 5_000);
        assert_eq!(status_of(&mut sim, platform, id, &token), "FINISHED");
        let (status, published) = publish_container(&mut sim, platform, id, &token);
        assert_eq!(status, 200, "{published}");
        assert_eq!(status_of(&mut sim, platform, id, &token), "PUBLISHED");
        assert_eq!(publish_container(&mut sim, platform, id, &token).0, 400, "twice");
        assert_eq!(texts(&mut sim, platform).len(), 1);
        let late = ready_container(&mut sim, platform, &token, "Late");
        advance(&mut sim, DAY_MS);
        assert_eq!(status_of(&mut sim, platform, &late, &token), "EXPIRED");
        assert_eq!(publish_container(&mut sim, platform, &late, &token).0, 400, "expired");
        let (base, list) = match platform {
            Platform::Instagram => ("instagram/v23.0", "media"),
            _ => ("threads/v1.0", "threads"),
        };
        let read = get(&mut sim, &format!("{base}/me/{list}?fields=id,timestamp,permalink"), &token).1;
        assert_eq!((&read["data"][0]["id"], read["data"].as_array().map(Vec::len)), (&published["id"], Some(1)));
        let post = text(&published, "id").to_owned();
        let (status, one) = get(&mut sim, &format!("{base}/{post}?fields=permalink"), &token);
        assert!(status == 200 && text(&one, "permalink").contains(&post), "{one}");
        let page = text(&one, "permalink").split_once("/social/").map(|(_, path)| path.to_owned()).expect("here");
        let page = answer(send(&mut sim, "GET", &page, &[], b""));
        assert_eq!((page.status, header(&page, "location").ends_with(&post)), (303, true));
        sim.delete_post(&post);
        let (status, gone) = get(&mut sim, &format!("{base}/{post}?fields=permalink"), &token);
        assert_eq!((status, &gone["error"]["code"], &gone["error"]["error_subcode"]), (400, &json!(100), &json!(33)));
    }
}

#[test]
fn instagram_takes_jpeg_from_a_public_address_only() {
    for (status, kind, bytes) in
        [(404, "image/jpeg", JPEG), (0, "", &[]), (200, "image/png", b"\x89PNG"), (200, "image/jpeg", b"<html>")]
    {
        let mut sim = sim();
        let token = token(&mut sim, Platform::Instagram, "ada");
        let (_, made) = container(&mut sim, Platform::Instagram, &token, "Hello");
        assert_eq!(sim.take_downloads(), [PICTURE]);
        sim.picture_arrived(PICTURE, status, kind, bytes);
        advance(&mut sim, 5_000);
        assert_eq!(status_of(&mut sim, Platform::Instagram, text(&made, "id"), &token), "ERROR");
        assert_eq!(publish_container(&mut sim, Platform::Instagram, text(&made, "id"), &token).0, 400);
    }
    let mut sim = sim();
    let token = token(&mut sim, Platform::Instagram, "ada");
    let make = |sim: &mut Sim, url: &str, caption: &str| {
        let fields = [("image_url", url), ("caption", caption), ("access_token", token.as_str())];
        post_form(sim, "instagram/v23.0/me/media", &fields).0
    };
    assert_eq!(make(&mut sim, "ftp://x", ""), 400);
    assert_eq!(make(&mut sim, PICTURE, &"x".repeat(2_201)), 400);
    assert_eq!(make(&mut sim, PICTURE, &"#a ".repeat(31)), 400);
    assert_eq!(make(&mut sim, PICTURE, &"#a ".repeat(30)), 200);
    let fields = [("image_url", PICTURE), ("access_token", token.as_str())];
    assert_eq!(post_form(&mut sim, "instagram/v23.0/17841400000000099/media", &fields).0, 400, "somebody else's");
}

#[test]
fn quotas_count_a_rolling_day() {
    for (platform, limit, own) in
        [(Platform::Instagram, "content_publishing_limit", 100), (Platform::Threads, "threads_publishing_limit", 250)]
    {
        let mut sim = sim();
        let token = token(&mut sim, platform, "ada");
        let base = publish_path(platform).split_once("me/").map(|(base, _)| base).unwrap_or_default();
        let path = format!("{base}me/{limit}?fields=quota_usage,config");
        let usage = |sim: &mut Sim| {
            let body = get(sim, &path, &token).1;
            (body["data"][0]["quota_usage"].clone(), body["data"][0]["config"]["quota_total"].clone())
        };
        assert_eq!(usage(&mut sim), (json!(0), json!(own)));
        sim.change_social_app(platform, AppChange { quota_total: Some(2), ..AppChange::default() });
        for words in ["one", "two"] {
            assert_eq!(done(&mut sim, platform, &token, words).0, 200);
        }
        let (status, refused) = done(&mut sim, platform, &token, "three");
        assert_eq!((status, &refused["error"]["error_subcode"]), (400, &json!(2_207_042)));
        assert_eq!(usage(&mut sim), (json!(2), json!(2)));
        advance(&mut sim, DAY_MS);
        assert_eq!(done(&mut sim, platform, &token, "three").0, 200);
    }
}

#[test]
fn x_weighs_and_prices_what_is_written() {
    let mut sim = sim();
    let token = token(&mut sim, Platform::X, "ada");
    let mut post = |words: &str| post_json(&mut sim, "x/2/tweets", &token, &json!({"text": words})).0;
    let url = "https://muster.example/l/abcdefghijklmnopqrstuvwxyz0123456789";
    assert_eq!(post(&"a".repeat(280)), 201);
    assert_eq!(post(&"b".repeat(281)), 403);
    assert_eq!(post(&format!("{} {url}", "c".repeat(256))), 201);
    assert_eq!(post(&format!("{} {url}", "d".repeat(257))), 403);
    assert_eq!(post(&format!("({url} {}", "c".repeat(255))), 201);
    assert_eq!(post(&"語".repeat(140)), 201);
    assert_eq!(post(&"語".repeat(141)), 403);
    assert_eq!(post(&"👨‍👩‍👧".repeat(140)), 201);
    assert_eq!(post(&"a".repeat(280)), 403, "the same again");
    assert_eq!(post("  "), 400);
    let state = sim.social_state();
    assert_eq!(state["spending"]["x_dollars"], 0.015 * 3.0 + 0.2 * 2.0);
    sim.change_social_app(Platform::X, AppChange { credit: Some(0.46), ..AppChange::default() });
    assert_eq!(post_json(&mut sim, "x/2/tweets", &token, &json!({"text": "the last one"})).0, 201);
    let (status, body) = post_json(&mut sim, "x/2/tweets", &token, &json!({"text": "one too many"}));
    assert_eq!((status, &body["status"]), (402, &json!(402)));
    assert_eq!(texts(&mut sim, Platform::X).len(), 6);
}

#[test]
fn x_reads_back_and_says_what_is_gone() {
    let mut sim = sim();
    let token = token(&mut sim, Platform::X, "ada");
    let (_, me) = get(&mut sim, "x/2/users/me", &token);
    let id = text(&me["data"], "id").to_owned();
    let timeline = format!("x/2/users/{id}/tweets?max_results=10&tweet.fields=created_at");
    assert_eq!(get(&mut sim, &timeline, &token).1, json!({"meta": {"result_count": 0}}));
    assert_eq!(get(&mut sim, &timeline.replace("=10", "=4"), &token).0, 400);
    let (_, one) = post_json(&mut sim, "x/2/tweets", &token, &json!({"text": "one"}));
    let (_, two) = post_json(&mut sim, "x/2/tweets", &token, &json!({"text": "two"}));
    let (one, two) = (text(&one["data"], "id").to_owned(), text(&two["data"], "id").to_owned());
    assert_eq!(get(&mut sim, &timeline, &token).1["data"][0]["text"], "two");
    sim.delete_post(&one);
    sim.set_social_metric(Platform::X, &two, "retweets", 4).expect("known");
    let (_, body) = get(&mut sim, &format!("x/2/tweets?ids={one},{two}&tweet.fields=public_metrics"), &token);
    assert_eq!((&body["data"][0]["id"], &body["data"][0]["public_metrics"]["retweet_count"]), (&json!(two), &json!(4)));
    assert_eq!(body["errors"][0]["resource_id"], json!(one));
    for n in 2..100 {
        assert_eq!(post_json(&mut sim, "x/2/tweets", &token, &json!({"text": format!("n {n}")})).0, 201);
    }
    let headers = [("authorization", format!("Bearer {token}")), ("content-type", "application/json".to_owned())];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let stopped = answer(send(&mut sim, "POST", "x/2/tweets", &headers, br#"{"text": "more"}"#));
    let reset: u64 = header(&stopped, "x-rate-limit-reset").parse().expect("a moment");
    assert_eq!((stopped.status, header(&stopped, "retry-after"), reset), (429, "", sim.now() / 1_000 + 900));
}

#[test]
fn tiktok_holds_an_unaudited_client_to_its_limits() {
    let mut sim = sim();
    let init = "tiktok/v2/post/publish/content/init/";
    let tokens: Vec<String> = (0..6).map(|n| token(&mut sim, Platform::TikTok, &format!("person{n}"))).collect();
    let code = |(status, body): (u16, Value)| (status, text(&body["error"], "code").to_owned());
    let post = |sim: &mut Sim, token: &str, level: &str| code(post_json(sim, init, token, &photo_post("Hi", level)));
    let closed = "unaudited_client_can_only_post_to_private_accounts";
    assert_eq!(post(&mut sim, &tokens[0], "FOLLOWER_OF_CREATOR"), (403, closed.to_owned()));
    assert_eq!(post(&mut sim, &tokens[0], "PUBLIC_TO_EVERYONE"), (403, "privacy_level_option_mismatch".to_owned()));
    for token in &tokens[..5] {
        assert_eq!(post(&mut sim, token, "SELF_ONLY"), (200, "ok".to_owned()));
    }
    assert_eq!(post(&mut sim, &tokens[5], "SELF_ONLY"), (403, "reached_active_user_cap".to_owned()));
    let info = "tiktok/v2/post/publish/creator_info/query/";
    let told = post_json(&mut sim, info, &tokens[5], &json!({}));
    assert_eq!(code(told), (200, "reached_active_user_cap".to_owned()));
    for _ in 0..3 {
        assert_eq!(post(&mut sim, &tokens[0], "SELF_ONLY").0, 200);
    }
    assert_eq!(post(&mut sim, &tokens[0], "SELF_ONLY"), (429, "rate_limit_exceeded".to_owned()));
    for _ in 0..11 {
        advance(&mut sim, MINUTE_MS);
        assert_eq!(post(&mut sim, &tokens[0], "SELF_ONLY").0, 200);
    }
    advance(&mut sim, MINUTE_MS);
    assert_eq!(post(&mut sim, &tokens[0], "SELF_ONLY"), (403, "spam_risk_too_many_posts".to_owned()));
    sim.change_social_account(Platform::TikTok, "person1", Some(false), None).expect("known");
    assert_eq!(post(&mut sim, &tokens[1], "SELF_ONLY"), (403, closed.to_owned()));
    sim.change_social_app(Platform::TikTok, AppChange { audited: Some(true), ..AppChange::default() });
    let (_, told) = post_json(&mut sim, info, &tokens[1], &json!({}));
    assert_eq!(told["data"]["privacy_level_options"][0], "PUBLIC_TO_EVERYONE");
    assert_eq!(post(&mut sim, &tokens[1], "PUBLIC_TO_EVERYONE"), (200, "ok".to_owned()));
    assert_eq!(post(&mut sim, &tokens[5], "SELF_ONLY"), (200, "ok".to_owned()));
}

#[test]
fn tiktok_refuses_what_a_creator_may_not_choose() {
    let mut sim = sim();
    sim.change_social_app(Platform::TikTok, AppChange { audited: Some(true), ..AppChange::default() });
    let token = token(&mut sim, Platform::TikTok, "ada");
    let post = |sim: &mut Sim, level: &str, field: &str| {
        let mut body = photo_post("Hi", level);
        body["post_info"][field] = json!(true);
        let (status, told) = post_json(sim, "tiktok/v2/post/publish/content/init/", &token, &body);
        (status, text(&told["error"], "code").to_owned())
    };
    let (ok, invalid) = ((200, "ok".to_owned()), (400, "invalid_params".to_owned()));
    assert_eq!(post(&mut sim, "SELF_ONLY", "brand_content_toggle"), invalid, "nobody else would see it");
    assert_eq!(post(&mut sim, "SELF_ONLY", "brand_organic_toggle"), ok);
    assert_eq!(post(&mut sim, "FOLLOWER_OF_CREATOR", "brand_content_toggle"), ok);
    sim.close_comments(Platform::TikTok, "ada", true).expect("known");
    assert_eq!(post(&mut sim, "SELF_ONLY", "brand_organic_toggle"), invalid, "comments are off");
    assert_eq!(post(&mut sim, "SELF_ONLY", "disable_comment"), ok);
}

#[test]
fn tiktok_tells_the_posts_id_late_and_only_of_public_posts() {
    let mut sim = sim();
    sim.change_social_app(Platform::TikTok, AppChange { audited: Some(true), ..AppChange::default() });
    let token = token(&mut sim, Platform::TikTok, "ada");
    sim.change_social_account(Platform::TikTok, "ada", Some(false), None).expect("known");
    let start = |sim: &mut Sim, level: &str| {
        let body = post_json(sim, "tiktok/v2/post/publish/content/init/", &token, &photo_post("Hi", level)).1;
        text(&body["data"], "publish_id").to_owned()
    };
    let look = |sim: &mut Sim, id: &str| {
        let body = post_json(sim, "tiktok/v2/post/publish/status/fetch/", &token, &json!({"publish_id": id})).1;
        (text(&body["data"], "status").to_owned(), body["data"]["publicaly_available_post_id"].clone())
    };
    let public = start(&mut sim, "PUBLIC_TO_EVERYONE");
    let secret = start(&mut sim, "SELF_ONLY");
    assert_eq!(look(&mut sim, &public), ("PROCESSING_DOWNLOAD".to_owned(), json!([])));
    for url in sim.take_downloads() {
        sim.picture_arrived(&url, 200, "image/jpeg", JPEG);
    }
    advance(&mut sim, 5_000);
    assert_eq!(look(&mut sim, &public), ("PUBLISH_COMPLETE".to_owned(), json!([])));
    advance(&mut sim, MINUTE_MS);
    assert_eq!(look(&mut sim, &secret), ("PUBLISH_COMPLETE".to_owned(), json!([])));
    let (_, ids) = look(&mut sim, &public);
    let id = ids[0].as_u64().expect("an id").to_string();
    sim.set_social_metric(Platform::TikTok, &id, "views", 900).expect("known");
    let query = "tiktok/v2/video/query/?fields=id,view_count,like_count";
    let (_, body) = post_json(&mut sim, query, &token, &json!({"filters": {"video_ids": [id, "1"]}}));
    assert_eq!(
        (&body["data"]["videos"][0]["view_count"], body["data"]["videos"].as_array().map(Vec::len)),
        (&json!(900), Some(1))
    );
    let bad = start(&mut sim, "SELF_ONLY");
    for url in sim.take_downloads() {
        sim.picture_arrived(&url, 404, "", b"");
    }
    assert_eq!(look(&mut sim, &bad).0, "FAILED");
    let change = AppChange { pull_prefixes: Some(vec!["https://muster.example/".to_owned()]), ..AppChange::default() };
    sim.change_social_app(Platform::TikTok, change);
    let path = "tiktok/v2/post/publish/content/init/";
    let (status, body) = post_json(&mut sim, path, &token, &photo_post("Hi", "SELF_ONLY"));
    assert_eq!((status, text(&body["error"], "code")), (403, "url_ownership_unverified"));
}

#[test]
fn metrics_grow_with_the_clock_the_same_way_every_time() {
    let grown = || {
        let mut sim = sim();
        let token = token(&mut sim, Platform::Threads, "ada");
        let (_, made) = done(&mut sim, Platform::Threads, &token, "Hello");
        let path = format!("threads/v1.0/{}/insights?metric=views,likes,replies,reposts,quotes", text(&made, "id"));
        let mut seen = Vec::new();
        for _ in 0..5 {
            let body = get(&mut sim, &path, &token).1;
            seen.push(body["data"][0]["values"][0]["value"].as_u64().expect("a number"));
            advance(&mut sim, 6 * HOUR_MS);
        }
        assert_eq!(get(&mut sim, &path.replace("likes", "loves"), &token).0, 400);
        seen
    };
    let seen = grown();
    assert_eq!(seen[0], 0);
    assert!(seen.windows(2).all(|pair| pair[0] < pair[1]), "{seen:?}");
    assert_eq!(grown(), seen);
}

#[test]
fn a_missing_scope_is_told_in_each_platforms_words() {
    for platform in Platform::ALL {
        let mut sim = sim();
        let choice = crate::SocialChoice { account: "ada".into(), scopes: Some(Vec::new()), deny: false };
        let target = sim.social_consent(&authorize_url(platform), &choice).expect("allowed");
        let (_, body) = exchange(&mut sim, platform, &part(&target, "code"));
        let token = text(&body, "access_token").to_owned();
        let (status, body) = match platform {
            Platform::Instagram | Platform::Threads => container(&mut sim, platform, &token, "x"),
            _ => done(&mut sim, platform, &token, "x"),
        };
        let wanted = if platform == Platform::TikTok { 401 } else { 403 };
        assert_eq!(status, wanted, "{platform:?} {body}");
    }
}
