// Purpose: one giveaway entry (verify, load, check, insert, answer): Muster against a minimal JavaScript Worker on D1.

import { enterButton, insertGiveaway, startGiveawaySides, userBlocks } from "../lib/giveaway.mjs";
import { button } from "../lib/jobs.mjs";
import { result } from "../lib/report.mjs";
import { compare } from "../lib/rounds.mjs";

const ROUNDS = 11;
const REQUESTS = 1_000;
/** One at a time: what a press costs that shares its batch with nobody. */
const LONE_REQUESTS = 300;
const WARM_UP = 15_000;
const CONCURRENCY = 16;
const GIVEAWAY = "benchentry";

export async function run({ rebuild, say }) {
  const sides = await startGiveawaySides(rebuild);
  try {
    for (const side of sides) await insertGiveaway(side, GIVEAWAY);
    const users = userBlocks();
    const press = (count, concurrency = CONCURRENCY) => button(enterButton(GIVEAWAY), users(count), count, concurrency);
    const cases = [
      { name: "entry", warmUp: () => press(WARM_UP), job: () => press(REQUESTS) },
      { name: "lone entry", warmUp: () => press(LONE_REQUESTS, 1), job: () => press(LONE_REQUESTS, 1) },
    ];
    return result("entry", await compare(sides, cases, ROUNDS, say));
  } finally {
    await Promise.all(sides.map((side) => side.stop()));
  }
}
