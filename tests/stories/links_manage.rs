//! Purpose: `/link`: made, listed, looked at and switched off by whoever runs missions, and by nobody else.

use crate::links_redirect::mission_link;
use muster_tests::{Visitor, World};

/// The slug in an answer.
fn slug_in(text: &str) -> String {
    let (_, rest) = text.split_once("https://muster.test/l/").unwrap_or_else(|| panic!("no link in {text}"));
    rest.chars().take_while(char::is_ascii_alphanumeric).collect()
}

async fn create(world: &World, line: &str) -> String {
    let seen = world.slash("mara", "#general", &format!("/link create {line}")).await;
    slug_in(&seen.says("is ready").text)
}

#[tokio::test(start_paused = true)]
async fn a_link_is_made_opened_counted_and_switched_off() {
    let world = World::new().await;
    let made = world
        .slash("mara", "#general", "/link create target:https://shop.example/spring?a=1#top name:\"Spring *sale*\" source:discord campaign:spring")
        .await;
    made.says("Spring")
        .says("is ready")
        .says("https://shop.example/spring?a=1&utm_source=discord&utm_campaign=spring#top");
    assert!(made.private);
    let slug = slug_in(&made.text);
    let seen = world.open_link(&slug, &Visitor::at("203.0.113.7")).await;
    assert_eq!(
        seen.header("location"),
        Some("https://shop.example/spring?a=1&utm_source=discord&utm_campaign=spring#top")
    );
    world.open_link(&slug, &Visitor::at("203.0.113.7")).await;
    world.open_link(&slug, &Visitor::at("203.0.113.8").with("user-agent", "curl/8.5.0")).await;
    world.settle().await;
    world.slash("mara", "#general", &format!("/link stats link:{slug}")).await.says("3 requests of the last minutes");
    world.clicks_are_counted().await;
    let stats = world.slash("mara", "#general", &format!("/link stats link:{slug}")).await;
    stats.says("Counted\n1").says("Raw\n3").says("1 request by crawlers").says("DE 1").says("direct 1");
    world.slash("mara", "#general", "/link list").await.says("**1** counted · 3 raw").says("shop.example");
    world.slash("mara", "#general", "/link list search:winter").await.says("No link has");
    world.slash("mara", "#general", &format!("/link disable link:{slug}")).await.says("leads nowhere any more");
    assert_eq!(world.open_link(&slug, &Visitor::at("203.0.113.9")).await.status, 410);
}

#[tokio::test(start_paused = true)]
async fn the_same_interaction_makes_one_link() {
    let world = World::new().await;
    let delivery = {
        let mut sim = world.sim.borrow_mut();
        sim.slash("mara", "#general", "/link create target:https://shop.example/").expect("it can be typed")
    };
    let first = world.deliver("mara", delivery.clone()).await;
    let second = world.ctx();
    muster_core::interaction(&second, &delivery.body).await;
    assert_eq!(world.db.column("SELECT slug FROM links"), [slug_in(&first.text)]);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_target_is_refused_with_a_sentence() {
    let world = World::new().await;
    for (target, says) in [
        ("javascript:alert(1)", "starts with"),
        ("http://169.254.169.254/latest", "number instead of a name"),
        ("http://localhost/", "only inside a network"),
        ("https://muster.test/l/AAAAAAAA", "own address"),
        ("https://a:b@example.com/", "before an `@`"),
        ("https://xn--80ak6aa92e.com/", "look like others"),
        ("https://example.com:22/", "without a port"),
    ] {
        let seen = world.slash("mara", "#general", &format!("/link create target:{target}")).await;
        seen.says(says);
    }
    world
        .slash("mara", "#general", "/link create target:https://shop.example/ expires:yesterday")
        .await
        .says("when it ends");
    assert_eq!(world.db.column("SELECT COUNT(*) FROM links"), ["0"]);
}

#[tokio::test(start_paused = true)]
async fn an_end_comes() {
    let world = World::new().await;
    let slug = create(&world, "target:https://shop.example/ expires:10m").await;
    assert_eq!(world.open_link(&slug, &Visitor::at("203.0.113.7")).await.status, 302);
    world.advance_minutes(11).await;
    let seen = world.open_link(&slug, &Visitor::at("203.0.113.7")).await;
    assert!(seen.status == 410 && seen.body.contains("has expired"));
    world.slash("mara", "#general", "/link list").await.says("expired");
}

#[tokio::test(start_paused = true)]
async fn members_may_not_and_other_servers_see_nothing() {
    let world = World::new().await;
    for line in ["/link list", "/link create target:https://shop.example/", "/link stats link:AAAAAAAA"] {
        world.slash("ada", "#general", line).await.says("Manage Server");
    }
    world.slash("mara", "#general", "/link stats link:AAAAAAAA").await.says("There is no link");
    let link = mission_link(&world, "mara", "spring", None).await;
    let other = "UPDATE links SET guild_id = '1'";
    let ctx = world.ctx();
    ctx.query(muster_core::sql::Statement::new(other)).await.expect("moved to another server");
    world.slash("mara", "#general", &format!("/link stats link:{}", link.slug)).await.says("There is no link");
    world.slash("mara", "#general", &format!("/link disable link:{}", link.slug)).await.says("There is no link");
}

#[tokio::test(start_paused = true)]
async fn what_is_held_is_decided_by_a_press_and_only_once() {
    let world = World::new().await;
    let slug = create(&world, "target:https://shop.example/ name:Spring").await;
    for n in 1..=20 {
        world.open_link(&slug, &Visitor::at(&format!("203.0.113.{n}"))).await;
    }
    world.clicks_are_counted().await;
    let stats = world.slash("mara", "#general", "/link stats link:Spring").await;
    stats.says("Held\n20").says("20: many from one network");
    let message = stats.message.expect("a message").id;
    let second = world.press_delivery("mara", &message, "Refuse them");
    world.press("mara", &message, "Count them").await.says("Counted\n20").says("Held\n0");
    world.deliver("mara", second).await.says("somebody has decided");
    world.slash("mara", "#general", "/link stats link:Spring").await.says("Counted\n20");
}

#[tokio::test(start_paused = true)]
async fn a_member_reads_and_forgets_their_links() {
    let world = World::new().await;
    let link = mission_link(&world, "ada", "spring", None).await;
    let export = world.slash("ada", "#general", "/privacy export").await;
    assert!(export.private);
    let asked = world.slash("ada", "#general", "/privacy forget").await;
    let (goes, stays) = asked.text.split_once("Stays:").expect("both");
    assert!(goes.contains("your short links, which lead nowhere from then on"), "{}", asked.text);
    assert!(stays.contains("what was counted on your links, as nobody's"), "{}", asked.text);
    let asked = asked.message.expect("a message").id;
    world.press("ada", &asked, "Delete it").await.says("Your short links are switched off");
    world.advance_minutes(1).await;
    assert_eq!(world.open_link(&link.slug, &Visitor::at("203.0.113.7")).await.status, 410);
    let id = world.id("ada");
    let left = world.db.column("SELECT COALESCE(owner_id, '') || COALESCE(created_by, '') || cause FROM links");
    assert!(left.iter().all(|text| !text.contains(&id)), "{left:?}");
}
