//! Purpose: what leaves for the platforms, and what their answers mean; the stand-in plays the rest in the stories.

use super::*;

fn app() -> App {
    App {
        client_id: "id".to_owned(),
        client_secret: "secret".to_owned(),
        grants: Vec::new(),
        web: "https://web.example".to_owned(),
        tokens: "https://tokens.example".to_owned(),
        api: "https://api.example".to_owned(),
    }
}

fn answer(status: u16, body: &str) -> HttpResponse {
    HttpResponse { status, headers: Vec::new(), body: body.as_bytes().to_vec() }
}

/// RFC 7636, appendix B: its verifier, whose challenge TikTok wants in hexadecimal and X in base64url.
#[test]
fn challenges_are_written_as_each_platform_reads_them() {
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let consent = Consent { redirect_uri: "https://here.example/cb", state: "s", verifier };
    let hex = "code_challenge=13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3";
    assert!(Kind::TikTok.platform().authorize(&app(), &consent).contains(hex));
    let base64 = "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    assert!(Kind::X.platform().authorize(&app(), &consent).contains(base64));
}

#[test]
fn what_linkedin_would_cut_off_is_escaped() {
    let draft = Draft { text: "Half (price) #news @ 5*".to_owned(), image: None, privacy: None };
    let acting = Acting { app: &app(), account: "p1", access: "t" };
    let request = Kind::LinkedIn.platform().publish(&acting, &draft, "");
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["commentary"], r"Half \(price\) #news \@ 5\*");
    assert!(request.headers.iter().any(|(name, value)| name == "linkedin-version" && value.len() == 6));
}

#[test]
fn refusals_are_told_apart() {
    let person = |kind: Kind, status, body| kind.platform().read_person(&answer(status, body)).map(|_| ());
    assert_eq!(person(Kind::LinkedIn, 401, "{}"), Err(Refusal::Token));
    assert_eq!(person(Kind::Threads, 400, r#"{"error":{"code":190,"message":"expired"}}"#), Err(Refusal::Token));
    assert_eq!(
        person(Kind::X, 403, r#"{"detail":"Duplicate <b>content</b>"}"#),
        Err(Refusal::Rejected("Duplicate <b>content</b>".to_owned()))
    );
    assert!(matches!(person(Kind::X, 429, "{}"), Err(Refusal::Later(_))));
    assert!(matches!(person(Kind::Instagram, 502, "<html>"), Err(Refusal::Unknown(_))));
    let tiktok = r#"{"data":{},"error":{"code":"access_token_invalid","message":"no"}}"#;
    assert_eq!(person(Kind::TikTok, 200, tiktok), Err(Refusal::Token));
    assert!(matches!(person(Kind::LinkedIn, 200, r#"{"sub":"a/../b"}"#), Err(Refusal::Unknown(_))));
}

proptest::proptest! {
    #[test]
    fn no_answer_makes_a_platform_panic(status in 100_u16..600, body in "\\PC{0,200}") {
        let answer = answer(status, &body);
        let draft = Draft { text: "x".to_owned(), image: None, privacy: None };
        for kind in Kind::ALL {
            let platform = kind.platform();
            let _ = platform.read_tokens(&answer, 0);
            let _ = platform.read_person(&answer);
            let _ = platform.read_prepared(&answer);
            let _ = platform.read_progress(&answer);
            let _ = platform.read_published(&answer);
            let _ = platform.read_back(&answer, &draft);
            let _ = platform.read_metrics(&answer, &["1"]);
            let _ = platform.count(&body);
        }
    }
}
