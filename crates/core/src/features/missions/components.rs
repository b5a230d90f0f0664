//! Purpose: the way from a mission's card to a confirmed post: where to publish, what will appear, yes.

use super::{
    assignees,
    commands::Scene,
    posting::{self, Poster, Ready},
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
    points,
    reply::{self, Input, Message, Modal, Reply, text_input},
    social::{self, Choice, Kind, Promotion, accounts},
    time,
};
use twilight_model::channel::message::{Component, component::ButtonStyle};

/// Whether a mission is for this member.
pub async fn is_for(ctx: &Ctx, interaction: &Interaction, mission: &Mission) -> Result<bool> {
    assignees::includes(ctx, mission, interaction.actor.id, &interaction.actor.roles).await
}

pub async fn on_open(ctx: &Ctx, interaction: &Interaction, id: &str) -> Result<Reply> {
    let mission = posting::mission_for(ctx, &Poster::from(interaction), id).await?;
    let scene = Scene::of(ctx, interaction).await?;
    let (guild, user) = (interaction.guild_id, interaction.actor.id);
    let accounts = accounts::list(ctx, guild, user).await?;
    let posts: Vec<Post> = ctx.query(store::list_posts_of(&mission.id, user)).await?.all()?;
    let mut choices = Vec::new();
    for kind in mission.kinds() {
        let account = accounts.iter().find(|one| one.platform == kind.key() && one.is_active());
        choices.push(view::Place {
            kind,
            account: account.map(|one| one.account_name.clone()),
            obstacle: posting::obstacle(ctx, &scene.rules, &mission, kind, &posting::text_like(ctx, &mission, kind))
                .await?,
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

/// What will appear. `chosen`: what the platform leaves to the member, as far as they have said so.
async fn preview(ctx: &Ctx, interaction: &Interaction, id: &CustomId, chosen: Choice) -> Result<Message> {
    let ready = ready(ctx, interaction, id).await?;
    let look = posting::look(ctx, &ready, chosen).await?;
    Ok(view::preview(&ready, &look))
}

async fn ready(ctx: &Ctx, interaction: &Interaction, id: &CustomId) -> Result<Ready> {
    posting::ready(ctx, &Poster::from(interaction), id.get(0), id.get(1)).await
}

pub async fn on_preview(ctx: &Ctx, interaction: &Interaction, id: &CustomId) -> Result<Reply> {
    Ok(Reply::Private(preview(ctx, interaction, id, Choice::default()).await?))
}

/// One more choice on the preview: who may see it, what it promotes, or whether there may be comments.
pub async fn on_choice(ctx: &Ctx, interaction: &Interaction, id: &CustomId, values: &[String]) -> Result<Reply> {
    let value = values.first().map(String::as_str).unwrap_or_default();
    let mut chosen = Choice::of(id.get(3));
    match id.action.as_str() {
        "privacy" => value.clone_into(&mut chosen.privacy),
        "promotion" => chosen.promotion = Promotion::of(value),
        _ => chosen.allows_comments = !chosen.allows_comments,
    }
    Ok(Reply::Update(preview(ctx, interaction, id, chosen).await?))
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

/// The member said yes to what they saw, and waits a little to see what comes of it.
async fn confirm(ctx: &Ctx, interaction: &Interaction, ready: &Ready, id: &CustomId, at: Option<i64>) -> Result<Reply> {
    let chosen = Choice::of(id.get(3));
    let row = posting::confirm(ctx, &Poster::from(interaction), ready, (id.get(2), &chosen), at).await?;
    let (guild, user) = (interaction.guild_id, interaction.actor.id);
    let row = publish::advance_for_reader(ctx, guild, &row.id).await?.unwrap_or(row);
    let mut entries: Vec<points::store::EntryRow> = ctx.query(points::store::list(guild, user, 10)).await?.all()?;
    entries.retain(|entry| entry.post_id == row.id);
    Ok(Reply::Update(view::outcome(&row, &entries)))
}

/// Calls off a post that waits for its time, or for the platform.
pub async fn on_cancel(ctx: &Ctx, interaction: &Interaction, id: &str) -> Result<Reply> {
    let cancelled = store::cancel_post(interaction.guild_id, id, interaction.actor.id, "you called it off", ctx.now());
    let done = ctx.query(cancelled).await?.changes == 1;
    Ok(Reply::private(if done {
        "It is called off: nothing will be published."
    } else {
        "This post does not wait any more, so it cannot be called off. `/post` shows how it stands."
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

/// Buttons for posts that are held, or wait to be sent.
pub fn post_buttons(posts: &[Post]) -> Vec<Component> {
    let of = |post: &Post| {
        let name = post.kind().map_or("it", Kind::name);
        let (action, label, style) = match post.state.as_str() {
            _ if publish::is_unsent(post) => ("cancel", format!("Call off {name}"), ButtonStyle::Danger),
            "held" => ("again", format!("It is not on {name}: publish again"), ButtonStyle::Primary),
            _ => return None,
        };
        let id = CustomId::new(super::NAME, action).arg(&post.id);
        Some(reply::button(&id, &label, style, None))
    };
    posts.iter().filter_map(of).take(5).collect()
}
