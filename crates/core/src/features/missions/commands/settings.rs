//! Purpose: `/mission settings`: what holds at once, and rules of points, which show what they would change before they are saved.

use crate::{
    audit::Author,
    ctx::Ctx,
    custom_id::CustomId,
    discord,
    error::{Error, Result},
    features::missions::{
        NAME,
        effect::{self, Effect},
        roles,
        rounds::budget,
        view,
    },
    interaction::Interaction,
    permissions::{self, Giver},
    points::{
        self,
        rules::{BUDGET_MAX, RANK_MAX, Rules, WORDS_MAX},
    },
    reply::{self, Message, Reply},
    social::{self, Kind},
    text::clean_line,
};
use twilight_interactions::command::{CommandModel, CreateCommand};
use twilight_model::{
    channel::message::component::ButtonStyle,
    guild::Permissions,
    id::{
        Id,
        marker::{ChannelMarker, GuildMarker, RoleMarker},
    },
};

#[derive(CommandModel, CreateCommand)]
#[command(name = "settings", desc = "Where mission cards go, who runs missions, ranks and safeguards")]
pub struct Settings {
    /// Where cards and the month's first are posted
    #[command(channel_types = "guild_text guild_announcement")]
    channel: Option<Id<ChannelMarker>>,
    /// Where every post, change of counts and change of points is noted; the same again switches it off
    #[command(channel_types = "guild_text guild_announcement")]
    log: Option<Id<ChannelMarker>>,
    /// A role that may run missions without Manage Server; the same again takes it off
    manager: Option<Id<RoleMarker>>,
    /// Which rank `role` is for: its name
    rank: Option<String>,
    /// The role that this rank brings
    role: Option<Id<RoleMarker>>,
    /// The points at which this rank begins
    #[command(min_value = 0, max_value = 10000000)]
    points: Option<i64>,
    /// Minutes between two posts of a member
    #[command(min_value = 0, max_value = 10080)]
    cooldown: Option<i64>,
    /// Posts of a member in 24 hours; 0 for any number
    #[command(min_value = 0, max_value = 1000)]
    posts_per_day: Option<i64>,
    /// Words that are not published, between commas; - for none
    #[command(max_length = 2000)]
    banned_words: Option<String>,
    /// US dollars that posts on X may cost in 30 days; 0 switches X off
    #[command(min_value = 0, max_value = 10000)]
    x_budget: Option<f64>,
    /// Points for posts on X, though X forbids rewards and may take the application's access away
    x_rewards: Option<bool>,
}

/// A rule of points as it was typed, and as it travels in the button that saves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// From how many points the rank at a place begins: the place, before, and after.
    Rank(usize, i64, i64),
    RewardsOnX(bool),
}

impl Rule {
    fn encode(self) -> String {
        match self {
            Self::Rank(place, before, after) => format!("{place}.{before}.{after}"),
            Self::RewardsOnX(is_on) => is_on.to_string(),
        }
    }

    fn decode(text: &str) -> Option<Self> {
        if let Ok(is_on) = text.parse() {
            return Some(Self::RewardsOnX(is_on));
        }
        let [place, before, after] = text.split('.').collect::<Vec<_>>().try_into().ok()?;
        let after = after.parse().ok().filter(|at| (0..=RANK_MAX).contains(at))?;
        Some(Self::Rank(place.parse().ok()?, before.parse().ok()?, after))
    }

    /// Done twice, it changes nothing.
    ///
    /// # Errors
    /// `User` where the rank is not what it was when the rule was shown, or another one begins there.
    fn apply(self, rules: &mut Rules) -> Result<()> {
        let (place, before, after) = match self {
            Self::RewardsOnX(is_on) => {
                rules.rewards_on_x = is_on;
                return Ok(());
            }
            Self::Rank(place, before, after) => (place, before, after),
        };
        let is_taken = before != after && rules.ranks.iter().any(|rank| rank.at == after);
        match rules.ranks.get_mut(place).filter(|rank| rank.at == before) {
            Some(_) if is_taken => return Err(Error::user("Another rank begins there already.")),
            Some(rank) => rank.at = after,
            None if is_taken => {}
            None => return Err(Error::user("The ranks were changed meanwhile. Please use the command again.")),
        }
        rules.ranks.sort_by_key(|rank| rank.at);
        Ok(())
    }
}

/// The rank that was named.
fn rank_at(rules: &Rules, name: Option<&str>) -> Result<usize> {
    let name = name.unwrap_or_default().trim().to_lowercase();
    let names: Vec<&str> = rules.ranks.iter().map(|rank| rank.name.as_str()).collect();
    let place = rules.ranks.iter().position(|rank| rank.name.to_lowercase() == name);
    place.ok_or_else(|| Error::User(format!("Say which rank: {}.", names.join(", "))))
}

/// What of the rules of points was typed.
fn rules_of(settings: &Settings, rules: &Rules) -> Result<Vec<Rule>> {
    let mut typed = Vec::new();
    if let Some(points) = settings.points {
        let place = rank_at(rules, settings.rank.as_deref())?;
        typed.push(Rule::Rank(place, rules.ranks.get(place).map_or(0, |rank| rank.at), points));
    }
    typed.extend(settings.x_rewards.map(Rule::RewardsOnX));
    Ok(typed)
}

pub async fn on_settings(ctx: &Ctx, interaction: &Interaction, settings: Settings) -> Result<Reply> {
    if let Some(role) = settings.role {
        let guild = discord::get_guild(ctx, interaction.guild_id).await?;
        // Who may not hand out a role may not have Muster do it either.
        permissions::require_may_hand_out(Giver::from(interaction), &guild, role)?;
    }
    let guild = interaction.guild_id;
    let before = points::rules(ctx, guild).await?.rules;
    let mut rules = before.clone();
    settle(&settings, &mut rules)?;
    let typed = rules_of(&settings, &rules)?;
    let mut next = rules.clone();
    apply(&typed, &mut next)?;
    let effect = if next == rules { None } else { Some(effect::of(ctx, guild, &rules, &next).await?) };
    let effect = effect.filter(|effect| !effect.is_none());
    // What nobody would notice needs no second look.
    let settled = rules != before;
    let at_once = if effect.is_none() { &typed[..] } else { &[] };
    let change = |rules: &mut Rules| settle(&settings, rules).and_then(|()| apply(at_once, rules));
    let rules = points::change(ctx, &Author::from(interaction), "settings", change).await?;
    if settings.role.is_some() || !at_once.is_empty() {
        roles::start(ctx, guild).await?;
    }
    match effect {
        Some(effect) => Ok(Reply::Private(question(&effect, &typed, settled))),
        None => Ok(Reply::Private(told(ctx, guild, &rules).await?)),
    }
}

fn apply(typed: &[Rule], rules: &mut Rules) -> Result<()> {
    typed.iter().try_for_each(|rule| rule.apply(rules))
}

/// What holds as soon as it is typed.
fn settle(settings: &Settings, rules: &mut Rules) -> Result<()> {
    let int = |value: Option<i64>| value.and_then(|value| u32::try_from(value).ok());
    rules.channel = settings.channel.or(rules.channel);
    if settings.log.is_some() {
        rules.log_channel = settings.log.filter(|log| rules.log_channel != Some(*log));
    }
    if let Some(role) = settings.manager {
        match rules.managers.iter().position(|one| *one == role) {
            Some(place) => drop(rules.managers.remove(place)),
            None => rules.managers.push(role),
        }
    }
    if settings.role.is_some() || settings.points.is_some() {
        let place = rank_at(rules, settings.rank.as_deref())?;
        if let Some(rank) = rules.ranks.get_mut(place) {
            rank.role = settings.role.or(rank.role);
        }
    }
    rules.cooldown_minutes = int(settings.cooldown).unwrap_or(rules.cooldown_minutes);
    rules.posts_per_day = int(settings.posts_per_day).unwrap_or(rules.posts_per_day);
    if let Some(text) = &settings.banned_words {
        let words = text.split(',').map(|word| clean_line(word, 60)).filter(|word| !word.is_empty() && word != "-");
        rules.banned_words = words.take(WORDS_MAX).collect();
    }
    if let Some(dollars) = settings.x_budget {
        rules.x_budget = (dollars.clamp(0.0, BUDGET_MAX) * 1_000.0) as u32;
    }
    Ok(())
}

fn question(effect: &Effect, typed: &[Rule], settled: bool) -> Message {
    let said = [effect.say_totals(), effect.say_tiers(), effect.say_ranks()];
    let said: Vec<String> = said.into_iter().filter(|line| !line.is_empty()).map(|line| format!("- {line}")).collect();
    let partly = if effect.is_partial { "\nThere is more than was looked at for this." } else { "" };
    let rest = if settled { "\nEverything else that you typed is saved." } else { "" };
    let said = said.join("\n");
    let text = format!("The rules of points are not saved yet. This is what they would change:\n{said}{partly}{rest}");
    let id = typed.iter().fold(CustomId::new(NAME, "rules"), |id, rule| id.arg(rule.encode()));
    Message::text(text).row(vec![reply::button(&id, "Save", ButtonStyle::Primary, None)])
}

/// Somebody has read what the rules would change, and wants them.
pub async fn on_save(ctx: &Ctx, interaction: &Interaction, id: &CustomId) -> Result<Reply> {
    permissions::require_user_strictly(interaction, Permissions::MANAGE_GUILD)?;
    let typed: Option<Vec<Rule>> = id.args.iter().map(|text| Rule::decode(text)).collect();
    let typed = typed.ok_or_else(|| Error::user("This button belongs to another version of Muster."))?;
    let change = |rules: &mut Rules| apply(&typed, rules);
    let rules = points::change(ctx, &Author::from(interaction), "settings", change).await?;
    roles::start(ctx, interaction.guild_id).await?;
    Ok(Reply::Update(told(ctx, interaction.guild_id, &rules).await?))
}

async fn told(ctx: &Ctx, guild: Id<GuildMarker>, rules: &Rules) -> Result<Message> {
    let cost = if rules.x_budget > 0 { budget::spent(ctx, guild, Kind::X).await? } else { 0 };
    let mut lines = vec![view::settings(rules, cost)];
    lines.extend(social::uncounted(&ctx.settings.social).into_iter().map(str::to_owned));
    Ok(Message::text(lines.join("\n")))
}
