//! Purpose: the ledger of points: every line with why, of everybody or of one member; lines taken back, points given by hand.

use super::{href, nav, refused, shell, store, who};
use crate::{
    access::{Area, GuildAccess, May},
    ctx::Ctx,
    discord,
    error::{Error, FieldError, Result},
    features::missions::hand,
    people::{self, Fit},
    points,
    web::{
        Form, Request, Response, Shell,
        choices::error_of,
        render,
        table::{Cell, table},
    },
};
use askama::Template;
use twilight_model::id::{Id, marker::UserMarker};

const PER_PAGE: usize = 50;
/// Members whom a name offers at most.
const FITS_SHOWN: usize = 25;

#[derive(Template)]
#[template(path = "features/missions/ledger.html")]
struct LedgerPage {
    shell: Shell,
    nav: String,
    href: String,
    may_manage: bool,
    /// As typed or chosen; empty for everybody.
    typed: String,
    /// Where the members stand whom the typed name fits, when those are several.
    fits: Vec<(String, String)>,
    has_more_fits: bool,
    /// The id of the member that the page is about.
    user: String,
    /// The name and sum of the member that the page is about.
    member: String,
    standing: String,
    table: String,
    older: String,
    points: String,
    reason: String,
    errors: Vec<FieldError>,
}

impl LedgerPage {
    fn error(&self, field: &str) -> &str {
        error_of(&self.errors, field)
    }
}

fn parse_cursor(text: &str) -> Option<(i64, &str)> {
    let (at, id) = text.split_once('-')?;
    Some((at.parse().ok()?, id))
}

/// What a kind of line is called.
fn kind_name(kind: &str) -> &str {
    match kind {
        "publish" => "Published",
        "on-time" => "In time",
        "clicks" => "Clicks",
        "engagement" => "Engagement",
        "top" => "Top clicks",
        "adjust" => "By hand",
        "void" => "Taken back",
        other => other,
    }
}

/// Their sum and place over all time, in a sentence.
async fn standing(ctx: &Ctx, access: &GuildAccess, user: Id<UserMarker>) -> Result<String> {
    let found = ctx.query(points::store::standing(access.guild, points::ALL, user)).await?;
    let found: Option<points::store::Standing> = found.first()?;
    Ok(found.map_or_else(
        || "No points yet.".to_owned(),
        |one| {
            let place = one.place.map(|place| format!(", place {place} of {}", one.of)).unwrap_or_default();
            format!("{} points{place}.", one.points)
        },
    ))
}

async fn page(
    ctx: &Ctx,
    request: &Request,
    access: &GuildAccess,
    form: &Form,
    mut errors: Vec<FieldError>,
) -> Result<Response> {
    let typed = request.param("user").unwrap_or_else(|| form.get("user")).trim();
    let base = href(access, "ledger");
    let found = if typed.is_empty() { Ok(Vec::new()) } else { who::find(ctx, access, typed).await };
    let found = found.unwrap_or_else(|why| {
        errors.push(FieldError::new("user", why));
        Vec::new()
    });
    let offer = |fit: &Fit| (format!("{base}?user={}", fit.user), format!("{} ({})", fit.name, fit.user));
    let (user, fits) = match &found[..] {
        [fit] => (Some(fit.user), Vec::new()),
        fits => (None, fits.iter().take(FITS_SHOWN).map(offer).collect()),
    };
    let before = request.param("before").and_then(parse_cursor);
    let limit = u32::try_from(PER_PAGE + 1).unwrap_or(u32::MAX);
    let statement = store::list_ledger(access.guild, user, before, limit);
    let mut lines: Vec<store::LedgerLine> = ctx.query(statement).await?.all()?;
    let has_more = lines.len() > PER_PAGE;
    lines.truncate(PER_PAGE);
    let of = user.map(|user| format!("user={user}&")).unwrap_or_default();
    let last = lines.last().filter(|_| has_more);
    let older = last.map(|last| format!("{base}?{of}before={}-{}", last.at, last.id)).unwrap_or_default();
    let users: Vec<_> = lines.iter().map(|line| line.user_id).chain(user).collect();
    let names = people::names(ctx, access.guild, &users).await;
    let name = |user: Id<UserMarker>| names.get(&user).cloned().unwrap_or_default();
    let may_manage = access.may(Area::Missions, May::Manage);
    let row = |line: &store::LedgerLine| {
        let more = if line.voids > 0 { " (taken back)" } else { "" };
        let mut row = vec![
            Cell::at(line.at),
            Cell::Link { href: format!("{base}?user={}", line.user_id), text: name(line.user_id) },
            Cell::signed(line.points),
            Cell::text(kind_name(&line.kind)),
            Cell::Text(points::why(&line.reason, line.mission.as_deref()) + more),
            Cell::Number(line.rule_version.to_string()),
        ];
        if may_manage {
            row.push(if line.voids > 0 || line.kind == "void" {
                Cell::text("")
            } else {
                Cell::Link { href: format!("{base}/{}", line.id), text: "Take back".to_owned() }
            });
        }
        row
    };
    let mut head = vec!["When", "Who", "Points", "For", "Why", "Rules"];
    if may_manage {
        head.push("");
    }
    let page = LedgerPage {
        shell: shell(ctx, request, access, "Ledger"),
        nav: nav(access, "ledger"),
        may_manage,
        member: user.map(name).unwrap_or_default(),
        standing: match user {
            Some(user) => standing(ctx, access, user).await?,
            None => String::new(),
        },
        typed: typed.to_owned(),
        fits,
        has_more_fits: found.len() > FITS_SHOWN,
        user: user.map(|user| user.to_string()).unwrap_or_default(),
        table: table(&head, &lines.iter().map(row).collect::<Vec<_>>()),
        older,
        href: base,
        points: form.get("points").to_owned(),
        reason: form.get("reason").to_owned(),
        errors,
    };
    render(if page.errors.is_empty() { 200 } else { 422 }, &page)
}

pub async fn show(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    page(ctx, request, access, &Form::default(), Vec::new()).await
}

async fn give(ctx: &Ctx, access: &GuildAccess, form: &Form) -> Result<Id<UserMarker>> {
    let mut errors = Vec::new();
    let user = who::parse_member(form.get("user"));
    let is_here = match user {
        Some(user) => discord::get_member(ctx, access.guild, user).await?.is_some(),
        None => false,
    };
    if !is_here {
        errors.push(FieldError::new("user", "There is no member of that ID here."));
    }
    let points = form.get("points").trim_start_matches('+').parse().ok();
    let points = points.filter(|points: &i64| *points != 0 && points.abs() <= hand::ADJUST_MAX);
    if points.is_none() {
        let why = format!("A whole number other than 0, up to {}; with a minus to take points.", hand::ADJUST_MAX);
        errors.push(FieldError::new("points", why));
    }
    if form.get("reason").is_empty() {
        errors.push(FieldError::new("reason", "Say why: the reason stays with the line."));
    }
    match (user, points) {
        (Some(user), Some(points)) if errors.is_empty() => {
            hand::adjust(ctx, &access.author(form.once()), user, points, form.get("reason")).await?;
            Ok(user)
        }
        _ => Err(Error::Invalid(errors)),
    }
}

pub async fn adjust(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let form = request.form();
    match give(ctx, access, &form).await {
        Ok(user) => Ok(Response::see(format!("{}?user={user}&done=adjusted", href(access, "ledger")))),
        Err(error) => page(ctx, request, access, &form, refused(error)?).await,
    }
}

#[derive(Template)]
#[template(path = "features/missions/line.html")]
struct LinePage {
    shell: Shell,
    list: String,
    href: String,
    who: String,
    points: String,
    why: String,
    /// A line that takes points back itself stays.
    may_void: bool,
    reason: String,
    errors: Vec<FieldError>,
}

impl LinePage {
    fn error(&self, field: &str) -> &str {
        error_of(&self.errors, field)
    }
}

/// One line, to be taken back.
pub async fn line(
    ctx: &Ctx,
    request: &Request,
    access: &GuildAccess,
    id: &str,
    form: &Form,
    errors: Vec<FieldError>,
) -> Result<Response> {
    access.require(ctx, Area::Missions, May::Manage)?;
    let entry: Option<points::store::Voidable> = ctx.query(points::store::get(access.guild, id)).await?.first()?;
    let entry = entry.ok_or(Error::NotFound)?;
    let names = people::names(ctx, access.guild, &[entry.user_id]).await;
    let page = LinePage {
        shell: shell(ctx, request, access, "Take points back"),
        list: href(access, "ledger"),
        href: href(access, &format!("ledger/{id}")),
        who: names.get(&entry.user_id).cloned().unwrap_or_default(),
        points: format!("{:+}", entry.points),
        why: entry.reason,
        may_void: entry.kind != "void",
        reason: form.get("reason").to_owned(),
        errors,
    };
    render(if page.errors.is_empty() { 200 } else { 422 }, &page)
}

pub async fn void(ctx: &Ctx, request: &Request, access: &GuildAccess, id: &str) -> Result<Response> {
    let form = request.form();
    if form.get("reason").is_empty() {
        let errors = vec![FieldError::new("reason", "Say why: the reason stays with the line.")];
        return line(ctx, request, access, id, &form, errors).await;
    }
    match hand::void(ctx, &access.author(form.once()), id, form.get("reason")).await {
        Ok((entry, _)) => Ok(Response::see(format!("{}?user={}&done=void", href(access, "ledger"), entry.user_id))),
        Err(error) => line(ctx, request, access, id, &form, refused(error)?).await,
    }
}
