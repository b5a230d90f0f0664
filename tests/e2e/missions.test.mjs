// Purpose: a mission on the real runtime: connected, previewed, published once, clicked, paid.

import assert from "node:assert/strict";
import { test } from "node:test";
import { pause, until } from "../../scripts/lib/processes.mjs";
import { textOf } from "../../scripts/lib/people.mjs";
import { connect, connectLink } from "./lib/missions.mjs";
import { openStack } from "./lib/stack.mjs";

const stack = await openStack();
const { crowd, sim } = stack;
const MINUTE = 60_000;
const CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36";
/** Clicks wait in the Worker for half a second and in the queue for up to five. */
const QUEUED_MS = 7_000;

/** A mission for these platforms, pushed; gives its card. */
async function pushed(title, platforms) {
  const { modal } = await crowd.command("mara", "general", "/mission new");
  const fields = { title, text: "Our spring menu is here! See {link} and come by.", link: "https://lantern.example/spring", platforms, ends: "7d" };
  const kept = await crowd.submit("mara", "general", modal, fields);
  assert.match(kept.text, /The draft is kept/);
  assert.match((await crowd.command("mara", "general", `/mission push mission:"${title}"`)).text, /is live/);
  return crowd.findMessage("the mission's card", "general", (text, message) => message.ephemeral_for == null && text.includes(title) && text.includes("Connect & Post"));
}

test("somebody connects, publishes, is clicked, and has points", async () => {
  const card = await pushed("Spring launch", "LinkedIn");
  const asked = await crowd.press("ada", card, "Connect & Post");
  assert.match(asked.text, /LinkedIn: not connected yet/);
  await connect(stack, connectLink(asked.message), "linkedin", "Ada Lovelace");
  const ready = await crowd.press("ada", card, "Connect & Post");
  const preview = await crowd.press("ada", ready.message, "Preview for LinkedIn");
  assert.match(preview.text, /This is what will appear/);
  const done = await crowd.press("ada", preview.message, "Publish");
  assert.match(done.text, /Published on LinkedIn/);
  const { posts } = await sim.get("/social");
  assert.equal(posts.length, 1);
  const link = posts[0].text.match(/https?:\/\/\S+\/l\/[0-9A-Za-z]+/)[0];
  for (let person = 0; person < 10; person += 1) {
    const headers = { "user-agent": `${CHROME} v${person}`, "cf-connecting-ip": `203.0.${person}.7` };
    const answer = await fetch(link, { redirect: "manual", headers });
    assert.equal(answer.status, 302);
    assert.match(answer.headers.get("location"), /^https:\/\/lantern\.example\/spring\?utm_source=muster&utm_medium=social/);
  }
  // Machines that look at the link count as nobody: with them it would be two points.
  for (const agent of ["Discordbot/2.0", "LinkedInBot/1.0", "curl/8.5.0", "Twitterbot/1.0", "facebookexternalhit/1.1"]) {
    for (let time = 0; time < 2; time += 1) {
      const headers = { "user-agent": `Mozilla/5.0 (compatible; ${agent})`, "cf-connecting-ip": `198.51.${time}.${agent.length}` };
      assert.equal((await fetch(link, { redirect: "manual", headers })).status, 302);
    }
  }
  await pause(QUEUED_MS);
  await crowd.findMessage("the count on the card", "general", (text, message) => message.id === card.id && /Published: 1/.test(text));
  // A slot of five minutes is counted a minute after its end, and paid two minutes after that.
  const score = await until("the clicks to be paid", async () => {
    const { now_ms } = await sim.get("/clock");
    await crowd.wait((Math.floor(now_ms / (5 * MINUTE)) + 1) * 5 * MINUTE + MINUTE + 1_000 - now_ms);
    await stack.tick();
    await crowd.wait(2 * MINUTE);
    await stack.tick();
    const { text } = await crowd.command("ada", "general", "/score");
    if (!text.includes("16 points")) throw new Error(text);
    return text;
  }, { seconds: 60, every: 1_000 });
  assert.match(score, /10 people opened your link/);
  assert.equal((await sim.get("/social")).posts.length, 1);
});

test("Threads gives no answer after the post is there: it is found, and not sent again", async () => {
  const card = await pushed("Summer launch", "Threads");
  const asked = await crowd.press("bela", card, "Connect & Post");
  await connect(stack, connectLink(asked.message), "threads", "bela.t");
  const ready = await crowd.press("bela", card, "Connect & Post");
  const preview = await crowd.press("bela", ready.message, "Preview for Threads");
  await sim.post("/faults", { method: "POST", route: "/social/threads/v1.0/{user}/threads_publish", count: 1, kind: "reset_after_effect" });
  await crowd.press("bela", preview.message, "Publish");
  await until("the post to be found", async () => {
    await crowd.wait(MINUTE + 500);
    await stack.tick();
    const { text } = await crowd.command("bela", "general", "/post");
    if (!text.includes("published")) throw new Error(text);
    return true;
  }, { seconds: 60, every: 1_000 });
  const { posts } = await sim.get("/social");
  assert.equal(posts.filter((post) => post.platform === "threads").length, 1);
  assert.match((await crowd.command("bela", "general", "/score")).text, /15 points/);
});

test("counts are read every hour, and the month ends once with its first ten", async () => {
  await crowd.command("mara", "general", "/mission settings channel:#giveaways");
  const { posts } = await sim.get("/social");
  const post = posts.find((one) => one.platform === "threads");
  await sim.post("/social/metrics", { platform: "threads", post: post.id, views: 120 });
  const score = await until("the views to be read", async () => {
    await crowd.wait(61 * MINUTE);
    await stack.tick();
    const { text } = await crowd.command("bela", "general", "/score");
    if (!text.includes("100 views on Threads")) throw new Error(text);
    return text;
  }, { seconds: 60, every: 1_000 });
  assert.match(score, /20 points/);
  const now = (await sim.get("/clock")).now_ms;
  const today = new Date(now);
  await crowd.wait(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() + 1, 1, 0, 6) - now);
  const isFirst = (text) => text.includes("The month's first, of 2 members");
  await until("the month's first", async () => {
    await stack.tick();
    const list = await crowd.messages("giveaways");
    return list.some((message) => isFirst(textOf(message)));
  }, { seconds: 60, every: 1_000 });
  for (let more = 0; more < 3; more += 1) {
    await crowd.wait(MINUTE);
    await stack.tick();
  }
  const told = (await crowd.messages("giveaways")).map(textOf).filter(isFirst);
  assert.equal(told.length, 1, told.join("\n"));
  assert.match(told[0], /\*\*20\*\*[^]*\*\*16\*\*/);
});
