//! Purpose: the way from a mission's card to a confirmed post: where to publish, what will appear, yes.

use super::{
    actions,
    commands::Scene,
    publish, store,
    store::{Mission, Post},
    view,
};
use crate::{
    ctx::Ctx,
    custom_id::CustomId,
    error::{Error, Result},
    guild_config,
    interaction::Interaction,
    links,
    points::{self, rules::Rules},
    reply::{self, Input, Message, Modal, Reply, text_input},
    social::{self, App, Creator, Kind, Refusal, accounts, caption, tokens},
    time,
};
use sha2::{Digest, Sha256};
use twilight_model::{
    channel::message::{Component, component::ButtonStyle},
    id::{
        Id,
        marker::{RoleMarker, UserMarker},
    },
};

const DAY_MS: i64 = 24 * 3_600_000;
/// X's budget is counted by 30 days.
const BUDGET_MS: i64 = 30 * DAY_MS;

/// The mission that a press is about, if this member may take part now.
async fn mission_for(ctx: &Ctx, interaction: &Interaction, id: &str) -> Result<Mission> {
    let gone = || Error::user("This mission is not there any more.");
    let mission = actions::load(ctx, interaction.guild_id, id).await?.ok_or_else(gone)?;
    if !mission.is_live() || mission.ends_at <= ctx.now() {
        return Err(Error::user("This mission is over. `/missions` shows what is on."));
    }
    if mission.starts_at > ctx.now() {
        return Err(Error::User(format!("This mission starts {}.", time::relative(mission.starts_at))));
    }
    if is_for(ctx, interaction, &mission).await? {
        return Ok(mission);
    }
    Err(Error::user("This mission is for other members. `/missions` shows yours."))
}

/// Whether a mission is for this member.
pub async fn is_for(ctx: &Ctx, interaction: &Interaction, mission: &Mission) -> Result<bool> {
    Ok(match mission.assigned.split_once(':') {
        Some(("role", role)) => {
            role.parse::<Id<RoleMarker>>().is_ok_and(|role| interaction.actor.roles.contains(&role))
        }
        _ if mission.assigned == "members" => {
            let rows = ctx.query(store::is_assigned(mission, interaction.actor.id)).await?;
            !rows.all::<serde_json::Value>()?.is_empty()
        }
        _ => true,
    })
}

/// Why nothing can be published on a platform, before anything is tried.
async fn obstacle(ctx: &Ctx, scene: &Scene, mission: &Mission, kind: Kind, text: &str) -> Result<Option<String>> {
    let Some(app) = tokens::app_of(ctx, kind) else {
        return Ok(Some(format!("{} is not set up on this deployment", kind.name())));
    };
    let can = kind.platform().capabilities(app);
    if let Some(refusal) =
        points::rules::refusal(&scene.rules, kind, text, !mission.image_url.is_empty(), can.needs_image)
    {
        return Ok(Some(refusal));
    }
    if kind == Kind::X {
        return over_budget(ctx, scene, kind, text).await;
    }
    Ok(None)
}

async fn over_budget(ctx: &Ctx, scene: &Scene, kind: Kind, text: &str) -> Result<Option<String>> {
    let platform = kind.platform();
    let budget = scene.rules.x_budget;
    if budget == 0 {
        return Ok(Some("this server has no budget for posts on X, which cost money".to_owned()));
    }
    let spent: Option<store::Spent> =
        ctx.query(store::spent(scene.guild, kind.key(), ctx.now() - BUDGET_MS)).await?.first()?;
    let spent =
        spent.map_or(0, |spent| spent.with_address * platform.price("https://") + spent.without * platform.price(""));
    let is_over = spent + platform.price(text) > budget;
    Ok(is_over.then(|| "this server's budget for posts on X is used up for now".to_owned()))
}

/// What a member would publish, with a link that is as long as theirs will be.
fn text_like(ctx: &Ctx, mission: &Mission) -> String {
    actions::text_for(mission, &links::url(ctx, &"x".repeat(links::SLUG_LENGTH)))
}

/// What the member publishes, with their own link, which is made where there is none yet.
async fn text_of(ctx: &Ctx, mission: &Mission, user: Id<UserMarker>) -> Result<String> {
    if mission.target_url.is_empty() {
        return Ok(actions::text_for(mission, ""));
    }
    let guild = mission.guild_id;
    if let Some(link) = links::of_member(ctx, guild, &mission.id, user).await? {
        return Ok(actions::text_for(mission, &links::url(ctx, &link.slug)));
    }
    let target = links::target(ctx, &mission.target_url, &actions::utm(mission))?;
    let insert =
        links::insert_for_mission(ctx, guild, &mission.id, user, (&mission.title, &target), Some(mission.ends_at));
    ctx.query(insert).await?;
    let link = links::of_member(ctx, guild, &mission.id, user).await?;
    let link = link.ok_or_else(|| Error::internal("the member's link was not found after it was made"))?;
    links::publish(ctx, &link).await;
    Ok(actions::text_for(mission, &links::url(ctx, &link.slug)))
}

pub async fn on_open(ctx: &Ctx, interaction: &Interaction, id: &str) -> Result<Reply> {
    let mission = mission_for(ctx, interaction, id).await?;
    let scene = Scene::of(ctx, interaction).await?;
    let (guild, user) = (interaction.guild_id, interaction.actor.id);
    let accounts = accounts::list(ctx, guild, user).await?;
    let posts: Vec<Post> = ctx.query(store::list_posts_of(&mission.id, user)).await?.all()?;
    let text = text_like(ctx, &mission);
    let mut choices = Vec::new();
    for kind in mission.kinds() {
        let account = accounts.iter().find(|one| one.platform == kind.key() && one.is_active());
        choices.push(view::Choice {
            kind,
            account: account.map(|one| one.account_name.clone()),
            obstacle: obstacle(ctx, &scene, &mission, kind, &text).await?,
            post: posts.iter().find(|post| post.platform == kind.key()).cloned(),
        });
    }
    let needs_account = choices.iter().any(|one| one.account.is_none() && one.obstacle.is_none());
    let url = if needs_account { Some(connect_url(ctx, interaction).await?) } else { None };
    Ok(Reply::Private(view::choices(&mission, &choices, url.as_deref())))
}

async fn connect_url(ctx: &Ctx, interaction: &Interaction) -> Result<String> {
    let link = social::store::Link {
        guild_id: interaction.guild_id,
        user_id: interaction.actor.id,
        user_name: interaction.actor.shown_name.clone(),
        guild_name: crate::discord::get_guild(ctx, interaction.guild_id).await?.name,
    };
    accounts::offer(ctx, &link).await
}

/// Names a text in a custom id: what was previewed is what is published, or the member looks again.
fn hash_of(text: &str, image: &str, account: &str) -> String {
    let digest = Sha256::new()
        .chain_update(text)
        .chain_update("\n")
        .chain_update(image)
        .chain_update("\n")
        .chain_update(account)
        .finalize();
    hex::encode(&digest[..8])
}

/// Everything about a post that is about to be confirmed.
struct Ready {
    mission: Mission,
    kind: Kind,
    account: social::store::Account,
    text: String,
    hash: String,
    rules: Rules,
}

async fn ready(ctx: &Ctx, interaction: &Interaction, id: &CustomId) -> Result<Ready> {
    let mission = mission_for(ctx, interaction, id.get(0)).await?;
    let forged =
        || Error::user("This button belongs to another version of the mission. Press **Connect & Post** again.");
    let kind = Kind::of(id.get(1)).filter(|kind| mission.kinds().contains(kind)).ok_or_else(forged)?;
    let scene = Scene::of(ctx, interaction).await?;
    let text = text_of(ctx, &mission, interaction.actor.id).await?;
    if let Some(why) = obstacle(ctx, &scene, &mission, kind, &text).await? {
        return Err(Error::User(format!("{}: {why}.", kind.name())));
    }
    let accounts = accounts::list(ctx, interaction.guild_id, interaction.actor.id).await?;
    let account = accounts.into_iter().find(|one| one.platform == kind.key() && one.is_active());
    let connect = || Error::User(format!("Connect your {} account first: `/connect`.", kind.name()));
    let account = account.ok_or_else(connect)?;
    let hash = hash_of(&text, &mission.image_url, &account.account_id);
    Ok(Ready { mission, kind, account, text, hash, rules: scene.rules })
}

/// What will appear. `chosen`: who may see it, in the platform's word, once the member has said so.
async fn preview(ctx: &Ctx, interaction: &Interaction, id: &CustomId, chosen: &str) -> Result<Message> {
    let ready = ready(ctx, interaction, id).await?;
    let mut notes = Vec::new();
    let mut account = ready.account.account_name.clone();
    let mut privacy = Vec::new();
    let mut image = "";
    if let Some(app) = tokens::app_of(ctx, ready.kind) {
        let can = ready.kind.platform().capabilities(app);
        notes.extend(can.caution.map(str::to_owned));
        if can.takes_image {
            image = &ready.mission.image_url;
        } else if !ready.mission.image_url.is_empty() {
            notes.push(format!("On {} the post appears without the mission's picture.", ready.kind.name()));
        }
        if !ready.rules.rewards(ready.kind) {
            notes.push(format!("Posts on {} bring no points here.", ready.kind.name()));
        }
        if let Some(creator) = creator(ctx, app, &ready).await? {
            account = creator.name;
            privacy = creator.privacy;
        }
    }
    let chosen = if privacy.iter().any(|(word, _)| word == chosen) { chosen } else { "" };
    Ok(view::preview(&view::Preview {
        mission: &ready.mission,
        kind: ready.kind,
        account: &account,
        text: &ready.text,
        image,
        hash: &ready.hash,
        notes: &notes,
        privacy: &privacy,
        chosen,
    }))
}

/// As whom it appears and who may see it, asked now where the platform wants that.
async fn creator(ctx: &Ctx, app: &App, ready: &Ready) -> Result<Option<Creator>> {
    let (platform, name) = (ready.kind.platform(), ready.kind.name());
    let silent =
        || Error::User(format!("{name} does not answer just now. Nothing was published; try again in a moment."));
    let access = match tokens::fresh(ctx, &ready.account).await {
        Ok(access) => access,
        Err(tokens::Trouble::Failed(error)) => return Err(error),
        Err(tokens::Trouble::Lost) => {
            return Err(Error::User(format!("Connect your {name} account again: `/connect`.")));
        }
        Err(tokens::Trouble::Later(_)) => return Err(silent()),
    };
    let Some(request) = platform.ask_privacy(&accounts::acting(app, &ready.account, &access)) else { return Ok(None) };
    let answer = ctx.http.send(request).await.map_err(|_| silent())?;
    match platform.read_privacy(&answer) {
        Ok(creator) if !creator.privacy.is_empty() => Ok(Some(creator)),
        Err(Refusal::Rejected(why)) => Err(Error::User(format!("{name}: {}.", crate::text::escape_markdown(&why)))),
        _ => Err(silent()),
    }
}

pub async fn on_preview(ctx: &Ctx, interaction: &Interaction, id: &CustomId) -> Result<Reply> {
    Ok(Reply::Private(preview(ctx, interaction, id, "").await?))
}

pub async fn on_privacy(ctx: &Ctx, interaction: &Interaction, id: &CustomId, values: &[String]) -> Result<Reply> {
    let chosen = values.first().map(String::as_str).unwrap_or_default();
    Ok(Reply::Update(preview(ctx, interaction, id, chosen).await?))
}

/// Cooldown, posts per day and the same words under another mission, as they are now.
async fn check_safeguards(ctx: &Ctx, interaction: &Interaction, ready: &Ready) -> Result<()> {
    let (now, rules) = (ctx.now(), &ready.rules);
    let essence = caption::essence(&ready.text);
    let recent = store::recent(interaction.guild_id, interaction.actor.id, now - DAY_MS, &ready.mission.id, &essence);
    let Some(recent) = ctx.query(recent).await?.first::<store::Recent>()? else { return Ok(()) };
    if recent.same > 0 {
        return Err(Error::user(
            "You have published these very words for another mission. Platforms take the same text twice for spam.",
        ));
    }
    if rules.posts_per_day > 0 && recent.today >= rules.posts_per_day {
        return Err(Error::User(format!(
            "You have published {} posts in 24 hours, as many as this server allows. Try again later.",
            recent.today
        )));
    }
    let pause = i64::from(rules.cooldown_minutes) * 60_000;
    if let Some(newest) = recent.newest.filter(|newest| now - newest < pause) {
        return Err(Error::User(format!(
            "This server asks for a pause between posts: you can publish again {}.",
            time::relative(newest + pause)
        )));
    }
    Ok(())
}

pub async fn on_publish(ctx: &Ctx, interaction: &Interaction, id: &CustomId) -> Result<Reply> {
    let ready = ready(ctx, interaction, id).await?;
    confirm(ctx, interaction, &ready, id, None).await
}

/// Asks when.
pub fn on_later(id: &CustomId) -> Reply {
    let ask = CustomId { action: "schedule".to_owned(), ..id.clone() };
    let when = text_input(&Input {
        id: "when",
        label: "When?",
        hint: "2h, 18:00, tomorrow 9:00, 2026-12-24 18:00 in this server's time zone",
        placeholder: "tomorrow 9:00",
        value: "",
        paragraph: false,
        required: true,
        max: 40,
    });
    Reply::Modal(Modal { id: ask, title: "Publish later".to_owned(), components: vec![when] })
}

pub async fn on_schedule(ctx: &Ctx, interaction: &Interaction, id: &CustomId, when: &str) -> Result<Reply> {
    let ready = ready(ctx, interaction, id).await?;
    let zone = guild_config::cached(ctx, interaction.guild_id).await?.zone();
    let at = time::parse_when(when, ctx.now(), zone)
        .ok_or_else(|| Error::user("Say when as in 2h, 18:00, tomorrow 9:00 or 2026-12-24 18:00."))?;
    if at >= ready.mission.ends_at {
        return Err(Error::User(format!(
            "The mission ends {}. Choose a time before that.",
            time::relative(ready.mission.ends_at)
        )));
    }
    confirm(ctx, interaction, &ready, id, Some(at)).await
}

/// The member said yes to what they saw.
async fn confirm(ctx: &Ctx, interaction: &Interaction, ready: &Ready, id: &CustomId, at: Option<i64>) -> Result<Reply> {
    if ready.hash != id.get(2) {
        return Err(Error::user(
            "The mission was changed since you saw this preview. Press **Connect & Post** again to see what it says now.",
        ));
    }
    let (guild, user, now) = (interaction.guild_id, interaction.actor.id, ctx.now());
    let known: Option<Post> =
        ctx.query(store::get_post_of(&ready.mission.id, user, ready.kind.key())).await?.first()?;
    let is_new = known.as_ref().is_none_or(|post| matches!(post.state.as_str(), "failed" | "cancelled"));
    if is_new {
        check_safeguards(ctx, interaction, ready).await?;
        let post = store::NewPost {
            id: known.map_or_else(|| ctx.random_hex(8), |post| post.id),
            guild_id: guild,
            mission_id: ready.mission.id.clone(),
            user_id: user,
            platform: ready.kind.key().to_owned(),
            state: if at.is_some() { "scheduled" } else { "queued" }.to_owned(),
            text: ready.text.clone(),
            essence: caption::essence(&ready.text),
            image_url: ready.mission.image_url.clone(),
            privacy: privacy_of(ready.kind, id.get(3))?,
            step_at: now,
            due_at: Some(at.unwrap_or(now)),
        };
        ctx.query(store::insert_post(&post)).await?;
    }
    let row: Option<Post> = ctx.query(store::get_post_of(&ready.mission.id, user, ready.kind.key())).await?.first()?;
    let Some(row) = row else {
        return Err(Error::user("This mission has all the posts that it takes. `/missions` shows what else is on."));
    };
    let row = publish::advance_for_reader(ctx, guild, &row.id).await?.unwrap_or(row);
    let mut entries: Vec<points::store::EntryRow> = ctx.query(points::store::list(guild, user, 10)).await?.all()?;
    entries.retain(|entry| entry.post_id == row.id);
    Ok(Reply::Update(view::outcome(&row, &entries)))
}

/// Who may see the post, where the member has to choose it.
fn privacy_of(kind: Kind, word: &str) -> Result<String> {
    let known = ["PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "FOLLOWER_OF_CREATOR", "SELF_ONLY"];
    match kind {
        Kind::TikTok if known.contains(&word) => Ok(word.to_owned()),
        Kind::TikTok => Err(Error::user("Choose first who may see the post.")),
        _ => Ok(String::new()),
    }
}

/// Calls off a post that waits for its time.
pub async fn on_cancel(ctx: &Ctx, interaction: &Interaction, id: &str) -> Result<Reply> {
    let cancelled = store::cancel_post(interaction.guild_id, id, interaction.actor.id, "you called it off", ctx.now());
    let done = ctx.query(cancelled).await?.changes == 1;
    Ok(Reply::private(if done {
        "It is called off: nothing will be published."
    } else {
        "This post does not wait for its time any more."
    }))
}

/// The member has looked: a post whose outcome nobody knew is not there, and is sent again.
pub async fn on_again(ctx: &Ctx, interaction: &Interaction, id: &str) -> Result<Reply> {
    let gone = || Error::user("This post is not held any more. `/post` shows how it stands.");
    let post = publish::load(ctx, interaction.guild_id, id).await?;
    let post = post.filter(|post| post.user_id == interaction.actor.id && post.state == "held").ok_or_else(gone)?;
    publish::again(ctx, post).await?;
    let post = publish::advance_for_reader(ctx, interaction.guild_id, id).await?.ok_or_else(gone)?;
    Ok(Reply::Update(view::outcome(&post, &[])))
}

/// Buttons for posts that are held, or wait for their time.
pub fn post_buttons(posts: &[Post]) -> Vec<Component> {
    let of = |post: &Post| {
        let name = post.kind().map_or("it", Kind::name);
        let (action, label, style) = match post.state.as_str() {
            "scheduled" => ("cancel", format!("Call off {name}"), ButtonStyle::Danger),
            "held" => ("again", format!("It is not on {name}: publish again"), ButtonStyle::Primary),
            _ => return None,
        };
        let id = CustomId::new(super::NAME, action).arg(&post.id);
        Some(reply::button(&id, &label, style, None))
    };
    posts.iter().filter_map(of).take(5).collect()
}
