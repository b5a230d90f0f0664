//! Purpose: the board of mission points, of a month or of all time: its pages, and how it looks in Discord.
//!
//! Custom ids: `missions:board:<month or all>:<page or me>:<owner>`.

mod store;

use super::{ALL, is_month, month_of, store as points};
use crate::{
    ctx::Ctx,
    custom_id::CustomId,
    error::{Error, Result},
    guild_config,
    interaction::Interaction,
    reply::{Message, Reply, cards},
    text::{count, number},
};
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

/// Members on one page.
pub const PER_PAGE: usize = 10;

pub struct Row {
    /// From 1; equal points share it.
    pub place: usize,
    pub user: Id<UserMarker>,
    pub points: i64,
}

/// Where a page begins.
pub enum From {
    /// Rows that come before it.
    Row(usize),
    /// After a member with so many points, who may have moved since.
    After((i64, Id<UserMarker>)),
}

pub struct Page {
    pub rows: Vec<Row>,
    /// Rows before the first.
    pub start: usize,
    pub members: usize,
}

fn cut(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

async fn one(ctx: &Ctx, statement: crate::sql::Statement) -> Result<usize> {
    Ok(ctx.query(statement).await?.first::<points::Counted>()?.map_or(0, |counted| counted.n as usize))
}

/// A page of `month`, or of `ALL`.
pub async fn page(ctx: &Ctx, guild: Id<GuildMarker>, month: &str, from: From, size: usize) -> Result<Page> {
    let rows = match from {
        From::Row(skip) => points::top(guild, month, cut(size), cut(skip)),
        From::After((points, user)) => store::top_after(guild, month, points, user, cut(size)),
    };
    let results = ctx.batch(vec![rows, points::count(guild, month)]).await?;
    let [rows, members] = &results[..] else { return Err(Error::internal("two results expected")) };
    let totals: Vec<points::Total> = rows.all()?;
    let members = members.first::<points::Counted>()?.map_or(0, |counted| counted.n as usize);
    let Some(first) = totals.first() else { return Ok(Page { rows: Vec::new(), start: members, members }) };
    let start = match from {
        From::Row(skip) => skip,
        From::After(_) => one(ctx, store::count_before(guild, month, first.points, first.user_id)).await?,
    };
    let mut place = 1 + one(ctx, store::count_above(guild, month, first.points)).await?;
    let mut points = first.points;
    let mut ranked = Vec::new();
    for (index, total) in totals.iter().enumerate() {
        if total.points != points {
            (place, points) = (start + index + 1, total.points);
        }
        ranked.push(Row { place, user: total.user_id, points });
    }
    Ok(Page { rows: ranked, start, members })
}

/// Whether anybody has points.
pub async fn has_any(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<bool> {
    Ok(one(ctx, points::count(guild, ALL)).await? > 0)
}

/// `/leaderboard` of missions: of the month that runs, or of all time.
pub async fn show(ctx: &Ctx, interaction: &Interaction, this_month: bool, number: usize) -> Result<Reply> {
    let zone = guild_config::cached(ctx, interaction.guild_id).await?.zone();
    let month = if this_month { month_of(zone, ctx.now()) } else { ALL.to_owned() };
    Ok(Reply::Public(message(ctx, interaction, &month, Some(number)).await?))
}

/// The same of one month, as somebody wrote it.
///
/// # Errors
/// `User` for what is no month.
pub async fn show_month(ctx: &Ctx, interaction: &Interaction, month: &str, number: usize) -> Result<Reply> {
    if !is_month(month) {
        return Err(Error::user("Write the month like 2026-11."));
    }
    Ok(Reply::Public(message(ctx, interaction, month, Some(number)).await?))
}

/// The buttons. Whoever asked for the board turns its pages; others get one of their own.
pub async fn on_page(ctx: &Ctx, interaction: &Interaction, id: &CustomId) -> Result<Reply> {
    let other = || Error::user("This belongs to another version of Muster. Please use the command again.");
    let month = Some(id.get(0)).filter(|month| *month == ALL || is_month(month)).ok_or_else(other)?;
    let number = match id.get(1) {
        "me" => None,
        text => Some(text.parse().map_err(|_| other())?),
    };
    let message = message(ctx, interaction, month, number).await?;
    let is_own = id.get(2) == interaction.actor.id.to_string();
    Ok(if is_own { Reply::Update(message) } else { Reply::Private(message) })
}

/// `number`: the page, from 0; the one on which the asking member stands for `None`.
async fn message(ctx: &Ctx, interaction: &Interaction, month: &str, number: Option<usize>) -> Result<Message> {
    let (guild, user) = (interaction.guild_id, interaction.actor.id);
    let own: Option<points::Standing> = ctx.query(points::standing(guild, month, user)).await?.first()?;
    let number = match (number, own) {
        (Some(number), _) => number,
        (None, Some(own)) => one(ctx, store::count_before(guild, month, own.points, user)).await? / PER_PAGE,
        (None, None) => 0,
    };
    let read = |number: usize| page(ctx, guild, month, From::Row(number.saturating_mul(PER_PAGE)), PER_PAGE);
    let mut number = number;
    let mut found = read(number).await?;
    let last = found.members.div_ceil(PER_PAGE).max(1) - 1;
    if number > last {
        number = last;
        found = read(last).await?;
    }
    let color = guild_config::cached(ctx, guild).await?.color;
    Ok(view(color, month, (number, last), &found, (user, own)))
}

fn points_of(points: i64) -> String {
    let sign = if points < 0 { "−" } else { "" };
    format!("{sign}{}", number(points.unsigned_abs()))
}

fn view(
    color: u32,
    month: &str,
    (page, last): (usize, usize),
    found: &Page,
    (owner, own): (Id<UserMarker>, Option<points::Standing>),
) -> Message {
    let medals = ["🥇", "🥈", "🥉"];
    let line = |row: &Row| {
        let medal = medals.get(row.place.wrapping_sub(1));
        let place = medal.map_or_else(|| format!("`{:>2}`", row.place), |medal| (*medal).to_owned());
        let you = if row.user == owner { " ← you" } else { "" };
        format!("{place} <@{}> · **{}** points{you}", row.user, points_of(row.points))
    };
    let lines: Vec<String> = found.rows.iter().map(line).collect();
    let empty = "Nobody has points from missions here yet. `/missions` shows what is on.";
    let text = if lines.is_empty() { empty.to_owned() } else { lines.join("\n") };
    let period = if month == ALL { "All time".to_owned() } else { month.to_owned() };
    let stands = own.map_or_else(
        || "You are not on this list yet".to_owned(),
        |own| format!("You: **#{}** with {} points", own.place.unwrap_or(0), points_of(own.points)),
    );
    let members = count(found.members as u64, "member", "members");
    let footer = format!("-# {stands} · page {} of {} · {members}", page + 1, last + 1);
    // Two buttons may lead to the same page, but Discord wants their ids to differ.
    let id = |target: &str, name: &str| CustomId::new("missions", "board").arg(month).arg(target).arg(owner).arg(name);
    let mut parts = vec![
        cards::text(format!("## 📣 Missions\n{period}")),
        cards::text(text),
        cards::separator(),
        cards::text(footer),
    ];
    if last > 0 {
        parts.push(cards::row(vec![
            cards::step(&id(&page.saturating_sub(1).to_string(), "previous"), "Previous", "◀️", page > 0),
            cards::step(&id("me", "me"), "Jump to me", "📍", own.is_some()),
            cards::step(&id(&(page + 1).min(last).to_string(), "next"), "Next", "▶️", page < last),
        ]));
    }
    cards::message(vec![cards::container(color, parts)])
}
