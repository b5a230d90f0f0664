//! Purpose: opening a short link: where it leads, what it costs, and what a visitor reads when it leads nowhere.

use muster_core::links::{self, Link};
use muster_tests::{Visitor, World, links::CHROME};
use twilight_model::id::{Id, marker::UserMarker};

pub const TARGET: &str = "https://shop.example/spring?utm_source=discord";

/// A member's link of a mission, made as missions make it.
pub async fn mission_link(world: &World, who: &str, mission: &str, expires_at: Option<i64>) -> Link {
    let ctx = world.ctx();
    let owner: Id<UserMarker> = world.id(who).parse().expect("an id");
    let make = || links::insert_for_mission(&ctx, world.guild(), mission, owner, ("Spring", TARGET), expires_at);
    // The second changes nothing: one link per member and mission.
    ctx.batch(vec![make(), make()]).await.expect("the link is stored");
    let link = links::of_member(&ctx, world.guild(), mission, owner).await.expect("D1 answers").expect("a link");
    links::publish(&ctx, &link).await;
    link
}

fn somebody() -> Visitor {
    Visitor::at("203.0.113.7")
}

#[tokio::test(start_paused = true)]
async fn a_link_leads_on_without_d1() {
    let world = World::new().await;
    let link = mission_link(&world, "mara", "spring", None).await;
    assert!(link.slug.len() == 8 && link.slug.bytes().all(|b| b.is_ascii_alphanumeric()));
    let before = world.used();
    let visitor = somebody().with("cookie", "session=whatever");
    let seen = world.open_link(&link.slug, &visitor).await;
    assert_eq!((seen.status, seen.header("location")), (302, Some(TARGET)));
    assert_eq!(seen.header("cache-control"), Some("private, no-store"));
    assert_eq!(seen.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(seen.header("set-cookie"), None);
    let used = world.used().since(before);
    assert_eq!((used.d1_statements, used.queue, used.discord), (0, 1, 0), "{used:?}");
}

#[tokio::test(start_paused = true)]
async fn what_kv_does_not_know_d1_does_and_kv_learns_it() {
    let world = World::new().await;
    let link = mission_link(&world, "mara", "spring", None).await;
    world.lose_kv();
    let before = world.used();
    assert_eq!(world.open_link(&link.slug, &somebody()).await.status, 302);
    assert_eq!(world.used().since(before).d1_statements, 1);
    let before = world.used();
    assert_eq!(world.open_link(&link.slug, &somebody()).await.status, 302);
    assert_eq!(world.used().since(before).d1_statements, 0);
}

#[tokio::test(start_paused = true)]
async fn what_leads_nowhere_says_why() {
    let world = World::new().await;
    let ctx = world.ctx();
    let ends = world.now() + 60_000;
    let expiring = mission_link(&world, "mara", "soon", Some(ends)).await;
    let closed = mission_link(&world, "mara", "closed", None).await;
    let open = mission_link(&world, "mara", "open", None).await;
    assert_eq!(world.open_link(&expiring.slug, &somebody()).await.status, 302);
    ctx.query(links::close_mission(&ctx, world.guild(), "closed")).await.expect("closed");
    // Told to KV by the next tick of the cron.
    world.advance_minutes(1).await;
    for (slug, says) in [(&expiring.slug, "has expired"), (&closed.slug, "campaign is over")] {
        let seen = world.open_link(slug, &somebody()).await;
        assert_eq!(seen.status, 410, "{}", seen.body);
        assert!(seen.body.contains(says), "{}", seen.body);
        assert_eq!(seen.header("location"), None);
    }
    assert_eq!(world.open_link(&open.slug, &somebody()).await.status, 302);
    // Opened again, and with a later end.
    let again = vec![
        links::reopen_mission(&ctx, world.guild(), "closed"),
        links::expire_mission(&ctx, world.guild(), "soon", None),
    ];
    ctx.batch(again).await.expect("changed");
    world.advance_minutes(1).await;
    assert_eq!(world.open_link(&closed.slug, &somebody()).await.status, 302);
    assert_eq!(world.open_link(&expiring.slug, &somebody()).await.status, 302);
}

#[tokio::test(start_paused = true)]
async fn many_links_of_a_mission_change_together() {
    let world = World::new().await;
    let ctx = world.ctx();
    let mut slugs = Vec::new();
    for user in 1..=100_u64 {
        let owner = Id::new(user);
        let made = links::insert_for_mission(&ctx, world.guild(), "big", owner, ("Big", TARGET), None);
        ctx.query(made).await.expect("stored");
        let link = links::of_member(&ctx, world.guild(), "big", owner).await.expect("D1").expect("a link");
        links::publish(&ctx, &link).await;
        slugs.push(link.slug);
    }
    ctx.query(links::close_mission(&ctx, world.guild(), "big")).await.expect("closed");
    world.advance_minutes(1).await;
    for slug in &slugs {
        assert_eq!(world.open_link(slug, &somebody()).await.status, 410);
    }
    assert_eq!(world.db.column("SELECT COUNT(*) FROM links WHERE stale_at IS NOT NULL"), ["0"]);
}

#[tokio::test(start_paused = true)]
async fn unknown_codes_are_not_repeated_and_guessing_ends() {
    let world = World::new().await;
    for slug in ["<script>alert", "..%2f..%2fadmin", "tooshrt", "AAAAAAAA", "9x9x9x9x9"] {
        let seen = world.open_link(slug, &somebody()).await;
        assert_eq!(seen.status, 404);
        assert!(!seen.body.contains(slug), "{}", seen.body);
    }
    let before = world.used();
    world.open_link("AAAAAAAA", &somebody()).await;
    assert_eq!(world.used().since(before).d1_statements, 0, "that it is unknown is remembered");
    let mut refused = 0;
    for guess in 0..60 {
        let seen = world.open_link(&format!("guess{guess:03}"), &somebody()).await;
        refused += u32::from(seen.status == 429);
    }
    assert!((30..=40).contains(&refused), "{refused} of 60 guesses were refused");
    let link = mission_link(&world, "mara", "spring", None).await;
    assert_eq!(world.open_link(&link.slug, &somebody()).await.status, 302, "links that exist still lead on");
    assert_eq!(world.open_link("guess999", &Visitor::at("198.51.100.1")).await.status, 404, "others may ask");
}

#[tokio::test(start_paused = true)]
async fn everybody_is_sent_on_and_head_has_no_body() {
    let world = World::new().await;
    let link = mission_link(&world, "mara", "spring", None).await;
    let mut head = somebody();
    head.method = "HEAD";
    for visitor in [
        head,
        somebody().with("user-agent", "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)"),
        somebody().with("user-agent", ""),
        somebody().with("sec-purpose", "prefetch"),
    ] {
        let seen = world.open_link(&link.slug, &visitor).await;
        assert_eq!((seen.status, seen.header("location")), (302, Some(TARGET)));
        assert!(seen.body.is_empty());
    }
    let mut post = somebody();
    post.method = "POST";
    assert_eq!(world.open_link(&link.slug, &post).await.status, 404);
    let queued = world.take_clicks().join("");
    assert_eq!(queued.lines().count(), 4);
    assert!(!queued.contains("203.0.113") && !queued.contains("Mozilla"), "no address and no browser: {queued}");
    assert!(CHROME.starts_with("Mozilla/"));
}
