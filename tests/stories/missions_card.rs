//! Purpose: a mission's draft and its card: what a form may leave out, who may post where, and a card that moves.

use crate::{
    missions_help::{choose, connect, publish, pushed},
    missions_media::{attach, jpeg},
};
use muster_sim::Platform;
use muster_tests::{DEMO, World};

/// `ada` runs missions by a role, without Manage Server.
async fn let_ada_run_missions(world: &World) {
    world.slash("mara", "#general", "/mission settings manager:Newcomer").await.says("run by Manage Server and <@&");
    world.sim.borrow_mut().give_role(DEMO, "ada", "Newcomer").expect("a role");
}

#[tokio::test(start_paused = true)]
async fn a_draft_waits_for_the_picture_that_its_platforms_need() {
    let world = World::new().await;
    let form = world.slash("mara", "#general", "/mission new").await.modal.expect("a form");
    let fields = [
        ("title", "Spring launch"),
        ("text", "Our spring menu is here!"),
        ("link", "https://lantern.example/"),
        ("platforms", "Instagram, TikTok"),
        ("ends", "7d"),
    ];
    let seen = world.submit("mara", &form, &fields).await;
    seen.says("The draft is kept.")
        .says("still needs a picture, for there is no post on Instagram and TikTok without one");
    let push = "/mission push mission:\"Spring launch\"";
    world.slash("mara", "#general", push).await.says("Instagram publishes pictures only");
    attach(&world, jpeg(1_080, 1_080), "").await.says("`/mission push` opens it");
    world.slash("mara", "#general", push).await.says("is live");
    world.settle().await;
    assert_eq!(world.count_with("#general", "Spring launch"), 1);
    let without = "/mission edit mission:\"Spring launch\" image:none";
    world.slash("mara", "#general", without).await.says("Instagram publishes pictures only");
}

#[tokio::test(start_paused = true)]
async fn what_was_typed_into_a_form_that_is_refused_comes_back() {
    let world = World::new().await;
    let form = world.slash("mara", "#general", "/mission new").await.modal.expect("a form");
    let text = "A long text that took an hour. @everyone";
    let fields = [("title", "Spring"), ("text", text), ("link", "javascript:1"), ("platforms", "X"), ("ends", "7d")];
    let seen = world.submit("mara", &form, &fields).await;
    seen.says("starts with `https://`")
        .says("Nothing is lost")
        .says("that took an hour. \\@everyone")
        .says("javascript:1");
    assert!(seen.message.expect("an answer").pinged.is_empty());
    let fields = [("title", "Spring"), ("text", text), ("link", ""), ("platforms", "X"), ("ends", "someday")];
    world.submit("mara", &form, &fields).await.says("Say when the mission ends").says("that took an hour");
}

#[tokio::test(start_paused = true)]
async fn a_card_moves_with_its_mission() {
    let world = World::new().await;
    let card = pushed(&world, "LinkedIn").await;
    let moved = "/mission edit mission:\"Spring launch\" channel:#giveaways";
    world.slash("mara", "#general", moved).await.says("Changed.");
    world.settle().await;
    let giveaways = world.channel("#giveaways");
    let left = world.sim.borrow().message(&card).expect("what was the card");
    assert_eq!(left.text().trim(), format!("**Spring launch** is in <#{giveaways}> now."));
    assert!(left.buttons().is_empty(), "nothing to press there");
    let card = world.message_with("#giveaways", "Spring launch").id;
    world.press("ada", &card, "Connect & Post").await.says("LinkedIn: not connected yet");
    // It is kept up to date where it is now, and only there.
    world
        .slash("mara", "#general", "/mission edit mission:\"Spring launch\" title:\"Summer launch\"")
        .await
        .says("Changed.");
    world.settle().await;
    assert_eq!(world.count_with("#giveaways", "Summer launch"), 1);
    assert_eq!(world.count_with("#general", "Summer launch"), 0);
    world.slash("mara", "#general", "/mission edit mission:\"Summer launch\" channel:#general").await.says("Changed.");
    world.settle().await;
    assert_eq!(world.count_with("#general", "Our spring menu"), 1);
    assert_eq!(world.count_with("#giveaways", "Our spring menu"), 0);
}

#[tokio::test(start_paused = true)]
async fn whoever_runs_missions_posts_where_they_may_write() {
    let world = World::new().await;
    let_ada_run_missions(&world).await;
    let form = world.slash("ada", "#general", "/mission new").await.modal.expect("a form");
    let fields = [("title", "T"), ("text", "Look!"), ("link", ""), ("platforms", "LinkedIn"), ("ends", "7d")];
    world.submit("ada", &form, &fields).await.says("The draft is kept.");
    let edit = "/mission edit mission:T channel:#giveaways";
    world.slash("ada", "#general", edit).await.says("You cannot write in that channel yourself");
    world.slash("mara", "#general", edit).await.says("Changed.");
    let push = "/mission push mission:T";
    world.slash("ada", "#general", push).await.says("You cannot write in that channel yourself");
    assert_eq!(world.count_with("#giveaways", "Look!"), 0);
    world.slash("mara", "#general", push).await.says("is live");
    world.settle().await;
    assert_eq!(world.count_with("#giveaways", "Look!"), 1);
}

#[tokio::test(start_paused = true)]
async fn drafts_are_seen_by_whoever_runs_missions_only() {
    let world = World::new().await;
    pushed(&world, "LinkedIn").await;
    let form = world.slash("mara", "#general", "/mission new").await.modal.expect("a form");
    let fields = [("title", "Secret"), ("text", "Look!"), ("link", ""), ("platforms", "LinkedIn"), ("ends", "7d")];
    world.submit("mara", &form, &fields).await.says("The draft is kept.");
    let offered = async |who: &str, path: &[&str]| {
        let all = world.suggestions(who, path, &[], "").await;
        all.into_iter().map(|choice| choice.name).collect::<Vec<_>>()
    };
    assert_eq!(offered("mara", &["mission", "edit", "mission"]).await, ["Spring launch · live", "Secret · draft"]);
    assert!(offered("ada", &["mission", "edit", "mission"]).await.is_empty());
    assert_eq!(offered("ada", &["post", "mission"]).await, ["Spring launch · live"]);
}

#[tokio::test(start_paused = true)]
async fn five_platforms_have_five_buttons_and_a_start_is_said() {
    let world = World::new().await;
    world.slash("mara", "#general", "/mission settings x_budget:5").await;
    let all = "LinkedIn, Instagram, TikTok, X, Threads";
    let card = pushed(&world, all).await;
    attach(&world, jpeg(1_080, 1_080), "").await.says("Changed.");
    for (platform, account) in [
        ("linkedin", "Ada Lovelace"),
        ("instagram", "ada.i"),
        ("tiktok", "ada.t"),
        ("x", "ada_x"),
        ("threads", "ada.th"),
    ] {
        connect(&world, "ada", platform, account).await;
    }
    let choices = world.press("ada", &card, "Connect & Post").await.message.expect("where to publish");
    let labels: Vec<String> =
        choices.buttons().iter().map(|button| button["label"].as_str().unwrap_or_default().to_owned()).collect();
    assert_eq!(labels, all.split(", ").map(|name| format!("Preview for {name}")).collect::<Vec<_>>());
    world.slash("mara", "#general", "/mission edit mission:\"Spring launch\" starts:2d").await.says("Starts");
    world.slash("ada", "#general", "/missions").await.says("starts <t:");
}

#[tokio::test(start_paused = true)]
async fn a_long_list_says_that_there_is_more() {
    let world = World::new().await;
    for number in 0..11 {
        let form = world.slash("mara", "#general", "/mission new").await.modal.expect("a form");
        let title = format!("Draft {number}");
        let fields = [("title", &*title), ("text", "Look!"), ("link", ""), ("platforms", "LinkedIn"), ("ends", "7d")];
        world.submit("mara", &form, &fields).await.says("The draft is kept.");
        let list = world.slash("mara", "#general", "/mission list").await;
        assert_eq!(list.text.contains("There are more than these"), number == 10, "{}", list.text);
    }
}

#[tokio::test(start_paused = true)]
async fn a_mission_may_bring_other_points_than_the_rules_say() {
    let world = World::new().await;
    let card = pushed(&world, "LinkedIn, Threads").await;
    world.message_with("#general", "+10 for publishing");
    let edit = "/mission edit mission:\"Spring launch\" points:40";
    world.slash("mara", "#general", edit).await.says("+40 for publishing");
    world.settle().await;
    world.message_with("#general", "+40 for publishing");
    connect(&world, "ada", "linkedin", "Ada Lovelace").await;
    publish(&world, "ada", &card, "LinkedIn").await.says("+40 Published").says("+5 In time");
    let back = "/mission edit mission:\"Spring launch\" points:-1";
    world.slash("mara", "#general", back).await.says("+10 for publishing");
    connect(&world, "bela", "linkedin", "Bela Bartok").await;
    publish(&world, "bela", &card, "LinkedIn").await.says("+10 Published");
    world.slash("ada", "#general", "/score").await.says("45 points");
}

#[tokio::test(start_paused = true)]
async fn tiktok_gets_no_link_and_is_agreed_to_before_it_is_published() {
    let world = World::new().await;
    let card = pushed(&world, "TikTok").await;
    connect(&world, "ada", "tiktok", "ada.t").await;
    let choices = world.press("ada", &card, "Connect & Post").await.message.expect("where to publish").id;
    let seen = world.press("ada", &choices, "Preview for TikTok").await;
    seen.says("See the link in my profile and come by.")
        .says("Music Usage Confirmation")
        .says("put yours into your profile");
    assert!(seen.text.contains("/l/"), "their link is told beside it: {}", seen.text);
    let preview = seen.message.expect("a preview").id;
    // An application that TikTok has not audited publishes for the author only.
    let shown = world.sim.borrow().message(&preview).expect("the preview").text();
    assert!(shown.contains("visible to their author only"), "{shown}");
    choose(&world, "ada", &preview, "SELF_ONLY", "nothing").await;
    world.press("ada", &preview, "Publish").await;
    world.advance_minutes(5).await;
    let posts = world.posted(Platform::TikTok);
    assert_eq!(posts.len(), 1);
    assert!(posts[0].text.contains("the link in my profile") && !posts[0].text.contains("/l/"), "{}", posts[0].text);
}
