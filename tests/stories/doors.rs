//! Purpose: the interaction door: who is let in (F02, F04, F05), what hostile bodies get (F15), and what people see when
//! something is unknown, late or broken.

use crate::people;
use muster_sim::{Delivery, Fault, FaultKind};
use muster_testkit::FaultMode;
use muster_tests::{DEMO, World};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};

fn slash(world: &World, who: &str, line: &str) -> Delivery {
    world.sim.borrow_mut().slash(who, "#general", line).expect("the client sends it")
}

async fn status(world: &World, body: &[u8]) -> u16 {
    muster_core::interaction(&world.ctx(), body).await.status
}

/// The same interaction with its JSON changed.
fn changed(delivery: &Delivery, change: impl FnOnce(&mut Value)) -> Delivery {
    let mut body: Value = serde_json::from_slice(&delivery.body).expect("JSON");
    change(&mut body);
    Delivery { body: body.to_string().into_bytes(), ..delivery.clone() }
}

fn giveaways(world: &World) -> String {
    world.db.column("SELECT COUNT(*) FROM giveaways").remove(0)
}

const START: &str = "/giveaway start prize:Lamp ends:1h";

#[tokio::test(start_paused = true)]
async fn discords_ping_is_answered_whatever_else_it_holds() {
    let world = World::new().await;
    let ping = world.sim.borrow_mut().ping();
    for body in [ping.clone(), changed(&ping, |body| body["of tomorrow"] = json!({ "a": [1, null] }))] {
        let answer = muster_core::interaction(&world.ctx(), &body.body).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"type":1}"#));
    }
    assert_eq!(world.story_db.round_trips.get(), 0, "a ping touches no storage");
    let foreign = changed(&ping, |body| body["application_id"] = json!("1"));
    assert_eq!(status(&world, &foreign.body).await, 401);
}

#[tokio::test(start_paused = true)]
async fn an_interaction_older_than_its_token_is_a_replay() {
    let world = World::new().await;
    let fresh = slash(&world, "mara", START);
    world.advance_minutes(14).await;
    assert_eq!(status(&world, &fresh.body).await, 200, "the token lives 15 minutes");
    let old = slash(&world, "mara", START);
    world.advance(15 * 60_000 + 1).await;
    let before = world.story_db.round_trips.get();
    assert_eq!(status(&world, &old.body).await, 401);
    assert_eq!(world.story_db.round_trips.get(), before, "a replay touches no storage");
    assert_eq!(giveaways(&world), "1");
}

#[tokio::test(start_paused = true)]
async fn an_interaction_from_the_future_is_refused_beyond_the_clocks_allowance() {
    let world = World::new().await;
    let now = u64::try_from(world.now()).unwrap();
    world.sim.borrow_mut().set_now(now + 61_000);
    let future = slash(&world, "mara", START);
    assert_eq!(status(&world, &future.body).await, 401);
    assert_eq!(giveaways(&world), "0");
    world.sim.borrow_mut().set_now(now + 59_000);
    let skewed = slash(&world, "mara", START);
    assert_eq!(status(&world, &skewed.body).await, 200);
    assert_eq!(giveaways(&world), "1");
}

#[tokio::test(start_paused = true)]
async fn another_applications_interaction_is_not_ours() {
    let world = World::new().await;
    let ours = slash(&world, "mara", START);
    let foreign = changed(&ours, |body| body["application_id"] = json!("1100000000000000002"));
    assert_eq!(status(&world, &foreign.body).await, 401);
    let nobodys = changed(&ours, |body| {
        body.as_object_mut().unwrap().remove("application_id");
    });
    assert_eq!(status(&world, &nobodys.body).await, 400);
    assert_eq!(giveaways(&world), "0");
}

#[tokio::test(start_paused = true)]
async fn in_a_direct_message_people_hear_where_muster_works() {
    let world = World::new().await;
    let to_dm = |body: &mut Value| {
        let map = body.as_object_mut().unwrap();
        let member = map.remove("member").unwrap();
        for key in ["guild_id", "guild", "guild_locale"] {
            map.remove(key);
        }
        map.insert("user".to_owned(), member["user"].clone());
        map.insert("context".to_owned(), json!(1));
    };
    for line in ["/help", "/giveaway list", START] {
        let dm = changed(&slash(&world, "mara", line), to_dm);
        world.deliver("mara", dm).await.says("inside servers");
    }
    assert_eq!(giveaways(&world), "0");
    let asked = json!({ "name": "giveaway", "options": [{ "name": "end", "options": [
        { "name": "giveaway", "value": "", "focused": true } ] }] });
    let typing = world.sim.borrow_mut().autocomplete("mara", "#general", asked).unwrap();
    let answer = muster_core::interaction(&world.ctx(), &changed(&typing, to_dm).body).await;
    assert_eq!(answer.body, r#"{"data":{"choices":[]},"type":8}"#, "suggestions can only be answered with suggestions");
}

#[tokio::test(start_paused = true)]
async fn hostile_bodies_are_refused_and_the_next_person_is_served() {
    let world = World::new().await;
    let ours = slash(&world, "mara", START);
    let text = String::from_utf8(ours.body.clone()).unwrap();
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let with_data = |data: &str| {
        let body: Value = serde_json::from_str(&text).unwrap();
        text.replacen(&body["data"].to_string(), data, 1).into_bytes()
    };
    let bodies: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"\0".to_vec(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"{}".to_vec(),
        b"\xff\xfe{\"type\":1}".to_vec(),
        nested(10_000).into_bytes(),
        text.as_bytes()[..text.len() / 2].to_vec(),
        text.replacen("\"type\":2", "\"type\":2,\"type\":2", 1).into_bytes(),
        text.replacen("\"type\":2", "\"type\":99999999999999999999999", 1).into_bytes(),
        text.replacen("\"type\":2", "\"type\":9", 1).into_bytes(),
        text.replacen("\"type\":2", "\"type\":-1", 1).into_bytes(),
        with_data(&nested(10_000)),
        with_data(&format!("{{\"name\":\"giveaway\",\"options\":{}}}", nested(5_000))),
        with_data("null"),
        with_data("{}"),
        with_data("1e999"),
        with_data(r#"{"id":"1","name":"\ud800","type":1}"#),
        with_data(r#"{"id":"1","name":"ping","type":1,"name":"help"}"#),
        with_data(r#"{"id":"18446744073709551616","name":"help","type":1}"#),
    ];
    for body in bodies {
        let answer = muster_core::interaction(&world.ctx(), &body).await;
        let shown = String::from_utf8_lossy(&body[..body.len().min(120)]).into_owned();
        assert!(matches!(answer.status, 400 | 401), "{shown}: {answer:?}");
        assert!(serde_json::from_str::<Value>(&answer.body).is_ok(), "{shown}: the answer is no JSON");
    }
    let nul = changed(&ours, |body| body["data"]["options"][0]["options"][0]["value"] = json!("a\u{0}\u{202e}b"));
    world.deliver("mara", nul).await.says("ab");
    assert_eq!(world.db.column("SELECT prize FROM giveaways"), ["ab"]);
}

#[tokio::test(start_paused = true)]
async fn whatever_field_is_missing_there_is_an_answer() {
    let world = World::new().await;
    let ours = slash(&world, "mara", START);
    let whole: Value = serde_json::from_slice(&ours.body).unwrap();
    for key in whole.as_object().unwrap().keys() {
        let body = changed(&ours, |body| {
            body.as_object_mut().unwrap().remove(key);
        });
        let status = status(&world, &body.body).await;
        assert!(matches!(status, 200 | 400 | 401), "without {key}: {status}");
    }
    for key in ["user", "roles", "permissions", "joined_at"] {
        let body = changed(&slash(&world, "bela", START), |body| {
            body["member"].as_object_mut().unwrap().remove(key);
        });
        assert!(matches!(status(&world, &body.body).await, 200 | 400), "a member without {key}");
    }
    assert_eq!(giveaways(&world), "1", "only what was whole enough started one, once");
}

/// Runs `check` on many random inputs in one world.
fn for_any<S: Strategy>(cases: u32, strategy: S, check: impl Fn(&World, S::Value)) {
    people::with_world(|world| {
        let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
        let outcome = runner.run(&strategy, |input| {
            check(world, input);
            Ok(())
        });
        outcome.unwrap_or_else(|error| panic!("{error}"));
    });
}

fn answered(world: &World, body: &[u8]) {
    let answer = people::block_on(muster_core::interaction(&world.ctx(), body));
    assert!(matches!(answer.status, 200 | 400 | 401), "{}: {answer:?}", String::from_utf8_lossy(body));
    assert!(serde_json::from_str::<Value>(&answer.body).is_ok(), "{}", answer.body);
}

#[test]
fn random_bytes_never_break_the_door() {
    for_any(300, prop::collection::vec(any::<u8>(), 0..300), |world, bytes| answered(world, &bytes));
}

/// Any JSON, a few levels deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        "\\PC{0,20}".prop_map(Value::from),
        "[0-9]{1,22}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{1,8}", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

#[test]
fn a_command_with_any_part_replaced_gets_an_answer() {
    let lines = [START, "/config set setting:color value:#112233", "/giveaway blacklist add user:@chen", "/setup"];
    let places = [
        "/data",
        "/data/options",
        "/data/options/0",
        "/data/options/0/options",
        "/data/options/0/options/0/value",
        "/data/options/0/options/0/type",
        "/data/resolved",
        "/member",
        "/member/roles",
        "/member/permissions",
        "/data/name",
        "/guild_id",
        "/channel",
        "/channel/id",
        "/type",
        "/id",
        "/token",
        "/member/joined_at",
        "/app_permissions",
    ];
    let input = (prop::sample::select(lines.to_vec()), prop::sample::select(places.to_vec()), any_json());
    for_any(400, input, |world, (line, place, value)| {
        let delivery = slash(world, "mara", line);
        let body = changed(&delivery, |body| {
            if let Some(part) = body.pointer_mut(place) {
                *part = value;
            }
        });
        answered(world, &body.body);
    });
}

#[test]
fn any_text_typed_into_an_option_gets_an_answer() {
    let input = (prop::sample::select(vec!["prize", "ends", "claim_window", "image"]), "\\PC{1,60}");
    for_any(200, input, |world, (option, text)| {
        let given = json!({ "name": "giveaway", "options": [{ "name": "start", "options": [
            { "name": "prize", "value": "x" }, { "name": "ends", "value": "1h" } ] }] });
        let made = world.sim.borrow_mut().command("mara", "#general", given);
        let body = changed(&made.unwrap(), |body| {
            let options = body["data"]["options"][0]["options"].as_array_mut().unwrap();
            options.retain(|known| known["name"] != option);
            options.push(json!({ "name": option, "type": 3, "value": text }));
        });
        answered(world, &body.body);
    });
}

#[tokio::test(start_paused = true)]
async fn ends_at_the_edge_of_time_are_refused_like_any_other() {
    let world = World::new().await;
    let zone = "/config set setting:time_zone value:Pacific/Kiritimati";
    world.slash("mara", "#general", zone).await.says("Kiritimati");
    // The largest time of the calendar library, and durations that end just before it or after it.
    let last = 8_210_266_876_799_i64 - world.now() / 1_000;
    let texts = [
        format!("{}s", last - 3_600),
        format!("{}s", last - 1),
        format!("{last}s"),
        format!("{}s", last + 1),
        "+262142-12-31 23:00".to_owned(),
        "262142-12-31 23:59".to_owned(),
        "-262143-01-01 00:00".to_owned(),
        "9999-12-31 23:59".to_owned(),
        "292271000y".to_owned(),
        "18446744073709551615s".to_owned(),
    ];
    for text in texts {
        world.suggestions("bela", &["giveaway", "start", "ends"], &[("prize", "x")], &text).await;
        let seen = world.slash("mara", "#general", &format!("/giveaway start prize:Lamp ends:\"{text}\"")).await;
        assert!(
            seen.text.contains("more than a year")
                || seen.text.contains("not a time")
                || seen.text.contains("in the past"),
            "{text}: {}",
            seen.text
        );
    }
    world.slash("mara", "#general", START).await.says("on its way");
    for pause in ["292271000y", "200000000y", "18446744073709551615s", "367d"] {
        let seen = world.slash("mara", "#general", &format!("/giveaway pause giveaway:Lamp for:{pause}")).await;
        seen.says("Write how long");
    }
    assert_eq!(world.db.column("SELECT state FROM giveaways"), ["active"]);
}

#[tokio::test(start_paused = true)]
async fn late_suggestions_are_no_suggestions() {
    let world = World::new().await;
    world.slash("mara", "#general", START).await.says("on its way");
    let path = ["giveaway", "end", "giveaway"];
    assert_eq!(world.suggestions("mara", &path, &[], "lam").await.len(), 1);
    world.story_db.stall_ms.set(5_000);
    let asked = world.now();
    assert_eq!(world.suggestions("mara", &path, &[], "lam").await.len(), 0);
    assert!(world.now() - asked <= 1_000, "{} ms", world.now() - asked);
    world.story_db.stall_ms.set(0);
    world.faults().plan(1, FaultMode::FailBefore, true);
    assert_eq!(world.suggestions("mara", &path, &[], "lam").await.len(), 0);
    world.faults().clear();
}

#[tokio::test(start_paused = true)]
async fn what_breaks_here_is_shown_by_a_number_that_the_log_explains() {
    let world = World::new().await;
    world.faults().plan(1, FaultMode::FailBefore, true);
    let seen = world.slash("mara", "#general", "/config show").await;
    world.faults().clear();
    assert!(seen.private);
    assert!(!seen.text.contains("D1") && !seen.text.contains("database"), "internals are shown: {}", seen.text);
    let number = seen.text.split('`').nth(1).expect("a number").to_owned();
    assert!(number.len() >= 8, "{number}");
    let log = world.log.lines.borrow().clone();
    let line = log.iter().find(|line| line.contains(&number)).unwrap_or_else(|| panic!("not in {log:#?}"));
    assert!(line.starts_with("Error") && line.contains("connection lost") && line.contains("config"), "{line}");
    world.slash("mara", "#general", "/config show").await.says("Settings of this server");
}

#[tokio::test(start_paused = true)]
async fn a_slow_command_is_deferred_within_a_second_and_answered_later() {
    let world = World::new().await;
    world.story_db.stall_ms.set(3_000);
    let delivery = slash(&world, "mara", "/config show");
    let asked = world.now();
    let ctx = world.ctx();
    let answer = muster_core::interaction(&ctx, &delivery.body).await;
    assert_eq!(answer.body, r#"{"data":{"flags":64},"type":5}"#);
    assert!(world.now() - asked <= 1_000, "{} ms", world.now() - asked);
    drop(ctx);
    let seen = world.slash("mara", "#general", "/config show").await;
    seen.says("Settings of this server");
    assert!(seen.private);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_delivered_any_more_is_given_up_and_logged() {
    let world = World::new().await;
    let gone = FaultKind::Status { status: 404, code: 10_015, message: "Unknown Webhook".into() };
    let route = "/webhooks/{application_id}/{token}/messages/@original";
    world.sim.borrow_mut().add_fault(Fault::always("PATCH", route, gone));
    world.story_db.stall_ms.set(2_000);
    world.slash("mara", "#general", "/config show").await;
    world.story_db.stall_ms.set(0);
    let attempts = || world.sim.borrow().calls().iter().filter(|call| call.path.ends_with("/@original")).count();
    let calls = attempts();
    assert!((2..=6).contains(&calls), "{calls} attempts");
    world.advance_minutes(60).await;
    assert_eq!(attempts(), calls, "no retries for ever");
    assert!(world.log.lines.borrow().iter().any(|line| line.contains("could not be delivered")));
}

#[tokio::test(start_paused = true)]
async fn commands_and_forms_of_other_versions_get_a_sentence() {
    let world = World::new().await;
    let help = slash(&world, "bela", "/help");
    let gone = changed(&help, |body| body["data"]["name"] = json!("horo_scope"));
    let seen = world.deliver("bela", gone).await;
    seen.says("does not know the command").says("horo\\_scope");
    assert!(seen.private);
    for custom_id in
        ["1:giveaways:gone", "2:giveaways:create", "1:nothing:create", "create", "", "1:config:x", &"1".repeat(101)]
    {
        let data = json!({ "custom_id": custom_id, "components": [] });
        let delivery = world.sim.borrow_mut().forge_modal("mara", "#general", data).unwrap();
        let seen = world.deliver("mara", delivery).await;
        assert!(seen.private && seen.text.contains("version"), "{custom_id}: {}", seen.text);
    }
    let empty = json!({ "custom_id": "1:giveaways:create", "components": [] });
    let delivery = world.sim.borrow_mut().forge_modal("mara", "#general", empty).unwrap();
    world.deliver("mara", delivery).await.says("not a time");
    assert_eq!(giveaways(&world), "0");
}

#[tokio::test(start_paused = true)]
async fn a_forged_form_needs_the_right_too() {
    let world = World::new().await;
    let field = |id: &str, value: &str| json!({ "type": 18, "id": 1, "component": { "type": 4, "id": 2, "custom_id": id, "value": value } });
    let data = json!({ "custom_id": "1:giveaways:create", "components": [
        field("prize", "Lamp"), field("ends", "1h"), field("winners", "1"), field("description", "") ] });
    let by_anyone = world.sim.borrow_mut().forge_modal("bela", "#general", data.clone()).unwrap();
    world.deliver("bela", by_anyone).await.says("Manage Server");
    assert_eq!(giveaways(&world), "0");
    let mut many = data.clone();
    many["components"][2] = field("winners", "5000");
    let delivery = world.sim.borrow_mut().forge_modal("mara", "#general", many).unwrap();
    world.deliver("mara", delivery).await.says("from 1 to 50");
    let delivery = world.sim.borrow_mut().forge_modal("mara", "#general", data).unwrap();
    world.deliver("mara", delivery).await.says("on its way");
}

#[tokio::test(start_paused = true)]
async fn what_was_never_suggested_is_looked_up_like_anything_typed() {
    let world = World::new().await;
    world.slash("mara", "#general", START).await.says("on its way");
    let values = ["'; DROP TABLE giveaways; --", "%", "_", "../..", "\u{0}", "@everyone", "x".repeat(5_000).as_str()]
        .map(str::to_owned);
    for value in values {
        let delivery = slash(&world, "mara", "/giveaway end giveaway:Lamp");
        let forged = changed(&delivery, |body| body["data"]["options"][0]["options"][0]["value"] = json!(value));
        let seen = world.deliver("mara", forged).await;
        seen.says("There is no giveaway");
        assert!(seen.message.is_some_and(|message| message.pinged.is_empty()));
    }
    assert_eq!(world.db.column("SELECT state FROM giveaways"), ["active"]);
    assert!(world.sim.borrow().member(DEMO, "mara").is_some());
}

#[tokio::test(start_paused = true)]
async fn numbers_beyond_what_the_client_offers_are_refused() {
    let world = World::new().await;
    for (option, value) in [
        ("winners", json!(0)),
        ("winners", json!(51)),
        ("winners", json!(-1)),
        ("winners", json!(9_007_199_254_740_991_i64)),
        ("reroll_limit", json!(-5)),
        ("min_entrants", json!(-2)),
        ("winners", json!(1.5)),
    ] {
        let delivery = slash(&world, "mara", &format!("{START} winners:1"));
        let forged = changed(&delivery, |body| {
            let options = body["data"]["options"][0]["options"].as_array_mut().unwrap();
            options.retain(|known| known["name"] != option);
            options.push(json!({ "name": option, "type": 4, "value": value }));
        });
        let answer = muster_core::interaction(&world.ctx(), &forged.body).await;
        assert!(!answer.body.contains("on its way"), "{option} {value}: {}", answer.body);
    }
    assert_eq!(giveaways(&world), "0");
}
