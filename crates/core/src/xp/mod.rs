//! Purpose: the rules of experience: what a message or a minute in voice earns, why not, and which level a total makes.
//!
//! Pure and shared: whoever sees messages decides with them, whoever shows levels explains with them. The amount for a
//! message follows from its id, so the same message seen twice earns the same.

pub mod curve;
pub mod multipliers;
pub mod settings;
pub mod text;
pub mod voice;

pub use curve::Curve;
pub use multipliers::{Multiplier, Scope};
pub use settings::{Announce, AnnounceIn, LevelSettings, Reward};
pub use text::{Message, Recent, Refusal, TextRules, decide};
pub use voice::{Presence, Silence, VoiceFloor};
