//! Purpose: giveaways by the JSON API: a whole one from start to reroll, requests that are sent twice, who may, and lists page by page.

use crate::{
    people::start,
    web_api::{body, is, make, says, with_key},
};
use muster_core::web::Response;
use muster_sim::OTHER_GUILD;
use muster_tests::{Browser, World};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A program with a key of mara's.
struct Program<'a> {
    world: &'a World,
    key: String,
}

impl<'a> Program<'a> {
    async fn new(world: &'a World, scopes: &[&str]) -> Self {
        let mara = Browser::signed_in(world, "mara").await;
        Self { world, key: make(&mara, scopes).await }
    }

    /// Discord is asked for the member each time, and answers so many questions in a while.
    async fn send(&self, method: &str, rest: &str, once: &str, sent: Option<Value>) -> Response {
        self.world.advance(2_000).await;
        let path = format!("/api/v1/guilds/{}/giveaways{rest}", self.world.guild());
        let mut request = with_key(method, &path, &self.key);
        if !once.is_empty() {
            request.headers.push(("idempotency-key".to_owned(), once.to_owned()));
        }
        if let Some(sent) = sent {
            request.headers.push(("content-type".to_owned(), "application/json".to_owned()));
            request.body = sent.to_string().into_bytes();
        }
        self.world.send(request).await
    }

    async fn get(&self, rest: &str) -> Response {
        self.send("GET", rest, "", None).await
    }

    #[track_caller]
    fn lamp(&self) -> Value {
        json!({ "prize": "Lamp", "ends_at": "1h", "channel_id": self.world.channel("#general").to_string() })
    }

    /// Every page of a list until its end: the ids in `field` of its `rows`, and how many pages there were.
    async fn walk(&self, list: &str, rows: &str, field: &str) -> (Vec<String>, usize) {
        let (mut all, mut pages, mut cursor) = (Vec::new(), 0, String::new());
        loop {
            let answer = self.get(&format!("{list}{cursor}")).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            let page = body(&answer);
            let ids = page[rows].as_array().expect("rows").iter();
            all.extend(ids.map(|row| row[field].as_str().expect("an id").to_owned()));
            pages += 1;
            let Some(next) = page["next_cursor"].as_str() else { return (all, pages) };
            cursor = format!("&cursor={next}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_whole_giveaway_is_run_by_a_program() {
    let world = World::new().await;
    let program = Program::new(&world, &["giveaways:manage"]).await;
    let member = world.role("Member").to_string();
    let mut lamp = program.lamp();
    lamp["requirements"] = json!({ "role_ids": [member], "bonus": [{ "role_id": member, "entries": 3 }] });
    lamp["claim_seconds"] = json!(3_600);
    let begun = is(&program.send("POST", "", "start-1", Some(lamp)).await, 201);
    let id = begun["id"].as_str().expect("an id").to_owned();
    assert_eq!((&begun["state"], &begun["winners"], &begun["picks"]), (&json!("active"), &json!(1), &json!([])));
    assert_eq!(begun["requirements"]["bonus"], json!([{ "role_id": member, "entries": 3 }]));
    assert!(
        !begun.to_string().contains(&world.db.column("SELECT seed FROM giveaways").remove(0)),
        "the seed is secret"
    );
    let card = world.message_with("#general", "Lamp");
    for who in ["bela", "chen", "dilek"] {
        world.press(who, &card.id, "Enter").await.says("4 entries");
    }
    let one = format!("/{id}");
    let edit = json!({ "prize": "A better lamp", "ends_at": "2025-12-24T18:00:00Z", "claim_seconds": null });
    let edited = is(&program.send("PATCH", &one, "", Some(edit.clone())).await, 200);
    assert_eq!((&edited["prize"], &edited["ends_at"]), (&json!("A better lamp"), &json!("2025-12-24T18:00:00Z")));
    assert_eq!((&edited["claim_seconds"], &edited["entrants"]), (&json!(3_600), &json!(3)));
    let same = is(&program.send("PATCH", &one, "", Some(json!({ "prize": "A better lamp" }))).await, 200);
    assert_eq!(same["version"], edited["version"], "what is the same already changes nothing");
    let act = |act: &'static str, sent: Value| {
        let path = format!("{one}/{act}");
        let program = &program;
        async move { program.send("POST", &path, act, Some(sent)).await }
    };
    let paused = is(&act("pause", json!({ "seconds": 7_200 })).await, 200);
    assert_eq!(paused["state"], "paused");
    assert!(paused["seconds_left"].as_i64().is_some_and(|left| left > 3_600), "{paused}");
    let again = is(&program.send("POST", &format!("{one}/pause"), "other", Some(json!({}))).await, 409);
    assert_eq!(again["detail"], "This giveaway is already paused.");
    assert_eq!(is(&act("resume", json!({})).await, 200)["state"], "active");
    let drawn = is(&act("end", json!({})).await, 200);
    assert_eq!(drawn["state"], "claiming");
    let first = drawn["picks"][0]["user_id"].as_str().expect("a winner").to_owned();
    let again = is(&act("reroll", json!({ "winner_id": first })).await, 200);
    let outcomes: Vec<&Value> = again["picks"].as_array().expect("picks").iter().map(|pick| &pick["outcome"]).collect();
    assert_eq!(outcomes, ["replaced", "won"]);
    let nobody = json!({ "winner_id": world.id("mara") });
    let refused = is(&program.send("POST", &format!("{one}/reroll"), "", Some(nobody)).await, 409);
    assert_eq!(refused["detail"], "This person holds no prize of this giveaway.");
    is(&act("cancel", json!({ "reason": "late" })).await, 409);
    let log = "SELECT action FROM giveaway_log WHERE cause LIKE 'api:%' AND actor_id IS NOT NULL ORDER BY id";
    assert_eq!(world.db.column(log), ["started", "edited", "paused", "resumed", "ended early", "rerolled"]);
    let vase = json!({ "prize": "Vase", "ends_at": "1d", "channel_id": world.channel("#general").to_string() });
    let vase = is(&program.send("POST", "", "", Some(vase)).await, 201);
    let cancel = format!("/{}/cancel", vase["id"].as_str().expect("an id"));
    assert_eq!(
        is(&program.send("POST", &cancel, "", Some(json!({ "reason": "It broke" }))).await, 200)["state"],
        "cancelled"
    );
    world.advance(5_000).await;
    world.message_with("#general", "It broke");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_sent_again_is_carried_out_once() {
    let world = World::new().await;
    let program = Program::new(&world, &["giveaways:manage"]).await;
    let first = program.send("POST", "", "start", Some(program.lamp())).await;
    is(&first, 201);
    let second = program.send("POST", "", "start", Some(program.lamp())).await;
    assert_eq!((second.status, &second.body), (201, &first.body), "the same answer");
    assert_eq!(second.header("idempotent-replayed"), Some("true"));
    let mut other = program.lamp();
    other["prize"] = json!("Vase");
    let refused = is(&program.send("POST", "", "start", Some(other.clone())).await, 422);
    assert!(refused["detail"].as_str().is_some_and(|why| why.contains("was used for another request")), "{refused}");
    assert_eq!(world.db.column("SELECT prize FROM giveaways"), ["Lamp"]);
    assert_eq!(world.count_with("#general", "Lamp"), 1);
    // The answers are forgotten after a day; what was done is not done again, and the key is free for something else.
    world.db.column("DELETE FROM api_answers RETURNING key");
    let late = is(&program.send("POST", "", "start", Some(program.lamp())).await, 201);
    assert_eq!(late["id"], body(&first)["id"]);
    world.db.column("DELETE FROM api_answers RETURNING key");
    is(&program.send("POST", "", "start", Some(other)).await, 201);
    assert_eq!(world.db.column("SELECT prize FROM giveaways ORDER BY prize"), ["Lamp", "Vase"]);
    let pause = format!("/{}/pause", late["id"].as_str().expect("an id"));
    for _ in 0..2 {
        is(&program.send("POST", &pause, "pause", Some(json!({}))).await, 200);
    }
    assert_eq!(world.db.column("SELECT COUNT(*) FROM giveaway_log WHERE action = 'paused'"), ["1"]);
    let bad = program.send("POST", "", "two words", Some(program.lamp())).await;
    says(&is(&bad, 422), "Idempotency-Key", "visible ASCII");
}

#[tokio::test(start_paused = true)]
async fn values_that_do_not_fit_are_named_by_their_path() {
    let world = World::new().await;
    let program = Program::new(&world, &["giveaways:manage"]).await;
    let member = world.role("Member").to_string();
    let mut bad = program.lamp();
    for (field, value) in [
        ("prize", json!(" ")),
        ("ends_at", json!("2020-01-01T00:00:00Z")),
        ("winners", json!(51)),
        ("image_url", json!("http://example.com/a.png")),
        ("claim_seconds", json!(0)),
        ("min_entrants", json!(1)),
        ("requirements", json!({ "min_level": 0, "bonus": [{ "role_id": member, "entries": 101 }] })),
    ] {
        bad[field] = value;
    }
    let problem = is(&program.send("POST", "", "", Some(bad)).await, 422);
    says(&problem, "prize", "what can be won");
    says(&problem, "ends_at", "in the past");
    says(&problem, "winners", "from 1 to 50");
    says(&problem, "image_url", "https://");
    says(&problem, "claim_seconds", "between 30 seconds and 14 days");
    says(&problem, "min_entrants", "from 2");
    says(&problem, "requirements.min_level", "from 1");
    says(&problem, "requirements.bonus.0.entries", "from 1 to 100");
    let mut both = program.lamp();
    both["requirements"] = json!({ "role_ids": [member], "blocked_role_ids": [member] });
    let problem = is(&program.send("POST", "", "", Some(both)).await, 422);
    says(&problem, "requirements.blocked_role_ids", "@Member is both required and blocked");
    let mut three = program.lamp();
    three["requirements"]["bonus"] = (1..=3).map(|n| json!({ "role_id": n.to_string(), "entries": 1 })).collect();
    says(&is(&program.send("POST", "", "", Some(three)).await, 422), "requirements.bonus", "At most two");
    let mut abroad = program.lamp();
    abroad["channel_id"] = json!(world.sim.borrow().channel_id(&format!("{OTHER_GUILD}/#general")));
    says(&is(&program.send("POST", "", "", Some(abroad)).await, 422), "channel_id", "of this server");
    for broken in [json!({ "prize": "Lamp" }), json!([]), json!({ "prize": "Lamp", "price": 1 })] {
        is(&program.send("POST", "", "", Some(broken)).await, 400);
    }
    is(&program.send("POST", "", "", None).await, 400);
    assert_eq!(world.db.column("SELECT COUNT(*) FROM giveaways"), ["0"]);
    start(&world, "Lamp", "ends:1h").await;
    let one = format!("/{}", world.db.column("SELECT id FROM giveaways").remove(0));
    let edit = json!({ "winners": 0, "ends_at": "soon", "prize": "" });
    let problem = is(&program.send("PATCH", &one, "", Some(edit)).await, 422);
    says(&problem, "winners", "from 1 to 50");
    says(&problem, "ends_at", "not a time");
    says(&problem, "prize", "what can be won");
    let pause = program.send("POST", &format!("{one}/pause"), "", Some(json!({ "seconds": 0 }))).await;
    says(&is(&pause, 422), "seconds", "up to a year");
    for query in ["?limit=0", "?limit=101", "?limit=x", "?cursor=x", "?cursor=1.'", "?show=all"] {
        is(&program.get(query).await, 400);
    }
    is(&program.get(&format!("{one}/entrants?cursor=x")).await, 400);
}

#[tokio::test(start_paused = true)]
async fn a_key_opens_what_its_scopes_say_and_no_other_servers_giveaway() {
    let world = World::new().await;
    let lamp = start(&world, "Lamp", "ends:1h").await;
    world.press("bela", &lamp.id, "Enter").await.says("You are in");
    let id = world.db.column("SELECT id FROM giveaways").remove(0);
    let viewer = Program::new(&world, &["giveaways:view"]).await;
    assert_eq!(is(&viewer.get(&format!("/{id}")).await, 200)["prize"], "Lamp");
    assert_eq!(is(&viewer.get("").await, 200)["giveaways"][0]["entrants"], 1);
    is(&viewer.send("POST", "", "", Some(viewer.lamp())).await, 403);
    is(&viewer.send("PATCH", &format!("/{id}"), "", Some(json!({ "prize": "Mine" }))).await, 403);
    for act in ["pause", "resume", "end", "cancel", "reroll"] {
        is(&viewer.send("POST", &format!("/{id}/{act}"), "", Some(json!({}))).await, 403);
    }
    let other = Program::new(&world, &["levels:manage"]).await;
    for rest in [String::new(), format!("/{id}"), format!("/{id}/entrants")] {
        is(&other.get(&rest).await, 403);
    }
    let there = format!("{OTHER_GUILD}/#general");
    world.slash("bela", &there, "/giveaway start prize:Foreign ends:1h").await.says("on its way");
    let foreign = world.db.column("SELECT id FROM giveaways WHERE prize = 'Foreign'").remove(0);
    let manager = Program::new(&world, &["giveaways:manage"]).await;
    for id in [foreign.as_str(), "0123456789ab", "x'--"] {
        is(&manager.get(&format!("/{id}")).await, 404);
        is(&manager.get(&format!("/{id}/entrants")).await, 404);
        is(&manager.send("PATCH", &format!("/{id}"), "", Some(json!({ "prize": "Mine" }))).await, 404);
        for act in ["pause", "resume", "end", "cancel", "reroll"] {
            is(&manager.send("POST", &format!("/{id}/{act}"), "", Some(json!({}))).await, 404);
        }
    }
    assert_eq!(world.db.column("SELECT prize || version FROM giveaways ORDER BY prize"), ["Foreign1", "Lamp1"]);
    is(&manager.send("DELETE", &format!("/{id}"), "", None).await, 404);
    is(&manager.send("POST", &format!("/{id}/explode"), "", Some(json!({}))).await, 404);
}

#[tokio::test(start_paused = true)]
async fn lists_are_walked_page_by_page_without_gaps_or_doubles() {
    let world = World::new().await;
    let lamp = start(&world, "Lamp", "ends:2d").await;
    for n in 1..30 {
        world.advance(1_000).await;
        start(&world, &format!("Vase {n:02}"), "ends:2d").await;
    }
    // Some began in the same millisecond.
    world.db.column("UPDATE giveaways SET created_at = 1740000000000 WHERE prize < 'Vase 15' RETURNING id");
    let program = Program::new(&world, &["giveaways:view"]).await;
    let (ids, pages) = program.walk("?limit=7", "giveaways", "id").await;
    assert_eq!((ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), pages), (30, 30, 5));
    assert_eq!(program.walk("?show=over", "giveaways", "id").await, (Vec::new(), 1));
    let entrants: Vec<String> = (1..=250_u64).map(|n| (900_000_000_000_000_000 + n * 1_000).to_string()).collect();
    let id = world.db.column(&format!("SELECT id FROM giveaways WHERE message_id = '{}'", lamp.id)).remove(0);
    for user in &entrants {
        world.db.column(&format!(
            "INSERT INTO giveaway_entries (giveaway_id, user_id, weight, entered_at, last_interaction)
             VALUES ('{id}', '{user}', 2, 1795000000000, '1') RETURNING user_id"
        ));
    }
    let (users, pages) = program.walk(&format!("/{id}/entrants?"), "entrants", "user_id").await;
    assert_eq!((users, pages), (entrants.clone(), 3));
    let (users, pages) = program.walk(&format!("/{id}/entrants?limit=50"), "entrants", "user_id").await;
    assert_eq!((users, pages), (entrants, 5));
}
