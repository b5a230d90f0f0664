// Purpose: holds a program so that it never outlives whoever started it: `node leash.mjs PROGRAM ARGS...`.
//
// Started as the leader of a process group of its own, with a pipe as standard input. When the pipe closes (the starter
// ended, however hard) the whole group is asked to end, and killed if it does not.
import { spawn } from "node:child_process";

const PATIENCE_MS = 5_000;
const [program, ...args] = process.argv.slice(2);
const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit"] });

const killGroup = () => process.kill(-process.pid, "SIGKILL");

let ending = false;
function end() {
  if (ending) return;
  ending = true;
  // Reaches this process too, which goes last.
  process.kill(-process.pid, "SIGTERM");
  setTimeout(killGroup, PATIENCE_MS);
}

// Ctrl-C in a terminal is for the starter, which decides the order in which things end.
process.on("SIGINT", () => {});
process.on("SIGTERM", end);
process.stdin.on("end", end).on("error", end).resume();
child.on("error", (error) => {
  process.stderr.write(`${program}: ${error.message}\n`);
  process.exit(127);
});
// What the program itself had started must not stay behind.
child.on("exit", killGroup);
