//! Purpose: `/leaderboard`: pages of the server's lists, with their buttons.

use super::{
    super::{
        cards::{self, LEVELS_OFF, List, PER_PAGE, Page, period_name},
        rules,
    },
    unreadable,
};
use crate::{
    ctx::Ctx,
    custom_id::CustomId,
    error::{Error, Result},
    guild_config::{self, GuildConfig},
    interaction::Interaction,
    leaderboard::{Answer, Board, Of, Question, Span},
    points,
    reply::{Message, Reply},
};
use twilight_interactions::command::{CommandModel, CommandOption, CreateCommand, CreateOption};
use twilight_model::{
    application::{command::Command, interaction::application_command::CommandData},
    id::{
        Id,
        marker::{GuildMarker, UserMarker},
    },
};

#[derive(CommandOption, CreateOption, Clone, Copy)]
enum When {
    #[option(name = "All time", value = "all")]
    All,
    #[option(name = "This week", value = "week")]
    Week,
    #[option(name = "This month", value = "month")]
    Month,
    #[option(name = "Missions, all time", value = "missions")]
    Missions,
    #[option(name = "Missions, this month", value = "missions_month")]
    MissionsMonth,
}

#[derive(CommandOption, CreateOption, Clone, Copy)]
enum Kind {
    #[option(name = "Everything", value = "total")]
    Total,
    #[option(name = "Messages", value = "text")]
    Text,
    #[option(name = "Voice", value = "voice")]
    Voice,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "leaderboard", desc = "Who earned the most here: experience, or points from missions")]
struct Leaderboard {
    /// Of all time unless you choose
    board: Option<When>,
    /// Of experience: everything unless you choose
    kind: Option<Kind>,
    /// Of missions: an earlier month, like 2026-11
    #[command(min_length = 7, max_length = 7)]
    month: Option<String>,
    /// Which page; the first unless you choose
    #[command(min_value = 1, max_value = 1_000_000)]
    page: Option<i64>,
}

pub fn definition() -> Command {
    Leaderboard::create_command().into()
}

/// Which page is wanted.
#[derive(Clone, Copy)]
enum At {
    Number(usize),
    /// The one on which the asking person stands.
    Own,
}

pub async fn on_command(ctx: &Ctx, interaction: &Interaction, data: CommandData) -> Result<Reply> {
    let asked = Leaderboard::from_interaction(data.into()).map_err(unreadable)?;
    let number = asked.page.and_then(|page| usize::try_from(page - 1).ok()).unwrap_or(0);
    if let Some(month) = &asked.month {
        if !matches!(asked.board, None | Some(When::Missions | When::MissionsMonth)) {
            return Err(Error::user(
                "A month is chosen of missions alone: `board:Missions, this month month:2026-11`.",
            ));
        }
        return points::board::show_month(ctx, interaction, month, number).await;
    }
    let span = match asked.board {
        Some(When::Missions) => return points::board::show(ctx, interaction, false, number).await,
        Some(When::MissionsMonth) => return points::board::show(ctx, interaction, true, number).await,
        // Where levels are off, missions' points are the server's list, if there are any.
        None if !guild_config::cached(ctx, interaction.guild_id).await?.levels.enabled
            && points::board::has_any(ctx, interaction.guild_id).await? =>
        {
            return points::board::show(ctx, interaction, false, number).await;
        }
        None | Some(When::All) => Span::All,
        Some(When::Week) => Span::Week,
        Some(When::Month) => Span::Month,
    };
    let of = match asked.kind {
        None | Some(Kind::Total) => Of::Total,
        Some(Kind::Text) => Of::Text,
        Some(Kind::Voice) => Of::Voice,
    };
    Ok(Reply::Public(show(ctx, interaction, List { span, of }, At::Number(number)).await?))
}

/// The button of a rank card: the list on which that place is, at the presser's own.
pub async fn on_board(ctx: &Ctx, interaction: &Interaction) -> Result<Reply> {
    let list = List { span: Span::All, of: Of::Total };
    Ok(Reply::Private(show(ctx, interaction, list, At::Own).await?))
}

/// The buttons under a list: `page:<list>:<number or me>:<owner>`.
pub async fn on_page(ctx: &Ctx, interaction: &Interaction, id: &CustomId) -> Result<Reply> {
    let list = List::parse(id.get(0)).ok_or_else(super::other_version)?;
    let at = match id.get(1) {
        "me" => At::Own,
        number => At::Number(number.parse().map_err(|_| super::other_version())?),
    };
    turn(ctx, interaction, list, at, id.get(2)).await
}

/// The select under a list: `list:<owner>`.
pub async fn on_list(ctx: &Ctx, interaction: &Interaction, id: &CustomId, values: &[String]) -> Result<Reply> {
    let list = values.first().and_then(|value| List::parse(value)).ok_or_else(super::other_version)?;
    turn(ctx, interaction, list, At::Number(0), id.get(0)).await
}

/// Whoever asked for a list turns its pages; others get a list of their own.
async fn turn(ctx: &Ctx, interaction: &Interaction, list: List, at: At, owner: &str) -> Result<Reply> {
    let message = show(ctx, interaction, list, at).await?;
    let is_own = owner == interaction.actor.id.to_string();
    Ok(if is_own { Reply::Update(message) } else { Reply::Private(message) })
}

async fn show(ctx: &Ctx, interaction: &Interaction, list: List, at: At) -> Result<Message> {
    let (guild, user) = (interaction.guild_id, interaction.actor.id);
    let config = guild_config::cached(ctx, guild).await?;
    if !config.levels.enabled {
        return Err(Error::user(LEVELS_OFF));
    }
    let board = current(ctx, &config, list);
    let own = own_place(ctx, guild, board, user).await?;
    let number = match at {
        At::Number(number) => number,
        At::Own => own.map_or(0, |own| (own.place - 1) / PER_PAGE),
    };
    let (number, answer) = page(ctx, guild, board, number).await?;
    let period = period_name(board.span, board.period);
    let page = Page { list, number, answer, own, owner: user, period };
    Ok(cards::board(&config.levels, config.color, &page))
}

/// The board of this week, of this month, or of all time.
pub fn current(ctx: &Ctx, config: &GuildConfig, list: List) -> Board {
    let periods = rules::periods(ctx.now(), config.zone());
    let period = match list.span {
        Span::All => 0,
        Span::Week => periods.week,
        Span::Month => periods.month,
    };
    Board { span: list.span, of: list.of, period }
}

async fn own_place(
    ctx: &Ctx,
    guild: Id<GuildMarker>,
    board: Board,
    user: Id<UserMarker>,
) -> Result<Option<crate::leaderboard::Place>> {
    let answer = ask(ctx, guild, Question::Places { boards: vec![board], user }).await?;
    Ok(answer.places.first().copied().flatten())
}

/// That page, or the last where the list is shorter by now.
pub async fn page(ctx: &Ctx, guild: Id<GuildMarker>, board: Board, number: usize) -> Result<(usize, Answer)> {
    let read = |number: usize| Question::Page { board, skip: number.saturating_mul(PER_PAGE), count: PER_PAGE };
    let answer = ask(ctx, guild, read(number)).await?;
    let last = cards::pages(answer.members) - 1;
    if number <= last {
        return Ok((number, answer));
    }
    Ok((last, ask(ctx, guild, read(last)).await?))
}

async fn ask(ctx: &Ctx, guild: Id<GuildMarker>, question: Question) -> Result<Answer> {
    ctx.leaderboards.ask(guild, question).await.map_err(Error::retryable)
}
