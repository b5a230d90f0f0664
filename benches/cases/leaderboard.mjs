// Purpose: somebody's rank and the first page of a board at 1,000, 100,000 and 1,000,000 members, in workerd with a real D1: the
// first question, for which the index is read from D1, and those after it while points keep arriving.

import { database, musterOptions, startMuster } from "../lib/muster.mjs";
import { result } from "../lib/report.mjs";

const SIZES = [1_000, 100_000, 1_000_000];
const ROUNDS = 60;
const WARM_UP = 10;
/** What the issue asks for at a million members. */
const MOST_MS = 5;
/** Rows per statement that makes members: D1 stops statements that run for long. */
const PER_STATEMENT = 50_000;
const FIRST_USER = 300_000_000_000_000_000n;
const APART = 7_919_000_000_007n;
/** As the index counts: five minutes. */
const CHANGED_MS = 300_000;

const guildOf = (size) => `90000000000${String(size).padStart(8, "0")}`;
const userAt = (n) => (FIRST_USER + BigInt(n) * APART).toString();

/** D1 takes JavaScript's numbers for floating ones, hence the casts. A guild whose members were all last active an hour ago; scores are spread like a busy server's: few high, many low. */
async function makeMembers(db, size) {
  const guild = guildOf(size);
  const settings = JSON.stringify({ levels: { enabled: true, public: true } });
  await db.prepare("INSERT INTO guild_config (guild_id, version, settings, updated_at) VALUES (?1, 1, ?2, 1)").bind(guild, settings).run();
  await db.prepare("INSERT INTO levels_guilds (guild_id, rollover_at) VALUES (?1, 9000000000000)").bind(guild).run();
  const changed = Math.floor(Date.now() / CHANGED_MS) - 12;
  for (let first = 0; first < size; first += PER_STATEMENT) {
    const last = Math.min(first + PER_STATEMENT, size) - 1;
    await db
      .prepare(
        `WITH RECURSIVE n(i) AS (SELECT CAST(?2 AS INTEGER) UNION ALL SELECT i + 1 FROM n WHERE i < ?3)
         INSERT INTO levels_members (guild_id, user_id, text_xp, voice_xp, changed)
         SELECT ?1, CAST(${FIRST_USER} + i * ${APART} AS TEXT), 20000000 / (1 + (i * 61813) % CAST(?4 AS INTEGER)), (i * 7919) % 5000, ?5 FROM n`,
      )
      .bind(guild, first, last, size, changed)
      .run();
  }
  return guild;
}

async function ask(side, path) {
  const started = performance.now();
  const response = await fetch(`http://127.0.0.1:${side.port}/api/v1${path}`);
  const body = await response.json();
  const took = performance.now() - started;
  if (response.status !== 200) throw new Error(`${path} answered ${response.status}: ${JSON.stringify(body)}`);
  return { took, body };
}

export async function run({ rebuild, say }) {
  const side = await startMuster(musterOptions({ rebuild }));
  const samples = {};
  try {
    const db = await database(side);
    for (const size of SIZES) {
      say(`${size} members`);
      const guild = await makeMembers(db, size);
      const first = await ask(side, `/guilds/${guild}/leaderboard?board=all&page=1`);
      samples[`first question, ${size}`] = { muster: [{ answer_ms: first.took }] };
      const rank = [];
      const page = [];
      for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
        // Somebody earned meanwhile: the index has to follow before it answers.
        const who = userAt((round * 7_919) % size);
        await db
          .prepare("UPDATE levels_members SET text_xp = text_xp + 25, changed = ?3 WHERE guild_id = ?1 AND user_id = ?2")
          .bind(guild, who, Math.floor(Date.now() / CHANGED_MS))
          .run();
        const ranked = await ask(side, `/guilds/${guild}/members/${who}/rank`);
        const paged = await ask(side, `/guilds/${guild}/leaderboard?board=all&page=1`);
        if (round < WARM_UP) continue;
        rank.push({ answer_ms: ranked.took });
        page.push({ answer_ms: paged.took });
      }
      samples[`rank, ${size}`] = { muster: rank };
      samples[`first page, ${size}`] = { muster: page };
    }
  } finally {
    await side.stop();
  }
  const report = result("leaderboard", samples);
  for (const row of report.rows.filter((row) => !row.case.startsWith("first question"))) {
    if (row.value > MOST_MS) throw new Error(`${row.case} members took ${row.value} ms, more than ${MOST_MS}`);
  }
  return report;
}
