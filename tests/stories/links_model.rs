//! Purpose: clicks against a model: whatever the queue does with them, each is counted once.

use crate::links_redirect::mission_link;
use muster_core::{Job, links::stats::stats};
use muster_tests::{Visitor, World};
use proptest::prelude::*;
use std::collections::HashSet;

/// Who opens which link, and how long after the one before, in seconds.
type Click = (usize, usize, i64);

fn clicks() -> impl Strategy<Value = Vec<Click>> {
    prop::collection::vec((0..3_usize, 0..12_usize, prop_oneof![Just(0), 1..400_i64]), 1..60)
}

/// How the queue delivers: the lines of a message into messages of other sizes, some twice, in another order.
fn delivery() -> impl Strategy<Value = (u64, usize, bool)> {
    (any::<u64>(), 1..20_usize, any::<bool>())
}

fn shuffle<T>(items: &mut [T], mut seed: u64) {
    for index in (1..items.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        items.swap(index, usize::try_from(seed >> 33).unwrap_or(0) % (index + 1));
    }
}

async fn deliver(world: &World, lines: &[String], size: usize) {
    for chunk in lines.chunks(size) {
        let job = Job::Clicks { lines: chunk.concat() };
        assert_eq!(muster_core::job(&world.ctx(), &job).await, muster_core::JobOutcome::Done);
    }
}

async fn run(clicks: Vec<Click>, (seed, size, is_late): (u64, usize, bool)) {
    let world = World::new().await;
    let mut slugs = Vec::new();
    for (who, mission) in [("mara", "one"), ("ada", "one"), ("mara", "two")] {
        slugs.push(mission_link(&world, who, mission, None).await);
    }
    world.queue_works.set(false);
    let (mut raw, mut visitors) = ([0_u64; 3], HashSet::new());
    for (link, visitor, after) in clicks {
        world.clock.advance(u64::try_from(after * 1_000).unwrap_or(0)).await;
        // Each in a network of its own: what is held is another story's.
        world.open_link(&slugs[link].slug, &Visitor::at(&format!("10.{visitor}.0.1"))).await;
        raw[link] += 1;
        visitors.insert((link, visitor, world.now() / 86_400_000));
    }
    let mut lines: Vec<String> = world
        .take_clicks()
        .iter()
        .flat_map(|text| text.lines().map(|line| format!("{line}\n")).collect::<Vec<_>>())
        .collect();
    world.queue_works.set(true);
    shuffle(&mut lines, seed);
    let half = lines.len() / 2;
    deliver(&world, &lines[..half], size).await;
    if is_late {
        world.clicks_are_counted().await;
    }
    // All of them once more or for the first time, cut in another way.
    shuffle(&mut lines, seed ^ 0x5555);
    deliver(&world, &lines, size + 3).await;
    world.clicks_are_counted().await;
    deliver(&world, &lines[half..], 7).await;
    world.clicks_are_counted().await;
    for (index, link) in slugs.iter().enumerate() {
        let seen = stats(&world.ctx(), link, 30).await.expect("numbers");
        let unique = visitors.iter().filter(|(link, ..)| *link == index).count() as u64;
        assert_eq!((seen.all_time.raw, seen.all_time.counted, seen.all_time.held), (raw[index], unique, 0));
        assert_eq!(seen.days.iter().map(|(_, day)| day.raw).sum::<u64>(), raw[index]);
        assert_eq!(seen.waiting, 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn each_click_is_counted_once(clicks in clicks(), delivery in delivery()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        runtime.block_on(run(clicks, delivery));
    }
}
