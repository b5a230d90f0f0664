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

/// Payloads at a time: about half a megabyte, which lies in a processor's cache as what a socket just gave does.
const BLOCK: usize = 512;

/// What a payload is, its guild, and its text.
type Payload = (Kind, u64, String);

/// A recording, read as Discord would send it on one shard.
struct Traffic {
    records: Records,
    sequence: u64,
}

impl Traffic {
    fn next(&mut self) -> Result<Option<Payload>, Box<dyn Error>> {
        let Some(Record { prefix, name, body }) = self.records.next(|_| true)? else { return Ok(None) };
        self.sequence += 1;
        let (name, body) = (std::str::from_utf8(name)?, std::str::from_utf8(body)?);
        let text = format!(r#"{{"t":"{name}","s":{},"op":0,"d":{body}}}"#, self.sequence);
        Ok(Some((prefix.kind, prefix.guild, text)))
    }

    /// Logs in, and switches levels on in every guild. Gives the first payload after the guilds.
    fn log_in(&mut self, pipeline: &mut Pipeline) -> Result<Option<Payload>, Box<dyn Error>> {
        self.sequence = 1;
        let ready = r#"{"t":"READY","s":1,"op":0,"d":{"session_id":"s","application":{"id":"1"}}}"#;
        pipeline.payload(0, ready, 0);
        while let Some((kind, guild, text)) = self.next()? {
            if kind != Kind::Guild {
                return Ok(Some((kind, guild, text)));
            }
            let levels = LevelSettings { enabled: true, ..LevelSettings::default() };
            pipeline.set_rules(Id::new(guild), Rules::of(GuildConfig { levels, ..GuildConfig::default() }));
            pipeline.payload(0, &text, 0);
        }
        Ok(None)
    }
}

/// `file` is what `muster-sim record` wrote. Only the pipeline's own time is counted, reports included.
pub fn run(file: &str) -> Result<Value, Box<dyn Error>> {
    let (_, records) = Records::open(Path::new(file))?;
    let mut traffic = Traffic { records, sequence: 0 };
    let mut pipeline = Pipeline::default();
    let mut next = traffic.log_in(&mut pipeline)?;
    pipeline.report(0, Extent { everything: true, whole: true });
    let (mut spent, mut since_report, mut now, mut messages) = (Duration::ZERO, Duration::ZERO, 0, 0);
    let mut block = Vec::with_capacity(BLOCK);
    while next.is_some() {
        block.clear();
        while let Some((kind, _, text)) = next.take() {
            messages += u64::from(kind == Kind::Message);
            block.push(text);
            next = traffic.next()?;
            if block.len() == BLOCK {
                break;
            }
        }
        let began = Instant::now();
        for payload in &block {
            now += 1;
            pipeline.payload(0, payload, now);
        }
        if pipeline.is_full() || since_report >= REPORT_EVERY {
            pipeline.report(now, Extent::default());
            since_report = Duration::ZERO;
        }
        spent += began.elapsed();
        since_report += began.elapsed();
    }
    let began = Instant::now();
    pipeline.report(now, Extent { everything: true, whole: false });
    spent += began.elapsed();
    let counters = pipeline.counters();
    if counters.unreadable > 0 || counters.decided == 0 {
        return Err(format!("the recording was not understood: {counters:?}").into());
    }
    // Bots' messages are in it: they have to be read, too.
    Ok(json!({ "payloads": now, "messages": messages, "decided": counters.decided, "seconds": spent.as_secs_f64() }))
}
