// Purpose: behind scripts/deploy: from a Cloudflare account to a live bot, one step after the other, each safe to repeat.

import { randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";
import { Writable } from "node:stream";
import { ROOT, pause, run } from "./processes.mjs";

const WORKER = "muster";
const DATABASE = "muster";
const CACHE = "muster-cache";
const BUCKET = "muster-media";
const QUEUES = ["muster-jobs", "muster-jobs-dead", "muster-clicks"];
/** Beside wrangler.toml: its paths are relative. The tests put it elsewhere. */
const CONFIG = process.env.MUSTER_DEPLOY_CONFIG ?? path.join(ROOT, "wrangler.deploy.toml");
const KEY_FILE = path.join(path.dirname(CONFIG), "gateway.key");
/** Made once, kept beside this project: none of them can be read from the account again. */
const OWN_KEYS = [
  { name: "GATEWAY_KEY", file: KEY_FILE },
  { name: "SESSION_KEYS", file: path.join(path.dirname(KEY_FILE), "session.key") },
  { name: "TOKEN_KEYS", file: path.join(path.dirname(KEY_FILE), "token.key") },
];
const WRANGLER = process.env.WRANGLER ?? path.join(ROOT, "node_modules/.bin/wrangler");
const DISCORD_API = (process.env.DISCORD_API ?? "https://discord.com/api/v10").replace(/\/+$/, "");
const DISCORD_WEB = (process.env.DISCORD_WEB ?? "https://discord.com").replace(/\/+$/, "");
/** What Muster does in servers, as bits of Discord's permissions. */
const PERMISSIONS = {
  "View Channel": 1 << 10,
  "Send Messages": 1 << 11,
  "Embed Links": 1 << 14,
  "Attach Files": 1 << 15,
  "Read Message History": 1 << 16,
  "Manage Roles": 1 << 28,
};
/** Cloudflare ticks once a minute, and Discord takes its time too. */
const COMMANDS_WAIT_MS = Number(process.env.MUSTER_COMMANDS_WAIT_MS ?? 150_000);

const SECRETS = [
  { name: "DISCORD_TOKEN", what: "the bot's token (Bot → Reset Token)", isGood: (text) => /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text) },
  { name: "DISCORD_APPLICATION_ID", what: "the application's ID (General Information)", isGood: (text) => /^\d{17,20}$/.test(text) },
  { name: "DISCORD_PUBLIC_KEY", what: "the application's public key (General Information)", isGood: (text) => /^[0-9a-f]{64}(,[0-9a-f]{64})*$/i.test(text) },
];

/** A step that cannot go on, and what the reader can do about it. */
class Stop extends Error {
  constructor(what, remedy, output = "") {
    super(what);
    this.remedy = remedy;
    this.output = output.trim().split("\n").slice(-12).join("\n");
  }
}

const say = (text) => process.stdout.write(`deploy: ${text}\n`);

const USAGE = `usage: ./scripts/deploy [--dry-run]

Takes the Cloudflare account that wrangler is logged in to (or CLOUDFLARE_API_TOKEN) to a live bot. Safe to run again.
Reads from the environment, and asks for what is missing there and on the account:
  DISCORD_TOKEN, DISCORD_APPLICATION_ID, DISCORD_PUBLIC_KEY   set again when they are in the environment
  PUBLIC_URL            the Worker's address, when it is not its workers.dev one
  DISCORD_CLIENT_SECRET   for signing in to the dashboard (OAuth2 → Reset Secret); optional
  GATEWAY_KEY           the gateway sidecar's key, id:hex; made by the first run without it
  SESSION_KEYS, TOKEN_KEYS   what signs sessions and seals tokens, id:hex; made by the first run without them
  COMMANDS_GUILD        a server's ID: commands appear there at once, and only there
  DISCORD_API, DISCORD_WEB   another Discord-compatible server
  CLOUDFLARE_ACCOUNT_ID      when you belong to several accounts

  --dry-run  says what would be done, and touches nothing`;

const PLAN = `deploy: this is what ./scripts/deploy does. Nothing was touched.
  1. asks wrangler whose Cloudflare account this is
  2. reads or asks for ${SECRETS.map(({ name }) => name).join(", ")}, where the account does not have them
  3. creates what is missing: D1 database ${DATABASE}, KV namespace ${CACHE}, R2 bucket ${BUCKET} (where the account has R2), queues ${QUEUES.join(" and ")}
  4. writes their ids to wrangler.deploy.toml (wrangler.toml stays as it is)
  5. applies d1-migrations to the database
  6. builds the release and deploys the Worker ${WORKER}, with a cron tick every minute
  7. stores the secrets with wrangler, never on disk; its own keys are made once and also kept in gateway.key,
     session.key and token.key
  8. waits for /healthz and for the commands to appear at Discord
  9. prints the interactions endpoint URL and the invite link`;

async function wrangler(args, { input, config = false, env: more = {} } = {}) {
  const env = { CI: "1", NO_COLOR: "1", WRANGLER_HIDE_BANNER: "true", WRANGLER_SEND_METRICS: "false", ...more };
  return run(WRANGLER, config ? [...args, "--config", CONFIG] : args, { input, env });
}

/** Runs wrangler for a step that must not fail. */
async function must(step, remedy, args, options) {
  const result = await wrangler(args, options);
  if (result.code !== 0) throw new Stop(`${step} failed`, remedy, result.stdout + result.stderr);
  return result.stdout;
}

/** JSON in wrangler's output; it may print a line of its own before it. */
function parseJson(text, step) {
  const start = text.search(/[[{]/);
  try {
    return JSON.parse(text.slice(Math.max(start, 0)));
  } catch {
    throw new Stop(`${step} gave no JSON`, "This wrangler speaks differently than the one in package.json: run npm ci and try again.", text);
  }
}

// ---- the account -----------------------------------------------------------------------------------------------

async function checkAccount() {
  const { code, stdout, stderr } = await wrangler(["whoami", "--json"]);
  if (code !== 0) {
    throw new Stop("wrangler is not logged in to Cloudflare", "Run `npx wrangler login`, or put an API token into CLOUDFLARE_API_TOKEN, and run ./scripts/deploy again.", stdout + stderr);
  }
  const { accounts = [], email } = parseJson(stdout, "wrangler whoami");
  if (accounts.length > 1 && !process.env.CLOUDFLARE_ACCOUNT_ID) {
    const list = accounts.map(({ name, id }) => `${id}  ${name}`).join("\n");
    throw new Stop("you belong to several Cloudflare accounts", "Put the id of the right one into CLOUDFLARE_ACCOUNT_ID and run ./scripts/deploy again.", list);
  }
  const account = accounts.find(({ id }) => id === process.env.CLOUDFLARE_ACCOUNT_ID) ?? accounts[0];
  say(`Cloudflare account ${account?.name ?? "(unnamed)"}${email ? `, logged in as ${email}` : ""}`);
}

const AGAIN = "Nothing is lost: mend what the lines above name, and run ./scripts/deploy again; it goes on where it stopped.";

async function ensureDatabase() {
  const find = async () => {
    const list = parseJson(await must("listing the D1 databases", AGAIN, ["d1", "list", "--json"]), "wrangler d1 list");
    return list.find(({ name }) => name === DATABASE)?.uuid;
  };
  const known = await find();
  if (known) return known;
  say(`creating the D1 database ${DATABASE}`);
  await must("creating the D1 database", AGAIN, ["d1", "create", DATABASE]);
  return (await find()) ?? Promise.reject(new Stop("the new D1 database is not in the list", AGAIN));
}

async function ensureCache() {
  const find = async () => {
    const list = parseJson(await must("listing the KV namespaces", AGAIN, ["kv", "namespace", "list"]), "wrangler kv namespace list");
    return list.find(({ title }) => title === CACHE)?.id;
  };
  const known = await find();
  if (known) return known;
  say(`creating the KV namespace ${CACHE}`);
  await must("creating the KV namespace", AGAIN, ["kv", "namespace", "create", CACHE]);
  return (await find()) ?? Promise.reject(new Stop("the new KV namespace is not in the list", AGAIN));
}

async function ensureQueue(name) {
  if ((await wrangler(["queues", "info", name])).code === 0) return;
  say(`creating the queue ${name}`);
  await must(`creating the queue ${name}`, AGAIN, ["queues", "create", name]);
}

/** Whether there is a bucket for pictures. R2 has to be switched on once for an account, by hand: without it everything else works. */
async function ensureBucket() {
  if ((await wrangler(["r2", "bucket", "info", BUCKET])).code === 0) return true;
  say(`creating the R2 bucket ${BUCKET}`);
  if ((await wrangler(["r2", "bucket", "create", BUCKET])).code === 0) return true;
  say("there is no R2 on this account (Storage → R2 in Cloudflare's dashboard switches it on): pictures cannot be uploaded, only named by address");
  return false;
}

// ---- the configuration -----------------------------------------------------------------------------------------

/** What an earlier deploy learned, kept in the generated file. */
function readKnown() {
  const text = fs.existsSync(CONFIG) ? fs.readFileSync(CONFIG, "utf8") : "";
  return {
    publicUrl: /^PUBLIC_URL = "(.*)"$/m.exec(text)?.[1],
    application: /^# application (\d+)$/m.exec(text)?.[1],
  };
}

function writeConfig({ database, cache, bucket, publicUrl, application }) {
  const vars = { PUBLIC_URL: publicUrl, COMMANDS_GUILD: process.env.COMMANDS_GUILD, DISCORD_API: process.env.DISCORD_API, DISCORD_WEB: process.env.DISCORD_WEB };
  let text = fs.readFileSync(path.join(ROOT, "wrangler.toml"), "utf8");
  text = text.replace(/^database_id = .*$/m, `database_id = "${database}"`).replace(/^id = .*$/m, `id = "${cache}"`);
  if (!bucket) text = text.replace(/^\[\[r2_buckets\]\]\n(?:.+\n)*/m, "");
  for (const [name, value] of Object.entries(vars)) {
    if (!value) continue;
    const line = `${name} = ${JSON.stringify(value)}`;
    const known = new RegExp(`^${name} = .*$`, "m");
    text = known.test(text) ? text.replace(known, () => line) : text.replace(/^\[vars\]$/m, (head) => `${head}\n${line}`);
  }
  const head = `# Written by scripts/deploy from wrangler.toml; changes here are lost.\n${application ? `# application ${application}\n` : ""}`;
  fs.writeFileSync(CONFIG, head + text);
}

// ---- secrets ---------------------------------------------------------------------------------------------------

/** Names of the secrets that the Worker has; none while there is no Worker. */
async function storedSecrets() {
  const { code, stdout } = await wrangler(["secret", "list", "--name", WORKER, "--format", "json"]);
  return code === 0 ? parseJson(stdout, "wrangler secret list").map(({ name }) => name) : null;
}

/** Asks without showing what is typed. */
function ask(question) {
  return new Promise((resolve) => {
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
    const prompt = readline.createInterface({ input: process.stdin, output: silent, terminal: true });
    process.stdout.write(question);
    prompt.question("", (answer) => {
      prompt.close();
      process.stdout.write("\n");
      resolve(answer.trim());
    });
    prompt.on("SIGINT", () => process.exit(130));
  });
}

async function discord(token, method, route, body) {
  const response = await fetch(`${DISCORD_API}${route}`, {
    method,
    headers: { authorization: `Bot ${token}`, "user-agent": "DiscordBot (https://github.com/muster-bot/muster, 0.1)", "content-type": "application/json" },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(15_000),
  });
  return { status: response.status, value: await response.json().catch(() => null) };
}

/** The application as Discord knows it by its token; nothing when Discord cannot be reached from here. */
async function applicationOf(token) {
  let answer;
  try {
    answer = await discord(token, "GET", "/applications/@me");
  } catch {
    say("Discord does not answer from here, so the token is taken as it is");
    return null;
  }
  if (answer.status === 401) throw new Stop("Discord does not know this token", "Reset the token in the Developer Portal (Bot → Reset Token) and run ./scripts/deploy again with the new one.");
  return answer.status === 200 ? answer.value : null;
}

/** Values to store: from the environment, from Discord by the token, or asked for. Nothing is stored yet. */
async function gatherSecrets(stored) {
  const values = {};
  let application = null;
  for (const { name, what, isGood } of SECRETS) {
    const fromDiscord = { DISCORD_APPLICATION_ID: application?.id, DISCORD_PUBLIC_KEY: application?.verify_key }[name];
    let value = process.env[name]?.trim();
    if (!value && stored?.includes(name)) continue;
    value ||= fromDiscord;
    if (!value) {
      if (!process.stdin.isTTY) {
        throw new Stop(`the secret ${name} is missing`, `Put ${what} into the environment variable ${name}, or run ./scripts/deploy in a terminal, which asks for it. You find it at ${DISCORD_WEB}/developers/applications.`);
      }
      value = await ask(`${name}: ${what}, from ${DISCORD_WEB}/developers/applications (not shown): `);
    }
    if (!isGood(value)) throw new Stop(`${name} does not look like ${what}`, "Copy it again from the Developer Portal, whole and without quotes.");
    values[name] = value;
    if (name === "DISCORD_TOKEN") application = await applicationOf(value);
    if (name === "DISCORD_APPLICATION_ID" && application && application.id !== value) {
      throw new Stop("the token belongs to another application than DISCORD_APPLICATION_ID", "Take both from the same application in the Developer Portal.");
    }
  }
  return { values, application };
}

/**
 * A key of the deployment's own: from the environment, else made once and kept in its file. Two, separated by a comma, while one
 * replaces the other: the new one first. Nothing when the account has one already.
 */
function ownKey(stored, { name, file }) {
  const given = process.env[name]?.trim();
  if (given) {
    if (!/^[\w-]+:([0-9a-f]{2}){16,}(,\s*[\w-]+:([0-9a-f]{2}){16,})*$/i.test(given)) {
      throw new Stop(`${name} does not look like id:hex`, `Make one with: echo "k1:$(openssl rand -hex 32)"`);
    }
    return given;
  }
  if (stored?.includes(name)) return null;
  if (!fs.existsSync(file)) fs.writeFileSync(file, `k1:${randomBytes(32).toString("hex")}\n`, { mode: 0o600 });
  return fs.readFileSync(file, "utf8").trim();
}

/** What signing in on the dashboard takes from Discord; without it everything else works. */
function clientSecret(stored) {
  const value = process.env.DISCORD_CLIENT_SECRET?.trim();
  if (!value && !stored?.includes("DISCORD_CLIENT_SECRET")) say("no DISCORD_CLIENT_SECRET (OAuth2 → Reset Secret): nobody can sign in to the dashboard yet");
  return value;
}

async function storeSecrets(values) {
  for (const [name, value] of Object.entries(values)) {
    say(`storing the secret ${name}`);
    await must(`storing the secret ${name}`, AGAIN, ["secret", "put", name], { input: value, config: true });
  }
}

// ---- the Worker ------------------------------------------------------------------------------------------------

/** Deploys, and gives the Worker's own address if wrangler named one. */
async function deployWorker() {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "muster-deploy-"));
  const report = path.join(dir, "wrangler.ndjson");
  try {
    await must("deploying the Worker", AGAIN, ["deploy"], { config: true, env: { WRANGLER_OUTPUT_FILE_PATH: report } });
    const lines = fs.existsSync(report) ? fs.readFileSync(report, "utf8").trim().split("\n") : [];
    const targets = lines.flatMap((line) => JSON.parse(line).targets ?? []);
    return targets.find((target) => /^https?:\/\/\S+$/.test(target))?.replace(/\/+$/, "");
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
}

async function waitForHealth(url) {
  const deadline = Date.now() + Number(process.env.MUSTER_HEALTH_WAIT_MS ?? 60_000);
  for (;;) {
    const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(10_000) }).catch(() => null);
    if (response?.ok) return true;
    if (Date.now() > deadline) return false;
    await pause(2_000);
  }
}

async function waitForCommands(token, application) {
  const guild = process.env.COMMANDS_GUILD;
  const route = `/applications/${application}${guild ? `/guilds/${guild}` : ""}/commands`;
  const deadline = Date.now() + COMMANDS_WAIT_MS;
  say("waiting for the Worker's first tick, which registers the commands (up to two minutes)");
  for (;;) {
    const answer = await discord(token, "GET", route).catch(() => null);
    if (Array.isArray(answer?.value) && answer.value.length > 0) return answer.value.map(({ name }) => `/${name}`);
    if (Date.now() > deadline) return null;
    await pause(5_000);
  }
}

function inviteLink(application) {
  const permissions = Object.values(PERMISSIONS).reduce((sum, bit) => sum + bit, 0);
  return `${DISCORD_WEB}/oauth2/authorize?client_id=${application}&scope=bot+applications.commands&permissions=${permissions}`;
}

async function main() {
  const options = process.argv.slice(2);
  if (options.includes("--help") || options.includes("-h")) return process.stdout.write(`${USAGE}\n`);
  const unknown = options.find((option) => option !== "--dry-run");
  if (unknown) throw new Stop(`there is no option ${unknown}`, USAGE);
  if (options.includes("--dry-run")) return process.stdout.write(`${PLAN}\n`);

  await checkAccount();
  const stored = await storedSecrets();
  const { values, application } = await gatherSecrets(stored);
  for (const own of OWN_KEYS) {
    const key = ownKey(stored, own);
    if (key) values[own.name] = key;
  }
  const secret = clientSecret(stored);
  if (secret) values.DISCORD_CLIENT_SECRET = secret;
  const known = readKnown();
  const applicationId = values.DISCORD_APPLICATION_ID ?? application?.id ?? known.application;

  const database = await ensureDatabase();
  const cache = await ensureCache();
  for (const queue of QUEUES) await ensureQueue(queue);
  const bucket = await ensureBucket();

  let publicUrl = process.env.PUBLIC_URL?.replace(/\/+$/, "") || known.publicUrl;
  const config = { database, cache, bucket, application: applicationId };
  writeConfig({ ...config, publicUrl });
  say("applying the migrations");
  await must("applying the migrations", AGAIN, ["d1", "migrations", "apply", DATABASE, "--remote"], { config: true });
  // A Worker that is there gets its secrets before the new version needs them; a new one must be there first.
  if (stored) await storeSecrets(values);
  say("building the release and deploying it (some minutes the first time)");
  const own = await deployWorker();
  if (!stored) await storeSecrets(values);
  if (!publicUrl && own) {
    publicUrl = own;
    writeConfig({ ...config, publicUrl });
    say("deploying once more, now that the Worker's address is known");
    await deployWorker();
  }
  if (!publicUrl) throw new Stop("wrangler did not name the Worker's address", "Put it into PUBLIC_URL, like https://muster.example.com, and run ./scripts/deploy again.");

  if (!(await waitForHealth(publicUrl))) {
    throw new Stop(`${publicUrl}/healthz does not answer as it should`, "Look at `npx wrangler tail muster`. A new address may need a few minutes: then run ./scripts/deploy again.");
  }
  say(`the Worker is healthy: ${publicUrl}/healthz`);
  if (values.DISCORD_TOKEN && applicationId) {
    const names = await waitForCommands(values.DISCORD_TOKEN, applicationId);
    say(names ? `commands at Discord: ${names.join(" ")}` : "no commands yet: `npx wrangler tail muster` shows the cron tick that registers them");
  } else {
    say("commands that changed are registered by the Worker's next tick, within a minute");
  }

  process.stdout.write(`
Muster is live.

  Interactions endpoint URL   ${publicUrl}/interactions
    Paste it at ${DISCORD_WEB}/developers/applications → your application → General Information.
  Webhook events URL          ${publicUrl}/webhooks/discord
    Optional, on the page Webhooks.
  Dashboard                   ${publicUrl}
    Add ${publicUrl}/auth/callback to the redirects on the page OAuth2.
  Invite link                 ${applicationId ? inviteLink(applicationId) : "run once with DISCORD_APPLICATION_ID in the environment to have it printed"}
    Asks for: ${Object.keys(PERMISSIONS).join(", ")}.
  Gateway sidecar             optional, for levels: see gateway-sidecar/README.md. It needs the bot's token, MUSTER_URL=${publicUrl}
    and its key, ${fs.existsSync(KEY_FILE) ? KEY_FILE : "the one that you put into GATEWAY_KEY"}.
`);
}

main().then(
  () => process.exit(0),
  (error) => {
    if (!(error instanceof Stop)) throw error;
    process.stderr.write(`deploy: ${error.message}.\n${error.output ? `${error.output}\n` : ""}${error.remedy}\n`);
    process.exit(1);
  },
);
