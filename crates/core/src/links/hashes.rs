//! Purpose: who a visitor is without knowing them: hashes of address and browser that change every day and with every link.
//!
//! The address itself goes nowhere: not into the queue, not into a row. A day's key is made from a secret of this deployment, so that
//! a copy of the database alone gives no address away; the hashes are deleted after two weeks.

use crate::{
    ctx::Ctx,
    mac::{Key, mac},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use std::rc::Rc;

/// 48 bits: among 100,000 visitors of a link and day, one in 56,000 days has two that look alike.
const VISITOR_BYTES: usize = 6;
const NETWORK_BYTES: usize = 4;
const DEVICE_BYTES: usize = 16;

fn short(bytes: &[u8], count: usize) -> String {
    URL_SAFE_NO_PAD.encode(bytes.get(..count).unwrap_or(bytes))
}

/// The key of a day (days since 1970, UTC).
pub struct Day(Rc<Key>);

impl Day {
    pub fn of(ctx: &Ctx, day: i64) -> Self {
        let (key, now) = (format!("links:day:{day}"), ctx.now());
        if let Some(known) = ctx.memory.recall(&key, now) {
            return Self(known);
        }
        let key_of_day = mac(ctx.settings.bot_token.as_bytes(), &["muster link visitors", &day.to_string()]);
        let made = Rc::new(Key::new(&key_of_day));
        ctx.memory.remember(key, made.clone(), now + 3_600_000);
        Self(made)
    }

    /// A browser at an address, on this day.
    pub fn device(&self, address: &str, user_agent: &str) -> String {
        short(&self.0.mac(&["device", address, user_agent]), DEVICE_BYTES)
    }

    /// The network of an address (/24, /48), on this day and for this link.
    pub fn network(&self, address: &str, slug: &str) -> String {
        short(&self.0.mac(&["network", &network(address), slug]), NETWORK_BYTES)
    }
}

/// What a device is for one link: two links do not know that they had the same visitor.
pub fn visitor(device: &str, slug: &str) -> String {
    short(&Sha256::new().chain_update(device).chain_update([0]).chain_update(slug).finalize(), VISITOR_BYTES)
}

/// The first three numbers of an IPv4 address, or groups of an IPv6 one.
fn network(address: &str) -> String {
    let separator = if address.contains('.') { '.' } else { ':' };
    address.split(separator).take(3).collect::<Vec<_>>().join(".")
}
