//! Purpose: renewing the token of a connected account goes wrong at every call, twice at once, and without an answer: the connection goes
//! on, or its member hears once that it is over (F37).

use crate::missions_help::{connect, preview, publish, pushed, pushed_as, schedule};
use muster_core::ports::{Clock, Timer};
use muster_sim::{AppChange, Fault, FaultKind, Platform, RateLimitScope};
use muster_testkit::FaultMode;
use muster_tests::World;

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;
/// No story takes more calls than this.
const CALLS_MAX: u64 = 60;

/// Where a platform renews tokens, and after how long none of its access tokens holds any more.
struct Renewal {
    name: &'static str,
    platform: Platform,
    method: &'static str,
    route: &'static str,
    over: i64,
    /// Whether a refresh token is good for one use.
    rotates: bool,
}

const X: Renewal = Renewal {
    name: "X",
    platform: Platform::X,
    method: "POST",
    route: "/social/x/2/oauth2/token",
    over: 150 * MINUTE,
    rotates: true,
};
const TIKTOK: Renewal = Renewal {
    name: "TikTok",
    platform: Platform::TikTok,
    method: "POST",
    route: "/social/tiktok/v2/oauth/token/",
    over: 25 * 60 * MINUTE,
    rotates: true,
};
const LINKEDIN: Renewal = Renewal {
    name: "LinkedIn",
    platform: Platform::LinkedIn,
    method: "POST",
    route: "/social/linkedin/oauth/v2/accessToken",
    over: 61 * DAY,
    rotates: false,
};
const THREADS: Renewal = Renewal {
    name: "Threads",
    platform: Platform::Threads,
    method: "GET",
    route: "/social/threads/refresh_access_token",
    over: 61 * DAY,
    rotates: false,
};
const INSTAGRAM: Renewal = Renewal {
    name: "Instagram",
    platform: Platform::Instagram,
    method: "GET",
    route: "/social/instagram/refresh_access_token",
    over: 61 * DAY,
    rotates: false,
};

/// Ada's account is connected. LinkedIn gives this application refresh tokens.
async fn connected(of: &Renewal) -> World {
    let world = World::new().await;
    let change = AppChange { refresh: Some(true), ..AppChange::default() };
    world.sim.borrow_mut().change_social_app(Platform::LinkedIn, change);
    if of.name == "X" {
        world.slash("mara", "#general", "/mission settings x_budget:9").await.says("$9.00");
    }
    connect(&world, "ada", &of.name.to_lowercase(), "ada_l").await;
    world
}

/// The same with a mission at whose card Ada chooses where to publish, when the access token is over. Gives the message to choose at.
async fn about_to_publish(of: &Renewal) -> (World, String, String) {
    let world = connected(of).await;
    let card = pushed(&world, of.name).await;
    world.jump(of.over).await;
    let choices = world.press("ada", &card, "Connect & Post").await.message.expect("where to publish").id;
    (world, card, choices)
}

fn renewals(world: &World, of: &Renewal) -> usize {
    let sim = world.sim.borrow();
    let is_renewal = |body: &serde_json::Value| body["grant_type"].as_str().is_none_or(|word| word == "refresh_token");
    sim.calls_to(of.method, of.route).filter(|call| is_renewal(&call.body)).count()
}

fn told(world: &World) -> usize {
    let direct = world.sim.borrow().direct_messages("ada");
    direct.iter().filter(|message| message.text().contains("no longer connected")).count()
}

/// However it went: the account publishes, once, after connecting it again where Ada was told that it is over. Gives whether she was.
async fn goes_on(world: &World, of: &Renewal, card: Option<String>, story: &str) -> bool {
    let log = || format!("{story}\ncalls: {:#?}\nlog: {:#?}", world.faults().log(), world.log.lines.borrow());
    let listed = world.slash("ada", "#general", "/connect").await;
    let is_over = listed.text.contains("has to be connected again");
    assert_eq!(told(world), usize::from(is_over), "{}", log());
    if is_over {
        connect(world, "ada", &of.name.to_lowercase(), "ada_l").await;
    }
    let card = match card {
        Some(card) => card,
        None => pushed(world, of.name).await,
    };
    publish(world, "ada", &card, of.name).await;
    world.advance_minutes(3).await;
    assert_eq!(world.posted(of.platform).len(), 1, "{}", log());
    assert_eq!(told(world), usize::from(is_over), "{}", log());
    is_over
}

#[tokio::test(start_paused = true)]
async fn two_who_want_a_fresh_token_at_once_renew_it_once() {
    for of in [X, TIKTOK] {
        for seed in 1..12 {
            let (world, card, choices) = about_to_publish(&of).await;
            let label = format!("Preview for {}", of.name);
            let one = world.press_delivery("ada", &choices, &label);
            let other = world.press_delivery("ada", &choices, &label);
            world.interleave(seed);
            let (one, other) = tokio::join!(world.deliver("ada", one), world.deliver("ada", other));
            let story = format!("{} with seed {seed}", of.name);
            for seen in [one, other] {
                assert!(seen.text.contains("This is what will appear"), "{story}: {}", seen.text);
            }
            assert_eq!(renewals(&world, &of), 1, "{story}");
            assert!(!goes_on(&world, &of, Some(card), &story).await, "{story}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_clocks_look_and_a_member_at_once_renew_a_token_once() {
    for of in [X, TIKTOK] {
        // Whoever comes second comes while the platform takes its time for the first.
        for (look_after, press_after) in [(0, 700), (700, 0)] {
            let world = connected(&of).await;
            world.alarms_work.set(false);
            world.jump(51 * DAY).await;
            let card = pushed(&world, of.name).await;
            let choices = world.press("ada", &card, "Connect & Post").await.message.expect("where to publish").id;
            let press = world.press_delivery("ada", &choices, &format!("Preview for {}", of.name));
            let id = world.db.column("SELECT id FROM social_accounts").remove(0);
            let timer = Timer { feature: "connect".to_owned(), id, due_at: world.now() };
            world.sim.borrow_mut().add_fault(Fault::once(of.method, of.route, FaultKind::Slow { ms: 2_000 }));
            let ctx = world.ctx();
            let look = async {
                world.clock.sleep(look_after).await;
                muster_core::timer(&ctx, world.guild(), &timer).await
            };
            let pressed = async {
                world.clock.sleep(press_after).await;
                world.deliver("ada", press).await
            };
            let (looked, seen) = tokio::join!(look, pressed);
            let story = format!("{}, the look after {look_after} ms", of.name);
            assert!(looked.is_ok_and(|due| due.is_some_and(|due| due > world.now() + 40 * DAY)), "{story}");
            assert!(seen.text.contains("This is what will appear"), "{story}: {}", seen.text);
            assert_eq!(renewals(&world, &of), 1, "{story}");
            assert!(!goes_on(&world, &of, Some(card), &story).await, "{story}");
        }
    }
}

/// Every call of a preview that renews the token is lost before or after it took effect, or the process dies there.
async fn every_call_of_a_preview_goes_wrong(of: Renewal) {
    for mode in [FaultMode::FailBefore, FaultMode::FailAfter, FaultMode::DieBefore, FaultMode::DieAfter] {
        for nth in 1..CALLS_MAX {
            let (world, card, choices) = about_to_publish(&of).await;
            world.faults().plan(nth, mode, false);
            world.press("ada", &choices, &format!("Preview for {}", of.name)).await;
            let struck = world.faults().log().last().cloned().unwrap_or_default();
            let is_reached = world.faults().count() >= nth;
            world.faults().clear();
            world.advance_minutes(2).await;
            let story = format!("{}: {mode:?} at call {nth}", of.name);
            let renewal = world.faults().log().into_iter().nth(usize::try_from(nth - 1).expect("a number"));
            let is_renewal = renewal.is_some_and(|line| line.contains(of.route));
            // Whether it is over shows with the next try.
            world.press("ada", &choices, &format!("Preview for {}", of.name)).await;
            world.advance_minutes(1).await;
            let is_over = goes_on(&world, &of, Some(card), &story).await;
            match mode {
                FaultMode::FailBefore => assert!(!is_over, "{story}: {struck}"),
                FaultMode::FailAfter => assert_eq!(is_over, of.rotates && is_renewal, "{story}: {struck}"),
                FaultMode::DieBefore | FaultMode::DieAfter => assert!(of.rotates || !is_over, "{story}: {struck}"),
            }
            if !is_reached {
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn x_goes_on_or_says_once_that_it_does_not_wherever_a_renewal_breaks() {
    every_call_of_a_preview_goes_wrong(X).await;
}

#[tokio::test(start_paused = true)]
async fn tiktok_goes_on_or_says_once_that_it_does_not_wherever_a_renewal_breaks() {
    every_call_of_a_preview_goes_wrong(TIKTOK).await;
}

/// The same of the clock's look, ten days before a token of 60 days ends; nobody presses anything.
async fn every_call_of_a_look_goes_wrong(of: Renewal) {
    for mode in [FaultMode::FailBefore, FaultMode::FailAfter, FaultMode::DieBefore, FaultMode::DieAfter] {
        for nth in 1..CALLS_MAX {
            let world = connected(&of).await;
            world.jump(51 * DAY).await;
            world.faults().plan(nth, mode, false);
            world.settle().await;
            let is_reached = world.faults().count() >= nth;
            world.faults().clear();
            world.advance_minutes(70).await;
            let story = format!("{}: {mode:?} at call {nth} of the look", of.name);
            let is_over = goes_on(&world, &of, None, &story).await;
            assert!(!is_over || (of.rotates && mode != FaultMode::FailBefore), "{story}");
            if !is_reached {
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn x_survives_the_clocks_look_or_says_once_that_it_did_not() {
    every_call_of_a_look_goes_wrong(X).await;
}

#[tokio::test(start_paused = true)]
async fn linkedin_survives_whatever_breaks_in_the_clocks_look() {
    every_call_of_a_look_goes_wrong(LINKEDIN).await;
}

#[tokio::test(start_paused = true)]
async fn threads_survives_whatever_breaks_in_the_clocks_look() {
    every_call_of_a_look_goes_wrong(THREADS).await;
}

#[tokio::test(start_paused = true)]
async fn a_renewal_without_an_answer_ends_only_connections_whose_tokens_are_good_for_one_use() {
    for of in [X, TIKTOK, LINKEDIN, INSTAGRAM, THREADS] {
        for kind in [FaultKind::ResetAfterEffect, FaultKind::HangAfterEffect, FaultKind::HangBefore] {
            let is_lost = of.rotates && kind != FaultKind::HangBefore;
            let story = format!("{}: {kind:?}", of.name);
            let world = connected(&of).await;
            world.sim.borrow_mut().add_fault(Fault::once(of.method, of.route, kind));
            world.jump(51 * DAY).await;
            world.advance_minutes(65).await;
            assert!(renewals(&world, &of) >= 2, "{story}: tried again after an hour");
            assert_eq!(goes_on(&world, &of, None, &story).await, is_lost, "{story}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_renewal_without_an_answer_ahead_of_the_end_is_told_with_the_next_post() {
    let world = connected(&X).await;
    let card = pushed(&world, "X").await;
    world.jump(115 * MINUTE).await;
    let choices = world.press("ada", &card, "Connect & Post").await.message.expect("where to publish").id;
    // X takes the old tokens back, and its answer with the new ones is lost.
    world.sim.borrow_mut().add_fault(Fault::once(X.method, X.route, FaultKind::ResetAfterEffect));
    let shown = preview(&world, "ada", &choices, "X").await;
    world.press("ada", &shown, "Publish").await.says("has to be connected again");
    world.advance_minutes(2).await;
    assert_eq!((told(&world), world.posted(Platform::X).len()), (1, 0));
    world.slash("ada", "#general", "/connect").await.says("X: has to be connected again");
    assert!(connect(&world, "ada", "x", "ada_l").await.contains("is connected"));
    let other = pushed_as(&world, "Second", "Our spring menu is here! {link} again", "X", "7d").await;
    publish(&world, "ada", &other, "X").await.says("Published on X");
    world.advance_minutes(2).await;
    assert_eq!((told(&world), world.posted(Platform::X).len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_platform_that_asks_for_patience_keeps_nobody_waiting_for_the_lease() {
    let (world, card, choices) = about_to_publish(&X).await;
    let limit = FaultKind::RateLimited { scope: RateLimitScope::User, retry_after: 60.0 };
    world.sim.borrow_mut().add_fault(Fault::once(X.method, X.route, limit));
    world.press("ada", &choices, "Preview for X").await.says("X does not answer just now");
    let before = world.now();
    preview(&world, "ada", &choices, "X").await;
    assert!(world.now() - before < 5_000, "{}", world.now() - before);
    assert!(!goes_on(&world, &X, Some(card), "after the limit").await);
}

#[tokio::test(start_paused = true)]
async fn whoever_still_uses_a_token_that_was_renewed_meanwhile_ends_nothing() {
    let world = connected(&X).await;
    for n in 1..3 {
        let text = format!("Our spring menu is here! Page {n}: {{link}} .");
        let card = pushed_as(&world, &format!("Round {n}"), &text, "X", "7d").await;
        publish(&world, "ada", &card, "X").await.says("Published on X");
    }
    let next = pushed(&world, "X").await;
    let choices = world.press("ada", &next, "Connect & Post").await.message.expect("where to publish").id;
    // A day later, the round over both posts begins with a token of which just enough is left. X refuses to count them together, and takes
    // its time with the first; meanwhile a preview renews the token, which ends the one before.
    let due: i64 = world.db.column("SELECT due_at FROM mission_polls").remove(0).parse().expect("a time");
    world.jump(due - world.now() - 110 * MINUTE + 1_000).await;
    preview(&world, "ada", &choices, "X").await;
    world.jump(due - world.now()).await;
    let refused = FaultKind::Status { status: 403, code: 0, message: "Not for you".to_owned() };
    world.sim.borrow_mut().add_fault(Fault::once("GET", "/social/x/2/tweets", refused));
    let slow = FaultKind::Slow { ms: 8_000 };
    world.sim.borrow_mut().add_fault(Fault::once("GET", "/social/x/2/tweets", slow));
    let timer = Timer { feature: "missions".to_owned(), id: format!("poll:{}:x", world.id("ada")), due_at: due };
    let ctx = world.ctx();
    let (round, ()) = tokio::join!(muster_core::timer(&ctx, world.guild(), &timer), async {
        world.clock.sleep(3_000).await;
        preview(&world, "ada", &choices, "X").await;
    });
    assert!(round.is_ok(), "{round:?}");
    assert_eq!(renewals(&world, &X), 2);
    let asked: Vec<u16> = world.sim.borrow().calls_to("GET", "/social/x/2/tweets").map(|call| call.status).collect();
    assert_eq!(asked, [403, 200, 401], "the second post, with the token before");
    world.advance_minutes(3).await;
    assert_eq!(told(&world), 0, "the connection is as good as before");
    world.slash("ada", "#general", "/connect").await.says("X: connected as");
    publish(&world, "ada", &next, "X").await.says("Published on X");
}

#[tokio::test(start_paused = true)]
async fn a_post_whose_token_is_renewed_while_it_is_looked_at_is_published_once() {
    let world = connected(&X).await;
    let card = pushed(&world, "X").await;
    world.slash("mara", "#general", "/mission assign mission:\"Spring launch\" role:@Member").await.says("is for");
    let other = pushed_as(&world, "Round two", "Our spring menu is here! The other side: {link} .", "X", "7d").await;
    let choices = world.press("ada", &other, "Connect & Post").await.message.expect("where to publish").id;
    world.jump(DAY).await;
    schedule(&world, "ada", &card, "X", "1h").await.says("It publishes on X");
    assert_eq!(renewals(&world, &X), 1);
    // It begins late, with just enough of the token left. Discord takes its time when it is asked for the member's roles again; meanwhile
    // a preview renews the token, which ends the one before.
    world.jump(110 * MINUTE - 1_000).await;
    let slow = FaultKind::Slow { ms: 4_000 };
    let second = Fault { after: 1, ..Fault::once("GET", "/guilds/{guild_id}/members/{user_id}", slow) };
    world.sim.borrow_mut().add_fault(second);
    let id = world.db.column("SELECT id FROM mission_posts").remove(0);
    let timer = Timer { feature: "missions".to_owned(), id: format!("post:{id}"), due_at: world.now() };
    let ctx = world.ctx();
    let (step, ()) = tokio::join!(muster_core::timer(&ctx, world.guild(), &timer), async {
        world.clock.sleep(2_000).await;
        preview(&world, "ada", &choices, "X").await;
    });
    assert!(step.is_ok(), "{step:?}");
    world.advance_minutes(3).await;
    let asked: Vec<u16> = world.sim.borrow().calls_to("POST", "/social/x/2/tweets").map(|call| call.status).collect();
    assert_eq!(asked, [401, 201], "with the token before, and with the one of then");
    assert_eq!((renewals(&world, &X), told(&world)), (2, 0), "the connection is as good as before");
    assert_eq!(world.posted(Platform::X).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ran_out_while_nobody_looked_is_told_once() {
    let world = connected(&THREADS).await;
    world.jump(61 * DAY).await;
    world.advance_minutes(5).await;
    assert_eq!(told(&world), 1);
    world.advance_minutes(25 * 60).await;
    assert_eq!((told(&world), renewals(&world, &THREADS)), (1, 1), "nobody asks for ever");
}
