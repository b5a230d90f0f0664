// Purpose: Muster's Worker as a side of a bench: its real bindings out of wrangler.toml, its tables out of d1-migrations.

import path from "node:path";
import { unstable_getMiniflareWorkerOptions } from "wrangler";
import { migrate as applyMigrations } from "../../scripts/lib/migrate.mjs";
import { buildMuster, ROOT } from "./build.mjs";
import { APPLICATION_ID, publicKey } from "./load.mjs";
import { startWorkers } from "./workerd.mjs";

const CONFIG = path.join(ROOT, "wrangler.toml");
const MIGRATIONS = path.join(ROOT, "d1-migrations");
const DATABASE = "DB";

/** What a self-hoster would set as secrets: a bench needs values of the right shape, and uses them on loopback only. */
function secrets() {
  return { DISCORD_APPLICATION_ID: APPLICATION_ID, DISCORD_PUBLIC_KEY: publicKey(), DISCORD_TOKEN: "bench" };
}

/** Miniflare's options for Muster's Worker. */
export function musterOptions({ rebuild }) {
  const modules = buildMuster({ rebuild });
  // Static files are the platform's: miniflare would put two Workers of its own in front of ours.
  const { workerOptions: { assets, ...workerOptions } } = unstable_getMiniflareWorkerOptions(CONFIG);
  return { ...workerOptions, modules, modulesRoot: "/", bindings: { ...workerOptions.bindings, ...secrets() } };
}

/** Compatibility settings are Muster's for every side, so that all run on the same runtime. */
export function peerOptions(muster, modules, bindings = {}) {
  const { compatibilityDate, compatibilityFlags } = muster;
  return { compatibilityDate, compatibilityFlags, modules, modulesRoot: "/", bindings: { ...secrets(), ...bindings } };
}

export async function startMuster(options) {
  const [side] = await startMusterBeside(options, []);
  return side;
}

/** Muster and its peers (`[{ name, ...options }]`) in one workerd: Muster's handle first, whichever of them (`begin`) workerd has first. */
export async function startMusterBeside(options, peers, begin = 0) {
  const all = [{ name: "muster", ...options }, ...peers];
  const started = await startWorkers([...all.slice(begin), ...all.slice(0, begin)]);
  const sides = all.map(({ name }) => started.find((side) => side.name === name));
  await migrate(sides[0], DATABASE);
  return sides;
}

/** Applies every migration to the D1 database behind a binding. */
export async function migrate(side, binding) {
  await applyMigrations(await side.miniflare.getD1Database(binding, side.name), MIGRATIONS);
}

export async function database(side) {
  return side.miniflare.getD1Database(DATABASE, side.name);
}
