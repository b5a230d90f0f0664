//! Purpose: the platforms over real sockets on loopback: the page, the control API, pictures that are downloaded.

use axum::{Router, http::header::CONTENT_TYPE, routing::get};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    Platform, Sim, SimOptions,
    server::{Shared, router},
};

use super::social::{JPEG, authorize_url, form, part};

/// Starts `app` on a free port; gives `http://127.0.0.1:port`.
async fn serve(listener: TcpListener, app: Router) -> String {
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}")
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a port")
}

async fn start() -> String {
    let listener = listener().await;
    let base_url = format!("http://{}", listener.local_addr().expect("bound"));
    let sim = Sim::new(SimOptions { base_url, ..SimOptions::default() });
    let state = Shared::new(sim, "http://127.0.0.1:9/interactions").expect("a client");
    serve(listener, router(state)).await
}

async fn call(at: &str, method: reqwest::Method, path: &str, body: Option<Value>) -> (u16, Value) {
    let request = reqwest::Client::new().request(method, format!("{at}{path}"));
    let request = match body {
        Some(Value::String(form)) => {
            request.header(CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded").body(form)
        }
        Some(json) => request.body(json.to_string()),
        None => request,
    };
    let response = request.send().await.expect("answered");
    (response.status().as_u16(), response.json().await.unwrap_or(Value::Null))
}

async fn post(at: &str, path: &str, body: Value) -> (u16, Value) {
    call(at, reqwest::Method::POST, path, Some(body)).await
}

async fn look(at: &str, path: &str) -> (u16, Value) {
    call(at, reqwest::Method::GET, path, None).await
}

/// A token of Instagram's, good for an hour.
async fn token(at: &str) -> String {
    let url = authorize_url(Platform::Instagram);
    let (_, agreed) = post(at, "/sim/social/consent", json!({"url": url, "account": "ada"})).await;
    let code = part(agreed["redirect"].as_str().expect("an address"), "code");
    let (id, secret) = (Platform::Instagram.client_id(), Platform::Instagram.client_secret());
    let fields = form(&[
        ("client_id", &id),
        ("client_secret", &secret),
        ("grant_type", "authorization_code"),
        ("redirect_uri", super::social::REDIRECT),
        ("code", &code),
    ]);
    let (_, body) = post(at, "/social/instagram/oauth/access_token", json!(fields)).await;
    body["access_token"].as_str().expect("a token").to_owned()
}

/// Asks until a container is no longer worked on.
async fn settled(at: &str, container: &str, token: &str) -> String {
    let path = format!("/social/instagram/v23.0/{container}?fields=status_code&access_token={token}");
    for _ in 0..200 {
        let (_, body) = look(at, &path).await;
        let status = body["status_code"].as_str().unwrap_or_default().to_owned();
        if status != "IN_PROGRESS" {
            return status;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    "IN_PROGRESS".to_owned()
}

#[tokio::test]
async fn a_picture_on_this_machine_is_downloaded_and_one_elsewhere_is_not() {
    let pictures = Router::new().route("/lamp.jpg", get(|| async { ([(CONTENT_TYPE, "image/jpeg")], JPEG) }));
    let pictures = serve(listener().await, pictures).await;
    let at = start().await;
    let (_, app) = post(&at, "/sim/social/apps", json!({"platform": "instagram", "processing_ms": 0})).await;
    assert_eq!(app["app"]["processing_ms"], 0);
    let token = token(&at).await;
    let mut statuses = Vec::new();
    for url in [format!("{pictures}/lamp.jpg"), format!("{pictures}/none.jpg"), "http://pictures.invalid/x".to_owned()]
    {
        let fields = form(&[("image_url", &url), ("caption", "A lamp"), ("access_token", &token)]);
        let (_, made) = post(&at, "/social/instagram/v23.0/me/media", json!(fields)).await;
        let id = made["id"].as_str().expect("an id").to_owned();
        let status = settled(&at, &id, &token).await;
        if status == "FINISHED" {
            let fields = form(&[("creation_id", &id), ("access_token", &token)]);
            assert_eq!(post(&at, "/social/instagram/v23.0/me/media_publish", json!(fields)).await.0, 200);
        }
        statuses.push(status);
    }
    assert_eq!(statuses, ["FINISHED", "ERROR", "ERROR"]);
    let (_, all) = look(&at, "/sim/social").await;
    let post_json = &all["posts"][0];
    assert_eq!((&post_json["text"], all["posts"].as_array().map(Vec::len)), (&json!("A lamp"), Some(1)));
    let picture = reqwest::get(format!("{at}{}", post_json["media"][0].as_str().expect("a picture"))).await;
    assert_eq!(picture.expect("answered").bytes().await.expect("bytes").as_ref(), JPEG);
}

#[tokio::test]
async fn the_control_api_changes_what_is_there() {
    let at = start().await;
    let page = reqwest::get(format!("{at}/social")).await.expect("answered");
    assert!(page.text().await.expect("a page").contains("social.js"));
    let account = json!({"platform": "tiktok", "username": "nova", "name": "Nova", "private": false});
    let (status, made) = post(&at, "/sim/social/accounts", account).await;
    assert_eq!((status, &made["account"]["private"]), (200, &json!(false)));
    let token = token(&at).await;
    let me = format!("/social/instagram/v23.0/me?fields=username&access_token={token}");
    assert_eq!(look(&at, &me).await.1["username"], "ada");
    let fault =
        json!({"method": "GET", "route": "/social/instagram/v23.0/me", "count": 1, "kind": "status", "status": 503});
    assert_eq!(post(&at, "/sim/faults", fault).await.0, 200);
    assert_eq!(look(&at, &me).await.0, 503);
    assert_eq!(post(&at, "/sim/social/revoke", json!({"platform": "instagram", "account": "ada"})).await.0, 200);
    assert_eq!(look(&at, &me).await.1["error"]["error_subcode"], 458);
    for (path, body) in [
        ("/sim/social/revoke", json!({"platform": "instagram", "account": "nobody"})),
        ("/sim/social/revoke", json!({"platform": "elsewhere", "account": "ada"})),
        ("/sim/social/metrics", json!({"platform": "x", "post": "1", "views": 5})),
        ("/sim/social/metrics", json!({"platform": "x", "post": "1", "views": -5})),
        ("/sim/social/consent", json!({"url": "nowhere"})),
        ("/sim/social/apps", json!([])),
    ] {
        let (status, body) = post(&at, path, body).await;
        assert!((400..500).contains(&status) && body["error"].is_string(), "{path} {status} {body}");
    }
    assert_eq!(call(&at, reqwest::Method::DELETE, "/sim/social/posts/1", None).await.0, 404);
}
