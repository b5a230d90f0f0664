//! Purpose: accounts on social platforms: who connects what for whom, once, and takes it back (F36, F37).

use crate::missions_help::{connect, connect_at, link_of, publish, pushed};
use muster_core::social::Kind;
use muster_sim::{OTHER_GUILD, Platform, SocialChoice};
use muster_tests::{Browser, World, browser::text};

const DAY: i64 = 24 * 3_600_000;

/// Where the browser is sent when somebody begins to connect.
async fn begin(browser: &Browser<'_>, link: &str, platform: &str) -> String {
    let token = link.rsplit('/').next().expect("a token").to_owned();
    let sent = browser.post_bare(&format!("/oauth/{platform}/start"), &[("link", &token)]).await;
    sent.header("location").unwrap_or_else(|| panic!("{}", sent.body)).to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_consent_is_good_once_for_one_platform_in_one_browser() {
    let world = World::new().await;
    let link = link_of(&world.slash("ada", "#general", "/connect").await);
    let (mine, other) = (Browser::new(&world), Browser::new(&world));
    assert!(text(&mine.get(&link).await).contains("TikTok"));
    let target = world.consent(&begin(&mine, &link, "linkedin").await, "Ada Lovelace");
    begin(&other, &link, "linkedin").await;
    let refused = other.get(&target).await;
    assert_eq!(refused.status, 400, "another browser's state");
    assert!(text(&refused).contains("/connect in Discord"), "{}", text(&refused));
    let mixed = target.replace("/oauth/linkedin/", "/oauth/threads/");
    assert_eq!(mine.get(&mixed).await.status, 400, "another platform's state");
    assert_eq!(mine.get(&target).await.status, 200);
    assert_eq!(mine.get(&target).await.status, 400, "a second time");
    let late = world.consent(&begin(&mine, &link, "threads").await, "ada.t");
    world.advance(11 * 60_000).await;
    assert_eq!(mine.get(&late).await.status, 400, "after ten minutes");
    let denied = world.decline(&begin(&mine, &link, "x").await);
    let said = mine.get(&denied).await;
    assert_eq!(said.status, 400);
    assert!(text(&said).contains("X was told no"), "{}", text(&said));
    world.advance(31 * 60_000).await;
    assert_eq!(mine.get(&link).await.status, 400, "the link has expired");
    assert_eq!(mine.get("/connect/deadbeef").await.status, 400);
    assert_eq!(mine.get("/oauth/linkedin/callback?code=x").await.status, 400);
    assert_eq!(mine.get("/oauth/myspace/callback?code=x&state=y").await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn every_platform_connects_and_its_tokens_are_unreadable_in_the_database() {
    let world = World::new().await;
    for platform in ["linkedin", "instagram", "tiktok", "x", "threads"] {
        let said = connect(&world, "ada", platform, "ada_l").await;
        assert!(said.contains("is connected"), "{platform}: {said}");
    }
    let seen = world.slash("ada", "#general", "/connect").await;
    assert_eq!(seen.text.matches("connected as").count(), 5, "{}", seen.text);
    for token in world.db.column("SELECT access_token || ' ' || refresh_token FROM social_accounts") {
        assert!(token.split(' ').all(|sealed| sealed.is_empty() || sealed.starts_with("v1.a.")), "{token}");
    }
    world.rotate_token_keys();
    world.advance_minutes(6).await;
    assert_eq!(world.db.column("SELECT DISTINCT sealed_by FROM social_accounts"), ["b"]);
}

#[tokio::test(start_paused = true)]
async fn an_account_belongs_to_one_member_and_stays_theirs_for_a_while() {
    let world = World::new().await;
    connect(&world, "ada", "linkedin", "Shared Account").await;
    let taken = connect(&world, "bela", "linkedin", "Shared Account").await;
    assert!(taken.contains("connected to another member"), "{taken}");
    let second = connect(&world, "ada", "linkedin", "Another Account").await;
    assert!(second.contains("Use /disconnect first"), "{second}");
    let gone = world.slash("ada", "#general", "/disconnect platform:linkedin").await;
    gone.says("is disconnected, and Muster has erased its access");
    assert_eq!(world.db.column("SELECT COUNT(*) FROM social_accounts"), ["0"]);
    world.slash("ada", "#general", "/disconnect platform:linkedin").await.says("no LinkedIn account");
    let locked = connect(&world, "bela", "linkedin", "Shared Account").await;
    assert!(locked.contains("another member until lately"), "{locked}");
    assert!(connect(&world, "ada", "linkedin", "Shared Account").await.contains("is connected"));
    world.slash("ada", "#general", "/disconnect platform:linkedin").await;
    world.jump(31 * DAY).await;
    assert!(connect(&world, "bela", "linkedin", "Shared Account").await.contains("is connected"));
}

#[tokio::test(start_paused = true)]
async fn a_single_use_refresh_token_is_used_once_and_a_dead_one_is_told_once() {
    let world = World::new().await;
    let card = pushed(&world, "X").await;
    world.slash("mara", "#general", "/mission settings x_budget:5").await;
    connect(&world, "ada", "x", "ada_x").await;
    // X's access tokens live two hours.
    world.advance_minutes(150).await;
    publish(&world, "ada", &card, "X").await.says("Published on X");
    assert_eq!(world.posted(Platform::X).len(), 1);
    world.sim.borrow_mut().revoke_social_account(Platform::X, "ada_x").expect("the account");
    world.advance_minutes(25 * 60).await;
    let told = |world: &World| {
        let direct = world.sim.borrow().direct_messages("ada");
        direct.iter().filter(|message| message.text().contains("no longer connected")).count()
    };
    assert_eq!(told(&world), 1);
    assert_eq!(world.db.column("SELECT state || access_token FROM social_accounts"), ["lost"]);
    world.advance_minutes(50 * 60).await;
    assert_eq!(told(&world), 1, "once");
    let seen = world.slash("ada", "#general", "/connect").await;
    seen.says("X: has to be connected again");
    assert!(connect_at(&Browser::new(&world), &link_of(&seen), "x", "ada_x").await.contains("is connected"));
}

#[tokio::test(start_paused = true)]
async fn what_is_taken_back_is_taken_back_at_the_platform_unless_another_server_needs_it() {
    let world = World::new().await;
    let is_connected = |platform: &str| {
        let state = world.sim.borrow_mut().social_state();
        let accounts = state["accounts"].as_array().expect("accounts").clone();
        accounts.iter().any(|one| one["platform"] == platform && one["connected"] == true)
    };
    let told = [("linkedin", true), ("instagram", false), ("tiktok", true), ("x", true), ("threads", false)];
    for (platform, _) in told {
        connect(&world, "ada", platform, &format!("ada.{platform}")).await;
        assert!(is_connected(platform), "{platform}");
    }
    // X's access tokens are over by now, TikTok's too.
    world.advance_minutes(26 * 60).await;
    for (platform, can_be_told) in told {
        let gone = world.slash("ada", "#general", &format!("/disconnect platform:{platform}")).await;
        gone.says("is disconnected, and Muster has erased its access");
        assert_eq!(gone.text.contains("was not told"), !can_be_told, "{}", gone.text);
        assert_eq!(is_connected(platform), !can_be_told, "{platform}");
    }
    let club = format!("{OTHER_GUILD}/#general");
    connect(&world, "ada", "tiktok", "ada.tiktok").await;
    let there = link_of(&world.slash("ada", &club, "/connect").await);
    assert!(connect_at(&Browser::new(&world), &there, "tiktok", "ada.tiktok").await.contains("is connected"));
    let gone = world.slash("ada", "#general", "/disconnect platform:tiktok").await;
    gone.says("erased its access").says("is connected in another server, which would lose it too");
    assert!(is_connected("tiktok"), "the other server's");
    let last = world.slash("ada", &club, "/disconnect platform:tiktok").await;
    assert!(!last.text.contains("was not told"), "{}", last.text);
    assert!(!is_connected("tiktok"));
}

#[tokio::test(start_paused = true)]
async fn whoever_unticks_posting_is_told_at_once() {
    let world = World::new().await;
    for (platform, name, allowed) in [
        ("linkedin", "LinkedIn", "profile"),
        ("instagram", "Instagram", "instagram_business_basic"),
        ("tiktok", "TikTok", "user.info.basic"),
        ("x", "X", "users.read"),
    ] {
        let browser = Browser::new(&world);
        let link = link_of(&world.slash("ada", "#general", "/connect").await);
        let choice = SocialChoice {
            account: "ada".to_owned(),
            scopes: Some(vec!["openid".to_owned(), allowed.to_owned()]),
            ..SocialChoice::default()
        };
        let target = world.consent_with(&begin(&browser, &link, platform).await, &choice);
        let said = text(&browser.get(&target).await);
        assert!(said.contains(&format!("{name} says that you did not allow Muster to post for you")), "{said}");
    }
    assert_eq!(world.db.column("SELECT COUNT(*) FROM social_accounts"), ["0"]);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_secret_or_key_of_the_deployment_costs_nobody_their_connection() {
    let world = World::new().await;
    let card = pushed(&world, "X").await;
    world.slash("mara", "#general", "/mission settings x_budget:5").await;
    connect(&world, "ada", "x", "ada_x").await;
    let secret = world.set_app_secret(Kind::X, "mistyped");
    world.advance_minutes(26 * 60).await;
    let choices = world.press("ada", &card, "Connect & Post").await.message.expect("where to publish").id;
    world.press("ada", &choices, "Preview for X").await.says("Nothing was published; try again in a moment.");
    world.set_app_secret(Kind::X, &secret);
    world.set_token_keys(&format!("z:{}", "09".repeat(32)));
    world.advance_minutes(60).await;
    world.set_token_keys(&format!("a:{}", "02".repeat(32)));
    world.advance_minutes(120).await;
    assert_eq!(world.db.column("SELECT state FROM social_accounts"), ["active"]);
    assert!(world.sim.borrow().direct_messages("ada").is_empty(), "nobody was told anything");
    publish(&world, "ada", &card, "X").await.says("Published on X");
    // A secret that stays wrong ends a connection a week after its token did.
    world.set_app_secret(Kind::X, "mistyped");
    world.jump(9 * DAY).await;
    world.advance_minutes(120).await;
    assert_eq!(world.db.column("SELECT state FROM social_accounts"), ["lost"]);
}

#[tokio::test(start_paused = true)]
async fn linkedin_members_are_reminded_before_their_token_ends() {
    let world = World::new().await;
    connect(&world, "ada", "linkedin", "Ada Lovelace").await;
    connect(&world, "ada", "threads", "ada.t").await;
    let said = |world: &World, part: &str| {
        let direct = world.sim.borrow().direct_messages("ada");
        direct.iter().filter(|message| message.text().contains(part)).count()
    };
    for _ in 0..5 {
        world.jump(10 * DAY).await;
        world.advance_minutes(2).await;
    }
    assert_eq!(said(&world, "stays connected until"), 1);
    world.jump(11 * DAY).await;
    world.advance_minutes(2).await;
    assert_eq!(said(&world, "no longer connected"), 1);
    let states = world.db.column("SELECT platform || ' ' || state FROM social_accounts ORDER BY platform");
    assert_eq!(states, ["linkedin lost", "threads active"], "Threads was refreshed meanwhile");
}

#[tokio::test(start_paused = true)]
async fn somebody_sees_and_erases_what_is_kept_about_their_accounts() {
    let world = World::new().await;
    connect(&world, "ada", "threads", "ada.t").await;
    let asked = world.slash("ada", "#general", "/privacy forget").await;
    asked.says("your connected social accounts").says("what you published for missions with its points");
    let asked = asked.message.expect("a question").id;
    world.press("ada", &asked, "Delete it").await.says("disconnected and erased");
    assert_eq!(world.db.column("SELECT COUNT(*) FROM social_accounts"), ["0"]);
}
