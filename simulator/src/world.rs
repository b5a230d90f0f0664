//! Purpose: everything the stand-in knows: people, guilds, channels, messages, commands, interactions. Plain data that
//! dumps to JSON and loads back; no rule stands here.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::{Id, Mint};

/// An account: a person or a bot.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct User {
    pub id: Id,
    pub username: String,
    pub global_name: Option<String>,
    pub bot: bool,
    /// Language of the person's client, as in `locale` of an interaction.
    pub locale: String,
    /// False when the person takes no direct messages from bots (error 50007).
    pub accepts_dms: bool,
    /// Hash of the picture served at `/cdn/avatars/{user}/{hash}.png`; nothing for who has none.
    #[serde(default)]
    pub avatar: Option<String>,
}

/// A role. The one whose id is the guild's id is @everyone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Role {
    pub id: Id,
    pub name: String,
    pub permissions: u64,
    /// 0 is @everyone; higher stands above lower.
    pub position: i64,
    pub color: u32,
    pub hoist: bool,
    pub mentionable: bool,
    /// A bot's own role or the booster role: nobody can hand it out.
    pub managed: bool,
    /// The bot whose role this is.
    pub bot_id: Option<Id>,
    pub premium_subscriber: bool,
}

/// A user in a guild.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Member {
    pub user_id: Id,
    pub nick: Option<String>,
    pub roles: Vec<Id>,
    pub joined_ms: u64,
    pub premium_since_ms: Option<u64>,
    pub pending: bool,
    pub timeout_until_ms: Option<u64>,
    /// Voice channel the member is in.
    pub voice_channel: Option<Id>,
    #[serde(default)]
    pub voice: VoiceFlags,
    /// Hash of a picture for this guild alone, at `/cdn/guilds/{guild}/users/{user}/avatars/{hash}.png`.
    #[serde(default)]
    pub avatar: Option<String>,
}

/// What is known of a member's voice besides the channel. `deaf` and `mute` are the server's and outlast the stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VoiceFlags {
    pub deaf: bool,
    pub mute: bool,
    pub self_deaf: bool,
    pub self_mute: bool,
    pub self_stream: bool,
    pub self_video: bool,
    /// Not allowed to speak here: in a stage's audience, or without the permission.
    pub suppress: bool,
    /// Counts the stays, so that each has a `session_id` of its own.
    pub stays: u64,
}

/// A guild ("server").
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Guild {
    pub id: Id,
    pub name: String,
    pub owner_id: Id,
    pub description: Option<String>,
    pub locale: String,
    pub roles: BTreeMap<Id, Role>,
    pub members: BTreeMap<Id, Member>,
    /// Banned user and the reason given.
    pub bans: BTreeMap<Id, Option<String>>,
    /// Whether the application was added to this guild.
    pub installed: bool,
    /// Voice channel where idle people are put.
    #[serde(default)]
    pub afk_channel_id: Option<Id>,
    /// Hash of the picture served at `/cdn/icons/{guild}/{hash}.png`.
    #[serde(default)]
    pub icon: Option<String>,
}

/// The kinds of channel the stand-in has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    Text,
    Dm,
    Voice,
    Category,
    Announcement,
    PublicThread,
    PrivateThread,
    Forum,
    Stage,
}

impl ChannelKind {
    /// Discord's channel type number.
    pub fn number(self) -> u8 {
        match self {
            Self::Text => 0,
            Self::Dm => 1,
            Self::Voice => 2,
            Self::Category => 4,
            Self::Announcement => 5,
            Self::PublicThread => 11,
            Self::PrivateThread => 12,
            Self::Stage => 13,
            Self::Forum => 15,
        }
    }

    /// The kind of a channel type number; nothing for kinds the stand-in does not have.
    pub fn from_number(number: u64) -> Option<Self> {
        Some(match number {
            0 => Self::Text,
            1 => Self::Dm,
            2 => Self::Voice,
            4 => Self::Category,
            5 => Self::Announcement,
            11 => Self::PublicThread,
            12 => Self::PrivateThread,
            13 => Self::Stage,
            15 => Self::Forum,
            _ => return None,
        })
    }

    /// Whether it is a thread under another channel.
    pub fn is_thread(self) -> bool {
        matches!(self, Self::PublicThread | Self::PrivateThread)
    }

    /// Whether people can talk in it.
    pub fn has_voice(self) -> bool {
        matches!(self, Self::Voice | Self::Stage)
    }

    /// Whether messages can be written straight into it.
    pub fn takes_messages(self) -> bool {
        !matches!(self, Self::Category | Self::Forum)
    }
}

/// A permission overwrite: `kind` 0 for a role, 1 for a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overwrite {
    pub id: Id,
    pub kind: u8,
    pub allow: u64,
    pub deny: u64,
}

/// What only threads have.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ThreadState {
    pub owner_id: Id,
    pub members: BTreeMap<Id, u64>,
    pub archived: bool,
    pub locked: bool,
    pub auto_archive_minutes: u64,
    pub archived_at_ms: u64,
    pub invitable: bool,
}

/// A channel of a guild, a thread, or a direct message.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Channel {
    pub id: Id,
    pub kind: ChannelKind,
    pub guild_id: Option<Id>,
    pub name: String,
    pub topic: Option<String>,
    pub parent_id: Option<Id>,
    pub position: i64,
    pub nsfw: bool,
    /// Slow mode in seconds.
    pub slowmode: u64,
    pub overwrites: Vec<Overwrite>,
    /// Both people of a direct message.
    pub recipients: Vec<Id>,
    pub thread: Option<ThreadState>,
    pub last_message_id: Option<Id>,
    pub last_pin_ms: Option<u64>,
}

impl Channel {
    /// Whether the user is a member of this thread; false for other channels.
    pub fn thread_has(&self, user: Id) -> bool {
        self.thread.as_ref().is_some_and(|thread| thread.members.contains_key(&user))
    }
}

/// One emoji on one message and who set it. `key` is the character, or `name:id` for a guild's own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reaction {
    pub key: String,
    pub users: Vec<Id>,
}

/// A message as it is kept. What a reader sees is made of it by `render`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredMessage {
    pub id: Id,
    pub channel_id: Id,
    pub guild_id: Option<Id>,
    pub author: Id,
    /// Discord's message type: 0 ordinary, 18 thread created, 19 reply, 20 slash command, 23 context menu command.
    pub kind: u8,
    pub content: String,
    pub embeds: Vec<Value>,
    pub components: Vec<Value>,
    pub attachments: Vec<Value>,
    pub flags: u64,
    pub tts: bool,
    pub pinned: bool,
    pub created_ms: u64,
    pub edited_ms: Option<u64>,
    pub nonce: Option<Value>,
    pub poll: Option<Value>,
    pub mentions: Vec<Id>,
    pub mention_roles: Vec<Id>,
    pub mention_everyone: bool,
    /// Who got a real notification from it.
    pub pings: BTreeSet<Id>,
    pub reactions: Vec<Reaction>,
    pub reply_to: Option<Id>,
    pub thread_id: Option<Id>,
    /// Only this user sees it.
    pub ephemeral_for: Option<Id>,
    /// The interaction it answers.
    pub interaction: Option<Id>,
    /// `interaction_metadata` without the parts made at reading.
    pub interaction_metadata: Option<Value>,
    /// Name under which a channel's webhook wrote it; `author` is the webhook's id then.
    #[serde(default)]
    pub webhook: Option<String>,
}

/// An application command; `body` is complete as Discord answers it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Command {
    pub id: Id,
    pub guild_id: Option<Id>,
    pub kind: u8,
    pub name: String,
    pub body: Value,
}

/// How far an interaction has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Sent, nothing heard yet.
    Waiting,
    /// Deferred: a "thinking" message stands, or (for components) nothing is shown.
    Deferred,
    /// Answered for good.
    Answered,
    /// Too late or refused: the person saw "The application did not respond".
    Failed,
}

/// An interaction and what became of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Interaction {
    pub id: Id,
    pub token: String,
    /// 1 ping, 2 command, 3 component, 4 autocomplete, 5 modal.
    pub kind: u8,
    pub user: Id,
    pub channel: Option<Id>,
    pub guild: Option<Id>,
    pub created_ms: u64,
    pub stage: Stage,
    /// The message whose component was used, also through a modal.
    pub source_message: Option<Id>,
    /// What `@original` stands for.
    pub original: Option<Id>,
    /// The exact bytes that were signed, kept so that a second delivery is the same.
    pub body: String,
    /// Shown to others with the answer: command name and type.
    pub label: String,
    pub command_type: u8,
    /// Names of string options and choices offered; only for autocomplete.
    pub answer: Option<Value>,
}

/// A modal open on somebody's screen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OpenModal {
    pub id: Id,
    pub user: Id,
    pub channel: Option<Id>,
    pub guild: Option<Id>,
    pub source_message: Option<Id>,
    pub interaction: Id,
    pub body: Value,
}

/// A file uploaded with a message, served under `/cdn`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredFile {
    pub content_type: String,
    /// Hex, so that a dump stays text.
    pub hex: String,
}

/// A nonce seen lately, for `enforce_nonce`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SeenNonce {
    pub author: Id,
    pub channel: Id,
    pub nonce: String,
    pub message: Id,
    pub at_ms: u64,
}

/// Everything that is kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct World {
    pub now_ms: u64,
    pub(crate) mint: Mint,
    pub(crate) secrets_made: u64,
    pub users: BTreeMap<Id, User>,
    pub guilds: BTreeMap<Id, Guild>,
    pub channels: BTreeMap<Id, Channel>,
    pub messages: BTreeMap<Id, StoredMessage>,
    pub(crate) by_channel: BTreeMap<Id, BTreeSet<Id>>,
    pub commands: BTreeMap<Id, Command>,
    pub interactions: BTreeMap<Id, Interaction>,
    pub(crate) tokens: BTreeMap<String, Id>,
    pub modals: BTreeMap<Id, OpenModal>,
    pub files: BTreeMap<String, StoredFile>,
    /// The webhook of each channel that has been written to by one.
    #[serde(default)]
    pub(crate) webhooks: BTreeMap<Id, Id>,
    pub(crate) nonces: Vec<SeenNonce>,
    pub(crate) oauth: crate::oauth::Grants,
    #[serde(default)]
    pub(crate) social: crate::social::Social,
}

impl World {
    pub(crate) fn next_id(&mut self) -> Id {
        self.mint.next(self.now_ms)
    }

    /// Ids of a channel's messages, oldest first.
    pub(crate) fn in_channel(&self, channel: Id) -> impl DoubleEndedIterator<Item = &StoredMessage> {
        self.by_channel.get(&channel).into_iter().flatten().filter_map(|id| self.messages.get(id))
    }

    pub(crate) fn keep_message(&mut self, message: StoredMessage) {
        self.by_channel.entry(message.channel_id).or_default().insert(message.id);
        if message.ephemeral_for.is_none()
            && let Some(channel) = self.channels.get_mut(&message.channel_id)
        {
            channel.last_message_id = Some(message.id);
        }
        self.messages.insert(message.id, message);
    }

    pub(crate) fn drop_message(&mut self, id: Id) -> Option<StoredMessage> {
        let message = self.messages.remove(&id)?;
        if let Some(ids) = self.by_channel.get_mut(&message.channel_id) {
            ids.remove(&id);
        }
        Some(message)
    }

    /// The direct message channel between two users, when there is one.
    pub(crate) fn dm_between(&self, one: Id, other: Id) -> Option<Id> {
        self.channels
            .values()
            .find(|channel| {
                channel.kind == ChannelKind::Dm
                    && channel.recipients.contains(&one)
                    && channel.recipients.contains(&other)
            })
            .map(|channel| channel.id)
    }
}
