//! Purpose: `/help`, `/ping` and `/setup`.

use muster_core::registry;
use muster_sim::{Fault, FaultKind, OTHER_GUILD};
use muster_tests::{DEMO, Seen, World};
use twilight_model::application::command::CommandOptionType;

/// Discord's permission bits.
const VIEW_CHANNEL: u64 = 1 << 10;
const SEND_MESSAGES: u64 = 1 << 11;
const EMBED_LINKS: u64 = 1 << 14;

fn is_subcommand(kind: CommandOptionType) -> bool {
    matches!(kind, CommandOptionType::SubCommand | CommandOptionType::SubCommandGroup)
}

#[tokio::test(start_paused = true)]
async fn help_lists_every_command_that_is_registered() {
    let world = World::new().await;
    let asked = world.sim.borrow_mut().slash("nova", "#general", "/help").expect("it is sent");
    muster_core::interaction(&world.ctx(), &asked.body).await;
    assert_eq!(world.story_db.round_trips.get(), 0, "help needs no storage");
    let seen = world.slash("nova", "#general", "/help").await;
    assert!(seen.private);
    for (_, command) in registry::commands() {
        seen.says(&format!("**/{}**", command.name)).says(&command.description);
        for option in command.options.iter().filter(|option| is_subcommand(option.kind)) {
            seen.says(&format!("`/{} {}`", command.name, option.name));
        }
    }
    let known = world.sim.borrow().commands_for(DEMO, Some("mara"));
    assert_eq!(known.len(), registry::commands().len());
}

fn numbers(seen: &Seen) -> Vec<u64> {
    let lines = seen.text.lines().filter_map(|line| line.strip_suffix(" ms"));
    lines.filter_map(|line| line.trim().parse().ok()).collect()
}

#[tokio::test(start_paused = true)]
async fn ping_measures_each_way_by_itself() {
    let world = World::new().await;
    let seen = world.slash("nova", "#general", "/ping").await;
    seen.says("From Discord to Muster").says("Database").says("Muster to Discord");
    assert_eq!(numbers(&seen), [0, 0, 0]);
    let slow = FaultKind::Slow { ms: 120 };
    world.sim.borrow_mut().add_fault(Fault::once("GET", "/gateway", slow));
    world.story_db.stall_ms.set(40);
    let late = world.sim.borrow_mut().slash("nova", "#general", "/ping").unwrap();
    world.advance(300).await;
    let seen = world.deliver("nova", late).await;
    assert_eq!(numbers(&seen), [300, 40, 120], "{}", seen.text);
}

#[tokio::test(start_paused = true)]
async fn ping_still_answers_when_discord_does_not() {
    let world = World::new().await;
    let broken = FaultKind::Status { status: 502, code: 0, message: String::new() };
    world.sim.borrow_mut().add_fault(Fault::once("GET", "/gateway", broken));
    let seen = world.slash("nova", "#general", "/ping").await;
    seen.says("no answer");
    assert_eq!(numbers(&seen).len(), 2);
}

async fn with_zone(world: &World) {
    world.slash("mara", "#general", "/config set setting:time_zone value:Europe/Berlin").await.says("Berlin");
}

#[tokio::test(start_paused = true)]
async fn setup_says_when_everything_is_in_place() {
    let world = World::new().await;
    with_zone(&world).await;
    let log = format!("<#{}>", world.sim.borrow().channel_id("#giveaway-log").unwrap());
    world
        .slash("mara", "#general", &format!("/config set setting:giveaway_log_channel value:{log}"))
        .await
        .says("is now");
    let seen = world.slash("mara", "#general", "/setup").await;
    seen.says("Everything is in place").says("Muster can post").says(&log).says("Europe/Berlin");
    assert!(seen.private && !seen.text.contains("⚠️"), "{}", seen.text);
}

#[tokio::test(start_paused = true)]
async fn setup_names_what_is_missing_where_and_checks_again_after_the_fix() {
    let world = World::new().await;
    with_zone(&world).await;
    let channel = format!("<#{}>", world.sim.borrow().channel_id("#welcome").unwrap());
    world.sim.borrow_mut().set_permissions("#welcome", "Muster", 0, SEND_MESSAGES | EMBED_LINKS).unwrap();
    let seen = world.slash("mara", "#general", "/setup channel:#welcome").await;
    seen.says("1 thing to look at").says(&channel).says("**Send Messages, Embed Links**").says("Permissions");
    let report = seen.message.expect("a report").id;
    world.press("mara", &report, "Check again").await.says("Send Messages");
    world.sim.borrow_mut().set_permissions("#welcome", "Muster", SEND_MESSAGES | EMBED_LINKS, 0).unwrap();
    let again = world.press("mara", &report, "Check again").await;
    again.says("Everything is in place").says(&channel);
    assert_eq!(again.message.map(|message| message.id), Some(report), "the same report is brought up to date");
}

#[tokio::test(start_paused = true)]
async fn setup_sees_a_channel_that_muster_cannot_even_see() {
    let world = World::new().await;
    with_zone(&world).await;
    world.sim.borrow_mut().set_permissions("#welcome", "Muster", 0, VIEW_CHANNEL).unwrap();
    world.slash("mara", "#general", "/setup channel:#welcome").await.says("View Channel");
}

#[tokio::test(start_paused = true)]
async fn setup_hints_at_utc_and_at_things_that_are_gone() {
    let world = World::new().await;
    world.slash("mara", "#general", "/setup").await.says("are read in UTC").says("/config set time_zone");
    let role = world.sim.borrow().role(DEMO, "Newcomer").unwrap().id.to_string();
    world
        .slash("mara", "#general", &format!("/config set setting:giveaway_managers value:<@&{role}>"))
        .await
        .says("is now");
    world.slash("mara", "#general", "/setup").await.says("manager roles exist");
    let gone = "/config set setting:giveaway_managers value:<@&123456789012345678>";
    world.slash("mara", "#general", gone).await.says("is now");
    world.slash("mara", "#general", "/setup").await.says("no longer exist: 123456789012345678");
    let log = format!("<#{}>", world.sim.borrow().channel_id("#giveaway-log").unwrap());
    world
        .slash("mara", "#general", &format!("/config set setting:giveaway_log_channel value:{log}"))
        .await
        .says("is now");
    world.sim.borrow_mut().remove_channel("#giveaway-log").unwrap();
    world.slash("mara", "#general", "/setup").await.says("Giveaway log").says("is gone");
}

#[tokio::test(start_paused = true)]
async fn setup_is_for_people_who_manage_the_server() {
    let world = World::new().await;
    world.slash("bela", "#general", "/setup").await.says("do not have permission");
    let report = world.slash("mara", "#general", "/setup").await.message.expect("a report").id;
    let channel = world.sim.borrow().channel_id("#staff").unwrap();
    let seen = world.forge("bela", "#general", &report, &format!("1:setup:again:{channel}")).await;
    seen.says("Manage Server");
    assert!(seen.private);
    let denied = world.db.column("SELECT actor_id FROM audit_log WHERE action = 'denied'");
    assert_eq!(denied, [world.id("bela")]);
}

#[tokio::test(start_paused = true)]
async fn setup_tells_nothing_about_another_servers_channels() {
    let world = World::new().await;
    let report = world.slash("mara", "#general", "/setup").await.message.expect("a report").id;
    let foreign = world.sim.borrow().channel_id(&format!("{OTHER_GUILD}/#general")).unwrap();
    let seen = world.forge("mara", "#general", &report, &format!("1:setup:again:{foreign}")).await;
    seen.says("is gone or is no text channel");
    for channel in ["0", "x", "", "99999999999999999999"] {
        world.advance(5_000).await;
        let seen = world.forge("mara", "#general", &report, &format!("1:setup:again:{channel}")).await;
        seen.says("Everything is in place");
    }
}
