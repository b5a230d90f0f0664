// Purpose: scripts/new-feature on a copy of the tree: what it makes compiles, is registered, and its story passes.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { ROOT, run } from "../../../scripts/lib/processes.mjs";

// At the same place each time: what was compiled there before is not compiled again.
const COPY = path.resolve(ROOT, process.env.CARGO_TARGET_DIR ?? "target", "new-feature-check/muster");
const WHAT = ["Cargo.toml", "Cargo.lock", "rustfmt.toml", "crates", "gateway-sidecar", "simulator", "tests", "benches", "src", "d1-migrations", "scripts", "wrangler.toml", "package.json", "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"];

fs.rmSync(COPY, { recursive: true, force: true });
for (const one of WHAT) {
  if (fs.existsSync(path.join(ROOT, one))) fs.cpSync(path.join(ROOT, one), path.join(COPY, one), { recursive: true, preserveTimestamps: true });
}
const newFeature = (...names) => run(path.join(COPY, "scripts/new-feature"), names, { cwd: COPY });
const read = (file) => fs.readFileSync(path.join(COPY, file), "utf8");

test("names that are none, or taken, are refused and change nothing", async () => {
  const before = read("crates/core/src/registry.rs");
  for (const name of ["", "X", "a", "Star", "star-board", "_x", "x_", "1st", "../x", "a b", "type", "giveaways", "ping", "help", "x".repeat(33)]) {
    const { code, stderr } = await newFeature(name);
    assert.equal(code, 1, name);
    assert.match(stderr, /^new-feature: /, name);
  }
  assert.equal((await newFeature("giveaway")).code, 1, "a command that another feature has");
  assert.equal(read("crates/core/src/registry.rs"), before);
});

test("the skeleton compiles, its command is registered, its story and the tidy tests pass", async () => {
  const { code, stdout, stderr } = await newFeature("star_board");
  assert.equal(code, 0, stderr);
  assert.match(stdout, /star_board/);
  assert.match(read("crates/core/src/registry.rs"), /^ {4}star_board::StarBoard,$/m);
  assert.equal((await newFeature("star_board")).code, 1, "a second time it is there already");

  const env = { CARGO_TARGET_DIR: path.resolve(ROOT, process.env.CARGO_TARGET_DIR ?? "target"), CARGO_TERM_COLOR: "never", INSTA_UPDATE: "no" };
  const args = ["test", "-p", "muster-tests", "--test", "stories", "--", "star_board", "tidy", "basics::help"];
  const tested = await run("cargo", args, { cwd: COPY, env });
  assert.equal(tested.code, 0, tested.stdout + tested.stderr);
  assert.match(tested.stdout, /^test star_board::\S+ \.\.\. ok$/m);
  assert.match(tested.stdout, /^test tidy::\S+ \.\.\. ok$/m);
  const formatted = await run("cargo", ["fmt", "--all", "--check"], { cwd: COPY });
  const ours = formatted.stdout.split("\n").filter((line) => line.includes("star_board"));
  assert.deepEqual(ours, [], "what it writes is formatted");
});
