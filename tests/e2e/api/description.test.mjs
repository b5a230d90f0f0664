// Purpose: the JSON API against its own description, by requests that a program makes up: no server error, no answer of another shape.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { ROOT, run } from "../../../scripts/lib/processes.mjs";
import { send } from "../lib/discord.mjs";
import { openSession } from "../lib/session.mjs";
import { openStack } from "../lib/stack.mjs";

const SCHEMATHESIS = path.join(ROOT, ".tools/schemathesis/bin/st");
const AREAS = ["overview", "giveaways", "levels", "missions", "analytics", "logs", "jobs", "settings"];
/** Requests that are made up per route. More of them: MUSTER_API_EXAMPLES=200 ./scripts/test api. */
const EXAMPLES = process.env.MUSTER_API_EXAMPLES ?? "8";

/** Parts of the API that are asked at the same time, each with a key of its own: a key has 300 requests a minute. */
const PARTS = [
  ["--include-path-regex", "/giveaways"],
  ["--include-path-regex", "/(config|jobs|timers)"],
  ["--include-path-regex", "/(missions|links)"],
  ["--exclude-path-regex", "/(giveaways|config|jobs|timers|missions|links)"],
];

const stack = await openStack({ rateLimits: false });
const { crowd } = stack;
const guild = await crowd.guildId();

/** A key for everything, by its form. */
async function makeKey(session, name) {
  await session.get(`/g/${guild}/keys`);
  const made = await session.post(`/g/${guild}/keys`, [["name", name], ...AREAS.map((area) => ["scope", `${area}:manage`])]);
  const key = /readonly value="(muster_[0-9a-f_]+)"/.exec(made.text)?.[1];
  assert.ok(key, made.text);
  return key;
}

const mara = await openSession(stack, "mara");
const keys = [];
for (const [place] of PARTS.entries()) keys.push(await makeKey(mara, `Description ${place}`));

test("every route answers as it is described, whatever it is sent", async () => {
  const { message } = await crowd.command("mara", "general", "/levels config");
  const { message: on } = await crowd.press("mara", message, "Switch on");
  await crowd.press("mara", on, "Show the board on the web");
  await crowd.command("mara", "general", "/giveaway start prize:Lamp ends:2d");
  const listed = await fetch(`${stack.workerUrl}/api/v1/guilds/${guild}/giveaways`, { headers: { authorization: `Bearer ${keys[0]}` } });
  const giveaway = (await listed.json()).giveaways[0].id;

  const written = await fetch(`${stack.workerUrl}/api/v1/missions`, {
    method: "POST",
    headers: { authorization: `Bearer ${keys[2]}`, "content-type": "application/json" },
    body: JSON.stringify({ title: "Spring", text: "Spring is here", platforms: ["linkedin"], channel_id: await crowd.channelId("general") }),
  });
  assert.equal(written.status, 201);
  const mission = (await written.json()).id;

  // What is sent names the guild that the key is for, a giveaway and a mission that are there; the rest is made up.
  const config = path.join(stack.dir, "schemathesis.toml");
  fs.writeFileSync(config, `[parameters]\n"path.guild" = "${guild}"\n"path.giveaway" = "${giveaway}"\n"path.mission" = "${mission}"\n`);
  const args = ["--config-file", config, "run", path.join(ROOT, "assets/openapi.json"), "--url", stack.workerUrl];
  args.push("--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,ignored_auth");
  args.push("--max-examples", EXAMPLES, "--rate-limit", "280/m", "--seed", "1", "--continue-on-failure", "--no-color");
  const runs = PARTS.map((part, place) => run(SCHEMATHESIS, [...args, ...part, "--header", `Authorization: Bearer ${keys[place]}`], { cwd: stack.dir }));
  for (const { code, stdout, stderr } of await Promise.all(runs)) assert.equal(code, 0, `${stdout}${stderr}`);
});

test("a body that is too long is refused as every other error is", async () => {
  const headers = { authorization: `Bearer ${keys[0]}`, "content-length": 4 * 1_024 * 1_024 + 1 };
  const answer = await send(`${stack.workerUrl}/api/v1/guilds/${guild}/giveaways`, { headers, chunks: Buffer.alloc(16 * 1_024, "x") });
  assert.equal(answer.status, 413);
  assert.equal(answer.headers["content-type"], "application/problem+json");
});
