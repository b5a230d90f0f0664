//! Purpose: `/xp`: experience changed by hand: what people see of it, who may, and that nothing happens twice.

use muster_core::xp::{LevelSettings, Reward};
use muster_protocol::EventKind;
use muster_sim::{Message, OTHER_BOT, OTHER_GUILD};
use muster_testkit::FaultMode;
use muster_tests::{
    DEMO, World,
    gateway::{Sidecar, earned},
};

async fn cafe() -> (World, Sidecar) {
    let world = World::new().await;
    let rewards = vec![Reward { level: 2, role: world.role("Newcomer") }];
    world.set_levels(&LevelSettings { enabled: true, rewards, ..LevelSettings::default() }).await;
    (world, Sidecar::default())
}

fn total(world: &World, who: &str) -> String {
    let id = world.id(who);
    let sql = format!("SELECT text_xp + voice_xp + bonus_xp FROM levels_members WHERE user_id = '{id}'");
    world.db.column(&sql).join(",")
}

fn has_role(world: &World, who: &str) -> bool {
    world.sim.borrow().roles_of(DEMO, who).contains(&"Newcomer".to_owned())
}

#[tokio::test(start_paused = true)]
async fn what_is_given_counts_for_level_place_and_role_and_is_not_announced() {
    let (world, sidecar) = cafe().await;
    sidecar.earn(&world, "ada", 50, 0).await;
    sidecar.earn(&world, "chen", 90, 0).await;
    let seen = world.slash("mara", "#general", "/xp add user:@ada amount:250").await;
    assert!(seen.private);
    seen.says(&format!("<@{}> now has **300 XP, level 2** (before: 50 XP, level 0)", world.id("ada")));
    world.advance(5_000).await;
    assert!(has_role(&world, "ada"));
    assert_eq!(world.count_with("#general", "level 2"), 0, "a gift is not announced unasked");
    let card = world.slash("ada", "#general", "/rank").await;
    card.says("Level 2").says("**#1** of 2").says("**+250** by the server's team").says("This week **50** XP");
    // The next message announces nothing that was given before.
    sidecar.earn(&world, "ada", 5, 0).await;
    assert_eq!(world.count_with("#general", "reached"), 0);
    world.slash("mara", "#general", "/config history").await.says("from 50 XP, level 0 to 300 XP, level 2");
}

#[tokio::test(start_paused = true)]
async fn what_is_taken_takes_the_role_back_and_a_level_reached_again_is_announced() {
    let (world, sidecar) = cafe().await;
    sidecar.earn(&world, "ada", 300, 0).await;
    world.advance(5_000).await;
    assert!(has_role(&world, "ada"));
    world.slash("mara", "#general", "/xp remove user:@ada amount:200").await.says("**100 XP, level 1**");
    world.advance(5_000).await;
    assert!(!has_role(&world, "ada"));
    sidecar.earn(&world, "ada", 200, 0).await;
    assert_eq!(world.count_with("#general", "level 2"), 2, "it was reached twice");
    world.slash("mara", "#general", "/xp remove user:@ada amount:999999").await.says("**0 XP, level 0**");
    world.slash("mara", "#general", "/xp set user:@ada amount:475").await.says("**475 XP, level 3**");
    assert_eq!(total(&world, "ada"), "475");
}

#[tokio::test(start_paused = true)]
async fn a_gift_can_be_announced() {
    let (world, sidecar) = cafe().await;
    sidecar.earn(&world, "ada", 50, 0).await;
    world.slash("mara", "#general", "/xp add user:@ada amount:100 announce:true").await.says("level 1");
    let message = world.message_with("#general", "level 1");
    assert_eq!(message.pinged, [world.id("ada")]);
    // Somebody without a row gets one.
    world.slash("mara", "#general", "/xp set user:@bela amount:300 announce:true").await.says("level 2");
    world.message_with("#general", "level 2");
    world.advance(5_000).await;
    assert!(has_role(&world, "bela"));
}

#[tokio::test(start_paused = true)]
async fn the_same_command_delivered_again_gives_once() {
    let (world, _) = cafe().await;
    let delivery = world.sim.borrow_mut().slash("mara", "#general", "/xp add user:@ada amount:70").expect("it is sent");
    for _ in 0..3 {
        let answer = muster_core::interaction(&world.ctx(), &delivery.body).await;
        assert!(answer.body.contains("**70 XP, level 0** (before: 0 XP, level 0)"), "{}", answer.body);
    }
    assert_eq!(total(&world, "ada"), "70");
    assert_eq!(world.db.column("SELECT COUNT(*) FROM audit_log WHERE action = 'xp'"), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn whatever_call_goes_wrong_it_counts_once_when_it_is_tried_again() {
    for nth in 1..8 {
        for mode in [FaultMode::FailBefore, FaultMode::FailAfter, FaultMode::DieBefore, FaultMode::DieAfter] {
            let (world, _) = cafe().await;
            let line = "/xp add user:@ada amount:300";
            let delivery = world.sim.borrow_mut().slash("mara", "#general", line).expect("it is sent");
            world.faults().plan(nth, mode, false);
            world.deliver("mara", delivery.clone()).await;
            world.faults().clear();
            let answer = muster_core::interaction(&world.ctx(), &delivery.body).await;
            assert!(answer.body.contains("**300 XP, level 2**"), "{nth} {mode:?}: {}", answer.body);
            world.advance_minutes(3).await;
            assert_eq!(total(&world, "ada"), "300", "{nth} {mode:?}");
            assert!(has_role(&world, "ada"), "{nth} {mode:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_right_nothing_changes_behind_commands_buttons_and_forms() {
    let (world, sidecar) = cafe().await;
    sidecar.earn(&world, "ada", 300, 0).await;
    for line in ["/xp add user:@bela amount:5", "/xp reset user:@ada", "/xp reset-everyone"] {
        // The client hides the command; a server may have opened it to everybody.
        let body = world.sim.borrow_mut().slash("mara", "#general", line).expect("it is sent").body;
        let mut body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        body["member"]["user"]["id"] = world.id("bela").into();
        body["member"]["permissions"] = "3072".into();
        let answer = muster_core::interaction(&world.ctx(), body.to_string().as_bytes()).await;
        assert!(answer.body.contains("You need **Manage Server**"), "{line}: {}", answer.body);
    }
    let somewhere = world.slash("bela", "#general", "/help").await.message.expect("a message");
    let button = format!("1:levels:reset:{}", world.id("ada"));
    world.forge("bela", "#general", &somewhere.id, &button).await.says("You need **Manage Server**");
    world.forge("mara", "#general", &somewhere.id, "1:levels:reset:nobody").await.says("another version");
    assert_eq!((total(&world, "ada").as_str(), total(&world, "bela").as_str()), ("300", ""));
}

#[tokio::test(start_paused = true)]
async fn amounts_and_people_that_make_no_sense_are_refused() {
    let (world, _) = cafe().await;
    let bot = world.slash("mara", "#general", &format!("/xp add user:@{OTHER_BOT} amount:5")).await;
    bot.says("Bots earn no experience");
    for amount in ["-5", "0", "1000000001", "x"] {
        world.slash("mara", "#general", &format!("/xp add user:@ada amount:{amount}")).await;
    }
    assert_eq!(total(&world, "ada"), "");
    for _ in 0..5 {
        world.slash("mara", "#general", "/xp add user:@ada amount:1000000000").await;
    }
    world.slash("ada", "#general", "/rank").await.says("**4,000,000,000** XP in all");
    world.set_levels(&LevelSettings::default()).await;
    world.slash("mara", "#general", "/xp add user:@ada amount:5").await.says("Levels are off");
}

#[tokio::test(start_paused = true)]
async fn a_reset_asks_first_and_leaves_nothing() {
    let (world, sidecar) = cafe().await;
    world.slash("mara", "#general", "/xp reset user:@ada").await.says("there is nothing to reset");
    sidecar.earn(&world, "ada", 300, 50).await;
    sidecar.earn(&world, "bela", 10, 0).await;
    world.advance(5_000).await;
    assert!(has_role(&world, "ada"));
    let asked = world.slash("mara", "#general", "/xp reset user:@ada").await;
    assert!(asked.private);
    asked.says("start from nothing?").says("**350** XP from 1 message").says("cannot be undone");
    assert_eq!(total(&world, "ada"), "350", "nothing happened yet");
    let pressed = world.press("mara", &asked.message.expect("a message").id, "Reset").await;
    pressed.says("starts from nothing");
    assert!(pressed.message.expect("a message").buttons().is_empty());
    world.advance(5_000).await;
    assert!(!has_role(&world, "ada"));
    world.slash("ada", "#general", "/rank").await.says("You have not earned anything here yet");
    let board = world.slash("bela", "#general", "/leaderboard board:week").await;
    assert!(!board.text.contains(&world.id("ada")), "{}", board.text);
    sidecar.earn(&world, "ada", 100, 0).await;
    assert_eq!(world.count_with("#general", "level 1"), 1, "levels are announced anew");
}

async fn reset_everybody(world: &World, typed: &str) -> String {
    let modal = world.slash("mara", "#general", "/xp reset-everyone").await.modal.expect("a form");
    world.submit("mara", &modal, &[("name", typed)]).await.text
}

#[tokio::test(start_paused = true)]
async fn everybody_is_reset_after_the_servers_name_was_typed() {
    let (world, sidecar) = cafe().await;
    for who in ["ada", "bela", "chen"] {
        sidecar.earn(&world, who, 300, 0).await;
    }
    world.advance(10_000).await;
    let wrong = reset_everybody(&world, "Some Other Server").await;
    assert!(wrong.contains("not this server's name, so nothing was reset"), "{wrong}");
    assert_eq!(total(&world, "ada"), "300");
    let right = reset_everybody(&world, &format!("  {} ", DEMO.to_uppercase())).await;
    assert!(right.contains("Everybody starts from nothing"), "{right}");
    world.advance_minutes(1).await;
    for who in ["ada", "bela", "chen"] {
        assert_eq!((total(&world, who).as_str(), has_role(&world, who)), ("0", false), "{who}");
    }
    world.slash("ada", "#general", "/leaderboard").await.says("Nobody is on this list yet");
    sidecar.earn(&world, "ada", 60, 0).await;
    assert_eq!(total(&world, "ada"), "60", "what is earned afterwards counts");
    world.slash("mara", "#general", "/config history").await.says("xp everybody");
}

#[tokio::test(start_paused = true)]
async fn many_are_reset_in_steps_and_a_lost_alarm_is_found_again() {
    let (world, sidecar) = cafe().await;
    let members = |from: u64| {
        (from..from + 1_500).map(|n| muster_protocol::MemberXp {
            user: twilight_model::id::Id::new(700_000_000_000_000_000 + n),
            ..earned(&world, "ada", 99, 0)
        })
    };
    for from in [0, 1_500, 3_000] {
        sidecar.report(&world, vec![EventKind::Xp { members: members(from).collect() }]).await;
    }
    world.alarms_work.set(false);
    reset_everybody(&world, DEMO).await;
    world.lose_alarms_and_queue();
    world.alarms_work.set(true);
    world.advance_minutes(10).await;
    let left = world.db.column("SELECT COUNT(*) FROM levels_members WHERE text_xp > 0 OR epoch = 0");
    assert_eq!(left, ["0"]);
    assert_eq!(world.db.column("SELECT coalesce(reset_after, 'done') FROM levels_guilds"), ["done"]);
}

#[tokio::test(start_paused = true)]
async fn whatever_call_goes_wrong_everybody_is_reset_once_it_was_begun() {
    for nth in 1..20 {
        for mode in [FaultMode::FailBefore, FaultMode::FailAfter, FaultMode::DieBefore, FaultMode::DieAfter] {
            let (world, sidecar) = cafe().await;
            sidecar.earn(&world, "ada", 300, 0).await;
            world.advance(10_000).await;
            let modal = world.slash("mara", "#general", "/xp reset-everyone").await.modal.expect("a form");
            world.faults().plan(nth, mode, false);
            world.submit("mara", &modal, &[("name", DEMO)]).await;
            world.advance_minutes(10).await;
            world.faults().clear();
            let begun = world.db.column("SELECT COUNT(*) FROM audit_log WHERE action = 'xp'");
            let expected = if begun == ["1"] { ("0", false) } else { ("300", true) };
            assert_eq!((total(&world, "ada").as_str(), has_role(&world, "ada")), expected, "{nth} {mode:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_here_changes_nothing_elsewhere() {
    let (world, sidecar) = cafe().await;
    sidecar.earn(&world, "ada", 300, 0).await;
    let there = format!("{OTHER_GUILD}/#general");
    let somewhere: Message = world.slash("bela", &there, "/help").await.message.expect("a message");
    let button = format!("1:levels:reset:{}", world.id("ada"));
    world.forge("bela", &there, &somewhere.id, &button).await.says("starts from nothing");
    world.slash("bela", &there, "/xp add user:@ada amount:5").await.says("Levels are off in this server");
    assert_eq!(total(&world, "ada"), "300");
}
