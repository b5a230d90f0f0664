//! Purpose: `/levels rewards`: which role comes with which level, checked against what Muster and the admin may do now.

use super::{
    super::{admin_view as view, sync},
    config::change,
};
use crate::{
    ctx::Ctx,
    discord::{self, GuildFacts},
    error::{Error, Result},
    guild_config,
    interaction::Interaction,
    permissions,
    reply::Reply,
    text::{self, clean_line},
    xp::{LevelSettings, Reward},
};
use twilight_interactions::command::{CommandModel, CreateCommand};
use twilight_model::{
    application::command::{CommandOptionChoice, CommandOptionChoiceValue},
    id::{Id, marker::RoleMarker},
};

/// As many as Discord can suggest at once, and more than any server needs.
const REWARDS_MAX: usize = 25;

#[derive(CommandModel, CreateCommand)]
#[command(name = "rewards", desc = "Roles that come with levels")]
pub enum Rewards {
    #[command(name = "add")]
    Add(Add),
    #[command(name = "remove")]
    Remove(Remove),
    #[command(name = "list")]
    List(List),
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "add", desc = "Give a role to everybody who reaches a level")]
pub struct Add {
    /// From which level on
    #[command(min_value = 1, max_value = 1000)]
    level: i64,
    /// Which role; it must be below Muster's own
    role: Id<RoleMarker>,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "remove", desc = "Stop giving a role for a level; who has it keeps it")]
pub struct Remove {
    /// Which one
    #[command(autocomplete = true, max_length = 40)]
    reward: String,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "list", desc = "All roles for levels, and whether Muster can give them")]
pub struct List;

pub async fn on_command(ctx: &Ctx, interaction: &Interaction, command: Rewards) -> Result<Reply> {
    match command {
        Rewards::Add(add) => on_add(ctx, interaction, &add).await,
        Rewards::Remove(remove) => on_remove(ctx, interaction, &remove).await,
        Rewards::List(List) => on_list(ctx, interaction).await,
    }
}

async fn on_add(ctx: &Ctx, interaction: &Interaction, add: &Add) -> Result<Reply> {
    let guild = interaction.guild_id;
    let facts = discord::get_guild(ctx, guild).await?;
    if add.role == guild.cast() {
        return Err(Error::user("Everybody has @everyone already. Choose another role."));
    }
    permissions::require_may_hand_out(interaction, &facts, add.role)?;
    let rights = permissions::role_rights(ctx, guild, &facts).await?;
    if let Some(obstacle) = rights.obstacle(&facts, add.role) {
        return Err(Error::user(format!("<@&{}> {obstacle}.", add.role)));
    }
    if !rights.manages_roles {
        return Err(Error::user(view::NO_MANAGE_ROLES));
    }
    let level = u32::try_from(add.level).map_err(|_| Error::user("A level is a number from 1 to 1000."))?;
    let reward = Reward { level, role: add.role };
    change(ctx, interaction, "rewards", view::show_rewards, |levels| {
        match levels.rewards.iter().find(|known| known.role == reward.role) {
            Some(known) if *known == reward => return Ok(()),
            Some(known) => {
                return Err(Error::user(format!(
                    "<@&{}> comes with level {} already. Remove that first with `/levels rewards remove`.",
                    reward.role, known.level
                )));
            }
            None => {}
        }
        if levels.rewards.len() >= REWARDS_MAX {
            return Err(Error::user(format!("A server can have {REWARDS_MAX} roles for levels. Remove one first.")));
        }
        levels.rewards.push(reward);
        levels.rewards.sort_unstable();
        Ok(())
    })
    .await?;
    Ok(Reply::Private(view::reward_added(reward, powers(&facts, add.role))))
}

/// What holders of the role may do to others, in Discord's words.
fn powers(facts: &GuildFacts, role: Id<RoleMarker>) -> Option<String> {
    let known = facts.roles.iter().find(|known| known.id == role)?;
    let powers = known.permissions & permissions::POWERS;
    (!powers.is_empty()).then(|| permissions::name(powers))
}

async fn on_remove(ctx: &Ctx, interaction: &Interaction, remove: &Remove) -> Result<Reply> {
    let Some(wanted) = read(&remove.reward) else {
        return Err(Error::user("Choose one from the list that opens while you type."));
    };
    change(ctx, interaction, "rewards", view::show_rewards, |levels| {
        let before = levels.rewards.len();
        levels.rewards.retain(|reward| *reward != wanted);
        if levels.rewards.len() == before {
            return Err(Error::user(
                "That role does not come with that level any more. `/levels rewards list` shows all.",
            ));
        }
        Ok(())
    })
    .await?;
    Ok(Reply::private(format!(
        "<@&{}> no longer comes with level {}. Who has it keeps it: Muster does not touch it any more.",
        wanted.role, wanted.level
    )))
}

/// `5.123456789012345678`, as the suggestions send it.
fn read(text: &str) -> Option<Reward> {
    let (level, role) = text.trim().split_once('.')?;
    Some(Reward { level: level.parse().ok()?, role: role.parse().ok()? })
}

async fn on_list(ctx: &Ctx, interaction: &Interaction) -> Result<Reply> {
    let guild = interaction.guild_id;
    let config = guild_config::fresh(ctx, guild).await?;
    let facts = discord::get_guild(ctx, guild).await?;
    let rights = permissions::role_rights(ctx, guild, &facts).await?;
    let rewards = config.config().levels.rewards.iter();
    let rows: Vec<_> =
        rewards.map(|reward| (*reward, rights.obstacle(&facts, reward.role), powers(&facts, reward.role))).collect();
    let last = ctx.query(sync::store::get(guild)).await?.first()?.unwrap_or_default();
    Ok(Reply::Private(view::rewards(config.config(), &rows, rights.manages_roles, &last)))
}

/// Suggestions by level or by the role's name.
pub async fn suggest(ctx: &Ctx, interaction: &Interaction, typed: &str) -> Result<Vec<CommandOptionChoice>> {
    let config = guild_config::cached(ctx, interaction.guild_id).await?;
    let levels: &LevelSettings = &config.levels;
    if levels.rewards.is_empty() {
        return Ok(Vec::new());
    }
    let facts = discord::get_guild(ctx, interaction.guild_id).await?;
    let name = |role: Id<RoleMarker>| {
        let known = facts.roles.iter().find(|known| known.id == role);
        known.map_or_else(|| format!("a role that is gone ({role})"), |known| clean_line(&known.name, 60))
    };
    let typed = typed.trim().to_lowercase();
    let all = levels.rewards.iter().map(|reward| {
        (format!("Level {} · {}", reward.level, name(reward.role)), format!("{}.{}", reward.level, reward.role))
    });
    let matching = all.filter(|(name, _)| name.to_lowercase().contains(&typed)).take(text::limits::CHOICES);
    Ok(matching.map(|(name, value)| choice(&name, value)).collect())
}

pub fn choice(name: &str, value: String) -> CommandOptionChoice {
    CommandOptionChoice {
        name: text::shorten(name, text::limits::CHOICE_NAME),
        name_localizations: None,
        value: CommandOptionChoiceValue::String(value),
    }
}
