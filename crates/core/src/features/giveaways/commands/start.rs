//! Purpose: starting a giveaway, by options or by a form.

use super::super::{
    NAME,
    begin::{MAX_DESCRIPTION, MAX_PRIZE, MAX_WINNERS, Wish, begin, parse_claim_window, parse_end, parse_image},
    rules::entry::{MAX_BONUS, Requirements},
    view,
};
use crate::{
    audit::Author,
    ctx::Ctx,
    custom_id::CustomId,
    error::{Error, Result},
    guild_config::GuildConfig,
    interaction::{Interaction, ModalData},
    permissions,
    reply::{self, Input, Modal, Reply, text_input},
    text::{clean, clean_line},
};
use twilight_interactions::command::{CommandModel, CommandOption, CreateCommand, CreateOption};
use twilight_model::{
    channel::message::component::{Component, SelectMenu, SelectMenuType},
    guild::Permissions,
    id::{
        Id,
        marker::{ChannelMarker, RoleMarker, UserMarker},
    },
};

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
        extends_if_too_few: start.if_too_few != Some(TooFew::Cancel),
        claim_ms,
        reroll_limit: start.reroll_limit.unwrap_or_else(|| config.giveaway_reroll_limit.into()),
    };
    carry_out(ctx, interaction, config, wish).await
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

pub async fn on_form(ctx: &Ctx, interaction: &Interaction, config: &GuildConfig, data: &ModalData) -> Result<Reply> {
    let winners = data.text("winners").trim().parse::<i64>().ok().filter(|n| (1..=MAX_WINNERS).contains(n));
    let roles = data.values("required_role").iter().filter_map(|id| id.parse().ok()).collect();
    let wish = Wish {
        prize: clean_line(data.text("prize"), MAX_PRIZE),
        ends_at: parse_end(data.text("ends"), ctx.now(), config)?,
        winners: winners.ok_or_else(|| Error::user("The number of winners is a number from 1 to 50."))?,
        channel: interaction.channel_id,
        description: crate::text::shorten(&clean(data.text("description")), MAX_DESCRIPTION),
        image: None,
        host: interaction.actor.id,
        mention: None,
        requirements: Requirements { roles, ..Requirements::default() },
        min_entrants: 0,
        extends_if_too_few: true,
        claim_ms: i64::from(config.giveaway_claim_seconds) * 1_000,
        reroll_limit: config.giveaway_reroll_limit.into(),
    };
    carry_out(ctx, interaction, config, wish).await
}

async fn carry_out(ctx: &Ctx, interaction: &Interaction, config: &GuildConfig, wish: Wish) -> Result<Reply> {
    // Posting in another channel takes the right to post there: the bot does not lend its own.
    if wish.channel != interaction.channel_id {
        permissions::require_user_strictly(interaction, Permissions::MANAGE_GUILD)?;
    }
    let author = Author::from(interaction);
    let giveaway = begin(ctx, &author, interaction.actor.permissions, config, wish).await?;
    Ok(Reply::private(view::started(&giveaway)))
}
