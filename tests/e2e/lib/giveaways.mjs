// Purpose: what giveaway tests do again and again.

import { textOf } from "../../../scripts/lib/people.mjs";

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
