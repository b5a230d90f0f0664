// Purpose: build what the benches run: the native programs, Muster's Worker in release, and the peers' bundles.

import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const TARGET = path.resolve(ROOT, process.env.CARGO_TARGET_DIR ?? "target");
const PEERS = path.join(ROOT, "benches/peers");
/** wrangler's bundle: what a deploy would upload. */
const BUNDLE = path.join(TARGET, "bench-worker");

/** Where `buildNative` puts a program. */
export const nativePath = (name) => path.join(TARGET, "native", name);
export const LOAD = nativePath("muster-bench-load");
export const DRAW = nativePath("muster-bench-draw");

/** Builds native programs of the workspace by package name. */
export function buildNative(...packages) {
  run("cargo", ["build", "--profile", "native", ...packages.flatMap((name) => ["-p", name])]);
}

/**
 * Builds Muster's Worker as a deploy would (worker-build in release through wrangler.toml, then wrangler's bundle) and gives
 * its modules for miniflare, the entry first.
 */
export function buildMuster({ rebuild }) {
  if (rebuild || !fs.existsSync(BUNDLE)) {
    fs.rmSync(BUNDLE, { recursive: true, force: true });
    run(path.join(ROOT, "node_modules/.bin/wrangler"), ["deploy", "--dry-run", "--outdir", BUNDLE]);
  }
  const files = fs.readdirSync(BUNDLE);
  const entry = files.find((file) => file.endsWith(".js"));
  const wasm = files.filter((file) => file.endsWith(".wasm"));
  if (!entry || wasm.length === 0) throw new Error(`wrangler left no Worker in ${BUNDLE}`);
  return [esModule(entry, fs.readFileSync(path.join(BUNDLE, entry), "utf8")), ...wasm.map((file) => compiledWasm(file, fs.readFileSync(path.join(BUNDLE, file))))];
}

/** Bundles `benches/peers/<name>.js` as wrangler would and gives its modules for miniflare. */
export async function bundlePeer(name) {
  const result = await build({
    entryPoints: [path.join(PEERS, `${name}.js`)],
    bundle: true,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    mainFields: ["browser", "module", "main"],
    nodePaths: [path.join(ROOT, "node_modules")],
    define: { "process.env.NODE_ENV": '"production"' },
    write: false,
  });
  return [esModule(`${name}.js`, result.outputFiles[0].text)];
}

/** Every process of a build knows the tools that ./scripts/setup installed. */
function run(program, args) {
  const tools = path.join(ROOT, ".tools/bin");
  const npm = path.join(ROOT, "node_modules/.bin");
  const env = {
    WASM_BINDGEN_BIN: path.join(tools, "wasm-bindgen"),
    WASM_OPT_BIN: path.join(npm, "wasm-opt"),
    ESBUILD_BIN: path.join(npm, "esbuild"),
    WRANGLER_SEND_METRICS: "false",
    ...process.env,
    PATH: [tools, npm, process.env.PATH].join(path.delimiter),
  };
  // A build's words go to stderr: stdout belongs to the results.
  execFileSync(program, args, { cwd: ROOT, env, stdio: ["ignore", process.stderr, process.stderr] });
}

function esModule(name, contents) {
  return { type: "ESModule", path: `/${name}`, contents };
}

function compiledWasm(name, contents) {
  return { type: "CompiledWasm", path: `/${name}`, contents };
}
