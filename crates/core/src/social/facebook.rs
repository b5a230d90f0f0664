//! Purpose: Facebook Login as the second way to Instagram: the consent, the tokens, and the account behind somebody's Page.
//!
//! An application has one of the two logins; which one stands in its setting. What is done with the account is Instagram's own.

use super::{App, Consent, Person, Refusal, Tokens, Told, meta, versions::GRAPH, wire};
use crate::ports::HttpRequest;
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;

/// The word in the setting.
pub const GRANT: &str = "facebook";
/// `business_management`: since version 17 `/me/accounts` names a Page of a business only with it (Graph API changelog, v17.0).
const SCOPES: &str = "instagram_basic,instagram_content_publish,instagram_manage_insights,pages_show_list,pages_read_engagement,business_management";
/// Facebook does not always say how long a long-lived token lives; it is 60 days ("Long-Lived Access Tokens").
pub const LIFE_S: i64 = 60 * 86_400;
pub const CAUTION: &str = "Instagram is connected through Facebook: only a professional account (creator or business) that is linked to a Facebook Page can be connected. Members connect again every 60 days, and are reminded from day 50.";
const NOBODY: &str = "Facebook names no Instagram account that Muster may publish with. It has to be a professional account (creator or business, in Instagram's settings), linked to a Facebook Page of yours (in the Page's settings), and you have to allow both, the Page and the account, in Facebook's window. Then use /connect in Discord again.";

pub fn is_used(app: &App) -> bool {
    app.has(GRANT)
}

pub fn authorize(app: &App, consent: &Consent<'_>) -> String {
    // Without `rerequest` Facebook never again asks for what somebody once declined ("Permissions").
    format!("{}/{GRAPH}/dialog/oauth?{}&auth_type=rerequest", app.web, meta::consent(app, consent, SCOPES))
}

pub fn exchange(app: &App, consent: &Consent<'_>, code: &str) -> HttpRequest {
    meta::exchange(&format!("{}/{GRAPH}", app.tokens), app, consent, code)
}

/// Only of a fresh token: what lives long already comes back as it is, with the same end.
pub fn extend(app: &App, tokens: &Tokens) -> HttpRequest {
    let query = wire::query(&[
        ("grant_type", "fb_exchange_token"),
        ("client_id", &app.client_id),
        ("client_secret", &app.client_secret),
        ("fb_exchange_token", &tokens.access),
    ]);
    wire::get(format!("{}/{GRAPH}/oauth/access_token?{query}", app.tokens))
}

/// Takes back everything that the person allowed the application.
pub fn revoke(app: &App, tokens: &Tokens) -> HttpRequest {
    wire::delete(meta::url(app, &tokens.access, &format!("{GRAPH}/me/permissions"), &[]))
}

pub fn identify(app: &App, access: &str) -> HttpRequest {
    let pairs = [("fields", "instagram_business_account{id,username}"), ("limit", "100")];
    wire::get(meta::url(app, access, &format!("{GRAPH}/me/accounts"), &pairs))
}

/// The account of somebody's Pages. In Facebook's window they choose which these are; of several it is the one with the lowest
/// number, in whatever order they come.
pub fn read_person(pages: &[Value]) -> Told<Person> {
    let of = |page: &Value| {
        let account = &page["instagram_business_account"];
        Some(Person { id: wire::id_at(account, "/id").ok()?, name: wire::name(&account["username"]) })
    };
    let first = pages.iter().filter_map(of).min_by_key(|person| (person.id.len(), person.id.clone()));
    first.ok_or(Refusal::Nobody(NOBODY))
}

/// Shows that whoever calls has the secret, which an application may ask for ("Securing Graph API Requests").
pub fn proof(app: &App, access: &str) -> Option<String> {
    let mac = is_used(app).then(|| Hmac::<Sha256>::new_from_slice(app.client_secret.as_bytes()))?;
    Some(hex::encode(mac.ok()?.chain_update(access).finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::{super::Kind, *};
    use crate::ports::HttpResponse;

    fn app(setting: &str) -> App {
        Kind::Instagram.app(setting, |_, default| default.to_owned()).expect("an application")
    }

    #[test]
    fn the_word_in_the_setting_chooses_the_hosts_and_the_proof() {
        let (one, other) = (app("id:secret"), app("id:secret:facebook"));
        assert_eq!([&one.web, &one.api], ["https://www.instagram.com", "https://graph.instagram.com"]);
        assert_eq!([&other.web, &other.api], ["https://www.facebook.com", "https://graph.facebook.com"]);
        assert_eq!(proof(&one, "token"), None);
        // printf token | openssl dgst -sha256 -hmac secret
        let shown = "e941110e3d2bfe82621f0e3e1434730d7305d106c5f68c87165d0b27a4611a4a";
        assert_eq!(proof(&other, "token").as_deref(), Some(shown));
    }

    #[test]
    fn of_several_accounts_it_is_the_same_in_every_order() {
        let person = |body: &str| {
            let answer = HttpResponse { status: 200, headers: Vec::new(), body: body.as_bytes().to_vec() };
            Kind::Instagram.platform().read_person(&answer)
        };
        let one = r#"{"id": "1", "instagram_business_account": {"id": "17841400000000002", "username": "lamp"}}"#;
        let other = r#"{"instagram_business_account": {"id": "17841400000000010", "username": "oak"}, "id": "2"}"#;
        let lamp = Ok(Person { id: "17841400000000002".to_owned(), name: "lamp".to_owned() });
        assert_eq!(person(&format!(r#"{{"data": [{one}, {{"id": "3"}}, {other}]}}"#)), lamp);
        assert_eq!(person(&format!(r#"{{"data": [{other}, {one}]}}"#)), lamp);
        for nobody in [r#"{"data": []}"#, r#"{"data": [{"id": "3"}, null, 5]}"#] {
            assert_eq!(person(nobody), Err(Refusal::Nobody(NOBODY)));
        }
    }

    #[test]
    fn a_token_without_an_end_is_taken_to_live_sixty_days() {
        let body = br#"{"access_token": "EAA", "token_type": "bearer"}"#.to_vec();
        let answer = HttpResponse { status: 200, headers: Vec::new(), body };
        let tokens = Kind::Instagram.platform().read_tokens(&answer, 1_000).expect("tokens");
        assert_eq!(tokens.expires_at, 1_000 + 60 * 86_400_000);
    }
}
