//! Purpose: `/giveaway` and its subcommands: definitions, rights, and what each does.

mod manage;
mod start;

use super::{
    jobs, store,
    store::{EntryRow, Giveaway, State},
    view,
};
use crate::{
    ctx::Ctx,
    error::{Error, Result},
    guild_config::{self, FreshConfig},
    interaction::{Interaction, ModalData},
    permissions,
    reply::{Message, Reply},
    text::clean_line,
    time,
};
use twilight_interactions::command::{CommandModel, CommandOption, CreateCommand, CreateOption};
use twilight_model::{
    application::{
        command::{Command, CommandOptionChoice, CommandOptionChoiceValue},
        interaction::application_command::{CommandData, CommandOptionValue},
    },
    guild::Permissions,
    id::{Id, marker::UserMarker},
};

#[derive(CommandModel, CreateCommand)]
#[command(name = "giveaway", desc = "Giveaways with a draw that anyone can check")]
enum GiveawayCommand {
    #[command(name = "start")]
    Start(Box<start::Start>),
    #[command(name = "create")]
    Create(start::Create),
    #[command(name = "edit")]
    Edit(Box<manage::Edit>),
    #[command(name = "pause")]
    Pause(manage::Pause),
    #[command(name = "resume")]
    Resume(manage::Resume),
    #[command(name = "end")]
    End(manage::End),
    #[command(name = "cancel")]
    Cancel(manage::Cancel),
    #[command(name = "list")]
    List(List),
    #[command(name = "entrants")]
    Entrants(Entrants),
    #[command(name = "reroll")]
    Reroll(manage::Reroll),
    #[command(name = "verify")]
    Verify(Verify),
    #[command(name = "export")]
    Export(Export),
    #[command(name = "blacklist")]
    Blacklist(Blacklist),
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "list", desc = "Running and past giveaways of this server")]
struct List;

#[derive(CommandModel, CreateCommand)]
#[command(name = "entrants", desc = "Who has entered a giveaway")]
struct Entrants {
    /// Which giveaway, by its prize or ID
    #[command(autocomplete = true)]
    giveaway: String,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "verify", desc = "Check a draw: recompute it from the published seed")]
struct Verify {
    /// Which giveaway, by its prize or ID
    #[command(autocomplete = true)]
    giveaway: String,
}

#[derive(CommandOption, CreateOption, Clone, Copy)]
pub enum Format {
    #[option(name = "CSV (entrants, for a spreadsheet)", value = "csv")]
    Csv,
    #[option(name = "JSON (everything, the log included)", value = "json")]
    Json,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "export", desc = "Entrants, picks and log of a giveaway as a file")]
struct Export {
    /// Which giveaway, by its prize or ID
    #[command(autocomplete = true)]
    giveaway: String,
    /// CSV unless you choose
    format: Option<Format>,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "blacklist", desc = "People who cannot enter giveaways in this server")]
enum Blacklist {
    #[command(name = "add")]
    Add(BlacklistAdd),
    #[command(name = "remove")]
    Remove(BlacklistRemove),
    #[command(name = "list")]
    List(BlacklistList),
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "add", desc = "Exclude somebody from giveaways")]
struct BlacklistAdd {
    /// Whom
    user: Id<UserMarker>,
    /// Why, for the team
    #[command(max_length = 200)]
    reason: Option<String>,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "remove", desc = "Let somebody enter giveaways again")]
struct BlacklistRemove {
    /// Whom
    user: Id<UserMarker>,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "list", desc = "Who is excluded, and why")]
struct BlacklistList;

pub fn definitions() -> Vec<Command> {
    vec![GiveawayCommand::create_command().into()]
}

pub async fn on_command(ctx: &Ctx, interaction: &Interaction, data: CommandData) -> Result<Reply> {
    let command = GiveawayCommand::from_interaction(data.into())
        .map_err(|error| Error::user(format!("Muster could not read that command: {error}. Please type it again.")))?;
    match command {
        GiveawayCommand::List(List) => Ok(Reply::Private(list_page(ctx, interaction, 0).await?)),
        GiveawayCommand::Verify(verify) => verify_draw(ctx, interaction, &verify.giveaway).await,
        managed => on_managed(ctx, interaction, managed).await,
    }
}

/// Everything that needs the right to run giveaways, asked here once and now.
async fn on_managed(ctx: &Ctx, interaction: &Interaction, command: GiveawayCommand) -> Result<Reply> {
    let config = require_manager(ctx, interaction).await?;
    match command {
        GiveawayCommand::Start(start) => start::on_start(ctx, interaction, config.config(), *start).await,
        GiveawayCommand::Create(_) => Ok(start::form(config.config())),
        GiveawayCommand::Edit(edit) => manage::on_edit(ctx, interaction, config.config(), *edit).await,
        GiveawayCommand::Pause(pause) => manage::on_pause(ctx, interaction, pause).await,
        GiveawayCommand::Resume(resume) => manage::on_resume(ctx, interaction, resume).await,
        GiveawayCommand::End(end) => manage::on_end(ctx, interaction, end).await,
        GiveawayCommand::Cancel(cancel) => manage::on_cancel(ctx, interaction, cancel).await,
        GiveawayCommand::Reroll(reroll) => manage::on_reroll(ctx, interaction, reroll).await,
        GiveawayCommand::Entrants(entrants) => {
            Ok(Reply::Private(entrants_page(ctx, interaction, &entrants.giveaway, 0).await?))
        }
        GiveawayCommand::Export(export) => {
            let giveaway = find(ctx, interaction, &export.giveaway).await?;
            let file =
                super::api::proof::export_to_discord(ctx, &giveaway, export.format.unwrap_or(Format::Csv)).await?;
            let text = format!("Here is everything about {}.", crate::text::escape_markdown(&giveaway.prize));
            Ok(Reply::Private(Message::text(text).file(file)))
        }
        GiveawayCommand::Blacklist(blacklist) => on_blacklist(ctx, interaction, blacklist).await,
        GiveawayCommand::List(_) | GiveawayCommand::Verify(_) => Err(Error::internal("handled before")),
    }
}

/// Manage Server, or one of the roles that this server's configuration names, as D1 has it now.
pub async fn require_manager(ctx: &Ctx, interaction: &Interaction) -> Result<FreshConfig> {
    let config = guild_config::fresh(ctx, interaction.guild_id).await?;
    permissions::require_user(interaction, Permissions::MANAGE_GUILD, config.giveaway_managers())?;
    Ok(config)
}

/// A giveaway of this guild, by what a person typed or picked: its id, or a prize that only one has.
async fn find(ctx: &Ctx, interaction: &Interaction, typed: &str) -> Result<Giveaway> {
    let guild = interaction.guild_id;
    let typed = typed.trim();
    if let Some(giveaway) = jobs::load(ctx, guild, typed).await? {
        return Ok(giveaway);
    }
    let matches: Vec<store::Choice> = ctx.query(store::search(guild, typed)).await?.all()?;
    // A prize given away before: the one that is still running is meant.
    let running: Vec<_> =
        matches.iter().filter(|found| !matches!(found.state, State::Finished | State::Cancelled)).collect();
    if let [only] = running[..] {
        return jobs::load(ctx, guild, &only.id).await?.ok_or_else(|| not_found(typed));
    }
    match &matches[..] {
        [only] => jobs::load(ctx, guild, &only.id).await?.ok_or_else(|| not_found(typed)),
        [] => Err(not_found(typed)),
        _ => Err(Error::user("Several giveaways match that. Choose one from the list that opens while you type.")),
    }
}

fn not_found(typed: &str) -> Error {
    let typed = crate::text::escape_markdown(&clean_line(typed, 60));
    Error::user(format!(
        "There is no giveaway “{typed}” in this server. Choose one from the list that opens while you type, or see `/giveaway list`."
    ))
}

pub async fn on_autocomplete(
    ctx: &Ctx,
    interaction: &Interaction,
    data: &CommandData,
) -> Result<Vec<CommandOptionChoice>> {
    let Some((name, typed)) = focused(&data.options) else {
        return Ok(Vec::new());
    };
    match name.as_str() {
        "giveaway" => {
            let found: Vec<store::Choice> =
                ctx.query(store::search(interaction.guild_id, typed.trim())).await?.all()?;
            Ok(found
                .into_iter()
                .map(|g| choice(format!("{} · {}", clean_line(&g.prize, 70), g.state.as_str()), g.id))
                .collect())
        }
        "ends" | "for" => when_choices(ctx, interaction, &typed).await,
        _ => Ok(Vec::new()),
    }
}

/// What the typed end means in this guild's zone, so that nobody is surprised.
async fn when_choices(ctx: &Ctx, interaction: &Interaction, typed: &str) -> Result<Vec<CommandOptionChoice>> {
    let config = guild_config::cached(ctx, interaction.guild_id).await?;
    let now = ctx.now();
    let typed = typed.trim();
    let usual = ["10m", "1h", "6h", "1d", "3d", "1w", "tomorrow 18:00"];
    let texts: Vec<&str> = if typed.is_empty() { usual.to_vec() } else { vec![typed] };
    let shown = texts.into_iter().filter_map(|text| {
        // Discord drops the whole list for one value above 100 characters.
        let at = time::parse_when(text, now, config.zone())
            .filter(|_| text.chars().count() <= crate::text::limits::CHOICE_VALUE)?;
        let wall = chrono::DateTime::from_timestamp_millis(at)?.with_timezone(&config.zone());
        Some(choice(format!("{text} · {} {}", time::say_wall(&wall), config.time_zone), text.to_owned()))
    });
    Ok(shown.collect())
}

fn choice(name: String, value: String) -> CommandOptionChoice {
    CommandOptionChoice {
        name: crate::text::shorten(&name, crate::text::limits::CHOICE_NAME),
        name_localizations: None,
        value: CommandOptionChoiceValue::String(value),
    }
}

/// The option that is being typed, however deep.
fn focused(
    options: &[twilight_model::application::interaction::application_command::CommandDataOption],
) -> Option<(String, String)> {
    options.iter().find_map(|option| match &option.value {
        CommandOptionValue::Focused(typed, _) => Some((option.name.clone(), typed.clone())),
        CommandOptionValue::SubCommand(inner) | CommandOptionValue::SubCommandGroup(inner) => focused(inner),
        _ => None,
    })
}

pub async fn list_page(ctx: &Ctx, interaction: &Interaction, page: u32) -> Result<Message> {
    let config = guild_config::cached(ctx, interaction.guild_id).await?;
    let page = page.min(1_000);
    let rows = store::list(interaction.guild_id, view::LIST_PAGE + 1, page * view::LIST_PAGE);
    let giveaways: Vec<Giveaway> = ctx.query(rows).await?.all()?;
    Ok(view::list(ctx, &giveaways, page, config.color))
}

/// Also behind the arrows, so the right is asked here.
pub async fn entrants_page(ctx: &Ctx, interaction: &Interaction, typed: &str, page: u32) -> Result<Message> {
    let config = require_manager(ctx, interaction).await?;
    let giveaway = find(ctx, interaction, typed).await?;
    let page = page.min(10_000);
    let rows =
        store::list_entrants(interaction.guild_id, &giveaway.id, view::ENTRANTS_PAGE + 1, page * view::ENTRANTS_PAGE);
    let rows: Vec<EntryRow> = ctx.query(rows).await?.all()?;
    Ok(view::entrants(&giveaway, &rows, page, config.config().color))
}

async fn verify_draw(ctx: &Ctx, interaction: &Interaction, typed: &str) -> Result<Reply> {
    let giveaway = find(ctx, interaction, typed).await?;
    let config = guild_config::cached(ctx, interaction.guild_id).await?;
    let entrants = if giveaway.is_drawn() { jobs::list_entrants(ctx, &giveaway.id).await? } else { Default::default() };
    let picks: Vec<store::Pick> = ctx.query(store::list_picks(&giveaway.id)).await?.all()?;
    let sound = super::rules::draw::recompute(&giveaway, &entrants, &picks);
    let message = view::verified(ctx, &giveaway, entrants.list().len(), &picks, sound, config.color);
    Ok(Reply::Private(message))
}

async fn on_blacklist(ctx: &Ctx, interaction: &Interaction, command: Blacklist) -> Result<Reply> {
    let guild = interaction.guild_id;
    let cause = interaction.id.to_string();
    match command {
        Blacklist::Add(BlacklistAdd { user, reason }) => {
            permissions::require_above(ctx, interaction, user, false).await?;
            let reason = clean_line(&reason.unwrap_or_default(), 200);
            let statements = vec![
                store::insert_blacklist(guild, user, &reason, interaction.actor.id, ctx.now(), &cause),
                audit(interaction, ctx.now(), "giveaway blacklist add", user, Some(reason)),
            ];
            ctx.batch(statements).await?;
            Ok(Reply::private(format!(
                "<@{user}> can no longer enter giveaways here. Entries they already have are passed over in the draw."
            )))
        }
        Blacklist::Remove(BlacklistRemove { user }) => {
            let statements = vec![
                store::delete_blacklist(guild, user, &cause),
                audit(interaction, ctx.now(), "giveaway blacklist remove", user, None),
            ];
            let removed = ctx.batch(statements).await?.first().is_some_and(|result| result.changes > 0);
            Ok(Reply::private(if removed {
                format!("<@{user}> can enter giveaways again.")
            } else {
                format!("<@{user}> is not on the blacklist.")
            }))
        }
        Blacklist::List(BlacklistList) => {
            let rows: Vec<store::BlacklistRow> = ctx.query(store::list_blacklist(guild, 50)).await?.all()?;
            Ok(Reply::Private(view::blacklist(&rows)))
        }
    }
}

fn audit(
    interaction: &Interaction,
    now: i64,
    action: &'static str,
    user: Id<UserMarker>,
    after: Option<String>,
) -> crate::sql::Statement {
    crate::audit::store::insert(&crate::audit::store::Entry {
        guild_id: interaction.guild_id,
        at: now,
        actor_id: interaction.actor.id,
        source: "interaction",
        action,
        target: user.to_string(),
        before: None,
        after,
        cause: interaction.id.to_string(),
    })
}

pub async fn on_create_form(ctx: &Ctx, interaction: &Interaction, data: &ModalData) -> Result<Reply> {
    // Rights may be gone since the form was opened.
    let config = require_manager(ctx, interaction).await?;
    start::on_form(ctx, interaction, config.config(), data).await
}
