//! Purpose: `/ping`: how long the ways really take, measured for this very answer.

use crate::{
    ctx::Ctx,
    discord::{Call, Route, call},
    error::Result,
    feature::Feature,
    guild_config,
    interaction::Interaction,
    reply::{self, Message, Reply},
};
use twilight_interactions::command::CreateCommand;
use twilight_model::application::{command::Command, interaction::application_command::CommandData};

pub const COMMANDS: &[&str] = &["ping"];

pub struct Ping;

#[derive(CreateCommand)]
#[command(name = "ping", desc = "How fast Muster answers right now")]
struct PingCommand;

impl Feature for Ping {
    const NAME: &'static str = "ping";

    fn commands() -> Vec<Command> {
        vec![PingCommand::create_command().into()]
    }

    async fn on_command(ctx: &Ctx, interaction: &Interaction, _data: CommandData) -> Result<Reply> {
        let arrived = ctx.now();
        let on_the_way = (arrived - interaction.created_at()).max(0);
        guild_config::fresh(ctx, interaction.guild_id).await?;
        let after_database = ctx.now();
        let gateway = call(ctx, &Route::new("GET", "/gateway".to_owned()), Call::default()).await;
        let after_discord = ctx.now();
        let mut embed = reply::embed("Pong", "", reply::DEFAULT_COLOR);
        embed.description = None;
        reply::field(&mut embed, "From Discord to Muster", format!("{on_the_way} ms"), true);
        reply::field(&mut embed, "Database", format!("{} ms", after_database - arrived), true);
        let discord = match gateway {
            Ok(_) => format!("{} ms", after_discord - after_database),
            Err(error) => format!("no answer ({error})"),
        };
        reply::field(&mut embed, "Muster to Discord's API and back", discord, true);
        Ok(Reply::Private(Message::default().embed(embed)))
    }
}
