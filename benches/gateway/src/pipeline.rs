//! Purpose: the sidecar's rules alone: recorded payloads from memory through the pipeline, reports taken as they fall due, one thread.

use muster_core::{guild_config::GuildConfig, xp::LevelSettings};
use muster_gateway::pipeline::{Extent, Pipeline, Rules};
use muster_sim::replay::file::{Kind, Record, Records};
use serde_json::{Value, json};
use std::{
    error::Error,
    path::Path,
    time::{Duration, Instant},
};
use twilight_model::id::Id;

/// As the sidecar is set up: a report every five seconds.
const REPORT_EVERY: Duration = Duration::from_secs(5);

/// A recording as Discord would send it on one shard.
#[derive(Default)]
struct Traffic {
    payloads: Vec<String>,
    messages: usize,
}

impl Traffic {
    fn push(&mut self, name: &str, body: &str) -> String {
        let text = format!(r#"{{"t":"{name}","s":{},"op":0,"d":{body}}}"#, self.payloads.len() + 1);
        self.payloads.push(text.clone());
        text
    }
}

/// Logs in, and switches levels on in every guild. Gives everything that comes after the guilds.
fn load(file: &str, pipeline: &mut Pipeline) -> Result<Traffic, Box<dyn Error>> {
    let (_, mut records) = Records::open(Path::new(file))?;
    let mut traffic = Traffic::default();
    pipeline.payload(0, &traffic.push("READY", r#"{"session_id":"s","application":{"id":"1"}}"#), 0);
    let mut before = traffic.payloads.len();
    while let Some(Record { prefix, name, body }) = records.next(|_| true)? {
        let text = traffic.push(std::str::from_utf8(name)?, std::str::from_utf8(body)?);
        match prefix.kind {
            Kind::Guild => {
                let levels = LevelSettings { enabled: true, ..LevelSettings::default() };
                pipeline.set_rules(Id::new(prefix.guild), Rules::of(GuildConfig { levels, ..GuildConfig::default() }));
                pipeline.payload(0, &text, 0);
                before = traffic.payloads.len();
            }
            Kind::Message => traffic.messages += 1,
            Kind::Other | Kind::End => {}
        }
    }
    traffic.payloads.drain(..before);
    Ok(traffic)
}

/// `file` is what `muster-sim record` wrote.
pub fn run(file: &str) -> Result<Value, Box<dyn Error>> {
    let mut pipeline = Pipeline::default();
    let Traffic { payloads, messages } = load(file, &mut pipeline)?;
    pipeline.report(0, Extent { everything: true, whole: true });
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
    let counters = pipeline.counters();
    if counters.unreadable > 0 || counters.decided == 0 {
        return Err(format!("the recording was not understood: {counters:?}").into());
    }
    // Bots' messages are in it: they have to be read, too.
    Ok(json!({ "payloads": payloads.len(), "messages": messages, "decided": counters.decided, "seconds": seconds }))
}
