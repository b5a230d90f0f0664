//! Purpose: entering and leaving: one button, requirements with what would satisfy them, duplicates, blacklist.

use muster_sim::Message;
use muster_tests::{DEMO, World};

async fn started(world: &World, options: &str) -> Message {
    world.slash("mara", "#general", &format!("/giveaway start prize:Lamp ends:1h {options}")).await.says("on its way");
    world.message_with("#general", "Lamp")
}

fn entries(world: &World) -> Vec<String> {
    world.db.column("SELECT user_id || ' ' || weight FROM giveaway_entries WHERE left_at IS NULL ORDER BY user_id")
}

#[tokio::test(start_paused = true)]
async fn one_button_enters_and_leaves_and_the_count_follows_within_seconds() {
    let world = World::new().await;
    let card = started(&world, "").await;
    let seen = world.press("bela", &card.id, "Enter").await;
    seen.says("You are in").says("Lamp");
    assert!(seen.private);
    world.press("chen", &card.id, "Enter").await.says("You are in");
    world.advance(6_000).await;
    assert!(world.message_with("#general", "Lamp").button("Enter (2)").is_some());
    world.press("bela", &card.id, "Enter").await.says("You left");
    world.advance(6_000).await;
    assert!(world.message_with("#general", "Lamp").button("Enter (1)").is_some());
    world.press("bela", &card.id, "Enter").await.says("You are in");
    assert_eq!(entries(&world).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_double_click_does_not_leave_again() {
    let world = World::new().await;
    let card = started(&world, "").await;
    world.press("bela", &card.id, "Enter").await.says("You are in");
    world.advance(400).await;
    world.press("bela", &card.id, "Enter").await.says("You are in");
    assert_eq!(entries(&world).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn fifty_deliveries_of_one_press_count_once_and_get_the_same_answer() {
    let world = World::new().await;
    let card = started(&world, "").await;
    let delivery = world.press_delivery("bela", &card.id, "Enter");
    let mut answers = std::collections::BTreeSet::new();
    for _ in 0..50 {
        answers.insert(muster_core::interaction(&world.ctx(), &delivery.body).await.body);
        world.advance(100).await;
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(entries(&world).len(), 1);
    assert_eq!(world.db.column("SELECT entrant_count FROM giveaways"), ["1"]);
    assert_eq!(world.db.column("SELECT COUNT(*) FROM giveaway_log WHERE action = 'entered'"), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn an_old_press_delivered_late_changes_nothing() {
    let world = World::new().await;
    let card = started(&world, "").await;
    let enter = world.press_delivery("bela", &card.id, "Enter");
    world.deliver("bela", enter.clone()).await.says("You are in");
    world.advance(10_000).await;
    world.press("bela", &card.id, "Enter").await.says("You left");
    world.advance(10_000).await;
    muster_core::interaction(&world.ctx(), &enter.body).await;
    assert_eq!(entries(&world), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_which_requirement_failed_and_what_would_satisfy_it() {
    let world = World::new().await;
    let card = started(&world, "required_role:@Member").await;
    let member = world.sim.borrow().role(DEMO, "Member").unwrap().id.to_string();
    world.press("gus", &card.id, "Enter").await.says(&format!("<@&{member}>")).says("press the button again");
    world.sim.borrow_mut().set_roles(DEMO, "gus", &["Member"]).unwrap();
    world.press("gus", &card.id, "Enter").await.says("You are in");
    assert_eq!(entries(&world).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn young_accounts_and_new_members_hear_when_they_can_enter() {
    let world = World::new().await;
    let card = started(&world, "min_account_days:30").await;
    world.press("nova", &card.id, "Enter").await.says("at least 30 days old").says("You can enter <t:");
    world.press("bela", &card.id, "Enter").await.says("You are in");
    world.slash("mara", "#general", "/giveaway start prize:Vase ends:1h min_member_days:60").await.says("on its way");
    let vase = world.message_with("#general", "Vase");
    world.press("farah", &vase.id, "Enter").await.says("member of this server for at least 60 days");
}

#[tokio::test(start_paused = true)]
async fn blocked_roles_all_roles_and_bonus_entries() {
    let world = World::new().await;
    let card = started(&world, "blocked_role:@Newcomer required_role:@Member required_role_2:@Booster roles_needed:all bonus_role:@Booster bonus_entries:4").await;
    world.press("farah", &card.id, "Enter").await.says("cannot enter this giveaway");
    world.press("bela", &card.id, "Enter").await.says("You need the role");
    world.press("ada", &card.id, "Enter").await.says("5 entries");
    assert_eq!(entries(&world), [format!("{} 5", world.id("ada"))]);
}

#[tokio::test(start_paused = true)]
async fn the_blacklist_keeps_people_out_and_respects_the_hierarchy() {
    let world = World::new().await;
    let card = started(&world, "").await;
    world
        .slash("jonas", "#general", "/giveaway blacklist add user:@bela reason:\"second account\"")
        .await
        .says("no longer enter");
    world.press("bela", &card.id, "Enter").await.says("excluded from giveaways");
    world.slash("jonas", "#general", "/giveaway blacklist list").await.says("second account");
    world.slash("jonas", "#general", "/giveaway blacklist add user:@mara").await.says("owner is protected");
    world.slash("jonas", "#general", "/giveaway blacklist add user:@jonas").await.says("yourself");
    world.sim.borrow_mut().set_roles(DEMO, "ada", &["Owner"]).unwrap();
    world.slash("jonas", "#general", "/giveaway blacklist add user:@ada").await.says("not below yours");
    world.sim.borrow_mut().set_roles(DEMO, "ada", &["Moderator"]).unwrap();
    world.slash("jonas", "#general", "/giveaway blacklist add user:@ada").await.says("not below yours");
    world.slash("bela", "#general", "/giveaway blacklist remove user:@bela").await.says("Manage Server");
    world.slash("jonas", "#general", "/giveaway blacklist remove user:@bela").await.says("can enter giveaways again");
    world.press("bela", &card.id, "Enter").await.says("You are in");
}

#[tokio::test(start_paused = true)]
async fn the_blacklist_hears_each_command_once() {
    let world = World::new().await;
    let card = started(&world, "").await;
    let line = |what: &str| {
        let line = format!("/giveaway blacklist {what} user:@bela");
        world.sim.borrow_mut().slash("jonas", "#general", &line).unwrap()
    };
    let add = line("add");
    world.deliver("jonas", add.clone()).await.says("no longer enter");
    let remove = line("remove");
    world.deliver("jonas", remove.clone()).await.says("can enter giveaways again");
    muster_core::interaction(&world.ctx(), &add.body).await;
    world.press("bela", &card.id, "Enter").await.says("You are in");
    world.slash("jonas", "#general", "/giveaway blacklist add user:@bela").await.says("no longer enter");
    muster_core::interaction(&world.ctx(), &remove.body).await;
    world.slash("jonas", "#general", "/giveaway blacklist list").await.says(&world.id("bela"));
}

#[tokio::test(start_paused = true)]
async fn after_the_end_while_paused_and_after_a_cancel_nobody_gets_in() {
    let world = World::new().await;
    let card = started(&world, "").await;
    let late = world.press_delivery("chen", &card.id, "Enter");
    world.slash("mara", "#general", "/giveaway pause giveaway:Lamp").await.says("paused");
    world.deliver("chen", late).await.says("paused");
    world.slash("mara", "#general", "/giveaway resume giveaway:Lamp").await.says("goes on");
    let late = world.press_delivery("chen", &card.id, "Enter");
    world.slash("mara", "#general", "/giveaway cancel giveaway:Lamp").await.says("cancelled");
    world.deliver("chen", late).await.says("cancelled");
    assert_eq!(entries(&world), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn an_edited_giveaway_is_not_entered_by_its_old_rules() {
    let world = World::new().await;
    let card = started(&world, "").await;
    world.press("bela", &card.id, "Enter").await.says("You are in");
    world
        .slash("mara", "#general", "/giveaway edit giveaway:Lamp prize:\"A better lamp\" ends:2h")
        .await
        .says("was changed");
    world.press("chen", &card.id, "Enter").await.says("A better lamp");
    world.advance(1_000).await;
    assert!(world.message_with("#general", "A better lamp").id == card.id);
}

#[tokio::test(start_paused = true)]
async fn an_entry_is_one_statement_once_the_giveaway_is_known() {
    let world = World::new().await;
    let card = started(&world, "required_role:@Member").await;
    world.press("bela", &card.id, "Enter").await.says("You are in");
    let (trips, statements) = (world.story_db.round_trips.get(), world.story_db.statements.get());
    world.press("chen", &card.id, "Enter").await.says("You are in");
    assert_eq!(world.story_db.round_trips.get() - trips, 1);
    assert_eq!(world.story_db.statements.get() - statements, 1);
}

#[tokio::test(start_paused = true)]
async fn another_guilds_giveaway_cannot_be_touched_by_any_id() {
    let world = World::new().await;
    let card = started(&world, "").await;
    let id = world.db.column("SELECT id FROM giveaways").remove(0);
    // Béla owns the other guild, so no right is missing there.
    let (owner, channel) = ("bela", "Harbour Book Club/#general");
    for line in ["end", "cancel", "reroll", "pause", "resume", "entrants", "verify", "export", "edit"] {
        let extra = if line == "edit" { " prize:Mine" } else { "" };
        world.slash(owner, channel, &format!("/giveaway {line} giveaway:{id}{extra}")).await.says("no giveaway");
    }
    for action in ["enter", "claim"] {
        let seen = world.forge(owner, channel, &card.id, &format!("1:giveaways:{action}:{id}:1")).await;
        seen.says("does not exist in this server");
    }
    assert_eq!(world.db.column("SELECT prize || state FROM giveaways"), ["Lampactive"]);
    assert_eq!(entries(&world), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn forged_buttons_are_refused_and_noted() {
    let world = World::new().await;
    let card = started(&world, "").await;
    for custom_id in
        ["nonsense", "1:giveaways", "2:giveaways:enter:x", "1:nothing:enter:x", "1:giveaways:enter:../..", "1::enter"]
    {
        let seen = world.forge("bela", "#general", &card.id, custom_id).await;
        assert!(seen.private, "{custom_id}: {}", seen.text);
    }
    assert_eq!(entries(&world), Vec::<String>::new());
    assert!(!world.db.column("SELECT 1 FROM audit_log WHERE action = 'denied'").is_empty());
}
