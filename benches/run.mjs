// Purpose: the benches' command line, behind ./scripts/bench.

import { buildNative } from "./lib/build.mjs";
import { table } from "./lib/report.mjs";

const NAMES = ["interactions", "entry", "burst", "draw", "gateway", "leaderboard", "dashboard", "links", "rollover", "day", "startup"];
const USAGE = `usage: ./scripts/bench [NAME ...] [--json] [--no-build]

  NAME        ${NAMES.join(", ")}; all of them without one
  --json      print one JSON object per NAME on stdout, each on its own last line
  --no-build  take the Worker that an earlier run built`;

async function main(args) {
  const options = args.filter((arg) => arg.startsWith("-"));
  const names = args.filter((arg) => !arg.startsWith("-"));
  const unknown = [...options.filter((arg) => !["--json", "--no-build"].includes(arg)), ...names.filter((name) => !NAMES.includes(name))];
  if (options.some((arg) => ["--help", "-h"].includes(arg))) return console.log(USAGE);
  if (unknown.length > 0) throw new Error(`there is no ${unknown.join(" or ")}\n${USAGE}`);

  const asJson = options.includes("--json");
  // Progress is for whoever watches; results alone go to stdout.
  const say = (text) => process.stderr.write(`${text}\n`);
  buildNative("muster-bench-load");
  let rebuild = !options.includes("--no-build");
  for (const name of names.length > 0 ? names : NAMES) {
    say(`# ${name}`);
    const { run } = await import(`./cases/${name}.mjs`);
    const result = await run({ rebuild, say });
    if (!["draw", "gateway"].includes(name)) rebuild = false;
    console.log(asJson ? JSON.stringify(result) : table(result));
  }
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error) => {
    process.stderr.write(`bench: ${error.message}\n`);
    process.exit(1);
  },
);
