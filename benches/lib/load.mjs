// Purpose: call the load generator (`benches/load`) and refuse a run in which any answer was wrong.

import { execFileSync, spawn } from "node:child_process";
import { LOAD } from "./build.mjs";

/** What the generator calls itself in every interaction; a Worker is configured with it. */
export const APPLICATION_ID = "1100000000000000001";

/** The hex key a Worker must trust to accept the generator. */
export function publicKey() {
  return execFileSync(LOAD, ["public-key"], { encoding: "utf8" }).trim();
}

/** The prepared requests of a job, signed now: `[{timestamp, signature, body}]`. */
export async function sample(job) {
  return JSON.parse(await call(["sample"], { port: 0, ...job }));
}

/**
 * Sends a job to a port and gives the generator's report (see `Report` in `benches/load/src/drive.rs`).
 * Throws when a single answer was not what the job expects: a fast wrong answer is no result.
 */
export async function send(port, job) {
  const report = JSON.parse(await call([], { port, ...job }));
  for (const part of [report, report.redelivered]) {
    if (part?.bad) throw new Error(`${part.bad} of ${part.bad + part.good} answers were wrong: ${part.errors.join(" | ")}`);
  }
  return report;
}

function call(args, job) {
  return new Promise((resolve, reject) => {
    const child = spawn(LOAD, args, { stdio: ["pipe", "pipe", "inherit"] });
    let out = "";
    child.stdout.on("data", (chunk) => (out += chunk));
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve(out) : reject(new Error(`the load generator ended with ${code}`))));
    child.stdin.end(JSON.stringify(job));
  });
}
