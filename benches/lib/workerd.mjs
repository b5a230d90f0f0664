// Purpose: run a Worker in workerd for a bench, and read how much processor time it used.
//
// The socket is a direct one: workerd hands requests straight to the Worker, without the entry Worker that miniflare puts in
// front of its main port or the proxy of `wrangler dev`. Every side is started this way.

import fs from "node:fs";
import net from "node:net";
import { Miniflare } from "miniflare";

/** Answers every outside call of a Worker under test: benches talk to loopback only. */
const OUTSIDE = {
  name: "outside",
  modules: true,
  script: `export default { fetch: () => Response.json({ id: "1100000000000000300" }) };`,
  compatibilityDate: "2026-01-01",
};

/**
 * Starts a Worker in a workerd of its own. `options` are miniflare's options of one worker (modules, bindings, compatibility date, …),
 * and its `port` where the Worker has to know it.
 * Gives `{ name, port, miniflare, cpuMicros(), stop() }`.
 */
export async function startWorker(name, options) {
  const [side] = await startWorkers([{ name, ...options }]);
  return side;
}

/**
 * Starts several Workers in one workerd: every side has the same neighbours, and what the runtime costs it costs all of them. Gives
 * their handles in order, as `startWorker` does; `cpuMicros()` is the whole process's and `stop()` ends it for all.
 */
export async function startWorkers(workers) {
  const sides = await Promise.all(workers.map(async ({ port, ...options }) => ({ port: port ?? (await freePort()), options })));
  const before = new Set(childrenNamed("workerd"));
  const miniflare = new Miniflare({
    host: "127.0.0.1",
    port: 0,
    workers: [
      ...sides.map(({ port, options }) => ({ outboundService: OUTSIDE.name, ...options, unsafeDirectSockets: [{ host: "127.0.0.1", port }] })),
      OUTSIDE,
    ],
  });
  await miniflare.ready;
  const pid = childrenNamed("workerd").find((child) => !before.has(child));
  const cpu = () => cpuMicros(pid);
  return sides.map(({ port, options }) => ({ name: options.name, port, miniflare, cpuMicros: cpu, stop: () => miniflare.dispose() }));
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Microseconds of processor time that a process used so far, all threads; null where /proc does not tell. */
export function cpuMicros(pid) {
  try {
    let nanoseconds = 0;
    for (const thread of fs.readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(fs.readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
    }
    return nanoseconds / 1000;
  } catch {
    return null;
  }
}

/** Process ids of this process's children with that name; empty where there is no /proc. */
function childrenNamed(name) {
  const isNumber = /^\d+$/;
  const entries = fs.existsSync("/proc") ? fs.readdirSync("/proc").filter((entry) => isNumber.test(entry)) : [];
  return entries.map(Number).filter((pid) => {
    try {
      const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
      const afterName = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return stat.includes(`(${name})`) && Number(afterName[1]) === process.pid;
    } catch {
      return false;
    }
  });
}
