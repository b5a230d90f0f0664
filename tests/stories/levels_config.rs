//! Purpose: `/levels config`: the card, its buttons, selects and forms, who may, bad input, and two admins at once.

use muster_core::{guild_config::GuildConfig, xp::LevelSettings};
use muster_sim::OTHER_GUILD;
use muster_tests::{Seen, World, gateway::Sidecar};

async fn open(world: &World, who: &str) -> Seen {
    world.slash(who, "#general", "/levels config").await
}

fn message_id(seen: &Seen) -> &str {
    &seen.message.as_ref().unwrap_or_else(|| panic!("no message: {}", seen.text)).id
}

async fn press(world: &World, who: &str, seen: &Seen, label: &str) -> Seen {
    world.press(who, message_id(seen), label).await
}

/// Opens a form of the card and fills it in.
async fn fill(world: &World, who: &str, seen: &Seen, label: &str, fields: &[(&str, &str)]) -> Seen {
    let form = press(world, who, seen, label).await;
    world.submit(who, form.modal.as_ref().expect("a form"), fields).await
}

fn stored(world: &World) -> LevelSettings {
    let document = world.db.column("SELECT settings FROM guild_config").pop().unwrap_or_else(|| "{}".to_owned());
    serde_json::from_str::<GuildConfig>(&document).expect("a configuration").levels
}

#[tokio::test(start_paused = true)]
async fn switched_on_people_earn_and_the_card_says_all_there_is() {
    let (world, sidecar) = (World::new().await, Sidecar::default());
    let card = open(&world, "mara").await;
    assert!(card.private);
    for part in [
        "Levels are off",
        "never connected",
        "15 to 25 XP a message",
        "once in 1 minute",
        "5 XP a minute in voice",
        "level 10 at 4,675 XP",
        "where the level was reached",
        "reached **level 5**",
        "remembered for 30 days",
        "only this server",
    ] {
        card.says(part);
    }
    sidecar.earn(&world, "bela", 100, 0).await;
    assert_eq!(world.count_with("#general", "level 1"), 0);
    press(&world, "mara", &card, "Switch on").await.says("Levels are on").says("is connected");
    sidecar.earn(&world, "bela", 100, 0).await;
    assert_eq!(world.count_with("#general", "level 1"), 1);
    let again = press(&world, "mara", &card, "Switch off").await;
    again.says("Levels are off");
    let history = world.slash("mara", "#general", "/config history").await;
    history.says("levels: on or off from off to on").says("from on to off");
    world.slash("bela", "#general", "/help").await.says("/levels config");
}

#[tokio::test(start_paused = true)]
async fn numbers_are_set_in_a_form_and_bad_ones_keep_what_was_typed() {
    let world = World::new().await;
    let card = open(&world, "mara").await;
    let good = fill(&world, "mara", &card, "XP and", &[("min_xp", "5"), ("cooldown", "30"), ("voice_xp", "0")]).await;
    good.says("5 to 25 XP a message, once in 30 seconds").says("nothing for voice");
    let bad = fill(&world, "mara", &card, "XP and", &[("min_xp", "7"), ("max_xp", "lots")]).await;
    bad.says("The most XP for a message is a whole number from 1 to 1000, not “lots”").says("Nothing was changed");
    let form = press(&world, "mara", &bad, "Fill it in again").await.modal.expect("the form again");
    let json = serde_json::to_string(&form.json).expect("JSON");
    assert!(json.contains("\"lots\"") && json.contains("\"7\"") && json.contains("\"30\""), "{json}");
    world.submit("mara", &form, &[("max_xp", "9")]).await.says("7 to 9 XP a message, once in 30 seconds");
    let turned = fill(&world, "mara", &card, "XP and", &[("min_xp", "10")]).await;
    turned.says("at least 10 and at most 9");
    for field in ["-1", "1e3", "٣", "9999", "@e"] {
        fill(&world, "mara", &card, "XP and", &[("min_xp", field)]).await.says("whole number from 0 to 1000");
    }
    assert_eq!((stored(&world).text.min_xp, stored(&world).text.max_xp), (7, 9));
}

#[tokio::test(start_paused = true)]
async fn two_admins_with_the_same_form_open_do_not_undo_each_other() {
    let world = World::new().await;
    let (mara, jonas) = (open(&world, "mara").await, open(&world, "jonas").await);
    let one = press(&world, "mara", &mara, "XP and").await.modal.expect("a form");
    let other = press(&world, "jonas", &jonas, "XP and").await.modal.expect("a form");
    world.submit("mara", &one, &[("min_xp", "1")]).await.says("1 to 25 XP");
    world.submit("jonas", &other, &[("cooldown", "10")]).await.says("1 to 25 XP a message, once in 10 seconds");
    let one = press(&world, "mara", &mara, "Quiet").await.modal.expect("a form");
    let other = press(&world, "jonas", &jonas, "Quiet").await.modal.expect("a form");
    world.submit("mara", &one, &[("quiet", "6, 1-4")]).await.says("quiet at levels 1-4, 6");
    world.submit("jonas", &other, &[("days", "7")]).await.says("quiet at levels 1-4, 6").says("remembered for 7 days");
}

#[tokio::test(start_paused = true)]
async fn changes_at_the_same_moment_are_all_kept() {
    for seed in 1..20 {
        let world = World::new().await;
        let (mara, jonas) = (open(&world, "mara").await, open(&world, "jonas").await);
        let one = world.press_delivery("mara", message_id(&mara), "Switch on");
        let other = world.press_delivery("jonas", message_id(&jonas), "Show the board");
        let set = "/config set setting:giveaway_reroll_limit value:7";
        let third = world.sim.borrow_mut().slash("mara", "#general", set).expect("a command");
        world.interleave(seed);
        tokio::join!(world.deliver("mara", one.clone()), world.deliver("jonas", other), world.deliver("mara", third));
        let levels = stored(&world);
        assert!(levels.enabled && levels.public, "seed {seed}: {levels:?}");
        let document = world.db.column("SELECT settings FROM guild_config").remove(0);
        assert!(document.contains("\"giveaway_reroll_limit\":7"), "seed {seed}: {document}");
        // Discord delivers the first press once more, after somebody has switched levels off again.
        press(&world, "mara", &mara, "Switch off").await.says("Levels are off");
        world.deliver("mara", one).await;
        assert!(!stored(&world).enabled, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_curve_is_shown_with_what_it_means_before_it_is_saved() {
    let (world, sidecar) = (World::new().await, Sidecar::default());
    let card = press(&world, "mara", &open(&world, "mara").await, "Switch on").await;
    let preview = fill(&world, "mara", &card, "Curve", &[("base", "50"), ("exponent", "1,5")]).await;
    preview.says("Curve, not saved yet").says("base 50, exponent 1.50");
    let text = &preview.text;
    for part in ["    1         50        100         3  3 min", "  100", "1,899,250"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(stored(&world).curve.base, 100);
    let back = press(&world, "mara", &preview, "Back").await;
    back.says("base 100, exponent 2.00");
    let preview = fill(&world, "mara", &back, "Curve", &[("base", "50"), ("exponent", "1.5")]).await;
    let form = press(&world, "mara", &preview, "Change").await.modal.expect("a form");
    let json = serde_json::to_string(&form.json).expect("JSON");
    assert!(json.contains("\"50\"") && json.contains("\"1.50\""), "{json}");
    // Somebody else saves another curve while this preview stands there.
    let theirs = fill(&world, "jonas", &open(&world, "jonas").await, "Curve", &[("base", "70")]).await;
    press(&world, "jonas", &theirs, "Save").await.says("The curve is saved");
    let moved = press(&world, "mara", &preview, "Save").await;
    moved.says("Somebody changed the curve while you looked").says("70");
    press(&world, "mara", &moved, "Save").await.says("base 50, exponent 1.50");
    sidecar.earn(&world, "bela", 50, 0).await;
    assert_eq!(world.count_with("#general", "level 1"), 1);
    let bad = fill(&world, "mara", &card, "Curve", &[("base", "50"), ("exponent", "1.1")]).await;
    bad.says("in steps of 0.25, like 1.5 or 2, not “1.1”");
    let form = press(&world, "mara", &bad, "Fill it in again").await.modal.expect("a form");
    assert!(serde_json::to_string(&form.json).expect("JSON").contains("\"1.1\""));
}

#[tokio::test(start_paused = true)]
async fn announcements_go_where_and_in_the_words_that_were_chosen() {
    let (world, sidecar) = (World::new().await, Sidecar::default());
    let card = press(&world, "mara", &open(&world, "mara").await, "Switch on").await;
    let id = message_id(&card).to_owned();
    world.choose_in("mara", &id, ":channel", &["giveaways"]).await.says("New levels are said").says("in <#");
    let words = "@everyone {user} went from {previous} to {level}, {lvl}";
    let saved = fill(&world, "mara", &card, "Words", &[("words", words)]).await;
    saved.says("went from 4 to 5").says("\\{lvl} is nothing that Muster fills in".trim_start_matches('\\'));
    fill(&world, "mara", &card, "Quiet", &[("quiet", "2"), ("days", "30")]).await.says("quiet at levels 2");
    sidecar.earn(&world, "bela", 100, 0).await;
    let said = world.message_with("#giveaways", "went from 0 to 1");
    assert_eq!(said.pinged, [world.id("bela")], "words ping nobody but the member: {said:?}");
    sidecar.earn(&world, "bela", 155, 0).await;
    sidecar.earn(&world, "bela", 220, 0).await;
    assert_eq!(world.count_with("#giveaways", "went from"), 2, "level 2 is quiet, level 3 is not");
    world.choose_in("mara", &id, ":place", &["direct"]).await.says("by direct message");
    sidecar.earn(&world, "bela", 500, 0).await;
    assert_eq!(world.count_with("#giveaways", "went from"), 2);
    world.choose_in("mara", &id, ":place", &["off"]).await.says("nowhere");
    let dull = fill(&world, "mara", &card, "Words", &[("words", "")]).await;
    dull.says("reached **level 5**");
    let winners = world.choose_in("mara", &id, ":winners", &["general"]).await;
    winners.says("Winners of weeks and months\nin <#");
    world.choose_in("mara", &id, ":winners", &[]).await.says("Winners of weeks and months\nnowhere");
    let bad = fill(&world, "mara", &card, "Quiet", &[("quiet", "4-1"), ("days", "30")]).await;
    bad.says("“4-1” is no level or range of levels");
    let form = press(&world, "mara", &bad, "Fill it in again").await.modal.expect("a form");
    assert!(serde_json::to_string(&form.json).expect("JSON").contains("\"4-1\""));
}

#[tokio::test(start_paused = true)]
async fn a_channel_where_muster_may_not_post_is_refused_with_what_is_missing() {
    let world = World::new().await;
    let card = open(&world, "mara").await;
    let foreign = world.sim.borrow().channel_id(&format!("{OTHER_GUILD}/#general")).expect("a channel");
    for what in ["channel", "winners"] {
        let forged = |values: &[String]| {
            world.sim.borrow_mut().forge_component(
                "mara",
                "#general",
                message_id(&card),
                &format!("1:levels:config:{what}"),
                values,
            )
        };
        let delivery = forged(std::slice::from_ref(&foreign)).expect("sent");
        world.deliver("mara", delivery).await.says("text channel of this server");
        let delivery = forged(&["none' OR 1".to_owned()]).expect("sent");
        world.deliver("mara", delivery).await.says("another version");
    }
    assert_eq!(stored(&world), LevelSettings::default());
}

#[tokio::test(start_paused = true)]
async fn only_manage_server_sees_or_changes_anything() {
    let world = World::new().await;
    open(&world, "bela").await.says("permission");
    let card = open(&world, "mara").await;
    let ids = ["enabled:on", "public:on", "stack:off", "numbers", "curve", "words", "more", "save:50:8:100:8", "card"];
    for id in ids {
        let seen = world.forge("bela", "#general", message_id(&card), &format!("1:levels:config:{id}")).await;
        seen.says("You need **Manage Server**");
    }
    let data = serde_json::json!({ "custom_id": "1:levels:config:words", "components": [] });
    let delivery = world.sim.borrow_mut().forge_modal("bela", "#general", data).expect("sent");
    world.deliver("bela", delivery).await.says("You need **Manage Server**");
    assert_eq!(stored(&world), LevelSettings::default());
    for id in ["nothing", "save:1:1:1:1", "save:99999999999:8:100:8", "save"] {
        let seen = world.forge("mara", "#general", message_id(&card), &format!("1:levels:config:{id}")).await;
        seen.says("another version");
    }
    world.forge("mara", "#general", message_id(&card), "1:levels:config:numbers:1.2.3.4.x:zz").await;
}

#[tokio::test(start_paused = true)]
async fn setup_says_what_levels_still_need() {
    let (world, sidecar) = (World::new().await, Sidecar::default());
    let setup = async || {
        // Discord's limits are per moment: people look at these one after the other.
        world.advance(10_000).await;
        world.slash("mara", "#general", "/setup").await
    };
    setup()
        .await
        .says("Everything is in place")
        .says("Levels are off. `/levels config` switches them on")
        .says("never connected");
    let card = press(&world, "mara", &open(&world, "mara").await, "Switch on").await;
    setup().await.says("1 thing to look at").says("⚠️ Levels are on. The gateway sidecar was never connected");
    sidecar.earn(&world, "bela", 5, 0).await;
    world.choose_in("mara", message_id(&card), ":channel", &["giveaways"]).await.says("in <#");
    world.choose_in("mara", message_id(&card), ":winners", &["staff"]).await.says("in <#");
    world.slash("mara", "#general", "/levels rewards add level:5 role:Newcomer").await.says("level 5");
    let fine = setup().await;
    fine.says("✅ Levels are on. The gateway sidecar is connected").says("✅ New levels <#").says("✅ Winners <#");
    fine.says("Muster can give every role for levels").says("Everything is in place");
    {
        let mut sim = world.sim.borrow_mut();
        let guild = sim.guild_id(muster_tests::DEMO).expect("the guild");
        sim.order_roles(&guild, &["Owner", "Moderator", "Newcomer", "Muster", "Booster", "Member"]).expect("moved");
        sim.remove_channel("#staff").expect("removed");
    }
    let seen = setup().await;
    seen.says("2 things to look at").says("1 of the roles for levels cannot be given").says("⚠️ Winners <#");
    world.advance_minutes(60).await;
    setup().await.says("last heard of 1 hour").says("Nobody earns anything until it is back");
}
