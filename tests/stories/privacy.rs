//! Purpose: `/privacy`: one's own data as a file, and being forgotten, as far as others do not depend on it.

use muster_core::xp::LevelSettings;
use muster_protocol::{Decision, EventKind, MemberXp, Surface};
use muster_sim::OTHER_GUILD;
use muster_testkit::FaultMode;
use muster_tests::{
    World,
    gateway::{Sidecar, earned},
};
use serde_json::{Value, json};

async fn cafe() -> (World, Sidecar) {
    let world = World::new().await;
    world.set_levels(&LevelSettings { enabled: true, ..LevelSettings::default() }).await;
    (world, Sidecar::default())
}

/// What stands in the file that somebody gets.
async fn export(world: &World, who: &str) -> Value {
    let seen = world.slash(who, "#general", "/privacy export").await;
    assert!(seen.private);
    seen.says("Only you can see this");
    let message = seen.message.expect("a message");
    let url = message.json["attachments"][0]["url"].as_str().expect("a file").to_owned();
    let (_, path) = url.split_once("/cdn").expect("a link to a file");
    let (kind, bytes) = world.sim.borrow().file(path).expect("the file is there");
    assert_eq!(kind, "application/json");
    serde_json::from_slice(&bytes).expect("JSON")
}

async fn forget(world: &World, who: &str) -> String {
    let asked = world.slash(who, "#general", "/privacy forget").await;
    assert!(asked.private);
    asked.says("cannot be undone").says("Stays:");
    let message = asked.message.expect("a message");
    let seen = world.press(who, &message.id, "Delete it").await;
    assert!(seen.message.expect("a message").buttons().is_empty());
    seen.text
}

#[tokio::test(start_paused = true)]
async fn the_file_holds_what_every_feature_keeps_and_nobody_elses() {
    let (world, sidecar) = cafe().await;
    let why = vec![Decision {
        at: world.now(),
        surface: Surface::Text,
        channel: world.channel("#general"),
        xp: 40,
        reason: None,
    }];
    let ada = MemberXp { why, ..earned(&world, "ada", 40, 10) };
    sidecar.report(&world, vec![EventKind::Xp { members: vec![ada, earned(&world, "bela", 99, 0)] }]).await;
    world.slash("mara", "#general", "/giveaway start prize:Lamp ends:1h").await.says("on its way");
    let card = world.message_with("#general", "Lamp");
    world.press("ada", &card.id, "Enter").await.says("You are in");
    world.press("bela", &card.id, "Enter").await.says("You are in");
    let file = export(&world, "ada").await;
    assert_eq!((&file["user"], &file["server"]), (&json!(world.id("ada")), &json!(world.guild().to_string())));
    let member = &file["data"]["levels"]["member"];
    assert_eq!((&member["text_xp"], &member["voice_xp"], &member["messages"]), (&json!(40), &json!(10), &json!(1)));
    assert_eq!(member["last_decisions"][0]["xp"], 40);
    assert_eq!(file["data"]["giveaways"]["entries"][0]["prize"], "Lamp");
    assert!(!file.to_string().contains(&world.id("bela")), "{file}");
    let host = export(&world, "mara").await;
    assert_eq!(host["data"]["giveaways"]["hosted"][0]["prize"], "Lamp");
    world.slash("chen", "#general", "/privacy export").await.says("Muster keeps nothing about you in this server");
    world.slash("ada", &format!("{OTHER_GUILD}/#general"), "/privacy export").await.says("Muster keeps nothing");
}

#[tokio::test(start_paused = true)]
async fn whoever_is_forgotten_is_gone_from_cards_and_lists_and_starts_anew() {
    let (world, sidecar) = cafe().await;
    sidecar.earn(&world, "ada", 300, 0).await;
    sidecar.earn(&world, "bela", 100, 0).await;
    world.advance(9 * 86_400_000).await;
    assert_eq!(world.db.column("SELECT json_array_length(winners) FROM levels_periods WHERE span = 'week'"), ["2"]);
    world.slash("bela", "#general", "/leaderboard").await.says(&world.id("ada"));
    let late = sidecar.batch(&world, vec![EventKind::Xp { members: vec![earned(&world, "ada", 5, 0)] }]);
    let said = forget(&world, "ada").await;
    assert!(said.contains("Your experience, levels and places are deleted"), "{said}");
    world.slash("ada", "#general", "/rank").await.says("You have not earned anything here yet");
    let board = world.slash("bela", "#general", "/leaderboard").await;
    board.says("1 member");
    assert!(!board.text.contains(&world.id("ada")), "{}", board.text);
    for column in ["user_id FROM levels_members", "winners FROM levels_periods", "effect FROM outbox"] {
        let rows = world.db.column(&format!("SELECT {column}")).join("\n");
        assert!(!rows.contains(&world.id("ada")), "{column} still knows them");
    }
    let left =
        world.db.column("SELECT value ->> 'user_id' FROM levels_periods, json_each(winners) WHERE span = 'week'");
    assert_eq!(left, [world.id("bela")]);
    // A report that was under way brings back nothing but itself, and levels are announced anew.
    sidecar.deliver_until_taken(&world, &late, 1).await.expect("it is taken");
    world.slash("ada", "#general", "/rank").await.says("**5** XP in all");
    let before = world.count_with("#general", "level 1");
    sidecar.earn(&world, "ada", 100, 0).await;
    assert_eq!(world.count_with("#general", "level 1"), before + 1);
}

#[tokio::test(start_paused = true)]
async fn giveaways_keep_only_what_others_depend_on_and_say_so() {
    let (world, _) = cafe().await;
    let mut cards = Vec::new();
    for prize in ["Lamp", "Chair", "Table", "Plant"] {
        let ends = if prize == "Lamp" { "5m" } else { "2d" };
        world.slash("mara", "#general", &format!("/giveaway start prize:{prize} ends:{ends}")).await.says("on its way");
        cards.push(world.message_with("#general", prize));
        world.press("ada", &cards.last().expect("a card").id, "Enter").await.says("You are in");
    }
    world.advance_minutes(6).await;
    world.slash("mara", "#general", "/giveaway cancel giveaway:Chair").await;
    world.press("ada", &cards[2].id, "Enter").await.says("left");
    let proof = world.db.column("SELECT entrants_hash FROM giveaways WHERE prize = 'Lamp'");
    world.advance_minutes(30).await;
    let said = forget(&world, "ada").await;
    for part in ["2 giveaway entries are deleted", "still in 1 running giveaway", "entry in 1 finished giveaway stays"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    let kept =
        world.db.column("SELECT prize FROM giveaways g JOIN giveaway_entries e ON e.giveaway_id = g.id ORDER BY prize");
    assert_eq!(kept, ["Lamp", "Plant"]);
    let logged = world.db.column(&format!(
        "SELECT g.prize || ' ' || l.action FROM giveaway_log l JOIN giveaways g ON g.id = l.giveaway_id
         WHERE l.actor_id = '{}' AND l.action IN ('entered', 'left') ORDER BY 1",
        world.id("ada")
    ));
    assert_eq!(logged, ["Lamp entered", "Plant entered"]);
    assert_eq!(world.db.column("SELECT entrants_hash FROM giveaways WHERE prize = 'Lamp'"), proof);
    world.slash("bela", "#general", "/giveaway verify giveaway:Lamp").await.says("✅");
    let wrong = world.db.column(
        "SELECT prize FROM giveaways g WHERE entrant_count <>
           (SELECT COUNT(*) FROM giveaway_entries e WHERE e.giveaway_id = g.id AND e.left_at IS NULL)",
    );
    assert!(wrong.is_empty(), "{wrong:?}");
    let again = forget(&world, "ada").await;
    assert!(!again.contains("deleted") && again.contains("still in 1 running giveaway"), "{again}");
}

#[tokio::test(start_paused = true)]
async fn nobody_can_have_somebody_else_forgotten() {
    let (world, sidecar) = cafe().await;
    sidecar.earn(&world, "ada", 300, 0).await;
    let somewhere = world.slash("bela", "#general", "/help").await.message.expect("a message");
    let forged = format!("1:privacy:forget:{}", world.id("ada"));
    let seen = world.forge("bela", "#general", &somewhere.id, &forged).await;
    seen.says("Muster keeps nothing about you in this server");
    world.slash("ada", "#general", "/rank").await.says("**300** XP in all");
    // Forgotten there is not forgotten here.
    let there = format!("{OTHER_GUILD}/#general");
    let asked = world.slash("ada", &there, "/privacy forget").await.message.expect("a message");
    world.press("ada", &asked.id, "Delete it").await.says("Muster keeps nothing");
    world.slash("ada", "#general", "/rank").await.says("**300** XP in all");
}

#[tokio::test(start_paused = true)]
async fn what_an_admin_changed_stays_and_is_in_their_file() {
    let (world, _) = cafe().await;
    world.slash("mara", "#general", "/config set setting:color value:#112233").await.says("color");
    let file = export(&world, "mara").await;
    assert_eq!(file["data"]["config"]["audit_log"][0]["target"], "color");
    let said = forget(&world, "mara").await;
    assert!(said.contains("stays in its audit log"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn whatever_call_goes_wrong_a_second_press_forgets_the_rest() {
    for nth in 1..8 {
        for mode in [FaultMode::FailBefore, FaultMode::FailAfter, FaultMode::DieBefore, FaultMode::DieAfter] {
            let (world, sidecar) = cafe().await;
            sidecar.earn(&world, "ada", 300, 0).await;
            let asked = world.slash("ada", "#general", "/privacy forget").await.message.expect("a message");
            let press = world.press_delivery("ada", &asked.id, "Delete it");
            world.faults().plan(nth, mode, false);
            world.deliver("ada", press.clone()).await;
            world.faults().clear();
            world.deliver("ada", press).await;
            assert_eq!(world.db.column("SELECT COUNT(*) FROM levels_members"), ["0"], "{nth} {mode:?}");
            world.slash("bela", "#general", "/leaderboard").await.says("Nobody is on this list yet");
        }
    }
}
