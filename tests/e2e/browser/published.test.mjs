// Purpose: the platforms' consent pages and the page of published posts, as people see them; the stand-in alone.

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { SIMULATOR } from "../../../scripts/lib/stack.mjs";
import { freePorts, run, start, until } from "../../../scripts/lib/processes.mjs";
import { isTooWide, openBrowser, picture } from "../lib/browser.mjs";

const built = await run("cargo", ["build", "--locked", "-p", "muster-sim"]);
assert.equal(built.code, 0, built.stderr);
const dir = fs.mkdtempSync(path.join(os.tmpdir(), "muster-published-"));
const [port] = await freePorts(1);
const home = `http://127.0.0.1:${port}`;
const sim = start("muster-sim", SIMULATOR, ["--port", String(port)], { log: path.join(dir, "sim.log") });
after(async () => {
  await sim.stop();
  fs.rmSync(dir, { recursive: true, force: true });
});
await until("the stand-in", async () => (await fetch(`${home}/sim/health`).catch(() => null))?.ok, { seconds: 30 });
const browser = await openBrowser();

// RFC 7636, appendix B.
const VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const CLIENT = { client_id: "simulated-x-app" };
const SECRET = "the-simulated-secret-for-x";
const LANDING = `${home}/playground/icons.svg`;

async function call(route, headers, body) {
  const response = await fetch(`${home}/social/x${route}`, { method: "POST", headers, body });
  return response.json();
}

async function tokenFor(code) {
  const basic = Buffer.from(`${CLIENT.client_id}:${SECRET}`).toString("base64");
  const form = new URLSearchParams({ grant_type: "authorization_code", code, redirect_uri: LANDING, code_verifier: VERIFIER });
  return (await call("/2/oauth2/token", { authorization: `Basic ${basic}` }, form)).access_token;
}

test("somebody allows at a consent page, a post appears at once, and is taken down", async () => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, colorScheme: "light", reducedMotion: "reduce" });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const wrongs = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && wrongs.push(message.text()));
  page.on("pageerror", (error) => wrongs.push(error.message));
  await page.goto(`${home}/social`);
  await page.getByTestId("social-empty").filter({ hasText: "Nothing was published yet" }).waitFor();
  await picture(page, "published-empty-390");
  assert.equal(await isTooWide(page), false);

  const query = new URLSearchParams({
    ...CLIENT, response_type: "code", redirect_uri: LANDING, scope: "tweet.read tweet.write users.read offline.access",
    state: "st", code_challenge: CHALLENGE, code_challenge_method: "S256",
  });
  const consent = await context.newPage();
  await consent.goto(`${home}/social/x/i/oauth2/authorize?${query}`);
  assert.equal(await isTooWide(consent), false);
  await consent.getByTestId("social-name").fill("Zoë Quandt");
  await consent.getByTestId("social-allow").click();
  await consent.waitForURL(`${LANDING}?**`);
  const back = new URL(consent.url());
  assert.equal(back.searchParams.get("state"), "st");
  const token = await tokenFor(back.searchParams.get("code"));

  const text = `Free tasting <b>today</b>: ${home}/l/aB3dE9x. Come!`;
  const posted = await call("/2/tweets", { authorization: `Bearer ${token}`, "content-type": "application/json" }, JSON.stringify({ text }));
  const post = page.getByTestId("social-post");
  await post.filter({ hasText: "Free tasting <b>today</b>" }).waitFor();
  assert.equal(await post.locator("a").getAttribute("href"), `${home}/l/aB3dE9x`);
  assert.match(await post.innerText(), /Zoë Quandt\s+@zoë_quandt/);
  const views = { platform: "x", post: posted.data.id, views: 1234 };
  await fetch(`${home}/sim/social/metrics`, { method: "POST", body: JSON.stringify(views) });
  await post.filter({ hasText: "1,234 views" }).waitFor();
  await picture(page, "published-390", { fullPage: true });
  assert.equal(await isTooWide(page), false);

  await page.getByTestId("social-tab-linkedin").click();
  await page.getByTestId("social-empty").filter({ hasText: "on LinkedIn" }).waitFor();
  await page.goto(`${home}/social/x/zoë_quandt/status/${posted.data.id}`);
  await post.waitFor();
  await page.getByTestId(`social-down-${posted.data.id}`).click();
  await page.getByTestId("social-empty").waitFor();
  await page.getByTestId("social-revoke-x-zoë_quandt").click();
  await page.getByTestId("social-account").waitFor({ state: "detached" });
  assert.deepEqual(wrongs, []);
  await context.close();
});
