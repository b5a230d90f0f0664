// Purpose: whether workerd takes a built Worker's wasm: node scripts/lib/check-wasm.mjs FILE. What it does not take would be uploaded in vain.

import fs from "node:fs";
import { Miniflare } from "miniflare";

const [file] = process.argv.slice(2);
const script = 'import wasm from "./worker.wasm"; export default { fetch: () => new Response(String(wasm instanceof WebAssembly.Module)) };';
const miniflare = new Miniflare({
  compatibilityDate: "2026-04-01",
  modules: [
    { type: "ESModule", path: "check.mjs", contents: script },
    { type: "CompiledWasm", path: "worker.wasm", contents: fs.readFileSync(file) },
  ],
});
try {
  const answer = await (await miniflare.dispatchFetch("http://127.0.0.1/")).text();
  if (answer !== "true") throw new Error(`workerd answered ${answer}`);
} catch (error) {
  console.error(`check-wasm: workerd does not take ${file}: ${error.message}`);
  process.exitCode = 1;
} finally {
  await miniflare.dispose();
}
