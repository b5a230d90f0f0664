//! Purpose: gateway payloads, borrowed from the text they came as, with the fields that the pipeline reads and no others.
//!
//! Source: Discord's reference, "Gateway Events". Fields that Discord may leave out are optional here, too.

use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt};
use twilight_model::id::{
    Id,
    marker::{
        ApplicationMarker, ChannelMarker, EmojiMarker, GuildMarker, MessageMarker, RoleMarker, UserMarker,
        WebhookMarker,
    },
};

/// Text, borrowed unless it has escapes; also where it may be missing, which `Option<Cow<str>>` would copy.
#[derive(Default)]
pub struct Text<'a>(pub Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

/// Any payload.
#[derive(Deserialize)]
pub struct Frame<'a> {
    pub op: u8,
    #[serde(borrow, default)]
    pub t: Option<Text<'a>>,
    #[serde(default)]
    pub s: Option<u64>,
    #[serde(borrow, default)]
    pub d: Option<&'a RawValue>,
}

/// A MESSAGE_CREATE read in one pass: most of what comes is this.
#[derive(Deserialize)]
pub struct MessageFrame<'a> {
    pub t: &'a str,
    pub s: u64,
    #[serde(borrow)]
    pub d: Message<'a>,
}

#[derive(Deserialize)]
pub struct Ready<'a> {
    #[serde(borrow)]
    pub session_id: Text<'a>,
    #[serde(borrow, default)]
    pub resume_gateway_url: Option<Text<'a>>,
    pub application: Application,
}

#[derive(Deserialize)]
pub struct Application {
    pub id: Id<ApplicationMarker>,
}

#[derive(Deserialize)]
pub struct User {
    pub id: Id<UserMarker>,
    #[serde(default)]
    pub bot: bool,
}

#[derive(Deserialize)]
pub struct Member {
    #[serde(default)]
    pub user: Option<User>,
    #[serde(default)]
    pub roles: Vec<Id<RoleMarker>>,
}

#[derive(Deserialize)]
pub struct Message<'a> {
    pub id: Id<MessageMarker>,
    pub channel_id: Id<ChannelMarker>,
    #[serde(default)]
    pub guild_id: Option<Id<GuildMarker>>,
    /// 0 for a plain message.
    #[serde(default, rename = "type")]
    pub kind: u8,
    /// Missing in some updates.
    #[serde(default)]
    pub author: Option<User>,
    #[serde(default)]
    pub webhook_id: Option<Id<WebhookMarker>>,
    #[serde(default)]
    pub member: Option<Roles>,
    #[serde(borrow, default)]
    pub content: Option<Text<'a>>,
}

/// The member beside a message.
#[derive(Deserialize)]
pub struct Roles {
    #[serde(default)]
    pub roles: Vec<Id<RoleMarker>>,
}

#[derive(Deserialize)]
pub struct MessagesDeleted {
    /// In MESSAGE_DELETE.
    #[serde(default)]
    pub id: Option<Id<MessageMarker>>,
    /// In MESSAGE_DELETE_BULK.
    #[serde(default)]
    pub ids: Vec<Id<MessageMarker>>,
    pub channel_id: Id<ChannelMarker>,
    #[serde(default)]
    pub guild_id: Option<Id<GuildMarker>>,
}

/// A channel or a thread.
#[derive(Deserialize)]
pub struct Channel {
    pub id: Id<ChannelMarker>,
    #[serde(default)]
    pub guild_id: Option<Id<GuildMarker>>,
    #[serde(default)]
    pub parent_id: Option<Id<ChannelMarker>>,
}

/// THREAD_LIST_SYNC.
#[derive(Deserialize)]
pub struct Threads {
    pub guild_id: Id<GuildMarker>,
    #[serde(default)]
    pub threads: Vec<Channel>,
}

/// GUILD_CREATE.
#[derive(Deserialize)]
pub struct GuildCreate<'a> {
    pub id: Id<GuildMarker>,
    #[serde(default)]
    pub unavailable: bool,
    #[serde(default)]
    pub afk_channel_id: Option<Id<ChannelMarker>>,
    #[serde(default)]
    pub channels: Vec<Channel>,
    #[serde(default)]
    pub threads: Vec<Channel>,
    /// Read only when somebody is in voice: it is most of the payload.
    #[serde(borrow, default)]
    pub members: Option<&'a RawValue>,
    #[serde(default)]
    pub voice_states: Vec<VoiceState>,
}

/// GUILD_UPDATE.
#[derive(Deserialize)]
pub struct GuildUpdate {
    pub id: Id<GuildMarker>,
    #[serde(default)]
    pub afk_channel_id: Option<Id<ChannelMarker>>,
}

/// GUILD_DELETE.
#[derive(Deserialize)]
pub struct GuildDelete {
    pub id: Id<GuildMarker>,
    /// Set when it is an outage, not when the bot was removed.
    #[serde(default)]
    pub unavailable: bool,
}

/// GUILD_MEMBER_ADD, _UPDATE and _REMOVE.
#[derive(Deserialize)]
pub struct MemberEvent {
    pub guild_id: Id<GuildMarker>,
    pub user: User,
    #[serde(default)]
    pub roles: Vec<Id<RoleMarker>>,
}

#[derive(Deserialize)]
pub struct Reaction<'a> {
    pub user_id: Id<UserMarker>,
    pub channel_id: Id<ChannelMarker>,
    pub message_id: Id<MessageMarker>,
    #[serde(default)]
    pub guild_id: Option<Id<GuildMarker>>,
    #[serde(borrow)]
    pub emoji: Emoji<'a>,
}

#[derive(Deserialize)]
pub struct Emoji<'a> {
    #[serde(default)]
    pub id: Option<Id<EmojiMarker>>,
    #[serde(borrow, default)]
    pub name: Option<Text<'a>>,
}

/// In GUILD_CREATE and VOICE_STATE_UPDATE.
#[derive(Deserialize)]
pub struct VoiceState {
    #[serde(default)]
    pub guild_id: Option<Id<GuildMarker>>,
    #[serde(default)]
    pub channel_id: Option<Id<ChannelMarker>>,
    pub user_id: Id<UserMarker>,
    #[serde(default)]
    pub member: Option<Member>,
    #[serde(default)]
    pub deaf: bool,
    #[serde(default)]
    pub mute: bool,
    #[serde(default)]
    pub self_deaf: bool,
    #[serde(default)]
    pub self_mute: bool,
    #[serde(default)]
    pub suppress: bool,
}
