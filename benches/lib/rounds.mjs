// Purpose: run sides against each other fairly: warmed up, interleaved, several rounds, medians.
//
// Rounds are short and many. What else the machine does changes over seconds, so a side is compared with what the others did
// in the same round, and the median of those ratios is the result: it is steadier than the ratio of two medians.

import { send } from "./load.mjs";

/**
 * `cases` is `[{ name, warmUp(side), job(side, round) }]`, both giving jobs for the load generator. In every round each side
 * runs each case once; another side begins every time, so that none always runs on a warmer machine or behind the same neighbour.
 * A side's `settle()`, where it has one, waits until everything that its answers left to do is done.
 * Gives `{ [case]: { [side]: [{ requests_per_s, p50_ms, p99_ms, cpu_us_per_request }] } }`, one sample per round.
 */
export async function compare(sides, cases, rounds, say) {
  for (const side of sides) {
    for (const one of cases) await attempt(side, one, one.warmUp(side));
  }
  const samples = {};
  for (let round = 0; round < rounds; round++) {
    const first = round % sides.length;
    const order = [...sides.slice(first), ...sides.slice(0, first)];
    if (Math.floor(round / sides.length) % 2 === 1) order.reverse();
    for (const one of cases) {
      for (const side of order) {
        const sample = await attempt(side, one, one.job(side, round));
        ((samples[one.name] ??= {})[side.name] ??= []).push(sample);
      }
    }
    say(`round ${round + 1} of ${rounds}`);
  }
  return samples;
}

/**
 * The samples of several starts together: the same Worker is not equally fast in every process. `measure(start)` starts all sides, gives what
 * `compare` does, and stops them.
 */
export async function overStarts(starts, measure, say) {
  const samples = {};
  for (let start = 0; start < starts; start++) {
    say(`start ${start + 1} of ${starts}`);
    for (const [name, sides] of Object.entries(await measure(start))) {
      for (const [side, rounds] of Object.entries(sides)) ((samples[name] ??= {})[side] ??= []).push(...rounds);
    }
  }
  return samples;
}

async function attempt(side, one, job) {
  const before = side.cpuMicros();
  const report = await send(side.port, job).catch((error) => {
    throw new Error(`${side.name}, ${one.name}: ${error.message}`);
  });
  // What is done after the answers is part of the price.
  await side.settle?.();
  const after = side.cpuMicros();
  const sample = { requests_per_s: report.requests_per_s, p50_ms: report.p50_ms, p99_ms: report.p99_ms };
  if (before === null || after === null) return sample;
  return { ...sample, cpu_us_per_request: (after - before) / (job.requests + (job.redeliver ?? 0)) };
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
