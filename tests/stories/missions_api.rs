//! Purpose: missions by the JSON API: written, pushed, given to members, published by a member for themselves, scores and boards.

use crate::{
    missions_help::{connect, preview, pushed},
    web_api::{is, make, says, with_key},
};
use muster_core::{social::Kind, web::Response};
use muster_sim::{AppChange, OTHER_GUILD, Platform};
use muster_tests::{Browser, World};
use serde_json::{Value, json};

/// A program with a key of somebody's.
struct Program<'a> {
    world: &'a World,
    key: String,
}

impl<'a> Program<'a> {
    async fn new(world: &'a World, scopes: &[&str]) -> Self {
        let mara = Browser::signed_in(world, "mara").await;
        Self { world, key: make(&mara, scopes).await }
    }

    /// `path` begins after `/api/v1`. Discord is asked for the member each time, and answers so many questions in a while.
    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], sent: Option<Value>) -> Response {
        self.world.advance(2_000).await;
        let mut request = with_key(method, &format!("/api/v1{path}"), &self.key);
        for (name, value) in headers {
            request.headers.push(((*name).to_owned(), (*value).to_owned()));
        }
        if let Some(sent) = sent {
            request.headers.push(("content-type".to_owned(), "application/json".to_owned()));
            request.body = sent.to_string().into_bytes();
        }
        self.world.send(request).await
    }

    async fn get(&self, path: &str) -> Response {
        self.ask("GET", path, &[], None).await
    }

    async fn post(&self, path: &str, sent: Value) -> Response {
        self.ask("POST", path, &[], Some(sent)).await
    }

    async fn patch(&self, path: &str, sent: Value) -> Response {
        self.ask("PATCH", path, &[], Some(sent)).await
    }

    fn spring(&self) -> Value {
        json!({
            "title": "Spring launch", "text": "Our spring menu is here! See {link} and come by.",
            "target_url": "https://lantern.example/spring", "platforms": ["linkedin"], "ends_at": "7d",
            "channel_id": self.world.channel("#general").to_string(),
        })
    }

    /// A mission that is live. Gives its id.
    async fn pushed(&self) -> String {
        let id = text_of(&is(&self.post("/missions", self.spring()).await, 201)["id"]);
        is(&self.patch(&format!("/missions/{id}"), json!({ "state": "live" })).await, 200);
        self.world.settle().await;
        id
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_program_writes_pushes_changes_and_closes_a_mission() {
    let world = World::new().await;
    let program = Program::new(&world, &["missions:manage"]).await;
    let once = [("idempotency-key", "spring-1")];
    let made = program.ask("POST", "/missions", &once, Some(program.spring())).await;
    let draft = is(&made, 201);
    assert_eq!(
        (&draft["state"], &draft["version"], &draft["platforms"]),
        (&json!("draft"), &json!(1), &json!(["linkedin"]))
    );
    assert_eq!(draft["assigned"], json!({ "to": "everyone", "role_id": null, "member_ids": [] }));
    // Sent again, in the long form and the short one: one mission.
    let long = format!("/guilds/{}/missions", world.guild());
    assert_eq!(is(&program.ask("POST", &long, &once, Some(program.spring())).await, 201)["id"], draft["id"]);
    let drafts = is(&program.get("/missions?status=draft").await, 200);
    assert_eq!(drafts["missions"].as_array().map(Vec::len), Some(1));
    let one = format!("/missions/{}", text_of(&draft["id"]));
    let edited = program.patch(&one, json!({ "title": "Spring menu", "max_posts": 5, "publish_points": 25 })).await;
    assert_eq!(edited.header("etag"), Some("\"2\""));
    assert_eq!(is(&edited, 200)["title"], "Spring menu");
    assert_eq!(is(&edited, 200)["publish_points"], 25);
    says(&is(&program.patch(&one, json!({ "publish_points": 20_000 })).await, 422), "publish_points", "0 to 10,000");
    let stale = [("if-match", "\"1\"")];
    is(&program.ask("PATCH", &one, &stale, Some(json!({ "title": "Other" }))).await, 412);
    let live = is(&program.patch(&one, json!({ "state": "live" })).await, 200);
    assert_eq!(live["state"], "live");
    is(&program.patch(&one, json!({ "state": "live" })).await, 200);
    world.settle().await;
    assert_eq!(world.count_with("#general", "Spring menu"), 1, "its card was posted once");
    assert_eq!(is(&program.get("/missions").await, 200)["missions"][0]["id"], draft["id"]);
    is(&program.patch(&one, json!({ "state": "draft" })).await, 409);
    assert_eq!(is(&program.patch(&one, json!({ "state": "closed" })).await, 200)["state"], "closed");
    let late = is(&program.patch(&one, json!({ "title": "Late" })).await, 409);
    assert_eq!(late["detail"], "This mission is closed. Write a new one.");
    let audit = world.db.column("SELECT DISTINCT source FROM audit_log WHERE action = 'missions'");
    assert_eq!(audit, ["api"]);
}

#[tokio::test(start_paused = true)]
async fn missions_are_listed_page_by_page() {
    let world = World::new().await;
    let program = Program::new(&world, &["missions:manage"]).await;
    for _ in 0..3 {
        is(&program.post("/missions", program.spring()).await, 201);
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = is(&program.get(&format!("/missions?status=draft&limit=2{cursor}")).await, 200);
        seen.extend(page["missions"].as_array().expect("missions").iter().map(|one| text_of(&one["id"])));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let all = world.db.column("SELECT id FROM missions ORDER BY created_at DESC, id DESC");
    assert_eq!(seen, all);
    is(&program.get("/missions?cursor=nonsense").await, 400);
    is(&program.get("/missions?status=lost").await, 400);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_said_by_its_place() {
    let world = World::new().await;
    let program = Program::new(&world, &["missions:manage"]).await;
    let bare = is(&program.post("/missions", json!({})).await, 422);
    says(&bare, "channel_id", "in which channel");
    let with = |field: &str, value: Value| {
        let mut all = program.spring();
        all[field] = value;
        program.post("/missions", all)
    };
    says(&is(&with("target_url", json!("javascript:alert(1)")).await, 422), "target_url", "starts with https://");
    says(&is(&with("platforms", json!(["facebook"])).await, 422), "platforms", "is no platform");
    says(&is(&with("ends_at", json!("never")).await, 422), "ends_at", "Write the time");
    says(&is(&with("ends_at", json!("2020-01-01T00:00:00Z")).await, 422), "ends_at", "in the future");
    says(&is(&with("state", json!("live")).await, 422), "state", "begins as a draft");
    // A channel of another server is none of ours.
    let abroad = world.sim.borrow().channel_id(&format!("{OTHER_GUILD}/#general"));
    says(&is(&with("channel_id", json!(abroad)).await, 422), "channel_id", "of this server");
    says(
        &is(&with("assigned", json!({ "to": "role", "role_id": "5" })).await, 422),
        "assigned.role_id",
        "of this server",
    );
    says(&is(&with("assigned", json!({ "to": "members" })).await, 422), "assigned.member_ids", "1 to 1000");
    is(&with("colour", json!("red")).await, 400);
    assert!(world.db.column("SELECT id FROM missions").is_empty());
    // A draft may wait for its picture; a live mission may not.
    let draft = is(&with("platforms", json!(["instagram"])).await, 201);
    let path = format!("/missions/{}", draft["id"].as_str().expect("an id"));
    let live = program.patch(&path, json!({ "state": "live" }));
    says(&is(&live.await, 422), "image_url", "publishes pictures only");
}

#[tokio::test(start_paused = true)]
async fn chosen_members_only() {
    let world = World::new().await;
    let program = Program::new(&world, &["missions:manage"]).await;
    let id = program.pushed().await;
    let card = world.message_with("#general", "Spring launch").id;
    for (who, name) in [("ada", "Ada Lovelace"), ("bela", "Bela Bartok")] {
        connect(&world, who, "linkedin", name).await;
    }
    let choices = world.press("ada", &card, "Connect & Post").await.message.expect("where to publish").id;
    let seen = preview(&world, "ada", &choices, "LinkedIn").await;
    let later = preview(&world, "ada", &choices, "LinkedIn").await;
    let modal = world.press("ada", &later, "Later").await.modal.expect("a form");
    world.submit("ada", &modal, &[("when", "2h")]).await.says("It publishes on LinkedIn");
    let assign = format!("/missions/{id}/assign");
    let given = json!({ "to": "members", "member_ids": [world.id("bela"), world.id("bela")] });
    let mission = is(&program.post(&assign, given.clone()).await, 200);
    assert_eq!(mission["assigned"]["member_ids"], json!([world.id("bela")]));
    // Nothing of ada's is left, and nothing new can come.
    world.slash("ada", "#general", "/post").await.says("called off: the mission is for other members now");
    world.press("ada", &seen, "Publish").await.says("for other members");
    world.press("ada", &card, "Connect & Post").await.says("for other members");
    world.slash("ada", "#general", "/missions").await.says("No mission is on right now");
    world.slash("ada", "#general", "/post mission:\"Spring launch\"").await.says("for other members");
    world.slash("bela", "#general", "/missions").await.says("Spring launch");
    world.press("bela", &card, "Connect & Post").await.says("ready, as");
    world.advance_minutes(130).await;
    assert_eq!(world.posted(Platform::LinkedIn).len(), 0);
    is(&program.post(&assign, json!({ "to": "everyone" })).await, 200);
    assert!(world.db.column("SELECT user_id FROM mission_assignees").is_empty());
    world.press("ada", &card, "Connect & Post").await.says("ready, as");
    says(&is(&program.post(&assign, json!({ "to": "members" })).await, 422), "member_ids", "1 to 1000");
    is(&program.post(&assign, json!({ "to": "everyone", "member_ids": [world.id("bela")] })).await, 422);
}

#[tokio::test(start_paused = true)]
async fn a_role_is_asked_again_when_a_post_is_due() {
    let world = World::new().await;
    let program = Program::new(&world, &["missions:manage"]).await;
    let id = program.pushed().await;
    let card = world.message_with("#general", "Spring launch").id;
    connect(&world, "ada", "linkedin", "Ada Lovelace").await;
    let choices = world.press("ada", &card, "Connect & Post").await.message.expect("where to publish").id;
    let seen = preview(&world, "ada", &choices, "LinkedIn").await;
    let modal = world.press("ada", &seen, "Later").await.modal.expect("a form");
    world.submit("ada", &modal, &[("when", "2h")]).await.says("It publishes on LinkedIn");
    let role = world.role("Newcomer").to_string();
    is(&program.post(&format!("/missions/{id}/assign"), json!({ "to": "role", "role_id": role })).await, 200);
    world.advance_minutes(121).await;
    assert_eq!(world.posted(Platform::LinkedIn).len(), 0, "ada has not that role");
    world.slash("ada", "#general", "/post").await.says("the mission is for other members now");
}

#[tokio::test(start_paused = true)]
async fn keys_open_their_own_server_and_what_they_were_made_for() {
    let world = World::new().await;
    let program = Program::new(&world, &["missions:manage"]).await;
    let id = program.pushed().await;
    let elsewhere = format!("/guilds/{OTHER_GUILD}/missions");
    is(&program.get(&elsewhere).await, 404);
    is(&program.get(&format!("{elsewhere}/{id}")).await, 404);
    is(&program.get("/missions/0000000000").await, 404);
    let reader = Program::new(&world, &["missions:view"]).await;
    is(&reader.get(&format!("/missions/{id}")).await, 200);
    is(&reader.patch(&format!("/missions/{id}"), json!({ "state": "closed" })).await, 403);
    is(&reader.post("/missions", reader.spring()).await, 403);
    let other = Program::new(&world, &["levels:view"]).await;
    is(&other.get("/missions").await, 403);
    // Without a key there is no short form.
    assert_eq!(world.get("/api/v1/missions").await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_member_sees_a_preview_and_publishes_exactly_that_once() {
    let world = World::new().await;
    let program = Program::new(&world, &["missions:manage"]).await;
    let id = program.pushed().await;
    let path = format!("/missions/{id}/post");
    let wish = json!({ "platform": "linkedin" });
    let alone = is(&program.post(&path, wish.clone()).await, 409);
    assert_eq!(alone["detail"], "Connect your LinkedIn account first: /connect.");
    connect(&world, "mara", "linkedin", "Mara Muster").await;
    let seen = is(&program.post(&path, wish.clone()).await, 200);
    assert_eq!((&seen["account"], &seen["platform"]), (&json!("Mara Muster"), &json!("linkedin")));
    let text = text_of(&seen["text"]);
    assert!(text.starts_with("Our spring menu is here! See https://") && text.contains("/l/"), "{text}");
    world.advance_minutes(5).await;
    assert_eq!(world.posted(Platform::LinkedIn).len(), 0, "nothing is published by a look");
    // The mission changes: the yes was to something else.
    let summer = json!({ "text": "Our summer menu is here!" });
    is(&program.patch(&format!("/missions/{id}"), summer).await, 200);
    let yes = |hash: &Value| json!({ "platform": "linkedin", "confirm": hash });
    let refused = is(&program.post(&path, yes(&seen["confirm"])).await, 409);
    assert!(text_of(&refused["detail"]).contains("was changed since you saw this preview"), "{refused}");
    let seen = is(&program.post(&path, wish).await, 200);
    let once = [("idempotency-key", "post-1")];
    let sent = is(&program.ask("POST", &path, &once, Some(yes(&seen["confirm"]))).await, 202);
    let again = program.ask("POST", &path, &once, Some(yes(&seen["confirm"]))).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(is(&again, 202)["id"], sent["id"]);
    world.advance_minutes(2).await;
    let now = is(&program.post(&path, yes(&seen["confirm"])).await, 202);
    assert_eq!((&now["id"], &now["state"]), (&sent["id"], &json!("published")));
    world.advance_minutes(10).await;
    let posts = world.posted(Platform::LinkedIn);
    assert_eq!(posts.len(), 1);
    assert_eq!(json!(posts[0].text), seen["text"], "exactly what was shown");
    is(&program.post(&path, json!({ "platform": "x" })).await, 422);
    // It was mara's key: nobody else's account was touched.
    assert_eq!(world.db.column("SELECT DISTINCT user_id FROM mission_posts"), [world.id("mara")]);
    let reader = Program::new(&world, &["missions:view"]).await;
    is(&reader.post(&path, json!({ "platform": "linkedin" })).await, 403);
}

/// What TikTok leaves to the member, a program brings along; what is missing or does not go together is named.
#[tokio::test(start_paused = true)]
async fn a_program_brings_the_choices_that_tiktok_leaves_to_the_member() {
    let world = World::new().await;
    let change = AppChange { audited: Some(true), ..AppChange::default() };
    world.sim.borrow_mut().change_social_app(Platform::TikTok, change);
    world.note_grant(Kind::TikTok, "audited");
    let program = Program::new(&world, &["missions:manage"]).await;
    pushed(&world, "TikTok").await;
    connect(&world, "mara", "tiktok", "mara_t").await;
    world.sim.borrow_mut().change_social_account(Platform::TikTok, "mara_t", Some(false), None).expect("known");
    let path = format!("/missions/{}/post", world.db.column("SELECT id FROM missions").remove(0));
    let wish = |more: Value| {
        let mut wish = json!({ "platform": "tiktok" });
        wish.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        wish
    };
    let seen = is(&program.post(&path, wish(json!({}))).await, 200);
    let values = |choices: &Value| -> Vec<String> {
        choices.as_array().expect("choices").iter().map(|one| text_of(&one["value"])).collect()
    };
    assert_eq!(values(&seen["privacy_choices"]), ["PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"]);
    assert_eq!(values(&seen["promotion_choices"]), ["own_brand", "paid_partnership", "both"]);
    assert_eq!(seen["may_allow_comments"], true);
    let paid = is(&program.post(&path, wish(json!({ "promotion": "paid_partnership" }))).await, 200);
    assert!(paid["notes"].to_string().contains("Branded Content Policy"), "{paid}");
    assert_eq!(values(&paid["privacy_choices"]), ["PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS"]);
    let hash = text_of(&seen["confirm"]);
    for (more, field, why) in [
        (json!({}), "privacy", "Choose first who may see the post"),
        (json!({ "privacy": "PUBLIC" }), "privacy", "Choose first who may see the post"),
        (json!({ "privacy": "PUBLIC_TO_EVERYONE" }), "promotion", "Choose first what the post promotes"),
        (json!({ "privacy": "PUBLIC_TO_EVERYONE", "promotion": "brand" }), "promotion", "Write nothing, own_brand"),
        (json!({ "privacy": "PUBLIC_TO_EVERYONE", "promotion": "nothing" }), "promotion", "brings points"),
        (json!({ "privacy": "SELF_ONLY", "promotion": "both" }), "promotion", "has to be visible to others"),
    ] {
        let mut yes = wish(more);
        yes["confirm"] = json!(hash);
        says(&is(&program.post(&path, yes).await, 422), field, why);
    }
    let yes = json!({ "confirm": hash, "privacy": "PUBLIC_TO_EVERYONE", "promotion": "both", "allow_comments": true });
    is(&program.post(&path, wish(yes)).await, 202);
    world.advance_minutes(5).await;
    let info = world.posted(Platform::TikTok).pop().expect("a post").info;
    let told = ["disable_comment", "brand_content_toggle", "brand_organic_toggle"].map(|name| info[name].clone());
    assert_eq!(told, [json!(false), json!(true), json!(true)]);
    // Where nothing is left to the member, nothing is asked.
    let id = program.pushed().await;
    connect(&world, "mara", "linkedin", "Mara Muster").await;
    let seen = is(&program.post(&format!("/missions/{id}/post"), json!({ "platform": "linkedin" })).await, 200);
    assert_eq!((&seen["promotion_choices"], &seen["may_allow_comments"]), (&json!([]), &json!(false)));
}

#[tokio::test(start_paused = true)]
async fn a_post_for_later_waits_for_its_time() {
    let world = World::new().await;
    let program = Program::new(&world, &["missions:manage"]).await;
    let id = program.pushed().await;
    connect(&world, "mara", "linkedin", "Mara Muster").await;
    let path = format!("/missions/{id}/post");
    let hash = is(&program.post(&path, json!({ "platform": "linkedin" })).await, 200)["confirm"].clone();
    let with = |at: &'static str| json!({ "platform": "linkedin", "confirm": hash, "at": at });
    says(&is(&program.post(&path, with("sometime")).await, 422), "at", "Write the time");
    says(&is(&program.post(&path, with("30d")).await, 422), "at", "until the mission ends");
    assert_eq!(is(&program.post(&path, with("2h")).await, 202)["state"], "scheduled");
    world.advance_minutes(100).await;
    assert_eq!(world.posted(Platform::LinkedIn).len(), 0);
    world.advance_minutes(25).await;
    assert_eq!(world.posted(Platform::LinkedIn).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn scores_and_the_board_of_missions() {
    let world = World::new().await;
    let program = Program::new(&world, &["missions:view"]).await;
    for (who, points) in [("ada", 40), ("bela", 70), ("chen", 40)] {
        let line = format!("/mission adjust user:@{who} points:{points} reason:\"A great talk\"");
        world.slash("mara", "#general", &line).await.says("points");
    }
    let line = "/mission adjust user:@ada points:-5 reason:\"Too many\"";
    world.slash("mara", "#general", line).await.says("points");
    let score = is(&program.get(&format!("/users/{}/score?limit=1", world.id("ada"))).await, 200);
    assert_eq!((&score["total"], &score["place"], &score["tier"]), (&json!(35), &json!(3), &json!("Recruit")));
    assert_eq!(score["month"]["points"], 35);
    assert_eq!(score["entries"].as_array().map(Vec::len), Some(1));
    let next = format!("/users/{}/score?limit=1&cursor={}", world.id("ada"), text_of(&score["next_cursor"]));
    let rest = is(&program.get(&next).await, 200);
    assert_ne!(rest["entries"][0]["id"], score["entries"][0]["id"]);
    assert_eq!(rest["next_cursor"], Value::Null);
    let nothing = is(&program.get(&format!("/users/{}/score", world.id("dilek"))).await, 200);
    assert_eq!((&nothing["total"], &nothing["place"]), (&json!(0), &Value::Null));
    let month = text_of(&score["month"]["period"]);
    let board = is(&program.get(&format!("/leaderboard?board=missions&month={month}&limit=2")).await, 200);
    assert_eq!((&board["board"], &board["period"], &board["members"]), (&json!("missions"), &json!(month), &json!(3)));
    assert_eq!(board["entries"][0], json!({ "place": 1, "user_id": world.id("bela"), "score": 70 }));
    let rest = format!("/leaderboard?board=missions&month={month}&limit=2&cursor={}", text_of(&board["next_cursor"]));
    let rest = is(&program.get(&rest).await, 200);
    assert_eq!(rest["entries"], json!([{ "place": 3, "user_id": world.id("ada"), "score": 35 }]));
    assert_eq!(rest["next_cursor"], Value::Null);
    let past = is(&program.get("/leaderboard?board=missions&month=2020-01").await, 200);
    assert_eq!((&past["members"], &past["entries"]), (&json!(0), &json!([])));
    is(&program.get("/leaderboard?board=missions&month=2020-13").await, 400);
    let all = world.slash("ada", "#general", "/leaderboard board:missions").await;
    all.says("All time").says("**70** points").says("You: **#3** with 35 points").says("page 1 of 1 · 3 members");
    world.slash("ada", "#general", "/leaderboard board:missions_month").await.says(&month);
    // A month alone is the month of missions, in the short form and the long one.
    let whole = is(&program.get(&format!("/leaderboard?board=missions&month={month}")).await, 200);
    assert_eq!(is(&program.get(&format!("/leaderboard?month={month}")).await, 200), whole);
    let long = format!("/guilds/{}/leaderboard?month={month}", world.guild());
    assert_eq!(is(&program.get(&long).await, 200), whole);
    is(&program.get("/leaderboard?month=2020-13").await, 400);
    is(&program.get(&format!("/leaderboard?month={month}&kind=voice")).await, 400);
    let elsewhere = format!("/guilds/{OTHER_GUILD}/leaderboard?board=missions");
    is(&program.get(&elsewhere).await, 404);
    let levels = Program::new(&world, &["levels:view"]).await;
    is(&levels.get("/leaderboard?board=missions").await, 403);
    is(&levels.get(&format!("/leaderboard?month={month}")).await, 403);
    // Without a month, or by their own name, boards are the levels'.
    let all = is(&levels.get("/leaderboard").await, 200);
    assert_eq!((&all["board"], &all["entries"]), (&json!("all"), &json!([])));
    assert_eq!(is(&levels.get(&format!("/leaderboard?board=month&month={month}")).await, 200)["board"], "month");
    is(&levels.get(&format!("/users/{}/score", world.id("ada"))).await, 403);
    assert_eq!(
        world.get(&format!("/api/v1/guilds/{}/users/{}/score", world.guild(), world.id("ada"))).await.status,
        401
    );
    // Somebody without any right sees their own, and nobody else's.
    let ada = Browser::signed_in(&world, "ada").await;
    let of = |who: &str| format!("/api/v1/guilds/{}/users/{}/score", world.guild(), world.id(who));
    assert_eq!(is(&ada.get(&of("ada")).await, 200)["total"], 35);
    is(&ada.get(&of("bela")).await, 404);
}

#[tokio::test(start_paused = true)]
async fn members_are_chosen_in_discord() {
    let world = World::new().await;
    let card = pushed(&world, "LinkedIn").await;
    let assign = |rest: &str| format!("/mission assign mission:\"Spring launch\" {rest}");
    world.slash("ada", "#general", &assign("add:@ada")).await.says("Manage Server");
    world.slash("mara", "#general", &assign("add:@bela")).await.says("is for");
    world.slash("mara", "#general", &assign("add:@bela")).await.says("is for");
    world.press("ada", &card, "Connect & Post").await.says("for other members");
    world.press("bela", &card, "Connect & Post").await.says("LinkedIn: not connected yet");
    world.slash("mara", "#general", &assign("remove:@bela")).await.says("Somebody has to stay");
    world.slash("mara", "#general", &assign("add:@ada remove:@bela")).await.says("is for");
    world.press("bela", &card, "Connect & Post").await.says("for other members");
    world.slash("mara", "#general", &assign("")).await.says("Choose one");
    world.slash("mara", "#general", &assign("everyone:True")).await.says("is for everyone");
    world.press("bela", &card, "Connect & Post").await.says("LinkedIn: not connected yet");
}

#[tokio::test(start_paused = true)]
async fn a_member_without_any_right_publishes_for_themselves_only_while_it_is_for_them() {
    let world = World::new().await;
    let program = Program::new(&world, &["missions:manage"]).await;
    let id = program.pushed().await;
    connect(&world, "ada", "linkedin", "Ada Lovelace").await;
    let ada = Browser::signed_in(&world, "ada").await;
    ada.get("/sessions").await;
    let send = async |sent: Value| {
        world.advance(2_000).await;
        let path = format!("/api/v1/guilds/{}/missions/{id}/post", world.guild());
        let mut request = muster_tests::browser::request("POST", &path);
        request.headers.push(("content-type".to_owned(), "application/json".to_owned()));
        request.headers.push(("x-form-token".to_owned(), ada.form_token.borrow().clone()));
        request.body = sent.to_string().into_bytes();
        ada.send(request).await
    };
    let assign = format!("/missions/{id}/assign");
    let preview = is(&send(json!({ "platform": "linkedin" })).await, 200);
    assert_eq!(preview["account"], "Ada Lovelace");
    let yes = json!({ "platform": "linkedin", "confirm": preview["confirm"] });
    is(&program.post(&assign, json!({ "to": "members", "member_ids": [world.id("bela")] })).await, 200);
    let refused = is(&send(yes.clone()).await, 409);
    assert_eq!(refused["detail"], "This mission is for other members. /missions shows yours.");
    is(&program.post(&assign, json!({ "to": "members", "member_ids": [world.id("ada")] })).await, 200);
    is(&send(yes.clone()).await, 202);
    is(&send(yes).await, 202);
    world.advance_minutes(2).await;
    let posts = world.posted(Platform::LinkedIn);
    assert_eq!(posts.len(), 1);
    assert_eq!(world.db.column("SELECT user_id FROM mission_posts"), [world.id("ada")]);
    // Changing missions is another matter.
    let list = format!("/api/v1/guilds/{}/missions", world.guild());
    is(&ada.get(&list).await, 404);
}
