//! Purpose: send prepared requests over kept-alive connections, check every answer, and time the whole.

use crate::interactions::Prepared;
use crate::job::{Expect, Job};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

type Body = Full<bytes::Bytes>;

/// Kept examples of what went wrong; the count says how often.
const ERRORS_KEPT: usize = 5;

/// Whoever opens links.
const BROWSER: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36";

/// What one run came to.
#[derive(Serialize)]
pub struct Report {
    /// Requests whose answer was as expected.
    pub good: usize,
    pub bad: usize,
    /// The first few reasons for bad answers.
    pub errors: Vec<String>,
    /// From the first request sent to the last answer read.
    pub seconds: f64,
    pub requests_per_s: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

#[derive(Default)]
struct Tally {
    latencies: Vec<Duration>,
    bad: usize,
    errors: Vec<String>,
}

impl Tally {
    fn fail(&mut self, reason: String) {
        self.bad += 1;
        if self.errors.len() < ERRORS_KEPT {
            self.errors.push(reason);
        }
    }
}

/// Sends every request once, at most `job.concurrency` at a time.
pub async fn run(job: &Job, requests: Vec<Prepared>) -> Result<Report, String> {
    let total = requests.len();
    let queue = Rc::new(RefCell::new(requests.into_iter()));
    let tally = Rc::new(RefCell::new(Tally::default()));
    let tasks = LocalSet::new();

    let mut connections = Vec::new();
    for _ in 0..job.concurrency.min(total) {
        connections.push(tasks.run_until(connect(job.port)).await?);
    }

    let job_shared = Rc::new((job.path.clone(), job.port, job.expect.clone()));
    let started = Instant::now();
    for connection in connections {
        tasks.spawn_local(drain(connection, queue.clone(), tally.clone(), job_shared.clone()));
    }
    tokio::time::timeout(Duration::from_secs(job.timeout_seconds), tasks)
        .await
        .map_err(|_| format!("not done after {} s", job.timeout_seconds))?;
    let seconds = started.elapsed().as_secs_f64();

    let mut tally = tally.borrow_mut();
    let unsent = total - tally.latencies.len() - tally.bad;
    if unsent > 0 {
        tally.bad += unsent;
        tally.errors.push(format!("{unsent} requests were never sent"));
    }
    tally.latencies.sort_unstable();
    Ok(Report {
        good: tally.latencies.len(),
        bad: tally.bad,
        errors: std::mem::take(&mut tally.errors),
        seconds,
        requests_per_s: tally.latencies.len() as f64 / seconds,
        p50_ms: percentile_ms(&tally.latencies, 0.50),
        p99_ms: percentile_ms(&tally.latencies, 0.99),
    })
}

fn percentile_ms(sorted: &[Duration], part: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let index = (last as f64 * part).round() as usize;
    sorted.get(index).map_or(0.0, |d| d.as_secs_f64() * 1_000.0)
}

async fn connect(port: u16) -> Result<SendRequest<Body>, String> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.map_err(|e| format!("connect to port {port}: {e}"))?;
    stream.set_nodelay(true).map_err(|e| format!("nodelay: {e}"))?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|e| format!("handshake: {e}"))?;
    // The connection's own errors reach the sender as a failed request.
    tokio::task::spawn_local(async move {
        let _ = connection.await;
    });
    Ok(sender)
}

/// One connection takes requests off the shared queue until it is empty; a broken connection is replaced once per failure.
async fn drain(
    mut connection: SendRequest<Body>,
    queue: Rc<RefCell<std::vec::IntoIter<Prepared>>>,
    tally: Rc<RefCell<Tally>>,
    target: Rc<(String, u16, Expect)>,
) {
    let (path, port, expect) = &*target;
    loop {
        let Some(prepared) = queue.borrow_mut().next() else {
            return;
        };
        let sent = Instant::now();
        let outcome = exchange(&mut connection, path, *port, prepared, expect).await;
        let latency = sent.elapsed();
        match outcome {
            Ok(()) => tally.borrow_mut().latencies.push(latency),
            Err(reason) => tally.borrow_mut().fail(reason),
        }
        if connection.is_closed() {
            match connect(*port).await {
                Ok(fresh) => connection = fresh,
                Err(_) => return,
            }
        }
    }
}

async fn exchange(
    connection: &mut SendRequest<Body>,
    path: &str,
    port: u16,
    prepared: Prepared,
    expect: &Expect,
) -> Result<(), String> {
    let request = match &prepared.visitor {
        Some((address, path)) => Request::get(path).header("user-agent", BROWSER).header("cf-connecting-ip", address),
        None => Request::post(path)
            .header("user-agent", "Discord-Interactions/1.0 (+https://discord.com)")
            .header("content-type", "application/json")
            .header("x-signature-ed25519", prepared.signature)
            .header("x-signature-timestamp", prepared.timestamp),
    };
    let request = request
        .header("host", format!("127.0.0.1:{port}"))
        .body(Full::new(prepared.body))
        .map_err(|e| format!("request: {e}"))?;
    connection.ready().await.map_err(|e| format!("ready: {e}"))?;
    let response = connection.send_request(request).await.map_err(|e| format!("send: {e}"))?;
    let status = response.status();
    let body = response.into_body().collect().await.map_err(|e| format!("body: {e}"))?.to_bytes();
    judge(status, &body, expect)
}

fn judge(status: StatusCode, body: &[u8], expect: &Expect) -> Result<(), String> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(rename = "type")]
        kind: u8,
    }
    let shown = || String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned();
    if status.as_u16() != expect.status {
        return Err(format!("status {status}: {}", shown()));
    }
    if let Some(kind) = expect.response_type {
        let answer: Answer =
            serde_json::from_slice(body).map_err(|e| format!("answer is no JSON ({e}): {}", shown()))?;
        if answer.kind != kind {
            return Err(format!("answer of type {}: {}", answer.kind, shown()));
        }
    }
    if let Some(text) = &expect.contains
        && !String::from_utf8_lossy(body).contains(text.as_str())
    {
        return Err(format!("answer lacks {text:?}: {}", shown()));
    }
    Ok(())
}
