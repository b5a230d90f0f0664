//! Purpose: `/why xp`: the last decisions about somebody's messages and time in voice, in plain words.

use super::{
    super::{cards::LEVELS_OFF, store, view::number},
    unreadable,
};
use crate::{
    ctx::Ctx,
    error::{Error, Result},
    guild_config,
    interaction::Interaction,
    reply::{self, Message, Reply},
    text::{clean_line, escape_markdown},
    time,
    xp::{LevelSettings, Refusal, Silence},
};
use muster_protocol::{Decision, Surface};
use serde::de::DeserializeOwned;
use twilight_interactions::command::{CommandModel, CreateCommand};
use twilight_model::{
    application::{command::Command, interaction::application_command::CommandData},
    guild::Permissions,
    id::{Id, marker::UserMarker},
};

#[derive(CommandModel, CreateCommand)]
#[command(name = "why", desc = "Why something was decided the way it was")]
enum Why {
    #[command(name = "xp")]
    Xp(WhyXp),
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "xp", desc = "What your last messages and minutes in voice earned, and why not more")]
struct WhyXp {
    /// Whose; your own unless you choose. Others' are for moderators
    user: Option<Id<UserMarker>>,
}

pub fn definition() -> Command {
    Why::create_command().into()
}

pub async fn on_command(ctx: &Ctx, interaction: &Interaction, data: CommandData) -> Result<Reply> {
    let Why::Xp(WhyXp { user }) = Why::from_interaction(data.into()).map_err(unreadable)?;
    let user = user.unwrap_or(interaction.actor.id);
    let is_own = user == interaction.actor.id;
    let held = interaction.actor.permissions;
    let moderates = Permissions::MODERATE_MEMBERS | Permissions::MANAGE_GUILD | Permissions::ADMINISTRATOR;
    if !is_own && !held.intersects(moderates) {
        return Err(Error::Denied(
            "You need **Timeout Members** or **Manage Server** to see other people's. Without a name you see your own."
                .to_owned(),
        ));
    }
    let config = guild_config::cached(ctx, interaction.guild_id).await?;
    if !config.levels.enabled {
        return Err(Error::user(LEVELS_OFF));
    }
    let row: Option<store::Member> = ctx.query(store::get(interaction.guild_id, user)).await?.first()?;
    let decisions = row.map(|row| row.decisions()).unwrap_or_default();
    let whose = if is_own { "your".to_owned() } else { format!("<@{user}>’s") };
    let text = if decisions.is_empty() {
        format!("Nothing was decided about {whose} messages or time in voice yet.")
    } else {
        let lines = decisions.iter().rev().map(|decision| line(&config.levels, decision));
        format!(
            "What {whose} last messages and time in voice earned, newest first:\n{}",
            lines.collect::<Vec<_>>().join("\n")
        )
    };
    let mut embed = reply::embed("Why this experience?", text, config.color);
    reply::footer(
        &mut embed,
        "Reported every few seconds, what earned nothing within half a minute. Only the last few decisions are kept, and no texts.",
    );
    Ok(Reply::Private(Message::default().embed(embed)))
}

fn line(settings: &LevelSettings, decision: &Decision) -> String {
    let sign = match decision.surface {
        Surface::Text => "💬",
        Surface::Voice => "🔊",
    };
    let outcome = match &decision.reason {
        Some(reason) if decision.xp == 0 => format!("nothing: {}", reason_in_words(settings, decision.surface, reason)),
        _ => format!("**+{} XP**", number(decision.xp.into())),
    };
    format!("{sign} {} in <#{}> · {outcome}", time::relative(decision.at), decision.channel)
}

fn known<T: DeserializeOwned>(reason: &str) -> Option<T> {
    serde_json::from_value(reason.into()).ok()
}

fn reason_in_words(settings: &LevelSettings, surface: Surface, reason: &str) -> String {
    let silence: Option<Silence> = known(reason).filter(|_| surface == Surface::Voice);
    if let Some(silence) = silence {
        return silence_in_words(silence).to_owned();
    }
    match known(reason) {
        Some(refusal) => refusal_in_words(settings, surface, refusal),
        None => format!("a rule that this version does not know ({})", escape_markdown(&clean_line(reason, 40))),
    }
}

fn refusal_in_words(settings: &LevelSettings, surface: Surface, refusal: Refusal) -> String {
    let rules = &settings.text;
    match refusal {
        Refusal::Automated => "messages of bots, webhooks and Discord itself do not count".to_owned(),
        Refusal::Seen => "it was counted before".to_owned(),
        Refusal::NoXpChannel => "nothing is earned in that channel".to_owned(),
        Refusal::NoXpRole => "one of the roles held then earns nothing".to_owned(),
        Refusal::TooShort => format!("too short, messages count from {} characters on", rules.min_length),
        Refusal::Flood => "too many messages within seconds".to_owned(),
        Refusal::Repeated => "too much like one of the messages just before".to_owned(),
        Refusal::Cooldown => {
            let wait = time::say_duration(i64::from(rules.cooldown_seconds) * 1_000);
            format!("too soon after the last message that counted, one counts every {wait}")
        }
        Refusal::Multiplied if surface == Surface::Voice && settings.voice_xp == 0 => {
            "time in voice earns nothing in this server".to_owned()
        }
        Refusal::Multiplied => "the multipliers that held then leave nothing of it".to_owned(),
    }
}

fn silence_in_words(silence: Silence) -> &'static str {
    match silence {
        Silence::Bot => "bots earn nothing in voice",
        Silence::AfkChannel => "it is the server's AFK channel",
        Silence::Deafened => "deafened",
        Silence::Muted => "muted",
        Silence::Suppressed => "in the audience of a stage",
        Silence::Alone => "nobody else was there, and bots do not count as company",
    }
}
