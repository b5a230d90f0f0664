// Purpose: the cards of levels as people see them: settings, a level reached, a rank, a board, the reasons; wide and narrow.

import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../../../scripts/lib/processes.mjs";
import { isTooWide, openBrowser, openPlayground, picture } from "../lib/browser.mjs";
import { levels, remark } from "../lib/levels.mjs";
import { openStack } from "../lib/stack.mjs";

const stack = await openStack({ sidecar: { flushSeconds: 1, pollSeconds: 1 } });
const { crowd } = stack;
const { hasTotal, say, switchOn } = levels(stack);
const browser = await openBrowser();

/** Shows a channel as somebody sees it. */
async function look(page, username, channel) {
  const by = (id) => page.getByTestId(id);
  await by("person-switcher").click();
  const row = by(`person-option-${username}`);
  const name = await row.locator(".person-name").innerText();
  await row.click();
  await by("person-switcher").filter({ hasText: `You are ${name}` }).waitFor();
  await by(`channel-${channel}`).click();
  await page.locator("#channel-head h2", { hasText: channel }).waitFor();
  return page.locator("article.message");
}

test("a server's first hour with levels", async () => {
  const { page, wrongs, close } = await openPlayground(browser, stack);
  await switchOn({ min_xp: "60", max_xp: "60", cooldown: "0" });
  await crowd.command("mara", "general", "/levels config");
  const seen = await look(page, "mara", "general");
  await seen.filter({ hasText: "Switch off" }).last().waitFor();
  await picture(page, "levels-config-1280-dark");

  for (let n = 0; n < 6; n += 1) await say(["ada", "ada", "ada", "bela", "bela", "chen"][n], "general", remark(n));
  await hasTotal("ada", 180);
  await hasTotal("chen", 60);
  await crowd.command("ada", "general", "/rank");
  await crowd.command("ada", "general", "/leaderboard");
  const asAda = await look(page, "ada", "general");
  await asAda.filter({ hasText: "reached level 1" }).first().waitFor();
  await asAda.filter({ hasText: "180" }).first().waitFor();
  await picture(page, "levels-rank-1280-dark");
  await until("/why to know everything", async () => (await crowd.command("ada", "general", "/why xp")).text.split("+60").length === 4, { every: 500 });
  await asAda.filter({ hasText: "+60 XP" }).last().waitFor();
  await picture(page, "levels-why-1280-dark");
  assert.deepEqual(wrongs, []);
  await close();
});

test("the same on a phone", async () => {
  const { page, wrongs, close } = await openPlayground(browser, stack, { width: 390, height: 844, scheme: "light" });
  await page.locator("article.message").filter({ hasText: "reached level 1" }).first().waitFor();
  assert.ok(!(await isTooWide(page)), "the page is wider than the phone");
  await picture(page, "levels-390-light");
  assert.deepEqual(wrongs, []);
  await close();
});
