//! Purpose: `/levels rewards`, `/levels sync` and `/levels rebuild`: roles checked when they are named, given when they are earned
//! and afterwards, by bounded steps that anything may interrupt; the ranked index made anew.

use muster_core::xp::LevelSettings;
use muster_protocol::EventKind;
use muster_sim::{Fault, FaultKind, NewRole, RateLimitScope};
use muster_testkit::FaultMode;
use muster_tests::{
    DEMO, Seen, World,
    gateway::{Sidecar, earned},
};

async fn cafe() -> (World, Sidecar) {
    let world = World::new().await;
    world.set_levels(&LevelSettings { enabled: true, ..LevelSettings::default() }).await;
    (world, Sidecar::default())
}

async fn add(world: &World, who: &str, level: u32, role: &str) -> Seen {
    world.slash(who, "#general", &format!("/levels rewards add level:{level} role:{role}")).await
}

fn has(world: &World, who: &str, role: &str) -> bool {
    world.sim.borrow().roles_of(DEMO, who).contains(&role.to_owned())
}

fn new_role(world: &World, name: &str, permissions: u64, order: &[&str]) {
    let mut sim = world.sim.borrow_mut();
    let guild = sim.guild_id(DEMO).expect("the guild");
    sim.add_role(&guild, NewRole { name: name.into(), permissions, ..NewRole::default() }).expect("a role");
    sim.order_roles(&guild, order).expect("an order");
}

#[tokio::test(start_paused = true)]
async fn a_role_is_given_with_its_level_and_by_a_sync_to_who_is_there_already() {
    let (world, sidecar) = cafe().await;
    sidecar.earn(&world, "bela", 300, 0).await;
    let added = add(&world, "mara", 2, "Newcomer").await;
    added.says("comes with level 2 from now on").says("by a sync");
    sidecar.earn(&world, "chen", 300, 0).await;
    world.advance(5_000).await;
    assert!(has(&world, "chen", "Newcomer") && !has(&world, "bela", "Newcomer"));
    let id = added.message.as_ref().expect("a message").id.clone();
    let begun = world.press("mara", &id, "Sync now").await;
    begun.says("of 2 members looked at");
    world.advance(5_000).await;
    world.advance(5_000).await;
    assert!(has(&world, "bela", "Newcomer"));
    let seen = world.press("mara", &begun.message.as_ref().expect("a message").id, "Refresh").await;
    seen.says("The sync is done: 2 members looked at").says("1 role given, 0 roles taken");
    let list = world.slash("mara", "#general", "/levels rewards list").await;
    list.says("Level **2** ·").says("The last sync ended").says("2 members looked at, 1 role given, 0 roles taken");
    let reward = world.suggestions("mara", &["levels", "rewards", "remove", "reward"], &[], "newc").await.remove(0);
    assert_eq!(reward.name, "Level 2 · Newcomer");
    let value = reward.value.as_str().expect("text").to_owned();
    let line = format!("/levels rewards remove reward:{value}");
    world.slash("mara", "#general", &line).await.says("no longer comes with level 2");
    world.slash("mara", "#general", &line).await.says("any more");
    world.slash("mara", "#general", "/levels rewards list").await.says("no roles for levels yet");
    world.slash("mara", "#general", "/levels sync").await.says("no roles for levels yet");
    assert!(has(&world, "bela", "Newcomer"), "who has it keeps it");
    let history = world.slash("mara", "#general", "/config history").await;
    history.says("levels: rewards from none to 2 <@&").says("levels sync: everybody's roles");
}

#[tokio::test(start_paused = true)]
async fn a_sync_goes_on_when_discords_limit_is_over_however_often_it_was_reached() {
    let (world, sidecar) = cafe().await;
    sidecar.earn(&world, "bela", 300, 0).await;
    let added = add(&world, "mara", 2, "Newcomer").await;
    let id = added.message.as_ref().expect("a message").id.clone();
    world.press("mara", &id, "Sync now").await.says("of 1 members looked at");
    let kind = FaultKind::RateLimited { scope: RateLimitScope::User, retry_after: 3.0 };
    let limited = Fault::once("GET", "/guilds/{guild_id}/members/{user_id}", kind);
    world.sim.borrow_mut().add_fault(Fault { count: Some(6), ..limited });
    for _ in 0..30 {
        world.advance(1_000).await;
    }
    assert!(has(&world, "bela", "Newcomer"), "six times three seconds, and no pause that grows");
}

#[tokio::test(start_paused = true)]
async fn roles_that_cannot_or_should_not_be_given_are_refused_with_the_reason() {
    let (world, _) = cafe().await;
    new_role(&world, "Helper", 1 << 13, &["Owner", "Moderator", "Muster", "Booster", "Helper", "Member", "Newcomer"]);
    new_role(
        &world,
        "Banner",
        1 << 2,
        &["Owner", "Moderator", "Muster", "Booster", "Banner", "Helper", "Member", "Newcomer"],
    );
    add(&world, "mara", 5, "Owner").await.says("is not below Muster's highest role");
    add(&world, "mara", 5, "Moderator").await.says("is not below Muster's highest role");
    add(&world, "mara", 5, "Booster").await.says("only Discord gives it");
    add(&world, "mara", 5, "@everyone").await.says("Everybody has @everyone already");
    add(&world, "jonas", 5, "Owner").await.says("not below your own highest role");
    add(&world, "jonas", 5, "Banner").await.says("That role may do what you may not: **Ban Members**");
    add(&world, "jonas", 5, "Helper").await.says("Whoever has this role may do: **Manage Messages**");
    add(&world, "mara", 6, "Helper").await.says("comes with level 5 already");
    add(&world, "mara", 5, "Helper").await.says("comes with level 5 from now on");
    for level in ["0", "1001", "2.5", "many"] {
        let line = format!("/levels rewards add level:{level} role:Newcomer");
        assert!(world.slash("mara", "#general", &line).await.text.contains("level"), "{level}");
    }
    world.advance_minutes(1).await;
    // Later its roles are moved and its rights are taken: the list says so.
    {
        let mut sim = world.sim.borrow_mut();
        let guild = sim.guild_id(DEMO).expect("the guild");
        sim.order_roles(&guild, &["Owner", "Moderator", "Helper", "Muster", "Booster", "Member", "Newcomer"])
            .expect("moved");
        sim.set_role_permissions(&guild, "Muster", 2_048 | 1_024).expect("a role");
    }
    let list = world.slash("mara", "#general", "/levels rewards list").await;
    list.says("It is not below Muster's highest role")
        .says("Muster lacks **Manage Roles**")
        .says("It may do: Manage Messages");
    world.slash("mara", "#general", "/levels sync").await.says("Muster lacks **Manage Roles**");
    add(&world, "mara", 7, "Newcomer").await.says("Muster lacks **Manage Roles**");
}

#[tokio::test(start_paused = true)]
async fn only_the_highest_role_is_kept_where_that_is_wanted() {
    let (world, sidecar) = cafe().await;
    add(&world, "mara", 1, "Newcomer").await.says("level 1");
    new_role(&world, "Regular", 0, &["Owner", "Moderator", "Muster", "Booster", "Regular", "Member", "Newcomer"]);
    add(&world, "mara", 2, "Regular").await.says("level 2");
    sidecar.earn(&world, "bela", 300, 0).await;
    world.advance(5_000).await;
    assert!(has(&world, "bela", "Newcomer") && has(&world, "bela", "Regular"));
    let card = world.slash("mara", "#general", "/levels config").await;
    let id = card.message.as_ref().expect("a card").id.clone();
    world.press("mara", &id, "Keep only").await.says("only the highest is kept").says("/levels sync");
    world.slash("mara", "#general", "/levels sync").await.says("Sync");
    world.advance(10_000).await;
    assert!(!has(&world, "bela", "Newcomer") && has(&world, "bela", "Regular"));
    world.slash("bela", "#general", "/levels sync").await.says("permission");
    world.forge("bela", "#general", &id, "1:levels:sync:start").await.says("You need **Manage Server**");
}

#[tokio::test(start_paused = true)]
async fn a_steeper_curve_takes_roles_back_by_a_sync_and_levels_are_said_again() {
    let (world, sidecar) = cafe().await;
    add(&world, "mara", 1, "Newcomer").await.says("level 1");
    sidecar.earn(&world, "bela", 100, 0).await;
    world.advance(5_000).await;
    assert!(has(&world, "bela", "Newcomer"));
    let mut steep: LevelSettings = LevelSettings { enabled: true, ..LevelSettings::default() };
    steep.rewards = vec![muster_core::xp::Reward { level: 1, role: world.role("Newcomer") }];
    steep.curve.base = 200;
    world.set_levels(&steep).await;
    world.slash("mara", "#general", "/levels sync").await.says("Sync");
    world.advance(5_000).await;
    assert!(!has(&world, "bela", "Newcomer"));
    sidecar.earn(&world, "bela", 100, 0).await;
    world.advance(5_000).await;
    assert!(has(&world, "bela", "Newcomer"));
    assert_eq!(world.count_with("#general", "level 1"), 2);
}

/// Ten people have a level and no role; a sync is asked for while things go wrong.
async fn sync_of_ten(plan: Option<(u64, FaultMode)>) -> u64 {
    let (world, sidecar) = cafe().await;
    let people = ["mara", "jonas", "ada", "bela", "chen", "dilek", "emil", "farah", "gus", "nova"];
    let members = people.map(|who| earned(&world, who, 120, 0)).to_vec();
    sidecar.report(&world, vec![EventKind::Xp { members }]).await;
    new_role(&world, "Regular", 0, &["Owner", "Moderator", "Muster", "Booster", "Regular", "Member", "Newcomer"]);
    add(&world, "mara", 1, "Regular").await.says("level 1");
    let (nth, mode) = plan.unwrap_or((u64::MAX, FaultMode::FailBefore));
    world.faults().plan(nth, mode, false);
    let line = "/levels sync";
    let seen = world.slash("mara", "#general", line).await;
    world.advance_minutes(3).await;
    world.faults().clear();
    if !seen.text.contains("Sync") {
        world.slash("mara", "#general", line).await;
    }
    world.advance_minutes(3).await;
    for who in people {
        assert!(has(&world, who, "Regular"), "{who}, {mode:?} at {nth}: {:#?}", world.log.lines.borrow());
    }
    let rest = "SELECT COUNT(*) FROM levels_members WHERE rewards_due IS NOT NULL";
    assert_eq!(world.db.column(rest), ["0"], "{mode:?} at {nth}");
    assert_eq!(
        world.db.column("SELECT sync_looked >= 10 FROM levels_guilds WHERE sync_done_at IS NOT NULL"),
        ["1"],
        "{mode:?} at {nth}"
    );
    world.faults().count()
}

async fn each_call_goes_wrong(mode: FaultMode) {
    let calls = sync_of_ten(None).await;
    assert!(calls > 30, "{calls} calls are too few for all of this");
    for nth in 1..=calls.min(60) {
        sync_of_ten(Some((nth, mode))).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_sync_with_any_one_call_lost() {
    each_call_goes_wrong(FaultMode::FailBefore).await;
    each_call_goes_wrong(FaultMode::FailAfter).await;
}

#[tokio::test(start_paused = true)]
async fn a_sync_with_a_death_at_any_call() {
    each_call_goes_wrong(FaultMode::DieBefore).await;
    each_call_goes_wrong(FaultMode::DieAfter).await;
}

#[tokio::test(start_paused = true)]
async fn a_rebuild_reads_the_database_and_tells_the_numbers() {
    let (world, sidecar) = cafe().await;
    world.slash("mara", "#general", "/levels rebuild").await.says("made anew: 0 members");
    sidecar.earn(&world, "ada", 300, 0).await;
    sidecar.earn(&world, "bela", 100, 0).await;
    world
        .slash("mara", "#general", "/levels rebuild")
        .await
        .says("2 members, as many as the database has")
        .says("with **300** XP");
    // Something outside wrote to the database: the index cannot know, a rebuild finds it.
    let board = || world.slash("ada", "#general", "/leaderboard");
    world.advance_minutes(30).await;
    board().await.says("300");
    let id = world.id("bela");
    world.db.column(&format!("UPDATE levels_members SET text_xp = 4000 WHERE user_id = '{id}' RETURNING 1"));
    assert!(!board().await.text.contains("4,000"));
    world.slash("mara", "#general", "/levels rebuild").await.says("4,000");
    board().await.says("4,000");
    world.slash("bela", "#general", "/levels rebuild").await.says("permission");
    world.slash("mara", "#general", "/config history").await.says("levels rebuild");
}
