//! Purpose: giveaways on the dashboard: the list, one giveaway with all that belongs to it, and its buttons.

mod form;
pub mod proof;
mod show;

pub use form::{begin_as, prefilled, read_edits, read_wish};
pub use show::plain;

use super::{
    actions::{self, Change},
    api::proof::export,
    begin,
    commands::Format,
    jobs,
    store::{self, Giveaway, State},
};
use crate::{
    access::{Area, GuildAccess, May},
    ctx::Ctx,
    error::{Error, Result},
    text::{clean_line, number},
    time,
    web::{Form, Request, Response, Shell, choices::field_errors, render},
};
use askama::Template;

pub const PATH: &str = "giveaways";
const PER_PAGE: usize = 25;
/// Above every time and row id: the largest number that the database takes exactly.
const NEWEST: i64 = 9_007_199_254_740_991;
/// Where the first page begins.
pub const NEWEST_FIRST: (i64, &str) = (NEWEST, "");

pub async fn on_request(ctx: &Ctx, request: &Request, access: &GuildAccess, rest: &[&str]) -> Result<Option<Response>> {
    let [PATH, rest @ ..] = rest else { return Ok(None) };
    let is_post = request.method == "POST";
    let may = if is_post || matches!(rest, ["new"] | [_, "edit"]) { May::Manage } else { May::View };
    access.require(ctx, Area::Giveaways, may)?;
    let response = match (request.method.as_str(), rest) {
        ("GET", []) => list(ctx, request, access).await?,
        ("GET", ["new"]) => form::new(ctx, request, access).await?,
        ("POST", ["new"]) => form::create(ctx, request, access).await?,
        ("GET", [id]) => {
            let giveaway = find(ctx, access, id).await?;
            show::page(ctx, request, access, giveaway, Vec::new()).await?
        }
        ("GET", [id, "edit"]) => form::edit(ctx, request, access, find(ctx, access, id).await?).await?,
        ("POST", [id, "edit"]) => form::change(ctx, request, access, find(ctx, access, id).await?).await?,
        ("GET", [id, "export.csv"]) => file(ctx, access, id, Format::Csv).await?,
        ("GET", [id, "export.json"]) => file(ctx, access, id, Format::Json).await?,
        ("POST", [id, act]) => act_on(ctx, request, access, id, act).await?,
        _ => return Ok(None),
    };
    Ok(Some(response))
}

pub async fn find(ctx: &Ctx, access: &GuildAccess, id: &str) -> Result<Giveaway> {
    jobs::load(ctx, access.guild, id).await?.ok_or(Error::NotFound)
}

async fn file(ctx: &Ctx, access: &GuildAccess, id: &str, format: Format) -> Result<Response> {
    let giveaway = find(ctx, access, id).await?;
    let export = export(ctx, &giveaway, format).await?;
    Ok(Response::file(export.content_type, &export.name, export.text))
}

/// One of the buttons. What does not work now is said on the same page.
async fn act_on(ctx: &Ctx, request: &Request, access: &GuildAccess, id: &str, act: &str) -> Result<Response> {
    let form = request.form();
    let giveaway = find(ctx, access, id).await?;
    let done = match wanted(ctx, &form, act) {
        Ok(Some(change)) => actions::change(ctx, &access.author(form.once()), id, &change).await,
        Ok(None) => return Err(Error::NotFound),
        Err(error) => Err(error),
    };
    match done {
        Ok(changed) => {
            let done = match (act, changed.state) {
                ("end", State::Active) => "extended",
                ("end", State::Cancelled) => "too-few",
                (act, _) => act,
            };
            Ok(Response::see(format!("/g/{}/giveaways/{id}?done={done}", access.guild)))
        }
        Err(error) => show::page(ctx, request, access, giveaway, field_errors(error)?).await,
    }
}

/// What a button's form asks for; `None` for a button that there is not.
fn wanted(ctx: &Ctx, form: &Form, act: &str) -> Result<Option<Change>> {
    let change = match act {
        "pause" => {
            let text = form.get("for");
            let until = (!text.is_empty()).then(|| begin::parse_pause(text, ctx.now())).transpose();
            Change::Pause { until: until.map_err(|error| begin::at("for", error.to_string()))? }
        }
        "resume" => Change::Resume,
        "end" => Change::End,
        "cancel" => Change::Cancel { reason: clean_line(form.get("reason"), 300) },
        "reroll" => {
            let text = form.get("winner");
            let winner = crate::access::parse_id(text);
            if winner.is_none() && !text.is_empty() {
                return Err(Error::user("Choose one of the winners below."));
            }
            Change::Reroll { winner }
        }
        _ => return Ok(None),
    };
    Ok(Some(change))
}

fn notice(request: &Request) -> &'static str {
    match request.param("done") {
        Some("started") => "The giveaway is on its way to its channel.",
        Some("changed") => "The giveaway was changed. The announcement shows it in a moment.",
        Some("pause") => "The giveaway is paused. Nobody can enter until it goes on.",
        Some("resume") => "The giveaway goes on with the time that was left.",
        Some("end") => "The giveaway has ended. The draw is announced in its channel.",
        Some("extended") => "Too few people have entered, so the giveaway was extended instead of drawn.",
        Some("too-few") => "Too few people have entered, so the giveaway was cancelled.",
        Some("cancel") => "The giveaway is cancelled, and its channel was told.",
        Some("reroll") => "The prize is drawn again. The result is announced in its channel.",
        _ => "",
    }
}

/// How a state is called, and whether it is a good or a bad one.
fn state_words(state: State) -> (&'static str, &'static str) {
    match state {
        State::Active => ("running", "good"),
        State::Paused => ("paused", "held"),
        State::Drawing => ("being drawn", "held"),
        State::Claiming => ("waiting for claims", "held"),
        State::Finished => ("over", ""),
        State::Cancelled => ("cancelled", "bad"),
    }
}

/// What is said of the end, and when it is or was; for a paused one how much is left.
fn end_words(giveaway: &Giveaway) -> (&'static str, String, String) {
    match giveaway.state {
        State::Active => ("Ends", time::rfc3339(giveaway.ends_at), String::new()),
        State::Paused => {
            let left = time::say_duration(giveaway.paused_left_ms.unwrap_or(0));
            ("Paused", String::new(), format!("{left} left"))
        }
        _ => ("Ended", time::rfc3339(giveaway.ends_at), String::new()),
    }
}

struct Line {
    id: String,
    href: String,
    prize: String,
    state: &'static str,
    tone: &'static str,
    entrants: String,
    winners: u32,
    /// RFC 3339; empty for a paused one.
    at: String,
    left: String,
}

fn line(access: &GuildAccess, giveaway: &Giveaway) -> Line {
    let (state, tone) = state_words(giveaway.state);
    let (_, at, left) = end_words(giveaway);
    Line {
        href: format!("/g/{}/giveaways/{}", access.guild, giveaway.id),
        prize: giveaway.prize.clone(),
        entrants: number(giveaway.entrant_count.into()),
        winners: giveaway.winners,
        id: giveaway.id.clone(),
        state,
        tone,
        at,
        left,
    }
}

#[derive(Template)]
#[template(path = "features/giveaways/list.html")]
struct ListPage {
    shell: Shell,
    lines: Vec<Line>,
    is_over: bool,
    may_manage: bool,
    /// Where the counts are loaded from again, and which parts are.
    here: String,
    live: String,
    /// The next page's address; empty on the last one.
    older: String,
    is_first: bool,
}

async fn list(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let is_over = request.param("show") == Some("over");
    let cursor = request.param("after").unwrap_or_default();
    let (giveaways, next) =
        page_of(ctx, access, is_over, parse_cursor(cursor).unwrap_or(NEWEST_FIRST), PER_PAGE).await?;
    let lines: Vec<Line> = giveaways.iter().map(|giveaway| line(access, giveaway)).collect();
    let live: Vec<String> = lines.iter().map(|line| format!("#state-{0},#entrants-{0},#end-{0}", line.id)).collect();
    let base = format!("/g/{}/giveaways?show={}", access.guild, if is_over { "over" } else { "open" });
    let page = ListPage {
        shell: Shell::of_guild(ctx, request, access, "Giveaways", PATH).notice(notice(request)),
        live: live.join(","),
        lines,
        is_over,
        may_manage: access.may(Area::Giveaways, May::Manage),
        here: if cursor.is_empty() { base.clone() } else { format!("{base}&after={cursor}") },
        older: next.map(|next| format!("{base}&after={next}")).unwrap_or_default(),
        is_first: cursor.is_empty(),
    };
    render(200, &page)
}

/// Where a page begins: after the time of start and the id of the last one before it, as [`page_of`] writes it.
pub fn parse_cursor(cursor: &str) -> Option<(i64, &str)> {
    let (at, id) = cursor.split_once('.')?;
    let at = at.parse().ok().filter(|at| (0..NEWEST).contains(at))?;
    id.bytes().all(|b| b.is_ascii_hexdigit()).then_some((at, id))
}

/// One page of a guild's giveaways and the cursor of the next one.
pub async fn page_of(
    ctx: &Ctx,
    access: &GuildAccess,
    is_over: bool,
    after: (i64, &str),
    limit: usize,
) -> Result<(Vec<Giveaway>, Option<String>)> {
    let rows = store::list_after(access.guild, is_over, after, limit as u32 + 1);
    let mut giveaways: Vec<Giveaway> = ctx.query(rows).await?.all()?;
    let more = giveaways.len() > limit;
    giveaways.truncate(limit);
    let last = giveaways.last().filter(|_| more);
    let next = last.map(|last| format!("{}.{}", last.created_at, last.id));
    Ok((giveaways, next))
}
