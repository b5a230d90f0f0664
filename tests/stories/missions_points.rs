//! Purpose: what brings points and what does not, whoever waits for them, and where each line of the ledger is read.

use crate::missions_help::{connect, publish, pushed, pushed_as};
use muster_core::Job;
use muster_sim::Platform;
use muster_tests::{World, links::Visitor};

fn slug_of(text: &str) -> String {
    let slug = text.split("/l/").nth(1).and_then(|rest| rest.split([' ', '\\', '\n']).next());
    slug.expect("a link").to_owned()
}

async fn clicked(world: &World, slug: &str, people: std::ops::Range<usize>) {
    for person in people {
        let visitor = Visitor::at(&format!("10.{}.{}.1", person / 200, person % 200));
        assert_eq!(world.open_link(slug, &visitor).await.status, 302);
    }
}

#[tokio::test(start_paused = true)]
async fn clicks_of_many_missions_are_paid_though_all_of_them_are_clicked_all_the_time() {
    let world = World::new().await;
    world.slash("mara", "#general", "/mission settings posts_per_day:0").await.says("any number of posts");
    connect(&world, "ada", "linkedin", "Ada Lovelace").await;
    let mut slugs = Vec::new();
    for n in 0..20 {
        let text = format!("Our spring menu is here! Page {n}: {{link}} .");
        let card = pushed_as(&world, &format!("Round {n:02}"), &text, "LinkedIn", "30d").await;
        publish(&world, "ada", &card, "LinkedIn").await;
        slugs.push(slug_of(&world.posted(Platform::LinkedIn).pop().expect("a post").text));
        world.advance_minutes(1).await;
    }
    world.slash("ada", "#general", "/score").await.says("300 points");
    for slot in 0..5 {
        for slug in &slugs {
            clicked(&world, slug, slot * 10..slot * 10 + 10).await;
        }
        world.advance_minutes(5).await;
    }
    // What was clicked in the first slots is paid while the clicks go on, in every mission alike.
    let paid =
        "SELECT COUNT(*) FROM (SELECT mission_id FROM points WHERE kind = 'clicks' GROUP BY 1 HAVING SUM(units) >= 30)";
    assert_eq!(world.db.column(paid), ["20"]);
    world.advance_minutes(12).await;
    world.slash("ada", "#general", "/score").await.says("400 points");
    world.advance_minutes(12).await;
    world.slash("ada", "#general", "/score").await.says("400 points");
}

#[tokio::test(start_paused = true)]
async fn one_job_pays_within_what_an_invocation_may_ask() {
    let world = World::new().await;
    for (who, name) in [("ada", "Ada"), ("bela", "Bela"), ("chen", "Chen"), ("farah", "Farah")] {
        connect(&world, who, "linkedin", name).await;
    }
    for n in 0..7 {
        let text = format!("Our spring menu is here! Page {n}: {{link}} .");
        let card = pushed_as(&world, &format!("Round {n:02}"), &text, "LinkedIn", "30d").await;
        for who in ["ada", "bela", "chen", "farah"] {
            publish(&world, who, &card, "LinkedIn").await;
            clicked(&world, &slug_of(&world.posted(Platform::LinkedIn).pop().expect("a post").text), 0..10).await;
        }
        world.advance(5_000).await;
    }
    world.advance_minutes(7).await;
    let ctx = world.ctx();
    let before = world.used();
    muster_core::job(&ctx, &Job::PayClicks).await;
    let used = world.used().since(before);
    assert!(used.d1_statements <= 50 && used.queue == 1, "{used:?}");
    world.advance_minutes(1).await;
    assert_eq!(world.db.column("SELECT COUNT(*) FROM points WHERE kind = 'clicks'"), ["28"]);
}

#[tokio::test(start_paused = true)]
async fn clicks_bring_points_only_to_whoever_published_where_posts_bring_points() {
    let world = World::new().await;
    world.slash("mara", "#general", "/mission settings x_budget:5").await.says("They bring no points");
    let card = pushed(&world, "LinkedIn, X").await;
    for (who, platform) in [("ada", "linkedin"), ("bela", "x"), ("chen", "linkedin"), ("farah", "linkedin")] {
        connect(&world, who, platform, &format!("{who}_account")).await;
    }
    publish(&world, "ada", &card, "LinkedIn").await;
    publish(&world, "bela", &card, "X").await;
    // Others look at the preview, and their links are there.
    let mut links = vec![
        slug_of(&world.posted(Platform::LinkedIn).pop().expect("a post").text),
        slug_of(&world.posted(Platform::X).pop().expect("a post").text),
    ];
    for who in ["chen", "farah"] {
        let choices = world.press(who, &card, "Connect & Post").await.message.expect("where to publish").id;
        links.push(slug_of(&world.press(who, &choices, "Preview for LinkedIn").await.text));
    }
    for (link, people) in links.iter().zip([10, 30, 20, 12]) {
        clicked(&world, link, 0..people).await;
    }
    world.advance_minutes(15).await;
    world.slash("ada", "#general", "/score").await.says("16 points");
    world.slash("bela", "#general", "/score").await.says("no points");
    world.slash("chen", "#general", "/score").await.says("no points");
    // What came before the post counts once it is there.
    publish(&world, "farah", &card, "LinkedIn").await;
    clicked(&world, &links[3], 12..13).await;
    world.advance_minutes(15).await;
    world.slash("farah", "#general", "/score").await.says("16 points");
    world.slash("mara", "#general", "/mission close mission:\"Spring launch\"").await.says("is closed");
    world.advance_minutes(40).await;
    world.slash("farah", "#general", "/score").await.says("41 points").says("Place 1 of “Spring launch”");
    world.slash("ada", "#general", "/score").await.says("31 points").says("Place 2 of “Spring launch”");
    world.slash("bela", "#general", "/score").await.says("no points");
    world.slash("chen", "#general", "/score").await.says("no points");
}
