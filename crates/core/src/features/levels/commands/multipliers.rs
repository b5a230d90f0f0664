//! Purpose: `/levels multipliers`: what makes experience count more or less: a role, a channel or category, hours of the week.

use super::{
    super::{admin_view as view, input, settings},
    places::{self, Named},
};
use crate::{
    ctx::Ctx,
    error::{Error, Result},
    guild_config,
    interaction::Interaction,
    reply::Reply,
    xp::{Multiplier, Scope},
};
use twilight_interactions::command::{CommandModel, CreateCommand};
use twilight_model::{
    application::command::CommandOptionChoice,
    id::{
        Id,
        marker::{ChannelMarker, RoleMarker},
    },
};

#[derive(CommandModel, CreateCommand)]
#[command(name = "multipliers", desc = "More or less XP for a role, in a channel, at some hours")]
pub enum Multipliers {
    #[command(name = "add")]
    Add(Add),
    #[command(name = "remove")]
    Remove(Remove),
    #[command(name = "list")]
    List(List),
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "add", desc = "More or less XP for a role, a channel, or at some hours: choose one of them")]
pub struct Add {
    /// 200 doubles, 50 halves, 0 gives nothing
    #[command(min_value = 0, max_value = 1000)]
    percent: i64,
    /// For people with this role
    role: Option<Id<RoleMarker>>,
    /// In this channel, or in all of this category
    channel: Option<Id<ChannelMarker>>,
    /// On these days, like sat, sun or mon-fri; every day unless you say
    #[command(max_length = 60)]
    days: Option<String>,
    /// From when, like 18:00, in this server's time zone
    #[command(max_length = 10)]
    from: Option<String>,
    /// Until when, like 23:00; earlier than from means the next day
    #[command(max_length = 10)]
    to: Option<String>,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "remove", desc = "Take a multiplier away")]
pub struct Remove {
    /// Which one
    #[command(autocomplete = true, max_length = 40)]
    multiplier: String,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "list", desc = "All multipliers, and how they work together")]
pub struct List;

pub async fn on_command(ctx: &Ctx, interaction: &Interaction, command: Multipliers) -> Result<Reply> {
    match command {
        Multipliers::Add(add) => on_add(ctx, interaction, &add).await,
        Multipliers::Remove(remove) => on_remove(ctx, interaction, &remove).await,
        Multipliers::List(List) => {
            let config = guild_config::fresh(ctx, interaction.guild_id).await?;
            Ok(Reply::Private(view::multipliers(config.config())))
        }
    }
}

fn scope(add: &Add) -> Result<Scope> {
    let has_window = add.days.is_some() || add.from.is_some() || add.to.is_some();
    match (add.role, add.channel, has_window) {
        (Some(id), None, false) => Ok(Scope::Role { id }),
        (None, Some(id), false) => Ok(Scope::Channel { id }),
        (None, None, true) => {
            let window = input::parse_window(
                add.days.as_deref().unwrap_or_default(),
                add.from.as_deref().unwrap_or_default(),
                add.to.as_deref().unwrap_or_default(),
            );
            let (days, from, to) = window.map_err(Error::User)?;
            Ok(Scope::Window { days, from, to })
        }
        _ => Err(Error::user(
            "Choose one: a `role`, a `channel`, or hours by `days`, `from` and `to`. For two of them add two multipliers: they work together.",
        )),
    }
}

async fn on_add(ctx: &Ctx, interaction: &Interaction, add: &Add) -> Result<Reply> {
    let multiplier = Multiplier { scope: scope(add)?, percent: u32::try_from(add.percent).unwrap_or(100) };
    match multiplier.scope {
        Scope::Role { id } => places::require_role(ctx, interaction.guild_id, id).await?,
        Scope::Channel { id } => places::require_channel(ctx, interaction.guild_id, id).await?,
        Scope::Window { .. } => {}
    }
    settings::add_multiplier(ctx, &interaction.into(), &multiplier).await?;
    let config = guild_config::cached(ctx, interaction.guild_id).await?;
    Ok(Reply::Private(view::multiplier_added(&config, &multiplier)))
}

async fn on_remove(ctx: &Ctx, interaction: &Interaction, remove: &Remove) -> Result<Reply> {
    settings::remove_multiplier(ctx, &interaction.into(), remove.multiplier.trim()).await?;
    let config = guild_config::cached(ctx, interaction.guild_id).await?;
    Ok(Reply::Private(view::multipliers(&config)))
}

pub async fn suggest(ctx: &Ctx, interaction: &Interaction, typed: &str) -> Result<Vec<CommandOptionChoice>> {
    let config = guild_config::cached(ctx, interaction.guild_id).await?;
    let all = &config.levels.text.multipliers;
    let of = |scope: &Scope| match scope {
        Scope::Role { id } => Named::Role(*id),
        Scope::Channel { id } => Named::Channel(*id),
        Scope::Window { days, from, to } => Named::Other(input::show_window(*days, *from, *to)),
    };
    let things: Vec<_> = all
        .iter()
        .map(|known| (format!("{} % ", known.percent), of(&known.scope), settings::key(&known.scope)))
        .collect();
    places::suggest(ctx, interaction.guild_id, things, typed).await
}
