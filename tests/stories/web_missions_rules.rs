//! Purpose: the rules of points on the dashboard: typed, compared with what is there, confirmed as a new version.

use crate::missions_help::{connect, publish, pushed};
use muster_sim::OTHER_GUILD;
use muster_tests::{Browser, World, browser::text};

#[track_caller]
fn says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
}

/// The form as a browser would send it, with the defaults of every field and these instead.
fn with(fields: &[(&'static str, &str)]) -> Vec<(String, String)> {
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

fn refs(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// The hidden fields of the form that confirms.
fn confirmation(page: &str) -> Vec<(&'static str, String)> {
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
