//! Purpose: what one watches on the dashboard: the first page, logs, analytics, jobs and timers; and who may not.

use muster_core::{
    web::Response,
    xp::{Announce, AnnounceIn, LevelSettings, Reward},
};
use muster_protocol::EventKind;
use muster_sim::{Fault, FaultKind};
use muster_tests::{
    Browser, World,
    browser::{request, text},
    gateway::Sidecar,
};
use serde_json::Value;

const SEND_MESSAGES: u64 = 1 << 11;
const HOUR: i64 = 3_600_000;

fn json(response: &Response) -> Value {
    serde_json::from_str(&response.body).unwrap_or_else(|error| panic!("{error}: {}", response.body))
}

fn page(world: &World, tab: &str) -> String {
    format!("/g/{}/{tab}", world.guild())
}

fn api(world: &World, rest: &str) -> String {
    format!("/api/v1/guilds/{}/{rest}", world.guild())
}

#[track_caller]
fn says(response: &Response, parts: &[&str]) {
    let text = text(response);
    for part in parts {
        assert!(text.contains(part), "no “{part}” in ({}) {text}", response.status);
    }
}

fn counted(world: &World, ago: i64, messages: u32, voice_seconds: u32) -> EventKind {
    let hour = (world.now() - ago).div_euclid(HOUR) * HOUR;
    EventKind::Activity { channel: world.channel("#general"), hour, messages, voice_seconds }
}

/// An announcement that Discord refuses, with its row's id.
async fn refused(world: &World) -> String {
    world.sim.borrow_mut().set_permissions("#general", "Muster", 0, 0).unwrap();
    world.slash("mara", "#general", "/giveaway start prize:Lamp ends:10m claim_window:1h").await.says("on its way");
    let card = world.message_with("#general", "Lamp");
    world.press("bela", &card.id, "Enter").await.says("You are in");
    world.sim.borrow_mut().set_permissions("#general", "Muster", 0, SEND_MESSAGES).unwrap();
    world.advance_minutes(10).await;
    world.db.column("SELECT id FROM outbox WHERE state = 'failed'").remove(0)
}

/// An announcement of unknown fate that did arrive, with its row's id.
async fn held(world: &World) -> String {
    let posts = "/channels/{channel_id}/messages";
    world.sim.borrow_mut().add_fault(Fault::once("POST", posts, FaultKind::HangAfterEffect));
    world.sim.borrow_mut().add_fault(Fault::always("*", posts, FaultKind::HangBefore));
    world.slash("mara", "#general", "/giveaway start prize:Lamp ends:5d").await.says("on its way");
    world.advance_minutes(25 * 60).await;
    world.sim.borrow_mut().clear_faults();
    world.db.column("SELECT id FROM outbox WHERE state = 'held'").remove(0)
}

#[tokio::test(start_paused = true)]
async fn the_first_page_says_what_goes_on_and_what_waits_for_the_gateway() {
    let world = World::new().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let quiet = mara.get(&format!("/g/{}", world.guild())).await;
    says(&quiet, &["never connected", "Every timer is on time", "Nothing needs you right now", "None wait to be sent"]);
    assert!(!text(&quiet).contains("This waits for it"), "levels are off");
    world.set_levels(&LevelSettings { enabled: true, ..LevelSettings::default() }).await;
    world.slash("mara", "#general", "/giveaway start prize:Lamp ends:1h").await.says("on its way");
    let card = world.message_with("#general", "Lamp");
    world.press("bela", &card.id, "Enter").await.says("You are in");
    let path = format!("/g/{}", world.guild());
    let waiting = mara.get(&path).await;
    says(&waiting, &["This waits for it", "Running giveaways 1 1 entry", "Members with levels 0"]);
    let sidecar = Sidecar::default();
    sidecar.report(&world, vec![counted(&world, 0, 40, 600), counted(&world, 24 * HOUR, 2, 60)]).await;
    sidecar.earn(&world, "ada", 300, 0).await;
    world.advance(61_000).await;
    let mut part = request("GET", &path);
    part.headers.push(("hx-request".to_owned(), "true".to_owned()));
    let live = mara.send(part).await;
    assert!(!live.body.contains("<html"), "only the part");
    says(&live, &["Messages 42", "Minutes in voice 11", "Members with levels 1", "Gateway connected"]);
    let same = json(&mara.get(&api(&world, "overview")).await);
    assert_eq!(same["gateway"]["is_connected"], true);
    let names: Vec<_> = same["figures"].as_array().expect("figures").iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names[0], "Members");
    assert!(names.contains(&"Messages".into()), "{names:?}");
}

#[tokio::test(start_paused = true)]
async fn the_first_page_says_which_channels_are_gone_and_which_roles_cannot_be_given() {
    let world = World::new().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let mut levels = LevelSettings { enabled: true, ..LevelSettings::default() };
    levels.announce = Announce { place: AnnounceIn::Channel(world.channel("#giveaways")), ..levels.announce };
    levels.rewards = vec![Reward { level: 5, role: world.role("Owner") }];
    world.set_levels(&levels).await;
    world.sim.borrow_mut().remove_channel("#giveaways").unwrap();
    let seen = mara.get(&format!("/g/{}", world.guild())).await;
    says(&seen, &["The channel for new levels does not exist any more", "The role “Owner”, for level 5, is not below"]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_message_is_sent_again_from_the_dashboard_once() {
    let world = World::new().await;
    let id = refused(&world).await;
    let mara = Browser::signed_in(&world, "mara").await;
    says(&mara.get(&format!("/g/{}", world.guild())).await, &["Discord refused", "Look at what did not go out"]);
    let jobs = page(&world, "jobs");
    says(
        &mara.get(&jobs).await,
        &["Refused by Discord", "Winners of a giveaway", "Congratulations", "may not write there"],
    );
    let listed = json(&mara.get(&api(&world, "jobs?state=failed")).await);
    assert!(listed["jobs"].as_array().unwrap().iter().any(|job| job["id"] == id.as_str()), "{listed}");
    world.sim.borrow_mut().set_permissions("#general", "Muster", 0, 0).unwrap();
    for id in world.db.column("SELECT id FROM outbox WHERE state = 'failed'") {
        let once = [("once", "0123456789abcdef")];
        let retried = mara.submit(&format!("{jobs}/{id}/retry"), &once).await;
        says(&retried, &["It is being sent again"]);
        mara.get(&jobs).await;
        says(&mara.submit(&format!("{jobs}/{id}/retry"), &once).await, &["Somebody was quicker"]);
        mara.get(&jobs).await;
    }
    world.advance(5_000).await;
    assert_eq!(world.count_with("#general", "Congratulations"), 1);
    says(&mara.get(&jobs).await, &["Nothing waits, nothing is stuck, nothing is late"]);
    says(&mara.get(&page(&world, "logs?action=job")).await, &["Jobs and timers", "failed → send again", "Dashboard"]);
}

#[tokio::test(start_paused = true)]
async fn a_held_message_is_found_by_its_link_and_what_hangs_on_it_goes_on() {
    let world = World::new().await;
    let id = held(&world).await;
    let mara = Browser::signed_in(&world, "mara").await;
    says(&mara.get(&format!("/g/{}", world.guild())).await, &["Nobody knows whether 1 message arrived"]);
    let jobs = page(&world, "jobs");
    says(&mara.get(&jobs).await, &["Needs a decision", "Announcement of a giveaway", "Lamp", "It was sent"]);
    for wrong in ["somewhere", "1234567890123456"] {
        let again = mara.post(&format!("{jobs}/{id}/close"), &[("once", "0123456789abcdef"), ("message", wrong)]).await;
        assert_eq!(again.status, 422);
        assert!(again.body.contains(&format!("value=\"{wrong}\"")), "what was written stays");
    }
    let card = world.message_with("#general", "Lamp").id;
    assert_eq!(world.db.column("SELECT message_id FROM giveaways"), ["NULL"]);
    let link = format!("https://discord.com/channels/1/2/{card}");
    let done = mara.submit(&format!("{jobs}/{id}/close"), &[("once", "0123456789abcdef"), ("message", &link)]).await;
    says(&done, &["Nothing more is done about it"]);
    assert_eq!(world.db.column("SELECT message_id FROM giveaways"), [card.as_str()]);
    world.advance(30_000).await;
    assert_eq!(world.count_with("#general", "commitment"), 1, "nothing was sent twice");
}

#[tokio::test(start_paused = true)]
async fn programs_decide_about_jobs_too() {
    let world = World::new().await;
    let id = held(&world).await;
    let mara = Browser::signed_in(&world, "mara").await;
    mara.get(&page(&world, "jobs")).await;
    let post = |action: &str, body: &str| {
        let mut post = request("POST", &api(&world, &format!("jobs/{id}/{action}")));
        post.headers.push(("content-type".to_owned(), "application/json".to_owned()));
        post.headers.push(("x-form-token".to_owned(), mara.form_token.borrow().clone()));
        post.body = body.as_bytes().to_vec();
        post
    };
    assert_eq!(mara.send(post("close", r#"{"message":"x"}"#)).await.status, 422);
    assert_eq!(mara.send(post("close", r#"{"other":1}"#)).await.status, 400);
    assert_eq!(json(&mara.send(post("close", "{}")).await)["is_done"], true);
    assert_eq!(json(&mara.send(post("retry", "{}")).await)["is_done"], false);
    assert_eq!(mara.get(&api(&world, "jobs?cursor=x")).await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn late_timers_are_listed_and_woken() {
    let world = World::new().await;
    world.slash("mara", "#general", "/giveaway start prize:Lamp ends:10m").await.says("on its way");
    let mara = Browser::signed_in(&world, "mara").await;
    world.advance(5_000).await;
    world.lose_alarms_and_queue();
    world.jump(15 * 60_000 + 1).await;
    let jobs = page(&world, "jobs");
    says(
        &mara.get(&format!("/g/{}", world.guild())).await,
        &["Timers 1 late", "1 timer is late, the oldest by 5 minutes"],
    );
    says(&mara.get(&jobs).await, &["Late timers", "close and draw “Lamp”", "5 minutes"]);
    assert_eq!(json(&mara.get(&api(&world, "timers")).await)["late"][0]["feature"], "giveaways");
    says(&mara.submit(&format!("{jobs}/wake"), &[("once", "0123456789abcdef")]).await, &["looked at now"]);
    world.advance(5_000).await;
    says(&mara.get(&jobs).await, &["nothing is late"]);
}

#[tokio::test(start_paused = true)]
async fn logs_are_filtered_searched_and_read_page_by_page() {
    let world = World::new().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let logs = page(&world, "logs");
    says(&mara.get(&logs).await, &["Nothing is here yet"]);
    world.slash("mara", "#general", "/config set setting:time_zone value:Europe/Berlin").await;
    let ada = Browser::signed_in(&world, "ada").await;
    assert_eq!(ada.get(&logs).await.status, 404);
    let seen = mara.get(&logs).await;
    says(&seen, &["Settings Time zone In Discord", "UTC", "Europe/Berlin"]);
    assert!(!text(&seen).contains("no right to any part"));
    says(&mara.get(&format!("{logs}?kind=attempts")).await, &["Ada dashboard Dashboard no right to any part"]);
    let row = "INSERT INTO audit_log (guild_id, at, actor_id, source, action, target, after, cause)";
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4500)";
    let guild = world.guild();
    let chen = world.id("chen");
    world.db.column(&format!("{row} {numbers} SELECT '{guild}', i, '{chen}', 'api', 'levels', 'import ' || i, '100%_x', 'story:' || i FROM n RETURNING id"));
    world.db.column(&format!(
        "{row} VALUES ('1', 1, '{chen}', 'api', 'levels', 'elsewhere', NULL, 'story:other') RETURNING id"
    ));
    let mut path = api(&world, "logs?source=api");
    let (mut count, mut pages) = (0, 0);
    loop {
        world.advance(2_000).await;
        let log = json(&mara.get(&path).await);
        count += log["lines"].as_array().unwrap().len();
        pages += 1;
        assert!(!log.to_string().contains("elsewhere"), "another server's line");
        let Some(next) = log["next_cursor"].as_str() else { break };
        path = api(&world, &format!("logs?source=api&cursor={next}"));
    }
    assert_eq!((count, pages), (4_500, 90));
    // What is 4,500 lines back is found by going on, two thousand lines at a time.
    let mut path = api(&world, "logs?text=Berlin");
    let mut looks = 0;
    let found = loop {
        world.advance(2_000).await;
        let log = json(&mara.get(&path).await);
        looks += 1;
        if let Some(line) = log["lines"].as_array().unwrap().first() {
            break line.clone();
        }
        path = api(&world, &format!("logs?text=Berlin&cursor={}", log["next_cursor"].as_str().expect("more")));
    };
    assert_eq!((found["after"].as_str(), looks), (Some("Europe/Berlin"), 3));
    says(&mara.get(&format!("{logs}?text=100%25_x&person={chen}")).await, &["import 4500", "Look further back"]);
    says(&mara.get(&format!("{logs}?text=100x")).await, &["Nothing in this stretch fits"]);
    let wrong = mara.get(&format!("{logs}?person=mara&text={}", "x".repeat(60))).await;
    assert_eq!(wrong.status, 422);
    says(&wrong, &["Copy User ID", "Search for something shorter"]);
    assert_eq!(mara.get(&api(&world, "logs?cursor=-1")).await.status, 422);
}

#[tokio::test(start_paused = true)]
async fn the_log_of_giveaways_and_of_undelivered_messages() {
    let world = World::new().await;
    refused(&world).await;
    let mara = Browser::signed_in(&world, "mara").await;
    let seen = mara.get(&page(&world, "logs?kind=giveaways")).await;
    says(&seen, &["started Lamp", "drawn", "Muster"]);
    assert!(!text(&seen).contains("entered Lamp"), "entries stand with the giveaway");
    says(&mara.get(&page(&world, "logs?kind=jobs")).await, &["Refused by Discord Winners of a giveaway", "50013"]);
    assert!(json(&mara.get(&api(&world, "logs?kind=jobs")).await)["lines"][0]["after"].is_string());
}

#[tokio::test(start_paused = true)]
async fn analytics_count_in_the_servers_time_zone_and_go_into_files() {
    let world = World::new().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let analytics = page(&world, "analytics");
    says(&mara.get(&analytics).await, &["Nothing was counted in this time", "The gateway is not connected"]);
    world.slash("mara", "#general", "/config set setting:time_zone value:Asia/Tokyo").await;
    world.sim.borrow_mut().rename_channel("#general", "-general").unwrap();
    let general = world.sim.borrow().channel("#-general").unwrap().id.to_string();
    let hour = |ago: i64| (world.now() - ago).div_euclid(HOUR) * HOUR;
    let channel = general.parse().unwrap();
    let of = |ago, messages| EventKind::Activity { channel, hour: hour(ago), messages, voice_seconds: 120 };
    let joined = EventKind::MemberJoined { user: world.id("ada").parse().unwrap(), bot: false };
    Sidecar::default().report(&world, vec![of(0, 5), of(2 * 24 * HOUR, 7), of(20 * 24 * HOUR, 11), joined]).await;
    world.advance(61_000).await;
    says(
        &mara.get(&analytics).await,
        &["Times are those of Asia/Tokyo", "Messages 12", "Joined 1", "Busiest channels"],
    );
    let week = json(&mara.get(&api(&world, "analytics?span=week")).await);
    assert_eq!((week["parts"].as_array().unwrap().len(), week["time_zone"].as_str()), (7, Some("Asia/Tokyo")));
    assert!(week["parts"][0]["begins"].as_str().unwrap().ends_with("T15:00:00Z"), "midnight there");
    assert_eq!(json(&mara.get(&api(&world, "analytics?span=month")).await)["total"]["messages"], 23);
    assert_eq!(json(&mara.get(&api(&world, "analytics?span=day")).await)["parts"].as_array().unwrap().len(), 24);
    assert_eq!(mara.get(&api(&world, "analytics?span=year")).await.status, 400);
    let file = mara.get(&format!("{analytics}/time.csv?span=week")).await;
    assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"activity-week.csv\""));
    assert_eq!(file.body.lines().count(), 8);
    let channels = mara.get(&format!("{analytics}/channels.csv")).await;
    assert!(channels.body.contains(&format!("{general},'-general,12,4,")), "{}", channels.body);
}

#[tokio::test(start_paused = true)]
async fn nobody_watches_another_server_or_without_the_right() {
    let world = World::new().await;
    let id = refused(&world).await;
    let ada = Browser::signed_in(&world, "ada").await;
    for tab in ["logs", "analytics", "jobs", "analytics/time.csv"] {
        assert_eq!(ada.get(&page(&world, tab)).await.status, 404, "{tab}");
        world.advance(2_000).await;
    }
    for rest in ["overview", "logs", "analytics", "jobs", "timers"] {
        assert_eq!(ada.get(&api(&world, rest)).await.status, 404, "{rest}");
        world.advance(2_000).await;
        assert_eq!(world.get(&api(&world, rest)).await.status, 401, "{rest}");
    }
    // Somebody who may see the first page only.
    let (guild, role) = (world.guild(), world.role("Member"));
    world
        .db
        .column(&format!("INSERT INTO dashboard_grants VALUES ('{guild}', '{role}', 'jobs', 'view') RETURNING area"));
    assert_eq!(ada.get(&page(&world, "jobs")).await.status, 200);
    assert_eq!(ada.get(&page(&world, "logs")).await.status, 403);
    assert_eq!(ada.post(&page(&world, &format!("jobs/{id}/retry")), &[]).await.status, 403);
    // A row of another server is no row.
    let mara = Browser::signed_in(&world, "mara").await;
    world.db.column("UPDATE outbox SET guild_id = '1' RETURNING id");
    for action in ["retry", "close"] {
        assert_eq!(mara.post(&page(&world, &format!("jobs/{id}/{action}")), &[]).await.status, 404, "{action}");
    }
    assert!(world.db.column("SELECT state FROM outbox").contains(&"failed".to_owned()));
}
