//! Purpose: the replay's listener: a few of Discord's routes, the gateway, and how far everybody has come.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Value, json};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::{
    APPLICATION,
    connection::{self, Progress},
    feed::Shard,
    file::{Header, Kind, Records},
    record::{bot_user, own_user},
    socket::{Request, answer, read_request, switch},
};

/// Application flags: all privileged intents are switched on (Discord reference, "Application Flags").
pub(super) const FLAGS: u64 = 1 << 13 | 1 << 15 | 1 << 19;

/// How a recording is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    pub file: PathBuf,
    /// 0 takes any free port.
    pub port: u16,
    /// Messages a second of the whole recording; nothing means as fast as clients read.
    pub rate: Option<u64>,
    /// Whether traffic waits for `POST /replay/start`; the guilds come at once.
    pub hold: bool,
    /// Shards that `GET /gateway/bot` recommends.
    pub shards: u64,
}

/// A recording that is served.
pub struct Replay {
    pub(super) options: Options,
    header: Header,
    address: SocketAddr,
    guilds: Vec<u64>,
    pub(super) started: watch::Sender<bool>,
    connections: Mutex<Vec<Arc<Progress>>>,
}

impl Replay {
    /// Reads the recording's guilds and listens on loopback. Errors: no such recording, or the port is taken.
    pub async fn listen(options: Options) -> io::Result<(Arc<Self>, TcpListener)> {
        let (header, mut records) = Records::open(&options.file)?;
        let mut guilds = Vec::new();
        while let Some(record) = records.next(|_| true)?.filter(|record| record.prefix.kind == Kind::Guild) {
            guilds.push(record.prefix.guild);
        }
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, options.port))).await?;
        let (address, started) = (listener.local_addr()?, watch::Sender::new(!options.hold));
        let replay = Self { options, header, address, guilds, started, connections: Mutex::default() };
        Ok((Arc::new(replay), listener))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves whoever comes, without end.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) -> io::Result<()> {
        loop {
            let (stream, _) = listener.accept().await?;
            let replay = self.clone();
            // A client that goes away ends its own connection only.
            tokio::spawn(async move { replay.one(stream).await });
        }
    }

    async fn one(self: Arc<Self>, mut stream: TcpStream) -> io::Result<()> {
        let Some(request) = read_request(&mut stream).await? else {
            return Ok(());
        };
        if let Some(key) = &request.websocket {
            stream.write_all(&switch(key)).await?;
            return connection::serve(stream, self, &request.query).await;
        }
        stream.write_all(&self.route(&request)).await?;
        stream.shutdown().await
    }

    fn route(&self, request: &Request) -> Vec<u8> {
        let path = request.path.trim_start_matches("/api").trim_start_matches("/v10");
        match (request.method.as_str(), path) {
            ("GET", "/gateway/bot") => answer("200 OK", &self.gateway_json()),
            ("GET", "/gateway") => answer("200 OK", &json!({"url": self.gateway_url()})),
            ("GET", "/users/@me") => answer("200 OK", &own_user()),
            ("GET", "/applications/@me" | "/oauth2/applications/@me") => answer("200 OK", &application_json()),
            ("GET", "/replay/state") => answer("200 OK", &self.state_json()),
            ("POST", "/replay/start") => {
                self.started.send_replace(true);
                answer("200 OK", &self.state_json())
            }
            _ => answer("404 Not Found", &json!({"message": "404: Not Found", "code": 0})),
        }
    }

    pub(super) fn gateway_url(&self) -> String {
        format!("ws://{}/gateway", self.address)
    }

    fn gateway_json(&self) -> Value {
        let limit =
            json!({"total": 1_000_000, "remaining": 1_000_000, "reset_after": 86_400_000, "max_concurrency": 1_000});
        json!({"url": self.gateway_url(), "shards": self.options.shards, "session_start_limit": limit})
    }

    /// What `GET /replay/state` answers.
    pub fn state_json(&self) -> Value {
        let connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        let shards: Vec<Value> = connections.iter().map(|progress| progress.describe()).collect();
        json!({"recording": self.header, "started": *self.started.borrow(), "shards": shards})
    }

    /// Counts a shard that identified or resumed.
    pub(super) fn begin(&self, shard: Shard, intents: u32) -> Arc<Progress> {
        let progress = Arc::new(Progress::of(shard, intents));
        self.connections.lock().unwrap_or_else(PoisonError::into_inner).push(progress.clone());
        progress
    }

    pub(super) fn guilds_of(&self, shard: Shard) -> Vec<u64> {
        self.guilds.iter().copied().filter(|guild| shard.has(*guild)).collect()
    }
}

fn application_json() -> Value {
    json!({
        "id": APPLICATION, "name": "Muster", "icon": null, "description": "", "bot_public": true, "bot_require_code_grant": false,
        "verify_key": "0".repeat(64), "flags": FLAGS, "bot": bot_user(), "owner": null, "team": null, "summary": "", "hook": true,
        "integration_types_config": {},
    })
}
