// Purpose: turn samples into the rows and ratios of a bench, and print them for people or programs.

import { median } from "./rounds.mjs";

const UNITS = {
  requests_per_s: "1/s",
  entries_per_s: "1/s",
  p50_ms: "ms",
  p99_ms: "ms",
  cpu_us_per_request: "µs",
  cpu_us_per_message: "µs",
  messages_per_s: "1/s",
  peak_mib: "MiB",
  draw_ms: "ms",
  answer_ms: "ms",
  cold_start_ms: "ms",
  ready_ms: "ms",
  startup_cpu_ms: "ms",
  size_gzip_kib: "KiB",
};

const MUSTER = "muster";

/**
 * Rows and ratios out of `{ [case]: { [side]: [{ [metric]: number }] } }`, one sample per round. A row is the median over the
 * rounds; a ratio is the median of Muster's sample over the peer's of the same round.
 */
export function result(bench, samples) {
  const rows = [];
  const ratios = [];
  for (const [name, perSide] of Object.entries(samples)) {
    for (const [side, rounds] of Object.entries(perSide)) {
      for (const metric of Object.keys(rounds[0])) {
        rows.push({ case: name, side, metric, value: digits(median(rounds.map((sample) => sample[metric]))), unit: UNITS[metric] });
        const own = perSide[MUSTER];
        if (side === MUSTER || !own) continue;
        const paired = rounds.map((sample, round) => own[round][metric] / sample[metric]);
        ratios.push({ case: name, against: side, metric, muster_over_peer: digits(median(paired)) });
      }
    }
  }
  return { bench, rows, ratios };
}

/** Three digits after the point are more than a bench can tell apart. */
function digits(value) {
  return Math.round(value * 1000) / 1000;
}

/** A table: one line per case and side, one column per metric, with Muster's ratio to that side in brackets. */
export function table({ bench, rows, ratios }) {
  const metrics = [...new Set(rows.map((row) => row.metric))];
  const lines = [["case", "side", ...metrics.map((metric) => `${metric} (${rows.find((row) => row.metric === metric).unit})`)]];
  for (const key of new Set(rows.map((row) => `${row.case}\n${row.side}`))) {
    const [name, side] = key.split("\n");
    const cells = metrics.map((metric) => {
      const row = rows.find((r) => r.case === name && r.side === side && r.metric === metric);
      const ratio = ratios.find((r) => r.case === name && r.against === side && r.metric === metric);
      if (!row) return "";
      return `${show(row.value)}${ratio ? ` (muster x${ratio.muster_over_peer.toFixed(2)})` : ""}`;
    });
    lines.push([name, side, ...cells]);
  }
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const text = lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd());
  return [`== ${bench}`, ...text, ""].join("\n");
}

function show(value) {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}
