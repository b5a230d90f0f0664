//! Purpose: the program: reads its flags, starts the sidecar, and stops it on SIGTERM and SIGINT.

use clap::Parser;
use muster_gateway::{
    options::{Flags, LogForm},
    run::{self, Failure},
};
use std::{io::IsTerminal, process::ExitCode};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// `EX_CONFIG` of sysexits.h: starting again would not help before somebody changed something.
const EXIT_CONFIG: u8 = 78;

fn log(form: LogForm) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let is_terminal = std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(is_terminal).with_writer(std::io::stderr);
    match form {
        LogForm::Text => lines.init(),
        LogForm::Json => lines.json().init(),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let flags = Flags::parse();
    log(flags.log);
    let done = if flags.check { run::check(flags.listen).await } else { serve(flags).await };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(sentence)) => {
            eprintln!("muster-gateway: {sentence}");
            ExitCode::from(EXIT_CONFIG)
        }
    }
}

async fn serve(flags: Flags) -> Result<(), Failure> {
    let options = flags.options().map_err(Failure)?;
    let signals = |kind| signal(kind).map_err(|error| Failure(error.to_string()));
    let (mut terminate, mut interrupt) = (signals(SignalKind::terminate())?, signals(SignalKind::interrupt())?);
    let running = tokio::select! {
        running = run::start(options) => running?,
        _ = terminate.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
    };
    tracing::info!(listen = %running.address, shards = ?running.shared.held.shards, "started");
    let failed = tokio::select! {
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        failure = running.failed() => Some(failure),
    };
    running.stop().await;
    failed.map_or(Ok(()), Err)
}
