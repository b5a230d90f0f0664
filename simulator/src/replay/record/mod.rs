//! Purpose: making a recording from a seed: guilds, then traffic, then an end for every guild.

mod dice;
mod guild;
mod people;
mod traffic;
mod words;

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

use serde_json::{Value, json};

use super::file::{FORMAT, Header, Kind, write_header, write_record};
use crate::events::intents;

/// What the last message of every shard says.
pub const END: &str = "muster-replay: this is the end of the recording";

/// What to record. Equal parameters give equal files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    pub seed: u64,
    pub guilds: u64,
    /// Of all guilds together; at least two a guild.
    pub members: u64,
    /// MESSAGE_CREATE events; others come besides.
    pub messages: u64,
    /// Messages a second on average, as their ids and timestamps tell it.
    pub per_second: u64,
    /// When it begins, in Unix milliseconds.
    pub start_ms: u64,
}

impl Default for Parameters {
    fn default() -> Self {
        // 2025-06-02T12:00:00Z, a Monday.
        Self {
            seed: 1,
            guilds: 2_500,
            members: 500_000,
            messages: 100_000,
            per_second: 100,
            start_ms: 1_748_865_600_000,
        }
    }
}

/// How much was recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    pub events: u64,
    pub bytes: u64,
}

/// Writes a recording. Errors: the file cannot be written; a recording without guilds.
pub fn record(path: &Path, wanted: &Parameters) -> io::Result<Recorded> {
    if wanted.guilds == 0 || wanted.members < wanted.guilds * 2 {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a guild at least, and two members in each"));
    }
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut done = Recorded::default();
    write_header(
        &mut out,
        &Header {
            format: FORMAT.to_owned(),
            seed: wanted.seed,
            guilds: wanted.guilds,
            members: wanted.members,
            messages: wanted.messages,
            per_second: wanted.per_second,
            start_ms: wanted.start_ms,
        },
    )?;
    let mut put = |kind: Kind, guild: u64, intents: u64, name: &str, data: &Value| -> io::Result<()> {
        let body = data.to_string();
        done.events += 1;
        done.bytes += body.len() as u64;
        let intents = u32::try_from(intents).map_err(io::Error::other)?;
        write_record(&mut out, kind, guild, intents, name, body.as_bytes())
    };
    let bot = bot_user();
    let guilds = guild::all(wanted.seed, wanted.guilds, wanted.members, wanted.start_ms);
    for guild in &guilds {
        let data = guild::create_json(wanted.seed, guild, &bot);
        put(Kind::Guild, guild.id, intents::GUILDS, "GUILD_CREATE", &data)?;
    }
    let mut traffic = traffic::Traffic::new(wanted.seed, &guilds, wanted.start_ms, wanted.per_second);
    let mut messages = 0;
    while messages < wanted.messages {
        let Some(happened) = traffic.next() else { break };
        messages += u64::from(happened.kind == Kind::Message);
        put(happened.kind, happened.guild, happened.intents, happened.name, &happened.data)?;
    }
    for guild in &guilds {
        let end = traffic.end(guild, &bot);
        put(end.kind, end.guild, end.intents, end.name, &end.data)?;
    }
    out.flush()?;
    Ok(done)
}

/// The same as it sees itself.
pub(crate) fn own_user() -> Value {
    let mut user = bot_user();
    for (key, value) in [
        ("mfa_enabled", json!(true)),
        ("verified", json!(true)),
        ("email", Value::Null),
        ("flags", json!(0)),
        ("banner", Value::Null),
        ("accent_color", Value::Null),
        ("locale", json!("en-US")),
        ("bio", json!("")),
    ] {
        user[key] = value;
    }
    user
}

/// The application's user, who is a member of every guild.
pub(crate) fn bot_user() -> Value {
    json!({
        "id": super::APPLICATION, "username": "Muster", "global_name": null, "discriminator": "0", "avatar": null, "bot": true,
        "avatar_decoration_data": null, "public_flags": 0, "clan": null, "primary_guild": null, "collectibles": null,
    })
}
