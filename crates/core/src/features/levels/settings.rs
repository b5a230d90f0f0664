//! Purpose: changes to a guild's settings of levels with the rules that hold for them, whether by a command, a page or the API.

use super::{admin_view as view, rules, store};
use crate::{
    audit::{self, Author},
    ctx::Ctx,
    discord::GuildFacts,
    error::{Error, Result},
    guild_config::{
        self, Edit, GuildConfig,
        limits::{IGNORED_MAX, MULTIPLIER_PERCENT_MAX, MULTIPLIERS_MAX, REWARDS_MAX},
    },
    permissions::{self, Giver},
    sql::Statement,
    xp::{Curve, LevelSettings, Multiplier, Reward, Scope, curve::LEVEL_MAX},
};
use serde_json::json;
use twilight_model::id::{
    Id,
    marker::{GuildMarker, RoleMarker},
};

/// Changes the guild's settings of levels, with a line in the history. `change` works on the settings as they are at that moment.
///
/// # Errors
/// What `change` refuses.
pub async fn change(
    ctx: &Ctx,
    author: &Author,
    what: &str,
    show: impl Fn(&LevelSettings) -> String,
    change: impl Fn(&mut LevelSettings) -> Result<()>,
) -> Result<()> {
    let edit = |config: &GuildConfig| {
        let mut levels = config.levels.clone();
        change(&mut levels)?;
        let value = crate::json::to_value(&levels).map_err(Error::internal)?;
        Ok(Edit { value, before: show(&config.levels), after: show(&levels) })
    };
    guild_config::edit(ctx, author, "levels", &format!("levels: {what}"), edit).await
}

/// The guild's row, which the first report of experience makes otherwise.
pub fn add_guild(ctx: &Ctx, guild: Id<GuildMarker>, config: &GuildConfig) -> Statement {
    let rollover = rules::next_rollover(ctx.now(), config.zone());
    store::add_guilds(&json!([[guild, rollover]]).to_string())
}

/// A line in the history about something that is no setting.
pub fn note(ctx: &Ctx, author: &Author, target: &str, after: &str) -> Statement {
    audit::store::insert(&audit::store::Entry {
        guild_id: author.guild,
        at: ctx.now(),
        actor_id: author.user,
        source: author.source,
        action: "levels",
        target: target.to_owned(),
        before: None,
        after: Some(after.to_owned()),
        cause: author.cause.clone(),
    })
}

/// Puts a curve in force that was compared with `known`.
///
/// # Errors
/// `User` when another one is in force by now.
pub async fn save_curve(ctx: &Ctx, author: &Author, curve: Curve, known: Curve) -> Result<()> {
    const MOVED: &str = "Somebody changed the curve while you looked at this. Here is the comparison with theirs; press Save again to put yours in force.\n";
    change(ctx, author, "curve", view::show_curve, |levels| {
        if levels.curve != known && levels.curve != curve {
            return Err(Error::user(MOVED));
        }
        levels.curve = curve;
        Ok(())
    })
    .await
}

/// What holders of the role may do to others, in Discord's words.
pub fn powers(facts: &GuildFacts, role: Id<RoleMarker>) -> Option<String> {
    let known = facts.roles.iter().find(|known| known.id == role)?;
    let powers = known.permissions & permissions::POWERS;
    (!powers.is_empty()).then(|| permissions::name(powers))
}

/// A role that comes with a level from now on. `facts` are the guild's as Discord has them now.
///
/// # Errors
/// `User` for what makes no sense or Muster cannot do, `Denied` when `giver` may not hand out that role.
pub async fn add_reward(
    ctx: &Ctx,
    author: &Author,
    giver: Giver<'_>,
    facts: &GuildFacts,
    reward: Reward,
) -> Result<()> {
    let guild = author.guild;
    if reward.role == guild.cast() {
        return Err(Error::user("Everybody has @everyone already. Choose another role."));
    }
    if !(1..=LEVEL_MAX).contains(&reward.level) {
        return Err(Error::user(format!("A level is a number from 1 to {LEVEL_MAX}.")));
    }
    permissions::require_may_hand_out(giver, facts, reward.role)?;
    let rights = permissions::role_rights(ctx, guild, facts).await?;
    if let Some(obstacle) = rights.obstacle(facts, reward.role) {
        return Err(Error::user(format!("<@&{}> {obstacle}.", reward.role)));
    }
    if !rights.manages_roles {
        return Err(Error::user(view::NO_MANAGE_ROLES));
    }
    change(ctx, author, "rewards", view::show_rewards, |levels| {
        match levels.rewards.iter().find(|known| known.role == reward.role) {
            Some(known) if *known == reward => return Ok(()),
            Some(known) => {
                return Err(Error::user(format!(
                    "<@&{}> comes with level {} already. Remove that first with `/levels rewards remove`.",
                    reward.role, known.level
                )));
            }
            None => {}
        }
        if levels.rewards.len() >= REWARDS_MAX {
            return Err(Error::user(format!("A server can have {REWARDS_MAX} roles for levels. Remove one first.")));
        }
        levels.rewards.push(reward);
        levels.rewards.sort_unstable();
        Ok(())
    })
    .await
}

/// # Errors
/// `User` when it is not there any more.
pub async fn remove_reward(ctx: &Ctx, author: &Author, wanted: Reward) -> Result<()> {
    change(ctx, author, "rewards", view::show_rewards, |levels| {
        let before = levels.rewards.len();
        levels.rewards.retain(|reward| *reward != wanted);
        if levels.rewards.len() == before {
            return Err(Error::user(
                "That role does not come with that level any more. `/levels rewards list` shows all.",
            ));
        }
        Ok(())
    })
    .await
}

/// `5.123456789012345678`, as suggestions and forms send a reward.
pub fn read_reward(text: &str) -> Option<Reward> {
    let (level, role) = text.trim().split_once('.')?;
    Some(Reward { level: level.parse().ok()?, role: role.parse().ok()? })
}

/// Adds a multiplier, or changes the percentage of the one for the same. Whoever calls made sure that its role or channel is one
/// of this guild's.
///
/// # Errors
/// `User` for a percentage that makes no sense, or too many of them.
pub async fn add_multiplier(ctx: &Ctx, author: &Author, multiplier: &Multiplier) -> Result<()> {
    let percent = multiplier.percent;
    if percent == 100 {
        return Err(Error::user("100 % changes nothing. 200 doubles, 50 halves, 0 gives nothing."));
    }
    if percent > MULTIPLIER_PERCENT_MAX {
        return Err(Error::user(format!("At most {MULTIPLIER_PERCENT_MAX} % are possible.")));
    }
    change(ctx, author, "multipliers", view::show_multipliers, |levels| {
        let all = &mut levels.text.multipliers;
        let is_full = all.len() >= MULTIPLIERS_MAX;
        match all.iter_mut().find(|known| known.scope == multiplier.scope) {
            Some(known) => known.percent = percent,
            None if is_full => {
                return Err(Error::user(format!("A server can have {MULTIPLIERS_MAX} multipliers. Remove one first.")));
            }
            None => all.push(multiplier.clone()),
        }
        Ok(())
    })
    .await
}

/// A scope as suggestions and forms send it.
pub fn key(scope: &Scope) -> String {
    match scope {
        Scope::Role { id } => format!("role.{id}"),
        Scope::Channel { id } => format!("channel.{id}"),
        Scope::Window { days, from, to } => format!("window.{days}.{from}.{to}"),
    }
}

/// # Errors
/// `User` when there is none for `wanted` (see [`key`]).
pub async fn remove_multiplier(ctx: &Ctx, author: &Author, wanted: &str) -> Result<()> {
    change(ctx, author, "multipliers", view::show_multipliers, |levels| {
        let before = levels.text.multipliers.len();
        levels.text.multipliers.retain(|known| key(&known.scope) != wanted);
        if levels.text.multipliers.len() == before {
            return Err(Error::user(
                "There is no such multiplier. Choose one from the list that opens while you type.",
            ));
        }
        Ok(())
    })
    .await
}

/// Adds a channel or role to those that earn nothing, unless it is there.
///
/// # Errors
/// `User` when there are too many.
pub fn ignore<T: PartialEq>(list: &mut Vec<T>, new: T) -> Result<()> {
    if list.contains(&new) {
        return Ok(());
    }
    if list.len() >= IGNORED_MAX {
        return Err(Error::user(format!(
            "A server can ignore {IGNORED_MAX} channels and {IGNORED_MAX} roles. Ignore a category to cover many channels."
        )));
    }
    list.push(new);
    Ok(())
}
