//! Purpose: `/levels sync` and `/levels rebuild`: roles given to who earned them before, and the ranked index made anew.

use super::super::{admin_view as view, settings, store, sync};
use crate::{
    ctx::Ctx,
    custom_id::CustomId,
    discord,
    error::{Error, Result},
    guild_config,
    interaction::Interaction,
    leaderboard::{Board, Of, Question, Span},
    reply::Reply,
};
use twilight_interactions::command::{CommandModel, CreateCommand};

#[derive(CommandModel, CreateCommand)]
#[command(name = "sync", desc = "Set everybody's reward roles by their level, step by step")]
pub struct Sync;

#[derive(CommandModel, CreateCommand)]
#[command(name = "rebuild", desc = "Make the leaderboard anew from the database")]
pub struct Rebuild;

/// Begins a sync, or shows how far the running one is.
pub async fn on_sync(ctx: &Ctx, interaction: &Interaction) -> Result<Reply> {
    let config = guild_config::fresh(ctx, interaction.guild_id).await?;
    let facts = discord::get_guild(ctx, interaction.guild_id).await?;
    let row = sync::start(ctx, &interaction.into(), config.config(), &facts).await?;
    Ok(Reply::Private(view::sync(config.config(), &row)))
}

pub async fn on_component(ctx: &Ctx, interaction: &Interaction, id: &CustomId) -> Result<Reply> {
    if id.get(0) == "start" {
        return on_sync(ctx, interaction).await;
    }
    let config = guild_config::cached(ctx, interaction.guild_id).await?;
    let row: sync::store::Row = ctx.query(sync::store::get(interaction.guild_id)).await?.first()?.unwrap_or_default();
    Ok(Reply::Update(view::sync(&config, &row)))
}

pub async fn on_rebuild(ctx: &Ctx, interaction: &Interaction) -> Result<Reply> {
    let guild = interaction.guild_id;
    let config = guild_config::cached(ctx, guild).await?;
    let note = settings::note(ctx, &interaction.into(), "rebuild", "the leaderboard");
    let results = ctx
        .batch(vec![settings::add_guild(ctx, guild, &config), store::bump_index(guild), note, store::count(guild)])
        .await?;
    let stored = results.last().map(|result| result.first::<store::CountRow>()).transpose()?.flatten();
    let board = Board { span: Span::All, of: Of::Total, period: 0 };
    let question = Question::Page { board, skip: 0, count: 1 };
    let answer = ctx.leaderboards.ask(guild, question).await.map_err(Error::retryable)?;
    Ok(Reply::Private(view::rebuilt(&answer, stored.map_or(0, |row| row.n.unsigned_abs()))))
}
