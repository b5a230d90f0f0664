// Purpose: the front door on the real runtime: only what Discord signed gets in, and nothing that comes in breaks it.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { foreignKey, interaction, send, signed, snowflake, standInKey } from "./lib/discord.mjs";
import { openStack } from "./lib/stack.mjs";

const stack = await openStack();
const key = standInKey(stack.env.DISCORD_PUBLIC_KEY);
const url = `${stack.workerUrl}/interactions`;
const eventsUrl = `${stack.workerUrl}/webhooks/discord`;
const application = stack.env.DISCORD_APPLICATION_ID;
const who = {
  user: await stack.crowd.userId("mara"),
  guild: await stack.crowd.guildId(),
  channel: await stack.crowd.channelId("general"),
};
const PING = JSON.stringify({ application_id: application, id: snowflake(), token: "t", type: 1, version: 1 });
const help = (change = {}) => interaction(application, who, { data: { id: "1", name: "help", type: 1 }, ...change });

const post = (body, headers = signed(key, body), more = {}) => send(more.url ?? url, { headers, body, ...more });

/** The instance must still answer, and answer rightly, after whatever came. */
async function stillAnswers() {
  const { status, text } = await post(JSON.stringify(help()));
  assert.equal(status, 200, text);
  assert.match(text, /giveaway/);
}

/** When anything was last written to D1. */
function databaseTouched() {
  const files = fs.readdirSync(path.join(stack.dir, "state"), { recursive: true, withFileTypes: true });
  const times = files.filter((file) => file.isFile() && file.parentPath.includes("d1")).map((file) => fs.statSync(path.join(file.parentPath, file.name)).mtimeMs);
  return Math.max(...times);
}

describe("signatures (F01)", () => {
  const good = signed(key, PING);
  const signature = good["x-signature-ed25519"];
  const flipped = (at) => signature.slice(0, at) + (parseInt(signature[at], 16) ^ 1).toString(16) + signature.slice(at + 1);
  const withSignature = (value) => ({ ...good, "x-signature-ed25519": value });
  const without = (name) => Object.fromEntries(Object.entries(good).filter(([header]) => header !== name));
  const cases = {
    "a bit flipped in the first half": [PING, withSignature(flipped(3))],
    "a bit flipped in the second half": [PING, withSignature(flipped(100))],
    "another application's key": [PING, signed(foreignKey, PING)],
    "no signature header": [PING, without("x-signature-ed25519")],
    "no timestamp header": [PING, without("x-signature-timestamp")],
    "neither header": [PING, {}],
    "an empty signature": [PING, withSignature("")],
    "an odd number of digits": [PING, withSignature(signature.slice(1))],
    "letters that are no digits": [PING, withSignature(`zz${signature.slice(2)}`)],
    "63 bytes": [PING, withSignature(signature.slice(2))],
    "65 bytes": [PING, withSignature(`${signature}00`)],
    "another timestamp": [PING, { ...good, "x-signature-timestamp": String(Number(good["x-signature-timestamp"]) + 1) }],
    "an empty timestamp": [PING, { ...good, "x-signature-timestamp": "" }],
    "a byte more in the body": [`${PING} `, good],
    "the body written anew": [JSON.stringify(JSON.parse(PING), null, 1), good],
    "an empty body": ["", good],
    "the signature of nothing": [PING, withSignature("0".repeat(128))],
  };

  for (const [what, [body, headers]] of Object.entries(cases)) {
    test(`${what} is refused with 401`, async () => {
      const answer = await send(url, { headers, body });
      assert.equal(answer.status, 401, answer.text);
      const event = await send(eventsUrl, { headers, body });
      assert.equal(event.status, 401, event.text);
    });
  }

  test("a command with a wrong signature changes nothing, and is refused fast", async () => {
    await stillAnswers();
    await stack.sim.delete("/calls");
    const before = databaseTouched();
    const start = { name: "start", type: 1, options: [{ name: "prize", type: 3, value: "x" }, { name: "ends", type: 3, value: "1h" }] };
    const times = [];
    for (let i = 0; i < 20; i += 1) {
      const body = JSON.stringify(interaction(application, who, { data: { id: "1", name: "giveaway", type: 1, options: [start] } }));
      const { status, ms } = await post(body, signed(foreignKey, body));
      assert.equal(status, 401);
      times.push(ms);
    }
    times.sort((a, b) => a - b);
    assert.ok(times[10] < 50, `half of the refusals took longer than ${times[10].toFixed(1)} ms`);
    assert.equal(databaseTouched(), before, "something was written");
    assert.deepEqual((await stack.sim.get("/calls")).calls, []);
  });

  test("other methods are not for this address", async () => {
    for (const method of ["GET", "PUT", "DELETE"]) assert.equal((await send(url, { method })).status, 405);
  });

  test("Discord's own check of the address passes", async () => {
    const { pong, refuses_bad_signature } = await stack.sim.post("/interactions/ping");
    assert.deepEqual({ pong, refuses_bad_signature }, { pong: true, refuses_bad_signature: true });
  });
});

describe("pings (F02)", () => {
  test("a ping is answered, unknown fields or not", async () => {
    for (const body of [PING, JSON.stringify({ ...JSON.parse(PING), news: { from: ["tomorrow"] } })]) {
      const { status, text, headers } = await post(body);
      assert.equal(status, 200);
      assert.deepEqual(JSON.parse(text), { type: 1 });
      assert.match(headers["content-type"], /^application\/json/);
    }
  });

  test("a webhook-event ping is answered 204 without a body, on its own address", async () => {
    const body = JSON.stringify({ version: 1, application_id: application, type: 0 });
    const { status, text } = await post(body, undefined, { url: eventsUrl });
    assert.deepEqual({ status, text }, { status: 204, text: "" });
  });
});

describe("age and address (F04, F05)", () => {
  const minutes = (n) => snowflake(Date.now() + n * 60_000);

  test("an id of twenty minutes ago is a replay; one of ten minutes ago is not", async () => {
    assert.equal((await post(JSON.stringify(help({ id: minutes(-20) })))).status, 401);
    assert.equal((await post(JSON.stringify(help({ id: minutes(-10) })))).status, 200);
  });

  test("an id from the future is refused beyond the clocks' allowance", async () => {
    assert.equal((await post(JSON.stringify(help({ id: minutes(10) })))).status, 401);
    assert.equal((await post(JSON.stringify(help({ id: minutes(0.5) })))).status, 200);
  });

  test("another application's interaction is refused though signed", async () => {
    const foreign = { ...help(), application_id: "1234567890123456789" };
    const { status } = await post(JSON.stringify(foreign));
    assert.ok([401, 403].includes(status), String(status));
    const ping = JSON.stringify({ ...JSON.parse(PING), application_id: "1234567890123456789" });
    assert.ok([401, 403].includes((await post(ping)).status));
  });
});

describe("hostile bytes (F15)", () => {
  const text = JSON.stringify(help());
  const option = (value) => JSON.stringify(help({ data: { id: "1", name: "giveaway", type: 1, options: [{ name: "verify", type: 1, options: [{ name: "giveaway", type: 3, value }] }] } }));
  const refused = {
    "bytes that are no UTF-8": Buffer.concat([Buffer.from('{"type":1,"token":"'), Buffer.from([0xff, 0xfe, 0xc0, 0x80]), Buffer.from('"}')]),
    "a lone surrogate as an escape": text.replace('"token":"', '"token":"\\ud800'),
    "ten thousand levels": `{"type":2,"data":${"[".repeat(10_000)}${"]".repeat(10_000)}}`,
    "ten thousand levels, never closed": '{"a":'.repeat(10_000),
    "a number beyond every type": text.replace('"type":2', '"type":1e999'),
    "a negative type": text.replace('"type":2', '"type":-1'),
    "an id as a float": text.replace(/"id":"\d+"/, '"id":1.5e300'),
    "an id of zero": text.replace(/"id":"\d+"/, '"id":"0"'),
    "fields twice": text.replace('"type":2', '"type":2,"type":1'),
    "nothing but a list": "[]",
    "nothing but null": "null",
    "half of a body": text.slice(0, text.length / 2),
    "no JSON at all": "hello",
    "an unknown kind": text.replace('"type":2', '"type":99'),
    "no data": JSON.stringify({ ...help(), data: undefined }),
    "a byte order mark": `\ufeff${text}`,
  };
  for (const [what, body] of Object.entries(refused)) {
    test(`${what}: refused, and the instance lives`, async () => {
      const { status, text: answer } = await post(body);
      assert.ok(status >= 400 && status < 500, `${status}: ${answer}`);
      await stillAnswers();
    });
  }

  const answered = {
    "NUL": "a\u0000b",
    "text that runs the other way": "\u202eelgoog\u202c",
    "100 KB of combining marks": `a${"\u0301".repeat(50_000)}`,
    "emoji in families": "👨‍👩‍👧‍👦".repeat(500),
    "SQL": "'; DROP TABLE giveaways; --",
    "a wildcard of a search": "%_%".repeat(200),
  };
  for (const [what, value] of Object.entries(answered)) {
    test(`${what} in an option: answered in words`, async () => {
      const { status, text: answer } = await post(option(value));
      assert.equal(status, 200, answer);
      const { data } = JSON.parse(answer);
      assert.ok((data.content ?? "").length <= 2_000);
      assert.match(data.content, /There is no giveaway/, "the reader is told what is wrong");
      assert.deepEqual(data.allowed_mentions?.parse, []);
      await stillAnswers();
    });
  }
});

describe("size (F16)", () => {
  test("20 MB are refused with 413, quickly", async () => {
    const headers = { ...signed(key, "x"), "content-length": 20 * 1024 * 1024 };
    for (const where of [url, eventsUrl]) {
      const { status, ms } = await send(where, { headers, chunks: Buffer.alloc(16 * 1024, 0x20) });
      assert.equal(status, 413);
      assert.ok(ms < 3_000, `${ms} ms`);
    }
    await stillAnswers();
  });

  test("a body without an end is cut off with 413", async () => {
    const { status, ms } = await send(url, { headers: signed(key, "x"), chunks: Buffer.alloc(16 * 1024, 0x20) });
    assert.equal(status, 413);
    assert.ok(ms < 3_000, `${ms} ms`);
    await stillAnswers();
  });

  test("a command in pieces, without a length, is answered like any other", async () => {
    const body = JSON.stringify(help());
    const response = await fetch(url, {
      method: "POST",
      headers: signed(key, body),
      body: new Blob([body]).stream(),
      duplex: "half",
    });
    assert.equal(response.status, 200);
  });
});

test("many at once: right ones are answered, wrong ones refused, none takes another's place", async () => {
  const all = Array.from({ length: 60 }, async (_, i) => {
    const body = JSON.stringify(help());
    const isRight = i % 3 !== 0;
    const { status } = await post(body, signed(isRight ? key : foreignKey, body));
    assert.equal(status, isRight ? 200 : 401);
  });
  await Promise.all(all);
});
