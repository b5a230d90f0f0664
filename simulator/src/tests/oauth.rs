//! Purpose: OAuth2: codes, PKCE, refresh, revocation, scopes.

use serde_json::{Value, json};

use crate::{DEMO_GUILD, RestRequest, Sim};

use super::{API, demo};

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const REDIRECT: &str = "http://127.0.0.1:8787/auth/discord/callback";

fn query(sim: &Sim, scope: &str) -> String {
    format!(
        "client_id={}&response_type=code&scope={scope}&state=s%20t&redirect_uri={REDIRECT}\
         &code_challenge={CHALLENGE}&code_challenge_method=S256",
        sim.application_id()
    )
}

fn token(sim: &mut Sim, path: &str, form: &str) -> (u16, Value) {
    let form = format!("client_id={}&client_secret=the-simulators-client-secret&{form}", sim.application_id());
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("user-agent", "test")];
    let request = RestRequest {
        method: "POST".into(),
        path_and_query: format!("/api/oauth2/{path}"),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        body: form.into_bytes(),
    };
    sim.rest(request).json().expect("answered")
}

fn code(sim: &mut Sim, scope: &str) -> String {
    let query = query(sim, scope);
    let target = sim.authorize("ada", &query, None).expect("allowed");
    let (_, rest) = target.split_once("code=").expect("a code");
    assert!(target.ends_with("&state=s%20t"), "{target}");
    rest.split('&').next().unwrap_or_default().to_owned()
}

fn as_person(sim: &mut Sim, token: &str, path: &str) -> (u16, Value) {
    let mut request = RestRequest::by_bot(sim, "GET", &format!("{API}{path}"), None);
    request.headers[0].1 = format!("Bearer {token}");
    sim.rest(request).json().expect("answered")
}

#[test]
fn a_code_becomes_tokens_once_and_only_with_the_verifier() {
    let mut sim = demo();
    let code = code(&mut sim, "identify%20guilds");
    let form = format!("grant_type=authorization_code&code={code}&redirect_uri={REDIRECT}&code_verifier={VERIFIER}");
    let (status, tokens) = token(&mut sim, "token", &form);
    assert_eq!((status, &tokens["expires_in"], &tokens["scope"]), (200, &json!(604_800), &json!("identify guilds")));
    assert_eq!(token(&mut sim, "token", &form).1["error"], "invalid_grant");
    let access = tokens["access_token"].as_str().expect("token");
    assert_eq!(as_person(&mut sim, access, "/users/@me").1["username"], "ada");
    let (_, guilds) = as_person(&mut sim, access, "/users/@me/guilds");
    assert_eq!(guilds.as_array().map(Vec::len), Some(2));
    assert_eq!(guilds[0]["owner"], false);
    assert_eq!(as_person(&mut sim, access, "/channels/1").0, 401);
    let refresh =
        format!("grant_type=refresh_token&refresh_token={}", tokens["refresh_token"].as_str().expect("token"));
    let (_, fresh) = token(&mut sim, "token", &refresh);
    assert_eq!(as_person(&mut sim, access, "/users/@me").0, 401);
    assert_eq!(token(&mut sim, "token", &refresh).1["error"], "invalid_grant");
    let access = fresh["access_token"].as_str().expect("token");
    assert_eq!(token(&mut sim, "token/revoke", &format!("token={access}")).0, 200);
    assert_eq!(as_person(&mut sim, access, "/users/@me").0, 401);
}

#[test]
fn wrong_exchanges_are_refused() {
    let mut sim = demo();
    for (form, error) in [
        (format!("redirect_uri={REDIRECT}&code_verifier=wrong"), "invalid_grant"),
        (format!("redirect_uri=http://127.0.0.1/other&code_verifier={VERIFIER}"), "invalid_grant"),
    ] {
        let code = code(&mut sim, "identify");
        let form = format!("grant_type=authorization_code&code={code}&{form}");
        assert_eq!(token(&mut sim, "token", &form).1["error"], error);
    }
    assert_eq!(token(&mut sim, "token", "grant_type=password").1["error"], "unsupported_grant_type");
    let late = code(&mut sim, "identify");
    sim.set_now(sim.now() + 10 * 60 * 1_000);
    let form = format!("grant_type=authorization_code&code={late}&redirect_uri={REDIRECT}&code_verifier={VERIFIER}");
    assert_eq!(token(&mut sim, "token", &form).1["error"], "invalid_grant");
    let json = RestRequest::by_bot(&sim, "POST", "/api/oauth2/token", Some(&json!({})));
    assert_eq!(sim.rest(json).json().map(|(status, _)| status), Some(400));
}

#[test]
fn the_consent_page_checks_its_query() {
    let mut sim = demo();
    let good = query(&sim, "identify");
    let refused = |sim: &Sim, query: &str| sim.consent(query).err().map(|refusal| refusal.code);
    assert_eq!(refused(&sim, &good), None);
    assert_eq!(refused(&sim, &good.replace("scope=identify", "scope=everything")), Some("invalid_scope"));
    assert_eq!(refused(&sim, &good.replace("127.0.0.1", "127.0.0.1.evil.example")), Some("invalid_redirect"));
    assert_eq!(refused(&sim, &good.replace("S256", "plain")), Some("invalid_request"));
    assert_eq!(refused(&sim, "client_id=1"), Some("unknown_application"));
    let declined = sim.decline(&good).expect("checked");
    assert!(declined.contains("error=access%5Fdenied") && declined.ends_with("state=s%20t"), "{declined}");
    let install = format!("client_id={}&scope=bot&permissions=2048", sim.application_id());
    assert_eq!(sim.authorize("emil", &install, Some(DEMO_GUILD)).map_err(|r| r.code), Err("no_permission"));
    assert_eq!(sim.authorize("mara", &install, Some(DEMO_GUILD)), Ok(String::new()));
    assert_eq!(sim.role(DEMO_GUILD, "Muster").map(|role| role.permissions), Some(2048));
}
