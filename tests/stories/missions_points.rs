//! Purpose: what brings points and what does not, whoever waits for them, and where each line of the ledger is read.

use crate::missions_help::{connect, publish, pushed, pushed_as};
use muster_core::{Job, sql::Statement};
use muster_sim::Platform;
use muster_tests::{Browser, World, browser::text, links::Visitor};

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

#[tokio::test(start_paused = true)]
async fn adding_up_again_leaves_a_line_and_mends_sums_months_and_roles() {
    let world = World::new().await;
    let line = "/mission settings rank:Soldier role:Newcomer points:50";
    world.slash("mara", "#general", line).await.says("Soldier from 50 points");
    let adjust = "/mission adjust user:@ada points:10 reason:talks";
    world.slash("mara", "#general", adjust).await.says("+10 points");
    world.slash("mara", "#general", "/mission recompute").await.says("Every sum is what its lines add up to.");
    let tamper = |sql: &'static str| drop(world.db.batch(&[Statement::new(sql)]).expect("written"));
    tamper("UPDATE points_totals SET points = 87 WHERE month = 'all'");
    tamper("INSERT INTO points_totals SELECT guild_id, '2024-01', user_id, 7 FROM points_totals LIMIT 1");
    world.slash("mara", "#general", adjust).await.says("+10 points");
    world.advance_minutes(2).await;
    let roles = |world: &World| world.sim.borrow().roles_of(muster_tests::DEMO, "ada").contains(&"Newcomer".to_owned());
    assert!(roles(&world), "by the wrong sum");
    world.slash("mara", "#general", "/mission recompute").await.says("2 sums did not fit the lines");
    assert_eq!(
        world.db.column("SELECT month || ' ' || points FROM points_totals ORDER BY 1"),
        ["2025-03 20", "all 20"]
    );
    world.advance_minutes(2).await;
    assert!(!roles(&world));
    let browser = Browser::signed_in(&world, "mara").await;
    let log = text(&browser.get(&format!("/g/{}/logs", world.guild())).await);
    for part in ["points recompute", ": 97", "2024-01"] {
        assert!(log.contains(part), "{part} is not in:\n{log}");
    }
    world.slash("mara", "#general", "/mission recompute").await.says("Every sum");
}

#[tokio::test(start_paused = true)]
async fn the_audit_and_the_score_show_every_line_whole_with_its_mission() {
    let world = World::new().await;
    let card = pushed(&world, "Threads").await;
    connect(&world, "ada", "threads", "ada.threads").await;
    publish(&world, "ada", &card, "Threads").await;
    world.advance_minutes(2).await;
    let post = world.posted(Platform::Threads).pop().expect("a post");
    world.sim.borrow_mut().set_social_metric(Platform::Threads, &post.id, "views", 100).expect("a post");
    clicked(&world, &slug_of(&post.text), 0..10).await;
    world.advance_minutes(65).await;
    let score = world.slash("ada", "#general", "/score").await;
    score.says("“Spring launch”: 10 people opened your link").says("“Spring launch”: 100 views on Threads");
    for n in 10..26 {
        let reason = format!("talk {n} {}", "and what was said in it ".repeat(8));
        let line = format!("/mission adjust user:@ada points:1 reason:\"{}\"", reason.trim());
        world.slash("mara", "#general", &line).await.says("+1 points");
        world.advance(1_000).await;
    }
    let audit = world.slash("mara", "#general", "/audit user:@ada").await;
    for n in 11..26 {
        audit.says(&format!("talk {n} "));
    }
    for id in world.db.column("SELECT id FROM points ORDER BY at DESC, id DESC LIMIT 15") {
        audit.says(&id);
    }
    audit.says(&format!("https://muster.test/g/{}/missions/ledger?user={}", world.guild(), world.id("ada")));
    let score = world.slash("ada", "#general", "/score").await;
    for n in 10..26 {
        score.says(&format!("talk {n} "));
    }
}

#[tokio::test(start_paused = true)]
async fn a_missions_numbers_tell_its_clicks_and_points_too() {
    let world = World::new().await;
    let card = pushed(&world, "LinkedIn").await;
    connect(&world, "ada", "linkedin", "Ada Lovelace").await;
    publish(&world, "ada", &card, "LinkedIn").await;
    clicked(&world, &slug_of(&world.posted(Platform::LinkedIn).pop().expect("a post").text), 0..23).await;
    world.advance_minutes(15).await;
    let stats = world.slash("mara", "#general", "/mission stats mission:\"Spring launch\"").await;
    stats.says("Clicks\n23").says("Points\n17");
}

#[tokio::test(start_paused = true)]
async fn the_leaderboard_of_a_server_with_missions_alone_is_theirs() {
    let world = World::new().await;
    world.slash("ada", "#general", "/leaderboard").await.says("Levels are off in this server");
    world.slash("mara", "#general", "/mission adjust user:@ada points:10 reason:talks").await.says("+10 points");
    world.slash("ada", "#general", "/leaderboard").await.says("Missions").says("10** points");
}

#[tokio::test(start_paused = true)]
async fn messages_of_missions_that_discord_refused_are_named_for_what_they_are() {
    let world = World::new().await;
    world.slash("mara", "#general", "/mission settings channel:#giveaways log:#giveaways").await.says("is noted in <#");
    world.sim.borrow_mut().set_permissions("#giveaways", "Muster", 0, 1 << 11).expect("a channel");
    world.slash("mara", "#general", "/mission adjust user:@ada points:10 reason:talks").await.says("+10 points");
    world.advance_minutes(5).await;
    world.jump(32 * 24 * 3_600_000).await;
    world.advance_minutes(3).await;
    let browser = Browser::signed_in(&world, "mara").await;
    let page = text(&browser.get(&format!("/g/{}/jobs", world.guild())).await);
    for part in ["The month's first of missions", "The log of missions"] {
        assert!(page.contains(part), "{part} is not in:\n{page}");
    }
    assert!(!page.contains("A word to a member"), "{page}");
}
