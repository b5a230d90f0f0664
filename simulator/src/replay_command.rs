//! Purpose: `muster-sim record` and `muster-sim replay`: their options, and what they say.

use std::{path::PathBuf, process::ExitCode};

use muster_sim::replay::{Options, Parameters, Replay, record};

use crate::{asked_to_stop, say};

const RECORD: &str = "muster-sim record: writes a file of gateway traffic; equal options give equal files

  --file FILE           what to write (needed)
  --guilds N            guilds (2500)
  --members N           members of all guilds together (500000)
  --messages N          messages; about a quarter as many other events come besides (100000)
  --seed N              what everything is derived from (1)
  --per-second N        messages a second on average, as their timestamps tell it (100)
  --start-ms N          when it begins, in Unix milliseconds (1748865600000)";

const REPLAY: &str = "muster-sim replay: a gateway that sends a recording as fast as its clients read

  --file FILE           what `record` wrote (needed)
  --port N              port to listen on, on loopback (8789)
  --rate N              messages a second over all shards, instead of as fast as possible
  --hold                traffic waits for POST /replay/start; the guilds come at once
  --shards N            shards that GET /gateway/bot recommends (1)";

/// Runs the command of this name to its end.
pub(crate) async fn run(command: &str, arguments: impl Iterator<Item = String>) -> ExitCode {
    let mut arguments = arguments.peekable();
    let usage = if command == "record" { RECORD } else { REPLAY };
    if arguments.next_if(|first| first == "--help" || first == "-h").is_some() {
        say(usage);
        return ExitCode::SUCCESS;
    }
    let ended = match command {
        "record" => make(arguments),
        _ => serve(arguments).await,
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("muster-sim {command}: {error}\n\n{usage}");
            ExitCode::FAILURE
        }
    }
}

fn make(mut arguments: impl Iterator<Item = String>) -> Result<(), String> {
    let (mut file, mut wanted) = (None, Parameters::default());
    while let Some(argument) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{argument} wants a value"))?;
        if argument == "--file" {
            file = Some(PathBuf::from(value));
            continue;
        }
        let target = match argument.as_str() {
            "--guilds" => &mut wanted.guilds,
            "--members" => &mut wanted.members,
            "--messages" => &mut wanted.messages,
            "--seed" => &mut wanted.seed,
            "--per-second" => &mut wanted.per_second,
            "--start-ms" => &mut wanted.start_ms,
            other => return Err(format!("unknown option {other}")),
        };
        *target = number(&argument, &value)?;
    }
    let file = file.ok_or("--file is needed")?;
    let done = record(&file, &wanted).map_err(|error| format!("{}: {error}", file.display()))?;
    say(&format!("{}: {} events, {} MB", file.display(), done.events, done.bytes / 1_000_000));
    Ok(())
}

async fn serve(mut arguments: impl Iterator<Item = String>) -> Result<(), String> {
    let mut options = Options { file: PathBuf::new(), port: 8789, rate: None, hold: false, shards: 1 };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} wants a value"));
        match argument.as_str() {
            "--file" => options.file = value()?.into(),
            "--port" => options.port = value()?.parse().map_err(|_| "--port wants a number up to 65535".to_owned())?,
            "--rate" => options.rate = Some(number(&argument, &value()?)?.max(1)),
            "--shards" => options.shards = number(&argument, &value()?)?.max(1),
            "--hold" => options.hold = true,
            other => return Err(format!("unknown option {other}")),
        }
    }
    if options.file.as_os_str().is_empty() {
        return Err("--file is needed".into());
    }
    let name = options.file.display().to_string();
    let (replay, listener) = Replay::listen(options).await.map_err(|error| format!("{name}: {error}"))?;
    let address = replay.address();
    say(&format!("muster-sim replay: REST http://{address}/api/v10  state http://{address}/replay/state"));
    say("ready");
    tokio::select! {
        ended = replay.serve(listener) => ended.map_err(|error| error.to_string()),
        () = asked_to_stop() => Ok(()),
    }
}

fn number(argument: &str, value: &str) -> Result<u64, String> {
    value.parse().map_err(|_| format!("{argument} wants a number"))
}
