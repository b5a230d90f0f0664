//! Purpose: the sidecar's rules alone: recorded payloads from memory through the pipeline, reports taken as they fall due, one thread.

use muster_core::{guild_config::GuildConfig, xp::LevelSettings};
use muster_gateway::pipeline::{Extent, Pipeline, Rules};
use serde_json::{Value, json};
use std::{error::Error, fs, time::Instant};

/// As the sidecar is set up: a report every five seconds.
const REPORT_EVERY: std::time::Duration = std::time::Duration::from_secs(5);

/// `file`: one payload per line.
pub fn run(file: &str) -> Result<Value, Box<dyn Error>> {
    let text = fs::read_to_string(file)?;
    let payloads: Vec<&str> = text.lines().collect();
    let mut pipeline = Pipeline::default();
    for payload in payloads.iter().filter(|payload| payload.contains("\"t\":\"GUILD_CREATE\"")) {
        let guild: Value = serde_json::from_str(payload)?;
        let levels = LevelSettings { enabled: true, ..LevelSettings::default() };
        let rules = Rules::of(GuildConfig { levels, ..GuildConfig::default() });
        pipeline.set_rules(guild["d"]["id"].as_str().unwrap_or_default().parse()?, rules);
    }
    let began = Instant::now();
    let mut reported = began;
    let mut now = 0;
    for payload in &payloads {
        now += 1;
        pipeline.payload(0, payload, now);
        if pipeline.is_full() || (now % 1_024 == 0 && reported.elapsed() >= REPORT_EVERY) {
            pipeline.report(now, Extent::default());
            reported = Instant::now();
        }
    }
    pipeline.report(now, Extent { everything: true, whole: false });
    let seconds = began.elapsed().as_secs_f64();
    let decided = pipeline.counters().decided;
    Ok(
        json!({ "payloads": payloads.len(), "decided": decided, "seconds": seconds, "payloads_per_s": payloads.len() as f64 / seconds }),
    )
}
