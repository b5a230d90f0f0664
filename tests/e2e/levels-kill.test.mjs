// Purpose: kill -9 of the gateway sidecar and of the whole runtime, fifty times at random, while people talk: every point is
// counted once, and no level is said twice.

import assert from "node:assert/strict";
import { test } from "node:test";
import { pause, until } from "../../scripts/lib/processes.mjs";
import { textOf } from "../../scripts/lib/people.mjs";
import { levels, remark } from "./lib/levels.mjs";
import { openStack } from "./lib/stack.mjs";

const KILLS = 50;
const PEOPLE = 12;
const XP = 40;
const COOLDOWN_MS = 2_000;
/** Bursts beyond this within ten seconds earn nothing; nobody here comes near it. */
const MESSAGES_PER_ROUND = 4;

const stack = await openStack({ rateLimits: false, sidecar: { flushSeconds: 1, pollSeconds: 1 } });
const { crowd, sim } = stack;
const { member, switchOn } = levels(stack);

/** Mulberry32: which process dies when, the same in every run. */
function randomFrom(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let bits = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** When a message was sent: what the cooldown goes by. */
const sentAt = (id) => Number((BigInt(id) >> 22n) + 1_420_070_400_000n);

/** What everybody should have: a message earns when the last one that earned is two seconds old. */
function modelOf(messages) {
  const totals = {};
  const earned = {};
  for (const { user, id } of [...messages].sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1))) {
    const at = sentAt(id);
    totals[user] ??= 0;
    if (at - (earned[user] ?? -COOLDOWN_MS) < COOLDOWN_MS) continue;
    earned[user] = at;
    totals[user] += XP;
  }
  return totals;
}

/** MEE6's curve. */
function levelOf(total) {
  let level = 0;
  while (total >= 5 * level ** 2 + 50 * level + 100) total -= 5 * level ** 2 + 50 * level++ + 100;
  return level;
}

test(`${KILLS} times at random`, async () => {
  const people = Array.from({ length: PEOPLE }, (_, n) => `talker${n}`);
  for (const user of people) await crowd.join(user);
  await switchOn({ min_xp: `${XP}`, max_xp: `${XP}`, cooldown: `${COOLDOWN_MS / 1_000}` });

  const channel = await crowd.channelId("general");
  const said = [];
  const random = randomFrom(50);
  const talk = async () => {
    for (let n = 0; n < MESSAGES_PER_ROUND; n += 1) {
      const user = people[Math.floor(random() * PEOPLE)];
      const { message } = await sim.post("/messages", { user, channel, content: remark(said.length) });
      said.push({ user, id: message.id });
      await pause(random() * 250);
    }
  };
  for (let kill = 0; kill < KILLS; kill += 1) {
    const talking = talk();
    await pause(random() * 900);
    if (random() < 0.6) {
      await stack.killSidecar();
      await stack.startSidecar();
    } else {
      await stack.killWorker();
      await stack.startWorker();
    }
    await talking;
  }

  const model = modelOf(said);
  const wanted = Object.values(model).reduce((sum, total) => sum + total, 0);
  assert.ok(wanted > 50 * XP, `${wanted} points are too few to say anything`);
  await until("everybody's total to be the model's", async () => {
    for (const user of Object.keys(model)) assert.equal((await member(user)).total, model[user], user);
    return true;
  }, { seconds: 60, every: 500 });
  // Whatever would be counted twice has had its time.
  await pause(3_000);
  for (const user of Object.keys(model)) assert.equal((await member(user)).total, model[user], user);

  await until("every level to be said", async () => {
    await stack.tick();
    const messages = (await crowd.messages("general")).map(textOf);
    for (const [user, total] of Object.entries(model)) {
      const id = await crowd.userId(user);
      const levels = messages.filter((text) => text.includes(`<@${id}>`)).map((text) => /level (\d+)/.exec(text)?.[1]).filter(Boolean).map(Number);
      assert.equal(new Set(levels).size, levels.length, `${user} heard of a level twice: ${levels}`);
      assert.equal(Math.max(0, ...levels), levelOf(total), `${user}'s level`);
    }
    return true;
  }, { seconds: 60, every: 1_000 });
});
