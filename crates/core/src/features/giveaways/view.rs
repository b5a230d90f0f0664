//! Purpose: every sentence, embed and button of giveaways.

use super::{
    rules::{
        entry::{Requirements, Unmet},
        plan,
    },
    store::{Giveaway, Outcome, Pick, State},
};
use crate::{
    ctx::Ctx,
    custom_id::CustomId,
    reply::{self, Message, button},
    text::{clean_line, count, escape_markdown, shorten},
    time,
};
use twilight_model::{
    channel::message::{Component, component::ButtonStyle, embed::Embed},
    id::{Id, marker::UserMarker},
};

/// The prize in a sentence: bold, its markup shown and not obeyed. It was made one clean line when it was stored.
fn prize(giveaway: &Giveaway) -> String {
    format!("**{}**", escape_markdown(&giveaway.prize))
}

/// The same for lists, of which ten must fit into one embed.
fn shortened_prize(giveaway: &Giveaway) -> String {
    format!("**{}**", escape_markdown(&clean_line(&giveaway.prize, 80)))
}

fn ids(roles: &[impl std::fmt::Display]) -> String {
    roles.iter().map(|role| format!("<@&{role}>")).collect::<Vec<_>>().join(", ")
}

fn requirement_lines(requirements: &Requirements) -> Vec<String> {
    let mut lines = Vec::new();
    match requirements.roles.len() {
        0 => {}
        1 => lines.push(format!("Have {}", ids(&requirements.roles))),
        _ if requirements.all_roles => lines.push(format!("Have all of {}", ids(&requirements.roles))),
        _ => lines.push(format!("Have one of {}", ids(&requirements.roles))),
    }
    if !requirements.blocked_roles.is_empty() {
        lines.push(format!("Not have {}", ids(&requirements.blocked_roles)));
    }
    if let Some(level) = requirements.min_level {
        lines.push(format!("Level {level} or higher"));
    }
    if let Some(days) = requirements.min_account_days {
        lines.push(format!("Account at least {} old", count(days.into(), "day", "days")));
    }
    if let Some(days) = requirements.min_member_days {
        lines.push(format!("Member here for at least {}", count(days.into(), "day", "days")));
    }
    lines
}

fn bonus_line(requirements: &Requirements) -> Option<String> {
    let lines = requirements.bonus.iter().map(|(role, entries)| format!("<@&{role}> +{entries}"));
    let lines: Vec<String> = lines.collect();
    (!lines.is_empty()).then(|| lines.join(", "))
}

fn enter_button(giveaway: &Giveaway) -> Component {
    let id = CustomId::new(super::NAME, "enter").arg(&giveaway.id);
    let label = format!("Enter ({})", giveaway.entrant_count);
    let enter = button(&id, &label, ButtonStyle::Primary, Some("🎉"));
    if giveaway.state == State::Active { enter } else { reply::disabled(enter) }
}

fn base(giveaway: &Giveaway, color: u32) -> Embed {
    let title = format!("🎁 {}", clean_line(&giveaway.prize, 200));
    let mut embed = reply::embed(title, giveaway.description.clone(), color);
    if let Some(url) = &giveaway.image_url {
        reply::image(&mut embed, url);
    }
    embed
}

/// The giveaway's own message in its present state.
pub fn card(giveaway: &Giveaway, picks: &[Pick], color: u32) -> Message {
    let mut embed = base(giveaway, color);
    let requirements = giveaway.requirements();
    match giveaway.state {
        State::Active => reply::field(&mut embed, "Ends", time::show(giveaway.ends_at), false),
        State::Paused => {
            let left = time::say_duration(giveaway.paused_left_ms.unwrap_or(0));
            let until = giveaway.due_at.map(|at| format!(", goes on {}", time::relative(at))).unwrap_or_default();
            reply::field(&mut embed, "Paused", format!("{left} left{until}"), false);
        }
        State::Cancelled => reply::field(&mut embed, "Cancelled", "No winner is drawn.", false),
        _ => reply::field(&mut embed, "Ended", time::show(giveaway.ends_at), false),
    }
    reply::field(&mut embed, "Winners", giveaway.winners.to_string(), true);
    reply::field(&mut embed, "Entrants", giveaway.entrant_count.to_string(), true);
    reply::field(&mut embed, "Host", format!("<@{}>", giveaway.host_id), true);
    if matches!(giveaway.state, State::Active | State::Paused) {
        let lines = requirement_lines(&requirements);
        if !lines.is_empty() {
            reply::field(&mut embed, "To enter", lines.join("\n"), false);
        }
        if let Some(bonus) = bonus_line(&requirements) {
            reply::field(&mut embed, "Bonus entries", bonus, false);
        }
        if giveaway.min_entrants > 1 {
            let otherwise = if giveaway.extend_if_too_few() { "or it is extended" } else { "or it is cancelled" };
            let text = format!("{} needed, {otherwise}", giveaway.min_entrants);
            reply::field(&mut embed, "Minimum entrants", text, true);
        }
    } else {
        add_results(&mut embed, giveaway, picks);
    }
    reply::footer(&mut embed, footer(giveaway));
    // The mention stays on the message; only the announcement pings.
    let content = giveaway.mention_role.map(|role| format!("<@&{role}>")).unwrap_or_default();
    let mut message = Message::text(content).embed(embed);
    if !matches!(giveaway.state, State::Cancelled | State::Finished) || picks.is_empty() {
        message = message.row(vec![enter_button(giveaway)]);
    }
    message
}

/// The announcement: the card, and the one message that pings the role.
pub fn announcement(giveaway: &Giveaway, color: u32) -> Message {
    let message = card(giveaway, &[], color);
    match giveaway.mention_role {
        Some(role) => message.ping_role(role),
        None => message,
    }
}

fn footer(giveaway: &Giveaway) -> String {
    format!("ID {} · commitment {}", giveaway.id, giveaway.commitment)
}

/// A text that one message of a giveaway contains and no other.
pub fn marker(giveaway: &Giveaway, version: i64) -> String {
    format!("{}·{version}", giveaway.id)
}

fn sign(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Claimed => "✅ claimed by",
        Outcome::Won => "⏳ waiting for",
        Outcome::Lapsed => "⌛ not claimed by",
        Outcome::Replaced => "🔁 drawn again, was",
        Outcome::Passed => "passed over",
    }
}

/// A line has at most 45 characters, a field 1,024.
const RESULTS_PER_FIELD: usize = 20;

fn add_results(embed: &mut Embed, giveaway: &Giveaway, picks: &[Pick]) {
    let holders = plan::holders(picks);
    let lines: Vec<String> =
        holders.values().map(|pick| format!("{} <@{}>", sign(pick.outcome), pick.user_id)).collect();
    let name = if giveaway.winners == 1 { "Winner" } else { "Results" };
    // Fifty winners are more than one field holds.
    for (index, part) in lines.chunks(RESULTS_PER_FIELD).enumerate() {
        let name = if index == 0 { name } else { "More results" };
        reply::field(embed, name, part.join("\n"), false);
    }
    if !lines.is_empty() {
        return;
    }
    if giveaway.state == State::Finished {
        reply::field(embed, name, "Nobody who entered qualifies.", false);
    }
}

pub fn proof_url(ctx: &Ctx, giveaway: &Giveaway) -> String {
    format!("{}/api/v1/giveaways/{}/proof", ctx.settings.public_url, giveaway.id)
}

/// Where anybody's browser recomputes the draw.
pub fn proof_page_url(ctx: &Ctx, giveaway: &Giveaway) -> String {
    format!("{}/giveaways/{}/proof", ctx.settings.public_url, giveaway.id)
}

/// Names said one by one in a redraw: with more of them, and fifty new winners, the text would not fit.
const NAMED_BEFORE_REDRAW: usize = 5;

/// Whose prizes are drawn again, and why.
fn before_redraw(picks: &[Pick], winners: &[&Pick]) -> Vec<String> {
    let earlier = |winner: &&Pick| {
        let of_slot = picks.iter().rev().filter(|pick| pick.slot == winner.slot);
        of_slot.into_iter().find(|pick| matches!(pick.outcome, Outcome::Lapsed | Outcome::Replaced))
    };
    let before: Vec<&Pick> = winners.iter().filter_map(earlier).collect();
    let (lapsed, replaced): (Vec<&Pick>, Vec<&Pick>) =
        before.into_iter().partition(|pick| pick.outcome == Outcome::Lapsed);
    let mut lines = Vec::new();
    if lapsed.len() > NAMED_BEFORE_REDRAW {
        lines.push(format!("{} winners did not claim in time.", lapsed.len()));
    } else {
        lines.extend(lapsed.iter().map(|pick| format!("<@{}> did not claim in time.", pick.user_id)));
    }
    if replaced.len() > NAMED_BEFORE_REDRAW {
        lines.push(format!("{} prizes are drawn again.", replaced.len()));
    } else {
        lines.extend(replaced.iter().map(|pick| format!("The prize of <@{}> is drawn again.", pick.user_id)));
    }
    lines
}

/// The draw or a redraw: winners pinged, the seed told, one button for all of them.
pub fn draw_announcement(ctx: &Ctx, giveaway: &Giveaway, picks: &[Pick], winners: &[&Pick]) -> Message {
    let version = giveaway.version + 1;
    let mut lines = before_redraw(picks, winners);
    let names = winners.iter().map(|pick| format!("<@{}>", pick.user_id)).collect::<Vec<_>>().join(", ");
    let has_winners = picks.iter().any(|pick| matches!(pick.outcome, Outcome::Won | Outcome::Claimed));
    if winners.is_empty() && has_winners {
        let rest = format!("🎁 For the rest of {} nobody is left who qualifies.", prize(giveaway));
        lines.push(format!("{rest} Whoever has won keeps their prize."));
    } else if winners.is_empty() {
        lines.push(format!("🎁 {} has ended, but nobody is left who qualifies.", prize(giveaway)));
    } else {
        let again = if lines.is_empty() { "" } else { "New draw! " };
        lines.push(format!("🎉 {again}Congratulations {names}! You won {}.", prize(giveaway)));
        // Said as a span: the windows begin when this message is there, however late that is.
        let window = time::say_duration(i64::from(giveaway.claim_seconds) * 1_000);
        lines.push(format!("Press **Claim Prize** within {window}, or the next person is drawn."));
    }
    let mut embed = reply::embed("How this was drawn", "", reply::DEFAULT_COLOR);
    embed.description = Some(format!(
        "Seed `{}`\nEntrants `{}`\n[Everything to check it]({})",
        giveaway.seed,
        giveaway.entrants_hash.as_deref().unwrap_or("none"),
        proof_page_url(ctx, giveaway)
    ));
    reply::footer(&mut embed, marker(giveaway, version));
    let users = winners.iter().filter_map(|pick| pick.user_id.parse::<Id<UserMarker>>().ok());
    let message = Message::text(lines.join("\n")).embed(embed).ping_users(users);
    if winners.is_empty() {
        return message;
    }
    let claim = CustomId::new(super::NAME, "claim").arg(&giveaway.id).arg(version);
    message.row(vec![button(&claim, "Claim Prize", ButtonStyle::Success, Some("🎁"))])
}

/// The same for its line in the log channel, which may be the channel that the giveaway itself is in.
pub fn log_marker(giveaway: &Giveaway) -> String {
    format!("{}·log", marker(giveaway, giveaway.version + 1))
}

fn with_marker(giveaway: &Giveaway, text: String) -> Message {
    with_footer(text, marker(giveaway, giveaway.version + 1))
}

fn with_footer(text: String, footer: String) -> Message {
    let mut embed = reply::embed("", text, reply::DEFAULT_COLOR);
    embed.title = None;
    reply::footer(&mut embed, footer);
    Message::default().embed(embed)
}

pub fn extended(giveaway: &Giveaway) -> Message {
    let have = count(giveaway.entrant_count.into(), "person has", "people have");
    with_marker(
        giveaway,
        format!(
            "{} needs {} entrants and {have} entered. It goes on and ends {}.",
            prize(giveaway),
            giveaway.min_entrants,
            time::relative(giveaway.ends_at)
        ),
    )
}

pub fn cancelled_for_too_few(giveaway: &Giveaway) -> Message {
    let have = count(giveaway.entrant_count.into(), "person", "people");
    with_marker(
        giveaway,
        format!("{} is cancelled: {have} entered, {} were needed.", prize(giveaway), giveaway.min_entrants),
    )
}

pub fn cancelled(giveaway: &Giveaway, reason: &str) -> Message {
    let because = if reason.is_empty() { String::new() } else { format!(" {}", escape_markdown(reason)) };
    with_marker(giveaway, format!("{} was cancelled by its host's team.{because}", prize(giveaway)))
}

pub fn unclaimed(giveaway: &Giveaway, slots: usize) -> Message {
    let what = count(slots as u64, "prize stays", "prizes stay");
    with_marker(
        giveaway,
        format!(
            "{}: {what} unclaimed, and the limit of {} is reached. <@{}> can draw again with `/giveaway reroll`.",
            prize(giveaway),
            count(giveaway.reroll_limit.into(), "automatic redraw", "automatic redraws"),
            giveaway.host_id
        ),
    )
}

/// One line in the guild's giveaway log channel.
pub fn log_line(giveaway: &Giveaway, action: &str, detail: &str) -> Message {
    let people = detail
        .split(' ')
        .map(|word| {
            if word.len() >= 17 && word.bytes().all(|b| b.is_ascii_digit()) {
                format!("<@{word}>")
            } else {
                word.to_owned()
            }
        })
        .collect::<Vec<_>>()
        .join(" ");
    let text = format!("{} **{action}** {}", prize(giveaway), shorten(&people, 1_000));
    with_footer(text, log_marker(giveaway))
}

pub fn entered(giveaway: &Giveaway, weight: u32, ends_at: i64) -> String {
    let entries = if weight > 1 { format!(" with **{weight} entries**") } else { String::new() };
    format!(
        "🎉 You are in{entries}! {} is drawn {}. If you win, you are pinged here and press Claim Prize.\n-# Press the button again to leave.",
        prize(giveaway),
        time::relative(ends_at)
    )
}

pub fn left(giveaway: &Giveaway) -> String {
    format!("You left the giveaway for {}. Press the button again to come back.", prize(giveaway))
}

/// Why nobody can enter now, or `None` while they can.
pub fn closed_for_entries(giveaway: &Giveaway, state: State, ends_at: i64, now: i64) -> Option<String> {
    let prize = prize(giveaway);
    match state {
        State::Active if ends_at > now => None,
        State::Active | State::Drawing => Some(format!("{prize} has just ended; the winners are being drawn.")),
        State::Paused => Some(format!("{prize} is paused. You can enter once it goes on.")),
        State::Claiming | State::Finished => Some(format!("{prize} has ended {}.", time::relative(ends_at))),
        State::Cancelled => Some(format!("{prize} was cancelled.")),
    }
}

/// Which requirement is not met, and what would satisfy it.
pub fn unmet(unmet: &Unmet) -> String {
    match unmet {
        Unmet::Blacklisted => {
            "You are excluded from giveaways in this server. If you think that is wrong, ask the server's team."
                .to_owned()
        }
        Unmet::MissingRoles { missing, all } => match (missing.len(), all) {
            (1, _) => format!("You need the role {} to enter. Once you have it, press the button again.", ids(missing)),
            (_, true) => format!(
                "You still need the roles {} to enter. Once you have them all, press the button again.",
                ids(missing)
            ),
            (_, false) => format!(
                "You need one of the roles {} to enter. Once you have one, press the button again.",
                ids(missing)
            ),
        },
        Unmet::BlockedRole(role) => format!("People with the role <@&{role}> cannot enter this giveaway."),
        Unmet::LevelTooLow { needed, has } => {
            format!("You need level **{needed}** to enter, and you are level **{has}**. Keep chatting and come back!")
        }
        Unmet::LevelUnknown { needed } => {
            format!("You need level **{needed}** to enter, and you have no level here yet.")
        }
        Unmet::AccountTooYoung { days, from } => format!(
            "Your Discord account must be at least {} old. You can enter {}.",
            count((*days).into(), "day", "days"),
            time::show(*from)
        ),
        Unmet::MemberTooShort { days, from } => {
            let when = from.map(|from| format!(" You can enter {}.", time::show(from))).unwrap_or_default();
            format!("You must be a member of this server for at least {}.{when}", count((*days).into(), "day", "days"))
        }
    }
}

pub fn claim_unmet(unmet: &Unmet, claim_by: Option<i64>) -> String {
    let until = claim_by.map(time::relative).unwrap_or_default();
    let why = match unmet {
        Unmet::BlockedRole(role) => {
            format!("You have the role <@&{role}>, which is not allowed in this giveaway.")
        }
        Unmet::MissingRoles { missing, .. } => {
            format!("You no longer have {}, which this giveaway requires.", ids(missing))
        }
        other => self::unmet(other),
    };
    format!("{why} Your claim window closes {until}: put that right before then and press again.")
}

/// What everybody sees of a claim; the host is pinged.
pub fn claimed(giveaway: &Giveaway, winner: Id<UserMarker>) -> Message {
    let host = giveaway.host_id;
    let text = if host == winner {
        format!("✅ <@{winner}> claimed {}!", prize(giveaway))
    } else {
        format!("✅ <@{winner}> claimed {}! <@{host}>, please hand it over.", prize(giveaway))
    };
    Message::text(format!("{text}\n-# {}", marker(giveaway, giveaway.version + 1))).ping_users([host])
}

/// What the winner sees.
pub fn you_claimed(giveaway: &Giveaway) -> String {
    format!("🎁 You claimed {}! <@{}> has been told in this channel.", prize(giveaway), giveaway.host_id)
}

pub fn already_claimed(giveaway: &Giveaway) -> String {
    format!("You have already claimed {}. <@{}> knows about it.", prize(giveaway), giveaway.host_id)
}

pub fn too_late(giveaway: &Giveaway) -> String {
    format!("Your time to claim {} is over, and it was passed on.", prize(giveaway))
}

pub fn passed_over(pick: &Pick) -> String {
    format!("You were passed over in this draw: {}.", pick.reason.as_deref().unwrap_or("you did not qualify"))
}

fn state_word(giveaway: &Giveaway) -> String {
    match giveaway.state {
        State::Active => format!("ends {}", time::relative(giveaway.ends_at)),
        State::Paused => "paused".to_owned(),
        State::Drawing => "being drawn".to_owned(),
        State::Claiming => "waiting for claims".to_owned(),
        State::Finished => format!("ended {}", time::relative(giveaway.ends_at)),
        State::Cancelled => "cancelled".to_owned(),
    }
}

fn link(ctx: &Ctx, giveaway: &Giveaway) -> String {
    match &giveaway.message_id {
        Some(message) => {
            format!("{}/channels/{}/{}/{message}", ctx.settings.discord_web, giveaway.guild_id, giveaway.channel_id)
        }
        None => format!("not announced in <#{}> yet", giveaway.channel_id),
    }
}

/// Arrows under a list; nothing when everything fits on one page.
fn arrows(list: &str, id: &str, page: u32, more: bool) -> Vec<Component> {
    if page == 0 && !more {
        return Vec::new();
    }
    let to = |page: u32, label: &str, on: bool| {
        let id = CustomId::new(super::NAME, "page").arg(list).arg(id).arg(page);
        let arrow = button(&id, label, ButtonStyle::Secondary, None);
        if on { arrow } else { reply::disabled(arrow) }
    };
    // Both ids must differ even on the first page, where "back" leads nowhere.
    let back = if page == 0 { 9_999 } else { page - 1 };
    vec![to(back, "◀ Newer", page > 0), to(page + 1, "Older ▶", more)]
}

pub const LIST_PAGE: u32 = 10;

pub fn list(ctx: &Ctx, giveaways: &[Giveaway], page: u32, color: u32) -> Message {
    if giveaways.is_empty() {
        return Message::text(
            "No giveaways here yet. Start one with `/giveaway start`, or `/giveaway create` for a form.",
        );
    }
    let shown = &giveaways[..giveaways.len().min(LIST_PAGE as usize)];
    let lines: Vec<String> = shown
        .iter()
        .map(|g| {
            format!(
                "{} · {} · {} · {} · `{}`",
                shortened_prize(g),
                state_word(g),
                count(g.entrant_count.into(), "entrant", "entrants"),
                link(ctx, g),
                g.id
            )
        })
        .collect();
    let embed = reply::embed("Giveaways", lines.join("\n"), color);
    let more = giveaways.len() > shown.len();
    Message::default().embed(embed).row(arrows("list", "all", page, more))
}

pub const ENTRANTS_PAGE: u32 = 20;

pub fn entrants(giveaway: &Giveaway, rows: &[super::store::EntryRow], page: u32, color: u32) -> Message {
    let shown = &rows[..rows.len().min(ENTRANTS_PAGE as usize)];
    let lines: Vec<String> = shown
        .iter()
        .map(|row| {
            let entries = if row.weight > 1 { format!(" · {} entries", row.weight) } else { String::new() };
            format!("<@{}>{entries} · {}", row.user_id, time::relative(row.entered_at))
        })
        .collect();
    let text = if lines.is_empty() { "Nobody has entered yet.".to_owned() } else { lines.join("\n") };
    let title = format!(
        "{} · {}",
        count(giveaway.entrant_count.into(), "entrant", "entrants"),
        clean_line(&giveaway.prize, 150)
    );
    let embed = reply::embed(title, text, color);
    Message::default().embed(embed).row(arrows("entrants", &giveaway.id, page, rows.len() > shown.len()))
}

pub fn started(giveaway: &Giveaway) -> String {
    format!(
        "Your giveaway for {} is on its way to <#{}>. It ends {}.\n-# ID `{}` · `/giveaway edit`, `pause`, `end` and `cancel` find it by its prize.",
        prize(giveaway),
        giveaway.channel_id,
        time::show(giveaway.ends_at),
        giveaway.id
    )
}

/// What became of a giveaway that somebody ended early: with too few entrants it is not drawn.
pub fn after_end(giveaway: &Giveaway) -> String {
    match giveaway.state {
        State::Active => format!(
            "needs {} entrants and has {}, so it was extended and ends {}.",
            giveaway.min_entrants,
            giveaway.entrant_count,
            time::relative(giveaway.ends_at)
        ),
        State::Cancelled => {
            format!("was cancelled: it needed {} entrants and had {}.", giveaway.min_entrants, giveaway.entrant_count)
        }
        _ => "has ended; the draw is announced in its channel.".to_owned(),
    }
}

pub fn done(giveaway: &Giveaway, what: &str) -> String {
    format!("{} {what}", prize(giveaway))
}

/// A line has at most 100 characters, a field 1,024; the proof has all of them.
const PICKS_SHOWN: usize = 10;

/// What `/giveaway verify` says.
pub fn verified(ctx: &Ctx, giveaway: &Giveaway, entrants: usize, picks: &[Pick], sound: bool, color: u32) -> Message {
    let url = proof_url(ctx, giveaway);
    if !giveaway.is_drawn() {
        let text = format!(
            "The draw has not happened yet. This commitment stands in the announcement since the start:\n`{}`\nAt the end the seed behind it is published, and everything follows from it: [proof]({url})",
            giveaway.commitment
        );
        return Message::default().embed(reply::embed("Not drawn yet", text, color));
    }
    let title = if sound { "✅ This draw checks out" } else { "❌ This draw does not check out" };
    let text = format!(
        "Recomputed from the published seed and the list of {}: the commitment, the list's hash and all {} match.\n\nCheck it yourself: save the [proof]({url}) and run `scripts/verify-draw proof.json`.",
        count(entrants as u64, "entrant", "entrants"),
        count(picks.len() as u64, "pick", "picks"),
    );
    let text = if sound {
        text
    } else {
        format!("The recomputation gives another result. Keep the [proof]({url}) and ask whoever runs Muster.")
    };
    let mut embed = reply::embed(title, text, color);
    reply::field(&mut embed, "Commitment", format!("`{}`", giveaway.commitment), false);
    reply::field(&mut embed, "Seed", format!("`{}`", giveaway.seed), false);
    reply::field(&mut embed, "Entrants", format!("`{}`", giveaway.entrants_hash.as_deref().unwrap_or("")), false);
    let lines: Vec<String> = picks
        .iter()
        .take(PICKS_SHOWN)
        .map(|pick| {
            let why = pick.reason.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
            format!("{}. {} <@{}>{why}", pick.pick, sign(pick.outcome), pick.user_id)
        })
        .collect();
    if !lines.is_empty() {
        let name = if picks.len() > PICKS_SHOWN { "First picks in order" } else { "Picks in order" };
        reply::field(&mut embed, name, lines.join("\n"), false);
    }
    Message::default().embed(embed)
}

pub fn blacklist(rows: &[super::store::BlacklistRow]) -> Message {
    if rows.is_empty() {
        return Message::text("Nobody is excluded from giveaways here.");
    }
    let lines = rows.iter().map(|row| {
        let reason = if row.reason.is_empty() { "no reason given".to_owned() } else { escape_markdown(&row.reason) };
        format!("<@{}> · {reason} · by <@{}> {}", row.user_id, row.added_by, time::relative(row.added_at))
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    Message::default().embed(reply::embed("Excluded from giveaways", text, reply::DEFAULT_COLOR))
}
