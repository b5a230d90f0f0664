//! Purpose: clicks against a model: whatever the queue does with them, each is counted once.

use crate::links_redirect::{TARGET, mission_link};
use muster_core::{
    Job,
    links::{
        self,
        clicks::{self, Visit},
        stats::{all_time, stats},
    },
};
use muster_tests::{Visitor, World, links::CHROME};
use proptest::prelude::*;
use serde_json::json;
use std::collections::HashSet;
use twilight_model::id::Id;

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

/// What a run over many clicks came to, for `./scripts/bench links`.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a few hundred links and two hours"
)]
async fn ingest(per_message: usize) -> String {
    const CLICKS: usize = 100_000;
    const VISITORS: usize = 40_000;
    const HOURS_MS: i64 = 2 * 3_600_000;
    /// Cloudflare hands out at most so many messages at once.
    const BATCH: usize = 100;
    let world = World::new().await;
    let ctx = world.ctx();
    let mut links = Vec::new();
    for mission in 0..4 {
        for member in 1..=80_u64 {
            let (name, owner) = (format!("m{mission}"), Id::new(1_000 + member));
            let made = links::insert_for_mission(&ctx, world.guild(), &name, owner, ("Spring", TARGET), None);
            ctx.query(made).await.expect("stored");
            links.push(links::of_member(&ctx, world.guild(), &name, owner).await.expect("D1").expect("a link"));
        }
    }
    let start = world.now() - world.now().rem_euclid(86_400_000) + 86_400_000;
    world.jump(start - world.now()).await;
    let mut random = 7_u64;
    let mut next = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(random >> 33).unwrap_or(0)
    };
    let (mut raw, mut unique) = (vec![0_u64; links.len()], HashSet::new());
    let mut messages: Vec<(i64, String)> = Vec::new();
    let guild = world.guild().to_string();
    for first in (0..CLICKS).step_by(per_message) {
        let mut visits = Vec::new();
        let mut at = 0;
        for n in first..first + per_message {
            // The first links are opened far more often than the last.
            let share = (next() % 1_000_000) as f64 / 1_000_000.0;
            let (link, visitor) = ((share.powf(1.5) * links.len() as f64) as usize, next() % VISITORS);
            at = start + HOURS_MS * n as i64 / CLICKS as i64;
            raw[link] += 1;
            unique.insert((link, visitor));
            let address = format!("{}.{}.{}.9", 10 + visitor / 65_536, visitor / 256 % 256, visitor % 256);
            visits.push((link, at, address));
        }
        let visits: Vec<_> = visits
            .iter()
            .map(|(link, at, address)| Visit {
                guild: &guild,
                slug: &links[*link].slug,
                at: *at,
                method: "GET",
                user_agent: CHROME,
                address,
                ..Visit::default()
            })
            .collect();
        messages.push((at, clicks::lines(&ctx, &visits)));
    }
    let before = world.db.rows_written();
    let mut redelivered = 0;
    for (index, batch) in messages.chunks(BATCH).enumerate() {
        let lines: Vec<&str> = batch.iter().map(|(_, lines)| lines.as_str()).collect();
        clicks::take(&ctx, &lines).await.expect("taken");
        if index % 33 == 0 {
            // One batch of 33 comes again, cut in another way.
            clicks::take(&ctx, &lines[lines.len() / 2..]).await.expect("taken");
            redelivered += lines.len() - lines.len() / 2;
        }
        let now = batch.last().map_or(start, |(at, _)| *at);
        let ticks = world.now() / 60_000 < now / 60_000;
        world.jump(now - world.now()).await;
        if ticks {
            // As the cron and the queue do it; what missions make of it is not the clicks' cost.
            while clicks::count(&ctx, world.guild()).await.expect("counted") {}
        }
    }
    world.jump(400_000).await;
    while clicks::count(&ctx, world.guild()).await.expect("counted") {}
    let written = world.db.rows_written() - before;
    let mut model = vec![0_u64; links.len()];
    unique.iter().for_each(|(link, _)| model[*link] += 1);
    let mut counted = 0;
    for (index, link) in links.iter().enumerate() {
        let mission = link.mission.as_deref().unwrap_or_default();
        let numbers = all_time(&ctx, world.guild(), mission).await.expect("numbers");
        let seen = numbers.get(&link.slug).map(|entry| entry.0).unwrap_or_default();
        assert_eq!((seen.raw, seen.counted, seen.held), (raw[index], model[index], 0));
        counted += seen.counted;
    }
    // Each update of a mission's numbers over all time also moves an entry of an index: one out, one in.
    let indexed: u64 = world
        .db
        .column("SELECT 2 * SUM(version) FROM link_counts WHERE day = -1 AND pack <> ''")
        .first()
        .and_then(|sum| sum.parse().ok())
        .unwrap_or_default();
    let per_thousand = (written + indexed) as f64 * 1_000.0 / CLICKS as f64;
    assert!(per_thousand <= 20.0, "{per_thousand} rows per 1,000 clicks");
    json!({ "clicks": CLICKS, "per_message": per_message, "redelivered_messages": redelivered, "counted": counted, "model": unique.len(), "rows_per_1000_clicks": per_thousand })
        .to_string()
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_clicks_cost_few_rows() {
    println!("clicks: {}", ingest(1).await);
}

#[tokio::test(start_paused = true)]
async fn clicks_that_come_together_cost_fewer() {
    println!("clicks: {}", ingest(20).await);
}
