//! Purpose: tests of the core through its front doors: REST, people acting, and the application's answers.

mod components_v2;
mod dispatches;
mod faults;
mod files;
pub(crate) mod gateway;
mod hostile;
mod interactions;
mod limits;
mod oauth;
mod openapi;
mod pictures;
mod rest;
mod sessions;
mod social;
mod social_facebook;
mod social_faults;
mod social_oauth;
mod social_publish;
mod social_server;
mod world;

use serde_json::{Value, json};

use crate::{Answer, DEMO_GUILD, Delivery, Refusal, Sim, SimOptions};

pub(crate) const API: &str = "/api/v10";

/// The demo world with a few commands of every kind.
pub(crate) fn demo() -> Sim {
    let mut sim = Sim::new(SimOptions::default());
    sim.seed_demo();
    let path = format!("{API}/applications/{}/commands", sim.application_id());
    let (status, body) = sim.rest_json("PUT", &path, Some(&commands()));
    assert_eq!(status, 200, "{body}");
    sim
}

fn commands() -> Value {
    json!([
        {"name": "giveaway", "description": "Giveaways", "default_member_permissions": "32", "options": [
            {"type": 1, "name": "start", "description": "Start one", "options": [
                {"type": 3, "name": "prize", "description": "What", "required": true, "max_length": 20},
                {"type": 3, "name": "duration", "description": "How long", "required": true},
                {"type": 4, "name": "winners", "description": "How many", "min_value": 1, "max_value": 20},
                {"type": 8, "name": "role", "description": "Who"},
                {"type": 7, "name": "channel", "description": "Where", "channel_types": [0]},
                {"type": 3, "name": "kind", "description": "Kind", "choices": [{"name": "Quick", "value": "quick"}]},
                {"type": 11, "name": "picture", "description": "Picture"},
            ]},
            {"type": 1, "name": "end", "description": "End one", "options": [
                {"type": 3, "name": "id", "description": "Which", "autocomplete": true, "required": true},
            ]},
        ]},
        {"name": "about", "description": "About this bot", "options": [
            {"type": 6, "name": "user", "description": "Who"},
            {"type": 9, "name": "whom", "description": "Whom"},
            {"type": 10, "name": "ratio", "description": "Ratio"},
            {"type": 5, "name": "loud", "description": "Loud"},
        ]},
        {"name": "Warn", "type": 2},
        {"name": "Quote", "type": 3},
    ])
}

pub(crate) fn reply(sim: &mut Sim, delivery: &Delivery, answer: Value) -> Result<Answer, Refusal> {
    sim.answer(&delivery.interaction_id, 200, answer.to_string().as_bytes())
}

/// A message with a button "Enter", a disabled one, a string select and a user select, sent as an answer to `/about`.
pub(crate) fn board(sim: &mut Sim) -> String {
    let delivery = sim.slash("jonas", "#general", "/about").expect("usable");
    let answer = reply(
        sim,
        &delivery,
        json!({"type": 4, "data": {"content": "Pick", "components": [
            {"type": 1, "components": [
                {"type": 2, "style": 1, "label": "Enter", "custom_id": "enter"},
                {"type": 2, "style": 2, "label": "Closed", "custom_id": "closed", "disabled": true},
            ]},
            {"type": 1, "components": [{"type": 3, "custom_id": "pick", "max_values": 2, "options": [
                {"label": "Tea", "value": "tea"}, {"label": "Coffee", "value": "coffee"},
            ]}]},
            {"type": 1, "components": [{"type": 5, "custom_id": "who"}]},
            {"type": 1, "components": [{"type": 7, "custom_id": "whom"}]},
            {"type": 1, "components": [{"type": 8, "custom_id": "where"}]},
        ]}}),
    );
    answer.expect("taken").message().expect("a message").id.clone()
}

pub(crate) fn channel_path(sim: &Sim, channel: &str, rest: &str) -> String {
    format!("{API}/channels/{}{rest}", sim.channel_id(channel).expect("known"))
}

pub(crate) fn guild_path(sim: &Sim, rest: &str) -> String {
    format!("{API}/guilds/{}{rest}", sim.guild_id(DEMO_GUILD).expect("known"))
}
