//! Purpose: what people do, as a gateway client hears it: names, shapes, intents.

use serde_json::{Value, json};

use crate::{DEMO_GUILD, NewChannel, NewRole, NewUser, OTHER_BOT, VoiceChange, events::intents, world::ChannelKind};

use super::gateway::{Client, client, names, read_by_twilight, sent};

/// A client with all intents that has heard of its guilds.
fn listening() -> Client {
    let mut client = client();
    let greeting = sent(client.identify(intents::ALL));
    greeting.iter().for_each(read_by_twilight);
    client
}

/// What came of something, each event readable by twilight.
fn heard(client: &mut Client) -> Vec<Value> {
    let events = client.happen();
    events.iter().for_each(read_by_twilight);
    events
}

#[test]
fn a_guild_comes_complete_but_for_members_nobody_asked_for() {
    let mut client = client();
    client.sim.voice("emil", DEMO_GUILD, Some("Window seat")).expect("may");
    let thread = client.sim.start_thread("ada", "#general", "Tea", None).expect("may");
    client.sim.take_events();
    let events = sent(client.identify(intents::ALL & !intents::GUILD_PRESENCES));
    assert_eq!(events[0]["d"]["resume_gateway_url"], "ws://127.0.0.1:8788/gateway");
    let guild = &events[1]["d"];
    let sim = &client.sim;
    assert_eq!(guild["afk_channel_id"], json!(sim.channel_id("Gone for a walk")));
    assert_eq!((&guild["member_count"], &guild["large"]), (&json!(12), &json!(false)));
    let state = &guild["voice_states"][0];
    assert_eq!((&state["user_id"], &state["guild_id"]), (&json!(sim.user_id("emil")), &Value::Null));
    assert_eq!(guild["threads"][0]["id"], json!(thread));
    let members: Vec<&Value> =
        guild["members"].as_array().into_iter().flatten().map(|member| &member["user"]["username"]).collect();
    assert_eq!(members, ["Muster", "emil"]);
    for key in ["channels", "roles", "joined_at", "emojis", "stickers", "stage_instances"] {
        assert!(!guild[key].is_null(), "{key} is missing");
    }
    let text = guild["channels"].as_array().into_iter().flatten().find(|channel| channel["name"] == "general");
    assert_eq!(text.map(|channel| &channel["parent_id"]), Some(&json!(sim.channel_id("Front room"))));
}

#[test]
fn messages_say_who_wrote_them_and_from_where() {
    let mut client = listening();
    let sim = &mut client.sim;
    let thread = sim.start_thread("emil", "#general", "Tea", None).expect("may");
    sim.say("emil", &thread, "hello").expect("may");
    sim.say(OTHER_BOT, "#general", "beep").expect("may");
    sim.webhook_say("#general", "News", "extra").expect("known");
    sim.system_message("nova", "#general", 7).expect("known");
    let events = heard(&mut client);
    assert_eq!(names(&events).len(), 5);
    assert_eq!(events[0]["d"]["newly_created"], true);
    let by_emil = &events[1]["d"];
    let roles = by_emil["member"]["roles"].as_array().map(Vec::len);
    assert_eq!((&by_emil["channel_id"], roles), (&json!(thread), Some(1)));
    assert!(by_emil["member"]["joined_at"].is_string() && by_emil["member"]["user"].is_null());
    assert_eq!((&events[2]["d"]["author"]["bot"], &events[2]["d"]["webhook_id"]), (&json!(true), &Value::Null));
    let by_webhook = &events[3]["d"];
    assert_eq!(by_webhook["webhook_id"], by_webhook["author"]["id"]);
    assert_eq!((&by_webhook["author"]["username"], &by_webhook["member"]), (&json!("News"), &Value::Null));
    assert_eq!((&events[4]["d"]["type"], &events[4]["d"]["content"]), (&json!(7), &json!("")));
}

#[test]
fn edits_deletions_and_reactions_are_told() {
    let mut client = listening();
    let sim = &mut client.sim;
    let ids: Vec<String> =
        (0..3).map(|_| sim.say("emil", "#general", "one two").map(|said| said.id).expect("may")).collect();
    sim.edit_message("emil", &ids[0], "one").expect("own");
    assert!(sim.edit_message("ada", &ids[0], "mine").is_err());
    sim.react("ada", &ids[0], "🎉").expect("may");
    sim.delete_message("emil", &ids[0]).expect("own");
    sim.delete_messages("jonas", &[&ids[1], &ids[2]]).expect("a moderator");
    let events = heard(&mut client);
    let told = ["MESSAGE_UPDATE", "MESSAGE_REACTION_ADD", "MESSAGE_DELETE", "MESSAGE_DELETE_BULK"];
    assert_eq!(names(&events)[3..], told);
    assert_eq!(events[4]["d"]["member"]["user"]["username"], "ada");
    assert_eq!(events[6]["d"]["ids"], json!(ids[1..]));
    assert!(client.sim.messages("#general", None).iter().all(|message| !ids.contains(&message.id)));
}

#[test]
fn voice_is_told_from_joining_to_leaving() {
    let mut client = listening();
    let sim = &mut client.sim;
    let set = |change: VoiceChange| change;
    assert!(sim.set_voice("emil", DEMO_GUILD, set(VoiceChange::default())).is_err(), "emil is not in voice");
    sim.voice("emil", DEMO_GUILD, Some("Window seat")).expect("may");
    sim.voice("emil", DEMO_GUILD, Some("Long table")).expect("may");
    let deafened = VoiceChange { self_deaf: Some(true), ..VoiceChange::default() };
    sim.set_voice("emil", DEMO_GUILD, deafened).expect("in voice");
    let muted = VoiceChange { mute: Some(true), ..VoiceChange::default() };
    sim.set_voice("emil", DEMO_GUILD, muted).expect("in voice");
    sim.voice("emil", DEMO_GUILD, None).expect("may");
    sim.voice("emil", DEMO_GUILD, Some("Window seat")).expect("may");
    sim.remove_member(DEMO_GUILD, "emil").expect("known");
    let events = heard(&mut client);
    let voice: Vec<&Value> = events.iter().filter(|e| e["t"] == "VOICE_STATE_UPDATE").map(|e| &e["d"]).collect();
    let channels: Vec<Value> = ["Window seat", "Long table"].map(|name| json!(client.sim.channel_id(name))).into();
    let (window, table) = (&channels[0], &channels[1]);
    let seen: Vec<(&Value, bool, bool, bool)> = voice
        .iter()
        .map(|v| (&v["channel_id"], v["self_mute"] == true, v["self_deaf"] == true, v["mute"] == true))
        .collect();
    assert_eq!(
        seen,
        [
            (window, false, false, false),
            (table, false, false, false),
            (table, true, true, false),
            (table, true, true, true),
            (&Value::Null, true, true, true),
            (window, false, false, true),
            (&Value::Null, false, false, true),
        ]
    );
    assert!(voice.iter().all(|state| state["member"]["user"]["username"] == "emil"));
    assert_eq!(voice[0]["session_id"], voice[4]["session_id"]);
    assert_ne!(voice[0]["session_id"], voice[5]["session_id"]);
    assert_eq!(names(&events).last(), Some(&"GUILD_MEMBER_REMOVE"));
}

#[test]
fn a_stage_has_an_audience_and_a_channel_that_goes_empties_itself() {
    let mut client = listening();
    let sim = &mut client.sim;
    let stage = NewChannel { name: "Stage".into(), kind: Some(ChannelKind::Stage), ..NewChannel::default() };
    let stage = sim.add_channel(DEMO_GUILD, stage).expect("made");
    sim.voice("ada", DEMO_GUILD, Some("Stage")).expect("may");
    let speaking = VoiceChange { suppress: Some(false), ..VoiceChange::default() };
    sim.set_voice("ada", DEMO_GUILD, speaking).expect("in voice");
    sim.remove_channel(&stage).expect("known");
    let events = heard(&mut client);
    let told = ["CHANNEL_CREATE", "VOICE_STATE_UPDATE", "VOICE_STATE_UPDATE", "VOICE_STATE_UPDATE", "CHANNEL_DELETE"];
    assert_eq!(names(&events), told);
    let suppressed: Vec<&Value> = events[1..4].iter().map(|event| &event["d"]["suppress"]).collect();
    assert_eq!(suppressed, [true, false, false]);
    assert_eq!(events[3]["d"]["channel_id"], Value::Null);
}

#[test]
fn guild_roles_and_members_change_before_the_clients_eyes() {
    let mut client = listening();
    let sim = &mut client.sim;
    sim.set_afk_channel(DEMO_GUILD, None).expect("known");
    sim.add_role(DEMO_GUILD, NewRole { name: "Regular".into(), ..NewRole::default() }).expect("made");
    sim.give_role(DEMO_GUILD, "emil", "Regular").expect("known");
    sim.give_role(DEMO_GUILD, "emil", "Regular").expect("nothing changes");
    sim.take_role(DEMO_GUILD, "emil", "Regular").expect("known");
    sim.order_roles(DEMO_GUILD, &["Owner", "Regular"]).expect("known");
    sim.remove_role(DEMO_GUILD, "Regular").expect("known");
    sim.rename_channel("#general", "lounge").expect("known");
    let zoe = sim.add_user(NewUser { username: "zoe".into(), ..NewUser::default() });
    sim.add_member(DEMO_GUILD, &zoe, Default::default()).expect("joins");
    let events = heard(&mut client);
    let mut told = names(&events);
    told.dedup();
    assert_eq!(
        told,
        [
            "GUILD_UPDATE",
            "GUILD_ROLE_CREATE",
            "GUILD_MEMBER_UPDATE",
            "GUILD_ROLE_UPDATE",
            "GUILD_ROLE_DELETE",
            "CHANNEL_UPDATE",
            "GUILD_MEMBER_ADD",
        ]
    );
    assert_eq!(events[0]["d"]["afk_channel_id"], Value::Null);
    assert_eq!(events.iter().filter(|event| event["t"] == "GUILD_MEMBER_UPDATE").count(), 2);
}

#[test]
fn threads_live_and_end_in_sight_of_the_bot() {
    let mut client = listening();
    let sim = &mut client.sim;
    let start = sim.say("emil", "#general", "who wants tea?").expect("may").id;
    let thread = sim.start_thread("ada", "#general", "Tea", Some(&start)).expect("may");
    assert_eq!(thread, start);
    assert!(sim.start_thread("ada", "#general", "Tea", Some(&start)).is_err(), "one thread a message");
    assert!(sim.start_thread("ada", "Window seat", "Tea", None).is_err(), "no threads in voice");
    sim.set_archived(&thread, true).expect("a thread");
    sim.say("emil", &thread, "me!").expect("wakes it");
    let join = super::channel_path(sim, &thread, "/thread-members/@me");
    assert_eq!(sim.rest_json("PUT", &join, None).0, 204);
    sim.remove_channel(&thread).expect("known");
    let events = heard(&mut client);
    assert_eq!(
        names(&events),
        [
            "MESSAGE_CREATE",
            "THREAD_CREATE",
            "MESSAGE_UPDATE",
            "THREAD_UPDATE",
            "THREAD_UPDATE",
            "MESSAGE_CREATE",
            "THREAD_MEMBERS_UPDATE",
            "THREAD_DELETE",
        ]
    );
    let gone = events.last().map(|event| event["d"].clone()).unwrap_or_default();
    assert_eq!(gone.as_object().map(|map| map.len()), Some(4));
}
