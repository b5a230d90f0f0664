//! Purpose: transport compression: each connection has one stream that is flushed after every payload.

use std::io;

use axum::extract::ws::Message;
use flate2::{Compress, Compression, FlushCompress};
use zstd::stream::raw::{Encoder, InBuffer, Operation, OutBuffer};

use crate::gateway::Transport;

/// How hard to compress. What Discord uses is not known; what counts here is that clients unpack it.
const ZSTD_LEVEL: i32 = 1;
/// How much the output grows at a time, in bytes.
const STEP: usize = 16 * 1024;

/// Turns payloads into websocket messages.
pub(super) enum Packer {
    Plain,
    Zlib(Compress),
    /// Nothing when the compressor could not be made, which ends the connection.
    Zstd(Option<Encoder<'static>>),
}

impl Packer {
    pub(super) fn new(transport: Transport) -> Self {
        match transport {
            Transport::Plain => Self::Plain,
            Transport::Zlib => Self::Zlib(Compress::new(Compression::fast(), true)),
            Transport::Zstd => Self::Zstd(Encoder::new(ZSTD_LEVEL).ok()),
        }
    }

    /// The message that carries a payload. Errors end the connection.
    pub(super) fn pack(&mut self, payload: String) -> io::Result<Message> {
        match self {
            Self::Plain => Ok(Message::Text(payload.into())),
            Self::Zlib(stream) => Ok(Message::Binary(zlib(stream, payload.as_bytes())?.into())),
            Self::Zstd(Some(stream)) => Ok(Message::Binary(zstd(stream, payload.as_bytes())?.into())),
            Self::Zstd(None) => Err(io::Error::other("no compressor")),
        }
    }
}

/// Ends with 00 00 FF FF, the mark of a flush by which clients know that a payload is whole.
fn zlib(stream: &mut Compress, payload: &[u8]) -> io::Result<Vec<u8>> {
    let mut packed = Vec::with_capacity(payload.len() / 4 + STEP);
    let start = stream.total_in();
    loop {
        let done = usize::try_from(stream.total_in() - start).map_err(io::Error::other)?;
        let rest = payload.get(done..).unwrap_or_default();
        stream.compress_vec(rest, &mut packed, FlushCompress::Sync).map_err(io::Error::other)?;
        // Room left over means that nothing is held back any more.
        if packed.len() < packed.capacity() {
            return Ok(packed);
        }
        packed.reserve(STEP);
    }
}

fn zstd(stream: &mut Encoder<'static>, payload: &[u8]) -> io::Result<Vec<u8>> {
    let mut packed = Vec::with_capacity(payload.len() / 4 + STEP);
    let mut input = InBuffer::around(payload);
    while input.pos() < payload.len() {
        into(&mut packed, |output| stream.run(&mut input, output))?;
    }
    // Says how much is still held back.
    while into(&mut packed, |output| stream.flush(output))? > 0 {}
    Ok(packed)
}

/// Lets something write at the end of a buffer.
fn into(
    packed: &mut Vec<u8>,
    write: impl FnOnce(&mut OutBuffer<'_, Vec<u8>>) -> io::Result<usize>,
) -> io::Result<usize> {
    packed.reserve(STEP);
    let at = packed.len();
    let mut output = OutBuffer::around_pos(packed, at);
    write(&mut output)
}
