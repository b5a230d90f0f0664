//! Purpose: what TikTok leaves to the member for every post: who sees it, what it promotes, whether there are comments. Nothing is chosen
//! for them, and what they chose is what TikTok gets.

use crate::{
    missions_help::{can_publish, choose, connect, pushed},
    web_missions_rules::{confirmation, refs, with},
};
use muster_core::social::Kind;
use muster_sim::{AppChange, Platform};
use muster_tests::{Browser, Seen, World};
use serde_json::json;

/// TikTok has audited the application, and ada's account is public.
async fn audited(world: &World) -> String {
    let change = AppChange { audited: Some(true), ..AppChange::default() };
    world.sim.borrow_mut().change_social_app(Platform::TikTok, change);
    world.note_grant(Kind::TikTok, "audited");
    let card = pushed(world, "TikTok").await;
    connect(world, "ada", "tiktok", "ada_t").await;
    world.sim.borrow_mut().change_social_account(Platform::TikTok, "ada_t", Some(false), None).expect("known");
    card
}

async fn opened(world: &World, card: &str) -> Seen {
    let choices = world.press("ada", card, "Connect & Post").await.message.expect("where to publish").id;
    world.press("ada", &choices, "Preview for TikTok").await
}

fn id_of(seen: &Seen) -> String {
    seen.message.as_ref().expect("a preview").id.clone()
}

/// What a select of the preview offers: its values, and which is chosen.
fn offered(world: &World, preview: &str, select: &str) -> (Vec<String>, Option<String>) {
    let message = world.sim.borrow().message(preview).expect("the preview");
    let all = message.components();
    let is_it = |id: &str| id.contains(&format!(":{select}:"));
    let found = all.into_iter().find(|one| one["custom_id"].as_str().is_some_and(is_it)).expect("a select");
    let options = found["options"].as_array().expect("options");
    let value = |option: &serde_json::Value| option["value"].as_str().unwrap_or_default().to_owned();
    let chosen = options.iter().find(|option| option["default"] == true).map(value);
    (options.iter().map(value).collect(), chosen)
}

#[track_caller]
fn shows(world: &World, preview: &str, part: &str) {
    let text = world.sim.borrow().message(preview).expect("the preview").text();
    assert!(text.contains(part), "expected “{part}” in:\n{text}");
}

#[track_caller]
fn hides(world: &World, preview: &str, part: &str) {
    let text = world.sim.borrow().message(preview).expect("the preview").text();
    assert!(!text.contains(part), "“{part}” stands in:\n{text}");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_chosen_for_the_member_and_what_they_agree_to_follows_their_choice() {
    let world = World::new().await;
    let card = audited(&world).await;
    let seen = opened(&world, &card).await;
    seen.says("as ada\\_t").says("Choose first who may see it and what it promotes").says("Music Usage Confirmation");
    let preview = id_of(&seen);
    assert!(!can_publish(&world, &preview));
    hides(&world, &preview, "Branded Content Policy");
    // The mission brings points: whatever others see of it promotes something.
    let (privacy, chosen) = offered(&world, &preview, "privacy");
    assert_eq!((privacy.len(), chosen), (3, None));
    let (promotions, chosen) = offered(&world, &preview, "promotion");
    assert_eq!((promotions, chosen), (["own_brand", "paid_partnership", "both"].map(str::to_owned).to_vec(), None));
    shows(&world, &preview, "Allow comments: no");
    // One of two is not enough, in either order.
    world.choose_in("ada", &preview, "privacy", &["PUBLIC_TO_EVERYONE"]).await.says("Choose first what it promotes");
    assert!(!can_publish(&world, &preview));
    world.choose_in("ada", &preview, "promotion", &["own_brand"]).await.says("labels the post “Promotional content”");
    assert!(can_publish(&world, &preview));
    hides(&world, &preview, "Branded Content Policy");
    let paid = world.choose_in("ada", &preview, "promotion", &["paid_partnership"]).await;
    paid.says("Branded Content Policy and Music Usage Confirmation").says("labels the post “Paid partnership”");
    // A paid partnership is for others.
    assert_eq!(offered(&world, &preview, "privacy").0, ["PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS"]);
    shows(&world, &preview, "A paid partnership has to be visible to others");
    world.choose_in("ada", &preview, "promotion", &["own_brand"]).await.says("Promotional content");
    world.choose_in("ada", &preview, "privacy", &["SELF_ONLY"]).await.says("A paid partnership has to be visible");
    assert_eq!(offered(&world, &preview, "promotion").0, ["nothing", "own_brand"]);
    world.choose_in("ada", &preview, "promotion", &["nothing"]).await.says("Music Usage Confirmation");
    assert!(can_publish(&world, &preview));
    // What only they see may promote nothing; what everyone sees may not, so that is open again.
    world.choose_in("ada", &preview, "privacy", &["PUBLIC_TO_EVERYONE"]).await.says("Choose first what it promotes");
    assert!(!can_publish(&world, &preview));
    world.advance_minutes(5).await;
    assert!(world.posted(Platform::TikTok).is_empty(), "nobody pressed Publish");
}

/// Nothing in it for the member: they may say that it promotes nothing, and are asked all the same.
#[tokio::test(start_paused = true)]
async fn a_mission_without_points_may_promote_nothing() {
    let world = World::new().await;
    let card = audited(&world).await;
    let mara = Browser::signed_in(&world, "mara").await;
    let rules = format!("/g/{}/missions/rules", world.guild());
    mara.get(&rules).await;
    let none =
        [("publish", "0"), ("on_time", "0"), ("clicks_per_point", "0"), ("tiers_tiktok", ""), ("top_clicks", "")];
    let shown = mara.post(&rules, &refs(&with(&none))).await;
    let confirm = confirmation(&shown.body);
    let fields: Vec<(&str, &str)> = confirm.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(mara.submit(&rules, &fields).await.status, 200);
    let preview = id_of(&opened(&world, &card).await);
    assert_eq!(offered(&world, &preview, "promotion").0, ["nothing", "own_brand", "paid_partnership", "both"]);
    choose(&world, "ada", &preview, "PUBLIC_TO_EVERYONE", "nothing").await;
    world.press("ada", &preview, "Publish").await;
    world.advance_minutes(2).await;
    let info = world.posted(Platform::TikTok).pop().expect("a post").info;
    assert_eq!((&info["brand_content_toggle"], &info["brand_organic_toggle"]), (&json!(false), &json!(false)));
}

/// Each choice, and what stands in TikTok's hands after it.
#[tokio::test(start_paused = true)]
async fn each_choice_is_what_tiktok_gets() {
    let cases = [
        ("PUBLIC_TO_EVERYONE", "own_brand", true, (false, true)),
        ("PUBLIC_TO_EVERYONE", "paid_partnership", false, (true, false)),
        ("MUTUAL_FOLLOW_FRIENDS", "both", true, (true, true)),
        ("MUTUAL_FOLLOW_FRIENDS", "own_brand", false, (false, true)),
        ("SELF_ONLY", "nothing", true, (false, false)),
        ("SELF_ONLY", "own_brand", false, (false, true)),
    ];
    for (privacy, promotion, comments, (content, organic)) in cases {
        let world = World::new().await;
        let card = audited(&world).await;
        let preview = id_of(&opened(&world, &card).await);
        if comments {
            world.press("ada", &preview, "Allow comments: no").await.says("Choose first who may see it");
        }
        choose(&world, "ada", &preview, privacy, promotion).await;
        shows(&world, &preview, if comments { "Allow comments: yes" } else { "Allow comments: no" });
        world.press("ada", &preview, "Publish").await;
        world.advance_minutes(2).await;
        world.slash("ada", "#general", "/post").await.says("published");
        let post = world.posted(Platform::TikTok).pop().expect("a post");
        let expected = json!({
            "description": post.text, "privacy_level": privacy, "disable_comment": !comments, "auto_add_music": true,
            "brand_content_toggle": content, "brand_organic_toggle": organic,
        });
        assert_eq!(post.info, expected, "{privacy} {promotion}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_chosen_for_later_is_what_appears_later() {
    let world = World::new().await;
    let card = audited(&world).await;
    let preview = id_of(&opened(&world, &card).await);
    choose(&world, "ada", &preview, "MUTUAL_FOLLOW_FRIENDS", "paid_partnership").await;
    world.press("ada", &preview, "Allow comments").await.says("This is what will appear");
    world.press("ada", &preview, "Allow comments: yes").await.says("This is what will appear");
    let modal = world.press("ada", &preview, "Later").await.modal.expect("a form");
    world.submit("ada", &modal, &[("when", "2h")]).await.says("It publishes on TikTok");
    assert!(world.posted(Platform::TikTok).is_empty());
    world.advance_minutes(125).await;
    let info = world.posted(Platform::TikTok).pop().expect("a post").info;
    assert_eq!(
        (&info["privacy_level"], &info["brand_content_toggle"]),
        (&json!("MUTUAL_FOLLOW_FRIENDS"), &json!(true))
    );
    assert_eq!(info["disable_comment"], true, "yes, and then no");
}

#[tokio::test(start_paused = true)]
async fn an_account_without_comments_has_no_choice_of_them() {
    let world = World::new().await;
    let card = audited(&world).await;
    world.sim.borrow_mut().close_comments(Platform::TikTok, "ada_t", true).expect("known");
    let seen = opened(&world, &card).await;
    seen.says("Comments are off in this account's settings on TikTok");
    let preview = id_of(&seen);
    let message = world.sim.borrow().message(&preview).expect("the preview");
    let buttons = message.buttons();
    let comments = buttons.into_iter().find(|button| button["label"] == "Allow comments: no").expect("the choice");
    assert_eq!(comments["disabled"], true);
    choose(&world, "ada", &preview, "PUBLIC_TO_EVERYONE", "own_brand").await;
    world.press("ada", &preview, "Publish").await;
    world.advance_minutes(2).await;
    assert_eq!(world.posted(Platform::TikTok).pop().expect("a post").info["disable_comment"], true);
}

/// Comments were allowed by both a moment ago: the yes says so, and nothing is sent.
#[tokio::test(start_paused = true)]
async fn an_account_that_closes_its_comments_before_the_yes_is_not_overruled() {
    let world = World::new().await;
    let card = audited(&world).await;
    let preview = id_of(&opened(&world, &card).await);
    world.press("ada", &preview, "Allow comments").await;
    choose(&world, "ada", &preview, "PUBLIC_TO_EVERYONE", "own_brand").await;
    world.sim.borrow_mut().close_comments(Platform::TikTok, "ada_t", true).expect("known");
    world.press("ada", &preview, "Publish").await.says("Comments are off in this account's settings");
    world.advance_minutes(2).await;
    assert!(world.posted(Platform::TikTok).is_empty());
    let again = id_of(&opened(&world, &card).await);
    choose(&world, "ada", &again, "PUBLIC_TO_EVERYONE", "own_brand").await;
    world.press("ada", &again, "Publish").await;
    world.advance_minutes(2).await;
    assert_eq!(world.posted(Platform::TikTok).len(), 1);
}
