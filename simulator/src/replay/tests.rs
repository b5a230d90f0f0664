//! Purpose: a recording is the same every time and reads like Discord's; every client gets all of its share of it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, tungstenite::Message};

use crate::{events::intents, server::packer::unpacking::Unpack, tests::gateway::read_by_twilight};

use super::{
    END, Options, Parameters, Replay,
    file::{Kind, Record, Records},
    record,
};

const MESSAGES: u64 = 700;

fn parameters() -> Parameters {
    Parameters { seed: 7, guilds: 12, members: 4_000, messages: MESSAGES, ..Parameters::default() }
}

/// A recording in a folder of its own, gone with it.
struct Recording(PathBuf);

impl Recording {
    fn of(name: &str, wanted: &Parameters) -> Self {
        let folder = std::env::temp_dir().join(format!("muster-replay-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        record(&folder.join("traffic"), wanted).expect("recorded");
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.join("traffic")
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        // What is left over in the temporary folder harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Kind, guild, name and text of every record.
fn all(path: &Path) -> Vec<(Kind, u64, String, Value)> {
    let (_, mut records) = Records::open(path).expect("a recording");
    let mut found = Vec::new();
    while let Some(Record { prefix, name, body }) = records.next(|_| true).expect("readable") {
        let body = serde_json::from_slice(body).expect("json");
        found.push((prefix.kind, prefix.guild, String::from_utf8_lossy(name).into_owned(), body));
    }
    found
}

#[test]
fn equal_parameters_make_equal_files() {
    let (one, same) = (Recording::of("one", &parameters()), Recording::of("same", &parameters()));
    let other = Recording::of("other", &Parameters { seed: 8, ..parameters() });
    let read = |recording: &Recording| std::fs::read(recording.path()).expect("written");
    assert!(read(&one) == read(&same));
    assert!(read(&one) != read(&other));
    let nobody = Parameters { members: 23, ..parameters() };
    assert!(record(&one.path(), &nobody).is_err());
}

#[test]
fn a_recording_reads_like_discords_traffic() {
    let recording = Recording::of("like", &Parameters { messages: 3_000, ..parameters() });
    let records = all(&recording.path());
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, _, name, data) in &records {
        *names.entry(name).or_default() += 1;
        read_by_twilight(&json!({"t": name, "s": 1, "op": 0, "d": data}));
    }
    for (name, at_least) in [
        ("MESSAGE_UPDATE", 60),
        ("MESSAGE_DELETE", 20),
        ("MESSAGE_REACTION_ADD", 120),
        ("MESSAGE_REACTION_REMOVE", 15),
        ("VOICE_STATE_UPDATE", 70),
        ("GUILD_MEMBER_ADD", 5),
        ("GUILD_MEMBER_REMOVE", 5),
        ("GUILD_MEMBER_UPDATE", 10),
    ] {
        assert!(names[name] >= at_least, "{name}: {}", names[name]);
    }
    assert_eq!((names["GUILD_CREATE"], names["MESSAGE_CREATE"]), (12, 3_000 + 12));
    let counts: Vec<u64> = records.iter().filter_map(|(_, _, _, data)| data["member_count"].as_u64()).collect();
    assert_eq!(counts.iter().sum::<u64>(), 4_000);
    assert!(counts.iter().max() > Some(&1_000) && counts.iter().min() < Some(&200), "{counts:?}");
    let messages: Vec<&Value> = records.iter().filter(|record| record.0 == Kind::Message).map(|r| &r.3).collect();
    let ids: Vec<u64> = messages.iter().filter_map(|data| data["id"].as_str()?.parse().ok()).collect();
    assert!(ids.is_sorted_by(|one, next| one < next), "ids rise");
    let contents: Vec<&str> = messages.iter().filter_map(|data| data["content"].as_str()).collect();
    let long = contents.iter().filter(|content| content.chars().count() > 400).count();
    let short = contents.iter().filter(|content| content.chars().count() < 35).count();
    assert!(short > 1_200 && long > 15 && long < 150, "{short} short, {long} long");
    assert!(contents.iter().all(|content| content.chars().count() <= 2_100));
    let repeated = contents.windows(2).filter(|two| two[0] == two[1] && two[0].len() > 20).count();
    let replies = messages.iter().filter(|data| data["referenced_message"].is_object()).count();
    let mentions = messages.iter().filter(|data| data["mentions"][0]["member"].is_object()).count();
    assert!(repeated + replies > 200 && mentions > 200, "{repeated} repeated, {replies} replies, {mentions} mentions");
}

struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    unpack: Option<Box<dyn Unpack>>,
}

impl Client {
    async fn open(replay: &Replay, query: &str, unpack: Option<Box<dyn Unpack>>) -> Self {
        let url = format!("ws://{}/gateway/?v=10&encoding=json{query}", replay.address());
        let (socket, _) = tokio_tungstenite::connect_async(url).await.expect("open");
        let mut client = Self { socket, unpack };
        let hello: Value = serde_json::from_str(&client.next().await.expect("greeted")).expect("json");
        assert_eq!((&hello["op"], hello["d"]["heartbeat_interval"].as_u64()), (&json!(10), Some(41_250)));
        client
    }

    async fn identified(replay: &Replay, shard: (u64, u64), intents: u64) -> Self {
        let mut client = Self::open(replay, "", None).await;
        client.identify(shard, intents).await;
        client
    }

    async fn identify(&mut self, shard: (u64, u64), intents: u64) {
        let data = json!({"token": "any", "intents": intents, "shard": [shard.0, shard.1], "properties": {}});
        self.say(&json!({"op": 2, "d": data})).await;
    }

    async fn say(&mut self, payload: &Value) {
        self.socket.send(Message::text(payload.to_string())).await.expect("open");
    }

    async fn next(&mut self) -> Option<String> {
        match (self.socket.next().await?.ok()?, &mut self.unpack) {
            (Message::Text(text), None) => Some(text.to_string()),
            (Message::Binary(bytes), Some(unpack)) => Some(unpack.unpack(&bytes)),
            _ => None,
        }
    }

    /// Everything up to the end, as it came.
    async fn all(&mut self) -> Vec<String> {
        let mut heard = Vec::new();
        while let Some(text) = self.next().await {
            let over = text.contains(END);
            heard.push(text);
            if over {
                return heard;
            }
        }
        panic!("the connection ended after {} payloads", heard.len());
    }
}

/// A replay of a recording, and its options as `change` wants them.
async fn serving(recording: &Recording, change: impl FnOnce(&mut Options)) -> Arc<Replay> {
    let mut options = Options { file: recording.path(), port: 0, rate: None, hold: false, shards: 1 };
    change(&mut options);
    let (replay, listener) = Replay::listen(options).await.expect("a recording");
    tokio::spawn(replay.clone().serve(listener));
    replay
}

fn named<'a>(heard: &'a [Value], name: &str) -> Vec<&'a Value> {
    heard.iter().filter(|event| event["t"] == name).collect()
}

fn parsed(heard: &[String]) -> Vec<Value> {
    heard.iter().map(|text| serde_json::from_str(text).expect("json")).collect()
}

#[tokio::test]
async fn a_client_gets_everything_in_order_and_the_same_every_time() {
    let recording = Recording::of("all", &parameters());
    let replay = serving(&recording, |_| {}).await;
    let first = Client::identified(&replay, (0, 1), intents::ALL).await.all().await;
    let heard = parsed(&first);
    heard.iter().for_each(read_by_twilight);
    let numbers: Vec<u64> = heard.iter().filter_map(|event| event["s"].as_u64()).collect();
    assert_eq!(numbers, (1..=heard.len() as u64).collect::<Vec<_>>());
    assert_eq!(heard[0]["t"], "READY");
    let unavailable = heard[0]["d"]["guilds"].as_array().map(Vec::len);
    assert_eq!((unavailable, named(&heard, "GUILD_CREATE").len()), (Some(12), 12));
    assert_eq!(named(&heard, "MESSAGE_CREATE").len() as u64, MESSAGES + 1);
    assert_eq!(all(&recording.path()).len() - 12 + 1 + 1, heard.len());
    assert!(first == Client::identified(&replay, (0, 1), intents::ALL).await.all().await);

    let quiet = parsed(&Client::identified(&replay, (0, 1), intents::GUILD_MESSAGES).await.all().await);
    let names: std::collections::BTreeSet<&str> = quiet.iter().filter_map(|event| event["t"].as_str()).collect();
    let wanted = ["GUILD_CREATE", "MESSAGE_CREATE", "MESSAGE_DELETE", "MESSAGE_UPDATE", "READY"];
    assert_eq!(names.into_iter().collect::<Vec<_>>(), wanted);
}

#[tokio::test]
async fn compressed_streams_carry_the_same() {
    let recording = Recording::of("packed", &parameters());
    let replay = serving(&recording, |_| {}).await;
    let plain = Client::identified(&replay, (0, 1), intents::ALL).await.all().await;
    let zlib: Box<dyn Unpack> = Box::new(flate2::Decompress::new(true));
    let zstd: Box<dyn Unpack> = Box::new(zstd::stream::raw::Decoder::new().expect("a decoder"));
    for (name, unpack) in [("zlib", zlib), ("zstd", zstd)] {
        let mut client = Client::open(&replay, &format!("&compress={name}-stream"), Some(unpack)).await;
        client.identify((0, 1), intents::ALL).await;
        assert!(client.all().await == plain, "{name}");
    }
}

#[tokio::test]
async fn shards_share_the_guilds_and_nothing_is_lost_between_them() {
    let recording = Recording::of("shards", &parameters());
    let replay = serving(&recording, |options| options.shards = 3).await;
    let (mut messages, mut guilds) = (0, 0);
    for id in 0..3 {
        let heard = parsed(&Client::identified(&replay, (id, 3), intents::ALL).await.all().await);
        let of_guild = |event: &Value| {
            let key = if event["t"] == "GUILD_CREATE" { "id" } else { "guild_id" };
            event["d"][key].as_str().and_then(|id| id.parse::<u64>().ok())
        };
        assert!(heard[1..].iter().all(|event| of_guild(event).is_some_and(|guild| (guild >> 22) % 3 == id)));
        messages += named(&heard, "MESSAGE_CREATE").len() as u64 - 1;
        guilds += named(&heard, "GUILD_CREATE").len();
    }
    assert_eq!((messages, guilds), (MESSAGES, 12));
    let mut lost = Client::open(&replay, "", None).await;
    lost.identify((3, 3), intents::ALL).await;
    let Some(Ok(Message::Close(Some(frame)))) = lost.socket.next().await else { panic!("closed with a reason") };
    assert_eq!(u16::from(frame.code), 4010);
}

#[tokio::test]
async fn a_resume_goes_on_where_the_client_was() {
    let recording = Recording::of("resume", &parameters());
    let replay = serving(&recording, |_| {}).await;
    let whole = Client::identified(&replay, (1, 2), intents::ALL).await.all().await;
    let events = parsed(&whole);
    let after = whole.len() - 40;
    let mut client = Client::open(&replay, "", None).await;
    let data = json!({"token": "any", "session_id": events[0]["d"]["session_id"], "seq": after});
    client.say(&json!({"op": 6, "d": data})).await;
    let mut rest = client.all().await;
    let resumed = rest.iter().position(|text| text.contains("\"RESUMED\"")).expect("said");
    rest.remove(resumed);
    assert!(rest == whole[after..], "{} instead of 40", rest.len());
}

#[tokio::test]
async fn traffic_waits_for_its_start_while_heartbeats_are_answered() {
    let recording = Recording::of("hold", &parameters());
    let replay = serving(&recording, |options| (options.hold, options.rate) = (true, Some(20_000))).await;
    let api = format!("http://{}", replay.address());
    let get = |path: &str| reqwest::get(format!("{api}{path}"));
    let bot: Value = get("/api/v10/gateway/bot").await.expect("answered").json().await.expect("json");
    assert_eq!(bot["url"], json!(format!("ws://{}/gateway", replay.address())));
    let application: Value = get("/api/v10/applications/@me").await.expect("answered").json().await.expect("json");
    let user: Value = get("/api/v10/users/@me").await.expect("answered").json().await.expect("json");
    assert_eq!((&application["id"], &user["bot"]), (&user["id"], &json!(true)));
    assert_eq!(get("/api/v10/guilds/1").await.expect("answered").status(), 404);

    let mut client = Client::identified(&replay, (0, 1), intents::ALL).await;
    for _ in 0..13 {
        client.next().await.expect("READY and the guilds");
    }
    client.say(&json!({"op": 1, "d": 13})).await;
    let answered: Value = serde_json::from_str(&client.next().await.expect("answered")).expect("json");
    assert_eq!(answered["op"], 11);
    assert_eq!(replay.state_json()["shards"][0]["events"], 0);
    let started = reqwest::Client::new().post(format!("{api}/replay/start")).send().await.expect("answered");
    assert_eq!(started.json::<Value>().await.expect("json")["started"], true);
    let heard = client.all().await;
    client.say(&json!({"op": 1, "d": 13})).await;
    client.next().await.expect("still answered");
    let state = replay.state_json();
    let shard = &state["shards"][0];
    assert_eq!((&shard["finished"], &shard["messages"]), (&json!(true), &json!(MESSAGES)), "{state}");
    assert_eq!(shard["events"].as_u64(), Some(heard.len() as u64));
    assert_eq!(state["recording"]["messages"], MESSAGES);
}
