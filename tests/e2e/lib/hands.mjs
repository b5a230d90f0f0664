// Purpose: a person's hands on the playground page.

/** What a person does on the page, in one line each. */
export function hands(page) {
  const by = (id) => page.getByTestId(id);
  const message = (...words) => words.reduce((found, word) => found.filter({ hasText: word }), page.locator("article.message"));
  return {
    by,
    message,
    async be(username) {
      await by("person-switcher").click();
      const row = by(`person-option-${username}`);
      const name = await row.locator(".person-name").innerText();
      await row.click();
      // The name is drawn together with everything that this person sees.
      await by("person-switcher").filter({ hasText: `You are ${name}` }).waitFor();
    },
    async goTo(channel, { narrow = false } = {}) {
      if (narrow) await by("open-channels").click();
      await by(`channel-${channel}`).click();
      await page.locator("#channel-head h2", { hasText: channel }).waitFor();
    },
    async option(name, value, pick) {
      const input = by(`command-option-${name}`);
      if (!(await input.count())) {
        await by("command-more").click();
        await by("command-more").fill(name);
        await by(`optional-${name}`).click();
      }
      await input.fill(value);
      if (pick) await page.locator('[data-testid^="option-choice-"]', { hasText: pick }).first().click();
    },
    press: (which, label) => which.getByRole("button", { name: label }).click(),
  };
}
