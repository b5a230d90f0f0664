// Purpose: the redirect of a short link that leads somewhere: at most one read of KV, one Response; what was clicked goes to the queue after it.
//
// Everything else (links that ended, unknown ones, KV that does not answer) is core's: `crates/core/src/links/visit.rs`, which also
// says what a record looks like. Who is a machine and what is kept of a visitor is decided there too, for many clicks in one call.
import { Together } from "./ports/together.js";

// Letters and digits, as many as a slug has.
const SLUG = /^[0-9A-Za-z]{8}$/;
// Clicks are collected for so long (milliseconds) before they go into one message: a message is what the queue bills.
const PAUSE_MS = 500;
// A message of the queue has at most 128 KB, a click about 100 bytes.
const MOST = 500;

// A link is remembered for so long (milliseconds): one that many people open at once costs one read of KV in a while, and KV may be a
// minute old anyway. What this isolate writes to KV itself holds at once.
const KEPT_MS = 5_000;
const KEPT_MOST = 1_000;

// Many different links that are opened at once share a read: KV bills by key, and takes up to 100 of them in one call, which takes less of the
// processor than as many calls do (`./scripts/bench links`). Nobody waits longer than this (milliseconds) for a read that is slow.
const reads = new Together({ most: 100, patience: 20 });

// `{ record, until, writes }` by slug; `writes`: how often core had written to KV when it was read. What was written since may be newer.
const kept = new Map();

const waiting = [];
// Since when somebody waits to send what was collected (Unix milliseconds); 0 for nobody.
let leading = 0;

/** The slug that a request asks for; null when it asks for something else. */
export function slugOf({ method, url }) {
  const at = url.indexOf("/", 8);
  if (at < 0 || !url.startsWith("/l/", at) || (method !== "GET" && method !== "HEAD")) return null;
  const end = url.indexOf("?", at);
  const slug = end < 0 ? url.slice(at + 3) : url.slice(at + 3, end);
  return SLUG.test(slug) ? slug : null;
}

/** The redirect, or null where core has to answer. `core` is what of it is called from here, as seldom as can be. */
export async function follow(slug, request, env, ctx, core) {
  const record = recall(slug, core) ?? (await read(slug, env, core));
  if (record === null) return null;
  const guildEnd = record.indexOf(" ", 2);
  const expiryEnd = record.indexOf(" ", guildEnd + 1);
  const expiry = Number(record.slice(guildEnd + 1, expiryEnd));
  if (expiry !== 0 && expiry <= core.clock_ms()) return null;
  collect(visit(record.slice(2, guildEnd), slug, request), env, ctx, core);
  const headers = { location: record.slice(expiryEnd + 1), "cache-control": "private, no-store", "referrer-policy": "no-referrer" };
  return new Response(null, { status: 302, headers });
}

function recall(slug, core) {
  const known = kept.get(slug);
  return known !== undefined && known.until > Date.now() && known.writes === core.kv_writes() ? known.record : null;
}

/** The record of a link that leads somewhere; null for every other one, and when KV does not answer. */
async function read(slug, env, core) {
  const writes = core.kv_writes();
  const record = await reads.join(`l:${slug}`, (keys) => readAll(keys, env)).catch(() => null);
  if (record === null || !record.startsWith("L ")) return null;
  if (kept.size >= KEPT_MOST) kept.clear();
  kept.set(slug, { record, until: Date.now() + KEPT_MS, writes });
  return record;
}

async function readAll(keys, { KV }) {
  const [first, ...more] = new Set(keys);
  if (more.length === 0) {
    const record = await KV.get(first);
    return keys.map(() => record);
  }
  const found = await KV.get([first, ...more]);
  return keys.map((key) => found.get(key));
}

/** What core's `clicks::read` reads: nine lines. A header is one line by HTTP. */
function visit(guild, slug, { method, headers }) {
  const purpose = headers.get("sec-purpose") || headers.get("purpose") || headers.get("x-purpose") || headers.get("x-moz") || "";
  const browser = headers.get("user-agent") ?? "";
  const address = headers.get("cf-connecting-ip") ?? "";
  return `${guild}\n${slug}\n${Date.now()}\n${method}\n${browser}\n${purpose}\n${address}\n${headers.get("cf-ipcountry") ?? ""}\n${headers.get("referer") ?? ""}`;
}

function collect(lines, env, ctx, core) {
  waiting.push(lines);
  if (waiting.length >= MOST) {
    ctx.waitUntil(flush(env, core));
  } else if (leading === 0 || Date.now() - leading > 10 * PAUSE_MS) {
    // Nobody, or somebody whose request died.
    leading = Date.now();
    ctx.waitUntil(lead(env, core));
  }
}

async function lead(env, core) {
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  leading = 0;
  await flush(env, core);
}

/** One message with everything that was collected. Sent again once: core counts what comes twice once. */
async function flush(env, core) {
  const visits = waiting.splice(0);
  if (visits.length === 0) return;
  const message = { kind: "clicks", lines: core.click_lines(visits.join("\n"), core.clock_ms() - Date.now(), env) };
  if (message.lines === "") return;
  try {
    await env.CLICKS.send(message);
  } catch {
    await env.CLICKS.send(message).catch((error) => console.error(`${visits.length} clicks were lost: ${error}`));
  }
}
