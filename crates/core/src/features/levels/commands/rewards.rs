//! Purpose: `/levels rewards`: which role comes with which level, checked against what Muster and the admin may do now.

use super::super::{admin_view as view, settings, sync};
use crate::{
    ctx::Ctx,
    discord,
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
    let facts = discord::get_guild(ctx, interaction.guild_id).await?;
    let level = u32::try_from(add.level).unwrap_or_default();
    let reward = Reward { level, role: add.role };
    settings::add_reward(ctx, &interaction.into(), interaction.into(), &facts, reward).await?;
    Ok(Reply::Private(view::reward_added(reward, settings::powers(&facts, add.role))))
}

async fn on_remove(ctx: &Ctx, interaction: &Interaction, remove: &Remove) -> Result<Reply> {
    let Some(wanted) = settings::read_reward(&remove.reward) else {
        return Err(Error::user("Choose one from the list that opens while you type."));
    };
    settings::remove_reward(ctx, &interaction.into(), wanted).await?;
    Ok(Reply::private(format!(
        "<@&{}> no longer comes with level {}. Who has it keeps it: Muster does not touch it any more.",
        wanted.role, wanted.level
    )))
}

async fn on_list(ctx: &Ctx, interaction: &Interaction) -> Result<Reply> {
    let guild = interaction.guild_id;
    let config = guild_config::fresh(ctx, guild).await?;
    let facts = discord::get_guild(ctx, guild).await?;
    let rights = permissions::role_rights(ctx, guild, &facts).await?;
    let rewards = config.config().levels.rewards.iter();
    let rows: Vec<_> = rewards
        .map(|reward| (*reward, rights.obstacle(&facts, reward.role), settings::powers(&facts, reward.role)))
        .collect();
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
