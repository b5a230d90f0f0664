//! Purpose: roles of ranks: each member carries the one of their score, and `/rolesync` makes that true again whatever Discord has.

use crate::people::crowd;
use muster_sim::{Fault, FaultKind, NewMember, NewRole};
use muster_tests::{DEMO, World};

const RANKS: [(&str, i64); 4] = [("Recruit", 1), ("Soldier", 50), ("General", 200), ("Warlord", 500)];

/// A role for every rank, below Muster's.
async fn ranked() -> World {
    let world = World::new().await;
    for (rank, at) in RANKS {
        let role = format!("The {rank}");
        let new = NewRole { name: role.clone(), ..NewRole::default() };
        world.sim.borrow_mut().add_role(DEMO, new).expect("a role");
        let role = world.sim.borrow().role_id(DEMO, &role).expect("a role");
        let line = format!("/mission settings rank:{rank} role:{role} points:{at}");
        world.slash("mara", "#general", &line).await.says(&format!("{rank} from {at} point"));
    }
    world.advance_minutes(2).await;
    world
}

async fn gets(world: &World, who: &str, points: i64) {
    let line = format!("/mission adjust user:@{who} points:{points} reason:talks");
    world.slash("mara", "#general", &line).await.says("points");
}

/// Which of the ranks' roles somebody carries.
fn carried(world: &World, who: &str) -> Vec<String> {
    let mut all = world.sim.borrow().roles_of(DEMO, who);
    all.retain(|role| role.starts_with("The "));
    all
}

#[tokio::test(start_paused = true)]
async fn whoever_rises_carries_exactly_one_rank() {
    let world = ranked().await;
    for (rank, points) in [("Recruit", 10), ("Soldier", 60), ("General", 200), ("Warlord", 300)] {
        gets(&world, "ada", points).await;
        world.advance_minutes(2).await;
        assert_eq!(carried(&world, "ada"), [format!("The {rank}")]);
    }
    gets(&world, "ada", -400).await;
    world.advance_minutes(2).await;
    assert_eq!(carried(&world, "ada"), ["The Soldier"]);
}

#[tokio::test(start_paused = true)]
async fn rolesync_gives_back_what_a_moderator_took_and_takes_what_is_too_much() {
    let world = ranked().await;
    gets(&world, "ada", 60).await;
    gets(&world, "bela", 10).await;
    gets(&world, "chen", 250).await;
    world.advance_minutes(2).await;
    {
        let mut sim = world.sim.borrow_mut();
        sim.take_role(DEMO, "ada", "The Soldier").expect("taken");
        sim.give_role(DEMO, "bela", "The Warlord").expect("given");
        // Somebody who left and came back carries nothing.
        sim.remove_member(DEMO, "chen").expect("they leave");
        sim.add_member(DEMO, "chen", NewMember::default()).expect("they come back");
    }
    world.slash("ada", "#general", "/rolesync").await.says("Manage Server");
    let said = world.slash("mara", "#general", "/rolesync").await;
    said.says("3 members").says("one after the other");
    world.advance_minutes(2).await;
    assert_eq!(carried(&world, "ada"), ["The Soldier"]);
    assert_eq!(carried(&world, "bela"), ["The Recruit"]);
    assert_eq!(carried(&world, "chen"), ["The General"]);
    let again = world.slash("mara", "#general", "/rolesync").await;
    again.says("The last time").says("2 roles were given").says("1 was taken");
}

#[tokio::test(start_paused = true)]
async fn rolesync_tells_of_roles_that_are_gone_and_takes_nobody_for_gone() {
    let world = ranked().await;
    gets(&world, "ada", 60).await;
    gets(&world, "bela", 250).await;
    world.advance_minutes(2).await;
    world.sim.borrow_mut().remove_role(DEMO, "The Soldier").expect("a role");
    world.sim.borrow_mut().take_role(DEMO, "bela", "The General").expect("taken");
    let said = world.slash("mara", "#general", "/rolesync").await;
    said.says("The role of **Soldier** is gone").says("/mission settings");
    world.advance_minutes(2).await;
    assert_eq!(carried(&world, "bela"), ["The General"]);
    // A new role for the rank reaches her at once: she was never taken for somebody who left.
    let new = NewRole { name: "The Soldier".to_owned(), ..NewRole::default() };
    world.sim.borrow_mut().add_role(DEMO, new).expect("a role");
    let role = world.sim.borrow().role_id(DEMO, "The Soldier").expect("a role");
    world.slash("mara", "#general", &format!("/mission settings rank:Soldier role:{role}")).await.says("Soldier from");
    world.advance_minutes(3).await;
    assert_eq!(carried(&world, "ada"), ["The Soldier"]);
}

#[tokio::test(start_paused = true)]
async fn rolesync_goes_through_many_members_in_small_steps() {
    let world = ranked().await;
    let all = crowd(&world, 40);
    for who in &all {
        gets(&world, who, 10).await;
    }
    world.advance_minutes(3).await;
    for who in &all {
        assert_eq!(carried(&world, who), ["The Recruit"]);
        world.sim.borrow_mut().take_role(DEMO, who, "The Recruit").expect("taken");
    }
    world.sim.borrow_mut().remove_member(DEMO, "fan7").expect("they leave");
    let before = world.used();
    world.slash("mara", "#general", "/rolesync").await.says("40 members");
    // It is asked again while it runs: no second one begins.
    world.slash("mara", "#general", "/rolesync").await.says("of 40 members were looked at so far");
    world.advance_minutes(3).await;
    let used = world.used().since(before);
    assert!(used.queue < 5, "no message per member: {used:?}");
    for who in all.iter().filter(|who| *who != "fan7") {
        assert_eq!(carried(&world, who), ["The Recruit"]);
    }
    let again = world.slash("mara", "#general", "/rolesync").await;
    again.says("39 roles were given").says("1 member is not here any more");
}

#[tokio::test(start_paused = true)]
async fn a_role_above_musters_is_told_as_refused() {
    let world = ranked().await;
    gets(&world, "ada", 60).await;
    world.advance_minutes(2).await;
    world.sim.borrow_mut().take_role(DEMO, "ada", "The Soldier").expect("taken");
    let put = "/guilds/{guild_id}/members/{user_id}/roles/{role_id}";
    let kind = FaultKind::Status { status: 403, code: 50_013, message: "Missing Permissions".to_owned() };
    world.sim.borrow_mut().add_fault(Fault::always("PUT", put, kind));
    world.slash("mara", "#general", "/rolesync").await.says("1 member");
    world.advance_minutes(2).await;
    world.sim.borrow_mut().clear_faults();
    world.slash("mara", "#general", "/rolesync").await.says("1 member could not be given or taken theirs");
    world.advance_minutes(2).await;
    assert_eq!(carried(&world, "ada"), ["The Soldier"]);
}

/// The rank of ada, who has 60 points, by whatever the statement says.
async fn rank_of_ada(world: &World) -> String {
    let said = world.slash("ada", "#general", "/score").await.text;
    ["Recruit", "Soldier", "General"].into_iter().find(|rank| said.contains(rank)).unwrap_or("none").to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_threshold_says_whom_it_moves_before_it_is_saved() {
    let world = ranked().await;
    gets(&world, "ada", 60).await;
    world.advance_minutes(2).await;
    let said = world.slash("mara", "#general", "/mission settings rank:Soldier points:80").await;
    said.says("not saved yet").says("The rank of 1 member changes at once");
    let question = said.message.expect("a question").id;
    assert_eq!(rank_of_ada(&world).await, "Soldier");
    // Somebody else's press, or a threshold that was moved meanwhile, saves nothing.
    world.forge("ada", "#general", &question, "1:missions:rules:1.50.80").await.says("Manage Server");
    assert_eq!(rank_of_ada(&world).await, "Soldier");
    world.press("mara", &question, "Save").await.says("Soldier from 80 points");
    let taken = world.slash("mara", "#general", "/mission settings rank:Soldier points:200").await;
    taken.says("Another rank begins there already.");
    world.advance_minutes(2).await;
    assert_eq!(rank_of_ada(&world).await, "Recruit");
    assert_eq!(carried(&world, "ada"), ["The Recruit"]);
    let again = world.slash("mara", "#general", "/mission settings rank:Soldier points:60").await;
    let old = again.message.expect("a question").id;
    world.slash("mara", "#general", "/mission settings rank:Soldier points:90").await.says("Soldier from 90 points");
    world.press("mara", &old, "Save").await.says("The ranks were changed meanwhile");
    assert_eq!(rank_of_ada(&world).await, "Recruit");
}
