//! Purpose: `/levels sync` and `/levels rebuild`: roles given to who earned them before, and the ranked index made anew.

use super::super::{admin_view as view, rules, store, sync};
use crate::{
    audit,
    ctx::Ctx,
    custom_id::CustomId,
    discord,
    error::{Error, Result},
    guild_config,
    interaction::Interaction,
    leaderboard::{Board, Of, Question, Span},
    permissions,
    reply::Reply,
    sql::Statement,
};
use serde_json::json;
use twilight_interactions::command::{CommandModel, CreateCommand};

#[derive(CommandModel, CreateCommand)]
#[command(name = "sync", desc = "Set everybody's reward roles by their level, step by step")]
pub struct Sync;

#[derive(CommandModel, CreateCommand)]
#[command(name = "rebuild", desc = "Make the leaderboard anew from the database")]
pub struct Rebuild;

/// The guild's row, which the first report of experience makes otherwise.
fn add_guild(ctx: &Ctx, interaction: &Interaction, config: &guild_config::GuildConfig) -> Statement {
    let rollover = rules::next_rollover(ctx.now(), config.zone());
    store::add_guilds(&json!([[interaction.guild_id, rollover]]).to_string())
}

fn audited(ctx: &Ctx, interaction: &Interaction, target: &str, after: String) -> Statement {
    audit::store::insert(&audit::store::Entry {
        guild_id: interaction.guild_id,
        at: ctx.now(),
        actor_id: interaction.actor.id,
        source: "interaction",
        action: "levels",
        target: target.to_owned(),
        before: None,
        after: Some(after),
        cause: interaction.id.to_string(),
    })
}

/// Begins a sync, or shows how far the running one is.
pub async fn on_sync(ctx: &Ctx, interaction: &Interaction) -> Result<Reply> {
    let guild = interaction.guild_id;
    let config = guild_config::fresh(ctx, guild).await?;
    let config = config.config();
    if config.levels.rewards.is_empty() {
        return Err(Error::user("There are no roles for levels yet. Add one with `/levels rewards add`."));
    }
    let facts = discord::get_guild(ctx, guild).await?;
    if !permissions::role_rights(ctx, guild, &facts).await?.manages_roles {
        return Err(Error::user(view::NO_MANAGE_ROLES));
    }
    let now = ctx.now();
    let statements = vec![
        add_guild(ctx, interaction, config),
        sync::store::start(guild, now),
        audited(ctx, interaction, "sync", "everybody's roles".to_owned()),
        sync::store::get(guild),
    ];
    let results = ctx.batch(statements).await?;
    let row: sync::store::Row = results.last().map(|result| result.first()).transpose()?.flatten().unwrap_or_default();
    sync::arm(ctx, guild).await?;
    Ok(Reply::Private(view::sync(config, &row)))
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
    let note = audited(ctx, interaction, "rebuild", "the leaderboard".to_owned());
    let results = ctx
        .batch(vec![add_guild(ctx, interaction, &config), store::bump_index(guild), note, store::count(guild)])
        .await?;
    let stored = results.last().map(|result| result.first::<store::CountRow>()).transpose()?.flatten();
    let board = Board { span: Span::All, of: Of::Total, period: 0 };
    let question = Question::Page { board, skip: 0, count: 1 };
    let answer = ctx.leaderboards.ask(guild, question).await.map_err(Error::retryable)?;
    Ok(Reply::Private(view::rebuilt(&answer, stored.map_or(0, |row| row.n.unsigned_abs()))))
}
