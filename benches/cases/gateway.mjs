// Purpose: what holding Discord's gateway costs: the sidecar beside discord.js and a twilight loop that only counts, on the same
// recorded traffic, and the sidecar's rules alone.
//
// Every side is one process on one connection to `muster-sim replay`, which sends as fast as the side reads. CPU is counted from
// the first event after the guilds to the last one handled, the sidecar's reports to a Worker included; memory is the peak of the whole run.

import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import zlib from "node:zlib";
import { freePorts, pause, until } from "../../scripts/lib/processes.mjs";
import { ROOT, buildNative, nativePath } from "../lib/build.mjs";
import { result } from "../lib/report.mjs";

const GUILDS = 2_500;
const MEMBERS = 500_000;
const MESSAGES = 500_000;
const ROUNDS = 3;
/** Clock ticks of /proc are a hundredth of a second (getconf CLK_TCK) on every Linux in use. */
const TICKS_PER_S = 100;
const CONFIGS_MAX = 500;

/** CPU seconds of a process so far, and its peak memory in MiB. */
function used(pid) {
  // The name in brackets may hold anything; what follows it does not.
  const fields = fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").pop().split(" ");
  const peak = /VmHWM:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))[1];
  return { cpu: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S, memory: Number(peak) / 1024 };
}

/** Guild ids of a recording; its form is described in simulator/src/replay/file.rs. */
function guildsOf(file) {
  const bytes = fs.readFileSync(file);
  const ids = [];
  for (let at = bytes.indexOf(10) + 1; bytes[at + 16] === 0; at += 18 + bytes.readUInt32LE(at)) ids.push(bytes.readBigUInt64LE(at + 4).toString());
  return ids;
}

/** A Worker's end of the wire: levels are on everywhere, every batch is taken. Counts the messages that were reported. */
async function worker(guilds) {
  const counted = { messages: 0 };
  const settings = { levels: { enabled: true } };
  const server = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const batch = JSON.parse(zlib.gunzipSync(Buffer.concat(chunks)));
    for (const event of batch.events) for (const member of event.members ?? []) counted.messages += member.messages ?? 0;
    const configs = guilds.slice(batch.configs_since, batch.configs_since + CONFIGS_MAX).map((guild) => ({ guild, version: 1, settings }));
    response.end(JSON.stringify({ version: 1, taken: batch.number, configs, configs_until: batch.configs_since + configs.length, now: Date.now() }));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, counted, close: () => server.close() };
}

/** A process of this bench with what it printed. Ended by whoever started it. */
function begin(program, args, env = {}) {
  const child = spawn(program, args, { cwd: ROOT, env: { ...process.env, DISCORD_TOKEN: "bench", ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const said = { out: "", err: "" };
  child.stdout.on("data", (data) => (said.out += data));
  child.stderr.on("data", (data) => (said.err = (said.err + data).slice(-4_000)));
  const ended = new Promise((resolve) => child.on("exit", resolve));
  return { pid: child.pid, said, stop: async () => (child.kill("SIGTERM"), ended), isRunning: () => child.exitCode === null };
}

/** One side's way through the recording. `start` gives `{ process, isDone, stop? }`. */
async function ride(recording, start) {
  const [port] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const replay = begin(nativePath("muster-sim"), ["replay", "--file", recording, "--port", `${port}`, "--hold"]);
  const state = async () => (await fetch(`${url}/replay/state`)).json();
  await until("the replay to listen", async () => (await state()) && true, { seconds: 60 });
  const side = await start({ api: `${url}/api/v10`, gateway: `ws://127.0.0.1:${port}` });
  /** `look`, until it is true or the side has ended. */
  const wait = async (what, seconds, look) => {
    await until(what, async () => !side.process.isRunning() || look(), { seconds, every: 100 });
    if (!side.process.isRunning()) throw new Error(`a side ended early:\n${side.process.said.err}`);
  };
  try {
    const connection = async () => (await state()).shards.find((one) => one.connected && one.guilds === GUILDS);
    await wait("the guilds to be sent", 120, async () => (await connection()) !== undefined);
    await settled(side.process.pid);
    const before = used(side.process.pid).cpu;
    await fetch(`${url}/replay/start`, { method: "POST" });
    await wait("everything to be handled", 300, side.isDone);
    const { cpu, memory } = used(side.process.pid);
    return { cpu_us_per_message: ((cpu - before) * 1e6) / MESSAGES, peak_mib: memory };
  } finally {
    await side.process.stop();
    await side.stop?.();
    await replay.stop();
  }
}

/** Waits until a process has nothing to do any more. */
async function settled(pid) {
  for (let last = -1, now = used(pid).cpu; now !== last; now = used(pid).cpu) {
    last = now;
    await pause(500);
  }
}

function sidecar(guilds) {
  return async ({ api, gateway }) => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "muster-bench-"));
    const end = await worker(guilds);
    const [port] = await freePorts(1);
    const args = ["--worker-url", end.url, "--discord-api", api, "--gateway-url", gateway, "--state-dir", `${dir}/0`, "--shards", "1", "--listen", `127.0.0.1:${port}`];
    const process = begin(nativePath("muster-gateway"), args, { GATEWAY_KEY: `bench:${"ab".repeat(32)}` });
    const decided = async () => Number(/messages_decided_total (\d+)/.exec(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text())[1]);
    let last = 0;
    const isDone = async () => {
      // People's messages that were decided have all been reported, and no more come.
      const now = await decided().catch(() => 0);
      const stands = now > 0 && now === last && end.counted.messages === now;
      last = now;
      return stands;
    };
    const stop = () => (end.close(), fs.rmSync(dir, { recursive: true, force: true }));
    return { process, isDone, stop };
  };
}

/** A side that prints a line when it has counted every message, the recording's end included. */
const counting = (program, args) => async (urls) => {
  const process = begin(program, args(urls));
  return { process, isDone: () => process.said.out.includes('"counted"') };
};

export async function run({ say }) {
  buildNative("muster-gateway", "muster-sim", "muster-bench-gateway");
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "muster-bench-"));
  const recording = path.join(dir, "traffic");
  const bench = nativePath("muster-bench-gateway");
  try {
    say(`recording ${MESSAGES} messages of ${GUILDS} guilds with ${MEMBERS} members`);
    execFileSync(nativePath("muster-sim"), ["record", "--file", recording, "--guilds", `${GUILDS}`, "--members", `${MEMBERS}`, "--messages", `${MESSAGES}`]);
    const guilds = guildsOf(recording);
    const all = `${MESSAGES + 1}`;
    const sides = {
      muster: sidecar(guilds),
      "discord.js": counting(process.execPath, ({ api }) => [path.join(ROOT, "benches/peers/gateway-discord-js.mjs"), api.replace(/\/v10$/, ""), all]),
      "twilight, counting events": counting(bench, ({ gateway }) => ["bare-parsed", gateway, all]),
      "twilight, counting texts": counting(bench, ({ gateway }) => ["bare", gateway, all]),
    };
    const samples = {};
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [side, start] of Object.entries(sides)) {
        const sample = await ride(recording, start);
        say(`${side}: ${sample.cpu_us_per_message.toFixed(2)} µs per message, ${sample.peak_mib.toFixed(0)} MiB`);
        (samples[side] ??= []).push(sample);
      }
    }
    const alone = Array.from({ length: ROUNDS }, () => {
      const { messages, seconds } = JSON.parse(execFileSync(bench, ["pipeline", recording], { encoding: "utf8" }));
      return { messages_per_s: messages / seconds };
    });
    return result("gateway", { "recorded traffic": samples, "rules alone, one core": { muster: alone } });
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
}
