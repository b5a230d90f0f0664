// Purpose: settings taken over from another server's file in a browser: chosen roles change the preview without a reload.

import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { openBrowser } from "../lib/browser.mjs";
import { look, openDashboard } from "../lib/dashboard.mjs";
import { openStack } from "../lib/stack.mjs";

const stack = await openStack();
const browser = await openBrowser();

/** As Export writes it, from a server that this one never heard of. */
const FILE = JSON.stringify({
  format: "muster-config",
  format_version: 1,
  exported_at: "2026-11-01T12:00:00Z",
  guild: { id: "900000000000000001", name: "Night Market" },
  version: 12,
  settings: {
    time_zone: "Europe/Berlin",
    giveaway_managers: ["900000000000000002"],
    giveaway_log_channel: "900000000000000003",
    giveaway_claim_seconds: 3600,
    levels: { enabled: true, rewards: [{ level: 5, role: "900000000000000004" }] },
  },
  roles: { "900000000000000002": "Stall holders", "900000000000000004": "Newcomer" },
  channels: { "900000000000000003": "giveaway-log" },
});

test("a file of another server is chosen, compared, mapped and put in force, and can be taken back", async () => {
  const { page, open, wrongs, close } = await openDashboard(browser, stack);
  await open("settings");
  await page.getByRole("link", { name: "Import" }).click();
  await look(page, "import");
  await page.getByRole("button", { name: "Show what it would change" }).click();
  await page.getByText("Choose the file that “Export” saved").waitFor();
  await page.getByLabel("File").setInputFiles({ name: "night-market.json", mimeType: "application/json", buffer: Buffer.from(FILE) });
  await page.getByLabel("Or what is in it").and(page.locator("textarea")).waitFor();
  await page.waitForFunction(() => document.querySelector("#document").value.includes("Night Market"));
  await page.getByRole("button", { name: "Show what it would change" }).click();
  await page.getByText("Night Market").waitFor();
  // The role and the channel of the same name are chosen; the other role is not.
  const chosen = (label) => page.getByLabel(label).locator("option:checked").textContent();
  assert.equal(await chosen("#giveaway-log becomes"), "#giveaway-log");
  assert.equal(await chosen("@Newcomer becomes"), "Newcomer");
  assert.equal(await chosen("@Stall holders becomes"), "left out");
  const preview = page.locator("#preview");
  assert.doesNotMatch(await preview.textContent(), /Giveaway managers/);
  await page.getByLabel("@Stall holders becomes").selectOption({ label: "Member" });
  await preview.getByText("@Member").waitFor();
  await look(page, "import-preview");
  await page.setViewportSize({ width: 390, height: 844 });
  await look(page, "import-preview-narrow");
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.getByRole("button", { name: "Put these settings in force" }).click();
  await page.getByText("Imported. The version from before is in the history.").waitFor();
  assert.equal(await page.getByLabel("Time zone").inputValue(), "Europe/Berlin");
  // What goes out again is what came in, with this server's names.
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Export" }).click()]);
  const exported = JSON.parse(fs.readFileSync(await file.path(), "utf8"));
  assert.deepEqual(Object.values(exported.roles).sort(), ["Member", "Newcomer"]);
  assert.equal(exported.settings.giveaway_claim_seconds, 3600);
  assert.deepEqual(wrongs, []);
  await close();
});

test("an import is not for whoever may not change settings", async () => {
  const ada = await openDashboard(browser, stack, { user: "ada" });
  const answer = await ada.open("settings/import");
  assert.equal(answer.status(), 404);
  await ada.close();
});
