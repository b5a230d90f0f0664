//! Purpose: `/rank`: the card that people see, of themselves and of others, and what they hear instead of one.

use muster_core::xp::{LevelSettings, Reward};
use muster_sim::{NewMember, NewUser, OTHER_BOT, OTHER_GUILD};
use muster_testkit::FaultMode;
use muster_tests::{DEMO, World, gateway::Sidecar};

fn on() -> LevelSettings {
    LevelSettings { enabled: true, ..LevelSettings::default() }
}

async fn cafe(settings: LevelSettings) -> (World, Sidecar) {
    let world = World::new().await;
    world.set_levels(&settings).await;
    (world, Sidecar::default())
}

#[tokio::test(start_paused = true)]
async fn a_card_shows_level_place_progress_and_where_it_came_from() {
    let (world, sidecar) = cafe(on()).await;
    let role = world.role("Newcomer");
    world.set_levels(&LevelSettings { rewards: vec![Reward { level: 5, role }], ..on() }).await;
    sidecar.earn(&world, "bela", 900, 0).await;
    sidecar.earn(&world, "ada", 200, 100).await;
    sidecar.earn(&world, "ada", 20, 0).await;
    let seen = world.slash("ada", "#general", "/rank").await;
    assert!(!seen.private, "a rank is there to be shown");
    for part in [
        "Level 2",
        "**#2** of 2",
        "**65** of 220 XP towards level 3",
        "▰▰▰▰▱",
        "**320** XP in all",
        "**220** from 2 messages",
        "**100** from 20 minutes in voice",
        "This week **320** XP (💬 220 · 🔊 100) · place **#2**",
        &format!("Next role: <@&{role}> at level 5"),
    ] {
        seen.says(part);
    }
    let message = seen.message.expect("a message");
    let picture = message.components().into_iter().find(|part| part["type"] == 11).expect("a picture");
    let url = picture["media"]["url"].as_str().expect("an address");
    assert!(url.contains(&format!("/avatars/{}/", world.id("ada"))) && url.ends_with(".png?size=128"), "{url}");
    assert!(message.pinged.is_empty());
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_card_can_be_asked_for_and_leads_to_the_leaderboard_and_ones_own() {
    let (world, sidecar) = cafe(on()).await;
    sidecar.earn(&world, "bela", 500, 0).await;
    sidecar.earn(&world, "ada", 200, 0).await;
    let seen = world.slash("ada", "#general", "/rank user:@bela").await;
    seen.says("Level 3").says("**#1** of 2");
    let message = seen.message.expect("a message");
    let picture = message.components().into_iter().find(|part| part["type"] == 11).expect("a picture");
    let url = picture["media"]["url"].as_str().expect("an address");
    assert!(url.contains("/embed/avatars/"), "bela has no picture: {url}");
    let own = world.press("ada", &message.id, "My rank").await;
    assert!(own.private);
    own.says("**#2** of 2");
    let board = world.press("ada", &message.id, "Leaderboard").await;
    assert!(board.private);
    board.says("🥇").says(&format!("🥈 <@{}> · level **1** · **200** XP ← you", world.id("ada")));
}

#[tokio::test(start_paused = true)]
async fn whoever_presses_under_a_new_level_sees_their_own_rank_in_private() {
    let (world, sidecar) = cafe(on()).await;
    sidecar.earn(&world, "ada", 100, 0).await;
    let announced = world.message_with("#general", "level 1");
    let seen = world.press("ada", &announced.id, "My rank").await;
    assert!(seen.private);
    seen.says("Level 1").says("**#1** of 1");
    let other = world.press("bela", &announced.id, "My rank").await;
    assert!(other.private);
    other.says("You have not earned anything here yet");
}

#[tokio::test(start_paused = true)]
async fn instead_of_a_card_people_hear_why_there_is_none() {
    let (world, sidecar) = cafe(LevelSettings::default()).await;
    let off = world.slash("ada", "#general", "/rank").await;
    off.says("Levels are off in this server").says("/levels config");
    assert!(off.private);
    world.set_levels(&on()).await;
    world.slash("ada", "#general", "/rank").await.says("You have not earned anything here yet");
    let bot = world.slash("ada", "#general", &format!("/rank user:@{OTHER_BOT}")).await;
    bot.says("is a bot, and bots earn no experience");
    let other = world.slash("ada", "#general", "/rank user:@bela").await;
    other.says("has not earned anything here yet");
    assert!(other.private && bot.private);
    // Somebody who left keeps the card, without a place.
    sidecar.earn(&world, "bela", 300, 0).await;
    let left = muster_protocol::EventKind::MemberLeft { user: world.id("bela").parse().expect("an id") };
    sidecar.report(&world, vec![left]).await;
    let seen = world.slash("ada", "#general", "/rank user:@bela").await;
    seen.says("**300** XP in all");
    assert!(!seen.text.contains("**#"), "{}", seen.text);
}

#[tokio::test(start_paused = true)]
async fn a_name_is_shown_and_not_obeyed() {
    let (world, sidecar) = cafe(on()).await;
    let global_name = Some("# **@everyone** <@1> ||x|| \u{202e}`".to_owned());
    let trickster = NewUser { username: "trickster".to_owned(), global_name, ..NewUser::default() };
    let id = world.sim.borrow_mut().add_user(trickster);
    world.sim.borrow_mut().add_member(DEMO, &id, NewMember::default()).expect("they join");
    sidecar.earn(&world, "trickster", 10, 0).await;
    let seen = world.slash("bela", "#general", "/rank user:@trickster").await;
    seen.says(r"## \# \*\*\@everyone\*\* \<\@1\> \|\|x\|\| \`");
    assert!(seen.message.expect("a message").pinged.is_empty());
}

#[tokio::test(start_paused = true)]
async fn every_server_has_its_own_ranks() {
    let (world, sidecar) = cafe(on()).await;
    sidecar.earn(&world, "ada", 300, 0).await;
    let there = format!("{OTHER_GUILD}/#general");
    world.slash("ada", &there, "/rank").await.says("Levels are off in this server");
    // A button from elsewhere shows what is earned here.
    let announced = world.message_with("#general", "level 2");
    let custom_id = announced.button("My rank").expect("a button");
    let card = world.slash("mara", &there, "/help").await.message.expect("a message");
    world.forge("mara", &there, &card.id, &custom_id).await.says("Levels are off in this server");
}

#[tokio::test(start_paused = true)]
async fn without_the_index_a_card_still_shows_what_was_earned() {
    let (world, sidecar) = cafe(on()).await;
    sidecar.earn(&world, "ada", 300, 0).await;
    // The row is the first call, the index the second.
    world.faults().plan(2, FaultMode::FailBefore, false);
    let seen = world.slash("ada", "#general", "/rank").await;
    seen.says("**300** XP in all");
    assert!(!seen.text.contains("**#"), "{}", seen.text);
    world.faults().plan(1, FaultMode::FailBefore, false);
    world.slash("ada", "#general", "/leaderboard").await.says("did not answer just now");
}

#[tokio::test(start_paused = true)]
async fn a_card_that_takes_long_comes_after_thinking() {
    let (world, sidecar) = cafe(on()).await;
    sidecar.earn(&world, "ada", 300, 0).await;
    world.story_db.stall_ms.set(1_500);
    let seen = world.slash("ada", "#general", "/rank").await;
    seen.says("**300** XP in all");
    assert!(!seen.message.expect("a message").is_loading());
}
