#!/usr/bin/env node
// Purpose: wrangler as far as scripts/deploy uses it, on an account that is a JSON file (FAKE_ACCOUNT). No network.

import fs from "node:fs";

const file = process.env.FAKE_ACCOUNT;
const account = JSON.parse(fs.readFileSync(file, "utf8"));
const args = process.argv.slice(2);
const line = args.filter((arg) => !arg.startsWith("--")).join(" ");
const say = (value) => process.stdout.write(typeof value === "string" ? `${value}\n` : `${JSON.stringify(value, null, 2)}\n`);

function fail(text) {
  process.stderr.write(`✘ [ERROR] ${text}\n`);
  save();
  process.exit(1);
}

function save() {
  fs.writeFileSync(file, JSON.stringify(account));
}

account.calls.push(args.join(" "));
if (account.failing && line.startsWith(account.failing)) fail(`A request to the Cloudflare API failed: ${account.failing}`);

const [group, verb, name] = args;
const config = args.includes("--config") ? fs.readFileSync(args[args.indexOf("--config") + 1], "utf8") : "";
if (group === "whoami") {
  if (!account.loggedIn) {
    say({ loggedIn: false });
    save();
    process.exit(1);
  }
  say({ loggedIn: true, email: "owner@example.com", accounts: account.accounts ?? [{ id: "acc1", name: "Test account" }] });
} else if (group === "d1" && verb === "list") say(account.databases);
else if (group === "d1" && verb === "create") {
  account.databases.push({ name, uuid: "11111111-2222-3333-4444-555555555555" });
  say(`✅ Successfully created DB '${name}'`);
} else if (group === "d1" && verb === "migrations") {
  if (!config.includes("11111111-2222-3333-4444-555555555555")) fail("no such database");
  account.migrated = true;
} else if (group === "kv" && name === "list") say(account.namespaces);
else if (group === "kv" && name === "create") account.namespaces.push({ title: args[3], id: "abcdef0123456789abcdef0123456789" });
else if (group === "queues" && verb === "info") {
  if (!account.queues.includes(name)) fail(`Queue "${name}" does not exist.`);
} else if (group === "queues" && verb === "create") account.queues.push(name);
else if (group === "r2" && name === "info") {
  if (!account.buckets.includes(args[3])) fail("The specified bucket does not exist. [code: 10006]");
} else if (group === "r2" && name === "create") {
  if (!account.hasR2) fail("Please enable R2 through the Cloudflare Dashboard. [code: 10042]");
  account.buckets.push(args[3]);
} else if (group === "secret" && verb === "list") {
  if (!account.worker) fail('Worker "muster" not found. [code: 10007]');
  say(Object.keys(account.secrets).map((one) => ({ name: one, type: "secret_text" })));
} else if (group === "secret" && verb === "put") account.secrets[name] = fs.readFileSync(0, "utf8");
else if (group === "deploy") {
  account.worker = { vars: /\[vars\]\n([\s\S]*?)\n\n/.exec(config)?.[1] ?? "" };
  const report = { type: "deploy", version: 1, worker_name: "muster", targets: [account.url, "schedule: * * * * *"] };
  fs.appendFileSync(process.env.WRANGLER_OUTPUT_FILE_PATH, `${JSON.stringify(report)}\n`);
  say(`Deployed muster triggers (1.23 sec)\n  ${account.url}`);
} else fail(`Unknown arguments: ${args.join(" ")}`);
save();
