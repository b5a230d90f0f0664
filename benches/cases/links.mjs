// Purpose: opening a short link: Muster against Hono with KV alone, and against what Sink does (KV and Analytics Engine); and what 100,000 clicks
// cost in D1, natively through core's own consumer.
//
// All sides run in one workerd and have the same bindings. Muster's clicks go into the queue of wrangler.toml, whose consumer looks for their links in
// D1; its processor time counts until that is done. Analytics Engine is a stand-in of miniflare that forgets what it is given.

import { execFileSync } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { bundlePeer, ROOT } from "../lib/build.mjs";
import { visits } from "../lib/jobs.mjs";
import { database, musterOptions, peerOptions, startMusterBeside } from "../lib/muster.mjs";
import { result } from "../lib/report.mjs";
import { compare, overStarts } from "../lib/rounds.mjs";

/** Each side is twice at every place of its process. */
const STARTS = 6;
/** Of each start: every side begins twice. */
const ROUNDS = 6;
const REQUESTS = 2_000;
const WARM_UP = 6_000;
const CONCURRENCY = 16;
const SLUG = "AbCdEf12";
const EACH = "/l/{n}";
/** Links that are opened once each: by the time that one comes again, Muster has long forgotten it. */
const LINKS = 5 * REQUESTS;
/** Links of a busy server, of which people open the newest most. */
const BUSY = 2_000;
const PER_FILL = 500;
/** Seconds that the queue waits for a batch; five in wrangler.toml. */
const BATCH_S = 1;
/** The pause of `src/links.js`, the queue's, and half a second for the consumer. */
const SETTLE_MS = 500 + BATCH_S * 1_000 + 500;
const TARGET = "https://shop.example/spring?utm_source=discord";
const GUILD = "1100000000000000100";
/** D1 rows written for 1,000 clicks. */
const MOST_ROWS = 20;

export async function run({ rebuild, say }) {
  const options = musterOptions({ rebuild });
  const samples = await overStarts(STARTS, (start) => measure(options, start, say), say);
  say("100,000 clicks, natively");
  return withClicks(result("links", samples));
}

/** All cases in a workerd of their own. */
async function measure(options, start, say) {
  const sides = await startSides(options, start);
  try {
    await fill(sides);
    for (const side of sides) await leadsOn(side);
    const job = (path, more) => visits(path, REQUESTS, CONCURRENCY, more);
    const cases = [
      { name: "one link", warmUp: () => visits(`/l/${SLUG}`, WARM_UP, CONCURRENCY), job: () => job(`/l/${SLUG}`) },
      { name: `${BUSY} links by Zipf's law`, warmUp: () => job(EACH, { among: BUSY }), job: (_, round) => job(EACH, { first: round * REQUESTS, among: BUSY }) },
      { name: "each link once", warmUp: () => job(EACH, { first: BUSY }), job: (_, round) => job(EACH, { first: (round * REQUESTS) % LINKS }) },
    ];
    return await compare(sides, cases, ROUNDS, say);
  } finally {
    await sides[0].stop();
  }
}

async function startSides(options, start) {
  // A Worker pays in miniflare for bindings that it has, whether it uses them or not: the peers have Muster's too, but KV of their own.
  const { d1Databases, r2Buckets, queueProducers } = options;
  const durableObjects = Object.fromEntries(Object.entries(options.durableObjects).map(([name, object]) => [name, { ...object, scriptName: "muster" }]));
  const peer = async (name, more = {}) => {
    const bindings = { d1Databases, r2Buckets, queueProducers, durableObjects, kvNamespaces: { KV: name } };
    return { name, ...peerOptions(options, await bundlePeer(name)), ...bindings, ...more };
  };
  const peers = [await peer("redirect-hono"), await peer("redirect-sink", { analyticsEngineDatasets: { ANALYTICS: { dataset: "sink" } } })];
  const queueConsumers = { ...options.queueConsumers, "muster-clicks": { ...options.queueConsumers["muster-clicks"], maxBatchTimeout: BATCH_S } };
  const sides = await startMusterBeside({ ...options, queueConsumers }, peers, start % (peers.length + 1));
  // The same pause for all, though only Muster has something left to do.
  return sides.map((side) => ({ ...side, settle: () => pause(SETTLE_MS) }));
}

/** The same links for every side, as each of them keeps them. D1 does not know Muster's: a redirect that asked it would find nothing. */
async function fill([muster, hono, sink]) {
  const slugs = [SLUG, ...Array.from({ length: LINKS }, (_, n) => `${n}`.padStart(8, "0"))];
  const records = [
    [muster, () => `L ${GUILD} 0 ${TARGET}`],
    [hono, () => TARGET],
    [sink, (slug) => JSON.stringify({ id: "bench", slug, url: TARGET })],
  ];
  for (const [side, record] of records) {
    const kv = await side.miniflare.getKVNamespace("KV", side.name);
    // Again once: miniflare's own connection may be closed as it is used.
    const put = (slug) => kv.put(`l:${slug}`, record(slug)).catch(() => kv.put(`l:${slug}`, record(slug)));
    for (let first = 0; first < slugs.length; first += PER_FILL) {
      await Promise.all(slugs.slice(first, first + PER_FILL).map(put));
    }
  }
  const { n } = await (await database(muster)).prepare("SELECT COUNT(*) AS n FROM links").first();
  if (n !== 0) throw new Error("D1 knows a link");
}

async function leadsOn(side) {
  const response = await fetch(`http://127.0.0.1:${side.port}/l/${SLUG}`, { redirect: "manual" });
  const location = response.headers.get("location");
  if (response.status !== 302 || location !== TARGET) throw new Error(`${side.name} answers ${response.status} ${location}`);
}

/** Runs the stories that ingest 100,000 clicks over the testkit's D1 and hold them against a model; adds what they print. */
function withClicks(result) {
  const args = ["test", "--quiet", "-p", "muster-tests", "--test", "stories", "--", "--nocapture", "--test-threads", "1", "cost_few"];
  const said = execFileSync("cargo", args, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  const lines = said.split("\n").filter((line) => line.includes("clicks: {"));
  if (lines.length !== 2) throw new Error(`the stories of clicks printed ${lines.length} lines`);
  for (const line of lines) {
    const of = JSON.parse(line.slice(line.indexOf("{")));
    const rows = of.rows_per_1000_clicks;
    if (rows > MOST_ROWS) throw new Error(`${rows} rows for 1,000 clicks`);
    const name = of.per_message === 1 ? "100,000 clicks, each alone" : `100,000 clicks, ${of.per_message} to a message`;
    result.rows.push({ case: name, side: "muster", metric: "d1_rows_per_1000_clicks", value: rows, unit: "rows" });
    result.rows.push({ case: name, side: "muster", metric: "counted_over_model", value: of.counted / of.model, unit: "x" });
  }
  return result;
}
