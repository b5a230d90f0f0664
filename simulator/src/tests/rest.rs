//! Purpose: REST: authorisation, messages, members, roles, threads, permissions and hierarchy.

use serde_json::{Value, json};

use crate::{DEMO_GUILD, RestRequest, Sim, permissions as p};

use super::{API, channel_path, demo, guild_path};

fn send(sim: &mut Sim, channel: &str, body: Value) -> (u16, Value) {
    let path = channel_path(sim, channel, "/messages");
    sim.rest_json("POST", &path, Some(&body))
}

fn status_without(sim: &mut Sim, header: &str) -> (u16, Value) {
    let mut request = RestRequest::by_bot(sim, "GET", &format!("{API}/users/@me"), None);
    request.headers.retain(|(name, _)| name != header);
    sim.rest(request).json().expect("answered")
}

#[test]
fn a_token_and_a_user_agent_are_needed() {
    let mut sim = demo();
    assert_eq!(status_without(&mut sim, "none").0, 200);
    assert_eq!(status_without(&mut sim, "authorization").0, 401);
    assert_eq!(status_without(&mut sim, "user-agent").1["code"], 40333);
    let mut request = RestRequest::by_bot(&sim, "GET", &format!("{API}/users/@me"), None);
    request.headers[0].1 = "Bot wrong".into();
    assert_eq!(sim.rest(request).json().map(|(status, _)| status), Some(401));
    assert_eq!(sim.rest_json("GET", "/users/@me", None).0, 404);
    assert_eq!(sim.rest_json("GET", &format!("{API}/channels/abc"), None).1["code"], 50035);
}

#[test]
fn messages_are_listed_newest_first_around_before_and_after() {
    let mut sim = demo();
    let ids: Vec<String> = (0..6)
        .map(|n| send(&mut sim, "#general", json!({"content": n.to_string()})).1["id"].as_str().expect("id").to_owned())
        .collect();
    let mut list = |query: &str| {
        let path = channel_path(&sim, "#general", &format!("/messages?{query}"));
        let (_, body) = sim.rest_json("GET", &path, None);
        let contents = body.as_array().into_iter().flatten().map(|m| m["content"].as_str().unwrap_or("").to_owned());
        contents.collect::<Vec<_>>()
    };
    assert_eq!(list("limit=2"), ["5", "4"]);
    assert_eq!(list(&format!("limit=2&before={}", ids[3])), ["2", "1"]);
    assert_eq!(list(&format!("limit=2&after={}", ids[1])), ["3", "2"]);
    assert_eq!(list(&format!("limit=3&around={}", ids[3])), ["4", "3", "2"]);
    let path = channel_path(&sim, "#general", "/messages?limit=101");
    assert_eq!(sim.rest_json("GET", &path, None).1["code"], 50035);
}

#[test]
fn the_same_nonce_gives_the_same_message_for_five_minutes() {
    let mut sim = demo();
    let body = json!({"content": "once", "nonce": "n1", "enforce_nonce": true});
    let first = send(&mut sim, "#general", body.clone()).1["id"].clone();
    assert_eq!(send(&mut sim, "#general", body.clone()).1["id"], first);
    let unenforced = json!({"content": "once", "nonce": "n1"});
    assert_ne!(send(&mut sim, "#general", unenforced).1["id"], first);
    sim.set_now(sim.now() + 5 * 60 * 1_000 + 1);
    assert_ne!(send(&mut sim, "#general", body).1["id"], first);
    let long = json!({"content": "x", "nonce": "n".repeat(26), "enforce_nonce": true});
    assert_eq!(send(&mut sim, "#general", long).1["code"], 50035);
}

#[test]
fn the_bot_needs_rights_in_the_channel() {
    let mut sim = demo();
    sim.set_permissions("#general", "Muster", 0, p::SEND_MESSAGES).expect("known");
    assert_eq!(send(&mut sim, "#general", json!({"content": "x"})).1["code"], 50013);
    sim.set_permissions("#general", "Muster", 0, p::EMBED_LINKS).expect("known");
    assert_eq!(send(&mut sim, "#general", json!({"embeds": [{"title": "x"}]})).1["code"], 50013);
    assert_eq!(send(&mut sim, "#general", json!({"content": "x"})).0, 200);
    sim.set_permissions("#general", "Muster", 0, p::VIEW_CHANNEL).expect("known");
    assert_eq!(send(&mut sim, "#general", json!({"content": "x"})).1["code"], 50001);
    let missing = format!("{API}/channels/123/messages");
    assert_eq!(sim.rest_json("POST", &missing, Some(&json!({"content": "x"}))).1["code"], 10003);
    sim.uninstall_app(DEMO_GUILD).expect("known");
    let path = guild_path(&sim, "");
    assert_eq!(sim.rest_json("GET", &path, None).1["code"], 10004);
}

#[test]
fn roles_are_given_only_below_the_bots_own() {
    let mut sim = demo();
    let user = sim.user_id("nova").expect("known");
    let mut put = |role: &str| {
        let role = sim.role_id(DEMO_GUILD, role).expect("known");
        let path = guild_path(&sim, &format!("/members/{user}/roles/{role}"));
        let (status, body) = sim.rest_json("PUT", &path, None);
        (status, body["code"].clone())
    };
    assert_eq!(put("Member"), (204, Value::Null));
    assert_eq!(put("Moderator"), (403, json!(50013)));
    assert_eq!(put("Booster"), (400, json!(50028)));
    assert!(sim.roles_of(DEMO_GUILD, "nova").contains(&"Member".to_owned()));
    let unknown = guild_path(&sim, &format!("/members/{user}/roles/1"));
    assert_eq!(sim.rest_json("PUT", &unknown, None).1["code"], 10011);
    let stranger = guild_path(&sim, "/members/123456");
    assert_eq!(sim.rest_json("GET", &stranger, None).1["code"], 10013);
}

#[test]
fn moderation_obeys_hierarchy_and_limits() {
    let mut sim = demo();
    let path = |sim: &Sim, user: &str| guild_path(sim, &format!("/members/{}", sim.user_id(user).expect("known")));
    let until = |ms: u64| json!({"communication_disabled_until": crate::ids::timestamp(ms)});
    let month = 28 * 24 * 3_600 * 1_000;
    let now = sim.now();
    let emil = path(&sim, "emil");
    assert_eq!(sim.rest_json("PATCH", &emil, Some(&until(now + month))).0, 200);
    assert_eq!(sim.permissions_in("emil", "#general"), p::VIEW_CHANNEL | p::READ_MESSAGE_HISTORY);
    assert_eq!(sim.rest_json("PATCH", &emil, Some(&until(now + month + 1_000))).1["code"], 50035);
    for above in ["mara", "jonas"] {
        let target = path(&sim, above);
        assert_eq!(sim.rest_json("PATCH", &target, Some(&until(now + 1_000))).1["code"], 50013, "{above}");
        assert_eq!(sim.rest_json("DELETE", &target, None).1["code"], 50013, "{above}");
    }
    let ban = guild_path(&sim, &format!("/bans/{}", sim.user_id("nova").expect("known")));
    let mut request = RestRequest::by_bot(&sim, "PUT", &ban, Some(&json!({"delete_message_seconds": 60})));
    request.headers.push(("X-Audit-Log-Reason".into(), "too%20new".into()));
    assert_eq!(sim.rest(request).json().map(|(status, _)| status), Some(204));
    assert_eq!(sim.calls().last().and_then(|call| call.reason.as_deref()), Some("too new"));
    assert_eq!(sim.rest_json("GET", &ban, None).1["reason"], "too new");
    assert!(sim.member(DEMO_GUILD, "nova").is_none());
    assert_eq!(sim.add_member(DEMO_GUILD, "nova", Default::default()).map_err(|r| r.code), Err("banned"));
}

#[test]
fn reactions_pins_threads_and_direct_messages_work() {
    let mut sim = demo();
    let id = send(&mut sim, "#general", json!({"content": "x"})).1["id"].as_str().expect("id").to_owned();
    let react = channel_path(&sim, "#general", &format!("/messages/{id}/reactions/%F0%9F%8E%89/@me"));
    assert_eq!(sim.rest_json("PUT", &react, None).0, 204);
    sim.react("emil", &id, "🎉").expect("may");
    let list = channel_path(&sim, "#general", &format!("/messages/{id}/reactions/%F0%9F%8E%89"));
    assert_eq!(sim.rest_json("GET", &list, None).1.as_array().map(Vec::len), Some(2));
    let wrong = channel_path(&sim, "#general", &format!("/messages/{id}/reactions/party/@me"));
    assert_eq!(sim.rest_json("PUT", &wrong, None).1["code"], 10014);
    let pin = channel_path(&sim, "#general", &format!("/messages/pins/{id}"));
    assert_eq!(sim.rest_json("PUT", &pin, None).0, 204);
    let pins = channel_path(&sim, "#general", "/messages/pins");
    assert_eq!(sim.rest_json("GET", &pins, None).1["items"][0]["message"]["id"], json!(id));
    let thread = channel_path(&sim, "#general", &format!("/messages/{id}/threads"));
    let (status, body) = sim.rest_json("POST", &thread, Some(&json!({"name": "Talk"})));
    assert_eq!((status, &body["id"]), (201, &json!(id)));
    assert_eq!(sim.rest_json("POST", &thread, Some(&json!({"name": "Talk"}))).1["code"], 160_004);
    let archive = format!("{API}/channels/{id}");
    assert_eq!(sim.rest_json("PATCH", &archive, Some(&json!({"archived": true, "locked": true}))).0, 200);
    let dm = json!({"recipient_id": sim.user_id("emil")});
    let (_, channel) = sim.rest_json("POST", &format!("{API}/users/@me/channels"), Some(&dm));
    let path = format!("{API}/channels/{}/messages", channel["id"].as_str().expect("id"));
    assert_eq!(sim.rest_json("POST", &path, Some(&json!({"content": "psst"}))).0, 200);
    assert_eq!(sim.direct_messages("emil").len(), 1);
    assert_eq!(sim.pings("emil").len(), 0);
    sim.set_accepts_dms("emil", false).expect("known");
    assert_eq!(sim.rest_json("POST", &path, Some(&json!({"content": "psst"}))).1["code"], 50007);
}

#[test]
fn others_messages_are_deleted_but_not_edited() {
    let mut sim = demo();
    let id = sim.say("emil", "#general", "mine").expect("may").id;
    let path = channel_path(&sim, "#general", &format!("/messages/{id}"));
    assert_eq!(sim.rest_json("PATCH", &path, Some(&json!({"content": "yours"}))).1["code"], 50005);
    assert_eq!(sim.rest_json("DELETE", &path, None).0, 204);
    assert_eq!(sim.rest_json("DELETE", &path, None).1["code"], 10008);
    let bulk = channel_path(&sim, "#general", "/messages/bulk-delete");
    assert_eq!(sim.rest_json("POST", &bulk, Some(&json!({"messages": ["1"]}))).1["code"], 50016);
    assert_eq!(sim.rest_json("POST", &bulk, Some(&json!({"messages": ["1", "2"]}))).1["code"], 50034);
}

#[test]
fn files_come_as_multipart_and_are_served() {
    let mut sim = demo();
    let body = "--B\r\nContent-Disposition: form-data; name=\"payload_json\"\r\nContent-Type: application/json\r\n\r\n\
        {\"embeds\":[{\"title\":\"t\",\"image\":{\"url\":\"attachment://a.txt\"}}],\"attachments\":[{\"id\":0,\"description\":\"d\"}]}\r\n\
        --B\r\nContent-Disposition: form-data; name=\"files[0]\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--B--\r\n";
    let mut request = RestRequest::by_bot(&sim, "POST", &channel_path(&sim, "#general", "/messages"), None);
    request.headers.push(("content-type".into(), "multipart/form-data; boundary=B".into()));
    request.body = body.into();
    let (status, json) = sim.rest(request).json().expect("answered");
    assert_eq!(status, 200, "{json}");
    assert_eq!(json["attachments"][0]["description"], "d");
    let url = json["embeds"][0]["image"]["url"].as_str().expect("url");
    let path = url.split_once("/cdn").map(|(_, path)| path).expect("ours");
    assert_eq!(sim.file(path), Some(("text/plain".into(), b"hello".to_vec())));
}

#[test]
fn commands_are_checked_as_a_whole() {
    let mut sim = demo();
    let path = format!("{API}/applications/{}/commands", sim.application_id());
    let before = sim.rest_json("GET", &path, None).1;
    let twice = json!([{"name": "a", "description": "d"}, {"name": "a", "description": "d"}]);
    let bad_name = json!([{"name": "Bad Name", "description": "d"}]);
    let bad_order = json!([{"name": "a", "description": "d", "options": [
        {"type": 3, "name": "x", "description": "d"}, {"type": 3, "name": "y", "description": "d", "required": true}]}]);
    let many: Vec<Value> = (0..131).map(|n| json!({"name": format!("c{n}"), "description": "d"})).collect();
    let too_many: Vec<Value> = (0..101).map(|n| json!({"name": format!("c{n}"), "description": "d"})).collect();
    for (list, code) in
        [(twice, 50035), (bad_name, 50035), (bad_order, 50035), (json!(many), 50035), (json!(too_many), 30032)]
    {
        assert_eq!(sim.rest_json("PUT", &path, Some(&list)).1["code"], code);
    }
    assert_eq!(sim.rest_json("GET", &path, None).1, before);
    let same = json!({"name": "about", "description": "New words"});
    let (status, body) = sim.rest_json("POST", &path, Some(&same));
    assert_eq!((status, body["id"].is_string()), (200, true));
    let foreign = format!("{API}/applications/1/commands");
    assert_eq!(sim.rest_json("GET", &foreign, None).0, 403);
}
