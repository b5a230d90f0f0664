//! Purpose: what waits for a person: posts of which nobody knows whether they are there, and clicks that were held.

use super::{href, nav, post_state, refused, shell, store};
use crate::{
    access::{Area, GuildAccess, May},
    ctx::Ctx,
    error::{Error, FieldError, Result},
    features::missions::{publish, store::Mission},
    links::stats,
    people,
    text::number,
    web::{
        Form, Request, Response, Shell,
        choices::error_of,
        render,
        table::{Cell, table},
    },
};
use askama::Template;
use serde_json::json;
use twilight_model::id::{Id, marker::UserMarker};

const POSTS_SHOWN: u32 = 50;
/// Missions whose clicks are looked at: those that are open, and the newest closed ones, since what is held is decided within two weeks.
const OPEN_SHOWN: u32 = 50;
const CLOSED_SHOWN: u32 = 20;
const LINKS_SHOWN: usize = 50;
const URL_MAX: usize = 500;

/// A post to decide about.
struct Held {
    id: String,
    who: String,
    platform: &'static str,
    mission: String,
    mission_href: String,
    reason: String,
    since: String,
    text: String,
    url: String,
    error: String,
}

#[derive(Template)]
#[template(path = "features/missions/review.html")]
struct ReviewPage {
    shell: Shell,
    nav: String,
    href: String,
    may_manage: bool,
    held: Vec<Held>,
    /// Posts that Muster itself is still looking for.
    looking: String,
    clicks: String,
    errors: Vec<FieldError>,
}

impl ReviewPage {
    fn error(&self, field: &str) -> &str {
        error_of(&self.errors, field)
    }
}

/// What somebody typed about a post, and what was wrong with it.
struct Typed<'a> {
    post: &'a str,
    url: &'a str,
    errors: Vec<FieldError>,
}

/// Links of missions with clicks that are held: whose, how many, where to decide.
async fn held_clicks(ctx: &Ctx, access: &GuildAccess) -> Result<Vec<(Mission, Id<UserMarker>, String, u64)>> {
    let guild = access.guild;
    let results =
        ctx.batch(vec![store::list_open(guild, OPEN_SHOWN), store::list_closed(guild, None, CLOSED_SHOWN)]).await?;
    let mut missions: Vec<Mission> = Vec::new();
    for result in &results {
        missions.extend(result.all::<Mission>()?);
    }
    let ids: Vec<&str> = missions.iter().map(|mission| mission.id.as_str()).collect();
    let sums = stats::sums(ctx, guild, &ids).await?;
    let mut all = Vec::new();
    for mission in missions.iter().filter(|mission| sums.get(&mission.id).is_some_and(|sum| sum.held > 0)) {
        let entries = stats::all_time(ctx, guild, &mission.id).await?;
        let slugs: Vec<&String> = entries.iter().filter(|(_, entry)| entry.0.held > 0).map(|(slug, _)| slug).collect();
        let owned: Vec<crate::links::store::Owned> =
            ctx.query(crate::links::store::list_owned(guild, &json!(slugs).to_string())).await?.all()?;
        for link in owned {
            let (Some(owner), Some(entry)) = (link.owner_id, entries.get(&link.slug)) else { continue };
            all.push((mission.clone(), owner, link.slug, entry.0.held));
        }
        if all.len() >= LINKS_SHOWN {
            break;
        }
    }
    all.truncate(LINKS_SHOWN);
    Ok(all)
}

/// A mission's title; of one whose first are known with a word about that.
fn titled(mission: &Mission) -> String {
    if mission.state == "closed" { format!("{} (closed)", mission.title) } else { mission.title.clone() }
}

async fn page(ctx: &Ctx, request: &Request, access: &GuildAccess, typed: Typed<'_>) -> Result<Response> {
    let posts: Vec<store::HeldLine> = ctx.query(store::list_held(access.guild, POSTS_SHOWN)).await?.all()?;
    let clicks = held_clicks(ctx, access).await?;
    let users: Vec<_> = posts.iter().map(|post| post.user_id).chain(clicks.iter().map(|line| line.1)).collect();
    let names = people::names(ctx, access.guild, &users).await;
    let name = |user: Id<UserMarker>| names.get(&user).cloned().unwrap_or_default();
    let held = |post: &store::HeldLine| {
        let is_this = post.id == typed.post;
        Held {
            id: post.id.clone(),
            who: name(post.user_id),
            platform: post.platform_name(),
            mission: post.title.clone(),
            mission_href: href(access, &post.mission_id),
            reason: post.reason.clone(),
            since: crate::time::rfc3339(post.step_at),
            text: post.text.clone(),
            url: if is_this { typed.url.to_owned() } else { String::new() },
            error: if is_this { error_of(&typed.errors, "url").to_owned() } else { String::new() },
        }
    };
    let looking = |post: &store::HeldLine| {
        let (word, tone) = post_state(&post.state);
        vec![
            Cell::text(name(post.user_id)),
            Cell::text(post.platform_name()),
            Cell::Link { href: href(access, &post.mission_id), text: post.title.clone() },
            Cell::State { tone, text: word.to_owned(), more: post.reason.clone() },
            Cell::at(post.step_at),
        ]
    };
    let clicks_row = |(mission, user, slug, held): &(Mission, Id<UserMarker>, String, u64)| {
        vec![
            Cell::text(name(*user)),
            Cell::Link { href: href(access, &mission.id), text: titled(mission) },
            Cell::Number(number(*held)),
            Cell::Link { href: format!("/g/{}/links/{slug}", access.guild), text: "Look and decide".to_owned() },
        ]
    };
    let (waiting, unknown): (Vec<_>, Vec<_>) = posts.iter().partition(|post| post.state == "held");
    let page = ReviewPage {
        shell: shell(ctx, request, access, "Review"),
        nav: nav(access, "review"),
        href: href(access, "review"),
        may_manage: access.may(Area::Missions, May::Manage),
        held: waiting.into_iter().map(held).collect(),
        looking: table(
            &["Who", "Platform", "Mission", "State", "Since"],
            &unknown.into_iter().map(looking).collect::<Vec<_>>(),
        ),
        clicks: table(&["Whose link", "Mission", "Held", "Decide"], &clicks.iter().map(clicks_row).collect::<Vec<_>>()),
        errors: typed.errors,
    };
    render(if page.errors.is_empty() { 200 } else { 422 }, &page)
}

pub async fn show(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    page(ctx, request, access, Typed { post: "", url: "", errors: Vec::new() }).await
}

/// Gives the word for what came of it.
async fn decide(ctx: &Ctx, access: &GuildAccess, id: &str, is_there: bool, form: &Form) -> Result<&'static str> {
    let url = form.get("url");
    let is_plain = url.chars().count() <= URL_MAX && url.chars().all(|c| !c.is_whitespace() && !c.is_control());
    let is_address = url.is_empty() || (url.starts_with("https://") && is_plain);
    if !is_address {
        let why = "The address begins with https://, as you find it on the platform.";
        return Err(Error::Invalid(vec![FieldError::new("url", why)]));
    }
    // Whoever decides second finds it decided.
    let post = publish::load(ctx, access.guild, id).await?.filter(|post| post.state == "held");
    let post = post.ok_or_else(|| Error::user("This post is not held any more: somebody decided about it before."))?;
    publish::decide(ctx, &access.author(form.once()), post, is_there, url).await?;
    let post = publish::load(ctx, access.guild, id).await?;
    Ok(match post {
        _ if !is_there => "not-there",
        Some(post) if post.is_uncounted() => "uncounted",
        _ => "there",
    })
}

pub async fn act(ctx: &Ctx, request: &Request, access: &GuildAccess, id: &str) -> Result<Response> {
    let form = request.form();
    let is_there = match form.get("there") {
        "yes" => true,
        "no" => false,
        _ => return Err(Error::NotFound),
    };
    match decide(ctx, access, id, is_there, &form).await {
        Ok(done) => Ok(Response::see(format!("{}?done={done}", href(access, "review")))),
        Err(error) => {
            let typed = Typed { post: id, url: form.get("url"), errors: refused(error)? };
            page(ctx, request, access, typed).await
        }
    }
}
