//! Purpose: `/config`: settings shown, changed, put back and looked up; who may; what a second delivery, a second admin
//! and a second isolate see.

use muster_sim::OTHER_GUILD;
use muster_tests::{DEMO, World};
use std::rc::Rc;

async fn set(world: &World, setting: &str, value: &str) -> muster_tests::Seen {
    world.slash("mara", "#general", &format!("/config set setting:{setting} value:\"{value}\"")).await
}

fn versions(world: &World) -> Vec<String> {
    world.db.column("SELECT version FROM guild_config")
}

fn audited(world: &World) -> Vec<String> {
    world
        .db
        .column("SELECT target || ': ' || before || ' > ' || after FROM audit_log WHERE action = 'config' ORDER BY id")
}

/// A mention of a role or channel, as Discord's client puts it into text.
fn role(world: &World, name: &str) -> String {
    format!("<@&{}>", world.sim.borrow().role(DEMO, name).unwrap().id)
}

fn channel(world: &World, name: &str) -> String {
    format!("<#{}>", world.sim.borrow().channel_id(name).unwrap())
}

#[tokio::test(start_paused = true)]
async fn every_setting_is_shown_with_what_it_means() {
    let world = World::new().await;
    let seen = world.slash("mara", "#general", "/config show").await;
    for part in [
        "time_zone",
        "UTC",
        "color",
        "#D98E04",
        "giveaway_managers",
        "nobody else",
        "giveaway_log_channel",
        "giveaway_claim_seconds",
        "5 minutes",
        "giveaway_reroll_limit",
        "giveaway_winner_cooldown_days",
        "off",
        "/config set",
    ] {
        seen.says(part);
    }
    assert!(seen.private);
}

#[tokio::test(start_paused = true)]
async fn each_setting_takes_good_values_and_is_put_back() {
    let world = World::new().await;
    let (member, log) = (role(&world, "Member"), channel(&world, "#giveaway-log"));
    let cases = [
        ("time_zone", "europe/berlin", "Europe/Berlin", "UTC"),
        ("color", "#2f6f5e", "#2F6F5E", "#D98E04"),
        ("color", "5865F2", "#5865F2", "#D98E04"),
        ("giveaway_managers", member.as_str(), member.as_str(), "nobody else"),
        ("giveaway_log_channel", log.as_str(), log.as_str(), "none"),
        ("giveaway_claim_seconds", "2h", "2 hours", "5 minutes"),
        ("giveaway_reroll_limit", "0", "0", "3"),
        ("giveaway_winner_cooldown_days", "7", "7 days", "off"),
    ];
    for (setting, typed, shown, default) in cases {
        set(&world, setting, typed).await.says(&format!("**{setting}** is now {shown}"));
        world.slash("mara", "#general", "/config show").await.says(shown);
        let back = world.slash("mara", "#general", &format!("/config reset setting:{setting}")).await;
        back.says(&format!("is now {default} (was {shown})"));
    }
    assert_eq!(world.db.column("SELECT settings FROM guild_config"), ["{}"]);
    assert_eq!(audited(&world).len(), cases.len() * 2);
}

#[tokio::test(start_paused = true)]
async fn bad_values_get_a_sentence_and_change_nothing() {
    let world = World::new().await;
    let user = format!("<@{}>", world.id("bela"));
    let cases = [
        ("time_zone", "Europe/Atlantis", "no time zone"),
        ("color", "red", "six hex digits"),
        ("color", "#12345é", "six hex digits"),
        ("color", "+12345", "six hex digits"),
        ("giveaway_managers", "everyone", "between one and ten roles"),
        ("giveaway_managers", user.as_str(), "between one and ten roles"),
        ("giveaway_managers", "<@&99999999999999999999>", "between one and ten roles"),
        ("giveaway_managers", "<@&00000000000000000>", "between one and ten roles"),
        ("giveaway_log_channel", "general", "Mention one channel"),
        ("giveaway_log_channel", "<#99999999999999999999>", "Mention one channel"),
        ("giveaway_log_channel", "<#123456789012345678>", "channel of this server"),
        ("giveaway_claim_seconds", "5", "Write a duration between 30 seconds and 14 days"),
        ("giveaway_claim_seconds", "29s", "Write a duration"),
        ("giveaway_claim_seconds", "15d", "Write a duration"),
        ("giveaway_reroll_limit", "51", "from 0 to 50"),
        ("giveaway_reroll_limit", "-1", "from 0 to 50"),
        ("giveaway_winner_cooldown_days", "366", "from 0 to 365"),
        ("giveaway_winner_cooldown_days", "NaN", "from 0 to 365"),
        ("colour", "#112233", "There is no setting of that name"),
        ("giveaway_log_channel') --", "none", "There is no setting of that name"),
    ];
    for (setting, value, expected) in cases {
        let seen = set(&world, setting, value).await;
        assert!(seen.text.contains(expected), "{setting} {value}: {}", seen.text);
    }
    assert!(versions(&world).is_empty() && audited(&world).is_empty(), "{:?}", audited(&world));
}

#[tokio::test(start_paused = true)]
async fn a_log_channel_of_another_server_is_refused() {
    let world = World::new().await;
    let foreign = channel(&world, &format!("{OTHER_GUILD}/#general"));
    set(&world, "giveaway_log_channel", &foreign).await.says("of this server");
    world.slash("mara", "#general", "/giveaway start prize:Lamp ends:10m").await.says("on its way");
    world.slash("mara", "#general", "/giveaway edit giveaway:Lamp winners:2").await.says("changed");
    world.advance_minutes(11).await;
    let there = world.public(&format!("{OTHER_GUILD}/#general"));
    assert!(there.iter().all(|message| !message.text().contains("Lamp")), "{there:?}");
}

#[tokio::test(start_paused = true)]
async fn history_tells_who_changed_what_and_who_tried_without_the_right() {
    let world = World::new().await;
    world.slash("mara", "#general", "/config history").await.says("Nothing has been changed yet");
    set(&world, "giveaway_reroll_limit", "5").await.says("is now 5");
    world.slash("jonas", "#general", "/config set setting:giveaway_reroll_limit value:9").await.says("was 5");
    world.slash("bela", "#general", "/giveaway start prize:Lamp ends:1h").await.says("Manage Server");
    let (mara, jonas, bela) = (world.id("mara"), world.id("jonas"), world.id("bela"));
    let seen = world.slash("mara", "#general", "/config history").await;
    seen.says(&format!("<@{mara}> · config giveaway\\_reroll\\_limit from 3 to 5 · by interaction"));
    seen.says(&format!("<@{jonas}> · config giveaway\\_reroll\\_limit from 5 to 9 · by interaction"));
    seen.says(&format!("<@{bela}> · denied giveaway"));
    assert!(seen.private && seen.message.as_ref().is_some_and(|message| message.pinged.is_empty()));
    let other = world.slash("bela", &format!("{OTHER_GUILD}/#general"), "/config history").await;
    other.says("Nothing has been changed yet");
}

#[tokio::test(start_paused = true)]
async fn a_second_delivery_changes_nothing_even_when_somebody_else_was_there_between() {
    let world = World::new().await;
    let line = "/config set setting:giveaway_reroll_limit value:5";
    let first = world.sim.borrow_mut().slash("mara", "#general", line).unwrap();
    world.deliver("mara", first.clone()).await.says("is now 5 (was 3)");
    let answer = muster_core::interaction(&world.ctx(), &first.body).await;
    assert!(answer.body.contains("is now 5 (was 3)"), "{}", answer.body);
    assert_eq!((versions(&world), audited(&world).len()), (vec!["1".to_owned()], 1));
    world
        .slash("jonas", "#general", "/config set setting:giveaway_reroll_limit value:9")
        .await
        .says("is now 9 (was 5)");
    muster_core::interaction(&world.ctx(), &first.body).await;
    world.slash("mara", "#general", "/config show").await.says("giveaway_reroll_limit\n9");
    let reset =
        world.sim.borrow_mut().slash("mara", "#general", "/config reset setting:giveaway_reroll_limit").unwrap();
    world.deliver("mara", reset.clone()).await.says("is now 3 (was 9)");
    set(&world, "giveaway_reroll_limit", "7").await.says("is now 7");
    muster_core::interaction(&world.ctx(), &reset.body).await;
    world.slash("mara", "#general", "/config show").await.says("giveaway_reroll_limit\n7");
    assert_eq!((versions(&world), audited(&world).len()), (vec!["4".to_owned()], 4));
}

#[tokio::test(start_paused = true)]
async fn two_admins_changing_different_settings_at_once_keep_both() {
    for seed in 1..20 {
        let world = World::new().await;
        world.interleave(seed);
        let line = |setting: &str| format!("/config set setting:{setting} value:7");
        let one = world.sim.borrow_mut().slash("mara", "#general", &line("giveaway_reroll_limit")).unwrap();
        let other = world.sim.borrow_mut().slash("jonas", "#general", &line("giveaway_winner_cooldown_days")).unwrap();
        tokio::join!(world.deliver("mara", one), world.deliver("jonas", other));
        let stored = world.db.column("SELECT settings FROM guild_config").remove(0);
        assert!(stored.contains("\"giveaway_reroll_limit\":7") && stored.contains("days\":7"), "seed {seed}: {stored}");
    }
}

#[tokio::test(start_paused = true)]
async fn another_isolate_may_show_old_colours_but_never_decides_by_old_rights() {
    let world = World::new().await;
    let booster = role(&world, "Booster");
    set(&world, "giveaway_managers", &booster).await.says("is now");
    set(&world, "color", "#112233").await.says("is now");
    world.slash("ada", "#general", "/giveaway start prize:Lamp ends:1h").await.says("on its way");
    world.slash("ada", "#general", "/giveaway list").await.says("Lamp");
    // Elsewhere the right is taken away and the colour changed; this isolate has just read both.
    let here = world.in_isolate(Rc::default());
    set(&world, "giveaway_managers", "none").await.says("nobody else");
    set(&world, "color", "#445566").await.says("is now");
    world.in_isolate(here);
    let list = world.slash("ada", "#general", "/giveaway list").await;
    assert_eq!(list.message.unwrap().json["embeds"][0]["color"], 0x11_22_33, "display may be half a minute old");
    world.slash("ada", "#general", "/giveaway start prize:Vase ends:1h").await.says("Manage Server");
    world.advance(31_000).await;
    let list = world.slash("ada", "#general", "/giveaway list").await;
    assert_eq!(list.message.unwrap().json["embeds"][0]["color"], 0x44_55_66);
}

#[tokio::test(start_paused = true)]
async fn only_manage_server_changes_settings_and_a_manager_role_does_not_suffice() {
    let world = World::new().await;
    let booster = role(&world, "Booster");
    set(&world, "giveaway_managers", &booster).await.says("is now");
    // The client hides the command; Discord's admins can show it to anyone, and a tampered client sends it anyway.
    let line = format!("/config set setting:giveaway_managers value:{}", role(&world, "Member"));
    let refused = world.slash("ada", "#general", &line).await;
    refused.says("do not have permission");
    for line in ["/config show", "/config history", "/config reset setting:giveaway_managers", line.as_str()] {
        let delivery = world.sim.borrow_mut().slash("mara", "#general", line).unwrap();
        let mut body: serde_json::Value = serde_json::from_slice(&delivery.body).unwrap();
        body["member"]["user"]["id"] = world.id("ada").into();
        body["member"]["permissions"] = "2048".into();
        body["member"]["roles"] = serde_json::json!([booster.trim_matches(|c: char| !c.is_ascii_digit())]);
        let answer = muster_core::interaction(&world.ctx(), body.to_string().as_bytes()).await;
        assert!(answer.body.contains("Manage Server"), "{line}: {}", answer.body);
        assert!(!answer.body.contains("manager roles"), "{line} names a way that does not exist: {}", answer.body);
    }
    world.slash("mara", "#general", "/config show").await.says(&booster);
}

#[tokio::test(start_paused = true)]
async fn settings_and_their_values_are_suggested() {
    let world = World::new().await;
    let names = |choices: Vec<muster_sim::Choice>| -> Vec<String> {
        choices.into_iter().map(|choice| choice.value.as_str().unwrap_or_default().to_owned()).collect()
    };
    let settings = names(world.suggestions("mara", &["config", "set", "setting"], &[], "").await);
    assert_eq!(settings.len(), 7, "{settings:?}");
    assert_eq!(names(world.suggestions("mara", &["config", "reset", "setting"], &[], "ZONE").await), ["time_zone"]);
    let given = [("setting", "time_zone")];
    let zones = names(world.suggestions("mara", &["config", "set", "value"], &given, "berl").await);
    assert_eq!(zones, ["Europe/Berlin"]);
    let zones = names(world.suggestions("mara", &["config", "set", "value"], &given, "new york").await);
    assert_eq!(zones, ["America/New_York"]);
    assert!(names(world.suggestions("mara", &["config", "set", "value"], &given, "").await).len() <= 25);
    let none = world.suggestions("mara", &["config", "set", "value"], &[("setting", "nothing")], "x").await;
    assert!(none.is_empty());
    for value in names(world.suggestions("mara", &["config", "set", "value"], &[("setting", "color")], "").await) {
        set(&world, "color", &value).await.says("is now");
    }
}

#[tokio::test(start_paused = true)]
async fn settings_of_one_server_are_not_those_of_another() {
    let world = World::new().await;
    set(&world, "giveaway_reroll_limit", "9").await.says("is now 9");
    let seen = world.slash("bela", &format!("{OTHER_GUILD}/#general"), "/config show").await;
    seen.says("giveaway_reroll_limit\n3");
}
