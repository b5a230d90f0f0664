//! Purpose: connecting to each platform: consent pages, codes, tokens and their ends.

use serde_json::{Value, json};

use crate::{AppChange, Platform, SocialChoice};

use super::social::*;

fn me_path(platform: Platform) -> &'static str {
    match platform {
        Platform::LinkedIn => "linkedin/v2/userinfo",
        Platform::Instagram => "instagram/v23.0/me?fields=user_id,username,account_type",
        Platform::TikTok => "tiktok/v2/user/info/?fields=open_id,display_name",
        Platform::X => "x/2/users/me",
        Platform::Threads => "threads/v1.0/me?fields=id,username",
        Platform::Facebook => "facebook/v23.0/me/accounts",
    }
}

/// Who the platform says holds a token, or the code of its error.
fn who(sim: &mut crate::Sim, platform: Platform, token: &str) -> Result<String, String> {
    let (status, body) = get(sim, me_path(platform), token);
    let name = |value: &Value| value.as_str().unwrap_or_default().to_lowercase();
    match (platform, status) {
        (Platform::LinkedIn, 200) => Ok(name(&body["name"])),
        (Platform::TikTok, 200) => Ok(name(&body["data"]["user"]["display_name"])),
        (Platform::X, 200) => Ok(name(&body["data"]["username"])),
        (_, 200) => Ok(name(&body["username"])),
        (Platform::LinkedIn, 401) => Err(text(&body, "code").to_owned()),
        (Platform::TikTok, 401) => Err(text(&body["error"], "code").to_owned()),
        (Platform::X, 401) => Err(text(&body, "title").to_owned()),
        (_, 400) => Err(format!("{} {}", body["error"]["code"], body["error"]["error_subcode"])),
        other => panic!("{other:?} {body}"),
    }
}

#[test]
fn a_code_becomes_a_token_once_within_ten_minutes_and_for_its_address() {
    for platform in Platform::ALL {
        let mut sim = sim();
        let code = allow(&mut sim, platform, "ada");
        let (status, body) = exchange(&mut sim, platform, &code);
        assert_eq!((status, body["error"].is_null()), (200, true), "{platform:?} {body}");
        assert_eq!(who(&mut sim, platform, text(&body, "access_token")).as_deref(), Ok("ada"));
        let refused = |(status, body): (u16, Value)| {
            assert!(status == 400 || platform == Platform::TikTok, "{platform:?} {status} {body}");
            assert_eq!(body["access_token"], Value::Null, "{platform:?}");
        };
        refused(exchange(&mut sim, platform, &code));
        let late = allow(&mut sim, platform, "ada");
        advance(&mut sim, 10 * MINUTE_MS);
        refused(exchange(&mut sim, platform, &late));
        let elsewhere = allow(&mut sim, platform, "ada");
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", elsewhere.as_str()),
            ("redirect_uri", "http://127.0.0.1:8787/other"),
            ("code_verifier", VERIFIER),
        ];
        refused(token_call(&mut sim, platform, token_path(platform), &fields));
        let stranger = allow(&mut sim, platform, "ada");
        let (_, body) = post_form(
            &mut sim,
            token_path(platform),
            &[
                ("client_id", &platform.client_id()),
                ("client_key", &platform.client_id()),
                ("client_secret", "guessed"),
                ("grant_type", "authorization_code"),
                ("code", &stranger),
                ("redirect_uri", REDIRECT),
                ("code_verifier", VERIFIER),
            ],
        );
        assert_eq!(body["access_token"], Value::Null, "{platform:?}");
    }
}

#[test]
fn a_code_of_one_platform_is_nothing_to_another() {
    let mut sim = sim();
    let code = allow(&mut sim, Platform::Instagram, "ada");
    assert_eq!(exchange(&mut sim, Platform::Threads, &code).0, 400);
    assert_eq!(exchange(&mut sim, Platform::Instagram, &code).0, 200);
}

#[test]
fn each_platform_checks_the_verifier_in_its_own_way() {
    for (platform, wrong) in [(Platform::X, HEX_CHALLENGE), (Platform::TikTok, CHALLENGE)] {
        let mut sim = sim();
        let right = if platform == Platform::X { CHALLENGE } else { HEX_CHALLENGE };
        let url = authorize_url(platform);
        let escaped = form(&[("code_challenge", right)]);
        let swapped = url.replace(&escaped, &form(&[("code_challenge", wrong)]));
        assert_ne!(url, swapped);
        let target = sim.social_consent(&swapped, &SocialChoice::default()).expect("the page does not look at it");
        let (_, body) = exchange(&mut sim, platform, &part(&target, "code"));
        assert!(body["error"].is_string() && body["access_token"].is_null(), "{body}");
    }
    let bare = authorize_url(Platform::X).replace("code_challenge", "ignored");
    assert_eq!(sim().social_consent(&bare, &SocialChoice::default()).map_err(|r| r.code), Err("invalid_request"));
}

#[test]
fn the_consent_page_refuses_what_the_platform_refuses() {
    let mut sim = sim();
    let good = authorize_url(Platform::LinkedIn);
    let mut refused = |url: &str| sim.social_consent(url, &SocialChoice::default()).err().map(|refusal| refusal.code);
    assert_eq!(refused(&good), None);
    assert_eq!(refused(&good.replace("simulated", "somebodys")), Some("unknown_application"));
    assert_eq!(refused(&good.replace("127%2E0%2E0%2E1", "evil%2Eexample")), Some("invalid_redirect"));
    assert_eq!(refused(&good.replace("openid", "everything")), Some("invalid_scope"));
    assert_eq!(
        refused(&good.replace("response%5Ftype=code", "x=y").replace("response_type=code", "x=y")),
        Some("invalid_request")
    );
    assert_eq!(refused("http://127.0.0.1:8788/social/elsewhere/x?a=b"), Some("unknown_platform"));
    let change =
        AppChange { redirect_uris: Some(vec!["https://muster.example/cb".to_owned()]), ..AppChange::default() };
    sim.change_social_app(Platform::LinkedIn, change);
    let refusal = sim.social_consent(&good, &SocialChoice::default());
    assert_eq!(refusal.err().map(|refusal| refusal.code), Some("invalid_redirect"));
}

#[test]
fn a_person_may_say_no_or_allow_less_and_programs_need_no_page() {
    for platform in Platform::ALL {
        let mut sim = sim();
        let url = authorize_url(platform);
        let denied =
            sim.social_consent(&url, &SocialChoice { deny: true, ..SocialChoice::default() }).expect("answered");
        assert!(!part(&denied, "error").is_empty() && part(&denied, "state") == "s t&#", "{denied}");
        let path = url.split_once("/social/").map(|(_, path)| path).unwrap_or_default();
        let page = answer(send(&mut sim, "GET", path, &[], b""));
        let html = String::from_utf8(page.body.clone()).expect("a page");
        assert!(page.status == 200 && html.contains("Ada") && html.contains(platform.title()), "{html}");
        let at_once = answer(send(&mut sim, "GET", &format!("{path}&sim_account=nova"), &[], b""));
        let target = header(&at_once, "location").to_owned();
        assert_eq!((at_once.status, target.starts_with(REDIRECT)), (303, true), "{target}");
        let (_, body) = exchange(&mut sim, platform, &part(&target, "code"));
        if !matches!(platform, Platform::Instagram) {
            assert_eq!(who(&mut sim, platform, text(&body, "access_token")).as_deref(), Ok("nova"), "{platform:?}");
        }
        let (place, query) = path.split_once('?').expect("a query");
        let fields = [("query", query), ("name", "Zoë Q"), ("decision", "allow"), ("choose_scopes", "1")];
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let posted = answer(send(&mut sim, "POST", place, &headers, form(&fields).as_bytes()));
        let (_, body) = exchange(&mut sim, platform, &part(header(&posted, "location"), "code"));
        let granted = body["scope"].as_str().map_or(body["permissions"].clone(), |scope| json!(scope));
        assert!(granted.is_null() || granted == json!("") || granted == json!([]), "{platform:?} {granted}");
    }
}

#[test]
fn metas_codes_are_followed_by_a_mark_that_is_no_part_of_them() {
    for platform in [Platform::Instagram, Platform::Threads] {
        let target = sim().social_consent(&authorize_url(platform), &SocialChoice::default()).expect("allowed");
        assert!(target.ends_with("#_"), "{target}");
    }
}

#[test]
fn tokens_end_by_the_clock_and_when_somebody_revokes_them() {
    let lives = [
        (Platform::LinkedIn, 60 * DAY_MS, "EXPIRED_ACCESS_TOKEN", "REVOKED_ACCESS_TOKEN", "INVALID_ACCESS_TOKEN"),
        (Platform::Instagram, 60 * DAY_MS, "190 463", "190 458", "190 null"),
        (Platform::TikTok, DAY_MS, "access_token_invalid", "access_token_invalid", "access_token_invalid"),
        (Platform::X, 2 * HOUR_MS, "Unauthorized", "Unauthorized", "Unauthorized"),
        (Platform::Threads, 60 * DAY_MS, "190 463", "190 458", "190 null"),
    ];
    for (platform, life, expired, revoked, unknown) in lives {
        let mut sim = sim();
        let access = token(&mut sim, platform, "ada");
        advance(&mut sim, life - 1);
        assert_eq!(who(&mut sim, platform, &access).as_deref(), Ok("ada"), "{platform:?}");
        advance(&mut sim, 1);
        assert_eq!(who(&mut sim, platform, &access), Err(expired.to_owned()));
        assert_eq!(who(&mut sim, platform, "made-up"), Err(unknown.to_owned()));
        let access = token(&mut sim, platform, "ada");
        sim.revoke_social_account(platform, "ada").expect("known");
        assert_eq!(who(&mut sim, platform, &access), Err(revoked.to_owned()));
    }
}

#[test]
fn refresh_tokens_rotate_at_x_and_tiktok_and_the_old_one_is_dead() {
    for platform in [Platform::X, Platform::TikTok] {
        let mut sim = sim();
        let first = connect(&mut sim, platform, "ada");
        let (_, second) = refresh(&mut sim, platform, text(&first, "refresh_token"));
        assert_eq!(who(&mut sim, platform, text(&second, "access_token")).as_deref(), Ok("ada"));
        assert!(who(&mut sim, platform, text(&first, "access_token")).is_err());
        let (status, body) = refresh(&mut sim, platform, text(&first, "refresh_token"));
        let spent = if platform == Platform::X { "invalid_request" } else { "invalid_grant" };
        assert_eq!(body["error"], spent);
        assert_eq!(status, if platform == Platform::X { 400 } else { 200 });
        let path = if platform == Platform::X { "x/2/oauth2/revoke" } else { "tiktok/v2/oauth/revoke/" };
        let (status, _) = token_call(&mut sim, platform, path, &[("token", text(&second, "access_token"))]);
        assert_eq!(status, 200);
        assert_eq!(refresh(&mut sim, platform, text(&second, "refresh_token")).1["error"], spent);
    }
}

#[test]
fn linkedin_gives_refresh_tokens_to_partners_only() {
    let mut sim = sim();
    let body = connect(&mut sim, Platform::LinkedIn, "ada");
    assert_eq!((&body["refresh_token"], &body["expires_in"]), (&Value::Null, &json!(5_184_000)));
    sim.change_social_app(Platform::LinkedIn, AppChange { refresh: Some(true), ..AppChange::default() });
    let body = connect(&mut sim, Platform::LinkedIn, "ada");
    advance(&mut sim, 61 * DAY_MS);
    assert!(who(&mut sim, Platform::LinkedIn, text(&body, "access_token")).is_err());
    let (status, fresh) = refresh(&mut sim, Platform::LinkedIn, text(&body, "refresh_token"));
    assert_eq!((status, &fresh["refresh_token"]), (200, &body["refresh_token"]));
    assert_eq!(fresh["refresh_token_expires_in"], 304 * 86_400);
    assert_eq!(who(&mut sim, Platform::LinkedIn, text(&fresh, "access_token")).as_deref(), Ok("ada"));
    let fields = [("token", text(&fresh, "access_token"))];
    assert_eq!(token_call(&mut sim, Platform::LinkedIn, "linkedin/oauth/v2/revoke", &fields).0, 200);
    assert_eq!(refresh(&mut sim, Platform::LinkedIn, text(&body, "refresh_token")).1["error"], "invalid_grant");
}

#[test]
fn metas_tokens_are_exchanged_then_refreshed_after_a_day_and_before_their_end() {
    for (platform, short) in [(Platform::Instagram, "ig"), (Platform::Threads, "th")] {
        let mut sim = sim();
        let code = allow(&mut sim, platform, "ada");
        let (_, hourly) = exchange(&mut sim, platform, &code);
        assert!(hourly["user_id"].is_u64(), "{hourly}");
        let access = text(&hourly, "access_token");
        let call = |sim: &mut crate::Sim, path: &str, grant: &str, token: &str| {
            let secret = platform.client_secret();
            let fields = [("grant_type", grant), ("client_secret", secret.as_str()), ("access_token", token)];
            get(sim, &format!("{}/{path}?{}", platform.name(), form(&fields)), "")
        };
        let (exchange_type, refresh_type) = (format!("{short}_exchange_token"), format!("{short}_refresh_token"));
        assert_eq!(call(&mut sim, "refresh_access_token", &refresh_type, access).0, 400);
        let (_, long) = call(&mut sim, "access_token", &exchange_type, access);
        let long = text(&long, "access_token").to_owned();
        assert_eq!(call(&mut sim, "access_token", &exchange_type, &long).0, 400);
        advance(&mut sim, HOUR_MS);
        assert_eq!(who(&mut sim, platform, access), Err("190 463".to_owned()));
        assert_eq!(call(&mut sim, "access_token", &exchange_type, access).0, 400);
        advance(&mut sim, 22 * HOUR_MS);
        assert_eq!(call(&mut sim, "refresh_access_token", &refresh_type, &long).0, 400, "23 hours are too few");
        advance(&mut sim, HOUR_MS);
        let (status, fresh) = call(&mut sim, "refresh_access_token", &refresh_type, &long);
        assert_eq!((status, &fresh["expires_in"]), (200, &json!(5_184_000)));
        advance(&mut sim, 59 * DAY_MS);
        assert_eq!(call(&mut sim, "refresh_access_token", &refresh_type, &long).0, 400, "day 60 is over");
        assert_eq!(who(&mut sim, platform, text(&fresh, "access_token")).as_deref(), Ok("ada"));
    }
}

#[test]
fn personal_accounts_cannot_connect_to_instagram() {
    let mut sim = sim();
    sim.change_social_account(Platform::Instagram, "ada", None, Some("PERSONAL")).expect("known");
    let choice = SocialChoice { account: "ada".to_owned(), ..SocialChoice::default() };
    let refusal = sim.social_consent(&authorize_url(Platform::Instagram), &choice);
    assert_eq!(refusal.map_err(|refusal| refusal.code), Err("personal_account"));
}
