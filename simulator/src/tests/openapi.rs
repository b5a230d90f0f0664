//! Purpose: what the stand-in answers is what Discord's OpenAPI description says. Skipped where the description is absent.

use serde_json::{Value, json};

use crate::{DEMO_GUILD, Sim, openapi::OpenApi};

use super::{API, board, channel_path, demo, guild_path};

/// The demo world, checked; nothing where there is no description.
fn checked() -> Option<Sim> {
    match OpenApi::find() {
        Ok(document) => {
            let mut sim = demo();
            sim.check_openapi(document);
            Some(sim)
        }
        Err(why) => {
            eprintln!("not checked: {why}");
            None
        }
    }
}

fn rich_message() -> Value {
    json!({
        "content": "hello <@1>", "tts": false, "nonce": "n", "enforce_nonce": true, "allowed_mentions": {"parse": []},
        "embeds": [{
            "title": "t", "description": "d", "url": "https://example.org", "color": 1, "timestamp": "2025-01-01T00:00:00Z",
            "author": {"name": "a", "icon_url": "https://example.org/i.png"}, "footer": {"text": "f"},
            "image": {"url": "https://example.org/i.png"}, "thumbnail": {"url": "https://example.org/i.png"},
            "fields": [{"name": "n", "value": "v", "inline": true}, {"name": "n", "value": "v"}],
        }],
        "components": [
            {"type": 1, "components": [
                {"type": 2, "style": 1, "label": "Enter", "custom_id": "e", "emoji": {"name": "🎉"}},
                {"type": 2, "style": 5, "label": "Link", "url": "https://example.org"},
            ]},
            {"type": 1, "components": [{"type": 3, "custom_id": "s", "placeholder": "p",
                "options": [{"label": "l", "value": "v", "description": "d", "default": true}]}]},
            {"type": 1, "components": [{"type": 8, "custom_id": "c", "channel_types": [0]}]},
        ],
    })
}

fn v2_message() -> Value {
    json!({"flags": 1 << 15, "components": [
        {"type": 17, "accent_color": 255, "components": [
            {"type": 10, "content": "text"},
            {"type": 9, "components": [{"type": 10, "content": "t"}],
                "accessory": {"type": 2, "style": 2, "label": "b", "custom_id": "b"}},
            {"type": 9, "components": [{"type": 10, "content": "t"}],
                "accessory": {"type": 11, "media": {"url": "https://example.org/i.png"}}},
            {"type": 14, "divider": true, "spacing": 2},
            {"type": 12, "items": [{"media": {"url": "https://example.org/i.png"}, "description": "d"}]},
            {"type": 1, "components": [{"type": 2, "style": 3, "label": "x", "custom_id": "x"}]},
        ]},
    ]})
}

#[test]
fn messages_and_their_surroundings_are_as_described() {
    let Some(mut sim) = checked() else { return };
    let messages = channel_path(&sim, "#general", "/messages");
    let mut ids = Vec::new();
    for body in [
        rich_message(),
        v2_message(),
        json!({"content": "x", "poll": {"question": {"text": "q"},
        "answers": [{"poll_media": {"text": "a"}}], "duration": 1, "allow_multiselect": false}}),
    ] {
        let (status, answer) = sim.rest_json("POST", &messages, Some(&body));
        assert_eq!(status, 200, "{answer}");
        ids.push(answer["id"].as_str().expect("id").to_owned());
    }
    let reply = json!({"content": "re", "message_reference": {"message_id": ids[0]}});
    sim.rest_json("POST", &messages, Some(&reply));
    let one = format!("{messages}/{}", ids[0]);
    sim.rest_json("PATCH", &one, Some(&json!({"content": "edited", "embeds": [], "components": []})));
    sim.rest_json("PUT", &format!("{one}/reactions/%F0%9F%8E%89/@me"), None);
    sim.rest_json("GET", &format!("{one}/reactions/%F0%9F%8E%89"), None);
    sim.rest_json("POST", &format!("{one}/threads"), Some(&json!({"name": "t"})));
    sim.rest_json("GET", &one, None);
    sim.rest_json("PUT", &format!("{messages}/pins/{}", ids[0]), None);
    sim.rest_json("GET", &format!("{messages}/pins"), None);
    sim.rest_json("GET", &channel_path(&sim, "#general", "/pins"), None);
    sim.rest_json("GET", &messages, None);
    sim.rest_json("POST", &channel_path(&sim, "#general", "/typing"), None);
    sim.rest_json("POST", &channel_path(&sim, "#general", "/threads"), Some(&json!({"name": "p", "type": 12})));
    sim.rest_json("GET", &format!("{API}/channels/{}", ids[0]), None);
    sim.rest_json("GET", &format!("{API}/channels/{}/thread-members", ids[0]), None);
    sim.rest_json("POST", &format!("{messages}/bulk-delete"), Some(&json!({"messages": [ids[1], ids[2]]})));
    assert_well(&sim, 19);
}

#[test]
fn guilds_members_roles_and_users_are_as_described() {
    let Some(mut sim) = checked() else { return };
    let emil = sim.user_id("emil").expect("known");
    let member = sim.role_id(DEMO_GUILD, "Newcomer").expect("known");
    for path in ["", "?with_counts=true", "/channels", "/roles", "/threads/active", "/bans"] {
        let path = guild_path(&sim, path);
        sim.rest_json("GET", &path, None);
    }
    let path = |rest: String| guild_path(&sim, &rest);
    let calls = [
        ("GET", path("/members?limit=1000".into()), None),
        ("GET", path("/members/search?query=e".into()), None),
        ("GET", path(format!("/members/{emil}")), None),
        ("PATCH", path(format!("/members/{emil}")), Some(json!({"nick": "E", "communication_disabled_until": null}))),
        ("PUT", path(format!("/members/{emil}/roles/{member}")), None),
        ("DELETE", path(format!("/members/{emil}/roles/{member}")), None),
        ("GET", path(format!("/roles/{member}")), None),
        ("POST", path("/roles".into()), Some(json!({"name": "new", "color": 5, "mentionable": true}))),
        ("PATCH", path(format!("/roles/{member}")), Some(json!({"name": "newer"}))),
        ("POST", path("/channels".into()), Some(json!({"name": "new", "type": 0, "topic": "t"}))),
        ("PUT", path(format!("/bans/{emil}")), Some(json!({"delete_message_seconds": 0}))),
        ("GET", path(format!("/bans/{emil}")), None),
        ("GET", path("/bans".into()), None),
        ("DELETE", path(format!("/bans/{emil}")), None),
        ("GET", format!("{API}/users/@me"), None),
        ("GET", format!("{API}/users/{emil}"), None),
        ("GET", format!("{API}/users/@me/guilds?with_counts=true"), None),
        ("POST", format!("{API}/users/@me/channels"), Some(json!({"recipient_id": emil}))),
        ("GET", format!("{API}/applications/@me"), None),
        ("GET", format!("{API}/gateway"), None),
        ("GET", format!("{API}/gateway/bot"), None),
        ("GET", channel_path(&sim, "#general", ""), None),
        ("PATCH", channel_path(&sim, "#general", ""), Some(json!({"topic": "new", "rate_limit_per_user": 5}))),
    ];
    for (method, path, body) in &calls {
        let (status, answer) = sim.rest_json(method, path, body.as_ref());
        assert!(status < 400, "{method} {path}: {answer}");
    }
    assert_well(&sim, 29);
}

#[test]
fn commands_and_follow_ups_are_as_described() {
    let Some(mut sim) = checked() else { return };
    let commands = format!("{API}/applications/{}/commands", sim.application_id());
    let (_, list) = sim.rest_json("GET", &commands, None);
    let command = list[0]["id"].as_str().expect("id").to_owned();
    sim.rest_json("PUT", &commands, Some(&super::commands()));
    sim.rest_json(
        "POST",
        &commands,
        Some(&json!({"name": "extra", "description": "d", "contexts": [0], "nsfw": false})),
    );
    sim.rest_json("GET", &format!("{commands}/{command}"), None);
    sim.rest_json("PATCH", &format!("{commands}/{command}"), Some(&json!({"description": "e"})));
    let guild = sim.guild_id(DEMO_GUILD).expect("known");
    let of_guild = format!("{API}/applications/{}/guilds/{guild}/commands", sim.application_id());
    sim.rest_json("POST", &of_guild, Some(&json!({"name": "here", "description": "d"})));
    sim.rest_json("GET", &of_guild, None);
    sim.rest_json("GET", &format!("{of_guild}/permissions"), None);
    sim.rest_json("DELETE", &format!("{commands}/{command}"), None);
    let message = board(&mut sim);
    let press = sim.press("emil", &message, "enter").expect("there");
    let callback = format!("{API}/interactions/{}/{}/callback?with_response=true", press.interaction_id, press.token);
    let answer = json!({"type": 4, "data": {"content": "x", "flags": 64}});
    assert_eq!(sim.rest_json("POST", &callback, Some(&answer)).0, 200);
    let webhook = format!("{API}/webhooks/{}/{}", sim.application_id(), press.token);
    sim.rest_json("POST", &webhook, Some(&rich_message()));
    sim.rest_json("PATCH", &format!("{webhook}/messages/@original"), Some(&json!({"content": "y"})));
    sim.rest_json("GET", &format!("{webhook}/messages/@original"), None);
    sim.rest_json("DELETE", &format!("{webhook}/messages/@original"), None);
    assert_well(&sim, 14);
}

#[test]
fn a_wrong_body_is_noticed() {
    let Some(mut sim) = checked() else { return };
    let messages = channel_path(&sim, "#general", "/messages");
    sim.rest_json("POST", &messages, Some(&json!({"content": "x", "message_reference": null, "flags": "0"})));
    sim.rest_json("POST", &messages, Some(&json!({"content": "x", "embeds": [{"title": "t", "color": 1.5}]})));
    sim.rest_json("POST", &messages, Some(&json!({"content": "x", "sticker_ids": ["a"]})));
    assert_eq!(sim.calls().last().map(|call| call.violations.len()), Some(1), "{:?}", sim.openapi_violations());
}

fn assert_well(sim: &Sim, at_least: usize) {
    let answered = sim.calls().iter().filter(|call| call.status > 0 && call.status < 400).count();
    let failed: Vec<_> = sim.calls().iter().filter(|call| call.status >= 400).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(answered >= at_least, "only {answered} calls");
    assert_eq!(sim.openapi_violations(), Vec::<String>::new());
}
