// Purpose: how long a whole draw takes natively over 1,000, 10,000 and 100,000 weighted entrants.

import { execFileSync } from "node:child_process";
import { buildNative, DRAW } from "../lib/build.mjs";
import { result } from "../lib/report.mjs";
import { median } from "../lib/rounds.mjs";

/** A draw of the largest size runs inside one Worker call: past this it would be felt, and near a free plan's CPU limit. */
const MOST_MS = { 100000: 150 };

export async function run() {
  buildNative("muster-bench-draw");
  const sizes = JSON.parse(execFileSync(DRAW, { encoding: "utf8" }));
  const samples = {};
  for (const { entrants, milliseconds } of sizes) {
    const value = median(milliseconds);
    const most = MOST_MS[entrants];
    if (most !== undefined && value > most) throw new Error(`a draw over ${entrants} entrants took ${value.toFixed(1)} ms, more than ${most}`);
    samples[`${entrants} entrants`] = { muster: milliseconds.map((draw_ms) => ({ draw_ms })) };
  }
  return result("draw", samples);
}
