//! Purpose: giveaways on the dashboard: what is shown, started, changed and drawn there, by whom, and the proof for everybody.

use crate::people::start;
use muster_core::web::Response;
use muster_sim::OTHER_GUILD;
use muster_tests::{Browser, World, browser::text};

fn one(world: &World, sql: &str) -> String {
    world.db.column(sql).remove(0)
}

fn id(world: &World, prize: &str) -> String {
    one(world, &format!("SELECT id FROM giveaways WHERE prize = '{prize}'"))
}

#[track_caller]
fn says(response: &Response, parts: &[&str]) {
    let said = text(response);
    for part in parts {
        assert!(said.contains(part), "“{part}” is missing in ({}):\n{said}", response.status);
    }
}

/// The name that the forms of this page are sent by once.
fn once(response: &Response) -> String {
    let after = response.body.split_once("name=\"once\" value=\"").expect("a form").1;
    after.split('"').next().unwrap_or_default().to_owned()
}

/// Loads the page and presses one of its buttons. Gives the page that this leads to.
async fn press(browser: &Browser<'_>, page: &str, act: &str, fields: &[(&str, &str)]) -> Response {
    // Nobody reads and presses at once; and Discord answers so many questions about a member in a while.
    browser.world.advance(5_000).await;
    let once = once(&browser.get(page).await);
    let mut fields = fields.to_vec();
    fields.push(("once", &once));
    browser.submit(&format!("{page}/{act}"), &fields).await
}

#[tokio::test(start_paused = true)]
async fn the_list_shows_what_runs_and_what_is_over_page_by_page() {
    let world = World::new().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let path = format!("/g/{}/giveaways", world.guild());
    says(&mara.get(&path).await, &["No giveaway is running. Start one"]);
    says(&mara.get(&format!("{path}?show=over")).await, &["No giveaway is over yet."]);
    let lamp = start(&world, "Lamp", "ends:10m").await;
    world.press("bela", &lamp.id, "Enter").await.says("You are in");
    let list = mara.get(&path).await;
    says(&list, &["Lamp running 1 1"]);
    let live = format!("<span id=\"entrants-{}\">1</span>", id(&world, "Lamp"));
    assert!(list.body.contains(&live) && list.body.contains("every 15s"), "{}", list.body);
    world.advance_minutes(30).await;
    assert!(!text(&mara.get(&path).await).contains("Lamp 1"));
    for n in 0..30 {
        start(&world, &format!("Vase {n:02}"), "ends:1h").await;
        world.advance(1_000).await;
    }
    let first = mara.get(&path).await;
    says(&first, &["Vase 29", "Vase 05", "Older"]);
    assert!(!text(&first).contains("Vase 04"));
    let older = first.body.split("<a href=\"").find(|part| part.contains("after=")).expect("a link").to_owned();
    let older = older.split('"').next().unwrap_or_default().replace("&#38;", "&");
    let second = mara.get(&older).await;
    says(&second, &["Vase 04", "Newest"]);
    assert!(!text(&second).contains("Vase 05"));
    assert_eq!(mara.get(&format!("{path}?after=x'.--")).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_giveaway_is_started_at_the_form_once_with_what_is_wrong_beside_its_field() {
    let world = World::new().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let new = format!("/g/{}/giveaways/new", world.guild());
    let form = mara.get(&new).await;
    says(&form, &["What can be won?", "#general", "Booster"]);
    let sent = once(&form);
    let member = world.role("Member").to_string();
    let bad = [
        ("once", sent.as_str()),
        ("prize", "A <b>lamp</b>"),
        ("ends", "yesterday"),
        ("winners", "99"),
        ("channel", ""),
        ("image", "http://example.com/a.png"),
        ("bonus_role", member.as_str()),
    ];
    let refused = mara.post(&new, &bad).await;
    assert_eq!(refused.status, 422);
    let told = [
        "“yesterday” is not a time that Muster understands. Write a duration like 10m",
        "Write a number from 1 to 50.",
        "Choose the channel that it is announced in.",
        "The picture must be an address that starts with https://",
        "A bonus needs both the role and how many entries it gives.",
    ];
    says(&refused, &told);
    assert!(refused.body.contains("value=\"A &#60;b&#62;lamp&#60;/b&#62;\""), "the input is kept: {}", refused.body);
    assert_eq!(world.db.column("SELECT id FROM giveaways").len(), 0);
    let channel = world.channel("#general").to_string();
    let sent = once(&refused);
    let good = [
        ("once", sent.as_str()),
        ("prize", "Lamp"),
        ("ends", "1h"),
        ("winners", "2"),
        ("channel", channel.as_str()),
        ("description", "With a shade"),
        ("required", member.as_str()),
        ("bonus_role", member.as_str()),
        ("bonus_entries", "3"),
        ("min_account_days", "7"),
        ("claim_window", "30m"),
        ("reroll_limit", "4"),
    ];
    let landed = mara.submit(&new, &good).await;
    says(&landed, &["is on its way to its channel", "Lamp", "running", "@Member +3", "7 days old", "30 minutes"]);
    says(&landed, &["started Lamp", "dashboard"]);
    let card = world.message_with("#general", "Lamp");
    assert!(card.text().contains("With a shade"), "{}", card.text());
    world.press("bela", &card.id, "Enter").await.says("4 entries");
    assert_eq!(mara.post(&new, &good).await.status, 303, "sent twice");
    assert_eq!(world.db.column("SELECT id FROM giveaways").len(), 1);
    assert_eq!(world.count_with("#general", "With a shade"), 1);
    let both = [("once", "00112233aabbccdd"), ("prize", "Vase"), ("ends", "1h"), ("winners", "1")];
    let mut both = both.to_vec();
    both.extend([("channel", channel.as_str()), ("required", member.as_str()), ("blocked", member.as_str())]);
    says(&mara.post(&new, &both).await, &["@Member is both required and blocked, so nobody could enter."]);
    let foreign = world.sim.borrow().channel_id(&format!("{OTHER_GUILD}/#general")).expect("a channel");
    let abroad =
        [("once", "00112233aabbccde"), ("prize", "Vase"), ("ends", "1h"), ("winners", "1"), ("channel", &foreign)];
    says(&mara.post(&new, &abroad).await, &["Choose a text channel of this server"]);
}

#[tokio::test(start_paused = true)]
async fn the_buttons_do_what_the_commands_do_and_the_log_says_where_it_came_from() {
    let world = World::new().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let lamp = start(&world, "Lamp", "ends:1h claim_window:1h").await;
    for who in ["bela", "chen", "dilek"] {
        world.press(who, &lamp.id, "Enter").await.says("You are in");
    }
    let page = format!("/g/{}/giveaways/{}", world.guild(), id(&world, "Lamp"));
    says(&press(&mara, &page, "pause", &[("for", "soon")]).await, &["Write how long it is paused", "like 10m"]);
    let shown = mara.get(&page).await;
    says(&shown, &["Host Mara", "Béla 1", "Chen 1", "Dilek 1"]);
    let again = [("once", once(&shown))];
    let again = [("once", again[0].1.as_str()), ("for", "2h")];
    says(&mara.submit(&format!("{page}/pause"), &again).await, &["is paused", "59 minutes 54 seconds left"]);
    assert_eq!(mara.post(&format!("{page}/pause"), &again).await.status, 303, "the same press again");
    let paused = one(&world, "SELECT COUNT(*) FROM giveaway_log WHERE action = 'paused'");
    assert_eq!(paused, "1");
    says(&press(&mara, &page, "pause", &[]).await, &["This giveaway is already paused."]);
    says(&press(&mara, &page, "resume", &[]).await, &["goes on with the time that was left"]);
    says(&press(&mara, &page, "end", &[]).await, &["has ended", "waiting for claims", "ended early", "dashboard"]);
    world.message_with("#general", "Congratulations");
    let first = one(&world, "SELECT user_id FROM giveaway_picks WHERE pick = 1");
    let rerolled = press(&mara, &page, "reroll", &[("winner", &first)]).await;
    says(&rerolled, &["is drawn again", "rerolled"]);
    let second = one(&world, "SELECT user_id FROM giveaway_picks WHERE pick = 2");
    assert_ne!(first, second);
    says(&press(&mara, &page, "cancel", &[]).await, &["has already ended"]);
    assert_eq!(press(&mara, &page, "explode", &[]).await.status, 404);
    let csv = mara.get(&format!("{page}/export.csv")).await;
    assert!(csv.body.contains(&format!("{second},1,")), "{}", csv.body);
    assert!(csv.header("content-disposition").is_some_and(|value| value.starts_with("attachment")));
    let json = mara.get(&format!("{page}/export.json")).await;
    assert!(json.body.contains("ended early"), "{}", json.body);
}

#[tokio::test(start_paused = true)]
async fn a_giveaway_is_edited_and_a_form_that_changes_nothing_changes_nothing() {
    let world = World::new().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let lamp = start(&world, "Lamp", "ends:1h image:https://example.com/a.png").await;
    let page = format!("/g/{}/giveaways/{}", world.guild(), id(&world, "Lamp"));
    let form = mara.get(&format!("{page}/edit")).await;
    assert!(form.body.contains("value=\"Lamp\""), "{}", form.body);
    let same = [("prize", "Lamp"), ("winners", "1"), ("image", "https://example.com/a.png")];
    let sent = once(&form);
    let mut fields = same.to_vec();
    fields.push(("once", &sent));
    mara.submit(&format!("{page}/edit"), &fields).await;
    assert_eq!(one(&world, "SELECT version FROM giveaways"), "1");
    let sent = once(&mara.get(&format!("{page}/edit")).await);
    let wrong = [("once", sent.as_str()), ("prize", " "), ("winners", "0"), ("ends", "2025-02-01 10:00")];
    let refused = mara.post(&format!("{page}/edit"), &wrong).await;
    assert_eq!(refused.status, 422);
    says(&refused, &["Say what can be won.", "Write a number from 1 to 50.", "in the past or too soon"]);
    let right = [("once", sent.as_str()), ("prize", "A better lamp"), ("winners", "3"), ("ends", "3h"), ("image", "")];
    says(&mara.submit(&format!("{page}/edit"), &right).await, &["was changed", "A better lamp", "edited prize: Lamp"]);
    let card = world.sim.borrow().message(&lamp.id).expect("the card is there");
    assert!(card.text().contains("A better lamp") && card.text().contains("Winners\n3"), "{}", card.text());
    assert!(card.json["embeds"][0].get("image").is_none(), "the picture is gone");
}

#[tokio::test(start_paused = true)]
async fn a_foreign_giveaway_and_one_that_never_was_look_the_same_and_members_get_in_nowhere() {
    let world = World::new().await;
    let there = format!("{OTHER_GUILD}/#general");
    world.slash("bela", &there, "/giveaway start prize:Foreign ends:1h").await.says("on its way");
    let (mara, ada) = (Browser::signed_in(&world, "mara").await, Browser::signed_in(&world, "ada").await);
    let base = format!("/g/{}/giveaways", world.guild());
    let foreign = id(&world, "Foreign");
    let sent = once(&mara.get(&format!("{base}/new")).await);
    for act in ["", "/edit", "/export.csv", "/export.json"] {
        let (one, other) = (format!("{base}/{foreign}{act}"), format!("{base}/0123456789ab{act}"));
        let (one, other) = (mara.get(&one).await, mara.get(&other).await);
        assert_eq!((one.status, other.status), (404, 404), "{act}");
        // Discord is asked for the member each time, and answers so many questions in a while.
        world.advance(5_000).await;
        assert_eq!(text(&one), text(&other));
    }
    for act in ["pause", "resume", "end", "cancel", "reroll", "edit"] {
        let fields = [("once", sent.as_str()), ("prize", "Mine now"), ("winners", "1")];
        assert_eq!(mara.post(&format!("{base}/{foreign}/{act}"), &fields).await.status, 404, "{act}");
        world.advance(5_000).await;
    }
    assert_eq!(one(&world, "SELECT version || prize FROM giveaways"), "1Foreign");
    assert!(!text(&mara.get(&base).await).contains("Foreign"));
    assert_eq!(ada.get(&base).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn the_proof_is_for_everybody_and_keeps_the_seed_until_the_draw() {
    let world = World::new().await;
    let lamp = start(&world, "Lamp", "ends:10m").await;
    world.press("bela", &lamp.id, "Enter").await.says("You are in");
    let path = format!("/giveaways/{}/proof", id(&world, "Lamp"));
    let seed = one(&world, "SELECT seed FROM giveaways");
    let before = world.get(&path).await;
    assert_eq!(before.status, 200);
    says(&before, &["Lamp", "Not drawn yet", &one(&world, "SELECT commitment FROM giveaways")]);
    assert!(!before.body.contains(&seed) && !before.body.contains("proof.js"), "{}", before.body);
    world.advance_minutes(11).await;
    let after = world.get(&path).await;
    says(&after, &["Your browser is doing the sums again", &seed, &one(&world, "SELECT entrants_hash FROM giveaways")]);
    assert!(after.body.contains("src=\"/proof.js\""), "{}", after.body);
    let json = world.get(&format!("/api/v1{path}")).await;
    assert!(json.body.contains(&format!("https://muster.test{path}")), "the JSON leads to the page: {}", json.body);
    let told = world.message_with("#general", "Congratulations");
    assert!(told.text().contains(&path), "{}", told.text());
    assert_eq!(world.get("/giveaways/0123456789ab/proof").await.status, 404);
}
