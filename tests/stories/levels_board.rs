//! Purpose: `/leaderboard`: pages, lists, one's own place, and whose buttons turn whose pages.

use crate::people;
use muster_core::xp::LevelSettings;
use muster_protocol::EventKind;
use muster_sim::OTHER_GUILD;
use muster_tests::{
    World,
    gateway::{Sidecar, earned},
};

async fn cafe() -> (World, Sidecar) {
    let world = World::new().await;
    world.set_levels(&LevelSettings { enabled: true, ..LevelSettings::default() }).await;
    (world, Sidecar::default())
}

/// So many fans, `fan1` with the most.
async fn crowd(world: &World, sidecar: &Sidecar, size: u32) {
    let names = people::crowd(world, size as usize);
    let members = (0..size).zip(&names).map(|(n, name)| earned(world, name, 1_000 - n, n)).collect();
    sidecar.report(world, vec![EventKind::Xp { members }]).await;
}

#[tokio::test(start_paused = true)]
async fn pages_lead_forth_and_back_and_to_oneself() {
    let (world, sidecar) = cafe().await;
    crowd(&world, &sidecar, 23).await;
    let seen = world.slash("fan15", "#general", "/leaderboard").await;
    assert!(!seen.private);
    seen.says("🥇").says("🥈").says("🥉").says("page 1 of 3 · 23 members").says("You: **#15** with 1,000 XP");
    seen.says(&format!("🥇 <@{}> · level **4** · **1,000** XP", world.id("fan1")));
    let message = seen.message.expect("a message");
    assert!(message.button("First").is_none() && message.button("Previous").is_none(), "there is nothing before it");
    let next = world.press("fan15", &message.id, "Next").await;
    next.says("page 2 of 3").says(&format!("`15` <@{}> · level **4** · **1,000** XP ← you", world.id("fan15")));
    assert_eq!(next.message.expect("a message").id, message.id, "the same message turns its page");
    let last = world.press("fan15", &message.id, "Last").await;
    last.says("page 3 of 3").says(&world.id("fan23"));
    assert!(last.message.expect("a message").button("Next").is_none());
    world.press("fan15", &message.id, "Jump to me").await.says("page 2 of 3");
    world.press("fan15", &message.id, "First").await.says("page 1 of 3");
    let direct = world.slash("fan15", "#general", "/leaderboard page:3").await;
    direct.says("page 3 of 3");
    world.slash("fan15", "#general", "/leaderboard page:999999").await.says("page 3 of 3");
    assert!(direct.message.expect("a message").pinged.is_empty());
}

#[tokio::test(start_paused = true)]
async fn weeks_months_and_kinds_have_lists_of_their_own() {
    let (world, sidecar) = cafe().await;
    sidecar.earn(&world, "ada", 300, 0).await;
    sidecar.earn(&world, "bela", 100, 50).await;
    world.advance(8 * 86_400_000).await;
    sidecar.earn(&world, "bela", 20, 40).await;
    let seen = world.slash("bela", "#general", "/leaderboard board:week").await;
    seen.says("This week · everything").says("**60** XP ← you").says("1 member");
    let message = seen.message.expect("a message");
    world.choose("bela", &message.id, "week.voice").await.says("This week · voice").says("**40** XP ← you");
    let all = world.choose("bela", &message.id, "all.text").await;
    all.says("All time · messages").says(&format!("🥇 <@{}> · **300** XP", world.id("ada"))).says("**120** XP ← you");
    let voice = world.slash("ada", "#general", "/leaderboard kind:voice").await;
    voice.says(&format!("🥇 <@{}> · **90** XP", world.id("bela"))).says("You are not on this list yet");
    world.slash("ada", "#general", "/leaderboard board:month kind:total").await.says("This month · everything");
}

#[tokio::test(start_paused = true)]
async fn others_get_a_copy_of_their_own() {
    let (world, sidecar) = cafe().await;
    crowd(&world, &sidecar, 12).await;
    let message = world.slash("fan1", "#general", "/leaderboard").await.message.expect("a message");
    let copy = world.press("fan12", &message.id, "Next").await;
    assert!(copy.private);
    copy.says("page 2 of 2").says("You: **#12**");
    let copy = copy.message.expect("a message");
    assert_ne!(copy.id, message.id);
    assert!(world.message_with("#general", "Leaderboard").text().contains("page 1 of 2"), "the first one stays");
    let turned = world.press("fan12", &copy.id, "Previous").await;
    assert_eq!(turned.message.expect("a message").id, copy.id, "the copy is theirs to turn");
    let chosen = world.choose("fan12", &message.id, "all.voice").await;
    assert!(chosen.private);
    chosen.says("All time · voice");
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_gone_by_now_shows_the_last() {
    let (world, sidecar) = cafe().await;
    crowd(&world, &sidecar, 21).await;
    let message = world.slash("fan1", "#general", "/leaderboard").await.message.expect("a message");
    for name in ["fan20", "fan21"] {
        sidecar.report(&world, vec![EventKind::MemberLeft { user: world.id(name).parse().expect("an id") }]).await;
    }
    world.press("fan1", &message.id, "Last").await.says("page 2 of 2").says("19 members");
}

#[tokio::test(start_paused = true)]
async fn an_empty_list_says_how_it_fills() {
    let (world, _) = cafe().await;
    let seen = world.slash("ada", "#general", "/leaderboard").await;
    seen.says("Nobody is on this list yet").says("You are not on this list yet").says("page 1 of 1 · 0 members");
    world.set_levels(&LevelSettings::default()).await;
    let off = world.slash("ada", "#general", "/leaderboard").await;
    off.says("Levels are off in this server");
    assert!(off.private);
}

#[tokio::test(start_paused = true)]
async fn forged_buttons_show_nothing_that_is_not_there() {
    let (world, sidecar) = cafe().await;
    sidecar.earn(&world, "ada", 300, 0).await;
    let message = world.slash("ada", "#general", "/leaderboard").await.message.expect("a message");
    for bad in ["year.total:0:1", "all.total:-1:1", "all.total::1", "all:0:1", "all.total:99999999999999999999:1", ""] {
        let seen = world.forge("ada", "#general", &message.id, &format!("1:levels:page:{bad}")).await;
        seen.says("another version of Muster");
    }
    let far = world.forge("ada", "#general", &message.id, "1:levels:page:all.total:18446744073709551615:1").await;
    far.says("page 1 of 1").says("**300** XP");
    // The list is that of the server in which the button is pressed.
    let there = format!("{OTHER_GUILD}/#general");
    let foreign = world.slash("mara", &there, "/help").await.message.expect("a message");
    world.forge("mara", &there, &foreign.id, "1:levels:page:all.total:0:1").await.says("Levels are off in this server");
}
