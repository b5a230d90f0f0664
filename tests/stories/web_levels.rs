//! Purpose: levels on the dashboard: what is set where, who may, two admins at once, bad input, and what anybody may read.

use muster_core::{
    guild_config::GuildConfig,
    web::Response,
    xp::{AnnounceIn, LevelSettings},
};
use muster_tests::{Browser, World, browser::text, gateway::Sidecar};

fn stored(world: &World) -> LevelSettings {
    let document = world.db.column("SELECT settings FROM guild_config").pop().unwrap_or_else(|| "{}".to_owned());
    serde_json::from_str::<GuildConfig>(&document).expect("a configuration").levels
}

fn path(world: &World, rest: &str) -> String {
    format!("/g/{}/levels{rest}", world.guild())
}

async fn cafe() -> (World, Sidecar) {
    let world = World::new().await;
    world.set_levels(&LevelSettings { enabled: true, ..LevelSettings::default() }).await;
    (world, Sidecar::default())
}

/// The value of a field on a page, as a browser sends it back.
fn value(page: &Response, name: &str) -> String {
    let (_, after) = page.body.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("{name}"));
    after.split('"').next().unwrap_or_default().replace("&#34;", "\"")
}

/// The form of settings as the page has it, with `changed` typed into it.
fn filled<'a>(page: &'a Response, changed: &[(&'a str, &'a str)]) -> Vec<(String, String)> {
    let texts = ["was", "once", "min_xp", "max_xp", "cooldown", "min_length", "voice_xp", "quiet", "days"];
    let mut fields: Vec<_> = texts.iter().map(|name| ((*name).to_owned(), value(page, name))).collect();
    fields.push(("place".to_owned(), "same".to_owned()));
    if page.body.contains("name=\"enabled\" value=\"yes\" checked") {
        fields.push(("enabled".to_owned(), "yes".to_owned()));
    }
    for (name, value) in changed {
        fields.retain(|(known, _)| known != name);
        fields.push(((*name).to_owned(), (*value).to_owned()));
    }
    fields
}

async fn save(browser: &Browser<'_>, page: &Response, changed: &[(&str, &str)]) -> Response {
    let fields = filled(page, changed);
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.submit(&path(browser.world, ""), &fields).await
}

#[tokio::test(start_paused = true)]
async fn everything_that_is_a_switch_a_number_or_a_text_is_set_on_one_page() {
    let world = World::new().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let page = mara.get(&path(&world, "")).await;
    assert!(text(&page).contains("never connected") && text(&page).contains("reached level 5"), "{}", text(&page));
    let channel = world.channel("general").to_string();
    let words = "{user} is at {level}, {lvl}";
    let changed = [
        ("enabled", "yes"),
        ("public", "yes"),
        ("min_xp", "5"),
        ("cooldown", "30"),
        ("place", channel.as_str()),
        ("words", words),
        ("quiet", "1-3"),
        ("winners", channel.as_str()),
        ("days", "7"),
    ];
    let saved = save(&mara, &page, &changed).await;
    assert!(text(&saved).contains("Saved."), "{}", text(&saved));
    assert!(text(&saved).contains("{lvl} is nothing that Muster fills in"), "{}", text(&saved));
    let levels = stored(&world);
    assert!(levels.enabled && levels.public);
    assert_eq!((levels.text.min_xp, levels.text.cooldown_seconds, levels.keep_leavers_days), (5, 30, 7));
    assert_eq!(levels.announce.place, AnnounceIn::Channel(world.channel("general")));
    assert_eq!((levels.announce.text.as_deref(), &levels.announce.quiet[..]), (Some(words), &[(1, 3)][..]));
    let history = world.slash("mara", "#general", "/config history").await;
    history.says("levels: settings").says("on; anyone on the web may read it; 5 to 25 XP");
    let same =
        save(&mara, &saved, &[("public", "yes"), ("place", &channel), ("winners", &channel), ("words", words)]).await;
    assert!(text(&same).contains("Nothing was different"), "{}", text(&same));
}

#[tokio::test(start_paused = true)]
async fn bad_values_stand_beside_their_fields_with_what_was_typed() {
    let (world, _) = cafe().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let page = mara.get(&path(&world, "")).await;
    let bad = save(&mara, &page, &[("min_xp", "lots"), ("quiet", "one"), ("days", "-1"), ("max_xp", "30")]).await;
    assert_eq!(bad.status, 422);
    for part in
        ["whole number from 0 to 1000, not “lots”", "“one” is no level", "from 0 to 365", "Nothing was saved yet"]
    {
        assert!(text(&bad).contains(part), "{part}: {}", text(&bad));
    }
    assert_eq!((value(&bad, "min_xp"), value(&bad, "max_xp")), ("lots".to_owned(), "30".to_owned()));
    assert_eq!(stored(&world).text.max_xp, 25);
    let turned = save(&mara, &page, &[("min_xp", "26")]).await;
    assert!(text(&turned).contains("at least 26 and at most 25"), "{}", text(&turned));
    let foreign = save(&mara, &page, &[("place", "123456789012345678")]).await;
    assert_eq!(foreign.status, 422, "{}", text(&foreign));
    let nonsense = save(&mara, &page, &[("place", "<b>"), ("was", "{")]).await;
    assert!(nonsense.status == 422 && !nonsense.body.contains("<b>"), "{}", text(&nonsense));
}

#[tokio::test(start_paused = true)]
async fn two_admins_with_the_page_open_change_only_what_each_of_them_touched() {
    let (world, _) = cafe().await;
    let (mara, other) = (Browser::signed_in(&world, "mara").await, Browser::signed_in(&world, "mara").await);
    let (first, second) = (mara.get(&path(&world, "")).await, other.get(&path(&world, "")).await);
    save(&mara, &first, &[("max_xp", "40")]).await;
    save(&other, &second, &[("voice_xp", "9")]).await;
    let levels = stored(&world);
    assert_eq!((levels.text.max_xp, levels.voice_xp), (40, 9));
    let fresh = other.get(&path(&world, "")).await;
    save(&other, &fresh, &[("max_xp", "50")]).await;
    save(&mara, &first, &[("max_xp", "40")]).await;
    assert_eq!(stored(&world).text.max_xp, 50, "a form that was sent counts once");
    save(&mara, &first, &[("max_xp", "60")]).await;
    assert_eq!(stored(&world).text.max_xp, 60, "going back in the browser and writing something else is another form");
}

#[tokio::test(start_paused = true)]
async fn a_curve_is_looked_at_before_it_is_put_in_force() {
    let (world, sidecar) = cafe().await;
    sidecar.earn(&world, "ada", 1_200, 0).await;
    sidecar.earn(&world, "bela", 90, 0).await;
    let mara = Browser::signed_in(&world, "mara").await;
    let page = mara.get(&path(&world, "/curve")).await;
    assert!(text(&page).contains("XP now") && !text(&page).contains("Not in force yet"), "{}", text(&page));
    let preview = mara.get(&path(&world, "/curve?base=50&exponent=2.00")).await;
    let said = text(&preview);
    assert!(said.contains("Not in force yet: base 50") && said.contains("Of the first 2, 2 would stand"), "{said}");
    assert!(said.contains("1 Ada 1,200 5 7"), "{said}");
    assert_eq!(stored(&world).curve.base, 100);
    let names = ["once", "base", "exponent", "known_base", "known_exponent"];
    let offer = preview.body.split_once("class=\"offer\"").expect("an offer").1.to_owned();
    let offer = Response { body: offer, ..preview.clone() };
    let fields: Vec<_> = names.map(|name| (name, value(&offer, name))).into();
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let saved = mara.submit(&path(&world, "/curve"), &fields).await;
    assert!(text(&saved).contains("The curve is saved"), "{}", text(&saved));
    assert_eq!(stored(&world).curve.base, 50);
    let late = [
        ("base", "70"),
        ("exponent", "2.00"),
        ("known_base", "100"),
        ("known_exponent", "2.00"),
        ("once", "00112233445566aa"),
    ];
    let late = mara.submit(&path(&world, "/curve"), &late).await;
    assert!(late.status == 422 && text(&late).contains("Somebody changed the curve"), "{}", text(&late));
    assert_eq!(stored(&world).curve.base, 50);
    let bad = mara.get(&path(&world, "/curve?base=5&exponent=9")).await;
    assert!(bad.status == 422 && text(&bad).contains("from 10 to 10000"), "{}", text(&bad));
}

#[tokio::test(start_paused = true)]
async fn nobody_sees_or_changes_levels_without_the_right() {
    let (world, _) = cafe().await;
    let ada = Browser::signed_in(&world, "ada").await;
    for rest in ["", "/curve", "/rewards", "/exceptions", "/board"] {
        assert_eq!(ada.get(&path(&world, rest)).await.status, 404);
        assert_eq!(ada.post(&path(&world, rest), &[("min_xp", "1")]).await.status, 404);
    }
    assert_eq!(stored(&world).text.min_xp, 15);
}

/// Sends a form as a person does, who takes some seconds for the next.
async fn send(browser: &Browser<'_>, target: &str, fields: &[(&str, &str)]) -> Response {
    browser.world.advance(3_000).await;
    browser.submit(target, fields).await
}

fn role_value(world: &World, name: &str) -> String {
    world.role(name).to_string()
}

#[tokio::test(start_paused = true)]
async fn roles_for_levels_are_added_with_what_speaks_against_them_and_synced() {
    let (world, sidecar) = cafe().await;
    sidecar.earn(&world, "bela", 300, 0).await;
    let mara = Browser::signed_in(&world, "mara").await;
    let page = mara.get(&path(&world, "/rewards")).await;
    assert!(text(&page).contains("No roles come with levels yet"), "{}", text(&page));
    assert!(text(&page).contains("is not below Muster's highest role"), "{}", text(&page));
    let newcomer = role_value(&world, "Newcomer");
    let add = path(&world, "/rewards/add");
    let added = send(&mara, &add, &[("once", "00112233445566a0"), ("level", "2"), ("role", &newcomer)]).await;
    assert!(text(&added).contains("comes with its level from now on"), "{}", text(&added));
    assert_eq!(stored(&world).rewards.len(), 1);
    let twice = send(&mara, &add, &[("once", "00112233445566a1"), ("level", "3"), ("role", &newcomer)]).await;
    assert!(twice.status == 422 && text(&twice).contains("@Newcomer comes with level 2 already"), "{}", text(&twice));
    for (level, role, words) in [
        ("0", newcomer.as_str(), "from 1 to 1000"),
        ("x", &newcomer, "from 1 to 1000"),
        ("5", "77", "role of this server"),
    ] {
        let bad = send(&mara, &add, &[("once", "00112233445566a2"), ("level", level), ("role", role)]).await;
        assert!(bad.status == 422 && text(&bad).contains(words), "{words}: {}", text(&bad));
    }
    let sync = path(&world, "/rewards/sync");
    let begun = send(&mara, &sync, &[("once", "00112233445566a3")]).await;
    assert!(text(&begun).contains("A sync is running"), "{}", text(&begun));
    world.advance(5_000).await;
    world.advance(5_000).await;
    let done = mara.get(&path(&world, "/rewards")).await;
    assert!(text(&done).contains("1 member looked at, 1 role given"), "{}", text(&done));
    let stack = [("once", "00112233445566a4"), ("stack", "highest")];
    send(&mara, &path(&world, "/rewards/stack"), &stack).await;
    assert!(!stored(&world).stack_rewards);
    let reward = format!("2.{newcomer}");
    let gone = [("once", "00112233445566a5"), ("reward", reward.as_str())];
    let removed = send(&mara, &path(&world, "/rewards/remove"), &gone).await;
    assert!(text(&removed).contains("Removed.") && stored(&world).rewards.is_empty(), "{}", text(&removed));
}

#[tokio::test(start_paused = true)]
async fn multipliers_and_places_without_xp_are_set_and_taken_away() {
    let (world, _) = cafe().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let (add, newcomer) = (path(&world, "/exceptions/add"), role_value(&world, "Newcomer"));
    let role = [("once", "00112233445566b0"), ("of", "role"), ("role", newcomer.as_str()), ("percent", "200 %")];
    let added = send(&mara, &add, &role).await;
    assert!(text(&added).contains("200 % with the role Newcomer"), "{}", text(&added));
    let hours = [
        ("once", "00112233445566b1"),
        ("of", "window"),
        ("days", "weekend"),
        ("from", "18:00"),
        ("to", "23:00"),
        ("percent", "150"),
    ];
    assert!(text(&send(&mara, &add, &hours).await).contains("150 % on Sat, Sun from 18:00 to 23:00"));
    for (fields, words) in [
        ([("of", "window"), ("days", "someday"), ("percent", "150")], "are no days"),
        ([("of", "role"), ("role", newcomer.as_str()), ("percent", "100")], "100 % changes nothing"),
        ([("of", "role"), ("role", newcomer.as_str()), ("percent", "2000")], "At most 1000 %"),
        ([("of", "channel"), ("channel", "123456789012345678"), ("percent", "50")], "channel of this server"),
    ] {
        let bad = send(&mara, &add, &fields).await;
        assert!(bad.status == 422 && text(&bad).contains(words), "{words}: {}", text(&bad));
    }
    let remove = [("once", "00112233445566b2"), ("multiplier", "window.96.1080.1380")];
    send(&mara, &path(&world, "/exceptions/remove"), &remove).await;
    assert_eq!(stored(&world).text.multipliers.len(), 1);
    let (ignored, channel) = (path(&world, "/exceptions/ignored"), world.channel("general").to_string());
    let ticked = [("once", "00112233445566b3"), ("no_xp_channel", channel.as_str()), ("no_xp_role", &newcomer)];
    send(&mara, &ignored, &ticked).await;
    let rules = stored(&world).text;
    assert_eq!(
        (rules.no_xp_channels, rules.no_xp_roles),
        (vec![world.channel("general")], vec![world.role("Newcomer")])
    );
    let unticked = [
        ("once", "00112233445566b4"),
        ("was_channel", channel.as_str()),
        ("was_role", &newcomer),
        ("no_xp_role", &newcomer),
    ];
    send(&mara, &ignored, &unticked).await;
    let rules = stored(&world).text;
    assert_eq!((rules.no_xp_channels.len(), rules.no_xp_roles), (0, vec![world.role("Newcomer")]));
    let foreign = [("once", "00112233445566b5"), ("no_xp_channel", "123456789012345678")];
    assert_eq!(send(&mara, &ignored, &foreign).await.status, 422);
}

#[tokio::test(start_paused = true)]
async fn the_leaderboard_is_for_managers_and_where_the_guild_says_so_for_everybody() {
    let (world, sidecar) = cafe().await;
    sidecar.earn(&world, "ada", 300, 20).await;
    sidecar.earn(&world, "bela", 100, 0).await;
    let mara = Browser::signed_in(&world, "mara").await;
    let own = mara.get(&path(&world, "/board")).await;
    assert!(text(&own).contains("1 Ada 2 320") && text(&own).contains("2 members"), "{}", text(&own));
    let public = format!("/leaderboard/{}", world.guild());
    let (hidden, nowhere) = (world.get(&public).await, world.get("/leaderboard/123456789012345678").await);
    assert_eq!((hidden.status, nowhere.status), (404, 404));
    let same = |response: &Response| response.body.replace(&world.guild().to_string(), "123456789012345678");
    assert_eq!(same(&hidden), same(&nowhere), "nothing tells them apart");
    assert_eq!(mara.get(&public).await.status, 404, "not even for its owner");
    world.set_levels(&LevelSettings { enabled: true, public: true, ..LevelSettings::default() }).await;
    let board = world.get(&public).await;
    assert_eq!((board.status, board.max_age), (200, 15));
    assert!(
        text(&board).contains("Leaderboard of Lantern Café") && text(&board).contains("1 Ada 2 320"),
        "{}",
        text(&board)
    );
    assert!(
        board.body.contains("og:description\" content=\"Ada leads with 320 XP. 2 members on the list.\""),
        "{}",
        board.body
    );
    let voice = world.get(&format!("{public}?board=week&kind=voice")).await;
    assert!(text(&voice).contains("Week ") && text(&voice).contains("1 Ada 20"), "{}", text(&voice));
    let far = world.get(&format!("{public}?page=900")).await;
    assert!(text(&far).contains("The list is shorter by now"), "{}", text(&far));
    for nonsense in ["board=year", "kind=gold", "page=0", "page=x"] {
        assert_eq!(world.get(&format!("{public}?{nonsense}")).await.status, 404, "{nonsense}");
    }
    assert_eq!(mara.get(&public).await.max_age, 0, "with a name on it");
}
