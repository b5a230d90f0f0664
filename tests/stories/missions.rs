//! Purpose: a mission from its draft to points: written, pushed, connected to, previewed, published once, counted.

use crate::missions_help::{connect, connect_at, link_of, preview, publish, pushed, pushed_as};
use muster_core::sql::Statement;
use muster_sim::{AppChange, Platform};
use muster_tests::{Browser, World, links::Visitor};

const DAY: i64 = 24 * 3_600_000;

#[tokio::test(start_paused = true)]
async fn somebody_connects_publishes_and_gets_points() {
    let world = World::new().await;
    let card = pushed(&world, "LinkedIn").await;
    let asked = world.press("ada", &card, "Connect & Post").await;
    asked.says("LinkedIn: not connected yet");
    let said = connect_at(&Browser::new(&world), &link_of(&asked), "linkedin", "Ada Lovelace").await;
    assert!(said.contains("LinkedIn is connected") && said.contains("Ada Lovelace"), "{said}");
    let done = publish(&world, "ada", &card, "LinkedIn").await;
    done.says("Published on LinkedIn").says("+10").says("+5");
    let posts = world.posted(Platform::LinkedIn);
    assert_eq!(posts.len(), 1);
    assert!(posts[0].text.contains("Our spring menu is here! See https://"), "{}", posts[0].text);
    world.settle().await;
    let text = world.sim.borrow().message(&card).expect("the card").text();
    assert!(text.contains("Published: 1") || text.contains("Published\n1"), "{text}");
    let again = world.press("ada", &card, "Connect & Post").await;
    again.says("published");
    world.slash("ada", "#general", "/score").await.says("15 points").says("In time for");
    assert_eq!(world.posted(Platform::LinkedIn).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn reactions_become_points_by_tiers_once_each() {
    let world = World::new().await;
    world.sim.borrow_mut().change_social_app(Platform::Threads, Default::default());
    let card = pushed(&world, "Threads").await;
    connect(&world, "ada", "threads", "ada.threads").await;
    publish(&world, "ada", &card, "Threads").await;
    world.advance_minutes(2).await;
    let posts = world.posted(Platform::Threads);
    assert_eq!(posts.len(), 1);
    for (views, total) in [(99, 15), (100, 20), (700, 30), (5_000, 50), (5_100, 50)] {
        world.sim.borrow_mut().set_social_metric(Platform::Threads, &posts[0].id, "views", views).expect("a post");
        world.advance_minutes(61).await;
        world.slash("ada", "#general", "/score").await.says(&format!("{total} points"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_month_ends_once_and_its_first_are_announced() {
    let world = World::new().await;
    let card = pushed(&world, "LinkedIn").await;
    world.slash("mara", "#general", "/mission settings channel:#giveaways").await.says("go to <#");
    connect(&world, "ada", "linkedin", "Ada Lovelace").await;
    publish(&world, "ada", &card, "LinkedIn").await;
    for _ in 0..3 {
        // Whatever was due in between is found late, and twice.
        world.jump(11 * DAY).await;
        world.advance_minutes(3).await;
    }
    assert_eq!(world.count_with("#giveaways", "The month's first, of 1 member"), 1);
    let score = world.slash("ada", "#general", "/score").await;
    score.says("15 points");
    assert!(!score.text.contains("This month"), "{}", score.text);
    assert_eq!(world.db.column("SELECT COUNT(*) FROM mission_months WHERE members = 1"), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn ranks_bring_their_roles_and_points_by_hand_have_reasons() {
    let world = World::new().await;
    let line = "/mission settings rank:Soldier role:Newcomer points:20";
    world.slash("mara", "#general", line).await.says("Soldier from 20 points");
    world
        .slash("mara", "#general", "/mission adjust user:@ada points:25 reason:\"A great talk\"")
        .await
        .says("+25 points");
    world.advance_minutes(2).await;
    let roles = |world: &World| world.sim.borrow().roles_of(muster_tests::DEMO, "ada");
    assert!(roles(&world).contains(&"Newcomer".to_owned()), "{:?}", roles(&world));
    let audit = world.slash("mara", "#general", "/audit user:@ada").await;
    audit.says("25 points").says("By hand: A great talk");
    let number = audit.text.rsplit('`').nth(1).expect("the line's number").to_owned();
    let void = format!("/mission void line:{number} reason:\"Meant for bela\"");
    world.slash("mara", "#general", &void).await.says("taken back");
    world.slash("mara", "#general", &void).await.says("taken back before");
    world.advance_minutes(2).await;
    assert!(!roles(&world).contains(&"Newcomer".to_owned()), "{:?}", roles(&world));
    world.slash("ada", "#general", "/score").await.says("0 points").says("Meant for bela");
    world.slash("ada", "#general", "/mission adjust user:@ada points:5 reason:me").await.says("Manage Server");
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_its_time_is_called_off_when_the_mission_changes() {
    let world = World::new().await;
    let card = pushed(&world, "LinkedIn").await;
    connect(&world, "ada", "linkedin", "Ada Lovelace").await;
    let schedule = async || {
        let choices = world.press("ada", &card, "Connect & Post").await.message.expect("where to publish").id;
        let preview = world.press("ada", &choices, "Preview").await.message.expect("a preview").id;
        let modal = world.press("ada", &preview, "Later").await.modal.expect("a form");
        world.submit("ada", &modal, &[("when", "2h")]).await.says("It publishes on LinkedIn");
    };
    schedule().await;
    let edit = "/mission edit mission:\"Spring launch\" text:\"Our summer menu is here!\"";
    world.slash("mara", "#general", edit).await.says("Changed.");
    world.slash("ada", "#general", "/post").await.says("called off: the mission was changed");
    world.advance_minutes(180).await;
    assert_eq!(world.posted(Platform::LinkedIn).len(), 0);
    schedule().await;
    world.advance_minutes(121).await;
    let posts = world.posted(Platform::LinkedIn);
    assert_eq!(posts.len(), 1);
    assert!(posts[0].text.contains("summer menu"), "{}", posts[0].text);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_published_says_why_before_it_is_tried() {
    let world = World::new().await;
    let form = world.slash("mara", "#general", "/mission new").await.modal.expect("a form");
    let with = |text: &'static str, platforms: &'static str| {
        [("title", "T"), ("text", text), ("link", "https://lantern.example/"), ("platforms", platforms), ("ends", "7d")]
    };
    world.submit("mara", &form, &with("Look!", "Facebook")).await.says("“facebook” is no platform");
    let bad = [("title", "T"), ("text", "x"), ("link", "javascript:alert(1)"), ("platforms", "X"), ("ends", "7d")];
    world.submit("mara", &form, &bad).await.says("starts with `https://`");
    let card = pushed(&world, "X").await;
    connect(&world, "ada", "x", "ada_x").await;
    world.press("ada", &card, "Connect & Post").await.says("no budget for posts on X");
    world.slash("ada", "#general", "/mission new").await.says("Manage Server");
    world.slash("ada", "#general", "/mission push mission:\"Spring launch\"").await.says("Manage Server");
}

#[tokio::test(start_paused = true)]
async fn clicks_of_people_become_points_and_the_first_three_get_more() {
    let world = World::new().await;
    let card = pushed(&world, "LinkedIn").await;
    for (who, name, people) in [("ada", "Ada Lovelace", 25), ("bela", "Bela Bartok", 12), ("chen", "Chen Ning", 3)] {
        connect(&world, who, "linkedin", name).await;
        publish(&world, who, &card, "LinkedIn").await;
        let post = world.posted(Platform::LinkedIn).pop().expect("a post");
        let slug = post.text.split("/l/").nth(1).and_then(|rest| rest.split(' ').next()).expect("a link").to_owned();
        for person in 0..people {
            let landed = world.open_link(&slug, &Visitor::at(&format!("203.0.{person}.7"))).await;
            assert_eq!(landed.status, 302);
            let target = landed.header("location").expect("a target");
            assert!(target.starts_with("https://lantern.example/spring?utm_source=muster"), "{target}");
        }
        world.open_link(&slug, &Visitor::at("198.51.100.1").with("user-agent", "Discordbot/2.0")).await;
        world.advance_minutes(7).await;
    }
    world.advance_minutes(10).await;
    let scores = async || {
        let mut all = Vec::new();
        for who in ["ada", "bela", "chen"] {
            all.push(world.slash(who, "#general", "/score").await.text.split("**").nth(1).expect("a sum").to_owned());
        }
        all
    };
    assert_eq!(scores().await, ["17 points", "16 points", "15 points"]);
    world.slash("mara", "#general", "/mission close mission:\"Spring launch\"").await.says("is closed");
    world.advance_minutes(40).await;
    assert_eq!(scores().await, ["42 points", "31 points", "25 points"]);
    world.advance_minutes(40).await;
    assert_eq!(scores().await, ["42 points", "31 points", "25 points"], "once");
}

#[tokio::test(start_paused = true)]
async fn clicks_that_wait_to_be_counted_decide_who_is_first_too() {
    let world = World::new().await;
    let card = pushed(&world, "LinkedIn").await;
    connect(&world, "ada", "linkedin", "Ada Lovelace").await;
    publish(&world, "ada", &card, "LinkedIn").await;
    let post = world.posted(Platform::LinkedIn).pop().expect("a post");
    let slug = post.text.split("/l/").nth(1).and_then(|rest| rest.split(' ').next()).expect("a link").to_owned();
    for person in 0..12 {
        world.open_link(&slug, &Visitor::at(&format!("203.0.{person}.7"))).await;
    }
    world.settle().await;
    world.slash("mara", "#general", "/mission close mission:\"Spring launch\"").await.says("is closed");
    // Nothing runs for an hour: what is due comes all at once, in any order.
    world.jump(60 * 60_000).await;
    world.advance_minutes(4).await;
    world
        .slash("ada", "#general", "/score")
        .await
        .says("41 points")
        .says("Place 1 of “Spring launch” by clicks, with 12");
}

#[tokio::test(start_paused = true)]
async fn every_post_count_and_point_is_noted_in_the_log_many_to_a_message() {
    let world = World::new().await;
    let card = pushed(&world, "Threads").await;
    connect(&world, "ada", "threads", "ada.threads").await;
    let set = "/mission settings log:#giveaways";
    world.slash("mara", "#general", set).await.says("is noted in <#");
    publish(&world, "ada", &card, "Threads").await;
    world.advance_minutes(5).await;
    let logged = |world: &World| -> Vec<String> {
        let all = world.public("#giveaways").into_iter().map(|message| message.text());
        all.filter(|text| text.contains("Missions: what happened")).collect()
    };
    let first = logged(&world);
    assert_eq!(first.len(), 1, "{first:#?}");
    let ada = world.id("ada");
    for part in ["published on Threads http", "**+10** Published “Spring launch” on Threads", "**+5** In time for"]
    {
        assert!(first[0].contains(part) && first[0].contains(&format!("<@{ada}>")), "{part}: {}", first[0]);
    }
    let post = world.posted(Platform::Threads).pop().expect("a post");
    world.sim.borrow_mut().set_social_metric(Platform::Threads, &post.id, "views", 120).expect("a post");
    world.advance_minutes(70).await;
    let second = logged(&world);
    assert!(second.len() >= 2, "{second:#?}");
    let later = second[1..].concat();
    assert!(later.contains("Threads: 120 views") && later.contains("**+5** 100 views on Threads"), "{later}");
    // Many at once are a few messages, none lost, none twice.
    for n in 0..45 {
        let line = format!("/mission adjust user:@ada points:1 reason:\"for the {n}th time\"");
        world.slash("mara", "#general", &line).await.says("+1 points");
    }
    world.advance_minutes(5).await;
    let all = logged(&world).concat();
    for n in 0..45 {
        assert_eq!(all.matches(&format!("for the {n}th time")).count(), 1, "{n}");
    }
    assert!(logged(&world).len() <= second.len() + 4, "{}", logged(&world).len());
    world.slash("mara", "#general", set).await;
    world.slash("mara", "#general", "/mission adjust user:@ada points:1 reason:\"in silence\"").await.says("+1 points");
    world.advance_minutes(5).await;
    assert!(!logged(&world).concat().contains("in silence"));
    assert_eq!(world.db.column("SELECT COUNT(*) FROM mission_notes"), ["0"]);
}

#[tokio::test(start_paused = true)]
async fn sums_are_added_up_again_from_their_lines() {
    let world = World::new().await;
    for (who, points) in [("ada", 25), ("ada", -5), ("bela", 7)] {
        let line = format!("/mission adjust user:@{who} points:{points} reason:talks");
        world.slash("mara", "#general", &line).await.says("points");
    }
    let recompute = "/mission recompute";
    world.slash("ada", "#general", recompute).await.says("Manage Server");
    world.slash("mara", "#general", recompute).await.says("Every sum is what its lines add up to.");
    let tamper = |sql: &'static str| drop(world.db.batch(&[Statement::new(sql)]).expect("written"));
    tamper("UPDATE points_totals SET points = 999 WHERE points = 20 AND month = 'all'");
    let stranger = "INSERT INTO points_totals SELECT guild_id, 'all', '42', 5 FROM points_totals LIMIT 1";
    tamper(stranger);
    world.slash("ada", "#general", "/score").await.says("999 points");
    world.slash("mara", "#general", recompute).await.says("2 sums did not fit the lines");
    world.slash("ada", "#general", "/score").await.says("20 points");
    world.slash("mara", "#general", recompute).await.says("Every sum");
}

#[tokio::test(start_paused = true)]
async fn an_account_that_has_published_all_that_the_platform_takes_is_told_before_and_at_the_post() {
    let world = World::new().await;
    let quota = |total| {
        let change = AppChange { quota_total: Some(total), ..AppChange::default() };
        world.sim.borrow_mut().change_social_app(Platform::Threads, change);
    };
    quota(2);
    let first = pushed(&world, "Threads").await;
    let text = "Our spring menu is here! And the garden is open: {link}";
    let second = pushed_as(&world, "The garden", text, "Threads", "7d").await;
    connect(&world, "ada", "threads", "ada.threads").await;
    let choices = world.press("ada", &first, "Connect & Post").await.message.expect("where to publish").id;
    world.press("ada", &choices, "Preview for Threads").await.says("Threads takes 2 more posts of this account");
    publish(&world, "ada", &first, "Threads").await;
    world.advance_minutes(2).await;
    let choices = world.press("ada", &second, "Connect & Post").await.message.expect("where to publish").id;
    let seen = preview(&world, "ada", &choices, "Threads").await;
    // Meanwhile the account publishes elsewhere.
    quota(1);
    let all_used = "Threads takes 1 post of an account in 24 hours, and this account has published them";
    world.press("ada", &seen, "Publish").await.says(all_used);
    world.press("ada", &second, "Connect & Post").await;
    world.press("ada", &choices, "Preview for Threads").await.says(all_used).says("Try again later");
    assert_eq!(world.posted(Platform::Threads).len(), 1);
    world.jump(DAY).await;
    publish(&world, "ada", &second, "Threads").await;
    world.advance_minutes(2).await;
    assert_eq!(world.posted(Platform::Threads).len(), 2);
}
