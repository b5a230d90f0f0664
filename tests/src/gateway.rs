//! Purpose: the gateway sidecar's side of a story: events in numbered, signed batches through the `gateway` door.

use crate::World;
use muster_core::GatewayAnswer;
use muster_protocol::{Answer, Batch, Event, EventKind, Key, MemberXp, VERSION, seal};
use std::cell::Cell;

/// The key that the world's sidecar and Worker share.
pub fn key() -> Key {
    Key { id: "k1".to_owned(), secret: b"a secret of the stories".to_vec() }
}

/// A sidecar: numbers its batches.
pub struct Sidecar {
    pub source: String,
    pub number: Cell<u64>,
    pub key: Key,
}

impl Default for Sidecar {
    fn default() -> Self {
        Self { source: "story".to_owned(), number: Cell::new(0), key: key() }
    }
}

/// Somebody who earned `text` and `voice`, in #general, with one message for any text.
pub fn earned(world: &World, who: &str, text: u32, voice: u32) -> MemberXp {
    MemberXp {
        user: world.id(who).parse().expect("an id"),
        text,
        voice,
        messages: u32::from(text > 0),
        seconds: voice * 12,
        channel: world.channel("#general"),
        why: Vec::new(),
    }
}

impl Sidecar {
    /// The next batch with these events of the demo guild, as they happen now.
    pub fn batch(&self, world: &World, kinds: Vec<EventKind>) -> Batch {
        let number = self.number.get() + 1;
        self.number.set(number);
        let event = |(place, kind)| Event {
            id: format!("{}:{number}:{place}", self.source),
            guild: world.guild(),
            at: world.now(),
            kind,
        };
        Batch {
            version: VERSION,
            source: self.source.clone(),
            number,
            application: world.ctx().settings.application_id,
            events: kinds.into_iter().enumerate().map(event).collect(),
            configs_since: 0,
        }
    }

    /// Delivers a batch once; `None` when the Worker died over it.
    pub async fn deliver(&self, world: &World, batch: &Batch) -> Option<GatewayAnswer> {
        let nonce = format!("{}-{}", batch.number, world.now());
        let (headers, body) = seal(batch, &self.key, world.now(), &nonce).expect("it seals");
        let ctx = world.ctx();
        let answer = world.live(muster_core::gateway(&ctx, &headers, &body)).await?;
        world.run_after(&ctx).await;
        Some(answer)
    }

    /// Reports events, and delivers until the batch is taken.
    pub async fn report(&self, world: &World, kinds: Vec<EventKind>) -> Answer {
        let batch = self.batch(world, kinds);
        self.deliver_until_taken(world, &batch, 10).await.unwrap_or_else(|| panic!("{batch:?} is not taken"))
    }

    /// Delivers a batch up to so many times, five seconds apart.
    pub async fn deliver_until_taken(&self, world: &World, batch: &Batch, times: usize) -> Option<Answer> {
        for attempt in 0..times {
            if attempt > 0 {
                world.advance(5_000).await;
            }
            let Some(answer) = self.deliver(world, batch).await else { continue };
            if answer.status == 200 {
                let answer: Answer = serde_json::from_str(&answer.body).expect("an answer");
                assert!(answer.taken >= batch.number, "answered but not taken: {answer:?}");
                return Some(answer);
            }
        }
        None
    }

    /// Reports what one person earned in messages and voice.
    pub async fn earn(&self, world: &World, who: &str, text: u32, voice: u32) -> Answer {
        self.report(world, vec![EventKind::Xp { members: vec![earned(world, who, text, voice)] }]).await
    }
}
