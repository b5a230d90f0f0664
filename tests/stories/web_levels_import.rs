//! Purpose: another bot's file taken over on the dashboard: shown first, written once, followed to its end; and quick clicks, which wait
//! for Discord instead of failing.

use muster_core::{web::Response, xp::LevelSettings};
use muster_sim::OTHER_GUILD;
use muster_tests::{Browser, World, browser::text, gateway::Sidecar};

async fn cafe() -> (World, Sidecar) {
    let world = World::new().await;
    world.set_levels(&LevelSettings { enabled: true, ..LevelSettings::default() }).await;
    (world, Sidecar::default())
}

fn path(world: &World) -> String {
    format!("/g/{}/levels/import", world.guild())
}

fn hidden(page: &Response, name: &str) -> String {
    let (_, after) = page.body.split_once(&format!("name=\"{name}\" value=\"")).expect("the field");
    after.split('"').next().expect("its end").to_owned()
}

/// Where the preview's form goes.
fn action(page: &Response, world: &World) -> String {
    let (_, after) = page.body.split_once(&format!("action=\"{}/", path(world))).expect("a form");
    format!("{}/{}", path(world), after.split('"').next().expect("its end"))
}

fn total(world: &World, user: &str) -> String {
    let id = world.id(user);
    let sql = format!("SELECT text_xp + voice_xp + bonus_xp FROM levels_members WHERE user_id = '{id}'");
    world.db.column(&sql).join(",")
}

#[tokio::test(start_paused = true)]
async fn a_file_is_shown_then_written_once_and_followed_to_its_end() {
    let (world, sidecar) = cafe().await;
    sidecar.earn(&world, "bela", 90, 100).await;
    let mara = Browser::signed_in(&world, "mara").await;
    mara.get(&path(&world)).await;
    let file = format!("user_id,xp\n{},4775\n{},120\nnobody,7\n", world.id("ada"), world.id("bela"));
    let seen = mara.post(&path(&world), &[("file", &file), ("existing", "higher")]).await;
    let said = text(&seen);
    assert_eq!(seen.status, 200, "{said}");
    for part in [
        "2 members in the file, 1 of them new here",
        "The XP of 1 member would change",
        "Ada 0 4,775",
        "190 190",
        "1 line cannot be read",
        "Line 4",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(total(&world, "ada"), "", "nothing is written by looking");
    let (go, once, digest) = (action(&seen, &world), hidden(&seen, "once"), hidden(&seen, "digest"));
    let fields = [("once", once.as_str()), ("digest", digest.as_str())];
    let begun = mara.submit(&go, &fields).await;
    assert!(text(&begun).contains("0 of 2 members are written"), "{}", text(&begun));
    assert!(begun.body.contains("hx-trigger=\"every 2s\""));
    mara.post(&go, &fields).await;
    world.advance(30_000).await;
    let done = mara.get(&go).await;
    assert!(
        text(&done).contains("Done: 2 members of the file are written. The XP of 1 member changed."),
        "{}",
        text(&done)
    );
    assert!(!done.body.contains("every 2s"));
    assert_eq!((total(&world, "ada"), total(&world, "bela")), ("4775".to_owned(), "190".to_owned()));
    let line = world.db.column("SELECT source || ' ' || actor_id FROM audit_log WHERE target = 'import'");
    assert_eq!(line, [format!("dashboard {}", world.id("mara"))]);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_none_stays_in_the_field_with_what_is_wrong() {
    let (world, _) = cafe().await;
    let mara = Browser::signed_in(&world, "mara").await;
    mara.get(&path(&world)).await;
    for (file, said) in
        [("", "The file is empty"), ("{\n\"players\": [\n}", "broken in line 3"), ("<b>hello</b>", "user_id")]
    {
        let page = mara.post(&path(&world), &[("file", file)]).await;
        assert_eq!(page.status, 422, "{file}");
        assert!(text(&page).contains(said), "{said}: {}", text(&page));
        assert!(!page.body.contains("<b>hello"), "what was typed is text");
    }
    assert_eq!(world.db.column("SELECT COUNT(*) FROM levels_imports"), ["0"]);
}

#[tokio::test(start_paused = true)]
async fn a_preview_is_its_servers_and_ends_after_a_quarter_of_an_hour() {
    let (world, _) = cafe().await;
    let mara = Browser::signed_in(&world, "mara").await;
    mara.get(&path(&world)).await;
    let file = format!("user_id,xp\n{},120\n", world.id("ada"));
    let seen = mara.post(&path(&world), &[("file", &file)]).await;
    let (go, digest) = (action(&seen, &world), hidden(&seen, "digest"));
    let other = world.sim.borrow().guild(OTHER_GUILD).expect("the book club").id.to_string();
    let there = go.replace(&world.guild().to_string(), &other);
    let bela = Browser::signed_in(&world, "bela").await;
    assert_eq!(bela.post(&there, &[("once", "00000000000000a1"), ("digest", &digest)]).await.status, 404);
    assert_eq!(bela.post(&go, &[("once", "00000000000000a1"), ("digest", &digest)]).await.status, 404);
    let wrong = [("once", "00000000000000a2"), ("digest", "0011223344556677")];
    assert_eq!(mara.post(&go, &wrong).await.status, 404, "another file than the one that was shown");
    assert_eq!(mara.get(&go).await.status, 404, "it did not begin");
    world.advance_minutes(16).await;
    let late = mara.post(&go, &[("once", "00000000000000a3"), ("digest", &digest)]).await;
    assert!(text(&late).contains("This preview is too old"), "{}", text(&late));
    world.advance_minutes(1).await;
    assert_eq!(world.db.column("SELECT COUNT(*) FROM levels_members"), ["0"]);
}

#[tokio::test(start_paused = true)]
async fn a_page_asks_discord_the_same_once_and_waits_for_its_limit() {
    let (world, _) = cafe().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let from = world.sim.borrow().calls().len();
    let rewards = format!("/g/{}/levels/rewards", world.guild());
    assert_eq!(mara.get(&rewards).await.status, 200);
    let asked: Vec<String> =
        world.sim.borrow().calls()[from..].iter().map(|call| format!("{} {}", call.method, call.path)).collect();
    let mut distinct = asked.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(asked.len(), distinct.len(), "{asked:?}");
    // More pages at once than Discord answers: each comes, some later.
    for _ in 0..12 {
        assert_eq!(mara.get(&rewards).await.status, 200);
    }
}
