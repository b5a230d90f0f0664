//! Purpose: `/levels import`: a file of another bot read and shown, and written when somebody presses Import.

use super::{
    super::import::{
        self,
        store::{self, Mode, Row},
        view,
    },
    other_version,
};
use crate::{
    ctx::Ctx,
    custom_id::CustomId,
    discord::files,
    error::{Error, Result},
    guild_config,
    interaction::Interaction,
    reply::Reply,
};
use twilight_interactions::command::{CommandModel, CommandOption, CreateCommand, CreateOption};
use twilight_model::channel::Attachment;

/// D1 takes values up to 2 MB, and no member list is longer than that.
const FILE_MAX: u64 = 2_000_000;

#[derive(CommandOption, CreateOption, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    #[option(name = "whoever has more keeps it", value = "higher")]
    Higher,
    #[option(name = "add both", value = "add")]
    Add,
    #[option(name = "replace it", value = "replace")]
    Replace,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "import", desc = "Take over XP from another bot's file: MEE6 JSON, or CSV with user_id and xp")]
pub struct Import {
    /// The file, at most 2 MB
    file: Attachment,
    /// What happens to XP that somebody has here; whoever has more keeps it unless you say
    existing: Option<Existing>,
}

/// The file's text.
async fn download(ctx: &Ctx, file: &Attachment) -> Result<String> {
    let too_large = "The file has more than 2 MB. Split it and import the parts one after the other.";
    let bytes = files::download(ctx, file, FILE_MAX, too_large).await?;
    String::from_utf8(bytes).map_err(|_| Error::user("The file is no text in UTF-8. Save it as UTF-8 and try again."))
}

pub async fn on_import(ctx: &Ctx, interaction: &Interaction, command: &Import) -> Result<Reply> {
    let guild = interaction.guild_id;
    let text = download(ctx, &command.file).await?;
    let mode = match command.existing {
        None | Some(Existing::Higher) => Mode::Higher,
        Some(Existing::Add) => Mode::Add,
        Some(Existing::Replace) => Mode::Replace,
    };
    let preview = import::preview(ctx, guild, interaction.actor.id, &text, mode).await?;
    let config = guild_config::cached(ctx, guild).await?;
    Ok(Reply::Private(view::preview(&preview, config.color)))
}

/// Import or Refresh: both end in how far it is.
pub async fn on_component(ctx: &Ctx, interaction: &Interaction, id: &CustomId) -> Result<Reply> {
    let guild = interaction.guild_id;
    let config = guild_config::cached(ctx, guild).await?;
    let (import_id, digest) = (id.get(1), id.get(2));
    let row: Option<Row> = if id.get(0) == "go" {
        import::start(ctx, &interaction.into(), import_id, digest).await?
    } else {
        ctx.query(store::get(guild, import_id)).await?.first()?
    };
    let Some(row) = row.filter(|row| row.digest == digest) else {
        return Err(other_version());
    };
    if row.started_at.is_none() {
        return Err(Error::user("This preview is too old. Use `/levels import` again to see what would change now."));
    }
    Ok(Reply::Update(view::progress(&row, config.color)))
}
