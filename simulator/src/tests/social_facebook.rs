//! Purpose: Instagram by Facebook Login: Pages, their tokens, and Instagram's calls under Facebook's base.

use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{Platform, Sim, SocialChoice};

use super::social::*;

const FACEBOOK: Platform = Platform::Facebook;

fn signed(token: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(FACEBOOK.client_secret().as_bytes()).expect("a key");
    let proof = hex::encode(mac.chain_update(token).finalize().into_bytes());
    form(&[("access_token", token), ("appsecret_proof", &proof)])
}

fn call(sim: &mut Sim, method: &str, path: &str, token: &str) -> (u16, Value) {
    let joint = if path.contains('?') { '&' } else { '?' };
    let path = format!("facebook/v23.0/{path}{joint}{}", signed(token));
    let response = answer(send(sim, method, &path, &[], b""));
    (response.status, serde_json::from_slice(&response.body).unwrap_or(Value::Null))
}

fn long(sim: &mut Sim, token: &str) -> (u16, Value) {
    let (id, secret) = (FACEBOOK.client_id(), FACEBOOK.client_secret());
    let fields = [
        ("grant_type", "fb_exchange_token"),
        ("client_id", id.as_str()),
        ("client_secret", secret.as_str()),
        ("fb_exchange_token", token),
    ];
    get(sim, &format!("facebook/v23.0/oauth/access_token?{}", form(&fields)), "")
}

/// Connects as the application would; gives the long-lived token.
fn connected(sim: &mut Sim, who: &str) -> String {
    let code = allow(sim, FACEBOOK, who);
    let (status, short) = exchange(sim, FACEBOOK, &code);
    assert_eq!((status, &short["expires_in"]), (200, &json!(3_600)), "{short}");
    let (status, body) = long(sim, text(&short, "access_token"));
    assert_eq!((status, &body["expires_in"]), (200, &json!(5_184_000)), "{body}");
    text(&body, "access_token").to_owned()
}

/// The Instagram accounts behind the Pages of whoever has this token.
fn accounts(sim: &mut Sim, token: &str) -> Vec<String> {
    let (status, body) = call(sim, "GET", "me/accounts?fields=instagram_business_account%7Bid,username%7D", token);
    assert_eq!(status, 200, "{body}");
    let pages = body["data"].as_array().expect("Pages");
    pages.iter().map(|page| text(&page["instagram_business_account"], "username").to_owned()).collect()
}

#[test]
fn a_person_has_the_accounts_of_their_pages_and_nobody_elses() {
    let mut sim = sim();
    let token = connected(&mut sim, "ada");
    assert_eq!(accounts(&mut sim, &token), ["ada"]);
    sim.set_pages("ada", &["garden", "ada"]).expect("known");
    assert_eq!(accounts(&mut sim, &token), ["garden", "ada"]);
    let own = account(&mut sim, Platform::Instagram, "garden");
    let other = account(&mut sim, Platform::Instagram, "jonas");
    let limit = |id: &str| format!("{id}/content_publishing_limit?fields=quota_usage");
    assert_eq!(call(&mut sim, "GET", &limit(&own), &token).0, 200);
    assert_eq!(call(&mut sim, "GET", &limit(&other), &token).0, 400);
    sim.change_social_account(Platform::Instagram, "garden", None, Some("PERSONAL")).expect("known");
    assert_eq!(accounts(&mut sim, &token), ["", "ada"], "a Page without a professional account");
    sim.set_pages("ada", &[] as &[&str]).expect("known");
    assert_eq!(accounts(&mut sim, &token), [] as [&str; 0]);
}

#[test]
fn pages_are_named_only_where_the_person_allowed_it() {
    let mut sim = sim();
    let all = scopes(FACEBOOK).split(',');
    for missing in ["pages_show_list", "business_management", "instagram_basic"] {
        let granted = all.clone().filter(|scope| *scope != missing).map(str::to_owned).collect();
        let choice = SocialChoice { account: "ada".to_owned(), scopes: Some(granted), deny: false };
        let target = sim.social_consent(&authorize_url(FACEBOOK), &choice).expect("allowed");
        assert!(target.ends_with("#_=_"), "{target}");
        let (_, body) = exchange(&mut sim, FACEBOOK, &part(&target, "code"));
        let named = accounts(&mut sim, text(&body, "access_token"));
        assert!(named.iter().all(String::is_empty), "{missing} {named:?}");
    }
}

#[test]
fn a_long_token_is_never_prolonged_and_ends_or_is_taken_back() {
    let mut sim = sim();
    let token = connected(&mut sim, "ada");
    advance(&mut sim, 50 * DAY_MS);
    let (status, again) = long(&mut sim, &token);
    assert_eq!((status, text(&again, "access_token"), &again["expires_in"]), (200, token.as_str(), &Value::Null));
    advance(&mut sim, 10 * DAY_MS);
    let (status, ended) = call(&mut sim, "GET", "me/accounts", &token);
    assert_eq!((status, &ended["error"]["error_subcode"]), (400, &json!(463)));
    let token = connected(&mut sim, "ada");
    let bare = get(&mut sim, "facebook/v23.0/me/accounts", &token);
    assert_eq!((bare.0, &bare.1["error"]["code"]), (400, &json!(100)), "without the proof");
    assert_eq!(call(&mut sim, "DELETE", "me/permissions", &token), (200, json!({"success": true})));
    let (status, gone) = call(&mut sim, "GET", "me/accounts", &token);
    assert_eq!((status, &gone["error"]["code"], &gone["error"]["error_subcode"]), (400, &json!(190), &json!(458)));
}
