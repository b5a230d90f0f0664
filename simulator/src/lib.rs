//! Purpose: a Discord stand-in that needs no network: REST v10, application commands, interactions, OAuth2 and gateway,
//! as one synchronous core (`Sim`) and a thin server around it (`server`).
//!
//! The core has no IO, no threads and no clock of its own: whoever holds it sets the time. Stories drive it in-process;
//! `muster-sim` serves it on loopback together with the playground page.

pub mod gateway;
pub mod ids;
pub mod openapi;
pub mod permissions;
pub mod replay;
pub mod server;
pub mod world;

mod acting;
mod answer;
mod build;
mod calls;
mod change;
mod check;
mod demo;
mod events;
mod faults;
mod files;
mod look;
mod mentions;
mod multipart;
mod names;
mod oauth;
mod pictures;
mod post;
mod ratelimit;
mod render;
mod rest;
mod sim;
mod social;

pub use acting::{Delivery, ModalId, Refusal, VoiceChange};
pub use answer::{Answer, Choice, Modal};
pub use build::{BOT_PERMISSIONS, NewChannel, NewMember, NewRole, NewUser};
pub use calls::Call;
pub use demo::{DEMO_GUILD, OTHER_BOT, OTHER_GUILD};
pub use events::Event;
pub use faults::{Fault, FaultKind, RateLimitScope};
pub use files::NewFile;
pub use look::{Message, Ping};
pub use oauth::Consent;
pub use rest::{RestOutcome, RestRequest, RestResponse};
pub use sim::{Sim, SimOptions};
pub use social::{Account, App, AppChange, Platform, Post, SocialChoice};

#[cfg(test)]
mod tests;
