//! Purpose: what stories of missions share: a mission on its way, accounts connected, a post confirmed.

use muster_tests::{Browser, Seen, World};

pub const PICTURE: &str = "https://lantern.example/spring.jpg";

fn needs_picture(platforms: &str) -> bool {
    platforms.contains("Instagram") || platforms.contains("TikTok")
}

/// A mission for `platforms`, pushed by mara into #general. Gives its card's message.
pub async fn pushed(world: &World, platforms: &str) -> String {
    pushed_as(world, "Spring launch", "Our spring menu is here! See {link} and come by.", platforms, "7d").await
}

/// The same with a title and a text of its own.
pub async fn pushed_as(world: &World, title: &str, text: &str, platforms: &str, ends: &str) -> String {
    let form = world.slash("mara", "#general", "/mission new").await;
    let modal = form.modal.expect("a form");
    let first = if needs_picture(platforms) { "LinkedIn" } else { platforms };
    let fields = [
        ("title", title),
        ("text", text),
        ("link", "https://lantern.example/spring"),
        ("platforms", first),
        ("ends", ends),
    ];
    let seen = world.submit("mara", &modal, &fields).await;
    seen.says("The draft is kept.").says(title);
    if needs_picture(platforms) {
        world.host_picture(PICTURE, "image/jpeg", &[0xFF, 0xD8, 0xFF, 0xE0, 0, 16]);
        let line = format!("/mission edit mission:\"{title}\" image:{PICTURE} platforms:\"{platforms}\"");
        world.slash("mara", "#general", &line).await.says("Changed.");
    }
    world.slash("mara", "#general", &format!("/mission push mission:\"{title}\"")).await.says("is live");
    world.settle().await;
    card(world, title)
}

fn card(world: &World, title: &str) -> String {
    let all = world.public("#general");
    let found = all.into_iter().find(|message| message.text().contains(title));
    found.expect("the mission's card").id
}

/// `who` connects an account by the link of `/connect`.
pub async fn connect(world: &World, who: &str, platform: &str, account: &str) -> String {
    let seen = world.slash(who, "#general", "/connect").await;
    let link = link_of(&seen);
    connect_at(&Browser::new(world), &link, platform, account).await
}

pub fn link_of(seen: &Seen) -> String {
    let message = seen.message.as_ref().expect("a message");
    let buttons = message.buttons();
    let url = buttons.iter().find_map(|button| button["url"].as_str());
    url.unwrap_or_else(|| panic!("no link in:\n{}", seen.text)).to_owned()
}

pub async fn connect_at(browser: &Browser<'_>, link: &str, platform: &str, account: &str) -> String {
    let page = browser.get(link).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let token = link.rsplit('/').next().expect("a token").to_owned();
    let sent = browser.post_bare(&format!("/oauth/{platform}/start"), &[("link", &token)]).await;
    assert_eq!(sent.status, 303, "{}", sent.body);
    let target = browser.world.consent(sent.header("location").expect("a place"), account);
    let landed = browser.get(&target).await;
    muster_tests::browser::text(&landed)
}

/// From the card to the confirmed post.
pub async fn publish(world: &World, who: &str, card: &str, platform: &str) -> Seen {
    let choices = world.press(who, card, "Connect & Post").await;
    let choices = choices.message.expect("where to publish").id;
    let preview = preview(world, who, &choices, platform).await;
    world.press(who, &preview, "Publish").await
}

/// The preview's message, with the choices made that TikTok asks for.
pub async fn preview(world: &World, who: &str, choices: &str, platform: &str) -> String {
    let preview = world.press(who, choices, &format!("Preview for {platform}")).await;
    preview.says("This is what will appear").says("Our spring menu is here!");
    let id = preview.message.expect("a preview").id;
    if platform == "TikTok" {
        preview_waits(world, &id);
        choose(world, who, &id, "SELF_ONLY", "nothing").await;
    }
    id
}

/// Who may see a post on TikTok, and what it promotes.
pub async fn choose(world: &World, who: &str, preview: &str, privacy: &str, promotion: &str) {
    world.choose_in(who, preview, "privacy", &[privacy]).await.says("Choose first what it promotes");
    world.choose_in(who, preview, "promotion", &[promotion]).await.says("This is what will appear");
    assert!(can_publish(world, preview), "everything is chosen");
}

#[track_caller]
fn preview_waits(world: &World, id: &str) {
    let message = world.sim.borrow().message(id).expect("the preview");
    assert!(message.text().contains("Choose first who may see it"), "{}", message.text());
    assert!(!can_publish(world, id), "nothing to publish before that");
}

/// Whether the preview's buttons that publish can be pressed.
pub fn can_publish(world: &World, preview: &str) -> bool {
    let message = world.sim.borrow().message(preview).expect("the preview");
    let is_one = |button: &&&serde_json::Value| matches!(button["label"].as_str(), Some("Publish" | "Later…"));
    let buttons = message.buttons();
    let able: Vec<bool> = buttons.iter().filter(is_one).map(|button| button["disabled"] != true).collect();
    assert_eq!((able.len(), able[0]), (2, able[1]), "both or none");
    able[0]
}

/// From the card to the form of `Later…`, filled in.
pub async fn schedule(world: &World, who: &str, card: &str, platform: &str, when: &str) -> Seen {
    let choices = world.press(who, card, "Connect & Post").await.message.expect("where to publish").id;
    let preview = world.press(who, &choices, &format!("Preview for {platform}")).await.message.expect("a preview").id;
    let modal = world.press(who, &preview, "Later").await.modal.expect("a form");
    world.submit(who, &modal, &[("when", when)]).await
}
