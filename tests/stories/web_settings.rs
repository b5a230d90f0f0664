//! Purpose: settings on the dashboard, their history with a way back, and what is granted to roles.

use muster_sim::OTHER_GUILD;
use muster_tests::{Browser, DEMO, World, browser::text};

fn settings(world: &World) -> String {
    format!("/g/{}/settings", world.guild())
}

/// The value of a field of the page.
fn field(page: &str, name: &str) -> String {
    let (_, after) = page.split_once(&format!("name=\"{name}\"")).unwrap_or_else(|| panic!("no {name}: {page}"));
    let (_, after) = after.split_once("value=\"").expect("a value");
    after.split('"').next().expect("its end").to_owned()
}

/// What the form sends when nobody touched it, with some fields changed.
fn form(page: &str, changed: &[(&str, &str)]) -> Vec<(String, String)> {
    let names = [
        "once",
        "version",
        "time_zone",
        "color",
        "giveaway_claim_seconds",
        "giveaway_reroll_limit",
        "giveaway_winner_cooldown_days",
    ];
    // The forms of the cards come first and have a `once` of their own, which is the page's.
    let mut fields: Vec<(String, String)> = names
        .iter()
        .map(|name| ((*name).to_owned(), field(page, name)))
        .filter(|(name, _)| !changed.iter().any(|(other, _)| other == name))
        .collect();
    fields.extend(changed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    fields
}

async fn save(browser: &Browser<'_>, page: &str, changed: &[(&str, &str)]) -> muster_core::web::Response {
    let fields = form(page, changed);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.submit(&settings(browser.world), &fields).await
}

#[tokio::test(start_paused = true)]
async fn settings_are_changed_by_form_and_hold_for_commands() {
    let world = World::new().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let page = mara.get(&settings(&world)).await.body;
    let (member, general) = (world.role("Member").to_string(), world.channel("general").to_string());
    let changed = [
        ("time_zone", "europe/berlin"),
        ("color", "#112233"),
        ("giveaway_claim_seconds", "2h"),
        ("giveaway_managers", member.as_str()),
        ("giveaway_log_channel", general.as_str()),
    ];
    let saved = save(&mara, &page, &changed).await;
    assert!(text(&saved).contains("Saved."), "{}", text(&saved));
    assert!(saved.body.contains("value=\"Europe/Berlin\"") && saved.body.contains("value=\"2 hours\""));
    let shown = world.slash("mara", "#general", "/config show").await;
    shown.says("Europe/Berlin").says("#112233").says("2 hours").says(&format!("<@&{member}>"));
    let line = world.db.column("SELECT source || ': ' || target FROM audit_log WHERE action = 'config'");
    let labels = "Time zone, Colour, Giveaway managers, Giveaway log, Time to claim a prize";
    assert_eq!(line, [format!("dashboard: {labels}")]);
    // The same form a second time changes nothing.
    save(&mara, &page, &changed).await;
    assert_eq!(world.db.column("SELECT version FROM guild_config"), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_said_beside_its_field_and_stays_in_the_form() {
    let world = World::new().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let page = mara.get(&settings(&world)).await.body;
    let changed = [("time_zone", "Mars/Base_1"), ("giveaway_reroll_limit", "51"), ("giveaway_claim_seconds", "1s")];
    let refused = save(&mara, &page, &changed).await;
    assert_eq!(refused.status, 422);
    let said = text(&refused);
    assert!(said.contains("“Mars/Base_1” is no time zone"), "{said}");
    assert!(said.contains("Write a number from 0 to 50.") && said.contains("between 30 seconds and 14 days"), "{said}");
    assert!(refused.body.contains("value=\"Mars/Base_1\""), "what was typed stays");
    let elsewhere = world.sim.borrow().guild(OTHER_GUILD).map(|guild| guild.id.to_string()).expect("a guild");
    let foreign = save(&mara, &page, &[("giveaway_managers", elsewhere.as_str())]).await;
    assert!(text(&foreign).contains("Choose roles of this server"), "{}", text(&foreign));
    let foreign = save(&mara, &page, &[("giveaway_log_channel", elsewhere.as_str())]).await;
    assert!(text(&foreign).contains("Choose a channel of this server"), "{}", text(&foreign));
    assert!(world.db.column("SELECT version FROM guild_config").is_empty());
}

#[tokio::test(start_paused = true)]
async fn two_admins_with_the_same_page_open_keep_both_changes_and_do_not_overwrite_each_other() {
    let world = World::new().await;
    let (mara, jonas) = (Browser::signed_in(&world, "mara").await, Browser::signed_in(&world, "jonas").await);
    let (hers, his) = (mara.get(&settings(&world)).await.body, jonas.get(&settings(&world)).await.body);
    save(&mara, &hers, &[("giveaway_reroll_limit", "5")]).await;
    let saved = save(&jonas, &his, &[("giveaway_winner_cooldown_days", "7")]).await;
    assert!(text(&saved).contains("Saved."), "{}", text(&saved));
    let stored = world.db.column("SELECT settings FROM guild_config").remove(0);
    assert!(stored.contains("\"giveaway_reroll_limit\":5") && stored.contains("days\":7"), "{stored}");
    let refused = save(&jonas, &his, &[("giveaway_reroll_limit", "9")]).await;
    assert_eq!(refused.status, 422);
    assert!(text(&refused).contains("Somebody else changed this meanwhile"), "{}", text(&refused));
}

#[tokio::test(start_paused = true)]
async fn levels_are_switched_on_and_say_that_they_wait_for_the_gateway() {
    let world = World::new().await;
    let mara = Browser::signed_in(&world, "mara").await;
    mara.get(&settings(&world)).await;
    let path = format!("{}/switch", settings(&world));
    let on = mara.submit(&path, &[("once", "00000000000000aa"), ("switch", "levels"), ("to", "on")]).await;
    let said = text(&on);
    assert!(said.contains("It is on.") && said.contains("Levels on"), "{said}");
    assert!(said.contains("The gateway sidecar was never connected"), "{said}");
    assert_eq!(mara.post(&path, &[("switch", "everything"), ("to", "on")]).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn the_history_says_who_changed_what_and_goes_back() {
    let world = World::new().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let history = format!("{}/history", settings(&world));
    assert!(text(&mara.get(&history).await).contains("Nothing has been changed yet"));
    world.slash("mara", "#general", "/config set setting:giveaway_reroll_limit value:5").await.says("is now 5");
    world.slash("jonas", "#general", "/config set setting:giveaway_reroll_limit value:9").await.says("is now 9");
    let said = text(&mara.get(&history).await);
    let (newest, oldest) = said.split_once("Version 1").expect("two versions");
    assert!(newest.contains("Version 2 in force"), "{said}");
    assert!(newest.contains("Jonas by a command"), "{said}");
    assert!(newest.contains("Automatic rerolls 5 became 9"), "{said}");
    assert!(oldest.contains("(you) by a command Automatic rerolls 3 became 5"), "{said}");
    let page = mara.get(&format!("{history}/1")).await;
    assert!(text(&page).contains("Automatic rerolls 9 becomes 5"), "{}", text(&page));
    // Somebody changes it after the page was opened.
    let fields = [("once".to_owned(), field(&page.body, "once")), ("version".to_owned(), field(&page.body, "version"))];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    world.slash("jonas", "#general", "/config set setting:giveaway_reroll_limit value:8").await.says("is now 8");
    let stale = mara.post(&format!("{history}/1"), &fields).await;
    assert_eq!(stale.status, 303, "{}", text(&stale));
    let page = mara.get(stale.header("location").expect("a page")).await;
    let said = text(&page);
    assert!(said.contains("nothing was rolled back") && said.contains("Automatic rerolls 8 becomes 5"), "{said}");
    let fields = [("once".to_owned(), field(&page.body, "once")), ("version".to_owned(), field(&page.body, "version"))];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    // Discord allows so many questions per second.
    world.advance(2_000).await;
    let back = mara.submit(&format!("{history}/1"), &fields).await;
    assert!(text(&back).contains("Rolled back."), "{}", text(&back));
    world.slash("mara", "#general", "/config show").await.says("giveaway_reroll_limit\n5");
    mara.post(&format!("{history}/1"), &fields).await;
    assert_eq!(world.db.column("SELECT version FROM guild_config"), ["4"], "pressed twice is once");
    let said = text(&mara.get(&history).await);
    assert!(said.contains("Version 4 in force") && said.contains("on the dashboard"), "{said}");
    world.advance(2_000).await;
    assert_eq!(mara.get(&format!("{history}/77")).await.status, 404);
    assert_eq!(mara.get(&format!("{history}/-1")).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_granted_role_opens_exactly_its_parts_and_loses_them_at_once() {
    let world = World::new().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let ada = Browser::signed_in(&world, "ada").await;
    let (guild, access) = (format!("/g/{}", world.guild()), format!("/g/{}/access", world.guild()));
    assert_eq!(ada.get(&guild).await.status, 404);
    assert!(text(&mara.get(&access).await).contains("No role was granted anything yet."));
    let booster = world.role("Booster").to_string();
    let grant = [("once", "00000000000000a1"), ("role", booster.as_str()), ("settings", "view")];
    let saved = text(&mara.submit(&access, &grant).await);
    assert!(saved.contains("It holds from now on.") && saved.contains("Booster Settings: see"), "{saved}");
    let page = ada.get(&guild).await;
    assert_eq!(page.status, 200);
    let seen = ada.get(&settings(&world)).await;
    assert_eq!(seen.status, 200);
    let tabs: Vec<&str> = ["Overview", "Settings", "Access", "API keys", "Levels", "Giveaways", "Logs"]
        .into_iter()
        .filter(|tab| seen.body.contains(&format!(">{tab}</a></li>")))
        .collect();
    // The parts inside the settings repeat its name.
    assert_eq!(tabs, ["Overview", "Settings"]);
    assert!(!seen.body.contains("<button>Save</button>"));
    assert_eq!(ada.post(&settings(&world), &[("time_zone", "UTC")]).await.status, 403);
    assert_eq!(ada.get(&access).await.status, 403);
    assert_eq!(ada.post(&access, &[("role", booster.as_str()), ("levels", "manage")]).await.status, 403);
    // Discord allows so many questions per second.
    world.advance(2_000).await;
    // The role goes, and with it everything; comes back, and with it what was granted.
    let (demo, id) = (DEMO, world.id("ada"));
    let roles = world.sim.borrow().roles_of(demo, "ada");
    let without: Vec<&str> = roles.iter().map(String::as_str).filter(|role| *role != "Booster").collect();
    world.sim.borrow_mut().set_roles(demo, "ada", &without).expect("roles are set");
    assert_eq!(ada.get(&guild).await.status, 404);
    world.advance(5_000).await;
    let all: Vec<&str> = roles.iter().map(String::as_str).collect();
    world.sim.borrow_mut().set_roles(demo, "ada", &all).expect("roles are set");
    assert_eq!(ada.get(&settings(&world)).await.status, 200);
    world.advance(5_000).await;
    mara.get(&access).await;
    let gone = mara.submit(&format!("{access}/{booster}/remove"), &[("once", "00000000000000a2")]).await;
    assert!(text(&gone).contains("No role was granted anything yet."), "{}", text(&gone));
    assert_eq!(ada.get(&guild).await.status, 404);
    let lines = world.db.column(
        "SELECT actor_id || ' ' || target || ' ' || COALESCE(before, '-') || ' ' || COALESCE(after, '-') FROM audit_log WHERE action = 'access' ORDER BY id",
    );
    let (mara, target) = (world.id("mara"), format!("Booster ({booster})"));
    assert_eq!(lines, [format!("{mara} {target} - Settings: see"), format!("{mara} {target} Settings: see -")]);
    assert!(id != mara);
}

#[tokio::test(start_paused = true)]
async fn a_form_whose_page_named_it_not_is_refused_wherever_it_goes_and_changes_nothing() {
    let world = World::new().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let (booster, base) = (world.role("Booster").to_string(), format!("/g/{}", world.guild()));
    let forms: [(&str, &[(&str, &str)]); 5] = [
        ("settings/switch", &[("switch", "levels"), ("to", "on")]),
        ("access", &[("role", booster.as_str()), ("logs", "view")]),
        ("keys", &[("name", "Backup"), ("scope", "levels:view")]),
        ("levels/rewards/stack", &[("stack", "highest")]),
        ("jobs/wake", &[]),
    ];
    for (place, fields) in forms {
        for once in ["", "0", "0123456789abcdeg"] {
            let refused = mara.post_bare(&format!("{base}/{place}"), &[fields, &[("once", once)]].concat()).await;
            assert_eq!(refused.status, 400, "{place}");
            assert!(text(&refused).contains("Load the page again"), "{place}: {}", text(&refused));
        }
        assert_eq!(mara.post_bare(&format!("{base}/{place}"), fields).await.status, 400, "{place}");
    }
    for table in ["guild_config", "dashboard_grants", "api_keys", "audit_log"] {
        assert_eq!(world.db.column(&format!("SELECT COUNT(*) FROM {table}")), ["0"], "{table}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_buttons_of_one_page_are_two_acts_and_one_pressed_twice_is_one() {
    let world = World::new().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let (booster, member) = (world.role("Booster").to_string(), world.role("Member").to_string());
    let access = format!("/g/{}/access", world.guild());
    mara.get(&access).await;
    // With the browser's way back the page is the same one, whatever was pressed on it before.
    for role in [&booster, &member, &booster] {
        let fields = [("once", "00112233445566ee"), ("role", role.as_str()), ("logs", "view")];
        assert_eq!(mara.post(&access, &fields).await.status, 303);
    }
    assert_eq!(world.db.column("SELECT COUNT(*) FROM dashboard_grants"), ["2"]);
    assert_eq!(world.db.column("SELECT COUNT(*) FROM audit_log WHERE action = 'access'"), ["2"]);
}

#[tokio::test(start_paused = true)]
async fn access_is_granted_by_owner_and_administrators_alone_and_never_handed_on() {
    let world = World::new().await;
    let (mara, jonas) = (Browser::signed_in(&world, "mara").await, Browser::signed_in(&world, "jonas").await);
    let access = format!("/g/{}/access", world.guild());
    let member = world.role("Member").to_string();
    // Manage Server is not enough.
    assert_eq!(jonas.get(&access).await.status, 403);
    assert_eq!(jonas.post(&access, &[("role", member.as_str()), ("logs", "view")]).await.status, 403);
    mara.get(&access).await;
    let everyone = world.guild().to_string();
    for (role, area, said) in [
        (member.as_str(), "access", "Only the owner and administrators decide"),
        (everyone.as_str(), "logs", "Choose a role of this server."),
        ("123456789012345678", "logs", "Choose a role of this server."),
        ("", "logs", "Choose the role that gets access."),
        (member.as_str(), "nothing", "Choose at least one part."),
    ] {
        let refused = mara.post(&access, &[("role", role), (area, "view")]).await;
        assert_eq!(refused.status, 422, "{role} {area}");
        assert!(text(&refused).contains(said), "{said}: {}", text(&refused));
    }
    assert_eq!(world.db.column("SELECT COUNT(*) FROM dashboard_grants"), ["0"]);
}

#[tokio::test(start_paused = true)]
async fn settings_alone_do_not_reach_into_levels_or_giveaways() {
    let world = World::new().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let access = format!("/g/{}/access", world.guild());
    mara.get(&access).await;
    let booster = world.role("Booster").to_string();
    mara.post(&access, &[("once", "00000000000000a1"), ("role", booster.as_str()), ("settings", "manage")]).await;
    let ada = Browser::signed_in(&world, "ada").await;
    let page = ada.get(&settings(&world)).await.body;
    assert!(text(&save(&ada, &page, &[("color", "#000001")]).await).contains("Saved."));
    let page = ada.get(&settings(&world)).await.body;
    assert_eq!(save(&ada, &page, &[("giveaway_managers", booster.as_str())]).await.status, 403);
    let switch = [("once", "00000000000000a3"), ("switch", "levels"), ("to", "on")];
    assert_eq!(ada.post(&format!("{}/switch", settings(&world)), &switch).await.status, 403);
    assert_eq!(world.db.column("SELECT version FROM guild_config"), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn the_configuration_is_a_file_that_names_what_it_mentions() {
    let world = World::new().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let page = mara.get(&settings(&world)).await.body;
    let (member, general) = (world.role("Member").to_string(), world.channel("general").to_string());
    save(&mara, &page, &[("giveaway_managers", &member), ("giveaway_log_channel", &general)]).await;
    let file = mara.get(&format!("{}/export", settings(&world))).await;
    assert_eq!((file.status, file.content_type), (200, "application/json"));
    let name = format!("attachment; filename=\"muster-{}-v1.json\"", world.guild());
    assert_eq!(file.header("content-disposition"), Some(name.as_str()));
    let document: serde_json::Value = serde_json::from_str(&file.body).expect("JSON");
    assert_eq!((&document["format"], &document["format_version"]), (&"muster-config".into(), &1.into()));
    assert_eq!((&document["guild"]["name"], &document["version"]), (&DEMO.into(), &1.into()));
    assert_eq!((&document["roles"][&member], &document["channels"][&general]), (&"Member".into(), &"general".into()));
    assert_eq!(document["settings"]["giveaway_managers"], serde_json::json!([member]));
    let ada = Browser::signed_in(&world, "ada").await;
    assert_eq!(ada.get(&format!("{}/export", settings(&world))).await.status, 404);
}
