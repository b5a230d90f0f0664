//! Purpose: a month of missions ends once, when it is over where the server is: whatever happens to the zone, the alarms and the process.

use crate::missions_help::{connect, publish, pushed};
use muster_core::{ports::Timer, time};
use muster_testkit::FaultMode;
use muster_tests::{Browser, World, browser::text};

const FIRST: &str = "The month's first";

fn at(text: &str) -> i64 {
    time::parse_rfc3339(text).expect("a time")
}

/// The clock jumps to a moment, and what is due by then runs.
async fn until(world: &World, text: &str) {
    world.jump(at(text) - world.now()).await;
    world.advance_minutes(3).await;
}

async fn gets(world: &World, who: &str, points: i64) {
    let line = format!("/mission adjust user:@{who} points:{points} reason:\"A talk\"");
    world.slash("mara", "#general", &line).await.says("points");
}

async fn zone(world: &World, name: &str) {
    let line = format!("/config set setting:time_zone value:{name}");
    world.slash("mara", "#general", &line).await.says(name);
}

/// In November, with the month's first announced in #giveaways.
async fn november() -> World {
    let world = World::new().await;
    until(&world, "2025-11-20T10:00:00Z").await;
    world.slash("mara", "#general", "/mission settings channel:#giveaways").await.says("go to <#");
    gets(&world, "ada", 25).await;
    world
}

fn announced(world: &World) -> Vec<String> {
    let all = world.public("#giveaways").into_iter().map(|message| message.text());
    all.filter(|text| text.contains(FIRST)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_zone_further_to_the_west_ends_no_month_early_and_every_later_one() {
    let world = november().await;
    zone(&world, "America/New_York").await;
    until(&world, "2025-12-01T00:10:00Z").await;
    assert_eq!(announced(&world), [""; 0], "it is the evening of the 30th there");
    // What comes in its last hours is November's.
    gets(&world, "bela", 40).await;
    until(&world, "2025-12-01T05:04:00Z").await;
    let november = announced(&world);
    assert_eq!(november.len(), 1, "{november:#?}");
    let place = |who: &str| november[0].find(&world.id(who)).expect("one of the first");
    assert!(november[0].contains("2025-11") && place("bela") < place("ada"), "{}", november[0]);
    gets(&world, "chen", 7).await;
    until(&world, "2026-01-01T05:06:00Z").await;
    assert_eq!(announced(&world).len(), 2);
    assert!(announced(&world)[1].contains("2025-12") && announced(&world)[1].contains("of 1 member"));
    gets(&world, "chen", 8).await;
    until(&world, "2026-02-01T05:06:00Z").await;
    assert_eq!(announced(&world).len(), 3);
    assert_eq!(world.db.column("SELECT month FROM mission_months ORDER BY 1"), ["2025-11", "2025-12", "2026-01"]);
}

#[tokio::test(start_paused = true)]
async fn a_zone_further_to_the_east_ends_the_month_at_its_own_midnight() {
    let world = november().await;
    zone(&world, "Asia/Kolkata").await;
    until(&world, "2025-11-30T18:30:00Z").await;
    assert_eq!(announced(&world).len(), 0, "three minutes past midnight");
    until(&world, "2025-11-30T18:35:00Z").await;
    assert_eq!(announced(&world).len(), 1);
    // Back in the west it is November once more: that month has ended, and the next ends by the new zone.
    zone(&world, "America/New_York").await;
    gets(&world, "bela", 3).await;
    until(&world, "2025-12-03T12:00:00Z").await;
    gets(&world, "bela", 4).await;
    until(&world, "2026-01-01T05:06:00Z").await;
    assert_eq!(announced(&world).len(), 2);
    assert!(announced(&world)[1].contains("2025-12"), "{:#?}", announced(&world));
}

/// The 1st on which New York's summer time ends.
#[tokio::test(start_paused = true)]
async fn a_month_ends_by_the_clocks_of_its_last_night() {
    let world = World::new().await;
    until(&world, "2026-10-20T10:00:00Z").await;
    world.slash("mara", "#general", "/mission settings channel:#giveaways").await.says("go to <#");
    zone(&world, "America/New_York").await;
    gets(&world, "ada", 25).await;
    until(&world, "2026-11-01T04:01:00Z").await;
    assert_eq!(announced(&world).len(), 0);
    until(&world, "2026-11-01T04:05:00Z").await;
    assert_eq!(announced(&world).len(), 1);
    gets(&world, "ada", 1).await;
    until(&world, "2026-12-01T04:30:00Z").await;
    assert_eq!(announced(&world).len(), 1, "winter time now");
    until(&world, "2026-12-01T05:06:00Z").await;
    assert_eq!(announced(&world).len(), 2);
}

/// As older versions left it: the month was ended before it was over, and its clock stands.
#[tokio::test(start_paused = true)]
async fn a_clock_that_stands_on_a_month_that_has_ended_goes_on() {
    let world = november().await;
    let guild = world.guild();
    let ended = format!("INSERT INTO mission_months VALUES ('{guild}', '2025-11', 0, 1, '[]') RETURNING month");
    world.db.column(&ended);
    until(&world, "2026-01-15T00:00:00Z").await;
    gets(&world, "ada", 3).await;
    until(&world, "2026-02-01T00:06:00Z").await;
    let months = world.db.column("SELECT month FROM mission_months ORDER BY 1");
    assert_eq!(months, ["2025-11", "2025-12", "2026-01"]);
    assert_eq!(announced(&world).len(), 1, "of January; nobody earned anything in December");
}

#[tokio::test(start_paused = true)]
async fn months_in_which_nothing_ran_end_one_after_the_other() {
    let world = november().await;
    world.jump(at("2025-12-05T10:00:00Z") - world.now()).await;
    gets(&world, "bela", 10).await;
    world.jump(at("2026-03-02T10:00:00Z") - world.now()).await;
    world.advance_minutes(3).await;
    let months: Vec<String> =
        announced(&world).iter().map(|text| text.lines().last().unwrap_or("").to_owned()).collect();
    assert_eq!(months, ["Missions · 2025-11", "Missions · 2025-12"]);
    assert_eq!(world.db.column("SELECT COUNT(*) FROM mission_months"), ["4"]);
}

#[tokio::test(start_paused = true)]
async fn two_alarms_at_once_end_a_month_once() {
    for seed in 0..12 {
        let world = november().await;
        world.jump(at("2025-12-01T00:06:00Z") - world.now()).await;
        let timer = Timer { feature: "missions".to_owned(), id: "month:now".to_owned(), due_at: 0 };
        world.interleave(seed);
        let (one, other) = (world.ctx(), world.ctx());
        let both = tokio::join!(
            muster_core::timer(&one, world.guild(), &timer),
            muster_core::timer(&other, world.guild(), &timer)
        );
        assert!(both.0.is_ok() && both.1.is_ok(), "seed {seed}");
        world.advance_minutes(3).await;
        assert_eq!(announced(&world).len(), 1, "seed {seed}");
        assert_eq!(world.db.column("SELECT month FROM mission_clocks"), ["2025-12"], "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_death_at_any_call_loses_no_announcement_and_posts_none_twice() {
    for mode in [FaultMode::FailBefore, FaultMode::FailAfter, FaultMode::DieBefore, FaultMode::DieAfter] {
        for nth in 1..40 {
            let world = november().await;
            zone(&world, "America/New_York").await;
            world.advance_minutes(2).await;
            world.jump(at("2025-12-01T05:04:30Z") - world.now()).await;
            world.faults().plan(nth, mode, false);
            world.advance_minutes(2).await;
            let reached = world.faults().count() >= nth;
            world.faults().clear();
            world.advance_minutes(12).await;
            assert_eq!(announced(&world).len(), 1, "{mode:?} at call {nth}: {:#?}", world.faults().log());
            if !reached {
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_channel_the_first_are_announced_where_the_newest_mission_with_points_is() {
    let world = World::new().await;
    let said = world.slash("mara", "#general", "/mission settings").await;
    said.says(
        "Cards go to the channel of each mission, and the month's first to that of the newest mission with points.",
    );
    let card = pushed(&world, "LinkedIn").await;
    connect(&world, "ada", "linkedin", "Ada Lovelace").await;
    publish(&world, "ada", &card, "LinkedIn").await;
    // A newer mission elsewhere in which nobody takes part.
    world.advance_minutes(5).await;
    let form = world.slash("mara", "#giveaways", "/mission new").await.modal.expect("a form");
    let fields = [("title", "Quiet"), ("text", "Hush."), ("link", ""), ("platforms", "LinkedIn"), ("ends", "60d")];
    world.submit("mara", &form, &fields).await.says("The draft is kept.");
    world.slash("mara", "#giveaways", "/mission push mission:Quiet").await.says("is live in <#");
    until(&world, "2025-04-01T00:06:00Z").await;
    assert_eq!(world.count_with("#general", FIRST), 1);
    assert_eq!(world.count_with("#giveaways", FIRST), 0);
    // Points by hand alone: the newest mission's channel.
    gets(&world, "bela", 5).await;
    until(&world, "2025-05-01T00:06:00Z").await;
    assert_eq!(world.count_with("#giveaways", FIRST), 1);
}

#[tokio::test(start_paused = true)]
async fn only_points_above_zero_win_a_month() {
    let world = november().await;
    gets(&world, "bela", -30).await;
    until(&world, "2025-12-01T00:06:00Z").await;
    let november = announced(&world);
    assert_eq!(november.len(), 1);
    assert!(november[0].contains(&world.id("ada")) && !november[0].contains(&world.id("bela")), "{}", november[0]);
    gets(&world, "ada", -5).await;
    until(&world, "2026-01-01T00:06:00Z").await;
    assert_eq!(announced(&world).len(), 1, "nobody won December");
}

#[tokio::test(start_paused = true)]
async fn months_that_ended_stay_to_be_read() {
    let world = november().await;
    gets(&world, "bela", 40).await;
    until(&world, "2025-12-02T00:06:00Z").await;
    gets(&world, "chen", 7).await;
    let old = world.slash("ada", "#general", "/leaderboard board:missions month:2025-11").await;
    old.says("2025-11").says(&format!("🥇 <@{}> · **40** points", world.id("bela"))).says("You: **#2** with 25 points");
    assert!(!old.text.contains(&world.id("chen")), "{}", old.text);
    world.slash("ada", "#general", "/leaderboard month:2025-13").await.says("Write the month like 2026-11.");
    world.slash("ada", "#general", "/leaderboard board:week month:2025-11").await.says("of missions alone");
    let browser = Browser::signed_in(&world, "mara").await;
    let board = format!("/g/{}/missions/board", world.guild());
    let page = browser.get(&board).await;
    let said = text(&page);
    assert!(
        said.contains("This month All time 2025-11") && said.contains("1 Chen") && !said.contains("Béla"),
        "{said}"
    );
    assert!(page.body.contains(&format!("{board}?month=2025-11")));
    let said = text(&browser.get(&format!("{board}?month=2025-11")).await);
    assert!(said.contains("2 members · ended 2025-12-02T") && said.contains("1 Béla 40 2 Ada 25"), "{said}");
    assert_eq!(browser.get(&format!("{board}?month=2025-13")).await.status, 404);
}
