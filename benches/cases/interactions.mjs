// Purpose: signed interactions that need no storage, a ping and a slash command: Muster against two JavaScript libraries.

import { bundlePeer } from "../lib/build.mjs";
import { command, forged, ping } from "../lib/jobs.mjs";
import { sample, send } from "../lib/load.mjs";
import { musterOptions, peerOptions, startMuster } from "../lib/muster.mjs";
import { result } from "../lib/report.mjs";
import { compare, overStarts } from "../lib/rounds.mjs";
import { startWorker } from "../lib/workerd.mjs";

const STARTS = 5;
/** Of each start. */
const ROUNDS = 6;
const REQUESTS = 2_000;
/** Past this the engine has compiled what is hot; before it, every side is several times slower. */
const WARM_UP = 6_000;
const CONCURRENCY = 16;
const FORGERIES = 100;
const PEERS = ["discord-hono", "discord-interactions"];

export async function run({ rebuild, say }) {
  const measure = async (start) => {
    const sides = await startSides(rebuild && start === 0);
    try {
      return await compareInteractions(sides, ROUNDS, say);
    } finally {
      await Promise.all(sides.map((side) => side.stop()));
    }
  };
  return result("interactions", await overStarts(STARTS, measure, say));
}

/** Muster and its peers, each having refused forged signatures. */
export async function startSides(rebuild) {
  const options = musterOptions({ rebuild });
  const muster = await startMuster(options);
  const sides = [muster];
  try {
    const answer = await musterAnswer(muster);
    for (const peer of PEERS) {
      sides.push(await startWorker(peer, peerOptions(options, await bundlePeer(peer), { ANSWER: answer })));
    }
    for (const side of sides) await refusesForgeries(side);
    return sides;
  } catch (error) {
    await Promise.all(sides.map((side) => side.stop()));
    throw error;
  }
}

export function compareInteractions(sides, rounds, say) {
  const cases = [
    { name: "ping", warmUp: () => ping(WARM_UP, CONCURRENCY), job: () => ping(REQUESTS, CONCURRENCY) },
    { name: "command", warmUp: () => command(WARM_UP, CONCURRENCY), job: () => command(REQUESTS, CONCURRENCY) },
  ];
  return compare(sides, cases, rounds, say);
}

/** The message Muster gives to the command; the peers send the same one. */
async function musterAnswer(side) {
  const [{ timestamp, signature, body }] = await sample(command(1, 1));
  const response = await fetch(`http://127.0.0.1:${side.port}/interactions`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-signature-ed25519": signature, "x-signature-timestamp": timestamp },
    body,
  });
  const answer = await response.json();
  if (!response.ok || answer.type !== 4) throw new Error(`Muster does not answer the command: ${response.status} ${JSON.stringify(answer)}`);
  return answer.data;
}

async function refusesForgeries(side) {
  await send(side.port, forged(FORGERIES, CONCURRENCY)).catch((error) => {
    throw new Error(`${side.name} takes forged signatures: ${error.message}`);
  });
}
