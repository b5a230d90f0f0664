//! Purpose: signing in on the web: who gets in, for how long, and what does not pass for a sign-in or a form of ours.

use muster_sim::OTHER_GUILD;
use muster_tests::{
    Browser, World,
    browser::{request, text},
};

const SESSION: &str = "__Host-session";

#[tokio::test(start_paused = true)]
async fn somebody_signs_in_with_discord_and_comes_back_to_where_they_were() {
    let world = World::new().await;
    let browser = Browser::new(&world);
    let path = format!("/g/{}", world.guild());
    let refused = browser.get(&path).await;
    assert_eq!(refused.status, 401);
    assert!(refused.body.contains(&format!("name=\"return_to\" value=\"{path}\"")), "{}", refused.body);
    let landed = browser.sign_in("mara", &path).await;
    assert_eq!((landed.status, landed.header("location")), (303, Some(path.as_str())));
    let cookie = landed.headers.iter().find(|(_, value)| value.starts_with(SESSION)).map(|(_, value)| value.clone());
    let cookie = cookie.expect("a session");
    assert!(cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=604800"), "{cookie}");
    let page = browser.get(&path).await;
    assert_eq!(page.status, 200);
    assert!(text(&page).contains("Overview"), "{}", text(&page));
    let guilds = text(&browser.get("/guilds").await);
    assert!(guilds.contains(muster_tests::DEMO), "{guilds}");
}

#[tokio::test(start_paused = true)]
async fn what_a_page_tells_the_browser() {
    let world = World::new().await;
    let home = world.get("/").await;
    assert_eq!(home.status, 200);
    let policy = home.header("content-security-policy").expect("a policy");
    assert!(policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(home.header("cache-control"), Some("no-store"));
    assert_eq!(home.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(home.header("strict-transport-security"), Some("max-age=31536000; includeSubDomains"));
    assert!(!home.body.contains("<script>") && !home.body.contains("style="), "nothing inline");
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_is_good_once_in_the_browser_that_began_it_for_ten_minutes() {
    let world = World::new().await;
    let (mine, other) = (Browser::new(&world), Browser::new(&world));
    let query = mine.begin("/guilds").await;
    let target = mine.agree("mara", &query);
    other.begin("/guilds").await;
    assert_eq!(other.get(&target).await.status, 400, "another browser's state");
    let signed_in = mine.get(&target).await;
    assert_eq!(signed_in.status, 303);
    let browser = Browser::new(&world);
    for (name, value) in mine.cookies() {
        browser.set_cookie(&name, &value);
    }
    assert_eq!(browser.get(&target).await.status, 400, "a second time");
    let late = Browser::new(&world);
    let query = late.begin("/guilds").await;
    let target = late.agree("mara", &query);
    world.advance(11 * 60_000).await;
    let answer = late.get(&target).await;
    assert_eq!(answer.status, 400);
    assert!(text(&answer).contains("Sign in again"), "{}", text(&answer));
    assert!(!late.cookies().contains_key(SESSION));
    assert_eq!(late.get("/auth/callback?code=x").await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn two_tabs_sign_in_side_by_side() {
    let world = World::new().await;
    let browser = Browser::new(&world);
    let (first, second) = (browser.begin("/sessions").await, browser.begin("/guilds").await);
    let (first, second) = (browser.agree("mara", &first), browser.agree("mara", &second));
    assert_eq!(browser.get(&second).await.header("location"), Some("/guilds"));
    assert_eq!(browser.get(&first).await.header("location"), Some("/sessions"));
    assert_eq!(browser.get("/sessions").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn whoever_says_no_at_discord_is_not_signed_in_and_no_text_of_the_link_is_shown() {
    let world = World::new().await;
    let browser = Browser::new(&world);
    let query = browser.begin("/guilds").await;
    let target = world.sim.borrow().decline(&query).expect("declined");
    let answer = browser.get(&format!("{target}&error_description=Call+0900")).await;
    assert_eq!(answer.status, 400);
    assert!(text(&answer).contains("Discord was told no") && !answer.body.contains("0900"), "{}", text(&answer));
}

#[tokio::test(start_paused = true)]
async fn signing_out_holds_at_once_here_and_everywhere() {
    let world = World::new().await;
    let (laptop, phone) = (Browser::signed_in(&world, "mara").await, Browser::signed_in(&world, "mara").await);
    let stolen = Browser::new(&world);
    stolen.set_cookie(SESSION, &laptop.cookies()[SESSION]);
    assert_eq!(stolen.get("/sessions").await.status, 200);
    assert_eq!(
        laptop.get("/sessions").await.body.matches("Chrome on Linux").count(),
        4,
        "two lines, with their buttons"
    );
    laptop.post("/auth/logout", &[]).await;
    assert_eq!(stolen.get("/sessions").await.status, 401, "the cookie alone is worth nothing");
    assert_eq!(phone.get("/sessions").await.status, 200);
    let again = Browser::signed_in(&world, "mara").await;
    again.post("/auth/logout", &[("everywhere", "yes")]).await;
    assert_eq!(phone.get("/sessions").await.status, 401);
    assert_eq!(
        world.db.column("SELECT COUNT(*) FROM web_sessions WHERE access_token <> ''"),
        ["0"],
        "tokens are wiped"
    );
}

#[tokio::test(start_paused = true)]
async fn nobody_ends_the_session_of_somebody_else() {
    let world = World::new().await;
    let (mara, ada) = (Browser::signed_in(&world, "mara").await, Browser::signed_in(&world, "ada").await);
    let id = world.db.column("SELECT id FROM web_sessions ORDER BY created_at, id").into_iter().find(|id| {
        let owner = world.db.column(&format!("SELECT user_id FROM web_sessions WHERE id = '{id}'"));
        owner == [world.id("mara")]
    });
    ada.post("/auth/logout", &[("session", &id.expect("a session"))]).await;
    assert_eq!(mara.get("/sessions").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_after_a_week_away_and_after_a_month_in_any_case() {
    let world = World::new().await;
    let day = 24 * 3_600_000;
    let browser = Browser::signed_in(&world, "mara").await;
    for _ in 0..4 {
        world.advance(6 * day).await;
        assert_eq!(browser.get("/sessions").await.status, 200);
    }
    world.advance(6 * day + 60_000).await;
    assert_eq!(browser.get("/sessions").await.status, 401, "thirty days");
    let away = Browser::signed_in(&world, "mara").await;
    world.advance(7 * day + 60_000).await;
    assert_eq!(away.get("/sessions").await.status, 401, "a week");
}

#[tokio::test(start_paused = true)]
async fn a_form_of_another_site_changes_nothing() {
    let world = World::new().await;
    let browser = Browser::signed_in(&world, "mara").await;
    let token = browser.form_token.borrow().clone();
    let forged = |headers: &[(&str, &str)], token: &str| {
        let mut post = request("POST", "/auth/logout");
        post.headers.push(("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
        post.headers.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        post.body = format!("form_token={token}").into_bytes();
        post
    };
    let good = [("origin", "https://muster.test"), ("sec-fetch-site", "same-origin")];
    browser.names_origin.set(false);
    for (headers, token) in [
        (&good[..], ""),
        (&good[..], "00"),
        (&[], token.as_str()),
        (&[("origin", "null")], token.as_str()),
        (&[("origin", "https://evil.test")], token.as_str()),
        (&[("origin", "https://muster.test.evil.test")], token.as_str()),
        (&[("origin", "https://muster.test"), ("sec-fetch-site", "cross-site")], token.as_str()),
        (&[("sec-fetch-site", "same-site")], token.as_str()),
    ] {
        assert_eq!(browser.send(forged(headers, token)).await.status, 403, "{headers:?} {token}");
        assert_eq!(browser.get("/sessions").await.status, 200);
    }
    let mut json = forged(&good, &token);
    json.headers[0].1 = "text/plain".to_owned();
    assert_eq!(browser.send(json).await.status, 403, "the token is read from forms only");
    assert_eq!(browser.send(request("GET", "/auth/logout")).await.status, 404, "nothing changes by GET");
    assert_eq!(browser.send(forged(&good, &token)).await.status, 303);
    assert_eq!(browser.get("/sessions").await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn rights_are_asked_from_discord_at_every_page() {
    let world = World::new().await;
    let (mara, ada) = (Browser::signed_in(&world, "mara").await, Browser::signed_in(&world, "ada").await);
    let path = format!("/g/{}", world.guild());
    assert_eq!(mara.get(&path).await.status, 200);
    assert_eq!(ada.get(&path).await.status, 404, "no right to any part looks like no such server");
    let sql = "SELECT target FROM audit_log WHERE action = 'denied' AND source = 'dashboard'";
    assert_eq!(world.db.column(sql), ["dashboard"], "and the server's log knows");
    let other = world.sim.borrow().guild(OTHER_GUILD).map(|guild| guild.id.to_string());
    let unknown = ["1", "999999999999999999", "0", "+1", "%31", ""].map(str::to_owned);
    for guild in unknown.into_iter().chain(other) {
        let answer = ada.get(&format!("/g/{guild}")).await;
        assert_eq!(answer.status, 404, "{guild}");
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_lie_sealed_and_move_to_the_new_key_while_serving() {
    let world = World::new().await;
    let browser = Browser::signed_in(&world, "mara").await;
    let columns = "SELECT access_token || ' ' || refresh_token FROM web_sessions";
    let sealed = world.db.column(columns).remove(0);
    assert!(sealed.starts_with("v1.a.") && sealed.contains(" v1.a."), "{sealed}");
    world.rotate_token_keys();
    browser.get("/guilds").await;
    world.advance(120_000).await;
    let again = world.db.column(columns).remove(0);
    assert!(again.starts_with("v1.b.") && again.contains(" v1.b."), "{again}");
    let guilds = browser.get("/guilds").await;
    assert_eq!(guilds.status, 200, "{}", guilds.body);
}

#[tokio::test(start_paused = true)]
async fn whoever_grants_less_than_was_asked_is_not_signed_in() {
    let world = World::new().await;
    let browser = Browser::new(&world);
    let query = browser.begin("/guilds").await.replace("scope=identify+guilds", "scope=identify");
    let target = browser.agree("mara", &query);
    let answer = browser.get(&target).await;
    assert_eq!(answer.status, 400);
    assert!(text(&answer).contains("allow both"), "{}", text(&answer));
    assert!(!browser.cookies().contains_key(SESSION));
}

#[tokio::test(start_paused = true)]
async fn one_address_begins_thirty_sign_ins_a_minute() {
    let world = World::new().await;
    let begin = || async {
        let mut post = request("POST", "/auth/login");
        post.headers.push(("cf-connecting-ip".to_owned(), "203.0.113.9".to_owned()));
        post.headers.push(("origin".to_owned(), "https://muster.test".to_owned()));
        world.send(post).await
    };
    for _ in 0..30 {
        assert_eq!(begin().await.status, 303);
    }
    let over = begin().await;
    assert_eq!(over.status, 429);
    assert!(text(&over).contains("Try again in"), "{}", text(&over));
    world.advance(60_000).await;
    assert_eq!(begin().await.status, 303);
}

#[tokio::test(start_paused = true)]
async fn discord_that_does_not_answer_leaves_nobody_signed_in() {
    let world = World::new().await;
    let browser = Browser::new(&world);
    let query = browser.begin("/guilds").await;
    let target = browser.agree("mara", &query);
    // The first outside call takes the state, the second exchanges the code.
    world.faults().plan(2, muster_testkit::FaultMode::FailAfter, false);
    let answer = browser.get(&target).await;
    assert!(world.faults().log()[1].contains("/oauth2/token"), "{:?}", world.faults().log());
    assert_eq!(answer.status, 400);
    assert!(text(&answer).contains("Discord does not answer"), "{}", text(&answer));
    assert_eq!(world.db.column("SELECT COUNT(*) FROM web_sessions"), ["0"]);
    assert_eq!(browser.get(&target).await.status, 400, "a state is good once, whatever became of it");
}

#[tokio::test(start_paused = true)]
async fn who_signed_in_and_who_was_refused_stands_in_the_log_and_no_secret_does() {
    let world = World::new().await;
    let browser = Browser::new(&world);
    let query = browser.begin("/sessions").await;
    let target = browser.agree("mara", &query);
    assert_eq!(browser.get(&target).await.status, 303);
    assert_eq!(browser.get(&target).await.status, 400, "once");
    let forged = "/auth/callback?state=x%0aInfo%20signed%20in%20as%20mara&code=y&error=access_denied%0a";
    assert_eq!(browser.get(forged).await.status, 400);
    browser.get("/sessions").await;
    let mut foreign = request("POST", "/auth/logout");
    foreign.headers.push(("origin".to_owned(), "https://evil.example".to_owned()));
    assert_eq!(browser.send(foreign).await.status, 403);
    let mut program = request("GET", &format!("/api/v1/guilds/{}", world.guild()));
    program.headers.push(("authorization".to_owned(), "Bearer muster_guess_guess".to_owned()));
    assert_eq!(world.send(program).await.status, 401);
    assert_eq!(browser.post("/auth/logout", &[("everywhere", "yes")]).await.status, 303);
    let (mara, again) = (
        world.id("mara"),
        "This sign-in was not begun here, was used before, or took longer than ten minutes. Sign in again.",
    );
    // The first line is about commands, from the start of this world.
    let lines = world.log.lines.borrow()[1..].to_vec();
    let told: Vec<String> = [
        format!("Info signed in {{\"device\":\"Chrome on Linux\",\"user\":\"{mara}\"}}"),
        format!("Warn sign-in failed {{\"why\":\"{again}\"}}"),
        format!("Warn sign-in failed {{\"why\":\"{again}\"}}"),
        format!("Warn refused {{\"method\":\"POST\",\"place\":\"auth\",\"status\":403,\"who\":\"{mara}\"}}"),
        "Warn refused {\"method\":\"GET\",\"place\":\"guilds\",\"status\":401,\"who\":\"nobody\"}".to_owned(),
        format!("Info signed out {{\"everywhere\":true,\"user\":\"{mara}\"}}"),
    ]
    .into();
    assert_eq!(lines, told);
    let parts = target.split_once('?').expect("a query").1.split('&').filter_map(|pair| pair.split_once('='));
    for (name, value) in parts {
        assert!(!lines.join("\n").contains(value), "{name} is in the log");
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_at_the_headers_of_a_page_is_a_page_without_its_body() {
    let world = World::new().await;
    let head = world.send(request("HEAD", "/")).await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(world.get("/guilds/").await.status, 401, "a slash at the end means nothing");
}
