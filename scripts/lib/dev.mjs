// Purpose: behind scripts/dev: everything of Muster on this machine, with a playground; or the demo, playing by itself.

import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { ROOT, isFree } from "./processes.mjs";
import { playGiveaway } from "./demo.mjs";
import { build, startStack } from "./stack.mjs";

const KEPT = process.env.MUSTER_DEV_DIR ?? path.join(ROOT, ".dev");
const USAGE = `usage: ./scripts/dev [--fresh] [--facebook] [--port N] [--sim-port N]   a bot to play with, until Ctrl-C
       ./scripts/dev --demo                               plays one whole giveaway by itself

  --fresh       forgets what was played before (kept in .dev/)
  --facebook    Instagram's application has Facebook Login, not Instagram Login
  --port N      the Worker's port (8787)
  --sim-port N  the playground's port (8788)`;

function readArguments(argv) {
  const options = { demo: false, fresh: false, facebook: false, ports: { worker: 8787, sim: 8788 } };
  for (let i = 0; i < argv.length; i += 1) {
    if (argv[i] === "--demo") options.demo = true;
    else if (argv[i] === "--fresh") options.fresh = true;
    else if (argv[i] === "--facebook") options.facebook = true;
    else if (argv[i] === "--port" || argv[i] === "--sim-port") {
      const port = Number(argv[i + 1]);
      if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`${argv[i]} wants a port number`);
      options.ports[argv[i] === "--port" ? "worker" : "sim"] = port;
      i += 1;
    } else throw new Error(`there is no option ${argv[i]}\n\n${USAGE}`);
  }
  return options;
}

async function buildAll() {
  say("building the Worker, the Discord stand-in and the gateway sidecar (minutes the first time, then seconds)");
  await build({ show: true });
}

async function demo() {
  await buildAll();
  const dir = mkdtempSync(path.join(os.tmpdir(), "muster-demo-"));
  const stack = await startStack({ dir, say });
  process.stdout.write("\n");
  let line = 0;
  const tell = (text) => process.stdout.write(`${String((line += 1)).padStart(2)}. ${text}\n`);
  try {
    await playGiveaway(stack, tell);
    await stack.stop();
  } catch (error) {
    await stack.stop();
    throw new Error(`the story broke after line ${line}: ${error.message}\nLogs: ${dir}`);
  }
  rmSync(dir, { recursive: true, force: true });
  process.stdout.write("\nThe whole giveaway went as it should.\n");
}

async function play({ fresh, facebook, ports }) {
  for (const [option, port] of [["--port", ports.worker], ["--sim-port", ports.sim]]) {
    if (!(await isFree(port))) throw new Error(`port ${port} is taken (by another ./scripts/dev?); choose another with ${option} N`);
  }
  if (fresh) rmSync(KEPT, { recursive: true, force: true });
  await buildAll();
  const started = Date.now();
  const stack = await startStack({ dir: KEPT, ports, sidecar: true, facebook, say });
  say(`ready after ${((Date.now() - started) / 1_000).toFixed(1)} s\n`);
  process.stdout.write(`  Playground   ${stack.simUrl}/        pick a person, type /giveaway start
  Published    ${stack.simUrl}/social        what members published on LinkedIn, Instagram, TikTok, X and Threads
  Dashboard    ${stack.workerUrl}/        sign in as mara, who owns the server
  Health       ${stack.workerUrl}/healthz        gateway sidecar: ${stack.sidecarUrl}/healthz
  Commands     ${(await stack.commands()).map((name) => `/${name}`).join(" ")}
  Logs         ${path.relative(process.cwd(), stack.logs.worker)}  ${path.relative(process.cwd(), stack.logs.sim)}  ${path.relative(process.cwd(), stack.logs.sidecar)}

What you play is kept in ${path.relative(process.cwd(), KEPT)}/ (--fresh forgets it). Ctrl-C ends everything.
`);
  const asked = new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => resolve(null));
  });
  const broke = await Promise.race([asked, stack.ended()]);
  await stack.stop();
  if (broke) throw new Error(`${broke}; see ${stack.logs.worker} and ${stack.logs.sim}`);
  say("everything has ended");
}

function say(text) {
  process.stdout.write(`dev: ${text}\n`);
}

async function main() {
  const argv = process.argv.slice(2);
  if (argv.includes("--help") || argv.includes("-h")) return process.stdout.write(`${USAGE}\n`);
  const options = readArguments(argv);
  return options.demo ? demo() : play(options);
}

main().then(
  () => process.exit(0),
  (error) => {
    process.stderr.write(`dev: ${error.message}\n`);
    process.exit(1);
  },
);
