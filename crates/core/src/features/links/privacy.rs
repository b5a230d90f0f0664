//! Purpose: a member's own short links, for them to read, and forgetting that they were theirs.

use crate::{
    ctx::Ctx,
    error::Result,
    links::{self, clicks::DEVICES_KEPT_DAYS, rules::count::DAY_MS, store},
    time,
};
use serde_json::{Value, json};
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

/// Days of which devices are kept, as a JSON list.
fn days(ctx: &Ctx) -> String {
    let today = ctx.now().div_euclid(DAY_MS);
    json!((today - DEVICES_KEPT_DAYS - 1..=today).collect::<Vec<_>>()).to_string()
}

pub async fn export(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<Option<Value>> {
    let own: Vec<links::Link> = ctx.query(store::list_of_owner(guild, user)).await?.all()?;
    let (today, users) = (ctx.now().div_euclid(DAY_MS), json!([user]).to_string());
    let devices: Vec<store::Device> = ctx.query(store::list_devices(today, guild, &users)).await?.all()?;
    if own.is_empty() && devices.is_empty() {
        return Ok(None);
    }
    let line = |link: &links::Link| json!({ "link": links::url(ctx, &link.slug), "leads_to": link.target, "mission": link.mission, "created_at": time::rfc3339(link.created_at) });
    let devices: Vec<&str> = devices.iter().map(|device| device.device.as_str()).collect();
    Ok(Some(json!({ "links": own.iter().map(line).collect::<Vec<_>>(), "hashes_of_your_devices_today": devices })))
}

/// The links lead nowhere from now on; what was counted on them stays, and belongs to nobody.
pub async fn forget(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<Option<String>> {
    let statements =
        vec![store::forget_owner(guild, user, ctx.now()), store::delete_devices_of(guild, user, &days(ctx))];
    let results = ctx.batch(statements).await?;
    let changed = |statement: usize| results.get(statement).is_some_and(|result| result.changes > 0);
    Ok(if changed(0) {
        Some("Your short links are switched off and no longer yours.".to_owned())
    } else {
        // Those of a browser hold in every server: until the next sign-in none of them knows it.
        changed(1).then(|| "The hashes of your devices are deleted.".to_owned())
    })
}
