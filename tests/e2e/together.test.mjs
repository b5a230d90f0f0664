// Purpose: requests that share outside calls on workerd, when the runtime is busy at the very moment at which they would go alone.

import assert from "node:assert/strict";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { after, test } from "node:test";
import { Miniflare } from "miniflare";
import { ROOT } from "../../scripts/lib/processes.mjs";

const AT_ONCE = 64;
const REQUESTS = 4_000;
/** Every so many calls one keeps the processor for longer than the patience: timers and results are then due together. */
const WORKER = `import { Together } from "./together.js";
const calls = new Together({ most: 100, patience: 20 });
let made = 0;
const busy = (turns) => { let sum = 0; for (let turn = 0; turn < turns; turn++) sum = (sum * 31 + turn) | 0; return sum; };
export default {
  async fetch({ url }, { KV }) {
    const call = async (things) => {
      await KV.get("any");
      if (++made % 20 === 0) busy(2e7);
      return things.map((thing) => thing + " is answered");
    };
    return new Response(await calls.join(new URL(url).pathname, call));
  },
};`;

const module = (name, contents) => ({ type: "ESModule", path: `/${name}`, contents });
const together = fs.readFileSync(path.join(ROOT, "src/ports/together.js"), "utf8");
const worker = new Miniflare({
  host: "127.0.0.1", port: 0, cf: false, modules: [module("worker.js", WORKER), module("together.js", together)], modulesRoot: "/", compatibilityDate: "2026-04-01",
  kvNamespaces: ["KV"], unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
});
const address = await worker.unsafeGetDirectURL();
const agent = new http.Agent({ keepAlive: true });
after(async () => {
  agent.destroy();
  await worker.dispose();
});

const ask = (number) => new Promise((resolve, reject) => {
  const request = http.get(new URL(`/${number}`, address), { agent }, (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (piece) => (text += piece)).on("end", () => resolve(`${response.statusCode} ${text}`)).on("error", reject);
  });
  // workerd closes a connection that rested for 5 s, perhaps as it is used again: that request never arrived.
  request.on("error", (error) => (request.reusedSocket && error.code === "ECONNRESET" ? ask(number).then(resolve, reject) : reject(error)));
});

test("everybody gets their own answer, and nobody is taken for hung", async () => {
  const wrong = [];
  let next = 0;
  const person = async () => {
    while (next < REQUESTS) {
      const number = next++;
      const said = await ask(number);
      if (said !== `200 /${number} is answered`) wrong.push(said);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, person));
  assert.deepEqual(wrong.slice(0, 3), [], `${wrong.length} wrong answers`);
});
