//! Purpose: scripted faults and rate limits.

use serde_json::json;

use crate::{Fault, FaultKind, RateLimitScope, RestOutcome, RestRequest, Sim};

use super::{channel_path, demo};

const CREATE: &str = "/channels/{id}/messages";

fn create(sim: &mut Sim) -> RestOutcome {
    let path = channel_path(sim, "#general", "/messages");
    let request = RestRequest::by_bot(sim, "POST", &path, Some(&json!({"content": "x"})));
    sim.rest(request)
}

fn count(sim: &Sim) -> usize {
    sim.messages("#general", None).len()
}

#[test]
fn faults_strike_after_n_calls_and_so_often() {
    let mut sim = demo();
    let limited = FaultKind::RateLimited { scope: RateLimitScope::User, retry_after: 2.37 };
    sim.add_fault(Fault { after: 1, count: Some(2), ..Fault::once("POST", CREATE, limited) });
    let statuses: Vec<u16> = (0..4).filter_map(|_| create(&mut sim).json().map(|(status, _)| status)).collect();
    assert_eq!(statuses, [200, 429, 429, 200]);
    let call = sim.calls().iter().find(|call| call.status == 429).expect("logged");
    assert_eq!(call.response["retry_after"], 2.37);
}

#[test]
fn hangs_happen_before_or_after_the_effect() {
    let mut sim = demo();
    let before = count(&sim);
    for (kind, effect, reset) in [
        (FaultKind::HangBefore, false, false),
        (FaultKind::HangAfterEffect, true, false),
        (FaultKind::ResetAfterEffect, true, true),
    ] {
        sim.add_fault(Fault::once("POST", CREATE, kind));
        let outcome = create(&mut sim);
        let RestOutcome::NoAnswer { took_effect, reset: was_reset } = outcome else { panic!("answered") };
        assert_eq!((took_effect, was_reset), (effect, reset));
    }
    assert_eq!(count(&sim), before + 2);
}

#[test]
fn statuses_html_and_slowness_can_be_scripted() {
    let mut sim = demo();
    sim.add_fault(Fault::once("*", "*", FaultKind::HtmlBlock));
    let RestOutcome::Answer(html) = create(&mut sim) else { panic!("no answer") };
    assert!(html.status == 429 && html.body.starts_with(b"<!DOCTYPE"));
    sim.add_fault(Fault::once("POST", CREATE, FaultKind::Status { status: 503, code: 0, message: String::new() }));
    assert_eq!(create(&mut sim).json().map(|(status, _)| status), Some(503));
    sim.add_fault(Fault::once("POST", CREATE, FaultKind::Slow { ms: 700 }));
    let RestOutcome::Answer(slow) = create(&mut sim) else { panic!("no answer") };
    assert_eq!((slow.status, slow.delay_ms), (200, 700));
    let fault = json!({"method": "POST", "route": CREATE, "kind": "slow", "ms": 5});
    let fault: Fault = serde_json::from_value(fault).expect("readable");
    assert_eq!(fault, Fault::always("POST", CREATE, FaultKind::Slow { ms: 5 }));
}

#[test]
fn buckets_are_counted_and_enforced_on_demand() {
    let mut sim = demo();
    for _ in 0..6 {
        assert_eq!(create(&mut sim).json().map(|(status, _)| status), Some(200));
    }
    sim.set_now(sim.now() + 10_000);
    sim.enforce_rate_limits(true);
    let statuses: Vec<u16> = (0..6).filter_map(|_| create(&mut sim).json().map(|(status, _)| status)).collect();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429]);
    let RestOutcome::Answer(stopped) = create(&mut sim) else { panic!("no answer") };
    let header = |name: &str| stopped.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!(header("x-ratelimit-remaining"), Some("0"));
    assert_eq!(header("x-ratelimit-scope"), Some("user"));
    assert_eq!(header("x-ratelimit-reset-after"), Some("5.000"));
    sim.set_now(sim.now() + 5_000);
    assert_eq!(create(&mut sim).json().map(|(status, _)| status), Some(200));
}

#[test]
fn the_global_limit_is_fifty_a_second() {
    let mut sim = demo();
    sim.set_now(sim.now() + 10_000);
    sim.enforce_rate_limits(true);
    let mut last = (0, json!(null));
    for n in 1..=51 {
        last = sim.rest_json("GET", &format!("/api/v10/channels/{n}"), None);
    }
    assert_eq!((last.0, &last.1["global"]), (429, &json!(true)));
}

#[test]
fn edits_of_messages_older_than_an_hour_are_few() {
    let mut sim = demo();
    let id = create(&mut sim).json().expect("answered").1["id"].as_str().expect("id").to_owned();
    let path = channel_path(&sim, "#general", &format!("/messages/{id}"));
    sim.enforce_rate_limits(true);
    let edits = |sim: &mut Sim, count: usize| {
        let answers = (0..count).map(|n| sim.rest_json("PATCH", &path, Some(&json!({"content": n.to_string()}))));
        answers.last().expect("some")
    };
    sim.set_now(sim.now() + 10_000);
    assert_eq!(edits(&mut sim, 5).0, 200);
    sim.set_now(sim.now() + 3_600_000);
    assert_eq!(edits(&mut sim, 3).0, 200);
    let (status, body) = edits(&mut sim, 1);
    assert_eq!((status, &body["code"]), (429, &json!(30046)));
    sim.set_now(sim.now() + 20_000);
    assert_eq!(edits(&mut sim, 1).0, 200);
}

#[test]
fn deliveries_can_be_doubled_delayed_kept_back_or_left_unheard() {
    let mut sim = demo();
    for (kind, wanted) in [
        (FaultKind::Duplicate, (2, 0, false)),
        (FaultKind::Slow { ms: 700 }, (1, 700, false)),
        (FaultKind::HangBefore, (0, 0, false)),
        (FaultKind::ResetAfterEffect, (1, 0, true)),
    ] {
        sim.add_fault(Fault::once("*", "INTERACTION", kind));
        let delivery = sim.slash("emil", "#general", "/about").expect("usable");
        assert_eq!((delivery.times, delivery.delay_ms, delivery.answer_lost), wanted);
    }
}
