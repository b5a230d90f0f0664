//! Purpose: a member publishes a mission by a program: first what will appear, then yes to exactly that.

use super::{find, refuse, wrong};
use crate::{
    access::GuildAccess,
    ctx::Ctx,
    error::Result,
    features::missions::{
        posting::{self, Look, Poster, Ready},
        publish,
        store::Post,
    },
    guild_config,
    social::{Choice, Kind, Promotion},
    time,
    web::{
        Request, Response,
        description::{Changing, IdempotencyKey, Snowflake, Time},
    },
};
use serde::{Deserialize, Serialize};
use twilight_model::id::{Id, marker::UserMarker};
use utoipa::ToSchema;

/// What is to be published where.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MissionPostWish)]
pub struct Wanted {
    /// linkedin, instagram, tiktok, x or threads.
    platform: String,
    /// `confirm` of the preview that the member agreed to; without it the answer is a preview, and nothing is published.
    confirm: Option<String>,
    /// Who may see it: a `value` of the preview's `privacy_choices`, where there are any.
    privacy: Option<String>,
    /// What it promotes: a `value` of the preview's `promotion_choices`, where there are any. A paid partnership has to be visible to others
    /// than its author.
    promotion: Option<String>,
    /// Whether it may be commented on, where the preview says so; not unless given.
    allow_comments: Option<bool>,
    /// When, as RFC 3339 or `tomorrow 9:00`; now unless given.
    at: Option<String>,
}

impl Wanted {
    fn chosen(&self) -> Result<Choice> {
        let promotion = self.promotion.as_deref().map(|key| {
            let unknown = || wrong("promotion", "Write nothing, own_brand, paid_partnership or both.");
            Promotion::of(key).ok_or_else(unknown)
        });
        Ok(Choice {
            privacy: self.privacy.clone().unwrap_or_default(),
            promotion: promotion.transpose()?,
            allows_comments: self.allow_comments.unwrap_or_default(),
        })
    }
}

/// One of several that the member has to choose from.
#[derive(Serialize, ToSchema)]
#[schema(as = MissionChoice)]
struct Offered {
    value: String,
    name: &'static str,
}

/// Exactly what will appear.
#[derive(Serialize, ToSchema)]
#[schema(as = MissionPreview)]
pub struct Preview {
    mission_id: String,
    platform: &'static str,
    /// As whom, by the account's name.
    account: String,
    /// With the member's own short link.
    text: String,
    /// Empty where no picture is part of the post.
    image_url: String,
    /// As the platform counts them.
    characters: usize,
    characters_max: usize,
    notes: Vec<String>,
    /// Who may see it, where the platform leaves it to the member for every post: one of these goes with `confirm`.
    privacy_choices: Vec<Offered>,
    /// What it promotes, in the same way. With `privacy` or `promotion` in the request, these are the ones that go with it.
    promotion_choices: Vec<Offered>,
    /// Whether `allow_comments` is the member's choice.
    may_allow_comments: bool,
    /// Send it to publish this and nothing else.
    confirm: String,
}

impl Preview {
    fn new(ready: Ready, look: Look) -> Self {
        let size = ready.kind.platform().count(&ready.text);
        let may_allow_comments = look.asked.as_ref().is_some_and(|asked| asked.may_comment);
        let (privacy, promotions) = look.asked.map(|asked| (asked.privacy, asked.promotions)).unwrap_or_default();
        let promotion = |one: Promotion| Offered { value: one.key().to_owned(), name: one.name() };
        Self {
            mission_id: ready.mission.id,
            platform: ready.kind.key(),
            account: look.account,
            image_url: look.image,
            characters: size.used,
            characters_max: size.limit,
            notes: look.notes,
            privacy_choices: privacy.into_iter().map(|(value, name)| Offered { value, name }).collect(),
            promotion_choices: promotions.into_iter().map(promotion).collect(),
            may_allow_comments,
            text: ready.text,
            confirm: ready.hash,
        }
    }
}

/// A post of a member, as it stands. There is one per member, mission and platform.
#[derive(Serialize, ToSchema)]
#[schema(as = MissionPost)]
pub struct Posted {
    id: String,
    mission_id: String,
    #[schema(value_type = Snowflake)]
    user_id: Id<UserMarker>,
    platform: String,
    /// scheduled, queued, container, publishing, processing, unknown, published, failed, held or cancelled.
    state: String,
    text: String,
    /// Where it stands; empty until it is published.
    url: String,
    /// Why it failed, is held or was called off; empty otherwise.
    reason: String,
    #[schema(value_type = Time)]
    created_at: String,
    /// When it is published, or looked at next.
    #[schema(value_type = Option<Time>)]
    due_at: Option<String>,
    #[schema(value_type = Option<Time>)]
    published_at: Option<String>,
}

impl From<Post> for Posted {
    fn from(post: Post) -> Self {
        Self {
            id: post.id,
            mission_id: post.mission_id,
            user_id: post.user_id,
            platform: post.platform,
            state: post.state,
            text: post.text,
            url: post.url,
            reason: post.reason,
            created_at: time::rfc3339(post.created_at),
            due_at: post.due_at.map(time::rfc3339),
            published_at: post.published_at.map(time::rfc3339),
        }
    }
}

/// Publishes a mission on the account of whoever asks, and never on somebody else's: a key acts for the member who made it, with their
/// assignments and roles of now, and needs `missions:manage`. Without `confirm` nothing is published: the answer is what would
/// appear. With it the post is on its way, once, however often this is sent; sent again, it says how the post stands.
#[utoipa::path(
    post,
    path = "/api/v1/guilds/{guild}/missions/{mission}/post",
    tag = "Missions",
    params(
        ("guild" = Snowflake, Path),
        ("mission" = String, Path),
        ("Idempotency-Key" = Option<IdempotencyKey>, Header),
    ),
    request_body = Wanted,
    responses((status = 200, body = Preview), (status = 202, body = Posted), Changing),
    security(("key" = []))
)]
pub async fn post_mission(ctx: &Ctx, request: &Request, access: &GuildAccess, id: &str) -> Result<Response> {
    let mission = find(ctx, access, id).await?;
    let wanted: Wanted = request.json()?;
    if Kind::of(&wanted.platform).is_none_or(|kind| !mission.kinds().contains(&kind)) {
        return Err(wrong("platform", "Choose one of the mission's platforms."));
    }
    match carry_out(ctx, access, id, &wanted).await {
        Ok(response) => Ok(response),
        Err(error) => refuse(error),
    }
}

async fn carry_out(ctx: &Ctx, access: &GuildAccess, id: &str, wanted: &Wanted) -> Result<Response> {
    let poster = Poster::from(access);
    let ready = posting::ready(ctx, &poster, id, &wanted.platform).await?;
    let chosen = wanted.chosen()?;
    let Some(hash) = &wanted.confirm else {
        let look = posting::look(ctx, &ready, chosen).await?;
        return Response::of(200, &Preview::new(ready, look));
    };
    let at = when(ctx, access, wanted, ready.mission.ends_at).await?;
    let post = posting::confirm(ctx, &poster, &ready, (hash, &chosen), at).await?;
    if let Some(due) = post.due_at {
        publish::arm(ctx, access.guild, &post.id, due).await;
    }
    Response::of(202, &Posted::from(post))
}

async fn when(ctx: &Ctx, access: &GuildAccess, wanted: &Wanted, ends_at: i64) -> Result<Option<i64>> {
    let Some(text) = &wanted.at else { return Ok(None) };
    let zone = guild_config::cached(ctx, access.guild).await?.zone();
    let at = time::parse_rfc3339(text).or_else(|| time::parse_when(text, ctx.now(), zone));
    let at = at.ok_or_else(|| wrong("at", "Write the time like 2026-12-24T18:00:00Z, 2h or tomorrow 9:00."))?;
    if at >= ends_at || at <= ctx.now() {
        let end = time::rfc3339(ends_at);
        return Err(wrong("at", &format!("Choose a time from now until the mission ends, at {end}.")));
    }
    Ok(Some(at))
}
