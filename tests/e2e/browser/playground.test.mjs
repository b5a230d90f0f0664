// Purpose: a giveaway played by hand on the playground page, as somebody who never saw Muster would.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isTooWide, openBrowser, openPlayground, picture } from "../lib/browser.mjs";
import { hands } from "../lib/hands.mjs";
import { openStack } from "../lib/stack.mjs";

const stack = await openStack({ cronMs: 5_000 });
const browser = await openBrowser();
const PRIZE = "A brass lantern";

test("someone starts a giveaway, others enter, one is refused, the winner claims", async (t) => {
  const { page, wrongs, close } = await openPlayground(browser, stack);
  t.after(close);
  const { by, message, be, goTo, option, press } = hands(page);

  await be("jonas");
  await goTo("giveaways");
  await by("composer").fill("/giveaway");
  await by("command-palette").waitFor();
  await picture(page, "palette-1280-dark");
  await by("command-entry-giveaway-start").click();
  await option("prize", PRIZE);
  await option("ends", "10m", "10m");
  await option("required_role", "Mem", "Member");
  await picture(page, "form-1280-dark");
  await by("command-send").click();
  await message("Your giveaway for", PRIZE).waitFor();
  const card = message(PRIZE, "commitment");
  await card.getByRole("button", { name: "Enter (0)" }).waitFor();
  assert.equal(await message("Your giveaway for").getAttribute("data-ephemeral"), "true");

  for (const who of ["ada", "bela"]) {
    await be(who);
    await press(card, /^🎉?\s*Enter/);
    await message("You are in").last().waitFor();
  }
  await picture(page, "entered-1280-dark");

  await be("gus");
  assert.equal(await message("You are in").count(), 0, "what only others see is shown");
  await press(card, /Enter/);
  const refusal = message("You need the role");
  await refusal.waitFor();
  assert.match(await refusal.innerText(), /You need the role @Member to enter/);
  await picture(page, "refused-1280-dark");
  await card.getByRole("button", { name: "Enter (2)" }).waitFor();

  await by("advance-600000").click();
  const won = message("Congratulations", PRIZE);
  await won.waitFor();
  const text = await won.innerText();
  const winner = /@Ada/.test(text) ? "ada" : "bela";
  assert.match(text, /Congratulations @(Ada|Béla)! You won A brass lantern/);
  assert.equal(await won.getAttribute("data-pinged"), "false", "Gus is not the one who won");
  await be(winner);
  await page.locator('article[data-pinged="true"]', { hasText: "Congratulations" }).waitFor();
  await press(won, /Claim Prize/);
  await message("claimed", PRIZE).filter({ hasText: "please hand it over" }).waitFor();
  await card.getByText("claimed by").waitFor();
  await picture(page, "claimed-1280-dark");
  assert.deepEqual(wrongs, []);
});

test("a command that people may not use says so, and a form can be filled in", async (t) => {
  const { page, wrongs, close } = await openPlayground(browser, stack);
  t.after(close);
  const { by, message, be, goTo } = hands(page);
  await be("mara");
  await goTo("general");
  await by("composer").fill("/giveaway create");
  await by("command-entry-giveaway-create").click();
  await by("command-send").click();
  await by("modal").waitFor();
  await by("modal-input-prize").fill("A form's lamp");
  await by("modal-input-ends").fill("1h");
  await picture(page, "modal-1280-dark");
  await by("modal-submit").click();
  await message("A form's lamp", "commitment").waitFor();

  await be("emil");
  await by("composer").fill("/giveaway create");
  const offered = by("command-entry-giveaway-create");
  if (await offered.count()) {
    await offered.click();
    await by("command-send").click();
    await message("Manage Server").last().waitFor();
  }
  assert.deepEqual(wrongs, []);
});

for (const [width, height] of [[1280, 860], [390, 844]]) {
  for (const scheme of ["dark", "light"]) {
    test(`reads well at ${width} px, ${scheme}`, async (t) => {
      const { page, wrongs, close } = await openPlayground(browser, stack, { width, height, scheme });
      t.after(close);
      const { message, by, be, goTo } = hands(page);
      await be("ada");
      await goTo("giveaways", { narrow: width < 800 });
      await message(PRIZE, "commitment").waitFor();
      assert.equal(await isTooWide(page), false, "the page scrolls sideways");
      await picture(page, `playground-${width}-${scheme}`);
      if (width < 800) {
        await by("open-tools").click();
        await picture(page, `tools-${width}-${scheme}`);
      }
      assert.deepEqual(wrongs, []);
    });
  }
}
