// Purpose: the levels pages in a browser: each one opens without a barrier, wide and on a phone, and levels are switched on for a
// board that everybody sees.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openBrowser } from "../lib/browser.mjs";
import { look, openDashboard } from "../lib/dashboard.mjs";
import { openStack } from "../lib/stack.mjs";

const stack = await openStack();
const browser = await openBrowser();
const PAGES = ["levels", "levels/curve", "levels/rewards", "levels/exceptions", "levels/board"];

for (const [name, view] of [["1280", {}], ["390-dark", { width: 390, height: 844, scheme: "dark" }]]) {
  test(`every page of levels at ${name}`, async () => {
    const { page, wrongs, open, close } = await openDashboard(browser, stack, view);
    for (const one of PAGES) {
      assert.equal((await open(one)).status(), 200, one);
      await look(page, `${one.replace("/", "-")}-${name}`);
    }
    assert.deepEqual(wrongs, []);
    await close();
  });
}

test("a board is nobody's business until the server shows it", async () => {
  const { page, go, guild, close } = await openDashboard(browser, stack, { user: "" });
  assert.equal((await go(`/leaderboard/${guild}`)).status(), 404);
  const { crowd } = stack;
  const { message } = await crowd.command("mara", "general", "/levels config");
  const { message: on } = await crowd.press("mara", message, "Switch on");
  await crowd.press("mara", on, "Show the board on the web");
  assert.equal((await go(`/leaderboard/${guild}`)).status(), 200);
  await look(page, "leaderboard-public");
  await close();
});
