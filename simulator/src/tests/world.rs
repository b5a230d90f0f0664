//! Purpose: the world itself: names, permissions, dump and load, events.

use serde_json::json;

use crate::{DEMO_GUILD, OTHER_GUILD, Sim, SimOptions, permissions as p};

use super::{board, demo};

#[test]
fn a_dump_loads_into_the_same_world() {
    let mut sim = demo();
    board(&mut sim);
    let dump = sim.dump();
    let text = dump.to_string();
    let mut other = Sim::new(SimOptions::default());
    other.load(serde_json::from_str(&text).expect("json")).expect("loads");
    assert_eq!(other.dump(), dump);
    assert_eq!(other.messages("#general", None).len(), sim.messages("#general", None).len());
    assert!(other.load(json!({"format": "else"})).is_err());
    assert_eq!(other.dump(), dump);
}

#[test]
fn equal_options_and_deeds_give_equal_worlds() {
    let (mut one, mut other) = (demo(), demo());
    board(&mut one);
    board(&mut other);
    assert_eq!(one.dump(), other.dump());
}

#[test]
fn the_demo_has_the_people_stories_need() {
    let sim = demo();
    assert_eq!(sim.roles_of(DEMO_GUILD, "ada"), ["Booster", "Member"]);
    assert_eq!(sim.roles_of(DEMO_GUILD, "gus"), Vec::<String>::new());
    assert!(sim.member(OTHER_GUILD, "gus").is_some());
    assert_eq!(sim.permissions_in("mara", "#staff"), p::ALL);
    assert_eq!(sim.permissions_in("emil", "#staff"), 0);
    assert_eq!(sim.permissions_in("emil", "#welcome") & p::SEND_MESSAGES, 0);
    assert_ne!(sim.channel_id("#general"), sim.channel_id("Harbour Book Club/#general"));
    assert_eq!(sim.commands_for(DEMO_GUILD, Some("emil")).len(), 3);
    assert_eq!(sim.commands_for(DEMO_GUILD, Some("jonas")).len(), 4);
}

#[test]
fn overwrites_apply_in_discords_order() {
    let mut sim = demo();
    sim.set_permissions("#general", "@everyone", 0, p::ADD_REACTIONS).expect("known");
    assert_eq!(sim.permissions_in("emil", "#general") & p::ADD_REACTIONS, 0);
    sim.set_permissions("#general", "Member", p::ADD_REACTIONS, 0).expect("known");
    assert_ne!(sim.permissions_in("emil", "#general") & p::ADD_REACTIONS, 0);
    sim.set_permissions("#general", "emil", 0, p::ADD_REACTIONS).expect("known");
    assert_eq!(sim.permissions_in("emil", "#general") & p::ADD_REACTIONS, 0);
    assert_eq!(sim.permissions_in("mara", "#general"), p::ALL);
}

#[test]
fn events_tell_watchers_what_happened() {
    let mut sim = demo();
    sim.take_events();
    sim.say("emil", "#general", "hello").expect("may");
    let events = sim.take_events();
    assert_eq!(events.len(), 1);
    let dispatch = events[0].dispatch.as_ref().expect("for the gateway");
    assert_eq!((dispatch.name, &dispatch.data["content"]), ("MESSAGE_CREATE", &json!("hello")));
    assert!(dispatch.data["member"]["roles"].is_array());
    sim.remove_member(DEMO_GUILD, "emil").expect("known");
    let left = sim.take_events();
    assert_eq!(left[0].dispatch.as_ref().map(|dispatch| dispatch.name), Some("GUILD_MEMBER_REMOVE"));
}
