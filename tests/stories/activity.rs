//! Purpose: what is counted per channel and hour for analytics.

use muster_testkit::FaultMode;
use muster_tests::World;

fn counted(world: &World) -> Vec<String> {
    world.db.column("SELECT channel_id || ' ' || commands FROM activity_hours ORDER BY hour, channel_id")
}

#[tokio::test(start_paused = true)]
async fn commands_are_counted_by_channel_and_hour_after_the_answer() {
    let world = World::new().await;
    let (general, giveaways) = (world.channel("#general"), world.channel("#giveaways"));
    world.slash("ada", "#general", "/help").await.says("What Muster can do");
    world.slash("bela", "#general", "/ping").await.says("Pong");
    world.slash("bela", "#giveaways", "/giveaway list").await;
    let mut expected = vec![format!("{general} 2"), format!("{giveaways} 1")];
    expected.sort();
    assert_eq!(counted(&world), expected);
    world.advance_minutes(60).await;
    world.slash("ada", "#general", "/help").await;
    assert_eq!(counted(&world).last(), Some(&format!("{general} 1")));
    // Buttons and suggestions are no commands.
    let rows = counted(&world).len();
    world.suggestions("mara", &["giveaway", "end", "giveaway"], &[], "").await;
    assert_eq!(counted(&world).len(), rows);
}

#[tokio::test(start_paused = true)]
async fn a_count_that_fails_is_not_seen_by_anybody() {
    let world = World::new().await;
    world.faults().plan(1, FaultMode::FailBefore, false);
    world.slash("ada", "#general", "/help").await.says("What Muster can do");
    assert!(counted(&world).is_empty());
}

#[tokio::test(start_paused = true)]
async fn counts_are_forgotten_after_more_than_a_year_also_without_levels() {
    let world = World::new().await;
    world.slash("ada", "#general", "/help").await;
    world.jump(400 * 86_400_000).await;
    world.slash("ada", "#general", "/help").await;
    assert_eq!(counted(&world).len(), 2);
    world.advance_minutes(121).await;
    assert_eq!(counted(&world).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn commands_of_one_moment_are_written_together() {
    let world = World::new().await;
    world.slash("ada", "#general", "/help").await;
    let before = world.used();
    let help = |who: &'static str| world.slash(who, "#general", "/help");
    tokio::join!(help("ada"), help("bela"), help("chen"));
    assert_eq!(world.used().since(before).d1_statements, 1);
    assert_eq!(counted(&world), [format!("{} 4", world.channel("#general"))]);
}
