//! Purpose: what several stories do: crowds of people, and worlds for tests that are not async themselves.

use muster_sim::{Message, NewMember, NewUser};
use muster_tests::{DEMO, World};
use std::{cell::RefCell, rc::Rc};

thread_local! {
    /// One per test: a paused clock belongs to its runtime.
    static RUNTIME: RefCell<Option<Rc<tokio::runtime::Runtime>>> = const { RefCell::new(None) };
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime")
}

/// Runs a future inside `with_world`.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = RUNTIME.with_borrow(Clone::clone).expect("inside with_world");
    runtime.block_on(future)
}

/// For property tests: a world, and `block_on` for what is async.
pub fn with_world(story: impl FnOnce(&World)) {
    let runtime = Rc::new(runtime());
    RUNTIME.set(Some(runtime.clone()));
    // Outside `block_on` too, the time is the runtime's.
    let _guard = runtime.enter();
    let world = block_on(World::new());
    story(&world);
    drop(world);
    RUNTIME.set(None);
}

/// So many more members of the demo guild: `fan1`, `fan2` …
pub fn crowd(world: &World, size: usize) -> Vec<String> {
    let mut sim = world.sim.borrow_mut();
    let names: Vec<String> = (1..=size).map(|n| format!("fan{n}")).collect();
    for name in &names {
        let created_ms = Some(sim.now() - 400 * 86_400_000);
        sim.add_user(NewUser { username: name.clone(), created_ms, ..NewUser::default() });
        sim.add_member(DEMO, name, NewMember { roles: vec!["Member".into()], ..NewMember::default() }).expect("joins");
    }
    names
}

/// Starts a giveaway of that prize and gives its card.
pub async fn start(world: &World, prize: &str, options: &str) -> Message {
    let line = format!("/giveaway start prize:\"{prize}\" {options}");
    world.slash("mara", "#general", &line).await.says("on its way");
    world.message_with("#general", prize)
}
