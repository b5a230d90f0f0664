//! Purpose: the configuration as a document: a file taken over from another server, and two programs that cannot overwrite each other.

use muster_core::web::{Request, Response};
use muster_sim::OTHER_GUILD;
use muster_tests::{
    Browser, DEMO, World,
    browser::{request, text},
};
use serde_json::{Value, json};

fn body(response: &Response) -> Value {
    serde_json::from_str(&response.body).unwrap_or_else(|error| panic!("{error}: {}", response.body))
}

fn other(world: &World) -> String {
    world.sim.borrow().guild(OTHER_GUILD).expect("the book club").id.to_string()
}

fn other_channel(world: &World, name: &str) -> String {
    world.sim.borrow().channel_id(&format!("{OTHER_GUILD}/#{name}")).expect("a channel")
}

fn other_role(world: &World, name: &str) -> String {
    world.sim.borrow().role(OTHER_GUILD, name).expect("a role").id.to_string()
}

/// The hidden field of a page.
fn hidden(page: &Response, name: &str) -> String {
    let (_, after) = page.body.split_once(&format!("name=\"{name}\" value=\"")).expect("the field");
    after.split('"').next().expect("its end").to_owned()
}

/// Settings of the café that mention roles and channels, as a file.
async fn cafe_file(world: &World, mara: &Browser<'_>) -> String {
    let set = async |line: String| {
        world.slash("mara", "#general", &line).await.says("is now");
    };
    set(format!("/config set setting:giveaway_managers value:<@&{}>", world.role("Newcomer"))).await;
    set(format!("/config set setting:giveaway_log_channel value:<#{}>", world.channel("general"))).await;
    set("/config set setting:giveaway_claim_seconds value:1h".to_owned()).await;
    mara.get(&format!("/g/{}/settings/export", world.guild())).await.body
}

#[tokio::test(start_paused = true)]
async fn a_file_of_another_server_is_taken_over_with_its_own_roles_and_channels() {
    let world = World::new().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let file = cafe_file(&world, &mara).await;
    let bela = Browser::signed_in(&world, "bela").await;
    let path = format!("/g/{}/settings/import", other(&world));
    assert!(text(&bela.get(&path).await).contains("Nothing changes before you have seen what would"));
    // The channel of the same name is found; the role has no namesake there.
    let seen = bela.post(&path, &[("document", &file)]).await;
    let said = text(&seen);
    assert_eq!(seen.status, 200, "{said}");
    assert!(said.contains(&format!("Settings of {DEMO}")), "{said}");
    assert!(said.contains("Time to claim a prize 5 minutes becomes 1 hour"), "{said}");
    assert!(said.contains("Giveaway log none becomes #general"), "{said}");
    assert!(!said.contains("Giveaway managers none"), "left out: {said}");
    assert!(world.db.column("SELECT guild_id FROM guild_config").iter().all(|id| *id != other(&world)));
    // Bela says who they are there.
    let (role, member) = (format!("role.{}", world.role("Newcomer")), other_role(&world, "Member"));
    let mut fields = vec![("document", file.as_str()), (role.as_str(), member.as_str())];
    let seen = bela.post(&path, &fields).await;
    assert!(text(&seen).contains("Giveaway managers none becomes @Member"), "{}", text(&seen));
    let (version, once) = (hidden(&seen, "version"), hidden(&seen, "once"));
    fields.extend([("version", version.as_str()), ("once", once.as_str()), ("apply", "yes")]);
    let done = bela.submit(&path, &fields).await;
    assert!(text(&done).contains("Imported."), "{}", text(&done));
    let stored = world.db.column(&format!("SELECT settings FROM guild_config WHERE guild_id = {}", other(&world)));
    let stored: Value = serde_json::from_str(&stored[0]).expect("JSON");
    assert_eq!(stored["giveaway_managers"], json!([member]));
    assert_eq!(stored["giveaway_log_channel"], json!(other_channel(&world, "general")));
    let history = text(&bela.get(&format!("/g/{}/settings/history", other(&world))).await);
    assert!(history.contains("Giveaway managers none became @Member"), "{history}");
    let shown = world.slash("bela", &format!("{OTHER_GUILD}/#general"), "/config show").await;
    shown.says("giveaway_claim_seconds\n1 hour");
    // The same press again changes nothing more.
    bela.post(&path, &fields).await;
    let versions = world.db.column(&format!("SELECT version FROM guild_config WHERE guild_id = {}", other(&world)));
    assert_eq!(versions, ["1"]);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_does_not_fit_is_told_why_and_changes_nothing() {
    let world = World::new().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let path = format!("/g/{}/settings/import", world.guild());
    mara.get(&path).await;
    for (file, said) in [
        ("", "Choose the file"),
        ("{ \"a\": ", "This is no JSON file"),
        ("{\"format\":\"something\"}", "no configuration of Muster"),
        (
            "{\"format\":\"muster-config\",\"format_version\":1,\"settings\":{\"color\":\"<b>red</b>\"}}",
            "color: This cannot be read",
        ),
    ] {
        let page = mara.post(&path, &[("document", file)]).await;
        assert_eq!(page.status, 422, "{file}");
        assert!(text(&page).contains(said), "{file}: {}", text(&page));
        assert!(!page.body.contains("<b>red"), "{}", page.body);
    }
    // What makes no sense, and what only Discord can say, keeps the button away.
    let strange = json!({ "format": "muster-config", "format_version": 1, "settings": {
        "time_zone": "Mars/Base", "emoji": 7, "giveaway_managers": [world.guild().to_string()],
        "levels": { "rewards": [{ "level": 5, "role": world.role("Moderator").to_string() }] } } });
    let strange = strange.to_string();
    let page = mara.post(&path, &[("document", &strange)]).await;
    let said = text(&page);
    for part in [
        "no time zone",
        "Choose another role than @everyone",
        "leaves them out: emoji",
        "@Moderator: It is not below Muster",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!page.body.contains("name=\"apply\""));
    let forced = [("document", strange.as_str()), ("version", "0"), ("once", "00000000000000a1"), ("apply", "yes")];
    assert_eq!(mara.post(&path, &forced).await.status, 200, "shown again");
    assert!(world.db.column("SELECT version FROM guild_config").is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_import_never_overwrites_what_was_not_compared() {
    let world = World::new().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let file = cafe_file(&world, &mara).await;
    world.slash("mara", "#general", "/config reset setting:giveaway_claim_seconds").await.says("is now 5 minutes");
    let path = format!("/g/{}/settings/import", world.guild());
    let seen = mara.post(&path, &[("document", &file)]).await;
    let (version, once) = (hidden(&seen, "version"), hidden(&seen, "once"));
    world.slash("jonas", "#general", "/config set setting:giveaway_reroll_limit value:9").await.says("is now 9");
    let fields = [("document", file.as_str()), ("version", &version), ("once", &once), ("apply", "yes")];
    let again = mara.post(&path, &fields).await;
    assert!(text(&again).contains("Somebody changed the settings meanwhile"), "{}", text(&again));
    assert!(text(&again).contains("Automatic rerolls 9 becomes 3"), "{}", text(&again));
    world.slash("mara", "#general", "/config show").await.says("giveaway_reroll_limit\n9");
    // Whoever may not change settings does not get here.
    let ada = Browser::signed_in(&world, "ada").await;
    assert_eq!(ada.get(&path).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn going_back_leaves_out_what_was_deleted_and_asks_for_rights_anew() {
    let world = World::new().await;
    let mara = Browser::signed_in(&world, "mara").await;
    cafe_file(&world, &mara).await;
    world.slash("mara", "#general", "/config reset setting:giveaway_managers").await.says("is now nobody");
    let role = world.role("Newcomer").to_string();
    let guild = world.guild().to_string();
    world.sim.borrow_mut().remove_role(&guild, "Newcomer").expect("deleted");
    let history = format!("/g/{guild}/settings/history");
    let page = mara.get(&format!("{history}/3")).await;
    assert!(text(&page).contains("Version 3 is what holds now"), "{}", text(&page));
    assert!(!world.db.column("SELECT settings FROM guild_config").remove(0).contains(&role));
}

/// Makes a key by the form.
async fn key(mara: &Browser<'_>, scopes: &[&str]) -> String {
    let path = format!("/g/{}/keys", mara.world.guild());
    let once = hidden(&mara.get(&path).await, "once");
    let mut fields = vec![("once", once.as_str()), ("name", "Program")];
    fields.extend(scopes.iter().map(|scope| ("scope", *scope)));
    let page = mara.post(&path, &fields).await;
    let (_, after) = page.body.split_once("readonly value=\"").expect("the key");
    after.split('"').next().expect("its end").to_owned()
}

struct Program<'a> {
    world: &'a World,
    key: String,
}

impl Program<'_> {
    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], json: Option<Value>) -> Response {
        let path = format!("/api/v1/guilds/{}/config{path}", self.world.guild());
        let mut request: Request = request(method, &path);
        request.headers.push(("authorization".to_owned(), format!("Bearer {}", self.key)));
        request.headers.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        if let Some(json) = json {
            request.headers.push(("content-type".to_owned(), "application/json".to_owned()));
            request.body = json.to_string().into_bytes();
        }
        self.world.send(request).await
    }
}

const ALL: [&str; 3] = ["settings:manage", "levels:manage", "giveaways:manage"];

#[tokio::test(start_paused = true)]
async fn two_programs_cannot_overwrite_each_other() {
    let world = World::new().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let program = Program { world: &world, key: key(&mara, &ALL).await };
    let read = program.send("GET", "", &[], None).await;
    assert_eq!((read.status, read.header("etag")), (200, Some("\"0\"")));
    let mut settings = body(&read)["settings"].clone();
    settings["giveaway_reroll_limit"] = json!(7);
    let blind = program.send("PUT", "", &[], Some(settings.clone())).await;
    assert_eq!((blind.status, blind.content_type), (428, "application/problem+json"));
    let put = program.send("PUT", "", &[("if-match", "\"0\"")], Some(settings.clone())).await;
    assert_eq!((put.status, put.header("etag")), (200, Some("\"1\"")), "{}", put.body);
    assert_eq!(body(&put)["settings"]["giveaway_reroll_limit"], 7);
    // The second one looked at the same version.
    settings["giveaway_reroll_limit"] = json!(8);
    let late = program.send("PUT", "", &[("if-match", "\"0\"")], Some(settings.clone())).await;
    assert_eq!(late.status, 412, "{}", late.body);
    assert_eq!(program.send("PUT", "", &[("if-match", "*")], Some(settings)).await.status, 428);
    world.slash("mara", "#general", "/config show").await.says("giveaway_reroll_limit\n7");
    let same = program.send("GET", "", &[("if-none-match", "\"1\"")], None).await;
    assert_eq!((same.status, same.body.as_str()), (304, ""));
    let line = world.db.column("SELECT source || ': ' || target FROM audit_log WHERE action = 'config'");
    assert_eq!(line, ["api: Automatic rerolls"]);
}

#[tokio::test(start_paused = true)]
async fn a_program_reads_what_does_not_fit_and_where() {
    let world = World::new().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let program = Program { world: &world, key: key(&mara, &ALL).await };
    let foreign = other_channel(&world, "general");
    for (settings, place, said) in [
        (json!({ "colour": 1 }), "colour", "no such setting"),
        (json!({ "levels": { "voice_xp": -1 } }), "levels.voice_xp", "cannot be read"),
        (json!({ "levels": { "voice_xp": 1_001 } }), "levels.voice_xp", "from 0 to 1000"),
        (json!({ "giveaway_log_channel": foreign }), "giveaway_log_channel", "has no channel"),
    ] {
        let answer = program.send("PUT", "", &[("if-match", "\"0\"")], Some(settings)).await;
        assert_eq!((answer.status, &body(&answer)["errors"][0]["field"]), (422, &json!(place)), "{}", answer.body);
        assert!(answer.body.contains(said), "{said}: {}", answer.body);
    }
    assert!(world.db.column("SELECT version FROM guild_config").is_empty());
    // A key for settings alone does not reach into levels.
    let narrow = Program { world: &world, key: key(&mara, &["settings:manage"]).await };
    let reach = json!({ "levels": { "enabled": true } });
    assert_eq!(narrow.send("PUT", "", &[("if-match", "\"0\"")], Some(reach)).await.status, 403);
    let reader = Program { world: &world, key: key(&mara, &["settings:view"]).await };
    assert_eq!(reader.send("GET", "", &[], None).await.status, 200);
    assert_eq!(reader.send("PUT", "", &[("if-match", "\"0\"")], Some(json!({}))).await.status, 403);
}

#[tokio::test(start_paused = true)]
async fn versions_are_read_page_by_page_and_gone_back_to_once() {
    let world = World::new().await;
    let mara = Browser::signed_in(&world, "mara").await;
    for limit in 1..=5 {
        let line = format!("/config set setting:giveaway_reroll_limit value:{}", limit + 10);
        world.slash("mara", "#general", &line).await.says("is now");
    }
    let program = Program { world: &world, key: key(&mara, &ALL).await };
    let mut seen = Vec::new();
    let mut next = Some(String::new());
    while let Some(cursor) = next {
        let cursor = if cursor.is_empty() { cursor } else { format!("&cursor={cursor}") };
        let page = body(&program.send("GET", &format!("/versions?limit=2{cursor}"), &[], None).await);
        seen.extend(
            page["versions"].as_array().expect("a list").iter().map(|one| one["version"].as_i64().unwrap_or(0)),
        );
        next = page["next_cursor"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, [5, 4, 3, 2, 1]);
    let back = json!({ "version": 2 });
    let headers = [("if-match", "\"5\""), ("idempotency-key", "back-to-two")];
    let first = program.send("POST", "/rollback", &headers, Some(back.clone())).await;
    assert_eq!((first.status, first.header("etag")), (200, Some("\"6\"")), "{}", first.body);
    assert_eq!(body(&first)["settings"]["giveaway_reroll_limit"], 12);
    let again = program.send("POST", "/rollback", &headers, Some(back)).await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let another = program.send("POST", "/rollback", &headers, Some(json!({ "version": 1 }))).await;
    assert_eq!(another.status, 422, "the key was used for something else: {}", another.body);
    assert_eq!(world.db.column("SELECT version FROM guild_config"), ["6"]);
}

#[tokio::test(start_paused = true)]
async fn a_program_sees_what_a_file_would_change() {
    let world = World::new().await;
    let mara = Browser::signed_in(&world, "mara").await;
    let program = Program { world: &world, key: key(&mara, &ALL).await };
    let document = json!({ "format": "muster-config", "format_version": 1, "guild": { "id": "1", "name": "Elsewhere" },
        "settings": { "giveaway_managers": ["11", "12"], "giveaway_log_channel": "21", "later": true },
        "roles": { "11": "member", "12": "Staff" }, "channels": { "21": "general" } });
    let member = world.role("Member").to_string();
    let import = json!({ "document": document, "channels": { "21": null } });
    let answer = program.send("POST", "/import", &[], Some(import)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let preview = body(&answer);
    assert_eq!(preview["roles"], json!({ "11": member, "12": null }));
    assert_eq!(preview["channels"], json!({ "21": null }));
    assert_eq!(preview["unknown"], json!(["later"]));
    assert_eq!(preview["changes"][0]["after"], "@Member");
    let put = program.send("PUT", "", &[("if-match", "\"0\"")], Some(preview["settings"].clone())).await;
    assert_eq!(put.status, 200, "{}", put.body);
    let export = body(&program.send("GET", "/export", &[], None).await);
    assert_eq!(export["roles"], json!({ member: "Member" }));
}
