//! Purpose: missions in JSON: what programs send, and what they are shown.

use crate::{
    ctx::Ctx,
    error::{Error, FieldError, Result},
    features::missions::{
        actions::Wish,
        assignees,
        store::{Mission, Totals},
    },
    time,
    time_zone::Zone,
    web::description::{Snowflake, Time},
};
use serde::{Deserialize, Serialize};
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, RoleMarker, UserMarker},
};
use utoipa::ToSchema;

/// Posts of all members that a mission may ask for, as in `/mission edit`.
const POSTS_MAX: u32 = 100_000;

/// Whom a mission is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MissionAudience)]
pub enum Audience {
    Everyone,
    /// Whoever holds `role_id` when they publish.
    Role,
    /// Those in `member_ids`.
    Members,
}

/// Whom a mission is given to.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MissionAssignment)]
pub struct Assignment {
    pub to: Audience,
    /// With `role`.
    #[schema(value_type = Option<Snowflake>)]
    pub role_id: Option<Id<RoleMarker>>,
    /// With `members`: 1 to 1,000. Lists of missions leave them out.
    #[serde(default)]
    #[schema(value_type = Vec<Snowflake>, required = false)]
    pub member_ids: Vec<Id<UserMarker>>,
}

impl Assignment {
    /// Puts it into a wish. `roles`: those of the guild.
    pub fn put(self, wish: &mut Wish, roles: &[Id<RoleMarker>], everyone: Id<RoleMarker>) -> Option<FieldError> {
        let is_mixed = (self.to != Audience::Role && self.role_id.is_some())
            || (self.to != Audience::Members && !self.member_ids.is_empty());
        if is_mixed {
            let why = "`role_id` goes with `role` only, and `member_ids` with `members` only.";
            return Some(FieldError::new("assigned.to", why));
        }
        wish.assigned = Some(match (self.to, self.role_id) {
            (Audience::Everyone, _) => "everyone".to_owned(),
            (Audience::Members, _) => "members".to_owned(),
            (Audience::Role, Some(role)) if role == everyone => "everyone".to_owned(),
            (Audience::Role, Some(role)) if roles.contains(&role) => format!("role:{role}"),
            (Audience::Role, _) => {
                return Some(FieldError::new("assigned.role_id", "Choose a role of this server."));
            }
        });
        wish.members = self.member_ids;
        None
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MissionState)]
pub enum State {
    Draft,
    Live,
    Closed,
}

impl State {
    pub const ALL: [(Self, &'static str); 3] = [(Self::Draft, "draft"), (Self::Live, "live"), (Self::Closed, "closed")];

    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(state, _)| *state == self).map_or("draft", |(_, name)| name)
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(state, _)| *state)
    }
}

/// How the posts of a mission stand.
#[derive(Serialize, ToSchema)]
#[schema(as = MissionResults)]
pub struct Results {
    published: u64,
    under_way: u64,
    failed: u64,
    /// Of which nobody knows whether they are there.
    unknown: u64,
    views: u64,
    reactions: u64,
}

/// A mission.
#[derive(Serialize, ToSchema)]
#[schema(as = Mission)]
pub struct Shown {
    id: String,
    state: State,
    title: String,
    /// What members publish; `{link}` stands for their own short link, which otherwise follows the text.
    text: String,
    /// Where the link leads; empty for a mission without one.
    target_url: String,
    /// An address, or `media:…` for a picture that the server keeps; empty for none.
    image_url: String,
    /// linkedin, instagram, tiktok, x, threads.
    platforms: Vec<&'static str>,
    /// `utm_campaign` of the links.
    campaign: String,
    #[schema(value_type = Time)]
    starts_at: String,
    #[schema(value_type = Time)]
    ends_at: String,
    assigned: Assignment,
    /// Posts of all members together; 0 for any number.
    max_posts: u32,
    /// Points for publishing it; -1 for what the server's rules say.
    publish_points: i64,
    /// Where its card stands, or will.
    #[schema(value_type = Snowflake)]
    channel_id: Id<ChannelMarker>,
    /// The card, once it was posted.
    #[schema(value_type = Option<Snowflake>)]
    message_id: Option<String>,
    #[schema(value_type = Snowflake)]
    created_by: Id<UserMarker>,
    #[schema(value_type = Time)]
    created_at: String,
    #[schema(value_type = Option<Time>)]
    pushed_at: Option<String>,
    #[schema(value_type = Option<Time>)]
    closed_at: Option<String>,
    /// The `ETag` is the same.
    version: u32,
    published: u32,
    /// Null in lists.
    results: Option<Results>,
}

impl Shown {
    pub fn new(mission: Mission, members: Vec<Id<UserMarker>>, totals: Option<Totals>) -> Self {
        let to = match mission.assigned.as_str() {
            "everyone" => Audience::Everyone,
            "members" => Audience::Members,
            _ => Audience::Role,
        };
        Self {
            state: State::parse(&mission.state).unwrap_or(State::Draft),
            platforms: mission.kinds().into_iter().map(crate::social::Kind::key).collect(),
            assigned: Assignment { to, role_id: assignees::role_of(&mission), member_ids: members },
            id: mission.id,
            title: mission.title,
            text: mission.copy,
            target_url: mission.target_url,
            image_url: mission.image_url,
            campaign: mission.campaign,
            starts_at: time::rfc3339(mission.starts_at),
            ends_at: time::rfc3339(mission.ends_at),
            max_posts: mission.max_posts,
            publish_points: mission.publish_points,
            channel_id: mission.channel_id,
            message_id: mission.message_id,
            created_by: mission.created_by,
            created_at: time::rfc3339(mission.created_at),
            pushed_at: mission.pushed_at.map(time::rfc3339),
            closed_at: mission.closed_at.map(time::rfc3339),
            version: mission.version,
            published: mission.published,
            results: totals.map(|all| Results {
                published: all.published,
                under_way: all.under_way,
                failed: all.failed,
                unknown: all.held,
                views: all.views,
                reactions: all.reactions,
            }),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct MissionList {
    pub missions: Vec<Shown>,
    pub next_cursor: Option<String>,
}

/// What a mission says. A new one needs title, text, platforms, and a channel where the server has none for all missions; of a
/// change, what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MissionFields)]
pub struct Fields {
    title: Option<String>,
    /// `{link}` stands for the member's link, which otherwise follows the text.
    text: Option<String>,
    target_url: Option<String>,
    /// A JPEG's https address, or what `POST /media` gave; empty for none.
    image_url: Option<String>,
    /// linkedin, instagram, tiktok, x, threads.
    platforms: Option<Vec<String>>,
    campaign: Option<String>,
    /// RFC 3339, or as in Discord: `3d`, `friday 18:00`.
    starts_at: Option<String>,
    ends_at: Option<String>,
    /// Posts of all members together; 0 for any number.
    max_posts: Option<u32>,
    /// Points for publishing it; -1 for what the server's rules say.
    #[schema(minimum = -1, maximum = 10000)]
    publish_points: Option<i64>,
    #[schema(value_type = Option<Snowflake>)]
    pub channel_id: Option<Id<ChannelMarker>>,
    pub assigned: Option<Assignment>,
    /// `live` pushes a draft, `closed` ends a mission. In a request of its own, on a mission that is there.
    pub state: Option<State>,
}

fn when(text: Option<String>, name: &str, now: i64, zone: Zone, problems: &mut Vec<FieldError>) -> Option<i64> {
    let text = text?;
    let at = time::parse_rfc3339(&text).or_else(|| time::parse_when(&text, now, zone));
    if at.is_none() {
        problems.push(FieldError::new(name, "Write the time like 2026-12-24T18:00:00Z, 3d or friday 18:00."));
    }
    at
}

impl Fields {
    /// Whether anything but the state is to change.
    pub fn has_fields(&self) -> bool {
        let texts = [&self.title, &self.text, &self.target_url, &self.image_url, &self.campaign, &self.starts_at];
        texts.iter().any(|text| text.is_some())
            || self.ends_at.is_some()
            || self.platforms.is_some()
            || self.max_posts.is_some()
            || self.publish_points.is_some()
            || self.channel_id.is_some()
            || self.assigned.is_some()
    }

    /// # Errors
    /// `Invalid` with everything that cannot be read.
    pub fn wish(self, ctx: &Ctx, zone: Zone, roles: &[Id<RoleMarker>], everyone: Id<RoleMarker>) -> Result<Wish> {
        let (now, mut problems) = (ctx.now(), Vec::new());
        if self.max_posts.is_some_and(|max| max > POSTS_MAX) {
            problems.push(FieldError::new("max_posts", format!("At most {POSTS_MAX} posts; 0 for any number.")));
        }
        let mut wish = Wish {
            title: self.title,
            copy: self.text,
            target_url: self.target_url,
            image_url: self.image_url,
            platforms: self.platforms.map(|all| all.join(",")),
            campaign: self.campaign,
            starts_at: when(self.starts_at, "starts_at", now, zone, &mut problems),
            ends_at: when(self.ends_at, "ends_at", now, zone, &mut problems),
            assigned: None,
            members: Vec::new(),
            max_posts: self.max_posts,
            publish_points: self.publish_points,
            channel: self.channel_id,
        };
        if let Some(assigned) = self.assigned {
            problems.extend(assigned.put(&mut wish, roles, everyone));
        }
        if problems.is_empty() { Ok(wish) } else { Err(Error::Invalid(problems)) }
    }
}

/// The name of a field of a form as its path in the document.
pub fn path_of(field: &str) -> &str {
    match field {
        "link" => "target_url",
        "image" => "image_url",
        "ends" => "ends_at",
        "members" => "assigned.member_ids",
        other => other,
    }
}
