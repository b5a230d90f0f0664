//! Purpose: the platforms of a story answer through the same port as Discord, with the story's clock.

use muster_core::ports::HttpRequest;
use muster_sim::Platform;
use muster_tests::World;
use serde_json::{Value, json};

fn escaped(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn call(world: &World, method: &'static str, url: String, token: &str, body: String) -> (u16, Value) {
    let kind = if body.starts_with('{') { "application/json" } else { "application/x-www-form-urlencoded" };
    let headers = [("content-type", kind), ("authorization", &format!("Bearer {token}"))];
    let request = HttpRequest {
        method,
        url,
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        body: body.into_bytes(),
        timeout_ms: 5_000,
    };
    let response = world.ctx().http.send(request).await.expect("answered");
    (response.status, serde_json::from_slice(&response.body).unwrap_or(Value::Null))
}

#[tokio::test(start_paused = true)]
async fn a_person_connects_and_a_picture_is_published() {
    let world = World::new().await;
    let env = World::social_env();
    let (id, secret) = env["SOCIAL_INSTAGRAM"].split_once(':').expect("a pair");
    let (web, api) = (&env["INSTAGRAM_WEB"], &env["INSTAGRAM_API"]);
    let redirect = "https://muster.test/connect/instagram/callback";
    let url = format!(
        "{web}/oauth/authorize?client_id={id}&redirect_uri={}&response_type=code&state=s\
         &scope=instagram_business_basic,instagram_business_content_publish",
        escaped(redirect)
    );
    let target = world.consent(&url, "ada");
    let code = target.rsplit_once("code=").expect("a code").1.trim_end_matches("#_");
    let form = format!(
        "client_id={id}&client_secret={secret}&grant_type=authorization_code&code={code}&redirect_uri={}",
        escaped(redirect)
    );
    let (_, short) = call(&world, "POST", format!("{api}/oauth/access_token"), "", form).await;
    let token = short["access_token"].as_str().expect("a token").to_owned();
    world.host_picture("https://pictures.test/lamp.jpg", "image/jpeg", &[0xFF, 0xD8, 0xFF, 0xE0]);
    let form = format!("image_url={}&caption=A+lamp", escaped("https://pictures.test/lamp.jpg"));
    let (_, container) = call(&world, "POST", format!("{api}/v23.0/me/media"), &token, form).await;
    let container = container["id"].as_str().expect("an id").to_owned();
    let status = format!("{api}/v23.0/{container}?fields=status_code");
    let (_, before) = call(&world, "GET", status.clone(), &token, String::new()).await;
    world.advance_minutes(1).await;
    let (_, after) = call(&world, "GET", status, &token, String::new()).await;
    assert_eq!((&before["status_code"], &after["status_code"]), (&json!("IN_PROGRESS"), &json!("FINISHED")));
    let form = format!("creation_id={container}");
    let (status, _) = call(&world, "POST", format!("{api}/v23.0/me/media_publish"), &token, form).await;
    assert_eq!((status, world.posted(Platform::Instagram).len()), (200, 1));
    assert!(world.decline(&url).contains("error=access"));
}
