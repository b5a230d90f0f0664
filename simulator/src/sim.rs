//! Purpose: the stand-in itself: its options, clock, signing key and secrets.

use std::collections::VecDeque;

use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    calls::Call,
    events::Event,
    faults::ActiveFault,
    gateway::GatewayTerms,
    ids::{DISCORD_EPOCH_MS, Id},
    openapi::OpenApi,
    ratelimit::RateLimits,
    world::{User, World},
};

/// Last millisecond of the year 9999: later times cannot be written as Discord writes them.
const LAST_MS: u64 = 253_402_300_799_999;

/// What a stand-in is started with. Equal options give equal keys, ids and tokens.
#[derive(Clone, Debug)]
pub struct SimOptions {
    /// Snowflake of the application and of its bot user.
    pub application_id: String,
    /// Everything secret is derived from it: the signing key, interaction tokens, OAuth2 codes.
    pub seed: u64,
    /// What the bot must send as `Authorization: Bot <token>`.
    pub bot_token: String,
    /// OAuth2 client secret of the application.
    pub client_secret: String,
    /// Where the clock starts, in Unix milliseconds.
    pub now_ms: u64,
    /// Where the stand-in is reachable, for links it hands out (attachments, gateway). No slash at the end.
    pub base_url: String,
}

impl Default for SimOptions {
    /// Fixed values, so the environment of a Worker can be written down before the stand-in starts.
    fn default() -> Self {
        Self {
            application_id: "1100000000000000001".into(),
            seed: 1,
            bot_token: "MTEwMDAwMDAwMDAwMDAwMDAwMQ.simula.the-simulator-accepts-only-this-one".into(),
            client_secret: "the-simulators-client-secret".into(),
            // 2025-03-01T12:00:00Z: a plain moment, far from any change of clocks.
            now_ms: 1_740_830_400_000,
            base_url: "http://127.0.0.1:8788".into(),
        }
    }
}

/// A Discord of its own, in memory.
pub struct Sim {
    pub(crate) options: SimOptions,
    pub(crate) app: Id,
    key: SigningKey,
    pub(crate) world: World,
    pub(crate) limits: RateLimits,
    pub(crate) faults: Vec<ActiveFault>,
    pub(crate) calls: Vec<Call>,
    /// Where answers to interactions disagree with the OpenAPI description.
    pub(crate) answer_violations: Vec<String>,
    pub(crate) events: VecDeque<Event>,
    pub(crate) openapi: Option<OpenApi>,
    pub(crate) terms: GatewayTerms,
}

impl Sim {
    /// An empty world in which only the application and its bot user exist.
    pub fn new(options: SimOptions) -> Self {
        // An unreadable application id falls back to the default one rather than failing every later call.
        let app = options.application_id.parse().unwrap_or(Id(1_100_000_000_000_000_001));
        let key = SigningKey::from_bytes(&digest(&[b"signing key", &options.seed.to_be_bytes()]));
        let now_ms = options.now_ms.clamp(DISCORD_EPOCH_MS, LAST_MS);
        let mut world = World { now_ms, ..World::default() };
        world.users.insert(app, bot_user(app));
        Self {
            options,
            app,
            key,
            world,
            limits: RateLimits::default(),
            faults: Vec::new(),
            calls: Vec::new(),
            answer_violations: Vec::new(),
            events: VecDeque::new(),
            openapi: None,
            terms: GatewayTerms::default(),
        }
    }

    /// Moves the clock to a Unix time in milliseconds; it may go back. Snowflakes, timestamps and deadlines follow it.
    /// Times before 2015 and after the year 9999 become the nearest one between.
    pub fn set_now(&mut self, unix_ms: u64) {
        self.world.now_ms = unix_ms.clamp(DISCORD_EPOCH_MS, LAST_MS);
    }

    /// The stand-in's time, in Unix milliseconds.
    pub fn now(&self) -> u64 {
        self.world.now_ms
    }

    /// The application's Ed25519 public key in hex: what the Worker verifies deliveries with.
    pub fn public_key(&self) -> String {
        hex::encode(self.key.verifying_key().to_bytes())
    }

    /// Snowflake of the application, which is also its bot user's.
    pub fn application_id(&self) -> String {
        self.app.to_string()
    }

    /// The bot's token, without the word `Bot`.
    pub fn bot_token(&self) -> &str {
        &self.options.bot_token
    }

    /// Signs as Discord does: Ed25519 over the timestamp's characters followed by the body, in hex.
    pub fn sign(&self, timestamp: &str, body: &[u8]) -> String {
        let mut message = timestamp.as_bytes().to_vec();
        message.extend_from_slice(body);
        hex::encode(self.key.sign(&message).to_bytes())
    }

    /// Checks request and response bodies of every REST call against Discord's OpenAPI description from now on.
    pub fn check_openapi(&mut self, document: OpenApi) {
        self.openapi = Some(document);
    }

    /// Everything that is kept, as JSON for `load`. Settings, faults and the call log are not part of it.
    pub fn dump(&self) -> Value {
        let world = serde_json::to_value(&self.world).unwrap_or(Value::Null);
        json!({"format": "muster-sim/1", "application_id": self.app, "world": world})
    }

    /// Replaces everything kept by a dump. Refuses other formats and another application's dump, leaving all as it was.
    pub fn load(&mut self, dump: Value) -> Result<(), String> {
        if dump["format"] != "muster-sim/1" {
            return Err("this is no dump of muster-sim, format 1".into());
        }
        if dump["application_id"].as_str() != Some(&self.app.to_string()) {
            return Err("the dump belongs to another application id".into());
        }
        let world: World = serde_json::from_value(dump["world"].clone()).map_err(|error| error.to_string())?;
        self.world = world;
        self.emit(Event::state());
        Ok(())
    }

    /// Forgets everything kept, the call log and the faults; the clock stays, and no id is ever given twice.
    pub fn clear(&mut self) {
        let old = std::mem::take(&mut self.world);
        self.world.now_ms = old.now_ms;
        self.world.mint = old.mint;
        self.world.secrets_made = old.secrets_made;
        self.world.users.insert(self.app, bot_user(self.app));
        self.faults.clear();
        self.clear_calls();
        self.limits.forget();
        self.emit(Event::state());
    }

    /// A fresh secret (token, code), derived from the seed so that runs repeat exactly.
    pub(crate) fn secret(&mut self, purpose: &str) -> String {
        self.world.secrets_made += 1;
        let count = self.world.secrets_made.to_be_bytes();
        let now = self.world.now_ms.to_be_bytes();
        hex::encode(digest(&[purpose.as_bytes(), &self.options.seed.to_be_bytes(), &count, &now]))
    }
}

fn bot_user(app: Id) -> User {
    User {
        id: app,
        username: "Muster".into(),
        global_name: None,
        bot: true,
        locale: "en-US".into(),
        accepts_dms: false,
        avatar: None,
    }
}

pub(crate) fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signature, VerifyingKey};

    use super::*;

    #[test]
    fn signatures_hold_under_the_public_key_and_come_from_the_seed() {
        let sim = Sim::new(SimOptions::default());
        assert_eq!(sim.public_key(), Sim::new(SimOptions::default()).public_key());
        assert_ne!(sim.public_key(), Sim::new(SimOptions { seed: 2, ..SimOptions::default() }).public_key());
        let mut key = [0; 32];
        hex::decode_to_slice(sim.public_key(), &mut key).expect("hex");
        let mut signature = [0; 64];
        hex::decode_to_slice(sim.sign("1700000000", b"{}"), &mut signature).expect("hex");
        let key = VerifyingKey::from_bytes(&key).expect("key");
        assert!(key.verify_strict(b"1700000000{}", &Signature::from_bytes(&signature)).is_ok());
    }
}
