// Purpose: what a first visit may cost: bytes, requests, hosts, and how much the page moves while it loads.

import assert from "node:assert/strict";
import { test } from "node:test";
import zlib from "node:zlib";
import { openBrowser } from "../lib/browser.mjs";
import { openDashboard } from "../lib/dashboard.mjs";
import { openStack } from "../lib/stack.mjs";

const stack = await openStack();
const browser = await openBrowser();

/** In all and compressed. */
const MOST_BYTES = 150 * 1_000;
/** What Lighthouse's default budgets and Core Web Vitals call good (web.dev/vitals: a shift of 0.1; Lighthouse: 1,400 elements). */
const BUDGET = { requests: 12, scripts: 80_000, styles: 30_000, document: 30_000, shift: 0.1, elements: 1_400 };

/** Loads a page with an empty cache. Gives each answer's kind, host and compressed size. */
async function load(dashboard, path) {
  const { context } = dashboard;
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send("Network.setCacheDisabled", { cacheDisabled: true });
  await page.addInitScript(() => {
    window.shift = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => (window.shift += entry.value))).observe({ type: "layout-shift", buffered: true });
  });
  const answers = [];
  page.on("response", (response) => answers.push(response));
  await page.goto(`${stack.workerUrl}${path}`, { waitUntil: "networkidle" });
  const loaded = [];
  for (const response of answers) {
    const body = await response.body().catch(() => Buffer.alloc(0));
    const kind = response.request().resourceType();
    loaded.push({ url: response.url(), kind, host: new URL(response.url()).host, bytes: zlib.gzipSync(body).length });
  }
  const seen = await page.evaluate(() => ({
    shift: window.shift,
    elements: document.querySelectorAll("*").length,
    blocking: [...document.querySelectorAll("head script[src]")].filter((script) => !script.defer && !script.async && script.type !== "module").length,
    unsized: [...document.images].filter((image) => !image.width || !image.height).length,
  }));
  await page.close();
  return { loaded, ...seen };
}

const bytes = (loaded, kind) => loaded.filter((one) => !kind || one.kind === kind).reduce((sum, one) => sum + one.bytes, 0);

test("a first visit to any page stays within its budget and asks no other host", async () => {
  const mara = await openDashboard(browser, stack);
  const visitor = await openDashboard(browser, stack, { user: "" });
  const home = new URL(stack.workerUrl).host;
  const visits = [[visitor, "/"]];
  for (const tab of ["", "/giveaways", "/giveaways/new", "/levels", "/levels/curve", "/levels/rewards", "/analytics", "/logs", "/jobs", "/settings", "/settings/import", "/keys", "/access"]) visits.push([mara, `/g/${mara.guild}${tab}`]);
  for (const [who, path] of visits) {
    const { loaded, shift, elements, blocking, unsized } = await load(who, path);
    const said = `${path}: ${loaded.map((one) => `${one.kind} ${one.bytes}`).join(", ")}`;
    assert.ok(loaded.length > 1, said);
    assert.deepEqual([...new Set(loaded.map((one) => one.host))], [home], said);
    assert.ok(bytes(loaded) <= MOST_BYTES, said);
    assert.ok(bytes(loaded, "script") <= BUDGET.scripts, said);
    assert.ok(bytes(loaded, "stylesheet") <= BUDGET.styles, said);
    assert.ok(bytes(loaded, "document") <= BUDGET.document, said);
    assert.ok(loaded.length <= BUDGET.requests, said);
    assert.ok(shift <= BUDGET.shift, `${path} moves by ${shift}`);
    assert.ok(elements <= BUDGET.elements, `${path} has ${elements} elements`);
    assert.deepEqual([blocking, unsized], [0, 0], `${path}: scripts that block, pictures without a size`);
  }
  await mara.close();
  await visitor.close();
});
