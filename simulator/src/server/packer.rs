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
pub(crate) enum Packer {
    Plain,
    Zlib(Compress),
    /// Nothing when the compressor could not be made, which ends the connection.
    Zstd(Option<Encoder<'static>>),
}

impl Packer {
    pub(crate) fn new(transport: Transport) -> Self {
        match transport {
            Transport::Plain => Self::Plain,
            Transport::Zlib => Self::Zlib(Compress::new(Compression::fast(), true)),
            Transport::Zstd => Self::Zstd(Encoder::new(ZSTD_LEVEL).ok()),
        }
    }

    /// The message that carries a payload. Errors end the connection.
    pub(crate) fn pack(&mut self, payload: String) -> io::Result<Message> {
        match self {
            Self::Plain => Ok(Message::Text(payload.into())),
            _ => Ok(Message::Binary(self.pack_bytes(payload.as_bytes())?.into())),
        }
    }

    /// The bytes that carry a payload.
    pub(crate) fn pack_bytes(&mut self, payload: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Plain => Ok(payload.to_vec()),
            Self::Zlib(stream) => zlib(stream, payload),
            Self::Zstd(Some(stream)) => zstd(stream, payload),
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

/// The other side of it, for tests.
#[cfg(test)]
pub(crate) mod unpacking {
    /// Unpacks one binary message of a stream that goes on.
    pub(crate) trait Unpack {
        fn unpack(&mut self, bytes: &[u8]) -> String;
    }

    impl Unpack for flate2::Decompress {
        fn unpack(&mut self, bytes: &[u8]) -> String {
            assert!(bytes.ends_with(&[0, 0, 0xFF, 0xFF]), "a whole payload ends with a flush");
            let mut text = Vec::with_capacity(1 << 20);
            self.decompress_vec(bytes, &mut text, flate2::FlushDecompress::Sync).expect("a stream");
            String::from_utf8(text).expect("text")
        }
    }

    impl Unpack for zstd::stream::raw::Decoder<'_> {
        fn unpack(&mut self, bytes: &[u8]) -> String {
            use zstd::stream::raw::{InBuffer, Operation, OutBuffer};
            let mut text = vec![0; 1 << 20];
            let mut output = OutBuffer::around(text.as_mut_slice());
            self.run(&mut InBuffer::around(bytes), &mut output).expect("a stream");
            let length = output.pos();
            text.truncate(length);
            String::from_utf8(text).expect("text")
        }
    }
}
