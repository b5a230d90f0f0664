//! Purpose: what a server does not let its members publish, as they read it: words, pauses, numbers, repetitions, missions that are full or
//! have not begun; and taking back what waits.

use crate::missions_help::{connect, publish, pushed, pushed_as};
use muster_sim::Platform;
use muster_tests::{Seen, World};

async fn settings(world: &World, line: &str) -> Seen {
    world.slash("mara", "#general", &format!("/mission settings {line}")).await
}

/// From the card to the preview of a mission on LinkedIn.
async fn preview(world: &World, who: &str, card: &str) -> String {
    let choices = world.press(who, card, "Connect & Post").await.message.expect("where to publish").id;
    world.press(who, &choices, "Preview for LinkedIn").await.message.expect("a preview").id
}

/// A mission on LinkedIn, and ada's account there.
async fn ready() -> (World, String) {
    let world = World::new().await;
    let card = pushed(&world, "LinkedIn").await;
    connect(&world, "ada", "linkedin", "Ada Lovelace").await;
    (world, card)
}

async fn garden(world: &World) -> String {
    pushed_as(world, "The garden", "The garden is open: {link}", "LinkedIn", "7d").await
}

fn count(world: &World) -> usize {
    world.posted(Platform::LinkedIn).len()
}

#[tokio::test(start_paused = true)]
async fn words_that_a_server_does_not_publish_are_named() {
    let (world, card) = ready().await;
    let open = preview(&world, "ada", &card).await;
    settings(&world, "banned_words:\"casino, spring menu\"").await.says("Not published: casino, spring menu");
    let why = "This server does not publish the word “spring menu”";
    world.press("ada", &card, "Connect & Post").await.says(why);
    world.press("ada", &open, "Publish").await.says(why);
    let edit = "/mission edit mission:\"Spring launch\" text:\"Come to our CASINO\"";
    world.slash("mara", "#general", edit).await.says("This server does not publish the word “casino”");
    assert_eq!(count(&world), 0);
    settings(&world, "banned_words:-").await;
    publish(&world, "ada", &card, "LinkedIn").await.says("Published on LinkedIn");
}

#[tokio::test(start_paused = true)]
async fn a_pause_between_posts_is_said_with_its_end() {
    let (world, card) = ready().await;
    let second = garden(&world).await;
    settings(&world, "cooldown:30").await.says("with 30 minutes in between");
    publish(&world, "ada", &card, "LinkedIn").await.says("Published on LinkedIn");
    let ends = (world.now() + 30 * 60_000) / 1_000;
    let open = preview(&world, "ada", &second).await;
    let seen = world.press("ada", &open, "Publish").await;
    seen.says("This server asks for a pause between posts: you can publish again <t:");
    let told: i64 =
        seen.text.split("<t:").nth(1).and_then(|rest| rest.split(':').next()).expect("a time").parse().unwrap();
    assert!((ends - 10..=ends).contains(&told), "{told} is not {ends}");
    // Others are not held back by it.
    connect(&world, "bela", "linkedin", "Bela Bartok").await;
    publish(&world, "bela", &card, "LinkedIn").await.says("Published on LinkedIn");
    world.advance_minutes(31).await;
    let open = preview(&world, "ada", &second).await;
    world.press("ada", &open, "Publish").await.says("Published on LinkedIn");
}

#[tokio::test(start_paused = true)]
async fn a_members_posts_of_a_day_have_a_number() {
    let (world, card) = ready().await;
    let second = garden(&world).await;
    let third = pushed_as(&world, "The roof", "The roof is open: {link}", "LinkedIn", "7d").await;
    settings(&world, "posts_per_day:2").await.says("A member may publish 2 posts a day");
    publish(&world, "ada", &card, "LinkedIn").await.says("Published on LinkedIn");
    let open = preview(&world, "ada", &second).await;
    world.press("ada", &open, "Publish").await.says("Published on LinkedIn");
    let open = preview(&world, "ada", &third).await;
    let why = "You have published 2 posts in 24 hours, as many as this server allows. Try again later.";
    world.press("ada", &open, "Publish").await.says(why);
    // For the day after tomorrow there is room.
    let modal = world.press("ada", &open, "Later").await.modal.expect("a form");
    world.submit("ada", &modal, &[("when", "2d")]).await.says("It publishes on LinkedIn");
    assert_eq!(count(&world), 2);
}

#[tokio::test(start_paused = true)]
async fn the_same_words_are_published_once() {
    let (world, card) = ready().await;
    let again = "Our SPRING menu is here; see {link} and come by!";
    let second = pushed_as(&world, "Once more", again, "LinkedIn", "7d").await;
    publish(&world, "ada", &card, "LinkedIn").await.says("Published on LinkedIn");
    let open = preview(&world, "ada", &second).await;
    world.press("ada", &open, "Publish").await.says("You have published these very words for another mission.");
    assert_eq!(count(&world), 1);
    // Texts without letters have no words to be the same.
    let tulips = pushed_as(&world, "Tulips", "🌷 {link}", "LinkedIn", "7d").await;
    let roses = pushed_as(&world, "Roses", "🌹 {link}", "LinkedIn", "7d").await;
    for card in [tulips, roses] {
        let open = preview(&world, "ada", &card).await;
        world.press("ada", &open, "Publish").await.says("Published on LinkedIn");
    }
}

#[tokio::test(start_paused = true)]
async fn a_mission_that_has_all_its_posts_takes_no_more() {
    let (world, card) = ready().await;
    let edit = "/mission edit mission:\"Spring launch\" max_posts:1";
    world.slash("mara", "#general", edit).await.says("Changed.");
    connect(&world, "bela", "linkedin", "Bela Bartok").await;
    let of_bela = preview(&world, "bela", &card).await;
    publish(&world, "ada", &card, "LinkedIn").await.says("Published on LinkedIn");
    world.press("bela", &of_bela, "Publish").await.says("This mission has all the posts that it takes");
    assert_eq!(count(&world), 1);
}

/// Somebody's post failed; by the time they try again, another has taken the last place.
#[tokio::test(start_paused = true)]
async fn whoever_tries_again_at_a_full_mission_reads_that_it_is_full() {
    let (world, card) = ready().await;
    let edit = "/mission edit mission:\"Spring launch\" max_posts:1";
    world.slash("mara", "#general", edit).await.says("Changed.");
    let status = muster_sim::FaultKind::Status { status: 422, code: 0, message: "No".to_owned() };
    let fault = muster_sim::Fault::once("POST", "/social/linkedin/rest/posts", status);
    world.sim.borrow_mut().add_fault(fault);
    publish(&world, "ada", &card, "LinkedIn").await.says("did not publish it: No");
    connect(&world, "bela", "linkedin", "Bela Bartok").await;
    publish(&world, "bela", &card, "LinkedIn").await.says("Published on LinkedIn");
    publish(&world, "ada", &card, "LinkedIn").await.says("This mission has all the posts that it takes");
}

#[tokio::test(start_paused = true)]
async fn a_member_calls_off_what_waits_and_nobody_elses() {
    let (world, card) = ready().await;
    let open = preview(&world, "ada", &card).await;
    let modal = world.press("ada", &open, "Later").await.modal.expect("a form");
    world.submit("ada", &modal, &[("when", "next never")]).await.says("Say when as in 2h");
    world.submit("ada", &modal, &[("when", "30d")]).await.says("Choose a time before that");
    world.submit("ada", &modal, &[("when", "2h")]).await.says("Until then you can call it off with `/post`");
    let mine = world.slash("ada", "#general", "/post").await;
    mine.says("publishes <t:");
    let list = mine.message.expect("a list");
    let button = list.buttons()[0]["custom_id"].as_str().expect("a button").to_owned();
    world.forge("bela", "#general", &card, &button).await.says("does not wait any more");
    world.press("ada", &list.id, "Call off LinkedIn").await.says("It is called off: nothing will be published.");
    world.press("ada", &list.id, "Call off LinkedIn").await.says("does not wait any more");
    world.advance_minutes(125).await;
    assert_eq!(count(&world), 0);
    world.slash("ada", "#general", "/post").await.says("called off: you called it off");
    publish(&world, "ada", &card, "LinkedIn").await.says("Published on LinkedIn");
}

#[tokio::test(start_paused = true)]
async fn a_mission_that_has_not_begun_says_when_it_does() {
    let (world, card) = ready().await;
    let open = preview(&world, "ada", &card).await;
    let edit = "/mission edit mission:\"Spring launch\" starts:3h";
    world.slash("mara", "#general", edit).await.says("Changed.");
    world.press("ada", &card, "Connect & Post").await.says("This mission starts <t:");
    world.press("ada", &open, "Publish").await.says("This mission starts <t:");
    world.advance_minutes(181).await;
    publish(&world, "ada", &card, "LinkedIn").await.says("Published on LinkedIn").says("In time for");
}
