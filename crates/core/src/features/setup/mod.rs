//! Purpose: `/setup`: looks at what Muster needs in this server and says what to fix, and where.
//!
//! Custom ids: `setup:again:<channel>`. No tables of its own.

use crate::{
    ctx::Ctx,
    custom_id::CustomId,
    discord,
    error::{Error, Result},
    feature::Feature,
    guild_config,
    interaction::Interaction,
    permissions,
    reply::{self, Message, Reply, button},
};
use twilight_interactions::command::{CommandModel, CreateCommand};
use twilight_model::{
    application::{command::Command, interaction::application_command::CommandData},
    channel::message::component::ButtonStyle,
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

    async fn on_component(ctx: &Ctx, interaction: &Interaction, id: &CustomId, _values: &[String]) -> Result<Reply> {
        permissions::require_user_strictly(interaction, Permissions::MANAGE_GUILD)?;
        let channel = id.get(0).parse().unwrap_or(interaction.channel_id);
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
        config.time_zone != "UTC",
        format!("Time zone: {}.", config.time_zone),
        "Times like “18:00” are read as UTC. Set your zone with `/config set time_zone`, for example Europe/Berlin.",
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
    Ok(checks)
}

async fn report(ctx: &Ctx, interaction: &Interaction, channel: Id<ChannelMarker>) -> Result<Message> {
    let checks = checks(ctx, interaction, channel).await?;
    let open = checks.iter().filter(|check| !check.fine).count();
    let lines: Vec<String> =
        checks.iter().map(|check| format!("{} {}", if check.fine { "✅" } else { "⚠️" }, check.text)).collect();
    let title = match open {
        0 => "Everything is in place".to_owned(),
        n => crate::text::count(n as u64, "thing to look at", "things to look at"),
    };
    let embed = reply::embed(title, lines.join("\n"), reply::DEFAULT_COLOR);
    let again = CustomId::new(NAME, "again").arg(channel);
    Ok(Message::default().embed(embed).row(vec![button(&again, "Check again", ButtonStyle::Secondary, None)]))
}
