//! Purpose: drive one Worker on loopback with signed Discord interactions and report what came back.
//!
//! A job is one JSON object on stdin (see [`job::Job`]); the report is one JSON line on stdout. Every request carries its own
//! interaction id, token and signature, all made before the clock starts, so the measured time is the Worker's and the socket's.
//! `muster-bench-load public-key` prints the hex key a Worker must trust to accept this generator, and
//! `muster-bench-load sample` the prepared requests of a job as JSON, for whoever wants to send them another way.
//! Comparing sides, rounds and medians is the runner's work (`benches/run.mjs`), not this program's.

mod drive;
mod interactions;
mod job;
mod signing;

use std::io::Read;
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let done = match std::env::args().nth(1).as_deref() {
        Some("public-key") => Ok(signing::public_key_hex()),
        Some("sample") => sample(),
        None => run().await,
        Some(other) => Err(format!("there is no {other:?}: public-key, sample, or a job on stdin")),
    };
    match done {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("muster-bench-load: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn read_job() -> Result<job::Job, String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|e| format!("stdin: {e}"))?;
    let job: job::Job = serde_json::from_str(&text).map_err(|e| format!("job: {e}"))?;
    job.check()?;
    Ok(job)
}

fn sample() -> Result<String, String> {
    let requests = interactions::prepare(&read_job()?);
    serde_json::to_string(&requests).map_err(|e| format!("sample: {e}"))
}

async fn run() -> Result<String, String> {
    let job = read_job()?;
    let requests = interactions::prepare(&job);
    let again: Vec<_> = requests.iter().take(job.redeliver).cloned().collect();
    let first = drive::run(&job, requests).await?;
    let redelivered = match again.len() {
        0 => None,
        _ => Some(drive::run(&job, again).await?),
    };
    let report = Report { first, redelivered };
    serde_json::to_string(&report).map_err(|e| format!("report: {e}"))
}

#[derive(serde::Serialize)]
struct Report {
    #[serde(flatten)]
    first: drive::Report,
    redelivered: Option<drive::Report>,
}
