//! Purpose: what members are called, for pages: only their ids are stored, so Discord is asked for some of them at a time, and the
//! answers are remembered in this isolate for a while.

use crate::{ctx::Ctx, discord, text::clean_line};
use futures_util::future;
use std::{
    cell::Cell,
    collections::{HashMap, HashSet},
    rc::Rc,
};
use twilight_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

const REMEMBERED_MS: i64 = 3_600_000;
/// Members asked for because of one page.
const ASKED_AT_ONCE: usize = 20;
/// Members of one guild asked for per minute: whoever turns pages quickly sees numbers instead of names, and Discord stays open for
/// everything else.
const ASKED_PER_MINUTE: usize = 100;
const MINUTE_MS: i64 = 60_000;
const NAME_MAX: usize = 40;

/// How many of `wanted` may be asked for now.
fn take(ctx: &Ctx, guild: Id<GuildMarker>, wanted: usize) -> usize {
    let now = ctx.now();
    let key = format!("names:{guild}");
    let asked = ctx.memory.recall::<Cell<usize>>(&key, now).unwrap_or_else(|| {
        let asked = Rc::new(Cell::new(0));
        ctx.memory.remember(key, asked.clone(), now + MINUTE_MS);
        asked
    });
    let granted = wanted.min(ASKED_AT_ONCE).min(ASKED_PER_MINUTE.saturating_sub(asked.get()));
    asked.set(asked.get() + granted);
    granted
}

/// The names of these members as others see them. Whoever left, and whoever could not be asked for now, has a name by their id.
/// Names are other people's text.
pub async fn names(ctx: &Ctx, guild: Id<GuildMarker>, users: &[Id<UserMarker>]) -> HashMap<Id<UserMarker>, String> {
    let key = |user: Id<UserMarker>| format!("name:{guild}:{user}");
    let mut names = HashMap::new();
    let mut unknown = Vec::new();
    let mut seen = HashSet::new();
    for user in users.iter().filter(|user| seen.insert(**user)) {
        match ctx.memory.recall::<String>(&key(*user), ctx.now()) {
            Some(name) => {
                names.insert(*user, name.to_string());
            }
            None => unknown.push(*user),
        }
    }
    let asked = take(ctx, guild, unknown.len());
    let answers = unknown.iter().take(asked).map(|user| discord::get_member(ctx, guild, *user));
    for (user, answer) in unknown.iter().zip(future::join_all(answers).await) {
        // No answer is no reason to show no page.
        let Ok(member) = answer else { continue };
        let name = member.map_or_else(
            || by_id(*user),
            |member| {
                let shown = member.nick.or(member.user.global_name).unwrap_or(member.user.username);
                Some(clean_line(&shown, NAME_MAX)).filter(|name| !name.is_empty()).unwrap_or_else(|| by_id(*user))
            },
        );
        ctx.memory.remember(key(*user), Rc::new(name.clone()), ctx.now() + REMEMBERED_MS);
        names.insert(*user, name);
    }
    for user in unknown {
        names.entry(user).or_insert_with(|| by_id(user));
    }
    names
}

/// What somebody is called whose name is not known: the end of their id, which differs most.
pub fn by_id(user: Id<UserMarker>) -> String {
    format!("Member …{:04}", user.get() % 10_000)
}
