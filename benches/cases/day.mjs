// Purpose: a day of a server with 5,000 members, in workerd with a real D1, beside Cloudflare's free plan.
//
// The workload: 25,000 messages by 700 of the members (the busiest writes 1,000, most a handful), most in the evening, over 12
// channels; 40 people two hours in voice; 40 join and 15 leave; 200 times /rank, 60 times /leaderboard, a cron tick a minute; a
// gateway sidecar that reports every five seconds when there is something and asks for configuration every ten when there is not.

import { createHmac, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { gzipSync } from "node:zlib";
import { APPLICATION_ID } from "../lib/load.mjs";
import { GUILD_ID } from "../lib/jobs.mjs";
import { database, musterOptions, startMuster } from "../lib/muster.mjs";
import { counted, readUsage } from "../lib/usage.mjs";

const MEMBERS = 5_000;
const WRITERS = 700;
const MESSAGES = 25_000;
const VOICE = { people: 40, from: 19, hours: 2 };
const JOINS = 40;
const LEAVES = 15;
const RANKS = 200;
const BOARDS = 60;
const FLUSH_MS = 5_000;
const POLL_MS = 10_000;
const ACTIVITY_MS = 300_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** How much of a day's talk falls into each hour. */
const HOURS = [2, 1, 1, 1, 1, 1, 2, 3, 3, 3, 3, 4, 5, 4, 4, 5, 6, 7, 8, 9, 10, 8, 6, 3];
/** Cloudflare's free plan, per day (Cloudflare's pricing pages of Workers, D1, Durable Objects, Queues and KV, 2026). */
const FREE = {
  worker_requests: 100_000,
  d1_rows_read: 5_000_000,
  d1_rows_written: 100_000,
  object_requests: 100_000,
  queue_operations: 10_000,
  kv_reads: 100_000,
  kv_writes: 1_000,
};
const KEY = { id: "bench", secret: randomBytes(32) };

/** Mulberry32: the same day in every run. */
function randomFrom(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let bits = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const userAt = (n) => (300_000_000_000_000_000n + BigInt(n) * 7_919_000_000_007n).toString();
const channelAt = (n) => (1_100_000_000_000_001_000n + BigInt(n)).toString();

/** Everything that happens, as `{ at, … }` in order; `at` counts from midnight. */
function plan() {
  const random = randomFrom(20_261_121);
  const share = HOURS.reduce((sum, weight) => sum + weight, 0);
  const time = () => {
    let left = random() * share;
    const hour = HOURS.findIndex((weight) => (left -= weight) < 0);
    return Math.floor((hour + random()) * HOUR_MS);
  };
  const events = [];
  const add = (count, make) => {
    for (let n = 0; n < count; n += 1) events.push({ at: time(), ...make(n) });
  };
  // Zipf's law: the n-th most active writes a share of 1/n.
  const weights = Array.from({ length: WRITERS }, (_, n) => 1 / (n + 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const writer = () => {
    let left = random() * total;
    return Math.max(0, weights.findIndex((weight) => (left -= weight) < 0));
  };
  add(MESSAGES, () => ({ kind: "message", user: writer(), channel: Math.floor(random() ** 2 * 12) }));
  add(JOINS, (n) => ({ kind: "member_joined", user: MEMBERS + n }));
  add(LEAVES, (n) => ({ kind: "member_left", user: MEMBERS - 1 - n }));
  add(RANKS, () => ({ kind: "rank", user: writer() }));
  add(BOARDS, () => ({ kind: "leaderboard", user: writer() }));
  for (let person = 0; person < VOICE.people; person += 1) {
    for (let minute = 1; minute <= VOICE.hours * 60; minute += 1) {
      events.push({ at: VOICE.from * HOUR_MS + minute * 60_000 + person * 997, kind: "voice", user: person * 3, channel: 20 });
    }
  }
  return events.sort((a, b) => a.at - b.at);
}

/** One window of the sidecar, as the events of a batch. */
function report(window, midnight, activity, cooldown) {
  const members = new Map();
  const events = [];
  const member = (event) => {
    const user = userAt(event.user);
    if (!members.has(user)) members.set(user, { user, text: 0, voice: 0, messages: 0, seconds: 0, channel: channelAt(event.channel), why: [] });
    return members.get(user);
  };
  for (const event of window) {
    const at = midnight + event.at;
    if (event.kind === "message") {
      const one = member(event);
      one.messages += 1;
      const earns = !(at - (cooldown.get(event.user) ?? -DAY_MS) < 60_000);
      if (earns) {
        one.text += 15 + (event.at % 11);
        cooldown.set(event.user, at);
      }
      one.why = [...one.why, { at, surface: "text", channel: one.channel, xp: earns ? 20 : 0, ...(earns ? {} : { reason: "cooldown" }) }].slice(-5);
    } else if (event.kind === "voice") {
      const one = member(event);
      one.voice += 5;
      one.seconds += 60;
    } else if (event.kind.startsWith("member_")) events.push({ at, type: event.kind, user: userAt(event.user) });
    if (event.channel !== undefined) {
      const key = `${Math.floor(at / HOUR_MS) * HOUR_MS} ${channelAt(event.channel)}`;
      const count = activity.get(key) ?? { messages: 0, voice_seconds: 0 };
      count.messages += event.kind === "message" ? 1 : 0;
      count.voice_seconds += event.kind === "voice" ? 60 : 0;
      activity.set(key, count);
    }
  }
  if (members.size > 0) events.unshift({ at: midnight + window[0].at, type: "xp", members: [...members.values()] });
  return events;
}

function takeActivity(activity, at) {
  const events = [...activity].map(([key, count]) => {
    const [hour, channel] = key.split(" ");
    return { at, type: "activity", channel, hour: Number(hour), ...count };
  });
  activity.clear();
  return events;
}

/** The two callers of the Worker: a sidecar, and Discord with its commands. */
function callers(side, discordKey) {
  let number = 0;
  let since = 0;
  let serial = 0n;
  const url = `http://127.0.0.1:${side.port}`;
  return {
    async deliver(events, now) {
      const isQuestion = events.length === 0;
      if (!isQuestion) number += 1;
      const named = events.map((event, place) => ({ id: `bench:${number}:${place}`, guild: GUILD_ID, ...event }));
      const batch = { version: 1, source: "bench", number: isQuestion ? 0 : number, application: APPLICATION_ID, events: named, configs_since: since };
      const body = gzipSync(JSON.stringify(batch));
      const nonce = randomBytes(8).toString("hex");
      const signature = createHmac("sha256", KEY.secret).update(`${now}.${nonce}.`).update(body).digest("hex");
      const headers = { "x-muster-key-id": KEY.id, "x-muster-timestamp": String(now), "x-muster-nonce": nonce, "x-muster-signature": signature };
      const response = await fetch(`${url}/gateway/events`, { method: "POST", body, headers });
      const answer = await response.json();
      if (response.status !== 200 || answer.taken < number) throw new Error(`a batch was not taken: ${response.status} ${JSON.stringify(answer)}`);
      since = answer.configs_until;
    },
    async command(name, user, now) {
      serial += 1n;
      const id = (((BigInt(now) - 1_420_070_400_000n) << 22n) | (serial & 0xfffn)).toString();
      const body = JSON.stringify({
        type: 2, id, application_id: APPLICATION_ID, token: "bench", version: 1, guild_id: GUILD_ID, channel_id: channelAt(0), app_permissions: "0", locale: "en-US",
        member: { user: { id: userAt(user), username: "somebody", discriminator: "0", avatar: null }, roles: [], permissions: "0", joined_at: "2021-01-01T00:00:00Z" },
        data: { id: "1100000000000000555", name, type: 1 },
      });
      const timestamp = String(Math.floor(now / 1_000));
      const headers = { "x-signature-ed25519": sign(null, Buffer.from(timestamp + body), discordKey).toString("hex"), "x-signature-timestamp": timestamp, "content-type": "application/json" };
      const response = await fetch(`${url}/interactions`, { method: "POST", body, headers });
      const answer = await response.json();
      if (response.status !== 200 || answer.type !== 4) throw new Error(`/${name} answered ${response.status}: ${JSON.stringify(answer)}`);
    },
    move: (offset) => fetch(`${url}/dev/clock`, { method: "POST", body: JSON.stringify({ offset_ms: Math.round(offset) }) }),
  };
}

async function makeGuild(side) {
  const db = await database(side);
  const announce = { in: { channel: channelAt(0) }, winners: channelAt(0) };
  const settings = JSON.stringify({ levels: { enabled: true, announce } });
  await db.prepare("INSERT INTO guild_config (guild_id, version, settings, updated_at) VALUES (?1, 1, ?2, 1)").bind(GUILD_ID, settings).run();
  await db
    .prepare(
      `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
       INSERT INTO levels_members (guild_id, user_id, text_xp, level, changed)
       SELECT ?1, CAST(300000000000000000 + i * 7919000000007 AS TEXT), 100 + (i * 7919) % 40000, 1000, 0 FROM n`,
    )
    .bind(GUILD_ID, MEMBERS - 1)
    .run();
  // The levels that these totals make, so that nobody reaches one by the first message only.
  const curve = Array.from({ length: 60 }, (_, level) => 5 * level ** 2 + 50 * level + 100);
  let needed = 0;
  const cases = curve.map((takes, level) => `WHEN text_xp < ${(needed += takes)} THEN ${level}`).join(" ");
  await db.prepare(`UPDATE levels_members SET level = CASE ${cases} ELSE 60 END`).run();
}

export async function run({ rebuild, say }) {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const options = musterOptions({ rebuild });
  const bindings = {
    ...options.bindings,
    DISCORD_PUBLIC_KEY: publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("hex"),
    DISCORD_API: "http://127.0.0.1:1/api/v10",
    DEV_CLOCK: "1",
    GATEWAY_KEY: `${KEY.id}:${KEY.secret.toString("hex")}`,
  };
  const side = await startMuster(counted({ ...options, bindings }));
  try {
    await makeGuild(side);
    const caller = callers(side, privateKey);
    const midnight = Math.ceil(Date.now() / DAY_MS) * DAY_MS;
    const events = plan();
    const [activity, cooldown] = [new Map(), new Map()];
    const worker = await side.miniflare.getWorker(side.name);
    await caller.move(midnight - Date.now());
    const before = await readUsage(side);
    let [next, batches, lastCall, ticks] = [0, 0, 0, 0];
    for (let from = 0; from < DAY_MS; from += FLUSH_MS) {
      const until = from + FLUSH_MS;
      const now = midnight + until;
      const first = next;
      while (next < events.length && events[next].at < until) next += 1;
      const window = events.slice(first, next);
      await caller.move(now - Date.now());
      for (const event of window) {
        if (event.kind === "rank" || event.kind === "leaderboard") await caller.command(event.kind, event.user, now);
      }
      const batch = report(window, midnight, activity, cooldown);
      if (until % ACTIVITY_MS === 0) batch.push(...takeActivity(activity, now));
      if (batch.length > 0 || until - lastCall >= POLL_MS) {
        await caller.deliver(batch, now);
        lastCall = until;
        batches += batch.length > 0 ? 1 : 0;
      }
      if (until % 60_000 === 0) {
        await worker.scheduled({ scheduledTime: new Date(now), cron: "* * * * *" });
        ticks += 1;
      }
      if (until % HOUR_MS === 0) say(`${until / HOUR_MS} h`);
    }
    const after = await readUsage(side);
    const used = Object.fromEntries(Object.entries(after).map(([name, count]) => [name, count - before[name]]));
    const perThousand = (used.d1_statements * 1_000) / MESSAGES;
    const rows = Object.entries({ ...used, batches }).map(([metric, value]) => ({ case: "a day of 5,000 members", side: "muster", metric, value, unit: "per day" }));
    rows.push(...Object.entries(FREE).map(([metric, value]) => ({ case: "a day of 5,000 members", side: "free plan", metric, value, unit: "per day" })));
    rows.push({ case: "per 1,000 messages, everything included", side: "muster", metric: "d1_statements", value: Math.round(perThousand * 10) / 10, unit: "1" });
    const over = Object.entries(FREE).filter(([metric, most]) => used[metric] > most);
    if (over.length > 0) throw new Error(`beyond the free plan: ${over.map(([metric, most]) => `${metric} ${used[metric]} of ${most}`).join(", ")}`);
    if (used.cron_ticks < ticks) throw new Error(`${ticks} ticks were sent and ${used.cron_ticks} counted`);
    return { bench: "day", rows, ratios: [] };
  } finally {
    await side.stop();
  }
}
