// Purpose: the gateway sidecar against everything that Discord's gateway does to a bot: what people write is counted once, it
// resumes where it may and logs in where it must, and it says what is wrong in words.

import assert from "node:assert/strict";
import { test } from "node:test";
import { pause, run, until } from "../../scripts/lib/processes.mjs";
import { SIDECAR } from "../../scripts/lib/stack.mjs";
import { levels, remark } from "./lib/levels.mjs";
import { openStack } from "./lib/stack.mjs";

const stack = await openStack({ sidecar: { flushSeconds: 1, pollSeconds: 1 } });
const { crowd, sim } = stack;
const { another, hasTotal, health, member, say, switchOn } = levels(stack);
const XP = 40;
const ALL_INTENTS = 2 ** 26 - 1;
const ALL_INTENTS_BUT_CONTENT = ALL_INTENTS - 2 ** 15;
const gateway = (body) => sim.post("/gateway", body);
const connected = () => until("every shard to be connected", async () => Object.values((await health()).shards).every((shard) => shard.state === "connected"), { seconds: 30, every: 100 });

// For the connections to come, so that the time of an acknowledged heartbeat is soon known.
await gateway({ heartbeat_interval_ms: 2_000 });
await switchOn({ min_xp: `${XP}`, max_xp: `${XP}`, cooldown: "0" });

/** Something new, so that nobody is told that they repeat themselves. */
let said = 0;
const chat = (user) => say(user, "general", remark((said += 1)));

let people = 0;
for (const [what, body, resumes] of [
  ["the connection breaks", { action: "drop" }, true],
  ["Discord asks to reconnect (op 7)", { action: "reconnect" }, true],
  ["an unknown error (4000)", { action: "close", code: 4000 }, true],
  ["too many payloads (4008)", { action: "close", code: 4008 }, true],
  ["the session is put off (op 9, resumable)", { action: "invalidate", resumable: true }, true],
  ["the session timed out (4009)", { action: "close", code: 4009 }, false],
  ["the session is gone (op 9)", { action: "invalidate", resumable: false }, false],
]) {
  test(`${what}: ${resumes ? "resumed, and what was said meanwhile counts" : "logged in anew"}`, async () => {
    const user = `passenger${(people += 1)}`;
    await crowd.join(user);
    const before = await gateway({});
    await gateway(body);
    if (resumes) await chat(user);
    await until("the next connection", async () => {
      const now = await gateway({});
      return resumes ? now.resumed > before.resumed : now.identified > before.identified;
    }, { seconds: 30 });
    await connected();
    assert.equal((await gateway({})).identified, before.identified + (resumes ? 0 : 1));
    await chat(user);
    await hasTotal(user, XP * (resumes ? 2 : 1));
  });
}

test("a payload that Discord sends twice counts once", async () => {
  const { total } = await member("bela");
  await chat("bela");
  await gateway({ action: "repeat", event: "MESSAGE_CREATE" });
  await chat("bela");
  await hasTotal("bela", total + 2 * XP);
});

test("SIGTERM keeps the session: nothing is missed while it is away, and no login is used up", async () => {
  const before = await gateway({});
  const { total } = await member("chen");
  await chat("chen");
  await stack.stopSidecar();
  await chat("chen");
  await stack.startSidecar();
  await connected();
  await hasTotal("chen", total + 2 * XP);
  const now = await gateway({});
  assert.equal(now.identified, before.identified);
  assert.equal(now.resumed, before.resumed + 1);
});

test("it starts without the Worker, by the settings it knew last", async () => {
  const { total } = await member("dilek");
  await stack.killWorker();
  await stack.stopSidecar();
  await stack.startSidecar();
  await connected();
  await chat("dilek");
  await until("a batch to wait", async () => {
    const { delivery, problems, spool } = await health();
    return spool.batches > 0 && delivery === "silent" && problems.some((line) => line.includes("The Worker does not answer"));
  }, { seconds: 20 });
  await stack.startWorker();
  await hasTotal("dilek", total + XP, 60);
  await until("the problem to be over", async () => (await health()).problems.length === 0);
});

test("a Worker that takes connections and answers nothing: everything people write is read meanwhile, and kept", async () => {
  const people = Array.from({ length: 8 }, (_, number) => `witness${number}`);
  for (const user of people) await crowd.join(user);
  const decided = async () => Number(/^muster_gateway_messages_decided_total (\d+)$/m.exec(await (await fetch(`${stack.sidecarUrl}/metrics`)).text())[1]);
  const before = { decided: await decided(), ...(await gateway({})) };
  stack.suspendWorker();
  try {
    for (let round = 1; round <= 5; round += 1) {
      await Promise.all(people.map(chat));
      await until("this round to be read and to lie on the disk", async () => (await decided()) === before.decided + round * people.length && (await health()).spool.batches >= round, { seconds: 10 });
    }
    assert.equal((await health()).shards[0].state, "connected");
    const now = await gateway({});
    assert.deepEqual([now.identified, now.resumed], [before.identified, before.resumed]);
  } finally {
    stack.resumeWorker();
  }
  for (const user of people) await hasTotal(user, 5 * XP, 60);
});

test("what it says to a watcher", async () => {
  const metrics = await until("a heartbeat to be acknowledged", async () => {
    const text = await (await fetch(`${stack.sidecarUrl}/metrics`)).text();
    return text.includes("shard_latency_seconds{") && text;
  });
  for (const name of ["payloads_per_second", "batches_refused_total", "spool_fraction", "identify_left", 'shard_connected{shard="0"} 1']) {
    assert.ok(metrics.includes(`muster_gateway_${name}`), `${name} is missing:\n${metrics}`);
  }
  const port = new URL(stack.sidecarUrl).port;
  const { code } = await run(SIDECAR, ["--check", "--listen", `127.0.0.1:${port}`]);
  assert.equal(code, 0);
});

test("a refused privileged intent is left out, everything else goes on, and it says what is off", async () => {
  const { total } = await member("emil");
  await gateway({ allowed_intents: ALL_INTENTS_BUT_CONTENT });
  await gateway({ action: "close", code: 4014 });
  await until("it to go on without", async () => (await health()).problems.some((line) => line.startsWith("Message Content Intent is off")), { seconds: 30 });
  await connected();
  assert.ok(!(await health()).intents.includes("MESSAGE_CONTENT"));
  await chat("emil");
  await hasTotal("emil", total + XP);
  await gateway({ allowed_intents: ALL_INTENTS });
});

test("a wrong token, a broken setting and a used folder end with 78 and say what to do", async () => {
  const tries = [
    [{ DISCORD_TOKEN: "not.the.token" }, [], "put the current one into DISCORD_TOKEN"],
    [{ GATEWAY_KEY: "secret" }, [], "id:hexsecret"],
    [{}, ["--shards", "9..8/32"], "holds no shard"],
    [{}, ["--state-dir", `${stack.dir}/sidecar`], "--state-dir"],
  ];
  for (const [env, args, advice] of tries) {
    const secrets = { DISCORD_TOKEN: stack.env.DISCORD_TOKEN, GATEWAY_KEY: stack.env.GATEWAY_KEY, ...env };
    const base = ["--worker-url", stack.workerUrl, "--discord-api", stack.env.DISCORD_API, "--listen", "127.0.0.1:0"];
    const where = args.includes("--state-dir") ? [] : ["--state-dir", `${stack.dir}/try`];
    const { code, stderr } = await run(SIDECAR, [...base, ...where, ...args], { env: secrets });
    assert.ok(stderr.includes(advice), stderr);
    // 2 is what a flag that cannot be read ends with.
    assert.equal(code, args.includes("--shards") ? 2 : 78);
    assert.ok(!stderr.includes(stack.env.DISCORD_TOKEN), "the token is not shown");
  }
});

test("a sidecar with a foreign key is refused, keeps what it has, and says so", async () => {
  const { total } = await member("farah");
  const stranger = await another("stranger", [], { GATEWAY_KEY: `dev:${"ab".repeat(32)}` });
  await until("it to be refused", async () => {
    const { delivery, problems } = await stranger.health().catch(() => ({}));
    return delivery === "refused" && problems.some((line) => line.startsWith("The Worker refuses batches"));
  }, { seconds: 20 });
  await stranger.stop();
  await pause(500);
  assert.equal((await member("farah")).total, total);
});

test("two processes share one bot: each has its shard, and they log in one after the other", async () => {
  await stack.stopSidecar();
  await gateway({ max_concurrency: 1, shards: 2 });
  const identify = ["--identify-file", `${stack.dir}/shared.sqlite`];
  const halves = await Promise.all([another("half0", ["--shards", "0..1/2", ...identify]), another("half1", ["--shards", "1..2/2", ...identify])]);
  await until("both to be connected", async () => {
    const shards = await Promise.all(halves.map(async (half) => Object.entries((await half.health()).shards ?? {})));
    return shards.every((held, index) => held.length === 1 && held[0][0] === `${index}` && held[0][1].state === "connected");
  }, { seconds: 40, every: 200 });
  const { total } = await member("gus");
  await chat("gus");
  await hasTotal("gus", total + XP);
  await Promise.all(halves.map((half) => half.stop()));
  assert.ok(halves.every((half) => !half.said().includes("ERROR")), halves.map((half) => half.said()).join("\n"));
  await gateway({ shards: 1 });
  await stack.startSidecar();
});
