//! Purpose: what levels tell to the pages on which somebody watches a server.

mod store;

use super::{NAME, REWARDS, ROLLOVER};
use crate::{
    ctx::Ctx,
    error::{Error, Result},
    guild_config::GuildConfig,
    leaderboard::{Board, Of, Question, Span},
    permissions,
    ports::Timer,
    text::count,
    watch::{Attention, Due, Figure, Progress, Scene},
    xp::AnnounceIn,
};
use twilight_model::id::{Id, marker::GuildMarker};

/// Members whose roles are due are counted up to here.
const COUNTED: u32 = 1_000;

pub async fn figures(ctx: &Ctx, guild: Id<GuildMarker>, config: &GuildConfig) -> Result<Vec<Figure>> {
    if !config.levels.enabled {
        return Ok(Vec::new());
    }
    let board = Board { span: Span::All, of: Of::Total, period: 0 };
    let answer =
        ctx.leaderboards.ask(guild, Question::Page { board, skip: 0, count: 0 }).await.map_err(Error::retryable)?;
    let members = u64::try_from(answer.members).unwrap_or(u64::MAX);
    let note = "have earned experience".to_owned();
    Ok(vec![Figure { name: "Members with levels", value: members, note, path: "levels" }])
}

pub async fn attention(ctx: &Ctx, scene: &Scene<'_>) -> Result<Vec<Attention>> {
    let levels = &scene.config.levels;
    let mut all = Vec::new();
    if !levels.enabled {
        return Ok(all);
    }
    if let AnnounceIn::Channel(channel) = levels.announce.place
        && scene.lacks(Some(channel))
    {
        all.push(Attention::new("The channel for new levels does not exist any more. Choose another one.", "levels"));
    }
    if scene.lacks(levels.announce.winners) {
        let text = "The channel for the winners of weeks and months does not exist any more. Choose another one.";
        all.push(Attention::new(text, "levels"));
    }
    if levels.rewards.is_empty() {
        return Ok(all);
    }
    let rights = permissions::role_rights(ctx, scene.guild, scene.facts).await?;
    if !rights.manages_roles {
        let text = "Muster lacks Manage Roles, so nobody gets a role for a level. Allow it in Server Settings, Roles.";
        all.push(Attention::new(text, "levels"));
    }
    for reward in &levels.rewards {
        if let Some(obstacle) = rights.obstacle(scene.facts, reward.role) {
            let name = scene.facts.roles.iter().find(|role| role.id == reward.role).map(|role| role.name.as_str());
            let name = name.map_or("A deleted role".to_owned(), |name| format!("The role “{name}”"));
            all.push(Attention::new(format!("{name}, for level {}, {obstacle}.", reward.level), "levels"));
        }
    }
    Ok(all)
}

pub fn waits_for_gateway(config: &GuildConfig) -> Option<&'static str> {
    config.levels.enabled.then_some("Levels: nobody earns experience for messages and voice.")
}

pub async fn due(ctx: &Ctx, guild: Id<GuildMarker>, before: i64) -> Result<Vec<Due>> {
    let results = ctx.batch(vec![store::get(guild), store::rewards_due(guild, before, COUNTED)]).await?;
    let [row, rewards] = &results[..] else {
        return Ok(Vec::new());
    };
    let timer = |id: &str, due_at| Timer { feature: NAME.to_owned(), id: id.to_owned(), due_at };
    let mut all = Vec::new();
    let row: store::Row = row.first()?.unwrap_or_default();
    if let Some(at) = row.rollover_at.filter(|at| *at <= before) {
        all.push(Due { what: "Levels: end the day, and name winners".to_owned(), timer: timer(ROLLOVER, at) });
    }
    // While a sync runs, its progress says the same.
    let is_syncing = row.sync_at.is_some() && row.sync_done_at.is_none();
    let rewards: store::RewardsDue = rewards.first()?.unwrap_or_default();
    if let (Some(due_at), false) = (rewards.due_at, is_syncing) {
        let members = count(rewards.n.into(), "member", "members");
        all.push(Due { what: format!("Levels: set the roles of {members}"), timer: timer(REWARDS, due_at) });
    }
    Ok(all)
}

pub async fn progress(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<Vec<Progress>> {
    let results = ctx.batch(vec![store::get(guild), store::list_imports(guild)]).await?;
    let [row, imports] = &results[..] else {
        return Ok(Vec::new());
    };
    let mut all = Vec::new();
    let row: store::Row = row.first()?.unwrap_or_default();
    if let (Some(started_at), None) = (row.sync_at, row.sync_done_at) {
        let what = "Setting everybody's roles for their levels";
        all.push(Progress { what, done: row.sync_looked, total: row.sync_members, started_at });
    }
    if row.reset_after.is_some() {
        all.push(Progress { what: "Resetting everybody's experience", done: 0, total: 0, started_at: ctx.now() });
    }
    for import in imports.all::<store::ImportRow>()? {
        let what = "Taking over another bot's levels";
        all.push(Progress { what, done: import.position, total: import.total, started_at: import.started_at });
    }
    Ok(all)
}

pub fn name_effect(effect: &str) -> &'static str {
    match effect.split(':').nth(2).unwrap_or_default() {
        "week" => "Winners of the week",
        "month" => "Winners of the month",
        _ => "Word of a new level",
    }
}
