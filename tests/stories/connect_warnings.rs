//! Purpose: whoever runs a server reads ahead of time what the platforms will not do: an API version that ends, counts that cannot be read.

use muster_core::social::Kind;
use muster_tests::{Browser, World, browser::text};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// 16 May 2027, 00:00 UTC: sixty days before LinkedIn's version of July 2026 is a year old, by the middle of the month.
const AHEAD: i64 = 1_810_425_600_000;
const LINKEDIN_ENDS: &str =
    "LinkedIn's API version 202607, which this release of Muster speaks, is served until about July 2027";

async fn page(world: &World, path: &str) -> String {
    let browser = Browser::signed_in(world, "mara").await;
    text(&browser.get(&format!("/g/{}{path}", world.guild())).await)
}

#[tokio::test(start_paused = true)]
async fn the_end_of_an_api_version_is_told_sixty_days_ahead() {
    let world = World::new().await;
    let places = ["", "/missions/members", "/missions/new"];
    let logged = |world: &World| {
        let lines = world.log.lines.borrow();
        lines.iter().filter(|line| line.contains("API version comes to its end")).count()
    };
    world.jump(AHEAD - world.now() - HOUR).await;
    let setup = world.slash("mara", "#general", "/setup").await;
    assert!(!setup.text.contains("API version"), "{}", setup.text);
    for place in places {
        let shown = page(&world, place).await;
        assert!(!shown.contains("API version"), "{place}: {shown}");
    }
    world.jump(2 * HOUR).await;
    let setup = world.slash("mara", "#general", "/setup").await;
    setup.says(LINKEDIN_ENDS).says("update Muster before that").says("thing to look at");
    assert_eq!(setup.text.matches("API version").count(), 1, "the others' are far or unknown: {}", setup.text);
    for place in places {
        let shown = page(&world, place).await;
        assert!(shown.contains(LINKEDIN_ENDS), "{place}: {shown}");
    }
    assert_eq!(logged(&world), 0);
    for day in 1..3 {
        world.jump(DAY - world.now().rem_euclid(DAY) - 90_000).await;
        world.advance_minutes(65).await;
        assert_eq!(logged(&world), day, "once a day");
    }
}

#[tokio::test(start_paused = true)]
async fn what_earns_nothing_is_said_where_points_are_set_and_accounts_are_looked_after() {
    let world = World::new().await;
    let linkedin = "Views and reactions of posts on LinkedIn are not counted and bring no points";
    let tiktok = "Views and reactions of posts on TikTok are not counted and bring no points";
    let places = ["/missions/members", "/missions/rules", "/missions/new"];
    world.slash("mara", "#general", "/mission settings").await.says(linkedin).says(tiktok);
    for place in places {
        let shown = page(&world, place).await;
        assert!(shown.contains(linkedin) && shown.contains(tiktok), "{place}: {shown}");
    }
    world.note_grant(Kind::LinkedIn, "analytics");
    world.note_grant(Kind::TikTok, "audited");
    let settings = world.slash("mara", "#general", "/mission settings").await;
    assert!(!settings.text.contains("are not counted"), "{}", settings.text);
    for place in places {
        let shown = page(&world, place).await;
        assert!(!shown.contains("are not counted"), "{place}: {shown}");
    }
}
