//! Purpose: `/why xp`: decisions in plain words, for oneself and for moderators.

use muster_core::xp::LevelSettings;
use muster_protocol::{Decision, EventKind, MemberXp, Surface};
use muster_sim::OTHER_GUILD;
use muster_tests::{
    World,
    gateway::{Sidecar, earned},
};

fn decision(world: &World, surface: Surface, xp: u32, reason: &str) -> Decision {
    let reason = (!reason.is_empty()).then(|| reason.to_owned().into());
    Decision { at: world.now(), surface, channel: world.channel("#general"), xp, reason }
}

async fn cafe(why: &[(Surface, u32, &str)]) -> World {
    let world = World::new().await;
    world.set_levels(&LevelSettings { enabled: true, ..LevelSettings::default() }).await;
    let why = why.iter().map(|(surface, xp, reason)| decision(&world, *surface, *xp, reason)).collect();
    let member = MemberXp { why, ..earned(&world, "ada", 20, 0) };
    Sidecar::default().report(&world, vec![EventKind::Xp { members: vec![member] }]).await;
    world
}

#[tokio::test(start_paused = true)]
async fn ones_own_decisions_are_told_newest_first() {
    let world = cafe(&[(Surface::Text, 20, ""), (Surface::Text, 0, "cooldown"), (Surface::Voice, 0, "alone")]).await;
    let seen = world.slash("ada", "#general", "/why xp").await;
    assert!(seen.private);
    let channel = world.channel("#general");
    let when = world.now() / 1_000;
    seen.says("your last messages")
        .says(&format!("💬 <t:{when}:R> in <#{channel}> · **+20 XP**"))
        .says("nothing: too soon after the last message that counted, one counts every 1 minute")
        .says("🔊")
        .says("nobody else was there")
        .says("Reported every few seconds");
    assert!(seen.text.find("nobody else") < seen.text.find("+20"), "{}", seen.text);
}

#[tokio::test(start_paused = true)]
async fn every_reason_has_words() {
    use Surface::{Text, Voice};
    let cases = [
        (Text, "automated", "webhooks"),
        (Text, "seen", "counted before"),
        (Text, "no_xp_channel", "in that channel"),
        (Voice, "no_xp_role", "roles held then"),
        (Text, "too_short", "characters on"),
        (Text, "flood", "too many messages"),
        (Text, "repeated", "too much like one"),
        (Text, "multiplied", "multipliers"),
        (Voice, "multiplied", "multipliers"),
        (Voice, "bot", "bots earn nothing in voice"),
        (Voice, "afk_channel", "AFK channel"),
        (Voice, "deafened", "deafened"),
        (Voice, "muted", "muted"),
        (Voice, "suppressed", "audience of a stage"),
        (Text, "of_*tomorrow* @everyone", r"does not know (of\_\*tomorrow\* \@everyone)"),
    ];
    for (surface, reason, words) in cases {
        let world = cafe(&[(surface, 0, reason)]).await;
        world.slash("ada", "#general", "/why xp").await.says(words);
    }
}

#[tokio::test(start_paused = true)]
async fn other_peoples_are_for_moderators() {
    let world = cafe(&[(Surface::Text, 0, "flood")]).await;
    let refused = world.slash("bela", "#general", "/why xp user:@ada").await;
    refused.says("You need **Timeout Members** or **Manage Server**");
    let seen = world.slash("mara", "#general", "/why xp user:@ada").await;
    seen.says("too many messages").says(&format!("<@{}>’s", world.id("ada")));
    assert!(seen.private);
    world.slash("jonas", "#general", "/why xp user:@ada").await.says("too many messages");
    world.slash("bela", "#general", "/why xp").await.says("Nothing was decided about your messages");
    let there = format!("{OTHER_GUILD}/#general");
    world.slash("ada", &there, "/why xp").await.says("Levels are off in this server");
}
