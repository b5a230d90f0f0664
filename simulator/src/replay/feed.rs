//! Purpose: one shard's share of a recording as bytes for its socket.

use std::{io, path::Path};

use crate::{gateway::Transport, server::packer::Packer};

use super::{
    file::{Kind, Record, Records},
    socket::{BINARY, TEXT, put_head},
};

/// A shard: its number and how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shard {
    pub id: u64,
    pub of: u64,
}

impl Shard {
    /// Whether a guild's events go to it (Discord reference, "Sharding").
    pub(super) fn has(self, guild: u64) -> bool {
        (guild >> 22) % self.of.max(1) == self.id
    }
}

/// What has been put out so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sent {
    /// Number of the newest event.
    pub sequence: u64,
    pub guilds: u64,
    /// MESSAGE_CREATE events, the end not among them.
    pub messages: u64,
    /// All events after the guilds, the end among them.
    pub events: u64,
}

/// Payloads as frames, packed as the client asked.
pub(super) struct Wire {
    packer: Packer,
    plain: bool,
    payload: Vec<u8>,
    pub out: Vec<u8>,
}

impl Wire {
    pub(super) fn new(transport: Transport) -> Self {
        let plain = transport == Transport::Plain;
        Self { packer: Packer::new(transport), plain, payload: Vec::new(), out: Vec::new() }
    }

    /// Puts a payload out.
    pub(super) fn put(&mut self, payload: &[u8]) -> io::Result<()> {
        self.put_parts(&[payload])
    }

    fn put_parts(&mut self, parts: &[&[u8]]) -> io::Result<()> {
        if self.plain {
            put_head(&mut self.out, TEXT, parts.iter().map(|part| part.len()).sum());
            parts.iter().for_each(|part| self.out.extend_from_slice(part));
            return Ok(());
        }
        self.payload.clear();
        parts.iter().for_each(|part| self.payload.extend_from_slice(part));
        let packed = self.packer.pack_bytes(&self.payload)?;
        put_head(&mut self.out, BINARY, packed.len());
        self.out.extend_from_slice(&packed);
        Ok(())
    }

    /// Puts an event out under its number.
    pub(super) fn put_event(&mut self, sequence: u64, name: &[u8], body: &[u8]) -> io::Result<()> {
        let mut digits = [0; 20];
        let digits = decimal(sequence, &mut digits);
        self.put_parts(&[b"{\"t\":\"", name, b"\",\"s\":", digits, b",\"op\":0,\"d\":", body, b"}"])
    }
}

fn decimal(mut number: u64, room: &mut [u8; 20]) -> &[u8] {
    let mut at = room.len();
    while let Some(place) = at.checked_sub(1) {
        at = place;
        if let Some(digit) = room.get_mut(at) {
            *digit = b'0' + (number % 10) as u8;
        }
        number /= 10;
        if number == 0 {
            break;
        }
    }
    room.get(at..).unwrap_or_default()
}

/// A recording on its way to one shard.
pub(super) struct Feed {
    records: Records,
    shard: Shard,
    intents: u32,
    /// Events up to this number were received before; they are counted, not sent.
    after: u64,
    pub sent: Sent,
    /// Messages of all shards that lie behind: the recording's clock.
    pub passed: u64,
    pub ended: bool,
}

impl Feed {
    pub(super) fn open(path: &Path, shard: Shard, intents: u32, after: u64) -> io::Result<Self> {
        let (_, records) = Records::open(path)?;
        Ok(Self { records, shard, intents, after, sent: Sent::default(), passed: 0, ended: false })
    }

    /// Puts an event out that is not in the recording.
    pub(super) fn event(&mut self, wire: &mut Wire, name: &str, body: &[u8]) -> io::Result<()> {
        self.sent.sequence += 1;
        if self.sent.sequence > self.after {
            wire.put_event(self.sent.sequence, name.as_bytes(), body)?;
        }
        Ok(())
    }

    /// Puts the guilds out until `enough` bytes wait; `guilds` is how many the shard has. False when more are left.
    pub(super) fn guilds(&mut self, wire: &mut Wire, guilds: u64, enough: usize) -> io::Result<bool> {
        while self.sent.guilds < guilds {
            if wire.out.len() >= enough {
                return Ok(false);
            }
            self.one(wire)?;
        }
        Ok(true)
    }

    /// Puts events out until `enough` bytes wait, `until` messages of the recording have passed, or all is said.
    pub(super) fn events(&mut self, wire: &mut Wire, until: u64, enough: usize) -> io::Result<()> {
        while !self.ended && wire.out.len() < enough && self.passed < until {
            self.one(wire)?;
        }
        Ok(())
    }

    fn one(&mut self, wire: &mut Wire) -> io::Result<()> {
        let (shard, intents, passed) = (self.shard, self.intents, &mut self.passed);
        let next = self.records.next(|prefix| {
            *passed += u64::from(prefix.kind == Kind::Message);
            let meant = matches!(prefix.kind, Kind::Guild | Kind::End) || prefix.intents & intents != 0;
            meant && shard.has(prefix.guild)
        })?;
        let Some(Record { prefix, name, body }) = next else {
            self.ended = true;
            return Ok(());
        };
        self.sent.sequence += 1;
        match prefix.kind {
            Kind::Guild => self.sent.guilds += 1,
            Kind::Message => self.sent.messages += 1,
            Kind::Other => {}
            Kind::End => self.ended = true,
        }
        self.sent.events += u64::from(prefix.kind != Kind::Guild);
        if self.sent.sequence > self.after { wire.put_event(self.sent.sequence, name, body) } else { Ok(()) }
    }
}
