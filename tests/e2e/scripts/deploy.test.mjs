// Purpose: scripts/deploy on a stand-in account and a stand-in Discord: first run, second run, what is missing, what fails.

import assert from "node:assert/strict";
import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { after, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { ROOT, run } from "../../../scripts/lib/processes.mjs";

const WRANGLER = fileURLToPath(new URL("../lib/fake-wrangler.mjs", import.meta.url));
const TOKEN = "MTEwMDAwMDAwMDAwMDAwMDAx.Gabcde.this-is-not-a-real-token-at-all-0123456";
const APPLICATION = "1100000000000000001";
const KEY = "ab".repeat(32);

/** Discord and the deployed Worker at once. */
const server = http.createServer((request, response) => {
  const answer = (status, value) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
  if (request.url === "/healthz") return answer(200, { status: "ok" });
  if (request.headers.authorization !== `Bot ${TOKEN}`) return answer(401, { message: "401: Unauthorized", code: 0 });
  if (request.url === "/api/v10/applications/@me") return answer(200, { id: APPLICATION, verify_key: KEY });
  if (request.url === `/api/v10/applications/${APPLICATION}/commands`) return answer(200, [{ name: "giveaway" }, { name: "help" }]);
  return answer(404, {});
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const base = `http://127.0.0.1:${server.address().port}`;
const dir = fs.mkdtempSync(path.join(os.tmpdir(), "muster-deploy-test-"));
after(() => {
  server.close();
  fs.rmSync(dir, { recursive: true, force: true });
});

const account = path.join(dir, "account.json");
const config = path.join(dir, "wrangler.deploy.toml");
const look = () => JSON.parse(fs.readFileSync(account, "utf8"));
function setAccount(change = {}) {
  const fresh = { loggedIn: true, databases: [{ name: "other", uuid: "x" }], namespaces: [], queues: [], buckets: [], hasR2: true, secrets: {}, worker: null, url: base, calls: [] };
  fs.writeFileSync(account, JSON.stringify({ ...fresh, ...change }));
}

/** Runs scripts/deploy without a terminal. */
async function deploy(env = {}, args = []) {
  const clean = { CLOUDFLARE_ACCOUNT_ID: "", PUBLIC_URL: "", COMMANDS_GUILD: "", DISCORD_TOKEN: "", DISCORD_APPLICATION_ID: "", DISCORD_PUBLIC_KEY: "", DISCORD_CLIENT_SECRET: "", GATEWAY_KEY: "", SESSION_KEYS: "", TOKEN_KEYS: "", DISCORD_WEB: "https://discord.com" };
  const result = await run(path.join(ROOT, "scripts/deploy"), args, {
    env: { ...clean, WRANGLER, FAKE_ACCOUNT: account, MUSTER_DEPLOY_CONFIG: config, DISCORD_API: `${base}/api/v10`, MUSTER_HEALTH_WAIT_MS: "2000", MUSTER_COMMANDS_WAIT_MS: "2000", ...env },
  });
  const said = result.stdout + result.stderr;
  assert.ok(!said.includes(TOKEN), "the token was printed");
  assert.ok(!look().calls.some((call) => call.includes(TOKEN)), "the token was on a command line");
  if (fs.existsSync(config)) assert.ok(!fs.readFileSync(config, "utf8").includes(TOKEN), "the token was written to a file");
  return { ...result, said, calls: look().calls };
}
const made = (calls) => calls.filter((call) => / create /.test(call));

const KEY_FILES = ["gateway.key", "session.key", "token.key"];

beforeEach(() => {
  setAccount();
  fs.rmSync(config, { force: true });
  for (const name of KEY_FILES) fs.rmSync(path.join(dir, name), { force: true });
});

test("the first run makes everything, with nothing but the token given", async () => {
  const { code, said, calls } = await deploy({ DISCORD_TOKEN: TOKEN });
  assert.equal(code, 0, said);
  assert.deepEqual(made(calls), ["d1 create muster", "kv namespace create muster-cache", "queues create muster-jobs", "queues create muster-jobs-dead", "queues create muster-clicks", "r2 bucket create muster-media"]);
  const { secrets: { GATEWAY_KEY, SESSION_KEYS, TOKEN_KEYS, ...secrets }, worker, migrated } = look();
  const keys = [GATEWAY_KEY, SESSION_KEYS, TOKEN_KEYS];
  assert.equal(new Set(keys).size, 3);
  for (const [index, key] of keys.entries()) {
    assert.match(key, /^k1:[0-9a-f]{64}$/);
    assert.equal(fs.readFileSync(path.join(dir, KEY_FILES[index]), "utf8").trim(), key, "the sidecar needs its own, and a rotation needs the old ones");
    assert.ok(!said.includes(key), "a key was printed");
  }
  assert.match(said, /nobody can sign in to the dashboard yet/);
  assert.deepEqual(secrets, { DISCORD_TOKEN: TOKEN, DISCORD_APPLICATION_ID: APPLICATION, DISCORD_PUBLIC_KEY: KEY });
  assert.equal(migrated, true);
  assert.match(worker.vars, new RegExp(`^PUBLIC_URL = "${base}"$`, "m"), "the Worker knows its own address");
  const written = fs.readFileSync(config, "utf8");
  assert.match(written, /database_id = "11111111-2222-3333-4444-555555555555"/);
  assert.match(written, /^id = "abcdef0123456789abcdef0123456789"$/m);
  assert.match(said, new RegExp(`Interactions endpoint URL +${base}/interactions`));
  const link = new URL(/https:\/\/discord\.com\/oauth2\S+/.exec(said)[0]);
  assert.deepEqual(Object.fromEntries(link.searchParams), { client_id: APPLICATION, scope: "bot applications.commands", permissions: "268553216" });
  assert.match(said, /commands at Discord: \/giveaway \/help/);
});

test("an account without R2 gets everything else, and a word about pictures", async () => {
  setAccount({ hasR2: false });
  const { code, said } = await deploy({ DISCORD_TOKEN: TOKEN });
  assert.equal(code, 0, said);
  assert.match(said, /no R2 on this account[\s\S]*pictures cannot be uploaded/);
  const written = fs.readFileSync(config, "utf8");
  assert.ok(!written.includes("muster-media") && !written.includes("r2_buckets"), written);
  assert.match(written, /binding = "JOBS"/);
  setAccount({ ...look(), hasR2: true });
  await deploy();
  assert.match(fs.readFileSync(config, "utf8"), /bucket_name = "muster-media"/);
});

test("with the client secret the dashboard is set up, and its redirect is said", async () => {
  const { code, said } = await deploy({ DISCORD_TOKEN: TOKEN, DISCORD_CLIENT_SECRET: "a-client-secret-of-discord" });
  assert.equal(code, 0, said);
  assert.equal(look().secrets.DISCORD_CLIENT_SECRET, "a-client-secret-of-discord");
  assert.ok(!said.includes("a-client-secret-of-discord"));
  assert.match(said, new RegExp(`Add ${base}/auth/callback to the redirects`));
});

test("the second run creates nothing, asks for nothing and deploys once", async () => {
  await deploy({ DISCORD_TOKEN: TOKEN });
  const before = look();
  setAccount({ ...before, calls: [] });
  const { code, said, calls } = await deploy();
  assert.equal(code, 0, said);
  assert.deepEqual(made(calls), []);
  assert.equal(calls.filter((call) => call.startsWith("secret put")).length, 0);
  assert.equal(calls.filter((call) => call.startsWith("deploy")).length, 1);
  assert.match(said, new RegExp(`client_id=${APPLICATION}`), "the invite link is remembered");
});

test("a secret that is in the environment is stored again, the others are left alone", async () => {
  await deploy({ DISCORD_TOKEN: TOKEN });
  setAccount({ ...look(), calls: [], secrets: { ...look().secrets, DISCORD_PUBLIC_KEY: "old" } });
  const { code, said, calls } = await deploy({ DISCORD_PUBLIC_KEY: KEY });
  assert.equal(code, 0, said);
  assert.deepEqual(calls.filter((call) => call.startsWith("secret put")).map((call) => call.split(" ")[2]), ["DISCORD_PUBLIC_KEY"]);
  assert.equal(look().secrets.DISCORD_PUBLIC_KEY, KEY);
});

describe("what is missing or wrong is said before anything is made", () => {
  const cases = {
    "no login": [{}, { loggedIn: false }, /not logged in[\s\S]*wrangler login/],
    "no token": [{}, {}, /the secret DISCORD_TOKEN is missing[\s\S]*environment variable DISCORD_TOKEN/],
    "a token that is none": [{ DISCORD_TOKEN: "hunter2" }, {}, /DISCORD_TOKEN does not look like the bot's token/],
    "a token that Discord does not know": [{ DISCORD_TOKEN: "a.b.c" }, {}, /Discord does not know this token[\s\S]*Reset/],
    "a gateway key that is none": [{ DISCORD_TOKEN: TOKEN, GATEWAY_KEY: "k1:abc" }, {}, /GATEWAY_KEY does not look like id:hex/],
    "a public key that is none": [{ DISCORD_TOKEN: TOKEN, DISCORD_PUBLIC_KEY: "abc" }, {}, /DISCORD_PUBLIC_KEY does not look like/],
    "another application's id": [{ DISCORD_TOKEN: TOKEN, DISCORD_APPLICATION_ID: "1234567890123456789" }, {}, /another application/],
    "several accounts": [{ DISCORD_TOKEN: TOKEN }, { accounts: [{ id: "a1", name: "One" }, { id: "b2", name: "Two" }] }, /b2 {2}Two[\s\S]*CLOUDFLARE_ACCOUNT_ID/],
  };
  for (const [what, [env, change, words]] of Object.entries(cases)) {
    test(what, async () => {
      setAccount(change);
      const { code, said, calls } = await deploy(env);
      assert.equal(code, 1, said);
      assert.match(said, words);
      assert.deepEqual(made(calls), []);
    });
  }
});

for (const failing of ["d1 list", "d1 create", "kv namespace create", "queues create", "d1 migrations", "deploy", "secret put"]) {
  test(`when “${failing}” fails, it says what failed and what to do, and the next run goes on`, async () => {
    setAccount({ failing });
    const { code, said } = await deploy({ DISCORD_TOKEN: TOKEN });
    assert.equal(code, 1, said);
    assert.match(said, /^deploy: .* failed\.$/m);
    assert.match(said, /A request to the Cloudflare API failed/);
    assert.match(said, /run \.\/scripts\/deploy again/);
    const { failing: _, ...mended } = look();
    setAccount({ ...mended, calls: [] });
    const again = await deploy({ DISCORD_TOKEN: TOKEN });
    assert.equal(again.code, 0, again.said);
    assert.equal(Object.keys(look().secrets).length, 6);
    assert.equal(look().databases.filter(({ name }) => name === "muster").length, 1);
  });
}

test("--dry-run touches nothing and needs no account", async () => {
  setAccount({ loggedIn: false });
  const { code, said, calls } = await deploy({}, ["--dry-run"]);
  assert.equal(code, 0, said);
  assert.deepEqual(calls, []);
  assert.match(said, /creates what is missing/);
  assert.ok(!fs.existsSync(config));
});

test("the committed wrangler.toml is taken by wrangler with the ids filled in", () => {
  const text = fs.readFileSync(path.join(ROOT, "wrangler.toml"), "utf8");
  assert.equal(text.match(/^database_id = /gm)?.length, 1);
  assert.equal(text.match(/^id = /gm)?.length, 1);
  assert.equal(text.match(/^\[vars\]$/gm)?.length, 1);
});
