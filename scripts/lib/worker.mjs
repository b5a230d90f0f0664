// Purpose: Muster's Worker on workerd, with everything that a wrangler.toml binds to it: node scripts/lib/worker.mjs CONFIG PORT STATE
//
// CONFIG: a wrangler.toml (.dev.vars beside it), whose Worker is built. PORT: on loopback. STATE: the folder that wrangler's --persist-to names.
//
// This is miniflare, as `wrangler dev` has it inside. Left out is wrangler's proxy: it reloads for files that nobody edits here, and when its
// connection to the Worker gets lost it answers 503 in the Worker's place.
import path from "node:path";
import { Log, LogLevel, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions } from "wrangler";

/** What the Worker says goes to the log as it was said: lines of JSON mostly. */
function handleStructuredLogs({ message }) {
  process.stdout.write(`${message}\n`);
}

async function main(config, port, state) {
  const folder = path.dirname(path.resolve(config));
  const { main: entry, workerOptions } = unstable_getMiniflareWorkerOptions(config);
  const modulesRules = [{ type: "ESModule", include: ["**/*.js"] }, ...workerOptions.modulesRules];
  const source = { name: "muster", modules: true, modulesRules, modulesRoot: folder, scriptPath: path.resolve(folder, entry) };
  const miniflare = new Miniflare({
    host: "127.0.0.1",
    port: Number(port),
    // Else where this machine is would be asked for on the Internet.
    cf: false,
    log: new Log(LogLevel.WARN),
    logRequests: false,
    handleStructuredLogs,
    defaultPersistRoot: path.join(state, "v3"),
    workers: [{ ...workerOptions, ...source }],
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => miniflare.dispose().finally(() => process.exit(0)));
  await miniflare.ready;
}

main(...process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
