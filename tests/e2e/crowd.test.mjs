// Purpose: a crowd at one button on workerd: presses that share a batch, presses that come twice, people who hang up.

import assert from "node:assert/strict";
import http from "node:http";
import { test } from "node:test";
import { until } from "../../scripts/lib/processes.mjs";
import { interaction, signed, standInKey } from "./lib/discord.mjs";
import { cardOf, startGiveaway } from "./lib/giveaways.mjs";
import { openStack } from "./lib/stack.mjs";

const stack = await openStack({ rateLimits: false });
const { crowd } = stack;
const guild = await crowd.guildId();
const key = standInKey(stack.env.DISCORD_PUBLIC_KEY);
const agent = new http.Agent({ keepAlive: true });
/** So many at once, and so many in all that the runtime has optimised the path long before the last of them. */
const AT_ONCE = 64;
const PEOPLE = 20_000;
const FIRST_USER = 830_000_000_000_000_000n;

function pressBody(card, user) {
  const { id } = cardOf(card);
  const who = { user: String(user), guild, channel: card.channel_id };
  const data = { component_type: 2, custom_id: `1:giveaways:enter:${id}` };
  return JSON.stringify(interaction(stack.env.DISCORD_APPLICATION_ID, who, { type: 3, data, message: card.id }));
}

/** Presses; hangs up after `hangUpMs` where that is given. Gives the answer's text, or null after hanging up. */
function press(body, hangUpMs) {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body), ...signed(key, body) };
    const request = http.request(`${stack.workerUrl}/interactions`, { method: "POST", agent: hangUpMs === undefined ? agent : false, headers });
    const failed = (error) => {
      if (hangUpMs !== undefined) return resolve(null);
      // workerd closes a connection that rested for 5 s, and may do so at the very moment when it is used again: that
      // press never arrived, and is sent anew.
      if (request.reusedSocket && error.code === "ECONNRESET") return press(body).then(resolve, reject);
      return reject(error);
    };
    request.on("error", failed);
    request.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece) => (text += piece)).on("end", () => resolve(text)).on("error", () => resolve(null));
    });
    request.end(body);
    if (hangUpMs !== undefined) setTimeout(() => request.destroy(), hangUpMs);
  });
}

/** `work(number)` for the numbers below `count`, AT_ONCE at a time. */
async function forEach(count, work) {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** How many are in, once two looks agree: who hung up may still be on the way. */
async function entrants(card) {
  const { id } = cardOf(card);
  let last = null;
  return until("the count to stand still", async () => {
    const { text } = await crowd.command("jonas", "general", `/giveaway entrants giveaway:${id}`);
    const count = Number(/([\d,]+) entrants/.exec(text)?.[1].replaceAll(",", ""));
    if (count === last) return count;
    last = count;
    throw new Error(`${count} entrants`);
  }, { seconds: 60, every: 500 });
}

test("twenty thousand people, one in ten delivered twice: everybody is answered and counted once", async () => {
  const card = await startGiveaway(stack, { prize: "A harbour cruise" });
  const wrong = [];
  await forEach(PEOPLE, async (number) => {
    const body = pressBody(card, FIRST_USER + BigInt(number));
    const deliveries = number % 10 === 0 ? [press(body), press(body)] : [press(body)];
    for (const text of await Promise.all(deliveries)) if (!text.includes("You are in!")) wrong.push(text);
  });
  assert.deepEqual(wrong.slice(0, 3), [], `${wrong.length} wrong answers`);
  assert.equal(await entrants(card), PEOPLE);
});

test("people who hang up while they lead a batch take nobody with them", async () => {
  const card = await startGiveaway(stack, { prize: "A row of lanterns" });
  const wrong = [];
  await forEach(2_000, async (number) => {
    const body = pressBody(card, FIRST_USER + BigInt(number));
    if (number % 4 === 0) await press(body, number % 7);
    else if (!(await press(body)).includes("You are in!")) wrong.push(number);
  });
  assert.deepEqual(wrong, [], "everybody who waited is in");
  const inside = await entrants(card);
  assert.ok(inside >= 1_500 && inside <= 2_000, `${inside} are in`);
});
