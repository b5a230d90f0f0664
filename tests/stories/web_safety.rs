//! Purpose: what must never happen on the web, over every page: looking that changes something, names that become markup, errors that tell
//! too much, and links that lead away. `SECURITY.md` says which requirement each of these holds.

use muster_core::{web::Response, xp::LevelSettings};
use muster_sim::NewRole;
use muster_testkit::FaultMode;
use muster_tests::{
    Browser, DEMO, World,
    browser::{request, text},
};
use proptest::prelude::*;

/// Every page of the dashboard that GET shows to whoever may see everything.
const TABS: [&str; 29] = [
    "",
    "/giveaways",
    "/giveaways/new",
    "/levels",
    "/levels/curve",
    "/levels/rewards",
    "/levels/exceptions",
    "/levels/board",
    "/levels/import",
    "/analytics",
    "/analytics?span=month",
    "/logs",
    "/logs?kind=giveaways",
    "/logs?kind=attempts",
    "/jobs",
    "/settings",
    "/settings/history",
    "/settings/import",
    "/keys",
    "/access",
    "/links",
    "/links?kind=missions",
    "/missions",
    "/missions/new",
    "/missions/calendar",
    "/missions/review",
    "/missions/ledger",
    "/missions/members",
    "/missions/rules",
];

async fn busy_cafe() -> World {
    let world = World::new().await;
    world.set_levels(&LevelSettings { enabled: true, public: true, ..LevelSettings::default() }).await;
    world.slash("mara", "#general", "/giveaway start prize:Lantern ends:2h").await.says("on its way");
    world.settle().await;
    world
}

#[tokio::test(start_paused = true)]
async fn looking_changes_nothing() {
    let world = busy_cafe().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let id = world.db.column("SELECT id FROM giveaways").remove(0);
    let guild = world.guild();
    let mut pages: Vec<String> = TABS.iter().map(|tab| format!("/g/{guild}{tab}")).collect();
    let of_giveaway = ["", "/edit", "/entrants", "/log"].map(|part| format!("/g/{guild}/giveaways/{id}{part}"));
    pages.extend(of_giveaway);
    pages.extend(["/", "/guilds", "/sessions", "/api/docs"].map(str::to_owned));
    pages.extend([
        format!("/leaderboard/{guild}"),
        format!("/api/v1/guilds/{guild}"),
        format!("/api/v1/guilds/{guild}/config"),
    ]);
    let changes = || world.db.column("SELECT total_changes()");
    let before = changes();
    for page in &pages {
        for method in ["GET", "HEAD"] {
            let answer = mara.send(request(method, page)).await;
            let is_tab = page.starts_with("/g/") && !page.contains(&id);
            assert!(answer.status == 200 || (!is_tab && answer.status < 500), "{method} {page}: {}", answer.status);
            assert_eq!(changes(), before, "{method} {page} changed something");
        }
    }
    // What changes something does not do so by GET.
    for path in ["auth/login", "auth/logout", "g/1/settings/switch"] {
        let answer = mara.get(&format!("/{path}")).await;
        assert!(matches!(answer.status, 404 | 405), "{path}: {}", answer.status);
    }
    assert_eq!(changes(), before);
}

#[tokio::test(start_paused = true)]
async fn names_never_become_markup() {
    const EVIL: &str = "\"><img src=x onerror=alert(1)>'</script>";
    let world = busy_cafe().await;
    {
        let mut sim = world.sim.borrow_mut();
        let guild = sim.guild_id(DEMO).expect("the café");
        sim.add_role(&guild, NewRole { name: EVIL.to_owned(), ..NewRole::default() }).expect("a role");
        sim.rename_channel("#general", EVIL).expect("renamed");
    }
    let mara = Browser::signed_in(&world, "mara").await;
    let guild = world.db.column("SELECT guild_id FROM guild_config").remove(0);
    let line = format!("/giveaway start prize:{EVIL} ends:2h");
    world.slash("mara", "#giveaways", &line).await;
    world.settle().await;
    let mut pages: Vec<String> = TABS.iter().map(|tab| format!("/g/{guild}{tab}")).collect();
    for id in world.db.column("SELECT id FROM giveaways") {
        pages.extend(["", "/edit", "/entrants", "/log"].map(|part| format!("/g/{guild}/giveaways/{id}{part}")));
    }
    pages.extend(["/guilds".to_owned(), format!("/leaderboard/{guild}")]);
    let mut shown = 0;
    for page in &pages {
        let answer = mara.get(page).await;
        assert!(!answer.body.contains("<img src=x") && !answer.body.contains("'</script>"), "{page}");
        shown += usize::from(answer.body.contains("&#60;img src=x") || answer.body.contains("&lt;img src=x"));
    }
    assert!(shown >= 5, "the name is on many pages: {shown}");
}

#[tokio::test(start_paused = true)]
async fn pages_elsewhere_read_only_what_anybody_may_read() {
    let world = busy_cafe().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let guild = world.guild();
    let allowed = |answer: &Response| answer.header("access-control-allow-origin").map(str::to_owned);
    let board = format!("/api/v1/guilds/{guild}/leaderboard");
    assert_eq!(allowed(&world.get(&board).await).as_deref(), Some("*"), "the board is public");
    let private = format!("/api/v1/guilds/{guild}/config");
    for path in [&board, &private, &format!("/g/{guild}"), &"/".to_owned()] {
        let mut foreign = request("GET", path);
        foreign.headers.push(("origin".to_owned(), "https://evil.example".to_owned()));
        let answer = mara.send(foreign).await;
        assert_eq!((answer.status, allowed(&answer)), (200, None), "{path} of somebody who is signed in");
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
    assert_eq!(allowed(&world.get(&private).await), None, "nor what nobody may read");
}

#[tokio::test(start_paused = true)]
async fn what_breaks_tells_a_number_and_nothing_else() {
    let world = busy_cafe().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let guild = world.guild();
    for path in [format!("/g/{guild}/settings/history"), format!("/api/v1/guilds/{guild}/config/versions")] {
        let mut broken = 0;
        // Each outside call of the request in turn, and all after it.
        for nth in 1..30 {
            world.faults().plan(nth, FaultMode::FailBefore, true);
            let answer = mara.get(&path).await;
            let calls = world.faults().log();
            world.faults().clear();
            if answer.status == 200 {
                break;
            }
            broken += 1;
            assert!(answer.status >= 500, "{path} {calls:?}: {} {}", answer.status, text(&answer));
            let number = if path.starts_with("/api") { "error_id" } else { "this number: " };
            assert!(answer.body.contains(number), "{path} {calls:?}: {}", answer.body);
            for told in ["SELECT", "SQL", "D1", "panicked", ".rs", "127.0.0.1"] {
                assert!(!answer.body.contains(told), "{told}: {}", answer.body);
            }
        }
        assert!(broken >= 3, "{path}: {broken}");
        assert_eq!(mara.get(&path).await.status, 200, "it is over");
    }
}

/// Where a sign-in with this `return_to` ends.
async fn landed(return_to: &str) -> Response {
    let world = World::new().await;
    Browser::new(&world).sign_in("mara", return_to).await
}

#[tokio::test(start_paused = true)]
async fn nobody_is_led_away_after_signing_in() {
    for (asked, leads) in [
        ("/g/1/levels?page=2", "/g/1/levels?page=2"),
        ("https://evil.example/", "/guilds"),
        ("//evil.example/", "/guilds"),
        ("/\\evil.example", "/guilds"),
        ("/%2f/evil.example", "/guilds"),
        ("/\t/evil.example", "/guilds"),
        ("javascript:alert(1)", "/guilds"),
        ("é/evil", "/guilds"),
        ("", "/guilds"),
    ] {
        assert_eq!(landed(asked).await.header("location"), Some(leads), "{asked}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Nothing that somebody sends breaks a door that needs no sign-in.
    #[test]
    fn no_text_breaks_a_door(segment in "\\PC{0,40}", value in "\\PC{0,80}", header in "\\PC{0,60}") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
        runtime.block_on(async {
            let world = World::new().await;
            let browser = Browser::new(&world);
            let paths = [
                format!("/{segment}"), format!("/g/{segment}"), format!("/leaderboard/{segment}"), format!("/giveaways/{segment}/proof"),
                format!("/api/v1/guilds/{segment}/leaderboard"), format!("/auth/callback?state={segment}&code={value}"),
            ];
            for path in paths {
                let mut sent = request("GET", &path);
                sent.query.push((segment.clone(), value.clone()));
                sent.headers.push(("authorization".to_owned(), header.clone()));
                sent.headers.push(("if-none-match".to_owned(), header.clone()));
                let answer = browser.send(sent).await;
                assert!(answer.status < 500, "{path}: {}", answer.status);
            }
            let answer = browser.post("/auth/login", &[("return_to", value.as_str())]).await;
            assert!(answer.status < 500, "{value}: {}", answer.status);
        });
    }
}
