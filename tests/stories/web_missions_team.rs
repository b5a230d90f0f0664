//! Purpose: what the team does with missions on the dashboard: held posts and clicks, the ledger, connections, the calendar.

use crate::missions_help::{connect, preview, publish, pushed};
use muster_sim::{Fault, FaultKind, NewMember, NewUser, Platform};
use muster_tests::{Browser, DEMO, Visitor, World, browser::text};

fn at(world: &World, path: &str) -> String {
    format!("/g/{}/missions/{path}", world.guild())
}

#[track_caller]
fn says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
}

/// LinkedIn takes ada's post and says nothing.
async fn held(world: &World) -> String {
    let card = pushed(world, "LinkedIn").await;
    connect(world, "ada", "linkedin", "Ada Lovelace").await;
    let fault = Fault::once("POST", "/social/linkedin/rest/posts", FaultKind::HangAfterEffect);
    world.sim.borrow_mut().add_fault(fault);
    publish(world, "ada", &card, "LinkedIn").await.says("gave no answer");
    world.db.column("SELECT id FROM mission_posts")[0].clone()
}

#[tokio::test(start_paused = true)]
async fn posts_that_nobody_knows_of_are_decided_by_the_team() {
    let world = World::new().await;
    let browser = Browser::signed_in(&world, "mara").await;
    let review = at(&world, "review");
    says(&text(&browser.get(&review).await), &["Nothing waits for you.", "No clicks of a mission are held."]);
    let post = held(&world).await;
    says(&text(&browser.get(&review).await), &["Muster is looking", "Spring launch"]);
    let mission = world.db.column("SELECT id FROM missions")[0].clone();
    let why = "the platform did not answer; Muster is looking whether the post is there";
    says(&text(&browser.get(&at(&world, &mission)).await), &["Unknown", why]);
    world.advance_minutes(5).await;
    let first = text(&browser.get(&format!("/g/{}", world.guild())).await);
    says(&first, &["Live missions", "1 post waits for you", "1 post of a mission waits for somebody to say"]);
    let page = browser.get(&review).await;
    says(&text(&page), &["Ada on LinkedIn", "It is there", "It is not there", "Our spring menu is here!"]);
    let decide = format!("{review}/{post}");
    let refused = browser.post(&decide, &[("there", "yes"), ("url", "javascript:alert(1)")]).await;
    assert_eq!(refused.status, 422);
    says(&text(&refused), &["The address begins with https://"]);
    assert!(refused.body.contains("value=\"javascript:alert(1)\""), "what was typed stays");
    let url = "https://www.linkedin.com/feed/1";
    let done = browser.submit(&decide, &[("there", "yes"), ("url", url)]).await;
    says(&text(&done), &["counts as published. It brings no points for views", "Nothing waits for you."]);
    let again = browser.post(&decide, &[("there", "no")]).await;
    assert_eq!(again.status, 422);
    says(&text(&again), &["somebody decided about it before"]);
    world.slash("ada", "#general", "/score").await.says("15 points");
    let log = text(&browser.get(&format!("/g/{}/logs", world.guild())).await);
    says(&log, &["is there"]);
    assert!(browser.get(&at(&world, &mission)).await.body.contains(url));
}

#[tokio::test(start_paused = true)]
async fn clicks_that_were_held_lead_to_their_link() {
    let world = World::new().await;
    let browser = Browser::signed_in(&world, "mara").await;
    let card = pushed(&world, "LinkedIn").await;
    connect(&world, "ada", "linkedin", "Ada Lovelace").await;
    publish(&world, "ada", &card, "LinkedIn").await;
    let post = world.posted(Platform::LinkedIn).pop().expect("a post");
    let slug = post.text.split("/l/").nth(1).and_then(|rest| rest.split(' ').next()).expect("a link").to_owned();
    for person in 1..=15 {
        world.open_link(&slug, &Visitor::at(&format!("203.0.113.{person}"))).await;
    }
    world.clicks_are_counted().await;
    let page = browser.get(&at(&world, "review")).await;
    says(&text(&page), &["Ada Spring launch 15 Look and decide"]);
    let link = format!("/g/{}/links/{slug}", world.guild());
    assert!(page.body.contains(&link));
    says(&text(&browser.get(&link).await), &["15: many from one network"]);
    // Once the mission's first are known, they bring points and no place; the page says so before somebody decides.
    world.slash("mara", "#general", "/mission close mission:\"Spring launch\"").await.says("is closed");
    world.advance_minutes(40).await;
    let page = browser.get(&at(&world, "review")).await;
    says(
        &text(&page),
        &["Ada Spring launch (closed) 15", "what is counted later brings points for clicks, and no place."],
    );
    assert_eq!(browser.post(&format!("{link}/accept"), &[]).await.status, 303);
    world.advance_minutes(15).await;
    let score = world.slash("ada", "#general", "/score").await;
    score.says("16 points").says("people opened your link");
    assert!(!score.text.contains("Place 1"), "{}", score.text);
}

#[tokio::test(start_paused = true)]
async fn every_point_is_in_the_ledger_and_can_be_taken_back() {
    let world = World::new().await;
    let browser = Browser::signed_in(&world, "mara").await;
    let ledger = at(&world, "ledger");
    says(&text(&browser.get(&ledger).await), &["No points were given yet.", "Choose a member first"]);
    let card = pushed(&world, "LinkedIn").await;
    connect(&world, "ada", "linkedin", "Ada Lovelace").await;
    publish(&world, "ada", &card, "LinkedIn").await;
    let page = text(&browser.get(&ledger).await);
    says(&page, &["Ada +10 Published Published “Spring launch” on LinkedIn", "+5 In time", "Take back"]);
    let ada = world.id("ada");
    let of_ada = format!("{ledger}?user={ada}");
    says(&text(&browser.get(&of_ada).await), &["15 points, place 1 of 1.", "Write it down for Ada"]);
    let bela = format!("{ledger}?user={}", world.id("bela"));
    says(&text(&browser.get(&bela).await), &["No points yet.", "There is no line of this member."]);
    let wrong = browser.post(&ledger, &[("user", &ada), ("points", "0"), ("reason", "")]).await;
    assert_eq!(wrong.status, 422);
    says(&text(&wrong), &["A whole number other than 0", "Say why"]);
    let given = [("user", ada.as_str()), ("points", "25"), ("reason", "A <i>great</i> talk")];
    let stranger = browser.post(&ledger, &[("user", "999999999999999999"), given[1], given[2]]).await;
    says(&text(&stranger), &["There is no member of that ID here."]);
    let once = [&given[..], &[("once", "00112233aabbccde")]].concat();
    says(&text(&browser.submit(&ledger, &once).await), &["Written down.", "40 points", "By hand: A <i>great</i> talk"]);
    browser.submit(&ledger, &once).await;
    assert_eq!(world.db.column("SELECT COUNT(*) FROM points WHERE kind = 'adjust'"), ["1"], "sent twice");
    let line = world.db.column("SELECT id FROM points WHERE kind = 'adjust'")[0].clone();
    let place = format!("{ledger}/{line}");
    says(&text(&browser.get(&place).await), &["Take points back", "+25"]);
    says(&text(&browser.post(&place, &[]).await), &["Say why: the reason stays with the line."]);
    let back = browser.submit(&place, &[("reason", "Meant for bela")]).await;
    says(&text(&back), &["The points are taken back.", "15 points", "Meant for bela", "(taken back)"]);
    browser.submit(&place, &[("reason", "Meant for bela")]).await;
    assert_eq!(world.db.column("SELECT SUM(points) FROM points"), ["15"], "taken back once");
    let void = world.db.column("SELECT id FROM points WHERE kind = 'void'")[0].clone();
    let twice = browser.post(&format!("{ledger}/{void}"), &[("reason", "Meant for ada")]).await;
    says(&text(&twice), &["This line takes points back itself. Give them again by hand."]);
    assert_eq!(browser.get(&format!("{ledger}/0011")).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn the_ledger_finds_members_by_their_names() {
    let world = World::new().await;
    for (username, nick) in [("adam.k", "Adam <i>K</i>"), ("lovelace", "Ada")] {
        let (username, nick) = (username.to_owned(), Some(nick.to_owned()));
        let mut sim = world.sim.borrow_mut();
        sim.add_user(NewUser { username: username.clone(), ..NewUser::default() });
        sim.add_member(DEMO, &username, NewMember { nick, ..NewMember::default() }).expect("joins");
    }
    let line = "/mission adjust user:@bela points:70 reason:\"A great talk\"";
    world.slash("mara", "#general", line).await.says("points");
    let browser = Browser::signed_in(&world, "mara").await;
    let ledger = at(&world, "ledger");
    let find = async |typed: &str| {
        world.advance(2_000).await;
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("user", typed).finish();
        browser.get(&format!("{ledger}?{query}")).await
    };
    for typed in ["bela", "@BELA", "Béla", "bé", &world.id("bela"), &format!("<@{}>", world.id("bela"))] {
        let page = find(typed).await;
        assert_eq!(page.status, 200, "{typed}");
        says(&text(&page), &["70 points, place 1 of 1.", "Write it down for Béla", "A great talk"]);
        let id = format!("type=\"hidden\" name=\"user\" value=\"{}\"", world.id("bela"));
        assert!(page.body.contains(&id), "points are given to an id: {}", page.body);
    }
    // One is called just so.
    says(&text(&find("adam.k").await), &["Write it down for Adam <i>K</i>"]);
    let several = find("ada").await;
    assert_eq!(several.status, 200);
    let (ada, other) = (world.id("ada"), world.id("lovelace"));
    let offered = [format!("Ada ({ada})"), format!("Ada ({other})"), format!("Adam <i>K</i> ({})", world.id("adam.k"))];
    let all: Vec<&str> =
        [&["Whom do you mean?", "Choose a member first"][..], &offered.each_ref().map(String::as_str)].concat();
    says(&text(&several), &all);
    assert!(several.body.contains(&format!("href=\"{ledger}?user={other}\"")), "{}", several.body);
    assert!(!several.body.contains("A great talk") && !several.body.contains("<i>K"), "nobody's lines, and no markup");
    let nobody = find("<b>Zed</b>").await;
    assert_eq!(nobody.status, 422);
    says(&text(&nobody), &["No member's name begins with “<b>Zed</b>”. Somebody who left is found by their ID."]);
    assert!(!nobody.body.contains("<b>Zed"));
    assert_eq!(find("samovar").await.status, 422, "a bot has no points");
    let fault = Fault::once("GET", "/guilds/{guild_id}/members/search", FaultKind::HangAfterEffect);
    world.sim.borrow_mut().add_fault(fault);
    let silent = find("ada").await;
    assert_eq!(silent.status, 422);
    says(&text(&silent), &["Discord does not look names up right now."]);
    assert!(silent.body.contains("value=\"ada\""), "what was typed stays");
}

#[tokio::test(start_paused = true)]
async fn connections_say_what_is_wrong_with_them() {
    let world = World::new().await;
    let browser = Browser::signed_in(&world, "mara").await;
    let members = at(&world, "members");
    let page = text(&browser.get(&members).await);
    says(
        &page,
        &[
            "Nobody has connected an account yet.",
            "TikTok can be used",
            "X cannot be used",
            "not been audited by TikTok",
        ],
    );
    connect(&world, "ada", "linkedin", "Ada Lovelace").await;
    let page = browser.get(&members).await;
    says(&text(&page), &["Ada LinkedIn Ada Lovelace connected"]);
    let tokens = world.db.column("SELECT access_token FROM social_accounts");
    assert!(!page.body.contains(&tokens[0]), "no token on a page");
    world.jump(51 * 24 * 3_600_000).await;
    world.advance_minutes(3).await;
    let browser = Browser::signed_in(&world, "mara").await;
    says(&text(&browser.get(&members).await), &["ends soon", "they were reminded"]);
    world.jump(10 * 24 * 3_600_000).await;
    world.advance_minutes(3).await;
    let browser = Browser::signed_in(&world, "mara").await;
    says(&text(&browser.get(&members).await), &["lost", "has to connect again with /connect"]);
}

#[tokio::test(start_paused = true)]
async fn the_calendar_shows_starts_ends_and_what_waits() {
    let world = World::new().await;
    let browser = Browser::signed_in(&world, "mara").await;
    let calendar = at(&world, "calendar");
    says(&text(&browser.get(&calendar).await), &["March 2025", "Nothing starts, ends or waits in March 2025."]);
    let card = pushed(&world, "LinkedIn").await;
    connect(&world, "ada", "linkedin", "Ada Lovelace").await;
    let choices = world.press("ada", &card, "Connect & Post").await.message.expect("where to publish").id;
    let preview = preview(&world, "ada", &choices, "LinkedIn").await;
    let modal = world.press("ada", &preview, "Later").await.modal.expect("a form");
    world.submit("ada", &modal, &[("when", "2d")]).await.says("It publishes on LinkedIn");
    let page = text(&browser.get(&calendar).await);
    says(&page, &["starts Spring launch", "ends Spring launch", "1 post waits for Spring launch"]);
    let far = text(&browser.get(&format!("{calendar}?month=2026-02")).await);
    says(&far, &["February 2026", "Nothing starts"]);
    says(&text(&browser.get(&format!("{calendar}?month=soon")).await), &["March 2025"]);
}
