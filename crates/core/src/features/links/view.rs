//! Purpose: what `/link` answers, and the words that the pages share.

use crate::{
    ctx::Ctx,
    custom_id::CustomId,
    links::{
        self, Link,
        rules::{
            count::{Entries, Held, Numbers},
            target,
        },
        stats::Stats,
    },
    reply::{self, Message, button},
    text::{clean_line, count, escape_markdown, number},
    time,
};
use twilight_model::channel::message::component::ButtonStyle;

/// Countries and hosts that an answer in Discord names.
const NAMED: usize = 5;

/// How a link stands, and whether that is good or bad.
pub fn state(link: &Link, now: i64) -> (&'static str, &'static str) {
    match link.ended_as.as_deref() {
        Some("closed") => ("closed with its mission", "bad"),
        Some(_) => ("switched off", "bad"),
        None if link.expires_at.is_some_and(|at| at <= now) => ("expired", "held"),
        None => ("open", "good"),
    }
}

/// `40 many from one network within five minutes`.
pub fn reasons(held: &[(Held, u64)]) -> Vec<String> {
    held.iter().map(|(reason, count)| format!("{}: {}", number(*count), reason.reason())).collect()
}

pub fn made(ctx: &Ctx, link: &Link) -> String {
    let ends = link.expires_at.map_or_else(String::new, |at| format!("\nIt ends {}.", time::relative(at)));
    format!(
        "**{}** is ready: {}\nIt leads to <{}>{ends}\n-# The picture is the same link as a QR code. `/link stats` shows who opened it.",
        escape_markdown(&link.name),
        links::url(ctx, &link.slug),
        link.target,
    )
}

fn numbers_line(numbers: &Numbers) -> String {
    format!("**{}** counted · {} raw", number(numbers.counted), number(numbers.raw))
}

pub fn list(ctx: &Ctx, links: &[Link], numbers: &Entries, search: &str) -> Message {
    if links.is_empty() {
        let text = if search.is_empty() {
            "This server has no short links yet. `/link create` makes one.".to_owned()
        } else {
            format!("No link has “{}” in its name or address.", escape_markdown(&clean_line(search, 60)))
        };
        return Message::text(text);
    }
    let line = |link: &Link| {
        let own = numbers.get(&link.slug).map(|entry| entry.0).unwrap_or_default();
        let (state, tone) = state(link, ctx.now());
        let state = if tone == "good" { String::new() } else { format!(" · {state}") };
        let name = escape_markdown(&clean_line(&link.name, 60));
        let url = links::url(ctx, &link.slug);
        format!("**{name}**{state}\n{url} → {}\n{}", escape_markdown(target::host(&link.target)), numbers_line(&own))
    };
    let text: Vec<String> = links.iter().map(line).collect();
    Message::default().embed(reply::embed("Short links", text.join("\n\n"), reply::DEFAULT_COLOR))
}

/// A link's numbers, with buttons where something is held.
pub fn stats(ctx: &Ctx, link: &Link, stats: &Stats) -> Message {
    let all = &stats.all_time;
    let (state, _) = state(link, ctx.now());
    let head = format!("{} · {state}\nLeads to <{}>", links::url(ctx, &link.slug), link.target);
    let mut embed = reply::embed(escape_markdown(&link.name), head, reply::DEFAULT_COLOR);
    reply::field(&mut embed, "Counted", number(all.counted), true);
    reply::field(&mut embed, "Raw", number(all.raw), true);
    reply::field(&mut embed, "Held", number(all.held), true);
    let mut notes =
        vec![format!("{} by crawlers, previews and prefetching", count(all.machines, "request", "requests"))];
    if all.refused > 0 {
        notes.push(format!("{} refused", count(all.refused, "visitor", "visitors")));
    }
    if stats.waiting > 0 {
        notes.push(format!("{} of the last minutes not counted yet", count(stats.waiting, "request", "requests")));
    }
    reply::field(&mut embed, "Among the raw ones", notes.join("\n"), false);
    for (title, tally) in [("Countries", &stats.countries), ("Came from", &stats.referrers)] {
        let lines: Vec<String> = tally
            .iter()
            .take(NAMED)
            .map(|(name, count)| format!("{} {}", escape_markdown(name), number(*count)))
            .collect();
        if !lines.is_empty() {
            reply::field(&mut embed, title, lines.join("\n"), true);
        }
    }
    reply::footer(&mut embed, "A visitor counts once a day. Counted some minutes after they came; days are UTC.");
    if stats.held.is_empty() {
        return Message::default().embed(embed);
    }
    reply::field(&mut embed, "Held, waiting for your decision", reasons(&stats.held).join("\n"), false);
    let id = |answer: &str| CustomId::new(super::NAME, "review").arg(&link.slug).arg(answer);
    Message::default().embed(embed).row(vec![
        button(&id("yes"), "Count them", ButtonStyle::Success, None),
        button(&id("no"), "Refuse them", ButtonStyle::Danger, None),
    ])
}
