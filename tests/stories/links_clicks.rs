//! Purpose: what counts: people once a day and link, machines never, bursts and one's own clicks only when somebody says so.

use crate::links_redirect::mission_link;
use muster_core::audit::Author;
use muster_core::links::{
    self, Link,
    rules::count::Held,
    stats::{Stats, review, stats},
};
use muster_core::web::Request;
use muster_tests::{Browser, Visitor, World, browser::request, links::CHROME};

async fn stats_of(world: &World, link: &Link) -> Stats {
    stats(&world.ctx(), link, 30).await.expect("numbers")
}

fn address(n: usize) -> String {
    format!("198.51.{}.{}", n % 250, n / 250 + 1)
}

fn moderator(world: &World, cause: &str) -> Author {
    let user = world.id("mara").parse().expect("an id");
    Author { guild: world.guild(), user, source: "dashboard", cause: cause.to_owned() }
}

#[tokio::test(start_paused = true)]
async fn a_visitor_counts_once_a_day() {
    let world = World::new().await;
    let link = mission_link(&world, "mara", "spring", None).await;
    for _ in 0..100 {
        world
            .open_link(&link.slug, &Visitor::at("203.0.113.7").with("referer", "https://www.linkedin.com/feed/"))
            .await;
    }
    world.open_link(&link.slug, &Visitor::at("198.51.100.7").with("cf-ipcountry", "FR")).await;
    world.open_link(&link.slug, &Visitor::at("203.0.113.7").with("user-agent", &CHROME.replace("141", "140"))).await;
    world.settle().await;
    assert_eq!(stats_of(&world, &link).await.waiting, 102, "seen before they are counted");
    world.clicks_are_counted().await;
    let seen = stats_of(&world, &link).await;
    assert_eq!((seen.all_time.raw, seen.all_time.counted, seen.all_time.held, seen.waiting), (102, 3, 0, 0));
    assert_eq!(seen.countries, [("DE".to_owned(), 2), ("FR".to_owned(), 1)]);
    assert_eq!(seen.referrers, [("direct".to_owned(), 2), ("linkedin.com".to_owned(), 1)]);
    // The next day is another visit, under another hash.
    world.advance_minutes(24 * 60).await;
    world.open_link(&link.slug, &Visitor::at("203.0.113.7")).await;
    world.clicks_are_counted().await;
    let seen = stats_of(&world, &link).await;
    assert_eq!((seen.all_time.raw, seen.all_time.counted, seen.days.len()), (103, 4, 2));
    let days: u64 = seen.days.iter().map(|(_, day)| day.counted).sum();
    assert_eq!(days, 4);
}

#[tokio::test(start_paused = true)]
async fn machines_are_in_the_raw_number_only() {
    let world = World::new().await;
    let link = mission_link(&world, "mara", "spring", None).await;
    let machines = [
        ("user-agent", "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)"),
        ("user-agent", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"),
        ("user-agent", "Twitterbot/1.0"),
        ("user-agent", "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"),
        ("user-agent", "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)"),
        ("user-agent", "TelegramBot (like TwitterBot)"),
        ("user-agent", "WhatsApp/2.23.20.0"),
        ("user-agent", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"),
        ("user-agent", "curl/8.5.0"),
        ("user-agent", "Wget/1.21.4"),
        ("user-agent", ""),
        ("purpose", "prefetch"),
        ("sec-purpose", "prefetch;prerender"),
        ("x-purpose", "preview"),
        ("x-moz", "prefetch"),
    ];
    for (index, (name, value)) in machines.iter().enumerate() {
        world.open_link(&link.slug, &Visitor::at(&address(index)).with(name, value)).await;
    }
    let mut head = Visitor::at("203.0.113.9");
    head.method = "HEAD";
    world.open_link(&link.slug, &head).await;
    world.open_link(&link.slug, &Visitor::at("203.0.113.9")).await;
    world.clicks_are_counted().await;
    let seen = stats_of(&world, &link).await;
    let machines = machines.len() as u64 + 1;
    assert_eq!((seen.all_time.raw, seen.all_time.machines, seen.all_time.counted), (machines + 1, machines, 1));
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_one_network_is_held_until_somebody_decides_once() {
    let world = World::new().await;
    let link = mission_link(&world, "mara", "spring", None).await;
    for n in 1..=40 {
        world.open_link(&link.slug, &Visitor::at(&format!("203.0.113.{n}"))).await;
    }
    for n in 0..5 {
        world.open_link(&link.slug, &Visitor::at(&address(n))).await;
    }
    world.clicks_are_counted().await;
    let seen = stats_of(&world, &link).await;
    assert_eq!((seen.all_time.raw, seen.all_time.counted, seen.all_time.held), (45, 5, 40));
    assert_eq!(seen.held, [(Held::Network, 40)]);
    let ctx = world.ctx();
    assert_eq!(review(&ctx, &link, true, &moderator(&world, "a")).await.expect("decided"), 40);
    let again = review(&ctx, &link, false, &moderator(&world, "b")).await.expect_err("decided already");
    assert!(again.to_string().contains("somebody has decided"), "{again}");
    // Whoever was taken in comes again, and still counts once.
    world.open_link(&link.slug, &Visitor::at("203.0.113.1")).await;
    world.clicks_are_counted().await;
    let seen = stats_of(&world, &link).await;
    assert_eq!((seen.all_time.raw, seen.all_time.counted, seen.all_time.held), (46, 45, 0));
    assert_eq!(seen.days[0].1.counted, 45);
    assert!(seen.held.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_sudden_crowd_on_a_new_link_can_be_refused() {
    let world = World::new().await;
    let link = mission_link(&world, "mara", "spring", None).await;
    for n in 0..80 {
        world.open_link(&link.slug, &Visitor::at(&address(n))).await;
    }
    world.clicks_are_counted().await;
    let seen = stats_of(&world, &link).await;
    assert_eq!((seen.all_time.counted, seen.all_time.held), (0, 80));
    assert_eq!(seen.held, [(Held::Sudden, 80)]);
    review(&world.ctx(), &link, false, &moderator(&world, "a")).await.expect("decided");
    let seen = stats_of(&world, &link).await;
    assert_eq!((seen.all_time.counted, seen.all_time.held, seen.all_time.refused), (0, 0, 80));
    // Over some hours the same number is a good day.
    for n in 100..180 {
        world.open_link(&link.slug, &Visitor::at(&address(n))).await;
        world.advance_minutes(2).await;
    }
    world.clicks_are_counted().await;
    assert_eq!(stats_of(&world, &link).await.all_time.counted, 80);
}

#[tokio::test(start_paused = true)]
async fn ones_own_clicks_are_held() {
    let world = World::new().await;
    let link = mission_link(&world, "mara", "spring", None).await;
    let others = mission_link(&world, "ada", "spring", None).await;
    // The dashboard knows her browser from its sign-in.
    let mara = Browser::new(&world);
    let query = mara.begin("/sessions").await;
    let back = mara.agree("mara", &query);
    assert_eq!(mara.send(at_home("GET", &back)).await.status, 303);
    for slug in [&link.slug, &others.slug] {
        world.open_link(slug, &Visitor::at("203.0.113.7")).await;
        world.open_link(slug, &Visitor::at("198.51.100.1")).await;
    }
    world.clicks_are_counted().await;
    let seen = stats_of(&world, &link).await;
    assert_eq!((seen.all_time.counted, seen.held), (1, vec![(Held::Own, 1)]));
    assert_eq!(stats_of(&world, &others).await.all_time.counted, 2, "on other links they are a visitor like any");
    let line = format!("/link stats link:{}", link.slug);
    world.slash("mara", "#general", &line).await.says("1: from the member's own device");
    let kept = world.db.column("SELECT day || guild_id || user_id || device FROM link_devices").join(" ");
    assert!(!kept.contains("203.0.113.7") && !kept.contains("Chrome"), "{kept}");
    // Another day has another hash; whoever goes on with the dashboard is known that day too, by one row however much they look at.
    world.advance_minutes(24 * 60).await;
    for _ in 0..3 {
        assert_eq!(mara.send(at_home("GET", "/sessions")).await.status, 200);
    }
    assert_eq!(world.db.column("SELECT COUNT(*) FROM link_devices"), ["2"]);
    world.open_link(&link.slug, &Visitor::at("203.0.113.7")).await;
    world.clicks_are_counted().await;
    assert_eq!(stats_of(&world, &link).await.held, [(Held::Own, 2)]);
}

/// A request of the browser that `Visitor::at` is, from where it is.
fn at_home(method: &str, target: &str) -> Request {
    let mut request = request(method, target);
    let headers = [("cf-connecting-ip", "203.0.113.7"), ("user-agent", CHROME)];
    request.headers.extend(headers.map(|(name, value)| (name.to_owned(), value.to_owned())));
    request
}

#[tokio::test(start_paused = true)]
async fn missions_hear_what_changed() {
    let world = World::new().await;
    let (mara, noor) =
        (mission_link(&world, "mara", "one", None).await, mission_link(&world, "ada", "two", None).await);
    let ctx = world.ctx();
    let start = links::Cursor::default();
    assert!(links::changed_since(&ctx, &start, 10).await.expect("an answer").is_empty());
    world.open_link(&mara.slug, &Visitor::at("203.0.113.7")).await;
    world.clicks_are_counted().await;
    world.open_link(&noor.slug, &Visitor::at("203.0.113.7")).await;
    world.clicks_are_counted().await;
    world.advance_minutes(1).await;
    let next = async |cursor: &links::Cursor| {
        let changed = links::changed_since(&ctx, cursor, 1).await.expect("an answer").pop()?;
        let counted = links::counted_of(&ctx, changed.guild, &changed.cursor.mission).await.expect("an answer");
        Some((changed.cursor, counted))
    };
    let (cursor, first) = next(&start).await.expect("the first");
    assert_eq!((first.mission.as_str(), first.members[0].2), ("one", 1));
    let (cursor, second) = next(&cursor).await.expect("the second");
    assert_eq!((second.mission.as_str(), &second.members), ("two", &vec![(noor.owner_id.expect("one"), noor.slug, 1)]));
    assert!(next(&cursor).await.is_none());
}
