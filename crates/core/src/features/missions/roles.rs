//! Purpose: the role of a member's score: given and taken when the score crosses a rank, whoever changed it.

use crate::{
    ctx::Ctx,
    discord,
    error::{Error, Result},
    points::{self, store},
};
use twilight_model::id::{
    Id,
    marker::{GuildMarker, RoleMarker, UserMarker},
};

/// What Discord refuses today it will refuse in a minute: a role above Muster's, a right that is missing.
const REFUSED_MS: i64 = 6 * 3_600_000;

/// The row is due: has the member carry the role of their score, and of no other rank.
pub async fn on_timer(ctx: &Ctx, guild: Id<GuildMarker>, user: &str) -> Result<Option<i64>> {
    let Ok(user) = user.parse::<Id<UserMarker>>() else { return Ok(None) };
    let results = ctx.batch(vec![store::get_role(guild, user), store::standing(guild, points::ALL, user)]).await?;
    let [row, standing] = &results[..] else { return Err(Error::internal("two results expected")) };
    let Some(row) = row.first::<store::RoleRow>()? else { return Ok(None) };
    match row.due_at {
        None => return Ok(None),
        Some(due) if due > ctx.now() => return Ok(Some(due)),
        Some(_) => {}
    }
    let points = standing.first::<store::Standing>()?.map_or(0, |standing| standing.points);
    let rules = points::rules(ctx, guild).await?.rules;
    let wanted = rules.rank(points).and_then(|(_, rank)| rank.role);
    let had = row.role_id.parse::<Id<RoleMarker>>().ok();
    if wanted != had {
        match exchange(ctx, guild, user, had, wanted).await {
            Ok(()) => {}
            Err(discord::CallError::Refused { status: 404, .. }) => {
                // They left: nothing to carry.
                ctx.query(store::set_role(guild, user, None, row.due_at, None)).await?;
                return Ok(None);
            }
            Err(discord::CallError::Refused { .. }) => {
                let later = ctx.now() + REFUSED_MS;
                ctx.query(store::set_role(guild, user, had, row.due_at, Some(later))).await?;
                return Ok(Some(later));
            }
            Err(error) => return Err(error.into()),
        }
    }
    // Points that came meanwhile have set another time: then it is due again.
    ctx.query(store::set_role(guild, user, wanted, row.due_at, None)).await?;
    Ok(None)
}

async fn exchange(
    ctx: &Ctx,
    guild: Id<GuildMarker>,
    user: Id<UserMarker>,
    had: Option<Id<RoleMarker>>,
    wanted: Option<Id<RoleMarker>>,
) -> std::result::Result<(), discord::CallError> {
    if let Some(role) = wanted {
        discord::set_role(ctx, guild, user, role, true, "rank by mission points").await?;
    }
    if let Some(role) = had {
        discord::set_role(ctx, guild, user, role, false, "rank by mission points").await?;
    }
    Ok(())
}
