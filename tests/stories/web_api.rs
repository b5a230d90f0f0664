//! Purpose: the JSON API's keys: what they open and what they do not, limits, and requests that are sent twice.

use muster_core::web::{Request, Response};
use muster_tests::{
    Browser, World,
    browser::{request, text},
};
use serde_json::{Value, json};

pub fn with_key(method: &str, path: &str, key: &str) -> Request {
    let mut request = request(method, path);
    request.headers.push(("authorization".to_owned(), format!("Bearer {key}")));
    request
}

pub fn body(response: &Response) -> Value {
    serde_json::from_str(&response.body).expect("JSON")
}

/// The body of an answer with that status.
#[track_caller]
pub fn is(response: &Response, status: u16) -> Value {
    assert_eq!(response.status, status, "{}", response.body);
    if status >= 400 {
        assert_eq!(response.content_type, "application/problem+json");
    }
    body(response)
}

/// The one message about a field.
#[track_caller]
pub fn says(problem: &Value, field: &str, words: &str) {
    let all = problem["errors"].as_array().expect("errors");
    let found = all.iter().find(|one| one["field"] == field).unwrap_or_else(|| panic!("nothing on {field}: {problem}"));
    assert!(found["message"].as_str().is_some_and(|text| text.contains(words)), "{found}");
}

/// Makes a key by the form, as mara does.
pub async fn make(browser: &Browser<'_>, scopes: &[&str]) -> String {
    let path = format!("/g/{}/keys", browser.world.guild());
    let form = browser.get(&path).await.body;
    let (_, once) = form.split_once("name=\"once\" value=\"").expect("a form");
    let mut fields = vec![("name", "Statistics"), ("once", once.split('"').next().unwrap_or_default())];
    fields.extend(scopes.iter().map(|scope| ("scope", *scope)));
    let page = browser.post(&path, &fields).await;
    assert_eq!(page.status, 200, "{}", text(&page));
    let (_, after) = page.body.split_once("readonly value=\"").expect("the key");
    after.split('"').next().expect("its end").to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_key_is_shown_once_and_opens_what_it_was_made_for() {
    let world = World::new().await;
    let browser = Browser::signed_in(&world, "mara").await;
    let key = make(&browser, &["levels:view", "giveaways:manage"]).await;
    let guild = format!("/api/v1/guilds/{}", world.guild());
    let answer = world.send(with_key("GET", &guild, &key)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(body(&answer)["rights"], json!({ "giveaways": "manage", "levels": "view" }));
    let page = text(&browser.get(&format!("/g/{}/keys", world.guild())).await);
    assert!(page.contains("Statistics Levels: see, Giveaways: change"), "{page}");
    assert!(!page.contains(&key) && !page.contains("never"), "{page}");
    let kept = world.db.column("SELECT key_hash || name || scopes FROM api_keys").remove(0);
    assert!(!kept.contains(key.rsplit('_').next().expect("a secret")), "only its hash is kept");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_a_key_of_this_guild_opens_nothing() {
    let world = World::new().await;
    let browser = Browser::signed_in(&world, "mara").await;
    let key = make(&browser, &["levels:view"]).await;
    let guild = format!("/api/v1/guilds/{}", world.guild());
    let (head, secret) = key.rsplit_once('_').expect("a secret");
    let other = format!("{head}_{}", secret.chars().rev().collect::<String>());
    for wrong in [other.as_str(), head, "", "muster_", "x", &key[..key.len() - 1], &format!("{key}0")] {
        let answer = world.send(with_key("GET", &guild, wrong)).await;
        assert_eq!(answer.status, 401, "{wrong}");
        assert_eq!(answer.content_type, "application/problem+json");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"muster\""));
    }
    assert_eq!(world.get(&guild).await.status, 401, "nobody");
    for name in ["access_token", "api_key", "key", "authorization"] {
        let in_address = world.get(&format!("{guild}?{name}={key}")).await;
        assert_eq!(in_address.status, 401, "a key in an address would stand in logs and histories: {name}");
    }
    let there = world.sim.borrow().guild(muster_sim::OTHER_GUILD).map(|guild| guild.id.to_string()).expect("a guild");
    let foreign = world.send(with_key("GET", &format!("/api/v1/guilds/{there}"), &key)).await;
    let unknown = world.send(with_key("GET", "/api/v1/guilds/123456789012345678", &key)).await;
    assert_eq!((foreign.status, &foreign.body), (404, &unknown.body), "another guild looks like none");
    // A key that comes along with a cookie is looked at alone.
    let mut both = with_key("GET", &guild, "x");
    both.headers
        .push(("cookie".to_owned(), browser.cookies().iter().map(|(name, value)| format!("{name}={value}")).collect()));
    assert_eq!(world.send(both).await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn a_revoked_key_ends_at_once_and_so_does_what_its_maker_lost() {
    let world = World::new().await;
    let browser = Browser::signed_in(&world, "mara").await;
    let key = make(&browser, &["levels:view"]).await;
    let guild = format!("/api/v1/guilds/{}", world.guild());
    let id = key.split('_').nth(1).expect("an id");
    let page = browser.submit(&format!("/g/{}/keys/{id}/revoke", world.guild()), &[]).await;
    assert!(
        text(&page).contains("opens nothing any more") && text(&page).contains("Nothing uses the API yet"),
        "{}",
        text(&page)
    );
    assert_eq!(world.send(with_key("GET", &guild, &key)).await.status, 401);
    let lines = world.db.column("SELECT action || ' ' || source || ' ' || target FROM audit_log ORDER BY id");
    assert_eq!(lines, ["api_key_created dashboard Statistics", "api_key_revoked dashboard Statistics"]);
    assert_eq!(browser.post(&format!("/g/{}/keys/{id}/revoke", world.guild()), &[]).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_key_needs_a_name_and_a_right_and_nobody_but_admins_makes_one() {
    let world = World::new().await;
    let browser = Browser::signed_in(&world, "mara").await;
    let path = format!("/g/{}/keys", world.guild());
    browser.get(&path).await;
    let page = browser.post(&path, &[("name", " "), ("scope", "access:manage"), ("scope", "levels:own")]).await;
    assert_eq!(page.status, 422);
    assert!(
        text(&page).contains("Give the key a name") && text(&page).contains("at least one thing"),
        "{}",
        text(&page)
    );
    let ada = Browser::signed_in(&world, "ada").await;
    assert_eq!(ada.get(&path).await.status, 404);
    assert_eq!(ada.post(&path, &[("name", "Mine"), ("scope", "levels:view")]).await.status, 404);
    assert_eq!(world.db.column("SELECT COUNT(*) FROM api_keys"), ["0"]);
}

#[tokio::test(start_paused = true)]
async fn a_program_that_asks_too_often_is_told_how_long_to_wait() {
    let world = World::new().await;
    let browser = Browser::signed_in(&world, "mara").await;
    let key = make(&browser, &["levels:view"]).await;
    let path = "/api/v1/nowhere";
    let first = world.send(with_key("GET", path, &key)).await;
    assert_eq!(first.header("ratelimit-policy"), Some("\"key\";q=300;w=60"));
    assert!(first.header("ratelimit").is_some_and(|left| left.starts_with("\"key\";r=299;t=")), "{first:?}");
    for _ in 1..300 {
        assert_eq!(world.send(with_key("GET", path, &key)).await.status, 404);
    }
    let over = world.send(with_key("GET", path, &key)).await;
    assert_eq!(over.status, 429);
    let wait: i64 = over.header("retry-after").and_then(|text| text.parse().ok()).expect("seconds");
    assert!((1..=60).contains(&wait));
    assert_eq!(world.get("/api/v1/nowhere").await.status, 404, "others are not concerned");
    world.advance(wait * 1_000).await;
    assert_eq!(world.send(with_key("GET", path, &key)).await.status, 404);
}

/// Every route of the description: method, path with its parameters in braces, and whether it takes a right.
fn routes() -> Vec<(String, String, bool)> {
    let document = serde_json::to_value(muster_core::web::description::document()).expect("JSON");
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            // An empty alternative is for what a guild may show to everybody.
            let ways = operation["security"].as_array();
            let is_guarded = ways.is_some_and(|ways| ways.iter().all(|way| way != &json!({})));
            all.push((method.to_uppercase(), path.clone(), is_guarded));
        }
    }
    all
}

/// A path with `guild` and, for every other id, something that exists nowhere.
fn filled(path: &str, guild: &str) -> String {
    let fill = |part: &str| match part {
        "{guild}" => guild.to_owned(),
        part if part.starts_with('{') => "123456789012345678".to_owned(),
        part => part.to_owned(),
    };
    path.split('/').map(fill).collect::<Vec<_>>().join("/")
}

#[test]
fn the_description_that_is_served_is_the_one_of_the_types() {
    // Where the test runs, not where it was built: copies of the project may share a target folder.
    let root = std::env::var("CARGO_MANIFEST_DIR").expect("run by cargo");
    let file = std::fs::read_to_string(format!("{root}/../assets/openapi.json")).expect("the file");
    let served: Value = serde_json::from_str(&file).expect("JSON");
    let now = serde_json::to_value(muster_core::web::description::document()).expect("JSON");
    assert!(served == now, "write it anew: cargo run -p muster-core --example openapi > assets/openapi.json");
}

#[test]
fn everything_that_the_description_refers_to_is_in_it() {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|field| references(field, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let now = serde_json::to_value(muster_core::web::description::document()).expect("JSON");
    let mut found = Vec::new();
    references(&now, &mut found);
    assert!(found.len() > 100, "{found:?}");
    found.retain(|reference| now.pointer(reference.trim_start_matches('#')).is_none());
    assert!(found.is_empty(), "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn no_route_tells_anything_about_a_guild_that_is_not_the_callers() {
    let world = World::new().await;
    let there = world.sim.borrow().guild(muster_sim::OTHER_GUILD).map(|guild| guild.id.to_string()).expect("a guild");
    let (mara, ada) = (Browser::signed_in(&world, "mara").await, Browser::signed_in(&world, "ada").await);
    let all = ["overview", "giveaways", "levels", "analytics", "logs", "jobs", "settings"];
    let scopes: Vec<String> = all.iter().map(|area| format!("{area}:manage")).collect();
    let key = make(&mara, &scopes.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let here = world.guild().to_string();
    for (method, path, is_guarded) in routes() {
        let what = format!("{method} {path}");
        let nobody = world.send(request(&method, &filled(&path, &here))).await;
        assert!(!is_guarded || nobody.status == 401, "{what}: {}", nobody.status);
        let unknown = world.send(with_key(&method, &filled(&path, "123456789012345678"), &key)).await;
        assert_eq!(unknown.status, 404, "{what}: {}", unknown.body);
        for guild in [there.as_str(), "0", "%20", "00", "-1", "x'--", "99999999999999999999"] {
            let foreign = world.send(with_key(&method, &filled(&path, guild), &key)).await;
            assert_eq!((foreign.status, &foreign.body), (404, &unknown.body), "{what} of {guild}");
        }
        // Somebody who is a member and has no right sees what everybody sees.
        if is_guarded {
            let mut stranger = request(&method, &filled(&path, &here));
            stranger.headers.push(("x-form-token".to_owned(), ada.form_token.borrow().clone()));
            assert_eq!(ada.send(stranger).await.status, 404, "{what} by a member without rights");
        }
        world.advance(2_000).await;
    }
}
