//! Purpose: what comes out of gateway payloads: who earns, who does not and why, what is reported, and that nothing from
//! outside takes the process down.

use muster_core::{guild_config::GuildConfig, xp::LevelSettings};
use muster_gateway::pipeline::{Extent, Pipeline, Report, Rules, Signal, Wanted};
use muster_protocol::{EventKind, MemberXp};
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};
use twilight_model::id::{Id, marker::GuildMarker};

const GUILD: Id<GuildMarker> = Id::new(900);
const NOW: i64 = 1_763_155_800_000;
const MINUTE: i64 = 60_000;
const EVERYTHING: Extent = Extent { everything: true, whole: false };

struct Scene {
    pipeline: Pipeline,
    sequence: u64,
    now: i64,
}

fn settings() -> LevelSettings {
    let mut levels = LevelSettings { enabled: true, ..LevelSettings::default() };
    (levels.text.min_xp, levels.text.max_xp) = (20, 20);
    levels
}

fn rules(levels: LevelSettings) -> Option<Rules> {
    Rules::of(GuildConfig { levels, ..GuildConfig::default() })
}

impl Scene {
    fn with(levels: LevelSettings) -> Self {
        let mut scene = Self { pipeline: Pipeline::default(), sequence: 0, now: NOW };
        scene.pipeline.set_rules(GUILD, rules(levels));
        scene.hear("READY", &json!({ "session_id": "s", "application": { "id": "1" } }));
        let channels = json!([{ "id": "10" }, { "id": "11", "parent_id": "30" }, { "id": "40", "type": 2 }, { "id": "41", "type": 2 }]);
        let threads = json!([{ "id": "20", "parent_id": "11" }]);
        let guild = json!({ "id": GUILD, "channels": channels, "threads": threads, "voice_states": [], "afk_channel_id": "41" });
        scene.hear("GUILD_CREATE", &guild);
        scene
    }

    fn new() -> Self {
        Self::with(settings())
    }

    fn hear(&mut self, name: &str, data: &Value) -> Signal {
        self.sequence += 1;
        let text = format!(r#"{{"t":"{name}","s":{},"op":0,"d":{data}}}"#, self.sequence);
        self.pipeline.payload(0, &text, self.now)
    }

    /// A message of user 5 in channel 10, with changes.
    fn say(&mut self, content: &str, changes: &Value) {
        let id = (u64::try_from(self.now - 1_420_070_400_000).expect("after 2015") << 22) | self.sequence;
        let mut message = json!({ "id": id.to_string(), "channel_id": "10", "guild_id": GUILD, "content": content, "type": 0,
            "author": { "id": "5" }, "member": { "roles": ["77"] } });
        for (name, value) in changes.as_object().expect("an object") {
            message[name] = value.clone();
        }
        self.hear("MESSAGE_CREATE", &message);
    }

    fn voice(&mut self, user: u64, channel: Option<u64>, changes: &Value) {
        let mut state =
            json!({ "guild_id": GUILD, "user_id": user.to_string(), "channel_id": channel.map(|id| id.to_string()) });
        for (name, value) in changes.as_object().expect("an object") {
            state[name] = value.clone();
        }
        self.hear("VOICE_STATE_UPDATE", &state);
    }

    fn report(&mut self) -> Report {
        self.pipeline.report(self.now, EVERYTHING)
    }

    fn members(&mut self) -> Vec<MemberXp> {
        let members = self.report().events.into_iter().filter_map(|event| match event.kind {
            EventKind::Xp { members } => Some(members),
            _ => None,
        });
        members.flatten().collect()
    }

    /// What user 5 earned, and the last reason.
    fn earned(&mut self) -> (u32, u32, Option<String>) {
        let members = self.members();
        let member = members.iter().find(|member| member.user == Id::new(5));
        let reason = member.and_then(|member| member.why.last()?.reason.clone().map(Into::into));
        (member.map_or(0, |member| member.text), member.map_or(0, |member| member.voice), reason)
    }
}

#[test]
fn a_message_earns_and_the_next_waits_for_the_cooldown() {
    let mut scene = Scene::new();
    scene.say("good morning", &json!({}));
    scene.now += 5_000;
    scene.say("how are you", &json!({}));
    assert_eq!(scene.earned(), (20, 0, Some("cooldown".to_owned())));
    scene.now += MINUTE;
    scene.say("still here", &json!({}));
    assert_eq!(scene.earned(), (20, 0, None));
}

#[rstest]
#[case::bot(json!({ "author": { "id": "5", "bot": true } }))]
#[case::webhook(json!({ "webhook_id": "6" }))]
#[case::somebody_joined(json!({ "type": 7 }))]
#[case::private(json!({ "guild_id": null }))]
#[case::another_guild(json!({ "guild_id": "901" }))]
fn who_never_earns(#[case] changes: Value) {
    let mut scene = Scene::new();
    scene.say("good morning", &changes);
    assert!(scene.members().is_empty());
}

#[rstest]
#[case::channel(|levels: &mut LevelSettings| levels.text.no_xp_channels.push(Id::new(10)), "10", "no_xp_channel")]
#[case::category(|levels: &mut LevelSettings| levels.text.no_xp_channels.push(Id::new(30)), "11", "no_xp_channel")]
#[case::a_threads_category(|levels: &mut LevelSettings| levels.text.no_xp_channels.push(Id::new(30)), "20", "no_xp_channel")]
#[case::role(|levels: &mut LevelSettings| levels.text.no_xp_roles.push(Id::new(77)), "10", "no_xp_role")]
#[case::length(|levels: &mut LevelSettings| levels.text.min_length = 30, "10", "too_short")]
fn rules_of_the_guild_hold(#[case] change: fn(&mut LevelSettings), #[case] channel: &str, #[case] reason: &str) {
    let mut levels = settings();
    change(&mut levels);
    let mut scene = Scene::with(levels);
    scene.say("good morning", &json!({ "channel_id": channel }));
    assert_eq!(scene.earned(), (0, 0, Some(reason.to_owned())));
}

#[test]
fn a_channel_that_moves_takes_its_rules_with_it() {
    let mut levels = settings();
    levels.text.no_xp_channels.push(Id::new(30));
    let mut scene = Scene::with(levels);
    scene.hear("CHANNEL_UPDATE", &json!({ "id": "11", "guild_id": GUILD, "parent_id": null }));
    scene.say("good morning", &json!({ "channel_id": "20" }));
    assert_eq!(scene.earned(), (20, 0, None));
    scene.now += 2 * MINUTE;
    scene.hear("THREAD_CREATE", &json!({ "id": "21", "guild_id": GUILD, "parent_id": "12" }));
    scene.hear("CHANNEL_CREATE", &json!({ "id": "12", "guild_id": GUILD, "parent_id": "30" }));
    scene.say("in the new thread", &json!({ "channel_id": "21" }));
    assert_eq!(scene.earned().2.as_deref(), Some("no_xp_channel"));
}

#[test]
fn without_the_message_content_intent_everything_else_still_holds() {
    let mut levels = settings();
    levels.text.min_length = 30;
    let mut scene = Scene::with(levels);
    scene.pipeline.set_text_visible(false);
    scene.say("", &json!({}));
    scene.now += 1_000;
    scene.say("", &json!({}));
    assert_eq!(scene.earned(), (20, 0, Some("cooldown".to_owned())));
}

#[test]
fn what_comes_twice_counts_once() {
    let mut scene = Scene::new();
    scene.say("good morning", &json!({}));
    scene.sequence -= 1;
    scene.say("good morning again, under the number of the last", &json!({}));
    let members = scene.members();
    assert_eq!((members[0].text, members[0].messages), (20, 1));
}

#[rstest]
#[case::together(json!({}), 10, None)]
#[case::muted(json!({ "self_mute": true }), 0, Some("muted"))]
#[case::by_a_moderator(json!({ "mute": true }), 0, Some("muted"))]
#[case::deafened(json!({ "self_deaf": true }), 0, Some("deafened"))]
#[case::audience(json!({ "suppress": true }), 0, Some("suppressed"))]
#[case::with_a_bot_only(json!({ "company": "bot" }), 0, Some("alone"))]
#[case::away(json!({ "channel": 41 }), 0, Some("afk_channel"))]
fn time_in_voice(#[case] state: Value, #[case] minutes: u32, #[case] reason: Option<&str>) {
    let mut scene = Scene::new();
    let channel = state["channel"].as_u64().unwrap_or(40);
    scene.voice(
        6,
        Some(channel),
        &json!({ "member": { "user": { "id": "6", "bot": state["company"] == "bot" }, "roles": [] } }),
    );
    scene.voice(5, Some(channel), &state);
    scene.now += 10 * MINUTE;
    let (_, voice, told) = scene.earned();
    assert_eq!((voice, told.as_deref()), (minutes * settings().voice_xp, reason));
}

#[test]
fn a_lost_connection_pays_what_was_known_and_nothing_of_the_gap() {
    let mut scene = Scene::new();
    scene.voice(6, Some(40), &json!({}));
    scene.voice(5, Some(40), &json!({}));
    scene.now += 5 * MINUTE;
    assert_eq!(scene.earned().1, 25);
    scene.pipeline.disconnected(0);
    scene.now += 60 * MINUTE;
    assert_eq!(scene.earned().1, 0, "nobody knows who is there");
    // The session is gone: a new one says who is in voice now.
    scene.sequence = 0;
    scene.hear("READY", &json!({ "session_id": "t", "application": { "id": "1" } }));
    let states = json!([{ "user_id": "5", "channel_id": "40" }, { "user_id": "6", "channel_id": "40" }]);
    scene.hear("GUILD_CREATE", &json!({ "id": GUILD, "voice_states": states }));
    scene.now += 5 * MINUTE;
    assert_eq!(scene.earned().1, 25);
}

#[test]
fn members_who_come_leave_and_change_roles_are_reported_and_only_the_last_roles_count() {
    let mut scene = Scene::new();
    let user = json!({ "id": "5" });
    scene.hear("GUILD_MEMBER_ADD", &json!({ "guild_id": GUILD, "user": user, "roles": [] }));
    for role in ["1", "2", "3"] {
        scene.hear("GUILD_MEMBER_UPDATE", &json!({ "guild_id": GUILD, "user": user, "roles": [role] }));
    }
    scene.hear("GUILD_MEMBER_REMOVE", &json!({ "guild_id": GUILD, "user": user }));
    let kinds: Vec<EventKind> = scene.report().events.into_iter().map(|event| event.kind).collect();
    let user = Id::new(5);
    let expected = [
        EventKind::MemberJoined { user, bot: false },
        EventKind::MemberRoles { user, roles: vec![Id::new(3)] },
        EventKind::MemberLeft { user },
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn edits_deletions_reactions_and_voice_are_reported_once_somebody_wants_them() {
    let happen = |scene: &mut Scene| {
        scene.hear("MESSAGE_UPDATE", &json!({ "id": "50", "channel_id": "10", "guild_id": GUILD, "content": "new" }));
        scene.hear("MESSAGE_DELETE_BULK", &json!({ "ids": ["50", "51"], "channel_id": "10", "guild_id": GUILD }));
        let emoji = json!({ "id": null, "name": "🦀" });
        let reaction =
            json!({ "user_id": "5", "channel_id": "10", "message_id": "50", "guild_id": GUILD, "emoji": emoji });
        scene.hear("MESSAGE_REACTION_ADD", &reaction);
        scene.voice(5, Some(40), &json!({}));
    };
    let mut scene = Scene::new();
    happen(&mut scene);
    let quiet = |event: &muster_gateway::pipeline::Reported| !matches!(event.kind, EventKind::Xp { .. });
    assert_eq!(scene.report().events.iter().filter(|event| quiet(event)).count(), 0);
    let mut scene = Scene::new();
    scene.pipeline.set_wanted(Wanted { edits: true, deletions: true, reactions: true, voice: true });
    happen(&mut scene);
    let events = scene.report().events;
    let told: Vec<&EventKind> = events.iter().filter(|event| quiet(event)).map(|event| &event.kind).collect();
    assert!(matches!(told[0], EventKind::MessageEdited { after: Some(after), .. } if after == "new"), "{told:?}");
    assert!(matches!(told[1], EventKind::MessagesDeleted { messages, .. } if messages.len() == 2), "{told:?}");
    assert!(matches!(told[2], EventKind::Reaction { emoji, added: true, .. } if emoji == "🦀"), "{told:?}");
    assert!(matches!(told[3], EventKind::Voice { channel: Some(_), .. }), "{told:?}");
}

#[test]
fn messages_and_minutes_are_counted_per_channel_and_hour() {
    let mut scene = Scene::new();
    for _ in 0..3 {
        scene.now += 1_000;
        scene.say("good morning", &json!({}));
    }
    let events = scene.report().events;
    let count = events.iter().find_map(|event| match event.kind {
        EventKind::Activity { channel, hour, messages, .. } => Some((channel.get(), hour, messages)),
        _ => None,
    });
    assert_eq!(count, Some((10, NOW - NOW.rem_euclid(3_600_000), 3)));
}

#[test]
fn op_7_and_op_9_are_told_to_the_connection() {
    let mut pipeline = Pipeline::default();
    let mut hear = |text: &str| pipeline.payload(0, text, NOW);
    assert_eq!(hear(r#"{"op":7,"d":null,"s":null,"t":null}"#), Signal::Reconnect);
    assert_eq!(hear(r#"{"op":9,"d":true,"s":null,"t":null}"#), Signal::InvalidSession(true));
    assert_eq!(hear(r#"{"op":9,"d":false}"#), Signal::InvalidSession(false));
    assert_eq!(hear(r#"{"op":11}"#), Signal::Nothing);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[0-9]{0,22}".prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 40, 6, |inner| {
        let name = prop_oneof![
            "id|guild_id|channel_id|user_id|author|member|user|roles|content|type|webhook_id|parent_id|threads|channels|voice_states|emoji|ids|bot|session_id|application|members|unavailable",
            "[a-z_]{1,8}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..8).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn nothing_that_a_server_sends_takes_the_pipeline_down(
        payloads in prop::collection::vec(
            ("READY|RESUMED|MESSAGE_CREATE|MESSAGE_UPDATE|MESSAGE_DELETE_BULK|VOICE_STATE_UPDATE|GUILD_CREATE|GUILD_UPDATE|GUILD_DELETE|GUILD_MEMBER_ADD|GUILD_MEMBER_UPDATE|GUILD_MEMBER_REMOVE|CHANNEL_UPDATE|CHANNEL_DELETE|THREAD_LIST_SYNC|MESSAGE_REACTION_ADD|[A-Z_]{1,9}", any_json(), prop::option::of(any::<u64>())), 1..20),
        noise in "\\PC{0,60}", now in any::<i64>(),
    ) {
        let mut scene = Scene::new();
        scene.pipeline.set_wanted(Wanted { edits: true, deletions: true, reactions: true, voice: true });
        for (name, data, sequence) in payloads {
            let text = json!({ "op": 0, "t": name, "s": sequence, "d": data }).to_string();
            scene.pipeline.payload(0, &text, now);
            let text = format!(r#"{{"t":"{name}","s":{},"op":0,"d":{data}}}"#, sequence.unwrap_or(0));
            scene.pipeline.payload(1, &text, now);
        }
        scene.pipeline.payload(0, &noise, now);
        scene.now = now;
        let report = scene.report();
        if let Some(segment) = report.segment {
            prop_assert!(Pipeline::default().restore(&segment).is_ok(), "what is saved can be read again");
        }
    }
}
