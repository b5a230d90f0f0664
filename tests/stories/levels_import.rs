//! Purpose: `/levels import`: a file of another bot shown before anything is written, written once however often it is confirmed and
//! whatever goes wrong, on the board and with its roles; files that are none; who may.

use muster_core::{ports::Timer, xp::LevelSettings};
use muster_sim::{NewFile, OTHER_GUILD};
use muster_testkit::FaultMode;
use muster_tests::{DEMO, Seen, World, gateway::Sidecar};

async fn cafe() -> (World, Sidecar) {
    let world = World::new().await;
    world.set_levels(&LevelSettings { enabled: true, ..LevelSettings::default() }).await;
    (world, Sidecar::default())
}

async fn import(world: &World, text: &str, options: &str) -> Seen {
    let file =
        NewFile { filename: "levels.json".to_owned(), content_type: String::new(), bytes: text.as_bytes().to_vec() };
    let line = format!("/levels import {options}");
    world.slash_with_file("mara", "#general", line.trim(), &file).await
}

fn id(seen: &Seen) -> String {
    seen.message.as_ref().unwrap_or_else(|| panic!("no message: {}", seen.text)).id.clone()
}

fn total(world: &World, user: &str) -> String {
    let sql = format!("SELECT text_xp + voice_xp + bonus_xp FROM levels_members WHERE user_id = '{user}'");
    world.db.column(&sql).join(",")
}

/// As MEE6 gives it: two people of the café, and one who left.
fn mee6(world: &World) -> String {
    format!(
        r#"{{"admin": false, "guild": {{"id": "1", "name": "x"}}, "page": 0, "players": [
{{"avatar": "a", "detailed_xp": [100, 255, 4775], "guild_id": "1", "id": "{}", "level": 10, "message_count": 321, "username": "ada", "xp": 4775}},
{{"id": "{}", "level": 1, "message_count": 9, "username": "bela", "xp": 120}},
{{"id": "999999999999999999", "level": 2, "message_count": 20, "username": "gone", "xp": 300}}]}}"#,
        world.id("ada"),
        world.id("bela"),
    )
}

#[tokio::test(start_paused = true)]
async fn a_mee6_file_is_shown_then_written_once_and_levels_roles_and_the_board_follow() {
    let (world, sidecar) = cafe().await;
    world.slash("mara", "#general", "/levels rewards add level:10 role:Newcomer").await.says("level 10");
    sidecar.earn(&world, "bela", 90, 100).await;
    let preview = import(&world, &mee6(&world), "").await;
    assert!(preview.private);
    preview.says("**3 members** in the file, 2 of them new").says("2 members would change").says("the higher counts");
    preview.says("0 XP → **4,775** XP").says("190 XP → **190** XP").says("Nothing is written until");
    world.advance_minutes(5).await;
    assert_eq!(total(&world, &world.id("ada")), "", "nothing is written by looking");
    let delivery = world.press_delivery("mara", &id(&preview), "Import");
    let begun = world.deliver("mara", delivery.clone()).await;
    begun.says("0 of 3 members written");
    muster_core::interaction(&world.ctx(), &delivery.body).await;
    world.advance(30_000).await;
    world.press("mara", &id(&begun), "Refresh").await.says("The import is done: 3 members").says("2 members changed");
    assert_eq!(total(&world, &world.id("ada")), "4775");
    assert_eq!(total(&world, &world.id("bela")), "190");
    assert!(world.sim.borrow().roles_of(DEMO, "ada").contains(&"Newcomer".to_owned()));
    let board = world.slash("bela", "#general", "/leaderboard").await;
    board.says("4,775").says("190");
    let messages =
        world.db.column(&format!("SELECT messages FROM levels_members WHERE user_id = '{}'", world.id("ada")));
    assert_eq!(messages, ["321"]);
    // What was taken over is not announced; what comes on top of it is.
    sidecar.earn(&world, "ada", 20, 0).await;
    assert_eq!(world.count_with("#general", "reached **level 1"), 1, "only what bela earned at the start");
    sidecar.earn(&world, "ada", 1_000, 0).await;
    assert!(world.message_with("#general", "reached **level 11").text().contains(&world.id("ada")));
    world.slash("mara", "#general", "/config history").await.says("levels import");
}

#[tokio::test(start_paused = true)]
async fn what_somebody_has_is_added_kept_or_replaced_as_was_chosen() {
    for (options, said, after) in [
        ("existing:add", "are **added**", "310"),
        ("existing:higher", "the higher counts", "190"),
        ("existing:replace", "**replaces** what somebody has here", "120"),
    ] {
        let (world, sidecar) = cafe().await;
        sidecar.earn(&world, "bela", 90, 100).await;
        let preview = import(&world, &format!("user_id;xp\n{};120\n", world.id("bela")), options).await;
        preview.says(said).says(&format!("190 XP → **{after}** XP"));
        world.press("mara", &id(&preview), "Import").await;
        world.press("mara", &id(&preview), "Refresh").await.says("0 of 1 members written");
        world.advance(30_000).await;
        assert_eq!(total(&world, &world.id("bela")), after, "{options}");
        // A file twice is written twice only if somebody confirms it twice, and adding is the only way that shows.
        let again = import(&world, &format!("user_id;xp\n{};120\n", world.id("bela")), options).await;
        world.press("mara", &id(&again), "Import").await;
        world.advance(30_000).await;
        let twice = if options == "existing:add" { "430" } else { after };
        assert_eq!(total(&world, &world.id("bela")), twice, "{options}");
    }
}

#[tokio::test(start_paused = true)]
async fn files_that_are_none_are_refused_with_the_line() {
    let (world, _) = cafe().await;
    let long = "x".repeat(2_000_001);
    let cases = [
        ("", "The file is empty"),
        ("{\n\"players\": [\n}", "broken in line 3, column 1"),
        ("{\"guild\": 1}", "no list of players"),
        ("Hello,\nworld", "Line 1 is neither a header"),
        ("user_id,xp\n@everyone,5", "Line 2: “\\@everyone” is no id"),
        (long.as_str(), "more than 2 MB"),
    ];
    for (text, why) in cases {
        let seen = import(&world, text, "").await;
        assert!(seen.text.contains(why), "{why}: {}", seen.text);
    }
    let ada = world.id("ada");
    let seen = import(&world, &format!("user_id,xp\n{ada},50\nx,1\n{},-4\n", world.id("bela")), "").await;
    seen.says("**1 member** in the file")
        .says("2 lines cannot be read")
        .says("Line 3: “x”")
        .says("Line 4: “-4” is no XP");
    let binary =
        NewFile { filename: "a.csv".to_owned(), content_type: String::new(), bytes: vec![0xFF, 0xFE, 0x31, 0] };
    world.slash_with_file("mara", "#general", "/levels import", &binary).await.says("UTF-8");
    let file = NewFile { filename: "a.csv".to_owned(), bytes: format!("{ada},50").into_bytes(), ..NewFile::default() };
    world.slash_with_file("bela", "#general", "/levels import", &file).await.says("permission");
    assert_eq!(world.db.column("SELECT COUNT(*) FROM levels_members"), ["0"]);
    // A tampered client names a file elsewhere: nobody asks there.
    let delivery = world.sim.borrow_mut().slash_with_file("mara", "#general", "/levels import", &file).expect("sent");
    let mut body: serde_json::Value = serde_json::from_slice(&delivery.body).expect("JSON");
    for (_, attachment) in body["data"]["resolved"]["attachments"].as_object_mut().expect("attachments") {
        attachment["url"] = "http://discord.test.evil.example/cdn/x".into();
    }
    let answer = muster_core::interaction(&world.ctx(), body.to_string().as_bytes()).await;
    assert!(answer.body.contains("reads files from Discord only"), "{}", answer.body);
}

#[tokio::test(start_paused = true)]
async fn a_preview_holds_for_a_quarter_of_an_hour_for_its_server_and_for_who_may() {
    let (world, sidecar) = cafe().await;
    let preview = import(&world, &mee6(&world), "").await;
    let message = preview.message.clone().expect("a preview");
    let custom_id = message.buttons()[0]["custom_id"].as_str().expect("an id").to_owned();
    world.forge("bela", "#general", &message.id, &custom_id).await.says("You need **Manage Server**");
    let there = format!("{OTHER_GUILD}/#general");
    world.forge("bela", &there, &message.id, &custom_id).await.says("another version");
    let (start, _) = custom_id.rsplit_once(':').expect("parts");
    world.forge("mara", "#general", &message.id, &format!("{start}:0011223344556677")).await.says("another version");
    world.advance_minutes(16).await;
    world.press("mara", &message.id, "Import").await.says("This preview is too old");
    world.advance_minutes(5).await;
    assert_eq!(world.db.column("SELECT COUNT(*) FROM levels_members"), ["0"]);
    import(&world, &mee6(&world), "").await.says("3 members");
    assert_eq!(world.db.column("SELECT COUNT(*) FROM levels_imports"), ["1"], "old previews are forgotten");
    sidecar.earn(&world, "ada", 5, 0).await;
    world.advance_minutes(25 * 60).await;
    assert_eq!(world.db.column("SELECT COUNT(*) FROM levels_imports"), ["0"], "at the latest at night");
}

#[tokio::test(start_paused = true)]
async fn two_presses_and_two_alarms_at_once_count_once() {
    for seed in 1..15 {
        let (world, _) = cafe().await;
        let preview = import(&world, &mee6(&world), "existing:add").await;
        let one = world.press_delivery("mara", &id(&preview), "Import");
        let other = world.press_delivery("mara", &id(&preview), "Import");
        world.interleave(seed);
        tokio::join!(world.deliver("mara", one), world.deliver("mara", other));
        let import_id = world.db.column("SELECT id FROM levels_imports WHERE started_at IS NOT NULL").remove(0);
        let timer = Timer { feature: "levels".to_owned(), id: format!("import.{import_id}"), due_at: world.now() };
        let (ctx, elsewhere) = (world.ctx(), world.ctx());
        let alarm = |ctx| muster_core::timer(ctx, world.guild(), &timer);
        let (first, second) = tokio::join!(alarm(&ctx), alarm(&elsewhere));
        assert!(first.is_ok() && second.is_ok(), "seed {seed}: {first:?} {second:?}");
        world.advance_minutes(1).await;
        let sum = world.db.column("SELECT COUNT(*) || ' ' || SUM(text_xp) FROM levels_members");
        assert_eq!(sum, ["3 5195"], "seed {seed}");
        assert_eq!(world.db.column("SELECT changed FROM levels_imports"), ["3"], "seed {seed}");
        assert_eq!(world.db.column("SELECT COUNT(*) FROM audit_log WHERE target = 'import'"), ["1"], "seed {seed}");
    }
}

/// 1,200 people are added to what two of them have, in three steps, while the n-th call goes wrong and the button is pressed twice.
async fn play(plan: Option<(u64, FaultMode)>) -> u64 {
    let (world, sidecar) = cafe().await;
    sidecar.earn(&world, "ada", 70, 0).await;
    let mut text = format!("user_id,xp,messages\n{},1000,5\n", world.id("ada"));
    for number in 1..1_200_u64 {
        text.push_str(&format!("{},{number},1\n", 800_000_000_000_000_000 + number));
    }
    let preview = import(&world, &text, "existing:add").await;
    let (nth, mode) = plan.unwrap_or((u64::MAX, FaultMode::FailBefore));
    world.faults().plan(nth, mode, false);
    world.press("mara", &id(&preview), "Import").await;
    world.advance_minutes(2).await;
    world.faults().clear();
    let message = world.sim.borrow().message(&id(&preview)).expect("the message");
    let label = message.buttons().first().and_then(|button| button["label"].as_str().map(str::to_owned));
    if let Some(label) = label {
        world.press("mara", &id(&preview), &label).await;
    }
    world.advance_minutes(2).await;
    let story = format!("{mode:?} at {nth}: {:#?}", world.log.lines.borrow());
    assert_eq!(total(&world, &world.id("ada")), "1070", "{story}");
    let sum = world.db.column("SELECT COUNT(*) || ' ' || SUM(text_xp) || ' ' || SUM(messages) FROM levels_members");
    assert_eq!(sum, [format!("1200 {} {}", 1_070 + 1_199 * 600, 1 + 5 + 1_199)], "{story}");
    assert_eq!(world.db.column("SELECT state || position || entries FROM levels_imports"), ["done1200[]"], "{story}");
    world.faults().count()
}

#[tokio::test(start_paused = true)]
async fn every_entry_counts_once_whatever_goes_wrong() {
    let calls = play(None).await;
    assert!(calls > 10, "{calls} calls are too few for all of this");
    for mode in [FaultMode::FailBefore, FaultMode::FailAfter, FaultMode::DieBefore, FaultMode::DieAfter] {
        for nth in 1..=calls.min(30) {
            play(Some((nth, mode))).await;
        }
    }
}
