//! Purpose: Instagram by Facebook Login: who can connect what, what is published with it, and how the connection ends.

use crate::missions_help::{connect, connect_at, link_of, publish, pushed};
use muster_sim::{Fault, FaultKind, Platform, RateLimitScope, SocialChoice};
use muster_tests::{Browser, World, browser::text};

const DAY: i64 = 24 * 3_600_000;
const PUBLISH: &str = "/social/facebook/v23.0/{id}/media_publish";

/// A deployment whose application has Facebook Login.
async fn world() -> World {
    let world = World::new().await;
    world.use_facebook_login();
    world
}

fn told(world: &World, part: &str) -> usize {
    let direct = world.sim.borrow().direct_messages("ada");
    direct.iter().filter(|message| message.text().contains(part)).count()
}

fn accounts(world: &World) -> Vec<String> {
    world.db.column("SELECT account_name || ' ' || state FROM social_accounts")
}

/// How often a call of Facebook's graph was made, and answered well.
fn calls(world: &World, method: &str, route: &str) -> usize {
    world.sim.borrow().calls_to(method, route).filter(|call| call.status == 200).count()
}

#[tokio::test(start_paused = true)]
async fn somebody_connects_by_facebook_publishes_is_counted_and_takes_it_back() {
    let world = world().await;
    let card = pushed(&world, "Instagram").await;
    let asked = world.press("ada", &card, "Connect & Post").await;
    let browser = Browser::new(&world);
    let page = text(&browser.get(&link_of(&asked)).await);
    assert!(page.contains("linked to a Facebook Page") && page.contains("every 60 days"), "{page}");
    let said = connect_at(&browser, &link_of(&asked), "instagram", "ada_l").await;
    assert!(said.contains("Instagram is connected") && said.contains("ada_l"), "{said}");
    let choices = world.press("ada", &card, "Connect & Post").await.message.expect("where to publish").id;
    let preview = world.press("ada", &choices, "Preview for Instagram").await;
    preview.says("This is what will appear");
    world.press("ada", &preview.message.expect("a preview").id, "Publish").await;
    world.advance_minutes(2).await;
    let posts = world.posted(Platform::Instagram);
    assert_eq!(posts.len(), 1);
    assert_eq!(calls(&world, "POST", PUBLISH), 1, "on Facebook's host");
    world.slash("ada", "#general", "/score").await.says("15 points");
    world.sim.borrow_mut().set_social_metric(Platform::Instagram, &posts[0].id, "views", 700).expect("a post");
    world.advance_minutes(61).await;
    world.slash("ada", "#general", "/score").await.says("30 points");
    let gone = world.slash("ada", "#general", "/disconnect platform:instagram").await;
    gone.says("is disconnected, and Muster has erased its access");
    assert_eq!(calls(&world, "DELETE", "/social/facebook/v23.0/me/permissions"), 1);
    assert_eq!(accounts(&world), [] as [&str; 0]);
}

#[tokio::test(start_paused = true)]
async fn the_team_reads_on_the_dashboard_what_is_different() {
    let world = world().await;
    let browser = Browser::signed_in(&world, "mara").await;
    let page = text(&browser.get(&format!("/g/{}/missions/members", world.guild())).await);
    assert!(page.contains("Instagram is connected through Facebook"), "{page}");
}

#[tokio::test(start_paused = true)]
async fn nobody_connects_without_a_professional_account_behind_an_allowed_page() {
    let world = world().await;
    let what_to_do = ["professional account", "linked to a Facebook Page", "allow both", "/connect in Discord"];
    let refused = |said: String| {
        assert!(what_to_do.iter().all(|part| said.contains(part)), "{said}");
        assert_eq!(accounts(&world), [] as [&str; 0]);
    };
    world.sim.borrow_mut().set_pages("ada", &[] as &[&str]).expect("known");
    refused(connect(&world, "ada", "instagram", "ada").await);
    world.sim.borrow_mut().set_pages("ada", &["ada"]).expect("known");
    let kind = |kind| {
        let mut sim = world.sim.borrow_mut();
        sim.change_social_account(Platform::Instagram, "ada", None, Some(kind)).expect("known");
    };
    kind("PERSONAL");
    refused(connect(&world, "ada", "instagram", "ada").await);
    kind("MEDIA_CREATOR");
    // Somebody unticks the Pages in Facebook's window.
    let link = link_of(&world.slash("ada", "#general", "/connect").await);
    let browser = Browser::new(&world);
    let token = link.rsplit('/').next().expect("a token").to_owned();
    let sent = browser.post_bare("/oauth/instagram/start", &[("link", &token)]).await;
    let place = sent.header("location").expect("a place").to_owned();
    let less = SocialChoice {
        account: "ada".to_owned(),
        scopes: Some(vec!["instagram_basic".to_owned(), "instagram_content_publish".to_owned()]),
        deny: false,
    };
    refused(text(&browser.get(&world.consent_with(&place, &less)).await));
    assert!(place.contains("auth_type=rerequest"), "asked again what was declined: {place}");
    assert!(connect(&world, "ada", "instagram", "ada").await.contains("is connected"));
}

#[tokio::test(start_paused = true)]
async fn of_several_pages_it_is_always_the_same_account_and_its_name_is_said() {
    let world = world().await;
    world.sim.borrow_mut().set_pages("ada", &["ada", "garden"]).expect("known");
    assert!(connect(&world, "ada", "instagram", "ada").await.contains("ada"));
    world.sim.borrow_mut().set_pages("ada", &["garden", "ada"]).expect("known");
    assert!(connect(&world, "ada", "instagram", "ada").await.contains("is connected"), "in another order");
    world.slash("ada", "#general", "/connect").await.says("Instagram: connected as **ada**");
    assert_eq!(accounts(&world), ["ada active"]);
    world.slash("ada", "#general", "/disconnect platform:instagram").await;
    world.sim.borrow_mut().set_pages("ada", &["garden"]).expect("known");
    assert!(connect(&world, "ada", "instagram", "ada").await.contains("garden"));
}

#[tokio::test(start_paused = true)]
async fn members_are_reminded_before_sixty_days_and_connect_again() {
    let world = world().await;
    connect(&world, "ada", "instagram", "ada").await;
    for _ in 0..5 {
        world.jump(10 * DAY).await;
        world.advance_minutes(2).await;
    }
    assert_eq!((told(&world, "stays connected until"), told(&world, "Instagram lets nobody prolong that")), (1, 1));
    assert!(connect(&world, "ada", "instagram", "ada").await.contains("is connected"));
    world.jump(11 * DAY).await;
    world.advance_minutes(2).await;
    assert_eq!(accounts(&world), ["ada active"], "connected again in time");
    for _ in 0..5 {
        world.jump(10 * DAY).await;
        world.advance_minutes(2).await;
    }
    assert_eq!((told(&world, "stays connected until"), told(&world, "no longer connected")), (2, 1));
    assert_eq!(accounts(&world), ["ada lost"]);
}

#[tokio::test(start_paused = true)]
async fn a_dead_token_is_told_once_and_nothing_is_published_with_it() {
    let world = world().await;
    let card = pushed(&world, "Instagram").await;
    connect(&world, "ada", "instagram", "ada").await;
    world.sim.borrow_mut().revoke_social_account(Platform::Facebook, "ada").expect("known");
    publish(&world, "ada", &card, "Instagram").await;
    world.advance_minutes(25 * 60).await;
    assert_eq!((told(&world, "no longer connected"), world.posted(Platform::Instagram).len()), (1, 0));
    assert_eq!(accounts(&world), ["ada lost"]);
    world.slash("ada", "#general", "/connect").await.says("Instagram: has to be connected again");
}

#[tokio::test(start_paused = true)]
async fn a_post_without_an_answer_is_looked_for_and_not_sent_again() {
    let world = world().await;
    let card = pushed(&world, "Instagram").await;
    connect(&world, "ada", "instagram", "ada").await;
    world.sim.borrow_mut().add_fault(Fault::once("POST", PUBLISH, FaultKind::HangAfterEffect));
    publish(&world, "ada", &card, "Instagram").await;
    world.advance_minutes(10).await;
    assert_eq!(world.posted(Platform::Instagram).len(), 1);
    assert_eq!(world.db.column("SELECT state FROM mission_posts"), ["published"]);
    world.slash("ada", "#general", "/score").await.says("15 points");
    assert!(calls(&world, "GET", "/social/facebook/v23.0/{id}/media") >= 1, "it was looked for");
}

#[tokio::test(start_paused = true)]
async fn too_many_calls_mean_later_and_not_never() {
    let world = world().await;
    let card = pushed(&world, "Instagram").await;
    connect(&world, "ada", "instagram", "ada").await;
    let limited = FaultKind::RateLimited { scope: RateLimitScope::User, retry_after: 60.0 };
    world.sim.borrow_mut().add_fault(Fault::once("POST", PUBLISH, limited));
    publish(&world, "ada", &card, "Instagram").await;
    world.advance_minutes(20).await;
    assert_eq!(world.posted(Platform::Instagram).len(), 1);
    assert_eq!(world.db.column("SELECT state FROM mission_posts"), ["published"]);
}
