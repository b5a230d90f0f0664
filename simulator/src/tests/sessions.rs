//! Purpose: the gateway misbehaving on purpose and holding to its terms: orders, replay, intents, identify limits.

use serde_json::{Value, json};

use crate::{
    DEMO_GUILD,
    events::intents,
    gateway::{Act, Order, Transport, close},
};

use super::{
    API,
    gateway::{Client, client, connect, names, sent},
};

const LOST: Act = Act::Drop;

impl Client {
    fn identify_as(&mut self, shard: u64, shards: u64, at_ms: u64) -> Vec<Act> {
        self.connection = connect(&mut self.gateway, at_ms);
        let token = self.sim.bot_token().to_owned();
        self.send(json!({"op": 2, "d": {"token": token, "intents": 1, "shard": [shard, shards]}}), at_ms)
    }

    fn resume(&mut self, session: &Value, seq: u64, at_ms: u64) -> Vec<Act> {
        self.connection = connect(&mut self.gateway, at_ms);
        let token = self.sim.bot_token().to_owned();
        self.send(json!({"op": 6, "d": {"token": token, "session_id": session, "seq": seq}}), at_ms)
    }

    /// Identifies with all intents and gives the session's id and the last number heard.
    fn start(&mut self) -> (Value, u64) {
        let ready = sent(self.identify(intents::ALL));
        (ready[0]["d"]["session_id"].clone(), u64::try_from(ready.len()).unwrap_or(0))
    }

    fn say(&mut self, content: &str) {
        self.sim.say("emil", "#general", content).expect("may");
    }
}

fn invalid(resumable: bool) -> Vec<Act> {
    vec![Act::Send(json!({"op": 9, "d": resumable}))]
}

#[test]
fn a_resume_replays_every_event_or_none() {
    let mut client = client();
    client.gateway.kept = 3;
    let (session, seq) = client.start();
    client.gateway.closed(&client.connection, None, 10);
    for text in ["a", "b", "c"] {
        client.say(text);
    }
    client.happen();
    let replayed = sent(client.resume(&session, seq, 20));
    assert_eq!(names(&replayed), ["MESSAGE_CREATE", "MESSAGE_CREATE", "MESSAGE_CREATE", "RESUMED"]);
    let numbers: Vec<u64> = replayed.iter().filter_map(|event| event["s"].as_u64()).collect();
    assert_eq!(numbers, (seq + 1..=seq + 4).collect::<Vec<u64>>());
    client.gateway.closed(&client.connection, Some(4000), 30);
    for text in ["d", "e", "f", "g"] {
        client.say(text);
    }
    client.happen();
    assert_eq!(client.resume(&session, seq + 4, 40), invalid(false), "one event is gone");
}

#[test]
fn a_saved_number_that_lags_gets_the_same_events_again() {
    let mut client = client();
    let (session, seq) = client.start();
    client.say("once");
    let first = client.happen();
    client.gateway.closed(&client.connection, None, 10);
    let again = sent(client.resume(&session, seq, 20));
    assert_eq!(again[..1], first[..]);
}

#[test]
fn a_session_is_carried_by_the_connection_that_resumed_it_last() {
    let mut client = client();
    let (session, seq) = client.start();
    let mut old = std::mem::replace(&mut client.connection, connect(&mut client.gateway, 1));
    assert_eq!(names(&sent(client.resume(&session, seq, 2))), ["RESUMED"]);
    client.say("hello");
    assert_eq!(names(&client.happen()), ["MESSAGE_CREATE"]);
    assert_eq!(client.gateway.pending(&mut old), [Act::Close(close::UNKNOWN_ERROR)]);
    client.gateway.closed(&old, Some(1000), 3);
    assert_eq!(client.gateway.describe(&client.sim)["sessions"][0]["connected"], true);
}

#[test]
fn forgotten_and_invalidated_sessions_cannot_be_resumed() {
    for order in [Order::Forget, Order::Invalidate { resumable: false }] {
        let mut client = client();
        let (session, seq) = client.start();
        client.gateway.order(&order, None);
        client.gateway.pending(&mut client.connection);
        client.gateway.closed(&client.connection, None, 10);
        assert_eq!(client.resume(&session, seq, 20), invalid(false), "{order:?}");
    }
}

#[test]
fn orders_may_concern_one_shard_and_repeat_what_was_sent() {
    let mut client = client();
    let _ = client.identify_as(0, 2, 0);
    let mut first = std::mem::replace(&mut client.connection, connect(&mut client.gateway, 0));
    let _ = client.identify_as(1, 2, 5_000);
    client.gateway.order(&Order::Drop, Some(0));
    assert_eq!(client.gateway.pending(&mut first), [LOST]);
    assert_eq!(client.gateway.pending(&mut client.connection), []);
    let mut client = self::client();
    client.start();
    client.say("hello");
    let told = client.happen();
    client.sim.voice("emil", DEMO_GUILD, Some("Window seat")).expect("may");
    client.happen();
    client.gateway.order(&Order::Repeat(Some("MESSAGE_CREATE".into())), None);
    client.gateway.order(&Order::Repeat(None), None);
    let again = client.happen();
    assert_eq!((&again[0], &again[1]["t"]), (&told[0], &json!("VOICE_STATE_UPDATE")));
}

#[test]
fn identifying_too_fast_is_answered_with_an_invalid_session() {
    let mut client = client();
    assert_eq!(names(&sent(client.identify_as(0, 4, 0))).first(), Some(&"READY"));
    assert_eq!(client.identify_as(1, 4, 4_999), invalid(false));
    assert_eq!(names(&sent(client.identify_as(1, 4, 5_000))).first(), Some(&"READY"));
    client.sim.gateway_terms().max_concurrency = 2;
    assert_eq!(names(&sent(client.identify_as(2, 4, 10_000))).first(), Some(&"READY"));
    assert_eq!(names(&sent(client.identify_as(3, 4, 10_000))).first(), Some(&"READY"));
    assert_eq!(client.gateway.describe(&client.sim)["identified"], 4);
}

#[test]
fn the_day_has_so_many_identifies_and_no_more() {
    let mut client = client();
    let now = client.sim.now();
    client.sim.gateway_terms().set_remaining(1, now);
    client.sim.gateway_terms().shards = 3;
    let _ = client.identify_as(0, 1, 0);
    let (status, body) = client.sim.rest_json("GET", &format!("{API}/gateway/bot"), None);
    assert_eq!((status, &body["shards"]), (200, &json!(3)));
    let limit = json!({"total": 1000, "remaining": 0, "reset_after": 86_400_000, "max_concurrency": 1});
    assert_eq!(body["session_start_limit"], limit);
    let mut running = std::mem::replace(&mut client.connection, connect(&mut client.gateway, 0));
    assert_eq!(client.identify_as(0, 1, 5_000), [Act::Close(close::AUTHENTICATION_FAILED)]);
    assert_eq!(client.gateway.pending(&mut running), [Act::Close(close::AUTHENTICATION_FAILED)]);
    client.sim.set_now(now + 86_400_000);
    assert_eq!(names(&sent(client.identify_as(0, 1, 10_000))).first(), Some(&"READY"));
}

#[test]
fn too_many_guilds_want_shards_and_refused_intents_show_in_the_flags() {
    let mut client = client();
    client.sim.gateway_terms().guilds_per_shard = 1;
    assert_eq!(client.identify_as(0, 1, 0), [Act::Close(close::SHARDING_REQUIRED)]);
    let flags = |client: &mut Client| {
        let (_, body) = client.sim.rest_json("GET", &format!("{API}/applications/@me"), None);
        body["flags"].as_u64().unwrap_or(0)
    };
    let (members, content) = (1 << 15, 1 << 19);
    assert_eq!(flags(&mut client) & (members | content), members | content);
    client.sim.gateway_terms().allowed_intents = intents::ALL & !intents::MESSAGE_CONTENT;
    assert_eq!(flags(&mut client) & (members | content), members);
    assert_eq!(client.identify(intents::MESSAGE_CONTENT), [Act::Close(close::DISALLOWED_INTENTS)]);
}

#[test]
fn compression_is_asked_for_in_the_query() {
    assert_eq!(Transport::of("v=10&encoding=json&compress=zstd-stream"), Transport::Zstd);
    assert_eq!(Transport::of("compress=zlib-stream&v=10"), Transport::Zlib);
    assert_eq!(Transport::of("v=10"), Transport::Plain);
}
