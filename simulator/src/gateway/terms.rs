//! Purpose: what Discord grants an application at the gateway: intents, shards, how often it may identify. REST tells it,
//! the gateway holds to it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{Sim, events::intents};

/// Application flags that say a privileged intent is switched on (Discord reference, "Application Flags").
const PRESENCE_LIMITED: u64 = 1 << 13;
const GUILD_MEMBERS_LIMITED: u64 = 1 << 15;
const MESSAGE_CONTENT_LIMITED: u64 = 1 << 19;

/// Identifies are counted over a day, in milliseconds.
const DAY_MS: u64 = 24 * 3_600 * 1_000;

/// Terms of the application at the gateway. Everything may be set from outside.
#[derive(Clone, Debug)]
pub struct GatewayTerms {
    /// Privileged intents not in here are refused with 4014.
    pub allowed_intents: u64,
    /// Shards that `GET /gateway/bot` recommends.
    pub shards: u64,
    /// Guilds one shard may have; beyond, identifying closes with 4011.
    pub guilds_per_shard: u64,
    /// Shards that may identify in one window, told apart by `shard_id % max_concurrency`.
    pub max_concurrency: u64,
    /// Length of that window in milliseconds; 0 lets everybody identify as fast as they like.
    pub identify_window_ms: u64,
    /// Identifies a day.
    pub total: u64,
    /// Identifies left of today's.
    pub remaining: u64,
    /// The stand-in's time at which `remaining` is `total` again.
    resets_at_ms: u64,
    /// When each concurrency key identified last, by the server's own clock.
    last_ms: BTreeMap<u64, u64>,
}

impl Default for GatewayTerms {
    /// A small bot's: 1,000 identifies a day, one per five seconds (Discord reference, "Session Start Limit Object").
    fn default() -> Self {
        Self {
            allowed_intents: intents::ALL,
            shards: 1,
            guilds_per_shard: 2_500,
            max_concurrency: 1,
            identify_window_ms: 5_000,
            total: 1_000,
            remaining: 1_000,
            resets_at_ms: 0,
            last_ms: BTreeMap::new(),
        }
    }
}

/// Whether a shard may identify now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    Granted,
    /// Too soon after another of the same concurrency key.
    TooFast,
    /// No identify is left today.
    NoneLeft,
}

impl GatewayTerms {
    /// Counts an identify. `at_ms` is the server's own clock, `now_ms` the stand-in's.
    pub(super) fn start(&mut self, shard: u64, at_ms: u64, now_ms: u64) -> Start {
        let key = shard % self.max_concurrency.max(1);
        let soon = |last: &u64| at_ms.saturating_sub(*last) < self.identify_window_ms;
        if self.last_ms.get(&key).is_some_and(soon) {
            return Start::TooFast;
        }
        if now_ms >= self.resets_at_ms {
            self.resets_at_ms = now_ms.saturating_add(DAY_MS);
            self.remaining = self.total;
        }
        if self.remaining == 0 {
            return Start::NoneLeft;
        }
        self.remaining -= 1;
        self.last_ms.insert(key, at_ms);
        Start::Granted
    }

    /// Sets how many identifies are left until the day is over.
    pub fn set_remaining(&mut self, remaining: u64, now_ms: u64) {
        self.remaining = remaining;
        self.resets_at_ms = now_ms.saturating_add(DAY_MS);
    }

    /// `session_start_limit` of `GET /gateway/bot`; `reset_after` in milliseconds.
    pub(crate) fn limit_json(&self, now_ms: u64) -> Value {
        let running = now_ms < self.resets_at_ms;
        let (remaining, reset_after) =
            if running { (self.remaining, self.resets_at_ms - now_ms) } else { (self.total, DAY_MS) };
        json!({
            "total": self.total, "remaining": remaining, "reset_after": reset_after, "max_concurrency": self.max_concurrency,
        })
    }

    /// The application's flags: which privileged intents are switched on.
    pub(crate) fn flags(&self) -> u64 {
        [
            (intents::GUILD_PRESENCES, PRESENCE_LIMITED),
            (intents::GUILD_MEMBERS, GUILD_MEMBERS_LIMITED),
            (intents::MESSAGE_CONTENT, MESSAGE_CONTENT_LIMITED),
        ]
        .into_iter()
        .filter(|(intent, _)| self.allowed_intents & intent != 0)
        .fold(0, |flags, (_, flag)| flags | flag)
    }

    pub(super) fn describe(&self, now_ms: u64) -> Value {
        json!({
            "allowed_intents": self.allowed_intents,
            "shards": self.shards,
            "guilds_per_shard": self.guilds_per_shard,
            "identify_window_ms": self.identify_window_ms,
            "session_start_limit": self.limit_json(now_ms),
        })
    }
}

impl Sim {
    /// The application's terms at the gateway, to be changed.
    pub fn gateway_terms(&mut self) -> &mut GatewayTerms {
        &mut self.terms
    }
}
