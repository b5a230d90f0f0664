//! Purpose: what giveaways tell to the pages on which somebody watches a server.

mod store;

use super::NAME;
use crate::{
    ctx::Ctx,
    error::Result,
    guild_config::GuildConfig,
    ports::Timer,
    text::{clean_line, count},
    watch::{Attention, Due, Figure, LogFilter, LogPage, Scene},
};
use twilight_model::id::{Id, marker::GuildMarker};

pub async fn figures(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<Vec<Figure>> {
    let open: store::Open = ctx.query(store::count_open(guild)).await?.first()?.unwrap_or_default();
    let mut notes = vec![count(open.entries, "entry", "entries")];
    for (n, what) in [(open.claiming, "claiming"), (open.paused, "paused")] {
        if n > 0 {
            notes.push(format!("{n} {what}"));
        }
    }
    Ok(vec![Figure { name: "Running giveaways", value: open.running, note: notes.join(", "), path: "giveaways" }])
}

pub fn attention(scene: &Scene<'_>) -> Vec<Attention> {
    let config: &GuildConfig = scene.config;
    let mut all = Vec::new();
    if scene.lacks(config.giveaway_log_channel) {
        all.push(Attention::new(
            "The channel for the giveaway log does not exist any more. Choose another one.",
            "settings",
        ));
    }
    let gone =
        config.giveaway_managers.iter().filter(|id| !scene.facts.roles.iter().any(|role| role.id == **id)).count();
    if gone > 0 {
        let gone = count(gone as u64, "giveaway manager role does", "giveaway manager roles do");
        all.push(Attention::new(format!("{gone} not exist any more. Choose the roles again."), "settings"));
    }
    all
}

pub async fn due(ctx: &Ctx, guild: Id<GuildMarker>, before: i64, limit: u32) -> Result<Vec<Due>> {
    let rows: Vec<store::DueRow> = ctx.query(store::list_due(guild, before, limit)).await?.all()?;
    let due = |row: store::DueRow| {
        let step = match row.state.as_str() {
            "active" => "close and draw",
            "drawing" => "draw the winners of",
            "claiming" => "look at the claims of",
            _ => "go on with",
        };
        let what = format!("Giveaway: {step} “{}”", clean_line(&row.prize, 60));
        Due { what, timer: Timer { feature: NAME.to_owned(), id: row.id, due_at: row.due_at } }
    };
    Ok(rows.into_iter().map(due).collect())
}

pub async fn log_page(ctx: &Ctx, guild: Id<GuildMarker>, filter: &LogFilter) -> Result<LogPage> {
    let results = ctx.batch(store::list_log_page(guild, filter).to_vec()).await?;
    let [lines, end] = &results[..] else {
        return Ok(LogPage::default());
    };
    Ok(LogPage::new(lines.all()?, &end.first()?.unwrap_or_default(), filter))
}

pub fn name_effect(effect: &str) -> &'static str {
    match effect.split(':').nth(1).unwrap_or_default() {
        "announce" => "Announcement of a giveaway",
        "card" => "Update of a giveaway's message",
        "log" => "Line in the giveaway log",
        "drawn" => "Winners of a giveaway",
        "cancelled" | "too-few" => "Word that a giveaway was called off",
        _ => "Message about a giveaway",
    }
}
