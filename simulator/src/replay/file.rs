//! Purpose: a recorded traffic file: gateway events with all that is needed to send them without reading them.
//!
//! One line of JSON (`Header`), then records: an 18-byte prefix (little endian: length of the rest u32, guild u64, intents
//! u32, kind u8, length of the name u8), the event's name, and its `d` as JSON text.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};

/// What the first line of every file says.
pub const FORMAT: &str = "muster-replay/1";

const PREFIX: usize = 18;
/// Bytes read from the file at a time.
const READ_AHEAD: usize = 1024 * 1024;

/// What a file was made of. Equal parameters give equal files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub format: String,
    pub seed: u64,
    pub guilds: u64,
    /// Members of all guilds together.
    pub members: u64,
    /// MESSAGE_CREATE events, without the ends.
    pub messages: u64,
    /// Recorded messages a second on average; decides ids and timestamps.
    pub per_second: u64,
    /// When the recording begins, in Unix milliseconds.
    pub start_ms: u64,
}

/// What a record is, as far as sending it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// GUILD_CREATE; all of them come first.
    Guild = 0,
    /// MESSAGE_CREATE.
    Message = 1,
    Other = 2,
    /// The message that ends a guild's traffic; a shard sends the first one of its guilds.
    End = 3,
}

impl Kind {
    fn from_byte(byte: u8) -> io::Result<Self> {
        Ok(match byte {
            0 => Self::Guild,
            1 => Self::Message,
            2 => Self::Other,
            3 => Self::End,
            other => return Err(broken(format!("a record of kind {other}"))),
        })
    }
}

/// A record without its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    pub kind: Kind,
    pub guild: u64,
    /// Intents of which one is enough.
    pub intents: u32,
    name: usize,
    rest: usize,
}

/// A record as it was read.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    pub prefix: Prefix,
    /// The event's name.
    pub name: &'a [u8],
    /// Its `d`, as JSON text.
    pub body: &'a [u8],
}

/// Writes the first line.
pub fn write_header(out: &mut impl Write, header: &Header) -> io::Result<()> {
    serde_json::to_writer(&mut *out, header)?;
    out.write_all(b"\n")
}

/// Writes a record.
pub fn write_record(
    out: &mut impl Write,
    kind: Kind,
    guild: u64,
    intents: u32,
    name: &str,
    body: &[u8],
) -> io::Result<()> {
    let rest = u32::try_from(name.len() + body.len()).map_err(io::Error::other)?;
    out.write_all(&rest.to_le_bytes())?;
    out.write_all(&guild.to_le_bytes())?;
    out.write_all(&intents.to_le_bytes())?;
    out.write_all(&[kind as u8, u8::try_from(name.len()).map_err(io::Error::other)?])?;
    out.write_all(name.as_bytes())?;
    out.write_all(body)
}

/// A file being read from its first record on.
pub struct Records {
    input: BufReader<File>,
    text: Vec<u8>,
}

impl Records {
    /// Opens a file. Errors: it cannot be read, or is no recording.
    pub fn open(path: &Path) -> io::Result<(Header, Self)> {
        let mut input = BufReader::with_capacity(READ_AHEAD, File::open(path)?);
        let mut line = String::new();
        input.by_ref().take(READ_AHEAD as u64).read_line(&mut line)?;
        let header: Header = serde_json::from_str(&line).map_err(|_| broken("its first line is no header"))?;
        if header.format != FORMAT {
            return Err(broken(format!("its format is {}, not {FORMAT}", header.format)));
        }
        Ok((header, Self { input, text: Vec::new() }))
    }

    /// The next record that is wanted, with its name and text; nothing at the end of the file.
    pub fn next(&mut self, mut wanted: impl FnMut(&Prefix) -> bool) -> io::Result<Option<Record<'_>>> {
        loop {
            if self.input.fill_buf()?.is_empty() {
                return Ok(None);
            }
            let prefix = self.prefix()?;
            if !wanted(&prefix) {
                self.input.seek_relative(i64::try_from(prefix.rest).map_err(io::Error::other)?)?;
                continue;
            }
            self.text.resize(prefix.rest, 0);
            self.input.read_exact(&mut self.text)?;
            let (name, body) =
                self.text.split_at_checked(prefix.name).ok_or_else(|| broken("a name longer than its record"))?;
            return Ok(Some(Record { prefix, name, body }));
        }
    }

    fn prefix(&mut self) -> io::Result<Prefix> {
        let mut bytes = [0; PREFIX];
        self.input.read_exact(&mut bytes)?;
        let [r0, r1, r2, r3, g0, g1, g2, g3, g4, g5, g6, g7, i0, i1, i2, i3, kind, name] = bytes;
        Ok(Prefix {
            kind: Kind::from_byte(kind)?,
            guild: u64::from_le_bytes([g0, g1, g2, g3, g4, g5, g6, g7]),
            intents: u32::from_le_bytes([i0, i1, i2, i3]),
            name: usize::from(name),
            rest: u32::from_le_bytes([r0, r1, r2, r3]) as usize,
        })
    }
}

fn broken(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not a recording: {}", why.into()))
}
