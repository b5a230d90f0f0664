// Purpose: giveaways on the dashboard in a browser: started at the form, counted live, changed, drawn, and the proof that a
// visitor's browser recomputes, also for a hundred thousand entrants and for a proof that is wrong.

import assert from "node:assert/strict";
import crypto from "node:crypto";
import { test } from "node:test";
import { openBrowser } from "../lib/browser.mjs";
import { look, openDashboard } from "../lib/dashboard.mjs";
import { proofOf, startGiveaway, toRest } from "../lib/giveaways.mjs";
import { openStack } from "../lib/stack.mjs";

const stack = await openStack({ rateLimits: false });
const browser = await openBrowser();
const { crowd } = stack;

/** A giveaway of which prizes were drawn, its proof's path. */
let drawn = "";

test("somebody starts a giveaway at the form, sees people enter, pauses it, ends it and draws again", async () => {
  const { page, wrongs, open, go, close } = await openDashboard(browser, stack);
  await open("giveaways");
  await page.getByText("No giveaway is running.").waitFor();
  await look(page, "giveaways-empty");
  await page.getByRole("button", { name: "New giveaway" }).click();
  await page.getByLabel("What can be won?").fill("A brass lamp");
  await page.getByLabel("When does it end?").fill("sometime");
  await page.getByRole("button", { name: "Start the giveaway" }).click();
  await page.getByText("is not a time that Muster understands").waitFor();
  assert.equal(await page.getByLabel("What can be won?").inputValue(), "A brass lamp");
  await look(page, "giveaways-form-errors");
  await page.getByLabel("When does it end?").fill("6h");
  await page.getByLabel("Where is it announced?").selectOption({ label: "#giveaways" });
  await page.getByLabel("How many win?").fill("2");
  await page.getByLabel("Anything else to say?").fill("Made by Dilek, with a linen shade.\nShipping is on us.");
  await page.getByRole("button", { name: "Start the giveaway" }).click();
  await page.getByRole("heading", { name: "A brass lamp" }).waitFor();
  const card = await crowd.findMessage("the card", "giveaways", (text) => text.includes("A brass lamp") && text.includes("commitment"));
  const here = new URL(page.url()).pathname;

  for (const who of ["ada", "bela", "chen", "dilek"]) await crowd.press(who, card, "Enter");
  // Fifteen seconds are the longest that the page may be behind.
  await page.locator("#numbers").getByText("4", { exact: true }).waitFor({ timeout: 25_000 });
  await go(here);
  await look(page, "giveaways-running");
  await open("giveaways");
  await page.getByRole("link", { name: "A brass lamp" }).waitFor();
  await look(page, "giveaways-list");

  await go(here);
  page.on("dialog", (dialog) => dialog.accept());
  await page.getByRole("button", { name: "Edit" }).click();
  await page.getByLabel("What can be won?").fill("A better brass lamp");
  await look(page, "giveaways-edit");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "A better brass lamp" }).waitFor();
  await page.getByLabel("Pause for").fill("2h");
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText("The giveaway is paused.").waitFor();
  await page.getByRole("button", { name: "Let it go on" }).click();
  await page.getByText("goes on with the time that was left").waitFor();
  await page.getByRole("button", { name: "End and draw now" }).click();
  await page.getByRole("heading", { name: "Picks" }).waitFor();
  assert.equal(await page.getByText("waiting for the claim").count(), 2);
  await page.getByRole("button", { name: /Draw again prize 1/ }).click();
  await page.getByText("The prize is drawn again.").waitFor();
  await look(page, "giveaways-drawn");
  drawn = await page.getByRole("link", { name: "Proof of the draw" }).getAttribute("href");
  assert.deepEqual(wrongs, []);
  await close();
});

test("the pages fit a phone, in the dark", async () => {
  const { page, wrongs, open, go, close } = await openDashboard(browser, stack, { width: 390, height: 844, scheme: "dark" });
  await open("giveaways");
  await look(page, "giveaways-list-390-dark");
  await page.getByRole("link", { name: "A better brass lamp" }).click();
  await page.getByRole("heading", { name: "A better brass lamp" }).waitFor();
  await look(page, "giveaways-drawn-390-dark");
  await open("giveaways/new");
  await look(page, "giveaways-form-390-dark");
  await go(drawn);
  await page.getByText("This draw checks out").waitFor();
  await look(page, "giveaways-proof-390-dark");
  assert.deepEqual(wrongs, []);
  await close();
});

test("a visitor's browser recomputes the draw, and says so when a proof is wrong", async () => {
  const { page, wrongs, go, close } = await openDashboard(browser, stack, { user: "" });
  await go(drawn);
  await page.getByText("This draw checks out").waitFor();
  assert.equal(await page.locator('.steps li[data-state="good"]').count(), 4);
  assert.equal(await page.locator("#picks tr").count(), 3);
  await look(page, "giveaways-proof");
  assert.deepEqual(wrongs, []);

  const [, , id] = drawn.split("/");
  const proof = await proofOf(stack, id);
  const served = (body) => page.route("**/api/v1/giveaways/**", (route) => route.fulfill({ json: body }));
  const swapped = { ...proof, picks: proof.picks.map((pick, i, all) => ({ ...pick, user: all[all.length - 1 - i].user })) };
  await served(swapped);
  await go(drawn);
  await page.getByText("This draw does not check out").waitFor();
  assert.deepEqual(await page.locator(".steps li").evaluateAll((all) => all.map((li) => li.dataset.state)), ["good", "good", "bad", "good"]);
  await look(page, "giveaways-proof-wrong");
  await served({ ...proof, seed: "00".repeat(32) });
  await go(drawn);
  await page.getByText("another fingerprint").waitFor();
  await served({ ...proof, entrants: proof.entrants.slice(1) });
  await go(drawn);
  await page.getByText("The list was changed after the draw.").waitFor();
  await close();
});

/** A draw by the words of the procedure, slowly: shares no code with Muster or its page. */
function drawSlowly({ giveaway, seed, entrants, count }) {
  const sha256 = (text) => crypto.createHash("sha256").update(text).digest("hex");
  const hash = sha256(entrants.map(([user, weight]) => `${user}:${weight}\n`).join(""));
  const left = [...entrants];
  const picks = [];
  while (picks.length < count) {
    const total = BigInt(left.reduce((sum, [, weight]) => sum + weight, 0));
    let drawn;
    for (let turn = 0; ; turn += 1) {
      const mac = crypto.createHmac("sha256", Buffer.from(seed, "hex")).update(`muster-draw-1\n${giveaway}\n${hash}\n${picks.length + 1}\n${turn}`).digest();
      drawn = mac.readBigUInt64BE(0);
      if (drawn < (2n ** 64n / total) * total) break;
    }
    let point = Number(drawn % total);
    const index = left.findIndex(([, weight]) => point < weight || ((point -= weight), false));
    picks.push({ pick: picks.length + 1, slot: picks.length + 1, user: left[index][0], outcome: "claimed", reason: null });
    left.splice(index, 1);
  }
  return { commitment: sha256(`muster-draw-1\n${giveaway}\n${seed}`), entrants_hash: hash, picks };
}

test("a hundred thousand entrants are checked without a frozen page", async () => {
  const { page, go, close } = await openDashboard(browser, stack, { user: "" });
  const entrants = Array.from({ length: 100_000 }, (_, i) => [String(200_000_000_000_000_000n + BigInt(i) * 7_919n), 1 + (i % 7)]);
  const seed = "5eed".repeat(16);
  const giveaway = "0123456789ab";
  const proof = { giveaway, seed, entrants, winners: 50, algorithm: "muster-draw-1", prize: "Many", ...drawSlowly({ giveaway, seed, entrants, count: 50 }) };
  await page.route("**/api/v1/giveaways/**", (route) => route.fulfill({ json: proof }));
  await page.addInitScript(() => {
    window.longest = 0;
    new PerformanceObserver((list) => list.getEntries().forEach(({ duration }) => { window.longest = Math.max(window.longest, duration); })).observe({ entryTypes: ["longtask"] });
  });
  await go(drawn);
  await page.getByText("This draw checks out").waitFor({ timeout: 60_000 });
  await page.getByText("100,000 on it, nobody twice.").waitFor();
  const longest = await page.evaluate(() => window.longest);
  assert.ok(longest < 1_000, `the page was frozen for ${longest} ms`);
  await close();
});

test("before the draw the page says so", async () => {
  await startGiveaway(stack, { prize: "A wool blanket" });
  await toRest(stack);
  const mara = await openDashboard(browser, stack);
  await mara.open("giveaways");
  await mara.page.getByRole("link", { name: "A wool blanket" }).click();
  await mara.page.getByRole("link", { name: "Proof of the draw" }).click();
  await mara.page.getByText("Not drawn yet").waitFor();
  await look(mara.page, "giveaways-proof-before");
  assert.deepEqual(mara.wrongs, []);
  await mara.close();
});
