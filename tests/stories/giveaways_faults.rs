//! Purpose: SQLite's way: the n-th outside call goes wrong, for n = 1, 2, 3 …, then everything runs to rest and the
//! promises are checked: nothing lost, nobody drawn twice, nothing announced twice.

use muster_sim::{Fault, FaultKind, Message, RateLimitScope};
use muster_testkit::FaultMode;
use muster_tests::World;

/// A whole giveaway with a missed claim, in which one outside call goes wrong.
pub async fn play(world: &World) {
    world.slash("mara", "#general", "/giveaway start prize:Lamp ends:10m claim_window:5m reroll_limit:1").await;
    world.advance_minutes(3).await;
    // A story may play several giveaways one after the other, and its announcement may not have come through.
    let open = |message: &Message| message.button("Enter (0)").is_some();
    let Some(card) = world.public("#general").into_iter().rev().find(open) else {
        return;
    };
    for who in ["bela", "chen", "dilek"] {
        world.press(who, &card.id, "Enter").await;
        world.advance(1_000).await;
    }
    world.advance_minutes(9).await;
    world.advance_minutes(40).await;
}

#[track_caller]
pub fn check(world: &World, story: &str) {
    let log = || format!("{story}\ncalls: {:#?}\nlog: {:#?}", world.faults().log(), world.log.lines.borrow());
    let started = world.db.column("SELECT COUNT(*) FROM giveaways")[0].clone();
    let states = world.db.column("SELECT state FROM giveaways");
    assert!(states.iter().all(|state| state == "finished"), "{states:?} {}", log());
    let cards = world.count_with("#general", "commitment");
    assert_eq!(cards.to_string(), started, "one card per giveaway: {}", log());
    let open = world
        .db
        .column("SELECT effect || ' ' || state || ' ' || coalesce(error, '') FROM outbox WHERE state <> 'sent'");
    assert!(open.is_empty(), "undelivered: {open:?} {}", log());
    for (what, version) in [("Congratulations", "drawn"), ("unclaimed, and the limit", "unclaimed")] {
        let wanted = world.db.column(&format!("SELECT COUNT(*) FROM outbox WHERE effect LIKE 'giveaways:{version}:%'"))
            [0]
        .clone();
        let empty = world.count_with("#general", "nobody is left");
        let seen = world.count_with("#general", what) + if version == "drawn" { empty } else { 0 };
        assert_eq!(seen.to_string(), wanted, "{what}: {}", log());
    }
    let doubled =
        world.db.column("SELECT user_id FROM giveaway_picks GROUP BY giveaway_id, user_id HAVING COUNT(*) > 1");
    assert!(doubled.is_empty(), "drawn twice: {}", log());
    let counts = world.db.column(
        "SELECT g.entrant_count - (SELECT COUNT(*) FROM giveaway_entries e WHERE e.giveaway_id = g.id AND e.left_at IS NULL) FROM giveaways g",
    );
    assert!(counts.iter().all(|difference| difference == "0"), "{counts:?} {}", log());
}

async fn calls_of_a_good_run() -> u64 {
    let world = World::new().await;
    world.faults().plan(u64::MAX, FaultMode::FailBefore, false);
    play(&world).await;
    world.faults().clear();
    check(&world, "without faults");
    assert_eq!(world.db.column("SELECT COUNT(*) FROM giveaway_picks WHERE outcome = 'lapsed'"), ["2"]);
    world.faults().count()
}

async fn each_call_goes_wrong(mode: FaultMode) {
    let calls = calls_of_a_good_run().await;
    assert!(calls > 30, "{calls} calls are too few to be a whole giveaway");
    for nth in 1..=calls {
        let world = World::new().await;
        world.faults().plan(nth, mode, false);
        play(&world).await;
        world.faults().clear();
        world.advance_minutes(40).await;
        check(&world, &format!("{mode:?} at call {nth}"));
    }
}

#[tokio::test(start_paused = true)]
async fn any_one_call_lost_before_its_effect() {
    each_call_goes_wrong(FaultMode::FailBefore).await;
}

#[tokio::test(start_paused = true)]
async fn any_one_call_lost_after_its_effect() {
    each_call_goes_wrong(FaultMode::FailAfter).await;
}

#[tokio::test(start_paused = true)]
async fn death_before_any_call() {
    each_call_goes_wrong(FaultMode::DieBefore).await;
}

#[tokio::test(start_paused = true)]
async fn death_after_any_call() {
    each_call_goes_wrong(FaultMode::DieAfter).await;
}

#[tokio::test(start_paused = true)]
async fn everything_down_from_any_call_on_and_back_after_ten_minutes() {
    let calls = calls_of_a_good_run().await;
    // Every third point: a run with an outage is longer than the others.
    for nth in (1..=calls).step_by(3) {
        let world = World::new().await;
        world.faults().plan(nth, FaultMode::FailBefore, true);
        play(&world).await;
        world.faults().clear();
        world.advance_minutes(60).await;
        check(&world, &format!("down from call {nth} on"));
    }
}

#[tokio::test(start_paused = true)]
async fn alarms_and_queue_gone_for_good_and_the_sweeper_brings_it_home() {
    let world = World::new().await;
    world.alarms_work.set(false);
    world.slash("mara", "#general", "/giveaway start prize:Lamp ends:10m claim_window:5m reroll_limit:1").await;
    let card = world.message_with("#general", "Lamp");
    world.press("bela", &card.id, "Enter").await.says("You are in");
    world.lose_alarms_and_queue();
    world.advance_minutes(11).await;
    assert_eq!(world.count_with("#general", "Congratulations"), 0, "no alarm went off");
    // The alarms of a new object work again; it knows nothing until the sweeper tells it.
    world.alarms_work.set(true);
    world.advance_minutes(2).await;
    assert_eq!(world.count_with("#general", "Congratulations"), 1);
    world.advance_minutes(30).await;
    check(&world, "alarms lost");
}

#[tokio::test(start_paused = true)]
async fn a_post_that_took_effect_and_was_not_answered_appears_once() {
    for kind in [FaultKind::HangAfterEffect, FaultKind::ResetAfterEffect, FaultKind::HangBefore] {
        let world = World::new().await;
        world.sim.borrow_mut().add_fault(Fault::once("POST", "/channels/{channel_id}/messages", kind.clone()));
        play(&world).await;
        check(&world, &format!("{kind:?} on the announcement"));
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_loses_a_prize_because_discord_was_down_when_it_was_drawn() {
    let world = World::new().await;
    world.slash("mara", "#general", "/giveaway start prize:Lamp ends:10m claim_window:5m reroll_limit:1").await;
    let card = world.message_with("#general", "Lamp");
    let people = ["bela", "chen", "dilek"];
    for who in people {
        world.press(who, &card.id, "Enter").await.says("You are in");
    }
    let down = FaultKind::Status { status: 503, code: 0, message: String::new() };
    world.sim.borrow_mut().add_fault(Fault::always("POST", "/channels/{channel_id}/messages", down));
    world.advance_minutes(40).await;
    world.sim.borrow_mut().clear_faults();
    let drawn = loop {
        world.advance(1_000).await;
        let found = world.public("#general").into_iter().find(|message| message.text().contains("Congratulations"));
        if let Some(drawn) = found {
            break drawn;
        }
        assert!(world.now() < 1_740_830_400_000 + 2 * 3_600_000, "the announcement never came");
    };
    world.advance_minutes(4).await;
    let winner = people.into_iter().find(|who| drawn.pinged == [world.id(who)]).expect("one of them");
    world.press(winner, &drawn.id, "Claim Prize").await.says("You claimed");
    world.advance_minutes(30).await;
    assert_eq!(world.db.column("SELECT outcome FROM giveaway_picks"), ["claimed"]);
    check(&world, "down while it was drawn");
}

#[tokio::test(start_paused = true)]
async fn a_late_announcement_gives_the_whole_window_and_not_more() {
    let world = World::new().await;
    world.slash("mara", "#general", "/giveaway start prize:Lamp ends:10m claim_window:5m reroll_limit:1").await;
    let card = world.message_with("#general", "Lamp");
    for who in ["bela", "chen"] {
        world.press(who, &card.id, "Enter").await.says("You are in");
    }
    let down = FaultKind::Status { status: 503, code: 0, message: String::new() };
    world.sim.borrow_mut().add_fault(Fault::always("POST", "/channels/{channel_id}/messages", down));
    world.advance_minutes(13).await;
    world.sim.borrow_mut().clear_faults();
    while world.count_with("#general", "Congratulations") == 0 {
        world.advance(1_000).await;
    }
    world.advance(4 * 60_000 + 50_000).await;
    assert_eq!(world.db.column("SELECT outcome FROM giveaway_picks"), ["won"]);
    world.advance(20_000).await;
    assert_eq!(world.db.column("SELECT outcome FROM giveaway_picks ORDER BY pick"), ["lapsed", "won"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_lost_for_longer_than_the_nonce_lives_is_read_back() {
    let world = World::new().await;
    let mut lost = Fault::once("POST", "/channels/{channel_id}/messages", FaultKind::HangAfterEffect);
    lost.count = Some(1);
    world.sim.borrow_mut().add_fault(lost);
    world.queue_works.set(false);
    world.slash("mara", "#general", "/giveaway start prize:Lamp ends:2h").await;
    world.lose_alarms_and_queue();
    // Ten minutes later nobody remembers the nonce any more.
    world.advance_minutes(10).await;
    world.queue_works.set(true);
    world.advance_minutes(2).await;
    assert_eq!(world.count_with("#general", "commitment"), 1);
    assert_eq!(world.db.column("SELECT state FROM outbox WHERE effect LIKE 'giveaways:announce:%'"), ["sent"]);
    let stored = world.db.column("SELECT message_id FROM giveaways").remove(0);
    assert_eq!(stored, world.message_with("#general", "commitment").id);
}

#[tokio::test(start_paused = true)]
async fn rate_limits_are_waited_out_and_html_pages_do_not_panic() {
    let limited = FaultKind::RateLimited { scope: RateLimitScope::User, retry_after: 2.37 };
    let global = FaultKind::RateLimited { scope: RateLimitScope::Global, retry_after: 4.0 };
    let broken = FaultKind::Status { status: 502, code: 0, message: String::new() };
    for kind in [limited, global, FaultKind::HtmlBlock, broken] {
        let world = World::new().await;
        let mut fault = Fault::once("*", "*", kind.clone());
        fault.count = Some(2);
        fault.after = 6;
        world.sim.borrow_mut().add_fault(fault);
        play(&world).await;
        check(&world, &format!("{kind:?}"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_token_is_not_hammered() {
    let world = World::new().await;
    world.slash("mara", "#general", "/giveaway start prize:Lamp ends:10m").await;
    let dead = FaultKind::Status { status: 401, code: 0, message: "401: Unauthorized".into() };
    world.sim.borrow_mut().add_fault(Fault::always("*", "*", dead));
    world.sim.borrow_mut().clear_calls();
    world.advance_minutes(60).await;
    let calls = world.sim.borrow().calls().len();
    assert!(calls <= 40, "{calls} calls in an hour with a dead token");
    world.sim.borrow_mut().clear_faults();
    world.advance_minutes(30).await;
    check(&world, "token dead for an hour");
}

#[tokio::test(start_paused = true)]
async fn people_still_get_their_late_answers_while_the_token_is_dead() {
    let world = World::new().await;
    world.slash("mara", "#general", "/giveaway start prize:Lamp ends:1d").await;
    let dead = FaultKind::Status { status: 401, code: 0, message: "401: Unauthorized".into() };
    for (method, route) in
        [("POST", "/channels/{channel_id}/messages"), ("PATCH", "/channels/{channel_id}/messages/{message_id}")]
    {
        world.sim.borrow_mut().add_fault(Fault::always(method, route, dead.clone()));
    }
    for winners in 2..6 {
        world.slash("mara", "#general", &format!("/giveaway edit giveaway:Lamp winners:{winners}")).await;
    }
    world.story_db.stall_ms.set(2_000);
    world.slash("mara", "#general", "/config show").await.says("Settings of this server");
}

#[tokio::test(start_paused = true)]
async fn a_stalled_database_is_answered_in_time_and_the_rest_follows() {
    let world = World::new().await;
    world.story_db.stall_ms.set(5_000);
    let seen = world.slash("mara", "#general", "/giveaway start prize:Lamp ends:1h").await;
    seen.says("Lamp");
    world.story_db.stall_ms.set(0);
    world.advance(2_000).await;
    assert_eq!(world.count_with("#general", "commitment"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_deferred_answer_survives_discords_early_404() {
    let world = World::new().await;
    let early = FaultKind::Status { status: 404, code: 10_015, message: "Unknown Webhook".into() };
    let mut fault = Fault::once("PATCH", "/webhooks/{application_id}/{token}/messages/@original", early);
    fault.count = Some(2);
    world.sim.borrow_mut().add_fault(fault);
    world.story_db.stall_ms.set(2_000);
    world.slash("mara", "#general", "/config show").await.says("Settings of this server");
}
