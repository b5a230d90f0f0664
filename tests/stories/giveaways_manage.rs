//! Purpose: running giveaways: edit, pause, end, cancel, lists, defaults, logs, and what happens when channels vanish.

use crate::people::{crowd, start};
use muster_core::ctx::Memory;
use muster_sim::{Fault, FaultKind, Message, OTHER_GUILD};
use muster_tests::{DEMO, World};
use serde_json::{Value, json};
use std::rc::Rc;

fn one(world: &World, sql: &str) -> String {
    world.db.column(sql).remove(0)
}

fn state(world: &World, prize: &str) -> String {
    one(world, &format!("SELECT state FROM giveaways WHERE prize = '{prize}'"))
}

async fn enter(world: &World, card: &Message, people: &[&str]) {
    for who in people {
        world.press(who, &card.id, "Enter").await.says("You are in");
    }
}

/// The card as it is now.
fn card(world: &World, id: &str) -> Message {
    world.sim.borrow().message(id).expect("the card is there")
}

async fn mara(world: &World, line: &str) -> muster_tests::Seen {
    world.slash("mara", "#general", &format!("/giveaway {line}")).await
}

async fn configure(world: &World, setting: &str, value: &str) {
    let line = format!("/config set setting:{setting} value:\"{value}\"");
    world.slash("mara", "#general", &line).await.says("is now");
}

async fn with_log_channel(world: &World) {
    let log = world.sim.borrow().channel_id("#giveaway-log").unwrap();
    configure(world, "giveaway_log_channel", &format!("<#{log}>")).await;
}

#[tokio::test(start_paused = true)]
async fn every_option_can_be_edited_and_the_card_shows_it() {
    let world = World::new().await;
    let id = start(&world, "Lamp", "ends:1h").await.id;
    mara(&world, "edit giveaway:Lamp").await.says("Say what to change");
    mara(&world, "edit giveaway:Lamp prize:\"A *better* lamp\" winners:3 description:\"With a shade\" image:https://example.com/lamp.png claim_window:30m reroll_limit:7 ends:3h")
        .await
        .says("was changed");
    let text = card(&world, &id).text();
    for part in ["A *better* lamp", "With a shade", "Winners\n3", &format!("<t:{}:F>", world.now() / 1_000 + 3 * 3_600)]
    {
        assert!(text.contains(part), "{part} is missing in:\n{text}");
    }
    assert_eq!(card(&world, &id).json["embeds"][0]["image"]["url"], "https://example.com/lamp.png");
    assert_eq!(one(&world, "SELECT claim_seconds || ' ' || reroll_limit FROM giveaways"), "1800 7");
    for (bad, expected) in [
        ("image:http://example.com/a.png", "https://"),
        ("claim_window:5", "claim window"),
        ("ends:yesterday", "not a time"),
        ("ends:\"2025-02-01 10:00\"", "in the past"),
        ("prize:\" \"", "Say what can be won"),
    ] {
        mara(&world, &format!("edit giveaway:better {bad}")).await.says(expected);
    }
    world.advance_minutes(61).await;
    assert_eq!(one(&world, "SELECT state FROM giveaways"), "active", "the new end counts");
    world.advance_minutes(121).await;
    world.message_with("#general", "nobody is left who qualifies");
    mara(&world, "edit giveaway:better prize:Vase").await.says("has already ended");
    assert!(card(&world, &id).text().contains("A *better* lamp"));
}

#[tokio::test(start_paused = true)]
async fn nothing_of_a_running_giveaway_can_be_done_to_one_that_is_over() {
    let world = World::new().await;
    start(&world, "Lamp", "ends:10m").await;
    world.advance_minutes(11).await;
    for line in ["pause", "end", "cancel"] {
        mara(&world, &format!("{line} giveaway:Lamp")).await.says("has already ended");
    }
    mara(&world, "resume giveaway:Lamp").await.says("is not paused");
    start(&world, "Vase", "ends:10m").await;
    mara(&world, "reroll giveaway:Vase").await.says("Only an ended giveaway");
    mara(&world, "cancel giveaway:Vase").await.says("is cancelled");
    for line in ["pause", "end", "cancel"] {
        mara(&world, &format!("{line} giveaway:Vase")).await.says("was cancelled");
    }
    mara(&world, "reroll giveaway:Vase").await.says("Only an ended giveaway");
}

#[tokio::test(start_paused = true)]
async fn a_pause_for_a_while_resumes_by_itself_with_the_time_that_was_left() {
    let world = World::new().await;
    let lamp = start(&world, "Lamp", "ends:30m").await;
    enter(&world, &lamp, &["bela"]).await;
    world.advance_minutes(10).await;
    mara(&world, "pause giveaway:Lamp for:soon").await.says("Write how long");
    mara(&world, "pause giveaway:Lamp for:2h").await.says("is paused and goes on <t:");
    mara(&world, "pause giveaway:Lamp").await.says("already paused");
    let paused = card(&world, &lamp.id);
    assert!(paused.text().contains("19 minutes 59 seconds left, goes on"), "{}", paused.text());
    assert!(paused.button("Enter (1)").is_none(), "nobody can press while it is paused");
    world.advance_minutes(119).await;
    assert_eq!(state(&world, "Lamp"), "paused");
    world.advance_minutes(2).await;
    assert_eq!(state(&world, "Lamp"), "active");
    assert!(card(&world, &lamp.id).button("Enter (1)").is_some());
    enter(&world, &lamp, &["chen"]).await;
    world.advance_minutes(18).await;
    assert_eq!(state(&world, "Lamp"), "active");
    world.advance_minutes(2).await;
    world.message_with("#general", "Congratulations");
}

#[tokio::test(start_paused = true)]
async fn ended_early_is_drawn_at_once() {
    let world = World::new().await;
    let lamp = start(&world, "Lamp", "ends:1d").await;
    enter(&world, &lamp, &["bela", "chen"]).await;
    mara(&world, "end giveaway:Lamp").await.says("has ended");
    world.message_with("#general", "Congratulations");
    assert_eq!(state(&world, "Lamp"), "claiming");
    world.advance_minutes(5).await;
    assert_eq!(world.count_with("#general", "Congratulations"), 2, "claims lapse by the clock");
    let vase = start(&world, "Vase", "ends:1d").await;
    enter(&world, &vase, &["bela"]).await;
    mara(&world, "pause giveaway:Vase").await.says("is paused");
    mara(&world, "end giveaway:Vase").await.says("has ended");
    assert_eq!(state(&world, "Vase"), "claiming");
}

#[tokio::test(start_paused = true)]
async fn ended_early_while_discord_does_not_answer_is_drawn_a_little_later() {
    let world = World::new().await;
    let lamp = start(&world, "Lamp", "ends:1d").await;
    enter(&world, &lamp, &["bela", "chen"]).await;
    let down = FaultKind::Status { status: 503, code: 0, message: String::new() };
    world.sim.borrow_mut().add_fault(Fault::always("GET", "/guilds/{guild_id}/members/{user_id}", down));
    mara(&world, "end giveaway:Lamp").await.says("has ended");
    assert_eq!(state(&world, "Lamp"), "drawing");
    world.sim.borrow_mut().clear_faults();
    world.advance_minutes(1).await;
    assert_eq!(world.message_with("#general", "Congratulations").pinged.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn ended_early_with_too_few_entrants_says_what_became_of_it() {
    let world = World::new().await;
    start(&world, "Lamp", "ends:1h min_entrants:5").await;
    mara(&world, "end giveaway:Lamp").await.says("extended");
    assert_eq!(state(&world, "Lamp"), "active");
    start(&world, "Vase", "ends:1h min_entrants:5 if_too_few:cancel").await;
    mara(&world, "end giveaway:Vase").await.says("cancelled");
    assert_eq!(state(&world, "Vase"), "cancelled");
}

#[tokio::test(start_paused = true)]
async fn a_cancel_says_why_and_pings_nobody() {
    let world = World::new().await;
    let lamp = start(&world, "Lamp", "ends:1h").await;
    enter(&world, &lamp, &["bela"]).await;
    let bela = world.id("bela");
    mara(&world, &format!("cancel giveaway:Lamp reason:\"@everyone the **shop** lost it <@{bela}>\""))
        .await
        .says("is cancelled");
    let told = world.message_with("#general", "was cancelled by");
    assert!(told.text().contains("\\*\\*shop\\*\\*"), "{}", told.text());
    assert!(told.pinged.is_empty() && world.sim.borrow().pings("bela").is_empty());
    let after = card(&world, &lamp.id);
    assert!(after.text().contains("Cancelled") && after.button("Enter (1)").is_none(), "{}", after.text());
    world.advance_minutes(120).await;
    assert_eq!(world.count_with("#general", "Congratulations"), 0);
    assert_eq!(one(&world, "SELECT COUNT(*) FROM giveaway_picks"), "0");
    mara(&world, "verify giveaway:Lamp").await.says("not happened yet");
}

#[tokio::test(start_paused = true)]
async fn text_of_people_shows_plainly_and_pings_nobody_wherever_it_goes() {
    let world = World::new().await;
    with_log_channel(&world).await;
    let (bela, member) = (world.id("bela"), world.sim.borrow().role(DEMO, "Member").unwrap().id);
    let texts = [
        format!("@everyone @here <@{bela}> <@!{bela}> <@&{member}>"),
        "@\u{200b}everyone \u{202e}enoyreve@ ＠everyone".to_owned(),
        "**bold** [free](https://evil.example) ||spoiler|| `code` # big > quote".to_owned(),
        "👨‍👩‍👧‍👦".repeat(28),
        "e\u{301}".repeat(100),
        "_*~`|>[]()#<@\\".repeat(14),
    ];
    for (n, text) in texts.iter().enumerate() {
        let options = json!([{ "name": "prize", "value": format!("{n}{}", text.chars().take(190).collect::<String>()) },
            { "name": "description", "value": text.repeat(30).chars().take(1_500).collect::<String>() },
            { "name": "ends", "value": "10m" }, { "name": "winners", "value": 2 }]);
        let command = json!({ "name": "giveaway", "options": [{ "name": "start", "options": options }] });
        world.command("mara", "#general", command).await.says("on its way");
        let card = world.public("#general").pop().unwrap();
        enter(&world, &card, &["chen"]).await;
        world.advance(5_000).await;
    }
    mara(&world, "list").await.says("Giveaways");
    world.advance_minutes(11).await;
    let prize = world.message_with("#general", "\\*\\*bold\\*\\*");
    assert!(prize.text().contains("\\[free\\]\\(https://evil.example\\)"), "{}", prize.text());
    for who in ["bela", "dilek"] {
        assert!(world.sim.borrow().pings(who).is_empty(), "{who} was pinged");
    }
    // Chen won each and is pinged by each draw, by nothing else.
    world.advance_minutes(1).await;
    assert_eq!(world.sim.borrow().pings("chen").len(), texts.len());
}

#[tokio::test(start_paused = true)]
async fn lists_turn_their_pages_and_hold_this_servers_giveaways_only() {
    let world = World::new().await;
    let other = format!("{OTHER_GUILD}/#general");
    world.slash("bela", &other, "/giveaway start prize:Foreign ends:1h").await.says("on its way");
    for n in 1..=23 {
        mara(&world, &format!("start prize:\"Prize {n:02}\" ends:1h")).await.says("on its way");
        world.advance(1_000).await;
    }
    let list = world.slash("bela", "#general", "/giveaway list").await;
    let shown = |text: &str| (1..=23).filter(|n| text.contains(&format!("Prize {n:02}"))).collect::<Vec<_>>();
    assert_eq!(shown(&list.text), (14..=23).collect::<Vec<_>>());
    let id = list.message.expect("a list").id;
    let second = world.press("bela", &id, "Older").await;
    assert_eq!(shown(&second.text), (4..=13).collect::<Vec<_>>());
    let third = world.press("bela", &id, "Older").await;
    assert_eq!(shown(&third.text), (1..=3).collect::<Vec<_>>());
    let refused = world.sim.borrow_mut().press("bela", &id, "1:giveaways:page:list:all:3").map(|_| ()).unwrap_err();
    assert_eq!(refused.code, "disabled", "the last page has no older one");
    let back = world.press("bela", &id, "◀ Newer").await;
    assert_eq!(shown(&back.text), (4..=13).collect::<Vec<_>>());
    for text in [&list.text, &second.text, &third.text] {
        assert!(!text.contains("Foreign"), "{text}");
    }
    for page in ["99999", "-1", "x", "4294967296"] {
        world.forge("bela", "#general", &id, &format!("1:giveaways:page:list:all:{page}")).await;
    }
    world.slash("bela", &other, "/giveaway list").await.says("Foreign");
    mara(&world, "cancel giveaway:\"Prize 23\"").await.says("cancelled");
    let list = world.slash("bela", "#general", "/giveaway list").await;
    assert_eq!(shown(&list.text), (13..=22).collect::<Vec<_>>(), "what runs comes first");
}

#[tokio::test(start_paused = true)]
async fn a_page_of_the_longest_prizes_is_a_whole_page() {
    let world = World::new().await;
    for _ in 0..10 {
        let options = json!([{ "name": "prize", "value": "*".repeat(200) }, { "name": "ends", "value": "1h" }]);
        let command = json!({ "name": "giveaway", "options": [{ "name": "start", "options": options }] });
        world.command("mara", "#general", command).await.says("on its way");
        world.advance(5_000).await;
    }
    let list = mara(&world, "list").await;
    for id in world.db.column("SELECT id FROM giveaways") {
        list.says(&format!("`{id}`"));
    }
}

#[tokio::test(start_paused = true)]
async fn entrants_turn_their_pages_for_whoever_runs_giveaways() {
    let world = World::new().await;
    let lamp = start(&world, "Lamp", "ends:1h").await;
    mara(&world, "entrants giveaway:Lamp").await.says("Nobody has entered yet");
    let fans = crowd(&world, 45);
    for who in &fans {
        world.press(who, &lamp.id, "Enter").await.says("You are in");
        world.advance(10).await;
    }
    let first = mara(&world, "entrants giveaway:Lamp").await;
    first.says("45 entrants");
    let count = |text: &str| fans.iter().filter(|who| text.contains(&format!("<@{}>", world.id(who)))).count();
    assert_eq!(count(&first.text), 20);
    assert!(first.message.as_ref().is_some_and(|message| message.pinged.is_empty()));
    let id = first.message.unwrap().id;
    assert_eq!(count(&world.press("mara", &id, "Older").await.text), 20);
    let last = world.press("mara", &id, "Older").await;
    assert_eq!(count(&last.text), 5);
    let giveaway = one(&world, "SELECT id FROM giveaways");
    let forged = world.forge("bela", "#general", &id, &format!("1:giveaways:page:entrants:{giveaway}:0")).await;
    forged.says("Manage Server");
    let abroad = format!("{OTHER_GUILD}/#general");
    let forged = world.forge("bela", &abroad, &id, &format!("1:giveaways:page:entrants:{giveaway}:0")).await;
    forged.says("There is no giveaway");
}

#[tokio::test(start_paused = true)]
async fn giveaways_are_suggested_by_their_prize_in_any_script() {
    let world = World::new().await;
    world
        .slash("bela", &format!("{OTHER_GUILD}/#general"), "/giveaway start prize:Ölkanne ends:1h")
        .await
        .says("on its way");
    for prize in ["Lamp", "Ölkanne aus Messing", "Лампа", "100% off_all"] {
        mara(&world, &format!("start prize:\"{prize}\" ends:1h")).await.says("on its way");
    }
    let found = async |typed: &str| -> Vec<String> {
        let choices = world.suggestions("mara", &["giveaway", "end", "giveaway"], &[], typed).await;
        choices.into_iter().map(|choice| choice.name).collect()
    };
    assert_eq!(found("").await.len(), 4);
    assert_eq!(found("lam").await, ["Lamp · active"]);
    assert_eq!(found("Ölk").await, ["Ölkanne aus Messing · active"]);
    assert_eq!(found("Лам").await, ["Лампа · active"]);
    assert_eq!(found("%").await, ["100% off_all · active"]);
    assert_eq!(found("x".repeat(300).as_str()).await.len(), 0);
    mara(&world, "end giveaway:\"Ölkanne aus Messing\"").await.says("has ended");
    mara(&world, "end giveaway:\"Лампа\"").await.says("has ended");
    mara(&world, "end giveaway:a").await.says("Several giveaways match");
    let ends = world.suggestions("mara", &["giveaway", "start", "ends"], &[("prize", "x")], "").await;
    assert!(ends.iter().any(|choice| choice.value == "tomorrow 18:00"), "{ends:?}");
    let ends = world.suggestions("mara", &["giveaway", "start", "ends"], &[("prize", "x")], "18:00").await;
    assert_eq!(ends[0].name, "18:00 · Sat 1 Mar 2025, 18:00 UTC");
}

#[tokio::test(start_paused = true)]
async fn the_log_channel_gets_every_step_once() {
    let world = World::new().await;
    with_log_channel(&world).await;
    let lamp = start(&world, "Lamp", "ends:10m claim_window:5m reroll_limit:0").await;
    enter(&world, &lamp, &["bela"]).await;
    mara(&world, "edit giveaway:Lamp winners:2").await.says("changed");
    mara(&world, "pause giveaway:Lamp").await.says("paused");
    mara(&world, "resume giveaway:Lamp").await.says("goes on");
    world.advance_minutes(20).await;
    let lines: Vec<String> = world.public("#giveaway-log").iter().map(Message::text).collect();
    let steps: Vec<&str> = lines.iter().filter_map(|line| line.split("**").nth(3)).collect();
    assert_eq!(steps, ["edited", "paused", "resumed", "closed", "drawn", "lapsed"], "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("drawn") && line.contains(&format!("<@{}>", world.id("bela")))));
    assert!(world.public("#giveaway-log").iter().all(|message| message.pinged.is_empty()), "the log pings nobody");
}

#[tokio::test(start_paused = true)]
async fn a_log_channel_that_is_gone_stops_nothing_and_is_soon_left_alone() {
    let world = World::new().await;
    with_log_channel(&world).await;
    world.sim.borrow_mut().remove_channel("#giveaway-log").unwrap();
    for n in 0..4 {
        let lamp = start(&world, &format!("Lamp {n}"), "ends:10m claim_window:5m reroll_limit:1").await;
        enter(&world, &lamp, &["bela", "chen"]).await;
        world.advance_minutes(30).await;
        assert_eq!(state(&world, &format!("Lamp {n}")), "finished");
    }
    let refused = world.sim.borrow().calls().iter().filter(|call| call.method == "POST" && call.status == 404).count();
    assert!((1..=5).contains(&refused), "{refused} posts into a channel that is gone");
    assert_eq!(world.count_with("#general", "Congratulations"), 8);
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_vanishes_in_the_middle_is_not_hammered_and_the_draw_is_recorded() {
    for code in [10_003, 50_001] {
        let world = World::new().await;
        let channel = "#giveaways";
        mara(&world, "start prize:Lamp ends:10m claim_window:5m reroll_limit:2 channel:#giveaways")
            .await
            .says("on its way");
        let lamp = world.message_with(channel, "Lamp");
        enter(&world, &lamp, &["bela", "chen", "dilek"]).await;
        world.advance_minutes(5).await;
        if code == 10_003 {
            world.sim.borrow_mut().remove_channel(channel).unwrap();
        } else {
            world.sim.borrow_mut().set_permissions(channel, "Muster", 0, 1 << 10).unwrap();
        }
        world.sim.borrow_mut().clear_calls();
        world.advance_minutes(120).await;
        assert_eq!(state(&world, "Lamp"), "finished");
        assert_eq!(one(&world, "SELECT COUNT(*) FROM giveaway_picks"), "3");
        let refused = world.sim.borrow().calls().iter().filter(|call| call.status >= 400).count();
        assert!(refused <= 20, "{refused} refused calls for one giveaway");
        let quiet = world.sim.borrow().calls().len();
        world.advance_minutes(24 * 60).await;
        assert_eq!(world.sim.borrow().calls().len(), quiet, "calls go on for ever");
        mara(&world, "verify giveaway:Lamp").await.says("This draw checks out");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_removed_muster_is_left_in_peace() {
    let refused = |code| FaultKind::Status { status: 403, code, message: "Missing Access".into() };
    // Discord's answer may be that there is no such server, or that Muster has no access to it.
    for fault in [None, Some(refused(50_001))] {
        let world = World::new().await;
        let lamp = start(&world, "Lamp", "ends:10m claim_window:5m reroll_limit:2").await;
        enter(&world, &lamp, &["bela", "chen", "dilek"]).await;
        let vase = start(&world, "Vase", "ends:12m claim_window:5m reroll_limit:2").await;
        enter(&world, &vase, &["bela"]).await;
        world.advance_minutes(11).await;
        world.sim.borrow_mut().uninstall_app(DEMO).unwrap();
        if let Some(kind) = fault {
            world.sim.borrow_mut().add_fault(Fault::always("*", "*", kind));
        }
        world.sim.borrow_mut().clear_calls();
        world.advance_minutes(24 * 60).await;
        let sim = world.sim.borrow();
        assert!(
            sim.calls().len() <= 40,
            "{} calls in a day to a server that Muster is no longer in",
            sim.calls().len()
        );
        assert!(sim.calls().iter().all(|call| call.method != "POST" || call.status != 200));
    }
}

#[tokio::test(start_paused = true)]
async fn presses_on_a_card_that_muster_can_no_longer_edit_do_not_block_everybody_else() {
    let world = World::new().await;
    mara(&world, "start prize:Lamp ends:1h channel:#giveaways").await.says("on its way");
    let lamp = world.message_with("#giveaways", "Lamp");
    world.sim.borrow_mut().set_permissions("#giveaways", "Muster", 0, 1 << 10).unwrap();
    world.sim.borrow_mut().clear_calls();
    let fans = crowd(&world, 40);
    for _ in 0..4 {
        for who in &fans {
            world.press(who, &lamp.id, "Enter").await;
            world.advance(5_000).await;
        }
    }
    let refused = world.sim.borrow().calls().iter().filter(|call| call.status == 403).count();
    assert!(refused <= 10, "{refused} refused edits in 13 minutes count against every server's budget");
}

#[tokio::test(start_paused = true)]
async fn the_count_keeps_up_while_people_of_several_isolates_press() {
    let world = World::new().await;
    let lamp = start(&world, "Lamp", "ends:1h").await;
    let fans = crowd(&world, 40);
    let mut isolates: Vec<Rc<Memory>> = (0..4).map(|_| Rc::default()).collect();
    let mut oldest = 0;
    for (n, who) in fans.iter().enumerate() {
        let turn = n % isolates.len();
        let here = world.in_isolate(isolates[turn].clone());
        world.press(who, &lamp.id, "Enter").await.says("You are in");
        isolates[turn] = world.in_isolate(here);
        world.advance(1_500).await;
        let label = card(&world, &lamp.id).buttons()[0]["label"].as_str().unwrap_or_default().to_owned();
        let shown: usize = label.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap();
        oldest = oldest.max(n + 1 - shown);
    }
    assert!(oldest <= 6, "the card was {oldest} entries behind: presses put its refresh off again and again");
    world.advance(10_000).await;
    assert!(card(&world, &lamp.id).button("Enter (40)").is_some());
}

#[tokio::test(start_paused = true)]
async fn an_edit_made_before_the_announcement_got_through_is_shown_once_it_does() {
    let world = World::new().await;
    let down = FaultKind::Status { status: 503, code: 0, message: String::new() };
    world.sim.borrow_mut().add_fault(Fault::always("POST", "/channels/{channel_id}/messages", down));
    mara(&world, "start prize:Lamp ends:1h").await.says("on its way");
    mara(&world, "edit giveaway:Lamp prize:Vase").await.says("was changed");
    world.advance_minutes(2).await;
    world.sim.borrow_mut().clear_faults();
    world.advance_minutes(5).await;
    let cards = world.public("#general").into_iter().filter(|message| message.text().contains("commitment"));
    let texts: Vec<String> = cards.map(|card| card.text()).collect();
    assert_eq!(texts.len(), 1, "{texts:#?}");
    assert!(texts[0].contains("Vase") && !texts[0].contains("Lamp"), "{}", texts[0]);
}

#[tokio::test(start_paused = true)]
async fn fifty_winners_with_many_leavers_are_announced_once_and_all_at_once() {
    let world = World::new().await;
    let fans = crowd(&world, 90);
    let lamp = start(&world, "Lamp", "ends:1h winners:50 reroll_limit:50").await;
    for who in &fans {
        world.press(who, &lamp.id, "Enter").await.says("You are in");
    }
    for who in fans.iter().step_by(3) {
        world.sim.borrow_mut().remove_member(DEMO, who).unwrap();
    }
    world.advance_minutes(61).await;
    let announcement = world.message_with("#general", "Congratulations");
    assert_eq!(world.count_with("#general", "Congratulations"), 1);
    assert_eq!(announcement.pinged.len(), 50);
    assert!(
        announcement.content.contains("You won") && announcement.content.contains("Claim Prize"),
        "{}",
        announcement.content
    );
    let won = world.db.column("SELECT user_id FROM giveaway_picks WHERE outcome = 'won'");
    assert_eq!(won.len(), 50);
    let steps: u32 = one(&world, "SELECT COUNT(*) FROM giveaway_log WHERE action = 'drawing'").parse().unwrap();
    assert!(steps >= 2, "{steps} steps looked up too many people at once");
    let shown = card(&world, &lamp.id).text();
    for user in &won {
        assert!(shown.contains(&format!("<@{user}>")), "{user} is missing on the card:\n{shown}");
    }
    // Nobody claims: ten are left, and every one of them hears of it.
    world.advance_minutes(5).await;
    let again = world.message_with("#general", "New draw!");
    assert_eq!(again.pinged.len(), 10, "{}", again.text());
    world.advance_minutes(60).await;
    assert_eq!(state(&world, "Lamp"), "finished");
    mara(&world, "verify giveaway:Lamp").await.says("This draw checks out");
}

#[tokio::test(start_paused = true)]
async fn when_all_of_fifty_winners_miss_it_the_next_fifty_are_pinged() {
    let world = World::new().await;
    let fans = crowd(&world, 100);
    let lamp = start(&world, "Lamp", "ends:1h winners:50 reroll_limit:50").await;
    for who in &fans {
        world.press(who, &lamp.id, "Enter").await.says("You are in");
    }
    world.advance_minutes(61).await;
    world.advance_minutes(5).await;
    let again = world.message_with("#general", "did not claim in time");
    assert_eq!(again.pinged.len(), 50, "{}", again.content);
    assert!(again.content.contains("Congratulations") && again.content.contains("Claim Prize"), "{}", again.content);
}

#[tokio::test(start_paused = true)]
async fn a_draw_that_is_rate_limited_again_and_again_gets_through() {
    let world = World::new().await;
    let fans = crowd(&world, 30);
    let lamp = start(&world, "Lamp", "ends:10m winners:25").await;
    for who in &fans {
        world.press(who, &lamp.id, "Enter").await.says("You are in");
    }
    let limited = |after| Fault {
        after,
        ..Fault::once(
            "GET",
            "/guilds/{guild_id}/members/{user_id}",
            FaultKind::RateLimited { scope: muster_sim::RateLimitScope::User, retry_after: 5.0 },
        )
    };
    // Every tenth lookup is refused, for as long as it takes.
    for n in 1..=40 {
        world.sim.borrow_mut().add_fault(limited(9 * n));
    }
    world.advance_minutes(13).await;
    assert_eq!(world.message_with("#general", "Congratulations").pinged.len(), 25);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_giveaways_due_at_once_are_all_drawn_once() {
    let world = World::new().await;
    for n in 0..100 {
        mara(&world, &format!("start prize:\"Prize {n:03}\" ends:10m claim_window:1h")).await.says("on its way");
        // Another isolate: this one would keep to Discord's pace.
        world.restart();
    }
    let cards = world.public("#general").into_iter().filter(|message| message.button("Enter (0)").is_some());
    for card in cards.collect::<Vec<_>>() {
        world.press("bela", &card.id, "Enter").await.says("You are in");
    }
    world.lose_alarms_and_queue();
    // A channel takes five messages in five seconds.
    world.advance_minutes(20).await;
    assert_eq!(world.count_with("#general", "Congratulations"), 100);
    assert_eq!(world.sim.borrow().pings("bela").len(), 100);
    assert_eq!(world.db.column("SELECT DISTINCT state FROM giveaways"), ["claiming"]);
}

async fn proof(world: &World) -> Value {
    let path = format!("/api/v1/giveaways/{}/proof", one(world, "SELECT id FROM giveaways"));
    serde_json::from_str(&world.get(&path).await.body).unwrap()
}

#[tokio::test(start_paused = true)]
async fn bonus_entries_are_weights_in_the_proof() {
    let world = World::new().await;
    let lamp =
        start(&world, "Lamp", "ends:10m bonus_role:@Booster bonus_entries:4 bonus_role_2:@Member bonus_entries_2:2")
            .await;
    world.press("ada", &lamp.id, "Enter").await.says("7 entries");
    world.press("bela", &lamp.id, "Enter").await.says("3 entries");
    let gus = world.press("gus", &lamp.id, "Enter").await;
    assert!(!gus.text.contains("entries"), "{}", gus.text);
    // Whoever leaves and comes back has what their roles give now.
    world.advance(5_000).await;
    world.press("gus", &lamp.id, "Enter").await.says("You left");
    world.sim.borrow_mut().set_roles(DEMO, "gus", &["Member"]).unwrap();
    world.press("gus", &lamp.id, "Enter").await.says("3 entries");
    world.advance_minutes(11).await;
    let proof = proof(&world).await;
    let mut expected = vec![json!([world.id("ada"), 7]), json!([world.id("bela"), 3]), json!([world.id("gus"), 3])];
    expected.sort_by_key(|entry| entry[0].as_str().unwrap_or_default().to_owned());
    assert_eq!(proof["entrants"], json!(expected));
}

#[tokio::test(start_paused = true)]
async fn the_servers_defaults_hold_where_nothing_else_is_said() {
    let world = World::new().await;
    configure(&world, "giveaway_claim_seconds", "1h").await;
    configure(&world, "giveaway_reroll_limit", "1").await;
    let lamp = start(&world, "Lamp", "ends:10m").await;
    enter(&world, &lamp, &["bela", "chen", "dilek"]).await;
    world.advance_minutes(69).await;
    assert_eq!(one(&world, "SELECT COUNT(*) FROM giveaway_picks"), "1");
    world.advance_minutes(2).await;
    assert_eq!(one(&world, "SELECT COUNT(*) FROM giveaway_picks"), "2");
    world.advance_minutes(120).await;
    world.message_with("#general", "the limit of 1 automatic redraw is reached");
    assert_eq!(one(&world, "SELECT COUNT(*) FROM giveaway_picks"), "2");
    // What was said for one giveaway goes before the default, which may change meanwhile.
    start(&world, "Vase", "ends:10m claim_window:2m reroll_limit:0").await;
    configure(&world, "giveaway_reroll_limit", "9").await;
    let vase = "SELECT claim_seconds || ' ' || reroll_limit FROM giveaways WHERE prize = 'Vase'";
    assert_eq!(one(&world, vase), "120 0");
}

#[tokio::test(start_paused = true)]
async fn the_host_is_asked_to_hand_the_prize_over() {
    let world = World::new().await;
    let lamp = start(&world, "Lamp", "ends:10m host:@jonas").await;
    let jonas = world.id("jonas");
    assert!(lamp.text().contains(&format!("<@{jonas}>")));
    enter(&world, &lamp, &["bela"]).await;
    world.advance_minutes(10).await;
    assert!(world.sim.borrow().pings("jonas").is_empty());
    let drawn = world.message_with("#general", "Congratulations");
    world.press("bela", &drawn.id, "Claim Prize").await.says("You claimed");
    assert_eq!(world.count_with("#general", &format!("<@{jonas}>, please hand it over")), 1);
    assert_eq!(world.sim.borrow().pings("jonas").len(), 1);
    assert!(world.sim.borrow().pings("mara").is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_host_hears_of_a_claim_however_slow_the_database_is() {
    let world = World::new().await;
    let lamp = start(&world, "Lamp", "ends:10m host:@jonas").await;
    enter(&world, &lamp, &["bela"]).await;
    world.advance_minutes(10).await;
    let drawn = world.message_with("#general", "Congratulations");
    world.story_db.stall_ms.set(1_500);
    world.press("bela", &drawn.id, "Claim Prize").await;
    world.story_db.stall_ms.set(0);
    world.advance_minutes(1).await;
    assert_eq!(world.count_with("#general", "please hand it over"), 1, "everybody sees the claim");
    assert_eq!(world.sim.borrow().pings("jonas").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn more_prizes_than_people_leaves_the_rest_undrawn() {
    let world = World::new().await;
    let lamp = start(&world, "Lamp", "ends:10m winners:10").await;
    enter(&world, &lamp, &["bela", "chen"]).await;
    world.advance_minutes(10).await;
    let drawn = world.message_with("#general", "Congratulations");
    assert_eq!(drawn.pinged.len(), 2);
    for who in ["bela", "chen"] {
        world.press(who, &drawn.id, "Claim Prize").await.says("claimed");
    }
    assert_eq!(state(&world, "Lamp"), "finished");
    mara(&world, "reroll giveaway:Lamp").await.says("drawn again");
    world.advance_minutes(1).await;
    assert_eq!(one(&world, "SELECT COUNT(*) FROM giveaway_picks WHERE outcome = 'claimed'"), "2");
    mara(&world, "verify giveaway:Lamp").await.says("This draw checks out");
}

#[tokio::test(start_paused = true)]
async fn a_redraw_shows_in_the_proof_at_once() {
    let world = World::new().await;
    let lamp = start(&world, "Lamp", "ends:10m").await;
    enter(&world, &lamp, &["bela", "chen"]).await;
    world.advance_minutes(10).await;
    let drawn = world.message_with("#general", "Congratulations");
    let winner = if drawn.pinged == [world.id("bela")] { "bela" } else { "chen" };
    world.press(winner, &drawn.id, "Claim Prize").await.says("claimed");
    assert_eq!(proof(&world).await["picks"].as_array().map(Vec::len), Some(1));
    mara(&world, &format!("reroll giveaway:Lamp winner:@{winner}")).await.says("drawn again");
    world.advance_minutes(30).await;
    assert_eq!(proof(&world).await["picks"].as_array().map(Vec::len), Some(2));
}
