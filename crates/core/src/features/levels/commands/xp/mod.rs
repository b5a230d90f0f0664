//! Purpose: `/xp`: experience given, taken, set and reset by hand, each in the audit log.
//!
//! The right is asked at every act, also behind the button and the form that confirm a reset.

pub mod reset;
pub mod store;

use super::{
    super::{NAME, cards, events, rules, store as levels, view::number},
    unreadable,
};
use crate::{
    audit,
    ctx::Ctx,
    error::{Error, Result},
    guild_config::{self, GuildConfig},
    interaction::Interaction,
    leaderboard::changed_at,
    permissions,
    reply::Reply,
};
use serde_json::json;
use std::collections::BTreeSet;
use store::{Change, Parts};
use twilight_interactions::command::{CommandModel, CreateCommand, ResolvedUser};
use twilight_model::{
    application::{command::Command, interaction::application_command::CommandData},
    guild::Permissions,
    id::{Id, marker::UserMarker},
};

/// Nobody has more: the ranked index counts in 32 bits.
const TOTAL_MAX: i64 = 4_000_000_000;
/// Reading again because somebody earned something at this very moment.
const TRIES: usize = 5;
/// What the audit log calls these changes.
const ACTION: &str = "xp";

#[derive(CommandModel, CreateCommand)]
#[command(name = "xp", desc = "Change members' experience by hand", default_permissions = "manage_guild")]
enum Xp {
    #[command(name = "add")]
    Add(Add),
    #[command(name = "remove")]
    Remove(Remove),
    #[command(name = "set")]
    Set(Set),
    #[command(name = "reset")]
    Reset(Reset),
    #[command(name = "reset-everyone")]
    ResetEveryone(ResetEveryone),
}

fn manage_guild() -> Permissions {
    Permissions::MANAGE_GUILD
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "add", desc = "Give somebody experience")]
struct Add {
    /// Whom
    user: ResolvedUser,
    /// How much
    #[command(min_value = 1, max_value = 1_000_000_000)]
    amount: i64,
    /// Whether a level reached by it is announced in this channel; no unless you choose
    announce: Option<bool>,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "remove", desc = "Take experience from somebody")]
struct Remove {
    /// From whom
    user: ResolvedUser,
    /// How much
    #[command(min_value = 1, max_value = 1_000_000_000)]
    amount: i64,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "set", desc = "Set somebody's experience in all")]
struct Set {
    /// Whose
    user: ResolvedUser,
    /// How much they have then
    #[command(min_value = 0, max_value = 1_000_000_000)]
    amount: i64,
    /// Whether a level reached by it is announced in this channel; no unless you choose
    announce: Option<bool>,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "reset", desc = "Let somebody start from nothing")]
struct Reset {
    /// Whom
    user: ResolvedUser,
}

#[derive(CommandModel, CreateCommand)]
#[command(name = "reset-everyone", desc = "Let the whole server start from nothing")]
struct ResetEveryone;

pub fn definition() -> Command {
    Xp::create_command().into()
}

/// Manage Server, and no configurable role in its place: whoever has it could give themselves every reward.
fn require_right(interaction: &Interaction) -> Result<()> {
    permissions::require_user_strictly(interaction, Permissions::MANAGE_GUILD)
}

pub async fn on_command(ctx: &Ctx, interaction: &Interaction, data: CommandData) -> Result<Reply> {
    require_right(interaction)?;
    match Xp::from_interaction(data.into()).map_err(unreadable)? {
        Xp::Add(Add { user, amount, announce }) => {
            let announces = announce.unwrap_or(false);
            give(ctx, interaction, &user, announces, |total| total + checked(amount)).await
        }
        Xp::Remove(Remove { user, amount }) => {
            give(ctx, interaction, &user, false, |total| total - checked(amount)).await
        }
        Xp::Set(Set { user, amount, announce }) => {
            give(ctx, interaction, &user, announce.unwrap_or(false), |_| checked(amount)).await
        }
        Xp::Reset(Reset { user }) => reset::ask(ctx, interaction, user.resolved.id).await,
        Xp::ResetEveryone(ResetEveryone) => Ok(reset::form()),
    }
}

/// A client may send what Discord's form does not offer.
fn checked(amount: i64) -> i64 {
    amount.clamp(0, TOTAL_MAX)
}

fn said(user: Id<UserMarker>, before: &str, after: &str) -> Reply {
    Reply::private(format!("<@{user}> now has **{after}** (before: {before})."))
}

fn standing(config: &GuildConfig, total: u64) -> String {
    format!("{} XP, level {}", number(total), config.levels.curve.level(total))
}

/// Makes somebody's total what `to` makes of it. A second delivery changes nothing and gets the same answer.
async fn give(
    ctx: &Ctx,
    interaction: &Interaction,
    user: &ResolvedUser,
    announces: bool,
    to: impl Fn(i64) -> i64,
) -> Result<Reply> {
    if user.resolved.bot {
        return Err(Error::user("Bots earn no experience, and none can be given to them."));
    }
    let (guild, user) = (interaction.guild_id, user.resolved.id);
    let config = guild_config::fresh(ctx, guild).await?;
    let config = config.config();
    if !config.levels.enabled {
        return Err(Error::user(cards::LEVELS_OFF));
    }
    let cause = interaction.id.to_string();
    let zone = config.zone();
    let known = json!([[guild, rules::next_rollover(ctx.now(), zone)]]).to_string();
    for _ in 0..TRIES {
        let changed = changed_at(ctx.now());
        let read = vec![
            audit::store::get_by_cause(guild, &cause, ACTION),
            store::ensure(guild, user, changed),
            levels::add_guilds(&known),
            levels::get(guild, user),
        ];
        let results = ctx.batch(read).await?;
        let (Some(done), Some(row)) = (results.first(), results.last()) else {
            return Err(Error::internal("the database answered without results"));
        };
        if let Some(done) = done.first::<audit::store::Row>()? {
            return Ok(said(user, &done.before.unwrap_or_default(), &done.after.unwrap_or_default()));
        }
        let row = row.first::<levels::Member>()?.ok_or_else(|| Error::internal("the row was just there"))?;
        let total = to(row.text_xp + row.voice_xp + row.bonus_xp).clamp(0, TOTAL_MAX);
        let (before, after) = (standing(config, row.total()), standing(config, total.unsigned_abs()));
        let entry = entry(ctx, interaction, user.to_string(), before.clone(), after.clone());
        let parts = Parts { text: row.text_xp, voice: row.voice_xp, bonus: row.bonus_xp };
        let change = change(config, &row, total, announces);
        let statements = vec![store::note(&entry, user, parts), store::change(&entry, user, parts, change, changed)];
        let results = ctx.batch(statements).await?;
        if results.last().is_some_and(|result| result.changes == 0) {
            continue;
        }
        if change.roles_change {
            events::arm_rewards(ctx, BTreeSet::from([guild])).await?;
        }
        if announces {
            announce(ctx, interaction, config, user).await?;
        }
        return Ok(said(user, &before, &after));
    }
    Err(Error::user("They are earning experience at this very moment. Please try again."))
}

/// What of the row changes so that there are `total` in all. A level that is to be announced is not settled yet.
fn change(config: &GuildConfig, row: &levels::Member, total: i64, announces: bool) -> Change {
    let level = config.levels.curve.level(total.unsigned_abs());
    let is_settled = !announces || level < row.level;
    Change {
        bonus: total - row.text_xp - row.voice_xp,
        level: if is_settled { level } else { row.level },
        is_lower: level < row.level,
        roles_change: rules::rewards_change(&config.levels, row.level, level),
    }
}

async fn announce(ctx: &Ctx, interaction: &Interaction, config: &GuildConfig, user: Id<UserMarker>) -> Result<()> {
    let row: Option<levels::Member> = ctx.query(levels::get(interaction.guild_id, user)).await?.first()?;
    match row {
        Some(row) => events::settle_one(ctx, config, row, interaction.channel_id).await,
        None => Ok(()),
    }
}

fn entry(ctx: &Ctx, interaction: &Interaction, target: String, before: String, after: String) -> audit::store::Entry {
    audit::store::Entry {
        guild_id: interaction.guild_id,
        at: ctx.now(),
        actor_id: interaction.actor.id,
        source: "interaction",
        action: ACTION,
        target,
        before: Some(before),
        after: Some(after),
        cause: interaction.id.to_string(),
    }
}
