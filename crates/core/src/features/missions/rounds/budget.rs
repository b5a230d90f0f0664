//! Purpose: what X costs a guild: posts that are published and posts that are read, against its budget of 30 days.
//!
//! Table: mission_reads. Counts on X are read though they bring no points unless somebody switches that on, because the pages of a
//! mission show them; never beyond the budget, and not at all while X is off.

use super::store;
use crate::{
    ctx::Ctx,
    error::Result,
    features::missions::{safeguards, store::Post},
    points::rules::Rules,
    social::Kind,
    sql::Statement,
};
use twilight_model::id::{Id, marker::GuildMarker};

const DAY_MS: i64 = 24 * 3_600_000;
/// A budget is for so long.
pub const PERIOD_MS: i64 = 30 * DAY_MS;
/// Thousandths of a US dollar for reading a post (X's price list of April 2026; what is read of one's own may be cheaper).
const READ: u32 = 5;

/// Thousandths of a US dollar that readings of the last 30 days cost.
pub async fn of_reads(ctx: &Ctx, guild: Id<GuildMarker>, kind: Kind) -> Result<u32> {
    let since = (ctx.now() - PERIOD_MS).div_euclid(DAY_MS);
    let read: Option<store::Reads> = ctx.query(store::count_reads(guild, kind, since)).await?.first()?;
    Ok(read.map_or(0, |read| read.posts.saturating_mul(READ)))
}

/// Thousandths of a US dollar of the last 30 days.
pub async fn spent(ctx: &Ctx, guild: Id<GuildMarker>, kind: Kind) -> Result<u32> {
    Ok(safeguards::cost_of_posts(ctx, guild).await?.saturating_add(of_reads(ctx, guild, kind).await?))
}

/// Whether not even one more post can be read.
pub fn is_used_up(rules: &Rules, spent: u32) -> bool {
    rules.x_budget > 0 && spent.saturating_add(READ) > rules.x_budget
}

/// How many posts may still be read.
pub async fn room(ctx: &Ctx, guild: Id<GuildMarker>, kind: Kind, rules: &Rules) -> Result<usize> {
    if kind != Kind::X {
        return Ok(usize::MAX);
    }
    if rules.x_budget == 0 {
        return Ok(0);
    }
    let left = rules.x_budget.saturating_sub(spent(ctx, guild, kind).await?);
    Ok((left / READ) as usize)
}

/// Whether reading a post costs something: X takes money for a post once per UTC day.
pub fn is_read_anew(kind: Kind, post: &Post, now: i64) -> bool {
    kind == Kind::X && post.metrics_at.is_none_or(|at| at.div_euclid(DAY_MS) != now.div_euclid(DAY_MS))
}

/// Writes down what was read, and forgets what no budget looks at any more.
pub fn note(guild: Id<GuildMarker>, kind: Kind, now: i64, posts: u32) -> [Statement; 2] {
    let day = now.div_euclid(DAY_MS);
    [
        store::add_reads(guild, kind, day, posts),
        store::delete_reads(guild, kind, (now - 2 * PERIOD_MS).div_euclid(DAY_MS)),
    ]
}
