//! Purpose: who may see and change what of a guild on the web, asked anew for every request: Discord says who is a member with
//! which roles, and the owner's grants say what roles may do here.
//!
//! Tables: dashboard_grants. A guild that somebody has nothing to do with looks like one that does not exist.

pub mod store;

use crate::{
    audit::{self, Author},
    ctx::Ctx,
    discord::{self, CallError, GuildFacts, GuildMember},
    error::{Error, Result},
    identity::Caller,
    web::Request,
};
use futures_util::future;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twilight_model::{
    guild::Permissions,
    id::{
        Id,
        marker::{GuildMarker, RoleMarker, UserMarker},
    },
};

/// A part of the dashboard that is granted by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    Overview,
    Giveaways,
    Levels,
    Missions,
    Analytics,
    Logs,
    Jobs,
    Settings,
    Access,
}

impl Area {
    pub const ALL: [Self; 9] = [
        Self::Overview,
        Self::Giveaways,
        Self::Levels,
        Self::Missions,
        Self::Analytics,
        Self::Logs,
        Self::Jobs,
        Self::Settings,
        Self::Access,
    ];

    /// As it stands in the database, in scopes and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Giveaways => "giveaways",
            Self::Levels => "levels",
            Self::Missions => "missions",
            Self::Analytics => "analytics",
            Self::Logs => "logs",
            Self::Jobs => "jobs",
            Self::Settings => "settings",
            Self::Access => "access",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Giveaways => "Giveaways",
            Self::Levels => "Levels",
            Self::Missions => "Missions and links",
            Self::Analytics => "Analytics",
            Self::Logs => "Logs",
            Self::Jobs => "Jobs and timers",
            Self::Settings => "Settings",
            Self::Access => "Access and keys",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|area| area.name() == name)
    }
}

/// How far somebody's right to an area goes; managing includes viewing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum May {
    View,
    Manage,
}

impl May {
    pub fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Manage => "manage",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [Self::View, Self::Manage].into_iter().find(|may| may.name() == name)
    }
}

/// What somebody may do in each area of a guild.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights(BTreeMap<Area, May>);

impl Rights {
    pub fn may(&self, area: Area, may: May) -> bool {
        self.0.get(&area).is_some_and(|held| *held >= may)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those of `scopes` that are held.
    fn limited_to(&self, scopes: &[(Area, May)]) -> Self {
        let mut limited = Self::default();
        for (area, may) in scopes {
            if let Some(held) = self.0.get(area) {
                limited.add(*area, *held.min(may));
            }
        }
        limited
    }

    /// Every area that may at least be seen.
    pub fn iter(&self) -> impl Iterator<Item = (Area, May)> {
        self.0.iter().map(|(area, may)| (*area, *may))
    }

    fn add(&mut self, area: Area, may: May) {
        let held = self.0.entry(area).or_insert(may);
        *held = (*held).max(may);
    }

    /// Administrators everything; Manage Server all but the access of others; roles what was granted to them.
    pub fn of(is_owner: bool, held: Permissions, roles: &[Id<RoleMarker>], grants: &[store::Grant]) -> Self {
        let mut rights = Self::default();
        let is_admin = is_owner || held.contains(Permissions::ADMINISTRATOR);
        for area in Area::ALL {
            if is_admin || (held.contains(Permissions::MANAGE_GUILD) && area != Area::Access) {
                rights.add(area, May::Manage);
            }
        }
        for grant in grants.iter().filter(|grant| roles.contains(&grant.role_id) && grant.area != Area::Access) {
            rights.add(grant.area, grant.may);
        }
        if !rights.is_empty() {
            // Whoever gets in anywhere has a first page.
            rights.add(Area::Overview, May::View);
        }
        rights
    }
}

/// Somebody who was let into a guild, for one request.
#[derive(Debug, Clone)]
pub struct GuildAccess {
    pub guild: Id<GuildMarker>,
    /// Name, owner and roles as Discord has them now.
    pub facts: GuildFacts,
    pub user: Id<UserMarker>,
    pub name: String,
    pub rights: Rights,
    /// Their roles and permissions as Discord has them now.
    pub roles: Vec<Id<RoleMarker>>,
    pub permissions: Permissions,
    /// `dashboard` or `api`.
    pub source: &'static str,
    /// For the forms of this session; empty for the API.
    pub form_token: String,
}

impl GuildAccess {
    /// The right to an area, else a refusal that the guild's log keeps.
    ///
    /// # Errors
    /// `Denied`.
    pub fn require(&self, ctx: &Ctx, area: Area, may: May) -> Result<()> {
        if self.rights.may(area, may) {
            return Ok(());
        }
        let what = if may == May::Manage { "change" } else { "see" };
        let why = format!("You may not {what} {} here. Ask someone who manages this server.", area.title());
        audit::note_denied(ctx, self.guild, self.user, self.source, &format!("{}:{}", area.name(), may.name()), &why);
        Err(Error::Denied(why))
    }

    pub fn may(&self, area: Area, may: May) -> bool {
        self.rights.may(area, may)
    }

    /// For templates: whether they may change this area.
    pub fn manages(&self, area: &Area) -> bool {
        self.rights.may(*area, May::Manage)
    }

    /// Who changes something by this request: `once` is what its page or key names it by, so that a repetition changes nothing.
    pub fn author(&self, once: &str) -> Author {
        let cause = format!("{}:{}:{}:{once}", self.source, self.guild, self.user);
        Author { guild: self.guild, user: self.user, source: self.source, cause }
    }
}

/// An id as Discord writes it, and in no other way: no sign, no blank, no leading zero.
pub fn parse_id<T>(text: &str) -> Option<Id<T>> {
    let is_plain = !text.is_empty() && !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    if is_plain { text.parse().ok() } else { None }
}

/// Lets the caller of this request into the guild of that id, when they have any right there now.
///
/// # Errors
/// `SignIn` for nobody, `NotFound` for guilds that they have nothing to do with, whether or not those exist.
pub async fn enter(ctx: &Ctx, request: &Request, guild: &str) -> Result<GuildAccess> {
    let access = member(ctx, request, guild).await?;
    if access.rights.is_empty() {
        let why = "no right to any part of the dashboard";
        audit::note_denied(ctx, access.guild, access.user, access.source, "dashboard", why);
        return Err(Error::NotFound);
    }
    Ok(access)
}

/// Lets every member in, also those without any right, for what members do for themselves.
///
/// # Errors
/// As [`enter`].
pub async fn member(ctx: &Ctx, request: &Request, guild: &str) -> Result<GuildAccess> {
    let Some(guild) = parse_id::<GuildMarker>(guild) else {
        return Err(if matches!(request.caller, Caller::Nobody) { Error::SignIn } else { Error::NotFound });
    };
    let (user, source) = match &request.caller {
        Caller::Nobody => return Err(Error::SignIn),
        Caller::Session(session) => (session.user, "dashboard"),
        Caller::Key(key) if key.guild != guild => return Err(Error::NotFound),
        Caller::Key(key) => (key.created_by, "api"),
    };
    let asked = future::join(look_up(ctx, guild, user), ctx.query(store::list_grants(guild)));
    let (known, grants) = asked.await;
    let grants: Vec<store::Grant> = grants?.all()?;
    let (member, facts) = known?;
    let is_owner = facts.owner_id == user;
    let permissions = held(guild, &facts, &member.roles);
    let mut rights = Rights::of(is_owner, permissions, &member.roles, &grants);
    if let Caller::Key(key) = &request.caller {
        // A key is worth what it was made for, and never more than its maker may do now.
        rights = rights.limited_to(&key.scopes);
    }
    let (name, form_token) = match &request.caller {
        Caller::Session(session) => (session.name.clone(), session.form_token.clone()),
        Caller::Key(key) => (key.name.clone(), String::new()),
        Caller::Nobody => (String::new(), String::new()),
    };
    Ok(GuildAccess { guild, user, name, rights, roles: member.roles, permissions, source, form_token, facts })
}

/// The member and the guild, from Discord now.
async fn look_up(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<(GuildMember, GuildFacts)> {
    match future::join(discord::get_member(ctx, guild, user), discord::get_guild(ctx, guild)).await {
        // Muster is not there, or there is no such guild.
        (_, Err(CallError::Refused { status: 403 | 404, .. })) | (Ok(None), _) => Err(Error::NotFound),
        (Ok(Some(member)), Ok(facts)) => Ok((member, facts)),
        (Err(CallError::RateLimited { retry_after_ms }), _) | (_, Err(CallError::RateLimited { retry_after_ms })) => {
            Err(Error::TooMany(u32::try_from(retry_after_ms.div_euclid(1_000) + 1).unwrap_or(60)))
        }
        (Err(error), _) | (_, Err(error)) => Err(error.into()),
    }
}

/// The permissions of these roles and of everyone, as the guild has them now.
fn held(guild: Id<GuildMarker>, facts: &GuildFacts, roles: &[Id<RoleMarker>]) -> Permissions {
    let everyone: Id<RoleMarker> = guild.cast();
    let theirs = facts.roles.iter().filter(|role| role.id == everyone || roles.contains(&role.id));
    theirs.fold(Permissions::empty(), |all, role| all | role.permissions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::Grant;

    fn grant(role: u64, area: Area, may: May) -> Grant {
        Grant { role_id: Id::new(role), area, may }
    }

    #[test]
    fn rights_follow_from_permissions_and_grants() {
        let nothing = Permissions::empty();
        assert!(Rights::of(true, nothing, &[], &[]).may(Area::Access, May::Manage));
        assert!(Rights::of(false, Permissions::ADMINISTRATOR, &[], &[]).may(Area::Access, May::Manage));
        let manager = Rights::of(false, Permissions::MANAGE_GUILD, &[], &[]);
        assert!(manager.may(Area::Settings, May::Manage) && !manager.may(Area::Access, May::View));
        assert!(Rights::of(false, nothing, &[Id::new(5)], &[grant(6, Area::Logs, May::View)]).is_empty());
        let grants = [
            grant(5, Area::Levels, May::View),
            grant(6, Area::Levels, May::Manage),
            grant(5, Area::Access, May::Manage),
        ];
        let one = Rights::of(false, nothing, &[Id::new(5)], &grants);
        assert!(one.may(Area::Levels, May::View) && !one.may(Area::Levels, May::Manage));
        assert!(one.may(Area::Overview, May::View) && !one.may(Area::Access, May::View), "access is not handed on");
        let both = Rights::of(false, nothing, &[Id::new(5), Id::new(6)], &grants);
        assert!(both.may(Area::Levels, May::Manage));
    }

    #[test]
    fn ids_are_read_in_one_way_only() {
        assert_eq!(parse_id::<GuildMarker>("900"), Some(Id::new(900)));
        for bad in ["", "0", "0900", "+900", "-1", " 900", "900 ", "9e2", "[900]", "99999999999999999999", "٩٠٠"] {
            assert_eq!(parse_id::<GuildMarker>(bad), None, "{bad}");
        }
    }
}
