//! Purpose: how published posts do: counts are read every hour, in rounds that stop and go on, and tiers become points.
//!
//! A member's posts on one platform are one row (`mission_polls`) with its own due time, so one dead token slows nobody else down.

use super::{store, store::Poll};
use crate::{
    ctx::Ctx,
    error::Result,
    features::missions::store::Post,
    guild_config,
    points::{self, Versioned, rules::counted},
    social::{Kind, Metrics, Refusal, accounts, tokens, tokens::Trouble},
    sql::Statement,
};
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

pub const EVERY_MS: i64 = 3_600_000;
/// X takes money for every post that is read, once per UTC day.
const EVERY_ON_X_MS: i64 = 24 * 3_600_000;
/// Posts older than this are no longer asked about: what they bring is in by then.
const ASKED_MS: i64 = 30 * 24 * 3_600_000;
/// Posts of one round: each is up to one call and four statements, and an invocation may make 50 of both on Cloudflare's free plan.
const POSTS: u32 = 8;
/// Statements of one batch.
const BATCH: usize = 20;
const BACK_OFF_MAX: u32 = 5;

/// Between two rounds on a platform.
pub fn interval(kind: Kind) -> i64 {
    if kind == Kind::X { EVERY_ON_X_MS } else { EVERY_MS }
}

/// The row is due: one round, or a part of it. Gives when the next is due.
pub async fn on_timer(ctx: &Ctx, guild: Id<GuildMarker>, key: &str) -> Result<Option<i64>> {
    let Some((user, kind)) = parse(key) else { return Ok(None) };
    let poll: Option<Poll> = ctx.query(store::get_poll(guild, user, kind)).await?.first()?;
    let Some(poll) = poll else { return Ok(None) };
    let now = ctx.now();
    if poll.due_at > now {
        return Ok(Some(poll.due_at));
    }
    let at_once = kind.platform().metrics_at_once();
    let posts: Vec<Post> = ctx.query(store::list_polled(&poll, now - ASKED_MS, POSTS)).await?.all()?;
    if posts.is_empty() && poll.after_id.is_empty() {
        ctx.query(store::delete_poll(&poll)).await?;
        return Ok(None);
    }
    let is_last = posts.len() < POSTS as usize;
    let (statements, outcome) = ask(ctx, &poll, kind, &posts, at_once).await?;
    let next = match outcome {
        Ok(()) if is_last => {
            Poll { after_id: String::new(), failures: 0, due_at: now + interval(kind), ..poll.clone() }
        }
        Ok(()) => {
            let after_id = posts.last().map(|post| post.id.clone()).unwrap_or_default();
            // The rest has the outside calls of another invocation.
            Poll { after_id, failures: 0, due_at: now, ..poll.clone() }
        }
        Err(wait) => {
            let failures = (poll.failures + 1).min(BACK_OFF_MAX);
            Poll { failures, due_at: now + wait.max(EVERY_MS << failures.min(BACK_OFF_MAX)), ..poll.clone() }
        }
    };
    // The place at which the round goes on comes last: what is written twice before that changes nothing.
    for part in statements.chunks(BATCH) {
        ctx.batch(part.to_vec()).await?;
    }
    ctx.query(store::set_poll(&next, &poll)).await?;
    Ok(Some(next.due_at))
}

fn parse(key: &str) -> Option<(Id<UserMarker>, Kind)> {
    let (user, kind) = key.split_once(':')?;
    Some((user.parse().ok()?, Kind::of(kind)?))
}

/// Reads the counts of these posts. Gives what to write, and how long to wait where the platform did not answer them all.
async fn ask(
    ctx: &Ctx,
    poll: &Poll,
    kind: Kind,
    posts: &[Post],
    at_once: usize,
) -> Result<(Vec<Statement>, std::result::Result<(), i64>)> {
    let mut statements = Vec::new();
    let Some(app) = tokens::app_of(ctx, kind).filter(|app| kind.platform().capabilities(app).has_metrics) else {
        return Ok((statements, Err(EVERY_ON_X_MS)));
    };
    let accounts = accounts::list(ctx, poll.guild_id, poll.user_id).await?;
    let Some(account) = accounts.into_iter().find(|one| one.platform == kind.key()) else {
        return Ok((statements, Err(EVERY_ON_X_MS)));
    };
    let access = match tokens::fresh(ctx, &account).await {
        Ok(access) => access,
        Err(Trouble::Failed(error)) => return Err(error),
        Err(_) => return Ok((statements, Err(EVERY_MS))),
    };
    let acting = accounts::acting(app, &account, &access);
    let rules = points::rules(ctx, poll.guild_id).await?;
    let platform = kind.platform();
    for part in posts.chunks(at_once) {
        let ids: Vec<&str> = part.iter().map(|post| post.post_ref.as_str()).collect();
        let told = match ctx.http.send(platform.metrics(&acting, &ids)).await {
            Ok(answer) => platform.read_metrics(&answer, &ids),
            Err(why) => Err(Refusal::Unknown(why.0)),
        };
        match told {
            Ok(counts) => {
                for post in part {
                    let found = counts.iter().find(|(id, _)| *id == post.post_ref);
                    statements.extend(noted(ctx, kind, post, found.map(|(_, metrics)| *metrics), &rules).await?);
                }
            }
            Err(Refusal::Token) => {
                tokens::refused(ctx, &account).await?;
                return Ok((statements, Err(EVERY_MS)));
            }
            Err(Refusal::Later(wait)) => return Ok((statements, Err(wait))),
            Err(_) => return Ok((statements, Err(0))),
        }
    }
    Ok((statements, Ok(())))
}

/// A post's new counts and the tiers that they reach; `None` when the platform no longer knows the post.
async fn noted(
    ctx: &Ctx,
    kind: Kind,
    post: &Post,
    metrics: Option<Metrics>,
    rules: &Versioned,
) -> Result<Vec<Statement>> {
    let now = ctx.now();
    let Some(metrics) = metrics else { return Ok(vec![store::set_gone(post, now)]) };
    let mut statements = vec![store::set_metrics(post, &metrics, now)];
    let Some(counted) = counted(kind, &metrics).filter(|_| rules.rules.rewards(kind)) else {
        return Ok(statements);
    };
    let month = points::month_of(guild_config::cached(ctx, post.guild_id).await?.zone(), now);
    let what = if kind == Kind::LinkedIn { "reactions" } else { "views" };
    for (place, tier) in rules.rules.tiers(kind).iter().enumerate().filter(|(_, tier)| tier.at <= counted) {
        let cause = format!("tier:{}:{place}", post.id);
        let reason = format!("{} {what} on {}", tier.at, kind.name());
        statements.push(points::store::insert(&points::store::Entry {
            id: ctx.random_hex(8),
            guild: post.guild_id,
            user: post.user_id,
            mission: &post.mission_id,
            post: &post.id,
            kind: "engagement",
            units: 1,
            points: tier.points,
            rule_version: rules.version,
            reason: &reason,
            month: &month,
            at: now,
            cause: &cause,
        }));
    }
    Ok(statements)
}
