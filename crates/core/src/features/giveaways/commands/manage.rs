//! Purpose: changing a running giveaway, and drawing an ended one again.

use super::{
    super::{
        actions::{self, Change, Edits},
        begin::{self, MAX_DESCRIPTION, MAX_PRIZE},
        view,
    },
    find,
};
use crate::{
    audit::Author,
    ctx::Ctx,
    error::{Error, Result},
    guild_config::GuildConfig,
    interaction::Interaction,
    reply::Reply,
    text::{clean, clean_line, shorten},
};
use twilight_interactions::command::{CommandModel, CreateCommand};
use twilight_model::id::{Id, marker::UserMarker};

#[derive(CommandModel, CreateCommand)]
#[command(name = "edit", desc = "Change a running giveaway")]
pub struct Edit {
    /// Which giveaway, by its prize or ID
    #[command(autocomplete = true)]
    giveaway: String,
    /// Another prize
    #[command(max_length = 200)]
    prize: Option<String>,
    /// Another end: a time, or a duration from now
    #[command(autocomplete = true)]
    ends: Option<String>,
    /// How many win
    #[command(min_value = 1, max_value = 50)]
    winners: Option<i64>,
    /// Another description
    #[command(max_length = 1500)]
    description: Option<String>,
    /// Another picture, starting with https://
    #[command(max_length = 500)]
    image: Option<String>,
    /// How long winners have to claim: 5m, 1h, 2d
    claim_window: Option<String>,
    /// How often an unclaimed prize is drawn again by itself
    #[command(min_value = 0, max_value = 50)]
    reroll_limit: Option<i64>,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "pause", desc = "Stop the clock of a giveaway; nobody can enter meanwhile")]
pub struct Pause {
    /// Which giveaway, by its prize or ID
    #[command(autocomplete = true)]
    giveaway: String,
    /// Goes on by itself after: 10m, 2h, 1d
    #[command(rename = "for", autocomplete = true)]
    until: Option<String>,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "resume", desc = "Let a paused giveaway go on")]
pub struct Resume {
    /// Which giveaway, by its prize or ID
    #[command(autocomplete = true)]
    giveaway: String,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "end", desc = "End a giveaway now and draw")]
pub struct End {
    /// Which giveaway, by its prize or ID
    #[command(autocomplete = true)]
    giveaway: String,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "cancel", desc = "Call a giveaway off; nobody wins")]
pub struct Cancel {
    /// Which giveaway, by its prize or ID
    #[command(autocomplete = true)]
    giveaway: String,
    /// Why, shown in the channel
    #[command(max_length = 300)]
    reason: Option<String>,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "reroll", desc = "Draw a prize again: one winner's, or all that were not claimed")]
pub struct Reroll {
    /// Which giveaway, by its prize or ID
    #[command(autocomplete = true)]
    giveaway: String,
    /// Whose prize; everything unclaimed unless you say
    winner: Option<Id<UserMarker>>,
}

/// Carries out what a command asks for.
async fn carry_out(ctx: &Ctx, interaction: &Interaction, typed: &str, change: Change) -> Result<Reply> {
    let giveaway = find(ctx, interaction, typed).await?;
    let giveaway = actions::change(ctx, &Author::from(interaction), &giveaway.id, &change).await?;
    Ok(Reply::private(view::done(&giveaway, &actions::said(&giveaway, &change))))
}

pub async fn on_edit(ctx: &Ctx, interaction: &Interaction, config: &GuildConfig, edit: Edit) -> Result<Reply> {
    let count = |number: Option<i64>| number.and_then(|n| u32::try_from(n).ok());
    let edits = Edits {
        prize: edit.prize.as_deref().map(|prize| clean_line(prize, MAX_PRIZE)),
        ends_at: edit.ends.as_deref().map(|ends| begin::parse_end(ends, ctx.now(), config)).transpose()?,
        winners: count(edit.winners),
        description: edit.description.as_deref().map(|text| shorten(&clean(text), MAX_DESCRIPTION)),
        image: edit.image.as_deref().map(begin::parse_image).transpose()?.map(Some),
        claim_ms: edit.claim_window.as_deref().map(begin::parse_claim_window).transpose()?,
        reroll_limit: count(edit.reroll_limit),
    };
    if edits == Edits::default() {
        return Err(Error::user("Say what to change: choose one of the options, like `ends` or `prize`."));
    }
    carry_out(ctx, interaction, &edit.giveaway, Change::Edit(edits)).await
}

pub async fn on_pause(ctx: &Ctx, interaction: &Interaction, pause: Pause) -> Result<Reply> {
    let until = pause.until.as_deref().map(|text| begin::parse_pause(text, ctx.now())).transpose()?;
    carry_out(ctx, interaction, &pause.giveaway, Change::Pause { until }).await
}

pub async fn on_resume(ctx: &Ctx, interaction: &Interaction, resume: Resume) -> Result<Reply> {
    carry_out(ctx, interaction, &resume.giveaway, Change::Resume).await
}

pub async fn on_end(ctx: &Ctx, interaction: &Interaction, end: End) -> Result<Reply> {
    carry_out(ctx, interaction, &end.giveaway, Change::End).await
}

pub async fn on_cancel(ctx: &Ctx, interaction: &Interaction, cancel: Cancel) -> Result<Reply> {
    let reason = clean_line(cancel.reason.as_deref().unwrap_or_default(), 300);
    carry_out(ctx, interaction, &cancel.giveaway, Change::Cancel { reason }).await
}

pub async fn on_reroll(ctx: &Ctx, interaction: &Interaction, reroll: Reroll) -> Result<Reply> {
    carry_out(ctx, interaction, &reroll.giveaway, Change::Reroll { winner: reroll.winner }).await
}
