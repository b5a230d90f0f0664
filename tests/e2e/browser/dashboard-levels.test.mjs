// Purpose: the levels pages in a browser: each one opens without a barrier, wide and on a phone; a board that everybody sees, what another
// curve would do to it, and a sync of roles.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openBrowser } from "../lib/browser.mjs";
import { drawn, look, openDashboard } from "../lib/dashboard.mjs";
import { levels, remark } from "../lib/levels.mjs";
import { openStack } from "../lib/stack.mjs";

const stack = await openStack({ sidecar: { flushSeconds: 1, pollSeconds: 1 } });
const { crowd } = stack;
const { hasTotal, say, switchOn } = levels(stack);
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
  await switchOn({ min_xp: "60", max_xp: "60", cooldown: "0" });
  for (let n = 0; n < 6; n += 1) await say(["ada", "ada", "ada", "bela", "bela", "chen"][n], "general", remark(n));
  await hasTotal("ada", 180);
  await hasTotal("bela", 120);
  await hasTotal("chen", 60);
  assert.equal((await go(`/leaderboard/${guild}`)).status(), 200);
  await page.getByRole("row", { name: "Ada" }).waitFor();
  await look(page, "leaderboard-public");
  await close();
});

test("what another curve does to the first members is seen before it is in force", async () => {
  const { page, wrongs, open, close } = await openDashboard(browser, stack);
  await open("levels/curve");
  const first = page.getByRole("row", { name: "Ada" });
  assert.deepEqual(await first.getByRole("cell").allInnerTexts(), ["1", "Ada", "180", "1"]);
  // Nobody presses anything: the preview follows what is written.
  await page.getByLabel("Base").fill("50");
  await page.getByText("Not in force yet").waitFor();
  await page.getByText("2 would stand on another level").waitFor();
  assert.deepEqual(await first.getByRole("cell").allInnerTexts(), ["1", "Ada", "180", "1", "2"]);
  await page.locator("#preview canvas").waitFor();
  await page.locator("#preview .u-series", { hasText: "XP with this curve" }).waitFor();
  await look(page, "levels-curve-preview");
  await page.getByLabel("Base").fill("0");
  await page.locator("#preview .notice.bad").waitFor();
  await page.getByLabel("Base").fill("50");
  await page.getByRole("button", { name: "Put this curve in force" }).click();
  await page.getByRole("status").first().waitFor();
  assert.deepEqual(await first.getByRole("cell").allInnerTexts(), ["1", "Ada", "180", "2"]);
  assert.deepEqual(wrongs, []);
  await close();
});

test("what was written is counted, drawn, and on the first page", async () => {
  const { page, wrongs, open, close } = await openDashboard(browser, stack);
  await open("");
  await page.getByText("Everything is fine.").waitFor();
  await page.locator("article", { hasText: "Members with levels" }).getByText("3", { exact: true }).waitFor();
  await look(page, "overview-levels");
  await open("analytics");
  assert.equal(await drawn(page, "Messages"), "6");
  await look(page, "analytics-messages");
  assert.deepEqual(wrongs, []);
  await close();
});

test("a role is given from a level on, and a sync gives it to whoever is there already", async () => {
  const { page, wrongs, open, guild, close } = await openDashboard(browser, stack);
  page.on("dialog", (dialog) => dialog.accept());
  await open("levels/rewards");
  await page.getByLabel("From level").fill("1");
  await page.getByLabel("Everybody gets").selectOption({ label: "Newcomer" });
  await page.getByRole("button", { name: "Add" }).click();
  await page.getByRole("cell", { name: "Newcomer", exact: true }).waitFor();
  await page.getByRole("button", { name: "Sync now" }).click();
  // The part about the sync follows by itself until it is done.
  await page.getByText("The last sync is done").waitFor({ timeout: 30_000 });
  await look(page, "levels-rewards-synced");
  const newcomer = await crowd.roleId("Newcomer");
  const member = await (await fetch(`${stack.env.DISCORD_API}/guilds/${guild}/members/${await crowd.userId("ada")}`, { headers: { authorization: `Bot ${stack.env.DISCORD_TOKEN}` } })).json();
  assert.ok(member.roles.includes(newcomer), "Ada has the role");
  assert.deepEqual(wrongs, []);
  await close();
});
