// Purpose: the dashboard without a mouse: every part is reached, seen in focus and used by the keyboard alone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openBrowser } from "../lib/browser.mjs";
import { openDashboard } from "../lib/dashboard.mjs";
import { openStack } from "../lib/stack.mjs";

const stack = await openStack();
const browser = await openBrowser();
/** Far more than any page takes to reach its last element. */
const MOST_TABS = 150;

/** What has the focus: its name, and whether anybody sees that it has. */
const focused = (page) =>
  page.evaluate(() => {
    const one = document.activeElement;
    const style = getComputedStyle(one);
    const box = one.getBoundingClientRect();
    const isMarked = style.outlineStyle !== "none" || style.boxShadow !== "none";
    const name = one.getAttribute("aria-label") ?? one.labels?.[0]?.textContent ?? one.textContent;
    return { name: name.trim().replace(/\s+/g, " "), tag: one.tagName, isSeen: isMarked && box.width > 0 && box.height > 0 };
  });

/** Presses Tab until `wanted` has the focus. Every element on the way shows its focus. */
async function tabTo(page, wanted) {
  for (let pressed = 0; pressed < MOST_TABS; pressed += 1) {
    await page.keyboard.press("Tab");
    const one = await focused(page);
    if (one.tag === "BODY") continue;
    assert.ok(one.isSeen, `${one.tag} ${one.name} shows no focus at ${page.url()}`);
    if (wanted.test(one.name)) return;
  }
  assert.fail(`${wanted} is not reached by Tab at ${page.url()}`);
}

test("somebody without a mouse goes to the settings, changes one, and takes it back", async () => {
  const { page, open, wrongs, close } = await openDashboard(browser, stack);
  await open("");
  await page.keyboard.press("Tab");
  assert.match((await focused(page)).name, /Skip to content/);
  await page.keyboard.press("Enter");
  await open("");
  await tabTo(page, /^Settings$/);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Settings", exact: true }).waitFor();
  await tabTo(page, /^Automatic rerolls/);
  await page.keyboard.press("Control+A");
  await page.keyboard.type("7");
  await tabTo(page, /^Save$/);
  await page.keyboard.press("Enter");
  await page.getByText("Saved.").waitFor();
  await tabTo(page, /^History$/);
  await page.keyboard.press("Enter");
  await page.getByText("Automatic rerolls").waitFor();
  assert.deepEqual(wrongs, []);
  await close();
});

test("menus open and close by the keyboard, and a switch is pressed", async () => {
  const { page, open, close } = await openDashboard(browser, stack);
  await open("settings");
  await tabTo(page, /^Mara$/);
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "Where you are signed in" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "Where you are signed in" }).waitFor({ state: "hidden" });
  await tabTo(page, /^Switch on Levels$/);
  await page.keyboard.press("Space");
  await page.getByText("It is on.").waitFor();
  await close();
});
