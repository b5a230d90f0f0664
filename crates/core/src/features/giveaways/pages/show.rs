//! Purpose: one giveaway: what it is, who is in, who was picked, and what happened to it.

use super::{NEWEST, PATH, end_words, notice, state_words};
use crate::{
    access::{Area, GuildAccess, May},
    ctx::Ctx,
    discord,
    error::{FieldError, Result},
    features::giveaways::{
        rules::{entry::Requirements, plan},
        store::{self, EntryRow, Giveaway, LogEntry, Outcome, Pick, State},
    },
    people,
    text::{count, number},
    time,
    web::{Request, Response, Shell, choices::error_of, render},
};
use askama::Template;
use std::collections::HashMap;
use twilight_model::id::{
    Id,
    marker::{RoleMarker, UserMarker},
};

const ENTRANTS: usize = 20;
const LOG: usize = 15;

struct PickLine {
    pick: u32,
    slot: u32,
    user: String,
    name: String,
    outcome: &'static str,
    tone: &'static str,
    reason: String,
    /// Until when the prize can be claimed; empty when that does not matter any more.
    claim_by: String,
    /// Whether this person's prize can be drawn again.
    may_reroll: bool,
}

struct EntrantLine {
    name: String,
    weight: u32,
    at: String,
}

struct LogLine {
    at: String,
    who: String,
    source: &'static str,
    action: String,
    detail: Vec<Piece>,
}

/// A word of a log's line. A time is shown in the reader's zone.
struct Piece {
    text: String,
    is_time: bool,
}

#[derive(Template)]
#[template(path = "features/giveaways/show.html")]
struct ShowPage {
    shell: Shell,
    id: String,
    href: String,
    prize: String,
    description: String,
    state: &'static str,
    tone: &'static str,
    entrants: String,
    winners: u32,
    end_label: &'static str,
    end_at: String,
    end_left: String,
    facts: Vec<(&'static str, String)>,
    /// The announcement on Discord; empty while it is on its way.
    message: String,
    commitment: String,
    is_running: bool,
    is_paused: bool,
    is_over: bool,
    may_reroll_unclaimed: bool,
    may_manage: bool,
    picks: Vec<PickLine>,
    people: Vec<EntrantLine>,
    more_people: String,
    log: Vec<LogLine>,
    more_log: String,
    errors: Vec<FieldError>,
}

impl ShowPage {
    fn error(&self, field: &str) -> &str {
        error_of(&self.errors, field)
    }
}

/// Sentences that were written for Discord, without its markup: roles by name.
pub fn plain(access: &GuildAccess, text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        plain.push_str(before);
        let Some((inside, after)) = after.split_once('>') else {
            plain.push('<');
            rest = after;
            continue;
        };
        match inside.strip_prefix("@&").and_then(crate::access::parse_id::<RoleMarker>) {
            Some(role) => plain.push_str(&role_name(access, role)),
            None if inside.starts_with('#') => plain.push_str("this channel"),
            None if inside.starts_with('@') => plain.push_str("This person"),
            None => plain.push_str(inside),
        }
        rest = after;
    }
    plain.push_str(rest);
    plain.replace("**", "").replace(['`', '\\'], "")
}

fn role_name(access: &GuildAccess, role: Id<RoleMarker>) -> String {
    let known = access.facts.roles.iter().find(|known| known.id == role);
    known.map_or_else(|| format!("deleted role {role}"), |known| format!("@{}", known.name))
}

fn requirement_facts(access: &GuildAccess, requirements: &Requirements) -> Vec<(&'static str, String)> {
    let names =
        |roles: &[Id<RoleMarker>]| roles.iter().map(|role| role_name(access, *role)).collect::<Vec<_>>().join(", ");
    let mut facts = Vec::new();
    if !requirements.roles.is_empty() {
        let label = if requirements.all_roles { "Needs all of" } else { "Needs one of" };
        facts.push((label, names(&requirements.roles)));
    }
    if !requirements.blocked_roles.is_empty() {
        facts.push(("Cannot enter", names(&requirements.blocked_roles)));
    }
    if let Some(level) = requirements.min_level {
        facts.push(("Minimum level", level.to_string()));
    }
    if let Some(days) = requirements.min_account_days {
        facts.push(("Account at least", format!("{} old", count(days.into(), "day", "days"))));
    }
    if let Some(days) = requirements.min_member_days {
        facts.push(("Member for at least", count(days.into(), "day", "days")));
    }
    if !requirements.bonus.is_empty() {
        let bonus = requirements.bonus.iter().map(|(role, entries)| format!("{} +{entries}", role_name(access, *role)));
        facts.push(("Bonus entries", bonus.collect::<Vec<_>>().join(", ")));
    }
    facts
}

/// Whether a word of a log is a member's id: nothing else there is as long a number.
fn is_member(word: &str) -> bool {
    (17..=20).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_digit())
}

/// What members are called, by their ids as the rows hold them.
struct Named(HashMap<Id<UserMarker>, String>);

impl Named {
    /// Whoever matters most for the page comes first in `ids`, because not all may be asked for at once.
    async fn load(ctx: &Ctx, access: &GuildAccess, ids: impl Iterator<Item = &str>) -> Self {
        let ids: Vec<Id<UserMarker>> = ids.filter_map(crate::access::parse_id).collect();
        Self(people::names(ctx, access.guild, &ids).await)
    }

    /// A log's line with names and times in the places of what programs read.
    fn pieces(&self, detail: &str) -> Vec<Piece> {
        let piece = |word: &str| Piece {
            is_time: time::parse_rfc3339(word).is_some(),
            text: if is_member(word) { self.of(word) } else { word.to_owned() },
        };
        detail.split(' ').filter(|word| !word.is_empty()).map(piece).collect()
    }

    fn of(&self, id: &str) -> String {
        let known = crate::access::parse_id(id).and_then(|id| self.0.get(&id).cloned());
        known.unwrap_or_else(|| id.to_owned())
    }
}

async fn facts(ctx: &Ctx, access: &GuildAccess, giveaway: &Giveaway, names: &Named) -> Vec<(&'static str, String)> {
    // Only a name: without an answer the page shows the id.
    let channel = discord::get_channel(ctx, giveaway.channel_id).await.ok().flatten().and_then(|channel| channel.name);
    let channel = channel.map_or_else(|| giveaway.channel_id.to_string(), |name| format!("#{name}"));
    let mut facts = vec![("Channel", channel), ("Host", names.of(&giveaway.host_id.to_string()))];
    facts.extend(requirement_facts(access, &giveaway.requirements()));
    if giveaway.min_entrants > 1 {
        let otherwise = if giveaway.extend_if_too_few() { "else extended" } else { "else cancelled" };
        facts.push(("Needed for a draw", format!("{} people, {otherwise}", giveaway.min_entrants)));
    }
    facts.push(("Time to claim", time::say_duration(i64::from(giveaway.claim_seconds) * 1_000)));
    facts.push(("Automatic redraws", format!("{} of {} used", giveaway.rerolls_used, giveaway.reroll_limit)));
    facts
}

/// How an outcome is called.
pub fn outcome_words(outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Claimed => ("claimed", "good"),
        Outcome::Won => ("waiting for the claim", "held"),
        Outcome::Lapsed => ("not claimed in time", "bad"),
        Outcome::Replaced => ("drawn again", ""),
        Outcome::Passed => ("passed over", ""),
    }
}

fn pick_lines(giveaway: &Giveaway, picks: &[Pick], names: &Named) -> Vec<PickLine> {
    let is_drawn = matches!(giveaway.state, State::Claiming | State::Finished);
    let holders = plan::holders(picks);
    let line = |pick: &Pick| {
        let (outcome, tone) = outcome_words(pick.outcome);
        let waits = pick.outcome == Outcome::Won;
        PickLine {
            pick: pick.pick,
            slot: pick.slot,
            name: names.of(&pick.user_id),
            user: pick.user_id.clone(),
            outcome,
            tone,
            // What the outcome says already is not said twice.
            reason: pick.reason.clone().filter(|_| pick.outcome == Outcome::Passed).unwrap_or_default(),
            claim_by: pick.claim_by.filter(|_| waits).map(time::rfc3339).unwrap_or_default(),
            may_reroll: is_drawn && holders.get(&pick.slot).is_some_and(|holder| holder.pick == pick.pick),
        }
    };
    picks.iter().map(line).collect()
}

fn log_line(entry: LogEntry, names: &Named) -> LogLine {
    LogLine {
        at: time::rfc3339(entry.at),
        who: entry.actor_id.map(|id| names.of(&id)).unwrap_or_default(),
        source: match entry.source.as_str() {
            "dashboard" => "dashboard",
            "api" => "API",
            "discord" => "Discord",
            _ => "",
        },
        detail: match (entry.action.as_str(), entry.detail.as_str()) {
            ("entered", "1") => Vec::new(),
            ("entered", weight) => names.pieces(&format!("{weight} entries")),
            (_, detail) => names.pieces(detail),
        },
        action: entry.action,
    }
}

/// The page, with what is wrong with the form that was sent, if any.
pub async fn page(
    ctx: &Ctx,
    request: &Request,
    access: &GuildAccess,
    giveaway: Giveaway,
    mut errors: Vec<FieldError>,
) -> Result<Response> {
    let id = giveaway.id.clone();
    let after = request.param("entrants").filter(|after| after.bytes().all(|b| b.is_ascii_digit())).unwrap_or_default();
    let before = request.param("log").and_then(|before| before.parse().ok()).unwrap_or(NEWEST).clamp(0, NEWEST);
    let statements = vec![
        store::list_picks(&id),
        store::list_entrants_after(access.guild, &id, after, ENTRANTS as u32 + 1),
        store::list_log_before(access.guild, &id, before, LOG as u32 + 1),
    ];
    let results = ctx.batch(statements).await?;
    let [picks, people, log] = &results[..] else {
        return Err(crate::Error::internal("three results expected"));
    };
    let picks: Vec<Pick> = picks.all()?;
    let (mut people, mut log): (Vec<EntryRow>, Vec<LogEntry>) = (people.all()?, log.all()?);
    let (has_more_people, has_more_log) = (people.len() > ENTRANTS, log.len() > LOG);
    people.truncate(ENTRANTS);
    log.truncate(LOG);
    for error in &mut errors {
        error.message = plain(access, &error.message);
    }
    let host = giveaway.host_id.to_string();
    let ids = std::iter::once(host.as_str())
        .chain(picks.iter().map(|pick| pick.user_id.as_str()))
        .chain(log.iter().filter_map(|entry| entry.actor_id.as_deref()))
        .chain(log.iter().flat_map(|entry| entry.detail.split(' ').filter(|word| is_member(word))))
        .chain(people.iter().map(|row| row.user_id.as_str()));
    let names = Named::load(ctx, access, ids).await;
    let href = format!("/g/{}/giveaways/{id}", access.guild);
    let (state, tone) = state_words(giveaway.state);
    let (end_label, end_at, end_left) = end_words(&giveaway);
    let message = giveaway.message_id.as_ref().map(|message| {
        format!("{}/channels/{}/{}/{message}", ctx.settings.discord_web, giveaway.guild_id, giveaway.channel_id)
    });
    let is_drawn = matches!(giveaway.state, State::Claiming | State::Finished);
    let held = plan::holders(&picks).values().filter(|pick| pick.outcome == Outcome::Claimed).count();
    let page = ShowPage {
        shell: Shell::of_guild(ctx, request, access, giveaway.prize.clone(), PATH).notice(notice(request)),
        more_people: people
            .last()
            .filter(|_| has_more_people)
            .map_or_else(String::new, |last| format!("{href}?entrants={}#entrants", last.user_id)),
        more_log: log
            .last()
            .filter(|_| has_more_log)
            .map_or_else(String::new, |last| format!("{href}?log={}#log", last.id)),
        facts: facts(ctx, access, &giveaway, &names).await,
        message: message.unwrap_or_default(),
        is_running: matches!(giveaway.state, State::Active | State::Paused),
        is_paused: giveaway.state == State::Paused,
        is_over: giveaway.is_over(),
        may_reroll_unclaimed: is_drawn && held < giveaway.winners as usize,
        may_manage: access.may(Area::Giveaways, May::Manage),
        picks: pick_lines(&giveaway, &picks, &names),
        people: people
            .into_iter()
            .map(|row| EntrantLine {
                name: names.of(&row.user_id),
                weight: row.weight,
                at: time::rfc3339(row.entered_at),
            })
            .collect(),
        log: log.into_iter().map(|entry| log_line(entry, &names)).collect(),
        prize: giveaway.prize,
        description: giveaway.description,
        entrants: number(giveaway.entrant_count.into()),
        winners: giveaway.winners,
        commitment: giveaway.commitment,
        id,
        href,
        state,
        tone,
        end_label,
        end_at,
        end_left,
        errors,
    };
    render(if page.errors.is_empty() { 200 } else { 422 }, &page)
}
