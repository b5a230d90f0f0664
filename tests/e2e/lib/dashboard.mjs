// Purpose: somebody at the dashboard in a browser: signing in at Discord's page, and what must not happen on any page.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { ROOT } from "../../../scripts/lib/processes.mjs";
import { isTooWide, picture } from "./browser.mjs";

const AXE = fs.readFileSync(path.join(ROOT, "node_modules/axe-core/axe.min.js"), "utf8");

/**
 * A browser of its own at the dashboard, signed in as `user` unless that is empty. `wrongs` collects errors in the console,
 * exceptions and requests to any other host; `hosts` that are not wrong are this Worker and the stand-in's consent page.
 */
export async function openDashboard(browser, stack, { user = "mara", width = 1280, height = 900, scheme = "light" } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, reducedMotion: "reduce" });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const wrongs = [];
  const homes = [new URL(stack.workerUrl).host, new URL(stack.simUrl).host];
  // The stand-in's own pages are looked at elsewhere.
  const isOurs = (url) => url.startsWith(stack.workerUrl);
  // A form that is shown again with what is wrong is a 422, which browsers note.
  const isExpected = (message) => message.text().includes("status of 422");
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && isOurs(message.location().url) && !isExpected(message) && wrongs.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => wrongs.push(`exception: ${error.message}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (!["data:", "blob:"].includes(url.protocol) && !homes.includes(url.host)) wrongs.push(`request to ${url.host}`);
  });
  const guild = await stack.crowd.guildId();
  const go = (route) => page.goto(`${stack.workerUrl}${route}`);
  if (user) await signIn(page, stack, user);
  // The page that asked to sign in was a 401, as it should be.
  wrongs.length = 0;
  return { page, context, wrongs, guild, go, open: (tab) => go(`/g/${guild}${tab ? `/${tab}` : ""}`), close: () => context.close() };
}

/** Presses "Sign in", chooses who one is at Discord's page, and agrees. */
export async function signIn(page, stack, user) {
  await page.goto(`${stack.workerUrl}/guilds`);
  await page.getByRole("button", { name: "Sign in with Discord" }).click();
  await page.getByTestId("oauth-user").selectOption(await stack.crowd.userId(user));
  await page.getByTestId("oauth-allow").click();
  await page.getByRole("heading", { name: "Your servers" }).waitFor();
}

/** What axe finds that would keep somebody out. */
export async function barriers(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations.filter(({ impact }) => ["serious", "critical"].includes(impact)).map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).slice(0, 3).join(" | ")}`);
}

/** A picture of this page, which has no barriers and is not wider than its window. */
export async function look(page, name) {
  await picture(page, `dashboard-${name}`, { fullPage: true });
  assert.deepEqual(await barriers(page), [], name);
  assert.equal(await isTooWide(page), false, `${name} is wider than its window`);
}

/** The chart of this name is there, has more than one colour in it, and its week of numbers stands in the table below. Gives the newest. */
export async function drawn(page, title) {
  const section = page.locator("section", { has: page.getByRole("heading", { name: title, exact: true }) });
  await section.locator("canvas").waitFor();
  const colors = await section.locator("canvas").evaluate((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size;
  });
  assert.ok(colors > 3, `${title}: ${colors} colours`);
  await section.getByText(`${title} in numbers`).click();
  const numbers = section.locator("details");
  await numbers.getByRole("cell").first().waitFor();
  assert.equal(await numbers.getByRole("row").count(), 8, "a heading and seven days");
  return numbers.getByRole("cell").last().innerText();
}
