//! Purpose: interactions: their form, what the client refuses, what answers Discord takes.

use serde_json::{Value, json};
use twilight_model::application::interaction::{Interaction, InteractionData, InteractionType};

use crate::{Answer, Delivery, Sim};

use super::{API, board, demo, reply};

fn parsed(delivery: &Delivery) -> Interaction {
    match serde_json::from_slice(&delivery.body) {
        Ok(interaction) => interaction,
        Err(error) => panic!("{error}: {}", String::from_utf8_lossy(&delivery.body)),
    }
}

fn code<T: std::fmt::Debug>(result: Result<T, crate::Refusal>) -> &'static str {
    result.expect_err("refused").code
}

fn modal(sim: &mut Sim) -> crate::ModalId {
    let delivery = sim.slash("jonas", "#general", "/about").expect("usable");
    let answer = reply(
        sim,
        &delivery,
        json!({"type": 9, "data": {"custom_id": "form", "title": "Form", "components": [
            {"type": 18, "label": "Name", "component": {"type": 4, "style": 1, "custom_id": "name", "min_length": 2, "max_length": 5}},
            {"type": 18, "label": "Drink", "component": {"type": 3, "custom_id": "drink", "required": false,
                "options": [{"label": "Tea", "value": "tea"}]}},
            {"type": 18, "label": "Who", "component": {"type": 5, "custom_id": "who", "required": false}},
            {"type": 10, "content": "Fine print"},
            {"type": 1, "components": [{"type": 4, "style": 2, "custom_id": "old", "label": "Old way", "required": false}]},
        ]}}),
    );
    answer.expect("taken").modal().expect("a form").id.clone()
}

#[test]
fn every_kind_of_delivery_is_read_by_twilight() {
    let mut sim = demo();
    assert_eq!(parsed(&sim.ping()).kind, InteractionType::Ping);
    let line = "/giveaway start prize:\"A lamp\" duration:10m winners:2 role:@Member channel:#giveaways kind:Quick picture:a.png";
    let slash = sim.slash("jonas", "#general", line).expect("usable");
    let interaction = parsed(&slash);
    let Some(InteractionData::ApplicationCommand(data)) = &interaction.data else { panic!("no command") };
    let resolved = data.resolved.as_ref().expect("resolved");
    assert_eq!((resolved.roles.len(), resolved.channels.len(), resolved.attachments.len()), (1, 1, 1));
    assert!(interaction.member.as_ref().and_then(|member| member.permissions).is_some());
    let all = "/about user:@Ada whom:@Moderator ratio:0.5 loud:true";
    parsed(&sim.slash("ada", "#general", all).expect("usable"));
    sim.say("nova", "DM", "hello").expect("may write");
    let direct = parsed(&sim.slash("nova", "DM", "/about").expect("usable"));
    assert!(direct.is_dm());
    let focused = json!({"name": "giveaway", "options": [
        {"name": "end", "type": 1, "options": [{"name": "id", "value": "12", "focused": true}]}]});
    let typing = sim.autocomplete("jonas", "#general", focused).expect("usable");
    assert_eq!(parsed(&typing).kind, InteractionType::ApplicationCommandAutocomplete);
    let on_user = sim.command("jonas", "#general", json!({"name": "Warn", "type": 2, "target_id": "emil"}));
    parsed(&on_user.expect("usable"));
    let last = sim.last_message("#general", None).expect("chat").id;
    let on_message = sim.command("jonas", "#general", json!({"name": "Quote", "type": 3, "target_id": last}));
    parsed(&on_message.expect("usable"));
    let message = board(&mut sim);
    parsed(&sim.press("emil", &message, "enter").expect("there"));
    let tea = sim.select("emil", &message, "pick", &["tea".into(), "Coffee".into()]).expect("there");
    let Some(InteractionData::MessageComponent(data)) = parsed(&tea).data else { panic!("no component") };
    assert_eq!(data.values, ["tea", "coffee"]);
    parsed(&sim.select("emil", &message, "who", &["ada".into()]).expect("there"));
    parsed(&sim.select("emil", &message, "whom", &["Member".into()]).expect("there"));
    parsed(&sim.select("emil", &message, "where", &["#welcome".into()]).expect("there"));
    parsed(&sim.forge_component("emil", "#general", &message, "other", &["x".into()]).expect("sent"));
    let form = modal(&mut sim);
    let filled = sim.submit_modal("jonas", &form, &[("name", "Jo"), ("drink", "tea"), ("who", "ada"), ("old", "x")]);
    let Some(InteractionData::ModalSubmit(data)) = parsed(&filled.expect("complete")).data else { panic!("no form") };
    assert_eq!(data.custom_id, "form");
}

#[test]
fn the_client_refuses_what_cannot_be_sent() {
    let mut sim = demo();
    let mut slash = |user: &str, line: &str| code(sim.slash(user, "#general", line));
    assert_eq!(slash("emil", "/giveaway start prize:x duration:1h"), "no_permission");
    assert_eq!(slash("jonas", "/giveaway start prize:x"), "missing_option");
    assert_eq!(slash("jonas", "/giveaway start prize:x duration:1h winners:0"), "invalid_option");
    assert_eq!(slash("jonas", "/giveaway start prize:x duration:1h winners:two"), "invalid_option");
    assert_eq!(slash("jonas", "/giveaway start prize:123456789012345678901 duration:1h"), "invalid_option");
    assert_eq!(slash("jonas", "/giveaway start prize:x duration:1h kind:slow"), "invalid_option");
    assert_eq!(slash("jonas", "/giveaway start prize:x duration:1h channel:Events"), "invalid_option");
    assert_eq!(slash("jonas", "/giveaway start prize:x duration:1h role:@Nobody"), "unknown_role");
    assert_eq!(slash("jonas", "/nothing"), "unknown_command");
    assert_eq!(code(sim.slash("emil", "#staff", "/about")), "no_access");
    let message = board(&mut sim);
    assert_eq!(code(sim.press("emil", &message, "closed")), "disabled");
    assert_eq!(code(sim.press("emil", &message, "nothing")), "no_such_component");
    assert_eq!(code(sim.press("emil", &message, "pick")), "no_such_component");
    assert_eq!(code(sim.press("emil", "123", "enter")), "unknown_message");
    assert_eq!(code(sim.select("emil", &message, "pick", &["cola".into()])), "invalid_selection");
    assert_eq!(code(sim.select("emil", &message, "pick", &[])), "invalid_selection");
    let form = modal(&mut sim);
    assert_eq!(code(sim.submit_modal("jonas", &form, &[])), "missing_field");
    assert_eq!(code(sim.submit_modal("jonas", &form, &[("name", "toolong")])), "invalid_field");
    assert_eq!(code(sim.submit_modal("jonas", &form, &[("name", "ok"), ("other", "x")])), "no_such_field");
    assert_eq!(code(sim.submit_modal("emil", &form, &[("name", "ok")])), "no_such_modal");
}

#[test]
fn ephemeral_answers_are_seen_by_one_person_only() {
    let mut sim = demo();
    let delivery = sim.slash("emil", "#general", "/about").expect("usable");
    let answer = json!({"type": 4, "data": {"content": "Only you, <@123>", "flags": 64}});
    let id = reply(&mut sim, &delivery, answer).expect("taken").message().expect("message").id.clone();
    let seen = |user| sim.messages("#general", Some(user)).iter().any(|message| message.id == id);
    assert!(seen("emil"));
    assert!(!seen("jonas"));
    let path = super::channel_path(&sim, "#general", &format!("/messages/{id}"));
    assert_eq!(sim.rest_json("GET", &path, None).1["code"], 10008);
    assert_eq!(code(sim.press("jonas", &id, "x")), "unknown_message");
}

#[test]
fn answers_discord_does_not_take_leave_the_person_without_one() {
    for answer in [
        json!({"type": 7, "data": {"content": "no component"}}),
        json!({"type": 4, "data": {"content": "x".repeat(2001)}}),
        json!({"type": 4, "data": {}}),
        json!({"type": 99}),
        json!([]),
    ] {
        let mut sim = demo();
        let before = sim.messages("#general", None).len();
        let delivery = sim.slash("emil", "#general", "/about").expect("usable");
        assert_eq!(code(reply(&mut sim, &delivery, answer.clone())), "did_not_respond", "{answer}");
        assert_eq!(sim.messages("#general", None).len(), before);
        let path = format!("{API}/webhooks/{}/{}", sim.application_id(), delivery.token);
        assert_eq!(sim.rest_json("POST", &path, Some(&json!({"content": "x"}))).1["code"], 10015);
    }
}

#[test]
fn late_second_and_foreign_answers_are_refused() {
    let mut sim = demo();
    let delivery = sim.slash("emil", "#general", "/about").expect("usable");
    let hello = json!({"type": 4, "data": {"content": "hello"}});
    reply(&mut sim, &delivery, hello.clone()).expect("taken");
    assert_eq!(code(reply(&mut sim, &delivery, hello.clone())), "already_answered");
    let callback = format!("{API}/interactions/{}/{}/callback", delivery.interaction_id, delivery.token);
    assert_eq!(sim.rest_json("POST", &callback, Some(&hello)).1["code"], 40060);
    let late = sim.slash("emil", "#general", "/about").expect("usable");
    sim.set_now(sim.now() + 3_001);
    assert_eq!(code(reply(&mut sim, &late, hello.clone())), "did_not_respond");
    let callback = format!("{API}/interactions/{}/{}/callback", late.interaction_id, late.token);
    assert_eq!(sim.rest_json("POST", &callback, Some(&hello)).1["code"], 10062);
    assert_eq!(code(sim.answer("1", 200, b"{}")), "unknown_interaction");
}

#[test]
fn deferred_answers_are_filled_in_and_followed_up() {
    let mut sim = demo();
    let delivery = sim.slash("emil", "#general", "/about").expect("usable");
    let webhook = format!("{API}/webhooks/{}/{}", sim.application_id(), delivery.token);
    assert_eq!(sim.rest_json("POST", &webhook, Some(&json!({"content": "early"}))).1["code"], 10015);
    let answer = reply(&mut sim, &delivery, json!({"type": 5, "data": {"flags": 64}})).expect("taken");
    assert!(matches!(answer, Answer::Deferred { ephemeral: true }));
    let loading = sim.last_message("#general", Some("emil")).expect("loading");
    assert!(loading.is_loading() && loading.is_ephemeral());
    let original = format!("{webhook}/messages/@original");
    let (status, body) = sim.rest_json("PATCH", &original, Some(&json!({"content": "done <@1>"})));
    assert_eq!((status, &body["flags"]), (200, &json!(64)), "{body}");
    let (status, body) = sim.rest_json("POST", &webhook, Some(&json!({"content": "more"})));
    assert_eq!(status, 200, "{body}");
    assert_ne!(body["id"], json!(loading.id));
    let follow_up = format!("{webhook}/messages/{}", body["id"].as_str().expect("id"));
    assert_eq!(sim.rest_json("DELETE", &follow_up, None).0, 204);
    assert_eq!(sim.rest_json("GET", &follow_up, None).1["code"], 10008);
    assert_eq!(sim.rest_json("GET", &original, None).1["content"], "done <@1>");
    sim.set_now(sim.now() + 15 * 60 * 1_000 + 1);
    assert_eq!(sim.rest_json("PATCH", &original, Some(&json!({"content": "late"}))).1["code"], 50027);
}

#[test]
fn a_callback_counts_as_the_answer_when_the_response_is_202() {
    let mut sim = demo();
    let delivery = sim.slash("emil", "#general", "/about").expect("usable");
    let callback =
        format!("{API}/interactions/{}/{}/callback?with_response=true", delivery.interaction_id, delivery.token);
    let hello = json!({"type": 4, "data": {"content": "hello"}});
    let (status, body) = sim.rest_json("POST", &callback, Some(&hello));
    assert_eq!((status, &body["resource"]["message"]["content"]), (200, &json!("hello")));
    let answer = sim.answer(&delivery.interaction_id, 202, b"").expect("taken");
    assert_eq!(answer.message().map(|message| message.content.as_str()), Some("hello"));
}

#[test]
fn components_update_their_message_also_through_a_modal() {
    let mut sim = demo();
    let message = board(&mut sim);
    let press = sim.press("emil", &message, "enter").expect("there");
    let form = json!({"type": 9, "data": {"custom_id": "form", "title": "Form", "components": [
        {"type": 1, "components": [{"type": 4, "style": 1, "custom_id": "a", "label": "A"}]}]}});
    let form = reply(&mut sim, &press, form).expect("taken").modal().expect("a form").id.clone();
    let submit = sim.submit_modal("emil", &form, &[("a", "x")]).expect("complete");
    let body: Value = serde_json::from_slice(&submit.body).expect("json");
    assert_eq!(body["message"]["id"], json!(message));
    let answer = reply(&mut sim, &submit, json!({"type": 7, "data": {"content": "changed", "components": []}}));
    assert!(matches!(answer, Ok(Answer::Updated(_))));
    let shown = sim.message(&message).expect("there");
    assert_eq!((shown.content.as_str(), shown.buttons().len()), ("changed", 0));
    let silent = board(&mut sim);
    let press = sim.press("emil", &silent, "enter").expect("there");
    assert!(matches!(reply(&mut sim, &press, json!({"type": 6})), Ok(Answer::DeferredUpdate)));
    let original = format!("{API}/webhooks/{}/{}/messages/@original", sim.application_id(), press.token);
    assert_eq!(sim.rest_json("PATCH", &original, Some(&json!({"content": "by webhook"}))).0, 200);
    assert_eq!(sim.message(&silent).expect("there").content, "by webhook");
}

#[test]
fn autocomplete_takes_choices_only() {
    let mut sim = demo();
    let focused = json!({"name": "giveaway", "options": [
        {"name": "end", "type": 1, "options": [{"name": "id", "value": "1", "focused": true}]}]});
    let typing = sim.autocomplete("jonas", "#general", focused.clone()).expect("usable");
    let answer = reply(&mut sim, &typing, json!({"type": 8, "data": {"choices": [{"name": "One", "value": "1"}]}}));
    assert!(matches!(answer, Ok(Answer::Choices(choices)) if choices[0].name == "One"));
    let typing = sim.autocomplete("jonas", "#general", focused.clone()).expect("usable");
    let many: Vec<Value> = (0..26).map(|n| json!({"name": format!("{n}"), "value": "x"})).collect();
    assert_eq!(code(reply(&mut sim, &typing, json!({"type": 8, "data": {"choices": many}}))), "did_not_respond");
    let typing = sim.autocomplete("jonas", "#general", focused).expect("usable");
    assert_eq!(code(reply(&mut sim, &typing, json!({"type": 4, "data": {"content": "x"}}))), "did_not_respond");
}
