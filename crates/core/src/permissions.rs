//! Purpose: who may do what, in one place: every privileged command asks here at the moment of the act.
//!
//! The person's rights come from the interaction that Discord just signed; roles, owner and overwrites are read
//! from Discord now. Nothing here is cached.

use crate::{
    access::GuildAccess,
    audit,
    ctx::Ctx,
    discord::{self, GuildFacts, GuildMember},
    error::{Error, Result},
    guild_config::Fresh,
    interaction::Interaction,
    text::plain,
};
use twilight_model::{
    channel::{ChannelType, permission_overwrite::PermissionOverwrite},
    guild::Permissions,
    id::{
        Id,
        marker::{ChannelMarker, GuildMarker, RoleMarker, UserMarker},
    },
};
use twilight_util::permission_calculator::PermissionCalculator;

/// The words Discord's settings use for a permission.
pub fn name(permission: Permissions) -> String {
    let known = [
        (Permissions::ADMINISTRATOR, "Administrator"),
        (Permissions::MANAGE_GUILD, "Manage Server"),
        (Permissions::MANAGE_ROLES, "Manage Roles"),
        (Permissions::MANAGE_CHANNELS, "Manage Channels"),
        (Permissions::MANAGE_WEBHOOKS, "Manage Webhooks"),
        (Permissions::MANAGE_GUILD_EXPRESSIONS, "Manage Expressions"),
        (Permissions::MANAGE_EVENTS, "Manage Events"),
        (Permissions::MANAGE_THREADS, "Manage Threads"),
        (Permissions::MANAGE_NICKNAMES, "Manage Nicknames"),
        (Permissions::MANAGE_MESSAGES, "Manage Messages"),
        (Permissions::KICK_MEMBERS, "Kick Members"),
        (Permissions::BAN_MEMBERS, "Ban Members"),
        (Permissions::MODERATE_MEMBERS, "Timeout Members"),
        (Permissions::VIEW_AUDIT_LOG, "View Audit Log"),
        (Permissions::VIEW_CHANNEL, "View Channel"),
        (Permissions::SEND_MESSAGES, "Send Messages"),
        (Permissions::EMBED_LINKS, "Embed Links"),
        (Permissions::ATTACH_FILES, "Attach Files"),
        (Permissions::READ_MESSAGE_HISTORY, "Read Message History"),
        (Permissions::MENTION_EVERYONE, "Mention @everyone, @here and All Roles"),
    ];
    let names: Vec<&str> = known.iter().filter(|(bit, _)| permission.contains(*bit)).map(|(_, name)| *name).collect();
    if names.is_empty() {
        return format!("permission bits {}", permission.bits());
    }
    names.join(", ")
}

/// What Muster does in servers: what it asks for when it is added to one. `scripts/lib/deploy.mjs` prints a link with the same.
pub const INSTALL: Permissions = POSTING.union(Permissions::ATTACH_FILES).union(Permissions::MANAGE_ROLES);

/// What posting a giveaway or log line takes.
pub const POSTING: Permissions = Permissions::VIEW_CHANNEL
    .union(Permissions::SEND_MESSAGES)
    .union(Permissions::EMBED_LINKS)
    .union(Permissions::READ_MESSAGE_HISTORY);

/// The actor holds `needed` here, is an administrator, or has one of the manager roles of the fresh configuration.
///
/// # Errors
/// `Denied`, which the door also writes to the audit log.
pub fn require_user(
    interaction: &Interaction,
    needed: Permissions,
    managers: Fresh<'_, [Id<RoleMarker>]>,
) -> Result<()> {
    let held = interaction.actor.permissions;
    let is_manager = interaction.actor.roles.iter().any(|role| managers.get().contains(role));
    if held.contains(Permissions::ADMINISTRATOR) || held.contains(needed) || is_manager {
        return Ok(());
    }
    let or_role = if managers.get().is_empty() { "" } else { " or one of this server's manager roles" };
    Err(Error::Denied(lacks(needed, or_role)))
}

fn lacks(needed: Permissions, or_role: &str) -> String {
    format!("You need **{}**{or_role} to do this. Ask someone who manages this server.", name(needed))
}

/// Whether somebody on the web holds `needed` in the guild, by what Discord says for this request. What was granted to their roles on
/// the dashboard does not stand in for it.
pub fn holds(access: &GuildAccess, needed: Permissions) -> bool {
    let held = access.permissions;
    access.facts.owner_id == access.user || held.contains(Permissions::ADMINISTRATOR) || held.contains(needed)
}

/// The same as [`require_user_strictly`] for somebody on the web; `what` names in the guild's log what was tried.
///
/// # Errors
/// `Denied`.
pub fn require_strictly(ctx: &Ctx, access: &GuildAccess, needed: Permissions, what: &str) -> Result<()> {
    if holds(access, needed) {
        return Ok(());
    }
    let why = plain(&lacks(needed, ""));
    audit::note_denied(ctx, access.guild, access.user, access.source, what, &why);
    Err(Error::Denied(why))
}

/// The actor holds `needed` in this channel; no role of ours stands in for it.
///
/// # Errors
/// `Denied`.
pub fn require_user_strictly(interaction: &Interaction, needed: Permissions) -> Result<()> {
    require_user(interaction, needed, Fresh::nobody())
}

/// Muster holds `needed` in `channel` now, and the channel belongs to this guild.
///
/// # Errors
/// `User` with what is missing and where to grant it.
pub async fn require_bot_in(
    ctx: &Ctx,
    guild: Id<GuildMarker>,
    channel: Id<ChannelMarker>,
    needed: Permissions,
) -> Result<()> {
    let missing = missing_in(ctx, guild, channel, needed).await?;
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::user(format!(
        "Muster is missing **{}** in <#{channel}>. Allow it in that channel's settings under Permissions, then try again.",
        name(missing)
    )))
}

/// What Muster lacks of `needed` in `channel`.
///
/// # Errors
/// `User` when the channel is not one of this guild's where messages can be sent.
pub async fn missing_in(
    ctx: &Ctx,
    guild: Id<GuildMarker>,
    channel: Id<ChannelMarker>,
    needed: Permissions,
) -> Result<Permissions> {
    let Some(facts) = posting_channel(ctx, guild, channel).await? else { return Ok(needed) };
    let guild_facts = discord::get_guild(ctx, guild).await?;
    let me = bot_member(ctx, guild).await?;
    let held = in_channel(&guild_facts, guild, me.user.id, &me.roles, &facts.permission_overwrites);
    Ok(needed - held)
}

/// What somebody with these roles holds in a channel where messages can be sent; nothing where Muster sees none.
///
/// # Errors
/// `User` when the channel is not one of this guild's.
pub async fn held_in(ctx: &Ctx, access: &GuildAccess, channel: Id<ChannelMarker>) -> Result<Permissions> {
    let Some(facts) = posting_channel(ctx, access.guild, channel).await? else { return Ok(Permissions::empty()) };
    Ok(in_channel(&access.facts, access.guild, access.user, &access.roles, &facts.permission_overwrites))
}

/// Caller and Muster may post in that channel of this guild, now.
///
/// # Errors
/// `User` with what is missing.
pub async fn require_may_post(ctx: &Ctx, access: &GuildAccess, channel: Id<ChannelMarker>) -> Result<()> {
    require_bot_in(ctx, access.guild, channel, POSTING).await?;
    let held = held_in(ctx, access, channel).await?;
    if held.contains(WRITING) || holds(access, Permissions::MANAGE_GUILD) {
        return Ok(());
    }
    Err(cannot_write())
}

/// The same for whoever used a command.
///
/// # Errors
/// `User` with what is missing.
pub async fn require_actor_may_post(ctx: &Ctx, interaction: &Interaction, channel: Id<ChannelMarker>) -> Result<()> {
    let (guild, actor) = (interaction.guild_id, &interaction.actor);
    require_bot_in(ctx, guild, channel, POSTING).await?;
    if actor.permissions.intersects(Permissions::ADMINISTRATOR | Permissions::MANAGE_GUILD) {
        return Ok(());
    }
    let Some(facts) = posting_channel(ctx, guild, channel).await? else { return Err(cannot_write()) };
    let guild_facts = discord::get_guild(ctx, guild).await?;
    let held = in_channel(&guild_facts, guild, actor.id, &actor.roles, &facts.permission_overwrites);
    if held.contains(WRITING) { Ok(()) } else { Err(cannot_write()) }
}

const WRITING: Permissions = Permissions::VIEW_CHANNEL.union(Permissions::SEND_MESSAGES);

fn cannot_write() -> Error {
    Error::user("You cannot write in that channel yourself, so Muster does not do it for you. Choose another one.")
}

/// Text and announcement channels of this guild; threads have their own rules and end on their own. `None` for one that Muster
/// cannot see.
async fn posting_channel(
    ctx: &Ctx,
    guild: Id<GuildMarker>,
    channel: Id<ChannelMarker>,
) -> Result<Option<discord::ChannelFacts>> {
    let not_here = || Error::user("Choose a text channel of this server that Muster can see.");
    let facts = match discord::get_channel(ctx, channel).await {
        Ok(facts) => facts.ok_or_else(not_here)?,
        // Discord answers 403 for a channel that Muster cannot see.
        Err(discord::CallError::Refused { status: 403, .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if facts.guild_id != Some(guild) || !matches!(facts.kind, 0 | 5) {
        return Err(not_here());
    }
    Ok(Some(facts))
}

async fn bot_member(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<GuildMember> {
    let me: Id<UserMarker> = ctx.settings.application_id.cast();
    discord::get_member(ctx, guild, me)
        .await?
        .ok_or_else(|| Error::user("Muster is not a member of this server. Invite it with the bot scope."))
}

fn in_channel(
    guild: &GuildFacts,
    guild_id: Id<GuildMarker>,
    user: Id<UserMarker>,
    roles: &[Id<RoleMarker>],
    overwrites: &[PermissionOverwrite],
) -> Permissions {
    let of_role = |id: Id<RoleMarker>| {
        let found = guild.roles.iter().find(|role| role.id == id);
        found.map_or(Permissions::empty(), |role| role.permissions)
    };
    let everyone = of_role(guild_id.cast());
    let roles: Vec<_> = roles.iter().map(|id| (*id, of_role(*id))).collect();
    PermissionCalculator::new(guild_id, user, everyone, &roles)
        .owner_id(guild.owner_id)
        .in_channel(ChannelType::GuildText, overwrites)
}

/// Why an act on another member is refused before Discord is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HierarchyRefusal {
    #[error("You cannot do this to yourself.")]
    Yourself,
    #[error("The server's owner is protected from this.")]
    Owner,
    #[error("Muster will not do this to itself.")]
    Bot,
    #[error("Their highest role is not below yours.")]
    AboveActor,
    #[error("Their highest role is not below Muster's. Move Muster's role higher in Server Settings, Roles.")]
    AboveBot,
}

/// Whose act on whom: positions are those of the highest role, `None` when the act needs no rights of the bot.
#[derive(Debug, Clone, Copy)]
pub struct Act {
    pub actor: Id<UserMarker>,
    pub actor_position: i64,
    pub target: Id<UserMarker>,
    pub target_position: i64,
    pub bot: Id<UserMarker>,
    pub bot_position: Option<i64>,
    pub owner: Id<UserMarker>,
}

/// Owner above all, then highest roles; equal is not enough.
pub fn check_hierarchy(act: Act) -> Result<(), HierarchyRefusal> {
    if act.target == act.actor {
        return Err(HierarchyRefusal::Yourself);
    }
    if act.target == act.owner {
        return Err(HierarchyRefusal::Owner);
    }
    if act.target == act.bot {
        return Err(HierarchyRefusal::Bot);
    }
    if act.actor != act.owner && act.target_position >= act.actor_position {
        return Err(HierarchyRefusal::AboveActor);
    }
    if act.bot_position.is_some_and(|bot| act.target_position >= bot) {
        return Err(HierarchyRefusal::AboveBot);
    }
    Ok(())
}

fn highest(guild: &GuildFacts, roles: &[Id<RoleMarker>]) -> i64 {
    let held = guild.roles.iter().filter(|role| roles.contains(&role.id));
    held.map(|role| role.position).max().unwrap_or(0)
}

/// The position of Muster's highest role: it may give and take the roles below it.
///
/// # Errors
/// `User` when Muster is not a member.
pub async fn bot_position(ctx: &Ctx, guild: Id<GuildMarker>, facts: &GuildFacts) -> Result<i64> {
    Ok(highest(facts, &bot_member(ctx, guild).await?.roles))
}

/// What a role with these can do to others or the server: nobody should get it for talking.
pub const POWERS: Permissions = Permissions::ADMINISTRATOR
    .union(Permissions::MANAGE_GUILD)
    .union(Permissions::MANAGE_ROLES)
    .union(Permissions::MANAGE_CHANNELS)
    .union(Permissions::MANAGE_WEBHOOKS)
    .union(Permissions::MANAGE_GUILD_EXPRESSIONS)
    .union(Permissions::MANAGE_EVENTS)
    .union(Permissions::MANAGE_THREADS)
    .union(Permissions::MANAGE_NICKNAMES)
    .union(Permissions::MANAGE_MESSAGES)
    .union(Permissions::KICK_MEMBERS)
    .union(Permissions::BAN_MEMBERS)
    .union(Permissions::MODERATE_MEMBERS)
    .union(Permissions::VIEW_AUDIT_LOG)
    .union(Permissions::MENTION_EVERYONE);

/// What Muster may do with roles in a guild.
pub struct RoleRights {
    pub bot_position: i64,
    pub manages_roles: bool,
}

impl RoleRights {
    /// Why Muster cannot give or take the role, in words that end a sentence about it.
    pub fn obstacle(&self, guild: &GuildFacts, role: Id<RoleMarker>) -> Option<&'static str> {
        let Some(known) = guild.roles.iter().find(|known| known.id == role) else {
            return Some("does not exist any more");
        };
        if known.managed {
            return Some("belongs to an integration or the boosters; only Discord gives it");
        }
        if known.position >= self.bot_position {
            return Some("is not below Muster's highest role; move Muster's role higher in Server Settings, Roles");
        }
        None
    }
}

/// Asked of Discord now.
pub async fn role_rights(ctx: &Ctx, guild_id: Id<GuildMarker>, guild: &GuildFacts) -> Result<RoleRights> {
    let me = bot_member(ctx, guild_id).await?;
    let held = in_channel(guild, guild_id, me.user.id, &me.roles, &[]);
    Ok(RoleRights { bot_position: highest(guild, &me.roles), manages_roles: held.contains(Permissions::MANAGE_ROLES) })
}

/// Who wants Muster to hand out a role, with what they hold now.
#[derive(Debug, Clone, Copy)]
pub struct Giver<'a> {
    pub user: Id<UserMarker>,
    pub roles: &'a [Id<RoleMarker>],
    pub permissions: Permissions,
}

impl<'a> From<&'a Interaction> for Giver<'a> {
    fn from(interaction: &'a Interaction) -> Self {
        let actor = &interaction.actor;
        Self { user: actor.id, roles: &actor.roles, permissions: actor.permissions }
    }
}

impl<'a> From<&'a GuildAccess> for Giver<'a> {
    fn from(access: &'a GuildAccess) -> Self {
        Self { user: access.user, roles: &access.roles, permissions: access.permissions }
    }
}

/// They may have Muster hand out the role: it is below their own highest one, and gives no power that they lack.
///
/// # Errors
/// `Denied`, and `User` for a role that is none of this guild's.
pub fn require_may_hand_out(giver: Giver<'_>, guild: &GuildFacts, role: Id<RoleMarker>) -> Result<()> {
    let Some(known) = guild.roles.iter().find(|known| known.id == role) else {
        return Err(Error::user("Choose a role of this server."));
    };
    if giver.user == guild.owner_id {
        return Ok(());
    }
    if known.position >= highest(guild, giver.roles) {
        return Err(Error::Denied("That role is not below your own highest role. Ask someone above it.".to_owned()));
    }
    let more = (known.permissions & POWERS) - giver.permissions;
    if more.is_empty() || giver.permissions.contains(Permissions::ADMINISTRATOR) {
        return Ok(());
    }
    let powers = name(more);
    Err(Error::Denied(format!("That role may do what you may not: **{powers}**. Ask someone who may.")))
}

/// The actor may act on `target` by role hierarchy. `bot_acts` when Discord will also compare Muster's role.
///
/// # Errors
/// `Denied`.
pub async fn require_above(ctx: &Ctx, interaction: &Interaction, target: Id<UserMarker>, bot_acts: bool) -> Result<()> {
    let guild_id = interaction.guild_id;
    let guild = discord::get_guild(ctx, guild_id).await?;
    let member = discord::get_member(ctx, guild_id, target).await?;
    let bot_position = if bot_acts { Some(highest(&guild, &bot_member(ctx, guild_id).await?.roles)) } else { None };
    let act = Act {
        actor: interaction.actor.id,
        actor_position: highest(&guild, &interaction.actor.roles),
        target,
        // Somebody who left holds no role.
        target_position: member.map_or(-1, |member| highest(&guild, &member.roles)),
        bot: ctx.settings.application_id.cast(),
        bot_position,
        owner: guild.owner_id,
    };
    check_hierarchy(act).map_err(|refusal| Error::Denied(refusal.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACT: Act = Act {
        actor: Id::new(1),
        actor_position: 5,
        target: Id::new(2),
        target_position: 3,
        bot: Id::new(9),
        bot_position: Some(4),
        owner: Id::new(7),
    };

    #[test]
    fn hierarchy_refuses_each_case_for_its_reason() {
        use HierarchyRefusal as R;
        let cases = [
            (ACT, Ok(())),
            (Act { target: ACT.actor, ..ACT }, Err(R::Yourself)),
            (Act { target: ACT.owner, ..ACT }, Err(R::Owner)),
            (Act { target: ACT.bot, ..ACT }, Err(R::Bot)),
            (Act { target_position: 5, ..ACT }, Err(R::AboveActor)),
            (Act { target_position: 6, ..ACT }, Err(R::AboveActor)),
            (Act { target_position: 4, ..ACT }, Err(R::AboveBot)),
            (Act { target_position: 4, bot_position: None, ..ACT }, Ok(())),
            (Act { actor: ACT.owner, actor_position: 0, bot_position: None, ..ACT }, Ok(())),
        ];
        for (act, expected) in cases {
            assert_eq!(check_hierarchy(act), expected, "{act:?}");
        }
    }
}
