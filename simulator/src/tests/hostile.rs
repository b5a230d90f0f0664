//! Purpose: whatever comes in, the stand-in answers an error and stays alive.

use serde_json::{Value, json};

use crate::{DEMO_GUILD, RestOutcome, RestRequest, Sim, rest::all_routes};

use super::{API, board, demo, reply};

fn bodies() -> Vec<Vec<u8>> {
    let keys = [
        "content",
        "embeds",
        "components",
        "attachments",
        "allowed_mentions",
        "flags",
        "poll",
        "nonce",
        "message_reference",
        "type",
        "data",
        "name",
        "options",
        "description",
        "roles",
        "permissions",
        "messages",
        "recipient_id",
        "nick",
        "communication_disabled_until",
        "permission_overwrites",
        "parent_id",
        "topic",
        "auto_archive_duration",
        "color",
        "default_member_permissions",
        "contexts",
        "delete_message_seconds",
        "position",
        "message",
    ];
    let mut bodies: Vec<Vec<u8>> = Vec::new();
    let odd = [
        json!(null),
        json!(-1),
        json!(1e300),
        json!("\u{0}\u{202e}x"),
        json!([]),
        json!([[], {}, 5]),
        json!({"a": {}}),
    ];
    for value in &odd {
        bodies.push(value.to_string().into_bytes());
        let all: serde_json::Map<String, Value> = keys.iter().map(|key| ((*key).to_owned(), value.clone())).collect();
        bodies.push(Value::Object(all).to_string().into_bytes());
    }
    for kind in 0..25 {
        let one = json!({"type": kind, "components": [{"type": kind}], "options": [{"type": kind, "options": 5}], "data": {}});
        bodies.push(
            json!({"flags": 32768, "components": [one], "type": kind, "data": one, "options": [one]})
                .to_string()
                .into_bytes(),
        );
    }
    bodies.push([b"[".repeat(10_000), b"]".repeat(10_000)].concat());
    bodies.push(b"{\"content\":\"\xff\xfe\"}".to_vec());
    bodies.push(b"{\"content\":\"\\ud800\",\"content\":\"x\"}".to_vec());
    bodies
}

fn filled(sim: &Sim, template: &str, odd: bool) -> String {
    let message = sim.last_message("#general", None).map(|message| message.id).unwrap_or_default();
    let values = [
        ("{guild_id}", sim.guild_id(DEMO_GUILD)),
        ("{channel_id}", sim.channel_id("#general")),
        ("{message_id}", Some(message)),
        ("{user_id}", sim.user_id("emil")),
        ("{role_id}", sim.role_id(DEMO_GUILD, "Newcomer")),
        ("{overwrite_id}", sim.role_id(DEMO_GUILD, "Newcomer")),
        ("{application_id}", Some(sim.application_id())),
        ("{webhook_id}", Some(sim.application_id())),
        ("{emoji_name}", Some("%F0%9F%8E%89".to_owned())),
    ];
    let mut path = template.to_owned();
    for (name, value) in values {
        let value = if odd { "%00..%2f%ff" } else { value.as_deref().unwrap_or("1") };
        path = path.replace(name, value);
    }
    path
}

#[test]
fn odd_bodies_and_paths_never_break_it() {
    let mut sim = demo();
    board(&mut sim);
    for (method, template) in all_routes() {
        for (index, body) in bodies().into_iter().enumerate() {
            let path = filled(&sim, template, index % 10 == 9);
            let mut request = RestRequest::by_bot(&sim, method, &format!("{API}{path}?limit=x&after=&=&&a"), None);
            let kind = if index % 7 == 6 { "multipart/form-data; boundary=x" } else { "application/json" };
            request.headers.push(("content-type".into(), kind.into()));
            request.headers.push(("x-audit-log-reason".into(), "%ff%00".into()));
            request.body = body;
            let RestOutcome::Answer(response) = sim.rest(request) else { panic!("no answer") };
            assert!(response.status < 500, "{method} {path}");
        }
        if sim.channel("#general").is_none() || sim.member(DEMO_GUILD, "emil").is_none() {
            sim = demo();
        }
    }
}

#[test]
fn odd_answers_never_break_it() {
    let mut sim = demo();
    let message = board(&mut sim);
    for body in bodies() {
        let command = sim.slash("emil", "#general", "/about").expect("usable");
        let _ = sim.answer(&command.interaction_id, 200, &body);
        let forged = sim.forge_component("emil", "#general", &message, "x", &[]).expect("sent");
        let _ = sim.answer(&forged.interaction_id, 200, &body);
        let _ = sim.command("emil", "#general", serde_json::from_slice(&body).unwrap_or(Value::Null));
        let _ = sim.load(serde_json::from_slice(&body).unwrap_or(Value::Null));
    }
    let command = sim.slash("emil", "#general", "/about").expect("usable");
    assert!(reply(&mut sim, &command, json!({"type": 4, "data": {"content": "alive"}})).is_ok());
}

#[test]
fn the_clock_may_go_anywhere() {
    let mut sim = demo();
    for now in [0, u64::MAX, 253_402_300_799_000, 1, 1_740_830_400_000] {
        sim.set_now(now);
        let said = sim.say("emil", "#general", "when?");
        assert!(said.is_ok(), "{now}");
        let delivery = sim.slash("emil", "#general", "/about").expect("usable");
        let _ = reply(&mut sim, &delivery, json!({"type": 4, "data": {"content": "now"}}));
    }
}
