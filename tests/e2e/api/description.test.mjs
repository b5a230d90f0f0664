// Purpose: the JSON API against its own description, by requests that a program makes up: no server error, no answer of another shape.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { ROOT, run } from "../../../scripts/lib/processes.mjs";
import { openSession } from "../lib/session.mjs";
import { openStack } from "../lib/stack.mjs";

const SCHEMATHESIS = path.join(ROOT, ".tools/schemathesis/bin/st");
const AREAS = ["overview", "giveaways", "levels", "analytics", "logs", "jobs", "settings"];
/** Requests that are made up per route. More of them: MUSTER_API_EXAMPLES=200 ./scripts/test api. */
const EXAMPLES = process.env.MUSTER_API_EXAMPLES ?? "15";

const stack = await openStack({ rateLimits: false });
const { crowd } = stack;

test("every route answers as it is described, whatever it is sent", async () => {
  const guild = await crowd.guildId();
  const { message } = await crowd.command("mara", "general", "/levels config");
  const { message: on } = await crowd.press("mara", message, "Switch on");
  await crowd.press("mara", on, "Show the board on the web");
  const mara = await openSession(stack, "mara");
  await mara.get(`/g/${guild}/keys`);
  const made = await mara.post(`/g/${guild}/keys`, [["name", "Description"], ...AREAS.map((area) => ["scope", `${area}:manage`])]);
  const key = /readonly value="(muster_[0-9a-f_]+)"/.exec(made.text)?.[1];
  assert.ok(key, made.text);

  // Half of what is sent names the guild that the key is for; the rest is made up, too.
  const config = path.join(stack.dir, "schemathesis.toml");
  fs.writeFileSync(config, `[parameters]\n"path.guild" = "${guild}"\n`);
  const args = ["--config-file", config, "run", path.join(ROOT, "assets/openapi.json"), "--url", stack.workerUrl, "--header", `Authorization: Bearer ${key}`];
  args.push("--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,ignored_auth");
  args.push("--max-examples", EXAMPLES, "--rate-limit", "280/m", "--seed", "1", "--continue-on-failure", "--no-color");
  const { code, stdout, stderr } = await run(SCHEMATHESIS, args, { cwd: stack.dir });
  assert.equal(code, 0, `${stdout}${stderr}`);
});
