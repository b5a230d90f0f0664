// Purpose: whole giveaways on workerd, D1, Durable Objects and the queue, as people beside the Discord stand-in see them.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { ROOT, run, until } from "../../scripts/lib/processes.mjs";
import { buttonOf, textOf } from "../../scripts/lib/people.mjs";
import { interaction, send, signed, snowflake, standInKey } from "./lib/discord.mjs";
import { cardOf, proofOf, startGiveaway, toRest } from "./lib/giveaways.mjs";
import { openStack } from "./lib/stack.mjs";

const stack = await openStack({ rateLimits: false });
const { crowd, sim } = stack;
const key = standInKey(stack.env.DISCORD_PUBLIC_KEY);
const MINUTE = 60_000;
const POSTS = "/channels/{channel_id}/messages";

const congratulations = (prize) => (text) => text.includes("Congratulations") && text.includes(prize);

test("from the slash command to the claimed prize, by alarms alone", async () => {
  const prize = "A clay teapot";
  const card = await startGiveaway(stack, { prize, options: "winners:2 required_role:@Member bonus_role:@Booster bonus_entries:3" });
  for (const who of ["ada", "bela", "chen", "dilek", "emil"]) {
    const { text, isPrivate } = await crowd.press(who, card, "Enter");
    assert.ok(isPrivate);
    assert.match(text, who === "ada" ? /You are in with \*\*4 entries\*\*/ : /You are in!/);
  }
  const { text: refusal, isPrivate } = await crowd.press("gus", card, "Enter");
  assert.ok(isPrivate, "a refusal is nobody else's business");
  assert.match(refusal, /You need the role <@&\d+> to enter\. Once you have it, press the button again\./);

  await crowd.wait(4_000);
  const left = await crowd.press("emil", card, "Enter");
  assert.match(left.text, /You left/);
  await crowd.findMessage("four entrants on the card", "giveaways", (text, m) => m.id === card.id && text.includes("[Enter (4)]") && text.includes("Entrants: 4"));

  await crowd.wait(10 * MINUTE);
  const won = await crowd.findMessage("the announcement", "giveaways", congratulations(prize));
  const winners = won.mentions.map((user) => user.id);
  assert.equal(new Set(winners).size, 2, won.content);
  assert.ok(!winners.includes(await crowd.userId("emil")), "who left cannot win");
  for (const winner of winners) {
    const seen = (await crowd.messages("giveaways", winner)).find((message) => message.id === won.id);
    assert.equal(seen.pinged_me, true, "winners are pinged");
  }

  const loser = ["ada", "bela", "chen", "dilek"].find((who) => !winners.some((id) => crowd.nameOf(id).normalize("NFD").toLowerCase().startsWith(who.slice(0, 1))));
  const denied = await crowd.press(loser, won, "Claim Prize");
  assert.ok(denied.isPrivate);
  assert.match(denied.text, /Only the winners/);
  for (const winner of winners) {
    const { text } = await crowd.press(winner, won, "Claim Prize");
    assert.match(text, /You claimed/);
    await crowd.findMessage("the claim, for everybody", "giveaways", (text) => text.includes(`<@${winner}> claimed`));
  }
  const twice = await crowd.press(winners[0], won, "Claim Prize");
  assert.ok(twice.isPrivate);
  assert.match(twice.text, /already claimed/);
  await crowd.findMessage("the results on the card", "giveaways", (text, m) => m.id === card.id && winners.every((id) => text.includes(`claimed by <@${id}>`)));

  const { id, commitment } = cardOf(card);
  const verified = await crowd.command("gus", "general", `/giveaway verify giveaway:${id}`);
  assert.match(verified.text, /This draw checks out/);
  const proof = await proofOf(stack, id);
  assert.equal(proof.commitment, commitment);
  assert.deepEqual(proof.entrants.map(([, weight]) => weight).sort(), [1, 1, 1, 4]);
  const file = path.join(stack.dir, "proof.json");
  fs.writeFileSync(file, JSON.stringify(proof));
  assert.equal((await run(path.join(ROOT, "scripts/verify-draw"), [file])).code, 0);
  fs.writeFileSync(file, JSON.stringify({ ...proof, picks: proof.picks.map((pick, i, all) => ({ ...pick, user: all[all.length - 1 - i].user })) }));
  assert.equal((await run(path.join(ROOT, "scripts/verify-draw"), [file])).code, 1, "a proof with swapped winners is caught");
});

test("nobody claims: drawn again until the limit, each time announced once, then left to the host", async () => {
  const prize = "A wool blanket";
  const card = await startGiveaway(stack, { prize, options: "claim_window:1m reroll_limit:2" });
  for (const who of ["ada", "bela", "chen", "dilek"]) await crowd.press(who, card, "Enter");
  await crowd.wait(10 * MINUTE + 500);
  const drawn = [];
  for (let draw = 1; draw <= 3; draw += 1) {
    await until(`draw ${draw}`, async () => {
      const all = (await crowd.messages("giveaways")).filter((m) => congratulations(prize)(textOf(m)));
      return all.length === draw;
    });
    const last = (await crowd.messages("giveaways")).filter((m) => congratulations(prize)(textOf(m))).at(-1);
    const winner = /Congratulations <@(\d+)>/.exec(last.content)[1];
    assert.ok(!drawn.includes(winner), "nobody is drawn twice");
    drawn.push(winner);
    await crowd.wait(MINUTE + 500);
  }
  const end = await crowd.findMessage("the end of the redraws", "giveaways", (text) => text.includes(prize) && text.includes("2 automatic redraws"));
  assert.match(textOf(end), /\/giveaway reroll/);
  const { picks } = await proofOf(stack, cardOf(card).id);
  assert.deepEqual(picks.map((pick) => pick.outcome), ["lapsed", "lapsed", "lapsed"]);
});

describe("presses that come many times (F03)", () => {
  test("fifty deliveries of one press at once count once", async () => {
    const card = await startGiveaway(stack, { prize: "A tin drum" });
    const member = (await crowd.meet()).guilds[0].members.find((one) => one.user.username === "chen");
    const who = { user: member.user.id, guild: await crowd.guildId(), channel: card.channel_id, roles: member.roles };
    const data = { component_type: 2, custom_id: buttonOf(card, "Enter") };
    const body = JSON.stringify(interaction(stack.env.DISCORD_APPLICATION_ID, who, { type: 3, data, message: card.id, id: snowflake((await sim.get("/clock")).now_ms) }));
    const headers = signed(key, body);
    const answers = await Promise.all(Array.from({ length: 50 }, () => send(`${stack.workerUrl}/interactions`, { headers, body, seconds: 20 })));
    const said = new Set(answers.map(({ status, text }) => `${status} ${JSON.parse(text).data.content}`));
    assert.equal(said.size, 1, [...said].join("\n"));
    assert.match([...said][0], /^200 🎉 You are in!/);
    await crowd.findMessage("one entrant on the card", "giveaways", (text, m) => m.id === card.id && text.includes("[Enter (1)]"));
    const { text } = await crowd.command("jonas", "giveaways", `/giveaway entrants giveaway:${cardOf(card).id}`);
    assert.match(text, /1 entrant/);
    assert.equal(text.match(new RegExp(`<@${who.user}>`, "g")).length, 1);
  });

  test("a double click is one entry, two people are two", async () => {
    const card = await startGiveaway(stack, { prize: "A pair of gloves" });
    await Promise.all(["ada", "ada", "ada", "bela", "bela"].map((who) => crowd.press(who, card, "Enter")));
    await crowd.findMessage("two entrants on the card", "giveaways", (text, m) => m.id === card.id && text.includes("[Enter (2)]"));
  });

  test("two deliveries of every interaction start one giveaway and claim one prize", async () => {
    await sim.post("/faults", { route: "INTERACTION", kind: "duplicate" });
    const prize = "A spare key";
    const card = await startGiveaway(stack, { prize });
    await crowd.press("dilek", card, "Enter");
    await crowd.wait(10 * MINUTE + 500);
    const won = await crowd.findMessage("the announcement", "giveaways", congratulations(prize));
    const { text } = await crowd.press("dilek", won, "Claim Prize");
    assert.match(text, /claimed/);
    await sim.delete("/faults");
    await toRest(stack);
    const about = (await crowd.messages("giveaways")).filter((m) => m.ephemeral_for == null && textOf(m).includes(prize));
    assert.equal(about.filter((m) => textOf(m).includes("commitment")).length, 1, "one card");
    assert.equal(about.filter((m) => congratulations(prize)(textOf(m))).length, 1, "one announcement");
    assert.equal(about.filter((m) => textOf(m).includes("> claimed")).length, 1, "one claim");
    const log = await crowd.command("jonas", "giveaways", `/giveaway export giveaway:${cardOf(card).id} format:json`);
    const { actions } = await exported(log);
    assert.equal(actions.filter((action) => action === "claimed").length, 1);
  });
});

/** The JSON file of /giveaway export, with its log's actions. */
async function exported({ message }) {
  const { url } = message.attachments[0];
  const data = await (await fetch(url)).json();
  return { data, actions: data.log.map((line) => line.action) };
}

test("the count on the card is refreshed once for many presses", async () => {
  const names = Array.from({ length: 12 }, (_, i) => `guest${i}`);
  for (const name of names) await crowd.join(name, { roles: [] });
  const card = await startGiveaway(stack, { prize: "A paper boat" });
  await sim.delete("/calls");
  await Promise.all(names.map((name) => crowd.press(name, card, "Enter")));
  await crowd.findMessage("twelve entrants on the card", "giveaways", (text, m) => m.id === card.id && text.includes("[Enter (12)]"));
  const { calls } = await sim.get("/calls");
  const edits = calls.filter((call) => call.method === "PATCH" && call.path.includes(card.id));
  assert.ok(edits.length <= 3, `${edits.length} edits for 12 presses`);
});

describe("when Discord misbehaves (F08, F17, F24)", () => {
  const faults = {
    "hangs after the message is there": { method: "POST", route: POSTS, count: 1, kind: "hang_after_effect" },
    "hangs before it": { method: "POST", route: POSTS, count: 1, kind: "hang_before" },
    "cuts the connection after the message is there": { method: "POST", route: POSTS, count: 1, kind: "reset_after_effect" },
    "answers 502": { method: "POST", route: POSTS, count: 2, kind: "status", status: 502 },
    "says too many requests": { method: "POST", route: POSTS, count: 1, kind: "rate_limited", scope: "user", retry_after: 0.7 },
    "shows its block page": { method: "POST", route: POSTS, count: 1, kind: "html_block" },
  };
  for (const [what, fault] of Object.entries(faults)) {
    test(`Discord ${what}: the card is posted exactly once`, async () => {
      const prize = `A lamp for when Discord ${what}`;
      await sim.post("/faults", fault);
      await crowd.command("jonas", "giveaways", `/giveaway start prize:"${prize}" ends:10m`);
      const cards = async () => (await crowd.messages("giveaways")).filter((m) => m.ephemeral_for == null && textOf(m).includes(prize));
      await until("the fault to strike", async () => (await sim.get("/faults")).faults[0].struck > 0, { seconds: 30 });
      // Whoever is blocked keeps quiet for a minute: here it passes at once.
      if (fault.kind === "html_block") await crowd.wait(65_000);
      await toRest(stack);
      await sim.delete("/faults");
      assert.equal((await cards()).length, 1);
      const { text } = await crowd.press("ada", (await cards())[0], "Enter");
      assert.match(text, /You are in/);
    });
  }
});

test("Discord is down for ten minutes at the draw (F23): drawn and announced once it is back, once", async () => {
  const prize = "A storm lantern";
  const card = await startGiveaway(stack, { prize, options: "claim_window:1d" });
  for (const who of ["ada", "bela", "chen"]) await crowd.press(who, card, "Enter");
  await sim.post("/faults", { route: "*", kind: "status", status: 503 });
  await crowd.wait(10 * MINUTE);
  for (let minute = 0; minute < 10; minute += 1) {
    await stack.tick();
    await crowd.wait(MINUTE);
  }
  const announced = async () => (await crowd.messages("giveaways")).filter((m) => congratulations(prize)(textOf(m)));
  assert.equal((await announced()).length, 0);
  const health = await (await fetch(`${stack.workerUrl}/healthz`)).json();
  assert.ok(health.late_timers > 0 || Object.keys(health.outbox).length > 0, "whoever looks at /healthz sees that something waits");
  await sim.delete("/faults");
  await until("the announcement", async () => {
    await stack.tick();
    await crowd.wait(MINUTE);
    return (await announced()).length > 0;
  }, { seconds: 60, every: 500 });
  await toRest(stack, { skip: 20_000 });
  const [won, ...more] = await announced();
  assert.equal(more.length, 0, "announced once");
  const { picks } = await proofOf(stack, cardOf(card).id);
  assert.equal(picks.length, 1);
  assert.match(won.content, new RegExp(`<@${picks[0].user}>`));
});

test("a giveaway of another server cannot be touched by its id", async () => {
  const card = await startGiveaway(stack, { prize: "A private thing" });
  const { id } = cardOf(card);
  for (const line of [`end giveaway:${id}`, `cancel giveaway:${id}`, `entrants giveaway:${id}`, `verify giveaway:${id}`, `export giveaway:${id}`]) {
    const reply = await sim.post("/interactions/command", { user: "bela", channel: "Harbour Book Club/#general", line: `/giveaway ${line}` });
    assert.match(JSON.stringify(reply.answer), /There is no giveaway/, line);
  }
  const forged = await sim.post("/interactions/component", { user: "mara", channel: "Harbour Book Club/#general", message: card.id, custom_id: buttonOf(card, "Enter"), forged: true });
  assert.match(JSON.stringify(forged.answer), /does not exist in this server/);
});

test("everything Muster sent was what Discord's API description allows", async (t) => {
  const { checked, violations } = await sim.get("/calls");
  if (!checked) return t.skip("the description is not beside the project");
  assert.deepEqual(violations, []);
});
