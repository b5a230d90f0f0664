//! Purpose: how published posts do: counts are read every hour, in rounds that stop and go on, and tiers become points.
//!
//! A member's posts on one platform are one row (`mission_polls`) with its own due time, so one dead token slows nobody else down; and a
//! post that a platform refuses has a time of its own (`ask_after`), so that it keeps no other post waiting.

use super::{budget, store, store::Poll};
use crate::{
    ctx::Ctx,
    error::Result,
    features::missions::store::Post,
    guild_config,
    points::{
        self, Versioned,
        rules::{counted, tier_cause, tier_reason},
    },
    social::{Acting, Kind, Metrics, Refusal, Told, accounts, store::Account, tokens, tokens::Trouble},
    sql::Statement,
};
use std::collections::VecDeque;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

pub const EVERY_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * EVERY_MS;
/// X takes money for every post that is read, once per UTC day.
const EVERY_ON_X_MS: i64 = DAY_MS;
/// Posts older than this are no longer asked about: what they bring is in by then.
pub const ASKED_MS: i64 = 30 * DAY_MS;
/// Posts of one round: each is up to two calls and a statement, and an invocation may make 50 of both on Cloudflare's free plan.
const POSTS: u32 = 8;
/// Statements of one batch.
const BATCH: usize = 20;
const BACK_OFF_MAX: u32 = 5;
/// The least pause where a platform says "not now".
const PAUSE_MS: i64 = 60_000;

/// Between two rounds on a platform.
pub fn interval(kind: Kind) -> i64 {
    if kind == Kind::X { EVERY_ON_X_MS } else { EVERY_MS }
}

/// Why a round stops before its end.
enum Stop {
    /// Nothing is wrong; again after so many milliseconds.
    Wait(i64),
    /// Something is: again after ever more hours.
    BackOff,
}

/// What a round, or a part of it, came to.
#[derive(Default)]
struct Round {
    statements: Vec<Statement>,
    tiers: Vec<points::store::Tier>,
    /// Posts for which a platform takes money.
    reads: u32,
    /// The last post that was dealt with.
    last: Option<String>,
    stop: Option<Stop>,
}

impl Round {
    fn stopped(stop: Stop) -> Self {
        Self { stop: Some(stop), ..Self::default() }
    }
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
    let posts: Vec<Post> = ctx.query(store::list_polled(&poll, now - ASKED_MS, POSTS)).await?.all()?;
    if posts.is_empty() && poll.after_id.is_empty() {
        ctx.query(store::delete_poll(&poll)).await?;
        return Ok(None);
    }
    let is_last = posts.len() < POSTS as usize;
    let rules = points::rules(ctx, guild).await?;
    let mut round = ask(ctx, &poll, kind, &posts, &rules).await?;
    let next = match round.stop {
        None if is_last => Poll { after_id: String::new(), failures: 0, due_at: now + interval(kind), ..poll.clone() },
        None => {
            let after_id = posts.last().map(|post| post.id.clone()).unwrap_or_default();
            // The rest has the outside calls of another invocation.
            Poll { after_id, failures: 0, due_at: now, ..poll.clone() }
        }
        Some(stop) => {
            let after_id = round.last.unwrap_or_else(|| poll.after_id.clone());
            let failed = (poll.failures + 1).min(BACK_OFF_MAX);
            let (failures, wait) = match stop {
                Stop::Wait(wait) => (poll.failures, wait.max(PAUSE_MS)),
                Stop::BackOff => (failed, EVERY_MS << failed),
            };
            Poll { after_id, failures, due_at: now + wait, ..poll.clone() }
        }
    };
    if round.reads > 0 {
        round.statements.extend(budget::note(guild, kind, now, round.reads));
    }
    if !round.tiers.is_empty() {
        let month = points::month_of(guild_config::cached(ctx, guild).await?.zone(), now);
        let at = points::store::At { guild, rule_version: rules.version, month: &month, at: now };
        round.statements.push(points::store::insert_tiers(&at, &round.tiers)?);
    }
    // The place at which the round goes on comes last: what is written twice before that changes nothing.
    for part in round.statements.chunks(BATCH) {
        ctx.batch(part.to_vec()).await?;
    }
    ctx.query(store::set_poll(&next, &poll)).await?;
    Ok(Some(next.due_at))
}

fn parse(key: &str) -> Option<(Id<UserMarker>, Kind)> {
    let (user, kind) = key.split_once(':')?;
    Some((user.parse().ok()?, Kind::of(kind)?))
}

/// Reads the counts of these posts.
async fn ask(ctx: &Ctx, poll: &Poll, kind: Kind, posts: &[Post], rules: &Versioned) -> Result<Round> {
    let now = ctx.now();
    let Some(app) = tokens::app_of(ctx, kind).filter(|app| kind.platform().capabilities(app).has_metrics) else {
        return Ok(Round::stopped(Stop::Wait(DAY_MS)));
    };
    let accounts = accounts::list(ctx, poll.guild_id, poll.user_id).await?;
    let Some(account) = accounts.into_iter().find(|one| one.platform == kind.key()) else {
        return Ok(Round::stopped(Stop::Wait(DAY_MS)));
    };
    let asked = posts.iter().filter(|post| post.ask_after <= now);
    let room = budget::room(ctx, poll.guild_id, kind, &rules.rules).await?;
    let mut asked: Vec<&Post> = asked.collect();
    let is_short = asked.len() > room;
    asked.truncate(room);
    if asked.is_empty() {
        return Ok(Round { stop: is_short.then_some(Stop::Wait(DAY_MS)), ..Round::default() });
    }
    let access = match tokens::fresh(ctx, &account).await {
        Ok(access) => access,
        Err(Trouble::Failed(error)) => return Err(error),
        Err(_) => return Ok(Round::stopped(Stop::BackOff)),
    };
    let acting = accounts::acting(app, &account, &access);
    let mut round = Round::default();
    let mut parts: VecDeque<&[&Post]> = asked.chunks(kind.platform().metrics_at_once()).collect();
    while let Some(part) = parts.pop_front() {
        match read(ctx, kind, &acting, part).await {
            Ok(counts) => {
                for post in part {
                    let found = counts.iter().find(|(id, _)| *id == post.post_ref).map(|(_, metrics)| *metrics);
                    noted(&mut round, (kind, &account, rules), post, found, now);
                }
            }
            // One of them spoils the call for all: which, the platform says when asked about each.
            Err(Refusal::Rejected(_)) if part.len() > 1 => {
                for one in part.chunks(1).rev() {
                    parts.push_front(one);
                }
                continue;
            }
            Err(Refusal::Rejected(why)) => {
                round.statements.extend(part.iter().map(|post| refused(post, &why, now)));
            }
            Err(Refusal::Token) => {
                tokens::refused(ctx, &account).await?;
                round.stop = Some(Stop::BackOff);
            }
            Err(Refusal::Later(wait)) => round.stop = Some(Stop::Wait(wait)),
            Err(Refusal::Unknown(_) | Refusal::Nobody(_)) => round.stop = Some(Stop::BackOff),
        }
        if round.stop.is_some() {
            return Ok(round);
        }
        round.last = part.last().map(|post| post.id.clone());
    }
    round.stop = is_short.then_some(Stop::Wait(DAY_MS));
    Ok(round)
}

async fn read(ctx: &Ctx, kind: Kind, acting: &Acting<'_>, part: &[&Post]) -> Told<Vec<(String, Metrics)>> {
    let ids: Vec<&str> = part.iter().map(|post| post.post_ref.as_str()).collect();
    match ctx.http.send(kind.platform().metrics(acting, &ids)).await {
        Ok(answer) => kind.platform().read_metrics(&answer, &ids),
        Err(why) => Err(Refusal::Unknown(why.0)),
    }
}

/// Asked again after ever more hours, and in the end no more.
fn again(post: &Post, refusals: u32, reason: &str, now: i64) -> Statement {
    store::set_refused(post, refusals, now + (EVERY_MS << refusals.min(store::GIVE_UP)), reason, now)
}

fn refused(post: &Post, why: &str, now: i64) -> Statement {
    let refusals = post.refusals + 1;
    let is_over = refusals >= store::GIVE_UP;
    let what = if is_over { "its counts are no longer read" } else { "its counts were refused" };
    again(post, refusals, &format!("{what}: {why}"), now)
}

/// Whether the account that is connected now is another than the one that published a post, or may be: rows of before do not say.
fn may_be_anothers(account: &Account, kind: Kind, post: &Post) -> bool {
    match &post.account_hash {
        Some(hash) => *hash != accounts::hash_of(account, kind),
        None => post.published_at.is_none_or(|at| at < account.connected_at),
    }
}

/// A post's new counts and the tiers that they reach; `None` when the platform does not know the post.
fn noted(
    round: &mut Round,
    (kind, account, rules): (Kind, &Account, &Versioned),
    post: &Post,
    metrics: Option<Metrics>,
    now: i64,
) {
    let Some(metrics) = metrics else {
        let refusals = post.refusals + 1;
        round.statements.push(if may_be_anothers(account, kind, post) {
            // The account that published it may come back: it is never given up.
            let reason = "its counts cannot be read: another account is connected now";
            again(post, refusals.min(store::GIVE_UP - 1), reason, now)
        } else {
            again(post, refusals, "no longer there", now)
        });
        return;
    };
    if budget::is_read_anew(kind, post, now) {
        round.reads += 1;
    }
    round.statements.push(store::set_metrics(post, &metrics, now));
    let Some(counted) = counted(kind, &metrics).filter(|_| rules.rules.rewards(kind)) else { return };
    for tier in rules.rules.tiers(kind).iter().filter(|tier| tier.at <= counted && tier.points != 0) {
        round.tiers.push(points::store::Tier {
            user: post.user_id,
            mission: post.mission_id.clone(),
            post: post.id.clone(),
            points: tier.points,
            reason: tier_reason(kind, tier.at),
            cause: tier_cause(kind, &post.id, tier.at),
        });
    }
}
