//! Purpose: the gateway without sockets: identify, intents, resume, close codes, and that twilight reads every event.

use serde::de::DeserializeSeed;
use serde_json::{Value, json};
use twilight_model::gateway::event::{GatewayEvent, GatewayEventDeserializer};

use crate::{
    DEMO_GUILD, Sim,
    events::intents,
    gateway::{Act, Connection, Gateway, Order, close},
};

use super::{channel_path, demo};

pub(super) struct Client {
    pub(super) sim: Sim,
    pub(super) gateway: Gateway,
    pub(super) connection: Connection,
}

pub(super) fn connect(gateway: &mut Gateway, at_ms: u64) -> Connection {
    let (connection, acts) = gateway.open("v=10&encoding=json", at_ms);
    assert!(matches!(&acts[..], [Act::Send(hello)] if hello["op"] == 10));
    connection
}

pub(super) fn client() -> Client {
    let mut sim = demo();
    sim.take_events();
    let mut gateway = Gateway::default();
    let connection = connect(&mut gateway, 0);
    Client { sim, gateway, connection }
}

impl Client {
    pub(super) fn send(&mut self, payload: Value, at_ms: u64) -> Vec<Act> {
        self.gateway.receive(&mut self.sim, &mut self.connection, &payload.to_string(), at_ms)
    }

    pub(super) fn identify(&mut self, intents: u64) -> Vec<Act> {
        let token = self.sim.bot_token().to_owned();
        self.send(json!({"op": 2, "d": {"token": token, "intents": intents, "properties": {}}}), 0)
    }

    pub(super) fn happen(&mut self) -> Vec<Value> {
        for event in self.sim.take_events() {
            self.gateway.dispatch(&self.sim, &event);
        }
        sent(self.gateway.pending(&mut self.connection))
    }
}

pub(super) fn sent(acts: Vec<Act>) -> Vec<Value> {
    acts.into_iter().filter_map(|act| if let Act::Send(value) = act { Some(value) } else { None }).collect()
}

pub(super) fn names(events: &[Value]) -> Vec<&str> {
    events.iter().filter_map(|event| event["t"].as_str()).collect()
}

pub(crate) fn read_by_twilight(event: &Value) {
    let text = event.to_string();
    let reader = GatewayEventDeserializer::from_json(&text).expect("an opcode");
    let mut json = serde_json::Deserializer::from_str(&text);
    let read: Result<GatewayEvent, _> = reader.deserialize(&mut json);
    assert!(read.is_ok(), "{:?}: {text}", read.err());
}

#[test]
fn every_event_is_read_by_twilight() {
    let mut client = client();
    let mut seen = sent(client.identify(intents::ALL));
    assert_eq!(names(&seen), ["READY", "GUILD_CREATE", "GUILD_CREATE"]);
    let sim = &mut client.sim;
    let message = sim.say("emil", "#general", "hello").expect("may").id;
    sim.react("ada", &message, "🎉").expect("may");
    sim.unreact("ada", &message, "🎉").expect("may");
    sim.say("emil", "DM", "psst").expect("may");
    sim.voice("emil", DEMO_GUILD, Some("Window seat")).expect("may");
    sim.voice("emil", DEMO_GUILD, None).expect("may");
    sim.set_roles(DEMO_GUILD, "emil", &["Member", "Newcomer"]).expect("known");
    sim.remove_member(DEMO_GUILD, "emil").expect("known");
    sim.add_member(DEMO_GUILD, "emil", Default::default()).expect("known");
    let thread = channel_path(sim, "#general", &format!("/messages/{message}/threads"));
    assert_eq!(sim.rest_json("POST", &thread, Some(&json!({"name": "t"}))).0, 201);
    let role = super::guild_path(sim, "/roles");
    assert_eq!(sim.rest_json("POST", &role, Some(&json!({"name": "r"}))).0, 200);
    let ban = super::guild_path(sim, &format!("/bans/{}", sim.user_id("nova").expect("known")));
    assert_eq!(sim.rest_json("PUT", &ban, Some(&json!({}))).0, 204);
    assert_eq!(sim.rest_json("DELETE", &ban, None).0, 204);
    sim.delete_message("emil", &message).expect("own");
    seen.extend(client.happen());
    client.sim.uninstall_app(DEMO_GUILD).expect("known");
    seen.extend(client.happen());
    seen.extend(sent(client.send(json!({"op": 1, "d": 1}), 1)));
    let guild = client.sim.guild_id(crate::OTHER_GUILD).expect("known");
    let request = json!({"op": 8, "d": {"guild_id": guild, "query": "", "limit": 0, "nonce": "n"}});
    seen.extend(sent(client.send(request, 2)));
    for name in [
        "MESSAGE_CREATE",
        "MESSAGE_DELETE",
        "MESSAGE_REACTION_ADD",
        "MESSAGE_REACTION_REMOVE",
        "VOICE_STATE_UPDATE",
        "GUILD_MEMBER_UPDATE",
        "GUILD_MEMBER_REMOVE",
        "GUILD_MEMBER_ADD",
        "THREAD_CREATE",
        "MESSAGE_UPDATE",
        "GUILD_ROLE_CREATE",
        "GUILD_BAN_ADD",
        "GUILD_BAN_REMOVE",
        "GUILD_DELETE",
        "GUILD_MEMBERS_CHUNK",
    ] {
        assert!(names(&seen).contains(&name), "{name} is missing");
    }
    seen.iter().for_each(read_by_twilight);
}

#[test]
fn intents_decide_what_comes_and_content_is_kept_back() {
    let mut client = client();
    client.identify(intents::GUILD_MESSAGES);
    client.sim.say("emil", "#general", "secret").expect("may");
    client.sim.say("emil", "DM", "psst").expect("may");
    client.sim.set_roles(DEMO_GUILD, "emil", &[]).expect("known");
    let app = client.sim.application_id();
    client.sim.say("emil", "#general", &format!("<@{app}> open")).expect("may");
    let events = client.happen();
    assert_eq!(names(&events), ["MESSAGE_CREATE", "MESSAGE_CREATE"]);
    assert_eq!(
        (&events[0]["d"]["content"], &events[1]["d"]["content"]),
        (&json!(""), &json!(format!("<@{app}> open")))
    );
}

#[test]
fn a_lost_session_resumes_with_what_was_missed() {
    let mut client = client();
    let ready = sent(client.identify(intents::ALL));
    let session = ready[0]["d"]["session_id"].clone();
    let seq = ready.len();
    client.gateway.closed(&client.connection, None, 10);
    client.sim.say("emil", "#general", "missed").expect("may");
    client.happen();
    let token = client.sim.bot_token().to_owned();
    let resume = |seq: usize| json!({"op": 6, "d": {"token": token, "session_id": session, "seq": seq}});
    client.connection = connect(&mut client.gateway, 20);
    assert_eq!(client.send(resume(999), 20), [Act::Close(close::INVALID_SEQUENCE)]);
    let replayed = sent(client.send(resume(seq), 20));
    assert_eq!(names(&replayed), ["MESSAGE_CREATE", "RESUMED"]);
    client.gateway.closed(&client.connection, Some(1000), 30);
    client.connection = connect(&mut client.gateway, 40);
    assert_eq!(client.send(resume(seq), 40), [Act::Send(json!({"op": 9, "d": false}))]);
}

#[test]
fn what_is_wrong_closes_with_its_code() {
    let token = demo().bot_token().to_owned();
    let identify = |d: Value| json!({"op": 2, "d": d});
    for (payload, code) in [
        (identify(json!({"token": "wrong", "intents": 1})), close::AUTHENTICATION_FAILED),
        (identify(json!({"token": token, "intents": 1_u64 << 40})), close::INVALID_INTENTS),
        (identify(json!({"token": token, "intents": intents::GUILD_PRESENCES})), close::DISALLOWED_INTENTS),
        (identify(json!({"token": token, "intents": 1, "shard": [2, 2]})), close::INVALID_SHARD),
        (json!({"op": 99}), close::UNKNOWN_OPCODE),
        (json!({"op": 8, "d": {}}), close::NOT_AUTHENTICATED),
        (json!({"op": 1, "d": "x".repeat(5000)}), close::DECODE_ERROR),
    ] {
        let mut client = client();
        client.sim.gateway_terms().allowed_intents = intents::ALL & !intents::PRIVILEGED;
        assert_eq!(client.send(payload.clone(), 0), [Act::Close(code)], "{payload}");
    }
    let mut client = client();
    client.identify(1);
    assert_eq!(client.identify(1), [Act::Close(close::ALREADY_AUTHENTICATED)]);
    assert_eq!(client.gateway.tick(&client.connection, 61_876), [Act::Close(close::SESSION_TIMED_OUT)]);
    let beats: Vec<Vec<Act>> = (0..119).map(|_| client.send(json!({"op": 1, "d": null}), 5)).collect();
    assert_eq!(beats.last(), Some(&vec![Act::Close(close::RATE_LIMITED)]));
    for query in ["v=9", "v=10&encoding=etf"] {
        assert_eq!(Gateway::default().open(query, 0).1, [Act::Close(close::INVALID_VERSION)]);
    }
}

#[test]
fn orders_reach_every_session() {
    let mut client = client();
    client.identify(1);
    client.gateway.order(&Order::Reconnect, None);
    client.gateway.order(&Order::Invalidate { resumable: true }, None);
    client.gateway.order(&Order::Close(4000), None);
    let acts = client.gateway.pending(&mut client.connection);
    assert_eq!(
        acts,
        [Act::Send(json!({"op": 7, "d": null})), Act::Send(json!({"op": 9, "d": true})), Act::Close(4000)]
    );
}

#[test]
fn a_shard_gets_its_guilds_only() {
    let mut client = client();
    let token = client.sim.bot_token().to_owned();
    let mut guilds = 0;
    for shard in 0..2 {
        let at_ms = shard * 5_000;
        client.connection = connect(&mut client.gateway, at_ms);
        let payload = json!({"op": 2, "d": {"token": token, "intents": 1, "shard": [shard, 2]}});
        guilds += sent(client.send(payload, at_ms))[0]["d"]["guilds"].as_array().map_or(0, Vec::len);
    }
    assert_eq!(guilds, 2);
}
