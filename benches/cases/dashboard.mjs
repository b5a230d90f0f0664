// Purpose: the dashboard's overview, logs, giveaways and board, and a public leaderboard, at 10,000, 100,000 and 1,000,000 members and log rows: how long
// the Worker takes and how much it sends. In workerd with a real D1, beside a Discord stand-in that is asked at every page.

import { spawn } from "node:child_process";
import zlib from "node:zlib";
import { freePorts, pause, until } from "../../scripts/lib/processes.mjs";
import { people } from "../../scripts/lib/people.mjs";
import { openSession } from "../../tests/e2e/lib/session.mjs";
import { buildNative, nativePath } from "../lib/build.mjs";
import { database, musterOptions, startMuster } from "../lib/muster.mjs";
import { result } from "../lib/report.mjs";
import { freePort } from "../lib/workerd.mjs";

const SIZES = [10_000, 100_000, 1_000_000];
const ROUNDS = 30;
const WARM_UP = 5;
/** From the smallest to the largest size. */
const MOST_GROWTH = 1.5;
const PER_STATEMENT = 50_000;
/** Discord's global limit is 50 calls a second, and each page of the dashboard takes two or three. */
const PAUSE_MS = 80;
const KEYS = { SESSION_KEYS: `b:${"01".repeat(32)}`, TOKEN_KEYS: `b:${"02".repeat(32)}`, GATEWAY_KEY: "" };

async function startSim() {
  const [port] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const args = ["--port", `${port}`, "--no-rate-limits", "--interactions-url", "http://127.0.0.1:9/interactions"];
  const child = spawn(nativePath("muster-sim"), args, { stdio: "ignore" });
  await until("the Discord stand-in to listen", async () => (await fetch(`${url}/sim/health`)).ok, { seconds: 30 });
  const json = async (method, route, body) => (await fetch(`${url}/sim${route}`, { method, headers: { "content-type": "application/json" }, body: body && JSON.stringify(body) })).json();
  return { url, sim: { get: (route) => json("GET", route), post: (route, body = {}) => json("POST", route, body) }, stop: () => child.kill() };
}

async function printedEnv(port) {
  const child = spawn(nativePath("muster-sim"), ["--port", `${port}`, "--print-env"], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  for await (const chunk of child.stdout) text += chunk;
  return Object.fromEntries(text.trim().split("\n").map((line) => line.split(/=(.*)/s).slice(0, 2)));
}

/** Members and lines of the log of one guild. D1 takes JavaScript's numbers for floating ones, hence the casts. */
async function fill(db, guild, size) {
  const settings = JSON.stringify({ levels: { enabled: true, public: true } });
  await db.prepare("INSERT INTO guild_config (guild_id, version, settings, updated_at) VALUES (?1, 1, ?2, 1)").bind(guild, settings).run();
  await db.prepare("INSERT INTO levels_guilds (guild_id, rollover_at) VALUES (?1, 9000000000000)").bind(guild).run();
  const changed = Math.floor(Date.now() / 300_000) - 12;
  for (let first = 0; first < size; first += PER_STATEMENT) {
    const last = Math.min(first + PER_STATEMENT, size) - 1;
    const numbers = "WITH RECURSIVE n(i) AS (SELECT CAST(?2 AS INTEGER) UNION ALL SELECT i + 1 FROM n WHERE i < ?3)";
    await db
      .prepare(
        `${numbers} INSERT INTO levels_members (guild_id, user_id, text_xp, voice_xp, changed)
         SELECT ?1, CAST(300000000000000000 + i * 7919000000007 AS TEXT), 20000000 / (1 + (i * 61813) % CAST(?4 AS INTEGER)), (i * 7919) % 5000, ?5 FROM n`,
      )
      .bind(guild, first, last, size, changed)
      .run();
    await db
      .prepare(
        `${numbers} INSERT INTO audit_log (guild_id, at, actor_id, source, action, target, before, after, cause)
         SELECT ?1, 1700000000000 + i * 1000, CAST(300000000000000000 + (i % 50) AS TEXT), 'interaction', 'config', 'setting ' || (i % 20), i, i + 1, 'bench:' || i FROM n`,
      )
      .bind(guild, first, last)
      .run();
  }
}

export async function run({ rebuild, say }) {
  buildNative("muster-sim");
  const discord = await startSim();
  const samples = {};
  const medians = {};
  try {
    const crowd = people(discord.sim);
    await crowd.meet();
    const guild = await crowd.guildId();
    const { DISCORD_APPLICATION_ID, DISCORD_TOKEN, DISCORD_CLIENT_SECRET } = await printedEnv(new URL(discord.url).port);
    const options = musterOptions({ rebuild });
    const pages = { overview: `/g/${guild}`, logs: `/g/${guild}/logs`, giveaways: `/g/${guild}/giveaways`, board: `/g/${guild}/levels/board`, "public leaderboard": `/leaderboard/${guild}` };
    for (const size of SIZES) {
      say(`${size} members and log rows`);
      const port = await freePort();
      const workerUrl = `http://127.0.0.1:${port}`;
      const bindings = { ...options.bindings, ...KEYS, DISCORD_APPLICATION_ID, DISCORD_TOKEN, DISCORD_CLIENT_SECRET, DISCORD_API: `${discord.url}/api/v10`, DISCORD_WEB: discord.url, PUBLIC_URL: workerUrl };
      const side = await startMuster({ ...options, port, bindings, outboundService: { network: { allow: ["local"] } } });
      try {
        await fill(await database(side), guild, size);
        const mara = await openSession({ workerUrl, simUrl: discord.url, crowd }, "mara");
        for (const [name, path] of Object.entries(pages)) {
          const rounds = [];
          for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
            await pause(PAUSE_MS);
            const started = performance.now();
            const { status, text } = await mara.get(path);
            const took = performance.now() - started;
            if (status !== 200) throw new Error(`${path} answered ${status}: ${text.slice(0, 2_000)}`);
            if (round >= WARM_UP) rounds.push({ answer_ms: took, size_gzip_kib: zlib.gzipSync(text).length / 1_024 });
          }
          samples[`${name}, ${size}`] = { muster: rounds };
          (medians[name] ??= []).push(rounds.map((round) => round.answer_ms).sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]);
        }
      } finally {
        await side.stop();
      }
    }
  } finally {
    discord.stop();
  }
  for (const [name, of] of Object.entries(medians)) {
    const growth = of.at(-1) / of[0];
    if (growth > MOST_GROWTH) throw new Error(`${name} takes ${growth.toFixed(2)} times as long at ${SIZES.at(-1)} as at ${SIZES[0]} (${of.map((ms) => ms.toFixed(1)).join(", ")} ms)`);
  }
  return result("dashboard", samples);
}
