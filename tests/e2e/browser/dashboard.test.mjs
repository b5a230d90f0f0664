// Purpose: the dashboard's door in a browser: visitors, signing in at Discord's page, who is refused, and signing out elsewhere.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openBrowser } from "../lib/browser.mjs";
import { look, openDashboard } from "../lib/dashboard.mjs";
import { openStack } from "../lib/stack.mjs";

const stack = await openStack();
const browser = await openBrowser();

test("a visitor sees what Muster does, signs in, and finds their server", async () => {
  const { page, wrongs, go, open, close } = await openDashboard(browser, stack, { user: "" });
  await go("/");
  await page.getByRole("link", { name: /Live demo/ }).waitFor();
  await look(page, "home");
  await page.getByRole("button", { name: "Sign in with Discord" }).click();
  await page.getByTestId("oauth-user").selectOption(await stack.crowd.userId("mara"));
  await page.getByTestId("oauth-allow").click();
  await page.getByRole("link", { name: "Lantern Café" }).waitFor();
  await look(page, "guilds");
  await page.getByRole("link", { name: "Lantern Café" }).click();
  await page.getByText("Everything is fine.").waitFor();
  await look(page, "overview");
  await go("/sessions");
  await page.getByText("Chrome on Linux").first().waitFor();
  await look(page, "sessions");
  await open("");
  assert.deepEqual(wrongs, []);
  await close();
});

test("somebody without any right finds nothing there, and signing out everywhere ends a second browser", async () => {
  const ada = await openDashboard(browser, stack, { user: "ada" });
  const answer = await ada.open("");
  assert.equal(answer.status(), 404);
  await look(ada.page, "refused");
  const second = await openDashboard(browser, stack, { user: "ada", width: 390, height: 844, scheme: "dark" });
  await look(second.page, "guilds-390-dark");
  await second.go("/sessions");
  await look(second.page, "sessions-390-dark");
  await ada.go("/sessions");
  await ada.page.getByRole("button", { name: "Sign out everywhere" }).click();
  await ada.page.getByRole("button", { name: "Sign in with Discord" }).waitFor();
  assert.equal((await second.go("/sessions")).status(), 401);
  await second.page.getByRole("button", { name: "Sign in with Discord" }).waitFor();
  await Promise.all([ada.close(), second.close()]);
});
