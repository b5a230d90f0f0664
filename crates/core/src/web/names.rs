//! Purpose: names for the ids on a page, asked of Discord and remembered for a while; at most some per page, because each is a call.

use crate::{ctx::Ctx, discord};
use futures_util::future;
use std::{collections::BTreeMap, rc::Rc};
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

/// Calls per page: a page has 50 of them on the free plan, and others to make.
const ASKED_AT_ONCE: usize = 10;
const KEEP_MS: i64 = 600_000;

/// As the guild sees them.
fn shown(member: &discord::GuildMember) -> &str {
    let name = member.nick.as_deref().or(member.user.global_name.as_deref());
    name.filter(|name| !name.is_empty()).unwrap_or(&member.user.username)
}

/// The names of these people in the guild. Who is missing has left, or was one too many to ask for: show the id.
pub async fn of(ctx: &Ctx, guild: Id<GuildMarker>, users: &[Id<UserMarker>]) -> BTreeMap<Id<UserMarker>, Rc<str>> {
    let key = |user: Id<UserMarker>| format!("name:{guild}:{user}");
    let now = ctx.now();
    let mut known = BTreeMap::new();
    let mut unknown = Vec::new();
    for user in users {
        match ctx.memory.recall::<Rc<str>>(&key(*user), now) {
            Some(name) => {
                known.insert(*user, (*name).clone());
            }
            None if !unknown.contains(user) => unknown.push(*user),
            None => {}
        }
    }
    unknown.truncate(ASKED_AT_ONCE);
    let asked = unknown.iter().map(|user| discord::get_member(ctx, guild, *user));
    for (user, member) in unknown.iter().zip(future::join_all(asked).await) {
        // A page shows ids rather than nothing when Discord does not answer.
        let Ok(member) = member else { continue };
        let name: Rc<str> = member.map_or_else(|| "".into(), |member| shown(&member).into());
        ctx.memory.remember(key(*user), Rc::new(name.clone()), now + KEEP_MS);
        known.insert(*user, name);
    }
    known.retain(|_, name| !name.is_empty());
    known
}
