//! Purpose: the missions' pages on the dashboard: which file shows and changes what, and what they have in common.

mod board;
mod calendar;
mod editor;
mod ledger;
mod list;
mod members;
mod review;
mod scoring;
mod scoring_form;
mod show;
mod store;
mod who;

use super::{actions, rounds::budget, store::Mission};
use crate::{
    access::{Area, GuildAccess, May},
    ctx::Ctx,
    error::{Error, FieldError, Result},
    points::{self, rules::Rules},
    social::{Kind, tokens, versions},
    text::count,
    watch::{Attention, Figure, Scene},
    web::{Form, Request, Response, Shell, choices, fields},
};
use askama::Template;
use twilight_model::id::{Id, marker::GuildMarker};

pub const PATH: &str = "missions";

/// The pages under the tab: path and title.
const SECTIONS: [(&str, &str); 7] = [
    ("", "Missions"),
    ("calendar", "Calendar"),
    ("board", "Board"),
    ("review", "Review"),
    ("ledger", "Ledger"),
    ("members", "Connections"),
    ("rules", "Rules"),
];

#[derive(Template)]
#[template(path = "features/missions/nav.html")]
struct Nav<'a> {
    base: &'a str,
    sections: &'a [(&'static str, &'static str)],
    current: &'a str,
}

/// Where a page of missions is; `path` as in [`SECTIONS`] or below.
fn href(access: &GuildAccess, path: &str) -> String {
    let slash = if path.is_empty() { "" } else { "/" };
    format!("/g/{}/{PATH}{slash}{path}", access.guild)
}

/// The links to the pages, as HTML.
fn nav(access: &GuildAccess, current: &str) -> String {
    fields::html(&Nav { base: &href(access, ""), sections: &SECTIONS, current })
}

/// What the last act did, by the code in the address.
fn done(request: &Request) -> &'static str {
    match request.param("done") {
        Some("made") => "The draft is kept. Nobody sees it before you push it.",
        Some("changed") => "Changed. The card shows it by itself.",
        Some("push") => "The mission is live, and its card is on the way to the channel.",
        Some("close") => "The mission is closed. Its last clicks are counted, then its first three get their points.",
        Some("delete") => "The draft is deleted.",
        Some("adjusted") => "Written down.",
        Some("void") => "The points are taken back.",
        Some("rules") => "Saved. The new rules hold for what comes from now on.",
        Some("managers") => "Saved. It holds from the next command on.",
        Some("same") => "Nothing was different from what is in force.",
        Some("there") => "The post counts as published, with its points.",
        Some("uncounted") => {
            "The post counts as published. It brings no points for views and reactions: Muster does not know its number there."
        }
        Some("not-there") => "The post counts as not published. The member is told, and can publish it again.",
        _ => "",
    }
}

fn shell(ctx: &Ctx, request: &Request, access: &GuildAccess, title: impl Into<String>) -> Shell {
    Shell::of_guild(ctx, request, access, title, PATH).notice(done(request))
}

/// What a refused form says: sentences written for Discord without their marks.
fn refused(error: Error) -> Result<Vec<FieldError>> {
    let mut errors = match error {
        Error::Denied(why) => vec![FieldError::new("", why)],
        other => choices::field_errors(other)?,
    };
    for error in &mut errors {
        error.message = error.message.replace("**", "").replace('`', "");
    }
    Ok(errors)
}

/// A mission's state in a word, and how it is marked.
fn state(mission: &Mission, now: i64) -> (&'static str, &'static str) {
    match mission.state.as_str() {
        "live" if mission.starts_at > now => ("starts later", "held"),
        "live" => ("live", "good"),
        "draft" => ("draft", ""),
        _ => ("closed", ""),
    }
}

/// A post's state in a word, and how it is marked.
fn post_state(state: &str) -> (&'static str, &'static str) {
    match state {
        "published" => ("published", "good"),
        "failed" => ("not published", "bad"),
        "cancelled" => ("called off", ""),
        "held" | "unknown" => ("unknown", "held"),
        "scheduled" => ("waits for its time", ""),
        _ => ("on its way", ""),
    }
}

/// What a platform allows as things are with this deployment and guild.
struct Limits {
    /// Why nothing can be published there now; empty when something can.
    obstacle: String,
    /// What else there is to know.
    notes: Vec<String>,
    uploads: bool,
    needs_image: bool,
}

fn platform_limits(ctx: &Ctx, rules: &Rules, kind: Kind) -> Limits {
    let Some(app) = tokens::app_of(ctx, kind) else {
        let obstacle = format!("{} is not set up on this deployment.", kind.name());
        let needs_image = matches!(kind, Kind::Instagram | Kind::TikTok);
        return Limits { obstacle, notes: Vec::new(), uploads: !needs_image && kind != Kind::Threads, needs_image };
    };
    let can = kind.platform().capabilities(app);
    let is_off = kind == Kind::X && rules.x_budget == 0;
    let obstacle =
        if is_off { "Off: posts on X cost money, and this server has no budget for them (see Rules)." } else { "" };
    let rewards = can.forbids_rewards.filter(|_| !rules.rewards(kind));
    let texts = can.caution.into_iter().chain(kind.uncounted(app)).chain(rewards);
    Limits {
        obstacle: obstacle.to_owned(),
        notes: texts.map(str::to_owned).chain(versions::warning(kind, ctx.now())).collect(),
        uploads: can.uploads,
        needs_image: can.needs_image,
    }
}

fn platform_names(mission: &Mission) -> String {
    mission.kinds().into_iter().map(Kind::name).collect::<Vec<_>>().join(", ")
}

async fn load(ctx: &Ctx, access: &GuildAccess, id: &str) -> Result<Mission> {
    actions::load(ctx, access.guild, id).await?.ok_or(Error::NotFound)
}

pub async fn on_request(ctx: &Ctx, request: &Request, access: &GuildAccess, rest: &[&str]) -> Result<Option<Response>> {
    let [PATH, rest @ ..] = rest else { return Ok(None) };
    let may = if request.is_safe() { May::View } else { May::Manage };
    access.require(ctx, Area::Missions, may)?;
    let response = match (request.method.as_str(), rest) {
        ("GET", []) => list::show(ctx, request, access).await?,
        ("GET", ["new"]) => editor::new(ctx, request, access).await?,
        ("POST", ["new"]) => editor::save(ctx, request, access, None).await?,
        ("GET", ["calendar"]) => calendar::show(ctx, request, access).await?,
        ("GET", ["board"]) => board::show(ctx, request, access).await?,
        ("GET", ["members"]) => members::show(ctx, request, access).await?,
        ("GET", ["rules"]) => scoring::show(ctx, request, access).await?,
        ("POST", ["rules"]) => scoring::save(ctx, request, access).await?,
        ("GET", ["ledger"]) => ledger::show(ctx, request, access).await?,
        ("POST", ["ledger"]) => ledger::adjust(ctx, request, access).await?,
        ("GET", ["ledger", id]) => ledger::line(ctx, request, access, id, &Form::default(), Vec::new()).await?,
        ("POST", ["ledger", id]) => ledger::void(ctx, request, access, id).await?,
        ("GET", ["review"]) => review::show(ctx, request, access).await?,
        ("POST", ["review", id]) => review::act(ctx, request, access, id).await?,
        ("GET", [id, "edit"]) => editor::edit(ctx, request, access, id).await?,
        ("POST", [id, "edit"]) => editor::save(ctx, request, access, Some(id)).await?,
        ("GET", [id]) => show::show(ctx, request, access, load(ctx, access, id).await?, Vec::new()).await?,
        ("POST", [id, act]) => show::act(ctx, request, access, id, act).await?,
        _ => return Ok(None),
    };
    Ok(Some(response))
}

/// A number for the dashboard's first page.
pub async fn figures(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<Vec<Figure>> {
    let now: store::AtAGlance = ctx.query(store::at_a_glance(guild)).await?.first()?.unwrap_or_default();
    let note = if now.held > 0 { count(now.held, "post waits for you", "posts wait for you") } else { String::new() };
    Ok(vec![Figure { name: "Live missions", value: now.live, note, path: PATH }])
}

pub async fn attention(ctx: &Ctx, scene: &Scene<'_>) -> Result<Vec<Attention>> {
    let guild = scene.guild;
    let now: store::AtAGlance = ctx.query(store::at_a_glance(guild)).await?.first()?.unwrap_or_default();
    let mut all = Vec::new();
    if now.held > 0 {
        let posts = count(now.held, "post of a mission waits", "posts of missions wait");
        let text = format!("{posts} for somebody to say whether the platform has it.");
        all.push(Attention::new(text, "missions/review"));
    }
    let rules = points::rules(ctx, guild).await?.rules;
    if rules.x_budget > 0 && budget::is_used_up(&rules, budget::spent(ctx, guild, Kind::X).await?) {
        let text = "The budget for X is used up: nothing is published there, and counts on X are not read.";
        all.push(Attention::new(text, "missions/rules"));
    }
    all.extend(
        versions::warnings(&ctx.settings.social, ctx.now()).map(|text| Attention::new(text, "missions/members")),
    );
    for rank in rules.ranks_without_role(scene.facts) {
        let text = format!("The role of the rank {rank} is gone: nobody gets it before another is chosen.");
        all.push(Attention::new(text, "missions/rules"));
    }
    Ok(all)
}
