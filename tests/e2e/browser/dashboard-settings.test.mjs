// Purpose: settings, their history, granted access and keys in a browser: the main act of each page, who is kept out, and how they look.

import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { openBrowser } from "../lib/browser.mjs";
import { look, openDashboard } from "../lib/dashboard.mjs";
import { openStack } from "../lib/stack.mjs";

const stack = await openStack();
const browser = await openBrowser();
const { crowd, sim } = stack;
const PHONE = { width: 390, height: 844, scheme: "dark" };
/** A card of the settings page, by what it switches. */
const card = (page, title) => page.locator("article.switch", { has: page.getByRole("heading", { name: title }) });

test("settings are saved, seen in the history, rolled back, and taken along as a file", async () => {
  const { page, wrongs, open, close } = await openDashboard(browser, stack);
  page.on("dialog", (dialog) => dialog.accept());
  await open("settings");
  await look(page, "settings");
  await page.getByLabel("Time zone").fill("Europe/Berlin");
  await page.getByLabel("Automatic rerolls").fill("500");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Write a number from 0 to 50.").waitFor();
  await look(page, "settings-refused");
  await page.getByLabel("Automatic rerolls").fill("5");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  await page.getByRole("button", { name: "Switch on Levels" }).click();
  await page.getByText("It is on.").waitFor();
  await page.getByRole("button", { name: "Switch off Levels" }).click();
  await page.getByText("It is off.").waitFor();
  await crowd.command("jonas", "general", "/config set setting:giveaway_reroll_limit value:9");
  await page.getByRole("link", { name: "History" }).click();
  await page.getByText("Version 4").waitFor();
  await look(page, "history");
  await page.getByRole("link", { name: "Compare version 1 with now" }).click();
  await page.getByRole("heading", { name: "Back to version 1?" }).waitFor();
  await look(page, "history-back");
  await page.goBack();
  await page.getByRole("button", { name: "Go back to this version 1" }).click();
  await page.getByText("Rolled back.").waitFor();
  assert.equal(await page.getByLabel("Automatic rerolls").inputValue(), "5");
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Export" }).click()]);
  assert.equal(JSON.parse(fs.readFileSync(await file.path(), "utf8")).settings.time_zone, "Europe/Berlin");
  assert.deepEqual(wrongs, []);
  await close();
});

test("somebody gets in by a role, sees what it allows, and changes only what it allows", async () => {
  const [mara, gus] = await Promise.all([openDashboard(browser, stack), openDashboard(browser, stack, { user: "gus" })]);
  assert.equal((await gus.open("settings")).status(), 404);
  const grant = async (right) => {
    await mara.open("access");
    await mara.page.getByLabel("Role", { exact: true }).selectOption({ label: "Newcomer" });
    await mara.page.getByLabel("Settings").selectOption(right);
    await mara.page.getByRole("button", { name: "Save" }).click();
    await mara.page.getByText("It holds from now on.").waitFor();
  };
  await grant("view");
  assert.equal((await gus.open("settings")).status(), 404, "the role is not theirs yet");
  await sim.patch("/members", { guild: gus.guild, user: "gus", roles: ["Newcomer"] });
  assert.equal((await gus.open("settings")).status(), 200);
  await look(gus.page, "settings-view-only");
  assert.equal(await gus.page.getByRole("button", { name: /Save|Switch/ }).count(), 0);
  assert.ok(await gus.page.getByLabel("Time zone").isDisabled());
  assert.equal((await gus.open("access")).status(), 403);
  // A form of their own with everything that the page would send.
  await gus.open("settings");
  const forced = await gus.page.evaluate(async (place) => {
    const fields = [...document.querySelectorAll("form[action$='/settings'] input[type=hidden]")].map(({ name, value }) => [name, value]);
    const body = new URLSearchParams([...fields, ["time_zone", "Asia/Tokyo"]]);
    return (await fetch(place, { method: "POST", body })).status;
  }, `/g/${gus.guild}/settings`);
  assert.equal(forced, 403);
  await grant("manage");
  await gus.open("settings");
  assert.equal(await gus.page.getByLabel("Time zone").inputValue(), "Europe/Berlin");
  await gus.page.getByLabel("Time zone").fill("Asia/Tokyo");
  await gus.page.getByRole("button", { name: "Save" }).click();
  await gus.page.getByText("Saved.").waitFor();
  await mara.open("logs?kind=attempts");
  await mara.page.getByRole("cell", { name: "Gus" }).first().waitFor();
  await look(mara.page, "logs-attempts");
  await Promise.all([mara.close(), gus.close()]);
});

test("a page of another site, and a form without its token, change nothing", async () => {
  const { page, context, go, open, guild, close } = await openDashboard(browser, stack);
  await open("settings");
  const tricked = await context.newPage();
  // It knows every field, and the browser sends the cookie along: another port of this machine is the same site.
  const fields = { form_token: await page.locator("input[name=form_token]").first().inputValue(), once: "00112233445566ff", switch: "levels", to: "on" };
  const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`).join("");
  const html = `<!doctype html><form method="post" action="${stack.workerUrl}/g/${guild}/settings/switch">${inputs}<button>A free lamp</button></form>`;
  await tricked.route(`${stack.simUrl}/lamp`, (route) => route.fulfill({ contentType: "text/html", body: html }));
  await tricked.goto(`${stack.simUrl}/lamp`);
  const [answer] = await Promise.all([tricked.waitForResponse(`${stack.workerUrl}/**`), tricked.getByRole("button").click()]);
  assert.equal(answer.status(), 403);
  await tricked.getByText("This came from another site").waitFor();
  await card(page, "Levels").locator("input[name=form_token]").evaluate((input) => input.remove());
  const [bare] = await Promise.all([page.waitForResponse(`${stack.workerUrl}/**`), page.getByRole("button", { name: "Switch on Levels" }).click()]);
  assert.equal(bare.status(), 403);
  await look(page, "refused-form");
  await open("settings");
  await card(page, "Levels").getByText("off", { exact: true }).waitFor();
  assert.equal((await go(`/g/${guild}/settings/switch`)).status(), 404, "nothing changes by an address alone");
  await close();
});

test("another server, one that never was, and a thing of another server look the same", async () => {
  await crowd.command("mara", "general", "/giveaway start prize:Teapot ends:2h");
  const { page, go, guild, close } = await openDashboard(browser, stack, { user: "bela" });
  const club = await page.getByRole("link", { name: "Harbour Book Club" }).getAttribute("href");
  const mara = await openDashboard(browser, stack);
  await mara.open("giveaways");
  const teapot = (await mara.page.getByRole("link", { name: "Teapot" }).getAttribute("href")).split("/").at(-1);
  const said = new Set();
  for (const route of ["/g/123456789012345678/settings", `/g/${guild}`, `/g/${guild}/settings`, `/g/${guild}/giveaways/${teapot}`, `${club}/giveaways/${teapot}`, `${club}/giveaways/000000000000`]) {
    assert.equal((await go(route)).status(), 404, route);
    said.add(await page.locator("main").innerText());
  }
  assert.equal(said.size, 1, [...said].join("\n---\n"));
  await look(page, "not-found");
  await Promise.all([close(), mara.close()]);
});

test("a key is made, shown once, and revoked", async () => {
  const { page, wrongs, open, close } = await openDashboard(browser, stack);
  page.on("dialog", (dialog) => dialog.accept());
  await open("keys");
  await look(page, "keys-empty");
  await page.getByRole("button", { name: "Make the key" }).click();
  await page.locator(".field-error").first().waitFor();
  await page.getByLabel("Name").fill("Backup");
  await page.getByLabel("See Settings").check();
  await page.getByRole("button", { name: "Make the key" }).click();
  await page.getByText("Copy this key now").waitFor();
  await look(page, "keys-made");
  await open("keys");
  assert.equal(await page.getByLabel("New key").count(), 0);
  await look(page, "keys");
  await page.getByRole("button", { name: "Revoke Backup" }).click();
  await page.getByText("it opens nothing any more").waitFor();
  assert.deepEqual(wrongs, []);
  await close();
});

test("the same pages on a small dark screen", async () => {
  const { page, wrongs, open, close } = await openDashboard(browser, stack, PHONE);
  page.on("dialog", (dialog) => dialog.accept());
  for (const [tab, name] of [["access", "access"], ["settings", "settings"], ["settings/history", "history"], ["settings/history/1", "history-back"], ["keys", "keys"]]) {
    await open(tab);
    await look(page, `${name}-390-dark`);
  }
  await open("access");
  await page.getByRole("button", { name: "Remove Newcomer" }).click();
  await page.getByText("No role was granted anything yet.").waitFor();
  assert.deepEqual(wrongs, []);
  await close();
});
