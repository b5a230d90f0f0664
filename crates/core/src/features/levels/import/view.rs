//! Purpose: every sentence and card of an import that admins read.

use super::{
    super::{NAME, view::number},
    Preview,
    store::{Mode, Row},
};
use crate::{
    custom_id::CustomId,
    reply::{self, Message, button},
    text,
};
use twilight_model::channel::message::component::ButtonStyle;

fn id(what: &str, row: &Row) -> CustomId {
    CustomId::new(NAME, "import").arg(what).arg(&row.id).arg(&row.digest)
}

pub fn said(mode: Mode) -> &'static str {
    match mode {
        Mode::Add => "What somebody has here and what the file says are **added**.",
        Mode::Higher => {
            "Whoever has more here keeps it; everybody else gets what the file says (**the higher counts**)."
        }
        Mode::Replace => "What the file says **replaces** what somebody has here, XP from voice and by hand too.",
    }
}

/// What an import would do, before anything is written.
pub fn preview(preview: &Preview, color: u32) -> Message {
    let Preview { row, parsed, .. } = preview;
    let (changed, lower) = preview.changes();
    let people = |n: usize| text::count(n as u64, "member", "members");
    let mut lines = vec![format!(
        "**{}** in the file, {} of them new to Muster here. {} would change{}.",
        people(parsed.entries.len()),
        preview.newcomers(),
        people(changed),
        if lower > 0 { format!(", {lower} of them to less") } else { String::new() },
    )];
    lines.push(said(row.mode).to_owned());
    lines.push("\nThe first five of the file:".to_owned());
    lines.extend(
        preview
            .best(5)
            .into_iter()
            .map(|(user, before, after)| format!("<@{user}> · {} XP → **{}** XP", number(before), number(after))),
    );
    if parsed.left_out > 0 {
        lines.push(format!(
            "\n⚠️ {} cannot be read and would be left out:",
            text::count(parsed.left_out as u64, "line", "lines")
        ));
        lines.extend(parsed.problems.iter().map(|problem| format!("-# {problem}")));
        if parsed.left_out > parsed.problems.len() {
            lines.push("-# …".to_owned());
        }
    }
    lines.push("\n-# Nothing is written until you press Import. Levels are not announced; roles follow.".to_owned());
    let embed = reply::embed("Import, not done yet", lines.join("\n"), color);
    Message::default().embed(embed).row(vec![button(&id("go", row), "Import", ButtonStyle::Danger, Some("📥"))])
}

/// How far an import is, or what came of it.
pub fn progress(row: &Row, color: u32) -> Message {
    let changed = format!("The totals of {} changed.", text::count(row.changed, "member", "members"));
    if row.is_done() {
        let members = text::count(row.total, "member", "members");
        return Message::default().embed(reply::embed(format!("The import is done: {members}"), changed, color));
    }
    let about = format!("{changed} It goes on by itself.");
    let embed = reply::embed(format!("Import: {} of {} members written", row.position, row.total), about, color);
    Message::default().embed(embed).row(vec![button(&id("look", row), "Refresh", ButtonStyle::Secondary, None)])
}
