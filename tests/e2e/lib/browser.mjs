// Purpose: a browser for the playground: its pages, what goes wrong in them, and pictures of them.

import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { after } from "node:test";
import { chromium } from "playwright-core";
import { ROOT } from "../../../scripts/lib/processes.mjs";

const PICTURES = path.join(ROOT, "artifacts");
const NAMES = [process.env.CHROMIUM, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"];

function findChromium() {
  for (const name of NAMES.filter(Boolean)) {
    try {
      return execFileSync("sh", ["-c", 'command -v "$1"', "sh", name], { encoding: "utf8" }).trim();
    } catch {
      // The next one.
    }
  }
  throw new Error("there is no Chromium here: ./scripts/setup --browser installs it, or name its program in CHROMIUM");
}

/** Starts the browser; it ends after the last test of the file. */
export async function openBrowser() {
  // Chromium's sandbox does not work for root in a container.
  const browser = await chromium.launch({ executablePath: findChromium(), args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  after(() => browser.close());
  return browser;
}

/**
 * A page of the playground, ready, with what must not happen collected in `wrongs`: errors in the console, exceptions,
 * failed requests and requests to any other host.
 */
export async function openPlayground(browser, stack, { width = 1280, height = 860, scheme = "dark" } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, reducedMotion: "reduce" });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const wrongs = [];
  const home = new URL(stack.simUrl).host;
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && wrongs.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => wrongs.push(`exception: ${error.message}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.protocol !== "blob:" && url.host !== home) wrongs.push(`request to ${url.host}`);
  });
  page.on("response", (response) => response.status() >= 400 && wrongs.push(`${response.status()} ${response.url()}`));
  await page.goto(`${stack.simUrl}/`);
  await page.locator('html[data-ready="true"]').waitFor();
  return { page, wrongs, close: () => context.close() };
}

/** A picture into artifacts/, where whoever reviews looks; `fullPage` with what is below the window. */
export async function picture(page, name, { fullPage = false } = {}) {
  fs.mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: path.join(PICTURES, `${name}.png`), animations: "disabled", fullPage });
}

/** Whether a page is wider than its window, so that somebody would have to scroll sideways. */
export const isTooWide = (page) => page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
