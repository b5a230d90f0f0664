//! Purpose: starting from nothing, after a second look: one member by a button, everybody by typing the server's name.

use super::{NAME, entry, levels, number, require_right, rules, store};
use crate::{
    audit,
    ctx::Ctx,
    custom_id::CustomId,
    discord,
    error::{Error, Result},
    features::levels::{RESET, events},
    guild_config,
    interaction::{Interaction, ModalData},
    leaderboard::changed_at,
    ports::Timer,
    reply::{self, Input, Message, Modal, Reply, text_input},
    text::{clean_line, count},
};
use std::collections::BTreeSet;
use twilight_model::{
    channel::message::component::ButtonStyle,
    id::{
        Id,
        marker::{GuildMarker, UserMarker},
    },
};

/// Members per waking: each is a row and two index entries, far from the 30 s that D1 gives a query.
const MEMBERS_PER_STEP: u32 = 2_000;
const STEP_PAUSE_MS: i64 = 500;

/// Asks whether it is meant.
pub async fn ask(ctx: &Ctx, interaction: &Interaction, user: Id<UserMarker>) -> Result<Reply> {
    let row: Option<levels::Member> = ctx.query(levels::get(interaction.guild_id, user)).await?.first()?;
    let Some(row) = row else {
        return Err(Error::user(format!("<@{user}> has not earned anything here: there is nothing to reset.")));
    };
    let text = format!(
        "Let <@{user}> start from nothing? They have **{}** XP from {} and {} of voice. Their weeks and months and the roles they have for levels go too. This cannot be undone.",
        number(row.total()),
        count(row.messages.max(0).unsigned_abs(), "message", "messages"),
        crate::time::say_duration(row.voice_seconds.saturating_mul(1_000)),
    );
    let button = reply::button(&CustomId::new(NAME, "reset").arg(user), "Reset", ButtonStyle::Danger, None);
    Ok(Reply::Private(Message::text(text).row(vec![button])))
}

/// The button that confirms it: `reset:<user>`.
pub async fn on_button(ctx: &Ctx, interaction: &Interaction, id: &CustomId) -> Result<Reply> {
    require_right(interaction)?;
    let guild = interaction.guild_id;
    let user: Id<UserMarker> = id.get(0).parse().map_err(|_| super::super::other_version())?;
    let config = guild_config::fresh(ctx, guild).await?;
    let config = config.config();
    let row: Option<levels::Member> = ctx.query(levels::get(guild, user)).await?.first()?;
    let before = super::standing(config, row.map_or(0, |row| row.total()));
    let entry = entry(ctx, interaction, user.to_string(), before, super::standing(config, 0));
    let has_rewards = !config.levels.rewards.is_empty();
    let reset = store::reset(guild, user, changed_at(ctx.now()), ctx.now(), has_rewards, &entry.cause);
    ctx.batch(vec![reset, audit::store::insert(&entry)]).await?;
    if has_rewards {
        events::arm_rewards(ctx, BTreeSet::from([guild])).await?;
    }
    Ok(Reply::Update(Message::text(format!("<@{user}> starts from nothing."))))
}

pub fn form() -> Reply {
    let input = text_input(&Input {
        id: "name",
        label: "Type this server's name to confirm",
        hint: "All experience, weeks, months and levels are lost",
        placeholder: "",
        value: "",
        paragraph: false,
        required: true,
        max: 100,
    });
    Reply::Modal(Modal {
        id: CustomId::new(NAME, "resetall"),
        title: "Everybody starts from nothing".to_owned(),
        components: vec![input],
    })
}

pub async fn on_form(ctx: &Ctx, interaction: &Interaction, data: &ModalData) -> Result<Reply> {
    require_right(interaction)?;
    let guild = interaction.guild_id;
    let name = discord::get_guild(ctx, guild).await?.name;
    let plain = |text: &str| clean_line(text, 100).to_lowercase();
    if plain(data.text("name")) != plain(&name) {
        return Err(Error::user(
            "That is not this server's name, so nothing was reset. Use the command again to retry.",
        ));
    }
    let config = guild_config::fresh(ctx, guild).await?;
    let rollover = rules::next_rollover(ctx.now(), config.config().zone());
    let entry = entry(ctx, interaction, "everybody".to_owned(), "their experience".to_owned(), "nothing".to_owned());
    let begin = store::begin_reset(guild, rollover, &entry.cause);
    ctx.batch(vec![begin, audit::store::insert(&entry)]).await?;
    let timer = Timer { feature: NAME.to_owned(), id: RESET.to_owned(), due_at: ctx.now() };
    ctx.timers.arm(guild, vec![timer]).await.map_err(Error::retryable)?;
    Ok(Reply::private(
        "Everybody starts from nothing. This is being done now; in a large server it takes a minute. Roles for levels are taken back after that, and winners of past weeks and months stay on record.",
    ))
}

/// Resets the next members; comes back while there are more.
pub async fn step(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<Option<i64>> {
    let row: Option<store::ResetRow> = ctx.query(store::get_reset(guild)).await?.first()?;
    let Some(after) = row.and_then(|row| row.reset_after) else {
        return Ok(None);
    };
    let stretch: Option<store::StretchRow> =
        ctx.query(store::get_stretch(guild, &after, MEMBERS_PER_STEP)).await?.first()?;
    let (last, members) = stretch.map_or((None, 0), |stretch| (stretch.last, stretch.members));
    let has_rewards = !guild_config::fresh(ctx, guild).await?.config().levels.rewards.is_empty();
    let next = last.as_deref().filter(|_| members >= MEMBERS_PER_STEP);
    let mut statements = Vec::new();
    if let Some(last) = &last {
        let changed = changed_at(ctx.now());
        statements.push(store::reset_stretch(guild, changed, ctx.now(), has_rewards, &after, last));
    }
    statements.push(store::move_reset(guild, &after, next));
    ctx.batch(statements).await?;
    if has_rewards {
        events::arm_rewards(ctx, BTreeSet::from([guild])).await?;
    }
    Ok(next.map(|_| ctx.now() + STEP_PAUSE_MS))
}
