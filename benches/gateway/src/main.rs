//! Purpose: the two natively measured sides beside the sidecar: a twilight loop that only counts, and the sidecar's rules alone on
//! recorded payloads, without network.
//!
//! `bare GATEWAY-URL MESSAGES` counts as it comes; `bare-parsed` has twilight parse each event first. Both print one JSON line when they
//! have counted so many messages. `pipeline FILE` prints messages per second of one thread.

mod bare;
mod pipeline;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["bare", url, messages] => bare::run(url, messages, false),
        ["bare-parsed", url, messages] => bare::run(url, messages, true),
        ["pipeline", file] => pipeline::run(file),
        _ => Err("usage: muster-bench-gateway bare|bare-parsed URL MESSAGES, or pipeline FILE".into()),
    };
    match done {
        Ok(line) => {
            println!("{line}");
            // Whoever started it reads what it used before ending it.
            if args.first().is_some_and(|first| first.starts_with("bare")) {
                loop {
                    std::thread::park();
                }
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
