// Purpose: levels with everything real: people talk at the stand-in's gateway, the sidecar decides and reports, the Worker on
// workerd counts, announces and gives roles.

import assert from "node:assert/strict";
import { test } from "node:test";
import { pause, until } from "../../scripts/lib/processes.mjs";
import { levels, remark } from "./lib/levels.mjs";
import { openStack } from "./lib/stack.mjs";

const stack = await openStack({ sidecar: { flushSeconds: 1, pollSeconds: 1 } });
const { crowd, sim } = stack;
const { hasTotal, health, member, say, setNumbers, switchOn } = levels(stack);
const MINUTE = 60_000;

test("switched on by an admin, in force at the sidecar within seconds, and a level is said where it was reached", async () => {
  await say("ada", "general", "before anybody switched it on");
  await switchOn({ min_xp: "60", max_xp: "60", cooldown: "0" });
  await say("ada", "general", "good morning everybody");
  await hasTotal("ada", 60);
  await say("ada", "general", "how is the weather on the island");
  await crowd.findMessage("ada's level", "general", (text, message) => text.includes("level 1") && message.mentions.some((user) => user.username === "ada"));
  const { text } = await crowd.command("ada", "general", "/rank");
  assert.match(text, /120/);
});

test("repeated texts earn nothing, and /why says so", async () => {
  await say("bela", "general", "the very same sentence about the boat");
  await say("bela", "general", "the very same sentence about the boat");
  await hasTotal("bela", 60);
  // What earned nothing may wait half a minute for company.
  await until("/why to know both", async () => {
    const { text, isPrivate } = await crowd.command("bela", "general", "/why xp");
    return isPrivate && text.includes("+60") && text.includes("one of the messages just before");
  }, { seconds: 45, every: 300 });
});

test("a changed rule is in force within fifteen seconds", async () => {
  await setNumbers({ min_xp: "5", max_xp: "5" });
  let before = (await member("chen")).total;
  let n = 0;
  await until("a message to earn 5", async () => {
    await say("chen", "general", remark((n += 1)));
    await pause(1_500);
    const { total: is } = await member("chen");
    const gained = is - before;
    before = is;
    return gained === 5;
  }, { seconds: 15, every: 500 });
});

test("while the Worker is away batches wait, and afterwards everything is counted once", async () => {
  const { total: before } = await member("dilek");
  await stack.killWorker();
  for (let n = 0; n < 5; n += 1) {
    await say("dilek", "general", remark(n));
    await pause(1_100);
  }
  await until("batches to wait", async () => (await health()).spool.batches >= 3, { seconds: 20 });
  await stack.startWorker();
  await hasTotal("dilek", before + 25, 60);
});

test("time in voice counts with company and stops when muted, also across a restart of the sidecar", async () => {
  await setNumbers({ voice_xp: "10" });
  await pause(2_000);
  const guild = await crowd.guildId();
  const voice = await crowd.channelId("Window seat");
  const { voice: before = 0 } = await member("emil");
  for (const user of ["emil", "farah"]) await sim.post("/voice", { user, guild, channel: voice });
  await pause(1_500);
  await crowd.wait(5 * MINUTE);
  await pause(2_500);
  await stack.killSidecar();
  await stack.startSidecar();
  await pause(1_500);
  await crowd.wait(5 * MINUTE);
  await pause(2_500);
  await sim.post("/voice", { user: "emil", guild, channel: voice, self_mute: true });
  await pause(1_500);
  await crowd.wait(10 * MINUTE);
  await until("ten minutes to count", async () => {
    const { voice: is } = await member("emil");
    if (is - before !== 100) throw new Error(`${is - before} XP`);
    return true;
  }, { seconds: 20, every: 300 });
});
