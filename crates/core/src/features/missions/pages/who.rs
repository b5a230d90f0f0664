//! Purpose: members as somebody writes them into a form: by id, mention or name; and what is said where a name fits nobody or several.

use crate::{
    access::{GuildAccess, parse_id},
    ctx::Ctx,
    people::{self, Fit},
    text::{clean_line, count},
};
use futures_util::future;
use serde_json::json;
use twilight_model::id::{Id, marker::UserMarker};

/// Names that one form may have looked up: each is a question to Discord.
const NAMES_MAX: usize = 20;
/// Members whom a sentence offers for a name.
const OFFERED: usize = 5;
/// Ids of Discord have 17 digits and more: a shorter number in brackets is a part of a name.
const ID_DIGITS: usize = 15;
const NO_ANSWER: &str = "Discord does not look names up right now. Try again in a minute, or write IDs.";

/// An id, or a mention as somebody copies it from Discord.
pub fn parse_member(text: &str) -> Option<Id<UserMarker>> {
    parse_id(text.trim_start_matches("<@").trim_start_matches('!').trim_end_matches('>'))
}

async fn search(ctx: &Ctx, access: &GuildAccess, name: &str) -> Result<Vec<Fit>, String> {
    people::search(ctx, access.guild, name).await.map_err(|error| {
        ctx.warn("a name was not looked up", json!({ "guild": access.guild, "error": error.to_string() }));
        NO_ANSWER.to_owned()
    })
}

/// Whom one text means; everybody whom it fits when that are several.
///
/// # Errors
/// A sentence for the form when it fits nobody.
pub async fn find(ctx: &Ctx, access: &GuildAccess, text: &str) -> Result<Vec<Fit>, String> {
    if let Some(user) = parse_member(text) {
        return Ok(vec![Fit { user, name: String::new(), is_whole: true }]);
    }
    let mut fits = search(ctx, access, text).await?;
    if fits.iter().filter(|fit| fit.is_whole).count() == 1 {
        fits.truncate(1);
    }
    if fits.is_empty() {
        let name = clean_line(text, 40);
        return Err(format!("No member's name begins with “{name}”. Somebody who left is found by their ID."));
    }
    Ok(fits)
}

/// The member who is called just so, or why nobody is meant.
async fn exactly(ctx: &Ctx, access: &GuildAccess, text: &str) -> Result<Id<UserMarker>, String> {
    let mut fits = search(ctx, access, text).await?;
    let whole = fits.iter().filter(|fit| fit.is_whole).count();
    if whole > 0 {
        fits.truncate(whole);
    }
    if let ([fit], 1) = (&fits[..], whole) {
        return Ok(fit.user);
    }
    let name = clean_line(text.trim_start_matches('@'), 40);
    let mut offered: Vec<String> =
        fits.iter().take(OFFERED).map(|fit| format!("{} ({})", fit.name, fit.user)).collect();
    if fits.len() > OFFERED {
        offered.push(count((fits.len() - OFFERED) as u64, "more", "more"));
    }
    let offered = offered.join(", ");
    Err(match (fits.is_empty(), whole) {
        (true, _) => format!("No member is called “{name}”."),
        (_, 0) => format!("No member is called just “{name}”. Do you mean {offered}? Write the whole name or the ID."),
        _ => format!("Several members are called “{name}”: {offered}. Write the ID of whom you mean."),
    })
}

/// Who stands in a part of a list whose ids need no question: ids and mentions, or a name with its id behind it.
fn known(part: &str) -> Option<Vec<Id<UserMarker>>> {
    let in_brackets = part.strip_suffix(')').and_then(|part| part.rsplit_once('('));
    if let Some((_, id)) = in_brackets.filter(|(_, id)| id.len() >= ID_DIGITS)
        && let Some(user) = parse_id(id)
    {
        return Some(vec![user]);
    }
    part.split_whitespace().map(parse_member).collect()
}

/// The members that a list names, each once: names, @names, mentions or ids between commas or on lines of their own.
///
/// # Errors
/// Sentences for the form, about every name that means nobody or several.
pub async fn list(ctx: &Ctx, access: &GuildAccess, text: &str) -> Result<Vec<Id<UserMarker>>, String> {
    let parts: Vec<&str> = text.split([',', ';', '\r', '\n']).map(str::trim).filter(|part| !part.is_empty()).collect();
    let names: Vec<&str> = parts.iter().copied().filter(|part| known(part).is_none()).collect();
    if names.len() > NAMES_MAX {
        return Err(format!(
            "Muster looks up {NAMES_MAX} names at a time, and these are {}. Write IDs for the others.",
            names.len()
        ));
    }
    let asked = future::join_all(names.iter().map(|name| exactly(ctx, access, name))).await;
    let mut asked = asked.into_iter();
    let (mut all, mut problems) = (Vec::new(), Vec::new());
    for part in parts {
        let users = match known(part) {
            Some(users) => users,
            None => match asked.next() {
                Some(Ok(user)) => vec![user],
                Some(Err(why)) => {
                    if !problems.contains(&why) {
                        problems.push(why);
                    }
                    continue;
                }
                None => continue,
            },
        };
        for user in users {
            if !all.contains(&user) {
                all.push(user);
            }
        }
    }
    if problems.is_empty() { Ok(all) } else { Err(problems.join(" ")) }
}

/// `Ada (1234…)`, as [`list`] reads it without asking; only the id of whoever's name is not known now.
pub async fn say(ctx: &Ctx, access: &GuildAccess, users: &[Id<UserMarker>]) -> String {
    let names = people::names(ctx, access.guild, users).await;
    let one = |user: &Id<UserMarker>| {
        let name = names.get(user).filter(|name| **name != people::by_id(*user));
        let name = name.map(|name| clean_line(&name.replace([',', ';'], " "), 80)).unwrap_or_default();
        if name.is_empty() { user.to_string() } else { format!("{name} ({user})") }
    };
    users.iter().map(one).collect::<Vec<_>>().join(", ")
}
