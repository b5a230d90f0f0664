// Purpose: short links on the real runtime: KV, the queue and D1 of workerd, people and machines at the redirect.

import assert from "node:assert/strict";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { test } from "node:test";
import { pause, until } from "../../scripts/lib/processes.mjs";
import { openStack } from "./lib/stack.mjs";

const stack = await openStack();
const { crowd } = stack;
const CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36";
const MINUTE = 60_000;
/** Clicks wait in the Worker for half a second and in the queue for up to five. */
const QUEUED_MS = 7_000;

/** When anything was last written to D1. */
function databaseTouched() {
  const files = fs.readdirSync(path.join(stack.dir, "state"), { recursive: true, withFileTypes: true });
  const times = files.filter((file) => file.isFile() && file.parentPath.includes("d1")).map((file) => fs.statSync(path.join(file.parentPath, file.name)).mtimeMs);
  return Math.max(...times);
}

const open = (slug, headers = {}, method = "GET") =>
  fetch(`${stack.workerUrl}/l/${slug}`, { method, redirect: "manual", headers: { "user-agent": CHROME, ...headers } });

/** Sends bytes that no client would; over when the connection is closed, or nothing comes for a while. */
function sendRaw(text) {
  return new Promise((resolve) => {
    const socket = net.connect(Number(new URL(stack.workerUrl).port), "127.0.0.1", () => socket.write(text));
    socket.on("error", () => {}).on("close", resolve).on("timeout", () => socket.destroy()).setTimeout(3_000);
    socket.resume();
  });
}

async function make(options) {
  const { text } = await crowd.command("mara", "general", `/link create ${options}`);
  const found = text.match(/\/l\/([0-9A-Za-z]{8})/);
  assert.ok(found, text);
  return found[1];
}

const stats = async (slug) => (await crowd.command("mara", "general", `/link stats link:${slug}`)).text;

/** Moves on to the minute after the slot of the last clicks, and lets the cron and the queue do their work. */
async function count() {
  const { now_ms } = await stack.sim.get("/clock");
  const slot = 5 * MINUTE;
  await crowd.wait((Math.floor(now_ms / slot) + 1) * slot + MINUTE + 1_000 - now_ms);
  await stack.tick();
}

test("a link leads on from KV without D1, for people and machines; people are counted", async () => {
  const slug = await make("target:https://shop.example/spring name:Spring source:discord");
  await pause(1_500);
  const before = databaseTouched();
  const first = await open(slug);
  assert.equal(first.status, 302);
  assert.equal(first.headers.get("location"), "https://shop.example/spring?utm_source=discord");
  assert.equal(first.headers.get("cache-control"), "private, no-store");
  assert.equal(first.headers.get("referrer-policy"), "no-referrer");
  assert.equal(first.headers.get("set-cookie"), null);
  for (const headers of [{ "user-agent": "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)" }, { "user-agent": "curl/8.5.0" }, { "user-agent": "" }, { "sec-purpose": "prefetch" }, { purpose: "prefetch" }]) {
    assert.equal((await open(slug, headers)).status, 302);
  }
  const head = await open(slug, {}, "HEAD");
  assert.deepEqual([head.status, await head.text()], [302, ""]);
  await open(slug);
  assert.equal(databaseTouched(), before, "nothing was written to D1 by opening it");
  await until("the clicks to arrive", async () => (await stats(slug)).includes("8 requests of the last minutes"), { seconds: 20, every: 500 });
  await count();
  await until("the clicks to be counted", async () => /Counted: 1\nRaw: 8\n/.test(await stats(slug)), { seconds: 20, every: 500 });
});

test("what is switched off, ended or unknown is a page that repeats nothing", async () => {
  const slug = await make("target:https://shop.example/autumn name:Autumn");
  assert.equal((await open(slug)).status, 302);
  await crowd.command("mara", "general", `/link disable link:${slug}`);
  const off = await open(slug);
  assert.equal(off.status, 410);
  assert.match(await off.text(), /switched off/);
  const soon = await make("target:https://shop.example/soon name:Soon expires:10m");
  assert.equal((await open(soon)).status, 302);
  await crowd.wait(11 * MINUTE);
  const expired = await open(soon);
  assert.equal(expired.status, 410);
  assert.match(await expired.text(), /has expired/);
  for (const unknown of ["AAAAAAAA", "%3Cscript%3E", "x"]) {
    const seen = await open(unknown);
    assert.equal(seen.status, 404);
    assert.ok(!(await seen.text()).includes("script>x") && seen.headers.get("location") === null);
  }
});

test("a crowd at once is counted whole", async () => {
  const slug = await make("target:https://shop.example/crowd name:Crowd");
  const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => open(slug, { "user-agent": `${CHROME} Visitor/${n % 9}` })));
  assert.ok(answers.every((answer) => answer.status === 302));
  await pause(QUEUED_MS);
  await count();
  await until("200 raw and 9 counted", async () => /Counted: 9\nRaw: 200\n/.test(await stats(slug)), { seconds: 20, every: 500 });
});

test("many different links opened at once, some of them unknown, lead each to its own page", async () => {
  const names = Array.from({ length: 30 }, (_, n) => `stall-${n}`);
  const slugs = [];
  for (const name of names) slugs.push(await make(`target:https://shop.example/${name} name:${name}`));
  const unknown = ["AAAAAAAB", "AAAAAAAC", "AAAAAAAD"];
  const answers = await Promise.all([...slugs, ...unknown].map((slug) => open(slug)));
  const seen = answers.map((answer) => [answer.status, answer.headers.get("location")]);
  assert.deepEqual(seen, [...names.map((name) => [302, `https://shop.example/${name}`]), ...unknown.map(() => [404, null])]);
});

test("a header that goes on in the next line makes no click of another link", async () => {
  const [opened, other] = [await make("target:https://shop.example/opened name:Opened"), await make("target:https://shop.example/other name:Other")];
  const visit = [await crowd.guildId(), other, Date.now(), "GET", CHROME, "", "10.1.2.3", "DE", ""];
  for (const fold of ["\r\n ", "\n ", "\n", "\r"]) {
    const headers = ["Host: localhost", "Connection: close", `User-Agent: ${CHROME}${fold}DE${fold}${fold}${visit.join(fold)}`];
    await sendRaw(`GET /l/${opened} HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n`);
  }
  assert.equal((await open(opened)).status, 302);
  await until("the clicks to arrive", async () => /requests? of the last minutes/.test(await stats(opened)), { seconds: 20, every: 500 });
  await count();
  await until("the clicks to be counted", async () => /Counted: [12]\n/.test(await stats(opened)), { seconds: 20, every: 500 });
  assert.match(await stats(other), /Counted: 0\nRaw: 0\n/);
});
