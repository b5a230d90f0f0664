// Purpose: what a Worker costs before and while it answers: cold start, upload size, processor time per request; and how long ./scripts/dev takes
// until somebody can play, on a new state and on one that was played before.
//
// A cold start is a fresh workerd process up to its first correct answer to a signed ping. The `empty` side has no bot in it:
// what remains above it is the Worker's own. Bindings with storage are left out here, as no side's ping uses them.

import { spawn } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import workerd from "workerd";
import { build, startStack } from "../../scripts/lib/stack.mjs";
import { bundlePeer } from "../lib/build.mjs";
import { ping } from "../lib/jobs.mjs";
import { sample } from "../lib/load.mjs";
import { musterOptions, peerOptions } from "../lib/muster.mjs";
import { result } from "../lib/report.mjs";
import { cpuMicros, freePort } from "../lib/workerd.mjs";
import { compareInteractions, startSides } from "./interactions.mjs";

const COLD_ROUNDS = 9;
const WARM_ROUNDS = 5;
const COLD_TIMEOUT_MS = 20_000;
const DEV_ROUNDS = 3;
const PEERS = ["discord-hono", "discord-interactions", "empty"];

export async function run({ rebuild, say }) {
  const muster = musterOptions({ rebuild });
  const sides = [{ name: "muster", ...muster }];
  for (const peer of PEERS) sides.push({ name: peer, ...peerOptions(muster, await bundlePeer(peer)) });

  const upload = Object.fromEntries(sides.map((side) => [side.name, [{ size_gzip_kib: gzipKib(side.modules) }]]));
  return result("startup", { cold: await coldStarts(sides, say), upload, ...(await processorTimes(say)), ...(await devStarts(say)) });
}

/** What ./scripts/dev does once everything is built. */
async function devStarts(say) {
  await build();
  const samples = { "dev, new": { muster: [] }, "dev, again": { muster: [] } };
  for (let round = 0; round < DEV_ROUNDS; round++) {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "muster-bench-"));
    for (const rounds of Object.values(samples)) {
      const started = performance.now();
      const stack = await startStack({ dir, sidecar: true });
      rounds.muster.push({ ready_ms: performance.now() - started });
      await stack.stop();
    }
    fs.rmSync(dir, { recursive: true });
    say(`start ${round + 1} of ${DEV_ROUNDS}`);
  }
  return samples;
}

async function processorTimes(say) {
  const sides = await startSides(false);
  try {
    const samples = await compareInteractions(sides, WARM_ROUNDS, say);
    const onlyCpu = (rounds) => rounds.map(({ cpu_us_per_request }) => ({ cpu_us_per_request }));
    const pick = (perSide) => Object.fromEntries(Object.entries(perSide).map(([side, rounds]) => [side, onlyCpu(rounds)]));
    return { ping: pick(samples.ping), command: pick(samples.command) };
  } finally {
    await Promise.all(sides.map((side) => side.stop()));
  }
}

async function coldStarts(sides, say) {
  const samples = Object.fromEntries(sides.map((side) => [side.name, []]));
  for (let round = 0; round < COLD_ROUNDS; round++) {
    for (const side of round % 2 ? [...sides].reverse() : sides) samples[side.name].push(await coldStart(side));
    say(`cold start ${round + 1} of ${COLD_ROUNDS}`);
  }
  return samples;
}

/** Milliseconds, and milliseconds of processor time, until a fresh process has answered its first ping. */
async function coldStart(side) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "muster-bench-"));
  const port = await freePort();
  fs.writeFileSync(path.join(directory, "config.capnp"), config(side, port, directory));
  const [request] = await sample(ping(1, 1));
  const started = performance.now();
  const child = spawn(workerd.default, ["serve", path.join(directory, "config.capnp")], { stdio: ["ignore", "ignore", "inherit"] });
  const ended = new Promise((resolve) => child.on("close", resolve));
  try {
    await firstPong(port, request, started, child);
    return { cold_start_ms: performance.now() - started, startup_cpu_ms: cpuMicros(child.pid) / 1000 };
  } finally {
    child.kill();
    await ended;
    fs.rmSync(directory, { recursive: true });
  }
}

async function firstPong(port, request, started, child) {
  for (;;) {
    if (child.exitCode !== null) throw new Error("workerd ended before it answered");
    if (performance.now() - started > COLD_TIMEOUT_MS) throw new Error(`no answer within ${COLD_TIMEOUT_MS} ms`);
    const answer = await post(port, request);
    // Nobody listens yet: try again at once, nothing else is to be done meanwhile.
    if (answer === null) continue;
    if (answer.status !== 200 || JSON.parse(answer.body).type !== 1) throw new Error(`no pong: ${answer.status} ${answer.body}`);
    return;
  }
}

/** Sends a prepared request and gives `{ status, body }`; null when the connection is refused. */
function post(port, { timestamp, signature, body }) {
  const headers = { "content-type": "application/json", "x-signature-ed25519": signature, "x-signature-timestamp": timestamp };
  return new Promise((resolve, reject) => {
    const request = http.request({ host: "127.0.0.1", port, path: "/interactions", method: "POST", headers, agent: false }, (response) => {
      let text = "";
      response.on("data", (chunk) => (text += chunk));
      response.on("end", () => resolve({ status: response.statusCode, body: text }));
      response.on("error", reject);
    });
    request.on("error", (error) => (error.code === "ECONNREFUSED" ? resolve(null) : reject(error)));
    request.end(body);
  });
}

/** workerd's own configuration language: one Worker, one socket. */
function config({ modules, bindings, compatibilityDate, compatibilityFlags = [] }, port, directory) {
  const parts = modules.map(({ type, path: name, contents }, index) => {
    const file = `module-${index}`;
    fs.writeFileSync(path.join(directory, file), contents);
    const kind = type === "CompiledWasm" ? "wasm" : "esModule";
    return `(name = ${quote(name.slice(1))}, ${kind} = embed ${quote(file)})`;
  });
  const texts = Object.entries(bindings).map(([name, value]) =>
    typeof value === "string" ? `(name = ${quote(name)}, text = ${quote(value)})` : `(name = ${quote(name)}, json = ${quote(JSON.stringify(value))})`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [${parts.join(", ")}],
  bindings = [${texts.join(", ")}],
  compatibilityDate = ${quote(compatibilityDate)},
  compatibilityFlags = [${compatibilityFlags.map(quote).join(", ")}],
);
`;
}

/** Cap'n Proto text takes JSON's escapes. */
function quote(text) {
  return JSON.stringify(text);
}

function gzipKib(modules) {
  const bytes = Buffer.concat(modules.map(({ contents }) => Buffer.from(contents)));
  return gzipSync(bytes).length / 1024;
}
