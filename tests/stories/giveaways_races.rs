//! Purpose: races: people at once, deliveries twice and out of order, two alarms at once, faults anywhere; whatever the
//! order, the entrants are those of a simple model and every promise of `giveaways_faults::check` holds.

use crate::{
    giveaways_faults::{check, play},
    people::{block_on, start, with_world},
};
use futures_util::future::join_all;
use muster_core::ports::Timer;
use muster_sim::{Delivery, Message};
use muster_testkit::FaultMode;
use muster_tests::{DEMO, World};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use std::collections::BTreeMap;

const PEOPLE: [&str; 5] = ["ada", "bela", "chen", "dilek", "emil"];

fn run<S: Strategy>(cases: u32, strategy: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    runner.run(&strategy, test).unwrap_or_else(|error| panic!("{error}"));
}

fn entrants(world: &World) -> Vec<String> {
    world.db.column("SELECT user_id FROM giveaway_entries WHERE left_at IS NULL ORDER BY user_id")
}

#[derive(Debug, Clone)]
enum Act {
    Press(usize),
    /// The last press of somebody arrives once more.
    Again(usize),
    /// A press is made now and arrives after the next acts.
    Hold(usize),
    DeliverHeld,
    Edit(u8),
    Pause,
    Resume,
    Restart,
    Wait(i64),
}

fn any_act() -> impl Strategy<Value = Act> {
    let who = 0..PEOPLE.len();
    prop_oneof![
        6 => who.clone().prop_map(Act::Press),
        3 => who.clone().prop_map(Act::Again),
        2 => who.prop_map(Act::Hold),
        2 => Just(Act::DeliverHeld),
        1 => (1..50u8).prop_map(Act::Edit),
        1 => Just(Act::Pause),
        2 => Just(Act::Resume),
        1 => Just(Act::Restart),
        4 => (1..20_000i64).prop_map(Act::Wait),
    ]
}

/// What one person's presses come to: only a press newer than the last that counted counts, and none within three
/// seconds of entering (a double click).
#[derive(Debug, Default, Clone)]
struct Person {
    is_in: bool,
    entered_at: i64,
    counted: u64,
}

struct Model<'a> {
    world: &'a World,
    card: Message,
    paused: bool,
    people: BTreeMap<usize, Person>,
    last: BTreeMap<usize, Delivery>,
    held: Vec<(usize, Delivery)>,
}

impl Model<'_> {
    fn expect_press(&mut self, who: usize, delivery: &Delivery) {
        let id: u64 = delivery.interaction_id.parse().unwrap();
        let now = self.world.now();
        let person = self.people.entry(who).or_default();
        let is_double_click = person.is_in && now - person.entered_at < 3_000;
        if self.paused || id <= person.counted || is_double_click {
            return;
        }
        person.counted = id;
        person.is_in = !person.is_in;
        if person.is_in {
            person.entered_at = now;
        }
    }

    fn arrive(&mut self, who: usize, delivery: &Delivery) {
        self.expect_press(who, delivery);
        block_on(self.world.deliver(PEOPLE[who], delivery.clone()));
        self.last.insert(who, delivery.clone());
    }

    /// As a client that still shows the button: the card may be a moment old.
    fn press(&self, who: usize) -> Delivery {
        let id = self.world.db.column("SELECT id FROM giveaways").remove(0);
        let custom_id = format!("1:giveaways:enter:{id}");
        self.world.sim.borrow_mut().forge_component(PEOPLE[who], "#general", &self.card.id, &custom_id, &[]).unwrap()
    }

    fn act(&mut self, act: &Act) {
        let command = |line: &str| block_on(self.world.slash("mara", "#general", &format!("/giveaway {line}")));
        match act {
            Act::Press(who) => {
                let delivery = self.press(*who);
                self.arrive(*who, &delivery);
            }
            Act::Again(who) => {
                if let Some(delivery) = self.last.get(who).cloned() {
                    self.arrive(*who, &delivery);
                }
            }
            Act::Hold(who) => self.held.push((*who, self.press(*who))),
            Act::DeliverHeld => {
                for (who, delivery) in std::mem::take(&mut self.held).into_iter().rev() {
                    self.arrive(who, &delivery);
                }
            }
            Act::Edit(winners) => {
                command(&format!("edit giveaway:Lamp winners:{winners}")).says("was changed");
            }
            Act::Pause => {
                command("pause giveaway:Lamp");
                self.paused = true;
            }
            Act::Resume => {
                command("resume giveaway:Lamp");
                self.paused = false;
            }
            Act::Restart => self.world.restart(),
            Act::Wait(ms) => block_on(self.world.advance(*ms)),
        }
    }
}

#[test]
fn whatever_order_things_arrive_in_the_entrants_are_the_models() {
    run(40, prop::collection::vec(any_act(), 1..40), |acts| {
        let mut outcome = Ok(());
        with_world(|world| {
            let card = block_on(start(world, "Lamp", "ends:2d"));
            let (people, last) = (BTreeMap::new(), BTreeMap::new());
            let mut model = Model { world, card, paused: false, people, last, held: Vec::new() };
            for act in &acts {
                model.act(act);
            }
            let mut expected: Vec<String> =
                model.people.iter().filter(|(_, p)| p.is_in).map(|(who, _)| world.id(PEOPLE[*who])).collect();
            expected.sort();
            outcome = (|| {
                prop_assert_eq!(entrants(world), expected.clone());
                let count = world.db.column("SELECT entrant_count FROM giveaways");
                prop_assert_eq!(count, [expected.len().to_string()]);
                let log =
                    "SELECT SUM(CASE action WHEN 'entered' THEN 1 WHEN 'left' THEN -1 ELSE 0 END) FROM giveaway_log";
                prop_assert_eq!(world.db.column(log), [expected.len().to_string()]);
                Ok(())
            })();
        });
        outcome
    });
}

#[tokio::test(start_paused = true)]
async fn fifty_deliveries_of_one_press_at_the_same_time_count_once() {
    for seed in 1..6 {
        let world = World::new().await;
        world.interleave(seed);
        let card = start(&world, "Lamp", "ends:1h").await;
        let delivery = world.press_delivery("bela", &card.id, "Enter");
        let ctx = world.ctx();
        let answers = join_all((0..50).map(|_| muster_core::interaction(&ctx, &delivery.body))).await;
        assert!(answers.iter().all(|answer| answer.body.contains("You are in")), "seed {seed}: {answers:?}");
        assert_eq!(entrants(&world), [world.id("bela")]);
        assert_eq!(world.db.column("SELECT entrant_count FROM giveaways"), ["1"]);
    }
}

#[tokio::test(start_paused = true)]
async fn two_presses_of_somebody_who_no_longer_qualifies_only_leave() {
    for seed in 1..12 {
        let world = World::new().await;
        let card = start(&world, "Lamp", "ends:1h required_role:@Member").await;
        world.press("bela", &card.id, "Enter").await.says("You are in");
        world.advance(10_000).await;
        world.sim.borrow_mut().set_roles(DEMO, "bela", &[]).unwrap();
        world.interleave(seed);
        let presses = [0, 1].map(|_| world.press_delivery("bela", &card.id, "Enter"));
        for seen in join_all(presses.map(|press| world.deliver("bela", press))).await {
            assert!(seen.text.contains("You left") || seen.text.contains("You need the role"), "{seed}: {}", seen.text);
        }
        assert!(entrants(&world).is_empty(), "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_delivered_many_times_at_once_is_carried_out_once() {
    for seed in 1..12 {
        let world = World::new().await;
        world.interleave(seed);
        let line = |text: &str| world.sim.borrow_mut().slash("mara", "#general", text).unwrap();
        for text in [
            "/giveaway start prize:Lamp ends:1h",
            "/giveaway edit giveaway:Lamp winners:2",
            "/giveaway pause giveaway:Lamp",
        ] {
            let delivery = line(text);
            let ctx = world.ctx();
            let answers = join_all((0..6).map(|_| muster_core::interaction(&ctx, &delivery.body))).await;
            assert!(answers.iter().all(|answer| answer.body.contains("Lamp")), "seed {seed}, {text}: {answers:?}");
            let work = ctx.after.take();
            join_all(work).await;
        }
        world.advance_minutes(2).await;
        let steps = world.db.column("SELECT action FROM giveaway_log WHERE version IS NOT NULL ORDER BY version");
        assert_eq!(steps, ["started", "edited", "paused"], "seed {seed}");
        assert_eq!(world.count_with("#general", "commitment"), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn two_people_changing_one_giveaway_at_once_both_get_what_they_asked_for() {
    for seed in 1..25 {
        let world = World::new().await;
        start(&world, "Lamp", "ends:1h").await;
        world.interleave(seed);
        let line = |who: &str, options: &str| {
            let line = format!("/giveaway edit giveaway:Lamp {options}");
            world.sim.borrow_mut().slash(who, "#general", &line).unwrap()
        };
        let (one, other) = (line("mara", "winners:7"), line("jonas", "description:Shiny"));
        let (one, other) = tokio::join!(world.deliver("mara", one), world.deliver("jonas", other));
        one.says("was changed");
        other.says("was changed");
        let row = world.db.column("SELECT winners || ' ' || description || ' ' || version FROM giveaways");
        assert_eq!(row, ["7 Shiny 3"], "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn winners_who_claim_at_the_same_time_all_get_their_prize_once() {
    for seed in 1..12 {
        let world = World::new().await;
        let card = start(&world, "Lamp", "ends:10m winners:5").await;
        for who in PEOPLE {
            world.press(who, &card.id, "Enter").await.says("You are in");
        }
        world.advance_minutes(10).await;
        world.interleave(seed);
        let drawn = world.message_with("#general", "Congratulations");
        let presses: Vec<(&str, Delivery)> =
            PEOPLE.iter().map(|who| (*who, world.press_delivery(who, &drawn.id, "Claim Prize"))).collect();
        // Each press arrives twice.
        let both = presses.iter().chain(&presses).map(|(who, delivery)| world.deliver(who, delivery.clone()));
        let seen = join_all(both).await;
        let (first, second) = seen.split_at(presses.len());
        // Discord takes the answer to one of the two deliveries.
        for ((one, other), (who, _)) in first.iter().zip(second).zip(&presses) {
            let told = one.text.contains("You claimed") || other.text.contains("You claimed");
            assert!(told, "seed {seed}: {who} saw {} and {}", one.text, other.text);
        }
        assert_eq!(world.db.column("SELECT COUNT(*) FROM giveaway_picks WHERE outcome = 'claimed'"), ["5"]);
        assert_eq!(world.db.column("SELECT COUNT(*) FROM giveaway_log WHERE action = 'claimed'"), ["5"]);
        assert_eq!(world.db.column("SELECT state FROM giveaways"), ["finished"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_in_the_last_moment_and_the_clock_do_not_both_win() {
    let mut in_time = 0;
    for seed in 1..40 {
        let world = World::new().await;
        let card = start(&world, "Lamp", "ends:10m claim_window:5m reroll_limit:1").await;
        for who in ["bela", "chen"] {
            world.press(who, &card.id, "Enter").await.says("You are in");
        }
        world.advance_minutes(10).await;
        let drawn = world.message_with("#general", "Congratulations");
        let winner = if drawn.pinged == [world.id("bela")] { "bela" } else { "chen" };
        // The claim is read just before the window closes, and is still being carried out when the alarm goes off.
        world.alarms_work.set(false);
        let id = world.db.column("SELECT id FROM giveaways").remove(0);
        let due_at: i64 = world.db.column("SELECT due_at FROM giveaways").remove(0).parse().unwrap();
        world.advance(due_at - world.now() - 1).await;
        let claim = world.press_delivery(winner, &drawn.id, "Claim Prize");
        world.interleave(seed);
        let timer = Timer { feature: "giveaways".into(), id, due_at };
        let guild = world.sim.borrow().guild_id(DEMO).unwrap().parse().unwrap();
        let ctx = world.ctx();
        let alarm = async {
            for _ in 0..seed % 20 {
                tokio::task::yield_now().await;
            }
            world.clock.advance(1).await;
            muster_core::timer(&ctx, guild, &timer).await
        };
        let (seen, _) = tokio::join!(world.deliver(winner, claim), alarm);
        world.alarms_work.set(true);
        world.advance_minutes(1).await;
        let outcomes = world.db.column("SELECT outcome FROM giveaway_picks ORDER BY pick");
        if seen.text.contains("You claimed") {
            in_time += 1;
            assert_eq!(outcomes, ["claimed"], "seed {seed}: {}", seen.text);
        } else {
            assert_eq!(outcomes, ["lapsed", "won"], "seed {seed}: {}", seen.text);
        }
    }
    assert!((1..39).contains(&in_time), "{in_time} of 39 claims were in time: there was no race");
}

#[tokio::test(start_paused = true)]
async fn two_alarms_at_once_draw_once() {
    for seed in 1..12 {
        let world = World::new().await;
        let card = start(&world, "Lamp", "ends:10m winners:2").await;
        for who in PEOPLE {
            world.press(who, &card.id, "Enter").await.says("You are in");
        }
        world.alarms_work.set(false);
        world.advance(9 * 60_000).await;
        world.clock.advance(60_000).await;
        world.interleave(seed);
        let id = world.db.column("SELECT id FROM giveaways").remove(0);
        let timer = Timer { feature: "giveaways".into(), id, due_at: world.now() };
        let guild = world.sim.borrow().guild_id(DEMO).unwrap().parse().unwrap();
        let contexts = [world.ctx(), world.ctx(), world.ctx()];
        let woken = join_all(contexts.iter().map(|ctx| muster_core::timer(ctx, guild, &timer))).await;
        assert!(woken.iter().all(Result::is_ok), "seed {seed}: {woken:?}");
        join_all(contexts.iter().flat_map(|ctx| ctx.after.take())).await;
        world.advance_minutes(2).await;
        assert_eq!(world.count_with("#general", "Congratulations"), 1, "seed {seed}");
        assert_eq!(world.db.column("SELECT COUNT(*) FROM giveaway_picks"), ["2"]);
        let steps = world.db.column("SELECT action FROM giveaway_log WHERE version IS NOT NULL ORDER BY version");
        assert_eq!(steps, ["started", "closed", "drawn"], "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_outbox_row_handed_out_twice_at_once_is_one_message() {
    for seed in 1..12 {
        let world = World::new().await;
        world.queue_works.set(false);
        let lost = muster_sim::FaultKind::HangBefore;
        world.sim.borrow_mut().add_fault(muster_sim::Fault::once("POST", "/channels/{channel_id}/messages", lost));
        world.slash("mara", "#general", "/giveaway start prize:Lamp ends:1h").await.says("on its way");
        world.advance_minutes(10).await;
        world.interleave(seed);
        let id = world.db.column("SELECT id FROM outbox WHERE effect LIKE 'giveaways:announce:%'").remove(0);
        let job = muster_core::Job::Outbox { id };
        let contexts = [world.ctx(), world.ctx(), world.ctx()];
        join_all(contexts.iter().map(|ctx| muster_core::job(ctx, &job))).await;
        let posts =
            world.sim.borrow().calls().iter().filter(|call| call.method == "POST" && call.status == 200).count();
        assert_eq!((world.count_with("#general", "commitment"), posts), (1, 1), "seed {seed}");
    }
}

#[test]
fn any_faults_anywhere_in_a_whole_giveaway_break_no_promise() {
    let mode = prop::sample::select(vec![
        FaultMode::FailBefore,
        FaultMode::FailAfter,
        FaultMode::DieBefore,
        FaultMode::DieAfter,
    ]);
    let faults = prop::collection::vec((1..60u64, mode), 1..4);
    run(24, faults, |faults| {
        with_world(|world| {
            for (nth, mode) in &faults {
                world.faults().plan(*nth, *mode, false);
                block_on(play(world));
            }
            world.faults().clear();
            block_on(world.advance_minutes(40));
            check(world, &format!("{faults:?}"));
        });
        Ok(())
    });
}
