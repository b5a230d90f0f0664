//! Purpose: what a day costs, counted: the figures of the README's table.

use muster_sim::{NewMember, NewUser};
use muster_tests::{DEMO, World};

const ENTRANTS: usize = 100;

fn join(world: &World, username: &str) -> String {
    let mut sim = world.sim.borrow_mut();
    let created_ms = Some(sim.now() - 100 * 86_400_000);
    let id = sim.add_user(NewUser { username: username.to_owned(), created_ms, ..NewUser::default() });
    sim.add_member(DEMO, &id, NewMember::default()).expect("they join");
    id
}

#[tokio::test(start_paused = true)]
async fn a_quiet_day_stays_far_within_the_free_plan() {
    let world = World::new().await;
    world.advance_minutes(2).await;
    let before = world.used();
    world.advance_minutes(24 * 60).await;
    let used = world.used().since(before);
    println!("a day without anything: {used:?}");
    // Cloudflare's free plan, per day: 100,000 requests, 5,000,000 rows read, 10,000 queue operations; and 50 queries per invocation,
    // of which a tick that finds nothing needs at most these.
    assert!(used.d1_statements <= 14 * 1_440, "{used:?}");
    assert_eq!((used.queue, used.timers, used.discord), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_giveaway_stays_far_within_the_free_plan() {
    let world = World::new().await;
    let people: Vec<String> = (0..ENTRANTS).map(|n| join(&world, &format!("guest{n:03}"))).collect();
    world.advance_minutes(2).await;
    let before = world.used();
    world.slash("mara", "#general", "/giveaway start prize:Lamp ends:1h").await.says("on its way");
    let card = world.message_with("#general", "Lamp");
    for person in &people {
        world.press(person, &card.id, "Enter").await.says("You are in");
        world.advance(20_000).await;
    }
    world.advance_minutes(30).await;
    let announcement = world.message_with("#general", "Congratulations");
    world.press(&announcement.pinged[0], &announcement.id, "Claim Prize").await.says("claimed");
    let used = world.used().since(before);
    println!("a giveaway of about an hour with {ENTRANTS} entrants, its cron ticks included: {used:?}");
    assert!(used.d1_statements < 2_500 && used.timers < 250 && used.queue < 20, "{used:?}");
}
