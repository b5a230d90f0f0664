//! Purpose: stories of experience arriving from the gateway: counted once, announced once, roles given, places known.

use muster_core::{
    leaderboard::{Question, Span, boards},
    xp::{Announce, AnnounceIn, LevelSettings, Reward},
};
use muster_protocol::{Answer, EventKind, Refused};
use muster_tests::{
    DEMO, World,
    gateway::{Sidecar, earned},
};
use twilight_model::id::Id;

fn on() -> LevelSettings {
    LevelSettings { enabled: true, ..LevelSettings::default() }
}

async fn cafe(settings: LevelSettings) -> (World, Sidecar) {
    let world = World::new().await;
    world.set_levels(&settings).await;
    (world, Sidecar::default())
}

fn total(world: &World, who: &str) -> String {
    let id = world.id(who);
    let sql = format!("SELECT text_xp + voice_xp + bonus_xp FROM levels_members WHERE user_id = '{id}'");
    world.db.column(&sql).join(",")
}

#[tokio::test(start_paused = true)]
async fn a_batch_counts_once_however_often_it_comes() {
    let (world, sidecar) = cafe(on()).await;
    let batch = sidecar.batch(&world, vec![EventKind::Xp { members: vec![earned(&world, "ada", 60, 0)] }]);
    for _ in 0..3 {
        let answer = sidecar.deliver(&world, &batch).await.expect("an answer");
        assert_eq!(serde_json::from_str::<Answer>(&answer.body).expect("an answer").taken, 1);
    }
    sidecar.earn(&world, "ada", 50, 10).await;
    assert_eq!(total(&world, "ada"), "120");
    let late = sidecar.deliver(&world, &batch).await.expect("an answer");
    assert_eq!(serde_json::from_str::<Answer>(&late.body).expect("an answer").taken, 2, "older ones stay taken");
    assert_eq!(total(&world, "ada"), "120");
    assert_eq!(world.count_with("#general", "level 1"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_new_level_is_said_where_it_was_reached_and_gives_its_role() {
    let (world, sidecar) = cafe(on()).await;
    let role = world.role("Newcomer");
    world.set_levels(&LevelSettings { rewards: vec![Reward { level: 1, role }], ..on() }).await;
    sidecar.earn(&world, "bela", 99, 0).await;
    assert_eq!(world.count_with("#general", "level"), 0);
    sidecar.earn(&world, "bela", 1, 0).await;
    let message = world.message_with("#general", "level 1");
    assert!(message.text().contains(&format!("<@{}>", world.id("bela"))), "{}", message.text());
    world.advance(5_000).await;
    assert!(world.sim.borrow().roles_of(DEMO, "bela").contains(&"Newcomer".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn nobody_earns_where_levels_are_off() {
    let (world, sidecar) = cafe(LevelSettings::default()).await;
    sidecar.earn(&world, "ada", 500, 0).await;
    assert_eq!(total(&world, "ada"), "");
}

#[tokio::test(start_paused = true)]
async fn batches_of_strangers_are_refused_with_the_reason() {
    let (world, sidecar) = cafe(on()).await;
    let batch = sidecar.batch(&world, vec![]);
    let mut stranger = Sidecar::default();
    stranger.key.secret = b"another".to_vec();
    let answer = stranger.deliver(&world, &batch).await.expect("an answer");
    assert_eq!((answer.status, refused(&answer.body).error.as_str()), (401, "the signature does not fit"));
    let mut foreign = batch.clone();
    foreign.application = Id::new(77);
    let answer = sidecar.deliver(&world, &foreign).await.expect("an answer");
    assert_eq!(answer.status, 403);
    assert!(refused(&answer.body).error.contains("another application"));
    let (headers, body) = muster_protocol::seal(&batch, &sidecar.key, world.now() - 400_000, "n").expect("it seals");
    let answer = muster_core::gateway(&world.ctx(), &headers, &body).await;
    assert_eq!(answer.status, 401);
    assert_eq!(refused(&answer.body).now, world.now(), "the sidecar learns the right time");
    assert_eq!(world.db.column("SELECT COUNT(*) FROM gateway_sources"), ["0"]);
}

fn refused(body: &str) -> Refused {
    serde_json::from_str(body).expect("a refusal")
}

#[tokio::test(start_paused = true)]
async fn places_follow_every_report_and_survive_an_eviction() {
    let (world, sidecar) = cafe(on()).await;
    for (who, xp) in [("ada", 300), ("bela", 200), ("chen", 100)] {
        sidecar.earn(&world, who, xp, 0).await;
    }
    let place = async |who: &str| {
        let user = world.id(who).parse().expect("an id");
        let question = Question::Places { boards: boards(Span::All, 0).to_vec(), user };
        let answer = world.ctx().leaderboards.ask(world.guild(), question).await.expect("an answer");
        answer.places[0].map(|place| (place.place, place.score))
    };
    assert_eq!(place("chen").await, Some((3, 100)));
    sidecar.earn(&world, "chen", 0, 150).await;
    assert_eq!(place("chen").await, Some((2, 250)));
    world.evict_leaderboards();
    assert_eq!(place("chen").await, Some((2, 250)));
    sidecar.report(&world, vec![EventKind::MemberLeft { user: world.id("ada").parse().expect("an id") }]).await;
    assert_eq!(place("ada").await, None);
    assert_eq!(place("chen").await, Some((1, 250)));
}

#[tokio::test(start_paused = true)]
async fn weeks_have_winners_named_once() {
    let (world, sidecar) = cafe(on()).await;
    let winners = Some(world.channel("#giveaways"));
    let announce = Announce { place: AnnounceIn::Off, winners, ..Announce::default() };
    world.set_levels(&LevelSettings { announce, ..on() }).await;
    sidecar.earn(&world, "ada", 300, 0).await;
    sidecar.earn(&world, "bela", 0, 400).await;
    world.advance(8 * 86_400_000).await;
    let message = world.message_with("#giveaways", "most active");
    let text = message.text();
    assert!(text.find(&world.id("bela")) < text.find(&world.id("ada")), "{text}");
    assert_eq!(world.count_with("#giveaways", "Week "), 1);
    assert_eq!(world.db.column("SELECT COUNT(*) FROM levels_periods WHERE span = 'week'"), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn health_says_when_the_sidecar_is_gone_and_commands_go_on() {
    let (world, sidecar) = cafe(on()).await;
    let health =
        async || serde_json::to_value(muster_core::health::health(&world.ctx()).await.expect("healthy")).expect("JSON");
    assert!(health().await.get("gateway").is_none(), "nobody misses what was never there");
    sidecar.earn(&world, "ada", 5, 0).await;
    assert_eq!(health().await["gateway"]["status"], "ok");
    world.advance_minutes(60).await;
    let now = health().await;
    assert_eq!((&now["gateway"]["status"], &now["status"]), (&"gone".into(), &"attention".into()));
    world.slash("bela", "#general", "/ping").await.says("Pong");
    // A sidecar without anything to report asks for configuration, and is there again.
    let mut question = sidecar.batch(&world, vec![]);
    question.number = 0;
    sidecar.deliver(&world, &question).await.expect("an answer");
    assert_eq!(health().await["status"], "ok");
}

#[tokio::test(start_paused = true)]
async fn a_changed_configuration_comes_with_the_next_answer_and_only_then() {
    let (world, sidecar) = cafe(on()).await;
    let ask = async |since: i64| {
        let mut question = sidecar.batch(&world, vec![]);
        (question.number, question.configs_since) = (0, since);
        let answer = sidecar.deliver(&world, &question).await.expect("an answer");
        serde_json::from_str::<Answer>(&answer.body).expect("an answer")
    };
    let first = ask(0).await;
    assert_eq!((first.configs.len(), first.configs[0].version), (1, 1));
    world.advance(120_000).await;
    let second = ask(first.configs_until).await;
    world.advance(10_000).await;
    assert_eq!(ask(second.configs_until).await.configs, []);
    world.slash("mara", "#general", "/config set setting:color value:#112233").await.says("color");
    let changed = ask(second.configs_until).await;
    assert_eq!((changed.configs.len(), changed.configs[0].version), (1, 2));
    assert_eq!(changed.configs[0].settings["levels"]["enabled"], true);
}
