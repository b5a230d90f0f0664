//! Purpose: members connect their social accounts with `/connect` and take them back with `/disconnect`.
//!
//! Tables: social_links, social_logins, social_accounts, social_locks (`social`). Custom ids: none. Timers: `<account>` (due_at of the
//! row). Pages: `/connect/{link}`, `/oauth/{platform}/start`, `/oauth/{platform}/callback`.

mod pages;

use crate::{
    ctx::Ctx,
    discord,
    error::{Error, Result},
    feature::Feature,
    interaction::Interaction,
    ports::Timer,
    reply::{Message, Reply, link_button},
    social::{Kind, accounts, accounts::TookBack, store, tokens},
    text::escape_markdown,
    web::{Request, Response},
};
use serde_json::{Value, json};
use twilight_interactions::command::{CommandModel, CommandOption, CreateCommand, CreateOption};
use twilight_model::{
    application::{command::Command, interaction::application_command::CommandData},
    id::{
        Id,
        marker::{GuildMarker, UserMarker},
    },
};

pub const COMMANDS: &[&str] = &["connect", "disconnect"];

pub struct Connect;

#[derive(CommandModel, CreateCommand)]
#[command(name = "connect", desc = "Connect your social accounts, to publish missions with one press")]
struct ConnectCommand;

#[derive(CommandModel, CreateCommand)]
#[command(name = "disconnect", desc = "Take back Muster's access to one of your social accounts, and erase it here")]
struct DisconnectCommand {
    /// Which one
    platform: PlatformChoice,
}

#[derive(CommandOption, CreateOption, Clone, Copy)]
enum PlatformChoice {
    #[option(name = "LinkedIn", value = "linkedin")]
    LinkedIn,
    #[option(name = "Instagram", value = "instagram")]
    Instagram,
    #[option(name = "TikTok", value = "tiktok")]
    TikTok,
    #[option(name = "X", value = "x")]
    X,
    #[option(name = "Threads", value = "threads")]
    Threads,
}

impl PlatformChoice {
    fn kind(self) -> Kind {
        match self {
            Self::LinkedIn => Kind::LinkedIn,
            Self::Instagram => Kind::Instagram,
            Self::TikTok => Kind::TikTok,
            Self::X => Kind::X,
            Self::Threads => Kind::Threads,
        }
    }
}

impl Feature for Connect {
    const NAME: &'static str = "connect";

    fn commands() -> Vec<Command> {
        vec![ConnectCommand::create_command().into(), DisconnectCommand::create_command().into()]
    }

    async fn on_command(ctx: &Ctx, interaction: &Interaction, data: CommandData) -> Result<Reply> {
        if data.name == "connect" {
            return on_connect(ctx, interaction).await;
        }
        let command =
            DisconnectCommand::from_interaction(data.into()).map_err(|error| Error::user(error.to_string()))?;
        on_disconnect(ctx, interaction, command.platform.kind()).await
    }

    async fn on_timer(ctx: &Ctx, guild: Id<GuildMarker>, id: &str) -> Result<Option<i64>> {
        let account: Option<store::Account> = ctx.query(store::get_account(guild, id)).await?.first()?;
        let Some(account) = account.filter(store::Account::is_active) else { return Ok(None) };
        match account.due_at {
            Some(due) if due > ctx.now() => Ok(Some(due)),
            Some(_) => tokens::look(ctx, account).await,
            None => Ok(None),
        }
    }

    async fn overdue(ctx: &Ctx, before: i64, limit: u32) -> Result<Vec<(Id<GuildMarker>, Timer)>> {
        let rows: Vec<store::DueRow> = ctx.query(store::list_due(before, limit)).await?.all()?;
        let timer = |row: store::DueRow| {
            (row.guild_id, Timer { feature: Self::NAME.to_owned(), id: row.id, due_at: row.due_at })
        };
        Ok(rows.into_iter().map(timer).collect())
    }

    async fn public_page(ctx: &Ctx, request: &Request, path: &[&str]) -> Result<Option<Response>> {
        pages::route(ctx, request, path).await
    }

    fn name_effect(_effect: &str) -> &'static str {
        "A word to a member about their connection"
    }

    async fn personal_data(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<Option<Value>> {
        let accounts = accounts::list(ctx, guild, user).await?;
        let of = |one: &store::Account| {
            json!({
                "platform": one.platform, "account": one.account_id, "name": one.account_name, "state": one.state,
                "connected_at": crate::time::rfc3339(one.connected_at),
            })
        };
        Ok((!accounts.is_empty()).then(|| accounts.iter().map(of).collect()))
    }

    async fn forget(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<Option<String>> {
        let count = accounts::forget(ctx, guild, user).await?;
        Ok((count > 0).then(|| {
            "Your social accounts are disconnected and erased. For a month no other member can connect them.".to_owned()
        }))
    }
}

async fn on_connect(ctx: &Ctx, interaction: &Interaction) -> Result<Reply> {
    if ctx.settings.social.is_empty() {
        return Err(Error::user(
            "No social platform is set up on this deployment yet. Whoever runs Muster finds how in the README under Missions.",
        ));
    }
    let (guild, user) = (interaction.guild_id, interaction.actor.id);
    let accounts = accounts::list(ctx, guild, user).await?;
    let guild_name = discord::get_guild(ctx, guild).await?.name;
    let link =
        store::Link { guild_id: guild, user_id: user, user_name: interaction.actor.shown_name.clone(), guild_name };
    let url = accounts::offer(ctx, &link).await?;
    let mut lines = vec![
        "Choose on the page which accounts Muster may publish with. It publishes nothing without your confirmation."
            .to_owned(),
    ];
    for (kind, _) in &ctx.settings.social {
        let account = accounts.iter().find(|one| one.platform == kind.key());
        let state = match account {
            Some(one) if one.is_active() => format!("connected as **{}**", escape_markdown(&one.account_name)),
            Some(_) => "has to be connected again".to_owned(),
            None => "not connected".to_owned(),
        };
        lines.push(format!("- {}: {state}", kind.name()));
    }
    lines.push("-# The link is yours alone and leads somewhere for 30 minutes: do not share it.".to_owned());
    Ok(Reply::Private(Message::text(lines.join("\n")).row(vec![link_button(&url, "Connect accounts")])))
}

async fn on_disconnect(ctx: &Ctx, interaction: &Interaction, kind: Kind) -> Result<Reply> {
    let name = kind.name();
    let done = accounts::disconnect(ctx, interaction.guild_id, interaction.actor.id, kind).await?;
    Ok(Reply::private(match done {
        None => format!("You have no {name} account connected here."),
        Some(one) => {
            let rest = match one.told {
                TookBack::Told => String::new(),
                TookBack::NotTold => format!(
                    " {name} was not told or has no way to be: you can remove Muster under your {name} account's apps as well."
                ),
                TookBack::InUse => format!(
                    " {name} was not told, because the same account is connected in another server, which would lose it too."
                ),
            };
            format!("**{}** is disconnected, and Muster has erased its access.{rest}", escape_markdown(&one.name))
        }
    }))
}
