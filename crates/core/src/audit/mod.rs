//! Purpose: the audit trail of a guild: every change of configuration and every right that was missing.
//!
//! Tables: audit_log.

pub mod store;

use crate::{
    ctx::Ctx,
    error::Result,
    interaction::Interaction,
    watch::{LogFilter, LogPage},
};
use serde_json::json;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

/// Who changes something, from where, by which event.
#[derive(Debug, Clone)]
pub struct Author {
    pub guild: Id<GuildMarker>,
    pub user: Id<UserMarker>,
    /// `interaction`, `dashboard` or `api`.
    pub source: &'static str,
    /// The event's own id: a second delivery of it changes nothing.
    pub cause: String,
}

impl From<&Interaction> for Author {
    fn from(interaction: &Interaction) -> Self {
        Self {
            guild: interaction.guild_id,
            user: interaction.actor.id,
            source: "interaction",
            cause: interaction.id.to_string(),
        }
    }
}

/// How long refused attempts are kept; changes are kept for good.
const KEEP_DENIED_MS: i64 = 90 * 24 * 3_600_000;
const DELETE_AT_ONCE: u32 = 500;

/// Forgets refused attempts of long ago.
pub async fn delete_old(ctx: &Ctx) -> Result<()> {
    ctx.query(store::delete_denied(ctx.now() - KEEP_DENIED_MS, DELETE_AT_ONCE)).await?;
    Ok(())
}

/// Notes a refused attempt.
pub fn denied(ctx: &Ctx, interaction: &Interaction, why: &str) {
    note_denied(ctx, interaction.guild_id, interaction.actor.id, "interaction", &interaction.name, why);
}

/// The same for a request on the web; `what` names what was tried. It is written once the answer is out: losing one with the
/// process is accepted, because the log line stays.
pub fn note_denied(
    ctx: &Ctx,
    guild: Id<GuildMarker>,
    user: Id<UserMarker>,
    source: &'static str,
    what: &str,
    why: &str,
) {
    let entry = store::Entry {
        guild_id: guild,
        at: ctx.now(),
        actor_id: user,
        source,
        action: "denied",
        target: what.to_owned(),
        before: None,
        after: Some(why.to_owned()),
        // One line per person, command and minute: whoever keeps trying does not fill the table.
        cause: format!("{user}:{guild}:{what}:{}", ctx.now() / 60_000),
    };
    ctx.warn("denied", json!({ "guild": guild, "user": user, "command": what, "why": why }));
    let later = ctx.clone();
    ctx.after(async move {
        if let Err(error) = later.query(store::insert(&entry)).await {
            later.warn("a denied attempt could not be stored", json!({ "error": error.to_string() }));
        }
    });
}

/// A page of what was changed here, or of what was refused.
pub async fn log_page(ctx: &Ctx, guild: Id<GuildMarker>, is_denied: bool, filter: &LogFilter) -> Result<LogPage> {
    let results = ctx.batch(store::list_page(guild, is_denied, filter).to_vec()).await?;
    let [lines, end] = &results[..] else {
        return Ok(LogPage::default());
    };
    Ok(LogPage::new(lines.all()?, &end.first()?.unwrap_or_default(), filter))
}
