//! Purpose: `/config` and the dashboard's settings: shows and changes them, each change in the audit log; their history, and a file of them.
//!
//! Tables: guild_config and audit_log, through their shared stores. What a setting means stands in `guild_config`.

mod api;
mod document;
mod fields;
mod pages;
mod replace;

use crate::{
    access::{Area, GuildAccess},
    audit,
    ctx::Ctx,
    error::{Error, Result},
    feature::Feature,
    guild_config::{self, GuildConfig},
    interaction::Interaction,
    permissions,
    reply::{self, Message, Reply},
    text::{clean_line, escape_markdown, shorten},
    time,
    web::{Request, Response, Tab},
};
use fields::{CHANNELS, FIELDS, Field};
use serde_json::{Value, json};
use twilight_interactions::command::{CommandModel, CreateCommand};
use twilight_model::{
    application::{
        command::{Command, CommandOptionChoice, CommandOptionChoiceValue},
        interaction::application_command::{CommandData, CommandDataOption, CommandOptionValue},
    },
    guild::Permissions,
    id::{
        Id,
        marker::{GuildMarker, UserMarker},
    },
};
use utoipa::OpenApi as _;

pub const COMMANDS: &[&str] = &["config"];

/// Lines of the audit log that somebody gets of themselves.
const OWN_LINES: u32 = 1_000;

pub struct Config;

#[derive(CommandModel, CreateCommand)]
#[command(name = "config", desc = "This server's settings", default_permissions = "manage_guild")]
enum ConfigCommand {
    #[command(name = "show")]
    Show(Show),
    #[command(name = "set")]
    Set(Set),
    #[command(name = "reset")]
    Reset(Reset),
    #[command(name = "history")]
    History(History),
}

fn manage_guild() -> Permissions {
    Permissions::MANAGE_GUILD
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "show", desc = "All settings and what they mean")]
struct Show;

#[derive(CommandModel, CreateCommand)]
#[command(name = "set", desc = "Change one setting")]
struct Set {
    /// Which setting
    #[command(autocomplete = true)]
    setting: String,
    /// Its new value; roles and channels as mentions
    #[command(autocomplete = true, max_length = 500)]
    value: String,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "reset", desc = "Put one setting back to its default")]
struct Reset {
    /// Which setting
    #[command(autocomplete = true)]
    setting: String,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "history", desc = "Who changed what, and who tried without the right")]
struct History;

impl Feature for Config {
    const NAME: &'static str = "config";

    fn commands() -> Vec<Command> {
        vec![ConfigCommand::create_command().into()]
    }

    async fn on_command(ctx: &Ctx, interaction: &Interaction, data: CommandData) -> Result<Reply> {
        // No configurable role stands in for this right: it could grant itself everything.
        permissions::require_user_strictly(interaction, Permissions::MANAGE_GUILD)?;
        let command = ConfigCommand::from_interaction(data.into()).map_err(|error| Error::user(error.to_string()))?;
        match command {
            ConfigCommand::Show(Show) => on_show(ctx, interaction).await,
            ConfigCommand::Set(set) => {
                let field = field(&set.setting)?;
                let value = (field.parse)(&set.value).map_err(Error::User)?;
                require_own_channel(ctx, interaction, field, &value).await?;
                change(ctx, interaction, field, Some(value)).await
            }
            ConfigCommand::Reset(reset) => change(ctx, interaction, field(&reset.setting)?, None).await,
            ConfigCommand::History(History) => on_history(ctx, interaction).await,
        }
    }

    async fn personal_data(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<Option<Value>> {
        let rows: Vec<audit::store::Row> =
            ctx.query(audit::store::list_by_actor(guild, user, OWN_LINES)).await?.all()?;
        let line = |row: &audit::store::Row| json!({ "at": time::rfc3339(row.at), "action": row.action, "target": row.target, "before": row.before, "after": row.after });
        Ok((!rows.is_empty()).then(|| json!({ "audit_log": rows.iter().map(line).collect::<Vec<_>>() })))
    }

    async fn forget(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<Option<String>> {
        let row: Option<audit::store::Row> = ctx.query(audit::store::list_by_actor(guild, user, 1)).await?.first()?;
        Ok(row.map(|_| {
            "What you changed in this server's settings stays in its audit log: the server has to know who did what. Refused attempts go after 90 days.".to_owned()
        }))
    }

    fn tabs() -> Vec<Tab> {
        vec![Tab { path: "settings", title: "Settings", area: Area::Settings }]
    }

    fn description() -> utoipa::openapi::OpenApi {
        api::Description::openapi()
    }

    async fn api(ctx: &Ctx, request: &Request) -> Result<Option<Response>> {
        api::on_request(ctx, request).await
    }

    async fn page(ctx: &Ctx, request: &Request, access: &GuildAccess, rest: &[&str]) -> Result<Option<Response>> {
        pages::on_request(ctx, request, access, rest).await
    }

    async fn on_autocomplete(
        _ctx: &Ctx,
        _interaction: &Interaction,
        data: CommandData,
    ) -> Result<Vec<CommandOptionChoice>> {
        let Some(CommandOptionValue::SubCommand(options)) = data.options.first().map(|option| &option.value) else {
            return Ok(Vec::new());
        };
        Ok(suggest(options))
    }
}

fn field(name: &str) -> Result<&'static Field> {
    let name = name.trim();
    FIELDS.iter().find(|field| field.name == name).ok_or_else(|| {
        let known = FIELDS.iter().map(|field| format!("`{}`", field.name)).collect::<Vec<_>>().join(", ");
        Error::user(format!("There is no setting of that name. The settings are {known}."))
    })
}

fn suggest(options: &[CommandDataOption]) -> Vec<CommandOptionChoice> {
    let focused = options.iter().find_map(|option| match &option.value {
        CommandOptionValue::Focused(typed, _) => Some((option.name.as_str(), typed.to_lowercase())),
        _ => None,
    });
    let chosen = options.iter().find_map(|option| match &option.value {
        CommandOptionValue::String(value) if option.name == "setting" => {
            FIELDS.iter().find(|field| field.name == value)
        }
        _ => None,
    });
    let texts: Vec<(String, String)> = match (focused, chosen) {
        (Some(("setting", typed)), _) => FIELDS
            .iter()
            .filter(|field| field.name.contains(&typed) || field.about.to_lowercase().contains(&typed))
            .map(|field| (format!("{} · {}", field.name, field.about), field.name.to_owned()))
            .collect(),
        (Some(("value", typed)), Some(field)) => {
            (field.suggest)(&typed).into_iter().map(|value| (value.clone(), value)).collect()
        }
        _ => Vec::new(),
    };
    let choices = texts.into_iter().take(crate::text::limits::CHOICES).map(|(name, value)| CommandOptionChoice {
        name: shorten(&name, crate::text::limits::CHOICE_NAME),
        name_localizations: None,
        value: CommandOptionChoiceValue::String(value),
    });
    choices.collect()
}

async fn on_show(ctx: &Ctx, interaction: &Interaction) -> Result<Reply> {
    let config = guild_config::fresh(ctx, interaction.guild_id).await?;
    let config = config.config();
    let mut embed = reply::embed("Settings of this server", "Change one with `/config set`.", config.color);
    for field in FIELDS {
        let value = (field.show)(config);
        reply::field(&mut embed, field.name, format!("{value}\n-# {}", field.about), true);
    }
    Ok(Reply::Private(Message::default().embed(embed)))
}

/// Muster posts in this channel by itself later on: it must be one of this server's, never another one's.
async fn require_own_channel(
    ctx: &Ctx,
    interaction: &Interaction,
    field: &Field,
    value: &serde_json::Value,
) -> Result<()> {
    let id = value.as_str().filter(|_| CHANNELS.contains(&field.name));
    match id.and_then(|id| id.parse().ok()) {
        Some(channel) => permissions::require_bot_in(ctx, interaction.guild_id, channel, permissions::POSTING).await,
        None => Ok(()),
    }
}

/// The change and its audit line commit together. A second delivery changes nothing: its audit line is there.
async fn change(
    ctx: &Ctx,
    interaction: &Interaction,
    field: &'static Field,
    value: Option<serde_json::Value>,
) -> Result<Reply> {
    let guild = interaction.guild_id;
    let before = guild_config::fresh(ctx, guild).await?;
    let path = format!("$.{}", field.name);
    let now = ctx.now();
    let mut after = crate::json::to_value(before.config()).map_err(Error::internal)?;
    let default = crate::json::to_value(&GuildConfig::default()).map_err(Error::internal)?;
    after[field.name] = value.clone().unwrap_or_else(|| default[field.name].clone());
    let after: GuildConfig = serde_json::from_value(after).map_err(Error::internal)?;
    let cause = interaction.id.to_string();
    let statement = match &value {
        Some(value) => guild_config::store::set_key(guild, &path, &value.to_string(), now, &cause),
        None => guild_config::store::remove_key(guild, &path, now, &cause),
    };
    let (mut was, mut is) = ((field.show)(before.config()), (field.show)(&after));
    let entry = audit::store::Entry {
        guild_id: guild,
        at: now,
        actor_id: interaction.actor.id,
        source: "interaction",
        action: "config",
        target: field.name.to_owned(),
        before: Some(was.clone()),
        after: Some(is.clone()),
        cause,
    };
    let maker = guild_config::store::note_cause(guild, &entry.cause);
    let noted = ctx.batch(vec![statement, audit::store::insert(&entry), maker]).await?;
    if noted.get(1).is_some_and(|result| result.changes == 0) {
        let done = audit::store::get_by_cause(guild, &entry.cause, entry.action);
        if let Some(row) = ctx.query(done).await?.first::<audit::store::Row>()? {
            (was, is) = (row.before.unwrap_or_default(), row.after.unwrap_or_default());
        }
    }
    guild_config::forget(ctx, guild);
    Ok(Reply::private(format!("**{}** is now {is} (was {was}).", field.name)))
}

async fn on_history(ctx: &Ctx, interaction: &Interaction) -> Result<Reply> {
    let rows: Vec<audit::store::Row> = ctx.query(audit::store::list_recent(interaction.guild_id, 15)).await?.all()?;
    if rows.is_empty() {
        return Ok(Reply::private("Nothing has been changed yet."));
    }
    let lines = rows.iter().map(|row| {
        let when = time::relative(row.at);
        let target = escape_markdown(&clean_line(&row.target, 60));
        let from_to = match (&row.before, &row.after) {
            (Some(before), Some(after)) => format!(" from {before} to {after}"),
            (None, Some(after)) => format!(": {}", clean_line(after, 120)),
            _ => String::new(),
        };
        format!("{when} <@{}> · {} {target}{from_to} · by {}", row.actor_id, row.action, row.source)
    });
    let embed = reply::embed("What changed here", lines.collect::<Vec<_>>().join("\n"), reply::DEFAULT_COLOR);
    Ok(Reply::Private(Message::default().embed(embed)))
}
