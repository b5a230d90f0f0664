//! Purpose: `/link`: links by hand, and what became of any link, for whoever runs this server's missions.

use super::{
    actions::{self, Change, Wish},
    qr, view,
};
use crate::{
    audit::Author,
    ctx::Ctx,
    custom_id::CustomId,
    discord::File,
    error::{Error, Result},
    guild_config::{self, Fresh},
    interaction::Interaction,
    links::{self, Link, rules::target::Utm, stats, store},
    permissions, points,
    reply::{Message, Reply},
    text::{clean_line, escape_markdown, shorten},
};
use twilight_interactions::command::{CommandModel, CreateCommand};
use twilight_model::{
    application::{
        command::{Command, CommandOptionChoice, CommandOptionChoiceValue},
        interaction::application_command::{CommandData, CommandOptionValue},
    },
    guild::Permissions,
};

/// Days that numbers are shown for.
pub const DAYS: i64 = 30;
const LISTED: usize = 15;

#[derive(CommandModel, CreateCommand)]
#[command(name = "link", desc = "Short links with numbers that count people")]
enum LinkCommand {
    #[command(name = "create")]
    Create(Box<Create>),
    #[command(name = "list")]
    List(List),
    #[command(name = "stats")]
    Stats(Stats),
    #[command(name = "disable")]
    Disable(Disable),
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "create", desc = "Make a short link")]
struct Create {
    /// Where it leads, like https://example.com/spring
    #[command(max_length = 2000)]
    target: String,
    /// What you call it; nobody else sees it
    #[command(max_length = 80)]
    name: Option<String>,
    /// When it ends, like 7d or 2026-12-24 18:00; never without it
    expires: Option<String>,
    /// utm_source in the address
    #[command(max_length = 100)]
    source: Option<String>,
    /// utm_medium in the address
    #[command(max_length = 100)]
    medium: Option<String>,
    /// utm_campaign in the address
    #[command(max_length = 100)]
    campaign: Option<String>,
    /// utm_content in the address
    #[command(max_length = 100)]
    content: Option<String>,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "list", desc = "The newest short links of this server")]
struct List {
    /// Part of a name or address
    #[command(max_length = 80)]
    search: Option<String>,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "stats", desc = "Who opened a short link: raw and counted, and what is held")]
struct Stats {
    /// Which link, by its name or address
    #[command(autocomplete = true)]
    link: String,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "disable", desc = "Have a short link lead nowhere any more")]
struct Disable {
    /// Which link, by its name or address
    #[command(autocomplete = true)]
    link: String,
}

pub fn definitions() -> Vec<Command> {
    vec![LinkCommand::create_command().into()]
}

/// Manage Server, or a role that runs missions here, as D1 has them now.
async fn require_manager(ctx: &Ctx, interaction: &Interaction) -> Result<()> {
    let rules = points::rules(ctx, interaction.guild_id).await?.rules;
    permissions::require_user(interaction, Permissions::MANAGE_GUILD, Fresh::managers(&rules))
}

pub async fn on_command(ctx: &Ctx, interaction: &Interaction, data: CommandData) -> Result<Reply> {
    let command = LinkCommand::from_interaction(data.into())
        .map_err(|error| Error::user(format!("Muster could not read that command: {error}. Please type it again.")))?;
    require_manager(ctx, interaction).await?;
    match command {
        LinkCommand::Create(create) => on_create(ctx, interaction, *create).await,
        LinkCommand::List(List { search }) => list(ctx, interaction, &search.unwrap_or_default()).await,
        LinkCommand::Stats(Stats { link }) => {
            let link = find(ctx, interaction, &link).await?;
            Ok(Reply::Private(view::stats(ctx, &link, &stats::stats(ctx, &link, DAYS).await?)))
        }
        LinkCommand::Disable(Disable { link }) => {
            let link = find(ctx, interaction, &link).await?;
            let change = Change { is_disabled: Some(true), ..Change::default() };
            let link = actions::change(ctx, &Author::from(interaction), link, change).await?;
            let name = escape_markdown(&link.name);
            Ok(Reply::private(format!(
                "**{name}** leads nowhere any more: {}\nElsewhere in the world it may lead on for a minute.",
                links::url(ctx, &link.slug)
            )))
        }
    }
}

async fn on_create(ctx: &Ctx, interaction: &Interaction, create: Create) -> Result<Reply> {
    let utm = Utm {
        source: create.source.unwrap_or_default(),
        medium: create.medium.unwrap_or_default(),
        campaign: create.campaign.unwrap_or_default(),
        content: create.content.unwrap_or_default(),
    };
    let wish = Wish {
        name: create.name.unwrap_or_default(),
        target: create.target,
        utm,
        expires: create.expires.unwrap_or_default(),
    };
    let zone = guild_config::cached(ctx, interaction.guild_id).await?.zone();
    let link = match actions::create(ctx, &Author::from(interaction), &wish, zone).await {
        Err(Error::Invalid(fields)) => return Err(Error::User(Error::Invalid(fields).to_string())),
        other => other?,
    };
    let url = links::url(ctx, &link.slug);
    let message = Message::text(view::made(ctx, &link));
    Ok(Reply::Private(match qr::png(&url) {
        Some(bytes) => message.file(File { name: format!("{}.png", link.slug), content_type: "image/png", bytes }),
        None => message,
    }))
}

async fn find(ctx: &Ctx, interaction: &Interaction, typed: &str) -> Result<Link> {
    actions::find(ctx, interaction.guild_id, typed).await?.ok_or_else(|| {
        let typed = escape_markdown(&clean_line(typed, 60));
        Error::user(format!(
            "There is no link “{typed}” in this server, or several match. Choose one from the list that opens while you type, or see `/link list`."
        ))
    })
}

async fn list(ctx: &Ctx, interaction: &Interaction, search: &str) -> Result<Reply> {
    let guild = interaction.guild_id;
    let found: Vec<Link> = ctx.query(store::list(guild, search.trim(), None, LISTED)).await?.all()?;
    let numbers = stats::all_time(ctx, guild, "").await?;
    Ok(Reply::Private(view::list(ctx, &found, &numbers, search)))
}

pub async fn on_autocomplete(
    ctx: &Ctx,
    interaction: &Interaction,
    data: &CommandData,
) -> Result<Vec<CommandOptionChoice>> {
    require_manager(ctx, interaction).await?;
    let typed = data.options.iter().find_map(|one| match &one.value {
        CommandOptionValue::SubCommand(options) => options.iter().find_map(|option| match &option.value {
            CommandOptionValue::Focused(text, _) => Some(text.clone()),
            _ => None,
        }),
        _ => None,
    });
    let typed = typed.unwrap_or_default();
    let found: Vec<Link> = ctx.query(store::list(interaction.guild_id, typed.trim(), None, 25)).await?.all()?;
    let choice = |link: Link| CommandOptionChoice {
        name: shorten(&format!("{} · {}", link.name, link.slug), 100),
        name_localizations: None,
        value: CommandOptionChoiceValue::String(link.slug),
    };
    Ok(found.into_iter().map(choice).collect())
}

/// `links:review:<slug>:<yes or no>`: takes in what is held of a link, or refuses it.
pub async fn on_review(ctx: &Ctx, interaction: &Interaction, id: &CustomId) -> Result<Reply> {
    require_manager(ctx, interaction).await?;
    let link = find(ctx, interaction, id.get(0)).await?;
    let accept = id.get(1) == "yes";
    stats::review(ctx, &link, accept, &Author::from(interaction)).await?;
    Ok(Reply::Update(view::stats(ctx, &link, &stats::stats(ctx, &link, DAYS).await?)))
}
