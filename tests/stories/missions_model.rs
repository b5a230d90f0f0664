//! Purpose: a whole month of missions against a plain model: whatever people do and in which order, the ledger, the sums and the
//! month's first are what counting on fingers gives.

use crate::{
    missions_help::{connect, publish, pushed_as},
    people::{block_on, with_world},
};
use muster_core::social::Kind;
use muster_sim::{AppChange, Platform};
use muster_tests::{World, links::Visitor};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

const PEOPLE: [&str; 3] = ["ada", "bela", "chen"];
const PLATFORMS: [Platform; 2] = [Platform::LinkedIn, Platform::Threads];
const MISSIONS: [&str; 3] = ["Spring launch", "Night of tea", "Open house"];
const MONTH: &str = "2025-12";
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

#[derive(Debug, Clone)]
enum Step {
    Push(usize),
    Publish(usize, usize, usize),
    /// So many people, some of whom were there before, and so many machines open somebody's link.
    Clicks(usize, usize, std::ops::Range<usize>, usize),
    /// A post's reactions or views are so many now.
    Grows(usize, usize, usize, u64),
    Close(usize),
    Adjust(usize, i64),
    /// The newest line of somebody is taken back.
    Void(usize),
    Wait(i64),
}

fn any_step() -> impl Strategy<Value = Step> {
    let (who, mission, platform) = (0..PEOPLE.len(), 0..MISSIONS.len(), 0..PLATFORMS.len());
    let people = (0..20_usize, 1..30_usize).prop_map(|(from, many)| from..from + many);
    prop_oneof![
        3 => mission.clone().prop_map(Step::Push),
        6 => (who.clone(), mission.clone(), platform.clone()).prop_map(|(who, mission, on)| Step::Publish(who, mission, on)),
        6 => (who.clone(), mission.clone(), people, 0..3_usize).prop_map(|(who, mission, people, bots)| Step::Clicks(who, mission, people, bots)),
        5 => (who.clone(), mission.clone(), platform, 0..2_500_u64).prop_map(|(who, mission, on, count)| Step::Grows(who, mission, on, count)),
        1 => mission.prop_map(Step::Close),
        1 => (who.clone(), -20..40_i64).prop_map(|(who, points)| Step::Adjust(who, points)),
        1 => who.prop_map(Step::Void),
        5 => (1..30_i64).prop_map(Step::Wait),
    ]
}

#[derive(Debug, Default, Clone)]
struct Mission {
    pushed_at: Option<i64>,
    is_closed: bool,
    /// Who opened whose link on which day.
    visits: BTreeSet<(usize, usize, i64)>,
}

impl Mission {
    fn is_live(&self) -> bool {
        self.pushed_at.is_some() && !self.is_closed
    }

    fn clicks_of(&self, who: usize) -> i64 {
        self.visits.iter().filter(|(of, ..)| *of == who).count() as i64
    }
}

/// A line of the ledger, as far as the model tells it: whose, which kind, how many points.
type Line = (usize, &'static str, i64);

/// What everybody should have, by counting.
#[derive(Default)]
struct Model {
    missions: [Mission; MISSIONS.len()],
    /// Who published what where: the post's id, and what the platform counts there.
    posts: BTreeMap<(usize, usize, usize), (String, u64)>,
    lines: Vec<Line>,
    /// Tiers that were paid, by post.
    tiers: BTreeSet<(usize, usize, usize, u64)>,
    paid_clicks: BTreeMap<(usize, usize), i64>,
    slugs: BTreeMap<(usize, usize), String>,
}

/// What the seed of this product promises.
const TIERS: [[(u64, i64); 3]; 2] = [[(10, 5), (30, 10), (100, 20)], [(100, 5), (500, 10), (2_000, 20)]];
const PLACES: [i64; 3] = [25, 15, 10];

impl Model {
    /// An hour has passed: counts were read, and clicks of the last minutes counted.
    fn catch_up(&mut self) {
        for (&(who, mission, on), (_, count)) in &self.posts {
            for (at, points) in TIERS[on].into_iter().filter(|(at, _)| at <= count) {
                if self.tiers.insert((who, mission, on, at)) {
                    self.lines.push((who, "engagement", points));
                }
            }
        }
        for mission in 0..MISSIONS.len() {
            self.pay_clicks(mission);
        }
    }

    /// One point for ten people.
    fn pay_clicks(&mut self, mission: usize) {
        for who in 0..PEOPLE.len() {
            let tens = self.missions[mission].clicks_of(who) / 10;
            let paid = self.paid_clicks.entry((who, mission)).or_default();
            if tens > *paid {
                self.lines.push((who, "clicks", tens - *paid));
                *paid = tens;
            }
        }
    }

    fn close(&mut self, world: &World, mission: usize) {
        self.missions[mission].is_closed = true;
        self.pay_clicks(mission);
        let mut by_clicks: Vec<(i64, u64, usize)> = (0..PEOPLE.len())
            .map(|who| (self.missions[mission].clicks_of(who), world.id(PEOPLE[who]).parse().expect("an id"), who))
            .filter(|(clicks, ..)| *clicks > 0)
            .collect();
        by_clicks.sort_by_key(|(clicks, account, _)| (-clicks, *account));
        for ((.., who), points) in by_clicks.into_iter().zip(PLACES) {
            self.lines.push((who, "top", points));
        }
    }

    fn sum(&self, who: usize) -> i64 {
        self.lines.iter().filter(|(of, ..)| *of == who).map(|(.., points)| points).sum()
    }
}

struct Scene<'a> {
    world: &'a World,
    model: Model,
    cards: [String; MISSIONS.len()],
    /// Unix milliseconds.
    ends: i64,
}

impl<'a> Scene<'a> {
    /// The first of a month, a few minutes after midnight, with everybody connected everywhere.
    async fn new(world: &'a World) -> Self {
        let change = AppChange { analytics: Some(true), ..AppChange::default() };
        world.sim.borrow_mut().change_social_app(Platform::LinkedIn, change);
        world.note_grant(Kind::LinkedIn, "analytics");
        // 1 December 2025, 00:10 UTC; the month ends 31 days later.
        let first = 1_764_547_800_000;
        world.jump(first - world.now()).await;
        world.settle().await;
        for who in PEOPLE {
            for platform in PLATFORMS {
                connect(world, who, platform.name(), &format!("{who} at {}", platform.name())).await;
            }
        }
        let ends = first - 10 * 60_000 + 31 * DAY;
        Self { world, model: Model::default(), cards: Default::default(), ends }
    }

    /// Hours pass; whatever is due in between runs late, but does.
    async fn wait(&mut self, hours: i64) {
        if self.world.now() + (hours + 3) * HOUR > self.ends {
            return;
        }
        self.world.jump(hours * HOUR).await;
        // Clicks, then what follows from them; and an hour for the next reading of counts.
        for _ in 0..3 {
            self.world.advance_minutes(7).await;
            self.world.jump(20 * 60_000).await;
        }
        self.world.advance_minutes(2).await;
        self.model.catch_up();
    }

    async fn publish(&mut self, who: usize, mission: usize, on: usize) {
        if !self.model.missions[mission].is_live() || self.model.posts.contains_key(&(who, mission, on)) {
            return;
        }
        let name = if on == 0 { "LinkedIn" } else { "Threads" };
        let pushed_at = self.model.missions[mission].pushed_at.expect("live");
        publish(self.world, PEOPLE[who], &self.cards[mission], name).await;
        self.world.advance_minutes(2).await;
        let post = self.world.posted(PLATFORMS[on]).pop().expect("a post");
        let is_on_time = i64::try_from(post.published_ms).expect("a time") - pushed_at <= DAY;
        let slug = post.text.split("/l/").nth(1).and_then(|rest| rest.split([' ', '\\']).next()).expect("a link");
        self.model.slugs.insert((who, mission), slug.to_owned());
        self.model.posts.insert((who, mission, on), (post.id.clone(), 0));
        for metric in ["views", "reactions"] {
            self.world.sim.borrow_mut().set_social_metric(PLATFORMS[on], &post.id, metric, 0).expect("a post");
        }
        self.model.lines.push((who, "publish", 10));
        if is_on_time {
            self.model.lines.push((who, "on-time", 5));
        }
    }

    async fn clicks(&mut self, who: usize, mission: usize, people: std::ops::Range<usize>, machines: usize) {
        let Some(slug) = self.model.slugs.get(&(who, mission)).cloned() else { return };
        let is_open = self.model.missions[mission].is_live();
        for person in people {
            let landed = self.world.open_link(&slug, &Visitor::at(&format!("10.{person}.0.1"))).await;
            assert_eq!(landed.status, if is_open { 302 } else { 410 });
            if is_open {
                self.model.missions[mission].visits.insert((who, person, self.world.now() / DAY));
            }
        }
        for _ in 0..machines {
            let robot = Visitor::at("198.51.100.1").with("user-agent", "Mozilla/5.0 (compatible; Discordbot/2.0)");
            self.world.open_link(&slug, &robot).await;
        }
        // The queue brings them; they are counted when their five minutes are over.
        self.world.settle().await;
    }

    fn grows(&mut self, who: usize, mission: usize, on: usize, count: u64) {
        let Some((id, now)) = self.model.posts.get_mut(&(who, mission, on)) else { return };
        *now = (*now).max(count);
        let metric = if on == 0 { "reactions" } else { "views" };
        self.world.sim.borrow_mut().set_social_metric(PLATFORMS[on], id, metric, *now).expect("a post");
    }

    async fn step(&mut self, step: &Step) {
        match step.clone() {
            Step::Push(mission) if self.model.missions[mission].pushed_at.is_none() => {
                let (title, text) =
                    (MISSIONS[mission], format!("Our spring menu is here! {}: {{link}} .", MISSIONS[mission]));
                self.cards[mission] = pushed_as(self.world, title, &text, "LinkedIn, Threads", "60d").await;
                self.model.missions[mission].pushed_at = Some(self.world.now());
            }
            Step::Publish(who, mission, on) => self.publish(who, mission, on).await,
            Step::Clicks(who, mission, people, machines) => self.clicks(who, mission, people, machines).await,
            Step::Grows(who, mission, on, count) => self.grows(who, mission, on, count),
            Step::Close(mission) if self.model.missions[mission].is_live() => {
                let line = format!("/mission close mission:\"{}\"", MISSIONS[mission]);
                self.world.slash("mara", "#general", &line).await.says("is closed");
                self.wait(1).await;
                self.model.close(self.world, mission);
            }
            Step::Adjust(who, points) if points != 0 => {
                let line = format!("/mission adjust user:@{} points:{points} reason:\"as it was said\"", PEOPLE[who]);
                self.world.slash("mara", "#general", &line).await.says("points");
                self.model.lines.push((who, "adjust", points));
            }
            Step::Void(who) => self.void(who).await,
            Step::Wait(hours) => self.wait(hours).await,
            Step::Push(_) | Step::Close(_) | Step::Adjust(..) => {}
        }
    }

    async fn void(&mut self, who: usize) {
        let sql = format!(
            "SELECT id || ' ' || points FROM points WHERE user_id = '{}' AND kind NOT IN ('void', 'clicks')
             AND 'void:' || id NOT IN (SELECT cause FROM points) ORDER BY at DESC, id DESC LIMIT 1",
            self.world.id(PEOPLE[who])
        );
        let Some(line) = self.world.db.column(&sql).pop() else { return };
        let (id, points) = line.split_once(' ').expect("two");
        let void = format!("/mission void line:{id} reason:\"a mistake\"");
        self.world.slash("mara", "#general", &void).await.says("taken back");
        self.model.lines.push((who, "void", -points.parse::<i64>().expect("a number")));
    }

    /// The month ends; the ledger, the sums and the first ten are the model's.
    async fn end(mut self) -> BTreeSet<&'static str> {
        self.wait(1).await;
        let line = "/mission settings channel:#giveaways";
        self.world.slash("mara", "#general", line).await.says("go to <#");
        self.world.jump(self.ends - self.world.now() + 6 * 60_000).await;
        self.world.advance_minutes(3).await;
        for (who, name) in PEOPLE.iter().enumerate() {
            let user = self.world.id(name);
            // How many tens of clicks one line holds is a matter of minutes: their sum is not.
            let kept = format!(
                "SELECT kind || ' ' || points FROM points WHERE user_id = '{user}' AND month = '{MONTH}' AND kind <> 'clicks'
                 UNION ALL SELECT 'clicks ' || SUM(points) FROM points
                 WHERE user_id = '{user}' AND month = '{MONTH}' AND kind = 'clicks' HAVING COUNT(*) > 0"
            );
            let mut lines = self.world.db.column(&kept);
            let of = || self.model.lines.iter().filter(|(of, ..)| *of == who);
            let clicks: i64 = of().filter(|(_, kind, _)| *kind == "clicks").map(|(.., points)| points).sum();
            let others =
                of().filter(|(_, kind, _)| *kind != "clicks").map(|(_, kind, points)| format!("{kind} {points}"));
            let mut expected: Vec<String> = others.chain((clicks > 0).then(|| format!("clicks {clicks}"))).collect();
            lines.sort();
            expected.sort();
            assert_eq!(lines, expected, "{name}");
            for month in [MONTH, "all"] {
                let sum = format!("SELECT points FROM points_totals WHERE user_id = '{user}' AND month = '{month}'");
                let sum: i64 = self.world.db.column(&sum).pop().map_or(0, |text| text.parse().expect("a number"));
                assert_eq!(sum, self.model.sum(who), "{name} in {month}");
            }
        }
        let has_lines = |who: &usize| self.model.lines.iter().any(|(of, ..)| of == who);
        let mut first: Vec<(i64, String)> =
            (0..PEOPLE.len()).filter(has_lines).map(|who| (self.model.sum(who), self.world.id(PEOPLE[who]))).collect();
        // Nobody comes first with nothing.
        first.retain(|(points, _)| *points > 0);
        first.sort_by_key(|(points, user)| (-points, user.clone()));
        let first: Vec<_> =
            first.into_iter().map(|(points, user)| serde_json::json!({ "user": user, "points": points })).collect();
        let kept = self.world.db.column(&format!("SELECT winners FROM mission_months WHERE month = '{MONTH}'"));
        let kept: Vec<serde_json::Value> = kept.iter().map(|text| serde_json::from_str(text).expect("JSON")).collect();
        let is_nobody = first.is_empty();
        if is_nobody {
            assert!(kept.iter().all(|list| list.as_array().is_some_and(Vec::is_empty)), "{kept:?}");
        } else {
            assert_eq!(kept, [serde_json::Value::from(first)]);
        }
        let told = self.world.count_with("#giveaways", "The month's first");
        assert_eq!(told, usize::from(!is_nobody), "announced once");
        self.model.lines.iter().map(|(_, kind, _)| *kind).collect()
    }
}

#[test]
fn a_month_ends_in_the_ledger_that_counting_gives() {
    let mut runner = TestRunner::new(Config { cases: 40, failure_persistence: None, ..Config::default() });
    let seen = RefCell::new(BTreeSet::new());
    let months = prop::collection::vec(any_step(), 25..45);
    runner
        .run(&months, |steps| {
            with_world(|world| {
                let mut scene = block_on(Scene::new(world));
                for mission in 0..2 {
                    block_on(scene.step(&Step::Push(mission)));
                }
                for step in &steps {
                    block_on(scene.step(step));
                }
                seen.borrow_mut().append(&mut block_on(scene.end()));
            });
            Ok(())
        })
        .expect("the month of the model");
    let all = ["adjust", "clicks", "engagement", "on-time", "publish", "top", "void"];
    assert_eq!(seen.into_inner(), all.into(), "every kind of line was there");
}
