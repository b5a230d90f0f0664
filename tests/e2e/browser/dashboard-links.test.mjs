// Purpose: the pages of short links and of connecting accounts in a browser, wide and narrow, light and dark.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { buttonsOf } from "../../../scripts/lib/people.mjs";
import { openBrowser } from "../lib/browser.mjs";
import { look, openDashboard } from "../lib/dashboard.mjs";
import { openStack } from "../lib/stack.mjs";

const stack = await openStack();
const browser = await openBrowser();
after(() => browser.close());

test("links: none yet, made by a command, and one with its numbers", async () => {
  const wide = await openDashboard(browser, stack);
  await wide.open("links");
  await look(wide.page, "links-empty");
  const { text } = await stack.crowd.command("mara", "general", "/link create target:https://shop.example/spring name:Spring");
  const slug = text.match(/\/l\/([0-9A-Za-z]{8})/)[1];
  await wide.open("links");
  await wide.page.getByText("Spring").first().waitFor();
  await look(wide.page, "links");
  const narrow = await openDashboard(browser, stack, { width: 390, scheme: "dark" });
  await narrow.open(`links/${slug}`);
  await look(narrow.page, "links-one-390-dark");
  assert.deepEqual([...wide.wrongs, ...narrow.wrongs], []);
});

test("connecting: the page behind /connect leads to the platform and back", async () => {
  const { message } = await stack.crowd.command("ada", "general", "/connect");
  const link = buttonsOf(message).find((button) => button.url).url;
  const visitor = await openDashboard(browser, stack, { user: "", width: 390 });
  await visitor.page.goto(link);
  await look(visitor.page, "connect-390");
  await visitor.page.getByRole("button", { name: "Connect Threads" }).click();
  await visitor.page.waitForURL(/\/social\/threads/);
  assert.deepEqual(visitor.wrongs, []);
});
