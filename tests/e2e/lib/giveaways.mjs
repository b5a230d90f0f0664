// Purpose: what giveaway tests do again and again.

import { textOf } from "../../../scripts/lib/people.mjs";
import { until } from "../../../scripts/lib/processes.mjs";

/** Starts a giveaway of ten minutes in #giveaways as a moderator and gives its card. */
export async function startGiveaway({ crowd }, { prize, options = "", user = "jonas" }) {
  const { text } = await crowd.command(user, "giveaways", `/giveaway start prize:"${prize}" ends:10m ${options}`);
  if (!text.includes("Your giveaway")) throw new Error(`the giveaway was not started: ${text}`);
  return crowd.findMessage(`the card of ${prize}`, "giveaways", (text, m) => text.includes(prize) && text.includes("commitment") && m.ephemeral_for == null);
}

/** `{ id, commitment }` as the card shows them. */
export function cardOf(card) {
  const [, id] = /ID ([0-9a-f]{12})/.exec(textOf(card)) ?? [];
  const [, commitment] = /commitment ([0-9a-f]{64})/.exec(textOf(card)) ?? [];
  return { id, commitment };
}

export async function proofOf({ workerUrl }, id) {
  const response = await fetch(`${workerUrl}/api/v1/giveaways/${id}/proof`);
  if (!response.ok) throw new Error(`the proof answers ${response.status}`);
  return response.json();
}

/** Ticks until nothing is waiting: no timer late, no message unsent. `skip` is how much time passes between two looks. */
export async function toRest(stack, { seconds = 90, skip = 0 } = {}) {
  await until("Muster to come to rest", async () => {
    await stack.tick();
    const health = await (await fetch(`${stack.workerUrl}/healthz`)).json();
    const waiting = Object.entries(health.outbox).filter(([state, count]) => state !== "sent" && count > 0);
    if (waiting.length === 0 && health.late_timers === 0) return true;
    if (skip > 0) await stack.crowd.wait(skip);
    throw new Error(`outbox ${JSON.stringify(health.outbox)}, late timers ${health.late_timers}`);
  }, { seconds, every: 250 });
}
