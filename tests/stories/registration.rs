//! Purpose: the commands at Discord follow this build by difference (F21): at once, per scope, whole or not at all.

use muster_core::{Ctx, registration, registry};
use muster_sim::{Fault, FaultKind};
use muster_tests::{DEMO, World};
use serde_json::{Value, json};
use std::rc::Rc;
use twilight_model::id::{Id, marker::GuildMarker};

fn application(world: &World) -> String {
    format!("/api/v10/applications/{}", world.sim.borrow().application_id())
}

fn guild(world: &World) -> Id<GuildMarker> {
    world.sim.borrow().guild_id(DEMO).unwrap().parse().unwrap()
}

/// Commands of one scope as Discord has them.
fn at_discord(world: &World, scope: &str) -> Vec<Value> {
    let path = format!("{}{scope}/commands", application(world));
    let (status, list) = world.sim.borrow_mut().rest_json("GET", &path, None);
    assert_eq!(status, 200, "{list}");
    list.as_array().cloned().unwrap_or_default()
}

fn put(world: &World, commands: &Value) {
    let path = format!("{}/commands", application(world));
    let (status, answer) = world.sim.borrow_mut().rest_json("PUT", &path, Some(commands));
    assert_eq!(status, 200, "{answer}");
}

fn names(commands: &[Value]) -> Vec<String> {
    let mut names: Vec<String> = commands.iter().map(|c| c["name"].as_str().unwrap_or_default().to_owned()).collect();
    names.sort();
    names
}

fn ours() -> Vec<String> {
    let mut names: Vec<String> = registry::commands().into_iter().map(|(_, command)| command.name).collect();
    names.sort();
    names
}

fn puts(world: &World) -> usize {
    world.sim.borrow().calls().iter().filter(|call| call.method == "PUT").count()
}

/// A world whose commands Discord has forgotten.
async fn blank() -> World {
    let world = World::new().await;
    put(&world, &json!([]));
    world.sim.borrow_mut().clear_calls();
    world
}

#[tokio::test(start_paused = true)]
async fn the_first_registration_sends_all_and_the_next_nothing() {
    let world = blank().await;
    let difference = registration::register(&world.ctx(), None).await.unwrap();
    let mut added = difference.added.clone();
    added.sort();
    assert_eq!(added, ours());
    assert_eq!(names(&at_discord(&world, "")), ours());
    assert!(at_discord(&world, "").iter().all(|command| command["contexts"] == json!([0])), "servers only");
    for _ in 0..3 {
        assert!(registration::register(&world.ctx(), None).await.unwrap().is_empty());
    }
    assert_eq!(puts(&world), 1);
}

#[tokio::test(start_paused = true)]
async fn changed_and_removed_commands_are_brought_in_line() {
    let world = World::new().await;
    let mut commands = at_discord(&world, "");
    commands.retain(|command| command["name"] != "ping");
    for command in &mut commands {
        if command["name"] == "help" {
            command["description"] = json!("Something else");
        }
    }
    commands.push(json!({ "name": "horoscope", "type": 1, "description": "Gone in this version" }));
    put(&world, &json!(commands));
    let difference = registration::register(&world.ctx(), None).await.unwrap();
    assert_eq!(difference.added, ["ping"]);
    assert_eq!(difference.changed, ["help"]);
    assert_eq!(difference.removed, ["horoscope"]);
    assert_eq!(names(&at_discord(&world, "")), ours());
    world.slash("bela", "#general", "/help").await.says("What Muster can do");
}

#[tokio::test(start_paused = true)]
async fn who_may_see_a_command_is_part_of_the_difference() {
    let world = World::new().await;
    let mut commands = at_discord(&world, "");
    for command in &mut commands {
        if command["name"] == "config" {
            command["default_member_permissions"] = Value::Null;
        }
    }
    put(&world, &json!(commands));
    assert_eq!(registration::register(&world.ctx(), None).await.unwrap().changed, ["config"]);
    world.slash("bela", "#general", "/config show").await.says("do not have permission");
}

#[tokio::test(start_paused = true)]
async fn one_server_can_have_its_own_and_the_global_ones_stay() {
    let world = blank().await;
    let guild = guild(&world);
    registration::register(&world.ctx(), Some(guild)).await.unwrap();
    assert_eq!(names(&at_discord(&world, &format!("/guilds/{guild}"))), ours());
    assert!(at_discord(&world, "").is_empty());
    world.slash("bela", "#general", "/help").await.says("What Muster can do");
    assert!(registration::register(&world.ctx(), Some(guild)).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn when_discord_refuses_what_was_there_stays() {
    let world = World::new().await;
    put(&world, &json!([{ "name": "before", "type": 1, "description": "From an earlier version" }]));
    let refused = FaultKind::Status { status: 400, code: 50_035, message: "Invalid Form Body".into() };
    world.sim.borrow_mut().add_fault(Fault::always("PUT", "/applications/{application_id}/commands", refused));
    let error = registration::register(&world.ctx(), None).await.unwrap_err();
    assert!(error.to_string().contains("50035"), "{error}");
    assert_eq!(names(&at_discord(&world, "")), ["before"]);
    world.advance_minutes(2).await;
    assert_eq!(names(&at_discord(&world, "")), ["before"]);
    world.sim.borrow_mut().clear_faults();
    world.advance_minutes(2).await;
    assert_eq!(names(&at_discord(&world, "")), ours(), "the next tick makes it good");
}

#[tokio::test(start_paused = true)]
async fn cron_registers_once_per_build() {
    let world = blank().await;
    world.advance_minutes(5).await;
    assert_eq!(names(&at_discord(&world, "")), ours());
    assert_eq!(puts(&world), 1);
    let calls = world.sim.borrow().calls().len();
    world.restart();
    world.advance_minutes(30).await;
    assert_eq!(world.sim.borrow().calls().len(), calls, "later ticks ask Discord nothing");
    assert_eq!(puts(&world), 1);
}

#[tokio::test(start_paused = true)]
async fn cron_keeps_to_the_scope_of_this_deployment() {
    let world = blank().await;
    let guild = guild(&world);
    let here = |world: &World| {
        let ctx = world.ctx();
        let settings = muster_core::ctx::Settings { commands_guild: Some(guild), ..(*ctx.settings).clone() };
        Ctx { settings: Rc::new(settings), ..ctx }
    };
    for _ in 0..3 {
        muster_core::cron(&here(&world)).await;
    }
    assert_eq!(names(&at_discord(&world, &format!("/guilds/{guild}"))), ours());
    assert_eq!(puts(&world), 1);
    assert!(at_discord(&world, "").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_to_the_registration_is_made_good_by_the_next_tick() {
    let world = blank().await;
    let route = "/applications/{application_id}/commands";
    world.sim.borrow_mut().add_fault(Fault::once("PUT", route, FaultKind::HangAfterEffect));
    world.cron().await;
    world.cron().await;
    world.cron().await;
    assert_eq!(names(&at_discord(&world, "")), ours());
    assert_eq!(puts(&world), 1, "what arrived is not sent again");
}
