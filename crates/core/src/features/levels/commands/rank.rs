//! Purpose: `/rank`, and the button that shows one's own.

use super::{
    super::{
        cards::{self, LEVELS_OFF, Person, Places},
        rules, store,
    },
    unreadable,
};
use crate::{
    ctx::Ctx,
    discord,
    error::{Error, Result},
    guild_config::{self, GuildConfig},
    interaction::Interaction,
    leaderboard::{Board, Of, Question, Span},
    reply::{Message, Reply},
};
use serde_json::json;
use twilight_interactions::command::{CommandModel, CreateCommand, ResolvedUser};
use twilight_model::{
    application::{command::Command, interaction::application_command::CommandData},
    id::{Id, marker::UserMarker},
};

#[derive(CommandModel, CreateCommand)]
#[command(name = "rank", desc = "Your level and experience, or somebody else's")]
struct Rank {
    /// Whose; your own unless you choose
    user: Option<ResolvedUser>,
}

pub fn definition() -> Command {
    Rank::create_command().into()
}

pub async fn on_command(ctx: &Ctx, interaction: &Interaction, data: CommandData) -> Result<Reply> {
    let rank = Rank::from_interaction(data.into()).map_err(unreadable)?;
    let person = rank.user.map_or_else(|| actor(ctx, interaction), |user| person(ctx, interaction, &user));
    Ok(Reply::Public(card(ctx, interaction, &person).await?))
}

/// The button under a new level and on a card: whoever presses sees their own.
pub async fn on_mine(ctx: &Ctx, interaction: &Interaction) -> Result<Reply> {
    Ok(Reply::Private(card(ctx, interaction, &actor(ctx, interaction)).await?))
}

fn actor(ctx: &Ctx, interaction: &Interaction) -> Person {
    let actor = &interaction.actor;
    let (guild_avatar, avatar) = (actor.guild_avatar.as_deref(), actor.avatar.as_deref());
    let picture = discord::avatar_url(ctx, interaction.guild_id, actor.id, guild_avatar, avatar);
    Person { id: actor.id, name: actor.shown_name.clone(), picture, is_bot: false }
}

/// Somebody who was chosen, as Discord sent them along.
fn person(ctx: &Ctx, interaction: &Interaction, user: &ResolvedUser) -> Person {
    let ResolvedUser { resolved, member } = user;
    let nick = member.as_ref().and_then(|member| member.nick.clone());
    let guild_avatar = member.as_ref().and_then(|member| member.avatar).map(|hash| hash.to_string());
    let avatar = resolved.avatar.map(|hash| hash.to_string());
    Person {
        id: resolved.id,
        name: nick.or_else(|| resolved.global_name.clone()).unwrap_or_else(|| resolved.name.clone()),
        picture: discord::avatar_url(
            ctx,
            interaction.guild_id,
            resolved.id,
            guild_avatar.as_deref(),
            avatar.as_deref(),
        ),
        is_bot: resolved.bot,
    }
}

async fn card(ctx: &Ctx, interaction: &Interaction, person: &Person) -> Result<Message> {
    let config = guild_config::cached(ctx, interaction.guild_id).await?;
    if !config.levels.enabled {
        return Err(Error::user(LEVELS_OFF));
    }
    let nothing = || Error::user(cards::nothing_yet(person, person.id == interaction.actor.id));
    if person.is_bot {
        return Err(nothing());
    }
    let row: Option<store::Member> = ctx.query(store::get(interaction.guild_id, person.id)).await?.first()?;
    let row = row.filter(|row| row.total() > 0 || row.messages > 0 || row.voice_seconds > 0).ok_or_else(nothing)?;
    let places = places(ctx, interaction, &config, person.id).await;
    Ok(cards::rank(&config.levels, config.color, person, &row, &places))
}

/// A card without places is better than none: the row in D1 is the record.
async fn places(ctx: &Ctx, interaction: &Interaction, config: &GuildConfig, user: Id<UserMarker>) -> Places {
    let week = rules::periods(ctx.now(), config.zone()).week;
    let of = |span, of, period| Board { span, of, period };
    let boards = vec![
        of(Span::All, Of::Total, 0),
        of(Span::Week, Of::Total, week),
        of(Span::Week, Of::Text, week),
        of(Span::Week, Of::Voice, week),
    ];
    let answer = match ctx.leaderboards.ask(interaction.guild_id, Question::Places { boards, user }).await {
        Ok(answer) => answer,
        Err(error) => {
            ctx.warn("places are not known", json!({ "guild": interaction.guild_id, "error": error }));
            return Places::default();
        }
    };
    let place = |index: usize| answer.places.get(index).copied().flatten();
    let score = |index: usize| place(index).map_or(0, |place| place.score);
    Places { members: answer.members, overall: place(0), week: place(1), week_text: score(2), week_voice: score(3) }
}
