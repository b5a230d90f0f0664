//! Purpose: as much HTTP and websocket as the replay needs, straight on the socket: a frame costs a few bytes and one copy
//! (RFC 6455).

use std::io;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use sha1::{Digest, Sha1};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Largest head of a request, in bytes.
const MAX_HEAD: usize = 16 * 1024;
/// Largest message of a client, in bytes; the gateway itself takes 4,096.
const MAX_MESSAGE: u64 = 64 * 1024;

pub(super) const TEXT: u8 = 0x81;
pub(super) const BINARY: u8 = 0x82;
pub(super) const CLOSE: u8 = 0x88;
pub(super) const PONG: u8 = 0x8A;

/// A request's head. Bodies are read and dropped: no route needs one.
#[derive(Debug, Default)]
pub(super) struct Request {
    pub method: String,
    pub path: String,
    pub query: String,
    /// `Sec-WebSocket-Key` of who wants a websocket.
    pub websocket: Option<String>,
}

/// Reads one request; nothing when the other side only opened and closed. Errors: the head is none.
pub(super) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Request>> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if bytes.len() > MAX_HEAD {
            return Err(broken("a head without end"));
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return if bytes.is_empty() { Ok(None) } else { Err(broken("half a head")) };
        }
    };
    let head = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, target) = first.next().zip(first.next()).ok_or_else(|| broken("no request line"))?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut request =
        Request { method: method.to_owned(), path: path.to_owned(), query: query.to_owned(), websocket: None };
    let mut body = 0;
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        match name.to_ascii_lowercase().as_str() {
            "sec-websocket-key" => request.websocket = Some(value.trim().to_owned()),
            "content-length" => body = value.trim().parse().unwrap_or(0),
            _ => {}
        }
    }
    let mut left = usize::saturating_sub(body, bytes.len() - end - 4);
    while left > 0 {
        bytes.clear();
        match stream.read_buf(&mut bytes).await? {
            0 => break,
            read => left = left.saturating_sub(read),
        }
    }
    Ok(Some(request))
}

/// A whole answer of JSON; the connection ends with it.
pub(super) fn answer(status: &str, body: &serde_json::Value) -> Vec<u8> {
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    (head + &body).into_bytes()
}

/// The answer that makes a websocket of a connection.
pub(super) fn switch(key: &str) -> Vec<u8> {
    let mut hash = Sha1::new();
    hash.update(key.as_bytes());
    hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let accept = BASE64.encode(hash.finalize());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: {accept}\r\n\r\n"
    )
    .into_bytes()
}

/// Begins a frame: `first` is one of the constants above, `length` the payload's.
pub(super) fn put_head(out: &mut Vec<u8>, first: u8, length: usize) {
    out.push(first);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short), _) if short < 126 => out.push(short),
        (_, Ok(middle)) => {
            out.push(126);
            out.extend(middle.to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend((length as u64).to_be_bytes());
        }
    }
}

/// What a client sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    Message(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    Close,
}

/// Reads one frame of a client. Errors: it is gone, or sends what no client sends.
pub(super) async fn read_frame(input: &mut (impl AsyncRead + Unpin)) -> io::Result<Incoming> {
    let [first, second] = [input.read_u8().await?, input.read_u8().await?];
    let length = match second & 0x7F {
        126 => u64::from(input.read_u16().await?),
        127 => input.read_u64().await?,
        short => u64::from(short),
    };
    // Clients mask what they send, and need no fragments for messages this small.
    if second & 0x80 == 0 || first & 0x80 == 0 || length > MAX_MESSAGE {
        return Err(broken("not a client's frame"));
    }
    let mut mask = [0; 4];
    input.read_exact(&mut mask).await?;
    let mut payload = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    input.read_exact(&mut payload).await?;
    payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
    match first & 0x0F {
        1 | 2 => Ok(Incoming::Message(payload)),
        8 => Ok(Incoming::Close),
        9 => Ok(Incoming::Ping(payload)),
        10 => Ok(Incoming::Pong),
        _ => Err(broken("an unknown frame")),
    }
}

fn broken(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
