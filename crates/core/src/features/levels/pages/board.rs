//! Purpose: the leaderboard as pages: for who manages levels, and for everybody where the guild made it public.

use super::{Section, href, sections, shell};
use crate::{
    access::{self, GuildAccess},
    ctx::Ctx,
    discord,
    error::{Error, Result},
    features::levels::{
        cards::{self, KINDS, LISTS, List},
        commands,
        view::number,
    },
    guild_config::{self, FreshConfig},
    leaderboard::{Of, Question, Span},
    people, text,
    web::{Request, Response, Shell, render},
};
use askama::Template;
use std::rc::Rc;
use twilight_model::id::{Id, marker::GuildMarker};

/// Seconds that anyone may keep the public page: reports come every few seconds, and lists are looked at often.
const MAX_AGE: u32 = 15;
const NAME_REMEMBERED_MS: i64 = 3_600_000;

struct Line {
    place: usize,
    name: String,
    xp: String,
    /// Only where the list is of everything and all time.
    level: Option<u32>,
}

/// One list of the board to choose.
struct Link {
    href: String,
    title: &'static str,
    is_current: bool,
}

struct Board {
    spans: Vec<Link>,
    kinds: Vec<Link>,
    /// `Week 47, 2026`; empty for all time.
    period: String,
    lines: Vec<Line>,
    shows_level: bool,
    members: String,
    page: usize,
    pages: usize,
    /// Empty on the first and the last page.
    previous: String,
    next: String,
}

#[derive(Template)]
#[template(path = "features/levels/board.html")]
struct BoardPage {
    shell: Shell,
    /// None on the public page.
    sections: Vec<Section>,
    title: String,
    /// Where everybody finds it; empty when nobody may, or on that page.
    public_href: String,
    board: Board,
}

/// Which list and page is asked for.
struct Asked {
    span: Span,
    of: Of,
    page: usize,
}

/// # Errors
/// `NotFound` for lists and pages that cannot be.
fn asked(request: &Request) -> Result<Asked> {
    let span = request.param("board").unwrap_or("all");
    let span = LISTS.iter().find(|(_, key, _)| *key == span).ok_or(Error::NotFound)?.0;
    let of = request.param("kind").unwrap_or("total");
    let of = KINDS.iter().find(|(_, key, _)| *key == of).ok_or(Error::NotFound)?.0;
    match request.param("page").unwrap_or("1").parse() {
        Ok(page @ 1..=1_000_000) => Ok(Asked { span, of, page }),
        _ => Err(Error::NotFound),
    }
}

fn address(base: &str, span: Span, of: Of, page: usize) -> String {
    let key = List { span, of }.key();
    let (span, of) = key.split_once('.').unwrap_or_default();
    format!("{base}?board={span}&kind={of}&page={page}")
}

async fn read(ctx: &Ctx, guild: Id<GuildMarker>, config: &FreshConfig, base: &str, asked: &Asked) -> Result<Board> {
    let Asked { span, of, page } = *asked;
    let board = commands::current_board(ctx, config.config(), List { span, of });
    let question = Question::Page { board, skip: (page - 1) * cards::PER_PAGE, count: cards::PER_PAGE };
    let answer = ctx.leaderboards.ask(guild, question).await.map_err(Error::retryable)?;
    let users: Vec<_> = answer.page.iter().map(|place| place.user).collect();
    let names = people::names(ctx, guild, &users).await;
    let curve = config.config().levels.curve;
    let shows_level = span == Span::All && of == Of::Total;
    let lines = answer.page.iter().map(|place| Line {
        place: place.place,
        name: names.get(&place.user).cloned().unwrap_or_else(|| people::by_id(place.user)),
        xp: number(place.score.into()),
        level: shows_level.then(|| curve.level(place.score.into())),
    });
    let pages = cards::pages(answer.members);
    let turn = |to: usize| address(base, span, of, to);
    Ok(Board {
        spans: LISTS
            .map(|(key, _, title)| Link { href: address(base, key, of, 1), title, is_current: key == span })
            .into(),
        kinds: KINDS
            .map(|(key, _, title)| Link { href: address(base, span, key, 1), title, is_current: key == of })
            .into(),
        period: cards::period_name(span, board.period).unwrap_or_default(),
        lines: lines.collect(),
        shows_level,
        members: text::count(answer.members as u64, "member", "members"),
        page,
        pages,
        previous: if page > 1 { turn((page - 1).min(pages)) } else { String::new() },
        next: if page < pages { turn(page + 1) } else { String::new() },
    })
}

fn public_path(guild: Id<GuildMarker>) -> String {
    format!("/leaderboard/{guild}")
}

pub async fn show(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let asked = asked(request)?;
    let config = guild_config::fresh(ctx, access.guild).await?;
    let levels = &config.config().levels;
    let is_public = levels.enabled && levels.public;
    let page = BoardPage {
        shell: shell(ctx, request, access, "Leaderboard"),
        sections: sections(access, "board"),
        title: "Levels".to_owned(),
        public_href: if is_public { public_path(access.guild) } else { String::new() },
        board: read(ctx, access.guild, &config, &href(access, "board"), &asked).await?,
    };
    render(200, &page)
}

/// The guild's name, asked of Discord once an hour.
async fn guild_name(ctx: &Ctx, guild: Id<GuildMarker>) -> String {
    let key = format!("guild-name:{guild}");
    if let Some(name) = ctx.memory.recall::<String>(&key, ctx.now()) {
        return name.to_string();
    }
    let Ok(facts) = discord::get_guild(ctx, guild).await else { return "This server".to_owned() };
    ctx.memory.remember(key, Rc::new(facts.name.clone()), ctx.now() + NAME_REMEMBERED_MS);
    facts.name
}

/// What a preview of a link says.
fn description(board: &Board) -> String {
    let first = board.lines.first().filter(|first| first.place == 1);
    let first = first.map(|first| format!("{} leads with {} XP. ", first.name, first.xp)).unwrap_or_default();
    format!("{first}{} on the list.", board.members)
}

/// A guild that did not make its leaderboard public looks like one that Muster never heard of.
pub async fn show_public(ctx: &Ctx, request: &Request, guild: &str) -> Result<Response> {
    let guild: Id<GuildMarker> = access::parse_id(guild).ok_or(Error::NotFound)?;
    let config = guild_config::fresh(ctx, guild).await?;
    let levels = &config.config().levels;
    if !(levels.enabled && levels.public) {
        return Err(Error::NotFound);
    }
    let asked = asked(request)?;
    let board = read(ctx, guild, &config, &public_path(guild), &asked).await?;
    let title = format!("Leaderboard of {}", guild_name(ctx, guild).await);
    let shell = Shell { description: description(&board), ..Shell::new(ctx, request, title.clone()) };
    let is_signed_in = request.caller.session().is_some();
    let page = BoardPage { shell, sections: Vec::new(), title, public_href: String::new(), board };
    // Whoever is signed in has their name on the page.
    Ok(Response { max_age: if is_signed_in { 0 } else { MAX_AGE }, ..render(200, &page)? })
}
