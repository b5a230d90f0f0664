//! Purpose: what admins do with missions, from commands and forms alike: make, change, push, close.

use super::{assignees::store as assignees, store, store::Mission, view};
use crate::{
    audit::{self, Author},
    ctx::Ctx,
    error::{Error, FieldError, Result},
    links::{self, rules::target::Utm},
    media::{self, Kept},
    outbox::{self, Effect},
    points::{
        self, Versioned,
        rules::{POINTS_MAX, Rules},
    },
    social::Kind,
    sql::Statement,
    text::{clean, clean_line, number},
};
use serde_json::json;
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, GuildMarker, UserMarker},
};

pub const TITLE_MAX: usize = 100;
/// LinkedIn takes the longest texts.
pub const COPY_MAX: usize = 3_000;
const URL_MAX: usize = 2_000;
/// Members that one mission names: one statement writes them, and one answer lists them.
pub const CHOSEN_MAX: usize = 1_000;
/// How far ahead a mission may end.
const LONGEST_MS: i64 = 366 * 24 * 3_600_000;
/// How long a mission runs that names no end.
const USUAL_MS: i64 = 7 * 24 * 3_600_000;

/// Slots of clicks are five minutes long, and counted a minute after; twice that, for a tick that was missed.
const SETTLE_CLICKS_MS: i64 = 15 * 60_000;
/// The clock that counts clicks runs every minute.
const LOOK_AGAIN_MS: i64 = 60_000;

/// What somebody asks for; `None` leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    pub title: Option<String>,
    pub copy: Option<String>,
    pub target_url: Option<String>,
    pub image_url: Option<String>,
    pub platforms: Option<String>,
    pub campaign: Option<String>,
    pub starts_at: Option<i64>,
    pub ends_at: Option<i64>,
    /// everyone, role:<id>, or members, who are named by `members`.
    pub assigned: Option<String>,
    pub members: Vec<Id<UserMarker>>,
    pub max_posts: Option<u32>,
    /// -1 for what the server's rules say.
    pub publish_points: Option<i64>,
    pub channel: Option<Id<ChannelMarker>>,
}

/// A picture that the guild keeps, or the address of one that platforms download.
async fn picture(ctx: &Ctx, guild: Id<GuildMarker>, text: &str, problems: &mut Vec<FieldError>) -> Result<String> {
    let text = text.trim();
    if let Some(kept) = Kept::of(text) {
        if media::hold(ctx, guild, &kept).await? {
            return Ok(text.to_owned());
        }
        problems.push(FieldError::new("image", "This picture is not kept any more. Upload it again."));
        return Ok(String::new());
    }
    let is_plain = text.chars().all(|c| !c.is_whitespace() && !c.is_control());
    if text.is_empty() || (text.starts_with("https://") && is_plain && text.len() <= URL_MAX) {
        return Ok(text.to_owned());
    }
    let why = "The picture's address begins with https://, as in https://example.com/spring.jpg.";
    problems.push(FieldError::new("image", why.to_owned()));
    Ok(String::new())
}

/// How visitors of a member's link are told apart in the target's statistics.
pub fn utm(mission: &Mission) -> Utm {
    let campaign = if mission.campaign.is_empty() { &mission.title } else { &mission.campaign };
    Utm { source: "muster".to_owned(), medium: "social".to_owned(), campaign: campaign.clone(), content: String::new() }
}

/// `LinkedIn, X` as keys between commas, in the platforms' own order.
fn platforms(text: &str, problems: &mut Vec<FieldError>) -> String {
    let mut chosen = Vec::new();
    for word in text.split([',', ';', ' ', '\n']).map(|word| word.trim().to_lowercase()).filter(|word| !word.is_empty())
    {
        match Kind::of(if word == "twitter" { "x" } else { &word }) {
            Some(kind) => chosen.push(kind),
            None => {
                let word = clean_line(&word, 30);
                problems.push(FieldError::new(
                    "platforms",
                    format!("“{word}” is no platform. There are LinkedIn, Instagram, TikTok, X and Threads."),
                ));
            }
        }
    }
    let keys: Vec<&str> = Kind::ALL.into_iter().filter(|kind| chosen.contains(kind)).map(Kind::key).collect();
    if keys.is_empty() && problems.is_empty() {
        problems.push(FieldError::new(
            "platforms",
            "Name at least one platform: LinkedIn, Instagram, TikTok, X or Threads.".to_owned(),
        ));
    }
    keys.join(",")
}

/// Puts a wish into a mission, and says everything that is wrong with it at once.
pub async fn apply(ctx: &Ctx, mission: &mut Mission, wish: &Wish, rules: &Rules) -> Result<()> {
    let now = ctx.now();
    let mut problems = Vec::new();
    if let Some(title) = &wish.title {
        mission.title = clean_line(title, TITLE_MAX);
    }
    if let Some(copy) = &wish.copy {
        mission.copy = clean(copy).trim().to_owned();
    }
    if let Some(url) = &wish.target_url {
        let url = url.trim();
        if mission.is_live() && url != mission.target_url {
            let why =
                "Members have links that lead there already. Close this mission and make another for another target.";
            problems.push(FieldError::new("link", why.to_owned()));
        }
        url.clone_into(&mut mission.target_url);
    }
    if let Some(url) = &wish.image_url {
        mission.image_url = picture(ctx, mission.guild_id, url, &mut problems).await?;
    }
    if let Some(text) = &wish.platforms {
        mission.platforms = platforms(text, &mut problems);
    }
    if let Some(campaign) = &wish.campaign {
        mission.campaign = clean_line(campaign, 60);
    }
    mission.starts_at = wish.starts_at.unwrap_or(mission.starts_at);
    mission.ends_at = wish.ends_at.unwrap_or(mission.ends_at);
    mission.assigned = wish.assigned.clone().unwrap_or_else(|| mission.assigned.clone());
    mission.max_posts = wish.max_posts.unwrap_or(mission.max_posts);
    mission.publish_points = wish.publish_points.unwrap_or(mission.publish_points);
    if !(-1..=POINTS_MAX).contains(&mission.publish_points) {
        let why = format!(
            "Publishing brings 0 to {} points, or what the server's rules say.",
            number(POINTS_MAX.unsigned_abs())
        );
        problems.push(FieldError::new("publish_points", why));
    }
    mission.channel_id = wish.channel.unwrap_or(mission.channel_id);
    if mission.assigned == "members" && wish.assigned.is_some() && !(1..=CHOSEN_MAX).contains(&wish.members.len()) {
        let why = format!("Choose 1 to {CHOSEN_MAX} members, a role, or everyone.");
        problems.push(FieldError::new("members", why));
    }
    if mission.title.is_empty() {
        problems.push(FieldError::new("title", "Give the mission a title.".to_owned()));
    }
    if mission.copy.is_empty() {
        problems.push(FieldError::new("text", "Write the text that members publish.".to_owned()));
    } else if mission.copy.chars().count() > COPY_MAX {
        problems.push(FieldError::new("text", format!("The text has at most {COPY_MAX} characters.")));
    }
    if mission.ends_at <= mission.starts_at.max(now) || mission.ends_at > now + LONGEST_MS {
        problems.push(FieldError::new(
            "ends",
            "The mission ends after it starts, in the future, and within a year.".to_owned(),
        ));
    }
    if !mission.target_url.is_empty()
        && let Err(refused) = links::target(ctx, &mission.target_url, &utm(mission))
    {
        problems.push(FieldError::new("link", refused.to_string()));
    }
    for kind in mission.kinds() {
        let text = text_for(mission, &links::url(ctx, &"x".repeat(links::SLUG_LENGTH)));
        // A draft may wait for its picture: a form of Discord's has no place for one.
        let needs_image = mission.state != "draft" && needs_picture(kind);
        if let Some(refusal) = points::rules::refusal(rules, kind, &text, &mission.image_url, needs_image) {
            let is_picture = kind_refuses(kind, mission) || needs_image && mission.image_url.is_empty();
            let field = if is_picture { "image" } else { "text" };
            problems.push(FieldError::new(field, refusal));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::Invalid(problems)) }
}

fn needs_picture(kind: Kind) -> bool {
    matches!(kind, Kind::Instagram | Kind::TikTok)
}

/// The platforms of a mission that wait for a picture.
pub fn waiting_for_picture(mission: &Mission) -> Vec<&'static str> {
    let kinds = if mission.image_url.is_empty() { mission.kinds() } else { Vec::new() };
    kinds.into_iter().filter(|kind| needs_picture(*kind)).map(Kind::name).collect()
}

/// Whether it is the picture that a platform does not take.
fn kind_refuses(kind: Kind, mission: &Mission) -> bool {
    Kept::of(&mission.image_url).is_some_and(|kept| kind.platform().refuses(kept.image).is_some())
}

/// What a member publishes, with their link in its place.
pub fn text_for(mission: &Mission, link: &str) -> String {
    if mission.target_url.is_empty() {
        return mission.copy.replace("{link}", "").trim().to_owned();
    }
    if mission.copy.contains("{link}") {
        return mission.copy.replace("{link}", link);
    }
    format!("{}\n\n{link}", mission.copy)
}

fn line(author: &Author, now: i64, what: &str, mission: &Mission) -> Statement {
    audit::store::insert(&audit::store::Entry {
        guild_id: author.guild,
        at: now,
        actor_id: author.user,
        source: author.source,
        action: "missions",
        target: format!("mission {what} {}", mission.id),
        before: None,
        after: Some(json!({ "title": mission.title, "state": mission.state, "ends_at": mission.ends_at }).to_string()),
        cause: author.cause.clone(),
    })
}

/// Has a mission's chosen members be those of the wish, and what others of them scheduled called off. `version`: what the mission
/// stands at when this is carried out.
fn assign(ctx: &Ctx, mission: &Mission, wish: &Wish, version: u32) -> Vec<Statement> {
    let mut all = vec![assignees::clear(mission, version)];
    if mission.assigned == "members" {
        all.push(assignees::insert(mission, &wish.members, version));
        all.push(assignees::cancel_others(mission, version, "the mission is for other members now", ctx.now()));
    }
    all
}

pub async fn load(ctx: &Ctx, guild: Id<GuildMarker>, id: &str) -> Result<Option<Mission>> {
    Ok(ctx.query(store::get(guild, id)).await?.first()?)
}

/// A draft that says nothing yet.
pub fn blank(ctx: &Ctx, author: &Author, channel: Id<ChannelMarker>) -> Mission {
    let now = ctx.now();
    Mission {
        id: ctx.random_hex(5),
        guild_id: author.guild,
        state: "draft".to_owned(),
        title: String::new(),
        copy: String::new(),
        target_url: String::new(),
        image_url: String::new(),
        platforms: String::new(),
        campaign: String::new(),
        starts_at: now,
        ends_at: now + USUAL_MS,
        assigned: "everyone".to_owned(),
        max_posts: 0,
        publish_points: -1,
        channel_id: channel,
        message_id: None,
        created_by: author.user,
        created_at: now,
        pushed_at: None,
        closed_at: None,
        due_at: None,
        version: 1,
        cause: author.cause.clone(),
        published: 0,
    }
}

/// Makes a draft. The same event again gives the same draft.
pub async fn create(ctx: &Ctx, author: &Author, channel: Id<ChannelMarker>, wish: &Wish) -> Result<Mission> {
    let rules = points::rules(ctx, author.guild).await?.rules;
    let mut mission = blank(ctx, author, rules.channel.unwrap_or(channel));
    apply(ctx, &mut mission, wish, &rules).await?;
    let mut statements = vec![
        store::insert(&mission),
        store::get_by_cause(author.guild, &author.cause),
        line(author, ctx.now(), "new", &mission),
    ];
    if wish.assigned.is_some() {
        statements.append(&mut assign(ctx, &mission, wish, mission.version));
    }
    let results = ctx.batch(statements).await?;
    let found: Option<Mission> = results.get(1).map(|rows| rows.first()).transpose()?.flatten();
    found.ok_or_else(|| Error::internal("the mission was not found after it was made"))
}

fn changed_meanwhile() -> Error {
    Error::user("Somebody else changed this mission just now. Look at it again, and repeat what you did.")
}

/// Writes a changed mission with what follows from it, in one transaction.
async fn commit(
    ctx: &Ctx,
    author: &Author,
    mission: &Mission,
    what: &str,
    mut more: Vec<Statement>,
) -> Result<Mission> {
    let mut statements =
        vec![store::update(mission), store::require_version(mission), line(author, ctx.now(), what, mission)];
    let card = mission.message_id.is_some().then(|| outbox::prepare(ctx, &view::card_edit(mission)));
    if let Some(card) = &card {
        more.push(card.statement.clone());
    }
    statements.append(&mut more);
    ctx.batch(statements).await.map_err(|error| if error.is_conflict() { changed_meanwhile() } else { error })?;
    if let Some(card) = card {
        outbox::deliver_soon(ctx, vec![card.id]);
    }
    load(ctx, author.guild, &mission.id).await?.ok_or(Error::NotFound)
}

/// In words for commands, pages and programs alike, as every refusal here.
fn closed() -> Error {
    Error::user("This mission is closed. Write a new one.")
}

/// Changes a mission. Posts that are not there yet were confirmed for what it said before: they are called off with the change.
pub async fn edit(ctx: &Ctx, author: &Author, mut mission: Mission, wish: &Wish) -> Result<Mission> {
    if mission.state == "closed" {
        return Err(closed());
    }
    let before = mission.clone();
    let rules = points::rules(ctx, author.guild).await?.rules;
    apply(ctx, &mut mission, wish, &rules).await?;
    mission.due_at = mission.is_live().then_some(mission.ends_at);
    let (mut more, mut moved) = (Vec::new(), None);
    if wish.assigned.is_some() {
        more.append(&mut assign(ctx, &mission, wish, mission.version + 1));
    }
    let is_other_post = mission.copy != before.copy
        || mission.image_url != before.image_url
        || mission.target_url != before.target_url
        || mission.platforms != before.platforms;
    if mission.ends_at != before.ends_at {
        more.push(links::expire_mission(ctx, author.guild, &mission.id, Some(mission.ends_at)));
    }
    if mission.is_live() && mission.channel_id != before.channel_id {
        let color = crate::guild_config::cached(ctx, author.guild).await?.color;
        moved = Some(outbox::prepare_many(ctx, &move_card(ctx, &mission, &before, &rules, color)?));
    }
    if is_other_post {
        more.push(store::cancel_unsent(
            &mission,
            "the mission was changed; look at it and confirm again",
            ctx.now(),
            None,
        ));
    } else if mission.starts_at > before.starts_at.max(ctx.now()) {
        let why = "the mission starts later now; confirm again for a time after that";
        more.push(store::cancel_unsent(&mission, why, ctx.now(), Some(mission.starts_at)));
    }
    if let Some(moved) = &moved {
        mission.message_id = None;
        more.push(store::forget_message(&mission));
        more.push(moved.statement.clone());
    }
    let after = commit(ctx, author, &mission, "edit", more).await?;
    if let Some(moved) = moved {
        outbox::deliver_soon(ctx, moved.ids);
    }
    arm(ctx, &after).await;
    Ok(after)
}

/// A card for the other channel, and what the one that was there says from now on.
fn move_card(ctx: &Ctx, mission: &Mission, before: &Mission, rules: &Rules, color: u32) -> Result<[Effect; 2]> {
    let Some(message) = &before.message_id else {
        return Err(Error::user("This mission's card is still on its way to its channel. Move it in a moment."));
    };
    let key = format!("missions:push:{}:{}", mission.id, mission.version);
    Ok([view::card_post(ctx, mission, rules, color, &key), view::card_moved(mission, before.channel_id, message)])
}

/// Opens a mission and posts its card, once.
pub async fn push(ctx: &Ctx, author: &Author, mut mission: Mission) -> Result<Mission> {
    match mission.state.as_str() {
        "live" => return Err(Error::user("This mission is live already. Its card shows every change by itself.")),
        "closed" => return Err(closed()),
        _ => {}
    }
    let now = ctx.now();
    if mission.ends_at <= now {
        return Err(Error::user("This mission would have ended already. Give it another end first."));
    }
    let rules = points::rules(ctx, author.guild).await?.rules;
    "live".clone_into(&mut mission.state);
    // What this server asks of a post may have changed since the draft was written.
    apply(ctx, &mut mission, &Wish::default(), &rules).await?;
    mission.pushed_at = Some(now);
    mission.due_at = Some(mission.ends_at);
    let color = crate::guild_config::cached(ctx, author.guild).await?.color;
    let post = view::card_post(ctx, &mission, &rules, color, &format!("missions:push:{}", mission.id));
    // Whoever pushes second finds the card on its way, and the row changed.
    let prepared = outbox::prepare_many(ctx, std::slice::from_ref(&post));
    let after = commit(ctx, author, &mission, "push", vec![prepared.statement]).await?;
    outbox::deliver_soon(ctx, prepared.ids);
    arm(ctx, &after).await;
    Ok(after)
}

/// Ends a mission: nothing more is published for it, and what waits for its time is called off with it.
pub async fn close(ctx: &Ctx, author: &Author, mut mission: Mission) -> Result<Mission> {
    if mission.state == "closed" {
        return Ok(mission);
    }
    "closed".clone_into(&mut mission.state);
    mission.closed_at = Some(ctx.now());
    // Clicks that are on their way are counted before the first three by clicks are known.
    mission.due_at = Some(ctx.now() + SETTLE_CLICKS_MS);
    let cancel = store::cancel_unsent(&mission, "the mission was closed", ctx.now(), None);
    let links = links::close_mission(ctx, author.guild, &mission.id);
    let after = commit(ctx, author, &mission, "close", vec![cancel, links]).await?;
    arm(ctx, &after).await;
    Ok(after)
}

/// Drops a draft. What was pushed once has posts, links and points, and stays.
pub async fn delete(ctx: &Ctx, author: &Author, mission: &Mission) -> Result<()> {
    if mission.state != "draft" {
        return Err(Error::user(
            "Only drafts can be deleted: posts and points of a mission name it. Close it instead.",
        ));
    }
    // The update holds only for the version that was read.
    let mut statements = vec![store::update(mission), store::require_version(mission)];
    statements.extend(store::delete(mission));
    statements.push(line(author, ctx.now(), "delete", mission));
    ctx.batch(statements).await.map_err(|error| if error.is_conflict() { changed_meanwhile() } else { error })?;
    Ok(())
}

/// The clicks of a closed mission are counted: its members get what they are owed for them, and the first three something more. Gives when
/// to look again, while some are not.
pub async fn reward_clicks(ctx: &Ctx, mission: &Mission) -> Result<Option<i64>> {
    let now = ctx.now();
    if !links::clicks::is_counted(ctx, mission.guild_id, mission.closed_at.unwrap_or(now)).await? {
        return Ok(Some(now + LOOK_AGAIN_MS));
    }
    let mut counted = links::counted_of(ctx, mission.guild_id, &mission.id).await?;
    let rules = points::rules(ctx, mission.guild_id).await?;
    points::clicks::pay(ctx, &counted, &rules).await?;
    let Versioned { version, rules } = rules;
    points::clicks::only_publishers(ctx, &mut counted, &rules).await?;
    // Equal numbers go by the older account: any rule will do that does not change.
    counted.members.sort_unstable_by_key(|(user, _, clicks)| (std::cmp::Reverse(*clicks), *user));
    let month = points::month_of(crate::guild_config::cached(ctx, mission.guild_id).await?.zone(), ctx.now());
    let mut statements = vec![store::set_settled(mission)];
    for (place, ((user, _, clicks), points)) in counted.members.iter().zip(&rules.top_clicks).enumerate() {
        let reason = format!("Place {} of “{}” by clicks, with {clicks}", place + 1, mission.title);
        let cause = format!("top:{}:{}", mission.id, place + 1);
        statements.push(points::store::insert(&points::store::Entry {
            id: ctx.random_hex(8),
            guild: mission.guild_id,
            user: *user,
            mission: &mission.id,
            post: "",
            kind: "top",
            units: 1,
            points: *points,
            rule_version: version,
            reason: &reason,
            month: &month,
            at: ctx.now(),
            cause: &cause,
        }));
    }
    ctx.batch(statements).await?;
    Ok(None)
}

/// The end has come.
pub async fn on_end(ctx: &Ctx, mission: Mission) -> Result<Option<i64>> {
    let author = Author {
        guild: mission.guild_id,
        user: mission.created_by,
        source: "timer",
        cause: format!("mission-end:{}:{}", mission.id, mission.ends_at),
    };
    match close(ctx, &author, mission).await {
        // Somebody changed it: the next look goes by what it says then.
        Ok(closed) => Ok(closed.due_at),
        Err(Error::User(_)) => Ok(Some(ctx.now() + 1_000)),
        Err(error) => Err(error),
    }
}

async fn arm(ctx: &Ctx, mission: &Mission) {
    let Some(due_at) = mission.due_at else { return };
    let timer = crate::ports::Timer { feature: super::NAME.to_owned(), id: format!("mission:{}", mission.id), due_at };
    if let Err(error) = ctx.timers.arm(mission.guild_id, vec![timer]).await {
        ctx.warn("a mission's clock was not armed; the sweeper will find it", json!({ "error": error }));
    }
}
