// Purpose: a mission played by hand on the playground page: written by the team, connected, looked at and published by a member, seen by everybody.

import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers } from "../lib/dashboard.mjs";
import { openBrowser, openPlayground, picture } from "../lib/browser.mjs";
import { hands } from "../lib/hands.mjs";
import { openStack } from "../lib/stack.mjs";

const stack = await openStack({ cronMs: 5_000 });
const browser = await openBrowser();
const TITLE = "Spring menu";
const FIELDS = { title: TITLE, text: "Our spring menu is here! See {link} and come by.", link: "https://lantern.example/spring", platforms: "LinkedIn, Threads", ends: "7d" };

/** What a link of the playground opens, in a window of its own. */
async function opened(page, link) {
  const [popup] = await Promise.all([page.waitForEvent("popup"), link.click()]);
  popup.setDefaultTimeout(15_000);
  await popup.waitForLoadState();
  return popup;
}

test("the team writes a mission, and a member connects, looks and publishes", async (t) => {
  const { page, wrongs, close } = await openPlayground(browser, stack);
  t.after(close);
  const { by, message, be, option, press } = hands(page);

  await by("guide-story-mission").click();
  await by("guide-fill-1").click();
  await by("person-switcher").filter({ hasText: "You are Mara" }).waitFor();
  await by("command-send").click();
  for (const [name, value] of Object.entries(FIELDS)) await by(`modal-input-${name}`).fill(value);
  await picture(page, "mission-form-1280-dark");
  await by("modal-submit").click();
  await message("The draft is kept", TITLE).waitFor();
  await by("guide-fill-2").click();
  await option("mission", "Spring", TITLE);
  await by("command-send").click();
  await message(TITLE, "is live").waitFor();

  await be("ada");
  const card = message(TITLE, "Connect & Post").first();
  assert.match(await card.innerText(), /See 🔗 your link and come by/);
  await press(card, "Connect & Post");
  const asked = message("LinkedIn: not connected yet");
  await asked.waitFor();
  await picture(page, "mission-card-1280-dark");
  const connecting = await opened(page, asked.getByRole("link", { name: "Connect accounts" }));
  await connecting.getByRole("button", { name: /LinkedIn/ }).click();
  await connecting.getByTestId("social-name").fill("Ada Lovelace");
  await connecting.getByTestId("social-allow").click();
  await connecting.getByText("is connected").first().waitFor();
  await picture(connecting, "mission-connected-1280-dark");
  assert.deepEqual(await barriers(connecting), []);
  await connecting.close();

  await press(card, "Connect & Post");
  const ready = message("ready, as Ada Lovelace");
  await press(ready, "Preview for LinkedIn");
  const preview = message("This is what will appear");
  await preview.waitFor();
  assert.match(await preview.innerText(), /\/l\/[0-9A-Za-z]{8}/, "their own link stands in it");
  await picture(page, "mission-preview-1280-dark");
  await press(preview, "Publish");
  const done = message("Published on LinkedIn");
  await done.waitFor();
  await picture(page, "mission-published-1280-dark");
  const seen = await opened(page, done.getByRole("link", { name: "See the post" }));
  await seen.getByText("Our spring menu is here!").first().waitFor();
  await picture(seen, "mission-seen-1280-dark");
  await seen.close();

  await by("composer").fill("/score");
  await by("command-entry-score").click();
  await by("command-send").click();
  await message("15 points").waitFor();
  await picture(page, "mission-score-1280-dark");

  await by("advance-3600000").click();
  await page.getByText("That was all of it. The dashboard shows the mission").waitFor();
  for (const step of [1, 2, 3, 4, 5, 6]) assert.equal(await by(`guide-step-${step}`).getAttribute("data-done"), "true");
  await picture(page, "mission-guide-1280-dark");
  assert.deepEqual(wrongs, []);
});
