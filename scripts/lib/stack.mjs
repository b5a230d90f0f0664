// Purpose: a whole Muster on this machine: the Discord stand-in, the Worker on workerd, a cron tick, and the gateway sidecar where it
// is wanted.
//
// Used by scripts/dev, its demo and the end-to-end tests. Nothing here needs a network or an account. Everything that is
// kept lives in the folder the caller names:
//   worker/   the Worker as it is run: a copy of the build, so that building again does not disturb who is running
//   state/    D1, KV, Durable Objects and queues of workerd      sim.json  the stand-in's world
//   sidecar/  what the gateway sidecar keeps      *.log     what the programs said

import { createHash, randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { ROOT, freePorts, pause, run, start, tail, until } from "./processes.mjs";

const WORKER = path.join(ROOT, "scripts/lib/worker.mjs");
const MIGRATE = path.join(ROOT, "scripts/lib/migrate.mjs");
export const SIMULATOR = path.resolve(ROOT, process.env.CARGO_TARGET_DIR ?? "target", "debug/muster-sim");
export const SIDECAR = path.resolve(ROOT, process.env.CARGO_TARGET_DIR ?? "target", "debug/muster-gateway");
const BUILD = "target/worker-dev";
/** Cloudflare ticks every minute; people at a playground wait less. */
const CRON_MS = 5_000;

/** wrangler and miniflare keep to this machine and to the folder of the stack. */
function wranglerEnv(dir) {
  const TMPDIR = path.join(dir, "tmp");
  fs.mkdirSync(TMPDIR, { recursive: true });
  return {
    TMPDIR,
    CI: "1",
    NO_COLOR: "1",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_LOG_PATH: path.join(dir, "wrangler"),
    WRANGLER_REGISTRY_PATH: path.join(dir, "registry"),
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
  };
}

/** Builds the Worker (development profile), the stand-in and the sidecar; quick when they are fresh. `show` lets the builders talk. */
export async function build({ show = false } = {}) {
  const steps = [
    ["the Worker", path.join(ROOT, "scripts/build-worker"), [], { MUSTER_PROFILE: "dev", MUSTER_OUT: BUILD }],
    ["the Discord stand-in and the gateway sidecar", "cargo", ["build", "--locked", "-p", "muster-sim", "-p", "muster-gateway"], {}],
  ];
  for (const [what, program, args, env] of steps) {
    const { code, stdout, stderr } = await run(program, args, { env, inherit: show });
    if (code !== 0) throw new Error(`${what} does not build${show ? "; the lines above say why" : `:\n${stdout}${stderr}`}`);
  }
}

/** The Worker as wrangler runs it: committed files as they are, the built ones copied, no build of its own. */
function stageWorker(dir) {
  const worker = path.join(dir, "worker");
  fs.mkdirSync(worker, { recursive: true });
  const config = fs.readFileSync(path.join(ROOT, "wrangler.toml"), "utf8");
  fs.writeFileSync(path.join(worker, "wrangler.toml"), config.replace(/^\[build\]\n(?:(?!\[).*\n)*/m, ""));
  fs.rmSync(path.join(worker, "build"), { recursive: true, force: true });
  fs.cpSync(path.join(ROOT, BUILD), path.join(worker, "build"), { recursive: true });
  for (const folder of ["src", "d1-migrations", "public"]) {
    if (!fs.existsSync(path.join(ROOT, folder))) continue;
    fs.rmSync(path.join(worker, folder), { recursive: true, force: true });
    fs.cpSync(path.join(ROOT, folder), path.join(worker, folder), { recursive: true });
  }
  return worker;
}

async function readSimEnv(simUrl, port, facebook) {
  const { code, stdout, stderr } = await run(SIMULATOR, ["--port", String(port), "--print-env"]);
  if (code !== 0) throw new Error(`muster-sim does not start: ${stderr}`);
  const printed = Object.fromEntries(stdout.trim().split("\n").map((line) => line.split(/=(.*)/s).slice(0, 2)));
  // SOCIAL_X, X_WEB, X_API ...: credentials and addresses of the platforms, printed as they are meant.
  const { FACEBOOK_APP, ...rest } = printed;
  const social = Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith("DISCORD_")));
  if (facebook) social.SOCIAL_INSTAGRAM = FACEBOOK_APP;
  return {
    DISCORD_APPLICATION_ID: printed.DISCORD_APPLICATION_ID,
    DISCORD_PUBLIC_KEY: printed.DISCORD_PUBLIC_KEY,
    DISCORD_TOKEN: printed.DISCORD_TOKEN,
    DISCORD_CLIENT_SECRET: printed.DISCORD_CLIENT_SECRET,
    DISCORD_API: `${simUrl}/api/v10`,
    DISCORD_WEB: simUrl,
    DISCORD_CDN: `${simUrl}/cdn`,
    ...social,
    DEV_CLOCK: "1",
  };
}

/** A key of this state, made once: `gateway-key` is what sidecar and Worker share, the others are the Worker's own. */
function ownKey(dir, name) {
  const file = path.join(dir, name);
  if (!fs.existsSync(file)) fs.writeFileSync(file, `dev:${randomBytes(32).toString("hex")}`, { mode: 0o600 });
  return fs.readFileSync(file, "utf8").trim();
}

/** Applies migrations that this state has not seen. To ask the runtime takes seconds, so it is asked when a file is new. */
async function migrate(dir, worker) {
  const files = fs.readdirSync(path.join(worker, "d1-migrations")).sort();
  const hash = createHash("sha256");
  for (const file of files) hash.update(file).update(fs.readFileSync(path.join(worker, "d1-migrations", file)));
  const seen = path.join(dir, "migrated");
  const now = hash.digest("hex");
  if (fs.existsSync(seen) && fs.readFileSync(seen, "utf8") === now) return;
  const { code, stdout, stderr } = await run(process.execPath, [MIGRATE, path.join(worker, "wrangler.toml"), path.join(dir, "state")], { cwd: worker, env: wranglerEnv(dir) });
  if (code !== 0) throw new Error(`the migrations do not apply to the local database:\n${stdout}${stderr}`);
  fs.writeFileSync(seen, now);
}

async function json(method, url, body) {
  const response = await fetch(url, {
    method,
    headers: body === undefined ? {} : { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  const value = text ? JSON.parse(text) : null;
  if (!response.ok) throw Object.assign(new Error(value?.error ?? `${method} ${url}: ${response.status}`), { status: response.status, value });
  return value;
}

/**
 * Starts everything and comes back when a command would be answered.
 *
 * `dir` keeps the state; `ports` is `{ sim, worker }` (free ones unless given); `cronMs` 0 means no ticks but those of
 * `tick()`; `rateLimits` false for bursts that Discord would slow down; `sidecar` true or `{ flushSeconds, pollSeconds }` for a
 * gateway sidecar; `facebook` true for Instagram by Facebook Login. Gives the handle described at the bottom.
 */
export async function startStack({ dir, ports, cronMs = CRON_MS, rateLimits = true, sidecar = false, facebook = false, vars = {}, say = () => {} }) {
  dir = path.resolve(dir);
  fs.mkdirSync(dir, { recursive: true });
  const [freeSim, freeWorker, sidecarPort] = await freePorts(3);
  const simPort = ports?.sim ?? freeSim;
  const workerPort = ports?.worker ?? freeWorker;
  const simUrl = `http://127.0.0.1:${simPort}`;
  const workerUrl = `http://127.0.0.1:${workerPort}`;
  const sidecarUrl = `http://127.0.0.1:${sidecarPort}`;
  const logs = { sim: path.join(dir, "sim.log"), worker: path.join(dir, "worker.log"), sidecar: path.join(dir, "sidecar.log") };
  const clock = path.join(dir, "clock");
  const running = { sim: null, worker: null, sidecar: null };
  let ticking = null;
  let stopped = false;
  for (const log of Object.values(logs)) fs.rmSync(log, { force: true });

  const worker = stageWorker(dir);
  const env = { ...(await readSimEnv(simUrl, simPort, facebook)), GATEWAY_KEY: ownKey(dir, "gateway-key"), SESSION_KEYS: ownKey(dir, "session-key"), TOKEN_KEYS: ownKey(dir, "token-key"), PUBLIC_URL: workerUrl, ...vars };
  const lines = Object.entries(env).map(([name, value]) => `${name}=${value}\n`);
  fs.writeFileSync(path.join(worker, ".dev.vars"), lines.join(""), { mode: 0o600 });

  const sim = {
    get: (route) => json("GET", `${simUrl}/sim${route}`),
    post: (route, body = {}) => json("POST", `${simUrl}/sim${route}`, body),
    patch: (route, body) => json("PATCH", `${simUrl}/sim${route}`, body),
    delete: (route, body) => json("DELETE", `${simUrl}/sim${route}`, body),
  };

  /** Waits for `look`, and says what a program wrote when it ended instead. */
  async function ready(child, what, look) {
    let ended = null;
    child.exited.then((sentence) => (ended = sentence));
    const looked = await until(what, async () => ended ?? (await look()), { seconds: 60 });
    if (typeof looked === "string" && looked === ended) throw new Error(`${ended}:\n${tail(child.log)}`);
  }

  async function startSim() {
    const args = ["--port", simPort, "--interactions-url", `${workerUrl}/interactions`, "--state", path.join(dir, "sim.json")];
    if (!rateLimits) args.push("--no-rate-limits");
    running.sim = start("muster-sim", SIMULATOR, args.map(String), { log: logs.sim });
    await ready(running.sim, "the Discord stand-in", () => sim.get("/health").then(() => true));
    // Time that was moved stays moved: what was played before lies in it.
    const offset = fs.existsSync(clock) ? Number(fs.readFileSync(clock, "utf8")) : 0;
    if (offset > 0) await sim.post("/clock", { advance_ms: offset });
  }

  async function startWorker() {
    const args = [WORKER, path.join(worker, "wrangler.toml"), workerPort, path.join(dir, "state")];
    running.worker = start("the Worker", process.execPath, args.map(String), { cwd: worker, env: wranglerEnv(dir), log: logs.worker });
    await ready(running.worker, "the Worker", async () => (await fetch(`${workerUrl}/healthz`, { signal: AbortSignal.timeout(5_000) })).ok);
    // The Worker's clock is part of its memory, the stand-in's is not.
    const { offset_ms } = await sim.get("/clock");
    if (offset_ms !== 0) await fetch(`${workerUrl}/dev/clock`, { method: "POST", body: JSON.stringify({ offset_ms }) });
  }

  async function startSidecar() {
    const { flushSeconds = 1, pollSeconds = 2 } = sidecar === true ? {} : sidecar;
    const args = ["--worker-url", workerUrl, "--discord-api", env.DISCORD_API, "--state-dir", path.join(dir, "sidecar")];
    args.push("--listen", `127.0.0.1:${sidecarPort}`, "--flush-seconds", flushSeconds, "--poll-seconds", pollSeconds);
    const secrets = { DISCORD_TOKEN: env.DISCORD_TOKEN, GATEWAY_KEY: env.GATEWAY_KEY };
    running.sidecar = start("muster-gateway", SIDECAR, args.map(String), { env: secrets, log: logs.sidecar });
    await ready(running.sidecar, "the gateway sidecar", async () => (await fetch(`${sidecarUrl}/healthz`, { signal: AbortSignal.timeout(5_000) })).ok);
  }

  /** One cron tick, waited for. */
  async function tick() {
    const response = await fetch(`${workerUrl}/dev/cron`, { method: "POST", signal: AbortSignal.timeout(60_000) });
    if (!response.ok) throw new Error(`the cron tick answered ${response.status}: ${await response.text()}`);
  }

  function startCron() {
    if (cronMs <= 0) return;
    ticking = (async () => {
      while (!stopped) {
        await pause(cronMs);
        // A Worker that is being restarted misses a tick, as it may at Cloudflare's.
        if (!stopped) await tick().catch(() => {});
      }
    })();
  }

  /** The names of the commands that the stand-in knows. */
  async function commands() {
    const { commands } = await sim.get("/commands");
    return commands.map((command) => command.name);
  }

  async function stop() {
    stopped = true;
    const { offset_ms } = await sim.get("/clock").catch(() => ({}));
    if (offset_ms) fs.writeFileSync(clock, String(offset_ms));
    // The sidecar first: it still has something to report.
    await running.sidecar?.stop();
    await Promise.all([running.worker, running.sim].map((child) => child?.stop()));
  }

  try {
    say("starting the Discord stand-in");
    await Promise.all([startSim(), migrate(dir, worker)]);
    say("starting the Worker");
    await startWorker();
    await tick();
    await until("the commands to be registered", async () => (await commands()).includes("giveaway"), { seconds: 30 });
    if (sidecar) {
      say("starting the gateway sidecar");
      await startSidecar();
    }
    startCron();
  } catch (error) {
    await stop();
    throw new Error(`${error.message}\n--- ${logs.worker}\n${tail(logs.worker)}`, { cause: error });
  }

  return {
    dir, simUrl, workerUrl, sidecarUrl, env, logs, sim, commands, tick, stop, startWorker, startSidecar,
    /** kill -9 of the whole runtime, miniflare and workerd at once; `startWorker` brings it back on the same state. */
    killWorker: () => running.worker.kill(),
    /** The runtime stands still: connections are taken and nothing is answered. */
    suspendWorker: () => running.worker.suspend(),
    resumeWorker: () => running.worker.resume(),
    killSidecar: () => running.sidecar.kill(),
    /** SIGTERM, waited for. */
    stopSidecar: () => running.sidecar.stop(),
    /** Resolves to a sentence when one of the programs ends without having been asked to. */
    ended: () => Promise.race([running.sim, running.worker, running.sidecar].filter(Boolean).map((child) => child.exited)),
  };
}
