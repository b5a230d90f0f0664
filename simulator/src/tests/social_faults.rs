//! Purpose: scripted faults at publishing, and hostile input: the platforms answer an error and stay alive.

use serde_json::Value;

use crate::{Fault, FaultKind, Platform, RateLimitScope, RestOutcome, Sim, social::routes};

use super::social::*;

/// The route of the call that publishes, as faults name it.
fn route(platform: Platform) -> String {
    format!("/social/{}", publish_path(platform).replace("/me/", "/{whoever}/"))
}

fn count(sim: &mut Sim, platform: Platform) -> usize {
    for url in sim.take_downloads() {
        sim.picture_arrived(&url, 200, "image/jpeg", JPEG);
    }
    advance(sim, 5_000);
    sim.social_state();
    sim.social_posts(platform).len()
}

#[test]
fn every_kind_of_fault_strikes_publishing_with_the_effect_it_names() {
    let status = |status| FaultKind::Status { status, code: 0, message: String::new() };
    let kinds = [
        (FaultKind::RateLimited { scope: RateLimitScope::User, retry_after: 30.0 }, false),
        (status(503), false),
        (status(401), false),
        (FaultKind::HtmlBlock, false),
        (FaultKind::HangBefore, false),
        (FaultKind::HangAfterEffect, true),
        (FaultKind::ResetAfterEffect, true),
        (FaultKind::Slow { ms: 700 }, true),
    ];
    for platform in Platform::ALL {
        for (kind, effect) in &kinds {
            let mut sim = sim();
            let token = token(&mut sim, platform, "ada");
            sim.add_fault(Fault::once("POST", &route(platform), kind.clone()));
            let outcome = publish(&mut sim, platform, &token, "Hello");
            match (kind, outcome) {
                (FaultKind::HangBefore, RestOutcome::NoAnswer { took_effect, reset }) => {
                    assert_eq!((took_effect, reset), (false, false));
                }
                (FaultKind::HangAfterEffect, RestOutcome::NoAnswer { took_effect, reset }) => {
                    assert_eq!((took_effect, reset), (true, false));
                }
                (FaultKind::ResetAfterEffect, RestOutcome::NoAnswer { took_effect, reset }) => {
                    assert_eq!((took_effect, reset), (true, true));
                }
                (FaultKind::Slow { .. }, RestOutcome::Answer(slow)) => assert_eq!(slow.delay_ms, 700),
                (FaultKind::HtmlBlock, RestOutcome::Answer(html)) => assert!(html.body.starts_with(b"<!DOCTYPE")),
                (FaultKind::Status { status, .. }, RestOutcome::Answer(answer)) => assert_eq!(answer.status, *status),
                (FaultKind::RateLimited { .. }, RestOutcome::Answer(limited)) => {
                    let reset = (sim.now() / 1_000 + 30).to_string();
                    let told = header(&limited, "x-rate-limit-reset");
                    assert_eq!(limited.status, 429);
                    assert_eq!(told, if platform == Platform::X { reset.as_str() } else { "" });
                    let body: Value = serde_json::from_slice(&limited.body).expect("JSON");
                    assert!(body.is_object(), "{body}");
                }
                (kind, outcome) => panic!("{platform:?} {kind:?} {outcome:?}"),
            }
            assert_eq!(count(&mut sim, platform), usize::from(*effect), "{platform:?} {kind:?}");
            let words = if *effect { "Hello again" } else { "Hello" };
            let again = answer(publish(&mut sim, platform, &token, words));
            assert!(matches!(again.status, 200 | 201), "{platform:?} after {kind:?}");
        }
    }
}

#[test]
fn faults_of_json_reach_the_platforms_and_calls_are_logged() {
    let mut sim = sim();
    let fault = serde_json::json!({"method": "GET", "route": "/social/tiktok/v2/user/info", "kind": "rate_limited", "retry_after": 5});
    sim.add_fault(serde_json::from_value(fault).expect("readable"));
    assert_eq!(get(&mut sim, "tiktok/v2/user/info/?fields=open_id", "x").0, 429);
    sim.add_fault(Fault::always("*", "*", FaultKind::HangBefore));
    let page = authorize_url(Platform::TikTok);
    let page = page.split_once("/social/").map(|(_, path)| path).expect("here");
    assert_eq!(answer(send(&mut sim, "GET", page, &[], b"")).status, 200, "people's pages are no calls");
    let call = sim.calls().iter().find(|call| call.status == 429).expect("logged");
    assert_eq!((call.status, call.route.as_str()), (429, "/social/tiktok/v2/user/info/"));
}

fn bodies() -> Vec<Vec<u8>> {
    let odd = [
        "null",
        "[]",
        "{}",
        "5",
        "\"\\u0000\"",
        "{",
        "\u{ff}",
        "a=b&=&&%ff=%zz",
        r#"{"text":{},"commentary":5,"author":[],"filters":{"video_ids":[[],{},-1]},"post_info":[],"source_info":{"photo_images":[null,5],"photo_cover_index":1e99}}"#,
        "grant_type=authorization_code&code=&redirect_uri=%00",
        "image_url=http://&media_type=IMAGE&creation_id=../..",
    ];
    let mut bodies: Vec<Vec<u8>> = odd.iter().map(|text| text.as_bytes().to_vec()).collect();
    bodies.push(vec![0xFF; 1_000]);
    bodies.push([b"[".repeat(10_000), b"]".repeat(10_000)].concat());
    bodies
}

#[test]
fn odd_requests_never_break_it() {
    let mut sim = sim();
    let tokens: Vec<String> = Platform::ALL.iter().map(|platform| token(&mut sim, *platform, "ada")).collect();
    for (method, route) in routes() {
        let path = route
            .trim_start_matches("/social/")
            .replace("{id}", "%ff%00")
            .replace("{urn}", "urn%3Ali")
            .replace("{key}", "..");
        for body in bodies() {
            for token in tokens.iter().map(String::as_str).chain(["", "\u{ff}"]) {
                for kind in ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"] {
                    let bearer = format!("Bearer {token}");
                    let headers = [
                        ("authorization", bearer.as_str()),
                        ("content-type", kind),
                        ("linkedin-version", "202607"),
                        ("x-restli-protocol-version", "2.0.0"),
                    ];
                    let query =
                        "?fields=a,,id&ids=1,%ff&limit=-1&max_results=99999999999999999999&entity=(share:)&metric=x";
                    let response = answer(send(&mut sim, method, &format!("{path}{query}"), &headers, &body));
                    assert!(response.status < 500, "{method} {route}");
                }
            }
        }
    }
    for method in ["PATCH", "DELETE", "", "OPTIONS"] {
        assert_eq!(answer(send(&mut sim, method, "linkedin/rest/posts", &[], b"")).status, 404);
    }
    for path in ["", "/", "linkedin", "elsewhere/rest/posts", "%ff", "x/2/tweets/", "?a"] {
        assert_eq!(answer(send(&mut sim, "GET", path, &[], b"")).status, 404, "{path}");
    }
    let huge = vec![b'x'; 17 * 1024 * 1024];
    assert_eq!(answer(send(&mut sim, "POST", "x/2/tweets", &[], &huge)).status, 413);
}

#[test]
fn everything_is_kept_in_a_dump_and_old_dumps_are_read() {
    let mut first = sim();
    let token = token(&mut first, Platform::X, "ada");
    answer(publish(&mut first, Platform::X, &token, "Kept"));
    let mut dump = first.dump();
    let mut second = sim();
    second.load(dump.clone()).expect("its own");
    assert_eq!(second.social_posts(Platform::X).len(), 1);
    assert_eq!(get(&mut second, "x/2/users/me", &token).0, 200);
    dump["world"].as_object_mut().map(|world| world.remove("social"));
    second.load(dump).expect("older");
    assert!(second.social_posts(Platform::X).is_empty());
    assert_eq!(second.social_state()["accounts"].as_array().map(Vec::len), Some(24));
}
