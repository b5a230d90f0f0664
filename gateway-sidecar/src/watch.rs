//! Purpose: what is served on loopback: Prometheus metrics and `/healthz`.

use crate::{
    run::Shared,
    status::{Delivery, Standing, Table},
};
use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use serde_json::{Value, json};
use std::{fmt::Write, sync::Arc};

pub fn router(shared: Arc<Shared>) -> Router {
    Router::new().route("/healthz", get(healthz)).route("/metrics", get(metrics)).with_state(shared)
}

async fn healthz(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let table = shared.status_now();
    let status = if table.fatal.is_some() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (status, Json(health(&table, shared.clock.now())))
}

fn health(table: &Table, now: i64) -> Value {
    let problems = table.problems();
    let status = match () {
        () if table.fatal.is_some() => "down",
        () if !problems.is_empty() => "attention",
        () if !table.is_connected() => "connecting",
        () => "ok",
    };
    json!({
        "status": status,
        "problems": problems,
        "shards": table.shards,
        "intents": table.intents,
        "guilds": table.guilds,
        "configs": table.configs,
        "spool": {
            "batches": table.spool.batches,
            "bytes": table.spool.bytes,
            "fraction": table.spool.fraction(),
            "oldest_ms": oldest_ms(table, now),
        },
        "delivery": match &table.delivery {
            Delivery::Unknown => "unknown",
            Delivery::Fine => "fine",
            Delivery::Silent(_) => "silent",
            Delivery::Refused(_) => "refused",
        },
        "identify_left": table.identify_left,
        "clock_offset_ms": table.clock_offset_ms,
    })
}

fn oldest_ms(table: &Table, now: i64) -> i64 {
    table.spool.oldest_at.map_or(0, |at| now.saturating_sub(at).max(0))
}

async fn metrics(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let text = exposition(&shared.status_now(), shared.clock.now());
    ([("content-type", "text/plain; version=0.0.4")], text)
}

/// Prometheus' text format.
fn exposition(table: &Table, now: i64) -> String {
    let mut text = String::new();
    let counters = table.counters;
    let silent = f64::from(u8::from(!matches!(table.delivery, Delivery::Fine | Delivery::Unknown)));
    let spent = f64::from(u8::from(table.identify_spent));
    // Counts stay below 2^52.
    let values: [(&str, &str, &str, f64); 22] = [
        ("payloads_total", "counter", "Gateway payloads received.", counters.payloads as f64),
        ("payloads_per_second", "gauge", "Gateway payloads per second over the last flush.", table.rate),
        (
            "messages_decided_total",
            "counter",
            "Messages that the rules of levels were asked about.",
            counters.decided as f64,
        ),
        ("messages_earned_total", "counter", "Messages that earned experience.", counters.earned as f64),
        ("payloads_unreadable_total", "counter", "Payloads that could not be read.", counters.unreadable as f64),
        ("events_dropped_total", "counter", "Events that found no room to wait for a report.", counters.dropped as f64),
        ("guilds", "gauge", "Guilds known.", table.guilds as f64),
        ("members_remembered", "gauge", "Members whose last messages are remembered.", table.members as f64),
        ("batches_taken_total", "counter", "Batches that the Worker took.", table.batches_taken as f64),
        ("batches_refused_total", "counter", "Times that the Worker refused a batch.", table.batches_refused as f64),
        (
            "batches_dropped_total",
            "counter",
            "Batches given up because the spool was full.",
            table.spool.dropped as f64,
        ),
        ("events_refused_total", "counter", "Events that the Worker did not understand.", table.events_refused as f64),
        ("answers_total", "counter", "Answers of the Worker.", table.answers as f64),
        ("delivery_trouble", "gauge", "1 while the Worker does not answer or refuses.", silent),
        ("spool_batches", "gauge", "Batches that wait for the Worker.", table.spool.batches as f64),
        ("spool_bytes", "gauge", "Bytes of batches that wait for the Worker.", table.spool.bytes as f64),
        ("spool_fraction", "gauge", "How full the spool is; the alarm is at 0.8.", table.spool.fraction()),
        (
            "spool_oldest_seconds",
            "gauge",
            "Age of the oldest batch that waits.",
            oldest_ms(table, now) as f64 / 1_000.0,
        ),
        ("identify_left", "gauge", "Logins left of this machine's budget of 24 hours.", f64::from(table.identify_left)),
        ("identify_spent", "gauge", "1 while a login is held back because the budget is used up.", spent),
        ("intents_off", "gauge", "Privileged intents that Discord refused.", table.intents_off.len() as f64),
        (
            "clock_offset_seconds",
            "gauge",
            "How far the Worker's clock is ahead.",
            table.clock_offset_ms as f64 / 1_000.0,
        ),
    ];
    for (name, kind, help, value) in values {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "# HELP muster_gateway_{name} {help}\n# TYPE muster_gateway_{name} {kind}\nmuster_gateway_{name} {value}\n"
        );
    }
    shards(&mut text, table);
    text
}

fn shards(text: &mut String, table: &Table) {
    let _ = text.write_str("# HELP muster_gateway_shard_connected 1 while the shard is logged in.\n# TYPE muster_gateway_shard_connected gauge\n");
    for (number, shard) in &table.shards {
        let connected = u8::from(shard.state == Standing::Connected);
        let _ = writeln!(text, "muster_gateway_shard_connected{{shard=\"{number}\"}} {connected}");
    }
    let _ = text.write_str(
        "# HELP muster_gateway_shard_sequence Last sequence number.\n# TYPE muster_gateway_shard_sequence gauge\n",
    );
    for (number, shard) in &table.shards {
        let _ = writeln!(text, "muster_gateway_shard_sequence{{shard=\"{number}\"}} {}", shard.sequence);
    }
    let _ = text.write_str("# HELP muster_gateway_shard_latency_seconds Time until Discord acknowledged the last heartbeat.\n# TYPE muster_gateway_shard_latency_seconds gauge\n");
    for (number, shard) in &table.shards {
        if let Some(latency) = shard.latency_ms {
            let _ = writeln!(
                text,
                "muster_gateway_shard_latency_seconds{{shard=\"{number}\"}} {}",
                latency as f64 / 1_000.0
            );
        }
    }
    let _ = text.write_str("# HELP muster_gateway_shard_reconnects_total Connections that ended.\n# TYPE muster_gateway_shard_reconnects_total counter\n");
    for (number, shard) in &table.shards {
        let _ = writeln!(text, "muster_gateway_shard_reconnects_total{{shard=\"{number}\"}} {}", shard.reconnects);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::ShardStatus;

    #[test]
    fn what_a_watcher_sees() {
        let mut table = Table::default();
        table
            .shards
            .insert(0, ShardStatus { state: Standing::Connected, sequence: 7, latency_ms: Some(40), reconnects: 1 });
        table.delivery = Delivery::Fine;
        assert_eq!(health(&table, 0)["status"], "ok");
        table.delivery = Delivery::Refused("the signature does not fit".into());
        let shown = health(&table, 0);
        assert_eq!(shown["status"], "attention");
        assert!(shown["problems"][0].as_str().unwrap().contains("the signature does not fit"));
        let text = exposition(&table, 0);
        assert!(text.contains("muster_gateway_shard_sequence{shard=\"0\"} 7\n"), "{text}");
        assert!(text.contains("muster_gateway_delivery_trouble 1\n"), "{text}");
    }
}
