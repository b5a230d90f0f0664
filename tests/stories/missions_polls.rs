//! Purpose: counts of posts are read in rounds: whatever a platform says of one post, the others go on, and nobody is asked too often.

use crate::missions_help::{connect, publish, pushed, pushed_as};
use muster_sim::{Fault, FaultKind, Platform};
use muster_tests::World;

const INSIGHTS: &str = "/social/threads/v1.0/{id}/insights";
const TWEETS: &str = "/social/x/2/tweets";

/// Ada publishes so many missions on a platform.
async fn published(world: &World, many: usize, platform: &str) {
    for n in 0..many {
        let text = format!("Our spring menu is here! Page {n}: {{link}} .");
        let card = pushed_as(world, &format!("Round {n:02}"), &text, platform, "60d").await;
        publish(world, "ada", &card, platform).await;
        world.advance_minutes(2).await;
    }
}

fn every_post_has(world: &World, platform: Platform, metric: &str, count: u64) {
    for post in world.posted(platform) {
        world.sim.borrow_mut().set_social_metric(platform, &post.id, metric, count).expect("a post");
    }
}

fn asked(world: &World, route: &str) -> usize {
    world.sim.borrow().calls_to("GET", route).count()
}

/// Hours pass; what is due within each runs late, but does.
async fn hours(world: &World, hours: usize) {
    for _ in 0..hours {
        world.jump(58 * 60_000).await;
        world.advance_minutes(2).await;
    }
}

fn refusal(status: u16) -> FaultKind {
    FaultKind::Status { status, code: 10, message: "Not for you".to_owned() }
}

#[tokio::test(start_paused = true)]
async fn a_post_whose_counts_are_refused_keeps_no_other_waiting() {
    let world = World::new().await;
    connect(&world, "ada", "threads", "ada.threads").await;
    published(&world, 3, "Threads").await;
    every_post_has(&world, Platform::Threads, "views", 600);
    world.sim.borrow_mut().add_fault(Fault::once("GET", INSIGHTS, refusal(403)));
    world.advance_minutes(62).await;
    // Three posts in time, and two of them with 600 views.
    world.slash("ada", "#general", "/score").await.says("75 points");
    let audit = world.slash("mara", "#general", "/audit user:@ada").await;
    audit.says("counts were refused: ");
    hours(&world, 4).await;
    world.slash("ada", "#general", "/score").await.says("90 points");
    let audit = world.slash("mara", "#general", "/audit user:@ada").await;
    assert!(!audit.text.contains("refused"), "{}", audit.text);
}

#[tokio::test(start_paused = true)]
async fn a_post_whose_counts_stay_refused_is_given_up_and_says_so() {
    let world = World::new().await;
    connect(&world, "ada", "threads", "ada.threads").await;
    published(&world, 1, "Threads").await;
    world.sim.borrow_mut().add_fault(Fault::always("GET", INSIGHTS, refusal(403)));
    hours(&world, 24 * 6).await;
    let tried = asked(&world, INSIGHTS);
    assert!((4..=8).contains(&tried), "{tried}");
    let audit = world.slash("mara", "#general", "/audit user:@ada").await;
    audit.says("its counts are no longer read: ");
    hours(&world, 24).await;
    assert_eq!(asked(&world, INSIGHTS), tried);
    // The next post is asked about as ever.
    world.sim.borrow_mut().clear_faults();
    let card = pushed(&world, "Threads").await;
    publish(&world, "ada", &card, "Threads").await;
    world.advance_minutes(2).await;
    every_post_has(&world, Platform::Threads, "views", 100);
    hours(&world, 2).await;
    world.slash("ada", "#general", "/score").await.says("35 points");
}

#[tokio::test(start_paused = true)]
async fn more_posts_than_one_round_takes_are_each_asked_about_once_an_hour() {
    let world = World::new().await;
    connect(&world, "ada", "threads", "ada.threads").await;
    published(&world, 11, "Threads").await;
    every_post_has(&world, Platform::Threads, "views", 600);
    let before = asked(&world, INSIGHTS);
    world.advance_minutes(60).await;
    assert_eq!(asked(&world, INSIGHTS) - before, 11);
    world.slash("ada", "#general", "/score").await.says("330 points");
    // The process dies in the middle of a round: it goes on where it was, and nothing is paid twice.
    every_post_has(&world, Platform::Threads, "views", 2_000);
    for nth in [3, 9, 17, 25, 31] {
        world.jump(59 * 60_000).await;
        world.faults().plan(nth, muster_testkit::FaultMode::DieAfter, false);
        world.advance_minutes(3).await;
        world.faults().clear();
    }
    hours(&world, 2).await;
    world.slash("ada", "#general", "/score").await.says("550 points");
}

#[tokio::test(start_paused = true)]
async fn a_dead_token_is_told_once_and_asked_about_ever_less() {
    let world = World::new().await;
    connect(&world, "ada", "threads", "ada.threads").await;
    connect(&world, "bela", "threads", "bela.threads").await;
    published(&world, 2, "Threads").await;
    let card = pushed(&world, "Threads").await;
    publish(&world, "bela", &card, "Threads").await;
    world.advance_minutes(2).await;
    every_post_has(&world, Platform::Threads, "views", 120);
    world.sim.borrow_mut().revoke_social_account(Platform::Threads, "ada.threads").expect("an account");
    hours(&world, 30).await;
    let told = world.sim.borrow().direct_messages("ada");
    assert_eq!(told.iter().filter(|message| message.text().contains("no longer connected")).count(), 1);
    // Nobody else waits for it.
    world.slash("bela", "#general", "/score").await.says("20 points");
    world.slash("ada", "#general", "/score").await.says("30 points");
    connect(&world, "ada", "threads", "ada.threads").await;
    hours(&world, 40).await;
    world.slash("ada", "#general", "/score").await.says("40 points");
}

#[tokio::test(start_paused = true)]
async fn too_many_calls_wait_as_long_as_the_platform_says() {
    let world = World::new().await;
    connect(&world, "ada", "threads", "ada.threads").await;
    published(&world, 2, "Threads").await;
    every_post_has(&world, Platform::Threads, "views", 120);
    let limited = FaultKind::RateLimited { scope: muster_sim::RateLimitScope::User, retry_after: 600.0 };
    world.sim.borrow_mut().add_fault(Fault { after: 1, ..Fault::once("GET", INSIGHTS, limited) });
    world.advance_minutes(61).await;
    let calls = asked(&world, INSIGHTS);
    world.slash("ada", "#general", "/score").await.says("35 points");
    world.advance_minutes(6).await;
    assert_eq!(asked(&world, INSIGHTS), calls, "ten minutes are not over");
    world.advance_minutes(6).await;
    world.slash("ada", "#general", "/score").await.says("40 points");
}

#[tokio::test(start_paused = true)]
async fn posts_of_another_account_are_not_said_to_be_gone() {
    let world = World::new().await;
    connect(&world, "ada", "threads", "ada.threads").await;
    published(&world, 1, "Threads").await;
    hours(&world, 2).await;
    world.slash("ada", "#general", "/disconnect platform:threads").await;
    connect(&world, "ada", "threads", "ada.elsewhere").await;
    hours(&world, 24 * 6).await;
    let audit = world.slash("mara", "#general", "/audit user:@ada").await;
    assert!(!audit.text.contains("no longer there"), "{}", audit.text);
    audit.says("another account");
    // One that is really gone is said to be.
    let card = pushed(&world, "Threads").await;
    publish(&world, "ada", &card, "Threads").await;
    world.advance_minutes(2).await;
    let post = world.posted(Platform::Threads).pop().expect("a post");
    assert!(world.sim.borrow_mut().delete_post(&post.id));
    hours(&world, 3).await;
    world.slash("mara", "#general", "/audit user:@ada").await.says("no longer there");
}

async fn on_x(settings: &str) -> World {
    let world = World::new().await;
    world.slash("mara", "#general", &format!("/mission settings {settings}")).await.says("in 30 days");
    connect(&world, "ada", "x", "ada_x").await;
    published(&world, 1, "X").await;
    world
}

#[tokio::test(start_paused = true)]
async fn reading_counts_on_x_ends_when_x_is_switched_off() {
    let world = on_x("x_budget:5").await;
    hours(&world, 25).await;
    assert_eq!(asked(&world, TWEETS), 1, "once a day");
    world.slash("mara", "#general", "/mission settings x_budget:0").await.says("X is off");
    hours(&world, 24 * 4).await;
    assert_eq!(asked(&world, TWEETS), 1);
    world.slash("mara", "#general", "/mission settings x_budget:5").await.says("in 30 days");
    hours(&world, 26).await;
    assert_eq!(asked(&world, TWEETS), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_read_on_x_is_spent_and_a_used_up_budget_pauses_it() {
    // A post with an address is $0.20, and each reading of it at most $0.005.
    let world = on_x("x_budget:0.21").await;
    hours(&world, 24 * 6).await;
    assert_eq!(asked(&world, TWEETS), 2);
    let said = world.slash("mara", "#general", "/mission settings").await;
    said.says("$0.21 of it is spent").says("used up").says("counts on X are not read");
    // More money, and it goes on by itself.
    world.slash("mara", "#general", "/mission settings x_budget:0.40").await.says("$0.40");
    hours(&world, 26).await;
    assert_eq!(asked(&world, TWEETS), 3);
    // What was read is missing for the next post.
    let card = pushed(&world, "X").await;
    world.press("ada", &card, "Connect & Post").await.says("budget for posts on X is used up");
}
