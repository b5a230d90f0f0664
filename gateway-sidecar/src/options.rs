//! Purpose: how the sidecar is told what to do: flags, environment, and a clear sentence for each wrong value.

use crate::sharding::Shards;
use clap::{Parser, ValueEnum};
use muster_protocol::Key;
use std::{fmt, net::SocketAddr, path::PathBuf, time::Duration};

/// Holds the connection to Discord's gateway for Muster, and reports to the Worker what members earned.
#[derive(Debug, Parser)]
#[command(name = "muster-gateway", version)]
pub struct Flags {
    /// File with the bot's token. Otherwise the token is read from DISCORD_TOKEN.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// The bot's token. Other users of this machine can see it here: better DISCORD_TOKEN or --token-file.
    #[arg(long, env = "DISCORD_TOKEN", hide_env_values = true)]
    token: Option<Secret>,
    /// Address of the Worker, such as https://muster.example.workers.dev
    #[arg(long, env = "MUSTER_URL", value_name = "URL")]
    worker_url: Option<String>,
    /// File with the key shared with the Worker, as id:hexsecret; two of them, separated by a comma, while one replaces the other: the
    /// first signs. Otherwise read from GATEWAY_KEY.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    #[arg(long = "key", env = "GATEWAY_KEY", hide_env_values = true, hide = true)]
    key: Option<Secret>,
    /// Discord's REST API, or that of a compatible server.
    #[arg(long, env = "DISCORD_API", default_value = "https://discord.com/api/v10", value_name = "URL")]
    discord_api: String,
    /// The gateway's address; what the API says, unless given.
    #[arg(long, env = "DISCORD_GATEWAY", value_name = "URL")]
    gateway_url: Option<String>,
    /// Where sessions, batches that were not taken yet and the last known configuration are kept. One per process.
    #[arg(long, env = "MUSTER_STATE", default_value = "./muster-gateway-state/0", value_name = "FOLDER")]
    state_dir: PathBuf,
    /// File that all processes of this machine share to log in one after the other; identify.sqlite beside the state folder, unless given.
    #[arg(long, value_name = "FILE")]
    identify_file: Option<PathBuf>,
    /// auto, how many, or which of how many: 0..8/32
    #[arg(long, env = "MUSTER_SHARDS", default_value = "auto")]
    shards: Shards,
    /// Seconds between two reports.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=60))]
    flush_seconds: u64,
    /// Seconds between two questions for changed configuration, when no report asked.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=60))]
    poll_seconds: u64,
    /// Where metrics and /healthz are served.
    #[arg(long, default_value = "127.0.0.1:9464")]
    pub listen: SocketAddr,
    /// Allows --listen on an address that other machines reach.
    #[arg(long)]
    listen_anywhere: bool,
    /// Megabytes of batches that wait for the Worker. When they are full, the oldest go.
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..=65_536))]
    spool_max_mb: u64,
    /// Logins per 24 hours on this machine. Discord resets the token at 1,000.
    #[arg(long, default_value_t = 900, value_parser = clap::value_parser!(u32).range(1..=999))]
    identify_budget: u32,
    /// Only asks the process that runs at --listen how it is: ends with 0 unless it is down.
    #[arg(long)]
    pub check: bool,
    /// How lines are logged. RUST_LOG chooses which.
    #[arg(long, value_enum, default_value_t = LogForm::Text)]
    pub log: LogForm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogForm {
    Text,
    Json,
}

/// Text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn get(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl std::str::FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::new(text))
    }
}

/// The keys that batches are signed with. The first signs.
#[derive(Clone)]
pub struct Keys(pub Vec<Key>);

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

/// Everything checked.
#[derive(Debug, Clone)]
pub struct Options {
    pub token: Secret,
    pub keys: Keys,
    /// Without a slash at the end, as the two below.
    pub worker_url: String,
    pub discord_api: String,
    pub gateway_url: Option<String>,
    pub state_dir: PathBuf,
    pub identify_file: PathBuf,
    pub shards: Shards,
    pub flush: Duration,
    pub poll: Duration,
    pub listen: SocketAddr,
    pub spool_max_bytes: u64,
    pub identify_budget: u32,
}

/// A secret that short can be guessed; 16 bytes are what `openssl rand -hex 16` makes.
const SECRET_MIN_BYTES: usize = 16;

/// Reads `id:hexsecret`, one or two of them.
///
/// # Errors
/// A sentence that does not contain the secret.
pub fn parse_keys(text: &str) -> Result<Keys, String> {
    let form = "write it as id:hexsecret, for example 2026a: and what `openssl rand -hex 32` prints";
    let mut keys = Vec::new();
    for part in text.trim().split(',').map(str::trim) {
        let (id, secret) = part.split_once(':').ok_or_else(|| format!("The key has no colon: {form}"))?;
        if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')) {
            return Err(format!("The key's id may only have letters, digits, - _ and .: {form}"));
        }
        let secret = hex::decode(secret).map_err(|_| format!("The secret of key {id:?} is not hexadecimal: {form}"))?;
        if secret.len() < SECRET_MIN_BYTES {
            return Err(format!("The secret of key {id:?} is shorter than {SECRET_MIN_BYTES} bytes: {form}"));
        }
        keys.push(Key { id: id.to_owned(), secret });
    }
    if keys.len() > 2 {
        return Err("More than two keys are given: one that signs, and the one that it replaces".into());
    }
    Ok(Keys(keys))
}

fn parse_url(name: &str, text: &str, schemes: [&str; 2]) -> Result<String, String> {
    let trimmed = text.trim().trim_end_matches('/');
    let parsed = trimmed.parse::<axum::http::Uri>().ok();
    let fits = parsed.is_some_and(|url| url.host().is_some() && url.scheme_str().is_some_and(|s| schemes.contains(&s)));
    let [secure, plain] = schemes;
    fits.then(|| trimmed.to_owned()).ok_or_else(|| {
        format!("{name} is {text:?}, which is no address: it begins with {secure}:// (or {plain}:// on this machine)")
    })
}

fn secret_from(file: Option<&PathBuf>, given: Option<&Secret>, flag: &str, variable: &str) -> Result<Secret, String> {
    let text = match (file, given) {
        (Some(path), _) => std::fs::read_to_string(path)
            .map_err(|error| format!("{flag} {} cannot be read: {error}", path.display()))?,
        (None, Some(secret)) => secret.get().to_owned(),
        (None, None) => return Err(format!("{variable} is not set: set it, or name a file with {flag}")),
    };
    let text = text.trim();
    if text.is_empty() {
        return Err(format!("{variable} is empty: set it, or name a file with {flag}"));
    }
    Ok(Secret::new(text))
}

impl Flags {
    /// Checks what the flags say, and reads the files that they name.
    ///
    /// # Errors
    /// A sentence that says what to change.
    pub fn options(self) -> Result<Options, String> {
        let token = secret_from(self.token_file.as_ref(), self.token.as_ref(), "--token-file", "DISCORD_TOKEN")?;
        let token = token.get().strip_prefix("Bot ").map_or(token.clone(), Secret::new);
        if token.get().chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err("The bot token has blanks inside: copy it again from the Developer Portal, Bot".into());
        }
        let key = secret_from(self.key_file.as_ref(), self.key.as_ref(), "--key-file", "GATEWAY_KEY")?;
        let keys = parse_keys(key.get())?;
        let worker_url = self.worker_url.ok_or("MUSTER_URL is not set: set it, or give --worker-url")?;
        if !self.listen.ip().is_loopback() && !self.listen_anywhere {
            return Err(format!(
                "--listen {} can be reached from other machines: use 127.0.0.1, or add --listen-anywhere if that is meant",
                self.listen
            ));
        }
        let beside = || self.state_dir.parent().map_or_else(PathBuf::new, PathBuf::from).join("identify.sqlite");
        Ok(Options {
            token,
            keys,
            worker_url: parse_url("--worker-url", &worker_url, ["https", "http"])?,
            discord_api: parse_url("--discord-api", &self.discord_api, ["https", "http"])?,
            gateway_url: self.gateway_url.map(|url| parse_url("--gateway-url", &url, ["wss", "ws"])).transpose()?,
            identify_file: self.identify_file.clone().unwrap_or_else(beside),
            state_dir: self.state_dir,
            shards: self.shards,
            flush: Duration::from_secs(self.flush_seconds),
            poll: Duration::from_secs(self.poll_seconds),
            listen: self.listen,
            spool_max_bytes: self.spool_max_mb << 20,
            identify_budget: self.identify_budget,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const KEY: &str = "a:00112233445566778899aabbccddeeff";

    fn check(arguments: &[&str]) -> Result<Options, String> {
        let all = ["muster-gateway", "--token", "a.b.c", "--key", KEY, "--worker-url", "http://127.0.0.1:8787"];
        let flags = Flags::try_parse_from(all.iter().chain(arguments)).map_err(|error| error.to_string())?;
        flags.options()
    }

    #[test]
    fn the_least_that_starts() {
        let options = check(&[]).unwrap();
        assert_eq!(options.shards, Shards::Auto);
        assert_eq!(options.identify_file, PathBuf::from("./muster-gateway-state/identify.sqlite"));
        assert_eq!((options.flush.as_secs(), options.poll.as_secs()), (5, 10));
    }

    #[rstest]
    #[case(&["--worker-url", "muster"], "--worker-url is \"muster\"")]
    #[case(&["--gateway-url", "http://127.0.0.1"], "wss://")]
    #[case(&["--discord-api", "discord.com"], "https://")]
    #[case(&["--shards", "many"], "write auto")]
    #[case(&["--flush-seconds", "0"], "1..=60")]
    #[case(&["--listen", "0.0.0.0:9464"], "--listen-anywhere")]
    #[case(&["--identify-budget", "1000"], "1..=999")]
    #[case(&["--key", "secret"], "no colon")]
    #[case(&["--key", "a:xyz"], "not hexadecimal")]
    #[case(&["--key", "a:0011"], "shorter than 16 bytes")]
    #[case(&["--token", "a b"], "blanks")]
    #[case(&["--token", " "], "DISCORD_TOKEN is empty")]
    #[case(&["--token-file", "/nowhere/token"], "/nowhere/token cannot be read")]
    fn wrong_values_say_what_to_change(#[case] arguments: &[&str], #[case] sentence: &str) {
        // A flag given twice is an error of its own, so the good value goes first.
        let all = ["muster-gateway", "--token", "a.b.c", "--key", KEY, "--worker-url", "http://127.0.0.1:8787"];
        let kept = all[1..].chunks(2).filter(|pair| pair[0] != arguments[0]).flatten().chain(arguments);
        let parsed = Flags::try_parse_from(std::iter::once(&all[0]).chain(kept));
        let error = parsed.map_err(|error| error.to_string()).and_then(Flags::options).unwrap_err();
        assert!(error.contains(sentence), "{error}");
    }

    #[test]
    fn two_keys_while_one_replaces_the_other_and_never_shown() {
        let keys = parse_keys(&format!("{KEY}, old:{}", "ab".repeat(32))).unwrap();
        assert_eq!(format!("{keys:?}"), r#"["a", "old"]"#);
        let shown = format!("{:?}", check(&[]).unwrap());
        assert!(!shown.contains("a.b.c") && !shown.contains("00112233"), "{shown}");
        assert!(parse_keys(&[KEY; 3].join(",")).is_err());
    }

    #[test]
    fn other_machines_are_let_in_only_when_told() {
        assert!(check(&["--listen", "0.0.0.0:9464", "--listen-anywhere"]).is_ok());
    }
}
