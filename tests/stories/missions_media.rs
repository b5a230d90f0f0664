//! Purpose: pictures of missions: attached in Discord, uploaded from the page and by programs, part of the post on every platform,
//! refused where they are none, and gone when nothing uses them.

use crate::{
    missions_help::{connect, publish, pushed},
    web_api::{body, make, with_key},
};
use muster_core::web::Response;
use muster_sim::{NewFile, OTHER_GUILD, Platform};
use muster_tests::{
    Browser, Seen, World,
    browser::{request, text},
};
use serde_json::{Value, json};

/// The least that a JPEG of this size begins with.
pub fn jpeg(width: u16, height: u16) -> Vec<u8> {
    let [[h1, h2], [w1, w2]] = [height.to_be_bytes(), width.to_be_bytes()];
    vec![0xFF, 0xD8, 0xFF, 0xC0, 0, 17, 8, h1, h2, w1, w2, 3, 1, 2, 3]
}

fn png(width: u32, height: u32) -> Vec<u8> {
    [b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR".to_vec(), width.to_be_bytes().to_vec(), height.to_be_bytes().to_vec()].concat()
}

/// `/mission edit` of the one mission, with a file.
pub async fn attach(world: &World, bytes: Vec<u8>, more: &str) -> Seen {
    let file = NewFile { filename: "spring.jpg".to_owned(), bytes, ..NewFile::default() };
    let line = format!("/mission edit mission:\"Spring launch\" {more}");
    world.slash_with_file("mara", "#general", line.trim(), &file).await
}

fn reference(world: &World) -> String {
    world.db.column("SELECT image_url FROM missions").remove(0)
}

/// Whatever stands at an address, with its type and length.
async fn open(world: &World, address: &str) -> (u16, &'static str, usize) {
    let response = world.get(address).await;
    (response.status, response.content_type, response.bytes.len())
}

fn keys(world: &World) -> Vec<String> {
    world.blob.objects.borrow().keys().cloned().collect()
}

/// Days pass at once, and then an hour with what it brings.
async fn days(world: &World, days: i64) {
    world.jump(days * 24 * 3_600_000).await;
    world.advance_minutes(61).await;
}

async fn upload(browser: &Browser<'_>, bytes: Vec<u8>) -> Response {
    let mut post = request("POST", &format!("/api/v1/guilds/{}/media", browser.world.guild()));
    post.headers.push(("content-type".to_owned(), "image/jpeg".to_owned()));
    post.headers.push(("x-form-token".to_owned(), browser.form_token.borrow().clone()));
    post.body = bytes;
    browser.send(post).await
}

#[tokio::test(start_paused = true)]
async fn an_attached_picture_is_part_of_the_post_on_every_platform() {
    let world = World::new().await;
    world.slash("mara", "#general", "/mission settings x_budget:5 x_rewards:True").await.says("$5.00");
    let card = pushed(&world, "LinkedIn").await;
    let picture = jpeg(1_200, 800);
    attach(&world, picture.clone(), "platforms:\"LinkedIn, Instagram, TikTok, X, Threads\"").await.says("Changed.");
    world.settle().await;
    assert!(reference(&world).starts_with("media:") && reference(&world).ends_with("-1200x800.jpg"));
    let all = [
        (Platform::LinkedIn, "LinkedIn"),
        (Platform::Instagram, "Instagram"),
        (Platform::TikTok, "TikTok"),
        (Platform::X, "X"),
        (Platform::Threads, "Threads"),
    ];
    for (platform, name) in all {
        connect(&world, "ada", &name.to_lowercase(), "ada_l").await;
        publish(&world, "ada", &card, name).await;
        world.advance_minutes(3).await;
        let post = world.posted(platform).pop().unwrap_or_else(|| panic!("no post on {name}"));
        let [key] = &post.media[..] else { panic!("{name}: {:?}", post.media) };
        assert_eq!(world.picture(key), picture, "{name}");
    }
    assert_eq!(world.db.column("SELECT DISTINCT state FROM mission_posts"), ["published"]);
}

#[tokio::test(start_paused = true)]
async fn the_card_and_the_preview_show_it_by_addresses_that_run_out() {
    let world = World::new().await;
    let card = pushed(&world, "LinkedIn").await;
    attach(&world, jpeg(1_200, 800), "").await.says("Changed.");
    world.settle().await;
    let address = |message: &muster_sim::Message| {
        let shown = message.json["embeds"][0]["image"]["url"].as_str().expect("a picture").to_owned();
        shown.strip_prefix("https://muster.test").expect("Muster's own").to_owned()
    };
    let on_card = address(&world.sim.borrow().message(&card).expect("the card"));
    assert_eq!(open(&world, &on_card).await, (200, "image/jpeg", 15));
    connect(&world, "ada", "linkedin", "Ada Lovelace").await;
    let choices = world.press("ada", &card, "Connect & Post").await.message.expect("choices").id;
    let preview = world.press("ada", &choices, "Preview for LinkedIn").await.message.expect("a preview");
    let in_preview = address(&preview);
    assert_eq!(open(&world, &in_preview).await.0, 200);
    // Whoever changes a letter of it has nothing; another guild's name leads nowhere.
    let other = world.sim.borrow().guild_id(OTHER_GUILD).expect("a guild");
    let guild = world.guild().to_string();
    for wrong in [
        in_preview.replace("-1200x800", "-1201x800"),
        in_preview.replace(&guild, &other),
        in_preview.replace("until=", "until=9"),
        in_preview.split("&sig").next().expect("a path").to_owned(),
        format!("{in_preview}A"),
    ] {
        assert_eq!(open(&world, &wrong).await.0, 404, "{wrong}");
    }
    world.advance_minutes(61).await;
    assert_eq!(open(&world, &in_preview).await.0, 410, "an hour is over");
    days(&world, 9).await;
    assert_eq!(open(&world, &on_card).await.0, 200, "the mission is over, and its card still shows it");
    days(&world, 30).await;
    assert_eq!(open(&world, &on_card).await.0, 410);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_picture_is_refused_and_nothing_is_lost() {
    let world = World::new().await;
    pushed(&world, "LinkedIn").await;
    attach(&world, b"GIF89a\x01\0\x01\0".to_vec(), "").await.says("This is no JPEG, and no PNG either");
    attach(&world, b"<svg onload=alert(1)>".to_vec(), "").await.says("This is no JPEG");
    attach(&world, [jpeg(9, 9), vec![0; 4 * 1_024 * 1_024]].concat(), "").await.says("more than 4 MB");
    assert_eq!((reference(&world), keys(&world).len()), (String::new(), 0), "nothing is kept of it");
    // What one platform does not take is said for that platform.
    attach(&world, png(800, 600), "platforms:\"LinkedIn, TikTok\"")
        .await
        .says("TikTok does not take this picture: it takes JPEG");
    attach(&world, jpeg(2_000, 800), "platforms:Instagram")
        .await
        .says("Instagram does not take this picture")
        .says("1.91:1");
    attach(&world, jpeg(800, 1_001), "platforms:Instagram").await.says("4:5");
    attach(&world, png(800, 600), "platforms:\"LinkedIn, Threads\"").await.says("Changed.");
    world.slash("mara", "#general", "/mission edit mission:\"Spring launch\" image:none").await.says("Changed.");
    assert_eq!(reference(&world), "");
    // A deployment without a bucket.
    world.has_bucket.set(false);
    attach(&world, jpeg(800, 600), "").await.says("keeps no pictures").says("https://");
    let mara = Browser::signed_in(&world, "mara").await;
    let form = mara.get(&format!("/g/{}/missions/new", world.guild())).await;
    assert!(!form.body.contains("data-upload") && form.body.contains("https:// address of a JPEG"));
}

#[tokio::test(start_paused = true)]
async fn a_page_and_a_program_upload_a_picture_for_their_own_server() {
    let world = World::new().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let new = format!("/g/{}/missions/new", world.guild());
    let form = mara.get(&new).await;
    assert!(form.body.contains(&format!("data-upload=\"/api/v1/guilds/{}/media\"", world.guild())));
    let kept = upload(&mara, jpeg(1_200, 800)).await;
    assert_eq!(kept.status, 201, "{}", kept.body);
    let kept = body(&kept);
    assert_eq!((&kept["width"], &kept["height"]), (&json!(1_200), &json!(800)));
    let image = kept["image_url"].as_str().expect("a name").to_owned();
    assert_eq!(open(&world, kept["url"].as_str().expect("an address")).await.0, 200);
    let channel = world.channel("#general").to_string();
    let fields = [
        ("title", "Spring launch"),
        ("text", "Come by!"),
        ("platforms", "instagram"),
        ("platforms", "linkedin"),
        ("image", &image),
        ("channel", &channel),
        ("ends", "7d"),
    ];
    let preview = mara.post(&new, &[&fields[..], &[("act", "preview")]].concat()).await;
    let shown = preview.body.matches("src=\"/media/").count();
    assert_eq!((preview.status, shown), (200, 3), "in the form and for both platforms: {}", preview.body);
    assert!(text(&mara.submit(&new, &fields).await).contains("The draft is kept."));
    // A program, by its key; and what one server keeps is nothing to another.
    let key = make(&mara, &["missions:manage"]).await;
    let with = |method: &str, path: &str, sent: Value| {
        let mut asked = with_key(method, &format!("/api/v1{path}"), &key);
        asked.headers.push(("content-type".to_owned(), "application/json".to_owned()));
        asked.body = sent.to_string().into_bytes();
        asked
    };
    let mut post = with_key("POST", "/api/v1/media", &key);
    post.body = png(640, 640);
    let by_program = body(&world.send(post).await);
    let mission = json!({
        "title": "Summer", "text": "Come by!", "platforms": ["threads"], "ends_at": "7d", "channel_id": channel,
        "image_url": by_program["image_url"],
    });
    assert_eq!(world.send(with("POST", "/missions", mission.clone())).await.status, 201);
    let name = world.blob.objects.borrow().keys().next().expect("one").clone();
    let other = world.sim.borrow().guild_id(OTHER_GUILD).expect("a guild");
    let theirs = format!("{other}/{}", name.split_once('/').expect("a guild").1);
    world.blob.objects.borrow_mut().insert(theirs, ("image/jpeg".to_owned(), jpeg(9, 9)));
    let stranger = format!("media:{}-9x9.jpg", "0a".repeat(16));
    let mut refused = mission;
    refused["image_url"] = json!(stranger);
    let refused = world.send(with("POST", "/missions", refused)).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert_eq!(body(&refused)["errors"][0]["field"], "image_url");
    assert!(refused.body.contains("not kept any more"), "{}", refused.body);
}

#[tokio::test(start_paused = true)]
async fn uploads_need_the_right_the_form_and_a_file() {
    let world = World::new().await;
    let path = format!("/api/v1/guilds/{}/media", world.guild());
    assert_eq!(world.send(request("POST", &path)).await.status, 401);
    let ada = Browser::signed_in(&world, "ada").await;
    assert_eq!(upload(&ada, jpeg(9, 9)).await.status, 404, "whoever manages nothing here sees no server");
    let mara = Browser::signed_in(&world, "mara").await;
    let mut bare = request("POST", &path);
    bare.body = jpeg(9, 9);
    assert_eq!(mara.send(bare).await.status, 403, "another site could have sent it");
    let nothing = upload(&mara, Vec::new()).await;
    assert_eq!((nothing.status, nothing.body.contains("no JPEG")), (422, true), "{}", nothing.body);
    let key = make(&mara, &["missions:view"]).await;
    assert_eq!(world.send(with_key("POST", "/api/v1/media", &key)).await.status, 403);
    world.has_bucket.set(false);
    let none = upload(&mara, jpeg(9, 9)).await;
    assert_eq!((none.status, none.body.contains("no R2 bucket")), (409, true), "{}", none.body);
    assert_eq!(keys(&world).len(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_nothing_uses_goes_after_a_day_and_what_is_used_stays() {
    let world = World::new().await;
    let mara = Browser::signed_in(&world, "mara").await;
    mara.get(&format!("/g/{}/missions/new", world.guild())).await;
    for _ in 0..3 {
        assert_eq!(upload(&mara, jpeg(640, 640)).await.status, 201);
    }
    pushed(&world, "LinkedIn").await;
    attach(&world, jpeg(1_200, 800), "").await.says("Changed.");
    days(&world, 2).await;
    let used = reference(&world).replace("media:", &format!("{}/", world.guild()));
    assert_eq!(keys(&world), std::slice::from_ref(&used));
    assert_eq!(world.db.column("SELECT name FROM media").len(), 1);
    // A mission without it lets it go, a little later; R2 that does not answer is asked again.
    world.slash("mara", "#general", "/mission edit mission:\"Spring launch\" image:none").await.says("Changed.");
    world.blob.is_down.set(true);
    days(&world, 9).await;
    assert_eq!(keys(&world), [used], "nothing is forgotten while R2 does not answer");
    world.blob.is_down.set(false);
    days(&world, 1).await;
    assert_eq!((keys(&world).len(), world.db.column("SELECT name FROM media").len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_closed_mission_shows_its_picture_for_a_month_and_then_lets_it_go() {
    let world = World::new().await;
    pushed(&world, "LinkedIn").await;
    attach(&world, jpeg(1_200, 800), "").await.says("Changed.");
    let mara = Browser::signed_in(&world, "mara").await;
    let id = world.db.column("SELECT id FROM missions").remove(0);
    let page = format!("/g/{}/missions/{id}", world.guild());
    let picture = |page: &Response| {
        let (_, rest) = page.body.split_once("<img class=\"picture\" src=\"")?;
        Some(rest.split_once('"')?.0.replace("&#38;", "&"))
    };
    let shown = picture(&mara.get(&page).await).expect("a picture");
    assert_eq!(open(&world, &shown).await, (200, "image/jpeg", 15));
    world.slash("mara", "#general", "/mission close mission:\"Spring launch\"").await.says("is closed");
    days(&world, 25).await;
    let mara = Browser::signed_in(&world, "mara").await;
    let shown = picture(&mara.get(&page).await).expect("a picture");
    assert_eq!(open(&world, &shown).await.0, 200);
    days(&world, 13).await;
    assert_eq!((keys(&world).len(), world.db.column("SELECT name FROM media").len()), (0, 0));
    let mara = Browser::signed_in(&world, "mara").await;
    let left = mara.get(&page).await;
    assert_eq!((left.status, picture(&left)), (200, None));
    assert!(!left.body.contains("media:"), "{}", left.body);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_keeps_250_mb_is_told_and_has_room_when_something_went() {
    let world = World::new().await;
    pushed(&world, "LinkedIn").await;
    let mara = Browser::signed_in(&world, "mara").await;
    mara.get(&format!("/g/{}/missions/new", world.guild())).await;
    let large = [jpeg(640, 640), vec![0; 4 * 1_024 * 1_024 - 15]].concat();
    for _ in 0..62 {
        assert_eq!(upload(&mara, large.clone()).await.status, 201);
    }
    let full = upload(&mara, large.clone()).await;
    let why = "This server keeps 250 MB of pictures already.";
    assert_eq!((full.status, full.body.contains(why)), (422, true), "{}", full.body);
    attach(&world, large.clone(), "").await.says(why).says("by its https:// address");
    assert_eq!((keys(&world).len(), reference(&world)), (62, String::new()));
    days(&world, 2).await;
    attach(&world, large, "").await.says("Changed.");
}

#[tokio::test(start_paused = true)]
async fn a_post_that_waits_keeps_its_picture_and_one_that_is_lost_is_said() {
    let world = World::new().await;
    let card = pushed(&world, "LinkedIn").await;
    attach(&world, jpeg(1_200, 800), "").await.says("Changed.");
    connect(&world, "ada", "linkedin", "Ada Lovelace").await;
    // Somebody empties the bucket by hand.
    world.blob.objects.borrow_mut().clear();
    publish(&world, "ada", &card, "LinkedIn").await.says("picture is not kept any more");
    assert!(world.posted(Platform::LinkedIn).is_empty());
    attach(&world, jpeg(1_200, 801), "").await.says("Changed.");
    publish(&world, "ada", &card, "LinkedIn").await.says("Published on LinkedIn");
}
