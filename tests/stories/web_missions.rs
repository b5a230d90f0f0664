//! Purpose: missions on the dashboard: written with a preview, pushed, looked at, closed.

use crate::missions_help::{PICTURE, connect, publish, pushed};
use muster_sim::{NewMember, NewUser, OTHER_GUILD, Platform};
use muster_tests::{Browser, DEMO, Visitor, World, browser::text};

fn base(world: &World) -> String {
    format!("/g/{}/missions", world.guild())
}

#[track_caller]
fn says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
}

/// The card's message in #general.
fn card(world: &World, title: &str) -> String {
    world.message_with("#general", title).id
}

#[tokio::test(start_paused = true)]
async fn a_mission_from_the_form_to_its_results() {
    let world = World::new().await;
    let browser = Browser::signed_in(&world, "mara").await;
    let base = base(&world);
    says(&text(&browser.get(&base).await), &["There is no mission yet.", "Write the first one"]);
    let new = format!("{base}/new");
    let form = browser.get(&new).await;
    says(&text(&form), &["New mission", "Off: posts on X cost money", "Instagram", "Choose a channel"]);
    let channel = world.channel("#general").to_string();
    let mut fields = vec![
        ("title", "<b>Spring</b> launch"),
        ("text", "Our spring menu is here! See {link} and come by."),
        ("link", "https://lantern.example/spring"),
        ("platforms", "linkedin"),
        ("platforms", "threads"),
        ("ends", "someday"),
        ("audience", "everyone"),
    ];
    let refused = browser.post(&new, &fields).await;
    assert_eq!(refused.status, 422);
    says(&text(&refused), &["Write it as in 3d, friday 18:00", "Choose the channel that its card is posted in"]);
    assert!(refused.body.contains("value=\"someday\""), "what was typed stays");
    assert!(!refused.body.contains("<b>Spring"), "no markup of a title");
    fields.retain(|(name, _)| *name != "ends");
    fields.extend([("ends", "7d"), ("channel", channel.as_str())]);
    let preview = browser.post(&new, &[&fields[..], &[("act", "preview")]].concat()).await;
    assert_eq!(preview.status, 200, "{}", text(&preview));
    says(
        &text(&preview),
        &["What will appear", "of 3000 characters, as LinkedIn counts", "of 500 characters, as Threads counts"],
    );
    assert_eq!(world.db.column("SELECT COUNT(*) FROM missions"), ["0"], "a preview keeps nothing");
    let made = browser.submit(&new, &fields).await;
    says(
        &text(&made),
        &["The draft is kept.", "draft", "Push it", "Nothing is published before it is pushed.", "#general"],
    );
    let id = world.db.column("SELECT id FROM missions")[0].clone();
    let here = format!("{base}/{id}");
    let pushed = browser.submit(&format!("{here}/push"), &[]).await;
    says(&text(&pushed), &["The mission is live", "Close it", "Nobody has posted yet."]);
    world.settle().await;
    connect(&world, "ada", "linkedin", "Ada Lovelace").await;
    publish(&world, "ada", &card(&world, "Spring"), "LinkedIn").await.says("Published on LinkedIn");
    let post = world.posted(Platform::LinkedIn).pop().expect("a post");
    let slug = post.text.split("/l/").nth(1).and_then(|rest| rest.split(' ').next()).expect("a link").to_owned();
    for person in 0..12 {
        world.open_link(&slug, &Visitor::at(&format!("203.0.{person}.7"))).await;
    }
    world.clicks_are_counted().await;
    world.advance_minutes(7).await;
    let page = browser.get(&here).await;
    says(
        &text(&page),
        &["Published 1", "Clicks 12", "Points 16", "Clicks by day", "Ada LinkedIn published", "Its numbers"],
    );
    assert!(page.body.contains("data-chart") && page.body.contains(&post.id), "a chart, and the post's address");
    says(&text(&browser.get(&base).await), &["<b>Spring</b> launch", "live", "LinkedIn, Threads"]);
    let closed = browser.submit(&format!("{here}/close"), &[]).await;
    says(&text(&closed), &["The mission is closed.", "closed"]);
    assert!(!closed.body.contains("/close\""), "nothing to close any more");
    let late = browser.post(&format!("{here}/push"), &[]).await;
    assert_eq!(late.status, 422);
    says(&text(&late), &["This mission is closed. Write a new one."]);
    says(&text(&browser.get(&base).await), &["No mission is live, and there is no draft."]);
    says(&text(&browser.get(&format!("{base}?show=closed")).await), &["<b>Spring</b> launch", "12", "16"]);
}

#[tokio::test(start_paused = true)]
async fn a_mission_is_changed_by_one_person_at_a_time() {
    let world = World::new().await;
    let browser = Browser::signed_in(&world, "mara").await;
    let base = base(&world);
    let channel = world.channel("#general").to_string();
    let fields = |title: &'static str| {
        vec![("title", title), ("text", "Come by!"), ("platforms", "linkedin"), ("channel", channel.as_str())]
    };
    browser.get(&format!("{base}/new")).await;
    browser.submit(&format!("{base}/new"), &fields("Spring")).await;
    let id = world.db.column("SELECT id FROM missions")[0].clone();
    let edit = format!("{base}/{id}/edit");
    says(&text(&browser.get(&edit).await), &["Edit Spring", "What will appear", "Come by!"]);
    let with = |title, version| [&fields(title)[..], &[("version", version)]].concat();
    says(&text(&browser.submit(&edit, &with("Summer", "1")).await), &["Changed.", "Summer"]);
    let late = browser.post(&edit, &with("Autumn", "1")).await;
    assert_eq!(late.status, 422);
    says(&text(&late), &["Somebody else changed this mission while you wrote."]);
    assert!(late.body.contains("value=\"Autumn\"") && late.body.contains("name=\"version\" value=\"2\""));
    // A picture is needed, and shown where it is part of the post.
    let with_picture = [&with("Summer", "2")[..], &[("platforms", "instagram"), ("act", "preview")]].concat();
    says(&text(&browser.post(&edit, &with_picture).await), &["Instagram publishes pictures only"]);
    let with_picture = [&with_picture[..], &[("image", PICTURE)]].concat();
    says(&text(&browser.post(&edit, &with_picture).await), &["With the picture"]);
    // For chosen members.
    let ada = world.id("ada");
    let for_members = [&with("Summer", "2")[..], &[("audience", "members")]].concat();
    says(&text(&browser.post(&edit, &for_members).await), &["Choose 1 to 1000 members"]);
    let chosen = [&for_members[..], &[("members", ada.as_str())]].concat();
    says(&text(&browser.submit(&edit, &chosen).await), &["Changed.", "For Ada"]);
    assert!(browser.get(&edit).await.body.contains(&format!(">Ada ({ada})</textarea>")), "who was chosen stands there");
    assert_eq!(world.db.column("SELECT user_id FROM mission_assignees"), [ada]);
    world.jump(8 * 24 * 3_600_000).await;
    let browser = Browser::signed_in(&world, "mara").await;
    let late = browser.post(&format!("{base}/{id}/push"), &[]).await;
    says(&text(&late), &["This mission would have ended already. Give it another end first."]);
    let deleted = browser.submit(&format!("{base}/{id}/delete"), &[]).await;
    says(&text(&deleted), &["The draft is deleted.", "There is no mission yet."]);
    assert_eq!(browser.post(&format!("{base}/{id}/delete"), &[]).await.status, 303, "pressed twice");
    assert_eq!(browser.get(&format!("{base}/{id}")).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn chosen_members_are_written_by_name() {
    let world = World::new().await;
    let browser = Browser::signed_in(&world, "mara").await;
    let new = format!("{}/new", base(&world));
    let channel = world.channel("#general").to_string();
    let (ada, bela, chen) = (world.id("ada"), world.id("bela"), world.id("chen"));
    let with = |members: &str| {
        let fields = [
            ("title", "Spring"),
            ("text", "Come by!"),
            ("platforms", "linkedin"),
            ("channel", channel.as_str()),
            ("audience", "members"),
            ("members", members),
        ];
        fields.map(|(name, value)| (name, value.to_owned()))
    };
    let send = async |place: &str, fields: &[(&str, String)], more: &[(&str, &str)]| {
        world.advance(5_000).await;
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.submit(place, &[&fields[..], more].concat()).await
    };
    browser.get(&new).await;
    let member = |username: &str, nick: &str| {
        let mut sim = world.sim.borrow_mut();
        sim.add_user(NewUser { username: username.to_owned(), ..NewUser::default() });
        let nick = Some(nick.to_owned());
        sim.add_member(DEMO, username, NewMember { nick, ..NewMember::default() }).expect("joins");
        drop(sim);
        world.id(username)
    };
    let adam = member("adam.k", "Adam, of (4) <i>K</i>");
    // What fits nobody, or nobody from end to end, is named, with whom it may mean; everything typed stays.
    let typed = "Ada\nad, <b>Zed</b>";
    let refused = send(&new, &with(typed), &[]).await;
    assert_eq!(refused.status, 422);
    let why = format!(
        "No member is called just “ad”. Do you mean Ada ({ada}), Adam, of (4) <i>K</i> ({adam})? Write the whole name or the ID. \
         No member is called “<b>Zed</b>”."
    );
    says(&text(&refused), &[&why]);
    assert!(refused.body.contains(">Ada\nad, &#60;b&#62;Zed&#60;/b&#62;</textarea>"), "{}", refused.body);
    let double = member("lovelace", "ada");
    let several = send(&new, &with("ADA"), &[]).await;
    says(&text(&several), &[&format!("Several members are called “ADA”: Ada ({ada}), ada ({double}). Write the ID")]);
    let many: Vec<String> = (0..21).map(|n| format!("fan {n}")).collect();
    says(
        &text(&send(&new, &with(&many.join(",")), &[]).await),
        &["Muster looks up 20 names at a time, and these are 21."],
    );
    assert_eq!(world.db.column("SELECT COUNT(*) FROM missions"), ["0"]);
    // Names, @names, mentions and ids; a look shows whom they mean, and that is read as it stands.
    let typed = format!("@Bela,{ada}\r\nadam.k; <@!{chen}> {ada}");
    let shown = send(&new, &with(&typed), &[("act", "preview")]).await;
    let meant = format!("Béla ({bela}), Ada ({ada}), Adam of (4) <i>K</i> ({adam}), Chen ({chen})");
    assert_eq!(shown.status, 200);
    says(&text(&shown), &[&meant]);
    let made = send(&new, &with(&meant), &[]).await;
    says(&text(&made), &["The draft is kept."]);
    let names = text(&made);
    let (_, names) = names.split_once(" For ").expect("whom it is for");
    for name in ["Ada", "Béla", "Chen", "Adam, of (4) <i>K</i>"] {
        assert!(names.contains(name), "{name}: {names}");
    }
    let chosen = world.db.column("SELECT user_id FROM mission_assignees ORDER BY user_id");
    let left = chen.clone();
    let mut expected = vec![ada.clone(), bela, adam, chen];
    expected.sort();
    assert_eq!(chosen, expected);
    let id = world.db.column("SELECT id FROM missions")[0].clone();
    let edit = format!("{}/{id}/edit", base(&world));
    says(&text(&browser.get(&edit).await), &[&format!("Ada ({ada})"), "Adam of (4) <i>K</i> ("]);
    // Somebody who left is known by id alone.
    world.sim.borrow_mut().remove_member(DEMO, "chen").expect("leaves");
    world.jump(2 * 3_600_000).await;
    let form = text(&Browser::signed_in(&world, "mara").await.get(&edit).await);
    assert!(form.contains(&left) && !form.contains("Chen"), "{form}");
}

#[tokio::test(start_paused = true)]
async fn missions_are_for_whoever_may_and_of_one_guild() {
    let world = World::new().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let base = base(&world);
    mara.get(&format!("{base}/new")).await;
    let foreign = world.sim.borrow().channel_id(&format!("{OTHER_GUILD}/#general")).expect("a channel");
    let fields = [("title", "Spring"), ("text", "Come by!"), ("platforms", "linkedin"), ("channel", foreign.as_str())];
    let refused = mara.post(&format!("{base}/new"), &fields).await;
    assert_eq!(refused.status, 422);
    says(&text(&refused), &["Choose a text channel of this server"]);
    let ada = Browser::signed_in(&world, "ada").await;
    assert_eq!(ada.get(&base).await.status, 404, "nothing of the guild for members without a right");
    assert_eq!(ada.post(&format!("{base}/new"), &fields).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn engagement_is_drawn_by_the_day_on_which_it_came() {
    let world = World::new().await;
    let browser = Browser::signed_in(&world, "mara").await;
    let card = pushed(&world, "Threads").await;
    connect(&world, "ada", "threads", "ada.t").await;
    publish(&world, "ada", &card, "Threads").await;
    world.advance_minutes(2).await;
    let here = format!("{}/{}", base(&world), world.db.column("SELECT id FROM missions")[0]);
    assert!(!browser.get(&here).await.body.contains("Engagement by day"), "nothing to draw yet");
    let post = world.posted(Platform::Threads).pop().expect("a post").id;
    for (views, likes) in [(120, 0), (300, 31)] {
        for (name, value) in [("views", views), ("likes", likes)] {
            world.sim.borrow_mut().set_social_metric(Platform::Threads, &post, name, value).expect("set");
        }
        // A day with its hours: what is read again and again counts once.
        for _ in 0..24 {
            world.advance_minutes(61).await;
        }
    }
    let page = browser.get(&here).await;
    says(&text(&page), &["Views 300", "Engagement by day"]);
    let gained = world.db.column("SELECT views || ' ' || reactions FROM mission_engagement ORDER BY day");
    assert_eq!(gained, ["120 0", "180 31"]);
    let rows: Vec<&str> = page.body.split("<tr").filter(|row| row.contains(">120<") || row.contains(">180<")).collect();
    assert!(rows.len() >= 2, "both days stand in the table: {}", text(&page));
    let ledger = text(&browser.get(&format!("{}/ledger", base(&world))).await);
    says(&ledger, &["+5 Engagement “Spring launch”: 100 views on Threads"]);
}
