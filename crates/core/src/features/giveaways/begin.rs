//! Purpose: how a giveaway begins: what was asked for, checked, and committed with its announcement, wherever it was asked from.

use super::{
    NAME, jobs,
    rules::{draw::Seed, entry::Requirements},
    store::{self, Giveaway, LogRow, State},
    view,
};
use crate::{
    audit::Author,
    ctx::Ctx,
    error::{Error, FieldError, Result},
    guild_config::GuildConfig,
    outbox::{self, Effect, EffectKind},
    permissions, registry,
    text::clean_line,
    time,
};
use twilight_model::{
    guild::Permissions,
    id::{
        Id,
        marker::{ChannelMarker, RoleMarker, UserMarker},
    },
};

pub const MAX_WINNERS: i64 = 50;
const MIN_DURATION_MS: i64 = 10_000;
/// A year: longer ones are typing errors.
const MAX_DURATION_MS: i64 = 366 * 86_400_000;
const MIN_CLAIM_MS: i64 = 30_000;
const MAX_CLAIM_MS: i64 = 14 * 86_400_000;
pub const MAX_PRIZE: usize = 200;
pub const MAX_DESCRIPTION: usize = 1_500;

/// A giveaway as somebody asked for it, from options or the form.
pub struct Wish {
    pub prize: String,
    pub ends_at: i64,
    pub winners: i64,
    pub channel: Id<ChannelMarker>,
    pub description: String,
    pub image: Option<String>,
    pub host: Id<UserMarker>,
    pub mention: Option<Id<RoleMarker>>,
    pub requirements: Requirements,
    pub min_entrants: i64,
    pub extends_if_too_few: bool,
    pub claim_ms: i64,
    pub reroll_limit: i64,
}

pub fn parse_end(text: &str, now: i64, config: &GuildConfig) -> Result<i64> {
    let at = time::parse_rfc3339(text.trim()).or_else(|| time::parse_when(text, now, config.zone())).ok_or_else(|| {
        let typed = crate::text::escape_markdown(&clean_line(text, 40));
        Error::user(format!(
            "“{typed}” is not a time that Muster understands. Write a duration like `10m`, `6h` or `2d`, or a time in this server's zone ({}) like `18:00`, `tomorrow 18:00` or `2026-12-24 18:00`.",
            config.time_zone
        ))
    })?;
    if at < now + MIN_DURATION_MS {
        return Err(Error::user("That end is in the past or too soon. A giveaway runs for at least 10 seconds."));
    }
    if at > now + MAX_DURATION_MS {
        return Err(Error::user("That end is more than a year away. Choose an earlier one."));
    }
    Ok(at)
}

pub fn parse_claim_window(text: &str) -> Result<i64> {
    let window = time::parse_duration(text).filter(|ms| (MIN_CLAIM_MS..=MAX_CLAIM_MS).contains(ms));
    window.ok_or_else(|| {
        Error::user("The claim window is a duration between 30 seconds and 14 days, like `5m`, `1h` or `2d`.")
    })
}

/// When a pause of that length ends.
pub fn parse_pause(text: &str, now: i64) -> Result<i64> {
    let ms = time::parse_duration(text).filter(|ms| *ms <= MAX_DURATION_MS);
    ms.map(|ms| now + ms)
        .ok_or_else(|| Error::user("Write how long it is paused as a duration up to a year, like `10m`, `2h` or `1d`."))
}

/// Discord shows only https pictures; anything else would be refused with the whole message.
pub fn parse_image(text: &str) -> Result<String> {
    let url = text.trim();
    let is_plain = url.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"'));
    let host = url.strip_prefix("https://").and_then(|rest| rest.split(['/', '?', '#']).next());
    if is_plain && host.is_some_and(|host| host.contains('.') && !host.contains('@')) {
        return Ok(url.to_owned());
    }
    Err(Error::user(
        "The picture must be an address that starts with `https://`, like `https://example.com/prize.png`.",
    ))
}

/// Refusals name the field that they are about.
pub fn at(field: &str, why: impl Into<String>) -> Error {
    Error::Invalid(vec![FieldError::new(field, why)])
}

/// What cannot be seen from a value alone. Whether the author may post in that channel is asked where they are.
async fn check_wish(ctx: &Ctx, author: &Author, permissions: Permissions, wish: &Wish) -> Result<()> {
    if wish.prize.is_empty() {
        return Err(at("prize", "Say what can be won."));
    }
    if !(1..=MAX_WINNERS).contains(&wish.winners) {
        return Err(at("winners", "The number of winners is a number from 1 to 50."));
    }
    let requirements = &wish.requirements;
    if let Some(both) = requirements.roles.iter().find(|role| requirements.blocked_roles.contains(role)) {
        return Err(at("blocked", format!("<@&{both}> is both required and blocked, so nobody could enter.")));
    }
    if requirements.min_level.is_some() && !registry::keeps_levels(ctx, author.guild).await? {
        return Err(at(
            "min_level",
            "A minimum level needs the levels feature, which is not enabled in this server. Leave `min_level` out, or enable levels first.",
        ));
    }
    if let Some(role) = wish.mention {
        check_mention(ctx, author, permissions, role).await?;
    }
    permissions::require_bot_in(ctx, author.guild, wish.channel, permissions::POSTING).await.map_err(
        |error| match error {
            Error::User(why) => at("channel", why),
            other => other,
        },
    )
}

/// Nobody pings a role through Muster that they could not ping themselves.
async fn check_mention(ctx: &Ctx, author: &Author, permissions: Permissions, role: Id<RoleMarker>) -> Result<()> {
    if permissions.intersects(Permissions::ADMINISTRATOR | Permissions::MENTION_EVERYONE) {
        return Ok(());
    }
    let guild = crate::discord::get_guild(ctx, author.guild).await?;
    if guild.roles.iter().any(|known| known.id == role && known.mentionable) {
        return Ok(());
    }
    Err(Error::Denied(format!(
        "You cannot ping <@&{role}> yourself, so Muster does not do it for you. It needs **{}**.",
        permissions::name(Permissions::MENTION_EVERYONE)
    )))
}

fn build(ctx: &Ctx, author: &Author, config: &GuildConfig, wish: Wish) -> Giveaway {
    let mut bytes = [0; 32];
    ctx.rng.fill(&mut bytes);
    let seed = Seed::new(bytes);
    // 12 hex digits of chance: short enough for a person, far too many to guess.
    let id = ctx.random_hex(6);
    let now = ctx.now();
    let small = |n: i64| u32::try_from(n).unwrap_or(0);
    Giveaway {
        guild_id: author.guild,
        channel_id: wish.channel,
        message_id: None,
        host_id: wish.host,
        interaction_id: author.cause.clone(),
        prize: wish.prize,
        description: wish.description,
        image_url: wish.image,
        mention_role: wish.mention,
        winners: small(wish.winners),
        requirements: serde_json::to_string(&wish.requirements).unwrap_or_default(),
        min_entrants: small(wish.min_entrants),
        too_few: if wish.extends_if_too_few { "extend" } else { "cancel" }.to_owned(),
        extensions: 0,
        claim_seconds: small(wish.claim_ms / 1_000),
        reroll_limit: small(wish.reroll_limit),
        rerolls_used: 0,
        winner_cooldown_days: config.giveaway_winner_cooldown_days,
        state: State::Active,
        created_at: now,
        duration_ms: wish.ends_at - now,
        ends_at: wish.ends_at,
        paused_left_ms: None,
        due_at: Some(wish.ends_at),
        version: 1,
        commitment: seed.commitment(&id),
        seed: seed.hex(),
        entrant_count: 0,
        entrants_hash: None,
        open_slots: "[]".to_owned(),
        picks_drawn: 0,
        id,
    }
}

/// The row, its log line and its announcement in one batch. A second delivery finds the first one's row.
/// `permissions`: the author's own, in that channel.
///
/// # Errors
/// `Invalid` with the field, `Denied` for a ping that the author could not make.
pub async fn begin(
    ctx: &Ctx,
    author: &Author,
    permissions: Permissions,
    config: &GuildConfig,
    wish: Wish,
) -> Result<Giveaway> {
    if let Some(known) = known(ctx, author).await? {
        return Ok(known);
    }
    check_wish(ctx, author, permissions, &wish).await?;
    let giveaway = build(ctx, author, config, wish);
    let announcement = Effect {
        guild_id: giveaway.guild_id,
        feature: NAME,
        key: format!("giveaways:announce:{}", giveaway.id),
        reference: format!("announce:{}", giveaway.id),
        kind: EffectKind::Post {
            channel: giveaway.channel_id,
            body: view::announcement(&giveaway, config.color).create_body(),
            marker: giveaway.commitment.clone(),
        },
    };
    let prepared = outbox::prepare(ctx, &announcement);
    let log = store::insert_log(&LogRow {
        giveaway_id: &giveaway.id,
        guild_id: giveaway.guild_id,
        version: Some(1),
        at: giveaway.created_at,
        actor_id: Some(author.user),
        action: "started",
        detail: &giveaway.prize,
        cause: Some(author.cause.clone()),
    });
    let committed = ctx.batch(vec![store::insert(&giveaway), log, prepared.statement]).await;
    if let Err(error) = committed {
        return match known(ctx, author).await? {
            Some(known) => Ok(known),
            None => Err(error),
        };
    }
    outbox::deliver_soon(ctx, vec![prepared.id]);
    jobs::arm_soon(ctx, &giveaway);
    Ok(giveaway)
}

async fn known(ctx: &Ctx, author: &Author) -> Result<Option<Giveaway>> {
    let statement = store::get_by_interaction(author.guild, &author.cause);
    Ok(ctx.query(statement).await?.first()?)
}
