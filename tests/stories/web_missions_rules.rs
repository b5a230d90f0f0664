//! Purpose: the rules of points on the dashboard: typed, compared with what is there, confirmed as a new version.

use crate::missions_help::{connect, publish, pushed, pushed_as};
use muster_sim::{OTHER_GUILD, Platform};
use muster_tests::{Browser, World, browser::text};

#[track_caller]
fn says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
}

/// The form as a browser would send it, with the defaults of every field and these instead.
pub fn with(fields: &[(&'static str, &str)]) -> Vec<(String, String)> {
    let defaults = [
        ("publish", "10"),
        ("on_time", "5"),
        ("on_time_hours", "24"),
        ("clicks_per_point", "10"),
        ("cooldown", "0"),
        ("per_day", "20"),
        ("min_caption", "0"),
        ("tiers_linkedin", "10: 5, 30: 10, 100: 20"),
        ("tiers_instagram", "100: 5, 500: 10, 2000: 20"),
        ("tiers_tiktok", "100: 5, 500: 10, 2000: 20"),
        ("tiers_x", "100: 5, 500: 10, 2000: 20"),
        ("tiers_threads", "100: 5, 500: 10, 2000: 20"),
        ("top_clicks", "25, 15, 10"),
        ("rank_name_0", "Recruit"),
        ("rank_at_0", "0"),
        ("rank_role_0", ""),
        ("rank_name_1", "Soldier"),
        ("rank_at_1", "50"),
        ("rank_role_1", ""),
        ("rank_name_2", "General"),
        ("rank_at_2", "200"),
        ("rank_role_2", ""),
        ("rank_name_3", "Warlord"),
        ("rank_at_3", "500"),
        ("rank_role_3", ""),
        ("banned", ""),
        ("x_budget", "0"),
        ("channel", ""),
        ("log_channel", ""),
    ];
    let mut all: Vec<(String, String)> =
        defaults.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    for (name, value) in fields {
        match all.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => (*value).clone_into(known),
            None => all.push(((*name).to_owned(), (*value).to_owned())),
        }
    }
    all
}

pub fn refs(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// The hidden fields of the form that confirms.
pub fn confirmation(page: &str) -> Vec<(&'static str, String)> {
    let of = |name: &str| {
        let after = page.split(&format!("name=\"{name}\" value=\"")).nth(1).expect("a field");
        after.split('"').next().unwrap_or_default().replace("&#34;", "\"")
    };
    vec![("act", "confirm".to_owned()), ("version", of("version")), ("rules", of("rules"))]
}

#[tokio::test(start_paused = true)]
async fn rules_show_what_they_would_change_before_they_are_saved() {
    let world = World::new().await;
    let card = pushed(&world, "LinkedIn").await;
    connect(&world, "ada", "linkedin", "Ada Lovelace").await;
    publish(&world, "ada", &card, "LinkedIn").await.says("+10");
    // What a mission says itself stays what it is by any rules.
    let text_of = "Our spring menu is here! And more.";
    let own = pushed_as(&world, "Own points", text_of, "LinkedIn", "7d").await;
    world.slash("mara", "#general", "/mission edit mission:\"Own points\" points:3").await.says("+3 for publishing");
    connect(&world, "bela", "linkedin", "Bela Bartok").await;
    publish(&world, "bela", &own, "LinkedIn").await.says("+3").says("+5");
    let browser = Browser::signed_in(&world, "mara").await;
    let rules = format!("/g/{}/missions/rules", world.guild());
    let page = browser.get(&rules).await;
    says(&text(&page), &["These are the rules that Muster begins with.", "X takes away the access of applications"]);
    let same = browser.submit(&rules, &refs(&with(&[]))).await;
    says(&text(&same), &["Nothing was different from what is in force."]);
    let typed = with(&[("publish", "20"), ("rank_at_1", "15"), ("banned", "casino, free money")]);
    let shown = browser.post(&rules, &refs(&typed)).await;
    assert_eq!(shown.status, 200, "{}", text(&shown));
    says(
        &text(&shown),
        &[
            "What it would change",
            "Points for publishing 10 20",
            "Words that are not published none casino, free money",
            "this month's total of 1 member would be another",
            "Ada 15 25 +10",
            "The rank of 1 member changes at once",
            "Ada 15 Recruit Soldier",
            "Save as version 1",
        ],
    );
    assert!(
        shown.body.contains("value=\"casino, free money\"") || shown.body.contains(">casino, free money</textarea>")
    );
    assert_eq!(world.db.column("SELECT COUNT(*) FROM mission_rules"), ["0"], "nothing is saved yet");
    let confirm = confirmation(&shown.body);
    let fields: Vec<(&str, &str)> = confirm.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let saved = browser.submit(&rules, &fields).await;
    says(&text(&saved), &["Saved.", "Version 1 of the rules is in force."]);
    let late = browser.post(&rules, &fields).await;
    assert_eq!(late.status, 422);
    says(&text(&late), &["Somebody else changed the rules meanwhile."]);
    // What was given stays with its version, and the next post is worth more.
    assert_eq!(world.db.column("SELECT DISTINCT rule_version FROM points"), ["0"]);
    world.slash("ada", "#general", "/score").await.says("15 points");
    connect(&world, "bela", "linkedin", "Bela Bartok").await;
    publish(&world, "bela", &card, "LinkedIn").await.says("+20");
    let ledger = browser.get(&format!("/g/{}/missions/ledger", world.guild())).await;
    says(&text(&ledger), &["Béla +20", "Ada +10"]);
}

#[tokio::test(start_paused = true)]
async fn rules_that_make_no_sense_are_refused_at_their_field() {
    let world = World::new().await;
    let browser = Browser::signed_in(&world, "mara").await;
    let rules = format!("/g/{}/missions/rules", world.guild());
    browser.get(&rules).await;
    let foreign = world.sim.borrow().channel_id(&format!("{OTHER_GUILD}/#general")).expect("a channel");
    let wrong = with(&[
        ("publish", "many"),
        ("tiers_threads", "500: 5, 100: 10"),
        ("rank_name_1", "recruit"),
        ("rank_role_2", "999999999999999999"),
        ("channel", &foreign),
        ("x_budget", "-1"),
    ]);
    let refused = browser.post(&rules, &refs(&wrong)).await;
    assert_eq!(refused.status, 422);
    says(
        &text(&refused),
        &[
            "Write a number from 0 to 10000.",
            "with rising counts",
            "Another rank has this name already.",
            "Choose a role of this server.",
            "Choose a channel of this server.",
            "Write US dollars from 0",
        ],
    );
    assert!(refused.body.contains("value=\"500: 5, 100: 10\""), "what was typed stays");
    let forged = [("act", "confirm"), ("version", "0"), ("rules", "{\"publish\":999999}")];
    assert_eq!(browser.post(&rules, &forged).await.status, 422);
    assert_eq!(world.db.column("SELECT COUNT(*) FROM mission_rules"), ["0"]);
}

#[tokio::test(start_paused = true)]
async fn roles_that_run_missions_are_named_by_whoever_has_manage_server() {
    let world = World::new().await;
    let rules = format!("/g/{}/missions/rules", world.guild());
    let (newcomer, member) = (world.role("Newcomer").to_string(), world.role("Member").to_string());
    let jonas = Browser::signed_in(&world, "jonas").await;
    let page = jonas.get(&rules).await;
    says(&text(&page), &["Who runs missions Whoever has Manage Server, and nobody else.", "Save who runs missions"]);
    world.slash("farah", "#general", "/mission list").await.says("Manage Server");
    let name = |fields: &[(&'static str, &str)]| {
        let mut all = vec![("act".to_owned(), "managers".to_owned())];
        all.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        all
    };
    let stranger =
        jonas.post(&rules, &refs(&name(&[("managers", "999999999999999999"), ("managers", &newcomer)]))).await;
    assert_eq!(stranger.status, 422);
    says(&text(&stranger), &["Choose roles of this server."]);
    assert!(stranger.body.contains(&format!("value=\"{newcomer}\" checked")), "what was ticked stays");
    let everyone = world.guild().to_string();
    assert_eq!(jonas.post(&rules, &refs(&name(&[("managers", &everyone)]))).await.status, 422);
    assert_eq!(world.db.column("SELECT COUNT(*) FROM mission_rules"), ["0"]);
    let saved = jonas.submit(&rules, &refs(&name(&[("managers", &newcomer)]))).await;
    says(&text(&saved), &["Saved.", "Version 1 of the rules", "and members with @Newcomer."]);
    world.slash("farah", "#general", "/mission list").await.says("There is no mission yet.");
    let line =
        world.db.column("SELECT source || ' ' || action || ' ' || target FROM audit_log WHERE action = 'missions'");
    assert_eq!(line, ["dashboard missions settings"], "the command's own line");
    // By an older page another role is ticked and nothing is unticked: what somebody else named meanwhile stays.
    let both = jonas.submit(&rules, &refs(&name(&[("managers", &member)]))).await;
    says(&text(&both), &["Version 2 of the rules", "and members with @Member, @Newcomer."]);
    jonas.submit(&rules, &refs(&name(&[("managers", &member)]))).await;
    assert_eq!(world.db.column("SELECT MAX(version) FROM mission_rules"), ["2"], "sent twice");
    // Whoever changes missions by a grant of the dashboard, or runs them by role, looks and no more.
    let guild = world.guild();
    world.db.column(&format!(
        "INSERT INTO dashboard_grants VALUES ('{guild}', '{newcomer}', 'missions', 'manage') RETURNING area"
    ));
    let farah = Browser::signed_in(&world, "farah").await;
    let page = farah.get(&rules).await;
    says(
        &text(&page),
        &["@Member, @Newcomer.", "Only members with Manage Server change these roles.", "Show what it would change"],
    );
    assert!(!page.body.contains("name=\"managers\""));
    let refused = farah.post(&rules, &refs(&name(&[("was_manager", &member)]))).await;
    assert_eq!(refused.status, 403);
    says(&text(&refused), &["You need Manage Server to do this."]);
    world.slash("farah", "#general", "/mission settings manager:@Member").await.says("Manage Server");
    assert_eq!(world.db.column("SELECT MAX(version) FROM mission_rules"), ["2"]);
    // The rules' own form leaves the roles as they are, and the roles' form the rules.
    jonas.get(&rules).await;
    let shown = jonas.post(&rules, &refs(&with(&[("publish", "20")]))).await;
    let confirm = confirmation(&shown.body);
    let fields: Vec<(&str, &str)> = confirm.iter().map(|(name, value)| (*name, value.as_str())).collect();
    says(&text(&jonas.submit(&rules, &fields).await), &["Version 3", "@Member, @Newcomer."]);
    let (was, is) =
        ([("was_manager", newcomer.as_str()), ("was_manager", member.as_str())], ("managers", member.as_str()));
    let last = jonas.submit(&rules, &refs(&name(&[was[0], was[1], is]))).await;
    says(&text(&last), &["Version 4", "and members with @Member."]);
    assert!(last.body.contains("name=\"publish\" value=\"20\""));
    world.slash("mara", "#general", "/mission settings").await.says("Missions are run by Manage Server and");
}

/// Types other tiers of Threads and confirms them. Gives what the page said of them before.
async fn with_tiers(browser: &Browser<'_>, rules: &str, tiers: &str) -> String {
    browser.get(rules).await;
    let shown = browser.post(rules, &refs(&with(&[("tiers_threads", tiers)]))).await;
    assert_eq!(shown.status, 200, "{}", text(&shown));
    let confirm = confirmation(&shown.body);
    let fields: Vec<(&str, &str)> = confirm.iter().map(|(name, value)| (*name, value.as_str())).collect();
    says(&text(&browser.submit(rules, &fields).await), &["Saved."]);
    text(&shown)
}

#[tokio::test(start_paused = true)]
async fn tiers_that_change_pay_each_count_that_a_post_reaches_once() {
    let world = World::new().await;
    let card = pushed(&world, "Threads").await;
    connect(&world, "ada", "threads", "ada.threads").await;
    publish(&world, "ada", &card, "Threads").await;
    world.advance_minutes(2).await;
    let post = world.posted(Platform::Threads).pop().expect("a post");
    let seen = async |views: u64| {
        world.sim.borrow_mut().set_social_metric(Platform::Threads, &post.id, "views", views).expect("a post");
        world.advance_minutes(62).await;
    };
    seen(600).await;
    world.slash("ada", "#general", "/score").await.says("30 points");
    let browser = Browser::signed_in(&world, "mara").await;
    let rules = format!("/g/{}/missions/rules", world.guild());
    // One more before the others: they move down the list, and are paid already.
    let said = with_tiers(&browser, &rules, "50: 2, 100: 5, 500: 10, 2000: 20").await;
    says(&said, &["1 post of the last 30 days reached a tier that is new: +2 points come", "left out stays"]);
    seen(610).await;
    world.slash("ada", "#general", "/score").await.says("32 points").says("50 views on Threads");
    // The first two go: the others move up, and are paid when they are reached.
    let said = with_tiers(&browser, &rules, "500: 10, 700: 4, 2000: 20").await;
    says(&said, &["No post of the last 30 days has reached a tier that is new to it."]);
    seen(800).await;
    world.slash("ada", "#general", "/score").await.says("36 points");
    seen(2_000).await;
    world.slash("ada", "#general", "/score").await.says("56 points");
    // One that was there before comes back.
    with_tiers(&browser, &rules, "100: 7, 500: 10, 700: 4, 2000: 20").await;
    seen(2_010).await;
    world.slash("ada", "#general", "/score").await.says("56 points");
}

/// Older versions named a tier by its place in the list.
#[tokio::test(start_paused = true)]
async fn tiers_that_an_older_version_paid_are_not_paid_again() {
    let world = World::new().await;
    let card = pushed(&world, "Threads").await;
    connect(&world, "ada", "threads", "ada.threads").await;
    publish(&world, "ada", &card, "Threads").await;
    world.advance_minutes(2).await;
    let post = world.posted(Platform::Threads).pop().expect("a post");
    world.sim.borrow_mut().set_social_metric(Platform::Threads, &post.id, "views", 600).expect("a post");
    world.advance_minutes(62).await;
    for (place, at) in ["100", "500"].into_iter().enumerate() {
        world.db.column(&format!(
            "UPDATE points SET cause = 'tier:' || post_id || ':{place}' WHERE reason LIKE '{at} views%' RETURNING id"
        ));
    }
    let browser = Browser::signed_in(&world, "mara").await;
    let rules = format!("/g/{}/missions/rules", world.guild());
    let said = with_tiers(&browser, &rules, "300: 3, 500: 10, 2000: 20").await;
    says(&said, &["1 post of the last 30 days reached a tier that is new: +3 points come"]);
    world.advance_minutes(62).await;
    world.slash("ada", "#general", "/score").await.says("33 points");
}
