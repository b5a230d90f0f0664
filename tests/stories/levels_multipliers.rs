//! Purpose: `/levels multipliers` and `/levels ignore`: set by command, and what the sidecar then makes of a message and of minutes
//! in voice by the configuration that the Worker sends it.

use muster_core::{
    guild_config::GuildConfig,
    xp::{self, LevelSettings, Message, Recent},
};
use muster_protocol::Answer;
use muster_sim::OTHER_GUILD;
use muster_tests::{Seen, World, gateway::Sidecar};
use std::cell::Cell;
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, RoleMarker},
};

struct Cafe {
    world: World,
    sidecar: Sidecar,
    messages: Cell<u64>,
}

impl Cafe {
    async fn new() -> Self {
        let world = World::new().await;
        let mut settings = LevelSettings { enabled: true, ..LevelSettings::default() };
        (settings.text.min_xp, settings.text.max_xp) = (10, 10);
        world.set_levels(&settings).await;
        Self { world, sidecar: Sidecar::default(), messages: Cell::new(1) }
    }

    async fn levels(&self, line: &str) -> Seen {
        self.world.slash("mara", "#general", &format!("/levels {line}")).await
    }

    /// What the sidecar knows of this guild's settings.
    async fn followed(&self) -> GuildConfig {
        let mut question = self.sidecar.batch(&self.world, vec![]);
        question.number = 0;
        let answer = self.sidecar.deliver(&self.world, &question).await.expect("an answer");
        let answer: Answer = serde_json::from_str(&answer.body).expect("an answer");
        serde_json::from_value(answer.configs.last().expect("a configuration").settings.clone()).expect("settings")
    }

    /// What a message earns now, 0 for nothing.
    async fn earns(&self, places: &[Id<ChannelMarker>], roles: &[Id<RoleMarker>]) -> u32 {
        let config = self.followed().await;
        self.messages.set(self.messages.get() + 1);
        let message = Message {
            id: Id::new(self.messages.get()),
            at: self.world.now(),
            is_automated: false,
            places,
            roles,
            text: Some("hello there"),
        };
        xp::decide(&config.levels.text, config.zone(), &mut Recent::default(), &message).unwrap_or(0)
    }
}

#[tokio::test(start_paused = true)]
async fn a_role_a_channel_and_an_hour_each_count_and_are_multiplied() {
    let cafe = Cafe::new().await;
    let (general, front) = (cafe.world.channel("#general"), cafe.world.channel("Front room"));
    let (booster, member) = (cafe.world.role("Booster"), cafe.world.role("Member"));
    let places = [general, front];
    cafe.levels("multipliers list").await.says("everything counts 100 %");
    assert_eq!(cafe.earns(&places, &[booster]).await, 10);
    let added = cafe.levels("multipliers add percent:150 role:Booster").await;
    added.says("now counts **150 %**").says("Of each kind one counts");
    cafe.levels("multipliers add percent:120 role:Member").await.says("120 %");
    assert_eq!(cafe.earns(&places, &[booster, member]).await, 15, "the highest role counts");
    cafe.levels("multipliers add percent:300 channel:\"Front room\"").await.says("300 %");
    assert_eq!(cafe.earns(&places, &[booster]).await, 45, "a category holds for its channels");
    cafe.levels("multipliers add percent:200 channel:general").await.says("200 %");
    assert_eq!(cafe.earns(&places, &[booster]).await, 30, "the nearest place counts");
    assert_eq!(cafe.earns(&places, &[]).await, 20);
    cafe.levels("multipliers add percent:0 channel:general").await.says("**0 %**");
    assert_eq!(cafe.earns(&places, &[booster]).await, 0, "said again it is changed, not doubled");
    let list = cafe.levels("multipliers list").await;
    list.says("**150 %** with <@&").says("**0 %** in <#").says("multiplied with each other, up to 1000 %");
    assert_eq!(list.text.matches(" %**").count(), 4, "{}", list.text);
}

#[tokio::test(start_paused = true)]
async fn a_window_is_open_in_the_guilds_own_time() {
    let cafe = Cafe::new().await;
    let places = [cafe.world.channel("#general")];
    cafe.world.slash("mara", "#general", "/config set setting:time_zone value:Asia/Tokyo").await.says("Tokyo");
    // Whatever the hour is where the story begins, it is reached within a day.
    let added = cafe.levels("multipliers add percent:200 from:22:00 to:02:00").await;
    added.says("every day from 22:00 to 02:00 (Asia/Tokyo)");
    let mut open = 0;
    for _ in 0..24 {
        cafe.world.jump(3_600_000).await;
        let hour = (cafe.world.now() / 3_600_000 + 9).rem_euclid(24);
        let is_open = !(2..22).contains(&hour);
        assert_eq!(cafe.earns(&places, &[]).await, if is_open { 20 } else { 10 }, "at {hour} o'clock in Tokyo");
        open += i64::from(is_open);
    }
    assert_eq!(open, 4);
    let choice = cafe.world.suggestions("mara", &["levels", "multipliers", "remove", "multiplier"], &[], "22:").await;
    assert_eq!(choice[0].name, "200 % every day from 22:00 to 02:00");
    let value = choice[0].value.as_str().expect("text");
    cafe.levels(&format!("multipliers remove multiplier:{value}")).await.says("everything counts 100 %");
    cafe.levels(&format!("multipliers remove multiplier:{value}")).await.says("There is no such multiplier");
    let history = cafe.world.slash("mara", "#general", "/config history").await;
    history.says("levels: multipliers from none to 200 % every day from 22:00 to 02:00");
}

#[tokio::test(start_paused = true)]
async fn ignored_channels_categories_and_roles_earn_nothing_in_text_and_voice() {
    let cafe = Cafe::new().await;
    let (general, front, staff) =
        (cafe.world.channel("#general"), cafe.world.channel("Front room"), cafe.world.channel("#staff"));
    let newcomer = cafe.world.role("Newcomer");
    cafe.levels("ignore list").await.says("Nothing is ignored");
    cafe.levels("ignore add").await.says("Choose a `channel`");
    cafe.levels("ignore add channel:\"Front room\" role:Newcomer").await.says("Nobody earns XP here").says("<@&");
    assert_eq!(cafe.earns(&[general, front], &[]).await, 0);
    assert_eq!(cafe.earns(&[staff], &[newcomer]).await, 0);
    assert_eq!(cafe.earns(&[staff], &[]).await, 10);
    let config = cafe.followed().await;
    let voice = |roles: &[Id<RoleMarker>]| config.levels.earn_voice(config.zone(), roles, &[staff], 0, 2);
    assert!(voice(&[newcomer]).is_err() && voice(&[]) == Ok(10));
    cafe.levels("ignore add channel:\"Front room\"").await.says("<#");
    assert_eq!(cafe.followed().await.levels.text.no_xp_channels.len(), 1, "once is enough");
    let choices = cafe.world.suggestions("mara", &["levels", "ignore", "remove", "ignored"], &[], "").await;
    let names: Vec<&str> = choices.iter().map(|choice| choice.name.as_str()).collect();
    assert_eq!(names, ["#Front room", "@Newcomer"]);
    let value = choices[0].value.as_str().expect("text");
    cafe.levels(&format!("ignore remove ignored:{value}")).await.says("<@&");
    assert_eq!(cafe.earns(&[general, front], &[]).await, 10);
    cafe.levels(&format!("ignore remove ignored:{value}")).await.says("That is not ignored");
    cafe.levels("ignore remove ignored:\"channel.1' OR 1=1\"").await.says("That is not ignored");
}

#[tokio::test(start_paused = true)]
async fn what_makes_no_sense_is_refused_with_a_sentence() {
    let cafe = Cafe::new().await;
    let foreign = cafe.world.sim.borrow().channel_id(&format!("{OTHER_GUILD}/#general")).expect("a channel");
    let cases = [
        ("multipliers add percent:200".to_owned(), "Choose one: a `role`, a `channel`, or hours"),
        ("multipliers add percent:200 role:Member channel:general".to_owned(), "Choose one"),
        ("multipliers add percent:200 role:Member from:18:00 to:19:00".to_owned(), "Choose one"),
        ("multipliers add percent:100 role:Member".to_owned(), "changes nothing"),
        ("multipliers add percent:200 role:@everyone".to_owned(), "Everybody has @everyone"),
        ("multipliers add percent:200 days:someday".to_owned(), "are no days"),
        ("multipliers add percent:200 from:18:00".to_owned(), "both `from` and `to`"),
        ("multipliers add percent:200 from:18:00 to:25:00".to_owned(), "no time of day"),
        ("multipliers add percent:200 days:daily".to_owned(), "That is always"),
        (format!("multipliers add percent:200 channel:{foreign}"), "of this server"),
        (format!("ignore add channel:{foreign}"), "of this server"),
        ("ignore add role:@everyone".to_owned(), "Everybody has @everyone"),
    ];
    let before = cafe.followed().await;
    for (line, why) in cases {
        let seen = cafe.levels(&line).await;
        assert!(seen.text.contains(why), "{line}: {}", seen.text);
    }
    assert_eq!(cafe.followed().await, before);
    for line in ["multipliers add percent:1001 role:Member", "multipliers add percent:-5 role:Member"] {
        cafe.levels(line).await.says("percent");
    }
    for line in ["multipliers list", "ignore list", "multipliers add percent:200 role:Member"] {
        cafe.world.slash("bela", "#general", &format!("/levels {line}")).await.says("permission");
    }
}

#[tokio::test(start_paused = true)]
async fn two_admins_who_add_at_the_same_moment_keep_both() {
    for seed in 1..20 {
        let cafe = Cafe::new().await;
        let world = &cafe.world;
        let typed = |who: &str, line: &str| world.sim.borrow_mut().slash(who, "#general", line).expect("a command");
        let one = typed("mara", "/levels multipliers add percent:200 role:Member");
        let other = typed("jonas", "/levels multipliers add percent:50 role:Newcomer");
        let third = typed("jonas", "/levels ignore add channel:staff");
        world.interleave(seed);
        tokio::join!(world.deliver("mara", one.clone()), world.deliver("jonas", other), world.deliver("jonas", third));
        let again = muster_core::interaction(&world.ctx(), &one.body).await;
        assert!(again.body.contains("200 %"), "{}", again.body);
        let levels = cafe.followed().await.levels;
        assert_eq!((levels.text.multipliers.len(), levels.text.no_xp_channels.len()), (2, 1), "seed {seed}");
    }
}
