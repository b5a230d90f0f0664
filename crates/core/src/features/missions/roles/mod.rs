//! Purpose: the role of a member's score: given and taken when the score crosses a rank, whoever changed it; and looked at on Discord
//! for everybody when somebody asks for it or the ranks were changed (`mission_syncs`).
//!
//! A score that crosses no rank asks Discord nothing: what was given last stands in D1. Only a look at everybody finds what others changed.

pub mod store;

use crate::{
    ctx::Ctx,
    discord::{self, CallError, codes},
    error::{Error, Result},
    points::{self, rules::Rules, store as points_store},
    ports::Timer,
};
use serde_json::json;
use std::collections::BTreeSet;
use store::Sync;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, RoleMarker, UserMarker},
};

/// What Discord refuses today it will refuse in a minute: a role above Muster's, a right that is missing.
const REFUSED_MS: i64 = 6 * 3_600_000;
/// Members of one step of a look at everybody: each is a call, and two more where something is wrong; with ten ranks at most twelve.
const MEMBERS: u32 = 4;

/// What came of looking at a member.
enum Looked {
    Mended {
        given: u32,
        taken: u32,
    },
    /// Not in the server.
    Left,
    /// The rank's role is not there any more.
    RoleGone,
    Refused,
}

/// The row is due: has the member carry the role of their score, and of no other rank.
pub async fn on_timer(ctx: &Ctx, guild: Id<GuildMarker>, user: &str) -> Result<Option<i64>> {
    let Ok(user) = user.parse::<Id<UserMarker>>() else { return Ok(None) };
    let results =
        ctx.batch(vec![points_store::get_role(guild, user), points_store::standing(guild, points::ALL, user)]).await?;
    let [row, standing] = &results[..] else { return Err(Error::internal("two results expected")) };
    let Some(row) = row.first::<points_store::RoleRow>()? else { return Ok(None) };
    match row.due_at {
        None => return Ok(None),
        Some(due) if due > ctx.now() => return Ok(Some(due)),
        Some(_) => {}
    }
    let points = standing.first::<points_store::Standing>()?.map_or(0, |standing| standing.points);
    let rules = points::rules(ctx, guild).await?.rules;
    let wanted = rules.rank(points).and_then(|(_, rank)| rank.role);
    let had = row.role_id.parse::<Id<RoleMarker>>().ok();
    // Points that come meanwhile set another time: then it is due again.
    let kept = |role, due_at| points_store::set_role(guild, user, role, row.due_at, due_at);
    if wanted == had {
        ctx.query(kept(wanted, None)).await?;
        return Ok(None);
    }
    match mend(ctx, guild, user, &rules, (had, wanted)).await? {
        Looked::Mended { .. } => ctx.query(kept(wanted, None)).await?,
        // Nobody to carry it; whoever comes back gets it with the next points, or by a look at everybody.
        Looked::Left => ctx.query(kept(None, None)).await?,
        // Choosing another role for the rank has everybody looked at.
        Looked::RoleGone => ctx.query(kept(had, None)).await?,
        Looked::Refused => {
            let later = ctx.now() + REFUSED_MS;
            ctx.query(kept(had, Some(later))).await?;
            return Ok(Some(later));
        }
    };
    Ok(None)
}

/// Has a member carry `wanted` and the role of no other rank, by what they carry on Discord. `had`: what Muster gave last, which may
/// be the role of no rank any more.
async fn mend(
    ctx: &Ctx,
    guild: Id<GuildMarker>,
    user: Id<UserMarker>,
    rules: &Rules,
    (had, wanted): (Option<Id<RoleMarker>>, Option<Id<RoleMarker>>),
) -> Result<Looked> {
    let carried = match discord::fetch_member(ctx, guild, user).await {
        Ok(member) => member.roles,
        Err(error) => return refusal(error),
    };
    let (mut given, mut taken) = (0, 0);
    // First the new one: what Discord refuses costs nobody the old one.
    if let Some(role) = wanted.filter(|role| !carried.contains(role)) {
        if let Err(error) = discord::set_role(ctx, guild, user, role, true, "rank by mission points").await {
            return refusal(error);
        }
        given += 1;
    }
    let ours: BTreeSet<Id<RoleMarker>> = rules.ranks.iter().filter_map(|rank| rank.role).chain(had).collect();
    for role in ours.into_iter().filter(|role| Some(*role) != wanted && carried.contains(role)) {
        if let Err(error) = discord::set_role(ctx, guild, user, role, false, "rank by mission points").await {
            return refusal(error);
        }
        taken += 1;
    }
    Ok(Looked::Mended { given, taken })
}

/// # Errors
/// What may be tried again at once.
fn refusal(error: CallError) -> Result<Looked> {
    match error {
        CallError::Refused { code: codes::UNKNOWN_MEMBER | codes::UNKNOWN_USER, .. } => Ok(Looked::Left),
        CallError::Refused { code: codes::UNKNOWN_ROLE, .. } => Ok(Looked::RoleGone),
        CallError::Refused { .. } => Ok(Looked::Refused),
        other => Err(other.into()),
    }
}

/// The last look at everybody, or the one that runs.
pub async fn last(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<Option<Sync>> {
    Ok(ctx.query(store::get(guild)).await?.first()?)
}

/// Has everybody with points looked at from the beginning. Gives how many those are.
pub async fn start(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<u64> {
    let results = ctx.batch(vec![store::start(guild, ctx.now()), store::get(guild)]).await?;
    let sync: Option<Sync> = results.get(1).map(|rows| rows.first()).transpose()?.flatten();
    let timer = Timer { feature: super::NAME.to_owned(), id: "sync:now".to_owned(), due_at: ctx.now() };
    if let Err(error) = ctx.timers.arm(guild, vec![timer]).await {
        ctx.warn("the look at roles was not armed; the sweeper will find it", json!({ "error": error }));
    }
    Ok(sync.map_or(0, |sync| sync.members))
}

/// The look at everybody goes on: a few members, in the order of their ids.
pub async fn on_sync(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<Option<i64>> {
    let Some(sync) = last(ctx, guild).await? else { return Ok(None) };
    match sync.due_at {
        None => return Ok(None),
        Some(due) if due > ctx.now() => return Ok(Some(due)),
        Some(_) => {}
    }
    let rules = points::rules(ctx, guild).await?.rules;
    let members: Vec<store::Member> = ctx.query(store::list_members(&sync, MEMBERS)).await?.all()?;
    let is_last = members.len() < MEMBERS as usize;
    let mut next = Sync { due_at: (!is_last).then(|| ctx.now()), ..sync.clone() };
    let (mut statements, mut failure) = (Vec::new(), None);
    for member in &members {
        let user = member.user_id;
        let wanted = rules.rank(member.points).and_then(|(_, rank)| rank.role);
        let had = member.role_id.parse::<Id<RoleMarker>>().ok();
        match mend(ctx, guild, user, &rules, (had, wanted)).await {
            Ok(Looked::Mended { given, taken }) => {
                (next.given, next.taken) = (next.given + u64::from(given), next.taken + u64::from(taken));
                statements.push(points_store::set_role(guild, user, wanted, member.due_at, None));
            }
            Ok(Looked::Left) => {
                next.gone += 1;
                statements.push(points_store::set_role(guild, user, None, member.due_at, None));
            }
            Ok(Looked::RoleGone | Looked::Refused) => next.refused += 1,
            Err(error) => {
                // Discord asks for patience, mostly: what is done stays done.
                (failure, next.due_at) = (Some(error), Some(ctx.now()));
                break;
            }
        }
        next.after_id = user.to_string();
        next.looked += 1;
    }
    statements.push(store::set(&next, &sync));
    ctx.batch(statements).await?;
    match failure {
        Some(error) => Err(error),
        None => Ok(next.due_at),
    }
}
