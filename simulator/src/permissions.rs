//! Purpose: Discord's permission bits and the rules by which a member's permissions in a channel come out.
//!
//! Written out here instead of taken from a Discord library on purpose: a test double must not share the mistakes of what it tests.

use crate::{
    ids::Id,
    world::{Channel, ChannelKind, Guild, World},
};

/// Permission bits by name (Discord reference, "Permissions").
macro_rules! bits {
    ($($name:ident = $bit:literal),+ $(,)?) => {
        $(#[doc = concat!("Bit ", stringify!($bit), " of a permission set.")] pub const $name: u64 = 1 << $bit;)+
        /// Every permission this simulator knows.
        pub const ALL: u64 = $($name)|+;
        const NAMES: &[(&str, u64)] = &[$((stringify!($name), $name)),+];
    };
}

bits! {
    CREATE_INSTANT_INVITE = 0, KICK_MEMBERS = 1, BAN_MEMBERS = 2, ADMINISTRATOR = 3, MANAGE_CHANNELS = 4,
    MANAGE_GUILD = 5, ADD_REACTIONS = 6, VIEW_AUDIT_LOG = 7, PRIORITY_SPEAKER = 8, STREAM = 9, VIEW_CHANNEL = 10,
    SEND_MESSAGES = 11, SEND_TTS_MESSAGES = 12, MANAGE_MESSAGES = 13, EMBED_LINKS = 14, ATTACH_FILES = 15,
    READ_MESSAGE_HISTORY = 16, MENTION_EVERYONE = 17, USE_EXTERNAL_EMOJIS = 18, VIEW_GUILD_INSIGHTS = 19, CONNECT = 20,
    SPEAK = 21, MUTE_MEMBERS = 22, DEAFEN_MEMBERS = 23, MOVE_MEMBERS = 24, USE_VAD = 25, CHANGE_NICKNAME = 26,
    MANAGE_NICKNAMES = 27, MANAGE_ROLES = 28, MANAGE_WEBHOOKS = 29, MANAGE_GUILD_EXPRESSIONS = 30,
    USE_APPLICATION_COMMANDS = 31, REQUEST_TO_SPEAK = 32, MANAGE_EVENTS = 33, MANAGE_THREADS = 34,
    CREATE_PUBLIC_THREADS = 35, CREATE_PRIVATE_THREADS = 36, USE_EXTERNAL_STICKERS = 37, SEND_MESSAGES_IN_THREADS = 38,
    USE_EMBEDDED_ACTIVITIES = 39, MODERATE_MEMBERS = 40, VIEW_CREATOR_MONETIZATION_ANALYTICS = 41, USE_SOUNDBOARD = 42,
    CREATE_GUILD_EXPRESSIONS = 43, CREATE_EVENTS = 44, USE_EXTERNAL_SOUNDS = 45, SEND_VOICE_MESSAGES = 46,
    SEND_POLLS = 49, USE_EXTERNAL_APPS = 50, PIN_MESSAGES = 51, BYPASS_SLOWMODE = 52,
}

/// What a new guild's @everyone may do: the usual talking rights, nothing that manages anything.
pub const EVERYONE_DEFAULT: u64 = CREATE_INSTANT_INVITE
    | ADD_REACTIONS
    | STREAM
    | VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | USE_EXTERNAL_EMOJIS
    | CONNECT
    | SPEAK
    | USE_VAD
    | CHANGE_NICKNAME
    | USE_APPLICATION_COMMANDS
    | CREATE_PUBLIC_THREADS
    | SEND_MESSAGES_IN_THREADS
    | SEND_POLLS;

/// What everyone may do in a direct message.
pub const DM: u64 = VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | ADD_REACTIONS
    | USE_EXTERNAL_EMOJIS
    | USE_APPLICATION_COMMANDS
    | MENTION_EVERYONE
    | SEND_POLLS
    | PIN_MESSAGES;

/// All a timed-out member keeps (Discord reference, "Permissions for Timed Out Members").
const TIMED_OUT: u64 = VIEW_CHANNEL | READ_MESSAGE_HISTORY;

/// Names of the set bits, for sentences a person reads.
pub fn names(bits: u64) -> Vec<&'static str> {
    NAMES.iter().filter(|(_, bit)| bits & bit != 0).map(|(name, _)| *name).collect()
}

/// The bits of a name such as `MANAGE_GUILD`; nothing when Discord has no such name.
pub fn by_name(name: &str) -> Option<u64> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, bit)| *bit)
}

impl Guild {
    /// A member's permissions in the guild as a whole, before any channel's overwrites. None for who is no member.
    pub fn base_permissions(&self, user: Id) -> Option<u64> {
        let member = self.members.get(&user)?;
        if self.owner_id == user {
            return Some(ALL);
        }
        let everyone = self.roles.get(&self.id).map_or(0, |role| role.permissions);
        let bits = member
            .roles
            .iter()
            .filter_map(|role| self.roles.get(role))
            .fold(everyone, |all, role| all | role.permissions);
        Some(if bits & ADMINISTRATOR != 0 { ALL } else { bits })
    }

    /// Position of a member's highest role; the owner stands above all. Used for role hierarchy.
    pub fn rank(&self, user: Id) -> i64 {
        if self.owner_id == user {
            return i64::MAX;
        }
        let Some(member) = self.members.get(&user) else {
            return 0;
        };
        member.roles.iter().filter_map(|role| self.roles.get(role)).map(|role| role.position).max().unwrap_or(0)
    }
}

impl World {
    /// What a user may do in a channel, overwrites, threads, timeouts and implied denials included. 0 when not a member.
    pub fn permissions_in(&self, user: Id, channel: Id) -> u64 {
        let Some(channel) = self.channels.get(&channel) else {
            return 0;
        };
        let Some(guild_id) = channel.guild_id else {
            return if channel.recipients.contains(&user) { DM } else { 0 };
        };
        let Some(guild) = self.guilds.get(&guild_id) else {
            return 0;
        };
        let rules = if channel.kind.is_thread() {
            channel.parent_id.and_then(|parent| self.channels.get(&parent)).unwrap_or(channel)
        } else {
            channel
        };
        let bits = in_channel(guild, user, rules, self.now_ms);
        if channel.kind == ChannelKind::PrivateThread && bits & MANAGE_THREADS == 0 && !channel.thread_has(user) {
            return 0;
        }
        bits
    }
}

fn in_channel(guild: &Guild, user: Id, channel: &Channel, now_ms: u64) -> u64 {
    let Some(base) = guild.base_permissions(user) else {
        return 0;
    };
    if base & ADMINISTRATOR != 0 {
        return ALL;
    }
    let bits = with_overwrites(guild, user, channel, base);
    let timed_out =
        guild.members.get(&user).and_then(|member| member.timeout_until_ms).is_some_and(|until| until > now_ms);
    implied(if timed_out { bits & TIMED_OUT } else { bits })
}

/// Order matters: @everyone's overwrite, then all role overwrites together, then the member's own (Discord reference).
fn with_overwrites(guild: &Guild, user: Id, channel: &Channel, base: u64) -> u64 {
    let mut bits = base;
    if let Some(everyone) = channel.overwrites.iter().find(|entry| entry.id == guild.id) {
        bits = (bits & !everyone.deny) | everyone.allow;
    }
    let roles = guild.members.get(&user).map(|member| member.roles.as_slice()).unwrap_or_default();
    let (mut allow, mut deny) = (0, 0);
    for entry in channel.overwrites.iter().filter(|entry| entry.kind == 0 && roles.contains(&entry.id)) {
        allow |= entry.allow;
        deny |= entry.deny;
    }
    bits = (bits & !deny) | allow;
    if let Some(own) = channel.overwrites.iter().find(|entry| entry.kind == 1 && entry.id == user) {
        bits = (bits & !own.deny) | own.allow;
    }
    bits
}

/// Without sight of a channel nothing else is left; without the right to write, nothing that goes with writing.
fn implied(bits: u64) -> u64 {
    if bits & VIEW_CHANNEL == 0 {
        return 0;
    }
    if bits & (SEND_MESSAGES | SEND_MESSAGES_IN_THREADS) == 0 {
        return bits & !(MENTION_EVERYONE | SEND_TTS_MESSAGES | ATTACH_FILES | EMBED_LINKS);
    }
    bits
}
