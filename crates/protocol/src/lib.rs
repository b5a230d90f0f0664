//! Purpose: the wire between the gateway sidecar and the Worker: batches of typed events up, what was taken and changed
//! configuration down. No IO; both sides use these types, and `tests` below pin their JSON.
//!
//! A batch is numbered by its sender: `(source, number)` names it for good, so that one sent twice is taken once. The
//! sender keeps it until an answer names its number.

mod event;
mod seal;

pub use event::{Decision, Event, EventKind, MemberXp, Surface};
pub use seal::{BODY_MAX, Headers, Key, Refusal, open, parse_keys, seal};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use twilight_model::id::{
    Id,
    marker::{ApplicationMarker, GuildMarker},
};

/// Grows when a field changes its meaning. New fields and new kinds of event do not change it: readers skip what
/// they do not know.
pub const VERSION: u16 = 1;

/// Events per batch: with 100 bytes each a batch stays well under the Worker's memory and D1's 2 MB per value.
pub const EVENTS_MAX: usize = 5_000;

/// Configurations per answer: documents are a few kilobytes.
pub const CONFIGS_MAX: usize = 500;

/// The names of the headers that carry [`Headers`].
pub mod header {
    pub const KEY_ID: &str = "x-muster-key-id";
    pub const TIMESTAMP: &str = "x-muster-timestamp";
    pub const NONCE: &str = "x-muster-nonce";
    pub const SIGNATURE: &str = "x-muster-signature";
}

/// Where batches are posted, below the Worker's address.
pub const PATH: &str = "/gateway/events";

/// One delivery of events, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    pub version: u16,
    /// Which sidecar, by the id that it made up for itself and keeps on disk.
    pub source: String,
    /// Counts up by one per batch of this source, from 1.
    ///
    /// 0 for a batch without events that only asks for configuration.
    pub number: u64,
    /// The bot that the sidecar is logged in as: a Worker of another bot refuses it.
    pub application: Id<ApplicationMarker>,
    pub events: Vec<Event>,
    /// The last answer's `configs_until`; 0 asks for every guild's configuration.
    #[serde(default)]
    pub configs_since: i64,
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
    /// Configurations that changed after the asked time, oldest change first, at most [`CONFIGS_MAX`]: with so many there may
    /// be more, to be asked for at once. One may come again; its version says whether it is newer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub configs: Vec<GuildSettings>,
    /// What to ask for next.
    pub configs_until: i64,
    /// The Worker's clock, Unix milliseconds: the sidecar goes by it.
    pub now: i64,
}

/// The body beside a status of 400 and more: nothing of the batch was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// For whoever runs the sidecar.
    pub error: String,
    /// The Worker's clock, Unix milliseconds: a batch that was refused as stale is signed again by it.
    pub now: i64,
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
        let application = Id::new(100);
        let batch = Batch { version: VERSION, source: "a1".into(), number: 7, application, events, configs_since: 3 };
        assert_snapshot!(pinned(&batch), @r#"{"version":1,"source":"a1","number":7,"application":"100","events":[{"id":"a1:7:0","guild":"900","at":1700000000000,"type":"member_left","user":"5"}],"configs_since":3}"#);
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
            configs_until: 9,
            now: 10,
        };
        assert_snapshot!(pinned(&answer), @r#"{"version":1,"taken":7,"refused":[{"id":"a1:7:3","reason":"unknown guild"}],"configs":[{"guild":"900","version":4,"settings":{"color":1}}],"configs_until":9,"now":10}"#);
    }

    #[test]
    fn what_another_version_added_is_skipped() {
        let text = r#"{"version":1,"taken":7,"configs_until":0,"now":0,"mood":"good"}"#;
        assert_eq!(serde_json::from_str::<Answer>(text).unwrap().taken, 7);
        let text = r#"{"id":"x","guild":"9","at":1,"type":"from_the_future","depth":3}"#;
        assert_eq!(serde_json::from_str::<Event>(text).unwrap().kind, EventKind::Unknown);
    }
}
