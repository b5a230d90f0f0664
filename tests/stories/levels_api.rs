//! Purpose: leaderboard and ranks as JSON: for guilds that made them public, and nothing at all about the others.

use crate::{
    people::crowd,
    web_api::{body, make, with_key},
};
use muster_core::{web::Response, xp::LevelSettings};
use muster_protocol::EventKind;
use muster_tests::{Browser, World, browser::request, gateway::Sidecar};
use serde_json::{Value, json};

async fn get(world: &World, path: &str) -> Response {
    world.get(&format!("/api/v1/{path}")).await
}

async fn cafe(public: bool) -> (World, Sidecar) {
    let world = World::new().await;
    world.set_levels(&LevelSettings { enabled: true, public, ..LevelSettings::default() }).await;
    let sidecar = Sidecar::default();
    sidecar.earn(&world, "ada", 300, 20).await;
    sidecar.earn(&world, "bela", 100, 0).await;
    (world, sidecar)
}

#[tokio::test(start_paused = true)]
async fn a_public_leaderboard_is_read_by_anyone() {
    let (world, _) = cafe(true).await;
    let board = format!("guilds/{}/leaderboard", world.guild());
    let response = get(&world, &board).await;
    assert_eq!((response.status, response.max_age), (200, 15));
    let all = body(&response);
    assert_eq!(all["entries"][0], json!({ "place": 1, "user_id": world.id("ada"), "score": 320, "level": 2 }));
    assert_eq!((&all["members"], &all["pages"], &all["period"]), (&json!(2), &json!(1), &Value::Null));
    assert_eq!(all["guild_id"], json!(world.guild().to_string()), "ids are strings");
    let voice = body(&get(&world, &format!("{board}?board=week&kind=voice")).await);
    assert_eq!(voice["entries"], json!([{ "place": 1, "user_id": world.id("ada"), "score": 20 }]));
    assert!(voice["period"].as_str().is_some_and(|week| week.contains("-W")), "{voice}");
    let far = body(&get(&world, &format!("{board}?page=1000000")).await);
    assert_eq!((&far["entries"], &far["page"]), (&json!([]), &json!(1_000_000)));
}

#[tokio::test(start_paused = true)]
async fn a_month_that_is_over_shows_its_winners() {
    let (world, sidecar) = cafe(true).await;
    let board = format!("guilds/{}/leaderboard", world.guild());
    let now = body(&get(&world, &format!("{board}?board=month")).await);
    let month = now["period"].as_str().expect("a month").to_owned();
    world.advance(40 * 86_400_000).await;
    sidecar.earn(&world, "bela", 50, 0).await;
    let then = body(&get(&world, &format!("{board}?board=month&month={month}")).await);
    assert_eq!(then["entries"][0], json!({ "place": 1, "user_id": world.id("ada"), "score": 320 }));
    assert_eq!(then["members"], 2);
    let current = body(&get(&world, &format!("{board}?board=month")).await);
    assert_eq!(current["entries"], json!([{ "place": 1, "user_id": world.id("bela"), "score": 50 }]));
    assert_eq!(get(&world, &format!("{board}?board=month&month=1999-01")).await.status, 404);
    let kinds = get(&world, &format!("{board}?board=month&month={month}&kind=voice")).await;
    assert_eq!(kinds.status, 400);
}

#[tokio::test(start_paused = true)]
async fn a_members_rank_says_where_it_comes_from() {
    let (world, sidecar) = cafe(true).await;
    let path = |who: &str| format!("guilds/{}/members/{}/rank", world.guild(), world.id(who));
    let rank = body(&get(&world, &path("ada")).await);
    for (key, value) in [
        ("user_id", json!(world.id("ada"))),
        ("total", json!(320)),
        ("text", json!(300)),
        ("voice", json!(20)),
        ("bonus", json!(0)),
        ("level", json!(2)),
        ("rank", json!(1)),
        ("members", json!(2)),
        ("messages", json!(1)),
        ("voice_seconds", json!(240)),
    ] {
        assert_eq!(rank[key], value, "{key} of {rank}");
    }
    assert_eq!((&rank["week"]["score"], &rank["week"]["place"]), (&json!(320), &json!(1)));
    assert_eq!(get(&world, &path("chen")).await.status, 404);
    sidecar.report(&world, vec![EventKind::MemberLeft { user: world.id("ada").parse().expect("an id") }]).await;
    assert_eq!(get(&world, &path("ada")).await.status, 404, "whoever left is nobody's business");
}

#[tokio::test(start_paused = true)]
async fn a_guild_that_is_not_public_looks_like_one_that_is_not_there() {
    let (world, _) = cafe(false).await;
    for guild in [world.guild().to_string(), "123456789012345678".to_owned(), "0".to_owned(), "x'--".to_owned()] {
        for path in [
            format!("guilds/{guild}/leaderboard"),
            format!("guilds/{guild}/leaderboard?board=nonsense&page=-1"),
            format!("guilds/{guild}/members/{}/rank", world.id("ada")),
            format!("guilds/{guild}/members/nobody/rank"),
        ] {
            assert_eq!(get(&world, &path).await.status, 404, "{path}");
        }
    }
    // Switched off means not public, whatever was set before.
    world.set_levels(&LevelSettings { public: true, ..LevelSettings::default() }).await;
    assert_eq!(get(&world, &format!("guilds/{}/leaderboard", world.guild())).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn parameters_that_make_no_sense_get_a_sentence() {
    let (world, _) = cafe(true).await;
    for (query, words) in [
        ("board=year", "all, week or month"),
        ("kind=gold", "total, text or voice"),
        ("page=0", "numbered from 1"),
        ("page=-1", "numbered from 1"),
        ("page=99999999999999999999", "numbered from 1"),
        ("board=month&month=November", "like 2026-11"),
        ("limit=0", "from 1 to 100"),
        ("cursor=12", "as `next_cursor` gave it"),
        ("cursor=12.0", "as `next_cursor` gave it"),
        ("cursor=12.5&page=2", "without a page"),
        ("board=week&month=2026-11", "goes with board=month"),
        ("month=", "like 2026-11"),
    ] {
        let response = get(&world, &format!("guilds/{}/leaderboard?{query}", world.guild())).await;
        assert_eq!(response.status, 400, "{query}");
        assert!(response.body.contains(words), "{query}: {}", response.body);
    }
    let path = format!("/api/v1/guilds/{}/leaderboard", world.guild());
    assert_eq!(world.send(request("POST", &path)).await.status, 405);
    assert_eq!(world.get("/api/v1/guilds").await.status, 404);
}

/// With a key; Discord is asked for the member each time, and answers so many questions in a while.
async fn get_with(world: &World, key: &str, path: &str) -> Response {
    world.advance(2_000).await;
    world.send(with_key("GET", &format!("/api/v1/{path}"), key)).await
}

#[tokio::test(start_paused = true)]
async fn a_key_reads_the_board_that_a_guild_does_not_show() {
    let (world, _) = cafe(false).await;
    let mara = Browser::signed_in(&world, "mara").await;
    let (levels, logs) = (make(&mara, &["levels:view"]).await, make(&mara, &["logs:view"]).await);
    let board = format!("guilds/{}/leaderboard", world.guild());
    let rank = format!("guilds/{}/members/{}/rank", world.guild(), world.id("ada"));
    let seen = get_with(&world, &levels, &board).await;
    assert_eq!((seen.status, seen.max_age), (200, 0), "nobody else may keep it: {}", seen.body);
    assert_eq!(body(&seen)["members"], 2);
    assert_eq!(body(&get_with(&world, &levels, &rank).await)["total"], 320);
    for path in [&board, &rank] {
        assert_eq!(get_with(&world, &logs, path).await.status, 403, "{path}");
        assert_eq!(get(&world, path).await.status, 404, "{path}");
    }
    let ada = Browser::signed_in(&world, "ada").await;
    assert_eq!(ada.get(&format!("/api/v1/{board}")).await.status, 404, "a member without rights");
}

#[tokio::test(start_paused = true)]
async fn a_board_is_walked_without_gaps_or_doubles_while_places_move() {
    let (world, sidecar) = cafe(true).await;
    for (n, who) in (1..).zip(crowd(&world, 25)) {
        // Some have the same score.
        sidecar.earn(&world, &who, 1_000 + n / 3, 0).await;
    }
    let board = format!("guilds/{}/leaderboard?limit=4", world.guild());
    let everybody = body(&get(&world, &format!("guilds/{}/leaderboard?limit=100", world.guild())).await);
    let users = |page: &Value| {
        let entries = page["entries"].as_array().expect("entries").iter();
        entries.map(|entry| entry["user_id"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
    };
    let expected = users(&everybody);
    assert_eq!((expected.len(), &everybody["pages"], &everybody["next_cursor"]), (27, &json!(1), &Value::Null));
    for list in ["all", "week", "month"] {
        let (mut all, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = body(&get(&world, &format!("{board}&board={list}{cursor}")).await);
            all.extend(users(&page));
            pages += 1;
            assert_eq!((&page["page"], &page["pages"]), (&json!(pages), &json!(7)));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!((&all, pages), (&expected, 7), "{list}");
    }
    let first = body(&get(&world, &board).await);
    let next = first["next_cursor"].as_str().expect("more").to_owned();
    let (leader, last) = (first["entries"][0]["user_id"].clone(), expected.last().expect("somebody").clone());
    assert_eq!(last, world.id("bela"));
    // The last one overtakes everybody; a page by its number would now show somebody twice.
    sidecar.earn(&world, "bela", 5_000, 0).await;
    let second = body(&get(&world, &format!("{board}&cursor={next}")).await);
    assert_eq!(users(&second), expected[4..8]);
    assert_eq!((&second["entries"][0]["place"], &leader), (&json!(6), &json!(expected[0])));
}
