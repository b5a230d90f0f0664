// Purpose: the two sides that take giveaway entries, and the giveaways they take them for.

import { bundlePeer } from "./build.mjs";
import { GUILD_ID } from "./jobs.mjs";
import { database, migrate, musterOptions, peerOptions, startMuster } from "./muster.mjs";
import { startWorker } from "./workerd.mjs";

const DAY_MS = 86_400_000;
/** Accounts of spring 2021: old enough for any requirement. */
const FIRST_USER_ID = 830_000_000_000_000_000n;

/** Muster, and a JavaScript Worker doing the same on the same tables. */
export async function startGiveawaySides(rebuild) {
  const options = musterOptions({ rebuild });
  const muster = await startMuster(options);
  const peer = await startWorker("javascript", {
    ...peerOptions(options, await bundlePeer("javascript-entry")),
    d1Databases: { DB: "bench" },
  });
  await migrate(peer, "DB");
  return [muster, peer];
}

/** A running giveaway with one requirement (an account 30 days old), written straight into a side's database. */
export async function insertGiveaway(side, id) {
  const now = Date.now();
  const row = {
    id,
    guild_id: GUILD_ID,
    channel_id: "1100000000000000002",
    message_id: "1100000000000000200",
    host_id: "1100000000000000004",
    interaction_id: `bench-${id}`,
    prize: "A month of Nitro",
    description: "",
    winners: 1,
    requirements: JSON.stringify({ min_account_days: 30 }),
    min_entrants: 1,
    too_few: "cancel",
    extensions: 0,
    claim_seconds: 0,
    reroll_limit: 0,
    rerolls_used: 0,
    winner_cooldown_days: 0,
    state: "active",
    created_at: now,
    duration_ms: DAY_MS,
    ends_at: now + DAY_MS,
    due_at: now + DAY_MS,
    version: 1,
    seed: "00".repeat(32),
    commitment: "00".repeat(32),
    entrant_count: 0,
    open_slots: "[]",
    picks_drawn: 0,
  };
  const columns = Object.keys(row);
  const db = await database(side);
  const places = columns.map((_, index) => `?${index + 1}`).join(", ");
  await db.prepare(`INSERT INTO giveaways (${columns.join(", ")}) VALUES (${places})`).bind(...Object.values(row)).run();
}

export function enterButton(id) {
  return `1:giveaways:enter:${id}`;
}

/** The first of `count` users that nobody was given before; each block starts where the last one ended. */
export function userBlocks() {
  let next = FIRST_USER_ID;
  return (count) => {
    const first = next;
    next += BigInt(count);
    return first.toString();
  };
}

/** What the database holds of a giveaway: rows, different people, people in it now, and the giveaway's own count. */
export async function countEntries(side, id) {
  const db = await database(side);
  return db
    .prepare(
      `SELECT COUNT(*) AS entries, COUNT(DISTINCT e.user_id) AS people, SUM(e.left_at IS NULL) AS inside,
         (SELECT entrant_count FROM giveaways WHERE id = ?1) AS told
       FROM giveaway_entries e WHERE e.giveaway_id = ?1`,
    )
    .bind(id)
    .first();
}
