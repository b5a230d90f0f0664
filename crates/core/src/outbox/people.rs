//! Purpose: what people see and decide about messages that did not go out: send them again, or leave them.

use super::store::{self, OpenCounts, OpenRow};
use crate::{
    access::parse_id,
    audit::{self, Author},
    ctx::Ctx,
    discord,
    error::{Error, FieldError, Result},
    registry, text,
};
use serde_json::Value;
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, GuildMarker, MessageMarker},
};

/// Rows of one state on a page.
pub const PER_PAGE: usize = 25;
/// Rows are counted up to here: more than that needs no exact number.
pub const COUNTED: u32 = 1_000;
/// So much of a message is shown of it.
const PREVIEW: usize = 140;

/// The states that people see, those they decide about first.
pub const STATES: [&str; 3] = ["held", "failed", "pending"];

/// Where a page begins: the time of the last row before it and its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(i64, String);

impl Cursor {
    pub fn start() -> Self {
        Self(i64::MAX >> 11, String::new())
    }

    /// `1795000000000.0a1b…`, as [`Cursor::text`] writes it.
    pub fn parse(text: &str) -> Option<Self> {
        let (at, id) = text.split_once('.')?;
        let is_id = id.len() <= 32 && id.bytes().all(|b| b.is_ascii_alphanumeric());
        is_id.then_some(Self(at.parse().ok().filter(|at| (0..=i64::MAX >> 11).contains(at))?, id.to_owned()))
    }

    pub fn text(&self) -> String {
        format!("{}.{}", self.0, self.1)
    }
}

/// Rows of one state, newest first, and where more are.
pub async fn list(
    ctx: &Ctx,
    guild: Id<GuildMarker>,
    state: &str,
    from: &Cursor,
) -> Result<(Vec<OpenRow>, Option<Cursor>)> {
    let limit = u32::try_from(PER_PAGE + 1).unwrap_or(u32::MAX);
    let mut rows: Vec<OpenRow> = ctx.query(store::list_open(guild, state, from.0, &from.1, limit)).await?.all()?;
    let has_more = rows.len() > PER_PAGE;
    rows.truncate(PER_PAGE);
    let next = rows.last().filter(|_| has_more).map(|row| Cursor(row.created_at, row.id.clone()));
    Ok((rows, next))
}

/// Rows of all states, newest first, and where more are.
pub async fn list_all(
    ctx: &Ctx,
    guild: Id<GuildMarker>,
    from: &Cursor,
    limit: usize,
) -> Result<(Vec<OpenRow>, Option<Cursor>)> {
    let asked = u32::try_from(limit + 1).unwrap_or(u32::MAX);
    let mut rows: Vec<OpenRow> = ctx.query(store::list_troubles(guild, from.0, &from.1, asked)).await?.all()?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| has_more).map(|row| Cursor(row.created_at, row.id.clone()));
    Ok((rows, next))
}

pub async fn counts(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<OpenCounts> {
    Ok(ctx.query(store::count_open_of(guild, COUNTED)).await?.first()?.unwrap_or_default())
}

/// What a row is, in words.
pub fn name(row: &OpenRow) -> &'static str {
    registry::name_effect(&row.feature, &row.effect)
}

/// How the message begins; empty for an edit, which is rendered when it is delivered.
pub fn preview(row: &OpenRow) -> String {
    let body: Value = row.body.as_deref().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
    let mut parts = Vec::new();
    collect_texts(&body, &mut parts);
    text::clean_line(&parts.join(" · "), PREVIEW)
}

/// The first texts that somebody would read: content, titles and descriptions.
fn collect_texts<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
    for key in ["content", "title", "description"] {
        if let Some(text) = value[key].as_str().filter(|text| !text.is_empty()) {
            into.push(text);
        }
    }
    for key in ["embeds", "components"] {
        for inner in value[key].as_array().into_iter().flatten().take(3) {
            if into.len() < 3 {
                collect_texts(inner, into);
            }
        }
    }
}

async fn load(ctx: &Ctx, guild: Id<GuildMarker>, id: &str) -> Result<OpenRow> {
    ctx.query(store::get_open(guild, id)).await?.first()?.ok_or(Error::NotFound)
}

fn entry(ctx: &Ctx, author: &Author, row: &OpenRow, after: &str) -> audit::store::Entry {
    audit::store::Entry {
        guild_id: author.guild,
        at: ctx.now(),
        actor_id: author.user,
        source: author.source,
        action: "job",
        target: format!("{} ({})", name(row), row.id),
        before: Some(row.state.clone()),
        after: Some(after.to_owned()),
        cause: author.cause.clone(),
    }
}

/// Has a refused or held message sent again; the channel is read back first, so that one that did arrive is found and not
/// doubled. `false`: somebody else decided already.
///
/// # Errors
/// `NotFound` for rows of other guilds.
pub async fn retry(ctx: &Ctx, author: &Author, id: &str) -> Result<bool> {
    let row = load(ctx, author.guild, id).await?;
    let note = store::note_decision(&entry(ctx, author, &row, "send again"), id);
    let results = ctx.batch(vec![note, store::reopen(author.guild, id, ctx.now())]).await?;
    let is_open = results.last().is_some_and(|result| result.changes > 0);
    if is_open {
        super::enqueue(ctx, row.id, 0).await;
    }
    Ok(is_open)
}

/// Nothing more is tried. With a link to the message, what hangs on it goes on as if it had been delivered just now.
///
/// # Errors
/// `NotFound` for rows of other guilds, `Invalid` for a link to another message.
pub async fn close(ctx: &Ctx, author: &Author, id: &str, link: &str) -> Result<bool> {
    let row = load(ctx, author.guild, id).await?;
    let message = if link.is_empty() { None } else { Some(find(ctx, &row, link).await?) };
    let after = if message.is_some() { "was sent" } else { "left as it is" };
    let text = message.map(|message| message.to_string());
    let mut statements = vec![store::note_decision(&entry(ctx, author, &row, after), id)];
    if let (Some(message_id), true) = (&text, matches!(row.state.as_str(), "failed" | "held")) {
        let delivered = super::Delivered {
            guild_id: author.guild,
            reference: row.reference.clone(),
            message_id: message_id.clone(),
            at: ctx.now(),
        };
        statements.extend(registry::on_delivered(&row.feature, &delivered));
    }
    statements.push(store::close(author.guild, id, text, ctx.now()));
    let results = ctx.batch(statements).await?;
    Ok(results.last().is_some_and(|result| result.changes > 0))
}

/// The message that a link or id names, when it is the one of this row.
async fn find(ctx: &Ctx, row: &OpenRow, link: &str) -> Result<Id<MessageMarker>> {
    let wrong = |why: &str| Err(Error::Invalid(vec![FieldError::new("message", why)]));
    let Some(message) = parse_id::<MessageMarker>(link.rsplit('/').next().unwrap_or_default()) else {
        return wrong("Copy the message's link in Discord and paste it here.");
    };
    let Some(channel) = parse_id::<ChannelMarker>(&row.channel_id).filter(|_| row.body.is_some()) else {
        return wrong("This one has no message to link to: leave the field empty.");
    };
    let found = discord::list_messages_after(ctx, channel, message.get() - 1).await?;
    let me = ctx.settings.application_id.to_string();
    let marker = format!("{}\"", row.marker);
    let is_it = |found: &&Value| {
        found["id"] == message.to_string().as_str()
            && found["author"]["id"] == me.as_str()
            && found.to_string().contains(&marker)
    };
    if found.iter().find(is_it).is_none() {
        return wrong(
            "That is another message. Look for the one that begins as it is shown here, in the same channel.",
        );
    }
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_in_no_other_way() {
        let cursor = Cursor(1_795_000_000_000, "0a1b".to_owned());
        assert_eq!(Cursor::parse(&cursor.text()), Some(cursor));
        assert_eq!(Cursor::parse(&Cursor::start().text()), Some(Cursor::start()));
        for bad in ["", "1", "x.a", "-1.a", "1.'", "99999999999999999999.a"] {
            assert_eq!(Cursor::parse(bad), None, "{bad}");
        }
    }
}
