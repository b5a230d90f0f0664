//! Purpose: what Discord refuses in messages, embeds, components and modals, and who is really pinged.

use serde_json::{Value, json};

use crate::Sim;

use super::{channel_path, demo, reply};

const V2: u64 = 1 << 15;

fn send(sim: &mut Sim, body: Value) -> (u16, Value) {
    let path = channel_path(sim, "#general", "/messages");
    sim.rest_json("POST", &path, Some(&body))
}

fn row(count: usize) -> Value {
    let buttons: Vec<Value> =
        (0..count).map(|n| json!({"type": 2, "style": 1, "label": "x", "custom_id": format!("b{n}")})).collect();
    json!({"type": 1, "components": buttons})
}

fn options(count: usize) -> Value {
    (0..count).map(|n| json!({"label": format!("l{n}"), "value": format!("v{n}")})).collect()
}

#[test]
fn messages_at_the_limit_pass_and_above_it_fail() {
    let embed = |length: usize| json!({"description": "x".repeat(length)});
    let field = json!({"name": "n", "value": "v"});
    let text = |length: usize| json!({"type": 10, "content": "x".repeat(length)});
    let texts = |count: usize| vec![text(1); count];
    let select =
        |count: usize| json!([{"type": 1, "components": [{"type": 3, "custom_id": "s", "options": options(count)}]}]);
    let button = |key: &str, value: Value| {
        let mut button = json!({"type": 2, "style": 1, "label": "x", "custom_id": "b"});
        button[key] = value;
        json!({"components": [{"type": 1, "components": [button]}]})
    };
    let cases = [
        (json!({"content": "é".repeat(2000)}), json!({"content": "é".repeat(2001)})),
        (json!({"embeds": vec![embed(10); 10]}), json!({"embeds": vec![embed(10); 11]})),
        (json!({"embeds": [embed(4096), embed(1904)]}), json!({"embeds": [embed(4096), embed(1905)]})),
        (json!({"embeds": [{"title": "x".repeat(256)}]}), json!({"embeds": [{"title": "x".repeat(257)}]})),
        (json!({"embeds": [{"fields": vec![&field; 25]}]}), json!({"embeds": [{"fields": vec![&field; 26]}]})),
        (
            json!({"embeds": [{"url": "https://a.b", "title": "x"}]}),
            json!({"embeds": [{"url": "javascript:x", "title": "x"}]}),
        ),
        (json!({"components": [row(5)]}), json!({"components": [row(6)]})),
        (json!({"components": select(25)}), json!({"components": select(26)})),
        (button("custom_id", json!("x".repeat(100))), button("custom_id", json!("x".repeat(101)))),
        (button("label", json!("x".repeat(80))), button("label", json!("x".repeat(81)))),
        (json!({"components": [row(1)]}), json!({"components": [row(1), row(1)]})),
        (json!({"flags": V2, "components": texts(40)}), json!({"flags": V2, "components": texts(41)})),
        (json!({"flags": V2, "components": [text(4000)]}), json!({"flags": V2, "components": [text(3999), text(2)]})),
        (json!({"flags": V2, "components": [text(1)]}), json!({"flags": V2, "components": [text(1)], "content": "x"})),
        (json!({"flags": V2, "components": [{"type": 17, "components": [text(1)]}]}), json!({"components": [text(1)]})),
        (json!({"content": "x"}), json!({"content": " \n "})),
        (json!({"content": "x", "tts": false}), json!({"content": 5})),
    ];
    let mut sim = demo();
    for (good, bad) in cases {
        let (status, body) = send(&mut sim, good.clone());
        assert_eq!(status, 200, "{good}\n{body}");
        let (status, body) = send(&mut sim, bad.clone());
        assert_eq!(status, 400, "{bad}");
        assert!(body["code"] == 50035 || body["code"] == 50006, "{body}");
    }
}

#[test]
fn a_message_stays_v2_once_it_is() {
    let mut sim = demo();
    let (_, body) = send(&mut sim, json!({"flags": V2, "components": [{"type": 10, "content": "a"}]}));
    let path = channel_path(&sim, "#general", &format!("/messages/{}", body["id"].as_str().expect("id")));
    assert_eq!(sim.rest_json("PATCH", &path, Some(&json!({"content": "b"}))).1["code"], 50035);
    let edit = json!({"flags": 0, "components": [{"type": 10, "content": "b"}]});
    let (status, body) = sim.rest_json("PATCH", &path, Some(&edit));
    assert_eq!((status, &body["flags"], &body["components"][0]["content"]), (200, &json!(V2), &json!("b")));
}

#[test]
fn modals_are_checked() {
    let input = |n: usize| json!({"type": 18, "label": "L", "component": {"type": 4, "style": 1, "custom_id": format!("i{n}")}});
    let form = |title: String, count: usize| {
        let inputs: Vec<Value> = (0..count).map(input).collect();
        json!({"type": 9, "data": {"custom_id": "f", "title": title, "components": inputs}})
    };
    for (answer, good) in [
        (form("x".repeat(45), 5), true),
        (form("x".repeat(46), 1), false),
        (form("x".into(), 6), false),
        (form("x".into(), 0), false),
        (json!({"type": 9, "data": {"custom_id": "f", "title": "t", "components": [row(1)]}}), false),
    ] {
        let mut sim = demo();
        let delivery = sim.slash("emil", "#general", "/about").expect("usable");
        assert_eq!(reply(&mut sim, &delivery, answer.clone()).is_ok(), good, "{answer}");
    }
}

#[test]
fn pings_follow_allowed_mentions_and_rights() {
    let mut sim = demo();
    let emil = sim.user_id("emil").expect("known");
    let member = sim.role_id(crate::DEMO_GUILD, "Member").expect("known");
    let moderator = sim.role_id(crate::DEMO_GUILD, "Moderator").expect("known");
    let text = format!("<@{emil}> <@&{member}> <@&{moderator}> @everyone");
    let mut pinged = |body: Value| {
        let (_, sent) = send(&mut sim, body);
        let message = sim.message(sent["id"].as_str().expect("sent")).expect("kept");
        message.pinged.len()
    };
    assert_eq!(pinged(json!({"content": text, "allowed_mentions": {"parse": []}})), 0);
    assert_eq!(pinged(json!({"content": text, "allowed_mentions": {"parse": ["users"]}})), 1);
    assert_eq!(pinged(json!({"content": text, "allowed_mentions": {"users": [emil]}})), 1);
    // Moderator is not mentionable and the bot may not mention everyone: eight members are left.
    assert_eq!(pinged(json!({"content": text})), 8);
    let v2 = json!({"flags": V2, "components": [{"type": 10, "content": format!("<@{emil}>")}]});
    assert_eq!(pinged(v2), 1);
    assert_eq!(pinged(json!({"embeds": [{"description": text}]})), 0);
    assert_eq!(pinged(json!({"content": format!("`<@{emil}>`")})), 0);
}

#[test]
fn answers_ping_users_only_and_edits_ping_nobody() {
    let mut sim = demo();
    let emil = sim.user_id("emil").expect("known");
    let member = sim.role_id(crate::DEMO_GUILD, "Member").expect("known");
    let delivery = sim.slash("jonas", "#general", "/about").expect("usable");
    let answer = json!({"type": 4, "data": {"content": format!("<@{emil}> <@&{member}>")}});
    let message = reply(&mut sim, &delivery, answer).expect("taken").message().expect("message").clone();
    assert_eq!(message.pinged, [emil.as_str()]);
    let (_, sent) = send(&mut sim, json!({"content": "x"}));
    let path = channel_path(&sim, "#general", &format!("/messages/{}", sent["id"].as_str().expect("id")));
    sim.rest_json("PATCH", &path, Some(&json!({"content": format!("<@{emil}>")})));
    assert_eq!(sim.pings("emil").len(), 1);
}
