//! Purpose: the n-th outside call goes wrong while a post is published, on every platform: then everything runs to rest, and there is
//! never a second post, never a lost one, and whatever Muster cannot know is held where people see it (F24).

use crate::{
    missions_help::{connect, preview, publish, pushed},
    missions_media::{attach, jpeg},
};
use muster_sim::{Fault, FaultKind, Platform};
use muster_testkit::FaultMode;
use muster_tests::World;

/// No story takes more calls than this.
const CALLS_MAX: u64 = 120;

async fn ready(platform: &str) -> (World, String) {
    ready_in(World::new().await, platform).await
}

async fn ready_in(world: World, platform: &str) -> (World, String) {
    let card = pushed(&world, platform).await;
    if platform == "X" {
        world.slash("mara", "#general", "/mission settings x_budget:5 x_rewards:True").await.says("$5.00");
    }
    connect(&world, "ada", &platform.to_lowercase(), "ada_l").await;
    (world, card)
}

/// Everything that has a due time comes to it.
async fn rest(world: &World) {
    world.faults().clear();
    world.advance_minutes(9).await;
}

#[track_caller]
fn check(world: &World, platform: Platform, story: &str) {
    let log = || format!("{story}\ncalls: {:#?}\nlog: {:#?}", world.faults().log(), world.log.lines.borrow());
    let posts = world.posted(platform).len();
    let states = world.db.column("SELECT state FROM mission_posts");
    let points = world.db.column("SELECT COALESCE(SUM(points), 0) FROM points")[0].clone();
    let direct = world.sim.borrow().direct_messages("ada");
    let told = direct.iter().filter(|message| message.text().contains("does not know whether")).count();
    match states.first().map(String::as_str) {
        // The press never arrived: nothing was promised.
        None => assert_eq!((posts, points.as_str()), (0, "0"), "{}", log()),
        Some("published") => assert_eq!((posts, points.as_str()), (1, "15"), "{}", log()),
        Some("failed") => assert_eq!((posts, points.as_str()), (0, "0"), "{}", log()),
        // It may be there or not, and a person is told.
        Some("held") => {
            assert!(posts <= 1, "{}", log());
            assert_eq!(points, "0", "{}", log());
            assert_eq!(told, 1, "{}", log());
        }
        other => panic!("left in state {other:?}: {}", log()),
    }
    assert!(states.len() <= 1, "{}", log());
}

/// Every call of the way, lost before or after it took effect, or the death of the process there.
async fn never_two_posts_and_never_a_lost_one(name: &str, platform: Platform, picture: Option<Vec<u8>>) {
    never_two_posts_in(|_| {}, name, platform, picture).await;
}

async fn never_two_posts_in(prepare: impl Fn(&World), name: &str, platform: Platform, picture: Option<Vec<u8>>) {
    for mode in [FaultMode::FailBefore, FaultMode::FailAfter, FaultMode::DieBefore, FaultMode::DieAfter] {
        for nth in 1..CALLS_MAX {
            let world = World::new().await;
            prepare(&world);
            let (world, card) = ready_in(world, name).await;
            if let Some(picture) = &picture {
                attach(&world, picture.clone(), "").await.says("Changed.");
                world.settle().await;
            }
            let choices = world.press("ada", &card, "Connect & Post").await.message.expect("where to publish").id;
            let preview = preview(&world, "ada", &choices, name).await;
            world.faults().plan(nth, mode, false);
            world.press("ada", &preview, "Publish").await;
            world.advance_minutes(2).await;
            let reached = world.faults().count() >= nth;
            rest(&world).await;
            check(&world, platform, &format!("{name}: {mode:?} at call {nth}"));
            if !reached {
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn linkedin_never_gets_two_posts_and_never_loses_one() {
    never_two_posts_and_never_a_lost_one("LinkedIn", Platform::LinkedIn, None).await;
}

#[tokio::test(start_paused = true)]
async fn instagram_never_gets_two_posts_and_never_loses_one() {
    never_two_posts_and_never_a_lost_one("Instagram", Platform::Instagram, None).await;
}

#[tokio::test(start_paused = true)]
async fn instagram_by_facebook_never_gets_two_posts_and_never_loses_one() {
    never_two_posts_in(World::use_facebook_login, "Instagram", Platform::Instagram, None).await;
}

#[tokio::test(start_paused = true)]
async fn tiktok_never_gets_two_posts_and_never_loses_one() {
    never_two_posts_and_never_a_lost_one("TikTok", Platform::TikTok, None).await;
}

#[tokio::test(start_paused = true)]
async fn x_never_gets_two_posts_and_never_loses_one() {
    never_two_posts_and_never_a_lost_one("X", Platform::X, None).await;
}

#[tokio::test(start_paused = true)]
async fn threads_never_gets_two_posts_and_never_loses_one() {
    never_two_posts_and_never_a_lost_one("Threads", Platform::Threads, None).await;
}

/// The picture is sent before the post: twice does no harm.
#[tokio::test(start_paused = true)]
async fn linkedin_with_a_picture_never_gets_two_posts_and_never_loses_one() {
    never_two_posts_and_never_a_lost_one("LinkedIn", Platform::LinkedIn, Some(jpeg(1_200, 800))).await;
}

#[tokio::test(start_paused = true)]
async fn x_with_a_picture_never_gets_two_posts_and_never_loses_one() {
    never_two_posts_and_never_a_lost_one("X", Platform::X, Some(jpeg(1_200, 800))).await;
}

#[tokio::test(start_paused = true)]
async fn a_second_press_changes_nothing() {
    let (world, card) = ready("Threads").await;
    publish(&world, "ada", &card, "Threads").await.says("working on it");
    world.advance_minutes(2).await;
    let again = world.press("ada", &card, "Connect & Post").await;
    again.says("published");
    assert!(again.message.is_none_or(|message| message.buttons().is_empty()), "nothing to publish any more");
    world.advance_minutes(10).await;
    check(&world, Platform::Threads, "pressed twice");
}

/// LinkedIn takes the post and says nothing: it does not let anybody look, so a person decides.
async fn held(world: &World, card: &str) {
    let fault = Fault::once("POST", "/social/linkedin/rest/posts", FaultKind::HangAfterEffect);
    world.sim.borrow_mut().add_fault(fault);
    publish(world, "ada", card, "LinkedIn").await.says("gave no answer");
    world.advance_minutes(5).await;
    assert_eq!(world.posted(Platform::LinkedIn).len(), 1);
    world.slash("ada", "#general", "/post").await.says("unknown whether it was published");
}

#[tokio::test(start_paused = true)]
async fn the_team_decides_about_a_post_that_nobody_knows_of() {
    let (world, card) = ready("LinkedIn").await;
    held(&world, &card).await;
    let audit = world.slash("mara", "#general", "/audit user:@ada").await;
    let number = audit.text.split("unknown whether").nth(1).and_then(|rest| rest.split('`').nth(1)).expect("a number");
    let line = format!("/mission decide post:{number} there:True url:https://www.linkedin.com/feed/1");
    world.slash("ada", "#general", &line).await.says("Manage Server");
    world.slash("mara", "#general", &line).await.says("counts as published");
    world.slash("mara", "#general", &line).await.says("no held post of that number");
    world.slash("ada", "#general", "/score").await.says("15 points");
    check(&world, Platform::LinkedIn, "decided");
}

#[tokio::test(start_paused = true)]
async fn a_member_who_does_not_find_their_post_sends_it_again() {
    let (world, card) = ready("LinkedIn").await;
    held(&world, &card).await;
    let posts = world.posted(Platform::LinkedIn);
    assert!(world.sim.borrow_mut().delete_post(&posts[0].id), "the member took it down");
    let mine = world.slash("ada", "#general", "/post").await.message.expect("a list").id;
    world.press("ada", &mine, "It is not on LinkedIn").await.says("Published on LinkedIn");
    assert_eq!(world.posted(Platform::LinkedIn).len(), 1);
}
