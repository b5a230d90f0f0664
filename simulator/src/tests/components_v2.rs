//! Purpose: Components V2 by every way a message takes, what Discord refuses of them, and what stands in the answer.

use serde_json::{Value, json};

use crate::{DEMO_GUILD, RestRequest, Sim};

use super::{API, channel_path, demo, reply};

const V2: u64 = 1 << 15;

fn text(content: &str) -> Value {
    json!({"type": 10, "content": content})
}

fn thumbnail() -> Value {
    json!({"type": 11, "media": {"url": "https://cdn.example/a.png"}, "description": "A picture"})
}

fn section(texts: usize, accessory: Value) -> Value {
    json!({"type": 9, "components": vec![text("x"); texts], "accessory": accessory})
}

fn gallery(items: usize) -> Value {
    json!({"type": 12, "items": vec![json!({"media": {"url": "https://cdn.example/a.png"}}); items]})
}

fn container(components: Value) -> Value {
    json!({"type": 17, "accent_color": 0x5865F2, "components": components})
}

/// A card with one of everything that needs no file.
fn card() -> Value {
    json!([container(json!([
        {"type": 9, "components": [text("## Ada"), text("-# since <t:1:R>")], "accessory": thumbnail()},
        {"type": 14, "divider": false, "spacing": 2},
        text("**Level 7**"),
        gallery(2),
        {"type": 1, "components": [{"type": 2, "style": 5, "label": "All", "url": "https://a.b"}]},
    ]))])
}

fn message(components: Value) -> Value {
    json!({"flags": V2, "components": components})
}

fn send(sim: &mut Sim, body: &Value) -> (u16, Value) {
    let path = channel_path(sim, "#general", "/messages");
    sim.rest_json("POST", &path, Some(body))
}

fn ids(components: &Value) -> Vec<u64> {
    let mut found = Vec::new();
    crate::look::flatten(components, &mut found);
    found.iter().filter_map(|item| item["id"].as_u64()).collect()
}

#[test]
fn every_way_takes_them_and_answers_them_with_ids() {
    let mut sim = demo();
    let (status, sent) = send(&mut sim, &message(card()));
    assert_eq!((status, sent["flags"].as_u64()), (200, Some(V2)), "{sent}");
    assert_eq!(ids(&sent["components"]), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    let shown = &sent["components"][0];
    assert_eq!((&shown["accent_color"], &shown["spoiler"]), (&json!(0x5865F2), &json!(false)));
    assert_eq!(shown["components"][1], json!({"type": 14, "id": 6, "divider": false, "spacing": 2}));
    assert_eq!(shown["components"][0]["accessory"]["media"]["url"], "https://cdn.example/a.png");

    let delivery = sim.slash("emil", "#general", "/about").expect("usable");
    let answer = reply(&mut sim, &delivery, json!({"type": 4, "data": message(card())})).expect("taken");
    let answered = answer.message().expect("a message").clone();
    assert!(answered.text().contains("## Ada") && answered.flags & V2 != 0, "{answered:?}");
    let webhook = format!("{API}/webhooks/{}/{}", sim.application_id(), delivery.token);
    let (status, follow_up) = sim.rest_json("POST", &webhook, Some(&message(card())));
    assert_eq!((status, ids(&follow_up["components"]).len()), (200, 10), "{follow_up}");

    let deferred = sim.slash("emil", "#general", "/about").expect("usable");
    reply(&mut sim, &deferred, json!({"type": 5})).expect("taken");
    let original = format!("{API}/webhooks/{}/{}/messages/@original", sim.application_id(), deferred.token);
    let (status, edited) = sim.rest_json("PATCH", &original, Some(&message(card())));
    assert_eq!((status, edited["flags"].as_u64(), ids(&edited["components"]).len()), (200, Some(V2), 10), "{edited}");
}

#[test]
fn each_component_keeps_discords_limits() {
    let button = json!({"type": 2, "style": 1, "label": "x", "custom_id": "b"});
    let separator = |spacing: u64| json!({"type": 14, "spacing": spacing});
    let spoiler = |color: Value| json!({"type": 17, "accent_color": color, "spoiler": true, "components": [text("x")]});
    let described = |length: usize| json!({"type": 12, "items": [{"media": {"url": "https://a.b/c.png"}, "description": "x".repeat(length)}]});
    let identified = |id: i64| json!({"type": 10, "content": "x", "id": id});
    let cases = [
        (json!([section(3, thumbnail())]), json!([section(4, thumbnail())])),
        (json!([section(1, button.clone())]), json!([section(0, button.clone())])),
        (json!([section(1, button)]), json!([section(1, text("no accessory"))])),
        (json!([section(1, thumbnail())]), json!([{"type": 9, "components": [text("x")]}])),
        (json!([section(1, thumbnail())]), json!([{"type": 9, "components": [gallery(1)], "accessory": thumbnail()}])),
        (json!([gallery(10)]), json!([gallery(11)])),
        (json!([described(1024)]), json!([described(1025)])),
        (json!([gallery(1)]), json!([gallery(0)])),
        (json!([gallery(1)]), json!([thumbnail()])),
        (json!([separator(2)]), json!([separator(3)])),
        (json!([spoiler(json!(0xFF_FFFF))]), json!([spoiler(json!(0x100_0000))])),
        (json!([spoiler(Value::Null)]), json!([container(json!([spoiler(Value::Null)]))])),
        (json!([container(json!([text("x")]))]), json!([container(json!([]))])),
        (json!([container(json!(vec![text("x"); 39]))]), json!([container(json!(vec![text("x"); 40]))])),
        (json!([text("x")]), json!([text("")])),
        (json!([identified(7), identified(8)]), json!([identified(7), identified(7)])),
        (json!([identified(0), identified(0)]), json!([identified(-1)])),
        (json!([text("x")]), json!([{"type": 13, "file": {"url": "https://a.b/c.txt"}}])),
        (json!([text("x")]), json!([{"type": 13, "file": {"url": "attachment://missing.txt"}}])),
    ];
    let mut sim = demo();
    for (good, bad) in cases {
        let (status, body) = send(&mut sim, &message(good.clone()));
        assert_eq!(status, 200, "{good}\n{body}");
        let (status, body) = send(&mut sim, &message(bad.clone()));
        assert_eq!((status, &body["code"]), (400, &json!(50035)), "{bad}");
        let (status, _) = send(&mut sim, &json!({"components": good}));
        assert_eq!(status, 400, "without the flag: {good}");
    }
}

#[test]
fn ids_that_discord_makes_keep_clear_of_the_senders() {
    let mut sim = demo();
    let (status, sent) = send(&mut sim, &message(json!([text("a"), {"type": 10, "content": "b", "id": 1}, text("c")])));
    assert_eq!((status, ids(&sent["components"])), (200, vec![2, 1, 3]), "{sent}");
}

#[test]
fn text_of_all_components_counts_together() {
    let mut sim = demo();
    let half = text(&"é".repeat(2_000));
    let full = json!([container(json!([half])), half]);
    assert_eq!(send(&mut sim, &message(full)).0, 200);
    let more =
        json!([container(json!([half])), {"type": 9, "components": [text("x")], "accessory": thumbnail()}, half]);
    assert_eq!(send(&mut sim, &message(more)).0, 400);
}

#[test]
fn an_ordinary_message_turns_v2_only_when_its_content_goes() {
    let mut sim = demo();
    let (_, sent) = send(&mut sim, &json!({"content": "plain", "embeds": [{"title": "t"}]}));
    let path = channel_path(&sim, "#general", &format!("/messages/{}", sent["id"].as_str().expect("id")));
    let mut edit = message(card());
    assert_eq!(sim.rest_json("PATCH", &path, Some(&edit)).0, 400);
    edit["content"] = Value::Null;
    edit["embeds"] = json!([]);
    let (status, body) = sim.rest_json("PATCH", &path, Some(&edit));
    assert_eq!((status, &body["content"], body["flags"].as_u64()), (200, &json!(""), Some(V2)), "{body}");
    let question = json!({"question": {"text": "Tea?"}, "answers": [{"poll_media": {"text": "Yes"}}]});
    let (_, sent) = send(&mut sim, &json!({"poll": question}));
    let path = channel_path(&sim, "#general", &format!("/messages/{}", sent["id"].as_str().expect("id")));
    assert_eq!(sim.rest_json("PATCH", &path, Some(&message(card()))).0, 400);
}

#[test]
fn files_and_buttons_inside_a_container_work() {
    let mut sim = demo();
    let payload = message(json!([container(json!([
        {"type": 13, "file": {"url": "attachment://a.txt"}},
        {"type": 9, "components": [text("Join us")], "accessory": {"type": 2, "style": 3, "label": "Join", "custom_id": "join"}},
    ]))]));
    let body = format!(
        "--B\r\nContent-Disposition: form-data; name=\"payload_json\"\r\nContent-Type: application/json\r\n\r\n{payload}\r\n\
        --B\r\nContent-Disposition: form-data; name=\"files[0]\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--B--\r\n"
    );
    let mut request = RestRequest::by_bot(&sim, "POST", &channel_path(&sim, "#general", "/messages"), None);
    request.headers.push(("content-type".into(), "multipart/form-data; boundary=B".into()));
    request.body = body.into();
    let (status, sent) = sim.rest(request).json().expect("answered");
    let file = &sent["components"][0]["components"][0];
    assert_eq!((status, &file["name"], &file["size"]), (200, &json!("a.txt"), &json!(5)), "{sent}");
    let url = file["file"]["url"].as_str().and_then(|url| url.split_once("/cdn")).expect("served by us").1.to_owned();
    assert_eq!(sim.file(&url), Some(("text/plain".into(), b"hello".to_vec())));

    // An edit that leaves the components alone keeps them, file included.
    let id = sent["id"].as_str().expect("id").to_owned();
    let path = channel_path(&sim, "#general", &format!("/messages/{id}"));
    let (status, kept) = sim.rest_json("PATCH", &path, Some(&json!({"allowed_mentions": {"parse": []}})));
    assert_eq!((status, &kept["components"]), (200, &sent["components"]), "{kept}");

    let button = sim.message(&id).and_then(|message| message.button("Join")).expect("enabled");
    let press = sim.press("emil", &id, &button).expect("there");
    let interaction: Value = serde_json::from_slice(&press.body).expect("json");
    assert_eq!(interaction["message"]["components"], sent["components"]);
    assert_eq!(interaction["guild_id"].as_str(), sim.guild_id(DEMO_GUILD).as_deref());
    let update = json!({"type": 7, "data": {"components": [text("Joined")]}});
    let answer = reply(&mut sim, &press, update).expect("taken");
    assert_eq!(answer.message().map(|message| message.text()).as_deref(), Some("Joined"));
}
