//! Purpose: what members are called, for pages, and who is called so: only their ids are stored, so Discord is asked for some of them at
//! a time, and the answers are remembered in this isolate for a while.

use crate::{
    ctx::Ctx,
    discord::{self, CallError, GuildMember},
    text::clean_line,
};
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
/// Discord's limit for what is searched for, in characters.
const SEARCH_MAX: usize = 100;
/// Members that one search looks at.
const FITS_MAX: usize = 100;

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

fn key(guild: Id<GuildMarker>, user: Id<UserMarker>) -> String {
    format!("name:{guild}:{user}")
}

fn remember(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>, name: &str) {
    ctx.memory.remember(key(guild, user), Rc::new(name.to_owned()), ctx.now() + REMEMBERED_MS);
}

/// As others see them in their guild.
fn shown(member: &GuildMember) -> String {
    let user = &member.user;
    let name = member.nick.as_ref().or(user.global_name.as_ref()).unwrap_or(&user.username);
    Some(clean_line(name, NAME_MAX)).filter(|name| !name.is_empty()).unwrap_or_else(|| by_id(user.id))
}

/// The names of these members as others see them. Whoever left, and whoever could not be asked for now, has a name by their id.
/// Names are other people's text.
pub async fn names(ctx: &Ctx, guild: Id<GuildMarker>, users: &[Id<UserMarker>]) -> HashMap<Id<UserMarker>, String> {
    let mut names = HashMap::new();
    let mut unknown = Vec::new();
    let mut seen = HashSet::new();
    for user in users.iter().filter(|user| seen.insert(**user)) {
        match ctx.memory.recall::<String>(&key(guild, *user), ctx.now()) {
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
        let name = member.map_or_else(|| by_id(*user), |member| shown(&member));
        remember(ctx, guild, *user, &name);
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

/// A member whose name begins with what somebody typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fit {
    pub user: Id<UserMarker>,
    pub name: String,
    /// The text is one of their names from end to end, in whichever case.
    pub is_whole: bool,
}

/// Members whose nickname, display name or username begins with a text, those who are called just so first. No bots, and nobody who left.
///
/// # Errors
/// When Discord does not answer.
pub async fn search(ctx: &Ctx, guild: Id<GuildMarker>, text: &str) -> Result<Vec<Fit>, CallError> {
    let text: String = text.trim().trim_start_matches('@').trim().chars().take(SEARCH_MAX).collect();
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let found = discord::search_members(ctx, guild, &text, FITS_MAX).await?;
    let typed = text.to_lowercase();
    let is_typed = |name: &str| name.to_lowercase() == typed;
    let fit = |member: GuildMember| {
        let name = shown(&member);
        let user = member.user;
        let is_whole = is_typed(&user.username)
            || [&member.nick, &user.global_name].into_iter().flatten().any(|name| is_typed(name));
        if is_whole {
            // The next page says whom it means.
            remember(ctx, guild, user.id, &name);
        }
        Fit { user: user.id, name, is_whole }
    };
    let mut fits: Vec<Fit> = found.into_iter().filter(|member| !member.user.bot).map(fit).collect();
    fits.sort_by_key(|fit| (!fit.is_whole, fit.user));
    Ok(fits)
}
