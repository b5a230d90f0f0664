// Purpose: what one watches on the dashboard in a browser: the first page that follows by itself, logs, analytics, jobs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openBrowser } from "../lib/browser.mjs";
import { drawn, look, openDashboard } from "../lib/dashboard.mjs";
import { openStack } from "../lib/stack.mjs";

const stack = await openStack();
const browser = await openBrowser();

const WATCHED = [["", "overview"], ["logs", "logs"], ["logs?kind=giveaways", "logs-giveaways"], ["analytics", "analytics"], ["jobs", "jobs"]];

test("somebody watches a giveaway start, its log, the numbers, and a message that Discord refuses", async () => {
  const { crowd } = stack;
  const mara = await openDashboard(browser, stack);
  const { page, open, wrongs } = mara;
  await open("");
  await page.getByText("Nothing needs you right now").waitFor();
  await look(page, "overview-quiet");
  await crowd.command("mara", "general", "/giveaway start prize:Lantern ends:2h");
  await crowd.command("mara", "general", "/config set setting:time_zone value:Europe/Berlin");
  const running = page.locator("article", { hasText: "Running giveaways" });
  // Nobody presses anything: the part loads itself.
  await running.getByText("1", { exact: true }).waitFor({ timeout: 40_000 });
  await open("logs");
  await page.getByRole("cell", { name: /Time zone/ }).waitFor();
  await page.getByText("Search", { exact: true }).click();
  await page.getByLabel("Contains").fill("Berlin");
  await page.getByRole("button", { name: "Filter" }).click();
  await page.getByRole("link", { name: "Show all" }).waitFor();
  await page.getByText("Europe/Berlin").waitFor();
  await page.getByLabel("Person").fill("mara");
  await page.getByRole("button", { name: "Filter" }).click();
  await page.getByText("Copy User ID").waitFor();
  await look(page, "logs-wrong");
  await open("analytics");
  await drawn(page, "Commands");
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "over time (CSV)" }).click()]);
  assert.equal(file.suggestedFilename(), "activity-week.csv");
  assert.deepEqual(wrongs.filter((wrong) => !wrong.includes("422")), []);
  await mara.close();
});

test("a refused message is seen, and sent again by a button", async () => {
  const { sim, crowd } = stack;
  await sim.post("/faults", { method: "POST", route: "/channels/{channel_id}/messages", count: 1, kind: "status", status: 403, code: 50013, message: "Missing Permissions" });
  await crowd.command("mara", "general", "/giveaway start prize:Kettle ends:2h");
  const { page, open, close, wrongs } = await openDashboard(browser, stack);
  await open("");
  await page.getByRole("heading", { name: "One thing needs you" }).waitFor();
  await look(page, "overview-trouble");
  await page.getByText("Discord refused 1 message").click();
  await page.getByRole("heading", { name: "Refused by Discord" }).waitFor();
  await page.getByText("Muster may not write there").waitFor();
  await look(page, "jobs-refused");
  await page.getByRole("button", { name: "Send again" }).click();
  await page.getByText("It is being sent again").waitFor();
  // The page follows: nobody loads it again.
  await page.getByText("nothing is stuck").waitFor();
  await crowd.findMessage("the announcement", "general", (text, message) => text.includes("Kettle") && message.ephemeral_for == null);
  assert.deepEqual(wrongs, []);
  await close();
});

test("every page that one watches, wide and narrow, light and dark", async () => {
  for (const options of [{}, { width: 390, height: 844, scheme: "dark" }]) {
    const { page, open, close, wrongs } = await openDashboard(browser, stack, options);
    for (const [tab, name] of WATCHED) {
      await open(tab);
      await page.locator("h1").waitFor();
      await look(page, options.width ? `${name}-390-dark` : name);
    }
    assert.deepEqual(wrongs, []);
    await close();
  }
});
