//! Purpose: posts on their way to a platform while things change: the account, the budget, the mission, the platform's word; and what
//! becomes of posts whose number is told late.

use crate::missions_help::{choose, connect, publish, pushed, pushed_as, schedule};
use futures_util::future::join_all;
use muster_core::{ports::Timer, social::Kind};
use muster_sim::{AppChange, Fault, FaultKind, Platform, RateLimitScope};
use muster_tests::World;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const TWEETS: &str = "/social/x/2/tweets";

fn fault(world: &World, route: &str, kind: FaultKind) {
    world.sim.borrow_mut().add_fault(Fault::once("POST", route, kind));
}

fn refusal(status: u16) -> FaultKind {
    FaultKind::Status { status, code: 0, message: "No".to_owned() }
}

fn too_many(seconds: f64) -> FaultKind {
    FaultKind::RateLimited { scope: RateLimitScope::User, retry_after: seconds }
}

fn posts(world: &World, platform: Platform) -> usize {
    world.posted(platform).len()
}

/// What Muster wrote to somebody in private.
fn told(world: &World, who: &str) -> String {
    let all = world.sim.borrow().direct_messages(who);
    all.iter().map(muster_sim::Message::text).collect::<Vec<_>>().join("\n---\n")
}

#[track_caller]
fn is_told(world: &World, who: &str, part: &str) {
    let told = told(world, who);
    assert!(told.contains(part), "{part:?} was not told to {who}:\n{told}");
}

async fn mine(world: &World, part: &str) {
    world.slash("ada", "#general", "/post").await.says(part);
}

async fn with_budget(world: &World, dollars: &str) {
    let line = format!("/mission settings x_budget:{dollars} x_rewards:True");
    world.slash("mara", "#general", &line).await.says("may cost $");
}

// ---- another account -----------------------------------------------------------------------------------------

async fn swap(world: &World, platform: &str, account: &str) {
    let line = format!("/disconnect platform:{platform}");
    world.slash("ada", "#general", &line).await.says("is disconnected");
    let said = connect(world, "ada", platform, account).await;
    assert!(said.contains("is connected"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn what_may_be_there_is_never_sent_again_on_another_account() {
    let world = World::new().await;
    let card = pushed(&world, "X").await;
    with_budget(&world, "5").await;
    connect(&world, "ada", "x", "ada_x").await;
    fault(&world, TWEETS, FaultKind::HangAfterEffect);
    publish(&world, "ada", &card, "X").await.says("gave no answer");
    swap(&world, "x", "ada_private").await;
    world.advance_minutes(10).await;
    assert_eq!(posts(&world, Platform::X), 1, "the one of the first account");
    mine(&world, "unknown whether it was published").await;
    is_told(&world, "ada", "does not know whether your post on X was published");
    // Whoever looked and found nothing confirms anew: the preview named the other account.
    let mine = world.slash("ada", "#general", "/post").await.message.expect("a list").id;
    world.press("ada", &mine, "It is not on X").await.says("called off").says("another X account");
    assert_eq!(posts(&world, Platform::X), 1);
    publish(&world, "ada", &card, "X").await.says("Published on X");
    let authors: Vec<String> = world.posted(Platform::X).into_iter().map(|post| post.account).collect();
    assert_ne!(authors[0], authors[1]);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_sent_yet_is_called_off_with_its_account() {
    let world = World::new().await;
    let card = pushed(&world, "LinkedIn, Threads").await;
    connect(&world, "ada", "linkedin", "Ada Lovelace").await;
    connect(&world, "ada", "threads", "ada.threads").await;
    schedule(&world, "ada", &card, "LinkedIn", "2h").await.says("It publishes on LinkedIn");
    publish(&world, "ada", &card, "Threads").await.says("working on it");
    swap(&world, "threads", "ada.private").await;
    swap(&world, "linkedin", "Countess of Lovelace").await;
    world.advance_minutes(125).await;
    assert_eq!((posts(&world, Platform::LinkedIn), posts(&world, Platform::Threads)), (0, 0));
    mine(&world, "called off: another LinkedIn account is connected").await;
    mine(&world, "called off: another Threads account is connected").await;
    is_told(&world, "ada", "Your post on LinkedIn was called off: another LinkedIn account is connected");
    is_told(&world, "ada", "Your post on Threads was called off");
    publish(&world, "ada", &card, "LinkedIn").await.says("Published on LinkedIn");
}

/// TikTok has taken it, and works on it while its account is changed.
#[tokio::test(start_paused = true)]
async fn what_a_platform_works_on_is_held_when_its_account_is_gone() {
    let world = World::new().await;
    let change = AppChange { processing_ms: Some(300_000), ..AppChange::default() };
    world.sim.borrow_mut().change_social_app(Platform::TikTok, change);
    let card = pushed(&world, "TikTok").await;
    connect(&world, "ada", "tiktok", "ada_t").await;
    publish(&world, "ada", &card, "TikTok").await.says("working on it");
    swap(&world, "tiktok", "ada_private").await;
    world.advance_minutes(10).await;
    mine(&world, "unknown whether it was published: another TikTok account is connected").await;
    is_told(&world, "ada", "does not know whether your post on TikTok was published");
    assert_eq!(posts(&world, Platform::TikTok), 1);
}

#[tokio::test(start_paused = true)]
async fn the_same_account_connected_again_publishes_what_was_scheduled() {
    let world = World::new().await;
    let card = pushed(&world, "LinkedIn, Threads").await;
    for (platform, name) in [("linkedin", "LinkedIn"), ("threads", "Threads")] {
        connect(&world, "ada", platform, "ada_l").await;
        schedule(&world, "ada", &card, name, "2h").await.says("It publishes on");
    }
    swap(&world, "linkedin", "ada_l").await;
    world.slash("ada", "#general", "/disconnect platform:threads").await.says("is disconnected");
    world.advance_minutes(125).await;
    assert_eq!((posts(&world, Platform::LinkedIn), posts(&world, Platform::Threads)), (1, 0));
    mine(&world, "called off: no Threads account is connected").await;
}

// ---- X takes money -------------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn a_post_on_x_takes_its_price_from_the_confirmation_on() {
    let world = World::new().await;
    let card = pushed(&world, "X").await;
    with_budget(&world, "0.30").await;
    connect(&world, "ada", "x", "ada_x").await;
    connect(&world, "bela", "x", "bela_x").await;
    schedule(&world, "ada", &card, "X", "2h").await.says("It publishes on X");
    world.press("bela", &card, "Connect & Post").await.says("budget for posts on X is used up for now");
    // What is called off is free again.
    let waiting = world.slash("ada", "#general", "/post").await.message.expect("a list").id;
    world.press("ada", &waiting, "Call off X").await.says("It is called off");
    publish(&world, "bela", &card, "X").await.says("Published on X");
    world.press("ada", &card, "Connect & Post").await.says("budget for posts on X is used up for now");
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_is_lowered_stops_what_was_scheduled() {
    let world = World::new().await;
    let card = pushed(&world, "X").await;
    with_budget(&world, "0.60").await;
    for who in ["ada", "bela", "chen"] {
        connect(&world, who, "x", &format!("{who}_x")).await;
        schedule(&world, who, &card, "X", "2h").await.says("It publishes on X");
        world.advance_minutes(1).await;
    }
    with_budget(&world, "0.25").await;
    world.advance_minutes(125).await;
    assert_eq!(posts(&world, Platform::X), 1, "the first has its price");
    is_told(&world, "chen", "Your post on X was called off: this server's budget for posts on X is used up for now");
    with_budget(&world, "5").await;
    schedule(&world, "chen", &card, "X", "2h").await.says("It publishes on X");
    let off = world.slash("mara", "#general", "/mission settings x_budget:0").await;
    off.says("X is off");
    world.advance_minutes(125).await;
    assert_eq!(posts(&world, Platform::X), 1);
    is_told(&world, "chen", "Your post on X was called off: this server has no budget for posts on X");
}

#[tokio::test(start_paused = true)]
async fn two_who_confirm_at_once_do_not_both_take_the_last_of_the_budget() {
    for seed in 1..12 {
        let world = World::new().await;
        let card = pushed(&world, "X").await;
        with_budget(&world, "0.30").await;
        let mut presses = Vec::new();
        for who in ["ada", "bela"] {
            connect(&world, who, "x", &format!("{who}_x")).await;
            let choices = world.press(who, &card, "Connect & Post").await.message.expect("where to publish").id;
            let preview = world.press(who, &choices, "Preview for X").await.message.expect("a preview").id;
            presses.push((who, world.press_delivery(who, &preview, "Publish")));
        }
        world.interleave(seed);
        let seen = join_all(presses.into_iter().map(|(who, press)| world.deliver(who, press))).await;
        world.advance_minutes(5).await;
        assert_eq!(posts(&world, Platform::X), 1, "seed {seed}: {seen:#?}");
        let refused = seen.iter().filter(|seen| seen.text.contains("budget for posts on X is used up")).count();
        assert_eq!(refused, 1, "seed {seed}: {seen:#?}");
    }
}

// ---- the mission changes -------------------------------------------------------------------------------------

const EDIT: &str = "/mission edit mission:\"Spring launch\" text:\"Our summer menu is here!\"";
const CLOSE: &str = "/mission close mission:\"Spring launch\"";

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_platforms_pause_is_called_off_when_the_mission_changes() {
    for (line, done, why) in [
        (EDIT, "Changed.", "called off: the mission was changed"),
        (CLOSE, "is closed", "called off: the mission was closed"),
    ] {
        let world = World::new().await;
        let card = pushed(&world, "LinkedIn, Threads").await;
        connect(&world, "ada", "linkedin", "Ada Lovelace").await;
        connect(&world, "ada", "threads", "ada.threads").await;
        fault(&world, "/social/linkedin/rest/posts", too_many(600.0));
        publish(&world, "ada", &card, "LinkedIn").await.says("working on it");
        // Threads has its container and publishes nothing yet.
        publish(&world, "ada", &card, "Threads").await.says("working on it");
        world.slash("mara", "#general", line).await.says(done);
        let seen = world.slash("ada", "#general", "/post").await;
        assert_eq!(seen.text.matches(why).count(), 2, "{}", seen.text);
        world.advance_minutes(40).await;
        assert_eq!((posts(&world, Platform::LinkedIn), posts(&world, Platform::Threads)), (0, 0), "{line}");
    }
}

/// A platform asks for a pause, or works on a container: nothing is there yet, and its member may change their mind.
#[tokio::test(start_paused = true)]
async fn a_member_calls_off_what_waits_for_a_platform() {
    let world = World::new().await;
    let card = pushed(&world, "LinkedIn, Threads").await;
    connect(&world, "ada", "linkedin", "Ada Lovelace").await;
    connect(&world, "ada", "threads", "ada.threads").await;
    fault(&world, "/social/linkedin/rest/posts", too_many(600.0));
    publish(&world, "ada", &card, "LinkedIn").await.says("Until it is sent you can call it off with `/post`");
    publish(&world, "ada", &card, "Threads").await.says("Until it is sent you can call it off");
    let list = world.slash("ada", "#general", "/post").await.message.expect("a list").id;
    for platform in ["LinkedIn", "Threads"] {
        world
            .press("ada", &list, &format!("Call off {platform}"))
            .await
            .says("It is called off: nothing will be published.");
    }
    let seen = world.slash("ada", "#general", "/post").await;
    assert_eq!(seen.text.matches("called off: you called it off").count(), 2, "{}", seen.text);
    world.advance_minutes(40).await;
    assert_eq!((posts(&world, Platform::LinkedIn), posts(&world, Platform::Threads)), (0, 0));
    // What was called off can be confirmed anew.
    publish(&world, "ada", &card, "LinkedIn").await.says("Published on LinkedIn");
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_sent_is_not_called_off_any_more() {
    let world = World::new().await;
    let card = pushed(&world, "X").await;
    with_budget(&world, "5").await;
    connect(&world, "ada", "x", "ada_x").await;
    fault(&world, TWEETS, too_many(60.0));
    publish(&world, "ada", &card, "X").await.says("working on it");
    let list = world.slash("ada", "#general", "/post").await.message.expect("a list").id;
    // The next call is made, and its answer is lost.
    fault(&world, TWEETS, FaultKind::HangAfterEffect);
    world.advance_minutes(16).await;
    world.press("ada", &list, "Call off X").await.says("does not wait any more");
    world.advance_minutes(10).await;
    world.press("ada", &list, "Call off X").await.says("does not wait any more");
    mine(&world, "published").await;
    assert_eq!(posts(&world, Platform::X), 1);
    let now = world.slash("ada", "#general", "/post").await.message.expect("a list");
    assert!(now.buttons().is_empty(), "nothing to press: {}", now.text());
}

/// The member calls it off while the clock sends it: one of the two was first, and what the member reads is what happened.
#[tokio::test(start_paused = true)]
async fn calling_off_and_sending_at_once_end_in_one_of_the_two() {
    let mut ends = [0, 0];
    for seed in 1..25 {
        let world = World::new().await;
        let card = pushed(&world, "LinkedIn").await;
        connect(&world, "ada", "linkedin", "Ada Lovelace").await;
        fault(&world, "/social/linkedin/rest/posts", too_many(600.0));
        publish(&world, "ada", &card, "LinkedIn").await.says("working on it");
        let list = world.slash("ada", "#general", "/post").await.message.expect("a list").id;
        world.alarms_work.set(false);
        world.advance_minutes(11).await;
        let id = world.db.column("SELECT id FROM mission_posts").remove(0);
        let timer = Timer { feature: "missions".to_owned(), id: format!("post:{id}"), due_at: 0 };
        let ctx = world.ctx();
        world.interleave(seed);
        let press = async {
            // Some turns later, so that it comes between any two statements.
            for _ in 0..seed % 20 {
                tokio::task::yield_now().await;
            }
            world.press("ada", &list, "Call off LinkedIn").await
        };
        let (sent, seen) = tokio::join!(muster_core::timer(&ctx, world.guild(), &timer), press);
        sent.expect("an answer");
        world.alarms_work.set(true);
        world.advance_minutes(5).await;
        let is_off = seen.text.contains("It is called off");
        assert!(is_off || seen.text.contains("does not wait any more"), "seed {seed}: {}", seen.text);
        assert_eq!(posts(&world, Platform::LinkedIn), usize::from(!is_off), "seed {seed}: {}", seen.text);
        mine(&world, if is_off { "called off: you called it off" } else { "published" }).await;
        ends[usize::from(is_off)] += 1;
    }
    assert!(ends.iter().all(|count| *count > 0), "both ends happened: {ends:?}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_refused_for_now_while_the_mission_is_closed_is_not_made_again() {
    let world = World::new().await;
    let card = pushed(&world, "X").await;
    with_budget(&world, "5").await;
    connect(&world, "ada", "x", "ada_x").await;
    // Nobody knows whether it is there; a minute later X says that it is not.
    fault(&world, TWEETS, FaultKind::HangBefore);
    publish(&world, "ada", &card, "X").await.says("gave no answer");
    world.slash("mara", "#general", CLOSE).await.says("is closed");
    world.advance_minutes(10).await;
    assert_eq!(posts(&world, Platform::X), 0);
    mine(&world, "called off: the mission was closed").await;
    is_told(&world, "ada", "Your post on X was called off: the mission was closed");
}

#[tokio::test(start_paused = true)]
async fn a_start_that_moves_calls_off_what_would_appear_before_it() {
    let world = World::new().await;
    let card = pushed(&world, "LinkedIn, Threads").await;
    connect(&world, "ada", "linkedin", "Ada Lovelace").await;
    connect(&world, "ada", "threads", "ada.threads").await;
    schedule(&world, "ada", &card, "LinkedIn", "2h").await.says("It publishes on LinkedIn");
    schedule(&world, "ada", &card, "Threads", "6h").await.says("It publishes on Threads");
    let line = "/mission edit mission:\"Spring launch\" starts:5h";
    world.slash("mara", "#general", line).await.says("Changed.");
    mine(&world, "called off: the mission starts later now").await;
    world.press("ada", &card, "Connect & Post").await.says("This mission starts");
    world.advance_minutes(363).await;
    assert_eq!((posts(&world, Platform::LinkedIn), posts(&world, Platform::Threads)), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn an_edit_at_the_moment_of_the_yes_leaves_no_old_text_waiting() {
    for seed in 1..40 {
        let world = World::new().await;
        let card = pushed(&world, "LinkedIn").await;
        connect(&world, "ada", "linkedin", "Ada Lovelace").await;
        let choices = world.press("ada", &card, "Connect & Post").await.message.expect("where to publish").id;
        let preview = world.press("ada", &choices, "Preview").await.message.expect("a preview").id;
        let modal = world.press("ada", &preview, "Later").await.modal.expect("a form");
        world.interleave(seed);
        let edit = async {
            // Some turns later, so that it comes between any two statements.
            for _ in 0..seed % 13 {
                tokio::task::yield_now().await;
            }
            world.slash("mara", "#general", EDIT).await
        };
        let (seen, edited) = tokio::join!(world.submit("ada", &modal, &[("when", "2h")]), edit);
        edited.says("Changed.");
        let known = ["It publishes on", "was changed since you saw", "It was called off: the mission was changed"];
        let is_known = known.iter().any(|part| seen.text.contains(part));
        assert!(is_known, "seed {seed}: {}", seen.text);
        world.advance_minutes(125).await;
        assert_eq!(posts(&world, Platform::LinkedIn), 0, "seed {seed}: {}", seen.text);
    }
}

// ---- when it appeared ----------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn in_time_is_when_it_appears_not_when_it_was_promised() {
    let world = World::new().await;
    let card = pushed(&world, "LinkedIn, Threads").await;
    connect(&world, "ada", "linkedin", "Ada Lovelace").await;
    connect(&world, "ada", "threads", "ada.threads").await;
    schedule(&world, "ada", &card, "LinkedIn", "23h").await.says("It publishes on LinkedIn");
    schedule(&world, "ada", &card, "Threads", "30h").await.says("It publishes on Threads");
    world.jump(23 * HOUR - 60_000).await;
    world.advance_minutes(3).await;
    world.slash("ada", "#general", "/score").await.says("15 points").says("In time for");
    world.jump(7 * HOUR - 60_000).await;
    world.advance_minutes(5).await;
    assert_eq!(posts(&world, Platform::Threads), 1);
    world.slash("ada", "#general", "/score").await.says("25 points");
}

#[tokio::test(start_paused = true)]
async fn a_post_that_is_confirmed_again_counts_from_then() {
    let world = World::new().await;
    let first = pushed(&world, "LinkedIn").await;
    let second = pushed_as(&world, "The garden", "The garden is open: {link}", "LinkedIn", "7d").await;
    connect(&world, "ada", "linkedin", "Ada Lovelace").await;
    world.slash("mara", "#general", "/mission settings cooldown:60 posts_per_day:5").await.says("60 minutes");
    fault(&world, "/social/linkedin/rest/posts", refusal(422));
    publish(&world, "ada", &first, "LinkedIn").await.says("did not publish it");
    world.jump(3 * DAY).await;
    publish(&world, "ada", &first, "LinkedIn").await.says("Published on LinkedIn");
    let score = world.slash("ada", "#general", "/score").await;
    score.says("10 points");
    assert!(!score.text.contains("In time"), "{}", score.text);
    let choices = world.press("ada", &second, "Connect & Post").await.message.expect("where to publish").id;
    let preview = world.press("ada", &choices, "Preview").await.message.expect("a preview").id;
    world.press("ada", &preview, "Publish").await.says("This server asks for a pause between posts");
    world.slash("mara", "#general", "/mission settings cooldown:0 posts_per_day:1").await.says("1 post a day");
    world.press("ada", &preview, "Publish").await.says("You have published 1 post in 24 hours");
}

#[tokio::test(start_paused = true)]
async fn posts_that_would_appear_together_keep_the_pause_between_them() {
    let world = World::new().await;
    let first = pushed(&world, "LinkedIn").await;
    let second = pushed_as(&world, "The garden", "The garden is open: {link}", "LinkedIn", "7d").await;
    connect(&world, "ada", "linkedin", "Ada Lovelace").await;
    world.slash("mara", "#general", "/mission settings cooldown:30").await.says("30 minutes");
    schedule(&world, "ada", &first, "LinkedIn", "2h").await.says("It publishes on LinkedIn");
    // Well after the first yes, for the same minute.
    world.advance_minutes(60).await;
    schedule(&world, "ada", &second, "LinkedIn", "1h").await.says("This server asks for a pause between posts");
    schedule(&world, "ada", &second, "LinkedIn", "40m").await.says("pause between posts").says("is to appear");
    schedule(&world, "ada", &second, "LinkedIn", "100m").await.says("It publishes on LinkedIn");
    world.advance_minutes(105).await;
    let mut at: Vec<u64> = world.posted(Platform::LinkedIn).into_iter().map(|post| post.published_ms).collect();
    at.sort_unstable();
    assert!(at.len() == 2 && at[1] - at[0] >= 30 * 60_000, "{at:?}");
}

// ---- numbers that are told late ------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn tiktoks_number_comes_late_and_its_points_do_not_get_lost() {
    let world = World::new().await;
    let change = AppChange { audited: Some(true), ..AppChange::default() };
    world.sim.borrow_mut().change_social_app(Platform::TikTok, change);
    world.note_grant(Kind::TikTok, "audited");
    let card = pushed(&world, "TikTok").await;
    connect(&world, "ada", "tiktok", "ada_t").await;
    world.sim.borrow_mut().change_social_account(Platform::TikTok, "ada_t", Some(false), None).expect("known");
    let choices = world.press("ada", &card, "Connect & Post").await.message.expect("where to publish").id;
    let preview = world.press("ada", &choices, "Preview for TikTok").await.message.expect("a preview").id;
    choose(&world, "ada", &preview, "PUBLIC_TO_EVERYONE", "paid_partnership").await;
    world.press("ada", &preview, "Publish").await;
    world.advance_minutes(1).await;
    mine(&world, "✅ published").await;
    world.slash("ada", "#general", "/score").await.says("15 points");
    world.advance_minutes(10).await;
    let post = world.posted(Platform::TikTok).pop().expect("a post");
    mine(&world, &format!("photo/{}", post.id)).await;
    world.sim.borrow_mut().set_social_metric(Platform::TikTok, &post.id, "views", 700).expect("a post");
    world.advance_minutes(61).await;
    world.slash("ada", "#general", "/score").await.says("30 points").says("500 views on TikTok");
    assert_eq!(posts(&world, Platform::TikTok), 1);
    assert_eq!(world.db.column("SELECT COUNT(*) FROM mission_posts WHERE due_at IS NOT NULL"), ["0"], "asked no more");
}

#[tokio::test(start_paused = true)]
async fn a_number_that_is_never_told_is_not_asked_for_for_ever() {
    let world = World::new().await;
    world.sim.borrow_mut().change_social_app(
        Platform::Threads,
        AppChange { listed_after_ms: Some(30 * 24 * 3_600_000), ..AppChange::default() },
    );
    let card = pushed(&world, "Threads").await;
    connect(&world, "ada", "threads", "ada.threads").await;
    fault(&world, "/social/threads/v1.0/{id}/threads_publish", FaultKind::HangAfterEffect);
    publish(&world, "ada", &card, "Threads").await;
    world.advance_minutes(5).await;
    mine(&world, "✅ published").await;
    let asked = || {
        let sim = world.sim.borrow();
        sim.calls_to("GET", "/social/threads/v1.0/{id}/threads").count()
    };
    for _ in 0..10 {
        world.jump(DAY).await;
        world.advance_minutes(2).await;
    }
    let before = asked();
    assert!((5..20).contains(&before), "{before}");
    for _ in 0..3 {
        world.jump(DAY).await;
        world.advance_minutes(2).await;
    }
    assert_eq!(asked(), before);
    assert_eq!(posts(&world, Platform::Threads), 1);
}

#[tokio::test(start_paused = true)]
async fn a_post_that_is_listed_late_gets_its_link_and_its_points() {
    let world = World::new().await;
    let change = AppChange { listed_after_ms: Some(20 * 60_000), ..AppChange::default() };
    world.sim.borrow_mut().change_social_app(Platform::Threads, change);
    let card = pushed(&world, "Threads").await;
    connect(&world, "ada", "threads", "ada.threads").await;
    fault(&world, "/social/threads/v1.0/{id}/threads_publish", FaultKind::HangAfterEffect);
    publish(&world, "ada", &card, "Threads").await;
    world.advance_minutes(5).await;
    world.slash("ada", "#general", "/score").await.says("15 points");
    world.advance_minutes(60).await;
    let post = world.posted(Platform::Threads).pop().expect("a post");
    mine(&world, &format!("post/{}", post.id)).await;
    world.sim.borrow_mut().set_social_metric(Platform::Threads, &post.id, "views", 120).expect("a post");
    world.advance_minutes(61).await;
    world.slash("ada", "#general", "/score").await.says("20 points").says("100 views on Threads");
}

/// A post whose answer was lost and of which LinkedIn says nothing: held. Gives its number.
async fn held(world: &World) -> String {
    let card = pushed(world, "LinkedIn").await;
    connect(world, "ada", "linkedin", "Ada Lovelace").await;
    fault(world, "/social/linkedin/rest/posts", FaultKind::HangAfterEffect);
    publish(world, "ada", &card, "LinkedIn").await.says("gave no answer");
    world.advance_minutes(5).await;
    world.db.column("SELECT id FROM mission_posts").remove(0)
}

#[tokio::test(start_paused = true)]
async fn an_address_that_names_the_post_brings_its_points() {
    let world = World::new().await;
    let change = AppChange { analytics: Some(true), ..AppChange::default() };
    world.sim.borrow_mut().change_social_app(Platform::LinkedIn, change);
    world.note_grant(Kind::LinkedIn, "analytics");
    let number = held(&world).await;
    let post = world.posted(Platform::LinkedIn).pop().expect("a post");
    let url = format!("https://www.linkedin.com/feed/update/urn:li:share:{}/?utm_source=share", post.id);
    let line = format!("/mission decide post:{number} there:True url:{url}");
    world.slash("mara", "#general", &line).await.says("counts as published, with its points.");
    mine(&world, "linkedin.com/feed/update/").await;
    world.sim.borrow_mut().set_social_metric(Platform::LinkedIn, &post.id, "reactions", 12).expect("a post");
    world.advance_minutes(61).await;
    world.slash("ada", "#general", "/score").await.says("20 points").says("10 reactions on LinkedIn");
}

#[tokio::test(start_paused = true)]
async fn an_address_without_a_number_is_said_to_bring_no_more_points() {
    let world = World::new().await;
    let number = held(&world).await;
    let line = format!("/mission decide post:{number} there:True url:https://www.linkedin.com/feed/");
    let seen = world.slash("mara", "#general", &line).await;
    seen.says("counts as published").says("no points for views and reactions");
    world.slash("ada", "#general", "/score").await.says("15 points");
}

/// Threads takes the post and says nothing for a day.
#[tokio::test(start_paused = true)]
async fn a_pasted_address_is_looked_for_among_the_accounts_posts() {
    let world = World::new().await;
    let card = pushed(&world, "Threads").await;
    connect(&world, "ada", "threads", "ada.threads").await;
    fault(&world, "/social/threads/v1.0/{id}/threads_publish", FaultKind::HangAfterEffect);
    let silence = Fault::always("GET", "/social/threads/v1.0/{id}/threads", refusal(500));
    world.sim.borrow_mut().add_fault(silence);
    publish(&world, "ada", &card, "Threads").await;
    world.advance_minutes(5).await;
    world.jump(25 * HOUR).await;
    world.advance_minutes(5).await;
    mine(&world, "unknown whether it was published").await;
    world.sim.borrow_mut().clear_faults();
    let post = world.posted(Platform::Threads).pop().expect("a post");
    let number = world.db.column("SELECT id FROM mission_posts").remove(0);
    let url = format!("https://www.threads.net/@ada.threads/post/{}", post.id);
    let line = format!("/mission decide post:{number} there:True url:{url}");
    world.slash("mara", "#general", &line).await.says("counts as published, with its points.");
    world.sim.borrow_mut().set_social_metric(Platform::Threads, &post.id, "views", 120).expect("a post");
    world.advance_minutes(61).await;
    world.slash("ada", "#general", "/score").await.says("100 views on Threads");
}

// ---- what a platform's word means ----------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn a_plain_refusal_is_one_whatever_went_wrong_before_it() {
    let world = World::new().await;
    let card = pushed(&world, "Threads").await;
    connect(&world, "ada", "threads", "ada.threads").await;
    // Nothing is there yet when this goes wrong.
    fault(&world, "/social/threads/v1.0/{id}/threads", FaultKind::HangBefore);
    fault(&world, "/social/threads/v1.0/{id}/threads_publish", refusal(400));
    publish(&world, "ada", &card, "Threads").await;
    world.advance_minutes(5).await;
    mine(&world, "❌ not published: No").await;
    is_told(&world, "ada", "Nothing was posted");
    assert_eq!(posts(&world, Platform::Threads), 0);
}

/// X lists the post late, and refuses its words when they are sent again.
#[tokio::test(start_paused = true)]
async fn a_refusal_after_a_lost_call_may_be_its_echo() {
    let world = World::new().await;
    let change = AppChange { listed_after_ms: Some(100_000), ..AppChange::default() };
    world.sim.borrow_mut().change_social_app(Platform::X, change);
    let card = pushed(&world, "X").await;
    with_budget(&world, "5").await;
    connect(&world, "ada", "x", "ada_x").await;
    fault(&world, TWEETS, FaultKind::HangAfterEffect);
    publish(&world, "ada", &card, "X").await.says("gave no answer");
    world.advance_minutes(5).await;
    let post = world.posted(Platform::X).pop().expect("a post");
    mine(&world, &format!("status/{}", post.id)).await;
    let sent = world.sim.borrow().calls_to("POST", TWEETS).map(|call| call.status).collect::<Vec<_>>();
    assert_eq!(sent.iter().filter(|status| **status == 403).count(), 1, "{sent:?}");
    assert_eq!(posts(&world, Platform::X), 1);
}

#[tokio::test(start_paused = true)]
async fn an_older_post_with_the_same_words_is_not_taken_for_this_one() {
    let world = World::new().await;
    let card = pushed(&world, "X").await;
    with_budget(&world, "5").await;
    connect(&world, "ada", "x", "ada_x").await;
    let words = "Our spring menu is here! See https://other.example and come by.";
    world.sim.borrow_mut().post_by_hand(Platform::X, "ada_x", words).expect("an account");
    world.advance_minutes(30).await;
    fault(&world, TWEETS, FaultKind::HangBefore);
    publish(&world, "ada", &card, "X").await.says("gave no answer");
    world.advance_minutes(5).await;
    let posts = world.posted(Platform::X);
    assert_eq!(posts.len(), 2, "the one by hand, and the mission's");
    mine(&world, &format!("status/{}", posts[1].id)).await;
}

#[tokio::test(start_paused = true)]
async fn a_text_without_letters_is_known_by_its_link_or_by_nobody() {
    for (text, link, is_sent) in [("🎉🎉 {link}", "https://lantern.example/spring", true), ("🎉🎉", "", false)]
    {
        let world = World::new().await;
        let form = world.slash("mara", "#general", "/mission new").await.modal.expect("a form");
        let fields = [("title", "Party"), ("text", text), ("link", link), ("platforms", "X"), ("ends", "7d")];
        world.submit("mara", &form, &fields).await.says("The draft is kept.");
        world.slash("mara", "#general", "/mission push mission:Party").await.says("is live");
        world.settle().await;
        with_budget(&world, "5").await;
        connect(&world, "ada", "x", "ada_x").await;
        let card = world.message_with("#general", "Party").id;
        fault(&world, TWEETS, FaultKind::HangBefore);
        publish_any(&world, &card).await.says("gave no answer");
        world.sim.borrow_mut().post_by_hand(Platform::X, "ada_x", "🌷🌷 https://other.example").expect("an account");
        world.advance_minutes(5).await;
        let all = world.posted(Platform::X);
        if is_sent {
            assert_eq!(all.len(), 2, "another post was not taken for it");
            mine(&world, &format!("status/{}", all[1].id)).await;
        } else {
            assert_eq!(all.len(), 1);
            mine(&world, "unknown whether it was published").await;
        }
    }
}

async fn publish_any(world: &World, card: &str) -> muster_tests::Seen {
    let choices = world.press("ada", card, "Connect & Post").await.message.expect("where to publish").id;
    let preview = world.press("ada", &choices, "Preview for X").await.message.expect("a preview").id;
    world.press("ada", &preview, "Publish").await
}

#[tokio::test(start_paused = true)]
async fn an_address_without_https_takes_from_the_budget_what_x_takes_for_it() {
    let world = World::new().await;
    let form = world.slash("mara", "#general", "/mission new").await.modal.expect("a form");
    let text = "Dinner is served at lantern.example tonight";
    let fields = [("title", "Party"), ("text", text), ("link", ""), ("platforms", "X"), ("ends", "7d")];
    world.submit("mara", &form, &fields).await.says("The draft is kept.");
    world.slash("mara", "#general", "/mission push mission:Party").await.says("is live");
    world.settle().await;
    with_budget(&world, "0.30").await;
    let card = world.message_with("#general", "Party").id;
    for who in ["ada", "bela"] {
        connect(&world, who, "x", &format!("{who}_x")).await;
    }
    publish_any(&world, &card).await.says("Published on X");
    world.slash("mara", "#general", "/mission settings").await.says("$0.20 of it is spent");
    let choices = world.press("bela", &card, "Connect & Post").await;
    choices.says("budget for posts on X is used up");
    assert_eq!(posts(&world, Platform::X), 1);
}

/// Times of the calls that ask about a container, in seconds after it was made.
fn looks(world: &World, made: &str, asked: &str) -> Vec<u64> {
    let sim = world.sim.borrow();
    let made = sim.calls_to("POST", made).next().expect("a container").at_ms;
    sim.calls_to("GET", asked)
        .filter(|call| call.path.contains("fields=status"))
        .map(|call| (call.at_ms - made) / 1_000)
        .collect()
}

#[tokio::test(start_paused = true)]
async fn containers_are_asked_about_as_seldom_as_meta_wants() {
    for (platform, name, version, first) in
        [(Platform::Instagram, "Instagram", "v23.0", 10), (Platform::Threads, "Threads", "v1.0", 30)]
    {
        let world = World::new().await;
        let change = AppChange { processing_ms: Some(200_000), ..AppChange::default() };
        world.sim.borrow_mut().change_social_app(platform, change);
        let card = pushed(&world, "Instagram, Threads").await;
        connect(&world, "ada", &name.to_lowercase(), "ada_l").await;
        publish(&world, "ada", &card, name).await.says("working on it");
        world.advance_minutes(8).await;
        assert_eq!(posts(&world, platform), 1, "{name}");
        let made = if name == "Instagram" { "media" } else { "threads" };
        let base = format!("/social/{}/{version}/{{id}}", name.to_lowercase());
        let looks = looks(&world, &format!("{base}/{made}"), &base);
        assert!(looks[0] >= first && looks.len() <= 6, "{name}: {looks:?}");
        assert!(looks.windows(2).all(|pair| pair[1] - pair[0] >= 59), "{name}: {looks:?}");
    }
}
