//! Purpose: putting a whole configuration in the place of another: by a form, a file, an earlier version, or a program.

use crate::{
    access::{Area, GuildAccess, May},
    audit,
    ctx::Ctx,
    discord,
    error::{Error, FieldError, Result},
    guild_config::{
        GuildConfig,
        check::{self, Mention},
        versions::{self, Versioned},
        words::{self, Change, Names},
    },
    permissions,
};
use std::collections::BTreeMap;
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, RoleMarker},
};

/// What the guild's roles and channels are called now.
///
/// # Errors
/// When Discord does not answer.
pub async fn names(ctx: &Ctx, access: &GuildAccess) -> Result<Names> {
    let channels = discord::list_channels(ctx, access.guild).await?;
    Ok(Names {
        roles: access.facts.roles.iter().map(|role| (role.id.to_string(), role.name.clone())).collect(),
        channels: channels.into_iter().map(|one| (one.id.to_string(), one.name.unwrap_or_default())).collect(),
    })
}

/// Settings of levels and the right to run giveaways belong to areas of their own: whoever changes them through the whole document
/// needs the right to those, too.
///
/// # Errors
/// `Denied`.
pub fn require_areas(ctx: &Ctx, access: &GuildAccess, before: &GuildConfig, after: &GuildConfig) -> Result<()> {
    if before.levels != after.levels {
        access.require(ctx, Area::Levels, May::Manage)?;
    }
    if before.giveaway_managers != after.giveaway_managers {
        access.require(ctx, Area::Giveaways, May::Manage)?;
    }
    Ok(())
}

/// The settings in which two versions differ, as one line.
pub fn summary(changes: &[Change]) -> String {
    let labels: Vec<&str> = changes.iter().map(|one| one.label.as_str()).collect();
    labels.join(", ")
}

/// The settings without the roles and channels that are gone.
pub fn without_missing(config: &GuildConfig, names: &Names) -> GuildConfig {
    let (roles, channels) = config.references();
    let roles: BTreeMap<Id<RoleMarker>, _> =
        roles.into_iter().filter(|id| names.roles.contains_key(&id.to_string())).map(|id| (id, id)).collect();
    let channels: BTreeMap<Id<ChannelMarker>, _> =
        channels.into_iter().filter(|id| names.channels.contains_key(&id.to_string())).map(|id| (id, id)).collect();
    config.with_references(&roles, &channels)
}

/// What speaks against `after` in the place of `before`, each with its place in the document: values that no form would take, roles and
/// channels that are not this guild's, where Muster cannot post, and roles that this person or Muster may not hand out. What was
/// wrong before does not keep anybody from changing something else.
///
/// # Errors
/// When Discord does not answer.
pub async fn problems(
    ctx: &Ctx,
    access: &GuildAccess,
    names: &Names,
    before: &GuildConfig,
    after: &GuildConfig,
) -> Result<Vec<FieldError>> {
    let known = check::check(before);
    let mut found = check::check(after);
    found.retain(|one| !known.contains(one));
    let known = check::mentions(before);
    for (path, mention) in check::mentions(after).into_iter().filter(|mention| !known.contains(mention)) {
        if let Some(text) = problem_with(ctx, access, names, mention).await? {
            found.push(FieldError::new(path, text));
        }
    }
    let new = after.levels.rewards.iter().filter(|reward| !before.levels.rewards.contains(reward));
    let new: Vec<Id<RoleMarker>> = new.map(|reward| reward.role).collect();
    if !new.is_empty() {
        let rights = permissions::role_rights(ctx, access.guild, &access.facts).await?;
        for role in new.into_iter().filter(|role| names.roles.contains_key(&role.to_string())) {
            let text = match permissions::require_may_hand_out(access.into(), &access.facts, role) {
                Err(error) => Some(error.to_string().replace("**", "")),
                Ok(()) => rights.obstacle(&access.facts, role).map(|obstacle| format!("It {obstacle}.")),
            };
            let name = names.roles.get(&role.to_string()).map_or("", String::as_str);
            found.extend(text.map(|text| FieldError::new("levels.rewards", format!("@{name}: {text}"))));
        }
    }
    Ok(found)
}

async fn problem_with(ctx: &Ctx, access: &GuildAccess, names: &Names, mention: Mention) -> Result<Option<String>> {
    match mention {
        Mention::Role(id) if id == access.guild.cast() => Ok(Some("Choose another role than @everyone.".to_owned())),
        Mention::Role(id) if !names.roles.contains_key(&id.to_string()) => {
            Ok(Some(format!("This server has no role {id}. Choose roles of this server.")))
        }
        Mention::Channel(id) | Mention::Posting(id) if !names.channels.contains_key(&id.to_string()) => {
            Ok(Some(format!("This server has no channel {id}. Choose a channel of this server.")))
        }
        Mention::Posting(id) => match permissions::missing_in(ctx, access.guild, id, permissions::POSTING).await {
            Ok(missing) if missing.is_empty() => Ok(None),
            Ok(missing) => Ok(Some(format!(
                "Muster is missing {} there. Allow it in that channel's settings under Permissions, then save again.",
                permissions::name(missing)
            ))),
            Err(Error::User(sentence)) => Ok(Some(sentence)),
            Err(error) => Err(error),
        },
        Mention::Role(_) | Mention::Channel(_) => Ok(None),
    }
}

/// Puts `after` in the place of the version that somebody looked at; nothing where both are the same. `once` names the request: a
/// second one with the same name changes nothing more. Gives what holds then.
///
/// # Errors
/// `Stale` when that version does not hold any more, `Denied`, and `Invalid` with what speaks against it.
pub async fn replace(
    ctx: &Ctx,
    access: &GuildAccess,
    once: &str,
    expected: i64,
    after: &GuildConfig,
    why: &str,
) -> Result<Versioned> {
    let current = versions::current(ctx, access.guild).await?;
    let author = access.author(once);
    if current.version != expected {
        let done = audit::store::get_by_cause(access.guild, &author.cause, "config");
        let done: Option<audit::store::Row> = ctx.query(done).await?.first()?;
        return if done.is_some() { Ok(current) } else { Err(Error::Stale) };
    }
    let names = names(ctx, access).await?;
    let changes = words::changes(&current.config, after, &names);
    if changes.is_empty() {
        return Ok(current);
    }
    require_areas(ctx, access, &current.config, after)?;
    let problems = problems(ctx, access, &names, &current.config, after).await?;
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    versions::replace(ctx, &author, &current, after, &format!("{why}{}", summary(&changes)), &changes).await?;
    versions::current(ctx, access.guild).await
}
