//! Purpose: every kind of event that the sidecar reports, with what a feature needs of it and no more.

use serde::{Deserialize, Serialize, Serializer};
use std::borrow::Cow;
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, GuildMarker, MessageMarker, RoleMarker, UserMarker},
};

/// Something that happened in a guild.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The same for every delivery of this event, and no other event's: `source:number:place`.
    pub id: String,
    pub guild: Id<GuildMarker>,
    /// When it happened, Unix milliseconds.
    pub at: i64,
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened. Lists that are empty and things that are not known are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventKind {
    /// What members earned since the last report. Nothing in it is of another calendar day of the guild than `at`.
    Xp {
        members: Vec<MemberXp>,
    },
    /// Counted for analytics: one per channel and hour. `hour` is the first millisecond of the hour.
    Activity {
        channel: Id<ChannelMarker>,
        hour: i64,
        #[serde(default)]
        messages: u32,
        #[serde(default)]
        voice_seconds: u32,
    },
    MemberJoined {
        user: Id<UserMarker>,
        #[serde(default)]
        bot: bool,
    },
    MemberLeft {
        user: Id<UserMarker>,
    },
    /// All roles that a member has now.
    MemberRoles {
        user: Id<UserMarker>,
        roles: Vec<Id<RoleMarker>>,
    },
    /// A message that one of the guild's keyword rules may match; the rule itself is checked by the Worker.
    Keyword {
        user: Id<UserMarker>,
        channel: Id<ChannelMarker>,
        message: Id<MessageMarker>,
        content: String,
    },
    /// What an automod rule found in a message.
    Automod {
        user: Id<UserMarker>,
        channel: Id<ChannelMarker>,
        message: Id<MessageMarker>,
        rule: String,
        reason: String,
    },
    MessageEdited {
        channel: Id<ChannelMarker>,
        message: Id<MessageMarker>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<Id<UserMarker>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    },
    /// `messages` are more than one when they were deleted in bulk.
    MessagesDeleted {
        channel: Id<ChannelMarker>,
        messages: Vec<Id<MessageMarker>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<Id<UserMarker>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content: Option<String>,
    },
    Reaction {
        user: Id<UserMarker>,
        channel: Id<ChannelMarker>,
        message: Id<MessageMarker>,
        /// A Unicode emoji, or `name:id`.
        emoji: String,
        added: bool,
    },
    /// Where somebody is in voice now; `None` when they hung up.
    Voice {
        user: Id<UserMarker>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<Id<ChannelMarker>>,
    },
    /// A kind that this version does not know: taken, and nothing follows from it.
    #[serde(other)]
    Unknown,
}

/// What one member earned and did since the last report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberXp {
    #[serde(serialize_with = "as_text")]
    pub user: Id<UserMarker>,
    /// Experience from messages.
    #[serde(default)]
    pub text: u32,
    /// Experience from voice.
    #[serde(default)]
    pub voice: u32,
    /// Messages sent, those that earned nothing included.
    #[serde(default)]
    pub messages: u32,
    /// Seconds in voice that counted.
    #[serde(default)]
    pub seconds: u32,
    /// Where the last of it was earned: a level-up may be said there.
    #[serde(serialize_with = "as_text")]
    pub channel: Id<ChannelMarker>,
    /// The last decisions about this member, newest last, those of earlier reports included; a few at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<Decision>,
}

/// What was decided about one message or a stretch of voice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Unix milliseconds.
    pub at: i64,
    pub surface: Surface,
    #[serde(serialize_with = "as_text")]
    pub channel: Id<ChannelMarker>,
    /// What it earned; 0 with a reason.
    #[serde(default)]
    pub xp: u32,
    /// Why it earned nothing, in the words of the rules (`cooldown`, `deafened`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cow<'static, str>>,
}

/// An id as `Id` itself writes it, without a text of its own for each: reports are mostly these.
fn as_text<T, S: Serializer>(id: &Id<T>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(itoa::Buffer::new().format(id.get()))
}

/// Where experience is earned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Surface {
    Text,
    Voice,
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn user() -> Id<UserMarker> {
        Id::new(5)
    }

    #[rstest]
    #[case(
        EventKind::Xp { members: vec![MemberXp { user: user(), text: 0, voice: 15, messages: 0, seconds: 180, channel: Id::new(7), why: vec![
            Decision { at: 9, surface: Surface::Voice, channel: Id::new(7), xp: 0, reason: Some("alone".into()) },
        ] }] },
        r#"{"type":"xp","members":[{"user":"5","text":0,"voice":15,"messages":0,"seconds":180,"channel":"7","why":[{"at":9,"surface":"voice","channel":"7","xp":0,"reason":"alone"}]}]}"#
    )]
    #[case(
        EventKind::Activity { channel: Id::new(7), hour: 3_600_000, messages: 4, voice_seconds: 0 },
        r#"{"type":"activity","channel":"7","hour":3600000,"messages":4,"voice_seconds":0}"#
    )]
    #[case(EventKind::MemberJoined { user: user(), bot: false }, r#"{"type":"member_joined","user":"5","bot":false}"#)]
    #[case(
        EventKind::MemberRoles { user: user(), roles: vec![Id::new(8)] },
        r#"{"type":"member_roles","user":"5","roles":["8"]}"#
    )]
    #[case(
        EventKind::Keyword { user: user(), channel: Id::new(7), message: Id::new(9), content: "hi".into() },
        r#"{"type":"keyword","user":"5","channel":"7","message":"9","content":"hi"}"#
    )]
    #[case(
        EventKind::Automod { user: user(), channel: Id::new(7), message: Id::new(9), rule: "caps".into(), reason: "90 %".into() },
        r#"{"type":"automod","user":"5","channel":"7","message":"9","rule":"caps","reason":"90 %"}"#
    )]
    #[case(
        EventKind::MessageEdited { channel: Id::new(7), message: Id::new(9), user: None, before: None, after: Some("b".into()) },
        r#"{"type":"message_edited","channel":"7","message":"9","after":"b"}"#
    )]
    #[case(
        EventKind::MessagesDeleted { channel: Id::new(7), messages: vec![Id::new(9)], user: Some(user()), content: None },
        r#"{"type":"messages_deleted","channel":"7","messages":["9"],"user":"5"}"#
    )]
    #[case(
        EventKind::Reaction { user: user(), channel: Id::new(7), message: Id::new(9), emoji: "👍".into(), added: true },
        r#"{"type":"reaction","user":"5","channel":"7","message":"9","emoji":"👍","added":true}"#
    )]
    #[case(EventKind::Voice { user: user(), channel: None }, r#"{"type":"voice","user":"5"}"#)]
    fn the_shape_of_every_event_stays(#[case] kind: EventKind, #[case] json: &str) {
        assert_eq!(serde_json::to_string(&kind).unwrap(), json);
        assert_eq!(serde_json::from_str::<EventKind>(json).unwrap(), kind);
    }
}
