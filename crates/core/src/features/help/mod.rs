//! Purpose: `/help`, generated from the registry: every command with its description, clickable.
//!
//! Answers without storage. Not here: texts about single commands; those are the commands' own descriptions.

use crate::{
    ctx::Ctx,
    error::Result,
    feature::Feature,
    interaction::Interaction,
    registry,
    reply::{self, Fixed, Message, Reply},
};
use std::rc::Rc;
use twilight_interactions::command::CreateCommand;
use twilight_model::application::{
    command::{Command, CommandOption, CommandOptionType},
    interaction::application_command::CommandData,
};

pub const COMMANDS: &[&str] = &["help"];

pub struct Help;

#[derive(CreateCommand)]
#[command(name = "help", desc = "What Muster can do")]
struct HelpCommand;

impl Feature for Help {
    const NAME: &'static str = "help";

    fn commands() -> Vec<Command> {
        vec![HelpCommand::create_command().into()]
    }

    async fn on_command(ctx: &Ctx, _interaction: &Interaction, _data: CommandData) -> Result<Reply> {
        const KEY: &str = "help";
        if let Some(known) = ctx.memory.recall::<Fixed>(KEY, ctx.now()) {
            return Ok(Reply::Fixed(known));
        }
        // Every command's definition is built for this: once per isolate is enough, they change with a deploy only.
        let overview = Rc::new(Fixed::from(overview(&registry::commands())));
        ctx.memory.remember(KEY.to_owned(), overview.clone(), i64::MAX);
        Ok(Reply::Fixed(overview))
    }
}

fn is_subcommand(option: &CommandOption) -> bool {
    matches!(option.kind, CommandOptionType::SubCommand | CommandOptionType::SubCommandGroup)
}

/// So many subcommands are described one by one; of more, an embed's 4,096 characters hold the names only.
const DESCRIBED: usize = 4;

/// One line per command, its subcommands beneath it.
fn lines(command: &Command) -> Vec<String> {
    let mut lines = vec![format!("**/{}** · {}", command.name, command.description)];
    let subcommands: Vec<&CommandOption> = command.options.iter().filter(|option| is_subcommand(option)).collect();
    let name = |option: &CommandOption| format!("`/{} {}`", command.name, option.name);
    if subcommands.len() > DESCRIBED {
        let names: Vec<String> = subcommands.into_iter().map(name).collect();
        lines.push(format!("-# {}", names.join(" ")));
    } else {
        lines.extend(subcommands.into_iter().map(|option| format!("-# {} {}", name(option), option.description)));
    }
    lines
}

fn overview(commands: &[(&'static str, Command)]) -> Message {
    let text: Vec<String> = commands.iter().map(|(_, command)| lines(command).join("\n")).collect();
    let mut embed = reply::embed("What Muster can do", text.join("\n\n"), reply::DEFAULT_COLOR);
    reply::footer(
        &mut embed,
        "Type / and choose Muster to see the options of a command. /setup checks that everything is in place.",
    );
    Message::default().embed(embed)
}
