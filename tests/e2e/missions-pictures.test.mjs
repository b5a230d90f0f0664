// Purpose: a mission with a picture on the real runtime: kept in R2, downloaded or sent by signed addresses, published once on Instagram, TikTok and X.

import assert from "node:assert/strict";
import { test } from "node:test";
import { buttonOf } from "../../scripts/lib/people.mjs";
import { until } from "../../scripts/lib/processes.mjs";
import { connect, connectLink } from "./lib/missions.mjs";
import { openStack } from "./lib/stack.mjs";

const stack = await openStack();
const { crowd, sim } = stack;
const MINUTE = 60_000;
const TITLE = "Spring picture";
/** The least that a JPEG of 1,080 by 1,080 begins with. */
const JPEG = Buffer.from([0xff, 0xd8, 0xff, 0xc0, 0, 17, 8, 4, 56, 4, 56, 3, 1, 2, 3]).toString("base64");

let card;

test("a mission gets its picture in Discord and goes live on platforms that want one", async () => {
  const { modal } = await crowd.command("mara", "general", "/mission new");
  const fields = { title: TITLE, text: "Our spring menu is here! See {link} and come by.", link: "https://lantern.example/spring", platforms: "Instagram, TikTok, X", ends: "7d" };
  assert.match((await crowd.submit("mara", "general", modal, fields)).text, /still needs a picture/);
  const options = [{ name: "edit", options: [{ name: "mission", value: TITLE }, { name: "picture", value: { filename: "spring.jpg", base64: JPEG } }] }];
  assert.match((await crowd.commandWith("mara", "general", "mission", options)).text, /Changed/);
  assert.match((await crowd.command("mara", "general", "/mission settings x_budget:5")).text, /Posts on X/);
  assert.match((await crowd.command("mara", "general", `/mission push mission:"${TITLE}"`)).text, /is live/);
  card = await crowd.findMessage("the mission's card", "general", (text, message) => message.ephemeral_for == null && text.includes(TITLE) && text.includes("Connect & Post"));
});

/** From the card to the preview, with the account connected on the way. */
async function previewOf(user, platform, name, account) {
  const asked = await crowd.press(user, card, "Connect & Post");
  await connect(stack, connectLink(asked.message), platform, account);
  const ready = await crowd.press(user, card, "Connect & Post");
  const preview = await crowd.press(user, ready.message, `Preview for ${name}`);
  assert.match(preview.text, /This is what will appear/);
  return preview.message;
}

const postsOn = async (platform) => (await sim.get("/social")).posts.filter((post) => post.platform === platform);

/** Time passes until a member's `/post` says that everything is there. */
async function published(user) {
  await until("the post to be published", async () => {
    await crowd.wait(MINUTE + 500);
    await stack.tick();
    const { text } = await crowd.command(user, "general", "/post");
    if (!text.includes("published")) throw new Error(text);
    return true;
  }, { seconds: 60, every: 1_000 });
}

test("Instagram downloads the picture into a container, and the answer that got lost makes no second post", async () => {
  const preview = await previewOf("ada", "instagram", "Instagram", "ada.cooks");
  await sim.post("/faults", { method: "POST", route: "/social/instagram/v23.0/{user}/media_publish", count: 1, kind: "reset_after_effect" });
  await crowd.press("ada", preview, "Publish");
  await published("ada");
  const posts = await postsOn("instagram");
  assert.equal(posts.length, 1);
  assert.match((await crowd.command("ada", "general", "/score")).text, /15 points/);
});

test("TikTok downloads it once the member has chosen who may see the post and what it promotes", async () => {
  const preview = await previewOf("bela", "tiktok", "TikTok", "bela_cooks");
  assert.throws(() => buttonOf(preview, "Publish"), /no button/);
  const seen = await crowd.choose("bela", preview, "SELF_ONLY");
  const chosen = await crowd.choose("bela", seen.message, "own_brand");
  assert.match((await crowd.press("bela", chosen.message, "Publish")).text, /TikTok/);
  await published("bela");
  const posts = await postsOn("tiktok");
  assert.equal(posts.length, 1);
  assert.doesNotMatch(posts[0].text, /\/l\//);
});

test("X is sent the bytes, and a post whose answer got lost is found again", async () => {
  const preview = await previewOf("chen", "x", "X", "chen_cooks");
  await sim.post("/faults", { method: "POST", route: "/social/x/2/tweets", count: 1, kind: "reset_after_effect" });
  await crowd.press("chen", preview, "Publish");
  await published("chen");
  const posts = await postsOn("x");
  assert.equal(posts.length, 1);
  assert.match(posts[0].text, /\/l\/[0-9A-Za-z]+/);
});
