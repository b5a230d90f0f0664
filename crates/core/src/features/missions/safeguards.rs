//! Purpose: what a guild does not let its members publish too often, twice, or for too much money. Judged by when posts appear, not by when
//! they were promised.

use super::{posting::Ready, rounds::budget, store};
use crate::{
    ctx::Ctx,
    error::{Error, Result},
    points::rules::Rules,
    social::{Kind, caption},
    text::count,
    time,
};
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

const DAY_MS: i64 = 24 * 3_600_000;
/// A member's posts of a week, the longest pause, by the largest number a day.
const LOOKED_AT: u32 = 7_000;

/// What a post of this text would take of the guild's budget; `None` where a platform takes no money.
pub async fn budget(
    ctx: &Ctx,
    rules: &Rules,
    guild: Id<GuildMarker>,
    kind: Kind,
    text: &str,
) -> Result<Option<store::Budget>> {
    if kind != Kind::X {
        return Ok(None);
    }
    // Reading counts costs money too.
    let limit = rules.x_budget.saturating_sub(budget::of_reads(ctx, guild, kind).await?);
    Ok(Some(store::Budget { limit, price: kind.platform().price(text), since: since(ctx) }))
}

/// What appeared before has left the budget.
fn since(ctx: &Ctx) -> i64 {
    ctx.now() - budget::PERIOD_MS
}

/// Thousandths of a US dollar that a guild's posts of the last 30 days cost, or may.
pub async fn cost_of_posts(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<u32> {
    let spent: Option<store::Spent> = ctx.query(store::spent(guild, since(ctx), None)).await?.first()?;
    Ok(spent.map_or(0, |spent| spent.cost))
}

/// Why a post on X costs more than is left. `known`: the post itself, once it was confirmed; what appears after it has its price later.
pub async fn over_budget(
    ctx: &Ctx,
    rules: &Rules,
    guild: Id<GuildMarker>,
    kind: Kind,
    text: &str,
    known: Option<&store::Post>,
) -> Result<Option<String>> {
    if kind == Kind::X && rules.x_budget == 0 {
        return Ok(Some("this server has no budget for posts on X, which cost money".to_owned()));
    }
    let Some(budget) = budget(ctx, rules, guild, kind, text).await? else { return Ok(None) };
    let spent: Option<store::Spent> = ctx.query(store::spent(guild, budget.since, known)).await?.first()?;
    let is_over = spent.map_or(0, |spent| spent.cost) + budget.price > budget.limit;
    Ok(is_over.then(|| "this server's budget for posts on X is used up for now".to_owned()))
}

/// Most posts of any 24 hours in which one that appears at `at` would be. `times` in their order.
fn fullest_day(times: &[i64], at: i64) -> usize {
    let until = |end: i64| times.partition_point(|time| *time < end);
    let begins = times.iter().copied().chain([at]).filter(|begin| (0..DAY_MS).contains(&(at - begin)));
    begins.map(|begin| until(begin + DAY_MS) - until(begin)).max().unwrap_or(0)
}

/// The first moment from `at` on that keeps the pause to every post, with the post that is in the way; `None` where nothing is. `times` in
/// their order.
fn after_pause(times: &[i64], at: i64, pause: i64) -> Option<(i64, i64)> {
    let (mut free, mut first) = (at, None);
    for time in times {
        if (time - free).abs() < pause {
            first = first.or(Some(*time));
            free = time + pause;
        }
    }
    first.map(|first| (first, free))
}

/// Cooldown, posts per day and the same words under another mission, for a post that is to appear at `at`.
pub async fn check(ctx: &Ctx, user: Id<UserMarker>, ready: &Ready, at: i64) -> Result<()> {
    let (guild, rules) = (ready.mission.guild_id, &ready.rules);
    let pause = i64::from(rules.cooldown_minutes) * 60_000;
    let around = pause.max(DAY_MS);
    let essence = caption::essence(&ready.text);
    let results = ctx
        .batch(vec![
            store::list_appearances(guild, user, at - around, at + around, LOOKED_AT),
            store::get_same(guild, user, &ready.mission.id, &essence),
        ])
        .await?;
    let [appearances, same] = &results[..] else { return Err(Error::internal("two statements give two results")) };
    // A text without letters is like any other without letters.
    if !essence.is_empty() && same.first::<store::Same>()?.is_some() {
        return Err(Error::user(
            "You have published these very words for another mission. Platforms take the same text twice for spam.",
        ));
    }
    let times: Vec<i64> = appearances.all::<store::Appearance>()?.into_iter().map(|row| row.at).collect();
    let day = fullest_day(&times, at);
    if rules.posts_per_day > 0 && day >= rules.posts_per_day as usize {
        let posts = count(day as u64, "post", "posts");
        return Err(Error::User(format!(
            "You have published {posts} in 24 hours, as many as this server allows. Try again later."
        )));
    }
    let Some((other, free)) = after_pause(&times, at, pause) else { return Ok(()) };
    let why = if other > ctx.now() {
        let (other, free) = (time::relative(other), time::relative(free));
        format!(
            "This server asks for a pause between posts, and one of yours is to appear {other}: choose {free} or later."
        )
    } else {
        let free = time::relative(free);
        format!("This server asks for a pause between posts: you can publish again {free}.")
    };
    Err(Error::User(why))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    #[test]
    fn a_day_is_any_24_hours() {
        let times = [0, 10 * HOUR, 30 * HOUR];
        assert_eq!(fullest_day(&times, 12 * HOUR), 2);
        assert_eq!(fullest_day(&times, 28 * HOUR), 2, "ten and thirty");
        assert_eq!(fullest_day(&times, 60 * HOUR), 0);
        assert_eq!(fullest_day(&[0], DAY_MS), 0, "a day later is another day");
        assert_eq!(fullest_day(&[5 * HOUR, 6 * HOUR], 0), 2, "what is to come counts too");
    }

    #[test]
    fn a_pause_is_kept_to_what_was_and_to_what_is_to_come() {
        assert_eq!(after_pause(&[0, 10 * HOUR], 5 * HOUR, HOUR), None);
        assert_eq!(after_pause(&[0], HOUR / 2, HOUR), Some((0, HOUR)));
        assert_eq!(after_pause(&[0], HOUR, HOUR), None);
        assert_eq!(after_pause(&[HOUR], HOUR / 2, HOUR), Some((HOUR, 2 * HOUR)));
        assert_eq!(after_pause(&[0, 3 * HOUR / 2], HOUR / 2, HOUR), Some((0, 5 * HOUR / 2)), "no room between the two");
        assert_eq!(after_pause(&[0, 0], 0, 0), None);
    }
}
