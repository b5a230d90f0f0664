//! Purpose: `/setup`: looks at what Muster needs in this server and says what to fix, and where.
//!
//! Custom ids: `setup:again:<channel>`, `setup:channel` (select), `setup:retry:<channel>`. No tables of its own.

use crate::{
    ctx::Ctx,
    custom_id::CustomId,
    discord::{self, GuildFacts},
    error::{Error, Result},
    feature::Feature,
    guild_config::{self, GuildConfig},
    health,
    interaction::Interaction,
    outbox, permissions,
    reply::{self, Message, Reply, button},
    social::versions,
    text::{escape_markdown, shorten},
    time,
    xp::AnnounceIn,
};
use twilight_interactions::command::{CommandModel, CreateCommand};
use twilight_model::{
    application::{command::Command, interaction::application_command::CommandData},
    channel::{
        ChannelType,
        message::component::{ButtonStyle, Component, SelectMenu, SelectMenuType},
    },
    guild::Permissions,
    id::{Id, marker::ChannelMarker},
};

const NAME: &str = "setup";
pub const COMMANDS: &[&str] = &["setup"];

pub struct Setup;

#[derive(CommandModel, CreateCommand)]
#[command(name = "setup", desc = "Check that Muster has what it needs here", default_permissions = "manage_guild")]
struct SetupCommand {
    /// A channel in which Muster should be able to post; this one unless you say
    #[command(channel_types = "guild_text guild_announcement")]
    channel: Option<Id<ChannelMarker>>,
}

fn manage_guild() -> Permissions {
    Permissions::MANAGE_GUILD
}

impl Feature for Setup {
    const NAME: &'static str = NAME;

    fn commands() -> Vec<Command> {
        vec![SetupCommand::create_command().into()]
    }

    async fn on_command(ctx: &Ctx, interaction: &Interaction, data: CommandData) -> Result<Reply> {
        permissions::require_user_strictly(interaction, Permissions::MANAGE_GUILD)?;
        let command = SetupCommand::from_interaction(data.into()).map_err(|error| Error::user(error.to_string()))?;
        let channel = command.channel.unwrap_or(interaction.channel_id);
        Ok(Reply::Private(report(ctx, interaction, channel).await?))
    }

    async fn on_component(ctx: &Ctx, interaction: &Interaction, id: &CustomId, values: &[String]) -> Result<Reply> {
        permissions::require_user_strictly(interaction, Permissions::MANAGE_GUILD)?;
        // A select's value or an id from the button: either is only looked at in this guild.
        let chosen = values.first().map_or(id.get(0), String::as_str);
        let channel = chosen.parse().unwrap_or(interaction.channel_id);
        if id.action == "retry" {
            outbox::retry_undelivered(ctx, interaction.guild_id).await?;
        }
        Ok(Reply::Update(report(ctx, interaction, channel).await?))
    }
}

/// One thing that was looked at.
struct Check {
    fine: bool,
    text: String,
}

fn check(fine: bool, good: impl Into<String>, bad: impl Into<String>) -> Check {
    Check { fine, text: if fine { good.into() } else { bad.into() } }
}

async fn channel_check(ctx: &Ctx, interaction: &Interaction, channel: Id<ChannelMarker>, what: &str) -> Result<Check> {
    let missing = match permissions::missing_in(ctx, interaction.guild_id, channel, permissions::POSTING).await {
        Ok(missing) => missing,
        Err(Error::User(_)) => {
            return Ok(check(
                false,
                "",
                format!("{what} <#{channel}> is gone or is no text channel. Choose another one."),
            ));
        }
        Err(error) => return Err(error),
    };
    Ok(check(
        missing.is_empty(),
        format!("{what} <#{channel}>: Muster can post."),
        format!(
            "{what} <#{channel}>: Muster is missing **{}**. Open the channel's settings, Permissions, and allow it for Muster's role.",
            permissions::name(missing)
        ),
    ))
}

async fn checks(ctx: &Ctx, interaction: &Interaction, channel: Id<ChannelMarker>) -> Result<Vec<Check>> {
    let config = guild_config::fresh(ctx, interaction.guild_id).await?;
    let config = config.config();
    let guild = discord::get_guild(ctx, interaction.guild_id).await?;
    let mut checks = vec![channel_check(ctx, interaction, channel, "Channel").await?];
    match config.giveaway_log_channel {
        Some(log) => checks.push(channel_check(ctx, interaction, log, "Giveaway log").await?),
        None => checks.push(check(
            true,
            "No giveaway log channel. `/config set` can name one (`giveaway_log_channel`).",
            "",
        )),
    }
    checks.push(check(
        true,
        format!("Times like 18:00 are read in {}. `/config set time_zone` changes that.", config.time_zone),
        "",
    ));
    let gone: Vec<String> = config
        .giveaway_managers
        .iter()
        .filter(|id| !guild.roles.iter().any(|role| role.id == **id))
        .map(ToString::to_string)
        .collect();
    checks.push(check(
        gone.is_empty(),
        match config.giveaway_managers.len() {
            0 => "Giveaways are run by people with **Manage Server**.".to_owned(),
            _ => "The giveaway manager roles exist.".to_owned(),
        },
        format!("These giveaway manager roles no longer exist: {}. Set `giveaway_managers` again.", gone.join(", ")),
    ));
    checks.extend(level_checks(ctx, interaction, config, &guild).await?);
    checks.extend(versions::warnings(&ctx.settings.social, ctx.now()).map(|text| check(false, "", text)));
    Ok(checks)
}

/// What levels need: the sidecar that sees messages, channels to speak in, and roles below Muster's.
async fn level_checks(
    ctx: &Ctx,
    interaction: &Interaction,
    config: &GuildConfig,
    guild: &GuildFacts,
) -> Result<Vec<Check>> {
    let levels = &config.levels;
    let (connected, sidecar) = health::say_sidecar(health::sidecar(ctx).await?.as_ref());
    if !levels.enabled {
        return Ok(vec![check(true, format!("Levels are off. `/levels config` switches them on. {sidecar}"), "")]);
    }
    let mut checks = vec![check(connected, format!("Levels are on. {sidecar}"), format!("Levels are on. {sidecar}"))];
    if let AnnounceIn::Channel(channel) = levels.announce.place {
        checks.push(channel_check(ctx, interaction, channel, "New levels").await?);
    }
    if let Some(channel) = levels.announce.winners {
        checks.push(channel_check(ctx, interaction, channel, "Winners").await?);
    }
    if !levels.rewards.is_empty() {
        let rights = permissions::role_rights(ctx, interaction.guild_id, guild).await?;
        let blocked = levels.rewards.iter().filter(|reward| rights.obstacle(guild, reward.role).is_some()).count();
        checks.push(check(
            rights.manages_roles && blocked == 0,
            "Muster can give every role for levels.",
            if rights.manages_roles {
                format!("{blocked} of the roles for levels cannot be given. `/levels rewards list` says which and why.")
            } else {
                "Muster lacks **Manage Roles**, so it gives no roles for levels. Allow it in Server Settings, Roles."
                    .to_owned()
            },
        ));
    }
    Ok(checks)
}

/// Messages that did not reach Discord, and why.
fn undelivered_check(rows: &[outbox::store::Undelivered]) -> Check {
    let lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let channel =
                if row.channel_id.is_empty() { "an edit".to_owned() } else { format!("<#{}>", row.channel_id) };
            let why = shorten(row.error.as_deref().unwrap_or("no reason known"), 80);
            format!("-# {channel} {}: {}", time::relative(row.created_at), escape_markdown(&why))
        })
        .collect();
    check(
        rows.is_empty(),
        "Every message of the last week was delivered.",
        format!(
            "{} could not be delivered. Mend the cause, then press Try again.\n{}",
            crate::text::count(rows.len() as u64, "message", "messages"),
            lines.join("\n")
        ),
    )
}

fn channel_select() -> Component {
    Component::SelectMenu(SelectMenu {
        channel_types: Some(vec![ChannelType::GuildText, ChannelType::GuildAnnouncement]),
        custom_id: CustomId::new(NAME, "channel").encode().unwrap_or_default(),
        default_values: None,
        disabled: false,
        id: None,
        kind: SelectMenuType::Channel,
        max_values: None,
        min_values: None,
        options: None,
        placeholder: Some("Check another channel".to_owned()),
        required: None,
    })
}

async fn report(ctx: &Ctx, interaction: &Interaction, channel: Id<ChannelMarker>) -> Result<Message> {
    let mut checks = checks(ctx, interaction, channel).await?;
    let undelivered = outbox::undelivered(ctx, interaction.guild_id).await?;
    checks.push(undelivered_check(&undelivered));
    let open = checks.iter().filter(|check| !check.fine).count();
    let lines: Vec<String> =
        checks.iter().map(|check| format!("{} {}", if check.fine { "✅" } else { "⚠️" }, check.text)).collect();
    let title = match open {
        0 => "Everything is in place".to_owned(),
        n => crate::text::count(n as u64, "thing to look at", "things to look at"),
    };
    let embed = reply::embed(title, lines.join("\n"), reply::DEFAULT_COLOR);
    let again = CustomId::new(NAME, "again").arg(channel);
    let mut buttons = vec![button(&again, "Check again", ButtonStyle::Secondary, None)];
    if !undelivered.is_empty() {
        let retry = CustomId::new(NAME, "retry").arg(channel);
        buttons.push(button(&retry, "Try again", ButtonStyle::Primary, None));
    }
    Ok(Message::default().embed(embed).row(vec![channel_select()]).row(buttons))
}
