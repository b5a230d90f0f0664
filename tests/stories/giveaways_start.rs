//! Purpose: starting giveaways: options, form, refusals, rights.

use muster_tests::World;

#[tokio::test(start_paused = true)]
async fn an_owner_starts_a_giveaway_and_everybody_sees_it() {
    let world = World::new().await;
    world
        .slash("mara", "#general", "/giveaway start prize:\"A brass lamp\" ends:10m winners:2")
        .await
        .says("A brass lamp")
        .says("#");
    let card = world.message_with("#general", "A brass lamp");
    assert!(card.text().contains("Entrants\n0"), "{}", card.text());
    assert!(card.text().contains("commitment"), "{}", card.text());
    assert!(card.button("Enter (0)").is_some());
    assert_eq!(world.count_with("#general", "A brass lamp"), 1);
}

#[tokio::test(start_paused = true)]
async fn the_same_command_delivered_twice_starts_one_giveaway() {
    let world = World::new().await;
    let delivery = world.sim.borrow_mut().slash("mara", "#general", "/giveaway start prize:Lamp ends:10m").unwrap();
    let first = world.deliver("mara", delivery.clone()).await;
    let again = muster_core::interaction(&world.ctx(), &delivery.body).await;
    assert!(again.body.contains("Lamp"), "{}", again.body);
    assert!(!first.text.is_empty());
    world.advance(60_000).await;
    assert_eq!(world.count_with("#general", "Lamp"), 1);
    assert_eq!(world.db.column("SELECT COUNT(*) FROM giveaways"), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn people_without_the_right_are_refused_and_it_is_noted() {
    let world = World::new().await;
    let seen = world.slash("bela", "#general", "/giveaway start prize:Lamp ends:10m").await;
    seen.says("Manage Server");
    assert!(seen.private);
    assert_eq!(world.db.column("SELECT action || ' ' || target FROM audit_log"), ["denied giveaway"]);
    assert_eq!(world.db.column("SELECT COUNT(*) FROM giveaways"), ["0"]);
}

#[tokio::test(start_paused = true)]
async fn a_manager_role_lets_people_run_giveaways_at_once() {
    let world = World::new().await;
    world.slash("ada", "#general", "/giveaway start prize:Lamp ends:10m").await.says("Manage Server");
    let booster = world.sim.borrow().role(muster_tests::DEMO, "Booster").unwrap().id.to_string();
    world
        .slash("mara", "#general", &format!("/config set setting:giveaway_managers value:<@&{booster}>"))
        .await
        .says("giveaway_managers");
    world.slash("ada", "#general", "/giveaway start prize:Lamp ends:10m").await.says("on its way");
    world.slash("mara", "#general", "/config set setting:giveaway_managers value:none").await.says("nobody else");
    world.slash("ada", "#general", "/giveaway start prize:Vase ends:10m").await.says("Manage Server");
}

#[tokio::test(start_paused = true)]
async fn bad_input_gets_a_sentence_that_says_what_to_do() {
    let world = World::new().await;
    let cases = [
        ("prize:Lamp ends:soon", "not a time that Muster understands"),
        ("prize:Lamp ends:5", "not a time that Muster understands"),
        ("prize:Lamp ends:1s", "at least 10 seconds"),
        ("prize:Lamp ends:900d", "more than a year"),
        ("prize:Lamp ends:10m image:http://x.test/a.png", "https://"),
        ("prize:Lamp ends:10m claim_window:1s", "claim window"),
        ("prize:Lamp ends:10m min_level:5", "levels feature"),
        ("prize:Lamp ends:10m bonus_role:@Member", "both the role and how many"),
        ("prize:Lamp ends:10m required_role:@Member blocked_role:@Member", "both required and blocked"),
    ];
    for (options, expected) in cases {
        world.slash("mara", "#general", &format!("/giveaway start {options}")).await.says(expected);
    }
    assert_eq!(world.db.column("SELECT COUNT(*) FROM giveaways"), ["0"]);
}

#[tokio::test(start_paused = true)]
async fn a_form_does_the_same_for_people_who_do_not_like_options() {
    let world = World::new().await;
    let seen = world.slash("mara", "#general", "/giveaway create").await;
    let modal = seen.modal.clone().expect("a form opens");
    world
        .submit(
            "mara",
            &modal,
            &[("prize", "A teapot"), ("ends", "2h"), ("winners", "3"), ("description", "Green, with lid")],
        )
        .await
        .says("A teapot");
    let card = world.message_with("#general", "A teapot");
    assert!(card.text().contains("Green, with lid"));
    assert!(card.text().contains("Winners\n3"), "{}", card.text());
}

#[tokio::test(start_paused = true)]
async fn rights_lost_while_the_form_was_open_are_missing_at_submit() {
    let world = World::new().await;
    let modal = world.slash("jonas", "#general", "/giveaway create").await.modal.expect("a form opens");
    world.sim.borrow_mut().set_roles(muster_tests::DEMO, "jonas", &["Member"]).unwrap();
    let fields = [("prize", "A teapot"), ("ends", "2h"), ("winners", "1"), ("description", "")];
    world.submit("jonas", &modal, &fields).await.says("Manage Server");
    assert_eq!(world.db.column("SELECT COUNT(*) FROM giveaways"), ["0"]);
}

#[tokio::test(start_paused = true)]
async fn text_of_people_never_pings_anybody() {
    let world = World::new().await;
    let jonas = world.id("jonas");
    world
        .slash(
            "mara",
            "#general",
            &format!(
                "/giveaway start prize:\"@everyone <@{jonas}> @here\" description:\"<@{jonas}> @everyone\" ends:10m"
            ),
        )
        .await
        .says("on its way");
    assert!(world.sim.borrow().pings("jonas").is_empty());
    assert!(world.sim.borrow().pings("chen").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_mention_role_is_pinged_once_and_only_by_who_may() {
    let world = World::new().await;
    world.slash("mara", "#general", "/giveaway start prize:Lamp ends:10m mention:@Member").await.says("on its way");
    assert_eq!(world.sim.borrow().pings("bela").len(), 1);
    let booster = "/giveaway start prize:Vase ends:10m mention:@Booster";
    world.slash("jonas", "#general", booster).await.says("cannot ping");
}

#[tokio::test(start_paused = true)]
async fn ends_are_read_in_the_servers_time_zone() {
    let world = World::new().await;
    world.slash("mara", "#general", "/config set setting:time_zone value:Europe/Berlin").await.says("Europe/Berlin");
    world.slash("mara", "#general", "/giveaway start prize:Lamp ends:\"2025-03-01 18:00\"").await.says("on its way");
    // 18:00 in Berlin is 17:00 UTC.
    assert_eq!(world.db.column("SELECT ends_at FROM giveaways"), ["1740848400000"]);
}

#[tokio::test(start_paused = true)]
async fn a_channel_muster_cannot_post_in_is_named_with_what_is_missing() {
    let world = World::new().await;
    world.sim.borrow_mut().set_permissions("#general", "Muster", 0, 1 << 11).unwrap();
    world
        .slash("mara", "#general", "/giveaway start prize:Lamp ends:10m")
        .await
        .says("Send Messages")
        .says("Permissions");
    assert_eq!(world.db.column("SELECT COUNT(*) FROM giveaways"), ["0"]);
}
