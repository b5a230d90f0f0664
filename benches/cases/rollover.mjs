// Purpose: the end of a month of missions in a server where 100,000 members have points, in workerd with a real D1: what it takes
// from the tick of the cron until the month's first are kept, and how many statements each takes.

import { setTimeout } from "node:timers/promises";
import { GUILD_ID } from "../lib/jobs.mjs";
import { database, musterOptions, startMuster } from "../lib/muster.mjs";
import { counted, readUsage } from "../lib/usage.mjs";

const MEMBERS = 100_000;
/** Seconds of processor time of the whole process, D1 included, in which a month has to end. */
const MOST_CPU_S = 5;
/** What Cloudflare's free plan lets one invocation ask D1 (Cloudflare, "D1 limits", 2026). */
const MOST_STATEMENTS = 50;
/** The tick wakes the server's clock, which then runs by itself. */
const MOST_MS = 20_000;
/** Rows per statement that makes members: D1 stops statements that run for long. */
const PER_STATEMENT = 25_000;
const ROUNDS = 5;

async function makeMembers(db, months) {
  for (const month of months) {
    for (let first = 0; first < MEMBERS; first += PER_STATEMENT) {
      await db
        .prepare(
          `WITH RECURSIVE n(i) AS (SELECT CAST(?3 AS INTEGER) UNION ALL SELECT i + 1 FROM n WHERE i < ?4)
           INSERT INTO points_totals (guild_id, month, user_id, points)
           SELECT ?1, ?2, CAST(300000000000000000 + i * 7919000000007 AS TEXT), 1 + (i * 61813) % 5000 FROM n`,
        )
        .bind(GUILD_ID, month, first, first + PER_STATEMENT - 1)
        .run();
    }
  }
}

export async function run({ rebuild, say }) {
  const side = await startMuster(counted(musterOptions({ rebuild })));
  const rows = [];
  const row = (metric, value, unit) => rows.push({ case: `a month of ${MEMBERS} members ends`, side: "muster", metric, value, unit });
  try {
    const db = await database(side);
    const worker = await side.miniflare.getWorker(side.name);
    const months = Array.from({ length: ROUNDS }, (_, n) => `2020-0${n + 1}`);
    say("members");
    await makeMembers(db, [...months, "all"]);
    const tick = () => worker.scheduled({ scheduledTime: new Date(), cron: "* * * * *" });
    const statementsNow = async () => (await readUsage(side)).d1_statements;
    // Commands are registered and the like before the clock starts.
    await tick();
    const [cpu, statements] = [[], []];
    for (const month of months) {
      say(month);
      await db.prepare("INSERT OR REPLACE INTO mission_clocks (guild_id, month, due_at) VALUES (?1, ?2, 1)").bind(GUILD_ID, month).run();
      const kept = () => db.prepare("SELECT members, winners FROM mission_months WHERE guild_id = ?1 AND month = ?2").bind(GUILD_ID, month).first();
      const [started, before] = [side.cpuMicros(), await statementsNow()];
      const until = Date.now() + MOST_MS;
      await tick();
      let found = await kept();
      while (!found && Date.now() < until) {
        await setTimeout(20);
        found = await kept();
      }
      cpu.push((side.cpuMicros() - started) / 1_000_000);
      statements.push((await statementsNow()) - before);
      const winners = JSON.parse(found?.winners ?? "[]");
      if (found?.members !== MEMBERS || winners.length !== 10 || winners[0].points !== 5_000) throw new Error(`${month} ended with ${JSON.stringify(found)}`);
    }
    row("most_cpu_s", Math.round(Math.max(...cpu) * 1_000) / 1_000, "s");
    row("most_d1_statements", Math.max(...statements), "1");
    if (Math.max(...cpu) > MOST_CPU_S) throw new Error(`a month took ${Math.max(...cpu)} s of processor time, more than ${MOST_CPU_S}`);
    if (Math.max(...statements) > MOST_STATEMENTS) throw new Error(`a month took ${Math.max(...statements)} statements, more than ${MOST_STATEMENTS}`);
    return { bench: "rollover", rows, ratios: [] };
  } finally {
    await side.stop();
  }
}
