// Purpose: one stack for a test file: built if stale, started on free ports, ended after the last test.

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after } from "node:test";
import { people } from "../../../scripts/lib/people.mjs";
import { build, startStack } from "../../../scripts/lib/stack.mjs";

/**
 * Starts a stack and gives its handle, with `crowd` (the demo guild's people). Without cron ticks unless asked for: what
 * alarms and the queue do by themselves must be done by them. MUSTER_KEEP=1 keeps the logs and the database.
 */
export async function openStack(options = {}) {
  await build();
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "muster-e2e-"));
  const stack = await startStack({ dir, cronMs: 0, ...options });
  after(async () => {
    await stack.stop();
    if (process.env.MUSTER_KEEP) console.log(`kept: ${dir}`);
    else fs.rmSync(dir, { recursive: true, force: true });
  });
  const crowd = people(stack.sim);
  await crowd.meet();
  return { ...stack, crowd };
}
