//! Purpose: short links on the dashboard and in the API.

use crate::web_api::{body, make, with_key};
use muster_tests::{Browser, Visitor, World, browser::text};
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn a_link_from_the_form_to_its_numbers() {
    let world = World::new().await;
    let browser = Browser::signed_in(&world, "mara").await;
    let base = format!("/g/{}/links", world.guild());
    assert!(text(&browser.get(&base).await).contains("There are no links yet."));
    let refused = browser.post(&base, &[("target", "http://127.0.0.1/"), ("name", "Spring")]).await;
    assert_eq!(refused.status, 422);
    let said = text(&refused);
    assert!(said.contains("number instead of a name") && refused.body.contains("value=\"Spring\""), "{said}");
    let made = browser
        .post(&base, &[("target", "https://shop.example/"), ("name", "<b>Spring</b>"), ("utm_source", "discord")])
        .await;
    assert_eq!(made.status, 303, "{}", text(&made));
    let place = made.header("location").expect("a place").split('?').next().unwrap_or_default().to_owned();
    let slug = place.rsplit('/').next().expect("a slug").to_owned();
    let page = browser.get(&place).await;
    let said = text(&page);
    assert!(said.contains("Nobody has opened this link") && said.contains("utm_source=discord"), "{said}");
    assert!(page.body.contains("<svg ") && !page.body.contains("<b>Spring"), "a QR code, and no markup of a name");
    for n in 1..=15 {
        world.open_link(&slug, &Visitor::at(&format!("203.0.113.{n}"))).await;
    }
    world.clicks_are_counted().await;
    let said = text(&browser.get(&place).await);
    assert!(said.contains("15: many from one network") && said.contains("DE"), "{said}");
    assert_eq!(browser.post(&format!("{place}/accept"), &[]).await.status, 303);
    let said = text(&browser.get(&place).await);
    assert!(said.contains("Counted 15") && !said.contains("many from one network"), "{said}");
    assert_eq!(browser.post(&format!("{place}/disable"), &[]).await.status, 303);
    assert_eq!(world.open_link(&slug, &Visitor::at("203.0.113.1")).await.status, 410);
    assert!(text(&browser.get(&format!("{base}?search=spring")).await).contains("switched off"));
    assert!(text(&browser.get(&format!("{base}?search=winter")).await).contains("No link has"));
}

#[tokio::test(start_paused = true)]
async fn programs_make_list_and_change_links() {
    let world = World::new().await;
    let browser = Browser::signed_in(&world, "mara").await;
    let key = make(&browser, &["missions:manage"]).await;
    let path = format!("/api/v1/guilds/{}/links", world.guild());
    let send = |method: &'static str, path: String, value: serde_json::Value, once: &'static str| {
        let mut request = with_key(method, &path, &key);
        request.headers.push(("content-type".to_owned(), "application/json".to_owned()));
        if !once.is_empty() {
            request.headers.push(("idempotency-key".to_owned(), once.to_owned()));
        }
        request.body = value.to_string().into_bytes();
        world.send(request)
    };
    let wish = json!({ "target": "https://shop.example/", "name": "Spring", "utm_source": "api" });
    let made = send("POST", path.clone(), wish.clone(), "one").await;
    assert_eq!(made.status, 201, "{}", made.body);
    let again = send("POST", path.clone(), wish.clone(), "one").await;
    assert_eq!(body(&made)["link"]["slug"], body(&again)["link"]["slug"], "the same request makes one");
    let slug = body(&made)["link"]["slug"].as_str().expect("a slug").to_owned();
    send("POST", path.clone(), wish, "two").await;
    let refused = send("POST", path.clone(), json!({ "target": "data:text/html,x" }), "").await;
    assert_eq!((refused.status, body(&refused)["errors"][0]["field"].clone()), (422, json!("target")));
    world.open_link(&slug, &Visitor::at("203.0.113.7")).await;
    world.clicks_are_counted().await;
    let shown = body(&world.send(with_key("GET", &format!("{path}/{slug}"), &key)).await);
    assert_eq!(shown["link"]["numbers"], json!({ "raw": 1, "machines": 0, "counted": 1, "held": 0, "refused": 0 }));
    assert_eq!(shown["countries"], json!([{ "name": "DE", "visitors": 1 }]));
    let first = body(&world.send(with_key("GET", &format!("{path}?limit=1"), &key)).await);
    let cursor = first["next_cursor"].as_str().expect("more");
    let second = body(&world.send(with_key("GET", &format!("{path}?limit=1&cursor={cursor}"), &key)).await);
    assert_ne!(first["links"][0]["slug"], second["links"][0]["slug"]);
    assert_eq!(second["next_cursor"], json!(null));
    let off = send("PATCH", format!("{path}/{slug}"), json!({ "is_disabled": true }), "").await;
    assert_eq!((off.status, body(&off)["link"]["is_disabled"].clone()), (200, json!(true)));
    assert_eq!(world.open_link(&slug, &Visitor::at("203.0.113.7")).await.status, 410);
    let viewer = make(&browser, &["missions:view"]).await;
    let mut request = with_key("POST", &path, &viewer);
    request.headers.push(("content-type".to_owned(), "application/json".to_owned()));
    request.body = b"{}".to_vec();
    assert_eq!(world.send(request).await.status, 403);
    assert_eq!(world.send(with_key("GET", &format!("{path}/AAAAAAAA"), &key)).await.status, 404);
}
