//! Purpose: starting a giveaway, by options or by a form.

use super::{
    super::{
        NAME, jobs,
        rules::{
            draw::Seed,
            entry::{MAX_BONUS, Requirements},
        },
        store::{self, Giveaway, LogRow, State},
        view,
    },
    require_levels,
};
use crate::{
    ctx::Ctx,
    custom_id::CustomId,
    error::{Error, Result},
    guild_config::GuildConfig,
    interaction::{Interaction, form_fields},
    outbox::{self, Effect, EffectKind},
    permissions,
    reply::{self, Input, Modal, Reply, text_input},
    text::{clean, clean_line},
    time,
};
use twilight_interactions::command::{CommandModel, CommandOption, CreateCommand, CreateOption};
use twilight_model::{
    application::interaction::modal::ModalInteractionData,
    channel::message::component::{Component, SelectMenu, SelectMenuType},
    guild::Permissions,
    id::{
        Id,
        marker::{ChannelMarker, RoleMarker, UserMarker},
    },
};

pub const MAX_WINNERS: i64 = 50;
const MIN_DURATION_MS: i64 = 10_000;
/// A year: longer ones are typing errors.
pub const MAX_DURATION_MS: i64 = 366 * 86_400_000;
const MIN_CLAIM_MS: i64 = 30_000;
const MAX_CLAIM_MS: i64 = 14 * 86_400_000;
pub const MAX_PRIZE: usize = 200;
pub const MAX_DESCRIPTION: usize = 1_500;

#[derive(CommandOption, CreateOption, Clone, Copy, PartialEq, Eq)]
pub enum RolesNeeded {
    #[option(name = "any one of them", value = "any")]
    Any,
    #[option(name = "all of them", value = "all")]
    All,
}

#[derive(CommandOption, CreateOption, Clone, Copy, PartialEq, Eq)]
pub enum TooFew {
    #[option(name = "extend it by its duration, up to three times", value = "extend")]
    Extend,
    #[option(name = "cancel it", value = "cancel")]
    Cancel,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "start", desc = "Start a giveaway")]
pub struct Start {
    /// What can be won
    #[command(max_length = 200)]
    prize: String,
    /// When it ends: 10m, 2d, 18:00, tomorrow 18:00, 2026-12-24 18:00
    #[command(autocomplete = true)]
    ends: String,
    /// How many win; 1 unless you say
    #[command(min_value = 1, max_value = 50)]
    winners: Option<i64>,
    /// Where; this channel unless you say
    #[command(channel_types = "guild_text guild_announcement")]
    channel: Option<Id<ChannelMarker>>,
    /// More about it
    #[command(max_length = 1500)]
    description: Option<String>,
    /// Address of a picture, starting with https://
    #[command(max_length = 500)]
    image: Option<String>,
    /// Who hands the prize over; you unless you say
    host: Option<Id<UserMarker>>,
    /// A role to ping with the announcement
    mention: Option<Id<RoleMarker>>,
    /// A role that people need to enter
    required_role: Option<Id<RoleMarker>>,
    /// Another one
    required_role_2: Option<Id<RoleMarker>>,
    /// Another one
    required_role_3: Option<Id<RoleMarker>>,
    /// Of several required roles: any one unless you say
    roles_needed: Option<RolesNeeded>,
    /// People with this role cannot enter
    blocked_role: Option<Id<RoleMarker>>,
    /// Another one
    blocked_role_2: Option<Id<RoleMarker>>,
    /// Minimum level in this server
    #[command(min_value = 1, max_value = 1000)]
    min_level: Option<i64>,
    /// How many days old a Discord account must be
    #[command(min_value = 1, max_value = 3650)]
    min_account_days: Option<i64>,
    /// How many days somebody must have been a member here
    #[command(min_value = 1, max_value = 3650)]
    min_member_days: Option<i64>,
    /// A role with bonus entries
    bonus_role: Option<Id<RoleMarker>>,
    /// How many bonus entries it gives
    #[command(min_value = 1, max_value = 100)]
    bonus_entries: Option<i64>,
    /// Another role with bonus entries
    bonus_role_2: Option<Id<RoleMarker>>,
    /// How many bonus entries that one gives
    #[command(min_value = 1, max_value = 100)]
    bonus_entries_2: Option<i64>,
    /// How many people must enter for a draw
    #[command(min_value = 2, max_value = 100000)]
    min_entrants: Option<i64>,
    /// What happens with fewer: extended unless you say
    if_too_few: Option<TooFew>,
    /// How long winners have to claim: 5m, 1h, 2d
    claim_window: Option<String>,
    /// How often an unclaimed prize is drawn again by itself
    #[command(min_value = 0, max_value = 50)]
    reroll_limit: Option<i64>,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "create", desc = "Start a giveaway with a form instead of options")]
pub struct Create;

/// A giveaway as somebody asked for it, from options or the form.
struct Wish {
    prize: String,
    ends_at: i64,
    winners: i64,
    channel: Id<ChannelMarker>,
    description: String,
    image: Option<String>,
    host: Id<UserMarker>,
    mention: Option<Id<RoleMarker>>,
    requirements: Requirements,
    min_entrants: i64,
    too_few: TooFew,
    claim_ms: i64,
    reroll_limit: i64,
}

pub fn parse_end(text: &str, now: i64, config: &GuildConfig) -> Result<i64> {
    let at = time::parse_when(text, now, config.zone()).ok_or_else(|| {
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

fn parse_bonus(start: &Start) -> Result<Vec<(Id<RoleMarker>, u32)>> {
    let pairs = [(start.bonus_role, start.bonus_entries), (start.bonus_role_2, start.bonus_entries_2)];
    let mut bonus: Vec<(Id<RoleMarker>, u32)> = Vec::new();
    for (role, entries) in pairs {
        match (role, entries) {
            (Some(role), Some(entries)) => {
                if bonus.iter().any(|(known, _)| *known == role) {
                    return Err(Error::user("The two bonus roles are the same. Name each role once."));
                }
                bonus.push((role, u32::try_from(entries).unwrap_or(1).min(MAX_BONUS)));
            }
            (None, None) => {}
            _ => {
                return Err(Error::user("A bonus needs both the role and how many entries it gives."));
            }
        }
    }
    Ok(bonus)
}

fn parse_requirements(start: &Start) -> Result<Requirements> {
    let mut roles: Vec<_> =
        [start.required_role, start.required_role_2, start.required_role_3].into_iter().flatten().collect();
    roles.dedup();
    let blocked: Vec<_> = [start.blocked_role, start.blocked_role_2].into_iter().flatten().collect();
    if let Some(both) = roles.iter().find(|role| blocked.contains(role)) {
        return Err(Error::user(format!("<@&{both}> is both required and blocked, so nobody could enter.")));
    }
    let number = |value: Option<i64>| value.and_then(|n| u32::try_from(n).ok());
    Ok(Requirements {
        roles,
        all_roles: start.roles_needed == Some(RolesNeeded::All),
        blocked_roles: blocked,
        min_level: number(start.min_level),
        min_account_days: number(start.min_account_days),
        min_member_days: number(start.min_member_days),
        bonus: parse_bonus(start)?,
    })
}

pub async fn on_start(ctx: &Ctx, interaction: &Interaction, config: &GuildConfig, start: Start) -> Result<Reply> {
    let requirements = parse_requirements(&start)?;
    let claim_ms = match &start.claim_window {
        Some(text) => parse_claim_window(text)?,
        None => i64::from(config.giveaway_claim_seconds) * 1_000,
    };
    let wish = Wish {
        prize: clean_line(&start.prize, MAX_PRIZE),
        ends_at: parse_end(&start.ends, ctx.now(), config)?,
        winners: start.winners.unwrap_or(1),
        channel: start.channel.unwrap_or(interaction.channel_id),
        description: crate::text::shorten(&clean(&start.description.unwrap_or_default()), MAX_DESCRIPTION),
        image: start.image.as_deref().map(parse_image).transpose()?,
        host: start.host.unwrap_or(interaction.actor.id),
        mention: start.mention,
        requirements,
        min_entrants: start.min_entrants.unwrap_or(0),
        too_few: start.if_too_few.unwrap_or(TooFew::Extend),
        claim_ms,
        reroll_limit: start.reroll_limit.unwrap_or_else(|| config.giveaway_reroll_limit.into()),
    };
    begin(ctx, interaction, config, wish).await
}

/// The same for people who do not like options.
pub fn form(config: &GuildConfig) -> Reply {
    let zone = format!("10m, 2d, 18:00, tomorrow 18:00 ({})", config.time_zone);
    let input = |id, label, hint, placeholder, value, paragraph, required, max| {
        text_input(&Input { id, label, hint, placeholder, value, paragraph, required, max })
    };
    let role = Component::SelectMenu(SelectMenu {
        channel_types: None,
        custom_id: "required_role".to_owned(),
        default_values: None,
        disabled: false,
        id: None,
        kind: SelectMenuType::Role,
        max_values: Some(3),
        min_values: Some(0),
        options: None,
        placeholder: Some("Anyone may enter".to_owned()),
        required: Some(false),
    });
    Reply::Modal(Modal {
        id: CustomId::new(NAME, "create"),
        title: "Start a giveaway".to_owned(),
        components: vec![
            input("prize", "What can be won?", "", "A lamp", "", false, true, 200),
            input("ends", "When does it end?", &zone, "1d", "", false, true, 40),
            input("winners", "How many win?", "1 to 50", "1", "1", false, true, 2),
            input("description", "Anything else to say?", "", "", "", true, false, 1_500),
            reply::label("Who may enter?", "People with any one of these roles", role),
        ],
    })
}

pub async fn on_form(
    ctx: &Ctx,
    interaction: &Interaction,
    config: &GuildConfig,
    data: &ModalInteractionData,
) -> Result<Reply> {
    let fields = form_fields(data);
    let values = |id: &str| fields.iter().find(|(name, _)| name == id).map_or(&[][..], |(_, values)| values);
    let text = |id: &str| values(id).first().map_or("", String::as_str);
    let winners = text("winners").trim().parse::<i64>().ok().filter(|n| (1..=MAX_WINNERS).contains(n));
    let roles = values("required_role").iter().filter_map(|id| id.parse().ok()).collect();
    let wish = Wish {
        prize: clean_line(text("prize"), MAX_PRIZE),
        ends_at: parse_end(text("ends"), ctx.now(), config)?,
        winners: winners.ok_or_else(|| Error::user("The number of winners is a number from 1 to 50."))?,
        channel: interaction.channel_id,
        description: crate::text::shorten(&clean(text("description")), MAX_DESCRIPTION),
        image: None,
        host: interaction.actor.id,
        mention: None,
        requirements: Requirements { roles, ..Requirements::default() },
        min_entrants: 0,
        too_few: TooFew::Extend,
        claim_ms: i64::from(config.giveaway_claim_seconds) * 1_000,
        reroll_limit: config.giveaway_reroll_limit.into(),
    };
    begin(ctx, interaction, config, wish).await
}

async fn check_wish(ctx: &Ctx, interaction: &Interaction, wish: &Wish) -> Result<()> {
    if wish.prize.is_empty() {
        return Err(Error::user("Say what can be won."));
    }
    if !(1..=MAX_WINNERS).contains(&wish.winners) {
        return Err(Error::user("The number of winners is a number from 1 to 50."));
    }
    if wish.requirements.min_level.is_some() {
        require_levels(ctx, interaction).await?;
    }
    if let Some(role) = wish.mention {
        check_mention(ctx, interaction, role).await?;
    }
    // Posting in another channel takes the right to post there: the bot does not lend its own.
    if wish.channel != interaction.channel_id {
        permissions::require_user_strictly(interaction, Permissions::MANAGE_GUILD)?;
    }
    permissions::require_bot_in(ctx, interaction.guild_id, wish.channel, permissions::POSTING).await
}

/// Nobody pings a role through Muster that they could not ping themselves.
async fn check_mention(ctx: &Ctx, interaction: &Interaction, role: Id<RoleMarker>) -> Result<()> {
    if interaction.actor.permissions.intersects(Permissions::ADMINISTRATOR | Permissions::MENTION_EVERYONE) {
        return Ok(());
    }
    let guild = crate::discord::get_guild(ctx, interaction.guild_id).await?;
    if guild.roles.iter().any(|known| known.id == role && known.mentionable) {
        return Ok(());
    }
    Err(Error::Denied(format!(
        "You cannot ping <@&{role}> yourself, so Muster does not do it for you. It needs **{}**.",
        permissions::name(Permissions::MENTION_EVERYONE)
    )))
}

fn build(ctx: &Ctx, interaction: &Interaction, config: &GuildConfig, wish: Wish) -> Giveaway {
    let mut bytes = [0; 32];
    ctx.rng.fill(&mut bytes);
    let seed = Seed::new(bytes);
    // 12 hex digits of chance: short enough for a person, far too many to guess.
    let id = ctx.random_hex(6);
    let now = ctx.now();
    let small = |n: i64| u32::try_from(n).unwrap_or(0);
    Giveaway {
        guild_id: interaction.guild_id,
        channel_id: wish.channel,
        message_id: None,
        host_id: wish.host,
        interaction_id: interaction.id.to_string(),
        prize: wish.prize,
        description: wish.description,
        image_url: wish.image,
        mention_role: wish.mention,
        winners: small(wish.winners),
        requirements: serde_json::to_string(&wish.requirements).unwrap_or_default(),
        min_entrants: small(wish.min_entrants),
        too_few: if wish.too_few == TooFew::Extend { "extend" } else { "cancel" }.to_owned(),
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
async fn begin(ctx: &Ctx, interaction: &Interaction, config: &GuildConfig, wish: Wish) -> Result<Reply> {
    if let Some(known) = known(ctx, interaction).await? {
        return Ok(Reply::private(view::started(&known)));
    }
    check_wish(ctx, interaction, &wish).await?;
    let giveaway = build(ctx, interaction, config, wish);
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
        actor_id: Some(interaction.actor.id),
        action: "started",
        detail: &giveaway.prize,
        cause: Some(interaction.id.to_string()),
    });
    let committed = ctx.batch(vec![store::insert(&giveaway), log, prepared.statement]).await;
    if let Err(error) = committed {
        return match known(ctx, interaction).await? {
            Some(known) => Ok(Reply::private(view::started(&known))),
            None => Err(error),
        };
    }
    outbox::deliver_soon(ctx, vec![prepared.id]);
    jobs::arm_soon(ctx, &giveaway);
    Ok(Reply::private(view::started(&giveaway)))
}

async fn known(ctx: &Ctx, interaction: &Interaction) -> Result<Option<Giveaway>> {
    let statement = store::get_by_interaction(interaction.guild_id, &interaction.id.to_string());
    Ok(ctx.query(statement).await?.first()?)
}
