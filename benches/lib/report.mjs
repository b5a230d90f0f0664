// Purpose: turn medians into the rows and ratios of a bench, and print them for people or programs.

const UNITS = {
  requests_per_s: "1/s",
  entries_per_s: "1/s",
  p50_ms: "ms",
  p99_ms: "ms",
  cpu_us_per_request: "µs",
  draw_ms: "ms",
  cold_start_ms: "ms",
  startup_cpu_ms: "ms",
  size_gzip_kib: "KiB",
};

const MUSTER = "muster";

/** Rows and ratios out of `{ [case]: { [side]: { [metric]: number } } }`. Every other side is compared with Muster. */
export function result(bench, values) {
  const rows = [];
  const ratios = [];
  for (const [name, perSide] of Object.entries(values)) {
    for (const [side, metrics] of Object.entries(perSide)) {
      for (const [metric, value] of Object.entries(metrics)) {
        rows.push({ case: name, side, metric, value: round(value), unit: UNITS[metric] });
        const own = perSide[MUSTER]?.[metric];
        if (side !== MUSTER && own !== undefined && value !== 0) {
          ratios.push({ case: name, against: side, metric, muster_over_peer: round(own / value) });
        }
      }
    }
  }
  return { bench, rows, ratios };
}

/** Three digits after the point are more than a bench can tell apart. */
function round(value) {
  return Math.round(value * 1000) / 1000;
}

/** A table: one line per case and side, one column per metric, with Muster's ratio to that side in brackets. */
export function table({ bench, rows, ratios }) {
  const metrics = [...new Set(rows.map((row) => row.metric))];
  const lines = [["case", "side", ...metrics.map((metric) => `${metric} (${UNITS[metric]})`)]];
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
