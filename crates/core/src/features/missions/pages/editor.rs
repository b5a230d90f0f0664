//! Purpose: the form that writes a mission and changes one, and what will appear on each platform.

use super::{href, load, platform_limits, refused, shell, who};
use crate::{
    access::{GuildAccess, parse_id},
    ctx::Ctx,
    error::{Error, FieldError, Result},
    features::missions::{
        actions::{self, Wish},
        assignees, posting,
        store::Mission,
        view,
    },
    guild_config, media, permissions,
    points::{
        self,
        rules::{POINTS_MAX, Rules},
    },
    social::Kind,
    time,
    time_zone::Zone,
    web::{
        Form, Request, Response, Shell,
        choices::{self, Channels, Choice, error_of},
        render,
    },
};
use askama::Template;
use chrono::DateTime;
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, RoleMarker, UserMarker},
};

const POSTS_MAX: u32 = 100_000;

struct PlatformChoice {
    key: &'static str,
    name: &'static str,
    is_chosen: bool,
    /// Why nothing can be published there now; empty when something can.
    obstacle: String,
    notes: Vec<String>,
}

/// What appears on one platform.
struct Preview {
    name: &'static str,
    text: String,
    picture: String,
    used: usize,
    limit: usize,
    /// Why it is not published; empty when it is.
    problem: String,
    /// That the picture is no part of it; empty when it is, or there is none.
    without: String,
    notes: Vec<String>,
}

#[derive(Template)]
#[template(path = "features/missions/editor.html")]
struct EditorPage {
    shell: Shell,
    list: String,
    /// Where an existing mission is; empty for a new one.
    mission: String,
    action: String,
    title: String,
    is_live: bool,
    /// Of the mission that was looked at.
    version: u32,
    zone: String,
    values: Vec<(&'static str, String)>,
    platforms: Vec<PlatformChoice>,
    audiences: Vec<Choice>,
    channels: Vec<Choice>,
    previews: Vec<Preview>,
    /// Where pictures are sent; empty where this deployment keeps none.
    upload: String,
    /// Where the kept picture is; empty without one.
    shown_picture: String,
    errors: Vec<FieldError>,
}

impl EditorPage {
    fn error(&self, field: &str) -> &str {
        error_of(&self.errors, field)
    }

    fn value(&self, field: &str) -> &str {
        self.values.iter().find(|(name, _)| *name == field).map_or("", |(_, value)| value.as_str())
    }
}

const FIELDS: [&str; 12] = [
    "title",
    "text",
    "link",
    "image",
    "campaign",
    "starts",
    "ends",
    "audience",
    "max_posts",
    "publish_points",
    "channel",
    "members",
];

/// `2026-12-24 18:00`, as the same field is read.
fn wall(at: i64, zone: Zone) -> String {
    let time = DateTime::from_timestamp_millis(at).map(|time| time.with_timezone(&zone));
    time.map(|time| time.format("%Y-%m-%d %H:%M").to_string()).unwrap_or_default()
}

/// What the form begins with.
fn values_of(mission: &Mission, chosen: String, zone: Zone) -> Vec<(&'static str, String)> {
    let audience = mission.assigned.strip_prefix("role:").unwrap_or(&mission.assigned);
    let max = if mission.max_posts == 0 { String::new() } else { mission.max_posts.to_string() };
    let values = [
        mission.title.clone(),
        mission.copy.clone(),
        mission.target_url.clone(),
        mission.image_url.clone(),
        mission.campaign.clone(),
        wall(mission.starts_at, zone),
        wall(mission.ends_at, zone),
        audience.to_owned(),
        max,
        if mission.publish_points < 0 { String::new() } else { mission.publish_points.to_string() },
        mission.channel_id.to_string(),
        chosen,
    ];
    FIELDS.into_iter().zip(values).collect()
}

fn typed(form: &Form) -> Vec<(&'static str, String)> {
    FIELDS.into_iter().map(|name| (name, form.get(name).replace("\r\n", "\n"))).collect()
}

/// A time that was typed; `None` for an empty field, and for one that was left as it is.
fn when(
    form: &Form,
    field: &'static str,
    was: i64,
    (now, zone): (i64, Zone),
    errors: &mut Vec<FieldError>,
) -> Option<i64> {
    let text = form.get(field);
    if text.is_empty() || text == wall(was, zone) {
        return None;
    }
    let at = time::parse_when(text, now, zone);
    if at.is_none() {
        errors.push(FieldError::new(field, "Write it as in 3d, friday 18:00 or 2026-12-24 18:00."));
    }
    at
}

/// Everybody, a role of the guild, or the members that another field names.
fn audience(access: &GuildAccess, text: &str, errors: &mut Vec<FieldError>) -> Option<String> {
    let role = parse_id::<RoleMarker>(text).filter(|id| access.facts.roles.iter().any(|role| role.id == *id));
    match (text, role) {
        ("everyone" | "", _) => Some("everyone".to_owned()),
        ("members", _) => Some("members".to_owned()),
        (_, Some(role)) if role.get() == access.guild.get() => Some("everyone".to_owned()),
        (_, Some(role)) => Some(format!("role:{role}")),
        _ => {
            errors.push(FieldError::new("audience", "Choose one from the list."));
            None
        }
    }
}

/// A channel of this guild, in which Muster and whoever asks can write.
async fn channel(
    ctx: &Ctx,
    access: &GuildAccess,
    text: &str,
    errors: &mut Vec<FieldError>,
) -> Result<Option<Id<ChannelMarker>>> {
    let Some(channel) = parse_id(text) else {
        errors.push(FieldError::new("channel", "Choose the channel that its card is posted in."));
        return Ok(None);
    };
    match permissions::require_may_post(ctx, access, channel).await {
        Ok(()) => Ok(Some(channel)),
        Err(Error::User(why) | Error::Denied(why)) => {
            errors.push(FieldError::new("channel", crate::text::plain(&why)));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// What a form asks for, compared with the mission as it is.
async fn read(
    ctx: &Ctx,
    access: &GuildAccess,
    was: &Mission,
    form: &Form,
    zone: Zone,
) -> Result<(Wish, Vec<FieldError>)> {
    let mut errors = Vec::new();
    let some = |field: &str| Some(form.get(field).replace("\r\n", "\n"));
    let scene = (ctx.now(), zone);
    let max = match form.get("max_posts") {
        "" => Some(0),
        text => text.parse().ok().filter(|max| *max <= POSTS_MAX),
    };
    if max.is_none() {
        errors.push(FieldError::new("max_posts", format!("Write a number up to {POSTS_MAX}, or leave it empty.")));
    }
    let points = match form.get("publish_points") {
        "" => Some(-1),
        text => text.parse().ok().filter(|points| (0..=POINTS_MAX).contains(points)),
    };
    if points.is_none() {
        let why = format!("Write a number up to {POINTS_MAX}, or leave it empty.");
        errors.push(FieldError::new("publish_points", why));
    }
    let mut assigned = audience(access, form.get("audience"), &mut errors);
    let mut chosen = Vec::new();
    if assigned.as_deref() == Some("members") {
        chosen = who::list(ctx, access, form.get("members")).await.unwrap_or_else(|why| {
            errors.push(FieldError::new("members", why));
            Vec::new()
        });
    }
    let before = assignees::chosen(ctx, was).await?;
    let is_same = |one: &Id<UserMarker>| before.contains(one);
    if assigned.as_ref() == Some(&was.assigned) && chosen.len() == before.len() && chosen.iter().all(is_same) {
        assigned = None;
    }
    let is_same_channel = form.get("channel") == was.channel_id.to_string() && was.version > 0;
    let wish = Wish {
        title: some("title"),
        copy: some("text"),
        target_url: some("link"),
        image_url: some("image"),
        platforms: Some(form.all("platforms").collect::<Vec<_>>().join(",")),
        campaign: some("campaign"),
        starts_at: when(form, "starts", was.starts_at, scene, &mut errors),
        ends_at: when(form, "ends", was.ends_at, scene, &mut errors),
        assigned,
        members: chosen,
        max_posts: max,
        publish_points: points,
        channel: if is_same_channel { None } else { channel(ctx, access, form.get("channel"), &mut errors).await? },
    };
    Ok((wish, errors))
}

fn previews(ctx: &Ctx, mission: &Mission, rules: &Rules) -> Vec<Preview> {
    let preview = |kind: Kind| {
        let text = posting::text_like(ctx, mission, kind);
        let limits = platform_limits(ctx, rules, kind);
        let count = kind.platform().count(&text);
        let image = &mission.image_url;
        let refusal = points::rules::refusal(rules, kind, &text, image, limits.needs_image);
        let kept = media::page_path(ctx, mission.guild_id, image);
        let is_without = limits.uploads && kept.is_empty();
        let picture = if kept.is_empty() && !is_without { image.clone() } else { kept };
        let without = is_without && !image.is_empty();
        let without = if without { view::WITHOUT_PICTURE.replace("{}", kind.name()) } else { String::new() };
        Preview {
            name: kind.name(),
            text,
            picture,
            used: count.used,
            limit: count.limit,
            problem: refusal.unwrap_or(limits.obstacle),
            without,
            notes: limits.notes,
        }
    };
    if mission.copy.is_empty() { Vec::new() } else { mission.kinds().into_iter().map(preview).collect() }
}

fn audiences(access: &GuildAccess, chosen: &str) -> Vec<Choice> {
    let choice = |value: String, name: String| Choice { is_chosen: value == chosen, value, name, problem: "" };
    let mut all = vec![choice("everyone".to_owned(), "Everyone".to_owned())];
    all.push(choice("members".to_owned(), "The members named below".to_owned()));
    let mut roles: Vec<_> = access.facts.roles.iter().filter(|role| role.id.get() != access.guild.get()).collect();
    roles.sort_by_key(|role| (std::cmp::Reverse(role.position), role.id));
    all.extend(roles.into_iter().map(|role| choice(role.id.to_string(), format!("@{}", role.name))));
    all
}

/// What a form is shown with.
struct Shown<'a> {
    /// The mission as it would be.
    mission: &'a Mission,
    values: Vec<(&'static str, String)>,
    is_previewed: bool,
    errors: Vec<FieldError>,
}

async fn page(
    ctx: &Ctx,
    request: &Request,
    access: &GuildAccess,
    was: Option<&Mission>,
    shown: Shown<'_>,
) -> Result<Response> {
    let config = guild_config::cached(ctx, access.guild).await?;
    let rules = points::rules(ctx, access.guild).await?.rules;
    let value = |field: &str| shown.values.iter().find(|(name, _)| *name == field).map_or("", |(_, value)| value);
    let chosen: Vec<_> = parse_id(value("channel")).or(rules.channel).into_iter().collect();
    let kinds = shown.mission.kinds();
    let platform = |kind: Kind| {
        let limits = platform_limits(ctx, &rules, kind);
        PlatformChoice {
            key: kind.key(),
            name: kind.name(),
            is_chosen: kinds.contains(&kind),
            obstacle: limits.obstacle,
            notes: limits.notes,
        }
    };
    let title = was.map_or_else(|| "New mission".to_owned(), |was| format!("Edit {}", was.title));
    let mission = was.map(|was| href(access, &was.id)).unwrap_or_default();
    let page = EditorPage {
        shell: shell(ctx, request, access, title.clone()),
        list: href(access, ""),
        action: if mission.is_empty() { href(access, "new") } else { format!("{mission}/edit") },
        mission,
        title,
        is_live: was.is_some_and(Mission::is_live),
        version: was.map_or(0, |was| was.version),
        zone: config.time_zone.clone(),
        platforms: Kind::ALL.map(platform).into(),
        audiences: audiences(access, value("audience")),
        channels: choices::channels(ctx, access, Channels::Text, &chosen).await?,
        upload: if ctx.blob.is_some() { format!("/api/v1/guilds/{}/media", access.guild) } else { String::new() },
        shown_picture: media::page_path(ctx, access.guild, value("image")),
        previews: if shown.is_previewed { previews(ctx, shown.mission, &rules) } else { Vec::new() },
        values: shown.values,
        errors: shown.errors,
    };
    render(if page.errors.is_empty() { 200 } else { 422 }, &page)
}

/// A mission that is not there yet; its version is 0.
fn blank(ctx: &Ctx, access: &GuildAccess) -> Mission {
    let mut mission = actions::blank(ctx, &access.author(""), Id::new(access.guild.get()));
    mission.version = 0;
    mission
}

pub async fn new(ctx: &Ctx, request: &Request, access: &GuildAccess) -> Result<Response> {
    let mut mission = blank(ctx, access);
    // What can be published on as things are, is chosen.
    let rules = points::rules(ctx, access.guild).await?.rules;
    let open = Kind::ALL.into_iter().filter(|kind| {
        let limits = platform_limits(ctx, &rules, *kind);
        limits.obstacle.is_empty() && !limits.needs_image
    });
    mission.platforms = open.map(Kind::key).collect::<Vec<_>>().join(",");
    let shown = Shown { mission: &mission, values: Vec::new(), is_previewed: false, errors: Vec::new() };
    page(ctx, request, access, None, shown).await
}

pub async fn edit(ctx: &Ctx, request: &Request, access: &GuildAccess, id: &str) -> Result<Response> {
    let mission = load(ctx, access, id).await?;
    if mission.state == "closed" {
        return Ok(Response::see(href(access, id)));
    }
    let zone = guild_config::cached(ctx, access.guild).await?.zone();
    let chosen = who::say(ctx, access, &assignees::chosen(ctx, &mission).await?).await;
    let values = values_of(&mission, chosen, zone);
    let shown = Shown { mission: &mission, values, is_previewed: true, errors: Vec::new() };
    page(ctx, request, access, Some(&mission), shown).await
}

/// Shows what would appear, or saves it. `id`: of the mission that is changed.
pub async fn save(ctx: &Ctx, request: &Request, access: &GuildAccess, id: Option<&str>) -> Result<Response> {
    let form = request.form();
    let was = match id {
        Some(id) => Some(load(ctx, access, id).await?),
        None => None,
    };
    let before = was.clone().unwrap_or_else(|| blank(ctx, access));
    let zone = guild_config::cached(ctx, access.guild).await?.zone();
    let (wish, mut errors) = read(ctx, access, &before, &form, zone).await?;
    let rules = points::rules(ctx, access.guild).await?.rules;
    let mut after = before.clone();
    if let Err(error) = actions::apply(ctx, &mut after, &wish, &rules).await {
        errors.extend(refused(error)?);
    }
    if was.as_ref().is_some_and(|was| form.get("version") != was.version.to_string()) {
        let why = "Somebody else changed this mission while you wrote. What you typed stands below; save again to put it in place of theirs.";
        errors.push(FieldError::new("", why));
    }
    let is_preview = form.get("act") == "preview";
    if errors.is_empty() && !is_preview {
        let author = access.author(form.once());
        let saved = match (was.clone(), wish.channel) {
            (Some(was), _) => actions::edit(ctx, &author, was, &wish).await.map(|mission| (mission, "changed")),
            (None, Some(channel)) => {
                actions::create(ctx, &author, channel, &wish).await.map(|mission| (mission, "made"))
            }
            (None, None) => Err(Error::internal("a mission without a channel")),
        };
        match saved {
            Ok((mission, done)) => return Ok(Response::see(format!("{}?done={done}", href(access, &mission.id)))),
            Err(error) => errors = refused(error)?,
        }
    }
    let mut values = typed(&form);
    if let Some((_, members)) = values.iter_mut().find(|(name, _)| *name == "members")
        && !wish.members.is_empty()
    {
        // Whom the names mean, so that they need no question when the form comes again.
        *members = who::say(ctx, access, &wish.members).await;
    }
    let shown = Shown { mission: &after, values, is_previewed: true, errors };
    page(ctx, request, access, was.as_ref(), shown).await
}
