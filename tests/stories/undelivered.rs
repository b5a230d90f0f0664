//! Purpose: what Discord refused is shown to the people who can mend it, and tried again when they say so.

use muster_sim::{Fault, FaultKind};
use muster_tests::World;

const SEND_MESSAGES: u64 = 1 << 11;

#[tokio::test(start_paused = true)]
async fn a_refused_announcement_is_shown_by_setup_and_posted_once_the_channel_is_mended() {
    let world = World::new().await;
    world.slash("mara", "#general", "/setup").await.says("Every message of the last week was delivered");
    world.slash("mara", "#general", "/giveaway start prize:Lamp ends:10m claim_window:1h").await.says("on its way");
    let card = world.message_with("#general", "Lamp");
    world.press("bela", &card.id, "Enter").await.says("You are in");
    world.sim.borrow_mut().set_permissions("#general", "Muster", 0, SEND_MESSAGES).unwrap();
    world.advance_minutes(10).await;
    assert_eq!(world.count_with("#general", "Congratulations"), 0);
    let seen = world.slash("mara", "#general", "/setup").await;
    seen.says("1 message could not be delivered").says("50013").says("Send Messages");
    world.sim.borrow_mut().set_permissions("#general", "Muster", 0, 0).unwrap();
    let report = seen.message.expect("a report");
    world.press("mara", &report.id, "Try again").await;
    world.advance(5_000).await;
    assert_eq!(world.count_with("#general", "Congratulations"), 1);
    world.slash("mara", "#general", "/setup").await.says("Every message of the last week was delivered");
}

#[tokio::test(start_paused = true)]
async fn a_message_of_unknown_fate_is_held_after_a_day_and_trying_again_never_doubles_it() {
    let world = World::new().await;
    // It arrived, its answer was lost, and from then on every look at the channel fails too.
    let posts = "/channels/{channel_id}/messages";
    world.sim.borrow_mut().add_fault(Fault::once("POST", posts, FaultKind::HangAfterEffect));
    world.sim.borrow_mut().add_fault(Fault::always("*", posts, FaultKind::HangBefore));
    world.slash("mara", "#general", "/giveaway start prize:Lamp ends:5d").await.says("on its way");
    world.advance_minutes(25 * 60).await;
    assert_eq!(world.db.column("SELECT state FROM outbox WHERE effect LIKE 'giveaways:announce:%'"), ["held"]);
    world.sim.borrow_mut().clear_faults();
    let report = world.slash("mara", "#general", "/setup").await;
    report.says("unknown outcome");
    world.press("mara", &report.message.expect("a report").id, "Try again").await;
    world.advance(5_000).await;
    assert_eq!(world.count_with("#general", "commitment"), 1);
    let known = world.db.column("SELECT message_id FROM giveaways").remove(0);
    assert_eq!(known, world.message_with("#general", "commitment").id);
}

#[tokio::test(start_paused = true)]
async fn setup_checks_another_channel_from_its_select_menu() {
    let world = World::new().await;
    let report = world.slash("mara", "#general", "/setup").await.message.expect("a report");
    world.sim.borrow_mut().set_permissions("#giveaways", "Muster", 0, SEND_MESSAGES).unwrap();
    let channel = world.sim.borrow().channel("#giveaways").expect("a channel").id.to_string();
    let delivery = world.sim.borrow_mut().select("mara", &report.id, "1:setup:channel", &[channel]).expect("a choice");
    world.deliver("mara", delivery).await.says("missing **Send Messages");
}
