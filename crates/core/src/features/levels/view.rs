//! Purpose: every sentence and card of levels that a person reads.

use super::{NAME, rules, store};
use crate::{
    custom_id::CustomId,
    reply::{self, Message},
    text,
    xp::LevelSettings,
};
use twilight_model::{
    channel::message::component::ButtonStyle,
    id::{
        Id,
        marker::{GuildMarker, RoleMarker, UserMarker},
    },
};

pub use crate::text::number;

/// What is said about a new level where a guild has no words of its own.
pub const LEVEL_UP: &str = "{user} reached **level {level}**! {reward}";

/// A message with what only this one contains.
pub struct Announced {
    pub message: Message,
    pub marker: String,
}

/// The announcement of a level. Somebody who reads it in private is told nothing about a channel.
pub fn level_up(
    settings: &LevelSettings,
    color: u32,
    member: &store::Member,
    level: u32,
    is_direct: bool,
) -> Announced {
    let template = settings.announce.text.as_deref().unwrap_or(LEVEL_UP);
    let before = rules::rewards_at(settings, member.level);
    let new = rules::rewards_at(settings, level).into_iter().filter(|role| !before.contains(role));
    let line = fill(template, member, level, &new.collect::<Vec<_>>());
    let id = CustomId::new(NAME, "mine").arg(member.user_id).arg(member.epoch).arg(level);
    let marker = id.encode().unwrap_or_default();
    let embed = reply::embed("", line, color);
    let mut message = Message::text(format!("<@{}>", member.user_id)).embed(embed).ping_users([member.user_id]);
    if is_direct {
        // A button works where the guild is: in private the marker stands in the footer.
        message.content.clear();
        if let Some(embed) = message.embeds.first_mut() {
            reply::footer(embed, &marker);
        }
    } else {
        message = message.row(vec![reply::button(&id, "My rank", ButtonStyle::Secondary, Some("📈"))]);
    }
    Announced { message, marker }
}

/// A guild's words with their variables filled in; unknown ones stay as they are.
pub fn fill(template: &str, member: &store::Member, level: u32, rewards: &[Id<RoleMarker>]) -> String {
    let roles = rewards.iter().map(|role| format!("<@&{role}>")).collect::<Vec<_>>().join(" ");
    let reward = if roles.is_empty() { String::new() } else { format!("You now have {roles}.") };
    let filled = template
        .replace("{user}", &format!("<@{}>", member.user_id))
        .replace("{level}", &level.to_string())
        .replace("{previous}", &member.level.to_string())
        .replace("{xp}", &member.total().to_string())
        .replace("{reward}", &reward);
    text::shorten(filled.trim(), 1_000)
}

/// An announcement as it would look for this person, who reaches the level of the first reward.
pub fn sample(settings: &LevelSettings, guild: Id<GuildMarker>, user: Id<UserMarker>) -> String {
    let template = settings.announce.text.as_deref().unwrap_or(LEVEL_UP);
    let level = settings.rewards.first().map_or(5, |reward| reward.level);
    let roles = rules::rewards_at(settings, level);
    let who = store::Member {
        guild_id: guild,
        user_id: user,
        text_xp: i64::try_from(settings.curve.total_for(level)).unwrap_or(i64::MAX),
        voice_xp: 0,
        bonus_xp: 0,
        messages: 0,
        voice_seconds: 0,
        level: level.saturating_sub(1),
        epoch: 0,
        why: String::new(),
        left_at: None,
        rewards_due: None,
    };
    fill(template, &who, level, &roles[..roles.len().min(1)])
}

const MEDALS: [&str; 3] = ["🥇", "🥈", "🥉"];

/// A medal for the first three, a number for the rest. `place` is from 1.
pub fn place(place: usize) -> String {
    MEDALS.get(place.wrapping_sub(1)).map_or_else(|| format!("`{place:>2}`"), |medal| (*medal).to_owned())
}

/// The winners of a week or month; its name ends the footer, by which the message is found again.
pub fn winners(color: u32, name: &str, winners: &[store::Winner], members: i64) -> Message {
    let lines = winners.iter().enumerate().map(|(index, winner)| {
        format!("{} <@{}> · **{}** XP", place(index + 1), winner.user_id, number(winner.score.unsigned_abs()))
    });
    let mut embed = reply::embed("🏆 The most active members", lines.collect::<Vec<_>>().join("\n"), color);
    let active = text::count(members.unsigned_abs(), "member was active", "members were active");
    reply::footer(&mut embed, format!("{active} · {name}"));
    Message::default().embed(embed)
}
