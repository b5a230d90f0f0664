//! Purpose: links by hand, the same for the command, the form and the API: made, changed, found.

use crate::{
    audit::{self, Author},
    ctx::Ctx,
    error::{Error, FieldError, Result},
    links::{
        self, Link, NewLink,
        rules::target::{self, Utm},
        store,
    },
    sql::Statement,
    text::clean_line,
    time,
    time_zone::Zone,
};
use serde::Deserialize;
use twilight_model::id::{Id, marker::GuildMarker};

const NAME_MAX: usize = 80;
const UTM_MAX: usize = 100;
/// More links than this in one guild that lead somewhere are links that nobody looks at.
const LINKS_MAX: u32 = 2_000;
/// Five years: longer is never.
const LONGEST_MS: i64 = 5 * 366 * 24 * 3_600_000;

/// A link as somebody typed it.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    pub name: String,
    pub target: String,
    pub utm: Utm,
    /// Empty for never.
    pub expires: String,
}

/// When a link ends, as it was typed; `None` for never.
pub fn parse_end(text: &str, now: i64, zone: Zone) -> Result<Option<i64>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let at = time::parse_rfc3339(text).or_else(|| time::parse_when(text, now, zone));
    match at {
        Some(at) if at > now && at < now + LONGEST_MS => Ok(Some(at)),
        Some(_) => Err(wrong("expires", "The end lies in the future, within five years.")),
        None => {
            Err(wrong("expires", "Write when it ends like `7d`, `18:00` or `2026-12-24 18:00`, or leave it empty."))
        }
    }
}

fn wrong(field: &str, why: impl Into<String>) -> Error {
    Error::Invalid(vec![FieldError::new(field, why)])
}

/// Makes a link. The same cause makes it once and gives the same one.
pub async fn create(ctx: &Ctx, author: &Author, wish: &Wish, zone: Zone) -> Result<Link> {
    let guild = author.guild;
    let cause = format!("links:{}", author.cause);
    if let Some(made) = ctx.query(store::get_by_cause(guild, &cause)).await?.first()? {
        return Ok(made);
    }
    let short = |text: &str| clean_line(text, UTM_MAX);
    let Utm { source, medium, campaign, content } = &wish.utm;
    let utm = Utm { source: short(source), medium: short(medium), campaign: short(campaign), content: short(content) };
    let target = links::target(ctx, &wish.target, &utm).map_err(|error| wrong("target", error.to_string()))?;
    let expires_at = parse_end(&wish.expires, ctx.now(), zone)?;
    let name = clean_line(&wish.name, NAME_MAX);
    let name = if name.is_empty() { target::host(&target).to_owned() } else { name };
    if count_open(ctx, guild).await? >= LINKS_MAX {
        return Err(Error::user("This server has 2,000 links that lead somewhere. Switch some off first."));
    }
    let slug = links::new_slug(ctx);
    let link = NewLink {
        slug: &slug,
        guild,
        mission: None,
        owner: None,
        name: &name,
        target: &target,
        created_by: author.user,
        cause: &cause,
        at: ctx.now(),
        expires_at,
    };
    let said = format!("{name} → {target}");
    ctx.batch(vec![store::insert(&link), note(ctx, author, "link_made", &slug, None, said)]).await?;
    let made: Option<Link> = ctx.query(store::get_by_cause(guild, &cause)).await?.first()?;
    let made = made.ok_or_else(|| Error::internal("a link was not stored"))?;
    links::publish(ctx, &made).await;
    Ok(made)
}

async fn count_open(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<u32> {
    #[derive(Deserialize)]
    struct Row {
        n: u32,
    }
    Ok(ctx.query(store::count_open(guild)).await?.first::<Row>()?.map_or(0, |row| row.n))
}

fn note(
    ctx: &Ctx,
    author: &Author,
    action: &'static str,
    slug: &str,
    before: Option<String>,
    after: String,
) -> Statement {
    audit::store::insert(&audit::store::Entry {
        guild_id: author.guild,
        at: ctx.now(),
        actor_id: author.user,
        source: author.source,
        action,
        target: slug.to_owned(),
        before,
        after: Some(after),
        cause: author.cause.clone(),
    })
}

/// What becomes of a link; `None` leaves it as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Change {
    pub expires_at: Option<Option<i64>>,
    pub is_disabled: Option<bool>,
}

fn said(link: &Link) -> String {
    let state = link.ended_as.as_deref().unwrap_or("open");
    link.expires_at.map_or_else(|| state.to_owned(), |at| format!("{state}, until {}", time::show(at)))
}

/// Changes a link. What is so already changes nothing.
///
/// # Errors
/// `User` for a link that belongs to a mission: that goes by the mission.
pub async fn change(ctx: &Ctx, author: &Author, link: Link, change: Change) -> Result<Link> {
    if link.mission.is_some() {
        return Err(Error::user("This link belongs to a mission, and ends with it."));
    }
    let mut new = link.clone();
    new.expires_at = change.expires_at.unwrap_or(link.expires_at);
    if let Some(is_disabled) = change.is_disabled {
        new.ended_as = is_disabled.then(|| "disabled".to_owned());
        new.ended_at = if is_disabled { link.ended_at.or(Some(ctx.now())) } else { None };
    }
    if (new.expires_at, &new.ended_as) == (link.expires_at, &link.ended_as) {
        return Ok(link);
    }
    let statements = vec![
        store::change(link.guild_id, &link.slug, new.expires_at, new.ended_as.as_deref(), ctx.now()),
        note(ctx, author, "link_changed", &link.slug, Some(said(&link)), said(&new)),
    ];
    ctx.batch(statements).await?;
    links::publish(ctx, &new).await;
    Ok(new)
}

/// A link of this guild by its slug, its address, or its name where only one has it.
pub async fn find(ctx: &Ctx, guild: Id<GuildMarker>, typed: &str) -> Result<Option<Link>> {
    let typed = typed.trim();
    let slug = typed.rsplit('/').next().unwrap_or(typed);
    if let Some(link) = ctx.query(store::get(guild, slug)).await?.first()? {
        return Ok(Some(link));
    }
    let mut found: Vec<Link> = ctx.query(store::list(guild, typed, None, 2)).await?.all()?;
    Ok(if found.len() == 1 { found.pop() } else { None })
}
