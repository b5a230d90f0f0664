//! Purpose: the end of a giveaway: draw, claims, redraws, who is passed over, and the proof.

use muster_sim::Message;
use muster_tests::{DEMO, World};
use serde_json::Value;

const PEOPLE: [&str; 6] = ["ada", "bela", "chen", "dilek", "emil", "farah"];

async fn entered(world: &World, options: &str) -> Message {
    world.slash("mara", "#general", &format!("/giveaway start prize:Lamp ends:10m {options}")).await.says("on its way");
    let card = world.message_with("#general", "Lamp");
    for who in PEOPLE {
        world.press(who, &card.id, "Enter").await.says("You are in");
    }
    card
}

/// Users of picks with that outcome, in order.
fn picked(world: &World, outcome: &str) -> Vec<String> {
    world.db.column(&format!("SELECT user_id FROM giveaway_picks WHERE outcome = '{outcome}' ORDER BY pick"))
}

fn name(world: &World, id: &str) -> &'static str {
    PEOPLE.into_iter().find(|who| world.id(who) == id).expect("one of the people")
}

fn state(world: &World) -> String {
    world.db.column("SELECT state FROM giveaways").remove(0)
}

async fn proof(world: &World) -> Value {
    let id = world.db.column("SELECT id FROM giveaways").remove(0);
    let response = world.get(&format!("/api/v1/giveaways/{id}/proof")).await;
    assert_eq!(response.status, 200);
    serde_json::from_str(&response.body).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_winner_is_pinged_in_the_channel_and_claims_with_a_button() {
    let world = World::new().await;
    let card = entered(&world, "").await;
    world.advance_minutes(10).await;
    let announcement = world.message_with("#general", "Congratulations");
    let winner = picked(&world, "won").remove(0);
    assert_eq!(announcement.pinged, std::slice::from_ref(&winner));
    let winner = name(&world, &winner);
    let other = PEOPLE.into_iter().find(|who| *who != winner).unwrap();
    world.press(other, &announcement.id, "Claim Prize").await.says("Only the winners");
    let seen = world.press(winner, &announcement.id, "Claim Prize").await;
    seen.says("claimed").says("Lamp");
    let told = world.message_with("#general", &format!("<@{}> claimed", world.id(winner)));
    assert_eq!(told.pinged, [world.id("mara")], "everybody sees the claim, and the host is pinged");
    world.press(winner, &announcement.id, "Claim Prize").await.says("already claimed");
    assert_eq!(state(&world), "finished");
    let card = world.sim.borrow().message(&card.id).unwrap();
    assert!(card.text().contains("✅ claimed by"), "{}", card.text());
    world.advance_minutes(60).await;
    assert_eq!(world.count_with("#general", "Congratulations"), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_misses_the_claim_is_followed_by_the_next_pick_until_the_limit() {
    let world = World::new().await;
    entered(&world, "claim_window:5m reroll_limit:2").await;
    world.advance_minutes(10).await;
    let first = picked(&world, "won");
    world.advance_minutes(5).await;
    let redraw = world.message_with("#general", "did not claim in time");
    assert!(redraw.text().contains(&format!("<@{}> did not claim", first[0])), "{}", redraw.text());
    assert_eq!(redraw.pinged, picked(&world, "won"));
    assert_ne!(picked(&world, "won"), first);
    world.advance_minutes(5).await;
    assert_eq!(picked(&world, "lapsed").len(), 2);
    world.advance_minutes(5).await;
    assert_eq!(picked(&world, "lapsed").len(), 3);
    world.message_with("#general", "unclaimed");
    assert_eq!(state(&world), "finished");
    world.advance_minutes(60).await;
    assert_eq!(world.count_with("#general", "Congratulations"), 3);
    let late = name(&world, &first[0]);
    let old = world.message_with("#general", &first[0]);
    assert!(old.text().contains("Lamp"));
    let seen = world
        .forge(
            late,
            "#general",
            &old.id,
            &format!("1:giveaways:claim:{}:2", world.db.column("SELECT id FROM giveaways")[0]),
        )
        .await;
    seen.says("time to claim");
}

#[tokio::test(start_paused = true)]
async fn leavers_lost_roles_recent_winners_and_blacklisted_are_passed_over_with_the_reason() {
    let world = World::new().await;
    world.slash("mara", "#general", "/config set setting:giveaway_winner_cooldown_days value:30").await.says("30 days");
    entered(&world, "required_role:@Member winners:6 claim_window:10m").await;
    world.sim.borrow_mut().remove_member(DEMO, "ada").unwrap();
    world.sim.borrow_mut().set_roles(DEMO, "bela", &[]).unwrap();
    world.slash("mara", "#general", "/giveaway blacklist add user:@chen").await.says("no longer");
    world.advance_minutes(10).await;
    let reasons = world.db.column("SELECT reason FROM giveaway_picks WHERE outcome = 'passed' ORDER BY reason");
    assert_eq!(reasons, ["blacklisted", "does not hold the required role", "left the server"]);
    let announcement = world.message_with("#general", "Congratulations");
    assert_eq!(announcement.pinged.len(), 3);
    world.press("dilek", &announcement.id, "Claim Prize").await.says("claimed");
    let log = world.db.column("SELECT detail FROM giveaway_log WHERE action = 'passed over'");
    assert_eq!(log.len(), 3);

    world.slash("mara", "#general", "/giveaway start prize:Vase ends:10m winners:6").await.says("on its way");
    let vase = world.message_with("#general", "Vase");
    world.press("dilek", &vase.id, "Enter").await.says("You are in");
    world.advance_minutes(10).await;
    world.message_with("#general", "nobody is left who qualifies");
    let reason = world
        .db
        .column("SELECT reason FROM giveaway_picks p JOIN giveaways g ON g.id = p.giveaway_id WHERE g.prize = 'Vase'");
    assert_eq!(reason, ["won in the last 30 days"]);
}

#[tokio::test(start_paused = true)]
async fn a_winner_who_lost_the_role_can_get_it_back_and_claim_in_time() {
    let world = World::new().await;
    entered(&world, "required_role:@Member winners:6").await;
    world.advance_minutes(10).await;
    let announcement = world.message_with("#general", "Congratulations");
    world.sim.borrow_mut().set_roles(DEMO, "bela", &[]).unwrap();
    world.press("bela", &announcement.id, "Claim Prize").await.says("no longer have").says("press again");
    world.sim.borrow_mut().set_roles(DEMO, "bela", &["Member"]).unwrap();
    world.press("bela", &announcement.id, "Claim Prize").await.says("claimed");
}

#[tokio::test(start_paused = true)]
async fn a_claim_after_its_time_is_too_late_however_late_the_clock_is() {
    let world = World::new().await;
    entered(&world, "claim_window:5m").await;
    world.advance_minutes(10).await;
    let announcement = world.message_with("#general", "Congratulations");
    let winner = name(&world, &picked(&world, "won")[0]);
    world.alarms_work.set(false);
    world.advance_minutes(5).await;
    assert_eq!(picked(&world, "lapsed"), Vec::<String>::new(), "no alarm went off");
    world.press(winner, &announcement.id, "Claim Prize").await.says("is over");
    world.alarms_work.set(true);
    world.advance_minutes(2).await;
    assert_eq!(picked(&world, "lapsed"), [world.id(winner)]);
    assert_eq!(picked(&world, "claimed"), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn too_few_entrants_extend_or_cancel() {
    let world = World::new().await;
    world.slash("mara", "#general", "/giveaway start prize:Lamp ends:10m min_entrants:2").await.says("on its way");
    let card = world.message_with("#general", "Lamp");
    world.press("bela", &card.id, "Enter").await.says("You are in");
    world.advance_minutes(10).await;
    world.message_with("#general", "goes on and ends");
    world.press("chen", &card.id, "Enter").await.says("You are in");
    world.advance_minutes(10).await;
    world.message_with("#general", "Congratulations");

    world
        .slash("mara", "#general", "/giveaway start prize:Vase ends:10m min_entrants:5 if_too_few:cancel")
        .await
        .says("on its way");
    world.advance_minutes(10).await;
    world.message_with("#general", "is cancelled: 0 people entered, 5 were needed");
    world.advance_minutes(60).await;
    assert_eq!(world.db.column("SELECT state FROM giveaways WHERE prize = 'Vase'"), ["cancelled"]);
}

#[tokio::test(start_paused = true)]
async fn a_redraw_that_finds_nobody_does_not_say_that_nobody_won() {
    let world = World::new().await;
    let line = "/giveaway start prize:Lamp ends:10m winners:2 claim_window:5m";
    world.slash("mara", "#general", line).await.says("on its way");
    let card = world.message_with("#general", "Lamp");
    for who in ["bela", "chen"] {
        world.press(who, &card.id, "Enter").await.says("You are in");
    }
    world.advance_minutes(10).await;
    let drawn = world.message_with("#general", "Congratulations");
    world.press("bela", &drawn.id, "Claim Prize").await.says("You claimed");
    world.advance_minutes(6).await;
    let told = world.message_with("#general", "nobody is left who qualifies");
    assert!(told.content.contains("Whoever has won keeps their prize."), "{}", told.content);
}

#[tokio::test(start_paused = true)]
async fn nobody_entered_ends_quietly() {
    let world = World::new().await;
    world.slash("mara", "#general", "/giveaway start prize:Lamp ends:10m").await.says("on its way");
    world.advance_minutes(11).await;
    world.message_with("#general", "nobody is left who qualifies");
    assert_eq!(state(&world), "finished");
}

#[tokio::test(start_paused = true)]
async fn managers_draw_one_prize_or_all_unclaimed_again() {
    let world = World::new().await;
    entered(&world, "winners:2 reroll_limit:0 claim_window:10m").await;
    world.advance_minutes(10).await;
    let announcement = world.message_with("#general", "Congratulations");
    let won = picked(&world, "won");
    let (claimer, other) = (name(&world, &won[0]), name(&world, &won[1]));
    world.press(claimer, &announcement.id, "Claim Prize").await.says("claimed");
    world.slash("bela", "#general", "/giveaway reroll giveaway:Lamp").await.says("Manage Server");
    world
        .slash("mara", "#general", &format!("/giveaway reroll giveaway:Lamp winner:@{other}"))
        .await
        .says("drawn again");
    world.message_with("#general", "is drawn again");
    assert_eq!(picked(&world, "replaced"), [won[1].clone()]);
    assert_eq!(picked(&world, "won").len(), 1);
    world.advance_minutes(10).await;
    assert_eq!(state(&world), "finished");
    world.slash("mara", "#general", "/giveaway reroll giveaway:Lamp").await.says("drawn again");
    assert_eq!(picked(&world, "claimed"), [won[0].clone()]);
    assert_eq!(picked(&world, "won").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_proof_tells_nothing_before_the_draw_and_everything_after() {
    let world = World::new().await;
    let card = entered(&world, "winners:2").await;
    let before = proof(&world).await;
    assert_eq!(before["seed"], Value::Null);
    assert_eq!(before["entrants"], Value::Null);
    assert!(card.text().contains(before["commitment"].as_str().unwrap()));
    let seed = world.db.column("SELECT seed FROM giveaways").remove(0);
    world.slash("mara", "#general", "/giveaway verify giveaway:Lamp").await.says("not happened yet");
    for message in world.public("#general") {
        assert!(!message.json.to_string().contains(&seed), "the seed is out before the draw");
    }
    world.advance_minutes(10).await;
    let after = proof(&world).await;
    assert_eq!(after["seed"].as_str(), Some(seed.as_str()));
    assert_eq!(after["commitment"], before["commitment"]);
    assert_eq!(after["entrants"].as_array().map(Vec::len), Some(6));
    assert!(world.message_with("#general", "How this was drawn").text().contains(&seed));
    world.slash("bela", "#general", "/giveaway verify giveaway:Lamp").await.says("This draw checks out");
    let file = std::env::temp_dir().join(format!("muster-proof-{}.json", std::process::id()));
    std::fs::write(&file, after.to_string()).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/verify-draw");
    let checked = std::process::Command::new(script).arg(&file).output().expect("python runs");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    let mut forged = after.clone();
    forged["picks"][0]["user"] = after["entrants"][0][0].clone();
    forged["picks"][1]["user"] = after["entrants"][0][0].clone();
    std::fs::write(&file, forged.to_string()).unwrap();
    let checked = std::process::Command::new(script).arg(&file).output().expect("python runs");
    assert!(!checked.status.success(), "a forged proof passed");
    std::fs::remove_file(file).unwrap();
}

#[tokio::test(start_paused = true)]
async fn exports_hold_entrants_picks_and_the_log() {
    let world = World::new().await;
    entered(&world, "").await;
    world.advance_minutes(10).await;
    let seen = world.slash("mara", "#general", "/giveaway export giveaway:Lamp").await;
    let file = seen.message.as_ref().and_then(|m| m.json["attachments"][0]["filename"].as_str().map(str::to_owned));
    assert!(file.is_some_and(|name| name.ends_with(".csv")), "{seen:?}");
    let seen = world.slash("mara", "#general", "/giveaway export giveaway:Lamp format:json").await;
    assert!(seen.message.unwrap().json["attachments"][0]["filename"].as_str().unwrap().ends_with(".json"));
    world.slash("bela", "#general", "/giveaway export giveaway:Lamp").await.says("Manage Server");
}

#[tokio::test(start_paused = true)]
async fn every_step_is_in_the_log() {
    let world = World::new().await;
    entered(&world, "claim_window:5m reroll_limit:1").await;
    world.slash("mara", "#general", "/giveaway edit giveaway:Lamp winners:1 description:Shiny").await.says("changed");
    world.slash("mara", "#general", "/giveaway pause giveaway:Lamp").await.says("paused");
    world.advance_minutes(30).await;
    world.slash("mara", "#general", "/giveaway resume giveaway:Lamp").await.says("goes on");
    world.advance_minutes(16).await;
    let actions = world.db.column("SELECT action FROM giveaway_log WHERE version IS NOT NULL ORDER BY version");
    assert_eq!(actions, ["started", "edited", "paused", "resumed", "closed", "drawn", "lapsed", "drawn"]);
    assert_eq!(world.db.column("SELECT COUNT(*) FROM giveaway_log WHERE action = 'entered'"), ["6"]);
    assert_eq!(world.db.column("SELECT COUNT(*) FROM giveaway_log WHERE action = 'picked'"), ["2"]);
}
