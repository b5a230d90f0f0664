//! Purpose: people acting in the client: using commands, pressing buttons, choosing, filling in modals, talking.
//!
//! Each act either gives a signed interaction to post to the application, or refuses as the client itself would.

mod command;
mod component;
mod line;
mod options;
mod payload;
mod talk;
mod voice;

pub use voice::VoiceChange;

use serde::Serialize;

/// A signed interaction, ready to be posted to the application.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub interaction_id: String,
    pub token: String,
    /// Always `/interactions`.
    pub url_path: &'static str,
    /// `X-Signature-Ed25519`, `X-Signature-Timestamp`, `Content-Type`, `User-Agent`.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Faults on the route `INTERACTION`: how often to post it. 2 for a duplicate, 0 when it never leaves Discord.
    pub times: u8,
    /// The fault `Slow`: how many milliseconds later than usual it is posted.
    pub delay_ms: u64,
    /// The faults `HangAfterEffect` and `ResetAfterEffect`: the application gets it, its answer never comes back.
    pub answer_lost: bool,
}

/// Why the client did not let it happen, or what it showed when the application failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refusal {
    /// Stable, for tests: `unknown_user`, `missing_option`, `no_permission`, `did_not_respond` ...
    pub code: &'static str,
    /// What the person sees.
    pub message: String,
    /// What went wrong behind it, for whoever debugs the application.
    pub detail: String,
}

impl Refusal {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), detail: String::new() }
    }

    /// What a person sees when the application answers late, wrongly or not at all.
    pub(crate) fn did_not_respond(detail: impl Into<String>) -> Self {
        Self { code: "did_not_respond", message: "The application did not respond".into(), detail: detail.into() }
    }
}

/// Names a modal on somebody's screen; found in `Answer::Modal`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ModalId(pub String);
