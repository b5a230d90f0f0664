//! Purpose: the n-th outside call goes wrong while experience arrives, levels are reached, roles given and a week ends; then
//! everything runs to rest and the promises are checked: every point counted once, every level said once.

use muster_core::xp::{Announce, AnnounceIn, LevelSettings, Reward};
use muster_protocol::EventKind;
use muster_testkit::FaultMode;
use muster_tests::{
    DEMO, World,
    gateway::{Sidecar, earned},
};

const DAY_MS: i64 = 86_400_000;

async fn cafe() -> (World, Sidecar) {
    let world = World::new().await;
    let announce = Announce {
        place: AnnounceIn::Channel(world.channel("#general")),
        winners: Some(world.channel("#giveaways")),
        ..Announce::default()
    };
    let rewards = vec![Reward { level: 1, role: world.role("Newcomer") }];
    world.set_levels(&LevelSettings { enabled: true, announce, rewards, ..LevelSettings::default() }).await;
    (world, Sidecar::default())
}

/// Three people earn in four batches, one of them comes back to the guild; then a week ends. A batch that is not taken stands at
/// the head of the queue, as in the sidecar.
async fn play(world: &World, sidecar: &Sidecar) {
    let xp = |members| EventKind::Xp { members };
    let of = |who, text, voice| earned(world, who, text, voice);
    let dilek = world.id("dilek").parse().expect("an id");
    let reports = [
        vec![xp(vec![of("ada", 90, 0), of("bela", 40, 5)])],
        vec![xp(vec![of("ada", 20, 0)]), EventKind::MemberLeft { user: dilek }],
        vec![xp(vec![of("bela", 60, 0), of("dilek", 300, 0)]), EventKind::MemberJoined { user: dilek, bot: false }],
        vec![xp(vec![of("ada", 200, 0)]), xp(vec![of("ada", 5, 0)])],
    ];
    for kinds in reports {
        let batch = sidecar.batch(world, kinds);
        // The next batch waits for this one, for as long as it takes.
        while sidecar.deliver_until_taken(world, &batch, 3).await.is_none() {
            world.faults().clear();
        }
        world.advance(5_000).await;
    }
    world.jump(7 * DAY_MS).await;
    world.advance_minutes(3).await;
}

#[track_caller]
fn check(world: &World, story: &str) {
    let log = || format!("{story}\ncalls: {:#?}\nlog: {:#?}", world.faults().log(), world.log.lines.borrow());
    for (who, total) in [("ada", "315"), ("bela", "105"), ("dilek", "300")] {
        let sql = format!("SELECT text_xp + voice_xp FROM levels_members WHERE user_id = '{}'", world.id(who));
        assert_eq!(world.db.column(&sql), [total], "{who}: {}", log());
        assert!(world.sim.borrow().roles_of(DEMO, who).contains(&"Newcomer".to_owned()), "{who}'s role: {}", log());
    }
    for (who, levels) in [("ada", &[1, 2][..]), ("bela", &[1]), ("dilek", &[2])] {
        for level in 1..=3 {
            let said = world
                .public("#general")
                .iter()
                .filter(|message| {
                    let text = message.text();
                    text.contains(&world.id(who)) && text.contains(&format!("level {level}**"))
                })
                .count();
            assert_eq!(said, usize::from(levels.contains(&level)), "{who}, level {level}: {}", log());
        }
    }
    assert_eq!(world.count_with("#giveaways", "most active"), 1, "{}", log());
    let open = world.db.column("SELECT effect || ' ' || state FROM outbox WHERE state <> 'sent'");
    assert!(open.is_empty(), "undelivered: {open:?} {}", log());
    assert_eq!(
        world.db.column("SELECT COUNT(*) FROM levels_members WHERE rewards_due IS NOT NULL"),
        ["0"],
        "{}",
        log()
    );
    assert_eq!(world.db.column("SELECT SUM(joins) || ' ' || SUM(leaves) FROM activity_hours"), ["1 1"], "{}", log());
}

async fn calls_of_a_good_run() -> u64 {
    let (world, sidecar) = cafe().await;
    world.faults().plan(u64::MAX, FaultMode::FailBefore, false);
    play(&world, &sidecar).await;
    world.faults().clear();
    check(&world, "without faults");
    world.faults().count()
}

async fn each_call_goes_wrong(mode: FaultMode, for_good: bool) {
    let calls = calls_of_a_good_run().await;
    assert!(calls > 30, "{calls} calls are too few for all of this");
    for nth in 1..=calls {
        let (world, sidecar) = cafe().await;
        world.faults().plan(nth, mode, for_good);
        play(&world, &sidecar).await;
        world.faults().clear();
        world.advance_minutes(15).await;
        check(&world, &format!("{mode:?} at call {nth}"));
    }
}

#[tokio::test(start_paused = true)]
async fn any_one_call_lost_before_its_effect() {
    each_call_goes_wrong(FaultMode::FailBefore, false).await;
}

#[tokio::test(start_paused = true)]
async fn any_one_call_lost_after_its_effect() {
    each_call_goes_wrong(FaultMode::FailAfter, false).await;
}

#[tokio::test(start_paused = true)]
async fn death_before_any_call() {
    each_call_goes_wrong(FaultMode::DieBefore, false).await;
}

#[tokio::test(start_paused = true)]
async fn death_after_any_call() {
    each_call_goes_wrong(FaultMode::DieAfter, false).await;
}

#[tokio::test(start_paused = true)]
async fn everything_down_from_any_call_on() {
    each_call_goes_wrong(FaultMode::FailBefore, true).await;
}
