//! Purpose: whatever the order of messages, voice moves, repeats, lost calls and deaths of the sidecar: what the Worker has
//! counted in the end is what a plain model says, and no level is announced twice.
//!
//! Everything between Discord's JSON and D1 is real: the sidecar's pipeline and its disk, the sealed batches, the `gateway` door.

use crate::people::{block_on, with_world};
use muster_core::{
    guild_config::GuildConfig,
    xp::{AnnounceIn, LevelSettings},
};
use muster_gateway::{
    pipeline::{Extent, Pipeline, Rules},
    store::Store,
};
use muster_protocol::{Answer, Batch, Event, VERSION};
use muster_tests::{World, gateway::Sidecar};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use tempfile::TempDir;

const PEOPLE: [&str; 4] = ["ada", "bela", "chen", "dilek"];
const ROOMS: [u64; 2] = [7_001, 7_002];
const XP: u32 = 40;
const VOICE_XP: u32 = 7;
const COOLDOWN_MS: i64 = 10_000;
/// As the rules compare a text with those before it.
const REMEMBERED: usize = 3;

#[derive(Debug, Clone, Copy)]
enum Content {
    New,
    /// The same for everybody who says it.
    Phrase(u8),
}

#[derive(Debug, Clone)]
enum Step {
    Say(usize, Content),
    /// Two messages of two people, or of one, arrive in the wrong order.
    Swapped(usize, usize),
    BySomethingElse(bool),
    Voice(usize, Option<usize>, bool),
    Wait(i64),
    /// The gateway sends the last payloads again.
    Repeat(usize),
    Flush,
    Send,
    /// The batch never arrives.
    RequestLost,
    /// The batch is taken, and nobody hears of it.
    AnswerLost,
    /// kill -9, and the gateway resumes the session.
    Killed,
}

fn any_step() -> impl Strategy<Value = Step> {
    let who = 0..PEOPLE.len();
    let content = prop_oneof![3 => Just(Content::New), 1 => (0..2_u8).prop_map(Content::Phrase)];
    let room = prop::option::weighted(0.75, 0..ROOMS.len());
    prop_oneof![
        8 => (who.clone(), content).prop_map(|(who, content)| Step::Say(who, content)),
        2 => (who.clone(), who.clone()).prop_map(|(one, other)| Step::Swapped(one, other)),
        1 => any::<bool>().prop_map(Step::BySomethingElse),
        6 => (who, room, any::<bool>()).prop_map(|(who, room, muted)| Step::Voice(who, room, muted)),
        6 => (1_000..150_000_i64).prop_map(Step::Wait),
        2 => (1..6_usize).prop_map(Step::Repeat),
        4 => Just(Step::Flush),
        3 => Just(Step::Send),
        1 => Just(Step::RequestLost),
        2 => Just(Step::AnswerLost),
        3 => Just(Step::Killed),
    ]
}

/// What everybody should have, by counting.
#[derive(Default)]
struct Model {
    newest: BTreeMap<String, u64>,
    rewarded: BTreeMap<String, i64>,
    texts: BTreeMap<String, VecDeque<String>>,
    text: BTreeMap<String, u32>,
    messages: BTreeMap<String, u32>,
    /// Where people are in voice and whether muted, from when on; a later entry ends an earlier one.
    moves: Vec<(i64, String, Option<u64>, bool)>,
}

impl Model {
    fn message(&mut self, user: &str, id: u64, at: i64, text: &str) {
        let newest = self.newest.entry(user.to_owned()).or_default();
        if *newest >= id {
            return;
        }
        *newest = id;
        *self.messages.entry(user.to_owned()).or_default() += 1;
        let texts = self.texts.entry(user.to_owned()).or_default();
        let is_repeated = texts.iter().any(|known| known == text);
        texts.push_front(text.to_owned());
        texts.truncate(REMEMBERED);
        let is_early = self.rewarded.get(user).is_some_and(|last| at - last < COOLDOWN_MS);
        if !is_repeated && !is_early {
            self.rewarded.insert(user.to_owned(), at);
            *self.text.entry(user.to_owned()).or_default() += XP;
        }
    }

    /// Experience from voice: whole minutes with company, unmuted, by person and channel.
    fn voice(&self, end: i64) -> BTreeMap<String, u32> {
        let mut inside: BTreeMap<String, (u64, bool)> = BTreeMap::new();
        let mut counted: BTreeMap<(String, u64), i64> = BTreeMap::new();
        let mut moves = self.moves.clone();
        moves.sort_by_key(|(at, ..)| *at);
        moves.push((end, String::new(), None, false));
        let mut now = 0;
        for (at, user, room, muted) in moves {
            for (who, (room, muted)) in &inside {
                let has_company = inside.iter().any(|(other, (there, _))| other != who && there == room);
                if has_company && !muted {
                    *counted.entry((who.clone(), *room)).or_default() += at - now;
                }
            }
            now = at;
            match room {
                Some(room) => inside.insert(user, (room, muted)),
                None => inside.remove(&user),
            };
        }
        let mut earned = BTreeMap::new();
        for ((user, _), milliseconds) in counted {
            let minutes = u32::try_from(milliseconds / 60_000).expect("minutes");
            *earned.entry(user).or_default() += minutes * VOICE_XP;
        }
        earned
    }
}

/// Discord's gateway, the sidecar without its sockets, and the Worker.
struct Scene<'a> {
    world: &'a World,
    folder: TempDir,
    pipeline: Pipeline,
    store: Store,
    /// Every payload with its sequence number, and where in the model's moves it stands if it is one.
    sent: Vec<(u64, String, Option<usize>)>,
    said: u64,
    model: Model,
}

fn opened(folder: &TempDir) -> (Pipeline, Store) {
    let mut store = Store::open(folder.path(), 64 << 20).expect("the state opens");
    store.set_total_shards(1);
    let mut pipeline = Pipeline::default();
    store.restore(&mut pipeline).expect("it is restored");
    for config in store.configs().expect("configurations") {
        let document: GuildConfig = serde_json::from_value(config.settings).expect("a document");
        pipeline.set_rules(config.guild, Rules::of(document));
    }
    (pipeline, store)
}

impl<'a> Scene<'a> {
    async fn new(world: &'a World) -> Self {
        let folder = TempDir::new().expect("a folder");
        let (pipeline, store) = opened(&folder);
        let mut scene = Self { world, folder, pipeline, store, sent: Vec::new(), said: 0, model: Model::default() };
        scene.exchange(true, true).await;
        (scene.pipeline, scene.store) = {
            drop(scene.store);
            opened(&scene.folder)
        };
        scene.dispatch("READY", &json!({ "session_id": "s", "application": { "id": "100" } }), None);
        let guild = world.guild();
        scene.dispatch("GUILD_CREATE", &json!({ "id": guild, "channels": [], "voice_states": [] }), None);
        scene.flush(false);
        scene
    }

    fn hand_over(&mut self, text: &str) {
        self.pipeline.payload(0, text, self.world.now());
    }

    fn payload(&mut self, name: &str, data: &Value, place: Option<usize>) -> String {
        let sequence = self.sent.len() as u64 + 1;
        let text = format!(r#"{{"t":"{name}","s":{sequence},"op":0,"d":{data}}}"#);
        self.sent.push((sequence, text.clone(), place));
        text
    }

    fn dispatch(&mut self, name: &str, data: &Value, place: Option<usize>) {
        let text = self.payload(name, data, place);
        self.hand_over(&text);
    }

    fn message(&mut self, who: usize, content: Content) -> (Value, u64, i64, String) {
        self.said += 1;
        let at = self.world.now();
        let id = (u64::try_from(at - 1_420_070_400_000).expect("after 2015") << 22) | self.said;
        let text = match content {
            Content::New => format!("number {}", self.said),
            Content::Phrase(n) => format!("phrase {n}"),
        };
        let user = self.world.id(PEOPLE[who]);
        let data = json!({ "id": id.to_string(), "channel_id": self.world.channel("#general"), "guild_id": self.world.guild(),
            "type": 0, "content": text, "author": { "id": user }, "member": { "roles": [] } });
        (data, id, at, text)
    }

    fn say(&mut self, who: usize, content: Content) {
        let (data, id, at, text) = self.message(who, content);
        self.dispatch("MESSAGE_CREATE", &data, None);
        self.model.message(PEOPLE[who], id, at, &text);
    }

    fn by_something_else(&mut self, is_webhook: bool) {
        let (mut data, ..) = self.message(0, Content::New);
        if is_webhook {
            data["webhook_id"] = json!("5");
        } else {
            data["author"]["bot"] = json!(true);
        }
        self.dispatch("MESSAGE_CREATE", &data, None);
    }

    async fn swapped(&mut self, one: usize, other: usize) {
        let first = self.message(one, Content::New);
        self.world.jump(300).await;
        let second = self.message(other, Content::New);
        for (who, (data, id, at, text)) in [(other, second), (one, first)] {
            self.dispatch("MESSAGE_CREATE", &data, None);
            self.model.message(PEOPLE[who], id, at, &text);
        }
    }

    fn voice(&mut self, who: usize, room: Option<usize>, muted: bool) {
        let user = self.world.id(PEOPLE[who]);
        let room = room.map(|room| ROOMS[room]);
        let data = json!({ "guild_id": self.world.guild(), "user_id": user, "channel_id": room.map(|room| room.to_string()),
            "self_mute": muted, "member": { "user": { "id": user }, "roles": [] } });
        self.model.moves.push((self.world.now(), PEOPLE[who].to_owned(), room, muted));
        self.dispatch("VOICE_STATE_UPDATE", &data, Some(self.model.moves.len() - 1));
    }

    fn repeat(&mut self, count: usize) {
        let from = self.sent.len().saturating_sub(count).max(2);
        let again: Vec<_> = self.sent.iter().skip(from).map(|(_, text, _)| text.clone()).collect();
        for text in again {
            self.hand_over(&text);
        }
    }

    fn flush(&mut self, everything: bool) {
        let now = self.world.now();
        let whole = self.store.wants_whole();
        let report = self.pipeline.report(now, Extent { everything, whole });
        if !report.is_empty() {
            self.store.commit(&report, now).expect("it is written");
        }
    }

    /// Sends what is next, or asks for configuration.
    async fn exchange(&mut self, arrives: bool, is_heard: bool) {
        let next = self.store.next().expect("the spool");
        let (number, events) = next.map_or((0, Vec::new()), |next| {
            (next.number, serde_json::from_str::<Vec<Event>>(&next.events).expect("events"))
        });
        let application = self.world.ctx().settings.application_id;
        let configs_since = self.store.configs_until().expect("a time");
        let source = self.store.source().to_owned();
        let batch = Batch { version: VERSION, source, number, application, events, configs_since };
        if !arrives {
            return;
        }
        let answer = Sidecar::default().deliver(self.world, &batch).await.expect("the Worker lives");
        assert_eq!(answer.status, 200, "{}", answer.body);
        if !is_heard {
            return;
        }
        let answer: Answer = serde_json::from_str(&answer.body).expect("an answer");
        if number > 0 {
            assert!(answer.taken >= number);
            self.store.taken(answer.taken).expect("it is forgotten");
        }
        self.store.keep_configs(answer.configs, answer.configs_until).expect("they are kept");
    }

    /// The process dies; the next one reads the disk, and Discord sends everything after the last known payload. People
    /// moved in voice when the sidecar hears of it for good.
    fn killed(&mut self) {
        let elsewhere = TempDir::new().expect("a folder");
        let (pipeline, store) = opened(&elsewhere);
        // The old one lets go of the folder first.
        (self.pipeline, self.store) = (pipeline, store);
        (self.pipeline, self.store) = opened(&self.folder);
        let known = self.pipeline.sequence(0);
        for (sequence, text, place) in self.sent.clone() {
            if sequence <= known {
                continue;
            }
            self.hand_over(&text);
            if let Some(place) = place {
                self.model.moves[place].0 = self.world.now();
            }
        }
        self.dispatch("RESUMED", &json!({}), None);
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Say(who, content) => {
                self.world.jump(2_000).await;
                self.say(who, content);
            }
            Step::Swapped(one, other) => {
                self.world.jump(2_000).await;
                self.swapped(one, other).await;
            }
            Step::BySomethingElse(is_webhook) => self.by_something_else(is_webhook),
            Step::Voice(who, room, muted) => self.voice(who, room, muted),
            Step::Wait(milliseconds) => self.world.jump(milliseconds).await,
            Step::Repeat(count) => self.repeat(count),
            Step::Flush => self.flush(false),
            Step::Send => self.exchange(true, true).await,
            Step::RequestLost => self.exchange(false, false).await,
            Step::AnswerLost => self.exchange(true, false).await,
            Step::Killed => self.killed(),
        }
    }

    /// The last minute passes, everything is reported and taken.
    async fn end(&mut self) {
        self.world.jump(61_000).await;
        self.flush(true);
        while self.store.next().expect("the spool").is_some() {
            self.exchange(true, true).await;
        }
        self.world.advance(60_000).await;
    }
}

fn stored(world: &World, column: &str) -> BTreeMap<String, u32> {
    let of = |who: &&str| {
        let sql = format!("SELECT {column} FROM levels_members WHERE user_id = '{}'", world.id(who));
        let value = world.db.column(&sql).first().map_or(0, |value| value.parse().expect("a number"));
        ((*who).to_owned(), value)
    };
    PEOPLE.iter().map(of).filter(|(_, value)| *value > 0).collect()
}

/// Levels that were announced for somebody.
fn announced(world: &World, who: &str) -> Vec<u32> {
    let ping = format!("<@{}>", world.id(who));
    let texts = world.public("#general").into_iter().map(|message| message.text()).filter(|text| text.contains(&ping));
    let level = |text: String| {
        let rest = text.split_once("level ")?.1;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    let mut levels: Vec<u32> = texts.filter_map(level).collect();
    levels.sort_unstable();
    levels
}

async fn play(world: &World, steps: Vec<Step>) {
    let mut settings = LevelSettings { enabled: true, voice_xp: VOICE_XP, ..LevelSettings::default() };
    (settings.text.min_xp, settings.text.max_xp, settings.text.cooldown_seconds) = (XP, XP, 10);
    settings.announce.place = AnnounceIn::Channel(world.channel("#general"));
    world.set_levels(&settings).await;
    let mut scene = Scene::new(world).await;
    for step in steps {
        scene.take(step).await;
    }
    let end = world.now() + 61_000;
    scene.end().await;
    let voice: BTreeMap<_, _> = scene.model.voice(end).into_iter().filter(|(_, xp)| *xp > 0).collect();
    assert_eq!(stored(world, "text_xp"), scene.model.text);
    assert_eq!(stored(world, "voice_xp"), voice);
    assert_eq!(stored(world, "messages"), scene.model.messages);
    for who in PEOPLE {
        let total = [&scene.model.text, &voice].iter().filter_map(|xp| xp.get(who)).sum::<u32>();
        let reached = settings.curve.level(u64::from(total));
        let levels = announced(world, who);
        let mut once = levels.clone();
        once.dedup();
        assert_eq!(levels, once, "{who} heard of a level twice");
        assert_eq!(levels.last().copied().unwrap_or(0), reached, "{who}'s level");
    }
}

/// Found by the test below: nobody was left in voice, so nobody was paid.
#[test]
fn whoever_leaves_together_is_paid() {
    let voice = |who, room| Step::Voice(who, room, false);
    let steps = vec![voice(0, Some(0)), voice(1, Some(0)), Step::Wait(60_000), voice(0, None), voice(1, None)];
    with_world(|world| block_on(play(world, steps)));
}

#[test]
fn any_interleaving_ends_in_what_the_model_counts() {
    let mut runner = TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&prop::collection::vec(any_step(), 1..60), |steps| {
        with_world(|world| block_on(play(world, steps)));
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}
