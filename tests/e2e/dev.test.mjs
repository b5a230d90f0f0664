// Purpose: scripts/dev as somebody types it: the demo plays through, the playground comes up, and nothing stays behind. How fast: ./scripts/bench startup.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { ROOT, freePorts, run, until } from "../../scripts/lib/processes.mjs";
import { build } from "../../scripts/lib/stack.mjs";

const DEV = path.join(ROOT, "scripts/dev");
const dir = fs.mkdtempSync(path.join(os.tmpdir(), "muster-dev-test-"));
const started = [];
after(() => {
  // One that a failed test left running would keep this file from ending.
  for (const child of started) child.kill("SIGKILL");
  // What they started ends a moment later, and may still write.
  fs.rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
});
// Building is not what is measured here.
await build();

/** Starts ./scripts/dev; `said()` is what it has printed so far. */
async function startDev(...more) {
  const [worker, sim] = await freePorts(2);
  const child = spawn(DEV, ["--port", worker, "--sim-port", sim, ...more].map(String), { env: { ...process.env, MUSTER_DEV_DIR: path.join(dir, "state") }, stdio: ["ignore", "pipe", "pipe"] });
  started.push(child);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (piece) => (text += piece));
  const ended = new Promise((resolve) => child.on("exit", (code, signal) => resolve(signal ?? code)));
  const urls = { worker: `http://127.0.0.1:${worker}`, sim: `http://127.0.0.1:${sim}` };
  return { child, ended, urls, said: () => text };
}

const answers = async (url) => (await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => null))?.status ?? null;

async function nothingStays({ worker, sim }) {
  await until("everything to end", async () => (await answers(`${worker}/healthz`)) === null && (await answers(`${sim}/sim/health`)) === null, { seconds: 15 });
}

test("--demo plays a whole giveaway and says so", async () => {
  const { code, stdout, stderr } = await run(DEV, ["--demo"]);
  assert.equal(code, 0, stdout + stderr);
  for (const words of [/types \/giveaway start/, /“You need the role @Member/, /pings them with a Claim Prize button/, /does not press it in time\. Muster says so, draws \p{Lu}/u, /presses Claim Prize/, /✅ This draw checks out/, /went as it should/]) {
    assert.match(stdout, words);
  }
});

test("prints where everything is, keeps what was played, ends on Ctrl-C", async () => {
  const first = await startDev();
  await until("the playground's address", () => first.said().includes("Ctrl-C ends everything"), { seconds: 60 });
  for (const url of [`${first.urls.sim}/`, `${first.urls.worker}/healthz`]) {
    assert.ok(first.said().includes(url));
    assert.equal(await answers(url), 200);
  }
  assert.match(first.said(), /\/giveaway .*\/help/);
  const say = (url, content) => fetch(`${url}/sim/messages`, { method: "POST", body: JSON.stringify({ user: "ada", channel: "#general", content }) });
  assert.equal((await say(first.urls.sim, "Remember the lantern")).status, 200);
  first.child.kill("SIGINT");
  assert.equal(await first.ended, 0, first.said());
  await nothingStays(first.urls);

  const second = await startDev();
  await until("the second start", () => second.said().includes("Ctrl-C ends everything"), { seconds: 60 });
  const text = await (await fetch(`${second.urls.sim}/sim/channels/%23general/messages?as=ada`)).text();
  assert.match(text, /Remember the lantern/);
  // Even when it cannot say goodbye, nothing stays behind.
  second.child.kill("SIGKILL");
  await second.ended;
  await nothingStays(second.urls);
});

test("a taken port and an unknown option are said in words", async () => {
  const { code, stderr } = await run(DEV, ["--nonsense"]);
  assert.equal(code, 1);
  assert.match(stderr, /no option --nonsense[\s\S]*usage/);
  const holder = (await import("node:net")).createServer();
  await new Promise((resolve) => holder.listen(0, "127.0.0.1", resolve));
  const { port } = holder.address();
  const taken = await run(DEV, ["--port", String(port)]);
  holder.close();
  assert.equal(taken.code, 1);
  assert.match(taken.stderr, new RegExp(`port ${port} is taken`));
});
