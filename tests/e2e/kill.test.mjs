// Purpose: kill -9 of the whole runtime in the middle of a giveaway's steps: nothing lost, nobody drawn twice, nothing said twice.

import assert from "node:assert/strict";
import { test } from "node:test";
import { pause, until } from "../../scripts/lib/processes.mjs";
import { textOf } from "../../scripts/lib/people.mjs";
import { cardOf, proofOf, toRest } from "./lib/giveaways.mjs";
import { openStack } from "./lib/stack.mjs";

const stack = await openStack({ rateLimits: false });
const { crowd, sim } = stack;
const MINUTE = 60_000;
/** How long a step runs before the runtime dies, in milliseconds: from "not even begun" to "just done". */
const MOMENTS = [2, 10, 25, 60, 130];
const PEOPLE = ["ada", "bela", "chen", "dilek", "emil", "farah"];

/** Starts a step, kills the runtime a moment later, starts it again on the same state. Gives what the step came to. */
async function killDuring(moment, step) {
  const outcome = step().then((value) => ({ value }), (error) => ({ error }));
  await pause(moment);
  await stack.killWorker();
  const result = await outcome;
  await stack.startWorker();
  return result;
}

/** Time passes in steps shorter than Discord remembers nonces, so that both ways of finding out are taken in turn. */
const rest = (moment) => toRest(stack, { skip: moment % 2 === 0 ? 20_000 : 150_000 });

const posted = async (prize, ...words) => {
  const all = await crowd.messages("giveaways");
  return all.filter((m) => m.ephemeral_for == null && [prize, ...words].every((word) => textOf(m).includes(word)));
};

/** The one message that says this, once it is there and everything has come to rest: no second one, however often the runtime died. */
async function onlyAfter(moment, prize, ...words) {
  await until(`a message with ${words.join(", ")}`, async () => {
    await rest(moment);
    return (await posted(prize, ...words)).length > 0;
  }, { seconds: 60, every: 250 });
  await rest(moment);
  return only(prize, ...words);
}

async function only(prize, ...words) {
  const found = await posted(prize, ...words);
  assert.equal(found.length, 1, `${found.length} messages with ${words.join(", ")}`);
  return found[0];
}

async function entrantsOf(id) {
  const { text } = await crowd.command("jonas", "giveaways", `/giveaway entrants giveaway:${id}`);
  return [...text.matchAll(/<@(\d+)>/g)].map(([, user]) => user);
}

async function startUnderFire(moment, prize) {
  const line = `/giveaway start prize:"${prize}" ends:10m winners:2 claim_window:1d`;
  const { value, error } = await killDuring(moment, () => crowd.command("jonas", "giveaways", line));
  await rest(moment);
  const cards = await posted(prize, "commitment");
  assert.ok(cards.length <= 1, "two cards");
  if (value && /Your giveaway/.test(value.text)) assert.equal(cards.length, 1, "a giveaway that was confirmed is lost");
  if (cards.length === 1) return cards[0];
  assert.ok(error, "nothing was said and nothing happened");
  // The person was told that it failed, and types it again.
  await crowd.command("jonas", "giveaways", line);
  return crowd.findMessage("the card", "giveaways", (text) => text.includes(prize) && text.includes("commitment"));
}

async function enterUnderFire(moment, card) {
  const confirmed = [];
  await killDuring(moment, () => Promise.allSettled(PEOPLE.map(async (who) => {
    const { text } = await crowd.press(who, card, "Enter");
    if (text.includes("You are in")) confirmed.push(await crowd.userId(who));
  })));
  const { id } = cardOf(card);
  const entered = await entrantsOf(id);
  assert.equal(new Set(entered).size, entered.length, "somebody is in twice");
  for (const user of confirmed) assert.ok(entered.includes(user), `${crowd.nameOf(user)} was told to be in and is not`);
  for (const who of PEOPLE) {
    if (!entered.includes(await crowd.userId(who))) await crowd.press(who, card, "Enter");
  }
  assert.equal((await entrantsOf(id)).length, PEOPLE.length);
}

async function claimUnderFire(moment, prize, winner, message) {
  await killDuring(moment, () => crowd.press(winner, message, "Claim Prize"));
  const { text } = await crowd.press(winner, message, "Claim Prize").catch(async (error) => {
    // The button is gone only when everything was claimed.
    assert.match(error.message, /there is no button/);
    return { text: "claimed" };
  });
  assert.match(text, /claimed/);
}

for (const moment of MOMENTS) {
  test(`killed ${moment} ms into every step`, async () => {
    const prize = `A box number ${moment}`;
    const card = await startUnderFire(moment, prize);
    await enterUnderFire(moment, card);

    // The end: closing, drawing, announcing.
    await killDuring(moment, () => crowd.wait(10 * MINUTE));
    const won = await onlyAfter(moment, prize, "Congratulations");
    const { id, commitment } = cardOf(card);
    const first = await proofOf(stack, id);
    assert.equal(first.commitment, commitment);
    assert.equal(first.picks.length, 2);
    const winners = first.picks.map((pick) => pick.user);
    assert.equal(new Set(winners).size, 2, "somebody was drawn twice");
    assert.deepEqual(won.mentions.map((user) => user.id).sort(), [...winners].sort(), "others were announced than drawn");

    await claimUnderFire(moment, prize, winners[0], won);

    // The other one lets a day pass: drawn again, once.
    await killDuring(moment, () => crowd.wait(24 * 60 * MINUTE));
    const again = await onlyAfter(moment, prize, "did not claim in time");
    const second = await proofOf(stack, id);
    assert.deepEqual(second.picks.slice(0, 2).map((pick) => pick.user), winners, "the past was changed");
    assert.equal(second.picks.length, 3);
    assert.deepEqual(second.picks.map((pick) => pick.outcome), second.picks.map((pick) => ({ [winners[0]]: "claimed", [winners[1]]: "lapsed" })[pick.user] ?? "won"));
    const last = second.picks[2].user;
    assert.ok(!winners.includes(last));
    await claimUnderFire(moment + 1, prize, last, again);
    await rest(moment);

    const end = await proofOf(stack, id);
    assert.equal(end.picks.filter((pick) => pick.outcome === "claimed").length, 2);
    const { text } = await crowd.command("ada", "general", `/giveaway verify giveaway:${id}`);
    assert.match(text, /This draw checks out/);
    await only(prize, "Congratulations", "did not claim in time");
    // The card's results say "claimed by <@…>", the sentence in the channel "<@…> claimed".
    for (const user of [winners[0], last]) await only(prize, `<@${user}> claimed`);
    assert.equal((await posted(prize, "commitment")).length, 1);
    assert.equal((await posted(prize, "Congratulations")).length, 2, "the draw and the second draw, each once");
    await until("the results on the card", async () => {
      const shown = textOf((await posted(prize, "commitment"))[0]);
      return shown.includes(`claimed by <@${winners[0]}>`) && shown.includes(`claimed by <@${last}>`);
    });
  });
}
