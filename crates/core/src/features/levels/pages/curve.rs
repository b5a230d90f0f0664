//! Purpose: the page of the curve: how much each level takes, and what another curve makes of the first of the leaderboard.

use super::{Section, href, plain, refused, sections, shell};
use crate::{
    access::{Area, GuildAccess, May},
    ctx::Ctx,
    error::{Error, FieldError, Result},
    features::levels::{admin_view as view, input, settings, view::number},
    guild_config,
    leaderboard::{Board, Of, Question, Span},
    people,
    web::{
        Request, Response, Shell,
        choices::{self, Choice},
        render,
    },
    xp::{Curve, LevelSettings, curve},
};
use askama::Template;
use serde_json::json;

/// Members of whom the preview says what changes.
const PREVIEWED_MEMBERS: usize = 20;
/// The highest level of the plot.
const PLOTTED: u32 = 50;

/// What a level takes, by the curve in force and by the one that is looked at.
struct Line {
    level: u32,
    now: String,
    then: String,
    messages: String,
    talk: String,
}

/// Somebody's level by both curves.
struct Standing {
    place: usize,
    name: String,
    xp: String,
    now: u32,
    then: u32,
}

/// What a curve would do; `web` gets it alone while somebody types.
#[derive(Template)]
#[template(path = "features/levels/curve_preview.html")]
struct Preview {
    form_token: String,
    once: String,
    action: String,
    may_change: bool,
    is_changed: bool,
    curve: Curve,
    exponent: String,
    known: Curve,
    known_exponent: String,
    chart: String,
    lines: Vec<Line>,
    earns: String,
    standings: Vec<Standing>,
    moved: usize,
    error: String,
}

#[derive(Template)]
#[template(path = "features/levels/curve.html")]
struct CurvePage {
    shell: Shell,
    sections: Vec<Section>,
    action: String,
    base: String,
    exponents: Vec<Choice>,
    preview: Preview,
    errors: Vec<FieldError>,
}

impl CurvePage {
    fn error(&self, field: &str) -> &str {
        choices::error_of(&self.errors, field)
    }
}

fn chart(now: Curve, then: Curve) -> String {
    let totals = |curve: Curve| {
        let sums = (0..PLOTTED).scan(0, |sum: &mut u64, level| {
            *sum += curve.takes(level);
            Some(*sum)
        });
        std::iter::once(0).chain(sums).collect::<Vec<_>>()
    };
    let mut series = vec![json!({ "label": "XP now", "values": totals(now) })];
    if then != now {
        series.push(json!({ "label": "XP with this curve", "values": totals(then) }));
    }
    json!({ "x": (0..=PLOTTED).collect::<Vec<_>>(), "of": "Level", "series": series }).to_string()
}

fn lines(settings: &LevelSettings, then: Curve) -> Vec<Line> {
    let average = u64::from(settings.text.min_xp + settings.text.max_xp).max(1);
    let line = |level: u32| {
        let total = then.total_for(level);
        let messages = (total * 2).div_ceil(average);
        Line {
            level,
            now: number(settings.curve.total_for(level)),
            then: number(total),
            messages: number(messages),
            talk: view::rough(messages.saturating_mul(settings.text.cooldown_seconds.max(1).into())),
        }
    };
    view::PREVIEWED.map(line).into()
}

async fn standings(ctx: &Ctx, access: &GuildAccess, now: Curve, then: Curve) -> Result<Vec<Standing>> {
    let board = Board { span: Span::All, of: Of::Total, period: 0 };
    let question = Question::Page { board, skip: 0, count: PREVIEWED_MEMBERS };
    let answer = ctx.leaderboards.ask(access.guild, question).await.map_err(Error::retryable)?;
    let users: Vec<_> = answer.page.iter().map(|place| place.user).collect();
    let names = people::names(ctx, access.guild, &users).await;
    let standing = |place: &crate::leaderboard::Place| Standing {
        place: place.place,
        name: names.get(&place.user).cloned().unwrap_or_default(),
        xp: number(place.score.into()),
        now: now.level(place.score.into()),
        then: then.level(place.score.into()),
    };
    Ok(answer.page.iter().map(standing).collect())
}

async fn preview(
    ctx: &Ctx,
    access: &GuildAccess,
    settings: &LevelSettings,
    shell: &Shell,
    then: Curve,
) -> Result<Preview> {
    let now = settings.curve;
    let standings = standings(ctx, access, now, then).await?;
    Ok(Preview {
        form_token: shell.form_token.clone(),
        once: shell.once.clone(),
        action: href(access, "curve"),
        may_change: access.may(Area::Levels, May::Manage),
        is_changed: now != then,
        curve: then,
        exponent: input::show_exponent(then),
        known: now,
        known_exponent: input::show_exponent(now),
        chart: chart(now, then),
        lines: lines(settings, then),
        earns: format!("{} to {} XP", settings.text.min_xp, settings.text.max_xp),
        moved: standings.iter().filter(|standing| standing.now != standing.then).count(),
        standings,
        error: String::new(),
    })
}

fn exponents(chosen: &str) -> Vec<Choice> {
    let choice = |exponent_quarters| {
        let value = input::show_exponent(Curve { base: 100, exponent_quarters });
        Choice { is_chosen: value == chosen, name: value.clone(), problem: "", value }
    };
    curve::QUARTERS.map(choice).collect()
}

/// Base and exponent as they were typed; those in force where nothing was.
fn typed(request: &Request, known: Curve) -> (String, String) {
    let base = request.param("base").map_or_else(|| known.base.to_string(), str::to_owned);
    let exponent = request.param("exponent").map_or_else(|| input::show_exponent(known), str::to_owned);
    (base, exponent)
}

pub async fn show(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let config = guild_config::fresh(ctx, access.guild).await?;
    let levels = &config.config().levels;
    let (base, exponent) = typed(request, levels.curve);
    let shell = shell(ctx, request, access, "Curve");
    let read = input::parse_curve(&base, &exponent);
    let mut preview = preview(ctx, access, levels, &shell, *read.as_ref().unwrap_or(&levels.curve)).await?;
    let errors: Vec<FieldError> =
        read.err().map(|why| FieldError::new("base", plain(&why, access, &[]))).into_iter().collect();
    if request.is_partial() {
        preview.error = choices::error_of(&errors, "base").to_owned();
        return render(200, &preview);
    }
    page(access, if errors.is_empty() { 200 } else { 422 }, shell, base, &exponent, preview, errors)
}

fn page(
    access: &GuildAccess,
    status: u16,
    shell: Shell,
    base: String,
    exponent: &str,
    preview: Preview,
    errors: Vec<FieldError>,
) -> Result<Response> {
    let (sections, action) = (sections(access, "curve"), href(access, "curve"));
    render(status, &CurvePage { shell, sections, action, base, exponents: exponents(exponent), preview, errors })
}

/// Puts in force what the preview showed.
pub async fn save(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let form = request.form();
    let saved = match (
        input::parse_curve(form.get("base"), form.get("exponent")),
        input::parse_curve(form.get("known_base"), form.get("known_exponent")),
    ) {
        (Ok(curve), Ok(known)) => settings::save_curve(ctx, &access.author(form.once()), curve, known).await,
        (Err(why), _) | (_, Err(why)) => Err(Error::Invalid(vec![FieldError::new("base", why)])),
    };
    let Err(error) = saved else {
        return Ok(Response::see(format!("{}?done=curve", href(access, "curve"))));
    };
    let (status, errors) = refused(ctx, access, "curve", error)?;
    let config = guild_config::fresh(ctx, access.guild).await?;
    let levels = &config.config().levels;
    let then = input::parse_curve(form.get("base"), form.get("exponent")).unwrap_or(levels.curve);
    let shell = shell(ctx, request, access, "Curve");
    let preview = preview(ctx, access, levels, &shell, then).await?;
    page(access, status, shell, form.get("base").to_owned(), form.get("exponent"), preview, errors)
}
