// Purpose: 5,000 different people press "enter" at once; afterwards the database must hold each of them exactly once.

import { countEntries, enterButton, insertGiveaway, startGiveawaySides, userBlocks } from "../lib/giveaway.mjs";
import { button } from "../lib/jobs.mjs";
import { result } from "../lib/report.mjs";
import { compare } from "../lib/rounds.mjs";

const ROUNDS = 3;
const PEOPLE = 5_000;
/** So many of the presses come a second time, as Discord's retries do: they must change nothing. */
const REDELIVERED = 500;
const CONCURRENCY = 64;

export async function run({ rebuild, say }) {
  const sides = await startGiveawaySides(rebuild);
  try {
    const giveaways = ["burstwarm", ...Array.from({ length: ROUNDS }, (_, round) => `burst${round}`)];
    for (const side of sides) {
      for (const id of giveaways) await insertGiveaway(side, id);
    }
    const users = userBlocks();
    const press = (id) => button(enterButton(id), users(PEOPLE), PEOPLE, CONCURRENCY, REDELIVERED);
    const cases = [{ name: "burst", warmUp: () => press("burstwarm"), job: (_, round) => press(`burst${round}`) }];
    const samples = await compare(sides, cases, ROUNDS, say);
    for (const side of sides) {
      for (const id of giveaways) await holdsEveryoneOnce(side, id);
    }
    return result("burst", { burst: rename(samples.burst) });
  } finally {
    await Promise.all(sides.map((side) => side.stop()));
  }
}

async function holdsEveryoneOnce(side, id) {
  const counts = await countEntries(side, id);
  const wrong = Object.entries(counts).filter(([, count]) => count !== PEOPLE);
  if (wrong.length > 0) throw new Error(`${side.name} lost or doubled entries of ${id}: ${JSON.stringify(counts)}, not ${PEOPLE}`);
}

/** A request of a burst is an entry. */
function rename(perSide) {
  const asEntries = ({ requests_per_s, ...rest }) => ({ entries_per_s: requests_per_s, ...rest });
  return Object.fromEntries(Object.entries(perSide).map(([side, rounds]) => [side, rounds.map(asEntries)]));
}
