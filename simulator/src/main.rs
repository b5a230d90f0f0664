//! Purpose: the program `muster-sim`: reads its options, serves the stand-in on loopback, keeps its state in a file if asked.

mod replay_command;

use std::{
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::ExitCode,
};

use axum::serve::ListenerExt;
use muster_sim::{
    Sim, SimOptions,
    openapi::OpenApi,
    server::{self, Shared},
};
use tokio::net::TcpListener;

const USAGE: &str = "muster-sim: a Discord stand-in on loopback

  record, replay            recorded traffic for measuring clients of the gateway: see --help of either
  --port N                  port to listen on (8788)
  --interactions-url URL    where the Worker takes interactions (http://127.0.0.1:8787/interactions)
  --state FILE              load the world from FILE at start if it is there, save it there at exit
  --no-demo                 start with an empty world instead of the demo guilds
  --no-rate-limits          send the rate limit headers, but stop nobody
  --seed N                  what keys and tokens are derived from (1)
  --print-env               print the Worker's settings as KEY=VALUE lines and exit
  --help                    this text";

/// Options of the command line.
struct Options {
    port: u16,
    interactions_url: String,
    state: Option<PathBuf>,
    demo: bool,
    rate_limits: bool,
    seed: u64,
    print_env: bool,
}

/// What the command line asked for.
enum Asked {
    Run(Options),
    Help,
}

fn read_arguments(mut arguments: impl Iterator<Item = String>) -> Result<Asked, String> {
    let mut options = Options {
        port: 8788,
        interactions_url: "http://127.0.0.1:8787/interactions".into(),
        state: None,
        demo: true,
        rate_limits: true,
        seed: 1,
        print_env: false,
    };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} wants a value"));
        match argument.as_str() {
            "--port" => options.port = value()?.parse().map_err(|_| "--port wants a number up to 65535".to_owned())?,
            "--interactions-url" => options.interactions_url = value()?,
            "--state" => options.state = Some(value()?.into()),
            "--seed" => options.seed = value()?.parse().map_err(|_| "--seed wants a number".to_owned())?,
            "--no-demo" => options.demo = false,
            "--no-rate-limits" => options.rate_limits = false,
            "--print-env" => options.print_env = true,
            "--help" | "-h" => return Ok(Asked::Help),
            other => return Err(format!("unknown option {other}")),
        }
    }
    Ok(Asked::Run(options))
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).peekable();
    if let Some(command) = arguments.next_if(|first| first == "record" || first == "replay") {
        return replay_command::run(&command, arguments).await;
    }
    let options = match read_arguments(arguments) {
        Ok(Asked::Run(options)) => options,
        Ok(Asked::Help) => {
            say(USAGE);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("muster-sim: {error}\n\n{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    match run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("muster-sim: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes a line to standard output; whoever closed it does not want to read it.
fn say(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

async fn run(options: Options) -> Result<(), String> {
    let base_url = format!("http://127.0.0.1:{}", options.port);
    let sim_options = SimOptions { seed: options.seed, base_url: base_url.clone(), ..SimOptions::default() };
    let sim = Sim::new(sim_options.clone());
    if options.print_env {
        print_env(&sim, &sim_options);
        return Ok(());
    }
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    let listener = TcpListener::bind(address).await.map_err(|error| format!("cannot listen on {address}: {error}"))?;
    // The gateway sends small payloads one after the other; a socket that gathers them delays each by 40 ms.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let state = Shared::new(sim, &options.interactions_url).map_err(|error| error.to_string())?;
    prepare(&state, &options)?;
    say(&format!(
        "muster-sim: playground {base_url}/  REST {base_url}/api/v10  control {base_url}/sim  interactions to {}",
        options.interactions_url
    ));
    say("ready");
    let app = server::router(state.clone());
    // Event streams never end by themselves, so the server is left where it stands.
    tokio::select! {
        ended = axum::serve(listener, app) => ended.map_err(|error| error.to_string())?,
        () = asked_to_stop() => {}
    }
    match &options.state {
        Some(path) => save(path, &state),
        None => Ok(()),
    }
}

fn print_env(sim: &Sim, options: &SimOptions) {
    for (key, value) in [
        ("DISCORD_APPLICATION_ID", sim.application_id()),
        ("DISCORD_PUBLIC_KEY", sim.public_key()),
        ("DISCORD_TOKEN", sim.bot_token().to_owned()),
        ("DISCORD_CLIENT_SECRET", options.client_secret.clone()),
        ("DISCORD_API", format!("{}/api/v10", options.base_url)),
        ("DISCORD_WEB", options.base_url.clone()),
        ("DISCORD_CDN", format!("{}/cdn", options.base_url)),
    ] {
        say(&format!("{key}={value}"));
    }
    for (key, value) in Sim::social_env(&options.base_url) {
        say(&format!("{key}={value}"));
    }
}

fn prepare(state: &server::State, options: &Options) -> Result<(), String> {
    let document = OpenApi::find();
    state.with(|sim| {
        sim.enforce_rate_limits(options.rate_limits);
        match document {
            Ok(document) => sim.check_openapi(document),
            Err(why) => eprintln!("muster-sim: bodies are not checked against Discord's OpenAPI description: {why}"),
        }
        if options.demo {
            sim.seed_demo();
        }
    });
    let Some(path) = options.state.as_deref().filter(|path| path.exists()) else {
        return Ok(());
    };
    let text = std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let dump = serde_json::from_slice(&text).map_err(|error| format!("{} is no dump: {error}", path.display()))?;
    state.with(|sim| sim.load(dump)).map_err(|error| format!("{}: {error}", path.display()))
}

/// Writes beside the file and renames, so that a crash never leaves half a world.
fn save(path: &Path, state: &server::State) -> Result<(), String> {
    let dump = state.with(|sim| sim.dump()).to_string();
    let beside = path.with_extension("new");
    std::fs::write(&beside, dump)
        .and_then(|()| std::fs::rename(&beside, path))
        .map_err(|error| format!("cannot save {}: {error}", path.display()))
}

/// Ctrl-C or a polite kill.
async fn asked_to_stop() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _ = interrupted.await;
}
