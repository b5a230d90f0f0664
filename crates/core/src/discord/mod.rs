//! Purpose: the Discord calls that Muster makes, one function each.

pub mod client;
pub mod files;
pub mod rate_limits;
pub mod reads;

pub use client::{Call, CallError, File, Route, agent, call};

use crate::{ctx::Ctx, reply::Message};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use twilight_model::{
    guild::Permissions,
    id::{
        Id,
        marker::{ChannelMarker, GuildMarker, MessageMarker, RoleMarker, UserMarker},
    },
};

/// Discord's JSON error codes that are handled by name.
pub mod codes {
    pub const UNKNOWN_CHANNEL: u64 = 10_003;
    pub const UNKNOWN_MEMBER: u64 = 10_007;
    pub const UNKNOWN_MESSAGE: u64 = 10_008;
    pub const UNKNOWN_ROLE: u64 = 10_011;
    pub const UNKNOWN_USER: u64 = 10_013;
    pub const UNKNOWN_WEBHOOK: u64 = 10_015;
    pub const UNKNOWN_INTERACTION: u64 = 10_062;
    pub const MISSING_ACCESS: u64 = 50_001;
}

/// As much of a member as decisions need.
#[derive(Debug, Clone, Deserialize)]
pub struct GuildMember {
    pub user: MemberUser,
    /// What they are called in this guild only.
    #[serde(default)]
    pub nick: Option<String>,
    pub roles: Vec<Id<RoleMarker>>,
    #[serde(default)]
    pub joined_at: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct MemberUser {
    pub id: Id<UserMarker>,
    #[serde(default)]
    pub username: String,
    #[serde(default)]
    pub global_name: Option<String>,
    #[serde(default)]
    pub bot: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub struct GuildFacts {
    #[serde(default)]
    pub name: String,
    pub owner_id: Id<UserMarker>,
    pub roles: Vec<RoleFacts>,
    /// About how many members there are.
    #[serde(default)]
    pub approximate_member_count: Option<u64>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct RoleFacts {
    pub id: Id<RoleMarker>,
    pub name: String,
    pub position: i64,
    pub permissions: Permissions,
    #[serde(default)]
    pub mentionable: bool,
    /// An integration's or the boosters': nobody gives or takes it.
    #[serde(default)]
    pub managed: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub struct ChannelFacts {
    pub id: Id<ChannelMarker>,
    #[serde(default)]
    pub guild_id: Option<Id<GuildMarker>>,
    #[serde(rename = "type")]
    pub kind: u8,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub permission_overwrites: Vec<twilight_model::channel::permission_overwrite::PermissionOverwrite>,
}

/// Where somebody's picture lies: the one of this guild, else their own, else one of Discord's.
pub fn avatar_url(
    ctx: &Ctx,
    guild: Id<GuildMarker>,
    user: Id<UserMarker>,
    guild_avatar: Option<&str>,
    avatar: Option<&str>,
) -> String {
    let cdn = &ctx.settings.discord_cdn;
    match (guild_avatar, avatar) {
        (Some(hash), _) => format!("{cdn}/guilds/{guild}/users/{user}/avatars/{hash}.png?size=128"),
        (None, Some(hash)) => format!("{cdn}/avatars/{user}/{hash}.png?size=128"),
        (None, None) => format!("{cdn}/embed/avatars/{}.png", (user.get() >> 22) % 6),
    }
}

fn typed<T: DeserializeOwned>(value: Value) -> Result<T, CallError> {
    serde_json::from_value(value).map_err(|error| CallError::Unknown(format!("an answer of another shape: {error}")))
}

async fn get<T: DeserializeOwned>(ctx: &Ctx, path: String) -> Result<T, CallError> {
    typed(reads::get(ctx, path).await?)
}

/// `None` when Discord says that there is no such thing (404).
fn known<T>(result: Result<T, CallError>) -> Result<Option<T>, CallError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(CallError::Refused { status: 404, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// `None` when they are not in the guild, or Muster is not any more.
pub async fn get_member(
    ctx: &Ctx,
    guild: Id<GuildMarker>,
    user: Id<UserMarker>,
) -> Result<Option<GuildMember>, CallError> {
    match get(ctx, format!("/guilds/{guild}/members/{user}")).await {
        Err(CallError::Refused { code: codes::MISSING_ACCESS, .. }) => Ok(None),
        result => known(result),
    }
}

/// A member, with Discord's refusal as it came: by its code, somebody who left is told from a guild that Muster may not look at.
pub async fn fetch_member(ctx: &Ctx, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<GuildMember, CallError> {
    get(ctx, format!("/guilds/{guild}/members/{user}")).await
}

/// Members of a guild whose username, display name or nickname begins with a text of 1 to 100 characters; at most `limit`, up to 1,000.
pub async fn search_members(
    ctx: &Ctx,
    guild: Id<GuildMarker>,
    text: &str,
    limit: usize,
) -> Result<Vec<GuildMember>, CallError> {
    let text: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    // A blank as %20 means one everywhere.
    let text = text.replace('+', "%20");
    get(ctx, format!("/guilds/{guild}/members/search?query={text}&limit={limit}")).await
}

pub async fn get_guild(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<GuildFacts, CallError> {
    get(ctx, format!("/guilds/{guild}?with_counts=true")).await
}

/// Guilds that Muster is in, with ids above `after`, in their order.
pub async fn list_own_guilds(ctx: &Ctx, after: u64, limit: usize) -> Result<Vec<Id<GuildMarker>>, CallError> {
    #[derive(Deserialize)]
    struct Guild {
        id: Id<GuildMarker>,
    }
    // An id of 0 is none.
    let after = if after > 0 { format!("&after={after}") } else { String::new() };
    let guilds: Vec<Guild> = get(ctx, format!("/users/@me/guilds?limit={limit}{after}")).await?;
    Ok(guilds.into_iter().map(|guild| guild.id).collect())
}

/// `None` when it is gone or was never there.
pub async fn get_channel(ctx: &Ctx, channel: Id<ChannelMarker>) -> Result<Option<ChannelFacts>, CallError> {
    known(get(ctx, format!("/channels/{channel}")).await)
}

/// A guild's channels and categories that Muster may know of; no threads.
pub async fn list_channels(ctx: &Ctx, guild: Id<GuildMarker>) -> Result<Vec<ChannelFacts>, CallError> {
    get(ctx, format!("/guilds/{guild}/channels")).await
}

pub async fn edit_message(
    ctx: &Ctx,
    channel: Id<ChannelMarker>,
    message: Id<MessageMarker>,
    to: &Message,
) -> Result<Value, CallError> {
    let route = Route::new("PATCH", format!("/channels/{channel}/messages/{message}"));
    call(ctx, &route, Call::json(to.edit_body())).await
}

/// Gives a role, or takes it. Safe to repeat. `reason` stands in the guild's audit log.
pub async fn set_role(
    ctx: &Ctx,
    guild: Id<GuildMarker>,
    user: Id<UserMarker>,
    role: Id<RoleMarker>,
    gives: bool,
    reason: &str,
) -> Result<(), CallError> {
    let method = if gives { "PUT" } else { "DELETE" };
    let route = Route::new(method, format!("/guilds/{guild}/members/{user}/roles/{role}"));
    call(ctx, &route, Call { reason: Some(reason.to_owned()), ..Call::default() }).await.map(|_| ())
}

/// The channel in which Muster writes to somebody in private. Safe to repeat.
pub async fn open_direct(ctx: &Ctx, user: Id<UserMarker>) -> Result<Id<ChannelMarker>, CallError> {
    #[derive(Deserialize)]
    struct Channel {
        id: Id<ChannelMarker>,
    }
    let route = Route::new("POST", "/users/@me/channels".to_owned());
    let channel: Channel = typed(call(ctx, &route, Call::json(json!({ "recipient_id": user }))).await?)?;
    Ok(channel.id)
}

/// Up to 100 messages of a channel with ids above `after`, the ones nearest to it.
pub async fn list_messages_after(ctx: &Ctx, channel: Id<ChannelMarker>, after: u64) -> Result<Vec<Value>, CallError> {
    get(ctx, format!("/channels/{channel}/messages?limit=100&after={after}")).await
}

/// Replaces the "thinking" of a deferred answer, and any later content. Safe to repeat.
pub async fn edit_original(ctx: &Ctx, token: &str, to: &Message) -> Result<Value, CallError> {
    let application = ctx.settings.application_id;
    let route = Route::new("PATCH", format!("/webhooks/{application}/{token}/messages/@original"));
    let call_with =
        Call { body: Some(to.edit_body()), files: to.files.clone(), without_token: true, ..Call::default() };
    call(ctx, &route, call_with).await
}
