//! Purpose: the wire between the gateway sidecar and the Worker: batches of typed events up, what was taken and changed
//! configuration down. No IO; both sides use these types, and `tests` below pin their JSON.
//!
//! A batch is numbered by its sender: `(source, number)` names it for good, so that one sent twice is taken once. The
//! sender keeps it until an answer names its number.

mod event;
mod seal;

pub use event::{Event, EventKind, MemberXp, Surface};
pub use seal::{Headers, Key, Refusal, open, seal};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use twilight_model::id::{Id, marker::GuildMarker};

/// Grows when a field changes its meaning. New fields and new kinds of event do not change it: readers skip what
/// they do not know.
pub const VERSION: u16 = 1;

/// Events per batch: with 100 bytes each a batch stays well under the Worker's memory and D1's 2 MB per value.
pub const EVENTS_MAX: usize = 5_000;

/// One delivery of events, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    pub version: u16,
    /// Which sidecar, by the id that it made up for itself and keeps on disk.
    pub source: String,
    /// Counts up by one per batch of this source, from 1.
    pub number: u64,
    pub events: Vec<Event>,
    /// The configuration version that the sidecar has of each guild it serves: the answer holds newer ones.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub known: BTreeMap<Id<GuildMarker>, u64>,
}

/// The Worker's answer to a batch, and to a question for configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    pub version: u16,
    /// Every batch of this source up to this number is taken and may be forgotten.
    pub taken: u64,
    /// Ids of events that make no sense to the Worker, with the reason: they will not be taken by asking again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedEvent>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub configs: Vec<GuildSettings>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedEvent {
    pub id: String,
    pub reason: String,
}

/// A guild's configuration document as it stands at a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GuildSettings {
    pub guild: Id<GuildMarker>,
    pub version: u64,
    /// The document of `guild_config`: a missing field has its default.
    pub settings: Value,
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    fn pinned<T: Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) -> String {
        let text = serde_json::to_string(value).unwrap();
        assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), value);
        text
    }

    #[test]
    fn the_shape_of_a_batch_stays() {
        let events = vec![Event {
            id: "a1:7:0".into(),
            guild: Id::new(900),
            at: 1_700_000_000_000,
            kind: EventKind::MemberLeft { user: Id::new(5) },
        }];
        let known = BTreeMap::from([(Id::new(900), 3)]);
        let batch = Batch { version: VERSION, source: "a1".into(), number: 7, events, known };
        assert_snapshot!(pinned(&batch), @r#"{"version":1,"source":"a1","number":7,"events":[{"id":"a1:7:0","guild":"900","at":1700000000000,"type":"member_left","user":"5"}],"known":{"900":3}}"#);
    }

    #[test]
    fn the_shape_of_an_answer_stays() {
        let answer = Answer {
            version: VERSION,
            taken: 7,
            refused: vec![RefusedEvent { id: "a1:7:3".into(), reason: "unknown guild".into() }],
            configs: vec![GuildSettings {
                guild: Id::new(900),
                version: 4,
                settings: serde_json::json!({ "color": 1 }),
            }],
        };
        assert_snapshot!(pinned(&answer), @r#"{"version":1,"taken":7,"refused":[{"id":"a1:7:3","reason":"unknown guild"}],"configs":[{"guild":"900","version":4,"settings":{"color":1}}]}"#);
    }

    #[test]
    fn what_another_version_added_is_skipped() {
        let text = r#"{"version":1,"taken":7,"mood":"good"}"#;
        assert_eq!(serde_json::from_str::<Answer>(text).unwrap().taken, 7);
        let text = r#"{"id":"x","guild":"9","at":1,"type":"from_the_future","depth":3}"#;
        assert_eq!(serde_json::from_str::<Event>(text).unwrap().kind, EventKind::Unknown);
    }
}
