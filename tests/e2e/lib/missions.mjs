// Purpose: what end-to-end tests of missions share: somebody who connects an account.

import assert from "node:assert/strict";
import { buttonsOf } from "../../../scripts/lib/people.mjs";

/** The address behind the link button of a message. */
export const connectLink = (message) => buttonsOf(message).find((button) => button.url)?.url;

/** At the page behind a link of /connect, and at the platform's consent page. */
export async function connect(stack, link, platform, account) {
  const page = await fetch(link);
  assert.equal(page.status, 200);
  assert.match(await page.text(), /Connect accounts/);
  const token = link.split("/").pop();
  const started = await fetch(`${stack.workerUrl}/oauth/${platform}/start`, {
    method: "POST", redirect: "manual", body: new URLSearchParams({ link: token }), headers: { origin: stack.workerUrl },
  });
  assert.equal(started.status, 303, await started.text());
  const cookie = started.headers.getSetCookie().map((one) => one.split(";")[0]).join("; ");
  const consent = await fetch(`${started.headers.get("location")}&sim_account=${encodeURIComponent(account)}`, { redirect: "manual" });
  const back = await fetch(consent.headers.get("location"), { headers: { cookie }, redirect: "manual" });
  assert.match(await back.text(), /is connected/);
}
