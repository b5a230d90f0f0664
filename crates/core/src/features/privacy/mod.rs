//! Purpose: `/privacy`: what Muster keeps about somebody in this server, as a file, and forgetting it.
//!
//! Tables: none; every feature answers for its own by `personal_data` and `forget`. Custom ids: `privacy:forget`.

use crate::{
    ctx::Ctx,
    custom_id::CustomId,
    discord::File,
    error::{Error, Result},
    feature::Feature,
    interaction::Interaction,
    registry,
    reply::{self, Message, Reply},
    time,
};
use serde_json::{Map, Value, json};
use twilight_interactions::command::{CommandModel, CreateCommand};
use twilight_model::{
    application::{command::Command, interaction::application_command::CommandData},
    channel::message::component::ButtonStyle,
};

pub const COMMANDS: &[&str] = &["privacy"];

pub struct Privacy;

#[derive(CommandModel, CreateCommand)]
#[command(name = "privacy", desc = "What Muster keeps about you in this server")]
enum PrivacyCommand {
    #[command(name = "export")]
    Export(Export),
    #[command(name = "forget")]
    Forget(Forget),
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "export", desc = "Everything Muster keeps about you here, as a file")]
struct Export;

#[derive(CommandModel, CreateCommand)]
#[command(name = "forget", desc = "Have Muster delete what it keeps about you here")]
struct Forget;

/// What is asked before anything is deleted.
const ASKED: &str = "Delete what Muster keeps about you in this server?\n\
    **Goes:** your experience, levels, weeks and months, your place among past winners, giveaway entries that nothing depends on any more; \
    your connected social accounts; your short links, which lead nowhere from then on.\n\
    **Stays:** entries in running giveaways, and in finished ones whose draw could not be checked without them; giveaways that you hosted or won; \
    what you published for missions with its points; what was counted on your links, as nobody's; what you changed in this server's \
    settings; messages that were posted in channels.\n\
    This cannot be undone, and what you do from now on counts anew. `/privacy export` gives you a copy first.";

impl Feature for Privacy {
    const NAME: &'static str = "privacy";

    fn commands() -> Vec<Command> {
        vec![PrivacyCommand::create_command().into()]
    }

    async fn on_command(ctx: &Ctx, interaction: &Interaction, data: CommandData) -> Result<Reply> {
        let command = PrivacyCommand::from_interaction(data.into()).map_err(|error| Error::user(error.to_string()))?;
        match command {
            PrivacyCommand::Export(Export) => on_export(ctx, interaction).await,
            PrivacyCommand::Forget(Forget) => Ok(ask()),
        }
    }

    async fn on_component(ctx: &Ctx, interaction: &Interaction, id: &CustomId, _values: &[String]) -> Result<Reply> {
        match id.action.as_str() {
            "forget" => on_forget(ctx, interaction).await,
            _ => Err(Error::user("This button belongs to another version of Muster.")),
        }
    }
}

const NOTHING: &str = "Muster keeps nothing about you in this server.";

async fn on_export(ctx: &Ctx, interaction: &Interaction) -> Result<Reply> {
    let (guild, user) = (interaction.guild_id, interaction.actor.id);
    let kept = registry::personal_data(ctx, guild, user).await?;
    if kept.is_empty() {
        return Ok(Reply::private(NOTHING));
    }
    let data: Map<String, Value> = kept.into_iter().map(|(feature, data)| (feature.to_owned(), data)).collect();
    let all = json!({ "server": guild, "user": user, "made_at": time::rfc3339(ctx.now()), "data": data });
    let bytes = serde_json::to_vec_pretty(&all).map_err(Error::internal)?;
    let name = format!("muster-{guild}-{user}.json");
    let text = "Here is everything that Muster keeps about you in this server. Only you can see this.";
    Ok(Reply::Private(Message::text(text).file(File { name, content_type: "application/json", bytes })))
}

fn ask() -> Reply {
    let id = CustomId::new(Privacy::NAME, "forget");
    Reply::Private(Message::text(ASKED).row(vec![reply::button(&id, "Delete it", ButtonStyle::Danger, None)]))
}

/// Whoever presses is forgotten, whatever the button says. A second press finds nothing more.
async fn on_forget(ctx: &Ctx, interaction: &Interaction) -> Result<Reply> {
    let said = registry::forget(ctx, interaction.guild_id, interaction.actor.id).await?;
    let text = if said.is_empty() { NOTHING.to_owned() } else { said.join("\n") };
    Ok(Reply::Update(Message::text(text)))
}
