// Purpose: the missions' pages in a browser: a mission written, pushed, published and looked at; wide and narrow, light and dark.

import assert from "node:assert/strict";
import path from "node:path";
import { after, test } from "node:test";
import { ROOT } from "../../../scripts/lib/processes.mjs";
import { openBrowser } from "../lib/browser.mjs";
import { look, openDashboard } from "../lib/dashboard.mjs";
import { connect, connectLink } from "../lib/missions.mjs";
import { openStack } from "../lib/stack.mjs";

const stack = await openStack();
const browser = await openBrowser();
after(() => browser.close());
const { crowd, sim } = stack;
const PARTS = ["calendar", "review", "ledger", "board", "members", "rules"];

/** Presses of a member at the card until their post is on its way. */
async function publish(who, platform, name, account) {
  const card = await crowd.findMessage("the card", "general", (text, message) => message.ephemeral_for == null && text.includes("Connect & Post"));
  const asked = await crowd.press(who, card, "Connect & Post");
  await connect(stack, connectLink(asked.message), platform, account);
  const ready = await crowd.press(who, card, "Connect & Post");
  const preview = await crowd.press(who, ready.message, `Preview for ${name}`);
  return crowd.press(who, preview.message, "Publish");
}

test("missions: nothing yet, on every page, wide and narrow", async () => {
  const wide = await openDashboard(browser, stack);
  const narrow = await openDashboard(browser, stack, { width: 360, scheme: "dark" });
  await wide.open("missions");
  await wide.page.getByText("There is no mission yet.").waitFor();
  await look(wide.page, "missions-empty");
  for (const part of PARTS) {
    await narrow.open(`missions/${part}`);
    await look(narrow.page, `missions-${part}-empty-360-dark`);
  }
  assert.deepEqual([...wide.wrongs, ...narrow.wrongs], []);
});

test("missions: written with a preview, pushed, published, looked at", async () => {
  const wide = await openDashboard(browser, stack);
  const { page } = wide;
  await wide.open("missions/new");
  await page.getByLabel("Title").fill("Spring launch");
  await page.getByLabel("What do members publish?").fill("Our spring menu is here! See {link} and come by. ".repeat(9));
  await page.getByLabel("Where does the link lead?").fill("https://lantern.example/spring");
  await page.getByLabel("Where is its card posted?").selectOption({ label: "#general" });
  await page.getByRole("button", { name: "Preview" }).click();
  await page.getByRole("heading", { name: "What will appear" }).waitFor();
  await page.getByText("Threads takes 500 characters").first().waitFor();
  await look(page, "missions-editor-refused");
  await page.getByLabel("What do members publish?").fill("Our spring menu is here! See {link} and come by.");
  await page.getByLabel("Upload a picture").setInputFiles(path.join(ROOT, "docs/playground.png"));
  const shown = page.getByAltText("The mission's picture");
  await shown.waitFor();
  await page.waitForFunction(() => document.getElementById("image-shown").naturalWidth > 0);
  assert.match(await page.locator("#image").inputValue(), /^media:[0-9a-f]{32}-\d+x\d+\.jpg$/, "a PNG became a JPEG");
  await page.getByRole("button", { name: "Preview" }).click();
  await page.getByAltText("The picture", { exact: true }).first().waitFor();
  await look(page, "missions-editor-picture");
  await page.getByRole("button", { name: "Keep as a draft" }).press("Enter");
  await page.getByText("The draft is kept.").waitFor();
  await page.getByRole("button", { name: "Push it" }).click();
  await page.getByText("The mission is live").waitFor();
  const here = new URL(page.url()).pathname.split("/").pop();
  assert.match((await publish("ada", "linkedin", "LinkedIn", "Ada Lovelace")).text, /Published on LinkedIn/);
  const [post] = (await sim.get("/social")).posts;
  assert.equal(post.media.length, 1, "the picture is part of the post");
  await sim.post("/faults", { method: "POST", route: "/social/linkedin/rest/posts", count: 1, kind: "reset_after_effect" });
  await publish("bela", "linkedin", "LinkedIn", "Bela Bartok");
  await crowd.wait(61_000);
  await stack.tick();
  await wide.open(`missions/${here}`);
  await page.locator("figure canvas").first().waitFor();
  await look(page, "missions-one");
  await wide.open("missions");
  await look(page, "missions");
  for (const part of PARTS) {
    await wide.open(`missions/${part}`);
    await look(page, `missions-${part}`);
  }
  const narrow = await openDashboard(browser, stack, { width: 360, scheme: "dark" });
  for (const part of ["", `/${here}`, `/${here}/edit`, ...PARTS.map((part) => `/${part}`)]) {
    await narrow.open(`missions${part}`);
    await look(narrow.page, `missions${part.replace(here, "one").replaceAll("/", "-")}-360-dark`);
  }
  assert.deepEqual([...wide.wrongs, ...narrow.wrongs], []);
});

test("rules: what they would change, before they are saved", async () => {
  const narrow = await openDashboard(browser, stack, { width: 360 });
  await narrow.open("missions/rules");
  await narrow.page.getByLabel("Points for publishing").fill("20");
  await narrow.page.getByLabel("From points").nth(1).fill("15");
  await narrow.page.getByRole("button", { name: "Show what it would change" }).click();
  await narrow.page.getByRole("heading", { name: "What it would change" }).waitFor();
  await look(narrow.page, "missions-rules-changed-360");
  await narrow.page.getByRole("button", { name: "Save as version 1" }).click();
  await narrow.page.getByText("Version 1 of the rules is in force.").waitFor();
  assert.deepEqual(narrow.wrongs, []);
});
